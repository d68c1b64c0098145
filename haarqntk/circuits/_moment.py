"""The front of the room: the mean of a product of copies, for one layer pattern or summed over the layers."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from math import factorial
from typing import TYPE_CHECKING

from haarqntk.circuits._boundary import observable_traces
from haarqntk.circuits._copies import Copy, LayerPattern, canonical_pattern, layer_patterns
from haarqntk.circuits._definition import mean_of_pattern_by_definition
from haarqntk.circuits._walk import walk
from haarqntk.errors import CostError, InputError
from haarqntk.exact import RationalFunction
from haarqntk.traces import Monomial, TracePolynomial, multiply_monomials

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.haar import Dimension

LARGEST_K = 6


def mean_of_product(
    copies: Sequence[Copy], *, dimension: Dimension = None, method: str = "walk"
) -> TracePolynomial:
    """The mean of Π_copies summed over all their layer indices, 1 … L each, under ``segments``.

    Args:
        copies: The factors; their number k is the design order that the result needs.
        dimension: An even integer D ≥ 2, exact there also below k; or None for the symbol D.
        method: "walk" (default) or "definition", the Gram route, for small k.

    Returns:
        A polynomial in L, the traces of the observables and the overlaps of the states, over Q(D).

    Raises:
        CostError: If there are more than 6 copies.

    Examples:
        >>> mean_of_product([Copy(("l",)), Copy(("l",))]).to_sympy()
        2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
    """
    _refuse_too_many(copies)
    counts = Counter(canonical_pattern(copies, pattern) for pattern in layer_patterns(copies))
    total = TracePolynomial({})
    for (labels, pattern), count in counts.items():
        mean = _mean(labels, pattern, dimension, method)
        total = total + mean * _binomial_in_L(len(pattern)) * count
    return total


def mean_of_pattern(
    copies: Sequence[Copy], pattern: LayerPattern, *, dimension: Dimension = None, method: str = "walk"
) -> TracePolynomial:
    """The mean of Π_copies for one choice of distinct layers in the order of ``pattern``.

    Raises:
        InputError: If a block does not have one count for each copy.
        CostError: If there are more than 6 copies.
    """
    _refuse_too_many(copies)
    for block in pattern:
        if len(block) != len(copies) or min(block) < 0:
            raise InputError(f"each block of pattern must count {len(copies)} copies from 0 up, got {block}")
    return _mean(*canonical_pattern(copies, pattern), dimension, method)


def _mean(
    labels: tuple[tuple[str, str], ...], pattern: LayerPattern, dimension: Dimension, method: str
) -> TracePolynomial:
    if any(sum(block) % 2 for block in pattern):
        return TracePolynomial({})  # an odd number of traceless involutions in one layer averages to zero
    sign = -1 if sum(map(sum, pattern)) % 4 else 1  # i for each commutator; their number is even
    states, observables = (tuple(column) for column in zip(*labels, strict=True))
    if method == "definition":
        return mean_of_pattern_by_definition(states, observables, pattern, dimension) * sign
    vector = walk(states, pattern, dimension)
    monomials, place = observable_traces(observables)
    terms: defaultdict[Monomial, RationalFunction] = defaultdict(RationalFunction)
    for i, traces in enumerate(monomials):
        rows = vector.coefficients[place == i].astype(object).sum(axis=0)
        for row, overlaps in zip(rows, vector.invariants, strict=True):
            value = RationalFunction(row.tolist()) / vector.scale
            terms[multiply_monomials(overlaps, traces)] += value * sign
    return TracePolynomial(terms)


def _refuse_too_many(copies: Sequence[Copy]) -> None:
    k = len(copies)
    if k > LARGEST_K:
        raise CostError(
            f"k = {k} copies would not finish: the walk has {factorial(k)} coefficients; "
            f"the largest k is {LARGEST_K}"
        )


def _binomial_in_L(m: int) -> TracePolynomial:
    """C(L, m) as a polynomial in L."""
    L = TracePolynomial.variable("L")
    product = TracePolynomial.constant(Fraction(1, factorial(m)))
    for i in range(m):
        product = product * (L - TracePolynomial.constant(i))
    return product
