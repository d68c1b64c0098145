r"""``Prediction``: curves over time with the assumption under which they hold; those of the frozen kernel.

Reference: liu2023, Eqs. (7), (10), (11); derivations/14_dynamics.md.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from haarqntk.base import Tabled, real_array
from haarqntk.checks import flag, rational, real_number
from haarqntk.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

_LARGEST_STEP = 2**53  # every integer up to here is a float
_ROUNDING = 1e-10  # relative: what the product of a Jacobian with itself may lose
_ZERO = 2.0**-46  # relative to the largest eigenvalue: what the eigenvalue routine may leave of a zero
_BEYOND = (
    "arguments must keep every number within the range of a float, 1e-308 to 1e308, but {}; "
    "measure the output or time in other units, or shorten the times"
)


@contextmanager
def within_floats() -> Iterator[None]:
    """Around a function: a number that leaves the range of a float on the way is refused, not carried on.

    Raises:
        InputError: If one does. Numbers that are too small for a float become 0, as everywhere.
    """
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise", under="ignore"):
            yield
    except (FloatingPointError, OverflowError, ZeroDivisionError) as error:
        reason = error.args[-1] if isinstance(error, OverflowError) else error
        raise InputError(_BEYOND.format(f"there was an {reason}".lower())) from None


@dataclass(frozen=True, eq=False, repr=False)
class Prediction(Tabled):
    """Curves over time; arrays are read-only.

    Attributes:
        times: The times, one-dimensional: numbers of steps of gradient descent, or the time of its flow.
        residual: ε or its mean at these times; for m data points of the shape (times, m).
        kernel: K at these times, a number or an m × m matrix each; None where the prediction has none.
        lower: Rigorous lower bounds of ``residual``; None where it has no bracket.
        upper: Rigorous upper bounds.
        loss: ½ Σ_j ε_j² or its mean; None where the prediction has none.
        assumption: Under which conditions this is what training does, in one sentence.
        reference: Keys into the bibliography, and the derivation.

    Raises:
        TypeError: If the times or the residual are left out.
        InputError: If a number is not finite.

    Examples:
        >>> from haarqntk.dynamics import frozen_kernel
        >>> p = frozen_kernel(2, [0, 1, 2], learning_rate=0.25)
        >>> p.residual.tolist(), p.loss.tolist()
        ([1.0, 0.5, 0.25], [0.5, 0.125, 0.03125])

    Reference:
        derivations/14_dynamics.md.
    """

    times: Array
    residual: Array
    kernel: Array | None = None
    lower: Array | None = None
    upper: Array | None = None
    loss: Array | None = None
    assumption: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray | float) and not np.isfinite(value).all():
                raise InputError(_BEYOND.format(f"{field.name} would leave it"))
            if isinstance(value, np.ndarray):
                frozen = np.array(value)
                frozen.setflags(write=False)
                object.__setattr__(self, field.name, frozen)

    @property
    def width(self) -> float:
        """The largest distance between ``lower`` and ``upper``; 0 where there is no bracket.

        Examples:
            >>> import haarqntk as hq
            >>> law = hq.kernel_law(D=4, L=1, spectrum=[1, 1, -1, -1])
            >>> p = hq.dynamics.frozen_law(law, [0, 1], learning_rate=1)
            >>> 0 < p.width < 1e-3
            True
        """
        if self.lower is None or self.upper is None:
            return 0.0
        return float(np.max(self.upper - self.lower, initial=0.0))

    def facts(self) -> dict[str, str]:
        """The ends of the curves and what they rest on, for a notebook.

        Examples:
            >>> from haarqntk.dynamics import frozen_kernel
            >>> p = frozen_kernel(2, [0, 1, 2], learning_rate=0.25)
            >>> p.facts()["loss"]
            '0.5 → 0.03125'
        """
        first, last = int(np.argmin(self.times)), int(np.argmax(self.times))
        found = {"times": f"{self.times.size}, from {self.times[first]:g} to {self.times[last]:g}"}
        for name, curve in (("residual", self.residual), ("loss", self.loss)):
            if curve is not None:
                start, end = _size(curve[first]), _size(curve[last])
                of = f", norm over {curve[first].size} data points" if curve[first].size > 1 else ""
                found[name] = f"{start:.4g} → {end:.4g}{of}"
        if self.lower is not None:
            found["bracket"] = f"at most {self.width:.2g} wide"
        return found | {"holds if": self.assumption, "source": self.reference}


def _size(value: Any) -> float:
    """The number itself, also of one data point, or the norm over several."""
    return float(np.ravel(value)[0]) if np.size(value) == 1 else float(np.linalg.norm(value))


# -- arguments -------------------------------------------------------------------------------------------------


def unit_of(size: float) -> float:
    """The power of 2 next above a number ≥ 0, and 1 for 0: a unit in which numbers keep their digits."""
    return math.ldexp(1.0, math.frexp(size)[1])


def exact_number(name: str, value: object) -> Fraction:
    """Check a finite real number; a float is the binary fraction that it is."""
    checked = real_number(name, value)
    try:
        return rational(name, value)
    except InputTypeError:
        return Fraction(checked)


def check_rate(learning_rate: object) -> float:
    """Check η > 0."""
    return real_number("learning_rate", learning_rate, positive=True)


def check_times(times: object, *, are_steps: bool = False) -> Array:
    """Check times ≥ 0, or numbers of steps: a number or a one-dimensional list of them."""
    array = real_array("times", times)
    if array.ndim > 1 or array.size == 0:
        raise InputError(f"times must be one-dimensional and not empty, got the shape {array.shape}")
    array = np.atleast_1d(array)
    if array.min() < 0:
        raise InputError(f"times must be ≥ 0, got {array.min():g}")
    wrong = array[(array != np.floor(array)) | (array > _LARGEST_STEP)]
    if are_steps and wrong.size:
        raise InputError(
            f"times must be integers up to 2^53 where they count steps, got {wrong[0]:g}; pass flow=True"
        )
    return array


def check_kernel(kernel: object) -> Array:
    """Check a kernel: a number ≥ 0, or a symmetric positive semidefinite matrix."""
    K = real_array("kernel", kernel)
    if K.ndim == 0:
        real_number("kernel", float(K), at_least=0)
        return K
    if K.ndim != 2 or K.shape[0] != K.shape[1] or K.size == 0:  # noqa: PLR2004 - a matrix
        raise InputError(f"kernel must be a number or a square matrix, got the shape {K.shape}")
    size, defect = float(np.abs(K).max()), float(np.abs(K - K.T).max())
    if defect > _ROUNDING * size:
        raise InputError(f"kernel must be symmetric, got K − Kᵀ of the size {defect:.3g}")
    smallest = float(np.linalg.eigvalsh(K)[0])
    if smallest < -_ROUNDING * len(K) * size:
        raise InputError(f"kernel must be positive semidefinite, got the eigenvalue {smallest:.3g}")
    return K


# -- the frozen kernel -----------------------------------------------------------------------------------------


def decay(eta: float, kernels: Array, times: Array, *, flow: bool, floor: float = -math.inf) -> Array:
    """Return e^{−ηKt} or (1 − ηK)^t, of the shape (times, kernels); ``floor`` is the least 1 − ηK."""
    if flow:
        return np.exp(-eta * np.multiply.outer(times, kernels))
    return np.asarray(np.power(np.maximum(1 - eta * kernels, floor), times[:, np.newaxis]))


def without_rounding(eigenvalues: Array) -> Array:
    """Return the eigenvalues of a kernel with zeros where only rounding is left."""
    return np.where(eigenvalues > len(eigenvalues) * _ZERO * eigenvalues.max(), eigenvalues, 0.0)


def _refuse_overflow(times: Array, eta: float, largest_eigenvalue: float, *curves: Array) -> None:
    """Refuse curves that left the range of a float, as a descent does beyond the stability edge."""
    is_finite = np.all([np.isfinite(x.reshape(len(times), -1)).all(axis=1) for x in curves], axis=0)
    if not is_finite.all():
        edge = 2 / largest_eigenvalue if largest_eigenvalue > 0 else math.inf
        raise InputError(
            f"times must leave the residual within the range of a float, got {times[~is_finite].min():g} at the "
            f"learning rate {eta:g}, where the stability edge is 2/λ_max = {edge:.3g}; "
            "lower the rate, or shorten the times"
        )


@within_floats()
def frozen_kernel(
    kernel: object, times: object, *, learning_rate: object, residual: object = 1.0, flow: bool = False
) -> Prediction:
    """The residual under a kernel that stays what it is: ε(t) = (1 − ηK)^t ε(0), or e^{−ηKt} ε(0).

    Args:
        kernel: K, a number ≥ 0 such as K̄ from ``hq.formula("kernel_mean").at(…)``, or the kernel matrix of m data
            points, symmetric and positive semidefinite.
        times: Numbers of steps, integers ≥ 0; with ``flow`` any times ≥ 0.
        learning_rate: η > 0.
        residual: ε(0), a number, or m numbers beside a matrix; 1 by default.
        flow: Gradient flow instead of gradient descent (the default).

    Returns:
        ε(t), the kernel, and the loss ½ Σ_j ε_j².

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind, shape or range.

    Examples:
        >>> frozen_kernel(2, [0, 1, 2], learning_rate=0.25).residual.tolist()
        [1.0, 0.5, 0.25]
        >>> frozen_kernel([[1, 1], [1, 1]], [0, 1], learning_rate=0.25, residual=[1, 0]).residual.round(6).tolist()
        [[1.0, 0.0], [0.75, -0.25]]

    Reference:
        [liu2023] Eqs. 7, 10, 11; derivations/14_dynamics.md.
    """
    K, eta = check_kernel(kernel), check_rate(learning_rate)
    t, start = check_times(times, are_steps=not flag("flow", flow)), real_array("residual", residual)
    if start.shape not in {(), K.shape[:1]} or (K.ndim == 2 and start.ndim == 0 and start != 1):  # noqa: PLR2004
        raise InputError(
            f"residual must have the shape {K.shape[:1]} of the kernel's rows, got {start.shape}"
        )
    eigenvalues, vectors = np.linalg.eigh(np.atleast_2d(K))
    coefficients = vectors.T @ np.broadcast_to(start, K.shape[:1] or (1,))
    with np.errstate(over="ignore", invalid="ignore"):
        epsilon = (decay(eta, eigenvalues, t, flow=flow) * coefficients) @ vectors.T
        loss = np.square(epsilon).sum(axis=1) / 2
    _refuse_overflow(t, eta, float(eigenvalues[-1]), epsilon, loss)
    return Prediction(
        times=t,
        residual=epsilon[:, 0] if K.ndim == 0 else epsilon,
        kernel=np.broadcast_to(K, (len(t), *K.shape)),
        loss=loss,
        assumption="The kernel keeps its value at the start throughout training (lazy training).",
        reference="liu2023, Eqs. (7), (10), (11); derivations/14_dynamics.md",
    )


@dataclass(frozen=True, eq=False, repr=False)
class FrozenOutputs(Prediction):
    """Residuals of the training points, as a ``Prediction``, and outputs of the others.

    Attributes:
        outputs: z_j at these times, of the shape (times, number of other points).
        outputs_limit: z_j as t → ∞ below the stability edge: the kernel regression, with the pseudo-inverse.

    Examples:
        >>> p = frozen_outputs(
        ...     [[2, 0], [0, 1]], [0, 100], cross_kernel=[[1, 1]], outputs=[0], residual=[-1, 1], learning_rate=0.5)
        >>> p.outputs.round(6).tolist(), p.outputs_limit.round(6).tolist()
        ([[0.0], [-0.5]], [-0.5])

    Reference:
        derivations/14_dynamics.md.
    """

    outputs: Array | None = None
    outputs_limit: Array | None = None

    def facts(self) -> dict[str, str]:
        """What holds of every prediction, and the other points, for a notebook.

        Examples:
            >>> p = frozen_outputs(
            ...     [[2, 0], [0, 1]], [0, 100], cross_kernel=[[1, 1]], outputs=[0], residual=[-1, 1], learning_rate=0.5)
            >>> p.facts()["other points"]
            '1, outputs from -0.5 to -0.5 as t → ∞'
        """
        found = super().facts()
        if self.outputs_limit is not None and self.outputs_limit.size:
            ends = f"outputs from {self.outputs_limit.min():.4g} to {self.outputs_limit.max():.4g} as t → ∞"
            found["other points"] = f"{self.outputs_limit.size}, {ends}"
        return found


@within_floats()
def frozen_outputs(
    kernel: object,
    times: object,
    *,
    cross_kernel: object,
    outputs: object,
    residual: object,
    learning_rate: object,
    flow: bool = False,
) -> FrozenOutputs:
    r"""Outputs under a frozen kernel: training points pull the others along.

    .. math:: z_j(t) = z_j(0) - \sum_{ab} K_{ja} (K^{-1})_{ab} \left[(1 - (1 - \eta K)^t)\,\varepsilon(0)\right]_b

    A singular kernel needs no inverse: (1 − (1 − ηλ)^t)/λ → ηt as λ → 0, and K_{ja} has no such part when all of K is
    the product of a Jacobian with itself.

    Args:
        kernel: K_ab of the m training points, symmetric and positive semidefinite.
        times: Numbers of steps; with ``flow`` any times ≥ 0.
        cross_kernel: K_ja of n other points with the training points, of the shape (n, m).
        outputs: z_j(0) of the n points.
        residual: ε_a(0) of the m training points.
        learning_rate: η > 0.
        flow: Gradient flow instead of gradient descent (the default).

    Returns:
        ε(t) of the training points, z(t) of the others, and its limit.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind, shape or range.

    Examples:
        >>> p = frozen_outputs([[2, 0], [0, 1]], [0, 1, 100], cross_kernel=[[1, 1]], outputs=[0], residual=[-1, 1],
        ...                    learning_rate=0.5)
        >>> p.outputs.ravel().round(6).tolist(), p.outputs_limit.round(6).tolist()
        ([0.0, 0.0, -0.5], [-0.5])

    Reference:
        derivations/14_dynamics.md.
    """
    K, cross = np.atleast_2d(check_kernel(kernel)), real_array("cross_kernel", cross_kernel)
    start, others = real_array("residual", residual), real_array("outputs", outputs)
    m = len(K)
    if start.shape != (m,) or others.ndim != 1:
        got = f"{start.shape}, {others.shape}"
        raise InputError(f"residual and outputs must be lists, of m = {m} and n numbers, got {got}")
    if cross.shape != (len(others), m):
        raise InputError(f"cross_kernel must have the shape {(len(others), m)} (n, m), got {cross.shape}")
    own = frozen_kernel(K, times, learning_rate=learning_rate, residual=start, flow=flow)
    eta, t = check_rate(learning_rate), own.times
    eigenvalues, vectors = np.linalg.eigh(K)
    eigenvalues = without_rounding(eigenvalues)
    coefficients, is_zero = vectors.T @ start, eigenvalues == 0
    inverse = np.where(is_zero, 0.0, 1 / np.where(is_zero, 1.0, eigenvalues))
    with np.errstate(over="ignore", invalid="ignore"):
        moved = (1 - decay(eta, eigenvalues, t, flow=flow)) * inverse
        moved = np.where(is_zero, eta * t[:, np.newaxis], moved)  # (1 − (1 − ηλ)^t)/λ
        curves = others - (moved * coefficients) @ (cross @ vectors).T
    _refuse_overflow(t, eta, float(eigenvalues[-1]), curves)
    changes = {
        "assumption": "The kernel of all points keeps its value at the start throughout training (lazy training).",
        "reference": "derivations/14_dynamics.md",
        "outputs": curves,
        "outputs_limit": others - cross @ (vectors @ (inverse * coefficients)),
    }
    return FrozenOutputs(**vars(own) | changes)
