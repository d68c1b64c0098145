"""Outputs under a frozen kernel against gradient descent on a linear model, whose kernel is frozen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haarqntk.dynamics import frozen_outputs


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
    flow: Any = frozen_outputs(
        J @ J.T,
        [1e-6],
        cross_kernel=J_other @ J.T,
        outputs=others,
        residual=start,
        learning_rate=eta,
        flow=True,
    )
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
