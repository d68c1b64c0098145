r"""A layer, overlap by overlap: Tr(P_τ† · insertion(P_σ)) for all τ and σ, then the Weingarten function.

With X² = 1 and Tr X = 0 the overlap is D^{cycles of π}, π = τ⁻¹σ, if every cycle of π holds an even number of
X, else 0. A placement puts its X on a set of points that depends on τ only, and whether a set meets every
cycle of π evenly depends on π only: all overlaps are one product of two small integer tables, whatever the
number of slots. The best route for many slots; the twirl that follows costs (k!)².
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from haarqntk.algebra import over_common_denominator
from haarqntk.circuits._boundary import quotient_classes
from haarqntk.circuits._insertion import placements
from haarqntk.combinatorics import all_permutations, cycles, permutation_rank
from haarqntk.designs import Dimension, twirl_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from haarqntk.algebra import RationalFunction

Polynomials: TypeAlias = "NDArray[np.int64] | NDArray[np.object_]"
"""Vectors over S_k with polynomial entries, shape (k!, invariants, degree + 1)."""

_INT64_SAFE = 2**62


def apply_by_overlaps(
    block: tuple[int, ...], dimension: Dimension, vector: Polynomials
) -> tuple[Polynomials, RationalFunction]:
    """The averaged layer on a vector of shape (k!, invariants, degree + 1), and the denominator it brings."""
    k = len(block)
    overlaps, num_cycles = _overlap_table(block)
    result: Polynomials = np.zeros((*vector.shape[:2], 1), dtype=np.int64)
    for c in range(1, k + 1):
        part = _multiply(np.where(num_cycles == c, overlaps, 0), vector)
        result = _add(result, _times_power(part, c, dimension))
    weights = list(twirl_weights(k, dimension).values())
    numerators, scale = over_common_denominator(weights)
    classes = quotient_classes(k)
    twirled: Polynomials = np.zeros((*vector.shape[:2], 1), dtype=np.int64)
    for power in range(max(map(len, numerators))):
        column = np.array([n[power] if power < len(n) else 0 for n in numerators], dtype=object)
        if column.any():
            part = _multiply(smallest_integers(column)[classes], result)
            twirled = _add(twirled, _times_power(part, power, None))
    return twirled, scale


@lru_cache(maxsize=16)
def _overlap_table(block: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The signed counts of even placements, and the cycles of τ⁻¹σ, both of shape (k!, k!) over (τ, σ)."""
    k = len(block)
    group = all_permutations(k)
    inverses = np.argsort(group, axis=1)
    bit = 1 << np.arange(k)
    # X to the left of P_σ on copy a sits on the point τ⁻¹(a), X to the right on the point a
    weights = np.zeros((len(group), 1 << k), dtype=np.int64)
    for placement in placements(block):
        points = np.zeros(len(group), dtype=np.int64)
        for a, (left, right, _) in enumerate(placement):
            points ^= left * bit[inverses[:, a]] ^ right * bit[a]
        np.add.at(weights, (np.arange(len(group)), points), prod(c for _, _, c in placement))
    is_even = np.ones((len(group), 1 << k), dtype=np.int64)
    num_cycles = np.empty(len(group), dtype=np.int64)
    subsets = np.arange(1 << k)
    for i, pi in enumerate(group.tolist()):
        found = cycles(tuple(pi))
        num_cycles[i] = len(found)
        for cycle in found:
            is_even[i] &= 1 ^ (np.bitwise_count(subsets & sum(1 << point for point in cycle)) & 1)
    quotient = np.stack([permutation_rank(inverse[group]) for inverse in inverses])  # rank of τ⁻¹σ
    by_quotient = weights @ is_even.T
    return np.take_along_axis(by_quotient, quotient, axis=1), num_cycles[quotient]


def _multiply(matrix: Polynomials, vector: Polynomials) -> Polynomials:
    """The exact product over the first axis of ``vector``, in machine integers where a bound proves it safe."""
    bound = max(int(np.abs(matrix).sum(axis=1).max()), 1) * max(int(np.abs(vector).max(initial=0)), 1)
    dtype = np.int64 if bound < _INT64_SAFE else object
    flat = vector.reshape(len(vector), -1).astype(dtype)
    return np.asarray(matrix.astype(dtype) @ flat).reshape(vector.shape)


def _times_power(vector: Polynomials, power: int, dimension: Dimension) -> Polynomials:
    """Multiply by D^power: a shift at the symbol, a number at an integer."""
    if dimension is None:
        shifted: Polynomials = np.zeros((*vector.shape[:2], power + vector.shape[2]), dtype=vector.dtype)
        shifted[:, :, power:] = vector
        return shifted
    return smallest_integers(vector.astype(object) * dimension**power)


def _add(left: Polynomials, right: Polynomials) -> Polynomials:
    length = max(left.shape[-1], right.shape[-1])
    padded = [np.pad(x, [(0, 0), (0, 0), (0, length - x.shape[-1])]).astype(object) for x in (left, right)]
    return smallest_integers(padded[0] + padded[1])


def smallest_integers(values: NDArray[np.object_]) -> Polynomials:
    """Machine integers if they hold the values."""
    return values.astype(np.int64) if int(np.abs(values).max(initial=0)) < _INT64_SAFE else values
