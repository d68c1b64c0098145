"""Estimates of a mean: frozen, mergeable, and tied by a hash to the problem that they belong to.

How many values a verdict on one mean takes: the studentised mean of a skew law strays further than a normal one.

Reference: derivations/12_campaigns.md.
"""

from __future__ import annotations

import bisect
import functools
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from haarqntk.base import SCHEMA_VERSION, Shown, check_version, read_object, real_array
from haarqntk.checks import integer, real_number
from haarqntk.errors import InputError, InputTypeError
from haarqntk.montecarlo._quantities import ROUNDING, Real

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Estimate(Shown):
    """What ``samples`` independent values say about their mean.

    Estimates of one problem add up: the sum is the estimate that sampling everything together would have
    given, up to rounding. A campaign can therefore be split, stored and resumed at will.

    Args:
        problem: Hash of the problem, lowercase hexadecimal digits, as ``Problem.key()`` returns it.
        samples: Number of values, at least 1.
        mean: Their arithmetic mean, finite.
        squares: Sum of the squared deviations from ``mean``, finite and ≥ 0.

    Raises:
        InputError: If a field is out of range.
        InputTypeError: If a field is of the wrong kind.

    Examples:
        >>> first, second = Estimate.of("c0ffee", [1.0, 2.0]), Estimate.of("c0ffee", [6.0])
        >>> first + second
        Estimate(problem='c0ffee', samples=3, mean=3.0, squares=14.0)

    Reference:
        [chan1983] for the merge.
    """

    problem: str
    samples: int
    mean: float
    squares: float

    def __post_init__(self) -> None:
        if not isinstance(self.problem, str) or not re.fullmatch("[0-9a-f]+", self.problem):
            raise InputError(
                f"problem must be a hash of lowercase hexadecimal digits, got {self.problem!r}; "
                "pass Problem.key()"
            )
        object.__setattr__(self, "samples", integer("samples", self.samples, at_least=1))
        object.__setattr__(self, "mean", real_number("mean", self.mean))
        object.__setattr__(self, "squares", real_number("squares", self.squares))
        if self.squares < 0 or (self.samples == 1 and self.squares > 0):
            raise InputError(
                "squares must be a sum of squared deviations, ≥ 0 and 0 for one sample, "
                f"got {self.squares!r} for samples = {self.samples}"
            )

    @classmethod
    def of(cls, problem: str, values: ArrayLike) -> Estimate:
        """Return the estimate from independent, identically distributed values.

        Args:
            problem: Hash of the problem, as ``Problem.key()`` returns it.
            values: One-dimensional and not empty, finite real numbers.

        Raises:
            InputError: If the shape is wrong, or a value or the sum of squares is not finite.
            InputTypeError: If the values are not real numbers.

        Examples:
            >>> import haarqntk as hq
            >>> hq.Estimate.of("c0ffee", [1.0, 2.0, 6.0])
            Estimate(problem='c0ffee', samples=3, mean=3.0, squares=14.0)
        """
        numbers = real_array("values", values)
        if numbers.ndim != 1 or numbers.size == 0:
            raise InputError(
                f"values must be one-dimensional and not empty, got the shape {numbers.shape}; "
                "pass one number per sample"
            )
        with np.errstate(over="ignore"):  # an infinite sum is refused below, by its name
            mean = float(numbers.mean())
            squares = float(np.square(numbers - mean).sum())
        return cls(problem, numbers.size, mean, squares)

    def __add__(self, other: Estimate) -> Estimate:
        if not isinstance(other, Estimate):
            return NotImplemented
        if self.problem != other.problem:
            raise InputError(
                f"estimates add up only within one problem, got {self.problem} and {other.problem}; "
                "simulate both with the same arguments"
            )
        samples = self.samples + other.samples
        difference = other.mean - self.mean
        return Estimate(
            self.problem,
            samples,
            self.mean + difference * (other.samples / samples),
            self.squares + other.squares + difference**2 * (self.samples * other.samples / samples),
        )

    @property
    def variance(self) -> float:
        """The unbiased estimate of one value's variance; infinite for one sample, which says nothing.

        Examples:
            >>> import haarqntk as hq
            >>> hq.Estimate.of("c0ffee", [1.0, 2.0, 6.0]).variance
            7.0
        """
        return self.squares / (self.samples - 1) if self.samples > 1 else math.inf

    @property
    def standard_error(self) -> float:
        """The standard deviation of ``mean``, estimated: √(variance/samples).

        Examples:
            >>> import haarqntk as hq
            >>> hq.Estimate.of("c0ffee", [1.0, 2.0, 6.0, 3.0]).standard_error
            1.0801234497346435
        """
        return math.sqrt(self.variance / self.samples)

    def z_score(self, exact: Fraction | float) -> float:
        """Return (mean − exact)/(standard error): how many standard errors the estimate lies off.

        Values that do not vary leave no standard error to divide by. A standard error within rounding, 2⁻⁴⁰
        of the larger of |mean| and |exact|, counts as zero; the score is then 0 if mean and exact differ by
        rounding only, and ±∞ if they differ by more. Values of ``simulate`` hold no rounding beside an exact 0.

        Fewer than 24 samples are refused: the standard error is then too uncertain for any verdict. A skew law
        takes more, such as some 200 for K and 30 000 for μ²; ``haarqntk validate`` says how many.

        Args:
            exact: The value under test, finite; an integer, a Fraction or a float.

        Returns:
            The score, positive where the estimate is too large. Beyond ±4 chance is a poor excuse: a normal
            variable gets there once in 16 000 times.

        Raises:
            InputError: If ``exact`` is not finite, or there are too few samples.
            InputTypeError: If ``exact`` is no real number.

        Examples:
            >>> estimate = Estimate("c0ffee", samples=101, mean=3.0, squares=10_100.0)
            >>> estimate.standard_error, estimate.z_score(1)
            (1.0, 2.0)
        """
        target = real_number("exact", exact)
        if self.samples < (needed := samples_for_verdict()):
            raise InputError(
                f"a z-score needs at least {needed} samples, and more where values are skew, got {self.samples}; "
                "draw more"
            )
        difference = self.mean - target
        rounding = ROUNDING * max(abs(self.mean), abs(target))
        if self.standard_error > rounding:
            return difference / self.standard_error
        return 0.0 if abs(difference) <= rounding else math.copysign(math.inf, difference)

    def latex(self) -> str:
        r"""Mean and standard error in LaTeX, to six digits.

        Examples:
            >>> estimate = Estimate("c0ffee", samples=5, mean=3.0, squares=20.0)
            >>> print(estimate.latex())
            3 \pm 1
        """
        error = f"{self.standard_error:.2g}" if self.samples > 1 else r"\infty"
        return " ".join(map(_power_of_ten, (f"{self.mean:.6g}", r"\pm", error)))

    def facts(self) -> dict[str, str]:
        """What it rests on, for a notebook.

        Examples:
            >>> estimate = Estimate("c0ffee", samples=5, mean=3.0, squares=20.0)
            >>> estimate.facts()
            {'samples': '5', 'problem': 'c0ffee'}
        """
        return {"samples": str(self.samples), "problem": self.problem}

    def to_record(self) -> dict[str, str | int | float]:
        """Return the fields with the type of the result, as ``hq.to_json`` writes them.

        Examples:
            >>> estimate = Estimate("c0ffee", samples=5, mean=3.0, squares=20.0)
            >>> estimate.to_record()["type"], estimate.to_record()["mean"]
            ('estimate', 3.0)
        """
        return {"type": "estimate", **self.to_dict()}

    def to_json(self) -> str:
        """Return the estimate as JSON, the same as ``hq.to_json`` of it.

        Examples:
            >>> estimate = Estimate("c0ffee", samples=5, mean=3.0, squares=20.0)
            >>> estimate.to_json().splitlines()[2]
            '  "type": "estimate",'
        """
        record = {"schema_version": SCHEMA_VERSION, **self.to_record()}
        return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Estimate:
        """Return the estimate that ``to_json`` wrote, checked as any other.

        Raises:
            InputError: If the text is no JSON of an estimate, or of another version of the schema.
            InputTypeError: If it is no text, or a value is of the wrong kind.

        Examples:
            >>> estimate = Estimate("c0ffee", samples=5, mean=3.0, squares=20.0)
            >>> Estimate.from_json(estimate.to_json()) == estimate
            True
        """
        data = read_object(text, "estimate", cure="read it with hq.from_json")
        check_version(data.pop("schema_version", None))
        return cls.from_dict(data)

    def to_dict(self) -> dict[str, str | int | float]:
        """Return the fields as plain data that JSON keeps without loss.

        Examples:
            >>> import haarqntk as hq
            >>> hq.Estimate.of("c0ffee", [1.0, 2.0, 6.0]).to_dict()
            {'problem': 'c0ffee', 'samples': 3, 'mean': 3.0, 'squares': 14.0}
        """
        return asdict(self)

    @classmethod
    def from_dict(cls, data: object) -> Estimate:
        """Return the estimate that ``to_dict`` wrote, checked as any other.

        Args:
            data: A mapping with exactly the keys ``problem``, ``samples``, ``mean`` and ``squares``.

        Raises:
            InputError: If keys are missing or unknown, or a value is out of range.
            InputTypeError: If ``data`` is no mapping, or a value is of the wrong kind.

        Examples:
            >>> estimate = Estimate("c0ffee", samples=5, mean=3.0, squares=20.0)
            >>> Estimate.from_dict(estimate.to_dict()) == estimate
            True
        """
        names = [field.name for field in fields(cls)]
        if not isinstance(data, Mapping):
            raise InputTypeError(
                f"estimate data must be a mapping with the keys {', '.join(names)}, got {data!r}; "
                "pass what Estimate.to_dict returned"
            )
        missing = [name for name in names if name not in data]
        unknown = [str(key) for key in data if key not in names]
        if missing or unknown:
            raise InputError(
                f"estimate data must have exactly the keys {', '.join(names)}, "
                f"got missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
            )
        return cls(**data)


