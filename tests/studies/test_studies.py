"""The studies, small: their statements, that a wrong prediction is refused, that the same seed makes the same study."""

from __future__ import annotations

import functools
import json
import operator
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import haarqntk as hq
from haarqntk.errors import InputError, InputTypeError
from haarqntk.export import Evidence, Section, bibliography, read_section
from haarqntk.montecarlo import samples_for_verdict
from haarqntk.studies import STUDIES, figures, ledger_of, recorded_sections, run_study, write_study
from haarqntk.studies._experiment import CircuitChoice
from haarqntk.studies._law import CASES
from haarqntk.studies._regimes import Lazy
from haarqntk.studies._study import Sample, within

if TYPE_CHECKING:
    from pathlib import Path

SMALL: dict[str, dict[str, Any]] = {
    "law": {"samples": 1_000, "runs": 3},
    "lazy": {"runs": 4},
    "deep": {"depths": (8, 32, 64), "circuits": 4, "runs": 4},
    "labels": {"layers": 32, "runs": 4, "steps": 300},
    "phases": {"layers": 32},
    "diagnostics": {"layers": (1, 2), "steps": 4},
    "depth": {"circuit": CircuitChoice("hardware_efficient", 4, (1, 8)), "samples": 40},
}


def small(name: str, seed: int = 3) -> Any:
    (study,) = (each for each in STUDIES if each.name == name)
    return replace(study, seed=seed, **SMALL[name])  # type: ignore[type-var]


def made(name: str, seed: int = 3) -> tuple[Section, float]:
    shares: list[float] = []
    study = small(name, seed)
    return study.section(run_study(study, progress=shares.append)), sum(shares)


def test_every_study_is_tried_here() -> None:
    assert [each.name for each in STUDIES] == list(SMALL)


@pytest.mark.parametrize("name", SMALL)
def test_a_small_study_holds_is_written_and_read_and_can_be_drawn(name: str) -> None:
    section, work = made(name)
    assert work == pytest.approx(1)
    assert section.name == name
    if name not in {"diagnostics", "depth"}:  # whose statements are findings
        # a few runs are no verdict; the recorded study has as many as a verdict takes
        assert [each.statement for each in section.evidence if each.verdict == "does not hold"] == []
        assert any(each.holds for each in section.evidence)
    (recorded,) = recorded_sections([name])  # says what the code of today says
    assert without_numbers(section) == without_numbers(recorded)
    again = read_section(section.json())
    assert again.json() == section.json()
    assert again.figure.svg() == section.figure.svg()
    assert all(len(line) <= 80 for line in section.plain_text(width=80).splitlines())
    assert f"haarqntk {next(each.command for each in STUDIES if each.name == name)} {name}" in section.command


def test_the_same_seed_makes_the_same_study() -> None:
    assert made("depth")[0].json() == made("depth")[0].json()
    assert made("depth")[0].json() != made("depth", seed=4)[0].json()


@pytest.mark.parametrize("name", ["phases", "depth"])
def test_a_killed_study_goes_on_from_its_finished_units_to_the_same_section(
    name: str, tmp_path: Path
) -> None:
    study = small(name)
    num_units = len(list(study.units()))

    def stop(_: float) -> None:
        if ledger_of(tmp_path, name).read_text().count("\n") == num_units - 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(study, folder=tmp_path, progress=stop)
    lines = ledger_of(tmp_path, name).read_text().splitlines()
    assert [json.loads(line)["unit"] for line in lines] == [unit.name for unit in study.units()][:-1]
    other = replace(study, seed=4)  # whose units have other keys
    assert not {json.loads(line)["key"] for line in lines} & {other.key(unit) for unit in other.units()}
    again = study.section(run_study(study, folder=tmp_path))
    assert len(ledger_of(tmp_path, name).read_text().splitlines()) == num_units
    assert again.json() == made(name)[0].json()
    write_study(tmp_path, again)
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.{end}" for end in ("json", "svg", "pdf")}


def test_a_changed_record_of_a_unit_is_refused_and_kept(tmp_path: Path) -> None:
    study, ledger = small("depth"), ledger_of(tmp_path, "depth")
    run_study(study, folder=tmp_path)
    first, *rest = ledger.read_text().splitlines()
    good, found = json.loads(first), json.loads(first)["found"]
    wrong: list[dict[str, Any]] = [{"found": found | {"kernel_mean": value}} for value in ("x", [1.0, 2.0])]
    for changes in (*wrong, {"found": {}}, {"key": [1]}, {"digest": "0"}):
        ledger.write_text("\n".join([json.dumps(good | changes), *rest, ""]))
        before = ledger.read_bytes()
        with pytest.raises(
            InputError, match=r"jsonl, line 1: the record of a .* was changed, .*; restore the"
        ):
            run_study(study, folder=tmp_path)
        assert ledger.read_bytes() == before


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schema_version", 0, "x.json: schema_version must be 1, got 0; make the study again"),
        ("title", 1, "x.json, field title: Expected `str`, got `int`; make the study again"),
        ("evidence", [], "x.json: evidence must have at least one statement, got none"),
        ("figure name", "a b", "field figure: name must be a word of letters, digits, - and _, got 'a b'"),
        ("figure panels 0 lines 0 kind", "exat", "field figure.panels[0].lines[0]: unknown kind 'exat'"),
        ("figure panels 0 lines 0 y", [1], "y must be 41 numbers, as its abscissae, got '1'"),
        ("figure panels 0 lines 0 y", [1e999] * 41, "y must be a list of finite numbers, got '[inf"),
        ("figure panels 0 colour", 1, "field figure.panels[0]: Object contains unknown field `colour`"),
    ],
)
def test_a_damaged_or_older_study_is_refused_in_one_line(path: str, value: object, message: str) -> None:
    (recorded,) = recorded_sections(["phases"])
    record = json.loads(recorded.json())
    *steps, last = (int(step) if step.isdigit() else step for step in path.split())
    functools.reduce(operator.getitem, steps, record)[last] = value
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        read_section(json.dumps(record), origin="x.json")
    assert "\n" not in str(caught.value)


