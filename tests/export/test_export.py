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
    from collections.abc import Iterator
    from pathlib import Path

NAMES = hq.formulas()
SPACE = "{http://www.w3.org/1998/Math/MathML}"


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
        assert element.tag == f"{SPACE}math"
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


# -- MathML as browsers lay it out: what latex2mathml writes is corrected ---------------------------------------------


def elements(latex: str) -> Iterator[tuple[str, str]]:
    """Tag and text of every element that is written, in their order."""
    for element in ET.fromstring(mathml(latex)).iter():  # noqa: S314 - our own text
        if element.text or element.tag == f"{SPACE}mspace":
            yield element.tag.removeprefix(SPACE), element.text or ""


@pytest.mark.parametrize("latex", [r"\mathbb E K", r"\mathbb{E}K"])
def test_a_blackboard_letter_is_one(latex: str) -> None:
    assert list(elements(latex)) == [("mi", "𝔼"), ("mi", "K")]


@pytest.mark.parametrize("latex", [r"2\operatorname{Tr}X", r"2\mathrm{Tr} X"])
def test_the_name_of_a_function_is_one_with_thin_spaces(latex: str) -> None:
    thin = ("mspace", "")
    assert list(elements(latex)) == [("mn", "2"), thin, ("mi", "Tr"), thin, ("mi", "X")]


def test_no_space_stands_between_a_function_and_its_brackets() -> None:
    assert list(elements(r"\mathrm{Wg}(\sigma)")) == [("mi", "Wg"), ("mo", "("), ("mi", "σ"), ("mo", ")")]


def test_an_index_keeps_its_base() -> None:
    script = ET.fromstring(mathml(r"x_{\mathrm{Tr}}"))[0][0]  # noqa: S314 - our own text
    assert len(script) == 2  # the base and the index, no space among them


def test_slashes_and_bars_are_tight_and_similar_is_a_relation() -> None:
    text = mathml(r"\langle a|b\rangle/c \sim D")
    assert '<mo lspace="0" rspace="0">/</mo>' in text
    assert '<mo stretchy="false" lspace="0" rspace="0">|</mo>' in text
    assert "<mo>∼</mo>" in text


def test_a_sign_is_told_from_a_difference() -> None:
    sign, difference = '<mo form="prefix">−</mo>', "<mo>−</mo>"
    assert (
        mathml(r"c = -x").count(sign)
        == mathml("-x").count(sign)
        == mathml(r"\left(-x\right)").count(sign)
        == 1
    )
    assert mathml("(a) - |b| - c").count(difference) == 2


def test_brackets_are_stretched_only_around_what_is_higher() -> None:
    assert 'stretchy="true"' not in mathml(r"\left(D - 1\right)^{2}")
    assert mathml(r"\left(\frac{a}{b}\right)").count('stretchy="true"') == 2


@pytest.mark.parametrize("name", NAMES)
def test_every_formula_is_well_formed(name: str) -> None:
    """Eigenvalues were not: their lines and marks of alignment were left as they are."""
    root = ET.fromstring(hq.to_mathml(hq.formula(name)))  # noqa: S314 - our own text
    assert "&" not in "".join(root.itertext())
    tables = list(root.iter(f"{SPACE}mtr"))
    assert len(tables) == (2 if name == "supervised_kernel_eigenvalues" else 0)
