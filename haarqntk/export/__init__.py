"""Values into text: LaTeX, MathML, HTML, JSON, source code, plain text, plots and figures. Computes nothing.

JSON is read back into values too. Templates live in ``templates/``, the schema of JSON in ``schema.json``, what is
cited in ``references.bib``; every document is one string, and writing it to disk is the caller's.
"""

from haarqntk.export._algebra_systems import to_maple, to_mathematica
from haarqntk.export._citation import Citation, bibliography, citation
from haarqntk.export._code import lambdify, to_c, to_python
from haarqntk.export._derivation import (
    latex_derivations,
    markdown_steps,
    record_of_derivation,
    with_steps,
)
from haarqntk.export._document import bibliography_of, latex_document, latex_table
from haarqntk.export._figure import Line, Panel, PaperFigure, Points, z_plot_svg
from haarqntk.export._integral import averaged_over, integral_record, integral_text, range_of_integral
from haarqntk.export._json import json_text, record_of, to_json
from haarqntk.export._json_reader import from_json
from haarqntk.export._latex import latex, latex_fraction, latex_lines
from haarqntk.export._latex_reader import read_latex
from haarqntk.export._mathml import mathml, to_mathml
from haarqntk.export._notebook import rendered
from haarqntk.export._page import html_page
from haarqntk.export._pdf import pdf_of
from haarqntk.export._section import Evidence, Section, read_section
from haarqntk.export._style import pairs
from haarqntk.export._text import plain_text, with_error
from haarqntk.export._values import quotients

__all__ = [
    "Citation",
    "Evidence",
    "Line",
    "Panel",
    "PaperFigure",
    "Points",
    "Section",
    "averaged_over",
    "bibliography",
    "bibliography_of",
    "citation",
    "from_json",
    "html_page",
    "integral_record",
    "integral_text",
    "json_text",
    "lambdify",
    "latex",
    "latex_derivations",
    "latex_document",
    "latex_fraction",
    "latex_lines",
    "latex_table",
    "markdown_steps",
    "mathml",
    "pairs",
    "pdf_of",
    "plain_text",
    "quotients",
    "range_of_integral",
    "read_latex",
    "read_section",
    "record_of",
    "record_of_derivation",
    "rendered",
    "to_c",
    "to_json",
    "to_maple",
    "to_mathematica",
    "to_mathml",
    "to_python",
    "with_error",
    "with_steps",
    "z_plot_svg",
]
