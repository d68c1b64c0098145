"""Non-crossing partitions and their Möbius function, against all set partitions and the order of refinement."""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from math import comb
from typing import TYPE_CHECKING

import pytest

from haarqntk.combinatorics import noncrossing_moebius, noncrossing_partitions
from haarqntk.errors import CostError, InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Callable

Blocks = tuple[tuple[int, ...], ...]


@cache
def set_partitions(n: int) -> set[Blocks]:
    """All set partitions of n points, by colouring the points in every way."""
    colourings = product(range(n), repeat=n)
    grouped = (tuple(tuple(i for i in range(n) if c[i] == colour) for colour in range(n)) for c in colourings)
    return {tuple(sorted(block for block in blocks if block)) for blocks in grouped}


def crosses(blocks: Blocks) -> bool:
    return any(
        a < b < c < d for left in blocks for right in blocks if left != right
        for a in left for c in left for b in right for d in right
    )  # fmt: skip


def refines(finer: Blocks, coarser: Blocks) -> bool:
    return all(any(set(block) <= set(other) for other in coarser) for block in finer)


@pytest.mark.parametrize("n", range(6))
def test_they_are_the_set_partitions_that_do_not_cross(n: int) -> None:
    found = list(noncrossing_partitions(n))
    assert len(found) == len(set(found))
    assert set(found) == {blocks for blocks in set_partitions(n) if not crosses(blocks)}


@pytest.mark.parametrize("n", range(10))
def test_they_are_counted_by_the_catalan_numbers(n: int) -> None:
    assert sum(1 for _ in noncrossing_partitions(n)) == comb(2 * n, n) // (n + 1)


@pytest.mark.parametrize("n", range(1, 6))
def test_the_moebius_function_is_that_of_the_order_of_refinement(n: int) -> None:
    finest = tuple((i,) for i in range(n))
    values: dict[Blocks, int] = {}
    for blocks in sorted(noncrossing_partitions(n), key=len, reverse=True):
        below = sum(value for finer, value in values.items() if refines(finer, blocks))
        values[blocks] = 1 if blocks == finest else -below
    assert values[(tuple(range(n)),)] == noncrossing_moebius(n)


@pytest.mark.parametrize("n", range(1, 10))
def test_the_moebius_function_is_a_signed_catalan_number(n: int) -> None:
    assert noncrossing_moebius(n) == (-1) ** (n - 1) * comb(2 * n - 2, n - 1) // n


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: list(noncrossing_partitions(-1)), InputError, "n must be an integer ≥ 0, got -1"),
        (
            lambda: list(noncrossing_partitions(1.5)),  # type: ignore[arg-type]
            InputTypeError,
            "n must be an integer ≥ 0, got 1.5; pass an int",
        ),
        (lambda: noncrossing_moebius(0), InputError, "n must be an integer ≥ 1, got 0"),
        (
            lambda: noncrossing_moebius(13),
            CostError,
            "n = 13 would not finish: the sum over non-crossing partitions grows like 4^n; the largest n is 12",
        ),
    ],
)
def test_out_of_range_is_one_line(call: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        call()
