"""The ansatz of the letter as it was simulated: gates and an observable drawn once and then fixed.

    U(θ) = W_1 e^{iθ_1P_1} … W_L e^{iθ_LP_L},    O = Σ_j c_j P̃_j,

with Haar W_l, Pauli strings P_l and P̃_j uniform among all 4ⁿ and c_j uniform in (0, 1); only the angles are
random then, uniform on [0, 2π). That is an average of another kind than the exact one, which is over the W_l
and P_l as well; ``fresh_kernels`` draws the latter on circuits of the same shape. Layer L acts on the input first.

Reference: [liu2023] Eq. 20.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.montecarlo._batched import (
    Circuits,
    gradients,
    pauli_strings,
    random_circuits,
    random_unitaries,
)
from haarqntk.montecarlo._quantities import ENSEMBLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

_LETTERS = "IXYZ"
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
        indices = [
            sum(_LETTERS.index(letter) << 2 * qubit for qubit, letter in enumerate(string))
            for string in self.strings
        ]
        terms = pauli_strings(len(self.strings[0]), np.array(indices))
        return np.asarray(np.einsum("j,jab->ab", self.coefficients, terms))

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
        strings: P_1 … P_L in letters.
        observable: O.
    """

    blocks: Complex
    strings: tuple[str, ...]
    observable: PauliSum


def random_pauli_sum(num_qubits: int, rng: np.random.Generator) -> PauliSum:
    """Return a sum of ten Pauli strings, uniform among all 4ⁿ, with coefficients uniform in (0, 1)."""
    coefficients = 1 - rng.random(_NUM_TERMS)  # random() can be 0, and never 1
    letters = rng.integers(4, size=(_NUM_TERMS, num_qubits))
    return PauliSum(tuple(coefficients.tolist()), tuple("".join(_LETTERS[i] for i in row) for row in letters))


def random_ansatz(num_qubits: int, L: int, rng: np.random.Generator) -> Ansatz:
    """Return one draw of the blocks, the generators and the observable.

    Examples:
        >>> ansatz = random_ansatz(2, 6, np.random.default_rng(1))
        >>> ansatz.blocks.shape, ansatz.strings[0], len(ansatz.observable.strings)
        ((6, 4, 4), 'IY', 10)
    """
    observable, blocks = random_pauli_sum(num_qubits, rng), random_unitaries(2**num_qubits, L, rng)
    indices = rng.integers(4**num_qubits, size=L)  # two bits for each letter, the lowest for the first
    strings = ("".join(_LETTERS[i >> 2 * qubit & 3] for qubit in range(num_qubits)) for i in indices.tolist())
    return Ansatz(blocks, tuple(strings), observable)


def fresh_kernels(
    observable: PauliSum,
    num_inputs: int,
    *,
    depths: Sequence[int],
    count: int,
    rng: np.random.Generator,
    progress: Callable[[int], object] | None = None,
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
    ensemble = ENSEMBLES["prl_ansatz_with_input_block" if has_input_block else "prl_ansatz"]
    kernels = np.empty((len(depths), count, num_inputs, num_inputs))
    for start in range(0, count, _BLOCK):
        size = min(_BLOCK, count - start)
        drawn = random_circuits(D, deepest, size, rng, ensemble=ensemble)
        for place, depth in enumerate(depths):
            segments = np.concatenate([drawn.segments[:, :depth], drawn.segments[:, deepest:]], axis=1)
            circuits = Circuits(segments, drawn.generators[:, :depth], drawn.angles[:, :depth])
            rows = gradients(circuits, np.eye(num_inputs, D), eigenvalues[np.newaxis])[:, 0]
            kernels[place, start : start + size] = rows @ rows.swapaxes(1, 2)
        if progress is not None:
            progress(size)
    return kernels


def random_angles(count: int, L: int, rng: np.random.Generator) -> Real:
    """Return angles uniform on [0, 2π), shape (count, L)."""
    return rng.uniform(0, 2 * math.pi, size=(count, L))
