"""The report: every formula with derivation and checks, the published ones beside it, as a page and in LaTeX."""

from __future__ import annotations

import math
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from haarqntk import __version__
from haarqntk.algebra import latex_of
from haarqntk.base import REFERENCE_SAMPLES, SAMPLES, SEED, write_whole
from haarqntk.errors import InputError
from haarqntk.export import Line, Panel, PaperFigure, Points, html_page, latex_document, z_plot_svg
from haarqntk.qntk import closed_form, formula, formulas
from haarqntk.studies import STUDIES, recorded_sections
from haarqntk.validation import (
    DIMENSIONS,
    concentration,
    finding_command,
    recorded_run,
    shell_command,
    table_row,
    verdict_of_all,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from haarqntk.export import Section
    from haarqntk.validation import CampaignRun, Finding, Result

PAGE, DOCUMENT = "report.html", "formulas.tex"
_DEPENDENCIES = ("sympy", "python-flint", "numpy", "scipy", "qutip", "matplotlib")


def write_report(
    out: Path,
    checks: Sequence[Result],
    found: Sequence[Finding],
    *,
    seed: int,
    seconds: float,
    figures: Sequence[PaperFigure] = (),
    studies: Sequence[Section] = (),
) -> list[Path]:
    """Write ``report.html`` and ``formulas.tex``, each whole or not at all; studies stand beside the recorded ones."""
    options = _options(checks, seed)
    more = (" --figures" if figures else "") + "".join(f" --study {section.name}.json" for section in studies)
    derived = [formula(name) for name in formulas()]
    page = html_page(
        derived,
        rows=[
            {**table_row(check), "command": f"haarqntk validate {check.claim.formula}{options}"}
            for check in checks
        ],
        findings=[_finding_row(finding, seed) for finding in found],
        concentration=[
            {
                "observable": row.observable,
                "D": str(row.D),
                "floor": f"{math.sqrt(row.floor):.4g}",
                "crossover": f"{float(row.crossover):.4g}",
            }
            for row in concentration()
        ],
        verdict=verdict_of_all(checks, found),
        plot=_plot(checks),
        campaign=_campaign(recorded_run()),
        figures=figures,
        studies=on_the_page(studies),
        provenance={
            "command": f"haarqntk report --out report{more}{options}",
            "seed": str(seed),
            "simulation": f"{seconds:.0f} s on {platform.machine()}, Python {platform.python_version()}",
            "haarqntk": __version__,
            **{name: version(name) for name in _DEPENDENCIES},
        },
    )
    document = latex_document(derived, version=__version__)
    return [write_whole(out / PAGE, page), write_whole(out / DOCUMENT, document)]


def on_the_page(studies: Sequence[Section]) -> list[Section]:
    """The recorded studies, and these; a study that was made again stands in place of the recorded one."""
    recorded = {section.name: section for section in recorded_sections([each.name for each in STUDIES])}
    names = [section.name for section in studies]
    for section in studies:
        if names.count(section.name) > 1 or recorded.get(section.name, section).title != section.title:
            raise InputError(
                f'study {section.name!r} must have a name of its own on the page; write name = "…" into its file'
            )
    return list((recorded | dict(zip(names, studies, strict=True))).values())


def _campaign(run: CampaignRun) -> dict[str, Any]:
    """The recorded campaign as the page shows it."""
    problems = [result.claim.problem for result in run.results]
    scores = [(f"{p.quantity}, {p.ensemble}", r.z or 0.0) for p, r in zip(problems, run.results, strict=True)]
    largest = run.results[0].largest_z
    num_allowed = sum(abs(z) <= largest for _, z in scores)
    alt = f"The z-scores of {len(scores)} claims, of which {num_allowed} are allowed"
    rows = [
        {
            **table_row(result),
            "quantity": problem.quantity,
            "ensemble": problem.ensemble,
            "fraction": str(result.exact),
            "command": shell_command(result.claim, seed=run.campaign.seed, name=f"claim-{place}"),
        }
        for place, (problem, result) in enumerate(zip(problems, run.results, strict=True), start=1)
    ]
    return {
        "passed": run.passed,
        "sentence": run.sentence(),
        "rows": rows,
        "plot": z_plot_svg(scores, largest=largest, alt=alt),
        "command": f"haarqntk validate {run.campaign.name}",
    }


def _finding_row(finding: Finding, seed: int) -> dict[str, str]:
    published, check, result, claim = finding.published, finding.check, finding.result, finding.claim
    over = f" (of the numerators, over E[K]^{published.over})" if published.over else ""
    ratios = zip(DIMENSIONS, finding.ratios, strict=True)
    return {
        "source": published.label,
        "published": published.published,
        "ensemble": published.ensemble,
        "verdict": check.verdict,
        "limit": "" if check.ratio is None else latex_of(check.ratio),
        **{f"ratio_{D}": f"{float(ratio):.4g}" for D, ratio in ratios},
        "simulated": f"{result.estimate.mean:.4g} ± {result.estimate.standard_error:.2g}" if result else "",
        "place": f"D = {claim.problem.D}, L = {claim.problem.L}",
        "z_exact": result.z_text(claim.exact, digits=1) if result else "",
        "z_published": result.z_text(finding.claimed, digits=1) if result else "",
        "agrees": "yes" if finding.agrees else "",
        "note": published.note,
        "counterexample": f"they differ at {check.counterexample}{over}" if check.counterexample else "",
        "command": finding_command(finding, seed),
    }


def _plot(checks: Sequence[Result]) -> str:
    mean = closed_form("kernel_mean")
    cases: dict[int, tuple[object, list[tuple[float, float, float]]]] = {}
    for check in checks:
        arguments = dict(check.claim.arguments)
        if check.claim.problem.quantity == "kernel_mean" and check.claim.method == "batched":
            point = (float(arguments["L"]), check.estimate.mean, 4 * check.estimate.standard_error)
            cases.setdefault(arguments["D"], (arguments["spectrum"], []))[1].append(point)
    layers, lines, points = range(1, 11), [], []
    for kind, (D, (spectrum, found)) in zip(("first", "second", "third"), cases.items(), strict=True):
        exact = [float(mean.at(D=D, L=L, spectrum=spectrum)) for L in layers]
        lines.append(Line(kind, "", layers, exact))
        points.append(Points(kind, f"D = {D}", *zip(*found, strict=True)))
    alt = "Mean kernel against the number of layers for D = 2, 4, 8: simulated points on the exact lines"
    panel = Panel("layers $L$", r"mean kernel $\overline{K}$", lines=lines, points=points, logarithmic="xy")
    return PaperFigure("kernel", alt, "", (), {}, (panel,)).svg()


def _options(checks: Sequence[Result], seed: int) -> str:
    """The options of the command that are not the default."""
    samples = {check.claim.method: check.claim.samples for check in checks}
    numbers = {
        "--samples": (samples.get("batched", 0), SAMPLES),
        "--reference-samples": (samples.get("qutip", 0), REFERENCE_SAMPLES),
        "--seed": (seed, SEED),
    }
    return "".join(f" {name} {value}" for name, (value, default) in numbers.items() if value != default)
