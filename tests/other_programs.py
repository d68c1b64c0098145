"""Programs that tests with a marker run: a real LaTeX, a real browser."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BROWSER = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--virtual-time-budget=5000", "--enable-logging=stderr", "--v=0"),
)
"""Options of a headless Chromium that asks nothing of the network and says what goes wrong."""


def typeset(folder: Path, document: str, *, with_bibliography: bool = False, times: int = 1) -> str:
    """Compile a LaTeX document in the folder; return what the last run printed. A failure fails the test."""
    (folder / "document.tex").write_text(document, encoding="utf-8")
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    commands = [latex] * times
    if with_bibliography:
        commands = [latex, ["bibtex", "document"], latex, latex]
    printed = ""
    for command in commands:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", check=False
        )
        printed = done.stdout
        assert done.returncode == 0, printed[-2000:]
    return printed
