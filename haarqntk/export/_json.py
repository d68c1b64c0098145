"""JSON: every result as exact data, with its meaning, in a form that ``schema.json`` describes.

Numbers beyond 2^53, which other readers of JSON round, are written as decimal texts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from haarqntk.errors import InputTypeError
from haarqntk.exact import RationalFunction
from haarqntk.export._text import range_of
from haarqntk.qntk import EigenvalueFormula, Formula, Ratio, Series
from haarqntk.traces import TracePolynomial
from haarqntk.weingarten import WeingartenFunction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.export._values import Value

SCHEMA_VERSION = 1
_LARGEST_NUMBER = 2**53


def json_text(data: object) -> str:
    """Readable JSON, in UTF-8, refusing what JSON cannot hold."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)


def to_json(value: Value | Sequence[Value]) -> str:
    r"""A result, or a list of results, as JSON; ``from_json`` reads it back.

    Args:
        value: A formula, eigenvalues, ratio, series, polynomial, rational or Weingarten function.

    Returns:
        JSON of the schema ``haarqntk/export/schema.json``. Texts and LaTeX in it are for other readers.

    Raises:
        InputTypeError: If the value is no such result.

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
    raise InputTypeError(
        f"value must be a formula, ratio, series, polynomial, rational or Weingarten function, got "
        f"{type(value).__name__}"
    )


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
                "order": order,
                "terms": [
                    {
                        "power": power,
                        "monomial": dict(monomial),
                        "coefficient": [_number(c.numerator), _number(c.denominator)],
                    }
                    for power, monomial, c in entries
                ],
            }
            for order, entries in series.terms
        ],
        "remainder": series.remainder,
        "scaling": dict(series.scaling),
    }


def _coefficients(function: RationalFunction) -> dict[str, Any]:
    return {
        "numerator": [_number(c) for c in function.numerator],
        "denominator": [_number(c) for c in function.denominator],
    }


def _terms(polynomial: TracePolynomial) -> list[dict[str, Any]]:
    """Each monomial, symbol → exponent, with its factor in Q(D): coefficients, lowest degree first."""
    return [{"monomial": dict(monomial), **_coefficients(c)} for monomial, c in polynomial.terms.items()]


def _number(value: int) -> int | str:
    return value if abs(value) <= _LARGEST_NUMBER else str(value)


_WRITERS: dict[type, tuple[str, Any]] = {
    Formula: ("formula", _formula),
    EigenvalueFormula: ("eigenvalues", _eigenvalues),
    Ratio: (
        "ratio",
        lambda ratio: {"numerator": record_of(ratio.numerator), "denominator": record_of(ratio.denominator)},
    ),
    Series: ("series", _series),
    TracePolynomial: ("polynomial", lambda polynomial: {"terms": _terms(polynomial)}),
    RationalFunction: ("rational_function", _coefficients),
    WeingartenFunction: (
        "weingarten_function",
        lambda w: {"cycle_type": list(w.cycle_type), "group": w.group, "value": record_of(w.value)},
    ),
}
