"""Designs by the frame potential: known groups, the Haar value by enumeration, the rounding error, bad input."""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from math import comb, factorial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import qutip
import sympy
from hypothesis import given
from hypothesis import strategies as st
from oracles import symmetric_group
from strategies import bases
from sympy.physics.matrices import msigma

import haarqntk as hq
from haarqntk.designs import haar_frame_potential
from haarqntk.errors import CostError, InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from haarqntk.combinatorics import Permutation

# -- the Haar value ------------------------------------------------------------------------------------------


def longest_increasing_subsequence(sigma: Permutation) -> int:
    """By patience sorting."""
    tops: list[int] = []
    for image in sigma:
        place = bisect_left(tops, image)
        tops[place : place + 1] = [image]
    return len(tops)


@pytest.mark.parametrize("t", range(8))
def test_the_haar_value_counts_permutations_without_a_long_increasing_subsequence(t: int) -> None:
    lengths = [longest_increasing_subsequence(sigma) for sigma in symmetric_group(t)]
    for D in range(1, 9):
        assert haar_frame_potential(D, t) == sum(length <= D for length in lengths)


@pytest.mark.parametrize("t", range(31))
def test_the_haar_value_is_t_factorial_from_d_equal_t_and_catalan_at_two(t: int) -> None:
    assert haar_frame_potential(max(t, 1), t) == factorial(t)
    assert haar_frame_potential(2, t) == comb(2 * t, t) // (t + 1)
    assert haar_frame_potential(1, t) == 1


# -- groups whose order is known -----------------------------------------------------------------------------

ORDERS = [  # group, D, the largest t, the frame potential at t + 1, which is an integer for a group
    (lambda: hq.pauli_group(1), 2, 1, 4),
    (lambda: hq.pauli_group(2), 4, 1, 16),
    (lambda: hq.clifford_group(1), 2, 3, 15),
    (lambda: hq.clifford_group(2), 4, 3, 29),
    (hq.icosahedral_group, 2, 5, 133),
]


@pytest.mark.parametrize(("group", "D", "largest", "beyond"), ORDERS)
def test_the_order_of_a_group(group: Callable[[], Any], D: int, largest: int, beyond: int) -> None:
    unitaries = group()
    for t in range(largest + 1):
        check = hq.is_design(unitaries, t, group=True)
        assert check
        assert check.is_design
        assert (check.t, check.D, check.num_unitaries) == (t, D, len(unitaries))
        assert check.haar_value == haar_frame_potential(D, t)
        assert abs(check.excess) <= check.tolerance < 1e-9
    check = hq.is_design(unitaries, largest + 1, group=True)
    assert not check
    assert abs(check.frame_potential - beyond) <= check.tolerance
    assert check.excess == check.frame_potential - check.haar_value


def test_all_pairs_of_the_two_qubit_clifford_group() -> None:
    check = hq.is_design(hq.clifford_group(2), 4)
    assert abs(check.frame_potential - 29) <= check.tolerance


@pytest.mark.parametrize("t", range(7))
def test_a_group_needs_one_row_and_a_repeated_set_changes_nothing(t: int) -> None:
    group = hq.icosahedral_group()
    by_pairs, by_traces = hq.is_design(group, t), hq.is_design(group, t, group=True)
    repeated = hq.frame_potential(np.tile(group, (10, 1, 1)), t)  # 1200 elements: two blocks
    assert abs(by_pairs.frame_potential - by_traces.frame_potential) <= 2 * by_pairs.tolerance
    assert abs(repeated - by_pairs.frame_potential) <= 2 * by_pairs.tolerance


@given(bases(2), bases(2), st.integers(0, 2**32 - 1))
def test_the_rounding_error_covers_a_design_in_any_frame(left: Any, right: Any, seed: int) -> None:
    """A U B runs over a design of the same order, and phases do not matter."""
    phases = np.exp(2j * np.pi * np.random.default_rng(seed).random(120))
    moved = phases[:, None, None] * (left @ hq.icosahedral_group() @ right)
    for t in range(1, 6):
        check = hq.is_design(moved, t)
        assert check
        assert abs(check.excess) <= check.tolerance
    check = hq.is_design(moved, 6)
    assert abs(check.frame_potential - 133) <= check.tolerance


@pytest.mark.parametrize("error", [1e-13, 1e-12, 1e-11])
@pytest.mark.parametrize("t", range(1, 6))
def test_the_rounding_error_covers_elements_that_are_not_quite_unitary(error: float, t: int) -> None:
    check = hq.is_design((1 + error) * hq.icosahedral_group(), t)
    assert check
    assert abs(check.excess) <= check.tolerance < 1e5 * error
    assert abs(check.excess) > hq.is_design(hq.icosahedral_group(), t).tolerance or error < 1e-12