def _power_of_ten(text: str) -> str:
    """A float in LaTeX: 1e-05 as 1 · 10^{-5}."""
    digits, mark, exponent = text.partition("e")
    return rf"{digits} \cdot 10^{{{int(exponent)}}}" if mark and digits[-1].isdigit() else text


def jackknife(samples: Real, statistic: Callable[[Real], float]) -> tuple[float, float]:
    """Return the statistic of all samples and its standard error.

        SE² = (N − 1)/N Σ_i (s_i − s̄)²,    s_i the statistic without sample i.

    It needs no randomness of its own, and for a mean it is the usual standard error.

    Args:
        samples: N ≥ 2 independent samples along the first axis.
        statistic: A smooth function of such an array, with any number of samples.

    Raises:
        InputError: If there is one sample only, or none.

    Examples:
        >>> value, error = jackknife(np.array([1.0, 2.0, 6.0]), np.mean)
        >>> round(value, 12), round(error**2, 12)  # 14/2 / 3
        (3.0, 2.333333333333)

    Reference:
        [efron1981].
    """
    N = len(samples)
    if N < 2:  # noqa: PLR2004 - nothing is left of one sample without it
        raise InputError(f"samples must be at least 2 for a standard error, got {N}")
    without = np.array([statistic(np.delete(samples, i, axis=0)) for i in range(N)])
    return float(statistic(samples)), math.sqrt((N - 1) * float(np.var(without)))


