"""The main job: derive every formula, check each by simulation, write a page and a LaTeX document.

A front door: it joins the exact rooms, ``montecarlo`` and ``export``.
"""

from __future__ import annotations

import math
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from haarqntk import __version__
from haarqntk.algebra import latex_of
from haarqntk.base import REFERENCE_SAMPLES, SAMPLES, SEED, prepare_folder, write_whole
from haarqntk.errors import InputError
from haarqntk.export import Line, Panel, PaperFigure, Points, html_page, latex_document, z_plot_svg
from haarqntk.qntk import PUBLISHED_CLAIMS, closed_form, formula, formulas
from haarqntk.studies import STUDIES, recorded_sections
from haarqntk.validation import (
    DIMENSIONS,
    Concentration,
    Finding,
    concentration,
    recorded_run,
    shell_command,
    verdict,
)
from haarqntk.validation import check_row as table_row
from haarqntk.validation import result_row as campaign_row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction
    from pathlib import Path

    from haarqntk.export import Section
    from haarqntk.validation import CampaignRun, Check, Result

__all__ = ["check_studies", "prepare_folder", "verdict_of_all", "write_report"]

PAGE, DOCUMENT = "report.html", "formulas.tex"
_DEPENDENCIES = ("sympy", "python-flint", "numpy", "scipy", "qutip", "matplotlib")


def write_report(
    out: Path,
    checks: Sequence[Check],
    found: Sequence[Finding],
    *,
    seed: int,
    seconds: float,
    figures: Sequence[PaperFigure] = (),
    studies: Sequence[Section] = (),
) -> list[Path]:
    """Write ``report.html`` and ``formulas.tex``; each appears whole or not at all.

    Args:
        out: A folder that ``prepare_folder`` has accepted.
        checks: The checks of every formula.
        found: The findings about published formulas.
        seed: The seed of the simulation.
        seconds: The time that it took.
        figures: The figures of the paper, if they are to be on the page; none by default.
        studies: Studies beside the recorded ones that come with the library; none by default.

    Raises:
        OutputError: If a file cannot be written.
    """
    more = "".join(f" --study {section.name}.json" for section in studies)
    provenance = _provenance(checks, seed, seconds, options=f"{' --figures' if figures else ''}{more}")
    derived = [formula(name) for name in formulas()]
    page = html_page(
        derived,
        rows=[_check_row(check, provenance["options"]) for check in checks],
        findings=[_finding_row(finding, seed) for finding in found],
        concentration=[_concentration_row(row) for row in concentration()],
        verdict=verdict_of_all(checks, found),
        plot=_plot(checks),
        campaign=_campaign(recorded_run()),
        figures=figures,
        studies=_studies(studies),
        provenance={name: value for name, value in provenance.items() if name != "options"},
    )
    document = latex_document(derived, version=__version__)
    return [write_whole(out / PAGE, page), write_whole(out / DOCUMENT, document)]


def verdict_of_all(checks: Sequence[Check], found: Sequence[Finding]) -> dict[str, object]:
    """The verdict on the checks, and on the simulations beside the findings."""
    result = verdict(checks)
    few = [f"{each.claim.label} (needs {each.needed:,})" for each in found if each.moments and each.z is None]
    apart = [each.claim.label for each in found if not each.agrees and each.z is not None]
    if not (apart or few):
        return result
    sentence = str(result["sentence"])
    if apart:
        sentence += f" The simulation disagrees with the exact value beside {', '.join(apart)}."
    if few:
        sentence += f" Not judged, with too few samples: {', '.join(few)}."
    return {"passed": False, "sentence": sentence}


def _studies(more: Sequence[Section]) -> list[Section]:
    """The recorded studies, and others; a study that was made again stands in place of the recorded one."""
    recorded = {section.name: section for section in recorded_sections([each.name for each in STUDIES])}
    return list((recorded | {section.name: section for section in more}).values())


def check_studies(studies: Sequence[Section]) -> None:
    """Refuse studies whose names the page has already, before any work.

    Raises:
        InputError: If two have one name, or one has the name of a recorded study that it is not.
    """
    titles = {section.name: section.title for section in recorded_sections([each.name for each in STUDIES])}
    names = [section.name for section in studies]
    for section in studies:
        if names.count(section.name) > 1 or titles.get(section.name, section.title) != section.title:
            raise InputError(
                f'study {section.name!r} must have a name of its own on the page; write name = "…" into its file'
            )


def _check_row(check: Check, options: str) -> dict[str, str]:
    return {**table_row(check), "command": f"haarqntk validate {check.case.formula}{options}"}


