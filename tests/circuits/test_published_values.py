"""Numbers and closed forms that are published, and identities that any right average has."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import power_sums
from strategies import copies, rationals, spectra

from haarqntk.algebra import RationalFunction, TracePolynomial
from haarqntk.circuits import Copy, mean_of_pattern, mean_of_product

D = RationalFunction([0, 1])
L, sigma = TracePolynomial.variable("L"), TracePolynomial.variable("sigma_ab")
T1, T2, T3, T4 = (TracePolynomial.variable(f"T{j}") for j in range(1, 5))
ONE = TracePolynomial.constant(1)
z, g_l, g_m = Copy(()), Copy(("l",)), Copy(("m",))
h_lm, h_mm = Copy(("l", "m")), Copy(("m", "m"))
K_SQUARED = (g_l, g_l, g_m, g_m)


def test_the_mean_kernel_is_the_closed_form() -> None:
    """K̄ = 2L (D T_2 − T_1²) / ((D−1)(D+1)²)."""
    assert mean_of_product([g_l, g_l]) == 2 * L * (D * T2 - T1**2) * (1 / ((D - 1) * (D + 1) ** 2))


def test_the_mean_supervised_kernel_is_the_closed_form() -> None:
    """K̄^{ij} = 2L (D σ − 1)(D Tr O_iO_j − Tr O_i Tr O_j) / (D²−1)²."""
    mean = mean_of_product([Copy(("l",), "a", "O1"), Copy(("l",), "b", "O2")])
    first, second, both = (TracePolynomial.variable(name) for name in ("T_O1", "T_O2", "T_O1O2"))
    assert mean == 2 * L * (D * sigma - ONE) * (D * both - first * second) * (1 / (D**2 - 1) ** 2)


@pytest.mark.parametrize(("depth", "expected"), [(1, Fraction(576, 1225)), (6, Fraction(10624, 1225))])
def test_the_second_moment_of_two_qubits_with_zz_is_the_known_number(depth: int, expected: Fraction) -> None:
    values = power_sums((1, -1, -1, 1), 4) | {"L": Fraction(depth)}
    assert mean_of_product(K_SQUARED).at(4, values) == expected
    assert mean_of_product(K_SQUARED, dimension=4).at(4, values) == expected


# Zhang et al., Nat. Commun. 15 (2024): half angles, so K is 4 times and μ 16 times theirs.
B = (
    (D**2 + 3 * D + 3) * T2**2 + D * (D + 1) * T4 + T1**4 - 2 * D * T1**2 * T2 - 4 * (D + 1) * T1 * T3
)  # fmt: skip


def test_the_mean_meta_kernel_is_the_published_one() -> None:
    published = (
        L * (L - ONE) * (D**2 * T3 - 3 * D * T1 * T2 + 2 * T1**3)
        * (D / (8 * (D - 1) ** 2 * (D + 1) ** 3 * (D + 2)))
    )  # fmt: skip
    assert mean_of_product([h_lm, g_l, g_m]) == 16 * published


@pytest.mark.parametrize("pattern", [((1, 1, 0, 0), (0, 0, 1, 1)), ((0, 0, 1, 1), (1, 1, 0, 0))])
def test_squared_gradients_of_two_layers_correlate_as_published(pattern: tuple[tuple[int, ...], ...]) -> None:
    published = B * (D / (4 * (D - 1) ** 2 * (D + 1) ** 3 * (D + 2) * (D + 3)))
    assert mean_of_pattern(K_SQUARED, pattern) == 16 * published


def test_the_fourth_moment_of_a_gradient_is_the_published_one() -> None:
    published = B * (3 / (4 * D * (D - 1) * (D + 1) ** 2 * (D + 3) ** 2))
    assert mean_of_pattern([g_l] * 4, ((1, 1, 1, 1),)) == 16 * published


# -- translation: the ensemble is unchanged by θ_l → θ_l + c, so a total derivative averages to zero ----------


@pytest.mark.parametrize("order", [1, -1])
def test_the_mixed_derivative_is_half_the_second_one_in_either_order_of_the_layers(order: int) -> None:
    mixed = mean_of_pattern([h_lm, g_l, g_m], ((1, 1, 0), (1, 0, 1))[::order])
    second = mean_of_pattern([g_l, g_l, h_mm], ((1, 1, 0), (0, 0, 2))[::order])
    assert mixed
    assert 2 * mixed == -second


@settings(max_examples=40)
@given(copies(most=4), st.sampled_from(["lm", "ml"]), st.sampled_from(["l", "m"]))
def test_every_total_derivative_averages_to_zero(product: list[Copy], order: str, theta: str) -> None:
    total = TracePolynomial({})
    for i, copy in enumerate(product):
        differentiated = [*product[:i], Copy((*copy.layers, theta)), *product[i + 1 :]]
        pattern = tuple(tuple(c.layers.count(index) for c in differentiated) for index in order)
        total = total + mean_of_pattern(differentiated, tuple(block for block in pattern if any(block)))
    assert not total


# -- a shift of the observable -------------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.sampled_from([2, 4, 6]).flatmap(spectra), rationals())
def test_a_constant_in_O_adds_to_the_output_alone(spectrum: tuple[Fraction, ...], c: Fraction) -> None:
    n = len(spectrum)
    here, there = (power_sums(s, 4) | {"L": Fraction(3)} for s in (spectrum, [x + c for x in spectrum]))

    def mean(*product: Copy, values: dict[str, Fraction] = here) -> Fraction:
        return mean_of_product(product, dimension=n).at(n, values)

    assert mean(g_l, g_l, h_mm, h_mm, values=there) == mean(g_l, g_l, h_mm, h_mm)
    assert mean(z, g_l, g_m, h_lm, values=there) == mean(z, g_l, g_m, h_lm) + c * mean(g_l, g_m, h_lm)
    assert mean(z, z, g_l, g_l, values=there) == (
        mean(z, z, g_l, g_l) + 2 * c * mean(z, g_l, g_l) + c**2 * mean(g_l, g_l)
    )
