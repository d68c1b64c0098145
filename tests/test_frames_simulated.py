"""Closed forms at dimensions that no unitary fits into, against the route by frames."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import haarqntk as hq

SPECTRA = {
    "pauli": lambda D: [1, -1] * (D // 2),
    "projector": lambda D: [1] + [0] * (D - 1),
    "sum of two Pauli strings": lambda D: [2, 0, 0, -2] * (D // 4),
    "distinct": lambda D: list(range(D)),
}


def estimate(quantity: str, D: int, L: int, spectrum: str, samples: int, **options: Any) -> hq.Estimate:
    rng = np.random.default_rng([D, L])
    return hq.simulate(
        quantity,
        D=D,
        L=L,
        spectrum=SPECTRA[spectrum](D),
        samples=samples,
        rng=rng,
        method="frames",
        **options,
    )


def exact(quantity: str, D: int, L: int, spectrum: str, ensemble: str = "segments") -> Any:
    eigenvalues = SPECTRA[spectrum](D)
    traces = [sum(x**j for x in eigenvalues) for j in range(1, 7)]
    return hq.formula(quantity, ensemble=ensemble).at(D=D, L=L, traces=traces)


@pytest.mark.parametrize(
    ("quantity", "D", "L", "spectrum", "samples"),
    [
        ("kernel_mean", 2**10, 100, "distinct", 400),
        ("kernel_mean", 2**12, 10, "projector", 2000),
        ("kernel_second_moment", 2**10, 30, "sum of two Pauli strings", 1000),
        ("kernel_second_moment", 2**16, 1000, "pauli", 60),
        ("meta_kernel_mean", 2**10, 20, "projector", 4000),
        ("meta_kernel_second_moment", 2**10, 4, "pauli", 4000),
        ("meta_kernel_second_moment", 2**12, 20, "projector", 4000),
    ],
)
def test_closed_forms_at_large_dimensions(quantity: str, D: int, L: int, spectrum: str, samples: int) -> None:
    simulated, value = estimate(quantity, D, L, spectrum, samples), exact(quantity, D, L, spectrum)
    assert abs(simulated.z_score(value)) <= 4
    assert abs(simulated.z_score(2 * value)) > 4


@pytest.mark.parametrize(("D", "spectrum"), [(2**12, "projector")])
def test_the_variance_of_the_kernel_has_a_part_that_layers_share(D: int, spectrum: str) -> None:
    """For a projector Var K/K̄² → 1 at large L; the value of independent layers is refused."""
    L = 50
    simulated = estimate("kernel_variance", D, L, spectrum, 4000)
    assert abs(simulated.z_score(exact("kernel_variance", D, L, spectrum))) <= 4
    independent = exact("kernel_variance", D, L, spectrum, ensemble="independent_layers")
    assert abs(simulated.z_score(independent)) > 4
    other = estimate("kernel_variance", D, L, spectrum, 2000, ensemble="independent_layers")
    assert abs(other.z_score(independent)) <= 4


@pytest.mark.parametrize("overlap", [Fraction(0), Fraction(2, 3)])
def test_the_supervised_kernel_at_large_dimension(overlap: Fraction) -> None:
    D, L, spectrum = 2**10, 10, SPECTRA["pauli"](2**10)
    simulated = estimate("supervised_kernel_mean", D, L, "pauli", 8_000, overlap=overlap)
    value = 2 * L * (D * overlap - 1) * D * sum(x**2 for x in spectrum) / Fraction((D**2 - 1) ** 2)
    assert abs(simulated.z_score(value)) <= 4
    if overlap:
        assert abs(simulated.z_score(2 * value)) > 4
