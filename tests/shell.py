"""The command line as a person runs it, on a terminal of 80 columns: in this process, or in one of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest

from haarqntk.cli._commands import main

COMMAND = (sys.executable, "-c", "from haarqntk.cli._commands import main; main()")
TERMINAL = {"COLUMNS": "80", "NO_COLOR": "1"}
ENVIRONMENT = {**os.environ, **TERMINAL}


def haarqntk(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in this process: another one would take a second to import what is here already."""
    printed, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(errors):
        patch.setattr(sys, "argv", ["haarqntk", *arguments])
        patch.setattr(sys, "excepthook", sys.excepthook)  # Typer puts its own there
        for name, value in TERMINAL.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as stopped:
            main()
    status = stopped.value.code or 0
    assert isinstance(status, int)
    return subprocess.CompletedProcess(arguments, status, printed.getvalue(), errors.getvalue())


def in_a_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    return python(*COMMAND[1:], *arguments, check=False, env=ENVIRONMENT)


def python(*arguments: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run Python anew: a script with its arguments, or "-c" and a text."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=check, **options)


def refused(*arguments: str) -> str:
    """The one line that the command prints when it refuses its input."""
    return refusal(haarqntk(*arguments))


def refusal(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.splitlines()
    return line
