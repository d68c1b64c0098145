"""Training: the kernel of six qubits, 204 parameters and 100 data points, a thousand steps, and PennyLane's Jacobian.

Run ``python benchmarks/training.py`` with ``pennylane`` and ``pennylane-lightning`` installed; it takes a minute or
two. The circuit is hardware-efficient with 17 layers and data encoded at low frequency, the observable the
magnetisation. Both sides take turns in one process, so that a busy machine slows both. PennyLane gets its tapes
ready-made: what is timed is ``lightning.qubit``'s adjoint Jacobian alone.
"""

from __future__ import annotations

import os
import time
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import pennylane as qml

from haarqntk.training import (
    Observable,
    ParametrisedCircuit,
    PauliRotation,
    hardware_efficient,
    kernel_matrix,
    outputs_and_jacobian,
    train,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

NUM_QUBITS, LAYERS, POINTS, STEPS, REPEATS = 6, 17, 100, 1000, 5
AGREES_WITHIN = 1e-10
ROTATIONS = {"X": qml.RX, "Y": qml.RY, "Z": qml.RZ}


def tape(circuit: ParametrisedCircuit, angles: Real, point: Real) -> Any:
    """Return a circuit of single-qubit rotations and CZ as PennyLane has it: RP(φ) = e^{−iφP/2}, so φ = −2α."""
    operations: list[Any] = []
    trainable = []
    for gate in circuit.gates:
        if isinstance(gate, PauliRotation):
            (wire,) = (qubit for qubit, letter in enumerate(gate.string) if letter != "I")
            value = point[gate.feature] if gate.parameter is None else angles[gate.parameter]
            operations.append(ROTATIONS[gate.string[wire]](-2 * gate.scale * value, wires=wire))
            trainable.append(gate.parameter is not None)
        else:
            operations.append(qml.CZ(wires=gate.qubits))
    spins = qml.dot([1 / NUM_QUBITS] * NUM_QUBITS, [qml.Z(wire) for wire in range(NUM_QUBITS)])
    script = qml.tape.QuantumScript(operations, [qml.expval(spins)])
    script.trainable_params = [place for place, is_trainable in enumerate(trainable) if is_trainable]
    return script


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the time and the result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def main() -> None:
    """Print the times, the ratio and the largest difference."""
    rng = np.random.default_rng(1)
    circuit = hardware_efficient(NUM_QUBITS, LAYERS, encoding="low")
    observable = Observable.magnetisation(NUM_QUBITS)
    points = rng.normal(size=(POINTS, 1))
    targets = np.tanh(points[:, 0]) / 2
    angles = rng.uniform(0, 2 * np.pi, circuit.num_parameters)
    device = qml.device("lightning.qubit", wires=NUM_QUBITS)
    tapes = [tape(circuit, angles, point) for point in points]

    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(REPEATS):
        taken, kernel = seconds(
            lambda: kernel_matrix(outputs_and_jacobian(circuit, observable, angles, points)[1])
        )
        ours.append(taken)
        taken, found = seconds(lambda: device.compute_derivatives(tapes))
        theirs.append(taken)
    other = -2 * np.array([np.ravel(row) for row in found])
    z, jacobian = outputs_and_jacobian(circuit, observable, angles, points)
    largest = float(np.abs(other - jacobian).max())
    print(
        f"{NUM_QUBITS} qubits, {circuit.num_parameters} parameters, {POINTS} data points, {os.cpu_count()} cores"
    )
    print(f"  Jacobian and kernel       {median(ours):8.3f} s  ({min(ours):.3f} … {max(ours):.3f})")
    print(f"  lightning.qubit, adjoint  {median(theirs):8.3f} s  ({min(theirs):.3f} … {max(theirs):.3f})")
    ratios = [other / own for own, other in zip(ours, theirs, strict=True)]
    print(f"  ratio                     {median(ratios):8.1f}    ({min(ratios):.1f} … {max(ratios):.1f})")
    print(
        f"  largest difference of the Jacobians {largest:.1e}, of K {np.abs(other @ other.T - kernel).max():.1e}"
    )
    if largest > AGREES_WITHIN:
        raise SystemExit("the Jacobians differ")

    largest_eigenvalue = float(np.linalg.eigvalsh(kernel)[-1])
    taken, run = seconds(
        lambda: train(
            circuit,
            observable,
            targets,
            learning_rate=1 / largest_eigenvalue,
            steps=STEPS,
            features=points,
            angles=angles,
        )
    )
    print(f"  {STEPS} steps of training    {taken:8.1f} s, curves with λ at every tenth step; ", end="")
    print(
        f"loss {run.losses[0, 0]:.3g} → {run.losses[-1, 0]:.3g}, outputs began at {np.abs(z).max():.2f} at most"
    )


if __name__ == "__main__":
    main()
