"""Characters of S_k: orthogonal, labelled the right way round, and the same by table and by column."""

from __future__ import annotations

from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from strategies import cycle_types

from haarqntk import combinatorics as hc

if TYPE_CHECKING:
    from haarqntk.combinatorics import Partition


@pytest.mark.parametrize("k", range(13))
def test_columns_are_orthogonal_with_the_centralizer_as_norm(k: int) -> None:
    table = hc.character_table(k)
    norms = np.diag([hc.centralizer_order(mu) for mu in hc.partitions(k)])
    assert np.array_equal(table.T @ table, norms)


@pytest.mark.parametrize("k", range(1, 13))
def test_the_labels_are_those_of_the_trivial_sign_and_permutation_characters(k: int) -> None:
    rows = dict(zip(hc.partitions(k), hc.character_table(k).tolist(), strict=True))
    assert rows[k,] == [1 for _ in hc.partitions(k)]
    assert rows[(1,) * k] == [(-1) ** (k - len(mu)) for mu in hc.partitions(k)]
    if k > 1:
        assert rows[k - 1, 1] == [mu.count(1) - 1 for mu in hc.partitions(k)]


@given(cycle_types(smallest=1, largest=12))
def test_power_sums_of_ones_are_sums_of_schur_functions(mu: Partition) -> None:
    k = sum(mu)
    for n in (1, 2, k, k + 1):
        schur = {
            lam: hc.num_standard_tableaux(lam) * prod(n + c for c in hc.contents(lam)) // factorial(k)
            for lam in hc.partitions(k)
        }
        assert sum(value * schur[lam] for lam, value in hc.character_column(mu).items()) == n ** len(mu)


@given(cycle_types(largest=16))
def test_a_single_column_is_the_column_of_the_table(mu: Partition) -> None:
    k = sum(mu)
    column = hc.character_table(k)[:, hc.partitions(k).index(mu)].tolist()
    expected = {lam: value for lam, value in zip(hc.partitions(k), column, strict=True) if value}
    assert hc.character_column(mu) == expected


def test_the_character_table_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        hc.character_table(3)[0, 0] = 2
