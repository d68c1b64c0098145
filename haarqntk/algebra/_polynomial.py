"""``TracePolynomial``: a polynomial in named variables (traces, overlaps, the depth L) over the field Q(D).

The common type of every result of the engine: immutable, without zero terms, so that equality of values is
mathematical equality.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm, prod
from typing import TYPE_CHECKING, Any, TypeAlias, final

from haarqntk._lazy import LazyModule
from haarqntk._notebook import Shown
from haarqntk.algebra._combination import Combination
from haarqntk.algebra._latex import latex_of
from haarqntk.algebra._rational import RationalFunction, over_common_denominator
from haarqntk.algebra._symbols import Symbol, read_symbol, symbol, sympy_factors
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

sympy = LazyModule("sympy")

Monomial: TypeAlias = tuple[tuple[Symbol, int], ...]  # sorted pairs (variable, exponent ≥ 1)


def multiply_monomials(left: Monomial, right: Monomial) -> Monomial:
    """The product of two monomials.

    Examples:
        >>> multiply_monomials((("L", 1),), (("L", 1), ("T2", 1)))
        (('L', 2), ('T2', 1))
    """
    exponents = dict(left)
    for name, e in right:
        exponents[name] = exponents.get(name, 0) + e
    return tuple(sorted(exponents.items()))


@final
class TracePolynomial(Combination[Monomial, RationalFunction], Shown):
    """A polynomial in named variables with coefficients in Q(D).

    Args:
        terms: Monomial → coefficient. Zero coefficients are dropped.

    Examples:
        >>> x, y = TracePolynomial.variable("T1"), TracePolynomial.variable("T2")
        >>> D = TracePolynomial.constant(RationalFunction([0, 1]))
        >>> (D * y - x**2).to_sympy()
        D*T2 - T1**2
        >>> ((x + y) * (x - y)).at(5, {"T1": 3, "T2": 1})
        Fraction(8, 1)
    """

    __slots__ = ()
    _times = staticmethod(multiply_monomials)
    _one = ((), RationalFunction(1))

    def __init__(self, terms: Mapping[Monomial, RationalFunction]) -> None:
        super().__init__(dict(sorted(terms.items())))
        if any(tuple(sorted(monomial)) != monomial for monomial in self._terms):
            raise InputError("each monomial must be sorted pairs (variable, exponent)")

    @classmethod
    def constant(cls, value: RationalFunction | Fraction | int) -> TracePolynomial:
        """The constant polynomial."""
        return cls({(): value if isinstance(value, RationalFunction) else RationalFunction(value)})

    @classmethod
    def variable(cls, name: str) -> TracePolynomial:
        """The polynomial that is one variable."""
        return cls({((read_symbol(name), 1),): RationalFunction(1)})

    @property
    def variables(self) -> tuple[Symbol, ...]:
        """The variables that occur, sorted."""
        return tuple(sorted({name for monomial in self._terms for name, _ in monomial}))

    def _coerced(self, other: object) -> TracePolynomial | None:
        if isinstance(other, TracePolynomial):
            return other
        return (
            TracePolynomial.constant(other) if isinstance(other, RationalFunction | Fraction | int) else None
        )

    def __pow__(self, exponent: int) -> TracePolynomial:
        if exponent < 0:
            raise InputError(f"the exponent of a polynomial must be ≥ 0, got {exponent}")
        return super().__pow__(exponent)

    @classmethod
    def from_sympy(cls, numerator: Any, denominator: Any) -> TracePolynomial:
        """The quotient of a SymPy polynomial in D and other symbols by one in D alone."""
        D = symbol("D")
        others = sorted(numerator.free_symbols - {D}, key=lambda free: str(free.name))
        bottom = _rational_function(sympy.Poly(denominator, D).all_coeffs())
        total: dict[Monomial, RationalFunction] = {}
        for exponents, part in sympy.Poly(numerator, *others).terms() if others else [((), numerator)]:
            monomial = tuple(
                (read_symbol(x.name), int(e)) for x, e in zip(others, exponents, strict=True) if e
            )
            total[monomial] = _rational_function(sympy.Poly(part, D).all_coeffs()) / bottom
        return cls(total)

    def weights(self, exponents: Mapping[Any, Fraction | int]) -> dict[Monomial, Fraction | int]:
        """The power of D that each term grows like, where the variables grow like D^exponent (D^0 by default)."""
        return {
            monomial: c.degree + sum(exponents.get(name, 0) * e for name, e in monomial)
            for monomial, c in self._terms.items()
        }

    def leading_weight(self, exponents: Mapping[Any, Fraction | int]) -> Fraction | int:
        """The highest of the ``weights``; the polynomial must not be zero."""
        return max(self.weights(exponents).values())

    def coefficient(self, name: str, power: int) -> TracePolynomial:
        """The coefficient of name^power, a polynomial in the other variables."""
        return dict(self._powers_of(name)).get(power, TracePolynomial({}))

    def degree_in(self, name: str) -> int:
        """The highest power of a variable; 0 for the zero polynomial."""
        return max((_exponent(monomial, name) for monomial in self._terms), default=0)

    # -- maps out of it --------------------------------------------------------------------------------

    def substitute(self, values: Mapping[Any, TracePolynomial]) -> TracePolynomial:
        """Replace variables by polynomials; the others stay."""
        total = TracePolynomial({})
        for monomial, coefficient in self._terms.items():
            factors = (values.get(name, TracePolynomial.variable(name)) ** e for name, e in monomial)
            total = total + prod(factors, start=TracePolynomial.constant(coefficient))
        return total

    def has_pole_at(self, D: int) -> bool:
        """Whether the dimension is a pole of a coefficient."""
        return any(c.has_pole_at(D) for c in self._terms.values())

    def at(self, D: int, values: Mapping[Any, Fraction | int]) -> Fraction:
        """The exact value at a dimension and at rational values of all variables.

        Raises:
            InputError: If a variable has no value, or D is a pole of a coefficient.
        """
        missing = [name for name in self.variables if name not in values]
        if missing:
            raise InputError(f"values must name every variable, got none for {', '.join(missing)}")
        return sum(
            (
                c.at(D) * prod(Fraction(values[name]) ** e for name, e in monomial)
                for monomial, c in self._terms.items()
            ),
            start=Fraction(0),
        )

    def to_sympy(self, *, collect: str | None = None) -> Any:
        """A SymPy expression, factored over the rationals, in symbols of the variables' names.

        Args:
            collect: A variable; if the sum over its powers, each coefficient factored, has a shorter longest
                factor than the factored whole, that sum is returned.
        """
        whole = self.sympy_factors()
        if collect is None or not self:
            return sympy.Mul(*whole)
        parts = [
            [symbol(collect) ** power, *part.sympy_factors()] for power, part in self._powers_of(collect)
        ]
        if max(map(_longest_factor, parts)) < _longest_factor(whole):
            return sympy.Add(*(sympy.Mul(*part) for part in parts))
        return sympy.Mul(*whole)

    def sympy_quotient(self, other: TracePolynomial) -> Any:
        """The quotient by another polynomial that is not zero, factored, with common factors cancelled.

        Equal irreducible factors are equal expressions, so the product cancels them by itself.
        """
        return sympy.Mul(*self.sympy_factors(), *(1 / factor for factor in other.sympy_factors()))

    def _powers_of(self, name: str) -> list[tuple[int, TracePolynomial]]:
        parts: dict[int, dict[Monomial, RationalFunction]] = {}
        for monomial, coefficient in self._terms.items():
            rest = tuple(pair for pair in monomial if pair[0] != name)
            parts.setdefault(_exponent(monomial, name), {})[rest] = coefficient
        return [(power, TracePolynomial(terms)) for power, terms in sorted(parts.items())]

    def sympy_factors(self) -> list[Any]:
        """The factors over the rationals; one product of them keeps a constant out of a sum."""
        if not self:
            return [sympy.Integer(0)]
        names = ("D", *self.variables)
        numerators, denominator = over_common_denominator(list(self._terms.values()))
        terms: dict[tuple[int, ...], int] = {}
        for monomial, numerator in zip(self._terms, numerators, strict=True):
            for power, coefficient in enumerate(numerator):
                if coefficient:
                    terms[power, *(_exponent(monomial, name) for name in names[1:])] = coefficient
        return [*sympy_factors(terms, [symbol(name) for name in names]), *(1 / denominator).sympy_factors()]

    def latex(self) -> str:
        r"""The polynomial in LaTeX, factored.

        Examples:
            >>> print((TracePolynomial.variable("L") * RationalFunction(1, [-1, 0, 1])).latex())
            \frac{L}{\left(D - 1\right) \left(D + 1\right)}
        """
        return latex_of(self.to_sympy())

    def __repr__(self) -> str:
        return f"TracePolynomial({self._terms!r})"


def _exponent(monomial: Monomial, name: str) -> int:
    return next((e for symbol, e in monomial if symbol == name), 0)


def _longest_factor(factors: list[Any]) -> int:
    """The number of terms of the longest sum among the factors: how hard the product is to read."""
    return max((len(sympy.Add.make_args(factor.as_base_exp()[0])) for factor in factors), default=0)


def _rational_function(coefficients: list[Any]) -> RationalFunction:
    """Rational SymPy coefficients, highest degree first, as an element of Q(D)."""
    common = lcm(*(int(c.q) for c in coefficients))
    return RationalFunction([int(c * common) for c in reversed(coefficients)], common)