def test_a_study_names_its_sources_and_has_a_unit_of_each_name() -> None:
    for study in (*STUDIES, *figures().values()):
        assert study.source in bibliography()
        names = [unit.name for unit in study.units()]
        assert len(names) == len({*names})


@pytest.mark.parametrize("section", recorded_sections([each.name for each in STUDIES]), ids=lambda s: s.name)
def test_the_recorded_statements_hold(section: Section) -> None:
    assert any(each.holds for each in section.evidence)
    if section.name not in {"diagnostics", "depth"}:  # where what was not seen is said so
        assert [each.statement for each in section.evidence if each.verdict == "does not hold"] == []


def without_numbers(section: Section) -> list[str]:
    return [re.sub(r"[-−]?\d[\d.,]*", "#", each.statement) for each in section.evidence]


def test_the_recorded_law_has_the_brackets_of_today() -> None:
    (recorded,) = recorded_sections(["law"])
    for place, case in enumerate(CASES):
        curves = recorded.figure.data[f"case_{place}"]
        assert isinstance(curves, dict)
        lower, upper = case.bracket()
        assert np.allclose(curves["lower"], lower, rtol=1e-7)
        assert np.allclose(curves["upper"], upper, rtol=1e-7)


def test_the_recorded_lazy_runs_have_the_exact_kernel_of_today() -> None:
    (recorded,) = recorded_sections(["lazy"])
    assert recorded.figure.data["exact"] == pytest.approx(Lazy().exact_mean(), rel=1e-12)


def refused(evidence: Evidence) -> bool:
    return not evidence.holds


def test_evidence_holds_within_four_standard_errors_and_not_beyond() -> None:
    sample = Sample(mean=1.0, error=0.1, samples=100)
    assert sample.agreement("", predicted=1.39).holds
    assert refused(sample.agreement("", predicted=1.41))
    assert refused(sample.agreement("", predicted=0.59))
    assert sample.bracketed("", lower=0.5, upper=0.61).holds
    assert refused(sample.bracketed("", lower=0.5, upper=0.59))
    assert sample.bracketed("", lower=0.9, upper=1.2).distance.startswith("z = +0.0")
    assert sample.disagreement("", by="it", predicted=1.41).holds
    assert refused(sample.disagreement("", by="it", predicted=1.39))
    assert within("", predicted=-1.0, seen=-1.05, relative=0.06).holds
    assert refused(within("", predicted=-1.0, seen=1.0, relative=0.06))
    assert refused(within("", predicted=1.0, seen=float("nan"), relative=0.06))


@given(st.lists(st.sampled_from([0.0, 0.25, 1.0, 8.0, 100.0]), min_size=2, max_size=300))
def test_evidence_from_fewer_runs_than_the_law_needs_is_no_verdict(values: list[float]) -> None:
    sample = Sample.of(values)
    needed = samples_for_verdict(sample.skewness)
    for predicted in (sample.mean, sample.mean + 100 * sample.error + 1):
        rows = (
            sample.agreement("", predicted=predicted),
            sample.disagreement("", by="it", predicted=predicted),
        )
        if len(values) < needed:
            assert all(refused(row) for row in rows)
            assert {row.distance for row in rows} == {f"N = {len(values)}, a verdict needs {needed:,}"}
        else:
            assert [row.holds for row in rows] == [predicted == sample.mean, predicted != sample.mean]


def test_runs_that_do_not_vary_agree_up_to_rounding() -> None:
    sample = Sample.of([0.1] * 30)
    assert sample.agreement("", predicted=0.1 + 1e-16).distance == "z = +0.0, N = 30"
    assert sample.agreement("", predicted=0.2).distance == "z = -inf, N = 30"


def test_a_diagnosis_has_a_figure_of_its_own() -> None:
    diagnosis = hq.diagnose(np.diag([1.0, 2.0, 0.0]), targets=[1, 0, 0], pseudo_inverse=True)
    figure = hq.diagnosis_figure(diagnosis, name="mine")
    assert figure.data["eigenvalues"] == (4.0, 1.0, 0.0)
    assert figure.panels[0].points[0].y == (4.0, 1.0)  # a logarithmic axis has no 0
    assert figure.panels[1].lines[0].y[0] == diagnosis.predicted_losses(0)[0]
    assert figure.pdf().startswith(b"%PDF")
    with pytest.raises(InputTypeError, match="diagnosis must be a Diagnosis, got ndarray"):
        hq.diagnosis_figure(np.eye(2))  # type: ignore[arg-type]
