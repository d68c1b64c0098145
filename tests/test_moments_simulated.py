"""Moments without a name against the simulation, at 8,000 samples and within four standard errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import haarqntk as hq

SAMPLES = 8_000

SPECTRA = {  # T_3 of the centred observable is zero for the first of each dimension, not for the second
    2: [[1, -1], [3, 0]],
    4: [[1, 1, -1, -1], [3, -1, -1, -1]],
    6: [[1, 1, 1, -1, -1, -1], [4, 1, 0, 0, -2, 0]],
    8: [[2, 1, 1, 0, 0, -1, -1, -2], [5, 3, 1, 0, 0, -1, -2, -7]],
}

l, m = hq.layer_indices("l m")


def moments(circuit: hq.Circuit) -> dict[str, hq.Formula]:
    e = circuit.residual()
    K = hq.sum_over(e.d(l) ** 2, l)
    mu = hq.sum_over(e.d(l, m) * e.d(l) * e.d(m), l, m)
    return {
        "kernel_third_moment": hq.mean(K**3),
        "kernel_meta_kernel_covariance": hq.covariance(K, mu),
        "meta_kernel_second_moment": hq.mean(mu**2),
    }


@pytest.mark.parametrize("quantity", list(moments(hq.Circuit())))
@pytest.mark.parametrize(("D", "which"), [(D, which) for D in SPECTRA for which in (0, 1)])
def test_moments_of_five_and_six_copies(quantity: str, D: int, which: int) -> None:
    formula = moments(hq.Circuit())[quantity]
    seed = [2023, D, which]
    spectrum = SPECTRA[D][which]
    exact = formula.at(D=D, L=3, spectrum=spectrum)
    estimate = hq.simulate(
        quantity, D=D, L=3, spectrum=spectrum, samples=SAMPLES, rng=np.random.default_rng(seed)
    )
    assert abs(estimate.z_score(exact)) <= 4
    if quantity != "kernel_meta_kernel_covariance":
        assert abs(estimate.z_score(2 * exact)) > 4  # the sample is large enough to see a factor of two


@pytest.mark.parametrize("generator", [[1, 2, -1], [1, 0, 0]])
@pytest.mark.parametrize("quantity", ["kernel_mean", "kernel_second_moment", "meta_kernel_mean"])
def test_a_generator_that_is_no_involution_at_dimension_three(quantity: str, generator: list[int]) -> None:
    formula = hq.formula(quantity, generators="general")
    assert isinstance(formula, hq.Formula)
    L = 8 if quantity == "meta_kernel_mean" else 2  # E[μ] grows like L², its spread more slowly
    arguments: dict[str, Any] = {"D": 3, "L": L, "spectrum": [2, 0, -1], "generator_spectrum": generator}
    exact = formula.at(**arguments)
    estimate = hq.simulate(quantity, **arguments, samples=SAMPLES, rng=np.random.default_rng(130))
    assert abs(estimate.z_score(exact)) <= 4
    assert abs(estimate.z_score(2 * exact)) > 4
