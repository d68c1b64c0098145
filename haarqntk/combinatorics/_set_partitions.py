"""Set partitions: which indices coincide; ordered, also in which order the layers of layer indices follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")


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
