"""Expansions in 1/D: their remainder is fitted, their leading term is a sum over non-crossing partitions."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from math import comb, prod
from typing import TYPE_CHECKING

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from oracles import to_rational_function
from strategies import cycle_types

import haarqntk as hq
from haarqntk.algebra import RationalFunction
from haarqntk.errors import CostError, InputError, InputTypeError, UnknownNameError
from haarqntk.groups import GROUPS, WeingartenFunction, leading_term, weingarten, weingarten_table

if TYPE_CHECKING:
    from haarqntk.combinatorics import Partition

groups = st.sampled_from(GROUPS)


@cache
def table(group: str, k: int) -> dict[Partition, WeingartenFunction]:
    return weingarten_table(k, group=group)


@given(groups, cycle_types(largest=9))
def test_three_routes_to_the_leading_term_agree(group: str, mu: Partition) -> None:
    ((power, coefficient),) = table(group, sum(mu))[mu].series(order=1).terms
    catalans = prod(comb(2 * m - 2, m - 1) // m for m in mu)
    sign = 1 if group == "symplectic" else (-1) ** (sum(mu) - len(mu))
    assert leading_term(mu, group=group) == (len(mu) - 2 * sum(mu), sign * catalans)
    assert leading_term(mu, group=group) == (power, int(coefficient))
    assert coefficient.denominator == 1


@given(groups, cycle_types(largest=7), st.integers(1, 12))
def test_what_is_left_out_is_of_the_stated_order(group: str, mu: Partition, order: int) -> None:
    w = table(group, sum(mu))[mu]
    series = w.series(order=order)
    kept = sum((RationalFunction([0, 1]) ** power * c for power, c in series.terms), RationalFunction(0))
    assert series.remainder == w.value.degree - order
    rest = w.value - kept
    assert not rest or rest.degree <= series.remainder
    assert all(c and power > series.remainder for power, c in series.terms)
    assert to_rational_function(series.to_sympy()) == to_rational_function(sympy.sympify(series)) == kept


@given(groups, cycle_types(smallest=2, largest=7))
def test_the_remainder_is_fitted_at_large_dimensions(group: str, mu: Partition) -> None:
    w = table(group, sum(mu))[mu]
    series = w.series(order=2)
    near, far = 10**6, 2 * 10**6
    sums = [sum((c * Fraction(n) ** power for power, c in series.terms), Fraction(0)) for n in (near, far)]
    rests = [w.at(n) - total for n, total in zip((near, far), sums, strict=True)]
    if all(rests):
        assert abs(rests[0]) > abs(rests[1])
        assert abs(rests[0] / rests[1]) > Fraction(999, 1000) * Fraction(2) ** -series.remainder


@given(cycle_types(largest=9))
def test_a_unitary_expansion_goes_in_steps_of_two_and_the_symplectic_one_alternates(mu: Partition) -> None:
    k = sum(mu)
    unitary, orthogonal, symplectic = (table(group, k)[mu].series(order=6) for group in GROUPS)
    leading = len(mu) - 2 * k
    assert all((power - leading) % 2 == 0 for power, _ in unitary.terms)
    assert symplectic.terms == tuple((power, c * (-1) ** (k + power)) for power, c in orthogonal.terms)


def test_a_series_is_what_a_notebook_and_a_terminal_show() -> None:
    series = weingarten((3, 1), group="orthogonal").series(order=3)
    assert str(series) == "2/D**6 - 6/D**7 + 64/D**8 + O(D**-9)"
    assert series.latex() == (r"\frac{2}{D^{6}} - \frac{6}{D^{7}} + \frac{64}{D^{8}} + O\left(D^{-9}\right)")
    assert series._repr_latex_() == f"${series.latex()}$"
    assert series.to_sympy() == 2 / hq.D**6 - 6 / hq.D**7 + 64 / hq.D**8
    assert hash(series) == hash(weingarten((3, 1), group="orthogonal").series(order=3))


@pytest.mark.parametrize(
    ("order", "error", "text"),
    [
        (0, InputError, "order must be an integer ≥ 1, got 0"),
        (1.0, InputTypeError, "order must be an integer ≥ 1, got 1.0; pass an int"),
        (201, CostError, "order = 201 would not finish; the largest order is 200"),
    ],
)
def test_an_order_out_of_range_is_refused(order: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        weingarten((2,)).series(order=order)  # type: ignore[arg-type]


def test_a_leading_term_checks_what_it_takes() -> None:
    with pytest.raises(InputError, match=r"^mu must be a partition: its parts decrease"):
        leading_term((1, 2), group="unitary")
    with pytest.raises(UnknownNameError, match=r"^unknown group 'unitry'; did you mean 'unitary'"):
        leading_term((2,), group="unitry")
    with pytest.raises(CostError, match=r"^n = 13 would not finish"):
        leading_term((13,), group="unitary")
