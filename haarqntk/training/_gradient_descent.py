"""Gradient descent, θ ← θ − η w Σ_δ r_δ ∂z_δ/∂θ, from several initialisations at once; a killed run goes on.

All randomness is in the initial angles. A step is a function of the angles before it, and a checkpoint holds
these angles and the curves so far to the bit: a run that is stopped anywhere and started again is the same run.
Its file is a line that says what it is, the hash of all that follows, and an npz archive read without pickle; it is
replaced as a whole, and refused unless it is whole and of this problem.
"""

from __future__ import annotations

import functools
import hashlib
import io
import math
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import real_array, write_whole
from haarqntk.checks import callback, generator, integer, real_number
from haarqntk.errors import CostError, InputError, InputTypeError, OutputError
from haarqntk.montecarlo import random_angles
from haarqntk.training import _sweeps
from haarqntk.training._derivatives import kernel_matrix
from haarqntk.training._observable import Model
from haarqntk.training._run import TrainingRun, check_step_size, loss_weight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike, NDArray

    from haarqntk.training._circuit import ParametrisedCircuit
    from haarqntk.training._observable import Observable

    Real = NDArray[np.float64]
    Curves = dict[str, list[Real]]
    Progress = Callable[[int], object]

LARGEST_WORK = 10**12  # amplitudes turned: some days
_LEAST = 500  # amplitudes that turn in the time of a call
_MEMORY = 2**32
_CURVES = ("outputs", "kernel_traces", "kernel_maxima", "relative_meta_kernels", "displacements")
_HEAD = b"haarqntk training checkpoint 1\n"
_DIGEST = 64  # hexadecimal digits of SHA-256


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
    model = Model(circuit, observable, features)
    theta, _ = model.settings(_initial_angles(circuit, angles, rng, initialisations))
    wanted, m = np.atleast_1d(real_array("targets", targets)), len(model.points)
    if wanted.shape != (m,):
        raise InputError(
            f"targets must have one entry for each of the {m} data points, got the shape {wanted.shape}"
        )
    rate = real_number("learning_rate", learning_rate, positive=True)
    stride = integer("record_every", record_every, at_least=1)
    problem = _Problem(model, wanted, theta, rate, loss, stride)
    steps = integer("steps", steps, at_least=0)
    every = integer("checkpoint_every", checkpoint_every, at_least=1)
    if checkpoint is not None and not isinstance(checkpoint, str | os.PathLike):
        raise InputTypeError(f"checkpoint must be a path or None, got {checkpoint!r}; pass a str or Path")
    callback("progress", progress)
    callback("warn", warn, "one text")
    problem.check_cost(steps)
    initial_kernels = kernel_matrix(_sweeps.outputs_and_jacobian(model, theta)[1])
    if steps:
        model.check_kernels(initial_kernels)
    warnings = check_step_size(initial_kernels, rate, loss=loss)
    if warn is not None:
        for warning in warnings:
            warn(warning)
    path = None if checkpoint is None else Path(checkpoint)
    final, z, J, curves = problem.descend(steps, path, every, progress)
    return TrainingRun(
        key=problem.key,
        learning_rate=rate,
        loss=loss,
        targets=wanted,
        steps=np.arange(0, steps + 1, stride),
        initial_angles=theta,
        initial_kernels=initial_kernels,
        final_step=steps,
        final_angles=final,
        final_outputs=z,
        final_kernels=kernel_matrix(J),
        warnings=warnings,
        **{name: np.array(values) for name, values in curves.items()},
    )


