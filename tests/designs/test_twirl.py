"""Twirls of powers: from the definition, and from what a twirl must leave unchanged."""

from __future__ import annotations

from functools import cache
from math import prod
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import convolve, power_sums
from strategies import rationals, spectra

from haarqntk.algebra import RationalFunction
from haarqntk.combinatorics import partitions
from haarqntk.designs import dimension_as_field, twirl_of_power, twirl_weights
from haarqntk.groups import weingarten_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from haarqntk.combinatorics import Partition

D = RationalFunction([0, 1])
Traces = dict[int, RationalFunction]


@cache
def gram_inverse(k: int, dimension: int | None) -> dict[Partition, RationalFunction]:
    """The Weingarten function from its definition; below k from the pseudo-inverse."""
    table = weingarten_table(k, method="definition")
    return {
        mu: w.value if dimension is None else RationalFunction(w.at(dimension)) for mu, w in table.items()
    }


def overlaps(k: int, trace: Callable[[int], RationalFunction]) -> dict[Partition, RationalFunction]:
    """Tr(P_τ† X^{⊗k}), a product over the cycles of τ."""
    return {mu: prod(map(trace, mu), start=RationalFunction(1)) for mu in partitions(k)}


def involution(dimension: int | None) -> Callable[[int], RationalFunction]:
    return lambda j: dimension_as_field(dimension) * (1 - j % 2)


@pytest.mark.parametrize("dimension", [None, 2, 4, 6, 8])
@pytest.mark.parametrize("k", range(1, 5))
def test_the_twirl_of_an_involution_solves_the_gram_system(k: int, dimension: int | None) -> None:
    trace = involution(dimension)
    expected = convolve(gram_inverse(k, dimension), overlaps(k, trace), k)
    assert twirl_of_power(k, trace, dimension) == expected


@given(st.integers(1, 4), st.lists(rationals(), min_size=4, max_size=4))
def test_the_twirl_of_any_operator_solves_the_gram_system_at_the_symbol(
    k: int, traces: list[Fraction]
) -> None:
    def trace(j: int) -> RationalFunction:
        return RationalFunction(traces[j - 1])

    assert twirl_of_power(k, trace) == convolve(gram_inverse(k, None), overlaps(k, trace), k)


def traces_of(spectrum: tuple[Fraction, ...], k: int) -> Callable[[int], RationalFunction]:
    sums: Mapping[str, Fraction] = power_sums(spectrum, k)
    return lambda j: RationalFunction(sums[f"T{j}"])


@given(st.integers(1, 4), st.integers(1, 5).flatmap(spectra))
def test_the_twirl_of_any_operator_solves_the_gram_system_at_every_dimension(
    k: int, spectrum: tuple[Fraction, ...]
) -> None:
    n, trace = len(spectrum), traces_of(spectrum, k)
    assert twirl_of_power(k, trace, n) == convolve(gram_inverse(k, n), overlaps(k, trace), k)


@given(st.integers(1, 6), st.integers(1, 7).flatmap(spectra))
def test_a_twirl_keeps_every_overlap_with_a_permutation(k: int, spectrum: tuple[Fraction, ...]) -> None:
    """Tr(P_τ† Σ_π x(π) P_π) = Tr(P_τ† X^{⊗k}) for every τ, also below k: P_τ commutes with V^{⊗k}."""
    n, trace = len(spectrum), traces_of(spectrum, k)
    gram = {mu: RationalFunction(n ** len(mu)) for mu in partitions(k)}
    assert convolve(twirl_of_power(k, trace, n), gram, k) == overlaps(k, trace)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6, 7, 8])
def test_the_twirl_of_the_identity_is_the_identity(k: int) -> None:
    identity = {mu: int(mu == (1,) * k) for mu in partitions(k)}
    assert twirl_of_power(k, lambda _: D) == identity


@pytest.mark.parametrize("k", [1, 3, 5])
def test_odd_powers_of_an_involution_twirl_to_zero(k: int) -> None:
    assert set(twirl_of_power(k, involution(None)).values()) == {0}


@pytest.mark.parametrize("dimension", [None, 1, 2, 3, 7])
@pytest.mark.parametrize("k", range(5))
def test_the_weights_of_a_twirl_are_the_weingarten_function(k: int, dimension: int | None) -> None:
    assert twirl_weights(k, dimension) == gram_inverse(k, dimension)
