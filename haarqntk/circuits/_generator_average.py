"""The average over the generators alone: output state ρ and Heisenberg observable M = U†OU are kept.

Each layer's generator is Haar-rotated independently. The result is a polynomial in expectation values
m_j = ⟨M^j⟩ of the output state, in traces T_j, and, for several states, in traces of words in M and ρ_a.

Reference: you2023 (the kernel as L → ∞); derivations/00_conventions.md.
"""

from __future__ import annotations

from collections import defaultdict
from functools import reduce
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from haarqntk.circuits._insertion import commutator_words, generator_twirls, layer_is_silent
from haarqntk.combinatorics import all_permutations, cycle_type, cycles
from haarqntk.errors import InputError
from haarqntk.exact import RationalFunction
from haarqntk.haar import Dimension, dimension_as_field
from haarqntk.traces import Monomial, TracePolynomial, mixed_trace, multiply_monomials

if TYPE_CHECKING:
    from haarqntk.circuits._copies import Label, LayerPattern
    from haarqntk.circuits._insertion import Placement

    BlockPlacements = tuple[Placement, ...]


def generator_average(
    labels: tuple[Label, ...], pattern: LayerPattern, generators: str, dimension: Dimension
) -> TracePolynomial:
    """The mean of a product of copies for one choice of distinct layers, over the generators only."""
    if any(layer_is_silent(block, generators) for block in pattern):
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
    words = [[commutator_words(count, generators) for count in block] for block in pattern]
    total: defaultdict[Monomial, RationalFunction] = defaultdict(RationalFunction)
    for placement in product(*(product(*block) for block in words)):
        coefficient = prod(c for block in placement for _, _, c in block)
        for monomial, value in _contract(labels, placement, generators, dimension).items():
            total[monomial] += value * (coefficient * sign)
    return TracePolynomial(total)


def _contract(
    labels: tuple[Label, ...], placement: BlockPlacements, generators: str, dimension: Dimension
) -> dict[Monomial, RationalFunction]:
    """The average of Π_a Tr(M_a [left slots] ρ_a [right slots]) for one placement."""
    letters, successor, slots_of_block = _words(labels, placement)
    D = dimension_as_field(dimension)
    total: defaultdict[Monomial, RationalFunction] = defaultdict(RationalFunction)
    choices = [all_permutations(len(slots)).tolist() for slots in slots_of_block]
    twirls = [generator_twirls(len(slots), generators, dimension) for slots in slots_of_block]
    for pis in product(*choices):
        walk = list(successor)
        for slots, pi in zip(slots_of_block, pis, strict=True):
            for slot, image in zip(slots, pi, strict=True):
                walk[slot] = successor[slots[image]]
        loops, monomial = _read(walk, letters)
        for parts in product(*(twirl.items() for twirl in twirls)):
            value = D**loops
            traces = monomial
            for (power_sums, twirl), pi in zip(parts, pis, strict=True):
                value = value * twirl[cycle_type(tuple(pi))]
                traces = multiply_monomials(traces, power_sums)
            total[traces] += value
    return total


def _words(
    labels: tuple[Label, ...], placement: BlockPlacements
) -> tuple[list[tuple[str, str] | None], list[int], list[list[int]]]:
    """The letters (None for a slot), the letter that follows each, and the slots of each block.

    The word of a copy is M, its left slots with the last layer first, ρ, its right slots with the first
    layer first.
    """
    letters: list[tuple[str, str] | None] = []
    successor: list[int] = []
    slots_of_block: list[list[int]] = [[] for _ in placement]
    for a, (state, observable) in enumerate(labels):
        left = [b for b in reversed(range(len(placement))) for _ in range(placement[b][a][0])]
        right = [b for b in range(len(placement)) for _ in range(placement[b][a][1])]
        start = len(letters)
        word: list[tuple[str, str] | int] = [("observable", observable), *left, ("state", state), *right]
        for place, letter in enumerate(word, start):
            if isinstance(letter, int):
                slots_of_block[letter].append(place)
            letters.append(None if isinstance(letter, int) else letter)
        successor += [*range(start + 1, len(letters)), start]
    return letters, successor, slots_of_block


def _read(walk: list[int], letters: list[tuple[str, str] | None]) -> tuple[int, Monomial]:
    """The number of cycles through slots only, and the product of the traces of the other words."""
    loops, traces = 0, []
    for cycle in cycles(tuple(walk)):
        word = [letter for point in cycle if (letter := letters[point]) is not None]
        if word:
            traces.append(mixed_trace(tuple(word)))
        else:
            loops += 1
    return loops, reduce(multiply_monomials, traces, ())
