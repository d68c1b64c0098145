"""Closed forms of flows against the equations that they solve, by SymPy and by an integrator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from haarqntk import dynamics as hd
from haarqntk import kernel_law
from haarqntk.errors import InputError, RunError

TIMES = np.array([0, 0.01, 0.3, 2, 9.0])


def integrated(slope: Any, start: list[float], times: Any = TIMES) -> Any:
    """The solution by SciPy, whose estimate of an error is 0/0 for slopes such as 1e-163.

    Slopes below 1e-100 move nothing by 1e-40 here, where no rate is above 12.
    """
    if np.abs(slope(0, np.array(start))).max() < 1e-100:
        return np.repeat(np.array(start)[:, np.newaxis], len(times), axis=1)
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
@example(0.75, 6.1e-163, 0.0, 0.5)  # tiny: squares of slopes are no floats
def test_a_constant_lambda_flow_is_the_integrated_one(K: float, start: float, lam: float, eta: float) -> None:
    p: Any = hd.constant_lambda_flow(K, TIMES, learning_rate=eta, residual=start, relative_meta_kernel=lam)
    y = integrated(lambda _, y: [-eta * y[1] * y[0], -2 * eta * y[0] * lam * y[1]], [start, K])
    assert p.residual == pytest.approx(y[0], rel=1e-7, abs=1e-9)
    assert p.kernel == pytest.approx(y[1], rel=1e-7, abs=1e-9)
    assert p.kernel - 2 * lam * p.residual == pytest.approx(np.full(5, p.conserved), abs=1e-10)


def test_the_three_regimes_have_their_exponents() -> None:
    late = np.array([40.0, 44.0])
    for start, regime in ((1.0, "frozen-kernel"), (2.0, "critical"), (3.0, "frozen-error")):
        p: Any = hd.constant_lambda_flow(4, late, learning_rate=0.5, residual=start, relative_meta_kernel=1)
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
        p = hd.constant_lambda_flow(K, [1e300], learning_rate=1, residual=start, relative_meta_kernel=1)
        assert p.residual[0] == pytest.approx(limit, abs=1e-12)
        assert p.kernel == pytest.approx(p.conserved + 2 * p.residual, abs=1e-12)


# -- the quadratic correction ----------------------------------------------------------------------------------


def test_the_quadratic_correction_is_its_recursion() -> None:
    p: Any = hd.quadratic_correction(
        2, range(4), learning_rate=0.1, residual=0.5, meta_kernel=-3, follow_kernel=True
    )
    epsilon, K = 0.5, 2.0
    for t in range(4):
        assert (p.residual[t], p.kernel[t]) == pytest.approx((epsilon, K), rel=1e-14)
        epsilon, K = epsilon - 0.1 * K * epsilon - 3 * (0.1 * epsilon) ** 2 / 2, K + 6 * 0.1 * epsilon


def test_small_steps_follow_the_flow_with_constant_lambda() -> None:
    """The error of a scheme of first order falls in proportion to the step."""
    errors = []
    for steps in (1000, 2000, 4000):
        eta = 2.0 / steps
        p = hd.quadratic_correction(
            3, [steps], learning_rate=eta, residual=1, relative_meta_kernel=0.7, follow_kernel=True
        )
        flow = hd.constant_lambda_flow(3, [steps], learning_rate=eta, residual=1, relative_meta_kernel=0.7)
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
    p: Any = hd.deep_flow_single(start, TIMES, label=y, learning_rate=0.1, L=3, D=4, scale=gamma)
    kappa = 2 * 0.1 * float(hd.kernel_rate(D=4, L=3))
    expected = integrated(lambda _, e: -kappa * e * (gamma - y - e) * (gamma + y + e), [start])[0]
    assert p.residual == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert p.kernel * 0.1 == pytest.approx(kappa * (gamma**2 - (y + p.residual) ** 2), abs=1e-12)


def test_the_range_of_the_measurement_decides_how_fast() -> None:
    late = np.array([4000.0, 4010.0])
    arguments: dict[str, Any] = {"learning_rate": 0.02, "L": 3, "D": 4}
    fast = hd.deep_flow_single(-1.2, late, label=1, scale=1.05, **arguments)
    assert fast.regime == "exponential"
    assert -np.diff(np.log(-fast.residual)) / 10 == pytest.approx(fast.exponent, rel=1e-3)
    slow = hd.deep_flow_single(-1.2, late * 100, label=1, **arguments)
    assert slow.regime == "sublinear"
    assert -slow.residual * slow.exponent * late * 100 == pytest.approx([1, 1], rel=2e-3)
    never = hd.deep_flow_single(-1.2, [800.0, 810.0], label=1.2, **arguments)
    assert never.regime == "unreachable"
    excess = never.residual_limit - never.residual
    assert -np.diff(np.log(excess)) / 10 == pytest.approx(never.exponent, rel=1e-3)


# -- magnitudes ------------------------------------------------------------------------------------------------

LAW = kernel_law(D=2, L=1, spectrum=[1, -1])
M, STATES = np.array([[1, 2], [2, -1]]), [[1, 0], [0.6, 0.8]]
ONE: list[Any] = [  # in the units u of outputs, k of the kernel and s of the time
    lambda u, k, s: hd.constant_lambda_flow(
        3 * k, TIMES * s, learning_rate=0.2 / k / s, residual=u, relative_meta_kernel=k / u
    ),
    lambda u, k, s: hd.frozen_kernel(3 * k, TIMES * s, learning_rate=0.2 / k / s, residual=u, flow=True),
    lambda u, k, s: hd.frozen_outputs(
        k * np.eye(2),
        TIMES * s,
        cross_kernel=[[k, k]],
        outputs=[u],
        residual=[u, -2 * u],
        learning_rate=0.2 / k / s,
        flow=True,
    ),
    lambda u, _, s: hd.deep_flow_single(
        -1.2 * u, TIMES * s, label=0.5 * u, learning_rate=0.2 / u / u / s, L=3, D=4, scale=u
    ),
    lambda u, _, s: hd.deep_flow(
        M * u, TIMES * s, states=STATES, labels=[0.3 * u, 1.7 * u], learning_rate=0.02 / u / u / s, L=1
    ),
]


@pytest.mark.parametrize("predict", ONE)
@given(powers=st.tuples(*[st.integers(-300, 300)] * 3))
@example(powers=(-270, 0, 0))
@example(powers=(270, 0, 0))
@settings(max_examples=10)
def test_a_flow_is_the_same_in_other_units(predict: Any, powers: tuple[int, int, int]) -> None:
    """By powers of 2: the curves are the same numbers, however small or large the unit makes them."""
    units = [2.0**power for power in powers]
    p, standard = predict(*units), predict(1.0, 1.0, 1.0)
    assert p.residual / units[0] == pytest.approx(standard.residual, rel=1e-9, abs=1e-11)
    assert p.loss / units[0] / units[0] == pytest.approx(standard.loss, rel=1e-9, abs=1e-11)


MM = M @ M
magnitudes = st.builds(
    lambda digits, power, sign: sign * digits * 10.0**power,
    st.floats(1, 9.9),
    st.one_of(st.integers(-323, 306), st.integers(-10, 10)),  # the kernels below are sums of several of them
    st.sampled_from([0, 1, 1, 1, -1]),
)
ANY: list[Any] = [  # of a, b, c of any sign, and x, y, z > 0
    lambda a, b, c, x, y, z: hd.constant_lambda_flow(
        abs(a), [0, x, y], learning_rate=z, residual=b, relative_meta_kernel=c
    ),
    lambda a, b, _, x, y, z: hd.frozen_kernel(abs(a), [0, x, y], learning_rate=z, residual=b, flow=True),
    lambda a, b, _, x, __, z: hd.frozen_kernel(
        abs(a) * MM + x * MM, [0, 7], learning_rate=z, residual=[1, b]
    ),
    lambda a, b, c, x, y, z: hd.frozen_outputs(
        abs(a) * MM, [0, y], cross_kernel=[[b, 1]], outputs=[c], residual=[1, x], learning_rate=z, flow=True
    ),
    lambda a, b, _, x, y, z: hd.frozen_law(
        LAW, [0, x, y], learning_rate=z, target=a + b, num_nodes=3, tolerance=1e300
    ),
    lambda _, __, ___, x, y, z: hd.jensen_gap(LAW, [0, x, y], learning_rate=z, num_nodes=3, tolerance=1e300),
    lambda a, _, __, x, y, z: hd.step_sizes(abs(a) * MM, y, c=x) if z > 1 else hd.step_sizes(x, c=y),
    lambda a, b, _, x, __, z: hd.quadratic_correction(x, [0, 9], learning_rate=z, residual=a, meta_kernel=b),
    lambda a, b, _, x, __, z: hd.quadratic_correction(
        x, [0, 9], learning_rate=z, residual=a, relative_meta_kernel=b, follow_kernel=True
    ),
    lambda a, b, _, x, y, z: hd.deep_flow_single(
        min(abs(a), 1) * z - b, [0, y], label=b, learning_rate=x, L=3, D=4, scale=z
    ),
    lambda a, _, __, x, y, z: hd.loss_lower_bound(
        min(abs(a), 2), [0, x], learning_rate=y, L=10**9, generator_norm=z
    ),
    lambda a, _, __, x, ___, ____: hd.deep_kernel(a * M, STATES, L=3, generator_square=x),
    lambda a, b, c, _, y, z: hd.deep_flow(
        a * M,
        [0, y if abs(z * a * y) * max(abs(a), abs(b), abs(c)) < 100 else 0],  # more takes long
        states=STATES,
        labels=[b, c],
        learning_rate=z,
        L=2,
    ),
    lambda a, _, __, x, y, ___: hd.short_time_series(order=1).predict(
        [0, x], learning_rate=y, D=2, L=1, spectrum=[1, -1], target=a
    ),
]


@pytest.mark.parametrize("predict", ANY)
@given(signed=st.tuples(*[magnitudes] * 3), positive=st.tuples(*[magnitudes.map(abs).filter(bool)] * 3))
def test_any_magnitude_is_predicted_or_refused(
    predict: Any, signed: tuple[float, float, float], positive: tuple[float, float, float]
) -> None:
    """No warning, no value that is none, no error of Python's arithmetic."""
    try:
        p = predict(*signed, *positive)
    except (InputError, RunError):
        return
    for value in [p] if isinstance(p, np.ndarray) else vars(p).values():
        if isinstance(value, np.ndarray | float) and not isinstance(p, hd.StepSizes):
            assert np.isfinite(value).all()


