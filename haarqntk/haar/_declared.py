"""From declarations back to matrices, and from matrices to what they declare."""

from __future__ import annotations

from collections.abc import Iterable

from haarqntk.errors import InputTypeError
from haarqntk.haar._algebra import MatrixExpression
from haarqntk.haar._declarations import HaarState, given_matrix, random_matrix, symplectic_form
from haarqntk.haar._elimination import RandomLetter
from haarqntk.traces import SYMPLECTIC_FORM, Letter


def declared_matrix(declaration: RandomLetter | Letter) -> MatrixExpression:
    """The matrix that was declared; of a state its projector."""
    name, spaces = declaration.name, declaration.spaces
    if isinstance(declaration, RandomLetter):
        if declaration.group == "state":
            return HaarState(name, spaces).projector()
        properties = {"unitary", "real"} if declaration.group == "orthogonal" else {"unitary"}
        return random_matrix(name, declaration.group, spaces, properties)
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
