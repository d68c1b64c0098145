"""All ways to glue the copies of one random matrix, in arrays: permutations, pairings, their classes.

A way to glue is a row of an integer array: row σ glues copy a of V to copy σ(a) of V*, or, a pairing p, copy a to copy
p(a), an involution without fixed points.
"""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from haarqntk.combinatorics import all_permutations, num_pairings, pairings, partitions
from haarqntk.errors import CostError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

Rows: TypeAlias = "NDArray[np.int64]"

# Measured: the gluings of eight copies take seconds; nine would need a gigabyte.
LARGEST_PERMUTED = 8
LARGEST_PAIRED = 12  # copies of an orthogonal matrix: 10395 pairings
_LARGEST_CONSTRAINED = 14  # k^k must stay below 2^63
_LARGEST_NUM_ROWS = 40_320
_CHUNK = 1 << 22


def allowed_permutations(allowed: Sequence[Sequence[bool]]) -> Rows:
    """The permutations σ with ``allowed[a][σ(a)]`` for every a, as rows in lexicographic order.

    Raises:
        CostError: If there are too many copies.
    """
    k = len(allowed)
    if all(map(all, allowed)):
        _refuse_more_than(LARGEST_PERMUTED, k, "k! permutations")
        return np.asarray(all_permutations(k))
    _refuse_more_than(_LARGEST_CONSTRAINED, k, "k! permutations")
    return _listed(_extend_permutation((), allowed), k)


def allowed_pairings(allowed: Sequence[Sequence[bool]]) -> Rows:
    """The pairings that join only ``allowed`` points, as involutions, in lexicographic order of the pairs."""
    num_points = len(allowed)
    if num_points % 2:
        return np.zeros((0, num_points), dtype=np.int64)
    if all(allowed[a][b] for a in range(num_points) for b in range(num_points) if a != b):
        _refuse_more_than(LARGEST_PAIRED, num_points, "(k − 1)!! pairings")
        return _all_pairings(num_points)
    _refuse_more_than(_LARGEST_CONSTRAINED, num_points, "(k − 1)!! pairings")
    return _listed(_extend_pairing([-1] * num_points, allowed), num_points)


def pairing_signs(rows: Rows) -> NDArray[np.int64]:
    """The sign (−1)^crossings of each pairing; see ``combinatorics.pairing_sign``."""
    m = rows.shape[1]
    crossings = np.zeros(len(rows), dtype=np.int64)
    for a in range(m):
        for b in range(a + 1, m):
            crossings += (b < rows[:, a]) & (rows[:, a] < rows[:, b])
    return 1 - 2 * (crossings % 2)


def permutation_classes(left: Rows, right: Rows) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """For each row σ of ``left`` its place and the class numbers of σ⁻¹τ for all rows τ of ``right``."""
    k = left.shape[1]
    if k > LARGEST_PERMUTED:
        for i, sigma in enumerate(left):
            moved = np.empty_like(right)
            moved[:, sigma] = right  # τ σ⁻¹, of the class of σ⁻¹ τ
            yield i, class_numbers(moved, k, 1)
        return
    table = _class_table(k)
    transposed = np.ascontiguousarray(right.T).astype(np.float64)
    weights = np.where(left == k - 1, 0.0, float(max(k, 1)) ** left)  # τ σ⁻¹, without its last image
    step = max(1, _CHUNK // max(1, len(right)))
    for start in range(0, len(left), step):
        codes = (weights[start : start + step] @ transposed).astype(np.int64)
        yield from enumerate(table[codes], start)


def pairing_classes(left: Rows, right: Rows) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """For each pairing of ``left`` its place and the numbers of the coset types with all of ``right``."""
    k = left.shape[1] // 2
    for i, p in enumerate(left):
        yield i, class_numbers(p[right], k, 2)


def class_numbers(rows: Rows, k: int, repeats: int) -> NDArray[np.int64]:
    """The place among ``partitions(k)`` of each row's cycle type, each of whose cycles occurs ``repeats`` times.

    A cycle type is known by the numbers of fixed points of the powers.
    """
    points = np.arange(rows.shape[1])
    power, base = rows, np.int64(repeats * k + 1)
    codes = np.zeros(len(rows), dtype=np.int64)
    for j in range(k):
        codes = codes * base + (power == points).sum(axis=1)
        if j + 1 < k:
            power = np.take_along_axis(rows, power, axis=1)
    known = _fixed_point_codes(k, repeats)
    order = np.argsort(known)
    return np.asarray(order[np.searchsorted(known, codes, sorter=order)])


@cache
def _fixed_point_codes(k: int, repeats: int) -> NDArray[np.int64]:
    base = repeats * k + 1
    codes = []
    for mu in partitions(k):
        code = 0
        for j in range(1, k + 1):
            code = code * base + repeats * sum(part for part in mu if j % part == 0)
        codes.append(code)
    return np.array(codes, dtype=np.int64)


@cache
def _class_table(k: int) -> NDArray[np.int16]:
    """The class number of a permutation by the code Σ_{i<k−1} π(i) k^i."""
    table = np.zeros(max(k, 1) ** max(k - 1, 0), dtype=np.int16)
    every = np.asarray(all_permutations(k))
    powers = np.array([k**i if i < k - 1 else 0 for i in range(k)], dtype=np.int64)
    table[every @ powers] = class_numbers(every, k, 1)
    return table


def weighted_counts(numbers: NDArray[np.int64], signs: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """How often each number below ``size`` occurs, each time with its sign."""
    return np.rint(np.bincount(numbers, weights=signs, minlength=size)).astype(np.int64)


@cache
def _all_pairings(num_points: int) -> Rows:
    k = num_points // 2
    rows = np.empty((num_pairings(k), num_points), dtype=np.int64)
    for row, pairing in zip(rows, pairings(num_points), strict=True):
        for a, b in pairing:
            row[a], row[b] = b, a
    rows.flags.writeable = False
    return rows


def _extend_permutation(
    chosen: tuple[int, ...], allowed: Sequence[Sequence[bool]]
) -> Iterator[tuple[int, ...]]:
    if len(chosen) == len(allowed):
        yield chosen
        return
    for image, may_go in enumerate(allowed[len(chosen)]):
        if may_go and image not in chosen:
            yield from _extend_permutation((*chosen, image), allowed)


def _extend_pairing(partner: list[int], allowed: Sequence[Sequence[bool]]) -> Iterator[list[int]]:
    if -1 not in partner:
        yield partner
        return
    a = partner.index(-1)
    for b in range(a + 1, len(partner)):
        if partner[b] < 0 and allowed[a][b]:
            extended = partner.copy()
            extended[a], extended[b] = b, a
            yield from _extend_pairing(extended, allowed)


def _listed(ways: Iterator[Sequence[int]], num_points: int) -> Rows:
    found = list(islice(ways, _LARGEST_NUM_ROWS + 1))
    if len(found) > _LARGEST_NUM_ROWS:
        raise CostError(
            f"the indices leave more than {_LARGEST_NUM_ROWS} ways to pair the copies of one random matrix; "
            "pass an integrand of lower degree"
        )
    return np.array(found, dtype=np.int64).reshape(len(found), num_points)


def _refuse_more_than(largest: int, copies: int, what: str) -> None:
    if copies > largest:
        raise CostError(
            f"{copies} copies of one random matrix would not finish: they have {what}; the largest number is "
            f"{largest}"
        )
