"""The kernels: outputs, derivatives and second derivatives of many states at once.

With |φ_g⟩ the state after gate g, and ⟨χ_g| = ⟨Ψ|O times all gates after g,

    z = ⟨Ψ|O|Ψ⟩,     ∂z/∂α_g = 2 Re ⟨χ_g| iP_g |φ_g⟩,     ∂z/∂θ_l = Σ_g scale_g ∂z/∂α_g  over the gates of θ_l.

The kets go forward once; then kets and bras come back together, each gate undone on both, and every derivative
is one inner product on the way: two states in memory, whatever the depth is. Second derivatives along a
direction v of the angles go forward with the state's own Taylor series (ψ, ψ', ψ''), for P² = 1

    e^{i(α+sβ)P}: (ψ, ψ', ψ'') → e^{iαP} (ψ, ψ' + βiPψ, ψ'' + 2βiPψ' − β²ψ),    β_g = scale_g v_l,

and Σ_lm v_l v_m ∂²z/∂θ_l∂θ_m = 2 Re⟨ψ|O|ψ''⟩ + 2⟨ψ'|O|ψ'⟩, exact as the gradient is.

Reference: [jones2020] for the way back; derivation 15.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from haarqntk.training._program import Program, Turn, real_form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from haarqntk.training._observable import Observable

    Real = NDArray[np.float64]

_COLUMNS = 2**13  # times two over D: columns that keep the arrays of a sweep in a second-level cache


def outputs(program: Program, observable: Observable, angles: Real, features: Real) -> Real:
    """Return z for N settings of the angles and m data points, shape (N, m)."""
    z = np.empty((len(angles), len(features)))
    for rows, columns in _blocks(program, len(angles), len(features)):
        state, _ = _forward(program, *_waves(program, angles[rows], features[columns]))
        z[rows, columns] = _expected(state, _measured(state, observable)).reshape(z[rows, columns].shape)
    return z


def outputs_and_jacobian(
    program: Program, observable: Observable, angles: Real, features: Real
) -> tuple[Real, Real]:
    """Return z, shape (N, m), and ∂z/∂θ_l, shape (N, m, L)."""
    N, L = angles.shape
    z, jacobian = np.empty((N, len(features))), np.empty((N, len(features), L))
    for rows, columns in _blocks(program, len(angles), len(features)):
        values, slopes = _adjoint(program, observable, angles[rows], features[columns])
        z[rows, columns], jacobian[rows, columns] = values, slopes
    return z, jacobian


def second_derivatives_along(
    program: Program, observable: Observable, angles: Real, features: Real, directions: Real
) -> Real:
    """Return Σ_lm v_l v_m ∂²z/∂θ_l∂θ_m, shape (N, m), for directions v of shape (N, m, L)."""
    found = np.empty(directions.shape[:2])
    for rows, columns in _blocks(program, len(angles), len(features)):
        part = directions[rows, columns]
        values = _taylor(program, observable, angles[rows], features[columns], part)
        found[rows, columns] = values.reshape(part.shape[:2])
    return found


def _blocks(program: Program, N: int, m: int) -> Iterator[tuple[slice, slice]]:
    """Cut N settings by m points into blocks of about as many columns as the cache holds."""
    width = max(1, 2 * _COLUMNS // program.dimension)
    height = max(1, width // m)
    for row in range(0, N, height):
        for column in range(0, m, width):
            yield slice(row, row + height), slice(column, column + width)


def _waves(program: Program, angles: Real, features: Real) -> tuple[Real, Real, int]:
    """Cos α and sin α of every rotation, shape (rotations, columns), and the number of columns.

    A column is a setting and a point, points running fastest.
    """
    N, m = len(angles), len(features)
    alpha = np.empty((len(program.turns), N, m))
    for place, turn in enumerate(program.turns):
        gate = turn.gate
        if gate.parameter is not None:
            alpha[place] = gate.scale * angles[:, gate.parameter, np.newaxis]
        else:
            alpha[place] = gate.scale * features[:, gate.feature]
    flat = alpha.reshape(len(program.turns), N * m)
    return np.cos(flat), np.sin(flat), N * m


def _forward(program: Program, cos: Real, sin: Real, columns: int) -> tuple[Real, Real]:
    """Return the final states and a spare array of their shape."""
    state, spare = np.zeros((2 * program.dimension, columns)), np.empty((2 * program.dimension, columns))
    state[0] = 1
    place = 0
    for step in program.steps:
        if isinstance(step, Turn):
            np.take(state, step.rows, axis=0, out=spare, mode="clip")
            spare *= step.signs
            spare *= sin[place]
            state *= cos[place]
            state += spare
            place += 1
        else:
            state, spare = step.apply(state, spare)
    return state, spare


def _adjoint(program: Program, observable: Observable, angles: Real, features: Real) -> tuple[Real, Real]:
    N, m, L = len(angles), len(features), angles.shape[1]
    cos, sin, columns = _waves(program, angles, features)
    ket, _ = _forward(program, cos, sin, columns)
    bra = _measured(ket, observable)
    z = _expected(ket, bra).reshape(N, m)
    state = np.concatenate([ket, bra], axis=1)
    spare = np.empty_like(state)
    cos, sin = np.tile(cos, 2), np.tile(sin, 2)
    slopes = np.zeros((L, columns))
    place = len(program.turns)
    for step in reversed(program.steps):
        if not isinstance(step, Turn):
            state, spare = step.apply(state, spare, inverse=True)
            continue
        place -= 1
        np.take(state, step.rows, axis=0, out=spare, mode="clip")
        spare *= step.signs
        if (parameter := step.gate.parameter) is not None:
            overlap = np.einsum("rb,rb->b", state[:, columns:], spare[:, :columns])
            slopes[parameter] += 2 * step.gate.scale * overlap
        spare *= sin[place]
        state *= cos[place]
        state -= spare
    return z, slopes.reshape(L, N, m).transpose(1, 2, 0)


def _taylor(program: Program, observable: Observable, angles: Real, features: Real, directions: Real) -> Real:
    cos, sin, columns = _waves(program, angles, features)
    rates = directions.reshape(columns, -1).T  # (L, columns)
    state = np.zeros((2 * program.dimension, 3 * columns))  # ψ, ψ', ψ''
    state[0, :columns] = 1
    spare = np.empty_like(state)
    cos, sin = np.tile(cos, 3), np.tile(sin, 3)
    zeroth, first, second = (slice(i * columns, (i + 1) * columns) for i in range(3))
    place = 0
    for step in program.steps:
        if not isinstance(step, Turn):
            state, spare = step.apply(state, spare)
            continue
        np.take(state, step.rows, axis=0, out=spare, mode="clip")
        spare *= step.signs  # iPψ, iPψ', iPψ''
        if step.gate.parameter is not None:
            beta = step.gate.scale * rates[step.gate.parameter]
            # iP of the sums that the rotation is to act on: (iP)² = −1
            state[:, second] += 2 * beta * spare[:, first] - beta**2 * state[:, zeroth]
            spare[:, second] -= 2 * beta * state[:, first] + beta**2 * spare[:, zeroth]
            state[:, first] += beta * spare[:, zeroth]
            spare[:, first] -= beta * state[:, zeroth]
        spare *= sin[place]
        state *= cos[place]
        state += spare
        place += 1
    measured = _measured(np.ascontiguousarray(state[:, : 2 * columns]), observable)
    return 2 * _expected(measured[:, zeroth], state[:, second]) + 2 * _expected(
        measured[:, first], state[:, first]
    )


def _measured(state: Real, observable: Observable) -> Real:
    """O times the states."""
    if observable.is_diagonal:
        diagonal = np.diag(observable.matrix).real
        weighted: Real = np.tile(diagonal, 2)[:, np.newaxis] * state
        return weighted
    measured: Real = real_form(observable.matrix) @ state
    return measured


def _expected(state: Real, measured: Real) -> Real:
    """The real part of the inner product, column by column."""
    values: Real = np.einsum("rb,rb->b", state, measured)
    return values
