"""Coefficients as people write them: numbers and rational functions of dimensions, from Python or SymPy."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from haarqntk._arguments import rational
from haarqntk._lazy import LazyModule
from haarqntk.algebra import RationalFunction
from haarqntk.errors import InputError, InputTypeError

sympy = LazyModule("sympy")


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
