"""The only file that imports python-flint: integer polynomials, matrices and factorisation.

A change of backend changes this file and no other. ``Polynomial`` is a dense polynomial in D with integer
coefficients, lowest degree first; treat it as immutable.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import flint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

Polynomial: TypeAlias = Any  # flint.fmpz_poly, which has no type information
MultivariatePolynomial: TypeAlias = Any  # flint.fmpz_mpoly, likewise


def polynomial(coefficients: Sequence[int]) -> Polynomial:
    """The polynomial Σ_i coefficients[i] D^i."""
    return flint.fmpz_poly([int(c) for c in coefficients])


def coefficients(poly: Polynomial) -> tuple[int, ...]:
    """The coefficients of ``poly``, lowest degree first, without trailing zeros."""
    return tuple(int(c) for c in poly.coeffs())


def factor(poly: Polynomial) -> tuple[int, list[tuple[tuple[int, ...], int]]]:
    """Content and irreducible factors (coefficients, exponent), sorted by degree, then by coefficients."""
    content, factors = poly.factor()
    found = [(coefficients(f), int(e)) for f, e in factors]
    return int(content), sorted(found, key=lambda pair: (len(pair[0]), pair[0][::-1]))


def multiply_integer_matrices(left: NDArray[np.int64], right: Sequence[Sequence[int]]) -> list[list[int]]:
    """The exact product of two integer matrices of any size of entry.

    Examples:
        >>> import numpy as np
        >>> multiply_integer_matrices(np.array([[1, 2]]), [[10**30], [1]])
        [[1000000000000000000000000000002]]
    """
    product = flint.fmpz_mat(left.tolist()) * flint.fmpz_mat([list(row) for row in right])
    return [[int(entry) for entry in row] for row in product.tolist()]


def factor_integer_polynomial(
    terms: Mapping[tuple[int, ...], int], num_variables: int
) -> tuple[int, list[tuple[dict[tuple[int, ...], int], int]]]:
    """Factor a polynomial in several variables over the integers.

    Args:
        terms: Exponents of the variables → coefficient.
        num_variables: The length of every exponent tuple, ≥ 1.

    Returns:
        The constant and the irreducible factors with their exponents, each factor as such a mapping.

    Examples:
        >>> factor_integer_polynomial({(2, 0): 2, (0, 2): -2}, 2)
        (2, [({(1, 0): 1, (0, 1): -1}, 1), ({(1, 0): 1, (0, 1): 1}, 1)])
    """
    names = tuple(f"x{i}" for i in range(num_variables))
    context = flint.fmpz_mpoly_ctx.get(names, "lex")
    constant, factors = context.from_dict(dict(terms)).factor()
    return int(constant), [
        ({tuple(map(int, e)): int(c) for e, c in f.to_dict().items()}, int(exponent))
        for f, exponent in factors
    ]


def multivariate_polynomial(
    names: tuple[str, ...], terms: Mapping[tuple[int, ...], int]
) -> MultivariatePolynomial:
    """The polynomial Σ terms[e] Π names[i]^{e[i]} with integer coefficients."""
    ascii_names = tuple(name.encode("unicode_escape").decode() for name in names)  # not all are: A ⊗ B
    return flint.fmpz_mpoly_ctx.get(ascii_names, "lex").from_dict(dict(terms))


def multivariate_terms(poly: MultivariatePolynomial) -> dict[tuple[int, ...], int]:
    """Exponents of the variables → coefficient."""
    return {tuple(map(int, e)): int(c) for e, c in poly.to_dict().items()}


def rational_spectrum(matrix: Sequence[Sequence[Fraction]]) -> list[tuple[tuple[Fraction, ...], int]]:
    """Irreducible factors of the characteristic polynomial of a rational matrix, with multiplicities.

    Returns:
        Pairs (coefficients lowest first, multiplicity); a linear factor (c0, c1) is the eigenvalue −c0/c1.

    Examples:
        >>> rational_spectrum([[Fraction(2), Fraction(0)], [Fraction(0), Fraction(2)]])
        [((Fraction(-2, 1), Fraction(1, 1)), 2)]
    """
    rows = [[flint.fmpq(x.numerator, x.denominator) for x in row] for row in matrix]
    characteristic = flint.fmpq_mat(rows).charpoly()
    _, factors = characteristic.numer().factor()
    return [(tuple(Fraction(int(c)) for c in f.coeffs()), int(e)) for f, e in factors]
