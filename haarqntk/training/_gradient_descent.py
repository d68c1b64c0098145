"""Gradient descent, θ ← θ − η w Σ_δ r_δ ∂z_δ/∂θ, from several initialisations at once; a killed run goes on.

All randomness is in the initial angles. A step is a function of the angles before it, and a checkpoint holds
these angles and the curves so far to the bit: a run that is stopped anywhere and started again is the same run.
"""

from __future__ import annotations

import functools
import hashlib
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import real_array
from haarqntk.checks import integer, real_number
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.montecarlo import random_angles
from haarqntk.training import _sweeps
from haarqntk.training._checkpoint import load_checkpoint, save_checkpoint
from haarqntk.training._derivatives import (
    NO_KERNEL,
    check_pair,
    checked_inputs,
    checked_points,
    kernel_matrix,
    vanishing_kernel,
)
from haarqntk.training._program import compiled
from haarqntk.training._run import TrainingRun, check_step_size, loss_weight

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from haarqntk.training._circuit import ParametrisedCircuit
    from haarqntk.training._observable import Observable

    Real = NDArray[np.float64]

LARGEST_WORK = 10**12  # amplitudes turned: some days
_LEAST = 500  # amplitudes that turn in the time of a call
_MEMORY = 2**32
_CURVES = ("outputs", "kernel_traces", "kernel_maxima", "relative_meta_kernels", "displacements")


def train(
    circuit: ParametrisedCircuit,
    observable: Observable,
    targets: ArrayLike,
    *,
    learning_rate: float,
    steps: int,
    features: ArrayLike | None = None,
    angles: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
    initialisations: int = 1,
    loss: str = "sum",
    record_every: int = 10,
    progress: Callable[[int], object] | None = None,
    warn: Callable[[str], object] | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 100,
) -> TrainingRun:
    """Train by gradient descent and record what the kernel does.

    Args:
        circuit: The circuit.
        observable: O, on as many qubits.
        targets: O_0 for the single target (loss ε²/2), or one number for each data point.
        learning_rate: η > 0.
        steps: How many steps are taken, ≥ 0.
        features: The m data points, shape (m, num_features); None if the circuit has no data gates.
        angles: θ(0), shape (L,) or (N, L); drawn uniform on [0, 2π) if None (default).
        rng: Where they are drawn from; needed without ``angles``.
        initialisations: How many are drawn; 1 by default.
        loss: "sum" (default) for Σr²/2, "mean" for Σr²/2m.
        record_every: Curves have the steps 0, record_every, 2 record_every, …; 10 by default. λ costs as much
            as two steps.
        progress: Called with the number of steps finished since its last call.
        warn: Called before the first step with each warning, which the run also carries.
        checkpoint: A file to go on from if it is there, and to keep; none by default. The run may be longer
            than the one that wrote it.
        checkpoint_every: How many steps lie between two writings of it; 100 by default.

    Returns:
        The run.

    Raises:
        InputError: If an argument is out of range, a shape does not fit, the kernel of every initialisation vanishes
            to within rounding, or the checkpoint is damaged, of another problem or further than ``steps``.
        CostError: If the run would turn more than 10^12 amplitudes, some days, or take more than 4 GiB.
        InputTypeError: If an argument is of the wrong kind.
        OutputError: If the checkpoint cannot be written.

    Examples:
        One angle, z = cos 2θ, towards −1:

        >>> from haarqntk.training import Observable, ParametrisedCircuit, PauliRotation
        >>> circuit = ParametrisedCircuit(1, (PauliRotation("X", parameter=0),))
        >>> run = train(circuit, Observable.pauli("Z"), -1, learning_rate=0.1, steps=20, angles=[1.0])
        >>> run.steps, run.losses[:, 0].round(3)
        (array([ 0, 10, 20]), array([0.17 , 0.005, 0.002]))

    Reference:
        [liu2023] Eqs. 5–7; derivation 15.
    """
    check_pair(circuit, observable)
    problem = _Problem.of(
        circuit,
        observable,
        targets,
        features,
        _initial_angles(circuit, angles, rng, initialisations),
        real_number("learning_rate", learning_rate, positive=True),
        loss,
        integer("record_every", record_every, at_least=1),
    )
    steps = integer("steps", steps, at_least=0)
    every = integer("checkpoint_every", checkpoint_every, at_least=1)
    _check_cost(problem, steps)
    _, J = problem.evaluate(problem.initial_angles)
    initial_kernels = kernel_matrix(J)
    if steps and vanishing_kernel(initial_kernels, circuit, observable):
        raise InputError(NO_KERNEL)
    warnings = check_step_size(initial_kernels, problem.learning_rate, loss=loss)
    if warn is not None:
        for warning in warnings:
            warn(warning)
    path = _path(checkpoint)
    theta, z, J, curves = _descend(problem, steps, path, every, progress)
    return TrainingRun(
        key=problem.key,
        learning_rate=problem.learning_rate,
        loss=loss,
        targets=problem.targets,
        steps=np.arange(0, steps + 1, problem.record_every),
        initial_angles=problem.initial_angles,
        initial_kernels=initial_kernels,
        final_step=steps,
        final_angles=theta,
        final_outputs=z,
        final_kernels=kernel_matrix(J),
        warnings=warnings,
        **{name: np.array(values) for name, values in curves.items()},
    )


