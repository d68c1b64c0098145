"""Step sizes against gradient descent itself."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haarqntk.dynamics import frozen_kernel, step_sizes


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
