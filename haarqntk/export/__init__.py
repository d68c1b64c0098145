"""Values into text: LaTeX, MathML, HTML, JSON, plain text, plots and figures. Computes nothing.

Templates live in ``templates/``; every document is one string, and writing it to disk is the caller's.
"""

from haarqntk.export._figure import Line, Panel, PaperFigure, Points
from haarqntk.export._json import json_text, record_of
from haarqntk.export._latex import latex_document, latex_fraction, latex_lines, latex_table
from haarqntk.export._mathml import mathml
from haarqntk.export._page import html_page
from haarqntk.export._plot import Curve, plot_svg
from haarqntk.export._text import plain_text, with_error

__all__ = [
    "Curve",
    "Line",
    "Panel",
    "PaperFigure",
    "Points",
    "html_page",
    "json_text",
    "latex_document",
    "latex_fraction",
    "latex_lines",
    "latex_table",
    "mathml",
    "plain_text",
    "plot_svg",
    "record_of",
    "with_error",
]
