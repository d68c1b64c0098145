"""The design order of an average: finite sets of that order have it, sets of one order less do not.

At two levels the rotation groups of the tetrahedron, the octahedron and the icosahedron are designs of orders 2, 3 and
5, the Pauli matrices of order 1, the identity of order 0, and each fails at the next order; over O(2) the dihedral
groups are of every order. A set moved on both sides is of the same order and has no axis in common with an integrand.
"""

from __future__ import annotations

from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integrands import Batch, BatchRoom

import haarqntk as hq
from haarqntk.export import integral_text

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDING, SEEN = 1e-9, 1e-7
ORDERS = (0, 1, 2, 3, 5)
Factor = tuple[str, tuple[int, ...]]


@cache
def rotations(order: int) -> Any:
    """Elements of SU(2), both signs, that are a design of that order and of no higher one."""
    pauli, clifford = hq.pauli_group(1), hq.clifford_group(1)
    third = np.array([[1, -1j], [1, 1j]]) / np.sqrt(2)  # turns X into Y into Z
    found = {
        0: np.eye(2)[None],
        1: pauli,
        2: np.array([p @ np.linalg.matrix_power(third, n) for p in pauli for n in range(3)]),
        3: clifford,
        5: hq.icosahedral_group(),
    }[order]
    special = found / np.sqrt(np.linalg.det(found).astype(complex))[:, None, None]
    return np.concatenate([special, -special])


def dihedral(m: int) -> Any:
    """The symmetries of the m-gon: right for every polynomial of degree below m in the entries."""
    angles = 2 * np.pi * np.arange(m) / m
    turns = np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]]).transpose(2, 0, 1)
    return np.concatenate([turns, turns @ np.diag([1, -1])])


def moved(elements: Any, rng: np.random.Generator, *, is_real: bool = False) -> Batch:
    left, right = (
        np.linalg.qr(rng.normal(size=(2, 2)) + (0 if is_real else 1j * rng.normal(size=(2, 2))))[0]
        for _ in range(2)
    )
    left, right = (x if is_real else x / np.sqrt(np.linalg.det(x).astype(complex)) for x in (left, right))
    return Batch(left @ elements @ right)


def factor_of(factor: Factor, letters: tuple[Any, Any, Any], tr: Callable[[Any], Any]) -> Any:
    (kind, (a, b, c, d)), (V, A, B) = factor, letters
    J = hq.symplectic_form(2) if isinstance(V, hq.MatrixExpression) else Batch(np.array([[[0, 1], [-1, 0]]]))
    return {
        "word": lambda: tr(V @ A @ V.H @ B),
        "entries": lambda: V[a, b] * V[c, d].conj(),
        "circular": lambda: (V.T @ V)[a, b] * (V.T @ V)[c, d].conj(),
        "entry": lambda: V[a, b],
        "real word": lambda: tr(V @ A @ V.T @ B),
        "form word": lambda: tr(read(V, a, b) @ J @ read(V, c, d) @ B),  # of degree 0 if it is Sᵀ J S B
    }[kind]()


DEGREES = {"word": 2, "entries": 2, "circular": 4, "entry": 1, "real word": 2}


def degree_of(term: list[Factor]) -> int:
    return sum(
        0 if kind == "form word" and a != c and b == d else DEGREES.get(kind, 2)
        for kind, (a, b, c, d) in term
    )


def read(V: Any, is_transposed: int, is_conjugated: int) -> Any:
    turned = V.T if is_transposed else V
    return turned.conj() if is_conjugated else turned


def factors(*kinds: str) -> st.SearchStrategy[Factor]:
    return st.tuples(st.sampled_from(kinds), st.tuples(*[st.integers(0, 1)] * 4))


def integrand(terms: list[list[Factor]], V: Any, A: Any, B: Any, tr: Callable[[Any], Any]) -> Any:
    """Σ_n (n + 1) Π factors; no two terms cancel."""
    return sum((n + 1) * prod(factor_of(x, (V, A, B), tr) for x in term) for n, term in enumerate(terms))


def numbers(rng: np.random.Generator, *, is_traceless: bool) -> Any:
    A = rng.normal(size=(2, 2)) + 1j * rng.normal(size=(2, 2))
    return A - np.eye(2) * A.trace() / 2 * is_traceless


def differences(
    mean: hq.Integral, terms: list[list[Factor]], elements: Any, *, is_real: bool, is_traceless: bool
) -> list[float]:
    found = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        A, B = numbers(rng, is_traceless=is_traceless), numbers(rng, is_traceless=False)
        letters = {"A": A, "B": B}
        needed = {x: letters[x] for x in ("A", "B") if x in mean.declared}
        V = moved(elements, rng, is_real=is_real)
        ones = np.ones((len(V.values), 1, 1))
        values = integrand(terms, V, Batch(A * ones), Batch(B * ones), BatchRoom.tr)
        found.append(abs(complex(mean.at(matrices=needed)) - np.mean(values)))
    return found


