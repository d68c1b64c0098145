"""The only file that imports python-flint: integer polynomials, matrices and factorisation.

A change of backend changes this file and no other. A ``Polynomial`` has integer coefficients and named variables: a
dense one in at most one name, the fast path, a sparse one in several. Treat it as immutable.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import prod
from operator import index
from typing import TYPE_CHECKING, Any, TypeAlias

import flint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

Polynomial: TypeAlias = Any  # flint.fmpz_poly in at most one name, else flint.fmpz_mpoly: neither has types
Names: TypeAlias = tuple[str, ...]
Terms: TypeAlias = "Mapping[tuple[int, ...], int]"


def polynomial(coefficients: Sequence[int]) -> Polynomial:
    """The polynomial Σ_i coefficients[i] D^i in one name."""
    return flint.fmpz_poly(list(map(index, coefficients)))


def coefficients(poly: Polynomial) -> tuple[int, ...]:
    """The coefficients of a polynomial in one name, lowest degree first, without trailing zeros."""
    return tuple(map(int, poly.coeffs()))


def product_of_shifts(exponents: Mapping[int, int]) -> tuple[int, ...]:
    """The coefficients of Π_j (D + j)^{e_j}, lowest degree first, from j → e_j.

    Examples:
        >>> product_of_shifts({1: 2, -1: 1})  # (D + 1)² (D − 1)
        (-1, -1, 1, 1)
    """
    return coefficients(prod((polynomial([j, 1]) ** e for j, e in exponents.items()), start=polynomial([1])))


def polynomial_in(names: Names, terms: Terms) -> Polynomial:
    """The polynomial Σ terms[e] Π names[i]^{e[i]}."""
    if len(names) > 1:
        return _context(names).from_dict(dict(terms))
    powers = {sum(exponents): c for exponents, c in terms.items()}
    return polynomial([powers.get(i, 0) for i in range(max(powers, default=-1) + 1)])


def terms_of(poly: Polynomial, names: Names) -> dict[tuple[int, ...], int]:
    """Exponents of the names → coefficient."""
    if len(names) > 1:
        return {tuple(map(int, e)): int(c) for e, c in poly.to_dict().items()}
    return {(i,) * len(names): int(c) for i, c in enumerate(poly.coeffs()) if c}


def moved(poly: Polynomial, names: Names, target: Names) -> Polynomial:
    """The same polynomial in other names, all that occur among them."""
    if names == target or max(len(names), len(target)) < 2:  # noqa: PLR2004 - both dense
        return poly
    if not names:
        return _context(target).constant(poly[0])
    places = [names.index(name) if name in names else None for name in target]
    terms = terms_of(poly, names).items()
    return polynomial_in(target, {tuple(0 if i is None else e[i] for i in places): c for e, c in terms})


def cancelled(top: Polynomial, bottom: Polynomial) -> tuple[Polynomial, Polynomial]:
    """Both without their common factor, which has a positive leading coefficient."""
    if bottom.is_one():
        return top, bottom
    common = top.gcd(bottom)
    return (top, bottom) if common.is_one() else (top // common, bottom // common)


def value_at(poly: Polynomial, names: Names, values: Mapping[str, Fraction | int]) -> Fraction | int:
    """The value of a polynomial at numbers for all of its names."""
    if len(names) > 1:
        point = [x if isinstance(x, int) else Fraction(x) for x in map(values.__getitem__, names)]
        terms = terms_of(poly, names).items()
        return sum(c * prod(x**e for x, e in zip(point, exponents, strict=True)) for exponents, c in terms)
    x = values[names[0]] if names else 0
    if isinstance(x, int):
        return int(poly(x))
    value = poly(flint.fmpq(x.numerator, x.denominator))
    return Fraction(int(value.p), int(value.q))


@lru_cache(maxsize=256)
def _context(names: Names) -> Any:
    ascii_names = tuple(name.encode("unicode_escape").decode() for name in names)  # not all are: A ⊗ B
    return flint.fmpz_mpoly_ctx.get(ascii_names, "lex")


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
    terms: Terms, num_variables: int
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
    constant, factors = polynomial_in(names, terms).factor()
    return int(constant), [(terms_of(factor, names), int(exponent)) for factor, exponent in factors]


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
