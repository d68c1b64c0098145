"""The study of circuit diagnostics: seeds, its table, and findings that planted numbers turn over."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.training import DiagnosticsStudy, StudyFinding, diagnostics_study
from haarqntk.training import _study_findings as judged

SMALL: dict[str, Any] = {"num_qubits": 3, "initialisations": 2, "steps": 3, "label_scales": (1.0, 0.1)}


@pytest.fixture(scope="module")
def study() -> DiagnosticsStudy:
    return diagnostics_study(np.random.default_rng(1), layers=(1, 3), **SMALL)


def test_every_family_is_diagnosed_and_trained(study: DiagnosticsStudy) -> None:
    assert len(study.models) == 2 * 2 * 2
    assert len(study.runs) == 2 * len(study.models)
    families = product(("hamiltonian_variational", "hardware_efficient"), ("low", "high"))
    assert {(m.ansatz, m.encoding) for m in study.models} == {*families}
    assert all(m.num_parameters == 6 * m.layers for m in study.models)
    assert all(len(m.diagnoses) == 2 for m in study.models)
    assert study.train.tolist() == list(range(0, 20, 2))
    assert study.test.tolist() == list(range(1, 20, 2))


def test_a_run_stands_beside_its_own_prediction(study: DiagnosticsStudy) -> None:
    for run in study.runs:
        assert run.run.learning_rate == run.diagnosis.critical_learning_rate
        assert np.allclose(run.diagnosis.targets, run.label_scale * study.targets[study.train])
        assert np.allclose(run.diagnosis.outputs, run.run.outputs[0, 0], atol=1e-12)
        assert np.allclose(run.diagnosis.kernel, run.run.initial_kernels[0], atol=1e-11)
        assert run.diagnosis.predicted_losses(0)[0] == pytest.approx(run.run.losses[0, 0])
        wrong = run.test_outputs - run.label_scale * study.targets[study.test]
        variation = np.var(run.label_scale * study.targets[study.test]) * 10
        assert run.test_r_squared == pytest.approx(1 - wrong @ wrong / variation, rel=1e-10)


def test_a_low_frequency_on_three_qubits_has_few_harmonics(study: DiagnosticsStudy) -> None:
    # One upload on n qubits: frequencies 0 … n; even functions have n + 1 of them, all functions 2n + 1.
    for model in study.models:
        if model.encoding == "low":
            assert model.rank <= (4 if model.ansatz == "hamiltonian_variational" else 7)


def test_a_seed_gives_the_same_study_and_depths_have_streams_of_their_own(study: DiagnosticsStudy) -> None:
    ticks: list[int] = []
    larger = {**SMALL, "initialisations": 3, "layers": (1, 3, 4)}
    longer = diagnostics_study(np.random.default_rng(1), progress=ticks.append, **larger)
    assert sum(ticks) == 4 * 3 * 2 * 3
    again = {(r.ansatz, r.encoding, r.layers, r.label_scale): r for r in longer.runs}
    for run in study.runs:
        same = again[run.ansatz, run.encoding, run.layers, run.label_scale]
        assert same.diagnosis == run.diagnosis
        assert (same.run.outputs == run.run.outputs).all()


def test_the_table_and_the_findings_are_printed(study: DiagnosticsStudy) -> None:
    lines = study.summary().splitlines()
    assert all(len(line) <= 80 for line in lines)
    rows = study.rows()
    assert len(rows) == len(study.runs)
    assert rows[0]["num_parameters"] == 6
    for finding in study.findings:
        assert 0 <= finding.holds <= finding.num_comparisons
        assert finding.evidence
        assert finding.statement in " ".join(" ".join(lines).split())


def model(**values: Any) -> Any:
    plain = {"ansatz": "hardware_efficient", "encoding": "low", "num_parameters": 1, "label_scale": 1.0}
    numbers = {"rank": 3, "smallest_eigenvalue": 1.0, "decay_time": 1.0}
    return SimpleNamespace(**{**plain, **numbers, **values})


def diagnosed(kappa: float, score: float, **values: Any) -> Any:
    scores = {"test_r_squared": score, "is_overfitting": score < 0.8}
    diagnosis = SimpleNamespace(condition_number_on_range=kappa, **scores)
    return model(diagnosis=diagnosis, deviation=0.1, kernel_change=0.1, steps_to_learn=5.0, **values)


def test_trends_compare_equal_ranks_only() -> None:
    family = [model(smallest_eigenvalue=x, rank=r) for x, r in ((9, 2), (1, 3), (2, 3), (3, 3))]
    rising = judged.trend("s", family, lambda m: float(m.smallest_eigenvalue), 1)
    falling = judged.trend("s", family, lambda m: float(m.smallest_eigenvalue), -1)
    assert (rising.holds, rising.num_comparisons, rising.verdict) == (2, 2, "seen")
    assert (falling.holds, falling.num_comparisons, falling.verdict) == (0, 2, "not seen")
    assert "9 → 1 → 2 → 3, ranks 2, 3, 3, 3" in rising.evidence


def test_pairs_differ_in_one_thing_only() -> None:
    models = [
        model(encoding=encoding, num_parameters=p, decay_time=tau)
        for encoding, p, tau in (("low", 1, 4.0), ("high", 1, 8.0), ("low", 2, 4.0), ("high", 2, 1.0))
    ]
    found = judged.predicted_faster("s", models, "encoding", ("high", "low"))
    assert (found.holds, found.num_comparisons) == (1, 2)
    assert found.evidence == "Ratios from 0.5 to 4, not at 1 parameters"


def test_a_low_condition_number_is_judged_by_its_inference() -> None:
    runs = [diagnosed(*each) for each in ((100, 0.9), (10, 0.95), (1, 0.2))]
    found = judged.low_condition_number(runs)
    assert (found.holds, found.num_comparisons) == (1, 1)
    assert "κ = 1 has R²(test) = 0.200, the median 0.900; 1 of 3 diagnoses" in found.evidence
    assert judged.low_condition_number([*runs, diagnosed(0.5, 1.0)]).holds == 0


@pytest.mark.parametrize(
    ("n", "verdict"), [(4, "seen"), (3, "seen in part"), (2, "not seen"), (0, "not seen")]
)
def test_a_verdict_is_a_count(n: int, verdict: str) -> None:
    finding = StudyFinding("s", "c", n, 4, "e")
    assert finding.verdict == verdict
    assert str(finding) == f"s: {verdict}, in {n} of 4 (c). e"
    assert StudyFinding("s", "c", 0, 0, "e").verdict == "not decided"


BAD_INPUT = [
    ({"rng": 1}, InputTypeError, "rng must be a numpy.random.Generator, got 1"),
    ({"num_qubits": 2}, InputError, "num_qubits must be an integer ≥ 3, got 2"),
    ({"layers": (2,)}, InputError, "layers must increase and be at least two numbers, got (2,)"),
    ({"layers": (2, 2)}, InputError, "layers must increase and be at least two numbers, got (2, 2)"),
    ({"label_scales": (0.3, 1.0)}, InputError, "label_scales must decrease and be at least one number"),
    ({"label_scales": ()}, InputError, "label_scales must decrease and be at least one number, got ()"),
    ({"steps": 0}, InputError, "steps must be an integer ≥ 1, got 0"),
    ({"num_qubits": 12, "layers": (2, 40)}, CostError, "the study must turn at most 1e+10 amplitudes, got"),
]


@pytest.mark.parametrize(("keywords", "kind", "text"), BAD_INPUT)
def test_bad_input_is_refused(keywords: dict[str, Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as caught:
        diagnostics_study(**{"rng": np.random.default_rng(1), **keywords})
    assert text in str(caught.value)
