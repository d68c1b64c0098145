"""The reference route: circuits of the ``segments`` ensemble as on paper, made of QuTiP objects.

Nothing here is fast. Derivatives come from outputs alone, by the shift rule: X² = 1 makes an output
a + b cos 2θ + c sin 2θ in each of its angles, for which

    ∂z/∂θ = z(θ + π/4) − z(θ − π/4)

holds exactly. Every object has the dims of one space of dimension D, also where D = 2ⁿ stands for n qubits.

Reference: [Mitarai2018] for the shift rule, [Mezzadri2007] for the Haar sampler inside ``rand_unitary``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import qutip

from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Circuit:
    """U = S_0 e^{iθ_1X_1} S_1 … e^{iθ_LX_L} S_L; S_L acts on the state first.

    Args:
        segments: The L + 1 unitaries S_0 … S_L, operators with dims [[D], [D]].
        generators: The L operators X_1 … X_L with X² = 1, same dims.
        angles: The L angles θ_1 … θ_L in radians.

    Raises:
        InputError: If the three lengths do not fit.
    """

    segments: tuple[qutip.Qobj, ...]
    generators: tuple[qutip.Qobj, ...]
    angles: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.segments) - 1 == len(self.generators) == len(self.angles):
            raise InputError(
                "a circuit must have L + 1 segments, L generators and L angles, got "
                f"{len(self.segments)}, {len(self.generators)} and {len(self.angles)}"
            )

    def output(
        self, state: qutip.Qobj, observable: qutip.Qobj, angles: Sequence[float] | None = None
    ) -> float:
        """Return z = ⟨ψ|U†OU|ψ⟩.

        Args:
            state: The normalised ket |ψ⟩, dims [[D], [1]].
            observable: The Hermitian operator O, dims [[D], [D]].
            angles: L angles in radians that replace the circuit's own.
        """
        thetas = self.angles if angles is None else angles
        ket = self.segments[-1] @ state
        for S, X, theta in zip(self.segments[-2::-1], self.generators[::-1], thetas[::-1], strict=True):
            ket = math.cos(theta) * ket + 1j * math.sin(theta) * (X @ ket)
            ket = S @ ket
        return float(qutip.expect(observable, ket))


def derivative(circuit: Circuit, state: qutip.Qobj, observable: qutip.Qobj, *layers: int) -> float:
    """Return ∂z/∂θ_{layers[0]} ∂θ_{layers[1]} … by the shift rule, once for each layer named.

    A layer may be named several times. Layers count from 0, as the tuple of angles does.

    Args:
        circuit: The circuit, whose angles are where the derivative is taken.
        state: The ket |ψ⟩.
        observable: The operator O.
        layers: One layer in 0 … L−1 for each derivative; none at all gives z itself.

    Examples:
        >>> one = qutip.qeye(2)
        >>> circuit = Circuit((one, one), (qutip.sigmax(),), (math.pi / 12,))  # z = cos 2θ for O = Z
        >>> round(derivative(circuit, qutip.basis(2, 0), qutip.sigmaz(), 0), 12)  # −2 sin 2θ
        -1.0
    """
    total = 0.0
    for signs in itertools.product((1, -1), repeat=len(layers)):
        angles = list(circuit.angles)
        for layer, sign in zip(layers, signs, strict=True):
            angles[layer] += sign * math.pi / 4
        total += math.prod(signs) * circuit.output(state, observable, angles)
    return total


def gradient(circuit: Circuit, state: qutip.Qobj, observable: qutip.Qobj) -> list[float]:
    """Return the L first derivatives ∂z/∂θ_1 … ∂z/∂θ_L."""
    return [derivative(circuit, state, observable, layer) for layer in range(len(circuit.angles))]


def random_generator(D: int, rng: np.random.Generator) -> qutip.Qobj:
    """Return a traceless involution: for D = 2ⁿ one of the 4ⁿ − 1 non-identity Pauli strings, each as likely.

    For other even D it is σ_z ⊗ 1, the same every time: between Haar segments only its spectrum matters.
    """
    if D & (D - 1):
        X = qutip.tensor(qutip.sigmaz(), qutip.qeye(D // 2))
    else:
        num_qubits = D.bit_length() - 1
        index = int(rng.integers(1, 4**num_qubits))
        letters = (qutip.qeye(2), qutip.sigmax(), qutip.sigmay(), qutip.sigmaz())
        X = qutip.tensor([letters[index >> 2 * qubit & 3] for qubit in range(num_qubits)])
    X.dims = [[D], [D]]
    return X


def random_circuit(D: int, L: int, rng: np.random.Generator) -> Circuit:
    """Return one circuit of the ``segments`` ensemble, its angles uniform on [0, 2π)."""
    return Circuit(
        tuple(qutip.rand_unitary(D, seed=rng, distribution="haar") for _ in range(L + 1)),
        tuple(random_generator(D, rng) for _ in range(L)),
        tuple(rng.uniform(0, 2 * math.pi, size=L).tolist()),
    )


def sample_gradients(
    D: int,
    L: int,
    *,
    inputs: NDArray[np.float64],
    observables: NDArray[np.float64],
    count: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the gradients of ``count`` random circuits, of shape (count, A, P, L).

    Args:
        D: Dimension, even.
        L: Number of layers, ≥ 1.
        inputs: The P input vectors, shape (P, D).
        observables: The diagonals of the A observables, shape (A, D).
        count: Number of circuits.
        rng: Where the circuits are drawn from.
    """
    kets = [qutip.Qobj(vector) for vector in inputs]
    operators = [qutip.Qobj(np.diag(spectrum)) for spectrum in observables]
    circuits = (random_circuit(D, L, rng) for _ in range(count))
    return np.array(
        [
            [[gradient(circuit, ket, operator) for ket in kets] for operator in operators]
            for circuit in circuits
        ]
    )
