"""HTML: native MathML, what a notebook shows of a value, and the report as one self-contained page.

Browsers lay MathML Core out without a script. They know no ``mathvariant`` but "normal", and space every ``<mo>`` by
its dictionary. So the name of a function is one ``<mi>`` with thin spaces, as LaTeX sets it, ∂ is a letter, a slash and
the bars of ⟨φ|ψ⟩ are tight, and ∼ is a relation. Every other text is escaped.
"""

from __future__ import annotations

import re
from functools import lru_cache, singledispatch
from html import escape
from typing import TYPE_CHECKING, Any, cast
from xml.etree import ElementTree as ET

import markupsafe
from markupsafe import Markup

from haarqntk.base import LazyModule, Shown, Tabled
from haarqntk.checks import one_of
from haarqntk.export._document import template
from haarqntk.export._drawing import explanation_svg
from haarqntk.export._latex import equation_lines, latex, latex_lines
from haarqntk.export._text import range_of, steps_in_turn
from haarqntk.haar import EXPLANATION_HEAD, Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from haarqntk.export._figure import PaperFigure
    from haarqntk.export._section import Section
    from haarqntk.export._values import Value
    from haarqntk.qntk import EigenvalueFormula, Formula

converter = LazyModule("latex2mathml.converter")

_NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'
_ROWS = {"math", "mrow", "mtd", "mstyle", "msqrt", "mpadded"}  # whose children stand side by side
_LOW = {"mrow", "mi", "mn", "mo", "mspace", "msub", "mtext"}
_PLAIN = {"mi", "mn", "msub", "msup", "msubsup", "mfrac", "mover"}
_CLOSING = {")", "]", "}", "|", "!"}
_THIN = "0.1667em"
_LONGEST_FORMULA = 50_000  # characters of LaTeX past which no browser lays it out in reasonable time

# -- MathML --------------------------------------------------------------------------------------------


def to_mathml(value: Value | Shown, *, names: Mapping[str, str] | None = None, display: str = "block") -> str:
    """A result as presentation MathML.

    Args:
        value: A formula, eigenvalues, ratio, series, polynomial, rational or Weingarten function, its expansion, or an
            integral or its series.
        names: As in ``latex``.
        display: "block" (default) or "inline".

    Raises:
        InputTypeError, InputError, UnknownNameError: As ``latex``; if ``display`` is neither.

    Examples:
        >>> from haarqntk.algebra import RationalFunction
        >>> to_mathml(RationalFunction([0, 1]), names={"D": "d"}, display="inline")
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mi>d</mi></mrow></math>'

    Reference:
        derivations/00_conventions.md, for the symbols.
    """
    one_of("display", display, ("block", "inline"))
    return mathml(latex(value, names=names), display=display)


def mathml(latex: str, *, display: str = "block") -> str:
    r"""LaTeX as a MathML element that every browser lays out, also an ``aligned`` environment.

    Args:
        latex: One formula.
        display: "block" (default) or "inline".

    Examples:
        >>> mathml("D", display="inline")
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mi>D</mi></mrow></math>'
        >>> mathml(r"\begin{aligned} a &= b \end{aligned}").count("<mtr>")
        1
    """
    # what latex2mathml knows: an alphabet with braces around its letter, align* for aligned
    latex = re.sub(r"\\(mathbb|mathcal|mathfrak)\s+([A-Za-z])", r"\\\1{\2}", latex)
    latex = re.sub(r"\\(begin|end)\{aligned\}", r"\\\1{align*}", latex)
    text = str(converter.convert(latex, display=display)).replace(_NAMESPACE, "", 1)
    root = ET.fromstring(text)  # noqa: S314 - what latex2mathml has just written
    for element in root.iter():
        _merge_letters(element)
        _correct(element)
    for element in root.iter():
        if element.tag in _ROWS:
            _space(element)
            _lower_brackets(element)
            _mark_signs(element)
    return ET.tostring(root, encoding="unicode").replace("<math", f"<math{_NAMESPACE}", 1)


def _merge_letters(element: ET.Element) -> None:
    r"""Turn a row of upright letters, \mathrm{Tr}, into one name."""
    is_upright = all(child.tag == "mi" and child.get("mathvariant") == "normal" for child in element)
    if element.tag == "mrow" and len(element) > 1 and is_upright:
        name = "".join(child.text or "" for child in element)
        for child in list(element):
            element.remove(child)
        element.tag, element.text = "mi", name


def _correct(element: ET.Element) -> None:
    text = element.text or ""
    if element.tag == "mo" and (text == "∂" or _is_name(text)):
        element.tag = "mi"
    elif element.tag == "mo" and (text == "/" or (text == "|" and element.get("stretchy") == "false")):
        element.set("lspace", "0")
        element.set("rspace", "0")
    elif element.tag == "mi" and text == "~":
        element.tag, element.text = "mo", "∼"


def _is_name(text: str) -> bool:
    return len(text) > 1 and text.isalpha()


def _space(row: ET.Element) -> None:
    """Put a thin space between the name of a function and a letter or number beside it."""
    children = list(row)
    for i in range(len(children) - 1, 0, -1):
        left, right = children[i - 1], children[i]
        if (_names(left) and right.tag in _PLAIN) or (left.tag in _PLAIN and _names(right)):
            row.insert(i, ET.Element("mspace", {"width": _THIN}))


