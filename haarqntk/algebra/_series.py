"""``Series``: the leading terms of a closed form as a dimension grows, with the order of the remainder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, starmap
from math import ceil, lcm, prod
from typing import Any, TypeAlias, TypeVar

from haarqntk.algebra._polynomial import TracePolynomial, collected
from haarqntk.algebra._rational import RationalFunction, linear_combination
from haarqntk.algebra._symbols import Monomial, Symbol, Trace, read_symbol
from haarqntk.algebra._sympy import Notation, Result, dimension_symbol, latex_of, symbol
from haarqntk.base import LazyModule
from haarqntk.checks import integer, one_of, rational
from haarqntk.errors import CostError, InputError, UnknownNameError

sympy = LazyModule("sympy")

_LARGEST_ORDER = 200
_LARGEST_POWER = 10_000
_LARGEST_EXPONENT = 64

Power: TypeAlias = "int | Fraction"
"""An exact power of D, an integer where it is one."""

Key = TypeVar("Key")
Entry: TypeAlias = tuple[int, Key, Fraction]
"""The power of D that is written out, what stands behind it, and the coefficient."""


@dataclass(frozen=True, slots=True, repr=False)
class Series(Result):
    """Leading terms of a closed form as D → ∞, grouped by the power of D that they scale like.

    Attributes:
        terms: Pairs (power, ((power of D written out, monomial, coefficient), …)), highest power first.
        remainder: The power r of the remainder O(D^r); None where the series is exact.
        scaling: Pairs (trace symbol, exponent a): T_j ~ D^a. Powers are integers, or Fractions where they are none.
        dimension: The name of D.

    Raises:
        InputError: If the powers do not fall, a power has no term, or the remainder is not below them.

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

    terms: tuple[tuple[Power, Any], ...]
    remainder: Power | None
    scaling: Any = ()
    dimension: str = "D"

    def __post_init__(self) -> None:
        """Check that the powers fall, each with a term, and stay above the remainder."""
        powers = [power for power, entries in self.terms if entries]
        if len(powers) < len(self.terms) or powers != sorted(set(powers), reverse=True):
            raise InputError(
                f"the powers of an expansion must fall, without zeros, got {[power for power, _ in self.terms]}"
            )
        if powers and not -_LARGEST_POWER <= powers[-1] <= powers[0] <= _LARGEST_POWER:
            raise InputError(
                f"the powers of an expansion must be at most {_LARGEST_POWER} in size, got {powers}"
            )
        if powers and self.remainder is not None and powers[-1] <= self.remainder:
            raise InputError(f"remainder must be below every power, got {self.remainder} and {powers[-1]}")

    def to_sympy(self) -> Any:
        """The sum of the terms, without the remainder.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_mean").series(order=2).to_sympy()
            2*L*T2/D**2 - 2*L*T1**2/D**3 - 2*L*T2/D**3 + 2*L*T1**2/D**4
        """
        return sympy.Add(*starmap(self._term, self._entries()))

    def to_polynomial(self) -> TracePolynomial:
        """The sum of the terms as a polynomial over Q(D), D the dimension whatever its name, without the remainder.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.formula("kernel_mean").series(order=2).to_polynomial().to_sympy())
            2*L*(D - 1)*(D*T2 - T1**2)/D**4
        """
        D = RationalFunction([0, 1])
        return TracePolynomial(collected((m, D**power * c) for power, m, c in self._entries()))

    def function(self) -> RationalFunction:
        """The sum as an exact function of the dimension and of variables named like the symbols of ``to_sympy``.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_mean").series(order=1).function().names
            ('D', 'L', 'T1', 'T2')
        """
        variable, D = RationalFunction.variable, RationalFunction.variable(self.dimension)
        return linear_combination(
            (Fraction(1), prod((variable(x) ** e for x, e in m), start=c.compose(D)))
            for m, c in self.to_polynomial().terms.items()
        )

    def orders(self) -> tuple[Any, ...]:
        """The sum of each order as a SymPy expression, highest first.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_mean").series(order=2).orders()
            (2*L*(T2 - T1**2/D)/D**2, 2*L*(-T2 + T1**2/D)/D**3)
        """
        return tuple(
            sympy.factor_terms(sympy.Add(*starmap(self._term, entries))) for entries in self._orders()
        )

    def summands(self) -> list[Any]:
        """What ``latex`` writes as a sum, highest order first.

        Examples:
            >>> import haarqntk as hq
            >>> hq.weingarten((2,)).series(order=3).summands()
            [-1/D**3, -1/D**5]
        """
        return list(self.orders())

    def latex(self) -> str:
        r"""The sum with its remainder, highest order first.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.formula("kernel_mean").centred().series(order=1).latex())
            \frac{2 L T_{2}}{D^{2}} + O\left(D^{-2}\right)
        """
        written = self._notation()
        body = " + ".join(latex_of(part, written) for part in self.summands()).replace("+ -", "-") or "0"
        D = sympy.latex(dimension_symbol(self.dimension))
        return body if self.remainder is None else rf"{body} + O\left({D}^{{{self.remainder}}}\right)"

    def facts(self) -> dict[str, str]:
        """What it means, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_mean").series(order=2).facts()
            {'as D → ∞': 'T1 ~ D, T2 ~ D'}
        """
        return {"as D → ∞": ", ".join(self._growth()) or "D alone grows"}

    def __str__(self) -> str:
        parts = [str(self._term(*entry)) for entry in self._written()] or ["0"]
        if self.remainder is not None:
            parts.append(f"O({self.dimension}**{in_brackets(self.remainder)})")
        return ", ".join([" + ".join(parts).replace("+ -", "- "), *self._growth()])

    # -- what a series in other things than named variables says by itself -----------------------------

    def _orders(self) -> list[list[Entry[Monomial]]]:
        """The terms of each order, in named variables."""
        return [list(entries) for _, entries in self.terms]

    def _entries(self) -> list[Entry[Monomial]]:
        return list(chain.from_iterable(self._orders()))

    def _written(self) -> list[Entry[Monomial]]:
        """The terms in the variables of the text."""
        return self._entries()

    _symbol = staticmethod(symbol)

    def _notation(self) -> Notation:
        return Notation()

    def _growth(self) -> list[str]:
        """What the scaling says, in words."""
        short = {0: "1", 1: "D"}
        return [f"{name} ~ {short.get(a, f'D**{in_brackets(a)}')}" for name, a in self.scaling]

    def _term(self, power: int, monomial: Monomial, c: Fraction) -> Any:
        factors = (self._symbol(name) ** e for name, e in monomial)
        value = sympy.Rational(c.numerator, c.denominator)
        return value * dimension_symbol(self.dimension) ** power * sympy.Mul(*factors)


