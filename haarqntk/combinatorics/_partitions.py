"""Integer partitions: they label the conjugacy classes of S_k (cycle types) and its irreducible characters.

A partition is a decreasing tuple of positive integers; the empty tuple is the partition of 0.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from math import factorial, prod
from typing import TYPE_CHECKING, TypeAlias

from haarqntk._arguments import integer, is_row
from haarqntk.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Iterator

Partition: TypeAlias = tuple[int, ...]


@cache
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


@cache
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


def contents(lam: Partition) -> tuple[int, ...]:
    """The contents j − i of the boxes (i, j) of the Young diagram of ``lam``, row by row.

    Examples:
        >>> contents((3, 1))
        (0, 1, 2, -1)
    """
    return tuple(j - i for i, part in enumerate(lam) for j in range(part))


@cache
def num_standard_tableaux(lam: Partition) -> int:
    """The dimension f^λ of the irreducible representation λ of S_k, by the hook-length formula.

    Examples:
        >>> num_standard_tableaux((3, 1))
        3
    """
    columns = [sum(1 for part in lam if part > j) for j in range(lam[0])] if lam else []
    hooks = prod(part - j + columns[j] - i - 1 for i, part in enumerate(lam) for j in range(part))
    return factorial(sum(lam)) // hooks
