"""Results on the wire: what each stands for, its fields, and how it is made where they are no attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from haarqntk.algebra import RationalFunction, Series, TracePolynomial, read_symbol
from haarqntk.base import matching, short
from haarqntk.circuits import ENSEMBLES, GENERATORS, Cost
from haarqntk.designs import DesignCheck, Twirl, TwirledChannel
from haarqntk.errors import InputError, InputTypeError
from haarqntk.export._names import is_mathematics
from haarqntk.export._text import range_of
from haarqntk.export._wire import (
    Exponent,
    Integer,
    Natural,
    Number,
    Pair,
    Positive,
    PositiveInteger,
    Power,
    Tree,
    among,
    list_of,
    number_of,
    once,
    result,
    struct,
    unwired,
    wired,
)
from haarqntk.groups import GROUPS, Expansion, WeingartenFunction
from haarqntk.qntk import (
    VERDICTS,
    Average,
    ClaimCheck,
    Counterexample,
    EigenvalueFormula,
    Formula,
    Ratio,
    Recipe,
    formula,
    formulas,
    range_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk.algebra import Monomial
    from haarqntk.designs import Dimension


Order = int | Pair  # a bound would be taken for the length of the pair by msgspec 0.23
Exact = Pair | float | Number
Variable = Annotated[
    str, matching("(?!D$)[A-Za-z][A-Za-z0-9_]*", "a symbol of letters, digits and underscores, and not D")
]
Exponents = dict[Variable, Exponent]


# -- rational functions and polynomials --------------------------------------------------------------------------


def _monomial_of(exponents: Mapping[str, int]) -> Monomial:
    return tuple(sorted((read_symbol(name), e) for name, e in exponents.items()))


def _coefficients(function: RationalFunction) -> tuple[list[Integer], list[Integer]]:
    if not {*function.names} <= {"D"}:
        raise InputTypeError(f"value must be a function of D to be written as JSON, got {function!r}")
    return [*map(number_of, function.numerator)], [*map(number_of, function.denominator)]


def _function_of(record: Any) -> RationalFunction:
    return RationalFunction([*map(int, record.numerator)], [*map(int, record.denominator)])


def _terms_of(polynomial: TracePolynomial) -> list[Any]:
    return [TERM(dict(monomial), *_coefficients(c)) for monomial, c in polynomial.terms.items()]


def _polynomial_of(record: Any) -> TracePolynomial:
    return TracePolynomial(once("monomial", map(unwired, record.terms)))


_QUOTIENT = {  # coefficients, lowest degree first
    "numerator": list[Integer],
    "denominator": Annotated[list[Integer], Meta(extra_json_schema={"minItems": 1})],
}
TERM = struct(
    "term",
    None,
    {"monomial": Exponents, **_QUOTIENT},
    build=lambda record: (_monomial_of(record.monomial), _function_of(record)),
)
POLYNOMIAL = result(
    "polynomial",
    TracePolynomial,
    {"terms": list_of(TERM)},
    of=lambda cls, value: cls(_terms_of(value)),
    build=_polynomial_of,
)
RATIONAL_FUNCTION = result(
    "rational_function",
    RationalFunction,
    _QUOTIENT,
    of=lambda cls, value: cls(*_coefficients(value)),
    build=_function_of,
)
WEINGARTEN_FUNCTION = result(
    "weingarten_function",
    WeingartenFunction,
    {"cycle_type": tuple[Positive, ...], "group": among(GROUPS), "value": RATIONAL_FUNCTION},
)


# -- formulas ----------------------------------------------------------------------------------------------------


def _formula_of(cls: Any, value: Formula) -> Any:
    terms = _terms_of(value.polynomial)
    return cls.filled(value, range=range_of(value), expression=str(value), terms=terms)


def _build_formula(record: Any) -> Any:
    for name in ("definition_latex", "notation"):
        if not is_mathematics(text := getattr(record, name)):
            raise InputError(
                f"{name} must be LaTeX of mathematics, in balanced brackets and without commands that do more, "
                f"got {short(text)}"
            )
    polynomial = _polynomial_of(record)
    mean = _RecordedMean(record.name, record.ensemble, record.generators, polynomial, record.design_order)
    if record.ensemble == "prl_ansatz" and record.range != range_text(record.generators, record.ensemble):
        mean.check_input_side()
    recipe = Recipe.of(Average(mean, (record.name, record.notation)))
    return record.made("terms", polynomial=polynomial, recipe=recipe)


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


def _eigenvalues_of(cls: Any, value: EigenvalueFormula) -> Any:
    parts = zip((value.uniform, value.difference), value.to_sympy().items(), strict=True)
    eigenvalues = [
        EIGENVALUE(expression=str(x), multiplicity=str(count), terms=_terms_of(part.polynomial))
        for part, (x, count) in parts
    ]
    return cls.filled(value, range=range_of(value), eigenvalues=eigenvalues)


_MEANING = {
    "name": str,
    "definition": str,
    "definition_latex": str,
    "ensemble": among(ENSEMBLES),
    "design_order": Natural,
    "cost": struct("cost", Cost, dict.fromkeys(Cost._fields, Natural)),
    "generators": among(GENERATORS),
    "range": str,
    "reference": str,
    "latex": str,
}
FORMULA = result(
    "formula",
    Formula,
    {**_MEANING, "notation": str, "expression": str, "terms": list_of(TERM)},
    of=_formula_of,
    build=_build_formula,
)
EIGENVALUE = struct("eigenvalue", None, {"expression": str, "multiplicity": str, "terms": list_of(TERM)})
EIGENVALUES = result(
    "eigenvalues",
    EigenvalueFormula,
    {
        **_MEANING,
        "eigenvalues": list_of(EIGENVALUE),
        **dict.fromkeys(("uniform", "difference", "mean"), FORMULA),
    },
    of=_eigenvalues_of,
    build=lambda record: record.made(*(name for name in _MEANING if name != "name")),
)
RATIO = result("ratio", Ratio, {"numerator": FORMULA, "denominator": FORMULA})


# -- series ------------------------------------------------------------------------------------------------------


def _series_of(cls: Any, value: Series) -> Any:
    orders = [
        SERIES_ORDER(wired(order), [SERIES_TERM(power, dict(m), wired(c)) for power, m, c in entries])
        for order, entries in value.terms
    ]
    return cls.filled(value, orders=orders, scaling={name: wired(a) for name, a in value.scaling})


def _build_series(record: Any) -> Any:
    orders = ((order, tuple(sorted(terms, reverse=True))) for order, terms in unwired(record.orders))
    scaling = tuple((read_symbol(name), unwired(a)) for name, a in record.scaling.items())
    return record.made("orders", terms=tuple(orders), scaling=scaling)


SERIES_TERM = struct(
    "series_term",
    None,
    {"power": Power, "monomial": Exponents, "coefficient": Pair},  # the power of D that is written out
    build=lambda record: (record.power, _monomial_of(record.monomial), record.coefficient.build()),
)
SERIES_ORDER = struct("series_order", None, {"order": Order, "terms": list_of(SERIES_TERM)})
SERIES = result(
    "series",
    Series,
    {"orders": list_of(SERIES_ORDER), "remainder": Order | None, "scaling": dict[Variable, Order]},
    of=_series_of,
    build=_build_series,
)
EXPANSION_TERM = struct("expansion_term", None, {"power": Power, "coefficient": Pair})
EXPANSION = result(
    "expansion",
    Expansion,
    {"terms": list_of(EXPANSION_TERM), "remainder": int},
    of=lambda cls, value: cls([EXPANSION_TERM(*map(wired, term)) for term in value.terms], value.remainder),
)


# -- numbers -----------------------------------------------------------------------------------------------------


def _build_claim_check(record: Any) -> Any:
    if record.ensemble == "prl_ansatz" and record.name in formulas():
        formula(record.name, ensemble=record.ensemble)  # refuses what sees the Haar block it had once
    return record.made()


def _refuse_estimate(_: Any) -> None:
    raise InputError("an estimate must be read by hq.Estimate.from_json, got one here; it is no exact result")


TWIRL = result(
    "twirl",
    Twirl,
    {"dimension": Positive, "k": Annotated[int, Meta(ge=1, le=6)], "values": list[Exact], "latex": str},
)
TWIRLED_CHANNEL = result(
    "twirled_channel",
    TwirledChannel,
    {
        "dimension": Annotated[int, Meta(ge=2)],
        "depolarising_parameter": Exact,
        "trace_factor": Exact,
        "latex": str,
    },
)
DESIGN_CHECK = result(
    "design_check",
    DesignCheck,
    {
        "is_design": bool,
        "t": Natural,
        "D": Positive,
        "num_unitaries": Positive,
        "frame_potential": float,
        "haar_value": PositiveInteger,
        "excess": float,
        "tolerance": float,
    },
    of=lambda cls, value: cls.filled(value, is_design=bool(value), haar_value=number_of(value.haar_value)),
    build=lambda record: record.made(haar_value=int(record.haar_value)),
)
POINT = struct(
    "point",
    Counterexample,
    {
        "D": Annotated[int, Meta(ge=2)],
        "L": Positive,
        "spectra": dict[str, tuple[int, ...]],
        "others": dict[str, Pair],
        "exact": Pair,
        "claimed": Tree,
    },
    of=lambda cls, value: cls.filled(
        value, spectra=dict(value.spectra), others={name: wired(x) for name, x in value.others}
    ),
)
CLAIM_CHECK = result(
    "claim_check",
    ClaimCheck,
    {
        "verdict": among(VERDICTS),
        "name": str,
        "ensemble": among(ENSEMBLES),
        "claim": Tree,
        "ratio": Tree | None,
        "first_difference": Order | None,
        "counterexample": POINT | None,
        "is_exact": bool,
        "text": str,
    },
    of=lambda cls, value: cls.filled(value, text=str(value)),
    build=_build_claim_check,
)
ESTIMATE = result(
    "estimate",
    None,  # it writes itself
    {
        "problem": Annotated[str, matching("[0-9a-f]+", "a hash of lowercase hexadecimal digits")],
        "samples": Positive,
        "mean": float,
        "squares": Annotated[float, Meta(ge=0)],
    },
    build=_refuse_estimate,
)
