"""What is written: every result as one or more quotients of polynomials, with the label of each."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk._lazy import LazyModule
from haarqntk.errors import InputTypeError
from haarqntk.exact import DimensionFunction, RationalFunction, linear_combination
from haarqntk.qntk import EigenvalueFormula, Formula, Ratio, Series
from haarqntk.traces import TracePolynomial
from haarqntk.weingarten import WeingartenFunction

if TYPE_CHECKING:
    from collections.abc import Sequence

sympy = LazyModule("sympy")

Value: TypeAlias = (
    Formula | EigenvalueFormula | Ratio | Series | TracePolynomial | RationalFunction | WeingartenFunction
)
"""Every kind of result that can be written."""

_ONE = TracePolynomial.constant(1)


@dataclass(frozen=True, slots=True)
class Quotient:
    """One closed form of a result.

    Attributes:
        label: A name in words; empty where the result has one closed form.
        expression: The closed form, factored, in SymPy's symbols.
        numerator: Its numerator, over Q(D).
        denominator: Its denominator, over Q(D).
    """

    label: str
    expression: Any
    numerator: TracePolynomial
    denominator: TracePolynomial = _ONE

    @property
    def symbols(self) -> tuple[str, ...]:
        """The names that occur: D first, then L, then the others in the order of their names."""
        names = {free.name for free in self.expression.free_symbols} | {"D"}
        return tuple(sorted(names, key=lambda name: (name != "D", name != "L", name)))

    def function(self) -> DimensionFunction:
        """The exact function of all its symbols, by which two texts are compared."""
        return _function(self.numerator) / _function(self.denominator)


def quotients(value: object) -> tuple[Quotient, ...]:
    """The closed forms of a result.

    Raises:
        InputTypeError: If the value is no result with a closed form.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> [quotient.label for quotient in quotients(formula("supervised_kernel_eigenvalues"))]
        ['uniform', 'difference']
    """
    if isinstance(value, EigenvalueFormula):
        return tuple(
            Quotient(label, part.to_sympy(), part.polynomial)
            for label, part in (("uniform", value.uniform), ("difference", value.difference))
        )
    if isinstance(value, Ratio):
        return (Quotient("", value.to_sympy(), value.numerator.polynomial, value.denominator.polynomial),)
    if isinstance(value, Formula):
        return (Quotient("", value.to_sympy(), value.polynomial),)
    if isinstance(value, Series):
        return (Quotient("", value.to_sympy(), value.to_polynomial()),)
    if isinstance(value, TracePolynomial):
        return (Quotient("", value.to_sympy(), value),)
    if isinstance(value, RationalFunction | WeingartenFunction):
        function = value.value if isinstance(value, WeingartenFunction) else value
        return (Quotient("", value.to_sympy(), TracePolynomial.constant(function)),)
    raise InputTypeError(
        f"value must be a formula, ratio, series, polynomial, rational or Weingarten function, got "
        f"{type(value).__name__}"
    )


def name_of(value: Value) -> str:
    """The name of a result; its kind where it has none.

    Examples:
        >>> name_of(RationalFunction(1)), name_of(WeingartenFunction((2, 1), "unitary", RationalFunction(1)))
        ('rational_function', 'weingarten_2_1')
    """
    if isinstance(value, Formula | EigenvalueFormula):
        return value.name
    if isinstance(value, WeingartenFunction):
        return "_".join(["weingarten", *map(str, value.cycle_type)])
    kinds = {Ratio: "ratio", Series: "series", TracePolynomial: "polynomial"}
    return kinds.get(type(value), "rational_function")


def sum_of(terms: Sequence[DimensionFunction]) -> DimensionFunction:
    """A sum, over one common denominator."""
    if not terms:
        return DimensionFunction.constant(0)
    return linear_combination([(Fraction(1), term) for term in terms])


def _function(polynomial: TracePolynomial) -> DimensionFunction:
    D = DimensionFunction.variable("D")
    terms = []
    for monomial, coefficient in polynomial.terms.items():
        term = DimensionFunction.from_univariate(coefficient, D)
        for name, exponent in monomial:
            term = term * DimensionFunction.variable(name) ** exponent
        terms.append(term)
    return sum_of(terms)
