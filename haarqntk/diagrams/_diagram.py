"""Diagrams: letters whose ends are joined in pairs, reduced to products of canonical components.

A product of traces, matrix entries and open words is one diagram; each connected part is a ``Component``. Parts in
which every letter acts on one tensor factor are chains: cycles (traces) and paths (entries, open words). The
relations of the letters are applied here, as soon as a part is formed; deltas that meet become one before. Ends count
from 0, letter after letter: for a matrix on m factors left 0, right 0, left 1, right 1, …

δ_{i j …} joins any number of ends, so a diagram with deltas is a graph with vertices of every degree. Deltas that are
joined are one delta, one that meets an index hands it to its other ends, one with two ends is a wire. What is left is a
connected diagram whose canonical form does not depend on the order of the ends of a delta, nor of those of a symmetric
matrix: colours of the letters are refined by those of their neighbours, and where equal colours remain, each letter is
tried in turn but for those that a symmetry already found takes to one tried before.

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from haarqntk.diagrams._chain import (
    cancelled,
    canonical_chain,
    canonical_web,
    with_hermitian_letters_plain,
)
from haarqntk.diagrams._component import Component, Frame, Reduced
from haarqntk.diagrams._letters import DELTA, INDEX, Letter, Space, delta_letter, first_ends

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def reduce_diagram(letters: Sequence[Letter], partner: Sequence[int]) -> Reduced | None:
    """Split a diagram into canonical components and apply the relations of its letters; None if it is zero.

    Examples:
        >>> X = Letter("matrix", "X", ("D",), frozenset({"involution"}))
        >>> reduce_diagram([X, X], [3, 2, 1, 0])  # Tr X X = D
        Reduced(sign=1, loops=('D',), monomial=())
    """
    return Reducer().reduce(letters, partner)


class Reducer:
    """Reduces many diagrams of the same letters; remembers the canonical form of each part that it met."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._numbers: dict[Letter, int] = {}
        self._chains: dict[tuple[int, ...], Reduced | None] = {}
        self._parts_met: dict[tuple[int, ...], Reduced | None] = {}

    def reduce(self, letters: Sequence[Letter], partner: Sequence[int]) -> Reduced | None:
        """See ``reduce_diagram``."""
        frame = self._framed(letters)
        loops: list[Space] = []
        if frame.has_deltas:
            letters, partner, loops = _fused(frame, partner)
            frame = self._framed(letters)
        sign = 1
        exponents: dict[Component, int] = {}
        for part in self._chain_parts(frame, partner) if frame.is_narrow else self._parts(frame, partner):
            if part is None:
                return None
            sign *= part.sign
            loops.extend(part.loops)
            for component, e in part.monomial:
                exponents[component] = exponents.get(component, 0) + e
        monomial = tuple(exponents.items())
        if len(monomial) > 1:
            monomial = tuple(sorted(monomial, key=lambda pair: pair[0].sort_key))
        return Reduced(sign, tuple(sorted(loops, key=str)), monomial)

    def _framed(self, letters: Sequence[Letter]) -> Frame:
        if self._frame is None or self._frame.letters is not letters:
            for letter in letters:
                self._numbers.setdefault(letter, len(self._numbers))
            self._frame = Frame(letters, [2 * self._numbers[letter] for letter in letters])
        return self._frame

    def _chain_parts(self, frame: Frame, partner: Sequence[int]) -> Iterator[Reduced | None]:
        """The parts of a diagram in which every letter acts on one tensor factor."""
        seen = bytearray(len(frame.letters))
        for root in frame.roots:
            if seen[root]:
                continue
            places = frame.walk(root, partner)
            for i, _ in places:
                seen[i] = 1
            key = tuple([frame.numbers[i] + turned for i, turned in places])
            if key not in self._chains:
                word = [(frame.letters[i], bool(turned)) for i, turned in places]
                self._chains[key] = canonical_chain(frame.is_matrix[root], word)
            yield self._chains[key]

    def _parts(self, frame: Frame, partner: Sequence[int]) -> Iterator[Reduced | None]:
        waiting = set(range(len(frame.letters)))
        while waiting:
            part = sorted(frame.connected(min(waiting), partner))
            waiting -= set(part)
            joined = frame.restricted(part, partner)
            own = Frame([frame.letters[i] for i in part], [frame.numbers[i] for i in part])
            if own.is_narrow:
                yield from self._chain_parts(own, joined)
                continue
            key = (*own.numbers, *joined)
            if key not in self._parts_met:
                self._parts_met[key] = self._part(own.letters, joined)
            yield self._parts_met[key]

    def _part(self, letters: Sequence[Letter], partner: Sequence[int]) -> Reduced | None:
        """A connected part that is no chain."""
        plain, joined = with_hermitian_letters_plain(letters, partner)
        is_trace = len(plain) == 1 and all(other == end ^ 1 for end, other in enumerate(joined))
        if is_trace and "traceless" in plain[0].properties:
            return None
        frame = Frame(plain)
        simpler = cancelled(frame, joined)
        if simpler is not None:
            rest = self.reduce(*simpler[:2])
            return None if rest is None else rest.times(*simpler[2:])
        if frame.has_deltas:
            return canonical_with_deltas(frame, joined)
        return Reduced(1, (), ((canonical_web(frame, joined), 1),))


