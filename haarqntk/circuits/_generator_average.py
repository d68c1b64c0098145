"""The average over the generators alone: output state ρ and Heisenberg observable M = U†OU are kept.

Each layer's generator is Haar-rotated independently. The result is a polynomial in expectation values
m_j = ⟨M^j⟩ of the output state, in traces T_j, and, for several states, in traces of words in M and ρ_a.

Reference: you2023 (the kernel as L → ∞); derivations/00_conventions.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache, reduce
from itertools import accumulate, product
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.algebra import (
    Monomial,
    RationalFunction,
    TracePolynomial,
    mixed_traces,
    multiply_monomials,
    over_common_denominator,
)
from haarqntk.circuits._insertion import (
    first_return,
    generator_twirls,
    layer_vanishes,
    num_slots,
    placements,
)
from haarqntk.circuits._terms import columns_of
from haarqntk.combinatorics import (
    all_permutations,
    class_indices,
    cycles,
    partitions,
    permutation_rank,
    symmetric_group,
)
from haarqntk.designs import Dimension, dimension_as_field
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from haarqntk.circuits._insertion import Placement
    from haarqntk.circuits._terms import Label, LayerPattern

    BlockPlacements = tuple[Placement, ...]


def generator_average(
    labels: tuple[Label, ...], pattern: LayerPattern, generators: str, dimension: Dimension
) -> TracePolynomial:
    """The mean of a product of copies for one choice of distinct layers, over the generators only."""
    if any(layer_vanishes(block, generators) for block in pattern):
        return TracePolynomial({})
    num_commutators = sum(map(sum, pattern))
    if num_commutators % 2 and len(set(labels)) > 1:
        raise InputError(
            "a moment with an odd number of derivatives in a kept state must have one state and one "
            f"observable, got {', '.join(' '.join(label) for label in sorted(set(labels)))}; more leave a phase"
        )
    if num_commutators % 2:
        return TracePolynomial({})  # i^odd times real terms, but the mean of a real variable is real
    sign = -1 if num_commutators % 4 else 1
    by_slots: defaultdict[tuple[int, ...], Counter[BlockPlacements]] = defaultdict(Counter)
    for placement in product(*(placements(block, generators) for block in pattern)):
        # copies of one label may change places; the labels are sorted
        columns = sorted(columns_of(labels, placement))
        alike = tuple(zip(*(column for _, column in columns), strict=True))
        by_slots[tuple(map(num_slots, placement))][alike] += 1
    parts = (_contract(labels, group, generators, dimension) for group in by_slots.values())
    return sum(parts, start=TracePolynomial({})) * sign


def _contract(
    labels: tuple[Label, ...], group: Counter[BlockPlacements], generators: str, dimension: Dimension
) -> TracePolynomial:
    """The average of Π_a Tr(M_a [left slots] ρ_a [right slots]), summed over placements with as many slots."""
    # counted in integers; the field is entered once for each kind of contraction
    slots = tuple(num_slots(block) for block in next(iter(group)))
    counts: defaultdict[tuple[int, Monomial], defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    for (classes, loops, rank), count in _contractions(len(labels), slots, group).items():
        counts[classes, _monomial(labels, rank)][loops] += count
    D = dimension_as_field(dimension)
    twirls = _twirls_of_blocks(slots, generators, dimension)
    numerators, scale = over_common_denominator([value for parts in twirls for _, value in parts])
    rest = iter(map(RationalFunction, numerators))
    parts_of_class = [[(traces, next(rest)) for traces, _ in parts] for parts in twirls]
    total: defaultdict[Monomial, RationalFunction] = defaultdict(RationalFunction)
    for (classes, monomial), by_loops in counts.items():
        weight = sum((D**loops * count for loops, count in by_loops.items()), start=RationalFunction(0))
        for traces, value in parts_of_class[classes]:
            total[multiply_monomials(monomial, traces)] += value * weight
    return TracePolynomial({monomial: value / scale for monomial, value in total.items()})


@lru_cache(maxsize=64)
def _twirls_of_blocks(
    slots: tuple[int, ...], generators: str, dimension: Dimension
) -> list[list[tuple[Monomial, RationalFunction]]]:
    """The products of the twirls of the blocks, one list for each choice of cycle types, as in ``_choices``."""
    twirls = [generator_twirls(s, generators, dimension) for s in slots]
    return [
        [
            (
                reduce(multiply_monomials, (traces for traces, _ in parts), ()),
                prod(
                    (twirl[mu] for (_, twirl), mu in zip(parts, classes, strict=True)),
                    start=RationalFunction(1),
                ),
            )
            for parts in product(*(twirl.items() for twirl in twirls))
        ]
        for classes in product(*map(partitions, slots))
    ]


def _contractions(
    k: int, slots: tuple[int, ...], group: Counter[BlockPlacements]
) -> dict[tuple[int, int, int], int]:
    """All contractions of the slots: (place among the cycle types, loops, rank of a permutation of letters) → count."""
    # letter 2a is the observable of copy a, 2a + 1 its state; the permutation sends each to the one that follows
    num_letters, size = 2 * k, factorial(2 * k)
    classes, through = _choices(num_letters, slots)
    most_loops = sum(slots) + 1
    counts: defaultdict[int, int] = defaultdict(int)
    for placement, times in group.items():
        returned, loops = first_return(_successor(k, placement, slots)[through], num_letters)
        keys, repeated = np.unique(
            (classes * most_loops + loops) * size + permutation_rank(returned), return_counts=True
        )
        coefficient = prod((c for block in placement for _, _, c in block), start=times)
        for key, number in zip(keys.tolist(), repeated.tolist(), strict=True):
            counts[key] += number * coefficient
    return {(*divmod(key // size, most_loops), key % size): count for key, count in counts.items() if count}


@lru_cache(maxsize=16)
def _choices(num_letters: int, slots: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every choice of a permutation of each block's slots: the place of its cycle types, and what it does."""
    classes = np.zeros(1, dtype=np.int64)
    through = np.arange(num_letters)[None, :]
    for s in slots:
        pis = all_permutations(s)
        classes = (classes[:, None] * len(partitions(s)) + class_indices(s)).ravel()
        moved = np.tile(through.shape[1] + pis, (len(through), 1))
        through = np.concatenate([np.repeat(through, len(pis), axis=0), moved], axis=1)
    return classes, through


def _successor(k: int, placement: BlockPlacements, slots: tuple[int, ...]) -> NDArray[np.int64]:
    """The point that follows each letter and slot."""
    # the word of a copy is M, its left slots with the last layer first, ρ, its right slots with the first layer first
    firsts = [2 * k, *(2 * k + total for total in accumulate(slots))]
    free = [iter(range(first, first + s)) for first, s in zip(firsts, slots, strict=False)]
    successor = np.empty(firsts[-1], dtype=np.int64)
    for a in range(k):
        left = [next(free[b]) for b in reversed(range(len(slots))) for _ in range(placement[b][a][0])]
        right = [next(free[b]) for b in range(len(slots)) for _ in range(placement[b][a][1])]
        word = [2 * a, *left, 2 * a + 1, *right]
        successor[word] = [*word[1:], word[0]]
    return successor


@lru_cache(maxsize=50_000)
def _monomial(labels: tuple[Label, ...], rank: int) -> Monomial:
    """The product of the traces of the words into which a permutation of the letters falls."""
    letters = [
        letter for label in labels for letter in zip(("observable", "state"), reversed(label), strict=True)
    ]
    order = symmetric_group(len(letters))[rank]
    return mixed_traces(tuple(letters[point] for point in cycle) for cycle in cycles(order))
