"""All ways to glue the copies of one random matrix, in arrays: permutations, pairings, their classes.

A way to glue is a row of an integer array: row σ glues copy a of V to copy σ(a) of V*, or, a pairing p, copy a to copy
p(a), an involution without fixed points.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from haarqntk.combinatorics import all_permutations, class_numbers, num_pairings, pairings
from haarqntk.errors import CostError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

Rows: TypeAlias = "NDArray[np.int64]"

# Measured: the gluings of eight copies take seconds; nine would need a gigabyte.
_LARGEST_PERMUTED = 8
_LARGEST_PAIRED = 12  # copies of an orthogonal matrix: 10395 pairings
_LARGEST_CONSTRAINED = 14  # k^k must stay below 2^63
_LARGEST_NUM_ROWS = 40_320
_CHUNK = 1 << 22


def allowed_rows(allowed: Sequence[Sequence[bool]], *, are_pairings: bool = False) -> Rows:
    """The permutations σ with ``allowed[a][σ(a)]`` for every a, or the pairings among them, in lexicographic order.

    Raises:
        CostError: If there are too many copies.
    """
    k = len(allowed)
    if are_pairings and k % 2:
        return np.zeros((0, k), dtype=np.int64)
    are_free = all(
        may or (are_pairings and a == b) for a, row in enumerate(allowed) for b, may in enumerate(row)
    )
    largest = (_LARGEST_PAIRED if are_pairings else _LARGEST_PERMUTED) if are_free else _LARGEST_CONSTRAINED
    if k > largest:
        raise CostError(
            f"{k} copies of one random matrix would not finish: they have "
            f"{'(k − 1)!! pairings' if are_pairings else 'k! permutations'}; the largest number is {largest}"
        )
    if are_free:
        return all_involutions(k) if are_pairings else np.asarray(all_permutations(k))
    found = list(islice(_extended([-1] * k, allowed, are_pairings=are_pairings), _LARGEST_NUM_ROWS + 1))
    if len(found) > _LARGEST_NUM_ROWS:
        raise CostError(
            f"the indices leave more than {_LARGEST_NUM_ROWS} ways to pair the copies of one random matrix; "
            "pass an integrand of lower degree"
        )
    return np.array(found, dtype=np.int64).reshape(len(found), k)


def _extended(
    images: list[int], allowed: Sequence[Sequence[bool]], *, are_pairings: bool
) -> Iterator[list[int]]:
    """Every allowed row that begins as ``images`` does, where −1 is open."""
    if -1 not in images:
        yield images
        return
    a = images.index(-1)
    for b, may_go in enumerate(allowed[a]):
        if may_go and (a < b and images[b] < 0 if are_pairings else b not in images):
            extended = images.copy()
            extended[a] = b
            if are_pairings:
                extended[b] = a
            yield from _extended(extended, allowed, are_pairings=are_pairings)


@lru_cache(maxsize=8)  # of every even number of points up to the largest that is paired
def all_involutions(num_points: int) -> Rows:
    """All pairings of an even number of points, as involutions."""
    rows = np.empty((num_pairings(num_points // 2), num_points), dtype=np.int64)
    for row, pairing in zip(rows, pairings(num_points), strict=True):
        for a, b in pairing:
            row[a], row[b] = b, a
    rows.flags.writeable = False
    return rows


def pairing_signs(rows: Rows) -> Rows:
    """The sign (−1)^crossings of each pairing; see ``combinatorics.pairing_sign``."""
    m = rows.shape[1]
    crossings = np.zeros(len(rows), dtype=np.int64)
    for a in range(m):
        for b in range(a + 1, m):
            crossings += (b < rows[:, a]) & (rows[:, a] < rows[:, b])
    return 1 - 2 * (crossings % 2)


def permutation_classes(left: Rows, right: Rows) -> Iterator[tuple[int, Rows]]:
    """For each row σ of ``left`` its place and the class numbers of σ⁻¹τ for all rows τ of ``right``."""
    k = left.shape[1]
    if k > _LARGEST_PERMUTED:
        for i, sigma in enumerate(left):
            moved = np.empty_like(right)
            moved[:, sigma] = right  # τ σ⁻¹, of the class of σ⁻¹ τ
            yield i, class_numbers(moved)
        return
    table = _class_table(k)
    transposed = np.ascontiguousarray(right.T).astype(np.float64)
    weights = np.where(left == k - 1, 0.0, float(max(k, 1)) ** left)  # τ σ⁻¹, without its last image
    step = max(1, _CHUNK // max(1, len(right)))
    for start in range(0, len(left), step):
        codes = (weights[start : start + step] @ transposed).astype(np.int64)
        yield from enumerate(table[codes], start)


@lru_cache(maxsize=_LARGEST_PERMUTED + 1)
def _class_table(k: int) -> NDArray[np.int16]:
    """The class number of a permutation by the code Σ_{i<k−1} π(i) k^i."""
    table = np.zeros(max(k, 1) ** max(k - 1, 0), dtype=np.int16)
    every = all_permutations(k)
    powers = np.array([k**i if i < k - 1 else 0 for i in range(k)], dtype=np.int64)
    table[every @ powers] = class_numbers(every)
    return table


def weighted_counts(numbers: Rows, signs: Rows, size: int) -> Rows:
    """How often each number below ``size`` occurs, each time with its sign."""
    return np.rint(np.bincount(numbers, weights=signs, minlength=size)).astype(np.int64)