def _fused(frame: Frame, partner: Sequence[int]) -> tuple[list[Letter], list[int], list[Space]]:
    """The same diagram where no delta meets a delta or an index or has two ends, and the closed loops this leaves."""
    letters, owner = frame.letters, frame.owner
    root = list(range(len(letters)))
    is_delta = [letter.kind == DELTA for letter in letters]
    for end, other in enumerate(partner):
        i, j = owner[end], owner[other]
        if is_delta[i] and is_delta[j]:
            _unite(root, i, j)
    outer: dict[int, list[int]] = {_root(root, i): [] for i in range(len(letters)) if is_delta[i]}
    for end, other in enumerate(partner):
        if is_delta[owner[end]] and not is_delta[owner[other]]:
            outer[_root(root, owner[end])].append(other)
    found, joined, loops = list(letters), list(partner), []
    leaving = {i for i in range(len(letters)) if is_delta[i]}
    for i, ends in outer.items():
        caps = [end for end in ends if letters[owner[end]].kind == INDEX]
        if caps:
            fixed = min(caps, key=lambda end: letters[owner[end]].sort_key)
            leaving.add(owner[fixed])
            ends.remove(fixed)
            found += [letters[owner[fixed]]] * len(ends)
        elif not ends:
            loops.append(letters[i].spaces[0])
        elif len(ends) == 2:  # noqa: PLR2004 - a wire
            joined[ends[0]], joined[ends[1]] = ends[1], ends[0]
            continue
        else:
            found.append(delta_letter(letters[i].spaces[0], len(ends)))
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


_Leaf = tuple[tuple[int, ...], list[int], int]
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
        root = list(range(len(colours)))
        symmetries: list[list[int]] = []
        leaves: list[_Leaf] = []
        tried: list[int] = []
        for i in cell:
            if any(_root(root, i) == _root(root, j) for j in tried):
                continue
            chosen = _individualised(colours, i)
            found = [] if not tried else self._symmetries_between(leaves, self._greedy(chosen))
            if not found:
                joined, order, sign, found = self.least(chosen)
                leaf = joined, order, sign
                found = [*found, *self._symmetries_between(leaves, leaf)]
                leaves += [leaf, self._greedy(chosen)]
                tried.append(i)
            for image in found:
                symmetries.append(image)
                for a, b in enumerate(image):
                    _unite(root, a, b)
        return (*min(leaves, key=lambda leaf: leaf[0]), symmetries)

    def _greedy(self, colours: list[int]) -> _Leaf:
        colours = self._refined(colours)
        while cell := _first_cell(colours):
            colours = self._refined(_individualised(colours, cell[0]))
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
        count = len(set(colours))
        while True:
            colours = _ranks(
                [
                    (colours[i], *sorted((own, colours[j], their) for own, j, their in near))
                    for i, near in enumerate(self._near)
                ]
            )
            if (found := len(set(colours))) == count:
                return colours
            count = found

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
    cells: dict[int, list[int]] = {}
    for i, colour in enumerate(colours):
        cells.setdefault(colour, []).append(i)
    return min((cell for cell in cells.values() if len(cell) > 1), key=lambda c: colours[c[0]], default=[])


def _individualised(colours: list[int], i: int) -> list[int]:
    return [2 * colour + (j != i) for j, colour in enumerate(colours)]


def _root(root: list[int], i: int) -> int:
    while root[i] != i:
        root[i] = root[root[i]]
        i = root[i]
    return i


def _unite(root: list[int], i: int, j: int) -> None:
    root[_root(root, i)] = _root(root, j)
