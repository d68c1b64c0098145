import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from haarqntk.errors import InputError, InputTypeError
from haarqntk.montecarlo import Estimate

# Squares of nonzero numbers below 1e-100 would leave the normal floats, and no bound on rounding holds there.
numbers = st.floats(min_value=-1e6, max_value=1e6).map(lambda x: 0.0 if abs(x) < 1e-100 else x)
samples = st.lists(numbers, min_size=1, max_size=20)
estimates = samples.map(lambda values: Estimate.of("c0ffee", values))


def assert_same(first: Estimate, second: Estimate, scale: float) -> None:
    """Equal up to the rounding of sums of at most 60 numbers of size ``scale``."""
    assert (first.problem, first.samples) == (second.problem, second.samples)
    assert first.mean == pytest.approx(second.mean, rel=0, abs=60 * 2**-52 * scale)
    assert first.squares == pytest.approx(second.squares, rel=0, abs=60**2 * 2**-52 * scale**2)


@given(samples, samples)
@example([0.1], [0.1, 0.1])
def test_merging_equals_sampling_together(first: list[float], second: list[float]) -> None:
    merged = Estimate.of("c0ffee", first) + Estimate.of("c0ffee", second)
    assert_same(merged, Estimate.of("c0ffee", first + second), max(map(abs, first + second)))


@given(samples, samples, samples)
def test_merging_is_commutative_addition(first: list[float], second: list[float], third: list[float]) -> None:
    a, b, c = (Estimate.of("c0ffee", values) for values in (first, second, third))
    scale = max(map(abs, first + second + third))
    assert_same((a + b) + c, a + (b + c), scale)
    assert_same(a + b, b + a, scale)


def test_merging_is_exact_where_arithmetic_is() -> None:
    merged = Estimate.of("c0ffee", [1, 2, 3, 6]) + Estimate.of("c0ffee", [5, 5, 9, 17])
    assert merged == Estimate("c0ffee", samples=8, mean=6.0, squares=182.0)
    assert merged == Estimate.of("c0ffee", [1, 2, 3, 6, 5, 5, 9, 17])


@given(samples)
def test_statistics_are_those_of_numpy(values: list[float]) -> None:
    estimate = Estimate.of("c0ffee", values)
    assert estimate.mean == np.mean(values)
    if len(values) == 1:
        assert estimate.variance == estimate.standard_error == math.inf
    else:
        variance = float(np.var(values, ddof=1))
        assert estimate.variance == pytest.approx(variance, rel=1e-12)
        assert estimate.standard_error == pytest.approx(math.sqrt(variance / len(values)), rel=1e-12)


def test_different_problems_do_not_add() -> None:
    with pytest.raises(InputError, match="within one problem, got c0ffee and decade"):
        Estimate.of("c0ffee", [1.0]) + Estimate.of("decade", [1.0])


def test_only_estimates_add() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        Estimate.of("c0ffee", [1.0]) + 1.0  # type: ignore[operator]


@given(estimates)
def test_plain_data_bring_the_estimate_back(estimate: Estimate) -> None:
    assert Estimate.from_dict(estimate.to_dict()) == estimate
    assert Estimate.from_dict(json.loads(json.dumps(estimate.to_dict()))) == estimate


def test_fields_are_canonical() -> None:
    data = {"problem": "c0ffee", "samples": np.int64(5), "mean": 3, "squares": Fraction(1, 2)}
    estimate = Estimate.from_dict(data)
    assert repr(estimate) == "Estimate(problem='c0ffee', samples=5, mean=3.0, squares=0.5)"
    assert hash(estimate) == hash(Estimate("c0ffee", 5, 3.0, 0.5))


GOOD = {"problem": "c0ffee", "samples": 5, "mean": 3.0, "squares": 20.0}


