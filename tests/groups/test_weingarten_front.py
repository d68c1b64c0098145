"""What the two public functions take, what they give back, and what they refuse at once."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from strategies import cycle_types, integer_types

from haarqntk.combinatorics import partitions
from haarqntk.errors import CostError, HaarqntkError, InputError, InputTypeError, UnknownNameError
from haarqntk.groups import GROUPS, weingarten, weingarten_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from haarqntk.combinatorics import Partition


@pytest.mark.parametrize(("k", "size"), [(0, 1), (1, 1), (2, 2), (10, 42), (20, 627)])
def test_a_table_has_one_entry_for_each_partition_in_their_order(k: int, size: int) -> None:
    for group in GROUPS if k <= 10 else ("unitary",):
        table = weingarten_table(k, group=group)
        assert len(table) == size
        assert tuple(table) == partitions(k)
        assert all(w.cycle_type == mu and w.design_order == k and w.group == group for mu, w in table.items())


@given(cycle_types(smallest=1, largest=6), st.integers(1, 12), integer_types())
def test_a_dimension_may_be_any_integer_type(mu: Partition, n: int, integer: Callable[[int], object]) -> None:
    value = weingarten(tuple(integer(part) for part in mu)).at(integer(n))  # type: ignore[misc, arg-type]
    assert value == weingarten(mu).at(n)
    assert type(value) is Fraction


def test_values_are_what_sympy_and_a_notebook_show() -> None:
    w = weingarten((2,))
    assert str(w.to_sympy()) == str(sympy.sympify(w)) == "-1/(D*(D - 1)*(D + 1))"
    assert w.latex() == r"- \frac{1}{D \left(D - 1\right) \left(D + 1\right)}"
    assert w._repr_latex_() == f"${w.latex()}$"
    assert w == weingarten([2])  # type: ignore[arg-type]
    assert hash(w) == hash(weingarten((2,), method="definition"))
    assert w != weingarten((1, 1))


def test_a_large_dimension_is_exact() -> None:
    n = 2**100
    assert weingarten((2,)).at(n) == Fraction(-1, n * (n**2 - 1))
    assert weingarten((2,)).at(sympy.Integer(n)) == Fraction(-1, n * (n**2 - 1))


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        ((1, 3), InputError, "cycle_type must be a partition: its parts decrease; got (1, 3); write (3, 1)"),
        ((3, 0), InputError, "each part of cycle_type must be an integer ≥ 1, got 0"),
        ((3.0,), InputTypeError, "each part of cycle_type must be an integer ≥ 1, got 3.0; pass an int"),
        (3, InputTypeError, "cycle_type must be a partition: a tuple of positive integers, got 3"),
        ("3,1", InputTypeError, "cycle_type must be a partition: a tuple of positive integers, got '3,1'"),
    ],
)
def test_a_cycle_type_must_be_a_partition(value: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=re.escape(text)):
        weingarten(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0, InputError, "D must be an integer ≥ 1, got 0"),
        (-1, InputError, "D must be an integer ≥ 1, got -1"),
        (2.0, InputTypeError, "D must be an integer ≥ 1, got 2.0; pass an int"),
        (np.float64(2), InputTypeError, "D must be an integer ≥ 1, got np.float64(2.0); pass an int"),
        (True, InputTypeError, "D must be an integer ≥ 1, got True; pass an int"),
        ("4", InputTypeError, "D must be an integer ≥ 1, got '4'; pass an int"),
        (None, InputTypeError, "D must be an integer ≥ 1, got None; pass an int"),
        (sympy.Symbol("D"), InputTypeError, "D must be an integer ≥ 1, got D; pass an int"),
    ],
)
def test_a_dimension_must_be_a_positive_integer(value: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=re.escape(text)):
        weingarten((2,)).at(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: weingarten_table(27), (27, "a table", 3010, 26)),
        (lambda: weingarten((31,)), (31, "one class", 6842, 30)),
        (lambda: weingarten_table(21, group="orthogonal"), (21, "a table", 792, 20)),
        (lambda: weingarten((21,), group="symplectic"), (21, "one class", 792, 20)),
        (lambda: weingarten_table(7, group="symplectic", method="definition"), (7, "the Gram route", 15, 6)),
        (lambda: weingarten_table(7, method="definition"), (7, "the Gram route", 15, 6)),
        (lambda: weingarten((4, 3), method="definition"), (7, "the Gram route", 15, 6)),
    ],
)
def test_sizes_beyond_reach_are_refused(call: Callable[[], object], text: tuple[int, str, int, int]) -> None:
    k, what, number, largest = text
    expected = f"k = {k} would not finish: {what} runs over the {number} partitions of {k}; the largest k is {largest}"
    with pytest.raises(CostError, match=f"^{re.escape(expected)}$"):
        call()


@pytest.mark.parametrize(
    ("k", "error", "text"),
    [
        (-1, InputError, "k must be an integer ≥ 0, got -1"),
        (2.0, InputTypeError, "k must be an integer ≥ 0, got 2.0; pass an int"),
        (None, InputTypeError, "k must be an integer ≥ 0, got None; pass an int"),
    ],
)
def test_a_table_of_no_number_of_unitaries_is_refused(k: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=re.escape(text)):
        weingarten_table(k)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "call", [lambda **kw: weingarten((2,), **kw), lambda **kw: weingarten_table(2, **kw)]
)
def test_an_unknown_group_or_method_names_the_known_and_the_nearest(call: Callable[..., object]) -> None:
    known = ", ".join(GROUPS)
    with pytest.raises(
        UnknownNameError, match=f"unknown group 'unitry'; did you mean 'unitary'\\? known: {known}"
    ):
        call(group="unitry")
    with pytest.raises(UnknownNameError, match=f"unknown group 'SO'; known: {known}"):
        call(group="SO")
    with pytest.raises(
        UnknownNameError,
        match=r"unknown method 'character'; did you mean 'characters'\? known: characters, definition",
    ):
        call(method="character")


def test_a_symplectic_group_has_an_even_dimension() -> None:
    text = "D must be even for the symplectic group, got 3; pass D = 2N for Sp(2N)"
    with pytest.raises(InputError, match=f"^{re.escape(text)}$"):
        weingarten((2,), group="symplectic").at(3)


@pytest.mark.parametrize("group", GROUPS[1:])
def test_values_of_different_groups_differ(group: str) -> None:
    assert weingarten((1,), group=group) != weingarten((1,))
    assert weingarten((1,), group=group).value == weingarten((1,)).value
    assert weingarten((2,), group=group).value != weingarten((2,)).value


@pytest.mark.parametrize(("group", "threshold"), [("unitary", 3), ("orthogonal", 3), ("symplectic", 6)])
def test_a_value_knows_from_where_its_rational_function_holds(group: str, threshold: int) -> None:
    assert weingarten((2, 1), group=group).holds_from == threshold


def test_every_error_is_also_the_builtin_that_it_looks_like() -> None:
    assert issubclass(InputError, ValueError)
    assert issubclass(InputTypeError, TypeError)
    assert issubclass(CostError, InputError)
    assert issubclass(UnknownNameError, InputError)
    assert issubclass(InputError, HaarqntkError)
    assert issubclass(InputTypeError, HaarqntkError)
