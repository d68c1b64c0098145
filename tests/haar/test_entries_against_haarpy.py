"""Integrals of matrix entries against haarpy: seeded random monomials, most of them not zero, at D and at integers.

At least two hundred for each group and ensemble. At k = 4 haarpy takes seconds for one of them.
"""

from __future__ import annotations

import random
from functools import cache
from math import prod
from typing import Any

import haarpy
import pytest
import sympy
from oracles import to_rational_function

import haarqntk as hq

NUMBERS = {  # of monomials with k entries and k conjugates, or 2k entries of O(D) and Sp(D)
    "unitary": (20, 60, 110, 10),
    "orthogonal": (20, 60, 110, 10),
    "symplectic": (20, 100, 80, 2),
    "circular_orthogonal": (20, 100, 80, 2),
    "circular_symplectic": (50, 135, 15, 0),
}
HALF = sympy.Symbol("d")
MATRICES: dict[str, Any] = {
    "unitary": hq.haar_unitary("U"),
    "orthogonal": hq.haar_orthogonal("U"),
    "symplectic": hq.haar_symplectic("U"),
    "circular_orthogonal": hq.circular_orthogonal("U"),
    "circular_symplectic": hq.circular_symplectic("U"),
}
for name in ("twisted_spherical_function", "weingarten_symplectic"):  # it remembers 128 values of some 500
    setattr(haarpy.symplectic, name, cache(getattr(haarpy.symplectic, name).__wrapped__))
Index = tuple[int, int]  # (i, half): i in the first half of the space, D/2 + i in the second


def shuffled(chance: random.Random, values: list[Index]) -> list[Index]:
    return chance.sample(values, len(values))


def indices(chance: random.Random, group: str, k: int) -> tuple[list[Index], list[Index]]:
    """Rows and columns of entries of V, then of V*; for a circular ensemble the 2k indices of S and those of S*."""
    largest = min(k, 3) - (group in {"symplectic", "circular_symplectic"} and k > 1)

    def some(number: int, *, halves: bool = False) -> list[Index]:
        return [(chance.randrange(largest), chance.randrange(2) if halves else 0) for _ in range(number)]

    if group == "unitary":
        rows, columns = some(k), some(k)
        return rows + shuffled(chance, rows), columns + shuffled(chance, columns)
    if group in {"orthogonal", "symplectic"}:
        other = int(group == "symplectic")
        sides = []
        for _ in range(2):
            first = some(k)
            sides.append(shuffled(chance, first + [(i, other) for i, _ in first]))
        return sides[0], sides[1]
    first = some(2 * k, halves=group == "circular_symplectic")
    if group == "circular_symplectic" and chance.random() < 0.8:
        # J S is antisymmetric, so repeated indices mostly cancel
        first = shuffled(chance, [(i, half) for i in range(k) for half in (0, 1)])
    second = shuffled(chance, first) if chance.random() < 0.9 else some(2 * k)  # else as good as always zero
    if group == "circular_symplectic":  # S = J Vᵀ Jᵀ V: the first index of each entry meets V through J
        first, second = ([(i, half ^ (n % 2 == 0)) for n, (i, half) in enumerate(x)] for x in (first, second))
    return first, second


def written(index: Index) -> Any:
    return hq.D / 2 + index[0] if index[1] else index[0]


def ours(group: str, rows: list[Index], columns: list[Index]) -> Any:
    V = MATRICES[group]
    if group.startswith("circular"):
        plain, starred = (
            [V[written(a), written(b)] for a, b in zip(side[::2], side[1::2], strict=True)]
            for side in (rows, columns)
        )
        return hq.expect(prod(plain) * prod(x.conj() for x in starred))
    entries = [V[written(i), written(j)] for i, j in zip(rows, columns, strict=True)]
    if group == "unitary":
        half = len(entries) // 2
        return hq.expect(prod(entries[:half]) * prod(x.conj() for x in entries[half:]))
    return hq.expect(prod(entries))


def theirs(group: str, rows: list[Index], columns: list[Index], size: Any) -> Any:
    """``size`` is D, or half of it for the two groups with a symplectic form."""

    def listed(side: list[Index]) -> tuple[Any, ...]:
        return tuple(size + i if half else i for i, half in side)

    integral = getattr(haarpy, f"haar_integral_{group}")
    if group == "unitary":
        half = len(rows) // 2
        i, j = listed(rows), listed(columns)
        return integral((i[:half], j[:half]), (i[half:], j[half:]), size)
    return integral((listed(rows), listed(columns)), size)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("group", NUMBERS)
def test_random_entries_are_haarpys_at_the_symbol_and_at_integers(group: str, k: int) -> None:
    chance = random.Random(f"{group} {k} entries")  # noqa: S311 - a test
    is_halved = "symplectic" in group
    num_nonzero = 0
    for _ in range(NUMBERS[group][k - 1]):
        rows, columns = indices(chance, group, k)
        integral = ours(group, rows, columns)
        found = to_rational_function(integral.to_sympy())
        num_nonzero += bool(found)
        symbolic = sympy.sympify(theirs(group, rows, columns, HALF))
        symbolic = symbolic.subs(HALF, hq.D / 2 if is_halved else hq.D)
        assert found == to_rational_function(symbolic), (rows, columns)
        least = max(i for i, _ in rows + columns) + 1
        for size in {least, chance.randint(least, k + 2)}:
            value = integral.at(2 * size if is_halved else size)
            assert value == theirs(group, rows, columns, size), (rows, columns, size)
    assert num_nonzero >= NUMBERS[group][k - 1] / 2
