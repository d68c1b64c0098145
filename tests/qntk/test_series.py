"""Expansions in 1/D: the claimed order of the remainder is fitted, term by term and as a whole."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Any

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from shortcuts import closed_form, eigenvalue_formula

import haarqntk as hq
from haarqntk.algebra import RationalFunction, product_of_shifts
from haarqntk.errors import InputError, InputTypeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk.algebra import Series


NAMES = (
    "gradient_variance", "kernel_mean", "kernel_second_moment", "kernel_variance", "supervised_kernel_mean",
)  # fmt: skip
SCALINGS: tuple[str | dict[str, int], ...] = (
    "pauli_sum",
    "projector",
    {"T1": 0, "T2": 1, "T3": 0, "T4": 2, "T_O1": 0, "T_O2": 1, "T_O1O2": 1},
    {"T1": -1, "T2": 3, "T3": 4, "T4": 6, "T_O1": 2, "T_O2": -3, "T_O1O2": 0},
)
CONSTANTS = {"T1": Fraction(1, 2), "T2": Fraction(3), "T3": Fraction(-2, 3), "T4": Fraction(5)}
CONSTANTS |= {"T_O1": Fraction(2), "T_O2": Fraction(-5, 3), "T_O1O2": Fraction(7, 2)}
SCALARS = {"L": Fraction(7), "sigma": Fraction(2, 5), "n": Fraction(3)}


EIGENVALUES = eigenvalue_formula()
PARTS = {name: closed_form(name) for name in NAMES}
PARTS |= {"uniform": EIGENVALUES.uniform, "difference": EIGENVALUES.difference}


def exponent_of(scaling: str | Mapping[str, int], name: str) -> int:
    return {"pauli_sum": 1, "projector": 0}[scaling] if isinstance(scaling, str) else scaling[name]


def values_at(D: int, scaling: str | Mapping[str, int]) -> dict[str, Fraction]:
    """T_j = t_j D^a with fixed t_j: traces that grow as the scaling says."""
    return SCALARS | {name: t * Fraction(D) ** exponent_of(scaling, name) for name, t in CONSTANTS.items()}


def value_of(series: Series, D: int, values: Mapping[str, Fraction]) -> Fraction:
    total = Fraction(0)
    for _, entries in series.terms:
        for power, monomial, coefficient in entries:
            term = coefficient * Fraction(D) ** power
            for name, e in monomial:
                term *= values[name] ** e
            total += term
    return total


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("name", PARTS)
def test_the_remainder_is_of_the_claimed_order(name: str, scaling: str | dict[str, int], order: int) -> None:
    f = PARTS[name]
    series = f.series(order, scaling=scaling)
    assert series.remainder is not None
    scaled = []
    for D in (2**10, 2**14, 2**24):
        values = values_at(D, scaling)
        difference = f.polynomial.at(D, values) - value_of(series, D, values)
        scaled.append(abs(difference / Fraction(D) ** series.remainder))
    assert scaled[1] <= 2 * scaled[0]
    assert scaled[2] <= 2 * scaled[0]
    assert scaled[2] > 0
    assert all(power > series.remainder for power, _ in series.terms)


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("name", PARTS)
def test_the_leading_order_is_what_the_formula_grows_like(name: str, scaling: str | dict[str, int]) -> None:
    f = PARTS[name]
    leading = f.series(1, scaling=scaling).terms[0][0]
    assert f.series(1, scaling=scaling).remainder == leading - 1
    assert f.series(4, scaling=scaling).remainder == leading - 4
    near, far = (f.polynomial.at(D, values_at(D, scaling)) / Fraction(D) ** leading for D in (2**40, 2**60))
    assert abs(far / near - 1) < Fraction(1, 10**9)


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("name", PARTS)
def test_every_term_scales_as_the_power_it_stands_under(name: str, scaling: str | dict[str, int]) -> None:
    series = PARTS[name].series(4, scaling=scaling)
    powers = [power for power, _ in series.terms]
    assert powers == sorted(powers, reverse=True)
    for power, entries in series.terms:
        for explicit, monomial, coefficient in entries:
            assert coefficient != 0
            traces = [(variable, e) for variable, e in monomial if variable in CONSTANTS]
            assert explicit + sum(exponent_of(scaling, v) * e for v, e in traces) == power
    assert dict(series.scaling) == {
        v: exponent_of(scaling, v) for v in PARTS[name].polynomial.variables if v in CONSTANTS
    }


@given(st.sampled_from(sorted(PARTS)), st.sampled_from(["pauli_sum", "projector"]), st.integers(1, 3))
def test_a_longer_series_begins_with_the_shorter_one(name: str, scaling: str, order: int) -> None:
    short, long = (PARTS[name].series(n, scaling=scaling) for n in (order, order + 1))
    assert long.terms[: len(short.terms)] == short.terms


def test_sympy_and_text_say_the_same_as_the_terms() -> None:
    series = PARTS["kernel_mean"].series(order=1)
    D, L, T1, T2 = hq.D, hq.L, hq.T(1), hq.T(2)
    assert sympy.expand(series.to_sympy() - (2 * L * T2 / D**2 - 2 * L * T1**2 / D**3)) == 0
    assert sympy.sympify(series) == series.to_sympy()
    assert str(series) == "2*L*T2/D**2 - 2*L*T1**2/D**3 + O(D**-2), T1 ~ D, T2 ~ D"
    assert series.latex().endswith(r"+ O\left(D^{-2}\right)")
    assert str(PARTS["kernel_mean"].series(order=1, scaling="projector")).endswith("O(D**-3), T1 ~ 1, T2 ~ 1")
    quadratic = PARTS["kernel_mean"].series(order=1, scaling={"T1": 1, hq.T(2): 2})
    assert str(quadratic).endswith("O(D**-1), T1 ~ D, T2 ~ D**2")


def test_a_polynomial_in_one_over_d_has_no_remainder() -> None:
    f = PARTS["kernel_mean"]
    denominator = RationalFunction(product_of_shifts({-1: 1, 1: 2}))
    exact = replace(f, polynomial=f.polynomial * denominator)  # 2L (D T2 − T1²)
    assert exact.series(order=3).remainder is None
    assert str(exact.series(order=3)) == "2*D*L*T2 - 2*L*T1**2, T1 ~ D, T2 ~ D"


def test_eigenvalues_expand_with_their_multiplicities() -> None:
    found = EIGENVALUES.series(order=2)
    assert list(found) == [EIGENVALUES.uniform.series(2), EIGENVALUES.difference.series(2)]
    assert [str(count) for count in found.values()] == ["1", "n - 1"]


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"order": 0}, InputError, "order must be an integer ≥ 1, got 0"),
        ({"order": 1.5}, InputTypeError, "order must be an integer ≥ 1, got 1.5; pass an int"),
    ],
)
def test_a_bad_order_is_refused(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=re.escape(text)):
        PARTS["kernel_mean"].series(**arguments)


@pytest.mark.parametrize(
    ("scaling", "error", "text"),
    [
        (
            "paulisum",
            UnknownNameError,
            "unknown scaling 'paulisum'; did you mean 'pauli_sum'? known: pauli_sum, projector",
        ),
        ({"T1": 1}, InputError, "scaling must give an exponent for each of T1, T2, got none for T2"),
        (
            {"T1": 1, "T2": 0.5},
            InputTypeError,
            "scaling[T2] must be an exact integer or rational, got 0.5; pass fractions.Fraction",
        ),
    ],
)
def test_a_bad_scaling_is_refused(scaling: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=re.escape(text)):
        PARTS["kernel_mean"].series(scaling=scaling)


@given(
    st.fractions(-2, 2, max_denominator=6),
    st.fractions(-2, 2, max_denominator=6),
    st.integers(1, 8),
    st.sampled_from(["kernel_mean", "kernel_variance"]),
)
def test_powers_are_exact_at_any_rational_scaling(a: Fraction, b: Fraction, order: int, name: str) -> None:
    """What is left out at T_j = t_j D^a falls with the power that is stated: from D = x^q to D = (2x)^q."""
    f, q = closed_form(name), lcm(a.denominator, b.denominator)
    scaling = {str(symbol): (a, b, a + 1, b)[int(symbol[1:]) - 1] for symbol in f.symbols[2:]}
    series = f.series(order, scaling=scaling)
    assert series.remainder is not None
    assert all(power > series.remainder for power, _ in series.terms)
    left_out = f.polynomial - series.to_polynomial()
    steps = [exponent * q for exponent in left_out.weights(scaling).values()]
    assert all(step == int(step) for step in steps)
    assert left_out.leading_weight(scaling) <= series.remainder
    assert series.terms[0][0] - series.remainder == Fraction(order, q)
    assert hq.from_json(hq.to_json(series)) == series


def test_a_half_power_is_written_in_brackets() -> None:
    series = closed_form("kernel_mean").series(3, scaling={"T1": Fraction(3, 4), "T2": 1})
    assert str(series) == "2*L*T2/D**2 - 2*L*T1**2/D**3 + O(D**(-7/4)), T1 ~ D**(3/4), T2 ~ D"
    assert series.remainder == Fraction(-7, 4)