# -- the bound -------------------------------------------------------------------------------------------------


def test_the_bound_solves_its_differential_equation() -> None:
    t, start, rate = sympy.symbols("t l_0 r", positive=True)  # r = ηL‖X‖²
    bound = (start ** sympy.Rational(-1, 2) + 8 * sympy.sqrt(2) * rate * t) ** -2
    slope = -16 * sympy.sqrt(2) * rate * bound ** sympy.Rational(3, 2)
    assert sympy.simplify(sympy.diff(bound, t) - slope) == 0
    p: Any = hd.loss_lower_bound(0.7, [0.0, 3.0], learning_rate=0.1, L=4, generator_norm=2)
    assert p.loss[1] == pytest.approx(float(bound.subs({t: 3, start: 0.7, rate: 1.6})))
    assert p.residual == pytest.approx(np.sqrt(2 * p.loss))
    assert hd.loss_lower_bound(0, [1], learning_rate=1, L=1).residual.tolist() == [0]


@given(st.floats(-1, 1), st.floats(0, 50))
def test_the_sublinear_flow_of_many_layers_stays_above_the_bound(z: float, t: float) -> None:
    p: Any = hd.deep_flow_single(z - 1, [t], label=1, learning_rate=0.1, L=3, D=4)
    bound: Any = hd.loss_lower_bound((z - 1) ** 2 / 2, [t], learning_rate=0.1, L=3)
    assert p.loss[0] >= bound.loss[0] * (1 - 1e-9)


