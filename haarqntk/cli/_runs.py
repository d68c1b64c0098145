"""Simulations as the command line runs them: behind a progress bar, a campaign with its ledger.

``_terminal`` prints, this one runs.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from haarqntk.base import LazyModule
from haarqntk.cli import _terminal as terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from haarqntk.export import PaperFigure
    from haarqntk.studies import Study
    from haarqntk.validation import CampaignRun, Check, Finding

arguments = LazyModule("haarqntk.checks")
export = LazyModule("haarqntk.export")
studies = LazyModule("haarqntk.studies")
qntk = LazyModule("haarqntk.qntk")
validation = LazyModule("haarqntk.validation")

CHECK_FAILED, STOPPED = 1, 130


def run_campaign(
    source: str, *, seed: int | None, ledger: Path | None, workers: int | None, scheduler: str | None
) -> CampaignRun:
    """Run a campaign behind a progress bar, and say what its ledger held."""
    campaign = validation.load_campaign(source)
    if seed is not None:
        campaign = replace(campaign, seed=seed)
    path = ledger or Path(f"{campaign.name}.jsonl")
    with validation.executor(workers=workers, scheduler=scheduler) as pool, terminal.progress_bar() as bar:
        task = bar.add_task("simulating")
        try:
            run: CampaignRun = validation.run_campaign(
                campaign,
                ledger=path,
                executor=pool,
                progress=lambda known, total: bar.update(task, completed=known, total=total),
            )
        except KeyboardInterrupt:
            bar.stop()
            typer.echo(
                f"haarqntk: stopped; every finished batch is in {path}, the same command goes on from there",
                err=True,
            )
            raise typer.Exit(STOPPED) from None
    if run.torn:
        typer.echo(f"haarqntk: {path} had a torn last line, {run.torn[:40]!r}: it does not count", err=True)
    if run.num_found:
        typer.echo(f"haarqntk: {run.num_found} batches were in {path}, {run.num_drawn} are new", err=True)
    return run


def print_campaign(run: CampaignRun, output_format: str) -> None:
    """Print table and verdict of a campaign; the exit status is 1 if a claim fails."""
    if output_format == "json":
        results = [validation.result_record(result, run.campaign) for result in run.results]
        typer.echo(export.json_text({"passed": run.passed, "sentence": run.sentence(), "results": results}))
    elif output_format == "latex":
        typer.echo(export.latex_table([validation.result_row(result) for result in run.results]))
    else:
        terminal.print_table([validation.result_row(result) for result in run.results])
        typer.echo(run.sentence())
    if not run.passed:
        raise typer.Exit(CHECK_FAILED)


def run_checks(names: list[str], samples: int, reference_samples: int, seed: int) -> list[Check]:
    """Run every case behind a progress bar."""
    seed = arguments.integer("seed", seed, at_least=0)
    cases = validation.plan_checks(names, samples=samples, reference_samples=reference_samples)
    with terminal.progress_bar() as bar:
        task = bar.add_task("simulating", total=sum(case.cost for case in cases))
        done: list[Check] = validation.run_checks(
            cases, seed=seed, progress=lambda case: bar.update(task, advance=case.cost)
        )
    return done


def run_everything(samples: int, reference_samples: int, seed: int) -> tuple[list[Check], list[Finding]]:
    """Run every case and examine every published claim, each behind a progress bar."""
    checks = run_checks([], samples, reference_samples, seed)
    with terminal.progress_bar() as bar:
        task = bar.add_task("refereeing", total=sum(map(validation.finding_cost, qntk.PUBLISHED_CLAIMS)))
        found: list[Finding] = validation.run_findings(
            seed=seed, progress=lambda claim: bar.update(task, advance=validation.finding_cost(claim))
        )
    return checks, found


def run_studies(wanted: Sequence[Study], out: Path | None = None) -> list[Any]:
    """Run studies and figures behind one progress bar, and return what each has seen."""
    with terminal.progress_bar() as bar:
        task = bar.add_task(wanted[0].name, total=float(len(wanted)))
        found = []
        try:
            for study in wanted:
                bar.update(task, description=f"{study.command} {study.name}")
                seen = studies.run_study(
                    study,
                    folder=out,
                    progress=lambda share: bar.advance(task, share),
                    warn=lambda message: bar.console.print(f"haarqntk: {message}", highlight=False),
                )
                found.append(seen)
        except KeyboardInterrupt:
            bar.stop()
            ends = ("*.units.jsonl", "*.checkpoint.npz") if out else ()
            kept = [path for end in ends for path in Path(out or "").glob(end)]
            after = f"the same command goes on from {kept[0]}" if kept else "nothing was written"
            typer.echo(f"haarqntk: stopped; {after}", err=True)
            raise typer.Exit(STOPPED) from None
    return found


def make_figures(wanted: Iterable[Study], out: Path | None = None) -> list[PaperFigure]:
    """Make figures of the paper behind one progress bar."""
    studies = list(wanted)
    return [study.figure(seen) for study, seen in zip(studies, run_studies(studies, out), strict=True)]
