"""Diagrams: letters whose ends are joined in pairs, reduced to products of canonical components.

A product of traces, matrix entries and open words is one diagram; each connected part is a ``Component``. The
relations of the letters are applied here, as soon as a part is formed; deltas that meet become one before. Ends count
from 0, letter after letter: for a matrix on m factors left 0, right 0, left 1, right 1, …

Parts in which every letter acts on one tensor factor are chains: cycles (traces) and paths (entries, open words). A
cycle may be read from every letter and, transposed, in both directions; a path from both caps. The least reading is
the canonical one.

The others are networks, which have no reading order. Their canonical form is the least code among those of the walks
that start at each letter and number the others as they are met, which is unique because every end is joined to one
other; where there are deltas it is that of ``_deltas``.

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.diagrams._component import (
    DELTA,
    INDEX,
    MATRIX,
    SYMPLECTIC_FORM,
    VECTOR,
    Component,
    Frame,
    Gluing,
    Letter,
    Monomial,
    Reduced,
    Space,
    Token,
    flatten,
    product,
    spaces_of_ends,
)
from haarqntk.diagrams._deltas import canonical_with_deltas, fused
from haarqntk.errors import InputError

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


def check_canonical(monomial: Monomial) -> Monomial:
    """Return a product of components as it is, if each is joined end to end and in its canonical form, or raise.

    Raises:
        InputError: If an end is not joined to one other of its dimension, or a component has another canonical form.

    Examples:
        >>> check_canonical(((Component((Letter("matrix", "A", ("D",)),), (0, 1)), 1),))
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputError: partner must join the 2 ends in pairs of one dimension, got (0, 1)
    """
    for component, _ in monomial:
        space = spaces_of_ends(component.letters)
        partner, count = component.partner, len(space)
        if len(partner) != count or not all(
            other < count and other != end and partner[other] == end and space[other] == space[end]
            for end, other in enumerate(partner)
        ):
            raise InputError(f"partner must join the {count} ends in pairs of one dimension, got {partner}")
    once = tuple((component, 1) for component, _ in monomial)
    reduced = reduce_diagram(*flatten([once]))
    if reduced != Reduced(1, (), once):
        raise InputError("each diagram must be in its canonical form, got another; write it anew")
    return monomial


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
            letters, partner, loops = fused(frame, partner)
            frame = self._framed(letters)
        sign, monomials = 1, []
        for part in self._chain_parts(frame, partner) if frame.is_narrow else self._parts(frame, partner):
            if part is None:
                return None
            sign *= part.sign
            loops.extend(part.loops)
            monomials.append(part.monomial)
        monomial = monomials[0] if len(monomials) == 1 else product(monomials)
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
                self._chains[key] = _canonical_chain(word, is_cycle=frame.is_matrix[root])
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
        letters, partner = _with_hermitian_letters_plain(letters, partner)
        is_trace = len(letters) == 1 and all(other == end ^ 1 for end, other in enumerate(partner))
        if is_trace and "traceless" in letters[0].properties:
            return None
        frame = Frame(letters)
        for leaving, sign in _relations(frame, partner):
            is_vector = not any(frame.is_matrix[i] for i in leaving)
            pairs = {
                end: partner[end] if is_vector else frame.first[i] + ((end - frame.first[i]) ^ 1)
                for i in leaving
                for end in frame.ends([i])
            }
            gluing = Gluing(letters, partner, leaving)
            joined, loops = gluing.glue(pairs)
            rest = self.reduce(gluing.letters, joined)
            return None if rest is None else rest.times([] if is_vector else loops, sign)
        if frame.has_deltas:
            return canonical_with_deltas(frame, partner)
        return Reduced(1, (), ((_canonical_network(frame, partner), 1),))


# -- relations and chains -----------------------------------------------------------------------------------


def _meeting(left: Token, right: Token, *, directed: bool = False) -> tuple[int, int] | None:
    """What two letters become that meet in all their ends: X X = 1, P P = P, V V† = 1, J J = −1, ⟨ψ|ψ⟩ = 1.

    A letter and its transpose may be told apart whatever its relations, ``directed``, as in networks.

    Returns:
        How many of them stay, and the sign; None if no relation joins them.
    """
    (a, _), (b, _), turned = left, right, left[1] != right[1]
    if a.name != b.name or (a.kind, a.place, a.spaces) != (b.kind, b.place, b.spaces):
        return None
    relations, same = a.properties, a.conjugated == b.conjugated
    if a.kind == VECTOR:
        is_bra = not same or ("real" in relations and not directed)
        return (0, 1) if "normalised" in relations and is_bra else None
    if "antisymmetric" in relations and not directed:
        return 0, 1 if turned else -1
    is_symmetric = "symmetric" in relations and not directed
    if same and (is_symmetric or not turned) and relations & {"projector", "involution"}:
        return int("projector" in relations), 1
    is_inverse = "unitary" in relations and (turned or is_symmetric) and (not same or "real" in relations)
    return (0, 1) if is_inverse else None


# -- chains -------------------------------------------------------------------------------------------------


def _canonical_chain(word: Sequence[Token], *, is_cycle: bool) -> Reduced | None:
    """The canonical form of a chain; None if it is zero."""
    tokens, sign = _normalised(word)
    space = tokens[0][0].spaces
    tokens, factor = _simplified(tokens, cyclic=is_cycle)
    sign *= factor
    if not tokens:
        return Reduced(sign, space if is_cycle else (), ())
    if is_cycle and len(tokens) == 1 and tokens[0][0].properties & {"traceless", "antisymmetric"}:
        return None
    if not is_cycle and (entry := _entry([letter for letter, _ in tokens])) is not None:
        loops = space if all(letter.kind == DELTA for letter, _ in tokens) else ()
        return Reduced(sign * entry, loops, ()) if entry else None
    backward, factor = _normalised([(letter, not turned) for letter, turned in reversed(tokens)])
    if is_cycle:
        tokens, backward = _least_rotation(tokens), _least_rotation(backward)
    keys, backward_keys = _keys(tokens), _keys(backward)
    if keys == backward_keys and factor < 0:
        return None
    if backward_keys < keys:
        tokens, sign = backward, sign * factor
    return Reduced(sign, (), ((_component(tokens, is_cycle=is_cycle), 1),))


def _normalised(word: Sequence[Token]) -> tuple[list[Token], int]:
    """A Hermitian letter is never conjugated, a symmetric one never transposed, nor a cap; Jᵀ = −J."""
    sign = 1
    tokens: list[Token] = []
    for given, transposed in word:
        letter, turned = given, transposed and given.kind == MATRIX
        if letter.kind == MATRIX and letter.conjugated and "hermitian" in letter.properties:
            letter, turned = letter.conjugate(), not turned
        if turned and letter.properties & {"symmetric", "antisymmetric"}:
            turned = False
            sign = -sign if "antisymmetric" in letter.properties else sign
        tokens.append((letter, turned))
    return tokens, sign


def _simplified(tokens: list[Token], *, cyclic: bool) -> tuple[list[Token], int]:
    """Cancel and merge neighbours, also S J Sᵀ = J."""
    sign = 1
    stack: list[Token] = []
    waiting = tokens[::-1]
    while waiting:
        token = waiting.pop()
        outcome = _meeting(stack[-1], token) if stack and stack[-1][0].name == token[0].name else None
        if outcome is not None:
            sign *= outcome[1]
            if not outcome[0]:
                stack.pop()
        elif _keeps_form([*stack[-2:], token]):
            waiting.append(stack.pop())
            stack.pop()
        else:
            stack.append(token)
    while cyclic and len(stack) > 1:
        outcome = _meeting(stack[-1], stack[0])
        if outcome is not None:
            sign *= outcome[1]
            stack = stack[:-1] if outcome[0] else stack[1:-1]
            continue
        turned = next((x for i in (1, 2) if _keeps_form((x := stack[-i:] + stack[:-i])[:3])), None)
        if turned is None:
            break
        stack, factor = _simplified(turned, cyclic=False)
        sign *= factor
    return stack, sign


def _keeps_form(tokens: Sequence[Token]) -> bool:
    """Whether three neighbours are S J Sᵀ or Sᵀ J S, also conjugated: J again."""
    if len(tokens) < 3 or tokens[1][0].name != SYMPLECTIC_FORM:  # noqa: PLR2004
        return False
    (a, a_transposed), _, (b, b_transposed) = tokens
    return a == b and a_transposed != b_transposed and "symplectic" in a.properties


def _entry(path: Sequence[Letter]) -> int | None:
    """The value of a path if it is known: ⟨i|j⟩, Σ_i ⟨i|j⟩, ⟨i|J|j⟩ or the trace of a traceless |a⟩⟨b|; else None.

    J = [[0, 1], [−1, 0]] in blocks of half the dimension; a symbol may be in either half.
    """
    if len(path) > 3:  # noqa: PLR2004 - caps and J
        return None
    (left, *inner, right), kinds = path, {path[0].kind, path[-1].kind}
    if kinds == {INDEX} and (not inner or inner[0].name == SYMPLECTIC_FORM):
        if left == right:
            return 0 if inner else 1
        if not (left.name.isdigit() and right.name.isdigit()):
            return None
        return right.place - left.place if inner and left.name == right.name else 0
    if inner or kinds in ({DELTA}, {DELTA, INDEX}):
        return None if inner else 1
    is_traceless = kinds == {VECTOR} and left.name == right.name and "traceless" in left.properties
    joins_sides = left.place != right.place and (
        left.conjugated != right.conjugated or "real" in left.properties
    )
    return 0 if is_traceless and joins_sides else None


def _keys(tokens: Sequence[Token]) -> list[tuple[object, ...]]:
    return [(*letter.sort_key, transposed) for letter, transposed in tokens]


def _least_rotation(tokens: list[Token]) -> list[Token]:
    keys = _keys(tokens)
    start = min(range(len(tokens)), key=lambda i: keys[i:] + keys[:i])
    return tokens[start:] + tokens[:start]


def _component(tokens: Sequence[Token], *, is_cycle: bool) -> Component:
    enters, leaves, num_ends = [], [], 0
    for letter, turned in tokens:
        enters.append(num_ends + turned)
        num_ends += letter.num_ends
        leaves.append(num_ends - 1 - turned)
    partner = [0] * num_ends
    for a, b in zip(leaves, enters[1:] + (enters[:1] if is_cycle else []), strict=False):
        partner[a], partner[b] = b, a
    return Component(tuple([letter for letter, _ in tokens]), tuple(partner))


# -- networks -----------------------------------------------------------------------------------------------


def _with_hermitian_letters_plain(
    letters: Sequence[Letter], partner: Sequence[int]
) -> tuple[list[Letter], list[int]]:
    """Write the conjugate of each Hermitian letter as its transpose: exchange its left and right ends."""
    renamed: list[Letter] = []
    place: list[int] = []
    for letter in letters:
        turned = letter.kind == MATRIX and letter.conjugated and "hermitian" in letter.properties
        renamed.append(letter.conjugate() if turned else letter)
        place += [len(place) + (end ^ turned) for end in range(letter.num_ends)]
    joined = [0] * len(partner)
    for end, other in enumerate(partner):
        joined[place[end]] = place[other]
    return renamed, joined


def _relations(frame: Frame, partner: Sequence[int]) -> Iterator[tuple[set[int], int]]:
    """The letters that each relation makes the identity, and the sign that it leaves."""
    letters, first, owner = frame.letters, frame.first, frame.owner
    for i, letter in enumerate(letters):
        step = 1 + frame.is_matrix[i]
        directed = len(letter.spaces) > 1 or not frame.has_deltas
        for side in range(step):
            j = owner[partner[first[i] + side]]
            other_side = (partner[first[i] + side] - first[j]) % step
            turned = side == other_side
            outcome = None if i == j else _meeting((letter, turned), (letters[j], False), directed=directed)
            if outcome is not None and all(
                partner[first[i] + step * s + side] == first[j] + step * s + other_side
                for s in range(len(letter.spaces))
            ):
                yield ({i} if outcome[0] else {i, j}), outcome[1]
        if "antisymmetric" in letter.properties and not directed:  # S J Sᵀ = J
            met = partner[first[i] : first[i] + 2]
            j, k = (owner[end] for end in met)
            same_side = met[0] - first[j] == met[1] - first[k]
            if j != k and same_side and letters[j] == letters[k] and "symplectic" in letters[j].properties:
                yield {j, k}, 1


def _canonical_network(frame: Frame, partner: Sequence[int]) -> Component:
    """The least numbering of a connected diagram."""
    letters = frame.letters
    least = min(letter.sort_key for letter in letters)
    orders = [
        frame.connected(root, partner) for root, letter in enumerate(letters) if letter.sort_key == least
    ]
    codes = (
        ([letters[i].sort_key for i in order], frame.restricted(order, partner), order) for order in orders
    )
    _, joined, order = min(codes)
    return Component(tuple(letters[i] for i in order), tuple(joined))
