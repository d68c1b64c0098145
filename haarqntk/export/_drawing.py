"""Contracted diagrams as SVG text: boxes with ends, wires between them, arcs where ends were glued.

Computes nothing but places on the page. Colours follow the reader's light or dark scheme; text and wires are the
colour of the text around.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.diagrams import DELTA, MATRIX, OPEN
from haarqntk.haar import cap_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.groups import Way
    from haarqntk.haar import Copies, Explanation, GluedPair

End: TypeAlias = "tuple[int, int, int]"
"""(box, side, factor): side 0 for the ends on the left of a box as it is drawn, 1 for those on the right."""

_WIDTH = 364  # what a narrow telephone shows without scaling
_PITCH, _BOX, _GAP, _ROW, _MARGIN = 20, 14, 7, 13, 8
_SCOPE = "haarqntk-diagrams"  # an SVG in a page shares its rules with the page
_STYLE = (
    "SVG text{fill:currentColor;font:10px system-ui,sans-serif;text-anchor:middle}"
    "SVG .w{fill:none;stroke:currentColor;stroke-opacity:.55}SVG .b{fill:none;stroke:currentColor}"
    "SVG .v{fill:#0072b2;stroke:#0072b2}SVG .c{fill:#d55e00;stroke:#d55e00}"
    "SVG .v+text,SVG .c+text{fill:#fff}SVG .s{fill:none;stroke:#0072b2;stroke-width:1.8}"
    "SVG .t{fill:none;stroke:#d55e00;stroke-width:1.8;stroke-dasharray:4 2}"
    "@media(prefers-color-scheme:dark){SVG .s{stroke:#56b4e9}SVG .t{stroke:#f0a050}}"
).replace("SVG", f".{_SCOPE}")


@dataclass(frozen=True, slots=True)
class Box:
    """One letter."""

    label: str
    role: str  # "given"; "plain" and "conjugated" for copies of the random letter; "cap" for an index or an open end
    height: int  # the number of tensor factors


@dataclass(frozen=True, slots=True)
class Diagram:
    """One contracted diagram: boxes from left to right, joined ends, and a line under it."""

    boxes: tuple[Box, ...]
    wires: tuple[tuple[End, End], ...]
    left_arcs: tuple[tuple[End, End], ...]  # left ends glued to each other, drawn full
    right_arcs: tuple[tuple[End, End], ...]  # right ends, drawn dashed
    caption: str

    @property
    def width(self) -> float:
        """Of the boxes or of the caption."""
        return max(_PITCH * len(self.boxes), 5.4 * len(self.caption)) + 2 * _MARGIN

    @property
    def above(self) -> float:
        """The height of the arcs."""
        return _reach([*self.left_arcs, *self.right_arcs]) + 8

    @property
    def floor(self) -> float:
        """Where the boxes end."""
        return _ROW * max((box.height for box in self.boxes), default=1)

    @property
    def foot(self) -> float:
        """Where the caption stands, under the wires."""
        return self.floor + _reach([wire for wire in self.wires if not _is_straight(*wire)]) + 12


def _reach(pairs: Sequence[tuple[End, End]]) -> float:
    """The height of the highest arc of some pairs."""
    return max((_lift(abs(a[0] - b[0])) for a, b in pairs), default=0)


def _lift(distance: int) -> float:
    return float(9 + 5 * distance**0.8)


def _is_straight(a: End, b: End) -> bool:
    first, second = sorted((a, b))
    return second[0] - first[0] == 1 and (first[1], second[1]) == (1, 0) and first[2] == second[2]


def diagrams_svg(diagrams: Sequence[Diagram], *, alt: str) -> str:
    """A grid of diagrams in reading order, readable at 380 pixels; ``alt`` is for readers who do not see it.

    Examples:
        >>> box = Box("A", "given", 1)
        >>> loop = Diagram((box,), (((0, 1, 0), (0, 0, 0)),), (), (), "Tr(A)")
        >>> diagrams_svg([loop], alt="a trace").count("<path")
        1
    """
    cell = max((diagram.width for diagram in diagrams), default=_BOX)
    columns = max(1, int(_WIDTH // cell))
    width = max(cell * min(columns, max(len(diagrams), 1)), 160)
    parts, y = [], 0.0
    for start in range(0, len(diagrams), columns):
        row = diagrams[start : start + columns]
        above = max(diagram.above for diagram in row)
        for column, diagram in enumerate(row):
            x = column * cell + (cell - diagram.width) / 2
            parts.append(f'<g transform="translate({x:g} {y + above:g})">{_drawn(diagram)}</g>')
        y += above + max(diagram.foot for diagram in row) + 14
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{_SCOPE}" role="img" aria-label="{escape(alt)}" '
        f'viewBox="0 0 {width:g} {y:g}" width="{width:g}" height="{y:g}" style="max-width:100%;height:auto">'
        f"<style>{_STYLE}</style>{''.join(parts)}</svg>"
    )


def _drawn(diagram: Diagram) -> str:
    offset = (diagram.width - _PITCH * len(diagram.boxes)) / 2 + (_PITCH - _BOX) / 2

    def point(end: End) -> tuple[float, float]:
        box, side, factor = end
        return offset + _PITCH * box + side * _BOX, _ROW * (factor + 0.5)

    def arc(a: End, b: End, name: str) -> str:
        (x1, y1), (x2, y2) = point(a), point(b)
        if name == "w" and _is_straight(a, b):
            return f'<path class="{name}" d="M{x1:g} {y1:g}L{x2:g} {y2:g}"/>'
        lift = _lift(abs(a[0] - b[0])) * 4 / 3 - _GAP
        peak = diagram.floor + lift if name == "w" else -lift  # wires run below the boxes
        (o1, o2) = (3 * (2 * end[1] - 1) for end in (a, b))
        return f'<path class="{name}" d="M{x1:g} {y1:g}C{x1 + o1:g} {peak:g} {x2 + o2:g} {peak:g} {x2:g} {y2:g}"/>'

    parts = [arc(a, b, "w") for a, b in diagram.wires]
    for i, box in enumerate(diagram.boxes):
        x, height = offset + _PITCH * i, _ROW * box.height
        shape = {"plain": "v", "conjugated": "c", "given": "b"}.get(box.role)
        if shape:
            parts.append(f'<rect class="{shape}" x="{x:g}" y="0" width="{_BOX}" height="{height}" rx="2"/>')
        parts.append(f'<text x="{x + _BOX / 2:g}" y="{height / 2 + 3.5:g}">{escape(box.label)}</text>')
    parts += [arc(a, b, "s") for a, b in diagram.left_arcs]
    parts += [arc(a, b, "t") for a, b in diagram.right_arcs]
    parts.append(f'<text x="{diagram.width / 2:g}" y="{diagram.foot:g}">{escape(diagram.caption)}</text>')
    return "".join(parts)


# -- what an explanation glues -------------------------------------------------------------------------


def explanation_svg(explanation: Explanation) -> str:
    """The diagrams of an explanation: left ends glued by σ in full arcs, right ends glued by τ in dashed ones."""
    found: dict[tuple[object, ...], GluedPair] = {}  # each pair (σ, τ) once, in the order of integration
    for pair in (pair for row in explanation.rows for pair in row.pairs):
        found.setdefault((pair.copies.letters, pair.copies.partner, pair.left, pair.right), pair)
    pictures = list(map(_picture, found.values()))
    return diagrams_svg(pictures, alt=f"contracted diagrams, {explanation.headline()}")


def _picture(pair: GluedPair) -> Diagram:
    copies = pair.copies
    place = {i: new for new, i in enumerate(_order(copies))}
    flipped = _flipped(copies, place)

    def drawn(end: int) -> End:
        i = copies.owner[end]
        factor, side = end - copies.first[i], 0
        if copies.letters[i].kind == MATRIX:
            factor, side = divmod(factor, 2)
        else:
            side = int(place[copies.owner[copies.partner[copies.first[i]]]] > place[i])
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
    caption = str(pair.weight.generic().to_sympy())
    return Diagram(boxes, wires, arcs(pair.left, 0), arcs(pair.right, 1), caption)


def _order(copies: Copies) -> list[int]:
    """The letters along each chain, from its cap or its first letter: leaving a matrix at the other side."""
    letters, partner, first, owner = copies.letters, copies.partner, copies.first, copies.owner
    order: dict[int, None] = {}
    starts = [i for i, x in enumerate(letters) if x.kind != MATRIX and x.name != "right"]
    for start in [*starts, *range(len(letters))]:
        if start in order:
            continue
        order[start] = None
        end = first[start] + (letters[start].kind == MATRIX)
        while (i := owner[partner[end]]) not in order:
            order[i] = None
            if letters[i].kind != MATRIX:
                break
            end = first[i] + ((partner[end] - first[i]) ^ 1)
    return list(order)


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
    letter, width = copies.letters[i], len(copies.letters[i].spaces)
    for role, places in (("plain", copies.plain), ("conjugated", copies.conjugated)):
        if i in places:
            return Box(str(places.index(i)), role, width)
    if letter.kind == OPEN:
        return Box("", "cap", 1)
    if letter.kind == DELTA:
        return Box("δ", "cap", letter.num_ends)
    if letter.kind != MATRIX:
        return Box(cap_text(letter), "cap", width)
    return Box(letter.name + ("*" if letter.conjugated else ""), "given", width)
