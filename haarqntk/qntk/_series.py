"""Series of closed forms in 1/D: how the traces T_j scale with D."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from haarqntk._arguments import one_of, rational
from haarqntk.algebra import Series, Symbol, Trace, as_power, check_order, expand, read_symbol
from haarqntk.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from haarqntk.algebra import Power, TracePolynomial

_LARGEST_EXPONENT = 64

SCALINGS: Mapping[str, int] = {"pauli_sum": 1, "projector": 0}
"""Named scalings: the exponent a of T_j ~ D^a, for every j."""


def series_of(polynomial: TracePolynomial, order: int, scaling: str | Mapping[str, Power]) -> Series:
    """The series of a polynomial, ``order`` powers of D from the leading one on.

    The powers go down in steps of 1/q, q the common denominator of the scaling.
    """
    num_powers = check_order(order)
    exponents = scaling_exponents(polynomial.variables, scaling)
    steps = common_denominator(exponents)
    found, remainder = expand(polynomial.terms, polynomial.weights(exponents), num_powers, steps)
    terms = tuple((power, tuple(sorted(entries, reverse=True))) for power, entries in found)
    return Series(terms, remainder, tuple(exponents.items()))


def common_denominator(exponents: Mapping[str, Power]) -> int:
    """The least q for which every exponent is a multiple of 1/q."""
    return lcm(*(Fraction(exponent).denominator for exponent in exponents.values()))


def scaling_exponents(variables: tuple[Symbol, ...], scaling: str | Mapping[str, Power]) -> dict[str, Power]:
    """The exponent a of T_j ~ D^a for each trace symbol among ``variables``."""
    traces = sorted({x for x in variables if isinstance(x, Trace)})
    if isinstance(scaling, Mapping):
        given = {str(name): exponent for name, exponent in scaling.items()}
        missing = [name for name in traces if name not in given]
        if missing:
            raise InputError(
                f"scaling must give an exponent for each of {', '.join(traces)}, got none for {', '.join(missing)}"
            )
        unknown = [name for name in given if name not in traces and not isinstance(read_symbol(name), Trace)]
        if unknown:
            raise UnknownNameError.among("trace in scaling", unknown[0], traces)
        return {name: _exponent(f"scaling[{name}]", given[name]) for name in traces}
    return dict.fromkeys(traces, SCALINGS[one_of("scaling", scaling, SCALINGS)])


def _exponent(name: str, value: object) -> Power:
    exponent = rational(name, value)
    if exponent < -_LARGEST_EXPONENT:
        raise InputError(f"{name} must be at least {-_LARGEST_EXPONENT}, got {exponent}")
    if exponent.denominator > _LARGEST_EXPONENT:
        raise InputError(f"{name} must have a denominator of at most {_LARGEST_EXPONENT}, got {exponent}")
    return as_power(exponent)
