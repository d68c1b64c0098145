"""The command line: ``haarqntk derive | weingarten | moment | validate | report``.

Exit status: 0; 1 when a check fails; 2 for bad input, with one line that says what is wrong. Heavy modules
are loaded by the command that needs them, so that help is immediate.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from haarqntk import __version__
from haarqntk._defaults import REFERENCE_SAMPLES, SAMPLES, SEED
from haarqntk._lazy import LazyModule
from haarqntk.errors import HaarqntkError, InputError

if TYPE_CHECKING:
    from rich.progress import Progress

    from haarqntk.campaign_results import CampaignRun
    from haarqntk.findings import Finding
    from haarqntk.qntk import EigenvalueFormula, Formula
    from haarqntk.validation import Check

campaign_results = LazyModule("haarqntk.campaign_results")
campaign_runs = LazyModule("haarqntk.campaign_runs")
campaigns = LazyModule("haarqntk.campaigns")
circuits = LazyModule("haarqntk.circuits")
export = LazyModule("haarqntk.export")
findings = LazyModule("haarqntk.findings")
qntk = LazyModule("haarqntk.qntk")
report_room = LazyModule("haarqntk.report")
validation = LazyModule("haarqntk.validation")
weingarten_room = LazyModule("haarqntk.weingarten")
arguments = LazyModule("haarqntk._arguments")
rich_progress = LazyModule("rich.progress")
rich_console = LazyModule("rich.console")
rich_table = LazyModule("rich.table")

CHECK_FAILED, BAD_INPUT, STOPPED = 1, 2, 130
_FORMATS = ("text", "latex", "json")

app = typer.Typer(
    name="haarqntk",
    help="Exact Haar averages of quantum neural tangent kernels: derive, verify by simulation, export.",
    add_completion=False,
    rich_markup_mode=None,
)

Format = Annotated[str, typer.Option("--format", help="text, latex or json.", metavar="FORMAT")]
Names = Annotated[
    list[str] | None, typer.Argument(help="Formulas; all of them if none is named.", metavar="NAME")
]
Samples = Annotated[int, typer.Option(help="Simulated values for each check, NumPy route.")]
ReferenceSamples = Annotated[int, typer.Option(help="Simulated values for each check, QuTiP route.")]
Seed = Annotated[int, typer.Option(help="Seed of the simulation, an integer ≥ 0.")]


def _version_option(value: bool) -> None:  # noqa: FBT001 - Typer calls it with the flag alone
    if value:
        typer.echo(__version__)
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_version_option, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Exact Haar averages of quantum neural tangent kernels: derive, verify by simulation, export."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def derive(names: Names = None, output_format: Format = "text") -> None:
    """Derive closed forms, exact in the dimension D and the depth L."""
    output_format = arguments.one_of("format", output_format, _FORMATS)
    derived = [qntk.formula(name) for name in names or qntk.formulas()]
    _print_formulas(derived, output_format)


@app.command()
def weingarten(
    cycle_type: Annotated[str, typer.Argument(help="A partition, such as 3,1.", metavar="CYCLE_TYPE")],
    dim: Annotated[int | None, typer.Option(help="An integer dimension; exact also below k.")] = None,
    group: Annotated[str, typer.Option(help="unitary, orthogonal or symplectic.")] = "unitary",
    output_format: Format = "text",
) -> None:
    """Print the Weingarten function of one class: a cycle type, or a coset type of pairings."""
    output_format = arguments.one_of("format", output_format, _FORMATS)
    value = weingarten_room.weingarten(_parse_partition(cycle_type), group=group)
    text = str(value.to_sympy() if dim is None else value.at(dim))
    if output_format == "json":
        record = {"cycle_type": list(value.cycle_type), "group": value.group, "dim": dim, "value": text}
        typer.echo(export.json_text(record))
    elif output_format == "latex":
        typer.echo(value.latex() if dim is None else export.latex_fraction(value.at(dim)))
    else:
        typer.echo(text)


@app.command(context_settings={"ignore_unknown_options": True})  # EXPR may begin with a minus sign
def moment(
    expression: Annotated[str, typer.Argument(help="Such as 'sum(d(l)*d(l), l)^2'.", metavar="EXPR")],
    ensemble: Annotated[str, typer.Option(help="segments, independent_layers, prl_ansatz, …")] = "segments",
    generators: Annotated[str, typer.Option(help="pauli or general.")] = "pauli",
    output_format: Format = "text",
) -> None:
    """Derive any moment of outputs and derivatives.

    EXPR is built from d(l, m, …), e, z, K, mu, sum(…, l, …), numbers and + - * / ^; its mean is taken, or
    variance(…), covariance(…, …), cumulant(…, n). Derivatives and outputs take observable=O1 and state=a.
    """
    output_format = arguments.one_of("format", output_format, _FORMATS)
    value = qntk.parse_moment(expression, circuits.Circuit(ensemble, generators))
    _print_formulas([value], output_format)


@app.command()
def validate(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Formulas, or one campaign: default, or a file .toml.", metavar="NAME"),
    ] = None,
    *,
    samples: Samples = SAMPLES,
    reference_samples: ReferenceSamples = REFERENCE_SAMPLES,
    seed: Seed = SEED,
    ledger: Annotated[
        Path | None, typer.Option(help="The ledger of a campaign; CAMPAIGN.jsonl here if none is named.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes for a campaign; one for each core.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler for a campaign, such as tcp://host:8786.")
    ] = None,
    output_format: Format = "text",
) -> None:
    """Check closed forms by simulation.

    Each is compared with simulated circuits at D = 2, 4, 8 and L = 1, 2, 5; the exit status is 1 if one
    disagrees by more than four standard errors. A campaign has its own claims, sizes and seed, writes every
    batch to a ledger, and goes on from there when it is run again.
    """
    output_format = arguments.one_of("format", output_format, _FORMATS)
    given = {name for name in context.params if _is_given(context, name)}
    if names and any(name == "default" or name.endswith(".toml") for name in names):
        if len(names) > 1:
            raise InputError(f"a campaign is run alone, got {', '.join(names)}; name one")
        if unused := given & {"samples", "reference_samples"}:
            raise InputError(
                f"a campaign has its own sample sizes, got {_options_text(unused)}; leave it out"
            )
        run = _run_campaign(
            names[0],
            seed=seed if "seed" in given else None,
            ledger=ledger,
            workers=workers,
            scheduler=scheduler,
        )
        _print_campaign(run, output_format)
        return
    if unused := given & {"ledger", "workers", "scheduler"}:
        raise InputError(f"only a campaign takes {_options_text(unused)}; name one, such as default")
    checks = _run_checks(names or [], samples, reference_samples, seed)
    rows = [validation.table_row(check) for check in checks]
    verdict = validation.verdict(checks)
    if output_format == "json":
        typer.echo(
            export.json_text(
                {"seed": seed, **verdict, "checks": [validation.record_of(check) for check in checks]}
            )
        )
    elif output_format == "latex":
        typer.echo(export.latex_table(rows))
    else:
        _print_table(rows)
        typer.echo(verdict["sentence"])
    if not verdict["passed"]:
        raise typer.Exit(CHECK_FAILED)


@app.command()
def report(
    out: Annotated[Path, typer.Option(help="The folder to write report.html and formulas.tex to.")],
    samples: Samples = SAMPLES,
    reference_samples: ReferenceSamples = REFERENCE_SAMPLES,
    seed: Seed = SEED,
) -> None:
    """Derive and check everything, write a page.

    Writes report.html (formulas, plot, table of checks) and formulas.tex; the exit status is 1 if a check
    fails.
    """
    arguments.integer("seed", seed, at_least=0)
    validation.plan([], samples=samples, reference_samples=reference_samples)  # refuse bad numbers first
    report_room.prepare_folder(out)
    start = time.perf_counter()
    checks, found = _run_everything(samples, reference_samples, seed)
    seconds = time.perf_counter() - start
    written = report_room.write_report(out, checks, found, seed=seed, seconds=seconds)
    verdict = report_room.verdict_of_all(checks, found)
    for name in qntk.formulas():
        typer.echo(export.plain_text(qntk.formula(name), width=rich_console.Console().width) + "\n")
    typer.echo(verdict["sentence"])
    for path in written:
        typer.echo(f"wrote {path}")
    if not verdict["passed"]:
        raise typer.Exit(CHECK_FAILED)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _options_text(names: set[str]) -> str:
    return ", ".join(sorted("--" + name.replace("_", "-") for name in names))


def _run_campaign(
    source: str, *, seed: int | None, ledger: Path | None, workers: int | None, scheduler: str | None
) -> CampaignRun:
    """Run a campaign behind a progress bar, and say what its ledger held."""
    campaign = campaigns.load_campaign(source)
    if seed is not None:
        campaign = replace(campaign, seed=seed)
    path = ledger or Path(f"{campaign.name}.jsonl")
    with campaign_runs.executor(workers=workers, scheduler=scheduler) as pool, _progress_bar() as bar:
        task = bar.add_task("simulating")
        try:
            run: CampaignRun = campaign_runs.run_campaign(
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
        typer.echo(
            f"haarqntk: {path} had a torn last line, {run.torn[:40]!r}: cut off, drawn again", err=True
        )
    if run.num_found:
        typer.echo(f"haarqntk: {run.num_found} batches were in {path}, {run.num_drawn} are new", err=True)
    return run


def _print_campaign(run: CampaignRun, output_format: str) -> None:
    """Print table and verdict of a campaign; the exit status is 1 if a claim fails."""
    if output_format == "json":
        results = [campaign_results.record_of(result, run.campaign) for result in run.results]
        typer.echo(export.json_text({"passed": run.passed, "sentence": run.sentence(), "results": results}))
    elif output_format == "latex":
        typer.echo(export.latex_table([campaign_results.table_row(result) for result in run.results]))
    else:
        _print_table([campaign_results.table_row(result) for result in run.results])
        typer.echo(run.sentence())
    if not run.passed:
        raise typer.Exit(CHECK_FAILED)


def _run_checks(names: list[str], samples: int, reference_samples: int, seed: int) -> list[Check]:
    """Run every case behind a progress bar."""
    seed = arguments.integer("seed", seed, at_least=0)
    cases = validation.plan(names, samples=samples, reference_samples=reference_samples)
    with _progress_bar() as bar:
        task = bar.add_task("simulating", total=sum(case.cost for case in cases))
        done: list[Check] = validation.run(
            cases, seed=seed, progress=lambda case: bar.update(task, advance=case.cost)
        )
    return done


def _run_everything(samples: int, reference_samples: int, seed: int) -> tuple[list[Check], list[Finding]]:
    """Run every case and examine every published claim, each behind a progress bar."""
    checks = _run_checks([], samples, reference_samples, seed)
    with _progress_bar() as bar:
        task = bar.add_task("refereeing", total=sum(map(findings.cost, qntk.PUBLISHED_CLAIMS)))
        found: list[Finding] = findings.run(
            seed=seed, progress=lambda claim: bar.update(task, advance=findings.cost(claim))
        )
    return checks, found


def _progress_bar() -> Progress:
    """A bar on standard error with the share done and the time left; it goes when the work is done."""
    bar: Progress = rich_progress.Progress(
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.TaskProgressColumn(),
        rich_progress.TimeRemainingColumn(),
        console=rich_console.Console(stderr=True),
        transient=True,
    )
    return bar


def _print_formulas(formulas: list[Formula | EigenvalueFormula], output_format: str) -> None:
    if output_format == "json":
        typer.echo(export.json_text([export.record_of(value) for value in formulas]))
    elif output_format == "latex":
        typer.echo("\n\n".join(value.latex() for value in formulas))
    else:
        width = rich_console.Console().width
        typer.echo("\n\n".join(export.plain_text(value, width=width) for value in formulas))


def _parse_partition(text: str) -> tuple[int, ...]:
    parts = text.replace(" ", "").split(",")
    if not all(part.isdecimal() for part in parts):
        raise InputError(f"CYCLE_TYPE must be positive integers with commas, such as 3,1; got {text!r}")
    return tuple(int(part) for part in parts)


def _print_table(rows: list[dict[str, str]]) -> None:
    table = rich_table.Table(box=None, pad_edge=False)
    for column in ("quantity", "D", "L", "exact", "simulated", "z", "samples", "method"):
        table.add_column(column, justify="left" if column in {"quantity", "method"} else "right")
        # one line a check at 80 columns: the long names fold
    for row in rows:
        table.add_row(
            *(row[column.header] for column in table.columns), style=None if row["passed"] else "bold red"
        )
    rich_console.Console().print(table)


def main() -> None:
    """Run the command line; a broken rule is one line on standard error and exit status 2."""
    try:
        status = app(prog_name="haarqntk", standalone_mode=False)
    except HaarqntkError as error:
        typer.echo(f"haarqntk: {error}", err=True)
        sys.exit(BAD_INPUT)
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("haarqntk: stopped; nothing was written", err=True)
        sys.exit(STOPPED)
    except Exception as error:
        message = getattr(error, "format_message", None)  # a usage error of the command-line library
        if message is None:
            raise
        typer.echo(f"haarqntk: {' '.join(message().split())} See 'haarqntk --help'.", err=True)
        sys.exit(BAD_INPUT)
    sys.exit(status)
