"""Symbolic indices over the symplectic group and ensemble: the answer at all their values, against moment tensors.

The oracle is an orthogonal projector on the invariants, made here from the form and from deltas; it sees whole tensors
and no index by itself.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations
from itertools import product as every
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import haarqntk as hq
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

SYMBOLS = ("i", "j", "k")
ROUNDING = 1e-9


def form(D: int) -> Any:
    return np.kron([[0, 1], [-1, 0]], np.eye(D // 2))


def matchings(points: tuple[int, ...]) -> list[list[tuple[int, int]]]:
    if not points:
        return [[]]
    first, *rest = points
    return [[(first, b), *more] for b in rest for more in matchings(tuple(x for x in rest if x != b))]


def projector(vectors: list[Any]) -> Any:
    """The orthogonal projector on the span of tensors, with the axes of a row and of a column."""
    shape = vectors[0].shape
    u, s, _ = np.linalg.svd(np.array([v.ravel() for v in vectors]).T, full_matrices=False)
    basis = u[:, s > ROUNDING]
    return (basis @ basis.T).reshape(shape + shape)


def joined(pairs: list[tuple[int, int]], matrix: Any) -> Any:
    axes = [x for pair in pairs for x in pair]
    tensor = prod_outer([matrix] * len(pairs)) if pairs else np.ones(())
    return tensor.transpose(np.argsort(axes)) if pairs else tensor


def prod_outer(arrays: list[Any]) -> Any:
    total = np.ones(())
    for array in arrays:
        total = np.multiply.outer(total, array)
    return total


@cache
def symplectic_moments(D: int, copies: int) -> Any:
    """E[S_{a1 b1} S_{a2 b2} …], the axes a1 a2 … b1 b2 …."""
    if copies % 2:
        return np.zeros((D,) * (2 * copies))
    return projector([joined(pairs, form(D)) for pairs in matchings(tuple(range(copies)))])


@cache
def unitary_moments(D: int, k: int) -> Any:
    """E[V_{a1 b1} … V*_{c1 d1} …], the axes a1 … c1 … b1 … d1 …."""
    return projector(
        [joined([(x, k + y) for x, y in enumerate(sigma)], np.eye(D)) for sigma in permutations(range(k))]
    )


def value(expression: Any, letters: dict[str, Any], at: dict[str, int]) -> Any:
    """A SymPy answer at integers for its indices."""
    if isinstance(expression, sympy.Sum):
        body, *limits = expression.args
        ranges = [range(int(low), int(high) + 1) for _, low, high in limits]
        names = [name.name for name, _, _ in limits]
        return sum(value(body, letters, at | dict(zip(names, x, strict=True))) for x in every(*ranges))
    if isinstance(expression, sympy.MatrixSymbol):
        return letters[expression.name]
    if not expression.args:
        return at[expression.name] if expression.is_Symbol else float(expression)
    parts = [value(x, letters, at) for x in expression.args if not isinstance(x, sympy.Tuple)]
    return OPERATIONS[type(expression).__name__](*parts)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "Add": lambda *parts: sum(parts),
    "Mul": lambda *parts: prod(parts),
    "Pow": pow,
    "KroneckerDelta": lambda i, j: float(i == j),
    "Transpose": np.transpose,
    "MatrixElement": lambda matrix, i, j: matrix[int(i), int(j)],
}


def matrix_at(D: int, form_of_s: str) -> Any:
    """T with S'_{ij} = Σ T[i, j, a, b] S_{ab} for S' = S, Sᵀ, S* = J S Jᵀ, S†."""
    one, J = np.eye(D), form(D)
    left = one if form_of_s in ("plain", "T") else J
    straight = np.einsum("ia,jb->ijab", left, left)
    return straight if form_of_s in ("plain", "conj") else straight.transpose(1, 0, 2, 3)


FORMS = {"plain": lambda S: S, "T": lambda S: S.T, "conj": lambda S: S.conj(), "H": lambda S: S.H}


def index(i: Any, D: int, *, is_symbolic: bool) -> Any:
    return hq.D / 2 + (i - D // 2) if is_symbolic and isinstance(i, int) and i >= D // 2 else i


@st.composite
def products_of_entries(draw: st.DrawFn, D: int) -> list[tuple[str, str, Any, Any]]:
    """Factors (form of S, what stands beside it, row, column), most indices symbols."""
    indices = st.sampled_from([*SYMBOLS, *SYMBOLS, 0, D - 1])
    factor = st.tuples(
        st.sampled_from(sorted(FORMS)), st.sampled_from(["", "J left", "A left", "J right"]), indices, indices
    )
    size = draw(st.sampled_from([2, 4]))
    return draw(st.lists(factor, min_size=size, max_size=size))


def beside(S: Any, what: str, J: Any, A: Any) -> Any:
    return {"": lambda: S, "J left": lambda: J @ S, "A left": lambda: A @ S, "J right": lambda: S @ J}[what]()


def moments_of_entries(D: int, factors: list[tuple[str, str]], A: Any) -> Any:
    """The averages of all entries of the factors, the axes row, column, row, column, …."""
    n = len(factors)
    operands: list[Any] = [symplectic_moments(D, n), list(range(2 * n))]
    for c, (x, what) in enumerate(factors):
        left = {"J left": form(D), "A left": A}.get(what, np.eye(D))
        right = form(D) if what == "J right" else np.eye(D)
        T = np.einsum("xi,ijab,jy->xyab", left, matrix_at(D, x), right)
        operands += [T, [2 * n + 2 * c, 2 * n + 2 * c + 1, c, n + c]]
    return np.einsum(*operands, list(range(2 * n, 4 * n)), optimize=True)


@pytest.mark.parametrize("is_symbolic", [True, False])
@pytest.mark.parametrize("D", [2, 4])
def test_products_of_symplectic_entries_at_all_values_of_their_indices(D: int, *, is_symbolic: bool) -> None:
    A = np.arange(D * D).reshape(D, D) % 3 - 1.0
    letters = {"J": form(D), "A": A}

    @settings(max_examples=40)
    @given(products_of_entries(D), st.sampled_from(["orbits", "definition"]))
    def check(factors: list[tuple[str, str, Any, Any]], method: str) -> None:
        dims = "D" if is_symbolic else D
        S, J = hq.haar_symplectic("S", dims=dims), hq.symplectic_form(dims)
        given_A = hq.matrices("A", dims=dims, real=True)
        integrand = prod(
            beside(FORMS[x](S), what, J, given_A)[
                index(row, D, is_symbolic=is_symbolic), index(column, D, is_symbolic=is_symbolic)
            ]
            for x, what, row, column in factors
        )
        mean = hq.expect(integrand, method=method)
        ours = (mean.specialise(D=D) if is_symbolic else mean).to_sympy()
        theirs = moments_of_entries(D, [(x, what) for x, what, _, _ in factors], A)
        for values in every(range(D), repeat=len(SYMBOLS)):
            at = dict(zip(SYMBOLS, values, strict=True))
            place = tuple(at.get(i, i) for _, _, row, column in factors for i in (row, column))
            assert abs(value(ours, letters, at) - theirs[place]) < ROUNDING, (factors, at, ours)

    check()


@pytest.mark.parametrize(("D", "k"), [(2, 1), (4, 1), (2, 2)])
def test_products_of_entries_of_the_circular_symplectic_ensemble(D: int, k: int) -> None:
    """k entries of C = J Vᵀ Jᵀ V and k conjugated ones, by the moments of V."""
    J, n = form(D), 4 * k
    operands: list[Any] = [unitary_moments(D, 2 * k), list(range(2 * n))]
    out: list[int] = []
    for c in range(2 * k):  # C_ij = Σ J_ia V_ba Jᵀ_bc V_cj, and V* in the second half
        first, second, i, j = 2 * c, 2 * c + 1, 2 * n + 2 * c, 2 * n + 2 * c + 1
        operands += [J, [i, n + first], J.T, [first, second], np.eye(D), [n + second, j]]
        out += [i, j]
    theirs = np.einsum(*operands, out, optimize=True)

    @settings(max_examples=15)
    @given(st.lists(st.sampled_from([*SYMBOLS, *SYMBOLS, 0, D - 1]), min_size=n, max_size=n))
    def check(indices: list[Any]) -> None:
        C = hq.circular_symplectic("V")
        at_symbols = [index(i, D, is_symbolic=True) for i in indices]
        entries = [C[at_symbols[x], at_symbols[x + 1]] for x in range(0, n, 2)]
        integrand = prod([*entries[:k], *(entry.conj() for entry in entries[k:])])
        ours = hq.expect(integrand).specialise(D=D).to_sympy()
        for values in every(range(D), repeat=len(SYMBOLS)):
            at = dict(zip(SYMBOLS, values, strict=True))
            expected = theirs[tuple(at.get(i, i) for i in indices)]
            assert abs(value(ours, {"J": J}, at) - expected) < ROUNDING, (indices, at, ours)

    check()


def test_two_entries_are_written_with_entries_of_the_form() -> None:
    S, C, J = hq.haar_symplectic("S"), hq.circular_symplectic("V"), hq.symplectic_form()
    mean = hq.expect(S["i", "j"] * S["k", "l"])
    assert mean == hq.expect(J["i", "k"] * J["j", "l"] / hq.D)
    assert str(mean) == "<i|J|k>*<j|J|l>/D"
    assert hq.latex(mean) == (
        r"\frac{\left\langle i\right|J\left|k\right\rangle \left\langle j\right|J\left|l\right\rangle}{D}"
    )
    assert hq.from_json(hq.to_json(mean)) == mean
    circular = hq.expect(C["i", "j"] * C["k", "l"].conj())
    assert str(circular) == "(<i|J|l>*<j|J|k> + <i|k>*<j|l>)/(D - 1)"
    assert not hq.expect(S["i", "j"] * S["i", "l"])


def test_entries_on_tensor_factors_keep_the_form() -> None:
    """S on one factor, B on the other: the entries of S average as if B were not there."""
    S, B, J = hq.haar_symplectic("S"), hq.matrices("B", dims="d"), hq.symplectic_form()
    SB = hq.kron(S, B)
    mean = hq.expect(SB[("i", 0), ("j", 1)] * SB[("k", "m"), ("l", 0)])
    assert mean == hq.expect(J["i", "k"] * J["j", "l"] * B[0, 1] * B["m", 0] / hq.D)


def refused(request: Any) -> str:
    with pytest.raises(InputError) as refusal:
        request()
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_a_number_in_the_first_half_of_a_symbol_is_refused_where_it_is_not() -> None:
    """2 is the partner of 0 at D = 4, and in the first half from D = 6 on."""
    S, four = hq.haar_symplectic("S"), hq.haar_symplectic("S", dims=4)
    mean = hq.expect(S[0, 0] * S[2, 2])
    assert hq.expect(four[0, 0] * four[2, 2]).to_sympy() == sympy.Rational(1, 4)
    assert (
        "a number counts in the first half while D is a symbol; declare the matrices with dims=4"
        in refused(lambda: mean.at(4))
    )
    assert [mean.at(D) for D in (6, 8)] == [0, 0]
    for D in (6, 8):  # the values and the range reported agree with those of integer dimensions
        fixed = hq.haar_symplectic("S", dims=D)
        assert not hq.expect(fixed[0, 0] * fixed[2, 2])
    assert mean.least == {"D": 6}


def test_entries_that_depend_on_which_half_a_number_is_in_are_refused_at_once() -> None:
    J, A, one = hq.symplectic_form(), hq.matrices("A"), hq.identity()
    for request in (lambda: J[0, 2], lambda: (hq.tr(A) * J)[0, 2], lambda: hq.kron(A, J)[(0, 0), (0, 2)]):
        assert "an entry of the symplectic form must have a number for its dimension" in refused(request)
    assert "whether D/2+0 and 2 are one index depends on D" in refused(lambda: one[hq.D / 2, 2])
    assert hq.expect(one[hq.D / 2, 0] + 1).to_sympy() == 1  # 0 is in the first half at every D
