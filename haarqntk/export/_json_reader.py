"""JSON read back: every field checked, nothing evaluated, one line where the text is no result."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import RationalFunction, Series, TracePolynomial
from haarqntk.base import SCHEMA_VERSION, without_repetition
from haarqntk.checks import one_of
from haarqntk.circuits import ENSEMBLES, GENERATORS, Cost
from haarqntk.combinatorics import check_partition
from haarqntk.errors import InputError, InputTypeError
from haarqntk.export._json_fields import (
    Record,
    field_of,
    fraction_of,
    integer_of,
    latex_of,
    list_of,
    monomial_of,
    object_of,
    order_of,
    power_of,
    rational_function_of,
    short,
    symbol_of,
    text_of,
)
from haarqntk.export._json_integrals import read_integral, read_integral_series
from haarqntk.export._json_numbers import (
    read_channel,
    read_claim_check,
    read_design_check,
    read_expansion,
    read_twirl,
)
from haarqntk.groups import GROUPS, WeingartenFunction
from haarqntk.qntk import Average, EigenvalueFormula, Formula, Ratio, Recipe, formula, formulas, range_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from haarqntk.algebra import Monomial
    from haarqntk.designs import Dimension

_LONGEST_TEXT = 20_000_000


@dataclass(frozen=True, slots=True)
class RecordedMean:
    """Stands for the means of a formula that was read: at a pole the named formula is derived again."""

    name: str
    ensemble: str
    generators: str
    polynomial: TracePolynomial
    design_order: int

    def mean(self, dimension: Dimension) -> TracePolynomial:
        """The closed form; at one of its poles what the named formula gives there.

        Raises:
            InputError: At a pole, if no named formula is that closed form.
        """
        if dimension is None or not self.polynomial.has_pole_at(dimension):
            return self.polynomial
        if self.name in formulas():
            named = formula(self.name, ensemble=self.ensemble, generators=self.generators)
            if isinstance(named, Formula) and named.polynomial == self.polynomial:
                return named.derive(dimension)
        raise InputError(
            f"D must be no pole of a formula read from JSON, which holds no derivation, got {dimension}; "
            "derive it again"
        )

    def design_orders(self) -> dict[int, int]:
        """The recorded order, for every power of L."""
        return dict.fromkeys({0, self.polynomial.degree_in("L")}, self.design_order)


def from_json(text: str) -> Any:
    """The result that ``to_json`` wrote; a list of results from a list.

    Args:
        text: JSON of the schema ``haarqntk/export/schema.json``. An estimate is read by ``hq.Estimate.from_json``.

    Raises:
        InputTypeError: If ``text`` is no text.
        InputError: If it is no JSON, of another version of the schema, or breaks a rule of it.

    Examples:
        >>> from haarqntk.export import to_json
        >>> from haarqntk.qntk import formula
        >>> mean = formula("kernel_mean")
        >>> from_json(to_json(mean)) == mean
        True

    Reference:
        derivations/00_conventions.md, for the symbols.
    """
    if not isinstance(text, str):
        raise InputTypeError(f"text must be JSON as a str, got {type(text).__name__}")
    if len(text) > _LONGEST_TEXT:
        raise InputError(f"text must have at most {_LONGEST_TEXT} characters, got {len(text)}")
    try:
        data = json.loads(text, object_pairs_hook=without_repetition)
    except json.JSONDecodeError as error:
        raise InputError(f"text must be JSON: {error}") from None
    except (ValueError, RecursionError) as error:  # a number of too many digits, brackets in brackets
        raise InputError(f"text must be JSON that can be read: {error}") from None
    return [_value(each) for each in data] if isinstance(data, list) else _value(data)


def _value(data: object) -> Any:
    record = object_of("a result", data)
    if "schema_version" not in record:
        raise InputError("a result must have the field schema_version; is it JSON of haarqntk?")
    version = record["schema_version"]
    if type(version) is not int or version != SCHEMA_VERSION:  # true and 1.0 are equal to 1
        raise InputError(
            f"schema_version must be {SCHEMA_VERSION}, got {short(version)}; read it with the version of haarqntk "
            "that wrote it"
        )
    return _READERS[one_of("type of result", field_of(record, "type"), _READERS)](record)


def _formula(record: Record) -> Formula:
    texts: dict[str, Any] = {
        name: text_of(name, field_of(record, name)) for name in ("name", "definition", "reference")
    }
    texts |= {name: latex_of(name, field_of(record, name)) for name in ("definition_latex", "notation")}
    ensemble = one_of("ensemble", field_of(record, "ensemble"), ENSEMBLES)
    generators = one_of("generators", field_of(record, "generators"), GENERATORS)
    design_order = integer_of("design_order", field_of(record, "design_order"), at_least=0)
    cost = object_of("cost", field_of(record, "cost"))
    counts = (integer_of(f"cost.{name}", field_of(cost, name), at_least=0) for name in Cost._fields)
    polynomial = _polynomial(record)
    if ensemble == "prl_ansatz":
        _check_input_side(record, texts["name"], generators, polynomial)
    recorded = RecordedMean(texts["name"], ensemble, generators, polynomial, design_order)
    return Formula(
        **texts,
        polynomial=polynomial,
        ensemble=ensemble,
        generators=generators,
        design_order=design_order,
        cost=Cost(*counts),
        recipe=Recipe.of(Average(recorded, (texts["name"], texts["notation"]))),
    )


def _check_input_side(record: Record, name: str, generators: str, polynomial: TracePolynomial) -> None:
    """Refuse a formula saved when "prl_ansatz" had a Haar block on the input side, unless it does not see the block.

    Its range was written "even D ≥ 2" then.
    """
    if record.get("range") == range_text(generators, "prl_ansatz"):
        return
    named = formula(name, ensemble="prl_ansatz", generators=generators) if name in formulas() else None
    if not isinstance(named, Formula) or named.polynomial != polynomial:
        raise InputError(
            f"ensemble must not be 'prl_ansatz' in a formula saved when that had a Haar block on the input side, got "
            f"{short(name)}; it is 'prl_ansatz_with_input_block' now: derive it again"
        )


def _eigenvalues(record: Record) -> EigenvalueFormula:
    uniform, difference, mean = (_part(record, name) for name in ("uniform", "difference", "mean"))
    return EigenvalueFormula(text_of("name", field_of(record, "name")), uniform, difference, mean)


def _ratio(record: Record) -> Ratio:
    return _part(record, "numerator") / _part(record, "denominator")


def _part(record: Record, name: str) -> Formula:
    value = _value(field_of(record, name))
    if not isinstance(value, Formula):
        raise InputError(f"{name} must be of the type formula, got {short(record[name]['type'])}")
    return value


def _series(record: Record) -> Series:
    orders = []
    for each in list_of("orders", field_of(record, "orders")):
        entry = object_of("an order", each)
        terms: list[tuple[int, Monomial, Fraction]] = []
        for item in list_of("terms", field_of(entry, "terms")):
            term = object_of("a term", item)
            power = power_of("power", field_of(term, "power"))
            terms.append((power, monomial_of(term), fraction_of(field_of(term, "coefficient"))))
        orders.append((order_of("order", field_of(entry, "order")), tuple(sorted(terms, reverse=True))))
    remainder = field_of(record, "remainder")
    scaling = object_of("scaling", field_of(record, "scaling"))
    return Series(
        tuple(orders),
        None if remainder is None else order_of("remainder", remainder),
        tuple(
            (symbol_of(name), order_of(f"scaling.{short(name)}", exponent))
            for name, exponent in scaling.items()
        ),
    )


def _weingarten(record: Record) -> WeingartenFunction:
    cycle_type = list_of("cycle_type", field_of(record, "cycle_type"))
    parts = check_partition(
        "cycle_type", tuple(integer_of("cycle_type", part, at_least=1) for part in cycle_type)
    )
    value = _value(field_of(record, "value"))
    if not isinstance(value, RationalFunction):
        raise InputError(f"value must be of the type rational_function, got {short(record['value']['type'])}")
    return WeingartenFunction(parts, one_of("group", field_of(record, "group"), GROUPS), value)


def _estimate(_: Record) -> None:
    raise InputError("an estimate must be read by hq.Estimate.from_json, got one here; it is no exact result")


def _polynomial(record: Record) -> TracePolynomial:
    found: dict[Monomial, RationalFunction] = {}
    for item in list_of("terms", field_of(record, "terms")):
        term = object_of("a term", item)
        monomial = monomial_of(term)
        if monomial in found:
            raise InputError(f"each monomial must stand once, got {dict(monomial)} twice")
        found[monomial] = rational_function_of(term)
    return TracePolynomial(found)


_READERS: dict[str, Callable[[Record], Any]] = {
    "formula": _formula,
    "eigenvalues": _eigenvalues,
    "ratio": _ratio,
    "series": _series,
    "polynomial": _polynomial,
    "rational_function": rational_function_of,
    "weingarten_function": _weingarten,
    "expansion": read_expansion,
    "integral": read_integral,
    "integral_series": read_integral_series,
    "twirl": read_twirl,
    "twirled_channel": read_channel,
    "design_check": read_design_check,
    "claim_check": read_claim_check,
    "estimate": _estimate,
}