def _initial_angles(
    circuit: ParametrisedCircuit, angles: ArrayLike | None, rng: object, initialisations: int
) -> Real:
    """θ(0) of every initialisation, given or drawn; of one if they have one axis."""
    if angles is None:
        drawn_from = generator(rng, unless=" unless angles are given")
        count = integer("initialisations", initialisations, at_least=1)
        if count > (most := _MEMORY // (8 * max(1, circuit.num_parameters))):
            raise CostError(
                f"initialisations must be at most {most} for this circuit, got {count}; take fewer"
            )
        return random_angles(count, circuit.num_parameters, drawn_from)
    theta = real_array("angles", angles)
    if not theta.size and theta.shape[:1] == (0,) and circuit.num_parameters:
        raise InputError(f"angles must be those of at least one initialisation, got the shape {theta.shape}")
    return theta


@dataclass(frozen=True, eq=False)
class _Problem:
    """All that determines a run but its length."""

    model: Model
    targets: Real
    initial_angles: Real
    learning_rate: float
    loss: str
    record_every: int

    @functools.cached_property
    def key(self) -> str:
        """Its hash."""
        model, rate = self.model, self.learning_rate.hex()
        values = f"{model.circuit.key()} {model.observable.key()} {rate} {self.loss} {self.record_every}"
        digest = hashlib.sha256(values.encode())
        for array in (self.targets, model.points, self.initial_angles):
            digest.update(f" {array.shape} ".encode() + array.tobytes())
        return digest.hexdigest()

    def check_cost(self, steps: int) -> None:
        """A step turns the states of every gate, point and initialisation; curves, Jacobians and kernels are kept."""
        circuit, (N, L), m = self.model.circuit, self.initial_angles.shape, len(self.targets)
        records = steps // self.record_every + 1
        step = max(1, len(circuit.gates)) * max(_LEAST, 2**circuit.num_qubits * m * N)
        if (work := step * (steps + 2 * records)) > LARGEST_WORK:
            most = LARGEST_WORK * self.record_every // (step * (self.record_every + 2))
            raise CostError(
                f"steps must be at most {most} for {m} points and {N} initialisations of this circuit, got {steps}: "
                f"{work:.1e} amplitudes would be turned, some days at {LARGEST_WORK:.0e}"
            )
        each = 8 * (records * (2 * m + 3) + 3 * m * (L + m) + 4 * L)
        if N * each > _MEMORY:
            raise CostError(
                f"initialisations must be at most {_MEMORY // each} for {m} points and {records} records, "
                f"got {N}: {N * each / 2**30:.3g} GiB; raise record_every, or take fewer points or steps"
            )

    def descend(
        self, steps: int, path: Path | None, every: int, progress: Progress | None
    ) -> tuple[Real, Real, Real, Curves]:
        """Return the angles after the last step, z and the Jacobian there, and the curves."""
        rate = self.learning_rate * loss_weight(self.loss, len(self.targets))
        step, theta, curves = self._begin(path, steps)
        if progress is not None and step:
            progress(step)
        while True:
            z, J = _sweeps.outputs_and_jacobian(self.model, theta)
            if step == len(curves["outputs"]) * self.record_every:
                for name, values in zip(_CURVES, self._recorded(theta, z, J), strict=True):
                    curves[name].append(values)
            if step == steps:
                return theta, z, J, curves
            theta = theta - rate * ((z - self.targets)[:, np.newaxis] @ J)[:, 0]
            step += 1
            if path is not None and (step % every == 0 or step == steps):
                self._save(path, step, theta, curves)
            if progress is not None:
                progress(1)

    def _recorded(self, theta: Real, z: Real, J: Real) -> Iterator[NDArray[Any]]:
        """What the curves get at these angles, in their order."""
        mu = _sweeps.second_derivatives_along(self.model, theta, J)
        own = np.square(J).sum(axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            relative = np.where(own > 0, mu / own, math.nan)
        yield z
        yield own.sum(axis=-1)
        yield np.linalg.eigvalsh(kernel_matrix(J))[:, -1]
        yield relative
        yield np.linalg.norm(theta - self.initial_angles, axis=1)

    def _begin(self, path: Path | None, steps: int) -> tuple[int, Real, Curves]:
        """The step, the angles and the curves to go on from; claims the file of the checkpoint."""
        arrays = None if path is None else load_checkpoint(path, self.key)
        if arrays is None:
            curves: Curves = {name: [] for name in _CURVES}
            if path is not None:
                self._save(path, 0, self.initial_angles, curves)
            return 0, self.initial_angles, curves
        if (step := int(arrays["step"])) > steps:
            raise InputError(
                f"steps must be at least {step}, where the checkpoint {path} is, got {steps}; "
                "ask for more steps, or choose another file"
            )
        return step, arrays["angles"], {name: list(arrays[name]) for name in _CURVES}

    def _save(self, path: Path, step: int, theta: Real, curves: Curves) -> None:
        """Replace the checkpoint; the file before is kept if it cannot be written."""
        if not path.parent.is_dir():
            raise OutputError(
                f"checkpoint must be a file in a folder that exists, got {path}; make the folder, or choose another"
            )
        arrays: dict[str, Any] = {name: np.array(values) for name, values in curves.items()}
        stream = io.BytesIO()
        np.savez(
            stream, allow_pickle=False, key=np.array(self.key), step=np.array(step), angles=theta, **arrays
        )
        write_whole(path, _with_head(stream.getvalue()))


def _with_head(payload: bytes) -> bytes:
    return _HEAD + hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload


def load_checkpoint(path: Path, key: str) -> dict[str, NDArray[Any]] | None:
    """Return the arrays of the file, or None if there is none; what is no whole checkpoint of this problem is kept."""

    def refused(rule: str, got: str, cure: str) -> InputError:
        return InputError(f"checkpoint must {rule}, got {path}{got}; {cure}")

    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refused("be a file that can be read", f": {error.strerror}", "choose another") from None
    if not data.startswith(_HEAD):
        rule, got = "be a file that a training run wrote", ", which is none"
        raise refused(rule, got, "it is left as it is: choose another")
    payload = data[len(_HEAD) + _DIGEST + 1 :]
    if data != _with_head(payload):
        cure = "it is left as it is: restore it, or choose another file"
        raise refused("be whole", ", which is damaged", cure)
    try:
        with np.load(io.BytesIO(payload), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        found = str(arrays.pop("key"))
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise refused("hold arrays", f": {error}", "choose another file") from None
    if found != key:
        cure = "choose another file, or the circuit, data, learning rate, stride and seed that it was written with"
        raise refused(f"belong to this problem, {key[:12]}", f" of the problem {found[:12]}", cure)
    return arrays
