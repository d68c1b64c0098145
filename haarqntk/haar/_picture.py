"""Glued diagrams as plain data for the drawing: boxes, wires, arcs."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from haarqntk._drawing import Box, Diagram
from haarqntk.diagrams import DELTA, MATRIX, OPEN
from haarqntk.haar._tokens import cap_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from haarqntk._drawing import End
    from haarqntk.diagrams import Letter
    from haarqntk.groups import Way
    from haarqntk.haar._copies import Copies
    from haarqntk.haar._definition import GluedPair, GluedTerm


def pictures(terms: Iterable[GluedTerm]) -> list[Diagram]:
    """One diagram for each pair (σ, τ) that occurs, in the order of integration."""
    found: dict[tuple[object, ...], Diagram] = {}
    for term in terms:
        for pair in term.pairs:
            key = (pair.copies.letters, pair.copies.partner, pair.left, pair.right)
            if key not in found:
                found[key] = _picture(pair)
    return list(found.values())


def _picture(pair: GluedPair) -> Diagram:
    copies = pair.copies
    place = {i: new for new, i in enumerate(_order(copies))}
    flipped = _flipped(copies, place)

    def drawn(end: int) -> End:
        i = copies.owner[end]
        factor, side = (
            divmod(end - copies.first[i], 2)
            if copies.letters[i].kind == MATRIX
            else (end - copies.first[i], 0)
        )
        if copies.letters[i].kind != MATRIX:
            first = copies.partner[copies.first[i]]
            side = int(place[copies.owner[first]] > place[i])
        return place[i], side ^ flipped[i], factor

    def arcs(way: Way | None, side: int) -> tuple[tuple[End, End], ...]:
        return tuple(
            (drawn(a), drawn(b))
            for block in copies.ways.blocks(way or ())
            for x, y in pairwise(copies.slots[i] for i in block)
            for a, b in zip(copies.ends(x, side), copies.ends(y, side), strict=True)
        )

    wires = tuple((drawn(a), drawn(b)) for a, b in enumerate(copies.partner) if a < b)
    boxes = tuple(_box(copies, i) for i in sorted(place, key=place.__getitem__))
    caption = (f"{pair.weight.generic().to_sympy()}",)
    return Diagram(boxes, wires, arcs(pair.left, 0), arcs(pair.right, 1), caption)


def _order(copies: Copies) -> list[int]:
    """The letters along each chain, from its cap or its first letter: leaving a matrix at the other side."""
    letters, partner, first, owner = copies.letters, copies.partner, copies.first, copies.owner
    order: list[int] = []
    seen: set[int] = set()
    starts = [i for i, x in enumerate(letters) if x.kind != MATRIX and x.name != "right"]
    for start in [*starts, *range(len(letters))]:
        if start in seen:
            continue
        order.append(start)
        seen.add(start)
        end = first[start] + (1 if letters[start].kind == MATRIX else 0)
        while (i := owner[partner[end]]) not in seen:
            order.append(i)
            seen.add(i)
            if letters[i].kind != MATRIX:
                break
            end = first[i] + ((partner[end] - first[i]) ^ 1)
    return order


def _flipped(copies: Copies, place: dict[int, int]) -> list[bool]:
    """Whether a matrix is read transposed: its right end is joined to the letter before it."""
    found = []
    for i, letter in enumerate(copies.letters):
        flip = False
        if letter.kind == MATRIX:
            left, right = (place[copies.owner[copies.partner[copies.first[i] + side]]] for side in (0, 1))
            flip = right == place[i] - 1 != left or (left == place[i] + 1 != right and right != place[i])
        found.append(flip)
    return found


def _box(copies: Copies, i: int) -> Box:
    letter: Letter = copies.letters[i]
    if i in copies.plain or i in copies.conjugated:
        is_plain = i in copies.plain
        places = copies.plain if is_plain else copies.conjugated
        return Box(str(places.index(i)), "plain" if is_plain else "conjugated", len(letter.spaces))
    if letter.kind == OPEN:
        return Box("", "cap", 1)
    if letter.kind == DELTA:
        return Box("δ", "cap", letter.num_ends)
    if letter.kind != MATRIX:
        return Box(cap_text(letter), "cap", len(letter.spaces))
    return Box(letter.name + ("*" if letter.conjugated else ""), "given", len(letter.spaces))
