r"""A layer, slot by slot: the average of i[X̃, ·] on some copies of P_σ, X̃ = VXV† with V Haar.

Expanding the commutators puts s operators X̃ to the left and right of P_σ. Their average is a sum over
π ∈ S_s of permutation operators (``haar.twirl_of_power``), and contracting P_π with the s slots gives

.. math:: P_\sigma \mapsto D^{\mathrm{loops}} P_{\sigma'},

where σ' is the first-return map to the copies of the permutation that leads through copies and slots, and
the loops are its cycles through slots only. So each (placement, π) sends each σ to one σ'; no k! × k! matrix.
The best route for few slots: s! · 2^s · k! terms. The overlaps of ``_recursion.py`` take over where s is larger.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from math import comb, factorial, prod
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from haarqntk.algebra import GeneratorTrace, over_common_denominator
from haarqntk.combinatorics import (
    Partition,
    all_permutations,
    class_indices,
    least_of_cycle,
    partitions,
    permutation_rank,
)
from haarqntk.designs import Dimension, dimension_as_field, twirl_by_power_sums, twirl_of_power

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from haarqntk.algebra import Monomial, RationalFunction

Placement: TypeAlias = tuple[tuple[int, int, int], ...]  # per copy: power of X left, right, coefficient


@dataclass(frozen=True, slots=True, eq=False)
class SparseOperator:
    """A linear operator on vectors over S_k with polynomial entries: Σ value · D^power |target⟩⟨source|.

    Attributes:
        power: Power of D of each entry, shape (n,); zero throughout at an integer dimension.
        target: Row of each entry, shape (n,); entries are sorted by (power, target).
        source: Column of each entry, shape (n,).
        value: Coefficient of each entry, shape (n,), Python integers.
    """

    power: NDArray[np.int64]
    target: NDArray[np.int64]
    source: NDArray[np.int64]
    value: NDArray[np.object_]


@lru_cache(maxsize=256)
def layer_operators(
    block: tuple[int, ...], generators: str, dimension: Dimension = None
) -> tuple[tuple[tuple[Monomial, SparseOperator], ...], RationalFunction]:
    """The averaged layer that differentiates copy a ``block[a]`` times.

    The factor i of each commutator is left out; ``mean_of_pattern`` restores it.

    Returns:
        An operator for each monomial in generator traces (one, the empty monomial, for Pauli generators),
        and their common denominator.
    """
    groups: defaultdict[int, list[Placement]] = defaultdict(list)
    for placement in placements(block, generators):
        groups[num_slots(placement)].append(placement)
    twirls = {
        (s, mu, monomial): value
        for s in groups
        for monomial, twirl in generator_twirls(s, generators, dimension).items()
        for mu, value in twirl.items()
        if value
    }
    numerators, scale = over_common_denominator(list(twirls.values()))
    pieces: defaultdict[Monomial, list[tuple[NDArray[np.int64], NDArray[np.object_]]]] = defaultdict(list)
    for (s, mu, monomial), numerator in zip(twirls, numerators, strict=True):
        class_of_pi, loops, target, source, count = _contractions(len(block), s, tuple(groups[s]))
        rows = class_of_pi == partitions(s).index(mu)
        for power, value in enumerate(numerator):
            if not value:
                continue
            shift: NDArray[np.int64] = power + loops[rows] if dimension is None else 0 * loops[rows]
            scaling = 1 if dimension is None else np.array(dimension, dtype=object) ** loops[rows]
            weight = count[rows].astype(object) * value * scaling
            pieces[monomial].append((np.stack([shift, target[rows], source[rows]]), weight))
    return tuple((monomial, _as_operator(found)) for monomial, found in pieces.items()), scale


def layer_vanishes(block: tuple[int, ...], generators: str) -> bool:
    """Whether the average of a layer is zero at sight.

    An odd number of traceless involutions averages to zero; a single generator averages to a multiple of 1,
    with which everything commutes.
    """
    num_commutators = sum(block)
    return num_commutators % 2 == 1 if generators == "pauli" else num_commutators == 1


def placements(block: tuple[int, ...], generators: str = "pauli") -> list[Placement]:
    """Every way to choose a word of each copy's commutators."""
    return list(product(*(commutator_words(count, generators) for count in block)))


def num_slots(placement: Placement) -> int:
    """The number s of operators X̃ that a placement inserts."""
    return sum(left + right for left, right, _ in placement)


def most_slots(block: tuple[int, ...], generators: str) -> int:
    """The most generators that one word of the block's commutators holds: the degree of the layer in X.

    Examples:
        >>> most_slots((1, 2, 3), "pauli"), most_slots((1, 2, 3), "general")  # X³ = X
        (4, 6)
    """
    return max(map(num_slots, placements(block, generators)))


