"""Diagrams: letters whose ends are joined in pairs, and their connected parts in canonical form.

A product of traces, matrix entries and open words is one diagram; each connected part is a ``Component``. Parts in
which every letter acts on one tensor factor are chains: cycles (traces) and paths (entries, open words). The
relations of the letters are applied here, as soon as a part is formed. Ends count from 0, letter after letter: for a
matrix on m factors left 0, right 0, left 1, right 1, …

Reference: derivations/09_integrals.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.traces._letters import INDEX, MATRIX, OPEN, SYMPLECTIC_FORM, VECTOR, Letter
from haarqntk.traces._web import (
    cancelled,
    canonical_web,
    first_ends,
    is_traceless,
    with_hermitian_letters_plain,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from haarqntk.traces._letters import Space

Token: TypeAlias = tuple[Letter, bool]  # a letter, and whether it is read transposed


@dataclass(frozen=True, slots=True)
class Component:
    """A connected diagram in canonical form.

    Attributes:
        letters: The letters, in canonical order.
        partner: The end that each end is joined to.

    Examples:
        >>> A = Letter("matrix", "A", ("D",))
        >>> Component((A,), (1, 0)).word
        ((Letter(kind='matrix', name='A', spaces=('D',), properties=frozenset(), conjugated=False, place=0), False),)
    """

    letters: tuple[Letter, ...]
    partner: tuple[int, ...]

    @property
    def is_chain(self) -> bool:
        """Whether every letter acts on one tensor factor."""
        return all(len(letter.spaces) == 1 for letter in self.letters)

    @property
    def word(self) -> tuple[Token, ...]:
        """The letters of a chain in reading order, from one cap to the other if it is a path."""
        return _read_chain(list(self.letters), list(self.partner), first_ends(self.letters), 0)

    @property
    def is_cycle(self) -> bool:
        """Whether it is a chain without caps: a trace."""
        return self.is_chain and all(letter.kind == MATRIX for letter in self.letters)

    @property
    def sort_key(self) -> tuple[object, ...]:
        """An order that depends on nothing but the value: few letters first."""
        return (len(self.letters), tuple(letter.sort_key for letter in self.letters), self.partner)


Monomial: TypeAlias = tuple[tuple[Component, int], ...]
"""A product of components: sorted pairs (component, exponent)."""


def product(monomials: Iterable[Monomial]) -> Monomial:
    """The product of monomials, which is a monomial."""
    exponents: dict[Component, int] = {}
    for monomial in monomials:
        for component, e in monomial:
            exponents[component] = exponents.get(component, 0) + e
    return tuple(sorted(exponents.items(), key=lambda pair: pair[0].sort_key))


def flatten(monomials: Iterable[Monomial]) -> tuple[list[Letter], list[int]]:
    """The letters and the joined ends of a product, as one diagram."""
    letters: list[Letter] = []
    partner: list[int] = []
    for monomial in monomials:
        for component, exponent in monomial:
            for _ in range(exponent):
                offset = len(partner)
                letters.extend(component.letters)
                partner.extend(end + offset for end in component.partner)
    return letters, partner


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
        self._chains: dict[tuple[bool, tuple[Token, ...]], _Part | None] = {}

    def reduce(self, letters: Sequence[Letter], partner: Sequence[int]) -> Reduced | None:
        """See ``reduce_diagram``."""
        first = first_ends(letters)
        owner = [i for i, letter in enumerate(letters) for _ in range(letter.num_ends)]
        seen = [False] * len(letters)
        sign = 1
        loops: list[Space] = []
        parts: list[Component] = []
        for start in range(len(letters)):
            if seen[start]:
                continue
            part = _connected(start, letters, partner, first, owner, seen)
            if all(len(letters[i].spaces) == 1 for i in part):
                caps = [i for i in part if letters[i].kind != MATRIX]
                root = caps[0] if caps else part[0]
                key = (not caps, _read_chain(letters, partner, first, root))
                if key not in self._chains:
                    self._chains[key] = _canonical_chain(*key)
                part_found = self._chains[key]
            else:
                part_found = self._web([letters[i] for i in part], _restricted(part, letters, partner, first))
            if part_found is None:
                return None
            sign *= part_found.sign
            loops.extend(part_found.loops)
            parts.extend(part_found.components)
        exponents: dict[Component, int] = {}
        for component in parts:
            exponents[component] = exponents.get(component, 0) + 1
        monomial = (
            tuple(exponents.items())
            if len(exponents) < 2  # noqa: PLR2004 - one component is sorted
            else tuple(sorted(exponents.items(), key=lambda pair: pair[0].sort_key))
        )
        return Reduced(sign, tuple(sorted(loops, key=str)), monomial)

    def _web(self, letters: list[Letter], partner: list[int]) -> _Part | None:
        letters, partner = with_hermitian_letters_plain(letters, partner)
        if is_traceless(letters, partner):
            return None
        simpler = cancelled(letters, partner)
        if simpler is None:
            return _Part(1, (), (Component(*canonical_web(letters, partner)),))
        letters, partner, loops = simpler
        rest = self.reduce(letters, partner)
        if rest is None:
            return None
        components = tuple(component for component, e in rest.monomial for _ in range(e))
        return _Part(rest.sign, (*loops, *rest.loops), components)


@dataclass(frozen=True, slots=True)
class _Part:
    sign: int
    loops: tuple[Space, ...]
    components: tuple[Component, ...]


def _connected(  # noqa: PLR0913, PLR0917 - the arrays of one diagram
    start: int,
    letters: Sequence[Letter],
    partner: Sequence[int],
    first: list[int],
    owner: list[int],
    seen: list[bool],
) -> list[int]:
    part, waiting = [], [start]
    seen[start] = True
    while waiting:
        i = waiting.pop()
        part.append(i)
        for end in range(first[i], first[i] + letters[i].num_ends):
            j = owner[partner[end]]
            if not seen[j]:
                seen[j] = True
                waiting.append(j)
    return sorted(part)


def _restricted(
    part: list[int], letters: Sequence[Letter], partner: Sequence[int], first: list[int]
) -> list[int]:
    """The joined ends of some letters, counted among these letters only."""
    ends = [end for i in part for end in range(first[i], first[i] + letters[i].num_ends)]
    place = {end: new for new, end in enumerate(ends)}
    return [place[partner[end]] for end in ends]


# -- chains --------------------------------------------------------------------------------------------


def _read_chain(
    letters: Sequence[Letter], partner: Sequence[int], first: Sequence[int], root: int
) -> tuple[Token, ...]:
    """Walk along a chain from ``root``, a cap or any letter of a cycle, leaving a matrix by its right end."""
    owner = {first[i] + s: i for i, letter in enumerate(letters) for s in range(letter.num_ends)}
    word: list[Token] = [(letters[root], False)]
    end = first[root] + letters[root].num_ends - 1
    while True:
        entered = partner[end]
        i = owner[entered]
        if i == root:
            return tuple(word)
        transposed = letters[i].kind == MATRIX and entered != first[i]
        word.append((letters[i], transposed))
        if letters[i].kind != MATRIX:
            return tuple(word)
        end = first[i] if transposed else first[i] + 1


def _canonical_chain(is_cycle: bool, word: tuple[Token, ...]) -> _Part | None:  # noqa: FBT001 - a key
    sign = 1
    tokens: list[Token] = []
    for letter, transposed in word:
        token, factor = _normalised(letter, transposed)
        tokens.append(token)
        sign *= factor
    space = word[0][0].spaces[0]
    if is_cycle:
        tokens, factor = _simplified(tokens, cyclic=True)
        if not tokens:
            return _Part(sign * factor, (space,), ())
        return _canonical_cycle(tokens, sign * factor)
    inner, factor = _simplified(tokens[1:-1], cyclic=False)
    return _canonical_path(tokens[0][0], inner, tokens[-1][0], sign * factor)


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
    """Cancel and merge neighbours: X X = 1, P P = P, V V† = 1, J J = −1."""
    sign = 1
    stack: list[Token] = []
    for token in tokens:
        outcome = _meeting(stack[-1], token) if stack else None
        if outcome is None:
            stack.append(token)
            continue
        sign *= outcome[1]
        if not outcome[0]:
            stack.pop()
    while cyclic and len(stack) > 1:
        outcome = _meeting(stack[-1], stack[0])
        if outcome is None:
            break
        sign *= outcome[1]
        stack = stack[: len(stack) - 1] if outcome[0] else stack[1:-1]
    return stack, sign


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
    if "unitary" in properties and a_transposed != b_transposed:
        real = "real" in properties
        return (False, 1) if real or not same else None
    return None


def _canonical_cycle(tokens: list[Token], sign: int) -> _Part | None:
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
    return _Part(sign, (), (_cycle_component(forward),))


def _canonical_path(left: Letter, inner: list[Token], right: Letter, sign: int) -> _Part | None:
    if not inner:
        met = _meeting_caps(left, right)
        if met is not None:
            return _Part(sign, (), ()) if met else None
    elif len(inner) == 1 and inner[0][0].name == SYMPLECTIC_FORM and left.kind == right.kind == INDEX:
        entry = _form_entry(left, right)
        return _Part(sign * entry, (), ()) if entry else None
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
    return _Part(sign, (), (_path_component(left, inner, right),))


def _meeting_caps(left: Letter, right: Letter) -> bool | None:
    """The scalar product of two caps if it is 0 or 1, else None."""
    if left.kind == right.kind == INDEX and left.name.isdigit() and right.name.isdigit():
        return left == right
    if left.kind == right.kind == INDEX and left == right:
        return True
    same = (left.kind, left.name, left.place) == (VECTOR, right.name, right.place)
    if same and right.kind == VECTOR and "normalised" in left.properties:
        return True if left.conjugated != right.conjugated else None
    return None


def _form_entry(left: Letter, right: Letter) -> int:
    """⟨i|J|j⟩ of J = [[0, 1], [−1, 0]] in blocks of half the dimension."""
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


def is_open(component: Component) -> bool:
    """Whether a component has an open end: part of an operator-valued result."""
    return any(letter.kind == OPEN for letter in component.letters)
