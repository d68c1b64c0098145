"""The eigenvalues of a Kronecker product A ⊗ B: the products αβ, exact from exact data.

For each pair of irreducible factors of the two characteristic polynomials, the products of their roots are the
eigenvalues of the Kronecker product of their companion matrices.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from haarqntk._lazy import LazyModule
from haarqntk.algebra import rational_spectrum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

sympy = LazyModule("sympy")

Matrix: TypeAlias = list[list[Fraction]]


def exact_products(a: Matrix, b: Matrix) -> dict[Any, int]:
    """The eigenvalues of a ⊗ b with multiplicities, from exact characteristic polynomials."""
    found: Counter[tuple[Fraction, ...]] = Counter()
    for f, m in rational_spectrum(a):
        for g, n in rational_spectrum(b):
            for factor, multiplicity in rational_spectrum(_kronecker(_companion(f), _companion(g))):
                found[factor] += m * n * multiplicity
    values: defaultdict[Any, int] = defaultdict(int)
    for factor, multiplicity in found.items():
        for root in _roots(factor):
            values[root] += multiplicity
    return dict(sorted(values.items(), key=lambda pair: float(pair[0])))


def _companion(f: Sequence[Fraction]) -> Matrix:
    degree = len(f) - 1
    return [
        [Fraction(int(i == j + 1)) if j < degree - 1 else -f[i] / f[-1] for j in range(degree)]
        for i in range(degree)
    ]


def _kronecker(a: Matrix, b: Matrix) -> Matrix:
    return [[x * y for x in row for y in other] for row in a for other in b]


def _roots(f: Sequence[Fraction]) -> list[Any]:
    if len(f) == 2:  # noqa: PLR2004 - a linear factor
        return [-f[0] / f[1]]
    x = sympy.Dummy("x")
    coefficients = [sympy.Rational(c.numerator, c.denominator) for c in reversed(f)]
    return list(sympy.Poly(coefficients, x).real_roots())


def float_products(a: NDArray[np.float64], b: NDArray[np.float64]) -> dict[Any, int]:
    """The same in floats; eigenvalues closer than rounding are one."""
    products = np.sort(np.outer(np.linalg.eigvalsh(a), np.linalg.eigvalsh(b)).ravel())
    tolerance = len(products) * 1e-13 * max(float(np.abs(products).max()), np.finfo(float).tiny)
    groups = np.split(products, np.flatnonzero(np.diff(products) > tolerance) + 1)
    return {float(group.mean()): len(group) for group in groups}
