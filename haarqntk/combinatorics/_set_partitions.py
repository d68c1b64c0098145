"""Ordered set partitions: which of r layer indices coincide, and in which order their layers follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")


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
