"""``Component``: a connected diagram in canonical form; ``Letter``: one factor of it, with the relations that it obeys.

A letter has a left and a right end for each tensor factor that it acts on. Transposing a matrix exchanges its
ends, so a transpose is a way to read a letter and no letter of its own; a conjugate is. Vectors and matrix
indices are letters with left ends only, which close a word. A delta joins any number of ends of one tensor factor.

``Frame`` is what many diagrams of the same letters share. ``Gluing`` takes letters out and joins their ends in pairs or
in blocks: what an integral does to its random letters, and what a relation such as X X = 1 does to the letters that it
cancels, as each becomes the identity, so that its left ends are glued to its right ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate, chain, count
from math import prod
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.algebra import collected
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Space: TypeAlias = str | int
"""The dimension of a tensor factor: the name of a symbol, or an integer."""

PROPERTIES = ("hermitian", "traceless", "involution", "projector", "unitary", "rank_one", "symmetric", "real")
"""The relations that a matrix can be declared to obey."""

LETTER_PROPERTIES = (*PROPERTIES, "normalised", "antisymmetric", "symplectic")
"""The relations that a letter can obey: of a vector, of the form J, of a matrix with S J Sᵀ = J."""

LETTER_KINDS = MATRIX, VECTOR, INDEX, OPEN, DELTA = "matrix", "vector", "index", "open", "delta"
SYMPLECTIC_FORM = "J"

_TRIVIAL, _IMPOSSIBLE = "; the only such matrix is trivial", ": there is no such matrix"
_CONTRADICTIONS = (
    (("projector", "involution"), _TRIVIAL),
    (("projector", "unitary"), _TRIVIAL),
    (("projector", "traceless"), _TRIVIAL),
    (("rank_one", "involution"), _IMPOSSIBLE),
    (("rank_one", "unitary"), _IMPOSSIBLE),
    (("rank_one", "hermitian", "traceless"), _IMPOSSIBLE),
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One factor of a word.

    Attributes:
        kind: "matrix"; "vector", a pure state or one side of a matrix of rank one; "index", a unit vector;
            "open", an end of an operator-valued result; "delta", 1 if the indices at all its ends are equal, else 0.
        name: The name; the number or the name of an index; the side of an open end.
        spaces: The dimension of each tensor factor.
        properties: Relations among ``LETTER_PROPERTIES``.
        conjugated: Whether this is the complex conjugate.
        place: The tensor factor of an open end; the half of the space of an index, 1 for D/2 + i; the side of a
            matrix of rank one, 1 for its right vector; the number of ends of a delta.
        num_ends: The number of ends: left and right for each tensor factor of a matrix, left only for vectors,
            indices and open ends.
        sort_key: An order that depends on nothing but the value.

    Examples:
        >>> Letter("matrix", "A", ("D",)).num_ends
        2
    """

    kind: str
    name: str
    spaces: tuple[Space, ...]
    properties: frozenset[str] = frozenset()
    conjugated: bool = False
    place: int = 0

    num_ends: int = field(init=False, compare=False, repr=False)
    sort_key: tuple[object, ...] = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Set what the engine asks for again and again."""
        index = int(self.name) if self.kind == INDEX and self.name.isdigit() else 0
        key = (self.kind, self.name, self.place + 2 * index, self.conjugated, tuple(map(str, self.spaces)))
        num_ends = self.place if self.kind == DELTA else len(self.spaces) * (2 if self.kind == MATRIX else 1)
        object.__setattr__(self, "num_ends", num_ends)
        object.__setattr__(self, "sort_key", key)
        object.__setattr__(self, "_hash", hash((key, self.properties)))

    def __hash__(self) -> int:
        return self._hash

    @property
    def is_number(self) -> bool:
        """Whether it is an index that is a number."""
        return self.kind == INDEX and self.name.isdigit()

    def conjugate(self) -> Letter:
        """The complex conjugate; itself where the letter is real."""
        if self.kind in (INDEX, OPEN, DELTA) or "real" in self.properties:
            return self
        return Letter(self.kind, self.name, self.spaces, self.properties, not self.conjugated, self.place)


def first_ends(letters: Sequence[Letter]) -> list[int]:
    """The first end of each letter."""
    return list(accumulate([letter.num_ends for letter in letters], initial=0))[:-1]


def delta_letter(space: Space, num_ends: int) -> Letter:
    """δ_{i j …}, which is 1 if all its indices are equal and 0 otherwise; with one end the vector of ones.

    Examples:
        >>> delta_letter("D", 3).num_ends
        3
    """
    return Letter(DELTA, "", (space,), place=num_ends)


def matrix_letter(name: str, spaces: tuple[Space, ...], properties: frozenset[str]) -> Letter:
    """A matrix with the relations that follow from the declared ones: a Hermitian unitary squares to 1.

    Raises:
        InputError: If two relations contradict each other.

    Examples:
        >>> sorted(matrix_letter("X", ("D",), frozenset({"hermitian", "unitary"})).properties)
        ['hermitian', 'involution', 'unitary']
    """
    found = set(properties)
    for three in ({"hermitian", "real", "symmetric"}, {"hermitian", "involution", "unitary"}):
        if len(three & found) > 1:  # two of them imply the third
            found |= three
    for relations, reason in _CONTRADICTIONS:
        if found.issuperset(relations):
            raise InputError(
                f"the properties of {name} must not contradict each other, got {' and '.join(relations)}{reason}"
            )
    letter = Letter(MATRIX, name, spaces, frozenset(found))
    if all(isinstance(space, int) for space in spaces):
        refuse_impossible(letter, prod(map(int, spaces)))
    return letter


def refuse_impossible(letter: Letter, size: int) -> None:
    """Refuse relations that no matrix of that size obeys.

    The eigenvalues of an involution are ±1 and add up to 0 only in pairs; a number that is unitary, or of rank one, is
    not 0.

    Raises:
        InputError: If no matrix obeys them.

    Examples:
        >>> refuse_impossible(matrix_letter("X", ("D",), frozenset({"involution", "traceless"})), 3)
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputError: X is declared traceless and involution, and no 3 × 3 matrix is; pass an even \
dimension
    """
    relations = letter.properties
    if "traceless" not in relations:
        return
    if "involution" in relations and size % 2:
        other, cure = "involution", "an even dimension"
    elif relations & {"unitary", "rank_one"} and size == 1:
        other, cure = min(relations & {"unitary", "rank_one"}), "a larger dimension"
    else:
        return
    raise InputError(
        f"{letter.name} is declared traceless and {other}, and no {size} × {size} matrix is; pass {cure}"
    )


Token: TypeAlias = tuple[Letter, bool]  # a letter, and whether it is read transposed


class Frame:
    """The letters of a diagram.

    Args:
        letters: The letters.
        numbers: A number for each, equal for equal letters; left out where nobody asks for them.
    """

    def __init__(self, letters: Sequence[Letter], numbers: Sequence[int] = ()) -> None:
        self.letters = letters
        self.numbers = numbers
        self.first = first_ends(letters)
        self.owner = [i for i, letter in enumerate(letters) for _ in range(letter.num_ends)]
        kinds = [letter.kind for letter in letters]
        self.has_deltas = DELTA in kinds
        self.is_matrix = [kind == MATRIX for kind in kinds]
        self.roots = sorted(range(len(letters)), key=self.is_matrix.__getitem__)  # caps first
        joins_many = self.has_deltas and any(x.kind == DELTA and x.num_ends > 1 for x in letters)
        self.is_narrow = not joins_many and all(len(x.spaces) == 1 for x in letters)

    def ends(self, places: Iterable[int]) -> list[int]:
        """The ends of the letters at these places."""
        first, letters = self.first, self.letters
        return [end for i in places for end in range(first[i], first[i] + letters[i].num_ends)]

    def restricted(self, places: Iterable[int], partner: Sequence[int]) -> list[int]:
        """The joined ends of some letters in this order, counted among these letters only."""
        ends = self.ends(places)
        place = {end: new for new, end in enumerate(ends)}
        return [place[partner[end]] for end in ends]

    def connected(self, root: int, partner: Sequence[int]) -> list[int]:
        """The places of the letters connected with the one at ``root``, in the order in which they are met."""
        order, seen = [root], {root}
        for i in order:
            for end in range(self.first[i], self.first[i] + self.letters[i].num_ends):
                j = self.owner[partner[end]]
                if j not in seen:
                    seen.add(j)
                    order.append(j)
        return order

    def walk(self, root: int, partner: Sequence[int]) -> list[tuple[int, int]]:
        """The places along a chain from ``root``, a cap or a letter of a cycle; 1 where a letter is transposed."""
        first, owner, is_matrix = self.first, self.owner, self.is_matrix
        places = [(root, 0)]
        end = first[root] + is_matrix[root]  # a matrix is left by its right end
        while (i := owner[partner[end]]) != root:
            turned = partner[end] - first[i]
            places.append((i, turned))
            if not is_matrix[i]:
                break
            end = first[i] + 1 - turned
        return places


class Gluing:
    """The letters that leave one diagram, prepared to be glued in many ways.

    Args:
        letters: The letters of the diagram.
        partner: The end that each end is joined to.
        leaving: The places of the letters that leave.
    """

    def __init__(self, letters: Sequence[Letter], partner: Sequence[int], leaving: set[int]) -> None:
        self._partner = list(partner)
        self._space = spaces_of_ends(letters)
        self._new_place: list[int] = []  # −1 for an end that leaves
        places = count()
        for i, letter in enumerate(letters):
            self._new_place += [-1 if i in leaving else next(places) for _ in range(letter.num_ends)]
        self.letters = [letter for i, letter in enumerate(letters) if i not in leaving]

    def glue_blocks(self, blocks: Sequence[Sequence[int]]) -> tuple[list[Letter], list[int]]:
        """Join the leaving ends in blocks of equal indices, as a set partition does; a delta for each comes last.

        Examples:
            >>> from haarqntk.diagrams import matrix_letter, reduce_diagram
            >>> A, P = (matrix_letter(name, ("D",), frozenset()) for name in "AP")
            >>> gluing = Gluing([A, P], [3, 2, 1, 0], {1})  # Tr A P, both ends of P in one block
            >>> reduced = reduce_diagram(*gluing.glue_blocks([[2, 3]]))
            >>> reduced.monomial == reduce_diagram([A], [1, 0]).monomial
            True
        """
        ends = [end for end, new in enumerate(self._new_place) if new >= 0]
        ends += [end for block in blocks for end in block]
        place = {end: new for new, end in enumerate(ends)}
        deltas = [delta_letter(self._space[block[0]], len(block)) for block in blocks]
        return [*self.letters, *deltas], [place[self._partner[end]] for end in ends]

    def glue(self, pairs: Mapping[int, int]) -> tuple[list[int], list[Space]]:
        """Join each leaving end to another: the joined ends of what stays, and the space of each closed loop."""
        partner, new_place = self._partner, self._new_place
        joined: list[int] = []
        visited: set[int] = set()
        for end, place in enumerate(new_place):
            if place < 0:
                continue
            other = partner[end]
            while new_place[other] < 0:
                through = pairs[other]
                visited.add(other)
                visited.add(through)
                other = partner[through]
            joined.append(new_place[other])
        loops = []
        for other in pairs if len(visited) < len(pairs) else ():
            if other not in visited:
                loops.append(self._space[other])
            while other not in visited:
                through = pairs[other]
                visited.update((other, through))
                other = partner[through]  # noqa: PLW2901 - around the loop
        return joined, loops


def spaces_of_ends(letters: Sequence[Letter]) -> list[Space]:
    """The dimension at each end of some letters."""
    sides = [(letter.spaces, range(letter.num_ends // len(letter.spaces))) for letter in letters]
    return [space for spaces, ends in sides for space in spaces for _ in ends]


@dataclass(frozen=True, slots=True)
class Component:
    """A connected diagram in canonical form.

    Attributes:
        letters: The letters, in canonical order.
        partner: The end that each end is joined to.
        sort_key: An order that depends on nothing but the value: few letters first.

    Examples:
        >>> A = Letter("matrix", "A", ("D",))
        >>> Component((A,), (1, 0)).word == ((A, False),)
        True
    """

    letters: tuple[Letter, ...]
    partner: tuple[int, ...]
    sort_key: tuple[object, ...] = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Set what the engine asks for again and again."""
        key = (len(self.letters), tuple(letter.sort_key for letter in self.letters), self.partner)
        object.__setattr__(self, "sort_key", key)
        object.__setattr__(self, "_hash", hash((self.letters, self.partner)))

    def __hash__(self) -> int:
        return self._hash

    @property
    def is_chain(self) -> bool:
        """Whether it is a word: every letter acts on one tensor factor, and none is a delta."""
        return all(len(letter.spaces) == 1 and letter.kind != DELTA for letter in self.letters)

    @property
    def word(self) -> tuple[Token, ...]:
        """The letters of a chain in reading order, from one cap to the other if it is a path."""
        places = Frame(self.letters).walk(0, self.partner)
        return tuple((self.letters[i], bool(turned)) for i, turned in places)

    @property
    def is_cycle(self) -> bool:
        """Whether it is a chain without caps: a trace."""
        return self.is_chain and all(letter.kind == MATRIX for letter in self.letters)


Monomial: TypeAlias = tuple[tuple[Component, int], ...]
"""A product of components: sorted pairs (component, exponent)."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """A diagram after its relations: sign · Π dimensions · monomial."""

    sign: int
    loops: tuple[Space, ...]
    monomial: Monomial

    def times(self, loops: Iterable[Space], sign: int = 1) -> Reduced:
        """With more closed loops, and another sign."""
        return Reduced(self.sign * sign, tuple(sorted((*self.loops, *loops), key=str)), self.monomial)


def product(monomials: Iterable[Monomial]) -> Monomial:
    """The product of monomials, which is a monomial."""
    exponents = collected(chain.from_iterable(monomials))
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


def is_open(component: Component) -> bool:
    """Whether a component has an open end: part of an operator-valued result."""
    return any(letter.kind == OPEN for letter in component.letters)
