r"""LaTeX: a formula as lines that fit a page, and a document of formulas that compiles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from haarqntk._lazy import LazyModule
from haarqntk.export._templates import latex_environment
from haarqntk.qntk import EigenvalueFormula
from haarqntk.traces import latex_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from haarqntk.qntk import Formula

sympy = LazyModule("sympy")

_LONGEST = 4000  # characters of LaTeX past which a formula is shown for Tr O = 0
_LINE = 65  # visible characters of a displayed line on an A4 page with 25 mm margins


def latex_lines(formula: Formula | EigenvalueFormula, *, width: int = _LINE) -> list[str]:
    r"""The equation "notation = closed form", broken at plus signs so that each line fits.

    A form longer than a page is given at Tr O = 0, and its notation says so.

    Args:
        formula: The value.
        width: Visible characters in a line, about.

    Returns:
        One or more lines without alignment marks; from the second on they continue the equation.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> for line in latex_lines(formula("kernel_mean")):
        ...     print(line)
        \overline{K} = \frac{2 L \left(D T_{2} - T_{1}^{2}\right)}{\left(D - 1\right) \left(D + 1\right)^{2}}
    """
    if isinstance(formula, EigenvalueFormula):
        return [
            rf"\lambda_{{{i}}} = {latex_of(value)} \quad (\times\, {latex_of(multiplicity)})"
            for i, (value, multiplicity) in enumerate(formula.to_sympy().items(), start=1)
        ]
    expression = formula.to_sympy()
    whole = latex_of(expression)
    if len(whole) > _LONGEST:
        formula = formula.centred()
        expression = formula.to_sympy()
        whole = latex_of(expression)
    if _visible(whole) <= width:
        return [f"{formula.notation} = {whole}"]
    lines = [f"{formula.notation} ="]
    for term in expression.as_ordered_terms():
        start = "" if len(lines) == 1 else "{} + "
        first, *rest = _broken_product(term, width)
        lines += [start + first, *rest]
    return [f"{lines[0]} {lines[1]}", *lines[2:]]


def _broken_product(product: Any, width: int) -> list[str]:
    """A fraction with the short factors, times each long sum broken into lines."""
    numerator, denominator = sympy.fraction(product)
    factors = sympy.Mul.make_args(numerator)
    long_sums = [factor for factor in factors if factor.is_Add and _visible(latex_of(factor)) > width // 2]
    short = sympy.Mul(*(factor for factor in factors if factor not in long_sums))
    used = 12 + max(
        _visible(latex_of(short)), _visible(latex_of(denominator))
    )  # 12 for what stands before it
    lines = [latex_of(short / denominator)]
    for total in long_sums:
        chunks = _chunks([latex_of(term) for term in total.as_ordered_terms()], width - used, width - 4)
        lines[-1] += rf" \Bigl( {chunks[0]}"
        lines += [rf"\qquad {{}} {chunk}" for chunk in chunks[1:]]
        lines[-1] += r" \Bigr)"
        used = 4 + _visible(chunks[-1])
    return lines


def _chunks(terms: Sequence[str], first: int, width: int) -> list[str]:
    """Terms joined by their signs into pieces of at most ``first``, then ``width`` visible characters, about."""
    pieces: list[str] = []
    current, room = terms[0], first
    for term in terms[1:]:
        signed = f"- {term[1:].lstrip()}" if term.startswith("-") else f"+ {term}"
        if _visible(current) + _visible(signed) > room:
            pieces.append(current)
            current, room = signed, width
        else:
            current = f"{current} {signed}"
    return [*pieces, current]


def _visible(text: str) -> int:
    """About how many characters are seen; commands, grouping and spaces are not."""
    return len(re.sub(r"\\[A-Za-z]+|[{}_^\s\\]", "", text))


def escape_latex(text: str) -> str:
    r"""Plain text for LaTeX.

    Examples:
        >>> print(escape_latex("kernel_mean"))
        kernel\_mean
    """
    return re.sub(r"([&%$#_{}])", r"\\\1", text)


def latex_document(formulas: Sequence[Formula | EigenvalueFormula], *, version: str) -> str:
    r"""A document with one ``aligned`` equation for each formula, what it averages, and where it comes from.

    It needs nothing but ``amsmath``, ``amssymb`` and ``geometry``.
    """
    entries = [
        {
            "name": escape_latex(formula.name),
            "lines": [_aligned(line) for line in latex_lines(formula)],
            "definition": formula.definition_latex,
            "ensemble": escape_latex(formula.ensemble),
            "design_order": formula.design_order,
            "reference": escape_latex(formula.reference),
        }
        for formula in formulas
    ]
    template = latex_environment().get_template("formulas.tex.j2")
    return template.render(entries=entries, version=version)


def _aligned(line: str) -> str:
    """An alignment mark behind the equals sign of a line that starts an equation, before one that continues."""
    return line.replace(" = ", " ={}& ", 1) if " = " in line else f"& {line}"


def latex_fraction(value: Fraction) -> str:
    r"""An exact number in LaTeX.

    Examples:
        >>> from fractions import Fraction
        >>> print(latex_fraction(Fraction(-1, 2)), latex_fraction(Fraction(3)))
        - \frac{1}{2} 3
    """
    if value.denominator == 1:
        return str(value.numerator)
    sign = "- " if value < 0 else ""
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def latex_table(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows of one set of columns as a ``tabular`` environment."""
    columns = list(rows[0]) if rows else []
    header = " & ".join(escape_latex(column) for column in columns)
    body = [" & ".join(_table_cell(row[column]) for column in columns) + r" \\" for row in rows]
    return "\n".join(
        [rf"\begin{{tabular}}{{{'l' * len(columns)}}}", header + r" \\ \hline", *body, r"\end{tabular}"]
    )


def _table_cell(text: str) -> str:
    return escape_latex(text).replace("±", r"$\pm$").replace("σ", r"$\sigma$").replace("|A|", "$|A|$")
