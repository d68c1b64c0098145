"""The recursion over layers against the definition, and against its own routes."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import copies as products

from haarqntk.algebra import Trace, TracePolynomial
from haarqntk.circuits import Copy, layer_patterns, mean_of_pattern, mean_of_product
from haarqntk.combinatorics import ordered_set_partitions
from haarqntk.errors import CostError, InputError

z, g_l, g_m = Copy(()), Copy(("l",)), Copy(("m",))
h_ll, h_lm, h_mm = Copy(("l", "l")), Copy(("l", "m")), Copy(("m", "m"))

MOMENTS = {
    "z": [z],
    "z z": [z, z],
    "K": [g_l, g_l],
    "h": [h_ll],
    "z h": [z, h_ll],
    "z K": [z, g_l, g_l],
    "mu": [h_lm, g_l, g_m],
    "z z z": [z, z, z],
    "h_lm h_lm": [h_lm, h_lm],
    "h_ll h_mm": [h_ll, h_mm],
    "third derivatives": [Copy(("l", "l", "m")), Copy(("m",))],
    "two inputs, two observables": [Copy(("l",), "a", "O1"), Copy(("l",), "b", "O2")],
    "one input, two observables": [Copy(("l",), "a", "O1"), Copy(("l",), "a", "O2")],
    "mu of two inputs": [Copy(("l", "m"), "a"), Copy(("l",), "b"), Copy(("m",), "b")],
    "three observables": [Copy((*"lm",), "psi", "A"), Copy(("l",), "psi", "B"), Copy(("m",), "psi", "C")],
    "three inputs": [Copy(("l",), "a"), Copy(("l",), "b"), Copy((), "c")],
    "K K": [g_l, g_l, g_m, g_m],
    "z mu": [z, h_lm, g_l, g_m],
    "h h g g": [h_ll, h_ll, g_l, g_l],
    "off-diagonal kernel, squared": [Copy((x,), state) for x in "lm" for state in "ab"],
    "covariance of two kernels": [Copy((x,), state) for x, state in ("la", "la", "mb", "mb")],
}
SPECTRA: dict[int, dict[str, tuple[int, ...]]] = {
    2: {"O": (3, -1), "O1": (1, 2), "O2": (1, -1), "A": (0, 1), "B": (5, 2), "C": (-3, 1)},
    4: {
        "O": (5, 2, 0, -1), "O1": (1, 1, 0, 0), "O2": (2, 1, 0, -3),
        "A": (1, 0, 0, 0), "B": (1, 1, -1, -1), "C": (3, -2, 0, 7),
    },
}  # fmt: skip


def value_at(polynomial: TracePolynomial, D: int) -> Fraction:
    """The value for commuting observables, five layers, and what three inputs overlap by."""
    overlaps = {"sigma_ab": Fraction(2, 7), "sigma_ac": Fraction(1, 5), "sigma_bc": Fraction(1, 3)}
    values = overlaps | {"L": Fraction(5), "Re_abc": Fraction(-1, 30)}
    for name in polynomial.variables:
        if isinstance(name, Trace):
            rows = zip(*(SPECTRA[D][letter] for letter in name.observables), strict=True)
            values[name] = Fraction(sum(map(prod, rows)))
    return polynomial.at(D, values)


@pytest.mark.parametrize("name", MOMENTS)
def test_the_recursion_is_the_definition_at_the_symbol_and_at_every_number(name: str) -> None:
    """At D = 2 the traces are dependent, so the polynomials may differ; the pseudo-inverse fixes the values."""
    generic, four, two = (mean_of_product(MOMENTS[name], dimension=D) for D in (None, 4, 2))
    definition = {D: mean_of_product(MOMENTS[name], dimension=D, method="definition") for D in (None, 4, 2)}
    assert generic == definition[None]
    assert four == definition[4]
    assert value_at(four, 4) == value_at(generic, 4)
    assert value_at(two, 2) == value_at(definition[2], 2)


@settings(max_examples=25)
@given(products(most=4), st.sampled_from([None, 2, 4]))
def test_the_names_of_the_layer_indices_change_nothing(product: list[Copy], D: int | None) -> None:
    renamed = [Copy(tuple({"l": "y", "m": "x"}[index] for index in copy.layers)) for copy in product]
    assert mean_of_product(renamed, dimension=D) == mean_of_product(product, dimension=D)


@pytest.mark.parametrize(
    "product", [[g_l], [g_l, g_m], [g_l, h_ll], [g_l, g_l, g_l], [z, g_l], [g_l, g_l, g_m, h_lm], [h_lm, z]]
)
def test_what_differentiates_a_layer_an_odd_number_of_times_averages_to_zero(product: list[Copy]) -> None:
    for pattern in layer_patterns(product):
        if any(sum(block) % 2 for block in pattern):
            for D in (None, 2, 4):
                assert not mean_of_pattern(product, pattern, dimension=D)


def test_odd_products_vanish_altogether() -> None:
    assert not mean_of_product([g_l])
    assert not mean_of_product([g_l, h_ll])
    assert not mean_of_product([z, z, g_l])


@settings(max_examples=30)
@given(products(most=5, indices="lmpq"))
def test_patterns_are_the_ways_in_which_layers_coincide_and_follow(product: list[Copy]) -> None:
    indices = sorted({index for copy in product for index in copy.layers})
    patterns = list(layer_patterns(product))
    assert len(patterns) == sum(1 for _ in ordered_set_partitions(indices))
    for pattern in patterns:
        assert [sum(counts) for counts in zip(*pattern, strict=True)] == (
            [len(copy.layers) for copy in product] if pattern else []
        )


@pytest.mark.parametrize("L", range(1, 6))
def test_a_sum_over_layers_is_the_sum_over_the_choices_of_layers(L: int) -> None:
    """Written out: every (l, m) ∈ {1 … L}² by the pattern that it has, instead of binomials in L."""
    product = MOMENTS["K K"]
    total = TracePolynomial({})
    for l in range(L):
        for m in range(L):
            both = ((1, 1, 1, 1),)
            first_l, first_m = ((1, 1, 0, 0), (0, 0, 1, 1)), ((0, 0, 1, 1), (1, 1, 0, 0))
            total = total + mean_of_pattern(product, both if l == m else first_l if l < m else first_m)
    assert mean_of_product(product).substitute({"L": TracePolynomial.constant(L)}) == total


def test_the_product_of_no_copies_is_one() -> None:
    assert mean_of_product([]) == TracePolynomial.constant(1)


@pytest.mark.parametrize(("k", "size"), [(7, "7! = 5040"), (30, "30!")])
def test_seven_copies_and_more_are_refused_at_once_with_their_size(k: int, size: str) -> None:
    product = [Copy((f"l{i}",)) for i in range(k)]  # at 30 there are more patterns than could be listed
    with pytest.raises(
        CostError, match=f"k = {k} copies would not finish: the recursion has {size} coefficients;.* 6$"
    ):
        mean_of_product(product)


def test_the_definition_refuses_more_than_four_copies() -> None:
    with pytest.raises(CostError, match="k = 5 copies would not finish by definition; the largest k is 4"):
        mean_of_product([g_l, g_l, z, z, z], method="definition")


def test_moments_that_would_need_the_phase_of_a_product_are_refused() -> None:
    text = "at most one invariant with a phase in (a product|each term), got .*; use fewer different states"
    with pytest.raises(InputError, match=text):
        mean_of_product([Copy((), x, y) for x, y in zip("abc", ("O1", "O2", "O3"), strict=True)])
