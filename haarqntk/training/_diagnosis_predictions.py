"""What the linear model of a diagnosis predicts, step by step and for t → ∞.

Gradient descent on ½Σ_δ ε_δ² with a frozen kernel, ε(t) = (1 − ηK)^t ε(0), is exact in each mode:

    ε(t)   = U (1 − ηS²)^t Uᵀε(0) + ε_⊥,                     ε_⊥ the part of ε(0) in the null space of K
    z_j(t) = z_j(0) − J_j V S⁻¹ [1 − (1 − ηS²)^t] Uᵀε(0)     for a further point j

and the limit t → ∞ of the last is regression with the kernel; on a singular one, with its pseudo-inverse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.errors import CostError, InputError
from haarqntk.training._diagnosis_input import frozen, r_squared, step_numbers
from haarqntk.training._diagnosis_spectrum import KernelSpectrum

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Real = NDArray[np.float64]

LARGEST_PREDICTION = 10**8  # numbers in one predicted array: 0.8 GB
_LARGEST_EXPONENT = 400  # an unstable mode stops at e⁴⁰⁰, whose square is ∞: ∞·0 would be no number
_CURVE_POINTS, _CURVE_DECAY_TIMES, _LAST_STEP = 80, 5, 10**9


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class LinearTraining(KernelSpectrum):
    """A spectrum with the outputs and targets that it moves; the fields are described in ``Diagnosis``."""

    outputs: Real
    targets: Real
    test_modes: Real | None = None
    test_outputs: Real | None = None
    test_targets: Real | None = None
    overfitting_gap: float
    outputs_given: bool

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                object.__setattr__(self, field.name, frozen(value))
        m, r = self.modes.shape
        if not r or self.singular_values.shape != (r,) or {self.outputs.shape, self.targets.shape} != {(m,)}:
            raise InputError(
                f"modes must be points × singular values, got the shape {self.modes.shape} with "
                f"{self.singular_values.size} singular values, {self.outputs.size} outputs and "
                f"{self.targets.size} targets; use diagnose"
            )

    # -- predictions --------------------------------------------------------------------------------------------

    @cached_property
    def _amplitudes(self) -> tuple[Real, Real]:
        """Uᵀε(0), and what of ε(0) no mode reaches; exactly nothing if the kernel is regular."""
        residuals = self.outputs - self.targets
        amplitudes = self.modes.T @ residuals
        rest = residuals - self.modes @ amplitudes if self.is_singular else np.zeros_like(residuals)
        return amplitudes, rest

    def _decays(self, steps: object, width: int) -> tuple[Real, Real]:
        """(1 − ηλ_i)^t and 1 − (1 − ηλ_i)^t, shape (T, r)."""
        t = step_numbers(steps)[:, np.newaxis]
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

    def predicted_residuals(self, steps: ArrayLike) -> Real:
        """ε(t) on the data points, shape (T, m), for step numbers t ≥ 0, one or several.

        Raises:
            InputError: If a step number is negative; CostError if the array would not fit.
            InputTypeError: If the steps are no integers.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1])
            >>> d.predicted_residuals([0, 1, 2])
            array([[-1.    ,  1.    ],
                   [ 0.    ,  0.75  ],
                   [ 0.    ,  0.5625]])
        """
        decays, _ = self._decays(steps, self.num_points)
        amplitudes, rest = self._amplitudes
        residuals: Real = (decays * amplitudes) @ self.modes.T + rest
        return residuals

    def predicted_outputs(self, steps: ArrayLike) -> Real:
        """z(t) = y + ε(t) on the data points, shape (T, m); as ``predicted_residuals``.

        Raises:
            InputTypeError, InputError, CostError: As ``predicted_residuals``.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1])
            >>> d.predicted_outputs([0, 1, 2])
            array([[ 0.    ,  0.    ],
                   [ 1.    , -0.25  ],
                   [ 1.    , -0.4375]])
        """
        return self.targets + self.predicted_residuals(steps)

    def predicted_losses(self, steps: ArrayLike) -> Real:
        """½Σ_δ ε_δ(t)², shape (T,); as ``predicted_residuals``.

        Raises:
            InputTypeError, InputError, CostError: As ``predicted_residuals``.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1])
            >>> d.predicted_losses([0, 1])
            array([1.     , 0.28125])
        """
        decays, _ = self._decays(steps, 1)
        amplitudes, rest = self._amplitudes
        with np.errstate(over="ignore"):
            losses: Real = 0.5 * (np.square(decays * amplitudes).sum(axis=1) + np.square(rest).sum())
        return losses

    def predicted_test_outputs(self, steps: ArrayLike) -> Real:
        """z(t) on the test points, shape (T, n).

        Raises:
            InputError: If there are no test points; and as ``predicted_residuals``.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], [1.0, -1], test_jacobian=[[2.0, 0], [1, 1]], test_targets=[1.0, 0])
            >>> d.predicted_test_outputs([0, 1, 2])
            array([[0.    , 0.    ],
                   [1.    , 0.25  ],
                   [1.    , 0.0625]])
        """
        test_modes, test_outputs = self._test_set()
        _, progress = self._decays(steps, len(test_modes))
        return test_outputs - (progress * self._amplitudes[0] / self.singular_values) @ test_modes.T

    def predicted_test_losses(self, steps: ArrayLike) -> Real:
        """½Σ_j ε_j(t)² over the test points, shape (T,); needs their targets.

        Raises:
            InputError: If there are no test targets.
            InputTypeError, InputError, CostError: As ``predicted_residuals``.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], [1.0, -1], test_jacobian=[[2.0, 0], [1, 1]], test_targets=[1.0, 0])
            >>> d.predicted_test_losses([0, 1])
            array([0.5    , 0.03125])
        """
        if self.test_targets is None:
            raise InputError("test_targets must be given for a test loss, got None; pass them to diagnose")
        losses: Real = 0.5 * np.square(self.predicted_test_outputs(steps) - self.test_targets).sum(axis=1)
        return losses

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
        return frozen(
            np.unique(np.append(0, np.geomspace(1, max(1, last), _CURVE_POINTS).round())).astype(np.int64)
        )

    # -- the limit t → ∞; nan where the descent is not stable -----------------------------------------------------

    @property
    def final_outputs(self) -> Real:
        """z(∞) on the data points, shape (m,): the targets, if the kernel is regular.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[1.0, 0], [2, 0]], targets=[0.0, 1], pseudo_inverse=True)
            >>> d.final_outputs.round(6)
            array([0.4, 0.8])
        """
        return self.targets + self._final_residuals

    @property
    def final_loss(self) -> float:
        """What remains of the loss for t → ∞: ½|ε_⊥|², 0 for a regular kernel.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[1.0, 0], [2, 0]], targets=[0.0, 1], pseudo_inverse=True)
            >>> round(d.final_loss, 6)
            0.1
        """
        return 0.5 * float(np.square(self._final_residuals).sum())

    @property
    def _final_residuals(self) -> Real:
        return self._amplitudes[1] if self.is_stable else np.full_like(self.targets, math.nan)

    @property
    def final_test_outputs(self) -> Real:
        """z(∞) on the test points, shape (n,): kernel regression.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], [1.0, -1], test_jacobian=[[2.0, 0], [1, 1]], test_targets=[1.0, 0])
            >>> d.final_test_outputs
            array([ 1. , -0.5])
        """
        test_modes, test_outputs = self._test_set()
        if not self.is_stable:
            return np.full_like(test_outputs, math.nan)
        return test_outputs - test_modes @ (self._amplitudes[0] / self.singular_values)

    @property
    def train_r_squared(self) -> float:
        """R² = 1 − Σε(∞)²/Σ(y − ȳ)² on the data points; nan if the targets do not vary.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[1.0, 0], [2, 0]], targets=[0.0, 1], pseudo_inverse=True)
            >>> round(d.train_r_squared, 6)
            0.6
        """
        return r_squared(self.targets, self.final_outputs)

    @property
    def test_r_squared(self) -> float | None:
        """R² of the inference on the test points, t → ∞; None without test targets.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], [1.0, -1], test_jacobian=[[2.0, 0], [1, 1]], test_targets=[1.0, 0])
            >>> d.test_r_squared
            0.5
        """
        if self.test_targets is None:
            return None
        return r_squared(self.test_targets, self.final_test_outputs)

    @property
    def is_overfitting(self) -> bool | None:
        """Whether R²(train) − R²(test) > ``overfitting_gap`` for t → ∞; None where it cannot be told.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], [1.0, -1], test_jacobian=[[2.0, 0], [1, 1]], test_targets=[1.0, 0])
            >>> d.is_overfitting
            True
        """
        test = self.test_r_squared
        if test is None or math.isnan(test) or math.isnan(self.train_r_squared):
            return None
        return self.train_r_squared - test > self.overfitting_gap

    def _test_set(self) -> tuple[Real, Real]:
        if self.test_modes is None or self.test_outputs is None:
            raise InputError("test_jacobian must be given for an inference, got None; pass it to diagnose")
        return self.test_modes, self.test_outputs
