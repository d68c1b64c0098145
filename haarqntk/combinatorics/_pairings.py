"""Pairings of {0, …, 2k−1}: what integrates over the orthogonal and the symplectic group.

A pairing (a perfect matching) is a tuple of pairs (a, b) with a < b, sorted: canonical, so equal pairings are
equal tuples. Two pairings together form loops; half their lengths are the coset type, the only thing that
orthogonal integrals know about the two. Symplectic integrals know a sign beside it, ``pairing_sign`` of each.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, TypeAlias

from haarqntk._arguments import integer
from haarqntk.combinatorics._partitions import Partition, class_size
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

Pairing: TypeAlias = tuple[tuple[int, int], ...]


def pairings(num_points: int) -> Iterator[Pairing]:
    """All pairings of {0, …, num_points − 1}, in lexicographic order; none if the number of points is odd.

    The first is ((0, 1), (2, 3), …). They are made one by one: there are 1, 1, 3, 15, 105, 945, 10395, … .

    Args:
        num_points: The number 2k of points, an integer ≥ 0.

    Raises:
        InputTypeError, InputError: If ``num_points`` is no integer ≥ 0.

    Examples:
        >>> list(pairings(4))
        [((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))]
        >>> list(pairings(0)), list(pairings(3))
        ([()], [])

    Reference:
        collins2006; derivations/09_orthogonal_and_symplectic.md.
    """
    count = integer("num_points", num_points, at_least=0)
    return iter(()) if count % 2 else _pair_up(tuple(range(count)))


def _pair_up(points: tuple[int, ...]) -> Iterator[Pairing]:
    if not points:
        yield ()
        return
    first, rest = points[0], points[1:]
    for i, partner in enumerate(rest):
        for others in _pair_up(rest[:i] + rest[i + 1 :]):
            yield ((first, partner), *others)


def num_pairings(k: int) -> int:
    """The number (2k − 1)!! = 1·3·5⋯(2k − 1) of pairings of 2k points.

    Examples:
        >>> [num_pairings(k) for k in range(7)]
        [1, 1, 3, 15, 105, 945, 10395]
    """
    return prod(range(1, 2 * k, 2))


def coset_type(p: Pairing, q: Pairing) -> Partition:
    """The coset type of two pairings of the same 2k points: half the lengths of the loops of p ∪ q, decreasing.

    It is a partition of k, (1, …, 1) if and only if p = q, and the same for (q, p).

    Raises:
        InputError: If the two do not pair the same points.

    Examples:
        >>> coset_type(((0, 1), (2, 3), (4, 5)), ((0, 2), (1, 3), (4, 5)))
        (2, 1)
    """
    first, second = _partners(p), _partners(q)
    if first.keys() != second.keys():
        raise InputError(f"p and q must pair the same points, got {p} and {q}")
    left, halves = set(first), []
    while left:
        start = point = min(left)
        half = 0
        while half == 0 or point != start:
            left -= {point, first[point]}
            point = second[first[point]]
            half += 1
        halves.append(half)
    return tuple(sorted(halves, reverse=True))


def num_pairings_of_type(mu: Partition) -> int:
    """How many q have coset type ``mu`` with a given p: 2^{k−ℓ(μ)} times the class size in S_k.

    Examples:
        >>> [num_pairings_of_type(mu) for mu in ((3,), (2, 1), (1, 1, 1))]  # 15 in all
        [8, 6, 1]
    """
    return class_size(mu) << (sum(mu) - len(mu))


def pairing_sign(p: Pairing) -> int:
    """The sign of the permutation that lists the pairs of ``p`` one after the other: (−1)^crossings.

    It does not depend on the order of the pairs, but on the order within each, hence a < b. For the symplectic
    group, pairing_sign(p)·pairing_sign(q) is what the coset type of p and q leaves open.

    Examples:
        >>> [pairing_sign(p) for p in pairings(4)]
        [1, -1, 1]
    """
    listed = [point for pair in p for point in pair]
    inversions = sum(a > b for i, a in enumerate(listed) for b in listed[i + 1 :])
    return -1 if inversions % 2 else 1


def _partners(p: Pairing) -> dict[int, int]:
    return {a: b for pair in p for a, b in (pair, pair[::-1])}
