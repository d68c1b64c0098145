"""Arrays that a user brings from elsewhere: each is returned as clean floats, or refused in one clear line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import plain
from haarqntk.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

# Squares of entries, their sums and products with another of them stay within the range of a float.
LARGEST_ENTRY, SMALLEST_SCALE = 1e100, 1e-100
_LARGEST_STEP = 2**53  # every integer up to here is a float


def real_array(name: str, value: object, *, axes: tuple[str, ...], cure: str) -> Real:
    """Return ``value`` as a new array of finite floats with one axis for each of ``axes``.

    Complex numbers are taken if their imaginary parts vanish: automatic differentiation hands such ones out.

    Args:
        name: The argument's name, for the message.
        value: Anything that NumPy reads as an array: lists, arrays, tensors of PennyLane, JAX, PyTorch.
        axes: What the axes stand for, such as ``("points", "parameters")``.
        cure: What the message tells the caller to do if the number of axes is wrong.

    Raises:
        InputError: If the shape is wrong or empty, or an entry is not finite, not real or beyond 1e100.
        InputTypeError: If the entries are no numbers.

    Examples:
        >>> real_array("targets", [1, 2], axes=("points",), cure="pass one target per point")
        array([1., 2.])
    """
    array = _numbers(name, value)
    if array.ndim != len(axes):
        raise InputError(
            f"{name} must have {len(axes)} {'axis' if len(axes) == 1 else 'axes'} ({' × '.join(axes)}), "
            f"got the shape {array.shape}; {cure}"
        )
    if array.size == 0:
        raise InputError(
            f"{name} must not be empty ({' × '.join(axes)}), got the shape {array.shape}; {cure}"
        )
    if not np.isfinite(array).all():
        raise InputError(
            f"{name} must be finite, got {array[~np.isfinite(array)][0]} at {_place(~np.isfinite(array))}; "
            "check the model there"
        )
    if array.dtype.kind == "c":
        if array.imag.any():
            raise InputError(
                f"{name} must be real, got {array[array.imag != 0][0]} at {_place(array.imag != 0)}; "
                "pass the real part if the imaginary part is rounding"
            )
        array = array.real
    real = array.astype(np.float64)
    if np.abs(real).max() > LARGEST_ENTRY:
        raise InputError(
            f"{name} must stay below 1e100, got {np.abs(real).max():.3g} at "
            f"{_place(np.abs(real) > LARGEST_ENTRY)}; rescale the model's outputs"
        )
    return real


def relative_precision(value: object) -> float:
    """The distance from 1 to the next number of the entries' type: 2⁻⁵² for doubles, 2⁻²³ for single floats."""
    dtype = getattr(value, "dtype", None)
    try:
        return float(np.finfo(np.dtype(dtype)).eps) if dtype is not None else 2.0**-52
    except (TypeError, ValueError):  # integers, and tensors whose types are not NumPy's
        array = np.asarray(value)
        return float(np.finfo(array.dtype).eps) if array.dtype.kind in "fc" else 2.0**-52


def step_numbers(steps: object) -> NDArray[np.int64]:
    """Return step numbers, one or several, as an array of integers ≥ 0."""
    array = np.atleast_1d(np.asarray(steps))
    if array.dtype.kind == "O" and all(type(step) is int for step in array.ravel()):  # beyond 64 bits
        raise InputError(f"steps must be at most 2^53, got {steps!r}; the limit t → ∞ is in final_outputs")
    if array.dtype.kind not in "iu":
        raise InputTypeError(f"steps must be integers ≥ 0, got {steps!r}; pass an int or an array of ints")
    if array.ndim != 1 or array.size == 0 or array.min() < 0:
        raise InputError(
            f"steps must be one number ≥ 0 or a list of such, got the shape {array.shape}"
            f"{f' with {array.min()}' if array.size else ''}"
        )
    if array.max() > _LARGEST_STEP:
        raise InputError(
            f"steps must be at most 2^53, got {array.max()}; the limit t → ∞ is in final_outputs"
        )
    return array.astype(np.int64)


def r_squared(targets: Real, predictions: Real) -> float:
    """The coefficient of determination, 1 − Σ(y − z)²/Σ(y − ȳ)²; nan if the targets do not vary."""
    if np.ptp(targets) == 0:
        return math.nan
    variation = np.square(targets - targets.mean()).sum()
    return float(1 - np.square(targets - predictions).sum() / variation)


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return a copy that cannot be written to."""
    copy = np.array(array)
    copy.flags.writeable = False
    return copy


def _numbers(name: str, value: object) -> NDArray[Any]:
    given = plain(name, value, "numbers")
    try:
        array = np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:  # rows of different lengths; tensors that hold on
        raise InputTypeError(
            f"{name} must be an array of numbers, got {type(value).__name__} ({error}); "
            "pass rows of equal length, detached from any gradient"
        ) from None
    if array.dtype.kind not in "iufc":
        raise InputTypeError(
            f"{name} must be an array of numbers, got the dtype {array.dtype}; pass an array of floats"
        )
    return array


def _place(where: NDArray[np.bool_]) -> str:
    index = ", ".join(str(i) for i in np.argwhere(where)[0])
    return f"[{index}]"
