"""The report as one self-contained HTML page: no network; its one script sorts tables and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from haarqntk.export._derivation_page import html_step
from haarqntk.export._latex import latex_lines
from haarqntk.export._mathml import mathml
from haarqntk.export._templates import html_environment
from haarqntk.export._text import range_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from haarqntk.export._figure import PaperFigure
    from haarqntk.export._section import Section
    from haarqntk.qntk import EigenvalueFormula, Formula


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
    """Render the page.

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
    return (
        html_environment()
        .get_template("report.html.j2")
        .render(
            cards=list(map(_card, formulas)),
            derivations=_derivations(formulas),
            rows=rows,
            findings=[_with_mathml(row) for row in findings],
            concentration=concentration,
            verdict=verdict,
            plot=Markup(plot),  # noqa: S704 - our own SVG
            campaign={**campaign, "plot": Markup(campaign["plot"])},  # noqa: S704 - our own SVG
            figures=list(map(_figure, figures)),
            studies=list(map(_study, studies)),
            provenance=provenance,
        )
    )


def _card(formula: Formula | EigenvalueFormula) -> dict[str, Any]:
    return {
        "name": formula.name,
        "definition": Markup(mathml(formula.definition_latex)),  # noqa: S704 - our own MathML
        "lines": [Markup(mathml(line)) for line in latex_lines(formula, width=60)],  # noqa: S704 - as above
        "latex": formula.latex(),
        "text": str(formula),
        "ensemble": formula.ensemble,
        "design_order": formula.design_order,
        "range": range_of(formula),
        "reference": formula.reference,
    }


def _derivations(formulas: Sequence[Formula | EigenvalueFormula]) -> list[dict[str, Any]]:
    """The steps of each; a mean that an earlier derivation has is referred to."""
    known: set[str] = set()
    shown = []
    for formula in formulas:
        derivation = formula.explain()
        steps = derivation.steps(known=frozenset(known))
        known |= {average.symbol[0] for average in derivation.averages}
        shown.append({"name": formula.name, "steps": list(map(html_step, steps))})
    return shown


def _figure(figure: PaperFigure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "number": figure.name.removeprefix("fig"),
        "svg": Markup(figure.svg()),  # noqa: S704 - our own SVG
        "caption": figure.caption,
        "choices": figure.choices,
    }


def _study(section: Section) -> dict[str, Any]:
    return {
        "name": section.name,
        "title": section.title,
        "text": section.text,
        "warnings": section.warnings,
        "evidence": section.evidence,
        "figure": _figure(section.figure),
        "command": section.command,
    }


def _with_mathml(row: Mapping[str, str]) -> dict[str, str]:
    shown = {}
    for name in ("published", "limit"):
        if row[name]:
            shown[name] = Markup(mathml(row[name], display="inline"))  # noqa: S704 - our own MathML
    return {**row, **shown}
