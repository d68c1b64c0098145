"""One draw of the letter's ansatz as a circuit: kernels and training against QuTiP and the shift rule."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import qutip

from haarqntk.errors import InputError
from haarqntk.montecarlo import Ansatz, random_angles, random_ansatz
from haarqntk.montecarlo import _qutip as reference
from haarqntk.training import Observable, TrainingRun, circuit_of_ansatz, fixed_kernels, train

D, L = 4, 5
ANSATZ = random_ansatz(2, L, np.random.default_rng(5))
PAULIS = {"I": qutip.qeye(2), "X": qutip.sigmax(), "Y": qutip.sigmay(), "Z": qutip.sigmaz()}
O = qutip.Qobj(ANSATZ.observable.matrix)


def on_paper(ansatz: Ansatz, angles: list[float]) -> reference.Circuit:
    """W_1 e^{iθ_1P_1} … W_l e^{iθ_lP_l} of QuTiP objects, in the computational basis."""
    depth = len(angles)
    segments = [qutip.Qobj(W) for W in ansatz.blocks[:depth]] + [qutip.qeye(D)]
    strings = (qutip.tensor(*(PAULIS[x] for x in string)).full() for string in ansatz.strings[:depth])
    return reference.Circuit(tuple(segments), tuple(map(qutip.Qobj, strings)), tuple(angles))


def gradients_on_paper(angles: list[float], num_inputs: int) -> list[list[float]]:
    circuit = on_paper(ANSATZ, angles)
    slopes = [partial(reference.derivative, circuit, qutip.basis(D, i), O) for i in range(num_inputs)]
    return [reference.gradient(slope, len(angles)) for slope in slopes]


def trained(angles: object, target: float, *, rate: float, steps: int) -> TrainingRun:
    problem = circuit_of_ansatz(ANSATZ), Observable(ANSATZ.observable.matrix), target
    return train(*problem, learning_rate=rate, steps=steps, angles=angles, record_every=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("depth", [1, 3, L])
def test_kernels_of_one_draw_are_those_of_the_shift_rule(depth: int) -> None:
    angles, seen = random_angles(3, depth, np.random.default_rng(depth)), list[int]()
    kernels = fixed_kernels(ANSATZ, 3, angles, seen.append)
    assert sum(seen) == 3
    for K, row in zip(kernels, angles.tolist(), strict=True):
        G = np.array(gradients_on_paper(row, 3))
        assert np.allclose(K, G @ G.T)


def test_more_layers_or_inputs_than_there_are_are_refused() -> None:
    with pytest.raises(InputError, match=r"shape \(N, l\) with l ≤ L = 5, got \(1, 6\); draw a deeper"):
        fixed_kernels(ANSATZ, 1, np.zeros((1, 6)))
    with pytest.raises(InputError, match="num_inputs must be at most D = 4, got 5"):
        fixed_kernels(ANSATZ, 5, np.zeros((1, 5)))


def test_training_is_gradient_descent_by_the_shift_rule() -> None:
    target, rate, steps = 0.3, 0.02, 3
    start = random_angles(2, L, np.random.default_rng(9))
    run = trained(start, target, rate=rate, steps=steps)
    for place, angles in enumerate(start.tolist()):
        for step in range(steps + 1):
            residual = on_paper(ANSATZ, angles).output(qutip.basis(D, 0), O) - target
            (gradient,) = gradients_on_paper(angles, 1)
            assert run.residuals[step, place, 0] == pytest.approx(residual, abs=1e-12)
            kernel = pytest.approx(sum(g * g for g in gradient), abs=1e-12)
            assert run.kernel_traces[step, place] == kernel
            assert run.kernel_maxima[step, place] == kernel
            angles = [a - rate * residual * g for a, g in zip(angles, gradient, strict=True)]  # noqa: PLW2901


def test_training_lowers_the_loss_and_keeps_its_start() -> None:
    start = random_angles(5, L, np.random.default_rng(2))
    kept = start.copy()
    residuals = trained(start, 0.0, rate=1e-3, steps=20).residuals
    assert (np.diff(np.abs(residuals), axis=0) < 0).all()
    assert (start == kept).all()
