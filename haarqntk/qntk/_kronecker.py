"""The mean supervised kernel of several inputs and observables as a Kronecker product A ⊗ B, and its eigenvalues αβ.

The mean is bilinear: a(σ_δδ') · b(O_i, O_j), with A = a(σ) from the Gram matrix of the inputs. Eigenvalues are exact
from exact data: for each pair of irreducible factors of the two characteristic polynomials, the products of their roots
are the eigenvalues of the Kronecker product of their companion matrices.

Reference: liu2023, Eqs. (17)–(21).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from haarqntk._arguments import rational
from haarqntk._lazy import LazyModule
from haarqntk._qobj import complex_array, plain
from haarqntk.algebra import RationalFunction, TracePolynomial, rational_spectrum
from haarqntk.errors import CostError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

sympy = LazyModule("sympy")

Matrix: TypeAlias = list[list[Fraction]]

_LARGEST_EXACT_GRAM = 16  # isolating the roots of a dense rational matrix: seconds at 16, minutes beyond


def overlap_factor(mean: TracePolynomial) -> tuple[RationalFunction, RationalFunction]:
    """The coefficients (u, v) of a(σ) = u + vσ, with a(1) = 1, in the factorisation of the mean.

    Every monomial in traces must give the same (u, v), or the mean would not be a Kronecker product.
    """
    at_one, at_zero = (mean.substitute({"sigma": TracePolynomial.constant(sigma)}) for sigma in (1, 0))
    ratios = {at_zero.terms.get(monomial, RationalFunction(0)) / c for monomial, c in at_one.terms.items()}
    (u,) = ratios
    return u, 1 - u


def squared_gram(gram: object, D: int) -> Matrix | NDArray[np.float64]:
    """|⟨φ_δ|φ_δ'⟩|² from a checked Gram matrix: Fractions from exact data, else a float array."""
    given = plain("gram", gram, "operator")
    approximate = complex_array("gram", given, "operator")
    rows: Any = given.tolist() if hasattr(given, "tolist") else given
    n = len(approximate) if approximate.ndim else 0
    if approximate.shape != (n, n) or n == 0:
        raise InputError(f"gram must be a square matrix, got shape {approximate.shape}")
    tolerance = 1e-10 * n
    if np.abs(approximate - approximate.conj().T).max() > tolerance:
        raise InputError("gram must be Hermitian: gram[i][j] is the conjugate of gram[j][i]")
    if np.abs(np.diag(approximate) - 1).max() > tolerance:
        raise InputError("gram must have unit diagonal: the inputs are normalised")
    eigenvalues = np.linalg.eigvalsh(approximate)
    if eigenvalues[0] < -tolerance:
        raise InputError(f"gram must be positive semidefinite, got the eigenvalue {eigenvalues[0]:.3g}")
    rank = int((eigenvalues > tolerance).sum())
    if rank > D:
        raise InputError(f"gram must have rank at most D = {D}, got rank {rank}")
    if any(isinstance(x, float | complex) for row in rows for x in row):
        return np.asarray(np.abs(approximate) ** 2)
    if n > _LARGEST_EXACT_GRAM:
        raise CostError(
            f"an exact gram of {n} inputs would not finish: its roots have degree up to {n}; "
            f"the largest is {_LARGEST_EXACT_GRAM}; pass floats"
        )
    return [[rational("each entry of gram", x) ** 2 for x in row] for row in rows]


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
