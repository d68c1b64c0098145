"""The kernels: outputs, derivatives and second derivatives of many states at once.

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

from typing import TYPE_CHECKING, cast

import numpy as np

from haarqntk.training._program import Dense, Program, Shuffle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from haarqntk.training._observable import Observable
    from haarqntk.training._program import Rotation, Wave

    Real = NDArray[np.float64]

_COLUMNS = 2**13  # times two over D: columns that keep the arrays of a sweep in a second-level cache


def outputs(program: Program, observable: Observable, angles: Real, features: Real) -> Real:
    """Return z for N settings of the angles and m data points, shape (N, m)."""
    z = np.empty((len(angles), len(features)))
    for rows, columns in _blocks(program, len(angles), len(features)):
        block = _Block(program, observable, angles[rows], features[columns])
        z[rows, columns] = block.outputs().reshape(z[rows, columns].shape)
    return z


def outputs_and_jacobian(
    program: Program, observable: Observable, angles: Real, features: Real
) -> tuple[Real, Real]:
    """Return z, shape (N, m), and ∂z/∂θ_l, shape (N, m, L)."""
    N, L = angles.shape
    z, jacobian = np.empty((N, len(features))), np.empty((N, len(features), L))
    for rows, columns in _blocks(program, len(angles), len(features)):
        values, slopes = _Block(program, observable, angles[rows], features[columns]).adjoint()
        shape = z[rows, columns].shape
        z[rows, columns] = values.reshape(shape)
        jacobian[rows, columns] = slopes.T.reshape(*shape, L)
    return z, jacobian


def second_derivatives_along(
    program: Program, observable: Observable, angles: Real, features: Real, directions: Real
) -> Real:
    """Return Σ_lm v_l v_m ∂²z/∂θ_l∂θ_m, shape (N, m), for directions v of shape (N, m, L)."""
    found = np.empty(directions.shape[:2])
    for rows, columns in _blocks(program, len(angles), len(features)):
        part = directions[rows, columns]
        block = _Block(program, observable, angles[rows], features[columns])
        values = block.second_derivatives(part.reshape(block.columns, -1).T)
        found[rows, columns] = values.reshape(part.shape[:2])
    return found


def _blocks(program: Program, N: int, m: int) -> Iterator[tuple[slice, slice]]:
    """Cut N settings by m points into blocks of about as many columns as the cache holds."""
    width = max(1, 2 * _COLUMNS // program.dimension)
    height = max(1, width // m)
    for row in range(0, N, height):
        for column in range(0, m, width):
            yield slice(row, row + height), slice(column, column + width)


class _Block:
    """Some settings and some points: one column for each pair, points running fastest."""

    def __init__(self, program: Program, observable: Observable, angles: Real, features: Real) -> None:
        self.program, self.observable, self.angles, self.features = program, observable, angles, features
        self.columns = len(angles) * len(features)
        self.rows = 2 * program.dimension
        self.waves: list[Wave | None] = [
            None if isinstance(step, Shuffle | Dense) else step.wave(self._angles_of(step))
            for step in program.steps
        ]

    def forward(self) -> Real:
        """Return the final states, shape (2D, 1, columns)."""
        state, spare = self._start(1)
        for step, wave in zip(self.program.steps, self.waves, strict=True):
            if isinstance(step, Shuffle | Dense):
                state, spare = step.apply(state, spare)
            else:
                step.rotate(state, spare, cast("Wave", wave))
        return state

    def outputs(self) -> Real:
        """Return z of every column."""
        state = self.forward()
        z: Real = _overlaps(state, self._measured(state))[0]
        return z

    def adjoint(self) -> tuple[Real, Real]:
        """Return z and the derivatives, shapes (columns,) and (L, columns)."""
        ket = self.forward()
        bra = self._measured(ket)
        z = _overlaps(ket, bra)[0]
        state = np.concatenate([ket, bra], axis=1)
        spare = np.empty_like(state)
        slopes = np.zeros((self.angles.shape[1], self.columns))
        for step, wave in zip(reversed(self.program.steps), reversed(self.waves), strict=True):
            if isinstance(step, Shuffle | Dense):
                state, spare = step.apply(state, spare, inverse=True)
                continue
            if step.gates[0].parameter is not None:
                for gate, slope in zip(step.gates, step.slopes(state[:, 0], state[:, 1]), strict=True):
                    slopes[gate.parameter] += gate.scale * slope
            step.rotate(state, spare, cast("Wave", wave), inverse=True)
        return z, slopes

    def second_derivatives(self, directions: Real) -> Real:
        """Return the second derivative of every column along its direction, shape (L, columns)."""
        state, spare = self._start(3)
        for step, wave in zip(self.program.steps, self.waves, strict=True):
            if isinstance(step, Shuffle | Dense):
                state, spare = step.apply(state, spare)
                continue
            if step.gates[0].parameter is not None:
                rates = np.array([gate.scale * directions[gate.parameter] for gate in step.gates])
                once = step.generate(state[:, :2], rates)
                twice = step.generate(once[:, :1], rates)
                state[:, 2] += 2 * once[:, 1] + twice[:, 0]
                state[:, 1] += once[:, 0]
            step.rotate(state, spare, cast("Wave", wave))
        measured = self._measured(state)
        same = _overlaps(state, measured)
        mixed = _overlaps(state[:, 2:], measured[:, :1])
        second: Real = 2 * (mixed[0] + same[1])
        return second

    def _start(self, k: int) -> tuple[Real, Real]:
        """|0…0⟩ in the first of k states of each column, and an array to work in."""
        state = np.zeros((self.rows, k, self.columns))
        state[0, 0] = 1
        return state, np.empty_like(state)

    def _angles_of(self, step: Rotation) -> Real:
        """α of its gates, shape (gates, columns), or (gates, 1) where all columns have the same."""
        N, m = len(self.angles), len(self.features)
        if step.gates[0].parameter is not None:
            values = np.array([gate.scale * self.angles[:, gate.parameter] for gate in step.gates])
            return values if N == 1 else np.repeat(values, m, axis=1)
        values = np.array([gate.scale * self.features[:, gate.feature] for gate in step.gates])
        return values if m == 1 else np.tile(values, N)

    def _measured(self, state: Real) -> Real:
        """O times the states."""
        matrix, half = self.observable.matrix, self.program.dimension
        if self.observable.is_diagonal:
            weighted: Real = np.tile(np.diag(matrix).real, 2)[:, np.newaxis, np.newaxis] * state
            return weighted
        re, im = state[:half].reshape(half, -1), state[half:].reshape(half, -1)
        A, B = np.ascontiguousarray(matrix.real), np.ascontiguousarray(matrix.imag)
        return np.concatenate([A @ re - B @ im, A @ im + B @ re]).reshape(state.shape)


def _overlaps(state: Real, measured: Real) -> Real:
    """The real parts of the inner products, shape (k, columns)."""
    values: Real = np.einsum("rkb,rkb->kb", state, measured)
    return values
