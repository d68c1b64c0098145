"""Orthogonal and symplectic Weingarten functions against haarpy, Gram matrices of tensors and finite groups."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import product
from math import lcm, prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sympy
from haarpy import weingarten_orthogonal, weingarten_symplectic
from hypothesis import given
from hypothesis import strategies as st
from oracles import loop_halves, to_rational_function
from sympy.combinatorics import Permutation as SympyPermutation

from haarqntk.algebra import RationalFunction
from haarqntk.combinatorics import num_pairings_of_type, pairing_sign, pairings, partitions
from haarqntk.groups import WeingartenFunction, weingarten, weingarten_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from haarqntk.combinatorics import Pairing, Partition

D = RationalFunction([0, 1])
STEP = {"orthogonal": 1, "symplectic": 2}
CLASSES = [(group, mu) for group in STEP for k in range(1, 6) for mu in partitions(k)]


@cache
def table(group: str, k: int) -> dict[Partition, WeingartenFunction]:
    return weingarten_table(k, group=group)


def pairing_of_type(mu: Partition) -> Pairing:
    """One pairing whose coset type with the first pairing is ``mu``."""
    first = next(pairings(2 * sum(mu)))
    return next(q for q in pairings(2 * sum(mu)) if loop_halves(first, q) == mu)


# -- other routes ----------------------------------------------------------------------------------------------


@cache
def haarpys(group: str, mu: Partition, dimension: Any) -> Any:
    """haarpy's value; its symplectic one belongs to a permutation and to half the dimension."""
    if group == "orthogonal":
        return weingarten_orthogonal(mu, dimension)
    q = pairing_of_type(mu)
    listing = SympyPermutation([point for pair in q for point in pair])
    return pairing_sign(q) * weingarten_symplectic(listing, dimension)


@pytest.mark.parametrize(("group", "mu"), CLASSES)
def test_every_class_up_to_five_is_haarpys(group: str, mu: Partition) -> None:
    symbol = sympy.Symbol("D")
    expected = haarpys(group, mu, symbol)
    if group == "symplectic":
        expected = expected.subs(symbol, symbol / 2)
    assert weingarten(mu, group=group).value == to_rational_function(expected)


@pytest.mark.parametrize(("group", "mu"), CLASSES)
def test_every_class_up_to_five_is_haarpys_on_both_sides_of_the_threshold(group: str, mu: Partition) -> None:
    w = weingarten(mu, group=group)
    assert w.holds_from == STEP[group] * sum(mu)
    values = [w.at(STEP[group] * n) for n in range(1, 8)]
    assert values == [haarpys(group, mu, n) for n in range(1, 8)]
    assert all(type(value) is Fraction for value in values)


@pytest.mark.parametrize(("group", "k"), [(group, k) for group in STEP for k in range(6)])
def test_zonal_spherical_functions_and_the_gram_matrix_give_one_table(group: str, k: int) -> None:
    assert table(group, k) == weingarten_table(k, group=group, method="definition")


@given(st.sampled_from(list(STEP)), st.integers(0, 8), st.data())
def test_one_class_is_its_entry_of_the_table(group: str, k: int, data: st.DataObject) -> None:
    mu = data.draw(st.sampled_from(partitions(k)))
    assert weingarten(mu, group=group) == table(group, k)[mu]


# -- the definition at every dimension -------------------------------------------------------------------------


def invariant_form(group: str, n: int) -> NDArray[np.int64]:
    """δ for the orthogonal group, J = [[0, 1], [−1, 0]] in blocks for the symplectic one."""
    identity = np.eye(n, dtype=np.int64)
    half = n // 2
    return identity if group == "orthogonal" else np.vstack([identity[half:], -identity[:half]])


def invariant_tensors(group: str, k: int, n: int) -> NDArray[np.int64]:
    """One row for each pairing: Π over its pairs a < b of the form, at every index tuple."""
    form = invariant_form(group, n)
    indices = np.indices((n,) * (2 * k)).reshape(2 * k, -1)
    return np.array([prod(form[indices[a], indices[b]] for a, b in p) for p in pairings(2 * k)])


def weingarten_matrix(group: str, k: int, n: int) -> NDArray[Any]:
    """Wg(p, q) over all pairings at the dimension n."""
    values = {mu: w.at(n) for mu, w in table(group, k).items()}
    every = list(pairings(2 * k))
    signs = [pairing_sign(p) if group == "symplectic" else 1 for p in every]
    return np.array(
        [
            [s * t * values[loop_halves(p, q)] for q, t in zip(every, signs, strict=True)]
            for p, s in zip(every, signs, strict=True)
        ],
        dtype=object,
    )


@pytest.mark.parametrize(
    ("group", "k", "n"),
    [
        (group, k, STEP[group] * n)
        for group, largest in (("orthogonal", (3, 4, 4, 2)), ("symplectic", (2, 3, 3, 1)))
        for k, last in enumerate(largest, start=1)
        for n in range(1, last + 1)
    ],
)
def test_the_four_conditions_of_penrose_hold_for_gram_matrices_of_tensors(group: str, k: int, n: int) -> None:
    tensors = invariant_tensors(group, k, n)
    gram = (tensors @ tensors.T).astype(object)
    wg = weingarten_matrix(group, k, n)
    scale = lcm(*(value.denominator for value in wg.flat))  # integers multiply a hundred times faster
    wg = np.array([[int(scale * value) for value in row] for row in wg], dtype=object)
    projector = gram @ wg
    assert (projector @ gram == scale * gram).all()
    assert (wg @ projector == scale * wg).all()
    assert (projector == projector.T).all()
    assert (wg @ gram == (wg @ gram).T).all()
    if n >= STEP[group] * k:
        assert (projector == scale * np.eye(len(gram), dtype=int)).all()


