"""Dimensions and indices as people give them: checked, and turned into what a letter holds."""

from __future__ import annotations

from typing import Any

from haarqntk._arguments import integer
from haarqntk._lazy import LazyModule
from haarqntk.diagrams import INDEX, Letter, Space
from haarqntk.errors import InputError, InputTypeError

sympy = LazyModule("sympy")


def check_spaces(dims: object) -> tuple[Space, ...]:
    """The dimensions of tensor factors: names and integers.

    Args:
        dims: One dimension or a tuple of them; each a name, a SymPy symbol or an integer ≥ 1.

    Raises:
        InputTypeError, InputError: If one is nothing of the kind.

    Examples:
        >>> check_spaces("D"), check_spaces(("d1", 2))
        (('D',), ('d1', 2))
    """
    given = tuple(dims) if isinstance(dims, tuple | list) else (dims,)
    if not given:
        raise InputError("dims must name at least one dimension, got none")
    return tuple(map(_check_space, given))


def _check_space(dim: object) -> Space:
    if isinstance(dim, str):
        return _dimension_name(dim)
    if getattr(dim, "is_Symbol", False):
        return _dimension_name(str(getattr(dim, "name", dim)))
    return integer("a dimension", dim, at_least=1)


def _dimension_name(name: str) -> str:
    if not (name.isascii() and name.isidentifier()):
        raise InputError(
            f"a dimension must be a name or an integer ≥ 1, got {name!r}; a name is letters, digits and underscores"
        )
    return name


def index_letter(index: object, spaces: tuple[Space, ...]) -> list[Letter]:
    """The unit vector of a matrix index: one letter for each tensor factor.

    Args:
        index: An integer ≥ 0, a SymPy symbol, ``D/2 + i`` for the second half of the space of a symplectic matrix,
            or, on several tensor factors, a tuple of these.
        spaces: The tensor factors.

    Raises:
        InputTypeError, InputError: If the index is nothing of the kind or out of range.

    Examples:
        >>> index_letter(3, (2,))
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputError: an index must be below the dimension 2, got 3; indices count from 0
    """
    given = tuple(index) if isinstance(index, tuple | list) else (index,)
    if len(given) != len(spaces):
        raise InputError(
            f"an index must have one entry for each of the {len(spaces)} tensor factors, got {index!r}; "
            "write A[(i1, i2), (j1, j2)]"
        )
    return [_index_on(i, space) for i, space in zip(given, spaces, strict=True)]


def _index_on(index: object, space: Space) -> Letter:
    name, half = _split_index(index, space)
    if isinstance(space, int) and name.isdigit():
        if int(name) >= space:
            raise InputError(
                f"an index must be below the dimension {space}, got {name}; indices count from 0"
            )
        if space % 2 == 0 and int(name) >= space // 2:
            name, half = str(int(name) - space // 2), 1
    return Letter(INDEX, name, (space,), place=half)


def _index_name(name: str, space: Space) -> str:
    if name in {space, "D"}:
        raise InputError(
            f"an index must be below the dimension {space}, got {name}, which is out of range: indices count from 0 "
            f"to {space}-1; name a symbolic index i, j, …"
        )
    return name


def _is_index_name(name: str) -> bool:
    return name.isascii() and name.replace(" ", "_").isidentifier()  # "sum 1" is an index that is summed over


def _split_index(index: Any, space: Space) -> tuple[str, int]:
    """The name of an index, and 1 if it counts from D/2."""
    if getattr(index, "is_Symbol", False):
        index = str(index.name)
    if isinstance(index, bool) or (isinstance(index, str) and not _is_index_name(index)):
        raise InputTypeError(f"an index must be an integer ≥ 0 or a symbol, got {index!r}")
    if isinstance(index, str):
        return _index_name(index, space), 0
    if hasattr(index, "free_symbols") and index.free_symbols and isinstance(space, str):
        offset = sympy.expand(index - next(iter(index.free_symbols)) / 2)
        names = {str(free.name) for free in index.free_symbols}
        if names != {space} or not offset.is_Integer or offset < 0:
            raise InputError(
                f"a symbolic index must be a symbol, or {space}/2 + i with an integer i ≥ 0, got {index}; "
                "anything else may be out of range"
            )
        return str(int(offset)), 1
    return str(integer("an index", index, at_least=0)), 0
