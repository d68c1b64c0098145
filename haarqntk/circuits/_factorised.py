r"""Moments of the kernel alone: K = v·S_L with independent factors, a second route to them at any k.

Under ``segments`` the rotated generators X̃_1 … X̃_L and M = U†OU are independent, each Haar-rotated, and
g_l = Tr(i[M, ρ] X̃_l). The operator i[M, ρ] has the eigenvalues ±√v, v = ⟨M²⟩ − ⟨M⟩² the variance of O in the
output state, so g_l = √v ξ_l with ξ_l = Tr(A X̃_l), A = |+⟩⟨+| − |−⟩⟨−|: K = v Σ_l ξ_l² and

.. math:: \mathbb E K^n = \mathbb E v^n \; \mathbb E \Bigl(\sum_l \xi_l^2\Bigr)^n .

Reference: derivations/04_kernel_variance.md.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import comb, factorial, prod
from typing import TYPE_CHECKING

from haarqntk.algebra import RationalFunction, TracePolynomial, collected
from haarqntk.circuits._insertion import generator_twirls
from haarqntk.combinatorics import class_size, partitions
from haarqntk.designs import Dimension, dimension_as_field
from haarqntk.errors import CostError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.circuits._terms import Copy

LARGEST_POWER = 5


def kernel_power(copies: Sequence[Copy], ensemble: str, generators: str) -> int | None:
    """The n for which the product is g_l² g_m² … with n different indices and one output; None otherwise."""
    if ensemble != "segments" or generators != "pauli":
        return None
    # the moments of v are written in T_j = Tr O^j, the traces of the observable of that name
    same_output = len({copy.state for copy in copies}) == 1 and {copy.observable for copy in copies} == {"O"}
    counts = Counter(copy.layers for copy in copies)
    is_power = same_output and all(len(layers) == 1 and n == 2 for layers, n in counts.items())  # noqa: PLR2004
    return len(counts) if is_power else None


def kernel_moment(n: int, dimension: Dimension = None) -> TracePolynomial:
    """E[K^n] = E[v^n] E[S_L^n], for the observable "O".

    Raises:
        CostError: If n is larger than 5.

    Examples:
        >>> kernel_moment(1).to_sympy()
        2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
    """
    variance, squares = kernel_factors(n, dimension)
    return variance * squares


def kernel_factors(n: int, dimension: Dimension = None) -> tuple[TracePolynomial, TracePolynomial]:
    """E[v^n] and E[S_L^n], the two factors of ``kernel_moment``.

    Raises:
        CostError: If n is larger than 5.
    """
    if n > LARGEST_POWER:
        raise CostError(f"n = {n} would not finish: moments of K run up to the power {LARGEST_POWER}")
    return _variance_moment(n, dimension), _square_sum_moment(n, dimension)


def _square_sum_moment(n: int, dimension: Dimension) -> TracePolynomial:
    """E[(Σ_l ξ_l²)^n]: the n factors fall into blocks of equal layers, of sizes μ."""
    L, one = TracePolynomial.variable("L"), TracePolynomial.constant(1)
    total = TracePolynomial({})
    for mu in partitions(n):
        num_ways = factorial(n) // prod(map(factorial, (*mu, *Counter(mu).values())))
        falling = prod((L - one * i for i in range(len(mu))), start=one)
        total = total + falling * prod(
            (_xi_moment(2 * part, dimension) for part in mu), start=RationalFunction(num_ways)
        )
    return total


def _xi_moment(p: int, dimension: Dimension) -> RationalFunction:
    """E[ξ^p] = Σ_π x(π) Tr(P_π A^{⊗p}), where Tr A^j is 2 for even j and 0 for odd j."""
    twirl = generator_twirls(p, "pauli", dimension)[()]
    weights = {mu: class_size(mu) * prod(2 * (1 - part % 2) for part in mu) for mu in twirl}
    return sum((value * weights[mu] for mu, value in twirl.items()), start=RationalFunction(0))


def _variance_moment(n: int, dimension: Dimension) -> TracePolynomial:
    """E[(⟨M²⟩ − ⟨M⟩²)^n] over a Haar-random state."""
    parts = (_expectation_moment(n - j, 2 * j, dimension) * (comb(n, j) * (-1) ** j) for j in range(n + 1))
    return sum(parts, start=TracePolynomial({}))


def _expectation_moment(a: int, b: int, dimension: Dimension) -> TracePolynomial:
    """E[⟨M²⟩^a ⟨M⟩^b] = a! b! [x^a y^b] exp(Σ_j Tr(xM² + yM)^j/j) / (D (D+1) … (D+a+b−1))."""
    D = dimension_as_field(dimension)
    power_sums = [
        {i: TracePolynomial.variable(f"T{i + j}") * comb(j, i) for i in range(max(0, j - b), min(j, a) + 1)}
        for j in range(1, a + b + 1)
    ]
    # the coefficient of x^i y^{r−i} in h_r, the complete symmetric function: r h_r = Σ_j p_j h_{r−j}
    complete = [{0: TracePolynomial.constant(1)}]
    for r in range(1, a + b + 1):
        products = (
            (i + x, value * rest * Fraction(1, r))
            for sums, h in zip(power_sums, reversed(complete), strict=False)
            for i, value in sums.items()
            for x, rest in h.items()
            if r - b <= i + x <= a
        )
        complete.append(collected(products))
    norm = prod((D + i for i in range(a + b)), start=RationalFunction(1))
    return complete[a + b][a] * (factorial(a) * factorial(b) / norm)
