"""What the algebra of integrands takes as a coefficient, what it refuses, and how it names letters and spaces."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk._arguments import rational
from haarqntk._lazy import LazyModule
from haarqntk.algebra import RationalFunction
from haarqntk.diagrams import DELTA, OPEN, SYMPLECTIC_FORM, Letter, Space
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.haar._tokens import cap_text
from haarqntk.haar._weights import RandomLetter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk.diagrams import Component

sympy = LazyModule("sympy")

Declaration: TypeAlias = RandomLetter | Letter

_MOST_TERMS = 20_000


def coefficient(value: Any) -> RationalFunction:
    """A number or a rational function of dimensions, exact.

    Args:
        value: An integer, a Fraction, a SymPy rational function of dimensions, or a value of this library.

    Raises:
        InputTypeError: If it is a float or nothing of the kind.
        InputError: If a SymPy expression is no rational function.

    Examples:
        >>> import haarqntk as hq
        >>> coefficient(1 / (hq.D + 1)).to_sympy()
        1/(D + 1)
        >>> coefficient(0.5)
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputTypeError: a coefficient must be an exact integer or rational, got 0.5; pass \
fractions.Fraction
    """
    if isinstance(value, RationalFunction):
        return value
    if hasattr(value, "free_symbols") and value.free_symbols:
        return _from_sympy(value)
    return RationalFunction(rational("a coefficient", value))


def _from_sympy(value: Any) -> RationalFunction:
    symbols = sorted(value.free_symbols, key=lambda free: str(free.name))
    top, bottom = sympy.fraction(sympy.together(value))
    parts = []
    for part in (top, bottom):
        if not part.is_polynomial(*symbols):
            raise InputError(
                f"a coefficient must be a rational function of dimensions, got {value}; only polynomials in the "
                "matrices can be integrated"
            )
        total = RationalFunction(0)
        for exponents, c in sympy.Poly(part, *symbols).terms():
            if not c.is_Rational:
                raise InputTypeError(f"a coefficient must be rational, got {c} in {value}")
            term = RationalFunction(Fraction(int(c.p), int(c.q)))
            for free, e in zip(symbols, exponents, strict=True):
                term = term * RationalFunction.variable(str(free.name)) ** int(e)
            total = total + term
        parts.append(total)
    return parts[0] / parts[1]


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


def refuse_unknown_half(component: Component, caps: Mapping[tuple[str, int], Letter]) -> None:
    """Refuse an entry of 1, of J or of a delta between numbers whose halves depend on a dimension that is a name.

    It would be a number at once, and nothing would remember from which dimension on it is right.
    """
    indices = [
        caps[x.name, x.place] for x in component.letters if x.kind == OPEN and (x.name, x.place) in caps
    ]
    named = [x for x in indices if x.name.isdigit() and isinstance(x.spaces[0], str)]
    inner = [x.name for x in component.letters if x.kind != OPEN]
    has_deltas = any(x.kind == DELTA for x in component.letters)
    if not has_deltas and (len(named) != 2 or inner not in ([], [SYMPLECTIC_FORM])):  # noqa: PLR2004 - a row and a column
        return
    if inner == [SYMPLECTIC_FORM]:
        raise InputError(
            "an entry of the symplectic form must have a number for its dimension, got "
            f"{named[0].spaces[0]}: which half an index is in depends on it; pass symplectic_form(dims=…)"
        )
    for x, y in combinations(named, 2):
        first, second = sorted((x, y), key=lambda x: x.place)
        if first.place != second.place and int(first.name) > 2 * int(second.name):
            raise InputError(
                f"whether {cap_text(x)} and {cap_text(y)} are one index depends on {x.spaces[0]}; "
                "pass an integer dimension"
            )


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
        return f"a {declaration.record.noun} on {dimensions_text(declaration.spaces)}"
    properties = " ".join(sorted(declaration.properties))
    return f"a {properties or 'general'} matrix on {dimensions_text(declaration.spaces)}"


def dimensions_text(spaces: tuple[Space, ...]) -> str:
    """The dimensions of the tensor factors, such as d1 × d2."""
    return " × ".join(map(str, spaces)) or "1"


def names_text(declared: Mapping[str, Declaration]) -> str:
    """The names of the letters."""
    return ", ".join(sorted(declared)) or "no letters"
