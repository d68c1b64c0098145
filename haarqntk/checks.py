"""Checks of arguments, shared by all of the library: each returns the clean value or raises one clear line."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from fractions import Fraction
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeGuard, cast

from haarqntk.errors import InputError, InputTypeError, UnknownNameError

if TYPE_CHECKING:
    from numpy.random import Generator

_SHOWN = 100  # characters
_BOOLS = {"bool", "bool_"}  # of Python, and of NumPy before and since version 2
_EDGE = 2 * (1 - 2.0**-40)  # a learning rate computed as 2/λ_max is the edge, whatever its last digits are


def integer(name: str, value: object, *, at_least: int) -> int:
    """Return ``value`` as a Python int of at least ``at_least``; Python, NumPy and SymPy integers are fine.

    Args:
        name: The argument's name, for the message.
        value: Any object with ``__index__`` except a bool.
        at_least: The smallest value in range.

    Raises:
        InputTypeError: If ``value`` is no integer.
        InputError: If it is below ``at_least``.

    Examples:
        >>> import numpy, sympy
        >>> integer("D", numpy.int64(4), at_least=1), integer("D", sympy.Integer(4), at_least=1)
        (4, 4)
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise InputTypeError(f"{name} must be an integer ≥ {at_least}, got {value!r}; pass an int")
    try:
        number = operator.index(cast("SupportsIndex", value))
    except TypeError:
        raise InputTypeError(f"{name} must be an integer ≥ {at_least}, got {value!r}; pass an int") from None
    if number < at_least:
        raise InputError(f"{name} must be an integer ≥ {at_least}, got {number}")
    return number


def rational(name: str, value: object, *, cure: str = "pass fractions.Fraction") -> Fraction:
    """Return ``value`` as an exact Fraction: integers, Fractions and SymPy or flint rationals.

    Args:
        name: The argument's name, for the message.
        value: Any exactly rational number.
        cure: What the message tells the caller to do.

    Raises:
        InputTypeError: If ``value`` is a float or anything else that is not exactly rational.

    Examples:
        >>> rational("T1", Fraction(1, 2))
        Fraction(1, 2)
        >>> rational("T1", 0.1)
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputTypeError: T1 must be an exact integer or rational, got 0.1; pass \
fractions.Fraction
    """
    if isinstance(value, Fraction):
        return value
    if not isinstance(value, bool):
        if hasattr(value, "__index__"):
            try:
                return Fraction(operator.index(cast("SupportsIndex", value)))
            except TypeError:
                pass  # a NumPy array of several numbers has __index__ and refuses it
        numerator, denominator = getattr(value, "p", None), getattr(value, "q", None)
        if numerator is not None and denominator is not None:
            return Fraction(int(numerator), int(denominator))
    raise InputTypeError(f"{name} must be an exact integer or rational, got {value!r}; {cure}")


def real_number(name: str, value: object, *, positive: bool = False, at_least: float | None = None) -> float:
    """Return ``value`` as a finite float: Python, NumPy and SymPy reals and Fractions are fine.

    Args:
        name: The argument's name, for the message.
        value: A real number of any type, also an exact one.
        positive: Whether it must be > 0; no by default.
        at_least: The smallest value in range; none by default.

    Raises:
        InputTypeError: If ``value`` is no real number.
        InputError: If it is infinite, not a number, or out of range.

    Examples:
        >>> real_number("target", Fraction(1, 4))
        0.25
        >>> real_number("learning_rate", 0, positive=True)
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputError: learning_rate must be > 0, got 0
    """
    message = f"{name} must be a real number, got {_shown(value)}; pass a float, an int or a Fraction"
    kinds = (str, bytes, complex)
    if (
        isinstance(value, kinds)
        or type(value).__name__ in _BOOLS
        or not hasattr(value, "__float__")
        or getattr(getattr(value, "dtype", None), "kind", "f") not in set("iufO")  # complex, dates, bools
    ):
        raise InputTypeError(message)
    try:
        number = float(value)
    except OverflowError:
        raise InputError(f"{name} must be within the range of a float, got {_shown(value)}") from None
    except (TypeError, ValueError, RuntimeError):  # an array of several numbers, a symbol
        raise InputTypeError(message) from None
    if not math.isfinite(number):
        raise InputError(f"{name} must be finite, got {number}")
    if positive and number <= 0:
        raise InputError(f"{name} must be > 0, got {number:g}")
    if at_least is not None and number < at_least:
        raise InputError(f"{name} must be ≥ {at_least:g}, got {number:g}")
    return number


