"""Permutations and pairings of {0, …, k−1}, and the zonal spherical functions of pairings.

``compose(sigma, tau)(i) = sigma(tau(i))``; SymPy composes the other way round. Many permutations are the rows of an
integer array.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import permutations
from math import factorial, lcm, prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from haarqntk.checks import integer
from haarqntk.combinatorics._partitions import (
    Partition,
    centralizer_order,
    character_table,
    class_size,
    num_partitions,
    partitions,
)
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

Permutation: TypeAlias = tuple[int, ...]


def compose(sigma: Permutation, tau: Permutation) -> Permutation:
    """The product sigma·tau: first ``tau``, then ``sigma``.

    Examples:
        >>> compose((1, 0, 2), (0, 2, 1))
        (1, 2, 0)
    """
    return tuple(sigma[image] for image in tau)


def inverse(sigma: Permutation) -> Permutation:
    """The inverse permutation.

    Examples:
        >>> inverse((1, 2, 0))
        (2, 0, 1)
    """
    images = [0] * len(sigma)
    for point, image in enumerate(sigma):
        images[image] = point
    return tuple(images)


def cycles(sigma: Permutation) -> tuple[tuple[int, ...], ...]:
    """The cycles (a, σ(a), σ²(a), …), each from its smallest point, fixed points included.

    Examples:
        >>> cycles((1, 0, 2))
        ((0, 1), (2,))
    """
    seen: set[int] = set()
    found = []
    for start in range(len(sigma)):
        if start in seen:
            continue
        cycle = [start]
        while (point := sigma[cycle[-1]]) != start:
            cycle.append(point)
        seen.update(cycle)
        found.append(tuple(cycle))
    return tuple(found)


def cycle_type(sigma: Permutation) -> Partition:
    """The lengths of the cycles, decreasing.

    Examples:
        >>> cycle_type((1, 0, 2))
        (2, 1)
    """
    return tuple(sorted(map(len, cycles(sigma)), reverse=True))


@lru_cache(maxsize=10)  # of every k up to 9, beyond which k! does not fit
def all_permutations(k: int) -> NDArray[np.int64]:
    """All of S_k in lexicographic order: a read-only integer array of shape (k!, k)."""
    table = np.array(list(permutations(range(k))), dtype=np.int64).reshape(factorial(k), k)
    table.flags.writeable = False
    return table


@lru_cache(maxsize=10)
def symmetric_group(k: int) -> tuple[Permutation, ...]:
    """All of S_k in lexicographic order, as tuples."""
    return tuple(permutations(range(k)))


@lru_cache(maxsize=10)
def all_cycles(k: int) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """The cycles of every permutation in ``symmetric_group(k)``, in that order.

    Examples:
        >>> all_cycles(2)
        (((0,), (1,)), ((0, 1),))
    """
    return tuple(map(cycles, symmetric_group(k)))


def permutation_rank(sigma: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each row of ``sigma``, shape (…, k), in ``all_permutations(k)``.

    Examples:
        >>> permutation_rank(all_permutations(3)).tolist()
        [0, 1, 2, 3, 4, 5]
    """
    k = sigma.shape[-1]
    images = np.moveaxis(sigma, -1, 0).astype(np.int8)  # one contiguous row for each place
    rank = np.zeros(sigma.shape[:-1], dtype=np.int64)
    for place in range(k):
        smaller_later = np.zeros(rank.shape, dtype=np.int8)
        for later in images[place + 1 :]:
            smaller_later += later < images[place]
        rank = rank * (k - place) + smaller_later
    return rank


