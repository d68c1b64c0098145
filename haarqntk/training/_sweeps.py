"""Outputs, derivatives and second derivatives of many states at once: a circuit as operations on real arrays.

States are the columns of a real array of shape (2D, k, columns): the real parts in the first D rows, the imaginary
parts in the last D; k states are kept together for each column, one column for each setting of the angles and data
point. For a Pauli string P, iP moves these rows and changes signs, and does nothing else,

    (iPψ)_j = i^{1+y} (−1)^{z·(j⊕x)} ψ_{j⊕x},

with the bits x where P has X or Y, z where it has Z or Y, and y the number of Y; so e^{iαP} = cos α + sin α · iP
takes no matrix and multiplies no complex numbers, and 2 Re⟨χ|iP|φ⟩ is twice a real inner product. Moving rows j to
j ⊕ x is a view of the array, reversed along the axes of the bits. (Half the time of gathering rows at D = 64 and 100
columns; neighbouring diagonal rotations together take little more than one.)

With |φ_g⟩ the state after gate g, and ⟨χ_g| = ⟨Ψ|O times all gates after g,

    z = ⟨Ψ|O|Ψ⟩,     ∂z/∂α_g = 2 Re ⟨χ_g| iP_g |φ_g⟩,     ∂z/∂θ_l = Σ_g scale_g ∂z/∂α_g  over the gates of θ_l.

The kets go forward once; then kets and bras come back together, each gate undone on both, and every derivative
is one inner product on the way: two states in memory, whatever the depth is. Second derivatives along a
direction v of the angles go forward with the state's own Taylor series (ψ, ψ', ψ''),

    e^{i(α+sβ)P}: (ψ, ψ', ψ'') → e^{iαP} (ψ, ψ' + iβPψ, ψ'' + 2iβPψ' + (iβP)²ψ),    β_g = scale_g v_l,

and Σ_lm v_l v_m ∂²z/∂θ_l∂θ_m = 2 Re⟨ψ|O|ψ''⟩ + 2⟨ψ'|O|ψ'⟩, exact as the gradient is.

Reference: [jones2020] for the way back; derivation 15.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from haarqntk.training._circuit import FixedGate, ParametrisedCircuit, PauliRotation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from haarqntk.training._observable import Model

    Real = NDArray[np.float64]
    Gates = tuple[PauliRotation, ...]
    Wave = tuple[Real, Real]

_COLUMNS = 2**13  # times two over D: columns that keep the arrays of a sweep in a second-level cache

# -- the steps: each changes ``state`` with the help of ``spare``, and returns both, the new state first ---------------


@dataclass(frozen=True, eq=False, slots=True)
class Turn:
    """One rotation e^{iαP} with a P that is not diagonal; iPψ = signs · moved ψ = moved (source_signs · ψ)."""

    gates: Gates  # the rotation alone
    axes: tuple[int, ...]  # 2 for re or im and for each qubit
    moved: tuple[slice, ...]  # the index that reverses the axes which P flips
    signs: Real  # of each row, shape (2D,)
    source_signs: Real  # the same moved, shape (2D, 1, 1)

    def wave(self, alpha: Real) -> Wave:
        """Return cos α and sin α, from the angles of the gates, shape (1, columns or 1)."""
        return np.cos(alpha[0]), np.sin(alpha[0])

    def apply(self, state: Real, spare: Real, wave: Wave, *, inverse: bool = False) -> tuple[Real, Real]:
        """Multiply by e^{±iαP}."""
        cos, sin = wave
        if sin.size == 1:
            np.multiply(state, self.source_signs * sin, out=spare)
        else:
            np.multiply(state, sin, out=spare)
            spare *= self.source_signs
        state *= cos
        cube = self._cube(state)
        (np.subtract if inverse else np.add)(cube, self._cube(spare)[self.moved], out=cube)
        return state, spare

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
    """Neighbouring rotations by diagonal strings, all trainable or all of data: e^{iφ}, φ_j = Σ_g α_g s_gj."""

    gates: Gates
    table: Real  # the diagonal s_g of each string, shape (gates, D)

    def wave(self, alpha: Real) -> Wave:
        """Return cos φ and sin φ, shape (D, 1, columns or 1)."""
        phi = (self.table.T @ alpha)[:, np.newaxis]
        return np.cos(phi), np.sin(phi)

    def apply(self, state: Real, spare: Real, wave: Wave, *, inverse: bool = False) -> tuple[Real, Real]:
        """Multiply by e^{±iφ}."""
        cos, sin = wave
        half = len(cos)
        np.multiply(state[half:], sin, out=spare[:half])
        np.multiply(state[:half], sin, out=spare[half:])
        state[:half] *= cos
        state[half:] *= cos
        minus, plus = (half, 0) if inverse else (0, half)
        state[minus : minus + half] -= spare[minus : minus + half]
        state[plus : plus + half] += spare[plus : plus + half]
        return state, spare

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
        return np.asarray(2 * self.table @ overlaps)


@dataclass(frozen=True, eq=False, slots=True)
class Shuffle:
    """Fixed gates whose matrices have one entry ±1 or ±i in each row: rows and signs of the whole and its inverse."""

    gates: ClassVar[Gates] = ()
    there: tuple[NDArray[np.intp], Real]
    back: tuple[NDArray[np.intp], Real]

    def apply(self, state: Real, spare: Real, _: object, *, inverse: bool = False) -> tuple[Real, Real]:
        """Multiply by the gates, or by their inverse."""
        rows, signs = self.back if inverse else self.there
        np.take(state, rows, axis=0, out=spare, mode="clip")
        spare *= signs[..., np.newaxis]
        return spare, state

    def then(self, later: Shuffle) -> Shuffle:
        """Return both as one."""
        return Shuffle(_one_after_other(self.there, later.there), _one_after_other(later.back, self.back))


def _one_after_other(
    first: tuple[NDArray[np.intp], Real], second: tuple[NDArray[np.intp], Real]
) -> tuple[NDArray[np.intp], Real]:
    rows, signs = second
    return first[0][rows], signs * first[1][rows]


@dataclass(frozen=True, eq=False, slots=True)
class Dense:
    """Any other fixed gate, as a real orthogonal matrix on (re or im, its qubits)."""

    gates: ClassVar[Gates] = ()
    matrix: Real
    qubits: tuple[int, ...]
    num_qubits: int

    def apply(self, state: Real, spare: Real, _: object, *, inverse: bool = False) -> tuple[Real, Real]:
        """Multiply by the gate, or by its inverse."""
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


Step = Turn | Phases | Shuffle | Dense


@functools.lru_cache(
    maxsize=32
)  # a run has one circuit, a study of depths some ten; its dense blocks may be large
def compiled(circuit: ParametrisedCircuit) -> tuple[Step, ...]:
    """The steps of a circuit in the order of action; neighbouring diagonal rotations and shuffles are merged."""
    steps: list[Step] = []
    for gate in circuit.gates:
        step = _rotation(gate) if isinstance(gate, PauliRotation) else _fixed(gate, circuit.num_qubits)
        last = steps[-1] if steps else None
        if isinstance(last, Shuffle) and isinstance(step, Shuffle):
            steps[-1] = last.then(step)
        elif isinstance(last, Phases) and isinstance(step, Phases) and _is_trained(last) == _is_trained(step):
            steps[-1] = Phases((*last.gates, *step.gates), np.concatenate([last.table, step.table]))
        else:
            steps.append(step)
    return tuple(steps)


def _is_trained(step: Step) -> bool:
    return bool(step.gates) and step.gates[0].parameter is not None


def _rotation(gate: PauliRotation) -> Turn | Phases:
    n, y = len(gate.string), gate.string.count("Y")
    has_x, has_z = ([letter in letters for letter in gate.string] for letters in ("XY", "YZ"))
    x, z = (sum(1 << n - 1 - qubit for qubit in range(n) if has[qubit]) for has in (has_x, has_z))
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
    return Turn((gate,), axes, moved, signs, signs.reshape(axes)[moved].reshape(-1, 1, 1))


def _fixed(gate: FixedGate, num_qubits: int) -> Shuffle | Dense:
    matrix = gate.matrix
    real = np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])
    dense = Dense(real, gate.qubits, num_qubits)
    if not np.isin(matrix, [0, 1, -1, 1j, -1j]).all():
        return dense
    # One column that counts the rows from 1 shows where each of them comes from, and with which sign.
    count = np.arange(1.0, 2 ** (num_qubits + 1) + 1)[:, np.newaxis]
    there, back = (dense.apply(count, np.empty_like(count), None, inverse=way)[0] for way in (False, True))
    rows, inverse_rows = (np.abs(moved[:, 0]).astype(np.intp) - 1 for moved in (there, back))
    return Shuffle((rows, np.sign(there)), (inverse_rows, np.sign(back)))


# -- the sweeps ------------------------------------------------------------------------------------------------


def outputs(model: Model, angles: Real) -> Real:
    """Return z for N settings of the angles and m data points, shape (N, m)."""
    z = np.empty((len(angles), len(model.points)))
    for place, block in _blocks(model, angles):
        state = block.forward()
        z[place] = _overlaps(state, block.measured(state))[0].reshape(z[place].shape)
    return z


def outputs_and_jacobian(model: Model, angles: Real) -> tuple[Real, Real]:
    """Return z, shape (N, m), and ∂z/∂θ_l, shape (N, m, L)."""
    z = np.empty((len(angles), len(model.points)))
    jacobian = np.empty((*z.shape, angles.shape[1]))
    for place, block in _blocks(model, angles):
        values, slopes = block.adjoint()
        z[place] = values.reshape(z[place].shape)
        jacobian[place] = slopes.T.reshape(jacobian[place].shape)
    return z, jacobian


def second_derivatives_along(model: Model, angles: Real, directions: Real) -> Real:
    """Return Σ_lm v_l v_m ∂²z/∂θ_l∂θ_m, shape (N, m), for directions v of shape (N, m, L)."""
    found = np.empty(directions.shape[:2])
    for place, block in _blocks(model, angles):
        along = directions[place].reshape(block.columns, -1).T
        found[place] = block.second_derivatives(along).reshape(found[place].shape)
    return found


def _blocks(model: Model, angles: Real) -> Iterator[tuple[tuple[slice, slice], _Block]]:
    """Cut N settings by m points into blocks of about as many columns as the cache holds."""
    points = model.points
    width = max(1, 2 * _COLUMNS // 2**model.circuit.num_qubits)
    height = max(1, width // len(points))
    for row in range(0, len(angles), height):
        for column in range(0, len(points), width):
            rows, columns = slice(row, row + height), slice(column, column + width)
            yield (rows, columns), _Block(model, angles[rows], points[columns])


class _Block:
    """Some settings and some points: one column for each pair, points running fastest."""

    def __init__(self, model: Model, angles: Real, features: Real) -> None:
        self.observable, self.angles, self.features = model.observable, angles, features
        self.columns, self.half = len(angles) * len(features), 2**model.circuit.num_qubits
        self.steps: list[tuple[Any, Any]] = [  # each with its cosines and sines
            (step, None if isinstance(step, Shuffle | Dense) else step.wave(self._angles_of(step)))
            for step in compiled(model.circuit)
        ]

    def _angles_of(self, step: Turn | Phases) -> Real:
        """α of its gates, shape (gates, columns), or (gates, 1) where all columns have the same."""
        N, m = len(self.angles), len(self.features)
        if _is_trained(step):
            values = np.array([gate.scale * self.angles[:, gate.parameter] for gate in step.gates])
            return values if N == 1 else np.repeat(values, m, axis=1)
        values = np.array([gate.scale * self.features[:, gate.feature] for gate in step.gates])
        return values if m == 1 else np.tile(values, N)

    def _start(self, k: int) -> tuple[Real, Real]:
        """|0…0⟩ in the first of k states of each column, and an array to work in."""
        state = np.zeros((2 * self.half, k, self.columns))
        state[0, 0] = 1
        return state, np.empty_like(state)

    def forward(self) -> Real:
        """Return the final states, shape (2D, 1, columns)."""
        state, spare = self._start(1)
        for step, wave in self.steps:
            state, spare = step.apply(state, spare, wave)
        return state

    def adjoint(self) -> tuple[Real, Real]:
        """Return z and the derivatives, shapes (columns,) and (L, columns)."""
        ket = self.forward()
        bra = self.measured(ket)
        z = _overlaps(ket, bra)[0]
        state = np.concatenate([ket, bra], axis=1)
        spare = np.empty_like(state)
        slopes = np.zeros((self.angles.shape[1], self.columns))
        for step, wave in reversed(self.steps):
            if _is_trained(step):
                for gate, slope in zip(step.gates, step.slopes(state[:, 0], state[:, 1]), strict=True):
                    slopes[gate.parameter] += gate.scale * slope
            state, spare = step.apply(state, spare, wave, inverse=True)
        return z, slopes

    def second_derivatives(self, directions: Real) -> Real:
        """Return the second derivative of every column along its direction, shape (L, columns)."""
        state, spare = self._start(3)
        for step, wave in self.steps:
            if _is_trained(step):
                rates = np.array([gate.scale * directions[gate.parameter] for gate in step.gates])
                once = step.generate(state[:, :2], rates)
                state[:, 2] += 2 * once[:, 1] + step.generate(once[:, :1], rates)[:, 0]
                state[:, 1] += once[:, 0]
            state, spare = step.apply(state, spare, wave)
        measured = self.measured(state)
        return np.asarray(2 * (_overlaps(state[:, 2:], measured[:, :1])[0] + _overlaps(state, measured)[1]))

    def measured(self, state: Real) -> Real:
        """O times the states."""
        matrix, half = self.observable.matrix, self.half
        if self.observable.is_diagonal:
            return np.asarray(np.tile(np.diag(matrix).real, 2)[:, np.newaxis, np.newaxis] * state)
        re, im = state[:half].reshape(half, -1), state[half:].reshape(half, -1)
        A, B = np.ascontiguousarray(matrix.real), np.ascontiguousarray(matrix.imag)
        return np.concatenate([A @ re - B @ im, A @ im + B @ re]).reshape(state.shape)


def _overlaps(state: Real, measured: Real) -> Real:
    """The real parts of the inner products, shape (k, columns)."""
    return np.asarray(np.einsum("rkb,rkb->kb", state, measured))
