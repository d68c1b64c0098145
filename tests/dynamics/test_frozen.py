"""Frozen kernels: linear algebra, a second route by hypergeometric functions, and drawn circuits."""

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
from strategies import Problem, problems

import haarqntk as hq
from haarqntk.dynamics import frozen_kernel, frozen_law, jensen_gap
from haarqntk.montecarlo import Estimate, _batched

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
        assert abs(Estimate.of("0", f).z_score(factor.residual[k])) < 4
        assert abs(Estimate.of("0", (z - O_0) * f).z_score(with_target.residual[k])) < 4
        assert abs(Estimate.of("0", (z - O_0) ** 2 * f**2 / 2).z_score(with_target.loss[k])) < 4


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
