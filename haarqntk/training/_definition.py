"""The definition: dense matrices by the exponential, derivatives by the shift rule, one gate at a time.

P² = 1 makes an output a + b cos 2α + c sin 2α in the angle α of each gate, so ∂z/∂α = z(α + π/4) − z(α − π/4) holds
exactly; a parameter that several gates share gets the sum over them. The tests sweep the fast route against it.

Reference: [mitarai2018].
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.base import LazyModule
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
    quarters = {gate.string: _exponential(gate.string, math.pi / 4) for gate in circuit.rotations}
    for N, setting in enumerate(angles):
        for m, point in enumerate(features):
            matrices = [_matrix(gate, circuit.num_qubits, setting, point) for gate in circuit.gates]
            z[N, m] = _output(observable, matrices)
            for place, gate in enumerate(circuit.gates):
                if isinstance(gate, PauliRotation) and gate.parameter is not None:
                    quarter = quarters[gate.string]
                    up, down = (
                        _output(observable, [*matrices[:place], turn, *matrices[place:]])
                        for turn in (quarter, quarter.conj().T)
                    )
                    jacobian[N, m, gate.parameter] += gate.scale * (up - down)
    return z, jacobian


def _output(observable: Observable, matrices: list[Complex]) -> float:
    state = np.zeros(len(observable.matrix), dtype=np.complex128)
    state[0] = 1
    for matrix in matrices:
        state = matrix @ state
    return float((state.conj() @ observable.matrix @ state).real)


def _exponential(string: str, alpha: float) -> Complex:
    exponential: Complex = linalg.expm(1j * alpha * PauliSum((1.0,), (string,)).matrix)
    return exponential


def _matrix(gate: PauliRotation | FixedGate, num_qubits: int, angles: Real, point: Real) -> Complex:
    if isinstance(gate, PauliRotation):
        value = point[gate.feature] if gate.parameter is None else angles[gate.parameter]
        return _exponential(gate.string, gate.scale * float(value))
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
