"""``Component``: a connected diagram in canonical form; products of components are monomials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.diagrams._frame import Frame, walk
from haarqntk.diagrams._letters import DELTA, MATRIX, OPEN, Letter

if TYPE_CHECKING:
    from collections.abc import Iterable

Token: TypeAlias = tuple[Letter, bool]  # a letter, and whether it is read transposed


@dataclass(frozen=True, slots=True)
class Component:
    """A connected diagram in canonical form.

    Attributes:
        letters: The letters, in canonical order.
        partner: The end that each end is joined to.
        sort_key: An order that depends on nothing but the value: few letters first.

    Examples:
        >>> A = Letter("matrix", "A", ("D",))
        >>> Component((A,), (1, 0)).word == ((A, False),)
        True
    """

    letters: tuple[Letter, ...]
    partner: tuple[int, ...]
    sort_key: tuple[object, ...] = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Set what the engine asks for again and again."""
        key = (len(self.letters), tuple(letter.sort_key for letter in self.letters), self.partner)
        object.__setattr__(self, "sort_key", key)
        object.__setattr__(self, "_hash", hash((self.letters, self.partner)))

    def __hash__(self) -> int:
        return self._hash

    @property
    def is_chain(self) -> bool:
        """Whether it is a word: every letter acts on one tensor factor, and none is a delta."""
        return all(len(letter.spaces) == 1 and letter.kind != DELTA for letter in self.letters)

    @property
    def word(self) -> tuple[Token, ...]:
        """The letters of a chain in reading order, from one cap to the other if it is a path."""
        frame = Frame(self.letters, [0] * len(self.letters))
        return tuple((self.letters[i], bool(turned)) for i, turned in walk(frame, self.partner, 0))

    @property
    def is_cycle(self) -> bool:
        """Whether it is a chain without caps: a trace."""
        return self.is_chain and all(letter.kind == MATRIX for letter in self.letters)


Monomial: TypeAlias = tuple[tuple[Component, int], ...]
"""A product of components: sorted pairs (component, exponent)."""


def product(monomials: Iterable[Monomial]) -> Monomial:
    """The product of monomials, which is a monomial."""
    exponents: dict[Component, int] = {}
    for monomial in monomials:
        for component, e in monomial:
            exponents[component] = exponents.get(component, 0) + e
    return tuple(sorted(exponents.items(), key=lambda pair: pair[0].sort_key))


def flatten(monomials: Iterable[Monomial]) -> tuple[list[Letter], list[int]]:
    """The letters and the joined ends of a product, as one diagram."""
    letters: list[Letter] = []
    partner: list[int] = []
    for monomial in monomials:
        for component, exponent in monomial:
            for _ in range(exponent):
                offset = len(partner)
                letters.extend(component.letters)
                partner.extend(end + offset for end in component.partner)
    return letters, partner


def is_open(component: Component) -> bool:
    """Whether a component has an open end: part of an operator-valued result."""
    return any(letter.kind == OPEN for letter in component.letters)
