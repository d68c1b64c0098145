"""Diagnoses of a Jacobian: kernels by hand, exact gradient descent on the linear model, laws, bad input."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sympy
from hypothesis import assume, example, given
from hypothesis import strategies as st
from strategies import LinearModel, linear_models

import haarqntk as hq
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.training import Diagnosis, diagnose

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

# K = [[5, 4, 0], [4, 5, 0], [0, 0, 9]]: eigenvalues 9, 9, 1
HAND: list[list[float]] = [[2, 1, 0], [1, 2, 0], [0, 0, 3]]
SINGULAR: list[list[float]] = [[1, 0], [0, 1], [1, 1]]  # eigenvalues 3, 1, 0; the last for (1, 1, −1)
ROUNDING = 1e-12


def of_model(model: LinearModel, **changes: Any) -> Diagnosis:
    return diagnose(**vars(model) | {"pseudo_inverse": True} | changes)


# -- by hand ---------------------------------------------------------------------------------------------------


def test_a_kernel_of_three_points_by_hand() -> None:
    diagnosis = diagnose(HAND, targets=[0, 0, 0], outputs=[1, -1, 2])
    assert np.allclose(diagnosis.kernel, [[5, 4, 0], [4, 5, 0], [0, 0, 9]], rtol=0, atol=1e-13)
    assert np.allclose(diagnosis.eigenvalues, [9, 9, 1], rtol=1e-14)
    assert diagnosis.condition_number == pytest.approx(9, rel=1e-14)
    assert diagnosis.critical_learning_rate == pytest.approx(1 / 9, rel=1e-14)
    assert diagnosis.stability_edge == pytest.approx(2 / 9, rel=1e-14)
    assert diagnosis.decay_time == pytest.approx(9, rel=1e-14)  # κ/c
    assert diagnosis.discrete_decay_time == pytest.approx(-1 / math.log(8 / 9), rel=1e-13)
    assert diagnosis.effective_rank == pytest.approx(19**2 / (81 + 81 + 1), rel=1e-14)
    # ε(0) = (1, −1, 0) + (0, 0, 2): the first has eigenvalue 1, the second 9 and is gone after one step.
    losses = diagnosis.predicted_losses([0, 1, 2, 30])
    assert np.allclose(losses, [3, (8 / 9) ** 2, (8 / 9) ** 4, (8 / 9) ** 60], rtol=1e-13)
    assert np.allclose(diagnosis.predicted_outputs(1), [[8 / 9, -8 / 9, 0]], atol=1e-14)
    assert diagnosis.final_loss == 0
    assert diagnosis.null_space.shape == (3, 0)
    assert (diagnosis.is_singular, diagnosis.dependent_points) == (False, {})


@pytest.mark.parametrize(
    ("learning_rate", "loss"),
    [(1 / 18, ((17 / 18) ** 6 * 2 + 0.5**6 * 4) / 2), (4 / 27, ((23 / 27) ** 6 * 2 + 4 / 3**6) / 2)],
)
def test_other_learning_rates_by_hand(learning_rate: float, loss: float) -> None:
    diagnosis = diagnose(HAND, targets=[0, 0, 0], outputs=[1, -1, 2], learning_rate=learning_rate)
    assert diagnosis.predicted_losses(3) == pytest.approx(loss, rel=1e-12)
    assert diagnosis.is_stable
    assert diagnosis.critical_learning_rate == pytest.approx(1 / 9, rel=1e-14)


def test_a_singular_kernel_by_hand() -> None:
    diagnosis = diagnose(SINGULAR, targets=[1, 1, 1], pseudo_inverse=True)
    assert np.allclose(diagnosis.eigenvalues, [3, 1, 0], rtol=0, atol=1e-14)
    assert diagnosis.eigenvalues[2] == 0
    assert (diagnosis.rank, diagnosis.condition_number, diagnosis.smallest_eigenvalue) == (2, math.inf, 0)
    assert diagnosis.condition_number_on_range == pytest.approx(3, rel=1e-14)
    null = diagnosis.null_space
    assert np.allclose(np.abs(null.T @ [1, 1, -1]), math.sqrt(3), rtol=1e-14)
    assert np.allclose(null.T @ null, 1, rtol=1e-14)
    # ε(0) = −(1, 1, 1): −4/√6 along (1, 1, 2)/√6 with eigenvalue 3, −1/√3 along the null space.
    assert np.allclose(diagnosis.predicted_losses([0, 1, 9]), [3 / 2, 1 / 6, 1 / 6], rtol=1e-14)
    assert diagnosis.final_loss == pytest.approx(1 / 6, rel=1e-14)
    assert np.allclose(diagnosis.final_outputs, [2 / 3, 2 / 3, 4 / 3], rtol=1e-14)
    (point, terms), *others = diagnosis.dependent_points.items()
    assert not others
    J = np.array(SINGULAR)
    assert np.allclose(sum(x * J[i] for i, x in terms.items()), J[point], atol=1e-14)


def test_inference_by_hand() -> None:
    # One parameter, z = xθ: descent finds θ = Σxy/Σx²; R² = 1 − 0.5/2 on the test points.
    test: dict[str, Any] = {"test_jacobian": [[1.0], [2.0], [3.0]], "test_targets": [2, 5 - 0.5, 6.5]}
    diagnosis = diagnose([[2.0]], [4.0], learning_rate=0.125, **test)
    assert np.allclose(diagnosis.final_test_outputs, [2, 4, 6], rtol=1e-14)
    assert np.allclose(diagnosis.predicted_test_outputs([0, 1]), [[0, 0, 0], [1, 2, 3]], rtol=1e-14)
    residual, variation = 0.25 + 0.25, float(np.var([2, 4.5, 6.5]) * 3)
    assert diagnosis.test_r_squared == pytest.approx(1 - residual / variation, rel=1e-13)
    assert diagnosis.predicted_test_losses(1) == pytest.approx((1 + 2.5**2 + 3.5**2) / 2, rel=1e-13)


@pytest.mark.parametrize(
    ("test_targets", "gap", "text"),
    [
        ([1.0, -1], 0.2, "no overfitting: R²(train) − R²(test) ≤ 0.2"),
        ([1.5, -1], 0.2, "R² = 0.92 for t → ∞; no overfitting"),  # 1 − 0.25/3.125
        ([1.5, -1], 0.05, "R² = 0.92 for t → ∞; overfitting: R²(train) − R²(test) > 0.05"),
        ([-1.0, 1], 0.2, "R² = -3 for t → ∞; overfitting"),
        ([1.0, 1], 0.2, "targets that do not vary have no R²"),
    ],
)
def test_overfitting_is_a_gap_of_r_squared(test_targets: list[float], gap: float, text: str) -> None:
    J: list[list[float]] = [[1, 0], [0, 1]]
    diagnosis = diagnose(J, [1, -1], test_jacobian=J, test_targets=test_targets, overfitting_gap=gap)
    assert text in " ".join(diagnosis.summary().split())
    verdicts = {"no R²": None, "no overfitting": False, "overfitting": True}
    assert diagnosis.is_overfitting is next(verdict for part, verdict in verdicts.items() if part in text)


# -- the definition: exact gradient descent on the linear model ------------------------------------------------


def descent(model: LinearModel, learning_rate: Fraction, steps: int) -> tuple[list[Fraction], list[Fraction]]:
    """Residuals and test outputs after so many steps, in exact arithmetic, from the parameters."""
    J, J_test = model.jacobian.tolist(), model.test_jacobian.tolist()
    theta = [Fraction(0)] * len(J[0])

    def output(row: list[int], start: int) -> Fraction:
        return start + sum((x * t for x, t in zip(row, theta, strict=True)), Fraction(0))

    def residuals() -> list[Fraction]:
        rows = zip(J, model.outputs.tolist(), model.targets.tolist(), strict=True)
        return [output(row, z) - y for row, z, y in rows]

    for _ in range(steps):
        errors = residuals()
        slopes = [sum(row[l] * e for row, e in zip(J, errors, strict=True)) for l in range(len(theta))]
        theta = [t - learning_rate * slope for t, slope in zip(theta, slopes, strict=True)]
    return residuals(), [output(row, z) for row, z in zip(J_test, model.test_outputs.tolist(), strict=True)]


@pytest.mark.filterwarnings("ignore:c must keep the learning rate below")
@given(linear_models(), st.integers(0, 7), st.floats(0.01, 2))
@example(LinearModel(*map(np.array, ([[1, 1], [1, 1]], [0, 1], [1, 0], [[2, 0]], [0], [1]))), 5, 1.0)
def test_predictions_are_exact_gradient_descent(model: LinearModel, steps: int, c: float) -> None:
    diagnosis = of_model(model, c=c)
    residuals, tests = descent(model, Fraction(diagnosis.learning_rate), steps)
    exact = np.array(residuals, dtype=float)
    assert np.allclose(diagnosis.predicted_residuals(steps)[0], exact, rtol=0, atol=100 * ROUNDING)
    outputs = exact + model.targets
    assert np.allclose(diagnosis.predicted_outputs(steps)[0], outputs, rtol=0, atol=100 * ROUNDING)
    assert diagnosis.predicted_losses(steps)[0] == pytest.approx(exact @ exact / 2, rel=1e-10, abs=1e-10)
    inferred = np.array(tests, dtype=float)
    scale = 1 + np.abs(inferred).max()
    assert np.allclose(diagnosis.predicted_test_outputs(steps)[0], inferred, rtol=0, atol=1e-9 * scale)
    wrong = inferred - model.test_targets
    assert diagnosis.predicted_test_losses(steps)[0] == pytest.approx(wrong @ wrong / 2, rel=1e-8, abs=1e-8)


@given(linear_models())
def test_the_limit_is_kernel_regression(model: LinearModel) -> None:
    K = sympy.Matrix(model.jacobian @ model.jacobian.T)
    assume(K.det() != 0)
    diagnosis = of_model(model, pseudo_inverse=False)
    weights = K.LUsolve(sympy.Matrix(model.targets - model.outputs))
    cross = sympy.Matrix(model.test_jacobian @ model.jacobian.T)
    exact = np.array((sympy.Matrix(model.test_outputs) + cross * weights).tolist(), dtype=float)[:, 0]
    scale = 1 + np.abs(exact).max()
    error = 1e-14 * diagnosis.condition_number * scale
    assert np.allclose(diagnosis.final_test_outputs, exact, rtol=0, atol=error)
    assert (diagnosis.final_outputs == model.targets).all()


@given(linear_models())
def test_the_null_space_is_that_of_exact_linear_algebra(model: LinearModel) -> None:
    diagnosis = of_model(model)
    J = sympy.Matrix(model.jacobian)
    assert diagnosis.rank == J.rank()
    null = diagnosis.null_space
    assert null.shape == (len(model.targets), len(model.targets) - J.rank())
    assert np.allclose(model.jacobian.T @ null, 0, atol=100 * ROUNDING)
    assert np.allclose(null.T @ null, np.eye(null.shape[1]), atol=ROUNDING)
    assert len(diagnosis.dependent_points) == null.shape[1]
    for point, terms in diagnosis.dependent_points.items():
        assert not {point, *diagnosis.dependent_points} & terms.keys()
        combined = sum((x * model.jacobian[i] for i, x in terms.items()), np.zeros(J.cols))
        assert np.allclose(combined, model.jacobian[point], atol=1e-9)
    left = np.square(null.T @ (model.outputs - model.targets)).sum() / 2
    assert diagnosis.final_loss == pytest.approx(left, abs=1e-11)


# -- laws ------------------------------------------------------------------------------------------------------


@given(linear_models(), st.integers(0, 2**32 - 1))
def test_an_orthogonal_change_of_parameters_changes_nothing(model: LinearModel, seed: int) -> None:
    p = model.jacobian.shape[1]
    Q = np.linalg.qr(np.random.default_rng(seed).normal(size=(p, p)))[0]
    plain = of_model(model)
    turned = of_model(model, jacobian=model.jacobian @ Q, test_jacobian=model.test_jacobian @ Q)
    assert turned.rank == plain.rank
    assert np.allclose(turned.eigenvalues, plain.eigenvalues, rtol=0, atol=1e-12 * plain.largest_eigenvalue)
    for t in (1, 10):
        assert np.allclose(turned.predicted_residuals(t), plain.predicted_residuals(t), atol=1e-9)
        assert np.allclose(turned.predicted_test_outputs(t), plain.predicted_test_outputs(t), atol=1e-8)


@given(linear_models(), st.randoms(use_true_random=False))
def test_the_order_of_the_points_does_not_matter(model: LinearModel, random: Any) -> None:
    order = list(range(len(model.targets)))
    random.shuffle(order)
    plain = of_model(model)
    moved = of_model(model, **{name: vars(model)[name][order] for name in ("jacobian", "targets", "outputs")})
    assert moved.rank == plain.rank
    assert np.allclose(moved.kernel, plain.kernel[np.ix_(order, order)], atol=1e-10)
    assert np.allclose(moved.predicted_outputs(5), plain.predicted_outputs(5)[:, order], atol=1e-9)
    assert moved.final_loss == pytest.approx(plain.final_loss, abs=1e-10)


@given(linear_models(), st.sampled_from([2.0**-200, 1e-90, 1e-3, 7.0, 2.0**200, 1e90]))
def test_a_scale_of_the_parameters_is_a_scale_of_the_learning_rate(model: LinearModel, a: float) -> None:
    plain = of_model(model)
    # The parameters' unit makes the Jacobian tiny, not rounding: hence scale=0.
    scaled = of_model(model, jacobian=a * model.jacobian, test_jacobian=a * model.test_jacobian, scale=0)
    assert scaled.rank == plain.rank
    assert scaled.largest_eigenvalue == pytest.approx(a**2 * plain.largest_eigenvalue, rel=1e-12, abs=0)
    critical = pytest.approx(plain.critical_learning_rate / a**2, rel=1e-12, abs=0)
    assert scaled.critical_learning_rate == critical
    assert scaled.condition_number_on_range == pytest.approx(plain.condition_number_on_range, rel=1e-9)
    assert scaled.decay_time == pytest.approx(plain.decay_time, rel=1e-9)
    assert scaled.effective_rank == pytest.approx(plain.effective_rank, rel=1e-12)
    assert np.allclose(scaled.predicted_losses(6), plain.predicted_losses(6), rtol=1e-9, atol=1e-9)
    assert np.allclose(scaled.predicted_test_outputs(6), plain.predicted_test_outputs(6), atol=1e-8)


@given(linear_models(), st.sampled_from([1e-60, 0.25, 1e60]))
def test_a_scale_of_outputs_and_targets_is_one_of_the_residuals(model: LinearModel, b: float) -> None:
    plain = of_model(model)
    scaled = of_model(model, targets=b * model.targets, outputs=b * model.outputs, scale=0)
    expected = b * plain.predicted_residuals(4)
    assert np.allclose(scaled.predicted_residuals(4), expected, rtol=0, atol=1e-12 * b)
    if not np.ptp(model.targets):
        assert math.isnan(scaled.train_r_squared)
    else:
        assert scaled.train_r_squared == pytest.approx(plain.train_r_squared, abs=1e-9)


@given(linear_models())
def test_a_repeated_point_makes_the_kernel_singular(model: LinearModel) -> None:
    J, y = np.vstack([model.jacobian, model.jacobian[:1]]), np.append(model.targets, model.targets[0])
    with pytest.raises(InputError, match=r"jacobian must have .* independent rows"):
        diagnose(J, y)
    assert diagnose(J, y, pseudo_inverse=True).rank == of_model(model).rank


def test_ill_conditioned_kernels_keep_their_digits() -> None:
    # κ(K) = 10²⁴: beyond what eigenvalues of the product J Jᵀ can resolve.
    rng = np.random.default_rng(3)
    U, V = (np.linalg.qr(rng.normal(size=(n, n)))[0] for n in (4, 6))
    s = [1, 1e-3, 1e-7, 1e-12]
    diagnosis = diagnose((U * s) @ V[:4], targets=np.ones(4))
    assert diagnosis.condition_number == pytest.approx(1e24, rel=1e-3)
    by_product = np.linalg.eigvalsh(diagnosis.kernel)
    assert abs(by_product[0]) > 1e-20  # the other route has lost it
    assert diagnosis.decay_time == pytest.approx(1e24, rel=1e-3)


def test_slow_modes_keep_their_digits() -> None:
    # (1 − 10⁻¹²)^t for t = 10¹²: naive powers of a rounded base are off by 10⁻⁵.
    diagnosis = diagnose([[1.0, 0.0], [0.0, 1e-6]], [0, 1], test_jacobian=[[0.0, 1e-6]], learning_rate=1)
    assert diagnosis.predicted_losses(10**12) == pytest.approx(math.exp(-2) / 2, rel=1e-11)
    assert diagnosis.predicted_test_outputs(1)[0] == pytest.approx(1e-12, rel=1e-12, abs=0)
    assert diagnosis.discrete_decay_time == pytest.approx(diagnosis.decay_time, rel=1e-11)


@pytest.mark.parametrize("c", [0.1, 1, 1.9])
def test_the_decay_times_are_measured_on_the_curve(c: float) -> None:
    diagnosis = diagnose([[1, 0], [0, 3]], targets=[1, 1], c=c)
    t = 400 if c < 1 else 100
    first, last = diagnosis.predicted_losses([t, t + 50])
    assert 100 / math.log(first / last) == pytest.approx(diagnosis.discrete_decay_time, rel=1e-6)
    assert diagnosis.decay_time == pytest.approx(diagnosis.condition_number / c, rel=1e-14)
    assert diagnosis.critical_learning_rate == pytest.approx(c / 9, rel=1e-14) == diagnosis.learning_rate
    assert diagnosis.curve_steps[0] == 0
    assert diagnosis.curve_steps[-1] == math.ceil(5 * diagnosis.decay_time)
    assert (np.diff(diagnosis.curve_steps) > 0).all()


def test_one_point_and_one_parameter() -> None:
    diagnosis = diagnose([[3.0]], [1.0])
    assert diagnosis.condition_number == 1
    assert diagnosis.predicted_losses([0, 1]).tolist() == pytest.approx([0.5, 0])
    assert math.isnan(diagnosis.train_r_squared)
    assert "R² = undefined" in diagnosis.summary()


def test_more_points_than_parameters_are_singular_by_necessity() -> None:
    J = np.random.default_rng(0).normal(size=(40, 3))
    text = (
        "jacobian must have 40 independent rows for a regular kernel, got rank 3 for 40 data points and "
        "3 parameters, a null space of dimension 37: that of point "
    )
    with pytest.raises(InputError) as caught:
        diagnose(J, np.ones(40))
    assert str(caught.value).startswith(text)
    assert "; 34 more; drop dependent points or pass pseudo_inverse=True" in str(caught.value)


# -- text and JSON ---------------------------------------------------------------------------------------------


@given(linear_models())
def test_json_is_read_back_to_the_bit(model: LinearModel) -> None:
    diagnosis = of_model(model)
    again = Diagnosis.from_json(diagnosis.to_json())
    assert again == diagnosis
    assert hash(again) == hash(diagnosis)
    assert again.summary() == diagnosis.summary()
    assert (again.predicted_losses([0, 3]) == diagnosis.predicted_losses([0, 3])).all()
    derived = json.loads(diagnosis.to_json())["derived"]
    assert derived["critical_learning_rate"] == diagnosis.critical_learning_rate
    assert (derived["condition_number"] is None) == diagnosis.is_singular


@given(linear_models())
def test_the_summary_fits_a_terminal(model: LinearModel) -> None:
    for line in of_model(model).summary().splitlines():
        assert len(line) <= 80
        assert line == line.rstrip()


def test_the_summary_says_what_is_wrong() -> None:
    text = diagnose(SINGULAR, [1, 1, 2], pseudo_inverse=True).summary()
    assert "λ_min = 0, κ = ∞" in text
    assert "outputs not given, taken as 0" in " ".join(text.split())
    assert "the null space never decays" in " ".join(text.split())
    judged = diagnose(J, [1, -1], outputs=[0, 0], test_jacobian=J, test_outputs=[0, 0], test_targets=[-1, 1])
    assert "overfitting: R²(train) − R²(test) > 0.2" in " ".join(str(judged).split())


def test_html_is_a_table_of_the_same_rows() -> None:
    html = diagnose(HAND, [0, 1, 2])._repr_html_()
    assert html.count("<tr>") == html.count("</tr>") == 6
    assert "κ = λ_max/λ_min = 9<" in html
    assert "&" not in html.replace("&amp;", "").replace("&gt;", "").replace("&lt;", "")


def test_a_diagnosis_cannot_be_changed() -> None:
    targets = np.zeros(3)
    diagnosis = diagnose(HAND, targets)
    targets[0] = 1
    assert not diagnosis.targets.any()
    for array in (diagnosis.targets, diagnosis.kernel, diagnosis.eigenvalues, diagnosis.modes):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(AttributeError):
        diagnosis.c = 2.0  # type: ignore[misc]
    assert diagnosis != "a diagnosis"
    assert hq.diagnose is diagnose


# -- bad input -------------------------------------------------------------------------------------------------

J: list[list[float]] = [[1, 0], [0, 1]]
Y: list[float] = [0, 1]
NAN, INF = math.nan, math.inf
BAD: list[tuple[dict[str, Any], str]] = [
    ({"jacobian": [1.0, 2]}, "jacobian must have 2 axes (points × parameters), got the shape (2,); pass"),
    ({"jacobian": np.ones((2, 2, 2))}, "several outputs per point become rows of their own"),
    ({"jacobian": np.ones((0, 2))}, "jacobian must not be empty (points × parameters), got the shape (0, 2)"),
    ({"jacobian": [[1, NAN], [0.0, 1]]}, "jacobian must be finite, got nan at [0, 1]; check"),
    ({"jacobian": [[1.0, 0.0], [INF, 1]]}, "jacobian must be finite, got inf at [1, 0]"),
    ({"jacobian": np.array([[1, 0], [0, 1 + 2e-3j]])}, "jacobian must be real, got (1+0.002j) at [1, 1]"),
    ({"jacobian": [[1e101, 0], [0.0, 1]]}, "jacobian must stay below 1e100, got 1e+101 at [0, 0]; rescale"),
    ({"jacobian": np.zeros((2, 2))}, "jacobian must not vanish, got the largest singular value 0"),
    ({"targets": [1.0]}, "targets must have one number for each of the 2 rows of jacobian, got 1"),
    ({"targets": [[0.0, 1]]}, "targets must have 1 axis (points), got the shape (1, 2)"),
    ({"targets": [0, NAN]}, "targets must be finite, got nan at [1]"),
    ({"outputs": [1.0]}, "outputs must have one number for each of the 2 rows of jacobian"),
    ({"test_jacobian": [[1.0]]}, "test_jacobian must have the 2 parameters of jacobian, got 1"),
    (
        {"test_jacobian": J, "test_targets": [1.0]},
        "test_targets must have one number for each of the 2 rows of test_jacobian, got 1",
    ),
    ({"test_targets": Y}, "test_targets must come with test_jacobian"),
    ({"test_outputs": Y}, "test_outputs must come with test_jacobian"),
    ({"outputs": Y, "test_jacobian": J}, "test_outputs must be given where outputs is, got None"),
    (
        {"test_outputs": Y, "test_jacobian": J},
        "outputs must be given where test_outputs is, got None; pass both or neither",
    ),
    ({"learning_rate": 0}, "learning_rate must be > 0, got 0"),
    ({"c": -1}, "c must be > 0, got -1"),
    ({"rank_tolerance": 1.5}, "rank_tolerance must be below 1, got 1.5"),
    ({"overfitting_gap": INF}, "overfitting_gap must be finite"),
    (
        {"jacobian": [[1, 0], [2, 0], [0, 0]], "targets": [0, 1, 2]},
        "a null space of dimension 2: that of point 0 = 0.5·(point 1); that of point 2 vanishes; drop dependent",
    ),
]
WRONG_KIND: list[tuple[dict[str, Any], str]] = [
    ({"jacobian": [["a", "b"]]}, "jacobian must be an array of numbers, got the dtype <U1"),
    ({"jacobian": [[1.0], [1.0, 2]]}, "jacobian must be an array of numbers, got list"),
    ({"targets": None}, "targets must be an array of numbers, got the dtype object"),
    ({"c": "1"}, "c must be a real number, got '1'"),
]
OF_DIAGNOSES: list[tuple[Callable[[Diagnosis], object], type[Exception], str]] = [
    (lambda d: d.predicted_losses([-1]), InputError, "steps must be one number ≥ 0 or a list of such"),
    (lambda d: d.predicted_losses([[1]]), InputError, "steps must be one number ≥ 0 or a list of such"),
    (lambda d: d.predicted_losses(0.5), InputTypeError, "steps must be integers ≥ 0, got 0.5"),
    (lambda d: d.predicted_test_outputs(1), InputError, "test_jacobian must be given for an inference, got None"),
    (lambda d: d.final_test_outputs, InputError, "test_jacobian must be given for an inference, got None"),
    (lambda d: d.predicted_test_losses(1), InputError, "test_targets must be given for a test loss"),
    (lambda d: d.from_json(b"{}"), InputTypeError, "text must be JSON as a str, got bytes"),  # type: ignore[arg-type]
]  # fmt: skip


def changed(changes: dict[str, Any]) -> Diagnosis:
    given: dict[str, Any] = {"jacobian": J, "targets": Y} | changes
    return diagnose(**given)


def refused(call: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("changes", "text"), BAD)
def test_bad_input_is_refused_in_one_line(changes: dict[str, Any], text: str) -> None:
    refused(lambda: changed(changes), InputError, text)


@pytest.mark.parametrize(("changes", "text"), WRONG_KIND)
def test_input_of_another_kind_is_refused_in_one_line(changes: dict[str, Any], text: str) -> None:
    refused(lambda: changed(changes), InputTypeError, text)


@pytest.mark.parametrize(("call", "error", "text"), OF_DIAGNOSES)
def test_a_diagnosis_refuses(call: Callable[[Diagnosis], object], error: type[Exception], text: str) -> None:
    refused(lambda: call(diagnose(J, Y)), error, text)


def test_sizes_are_refused_before_they_cost() -> None:
    with pytest.raises(CostError, match=r"at most 10000 points .* got 10001 × 1; take fewer points"):
        diagnose(np.ones((10_001, 1)), np.ones(10_001))
    with pytest.raises(CostError, match=r"steps must be at most 50000000 for 2 points, got 50000001"):
        diagnose(J, Y).predicted_outputs(np.broadcast_to(1, 50_000_001))


@pytest.mark.parametrize("keywords", [{"learning_rate": 2.01}, {"c": 2.01}])
def test_a_learning_rate_beyond_stability_is_warned_of(keywords: dict[str, float]) -> None:
    text = "must keep the learning rate below the stability edge 2/λ_max = 2, got 2.01, .* 1 is critical"
    with pytest.warns(UserWarning, match=text):
        diagnosis = diagnose(J, Y, **keywords)  # type: ignore[arg-type]
    assert not diagnosis.is_stable
    assert diagnosis.discrete_decay_time == math.inf
    assert "UNSTABLE" in diagnosis.summary()
    assert diagnosis.predicted_losses([0, 1000])[1] == pytest.approx(1.01**2000 / 2, rel=1e-9)
    assert diagnosis.predicted_losses(10**9)[0] == math.inf


@pytest.mark.parametrize("factor", [1 - 2.0**-41, 1, 1.01, 3])
def test_there_is_no_limit_at_or_beyond_the_edge(factor: float) -> None:
    with pytest.warns(UserWarning, match="at which the loss does not decay"):
        diagnosis = diagnose(
            HAND, [0, 0, 1], outputs=[1, -1, 2], learning_rate=factor * 2 / 9,
            test_jacobian=HAND, test_outputs=[1, -1, 2], test_targets=[0, 0, 1],
        )  # fmt: skip
    first, last = diagnosis.predicted_losses([0, 50])
    assert last > 0.1 * first  # the first mode, of two, keeps its size or grows
    assert not diagnosis.is_stable
    assert diagnosis.decay_time == diagnosis.discrete_decay_time == math.inf
    limits = [diagnosis.final_loss, *diagnosis.final_outputs, *diagnosis.final_test_outputs]
    assert np.isnan([*limits, diagnosis.train_r_squared, diagnosis.test_r_squared]).all()
    assert diagnosis.is_overfitting is None
    derived = json.loads(diagnosis.to_json())["derived"]
    names = ("decay_time", "discrete_decay_time", "final_loss", "train_r_squared", "test_r_squared")
    assert [derived[name] for name in names] == [None] * 5
    assert ("diverges" if factor > 1 else "does not decay at the edge") in diagnosis.summary()
    assert "none: the descent does not decay" in diagnosis.summary()
    assert diagnosis.curve_steps[-1] > 1


def test_just_below_the_edge_is_stable() -> None:
    diagnosis = diagnose(HAND, [0, 0, 1], learning_rate=(1 - 2.0**-39) * 2 / 9)
    assert diagnosis.is_stable
    assert diagnosis.final_loss == 0


@pytest.mark.parametrize("step", [2**53 + 1, 2**63, 2**64, 10**400, [1, 2**63 + 1]])
def test_steps_beyond_the_integers_of_a_float_are_refused(step: Any) -> None:
    with pytest.raises((InputError, InputTypeError), match="steps must be"):
        diagnose(HAND, [0, 0, 1]).predicted_losses(step)
    assert diagnose(HAND, [0, 0, 1]).predicted_losses(2**53) == 0


def test_a_jacobian_of_rounding_is_no_kernel() -> None:
    noise = [[1e-17, 2e-17]]
    text = r"jacobian must not vanish, got .* 2.24e-17, rounding .* up to 3.14e-16"
    with pytest.raises(InputError, match=text):
        diagnose(noise, [1])
    with pytest.raises(InputError, match="jacobian must not vanish"):
        diagnose(noise, [0], outputs=[-1])
    with pytest.raises(InputError, match="jacobian must not vanish"):
        diagnose(np.array([[1e-8, 0]], dtype=np.float32), [1])
    with pytest.raises(InputError, match="jacobian must not vanish"):
        diagnose([[1e-17, 2e-17], [1e-17, 1e-17]], [1e-9, 0], scale=1)
    assert diagnose(noise, [1e-9]).rank == diagnose(noise, [1], scale=0).rank == 1
    with pytest.raises(InputError, match="scale must be ≥ 0, got -1"):
        diagnose(noise, [1], scale=-1)


def test_single_precision_is_noticed() -> None:
    # JAX computes in single floats unless told otherwise: repeated points then differ by its rounding.
    row = np.random.default_rng(1).normal(size=5).astype(np.float32)
    noisy = np.stack([row, row * np.float32(1 + 2e-7), np.arange(5, dtype=np.float32)])
    assert diagnose(noisy, [0, 0, 1], pseudo_inverse=True).rank == 2
    assert diagnose(noisy.astype(np.float64), [0, 0, 1]).rank == 3


def test_integers_and_vanishing_imaginary_parts_are_taken() -> None:
    plain = diagnose(HAND, [0, 0, 0])
    assert diagnose(np.array(HAND, dtype=int), [0, 0, 0]) == plain
    assert diagnose(np.array(HAND) + 0j, [0, 0, 0]) == plain


def spoiled(**changes: object) -> str:
    record = json.loads(diagnose(HAND, [0, 1, 2]).to_json())
    return json.dumps({key: value for key, value in (record | changes).items() if value != "missing"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "text must be JSON: "),
        ("{", "(char 1); pass Diagnosis.to_json()"),
        ("[]", "of the type diagnosis, got another; pass Diagnosis.to_json()"),
        ('{"type": "formula"}', "of the type diagnosis, got another"),
        (spoiled(schema_version=2), "schema_version must be 1, got 2"),
        (spoiled(modes="missing"), "got none of modes"),
        (spoiled(c=-1), "c must be > 0, got -1"),
        (spoiled(num_parameters=True), "num_parameters must be an integer ≥ 1, got True"),
        (spoiled(outputs=[1]), "outputs must have 3 entries, one per data point, got 1"),
        (spoiled(outputs=[1, 2, None]), "outputs must be an array of numbers"),
        (spoiled(targets=[1, 2, math.nan]), "targets must be finite"),
        (spoiled(singular_values=[1, 2, 3]), "singular_values must be positive and not increase"),
        (spoiled(test_modes=[[1, 2, 3]]), "test_outputs must be given with test_modes"),
    ],
)
def test_a_spoiled_record_is_refused_by_its_key(text: str, message: str) -> None:
    with pytest.raises((InputError, InputTypeError)) as caught:
        Diagnosis.from_json(text)
    assert message in str(caught.value)