BAD_DATA: dict[type[Exception], list[tuple[Any, str]]] = {
    InputTypeError: [
        (
            [1, 2],
            r"estimate data must be a mapping with the keys problem, samples, mean, squares, got \[1, 2\]",
        ),
        (GOOD | {"samples": 5.0}, "samples must be an integer ≥ 1, got 5.0; pass an int"),
        (GOOD | {"mean": "3"}, "mean must be a real number, got '3'"),
        (GOOD | {"mean": True}, "mean must be a real number, got True"),
    ],
    InputError: [
        ({"problem": "c0ffee"}, "missing: samples, mean, squares; unknown: none"),
        (GOOD | {"seed": 1, 2: 3}, "missing: none; unknown: seed, 2"),
        (GOOD | {"problem": "K"}, "problem must be a hash of lowercase hexadecimal digits, got 'K'"),
        (GOOD | {"problem": 7}, "problem must be a hash of lowercase hexadecimal digits, got 7"),
        (GOOD | {"samples": 0}, "samples must be an integer ≥ 1, got 0"),
        (GOOD | {"mean": math.nan}, "mean must be finite, got nan"),
        (GOOD | {"mean": 10**400}, "mean must be within the range of a float, got 1000"),
        (GOOD | {"squares": math.inf}, "squares must be finite, got inf"),
        (GOOD | {"squares": -1.0}, "squared deviations, ≥ 0 and 0 for one sample, got -1.0 for samples = 5"),
        (GOOD | {"samples": 1}, "≥ 0 and 0 for one sample, got 20.0 for samples = 1"),
    ],
}


@pytest.mark.parametrize(
    ("data", "error", "text"), [(x, error, text) for error, cases in BAD_DATA.items() for x, text in cases]
)
def test_bad_data_are_refused(data: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Estimate.from_dict(data)


BAD_VALUES: dict[type[Exception], list[tuple[Any, str]]] = {
    InputError: [
        ([], r"values must be one-dimensional and not empty, got the shape \(0,\)"),
        ([[1.0], [2.0]], r"values must be one-dimensional and not empty, got the shape \(2, 1\)"),
        ([1.0, math.nan], r"values must be finite, got nan at \[1\]; check the data"),
        ([1e200, -1e200], "squares must be finite"),
    ],
    InputTypeError: [
        ([1j, 2j], r"values must be real numbers, got \[1j, 2j\]; pass"),
        ([True, False], r"values must be real numbers, got \[True, False\]; pass"),
    ],
}


@pytest.mark.parametrize(
    ("values", "error", "text"),
    [(x, error, text) for error, cases in BAD_VALUES.items() for x, text in cases],
)
def test_bad_values_are_refused(values: list[float], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Estimate.of("c0ffee", values)


def test_z_score_counts_standard_errors() -> None:
    estimate = Estimate("c0ffee", samples=101, mean=3.0, squares=10_100.0)
    assert estimate.standard_error == 1.0
    assert [estimate.z_score(exact) for exact in (1, Fraction(7, 2), 3.0)] == [2.0, -0.5, 0.0]


def test_z_score_of_values_that_do_not_vary() -> None:
    constant = Estimate.of("c0ffee", [0.1] * 70)
    assert constant.z_score(Fraction(1, 10)) == 0.0
    assert constant.z_score(0.2) == -math.inf
    assert constant.z_score(0) == math.inf
    assert Estimate.of("c0ffee", [0.0] * 24).z_score(0) == 0.0


def test_z_score_sees_a_difference_that_floats_resolve() -> None:
    """A billionth beside a standard error of a tenth of that; both are far above the last place of 1."""
    estimate = Estimate("c0ffee", samples=101, mean=1.0, squares=10_100.0 * 1e-20)
    assert estimate.z_score(1 + 1e-9) == pytest.approx(-10, rel=1e-6)
    constant = Estimate("c0ffee", samples=101, mean=1.0, squares=0.0)
    assert constant.z_score(1 + 1e-9) == -math.inf
    assert constant.z_score(1 + 1e-15) == 0.0


@pytest.mark.parametrize("samples", [1, 2, 20, 23])
def test_z_score_of_too_few_samples_is_refused_with_the_number_that_it_takes(samples: int) -> None:
    estimate = Estimate.of("c0ffee", np.arange(samples, dtype=float))
    with pytest.raises(InputError, match=f"needs at least 24 samples, .* got {samples}; draw more"):
        estimate.z_score(1000)


@pytest.mark.parametrize(
    ("exact", "error", "text"),
    [
        (math.nan, InputError, "exact must be finite, got nan"),
        (Fraction(10**400), InputError, "exact must be within the range of a float, got Fraction"),
        (1j, InputTypeError, "exact must be a real number, got 1j; pass a float, an int or a Fraction"),
    ],
)
def test_z_score_needs_a_finite_number(exact: float, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Estimate.of("c0ffee", [1.0, 2.0]).z_score(exact)
