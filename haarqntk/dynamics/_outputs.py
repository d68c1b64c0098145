r"""A frozen kernel on data: outputs of training and test points over time, and the kernel regression at their end.

Reference: derivations/14_dynamics.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk._arguments import flag, real_number
from haarqntk._qobj import real_array
from haarqntk.dynamics._prediction import (
    Prediction,
    check_kernel,
    check_times,
    refuse_overflow,
    within_floats,
)
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_ROUNDING = 2.0**-46  # relative to the largest eigenvalue: what the eigenvalue routine may leave of a zero


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
    eta, t = (
        real_number("learning_rate", learning_rate, positive=True),
        check_times(times, are_steps=not flag("flow", flow)),
    )
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
    with np.errstate(over="ignore"):
        decay = np.exp(-x) if flow else np.power(1 - eta * eigenvalues, t[:, np.newaxis])
    coefficients, is_zero = vectors.T @ start, eigenvalues == 0
    inverse = np.where(is_zero, 0.0, 1 / np.where(is_zero, 1.0, eigenvalues))
    with np.errstate(over="ignore", invalid="ignore"):
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
