"""LaTeX into PDF, with the pdflatex of the machine."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from haarqntk.errors import OutputError

_RUNS = 2  # the second one knows the citations
_SECONDS = 120


def pdf_of(tex: str) -> bytes:
    """The PDF of a LaTeX document.

    Raises:
        OutputError: If pdflatex is not installed, refuses the document, or does not finish.
    """
    program = shutil.which("pdflatex")
    if program is None:
        raise OutputError(
            "pdf needs pdflatex, which is not on this machine; install texlive-latex-recommended (Debian, Ubuntu) "
            "or write the source with --tex"
        )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "document.tex").write_text(tex, encoding="utf-8")
        command = [program, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "document.tex"]
        for _ in range(_RUNS):
            done = _run(command, folder)
            if done.returncode:
                wrong = next(
                    (line for line in done.stdout.splitlines() if line.startswith("!")), "no message"
                )
                raise OutputError(
                    f"pdf could not be set: pdflatex says {wrong[2:]!r}; write the source with --tex"
                )
        return (Path(folder) / "document.pdf").read_bytes()


def _run(command: list[str], folder: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - our own document, and no shell
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OutputError(
            f"pdf could not be set: pdflatex did not finish in {_SECONDS} s; write the source with --tex"
        ) from None
