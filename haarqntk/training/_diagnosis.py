"""What the tangent kernel of a model says about its training: a frozen value, from the Jacobian's SVD.

The spectrum and its times are in ``_spectrum``. Gradient descent on ½Σ_δ ε_δ² with a frozen kernel, ε(t) =
(1 − ηK)^t ε(0), is exact in each mode:

    ε(t)   = U (1 − ηS²)^t Uᵀε(0) + ε_⊥,                     ε_⊥ the part of ε(0) in the null space of K
    z_j(t) = z_j(0) − J_j V S⁻¹ [1 − (1 − ηS²)^t] Uᵀε(0)     for a further point j

and the limit t → ∞ of the last is regression with the kernel; on a singular one, with its pseudo-inverse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import data_array
from haarqntk.checks import flag, integer, real_number
from haarqntk.errors import InputError
from haarqntk.training._diagnosis_text import as_text, headline, read_record, record_text, rows
from haarqntk.training._spectrum import KernelSpectrum

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Real = NDArray[np.float64]

_LARGEST = 1e110  # products of entries below 1e100 with rows of unit vectors
_AXES = {  # of the arrays; the last three may be absent
    "modes": ("data point", "singular value"),
    "singular_values": ("singular value",),
    "outputs": ("data point",),
    "targets": ("data point",),
    "test_modes": ("test point", "singular value"),
    "test_outputs": ("test point",),
    "test_targets": ("test point",),
}


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Diagnosis(KernelSpectrum):
    r"""Diagnostics of one model at its initialisation; ``diagnose`` makes them.

    All predictions are those of the linear model :math:`z(\theta_0) + J (\theta - \theta_0)` under gradient
    descent on :math:`\frac12\sum_\delta \varepsilon_\delta^2`. A trainer that minimises the mean square
    :math:`\frac1m\sum_\delta\varepsilon_\delta^2` takes the same steps at m/2 times the learning rate.

    Attributes:
        singular_values: s_1 ≥ … ≥ s_r > 0 of the Jacobian, those beyond the tolerance, shape (r,).
        modes: Their left vectors as columns, shape (m, r): the kernel's eigenvectors.
        outputs: The model's outputs z(0) at initialisation, shape (m,).
        targets: The targets y, shape (m,).
        num_parameters: The number p of parameters.
        learning_rate: The learning rate η.
        c: The critical learning rate is c/λ_max.
        rank_tolerance: Singular values up to this multiple of s_1 count as zero.
        overfitting_gap: R²(train) − R²(test) beyond which the model is said to overfit.
        outputs_given: Whether the outputs were given; otherwise they are taken as zero.
        test_modes: J_test V, shape (n, r), or None without test points.
        test_outputs: Outputs on the test points at initialisation, shape (n,), or None.
        test_targets: Their targets, shape (n,), or None if unknown.

    Raises:
        InputError: If the arrays do not fit each other; ``diagnose`` makes ones that do.

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

    outputs: Real
    targets: Real
    test_modes: Real | None = None
    test_outputs: Real | None = None
    test_targets: Real | None = None
    overfitting_gap: float
    outputs_given: bool

    def __post_init__(self) -> None:
        sizes: dict[str, int] = {}
        for name, axes in _AXES.items():
            if (value := getattr(self, name)) is None and name.startswith("test_"):
                continue
            array = data_array(name, value, axes=axes, cure="use diagnose", largest=_LARGEST)
            array.setflags(write=False)
            for axis, size in zip(axes, array.shape, strict=True):
                if size != sizes.setdefault(axis, size):
                    raise InputError(f"{name} must have {sizes[axis]} entries, one per {axis}, got {size}")
            object.__setattr__(self, name, array)
        if self.test_modes is not None and self.test_outputs is None:
            raise InputError("test_outputs must be given with test_modes, got None; use diagnose")
        if self.singular_values[-1] <= 0 or (np.diff(self.singular_values) > 0).any():
            raise InputError(
                f"singular_values must be positive and not increase, got {self.singular_values.tolist()}"
            )
        integer("num_parameters", self.num_parameters, at_least=1)
        flag("outputs_given", self.outputs_given)
        for name in ("learning_rate", "c", "rank_tolerance", "overfitting_gap"):
            object.__setattr__(self, name, real_number(name, getattr(self, name), positive=True))

    def __eq__(self, other: object) -> bool:
        return self.to_json() == other.to_json() if isinstance(other, Diagnosis) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.to_json())

    def with_targets(self, targets: ArrayLike, test_targets: ArrayLike | None = None) -> Diagnosis:
        """The same model with other targets; spectrum and times stay what they are.

        Raises:
            InputError: If the targets do not fit the points.
            InputTypeError: If they are no numbers.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).with_targets([3.0, 0]).predicted_losses(0)
            array([4.5])
        """
        if test_targets is not None:
            self._test_set()
        changes: dict[str, Any] = {"targets": targets, "test_targets": test_targets}
        return replace(self, **changes)

    # -- predictions --------------------------------------------------------------------------------------------

    @cached_property
    def _amplitudes(self) -> tuple[Real, Real]:
        """Uᵀε(0), and what of ε(0) no mode reaches; exactly nothing if the kernel is regular."""
        residuals = self.outputs - self.targets
        amplitudes = self.modes.T @ residuals
        rest = residuals - self.modes @ amplitudes if self.is_singular else np.zeros_like(residuals)
        return amplitudes, rest

    def predicted_residuals(self, steps: ArrayLike) -> Real:
        """ε(t) on the data points, shape (T, m), for step numbers t ≥ 0, one or several.

        Raises:
            InputError: If a step number is negative; CostError if the array would not fit.
            InputTypeError: If the steps are no integers.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).predicted_residuals([0, 1, 2])
            array([[-1.    ,  1.    ],
                   [ 0.    ,  0.75  ],
                   [ 0.    ,  0.5625]])
        """
        decays, _ = self._decays(steps, self.num_points)
        amplitudes, rest = self._amplitudes
        return np.asarray((decays * amplitudes) @ self.modes.T + rest)

    def predicted_outputs(self, steps: ArrayLike) -> Real:
        """z(t) = y + ε(t) on the data points, shape (T, m); as ``predicted_residuals``.

        Raises:
            InputTypeError, InputError, CostError: As ``predicted_residuals``.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).predicted_outputs([0, 1, 2])
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
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).predicted_losses([0, 1])
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
        return np.asarray(0.5 * np.square(self.predicted_test_outputs(steps) - self.test_targets).sum(axis=1))

    # -- the limit t → ∞; nan where the descent is not stable -----------------------------------------------------

    @property
    def final_outputs(self) -> Real:
        """z(∞) on the data points, shape (m,): the targets, if the kernel is regular.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[1.0, 0], [2, 0]], targets=[0.0, 1], pseudo_inverse=True).final_outputs.round(6)
            array([0.4, 0.8])
        """
        return self.targets + self._final_residuals

    @property
    def final_loss(self) -> float:
        """What remains of the loss for t → ∞: ½|ε_⊥|², 0 for a regular kernel.

        Examples:
            >>> import haarqntk as hq
            >>> round(hq.diagnose([[1.0, 0], [2, 0]], targets=[0.0, 1], pseudo_inverse=True).final_loss, 6)
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

    # -- as text ------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """The diagnostics as text, 80 columns.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).summary().splitlines()[0])
            2 data points, 2 parameters, frozen kernel K = J Jᵀ
        """
        return as_text(self)

    def __str__(self) -> str:
        return self.summary()

    def facts(self) -> dict[str, str]:
        """The rows of the summary, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).facts()["rank"]
            '2 of 2, effective rank (Tr K)²/Tr K² = 1.47'
        """
        return rows(self)

    def headline(self) -> str:
        """Points and parameters.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).headline()
            '2 data points, 2 parameters, frozen kernel K = J Jᵀ'
        """
        return headline(self)

    def __repr__(self) -> str:
        return f"<Diagnosis {headline(self)}>"

    def to_json(self) -> str:
        """The fields, and the derived numbers for other readers; ``from_json`` reads it back, to the bit.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).to_json()[:42]
            '{"schema_version": 1, "type": "diagnosis",'
        """
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


def r_squared(targets: Real, predictions: Real) -> float:
    """The coefficient of determination, 1 − Σ(y − z)²/Σ(y − ȳ)²; nan if the targets do not vary."""
    if np.ptp(targets) == 0:
        return math.nan
    variation = np.square(targets - targets.mean()).sum()
    return float(1 - np.square(targets - predictions).sum() / variation)