def _names(element: ET.Element) -> bool:
    """Whether it is the name of a function, perhaps with an index."""
    base = element[0] if element.tag in {"msub", "msup", "msubsup"} else element
    return base.tag == "mi" and _is_name(base.text or "")


def _lower_brackets(row: ET.Element) -> None:
    r"""Leave brackets as low as letters, where \left( … \right) holds nothing higher: they are wide once stretched."""
    fences = [child for child in row if child.get("fence") == "true"]
    if fences and all(element.tag in _LOW for child in row for element in child.iter()):
        for fence in fences:
            fence.set("stretchy", "false")


def _mark_signs(row: ET.Element) -> None:
    """Tell the sign of a number from a difference, after a relation or a comma, and at the beginning."""
    for left, sign in zip([None, *row], row, strict=False):
        follows_operator = left is None or (left.tag == "mo" and left.text not in _CLOSING)
        if sign.tag == "mo" and sign.text in {"+", "−"} and follows_operator:
            sign.set("form", "prefix")


# -- values in a notebook ------------------------------------------------------------------------------


def rendered(value: object, form: str) -> str:
    """The value as "html", or the drawing of an explanation as "svg"."""
    return explanation_svg(cast("Explanation", value)) if form == "svg" else html(value)


@singledispatch
def html(value: object) -> str:
    """The value as HTML: its formula, and what it means.

    Raises:
        TypeError: If there is no HTML of such a value.
    """
    raise TypeError(f"no HTML of a {type(value).__name__}")


@html.register
def _shown(value: Shown) -> str:
    text, facts = value.latex(), value.facts()
    formula = mathml(text) if len(text) <= _LONGEST_FORMULA else f"<pre>{escape(text)}</pre>"
    return _framed(f'<div style="overflow-x:auto">{formula}</div>{_facts_table(facts) if facts else ""}')


@html.register
def _tabled(value: Tabled) -> str:
    headline = value.headline()
    return _framed((f"<p>{escape(headline)}</p>" if headline else "") + _facts_table(value.facts()))


@html.register(dict)
def _facts(value: Mapping[str, str]) -> str:
    return _framed(_facts_table(value))


@html.register
def _explanation(value: Explanation) -> str:
    head = "".join(f"<th>{name}</th>" for name in EXPLANATION_HEAD)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row.cells)}</tr>" for row in value.rows
    )
    return f"<p>{escape(value.headline())}</p>{explanation_svg(value)}<table><tr>{head}</tr>{body}</table>"


def _framed(body: str) -> str:
    return f'<div class="haarqntk">{body}</div>'


def _facts_table(facts: Mapping[str, str]) -> str:
    rows = "".join(
        f'<tr><th>{escape(name)}</th><td style="text-align:left">{escape(text)}</td></tr>'
        for name, text in facts.items()
    )
    return f"<table>{rows}</table>"


# -- the report ----------------------------------------------------------------------------------------


def html_page(
    formulas: Sequence[Formula | EigenvalueFormula],
    *,
    rows: Sequence[Mapping[str, str]],
    findings: Sequence[Mapping[str, str]],
    concentration: Sequence[Mapping[str, str]],
    verdict: Mapping[str, Any],
    plot: str,
    campaign: Mapping[str, Any],
    figures: Sequence[PaperFigure],
    studies: Sequence[Section] = (),
    provenance: Mapping[str, str],
) -> str:
    """Render the page: no network; its one script sorts tables and nothing else.

    Args:
        formulas: What was derived; their derivations are on the page too.
        rows: The table exact / simulated / z, cells by column, as text.
        findings: Published against exact, likewise; ``published`` and ``limit`` are LaTeX.
        concentration: The floors of the kernel's fluctuation, likewise.
        verdict: ``passed`` (bool) and ``sentence``.
        plot: An ``<svg>`` element.
        campaign: ``passed`` (bool) and ``sentence``, ``rows`` as above, ``plot`` (an ``<svg>`` element) and
            ``command``.
        figures: The figures of the paper; the page says how to get them if there are none.
        studies: Predictions beside real training runs; no such section by default.
        provenance: Versions, seed and the command that reproduces the page, by name.
    """
    text: str = template("report.html.j2").render(
        formulas=formulas,
        derivations=steps_in_turn(formulas),
        rows=rows,
        findings=findings,
        concentration=concentration,
        verdict=verdict,
        plot=plot,
        campaign=campaign,
        figures=figures,
        studies=studies,
        provenance=provenance,
        math=_math,
        emphasised=_emphasised,
        latex_lines=latex_lines,
        equation_lines=equation_lines,
        range_of=range_of,
    )
    return text


def _own(markup: str) -> Markup:
    """What this room has written itself, which is not escaped again."""
    return Markup(markup)  # noqa: S704 - our own MathML and SVG


@lru_cache(maxsize=1024)  # the same letters stand in every table of a derivation
def _math(latex: str, display: str = "block") -> Markup:
    return _own(mathml(latex, display=display))


def _emphasised(words: str) -> Markup:
    """Plain text, escaped, with ``*word*`` emphasised."""
    return _own(re.sub(r"\*(.+?)\*", r"<em>\1</em>", markupsafe.escape(words)))
