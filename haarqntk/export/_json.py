"""JSON: a formula as exact data, with its meaning."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from haarqntk.export._text import range_of
from haarqntk.qntk import EigenvalueFormula

if TYPE_CHECKING:
    from haarqntk.qntk import Formula
    from haarqntk.traces import TracePolynomial


def json_text(data: object) -> str:
    """Readable JSON, in UTF-8, refusing what JSON cannot hold."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)


def record_of(formula: Formula | EigenvalueFormula) -> dict[str, Any]:
    """Name, meaning, closed form as text and LaTeX, and its exact terms.

    A term is a monomial, symbol → exponent, and the coefficients of numerator and denominator of its factor
    in Q(D), lowest degree first.
    """
    record: dict[str, Any] = {
        "name": formula.name,
        "definition": formula.definition,
        "ensemble": formula.ensemble,
        "design_order": formula.design_order,
        "cost": formula.cost._asdict(),
        "generators": formula.generators,
        "range": range_of(formula),
        "reference": formula.reference,
        "latex": formula.latex(),
    }
    if isinstance(formula, EigenvalueFormula):
        parts = (formula.uniform, formula.difference)
        record["eigenvalues"] = [
            {"expression": str(value), "multiplicity": str(count), "terms": _terms(part.polynomial)}
            for part, (value, count) in zip(parts, formula.to_sympy().items(), strict=True)
        ]
    else:
        record |= {"expression": str(formula), "terms": _terms(formula.polynomial)}
    return record


def _terms(polynomial: TracePolynomial) -> list[dict[str, Any]]:
    return [
        {"monomial": dict(monomial), "numerator": list(c.numerator), "denominator": list(c.denominator)}
        for monomial, c in polynomial.terms.items()
    ]
