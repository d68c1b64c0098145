"""The report as one self-contained HTML page: no network, no script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from haarqntk.export._latex import latex_lines
from haarqntk.export._mathml import mathml
from haarqntk.export._templates import html_environment
from haarqntk.export._text import range_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from haarqntk.qntk import EigenvalueFormula, Formula


def html_page(
    formulas: Sequence[Formula | EigenvalueFormula],
    *,
    rows: Sequence[Mapping[str, str]],
    findings: Sequence[Mapping[str, str]],
    concentration: Sequence[Mapping[str, str]],
    verdict: Mapping[str, Any],
    plot: str,
    provenance: Mapping[str, str],
) -> str:
    """Render the page.

    Args:
        formulas: What was derived.
        rows: The table exact / simulated / z, cells by column, as text.
        findings: Published against exact, likewise; ``published`` and ``limit`` are LaTeX.
        concentration: The floors of the kernel's fluctuation, likewise.
        verdict: ``passed`` (bool) and ``sentence``.
        plot: An ``<svg>`` element.
        provenance: Versions, seed and the command that reproduces the page, by name.
    """
    cards = [
        {
            "name": formula.name,
            "definition": Markup(mathml(formula.definition_latex)),  # noqa: S704 - our own MathML
            "lines": [Markup(mathml(line)) for line in latex_lines(formula, width=60)],  # noqa: S704
            "latex": formula.latex(),
            "text": str(formula),
            "ensemble": formula.ensemble,
            "design_order": formula.design_order,
            "range": range_of(formula),
            "reference": formula.reference,
        }
        for formula in formulas
    ]
    return (
        html_environment()
        .get_template("report.html.j2")
        .render(
            cards=cards,
            rows=rows,
            findings=[_with_mathml(row) for row in findings],
            concentration=concentration,
            verdict=verdict,
            plot=Markup(plot),  # noqa: S704 - our own SVG
            provenance=provenance,
        )
    )


def _with_mathml(row: Mapping[str, str]) -> dict[str, str]:
    shown = {}
    for name in ("published", "limit"):
        if row[name]:
            shown[name] = Markup(mathml(row[name], display="inline"))  # noqa: S704 - our own MathML
    return {**row, **shown}
