"""What the tangent kernel of a model says about its training: a frozen value, from the Jacobian's SVD.

With J = U S Vᵀ (points × parameters, thin, r singular values beyond the tolerance) the kernel is
K = J Jᵀ = U S² Uᵀ. Nothing here ever forms K⁻¹: the condition number of K is the square of J's, and the
factors S keep the digits that K would lose.

Gradient descent on ½Σ_δ ε_δ² with a frozen kernel, ε(t) = (1 − ηK)^t ε(0), is exact in each mode:

    ε(t)   = U (1 − ηS²)^t Uᵀε(0) + ε_⊥,                     ε_⊥ the part of ε(0) in the null space of K
    z_j(t) = z_j(0) − J_j V S⁻¹ [1 − (1 − ηS²)^t] Uᵀε(0)     for a further point j

and the limit t → ∞ of the last is regression with the kernel; on a singular one, with its pseudo-inverse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from haarqntk._stability import is_stable
from haarqntk.errors import CostError, InputError
from haarqntk.training._diagnosis_input import frozen, r_squared, real_array, step_numbers
from haarqntk.training._diagnosis_json import read_record, record_text
from haarqntk.training._diagnosis_text import as_html, as_text

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Real = NDArray[np.float64]

LARGEST_PREDICTION = 10**8  # numbers in one predicted array: 0.8 GB
_LARGEST_EXPONENT = 400  # an unstable mode stops at e⁴⁰⁰, whose square is ∞: ∞·0 would be no number
_CURVE_POINTS, _CURVE_DECAY_TIMES, _LAST_STEP = 80, 5, 10**9


@dataclass(frozen=True, eq=False)
class Diagnosis:
    r"""Diagnostics of one model at its initialisation; ``diagnose`` makes them.

    All predictions are those of the linear model :math:`z(\theta_0) + J (\theta - \theta_0)` under gradient
    descent on :math:`\frac12\sum_\delta \varepsilon_\delta^2`. A trainer that minimises the mean square
    :math:`\frac1m\sum_\delta\varepsilon_\delta^2` takes the same steps at m/2 times the learning rate.

    Args:
        singular_values: s_1 ≥ … ≥ s_r > 0 of the Jacobian, those beyond the tolerance, shape (r,).
        modes: Their left vectors as columns, shape (m, r): the kernel's eigenvectors.
        outputs: z(0), the model's outputs at initialisation, shape (m,).
        targets: y, shape (m,).
        num_parameters: p.
        learning_rate: η.
        c: The critical learning rate is c/λ_max.
        rank_tolerance: Singular values up to this multiple of s_1 count as zero.
        overfitting_gap: R²(train) − R²(test) beyond which the model is said to overfit.
        outputs_given: Whether the outputs were given; otherwise they are taken as zero.
        test_modes: J_test V, shape (n, r), or None without test points.
        test_outputs: Outputs on the test points at initialisation, shape (n,), or None.
        test_targets: Their targets, shape (n,), or None if unknown.

    Examples:
        >>> import haarqntk as hq
        >>> diagnosis = hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1])
        >>> diagnosis.eigenvalues, diagnosis.condition_number, diagnosis.critical_learning_rate
        (array([4., 1.]), 4.0, 0.25)
        >>> diagnosis.predicted_losses([0, 1, 2])
        array([1.        , 0.28125   , 0.15820312])

    Reference:
        [scala2025] for the diagnostics; derivations/16_diagnostics.md.
    """

    singular_values: Real
    modes: Real
    outputs: Real
    targets: Real
    num_parameters: int
    learning_rate: float
    c: float
    rank_tolerance: float
    overfitting_gap: float
    outputs_given: bool
    test_modes: Real | None = None
    test_outputs: Real | None = None
    test_targets: Real | None = None

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

    def __eq__(self, other: object) -> bool:
        return self.to_json() == other.to_json() if isinstance(other, Diagnosis) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.to_json())

    # -- the spectrum -------------------------------------------------------------------------------------------

    @property
    def num_points(self) -> int:
        """m, the number of data points."""
        return len(self.modes)

    @property
    def rank(self) -> int:
        """r, the rank of the kernel to within the tolerance."""
        return self.singular_values.size

    @property
    def is_singular(self) -> bool:
        """Whether some combination of the outputs cannot be moved by any parameter."""
        return self.rank < self.num_points

    @cached_property
    def kernel(self) -> Real:
        """K = J Jᵀ, shape (m, m)."""
        factor = self.modes * self.singular_values
        return frozen(factor @ factor.T)

    @cached_property
    def eigenvalues(self) -> Real:
        """All m eigenvalues of K, decreasing; those within the tolerance are 0."""
        return frozen(np.pad(self.singular_values**2, (0, self.num_points - self.rank)))

    @property
    def largest_eigenvalue(self) -> float:
        """λ_max."""
        return float(self.eigenvalues[0])

    @property
    def smallest_eigenvalue(self) -> float:
        """λ_min, 0 for a singular kernel."""
        return float(self.eigenvalues[-1])

    @property
    def condition_number(self) -> float:
        """κ = λ_max/λ_min, infinite for a singular kernel."""
        return math.inf if self.is_singular else self.condition_number_on_range

    @property
    def condition_number_on_range(self) -> float:
        """λ_max over the smallest eigenvalue that is not 0: (s_1/s_r)²."""
        return float((self.singular_values[0] / self.singular_values[-1]) ** 2)

    @property
    def effective_rank(self) -> float:
        """(Tr K)²/Tr K², between 1 and the rank: how many eigenvalues carry the kernel."""
        shares = (self.singular_values / self.singular_values[0]) ** 2
        return float(shares.sum() ** 2 / np.square(shares).sum())

    @cached_property
    def null_space(self) -> Real:
        """An orthonormal basis of the combinations of data points with K v = 0, shape (m, m − r)."""
        return frozen(np.linalg.qr(self.modes, mode="complete")[0][:, self.rank :])

    @cached_property
    def dependent_points(self) -> dict[int, dict[int, float]]:
        """Points whose gradient is a combination of others': {point: {other point: coefficient}}.

        The others are r points of independent gradients (pivoted QR), the same for all. An empty combination
        is a point whose output depends on no parameter.
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
        """c/λ_max."""
        return self.c / self.largest_eigenvalue

    @property
    def stability_edge(self) -> float:
        """2/λ_max: at larger learning rates the first mode grows."""
        return 2 / self.largest_eigenvalue

    @property
    def is_stable(self) -> bool:
        """Whether η < 2/λ_max; the edge itself, to within rounding, is not stable."""
        return is_stable(self.learning_rate, self.largest_eigenvalue)

    @property
    def decay_time(self) -> float:
        """τ = 1/(ηλ), in steps, for the smallest eigenvalue that is not 0: κ/c at the critical rate; ∞ if unstable."""
        return self._flow_time if self.is_stable else math.inf

    @property
    def _flow_time(self) -> float:
        return 1 / (self.learning_rate * float(self.singular_values[-1]) ** 2)

    @property
    def discrete_decay_time(self) -> float:
        """−1/ln max_i|1 − ηλ_i|, in steps, over the eigenvalues that are not 0; infinite if a mode never decays.

        That is −1/ln(1 − ηλ_min) unless η is so large that the first mode is the slowest.
        """
        return -1 / float(self._logarithms.max()) if self.is_stable else math.inf

    # -- predictions --------------------------------------------------------------------------------------------

    @cached_property
    def _logarithms(self) -> Real:
        """ln|1 − ηλ_i|, accurate also where ηλ_i is tiny."""
        x = self.learning_rate * self.singular_values**2
        with np.errstate(divide="ignore"):  # ηλ = 1 decays at once: −∞
            return np.where(x <= 1, np.log1p(-np.minimum(x, 1)), np.log(np.maximum(x, 1) - 1))

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
        """
        decays, _ = self._decays(steps, self.num_points)
        amplitudes, rest = self._amplitudes
        residuals: Real = (decays * amplitudes) @ self.modes.T + rest
        return residuals

    def predicted_outputs(self, steps: ArrayLike) -> Real:
        """z(t) = y + ε(t) on the data points, shape (T, m); as ``predicted_residuals``."""
        return self.targets + self.predicted_residuals(steps)

    def predicted_losses(self, steps: ArrayLike) -> Real:
        """½Σ_δ ε_δ(t)², shape (T,); as ``predicted_residuals``."""
        decays, _ = self._decays(steps, 1)
        amplitudes, rest = self._amplitudes
        with np.errstate(over="ignore"):
            losses: Real = 0.5 * (np.square(decays * amplitudes).sum(axis=1) + np.square(rest).sum())
        return losses

    def predicted_test_outputs(self, steps: ArrayLike) -> Real:
        """z(t) on the test points, shape (T, n).

        Raises:
            InputError: If there are no test points; and as ``predicted_residuals``.
        """
        test_modes, test_outputs = self._test_set()
        _, progress = self._decays(steps, len(test_modes))
        return test_outputs - (progress * self._amplitudes[0] / self.singular_values) @ test_modes.T

    def predicted_test_losses(self, steps: ArrayLike) -> Real:
        """½Σ_j ε_j(t)² over the test points, shape (T,); needs their targets."""
        if self.test_targets is None:
            raise InputError("test_targets must be given for a test loss, got None; pass them to diagnose")
        losses: Real = 0.5 * np.square(self.predicted_test_outputs(steps) - self.test_targets).sum(axis=1)
        return losses

    @cached_property
    def curve_steps(self) -> NDArray[np.int64]:
        """Step numbers for a figure: 0, then evenly on a logarithmic axis up to five decay times."""
        last = min(_LAST_STEP, math.ceil(_CURVE_DECAY_TIMES * self._flow_time))
        return frozen(
            np.unique(np.append(0, np.geomspace(1, max(1, last), _CURVE_POINTS).round())).astype(np.int64)
        )

    # -- the limit t → ∞; nan where the descent is not stable -----------------------------------------------------

    @property
    def final_outputs(self) -> Real:
        """z(∞) on the data points, shape (m,): the targets, if the kernel is regular."""
        return self.targets + self._final_residuals

    @property
    def final_loss(self) -> float:
        """What remains of the loss for t → ∞: ½|ε_⊥|², 0 for a regular kernel."""
        return 0.5 * float(np.square(self._final_residuals).sum())

    @property
    def _final_residuals(self) -> Real:
        return self._amplitudes[1] if self.is_stable else np.full_like(self.targets, math.nan)

    @property
    def final_test_outputs(self) -> Real:
        """z(∞) on the test points, shape (n,): kernel regression."""
        test_modes, test_outputs = self._test_set()
        if not self.is_stable:
            return np.full_like(test_outputs, math.nan)
        return test_outputs - test_modes @ (self._amplitudes[0] / self.singular_values)

    @property
    def train_r_squared(self) -> float:
        """R² = 1 − Σε(∞)²/Σ(y − ȳ)² on the data points; nan if the targets do not vary."""
        return r_squared(self.targets, self.final_outputs)

    @property
    def test_r_squared(self) -> float | None:
        """R² of the inference on the test points, t → ∞; None without test targets."""
        if self.test_targets is None:
            return None
        return r_squared(self.test_targets, self.final_test_outputs)

    @property
    def is_overfitting(self) -> bool | None:
        """Whether R²(train) − R²(test) > ``overfitting_gap`` for t → ∞; None where it cannot be told."""
        test = self.test_r_squared
        if test is None or math.isnan(test) or math.isnan(self.train_r_squared):
            return None
        return self.train_r_squared - test > self.overfitting_gap

    def with_targets(self, targets: ArrayLike, test_targets: ArrayLike | None = None) -> Diagnosis:
        """The same model with other targets; spectrum and times stay what they are.

        Raises:
            InputError: If the targets do not fit the points.
            InputTypeError: If they are no numbers.
        """
        y = real_array("targets", targets, axes=("points",), cure="pass one number per data point")
        if y.shape != self.targets.shape:
            raise InputError(f"targets must have {self.num_points} entries, one per data point, got {y.size}")
        y_test = None
        if test_targets is not None:
            n = len(self._test_set()[0])
            y_test = real_array(
                "test_targets", test_targets, axes=("points",), cure="pass one number per point"
            )
            if len(y_test) != n:
                raise InputError(f"test_targets must have {n} entries, one per test point, got {y_test.size}")
        return replace(self, targets=y, test_targets=y_test)

    def _test_set(self) -> tuple[Real, Real]:
        if self.test_modes is None or self.test_outputs is None:
            raise InputError("test_jacobian must be given for an inference, got None; pass it to diagnose")
        return self.test_modes, self.test_outputs

    # -- as text ------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """The diagnostics as text, 80 columns."""
        return as_text(self)

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return as_html(self)

    def to_json(self) -> str:
        """The fields, and the derived numbers for other readers; ``from_json`` reads it back, to the bit."""
        return record_text(self)

    @classmethod
    def from_json(cls, text: str) -> Diagnosis:
        """Return the diagnosis that ``to_json`` wrote.

        Raises:
            InputError: If the text is no such record; the message names the key.
            InputTypeError: If it is no text.

        Examples:
            >>> import haarqntk as hq
            >>> diagnosis = hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1])
            >>> Diagnosis.from_json(diagnosis.to_json()) == diagnosis
            True
        """
        return cls(**read_record(text))