def _descend(
    problem: _Problem, steps: int, path: Path | None, every: int, progress: Callable[[int], object] | None
) -> tuple[Real, Real, Real, dict[str, list[Real]]]:
    """Return the angles after the last step, z and the Jacobian there, and the curves."""
    step, theta, curves = problem.begin(path, steps)
    if progress is not None and step:
        progress(step)
    while True:
        z, J = problem.evaluate(theta)
        if step == len(curves["outputs"]) * problem.record_every:
            for name, values in problem.record(theta, z, J).items():
                curves[name].append(values)
        if step == steps:
            return theta, z, J, curves
        theta = problem.step(theta, z, J)
        step += 1
        if path is not None and (step % every == 0 or step == steps):
            problem.save(path, step, theta, curves)
        if progress is not None:
            progress(1)


@dataclass(frozen=True, eq=False)
class _Problem:
    circuit: ParametrisedCircuit
    observable: Observable
    targets: Real
    points: Real
    initial_angles: Real
    learning_rate: float
    loss: str
    record_every: int

    @classmethod
    def of(
        cls,
        circuit: ParametrisedCircuit,
        observable: Observable,
        targets: ArrayLike,
        features: ArrayLike | None,
        *rest: Any,
    ) -> _Problem:
        points = checked_points(circuit, features)
        wanted = real_array("targets", targets)
        wanted = wanted.reshape(1) if wanted.ndim == 0 else wanted
        if wanted.shape != (len(points),):
            raise InputError(
                f"targets must have one entry for each of the {len(points)} data points, got the shape "
                f"{wanted.shape}"
            )
        problem = cls(circuit, observable, wanted, points, *rest)
        checked_inputs(circuit, observable, problem.initial_angles, features)
        loss_weight(problem.loss, len(points))
        return problem

    @functools.cached_property
    def key(self) -> str:
        """Return a hash of all that determines the run but its length."""
        digest = hashlib.sha256(
            f"{self.circuit.key()} {self.observable.key()} {self.learning_rate.hex()} {self.loss} "
            f"{self.record_every}".encode()
        )
        for array in (self.targets, self.points, self.initial_angles):
            digest.update(f" {array.shape} ".encode() + array.tobytes())
        return digest.hexdigest()

    def begin(self, path: Path | None, steps: int) -> tuple[int, Real, dict[str, list[Real]]]:
        """Return the step, the angles and the curves to go on from; claim the file of the checkpoint."""
        arrays = None if path is None else load_checkpoint(path, self.key)
        if arrays is None:
            curves: dict[str, list[Real]] = {name: [] for name in _CURVES}
            if path is not None:
                self.save(path, 0, self.initial_angles, curves)
            return 0, self.initial_angles, curves
        step = int(arrays["step"])
        if step > steps:
            raise InputError(
                f"steps must be at least {step}, where the checkpoint {path} is, got {steps}; "
                "ask for more steps, or choose another file"
            )
        return step, arrays["angles"], {name: list(arrays[name]) for name in _CURVES}

    def save(self, path: Path, step: int, theta: Real, curves: dict[str, list[Real]]) -> None:
        arrays = {name: np.array(values) for name, values in curves.items()}
        save_checkpoint(path, self.key, {"step": np.array(step), "angles": theta, **arrays})

    def evaluate(self, theta: Real) -> tuple[Real, Real]:
        """Outputs and Jacobian, shapes (N, m) and (N, m, L)."""
        return _sweeps.outputs_and_jacobian(compiled(self.circuit), self.observable, theta, self.points)

    def step(self, theta: Real, z: Real, J: Real) -> Real:
        """Return the angles after one step."""
        weight = loss_weight(self.loss, len(self.targets))
        gradient = ((z - self.targets)[:, np.newaxis] @ J)[:, 0]
        moved: Real = theta - self.learning_rate * weight * gradient
        return moved

    def record(self, theta: Real, z: Real, J: Real) -> dict[str, Real]:
        """Return what the curves get at these angles."""
        mu = _sweeps.second_derivatives_along(compiled(self.circuit), self.observable, theta, self.points, J)
        own = np.square(J).sum(axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            relative = np.where(own > 0, mu / own, math.nan)
        maxima = np.linalg.eigvalsh(kernel_matrix(J))[:, -1]
        displacement = np.linalg.norm(theta - self.initial_angles, axis=1)
        return dict(zip(_CURVES, (z, own.sum(axis=-1), maxima, relative, displacement), strict=True))


def _path(checkpoint: str | Path | None) -> Path | None:
    if checkpoint is not None and not isinstance(checkpoint, str | os.PathLike):
        raise InputTypeError(f"checkpoint must be a path or None, got {checkpoint!r}; pass a str or Path")
    return None if checkpoint is None else Path(checkpoint)


def _check_cost(problem: _Problem, steps: int) -> None:
    """A step turns the states of every gate, point and initialisation; curves, Jacobians and kernels are kept."""
    (N, L), m = problem.initial_angles.shape, len(problem.points)
    records = steps // problem.record_every + 1
    step = max(1, len(problem.circuit.gates)) * max(_LEAST, 2**problem.circuit.num_qubits * m * N)
    if (work := step * (steps + 2 * records)) > LARGEST_WORK:
        most = LARGEST_WORK * problem.record_every // (step * (problem.record_every + 2))
        raise CostError(
            f"steps must be at most {most} for {m} points and {N} initialisations of this circuit, got {steps}: "
            f"{work:.1e} amplitudes would be turned, some days at {LARGEST_WORK:.0e}"
        )
    per_initialisation = 8 * (records * (2 * m + 3) + 3 * m * (L + m) + 4 * L)
    if N * per_initialisation > _MEMORY:
        raise CostError(
            f"initialisations must be at most {_MEMORY // per_initialisation} for {m} points and {records} records, "
            f"got {N}: {N * per_initialisation / 2**30:.3g} GiB; raise record_every, or take fewer points or steps"
        )


def _initial_angles(
    circuit: ParametrisedCircuit,
    angles: ArrayLike | None,
    rng: np.random.Generator | None,
    initialisations: int,
) -> Real:
    if angles is not None:
        theta = real_array("angles", angles)
        if not theta.size and theta.shape[:1] == (0,) and circuit.num_parameters:
            raise InputError(
                f"angles must be those of at least one initialisation, got the shape {theta.shape}"
            )
        return theta.reshape(math.prod(theta.shape[:-1]), theta.shape[-1]) if theta.ndim else theta
    if not isinstance(rng, np.random.Generator):
        raise InputTypeError(
            f"rng must be a numpy.random.Generator unless angles are given, got {rng!r}; "
            "pass numpy.random.default_rng(seed)"
        )
    count = integer("initialisations", initialisations, at_least=1)
    if count > (most := _MEMORY // (8 * max(1, circuit.num_parameters))):
        raise CostError(f"initialisations must be at most {most} for this circuit, got {count}; take fewer")
    return random_angles(count, circuit.num_parameters, rng)
