"""Every notebook is executed afresh in a kernel of its own; its outputs are those that it was stored with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
NOTEBOOKS = sorted(path.stem for path in (DOCS / "notebooks").glob("*.ipynb"))
CURE = "run python docs/execute.py and look at what changed"


def cells(path: Path) -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def outputs(cell: dict[str, Any]) -> list[object]:
    """What a cell shows as text, with the kinds of everything that it shows; the bytes of a picture are left out."""
    shown: list[object] = []
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            shown.append((output["name"], "".join(output["text"])))
        else:
            data = output["data"]
            texts = {kind: "".join(text) for kind, text in data.items() if kind.startswith("text/")}
            shown.append((sorted(data), texts))
    return shown


def differences(stored: Path, fresh: Path) -> list[tuple[int, object, object]]:
    """Cells with other outputs: their number, what is stored, what is shown now."""
    pairs = zip(cells(stored), cells(fresh), strict=True)
    found = [(number, outputs(old), outputs(new)) for number, (old, new) in enumerate(pairs)]
    return [entry for entry in found if entry[1] != entry[2]]


def test_there_are_four_notebooks() -> None:
    assert NOTEBOOKS == ["barren_plateaus", "refereeing_a_paper", "start_here", "your_own_moment"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_shows_what_it_was_stored_with(name: str, tmp_path: Path) -> None:
    stored = DOCS / "notebooks" / f"{name}.ipynb"
    script = [sys.executable, str(DOCS / "execute.py"), name, "--out", str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert differences(stored, tmp_path / stored.name) == [], CURE


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_stored_outputs_are_those_of_one_run_without_errors(name: str) -> None:
    stored = cells(DOCS / "notebooks" / f"{name}.ipynb")
    assert [cell["execution_count"] for cell in stored] == list(range(1, len(stored) + 1))
    kinds = {output["output_type"] for cell in stored for output in cell["outputs"]}
    assert "error" not in kinds
    assert all("stderr" not in output.values() for cell in stored for output in cell["outputs"])


def test_a_changed_output_is_found(tmp_path: Path) -> None:
    stored = DOCS / "notebooks" / "start_here.ipynb"
    assert differences(stored, stored) == []
    text = stored.read_text(encoding="utf-8")
    assert text.count("(Fraction(316, 21), Fraction(316, 21))") == 1
    changed = tmp_path / "changed.ipynb"
    changed.write_text(text.replace("(Fraction(316, 21), F", "(Fraction(317, 21), F"), encoding="utf-8")
    ((number, _, _),) = differences(stored, changed)
    assert number == 1
