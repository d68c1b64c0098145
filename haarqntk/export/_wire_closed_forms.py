"""Closed forms on the wire: rational functions, polynomials, formulas and what is made of them, series."""

# without annotations from the future: msgspec reads them when the program runs

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Self

from msgspec import Meta
from msgspec.structs import astuple

from haarqntk.algebra import Monomial, RationalFunction, Series, TracePolynomial, read_symbol
from haarqntk.base import matching, short
from haarqntk.circuits import GENERATORS, Cost
from haarqntk.designs import Dimension
from haarqntk.errors import InputError, InputTypeError
from haarqntk.export._latex_commands import is_mathematics
from haarqntk.export._text import range_of
from haarqntk.export._wire import (
    LARGEST_EXPONENT,
    Ensemble,
    Integer,
    Natural,
    Order,
    Pair,
    Positive,
    Power,
    Result,
    Wire,
    among,
    fraction_of,
    number_of,
    once,
    power_of,
    wired,
)
from haarqntk.groups import GROUPS, Expansion, WeingartenFunction
from haarqntk.qntk import Average, EigenvalueFormula, Formula, Ratio, Recipe, formula, formulas, range_text

Exponent = Annotated[int, Meta(ge=1, le=LARGEST_EXPONENT)]
Variable = Annotated[
    str, matching("(?!D$)[A-Za-z][A-Za-z0-9_]*", "a symbol of letters, digits and underscores, and not D")
]
Exponents = dict[Variable, Exponent]
NotEmpty = Annotated[list[Integer], Meta(extra_json_schema={"minItems": 1})]


def _monomial_of(exponents: dict[str, int]) -> Monomial:
    return tuple(sorted((read_symbol(name), e) for name, e in exponents.items()))


class RationalFunctionRecord(Result, tag="rational_function"):
    """Coefficients of a function of D, lowest degree first."""

    numerator: list[Integer]
    denominator: NotEmpty

    @classmethod
    def of(cls, value: RationalFunction) -> Self:
        return cls(*_coefficients(value))

    def build(self) -> RationalFunction:
        return _function_of(self)


class TermRecord(Wire):
    """A monomial, symbol → exponent, with its factor in Q(D): coefficients, lowest degree first."""

    monomial: Exponents
    numerator: list[Integer]
    denominator: NotEmpty


def _coefficients(function: RationalFunction) -> tuple[list[Integer], list[Integer]]:
    if not {*function.names} <= {"D"}:
        raise InputTypeError(f"value must be a function of D to be written as JSON, got {function!r}")
    return [*map(number_of, function.numerator)], [*map(number_of, function.denominator)]


def _function_of(record: RationalFunctionRecord | TermRecord) -> RationalFunction:
    return RationalFunction([*map(int, record.numerator)], [*map(int, record.denominator)])


def _terms_of(polynomial: TracePolynomial) -> list[TermRecord]:
    return [TermRecord(dict(m), *_coefficients(c)) for m, c in polynomial.terms.items()]


def _polynomial_of(terms: Iterable[TermRecord]) -> TracePolynomial:
    pairs = ((_monomial_of(term.monomial), _function_of(term)) for term in terms)
    return TracePolynomial(once("monomial", pairs))


class PolynomialRecord(Result, tag="polynomial"):
    """A polynomial over Q(D)."""

    terms: list[TermRecord]

    @classmethod
    def of(cls, value: TracePolynomial) -> Self:
        return cls(_terms_of(value))

    def build(self) -> TracePolynomial:
        return _polynomial_of(self.terms)


class WeingartenRecord(Result, tag="weingarten_function"):
    """A value of a Weingarten function."""

    cycle_type: tuple[Positive, ...]
    group: Annotated[str, among(GROUPS)]
    value: RationalFunctionRecord

    @classmethod
    def of(cls, value: WeingartenFunction) -> Self:
        return cls.filled(value, value=RationalFunctionRecord.of(value.value))

    def build(self) -> WeingartenFunction:
        return WeingartenFunction(self.cycle_type, self.group, self.value.build())


# -- formulas --------------------------------------------------------------------------------------------------


class CostRecord(Wire):
    """What a derivation takes."""

    copies: Natural
    patterns: Natural
    coefficients: Natural


class MeaningRecord(Result, kw_only=True):
    """What a formula says about itself."""

    name: str
    definition: str
    definition_latex: str
    ensemble: Ensemble
    design_order: Natural
    cost: CostRecord
    generators: Annotated[str, among(GENERATORS)]
    range: str = ""
    reference: str
    latex: str = ""

    @classmethod
    def meaning(cls, value: Formula | EigenvalueFormula, **others: Any) -> Self:
        """The struct of a value, from the others what the value does not say by the same name."""
        return cls.filled(value, cost=CostRecord(*value.cost), range=range_of(value), **others)


class FormulaRecord(MeaningRecord, tag="formula", kw_only=True):
    """A closed form with its meaning."""

    notation: str
    expression: str = ""
    terms: list[TermRecord]

    @classmethod
    def of(cls, value: Formula) -> Self:
        return cls.meaning(value, expression=str(value), terms=_terms_of(value.polynomial))

    def build(self) -> Formula:
        for name in ("definition_latex", "notation"):
            if not is_mathematics(text := getattr(self, name)):
                raise InputError(
                    f"{name} must be LaTeX of mathematics, in balanced brackets and without commands that do more, "
                    f"got {short(text)}"
                )
        polynomial = _polynomial_of(self.terms)
        mean = _RecordedMean(self.name, self.ensemble, self.generators, polynomial, self.design_order)
        if self.ensemble == "prl_ansatz" and self.range != range_text(self.generators, self.ensemble):
            mean.check_input_side()
        return Formula(
            self.name,
            polynomial,
            self.ensemble,
            self.generators,
            self.design_order,
            Cost(*astuple(self.cost)),
            self.definition,
            self.definition_latex,
            self.notation,
            self.reference,
            Recipe.of(Average(mean, (self.name, self.notation))),
        )


