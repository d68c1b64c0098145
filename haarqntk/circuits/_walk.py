"""The walk: from the twirled input states through the layers of a pattern, as vectors over S_k.

After every Haar segment the average of ⊗_a U ρ_a U† lies in the span of the permutation operators, so it is
a vector of k! coefficients. They are kept as integer polynomials in D over one common denominator: machine
integers while a proven bound allows, Python integers past it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.circuits._boundary import twirled_states
from haarqntk.circuits._insertion import SparseOperator, layer_operator, num_slots, placements
from haarqntk.circuits._overlaps import apply_by_overlaps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from haarqntk.circuits._copies import LayerPattern
    from haarqntk.exact import RationalFunction
    from haarqntk.haar import Dimension
    from haarqntk.traces import Monomial

_INT64_SAFE = 2**62
_MOST_SLOTS = 4  # measured at k = 6: 4 slots are faster one by one, 6 by overlaps (benchmarks/moments.py)


@dataclass(frozen=True, slots=True, eq=False)
class WalkVector:
    """Σ_σ Σ_j coefficients[σ, j, p] · D^p · invariants[j] · P_σ / scale.

    Attributes:
        coefficients: Integers, shape (k!, number of invariants, degree + 1).
        invariants: The monomials in overlaps of the input states.
        scale: The common denominator.
    """

    coefficients: NDArray[np.int64] | NDArray[np.object_]
    invariants: tuple[Monomial, ...]
    scale: RationalFunction


@lru_cache(maxsize=512)
def walk(states: tuple[str, ...], pattern: LayerPattern, dimension: Dimension) -> WalkVector:
    """The averaged state after the blocks of ``pattern``; patterns that begin alike share their beginnings."""
    if not pattern:
        return WalkVector(*twirled_states(states, dimension))
    before = walk(states, pattern[:-1], dimension)
    if max(map(num_slots, placements(pattern[-1]))) > _MOST_SLOTS:
        numerators, scale = apply_by_overlaps(pattern[-1], dimension, before.coefficients)
        return WalkVector(numerators, before.invariants, before.scale * scale)
    layer = layer_operator(pattern[-1], dimension)
    return WalkVector(_apply(layer, before.coefficients), before.invariants, before.scale * layer.scale)


def _apply(
    operator: SparseOperator, vector: NDArray[np.int64] | NDArray[np.object_]
) -> NDArray[np.int64] | NDArray[np.object_]:
    """The product: every power of D shifts the polynomials, every run of one target is summed at once."""
    size, width, length = vector.shape
    highest = int(operator.power.max(initial=0))
    total_value = int(np.abs(operator.value).sum()) if len(operator.value) else 0
    largest = int(np.abs(vector).max(initial=0))
    dtype = np.int64 if total_value * max(largest, 1) < _INT64_SAFE else object
    vector, values = vector.astype(dtype), operator.value.astype(dtype)
    result = np.zeros((size, width, length + highest), dtype=dtype)
    for power in range(highest + 1):
        start, stop = np.searchsorted(operator.power, (power, power + 1))
        if start < stop:
            products = values[start:stop, None, None] * vector[operator.source[start:stop]]
            targets, firsts = np.unique(operator.target[start:stop], return_index=True)
            result[targets, :, power : power + length] += np.add.reduceat(products, firsts, axis=0)
    return result
