"""Diagrams with deltas: graphs with vertices of every degree, and the canonical form that they have.

δ_{i j …} joins any number of ends. Deltas that are joined are one delta, one that meets an index hands it to its other
ends, one with two ends is a wire. What is left is a connected diagram whose canonical form does not depend on the order
of the ends of a delta, nor of those of a symmetric matrix: colours of the letters are refined by those of their
neighbours, and where equal colours remain, each letter is tried in turn but for those that a symmetry already found
takes to one tried before.
"""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.diagrams._component import (
    DELTA,
    INDEX,
    Component,
    Frame,
    Letter,
    Reduced,
    Space,
    delta_letter,
    first_ends,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def fused(frame: Frame, partner: Sequence[int]) -> tuple[list[Letter], list[int], list[Space]]:
    """The same diagram where no delta meets a delta or an index or has two ends, and the closed loops this leaves."""
    letters, owner = frame.letters, frame.owner
    found, joined, loops, leaving = list(letters), list(partner), list[Space](), set[int]()
    for root, delta in enumerate(letters):
        if delta.kind != DELTA or root in leaving:
            continue
        leaving.add(root)
        group, ends = [root], []
        for end in (end for i in group for end in frame.ends([i])):  # the group grows
            i = owner[partner[end]]
            if letters[i].kind != DELTA:
                ends.append(partner[end])
            elif i not in leaving:
                leaving.add(i)
                group.append(i)
        caps = [end for end in ends if letters[owner[end]].kind == INDEX]
        if caps:
            fixed = min(caps, key=lambda end: letters[owner[end]].sort_key)
            leaving.add(owner[fixed])
            ends.remove(fixed)
            found += [letters[owner[fixed]]] * len(ends)
        elif not ends:
            loops.append(delta.spaces[0])
        elif len(ends) == 2:  # noqa: PLR2004 - a wire
            joined[ends[0]], joined[ends[1]] = ends[1], ends[0]
            continue
        else:
            found.append(delta_letter(delta.spaces[0], len(ends)))
        for end in ends:
            joined[end] = len(joined)
            joined.append(end)
    kept = [i for i in range(len(found)) if i not in leaving]
    return [found[i] for i in kept], Frame(found).restricted(kept, joined), loops


def canonical_with_deltas(frame: Frame, partner: Sequence[int]) -> Reduced | None:
    """The least numbering of a connected diagram and its sign; None if a symmetry shows that it is zero."""
    search = _Search(frame, partner)
    joined, order, sign, _ = search.least(_ranks([letter.sort_key for letter in frame.letters]))
    component = Component(tuple(frame.letters[i] for i in order), joined)
    return None if search.vanishes else Reduced(sign, (), ((component, 1),))


_Leaf: TypeAlias = tuple[tuple[int, ...], list[int], int]
"""The joined ends after a numbering, the letters in its order, and the sign of the antisymmetric ones."""


class _Search:
    """Numberings of a diagram whose deltas and (anti)symmetric matrices on one factor have ends without an order."""

    def __init__(self, frame: Frame, partner: Sequence[int]) -> None:
        self._letters, self._partner = frame.letters, partner
        self._owner, self._first = frame.owner, frame.first
        narrow = [x.properties if len(x.spaces) == 1 else frozenset() for x in frame.letters]
        self._is_odd = ["antisymmetric" in relations for relations in narrow]
        self._is_loose = [
            letter.num_ends > 1 and (letter.kind == DELTA or bool(relations & {"symmetric", "antisymmetric"}))
            for letter, relations in zip(frame.letters, narrow, strict=True)
        ]
        self._label = [0 if self._is_loose[i] else end - self._first[i] for end, i in enumerate(self._owner)]
        self._near: list[list[tuple[int, int, int]]] = [[] for _ in frame.letters]
        for end, other in enumerate(partner):
            near = (self._label[end], self._owner[other], self._label[other])
            self._near[self._owner[end]].append(near)
        self.vanishes = any(
            odd and near[0] == near[1] and self._is_loose[near[0][1]]
            for odd, near in zip(self._is_odd, self._near, strict=True)
        )

    def least(self, colours: list[int]) -> tuple[tuple[int, ...], list[int], int, list[list[int]]]:
        """The least leaf below a colouring, and generators of its symmetries."""
        colours = self._refined(colours)
        cell = _first_cell(colours)
        if not cell:
            return (*self._leaf(colours), [])
        orbits = list(range(len(colours)))  # a number for each letter, equal within an orbit
        symmetries: list[list[int]] = []
        leaves: list[_Leaf] = []
        tried: list[int] = []
        for i in cell:
            if orbits[i] in {orbits[j] for j in tried}:
                continue
            chosen = [2 * colour + (j != i) for j, colour in enumerate(colours)]
            found = [] if not tried else self._symmetries_between(leaves, self._greedy(chosen))
            if not found:
                joined, order, sign, found = self.least(chosen)
                leaf = joined, order, sign
                found = [*found, *self._symmetries_between(leaves, leaf)]
                leaves += [leaf, self._greedy(chosen)]
                tried.append(i)
            symmetries += found
            for a, b in (pair for image in found for pair in enumerate(image)):
                if orbits[a] != orbits[b]:
                    orbits = [orbits[b] if orbit == orbits[a] else orbit for orbit in orbits]
        return (*min(leaves, key=lambda leaf: leaf[0]), symmetries)

    def _greedy(self, colours: list[int]) -> _Leaf:
        colours = self._refined(colours)
        while cell := _first_cell(colours):
            colours = self._refined([2 * colour + (j != cell[0]) for j, colour in enumerate(colours)])
        return self._leaf(colours)

    def _symmetries_between(self, leaves: list[_Leaf], leaf: _Leaf) -> list[list[int]]:
        """The relabelling that takes an earlier leaf to one with the same code; the signs must agree."""
        for joined, order, sign in leaves:
            if joined == leaf[0]:
                self.vanishes |= sign != leaf[2]
                image = [0] * len(order)
                for a, b in zip(order, leaf[1], strict=True):
                    image[a] = b
                return [image]
        return []

    def _refined(self, colours: list[int]) -> list[int]:
        """The colours split by those of the neighbours, until nothing is split."""
        num_colours = 0
        while len(set(colours)) > num_colours:
            num_colours = len(set(colours))
            keys = [
                (colours[i], *sorted((own, colours[j], their) for own, j, their in near))
                for i, near in enumerate(self._near)
            ]
            colours = _ranks(keys)
        return colours

    def _leaf(self, colours: list[int]) -> _Leaf:
        """The numbering by colours that are all different: the ends without an order in that of what they meet."""
        order = sorted(range(len(colours)), key=colours.__getitem__)
        first = dict(zip(order, first_ends([self._letters[i] for i in order]), strict=True))
        used = [0] * len(order)
        place = [0] * len(self._partner)
        keys = [(colours[i], label) for i, label in zip(self._owner, self._label, strict=True)]
        pairs = [(a, b) if keys[a] <= keys[b] else (b, a) for a, b in enumerate(self._partner) if a < b]
        for pair in sorted(pairs, key=lambda pair: (keys[pair[0]], keys[pair[1]])):
            for end in pair:
                i = self._owner[end]
                place[end] = first[i] + (used[i] if self._is_loose[i] else self._label[end])
                used[i] += 1
        joined = [0] * len(place)
        for end, other in enumerate(self._partner):
            joined[place[end]] = place[other]
        odd_ends = (start for start, odd in zip(self._first, self._is_odd, strict=True) if odd)
        return tuple(joined), order, prod(-1 for end in odd_ends if place[end] > place[end + 1])


def _ranks(keys: Sequence[object]) -> list[int]:
    rank = {key: n for n, key in enumerate(sorted(set(keys)))}  # type: ignore[type-var]
    return [rank[key] for key in keys]


def _first_cell(colours: list[int]) -> list[int]:
    """The letters of the least colour that several have; none if all are different."""
    least = min((colour for colour, n in Counter(colours).items() if n > 1), default=None)
    return [i for i, colour in enumerate(colours) if colour == least]
