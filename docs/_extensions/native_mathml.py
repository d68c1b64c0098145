"""Formulas as native MathML, which every current browser lays out without a script or a network.

A formula that cannot be converted is a warning at its place, and so an error of the build.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from docutils import nodes
from sphinx.util import logging

from haarqntk.export import mathml

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator

_CHILDREN = {
    "mfrac": 2,
    "msub": 2,
    "msup": 2,
    "msubsup": 3,
    "munder": 2,
    "mover": 2,
    "munderover": 3,
    "mroot": 2,
}

_LONGEST_INLINE = 60  # characters of LaTeX; most that are shorter fit a phone, and a letter is no box

logger = logging.getLogger(__name__)


class ConversionError(ValueError):
    """LaTeX for which there is no MathML."""


def convert(latex: str, *, display: str) -> str:
    r"""LaTeX as MathML.

    Raises:
        ConversionError: If the LaTeX cannot be read, or a command is unknown: it would stand in the page as text.
    """
    try:
        found = mathml(latex.strip(), display=display)
    except Exception as error:
        raise ConversionError(f"{type(error).__name__}: {error}") from error
    for element in ET.fromstring(found).iter():  # noqa: S314 - what has just been converted
        tag = element.tag.rpartition("}")[2]
        if len(element) != _CHILDREN.get(tag, len(element)):
            raise ConversionError(f"an argument is missing: {tag} has {len(element)} parts")
    left_over = re.search(r"\\[A-Za-z]*", re.sub(r"<[^>]*>", " ", found))
    if left_over:
        raise ConversionError(f"no MathML for {left_over[0]}")
    return found


def _formula(node: nodes.Element, *, display: str) -> str:
    try:
        return convert(node.astext(), display=display)
    except ConversionError as error:
        logger.warning("formula %r: %s", node.astext(), error, location=node, type="math")
        return ""


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in a line; one that is long scrolls like one that stands by itself."""
    formula = _formula(node, display="inline")
    is_long = len(node.astext()) > _LONGEST_INLINE
    self.body.append(f'<span class="long-formula" tabindex="0">{formula}</span>' if is_long else formula)
    raise nodes.SkipNode


def visit_displaymath(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula that stands by itself; one wider than the page scrolls, also from the keyboard."""
    self.body.append(f'<div class="formula" tabindex="0">{_formula(node, display="block")}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the renderer as ``mathml``."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
