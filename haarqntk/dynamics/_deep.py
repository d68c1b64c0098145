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

from haarqntk._arguments import integer, real_number
from haarqntk._lazy import LazyModule
from haarqntk.circuits import Circuit, layer_indices, sum_over
from haarqntk.dynamics._prediction import (
    Prediction,
    check_times,
    exact_number,
    real_array,
    unit_of,
    within_floats,
)
from haarqntk.errors import CostError, InputError, RunError
from haarqntk.qntk import mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Complex = NDArray[np.complex128]

integrate = LazyModule("scipy.integrate")

_RELATIVE, _ABSOLUTE = 1e-10, 1e-12  # of the integrator; tests hold the spectrum of M to 1e-8
_MOST_SLOPES = 100_000  # evaluations: seconds at small D
_STILL = 2.0**-46  # relative: a slope that is rounding
_ROUNDING = 1e-10  # relative: of O − O† and of norms of states
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
        times, residual, kernel, lower, upper, loss, assumption, reference: As of ``Prediction``.
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
        generator_square: Tr X² of the traceless generators, > 0; D by default, X² = 1.

    Returns:
        L Z, exact.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind or range.

    Examples:
        >>> kernel_rate(D=4, L=6)
        Fraction(8, 5)

    Reference:
        [you2023]; derivations/14_dynamics.md.
    """
    dimension, depth = integer("D", D, at_least=2), integer("L", L, at_least=1)
    square = (
        Fraction(dimension)
        if generator_square is None
        else exact_number("generator_square", generator_square)
    )
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
        observable: M, a Hermitian D × D matrix.
        states: The m input states, normalised vectors, of the shape (m, D).
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
    M = _hermitian(observable)
    vectors = _states(states, len(M))
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
        observable: M(0) = U†OU, a Hermitian D × D matrix.
        times: Times ≥ 0, in any order.
        states: The m input states, normalised vectors, of the shape (m, D).
        labels: y_j, m real numbers.
        learning_rate: η > 0.
        L: The number of layers; only ηL matters.
        generator_square: Tr X² of the traceless generators; D by default, X² = 1.
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
    M_0, t = _hermitian(observable), check_times(times)
    D = len(M_0)
    vectors = _states(states, D)
    y = real_array("labels", labels)
    if y.shape != (len(vectors),):
        raise InputError(f"labels must be one number for each of the {len(vectors)} states, got {y.shape}")
    if t.size * D**2 > _LARGEST_PATH:
        raise CostError(
            f"times must be at most {_LARGEST_PATH // D**2} at D = {D}, where every observable is kept, got {t.size}"
        )
    rate = float(kernel_rate(D=D, L=L, generator_square=generator_square))
    share = 1 / len(y) if average else 1.0
    speed = real_number("learning_rate", learning_rate, positive=True) * rate * share
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


def _complex_array(name: str, value: Any) -> Complex:
    try:
        array = np.asarray(value.full() if hasattr(value, "full") else value)
    except ValueError:
        raise InputError(f"{name} must have rows of one length, got rows that differ") from None
    if array.dtype.kind not in "iufc":
        raise InputError(f"{name} must be numbers, got an array of {array.dtype}")
    if not np.isfinite(array).all():
        raise InputError(f"{name} must be finite, got {array[~np.isfinite(array)][0]}")
    return array.astype(np.complex128)


def _hermitian(observable: Any) -> Complex:
    M = _complex_array("observable", observable)
    if M.ndim != 2 or M.shape[0] != M.shape[1] or len(M) < 2:  # noqa: PLR2004 - a matrix on a qubit or more
        raise InputError(f"observable must be a D × D matrix, D ≥ 2, got the shape {M.shape}")
    deviation = float(np.abs(M - M.conj().T).max())
    if deviation > _ROUNDING * float(np.abs(M).max()):
        raise InputError(f"observable must be Hermitian, got M − M† of the size {deviation:.3g}")
    return M


def _states(states: Any, D: int) -> Complex:
    vectors = _complex_array("states", states)
    if vectors.ndim != 2 or vectors.shape[1] != D or not len(vectors):  # noqa: PLR2004 - rows
        raise InputError(
            f"states must be rows of D = {D} numbers, of the shape (m, {D}), got {vectors.shape}"
        )
    norms = np.linalg.norm(vectors, axis=1)
    if np.abs(norms - 1).max() > _ROUNDING:
        wrong = int(np.argmax(np.abs(norms - 1)))
        raise InputError(f"states must be normalised, got the norm {norms[wrong]:g} of state {wrong}")
    return vectors
