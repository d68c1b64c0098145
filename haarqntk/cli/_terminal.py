"""What the command line prints, reads and runs: formulas and steps in every format, tables, small values, simulations.

Whatever takes time runs behind a progress bar.
"""

from __future__ import annotations

import os
import re
import textwrap
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from haarqntk import __version__
from haarqntk.base import LazyModule, prepare_folder, write_whole
from haarqntk.checks import integer, one_of
from haarqntk.errors import InputError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.progress import Progress

    from haarqntk.export import PaperFigure, Section
    from haarqntk.qntk import EigenvalueFormula, Formula
    from haarqntk.studies import Study
    from haarqntk.validation import Campaign, CampaignRun, Result

export = LazyModule("haarqntk.export")
qntk = LazyModule("haarqntk.qntk")
rich_progress = LazyModule("rich.progress")
rich_console = LazyModule("rich.console")
rich_table = LazyModule("rich.table")
studies = LazyModule("haarqntk.studies")
validation = LazyModule("haarqntk.validation")

CHECK_FAILED, STOPPED = 1, 130


def progress_bar() -> Progress:
    """A bar on standard error with the share done and the time left; it goes when the work is done.

    Where standard error is no terminal there is none, not even an empty line.
    """
    console = rich_console.Console(stderr=True)
    bar: Progress = rich_progress.Progress(
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.TaskProgressColumn(),
        rich_progress.TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    return bar


@contextmanager
def progress(description: str) -> Iterator[Callable[[int, int], object]]:
    """A bar with one task; what is yielded takes the work that is done, and all of it."""
    with progress_bar() as bar:
        task = bar.add_task(description)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def width() -> int:
    """The columns of the terminal."""
    return int(rich_console.Console().width)


def show(output_format: str, **forms: Callable[[], Any]) -> None:
    """Print the form that is asked for: a text, or plain data as JSON."""
    content = forms[output_format]()
    typer.echo(export.json_text(content) if output_format == "json" else content)


def print_formulas(
    formulas: list[Formula | EigenvalueFormula], output_format: str, **author: dict[str, str]
) -> None:
    """Print closed forms in one of the formats of ``derive``; ``author`` has the letters and macros for LaTeX."""
    if output_format == "json":
        typer.echo(export.to_json(formulas))
        return
    options: dict[str, dict[str, Any]] = {"text": {"width": width()}, "latex": author}
    texts = [export.FORMATS[output_format](value, **options.get(output_format, {})) for value in formulas]
    typer.echo("\n\n".join(text.rstrip("\n") for text in texts))


def print_steps(formulas: list[Formula | EigenvalueFormula], output_format: str) -> None:
    """Print the steps from the definition to the closed form."""
    derivations = [value.explain() for value in formulas if output_format != "latex"]
    show(
        output_format,
        text=lambda: "\n\n".join(qntk.as_text(d.name, d.steps(), width=width()) for d in derivations),
        markdown=lambda: "\n\n".join(
            f"# {d.name}\n\n{export.markdown_steps(d.steps())}" for d in derivations
        ),
        latex=lambda: export.latex_derivations(formulas, version=__version__),
        json=lambda: list(map(export.record_of_derivation, derivations)),
    )


def parse_values(texts: list[str]) -> dict[str, int]:
    """Dimensions as NAME=INTEGER, several with commas."""
    values: dict[str, int] = {}
    for part in ",".join(texts).split(",") if texts else []:
        name, _, number = (piece.strip() for piece in part.partition("="))
        if not name.isidentifier() or not re.fullmatch(r"-?\d{1,18}", number):
            raise InputError(f"at must be dimensions such as D=4 or d1=2,d2=3; got {part!r}")
        if name in values:
            raise InputError(f"at must give each dimension once, got {name} twice")
        values[name] = int(number)
    return values


def check_all_occur(declared: list[Any], integrand: Any) -> None:
    """Refuse a declaration that nothing answers to: a slip of the pen would leave its name undeclared."""
    names = {name for item in declared for name in getattr(item, "declared", None) or [item.name]}
    if unused := sorted(names - set(integrand.declared)):
        raise InputError(
            f"--let must declare names that occur, got {', '.join(unused)}; the integrand has "
            f"{', '.join(sorted(integrand.declared)) or 'none'}"
        )


def write_formulas(formulas: list[Formula | EigenvalueFormula], out: Path, **author: dict[str, str]) -> None:
    """Write formulas.tex and formulas.bib."""
    document = export.latex_document(formulas, version=__version__, bibliography="formulas", **author)
    bibliography = f"{export.bibliography_of(formulas)}\n"
    for name, text in (("formulas.tex", document), ("formulas.bib", bibliography)):
        typer.echo(f"wrote {write_whole(out / name, text)}")


def write_derivations(
    formulas: list[Formula | EigenvalueFormula], tex: Path | None, pdf: Path | None
) -> None:
    """Both files, or neither if one cannot be made."""
    document = export.latex_derivations(formulas, version=__version__)
    contents = {tex: document.encode(), pdf: export.pdf_of(document) if pdf is not None else b""}
    for path, content in contents.items():
        if path is None:
            continue
        try:
            path.write_bytes(content)
        except OSError as error:
            raise OutputError(
                f"{path} cannot be written: {error.strerror}; name a file in a folder that exists"
            ) from error
        typer.echo(f"wrote {path}")


def parse_partition(text: str) -> tuple[int, ...]:
    """A partition such as 3,1."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise InputError(f"CYCLE_TYPE must be positive integers with commas, such as 3,1; got {text!r}")
    return tuple(int(part) for part in parts)


def parse_figure(text: str) -> int:
    """The number of a figure."""
    if not text.isdecimal():
        raise InputError(f"FIGURE must be 1, 2 or 3, got {text!r}")
    return int(text)


def print_results(
    results: Sequence[Result], head: dict[str, Any], output_format: str, *, campaign: Campaign | None = None
) -> None:
    """Print results with their verdict; the exit status is 1 if one fails. JSON begins with the fields of ``head``."""
    rows, verdict = list(map(validation.table_row, results)), validation.verdict(results)
    name = "checks" if campaign is None else "results"
    if output_format == "text":
        _print_table(rows)
    show(
        output_format,
        text=lambda: verdict["sentence"],
        latex=lambda: export.latex_table(rows),
        json=lambda: {
            **head,
            **verdict,
            name: [validation.record_of(result, campaign) for result in results],
        },
    )
    if not verdict["passed"]:
        raise typer.Exit(CHECK_FAILED)


def _print_table(rows: list[dict[str, str]]) -> None:
    """One line a claim; those that fail in bold red."""
    table = rich_table.Table(box=None, pad_edge=False)
    for column in ("quantity", "D", "L", "exact", "simulated", "z", "samples", "method"):
        # one line at 80 columns: the long names fold
        table.add_column(column, justify="left" if column in {"quantity", "method"} else "right")
    for row in rows:
        cells = (row[column.header] for column in table.columns)
        table.add_row(*cells, style=None if row["passed"] else "bold red")
    rich_console.Console().print(table)


def run_campaign(
    source: str, seed: int | None, *, ledger: Path | None, workers: int | None, scheduler: str | None
) -> CampaignRun:
    """Run a campaign behind a progress bar, and say what its ledger held."""
    campaign = validation.load_campaign(source)
    if seed is not None:
        campaign = replace(campaign, seed=seed)
    path = ledger or Path(f"{campaign.name}.jsonl")
    with validation.executor(workers=workers, scheduler=scheduler) as pool:
        try:
            with progress("simulating") as told:
                run: CampaignRun = validation.run_campaign(
                    campaign, ledger=path, executor=pool, progress=told
                )
        except KeyboardInterrupt:  # before the executor waits for what its workers have in hand
            kept = f"every finished batch is in {path}, the same command goes on from there"
            typer.echo(f"haarqntk: stopped; {kept}", err=True)
            raise typer.Exit(STOPPED) from None
    if run.truncated:
        typer.echo(
            f"haarqntk: {path} had a truncated last record, {run.truncated[:40]!r}: it does not count",
            err=True,
        )
    if run.num_found:
        typer.echo(f"haarqntk: {run.num_found} batches were in {path}, {run.num_drawn} are new", err=True)
    return run


def run_studies(wanted: Sequence[Study], out: Path | None = None) -> list[Any]:
    """Run studies and figures behind one progress bar, and return what each has seen."""
    with progress_bar() as bar:
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
            ends = ("units.jsonl", "checkpoint.npz") if out else ()
            files = [Path(out or "") / f"{study.name}.{end}" for study in wanted for end in ends]
            kept = [path for path in files if path.exists()]
            after = f"the same command goes on from {kept[0]}" if kept else "nothing was written"
            typer.echo(f"haarqntk: stopped; {after}", err=True)
            raise typer.Exit(STOPPED) from None
    return found


def make_figures(wanted: Iterable[Study], out: Path | None = None) -> list[PaperFigure]:
    """Make figures of the paper behind one progress bar."""
    chosen = list(wanted)
    return [study.figure(seen) for study, seen in zip(chosen, run_studies(chosen, out), strict=True)]


def write_figure(number: int, figure: PaperFigure, out: Path) -> None:
    """Write a figure of the paper, and print its caption and choices."""
    written = studies.write_study(out, figure)
    typer.echo(textwrap.fill(f"Fig. {number}: {figure.caption}", width()))
    for choice in figure.choices:
        typer.echo(textwrap.fill(choice, width(), initial_indent="  - ", subsequent_indent="    "))
    typer.echo("".join(f"wrote {path}\n" for path in written))


def run_study(command: str, what: str, *, out: Path | None, seed: int | None, output_format: str) -> None:
    """Run a study that comes with the library, or a file, and print and write it.

    The exit status is 1 if a statement of a study of training does not hold. Diagnoses, depths and experiments from a
    file have findings, and no failures but bad input.
    """
    one_of("format", output_format, ("text", "json"))
    if seed is not None:
        seed = integer("seed", seed, at_least=0)
    if what.endswith(".toml") or os.sep in what:
        wanted = studies.study_of_file(what, command=command, seed=seed)
    else:
        wanted = studies.study(what, command=command, seed=1 if seed is None else seed)
    if out is not None:
        prepare_folder(out)
    (seen,) = run_studies([wanted], out)
    section: Section = wanted.section(seen)
    if output_format == "json":
        typer.echo(section.json())
    else:
        caption = textwrap.fill(section.figure.caption, width())
        typer.echo(f"{section.plain_text(width=width())}\n\n{caption}")
    for path in studies.write_study(out, section) if out is not None else []:
        typer.echo(f"wrote {path}", err=output_format == "json")
    if wanted.can_fail and any(each.verdict == "does not hold" for each in section.evidence):
        raise typer.Exit(CHECK_FAILED)
