r"""The leading order of E tr[U A_1 U† B_1 … U A_k U† B_k], by non-crossing partitions: no Weingarten function enters.

.. math:: \sum_{\pi \in NC(k)} \kappa_\pi[A_1, \dots, A_k]\, \mathrm{tr}_{K(\pi)}[B_1, \dots, B_k]

with the free cumulants κ of the A, tr = Tr/D, and K(π) the Kreweras complement: U A U† and B become free.

Reference: nica2006, Lect. 14; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import prod
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.combinatorics import compose, cycles, inverse, noncrossing_moebius, noncrossing_partitions
from haarqntk.errors import CostError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.combinatorics import Permutation

Traces: TypeAlias = "tuple[tuple[str, ...], ...]"
"""A product of normalised traces: sorted cyclic words, each from its least rotation."""

_LARGEST_DEGREE = 8

Blocks: TypeAlias = "tuple[tuple[int, ...], ...]"


def planar_limit(left: Sequence[str], right: Sequence[str]) -> dict[Traces, int]:
    """The limit of E tr[U A_1 U† B_1 … U A_k U† B_k]: product of normalised traces → coefficient, without zeros."""
    k = len(left)
    if k != len(right) or not k:
        raise InputError(
            f"left and right must have equally many names, at least one, got {k} and {len(right)}"
        )
    if k > _LARGEST_DEGREE:
        raise CostError(f"k = {k} would not finish; the largest k is {_LARGEST_DEGREE}")
    total: Counter[Traces] = Counter()
    for pi in noncrossing_partitions(k):
        complement = kreweras_complement(pi, k)
        outer = [_word(right, block) for block in complement]
        for cumulants in product(*(_free_cumulant([left[i] for i in block]).items() for block in pi)):
            words = [word for traces, _ in cumulants for word in traces]
            total[tuple(sorted([*words, *outer]))] += prod(c for _, c in cumulants)
    return {traces: c for traces, c in total.items() if c}


def kreweras_complement(pi: Blocks, k: int) -> Blocks:
    """The cycles of π⁻¹ γ, γ = (0 1 … k−1): where the letters between the points are joined."""
    images = [0] * k
    for block in pi:
        for a, b in zip(block, (*block[1:], block[0]), strict=True):
            images[a] = b
    sigma: Permutation = tuple(images)
    gamma = tuple((i + 1) % k for i in range(k))
    return tuple(tuple(sorted(cycle)) for cycle in cycles(compose(inverse(sigma), gamma)))


def _free_cumulant(names: Sequence[str]) -> Counter[Traces]:
    """κ_n = Σ_{ρ ∈ NC(n)} μ(ρ, 1) tr_ρ: [ρ, 1] is the product of the lattices of the blocks of K(ρ)."""
    total: Counter[Traces] = Counter()
    for rho in noncrossing_partitions(len(names)):
        moebius = prod(noncrossing_moebius(len(block)) for block in kreweras_complement(rho, len(names)))
        total[tuple(sorted(_word(names, block) for block in rho))] += moebius
    return total


def _word(names: Sequence[str], block: tuple[int, ...]) -> tuple[str, ...]:
    word = [names[i] for i in block]
    return min(tuple(word[i:] + word[:i]) for i in range(len(word)))
