"""Series at short times: the law to first order, derivatives of a circuit, circuits drawn and trained."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import largest_score
from strategies import problems, rationals

import haarqntk as hq
from haarqntk.dynamics import short_time_series
from haarqntk.errors import CostError, InputError, InputTypeError, UnknownNameError
from haarqntk.montecarlo import _batched


@settings(max_examples=15)
@given(problems(), rationals(), st.sampled_from(["residual", "loss"]))
def test_the_first_order_is_that_of_the_law(problem: Any, O_0: Fraction, quantity: str) -> None:
    law = hq.kernel_law(D=problem.D, L=problem.L, spectrum=problem.spectrum)
    z, z_squared = (law.variance_moments(0, output_power=p)[0] for p in (1, 2))
    K, zK, zzK = (law.moment(1, output_power=p) for p in range(3))
    found = short_time_series(quantity, 1).at(D=problem.D, L=problem.L, spectrum=problem.spectrum, target=O_0)
    if quantity == "residual":
        assert found == (z - O_0, -(zK - O_0 * K))
    else:
        assert found == ((z_squared - 2 * O_0 * z + O_0**2) / 2, -(zzK - 2 * O_0 * zK + O_0**2 * K))


@pytest.mark.parametrize("quantity", ["residual", "loss"])
def test_general_generators_are_given_by_their_spectrum(quantity: str) -> None:
    """An X with X² = 1 is as a Pauli string, twice the X is four times the kernel, a shift of X is nothing."""
    pauli = short_time_series(quantity, 1)
    series = short_time_series(quantity, 1, circuit=hq.Circuit(generators="general"))
    at: dict[str, Any] = {"D": 4, "L": 2, "spectrum": [2, 1, 0, -1], "target": Fraction(1, 3)}
    start, slope = pauli.at(**at)
    assert slope
    assert series.at(**at, generator_spectrum=[1, -1, 1, -1]) == (start, slope)
    assert series.at(**at, generator_spectrum=[7, 3, 7, 3]) == (start, 4 * slope)
    p = series.predict([0, 1], learning_rate=0.01, **at, generator_spectrum=[1, -1, 1, -1])
    assert p.residual == pytest.approx(pauli.predict([0, 1], learning_rate=0.01, **at).residual)
    with pytest.raises(InputError, match="for generators 'pauli', got 7, 3, 7, 3"):
        pauli.at(**at, generator_spectrum=[7, 3, 7, 3])


def test_the_loss_of_one_gradient_is_the_chain_rule() -> None:
    """d/dt E[ε²/2] = E[ε ε'], and the second order of the residual is half of −E[(εK)'] = ½ E[εK² + 2ε²μ]."""
    e, (l, m) = hq.Circuit().residual(), hq.layer_indices("l m")
    K = hq.sum_over(e.d(l) ** 2, l)
    mu = hq.sum_over(e.d(l, m) * e.d(l) * e.d(m), l, m)
    residual, loss = short_time_series("residual", 2), short_time_series("loss", 1)
    assert (
        residual.coefficients[2].polynomial == (hq.mean(e * K**2 + 2 * e**2 * mu) * Fraction(1, 2)).polynomial
    )
    assert loss.coefficients[1].polynomial == hq.mean(-(e**2) * K).polynomial


@pytest.mark.parametrize(("D", "L", "spectrum"), [(2, 1, [1, -1]), (4, 2, [2, 1, 0, -1])])
def test_drawn_circuits_have_these_coefficients(D: int, L: int, spectrum: list[int]) -> None:
    circuits = _batched.random_circuits(D, L, 20_000, np.random.default_rng(7))
    inputs, O = np.eye(D)[:1], np.array([spectrum], dtype=float)
    G, H = (x[:, 0, 0] for x in _batched.second_derivatives(circuits, inputs, O))
    epsilon = _batched.outputs_and_gradients(circuits, inputs, O)[0][:, 0, 0] - 1
    K, mu = np.square(G).sum(axis=1), np.einsum("nlm,nl,nm->n", H, G, G)
    values = {
        "residual": [epsilon, -epsilon * K, (epsilon * K**2 + 2 * epsilon**2 * mu) / 2],
        "loss": [epsilon**2 / 2, -(epsilon**2) * K, epsilon**2 * K**2 + epsilon**3 * mu],
    }
    for quantity, samples in values.items():
        exact = short_time_series(quantity).at(D=D, L=L, spectrum=spectrum, target=1)
        assert largest_score(zip(samples, exact, strict=True)) < 4


def test_the_flow_of_drawn_circuits_leaves_the_series_at_third_order() -> None:
    """E over the same circuits of ε(t) and its own Taylor polynomial: the remainder grows as t³."""
    D, L = 4, 2
    inputs, O = np.eye(D)[:1], np.array([[1.0, 1, -1, -1]])
    start = _batched.random_circuits(D, L, 200, np.random.default_rng(7))

    def slopes(angles: Any) -> tuple[Any, Any]:
        circuits = _batched.Circuits(start.segments, start.generators, angles)
        z, G = _batched.outputs_and_gradients(circuits, inputs, O)
        return z[:, 0, 0] - 1, G[:, 0, 0]

    epsilon, g = slopes(start.angles)
    K = np.square(g).sum(axis=1)
    H = _batched.second_derivatives(start, inputs, O)[1][:, 0, 0]
    mu = np.einsum("nlm,nl,nm->n", H, g, g)
    remainders = []
    for t in (0.02, 0.04):
        angles = start.angles.copy()
        for _ in range(10):  # midpoint steps, whose error is of order t³/100
            half, slope = slopes(angles)
            middle = angles - t / 20 * half[:, np.newaxis] * slope
            half, slope = slopes(middle)
            angles -= t / 10 * half[:, np.newaxis] * slope
        series = epsilon - t * epsilon * K + t**2 / 2 * (epsilon * K**2 + 2 * epsilon**2 * mu)
        remainders.append(abs(np.mean(slopes(angles)[0] - series)))
    assert np.log2(remainders[1] / remainders[0]) == pytest.approx(3, abs=0.3)


def test_a_prediction_is_the_polynomial_and_knows_its_symbols() -> None:
    series = short_time_series("loss", 1)
    arguments: dict[str, Any] = {"D": 4, "L": 2, "spectrum": [1, 1, -1, -1], "target": 1}
    c = [float(x) for x in series.at(**arguments)]
    p = series.predict([0, 2], learning_rate=0.01, **arguments)
    assert p.loss == pytest.approx([c[0], c[0] + 0.02 * c[1]])
    assert p.residual == pytest.approx(np.sqrt([2 * c[0], 2 * (c[0] + 0.02 * c[1])]))
    assert "breaks off after order 1" in p.assumption
    expression = series.to_sympy()
    assert sympy.degree(expression, sympy.Symbol("eta_t", positive=True)) == 1
    assert hq.D in expression.free_symbols


def test_orders_out_of_reach_are_refused_with_their_size() -> None:
    with pytest.raises(
        CostError, match=r"order 3 of the loss takes averages of 8 copies; at most 6 .* order ≤ 2"
    ):
        short_time_series("loss", 3)
    with pytest.raises(
        CostError, match=r"order 2 of the residual takes averages of 5 copies; at most 4 .* order ≤ 1"
    ):
        short_time_series(order=2, circuit=hq.Circuit(generators="general"))
    with pytest.raises(UnknownNameError, match="unknown quantity 'los'; did you mean 'loss'"):
        short_time_series("los")
    with pytest.raises(InputTypeError, match="circuit must be a Circuit, got 'segments'"):
        short_time_series(circuit="segments")  # type: ignore[arg-type]
