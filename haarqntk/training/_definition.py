"""The definition: dense matrices by the exponential, derivatives by the shift rule, one gate at a time.

P² = 1 makes an output a + b cos 2α + c sin 2α in the angle α of each gate, so ∂z/∂α = z(α + π/4) − z(α − π/4) holds
exactly; a parameter that several gates share gets the sum over them. The tests sweep the fast route against it.

Reference: [mitarai2018].
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from haarqntk._lazy import LazyModule
from haarqntk.montecarlo import PauliSum
from haarqntk.training._circuit import FixedGate, ParametrisedCircuit, PauliRotation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from haarqntk.training._observable import Observable

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

linalg = LazyModule("scipy.linalg")


def outputs_and_jacobian(
    circuit: ParametrisedCircuit, observable: Observable, angles: Real, features: Real
) -> tuple[Real, Real]:
    """Return z, shape (N, m), and ∂z/∂θ_l, shape (N, m, L)."""
    z = np.empty((len(angles), len(features)))
    jacobian = np.zeros((*z.shape, angles.shape[1]))
    for N, setting in enumerate(angles):
        for m, point in enumerate(features):
            z[N, m] = _output(circuit, observable, setting, point)
            for place, gate in enumerate(circuit.gates):
                if isinstance(gate, PauliRotation) and gate.parameter is not None:
                    up, down = (
                        _output(circuit, observable, setting, point, (place, sign * math.pi / 4))
                        for sign in (1, -1)
                    )
                    jacobian[N, m, gate.parameter] += gate.scale * (up - down)
    return z, jacobian


def _output(
    circuit: ParametrisedCircuit,
    observable: Observable,
    angles: Real,
    point: Real,
    shift: tuple[int, float] = (-1, 0.0),
) -> float:
    state = np.zeros(2**circuit.num_qubits, dtype=np.complex128)
    state[0] = 1
    for place, gate in enumerate(circuit.gates):
        extra = shift[1] if place == shift[0] else 0.0
        state = _matrix(gate, circuit.num_qubits, angles, point, extra) @ state
    return float((state.conj() @ observable.matrix @ state).real)


def _matrix(
    gate: PauliRotation | FixedGate, num_qubits: int, angles: Real, point: Real, extra: float
) -> Complex:
    if isinstance(gate, PauliRotation):
        value = point[gate.feature] if gate.parameter is None else angles[gate.parameter]
        generator = PauliSum((1.0,), (gate.string,)).matrix
        exponential: Complex = linalg.expm(1j * (gate.scale * value + extra) * generator)
        return exponential
    D = 2**num_qubits
    matrix = np.zeros((D, D), dtype=np.complex128)
    bits = [num_qubits - 1 - qubit for qubit in gate.qubits]
    mask = sum(1 << bit for bit in bits)
    for row in range(D):
        for column in range(D):
            if row & ~mask == column & ~mask:
                i, j = (int("".join(str(index >> bit & 1) for bit in bits), 2) for index in (row, column))
                matrix[row, column] = gate.matrix[i, j]
    return matrix
