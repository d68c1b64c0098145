"""One walk as the definition says: overlaps with every permutation operator, then the Gram inverse.

Shares neither the insertion nor the twirl with ``_walk.py``: a layer is inserted with a fixed generator X and
its overlaps Tr(P_τ† · insertion(P_σ)) are counted cycle by cycle (an even number of X in a cycle gives D, an
odd one 0); the segment is twirled with the Weingarten function from the Gram matrix. Slow: k ≤ 4.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from haarqntk.algebra import (
    RationalFunction,
    TracePolynomial,
    product_of_state_invariants,
    product_of_traces,
)
from haarqntk.combinatorics import all_permutations, compose, cycle_type, cycles, inverse
from haarqntk.designs import Dimension, dimension_as_field
from haarqntk.errors import CostError
from haarqntk.groups import weingarten_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.circuits._copies import LayerPattern
    from haarqntk.combinatorics import Permutation

LARGEST_K = 4


def mean_of_pattern_by_definition(
    states: Sequence[str], observables: Sequence[str], pattern: LayerPattern, dimension: Dimension
) -> TracePolynomial:
    """The mean of one layer pattern, without the factor i of each commutator.

    Raises:
        CostError: If there are more than 4 copies.
    """
    k = len(states)
    if k > LARGEST_K:
        raise CostError(f"k = {k} copies would not finish by definition; the largest k is {LARGEST_K}")
    group = [tuple(row) for row in all_permutations(k).tolist()]
    D = dimension_as_field(dimension)
    gram_inverse = {
        mu: w.value if dimension is None else RationalFunction(w.at(dimension))
        for mu, w in weingarten_table(k, method="definition").items()
    }

    def twirl(overlaps: dict[Permutation, TracePolynomial]) -> dict[Permutation, TracePolynomial]:
        return {
            sigma: sum(
                (b * gram_inverse[cycle_type(compose(sigma, inverse(tau)))] for tau, b in overlaps.items()),
                start=TracePolynomial({}),
            )
            for sigma in group
        }

    average = twirl({tau: _overlap_of_states(tau, states) for tau in group})
    for block in pattern:
        average = twirl(
            {
                tau: sum(
                    (average[sigma] * _overlap_of_insertion(tau, sigma, block, D) for sigma in group),
                    start=TracePolynomial({}),
                )
                for tau in group
            }
        )
    return sum(
        (average[sigma] * _trace_of_observables(sigma, observables) for sigma in group),
        start=TracePolynomial({}),
    )


def _overlap_of_insertion(
    tau: Permutation, sigma: Permutation, block: tuple[int, ...], D: RationalFunction
) -> RationalFunction:
    """Tr(P_τ⁻¹ · Π_a [X_a, ·]^{block[a]}(P_σ)), term by term: each commutator acts from the left or the right.

    X_a to the left of P_σ is X on the point τ⁻¹(a) to the left of P_τ⁻¹P_σ; to the right, on the point a.
    """
    total = RationalFunction(0)
    sites = [a for a, count in enumerate(block) for _ in range(count)]
    quotient = cycles(compose(inverse(tau), sigma))
    cycle_of = {point: i for i, cycle in enumerate(quotient) for point in cycle}
    back = inverse(tau)
    for sides in product((1, -1), repeat=len(sites)):
        parity = [0] * len(quotient)
        sign = 1
        for site, side in zip(sites, sides, strict=True):
            # right factors sit before P_τ⁻¹ under the cyclic trace, at their own point
            parity[cycle_of[back[site] if side == 1 else site]] ^= 1
            sign *= side
        if not any(parity):
            total = total + D ** len(quotient) * sign
    return total


def _overlap_of_states(tau: Permutation, states: Sequence[str]) -> TracePolynomial:
    words = (tuple(states[a] for a in cycle) for cycle in cycles(tau))
    return TracePolynomial({product_of_state_invariants(words): RationalFunction(1)})


def _trace_of_observables(sigma: Permutation, observables: Sequence[str]) -> TracePolynomial:
    words = (tuple(observables[a] for a in cycle) for cycle in cycles(inverse(sigma)))
    return TracePolynomial({product_of_traces(words): RationalFunction(1)})
