r"""Many layers: the kernel that the engine derives for L → ∞, and the flow of the observable that goes with it.

As L grows the generators, seen from the input, average out: K_ij → L Z Tr(i[M, ρ_i] i[M, ρ_j]), M = U†OU. Gradient
flow then moves M alone, by dM/dt = −ηLZ Σ_j r_j [M, [M, ρ_j]], which keeps the spectrum of M.

Reference: you2023; derivations/14_dynamics.md.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from haarqntk.base import LazyModule, check_alike, hermitian_array, kets_as_rows, real_array
from haarqntk.checks import flag, real_number
from haarqntk.dynamics._derived import kernel_rate
from haarqntk.dynamics._prediction import (
    Array,
    Complex,
    Prediction,
    check_rate,
    check_times,
    unit_of,
    within_floats,
)
from haarqntk.errors import CostError, InputError, RunError

integrate = LazyModule("scipy.integrate")

_RELATIVE, _ABSOLUTE = 1e-10, 1e-12  # of the integrator; tests hold the spectrum of M to 1e-8
_MOST_SLOPES = 100_000  # evaluations: seconds at small D
_STILL = 2.0**-46  # relative: a slope that is rounding
_ROUNDING = 1e-10  # of norms of states
_LARGEST_PATH = 2**25  # complex numbers, 512 MB
_HALVINGS = 100  # of an interval of logarithms up to γ²κt: below the last place for κt up to 10¹²
_REFERENCE = "you2023; derivations/14_dynamics.md"
_ASSUMPTION = (
    "There are so many layers that the generators, Haar-rotated against states and observable, average out "
    "(L → ∞ at fixed ηL), and steps are small (gradient flow)."
)


@dataclass(frozen=True, eq=False, repr=False)
class DeepFlow(Prediction):
    """The flow of many layers, a ``Prediction`` with the observable.

    Attributes:
        observables: M = U†OU at these times, of the shape (times, D, D).

    Examples:
        >>> p = deep_flow([[0, 1], [1, 0]], [0, 1], states=[[1, 0]], labels=[0.5], learning_rate=0.1, L=3)
        >>> p.observables.shape, p.observables[0].real.tolist()
        ((2, 2, 2), [[0.0, 1.0], [1.0, 0.0]])

    Reference:
        you2023; derivations/14_dynamics.md.
    """

    observables: Complex | None = None


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
    D, size, evaluations = len(M_0), float(np.abs(M_0).max()) or 1.0, itertools.count(1)

    def matrix(flat: Array) -> Complex:
        return flat.view(np.complex128).reshape(D, D)

    def slope(time: float, flat: Array) -> Array:
        if next(evaluations) > _MOST_SLOPES:
            raise RunError(
                f"times must be within what {_MOST_SLOPES} slopes of the flow reach, got {times[-1]:g}, of which "
                f"{times[-1] * (time / stops[-1]):.3g} was done; shorten the times"
            )
        M = matrix(flat)
        weighted = (vectors.T * _residuals(M, vectors, y)) @ vectors.conj()  # Σ_j r_j ρ_j
        inner = M @ weighted - weighted @ M
        return np.asarray((-speed * (M @ inner - inner @ M)).ravel().view(np.float64))

    def remaining(_time: float, flat: Array) -> float:
        """Falls through 0 where all is learnt: the loss never grows, so the residuals stay below."""
        return float(np.abs(_residuals(matrix(flat), vectors, y)).max()) - _ABSOLUTE * size

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
    reached = len(done.t)
    path[:reached] = np.ascontiguousarray(done.y.T).view(np.complex128).reshape(-1, D, D)
    if reached < len(stops):
        path[reached:] = matrix(done.y_events[0][-1])
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
    wrong = int(np.argmax(np.abs(norms - 1)))
    if abs(norms[wrong] - 1) > _ROUNDING:
        raise InputError(f"states must be normalised, got the norm {norms[wrong]:g} of state {wrong}")
    return M, vectors


@dataclass(frozen=True, eq=False, repr=False)
class DeepFlowSingle(Prediction):
    """The curve, a ``Prediction``, with what tells the regimes apart.

    Attributes:
        regime: "exponential" (|y| < γ), "sublinear" (|y| = γ), "unreachable" (|y| > γ), or "fixed" (|z| = γ: nothing
            moves).
        exponent: What the residual, less its limit, ends as: e^{−exponent·t}; 1/(exponent·t) if "sublinear".
        residual_limit: lim ε(t) as t → ∞: 0, or sign(y)(γ − |y|) where the label is out of reach; ε(0) if fixed.

    Examples:
        >>> p = deep_flow_single(-1.2, [0, 10], label=0.5, learning_rate=0.1, L=3, D=2)
        >>> p.regime, round(p.exponent, 6), p.residual_limit
        ('exponential', 0.3, 0.0)

    Reference:
        you2023; derivations/14_dynamics.md.
    """

    regime: str = "exponential"
    exponent: float = 0.0
    residual_limit: float = 0.0

    def facts(self) -> dict[str, str]:
        """The regime, and what holds of every prediction, for a notebook.

        Examples:
            >>> p = deep_flow_single(-1.2, [0, 10], label=0.5, learning_rate=0.1, L=3, D=2)
            >>> p.facts()["exponent"]
            '0.3'
        """
        found = {"regime": self.regime, "exponent": f"{self.exponent:.4g}"}
        return found | {"as t → ∞": f"ε → {self.residual_limit:.4g}"} | super().facts()


@within_floats()
def deep_flow_single(
    residual: object,
    times: object,
    *,
    label: object,
    learning_rate: object,
    L: int,
    D: int,
    scale: object = 1,
    generator_square: object = None,
) -> DeepFlowSingle:
    r"""The flow of many layers for one pure input and an observable with O² = γ², in closed form.

    K = 2LZ(γ² − z²), z = y + ε, so with κ = 2ηLZ the time at which the residual is ε is, for |y| ≠ γ,

    .. math:: \kappa t = \frac{\ln|\varepsilon_0/\varepsilon|}{\gamma^2 - y^2}
       + \frac{1}{2\gamma(\gamma - y)} \ln\frac{\gamma - z}{\gamma - z_0}
       + \frac{1}{2\gamma(\gamma + y)} \ln\frac{\gamma + z}{\gamma + z_0},

    and the limit of this for \|y\| → γ, in which 1/\|ε\| grows like 2γκt. It is inverted by bisection of ln \|ε\|.

    Args:
        residual: ε(0), with |y + ε(0)| ≤ γ.
        times: Times ≥ 0.
        label: y.
        learning_rate: η > 0.
        L: The number of layers.
        D: The dimension, an integer ≥ 2.
        scale: γ > 0, the range of the measurement; 1 by default, a Pauli string.
        generator_square: Tr X² of the traceless generators; D by default, X² = 1, for even D.

    Returns:
        ε(t), K(t), the loss ε²/2 and the regime.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind or range.

    Examples:
        >>> for y in (0.5, 1, 2):
        ...     p = deep_flow_single(-1.2, [0, 10, 1000], label=y, learning_rate=0.1, L=3, D=2)
        ...     print(p.regime, p.residual.round(5).tolist())
        exponential [-1.2, -0.03743, -0.0]
        sublinear [-1.2, -0.13654, -0.00125]
        unreachable [-1.2, -1.00006, -1.0]

    Reference:
        [you2023]; derivations/14_dynamics.md.
    """
    start, y = real_number("residual", residual), real_number("label", label)
    gamma, t, eta = real_number("scale", scale, positive=True), check_times(times), check_rate(learning_rate)
    if abs(start + y) > gamma:
        raise InputError(
            f"residual must leave the output in [−γ, γ] = ±{gamma:g}, got z = y + ε = {start + y:g}"
        )
    rate = float(kernel_rate(D=D, L=L, generator_square=generator_square))
    speed, unit = 2 * eta * rate, unit_of(gamma)
    epsilon = unit * _invert(start / unit, y / unit, gamma / unit, (speed * unit) * (unit * t))
    z = np.clip(y + epsilon, -gamma, gamma)
    regime, exponent, residual_limit = _regime_of_many_layers(start, y, gamma, speed)
    return DeepFlowSingle(
        times=t,
        residual=epsilon,
        kernel=2 * rate * (gamma - z) * (gamma + z),
        loss=epsilon**2 / 2,
        assumption="There are so many layers that the generators average out (L → ∞ at fixed ηL), steps are small "
        "(gradient flow), one pure input, and O² = γ².",
        reference=_REFERENCE,
        regime=regime,
        exponent=exponent,
        residual_limit=residual_limit,
    )


def _regime_of_many_layers(start: float, y: float, gamma: float, speed: float) -> tuple[str, float, float]:
    """The regime, its exponent, and the limit of ε."""
    beyond = abs(y) - gamma
    if abs(start + y) == gamma:
        return "fixed", 0.0, start
    if beyond < 0:
        return "exponential", (speed * (gamma - y)) * (gamma + y), 0.0
    if beyond == 0:
        return "sublinear", 2 * gamma * speed, 0.0
    return "unreachable", 2 * gamma * speed * beyond, -float(np.sign(y)) * beyond


def _invert(start: float, y: float, gamma: float, kt: Array) -> Array:
    """ε at κt. |ε| falls, no faster than e^{−κγ²t}: ln|ε/ε_0| lies in [−κγ²t, 0]."""
    if start == 0 or abs(start + y) == gamma:
        return np.full(kt.shape, start)  # K ε = 0: nothing moves
    low, high = -(gamma**2) * kt, np.zeros(kt.shape)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_late = scaled_time(middle, start, y, gamma) >= kt
        low, high = np.where(is_late, middle, low), np.where(is_late, high, middle)
    return np.asarray(start * np.exp((low + high) / 2))


def scaled_time(log_ratio: Array, start: float, y: float, gamma: float) -> Array:
    """κt at which u = ln|ε/ε_0| has a value; infinite where it never has.

    Written for y ≥ 0, to which ε, y → −ε, −y leads, and with a = −ε, δ = γ − y so that nothing cancels as δ → 0:
    2γκt = [ln|1 + δ/a|/δ] + [ln(γ + z) − u]/(γ + y), each bracket less its value at the start.
    """
    sign = -1.0 if y < 0 else 1.0
    start, y = sign * start, sign * y
    delta, epsilon = gamma - y, start * np.exp(log_ratio)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        far = (np.log((gamma + y + epsilon) / (gamma + y + start)) - log_ratio) / (gamma + y)
        time = _near(-epsilon, delta) - _near(np.array(-start), delta) + far
    # beyond the fixed point z = γ the logarithm has no value: the flow never gets there
    return np.where(np.isnan(time), np.inf, time / (2 * gamma))


def _near(a: Array, delta: float) -> Array:
    """ln|1 + δ/a|/δ, and 1/a at δ = 0; no value where γ − z = δ + a has the wrong sign."""
    if delta == 0:
        return np.asarray(1 / a)
    x = delta / a
    return np.where((x < -1) & (a < 0), np.log(-1 - x), np.log1p(x)) / delta
