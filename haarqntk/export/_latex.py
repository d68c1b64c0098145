r"""LaTeX: closed forms in the author's letters, and equations broken into lines that fit a page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from haarqntk.algebra import Notation, Series, latex_of, ordered_terms
from haarqntk.base import LazyModule, Shown
from haarqntk.checks import flag
from haarqntk.errors import InputError
from haarqntk.export._names import notation_of
from haarqntk.export._values import has_closed_forms, quotients
from haarqntk.haar import with_operator
from haarqntk.qntk import EigenvalueFormula, Formula

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from haarqntk.algebra import TracePolynomial
    from haarqntk.export._values import Quotient, Value

sympy = LazyModule("sympy")

_LONGEST = 4000  # characters of LaTeX past which a formula of a document is shown for Tr O = 0
_LINE = 65  # visible characters of a displayed line on an A4 page with 25 mm margins
_STEP = 62  # likewise, of an equation in a derivation
_ESCAPED = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}


def latex(
    value: Value | Shown,
    *,
    names: Mapping[str, str] | None = None,
    macros: Mapping[str, str] | None = None,
    lines: bool = False,
) -> str:
    r"""A result in LaTeX, in the author's letters, of which no two may look alike.

    Args:
        value: A formula, eigenvalues, ratio, series, polynomial, rational or Weingarten function, its expansion, or an
            integral or its series.
        names: Symbol, or letter under a trace → a letter or command, perhaps with an index. With a name for O
            the traces T_j are written out, Tr(O^j).
        macros: "Tr" and "Re" → the author's commands; with "Tr" the traces T_j are written out.
        lines: Whether to write an ``align`` environment, broken at plus signs into lines that fit a page.

    Returns:
        The LaTeX; without ``names`` and ``macros`` in the papers' letters, as ``value.latex()``.

    Raises:
        InputTypeError: If the value has no closed form, or names and macros are no mappings of texts.
        InputError: If a name is no letter, a macro no command, or two symbols would look alike.
        UnknownNameError: If a name is none of the formula's.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> print(latex(formula("kernel_mean"), names={"D": "d", "L": "p"}))
        \frac{2 p \left(d T_{2} - T_{1}^{2}\right)}{\left(d - 1\right) \left(d + 1\right)^{2}}
        >>> print(latex(formula("gradient_variance").centred(), names={"O": "H"}, macros={"Tr": r"\tr"}))
        \frac{2 D \tr\left(H^{2}\right)}{\left(D - 1\right) \left(D + 1\right)^{2}}

    Reference:
        derivations/00_conventions.md, for the symbols.
    """
    flag("lines", lines)
    if isinstance(value, Shown) and not has_closed_forms(value):
        for option, is_given in (("names and macros", names or macros), ("lines", lines)):
            if is_given:
                raise InputError(
                    f"{option} must be left out for {type(value).__name__}, which has no closed form"
                )
        return value.latex()  # what holds numbers, or is not averaged yet, as it writes itself
    value = cast("Value", value)  # what is none is refused here
    parts = quotients(value)
    written = notation_of(names, macros, parts)
    rows = closed_forms(value, parts, written, width=_LINE if lines else None)
    if isinstance(value, Series) and value.remainder is not None:
        rows[-1][-1] += rf" + O\left({written.symbol(value.dimension)}^{{{value.remainder}}}\right)"
    if operators := list(filter(None, (part.operator(written) for part in parts))):
        rows = _before_operators(rows, operators)
    if lines:
        *broken, last = _marked(_labels(value, len(parts)), rows)
        return "\n".join(
            [r"\begin{align}", *(rf"  {line} \nonumber \\" for line in broken), f"  {last}", r"\end{align}"]
        )
    if len(rows) == 1:
        return rows[0][0]
    labelled = [f"{label}{text}" for label, (text,) in zip(_labels(value, len(parts)), rows, strict=True)]
    body = r" \\ ".join(text.replace(" = ", " &= ", 1) for text in labelled)
    return f"\\begin{{aligned}} {body} \\end{{aligned}}"


def closed_forms(
    value: Value, parts: Sequence[Quotient], written: Notation, width: int | None
) -> list[list[str]]:
    """The lines of each closed form; one line each without a width."""
    if isinstance(value, Series):
        terms = value.summands()
        whole = " ".join(_signed([latex_of(term, written) for term in terms] or ["0"]))
        is_short = width is None or num_visible(whole) <= width
        return [[whole] if is_short else _continued(terms, written, width or 0)]
    return [_broken(part.expression, written, width) for part in parts]


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
    if len(formula.latex()) > _LONGEST:
        formula = formula.centred()
    first, *rest = _broken(formula.to_sympy(), Notation(), width)
    return [f"{formula.notation} = {first}", *rest]


def document_lines(formula: Formula | EigenvalueFormula, written: Notation) -> list[str]:
    """The lines of an ``align`` environment for a document, with their marks."""
    if isinstance(formula, Formula) and _is_named(formula) and len(formula.latex()) > _LONGEST:
        formula = formula.centred()
    parts = quotients(formula)
    return _marked(_labels(formula, len(parts)), closed_forms(formula, parts, written, width=_LINE))


def equation_lines(left: str, right: TracePolynomial, *, width: int = _STEP) -> list[str]:
    """Left = right on one line, or broken at the equals sign and then at plus signs."""
    expression = right.to_sympy(collect="L")
    whole, used = latex_of(expression), _width(expression)
    if num_visible(left) + used <= width:
        return [f"{left} = {whole}"]
    if used + 4 <= width:
        return [left, rf"\qquad = {whole}"]
    lines = _continued(expression.as_ordered_terms(), Notation(), width - 4)
    return [f"{left} ={{}}", *(rf"\qquad {line}" for line in lines)]


def _width(expression: Any) -> int:
    """Visible characters of the widest part: of a fraction, the longer of its two sides."""
    if expression.is_Add:
        return sum(_width(term) + 1 for term in expression.args)
    return max(num_visible(latex_of(side)) for side in sympy.fraction(expression))


# -- lines that fit ------------------------------------------------------------------------------------


def _broken(expression: Any, written: Notation, width: int | None) -> list[str]:
    """Lines of at most ``width`` visible characters, about, of a sum of products; one line without a width."""
    whole = latex_of(expression, written)
    if width is None or num_visible(whole) <= width:
        return [whole]
    return _continued(ordered_terms(expression), written, width)


def _continued(terms: Sequence[Any], written: Notation, width: int) -> list[str]:
    """A sum, each term on lines of its own."""
    lines: list[str] = []
    for term in terms:
        whole = latex_of(term, written)
        first, *rest = [whole] if num_visible(whole) <= width else _broken_product(term, written, width)
        lines += [f"{{}} {_signed(['', first])[1]}" if lines else first, *rest]
    return lines or ["0"]


def _broken_product(product: Any, written: Notation, width: int) -> list[str]:
    """A fraction with the short factors, times each long sum broken into lines."""
    numerator, denominator = sympy.fraction(product)
    factors = sympy.Mul.make_args(numerator)
    long_sums = [f for f in factors if f.is_Add and num_visible(latex_of(f, written)) > width // 2]
    short = sympy.Mul(*(factor for factor in factors if factor not in long_sums))
    used = 12 + max(  # 12 for what stands before it
        num_visible(latex_of(short, written)), num_visible(latex_of(denominator, written))
    )
    lines = [latex_of(short / denominator, written)]
    for total in long_sums:
        terms = _signed([latex_of(term, written) for term in ordered_terms(total)])
        chunks = _joined(terms, width - used, width - 7)
        lines[-1] += rf" \Bigl( {chunks[0]}"
        lines += [rf"\qquad {{}} {chunk}" for chunk in chunks[1:]]
        lines[-1] += r" \Bigr)"
        used = 4 + num_visible(chunks[-1])
    return lines


def _signed(terms: Sequence[str]) -> list[str]:
    """Terms of a sum with their signs before them, from the second on."""
    signs = (f"- {text[1:].lstrip()}" if text.startswith("-") else f"+ {text}" for text in terms[1:])
    return [terms[0], *signs]


def _joined(terms: Sequence[str], first: int, width: int) -> list[str]:
    """Signed terms in pieces of at most ``first``, then ``width`` visible characters, about."""
    pieces, room = [terms[0]], first
    for term in terms[1:]:
        if num_visible(pieces[-1]) + num_visible(term) > room:
            pieces.append(term)
            room = width
        else:
            pieces[-1] += f" {term}"
    return pieces


def num_visible(text: str) -> int:
    """About how many characters are seen: layout, grouping and spaces are not, another command is like Tr."""
    shown = re.sub(r"\\(?:left|right|[Bb]igl|[Bb]igr|frac|q?quad|operatorname)(?![A-Za-z])", "", text)
    return len(re.sub(r"[{}_^\s\\]", "", re.sub(r"\\[A-Za-z]+", "Tr ", shown)))


def _before_operators(rows: Sequence[Sequence[str]], operators: Sequence[str]) -> list[list[str]]:
    """The sum of the operators, each behind its coefficient, as one row; one line for each where one had several."""
    lines = [
        [with_operator(row[0], operator)]
        if len(row) == 1
        else [rf"\Bigl( {row[0]}", *row[1:-1], rf"{row[-1]} \Bigr) {operator}"]
        for row, operator in zip(rows, operators, strict=True)
    ]
    if all(len(line) == 1 for line in lines) and num_visible(" ".join(text for (text,) in lines)) <= _LINE:
        return [[" + ".join(text for (text,) in lines)]]
    first, *rest = lines
    return [[*first, *(text for (head, *tail) in rest for text in (f"{{}} + {head}", *tail))]]


# -- equations and their marks -------------------------------------------------------------------------


def _is_named(formula: Formula) -> bool:
    """Whether a letter of the papers stands for it; a moment has its text, which is too long for a line."""
    return r"\texttt" not in formula.notation


def _labels(value: Value, count: int) -> list[str]:
    """What stands before each closed form."""
    if isinstance(value, EigenvalueFormula):
        return [rf"\lambda_{{{i}}} = " for i in range(1, count + 1)]
    if isinstance(value, Formula) and _is_named(value):
        return [f"{value.notation} = "]
    return [""]


def _marked(labels: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of an ``align`` environment with their marks, each closed form behind its label."""
    equations = ([f"{label}{first}", *rest] for label, (first, *rest) in zip(labels, rows, strict=True))
    return [aligned(line) for equation in equations for line in equation]


def aligned(line: str) -> str:
    """An alignment mark behind the equals sign of a line that starts an equation, before one that continues."""
    return line.replace(" = ", " ={}& ", 1) if " = " in line else f"& {line}"


def latex_fraction(value: Fraction) -> str:
    r"""An exact number in LaTeX.

    Examples:
        >>> from fractions import Fraction
        >>> print(latex_fraction(Fraction(-1, 2)), latex_fraction(Fraction(3)))
        - \frac{1}{2} 3
    """
    return latex_of(sympy.Rational(value.numerator, value.denominator))


def escape_latex(text: str) -> str:
    """Plain text for LaTeX."""
    return re.sub(r"[\\^~&%$#_{}]", lambda found: _ESCAPED.get(found[0], rf"\{found[0]}"), text)
