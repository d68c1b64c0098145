"""How tensor networks are written: products, tensor products and partial traces, where they are such.

A network is a connected diagram that is no chain. It is rewritten, always in the same order: matrices that meet in all
their factors become a product, a matrix that meets some factors of a larger one is widened by identities, a factor
that is traced becomes Tr_s. What is left over is written with a permutation for each tensor factor,
Tr[π_0, π_1](M ⊗ N), where π_s sends i to j if the right end s of matrix i meets the left end s of matrix j; and where
that fails, with indices. Factors and copies count from 0, as in input. A diagram with deltas is a sum over indices,
sum(A[i, i] B[i, i], i); the open ends of an operator are those of a dyad, sum(A[i, i] |i><i|, i).

Every rule is an identity, so what is written determines the diagram: different networks have different texts.

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import accumulate, count, filterfalse, permutations
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk.combinatorics import inverse
from haarqntk.diagrams import DELTA, INDEX, MATRIX, OPEN, VECTOR, Letter, first_ends
from haarqntk.groups import cycles_text
from haarqntk.haar._style import Style, cap_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Tree: TypeAlias = "tuple[Any, ...]"
"""("one",), ("letter", letter, transposed), ("product", trees), ("kron", pairs of a tree and its number of factors),
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
class _Network:
    """The nodes; of each end its partner, its cap (an index or open), its delta and the index written; all names."""

    nodes: list[_Node]
    partner: list[int]
    caps: dict[int, Letter]
    unpaired: list[tuple[Letter, list[int]]] = field(default_factory=list)
    deltas: list[list[int]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    written: dict[int, str] = field(default_factory=dict)
    summed: list[str] = field(default_factory=list)

    def met(self, ends: Iterable[int]) -> list[int]:
        """The ends that they are joined to."""
        return [self.partner[end] for end in ends]

    def images(self, ends: Sequence[int], others: Sequence[int]) -> tuple[int, ...] | None:
        """For each end the place among ``others`` of the one that it meets; None if it meets none of them."""
        place = {end: i for i, end in enumerate(others)}
        found = tuple(place[end] for end in self.met(ends) if end in place)
        return found if len(found) == len(ends) else None

    def opened(self, ends: Sequence[int], side: str) -> list[int]:
        """The tensor factors of the result that the ends stand for on a side; empty unless all of them do."""
        caps = [self.caps.get(end) for end in self.met(ends)]
        found = [cap.place for cap in caps if cap and (cap.kind, cap.name) == (OPEN, side)]
        return found if len(found) == len(caps) else []

    def named(self, ends: Sequence[int], fresh: Iterator[str]) -> list[str]:
        """The index written at each end; one without an index gets a fresh one, which is summed over."""
        for end in ends:
            if end not in self.written:
                self.summed.append(next(fresh))
                self.written[end] = self.written[self.partner[end]] = self.summed[-1]
        return [self.written[end] for end in ends]


def network_text(letters: Sequence[Letter], partner: Sequence[int], style: Style) -> str:
    """A connected network without open ends; or one with, an operator."""
    network = _read(letters, partner)
    while _multiply(network) or _widen(network) or _trace_out(network):
        pass
    if network.deltas:
        return _as_sum(network, style)
    is_operator = any(cap.kind == OPEN for cap in network.caps.values())
    written = _operator(network, style) if is_operator else _scalar(network, style)
    return _with_indices(network, style) if written is None else written


def _scalar(network: _Network, style: Style) -> str | None:
    """A trace or an entry of one matrix, or a trace of a tensor product; None if it is neither."""
    if len(network.nodes) == 1 and not network.unpaired:
        (node,) = network.nodes
        if (sigma := network.images(node.left, node.right)) is not None:
            if sigma == tuple(range(len(sigma))):
                return style.write("trace", _write(node.tree, style))
            text = _write(node.tree, style, within="product")
            return style.write("trace", f"{text} {style.write('permuted', cycles_text(sigma))}")
        sides = [[network.caps.get(end) for end in network.met(ends)] for ends in (node.left, node.right)]
        if all(all(side) for side in sides):
            row, column = (" ".join(style.cap(cap) for cap in side if cap) for side in sides)
            return style.write("entry", row, _write(node.tree, style), column)
    if network.caps or network.unpaired or any(x.spaces != network.nodes[0].spaces for x in network.nodes):
        return None
    ends = ([node.right for node in network.nodes], [node.left for node in network.nodes])
    found = [
        network.images(*sides) for sides in zip(*(zip(*side, strict=True) for side in ends), strict=True)
    ]
    if any(pi is None for pi in found):
        return None
    factors = style.write("tensor").join(_write(node.tree, style, within="kron") for node in network.nodes)
    return style.write("product trace", ", ".join(cycles_text(pi) for pi in found if pi), factors)


def _operator(network: _Network, style: Style) -> str | None:
    """A tensor product of operators; None if they do not stand between open ends."""
    found: list[tuple[list[int], list[int], Tree]] = []
    for node in network.nodes:
        for read in (node, node.turned()):
            left, right = network.opened(read.left, "left"), network.opened(read.right, "right")
            if left and right:
                found.append((left, right, read.tree))
                break
        else:
            return None
    met = ((cap, network.caps.get(network.partner[end])) for end, cap in network.caps.items())
    joined = [(cap, other) for cap, other in met if other]
    wires = [(a, b) for a, b in joined if (a.kind, a.name, b.kind, b.name) == (OPEN, "left", OPEN, "right")]
    if 2 * len(wires) != len(joined) or network.unpaired:
        return None
    return _arranged([*found, *(([a.place], [b.place], ONE) for a, b in wires)], style)


def _arranged(found: list[tuple[list[int], list[int], Tree]], style: Style) -> str:
    """A tensor product of operators, times the permutation operator that brings the right factors into place."""
    found.sort(key=lambda part: part[0])
    image = {p: q for left, right, _ in found for p, q in zip(left, right, strict=True)}
    permutation = style.write("permuted", cycles_text(inverse(tuple(image[p] for p in range(len(image))))))
    is_permuted = any(p != q for p, q in image.items())
    if is_permuted and all(tree == ONE for _, _, tree in found):
        return permutation
    written = [_write(tree, style, within="kron" if len(found) > 1 else "") for _, _, tree in found]
    if any(left != list(range(left[0], left[0] + len(left))) for left, _, _ in found):
        written = [
            style.write("places", text, ",".join(map(str, left)))
            for text, (left, _, _) in zip(written, found, strict=True)
        ]
    body = style.write("tensor").join(written)
    if not is_permuted:
        return body
    return f"{style.write('brackets', body) if len(found) > 1 else body} {permutation}"


# -- rewriting ---------------------------------------------------------------------------------------------


def _read(letters: Sequence[Letter], partner: Sequence[int]) -> _Network:
    """The matrices as nodes; a ket and a bra of one name are one matrix, in the order in which they come."""
    network = _Network([], list(partner), {}, names={letter.name for letter in letters})
    kets: dict[tuple[str, bool], list[tuple[Letter, list[int]]]] = {}
    for letter, first in zip(letters, first_ends(letters), strict=True):
        ends = list(range(first, first + letter.num_ends))
        if letter.kind == MATRIX:
            network.nodes.append(_Node(("letter", letter, False), ends[::2], ends[1::2], list(letter.spaces)))
        elif letter.kind == VECTOR:
            kets.setdefault((letter.name, letter.conjugated), []).append((letter, ends))
        elif letter.kind == DELTA:
            network.deltas.append(ends)
        else:
            network.caps[ends[0]] = letter
    for (name, is_bra), found in kets.items():
        others = kets.get((name, not is_bra), [])
        network.unpaired += found[len(others) :]
        if not is_bra:
            for (ket, left), (_, right) in zip(found, others, strict=False):
                tree = ("letter", Letter(MATRIX, name, ket.spaces), False)
                network.nodes.append(_Node(tree, left, right, list(ket.spaces)))
    return network


def _trace_out(network: _Network) -> bool:
    """All factors that are traced now; a full trace stays for the end."""
    progress = False
    for node in network.nodes:
        traced = [s for s, end in enumerate(node.left) if network.partner[end] == node.right[s]]
        if 0 < len(traced) < len(node.left):
            node.tree = ("partial trace", tuple(traced), node.tree)
            for s in reversed(traced):
                del node.left[s], node.right[s], node.spaces[s]
            progress = True
    return progress


def _multiply(network: _Network) -> bool:
    """One product, without a transpose where that is possible."""
    for with_transpose in (False, True):
        for (i, a), (j, b) in permutations(enumerate(network.nodes), 2):
            for left, right in [(a.turned(), b), (a, b.turned())] if with_transpose else [(a, b)]:
                if a.left and b.left and network.met(left.right) == right.left:
                    tree = _product(left.tree, right.tree)
                    network.nodes[i] = _Node(tree, [*left.left], [*right.right], [*left.spaces])
                    del network.nodes[j]
                    return True
    return False


def _widen(network: _Network) -> bool:
    """One matrix that meets neighbouring factors of a larger one: A becomes 1 ⊗ A ⊗ 1 and is multiplied."""
    for a, found in permutations(network.nodes, 2):
        width = len(found.left)
        for b in (found, found.turned()) if 0 < width < len(a.left) else ():
            for s in range(len(a.left) - width + 1):
                places = slice(s, s + width)
                spare = len(a.left) - s - width
                wide: Tree = ("kron", (*[(ONE, 1)] * s, (b.tree, width), *[(ONE, 1)] * spare))
                if network.met(a.right[places]) == b.left:
                    a.tree, a.right[places] = _product(a.tree, wide), b.right
                elif network.met(b.right) == a.left[places]:
                    a.tree, a.left[places] = _product(wide, a.tree), b.left
                else:
                    continue
                network.nodes = [node for node in network.nodes if node is not found]
                return True
    return False


def _product(left: Tree, right: Tree) -> Tree:
    (*before, last), (first, *after) = _factors(left), _factors(right)
    merged = _merged(last, first)
    factors = (*before, *((last, first) if merged is None else (merged,)), *after)
    return factors[0] if len(factors) == 1 else ("product", factors)


def _factors(tree: Tree) -> tuple[Tree, ...]:
    return tree[1] if tree[0] == "product" else (tree,)


def _merged(left: Tree, right: Tree) -> Tree | None:
    """(A ⊗ 1)(1 ⊗ B) = A ⊗ B, where the two act on different factors."""
    if left[0] != "kron" or right[0] != "kron":
        return None
    acting: dict[int, tuple[Tree, int]] = {}
    taken: list[int] = []
    for _, parts in (left, right):
        for part, place in zip(parts, accumulate(width for _, width in parts), strict=True):
            if part[0] != ONE:
                acting[place - part[1]] = part
                taken += range(place - part[1], place)
    if len({*taken}) < len(taken):
        return None
    idle = {s: (ONE, 1) for s in range(sum(width for _, width in left[1])) if s not in taken}
    return ("kron", tuple(part for _, part in sorted({**idle, **acting}.items())))


def _transpose(tree: Tree) -> Tree:
    match tree:
        case ("letter", letter, transposed):
            return ("letter", letter, not transposed)
        case ("partial trace", places, inner):
            return ("partial trace", places, _transpose(inner))
        case ("product", trees):
            return ("product", tuple(map(_transpose, reversed(trees))))
        case ("kron", parts):
            return ("kron", tuple((_transpose(part), width) for part, width in parts))
    return tree


# -- writing -----------------------------------------------------------------------------------------------


def _write(tree: Tree, style: Style, within: str = "") -> str:
    """A tree in text; a product or a tensor product in brackets within the other."""
    match tree:
        case ("letter", letter, transposed):
            return style.token(letter, transposed)
        case ("partial trace", places, inner):
            return style.write("partial trace", ",".join(map(str, places)), _write(inner, style))
        case ("product", trees):
            text = " ".join(style.powers(_write(x, style, "product") for x in trees))
        case ("kron", parts):
            text = style.write("tensor").join(_write(x, style, "kron") for x, _ in parts)
        case _:
            return style.write("one")
    return style.write("brackets", text) if within not in ("", tree[0]) else text


def _with_indices(network: _Network, style: Style) -> str:
    """The contraction with named indices: those in the sum are summed over, l.0 and r.0 are those of the result."""
    fresh = _fresh_names({cap_text(cap) for cap in network.caps.values() if cap.kind == INDEX})
    deltas: list[str] = []
    for end, cap in network.caps.items():
        name = f"{cap.name[0]}.{cap.place}" if cap.kind == OPEN else cap_text(cap)
        network.written[end], other = name, network.partner[end]
        if other not in network.caps:
            network.written[other] = name
        elif other in network.written:
            deltas.append(style.write("delta", network.written[other], name))
    written = []
    for node in network.nodes:
        left, right = (" ".join(network.named(ends, fresh)) for ends in (node.left, node.right))
        written.append(style.write("entries", _write(node.tree, style, within="kron"), left, right))
    body = " ".join([*written, *_amplitudes(network, fresh, style), *deltas])
    return style.write("sum over", " ".join(network.summed), body) if network.summed else body


def _as_sum(network: _Network, style: Style) -> str:
    """The contraction as a sum over an index for each delta and each joint; open ends are those of a dyad."""
    fresh = _fresh_names(network.names, _INDICES[8:] + _INDICES[:8])
    for ends in network.deltas:
        (name,) = network.named(ends[:1], fresh)
        network.written.update((x, name) for end in ends for x in (end, network.partner[end]))
    for end, cap in network.caps.items():
        if cap.kind == INDEX:
            network.written[end] = network.written[network.partner[end]] = cap_text(cap)
    written = []
    for node in network.nodes:
        read = node.turned() if node.tree[0] == "letter" and node.tree[2] else node
        text = _write(read.tree, style, within="kron")
        written.append(style.element(text, network.named(read.left, fresh), network.named(read.right, fresh)))
    written += _amplitudes(network, fresh, style)
    opened = sorted((cap.name, cap.place, end) for end, cap in network.caps.items() if cap.kind == OPEN)
    sides = [
        " ".join(network.named([end for name, _, end in opened if name == side], fresh))
        for side in ("left", "right")
    ]
    body = [*style.powers(sorted(written)), *([style.write("dyad", *sides)] if opened else [])]
    return style.write("sum of", " ".join(body), ", ".join(network.summed))


def _amplitudes(network: _Network, fresh: Iterator[str], style: Style) -> list[str]:
    """The vectors, without their labels, with named indices."""
    return [
        style.write(
            "amplitude",
            style.token(replace(x, kind=MATRIX, name=cap_text(x).rstrip("*")), False),  # noqa: FBT003 - part of a token
            " ".join(network.named(ends, fresh)),
        )
        for x, ends in network.unpaired
    ]


_INDICES = "abcdefghijkmnopqstuvwxyz"  # without l and r, the indices of an operator


def _fresh_names(taken: set[str], letters: str = _INDICES) -> Iterator[str]:
    """Names of indices, those that are not taken."""
    return filterfalse(taken.__contains__, (f"{x}{n or ''}" for n in count() for x in letters))
