"""The statistics of a campaign: how far a fair claim may lie off, and how many samples tell a wrong one.

A campaign of N claims makes N independent z-scores. Claims pass together if all |z| ≤ z*, where z* is chosen
so that a normal law exceeds it with probability α/2 in all N; the other half of α is left to the tails, which
are not quite normal. A mean of n values of skewness γ, studentised, exceeds z* more often on one side and
less on the other, by factors exp(±|γ|z*³/(3√n)): on both together by their mean, a cosh, which is at most
cosh 1 = 1.54 < 2 from n = (γz*³/3)² on.

Reference: derivations/12_campaigns.md.
"""

from __future__ import annotations

import bisect
import math
from fractions import Fraction
from statistics import NormalDist
from typing import Final

FAMILY_ERROR: Final = 0.001
"""The probability, at most, that a campaign of true claims is refused."""

LARGEST_Z: Final = 4.0
"""The |z| within which a single estimate agrees; a normal variable gets beyond once in 16 000 times."""

DETECTED: Final = Fraction(1, 20)
"""The relative error that a claim must see, where it does not state its own."""

POWER: Final = 0.99
"""The probability, at least, that a claim which is off by that is refused."""

_NORMAL = NormalDist()


def largest_z(num_claims: int) -> float:
    """Return z*: N independent normal variables all stay within ±z* with probability 1 − α/2, α = 0.001.

    Args:
        num_claims: N, an integer ≥ 1.

    Examples:
        >>> [round(largest_z(N), 2) for N in (1, 10, 100)]
        [3.48, 4.06, 4.56]
    """
    each = -math.expm1(math.log1p(-FAMILY_ERROR / 2) / num_claims)
    return -_NORMAL.inv_cdf(each / 2)


def samples_needed(
    *, deviation: float, scale: float, skewness: float, z: float, detected: Fraction = DETECTED
) -> int:
    """Return the smallest number of values that gives the claim its power, and its mean a law near the normal.

    Args:
        deviation: Standard deviation σ of one value.
        scale: |exact value|, or what stands for it, > 0. A claim of 1.05 times the truth is off by a 21st of
            itself, one of 0.95 by a 19th; the smaller is asked for.
        skewness: Skewness γ of one value.
        z: The largest |z| that passes.
        detected: d > 0, the relative error that is to be seen; 1/20 by default.

    Returns:
        The least n ≥ 2 with σ/√n · (z + 2.33) ≤ scale · d/(1+d) and √n ≥ |γ| z³/3.

    Examples:
        >>> samples_needed(deviation=1.0, scale=1.0, skewness=0.0, z=4.0)
        17651
        >>> samples_needed(deviation=0.0, scale=1.0, skewness=3.0, z=4.0)
        4096
        >>> samples_needed(deviation=1.0, scale=1.0, skewness=0.0, z=4.0, detected=Fraction(1, 2))
        361
    """
    resolved = (deviation * (z + _NORMAL.inv_cdf(POWER)) / smallest_error(scale, detected)) ** 2
    near_normal = (skewness * z**3 / 3) ** 2
    return max(2, math.ceil(resolved), math.ceil(near_normal))


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
    allowed = math.log(FAMILY_ERROR / (2 * _NORMAL.cdf(-z)))

    def excess(n: int) -> float:
        x = abs(skewness) * z**3 / (3 * math.sqrt(n))
        return z**4 / (4 * n) + x + math.log1p(math.exp(-2 * x)) - math.log(2) - allowed

    most = 2
    while excess(most) > 0:
        most *= 2
    return bisect.bisect_left(range(most), 1, lo=most // 2, key=lambda n: int(excess(n) <= 0))


def smallest_error(scale: float, detected: Fraction) -> float:
    """Return what a claim is off by, at least, if it is wrong by the factor 1 + d: d/(1 + d) of its own size."""
    return scale * float(detected / (1 + detected))


def power(*, standard_error: float, scale: float, z: float, detected: Fraction = DETECTED) -> float:
    """Return the probability that a claim which is wrong by the factor 1 + d or 1/(1 + d) is refused.

    Args:
        standard_error: Of the estimate, ≥ 0.
        scale: |exact value|, or what stands for it, > 0.
        z: The largest |z| that passes.
        detected: d > 0; 1/20 by default.

    Examples:
        >>> round(power(standard_error=1.0, scale=21 * 6.326, z=4.0), 3)
        0.99
        >>> round(power(standard_error=1.0, scale=3 * 6.326, z=4.0, detected=Fraction(1, 2)), 3)
        0.99
    """
    if not standard_error:
        return 1.0
    return _NORMAL.cdf(smallest_error(scale, detected) / standard_error - z)


def smallest_factor(*, standard_error: float, scale: float, z: float) -> float:
    """Return the factor by which a claim must be wrong, at least, to be refused with probability 0.99.

    Args:
        standard_error: Of the estimate, ≥ 0.
        scale: |exact value|.
        z: The largest |z| that passes.

    Returns:
        1 + d with d/(1 + d) = (z + 2.33) error/scale; infinite where claims of any size would pass.

    Examples:
        >>> round(smallest_factor(standard_error=1.0, scale=3 * 6.326, z=4.0), 3)
        1.5
        >>> smallest_factor(standard_error=1.0, scale=5.0, z=4.0)
        inf
    """
    share = (z + _NORMAL.inv_cdf(POWER)) * standard_error
    return scale / (scale - share) if share < scale else math.inf


def family_error(skewnesses: list[tuple[float, int]], z: float) -> float:
    """Return the probability that true claims are refused, with the tails that their skewness gives.

    Args:
        skewnesses: For each claim the skewness of one value, and the number of values.
        z: The largest |z| that passes.

    Examples:
        >>> z = largest_z(10)
        >>> round(family_error([(0.0, 100)] * 10, z), 6), round(family_error([(5.0, 40_000)] * 10, z), 6)
        (0.0005, 0.000579)
    """
    each = 2 * _NORMAL.cdf(-z)
    return math.fsum(each * math.cosh(g * z**3 / (3 * math.sqrt(n))) for g, n in skewnesses)
