"""What the studies share: statements with their z-scores, and curves and points to the digits of a figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from haarqntk.export import Evidence, Line, Points, with_error
from haarqntk.montecarlo import LARGEST_Z, Moments, samples_for_verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike

_ROUNDING: Final = 2.0**-40


@dataclass(frozen=True, slots=True)
class Sample:
    """What a verdict on a mean over runs rests on.

    Attributes:
        mean: The mean.
        error: Its standard error.
        samples: The number of independent runs.
        skewness: Skewness of one value; 0, which takes the fewest runs, where it is not known.
    """

    mean: float
    error: float
    samples: int
    skewness: float = 0.0

    @classmethod
    def of(cls, values: ArrayLike) -> Sample:
        """That of independent values."""
        moments = Moments.of("0", np.asarray(values, dtype=np.float64))
        estimate = moments.estimate
        return cls(estimate.mean, estimate.standard_error, estimate.samples, moments.skewness)

    def judged(self, lower: float, upper: float) -> tuple[float | None, str]:
        """z, counted from the nearer end of a bracket, and its text; no z from fewer runs than the law needs."""
        if self.samples < (needed := samples_for_verdict(self.skewness)):
            return None, f"N = {self.samples:,}, a verdict needs {needed:,}"
        z = distance(self.mean, self.error, lower, upper)
        return z, f"z = {z:+.1f}, N = {self.samples:,}"


def agreement(statement: str, sample: Sample, *, predicted: float, digits: int = 4) -> Evidence:
    """A statement that a mean over runs is the predicted number."""
    return bracketed(statement, sample, lower=predicted, upper=predicted, digits=digits)


def bracketed(statement: str, sample: Sample, *, lower: float, upper: float, digits: int = 4) -> Evidence:
    """A statement that a mean over runs lies in a bracket; z counts from its nearer end."""
    z, text = sample.judged(lower, upper)
    middle = f"{(lower + upper) / 2:.{digits}g}"
    is_narrow = upper - lower < sample.error / 10 or lower == upper
    return Evidence(
        statement=statement,
        predicted=middle if is_narrow else f"from {lower:.{digits}g} to {upper:.{digits}g}",
        seen=with_error(sample.mean, sample.error),
        distance=text,
        holds=z is not None and abs(z) <= LARGEST_Z,
    )


def disagreement(statement: str, sample: Sample, *, by: str, predicted: float) -> Evidence:
    """A statement that a prediction, named by ``by``, fails: the mean is over ``LARGEST_Z`` standard errors off."""
    z, text = sample.judged(predicted, predicted)
    is_refused = z is not None and abs(z) > LARGEST_Z
    return Evidence(
        statement=statement,
        predicted=f"{predicted:.4g} by {by}",
        seen=with_error(sample.mean, sample.error),
        distance=text if z is None else f"{text}: {'refused' if is_refused else 'not refused'}",
        holds=is_refused,
    )


def within(statement: str, *, predicted: float, seen: float, relative: float) -> Evidence:
    """A statement that a number is the predicted one up to a stated relative deviation."""
    deviation = abs(seen / predicted - 1) if predicted else float("nan")  # 0 has no relative deviation
    return Evidence(
        statement=statement,
        predicted=f"{predicted:.4g}",
        seen=f"{seen:.4g}",
        distance=f"relative {deviation:.2g}, stated {relative:.2g}",
        holds=bool(deviation <= relative),
    )


def distance(mean: float, error: float, lower: float, upper: float) -> float:
    """How many standard errors a mean lies above (or, negative, below) a bracket; 0 inside, up to rounding."""
    off = max(mean - upper, 0.0) + min(mean - lower, 0.0)
    rounding = _ROUNDING * max(abs(mean), abs(lower), abs(upper))
    if error > rounding:
        return float(off / error)
    return 0.0 if abs(off) <= rounding else float(np.copysign(np.inf, off))


def curve(kind: str, label: str, x: ArrayLike, y: ArrayLike) -> Line:
    """A curve, to the digits that a figure needs."""
    return Line(kind, label, numbers(x), numbers(y))


def bars(kind: str, label: str, x: ArrayLike, estimates: Iterable[Sequence[float]]) -> Points:
    """Estimates with their standard errors as bars."""
    means, errors = np.array(list(estimates)).T.tolist()
    return Points(kind, label, numbers(x), means, errors)


def dots(kind: str, label: str, x: ArrayLike, y: ArrayLike) -> Points:
    """Points without bars."""
    return Points(kind, label, numbers(x), numbers(y), (0.0,) * len(np.asarray(x)))


def sparse(kind: str, label: str, x: ArrayLike, y: ArrayLike, *, count: int = 16) -> Points:
    """About ``count`` points of a run, without bars, so that the prediction beneath stays visible."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    places = np.unique(np.linspace(0, len(x) - 1, count).round().astype(int))
    return dots(kind, label, x[places], y[places])


def numbers(values: ArrayLike) -> tuple[float, ...]:
    """An array as a tuple of floats of 9 digits, which is what a figure needs."""
    return tuple(float(f"{x:.9g}") for x in np.asarray(values, dtype=np.float64))
