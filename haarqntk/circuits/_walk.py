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

from haarqntk.algebra import Monomial, multiply_monomials
from haarqntk.circuits._boundary import twirled_states
from haarqntk.circuits._insertion import SparseOperator, layer_operators, num_slots, placements
from haarqntk.circuits._overlaps import Polynomials, apply_by_overlaps, smallest_integers

if TYPE_CHECKING:
    from haarqntk.algebra import RationalFunction
    from haarqntk.circuits._copies import LayerPattern
    from haarqntk.designs import Dimension

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

    coefficients: Polynomials
    invariants: tuple[Monomial, ...]
    scale: RationalFunction


@lru_cache(maxsize=512)
def walk(states: tuple[str, ...], pattern: LayerPattern, generators: str, dimension: Dimension) -> WalkVector:
    """The averaged state after the blocks of ``pattern``; patterns that begin alike share their beginnings."""
    if not pattern:
        return WalkVector(*twirled_states(states, dimension))
    before = walk(states, pattern[:-1], generators, dimension)
    block = pattern[-1]
    if generators == "pauli" and max(map(num_slots, placements(block))) > _MOST_SLOTS:
        numerators, scale = apply_by_overlaps(block, dimension, before.coefficients)
        return WalkVector(numerators, before.invariants, before.scale * scale)
    operators, scale = layer_operators(block, generators, dimension)
    parts = [
        (multiply_monomials(invariant, monomial), apply_operator(operator, before.coefficients[:, [j]]))
        for monomial, operator in operators
        for j, invariant in enumerate(before.invariants)
    ]
    return _stack(parts, len(before.coefficients), before.scale * scale)


def _stack(parts: list[tuple[Monomial, Polynomials]], size: int, scale: RationalFunction) -> WalkVector:
    """One vector from parts with their invariants; equal invariants are added."""
    invariants = tuple(sorted({invariant for invariant, _ in parts}))
    length = max((part.shape[2] for _, part in parts), default=1)
    total = np.zeros((size, max(len(invariants), 1), length), dtype=object)
    for invariant, part in parts:
        total[:, invariants.index(invariant), : part.shape[2]] += part[:, 0]
    return WalkVector(smallest_integers(total), invariants or ((),), scale)


def apply_operator(operator: SparseOperator, vector: Polynomials) -> Polynomials:
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
