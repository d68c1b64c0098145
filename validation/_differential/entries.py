"""Exact moments of matrix entries from the orthogonality relations: the projector on the invariant tensors.

E[M_{i1 j1} … M_{ik jk}] = Σ_{a,b} t_a(i) (G⁻¹)_{ab} t_b(j), with t_a independent invariant tensors of the group and
G_{ab} = Σ_i t_a(i) t_b(i) summed index by index. In two steps, both by brute force over Fractions: no permutation is
multiplied, no class function or Young diagram occurs.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import permutations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from _differential.designs import symplectic_form

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray


class Entry(NamedTuple):
    """An entry M_{row column} of a random matrix, or its conjugate."""

    row: int
    column: int
    is_conjugated: bool = False


def pairings(points: Sequence[int]) -> Iterator[tuple[tuple[int, int], ...]]:
    """All ways to pair the points."""
    if not points:
        yield ()
        return
    first, *rest = points
    for place, other in enumerate(rest):
        for tail in pairings([*rest[:place], *rest[place + 1 :]]):
            yield ((first, other), *tail)


@cache
def invariants(group: str, D: int, plain: int, conjugated: int) -> NDArray[Any]:
    """The invariant tensors of V^{⊗plain} ⊗ V*^{⊗conjugated}, one flat row each, linearly independent."""
    k = plain + conjugated
    if group == "unitary":
        if plain != conjugated:
            return np.zeros((0, D**k), dtype=np.int64)
        ways: Any = ([(a, plain + b) for a, b in enumerate(s)] for s in permutations(range(plain)))
    else:
        ways = pairings(range(k)) if k % 2 == 0 else ()
    eye = np.eye(D, dtype=np.int64)
    form = symplectic_form(D).astype(np.int64) if group == "symplectic" else eye
    rows = []
    for way in ways:
        operands: list[Any] = []
        for a, b in way:
            mixed = (a < plain) != (b < plain)
            operands += [eye if mixed else form, [a, b]]
        rows.append(
            np.einsum(*operands, list(range(k))).reshape(-1) if operands else np.ones(1, dtype=np.int64)
        )
    return _independent(rows, D**k)


def _independent(rows: Sequence[Any], size: int) -> NDArray[Any]:
    """A basis among the rows: those that Gaussian elimination of their Gram matrix over Fractions keeps."""
    if not rows:
        return np.zeros((0, size), dtype=np.int64)
    matrix = np.array(rows)
    gram = [[Fraction(int(x)) for x in row] for row in matrix @ matrix.T]
    kept: list[int] = []
    for i in range(len(gram)):
        if gram[i][i]:  # the squared distance to the span of those kept so far
            kept.append(i)
            for j in range(i + 1, len(gram)):
                factor = gram[j][i] / gram[i][i]
                if factor:
                    gram[j] = [x - factor * y for x, y in zip(gram[j], gram[i], strict=True)]
    return np.asarray(matrix[kept])


@cache
def inverse_gram(group: str, D: int, plain: int, conjugated: int) -> list[list[Fraction]]:
    """The inverse of the Gram matrix of the invariants, by Gauss–Jordan over Fractions."""
    tensors = invariants(group, D, plain, conjugated)
    n = len(tensors)
    rows = [
        [Fraction(int(x)) for x in row] + [Fraction(int(i == j)) for j in range(n)]
        for i, row in enumerate(tensors @ tensors.T)
    ]
    for i in range(n):
        pivot = rows[i][i]
        rows[i] = [x / pivot for x in rows[i]]
        for j in range(n):
            if j != i and rows[j][i]:
                factor = rows[j][i]
                rows[j] = [x - factor * y for x, y in zip(rows[j], rows[i], strict=True)]
    return [row[n:] for row in rows]


@cache
def moment(group: str, D: int, entries: tuple[Entry, ...]) -> Fraction:
    """E of a product of entries; ``entries`` sorted, the plain ones first."""
    plain = sum(not e.is_conjugated for e in entries)
    args = (group, D, plain, len(entries) - plain)
    tensors = invariants(*args)
    inverse = inverse_gram(*args)
    rows, columns = (
        np.ravel_multi_index([e[s] for e in entries], (D,) * len(entries)) if entries else 0 for s in (0, 1)
    )
    left, right = tensors[:, rows], tensors[:, columns]
    return sum(
        (
            int(left[a]) * int(right[b]) * inverse[a][b]
            for a in np.flatnonzero(left)
            for b in np.flatnonzero(right)
        ),
        Fraction(0),
    )


def mean_of_entries(group: str, D: int, entries: Sequence[Entry]) -> Fraction:
    """E of a product of entries in any order; of a state the entries are ψ_i = U_{i0}."""
    name = "unitary" if group == "state" else group
    return moment(name, D, tuple(sorted(entries, key=lambda e: (e.is_conjugated, e.row, e.column))))
