"""Values into text: LaTeX, MathML, HTML, JSON, plain text, and one plot. Computes nothing.

Templates live in ``templates/``; every document is one string, and writing it to disk is the caller's.
"""

from haarqntk.export._derivation import (
    latex_derivations,
    markdown_steps,
    record_of_derivation,
    with_steps,
)
from haarqntk.export._integral import integral_record, integral_text, range_of_integral
from haarqntk.export._json import json_text, record_of
from haarqntk.export._latex import latex_document, latex_fraction, latex_lines, latex_table
from haarqntk.export._mathml import mathml
from haarqntk.export._page import html_page
from haarqntk.export._pdf import pdf_of
from haarqntk.export._plot import Curve, plot_svg
from haarqntk.export._text import plain_text

__all__ = [
    "Curve",
    "html_page",
    "integral_record",
    "integral_text",
    "json_text",
    "latex_derivations",
    "latex_document",
    "latex_fraction",
    "latex_lines",
    "latex_table",
    "markdown_steps",
    "mathml",
    "pdf_of",
    "plain_text",
    "plot_svg",
    "range_of_integral",
    "record_of",
    "record_of_derivation",
    "with_steps",
]