@pytest.mark.parametrize(("group", "k"), [(group, k) for group in STEP for k in range(2, 11)])
def test_the_dimension_before_the_threshold_is_a_pole_of_every_class(group: str, k: int) -> None:
    for w in table(group, k).values():
        pole, *larger = range(w.holds_from - STEP[group], w.holds_from + 9, STEP[group])
        bottom = RationalFunction(w.value.denominator)
        assert bottom.at(pole) == 0
        assert all(bottom.at(n) != 0 for n in larger)


def test_the_sums_over_all_pairings_are_over_the_field() -> None:
    for k in range(11):
        sums = {
            g: sum((w.value * num_pairings_of_type(mu) for mu, w in table(g, k).items()), 0 * D) for g in STEP
        }
        assert sums["orthogonal"] == 1 / prod((D + 2 * j for j in range(k)), start=RationalFunction(1))
        assert sums["symplectic"] == 1 / prod((D - 2 * j for j in range(k)), start=RationalFunction(1))


@given(st.sampled_from(list(STEP)), st.integers(1, 9), st.integers(1, 20))
def test_two_sum_rules_hold_at_every_dimension(group: str, k: int, half: int) -> None:
    n, reflected = (half, half) if group == "orthogonal" else (2 * half, -2 * half)
    values = {mu: w.at(n) * num_pairings_of_type(mu) for mu, w in table(group, k).items()}
    sign = 1 if group == "orthogonal" else (-1) ** k
    for weight, step in ((Fraction(1), 2), (Fraction(-1, 2), -1)):
        total = sum(value * weight ** (k - len(mu)) for mu, value in values.items())
        shifts = prod(reflected + step * j for j in range(k))
        assert total == (Fraction(sign, shifts) if shifts else 0)


# -- finite groups that know the answers -----------------------------------------------------------------------


def dihedral_group() -> list[tuple[int, NDArray[Any]]]:
    """The 16 symmetries of the octagon as (s, M), the element M/√s: they average degree < 8 as O(2) does."""
    signs = (1, -1)
    even = [np.diag([a, b]) for a in signs for b in signs]
    odd = [np.array([[a, b], [-b * c, a * c]]) for a in signs for b in signs for c in signs]
    return [(1, m) for m in even] + [(1, m[::-1]) for m in even] + [(2, m) for m in odd]


def binary_octahedral_group() -> list[tuple[int, NDArray[Any]]]:
    """The 48 elements (s, M) of the group, M/√s: they average degree ≤ 6 as Sp(2) = SU(2) does."""
    found = []
    for a, b, c, d in product((-1, 0, 1), repeat=4):
        if (scale := a * a + b * b + c * c + d * d) in (1, 2, 4):
            found.append((scale, np.array([[a + 1j * d, c + 1j * b], [-c + 1j * b, a - 1j * d]])))
    return found


FINITE = {"orthogonal": dihedral_group(), "symplectic": binary_octahedral_group()}


def mean_over_finite_group(group: str, rows: Sequence[int], columns: Sequence[int]) -> Fraction:
    total = Fraction(0)
    for scale, matrix in FINITE[group]:  # Gaussian integers, which floats hold exactly
        value = complex(np.prod(matrix[list(rows), list(columns)]))
        total += Fraction(int(value.real), scale ** (len(rows) // 2))
    return total / len(FINITE[group])


def integral_of_entries(group: str, rows: Sequence[int], columns: Sequence[int], n: int) -> Fraction:
    """Σ_{p,q} Δ_p(rows) Δ_q(columns) Wg(p, q), as it is written."""
    form, k = invariant_form(group, n), len(rows) // 2
    left, right = (
        np.array([prod(int(form[x[a], x[b]]) for a, b in p) for p in pairings(2 * k)], dtype=object)
        for x in (rows, columns)
    )
    return Fraction(left @ weingarten_matrix(group, k, n) @ right)


def test_the_finite_groups_are_groups() -> None:
    for group, size in (("orthogonal", 16), ("symplectic", 48)):
        form = invariant_form(group, 2)
        assert len(FINITE[group]) == size
        assert all((m.T @ form @ m == scale * form).all() for scale, m in FINITE[group])


@pytest.mark.parametrize("group", STEP)
def test_every_fourth_moment_at_dimension_two_is_that_of_a_finite_group(group: str) -> None:
    for rows, columns in product(product(range(2), repeat=4), repeat=2):
        assert integral_of_entries(group, rows, columns, 2) == mean_over_finite_group(group, rows, columns)


@given(st.sampled_from(list(STEP)), st.data())
def test_sixth_moments_at_dimension_two_are_those_of_a_finite_group(group: str, data: st.DataObject) -> None:
    rows, columns = (data.draw(st.lists(st.integers(0, 1), min_size=6, max_size=6)) for _ in range(2))
    assert integral_of_entries(group, rows, columns, 2) == mean_over_finite_group(group, rows, columns)