@given(st.integers(1, 4).flatmap(lambda D: st.lists(bases(D), min_size=1, max_size=6)), st.integers(0, 6))
def test_the_frame_potential_is_its_definition_and_never_below_the_haar_value(
    unitaries: list[Any], t: int
) -> None:
    D, check = len(unitaries[0]), hq.is_design(unitaries, t)
    definition = np.mean([abs(np.trace(U.conj().T @ V)) ** (2 * t) for U in unitaries for V in unitaries])
    assert abs(check.frame_potential - definition) <= 2 * check.tolerance
    assert check.excess >= -check.tolerance
    assert bool(check) == (D == 1 or t == 0)  # a few random unitaries are no design


def test_a_mixture_of_designs_by_weights() -> None:
    """p Clifford + (1 − p) icosahedral: the cross terms have the Haar value, so F_4 = 14 + p²."""
    p = Fraction(1, 3)
    mixture = [*hq.clifford_group(1), *hq.icosahedral_group()]
    weights = [p / 24] * 24 + [(1 - p) / 120] * 120
    assert hq.is_design(mixture, 3, weights=weights)
    check = hq.is_design(mixture, 4, weights=weights)
    assert not check
    assert abs(check.frame_potential - (14 + 1 / 9)) <= check.tolerance
    assert abs(hq.frame_potential(mixture, 4) - 14 - (24 / 144) ** 2) <= check.tolerance


def test_every_kind_of_matrix() -> None:
    kinds = [
        hq.pauli_group(1),
        list(hq.pauli_group(1)),
        [qutip.qeye(2), qutip.sigmax(), qutip.sigmay(), qutip.sigmaz()],
        [sympy.eye(2), *(msigma(j) for j in (1, 2, 3))],
        [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1], [1, 0]], [[1, 0], [0, -1]]],
    ]
    checks = [hq.is_design(unitaries, 2) for unitaries in kinds]
    assert len(set(checks)) == 1
    assert checks[0].frame_potential == 4.0


# -- bad input -----------------------------------------------------------------------------------------------

I2 = np.eye(2)
NEARLY = I2 * (1 + 1e-8)
not_an_int: Any = 1.5


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: hq.is_design([], 1), InputError, "unitaries must hold at least one unitary, got none"),
        (lambda: hq.is_design(np.zeros((0, 2, 2)), 1), InputError, "at least one unitary, got none"),
        (lambda: hq.is_design(I2, 1), InputError, r"unitaries must have shape \(N, D, D\), got \(2, 2\)"),
        (lambda: hq.is_design(np.zeros((3, 2, 3)), 1), InputError, r"\(N, D, D\), got \(3, 2, 3\)"),
        (
            lambda: hq.is_design([I2, np.eye(3)], 1),
            InputError,
            r"one shape, got \(2, 2\) and, at 1, \(3, 3\)",
        ),
        (lambda: hq.is_design([[[1, 0], [1]]], 1), InputError, r"unitaries\[0\] .* rows of lengths \[2, 1\]"),
        (lambda: hq.is_design([I2, NEARLY], 1), InputError, r"unitaries\[1\] must be unitary, .* = 2.83e-08"),
        (lambda: hq.is_design(np.full((1, 2, 2), np.nan), 1), InputError, "finite entries, got nan or inf"),
        (lambda: hq.is_design(qutip.qeye(2), 1), InputTypeError, r"list of matrices, got Qobj; pass \[U\]"),
        (lambda: hq.is_design("ab", 1), InputTypeError, "unitaries must be a list of matrices, got str"),
        (lambda: hq.is_design([I2, "ab"], 1), InputTypeError, r"unitaries\[1\] must be a square matrix"),
        (lambda: hq.is_design([I2], -1), InputError, "t must be an integer ≥ 0, got -1"),
        (lambda: hq.is_design([I2], not_an_int), InputTypeError, "t must be an integer ≥ 0, got 1.5"),
        (lambda: hq.is_design([I2], 31), InputError, "t must be at most 30, got 31; beyond it"),
        (
            lambda: hq.is_design(np.broadcast_to(I2, (10**5, 2, 2)), 1),
            CostError,
            "100000 unitaries would not finish: 10000000000 overlaps; the largest number at D = 2 is 77459",
        ),
        (lambda: hq.is_design([I2], 1, weights=[1, 0]), InputError, "weights must be 1, .* got 2"),
        (lambda: hq.is_design([I2], 1, weights=[2]), InputError, "probabilities, got the sum 2.0"),
        (lambda: hq.is_design([I2, I2], 1, weights=[2, -1]), InputError, "the least -1.0; divide by"),
        (lambda: hq.is_design([I2], 1, weights=["a"]), InputTypeError, r"real numbers, got \['a'\]"),
        (lambda: hq.is_design([I2], 1, weights=[1], group=True), InputError, "weights must be left out"),
        (
            lambda: hq.is_design([I2], 1, group=1),  # type: ignore[arg-type]
            InputTypeError,
            "group must be True or False, got 1; pass group=True for a group",
        ),
        (lambda: hq.is_design(hq.clifford_group(1)[:7], 1, group=True), InputError, "must be a group up to"),
    ],
)
def test_one_clear_error(call: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert "\n" not in str(caught.value)