@pytest.mark.parametrize("start", [1.0, -1.0, 0.0])
def test_without_a_kernel_nothing_moves(start: float) -> None:
    for lam in (0.0, 1.0):
        p: Any = hd.constant_lambda_flow(
            0, [0, 1e9], learning_rate=1, residual=start, relative_meta_kernel=lam
        )
        assert (p.regime, p.exponent, p.residual_limit, p.kernel_limit) == ("fixed", 0, start, 0)
        assert p.residual.tolist() == [start] * 2
        assert p.kernel.tolist() == [0, 0]


def test_a_vanishing_lambda_is_a_pure_exponential() -> None:
    p = hd.constant_lambda_flow(2, TIMES, learning_rate=0.5, residual=3, relative_meta_kernel=0)
    assert (p.regime, p.exponent, p.residual_limit, p.kernel_limit) == ("frozen-kernel", 1, 0, 2)
    assert p.residual == pytest.approx(3 * np.exp(-TIMES), rel=1e-14)


def test_a_conserved_quantity_of_rounding_is_critical() -> None:
    assert 0.6 - 2 * 0.1 * 3 != 0  # in floats
    p = hd.constant_lambda_flow(0.6, [0, 1e20], learning_rate=1, residual=3, relative_meta_kernel=0.1)
    assert (p.regime, p.conserved, p.exponent) == ("critical", 0, 1)
    assert p.residual[1] == pytest.approx(5e-20, rel=1e-12)  # 1/(2ηλt)
    for shift, regime in ((2.0**-38, "frozen-kernel"), (-(2.0**-38), "frozen-error")):
        K = 1 + 2 * shift
        p = hd.constant_lambda_flow(K, [0], learning_rate=1, residual=1, relative_meta_kernel=0.5)
        assert p.regime == regime


@pytest.mark.parametrize(("start", "label"), [(-1.5, 0.5), (0.5, 0.5), (-3.0, 2.0)])
def test_an_eigenstate_does_not_move(start: float, label: float) -> None:
    p = hd.deep_flow_single(start, [0, 1e6], label=label, learning_rate=1, L=3, D=2)
    assert (p.regime, p.exponent, p.residual_limit) == ("fixed", 0, start)
    assert p.residual.tolist() == [start] * 2