def least_of_cycle(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The least point of the cycle of every point, for permutations along the last axis.

    Examples:
        >>> least_of_cycle(np.array([[0, 2, 1], [1, 2, 0]])).tolist()
        [[0, 1, 1], [0, 0, 0]]
    """
    size = rows.shape[-1]
    starts = np.arange(0, rows.size, size).reshape(*rows.shape[:-1], 1)  # of the rows of a flat array
    least, stride = np.broadcast_to(np.arange(size), rows.shape), rows
    for _ in range(max(size - 1, 1).bit_length()):  # strides 1, 2, 4, …
        ahead = starts + stride
        least = np.minimum(least, least.ravel().take(ahead))
        stride = stride.ravel().take(ahead)
    return least


def class_numbers(rows: NDArray[np.int64], repeats: int = 1) -> NDArray[np.int64]:
    """The place in ``partitions(k)`` of each row's cycle type, every cycle of which occurs ``repeats`` times.

    A cycle type is known by the numbers of fixed points of the powers.

    Examples:
        >>> class_numbers(all_permutations(3)).tolist(), class_numbers(np.array([[1, 0, 3, 2]]), repeats=2).tolist()
        ([2, 1, 1, 0, 0, 1], [0])
    """
    k, points = rows.shape[1] // repeats, np.arange(rows.shape[1])
    power, codes = rows, np.zeros(len(rows), dtype=np.int64)
    for j in range(k):
        codes = codes * (len(points) + 1) + (power == points).sum(axis=1)
        if j + 1 < k:
            power = np.take_along_axis(rows, power, axis=1)
    known, order = _fixed_point_codes(k, repeats)
    return np.asarray(order[np.searchsorted(known, codes, sorter=order)])


@lru_cache(maxsize=32)  # of one and of two repeats, for every k up to 14
def _fixed_point_codes(k: int, repeats: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The code of every partition of k in ``class_numbers``, and what sorts them."""
    codes = np.zeros(num_partitions(k), dtype=np.int64)
    for j in range(1, k + 1):
        fixed = [repeats * sum([part for part in mu if j % part == 0]) for mu in partitions(k)]
        codes = codes * (repeats * k + 1) + np.array(fixed)
    return codes, np.argsort(codes)


@lru_cache(maxsize=10)
def class_indices(k: int) -> NDArray[np.int64]:
    """The place in ``partitions(k)`` of the cycle type of every permutation."""
    return class_numbers(all_permutations(k))


@lru_cache(maxsize=8)  # of every k up to 7: 5040² numbers
def quotient_ranks(k: int) -> NDArray[np.int64]:
    """The place of τ⁻¹σ in ``all_permutations(k)``, shape (k!, k!) over (τ, σ)."""
    group = all_permutations(k)
    return np.stack([permutation_rank(inverse[group]) for inverse in np.argsort(group, axis=1)])


@lru_cache(maxsize=8)
def quotient_classes(k: int) -> NDArray[np.int64]:
    """The place in ``partitions(k)`` of the cycle type of σ τ⁻¹, which is that of τ⁻¹σ; shape (k!, k!)."""
    return class_indices(k)[quotient_ranks(k)]


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


@lru_cache(maxsize=32)
def zonal_table(k: int) -> NDArray[Any]:
    """The integers |C_μ| ω^λ(μ): rows λ, columns coset types μ, both in the order of ``partitions(k)``.

    They are the eigenvalues of the 0–1 matrices "p and q have coset type μ" on the pairings of 2k points.

    Returns:
        A read-only array of Python integers, of shape (p(k), p(k)).

    Examples:
        >>> zonal_table(3).tolist()  # rows (3), (2,1), (1,1,1)
        [[8, 6, 1], [-2, 1, 1], [2, -3, 1]]

    Reference:
        macdonald1995, Ch. VII.2; derivations/09_orthogonal_and_symplectic.md.
    """
    types = partitions(k)
    weights = np.array([centralizer_order(mu) << len(mu) for mu in types], dtype=object)
    schur = character_table(k).astype(object) * np.array([class_size(mu) for mu in types], dtype=object)
    table: NDArray[Any] = np.zeros_like(schur)
    norms: list[int] = []
    for i in reversed(range(len(types))):  # from (1^k) upwards: this order refines dominance
        row, found = schur[i], table[i + 1 :]
        parts = [Fraction(int(x), n) for x, n in zip(found @ (row * weights), norms, strict=True)]
        scale = lcm(*(part.denominator for part in parts))
        row = scale * row - np.array([int(scale * part) for part in parts], dtype=object) @ found
        table[i] = row // row[-1]  # exact: eigenvalues of integer matrices are integers
        norms.insert(0, int(table[i] @ (table[i] * weights)))
    table.flags.writeable = False
    return table


def zonal_spherical_function(lam: Partition, mu: Partition) -> Fraction:
    """The zonal spherical function ω^λ(μ) of (S_2k, H_k); ω^λ(1^k) = 1 and ω^{(k)} = 1.

    Raises:
        InputError: If the two are not partitions of the same number.

    Examples:
        >>> zonal_spherical_function((2, 1), (2, 1))
        Fraction(1, 6)
        >>> zonal_spherical_function((1, 1, 1), (3,))  # (−1/2)^{k − ℓ(μ)}
        Fraction(1, 4)

    Reference:
        macdonald1995, Ch. VII.2.
    """
    if sum(lam) != sum(mu):
        raise InputError(f"lam and mu must be partitions of the same k, got {lam} and {mu}")
    index = {nu: i for i, nu in enumerate(partitions(sum(mu)))}
    return Fraction(zonal_table(sum(mu))[index[lam], index[mu]], num_pairings_of_type(mu))
