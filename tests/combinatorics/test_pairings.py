"""Pairings, their coset types and signs, and the zonal spherical functions, against sums over groups."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from functools import cache
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import cycle_lengths, loop_halves, symmetric_group
from strategies import cycle_types, pairing_tuples, permutations_of

from haarqntk import combinatorics as hc
from haarqntk.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from haarqntk.combinatorics import Pairing, Partition, Permutation


@cache
def hyperoctahedral_group(k: int) -> tuple[Permutation, ...]:
    """The permutations of 2k points that keep the first pairing, by trying all of S_2k."""
    first = next(hc.pairings(2 * k))
    pairs = {frozenset(pair) for pair in first}
    return tuple(s for s in symmetric_group(2 * k) if {frozenset((s[a], s[b])) for a, b in first} == pairs)


@pytest.mark.parametrize("k", range(6))
def test_pairings_come_once_canonical_and_in_lexicographic_order(k: int) -> None:
    found = list(hc.pairings(2 * k))
    assert found == sorted(set(found))
    assert len(found) == hc.num_pairings(k)
    assert all(sorted(point for pair in p for point in pair) == list(range(2 * k)) for p in found)
    assert all(a < b for p in found for a, b in p)
    assert all(list(p) == sorted(p) for p in found)


@pytest.mark.parametrize(("k", "expected"), [(0, 1), (1, 1), (3, 15), (6, 10395), (10, 654729075)])
def test_pairings_are_counted_without_listing_them(k: int, expected: int) -> None:
    assert hc.num_pairings(k) == expected == factorial(2 * k) // (2**k * factorial(k))
    assert sum(map(hc.num_pairings_of_type, hc.partitions(k))) == expected


@pytest.mark.parametrize("num_points", [1, 3, 7])
def test_an_odd_number_of_points_has_no_pairing(num_points: int) -> None:
    assert list(hc.pairings(num_points)) == []


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (-2, InputError, "num_points must be an integer ≥ 0, got -2"),
        (4.0, InputTypeError, "num_points must be an integer ≥ 0, got 4.0; pass an int"),
    ],
)
def test_no_number_of_points_is_refused(value: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        hc.pairings(value)  # type: ignore[arg-type]


@given(pairing_tuples(2, largest=7))
def test_a_coset_type_is_symmetric_and_says_whether_two_are_equal(pair: tuple[Pairing, ...]) -> None:
    p, q = pair
    assert hc.coset_type(p, q) == hc.coset_type(q, p) == loop_halves(p, q)
    assert (hc.coset_type(p, q) == (1,) * len(p)) == (p == q)


@given(st.data(), pairing_tuples(2, largest=5))
def test_coset_types_do_not_depend_on_names_of_points(data: st.DataObject, pair: tuple[Pairing, ...]) -> None:
    p, q = pair
    sigma = data.draw(permutations_of(2 * len(p)))
    renamed = [tuple((sigma[a], sigma[b]) for a, b in x) for x in pair]
    assert hc.coset_type(*renamed) == hc.coset_type(p, q)


@given(pairing_tuples(1, largest=7))
def test_the_sign_counts_crossings_and_is_that_of_the_listing(single: tuple[Pairing, ...]) -> None:
    (p,) = single
    crossings = sum(a < c < b < d for a, b in p for c, d in p)
    listing = tuple(point for pair in p for point in pair)
    cycles = len(cycle_lengths(listing))
    assert hc.pairing_sign(p) == (-1) ** crossings == (-1) ** (len(listing) - cycles)


@pytest.mark.parametrize("k", range(6))
def test_the_pairings_of_each_coset_type_are_counted(k: int) -> None:
    counts = {mu: hc.num_pairings_of_type(mu) for mu in hc.partitions(k)}
    for p in list(hc.pairings(2 * k))[:: max(1, hc.num_pairings(k) // 3)]:
        assert Counter(hc.coset_type(p, q) for q in hc.pairings(2 * k)) == counts


def test_pairings_of_different_points_have_no_coset_type() -> None:
    text = "p and q must pair the same points, got ((0, 1),) and ((0, 2),)"
    with pytest.raises(InputError, match=f"^{re.escape(text)}$"):
        hc.coset_type(((0, 1),), ((0, 2),))


# -- zonal spherical functions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("k", range(5))
def test_a_zonal_spherical_function_is_a_character_averaged_over_the_hyperoctahedral_group(k: int) -> None:
    first = next(hc.pairings(2 * k))
    group = hyperoctahedral_group(k)
    assert len(group) == 2**k * factorial(k)
    characters = {rho: hc.character_column(rho) for rho in hc.partitions(2 * k)}
    for q in hc.pairings(2 * k):  # sigma maps the first pairing to q
        sigma = tuple(point for pair in q for point in pair)
        types = Counter(cycle_lengths(tuple(sigma[i] for i in h)) for h in group)
        for lam in hc.partitions(k):
            doubled = tuple(2 * part for part in lam)
            total = sum(characters[rho].get(doubled, 0) * count for rho, count in types.items())
            assert hc.zonal_spherical_function(lam, hc.coset_type(first, q)) == Fraction(total, len(group))


@pytest.mark.parametrize("k", range(5))
def test_the_table_holds_the_eigenvalues_of_the_matrices_of_each_coset_type(k: int) -> None:
    every = list(hc.pairings(2 * k))
    types = [[hc.coset_type(p, q) for q in every] for p in every]
    for column, mu in enumerate(hc.partitions(k)):
        matrix = np.array([[nu == mu for nu in row] for row in types], dtype=int).astype(object)
        for row, lam in enumerate(hc.partitions(k)):
            values = {nu: hc.zonal_spherical_function(lam, nu) for nu in hc.partitions(k)}
            vector = np.array([values[nu] for nu in types[0]], dtype=object)
            assert (matrix @ vector == hc.zonal_table(k)[row, column] * vector).all()


@pytest.mark.parametrize("k", range(11))
def test_zonal_spherical_functions_are_orthogonal(k: int) -> None:
    types = hc.partitions(k)
    sizes = np.array([hc.num_pairings_of_type(mu) for mu in types], dtype=object)
    omega = np.array([[hc.zonal_spherical_function(lam, mu) for mu in types] for lam in types], dtype=object)
    gram = (omega * sizes) @ omega.T
    for i, lam in enumerate(types):
        square = Fraction(hc.num_pairings(k), hc.num_standard_tableaux(tuple(2 * part for part in lam)))
        assert list(gram[i]) == [square if i == j else 0 for j in range(len(types))]


@given(cycle_types(largest=12))
def test_the_sum_over_loops_is_a_product_over_boxes(lam: Partition) -> None:
    k = sum(lam)
    row = hc.zonal_table(k)[hc.partitions(k).index(lam)]
    for n in range(-3, 4):
        total = sum(value * n ** len(mu) for mu, value in zip(hc.partitions(k), row, strict=True))
        assert total == prod(n + c for c in hc.contents(lam, 2))


def test_a_zonal_table_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        hc.zonal_table(3)[0, 0] = 7


def test_partitions_of_different_numbers_have_no_zonal_spherical_function() -> None:
    text = "lam and mu must be partitions of the same k, got (2,) and (2, 1)"
    with pytest.raises(InputError, match=f"^{re.escape(text)}$"):
        hc.zonal_spherical_function((2,), (2, 1))
