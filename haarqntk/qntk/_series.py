"""``Series``: an expansion in 1/D under a stated scaling of the traces, with the order of its remainder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, lcm
from typing import Any, TypeAlias

from haarqntk._arguments import integer, one_of, rational
from haarqntk._lazy import LazyModule
from haarqntk._notebook import Shown
from haarqntk.algebra import (
    Monomial,
    RationalFunction,
    Symbol,
    Trace,
    TracePolynomial,
    latex_of,
    read_symbol,
    symbol,
)
from haarqntk.errors import CostError, InputError, UnknownNameError

sympy = LazyModule("sympy")

_LARGEST_ORDER = 200
_LARGEST_EXPONENT = 64

Power: TypeAlias = "int | Fraction"
"""An exact power of D, an integer where it is one."""

SCALINGS: Mapping[str, int] = {"pauli_sum": 1, "projector": 0}
"""Named scalings: the exponent a of T_j ~ D^a, for every j."""


@dataclass(frozen=True, slots=True, repr=False)
class Series(Shown):
    """Leading terms of a closed form as D → ∞, grouped by the power of D that they scale like.

    Attributes:
        terms: Pairs (power, ((power of D written out, monomial, coefficient), …)), highest power first.
        remainder: The power r of the remainder O(D^r); None where the series is exact.
        scaling: Pairs (trace symbol, exponent a): T_j ~ D^a. Powers are integers, or Fractions where they are none.

    Examples:
        >>> import haarqntk as hq
        >>> series = hq.formula("kernel_mean").series(order=2)
        >>> print(series)
        2*L*T2/D**2 - 2*L*T1**2/D**3 - 2*L*T2/D**3 + 2*L*T1**2/D**4 + O(D**-3), T1 ~ D, T2 ~ D
        >>> series.remainder, series.scaling
        (-3, (('T1', 1), ('T2', 1)))

    Reference:
        derivations/07_the_referee.md.
    """

    terms: tuple[tuple[Power, tuple[tuple[int, Monomial, Fraction], ...]], ...]
    remainder: Power | None
    scaling: tuple[tuple[str, Power], ...]

    def to_sympy(self) -> Any:
        """The sum of the terms, without the remainder.

        Examples:
            >>> import haarqntk as hq
            >>> series = hq.formula("kernel_mean").series(order=2)
            >>> series.to_sympy()
            2*L*T2/D**2 - 2*L*T1**2/D**3 - 2*L*T2/D**3 + 2*L*T1**2/D**4
        """
        return sympy.Add(*(_term(*entry) for _, entries in self.terms for entry in entries))

    def to_polynomial(self) -> TracePolynomial:
        """The sum of the terms as a polynomial over Q(D), without the remainder.

        Examples:
            >>> import haarqntk as hq
            >>> series = hq.formula("kernel_mean").series(order=2)
            >>> print(series.to_polynomial().to_sympy())
            2*L*(D - 1)*(D*T2 - T1**2)/D**4
        """
        total = TracePolynomial({})
        for _, entries in self.terms:
            for power, monomial, coefficient in entries:
                total = total + TracePolynomial({monomial: RationalFunction([0, 1]) ** power * coefficient})
        return total

    def orders(self) -> tuple[Any, ...]:
        """The sum of each order as a SymPy expression, highest first.

        Examples:
            >>> import haarqntk as hq
            >>> series = hq.formula("kernel_mean").series(order=2)
            >>> series.orders()
            (2*L*(T2 - T1**2/D)/D**2, 2*L*(-T2 + T1**2/D)/D**3)
        """
        return tuple(
            sympy.factor_terms(sympy.Add(*(_term(*entry) for entry in entries))) for _, entries in self.terms
        )

    def _sympy_(self) -> Any:
        return self.to_sympy()

    def latex(self) -> str:
        r"""The sum with its remainder, highest order first.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.formula("kernel_mean").centred().series(order=1).latex())
            \frac{2 L T_{2}}{D^{2}} + O\left(D^{-2}\right)
        """
        body = " + ".join(map(latex_of, self.orders())).replace("+ -", "-") or "0"
        return body if self.remainder is None else rf"{body} + O\left(D^{{{self.remainder}}}\right)"

    def facts(self) -> dict[str, str]:
        """What it means, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_mean").series(order=2).facts()
            {'as D → ∞': 'T1 ~ D, T2 ~ D'}
        """
        return {
            "as D → ∞": ", ".join(f"{name} ~ {_power_of_D(e)}" for name, e in self.scaling) or "D alone grows"
        }

    def __str__(self) -> str:
        parts = [str(_term(*entry)) for _, entries in self.terms for entry in entries] or ["0"]
        if self.remainder is not None:
            parts.append(f"O(D**{in_brackets(self.remainder)})")
        stated = "".join(f", {name} ~ {_power_of_D(exponent)}" for name, exponent in self.scaling)
        return " + ".join(parts).replace("+ -", "- ") + stated


def expand(polynomial: TracePolynomial, order: int, scaling: str | Mapping[str, Power]) -> Series:
    """Expand every coefficient at D = ∞ and keep ``order`` powers of D of the whole, from the leading one.

    The powers go down in steps of 1/q, q the common denominator of the scaling.
    """
    num_powers = integer("order", order, at_least=1)
    if num_powers > _LARGEST_ORDER:
        raise CostError(f"order = {num_powers} would not finish; the largest order is {_LARGEST_ORDER}")
    exponents = scaling_exponents(polynomial.variables, scaling)
    weights = polynomial.weights(exponents)
    if not weights:
        return Series((), None, tuple(exponents.items()))
    first_left_out = max(weights.values()) - Fraction(num_powers, common_denominator(exponents))
    grouped: defaultdict[Power, list[tuple[int, Monomial, Fraction]]] = defaultdict(list)
    is_exact = True
    for monomial, c in polynomial.terms.items():
        num_terms = ceil(weights[monomial] - first_left_out)
        is_exact &= len(c.denominator) == 1 + c.denominator.count(0) and num_terms >= len(c.numerator)
        for i, coefficient in enumerate(c.expand_at_infinity(max(num_terms, 0))):
            if coefficient:
                grouped[as_power(weights[monomial] - i)].append((c.degree - i, monomial, coefficient))
    terms = tuple(
        (power, tuple(sorted(grouped[power], reverse=True))) for power in sorted(grouped, reverse=True)
    )
    return Series(terms, None if is_exact else as_power(first_left_out), tuple(exponents.items()))


def as_power(value: Power) -> Power:
    """An exact power of D, as an integer where it is one."""
    return int(value) if value == int(value) else value


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


def _term(power: int, monomial: Monomial, coefficient: Fraction) -> Any:
    value = sympy.Rational(coefficient.numerator, coefficient.denominator)
    return value * symbol("D") ** power * sympy.Mul(*(symbol(name) ** e for name, e in monomial))


def _exponent(name: str, value: object) -> Power:
    exponent = rational(name, value)
    if exponent < -_LARGEST_EXPONENT:
        raise InputError(f"{name} must be at least {-_LARGEST_EXPONENT}, got {exponent}")
    if exponent.denominator > _LARGEST_EXPONENT:
        raise InputError(f"{name} must have a denominator of at most {_LARGEST_EXPONENT}, got {exponent}")
    return as_power(exponent)


def _power_of_D(exponent: Power) -> str:
    return ("1", "D")[int(exponent)] if exponent in {0, 1} else f"D**{in_brackets(exponent)}"


def in_brackets(exponent: Power) -> str:
    """An exponent behind ``**``."""
    return f"({exponent})" if isinstance(exponent, Fraction) else str(exponent)
