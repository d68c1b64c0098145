"""Simulations against exact values: what the tests of several rooms share."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.montecarlo import Estimate, simulate

if TYPE_CHECKING:
    from collections.abc import Iterable

ZZ = (1, -1, -1, 1)
UNEVEN = (5, 3, 1, 0, 0, -1, -2, -7)


def spread(first: tuple[int, ...], second: tuple[int, ...]) -> int:
    """D Tr O_1O_2 − Tr O_1 Tr O_2, all that the means depend on."""
    return len(first) * sum(a * b for a, b in zip(first, second, strict=True)) - sum(first) * sum(second)


def kernel_mean(spectrum: tuple[int, ...], L: int) -> Fraction:
    """The mean under ``segments``."""
    D = len(spectrum)
    return Fraction(2 * L * spread(spectrum, spectrum), (D - 1) * (D + 1) ** 2)


def estimate(quantity: str, spectrum: Any, L: int, samples: int, seed: Any = 1, **options: Any) -> Estimate:
    """Simulate; the spectrum is one, or a pair."""
    D, rng = np.shape(spectrum)[-1], np.random.default_rng(seed)
    return simulate(quantity, D=D, L=L, spectrum=spectrum, samples=samples, rng=rng, **options)


def assert_confirms(simulated: Estimate, exact: Any, *others: Any) -> None:
    """Within four standard errors, and sharp enough to refuse twice the value, and any others that are given."""
    assert abs(simulated.z_score(exact)) < 4
    assert_refuses(simulated, 2 * exact, *others)


def assert_refuses(simulated: Estimate, *wrong: Any) -> None:
    assert all(abs(simulated.z_score(value)) > 4 for value in wrong)


def largest_score(pairs: Iterable[tuple[Any, Any]]) -> float:
    """The largest |z| of means of independent values against their exact values."""
    return max(abs(Estimate.of("0", values).z_score(exact)) for values, exact in pairs)
