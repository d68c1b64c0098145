"""What the theory says of real runs: decay in the lazy regime, its corrections by order, and how slow a Pauli is."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import parametrised_circuits, pauli_texts

from haarqntk import training as ht
from haarqntk.montecarlo import random_angles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]


def slowest_loss(start: float, speed: float, steps: NDArray[np.int64], largest: float = 0.0) -> Real:
    """(loss(0)^{-1/2} + 8√2 s κ t)^{-2}, s = η Σ_l ‖X_l‖²; κ = 1 is the flow, and a step has κ > 1.

    Along a step the norm of the gradient is at most that which the loss at its beginning allows, so that
    loss^{1/4} falls by at most a fraction a = 4√2 s loss^{1/2}, where the flow has it in the limit a → 0.
    """
    a = 4 * math.sqrt(2) * speed * math.sqrt(largest)
    kappa = (1 - a / 2) / (1 - a) ** 2
    bound: Real = (start**-0.5 + 8 * math.sqrt(2) * speed * kappa * steps) ** -2.0
    return bound


def pauli_run(
    circuit: ht.ParametrisedCircuit, data: st.DataObject, *, fraction: float
) -> tuple[ht.TrainingRun, float]:
    """A Pauli string with labels ±1, and η Σ‖X_l‖² = fraction/8: a ≤ fraction, as no loss exceeds 2."""
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    string = data.draw(pauli_texts(circuit.num_qubits))
    m = data.draw(st.integers(1, 3)) if circuit.num_features else 1
    points = rng.normal(size=(m, circuit.num_features))
    labels = rng.choice([-1.0, 1.0], size=m)
    speed = fraction / 8
    rate = speed / float(np.square(circuit.generator_norms).sum())
    angles = random_angles(1, circuit.num_parameters, rng)
    # where no output depends on an angle, training is refused
    assume(ht.meta_kernels(circuit, ht.Observable.pauli(string), angles, points)[1].max() > 1e-20)
    call: dict[str, Any] = {"features": points, "angles": angles, "loss": "mean", "record_every": 1}
    return ht.train(circuit, ht.Observable.pauli(string), labels, learning_rate=rate, steps=30, **call), speed


@given(circuit=parametrised_circuits(), data=st.data())
def test_a_pauli_at_its_edge_keeps_the_bound(circuit: ht.ParametrisedCircuit, data: st.DataObject) -> None:
    run, speed = pauli_run(circuit, data, fraction=0.05)
    losses = run.losses[:, 0]
    if losses[0] > 1e-20:
        assert (losses >= slowest_loss(losses[0], speed, run.steps) * (1 - 1e-9)).all()


@given(circuit=parametrised_circuits(), data=st.data(), fraction=st.floats(0.01, 0.9))
def test_steps_of_any_size_keep_the_bound_with_their_factor(
    circuit: ht.ParametrisedCircuit, data: st.DataObject, fraction: float
) -> None:
    run, speed = pauli_run(circuit, data, fraction=fraction)
    losses = run.losses[:, 0]
    assert losses.max() <= 2 + 1e-9
    if losses[0] > 1e-20:
        bound = slowest_loss(losses[0], speed, run.steps, losses.max())
        assert (losses >= bound * (1 - 1e-9)).all()


def test_the_bound_is_within_a_tenth_of_a_run() -> None:
    # One rotation near its label: the gradient is as large as it can be, and the bound says something.
    circuit = ht.ParametrisedCircuit(1, (ht.PauliRotation("X", parameter=0),))
    run = ht.train(
        circuit, ht.Observable.pauli("Z"), -1, learning_rate=0.01, steps=2000, angles=[1.4], record_every=500
    )
    bound = slowest_loss(run.losses[0, 0], 0.01, run.steps)
    assert (run.losses[:, 0] >= bound).all()
    assert run.losses[-1, 0] < 1.1 * bound[-1]
    assert run.losses[-1, 0] < run.losses[0, 0] / 10


# -- one target, a deep circuit --------------------------------------------------------------------------------

DEEP, PAULI = ht.prl_circuit(2, 24, np.random.default_rng(11)), ht.Observable.pauli("ZI")
ANGLES = random_angles(1, 24, np.random.default_rng(12))
deep_run = partial(ht.train, DEEP, PAULI, angles=ANGLES)


def test_small_residuals_decay_with_the_kernel_and_its_first_correction() -> None:
    start = float(ht.outputs(DEEP, PAULI, ANGLES[0])[0])
    _, (K,), (mu,) = ht.meta_kernels(DEEP, PAULI, ANGLES[0])
    rate, steps = 0.1 / K, 40
    frozen_errors, corrected_errors = [], []
    for epsilon in (0.04, 0.02, 0.01):
        run = deep_run(start - epsilon, learning_rate=rate, steps=steps, record_every=1)
        residuals = run.residuals[:, 0, 0]
        slope = -np.polyfit(run.steps[:10], np.log(np.abs(residuals[:10])), 1)[0]
        assert slope == pytest.approx(-math.log1p(-rate * K), rel=4 * abs(mu / K**2) * epsilon)
        frozen = epsilon * (1 - rate * K) ** run.steps
        corrected, kernel = [epsilon], K  # [liu2023] Eq. 13, and K − 2λε conserved with constant λ = μ/K
        for _ in range(steps):
            e = corrected[-1]
            corrected.append(e - rate * kernel * e + rate**2 * e**2 * (mu / K) * kernel / 2)
            kernel = K - 2 * (mu / K) * (epsilon - corrected[-1])
        frozen_errors.append(float(np.abs(residuals - frozen).max()))
        corrected_errors.append(float(np.abs(residuals - corrected).max()))
    for errors, order in ((frozen_errors, 2), (corrected_errors, 3)):
        fitted = np.polyfit(np.log([0.04, 0.02, 0.01]), np.log(errors), 1)[0]
        assert abs(fitted - order) < 0.15, (order, errors)


def test_a_pauli_reaches_its_edge_as_one_over_t_and_anything_inside_exponentially() -> None:
    K = float(ht.meta_kernels(DEEP, PAULI, ANGLES[0])[1][0])
    runs = {y: deep_run(y, learning_rate=0.2 / K, steps=600, record_every=100) for y in (-1.0, -0.5)}
    edge, inside = (np.abs(runs[target].residuals[:, 0, 0]) for target in (-1.0, -0.5))
    steps, kernels = runs[-1.0].steps, runs[-1.0].kernel_traces[:, 0]
    slopes = np.diff(np.log(edge[2:])) / np.diff(np.log(steps[2:]))
    spread = 1 / math.sqrt(DEEP.num_parameters)  # K = v·S_L: v ∝ ε near the edge, S_L settles as L → ∞ only
    assert np.abs(slopes + 1).max() < spread
    assert abs(kernels[-1] / edge[-1] / (kernels[3] / edge[3]) - 1) < spread
    assert inside[1] < 1e-3 * inside[0]
    assert inside[-1] < 1e-12
