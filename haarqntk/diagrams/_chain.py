"""Chains: cycles and paths of letters on one tensor factor, simplified by their relations, in canonical form.

A cycle may be read from every letter and, transposed, in both directions; a path from both caps. The least reading
is the canonical one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from haarqntk.diagrams._component import Component, Token
from haarqntk.diagrams._letters import DELTA, INDEX, MATRIX, SYMPLECTIC_FORM, VECTOR, Letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.diagrams._letters import Space


@dataclass(frozen=True, slots=True)
class Part:
    """What a connected part of a diagram becomes: sign · Π dimensions · components."""

    sign: int
    loops: tuple[Space, ...]
    components: tuple[Component, ...]


def canonical_chain(is_cycle: bool, word: tuple[Token, ...]) -> Part | None:  # noqa: FBT001 - a key
    tokens, sign = _normalised_word(word)
    space = word[0][0].spaces[0]
    if is_cycle:
        tokens, factor = _simplified(tokens, cyclic=True)
        if not tokens:
            return Part(sign * factor, (space,), ())
        return _canonical_cycle(tokens, sign * factor)
    inner, factor = _simplified(tokens[1:-1], cyclic=False)
    return _canonical_path(tokens[0][0], inner, tokens[-1][0], sign * factor)


def simplified_word(word: Sequence[Token]) -> tuple[list[Token], int]:
    """A word of matrices between any two ends after its relations, and the sign that they leave."""
    tokens, sign = _normalised_word(word)
    tokens, factor = _simplified(tokens, cyclic=False)
    return tokens, sign * factor


def _normalised_word(word: Sequence[Token]) -> tuple[list[Token], int]:
    sign = 1
    tokens: list[Token] = []
    for letter, transposed in word:
        token, factor = _normalised(letter, transposed)
        tokens.append(token)
        sign *= factor
    return tokens, sign


def _normalised(letter: Letter, transposed: bool) -> tuple[Token, int]:  # noqa: FBT001 - part of a token
    """A Hermitian letter is never conjugated, a symmetric one never transposed; Jᵀ = −J."""
    if letter.kind != MATRIX:
        return (letter, False), 1
    if letter.conjugated and "hermitian" in letter.properties:
        letter, transposed = letter.conjugate(), not transposed
    if transposed and "symmetric" in letter.properties:
        transposed = False
    if transposed and "antisymmetric" in letter.properties:
        return (letter, False), -1
    return (letter, transposed), 1


def _simplified(tokens: list[Token], *, cyclic: bool) -> tuple[list[Token], int]:
    """Cancel and merge neighbours: X X = 1, P P = P, V V† = 1, J J = −1, S J Sᵀ = J."""
    sign = 1
    stack: list[Token] = []
    waiting = tokens[::-1]
    while waiting:
        token = waiting.pop()
        outcome = _meeting(stack[-1], token) if stack else None
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
            stack = stack[: len(stack) - 1] if outcome[0] else stack[1:-1]
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


def _meeting(left: Token, right: Token) -> tuple[bool, int] | None:
    """What two neighbours become: (whether one of them stays, sign), or None if no relation joins them."""
    (a, a_transposed), (b, b_transposed) = left, right
    if a.name != b.name or a.kind != MATRIX or a.spaces != b.spaces:
        return None
    properties, same = a.properties, a.conjugated == b.conjugated
    if "antisymmetric" in properties:
        return False, -1
    if same and a_transposed == b_transposed:
        if "projector" in properties:
            return True, 1
        return (False, 1) if "involution" in properties else None
    if "unitary" in properties and (a_transposed != b_transposed or "symmetric" in properties):
        real = "real" in properties
        return (False, 1) if real or not same else None
    return None


def _canonical_cycle(tokens: list[Token], sign: int) -> Part | None:
    if len(tokens) == 1 and tokens[0][0].properties & {"traceless", "antisymmetric"}:
        return None
    turned = [_turned(token) for token in reversed(tokens)]
    reversed_sign = sign
    for _, factor in turned:
        reversed_sign *= factor
    forward, backward = _least_rotation(tokens), _least_rotation([token for token, _ in turned])
    if _keys(backward) == _keys(forward) and reversed_sign != sign:
        return None
    if _keys(backward) < _keys(forward):
        forward, sign = backward, reversed_sign
    return Part(sign, (), (_cycle_component(forward),))


def _canonical_path(left: Letter, inner: list[Token], right: Letter, sign: int) -> Part | None:
    if not inner:
        if DELTA in (left.kind, right.kind) and {left.kind, right.kind} <= {DELTA, INDEX}:
            return Part(sign, left.spaces if left.kind == right.kind else (), ())
        met = _meeting_caps(left, right)
        if met is not None:
            return Part(sign, (), ()) if met else None
    elif len(inner) == 1 and inner[0][0].name == SYMPLECTIC_FORM and left.kind == right.kind == INDEX:
        entry = _form_entry(left, right)
        if entry is not None:
            return Part(sign * entry, (), ()) if entry else None
    turned = [_turned(token) for token in reversed(inner)]
    reversed_sign = sign
    for _, factor in turned:
        reversed_sign *= factor
    forward = (left.sort_key, _keys(inner), right.sort_key)
    backward = (right.sort_key, _keys([token for token, _ in turned]), left.sort_key)
    if forward == backward and sign != reversed_sign:
        return None
    if backward < forward:
        left, inner, right, sign = right, [token for token, _ in turned], left, reversed_sign
    return Part(sign, (), (_path_component(left, inner, right),))


def _meeting_caps(left: Letter, right: Letter) -> bool | None:
    """The scalar product of two caps if it is 0 or 1, else None."""
    if left.kind == right.kind == INDEX and left.name.isdigit() and right.name.isdigit():
        return left == right
    if left.kind == right.kind == INDEX and left == right:
        return True
    same = (left.kind, left.name, left.place) == (VECTOR, right.name, right.place)
    if same and right.kind == VECTOR and "normalised" in left.properties:
        return True if left.conjugated != right.conjugated or "real" in left.properties else None
    sides = left.kind == right.kind == VECTOR and left.name == right.name and left.place != right.place
    of_one_matrix = sides and (left.conjugated != right.conjugated or "real" in left.properties)
    return False if of_one_matrix and "traceless" in left.properties else None


def _form_entry(left: Letter, right: Letter) -> int | None:
    """⟨i|J|j⟩ of J = [[0, 1], [−1, 0]] in blocks of half the dimension; None if a symbol is in either half."""
    if left == right:
        return 0
    if not (left.name.isdigit() and right.name.isdigit()):
        return None
    if left.name != right.name or left.place == right.place:
        return 0
    return 1 if left.place < right.place else -1


def _turned(token: Token) -> tuple[Token, int]:
    """The token as it is read from the other side: transposed."""
    letter, transposed = token
    return _normalised(letter, not transposed)


def _keys(tokens: Sequence[Token]) -> list[tuple[object, ...]]:
    return [(*letter.sort_key, transposed) for letter, transposed in tokens]


def _least_rotation(tokens: list[Token]) -> list[Token]:
    keys = _keys(tokens)
    start = min(range(len(tokens)), key=lambda i: keys[i:] + keys[:i])
    return tokens[start:] + tokens[:start]


def _cycle_component(tokens: Sequence[Token]) -> Component:
    enters = [2 * i + transposed for i, (_, transposed) in enumerate(tokens)]
    partner = [0] * (2 * len(tokens))
    for i, _ in enumerate(tokens):
        leaves, entered = enters[i] ^ 1, enters[(i + 1) % len(tokens)]
        partner[leaves], partner[entered] = entered, leaves
    return Component(tuple(letter for letter, _ in tokens), tuple(partner))


def _path_component(left: Letter, inner: Sequence[Token], right: Letter) -> Component:
    partner = [0] * (2 * len(inner) + 2)
    end = 0
    for i, (_, transposed) in enumerate(inner):
        entered = 1 + 2 * i + transposed
        partner[end], partner[entered] = entered, end
        end = 1 + 2 * i + (not transposed)
    last = len(partner) - 1
    partner[end], partner[last] = last, end
    return Component((left, *(letter for letter, _ in inner), right), tuple(partner))
