"""``Prediction``: curves over time with the assumption under which they hold, and the checks of arguments."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import Tabled, real_array
from haarqntk.checks import rational, real_number
from haarqntk.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_LARGEST_STEP = 2**53  # every integer up to here is a float


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


def unit_of(size: float) -> float:
    """The power of 2 next above a number ≥ 0, and 1 for 0: a unit in which numbers keep their digits."""
    return math.ldexp(1.0, math.frexp(size)[1])


def exact_number(name: str, value: object) -> Fraction:
    """Check a finite real number; a float is the binary fraction that it is.

    Raises:
        InputTypeError, InputError: If it is none.
    """
    checked = real_number(name, value)
    try:
        return rational(name, value)
    except InputTypeError:
        return Fraction(checked)


def check_rate(learning_rate: object) -> float:
    """Check η > 0."""
    return real_number("learning_rate", learning_rate, positive=True)


def check_times(times: object, *, are_steps: bool = False) -> Array:
    """Check times ≥ 0, or numbers of steps: a number or a one-dimensional list of them.

    Raises:
        InputTypeError, InputError: If they are no numbers, negative, not finite, or no integers where they
            count steps.
    """
    array = real_array("times", times)
    if array.ndim > 1 or array.size == 0:
        raise InputError(f"times must be one-dimensional and not empty, got the shape {array.shape}")
    array = np.atleast_1d(array)
    if array.min() < 0:
        raise InputError(f"times must be ≥ 0, got {array.min():g}")
    if are_steps and (np.any(array != np.floor(array)) or array.max() > _LARGEST_STEP):
        wrong = array[(array != np.floor(array)) | (array > _LARGEST_STEP)][0]
        raise InputError(
            f"times must be integers up to 2^53 where they count steps, got {wrong:g}; pass flow=True"
        )
    return array


def refuse_overflow(times: Array, learning_rate: float, largest_eigenvalue: float, *curves: Array) -> None:
    """Refuse curves that left the range of a float, as a descent does beyond the stability edge.

    Raises:
        InputError: If an entry is not finite; the message has the first such time.
    """
    edge = 2 / largest_eigenvalue if largest_eigenvalue > 0 else math.inf
    for curve in curves:
        over = ~np.isfinite(curve.reshape(len(times), -1)).all(axis=1)
        if over.any():
            raise InputError(
                f"times must leave the residual within the range of a float, got {times[over].min():g} at the "
                f"learning rate {learning_rate:g}, where the stability edge is 2/λ_max = {edge:.3g}; "
                "lower the rate, or shorten the times"
            )


def check_kernel(kernel: object) -> Array:
    """Check a kernel: a number ≥ 0, or a symmetric positive semidefinite matrix.

    Raises:
        InputTypeError, InputError: If it is none.
    """
    K = real_array("kernel", kernel)
    if K.ndim == 0:
        real_number("kernel", float(K), at_least=0)
        return K
    if K.ndim != 2 or K.shape[0] != K.shape[1] or K.size == 0:  # noqa: PLR2004 - a matrix
        raise InputError(f"kernel must be a number or a square matrix, got the shape {K.shape}")
    size = float(np.abs(K).max())
    if np.abs(K - K.T).max() > _ROUNDING * size:
        raise InputError(f"kernel must be symmetric, got K − Kᵀ of the size {np.abs(K - K.T).max():.3g}")
    smallest = float(np.linalg.eigvalsh(K)[0])
    if smallest < -_ROUNDING * len(K) * size:
        raise InputError(f"kernel must be positive semidefinite, got the eigenvalue {smallest:.3g}")
    return K


_ROUNDING = 1e-10  # relative: what the product of a Jacobian with itself may lose
