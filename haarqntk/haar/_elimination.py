r"""Elimination: one random matrix or state leaves a diagram, exactly.

.. math:: \mathbb E\, \mathrm{diagram} = \sum_{\sigma, \tau} \mathrm{Wg}(\sigma^{-1}\tau)\,
          \mathrm{diagram\ glued\ by\ } \sigma \mathrm{\ on\ the\ left\ and\ } \tau
          \mathrm{\ on\ the\ right\ ends}

``eliminate`` runs over one σ of each orbit under the symmetries of the diagram. Where no path joins a left end to a
right end, as in every product of V A V† and in every product of entries, the two sides are glued apart: k! + k!
gluings instead of (k!)², and the pairs (σ, τ) are only counted, by class. Where all copies meet one vector on a side,
the sum over its gluings is the normalisation of a random unit vector, and only the other side is glued.

Products of power sums, of entries, and of entries of Vᵀ V need no diagram:

.. math:: \mathbb E\, V_{i_1 j_1} \cdots \bar V_{i'_1 j'_1} \cdots = \sum_\mu \mathrm{Wg}(\mu)\,
          \#\{(\sigma, \tau) : i = i'_\sigma,\ j = j'_\tau,\ \sigma^{-1}\tau \in \mu\}

and likewise over pairings: the integral of entries depends on which indices are equal, and on nothing else. Each
pattern of equal indices is counted once. ``groups.circular_classes`` has the sum for entries of Vᵀ V.

Reference: collins2006; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from haarqntk.algebra import RationalFunction, collected
from haarqntk.combinatorics import Partition
from haarqntk.diagrams import MATRIX, VECTOR, Component, DiagramMonomial, Reduced, Reducer, product
from haarqntk.errors import CostError
from haarqntk.groups import Group, Rows, WeightLaw, circular_classes, weighted_counts
from haarqntk.haar._copies import Copies, gather_copies
from haarqntk.haar._letters import Factors, RandomLetter, Weight, dimension_product

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


LARGEST_NUM_GLUINGS = 600_000
LARGEST_NUM_TERMS = 50_000
_LARGEST_NUM_COUNTED = 400_000_000

Outcome: TypeAlias = "tuple[Factors, DiagramMonomial]"
"""Weights and closed loops, and what is left of the diagram."""

Counted: TypeAlias = "Iterator[tuple[Outcome, int]]"


def eliminate(monomial: DiagramMonomial, letter: RandomLetter, reducer: Reducer) -> dict[Outcome, int]:
    """Integrate a product of components over one random matrix or state.

    Returns:
        Outcome → count, without zeros; empty if the integral vanishes because the degrees do not balance.
    """
    touched = tuple(
        (component, e)
        for component, e in monomial
        if any(x.name == letter.name and x.kind in (MATRIX, VECTOR) for x in component.letters)
    )
    if len(touched) < len(monomial):
        rest = tuple(pair for pair in monomial if pair not in touched)
        return {
            (factors, product((left, rest))): count
            for (factors, left), count in eliminate(touched, letter, reducer).items()
        }
    known = known_weights(monomial, letter)
    if known is not None:
        return {(((weight,), ()), ()): count for weight, count in known.items()}
    copies = gather_copies(monomial, letter)
    if not copies.is_balanced:
        return {}
    group = letter.record
    if group.is_vector:
        found = _of_vector(copies, group.weight, reducer)
    elif not copies.sides_are_apart:
        found = _together(copies, reducer)
    elif group.sphere and (side := next((s for s in (0, 1) if copies.meets_one_vector(s)), None)) is not None:
        found = _of_vector(copies.side(1 - side, with_loose=True), group.sphere, reducer)
    else:
        found = _apart(copies, reducer)
    return {outcome: count for outcome, count in collected(found).items() if count}


def _of_vector(copies: Copies, law: WeightLaw, reducer: Reducer) -> Counted:
    """One row or column of a random matrix, or a state: a uniform point of the complex or the real sphere."""
    weights = (Weight(law.name, copies.random.spaces, ((copies.degree,),)),)
    if not copies.has_content:
        yield ((weights, ()), ()), copies.num_allowed(0)
        return
    rows = copies.ways.rows(copies.allowed(0))
    chosen, sizes = copies.ways.orbits(rows, copies.symmetries)
    for place, size in zip(chosen.tolist(), sizes.tolist(), strict=True):
        reduced = copies.glued(reducer, copies.ways.blocks(rows[place].tolist()), None)
        if reduced is not None:
            yield ((weights, reduced.loops), reduced.monomial), reduced.sign * size


def _two_sides(copies: Copies, largest: int) -> tuple[Rows, Rows, Rows]:
    """One way of each orbit on the left, all ways on the right, and the sizes of the orbits."""
    left, right = (copies.ways.rows(copies.allowed(side)) for side in (0, 1))
    chosen, sizes = copies.ways.orbits(left, copies.symmetries)
    if len(chosen) * len(right) > largest:
        raise CostError(
            f"{len(copies.plain)} copies of {copies.random.name} would not finish: {len(chosen)} × {len(right)} "
            f"gluings, the largest number is {largest}; pass an integrand of lower degree or "
            "with fewer different letters"
        )
    return left[chosen], right, sizes


def _weights(copies: Copies, number: int) -> tuple[Weight]:
    """The weight of the class of that number."""
    classes = (copies.ways.class_of(number, copies.degree),)
    return (Weight(copies.random.group, copies.random.spaces, classes),)


def _apart(copies: Copies, reducer: Reducer) -> Counted:
    ways = copies.ways
    left, right, sizes = _two_sides(copies, _LARGEST_NUM_COUNTED)
    left, left_parts, left_numbers, kept = _glued_side(copies, reducer, left, 0)
    right, right_parts, right_numbers, _ = _glued_side(copies, reducer, right, 1)
    sizes = sizes[kept]
    num_classes = ways.num_classes(copies.degree)
    keys, size = right_numbers * num_classes, len(right_parts) * num_classes
    if len(left_parts) * len(right_parts) > LARGEST_NUM_TERMS:
        raise CostError(
            f"{len(copies.plain)} copies of {copies.random.name} would leave {len(left_parts)} × {len(right_parts)} "
            f"different terms, the largest number is {LARGEST_NUM_TERMS}; use fewer different letters"
        )
    counts: Counter[tuple[int, int]] = Counter()
    for i, places, numbers, factors in ways.pair_classes(left, right):
        found = weighted_counts(keys[places] + numbers, factors, size)
        for place in found.nonzero()[0].tolist():
            counts[int(left_numbers[i]), place] += int(sizes[i]) * int(found[place])
    for (i, place), count in counts.items():
        j, number = divmod(place, num_classes)
        a, b = left_parts[i], right_parts[j]
        loops = tuple(sorted((*a.loops, *b.loops), key=str))
        outcome = (_weights(copies, number), loops), product((a.monomial, b.monomial))
        yield outcome, count * a.sign * b.sign


def _glued_side(
    copies: Copies, reducer: Reducer, rows: Rows, side: int
) -> tuple[Rows, list[Reduced], Rows, Rows]:
    """The rows that do not glue one side to zero, the different diagrams, each row's number, the rows' places."""
    parts: dict[Reduced, int] = {}
    part, kept, numbers = copies.side(side, with_loose=side == 0), [], []
    blocks = part.ways.blocks
    has_content, reduced = part.has_content, None
    for i, row in enumerate(rows.tolist()):
        if has_content or reduced is None:  # else all rows glue it alike
            reduced = part.glued(reducer, blocks(row), None)
        if reduced is not None:
            kept.append(i)
            numbers.append(parts.setdefault(reduced, len(parts)))
    places = np.array(kept, dtype=np.int64)
    return rows[places], list(parts), np.array(numbers, dtype=np.int64), places


def _together(copies: Copies, reducer: Reducer) -> Counted:
    ways = copies.ways
    left, right, sizes = _two_sides(copies, LARGEST_NUM_GLUINGS)
    left_blocks, right_blocks = ([ways.blocks(row) for row in rows.tolist()] for rows in (left, right))
    every = np.arange(len(right))
    row, glued = -1, dict[int, "Reduced | None"]()
    for i, places, numbers, factors in ways.pair_classes(left, right):
        if i != row:
            row, glued = i, {}
        for j, number, factor in zip(every[places].tolist(), numbers.tolist(), factors.tolist(), strict=True):
            if j not in glued:
                glued[j] = copies.glued(reducer, left_blocks[i], right_blocks[j])
            if (reduced := glued[j]) is not None:
                outcome = (_weights(copies, number), reduced.loops), reduced.monomial
                yield outcome, int(sizes[i]) * factor * reduced.sign


def random_letters_in(monomial: DiagramMonomial, known: Mapping[str, RandomLetter]) -> Iterator[RandomLetter]:
    """The random letters of a product, those of the lowest degree first: they leave the fewest terms."""
    for _, name in sorted(_letters_in(monomial, known)):
        yield known[name]


def design_order(
    terms: Mapping[DiagramMonomial, RationalFunction], chosen: Mapping[str, RandomLetter]
) -> int:
    """The least t such that t-designs have the average of a sum of diagrams, whatever its matrices and dimensions.

    A letter of degree ≤ t in a term can be integrated there; what is left of the sum, merged, is asked again. A term
    with one letter needs its degree, even if its average is zero.
    """
    left, reducer, t = dict(terms), Reducer(), 0
    while several := {m: found for m in left if len(found := _letters_in(m, chosen)) > 1}:
        first = {m: min(found) for m, found in several.items()}
        t = max(t, min(degree for degree, _ in first.values()))
        averaged = [
            (rest, prod((w.generic() for w in weights), start=c * dimension_product(loops) * count))
            for monomial, (degree, name) in first.items()
            if degree <= t
            for c in [left.pop(monomial)]
            for ((weights, loops), rest), count in eliminate(monomial, chosen[name], reducer).items()
        ]
        left = {m: c for m, c in collected([*left.items(), *averaged]).items() if c}
    return max([t, *(degree for m in left for degree, _ in _letters_in(m, chosen))])


def _letters_in(monomial: DiagramMonomial, known: Mapping[str, RandomLetter]) -> list[tuple[int, str]]:
    """The random letters of a product, each with the order of the designs that average it."""
    names = {x.name for component, _ in monomial for x in component.letters if x.name in known}
    return [
        (known[name].record.ways.design_order(copies[False], copies[True]), name)
        for name in names
        for copies in [num_copies(monomial, known[name])]
    ]


def num_copies(monomial: DiagramMonomial, letter: RandomLetter) -> Counter[bool]:
    """How often the letter occurs, and how often its conjugate."""
    return Counter(
        x.conjugated
        for component, e in monomial
        for x in component.letters
        if x.name == letter.name
        for _ in range(e)
    )


# -- products that need no diagram -----------------------------------------------------------------------------

Index: TypeAlias = tuple[int, int]
"""A number for each different index of a product, and the half of the space that it is in."""

_Counts: TypeAlias = tuple[tuple[str, Partition, int], ...]
"""Kind of weight, class, and how often it occurs, with signs for the symplectic group."""


def known_weights(monomial: DiagramMonomial, letter: RandomLetter) -> dict[Weight, int] | None:
    """The weights of a product of power sums, of entries, or of entries of Vᵀ V; None if it is none of these."""
    group = letter.record
    if group.is_vector:
        return None
    if group.power_sums and (powers := _power_sums(monomial, letter.name)) is not None:
        is_balanced = sum(powers[0]) == sum(powers[1])
        return {Weight(group.power_sums.name, letter.spaces, powers): 1} if is_balanced else {}
    found = _entries(monomial, letter.name, group)
    if found is None and group.circular:
        found = _circular_entries(monomial, letter.name, group.circular.name)
    return None if found is None else {Weight(kind, letter.spaces, (mu,)): n for kind, mu, n in found}


# -- power sums ----------------------------------------------------------------------------------------------


def _power_sums(monomial: DiagramMonomial, name: str) -> tuple[Partition, Partition] | None:
    """The powers j of Tr V^j and of Tr V*^j if the product has no other factor."""
    powers: tuple[list[int], list[int]] = ([], [])
    for component, exponent in monomial:
        word = component.word if component.is_cycle else ()
        if len(set(word)) != 1 or word[0][0].name != name:
            return None
        powers[word[0][0].conjugated].extend([len(word)] * exponent)
    mu, nu = (tuple(sorted(found, reverse=True)) for found in powers)
    return mu, nu


# -- entries of V --------------------------------------------------------------------------------------------


def _entries(monomial: DiagramMonomial, name: str, group: Group) -> _Counts | None:
    entries: list[tuple[tuple[str, int], tuple[str, int], bool]] = []
    sign = 1
    for component, exponent in monomial:
        entry = _entry(component, name)
        if entry is None:
            return None
        (i, half), (j, other), conjugated = entry
        if conjugated and group.ways.has_form:  # conj(S)_ij = J_ii' S_i'j' J_jj' with i' = i ± D/2
            sign *= ((1 - 2 * half) * (1 - 2 * other)) ** exponent
            entry = (i, 1 - half), (j, 1 - other), False
        entries += [entry] * exponent
    sides = []
    for side in (0, 1):
        numbers: dict[str, int] = {}
        places = [(row, column)[side] for row, column, _ in entries]
        labels = [(numbers.setdefault(i, len(numbers)), half) for i, half in places]
        plain, conjugates = (
            tuple(x for x, e in zip(labels, entries, strict=True) if e[2] == is_conjugated)
            for is_conjugated in (False, True)
        )
        sides.append((plain, plain if group.ways.is_self_conjugate else conjugates))
    return tuple((kind, mu, sign * count) for kind, mu, count in _counts(group, *sides[0], *sides[1]))


def _entry(component: Component, name: str) -> tuple[tuple[str, int], tuple[str, int], bool] | None:
    """Row, column and whether it is conjugated, if the component is an entry with numbered indices."""
    if len(component.letters) != 3:  # noqa: PLR2004 - an index, the matrix, an index
        return None
    left, matrix, right = component.letters
    if matrix.name != name or not (left.is_number and right.is_number):
        return None
    if component.partner[0] != 1:  # read from its column
        left, right = right, left
    return (left.name, left.place), (right.name, right.place), matrix.conjugated


@lru_cache(maxsize=4096)  # patterns of equal indices; one takes about 1 kB
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
        ways.rows([[a[0] == b[0] and (a[1] != b[1]) == ways.has_form for b in others] for a in plain])
        for plain, others in sides
    )
    left_signs, right_signs = (_form_signs(*pair) for pair in ((rows, left), (columns, right)))
    num_classes = ways.num_classes(k)
    totals = np.zeros(num_classes, dtype=np.int64)
    for i, places, numbers, factors in ways.pair_classes(left, right):
        signs = left_signs[i] * factors * right_signs[places] if ways.has_form else factors
        totals += weighted_counts(numbers, signs, num_classes)
    return tuple((group.name, ways.class_of(n, k), int(totals[n])) for n in totals.nonzero()[0].tolist())


def _form_signs(side: Sequence[Index], rows: Rows) -> Rows:
    """Π J_{i_a i_b} over the pairs a < b of each row: J is 1 from the first half to the second."""
    signs = np.ones(len(rows), dtype=np.int64)
    for a, (_, half) in enumerate(side):
        signs = signs * (1 - 2 * half * (rows[:, a] > a))
    return signs


# -- entries of Vᵀ V -----------------------------------------------------------------------------------------


def _circular_entries(monomial: DiagramMonomial, name: str, kind: str) -> _Counts | None:
    sides: tuple[list[tuple[str, int]], list[tuple[str, int]]] = ([], [])
    for component, exponent in monomial:
        if len(component.letters) != 4 or not component.is_chain:  # noqa: PLR2004 - an index, V, V, an index
            return None
        (left, _), first, second, (right, _) = component.word
        is_product = first == (second[0], True) and not second[1] and second[0].name == name  # Vᵀ V
        if not is_product or not (left.is_number and right.is_number):
            return None
        sides[second[0].conjugated].extend([(x.name, x.place) for x in (left, right)] * exponent)
    numbers: dict[tuple[str, int], int] = {}
    plain, conjugate = (tuple(numbers.setdefault(i, len(numbers)) for i in side) for side in sides)
    return tuple((kind, mu, count) for mu, count in circular_classes(plain, conjugate))
