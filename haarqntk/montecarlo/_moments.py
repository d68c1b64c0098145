"""Moments of a batch of values: what a campaign stores, with the third one, which says how long the tails are."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.checks import integer
from haarqntk.errors import InputError, InputTypeError
from haarqntk.montecarlo._estimate import Estimate
from haarqntk.montecarlo._quantities import ROUNDING
from haarqntk.montecarlo._simulate import values_in_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from haarqntk.montecarlo._problem import Problem


@dataclass(frozen=True)
class Moments:
    """An estimate with the sum of the cubed deviations from its mean.

    Moments of one problem add up, as estimates do. Floats do not add associatively: whoever wants the same
    bits adds in the same order.

    Args:
        estimate: Samples, mean and sum of squares.
        cubes: Sum of the cubed deviations from the mean, finite.

    Raises:
        InputError: If ``cubes`` is not finite.
        InputTypeError: If ``cubes`` is no float.

    Examples:
        >>> first, second = Moments.of("c0ffee", [1.0, 2.0]), Moments.of("c0ffee", [6.0])
        >>> first + second == Moments.of("c0ffee", [1.0, 2.0, 6.0])
        True
        >>> Moments.of("c0ffee", [0.0, 0.0, 0.0, 4.0]).skewness.__round__(6)
        1.154701

    Reference:
        derivations/12_campaigns.md.
    """

    estimate: Estimate
    cubes: float

    def __post_init__(self) -> None:
        if not isinstance(self.cubes, float):
            raise InputTypeError(f"cubes must be a float, got {self.cubes!r}")
        if not math.isfinite(self.cubes):
            raise InputError(f"cubes must be finite, got {self.cubes}; check the spectrum's scale")

    @classmethod
    def of(cls, problem: str, values: ArrayLike) -> Moments:
        """Return the moments of independent values; the arguments are those of ``Estimate.of``."""
        estimate = Estimate.of(problem, values)
        deviations = np.asarray(values, dtype=np.float64) - estimate.mean
        return cls(estimate, float((deviations**3).sum()))

    def __add__(self, other: Moments) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        a, b = self.estimate, other.estimate
        total = a + b
        n, difference = total.samples, b.mean - a.mean
        cubes = (
            self.cubes
            + other.cubes
            + difference**3 * (a.samples * b.samples / n) * ((a.samples - b.samples) / n)
            + 3 * difference * ((a.samples / n) * b.squares - (b.samples / n) * a.squares)
        )
        return Moments(total, cubes)

    def scaled(self, factor: float) -> Moments:
        """Return the moments of the values times a factor.

        Examples:
            >>> Moments.of("c0ffee", [1.0, 2.0, 6.0]).scaled(2.0) == Moments.of("c0ffee", [2.0, 4.0, 12.0])
            True
        """
        estimate = self.estimate
        mean, squares = estimate.mean * factor, estimate.squares * factor**2
        return Moments(replace(estimate, mean=mean, squares=squares), self.cubes * factor**3)

    @property
    def skewness(self) -> float:
        """Third central moment over the cube of the standard deviation; 0 for values that vary by rounding only."""
        n, squares = self.estimate.samples, self.estimate.squares
        varies = squares > n * (ROUNDING * self.estimate.mean) ** 2
        return math.sqrt(n) * self.cubes / squares**1.5 if varies else 0.0

    def to_dict(self) -> dict[str, str | int | float]:
        """Return the fields as plain data that JSON keeps without loss."""
        return {**self.estimate.to_dict(), "cubes": self.cubes}

    @classmethod
    def from_dict(cls, data: object) -> Moments:
        """Return the moments that ``to_dict`` wrote, checked as any other.

        Raises:
            InputError: If keys are missing or unknown, or a value is out of range.
            InputTypeError: If ``data`` is no mapping, or a value is of the wrong kind.

        Examples:
            >>> moments = Moments.of("c0ffee", [1.0, 2.0, 6.0])
            >>> Moments.from_dict(moments.to_dict()) == moments
            True
        """
        if not isinstance(data, Mapping) or "cubes" not in data:
            raise InputTypeError(
                f"moments must be a mapping with the keys problem, samples, mean, squares, cubes, got {data!r}"
            )
        rest = dict(data)
        cubes = rest.pop("cubes")
        return cls(Estimate.from_dict(rest), cubes)


def draw_moments(problem: Problem, *, samples: int, method: str, seed: int, stream: Sequence[int]) -> Moments:
    """Simulate one batch, whose random numbers belong to the seed and the stream and to nothing else.

    Args:
        problem: What is simulated.
        samples: Number of values, an integer ≥ 1.
        method: "batched" or "qutip".
        seed: An integer ≥ 0.
        stream: Integers ≥ 0 that name the batch; different names give independent batches.

    Returns:
        The moments: the same bits wherever and whenever the batch is drawn by the same versions.

    Examples:
        >>> from haarqntk.montecarlo._problem import Problem
        >>> problem = Problem.create("kernel_mean", D=2, L=1, spectrum=[1, -1])
        >>> def draw(*stream):
        ...     return draw_moments(problem, samples=100, method="batched", seed=1, stream=stream)
        >>> draw(0) == draw(0), draw(0) == draw(1)
        (True, False)
    """
    samples = integer("samples", samples, at_least=1)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(stream)))
    blocks = values_in_blocks(problem, samples=samples, method=method, rng=rng)
    key = problem.key()
    return functools.reduce(operator.add, (Moments.of(key, values) for values in blocks))