def mean_and_degree(terms: list[list[Factor]], V: Any, *, is_traceless: bool) -> tuple[hq.Integral, int]:
    A, B = hq.matrices("A", dims=2, traceless=is_traceless), hq.matrices("B", dims=2)
    return hq.expect(integrand(terms, V, A, B, hq.tr)), max(map(degree_of, terms))


def products(*kinds: str, most: int) -> st.SearchStrategy[list[list[Factor]]]:
    """One product, or two of different degrees, so that the leading parts cannot cancel."""
    term = st.lists(factors(*kinds), min_size=1, max_size=most).filter(lambda t: degree_of(t) <= 2 * most)
    return st.lists(term, min_size=1, max_size=2, unique_by=degree_of)


@settings(max_examples=60)
@given(terms=products("word", "entries", "circular", most=4), is_traceless=st.booleans())
def test_sets_of_unitaries_of_the_order_have_the_average_and_those_of_one_less_do_not(
    *, terms: list[list[Factor]], is_traceless: bool
) -> None:
    mean, degree = mean_and_degree(terms, hq.haar_unitary("U", dims=2), is_traceless=is_traceless)
    assert mean.design_order == degree // 2
    for order in ORDERS:
        found = differences(mean, terms, rotations(order), is_real=False, is_traceless=is_traceless)
        if order >= mean.design_order:
            assert max(found) < ROUNDING, (order, terms, found)
        elif order == mean.design_order - 1:
            assert max(found) > SEEN, (order, terms, found)


@settings(max_examples=40)
@given(terms=products("entry", "real word", most=4), is_traceless=st.booleans())
def test_over_o_and_sp_order_t_is_degree_2t(*, terms: list[list[Factor]], is_traceless: bool) -> None:
    """An odd degree needs the next even one; the polygon whose number of sides is the degree fails."""
    mean, degree = mean_and_degree(terms, hq.haar_orthogonal("R", dims=2), is_traceless=is_traceless)
    t = mean.design_order
    assert t == (degree + 1) // 2
    for m, is_enough in ((2 * t + 1, True), (2 * t + 2, True), (degree, False)):
        found = differences(mean, terms, dihedral(m), is_real=True, is_traceless=is_traceless)
        assert max(found) < ROUNDING if is_enough else max(found) > SEEN, (m, terms, found)


@settings(max_examples=40)
@given(terms=products("entries", "word", "real word", "form word", most=2), is_traceless=st.booleans())
def test_symplectic_sets_of_the_order_have_the_average_and_those_of_one_less_do_not(
    *, terms: list[list[Factor]], is_traceless: bool
) -> None:
    mean, degree = mean_and_degree(terms, hq.haar_symplectic("S", dims=2), is_traceless=is_traceless)
    assert mean.design_order == degree // 2
    for order in ORDERS:
        found = differences(mean, terms, rotations(order), is_real=False, is_traceless=is_traceless)
        if order >= mean.design_order:
            assert max(found) < ROUNDING, (order, terms, found)
        elif order == mean.design_order - 1:
            assert max(found) > SEEN, (order, terms, found)


def abs_squared(x: Any) -> Any:
    return x * x.conj()


U, V, R = hq.haar_unitary("U"), hq.haar_unitary("V"), hq.haar_orthogonal("R")
A = hq.matrices("A", traceless=True)
B, C = hq.matrices("B C")
tr = hq.tr


@pytest.mark.parametrize(
    ("request_", "order"),
    [
        (tr(U @ U.H), 0),
        (tr(U @ A @ U.H @ B), 1),  # zero, over designs alone
        (abs_squared(U[0, 0]) + U[0, 0] * U[1, 1] * (U[0, 1] * U[1, 2]).conj(), 2),  # its second term is zero
        (tr(U @ B @ U.H @ C) ** 2 * tr(V @ A @ V.H @ B), 1),  # V alone makes it zero
        (tr(U @ B @ U.H @ C) ** 2 * (abs_squared(tr(V)) - 1), 1),
        (tr(U @ B @ U.H @ C) ** 2 * tr(V @ B @ V.H @ C), 2),
        (tr(U @ V @ B @ V.H @ U.H @ C) ** 2, 2),
        (tr(U @ V @ B @ V.H @ U.H @ C @ U @ B @ U.H), 1),  # U V is averaged away: degree 1 in U is left
        (tr(U) ** 3, 3),
        (tr(U) ** 3 * tr(V), 1),
        (R[0, 0] ** 3, 2),
        (tr(hq.circular_symplectic("V")), 2),
        (hq.haar_state("psi").expectation(B) ** 3, 3),
    ],
)
def test_the_order_counts_what_is_left_when_a_letter_has_its_turn(request_: Any, order: int) -> None:
    for method in ("orbits", "definition"):
        mean = hq.expect(request_, method=method)
        assert mean.design_order == order
        assert mean.specialise(D=4).design_order == order
        assert hq.from_json(hq.to_json(mean)).design_order == order