@dataclass(frozen=True, slots=True)
class _RecordedMean:
    """Stands for the means of a formula that was read: at a pole the named formula is derived again."""

    name: str
    ensemble: str
    generators: str
    polynomial: TracePolynomial
    design_order: int

    def mean(self, dimension: Dimension) -> TracePolynomial:
        """The closed form; at one of its poles what the named formula gives there."""
        if dimension is None or not self.polynomial.has_pole_at(dimension):
            return self.polynomial
        if named := self._named():
            return named.derive(dimension)
        raise InputError(
            f"D must be no pole of a formula read from JSON, which holds no derivation, got {dimension}; "
            "derive it again"
        )

    def design_orders(self) -> dict[int, int]:
        """The recorded order, for every power of L."""
        return dict.fromkeys({0, self.polynomial.degree_in("L")}, self.design_order)

    def check_input_side(self) -> None:
        """Refuse what was saved when "prl_ansatz" had a Haar block on the input side, unless it does not see the block.

        Its range was written "even D ≥ 2" then.
        """
        if not self._named():
            raise InputError(
                f"ensemble must not be 'prl_ansatz' in a formula saved when that had a Haar block on the input side, "
                f"got {short(self.name)}; it is 'prl_ansatz_with_input_block' now: derive it again"
            )

    def _named(self) -> Formula | None:
        """The formula of that name, if it is this closed form."""
        if self.name not in formulas():
            return None
        named = formula(self.name, ensemble=self.ensemble, generators=self.generators)
        return named if isinstance(named, Formula) and named.polynomial == self.polynomial else None


class EigenvalueRecord(Wire):
    """An eigenvalue, as text and as terms."""

    expression: str
    multiplicity: str
    terms: list[TermRecord]


class EigenvaluesRecord(MeaningRecord, tag="eigenvalues", kw_only=True):
    """The two eigenvalues, and the mean kernel of two inputs."""

    eigenvalues: list[EigenvalueRecord]
    uniform: FormulaRecord
    difference: FormulaRecord
    mean: FormulaRecord

    @classmethod
    def of(cls, value: EigenvalueFormula) -> Self:
        parts = {name: FormulaRecord.of(getattr(value, name)) for name in ("uniform", "difference", "mean")}
        eigenvalues = [
            EigenvalueRecord(str(x), str(count), part.terms)
            for part, (x, count) in zip(parts.values(), value.to_sympy().items(), strict=False)
        ]
        return cls.meaning(value, eigenvalues=eigenvalues, **parts)

    def build(self) -> EigenvalueFormula:
        return EigenvalueFormula(self.name, self.uniform.build(), self.difference.build(), self.mean.build())


class RatioRecord(Result, tag="ratio"):
    """A quotient of two formulas."""

    numerator: FormulaRecord
    denominator: FormulaRecord

    @classmethod
    def of(cls, value: Ratio) -> Self:
        return cls(FormulaRecord.of(value.numerator), FormulaRecord.of(value.denominator))

    def build(self) -> Ratio:
        return self.numerator.build() / self.denominator.build()


# -- series ----------------------------------------------------------------------------------------------------


class SeriesTermRecord(Wire):
    """A term of a series: the power of D that is written out, a monomial and a number."""

    power: Power
    monomial: Exponents
    coefficient: Pair


class SeriesOrderRecord(Wire):
    """The terms that scale like one power of D."""

    order: Order
    terms: list[SeriesTermRecord]


class SeriesRecord(Result, tag="series"):
    """Leading terms as D → ∞, and the powers of D that the symbols scale like."""

    orders: list[SeriesOrderRecord]
    remainder: Order | None
    scaling: dict[Variable, Order]

    @classmethod
    def of(cls, value: Series) -> Self:
        orders = [
            SeriesOrderRecord(
                wired(order), [SeriesTermRecord(power, dict(m), wired(c)) for power, m, c in entries]
            )
            for order, entries in value.terms
        ]
        return cls(orders, wired(value.remainder), {name: wired(a) for name, a in value.scaling})

    def build(self) -> Series:
        orders = tuple(
            (
                power_of(each.order),
                tuple(
                    sorted(
                        ((t.power, _monomial_of(t.monomial), fraction_of(t.coefficient)) for t in each.terms),
                        reverse=True,
                    )
                ),
            )
            for each in self.orders
        )
        scaling = tuple((read_symbol(name), power_of(a)) for name, a in self.scaling.items())
        return Series(orders, power_of(self.remainder), scaling)


class ExpansionTermRecord(Wire):
    """A power of D with its coefficient."""

    power: Power
    coefficient: Pair


class ExpansionRecord(Result, tag="expansion"):
    """A Weingarten function as D → ∞."""

    terms: list[ExpansionTermRecord]
    remainder: int

    @classmethod
    def of(cls, value: Expansion) -> Self:
        terms = [ExpansionTermRecord(power, wired(c)) for power, c in value.terms]
        return cls(terms, value.remainder)

    def build(self) -> Expansion:
        terms = tuple((term.power, fraction_of(term.coefficient)) for term in self.terms)
        return Expansion(terms, self.remainder)