def check_order(order: object) -> int:
    """How many powers of D a series keeps, from the leading one on."""
    num_powers = integer("order", order, at_least=1)
    if num_powers > _LARGEST_ORDER:
        raise CostError(f"order = {num_powers} would not finish; the largest order is {_LARGEST_ORDER}")
    return num_powers


def expand(
    coefficients: Mapping[Key, RationalFunction], weights: Mapping[Key, Power], order: int, steps: int = 1
) -> tuple[list[tuple[Power, list[Entry[Key]]]], Power | None]:
    """Expand a sum at D = ∞ and keep ``order`` powers of the whole, from the leading one on, in steps of 1/``steps``.

    Takes the coefficients without zeros and the power of D that each term grows like. Returns the terms by that power,
    highest first, and the power of the remainder, or None if there is none.

    Examples:
        >>> expand({"a": RationalFunction(1, [-1, 1]), "b": RationalFunction(1)}, {"a": -1, "b": 0}, 2)
        ([(0, [(0, 'b', Fraction(1, 1))]), (-1, [(-1, 'a', Fraction(1, 1))])], -2)
    """
    if not weights:
        return [], None
    first_left_out = max(weights.values()) - Fraction(order, steps)
    found: defaultdict[Power, list[Entry[Key]]] = defaultdict(list)
    is_exact = True
    for key, c in coefficients.items():
        num_terms = ceil(weights[key] - first_left_out)
        is_exact &= len(c.denominator) == 1 + c.denominator.count(0) and num_terms >= len(c.numerator)
        for i, a in enumerate(c.expand_at_infinity(max(num_terms, 0))):
            if a:
                found[as_power(weights[key] - i)].append((c.degree - i, key, a))
    return sorted(found.items(), reverse=True), None if is_exact else as_power(first_left_out)


def as_power(value: Power) -> Power:
    """An exact power of D, as an integer where it is one."""
    return int(value) if value == int(value) else value


def in_brackets(exponent: Power) -> str:
    """An exponent behind ``**``."""
    return f"({exponent})" if isinstance(exponent, Fraction) else str(exponent)


# -- of closed forms: how the traces T_j scale with D ----------------------------------------------------------

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
