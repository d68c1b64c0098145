"""A circuit as array operations: what each gate does to rows of real numbers.

States are the columns of a real array of shape (2D, k, columns): the real parts in the first D rows, the imaginary
parts in the last D; k states are kept together for each column. For a Pauli string P, iP moves these rows and
changes signs, and does nothing else,

    (iPψ)_j = i^{1+y} (−1)^{z·(j⊕x)} ψ_{j⊕x},

with the bits x where P has X or Y, z where it has Z or Y, and y the number of Y; so e^{iαP} = cos α + sin α · iP
takes no matrix and multiplies no complex numbers, and 2 Re⟨χ|iP|φ⟩ is twice a real inner product. Moving rows j to
j ⊕ x is a view of the array, reversed along the axes of the bits.

Measured at D = 64 and 100 columns: half the time of gathering rows; neighbouring diagonal rotations together
take little more than one.
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
    Integers = NDArray[np.intp]
    Wave = tuple[Real, Real]


@dataclass(frozen=True, eq=False, slots=True)
class Turn:
    """One rotation e^{iαP} with a P that is not diagonal; iPψ = signs · moved ψ = moved (source_signs · ψ).

    Args:
        gates: The rotation, alone in a tuple.
        axes: 2 for re or im and for each qubit.
        moved: The index that reverses the axes which P flips.
        signs: One for each row, shape (2D,).
        source_signs: The same moved, shape (2D, 1, 1).
    """

    gates: tuple[PauliRotation, ...]
    axes: tuple[int, ...]
    moved: tuple[slice, ...]
    signs: Real
    source_signs: Real

    def wave(self, alpha: Real) -> Wave:
        """Return cos α and sin α, from the angles of the gates, shape (1, columns or 1)."""
        return np.cos(alpha[0]), np.sin(alpha[0])

    def rotate(self, state: Real, spare: Real, wave: Wave, *, inverse: bool = False) -> None:
        """Multiply the states by e^{±iαP}, in place."""
        cos, sin = wave
        if sin.size == 1:
            np.multiply(state, self.source_signs * sin, out=spare)
        else:
            np.multiply(state, sin, out=spare)
            spare *= self.source_signs
        state *= cos
        combine = np.subtract if inverse else np.add
        cube = self._cube(state)
        combine(cube, self._cube(spare)[self.moved], out=cube)

    def generate(self, state: Real, rates: Real) -> Real:
        """Return iβP times the states, from the rates β of the gates, shape (1, columns)."""
        signed = self.source_signs * state * rates[0]
        return self._cube(signed)[self.moved].reshape(state.shape)

    def slopes(self, ket: Real, bra: Real) -> Real:
        """Return 2 Re⟨bra|iP|ket⟩, shape (1, columns)."""
        overlaps = self._cube(bra) * self._cube(ket)[self.moved]
        slopes: Real = 2 * self.signs @ overlaps.reshape(len(self.signs), -1)
        return slopes[np.newaxis]

    def _cube(self, state: Real) -> Real:
        return state.reshape(self.axes + state.shape[1:])


@dataclass(frozen=True, eq=False, slots=True)
class Phases:
    """Neighbouring rotations by diagonal strings, all trainable or all of data: e^{iφ}, φ_j = Σ_g α_g s_gj.

    Args:
        gates: The rotations.
        table: The diagonal s_g of each string, shape (gates, D).
    """

    gates: tuple[PauliRotation, ...]
    table: Real

    def wave(self, alpha: Real) -> Wave:
        """Return cos φ and sin φ, shape (D, 1, columns or 1)."""
        phi = (self.table.T @ alpha)[:, np.newaxis]
        return np.cos(phi), np.sin(phi)

    def rotate(self, state: Real, spare: Real, wave: Wave, *, inverse: bool = False) -> None:
        """Multiply the states by e^{±iφ}, in place."""
        cos, sin = wave
        half = len(cos)
        np.multiply(state[half:], sin, out=spare[:half])
        np.multiply(state[:half], sin, out=spare[half:])
        state[:half] *= cos
        state[half:] *= cos
        minus, plus = (half, 0) if inverse else (0, half)
        state[minus : minus + half] -= spare[minus : minus + half]
        state[plus : plus + half] += spare[plus : plus + half]

    def generate(self, state: Real, rates: Real) -> Real:
        """Return i Σ_g β_g P_g times the states, from the rates β of the gates, shape (gates, columns)."""
        beta = (self.table.T @ rates)[:, np.newaxis]
        half = len(beta)
        return np.concatenate([-beta * state[half:], beta * state[:half]])

    def slopes(self, ket: Real, bra: Real) -> Real:
        """Return 2 Re⟨bra|iP_g|ket⟩, shape (gates, columns)."""
        half = self.table.shape[1]
        overlaps = bra[half:] * ket[:half]
        overlaps -= bra[:half] * ket[half:]
        slopes: Real = 2 * self.table @ overlaps
        return slopes


@dataclass(frozen=True, eq=False, slots=True)
class Shuffle:
    """A fixed gate whose matrix has one entry ±1 or ±i in each row; its inverse is one too."""

    rows: Integers
    signs: Real
    inverse_rows: Integers
    inverse_signs: Real

    def apply(self, state: Real, spare: Real, *, inverse: bool = False) -> tuple[Real, Real]:
        """Return the new state and the array that is free now."""
        rows, signs = (self.inverse_rows, self.inverse_signs) if inverse else (self.rows, self.signs)
        np.take(state, rows, axis=0, out=spare, mode="clip")
        spare *= signs[..., np.newaxis]
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
            np.matmul(matrix, state.reshape(len(matrix), -1), out=spare.reshape(len(matrix), -1))
            return spare, state
        shape = (2,) * (self.num_qubits + 1) + state.shape[1:]
        front = range(len(self.qubits) + 1)
        axes = (0, *(qubit + 1 for qubit in self.qubits))
        moved = np.moveaxis(state.reshape(shape), axes, front)
        done = (matrix @ moved.reshape(len(matrix), -1)).reshape(moved.shape)
        spare.reshape(shape)[...] = np.moveaxis(done, front, axes)
        return spare, state


Rotation = Turn | Phases
Step = Turn | Phases | Shuffle | Dense


@dataclass(frozen=True, eq=False, slots=True)
class Program:
    """The steps of a circuit in the order of action, on states of dimension D."""

    dimension: int
    steps: tuple[Step, ...]


@functools.lru_cache(maxsize=32)
def compiled(circuit: ParametrisedCircuit) -> Program:
    """Return the program of a circuit; neighbouring diagonal rotations and neighbouring shuffles are merged."""
    steps: list[Step] = []
    for gate in circuit.gates:
        step = _rotation(gate) if isinstance(gate, PauliRotation) else _fixed(gate, circuit.num_qubits)
        last = steps[-1] if steps else None
        if isinstance(last, Shuffle) and isinstance(step, Shuffle):
            steps[-1] = last.then(step)
        elif isinstance(last, Phases) and isinstance(step, Phases) and _kind(last) == _kind(step):
            steps[-1] = Phases((*last.gates, *step.gates), np.concatenate([last.table, step.table]))
        else:
            steps.append(step)
    return Program(2**circuit.num_qubits, tuple(steps))


def _kind(step: Phases) -> bool:
    return step.gates[0].parameter is None


def _rotation(gate: PauliRotation) -> Rotation:
    n, y = len(gate.string), gate.string.count("Y")
    has_x, has_z = ([letter in letters for letter in gate.string] for letters in ("XY", "YZ"))
    z = sum(1 << n - 1 - qubit for qubit in range(n) if has_z[qubit])
    x = sum(1 << n - 1 - qubit for qubit in range(n) if has_x[qubit])
    signs = np.where(np.bitwise_count((np.arange(2**n) ^ x) & z) % 2, -1.0, 1.0)
    if x == 0:
        return Phases((gate,), signs[np.newaxis])
    is_real = y % 2 == 1
    if is_real:
        signs = np.tile((-1) ** ((y + 1) // 2) * signs, 2)
    else:
        signs = (-1) ** (y // 2) * np.concatenate([-signs, signs])
    axes = (2,) * (n + 1)
    moved = tuple(slice(None, None, -1) if flip else slice(None) for flip in (not is_real, *has_x))
    source_signs = signs.reshape(axes)[moved].reshape(-1, 1, 1)
    return Turn((gate,), axes, moved, signs, source_signs)


def _fixed(gate: FixedGate, num_qubits: int) -> Shuffle | Dense:
    matrix = gate.matrix
    real = np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])
    dense = Dense(real, gate.qubits, num_qubits)
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
