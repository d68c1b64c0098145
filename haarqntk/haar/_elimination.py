r"""Elimination: one random matrix or state leaves a diagram, exactly; and the definition, term by term.

.. math:: \mathbb E\, \mathrm{diagram} = \sum_{\sigma, \tau} \mathrm{Wg}(\sigma^{-1}\tau)\,
          \mathrm{diagram\ glued\ by\ } \sigma \mathrm{\ on\ the\ left\ and\ } \tau
          \mathrm{\ on\ the\ right\ ends}

``eliminate`` runs over one σ of each orbit under the symmetries of the diagram. Where no path joins a left end to a
right end, as in every product of V A V† and in every product of entries, the two sides are glued apart: k! + k!
gluings instead of (k!)², and the pairs (σ, τ) are only counted, by class. Where all copies meet one vector on a side,
the sum over its gluings is the normalisation of a random unit vector, and only the other side is glued.

``glued_terms`` takes every pair (σ, τ), one after the other: no symmetry of the diagram is used, no side is glued apart
and no index is looked at before the end. It is the slow route that ``expect`` is checked against, and the rows that
``Integral.explain`` lists.

Reference: collins2006; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from haarqntk.algebra import RationalFunction, collected
from haarqntk.diagrams import MATRIX, VECTOR, DiagramMonomial, Reduced, Reducer, Space, product
from haarqntk.errors import CostError
from haarqntk.groups import Rows, Way, WeightLaw, weighted_counts
from haarqntk.haar._copies import Copies, gather_copies
from haarqntk.haar._weights import Factors, RandomLetter, Weight, dimension_product, known_weights

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


LARGEST_NUM_GLUINGS = 600_000
LARGEST_NUM_TERMS = 50_000
_LARGEST_NUM_COUNTED = 400_000_000
LARGEST_NUM_PAIRS = 20_000  # of the definition: ten seconds


Outcome: TypeAlias = "tuple[Factors, DiagramMonomial]"
"""Weights and closed loops, and what is left of the diagram."""

Counted: TypeAlias = "Iterator[tuple[Outcome, int]]"


def eliminate(monomial: DiagramMonomial, letter: RandomLetter, reducer: Reducer) -> dict[Outcome, int]:
    """Integrate a product of components over one random matrix or state.

    Args:
        monomial: The product.
        letter: What is integrated over.
        reducer: Reduces the glued diagrams.

    Returns:
        Outcome → count, without zeros; empty if the integral vanishes because the degrees do not balance.

    Raises:
        CostError: If the gluings would not finish.
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
        found = _of_vector(copies, letter, group.weight, reducer)
    elif not copies.sides_are_apart:
        found = _together(copies, letter, reducer)
    elif group.sphere and (side := next((s for s in (0, 1) if copies.meets_one_vector(s)), None)) is not None:
        found = _of_vector(copies.side(1 - side, with_loose=True), letter, group.sphere, reducer)
    else:
        found = _apart(copies, letter, reducer)
    return {outcome: count for outcome, count in collected(found).items() if count}


def _of_vector(copies: Copies, letter: RandomLetter, law: WeightLaw, reducer: Reducer) -> Counted:
    """One row or column of a random matrix, or a state: a uniform point of the complex or the real sphere."""
    weights = (Weight(law.name, letter.spaces, ((copies.degree,),)),)
    if not copies.has_content:
        yield ((weights, ()), ()), copies.num_allowed(0)
        return
    rows = copies.ways.rows(copies.allowed(0))
    chosen, sizes = copies.ways.orbits(rows, copies.symmetries)
    for place, size in zip(chosen.tolist(), sizes.tolist(), strict=True):
        reduced = copies.glued(reducer, copies.ways.blocks(rows[place].tolist()), None)
        if reduced is not None:
            yield ((weights, reduced.loops), reduced.monomial), reduced.sign * size


def _two_sides(copies: Copies, letter: RandomLetter, largest: int) -> tuple[Rows, Rows, Rows]:
    """One way of each orbit on the left, all ways on the right, and the sizes of the orbits."""
    left, right = (copies.ways.rows(copies.allowed(side)) for side in (0, 1))
    chosen, sizes = copies.ways.orbits(left, copies.symmetries)
    if len(chosen) * len(right) > largest:
        raise CostError(
            f"{len(copies.plain)} copies of {letter.name} would not finish: {len(chosen)} × {len(right)} gluings, the "
            f"largest number is {largest}; pass an integrand of lower degree or with fewer different letters"
        )
    return left[chosen], right, sizes


def _weights(copies: Copies, letter: RandomLetter, number: int) -> tuple[Weight]:
    """The weight of the class of that number."""
    return (Weight(letter.group, letter.spaces, (copies.ways.class_of(number, copies.degree),)),)


