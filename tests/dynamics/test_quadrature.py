"""Rules from moments: exact on polynomials, Jacobi's where the law is Beta, a bracket of every Laplace transform."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import roots_jacobi

import haarqntk as hq
from haarqntk.dynamics import Rule, rules_from_moments


def beta_moments(a: Fraction, b: Fraction, largest: int) -> list[Fraction]:
    moments = [Fraction(1)]
    for n in range(largest):
        moments.append(moments[-1] * (a + n) / (a + b + n))
    return moments


halves = st.integers(1, 40).map(lambda n: Fraction(n, 2))


def jacobi(num_nodes: int, a: float, b: float) -> Rule:
    """The Gauss rule of Beta(a, b), by SciPy."""
    x, w = roots_jacobi(num_nodes, b - 1, a - 1)
    return Rule((1 + x) / 2, w / w.sum())


@given(halves, halves, st.integers(1, 10))
def test_the_rules_keep_their_moments(a: Fraction, b: Fraction, n: int) -> None:
    moments = beta_moments(a, b, 2 * n)
    gauss, radau = rules_from_moments([m * 3**k for k, m in enumerate(moments)], Fraction(3))
    assert (len(gauss.nodes), len(radau.nodes), radau.nodes[0]) == (n, n + 1, 0)
    for k, moment in enumerate(moments):
        if k < 2 * n:
            assert gauss.weights @ (gauss.nodes / 3) ** k == pytest.approx(float(moment), rel=1e-11)
        assert radau.weights @ (radau.nodes / 3) ** k == pytest.approx(float(moment), rel=1e-11)


@given(halves, halves, st.floats(0, 60), st.integers(1, 12))
def test_gauss_is_below_the_laplace_transform_radau_above(a: Fraction, b: Fraction, s: float, n: int) -> None:
    gauss, radau = rules_from_moments(beta_moments(a, b, 2 * n), Fraction(1))
    exact = float(mpmath.hyp1f1(a, a + b, -s))
    lower, upper = (rule.weights @ np.exp(-s * rule.nodes) for rule in (gauss, radau))
    assert lower - 1e-13 <= exact <= upper + 1e-13


@pytest.mark.parametrize(("D", "n"), [(2, 5), (4, 12), (16, 24), (64, 24)])
def test_the_variance_of_a_pauli_string_has_a_jacobi_rule(D: int, n: int) -> None:
    """v = 4p(1 − p) with p ~ Beta(D/2, D/2) is Beta(D/2, 1/2)."""
    law = hq.kernel_law(D=D, L=1, spectrum=[1, -1] * (D // 2))
    found = rules_from_moments(law.variance_moments(2 * n), law.largest_variance).gauss
    expected = jacobi(n, D / 2, 1 / 2)
    assert found.nodes == pytest.approx(expected.nodes, abs=1e-12)
    assert found.weights == pytest.approx(expected.weights, abs=1e-12)


@pytest.mark.parametrize(("D", "rank"), [(2, 1), (8, 1), (8, 3), (16, 4)])
def test_the_variance_of_a_projector_is_a_mean_over_a_jacobi_rule(D: int, rank: int) -> None:
    """v = p(1 − p) with p ~ Beta(rank, D − rank)."""
    law = hq.kernel_law(D=D, L=1, spectrum=[1] * rank + [0] * (D - rank))
    rule = rules_from_moments(law.variance_moments(30), law.largest_variance).gauss
    p = jacobi(60, rank, D - rank)
    for s in (0.5, 4, 20):
        by_p = p.weights @ np.exp(-s * p.nodes * (1 - p.nodes))
        assert rule.weights @ np.exp(-s * rule.nodes) == pytest.approx(by_p, rel=1e-9)


@pytest.mark.parametrize("D", [4, 6, 32])
def test_one_layer_is_a_product_of_two_beta_variables(D: int) -> None:
    """ξ²/4 ~ Beta(D/2, 1/2) · Beta(1/2, D − 3/2)."""
    law = hq.kernel_law(D=D, L=1, spectrum=[1, -1] * (D // 2))
    rule = rules_from_moments(law.square_sum_moments(40), law.largest_square_sum).gauss
    first, second = jacobi(40, D / 2, 1 / 2), jacobi(40, 1 / 2, D - 3 / 2)
    x = 4 * np.multiply.outer(first.nodes, second.nodes)
    for s in (0.3, 2):
        by_product = first.weights @ np.exp(-s * x) @ second.weights
        assert rule.weights @ np.exp(-s * rule.nodes) == pytest.approx(by_product, rel=1e-12)


def test_a_narrow_law_far_from_zero_keeps_its_digits() -> None:
    law = hq.kernel_law(D=64, L=10_000, spectrum=[1, -1] * 32)
    gauss, radau = rules_from_moments(law.square_sum_moments(40), law.largest_square_sum)
    mean, second = (float(m) for m in law.square_sum_moments(2)[1:])
    for rule in (gauss, radau):
        assert rule.weights @ rule.nodes == pytest.approx(mean, rel=1e-11)
        assert rule.weights @ (rule.nodes - mean) ** 2 == pytest.approx(second - mean**2, rel=1e-6)


@pytest.mark.parametrize("mass", [0, 2])
def test_an_atom_at_zero_is_one_node(mass: int) -> None:
    for rule in rules_from_moments([Fraction(mass), *[Fraction(0)] * 4], Fraction(1)):
        assert (rule.nodes.tolist(), rule.weights.tolist()) == ([0], [mass])
