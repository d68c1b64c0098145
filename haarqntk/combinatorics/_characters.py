"""Characters of the symmetric group by the Murnaghan–Nakayama rule.

Removing a rim hook of length r from λ moves one bead of its beta-set from b to b − r; the sign counts the
beads that it jumps over. The whole table is filled column block by column block: a column μ = (r, μ') needs
only the column μ' of S_{k−r}, so each entry costs one signed sum over the rim hooks of length r.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.combinatorics._partitions import Partition, num_partitions, partitions

if TYPE_CHECKING:
    from numpy.typing import NDArray

# |χ^λ(μ)| ≤ f^λ ≤ √(k!), and a sum has at most k terms: below 2^63 up to k = 30.
_LARGEST_INT64_TABLE = 30


@cache
def _rim_hooks(k: int) -> dict[int, tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """For each r: index of λ ⊢ k, index of λ minus a rim hook of length r among the partitions of k − r, sign."""
    index = {length: {lam: i for i, lam in enumerate(partitions(length))} for length in range(k)}
    found: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for i, lam in enumerate(partitions(k)):
        top = len(lam) - 1
        beads = [part + top - row for row, part in enumerate(lam)]
        occupied = set(beads)
        for row, bead in enumerate(beads):
            for target in range(bead):
                if target not in occupied:
                    length = bead - target
                    moved = sorted([*beads[:row], *beads[row + 1 :], target], reverse=True)
                    smaller = tuple(b - top + j for j, b in enumerate(moved) if b > top - j)
                    jumped = sum(1 for b in beads[row + 1 :] if b > target)
                    found[length].append((i, index[k - length][smaller], -1 if jumped % 2 else 1))
    return {length: _columns(triples) for length, triples in found.items()}


def _columns(
    triples: list[tuple[int, int, int]],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    rows, columns, signs = np.array(triples, dtype=np.int64).T
    return rows, columns, signs


@cache
def character_table(k: int) -> NDArray[np.int64]:
    """The characters χ^λ(μ) of S_k: rows λ, columns cycle types μ, both in the order of ``partitions(k)``.

    Returns:
        A read-only integer array of shape (p(k), p(k)); of Python integers beyond k = 30.

    Examples:
        >>> character_table(3).tolist()  # rows (3), (2,1), (1,1,1)
        [[1, 1, 1], [-1, 0, 2], [1, -1, 1]]

    Reference:
        Sagan, The Symmetric Group, §4.10.
    """
    if k == 0:
        return np.ones((1, 1), dtype=np.int64)
    size = num_partitions(k)
    table = np.zeros((size, size), dtype=np.int64 if k <= _LARGEST_INT64_TABLE else object)
    column = 0
    for r in range(k, 0, -1):  # the columns whose largest part is r
        smaller = character_table(k - r)
        first = next(i for i, mu in enumerate(partitions(k - r)) if not mu or mu[0] <= r)
        width = smaller.shape[1] - first
        rows, smaller_rows, signs = _rim_hooks(k)[r]
        np.add.at(table[:, column : column + width], rows, signs[:, None] * smaller[smaller_rows, first:])
        column += width
    table.flags.writeable = False
    return table


def character_column(mu: Partition) -> dict[Partition, int]:
    """The characters χ^λ(μ) of one class, for every λ where it is not zero.

    Adds rim hooks of lengths μ_i to the empty diagram, smallest part first, so the intermediate sets stay small.

    Examples:
        >>> character_column((2, 1))
        {(3,): 1, (1, 1, 1): -1}
    """
    k = sum(mu)
    column: dict[Partition, int] = {(): 1}
    for length in reversed(mu):
        grown: defaultdict[Partition, int] = defaultdict(int)
        for lam, value in column.items():
            beads = [part + k - 1 - row for row, part in enumerate(lam)]
            beads += range(k - 1 - len(lam), -1, -1)
            occupied = set(beads)
            for row, bead in enumerate(beads):
                if bead + length not in occupied:
                    jumped = sum(1 for b in beads[:row] if b < bead + length)
                    moved = sorted([*beads[:row], *beads[row + 1 :], bead + length], reverse=True)
                    larger = tuple(b - (k - 1) + j for j, b in enumerate(moved) if b > k - 1 - j)
                    grown[larger] += -value if jumped % 2 else value
        column = {lam: value for lam, value in grown.items() if value}
    return column