def _apart(copies: Copies, letter: RandomLetter, reducer: Reducer) -> Counted:
    ways = copies.ways
    left, right, sizes = _two_sides(copies, letter, _LARGEST_NUM_COUNTED)
    left, left_parts, left_numbers, kept = _glued_side(copies, reducer, left, 0)
    right, right_parts, right_numbers, _ = _glued_side(copies, reducer, right, 1)
    sizes = sizes[kept]
    num_classes = ways.num_classes(copies.degree)
    keys, size = right_numbers * num_classes, len(right_parts) * num_classes
    if len(left_parts) * len(right_parts) > LARGEST_NUM_TERMS:
        raise CostError(
            f"{len(copies.plain)} copies of {letter.name} would leave {len(left_parts)} × {len(right_parts)} "
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
        outcome = (_weights(copies, letter, number), loops), product((a.monomial, b.monomial))
        yield outcome, count * a.sign * b.sign


def _glued_side(
    copies: Copies, reducer: Reducer, rows: Rows, side: int
) -> tuple[Rows, list[Reduced], Rows, Rows]:
    """The rows that do not glue one side to zero, the different diagrams, each row's number, the rows' places."""
    parts: dict[Reduced, int] = {}
    part, kept, numbers = copies.side(side, with_loose=side == 0), [], []
    blocks = part.ways.blocks
    common = (
        None if part.has_content or not len(rows) else part.glued(reducer, blocks(rows[0].tolist()), None)
    )
    for i, row in enumerate(rows.tolist()):
        reduced = common or part.glued(reducer, blocks(row), None)
        if reduced is not None:
            kept.append(i)
            numbers.append(parts.setdefault(reduced, len(parts)))
    places = np.array(kept, dtype=np.int64)
    return rows[places], list(parts), np.array(numbers, dtype=np.int64), places


def _together(copies: Copies, letter: RandomLetter, reducer: Reducer) -> Counted:
    ways = copies.ways
    left, right, sizes = _two_sides(copies, letter, LARGEST_NUM_GLUINGS)
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
                outcome = (_weights(copies, letter, number), reduced.loops), reduced.monomial
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


@dataclass(frozen=True)
class GluedPair:
    """One pair of ways to glue the copies of one random matrix or state.

    Attributes:
        letter: What is integrated over.
        copies: Its copies in the diagram.
        left: How the left ends are glued.
        right: How the right ends are glued; None for a state, which has none.
        weight: The weight of the pair.
        factor: What stands before the weight: −1 where pairings of a symplectic matrix cross an odd number of times.
    """

    letter: RandomLetter
    copies: Copies
    left: Way
    right: Way | None
    weight: Weight
    factor: int


@dataclass(frozen=True)
class GluedTerm:
    """One term of the definition: a pair for each random letter, and what the diagram became.

    Attributes:
        pairs: The pairs, in the order of integration.
        loops: The closed loops.
        diagram: What is left; None if it is zero.
        factor: What multiplies weights, loops and diagram: the integrand's coefficient and the signs.
    """

    pairs: tuple[GluedPair, ...]
    loops: tuple[Space, ...]
    diagram: DiagramMonomial | None
    factor: RationalFunction

    @property
    def weights(self) -> tuple[Weight, ...]:
        """The weights, sorted."""
        return tuple(sorted((pair.weight for pair in self.pairs), key=repr))

    @property
    def coefficient(self) -> RationalFunction:
        """What stands before the diagram, as a function of the dimensions."""
        return prod((w.generic() for w in self.weights), start=self.factor * dimension_product(self.loops))


def num_glued_terms(monomial: DiagramMonomial, letters: Mapping[str, RandomLetter]) -> int:
    """How many terms the definition has: the product over the random letters; none if the degrees do not balance.

    A relation that a gluing makes possible, such as V V† = 1, can leave fewer.
    """
    total = 1
    for letter in random_letters_in(monomial, letters):
        copies = gather_copies(monomial, letter)
        count = copies.ways.num_ways if copies.group.is_vector else copies.ways.num_terms
        total *= count(copies.degree) if copies.is_balanced else 0
    return total


def glued_terms(
    terms: Mapping[DiagramMonomial, RationalFunction], letters: Mapping[str, RandomLetter], reducer: Reducer
) -> Iterator[GluedTerm]:
    """All terms of the definition, also those whose diagram is zero, one by one."""
    for monomial, c in terms.items():
        yield from _glued(GluedTerm((), (), monomial, c), letters, reducer)


def refuse_too_many_pairs(
    terms: Mapping[DiagramMonomial, RationalFunction], letters: Mapping[str, RandomLetter]
) -> None:
    """Raise a CostError if the definition would not finish."""
    total = sum(num_glued_terms(monomial, letters) for monomial in terms)
    if total > LARGEST_NUM_PAIRS:
        raise CostError(
            f"method='definition' would not finish: it has {total} pairs, the largest number is "
            f"{LARGEST_NUM_PAIRS}; use method='orbits'"
        )


def _glued(term: GluedTerm, letters: Mapping[str, RandomLetter], reducer: Reducer) -> Iterator[GluedTerm]:
    letter = None if term.diagram is None else next(random_letters_in(term.diagram, letters), None)
    if letter is None or term.diagram is None:
        yield term
        return
    copies = gather_copies(term.diagram, letter)
    if not copies.is_balanced:
        return
    for pair in _pairs(copies, letter):
        right = None if pair.right is None else copies.ways.blocks(pair.right)
        reduced = copies.glued(reducer, copies.ways.blocks(pair.left), right)
        if reduced is None:
            yield GluedTerm((*term.pairs, pair), term.loops, None, term.factor)
            continue
        loops = tuple(sorted((*term.loops, *reduced.loops), key=str))
        factor = term.factor * (pair.factor * reduced.sign)
        yield from _glued(GluedTerm((*term.pairs, pair), loops, reduced.monomial, factor), letters, reducer)


def _pairs(copies: Copies, letter: RandomLetter) -> Iterator[GluedPair]:
    """Every pair with its weight, from the definitions of its class."""
    every = copies.ways.every(copies.degree)
    for left in every:
        for right in [None] if copies.group.is_vector else every:
            classes = [((copies.degree,), 1)] if right is None else copies.ways.classes_of_pair(left, right)
            for mu, factor in classes:
                weight = Weight(letter.group, letter.spaces, (mu,))
                yield GluedPair(letter, copies, left, right, weight, factor)
