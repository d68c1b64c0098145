r"""Random variables of a circuit in LaTeX: \sum_{l} (\partial_{l} z)^2, with state and observable where they differ."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from haarqntk._lazy import LazyModule
from haarqntk.algebra import latex_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk.algebra import TracePolynomial
    from haarqntk.circuits._copies import Copy
    from haarqntk.circuits._terms import Term

sympy = LazyModule("sympy")


def index_latex(name: str) -> str:
    """A layer index."""
    return str(sympy.latex(sympy.Symbol(name)))


def latex_of_terms(terms: Mapping[Term, TracePolynomial]) -> str:
    """A sum of terms with their coefficients."""
    parts = [_term(term, c) for term, c in terms.items()]
    return " + ".join(parts).replace("+ -", "-") or "0"


def _term(term: Term, c: TracePolynomial) -> str:
    factors = [_power(text, len(list(run))) for text, run in groupby(sorted(map(_copy, term.copies)))]
    sums = rf"\sum_{{{', '.join(map(index_latex, sorted(term.summed)))}}} " if term.summed else ""
    body = sums + " ".join(factors)
    value = latex_of(c.to_sympy())
    if not body:
        return value
    if value in {"1", "-1"}:
        return body if value == "1" else f"- {body}"
    return f"{value} {body}" if len(c.terms) == 1 else rf"\left({value}\right) {body}"


def _copy(copy: Copy) -> str:
    """A derivative of an output; z^{O}_{psi} where state or observable are not the usual ones."""
    label = "z"
    if copy.observable != "O":
        label += f"^{{({index_latex(copy.observable)})}}"
    if copy.state != "psi":
        label += f"_{{{index_latex(copy.state)}}}"
    derivatives = "".join(rf"\partial_{{{index_latex(name)}}} " for name in copy.layers)
    return rf"\left({derivatives}{label}\right)" if derivatives or label != "z" else label


def _power(text: str, exponent: int) -> str:
    return text if exponent == 1 else f"{text}^{{{exponent}}}"
