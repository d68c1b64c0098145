"""Arguments that no prediction takes: each is refused in one clear line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import haarqntk as hq
from haarqntk import dynamics as hd
from haarqntk.errors import CostError, HaarqntkError, InputError, InputTypeError

LAW: Any = hq.kernel_law(D=2, L=1, spectrum=[1, -1])
X: Any = np.array([[0, 1], [1, 0]])
ONE: dict[str, Any] = {"learning_rate": 1}
START: dict[str, Any] = {"learning_rate": 1, "residual": 1}
FLOW: dict[str, Any] = {**START, "relative_meta_kernel": 1}
SINGLE: dict[str, Any] = {"label": 1, "learning_rate": 1, "L": 1, "D": 4}
DEEP: dict[str, Any] = {"states": [[1, 0]], "labels": [1], "learning_rate": 1, "L": 1}
OTHERS: dict[str, Any] = {"cross_kernel": [[1, 0]], "outputs": [0], "residual": [1, 1], "learning_rate": 0.1}
ODD = "D must be even for the default generators X² = 1, Tr X = 0 .Pauli strings., got 3"

BAD: dict[type[HaarqntkError], list[tuple[Any, str]]] = {
    InputError: [
        (lambda: hd.frozen_kernel(-1, [1], **ONE), "kernel must be ≥ 0, got -1"),
        (lambda: hd.frozen_kernel([1, 2], [1], **ONE), "a number or a square matrix"),
        (lambda: hd.frozen_kernel([[1, 2], [0, 1]], [1], **ONE), "must be symmetric"),
        (lambda: hd.frozen_kernel([[1, 2], [2, 1]], [1], **ONE), "got the eigenvalue -1"),
        (lambda: hd.frozen_kernel(np.nan, [1], **ONE), "kernel must be finite"),
        (lambda: hd.frozen_kernel(1, [0.5], **ONE), "integers up to 2.53 .* got 0.5"),
        (lambda: hd.frozen_kernel(1, [-1], **ONE), "times must be ≥ 0, got -1"),
        (lambda: hd.frozen_kernel(1, [], **ONE), "one-dimensional and not empty"),
        (lambda: hd.frozen_kernel(1, [1], learning_rate=0), "learning_rate must be > 0, got 0"),
        (lambda: hd.frozen_kernel(np.eye(2), [1], **ONE, residual=[1]), "the shape .2,."),
        (
            lambda: hd.frozen_outputs(np.eye(2), [1], **OTHERS | {"residual": [1]}),
            r"residual and outputs must be lists, of m = 2 and n numbers, got \(1,\), \(1,\)",
        ),
        (
            lambda: hd.frozen_outputs(np.eye(2), [1], **OTHERS | {"cross_kernel": [[1]]}),
            r"cross_kernel must have the shape \(1, 2\) \(n, m\), got \(1, 1\)",
        ),
        (
            lambda: hd.frozen_outputs(np.eye(2), [1], **OTHERS | {"learning_rate": -1}),
            "learning_rate must be > 0",
        ),
        (lambda: hd.step_sizes(0), "kernel must not be 0"),
        (lambda: hd.step_sizes([[1, 0]]), "a square matrix, got the shape .1, 2."),
        (lambda: hd.step_sizes(1, -1), "learning_rate must be > 0, got -1"),
        (lambda: hd.step_sizes(1, c=0), "c must be > 0, got 0"),
        (lambda: hd.frozen_law(LAW, [1], **ONE, flow=False), "at most 1/K_max = 0.25"),
        (lambda: hd.frozen_law(LAW, [1], **ONE, num_nodes=61), "num_nodes must be at most 60"),
        (lambda: hd.jensen_gap(LAW, [1e4], **ONE), "times must leave .* > 0 as a float, got 10000"),
        (lambda: hd.jensen_gap(LAW, [80], **ONE, num_nodes=4), "wider than tolerance = 0.01"),
        (
            lambda: hd.frozen_law(LAW, [1e6], **ONE, num_nodes=2),
            "must not be wider than tolerance = 0.01, got 0.332 at time 1e.06; raise num_nodes = 2",
        ),
        (lambda: hd.constant_lambda_flow(-1, [1], **FLOW), "kernel must be ≥ 0, got -1"),
        (lambda: hd.constant_lambda_flow(1, [np.inf], **FLOW), "times must be finite, got inf"),
        (lambda: hd.quadratic_correction(1, [1], **START), "meta_kernel= must be given, got neither"),
        (lambda: hd.quadratic_correction(1, [1], **FLOW, meta_kernel=1), "must be given, got both"),
        (
            lambda: hd.quadratic_correction(1, [9], **START, meta_kernel=1, follow_kernel=True),
            "learning_rate must be small enough for the expansion, got ε = 0.5, K = -1 after 1 steps",
        ),
        (lambda: hd.quadratic_correction(5, [999], **START, meta_kernel=0), "learning_rate must be small"),
        (lambda: hd.loss_lower_bound(2.1, [1], **ONE, L=1), "loss must be at most 2"),
        (lambda: hd.deep_flow_single(-2.5, [1], **SINGLE), "got z = y . ε = -1.5"),
        (lambda: hd.deep_flow_single(-1, [1], **SINGLE, scale=0), "scale must be > 0, got 0"),
        (lambda: hd.deep_flow_single(-1, [1], **SINGLE | {"D": 1}), "D must be an integer ≥ 2, got 1"),
        (lambda: hd.deep_flow([[0, 1], [0, 0]], [1], **DEEP), "must be Hermitian, got .O − O†. up to 1"),
        (lambda: hd.deep_flow([[0, 1]], [1], **DEEP), "a square matrix, got the shape .1, 2."),
        (lambda: hd.deep_flow([[0, np.nan], [np.nan, 0]], [1], **DEEP), "observable must be finite"),
        (
            lambda: hd.deep_flow(X, [1], **DEEP | {"states": [[1, 1]]}),
            "normalised, got the norm 1.41421 of state 0",
        ),
        (lambda: hd.deep_flow(X, [1], **DEEP | {"states": [1, 0]}), "states must be rows of D = 2 numbers"),
        (lambda: hd.deep_flow(X, [1], **DEEP | {"labels": [1, 2]}), "one number for each of the 1 states"),
        (lambda: hd.kernel_rate(D=4, L=1, generator_square=0), "generator_square must be > 0, got 0"),
        (lambda: hd.kernel_rate(D=3, L=1), ODD),
        (lambda: hd.deep_kernel(np.eye(3), [[1, 0, 0]], L=1), ODD),
        (lambda: hd.deep_flow(np.eye(3), [1], **DEEP | {"states": [[1, 0, 0]]}), ODD),
        (lambda: hd.deep_flow_single(0.5, [1], **SINGLE | {"label": 0, "D": 3}), ODD),
    ],
    InputTypeError: [
        (lambda: hd.frozen_kernel("1", [1], **ONE), "kernel must be real numbers"),
        (lambda: hd.frozen_kernel(1, [1], learning_rate="a"), "learning_rate must be a real number"),
        (lambda: hd.step_sizes(1, learning_rate=True), "learning_rate must be a real number, got True"),
        (lambda: hd.frozen_law(2, [1], **ONE), "law must be a KernelLaw, got int"),  # type: ignore[arg-type]
        (lambda: hd.frozen_law(LAW, [1], **ONE, target="1"), "target must be a real number"),
        (lambda: hd.constant_lambda_flow(1, [1], **FLOW | {"residual": None}), "residual must be a real"),
        (lambda: hd.deep_flow([["a"]], [1], **DEEP), "observable must be an array or Qobj of numbers"),
    ],
    CostError: [
        (lambda: hd.quadratic_correction(1, [10**8], **START, meta_kernel=1), "at most 10000000 steps"),
        (lambda: hd.deep_flow(X, np.zeros(2**24), **DEEP), "times must be at most 8388608 at D = 2"),
    ],
}


@pytest.mark.parametrize(
    ("call", "error", "text"), [(call, error, text) for error in BAD for call, text in BAD[error]]
)
def test_a_bad_argument_is_refused_in_one_clear_line(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("predict", "K", "start"),
    [
        (hd.frozen_kernel, 1, 1.0),
        (hd.frozen_kernel, [[1, 0], [0, 0.5]], [1, 1]),
        (lambda *args, **rest: hd.frozen_outputs(*args, **OTHERS | rest), [[1, 0], [0, 1]], [1, 1]),
    ],
)
def test_a_residual_beyond_the_range_of_a_float_is_refused(predict: Any, K: Any, start: Any) -> None:
    p = predict(K, [0, 10], learning_rate=3, residual=start)  # unstable, and yet a number
    np.testing.assert_array_equal(p.residual[1], (1 - 3 * np.diag(np.atleast_2d(K))) ** 10)
    for late in (600, 99999):  # the loss, or the residual, overflows
        with pytest.raises(InputError, match=f"times must leave .* got {late:g} .* edge is 2/λ_max = 2"):
            predict(K, [0, 10, late], learning_rate=3, residual=start)
