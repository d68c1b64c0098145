r"""Many layers: the kernel that the engine derives for L → ∞, and the flow of the observable that goes with it.

As L grows the generators, seen from the input, average out: K_ij → L Z Tr(i[M, ρ_i] i[M, ρ_j]), M = U†OU. Gradient
flow then moves M alone, by dM/dt = −ηLZ Σ_j r_j [M, [M, ρ_j]], which keeps the spectrum of M.

Reference: you2023; derivations/14_dynamics.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import LazyModule, check_alike, hermitian_array, kets_as_rows, real_array
from haarqntk.checks import flag, integer
from haarqntk.circuits import Circuit, layer_indices, sum_over
from haarqntk.dynamics._prediction import (
    Prediction,
    check_rate,
    check_times,
    exact_number,
    unit_of,
    within_floats,
)
from haarqntk.errors import CostError, InputError, RunError
from haarqntk.qntk import mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from haarqntk.dynamics._prediction import Array

    Complex = NDArray[np.complex128]

integrate = LazyModule("scipy.integrate")

_RELATIVE, _ABSOLUTE = 1e-10, 1e-12  # of the integrator; tests hold the spectrum of M to 1e-8
_MOST_SLOPES = 100_000  # evaluations: seconds at small D
_STILL = 2.0**-46  # relative: a slope that is rounding
_ROUNDING = 1e-10  # of norms of states
_LARGEST_PATH = 2**25  # complex numbers, 512 MB
_REFERENCE = "you2023; derivations/14_dynamics.md"
_ASSUMPTION = (
    "There are so many layers that the generators, Haar-rotated against states and observable, average out "
    "(L → ∞ at fixed ηL), and steps are small (gradient flow)."
)


@dataclass(frozen=True, eq=False, repr=False)
class DeepFlow(Prediction):
    """The flow of many layers.

    Attributes:
        times: As of ``Prediction``.
        residual: As of ``Prediction``.
        kernel: As of ``Prediction``.
        lower: As of ``Prediction``.
        upper: As of ``Prediction``.
        loss: As of ``Prediction``.
        assumption: As of ``Prediction``.
        reference: As of ``Prediction``.
        observables: M = U†OU at these times, of the shape (times, D, D).

    Examples:
        >>> p = deep_flow([[0, 1], [1, 0]], [0, 1], states=[[1, 0]], labels=[0.5], learning_rate=0.1, L=3)
        >>> p.observables.shape, p.observables[0].real.tolist()
        ((2, 2, 2), [[0.0, 1.0], [1.0, 0.0]])

    Reference:
        you2023; derivations/14_dynamics.md.
    """

    observables: Complex | None = None


def kernel_rate(*, D: int, L: int, generator_square: object = None) -> Fraction:
    """L Z, by which Tr(i[M, ρ_i] i[M, ρ_j]) becomes the kernel of many layers, as the engine derives it.

    Args:
        D: The dimension, an integer ≥ 2.
        L: The number of layers, an integer ≥ 1.
        generator_square: Tr X² of the traceless generators, > 0; D by default, X² = 1, for even D.

    Returns:
        L Z, exact.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind or range; at odd D without
            ``generator_square``, where no traceless X has X² = 1.

    Examples:
        >>> kernel_rate(D=4, L=6)
        Fraction(8, 5)

    Reference:
        [you2023]; derivations/14_dynamics.md.
    """
    dimension, depth = integer("D", D, at_least=2), integer("L", L, at_least=1)
    if generator_square is None and dimension % 2:
        raise InputError(
            f"D must be even for the default generators X² = 1, Tr X = 0 (Pauli strings), got {dimension}; "
            "pass generator_square= the Tr X² of yours"
        )
    square = exact_number("generator_square", dimension if generator_square is None else generator_square)
    if square <= 0:
        raise InputError(f"generator_square must be > 0, got {square}")
    return _rate(dimension) * depth * square


@lru_cache(maxsize=64)
def _rate(D: int) -> Fraction:
    """The factor of L Tr X², from the mean of Σ_l ∂_l z_a ∂_l z_b over the generators.

    Tr(i[M, ρ_a] i[M, ρ_b]) = Tr M²ρ_aρ_b + Tr M²ρ_bρ_a − 2 Tr Mρ_aMρ_b.
    """
    circuit, (l,) = Circuit("generator_average", "general"), layer_indices("l")
    a, b = circuit.output(state="a"), circuit.output(state="b")
    kernel = mean(sum_over(a.d(l) * b.d(l), l)).polynomial
    names = ("Tr_O_O_a_b", "Tr_O_O_b_a", "Tr_O_a_O_b")
    given = {name: Fraction(0) for name in names} | {"X1": Fraction(0), "X2": Fraction(1), "L": Fraction(1)}
    left, right, both = (kernel.at(D, given | {name: Fraction(1)}) for name in names)
    assert left == right == -both / 2  # noqa: S101 - it is this product of commutators
    return left


@within_floats()
def deep_kernel(observable: Any, states: Any, *, L: int, generator_square: object = None) -> Array:
    """K_ij = L Z Tr(i[M, ρ_i] i[M, ρ_j]), the kernel of many layers at an observable M = U†OU.

    Args:
        observable: M, a Hermitian D × D matrix, an array, nested list or Qobj.
        states: The m input states, normalised vectors, of the shape (m, D), or a list of kets of QuTiP.
        L: The number of layers.
        generator_square: Tr X², as for ``kernel_rate``.

    Returns:
        The m × m kernel.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind, shape or range.

    Examples:
        >>> deep_kernel([[0, 1], [1, 0]], [[1, 0]], L=3)
        array([[4.]])

    Reference:
        [you2023]; derivations/14_dynamics.md.
    """
    M, vectors = _observable_and_states(observable, states)
    rate = float(kernel_rate(D=len(M), L=L, generator_square=generator_square))
    return rate * _commutator_products(M, vectors)


def _commutator_products(M: Complex, vectors: Complex) -> Array:
    """Tr(i[M, ρ_i] i[M, ρ_j]) = 2 Re(⟨φ_i|M²|φ_j⟩ ⟨φ_j|φ_i⟩) − 2 |⟨φ_i|M|φ_j⟩|²."""
    moved = vectors @ M.T
    squares, overlaps = moved.conj() @ moved.T, vectors.conj() @ vectors.T
    return np.asarray(2 * (squares * overlaps.conj()).real - 2 * np.abs(vectors.conj() @ moved.T) ** 2)


@within_floats()
def deep_flow(
    observable: Any,
    times: object,
    *,
    states: Any,
    labels: object,
    learning_rate: object,
    L: int,
    generator_square: object = None,
    average: bool = False,
) -> DeepFlow:
    """Gradient flow of many layers for any number of input states, integrated by SciPy.

    dM/dt = −ηLZ Σ_j r_j [M, [M, ρ_j]] with r_j = ⟨M⟩_j − y_j, which is dr_i/dt = −η Σ_j K_ij r_j with the kernel
    of the current M.

    Args:
        observable: M(0) = U†OU, a Hermitian D × D matrix, an array, nested list or Qobj.
        times: Times ≥ 0, in any order.
        states: The m input states, normalised vectors, of the shape (m, D), or a list of kets of QuTiP.
        labels: y_j, m real numbers.
        learning_rate: η > 0.
        L: The number of layers; only ηL matters.
        generator_square: Tr X² of the traceless generators; D by default, X² = 1, for even D.
        average: Whether the loss is (1/2m) Σ_j r_j², which is slower by 1/m, instead of ½ Σ_j r_j² (the default).

    Returns:
        The residuals, of the shape (times, m), the kernel, the loss and M.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind, shape or range.
        CostError: If the observables at all times would not fit into memory.
        RunError: If the integrator gives up.

    Examples:
        >>> p = deep_flow([[0, 1], [1, 0]], [0, 1, 2], states=[[1, 0]], labels=[0.5], learning_rate=0.1, L=3)
        >>> p.residual.ravel().round(4).tolist()
        [-0.5, -0.3365, -0.2301]

    Reference:
        [you2023]; derivations/14_dynamics.md.
    """
    (M_0, vectors), t = _observable_and_states(observable, states), check_times(times)
    D = len(M_0)
    y = real_array("labels", labels)
    if y.shape != (len(vectors),):
        raise InputError(f"labels must be one number for each of the {len(vectors)} states, got {y.shape}")
    if t.size * D**2 > _LARGEST_PATH:
        raise CostError(
            f"times must be at most {_LARGEST_PATH // D**2} at D = {D}, where every observable is kept, got {t.size}"
        )
    rate = float(kernel_rate(D=D, L=L, generator_square=generator_square))
    share = 1 / len(y) if flag("average", average) else 1.0
    speed = check_rate(learning_rate) * rate * share
    stops, where = np.unique(np.append(t, 0.0), return_inverse=True)
    path = _path(M_0, stops, vectors, y, speed)[where[:-1]]
    residual = np.array([_residuals(M, vectors, y) for M in path])
    return DeepFlow(
        times=t,
        residual=residual,
        kernel=rate * np.array([_commutator_products(M, vectors) for M in path]),
        loss=share * np.square(residual).sum(axis=1) / 2,
        assumption=_ASSUMPTION,
        reference=_REFERENCE,
        observables=path,
    )


def _path(M_0: Complex, stops: Array, vectors: Complex, y: Array, speed: float) -> Complex:
    """M at the stops, the first of which is 0."""
    # in units of M and of time in which all is of the order 1: SciPy's estimate of an error is 0/0 for tiny slopes
    unit, times = unit_of(float(np.abs(M_0).max())), stops
    pace = unit_of(speed * unit)
    M_0, y, stops, speed = M_0 / unit, y / unit, pace * (unit * stops), speed * unit / pace
    D, size, evaluations = len(M_0), float(np.abs(M_0).max()) or 1.0, 0

    def slope(time: float, flat: Array) -> Array:
        nonlocal evaluations
        evaluations += 1
        if evaluations > _MOST_SLOPES:
            raise RunError(
                f"times must be within what {_MOST_SLOPES} slopes of the flow reach, got {times[-1]:g}, of which "
                f"{times[-1] * (time / stops[-1]):.3g} was done; shorten the times"
            )
        M = flat.view(np.complex128).reshape(D, D)
        weighted = (vectors.T * _residuals(M, vectors, y)) @ vectors.conj()  # Σ_j r_j ρ_j
        inner = M @ weighted - weighted @ M
        return np.asarray((-speed * (M @ inner - inner @ M)).ravel().view(np.float64))

    def remaining(_time: float, flat: Array) -> float:
        """Falls through 0 where all is learnt: the loss never grows, so the residuals stay below."""
        M = flat.view(np.complex128).reshape(D, D)
        return float(np.abs(_residuals(M, vectors, y)).max()) - _ABSOLUTE * size

    remaining.terminal = True  # type: ignore[attr-defined]
    path = np.repeat(M_0[np.newaxis], len(stops), axis=0)
    start = np.ascontiguousarray(M_0).ravel().view(np.float64)
    reach = max(size, float(np.abs(y).max()))  # what the residuals are rounded at
    # A fixed point but for rounding stays: an explicit integrator would follow the rounding for ever.
    if not stops[-1] or np.abs(slope(0.0, start)).max() <= _STILL * len(y) * D * speed * size**2 * reach:
        return unit * path
    done = integrate.solve_ivp(
        slope,
        (0.0, stops[-1]),
        start,
        "DOP853",
        t_eval=stops,
        events=remaining,
        rtol=_RELATIVE,
        atol=_ABSOLUTE * size,
    )
    if not done.success:
        raise RunError(f"the integrator stopped before time {times[-1]:g}: {done.message}; shorten the times")
    found = np.ascontiguousarray(done.y.T).view(np.complex128).reshape(-1, D, D)
    path[: len(found)] = found
    if len(found) < len(stops):
        path[len(found) :] = done.y_events[0][-1].view(np.complex128).reshape(D, D)
    return unit * path


def _residuals(M: Complex, vectors: Complex, labels: Array) -> Array:
    return np.asarray(np.einsum("ja,ab,jb->j", vectors.conj(), M, vectors).real - labels)


def _observable_and_states(observable: Any, states: Any) -> tuple[Complex, Complex]:
    """M and the rows of the states, checked alone and beside each other."""
    M = hermitian_array("observable", observable)
    D = len(M)
    if D < 2:  # noqa: PLR2004 - a qubit or more
        raise InputError(f"observable must be a D × D matrix, D ≥ 2, got the shape {M.shape}")
    vectors = kets_as_rows("states", states)
    if isinstance(states, list | tuple) and states:
        check_alike({"observable": observable, "states[0]": states[0]})
    if vectors.ndim != 2 or vectors.shape[1] != D or not len(vectors):  # noqa: PLR2004 - rows
        raise InputError(
            f"states must be rows of D = {D} numbers, of the shape (m, {D}), got {vectors.shape}"
        )
    norms = np.linalg.norm(vectors, axis=1)
    if np.abs(norms - 1).max() > _ROUNDING:
        wrong = int(np.argmax(np.abs(norms - 1)))
        raise InputError(f"states must be normalised, got the norm {norms[wrong]:g} of state {wrong}")
    return M, vectors
