"""Permutations: a group, composed right to left, ranked in lexicographic order."""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from oracles import cycle_lengths
from strategies import permutation_tuples
from sympy.combinatorics import Permutation as SymPyPermutation

from haarqntk.combinatorics import all_permutations, compose, cycle_type, cycles, inverse, permutation_rank

if TYPE_CHECKING:
    from haarqntk.combinatorics import Permutation


@given(permutation_tuples(3, largest=7))
def test_composition_is_associative_and_inverses_cancel(group: tuple[Permutation, ...]) -> None:
    rho, sigma, tau = group
    identity = tuple(range(len(rho)))
    assert compose(rho, compose(sigma, tau)) == compose(compose(rho, sigma), tau)
    assert compose(sigma, inverse(sigma)) == compose(inverse(sigma), sigma) == identity
    assert compose(sigma, identity) == compose(identity, sigma) == sigma


@given(permutation_tuples(2, largest=7))
def test_the_right_factor_acts_first(pair: tuple[Permutation, ...]) -> None:
    sigma, tau = pair
    assert compose(sigma, tau) == tuple(sigma[tau[i]] for i in range(len(tau)))


@given(permutation_tuples(2, largest=7))
def test_sympy_composes_the_other_way_round(pair: tuple[Permutation, ...]) -> None:
    sigma, tau = pair
    product = SymPyPermutation(list(tau)) * SymPyPermutation(list(sigma))
    assert product.array_form == list(compose(sigma, tau))


@given(permutation_tuples(2, largest=9))
def test_the_cycle_type_is_a_class_function_and_counts_fixed_points(pair: tuple[Permutation, ...]) -> None:
    sigma, tau = pair
    assert cycle_type(sigma) == cycle_lengths(sigma) == cycle_type(inverse(sigma))
    assert cycle_type(compose(compose(tau, sigma), inverse(tau))) == cycle_type(sigma)
    assert cycle_type(sigma).count(1) == sum(i == image for i, image in enumerate(sigma))


@given(permutation_tuples(1, largest=9))
def test_cycles_start_at_the_least_point_and_follow_the_permutation(single: tuple[Permutation, ...]) -> None:
    (sigma,) = single
    for cycle in cycles(sigma):
        assert cycle[0] == min(cycle)
        assert tuple(sigma[point] for point in cycle) == (*cycle[1:], cycle[0])
    assert sorted(point for cycle in cycles(sigma) for point in cycle) == list(range(len(sigma)))


@pytest.mark.parametrize("k", range(8))
def test_the_rank_is_the_place_in_lexicographic_order(k: int) -> None:
    group = all_permutations(k)
    assert group.shape == (factorial(k), k)
    assert sorted(map(tuple, group.tolist())) == list(map(tuple, group.tolist()))
    assert np.array_equal(permutation_rank(group), np.arange(factorial(k)))


def test_the_table_of_permutations_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        all_permutations(3)[0, 0] = 1
