"""How a notebook shows a value: HTML of its formula and of what it means, by dispatch on the value.

A notebook takes HTML first and LaTeX second. The HTML is self-contained: MathML, which every browser lays out by
itself, and a table; every text in it is escaped.
"""

from __future__ import annotations

from functools import singledispatch
from html import escape
from typing import TYPE_CHECKING

from haarqntk.base import Shown, Tabled
from haarqntk.export._drawing import explanation_svg
from haarqntk.export._mathml import mathml
from haarqntk.haar import EXPLANATION_HEAD, Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_FORMULA = 50_000  # characters of LaTeX past which no browser lays it out in reasonable time


def rendered(value: object, form: str) -> str:
    """The value as "html", or the drawing of an explanation as "svg"."""
    return html(value) if form == "html" else svg(value)


@singledispatch
def html(value: object) -> str:
    """The value as HTML.

    Raises:
        TypeError: If there is no HTML of such a value.
    """
    raise TypeError(f"no HTML of a {type(value).__name__}")


@singledispatch
def svg(value: object) -> str:
    """The value as a drawing.

    Raises:
        TypeError: If there is no drawing of such a value.
    """
    raise TypeError(f"no drawing of a {type(value).__name__}")


svg.register(Explanation, explanation_svg)


@html.register
def _shown(value: Shown) -> str:
    return html_of(value.latex(), value.facts())


@html.register
def _tabled(value: Tabled) -> str:
    headline = value.headline()
    return _framed((f"<p>{escape(headline)}</p>" if headline else "") + table_of(value.facts()))


@html.register(dict)
def _facts(value: Mapping[str, str]) -> str:
    return _framed(table_of(value))


@html.register
def _explanation(value: Explanation) -> str:
    head = "".join(f"<th>{name}</th>" for name in EXPLANATION_HEAD)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row.cells)}</tr>" for row in value.rows
    )
    return f"<p>{escape(value.headline())}</p>{explanation_svg(value)}<table><tr>{head}</tr>{body}</table>"


def _framed(body: str) -> str:
    return f'<div class="haarqntk">{body}</div>'


def html_of(latex: str, facts: Mapping[str, str]) -> str:
    """A formula and a table of facts as HTML.

    Examples:
        >>> html_of("x", {"range": "D < 3"}).partition("<table>")[2]
        '<tr><th>range</th><td style="text-align:left">D &lt; 3</td></tr></table></div>'
    """
    short = len(latex) <= _LONGEST_FORMULA
    formula = mathml(latex) if short else f"<pre>{escape(latex)}</pre>"
    scrolls = f'<div style="overflow-x:auto">{formula}</div>'
    return f'<div class="haarqntk">{scrolls}{table_of(facts) if facts else ""}</div>'


def table_of(facts: Mapping[str, str]) -> str:
    """Facts as an HTML table.

    Examples:
        >>> table_of({"range": "D < 3"})
        '<table><tr><th>range</th><td style="text-align:left">D &lt; 3</td></tr></table>'
    """
    rows = "".join(
        f'<tr><th>{escape(name)}</th><td style="text-align:left">{escape(text)}</td></tr>'
        for name, text in facts.items()
    )
    return f"<table>{rows}</table>"
