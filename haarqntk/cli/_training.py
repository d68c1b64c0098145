"""The commands ``haarqntk train | diagnose | depth``: a study that comes with the library, or a file.

The exit status is 1 if a statement of a study of training does not hold. Diagnoses,
depths and experiments from a file have findings, and no failures but bad input.
"""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from haarqntk.base import LazyModule
from haarqntk.cli import _terminal as terminal

if TYPE_CHECKING:
    from haarqntk.export import Section

arguments = LazyModule("haarqntk.checks")
output = LazyModule("haarqntk.base")
studies = LazyModule("haarqntk.studies")

_FORMATS = ("text", "json")
Out = Annotated[
    Path | None,
    typer.Option(help="A folder for the study as JSON, SVG and PDF; a killed training goes on from it."),
]
Format = Annotated[str, typer.Option("--format", help="text or json.", metavar="FORMAT")]
Seed = Annotated[int | None, typer.Option(help="Seed, an integer ≥ 0; that of the file, or 1.")]


def train(
    what: Annotated[
        str, typer.Argument(help="law, lazy, deep, labels, phases, or a file .toml.", metavar="STUDY|FILE")
    ],
    *,
    out: Out = None,
    seed: Seed = None,
    output_format: Format = "text",
) -> None:
    """Train circuits, and hold predictions against the runs.

    The studies show what the exact moments predict of training, and where the frozen kernel fails. A file describes an
    experiment of your own: circuit, observable, data, learning rate and steps; a killed run goes on where it was.
    """
    _run("train", what, out=out, seed=seed, output_format=output_format)


def diagnose(
    what: Annotated[str, typer.Argument(help="diagnostics, or a file .toml.", metavar="STUDY|FILE")],
    *,
    out: Out = None,
    seed: Seed = None,
    output_format: Format = "text",
) -> None:
    """Diagnose a circuit before it is trained: kernel spectrum, step size, decay time, inference.

    The study compares two ansatzes and two encodings. A file describes a circuit, an observable and data of your own.
    """
    _run("diagnose", what, out=out, seed=seed, output_format=output_format)


def depth(
    what: Annotated[str, typer.Argument(help="depth, or a file .toml.", metavar="STUDY|FILE")],
    *,
    out: Out = None,
    seed: Seed = None,
    output_format: Format = "text",
) -> None:
    """Find the depth from which a real circuit's kernel is that of Haar-random circuits.

    Simulates mean and fluctuation of kernel and meta-kernel at every number of layers of the file, and compares them
    with the exact values.
    """
    _run("depth", what, out=out, seed=seed, output_format=output_format)


def _run(command: str, what: str, *, out: Path | None, seed: int | None, output_format: str) -> None:
    output_format = arguments.one_of("format", output_format, _FORMATS)
    if seed is not None:
        seed = arguments.integer("seed", seed, at_least=0)
    if what.endswith(".toml") or os.sep in what:
        wanted = studies.study_of_file(what, command=command, seed=seed)
    else:
        wanted = studies.study(what, command=command, seed=1 if seed is None else seed)
    if out is not None:
        output.prepare_folder(out)
    (seen,) = terminal.run_studies([wanted], out)
    section: Section = wanted.section(seen)
    if output_format == "json":
        typer.echo(section.json())
    else:
        width = terminal.width()
        typer.echo(f"{section.plain_text(width=width)}\n\n{textwrap.fill(section.figure.caption, width)}")
    for path in studies.write_study(out, section) if out is not None else []:
        typer.echo(f"wrote {path}", err=output_format == "json")
    if wanted.can_fail and any(each.verdict == "does not hold" for each in section.evidence):
        raise typer.Exit(terminal.CHECK_FAILED)
