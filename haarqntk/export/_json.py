"""JSON: every result as exact data, with its meaning, in a form that ``schema.json`` describes.

Numbers beyond 2^53, which other readers of JSON round, are written as decimal texts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from haarqntk.algebra import RationalFunction, Series, TracePolynomial
from haarqntk.base import SCHEMA_VERSION
from haarqntk.designs import DesignCheck, Twirl, TwirledChannel
from haarqntk.errors import InputTypeError
from haarqntk.export._json_fields import number_of, pair_of, record_of_order
from haarqntk.export._json_integrals import integral_fields, integral_series_fields
from haarqntk.export._json_numbers import (
    channel_fields,
    claim_check_fields,
    design_check_fields,
    expansion_fields,
    twirl_fields,
)
from haarqntk.export._text import range_of
from haarqntk.export._values import KINDS, refusal
from haarqntk.groups import Expansion, WeingartenFunction
from haarqntk.haar import Integral, IntegralSeries
from haarqntk.qntk import ClaimCheck, EigenvalueFormula, Formula, Ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.base import Shown
    from haarqntk.export._values import Value


@runtime_checkable
class Recordable(Protocol):
    """A value of a room that this one does not see, such as an estimate, which knows its own type and fields."""

    def to_record(self) -> dict[str, Any]:
        """The type of the result and its fields as plain data."""
        ...


def json_text(data: object) -> str:
    """Readable JSON, in UTF-8, refusing what JSON cannot hold."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)


def to_json(value: Value | Shown | Sequence[Value | Shown]) -> str:
    r"""A result, or a list of results, as JSON; ``from_json`` reads it back.

    Args:
        value: A formula, eigenvalues, ratio, series, polynomial, rational or Weingarten function, expansion, integral,
            twirl, design check, claim check or estimate.

    Returns:
        JSON of the schema ``haarqntk/export/schema.json``. Texts and LaTeX in it are for other readers.

    Raises:
        InputTypeError: If the value is no such result.
        OutputError: If it holds a number that is not algebraic.

    Examples:
        >>> to_json(RationalFunction(1, [-1, 1])).replace("\n", "").replace(" ", "")
        '{"schema_version":1,"type":"rational_function","numerator":[1],"denominator":[-1,1]}'

    Reference:
        derivations/00_conventions.md, for the symbols.
    """
    if isinstance(value, list | tuple):
        return json_text([record_of(each) for each in value])
    return json_text(record_of(value))


def record_of(value: object) -> dict[str, Any]:
    """The result as plain data, with the version of the schema and the type of the result.

    Raises:
        InputTypeError: If the value is no result that can be written.
    """
    for kind, (name, fields) in _WRITERS.items():
        if isinstance(value, kind):
            return {"schema_version": SCHEMA_VERSION, "type": name, **fields(value)}
    if isinstance(value, Recordable):
        return {"schema_version": SCHEMA_VERSION, **value.to_record()}
    raise InputTypeError(refusal(value, f"{KINDS}, a twirl, a design check, a claim check or an estimate"))


def _formula(formula: Formula) -> dict[str, Any]:
    return {
        **_meaning(formula),
        "notation": formula.notation,
        "expression": str(formula),
        "terms": _terms(formula.polynomial),
    }


def _eigenvalues(value: EigenvalueFormula) -> dict[str, Any]:
    parts = (value.uniform, value.difference)
    counts = zip(parts, value.to_sympy().items(), strict=True)
    return {
        **_meaning(value),
        "eigenvalues": [
            {"expression": str(x), "multiplicity": str(count), "terms": _terms(part.polynomial)}
            for part, (x, count) in counts
        ],
        "uniform": record_of(value.uniform),
        "difference": record_of(value.difference),
        "mean": record_of(value.mean),
    }


def _meaning(formula: Formula | EigenvalueFormula) -> dict[str, Any]:
    return {
        "name": formula.name,
        "definition": formula.definition,
        "definition_latex": formula.definition_latex,
        "ensemble": formula.ensemble,
        "design_order": formula.design_order,
        "cost": formula.cost._asdict(),
        "generators": formula.generators,
        "range": range_of(formula),
        "reference": formula.reference,
        "latex": formula.latex(),
    }


def _series(series: Series) -> dict[str, Any]:
    return {
        "orders": [
            {
                "order": record_of_order(order),
                "terms": [
                    {
                        "power": power,
                        "monomial": dict(monomial),
                        "coefficient": pair_of(c),
                    }
                    for power, monomial, c in entries
                ],
            }
            for order, entries in series.terms
        ],
        "remainder": None if series.remainder is None else record_of_order(series.remainder),
        "scaling": {name: record_of_order(exponent) for name, exponent in series.scaling},
    }


def _coefficients(function: RationalFunction) -> dict[str, Any]:
    if not {*function.names} <= {"D"}:
        raise InputTypeError(f"value must be a function of D to be written as JSON, got {function!r}")
    return {
        "numerator": [number_of(c) for c in function.numerator],
        "denominator": [number_of(c) for c in function.denominator],
    }


def _terms(polynomial: TracePolynomial) -> list[dict[str, Any]]:
    """Each monomial, symbol → exponent, with its factor in Q(D): coefficients, lowest degree first."""
    return [{"monomial": dict(monomial), **_coefficients(c)} for monomial, c in polynomial.terms.items()]


_WRITERS: dict[type, tuple[str, Any]] = {
    Formula: ("formula", _formula),
    EigenvalueFormula: ("eigenvalues", _eigenvalues),
    Ratio: (
        "ratio",
        lambda ratio: {"numerator": record_of(ratio.numerator), "denominator": record_of(ratio.denominator)},
    ),
    TracePolynomial: ("polynomial", lambda polynomial: {"terms": _terms(polynomial)}),
    RationalFunction: ("rational_function", _coefficients),
    WeingartenFunction: (
        "weingarten_function",
        lambda w: {"cycle_type": list(w.cycle_type), "group": w.group, "value": record_of(w.value)},
    ),
    Expansion: ("expansion", expansion_fields),
    Integral: ("integral", integral_fields),
    IntegralSeries: ("integral_series", integral_series_fields),
    Series: ("series", _series),  # behind its subclasses
    Twirl: ("twirl", twirl_fields),
    TwirledChannel: ("twirled_channel", channel_fields),
    DesignCheck: ("design_check", design_check_fields),
    ClaimCheck: ("claim_check", claim_check_fields),
}
