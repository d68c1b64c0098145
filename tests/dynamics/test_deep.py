"""Many layers: the kernel by the engine against drawn generators, the flow against its laws and real circuits."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import unitary_group
from simulated import largest_score
from strategies import bases, pure_states

from haarqntk.dynamics import deep_flow, deep_flow_single, deep_kernel, frozen_kernel, kernel_rate
from haarqntk.errors import InputError, RunError
from haarqntk.montecarlo import _batched


@pytest.mark.parametrize("D", [2, 3, 4, 7, 16])
def test_the_rate_is_that_of_a_rotated_operator(D: int) -> None:
    """E[X̃ Tr(X̃A)] = Tr X²/(D² − 1) A for traceless A: the adjoint representation is irreducible."""
    assert kernel_rate(D=D, L=5, generator_square=D) == 5 * Fraction(D, D**2 - 1)
    assert D % 2 or kernel_rate(D=D, L=5) == kernel_rate(D=D, L=5, generator_square=D)
    assert kernel_rate(D=D, L=1, generator_square=Fraction(2, 3)) == Fraction(2, 3) / (D**2 - 1)


def test_drawn_generators_have_this_kernel() -> None:
    rng = np.random.default_rng(4)
    D = 4
    M = np.diag([2.0, 1, 0, -1])
    states = np.linalg.qr(rng.normal(size=(D, D)) + 1j * rng.normal(size=(D, D)))[0][:2]
    states[1] = (states[0] + states[1]) / np.sqrt(2)
    V = unitary_group.rvs(D, size=20_000, random_state=rng)
    X = (V * np.array([1, 1, -1, -1])) @ V.conj().swapaxes(1, 2)
    slopes = [np.einsum("a,nab,b->n", s.conj(), 1j * (M @ X - X @ M), s).real for s in states]
    K = deep_kernel(M, states, L=1)
    assert largest_score((slopes[i] * slopes[j], K[i, j]) for i, j in ((0, 0), (0, 1), (1, 1))) < 4


@settings(max_examples=10)
@given(st.data(), st.sampled_from([2, 3, 4]), st.integers(1, 3))
def test_the_flow_keeps_the_spectrum_and_follows_its_kernel(data: st.DataObject, D: int, m: int) -> None:
    V = data.draw(bases(D))
    spectrum = np.linspace(-1, 2, D)
    M = (V * spectrum) @ V.conj().T
    states = [np.linalg.eigh(data.draw(pure_states(D)))[1][:, -1] for _ in range(m)]
    labels, h = np.linspace(-0.5, 1.5, m), 1e-3
    times = np.array([5, 1 - h, 1, 1 + h])
    training: Any = {"states": states, "labels": labels, "learning_rate": 0.1, "L": 4, "generator_square": D}
    p: Any = deep_flow(M, times, **training)
    for observable in p.observables:
        assert np.linalg.eigvalsh(observable) == pytest.approx(spectrum, abs=1e-8)
    slope = (p.residual[3] - p.residual[1]) / (2 * h)
    assert slope == pytest.approx(-0.1 * p.kernel[2] @ p.residual[2], abs=1e-5)
    assert p.kernel[2] == pytest.approx(
        deep_kernel(p.observables[2], states, L=4, generator_square=D), abs=1e-9
    )
    assert np.linalg.eigvalsh(p.kernel[2])[0] > -1e-9
    half: Any = deep_flow(M, times * m, **training, average=True)
    assert half.residual == pytest.approx(p.residual, abs=1e-7)
    assert half.loss == pytest.approx(np.square(p.residual).sum(axis=1) / (2 * m), abs=1e-7)


@pytest.mark.parametrize("label", [0.3, 1.0, -1.4])
def test_one_input_and_two_eigenvalues_is_the_closed_form(label: float) -> None:
    rng = np.random.default_rng(6)
    V = unitary_group.rvs(4, random_state=rng)
    M, times = (V * [1, -1, 1, -1]) @ V.conj().T, [0.0, 1, 30]
    p: Any = deep_flow(M, times, states=[[1, 0, 0, 0]], labels=[label], learning_rate=0.1, L=3)
    single = deep_flow_single(p.residual[0, 0], times, label=label, learning_rate=0.1, L=3, D=4)
    assert p.residual[:, 0] == pytest.approx(single.residual, abs=1e-8)
    assert p.kernel[:, 0, 0] == pytest.approx(single.kernel, abs=1e-8)


def trained(L: int, *, steps: int, speed: float) -> Any:
    """ε and K after every step of gradient descent, of 200 drawn circuits at D = 2, O = Z, label 1; η = speed/L."""
    rng = np.random.default_rng(3)
    circuits = _batched.random_circuits(2, L, 200, rng)
    epsilons, kernels = [], []
    for _ in range(steps + 1):
        z, G = _batched.outputs_and_gradients(circuits, np.eye(2)[:1], np.array([[1.0, -1.0]]))
        epsilon, g = z[:, 0, 0] - 1, G[:, 0, 0]
        epsilons.append(epsilon)
        kernels.append(np.square(g).sum(axis=1))
        circuits = _batched.Circuits(
            circuits.segments, circuits.generators, circuits.angles - speed / L * epsilon[:, np.newaxis] * g
        )
    return np.array(epsilons), np.array(kernels)


def test_deep_circuits_follow_the_flow_and_leave_the_frozen_kernel() -> None:
    """The median deviation from the flow falls as 1/√L; that from the kernel at the start stays."""
    steps, speed = 60, 0.04
    off_flow, off_frozen = [], []
    for L in (8, 72):
        epsilon, K = trained(L, steps=steps, speed=speed)
        flow = [
            deep_flow_single(start, [steps], label=1, learning_rate=speed / L, L=L, D=2).residual[0]
            for start in epsilon[0]
        ]
        frozen = [
            frozen_kernel(K_0, [steps], learning_rate=speed / L, residual=start).residual[0]
            for K_0, start in zip(K[0], epsilon[0], strict=True)
        ]
        off_flow.append(np.median(np.abs(epsilon[-1] - flow)))
        off_frozen.append(np.median(np.abs(epsilon[-1] - frozen)))
    assert 2 < off_flow[0] / off_flow[1] < 4.5  # √(72/8) = 3
    assert 0.8 < off_frozen[0] / off_frozen[1] < 1.25
    assert off_frozen[1] > 5 * off_flow[1]


X: Any = np.array([[0, 1], [1, 0]])
Z = np.diag([1, -1])
LATE: dict[str, Any] = {"states": [[1, 0]], "learning_rate": 0.1, "L": 3}


@pytest.mark.parametrize(("M", "label"), [(Z, 0.3), (X, 0), (X, 1e-17), ((X + Z) / np.sqrt(2), np.sqrt(0.5))])
def test_a_fixed_point_stays_at_any_time(M: Any, label: float) -> None:
    p: Any = deep_flow(M, [0, 1, 1e12], labels=[label], **LATE)
    assert np.ptp(p.residual) == 0
    assert (p.observables == M).all()


def test_what_is_learnt_stays_at_any_time() -> None:
    p: Any = deep_flow(X, [0, 30, 1e12], labels=[0.5], **LATE)
    alone = deep_flow_single(-0.5, [0, 30, 1e12], label=0.5, learning_rate=0.1, L=3, D=2)
    assert np.allclose(p.residual.ravel(), alone.residual, rtol=0, atol=1e-9)
    assert p.kernel.ravel() == pytest.approx(alone.kernel, rel=1e-8)


def test_times_that_no_integrator_reaches_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("haarqntk.dynamics._deep._MOST_SLOPES", 1000)
    with pytest.raises(
        RunError, match=r"times must be within what 1000 slopes .* reach, got 1e\+12"
    ) as caught:
        deep_flow(X, [0, 1e12], labels=[2], **LATE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("M", "states", "name"), [([[1], [1, 2]], [[1, 0]], "observable"), (X, [[1], [1, 0]], "states")]
)
def test_rows_that_differ_are_refused(M: Any, states: Any, name: str) -> None:
    with pytest.raises(InputError, match=f"{name} must have rows of one length"):
        deep_kernel(M, states, L=2)
    with pytest.raises(InputError, match=f"{name} must have rows of one length"):
        deep_flow(M, [0], labels=[0], **LATE | {"states": states})
