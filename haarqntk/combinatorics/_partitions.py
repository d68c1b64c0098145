"""Integer partitions, the characters of S_k that they label, set partitions and non-crossing partitions.

A partition is a decreasing tuple of positive integers; the empty tuple is the partition of 0. Partitions label the
conjugacy classes of S_k (cycle types) and its irreducible characters.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache
from math import factorial, prod
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np

from haarqntk.checks import integer, is_row
from haarqntk.errors import CostError, InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray


Partition: TypeAlias = tuple[int, ...]
T = TypeVar("T")


@lru_cache(maxsize=64)  # of every n up to the largest that is run over, and what they are built from
def partitions(n: int) -> tuple[Partition, ...]:
    """All partitions of ``n``, in reverse lexicographic order: (n), (n−1, 1), …, (1, …, 1).

    In this order the partitions with largest part ≤ r stand together at the end, which the character
    table uses.

    Examples:
        >>> partitions(4)
        ((4,), (3, 1), (2, 2), (2, 1, 1), (1, 1, 1, 1))
    """
    return tuple(_partitions_up_to(n, n))


def _partitions_up_to(n: int, largest: int) -> Iterator[Partition]:
    if n == 0:
        yield ()
        return
    for part in range(min(n, largest), 0, -1):
        for rest in _partitions_up_to(n - part, part):
            yield (part, *rest)


@lru_cache(maxsize=64)
def num_partitions(n: int) -> int:
    """The number of partitions of ``n``, by Euler's pentagonal recurrence; used to know a cost beforehand.

    Examples:
        >>> num_partitions(20), num_partitions(200)
        (627, 3972999029388)
    """
    values = [1]
    for m in range(1, n + 1):
        total, j = 0, 1
        while (pentagonal := j * (3 * j - 1) // 2) <= m:
            sign = 1 if j % 2 else -1
            total += sign * values[m - pentagonal]
            if pentagonal + j <= m:
                total += sign * values[m - pentagonal - j]
            j += 1
        values.append(total)
    return values[n]


def check_partition(name: str, value: object) -> Partition:
    """Return ``value`` as a partition or raise.

    Args:
        name: The argument's name, for the message.
        value: A sequence of positive integers (Python, NumPy or SymPy) in decreasing order.

    Raises:
        InputTypeError: If ``value`` is no sequence of integers.
        InputError: If a part is not positive, or the parts do not decrease.

    Examples:
        >>> check_partition("cycle_type", [3, 1])
        (3, 1)
        >>> check_partition("cycle_type", (1, 3))
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputError: cycle_type must be a partition: its parts decrease; got (1, 3); write (3, 1)
    """
    if not is_row(value):
        raise InputTypeError(
            f"{name} must be a partition: a tuple of positive integers, got {value!r}; write for example (3, 1)"
        )
    parts = tuple(integer(f"each part of {name}", part, at_least=1) for part in value)
    decreasing = tuple(sorted(parts, reverse=True))
    if parts != decreasing:
        raise InputError(f"{name} must be a partition: its parts decrease; got {parts}; write {decreasing}")
    return parts


def centralizer_order(mu: Partition) -> int:
    """The number z_μ = Π_j j^{m_j} m_j! of permutations that commute with one of cycle type ``mu``.

    Examples:
        >>> centralizer_order((2, 1, 1))
        4
    """
    return prod(part**count * factorial(count) for part, count in Counter(mu).items())


def class_size(mu: Partition) -> int:
    """The number k!/z_μ of permutations of cycle type ``mu``.

    Examples:
        >>> [class_size(mu) for mu in partitions(4)]
        [6, 8, 3, 6, 1]
    """
    return factorial(sum(mu)) // centralizer_order(mu)


def contents(lam: Partition, alpha: int = 1) -> tuple[int, ...]:
    """The α-contents αj − i of the boxes (i, j) of the Young diagram of ``lam``, row by row; zonal ones for α = 2.

    Examples:
        >>> contents((3, 1)), contents((3, 1), 2)
        ((0, 1, 2, -1), (0, 2, 4, -1))
    """
    return tuple([alpha * j - i for i, part in enumerate(lam) for j in range(part)])


@lru_cache(maxsize=8192)  # all 5604 diagrams of 30 boxes
def num_standard_tableaux(lam: Partition) -> int:
    """The dimension f^λ of the irreducible representation λ of S_k, by the hook-length formula.

    Examples:
        >>> num_standard_tableaux((3, 1))
        3
    """
    columns = [sum([part > j for part in lam]) for j in range(max(lam, default=0))]
    hooks = [part - j + columns[j] - i - 1 for i, part in enumerate(lam) for j in range(part)]
    return factorial(sum(lam)) // prod(hooks)


# |χ^λ(μ)| ≤ f^λ ≤ √(k!), and a sum has at most k terms: below 2^63 up to k = 30.
_LARGEST_INT64_TABLE = 30


@lru_cache(maxsize=32)  # of one table
def _rim_hooks(k: int) -> dict[int, NDArray[np.int64]]:
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
    return {length: np.array(triples, dtype=np.int64).T for length, triples in found.items()}


@lru_cache(maxsize=32)  # a table is built from all smaller ones
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


# -- partitions of a set ---------------------------------------------------------------------------------------


def set_partitions(num_points: int) -> Iterator[tuple[int, ...]]:
    """The partitions of {0, …, num_points − 1} into blocks: for each point the least point of its block.

    Examples:
        >>> list(set_partitions(3))
        [(0, 0, 0), (0, 0, 2), (0, 1, 0), (0, 1, 1), (0, 1, 2)]
    """
    if not num_points:
        yield ()
        return
    for found in set_partitions(num_points - 1):
        yield from ((*found, least) for least in sorted(set(found)))
        yield (*found, num_points - 1)


def num_set_partitions(num_points: int, num_blocks: int | None = None) -> int:
    """The number of partitions into that many blocks, a Stirling number; of all of them by default, a Bell number.

    Examples:
        >>> num_set_partitions(4, 2), [num_set_partitions(k) for k in range(7)]
        (7, [1, 1, 2, 5, 15, 52, 203])
    """
    row = [1]
    for _ in range(num_points):
        row = [m * a + b for m, (a, b) in enumerate(zip([*row, 0], [0, *row], strict=True))]
    return sum(row) if num_blocks is None else sum(row[num_blocks : num_blocks + 1])


def ordered_set_partitions(items: Sequence[T]) -> Iterator[tuple[tuple[T, ...], ...]]:
    """Split ``items`` into an ordered list of non-empty blocks, in every way.

    Each block keeps the order of ``items``. For r items there are 1, 1, 3, 13, 75, … ways (the ordered Bell
    numbers).

    Examples:
        >>> list(ordered_set_partitions("lm"))
        [(('l', 'm'),), (('m',), ('l',)), (('l',), ('m',))]
        >>> sum(1 for _ in ordered_set_partitions("lmpq"))
        75
    """
    if not items:
        yield ()
        return
    first, rest = items[0], items[1:]
    for blocks in ordered_set_partitions(rest):
        for i, block in enumerate(blocks):
            yield (*blocks[:i], (first, *block), *blocks[i + 1 :])
        for i in reversed(range(len(blocks) + 1)):
            yield (*blocks[:i], (first,), *blocks[i:])


_LARGEST_MOEBIUS = 12  # some seconds


def noncrossing_partitions(n: int) -> Iterator[tuple[tuple[int, ...], ...]]:
    """All partitions of {0, …, n−1} without a < b < c < d, a and c in one block, b and d in another.

    Blocks are sorted, and so are the points of each. There are 1, 1, 2, 5, 14, … (the Catalan numbers).

    Raises:
        InputTypeError, InputError: If ``n`` is no integer ≥ 0.

    Examples:
        >>> list(noncrossing_partitions(2))
        [((0,), (1,)), ((0, 1),)]
        >>> sum(1 for _ in noncrossing_partitions(4))  # all 15 but ((0, 2), (1, 3))
        14
    """
    yield from (tuple(sorted(blocks)) for blocks in _split(tuple(range(integer("n", n, at_least=0)))))


def _split(points: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Choose the next point of the first block: what lies between the two is split by itself."""
    if not points:
        yield ()
        return
    first = points[0]
    for rest in _split(points[1:]):
        yield ((first,), *rest)
    for i in range(1, len(points)):
        for inside in _split(points[1:i]):
            for block, *others in _split(points[i:]):
                yield ((first, *block), *inside, *others)


@lru_cache(maxsize=_LARGEST_MOEBIUS)
def noncrossing_moebius(n: int) -> int:
    """The Möbius function μ(0, 1) of the lattice of non-crossing partitions of n ≥ 1 points, by its definition.

    The definition is Σ_π μ(0, π) = 0 for n > 1, and [0, π] is the product of the lattices of the blocks of π.

    Raises:
        InputTypeError, InputError: If ``n`` is no integer ≥ 1.
        CostError: If n is above 12.

    Examples:
        >>> [noncrossing_moebius(n) for n in range(1, 7)]
        [1, -1, 2, -5, 14, -42]

    Reference:
        nica2006, Lect. 10; derivations/09_orthogonal_and_symplectic.md.
    """
    if integer("n", n, at_least=1) > _LARGEST_MOEBIUS:
        raise CostError(
            f"n = {n} would not finish: the sum over non-crossing partitions grows like 4^n; "
            f"the largest n is {_LARGEST_MOEBIUS}"
        )
    if n == 1:
        return 1
    finer = (blocks for blocks in noncrossing_partitions(n) if len(blocks) > 1)
    return -sum(prod(noncrossing_moebius(len(block)) for block in blocks) for blocks in finer)
