"""Partitions, their classes and diagrams, and the ordered set partitions of layer indices."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from itertools import product
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sympy
from hypothesis import given
from oracles import cycle_lengths, symmetric_group
from strategies import cycle_types, integer_types

from haarqntk import combinatorics as hc
from haarqntk.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from haarqntk.combinatorics import Partition


@pytest.mark.parametrize("n", range(21))
def test_all_partitions_come_once_in_reverse_lexicographic_order(n: int) -> None:
    found = hc.partitions(n)
    assert list(found) == sorted(set(found), reverse=True)
    assert all(sum(mu) == n and min(mu, default=1) >= 1 and list(mu) == sorted(mu)[::-1] for mu in found)
    assert len(found) == hc.num_partitions(n)


@pytest.mark.parametrize(("n", "expected"), [(0, 1), (10, 42), (20, 627), (100, 190569292)])
def test_partitions_are_counted_without_listing_them(n: int, expected: int) -> None:
    assert hc.num_partitions(n) == expected


@pytest.mark.parametrize("k", range(1, 7))
def test_class_sizes_count_the_permutations_of_a_cycle_type(k: int) -> None:
    assert {mu: hc.class_size(mu) for mu in hc.partitions(k)} == Counter(
        map(cycle_lengths, symmetric_group(k))
    )


@given(cycle_types(largest=14))
def test_a_class_and_its_centralizer_multiply_to_the_group(mu: Partition) -> None:
    assert hc.class_size(mu) * hc.centralizer_order(mu) == factorial(sum(mu))


@pytest.mark.parametrize("k", range(10))
def test_squares_of_the_numbers_of_standard_tableaux_sum_to_the_group_order(k: int) -> None:
    assert sum(hc.num_standard_tableaux(lam) ** 2 for lam in hc.partitions(k)) == factorial(k)


@given(cycle_types(smallest=1, largest=9))
def test_standard_tableaux_are_counted_by_removing_one_box(lam: Partition) -> None:
    smaller = (
        tuple(part - (row == i) for row, part in enumerate(lam) if part - (row == i))
        for i, part in enumerate(lam)
        if part > (*lam, 0)[i + 1]
    )
    assert hc.num_standard_tableaux(lam) == sum(map(hc.num_standard_tableaux, smaller))


@given(cycle_types(largest=12))
def test_contents_are_column_minus_row_and_count_semistandard_tableaux(lam: Partition) -> None:
    assert sorted(hc.contents(lam)) == sorted(j - i for i, part in enumerate(lam) for j in range(part))
    at_depth = prod(
        len(lam) + c for c in hc.contents(lam)
    )  # positive from D = number of rows on, and not before
    below = prod(max(len(lam) - 1, 0) + c for c in hc.contents(lam))
    assert at_depth > 0
    assert below == 0 or not lam
    assert Fraction(at_depth * hc.num_standard_tableaux(lam), factorial(sum(lam))).denominator == 1


@given(cycle_types(smallest=1, largest=9), integer_types())
def test_partitions_may_be_any_sequence_of_any_integers(mu: Partition, integer: Callable[[int], int]) -> None:
    parts = [integer(part) for part in mu]
    assert hc.check_partition("mu", parts) == mu
    assert all(type(part) is int for part in hc.check_partition("mu", parts))
    assert hc.check_partition("mu", np.array(mu)) == mu


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        ((1, 3), InputError, "mu must be a partition: its parts decrease; got (1, 3); write (3, 1)"),
        ((2, 0), InputError, "each part of mu must be an integer ≥ 1, got 0"),
        ((2, -1), InputError, "each part of mu must be an integer ≥ 1, got -1"),
        ((2.0, 1), InputTypeError, "each part of mu must be an integer ≥ 1, got 2.0; pass an int"),
        ((True,), InputTypeError, "each part of mu must be an integer ≥ 1, got True; pass an int"),
        ((sympy.Rational(1, 2),), InputTypeError, "each part of mu must be an integer ≥ 1, got 1/2"),
        ("31", InputTypeError, "mu must be a partition: a tuple of positive integers, got '31'"),
        (
            4,
            InputTypeError,
            "mu must be a partition: a tuple of positive integers, got 4; write for example (3, 1)",
        ),
        (None, InputTypeError, "mu must be a partition: a tuple of positive integers, got None"),
    ],
)
def test_what_is_no_partition_is_refused_with_cure(value: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=re.escape(text)):
        hc.check_partition("mu", value)


@pytest.mark.parametrize("r", range(5))
def test_ordered_set_partitions_are_the_surjections(r: int) -> None:
    items = tuple("lmpq"[:r])
    surjections = {
        tuple(tuple(x for x, b in zip(items, blocks, strict=True) if b == i) for i in range(m))
        for m in range(r + 1)
        for blocks in product(range(m), repeat=r)
        if set(blocks) == set(range(m))
    }
    found = list(hc.ordered_set_partitions(items))
    assert len(found) == len(set(found)) == [1, 1, 3, 13, 75][r]
    assert set(found) == surjections
