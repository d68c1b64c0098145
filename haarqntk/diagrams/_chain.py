"""Relations of neighbouring letters, along chains and in webs, and the canonical forms of both.

Chains are cycles and paths of letters on one tensor factor. A cycle may be read from every letter and, transposed, in
both directions; a path from both caps. The least reading is the canonical one.

Webs are connected diagrams in which some letter acts on several tensor factors. A web has no reading order. Its
canonical form is the least code among those of the walks that start at each letter and number the others as they are
met, which is unique because every end is joined to one other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.diagrams._component import Component, Frame, Gluing, Reduced, Token
from haarqntk.diagrams._letters import DELTA, INDEX, MATRIX, SYMPLECTIC_FORM, VECTOR, Letter, Space

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def meeting(a: Letter, b: Letter, *, turned: bool, directed: bool = False) -> tuple[int, int] | None:
    """What two letters become that meet in all their ends: X X = 1, P P = P, V V† = 1, J J = −1, ⟨ψ|ψ⟩ = 1.

    Args:
        a: The first letter.
        b: The second.
        turned: Whether one of them is read transposed.
        directed: Whether a letter and its transpose differ whatever its relations, as in webs.

    Returns:
        How many of them stay, and the sign; None if no relation joins them.
    """
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


def canonical_chain(is_cycle: bool, word: Sequence[Token]) -> Reduced | None:  # noqa: FBT001 - a key
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
        may_meet = stack and stack[-1][0].name == token[0].name
        outcome = _meeting_tokens(stack[-1], token) if may_meet else None
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
        outcome = _meeting_tokens(stack[-1], stack[0])
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


def _meeting_tokens(left: Token, right: Token) -> tuple[int, int] | None:
    return meeting(left[0], right[0], turned=left[1] != right[1])


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


# -- webs ---------------------------------------------------------------------------------------------------


def with_hermitian_letters_plain(
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


def cancelled(
    frame: Frame, partner: Sequence[int]
) -> tuple[list[Letter], list[int], list[Space], int] | None:
    """One relation applied between letters that meet in all their tensor factors; None if there is none.

    Returns:
        The letters that stay, their joined ends, the closed loops, and the sign.
    """
    found = next(_relations(frame, partner), None)
    if found is None:
        return None
    leaving, sign = found
    is_vector = not any(frame.is_matrix[i] for i in leaving)
    pairs = {
        end: partner[end] if is_vector else frame.first[i] + ((end - frame.first[i]) ^ 1)
        for i in leaving
        for end in frame.ends([i])
    }
    gluing = Gluing(frame.letters, partner, leaving)
    joined, loops = gluing.glue(pairs)
    return gluing.letters, joined, [] if is_vector else loops, sign


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
            outcome = None if i == j else meeting(letter, letters[j], turned=turned, directed=directed)
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


def canonical_web(frame: Frame, partner: Sequence[int]) -> Component:
    """The least numbering of a connected diagram."""
    letters = frame.letters
    least = min(letter.sort_key for letter in letters)
    orders = [
        frame.connected(root, partner) for root, letter in enumerate(letters) if letter.sort_key == least
    ]
    order = min(
        orders, key=lambda order: ([letters[i].sort_key for i in order], frame.restricted(order, partner))
    )
    return Component(tuple(letters[i] for i in order), tuple(frame.restricted(order, partner)))
