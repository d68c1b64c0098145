"""The steps of a derivation as HTML with MathML, for the page of the report."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from haarqntk.export._equations import equation_lines
from haarqntk.export._mathml import mathml
from haarqntk.qntk import Equation, Paragraph

if TYPE_CHECKING:
    from haarqntk.qntk import Block, Step


def html_step(step: Step) -> dict[str, Markup]:
    """Title and body of one step.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> html_step(formula("kernel_mean").explain().steps()[5])["title"]
        Markup('Closed form')
    """
    return {"title": _prose(step.title), "body": Markup("\n").join(map(_block, step.blocks))}


def _block(block: Block) -> Markup:
    if isinstance(block, Paragraph):
        return Markup('<p class="wide">{}</p>').format(_prose(block))  # no browser breaks a formula in a line
    if isinstance(block, Equation):
        lines = equation_lines(block.left.latex, block.right)
        return _wide(Markup("\n").join(Markup(mathml(line)) for line in lines))  # noqa: S704 - our own MathML
    head = Markup("").join(Markup('<th class="left">{}</th>').format(name) for name in block.header)
    rows = Markup("\n").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(Markup('<td class="left">{}</td>').format(_inline(cell.latex)) for cell in row)
        )
        for row in block.rows
    )
    return _wide(Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, rows))


def _prose(paragraph: Paragraph) -> Markup:
    """Words and formulas; ``*word*`` is emphasised."""
    return Markup("").join(
        Markup(re.sub(r"\*(.+?)\*", r"<em>\1</em>", escape(piece)))  # noqa: S704 - escaped before
        if isinstance(piece, str)
        else _inline(piece.latex)
        for piece in paragraph.pieces()
    )


@cache
def _inline(latex: str) -> Markup:
    return Markup(mathml(latex, display="inline"))  # noqa: S704 - our own MathML


def _wide(content: Markup) -> Markup:
    return Markup('<div class="wide">{}</div>').format(content)
