"""What the command line prints and reads: formulas and steps in every format, tables, progress bars, small values.

A front door: it sees the exact rooms and their texts, and keeps ``cli.py`` to the commands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import typer

from haarqntk import __version__
from haarqntk.base import LazyModule
from haarqntk.errors import InputError, OutputError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.progress import Progress

    from haarqntk.qntk import EigenvalueFormula, Formula

export = LazyModule("haarqntk.export")
qntk = LazyModule("haarqntk.qntk")
rich_progress = LazyModule("rich.progress")
rich_console = LazyModule("rich.console")
rich_table = LazyModule("rich.table")


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


def print_formulas(
    formulas: list[Formula | EigenvalueFormula], output_format: str, **author: dict[str, str]
) -> None:
    """Print closed forms in one of the formats of ``derive``; ``author`` has the letters and macros for LaTeX."""
    if output_format == "json":
        typer.echo(export.to_json(formulas))
        return
    options = {"text": {"width": rich_console.Console().width}, "latex": author}.get(output_format, {})
    texts = [export.FORMATS[output_format](value, **options) for value in formulas]
    typer.echo("\n\n".join(text.rstrip("\n") for text in texts))


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


def print_steps(formulas: list[Formula | EigenvalueFormula], output_format: str) -> None:
    """Print the steps from the definition to the closed form."""
    if output_format == "latex":
        typer.echo(export.latex_derivations(formulas, version=__version__))
        return
    derivations = [value.explain() for value in formulas]
    if output_format == "json":
        typer.echo(export.json_text([export.record_of_derivation(each) for each in derivations]))
    elif output_format == "markdown":
        typer.echo("\n\n".join(f"# {d.name}\n\n{export.markdown_steps(d.steps())}" for d in derivations))
    else:
        width = rich_console.Console().width
        typer.echo("\n\n".join(qntk.as_text(d.name, d.steps(), width=width) for d in derivations))


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


def print_table(rows: list[dict[str, str]]) -> None:
    """Print one line a check; those that fail in bold red."""
    table = rich_table.Table(box=None, pad_edge=False)
    for column in ("quantity", "D", "L", "exact", "simulated", "z", "samples", "method"):
        table.add_column(column, justify="left" if column in {"quantity", "method"} else "right")
        # one line a check at 80 columns: the long names fold
    for row in rows:
        table.add_row(
            *(row[column.header] for column in table.columns), style=None if row["passed"] else "bold red"
        )
    rich_console.Console().print(table)
