"""Samplers are tested as distributions, because a wrong one passes any test of its single matrices."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from simulated import largest_score

from haarqntk.montecarlo import _batched, _frames, _qutip
from haarqntk.montecarlo._problem import Eigenspaces

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]
Sampler = Callable[..., Complex]


def from_qutip(D: int, count: int, rng: np.random.Generator) -> Complex:
    circuit = _qutip.random_circuit(D, count - 1, rng, generator=np.zeros(D))
    return np.array([segment.full() for segment in circuit.segments])


def from_qr_without_phases(D: int, count: int, rng: np.random.Generator) -> Complex:
    ginibre = rng.normal(size=(count, D, D)) + 1j * rng.normal(size=(count, D, D))
    return np.linalg.qr(ginibre).Q


def uniform_p_value(counts: NDArray[np.int_]) -> float:
    """How likely counts as uneven as these are under a uniform law, by the χ² test."""
    return float(stats.chisquare(counts.ravel()).pvalue)


# -- unitaries as distributions ----------------------------------------------------------------------------------


def from_frames(D: int, count: int, rng: np.random.Generator) -> Complex:
    """D Gaussian columns in D eigenspaces, whose first entries are positive until they get their phases back."""
    G = _frames.random_trapezoids(Eigenspaces(np.zeros((1, D)), np.ones(D, dtype=int)), D, (count,), rng)
    return _frames.orthonormalised(G * np.exp(1j * rng.uniform(0, 2 * math.pi, size=(count, D, 1))))


def trace_score(unitaries: Complex) -> float:
    """E tr Uʲ = 0 and E|tr Uʲ|² = min(j, D), all that two eigenvalues know of each other; E|tr U|⁴ = 2.

    Diaconis and Shahshahani; two at a time the eigenvalues of a Haar unitary are those of Dyson's circular
    unitary ensemble, whose pair correlation 1 − (sin(Ds/2)/(D sin(s/2)))² has these Fourier coefficients.
    """
    D = unitaries.shape[-1]
    powers, pairs = unitaries, []
    for j in range(1, D + 2):
        traces = np.trace(powers, axis1=-2, axis2=-1)
        pairs += [(traces.real, 0.0), (traces.imag, 0.0), (np.abs(traces) ** 2, float(min(j, D)))]
        if j == 1:
            pairs.append((np.abs(traces) ** 4, 2.0))
        powers = powers @ unitaries
    return largest_score(pairs)


def entry_score(unitaries: Complex) -> float:
    """Moments of entries: both values of the Weingarten function of S_2, by themselves and together."""
    D = unitaries.shape[1]
    a, b, c, d = unitaries[:, 0, 0], unitaries[:, 0, 1], unitaries[:, 1, 0], unitaries[:, 1, 1]
    squares = [np.abs(entry) ** 2 for entry in (a, b, c, d)]
    return largest_score(
        [
            *((square, 1 / D) for square in squares),
            *((square**2, 2 / (D * (D + 1))) for square in squares),
            (squares[0] * squares[1], 1 / (D * (D + 1))),
            (squares[0] * squares[2], 1 / (D * (D + 1))),
            (squares[0] * squares[3], 1 / (D**2 - 1)),
            ((a * d * b.conj() * c.conj()).real, -1 / (D * (D**2 - 1))),
            *((part, 0.0) for entry in (a, b, c, d) for part in (entry.real, entry.imag)),
        ]
    )


def pair_distribution(s: Real, D: int) -> Real:
    """The distribution function of the phase from one eigenvalue to another, both drawn at random.

    Its density is D/(D−1) · (1 − (sin(Ds/2)/(D sin(s/2)))²)/2π, and the squared ratio of sines is
    Σ_{|k|<D} (D − |k|) cos ks.
    """
    waves = sum(2 * (D - k) * np.sin(k * s) / k for k in range(1, D))
    cumulated: Real = (s - (D * s + waves) / D**2) * D / (D - 1) / (2 * math.pi)
    return cumulated


def eigenphase_p_value(unitaries: Complex, rng: np.random.Generator) -> float:
    """How likely eigenphases are as uneven, and pairs of them as close or far, as these."""
    count, D = unitaries.shape[:2]
    eigenvalues = rng.permuted(np.linalg.eigvals(unitaries), axis=1)
    phases = np.angle(eigenvalues) / (2 * math.pi) + 0.5
    gaps = (phases[:, 1] - phases[:, 0]) % 1 * 2 * math.pi
    uniform = stats.kstest(phases[:, 0], "uniform").pvalue
    pairs = stats.kstest(pair_distribution(gaps, D), "uniform").pvalue
    assert count == len(gaps)
    return float(min(uniform, pairs))


SAMPLERS = [(_batched.random_unitaries, 8000), (from_qutip, 500), (from_frames, 8000)]


@pytest.mark.parametrize("D", [2, 3, 4, 6, 8])
@pytest.mark.parametrize(("sampler", "count"), SAMPLERS)
def test_unitaries_are_haar(sampler: Sampler, count: int, D: int) -> None:
    rng = np.random.default_rng(D)
    unitaries = sampler(D, count, rng)
    assert unitaries.shape == (count, D, D)
    assert trace_score(unitaries) < 4
    assert entry_score(unitaries) < 4
    assert eigenphase_p_value(unitaries, rng) > 1e-4


@pytest.mark.parametrize("D", [2, 3, 4, 6, 8])
def test_qr_without_phases_is_unitary_and_yet_refused(D: int) -> None:
    """Each of the three checks refuses it, at the number of matrices that the samplers pass with."""
    rng = np.random.default_rng(D)
    unitaries = from_qr_without_phases(D, 8000, rng)
    np.testing.assert_allclose(
        unitaries @ unitaries.conj().swapaxes(1, 2), np.broadcast_to(np.eye(D), unitaries.shape), atol=1e-13
    )
    assert trace_score(unitaries) > 4
    assert entry_score(unitaries) > 4
    assert eigenphase_p_value(unitaries, rng) < 1e-4


def with_independent_phases(D: int, count: int, rng: np.random.Generator) -> Complex:
    """Diagonal unitaries: phases that are uniform and do not repel."""
    phases: Complex = np.exp(1j * rng.uniform(0, 2 * math.pi, size=(count, D, 1)))
    return phases * np.eye(D)


@pytest.mark.parametrize("D", [2, 4, 8])
def test_eigenvalues_that_do_not_repel_are_refused(D: int) -> None:
    rng = np.random.default_rng(D)
    unitaries = with_independent_phases(D, 8000, rng)
    assert trace_score(unitaries) > 4
    assert eigenphase_p_value(unitaries, rng) < 1e-4


@pytest.mark.parametrize("D", [2, 5])
def test_the_law_of_a_pair_of_eigenvalues_is_their_joint_density(D: int) -> None:
    """The distribution function against the density by its definition, integrated numerically."""
    s = np.linspace(0, 2 * math.pi, 20_001)[1:-1]
    density = D / (D - 1) * (1 - (np.sin(D * s / 2) / (D * np.sin(s / 2))) ** 2) / (2 * math.pi)
    cumulated = np.cumsum(density) * (s[1] - s[0])
    np.testing.assert_allclose(pair_distribution(s, D), cumulated, atol=1e-4)
    assert pair_distribution(np.array([2 * math.pi]), D) == pytest.approx(1)


@pytest.mark.parametrize(("D", "k"), [(4, 2), (9, 2), (64, 3)])
def test_frames_are_columns_of_haar_unitaries(D: int, k: int) -> None:
    """With D eigenspaces there are entries to look at; with two, Σ_i |U_i1|² over one of dimension d.

    It has the law Beta(d, D − d).
    """
    rng = np.random.default_rng(D)
    spaces = Eigenspaces(np.zeros((1, D)), np.ones(D, dtype=int))
    rows = _frames.orthonormalised(_frames.random_trapezoids(spaces, k, (8000,), rng))
    phases = np.exp(1j * rng.uniform(0, 2 * math.pi, size=(8000, D, 1)))
    assert entry_score(rows * phases) < 4
    half = D // 2
    spaces = Eigenspaces(np.zeros((1, 2)), np.array([half, D - half]))
    Y = _frames.orthonormalised(_frames.random_trapezoids(spaces, k, (8000,), rng))
    weights = np.square(np.abs(Y[:, : min(half, k)])).sum(axis=1)
    for column in range(k):
        assert stats.kstest(weights[:, column], stats.beta(half, D - half).cdf).pvalue > 1e-4
        assert stats.kstest(weights[:, column], stats.beta(half + 1, D - half).cdf).pvalue < 1e-4


def test_one_unitary_has_the_shape_of_many() -> None:
    assert _batched.random_unitaries(4, 1, np.random.default_rng(1)).shape == (1, 4, 4)


def test_segments_of_a_circuit_are_independent() -> None:
    S = _batched.random_circuits(4, 2, 20_000, np.random.default_rng(2)).segments
    for i, j in itertools.combinations(range(3), 2):
        assert trace_score(S[:, i] @ S[:, j].conj().swapaxes(1, 2)) < 4


def pauli_strings(num_qubits: int) -> Complex:
    letters = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    strings = np.ones((1, 1, 1), dtype=np.complex128)
    for _ in range(num_qubits):
        strings = np.array([np.kron(string, letter) for string in strings for letter in letters])
    return strings


def qutip_generators(D: int, count: int, rng: np.random.Generator, *, with_identity: bool = False) -> Complex:
    drawn = (_qutip.random_generator(D, rng, with_identity=with_identity) for _ in range(count))
    return np.array([generator.full() for generator in drawn])


@pytest.mark.parametrize("with_identity", [False, True])
@pytest.mark.parametrize(
    ("sampler", "num_qubits", "count"),
    [
        (_batched.random_generators, 1, 30_000),
        (_batched.random_generators, 2, 30_000),
        (_batched.random_generators, 3, 30_000),
        (qutip_generators, 1, 400),
        (qutip_generators, 2, 1000),
    ],
)
def test_paulis_are_uniform(sampler: Sampler, num_qubits: int, count: int, *, with_identity: bool) -> None:
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
