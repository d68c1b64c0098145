"""``Copies``: the places of one random letter in a diagram, and the diagram glued at them.

A side is 0 for the left ends of a matrix (its row indices) and 1 for the right ends (its column indices). Under the
symplectic group conj(S) = J S Jᵀ leaves copies of S alone, and a glued pair (a, b), a < b, has J between its ends.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.diagrams import (
    INDEX,
    MATRIX,
    VECTOR,
    Component,
    DiagramMonomial,
    Frame,
    Gluing,
    Letter,
    Reduced,
    Reducer,
    first_ends,
    flatten,
)
from haarqntk.diagrams import SYMPLECTIC_FORM as FORM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from haarqntk.groups import Rows, Ways
    from haarqntk.haar._letters import RandomLetter

    Blocks = Sequence[tuple[int, ...]]  # the slots that a way glues together, see ``groups.Ways``


@dataclass(frozen=True)
class Copies:
    """The copies of one random letter.

    Attributes:
        letters: The letters of the diagram.
        partner: The end that each end is joined to.
        plain: The places of the copies of V, or of all copies where V* is no letter of its own.
        conjugated: The places of the copies of V*; those of ``plain`` again where V* is no letter of its own.
        random: The random letter.
        form: The symplectic form, None for the other groups.
        symmetries: Relabellings of the copies that leave the diagram unchanged.
    """

    letters: tuple[Letter, ...]
    partner: tuple[int, ...]
    plain: tuple[int, ...]
    conjugated: tuple[int, ...]
    random: RandomLetter
    form: Letter | None
    symmetries: list[tuple[Rows, Rows]] = field(default_factory=list)

    @property
    def ways(self) -> Ways:
        """How they can be glued."""
        return self.random.record.ways

    @cached_property
    def is_balanced(self) -> bool:
        """Whether the measure's symmetry lets the integral be different from zero."""
        num_conjugated = 0 if self.ways.is_self_conjugate else len(self.conjugated)
        return self.ways.imbalance("", len(self.plain), num_conjugated) is None

    @property
    def degree(self) -> int:
        """The number k that classes are partitions of."""
        return self.ways.degree(len(self.plain))

    @cached_property
    def slots(self) -> tuple[int, ...]:
        """The places of the copies in the order in which a way counts them."""
        return self.plain if self.ways.is_self_conjugate else self.plain + self.conjugated

    @cached_property
    def first(self) -> list[int]:
        """The first end of each letter."""
        return first_ends(self.letters)

    @cached_property
    def owner(self) -> list[int]:
        """The letter of each end."""
        return [i for i, letter in enumerate(self.letters) for _ in range(letter.num_ends)]

    def ends(self, place: int, side: int) -> list[int]:
        """The ends of one side of a copy, one for each tensor factor."""
        letter = self.letters[place]
        step = 2 if letter.kind == MATRIX else 1
        return [self.first[place] + step * s + side for s in range(len(letter.spaces))]

    def _ends_of(self, place: int) -> range:
        """All the ends of a letter."""
        return range(self.first[place], self.first[place] + self.letters[place].num_ends)

    @cached_property
    def _ends_of_sides(self) -> list[list[list[int]]]:
        """For each side the ends of each slot."""
        num_sides = 2 if self.letters[self.plain[0]].kind == MATRIX else 1
        return [[self.ends(i, side) for i in self.slots] for side in range(num_sides)]

    def _met(self, side: int) -> list[list[tuple[Letter, ...]]]:
        """The letters that the copies of V, and those of V*, meet on a side, one for each tensor factor."""
        return [
            [tuple(self.letters[self.owner[self.partner[end]]] for end in self.ends(i, side)) for i in places]
            for places in (self.plain, self.conjugated)
        ]

    def allowed(self, side: int) -> list[list[bool]]:
        """Whether copies a and b can be glued on a side: not if they meet two different numbered indices."""
        plain, conjugated = self._met(side)
        return [[all(map(self._can_meet, a, b)) for b in conjugated] for a in plain]

    def _can_meet(self, a: Letter, b: Letter) -> bool:
        if not (a.is_number and b.is_number):
            return True
        return (a.name, a.spaces) == (b.name, b.spaces) and (a.place != b.place) == (self.form is not None)

    def num_allowed(self, side: int) -> int:
        """The number of ways to glue copies that meet nothing but numbered indices on a side."""
        return self.ways.num_matching(*map(Counter, self._met(side)))

    def meets_one_vector(self, side: int) -> bool:
        """Whether all copies meet the same unit vector on a side, so that the sum over its gluings is known."""
        plain, conjugated = map(set, self._met(side))
        if len(plain) != 1 or plain != {tuple(x.conjugate() for x in letters) for letters in conjugated}:
            return False
        ((first, *others),) = plain
        if all(letter.kind == INDEX for letter in (first, *others)):
            return True
        is_one = (
            all(letter == first for letter in others) and first.spaces == self.letters[self.plain[0]].spaces
        )
        return (
            is_one
            and first.kind == VECTOR
            and "normalised" in first.properties
            and all(
                self.partner[end] - self.first[self.owner[self.partner[end]]] == s
                for i in self._random
                for s, end in enumerate(self.ends(i, side))
            )
        )

    @cached_property
    def _random(self) -> set[int]:
        return {*self.plain, *self.conjugated}

    @cached_property
    def _reached(self) -> tuple[set[int], set[int]]:
        """The letters that stay and hang on the left ends, and those on the right ends."""
        reached: tuple[set[int], set[int]] = set(), set()
        for side, found in enumerate(reached):
            waiting = [end for place in self._random for end in self.ends(place, side)]
            for end in waiting:  # which grows
                i = self.owner[self.partner[end]]
                if i not in found and i not in self._random:
                    found.add(i)
                    waiting += self._ends_of(i)
        return reached

    @cached_property
    def sides_are_apart(self) -> bool:
        """Whether no path joins a left end to a right end of the copies."""
        lefts, rights = ({end for place in self._random for end in self.ends(place, side)} for side in (0, 1))
        return not (self._reached[0] & self._reached[1] or any(self.partner[end] in rights for end in lefts))

    def side(self, side: int, *, with_loose: bool) -> Copies:
        """One side alone, its copies cut down to vectors, perhaps with what hangs on neither: they must be apart."""
        loose = set(range(len(self.letters))) - self._random - self._reached[0] - self._reached[1]
        kept = sorted(self._reached[side] | self._random | (loose if with_loose else set()))
        ends = [end for i in kept for end in (self.ends(i, side) if i in self._random else self._ends_of(i))]
        place, new = ({x: n for n, x in enumerate(found)} for found in (ends, kept))
        return replace(
            self,
            letters=tuple(
                Letter(VECTOR, x.name, x.spaces, frozenset(), x.conjugated) if i in self._random else x
                for i, x in ((i, self.letters[i]) for i in kept)
            ),
            partner=tuple(place[self.partner[end]] for end in ends),
            plain=tuple(new[i] for i in self.plain),
            conjugated=tuple(new[i] for i in self.conjugated),
        )

    @property
    def has_content(self) -> bool:
        """Whether gluings can give different diagrams: not if numbered indices alone hang on the copies."""
        return (
            self.form is not None
            or any(i not in self._random and not letter.is_number for i, letter in enumerate(self.letters))
            or any(
                self.owner[self.partner[end]] in self._random for i in self._random for end in self.ends(i, 0)
            )
        )

    # -- gluing ----------------------------------------------------------------------------------------

    @cached_property
    def _gluing(self) -> Gluing:
        """The diagram, and for each J that a glued pair needs the letter and a joint to put it in."""
        if self.form is None:
            return Gluing(self.letters, self.partner, self._random)
        letters, partner = list(self.letters), list(self.partner)
        leaving = set(self._random)
        for _ in range(len(self._ends_of_sides) * len(self.plain) // 2):
            end = len(partner)
            leaving.add(len(letters) + 1)
            letters += [self.form, self.form]
            partner += [end + 2, end + 3, end, end + 1]
        return Gluing(letters, partner, leaving)

    def glued(self, reducer: Reducer, left: Blocks, right: Blocks | None) -> Reduced | None:
        """The diagram glued by ``left`` on side 0 and, unless it is None, by ``right`` on side 1."""
        if self.ways.has_blocks:
            sides = zip(self._ends_of_sides, (left, right or ()), strict=False)
            joined_ends = [
                [ends[slot][s] for slot in block]
                for ends, blocks in sides
                for block in blocks
                for s in range(len(ends[0]))
            ]
            return reducer.reduce(*self._gluing.glue_blocks(joined_ends))
        pairs: dict[int, int] = {}
        joint = len(self.partner) + 2
        for ends, blocks in zip(self._ends_of_sides, (left, right or ()), strict=False):
            for a, b in blocks:
                if self.form is None:
                    for end, other in zip(ends[a], ends[b], strict=True):
                        pairs[end], pairs[other] = other, end
                    continue
                for end, other in ((ends[a][0], joint), (ends[b][0], joint + 1)):
                    pairs[end], pairs[other] = other, end
                joint += 4
        gluing = self._gluing
        joined, loops = gluing.glue(pairs)
        reduced = reducer.reduce(gluing.letters, joined)
        return reduced.times(loops) if reduced is not None and loops else reduced


def gather_copies(monomial: DiagramMonomial, random: RandomLetter) -> Copies:
    """Find the copies of a random letter in a product."""
    letters, partner = flatten([monomial])
    ways, form = random.record.ways, None
    if ways.has_form:
        form = symplectic_form(random.spaces)
        letters, partner = _with_plain_symplectic(letters, partner, random.name, form)
    places = [i for i, letter in enumerate(letters) if letter.name == random.name]
    plain = tuple(i for i in places if ways.is_self_conjugate or not letters[i].conjugated)
    conjugated = plain if ways.is_self_conjugate else tuple(i for i in places if letters[i].conjugated)
    symmetries = _symmetries(monomial, plain, conjugated)
    return Copies(tuple(letters), tuple(partner), plain, conjugated, random, form, symmetries)


def symplectic_form(spaces: tuple[str | int, ...]) -> Letter:
    """J = [[0, 1], [−1, 0]] in blocks of half the dimension."""
    return Letter(MATRIX, FORM, spaces, frozenset({"real", "unitary", "antisymmetric"}))


def _with_plain_symplectic(
    letters: list[Letter], partner: list[int], name: str, form: Letter
) -> tuple[list[Letter], list[int]]:
    """Write each conj(S) as J S Jᵀ: a J with its right end on each end of S."""
    found, partner = list(letters), list(partner)
    for i, (letter, first) in enumerate(zip(letters, first_ends(letters), strict=True)):
        if letter.name == name and letter.conjugated:
            found[i] = letter.conjugate()
            for end in (first, first + 1):
                outer, new = partner[end], len(partner)
                found.append(form)
                partner += [outer, end]
                partner[outer], partner[end] = new, new + 1
    return found, partner


def _symmetries(
    monomial: DiagramMonomial, plain: Sequence[int], conjugated: Sequence[int]
) -> list[tuple[Rows, Rows]]:
    """Generators of the relabellings of copies that come from equal factors and rotations of one factor."""
    total = sum(len(component.letters) * e for component, e in monomial)

    def moving(start: int, image: Sequence[int]) -> list[int]:
        return [*range(start), *(start + i for i in image), *range(start + len(image), total)]

    generators, start = [], 0
    for component, exponent in monomial:
        size = len(component.letters)
        swap = [*range(size, 2 * size), *range(size)]
        generators += [moving(start, image) for image in _rotations(component)]
        generators += [moving(start + n * size, swap) for n in range(exponent - 1)]
        start += size * exponent
    places = [{i: n for n, i in enumerate(found)} for found in (plain, conjugated)]
    acting = (
        [np.array([place[moved[i]] for i in place], dtype=np.int64) for place in places]
        for moved in generators
    )
    return [(alpha, beta) for alpha, beta in acting]


def _rotations(component: Component) -> Iterator[tuple[int, ...]]:
    """The relabellings of the letters that leave a component unchanged, but for the identity."""
    letters, partner = component.letters, component.partner
    frame = Frame(letters)
    roots = [root for root, letter in enumerate(letters) if letter == letters[0]]
    reference, *orders = (frame.connected(root, partner) for root in roots)
    for order in orders:
        is_alike = all(letters[a] == letters[b] for a, b in zip(reference, order, strict=True))
        if is_alike and frame.restricted(order, partner) == frame.restricted(reference, partner):
            image = dict(zip(reference, order, strict=True))
            yield tuple(image[i] for i in range(len(letters)))
