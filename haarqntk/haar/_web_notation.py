"""Webs as an author would write them: products, tensor products and partial traces, where they are such.

A diagram is rewritten, always in the same order: matrices that meet in all their factors become a product, a matrix
that meets some factors of a larger one is widened by identities, a factor that is traced becomes Tr_s. What is left
over is written with a permutation for each tensor factor, Tr[π_0, π_1](M ⊗ N), where π_s sends i to j if the right
end s of matrix i meets the left end s of matrix j; and where that fails, with indices. Factors and
copies count from 0, as in input. A diagram with deltas is a sum over indices, sum(A[i, i] B[i, i], i); the open ends of
an operator are those of a dyad, sum(A[i, i] |i><i|, i).

Every rule is an identity, so what is written determines the diagram: different webs have different texts.

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk.combinatorics import inverse
from haarqntk.diagrams import DELTA, INDEX, MATRIX, OPEN, VECTOR, Letter, first_ends
from haarqntk.groups import cycles_text
from haarqntk.haar._tokens import Style, cap_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Tree: TypeAlias = "tuple[Any, ...]"
"""("one",), ("letter", letter, transposed), ("product", trees), ("kron", trees, widths),
("partial trace", places, tree)."""

ONE: Tree = ("one",)


@dataclass
class _Node:
    """A matrix with its left and right ends, one for each tensor factor."""

    tree: Tree
    left: list[int]
    right: list[int]
    spaces: list[object]

    def turned(self) -> _Node:
        return _Node(_transpose(self.tree), self.right, self.left, self.spaces)


@dataclass
class _Web:
    """The nodes; of each end its partner, its cap (an index or open), its delta and the index written; all names."""

    nodes: list[_Node]
    partner: list[int]
    caps: dict[int, Letter]
    unpaired: list[tuple[Letter, list[int]]] = field(default_factory=list)
    deltas: list[list[int]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    written: dict[int, str] = field(default_factory=dict)
    summed: list[str] = field(default_factory=list)

    def named(self, ends: Sequence[int], fresh: Iterator[str]) -> list[str]:
        """The index written at each end; one without an index gets a fresh one, which is summed over."""
        for end in ends:
            if end not in self.written:
                self.summed.append(next(fresh))
                self.written[end] = self.written[self.partner[end]] = self.summed[-1]
        return [self.written[end] for end in ends]

    def meets(self, ends: Sequence[int], others: Sequence[int]) -> bool:
        return [self.partner[end] for end in ends] == list(others)


def web_text(letters: Sequence[Letter], partner: Sequence[int], style: Style) -> str:
    """A connected diagram without open ends."""
    web = _rewritten(letters, partner)
    if web.deltas:
        return _as_sum(web, style)
    if len(web.nodes) == 1 and not web.unpaired:
        (node,) = web.nodes
        sigma = _closing_permutation(web, node)
        if sigma is not None:
            text = _write(node.tree, style, within="product" if sigma != tuple(range(len(sigma))) else "")
            if sigma != tuple(range(len(sigma))):
                text = f"{text} {style.cycles.format(cycles_text(sigma))}"
            return style.trace.format(text)
        rows, columns = ([web.caps.get(web.partner[e]) for e in ends] for ends in (node.left, node.right))
        if None not in rows and None not in columns:
            row, column = (" ".join(style.cap(x) for x in found if x) for found in (rows, columns))
            return style.entry.format(row, _write(node.tree, style), column)
    permutations = _permutations(web)
    if permutations is not None:
        written = ", ".join(cycles_text(pi) for pi in permutations)
        factors = (_write(node.tree, style, within="kron") for node in web.nodes)
        return style.product_trace.format(written, style.tensor.join(factors))
    return _with_indices(web, style)


def operator_text(letters: Sequence[Letter], partner: Sequence[int], style: Style) -> str:
    """A diagram with open ends: an operator."""
    web = _rewritten(letters, partner)
    if web.deltas:
        return _as_sum(web, style)
    found: list[tuple[list[int], list[int], Tree]] = []
    for node in web.nodes:
        oriented = next((n for n in (node, node.turned()) if _open_sides(web, n)), None)
        if oriented is None:
            return _with_indices(web, style)
        left, right = (_places(web, ends) for ends in (oriented.left, oriented.right))
        found.append((left, right, oriented.tree))
    for end, cap in web.caps.items():
        other = web.caps.get(web.partner[end])
        if other is None:
            continue
        if (cap.kind, cap.name, other.kind, other.name) == (OPEN, "left", OPEN, "right"):
            found.append(([cap.place], [other.place], ONE))
        elif (other.kind, other.name, cap.kind, cap.name) != (OPEN, "left", OPEN, "right"):
            return _with_indices(web, style)
    if web.unpaired:
        return _with_indices(web, style)
    return _arranged(found, style)


def _arranged(found: list[tuple[list[int], list[int], Tree]], style: Style) -> str:
    """A tensor product of operators, times the permutation operator that brings the right factors into place."""
    found.sort(key=lambda part: part[0])
    image = {p: q for left, right, _ in found for p, q in zip(left, right, strict=True)}
    sigma = inverse(tuple(image[p] for p in range(len(image))))
    is_permuted = any(p != q for p, q in image.items())
    if is_permuted and all(tree == ONE for _, _, tree in found):
        return style.cycles.format(cycles_text(sigma))
    written = [_write(tree, style, within="kron" if len(found) > 1 else "") for _, _, tree in found]
    if any(left != list(range(left[0], left[0] + len(left))) for left, _, _ in found):
        written = [
            style.places.format(text, ",".join(map(str, left)))
            for text, (left, _, _) in zip(written, found, strict=True)
        ]
    body = style.tensor.join(written)
    if not is_permuted:
        return body
    body = style.brackets.format(body) if len(found) > 1 else body
    return f"{body} {style.cycles.format(cycles_text(sigma))}"


# -- rewriting -----------------------------------------------------------------------------------------


def _rewritten(letters: Sequence[Letter], partner: Sequence[int]) -> _Web:
    web = _read(letters, partner)
    while _multiply(web) or _widen(web) or _trace_out(web):
        pass
    return web


def _read(letters: Sequence[Letter], partner: Sequence[int]) -> _Web:
    """The matrices as nodes; a ket and a bra of one name are one matrix, in the order in which they come."""
    web = _Web([], list(partner), {}, names={letter.name for letter in letters})
    kets: dict[tuple[str, bool], list[tuple[Letter, list[int]]]] = {}
    for letter, first in zip(letters, first_ends(letters), strict=True):
        ends = list(range(first, first + letter.num_ends))
        if letter.kind == MATRIX:
            web.nodes.append(_Node(("letter", letter, False), ends[::2], ends[1::2], list(letter.spaces)))
        elif letter.kind == VECTOR:
            kets.setdefault((letter.name, letter.conjugated), []).append((letter, ends))
        elif letter.kind == DELTA:
            web.deltas.append(ends)
        else:
            web.caps[ends[0]] = letter
    for (name, is_bra), found in kets.items():
        others = kets.get((name, not is_bra), [])
        web.unpaired += found[len(others) :]
        if not is_bra:
            for (ket, left), (_, right) in zip(found, others, strict=False):
                matrix = Letter(MATRIX, name, ket.spaces)
                web.nodes.append(_Node(("letter", matrix, False), left, right, list(ket.spaces)))
    return web


def _trace_out(web: _Web) -> bool:
    """All factors that are traced now; a full trace stays for the end."""
    progress = False
    for node in web.nodes:
        kept = [s for s, end in enumerate(node.left) if web.partner[end] != node.right[s]]
        if len(kept) in (0, len(node.left)):
            continue
        traced = tuple(s for s in range(len(node.left)) if s not in kept)
        node.tree = ("partial trace", traced, node.tree)
        node.left, node.right = ([ends[s] for s in kept] for ends in (node.left, node.right))
        node.spaces = [node.spaces[s] for s in kept]
        progress = True
    return progress


def _multiply(web: _Web) -> bool:
    """One product, without a transpose where that is possible."""
    for with_transpose in (False, True):
        for i, a in enumerate(web.nodes):
            for j, b in enumerate(web.nodes):
                if i == j or not a.left or not b.left:
                    continue
                for left, right in [(a.turned(), b), (a, b.turned())] if with_transpose else [(a, b)]:
                    if web.meets(left.right, right.left):
                        tree = _product(left.tree, right.tree)
                        web.nodes[i] = _Node(tree, left.left, right.right, left.spaces)
                        del web.nodes[j]
                        return True
    return False


def _widen(web: _Web) -> bool:
    """One matrix that meets neighbouring factors of a larger one: A becomes 1 ⊗ A ⊗ 1 and is multiplied."""
    for a in web.nodes:
        for j, found in enumerate(web.nodes):
            width = len(found.left)
            if not 0 < width < len(a.left):
                continue
            for b in (found, found.turned()):
                for s in range(len(a.left) - width + 1):
                    places = slice(s, s + width)
                    spare = len(a.left) - s - width
                    trees, widths = (*[ONE] * s, b.tree, *[ONE] * spare), (*[1] * s, width, *[1] * spare)
                    wide: Tree = ("kron", trees, widths)
                    if web.meets(a.right[places], b.left):
                        a.tree, a.right[places] = _product(a.tree, wide), b.right
                    elif web.meets(b.right, a.left[places]):
                        a.tree, a.left[places] = _product(wide, a.tree), b.left
                    else:
                        continue
                    del web.nodes[j]
                    return True
    return False


def _product(left: Tree, right: Tree) -> Tree:
    factors = [*_factors(left), *_factors(right)]
    place = len(_factors(left))
    merged = _merged(factors[place - 1], factors[place])
    if merged is not None:
        factors[place - 1 : place + 1] = [merged]
    return factors[0] if len(factors) == 1 else ("product", tuple(factors))


def _factors(tree: Tree) -> tuple[Tree, ...]:
    return tree[1] if tree[0] == "product" else (tree,)


def _merged(left: Tree, right: Tree) -> Tree | None:
    """(A ⊗ 1)(1 ⊗ B) = A ⊗ B, where the two act on different factors."""
    if left[0] != "kron" or right[0] != "kron":
        return None
    acting: dict[int, tuple[Tree, int]] = {}
    taken: set[int] = set()
    size = 0
    for tree in (left, right):
        place = 0
        for part, width in zip(tree[1], tree[2], strict=True):
            slots = set(range(place, place + width))
            if part != ONE:
                if slots & taken:
                    return None
                taken |= slots
                acting[place] = (part, width)
            place += width
        size = place
    found = sorted({**{s: (ONE, 1) for s in range(size) if s not in taken}, **acting}.items())
    return ("kron", tuple(part for _, (part, _) in found), tuple(width for _, (_, width) in found))


def _transpose(tree: Tree) -> Tree:
    kind = tree[0]
    if kind == "letter":
        return ("letter", tree[1], not tree[2])
    if kind == "partial trace":
        return (kind, tree[1], _transpose(tree[2]))
    if kind == "one":
        return tree
    trees = tuple(_transpose(x) for x in tree[1])
    return (kind, trees[::-1]) if kind == "product" else (kind, trees, tree[2])


# -- writing -------------------------------------------------------------------------------------------


def _write(tree: Tree, style: Style, within: str = "") -> str:
    kind = tree[0]
    if kind == "one":
        return style.one
    if kind == "letter":
        return style.token(tree[1], tree[2])
    if kind == "partial trace":
        return style.partial_trace.format(",".join(map(str, tree[1])), _write(tree[2], style))
    written = [_write(x, style, within=str(kind)) for x in tree[1]]
    text = style.tensor.join(written) if kind == "kron" else " ".join(style.powers(written))
    return style.brackets.format(text) if within and kind != within else text


def _permutations(web: _Web) -> list[tuple[int, ...]] | None:
    """One permutation for each tensor factor; None if the ends do not meet right to left in the same factor."""
    if web.caps or web.unpaired or any(node.spaces != web.nodes[0].spaces for node in web.nodes):
        return None
    found = []
    for s in range(len(web.nodes[0].left)):
        place = {node.left[s]: i for i, node in enumerate(web.nodes)}
        images = [place.get(web.partner[node.right[s]]) for node in web.nodes]
        if None in images:
            return None
        found.append(tuple(i for i in images if i is not None))
    return found


def _closing_permutation(web: _Web, node: _Node) -> tuple[int, ...] | None:
    """σ if the node is closed as in Tr(R P_σ), P_σ moving place a to place σ(a); None if it is not closed so."""
    place = {end: s for s, end in enumerate(node.right)}
    found = [place.get(web.partner[end]) for end in node.left]
    return None if None in found else tuple(s for s in found if s is not None)


def _open_sides(web: _Web, node: _Node) -> bool:
    sides = ((node.left, "left"), (node.right, "right"))
    return bool(node.left) and all(
        (cap := web.caps.get(web.partner[end])) is not None and (cap.kind, cap.name) == (OPEN, side)
        for ends, side in sides
        for end in ends
    )


def _places(web: _Web, ends: Sequence[int]) -> list[int]:
    return [web.caps[web.partner[end]].place for end in ends]


def _with_indices(web: _Web, style: Style) -> str:
    """The contraction with named indices: those in the sum are summed over, l.0 and r.0 are those of the result."""
    fresh = _fresh_names({cap_text(cap) for cap in web.caps.values() if cap.kind == INDEX})
    deltas: list[str] = []
    for end, cap in web.caps.items():
        name = f"{cap.name[0]}.{cap.place}" if cap.kind == OPEN else cap_text(cap)
        web.written[end], other = name, web.partner[end]
        if other not in web.caps:
            web.written[other] = name
        elif other in web.written:
            deltas.append(style.delta.format(web.written[other], name))
    written = []
    for node in web.nodes:
        left, right = (" ".join(web.named(ends, fresh)) for ends in (node.left, node.right))
        written.append(style.entries.format(_write(node.tree, style, within="kron"), left, right))
    written += [_amplitude(x, web.named(ends, fresh), style) for x, ends in web.unpaired]
    body = " ".join([*written, *deltas])
    return style.summed.format(" ".join(web.summed), body) if web.summed else body


def _as_sum(web: _Web, style: Style) -> str:
    """The contraction as a sum over an index for each delta and each joint; open ends are those of a dyad."""
    fresh = _fresh_names(web.names, "ijkmnopqstuvwxyzabcdefgh")
    for ends in web.deltas:
        (name,) = web.named(ends[:1], fresh)
        web.written.update((x, name) for end in ends for x in (end, web.partner[end]))
    for end, cap in web.caps.items():
        if cap.kind == INDEX:
            web.written[end] = web.written[web.partner[end]] = cap_text(cap)
    written = []
    for node in web.nodes:
        read = node.turned() if node.tree[0] == "letter" and node.tree[2] else node
        text = _write(read.tree, style, within="kron")
        written.append(style.element(text, web.named(read.left, fresh), web.named(read.right, fresh)))
    written += [_amplitude(x, web.named(ends, fresh), style) for x, ends in web.unpaired]
    opened = sorted((cap.name, cap.place, end) for end, cap in web.caps.items() if cap.kind == OPEN)
    sides = [
        " ".join(web.named([end for name, _, end in opened if name == side], fresh))
        for side in ("left", "right")
    ]
    body = [*style.powers(sorted(written)), *([style.dyad.format(*sides)] if opened else [])]
    return style.delta_sum.format(" ".join(body), ", ".join(web.summed))


def _amplitude(letter: Letter, indices: Sequence[str], style: Style) -> str:
    """A vector, without its label, with named indices."""
    name = cap_text(letter).rstrip("*")
    matrix = style.token(Letter(MATRIX, name, letter.spaces, conjugated=letter.conjugated), False)  # noqa: FBT003 - part of a token
    return style.amplitude.format(matrix, " ".join(indices))


def _fresh_names(taken: set[str], letters: str = "abcdefghijkmnopqstuvwxyz") -> Iterator[str]:
    for round_number in range(1000):
        for letter in letters:
            name = f"{letter}{round_number or ''}"
            if name not in taken:
                yield name
