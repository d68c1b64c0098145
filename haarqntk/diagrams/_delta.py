"""Diagrams with deltas: δ_{i j …} joins any number of ends, so a diagram is a graph with vertices of every degree.

Deltas that are joined are one delta, one that meets an index hands it to its other ends, one with two ends is a
wire. What is left is a connected diagram whose canonical form does not depend on the order of the ends of a delta, nor
of those of a symmetric matrix: colours of the letters are refined by those of their neighbours, and where equal
colours remain, each letter is tried in turn but for those that a symmetry already found takes to one tried before.

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.diagrams._chain import simplified_word
from haarqntk.diagrams._frame import Frame, restricted
from haarqntk.diagrams._letters import DELTA, INDEX, MATRIX, Letter, delta_letter
from haarqntk.diagrams._web import first_ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.diagrams._component import Token
    from haarqntk.diagrams._letters import Space


def fused(letters: Sequence[Letter], partner: Sequence[int]) -> tuple[list[Letter], list[int], list[Space]]:
    """The same diagram where no delta meets a delta or an index or has two ends, and the closed loops this leaves."""
    owner = [i for i, letter in enumerate(letters) for _ in range(letter.num_ends)]
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
    return [found[i] for i in kept], restricted(kept, Frame(found, []), joined), loops


def with_simple_words(
    letters: Sequence[Letter], partner: Sequence[int]
) -> tuple[list[Letter], list[int], int]:
    """A connected diagram with deltas whose words of matrices on one factor are simplified, and the sign it gets."""
    first = first_ends(letters)
    owner = [i for i, letter in enumerate(letters) for _ in range(letter.num_ends)]
    in_word = [letter.kind == MATRIX and len(letter.spaces) == 1 for letter in letters]
    kept = [i for i in range(len(letters)) if not in_word[i]]
    found = [letters[i] for i in kept]
    ends = [end for i in kept for end in range(first[i], first[i] + letters[i].num_ends)]
    place = {end: new for new, end in enumerate(ends)}
    joined = [-1] * len(ends)
    sign = 1
    for start in ends:
        if joined[place[start]] >= 0:
            continue
        word: list[Token] = []
        end = partner[start]
        while in_word[i := owner[end]]:
            turned = end - first[i]
            word.append((letters[i], bool(turned)))
            end = partner[first[i] + 1 - turned]
        tokens, factor = simplified_word(word)
        sign *= factor
        last = place[start]
        for letter, transposed in tokens:
            entered, leaves = len(joined) + transposed, len(joined) + 1 - transposed
            joined += [-1, -1]
            joined[last], joined[entered] = entered, last
            last = leaves
            found.append(letter)
        joined[last], joined[place[end]] = place[end], last
    return found, joined, sign


def canonical_with_deltas(
    letters: Sequence[Letter], partner: Sequence[int]
) -> tuple[tuple[Letter, ...], tuple[int, ...], int] | None:
    """The least numbering of a connected diagram and its sign; None if a symmetry shows that it is zero."""
    search = _Search(letters, partner)
    joined, order, sign, _ = search.least(search.first_colours())
    return None if search.vanishes else (tuple(letters[i] for i in order), joined, sign)


_Leaf = tuple[tuple[int, ...], list[int], int]
"""The joined ends after a numbering, the letters in its order, and the sign of the antisymmetric ones."""


class _Search:
    """Numberings of a diagram whose deltas and (anti)symmetric matrices on one factor have ends without an order."""

    def __init__(self, letters: Sequence[Letter], partner: Sequence[int]) -> None:
        self._letters, self._partner = letters, partner
        self._owner = [i for i, letter in enumerate(letters) for _ in range(letter.num_ends)]
        self._first = first_ends(letters)
        self._is_odd = [
            len(letter.spaces) == 1 and "antisymmetric" in letter.properties for letter in letters
        ]
        is_loose = [
            letter.kind == DELTA or odd or (len(letter.spaces) == 1 and "symmetric" in letter.properties)
            for letter, odd in zip(letters, self._is_odd, strict=True)
        ]
        self._is_loose = [
            loose and letter.num_ends > 1 for letter, loose in zip(letters, is_loose, strict=True)
        ]
        self._label = [0 if self._is_loose[i] else end - self._first[i] for end, i in enumerate(self._owner)]
        self._near: list[list[tuple[int, int, int]]] = [[] for _ in letters]
        for end, other in enumerate(partner):
            near = (self._label[end], self._owner[other], self._label[other])
            self._near[self._owner[end]].append(near)
        self.vanishes = any(
            odd and near[0] == near[1] and self._is_loose[near[0][1]]
            for odd, near in zip(self._is_odd, self._near, strict=True)
        )

    def first_colours(self) -> list[int]:
        return _ranks([letter.sort_key for letter in self._letters])

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
        sign = 1
        for start, odd in zip(self._first, self._is_odd, strict=True):
            if odd and place[start] > place[start + 1]:
                sign = -sign
        return tuple(joined), order, sign


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
