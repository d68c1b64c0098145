"""Frozen kernels: linear algebra, hypergeometric functions, drawn circuits; other points and step sizes by descent."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import comb
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from simulated import largest_score
from strategies import Problem, problems

import haarqntk as hq
from haarqntk.dynamics import frozen_kernel, frozen_law, frozen_outputs, jensen_gap, step_sizes
from haarqntk.montecarlo import _batched

PAULI, PROJECTOR = [1, -1, -1, 1], [1, 0, 0, 0]
LAW = hq.kernel_law(D=2, L=1, spectrum=[1, -1])


@given(st.integers(1, 5), st.integers(0, 2**32 - 1), st.floats(0.01, 0.3))
def test_steps_and_flow_are_powers_and_exponentials_of_the_matrix(m: int, seed: int, eta: float) -> None:
    rng = np.random.default_rng(seed)
    J = rng.normal(size=(m, 7))
    K, start = J @ J.T, rng.normal(size=m)
    steps = frozen_kernel(K, [0, 1, 5], learning_rate=eta, residual=start)
    one = np.eye(m) - eta * K
    expected = [start, one @ start, np.linalg.matrix_power(one, 5) @ start]
    assert steps.residual == pytest.approx(np.array(expected), rel=1e-8, abs=1e-8 * np.abs(expected).max())
    flow = frozen_kernel(K, [0, 0.7], learning_rate=eta, residual=start, flow=True)
    assert flow.residual[1] == pytest.approx(expm(-0.7 * eta * K) @ start, abs=1e-9)
    assert flow.loss == pytest.approx(np.square(flow.residual).sum(axis=1) / 2)


def by_hypergeometric_functions(D: int, L: int, s: float, rank: int) -> float:
    """E[e^{−sK}] for eigenvalues ±1, ``rank`` of them 1: E over p ~ Beta of the transform of ξ² to the power L."""
    half = mpmath.mpf(1) / 2

    def integrand(p: Any) -> Any:
        argument = -4 * s * 4 * p * (1 - p)
        one = mpmath.hyp2f2(half, D * half, (D + 1) * half, D - 1, argument)
        return p ** (rank - 1) * (1 - p) ** (D - rank - 1) * one**L

    return float(mpmath.quad(integrand, [0, half / 2, half, 1]) / mpmath.beta(rank, D - rank))


@pytest.mark.parametrize(("D", "L", "rank"), [(2, 1, 1), (4, 6, 2), (4, 64, 1), (8, 3, 2)])
def test_the_law_agrees_with_hypergeometric_functions(D: int, L: int, rank: int) -> None:
    law = hq.kernel_law(D=D, L=L, spectrum=[1] * rank + [-1] * (D - rank))
    eta = 1 / float(law.mean)
    p: Any = frozen_law(law, [0, 1, 6], learning_rate=eta)
    for time, lower, upper in zip(p.times, p.lower, p.upper, strict=True):
        assert lower - 1e-12 <= by_hypergeometric_functions(D, L, eta * time, rank) <= upper + 1e-12
    assert p.width < 1e-5


@cache
def drawn(D: int, L: int, spectrum: tuple[int, ...]) -> tuple[Any, Any]:
    """z and K of 20 000 whole circuits."""
    circuits = _batched.random_circuits(D, L, 20_000, np.random.default_rng(8))
    outputs, gradients = _batched.outputs_and_gradients(
        circuits, np.eye(D)[:1], np.array([spectrum], dtype=float)
    )
    return outputs[:, 0, 0], np.square(gradients[:, 0, 0]).sum(axis=-1)


@pytest.mark.parametrize("spectrum", [PAULI, PROJECTOR, [3, 1, 0, -2]])
@pytest.mark.parametrize("flow", [True, False])
def test_drawn_circuits_have_these_means(spectrum: list[int], *, flow: bool) -> None:
    """Also the means of the residual and its square, which start at z − O_0 of the same state as K."""
    D, L, O_0, times = 4, 3, 2, np.array([1.0, 4, 12])
    z, K = drawn(D, L, tuple(spectrum))
    law = hq.kernel_law(D=D, L=L, spectrum=spectrum)
    eta = 0.9 / float(law.largest)
    decay = [np.exp(-eta * K * t) if flow else (1 - eta * K) ** t for t in times]
    factor = frozen_law(law, times, learning_rate=eta, flow=flow)
    with_target: Any = frozen_law(law, times, learning_rate=eta, flow=flow, target=O_0)
    assert with_target.width < 1e-3
    for k, f in enumerate(decay):
        means = [factor.residual[k], with_target.residual[k], with_target.loss[k]]
        values = [f, (z - O_0) * f, (z - O_0) ** 2 * f**2 / 2]
        assert largest_score(zip(values, means, strict=True)) < 4


def test_the_residual_and_the_kernel_are_correlated() -> None:
    """E[ε e^{−ηKt}] is not E[ε] E[e^{−ηKt}]: a rank-one projector with target 1 ends where v is small, at z = 0."""
    law = hq.kernel_law(D=4, L=3, spectrum=PROJECTOR)
    arguments: dict[str, Any] = {"learning_rate": 1 / float(law.mean)}
    mean: Any = frozen_law(law, [3], target=1, **arguments)
    factor = frozen_law(law, [3], **arguments).residual
    product = float(law.moment(0, output_power=1) - 1) * factor
    assert mean.upper[0] < product[0] - 0.02


@settings(max_examples=15)
@given(problems().filter(lambda problem: len(set(problem.spectrum)) > 1 and problem.D <= 8))
@example(Problem(D=2, L=7, spectrum=(Fraction(0), Fraction(1, 5))))  # in floats η K_max > 1
def test_a_few_steps_are_a_polynomial_of_the_exact_moments(problem: Problem) -> None:
    law = hq.kernel_law(D=problem.D, L=problem.L, spectrum=problem.spectrum)
    eta = law.largest**-1
    p = frozen_law(law, [0, 1, 7], learning_rate=eta, flow=False, num_nodes=8)
    for time, value in zip((0, 1, 7), p.residual, strict=True):
        exact = sum(comb(time, j) * (-eta) ** j * law.moment(j) for j in range(time + 1))
        assert value == pytest.approx(float(exact), abs=1e-12)
    assert p.width < 1e-11  # both rules are exact, up to the allowance for rounding


@settings(max_examples=15)
@given(problems().filter(lambda problem: problem.D <= 6), st.integers(1, 6))
def test_more_nodes_stay_within_the_bracket_of_fewer(problem: Problem, n: int) -> None:
    law = hq.kernel_law(D=problem.D, L=problem.L, spectrum=problem.spectrum)
    arguments: dict[str, Any] = {"learning_rate": 1, "target": 1, "tolerance": 1e6}
    times = [0.3 / float(law.mean or 1), 3 / float(law.mean or 1)]
    wide: Any = frozen_law(law, times, num_nodes=n, **arguments)
    narrow: Any = frozen_law(law, times, num_nodes=n + 3, **arguments)
    slack = 1e-11 * max(1, float(max(map(abs, problem.spectrum))))
    assert np.all(wide.lower <= narrow.lower + slack)
    assert np.all(narrow.upper <= wide.upper + slack)


def test_the_mean_of_exponentials_exceeds_the_exponential_of_the_mean_by_the_variance_at_first() -> None:
    law = hq.kernel_law(D=4, L=64, spectrum=PAULI)
    eta, short = 1 / float(law.mean), 0.01
    gap = jensen_gap(law, [0, short], learning_rate=eta).residual
    relative_variance = float(law.variance / law.mean**2)
    assert gap[0] == pytest.approx(1, abs=1e-12)
    assert gap[1] - 1 == pytest.approx(short**2 / 2 * relative_variance, rel=0.02)


def test_a_projector_does_not_concentrate_and_a_pauli_string_does() -> None:
    """At D = 16 and great depth, after four decay times: the frozen mean is off by the amount of the law."""
    gaps = []
    for spectrum in ([1, -1] * 8, [1] + [0] * 15):
        law = hq.kernel_law(D=16, L=4000, spectrum=spectrum)
        gaps.append(jensen_gap(law, [4], learning_rate=1 / float(law.mean)).residual[0])
    assert gaps[0] < 1.2
    assert gaps[1] > 5


def test_a_float_target_is_the_number_that_it_is() -> None:
    p, q = (frozen_law(LAW, [1], learning_rate=1, target=x).residual for x in (0.25, Fraction(1, 4)))
    assert p == q


def test_a_constant_observable_never_moves() -> None:
    law = hq.kernel_law(D=4, L=2, spectrum=[3, 3, 3, 3])
    p = frozen_law(law, [0, 10], learning_rate=1, target=1)
    assert p.residual == pytest.approx([2, 2], abs=1e-12)
    assert p.loss == pytest.approx([2, 2], abs=1e-12)


def test_predictions_say_what_they_assume_and_cannot_be_changed() -> None:
    p = frozen_law(LAW, 1, learning_rate=0.1)
    assert "keeps the kernel" in p.assumption
    assert "derivations/14_dynamics.md" in p.reference
    with pytest.raises(ValueError, match="read-only"):
        p.residual[0] = 0


# -- outputs of other points: gradient descent on a linear model, whose kernel is frozen ------------------------


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_a_linear_model_is_trained_like_this(m: int, n: int, num_parameters: int, seed: int) -> None:
    """With fewer parameters than points the kernel is singular."""
    rng = np.random.default_rng(seed)
    J, J_other = rng.normal(size=(m, num_parameters)), rng.normal(size=(n, num_parameters))
    start, others = rng.normal(size=m), rng.normal(size=n)
    eta = 1 / np.linalg.eigvalsh(J @ J.T)[-1]
    p: Any = frozen_outputs(
        J @ J.T, range(6), cross_kernel=J_other @ J.T, outputs=others, residual=start, learning_rate=eta
    )
    theta = np.zeros(num_parameters)
    for t in range(6):
        epsilon = start + J @ theta
        assert p.residual[t] == pytest.approx(epsilon, abs=1e-9)
        assert p.outputs[t] == pytest.approx(others + J_other @ theta, abs=1e-7)
        theta = theta - eta * J.T @ epsilon
    # the flow starts with the same slope
    given: dict[str, Any] = {"cross_kernel": J_other @ J.T, "outputs": others, "residual": start}
    flow: Any = frozen_outputs(J @ J.T, [1e-6], **given, learning_rate=eta, flow=True)
    slope = (flow.outputs[0] - others) / 1e-6
    assert slope == pytest.approx(-eta * J_other @ J.T @ start, abs=1e-3)


def test_the_end_is_the_regression_that_interpolates() -> None:
    rng = np.random.default_rng(1)
    J = rng.normal(size=(3, 5))
    K = J @ J.T
    arguments: dict[str, Any] = {"outputs": np.zeros(3), "residual": [1, -2, 0.5], "learning_rate": 0.1}
    p: Any = frozen_outputs(K, [10**6], cross_kernel=K, **arguments)
    assert p.outputs[0] == pytest.approx(np.array([-1, 2, -0.5]), abs=1e-9)
    assert p.outputs_limit == pytest.approx(p.outputs[0], abs=1e-9)


# -- step sizes against gradient descent itself ----------------------------------------------------------------


@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_below_the_edge_descent_falls_and_beyond_it_grows(m: int, seed: int) -> None:
    J = np.random.default_rng(seed).normal(size=(m, 9))
    K = J @ J.T
    first = np.linalg.eigh(K)[1][:, -1]
    edge = step_sizes(K).stability_edge
    assert not step_sizes(K, edge).is_stable  # a residual along the first mode only turns its sign
    assert not step_sizes(K, edge * (1 - 2.0**-41)).is_stable
    for factor, is_stable in ((0.99, True), (1.01, False)):
        s = step_sizes(K, factor * edge)
        assert s.is_stable == is_stable
        late = frozen_kernel(K, [500], learning_rate=s.learning_rate, residual=first).residual
        assert (np.linalg.norm(late) < 1) == is_stable


def test_decay_times_are_those_of_each_mode() -> None:
    K = np.diag([0.1, 3.0, 0.5])
    s = step_sizes(K, 0.2)
    assert s.eigenvalues.tolist() == pytest.approx([3, 0.5, 0.1])
    for decay, where in zip(s.decay_times, (1, 2, 0), strict=True):
        flow = frozen_kernel(K, [decay], learning_rate=0.2, residual=np.eye(3)[where], flow=True)
        assert flow.residual[0, where] == pytest.approx(np.exp(-1))
    assert np.abs(1 - 0.2 * s.eigenvalues) ** s.decay_steps == pytest.approx(np.full(3, np.exp(-1)))
    assert s.condition_number == pytest.approx(30)


def test_the_critical_rate_ends_the_first_mode_in_one_step() -> None:
    s = step_sizes(Fraction(1, 4))
    assert (s.critical, s.stability_edge, s.learning_rate, s.decay_steps.tolist()) == (4, 8, 4, [0])
    assert step_sizes(4, c=1.5).critical == 1.5 / 4


def test_a_singular_kernel_has_modes_that_never_decay() -> None:
    s = step_sizes(np.ones((3, 3)))
    assert s.eigenvalues.tolist() == pytest.approx([3, 0, 0])
    assert s.decay_times[1:].tolist() == [np.inf, np.inf]
    assert s.decay_steps[1:].tolist() == [np.inf, np.inf]
    assert s.condition_number == np.inf
