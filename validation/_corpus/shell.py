"""The command line in this process, in a folder of its own, on a terminal of 80 columns."""

from __future__ import annotations

import importlib
import io
import os
import re
import sys
import tempfile
import tomllib
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import haarqntk as hq

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TERMINAL: Final = {"COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1"}
_SECONDS = re.compile(r"\b\d+(?:\.\d+)? (?:s|seconds|min|minutes)\b")
_RECORDED_SECONDS = re.compile(r'"seconds": [\d.]+')
_VERSIONS = re.compile(r'"versions": \{[^}]*\}')


@dataclass(frozen=True)
class Outcome:
    """What a command leaves behind.

    Attributes:
        status: Its exit status.
        stdout: What it prints.
        stderr: What it says beside that.
        files: The texts that it writes, by name; of other files the name alone.
    """

    status: int
    stdout: str
    stderr: str
    files: Mapping[str, str]


@cache
def command_line() -> Callable[[], Any]:
    """The function behind ``haarqntk``: that of the checkout that is imported, else of the installed package."""
    project = Path(hq.__file__).parent.parent / "pyproject.toml"
    if project.exists():
        text = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["scripts"]["haarqntk"]
        module, _, function = text.partition(":")
        return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]
    (script,) = entry_points(group="console_scripts", name="haarqntk")
    return script.load()  # type: ignore[no-any-return]


def run(arguments: tuple[str, ...], files: Mapping[str, str]) -> Outcome:
    """Run one command in a new folder that holds some files; durations, versions and paths are taken out."""
    printed, errors = io.StringIO(), io.StringIO()
    with tempfile.TemporaryDirectory() as name, chdir(name):
        for path, text in files.items():
            Path(path).write_text(text, encoding="utf-8")
        with (
            mock.patch.object(sys, "argv", ["haarqntk", *arguments]),
            mock.patch.object(sys, "excepthook", sys.excepthook),  # Typer puts its own there
            mock.patch.dict(os.environ, TERMINAL),
            redirect_stdout(printed),
            redirect_stderr(errors),
        ):
            status = _status(command_line())
        folder = Path(name).resolve()
        written = {
            str(path.relative_to(folder)): _content(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and str(path.relative_to(folder)) not in files
        }
        written |= {
            path: new for path in files if (new := Path(path).read_text(encoding="utf-8")) != files[path]
        }
    said, warned = (normalised(text, str(folder)) for text in (printed.getvalue(), errors.getvalue()))
    return Outcome(
        status, said, warned, {path: normalised(text, str(folder)) for path, text in written.items()}
    )


def _status(main: Callable[[], Any]) -> int:
    try:
        main()
    except SystemExit as stopped:
        return stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
    return 0


def _content(path: Path) -> str:
    """The text of a file; nothing of pictures and arrays, whose bytes belong to other libraries."""
    if path.suffix in {".json", ".jsonl", ".tex", ".bib", ".html", ".toml"}:
        return path.read_text(encoding="utf-8")
    return "(bytes)"


def normalised(text: str, folder: str = "FOLDER") -> str:
    """A text without what changes from run to run."""
    root = str(Path(hq.__file__).parent.parent)
    for path, name in ((folder, "FOLDER"), (root, "ROOT"), (tempfile.gettempdir(), "TEMP")):
        text = text.replace(path, name)
    text = _VERSIONS.sub('"versions": {}', text)
    return _RECORDED_SECONDS.sub('"seconds": 0', _SECONDS.sub("0 s", text))
