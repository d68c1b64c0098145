r"""The frozen kernel, a number or a matrix: residuals, outputs of other points, and the step sizes it allows.

Reference: liu2023, Eqs. (7), (10), (11); scala2025; derivations/14_dynamics.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.base import Tabled, real_array
from haarqntk.checks import flag, is_stable, real_number
from haarqntk.dynamics._prediction import (
    Prediction,
    check_kernel,
    check_rate,
    check_times,
    refuse_overflow,
    within_floats,
)
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from haarqntk.dynamics._prediction import Array


_REFERENCE = "liu2023, Eqs. (7), (10), (11); derivations/14_dynamics.md"
_ROUNDING = 2.0**-46  # relative to the largest eigenvalue: what the eigenvalue routine may leave of a zero


@within_floats()
def frozen_kernel(
    kernel: object, times: object, *, learning_rate: object, residual: object = 1.0, flow: bool = False
) -> Prediction:
    """The residual under a kernel that stays what it is: ε(t) = (1 − ηK)^t ε(0), or e^{−ηKt} ε(0).

    Args:
        kernel: K, a number ≥ 0 such as K̄ from ``hq.formula("kernel_mean").at(…)``, or the kernel matrix of m data
            points, symmetric and positive semidefinite.
        times: Numbers of steps, integers ≥ 0; with ``flow`` any times ≥ 0.
        learning_rate: η > 0.
        residual: ε(0), a number, or m numbers beside a matrix; 1 by default.
        flow: Gradient flow instead of gradient descent (the default).

    Returns:
        ε(t), the kernel, and the loss ½ Σ_j ε_j².

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind, shape or range.

    Examples:
        >>> frozen_kernel(2, [0, 1, 2], learning_rate=0.25).residual.tolist()
        [1.0, 0.5, 0.25]
        >>> frozen_kernel([[1, 1], [1, 1]], [0, 1], learning_rate=0.25, residual=[1, 0]).residual.round(6).tolist()
        [[1.0, 0.0], [0.75, -0.25]]

    Reference:
        [liu2023] Eqs. 7, 10, 11; derivations/14_dynamics.md.
    """
    K, eta = check_kernel(kernel), check_rate(learning_rate)
    t, start = check_times(times, are_steps=not flag("flow", flow)), real_array("residual", residual)
    if start.shape not in {(), K.shape[:1]} or (K.ndim == 2 and start.ndim == 0 and start != 1):  # noqa: PLR2004
        raise InputError(
            f"residual must have the shape {K.shape[:1]} of the kernel's rows, got {start.shape}"
        )
    eigenvalues, vectors = np.linalg.eigh(np.atleast_2d(K))
    coefficients = vectors.T @ np.broadcast_to(start, K.shape[:1] or (1,))
    with np.errstate(over="ignore", invalid="ignore"):
        decay = (
            np.exp(-eta * np.multiply.outer(t, eigenvalues))
            if flow
            else np.power(1 - eta * eigenvalues, t[:, np.newaxis])
        )
        epsilon = (decay * coefficients) @ vectors.T
        loss = np.square(epsilon).sum(axis=1) / 2
    refuse_overflow(t, eta, float(eigenvalues[-1]), epsilon, loss)
    return Prediction(
        times=t,
        residual=epsilon[:, 0] if K.ndim == 0 else epsilon,
        kernel=np.broadcast_to(K, (len(t), *K.shape)),
        loss=loss,
        assumption="The kernel keeps its value at the start throughout training (lazy training).",
        reference=_REFERENCE,
    )


@dataclass(frozen=True, eq=False, repr=False)
class FrozenOutputs(Prediction):
    """Residuals of the training points, and outputs of the others.

    Attributes:
        times: As of ``Prediction``.
        residual: As of ``Prediction``.
        kernel: As of ``Prediction``.
        lower: As of ``Prediction``.
        upper: As of ``Prediction``.
        loss: As of ``Prediction``.
        assumption: As of ``Prediction``.
        reference: As of ``Prediction``.
        outputs: z_j at these times, of the shape (times, number of other points).
        outputs_limit: z_j as t → ∞ below the stability edge: the kernel regression, with the pseudo-inverse.

    Examples:
        >>> p = frozen_outputs(
        ...     [[2, 0], [0, 1]], [0, 100], cross_kernel=[[1, 1]], outputs=[0], residual=[-1, 1], learning_rate=0.5)
        >>> p.outputs.round(6).tolist(), p.outputs_limit.round(6).tolist()
        ([[0.0], [-0.5]], [-0.5])

    Reference:
        derivations/14_dynamics.md.
    """

    outputs: Array | None = None
    outputs_limit: Array | None = None

    def facts(self) -> dict[str, str]:
        """What holds of every prediction, and the other points, for a notebook.

        Examples:
            >>> p = frozen_outputs(
            ...     [[2, 0], [0, 1]], [0, 100], cross_kernel=[[1, 1]], outputs=[0], residual=[-1, 1], learning_rate=0.5)
            >>> p.facts()["other points"]
            '1, outputs from -0.5 to -0.5 as t → ∞'
        """
        found = super().facts()
        if self.outputs_limit is not None and self.outputs_limit.size:
            low, high = self.outputs_limit.min(), self.outputs_limit.max()
            found["other points"] = (
                f"{self.outputs_limit.size}, outputs from {low:.4g} to {high:.4g} as t → ∞"
            )
        return found


@within_floats()
def frozen_outputs(
    kernel: object,
    times: object,
    *,
    cross_kernel: object,
    outputs: object,
    residual: object,
    learning_rate: object,
    flow: bool = False,
) -> FrozenOutputs:
    r"""Outputs under a frozen kernel: training points pull the others along.

    .. math:: z_j(t) = z_j(0) - \sum_{ab} K_{ja} (K^{-1})_{ab} \left[(1 - (1 - \eta K)^t)\,\varepsilon(0)\right]_b

    A singular kernel needs no inverse: (1 − (1 − ηλ)^t)/λ → ηt as λ → 0, and K_{ja} has no such part when all of K is
    the product of a Jacobian with itself.

    Args:
        kernel: K_ab of the m training points, symmetric and positive semidefinite.
        times: Numbers of steps; with ``flow`` any times ≥ 0.
        cross_kernel: K_ja of n other points with the training points, of the shape (n, m).
        outputs: z_j(0) of the n points.
        residual: ε_a(0) of the m training points.
        learning_rate: η > 0.
        flow: Gradient flow instead of gradient descent (the default).

    Returns:
        ε(t) of the training points, z(t) of the others, and its limit.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind, shape or range.

    Examples:
        >>> p = frozen_outputs([[2, 0], [0, 1]], [0, 1, 100], cross_kernel=[[1, 1]], outputs=[0], residual=[-1, 1],
        ...                    learning_rate=0.5)
        >>> p.outputs.ravel().round(6).tolist(), p.outputs_limit.round(6).tolist()
        ([0.0, 0.0, -0.5], [-0.5])

    Reference:
        derivations/14_dynamics.md.
    """
    K, cross = np.atleast_2d(check_kernel(kernel)), real_array("cross_kernel", cross_kernel)
    eta, t = check_rate(learning_rate), check_times(times, are_steps=not flag("flow", flow))
    start, others = real_array("residual", residual), real_array("outputs", outputs)
    m = len(K)
    if start.shape != (m,) or others.ndim != 1:
        got = f"{start.shape}, {others.shape}"
        raise InputError(f"residual and outputs must be lists, of m = {m} and n numbers, got {got}")
    if cross.shape != (len(others), m):
        raise InputError(f"cross_kernel must have the shape {(len(others), m)} (n, m), got {cross.shape}")
    eigenvalues, vectors = np.linalg.eigh(K)
    eigenvalues[eigenvalues <= m * _ROUNDING * eigenvalues[-1]] = 0.0
    x = np.multiply.outer(t, eigenvalues) * eta
    coefficients, is_zero = vectors.T @ start, eigenvalues == 0
    inverse = np.where(is_zero, 0.0, 1 / np.where(is_zero, 1.0, eigenvalues))
    with np.errstate(over="ignore", invalid="ignore"):
        decay = np.exp(-x) if flow else np.power(1 - eta * eigenvalues, t[:, np.newaxis])
        moved = np.where(is_zero, eta * t[:, np.newaxis], (1 - decay) * inverse)  # (1 − (1 − ηλ)^t)/λ
        epsilon = (decay * coefficients) @ vectors.T
        loss = np.square(epsilon).sum(axis=1) / 2
        curves = others - (moved * coefficients) @ (cross @ vectors).T
    refuse_overflow(t, eta, float(eigenvalues[-1]), epsilon, loss, curves)
    return FrozenOutputs(
        times=t,
        residual=epsilon,
        kernel=np.broadcast_to(K, (len(t), m, m)),
        loss=loss,
        assumption="The kernel of all points keeps its value at the start throughout training (lazy training).",
        reference="derivations/14_dynamics.md",
        outputs=curves,
        outputs_limit=others - cross @ (vectors @ (inverse * coefficients)),
    )


@dataclass(frozen=True, eq=False, repr=False)
class StepSizes(Tabled):
    """What a frozen kernel says about the learning rate of gradient descent on ½ Σ_j ε_j².

    Attributes:
        eigenvalues: Of the kernel, from the largest on; those within rounding of 0 are 0.
        learning_rate: η, as given or the critical one.
        critical: c/λ_max.
        stability_edge: 2/λ_max, beyond which the first mode grows.
        condition_number: λ_max/λ_min; infinite for a singular kernel.
        decay_times: 1/(ηλ) of each mode, the time of gradient flow in which it falls to 1/e; infinite where λ = 0.
        decay_steps: 1/|ln |1 − ηλ||, the same in steps of gradient descent; 0 for a mode that one step
            ends, infinite where λ = 0 and where a mode does not decay.
        is_stable: Whether η < 2/λ_max; the edge itself, to within rounding, is not.

    Raises:
        AttributeError: If the eigenvalues, decay times or decay steps are no arrays.

    Examples:
        >>> s = step_sizes([[2, 0], [0, 8]], 0.1)
        >>> s.stability_edge, s.is_stable, s.decay_times.tolist()
        (0.25, True, [1.25, 5.0])

    Reference:
        scala2025; derivations/14_dynamics.md.
    """

    eigenvalues: Array
    learning_rate: float
    critical: float
    stability_edge: float
    condition_number: float
    decay_times: Array
    decay_steps: Array
    is_stable: bool

    def __post_init__(self) -> None:
        for array in (self.eigenvalues, self.decay_times, self.decay_steps):
            array.setflags(write=False)

    def facts(self) -> dict[str, str]:
        """The numbers that are not one for each mode, for a notebook.

        Examples:
            >>> step_sizes([[2, 0], [0, 8]]).facts()["eigenvalues"]
            '2, from 8 to 2'
        """
        largest, smallest = self.eigenvalues[0], self.eigenvalues[-1]
        stable = "stable" if self.is_stable else "unstable"
        return {
            "eigenvalues": f"{self.eigenvalues.size}, from {largest:.4g} to {smallest:.4g}",
            "learning rate": f"{self.learning_rate:.4g}, {stable}; critical {self.critical:.4g}",
            "stability edge": f"{self.stability_edge:.4g}",
            "condition number": f"{self.condition_number:.4g}",
            "longest decay": f"{self.decay_times.max():.4g} in time, {self.decay_steps.max():.4g} steps",
        }


@within_floats()
def step_sizes(kernel: object, learning_rate: object = None, *, c: object = 1) -> StepSizes:
    """The stability edge 2/λ_max, the critical learning rate c/λ_max and the decay times of a kernel.

    Args:
        kernel: K > 0, such as K̄ from ``hq.formula("kernel_mean").at(…)``, or a kernel matrix, symmetric and positive
            semidefinite. For the loss (1/2m) Σ_j ε_j² pass K/m.
        learning_rate: η > 0 for the decay times; the critical one by default.
        c: The constant of the critical learning rate, > 0; 1 by default.

    Returns:
        The step sizes.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind or range, or the kernel is 0.

    Examples:
        >>> s = step_sizes([[2, 0], [0, 8]])
        >>> s.critical, s.stability_edge, s.condition_number, s.decay_times.tolist()
        (0.125, 0.25, 4.0, [1.0, 4.0])

    Reference:
        [scala2025]; derivations/14_dynamics.md.
    """
    eigenvalues = np.linalg.eigvalsh(np.atleast_2d(check_kernel(kernel)))[::-1].copy()
    largest = float(eigenvalues[0])
    if largest <= 0:
        raise InputError("kernel must not be 0: nothing would move")
    eigenvalues[eigenvalues <= len(eigenvalues) * _ROUNDING * largest] = 0.0
    critical = real_number("c", c, positive=True) / largest
    eta = critical if learning_rate is None else check_rate(learning_rate)
    with np.errstate(divide="ignore"):
        log_factor = np.log(np.abs(1 - eta * eigenvalues))
        decay_times = 1 / (eta * eigenvalues)
        decay_steps = np.where(log_factor < 0, -1 / log_factor, np.inf)
    smallest = float(eigenvalues[-1])
    return StepSizes(
        eigenvalues=eigenvalues,
        learning_rate=eta,
        critical=critical,
        stability_edge=2 / largest,
        condition_number=largest / smallest if smallest else np.inf,
        decay_times=decay_times,
        decay_steps=decay_steps,
        is_stable=is_stable(eta, largest),
    )
