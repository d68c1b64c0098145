"""SymPy in and out: the same numbers as SymPy's own explicit matrices, and the same value again."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import haarqntk as hq
from haarqntk.errors import InputError

D = sympy.Symbol("D")
A, B, U = (sympy.MatrixSymbol(name, D, D) for name in "ABU")
VALUES = {"A": [[1, 2], [3, -1]], "B": [[0, 1], [2, 5]]}
DECLARED = hq.haar_unitary("U")


def words(depth: int = 2) -> st.SearchStrategy[Any]:
    """Matrix expressions in A and B."""
    letters = st.sampled_from([A, B, A.T, B.adjoint(), sympy.Identity(D), A.conjugate()])
    if not depth:
        return letters
    part = words(depth - 1)
    return st.one_of(
        letters,
        st.builds(lambda x, y: x * y, part, part),
        st.builds(lambda x, y: x + y, part, part),
        st.builds(lambda x: 2 * x**2, part),
        st.builds(sympy.Transpose, part),
        st.builds(sympy.Adjoint, part),
    )


scalars = st.one_of(
    st.builds(sympy.Trace, words()),
    st.builds(lambda x: x[0, 1], words(1)),
    st.builds(lambda x: sympy.conjugate(sympy.Trace(x)), words()),
    st.builds(lambda x: sympy.Abs(sympy.Trace(x)) ** 2, words(1)),
    st.builds(lambda x: sympy.re(sympy.Trace(x)), words(1)),
    st.sampled_from([D / (D + 1), sympy.Rational(1, 3)]),
)


def explicit(expression: Any) -> Fraction:
    """The number by SymPy alone, at D = 2."""
    at_two = expression.subs(D, 2).doit()
    entrywise = at_two.replace(sympy.Trace, lambda matrix: matrix.as_explicit().trace()).doit()
    entries = {
        x[i, j]: VALUES[x.name][i][j]
        for x in entrywise.atoms(sympy.MatrixSymbol)
        for i in range(2)
        for j in range(2)
    }
    number = entrywise.subs(entries).doit()
    return Fraction(int(number.p), int(number.q))


@settings(max_examples=10)
@given(scalars, scalars)
def test_a_scalar_has_sympy_s_value_and_comes_back(x: Any, y: Any) -> None:
    integral = hq.expect(x * y + y, over=[])
    assert integral.at(2, matrices={n: VALUES[n] for n in integral.declared}) == explicit(x * y + y)
    out = integral.to_sympy()
    assert hq.expect(out, over=[]) == integral
    assert str(hq.expect(out, over=[]).to_sympy()) == str(out)  # SymPy's summed indices are new each time


@settings(max_examples=10)
@given(words(), scalars)
def test_a_matrix_comes_back(x: Any, y: Any) -> None:
    integral = hq.expect(y * x, over=[])
    out = integral.to_sympy()
    assert hq.expect(out, over=[]) == integral
    assert str(hq.expect(out, over=[]).to_sympy()) == str(out)  # SymPy's summed indices are new each time


def test_what_is_canonical_comes_out_as_it_went_in() -> None:
    for expression in (sympy.Trace(A * B) ** 2 / (D + 1), A[0, 1] * sympy.Trace(A), 2 * A * B, A**3):
        inside = expression.subs(D, hq.D)
        assert hq.expect(expression, over=[]).to_sympy() == inside


def test_random_letters_are_those_named_in_over() -> None:
    V = hq.haar_unitary("U")
    a, b = hq.matrices("A B")
    wanted = hq.expect(hq.tr(V @ a @ V.H @ b) ** 2)
    assert hq.expect(sympy.Trace(U * A * U.adjoint() * B) ** 2, over=V) == wanted
    assert hq.expect(sympy.Trace(U * A * U.I * B) ** 2, over=[V]) == wanted
    assert hq.expect(sympy.Trace((U * A.T).T * (A.T * U**-2 * U).T), over=[V]) == hq.expect(hq.tr(a @ a))
    assert "U" in str(hq.expect(sympy.Trace(U), over=[], matrices=[V]))


def test_dimensions_are_real_and_positive_and_differences_of_them_are_not() -> None:
    n = sympy.Symbol("n")
    wanted = hq.expect(sympy.Trace(sympy.Identity(n)) ** 2, over=[])
    assert hq.expect(sympy.conjugate(n) * sympy.Abs(n), over=[]) == wanted
    assert hq.expect(sympy.Abs(n - 4) ** 2, over=[]) == hq.expect((n - 4) ** 2, over=[])
    with pytest.raises(
        InputError, match=r"a coefficient must be a rational function of dimensions, got Abs\(n - 4\)"
    ):
        hq.expect(sympy.Abs(n - 4), over=[])


def test_the_inverse_of_a_product_of_unitaries() -> None:
    W = sympy.MatrixSymbol("W", D, D)
    V = [hq.haar_unitary("U"), hq.haar_unitary("W")]
    assert hq.expect((2 * U * W).I * U * W, over=V) == hq.expect(hq.identity() / 2)


def test_relations_are_matched_by_name() -> None:
    X = hq.matrices("A", traceless=True, involution=True)
    mean = hq.expect(sympy.Trace(U * A * U.adjoint() * B) ** 2, over=DECLARED, matrices=X)
    V, b = hq.haar_unitary("U"), hq.matrices("B")
    assert mean == hq.expect(hq.tr(V @ X @ V.H @ b) ** 2)
    psi = sympy.MatrixSymbol("psi", D, D)
    assert str(hq.expect(sympy.Trace(psi * A), over=hq.haar_state("psi"))) == "Tr(A)/D"
    J = sympy.MatrixSymbol("J", D, D)
    assert hq.expect(J * J, over=[], matrices=hq.symplectic_form()) == hq.expect(-1 * hq.identity())


def test_tensor_factors_are_declared() -> None:
    M = sympy.MatrixSymbol("M", sympy.Symbol("a") * D, sympy.Symbol("a") * D)
    declared = hq.matrices("M", dims=("a", "D"))
    assert hq.expect(sympy.Trace(M), over=[], matrices=declared) == hq.expect(hq.tr(declared))
    a, b = hq.matrices("A B")
    assert hq.expect(sympy.KroneckerProduct(B, A), over=[]) == hq.expect(hq.kron(b, a))


def test_an_operator_on_two_factors_goes_out_in_their_order() -> None:
    a, b = hq.matrices("A B")
    mean = hq.expect(hq.kron(b, a))
    assert str(mean) == "(1) B ⊗ A"
    assert mean.latex() == r"B \otimes A"
    assert mean.to_sympy() == sympy.KroneckerProduct(*(x.subs(D, hq.D) for x in (B, A)))


def test_a_swap_does_not_read_as_the_identity() -> None:
    V = hq.haar_unitary("V")
    both, a = hq.kron(V, V), hq.matrices("A")
    mean = str(hq.expect(both @ hq.kron(a, a) @ both.H))
    assert mean.count(" 1 ⊗ 1") == 1
    assert mean.count(" P(0 1)") == 1


def test_sums_over_an_index_that_no_product_makes() -> None:
    i, j = sympy.symbols("i j")
    e = hq.expect(sympy.Sum(A[0, i] ** 2, (i, 0, D - 1)), over=[])
    assert e.at(2, matrices={"A": VALUES["A"]}) == 5
    e = hq.expect(sympy.Sum(A[i, j] * B[j, i] + D, (i, 0, D - 1), (j, 0, D - 1)), over=[])
    assert e.at(2, matrices=VALUES) == 2 * 2 + 3 * 1 - 5 + 8


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (1 / sympy.Trace(U), r"only polynomials in .*, got 1/Trace\(U\) \(Pow\)"),
        (sympy.Trace(A) + sympy.exp(sympy.Trace(U)), r"got exp\(Trace\(U\)\) \(exp\)"),
        (sympy.Trace(U) ** sympy.Rational(1, 2), r"got sqrt\(Trace\(U\)\) \(Pow\)"),
        (sympy.Determinant(A) * U[0, 0], r"got Determinant\(A\) \(Determinant\)"),
        (sympy.Abs(sympy.Trace(U)) ** 3, r"got Abs\(Trace\(U\)\)\*\*3 \(Pow\)"),
        (sympy.HadamardProduct(A, U), r"got HadamardProduct\(A, U\)"),
        (
            A.I * U,
            "only a unitary matrix has an inverse that is a polynomial, got the inverse of A; name it in over",
        ),
        (sympy.Trace(A) ** 1001, "an exponent must be at most 1000, got 1001"),
        (sympy.I * sympy.Trace(U), "a coefficient must be an exact integer or rational, got I;"),
        (sympy.Trace(U) * 0.5, "a coefficient must be an exact integer or rational, got 0.5"),
        (
            sympy.MatrixSymbol("A", 2, 3) * sympy.MatrixSymbol("B", 3, 2),
            r"a matrix must be square, got A of shape \(2, 3\)",
        ),
        (
            sympy.Trace(sympy.MatrixSymbol("U", 3, 3)),
            r"U must have the shape that it was declared with, \(D, D\), got \(3, 3\)",
        ),
        (
            sympy.Trace(A) * sympy.Trace(sympy.MatrixSymbol("A", 3, 3)),
            "each name must mean one thing in an expression, got A as a general matrix on",
        ),
        (
            sympy.Trace(sympy.MatrixSymbol("A", 2 * D, 2 * D)),
            r"a dimension must be a symbol or an integer ≥ 1, got 2\*D of A; .* declared by hq.matrices",
        ),
        (sympy.Trace(sympy.MatrixSymbol("J", D, D)), "the name J is taken by the library; pass matrices="),
        (sympy.KroneckerDelta(*sympy.symbols("i j")), "a KroneckerDelta must carry its range"),
        (A[sympy.Symbol("D") - 1, 0], "a symbolic index must be a symbol, or D/2"),
        (
            sympy.Sum(A[0, sympy.Symbol("i")], (sympy.Symbol("i"), 0, D - 1)),
            "an index that is summed must stand at two places, got 1",
        ),
        (
            sympy.Sum(A[0, sympy.Symbol("i")] ** 2, (sympy.Symbol("i"), 0, D - 2)),
            "a dimension must be a symbol or an integer ≥ 1, got D - 1",
        ),
    ],
)
def test_what_is_no_polynomial_is_refused_by_its_part(expression: Any, message: str) -> None:
    with pytest.raises((InputError, TypeError), match=message) as refusal:
        hq.expect(expression, over=DECLARED)
    assert isinstance(refusal.value, hq.errors.HaarqntkError)
    assert "\n" not in str(refusal.value)


def test_over_is_needed_and_matrices_are_for_sympy() -> None:
    with pytest.raises(
        InputError, match="over must name the random matrices of a SymPy expression, got none"
    ):
        hq.expect(sympy.Trace(U))
    with pytest.raises(InputError, match="matrices are for SymPy expressions only"):
        hq.expect(hq.tr(DECLARED), matrices=[hq.matrices("A")])
    with pytest.raises(TypeError, match="declarations must be hq matrices and states, got 'U'"):
        hq.expect(sympy.Trace(U), over="U")  # type: ignore[arg-type]
    with pytest.raises(
        InputError, match="each name must mean one thing in an expression, got U as a Haar unitary"
    ):
        hq.expect(sympy.Trace(U), over=[DECLARED], matrices=[hq.matrices("U")])
