"""Relations of the given matrices, applied by the engine, against explicit matrices that obey them."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, combinations_with_replacement
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integrands import NetworkRoom, Node, evaluate, given_network, mean_of_network, names_in, random_network
from strategies import FORMS, copies_of, form_of, gaussian_integer_matrices, products, word_of

import haarqntk as hq
from haarqntk.errors import InputError

ROUNDING = 1e-9
RELATIONS = [
    "hermitian", "traceless", "involution", "projector", "unitary", "rank_one", "symmetric", "real",
    "hermitian traceless", "hermitian unitary", "hermitian unitary traceless", "hermitian real",
    "symmetric unitary", "real unitary", "projector rank_one", "projector real", "projector rank_one real",
    "hermitian rank_one", "rank_one traceless", "rank_one real",
]  # fmt: skip


def obeying(relation: str, D: int, seed: int) -> Any:  # noqa: PLR0911 - one line for each relation
    """A matrix that obeys the relation and, as far as can be, no other."""
    rng = np.random.default_rng(seed)
    found = set(relation.split())
    is_real = "real" in found
    general = rng.normal(size=(D, D)) + (0 if is_real else 1j * rng.normal(size=(D, D)))
    basis = np.linalg.qr(general)[0]
    u, v = basis[:, 0], general[:, -1]
    if "rank_one" in found:
        if "projector" in found or "hermitian" in found:
            return np.outer(u, u.conj()) * (1 if "projector" in found else -1.5)
        if "symmetric" in found:
            return np.outer(v, v)
        return np.outer(u, (basis[:, 1] if "traceless" in found else v).conj())
    if "projector" in found:
        rank = int(rng.integers(1, D))
        return basis[:, :rank] @ basis[:, :rank].conj().T
    signs = np.diag([(-1.0) ** i for i in range(D)])
    if {"hermitian", "unitary"} <= found:
        return basis @ signs @ basis.conj().T
    if "unitary" in found:
        return basis @ basis.T if "symmetric" in found else basis
    if "involution" in found:
        return general @ signs @ np.linalg.inv(general)
    if "hermitian" in found:
        general = general + general.conj().T
    if "symmetric" in found:
        general = general + general.T
    return general - np.eye(D) * general.trace() / D if "traceless" in found else general


@st.composite
def related(draw: st.DrawFn, dims: tuple[int, ...]) -> tuple[Node, list[list[complex]]]:
    """An integrand in U and in several copies of A, with B between them, and a value for B."""
    D = int(np.prod(dims))
    factors = draw(copies_of("U", group="unitary", k=draw(st.integers(1, 2 if D < 4 else 1))))
    factors += [form_of("A", x) for x in draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=4))]
    factors += [form_of("B", x) for x in draw(st.lists(st.sampled_from(FORMS), max_size=1))]
    node = draw(products(factors, D=D if len(dims) == 1 else 0, is_open=draw(st.booleans())))
    return node, draw(gaussian_integer_matrices(D))


def engine_and_definition(
    node: Node, relation: str, dims: tuple[int, ...], A: Any, B: Any
) -> tuple[Any, Any]:
    letters: dict[str, Any] = {
        "U": hq.haar_unitary("U", dims=dims),
        "A": hq.matrices("A", dims=dims, **dict.fromkeys(relation.split(), True)),
        "B": hq.matrices("B", dims=dims),
    }
    given_matrices = {name: x for name, x in {"A": A, "B": B}.items() if name in names_in(node)}
    ours = hq.expect(evaluate(node, letters, hq)).at(matrices=given_matrices)
    networks = {"U": random_network("U", dims), "A": given_network(A, dims)}
    networks["B"] = given_network(np.array(B, dtype=complex), dims)
    theirs = mean_of_network(evaluate(node, networks, NetworkRoom), {"U": "unitary"})
    return np.array(ours, dtype=complex), np.array(theirs, dtype=complex)


@pytest.mark.parametrize("relation", RELATIONS)
def test_a_declared_relation_changes_no_value(relation: str) -> None:
    dimensions = [2, 4] if {"traceless", "unitary", "hermitian"} <= set(relation.split()) else [2, 3]

    @settings(max_examples=25)
    @given(
        st.sampled_from(dimensions).flatmap(lambda D: st.tuples(st.just(D), related((D,)))),
        st.integers(0, 99),
    )
    def check(drawn: Any, seed: int) -> None:
        D, (node, B) = drawn
        ours, theirs = engine_and_definition(node, relation, (D,), obeying(relation, D, seed), B)
        assert np.abs(ours - theirs).max() < ROUNDING * max(1.0, float(np.abs(theirs).max())), (ours, theirs)

    check()


@pytest.mark.parametrize("form", FORMS)
def test_a_matrix_of_rank_one_is_neither_its_conjugate_nor_its_adjoint(form: str) -> None:
    """Tr R A for R = u v† in each form, u = (1, 2 + i), v = (i, 3): by hand with numpy."""
    R = np.outer([1, 2 + 1j], np.conj([1j, 3]))
    A = np.array([[1, 2j], [3, 1]])
    values = {"plain": R, "T": R.T, "conj": R.conj(), "H": R.conj().T}
    letters = {"R": hq.matrices("R", rank_one=True), "A": hq.matrices("A")}
    mean = hq.expect(hq.tr(evaluate(form_of("R", form), letters, hq) @ letters["A"]))
    assert np.isclose(mean.at(2, matrices={"R": R, "A": A}), np.trace(values[form] @ A))


def test_the_adjoint_of_a_matrix_of_rank_one_is_told_apart_in_text_and_in_sympy() -> None:
    R, A = hq.matrices("R", rank_one=True), hq.matrices("A")
    plain, adjoint = hq.expect(hq.tr(R @ A)), hq.expect(hq.tr(R.H @ A))
    assert plain != adjoint
    assert str(plain) != str(adjoint)
    assert plain.to_sympy() != adjoint.to_sympy()
    assert plain.latex() != adjoint.latex()


def test_relations_that_make_a_product_known() -> None:
    one = hq.expect(hq.identity())
    for W in (hq.matrices("W", unitary=True), hq.matrices("W", unitary=True, real=True)):
        assert hq.expect(W @ W.H) == one
        assert hq.expect(W.T @ W.conj()) == one
    X = hq.matrices("X", hermitian=True, unitary=True, traceless=True)
    assert hq.expect(X @ X) == one
    assert not hq.expect(hq.tr(X @ X @ X))
    P = hq.matrices("P", projector=True, rank_one=True)
    assert hq.expect(hq.tr(P)).to_sympy() == 1
    assert hq.expect(P @ P) == hq.expect(P)


def test_a_symmetric_unitary_times_its_adjoint_is_one() -> None:
    W = hq.matrices("W", unitary=True, symmetric=True)
    assert hq.expect(W @ W.H) == hq.expect(hq.identity())


def test_relations_of_a_matrix_of_rank_one_are_known() -> None:
    R = hq.matrices("R", rank_one=True, traceless=True)
    assert not hq.expect(hq.tr(R))
    Q = hq.matrices("Q", rank_one=True, real=True)
    assert hq.expect(Q.conj()) == hq.expect(Q)
    with pytest.raises(InputError, match="S must not be rank_one and symmetric without being real"):
        hq.matrices("S", rank_one=True, symmetric=True)


@settings(max_examples=20)
@given(st.data())
def test_relations_hold_on_tensor_factors(data: st.DataObject) -> None:
    """U local on the first of two qubits, A on both: networks, on which the relations of A are applied too."""
    relation = data.draw(st.sampled_from([r for r in RELATIONS if "rank_one" not in r]))
    dims = (2, 2)
    local = [
        Node("kron", (x, Node("identity", (1,)))) for x in data.draw(copies_of("U", group="unitary", k=1))
    ]
    forms = data.draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=3))
    letters = data.draw(st.permutations(local + [form_of("A", x) for x in forms]))
    node = Node("partial_trace", (word_of(letters), data.draw(st.integers(0, 1))))
    A = obeying(relation, 4, data.draw(st.integers(0, 99)))
    declared = {
        "U": hq.haar_unitary("U", dims=2),
        "A": hq.matrices("A", dims=dims, **dict.fromkeys(relation.split(), True)),
        "dims": dims,
    }
    ours = np.array(hq.expect(evaluate(node, declared, hq)).at(matrices={"A": A}), dtype=complex)
    networks = {"U": random_network("U", (2,)), "A": given_network(A, dims), "dims": dims}
    theirs = mean_of_network(evaluate(node, networks, NetworkRoom), {"U": "unitary"})
    assert np.abs(ours - theirs).max() < ROUNDING * max(1.0, float(np.abs(theirs).max()))


def breaking(relation: str, D: int, rng: np.random.Generator) -> Any:
    """A matrix that obeys every relation of the list but one, and that one it breaks by a thousandth of its size."""
    A = np.array(obeying(relation, D, int(rng.integers(99))), dtype=complex)
    noise = rng.normal(size=(D, D)) + 1j * rng.normal(size=(D, D))
    return A + 1e-3 * np.abs(A).max() * noise


def value_at(A: Any, relation: str) -> Any:
    declared = hq.matrices("A", **dict.fromkeys(relation.split(), True))
    return hq.expect(hq.tr(declared @ hq.matrices("B"))).at(
        len(A), matrices={"A": A, "B": np.eye(len(A)).tolist()}
    )


@pytest.mark.parametrize("scale", [1e-8, 1, 1e8])
@pytest.mark.parametrize("relation", RELATIONS)
def test_a_matrix_that_breaks_a_relation_is_refused_at_every_scale(relation: str, scale: float) -> None:
    """A rounding tolerance is relative: 1e-9 of a small matrix is no part of it."""
    has_scale = not set(relation.split()) & {"involution", "projector", "unitary"}
    factor = scale if has_scale else 1
    for seed in range(5):
        rng = np.random.default_rng(seed)
        A = obeying(relation, 4, seed) * factor
        assert np.isclose(value_at(A, relation), A.trace(), atol=ROUNDING * factor)
        with pytest.raises(InputError, match=r"matrix A was declared .*, and the matrix given for it is not"):
            value_at(breaking(relation, 4, rng) * factor, relation)


def test_exact_matrices_are_compared_exactly_and_overflow_is_no_agreement() -> None:
    tiny = Fraction(1, 10**12)
    broken: dict[str, list[list[Any]]] = {
        "hermitian": [[1, tiny], [0, 1]],
        "symmetric": [[1, tiny], [0, 1]],
        "traceless": [[1, 0], [0, tiny - 1]],
        "involution": [[1, 0], [0, tiny - 1]],
        "projector": [[1, 0], [0, tiny]],
        "unitary": [[1, 0], [0, tiny - 1]],
        "rank_one": [[1, 0], [0, tiny]],
    }
    for relation, A in broken.items():
        with pytest.raises(InputError, match=f"matrix A was declared {relation}, and the matrix given"):
            value_at(A, relation)
    for relation in ("involution", "unitary", "projector"):
        with pytest.raises(InputError, match=f"matrix A was declared {relation}, and the matrix given"):
            value_at(np.diag([1e200, 1e200]), relation)


@pytest.mark.parametrize("zero", [[[0, 0], [0, 0]], np.zeros((2, 2))])
@pytest.mark.parametrize("relation", ["rank_one", "projector rank_one"])
def test_a_zero_matrix_is_not_of_rank_one(relation: str, zero: Any) -> None:
    with pytest.raises(
        InputError, match="matrix A was declared rank_one, and the matrix given for it is not"
    ):
        value_at(zero, relation)


def has_a_matrix(found: set[str], D: int) -> bool:
    """Whether a normal form of size 1 … 4 obeys the relations, by the signs, phases and rotations on its diagonal."""
    values = [0, *(np.exp(2j * np.pi * x / 12) for x in range(12))]
    candidates = [np.diag(x) for x in combinations_with_replacement(values, D)]
    if "rank_one" in found:
        candidates = [np.eye(D, k=D - 1), np.eye(D)[:, :1] @ np.eye(D)[:1]]
    if D > 1 and "real" in found:
        candidates.append(np.roll(np.eye(D), 1, axis=0))
    return any(_obeys(A, found) for A in candidates)


def _obeys(A: Any, found: set[str]) -> bool:
    one, adjoint = np.eye(len(A)), A.conj().T
    tests = {
        "hermitian": np.allclose(A, adjoint),
        "symmetric": np.allclose(A, A.T),
        "real": np.allclose(A, A.conj()),
        "traceless": abs(A.trace()) < ROUNDING,
        "involution": np.allclose(A @ A, one),
        "unitary": np.allclose(A @ adjoint, one),
        "rank_one": np.linalg.matrix_rank(A) == 1,
    }
    return all(tests[x] for x in found)


@pytest.mark.parametrize("D", [1, 2, 3, 4])
def test_relations_that_no_matrix_has_are_refused_at_that_dimension_and_no_others(D: int) -> None:
    """All sets of relations with traceless, against normal forms; each refusal says the size."""
    names = ["hermitian", "symmetric", "real", "involution", "unitary", "rank_one"]
    for size in range(3):
        for chosen in combinations(names, size):
            relations = dict.fromkeys(("traceless", *chosen), True)
            found = set(relations)
            is_trivial = "rank_one" in found and bool(found & {"involution", "unitary"})
            is_refused_symmetric = {"rank_one", "symmetric"} <= found and "real" not in found
            if is_trivial or is_refused_symmetric:
                continue
            if has_a_matrix(found, D):
                hq.expect(hq.tr(hq.matrices("X", dims=D, **relations) @ hq.matrices("B", dims=D)))
                continue
            with pytest.raises(InputError, match=r"no . × . matrix is|no such matrix"):
                hq.matrices("X", dims=D, **relations)
            with pytest.raises(InputError, match=r"no . × . matrix is|no such matrix"):
                _ = hq.expect(hq.tr(hq.matrices("X", **relations) @ hq.matrices("B"))).specialise(D)


def test_the_average_over_a_traceless_involution_at_an_odd_dimension_is_refused() -> None:
    U, X = hq.haar_unitary("U"), hq.matrices("X", hermitian=True, unitary=True, traceless=True)
    mean = hq.expect(hq.tr(U @ X @ U.H @ X) ** 2)
    assert mean.at(2) == Fraction(4, 3)
    message = "X is declared traceless and involution, and no 3 × 3 matrix is; pass an even dimension"
    for request in (lambda: mean.at(3), lambda: mean.specialise(D=3)):
        with pytest.raises(InputError, match=message):
            request()
    with pytest.raises(InputError, match="no 9 × 9 matrix is"):
        hq.matrices("X", dims=(3, 3), involution=True, traceless=True)
    with pytest.raises(InputError, match="got rank_one and hermitian and traceless: there is no such matrix"):
        hq.matrices("R", rank_one=True, traceless=True, real=True, symmetric=True)
