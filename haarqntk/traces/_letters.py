"""``Letter``: one factor of a word, with the relations that it obeys.

A letter has a left and a right end for each tensor factor that it acts on. Transposing a matrix exchanges its
ends, so a transpose is a way to read a letter and no letter of its own; a conjugate is. Vectors and matrix
indices are letters with left ends only, which close a word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from haarqntk.errors import InputError

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

MATRIX, VECTOR, INDEX, OPEN = "matrix", "vector", "index", "open"
SYMPLECTIC_FORM = "J"


@dataclass(frozen=True, slots=True)
class Letter:
    """One factor of a word.

    Attributes:
        kind: "matrix"; "vector", a pure state or one side of a matrix of rank one; "index", a unit vector;
            "open", an end of an operator-valued result.
        name: The name; the number or the name of an index; the side of an open end.
        spaces: The dimension of each tensor factor.
        properties: Relations among ``PROPERTIES``, and "normalised" of a vector, "antisymmetric" of the form J.
        conjugated: Whether this is the complex conjugate.
        place: The tensor factor of an open end; the half of the space of an index, 1 for D/2 + i; the side of a
            matrix of rank one, 1 for its right vector.
        num_ends: The number of ends: left and right for each tensor factor of a matrix, left only for the others.
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
        object.__setattr__(self, "num_ends", len(self.spaces) * (2 if self.kind == MATRIX else 1))
        object.__setattr__(self, "sort_key", key)
        object.__setattr__(self, "_hash", hash((key, self.properties)))

    def __hash__(self) -> int:
        return self._hash

    def conjugate(self) -> Letter:
        """The complex conjugate; itself where the letter is real."""
        if self.kind in (INDEX, OPEN) or "real" in self.properties:
            return self
        return Letter(
            self.kind, self.name, self.spaces, self.properties, not self.conjugated, place=self.place
        )


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
    if {"hermitian", "unitary"} <= found:
        found.add("involution")
    if {"hermitian", "involution"} <= found:
        found.add("unitary")
    if (
        {"hermitian", "real"} <= found
        or {"hermitian", "symmetric"} <= found
        or {"real", "symmetric"} <= found
    ):
        found |= {"hermitian", "real", "symmetric"}
    for left, right in (("projector", "involution"), ("projector", "unitary"), ("projector", "traceless")):
        if {left, right} <= found:
            raise InputError(
                f"the properties of {name} must not contradict each other, got {left} and {right}; "
                "the only such matrix is trivial"
            )
    for other in ("involution", "unitary"):
        if {"rank_one", other} <= found:
            raise InputError(
                f"the properties of {name} must not contradict each other, got rank_one and {other}"
            )
    return Letter(MATRIX, name, spaces, frozenset(found))
