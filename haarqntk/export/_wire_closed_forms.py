"""Closed forms on the wire: rational functions, polynomials, formulas and what is made of them, series."""

# without annotations from the future: msgspec reads them when the program runs

from dataclasses import dataclass
from typing import Annotated, Any, Self

from msgspec import Meta

from haarqntk.algebra import Monomial, RationalFunction, Series, TracePolynomial, read_symbol
from haarqntk.base import matching, short
from haarqntk.circuits import GENERATORS, Cost
from haarqntk.designs import Dimension
from haarqntk.errors import InputError, InputTypeError
from haarqntk.export._names import is_mathematics
from haarqntk.export._text import range_of
from haarqntk.export._wire import (
    Ensemble,
    Exponent,
    Integer,
    Natural,
    Order,
    Pair,
    Positive,
    Power,
    Result,
    Wire,
    among,
    number_of,
    once,
    unwired,
    wired,
)
from haarqntk.groups import GROUPS, Expansion, WeingartenFunction
from haarqntk.qntk import Average, EigenvalueFormula, Formula, Ratio, Recipe, formula, formulas, range_text

Variable = Annotated[
    str, matching("(?!D$)[A-Za-z][A-Za-z0-9_]*", "a symbol of letters, digits and underscores, and not D")
]
Exponents = dict[Variable, Exponent]
Numerator = list[Integer]
Denominator = Annotated[list[Integer], Meta(extra_json_schema={"minItems": 1})]


def _monomial_of(exponents: Exponents) -> Monomial:
    return tuple(sorted((read_symbol(name), e) for name, e in exponents.items()))


class RationalFunctionRecord(Result, tag="rational_function"):
    """Coefficients of a function of D, lowest degree first."""

    stands_for = RationalFunction
    numerator: Numerator
    denominator: Denominator

    @classmethod
    def of(cls, value: RationalFunction) -> Self:
        if not {*value.names} <= {"D"}:
            raise InputTypeError(f"value must be a function of D to be written as JSON, got {value!r}")
        return cls([*map(number_of, value.numerator)], [*map(number_of, value.denominator)])

    def build(self) -> RationalFunction:
        return RationalFunction([*map(int, self.numerator)], [*map(int, self.denominator)])


class TermRecord(Wire):
    """A monomial, symbol → exponent, with its factor in Q(D): coefficients, lowest degree first."""

    monomial: Exponents
    numerator: Numerator
    denominator: Denominator

    @classmethod
    def of(cls, value: tuple[Monomial, RationalFunction]) -> Self:
        monomial, c = value
        factor = RationalFunctionRecord.of(c)
        return cls(dict(monomial), factor.numerator, factor.denominator)

    def build(self) -> tuple[Monomial, RationalFunction]:
        factor = RationalFunctionRecord(self.numerator, self.denominator)
        return _monomial_of(self.monomial), factor.build()


class PolynomialRecord(Result, tag="polynomial"):
    stands_for = TracePolynomial
    terms: list[TermRecord]

    @classmethod
    def of(cls, value: TracePolynomial) -> Self:
        return cls([*map(TermRecord.of, value.terms.items())])

    def build(self) -> TracePolynomial:
        return TracePolynomial(once("monomial", map(TermRecord.build, self.terms)))


class WeingartenRecord(Result, tag="weingarten_function"):
    stands_for = WeingartenFunction
    cycle_type: tuple[Positive, ...]
    group: Annotated[str, among(GROUPS)]
    value: RationalFunctionRecord


# -- formulas --------------------------------------------------------------------------------------------------


class CostRecord(Wire):
    stands_for = Cost
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


