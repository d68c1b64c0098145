"""What is written: every result as one or more closed forms, which all the exports share.

A closed form is a rational function of symbols: dimensions and depths, traces, entries. An operator-valued result has
one for each operator. What holds numbers only, such as a twirl, has none, and says what it can be written as.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import singledispatch
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk.algebra import RationalFunction, Series, TracePolynomial
from haarqntk.base import LazyModule, Shown
from haarqntk.circuits import Expression
from haarqntk.designs import DesignCheck, Twirl, TwirledChannel
from haarqntk.errors import InputTypeError
from haarqntk.groups import Expansion, WeingartenFunction
from haarqntk.haar import (
    Integral,
    IntegralSeries,
    MatrixExpression,
    ScalarExpression,
    WrittenPart,
    latex_style,
)
from haarqntk.qntk import ClaimCheck, EigenvalueFormula, Formula, Ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from haarqntk.algebra import Notation
    from haarqntk.haar import Style

sympy = LazyModule("sympy")

Value: TypeAlias = (
    Formula
    | EigenvalueFormula
    | Ratio
    | Series
    | TracePolynomial
    | RationalFunction
    | WeingartenFunction
    | Integral
)
"""Every kind of result that has closed forms."""

KINDS = "a formula, ratio, series, polynomial, rational or Weingarten function, expansion or integral"
_NUMBERS = (ClaimCheck, DesignCheck, Twirl, TwirledChannel)  # no closed form, but JSON


@dataclass(frozen=True, slots=True)
class Quotient:
    """One closed form of a result."""

    label: str  # a name in words; empty where the result has one closed form
    expression: Any  # factored, in SymPy's symbols
    sizes: tuple[str, ...] = ("D",)  # the symbols that it is a function of even where they do not occur
    letters: frozenset[str] = frozenset()  # what a matrix under a trace may be called
    spelled: Callable[[Notation], dict[str, str]] = field(
        default=lambda _: {}
    )  # the symbols of traces and entries
    operator: Callable[[Notation], str] = field(
        default=lambda _: ""
    )  # that it stands before; empty for a scalar

    @property
    def symbols(self) -> tuple[str, ...]:
        """The names that occur: dimensions first, then L, then the others in the order of their names."""
        names = {free.name for free in self.expression.free_symbols} | {*self.sizes}
        return tuple(sorted(names, key=lambda name: (name not in self.sizes, name != "L", name)))

    def renamed(self, names: Mapping[str, str]) -> Any:
        """The expression in symbols of other names."""
        return self.expression.xreplace(
            {free: sympy.Symbol(names[free.name]) for free in self.expression.free_symbols}
        )

    def identifiers(self) -> dict[str, str]:
        """Symbol → a name made of letters, digits and underscores, each different: Tr(A^2) is Tr_A_2."""
        found: dict[str, str] = {}
        plain = [name for name in self.symbols if name.isidentifier()]
        for name in self.symbols:
            base = name if name in plain else identifier_of(name)
            chosen, number = base, 1
            while name not in plain and (chosen in found.values() or chosen in plain):
                chosen, number = f"{base}_{number}", number + 1
            found[name] = chosen
        return found


def identifier_of(text: str) -> str:
    """Letters, digits and underscores of a text, for a name in code: Tr(A^2) is Tr_A_2, <0|A|1> is x_0_A_1."""
    found = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    return found if found[:1].isalpha() else f"x_{found}"


@singledispatch
def quotients(value: object) -> tuple[Quotient, ...]:
    """The closed forms of a result.

    Raises:
        InputTypeError: If the value is no result with a closed form.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> [quotient.label for quotient in quotients(formula("supervised_kernel_eigenvalues"))]
        ['uniform', 'difference']
    """
    raise InputTypeError(refusal(value))


@quotients.register
def _of_one_form(value: Formula | Ratio | TracePolynomial) -> tuple[Quotient, ...]:
    return (Quotient("", value.to_sympy()),)


@quotients.register
def _of_eigenvalues(value: EigenvalueFormula) -> tuple[Quotient, ...]:
    return tuple(Quotient(name, getattr(value, name).to_sympy()) for name in ("uniform", "difference"))


@quotients.register
def _of_rational_function(value: RationalFunction) -> tuple[Quotient, ...]:
    return (Quotient("", value.to_sympy(), value.names or ("D",)),)


@quotients.register
def _of_weingarten_function(value: WeingartenFunction) -> tuple[Quotient, ...]:
    return quotients(value.value)


@quotients.register
def _of_series(series: Series) -> tuple[Quotient, ...]:
    return (Quotient("", series.to_sympy(), (series.dimension,)),)


@quotients.register
def _of_integral_series(series: IntegralSeries) -> tuple[Quotient, ...]:
    def letters(written: Notation) -> dict[str, str]:
        return series.letters(_style(written), written.symbol(series.dimension), written.names)

    return (Quotient("", series.to_sympy(), (series.dimension,), series.matrices, letters),)


@quotients.register
def _of_integral(integral: Integral) -> tuple[Quotient, ...]:
    def of_part(part: WrittenPart) -> Quotient:
        return Quotient(
            part.operator,
            part.to_sympy(),
            integral.dimensions,
            part.matrices,
            lambda written: part.letters(_style(written)),
            lambda written: part.operator_latex(_style(written)),
        )

    return tuple(map(of_part, integral.parts or (WrittenPart((), (), {}),)))  # the zero operator has no word


def _style(written: Notation) -> Style:
    return latex_style(written.names, written.trace)


def has_closed_forms(value: object) -> bool:
    """Whether ``quotients`` takes it."""
    return quotients.dispatch(type(value)) is not quotients.dispatch(object)


def refusal(value: object, kinds: str = KINDS) -> str:
    """Why a value cannot be written, with the cure."""
    text = f"value must be {kinds}, got {type(value).__name__}"
    if isinstance(value, Expression | ScalarExpression | MatrixExpression):
        return f"{text}, which is random; average it first, with hq.expect or hq.mean"
    if isinstance(value, Shown):
        has_json = kinds == KINDS and (isinstance(value, _NUMBERS) or hasattr(value, "to_record"))
        return f"{text}, which is none; write its {'latex() or hq.to_json' if has_json else 'latex()'}"
    return text


_KINDS = {
    Ratio: "ratio",
    Series: "series",
    TracePolynomial: "polynomial",
    Expansion: "expansion",
    Integral: "integral",
    IntegralSeries: "series",
}


def name_of(value: Value) -> str:
    """The name of a result, weingarten_2_1 of a Weingarten function; its kind where it has none."""
    match value:
        case Formula() | EigenvalueFormula():
            return value.name
        case WeingartenFunction():
            return "_".join(["weingarten", *map(str, value.cycle_type)])
    return _KINDS.get(type(value), "rational_function")
