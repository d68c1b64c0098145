"""The architecture page of the site: the rooms of the package, and a picture of their imports, read off the source."""

from __future__ import annotations

import ast
from html import escape
from itertools import pairwise

from imports import FILES, PACKAGE, room_imports, room_of, tree_of

WIDTH, HEIGHT, ROW, MARGIN = 112, 34, 78, 8  # of a box, of a level and of the whole, in pixels
COLUMN, NARROW = WIDTH + 18, 30  # that a box takes in its row, and an arrow that passes
ROUNDS = 8  # of sorting the rows

TEXT = """# Architecture

Data flows one way, from integers to documents. A folder of the package is a *room*: one idea, whose
`__init__.py` only re-exports what the other rooms may use. A room imports only from rooms above it in the
table, also lazily and for type checking; `tests/test_architecture.py` holds the order, and that no two files
import each other in a circle. Beside the rooms stand `errors.py`, the tree of errors, and `checks.py`, the
checks of arguments, which every room may use.

Three rooms see less than the order allows. `montecarlo` imports no exact mathematics, since it is the oracle of
the exact rooms; `training` imports only `montecarlo`, and `dynamics` only exact rooms, so that predictions and
runs share no code.

How one value travels: `hq.formula("kernel_mean")` asks `qntk` for the row of its catalogue; the row's
expression is a random variable of `circuits`, whose moment is a recursion over the layers with a Weingarten
function of `groups` at each; what comes out is a polynomial of `algebra` in D, L and traces, wrapped as a
`Formula`. `.at(…)` puts numbers into it, `hq.simulate` of `montecarlo` estimates the same number without any of
this, `validation` holds one against the other, and `export` writes either.

## The rooms

{table}

## The picture

An arrow points from a room to one that it imports; arrows that follow from others are left out. The picture is
drawn from the imports of the source when this page is built.

```{{raw}} html
<div class="figure">{picture}</div>
```
"""


def architecture_page() -> str:
    """The page in Markdown."""
    imports = room_imports()
    order = sorted(imports, key=lambda room: (len(reachable(room, imports)), room))
    lines = ["| room | what it is | files | lines | imports |", "|---|---|---|---|---|"]
    for room in order:
        files = [file for file in FILES if room_of(file) == room and "/" in file]
        size = sum(len((PACKAGE / file).read_text(encoding="utf-8").splitlines()) for file in files)
        cells = (
            f"**{room}**",
            _sentence(room),
            str(len(files)),
            f"{size:,}",
            ", ".join(sorted(imports[room])),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return TEXT.format(table="\n".join(lines), picture=picture(imports))


def _sentence(room: str) -> str:
    docstring = ast.get_docstring(tree_of(f"{room}/__init__.py")) or ""
    return docstring.split("\n\n")[0].replace("\n", " ").replace("``", "`").replace("|", r"\|")


def reachable(room: str, imports: dict[str, set[str]]) -> set[str]:
    """The rooms that a room sees, directly or through others."""
    return set().union(imports[room], *(reachable(other, imports) for other in imports[room]))


def essential(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """The imports that do not follow from others."""
    return {
        room: others - set().union(*(reachable(other, imports) for other in others))
        for room, others in imports.items()
    }


def picture(imports: dict[str, set[str]]) -> str:
    """The rooms as boxes, each below all that it imports, with the essential imports as arrows; SVG text."""
    arrows = [
        (room, other) for room, others in sorted(essential(imports).items()) for other in sorted(others)
    ]
    level: dict[str, int] = {}
    for room in sorted(imports, key=lambda room: len(reachable(room, imports))):
        level[room] = max((level[other] + 1 for other in imports[room]), default=0)
    # An arrow is a chain of places, one a level, so that it passes beside the boxes that it does not mean.
    chains = {
        (room, other): [other, *(f"{room}>{other}>{i}" for i in range(level[other] + 1, level[room])), room]
        for room, other in arrows
    }
    at, total = _places(level, list(chains.values()))
    parts = []
    for chain in chains.values():
        points = [at[place] for place in chain]
        path = f"M{points[-1][0]:g} {points[-1][1]:g}"
        for (u, v), (x, y) in reversed(list(pairwise(points))):
            end = v + HEIGHT + (6 if (u, v) == points[0] else 0)
            middle = (y + end) / 2
            path += f"C{x:g} {middle:g} {u:g} {middle:g} {u:g} {end:g}" + (
                f"V{v:g}" if (u, v) != points[0] else ""
            )
        parts.append(
            f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity=".6" marker-end="url(#arrow)"/>'
        )
    for room in level:
        x, y = at[room]
        parts.append(
            f'<rect x="{x - WIDTH / 2:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="4" '
            'fill="var(--color-background-primary, Canvas)" stroke="currentColor"/>'
            f'<text x="{x:g}" y="{y + HEIGHT / 2 + 5:g}" text-anchor="middle" fill="currentColor" '
            f'font-size="14">{escape(room)}</text>'
        )
    height = max(level.values()) * ROW + HEIGHT + 2 * MARGIN
    arrow = '<marker id="arrow" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    arrow += '<path d="M0 0L8 4L0 8z" fill="currentColor"/></marker>'
    label = "the rooms of the package and their imports"
    head = f'<svg viewBox="0 0 {total:g} {height:g}" role="img" aria-label="{label}" style="max-width:{total:g}px">'
    return f"{head}<defs>{arrow}</defs>{''.join(parts)}</svg>"


def _places(level: dict[str, int], chains: list[list[str]]) -> tuple[dict[str, tuple[float, float]], float]:
    """Where each place stands, rows sorted so that neighbours on a chain are near each other; and the whole width."""
    neighbours: dict[str, list[str]] = {room: [] for room in level}
    rows: list[list[str]] = [[] for _ in range(max(level.values()) + 1)]
    for room in sorted(level):
        rows[level[room]].append(room)
    for chain in chains:
        for i, place in enumerate(chain):
            if place not in level:
                rows[level[chain[0]] + i].append(place)
            neighbours.setdefault(place, []).extend(chain[max(i - 1, 0) : i] + chain[i + 1 : i + 2])
    x: dict[str, float] = {}
    widths = {place: COLUMN if place in level else NARROW for place in neighbours}
    total = max(sum(widths[place] for place in row) for row in rows) + 2 * MARGIN
    for _ in range(ROUNDS):
        for row in rows:
            row.sort(key=lambda place: _mean([x[n] for n in neighbours[place] if n in x], total / 2))
            left = (total - sum(widths[place] for place in row)) / 2
            for place in row:
                x[place] = left + widths[place] / 2
                left += widths[place]
    return {place: (x[place], MARGIN + i * ROW) for i, row in enumerate(rows) for place in row}, total


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default
