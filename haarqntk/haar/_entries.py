r"""Products of matrix entries: the integral depends on which indices are equal, and on nothing else.

.. math:: \mathbb E\, V_{i_1 j_1} \cdots \bar V_{i'_1 j'_1} \cdots = \sum_\mu \mathrm{Wg}(\mu)\,
          \#\{(\sigma, \tau) : i = i'_\sigma,\ j = j'_\tau,\ \sigma^{-1}\tau \in \mu\}

and likewise over pairings. No diagram is built; each pattern of equal indices is counted once.

Reference: collins2006; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from math import factorial, prod
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.combinatorics import Partition, num_pairings
from haarqntk.diagrams import INDEX, Letter
from haarqntk.haar import _gluings
from haarqntk.haar._weights import REAL_STATE, STATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.diagrams import Component, DiagramMonomial

Index: TypeAlias = tuple[int, int]
"""A number for each different index of a product, and the half of the space that it is in."""

_PAIRED = ("orthogonal", "symplectic")


def count_entries(
    monomial: DiagramMonomial, name: str, group: str
) -> dict[tuple[str, Partition], int] | None:
    """The classes of gluings of a product of entries of one random matrix.

    Args:
        monomial: The product.
        name: The name of the matrix.
        group: "unitary", "orthogonal" or "symplectic".

    Returns:
        (kind of weight, class) → count, with signs for the symplectic group; None if the product has other factors.
    """
    entries: list[tuple[Letter, Letter, bool]] = []
    for component, exponent in monomial:
        entry = _entry(component, name)
        if entry is None:
            return None
        entries += [entry] * exponent
    sign = 1
    if group == "symplectic":
        entries, sign = _without_conjugates(entries)
    sides = []
    for side in (0, 1):
        numbers: dict[str, int] = {}
        indices = [(row, column)[side] for row, column, _ in entries]
        labels = [(numbers.setdefault(i.name, len(numbers)), i.place) for i in indices]
        plain = tuple(x for x, e in zip(labels, entries, strict=True) if not e[2] or group == "orthogonal")
        sides.append((plain, tuple(x for x, e in zip(labels, entries, strict=True) if e[2])))
    if group in _PAIRED:
        return {key: sign * count for key, count in _paired(group, sides[0][0], sides[1][0])}
    return dict(_permuted(*sides[0], *sides[1]))


def _entry(component: Component, name: str) -> tuple[Letter, Letter, bool] | None:
    """Row, column and whether it is conjugated, if the component is an entry with numbered indices."""
    if len(component.letters) != 3:  # noqa: PLR2004 - an index, the matrix, an index
        return None
    left, matrix, right = component.letters
    if matrix.name != name or not all(x.kind == INDEX and x.name.isdigit() for x in (left, right)):
        return None
    if component.partner[0] != 1:  # read from its column
        left, right = right, left
    return left, right, matrix.conjugated


def _without_conjugates(
    entries: list[tuple[Letter, Letter, bool]],
) -> tuple[list[tuple[Letter, Letter, bool]], int]:
    """conj(S)_ij = J_ii' S_i'j' J_jj' with i' = i ± D/2."""
    found, sign = [], 1
    for row, column, conjugated in entries:
        if conjugated:
            sign *= (1 - 2 * row.place) * (1 - 2 * column.place)
            row, column = _partner(row), _partner(column)  # noqa: PLW2901 - the same entry, written without conj
        found.append((row, column, False))
    return found, sign


def _partner(index: Letter) -> Letter:
    return Letter(INDEX, index.name, index.spaces, place=1 - index.place)


@lru_cache(maxsize=4096)
def _permuted(
    rows: tuple[Index, ...],
    conjugated_rows: tuple[Index, ...],
    columns: tuple[Index, ...],
    conjugated_columns: tuple[Index, ...],
) -> tuple[tuple[tuple[str, Partition], int], ...]:
    if sorted(rows) != sorted(conjugated_rows) or sorted(columns) != sorted(conjugated_columns):
        return ()
    k = len(rows)
    for side, other in ((rows, columns), (columns, rows)):
        if len(set(side)) == 1:
            return (((STATE, (k,)), prod(map(factorial, Counter(other).values()))),)
    left, right = (
        _gluings.allowed_permutations([[a == b for b in conjugated] for a in plain])
        for plain, conjugated in ((rows, conjugated_rows), (columns, conjugated_columns))
    )
    totals: Counter[int] = Counter()
    for _, numbers in _gluings.permutation_classes(left, right):
        totals.update(numbers.tolist())
    return tuple((("unitary", _gluings.class_of(n, k)), count) for n, count in sorted(totals.items()))


@lru_cache(maxsize=4096)
def _paired(
    group: str, rows: tuple[Index, ...], columns: tuple[Index, ...]
) -> tuple[tuple[tuple[str, Partition], int], ...]:
    if len(rows) % 2:
        return ()
    k = len(rows) // 2
    if group == "orthogonal":
        for side, other in ((rows, columns), (columns, rows)):
            if len(set(side)) == 1:
                counts = [num_pairings(m // 2) if m % 2 == 0 else 0 for m in Counter(other).values()]
                return (((REAL_STATE, (k,)), prod(counts)),) if all(counts) else ()
    ways = [_gluings.allowed_pairings(_meetings(group, side)) for side in (rows, columns)]
    signs = [
        _signs(side, way) if group == "symplectic" else _gluings.ones(len(way))
        for side, way in zip((rows, columns), ways, strict=True)
    ]
    totals: Counter[int] = Counter()
    for i, numbers in _gluings.pairing_classes(*ways):
        for number, sign in zip(numbers.tolist(), signs[1].tolist(), strict=True):
            totals[number] += int(signs[0][i]) * sign
    return tuple(((group, _gluings.class_of(n, k)), count) for n, count in sorted(totals.items()) if count)


def _meetings(group: str, side: Sequence[Index]) -> list[list[bool]]:
    if group == "orthogonal":
        return [[a == b for b in side] for a in side]
    return [[a[0] == b[0] and a[1] != b[1] for b in side] for a in side]


def _signs(side: Sequence[Index], way: _gluings.Rows) -> _gluings.Rows:
    """pairing_sign times Π J_{i_a i_b} over the pairs a < b: J is 1 from the first half to the second."""
    signs = _gluings.pairing_signs(way)
    for a, (_, half) in enumerate(side):
        signs = signs * (1 - 2 * half * (way[:, a] > a))
    return signs
