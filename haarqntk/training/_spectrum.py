"""The spectrum of a frozen kernel, from the Jacobian's SVD, and the times that it sets.

With J = U S Vᵀ (points × parameters, thin, r singular values beyond the tolerance) the kernel is
K = J Jᵀ = U S² Uᵀ. Nothing here ever forms K⁻¹: the condition number of K is the square of J's, and the
factors S keep the digits that K would lose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from haarqntk.base import Tabled, read_only
from haarqntk.checks import is_stable
from haarqntk.errors import CostError, InputError, InputTypeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

LARGEST_PREDICTION = 10**8  # numbers in one predicted array: 0.8 GB
_LARGEST_STEP = 2**53  # every integer up to here is a float
_LARGEST_EXPONENT = 400  # an unstable mode stops at e⁴⁰⁰, whose square is ∞: ∞·0 would be no number
_CURVE_POINTS, _CURVE_DECAY_TIMES, _LAST_STEP = 80, 5, 10**9


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class KernelSpectrum(Tabled):
    """The part of a ``Diagnosis`` that does not depend on outputs and targets; its fields are described there."""

    singular_values: Real
    modes: Real
    num_parameters: int
    learning_rate: float
    c: float
    rank_tolerance: float

    # -- the spectrum -------------------------------------------------------------------------------------------

    @property
    def num_points(self) -> int:
        """m, the number of data points.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).num_points
            2
        """
        return len(self.modes)

    @property
    def rank(self) -> int:
        """r, the rank of the kernel to within the tolerance.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[1.0, 0], [2, 0]], targets=[0.0, 1], pseudo_inverse=True).rank
            1
        """
        return self.singular_values.size

    @property
    def is_singular(self) -> bool:
        """Whether some combination of the outputs cannot be moved by any parameter.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[1.0, 0], [2, 0]], targets=[0.0, 1], pseudo_inverse=True).is_singular
            True
        """
        return self.rank < self.num_points

    @cached_property
    def kernel(self) -> Real:
        """K = J Jᵀ, shape (m, m).

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).kernel
            array([[4., 0.],
                   [0., 1.]])
        """
        factor = self.modes * self.singular_values
        return read_only(factor @ factor.T)

    @cached_property
    def eigenvalues(self) -> Real:
        """All m eigenvalues of K, decreasing; those within the tolerance are 0.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[1.0, 0], [2, 0]], targets=[0.0, 1], pseudo_inverse=True).eigenvalues.round(6)
            array([5., 0.])
        """
        return read_only(np.pad(self.singular_values**2, (0, self.num_points - self.rank)))

    @property
    def largest_eigenvalue(self) -> float:
        """λ_max.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).largest_eigenvalue
            4.0
        """
        return float(self.eigenvalues[0])

    @property
    def smallest_eigenvalue(self) -> float:
        """λ_min, 0 for a singular kernel.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).smallest_eigenvalue
            1.0
        """
        return float(self.eigenvalues[-1])

    @property
    def condition_number(self) -> float:
        """κ = λ_max/λ_min, infinite for a singular kernel.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).condition_number
            4.0
        """
        return math.inf if self.is_singular else self.condition_number_on_range

    @property
    def condition_number_on_range(self) -> float:
        """λ_max over the smallest eigenvalue that is not 0: (s_1/s_r)².

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[1.0, 0], [2, 0]], targets=[0.0, 1], pseudo_inverse=True)
            >>> d.condition_number, d.condition_number_on_range
            (inf, 1.0)
        """
        return float((self.singular_values[0] / self.singular_values[-1]) ** 2)

    @property
    def effective_rank(self) -> float:
        """(Tr K)²/Tr K², between 1 and the rank: how many eigenvalues carry the kernel.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1])
            >>> round(d.effective_rank, 6)  # (4 + 1)²/(4² + 1²)
            1.470588
        """
        shares = (self.singular_values / self.singular_values[0]) ** 2
        return float(shares.sum() ** 2 / np.square(shares).sum())

    @cached_property
    def null_space(self) -> Real:
        """An orthonormal basis of the combinations of data points with K v = 0, shape (m, m − r).

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[1.0, 0], [2, 0]], targets=[0.0, 1], pseudo_inverse=True)
            >>> bool(np.abs(d.kernel @ d.null_space).max() < 1e-12), d.null_space.shape
            (True, (2, 1))
        """
        return read_only(np.linalg.qr(self.modes, mode="complete")[0][:, self.rank :])

    @cached_property
    def dependent_points(self) -> dict[int, dict[int, float]]:
        """Points whose gradient is a combination of others': {point: {other point: coefficient}}.

        The others are r points of independent gradients (pivoted QR), the same for all. An empty combination
        is a point whose output depends on no parameter.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[1.0, 0], [2, 0]], targets=[0.0, 1], pseudo_inverse=True)
            >>> {i: {j: round(x, 6) for j, x in others.items()} for i, others in d.dependent_points.items()}
            {0: {1: 0.5}}
        """
        rows = self.modes * self.singular_values
        _, R, order = linalg.qr(rows.T, mode="economic", pivoting=True)
        r = self.rank
        coefficients = linalg.solve_triangular(R[:, :r], R[:, r:])
        noise = math.sqrt(self.rank_tolerance)  # half of the digits: a rounding error is no coefficient
        return {
            int(order[r + j]): {int(order[i]): float(x) for i, x in enumerate(column) if abs(x) > noise}
            for j, column in sorted(enumerate(coefficients.T), key=lambda item: order[r + item[0]])
        }

    # -- times --------------------------------------------------------------------------------------------------

    @property
    def critical_learning_rate(self) -> float:
        """c/λ_max.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).critical_learning_rate
            0.25
        """
        return self.c / self.largest_eigenvalue

    @property
    def stability_edge(self) -> float:
        """2/λ_max: at larger learning rates the first mode grows.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).stability_edge
            0.5
        """
        return 2 / self.largest_eigenvalue

    @property
    def is_stable(self) -> bool:
        """Whether η < 2/λ_max; the edge itself, to within rounding, is not stable.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).is_stable
            True
        """
        return is_stable(self.learning_rate, self.largest_eigenvalue)

    @property
    def decay_time(self) -> float:
        """τ = 1/(ηλ), in steps, for the smallest eigenvalue that is not 0: κ/c at the critical rate; ∞ if unstable.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).decay_time
            4.0
        """
        return self._flow_time if self.is_stable else math.inf

    @property
    def _flow_time(self) -> float:
        return 1 / (self.learning_rate * float(self.singular_values[-1]) ** 2)

    @property
    def discrete_decay_time(self) -> float:
        """−1/ln max_i|1 − ηλ_i|, in steps, over the eigenvalues that are not 0; infinite if a mode never decays.

        That is −1/ln(1 − ηλ_min) unless η is so large that the first mode is the slowest.

        Examples:
            >>> import haarqntk as hq
            >>> round(hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).discrete_decay_time, 6)  # −1/ln(3/4)
            3.476059
        """
        return -1 / float(self._logarithms.max()) if self.is_stable else math.inf

    @cached_property
    def _logarithms(self) -> Real:
        """ln|1 − ηλ_i|, accurate also where ηλ_i is tiny."""
        x = self.learning_rate * self.singular_values**2
        with np.errstate(divide="ignore"):  # ηλ = 1 decays at once: −∞
            return np.where(x <= 1, np.log1p(-np.minimum(x, 1)), np.log(np.maximum(x, 1) - 1))

    def _decays(self, steps: object, width: int) -> tuple[Real, Real]:
        """(1 − ηλ_i)^t and 1 − (1 − ηλ_i)^t, shape (T, r)."""
        t = _step_numbers(steps)[:, np.newaxis]
        if (size := t.size * max(width, self.rank)) > LARGEST_PREDICTION:
            raise CostError(
                f"steps must be at most {LARGEST_PREDICTION // max(width, self.rank)} for {width} points, "
                f"got {t.size}, {size} numbers; pass every so many steps"
            )
        grows = self.learning_rate * self.singular_values**2 > 1
        with np.errstate(invalid="ignore"):  # 0·(−∞) at t = 0
            exponents = np.where(t == 0, 0, np.minimum(t * self._logarithms, _LARGEST_EXPONENT))
        decays = np.where(grows & (t % 2 == 1), -1, 1) * np.exp(exponents)
        return decays, np.where(decays > 0, -np.expm1(exponents), 1 - decays)

    @cached_property
    def curve_steps(self) -> NDArray[np.int64]:
        """Step numbers for a figure: 0, then evenly on a logarithmic axis up to five decay times.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1])
            >>> d.curve_steps.tolist()[:4], d.curve_steps.size
            ([0, 1, 2, 3], 21)
        """
        last = min(_LAST_STEP, math.ceil(_CURVE_DECAY_TIMES * self._flow_time))
        return read_only(
            np.unique(np.append(0, np.geomspace(1, max(1, last), _CURVE_POINTS).round())).astype(np.int64)
        )


def _step_numbers(steps: object) -> NDArray[np.int64]:
    """Step numbers, one or several, as an array of integers ≥ 0."""
    array = np.atleast_1d(np.asarray(steps))
    is_large = array.dtype.kind == "O" and all(type(step) is int for step in array.ravel())  # beyond 64 bits
    if array.dtype.kind not in "iu" and not is_large:
        raise InputTypeError(f"steps must be integers ≥ 0, got {steps!r}; pass an int or an array of ints")
    if array.ndim != 1 or array.size == 0 or array.min() < 0:
        least = f" with {array.min()}" if array.size else ""
        raise InputError(
            f"steps must be one number ≥ 0 or a list of such, got the shape {array.shape}{least}"
        )
    if array.max() > _LARGEST_STEP:
        raise InputError(
            f"steps must be at most 2^53, got {array.max()}; the limit t → ∞ is in final_outputs"
        )
    return array.astype(np.int64)
