"""The fields of a JSON result, each checked: the plain data that every reader takes apart, and every writer makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk.algebra import RationalFunction, Symbol, read_symbol
from haarqntk.errors import InputError
from haarqntk.export._names import is_mathematics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from haarqntk.algebra import Monomial

Record: TypeAlias = dict[str, Any]

_SYMBOL = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_DIGITS = re.compile(r"-?[1-9][0-9]{15,4000}")
_LARGEST_NUMBER = 2**53
LARGEST_EXPONENT = 10_000


def number_of(value: int) -> int | str:
    """An integer, as a text where other readers of JSON would round it."""
    return value if abs(value) <= _LARGEST_NUMBER else str(value)


def pair_of(value: Fraction) -> list[int | str]:
    """Numerator and denominator of an exact number."""
    return [number_of(value.numerator), number_of(value.denominator)]


def monomial_of(term: Record) -> Monomial:
    """Symbol → exponent of a term, as sorted pairs."""
    exponents = object_of("monomial", field_of(term, "monomial"))
    pairs = (
        (
            symbol_of(name),
            integer_of(f"the exponent of {name[:57]}", e, at_least=1, at_most=LARGEST_EXPONENT),
        )
        for name, e in exponents.items()
    )
    return tuple(sorted(pairs))


def symbol_of(name: str) -> Symbol:
    """A symbol other than D, by its name."""
    if not _SYMBOL.fullmatch(name) or name == "D":
        raise InputError(f"a symbol must be letters, digits and underscores, and not D, got {short(name)}")
    return read_symbol(name)


def rational_function_of(record: Record) -> RationalFunction:
    """An element of Q(D)."""
    sides = (list_of(name, field_of(record, name)) for name in ("numerator", "denominator"))
    top, bottom = ([integer_of("each coefficient", c) for c in side] for side in sides)
    return RationalFunction(top, bottom)


def fraction_of(data: object) -> Fraction:
    """An exact number from its numerator and denominator."""
    pair = list_of("coefficient", data)
    if len(pair) != 2:  # noqa: PLR2004 - numerator and denominator
        raise InputError(f"coefficient must be [numerator, denominator], got {len(pair)} numbers")
    return Fraction(integer_of("coefficient", pair[0]), integer_of("coefficient", pair[1], at_least=1))


def field_of(record: Record, name: str) -> Any:
    """The field of that name, which must be there."""
    if name not in record:
        raise InputError(f"the field {name} must be there, got {short_list(record)}")
    return record[name]


def object_of(name: str, data: object) -> Record:
    """An object."""
    if not isinstance(data, Mapping):
        raise InputError(f"{name} must be an object, got {short(data)}")
    return dict(data)


def list_of(name: str, data: object) -> list[Any]:
    """A list."""
    if not isinstance(data, list):
        raise InputError(f"{name} must be a list, got {short(data)}")
    return data


def text_of(name: str, data: object) -> str:
    """A text."""
    if not isinstance(data, str):
        raise InputError(f"{name} must be a text, got {short(data)}")
    return data


def identifier_of(name: str, data: object) -> str:
    """The name of a dimension or a declaration, as ``haar_unitary`` takes them."""
    text = text_of(name, data)
    if not (text.isascii() and text.isidentifier()):
        raise InputError(f"{name} must be a name of letters, digits and underscores, got {short(text)}")
    return text


def power_of(name: str, data: object) -> int:
    """The exponent of a symbol, of either sign, small enough that the power can be computed."""
    number = integer_of(name, data)
    if abs(number) > LARGEST_EXPONENT:
        raise InputError(f"{name} must be at most {LARGEST_EXPONENT} in size, got {short(number)}")
    return number


def record_of_order(value: int | Fraction) -> int | list[int | str]:
    """An exact power of D: an integer, or the pair of a fraction."""
    return value if isinstance(value, int) else pair_of(value)


def order_of(name: str, data: object) -> int | Fraction:
    """What ``record_of_order`` wrote."""
    return fraction_of(data) if isinstance(data, list) else power_of(name, data)


def latex_of(name: str, data: object) -> str:
    """A formula in LaTeX that does nothing but set mathematics."""
    text = text_of(name, data)
    if not is_mathematics(text):
        raise InputError(
            f"{name} must be LaTeX of mathematics, in balanced brackets and without commands that do more, got "
            f"{short(text)}"
        )
    return text


def integer_of(name: str, data: object, *, at_least: int | None = None, at_most: int | None = None) -> int:
    """An integer, or the text of one beyond 2^53."""
    is_number = isinstance(data, int) and not isinstance(data, bool)
    if not is_number and not (isinstance(data, str) and _DIGITS.fullmatch(data)):
        raise InputError(f"{name} must be an integer, or a text of 16 digits or more, got {short(data)}")
    number: int = int(data)  # type: ignore[call-overload]
    if at_least is not None and number < at_least:
        raise InputError(f"{name} must be an integer ≥ {at_least}, got {short(number)}")
    if at_most is not None and number > at_most:
        raise InputError(f"{name} must be at most {at_most}, got {short(number)}")
    return number


def short_list(names: Iterable[str]) -> str:
    """Names in one line of a message."""
    text = ", ".join(names) or "none"
    return text if len(text) <= 300 else f"{text[:299]}…"  # noqa: PLR2004 - two lines of a terminal, and a little


def short(data: object) -> str:
    """A value in one line of a message."""
    text = repr(data)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 - one line of a message


def flag_of(name: str, data: object) -> bool:
    """True or false."""
    if not isinstance(data, bool):
        raise InputError(f"{name} must be true or false, got {short(data)}")
    return data


def float_of(name: str, data: object) -> float:
    """A floating-point number."""
    if not isinstance(data, float):
        raise InputError(f"{name} must be a number with a decimal point, got {short(data)}")
    return data
