"""Non-crossing partitions and the Möbius function of their lattice: the leading order of Weingarten functions."""

from __future__ import annotations

from functools import cache
from math import prod
from typing import TYPE_CHECKING

from haarqntk._arguments import integer
from haarqntk.errors import CostError

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@cache
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
