"""What is cited exists, is complete, and is the software's own CITATION.cff."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from shortcuts import closed_form

import haarqntk as hq
from haarqntk.export import bibliography

ROOT = Path(hq.__file__).parents[1]


@pytest.mark.parametrize("name", hq.formulas())
def test_a_citation_has_the_keys_of_the_reference_and_of_the_calculus(name: str) -> None:
    cited = hq.citation(hq.formula(name))
    named = set(re.findall(r"[a-z]+\d{4}", hq.formula(name).reference))
    assert named | {"collins2006", "haarqntk"} <= set(cited.keys)
    assert named <= set(bibliography())
    assert str(cited) == repr(cited)
    assert [entry.split("{")[1].split(",")[0] for entry in str(cited).split("\n\n")] == list(cited.keys)
    assert str(cited).count("{") == str(cited).count("}")


def test_other_results_are_cited_by_what_they_rest_on() -> None:
    ratio = closed_form("kernel_variance") / closed_form("kernel_mean") ** 2
    assert hq.citation(ratio).keys == ("liu2023", "zhang2024", "collins2003", "collins2006", "haarqntk")
    assert hq.citation(hq.weingarten((2,))).keys == ("collins2003", "collins2006", "haarqntk")
    assert "matsumoto2013" in hq.citation(hq.weingarten((2,), group="symplectic")).keys


def test_the_software_s_entry_says_what_citation_cff_says() -> None:
    cff = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    entry = bibliography()["haarqntk"].replace("{", "").replace("}", "")
    for pattern in (
        r'^title: "(.*)"',
        r'^  - name: "(.*)"',
        r"^version: (.*)",
        r"^date-released: (\d{4})",
        r"^license: (.*)",
    ):
        found = re.search(pattern, cff, re.MULTILINE)
        assert found is not None
        assert found[1] in entry


def test_every_key_in_the_package_and_the_derivations_is_in_the_bibliography() -> None:
    texts = [
        path.read_text(encoding="utf-8")
        for folder, pattern in (("haarqntk", "**/*.py"), ("derivations", "*.md"))
        for path in (ROOT / folder).glob(pattern)
    ]
    keys = {key for text in texts for key in re.findall(r"\b[a-z]{3,}(?:19|20)\d{2}\b", text)}
    assert keys <= set(bibliography())
    assert len(keys) > 8
