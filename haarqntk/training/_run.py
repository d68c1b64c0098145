"""A training run as a value: the curves, where they began and where they ended."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.base import Tabled, real_array
from haarqntk.checks import is_stable, one_of, real_number
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Real = NDArray[np.float64]
    Integers = NDArray[np.int64]

LOSSES = ("sum", "mean")


@dataclass(frozen=True, eq=False, repr=False)
class TrainingRun(Tabled):
    """What gradient descent did, at R recorded steps, for N initialisations and m data points.

    Attributes:
        key: Hash of the problem.
        learning_rate: η.
        loss: "sum" for Σr²/2, "mean" for Σr²/2m.
        targets: What the outputs should be, shape (m,).
        steps: The recorded step numbers, shape (R,); 0 is the beginning.
        outputs: z(t), shape (R, N, m).
        kernel_traces: Tr K(t), shape (R, N); for one data point this is K(t).
        kernel_maxima: λ_max of K(t), shape (R, N).
        relative_meta_kernels: λ(t) = μ/K of every output on its own, shape (R, N, m); NaN where K = 0.
        displacements: ‖θ(t) − θ(0)‖, shape (R, N).
        initial_angles: θ(0), shape (N, L).
        initial_kernels: K(0), shape (N, m, m).
        final_step: How many steps were taken.
        final_angles: θ after the last step, shape (N, L).
        final_outputs: z there, shape (N, m).
        final_kernels: K there, shape (N, m, m).
        warnings: What was wrong with the step size before the run; empty if nothing.

    Raises:
        TypeError: If a field is left out.

    Examples:
        >>> from haarqntk.training import Observable, ParametrisedCircuit, PauliRotation, train
        >>> circuit = ParametrisedCircuit(1, (PauliRotation("X", parameter=0),))  # z = cos 2θ
        >>> run = train(circuit, Observable.pauli("Z"), -1, learning_rate=0.1, steps=20, angles=[1.0])
        >>> run.steps.tolist(), run.final_outputs.round(3), run.warnings
        ([0, 10, 20], array([[-0.944]]), ())

    Reference:
        liu2023, Eqs. 5–7; derivations/15_training.md.
    """

    key: str
    learning_rate: float
    loss: str
    targets: Real
    steps: Integers
    outputs: Real
    kernel_traces: Real
    kernel_maxima: Real
    relative_meta_kernels: Real
    displacements: Real
    initial_angles: Real
    initial_kernels: Real
    final_step: int
    final_angles: Real
    final_outputs: Real
    final_kernels: Real
    warnings: tuple[str, ...]

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @property
    def residuals(self) -> Real:
        """ε(t) = z(t) − target, shape (R, N, m).

        Examples:
            >>> from haarqntk.training import Observable, ParametrisedCircuit, PauliRotation, train
            >>> circuit = ParametrisedCircuit(1, (PauliRotation("X", parameter=0),))  # z = cos 2θ
            >>> run = train(circuit, Observable.pauli("Z"), -1, learning_rate=0.1, steps=20, angles=[1.0])
            >>> run.residuals[:, 0, 0].round(3)
            array([0.584, 0.102, 0.056])
        """
        return np.asarray(self.outputs - self.targets)

    @property
    def losses(self) -> Real:
        """The loss that was minimised, shape (R, N).

        Examples:
            >>> from haarqntk.training import Observable, ParametrisedCircuit, PauliRotation, train
            >>> circuit = ParametrisedCircuit(1, (PauliRotation("X", parameter=0),))  # z = cos 2θ
            >>> run = train(circuit, Observable.pauli("Z"), -1, learning_rate=0.1, steps=20, angles=[1.0])
            >>> run.losses[:, 0].round(3)
            array([0.17 , 0.005, 0.002])
        """
        losses: Real = loss_weight(self.loss, len(self.targets)) * np.square(self.residuals).sum(axis=-1) / 2
        return losses

    def facts(self) -> dict[str, str]:
        """The setting, and where the loss and the kernel went, for a notebook.

        Examples:
            >>> from haarqntk.training import Observable, ParametrisedCircuit, PauliRotation, train
            >>> circuit = ParametrisedCircuit(1, (PauliRotation("X", parameter=0),))  # z = cos 2θ
            >>> run = train(circuit, Observable.pauli("Z"), -1, learning_rate=0.1, steps=20, angles=[1.0])
            >>> run.facts()["median loss"]
            '0.1704 → 0.001576, ½ the sum of squares'
        """
        losses, traces = self.losses, self.kernel_traces
        found = {
            "steps": f"{self.final_step} of learning rate {self.learning_rate:g}",
            "median loss": f"{np.median(losses[0]):.4g} → {np.median(losses[-1]):.4g}, ½ the {self.loss} of squares",
            "median Tr K": f"{np.median(traces[0]):.4g} → {np.median(traces[-1]):.4g}",
            "initialisations": str(len(self.initial_angles)),
            "data points": str(len(self.targets)),
            "parameters": str(self.initial_angles.shape[1]),
            "warnings": "; ".join(self.warnings),
        }
        return {name: text for name, text in found.items() if text}


def loss_weight(loss: str, num_points: int) -> float:
    """Return w in the loss w Σr²/2."""
    return 1.0 if one_of("loss", loss, LOSSES) == "sum" else 1.0 / num_points


def check_step_size(kernels: Real, learning_rate: float, *, loss: str = "sum") -> tuple[str, ...]:
    """Say before a run what is wrong with its step size, for the kernels that it begins with.

    With K frozen, the residual along an eigenvector is multiplied by 1 − ηwλ in each step, where w = 1 for the
    loss "sum" and 1/m for "mean": it grows for η > 2/(wλ_max).

    Args:
        kernels: K(0), shape (m, m) or (N, m, m).
        learning_rate: η.
        loss: "sum" (default) or "mean".

    Returns:
        One line for each finding; empty if the step size is stable.

    Raises:
        InputTypeError, InputError: If the kernels are no square matrices of finite numbers, or the rate is not > 0.
        UnknownNameError: If there is no such loss.

    Examples:
        >>> check_step_size(np.eye(2), 1.0)
        ()
        >>> check_step_size(np.diag([1.0, 8.0]), 1.0)[0]
        'learning_rate 1 is beyond stability for 1 of 1 initialisations: it must be below 2/λ_max = 0.25 of the \
initial kernel'

    Reference:
        scala2025; derivations/15_training.md.
    """
    eta, K = real_number("learning_rate", learning_rate, positive=True), _kernels(kernels)
    largest = loss_weight(loss, K.shape[-1]) * np.linalg.eigvalsh(K)[:, -1]
    unstable = np.array([not is_stable(eta, x) for x in largest.tolist()])
    if not unstable.any():
        return ()
    finding = (
        f"learning_rate {eta:g} is beyond stability for {int(unstable.sum())} of {len(K)} "
        f"initialisations: it must be below 2/λ_max = {2 / largest.max():.3g} of the initial kernel"
    )
    return (finding,)


def _kernels(kernels: ArrayLike) -> Real:
    """Kernels as an array of shape (N, m, m)."""
    K = real_array("kernels", kernels)
    if K.ndim not in {2, 3} or K.shape[-1] != K.shape[-2] or not K.size:
        raise InputError(f"kernels must have the shape (m, m) or (N, m, m), got {K.shape}")
    if not np.allclose(K, np.swapaxes(K, -1, -2), rtol=0, atol=1e-9 * float(np.abs(K).max())):
        raise InputError(
            "kernels must be symmetric, got one that is not; pass kernel_matrix(jacobian) for a Jacobian"
        )
    return K.reshape(-1, *K.shape[-2:])
