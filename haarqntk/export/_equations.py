"""Displayed equations that fit a page: broken at the equals sign, then at plus signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from haarqntk.algebra import Notation, latex_of
from haarqntk.base import LazyModule
from haarqntk.export._latex import broken_product, num_visible

if TYPE_CHECKING:
    from haarqntk.algebra import TracePolynomial

sympy = LazyModule("sympy")

_LINE = 62  # visible characters of a displayed line on an A4 page with 25 mm margins


def equation_lines(left: str, right: TracePolynomial, *, width: int = _LINE) -> list[str]:
    """Left = right on one line, or on as many as it takes.

    Examples:
        >>> from haarqntk.algebra import TracePolynomial
        >>> equation_lines("x", TracePolynomial.variable("T2"))
        ['x = T_{2}']
    """
    expression = right.to_sympy(collect="L")
    whole = latex_of(expression)
    if num_visible(left) + _width(expression) <= width:
        return [f"{left} = {whole}"]
    if _width(expression) + 4 <= width:
        return [left, rf"\qquad = {whole}"]
    lines = [f"{left} ={{}}"]
    for term in expression.as_ordered_terms():
        first, *rest = broken_product(term, Notation(), width - 4)
        lines += [
            rf"\qquad {'' if len(lines) == 1 else '{} + '}{first}",
            *(rf"\qquad {line}" for line in rest),
        ]
    return lines


def _width(expression: Any) -> int:
    """Visible characters of the widest part: of a fraction, the longer of its two sides."""
    if expression.is_Add:
        return sum(_width(term) + 1 for term in expression.args)
    return max(num_visible(latex_of(side)) for side in sympy.fraction(expression))
