"""What cannot be integrated is refused in one clear line, at the place where it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sympy

import haarqntk as hq
from haarqntk.errors import HaarqntkError

if TYPE_CHECKING:
    from collections.abc import Callable

U, A, psi = hq.haar_unitary("U"), hq.matrices("A"), hq.haar_state("psi")
S, V = hq.haar_symplectic("S"), hq.haar_unitary("V", dims="d")
D, tr, expect = hq.D, hq.tr, hq.expect


QUOTIENT = "an expression must be divided by numbers and functions of the dimensions only, got"
EXPONENT = "an exponent must be an integer ≥ 0, got"
RANGE = "an index must be below the dimension"
HALF = r"a symbolic index must be a symbol, or D/2 \+ i with an integer i ≥ 0"
SUM = "a matrix and a scalar must not be added"
SPACE = "matrices must act on the same space, got dimensions D and d"


def anything(value: object) -> Any:
    """What a caller without a type checker may pass."""
    return value


REFUSED = [
    # no polynomial
    (lambda: 1 / tr(U), QUOTIENT),
    (lambda: tr(U) / tr(A), f"{QUOTIENT} .* only polynomials can"),
    (lambda: U / A, f"{QUOTIENT} <matr"),
    (lambda: 1 / U, f"{QUOTIENT} <matr"),
    (lambda: tr(U) / 0, "an expression must not be divided by 0"),
    (lambda: tr(U) ** -1, f"{EXPONENT} -1; only polynomials can be integrated"),
    (lambda: tr(U) ** 0.5, f"{EXPONENT} 0.5; only polynomials can be integrated"),
    (lambda: U**-1, f"{EXPONENT} -1"),
    (lambda: tr(U) * sympy.exp(D), "a coefficient must be a rational function of dimensions, got exp"),
    (
        lambda: tr(U) * sympy.MatrixSymbol("M", 2, 2),
        "a coefficient must be a rational function of dimensions, got M",
    ),
    (
        lambda: tr(U) * 0.5,
        "a coefficient must be an exact integer or rational, got 0.5; pass fractions.Fraction",
    ),
    (lambda: tr(U) * 1j, "a coefficient must be an exact integer or rational, got 1j"),
    (lambda: expect(3), "integrand must be a polynomial in traces, entries or words, got 3"),
    (lambda: expect("tr(U)"), r"integrand must be a polynomial .*, got 'tr\(U\)'"),
    # dimensions
    (lambda: U @ V, f"{SPACE}; use hq.kron with hq.identity"),
    (lambda: U + V, SPACE),
    (lambda: psi.matrix_element(A, hq.haar_state("v", dims=2)), "two states must have the same dimensions"),
    (lambda: U * A, "matrices must be multiplied with @, got <matrix"),
    (lambda: U + 1, f"{SUM}, got <matrix .* write the scalar as a multiple of"),
    (lambda: 1 + U, SUM),
    (lambda: tr(U) + U, SUM),
    (lambda: U - 1, SUM),
    (lambda: 1 - U, SUM),
    (lambda: tr(U) - U, SUM),
    (lambda: U @ anything(2), "the right side of @ must be a matrix, got 2"),
    (lambda: expect(tr(S) ** 2).at(3), "D must be even for the symplectic group, got 3; pass D = 2N for Sp"),
    (lambda: hq.haar_symplectic("S", dims=3), "the dimension of a symplectic matrix must be even, got 3"),
    (
        lambda: hq.haar_symplectic("S", dims=(2, 2)),
        "a symplectic matrix must act on one tensor factor, got 2",
    ),
    # indices
    (lambda: U[D, 0], f"{RANGE} D, got D, which is out of range: indices count from 0"),
    (lambda: U["D", 0], f"{RANGE} D, got D, which is out of range"),
    (lambda: V["d", 0], f"{RANGE} d, got d, which is out of range"),
    (lambda: U[D - 1, 0], rf"{HALF}, got D - 1"),
    (lambda: U[D / 2 - 1, 0], HALF),
    (lambda: U[-1, 0], "an index must be an integer ≥ 0, got -1"),
    (lambda: U[0], r"a matrix entry must be written A\[i, j\], got A\[0\]"),
    (lambda: U[0, 1, 2], r"a matrix entry must be written A\[i, j\], got A\[\(0, 1, 2\)\]"),
    (lambda: U[0.5, 1], "an index must be an integer ≥ 0, got 0.5"),
    (lambda: hq.haar_unitary("U", dims=2)[2, 0], f"{RANGE} 2, got 2"),
    (
        lambda: expect(S[D / 2 + 1, 0] * S[1, D / 2]).at(2),
        "D must be at least 4, got 2: the integrand has an index that does not exist below",
    ),
    # size
    (lambda: expect(tr(U @ A @ U.H @ A) ** 12), "12 copies .* would not finish: .* the largest number is 8"),
    # names
    (
        lambda: tr(U @ hq.haar_orthogonal("U")),
        "each name must mean one thing in an expression, got U as a Haar",
    ),
    (lambda: hq.matrices("J"), "the name J is taken by the library; pass another"),
    (lambda: hq.haar_state("D"), "the name D is taken by the library; pass another"),
    (lambda: hq.matrices("A B, A"), "names must be different, got A twice in 'A B, A'; give each once"),
    (lambda: hq.matrices(" "), "names must hold at least one name, got ' '"),
    (lambda: hq.matrices(anything(3)), "names must be a text such as 'A B', got 3"),
    (lambda: hq.haar_unitary(""), "a name must be a letter, then letters, digits or underscores, got ''"),
    (lambda: hq.matrices("A", hermitan=True), "unknown property 'hermitan'; did you mean 'hermitian'"),
    (lambda: hq.matrices("A", hermitian=anything(1)), "a property of a matrix must be True or False, got 1"),
    (lambda: psi.overlap(anything(U)), "the other state must be a Haar state, got <matrix"),
    (lambda: expect(U[0, 0], over=[A]), "over must hold random matrices or states, got"),
]


@pytest.mark.parametrize(("request_", "message"), REFUSED)
def test_one_clear_line(request_: Callable[[], Any], message: str) -> None:
    with pytest.raises(HaarqntkError, match=message) as refusal:
        request_()
    assert "\n" not in str(refusal.value)


def test_degrees_that_do_not_balance_give_zero_and_say_why() -> None:
    mean = expect(tr(U @ A) ** 2 * tr(U).conj())
    assert not mean
    assert mean.notes == ("1 of 1 terms vanish: U occurs 2 times and its conjugate once",)


def test_a_sum_of_matrices_starts_from_python_s_zero() -> None:
    assert sum([A, U]) == A + U


def test_quotients_of_dimensions_are_functions_of_them() -> None:
    assert 1 / (tr(hq.identity()) + 1) == hq.ScalarExpression.number(1 / (D + 1))


def test_the_amplitude_of_one_state_is_its_expectation() -> None:
    assert psi.matrix_element(A, psi) == psi.expectation(A)
    other = hq.haar_state("phi")
    amplitude = psi.matrix_element(A, other)
    assert amplitude.conj() == other.matrix_element(A.H, psi)
    assert expect(amplitude * amplitude.conj(), over=psi) == expect(other.expectation(A.H @ A) / D, over=[])
