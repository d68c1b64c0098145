r"""A layer, slot by slot: the average of i[X̃, ·] on some copies of P_σ, X̃ = VXV† with V Haar.

Expanding the commutators puts s operators X̃ to the left and right of P_σ. Their average is a sum over
π ∈ S_s of permutation operators (``haar.twirl_of_power``), and contracting P_π with the s slots gives

.. math:: P_\sigma \mapsto D^{\mathrm{loops}} P_{\sigma'},

where σ' is the first-return map to the copies of the permutation that leads through copies and slots, and
the loops are its cycles through slots only. So each (placement, π) sends each σ to one σ'; no k! × k! matrix.
The best route for few slots: s! · 2^s · k! terms. The overlaps of ``_recursion.py`` take over where s is larger.

``generator_average`` keeps the output state ρ and M = U†OU and averages the generators alone, each Haar-rotated
independently. The result is a polynomial in expectation values m_j = ⟨M^j⟩ of the output state, in traces T_j, and, for
several states, in traces of words in M and ρ_a.

Reference: you2023 (the kernel as L → ∞); derivations/00_conventions.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import accumulate, pairwise, product
from math import comb, factorial, prod
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from haarqntk.algebra import (
    GeneratorTrace,
    Monomial,
    RationalFunction,
    TracePolynomial,
    mixed_traces,
    multiply_monomials,
    over_common_denominator,
)
from haarqntk.circuits._terms import columns_of
from haarqntk.combinatorics import (
    Partition,
    all_permutations,
    class_indices,
    cycles,
    least_of_cycle,
    partitions,
    permutation_rank,
    symmetric_group,
)
from haarqntk.designs import Dimension, dimension_as_field, twirl_by_power_sums, twirl_of_power
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from haarqntk.circuits._terms import Label, LayerPattern


Placement: TypeAlias = tuple[tuple[int, int, int], ...]  # per copy: power of X left, right, coefficient
BlockPlacements: TypeAlias = tuple[Placement, ...]


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
    for (classes, loops, rank), count in _contractions_of_blocks(len(labels), slots, group).items():
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


def _contractions_of_blocks(
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
