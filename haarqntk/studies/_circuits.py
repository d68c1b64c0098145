"""The circuit of the ensemble ``segments``, drawn as one that can be trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.base import LazyModule
from haarqntk.training import FixedGate, ParametrisedCircuit, PauliRotation

if TYPE_CHECKING:
    import numpy as np

stats = LazyModule("scipy.stats")


def segments_circuit(num_qubits: int, layers: int, rng: np.random.Generator) -> ParametrisedCircuit:
    """Draw U = S_0 e^{iθ_1P_1} S_1 … e^{iθ_LP_L} S_L with Haar S_l and P_l uniform among the 4^n − 1 others than 1.

    The segment S_L acts on |0…0⟩ first; parameter l − 1 is θ_l.

    Examples:
        >>> import numpy as np
        >>> segments_circuit(2, 5, np.random.default_rng(1)).num_parameters
        5

    Reference:
        derivations/00_conventions.md.
    """
    D, qubits = 2**num_qubits, tuple(range(num_qubits))
    segments = stats.unitary_group.rvs(D, size=layers + 1, random_state=rng).reshape(
        -1, D, D
    )  # one is not stacked
    gates: list[PauliRotation | FixedGate] = [FixedGate(segments[layers], qubits)]
    for layer, index in reversed(list(enumerate(rng.integers(1, 4**num_qubits, size=layers)))):
        string = "".join("IXYZ"[index >> 2 * qubit & 3] for qubit in range(num_qubits))
        gates += [PauliRotation(string, parameter=layer), FixedGate(segments[layer], qubits)]
    return ParametrisedCircuit(num_qubits, tuple(gates))
