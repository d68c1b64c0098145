"""Unitary Weingarten functions: three routes agree, and the values are the inverse of the Gram matrix."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import comb, prod
from typing import TYPE_CHECKING

import pytest
import sympy
from haarpy import weingarten_unitary
from hypothesis import given
from hypothesis import strategies as st
from oracles import convolve, cycle_lengths, symmetric_group, to_rational_function
from strategies import cycle_types

from haarqntk.algebra import RationalFunction
from haarqntk.combinatorics import class_size, compose, inverse, partitions
from haarqntk.groups import WeingartenFunction, weingarten, weingarten_table

if TYPE_CHECKING:
    from haarqntk.combinatorics import Partition

D = RationalFunction([0, 1])
CLASSES = [mu for k in range(1, 7) for mu in partitions(k)]


@cache
def table(k: int) -> dict[Partition, WeingartenFunction]:
    return weingarten_table(k)


def sign(mu: Partition) -> int:
    return 1 - 2 * ((sum(mu) - len(mu)) % 2)


# -- other routes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mu", CLASSES)
def test_every_class_up_to_six_is_haarpys(mu: Partition) -> None:
    expected = to_rational_function(weingarten_unitary(mu, sympy.Symbol("D")))
    assert weingarten(mu).value == expected
    assert to_rational_function(weingarten(mu).to_sympy()) == expected


@pytest.mark.parametrize("mu", CLASSES)
def test_every_class_up_to_six_is_haarpys_at_every_dimension_to_twelve(mu: Partition) -> None:
    values = [weingarten(mu).at(n) for n in range(1, 13)]
    assert values == [weingarten_unitary(mu, n) for n in range(1, 13)]
    assert all(type(value) is Fraction for value in values)


@pytest.mark.parametrize("k", range(7))
def test_characters_and_the_gram_matrix_give_one_table(k: int) -> None:
    assert weingarten_table(k) == weingarten_table(k, method="definition")


@given(cycle_types(largest=12))
def test_one_class_is_its_entry_of_the_table(mu: Partition) -> None:
    assert weingarten(mu) == table(sum(mu))[mu]


@pytest.mark.parametrize("k", range(1, 31))
def test_a_full_cycle_has_the_catalan_number_over_all_shifts(k: int) -> None:
    catalan = comb(2 * k - 2, k - 1) // k
    shifts = prod((D + j for j in range(1 - k, k)), start=RationalFunction(1))
    assert weingarten((k,)).value == (-1) ** (k - 1) * catalan / shifts


@given(cycle_types(smallest=1, largest=12))
def test_the_leading_order_is_the_product_of_signed_catalan_numbers(mu: Partition) -> None:
    value = table(sum(mu))[mu].value
    assert value.degree == len(mu) - 2 * sum(mu)
    catalans = prod(comb(2 * m - 2, m - 1) // m for m in mu)
    assert value.expand_at_infinity(2) == [sign(mu) * catalans, 0]


# -- the definition at every dimension -------------------------------------------------------------------------


@pytest.mark.parametrize("k", range(13))
def test_the_sum_over_the_group_is_one_over_the_rising_product(k: int) -> None:
    total = sum((w.value * class_size(mu) for mu, w in table(k).items()), start=RationalFunction(0))
    assert total == 1 / prod((D + i for i in range(k)), start=RationalFunction(1))


@pytest.mark.parametrize("k", range(13))
def test_the_signed_sum_over_the_group_is_one_over_the_falling_product(k: int) -> None:
    terms = (w.value * class_size(mu) * sign(mu) for mu, w in table(k).items())
    assert sum(terms, start=RationalFunction(0)) == 1 / prod(
        (D - i for i in range(k)), start=RationalFunction(1)
    )


@given(st.integers(1, 10), st.integers(1, 40))
def test_both_sum_rules_hold_at_every_dimension(k: int, n: int) -> None:
    values = {mu: w.at(n) for mu, w in table(k).items()}
    assert sum(v * class_size(mu) for mu, v in values.items()) == Fraction(1, prod(range(n, n + k)))
    signed = sum(v * class_size(mu) * sign(mu) for mu, v in values.items())
    # below k no antisymmetric state is left, and the pseudo-inverse is zero on it
    assert signed == (Fraction(1, prod(range(n - k + 1, n + 1))) if n >= k else 0)


@given(st.integers(1, 6), st.integers(0, 10**6))
def test_the_weingarten_function_inverts_the_gram_matrix_from_k_on(k: int, beyond: int) -> None:
    n = k + beyond
    gram = {mu: n ** len(mu) for mu in partitions(k)}
    values = {mu: w.at(n) for mu, w in table(k).items()}
    assert convolve(values, gram, k) == {mu: int(mu == (1,) * k) for mu in partitions(k)}


@pytest.mark.parametrize("k", range(1, 7))
def test_the_weingarten_function_inverts_the_gram_matrix_over_the_field(k: int) -> None:
    gram = {mu: D ** len(mu) for mu in partitions(k)}
    values = {mu: w.value for mu, w in table(k).items()}
    assert convolve(values, gram, k) == {mu: int(mu == (1,) * k) for mu in partitions(k)}


@pytest.mark.parametrize(("k", "n"), [(k, n) for k in range(2, 5) for n in range(1, k)])
def test_below_k_the_four_conditions_of_penrose_hold(k: int, n: int) -> None:
    group = symmetric_group(k)
    values = {mu: w.at(n) for mu, w in table(k).items()}
    quotients = [[cycle_lengths(compose(inverse(sigma), tau)) for tau in group] for sigma in group]
    gram = [[Fraction(n ** len(mu)) for mu in row] for row in quotients]
    wg = [[values[mu] for mu in row] for row in quotients]

    def times(a: list[list[Fraction]], b: list[list[Fraction]]) -> list[list[Fraction]]:
        columns = list(zip(*b, strict=True))
        return [[sum(map(Fraction.__mul__, row, column), Fraction(0)) for column in columns] for row in a]

    projector = times(gram, wg)
    assert times(projector, gram) == gram
    assert times(wg, projector) == wg
    assert projector == [list(column) for column in zip(*projector, strict=True)]
    assert times(wg, gram) == [list(column) for column in zip(*times(wg, gram), strict=True)]
