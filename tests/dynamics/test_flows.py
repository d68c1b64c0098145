"""Closed forms of flows against the equations that they solve, by SymPy and by an integrator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from haarqntk.dynamics import (
    constant_lambda_flow,
    deep_flow_single,
    kernel_rate,
    loss_lower_bound,
    quadratic_correction,
)
from haarqntk.errors import CostError, HaarqntkError, InputError, InputTypeError

TIMES = np.array([0, 0.01, 0.3, 2, 9.0])


def integrated(slope: Any, start: list[float], times: Any = TIMES) -> Any:
    done = solve_ivp(slope, (0, times[-1]), start, "DOP853", t_eval=times, rtol=1e-12, atol=1e-14)
    assert done.success
    return done.y


# -- constant λ ------------------------------------------------------------------------------------------------


def test_the_logistic_curve_solves_its_equations() -> None:
    eta, lam, start, C, t = sympy.symbols("eta lam epsilon_0 C t", nonzero=True)
    x = eta * C * t
    epsilon = start / (sympy.exp(x) + 2 * lam * start * (sympy.exp(x) - 1) / C)
    K = C + 2 * lam * epsilon
    assert sympy.simplify(sympy.diff(epsilon, t) + eta * K * epsilon) == 0
    assert sympy.simplify(sympy.diff(K, t) + 2 * eta * epsilon * lam * K) == 0
    assert epsilon.subs(t, 0) == start


@given(st.floats(0, 5), st.floats(-2, 2), st.floats(-3, 3), st.floats(0.05, 1))
@example(4.0, 2.0, 1.0, 0.5)  # critical
@example(4.0, 2.0, 1.0 + 1e-13, 0.5)  # all but critical
@example(0.0, 1.0, 1.0, 0.5)
@example(3.0, 0.0, 1.0, 0.5)
def test_the_flow_with_constant_lambda_is_the_integrated_one(
    K: float, start: float, lam: float, eta: float
) -> None:
    p = constant_lambda_flow(K, TIMES, learning_rate=eta, residual=start, relative_meta_kernel=lam)
    assert p.kernel is not None
    y = integrated(lambda _, y: [-eta * y[1] * y[0], -2 * eta * y[0] * lam * y[1]], [start, K])
    assert p.residual == pytest.approx(y[0], rel=1e-7, abs=1e-9)
    assert p.kernel == pytest.approx(y[1], rel=1e-7, abs=1e-9)
    assert p.kernel - 2 * lam * p.residual == pytest.approx(np.full(5, p.conserved), abs=1e-10)


def test_the_three_regimes_have_their_exponents() -> None:
    late = np.array([40.0, 44.0])
    for start, regime in ((1.0, "frozen-kernel"), (2.0, "critical"), (3.0, "frozen-error")):
        p = constant_lambda_flow(4, late, learning_rate=0.5, residual=start, relative_meta_kernel=1)
        assert p.kernel is not None
        assert p.regime == regime
        if regime == "critical":
            slope = -np.diff(np.log(p.residual)) / np.diff(np.log(late))
            assert slope == pytest.approx(p.exponent, abs=0.05)
            assert p.residual * 2 * 0.5 * late == pytest.approx([1, 1], abs=0.02)  # 1/(2ηλt)
        else:
            falling = p.residual if regime == "frozen-kernel" else p.kernel
            assert -np.diff(np.log(falling)) / 4 == pytest.approx(p.exponent, rel=1e-9)
            assert p.residual[-1] == pytest.approx(p.residual_limit, abs=1e-12)
            assert p.kernel[-1] == pytest.approx(p.kernel_limit, abs=1e-12)


def test_nothing_overflows_at_late_times() -> None:
    for K, start, limit in ((4, -1.0, 0), (4, 1.0, 0), (4, 3.0, 1), (0, -1.0, -1), (0, 3.0, 3)):
        p = constant_lambda_flow(K, [1e300], learning_rate=1, residual=start, relative_meta_kernel=1)
        assert p.residual[0] == pytest.approx(limit, abs=1e-12)
        assert p.kernel == pytest.approx(p.conserved + 2 * p.residual, abs=1e-12)


# -- the quadratic correction ----------------------------------------------------------------------------------


def test_the_quadratic_correction_is_its_recursion() -> None:
    p = quadratic_correction(2, range(4), learning_rate=0.1, residual=0.5, meta_kernel=-3, follow_kernel=True)
    epsilon, K = 0.5, 2.0
    for t in range(4):
        assert p.kernel is not None
        assert (p.residual[t], p.kernel[t]) == pytest.approx((epsilon, K), rel=1e-14)
        epsilon, K = epsilon - 0.1 * K * epsilon - 3 * (0.1 * epsilon) ** 2 / 2, K + 6 * 0.1 * epsilon


def test_small_steps_follow_the_flow_with_constant_lambda() -> None:
    """The error of a scheme of first order falls in proportion to the step."""
    errors = []
    for steps in (1000, 2000, 4000):
        eta = 2.0 / steps
        p = quadratic_correction(
            3, [steps], learning_rate=eta, residual=1, relative_meta_kernel=0.7, follow_kernel=True
        )
        flow = constant_lambda_flow(3, [steps], learning_rate=eta, residual=1, relative_meta_kernel=0.7)
        errors.append(abs(p.residual[0] - flow.residual[0]))
    assert np.diff(np.log2(errors)) == pytest.approx([-1, -1], abs=0.05)


# -- many layers, one input ------------------------------------------------------------------------------------


def test_the_time_of_a_residual_solves_the_flow() -> None:
    epsilon, y, gamma = sympy.symbols("epsilon y gamma")
    slope = -epsilon * (gamma**2 - (y + epsilon) ** 2)  # dε/d(κt)
    time = (
        -sympy.log(epsilon) / (gamma**2 - y**2)
        + sympy.log(gamma - y - epsilon) / (2 * gamma * (gamma - y))
        + sympy.log(gamma + y + epsilon) / (2 * gamma * (gamma + y))
    )
    assert sympy.simplify(sympy.diff(time, epsilon) * slope) == 1
    a = -epsilon  # at y = γ
    time = 1 / a / (2 * gamma) + sympy.log((2 * gamma - a) / a) / (4 * gamma**2)
    assert sympy.simplify(sympy.diff(time, epsilon) * slope.subs(y, gamma)) == 1


@given(st.floats(-1.5, 1.5), st.floats(-0.999, 0.999), st.floats(0.3, 2))
@example(1.0, -0.5, 1.0)  # sublinear
@example(-1.0, 0.999, 1.0)
@example(1.0 - 1e-13, 0.5, 1.0)
@example(0.0, 1.0, 1.0)  # a fixed point
@example(0.5, 0.5, 1.0)  # at the target
def test_the_flow_of_many_layers_is_the_integrated_one(label: float, part: float, gamma: float) -> None:
    y, start = label * gamma, gamma * part - label * gamma
    p = deep_flow_single(start, TIMES, label=y, learning_rate=0.1, L=3, D=4, scale=gamma)
    assert p.kernel is not None
    kappa = 2 * 0.1 * float(kernel_rate(D=4, L=3))
    expected = integrated(lambda _, e: -kappa * e * (gamma - y - e) * (gamma + y + e), [start])[0]
    assert p.residual == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert p.kernel * 0.1 == pytest.approx(kappa * (gamma**2 - (y + p.residual) ** 2), abs=1e-12)


def test_the_range_of_the_measurement_decides_how_fast() -> None:
    late = np.array([4000.0, 4010.0])
    arguments: dict[str, Any] = {"learning_rate": 0.02, "L": 3, "D": 4}
    fast = deep_flow_single(-1.2, late, label=1, scale=1.05, **arguments)
    assert fast.regime == "exponential"
    assert -np.diff(np.log(-fast.residual)) / 10 == pytest.approx(fast.exponent, rel=1e-3)
    slow = deep_flow_single(-1.2, late * 100, label=1, **arguments)
    assert slow.regime == "sublinear"
    assert -slow.residual * slow.exponent * late * 100 == pytest.approx([1, 1], rel=2e-3)
    never = deep_flow_single(-1.2, [800.0, 810.0], label=1.2, **arguments)
    assert never.regime == "unreachable"
    excess = never.residual_limit - never.residual
    assert -np.diff(np.log(excess)) / 10 == pytest.approx(never.exponent, rel=1e-3)


# -- the bound -------------------------------------------------------------------------------------------------


def test_the_bound_solves_its_differential_equation() -> None:
    t, start, rate = sympy.symbols("t l_0 r", positive=True)  # r = ηL‖X‖²
    bound = (start ** sympy.Rational(-1, 2) + 8 * sympy.sqrt(2) * rate * t) ** -2
    slope = -16 * sympy.sqrt(2) * rate * bound ** sympy.Rational(3, 2)
    assert sympy.simplify(sympy.diff(bound, t) - slope) == 0
    p = loss_lower_bound(0.7, [0.0, 3.0], learning_rate=0.1, L=4, generator_norm=2)
    assert p.loss is not None
    assert p.loss[1] == pytest.approx(float(bound.subs({t: 3, start: 0.7, rate: 1.6})))
    assert p.residual == pytest.approx(np.sqrt(2 * p.loss))
    assert loss_lower_bound(0, [1], learning_rate=1, L=1).residual.tolist() == [0]


@given(st.floats(-1, 1), st.floats(0, 50))
def test_the_sublinear_flow_of_many_layers_stays_above_the_bound(z: float, t: float) -> None:
    p = deep_flow_single(z - 1, [t], label=1, learning_rate=0.1, L=3, D=4)
    bound = loss_lower_bound((z - 1) ** 2 / 2, [t], learning_rate=0.1, L=3)
    assert p.loss is not None
    assert bound.loss is not None
    assert p.loss[0] >= bound.loss[0] * (1 - 1e-9)


FLOW: dict[str, Any] = {"learning_rate": 1, "residual": 1, "relative_meta_kernel": 1}
DEEP: dict[str, Any] = {"label": 1, "learning_rate": 1, "L": 1, "D": 4}
STEPS: dict[str, Any] = {"learning_rate": 1, "residual": 1}
BAD: list[tuple[Any, type[HaarqntkError], str]] = [
    (lambda: constant_lambda_flow(-1, [1], **FLOW), InputError, "kernel must be ≥ 0, got -1"),
    (
        lambda: constant_lambda_flow(1, [1], **FLOW | {"residual": None}),
        InputTypeError,
        "residual must be a real",
    ),
    (lambda: constant_lambda_flow(1, [np.inf], **FLOW), InputError, "times must be finite, got inf"),
    (lambda: quadratic_correction(1, [1], **STEPS), InputError, "meta_kernel= must be given, got neither"),
    (
        lambda: quadratic_correction(1, [1], **STEPS, meta_kernel=1, relative_meta_kernel=1),
        InputError,
        "must be given, got both",
    ),
    (lambda: quadratic_correction(1, [10**8], **STEPS, meta_kernel=1), CostError, "at most 10000000 steps"),
    (
        lambda: quadratic_correction(1, [9], **STEPS, meta_kernel=1, follow_kernel=True),
        InputError,
        "learning_rate must be small enough for the expansion, got ε = 0.5, K = -1 after 1 steps",
    ),
    (
        lambda: quadratic_correction(5, [999], **STEPS, meta_kernel=0),
        InputError,
        "learning_rate must be small",
    ),
    (lambda: deep_flow_single(-2.5, [1], **DEEP), InputError, "got z = y . ε = -1.5"),
    (lambda: deep_flow_single(-1, [1], **DEEP, scale=0), InputError, "scale must be > 0, got 0"),
    (lambda: deep_flow_single(-1, [1], **DEEP | {"D": 1}), InputError, "D must be an integer ≥ 2, got 1"),
    (lambda: loss_lower_bound(2.1, [1], learning_rate=1, L=1), InputError, "loss must be at most 2"),
]


@pytest.mark.parametrize(("call", "error", "text"), BAD)
def test_bad_input_is_one_clear_line(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("start", [1.0, -1.0, 0.0])
def test_without_a_kernel_nothing_moves(start: float) -> None:
    for lam in (0.0, 1.0):
        p = constant_lambda_flow(0, [0, 1e9], learning_rate=1, residual=start, relative_meta_kernel=lam)
        assert (p.regime, p.exponent, p.residual_limit, p.kernel_limit) == ("fixed", 0, start, 0)
        assert p.residual.tolist() == [start] * 2
        assert p.kernel is not None
        assert p.kernel.tolist() == [0, 0]


def test_a_vanishing_lambda_is_a_pure_exponential() -> None:
    p = constant_lambda_flow(2, TIMES, learning_rate=0.5, residual=3, relative_meta_kernel=0)
    assert (p.regime, p.exponent, p.residual_limit, p.kernel_limit) == ("frozen-kernel", 1, 0, 2)
    assert p.residual == pytest.approx(3 * np.exp(-TIMES), rel=1e-14)


def test_a_conserved_quantity_of_rounding_is_critical() -> None:
    assert 0.6 - 2 * 0.1 * 3 != 0  # in floats
    p = constant_lambda_flow(0.6, [0, 1e20], learning_rate=1, residual=3, relative_meta_kernel=0.1)
    assert (p.regime, p.conserved, p.exponent) == ("critical", 0, 1)
    assert p.residual[1] == pytest.approx(5e-20, rel=1e-12)  # 1/(2ηλt)
    for shift, regime in ((2.0**-38, "frozen-kernel"), (-(2.0**-38), "frozen-error")):
        K = 1 + 2 * shift
        p = constant_lambda_flow(K, [0], learning_rate=1, residual=1, relative_meta_kernel=0.5)
        assert p.regime == regime


@pytest.mark.parametrize(("start", "label"), [(-1.5, 0.5), (0.5, 0.5), (-3.0, 2.0)])
def test_an_eigenstate_does_not_move(start: float, label: float) -> None:
    p = deep_flow_single(start, [0, 1e6], label=label, learning_rate=1, L=3, D=2)
    assert (p.regime, p.exponent, p.residual_limit) == ("fixed", 0, start)
    assert p.residual.tolist() == [start] * 2
