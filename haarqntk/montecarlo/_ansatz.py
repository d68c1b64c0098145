"""The ansatz of the letter as it was simulated: circuits and an observable drawn once and then fixed.

    U(θ) = W_1 e^{iθ_1P_1} … W_L e^{iθ_LP_L},    O = Σ_j c_j P̃_j,

with Haar W_l, Pauli strings P_l and P̃_j uniform among all 4ⁿ and c_j uniform in (0, 1); only the angles are
random then, uniform on [0, 2π). That is an average of another kind than the exact one, which is over the W_l
and P_l as well; ``fresh_*`` draw the latter on circuits of the same shape. Layer L acts on the input first.

Reference: [liu2023] Eq. 20 for the ansatz, Eq. 7 for the training.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.errors import InputError
from haarqntk.montecarlo._batched import (
    Circuits,
    gradients,
    outputs_and_gradients,
    pauli_strings,
    random_circuits,
    random_generators,
    random_unitaries,
)
from haarqntk.montecarlo._quantities import ENSEMBLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]
    Progress = Callable[[int], object]

_NUM_TERMS = 10
_BLOCK = 100  # circuits at a time: some 30 MB at D = 16, L = 64


@dataclass(frozen=True, eq=False)
class PauliSum:
    """O = Σ_j c_j P̃_j on n qubits.

    Args:
        coefficients: c_j.
        strings: P̃_j in letters, such as "XIZY", one letter for each qubit.
    """

    coefficients: tuple[float, ...]
    strings: tuple[str, ...]

    @functools.cached_property
    def matrix(self) -> Complex:
        """O as a matrix, shape (D, D)."""
        num_qubits = len(self.strings[0])
        indices = [
            sum("IXYZ".index(letter) << 2 * qubit for qubit, letter in enumerate(string))
            for string in self.strings
        ]
        matrix: Complex = np.einsum(
            "j,jab->ab", self.coefficients, pauli_strings(num_qubits, np.array(indices))
        )
        return matrix

    @functools.cached_property
    def eigensystem(self) -> tuple[Real, Complex]:
        """The eigenvalues in increasing order, shape (D,), and the eigenvectors as columns, shape (D, D)."""
        values, vectors = np.linalg.eigh(self.matrix)
        return values, vectors


@dataclass(frozen=True, eq=False)
class Ansatz:
    """One draw of the ansatz; the circuit of depth l is made of its first l layers.

    Args:
        blocks: W_1 … W_L, shape (L, D, D).
        generators: P_1 … P_L, shape (L, D, D).
        observable: O.
    """

    blocks: Complex
    generators: Complex
    observable: PauliSum

    def circuits(self, angles: Real) -> Circuits:
        """Return the circuits of the angles, shape (N, l) with l ≤ L.

        They are written in the eigenbases of O and of the generators, P_l = V_l Λ_l V_l†: diagonal generators
        turn vectors without a matrix product.
        """
        N, depth = angles.shape
        L, D = self.blocks.shape[:2]
        if depth > L:
            raise InputError(f"angles must have at most L = {L} columns, got {depth}; draw a deeper ansatz")
        signs, inner, last = self._diagonalised
        segments = np.concatenate([inner[:depth], last[depth - 1 : depth]])
        return Circuits(
            np.broadcast_to(segments, (N, depth + 1, D, D)),
            np.broadcast_to(signs[:depth], (N, depth, D)),
            angles,
        )

    @functools.cached_property
    def _diagonalised(self) -> tuple[Real, Complex, Complex]:
        """Λ_l; V_{l−1}†W_lV_l, where V_0 is the eigenbasis of O; V_l†: for l = 1 … L."""
        signs, bases = np.linalg.eigh(self.generators)
        back = bases.conj().swapaxes(1, 2)
        _, vectors = self.observable.eigensystem
        before = np.concatenate([vectors.conj().T[np.newaxis], back[:-1]])
        return signs.round(), before @ self.blocks @ bases, back  # the eigenvalues are ±1


@dataclass(frozen=True, eq=False)
class Training:
    """Gradient descent on ε²/2 from several initialisations.

    Args:
        residuals: ε(t), shape (steps + 1, N).
        kernels: K(t), shape (steps + 1, N).
    """

    residuals: Real
    kernels: Real


def random_pauli_sum(num_qubits: int, rng: np.random.Generator) -> PauliSum:
    """Return a sum of ten Pauli strings, uniform among all 4ⁿ, with coefficients uniform in (0, 1)."""
    coefficients = 1 - rng.random(_NUM_TERMS)  # random() can be 0, and never 1
    letters = rng.integers(4, size=(_NUM_TERMS, num_qubits))
    return PauliSum(tuple(coefficients.tolist()), tuple("".join("IXYZ"[i] for i in row) for row in letters))


def random_ansatz(num_qubits: int, L: int, rng: np.random.Generator) -> Ansatz:
    """Return one draw of the blocks, the generators and the observable.

    Examples:
        >>> ansatz = random_ansatz(2, 6, np.random.default_rng(1))
        >>> ansatz.blocks.shape, len(ansatz.observable.strings)
        ((6, 4, 4), 10)
    """
    D = 2**num_qubits
    observable = random_pauli_sum(num_qubits, rng)
    return Ansatz(random_unitaries(D, L, rng), random_generators(D, L, rng, with_identity=True), observable)


def fixed_kernels(ansatz: Ansatz, num_inputs: int, angles: Real, progress: Progress | None = None) -> Real:
    """Return K_δδ' = Σ_l ∂_l z_δ ∂_l z_δ' of one draw of the ansatz, shape (N, P, P).

    Args:
        ansatz: The draw.
        num_inputs: P; the inputs are the first P vectors of the computational basis.
        angles: The N angles of the first l layers, shape (N, l), in radians.
        progress: Called with the number of circuits finished since its last call.
    """
    eigenvalues, vectors = ansatz.observable.eigensystem
    inputs = np.eye(num_inputs, len(vectors))
    kernels = np.empty((len(angles), num_inputs, num_inputs))
    for start in range(0, len(angles), _BLOCK):
        part = slice(start, start + _BLOCK)
        circuits = ansatz.circuits(angles[part])
        kernels[part] = _kernels(gradients(circuits, inputs, eigenvalues[np.newaxis]))
        _report(progress, len(circuits.angles))
    return kernels


def fresh_kernels(
    observable: PauliSum,
    num_inputs: int,
    *,
    depths: Sequence[int],
    count: int,
    rng: np.random.Generator,
    progress: Progress | None = None,
    has_input_block: bool = False,
) -> Real:
    """Return K_δδ' with blocks, generators and angles drawn anew each time, shape (depths, count, P, P).

    The depths share their draws: each uses the first layers of one deepest circuit.

    Args:
        observable: O; its spectrum alone matters.
        num_inputs: P; the inputs are the first P vectors of the computational basis.
        depths: The depths.
        count: How many circuits are drawn.
        rng: Where they are drawn from.
        progress: Called with the number of circuits finished since its last call.
        has_input_block: Whether a Haar unitary acts on the inputs before layer L; the letter has none.
    """
    eigenvalues, _ = observable.eigensystem
    D, deepest = len(eigenvalues), max(depths)
    inputs = np.eye(num_inputs, D)
    ensemble = ENSEMBLES["prl_ansatz_with_input_block" if has_input_block else "prl_ansatz"]
    kernels = np.empty((len(depths), count, num_inputs, num_inputs))
    for start in range(0, count, _BLOCK):
        size = min(_BLOCK, count - start)
        drawn = random_circuits(D, deepest, size, rng, ensemble=ensemble)
        for place, depth in enumerate(depths):
            segments = np.concatenate([drawn.segments[:, :depth], drawn.segments[:, deepest:]], axis=1)
            circuits = Circuits(segments, drawn.generators[:, :depth], drawn.angles[:, :depth])
            kernels[place, start : start + size] = _kernels(
                gradients(circuits, inputs, eigenvalues[np.newaxis])
            )
        _report(progress, size)
    return kernels


def train(
    ansatz: Ansatz, angles: Real, *, target: float, rate: float, steps: int, progress: Progress | None = None
) -> Training:
    """Train by gradient descent, θ_l ← θ_l − η ε g_l, from the input |0…0⟩.

    Args:
        ansatz: The draw of the ansatz, which stays fixed.
        angles: The N initial angles, shape (N, l), in radians.
        target: O_0.
        rate: η.
        steps: How many steps are taken.
        progress: Called with 1 after each step.
    """
    eigenvalues, vectors = ansatz.observable.eigensystem
    inputs = np.eye(1, len(vectors))
    residuals, kernels = np.empty((steps + 1, len(angles))), np.empty((steps + 1, len(angles)))
    for step in range(steps + 1):
        z, G = outputs_and_gradients(ansatz.circuits(angles), inputs, eigenvalues[np.newaxis])
        gradient = G[:, 0, 0]
        residuals[step] = z[:, 0, 0] - target
        kernels[step] = np.square(gradient).sum(axis=1)
        angles = angles - rate * residuals[step, :, np.newaxis] * gradient
        _report(progress, 1)
    return Training(residuals, kernels)


def random_angles(count: int, L: int, rng: np.random.Generator) -> Real:
    """Return angles uniform on [0, 2π), shape (count, L)."""
    return rng.uniform(0, 2 * math.pi, size=(count, L))


def _kernels(G: Real) -> Real:
    """K_δδ' = Σ_l ∂_l z_δ ∂_l z_δ', shape (N, P, P), from gradients of one observable."""
    rows = G[:, 0]
    kernels: Real = rows @ rows.swapaxes(1, 2)
    return kernels


def _report(progress: Progress | None, amount: int) -> None:
    if progress is not None:
        progress(amount)
