"""From declarations back to matrices, from matrices to what they declare, and declarations as text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import check_digits
from haarqntk.diagrams import PROPERTIES, SYMPLECTIC_FORM, Letter
from haarqntk.errors import InputError, InputTypeError, UnknownNameError
from haarqntk.groups import REGISTRY
from haarqntk.haar._algebra import MatrixExpression
from haarqntk.haar._declarations import check_name, given_matrix, matrices, random_matrix, symplectic_form
from haarqntk.haar._indices import check_spaces
from haarqntk.haar._states import HaarState
from haarqntk.haar._weights import RandomLetter

if TYPE_CHECKING:
    from haarqntk.diagrams import Space
    from haarqntk.groups import Group


_RANDOM = {group.constructor: group for group in REGISTRY.values()}
_GIVEN = "matrix"
_KINDS = (*_RANDOM, _GIVEN)


def declared_matrix(declaration: RandomLetter | Letter) -> MatrixExpression:
    """The matrix that was declared; of a state its projector."""
    name, spaces = declaration.name, declaration.spaces
    if isinstance(declaration, RandomLetter):
        if declaration.record.is_vector:
            return HaarState(name, spaces).projector()
        return random_matrix(name, declaration.record, spaces)
    return (
        symplectic_form(spaces)
        if name == SYMPLECTIC_FORM
        else given_matrix(name, spaces, declaration.properties)
    )


def named(items: object) -> dict[str, RandomLetter | Letter]:
    """Name → declaration of matrices and states that were handed over, for matching by name.

    Raises:
        InputTypeError: If an item is neither.
        InputError: If one name means two things.
    """
    listed = [items] if isinstance(items, MatrixExpression | HaarState) else items
    if isinstance(listed, str) or not isinstance(listed, Iterable):
        raise InputTypeError(f"declarations must be hq matrices and states, got {items!r}")
    found = MatrixExpression({}, {}, ())
    for item in listed:
        matrix = item.projector() if isinstance(item, HaarState) else item
        if not isinstance(matrix, MatrixExpression):
            raise InputTypeError(
                f"declarations must be hq matrices and states, got {item!r}; build them with hq.haar_unitary and "
                "hq.matrices"
            )
        found = MatrixExpression({}, found.declared_with(matrix), ())
    return found.declared


def parse_declaration(text: str, *, dims: Any = "D") -> list[MatrixExpression | HaarState]:
    """Parse ``NAMES=KIND PROPERTIES on DIMENSIONS``, as the command line takes it.

    Args:
        text: Names with commas; then the name of a constructor, such as haar_unitary, or matrix, which it is if
            left out; properties of a matrix as ``matrices`` takes them; dimensions such as d1*d2.
        dims: The dimensions if left out.

    Raises:
        InputError: If the text does not have that form.

    Examples:
        >>> parse_declaration("A,B=hermitian traceless on d1*d2")
        [<matrix expression of 1 terms in A on d1 × d2>, <matrix expression of 1 terms in B on d1 × d2>]
    """
    names, equals, meaning = text.partition("=")
    if not equals or not names.strip() or not meaning.strip():
        raise InputError(
            f"a declaration must be written NAMES=MEANING, such as A,B=hermitian or O=haar_orthogonal, got {text!r}"
        )
    meaning, on, given = (
        meaning.partition(" on ") if not meaning.startswith("on ") else ("", " on ", meaning[3:])
    )
    spaces = parse_dimensions(given) if on else check_spaces(dims)
    words = [word for word in re.split(r"[\s,]+", meaning) if word]
    kinds = [word for word in words if word in _KINDS]
    properties = [word for word in words if word not in _KINDS]
    for word in properties:
        if word not in PROPERTIES:
            raise UnknownNameError.among("kind or property", word, [*_KINDS, *PROPERTIES])
    if len(kinds) > 1 or (properties and kinds not in ([], [_GIVEN])):
        raise InputError(
            f"a declaration must give one kind, and properties of a matrix only, got {meaning.strip()!r}"
        )
    if kinds and kinds != [_GIVEN]:
        return [_random(name.strip(), _RANDOM[kinds[0]], spaces) for name in names.split(",")]
    found = matrices(names, dims=spaces, **dict.fromkeys(properties, True))
    return [found] if isinstance(found, MatrixExpression) else list(found)


def _random(name: str, group: Group, spaces: tuple[Space, ...]) -> MatrixExpression | HaarState:
    return HaarState(check_name(name), spaces) if group.is_vector else random_matrix(name, group, spaces)


def parse_dimensions(text: str) -> tuple[Space, ...]:
    """Parse dimensions of tensor factors, such as d1*d2*2.

    Examples:
        >>> parse_dimensions("d1*2")
        ('d1', 2)
    """
    parts = [part.strip() for part in text.split("*")]
    return check_spaces(tuple(int(check_digits(part)) if part.isdecimal() else part for part in parts))
