"""Which dimensions an integral has, and what they may be."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

from haarqntk._arguments import integer
from haarqntk.algebra import RationalFunction
from haarqntk.diagrams import Letter, refuse_impossible
from haarqntk.errors import InputError
from haarqntk.haar._weights import needs_even_dimension, total_dimension

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk.diagrams import DiagramMonomial, Space
    from haarqntk.haar._refusals import Declaration
    from haarqntk.haar._weights import Factors

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
        missing = sorted(known - set(values))
        if missing:
            raise InputError(
                f"every dimension must have a value, got none for {', '.join(missing)}; "
                f"pass {', '.join(f'{name}=…' for name in missing)}"
            )
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
        names = {space for d in self.declared.values() for space in d.spaces if isinstance(space, str)}
        names |= {space for space in self.spaces if isinstance(space, str)}
        for factors in self.counts.values():
            for (weights, loops), c in factors.items():
                names |= set(c.names) | {space for space in loops if isinstance(space, str)}
                names |= {space for w in weights for space in w.spaces if isinstance(space, str)}
        return names


def counts_at(
    counts: Mapping[DiagramMonomial, Mapping[Factors, RationalFunction]], values: Mapping[str, int]
) -> dict[DiagramMonomial, dict[Factors, RationalFunction]]:
    """The counts of an integral at integer dimensions, its weights summed."""
    found: dict[DiagramMonomial, dict[Factors, RationalFunction]] = {}
    for monomial, factors in counts.items():
        total = Fraction(0)
        for (weights, loops), c in factors.items():
            part = c.at(values) * total_dimension(loops, values)
            total += part * prod((w.at(values) for w in weights), start=Fraction(1))
        found[monomial] = {((), ()): RationalFunction(total)}
    return found
