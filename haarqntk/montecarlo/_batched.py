"""The fast route: many circuits of the ``segments`` ensemble at once, as NumPy arrays.

A gradient takes two sweeps of vectors through the circuit, whatever L is. With |φ_l⟩ the state right after
layer l and ⟨χ_l| = ⟨ψ|U†O · (all that acts after layer l),

    ∂z/∂θ_l = 2 Re ⟨χ_l| iX_l |φ_l⟩,

kets go through U from right to left and are kept; bras then come back from left to right. The tests hold
the result equal to the shift rule of the reference route, circuit by circuit.

Reference: [Mezzadri2007] for the phases without which QR is not Haar; SciPy's sampler has them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import unitary_group

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Complex = NDArray[np.complex128]

_PAULIS = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128
)


@dataclass(frozen=True, eq=False)
class Circuits:
    """N circuits U = S_0 e^{iθ_1X_1} S_1 … e^{iθ_LX_L} S_L, stacked along the first axis.

    Args:
        segments: Unitaries S_0 … S_L, shape (N, L + 1, D, D).
        generators: Involutions X_1 … X_L, shape (N, L, D, D).
        angles: θ_1 … θ_L in radians, shape (N, L).
    """

    segments: Complex
    generators: Complex
    angles: NDArray[np.float64]


def gradients(
    circuits: Circuits, inputs: NDArray[np.float64], observables: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return ∂z/∂θ_l for every circuit, observable, input and layer, of shape (N, A, P, L).

    Args:
        circuits: The N circuits.
        inputs: The P input vectors, shape (P, D).
        observables: The diagonals of the A observables, shape (A, D).

    Examples:
        One qubit without segments, O = Z and X the Pauli matrix: z = cos 2θ.

        >>> one, X = np.eye(2), np.array([[0, 1], [1, 0]])
        >>> circuit = Circuits(np.array([[one, one]]), np.array([[X]]), np.array([[math.pi / 4]]))
        >>> gradients(circuit, np.array([[1.0, 0.0]]), np.array([[1.0, -1.0]])).round(12)
        array([[[[-2.]]]])
    """
    S, X = circuits.segments, circuits.generators
    (N, L), (A, D), P = circuits.angles.shape, observables.shape, len(inputs)
    cos = np.cos(circuits.angles)[..., np.newaxis, np.newaxis]
    i_sin = 1j * np.sin(circuits.angles)[..., np.newaxis, np.newaxis]
    flipped = np.empty((L, N, D, P), dtype=np.complex128)  # X_l|φ_l⟩
    ket = S[:, L] @ inputs.T
    for layer in reversed(range(L)):
        before = X[:, layer] @ ket
        flipped[layer] = cos[:, layer] * before + i_sin[:, layer] * ket  # X e^{iθX} = X cos θ + i sin θ
        ket = S[:, layer] @ (cos[:, layer] * ket + i_sin[:, layer] * before)
    G = np.empty((N, A, P, L))
    weighted = ket.conj()[:, np.newaxis] * observables[:, :, np.newaxis]  # (N, A, D, P)
    bra = weighted.swapaxes(2, 3).reshape(N, A * P, D)
    for layer in range(L):
        bra = bra @ S[:, layer]
        G[..., layer] = -2 * np.einsum("napd,ndp->nap", bra.reshape(N, A, P, D), flipped[layer]).imag
        bra = cos[:, layer] * bra + i_sin[:, layer] * (bra @ X[:, layer])
    return G


def random_unitaries(D: int, count: int, rng: np.random.Generator) -> Complex:
    """Return ``count`` independent Haar unitaries, shape (count, D, D)."""
    unitaries: Complex = unitary_group.rvs(D, size=count, random_state=rng)
    return unitaries.reshape(count, D, D)  # SciPy drops the first axis when count is 1


def random_generators(D: int, count: int, rng: np.random.Generator) -> Complex:
    """Return ``count`` traceless involutions, shape (count, D, D).

    For D = 2ⁿ each is one of the 4ⁿ − 1 non-identity Pauli strings, each as likely. For other even D all are
    σ_z ⊗ 1: between Haar segments only the spectrum of a generator matters.
    """
    if D & (D - 1):
        signs = np.repeat([1.0 + 0j, -1.0], D // 2)
        return np.broadcast_to(np.diag(signs), (count, D, D))
    num_qubits = D.bit_length() - 1
    indices = rng.integers(1, 4**num_qubits, size=count)
    strings = np.ones((count, 1, 1), dtype=np.complex128)
    for qubit in range(num_qubits):
        letters = _PAULIS[indices >> 2 * qubit & 3]
        size = 2 ** (qubit + 1)
        strings = np.einsum("nij,nkl->nikjl", strings, letters).reshape(count, size, size)
    return strings


def random_circuits(D: int, L: int, count: int, rng: np.random.Generator) -> Circuits:
    """Return ``count`` independent circuits of the ``segments`` ensemble, angles uniform on [0, 2π)."""
    return Circuits(
        random_unitaries(D, count * (L + 1), rng).reshape(count, L + 1, D, D),
        random_generators(D, count * L, rng).reshape(count, L, D, D),
        rng.uniform(0, 2 * math.pi, size=(count, L)),
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
    return gradients(random_circuits(D, L, count, rng), inputs, observables)
