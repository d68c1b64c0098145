"""Values to any number of digits, at dimensions where floats would cancel."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracles import power_sums
from shortcuts import closed_form, eigenvalue_formula
from strategies import rationals

from haarqntk.errors import InputError, InputTypeError

LARGE = 2**50
NAMES = ("gradient_variance", "kernel_mean", "kernel_second_moment", "kernel_variance")


def fraction_of(x: Any) -> Fraction:
    """An mpmath number as the binary fraction that it is."""
    sign, mantissa, exponent, _ = x._mpf_
    return Fraction(1 - 2 * int(sign)) * int(mantissa) * Fraction(2) ** int(exponent)


@given(
    st.sampled_from(NAMES),
    st.lists(rationals(), min_size=4, max_size=4),
    st.sampled_from([1, 15, 50, 300]),
    st.integers(1, 10**6),
)
def test_every_digit_asked_for_is_right(name: str, spectrum: list[Fraction], digits: int, L: int) -> None:
    scaled = [t * (LARGE // 4) for t in power_sums(spectrum, 4).values()]
    exact = closed_form(name).at(D=LARGE, L=L, traces=scaled)
    value = fraction_of(closed_form(name).evaluate(D=LARGE, L=L, traces=scaled, digits=digits))
    assert abs(value - exact) * 10**digits <= abs(exact)


def test_a_variance_that_cancels_in_floats_is_right_at_two_to_the_fifty() -> None:
    """For a Pauli string Var K/K̄² → r + (2 + 2r)/L with r = T_4/T_2² → 0."""
    traces = [0, LARGE, 0, LARGE]
    mean = closed_form("kernel_mean").evaluate(D=LARGE, L=10, traces=traces)
    variance = closed_form("kernel_variance").evaluate(D=LARGE, L=10, traces=traces)
    assert float(variance / mean**2) == pytest.approx(2 / 10, rel=1e-13)


def test_fifty_digits_are_the_default() -> None:
    exact = Fraction(closed_form("kernel_mean").at(D=6, L=1, traces=[0, 6]))
    value = fraction_of(closed_form("kernel_mean").evaluate(D=6, L=1, traces=[0, 6]))
    assert 0 < abs(value - exact) * 10**50 <= exact


@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4))
def test_floats_and_mpmath_numbers_are_the_binary_fractions_that_they_are(traces: list[float]) -> None:
    expected = closed_form("kernel_variance").evaluate(D=8, L=2, traces=[Fraction(t) for t in traces])
    assert closed_form("kernel_variance").evaluate(D=8, L=2, traces=traces) == expected
    assert (
        closed_form("kernel_variance").evaluate(D=8, L=2, traces=[mpmath.mpf(t) for t in traces]) == expected
    )
    assert closed_form("kernel_variance").evaluate(D=8, L=2, traces=tuple(traces)) == expected


@given(st.lists(rationals(), min_size=4, max_size=4), st.sampled_from([1, 15, 50]), st.integers(1, 10**6))
def test_every_digit_of_ratios_and_eigenvalues_is_right(
    spectrum: list[Fraction], digits: int, L: int
) -> None:
    ratio = closed_form("kernel_variance") / closed_form("kernel_mean") ** 2
    traces = [t * (LARGE // 4) for t in power_sums(spectrum, 4).values()]
    given: dict[str, Any] = {"D": LARGE, "L": L, "traces": traces}
    assume(closed_form("kernel_mean").at(**given))
    exact = ratio.at(**given)
    value = fraction_of(ratio.evaluate(**given, digits=digits))
    assert abs(value - exact) * 10**digits <= abs(exact)
    given["traces"] = traces[:2]
    for n in (1, 3):
        expected = eigenvalue_formula().at(**given, num_inputs=n)
        found = eigenvalue_formula().evaluate(**given, num_inputs=n, digits=digits)
        assert sum(found.values()) == n
        assert all(min(abs(fraction_of(x) - y) * 10**digits - abs(y) for y in expected) <= 0 for x in found)


def test_a_ratio_is_not_evaluated_where_its_denominator_is_zero() -> None:
    ratio = closed_form("kernel_variance") / closed_form("kernel_mean")
    with pytest.raises(InputError, match="the denominator kernel_mean must not be zero, got 0 there"):
        ratio.evaluate(D=4, L=1, traces=[0, 0, 0, 0])


def test_eigenvalues_are_evaluated_for_up_to_d_inputs() -> None:
    with pytest.raises(InputError, match="num_inputs"):
        eigenvalue_formula().evaluate(D=4, L=1, traces=[0, 4], num_inputs=5)


def test_the_working_precision_of_mpmath_is_left_alone() -> None:
    before = mpmath.mp.dps
    closed_form("kernel_mean").evaluate(D=4, L=1, traces=[0, 4], digits=200)
    assert mpmath.mp.dps == before


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"digits": 0}, InputError, "digits must be an integer ≥ 1, got 0"),
        ({"digits": 2.0}, InputTypeError, "digits must be an integer ≥ 1, got 2.0; pass an int"),
        ({"D": 2, "name": "kernel_variance"}, InputError, "traces must come with D ≥ 4"),
        ({"D": 3}, InputError, "D must be even for generators X² = 1, Tr X = 0 (Pauli strings), got 3"),
        ({"traces": [0]}, InputError, "traces must give T1, T2, got no T2"),
        ({"traces": "T1"}, InputError, "traces must be a list [T1, T2, …], got 'T1'"),
        ({"traces": [0, "4"]}, InputTypeError, "T2 must be an exact integer or rational, got '4'"),
        ({"traces": [0, float("nan")]}, InputError, "T2 must be finite, got nan"),
        ({"traces": [float("inf"), 4]}, InputError, "T1 must be finite, got inf"),
        ({"traces": [mpmath.mpf("-inf"), 4]}, InputError, "T1 must be finite, got -inf"),
        ({"L": None}, InputError, "L must be given, an integer ≥ 1: kernel_mean depends on it"),
    ],
)
def test_what_has_no_value_is_refused(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    call: dict[str, Any] = {"D": 4, "L": 1, "traces": [0, 4], "name": "kernel_mean"} | arguments
    with pytest.raises(error, match=re.escape(text)):
        closed_form(call.pop("name")).evaluate(**call)
