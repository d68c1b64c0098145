r"""Products of one random matrix that need no diagram: power sums, entries, entries of Vᵀ V.

.. math:: \mathbb E\, V_{i_1 j_1} \cdots \bar V_{i'_1 j'_1} \cdots = \sum_\mu \mathrm{Wg}(\mu)\,
          \#\{(\sigma, \tau) : i = i'_\sigma,\ j = j'_\tau,\ \sigma^{-1}\tau \in \mu\}

and likewise over pairings: the integral of entries depends on which indices are equal, and on nothing else. Each
pattern of equal indices is counted once. ``groups/_circular.py`` has the sum for entries of Vᵀ V.

Reference: collins2006; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from haarqntk.combinatorics import Partition
from haarqntk.diagrams import INDEX, Letter
from haarqntk.groups import Group, circular_classes, weighted_counts
from haarqntk.haar._weights import Weight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.diagrams import Component, DiagramMonomial
    from haarqntk.groups import Rows
    from haarqntk.haar._weights import RandomLetter

Index: TypeAlias = tuple[int, int]
"""A number for each different index of a product, and the half of the space that it is in."""

_Counts: TypeAlias = tuple[tuple[str, Partition, int], ...]
"""Kind of weight, class, and how often it occurs, with signs for the symplectic group."""


def known_weights(monomial: DiagramMonomial, letter: RandomLetter) -> dict[Weight, int] | None:
    """The weights of a product of power sums, of entries, or of entries of Vᵀ V; None if it is none of these.

    Args:
        monomial: The product.
        letter: The random matrix.
    """
    group = letter.record
    if group.is_vector:
        return None
    if group.power_sums and (powers := _power_sums(monomial, letter.name)) is not None:
        is_balanced = sum(powers[0]) == sum(powers[1])
        return {Weight(group.power_sums.name, letter.spaces, powers): 1} if is_balanced else {}
    found = _entries(monomial, letter.name, group)
    if found is None and group.circular:
        found = _circular_entries(monomial, letter.name, group.circular.name)
    if found is None:
        return None
    return {Weight(kind, letter.spaces, (mu,)): count for kind, mu, count in found}


# -- power sums ----------------------------------------------------------------------------------------------


def _power_sums(monomial: DiagramMonomial, name: str) -> tuple[Partition, Partition] | None:
    """The powers j of Tr V^j and of Tr V*^j if the product has no other factor."""
    powers: dict[bool, list[int]] = {False: [], True: []}
    for component, exponent in monomial:
        word = _power(component, name)
        if word is None:
            return None
        powers[word[0]].extend([word[1]] * exponent)
    mu, nu = (tuple(sorted(found, reverse=True)) for found in powers.values())
    return mu, nu


def _power(component: Component, name: str) -> tuple[bool, int] | None:
    """(whether it is conjugated, j) if the component is Tr V^j."""
    if not component.is_cycle or {x.name for x in component.letters} != {name}:
        return None
    word = component.word
    return (word[0][0].conjugated, len(word)) if len(set(word)) == 1 else None


# -- entries of V --------------------------------------------------------------------------------------------


def _entries(monomial: DiagramMonomial, name: str, group: Group) -> _Counts | None:
    entries: list[tuple[Letter, Letter, bool]] = []
    for component, exponent in monomial:
        entry = _entry(component, name)
        if entry is None:
            return None
        entries += [entry] * exponent
    sign = 1
    if group.ways.has_form:
        entries, sign = _without_conjugates(entries)
    sides = []
    for side in (0, 1):
        numbers: dict[str, int] = {}
        indices = [(row, column)[side] for row, column, _ in entries]
        labels = [(numbers.setdefault(i.name, len(numbers)), i.place) for i in indices]
        plain, conjugated = (
            tuple(x for x, e in zip(labels, entries, strict=True) if e[2] == is_conjugated)
            for is_conjugated in (False, True)
        )
        sides.append((plain, plain if group.ways.is_self_conjugate else conjugated))
    return tuple((kind, mu, sign * count) for kind, mu, count in _counts(group, *sides[0], *sides[1]))


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
def _counts(
    group: Group,
    rows: tuple[Index, ...],
    conjugated_rows: tuple[Index, ...],
    columns: tuple[Index, ...],
    conjugated_columns: tuple[Index, ...],
) -> _Counts:
    ways, k = group.ways, group.ways.degree(len(rows))
    if group.entries:
        return tuple((group.name, mu, count) for mu, count in group.entries(rows, columns).items())
    num_conjugated = 0 if ways.is_self_conjugate else len(conjugated_rows)
    if ways.imbalance("", len(rows), num_conjugated):
        return ()
    sides = ((rows, conjugated_rows), (columns, conjugated_columns))
    if not ways.has_form:
        matching = [ways.num_matching(Counter(plain), Counter(others)) for plain, others in sides]
        if not all(matching):
            return ()
        for side, count in ((rows, matching[1]), (columns, matching[0])):
            if group.sphere and len(set(side)) == 1:
                return ((group.sphere.name, (k,), count),)
    left, right = (
        ways.rows([[_can_meet(a, b, has_form=ways.has_form) for b in others] for a in plain])
        for plain, others in sides
    )
    left_signs, right_signs = (_form_signs(*pair) for pair in ((rows, left), (columns, right)))
    num_classes = ways.num_classes(k)
    totals = np.zeros(num_classes, dtype=np.int64)
    for i, places, numbers, factors in ways.pair_classes(left, right):
        signs = left_signs[i] * factors * right_signs[places] if ways.has_form else factors
        totals += weighted_counts(numbers, signs, num_classes)
    return tuple((group.name, ways.class_of(n, k), int(totals[n])) for n in totals.nonzero()[0].tolist())


def _can_meet(a: Index, b: Index, *, has_form: bool) -> bool:
    return a[0] == b[0] and (a[1] != b[1]) == has_form


def _form_signs(side: Sequence[Index], rows: Rows) -> Rows:
    """Π J_{i_a i_b} over the pairs a < b of each row: J is 1 from the first half to the second."""
    signs = np.ones(len(rows), dtype=np.int64)
    for a, (_, half) in enumerate(side):
        signs = signs * (1 - 2 * half * (rows[:, a] > a))
    return signs


# -- entries of Vᵀ V -----------------------------------------------------------------------------------------


def _circular_entries(monomial: DiagramMonomial, name: str, kind: str) -> _Counts | None:
    indices: tuple[list[str], list[str]] = ([], [])
    for component, exponent in monomial:
        entry = _circular_entry(component, name)
        if entry is None:
            return None
        conjugated, pair = entry
        indices[conjugated].extend(pair * exponent)
    numbers: dict[str, int] = {}
    plain, conjugate = (tuple(numbers.setdefault(i, len(numbers)) for i in side) for side in indices)
    return tuple((kind, mu, count) for mu, count in circular_classes(plain, conjugate))


def _circular_entry(component: Component, name: str) -> tuple[bool, list[str]] | None:
    """Whether it is conjugated and the two indices, if the component is an entry of Vᵀ V."""
    if len(component.letters) != 4 or not component.is_chain:  # noqa: PLR2004 - an index, V, V, an index
        return None
    (left, _), (first, first_turned), (second, second_turned), (right, _) = component.word
    is_product = first == second and first.name == name and (first_turned, second_turned) == (True, False)
    if not is_product or not all(x.kind == INDEX and x.name.isdigit() for x in (left, right)):
        return None
    return first.conjugated, [f"{x.name} {x.place}" for x in (left, right)]