def flag(name: str, value: object) -> bool:
    """Return ``value`` if it is True or False: a text such as "no" would be true.

    Raises:
        InputTypeError: If it is anything else.

    Examples:
        >>> flag("flow", True)
        True
    """
    if type(value).__name__ in _BOOLS:
        return bool(value)
    raise InputTypeError(f"{name} must be True or False, got {_shown(value)}")


def generator(rng: object, *, unless: str = "") -> Generator:
    """Return ``rng`` if it is a generator of random numbers of NumPy, which are always an argument.

    Args:
        rng: Anything.
        unless: When it may be left out, for the message.

    Raises:
        InputTypeError: If it is anything else.

    Examples:
        >>> import numpy
        >>> generator(numpy.random.default_rng(1)).integers(10)
        np.int64(4)
    """
    numpy = sys.modules.get("numpy")  # what is not imported has made no generator
    if numpy is None or not isinstance(rng, numpy.random.Generator):
        raise InputTypeError(
            f"rng must be a numpy.random.Generator{unless}, got {_shown(rng)}; pass numpy.random.default_rng(seed)"
        )
    return cast("Generator", rng)


def callback(name: str, value: object, takes: str = "one int") -> None:
    """Refuse what cannot be called and is not None, before the work that would end at its first call.

    Args:
        name: The argument's name, for the message.
        value: Anything.
        takes: What it is called with, for the message.

    Raises:
        InputTypeError: If it is neither callable nor None.

    Examples:
        >>> callback("progress", print)
        >>> callback("progress", True)
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputTypeError: progress must be callable or None, got True; pass a function of one int
    """
    if value is not None and not callable(value):
        raise InputTypeError(
            f"{name} must be callable or None, got {_shown(value)}; pass a function of {takes}"
        )


def is_row(values: object) -> TypeGuard[Iterable[Any]]:
    """Whether the values come in an order, each as often as it occurs: no text, no mapping, no set.

    Examples:
        >>> is_row([1, 1]), is_row(range(2)), is_row({1: 2}), is_row({1, 2}), is_row("12")
        (True, True, False, False, False)
    """
    is_number = getattr(values, "ndim", 1) == 0  # a NumPy array without an axis cannot be iterated over
    return isinstance(values, Iterable) and not (
        is_number or isinstance(values, str | bytes | Mapping | AbstractSet)
    )


def one_of(kind: str, value: object, known: Iterable[str]) -> str:
    """Return ``value`` if it is among ``known``, else raise with the list and the nearest."""
    names = list(known)
    if isinstance(value, str) and value in names:
        return value
    raise UnknownNameError.among(kind, value, names)


def _shown(value: object) -> str:
    """The value within a message of one line; integers beyond Python's limit have no text at all."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:
        return f"one {type(value).__name__} of too many digits"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def is_stable(learning_rate: float, largest_eigenvalue: float) -> bool:
    """Whether η < 2/λ_max, so that every residual in the kernel's range falls; the edge itself is not stable.

    Args:
        learning_rate: η > 0, of a loss whose kernel this is: for the mean over m points pass η/m.
        largest_eigenvalue: λ_max ≥ 0.

    Examples:
        >>> is_stable(0.1, 19.9), is_stable(0.1, 20), is_stable(0.1, 20.1)
        (True, False, False)
    """
    return learning_rate * largest_eigenvalue < _EDGE
