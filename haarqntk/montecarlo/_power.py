"""How many values a verdict on one mean takes: the studentised mean of a skew law strays further than a normal one.

Reference: derivations/12_campaigns.md.
"""

from __future__ import annotations

import bisect
import functools
import math
from statistics import NormalDist
from typing import Final

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