class FormulaRecord(MeaningRecord, tag="formula", kw_only=True):
    """A closed form with its meaning."""

    stands_for = Formula
    notation: str
    expression: str = ""
    terms: list[TermRecord]

    @classmethod
    def of(cls, value: Formula) -> Self:
        terms = PolynomialRecord.of(value.polynomial).terms
        return cls.filled(value, range=range_of(value), expression=str(value), terms=terms)

    def build(self) -> Any:
        for name in ("definition_latex", "notation"):
            if not is_mathematics(text := getattr(self, name)):
                raise InputError(
                    f"{name} must be LaTeX of mathematics, in balanced brackets and without commands that do more, "
                    f"got {short(text)}"
                )
        polynomial = PolynomialRecord(self.terms).build()
        mean = _RecordedMean(self.name, self.ensemble, self.generators, polynomial, self.design_order)
        if self.ensemble == "prl_ansatz" and self.range != range_text(self.generators, self.ensemble):
            mean.check_input_side()
        recipe = Recipe.of(Average(mean, (self.name, self.notation)))
        return self.made("terms", polynomial=polynomial, recipe=recipe)


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
    expression: str
    multiplicity: str
    terms: list[TermRecord]


class EigenvaluesRecord(MeaningRecord, tag="eigenvalues", kw_only=True):
    """The two eigenvalues, and the mean kernel of two inputs."""

    stands_for = EigenvalueFormula
    eigenvalues: list[EigenvalueRecord]
    uniform: FormulaRecord
    difference: FormulaRecord
    mean: FormulaRecord

    @classmethod
    def of(cls, value: EigenvalueFormula) -> Self:
        polynomials = (PolynomialRecord.of(part.polynomial) for part in (value.uniform, value.difference))
        eigenvalues = [
            EigenvalueRecord(str(x), str(count), polynomial.terms)
            for polynomial, (x, count) in zip(polynomials, value.to_sympy().items(), strict=True)
        ]
        return cls.filled(value, range=range_of(value), eigenvalues=eigenvalues)

    def build(self) -> EigenvalueFormula:
        return EigenvalueFormula(self.name, *map(unwired, (self.uniform, self.difference, self.mean)))


class RatioRecord(Result, tag="ratio"):
    stands_for = Ratio
    numerator: FormulaRecord
    denominator: FormulaRecord


# -- series ----------------------------------------------------------------------------------------------------


class SeriesTermRecord(Wire):
    """A term of a series: the power of D that is written out, a monomial and a number."""

    power: Power
    monomial: Exponents
    coefficient: Pair

    def build(self) -> tuple[Any, ...]:
        return self.power, _monomial_of(self.monomial), self.coefficient.build()


class SeriesOrderRecord(Wire):
    """The terms that scale like one power of D."""

    order: Order
    terms: list[SeriesTermRecord]


class SeriesRecord(Result, tag="series"):
    """Leading terms as D → ∞, and the powers of D that the symbols scale like."""

    stands_for = Series
    orders: list[SeriesOrderRecord]
    remainder: Order | None
    scaling: dict[Variable, Order]

    @classmethod
    def of(cls, value: Series) -> Self:
        orders = [
            SeriesOrderRecord(wired(order), [SeriesTermRecord(x, dict(m), wired(c)) for x, m, c in entries])
            for order, entries in value.terms
        ]
        return cls.filled(value, orders=orders, scaling={name: wired(a) for name, a in value.scaling})

    def build(self) -> Any:
        orders = ((order, tuple(sorted(terms, reverse=True))) for order, terms in unwired(self.orders))
        scaling = tuple((read_symbol(name), unwired(a)) for name, a in self.scaling.items())
        return self.made("orders", terms=tuple(orders), scaling=scaling)


class ExpansionTermRecord(Wire):
    power: Power
    coefficient: Pair


class ExpansionRecord(Result, tag="expansion"):
    stands_for = Expansion
    terms: list[ExpansionTermRecord]
    remainder: int

    @classmethod
    def of(cls, value: Expansion) -> Self:
        return cls([ExpansionTermRecord(power, wired(c)) for power, c in value.terms], value.remainder)


CLOSED_FORMS: tuple[type[Result], ...] = (
    *(FormulaRecord, EigenvaluesRecord, RatioRecord, SeriesRecord, PolynomialRecord),
    *(RationalFunctionRecord, WeingartenRecord, ExpansionRecord),
)
