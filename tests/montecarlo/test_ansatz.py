"""The ansatz of the letter: one draw against QuTiP, fresh draws against the exact averages, and the jackknife."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import qutip

from haarqntk.errors import InputError
from haarqntk.montecarlo import (
    Ansatz,
    PauliSum,
    fixed_kernels,
    fresh_kernels,
    jackknife,
    random_angles,
    random_ansatz,
    random_pauli_sum,
    train,
)
from haarqntk.montecarlo import _qutip as reference
from haarqntk.qntk import EigenvalueFormula, formula

NUM_QUBITS, D, L = 2, 4, 5
PAULIS = {"I": qutip.qeye(2), "X": qutip.sigmax(), "Y": qutip.sigmay(), "Z": qutip.sigmaz()}


@pytest.fixture(scope="module")
def ansatz() -> Ansatz:
    return random_ansatz(NUM_QUBITS, L, np.random.default_rng(5))


def on_paper(ansatz: Ansatz, angles: list[float]) -> reference.Circuit:
    """W_1 e^{iθ_1P_1} … W_l e^{iθ_lP_l} of QuTiP objects, in the computational basis."""
    depth = len(angles)
    segments = [qutip.Qobj(W) for W in ansatz.blocks[:depth]] + [qutip.qeye(D)]
    return reference.Circuit(
        tuple(segments), tuple(qutip.Qobj(P) for P in ansatz.generators[:depth]), tuple(angles)
    )


def gradients_on_paper(ansatz: Ansatz, angles: list[float], num_inputs: int) -> list[list[float]]:
    circuit, O = on_paper(ansatz, angles), qutip.Qobj(ansatz.observable.matrix)
    slopes = [partial(reference.derivative, circuit, qutip.basis(D, i), O) for i in range(num_inputs)]
    return [reference.gradient(slope, len(circuit.angles)) for slope in slopes]


def test_a_pauli_sum_is_the_sum_of_its_strings() -> None:
    observable = PauliSum((0.5, 0.25), ("XIZ", "YZZ"))
    by_hand = 0.5 * qutip.tensor(*(PAULIS[letter] for letter in "XIZ"))
    by_hand += 0.25 * qutip.tensor(*(PAULIS[letter] for letter in "YZZ"))
    assert np.allclose(observable.matrix, by_hand.full())
    values, vectors = observable.eigensystem
    assert np.allclose(vectors @ np.diag(values) @ vectors.conj().T, by_hand.full())


def test_a_random_pauli_sum_has_ten_terms_uniform_in_letters_and_coefficients() -> None:
    rng = np.random.default_rng(3)
    drawn = [random_pauli_sum(3, rng) for _ in range(400)]
    coefficients = np.array([observable.coefficients for observable in drawn])
    assert coefficients.shape == (400, 10)
    assert 0 < coefficients.min() < coefficients.max() <= 1
    assert abs(coefficients.mean() - 0.5) < 4 * math.sqrt(1 / 12 / 4000)
    letters = "".join("".join(observable.strings) for observable in drawn)
    counts = np.array([letters.count(letter) for letter in "IXYZ"])
    assert counts.sum() == 12000
    assert np.abs(counts - 3000).max() < 4 * math.sqrt(12000 * 3 / 16)


@pytest.mark.parametrize("depth", [1, 3, L])
def test_kernels_of_one_draw_are_those_of_the_shift_rule(ansatz: Ansatz, depth: int) -> None:
    angles = random_angles(3, depth, np.random.default_rng(depth))
    kernels = fixed_kernels(ansatz, 3, angles)
    for K, row in zip(kernels, angles.tolist(), strict=True):
        G = np.array(gradients_on_paper(ansatz, row, 3))
        assert np.allclose(K, G @ G.T)


def test_a_circuit_deeper_than_the_draw_is_refused(ansatz: Ansatz) -> None:
    with pytest.raises(InputError, match="angles must have at most L = 5 columns, got 6; draw a deeper"):
        ansatz.circuits(np.zeros((1, 6)))


def test_training_is_gradient_descent_by_the_shift_rule(ansatz: Ansatz) -> None:
    target, rate, steps = 0.3, 0.02, 3
    start = random_angles(2, L, np.random.default_rng(9))
    seen: list[int] = []
    trained = train(ansatz, start, target=target, rate=rate, steps=steps, progress=seen.append)
    assert sum(seen) == steps + 1
    O = qutip.Qobj(ansatz.observable.matrix)
    for run, angles in enumerate(start.tolist()):
        for step in range(steps + 1):
            residual = on_paper(ansatz, angles).output(qutip.basis(D, 0), O) - target
            (gradient,) = gradients_on_paper(ansatz, angles, 1)
            assert trained.residuals[step, run] == pytest.approx(residual, abs=1e-12)
            assert trained.kernels[step, run] == pytest.approx(sum(g * g for g in gradient), abs=1e-12)
            angles = [a - rate * residual * g for a, g in zip(angles, gradient, strict=True)]  # noqa: PLW2901


def test_training_lowers_the_loss_and_keeps_its_start(ansatz: Ansatz) -> None:
    start = random_angles(5, L, np.random.default_rng(2))
    kept = start.copy()
    residuals = train(ansatz, start, target=0.0, rate=1e-3, steps=20).residuals
    assert (np.diff(np.abs(residuals), axis=0) < 0).all()
    assert (start == kept).all()


@pytest.mark.parametrize("has_input_block", [False, True])
def test_fresh_kernels_have_the_exact_mean_at_every_depth(has_input_block: bool) -> None:  # noqa: FBT001
    observable = random_pauli_sum(NUM_QUBITS, np.random.default_rng(4))
    K = fresh_kernels(
        observable,
        2,
        depths=[1, 4],
        count=2000,
        rng=np.random.default_rng(8),
        has_input_block=has_input_block,
    )
    assert K.shape == (2, 2000, 2, 2)
    mean = formula("kernel_mean", ensemble="prl_ansatz")
    eigenvalues = formula("supervised_kernel_eigenvalues", ensemble="prl_ansatz")
    assert isinstance(eigenvalues, EigenvalueFormula)
    for place, depth in enumerate([1, 4]):
        value, error = jackknife(K[place, :, 0, 0], np.mean)
        exact = mean.at(D=D, L=depth, observable=observable.matrix)
        assert abs(value - float(exact)) < 4 * error  # type: ignore[arg-type]
        value, error = jackknife(K[place].sum(axis=(1, 2)) / 2, np.mean)
        lowest = eigenvalues.uniform.at(D=D, L=depth, num_inputs=2, observable=observable.matrix)
        assert abs(value - float(lowest)) < 4 * error


def test_fresh_kernels_repeat_and_report_their_progress() -> None:
    observable = random_pauli_sum(NUM_QUBITS, np.random.default_rng(4))
    seen: list[int] = []

    def drawn(seed: int) -> list[float]:
        rng = np.random.default_rng(seed)
        K = fresh_kernels(observable, 1, depths=[2], count=130, rng=rng, progress=seen.append)
        values: list[float] = K.ravel().tolist()
        return values

    assert drawn(1) == drawn(1) != drawn(2)
    assert sum(seen) == 3 * 130


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(1).exponential(size=40)
    value, error = jackknife(values, np.mean)
    assert value == pytest.approx(values.mean())
    assert error == pytest.approx(values.std(ddof=1) / math.sqrt(40))


def test_the_jackknife_of_a_ratio_is_what_the_ratio_scatters_by() -> None:
    def ratio(x: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        return float(x.std(ddof=1) / x.mean())

    estimates = [jackknife(row, ratio) for row in np.random.default_rng(6).gamma(4.0, size=(600, 60))]
    values, errors = np.array(estimates).T
    scatter = values.std(ddof=1)
    assert abs(math.sqrt(np.square(errors).mean()) / scatter - 1) < 4 / math.sqrt(2 * 600) + 1 / 60


def test_the_jackknife_needs_two_samples() -> None:
    with pytest.raises(InputError, match="samples must be at least 2 for a standard error, got 1"):
        jackknife(np.ones(1), np.mean)