@pytest.mark.parametrize(("given_to_V", "order"), [(B, 2), (A, 1)])
def test_the_average_of_an_average_needs_what_both_together_do(given_to_V: Any, order: int) -> None:
    """A traceless A makes V alone average the whole to zero, of whatever order the average over U was."""
    first = hq.expect(tr(U @ B @ U.H @ C) ** 2 * tr(V @ given_to_V @ V.H @ C), over=U)
    assert first.design_order == 2
    assert hq.expect(first).design_order == order
    thrice = hq.expect(hq.expect(hq.expect(first, over=R), over=V), over=U)
    assert (thrice.design_order, thrice) == (order, hq.expect(first))


S, J = hq.haar_symplectic("S"), hq.symplectic_form()


@pytest.mark.parametrize(
    ("request_", "same"),
    [
        (tr(S.T @ J @ S @ B), tr(J @ B)),
        (tr(B @ S @ J @ S.T), tr(J @ B)),
        (tr(J @ S @ B @ S.T), tr(J @ B)),
        (tr(S.T @ B @ S @ J), tr(J @ B)),
        (tr(S.conj() @ J @ S.H @ B), tr(J @ B)),
        (tr(J @ S @ J.T @ S.T @ B), tr(B)),
        (tr(S.T @ S.T @ J @ S @ S @ B), tr(J @ B)),
        (tr(S.T @ J @ S), 0 * tr(B)),
    ],
)
def test_a_symplectic_matrix_keeps_the_form_without_an_average(request_: Any, same: Any) -> None:
    assert hq.expect(request_).design_order == 0
    assert hq.expect(request_, over=U) == hq.expect(same, over=U)
    assert hq.expect(tr(U @ J @ U.T @ B)).design_order == 2  # a unitary does not keep it


def test_a_symplectic_matrix_that_stays_reads_back_from_json() -> None:
    mean = hq.expect(tr(S @ B @ U @ C @ U.H), over=U)
    assert hq.from_json(hq.to_json(mean)) == mean


def test_two_letters_over_pairs_of_elements() -> None:
    """|Tr V|² − 1 times a square in U: order 1 has the average for every U; order 0 does not."""
    b, c = (numbers(np.random.default_rng(n), is_traceless=False) for n in (1, 2))
    mean = hq.expect(tr(U @ B @ U.H @ C) ** 2 * (abs_squared(tr(V)) - 1))
    assert mean.design_order == 1
    assert not mean
    for order, is_enough in ((1, True), (0, False)):
        first, second = rotations(order), rotations(order)
        values = [
            np.trace(u @ b @ u.conj().T @ c) ** 2 * (abs(np.trace(v)) ** 2 - 1) for u in first for v in second
        ]
        assert (abs(np.mean(values)) < ROUNDING) == is_enough


@pytest.mark.parametrize("t", [2, 4])
def test_unequal_degrees_need_phases(t: int) -> None:
    """E (Tr U)^t = 0: the icosahedron with all t-th roots of 1 averages every (p, q) with p, q < t, and fails here."""
    mean = hq.expect(tr(U) ** t)
    assert (mean.design_order, bool(mean)) == (t, False)
    assert f"{t}-designs closed under phases suffice" in integral_text("tr(U)^n", mean)
    traces = np.trace(rotations(5), axis1=1, axis2=2)
    for m, is_enough in ((t, False), (t + 1, True)):
        phases = np.exp(2j * np.pi * np.arange(m) / m)
        average = np.mean([(phase * traces) ** t for phase in phases])
        assert (abs(average) < ROUNDING) == is_enough


def test_nothing_random_needs_no_design() -> None:
    assert "no average is needed" in integral_text("tr(U U^H)", hq.expect(tr(U @ U.H)))


@pytest.mark.parametrize(
    ("request_", "needed"),
    [
        (tr(U) ** 2, "2-designs closed under phases suffice"),
        (tr(R) ** 3, "2-designs closed under a change of sign suffice"),
        (tr(hq.haar_symplectic("S")), "1-designs closed under a change of sign suffice"),
        (tr(U) * tr(V @ B @ V.H @ C), "1-designs closed under phases suffice"),
        (tr(U) + tr(R) + abs_squared(tr(V)), "1-designs closed under a change of sign and phases suffice"),
        (tr(R) + abs_squared(tr(V)), "1-designs closed under a change of sign suffice"),
        (tr(R) ** 2, "1-designs suffice"),
    ],
)
def test_designs_must_be_closed_under_the_scalars_of_the_groups_whose_terms_vanish_by_them(
    request_: Any, needed: str
) -> None:
    assert f"  {needed}; closed form for" in integral_text("f", hq.expect(request_))
