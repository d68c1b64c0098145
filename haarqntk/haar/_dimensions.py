"""Dimensions and indices: what people give, checked, and at which dimensions an integrand and an integral exist."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import RationalFunction
from haarqntk.base import LazyModule
from haarqntk.checks import integer
from haarqntk.diagrams import INDEX, SYMPLECTIC_FORM, DiagramMonomial, Letter, Space, refuse_impossible
from haarqntk.errors import InputError, InputTypeError
from haarqntk.haar._weights import Declaration, Factors, needs_even_dimension, refuse_missing, total_dimension

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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
    if getattr(dim, "is_Symbol", False):
        dim = str(getattr(dim, "name", dim))
    if not isinstance(dim, str):
        return integer("a dimension", dim, at_least=1)
    if not (dim.isascii() and dim.isidentifier()):
        raise InputError(
            f"a dimension must be a name or an integer ≥ 1, got {dim!r}; a name is letters, digits and underscores"
        )
    return dim


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


def _split_index(index: Any, space: Space) -> tuple[str, int]:
    """The name of an index, and 1 if it counts from D/2."""
    if getattr(index, "is_Symbol", False):
        index = str(index.name)
    # "sum 1" is an index that is summed over
    is_name = isinstance(index, str) and index.isascii() and index.replace(" ", "_").isidentifier()
    if isinstance(index, bool) or (isinstance(index, str) and not is_name):
        raise InputTypeError(f"an index must be an integer ≥ 0 or a symbol, got {index!r}")
    if is_name and index in (space, "D"):
        raise InputError(
            f"an index must be below the dimension {space}, got {index}, which is out of range: indices count from 0 "
            f"to {space}-1; name a symbolic index i, j, …"
        )
    if is_name:
        return index, 0
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


def halved_dimensions(
    monomials: Iterable[DiagramMonomial], declared: Mapping[str, Declaration]
) -> frozenset[str]:
    """The named dimensions that must be even: of a symplectic matrix, of its form, of an index D/2 + i."""
    halved = {letter.spaces[0] for letter in _index_letters(monomials) if letter.place}
    for name, declaration in declared.items():
        if name == SYMPLECTIC_FORM or needs_even_dimension(declaration):
            halved |= set(declaration.spaces)
    return frozenset(space for space in halved if isinstance(space, str))


def least_dimensions(monomials: Iterable[DiagramMonomial], halved: frozenset[str]) -> dict[str, int]:
    """For each named dimension the smallest that has all the indices that occur; i < D/2 in a halved space."""
    least: dict[str, int] = {}
    for letter in _index_letters(monomials):
        (space,) = letter.spaces
        if isinstance(space, str):
            needed = (int(letter.name) + 1) * (2 if space in halved else 1)
            least[space] = max(least.get(space, 1), needed)
    return least


def _index_letters(monomials: Iterable[DiagramMonomial]) -> list[Letter]:
    letters = [x for monomial in monomials for component, _ in monomial for x in component.letters]
    return [x for x in letters if x.kind == INDEX and x.name.isdigit()]


_HALVES = ", as a number counts in the first half while {0} is a symbol; declare the matrices with dims={1}"


class OverDimensions:
    """What an integral knows of its dimensions; the attributes are described there."""

    counts: Mapping[DiagramMonomial, Mapping[Factors, RationalFunction]]
    declared: Mapping[str, Declaration]
    spaces: tuple[Space, ...]
    least: Mapping[str, int]
    halved: frozenset[str]
    fixed: Mapping[str, int]

    def _checked_dimensions(self, given: Mapping[str, Any]) -> dict[str, int]:
        """The dimensions that are given or fixed, one for each name, each in the range of the result.

        Raises:
            InputTypeError, InputError: If one is missing, unknown or out of range.
        """
        known = self._dimension_names()
        unknown = sorted(set(given) - known - {"D"})
        if unknown:
            raise InputError(
                f"unknown dimension {', '.join(unknown)}; known: {', '.join(sorted(known)) or 'none'}"
            )
        values = {name: integer(name, value, at_least=1) for name, value in given.items()}
        for name, value in self.fixed.items():
            if values.setdefault(name, value) != value:
                raise InputError(
                    f"{name} is {value} in this result, got {values[name]}; specialise the symbolic one"
                )
        refuse_missing(known - set(values))
        self._check_range(values)
        return values

    def _check_range(self, values: Mapping[str, int]) -> None:
        """Refuse dimensions without the halves or the indices of an integrand, or without matrices as declared."""
        for name in sorted(self.halved & values.keys()):
            if values[name] % 2:
                raise InputError(
                    f"{name} must be even for the symplectic group, got {values[name]}; pass {name} = 2N for Sp(2N)"
                    if any(map(needs_even_dimension, self.declared.values()))
                    else f"{name} must be even where a space has two halves, got {values[name]}; pass {name} = 2N"
                )
        for name, least in self.least.items():
            if values.get(name, least) < least:
                raise InputError(
                    f"{name} must be at least {least}, got {values[name]}: the integrand has an index that does "
                    "not exist below" + (_HALVES.format(name, values[name]) if name in self.halved else "")
                )
        for declaration in self.declared.values():
            if isinstance(declaration, Letter):
                refuse_impossible(declaration, total_dimension(declaration.spaces, values))

    def _dimension_names(self) -> set[str]:
        """The names of the dimensions of a result, and of what was integrated."""
        found = [*self.spaces, *(space for d in self.declared.values() for space in d.spaces)]
        for factors in self.counts.values():
            for (weights, loops), c in factors.items():
                found += [*c.names, *loops, *(space for w in weights for space in w.spaces)]
        return {space for space in found if isinstance(space, str)}


def counts_at(
    counts: Mapping[DiagramMonomial, Mapping[Factors, RationalFunction]], values: Mapping[str, int]
) -> dict[DiagramMonomial, dict[Factors, RationalFunction]]:
    """The counts of an integral at integer dimensions, its weights summed."""
    found: dict[DiagramMonomial, dict[Factors, RationalFunction]] = {}
    for monomial, factors in counts.items():
        products = (
            prod((w.at(values) for w in weights), start=c.at(values) * total_dimension(loops, values))
            for (weights, loops), c in factors.items()
        )
        found[monomial] = {((), ()): RationalFunction(sum(products, start=Fraction(0)))}
    return found
