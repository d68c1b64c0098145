"""The ansatz of the letter: draws of blocks, strings and sums, fresh circuits against exact averages, the jackknife."""

from __future__ import annotations

import math

import numpy as np
import pytest
import qutip

from haarqntk.errors import InputError
from haarqntk.montecarlo import PauliSum, _batched, fresh_kernels, jackknife, random_ansatz, random_pauli_sum
from haarqntk.qntk import EigenvalueFormula, formula

NUM_QUBITS, D = 2, 4
PAULIS = {"I": qutip.qeye(2), "X": qutip.sigmax(), "Y": qutip.sigmay(), "Z": qutip.sigmaz()}


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


@pytest.mark.parametrize("num_qubits", [1, 2, 3])
def test_an_ansatz_is_drawn_in_order_from_one_stream(num_qubits: int) -> None:
    ansatz = random_ansatz(num_qubits, 12, np.random.default_rng(4))
    rng, size = np.random.default_rng(4), 2**num_qubits
    assert ansatz.observable.strings == random_pauli_sum(num_qubits, rng).strings
    assert np.array_equal(ansatz.blocks, _batched.random_unitaries(size, 12, rng))
    generators = _batched.random_generators(size, 12, rng, with_identity=True)
    for string, generator in zip(ansatz.strings, generators, strict=True):
        assert np.array_equal(PauliSum((1.0,), (string,)).matrix, generator)


@pytest.mark.parametrize("has_input_block", [False, True])
def test_fresh_kernels_have_the_exact_mean_at_every_depth(has_input_block: bool) -> None:  # noqa: FBT001
    observable = random_pauli_sum(NUM_QUBITS, np.random.default_rng(4))
    rng = np.random.default_rng(8)
    K = fresh_kernels(observable, 2, depths=[1, 4], count=2000, rng=rng, has_input_block=has_input_block)
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
