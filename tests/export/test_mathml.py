"""MathML as browsers lay it out: what latex2mathml writes is corrected, and is well-formed for every result."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

import haarqntk as hq
from haarqntk.export import mathml

if TYPE_CHECKING:
    from collections.abc import Iterator

SPACE = "{http://www.w3.org/1998/Math/MathML}"


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


@pytest.mark.parametrize("name", hq.formulas())
def test_every_formula_is_well_formed(name: str) -> None:
    """Eigenvalues were not: their lines and marks of alignment were left as they are."""
    root = ET.fromstring(hq.to_mathml(hq.formula(name)))  # noqa: S314 - our own text
    assert "&" not in "".join(root.itertext())
    tables = list(root.iter(f"{SPACE}mtr"))
    assert len(tables) == (2 if name == "supervised_kernel_eigenvalues" else 0)
