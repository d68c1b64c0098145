r"""A layer: the average of i[X̃, ·] on some copies of a permutation operator, X̃ = VXV† with V Haar.

Expanding the commutators puts s operators X̃ to the left and right of P_σ. Their average is a sum over
π ∈ S_s of permutation operators (``haar.twirl_of_power``), and contracting P_π with the s slots gives

.. math:: P_\sigma \mapsto D^{\mathrm{loops}} P_{\sigma'},

where σ' is the first-return map to the copies of the permutation that walks through copies and slots, and
the loops are its cycles through slots only. So each (placement, π) sends each σ to one σ'; no k! × k! matrix.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from math import comb, prod
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from haarqntk.combinatorics import Partition, all_permutations, cycle_type, permutation_rank
from haarqntk.exact import RationalFunction, over_common_denominator
from haarqntk.haar import Dimension, dimension_as_field, twirl_of_power

if TYPE_CHECKING:
    from numpy.typing import NDArray

Entry: TypeAlias = tuple[int, int, int]  # power of D, target σ', source σ


@dataclass(frozen=True, slots=True, eq=False)
class SparseOperator:
    """A linear operator on vectors over S_k with polynomial entries: Σ value · D^power |target⟩⟨source|, / scale.

    Attributes:
        power: Power of D of each entry, shape (n,); zero throughout at an integer dimension.
        target: Row of each entry, shape (n,); entries are sorted by (power, target).
        source: Column of each entry, shape (n,).
        value: Coefficient of each entry, shape (n,), Python integers.
        scale: The common denominator.
    """

    power: NDArray[np.int64]
    target: NDArray[np.int64]
    source: NDArray[np.int64]
    value: NDArray[np.object_]
    scale: RationalFunction


@lru_cache(maxsize=256)
def layer_operator(block: tuple[int, ...], dimension: Dimension = None) -> SparseOperator:
    """The averaged layer that differentiates copy a ``block[a]`` times; generators with X² = 1, Tr X = 0.

    The factor i of each commutator is left out; ``mean_of_pattern`` restores it.
    """
    counts: defaultdict[tuple[int, int, int, int, Partition], int] = defaultdict(int)
    for placement in product(*map(commutator_words, block)):
        left = tuple(a for a, (power, _, _) in enumerate(placement) if power)
        right = tuple(a for a, (_, power, _) in enumerate(placement) if power)
        sign = prod(coefficient for _, _, coefficient in placement)
        for key, count in _contractions(len(block), left, right).items():
            counts[key] += sign * count
    twirls = _involution_twirls({s for s, *_ in counts}, dimension)
    classes = list(twirls)
    numerators, scale = over_common_denominator([twirls[c] for c in classes])
    numerator_of = dict(zip(classes, numerators, strict=True))
    entries: defaultdict[Entry, int] = defaultdict(int)
    for (s, loops, target, source, mu), count in counts.items():
        for power, value in enumerate(numerator_of[s, mu]):
            if dimension is None:
                entries[power + loops, target, source] += count * value
            else:
                entries[0, target, source] += count * value * dimension**loops
    return _as_operator(entries, scale)


def commutator_words(count: int) -> list[tuple[int, int, int]]:
    """The expansion of [X, ·]^count for X² = 1: (power of X on the left, on the right, coefficient).

    Examples:
        >>> commutator_words(1)  # XR − RX
        [(0, 1, -1), (1, 0, 1)]
        >>> commutator_words(2)  # 2R − 2XRX
        [(0, 0, 2), (1, 1, -2)]
    """
    words: defaultdict[tuple[int, int], int] = defaultdict(int)
    for right in range(count + 1):
        words[(count - right) % 2, right % 2] += (-1) ** right * comb(count, right)
    return sorted((*powers, coefficient) for powers, coefficient in words.items() if coefficient)


def _involution_twirls(
    sizes: set[int], dimension: Dimension
) -> dict[tuple[int, Partition], RationalFunction]:
    """(s, cycle type) → coefficient of the twirl of X^{⊗s}: Tr X^j is D for even j and 0 for odd j."""
    D = dimension_as_field(dimension)
    return {
        (s, mu): value
        for s in sorted(sizes)
        for mu, value in twirl_of_power(s, lambda j: D * (1 - j % 2), dimension).items()
    }


@cache
def _contractions(
    k: int, left: tuple[int, ...], right: tuple[int, ...]
) -> dict[tuple[int, int, int, int, Partition], int]:
    """Count (s, loops, σ', σ, class of π) over σ ∈ S_k and π ∈ S_s, slots left and right of those copies.

    Under the trace against ⊗A the word of copy a is [right slot] A_a [left slot], then copy σ⁻¹(a).
    """
    s = len(left) + len(right)
    left_slot = {a: k + i for i, a in enumerate(left)}
    right_slot = {a: k + len(left) + i for i, a in enumerate(right)}
    inverses = np.argsort(all_permutations(k), axis=1)  # σ⁻¹, one row each
    entry = np.array([right_slot.get(a, a) for a in range(k)], dtype=np.int64)
    successor = np.empty((len(inverses), k + s), dtype=np.int64)
    for a in range(k):
        if a in right_slot:
            successor[:, right_slot[a]] = a
        if a in left_slot:
            successor[:, a] = left_slot[a]
        successor[:, left_slot.get(a, a)] = entry[inverses[:, a]]

    found: defaultdict[tuple[int, int, int, int, Partition], int] = defaultdict(int)
    for pi in all_permutations(s):
        walk = successor[:, np.concatenate([np.arange(k), k + pi])]
        targets, loops = _first_return(walk, k)
        mu = cycle_type(tuple(pi.tolist()))
        for source, (target, num_loops) in enumerate(zip(targets.tolist(), loops.tolist(), strict=True)):
            found[s, num_loops, target, source, mu] += 1
    return dict(found)


def _first_return(walk: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rank of σ', whose inverse is the first-return map of ``walk`` to the points below k; its loops."""
    num_points = walk.shape[1]
    returned = walk[:, :k]
    for _ in range(num_points - k):
        onward = np.take_along_axis(walk, returned, axis=1)
        returned = np.where(returned < k, returned, onward)
    label, stride = np.broadcast_to(np.arange(num_points), walk.shape), walk
    for _ in range(
        max(num_points - 1, 1).bit_length()
    ):  # strides 1, 2, 4, …: the smallest point of each cycle
        label = np.minimum(label, np.take_along_axis(label, stride, axis=1))
        stride = np.take_along_axis(stride, stride, axis=1)
    loops = (label[:, k:] == np.arange(k, num_points)).sum(axis=1)
    return permutation_rank(np.argsort(returned, axis=1)), loops


def _as_operator(entries: dict[Entry, int], scale: RationalFunction) -> SparseOperator:
    kept = sorted((key, value) for key, value in entries.items() if value)
    power, target, source = np.array([key for key, _ in kept], dtype=np.int64).reshape(-1, 3).T
    value = np.array([value for _, value in kept], dtype=object)
    return SparseOperator(power, target, source, value, scale)
