"""Matrices that a user passes: exact entries stay exact, floats become complex128.

A matrix is a nested list, a NumPy array, a SymPy matrix or a Qobj. Entries that are integers or rationals become
Fractions; exact SymPy numbers that are not rational stay SymPy; one float makes the whole matrix complex128.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from haarqntk.base import LazyModule, check_alike, is_qobj, plain
from haarqntk.checks import rational
from haarqntk.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

sympy = LazyModule("sympy")

Number: TypeAlias = Any
"""A Fraction, an exact SymPy number that is not rational, or a complex."""

_CURE = "pass int, Fraction, SymPy number, float or complex"


def read_square_matrix(name: str, value: object, *, wanted: str = "operator") -> NDArray[Any]:
    """Return ``value`` as a square array: of exact objects, or complex128 if any entry is a float.

    Examples:
        >>> read_square_matrix("operator", [[1, 0], [0, 2]])
        array([[Fraction(1, 1), Fraction(0, 1)],
               [Fraction(0, 1), Fraction(2, 1)]], dtype=object)
        >>> read_square_matrix("operator", [[1, 0], [0, 0.5]]).dtype
        dtype('complex128')
    """
    data = plain(name, value, wanted)
    if isinstance(data, np.ndarray) and data.dtype.kind in "fc":
        array = data.astype(np.complex128)
    else:
        is_table = hasattr(data, "__array__") and not hasattr(
            data, "tolist"
        )  # pandas iterates over its labels
        array = _from_rows(name, np.asarray(data) if is_table else data)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size == 0:  # noqa: PLR2004 — a matrix
        raise InputError(f"{name} must be a square matrix, got shape {array.shape}")
    if array.dtype == np.complex128 and not np.isfinite(array).all():
        raise InputError(f"{name} must have finite entries, got {array[~np.isfinite(array)][0]}")
    return array


def read_square_matrices(
    name: str, given: Any, letter: str, *, wanted: str = "operator"
) -> list[NDArray[Any]]:
    """As ``read_square_matrix``, a list of matrices of one shape; one matrix alone is refused, with the cure."""
    is_one = is_qobj(given) or len(getattr(given, "shape", ())) == 2  # noqa: PLR2004 - rows and columns
    if is_one or isinstance(given, str | bytes) or not hasattr(given, "__iter__"):
        raise InputTypeError(
            f"{name} must be a list of matrices, got {type(given).__name__}; pass [{letter}]"
        )
    named = {f"{name}[{i}]": X for i, X in enumerate(given)}
    check_alike(named)
    matrices = [read_square_matrix(label, X, wanted=wanted) for label, X in named.items()]
    for i, X in enumerate(matrices):
        if X.shape != matrices[0].shape:
            raise InputError(f"{name} must have one shape, got {matrices[0].shape} and, at {i}, {X.shape}")
    return matrices


def simplified(number: Number) -> Number:
    """A canonical form of an exact number: a Fraction where it is rational; floats stay as they are."""
    if isinstance(number, Fraction | float | complex):
        return number
    expanded = sympy.expand(number)
    return Fraction(int(expanded.p), int(expanded.q)) if expanded.is_Rational else expanded


def _from_rows(name: str, rows: Any) -> NDArray[Any]:
    table = [[_number(name, x) for x in _listed(name, row, "the row ")] for row in _listed(name, rows)]
    if len({len(row) for row in table}) > 1:
        raise InputError(f"{name} must be a square matrix, got rows of lengths {[len(row) for row in table]}")
    if any(isinstance(x, complex) for row in table for x in row):
        try:
            return np.array([[complex(x) for x in row] for row in table], dtype=np.complex128)
        except OverflowError:
            raise InputError(
                f"{name} must have entries below 1e308 beside floats; pass exact entries"
            ) from None
    return np.array(table, dtype=object).reshape(len(table), len(table[0]) if table else 0)


def _listed(name: str, value: Any, kind: str = "") -> Any:
    items = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(items, str | bytes) or not hasattr(items, "__iter__"):
        raise InputTypeError(
            f"{name} must be a square matrix of numbers, got {kind}{items!r}; pass a nested list"
        )
    return items


def _number(name: str, value: Any) -> Number:
    try:
        if isinstance(value, float | complex | np.floating | np.complexfloating):
            return complex(value)
        if getattr(value, "is_number", False) and not getattr(value, "is_Rational", False):  # a SymPy number
            if value.atoms(sympy.Float):
                return complex(value)
            if value.is_finite:
                return value
        return rational("an entry", value)
    except (TypeError, OverflowError):
        raise InputTypeError(f"{name} must have finite numbers as entries, got {value!r}; {_CURE}") from None


def number_latex(number: Number) -> str:
    r"""A number in LaTeX, floats to six digits.

    Examples:
        >>> print(number_latex(Fraction(-1, 3)), number_latex(0.25), number_latex(1 - 2j))
        - \frac{1}{3} 0.25 \left(1 - 2 i\right)
    """
    if isinstance(number, complex) and number.imag:
        if not number.real:
            return f"{_float_latex(number.imag)} i"
        sign = "-" if number.imag < 0 else "+"
        return rf"\left({_float_latex(number.real)} {sign} {_float_latex(abs(number.imag))} i\right)"
    if isinstance(number, float | complex):
        return _float_latex(number.real)
    exact = sympy.Rational(number.numerator, number.denominator) if isinstance(number, Fraction) else number
    return str(sympy.latex(exact))


def _float_latex(number: float) -> str:
    digits, _, exponent = f"{number:.6g}".partition("e")
    return rf"{digits} \cdot 10^{{{int(exponent)}}}" if exponent else digits
