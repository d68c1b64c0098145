"""Diagnoses of our circuits: against the shift rule, against trainings that are lazy, and bad input."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import haarqntk as hq
from haarqntk import training as ht
from haarqntk.errors import InputError, InputTypeError

X3 = ht.Observable.pauli("XII")
POINTS = np.array([[0.3], [1.1], [2.4]])
LABELS = np.array([-0.5, 0.1, 0.6])
TEST_POINTS = np.array([[0.7], [1.9]])
CIRCUIT = ht.hardware_efficient(3, 6, encoding="high")
ANGLES = np.random.default_rng(2).uniform(0, 2 * np.pi, CIRCUIT.num_parameters)
AT: dict[str, Any] = {"features": POINTS, "angles": ANGLES}


def test_a_circuit_is_diagnosed_by_its_jacobian() -> None:
    circuit, angles = ht.hardware_efficient(3, 1, encoding="high"), ANGLES[:6]
    diagnosis = ht.diagnose_circuit(
        circuit, X3, LABELS, features=POINTS, angles=angles, test_features=TEST_POINTS, test_targets=[0, 0.4]
    )
    z, J = ht.outputs_and_jacobian(circuit, X3, angles, POINTS, method="definition")  # the shift rule
    z_test, J_test = ht.outputs_and_jacobian(circuit, X3, angles, TEST_POINTS, method="definition")
    assert np.allclose(diagnosis.kernel, J @ J.T, rtol=0, atol=1e-11)
    assert np.allclose(diagnosis.outputs, z, rtol=0, atol=1e-12)
    regression = z_test + J_test @ J.T @ np.linalg.solve(J @ J.T, LABELS - z)
    assert np.allclose(diagnosis.final_test_outputs, regression, rtol=0, atol=1e-9)
    assert diagnosis.outputs_given
    assert hq.diagnose_circuit is ht.diagnose_circuit


def deviation(s: float, c: float) -> float:
    """max_t ‖z_predicted − z‖/‖ε(0)‖ for targets at a fraction s of the way from z(0) to the labels."""
    z = ht.outputs(CIRCUIT, X3, ANGLES, POINTS)
    targets = z + s * (LABELS - z)
    diagnosis = ht.diagnose_circuit(CIRCUIT, X3, targets, **AT, c=c)
    options: dict[str, Any] = {**AT, "learning_rate": diagnosis.learning_rate}
    run = ht.train(CIRCUIT, X3, targets, steps=30, record_every=1, **options)
    errors = np.linalg.norm(diagnosis.predicted_outputs(run.steps) - run.outputs[:, 0], axis=1)
    assert diagnosis.predicted_losses(30)[0] < 0.01 * run.losses[0, 0]  # it does learn
    return float(errors.max() / np.linalg.norm(run.residuals[0, 0]))


@pytest.mark.parametrize("c", [0.5, 1.0])
def test_predicted_and_trained_outputs_agree_in_the_lazy_case(c: float) -> None:
    # Linearisation: the angles move by O(s), the kernel changes by O(s), so the deviation is O(s).
    deviations = [deviation(s, c) for s in (0.1, 0.01, 0.001)]
    assert deviations[-1] < 0.002
    assert all(8 < first / second < 12 for first, second in pairwise(deviations))


def test_a_training_beyond_the_stability_edge_grows_as_predicted() -> None:
    z = ht.outputs(CIRCUIT, X3, ANGLES, POINTS)
    targets = z + 1e-6 * (LABELS - z)
    with pytest.warns(UserWarning, match="c must keep the learning rate below the stability edge"):
        diagnosis = ht.diagnose_circuit(CIRCUIT, X3, targets, c=2.5, **AT)
    run = ht.train(CIRCUIT, X3, targets, learning_rate=diagnosis.learning_rate, steps=10, **AT)
    assert run.losses[-1, 0] > 10 * run.losses[0, 0]
    assert diagnosis.predicted_losses(10)[0] == pytest.approx(run.losses[-1, 0], rel=1e-2)


def test_random_angles_are_reproducible() -> None:
    first, second, other = (
        ht.diagnose_circuit(CIRCUIT, X3, LABELS, features=POINTS, rng=np.random.default_rng(seed))
        for seed in (5, 5, 6)
    )
    assert first == second
    assert first != other


def test_a_symmetry_makes_the_kernel_singular() -> None:
    # ΠX commutes with the ansatz and keeps |+…+⟩: outputs are even in x, so x and −x are one point.
    circuit = ht.hamiltonian_variational(3, 4, per_gate=True, encoding="high")
    x = np.array([[0.4], [-0.4], [1.3]])
    arguments: dict[str, Any] = {"features": x, "rng": np.random.default_rng(1)}
    with pytest.raises(
        InputError, match=r"rank 2 for 3 data points .*: that of point [01] = 1·\(point [01]\);"
    ):
        ht.diagnose_circuit(circuit, X3, [1, 1, 0], **arguments)
    diagnosis = ht.diagnose_circuit(circuit, X3, [1, 1, 0], pseudo_inverse=True, **arguments)
    assert np.allclose(np.abs(diagnosis.null_space[:, 0]), [0.5**0.5, 0.5**0.5, 0], atol=1e-10)
    assert diagnosis.final_loss == pytest.approx(0, abs=1e-20)


def test_other_targets_for_the_same_model() -> None:
    z, J = ht.outputs_and_jacobian(CIRCUIT, X3, ANGLES, POINTS)
    z_test, J_test = ht.outputs_and_jacobian(CIRCUIT, X3, ANGLES, TEST_POINTS)
    test: dict[str, Any] = {"test_jacobian": J_test, "test_outputs": z_test}
    plain = ht.diagnose(J, LABELS, outputs=z, **test)
    changed = plain.with_targets(2 * LABELS, [0, 1])
    assert changed == ht.diagnose(J, 2 * LABELS, outputs=z, test_targets=[0, 1], **test)
    with pytest.raises(InputError, match="targets must have 3 entries, one per data point, got 2"):
        plain.with_targets([1, 2])
    with pytest.raises(InputError, match="test_targets must have 2 entries, one per test point, got 1"):
        plain.with_targets(LABELS, [1])


BAD_INPUT = [
    ({"features": POINTS}, InputTypeError, "rng must be a numpy.random.Generator unless angles are given"),
    (AT | {"angles": [ANGLES]}, InputError, "angles must be those of one initialisation"),
    (AT | {"angles": ANGLES[:3]}, InputError, "angles must have 36 entries"),
    (AT | {"features": POINTS[:2]}, InputError, "targets must have one number for each of the 2"),
    (AT | {"test_targets": [1.0]}, InputError, "test_targets must come with test_jacobian"),
]


@pytest.mark.parametrize(("keywords", "kind", "text"), BAD_INPUT)
def test_bad_input_is_refused(keywords: dict[str, Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        ht.diagnose_circuit(CIRCUIT, X3, LABELS, **keywords)


def test_a_kernel_that_vanishes_by_symmetry_is_refused() -> None:
    circuit = ht.hamiltonian_variational(3, 4)  # commutes with XXX, with which Z anticommutes
    for observable in (ht.Observable.pauli("ZII"), ht.Observable(np.eye(8)), ht.Observable(1e6 * np.eye(8))):
        with pytest.raises(InputError, match=r"a kernel that vanishes .* O ∝ 1"):
            ht.diagnose_circuit(circuit, observable, [0.5], rng=np.random.default_rng(1))
        call = {"learning_rate": 0.1, "rng": np.random.default_rng(1), "initialisations": 2}
        with pytest.raises(InputError, match=r"a kernel that vanishes .* O ∝ 1"):
            ht.train(circuit, observable, 0.5, steps=1, **call)  # type: ignore[arg-type]
        assert ht.train(circuit, observable, 0.5, steps=0, **call).kernel_maxima.max() < 1e-15  # type: ignore[arg-type]


def test_a_small_observable_is_no_rounding() -> None:
    small = ht.Observable(1e-40 * X3.matrix)
    diagnosis, plain = (ht.diagnose_circuit(CIRCUIT, O, LABELS, **AT) for O in (small, X3))
    assert diagnosis.eigenvalues == pytest.approx(1e-80 * plain.eigenvalues, rel=1e-9, abs=0)
