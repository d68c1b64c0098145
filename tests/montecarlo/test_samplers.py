"""Samplers are tested as distributions, because a wrong one passes any test of its single matrices."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from haarqntk.montecarlo import Estimate, _batched, _qutip

Complex = NDArray[np.complex128]
Sampler = Callable[..., Complex]


def from_qutip(D: int, count: int, rng: np.random.Generator) -> Complex:
    circuit = _qutip.random_circuit(D, count - 1, rng)
    return np.array([segment.full() for segment in circuit.segments])


def from_qr_without_phases(D: int, count: int, rng: np.random.Generator) -> Complex:
    ginibre = rng.normal(size=(count, D, D)) + 1j * rng.normal(size=(count, D, D))
    return np.linalg.qr(ginibre).Q


def largest_score(unitaries: Complex) -> float:
    """Compare E tr U = 0, E|tr U|² = 1 and E|tr U|⁴ = 2, which hold for Haar unitaries of any D ≥ 2."""
    traces = np.trace(unitaries, axis1=-2, axis2=-1)
    guards = [(traces.real, 0), (traces.imag, 0), (np.abs(traces) ** 2, 1), (np.abs(traces) ** 4, 2)]
    return max(abs(Estimate.of("0", values).z_score(exact)) for values, exact in guards)


def uniform_p_value(counts: NDArray[np.int_]) -> float:
    """How likely counts as uneven as these are under a uniform law, by the χ² test."""
    return float(stats.chisquare(counts.ravel()).pvalue)


@pytest.mark.parametrize("D", [2, 4, 6, 8])
@pytest.mark.parametrize(("sampler", "count"), [(_batched.random_unitaries, 40_000), (from_qutip, 500)])
def test_unitaries_are_haar(sampler: Sampler, count: int, D: int) -> None:
    unitaries = sampler(D, count, np.random.default_rng(D))
    assert unitaries.shape == (count, D, D)
    assert largest_score(unitaries) < 4


@pytest.mark.parametrize("D", [2, 4, 6, 8])
def test_qr_without_phases_is_unitary_and_yet_refused(D: int) -> None:
    unitaries = from_qr_without_phases(D, 1500, np.random.default_rng(D))
    np.testing.assert_allclose(
        unitaries @ unitaries.conj().swapaxes(1, 2), np.broadcast_to(np.eye(D), unitaries.shape), atol=1e-13
    )
    assert largest_score(unitaries) > 4


def test_one_unitary_has_the_shape_of_many() -> None:
    assert _batched.random_unitaries(4, 1, np.random.default_rng(1)).shape == (1, 4, 4)


def test_segments_of_a_circuit_are_independent() -> None:
    S = _batched.random_circuits(4, 2, 20_000, np.random.default_rng(2)).segments
    for i, j in itertools.combinations(range(3), 2):
        assert largest_score(S[:, i] @ S[:, j].conj().swapaxes(1, 2)) < 4


def pauli_strings(num_qubits: int) -> Complex:
    letters = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    strings = np.ones((1, 1, 1), dtype=np.complex128)
    for _ in range(num_qubits):
        strings = np.array([np.kron(string, letter) for string in strings for letter in letters])
    return strings


def generators_from_qutip(
    D: int, count: int, rng: np.random.Generator, *, with_identity: bool = False
) -> Complex:
    return np.array(
        [_qutip.random_generator(D, rng, with_identity=with_identity).full() for _ in range(count)]
    )


@pytest.mark.parametrize("with_identity", [False, True])
@pytest.mark.parametrize(
    ("sampler", "num_qubits", "count"),
    [
        (_batched.random_generators, 1, 30_000),
        (_batched.random_generators, 2, 30_000),
        (_batched.random_generators, 3, 30_000),
        (generators_from_qutip, 1, 400),
        (generators_from_qutip, 2, 1000),
    ],
)
def test_generators_are_uniform_over_pauli_strings(
    sampler: Sampler, num_qubits: int, count: int, *, with_identity: bool
) -> None:
    D = 2**num_qubits
    X = sampler(D, count, np.random.default_rng(num_qubits), with_identity=with_identity)
    assert np.array_equal(X @ X, np.broadcast_to(np.eye(D), X.shape))
    overlaps = np.einsum("pij,nji->np", pauli_strings(num_qubits), X)
    assert ((overlaps == 0) | (overlaps == D)).all()
    counts = (overlaps == D).sum(axis=0)
    assert counts.sum() == count
    assert uniform_p_value(counts[0 if with_identity else 1 :]) > 1e-4
    assert (counts[0] > 0) == with_identity


@pytest.mark.parametrize("D", [6, 10, 12])
def test_generators_of_other_even_dimensions(D: int) -> None:
    expected = np.diag([1.0] * (D // 2) + [-1.0] * (D // 2))
    X = _batched.random_generators(D, 2, np.random.default_rng(0))
    assert np.array_equal(X, [expected, expected])
    assert np.array_equal(_qutip.random_generator(D, np.random.default_rng(0)).full(), expected)


def test_generators_of_a_circuit_are_independent() -> None:
    X = _batched.random_circuits(2, 2, 9000, np.random.default_rng(3)).generators
    overlaps = np.einsum("pij,nlji->nlp", pauli_strings(1)[1:], X)
    counts = np.einsum("np,nq->pq", overlaps[:, 0] == 2, overlaps[:, 1] == 2, dtype=np.int_)
    assert counts.sum() == 9000
    assert uniform_p_value(counts) > 1e-4


def test_angles_are_uniform_on_the_circle() -> None:
    batched = _batched.random_circuits(2, 4, 4000, np.random.default_rng(4)).angles
    reference = np.array(_qutip.random_circuit(2, 2000, np.random.default_rng(4)).angles)
    for angles in (batched, reference):
        assert angles.min() >= 0
        assert angles.max() < 2 * math.pi
        assert uniform_p_value(np.histogram(angles, bins=16, range=(0, 2 * math.pi))[0]) > 1e-4
