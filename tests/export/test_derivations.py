"""Derivations as text for others: the checked-in documents, the LaTeX document, the bibliography."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from other_programs import typeset

import haarqntk as hq
from haarqntk.errors import OutputError
from haarqntk.export import json_text, latex_derivations, pdf_of, record_of_derivation, with_steps

ROOT = Path(__file__).parents[2]
DERIVATIONS = ROOT / "derivations"
DOCUMENTS = sorted(path.name for path in DERIVATIONS.glob("[0-9][0-9]_*.md"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_holds_the_steps_that_the_engine_takes(name: str) -> None:
    text = (DERIVATIONS / name).read_text(encoding="utf-8")
    assert with_steps(text) == text, "run python derivations/build.py"


def test_every_formula_has_its_steps_in_the_document_that_it_names() -> None:
    table = (DERIVATIONS / "README.md").read_text(encoding="utf-8")
    for name in hq.formulas():
        (document,) = re.findall(rf"^\| `{name}` \| \[\d\d\]\((.*)\) \|$", table, flags=re.MULTILINE)
        assert f"<!-- steps of {name}:" in (DERIVATIONS / document).read_text(encoding="utf-8")
        assert f"derivations/{document}" in hq.formula(name).reference


def test_the_table_of_formulas_is_the_one_that_is_written() -> None:
    script = [sys.executable, "-c", "import build; print(build.with_table(open('README.md').read()), end='')"]
    done = subprocess.run(script, cwd=DERIVATIONS, capture_output=True, text=True, check=True)
    assert done.stdout == (DERIVATIONS / "README.md").read_text(encoding="utf-8"), (
        "run python derivations/build.py"
    )


def test_a_typed_number_would_be_found() -> None:
    text = (DERIVATIONS / "03_kernel_mean.md").read_text(encoding="utf-8")
    assert with_steps(text.replace(r"$- 2 D^{2}$", r"$- 3 D^{2}$")) == text


def test_the_record_is_json_and_holds_every_step() -> None:
    record = json.loads(json_text(record_of_derivation(hq.formula("meta_kernel_mean").explain())))
    assert record["averages"][0]["agrees"] is True
    assert [pattern["count"] for pattern in record["averages"][0]["patterns"]] == [1, 2]
    assert {"left", "right", "latex"} in [set(block) for step in record["steps"] for block in step["blocks"]]


def test_a_machine_without_latex_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        OutputError, match="pdf needs pdflatex, which is not on this machine; install texlive"
    ):
        pdf_of("")


def test_a_document_that_is_never_done_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(command: list[str], *, timeout: float, **_: object) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr("shutil.which", lambda _: "pdflatex")
    monkeypatch.setattr("subprocess.run", hangs)
    with pytest.raises(OutputError, match=r"pdflatex did not finish in 120 s; write the source with --tex"):
        pdf_of("")


@pytest.mark.latex
def test_a_document_that_does_not_compile_is_an_error_of_one_line() -> None:
    with pytest.raises(OutputError, match=r"pdflatex says 'Undefined control sequence\.'"):
        pdf_of(r"\documentclass{article}\begin{document}\undefined\end{document}")


@pytest.mark.latex
def test_all_derivations_compile_without_overfull_boxes(tmp_path: Path) -> None:
    document = latex_derivations([hq.formula(name) for name in hq.formulas()], version="test")
    printed = typeset(tmp_path, document, times=2)
    assert "Overfull" not in printed
    assert "LaTeX Warning" not in printed
    assert pdf_of(document).startswith(b"%PDF")
