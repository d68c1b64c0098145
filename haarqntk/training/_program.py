"""A circuit as array operations: what each gate does to rows of real numbers.

States are the columns of a real array of shape (2D, columns): the real parts in the first D rows, the
imaginary parts in the last D. For a Pauli string P, iP permutes these rows and changes signs, and nothing else,

    (iPψ)_k = i^{1+y} (−1)^{z·(k⊕x)} ψ_{k⊕x},

with the bits x where P has X or Y, z where it has Z or Y, and y the number of Y; so e^{iαP} = cos α + sin α · iP
takes no matrix, and multiplies no complex numbers. 2 Re⟨χ|iP|φ⟩ is twice the real inner product of two columns.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.training._circuit import FixedGate, ParametrisedCircuit, PauliRotation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]
    Integers = NDArray[np.intp]


@dataclass(frozen=True, eq=False, slots=True)
class Turn:
    """The rotation e^{iαP}; (iPψ)[r] = signs[r] ψ[rows[r]]."""

    rows: Integers
    signs: Real
    gate: PauliRotation


@dataclass(frozen=True, eq=False, slots=True)
class Shuffle:
    """A fixed gate whose matrix has one entry ±1, ±i in each row; its inverse is one too."""

    rows: Integers
    signs: Real
    inverse_rows: Integers
    inverse_signs: Real

    def apply(self, state: Real, spare: Real, *, inverse: bool = False) -> tuple[Real, Real]:
        """Return the new state and the array that is free now."""
        rows, signs = (self.inverse_rows, self.inverse_signs) if inverse else (self.rows, self.signs)
        np.take(state, rows, axis=0, out=spare, mode="clip")
        spare *= signs
        return spare, state

    def then(self, later: Shuffle) -> Shuffle:
        """Return both as one."""
        return Shuffle(
            self.rows[later.rows],
            later.signs * self.signs[later.rows],
            later.inverse_rows[self.inverse_rows],
            self.inverse_signs * later.inverse_signs[self.inverse_rows],
        )


@dataclass(frozen=True, eq=False, slots=True)
class Dense:
    """Any other fixed gate, as a real orthogonal matrix on (re or im, its qubits)."""

    matrix: Real
    qubits: tuple[int, ...]
    num_qubits: int

    def apply(self, state: Real, spare: Real, *, inverse: bool = False) -> tuple[Real, Real]:
        """Return the new state and the array that is free now."""
        matrix = self.matrix.T if inverse else self.matrix
        if self.qubits == tuple(range(self.num_qubits)):
            np.matmul(matrix, state, out=spare)
            return spare, state
        columns = state.shape[1]
        shape = (2,) * (self.num_qubits + 1) + (columns,)
        front = range(len(self.qubits) + 1)
        axes = (0, *(qubit + 1 for qubit in self.qubits))
        moved = np.moveaxis(state.reshape(shape), axes, front)
        done = (matrix @ moved.reshape(len(matrix), -1)).reshape(moved.shape)
        spare.reshape(shape)[...] = np.moveaxis(done, front, axes)
        return spare, state


@dataclass(frozen=True, eq=False, slots=True)
class Program:
    """The steps of a circuit in the order of action."""

    dimension: int
    steps: tuple[Turn | Shuffle | Dense, ...]
    turns: tuple[Turn, ...]


@functools.lru_cache(maxsize=32)
def compiled(circuit: ParametrisedCircuit) -> Program:
    """Return the program of a circuit; neighbouring shuffles are merged."""
    n = circuit.num_qubits
    steps: list[Turn | Shuffle | Dense] = []
    for gate in circuit.gates:
        step = _turn(gate) if isinstance(gate, PauliRotation) else _fixed(gate, n)
        if isinstance(step, Shuffle) and steps and isinstance(steps[-1], Shuffle):
            step = steps.pop().then(step)  # type: ignore[union-attr] # a Shuffle, as just tested
        steps.append(step)
    return Program(2**n, tuple(steps), tuple(step for step in steps if isinstance(step, Turn)))


def _turn(gate: PauliRotation) -> Turn:
    n = len(gate.string)
    bits = [1 << n - 1 - qubit for qubit in range(n)]
    x = sum(bit for bit, letter in zip(bits, gate.string, strict=True) if letter in "XY")
    z = sum(bit for bit, letter in zip(bits, gate.string, strict=True) if letter in "YZ")
    y = gate.string.count("Y")
    source = np.arange(2**n) ^ x
    parity = np.bitwise_count(source & z) % 2
    signs = np.where(parity, -1.0, 1.0)
    if y % 2:  # iP is real
        signs *= (-1) ** ((y + 1) // 2)
        return Turn(np.concatenate([source, source + 2**n]), np.tile(signs, 2)[:, np.newaxis], gate)
    signs *= (-1) ** (y // 2)
    rows = np.concatenate([source + 2**n, source])
    return Turn(rows, np.concatenate([-signs, signs])[:, np.newaxis], gate)


def _fixed(gate: FixedGate, num_qubits: int) -> Shuffle | Dense:
    matrix = gate.matrix
    dense = Dense(real_form(matrix), gate.qubits, num_qubits)
    if not np.isin(matrix, [0, 1, -1, 1j, -1j]).all():
        return dense
    # One column that counts the rows from 1 shows where each of them comes from, and with which sign.
    count = np.arange(1.0, 2 ** (num_qubits + 1) + 1)[:, np.newaxis]
    forward, _ = dense.apply(count, np.empty_like(count))
    backward, _ = dense.apply(count, np.empty_like(count), inverse=True)
    return Shuffle(
        np.abs(forward[:, 0]).astype(np.intp) - 1,
        np.sign(forward),
        np.abs(backward[:, 0]).astype(np.intp) - 1,
        np.sign(backward),
    )


def real_form(matrix: Complex) -> Real:
    """Return the real matrix that acts on (real parts, imaginary parts) as the complex one on the vector."""
    return np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])