def _campaign(run: CampaignRun) -> dict[str, Any]:
    """The recorded campaign as the page shows it."""
    scores = [(f"{r.claim.problem.quantity}, {r.claim.ensemble}", r.z) for r in run.results]
    count, largest = len(scores), run.results[0].largest_z
    alt = f"The z-scores of {count} claims, of which {sum(abs(z) <= largest for _, z in scores)} are allowed"
    return {
        "passed": run.passed,
        "sentence": run.sentence(),
        "rows": [_ledger_row(result, run, place) for place, result in enumerate(run.results, start=1)],
        "plot": z_plot_svg(scores, largest=largest, alt=alt),
        "command": f"haarqntk validate {run.campaign.name}",
    }


def _ledger_row(result: Result, run: CampaignRun, place: int) -> dict[str, str]:
    claim = result.claim
    return {
        **campaign_row(result),
        "quantity": claim.problem.quantity,
        "ensemble": claim.ensemble,
        "fraction": str(result.exact),
        "command": shell_command(claim, seed=run.campaign.seed, name=f"claim-{place}"),
    }


def _finding_row(finding: Finding, seed: int) -> dict[str, str]:
    estimate, check, place = finding.estimate, finding.check, finding.place
    over = f" (of the numerators, over E[K]^{finding.claim.over})" if finding.claim.over else ""
    ratios = {
        f"ratio_{D}": f"{float(ratio):.4g}" for D, ratio in zip(DIMENSIONS, finding.ratios, strict=True)
    }
    return {
        "source": finding.claim.label,
        "published": finding.claim.published,
        "ensemble": finding.claim.ensemble,
        "verdict": check.verdict,
        "limit": "" if check.ratio is None else latex_of(check.ratio),
        **ratios,
        "simulated": f"{estimate.mean:.4g} ± {estimate.standard_error:.2g}" if estimate else "",
        "place": f"D = {place.D}, L = {place.L}",
        "z_exact": _z_text(finding, finding.exact),
        "z_published": _z_text(finding, finding.claimed),
        "agrees": "yes" if finding.agrees else "",
        "note": finding.claim.note,
        "counterexample": f"they differ at {check.counterexample}{over}" if check.counterexample else "",
        "command": _finding_command(finding, seed),
    }


def _z_text(finding: Finding, value: Fraction) -> str:
    if finding.moments is None:
        return ""
    z = finding.z_from(value)
    return f"needs {finding.needed:,}" if z is None else f"{z:+.1f}"


def _finding_command(finding: Finding, seed: int) -> str:
    """A command that prints the verdict, the exact value and the estimate of the row."""
    if finding.estimate is None or finding.claim not in PUBLISHED_CLAIMS:
        return ""
    place, samples = PUBLISHED_CLAIMS.index(finding.claim), finding.estimate.samples // finding.place.times
    return (
        "python -c 'from haarqntk import findings, qntk; "
        f"f = findings.examine(qntk.PUBLISHED_CLAIMS[{place}], seed={seed}, samples={samples}); "
        "print(f.check, f.exact, f.estimate.mean, f.estimate.standard_error)'"
    )


def _concentration_row(row: Concentration) -> dict[str, str]:
    return {
        "observable": row.observable,
        "D": str(row.D),
        "floor": f"{math.sqrt(row.floor):.4g}",
        "crossover": f"{float(row.crossover):.4g}",
    }


def _plot(checks: Sequence[Check]) -> str:
    mean = closed_form("kernel_mean")
    cases: dict[int, tuple[object, list[tuple[float, float, float]]]] = {}
    for check in checks:
        arguments = dict(check.case.arguments)
        if check.case.quantity == "kernel_mean" and check.case.method == "batched":
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


def _provenance(checks: Sequence[Check], seed: int, seconds: float, *, options: str) -> dict[str, str]:
    samples = dict.fromkeys(("batched", "qutip"), 0)
    for check in checks:
        samples[check.case.method] = check.case.samples
    numbers = {
        "--samples": (samples["batched"], SAMPLES),
        "--reference-samples": (samples["qutip"], REFERENCE_SAMPLES),
        "--seed": (seed, SEED),
    }
    changed = "".join(f" {name} {value}" for name, (value, default) in numbers.items() if value != default)
    return {
        "command": f"haarqntk report --out report{options}{changed}",
        "options": changed,
        "seed": str(seed),
        "simulation": f"{seconds:.0f} s on {platform.machine()}, Python {platform.python_version()}",
        "haarqntk": __version__,
        **{name: version(name) for name in _DEPENDENCIES},
    }
