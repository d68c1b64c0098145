"""What the algebra of integrands refuses, and how it names letters and spaces in its sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.haar._elimination import RandomLetter
from haarqntk.traces import Letter, Space

if TYPE_CHECKING:
    from collections.abc import Mapping

Declaration: TypeAlias = RandomLetter | Letter

_MOST_TERMS = 20_000


def no_quotient(below: object) -> InputError:
    """The error for a quotient that is no polynomial."""
    return InputError(
        f"an expression must be divided by numbers and functions of the dimensions only, got {below!r}; "
        "only polynomials can be integrated"
    )


def no_sum(left: object, right: object) -> InputTypeError:
    """The error for a sum of a matrix and a scalar."""
    return InputTypeError(
        f"a matrix and a scalar must not be added, got {left!r} and {right!r}; write the scalar as a multiple of "
        "hq.identity()"
    )


def refuse_too_many(count: int) -> None:
    """Refuse a product that would not finish."""
    if count > _MOST_TERMS:
        raise CostError(f"a product of {count} terms would not finish; the largest number is {_MOST_TERMS}")


def checked_exponent(exponent: object) -> int:
    """The exponent of a power, an integer ≥ 0."""
    if isinstance(exponent, bool) or not isinstance(exponent, int) or exponent < 0:
        raise InputError(
            f"an exponent must be an integer ≥ 0, got {exponent!r}; only polynomials can be integrated"
        )
    return exponent


def kind_of(declaration: Declaration) -> str:
    """What a letter was declared as, in words."""
    if isinstance(declaration, RandomLetter):
        noun = "Haar state" if declaration.group == "state" else f"Haar {declaration.group} matrix"
        return f"a {noun} on {dimensions_text(declaration.spaces)}"
    properties = " ".join(sorted(declaration.properties))
    return f"a {properties or 'general'} matrix on {dimensions_text(declaration.spaces)}"


def dimensions_text(spaces: tuple[Space, ...]) -> str:
    """The dimensions of the tensor factors, such as d1 × d2."""
    return " × ".join(map(str, spaces)) or "1"


def names_text(declared: Mapping[str, Declaration]) -> str:
    """The names of the letters."""
    return ", ".join(sorted(declared)) or "no letters"
