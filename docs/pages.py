"""The generated pages of the site: the public names, the command line, the bibliography and the figures."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from architecture import architecture_page

import haarqntk as hq
from haarqntk.cli import _commands as cli
from haarqntk.export import Section, bibliography
from haarqntk.studies import STUDIES, figures, recorded_sections, run_study

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

# Pages in the order of reading; a room that is not named comes after these.
TITLES = {
    "qntk": "Formulas and moments",
    "circuits": "Circuits",
    "haar": "Haar integrals",
    "designs": "Designs and twirls",
    "groups": "Weingarten functions",
    "montecarlo": "Simulation",
    "training": "Diagnostics of models",
    "studies": "Figures of diagnoses",
    "export": "Exports",
    "algebra": "Symbols",
}
# Values that public functions return under a name that is not public: what one does with them is on the page too.
RETURNED = {"circuits": ("Expression", "Output"), "export": ("Citation",)}
SYMBOLS = {
    "D": "The dimension of the Hilbert space, a positive integer as a SymPy symbol.",
    "L": "The number of layers, each with an angle of its own, a positive integer as a SymPy symbol.",
}
WEB = {"doi": "https://doi.org/", "eprint": "https://arxiv.org/abs/"}
ACCENTS = {r"{\^\i}": "î", r"{\'S}": "Ś", r"{\'s}": "ś", r"{\'e}": "é", r"{\"o}": "ö", r"{\"u}": "ü"}


def write_pages(folder: Path) -> None:
    """Write every generated page but the figures into the folder of the sources."""
    (folder / "api").mkdir()
    for name, text in api_pages().items():
        (folder / "api" / f"{name}.rst").write_text(text, encoding="utf-8")
    (folder / "command_line.md").write_text(command_line_page(), encoding="utf-8")
    (folder / "bibliography.md").write_text(bibliography_page(), encoding="utf-8")
    (folder / "training.md").write_text(training_page(), encoding="utf-8")
    (folder / "architecture.md").write_text(architecture_page(), encoding="utf-8")


def rooms() -> dict[str, list[str]]:
    """The public names by the room that they live in."""
    found: dict[str, list[str]] = {room: [] for room in TITLES}
    for name in hq.__all__:
        value = getattr(hq, name)
        if not inspect.ismodule(value):
            room = value.__module__ if inspect.isroutine(value) or inspect.isclass(value) else ""
            found.setdefault(room.split(".")[1] if room else "algebra", []).append(name)
    return found


def api_pages() -> dict[str, str]:
    """Name → text of the pages of the public names, in reStructuredText, which autodoc speaks."""
    modules = [name for name in hq.__all__ if inspect.ismodule(getattr(hq, name))]
    pages = {room.strip("_"): _room_page(room, names) for room, names in rooms().items() if names}
    pages |= {f"hq_{name}": _module_page(getattr(hq, name)) for name in modules}
    pages["errors"] = _errors_page()
    listed = [f"   {name}" for name in pages]
    text = [*_heading("Public names"), "Written ``hq.…`` after ``import haarqntk as hq``.", ""]
    text += [".. toctree::", "   :maxdepth: 1", "", *listed, ""]
    for name in sorted({*hq.__all__} - {*modules}, key=str.lower):
        text.append(f":py:obj:`{name} <haarqntk.{name}>`")
        text.append("   " + _summary(name).replace("|", r"\|"))
    return {"index": "\n".join([*text, ""]), **pages}


def _summary(name: str) -> str:
    return SYMBOLS.get(name) or (inspect.getdoc(getattr(hq, name)) or "").split("\n\n")[0].replace("\n", " ")


def _heading(text: str, mark: str = "=") -> list[str]:
    return [text, mark * len(text), ""]


def _room_page(room: str, names: list[str]) -> str:
    title = TITLES.get(room, room.replace("_", " "))
    text = [*_heading(title), ".. currentmodule:: haarqntk", ""]
    if room != "_symbols":
        text += [(inspect.getdoc(import_module(f"haarqntk.{room}")) or "").split("\n\n")[0], ""]
    functions = [name for name in names if inspect.isroutine(getattr(hq, name))]
    classes = [name for name in names if inspect.isclass(getattr(hq, name))]
    for name in (name for name in names if name not in {*functions, *classes}):
        text += [f".. py:data:: {name}", "", f"   {_summary(name)}", ""]
    for name in functions:
        text += [f".. autofunction:: haarqntk.{name}", ""]
    for name in classes:
        text += _class(f"haarqntk.{name}")
    for name in RETURNED.get(room, ()):
        text += _class(f"haarqntk.{room}.{name}")
    return "\n".join(text)


def _class(path: str) -> list[str]:
    return [f".. autoclass:: {path}", "   :members:", "   :inherited-members: object, tuple", ""]


def _module_page(module: ModuleType) -> str:
    """A room that is public as a whole: what its ``__all__`` names."""
    name = module.__name__
    text = [*_heading(name.replace("haarqntk.", "hq.")), f".. automodule:: {name}", ""]
    for member in module.__all__:
        path = f"{name}.{member}"
        value = getattr(module, member)
        if member in hq.__all__:
            text += [
                f":py:obj:`{member} <haarqntk.{member}>` is ``hq.{member}`` too, and described there.",
                "",
            ]
            continue
        text += _class(path) if inspect.isclass(value) else [_directive(value, path), ""]
    return "\n".join(text)


def _directive(value: Any, path: str) -> str:
    return f".. auto{'function' if inspect.isroutine(value) else 'data'}:: {path}"


def _errors_page() -> str:
    return "\n".join(
        [*_heading("Errors"), ".. automodule:: haarqntk.errors", "   :members:", "   :show-inheritance:", ""]
    )


def command_line_page() -> str:
    """What every command prints for ``--help``."""
    text = ["# Command line", "", "What `--help` prints.", ""]
    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    for command in ("", *commands):
        script = [
            sys.executable,
            "-c",
            "from haarqntk.cli import main; main()",
            *command.split(),
            "--help",
        ]
        environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}
        done = subprocess.run(script, capture_output=True, text=True, check=True, env=environment)
        text += [f"## haarqntk {command}".rstrip(), "", "```text", done.stdout.strip(), "```", ""]
    return "\n".join(text)


def bibliography_page() -> str:
    """Every entry of the bibliography with its key, as a target for links."""
    text = ["# Bibliography", "", "The keys that docstrings and derivations use.", ""]
    for key, entry in sorted(bibliography().items()):
        if key != "haarqntk":
            text += [f"(ref-{key})=", f"`{key}`", f": {_sentence(dict(_fields(entry)))}", ""]
    return "\n".join([*text, ""])


def _fields(entry: str) -> Iterator[tuple[str, str]]:
    for name, value in re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},?$", entry, re.MULTILINE):
        text = value.replace("---", "—").replace("--", "–")
        for accent, letter in ACCENTS.items():
            text = text.replace(accent, letter)
        yield name, re.sub(r"[{}]", "", text)


def _sentence(fields: dict[str, str]) -> str:
    authors = [" ".join(reversed(name.split(", "))) for name in fields["author"].split(" and ")]
    names = ", ".join(authors[:-1]) + (" and " if len(authors) > 1 else "") + authors[-1]
    home = " ".join(fields[name] for name in ("journal", "booktitle", "publisher") if name in fields)
    numbers = ", ".join(fields[name] for name in ("volume", "pages") if name in fields)
    links = [f"[{fields[name]}]({WEB[name]}{fields[name]})" for name in WEB if name in fields]
    place = ", ".join(
        part for part in (f"*{home}* {numbers}".strip() if home else "", fields["year"]) if part
    )
    return ". ".join(part for part in (names, fields["title"], place, ", ".join(links)) if part) + "."


def training_page() -> str:
    """The recorded studies of training: statements with their evidence, and figures that take the page's colours."""
    text = [
        "# Training",
        "",
        "What the exact moments predict of training, beside gradient descent on simulated circuits,",
    ]
    text += ["which shares no code with the predictions. Each study is a recorded run."]
    for section in recorded_sections([study.name for study in STUDIES]):
        text += ["", f"## {section.title}", "", section.text, ""]
        text += ["| statement | predicted | seen | distance | verdict |", "|---|---|---|---|---|"]
        text += [_row(section, place) for place in range(len(section.evidence))]
        text += ["", "```{raw} html", f'<div class="figure">{section.figure.svg()}</div>', "```", ""]
        text += [section.figure.caption, ""]
        text += [f"- {choice}" for choice in section.figure.choices]
        text += ["", "```sh", section.command, "```"]
    return "\n".join([*text, ""])


def _row(section: Section, place: int) -> str:
    each = section.evidence[place]
    cells = (
        each.statement,
        each.predicted,
        each.seen,
        each.distance,
        "holds" if each.holds else "does not hold",
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def write_figures(folder: Path, *, samples: int, instances: int) -> None:
    """Make the figures of the paper again and write their page; drawn in the page, they take its colours."""
    text = ["# Figures", ""]
    text += [
        f"Figs. 1–3 of {{ref}}`[liu2023] <ref-liu2023>`, made again as `haarqntk figures` does: {samples} draws"
    ]
    text += [f"of the angles in Fig. 1, {instances} initialisations in Fig. 2 and instances in Fig. 3."]
    for number, study in figures(samples=samples, instances=instances).items():
        figure = study.figure(run_study(study))
        text += [
            "",
            f"## Fig. {number}",
            "",
            "```{raw} html",
            f'<div class="figure">{figure.svg()}</div>',
            "```",
            "",
        ]
        text += [figure.caption, "", "What the paper does not state, and what is taken here:", ""]
        text += [f"- {choice}" for choice in figure.choices]
    (folder / "figures.md").write_text("\n".join([*text, ""]), encoding="utf-8")
