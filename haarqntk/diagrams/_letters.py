"""``Letter``: one factor of a word, with the relations that it obeys.

A letter has a left and a right end for each tensor factor that it acts on. Transposing a matrix exchanges its
ends, so a transpose is a way to read a letter and no letter of its own; a conjugate is. Vectors and matrix
indices are letters with left ends only, which close a word. A delta joins any number of ends of one tensor factor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

Space: TypeAlias = str | int
"""The dimension of a tensor factor: the name of a symbol, or an integer."""

PROPERTIES = (
    "hermitian",
    "traceless",
    "involution",
    "projector",
    "unitary",
    "rank_one",
    "symmetric",
    "real",
)
"""The relations that a matrix can be declared to obey."""

MATRIX, VECTOR, INDEX, OPEN, DELTA = "matrix", "vector", "index", "open", "delta"
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
        properties: Relations among ``PROPERTIES``, and "normalised" of a vector, "antisymmetric" of the form J,
            "symplectic" of a matrix with S J Sᵀ = J.
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
        index = int(self.name) if self.is_number else 0
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
        return Letter(
            self.kind, self.name, self.spaces, self.properties, not self.conjugated, place=self.place
        )


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
        InputError: If a relation is unknown, or two contradict each other.

    Examples:
        >>> sorted(matrix_letter("X", ("D",), frozenset({"hermitian", "unitary"})).properties)
        ['hermitian', 'involution', 'unitary']
    """
    unknown = properties - set(PROPERTIES)
    if unknown:
        raise InputError(
            f"the properties of {name} must be among {', '.join(PROPERTIES)}, got {', '.join(sorted(unknown))}"
        )
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
    sizes = [space for space in spaces if isinstance(space, int)]
    if len(sizes) == len(spaces):
        refuse_impossible(letter, prod(sizes))
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
