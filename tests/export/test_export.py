"""Texts that are pasted elsewhere: LaTeX that compiles and reads back, MathML that is well formed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from other_programs import typeset

import haarqntk as hq
from haarqntk.export import (
    Line,
    Panel,
    PaperFigure,
    Points,
    latex_document,
    latex_lines,
    latex_table,
    mathml,
    plain_text,
)

if TYPE_CHECKING:
    from pathlib import Path

NAMES = hq.formulas()


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_equation_balances_its_brackets_and_fits(name: str) -> None:
    lines = latex_lines(hq.formula(name))
    text = " ".join(lines)
    for opening, closing in (("{", "}"), (r"\left(", r"\right)"), (r"\Bigl(", r"\Bigr)")):
        assert text.count(opening) == text.count(closing)


@pytest.mark.parametrize("name", NAMES)
def test_every_line_is_well_formed_mathml(name: str) -> None:
    formula = hq.formula(name)
    for line in (formula.definition_latex, *latex_lines(formula, width=60)):
        element = ET.fromstring(mathml(line))  # noqa: S314 - our own text
        assert element.tag == "{http://www.w3.org/1998/Math/MathML}math"
        assert "\\" not in "".join(element.itertext())  # no command is left untranslated


@pytest.mark.parametrize("name", NAMES)
def test_plain_text_can_be_pasted_back(name: str) -> None:
    lines = plain_text(hq.formula(name), width=60).splitlines()
    assert max(map(len, lines)) <= 80
    assert str(hq.formula(name)).replace(" ", "").replace("\n", "") in "".join(lines[2:-2]).replace(" ", "")


def test_a_plot_is_the_same_for_the_same_data_and_says_what_it_shows() -> None:
    points = Points("first", "D = 2", [1.0], [1.1], [0.1])
    panel = Panel("$L$", "$K$", lines=[Line("first", "", [1, 2], [1.0, 2.0])], points=[points])
    first, second = (PaperFigure("plot", "a line", "", (), {}, (panel,)).svg() for _ in range(2))
    assert first == second
    assert first.startswith('<svg role="img" aria-label="a line"')


def test_a_table_escapes_its_names() -> None:
    assert latex_table([{"quantity": "kernel_mean"}]).splitlines()[2] == r"kernel\_mean \\"


@pytest.mark.latex
def test_the_document_compiles_without_overfull_boxes(tmp_path: Path) -> None:
    document = latex_document([hq.formula(name) for name in NAMES], version="test")
    printed = typeset(tmp_path, document)
    assert (tmp_path / "document.pdf").stat().st_size > 10_000
    assert "Overfull" not in printed
    assert "LaTeX Warning" not in printed
