"""The jackknife: a standard error for any smooth statistic of independent samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Real = NDArray[np.float64]


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
