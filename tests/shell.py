"""The command line as a person runs it: in a process of its own, on a terminal of 80 columns."""

from __future__ import annotations

import os
import subprocess
import sys

COMMAND = (sys.executable, "-c", "from haarqntk.cli import main; main()")
ENVIRONMENT = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}


def haarqntk(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )


def refused(*arguments: str) -> str:
    """The one line that the command prints when it refuses its input."""
    result = haarqntk(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.splitlines()
    return line
