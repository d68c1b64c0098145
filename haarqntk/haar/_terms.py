"""Sums of diagrams with coefficients: the plain data under the algebra of integrands.

A matrix expression has open ends named "left" and "right", one pair for each tensor factor; joining open ends is
how matrices are multiplied, traced and transposed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.algebra import RationalFunction
from haarqntk.diagrams import OPEN, DiagramMonomial, Gluing, Letter, Reduced, Space, flatten, reduce_diagram
from haarqntk.haar._weights import dimension_product

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LEFT, RIGHT = "left", "right"

Terms: TypeAlias = dict[DiagramMonomial, RationalFunction]


def joined(
    letters: Sequence[Letter],
    partner: Sequence[int],
    pairs: Sequence[tuple[tuple[str, int], tuple[str, int]]],
) -> tuple[RationalFunction, DiagramMonomial] | None:
    """Join open ends, named by (side, factor), and reduce."""
    if not pairs:
        return _as_factor(reduce_diagram(letters, partner), ())
    ends: dict[tuple[str, int], int] = {}
    places: dict[tuple[str, int], int] = {}
    count = 0
    for i, letter in enumerate(letters):
        if letter.kind == OPEN:
            ends[letter.name, letter.place], places[letter.name, letter.place] = count, i
        count += letter.num_ends
    glued = {ends[x]: ends[y] for a, b in pairs for x, y in ((a, b), (b, a))}
    gluing = Gluing(letters, partner, {places[x] for pair in pairs for x in pair})
    closed, loops = gluing.glue(glued)
    return _as_factor(reduce_diagram(gluing.letters, closed), loops)


def _as_factor(
    reduced: Reduced | None, loops: Sequence[Space]
) -> tuple[RationalFunction, DiagramMonomial] | None:
    if reduced is None:
        return None
    return dimension_product((*loops, *reduced.loops)) * reduced.sign, reduced.monomial


def renamed(monomial: DiagramMonomial, old: str, new: str) -> DiagramMonomial:
    """Rename the open ends of one side; the components need not be canonical afterwards."""
    return tuple(
        (
            replace(
                component,
                letters=tuple(
                    replace(x, name=new) if x.kind == OPEN and x.name == old else x for x in component.letters
                ),
            ),
            e,
        )
        for component, e in monomial
    )


def conjugated(terms: Mapping[DiagramMonomial, RationalFunction]) -> Terms:
    """The complex conjugate of every letter."""
    total: Terms = {}
    for monomial, c in terms.items():
        letters, partner = flatten([monomial])
        add_term(total, joined([x.conjugate() for x in letters], partner, []), c)
    return total


def add_term(
    total: Terms, found: tuple[RationalFunction, DiagramMonomial] | None, scale: RationalFunction
) -> None:
    """Add ``scale`` times what ``joined`` found."""
    if found is not None:
        factor, monomial = found
        value = factor * scale
        total[monomial] = total[monomial] + value if monomial in total else value


def identity_terms(spaces: tuple[Space, ...]) -> Terms:
    """The identity: each left end joined to its right end."""
    letters: list[Letter] = []
    partner: list[int] = []
    for s, space in enumerate(spaces):
        letters += [Letter(OPEN, LEFT, (space,), place=s), Letter(OPEN, RIGHT, (space,), place=s)]
        partner += [2 * s + 1, 2 * s]
    return single_term(letters, partner)


def single_term(letters: Sequence[Letter], partner: Sequence[int]) -> Terms:
    """One diagram, reduced."""
    total: Terms = {}
    add_term(total, joined(letters, partner, []), RationalFunction(1))
    return total


def open_ends(spaces: tuple[Space, ...]) -> Iterator[Letter]:
    """The left open ends, then the right ones."""
    for side in (LEFT, RIGHT):
        for s, space in enumerate(spaces):
            yield Letter(OPEN, side, (space,), place=s)
