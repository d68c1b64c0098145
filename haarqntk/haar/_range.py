"""The dimensions at which an integrand exists: they must have its indices, and halves where it needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.diagrams import INDEX, SYMPLECTIC_FORM
from haarqntk.haar._weights import needs_even_dimension

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from haarqntk.diagrams import DiagramMonomial, Letter
    from haarqntk.haar._refusals import Declaration


def halved_dimensions(
    monomials: Iterable[DiagramMonomial], declared: Mapping[str, Declaration]
) -> frozenset[str]:
    """The named dimensions that must be even: of a symplectic matrix, of its form, of an index D/2 + i."""
    halved = {letter.spaces[0] for letter in _index_letters(monomials) if letter.place}
    for name, declaration in declared.items():
        if name == SYMPLECTIC_FORM or needs_even_dimension(declaration):
            halved |= set(declaration.spaces)
    return frozenset(space for space in halved if isinstance(space, str))


def least_dimensions(monomials: Iterable[DiagramMonomial], halved: frozenset[str]) -> dict[str, int]:
    """For each named dimension the smallest that has all the indices that occur; i < D/2 in a halved space."""
    least: dict[str, int] = {}
    for letter in _index_letters(monomials):
        (space,) = letter.spaces
        if isinstance(space, str):
            needed = (int(letter.name) + 1) * (2 if space in halved else 1)
            least[space] = max(least.get(space, 1), needed)
    return least


def _index_letters(monomials: Iterable[DiagramMonomial]) -> Iterator[Letter]:
    for monomial in monomials:
        for component, _ in monomial:
            yield from (x for x in component.letters if x.kind == INDEX and x.name.isdigit())