def commutator_words(count: int, generators: str = "pauli") -> list[tuple[int, int, int]]:
    """The expansion of [X, ·]^count: (power of X on the left, on the right, coefficient).

    Examples:
        >>> commutator_words(1)  # XR − RX
        [(0, 1, -1), (1, 0, 1)]
        >>> commutator_words(2)  # 2R − 2XRX, since X² = 1
        [(0, 0, 2), (1, 1, -2)]
        >>> commutator_words(2, "general")  # X²R − 2XRX + RX²
        [(0, 2, 1), (1, 1, -2), (2, 0, 1)]
    """
    modulus = 2 if generators == "pauli" else count + 1
    words: defaultdict[tuple[int, int], int] = defaultdict(int)
    for right in range(count + 1):
        words[(count - right) % modulus, right % modulus] += (-1) ** right * comb(count, right)
    return sorted((*powers, coefficient) for powers, coefficient in words.items() if coefficient)


def generator_twirls(
    s: int, generators: str, dimension: Dimension
) -> dict[Monomial, dict[Partition, RationalFunction]]:
    """The twirl of X^{⊗s} by monomials in X_j = Tr X^j; for Pauli generators X_j is D or 0 and none is left."""
    if generators == "pauli":
        D = dimension_as_field(dimension)
        return {(): twirl_of_power(s, lambda j: D * (1 - j % 2), dimension)}
    return {
        tuple(sorted(Counter(map(GeneratorTrace, nu)).items())): twirl
        for nu, twirl in twirl_by_power_sums(s, dimension).items()
    }


@lru_cache(maxsize=64)
def _contractions(k: int, s: int, group: tuple[Placement, ...]) -> tuple[NDArray[np.int64], ...]:
    """All contractions over σ ∈ S_k and π ∈ S_s: columns place of π's class, loops, σ', σ, count with signs."""
    size, pis = factorial(k), all_permutations(s)
    source = np.arange(size)[None, :]
    keys, signs = [], []
    for placement in group:
        returned, loops = first_return(_successors(k, s, placement, pis), k)
        target = permutation_rank(np.argsort(returned, axis=-1))
        key = ((class_indices(s)[:, None] * (s + 1) + loops) * size + target) * size + source
        keys.append(key.ravel())
        signs.append(np.full(key.size, prod(c for _, _, c in placement), dtype=np.int64))
    distinct, place = np.unique(np.concatenate(keys), return_inverse=True)
    counts = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(counts, place, np.concatenate(signs))
    distinct, counts = distinct[counts != 0], counts[counts != 0]
    rest, sources = np.divmod(distinct, size)
    rest, targets = np.divmod(rest, size)
    class_index, loops = np.divmod(rest, s + 1)
    return class_index, loops, targets, sources, counts


def _successors(k: int, s: int, placement: Placement, pis: NDArray[np.int64]) -> NDArray[np.int64]:
    """The permutation of the k copies and s slots that reads the words, for each π and σ: shape (s!, k!, k + s)."""
    # under the trace against ⊗A the word of copy a is [right slots] A_a [left slots], then copy σ⁻¹(a)
    slots = iter(range(k, k + s))
    chains = [
        [*[next(slots) for _ in range(right)], a, *[next(slots) for _ in range(left)]]
        for a, (left, right, _) in enumerate(placement)
    ]
    inverses = np.argsort(all_permutations(k), axis=1)  # σ⁻¹, one row each
    first = np.array([chain[0] for chain in chains], dtype=np.int64)
    successor = np.empty((len(inverses), k + s), dtype=np.int64)
    for a, chain in enumerate(chains):
        for point, following in pairwise(chain):
            successor[:, point] = following
        successor[:, chain[-1]] = first[inverses[:, a]]
    through = np.concatenate([np.broadcast_to(np.arange(k), (len(pis), k)), k + pis], axis=1)
    return np.stack([successor[:, row] for row in through])


def first_return(steps: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What permutations along the last axis induce on the first k points, and how many cycles pass none of these."""
    num_points = steps.shape[-1]
    starts = np.arange(0, steps.size, num_points).reshape(*steps.shape[:-1], 1)  # of the rows of a flat array
    flat, returned = steps.ravel(), steps[..., :k]
    for _ in range(num_points - k):
        returned = np.where(returned < k, returned, flat.take(starts + returned))
    loops = (least_of_cycle(steps)[..., k:] == np.arange(k, num_points)).sum(axis=-1)
    return returned, loops


def _as_operator(pieces: list[tuple[NDArray[np.int64], NDArray[np.object_]]]) -> SparseOperator:
    """One entry for each (power, target, source), equal ones added, sorted."""
    keys = np.concatenate([keys for keys, _ in pieces], axis=1)
    values = np.concatenate([values for _, values in pieces])
    order = np.lexsort(keys[::-1])
    keys, values = keys[:, order], values[order]
    is_first = np.ones(len(values), dtype=bool)
    is_first[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    totals = np.add.reduceat(values, np.flatnonzero(is_first))
    power, target, source = keys[:, is_first][:, totals != 0]
    return SparseOperator(power, target, source, totals[totals != 0])
