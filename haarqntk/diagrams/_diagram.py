"""Diagrams: letters whose ends are joined in pairs, reduced to products of canonical components.

A product of traces, matrix entries and open words is one diagram; each connected part is a ``Component``. Parts in
which every letter acts on one tensor factor are chains: cycles (traces) and paths (entries, open words). The
relations of the letters are applied here, as soon as a part is formed; deltas that meet become one before. Ends count
from 0, letter after letter: for a matrix on m factors left 0, right 0, left 1, right 1, …

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from haarqntk.diagrams._chain import Part, canonical_chain
from haarqntk.diagrams._component import Component, Monomial
from haarqntk.diagrams._delta import canonical_with_deltas, fused, with_simple_words
from haarqntk.diagrams._frame import Frame, connected, restricted, walk
from haarqntk.diagrams._letters import DELTA, MATRIX, Letter
from haarqntk.diagrams._web import cancelled, canonical_web, is_traceless, with_hermitian_letters_plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from haarqntk.diagrams._letters import Space


@dataclass(frozen=True, slots=True)
class Reduced:
    """A diagram after its relations: sign · Π dimensions · monomial."""

    sign: int
    loops: tuple[Space, ...]
    monomial: Monomial

    def times(self, loops: Iterable[Space]) -> Reduced:
        """With more closed loops."""
        return Reduced(self.sign, tuple(sorted((*self.loops, *loops), key=str)), self.monomial)


def reduce_diagram(letters: Sequence[Letter], partner: Sequence[int]) -> Reduced | None:
    """Split a diagram into canonical components and apply the relations of its letters; None if it is zero.

    Examples:
        >>> X = Letter("matrix", "X", ("D",), frozenset({"involution"}))
        >>> reduce_diagram([X, X], [3, 2, 1, 0])  # Tr X X = D
        Reduced(sign=1, loops=('D',), monomial=())
    """
    return Reducer().reduce(letters, partner)


class Reducer:
    """Reduces many diagrams of the same letters; remembers the canonical form of each chain that it met."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._numbers: dict[Letter, int] = {}
        self._chains: dict[tuple[int, ...], Part | None] = {}
        self._with_deltas: dict[tuple[int, ...], Part | None] = {}

    def reduce(self, letters: Sequence[Letter], partner: Sequence[int]) -> Reduced | None:
        """See ``reduce_diagram``."""
        frame = self._framed(letters)
        loops: list[Space] = []
        if frame.has_deltas:
            letters, partner, loops = fused(letters, partner)
            frame = self._framed(letters)
        found = self._chain_parts(frame, partner) if frame.is_narrow else self._parts(frame, partner)
        sign = 1
        exponents: dict[Component, int] = {}
        for part in found:
            if part is None:
                return None
            sign *= part.sign
            loops.extend(part.loops)
            for component in part.components:
                exponents[component] = exponents.get(component, 0) + 1
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

    def _chain_parts(self, frame: Frame, partner: Sequence[int]) -> Iterator[Part | None]:
        """The parts of a diagram in which every letter acts on one tensor factor."""
        seen = bytearray(len(frame.letters))
        for root in frame.roots:
            if seen[root]:
                continue
            places = walk(frame, partner, root)
            for i, _ in places:
                seen[i] = 1
            key = tuple([frame.numbers[i] + turned for i, turned in places])
            if key not in self._chains:
                word = tuple((frame.letters[i], bool(turned)) for i, turned in places)
                self._chains[key] = canonical_chain(frame.letters[root].kind == MATRIX, word)
            yield self._chains[key]

    def _parts(self, frame: Frame, partner: Sequence[int]) -> Iterator[Part | None]:
        letters = frame.letters
        seen = [False] * len(letters)
        for start in range(len(letters)):
            if seen[start]:
                continue
            part = connected(start, frame, partner, seen)
            found, joined = [letters[i] for i in part], restricted(part, frame, partner)
            is_wide = any(len(letter.spaces) > 1 for letter in found)
            if is_wide and not (frame.has_deltas and any(x.kind == DELTA for x in found)):
                yield self._web(*with_hermitian_letters_plain(found, joined))
                continue
            own = Frame(found, [frame.numbers[i] for i in part])
            if own.is_narrow:
                yield from self._chain_parts(own, joined)
                continue
            key = (*own.numbers, *joined)
            if key not in self._with_deltas:
                self._with_deltas[key] = self._part_with_deltas(found, joined)
            yield self._with_deltas[key]

    def _web(self, letters: list[Letter], partner: list[int]) -> Part | None:
        if is_traceless(letters, partner):
            return None
        simpler = cancelled(letters, partner)
        if simpler is None:
            return Part(1, (), (Component(*canonical_web(letters, partner)),))
        return self._simpler(*simpler)

    def _part_with_deltas(self, letters: Sequence[Letter], partner: list[int]) -> Part | None:
        plain, joined, sign = with_simple_words(*with_hermitian_letters_plain(letters, partner))
        simpler = (plain, joined, []) if len(plain) < len(letters) else cancelled(plain, joined)
        if simpler is not None:
            return self._simpler(*simpler, sign)
        found = canonical_with_deltas(plain, joined)
        return None if found is None else Part(sign * found[2], (), (Component(*found[:2]),))

    def _simpler(
        self, letters: list[Letter], partner: list[int], loops: Sequence[Space], sign: int = 1
    ) -> Part | None:
        rest = self.reduce(letters, partner)
        if rest is None:
            return None
        components = tuple(component for component, e in rest.monomial for _ in range(e))
        return Part(sign * rest.sign, (*loops, *rest.loops), components)