FAMILY_ERROR: Final = 0.001
"""The probability, at most, that true claims which are judged together, or one alone, are refused."""

LARGEST_Z: Final = 4.0
"""The |z| within which a single estimate agrees; a normal variable gets beyond once in 16 000 times."""


@functools.lru_cache(maxsize=1024)  # the default, and one for each row of the largest table, 150
def samples_for_verdict(skewness: float = 0.0, *, z: float = LARGEST_Z) -> int:
    """Return how many values a single verdict takes, so that chance alone rarely puts a mean beyond ±z.

    A studentised mean exceeds z more often than a normal variable: by exp(z⁴/(4n)) for a normal law (Student's), and
    by cosh(|γ|z³/(3√n)) for a skewness γ. Together they may raise its probability to ``FAMILY_ERROR``.

    Args:
        skewness: Skewness γ of one value; 0 (default) for the number that every law takes.
        z: The largest |z| that passes; 4 by default.

    Examples:
        >>> [samples_for_verdict(skewness) for skewness in (0.0, 2.0, 30.0)]
        [24, 189, 34424]
    """
    allowed = math.log(FAMILY_ERROR / (2 * NormalDist().cdf(-z)))

    def excess(n: int) -> float:
        x = abs(skewness) * z**3 / (3 * math.sqrt(n))
        return z**4 / (4 * n) + x + math.log1p(math.exp(-2 * x)) - math.log(2) - allowed

    most = 2
    while excess(most) > 0:
        most *= 2
    return bisect.bisect_left(range(most), 1, lo=most // 2, key=lambda n: int(excess(n) <= 0))
