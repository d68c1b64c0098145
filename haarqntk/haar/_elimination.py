r"""Elimination: one random matrix or state leaves a diagram, exactly.

.. math:: \mathbb E\, \mathrm{diagram} = \sum_{\sigma, \tau} \mathrm{Wg}(\sigma^{-1}\tau)\,
          \mathrm{diagram\ glued\ by\ } \sigma \mathrm{\ on\ the\ left\ and\ } \tau
          \mathrm{\ on\ the\ right\ ends}

The sum runs over one σ of each orbit under the symmetries of the diagram. Where no path joins a left end to a right
end, as in every product of V A V† and in every product of entries, the two sides are glued apart: k! + k! gluings
instead of (k!)², and the pairs (σ, τ) are only counted, by class. Where all copies meet one vector on a side, the
sum over its gluings is the normalisation of a random unit vector, and only the other side is glued.

Reference: collins2006; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from haarqntk.diagrams import MATRIX, VECTOR, Reducer, product
from haarqntk.errors import CostError
from haarqntk.groups import weighted_counts
from haarqntk.haar._copies import Copies, gather_copies
from haarqntk.haar._known_products import known_weights
from haarqntk.haar._weights import Weight, dimension_product

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from haarqntk.algebra import RationalFunction
    from haarqntk.diagrams import DiagramMonomial, Reduced, Space
    from haarqntk.groups import Rows, WeightLaw
    from haarqntk.haar._weights import RandomLetter

LARGEST_NUM_GLUINGS = 600_000
LARGEST_NUM_TERMS = 50_000
_LARGEST_NUM_PAIRS = 400_000_000


Outcome: TypeAlias = "tuple[tuple[Weight, ...], tuple[Space, ...], DiagramMonomial]"
"""Weights, closed loops, and what is left of the diagram."""


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
            (weights, loops, product((left, rest))): count
            for (weights, loops, left), count in eliminate(touched, letter, reducer).items()
        }
    known = known_weights(monomial, letter)
    if known is not None:
        return {((weight,), (), ()): count for weight, count in known.items()}
    copies = gather_copies(monomial, letter)
    if not copies.is_balanced:
        return {}
    group = letter.record
    total: Counter[Outcome] = Counter()
    if group.is_vector:
        _eliminate_vector(copies, letter, group.weight, reducer, total)
    elif group.sphere and copies.sides_are_apart and (side := _side_of_one_vector(copies)) is not None:
        _eliminate_vector(copies.side(1 - side, with_loose=True), letter, group.sphere, reducer, total)
    elif copies.sides_are_apart:
        _eliminate_apart(copies, letter, reducer, total)
    else:
        _eliminate_together(copies, letter, reducer, total)
    return {outcome: count for outcome, count in total.items() if count}


def _side_of_one_vector(copies: Copies) -> int | None:
    return next((side for side in (0, 1) if copies.meets_one_vector(side)), None)


def _eliminate_vector(
    copies: Copies, letter: RandomLetter, law: WeightLaw, reducer: Reducer, total: Counter[Outcome]
) -> None:
    """One row or column of a random matrix, or a state: a uniform point of the complex or the real sphere."""
    weights = (Weight(law.name, letter.spaces, ((copies.degree,),)),)
    if not copies.has_content:
        if count := copies.num_allowed(0):
            total[weights, (), ()] = count
        return
    rows = copies.ways.rows(copies.allowed(0))
    chosen, sizes = copies.ways.orbits(rows, copies.symmetries)
    for place, size in zip(chosen.tolist(), sizes.tolist(), strict=True):
        reduced = copies.glued(reducer, copies.ways.blocks(rows[place].tolist()), None)
        if reduced is not None:
            total[weights, reduced.loops, reduced.monomial] += reduced.sign * size


def _eliminate_apart(copies: Copies, letter: RandomLetter, reducer: Reducer, total: Counter[Outcome]) -> None:
    ways = copies.ways
    left, right = (ways.rows(copies.allowed(side)) for side in (0, 1))
    chosen, sizes = ways.orbits(left, copies.symmetries)
    _refuse_too_many_pairs(len(chosen), len(right), _LARGEST_NUM_PAIRS, copies, letter)
    left, left_parts, left_numbers, kept = _glued_side(copies, reducer, left[chosen], 0)
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
        weights = (Weight(letter.group, letter.spaces, (ways.class_of(number, copies.degree),)),)
        loops = tuple(sorted((*a.loops, *b.loops), key=str))
        total[weights, loops, product((a.monomial, b.monomial))] += count * a.sign * b.sign


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


def _eliminate_together(
    copies: Copies, letter: RandomLetter, reducer: Reducer, total: Counter[Outcome]
) -> None:
    ways = copies.ways
    left, right = (ways.rows(copies.allowed(side)) for side in (0, 1))
    chosen, sizes = ways.orbits(left, copies.symmetries)
    _refuse_too_many_pairs(len(chosen), len(right), LARGEST_NUM_GLUINGS, copies, letter)
    left = left[chosen]
    left_blocks, right_blocks = ([ways.blocks(row) for row in rows.tolist()] for rows in (left, right))
    every = np.arange(len(right))
    row, glued = -1, dict[int, "Reduced | None"]()
    for i, places, numbers, factors in ways.pair_classes(left, right):
        if i != row:
            row, glued = i, {}
        for j, number, factor in zip(every[places].tolist(), numbers.tolist(), factors.tolist(), strict=True):
            if j not in glued:
                glued[j] = copies.glued(reducer, left_blocks[i], right_blocks[j])
            if (reduced := glued[j]) is None:
                continue
            weight = Weight(letter.group, letter.spaces, (ways.class_of(number, copies.degree),))
            total[(weight,), reduced.loops, reduced.monomial] += int(sizes[i]) * factor * reduced.sign


def _refuse_too_many_pairs(
    num_left: int, num_right: int, largest: int, copies: Copies, letter: RandomLetter
) -> None:
    if num_left * num_right > largest:
        raise CostError(
            f"{len(copies.plain)} copies of {letter.name} would not finish: {num_left} × {num_right} gluings, the "
            f"largest number is {largest}; pass an integrand of lower degree or with fewer different letters"
        )


def random_letters_in(monomial: DiagramMonomial, known: dict[str, RandomLetter]) -> Iterator[RandomLetter]:
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
    while several := [m for m in left if len(_letters_in(m, chosen)) > 1]:
        first = {m: min(_letters_in(m, chosen)) for m in several}
        t = max(t, min(degree for degree, _ in first.values()))
        for monomial in several:
            degree, name = first[monomial]
            if degree > t:
                continue
            c = left.pop(monomial)
            for (weights, loops, rest), count in eliminate(monomial, chosen[name], reducer).items():
                value = prod((w.generic() for w in weights), start=c * dimension_product(loops) * count)
                left[rest] = left[rest] + value if rest in left else value
        left = {m: c for m, c in left.items() if c}
    return max([t, *(degree for m in left for degree, _ in _letters_in(m, chosen))])


def _letters_in(monomial: DiagramMonomial, known: Mapping[str, RandomLetter]) -> list[tuple[int, str]]:
    names = {x.name for component, _ in monomial for x in component.letters if x.name in known}
    return [(degree_of(monomial, known[name]), name) for name in names]


def degree_of(monomial: DiagramMonomial, letter: RandomLetter) -> int:
    """The order of the designs that average a product, from its degrees in V and in V*."""
    copies = num_copies(monomial, letter)
    return letter.record.ways.design_order(copies[False], copies[True])


def num_copies(monomial: DiagramMonomial, letter: RandomLetter) -> Counter[bool]:
    """How often the letter occurs, and how often its conjugate."""
    return Counter(
        x.conjugated
        for component, e in monomial
        for x in component.letters
        if x.name == letter.name
        for _ in range(e)
    )
