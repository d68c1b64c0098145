"""``Component``: a connected diagram in canonical form; products of components are monomials.

``Frame`` is what many diagrams of the same letters share. ``Gluing`` takes letters out and joins their ends in pairs or
in blocks: what an integral does to its random letters, and what a relation such as X X = 1 does to the letters that it
cancels, as each becomes the identity, so that its left ends are glued to its right ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, count
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.algebra import collected
from haarqntk.diagrams._letters import DELTA, MATRIX, OPEN, Letter, Space, delta_letter, first_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Token: TypeAlias = tuple[Letter, bool]  # a letter, and whether it is read transposed


class Frame:
    """The letters of a diagram.

    Args:
        letters: The letters.
        numbers: A number for each, equal for equal letters; left out where nobody asks for them.
    """

    def __init__(self, letters: Sequence[Letter], numbers: Sequence[int] = ()) -> None:
        self.letters = letters
        self.numbers = numbers
        self.first = first_ends(letters)
        self.owner = [i for i, letter in enumerate(letters) for _ in range(letter.num_ends)]
        kinds = [letter.kind for letter in letters]
        self.has_deltas = DELTA in kinds
        self.is_matrix = [kind == MATRIX for kind in kinds]
        self.roots = sorted(range(len(letters)), key=self.is_matrix.__getitem__)  # caps first
        self.is_narrow = all(len(letter.spaces) == 1 for letter in letters) and not (
            self.has_deltas and any(x.kind == DELTA and x.num_ends > 1 for x in letters)
        )

    def ends(self, places: Iterable[int]) -> list[int]:
        """The ends of the letters at these places."""
        first, letters = self.first, self.letters
        return [end for i in places for end in range(first[i], first[i] + letters[i].num_ends)]

    def restricted(self, places: Iterable[int], partner: Sequence[int]) -> list[int]:
        """The joined ends of some letters in this order, counted among these letters only."""
        ends = self.ends(places)
        place = {end: new for new, end in enumerate(ends)}
        return [place[partner[end]] for end in ends]

    def connected(self, root: int, partner: Sequence[int]) -> list[int]:
        """The places of the letters connected with the one at ``root``, in the order in which they are met."""
        order, seen = [root], {root}
        for i in order:
            for end in range(self.first[i], self.first[i] + self.letters[i].num_ends):
                j = self.owner[partner[end]]
                if j not in seen:
                    seen.add(j)
                    order.append(j)
        return order

    def walk(self, root: int, partner: Sequence[int]) -> list[tuple[int, int]]:
        """The places along a chain from ``root``, a cap or a letter of a cycle; 1 where a letter is transposed."""
        first, owner, is_matrix = self.first, self.owner, self.is_matrix
        places = [(root, 0)]
        end = first[root] + is_matrix[root]  # a matrix is left by its right end
        while (i := owner[partner[end]]) != root:
            turned = partner[end] - first[i]
            places.append((i, turned))
            if not is_matrix[i]:
                break
            end = first[i] + 1 - turned
        return places


class Gluing:
    """The letters that leave one diagram, prepared to be glued in many ways.

    Args:
        letters: The letters of the diagram.
        partner: The end that each end is joined to.
        leaving: The places of the letters that leave.
    """

    def __init__(self, letters: Sequence[Letter], partner: Sequence[int], leaving: set[int]) -> None:
        self._partner = list(partner)
        self._space = spaces_of_ends(letters)
        self._new_place: list[int] = []  # −1 for an end that leaves
        places = count()
        for i, letter in enumerate(letters):
            self._new_place += [-1 if i in leaving else next(places) for _ in range(letter.num_ends)]
        self.letters = [letter for i, letter in enumerate(letters) if i not in leaving]

    def glue_blocks(self, blocks: Sequence[Sequence[int]]) -> tuple[list[Letter], list[int]]:
        """Join the leaving ends in blocks of equal indices, as a set partition does.

        Args:
            blocks: Leaving ends of one tensor factor each; every leaving end is in one block.

        Returns:
            The letters that stay, followed by a delta for each block, and their joined ends: not yet reduced.

        Examples:
            >>> from haarqntk.diagrams import matrix_letter, reduce_diagram
            >>> A, P = (matrix_letter(name, ("D",), frozenset()) for name in "AP")
            >>> gluing = Gluing([A, P], [3, 2, 1, 0], {1})  # Tr A P, both ends of P in one block
            >>> reduced = reduce_diagram(*gluing.glue_blocks([[2, 3]]))
            >>> reduced.monomial == reduce_diagram([A], [1, 0]).monomial
            True
        """
        ends = [end for end, new in enumerate(self._new_place) if new >= 0]
        ends += [end for block in blocks for end in block]
        place = {end: new for new, end in enumerate(ends)}
        deltas = [delta_letter(self._space[block[0]], len(block)) for block in blocks]
        return [*self.letters, *deltas], [place[self._partner[end]] for end in ends]

    def glue(self, pairs: Mapping[int, int]) -> tuple[list[int], list[Space]]:
        """Join the leaving ends in pairs.

        Args:
            pairs: Each leaving end → the leaving end it is glued to.

        Returns:
            The joined ends of the letters that stay, and the space of each closed loop.
        """
        partner, new_place = self._partner, self._new_place
        joined: list[int] = []
        visited: set[int] = set()
        for end, place in enumerate(new_place):
            if place < 0:
                continue
            other = partner[end]
            while new_place[other] < 0:
                through = pairs[other]
                visited.add(other)
                visited.add(through)
                other = partner[through]
            joined.append(new_place[other])
        loops = []
        if len(visited) < len(pairs):
            for end in pairs:
                if end in visited:
                    continue
                loops.append(self._space[end])
                other = end
                while other not in visited:
                    through = pairs[other]
                    visited.add(other)
                    visited.add(through)
                    other = partner[through]
        return joined, loops


def spaces_of_ends(letters: Sequence[Letter]) -> list[Space]:
    """The dimension at each end of some letters."""
    sides = [(letter.spaces, range(letter.num_ends // len(letter.spaces))) for letter in letters]
    return [space for spaces, ends in sides for space in spaces for _ in ends]


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
        places = Frame(self.letters).walk(0, self.partner)
        return tuple((self.letters[i], bool(turned)) for i, turned in places)

    @property
    def is_cycle(self) -> bool:
        """Whether it is a chain without caps: a trace."""
        return self.is_chain and all(letter.kind == MATRIX for letter in self.letters)


Monomial: TypeAlias = tuple[tuple[Component, int], ...]
"""A product of components: sorted pairs (component, exponent)."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """A diagram after its relations: sign · Π dimensions · monomial."""

    sign: int
    loops: tuple[Space, ...]
    monomial: Monomial

    def times(self, loops: Iterable[Space], sign: int = 1) -> Reduced:
        """With more closed loops, and another sign."""
        return Reduced(self.sign * sign, tuple(sorted((*self.loops, *loops), key=str)), self.monomial)


def product(monomials: Iterable[Monomial]) -> Monomial:
    """The product of monomials, which is a monomial."""
    exponents = collected(chain.from_iterable(monomials))
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
