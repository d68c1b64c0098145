r"""LaTeX: a formula as lines that fit a page, and a document of formulas that compiles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from haarqntk.algebra import Notation, Series, latex_of, ordered_terms
from haarqntk.base import LazyModule, Shown
from haarqntk.errors import InputError, InputTypeError, OutputError
from haarqntk.export._latex_reader import read_latex
from haarqntk.export._style import notation_of
from haarqntk.export._values import has_closed_forms, quotients
from haarqntk.haar import with_operator
from haarqntk.qntk import EigenvalueFormula, Formula

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from haarqntk.export._values import Quotient, Value

sympy = LazyModule("sympy")

_LONGEST = 4000  # characters of LaTeX past which a formula of a document is shown for Tr O = 0
_LINE = 65  # visible characters of a displayed line on an A4 page with 25 mm margins


def latex(
    value: Value | Shown,
    *,
    names: Mapping[str, str] | None = None,
    macros: Mapping[str, str] | None = None,
    lines: bool = False,
) -> str:
    r"""A result in LaTeX, in the author's letters, checked by reading it back.

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
        OutputError: If the LaTeX does not read back as the result, as with a letter that is a command of LaTeX.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> print(latex(formula("kernel_mean"), names={"D": "d", "L": "p"}))
        \frac{2 p \left(d T_{2} - T_{1}^{2}\right)}{\left(d - 1\right) \left(d + 1\right)^{2}}
        >>> print(latex(formula("gradient_variance").centred(), names={"O": "H"}, macros={"Tr": r"\tr"}))
        \frac{2 D \tr\left(H^{2}\right)}{\left(D - 1\right) \left(D + 1\right)^{2}}

    Reference:
        derivations/00_conventions.md, for the symbols.
    """
    if not isinstance(lines, bool):
        raise InputTypeError(f"lines must be True or False, got {lines!r}")
    if isinstance(value, Shown) and not has_closed_forms(value):
        return _as_it_is(value, letters=bool(names or macros), lines=lines)
    value = cast("Value", value)  # what is none is refused here
    parts = quotients(value)
    written = notation_of(names, macros, parts)
    rows = _rows(value, parts, written, width=_LINE if lines else None)
    for part, row in zip(parts, rows, strict=True):
        check_reads_back(part, " ".join(row), written)
    rows[-1][-1] += _remainder(value, written)
    if operators := list(filter(None, (part.operator(written) for part in parts))):
        rows = _before_operators(rows, operators)
    if not lines and len(rows) == 1:
        return rows[0][0]
    if not lines:
        labels = _labels(value, len(parts))
        aligned = [
            f"{label}{text}".replace(" = ", " &= ", 1) for label, (text,) in zip(labels, rows, strict=True)
        ]
        return "\\begin{aligned} " + r" \\ ".join(aligned) + " \\end{aligned}"
    marked = _marked(_labels(value, len(parts)), rows)
    broken = [rf"  {line} \nonumber \\" for line in marked[:-1]]
    return "\n".join([r"\begin{align}", *broken, f"  {marked[-1]}", r"\end{align}"])


def _as_it_is(value: Shown, *, letters: bool, lines: bool) -> str:
    """What holds numbers, or is not averaged yet, as it writes itself."""
    for option, is_given in (("names and macros", letters), ("lines", lines)):
        if is_given:
            raise InputError(
                f"{option} must be left out for {type(value).__name__}, which has no closed form"
            )
    return value.latex()


def check_reads_back(part: Quotient, text: str, written: Notation) -> None:
    """Refuse a LaTeX text that does not mean the closed form.

    Raises:
        OutputError: If it does not read, or reads as something else.
    """
    if read_latex(text, {written.symbol(name): name for name in part.symbols}) != part.function():
        raise OutputError("the LaTeX reads back as another formula, so it is not written; choose other names")


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


def _rows(value: Value, parts: Sequence[Quotient], written: Notation, width: int | None) -> list[list[str]]:
    """The lines of each closed form; one line each without a width."""
    if isinstance(value, Series):
        terms = value.summands()
        texts = [latex_of(term, written) for term in terms] or ["0"]
        whole = " ".join(_signed(texts))
        return [
            [whole] if width is None or num_visible(whole) <= width else _continued(terms, written, width)
        ]
    if width is None:
        return [[latex_of(part.expression, written)] for part in parts]
    return [_broken(part.expression, written, width) for part in parts]


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


def _remainder(value: Value, written: Notation) -> str:
    if not isinstance(value, Series) or value.remainder is None:
        return ""
    return rf" + O\left({written.symbol(value.dimension)}^{{{value.remainder}}}\right)"


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


def _broken(expression: Any, written: Notation, width: int) -> list[str]:
    """Lines of at most ``width`` visible characters, about, of a sum of products."""
    whole = latex_of(expression, written)
    if num_visible(whole) <= width:
        return [whole]
    return _continued(ordered_terms(expression), written, width)


def _continued(terms: Sequence[Any], written: Notation, width: int) -> list[str]:
    """A sum, each term on lines of its own."""
    lines: list[str] = []
    for term in terms:
        whole = latex_of(term, written)
        first, *rest = [whole] if num_visible(whole) <= width else broken_product(term, written, width)
        (signed,) = _signed([first]) if not lines else _signed(["", first])[1:]
        lines += [f"{{}} {signed}" if lines else first, *rest]
    return lines or ["0"]


def broken_product(product: Any, written: Notation, width: int) -> list[str]:
    """A fraction with the short factors, times each long sum broken into lines."""
    numerator, denominator = sympy.fraction(product)
    size = {f: num_visible(latex_of(f, written)) for f in sympy.Mul.make_args(numerator) if f.is_Add}
    long_sums = [factor for factor in size if size[factor] > width // 2]
    short = sympy.Mul(*(factor for factor in sympy.Mul.make_args(numerator) if factor not in long_sums))
    used = 12 + max(
        num_visible(latex_of(short, written)), num_visible(latex_of(denominator, written))
    )  # 12 for what stands before it
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
    pieces: list[str] = []
    current, room = terms[0], first
    for term in terms[1:]:
        if num_visible(current) + num_visible(term) > room:
            pieces.append(current)
            current, room = term, width
        else:
            current = f"{current} {term}"
    return [*pieces, current]


def num_visible(text: str) -> int:
    """About how many characters are seen: layout, grouping and spaces are not, another command is like Tr."""
    shown = re.sub(r"\\(?:left|right|[Bb]igl|[Bb]igr|frac|q?quad|operatorname)(?![A-Za-z])", "", text)
    return len(re.sub(r"[{}_^\s\\]", "", re.sub(r"\\[A-Za-z]+", "Tr ", shown)))


def document_lines(formula: Formula | EigenvalueFormula, written: Notation) -> list[str]:
    """The lines of an ``align`` environment for a document, with their marks, each closed form read back.

    Raises:
        OutputError: If a closed form does not read back.
    """
    if isinstance(formula, Formula) and _is_named(formula) and len(formula.latex()) > _LONGEST:
        formula = formula.centred()
    parts = quotients(formula)
    rows = _rows(formula, parts, written, width=_LINE)
    for part, row in zip(parts, rows, strict=True):
        check_reads_back(part, " ".join(row), written)
    return _marked(_labels(formula, len(parts)), rows)


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
    if value.denominator == 1:
        return str(value.numerator)
    sign = "- " if value < 0 else ""
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
