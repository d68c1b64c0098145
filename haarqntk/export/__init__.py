"""Values into text: LaTeX, MathML, HTML, JSON, source code, plain text, plots and figures. Computes nothing.

JSON is read back into values too. Templates live in ``templates/``, the schema of JSON in ``schema.json``, what is
cited in ``references.bib``; every document is one string, and writing it to disk is the caller's.
"""

from haarqntk.export._citation import Citation, bibliography, bibliography_of, citation
from haarqntk.export._code import FORMATS, lambdify, to_c, to_maple, to_mathematica, to_python
from haarqntk.export._document import latex_derivations, latex_document, latex_table, pdf_of
from haarqntk.export._figure import Line, Panel, PaperFigure, Points, z_plot_svg
from haarqntk.export._html import html_page, mathml, rendered, to_mathml
from haarqntk.export._json import from_json, json_schema, json_text, record_of, to_json
from haarqntk.export._latex import latex, latex_fraction, latex_lines
from haarqntk.export._names import pairs
from haarqntk.export._section import Evidence, Section, read_section
from haarqntk.export._text import (
    averaged_over,
    integral_record,
    integral_text,
    markdown_steps,
    plain_text,
    range_of_integral,
    record_of_derivation,
    with_error,
    with_steps,
)
from haarqntk.export._values import quotients

__all__ = [
    "FORMATS",
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
    "json_schema",
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
