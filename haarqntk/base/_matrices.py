"""QuTiP's objects and arrays as a user gives them, read at this one place.

A Qobj says what it is (operator, ket, bra, superoperator, …) and on which tensor factors it acts. Both are compared
with what the argument means: the numbers alone would be taken for something else without a word. A Qobj is known by
its attributes, so that QuTiP is imported only for a channel, which is one of its objects already.

The factors of a Qobj, multiplied together in their order, must be the declared ones: dims [[2, 2, 3], [2, 2, 3]] act
on 4 × 3 and on 12; a flat [[12], [12]] says nothing of 4 × 3 and is refused there.
"""

from __future__ import annotations

from math import prod
from numbers import Rational, Real
from typing import TYPE_CHECKING, Any

from haarqntk.base._values import LazyModule
from haarqntk.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
else:
    np = LazyModule("numpy")

qutip = LazyModule("qutip")

_ROUNDING = 1e-10  # relative: far above the rounding of a product of matrices and far below a typing error
_SHOWN = 60  # characters of a value in a message
_OPERATOR, _CHANNEL = {"oper", "scalar"}, {"super", "choi", "chi"}
_WANTED: Mapping[str, tuple[set[str], str]] = {
    "operator": (_OPERATOR, "an operator"),
    "unitary": (_OPERATOR, "a unitary operator"),
    "ket": ({"ket"}, "a ket"),
    "state": ({"ket", *_OPERATOR}, "a ket or its projector"),
    "numbers": (set(), "an array of numbers"),
}
_CURES = {  # by what is wanted and what was given; by the latter alone
    ("operator", "ket"): "pass X.proj() if its projector is meant",
    ("operator", "bra"): "pass X.dag().proj() if its projector is meant",
    ("unitary", "ket"): "pass the unitary that prepares it",
    ("unitary", "bra"): "pass the unitary that prepares it",
    "bra": "pass X.dag()",
    "oper": "pass the kets themselves, such as those of X.eigenstates()",
    "operator-ket": "pass qutip.vector_to_operator(X)",
    "operator-bra": "pass qutip.vector_to_operator(X.dag())",
}


def is_qobj(value: object) -> bool:
    """Whether the value is a Qobj, without an import of QuTiP.

    Examples:
        >>> is_qobj([[1, 0], [0, 1]])
        False
    """
    return hasattr(value, "full") and hasattr(value, "dims")


def is_matrix(value: Any) -> bool:
    """Whether the value is a Qobj, or has rows; their lengths may differ, which the reader refuses."""
    try:
        return is_qobj(value) or np.ndim(value) == 2  # noqa: PLR2004 — rows and columns
    except ValueError:
        return True


def is_channel(value: Any) -> bool:
    """Whether the value is a superoperator, Choi or chi matrix of QuTiP."""
    return is_qobj(value) and _kind(value) in _CHANNEL


def plain(name: str, value: Any, wanted: str, *, factors: Sequence[int] = ()) -> Any:
    """Return the array of a Qobj that is what is wanted, or of a sparse matrix; anything else as it is.

    Args:
        name: The argument's name, for the message.
        value: Anything.
        wanted: "operator", "unitary", "ket", "state" (a ket or a projector), or "numbers" (no Qobj at all).
        factors: The dimensions of the tensor factors, if they are known to the reader.

    Raises:
        InputTypeError: If it is a Qobj of another kind.
        InputError: If it acts on other tensor factors.
    """
    if not is_qobj(value):
        if type(value).__name__ == "QobjEvo":
            raise InputTypeError(f"{name} must not depend on time, got a QobjEvo; pass its value X(t)")
        return value.toarray() if hasattr(value, "toarray") else value  # a sparse matrix of SciPy
    kind, (kinds, noun) = _kind(value), _WANTED[wanted]
    if kind not in kinds:
        cure = _CURES.get((wanted, kind), _CURES.get(kind, f"pass {noun}"))
        if wanted == "numbers":
            cure = "pass a NumPy array, such as X.full().real"
        raise InputTypeError(
            f"{name} must be {noun}, got a Qobj of type {kind} with dims {value.dims}; {cure}"
        )
    own = _factors(value)
    if kind in _OPERATOR and value.shape[0] == value.shape[1] and own != _factors(value, side=1):
        raise InputError(
            f"{name} must have the same tensor factors on both sides, got a Qobj with dims {value.dims}; "
            "reorder one side"
        )
    check_factors(name, value, factors)
    return value.full()


def check_factors(name: str, value: Any, factors: Sequence[int]) -> None:
    """Refuse a Qobj whose tensor factors, multiplied together in their order, are not these; one says nothing.

    Raises:
        InputError: If they are not; the message has both.
    """
    if len(factors) > 1 and is_qobj(value) and not _make_up(_factors(value), factors):
        side = list(factors)
        raise InputError(
            f"{name} must act on the tensor factors {' × '.join(map(str, side))} in this order, got a Qobj with dims "
            f"{value.dims}; give it the dims {[side, side]}, by X.permute if its factors are in another order"
        )


def check_alike(given: Mapping[str, object]) -> None:
    """Refuse Qobj on one space that divide it into other tensor factors, as QuTiP refuses their product.

    Raises:
        InputError: If two of them differ; the message has both names and dims.
    """
    found: dict[str, Any] = {name: value for name, value in given.items() if is_qobj(value)}
    for name, value in found.items():
        first, known = next(iter(found.items()))
        if _factors(value) != _factors(known):
            raise InputError(
                f"{name} must act on the tensor factors of {first}, got a Qobj with dims {value.dims}, and "
                f"{known.dims} of {first}; give both the same dims"
            )


def real_array(name: str, values: Any) -> NDArray[np.float64]:
    """Return finite real numbers as a new array of floats of any shape; exact numbers are rounded.

    Raises:
        InputTypeError: If an entry is no real number, or it is a Qobj.
        InputError: If rows differ in length, or an entry is not finite.
    """
    array = _rows(name, plain(name, values, "numbers"))
    is_exact = array.dtype.kind == "O" and all(
        isinstance(x, Real | Rational) and not isinstance(x, bool) for x in array.ravel()
    )
    if array.dtype.kind not in "iuf" and not is_exact:
        text = " ".join(repr(values).split())
        shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
        raise InputTypeError(f"{name} must be real numbers, got {shown}; pass floats or exact numbers")
    try:
        array = np.array(array, dtype=np.float64)
    except OverflowError:
        raise InputError(f"{name} must be within the range of a float, got an entry beyond 1e308") from None
    _refuse(name, array, ~np.isfinite(array), "be finite", "check the data")
    return array


def data_array(
    name: str, value: Any, *, axes: Sequence[str], cure: str, largest: float = 1e100
) -> NDArray[np.float64]:
    """Return numbers of a model as a new array of floats with one axis for each of ``axes``, and not empty.

    They come from lists, arrays, or tensors of PennyLane, JAX, PyTorch. Complex numbers are taken if their imaginary
    parts vanish: automatic differentiation hands such ones out.

    Args:
        name: The argument's name, for the message.
        value: Anything.
        axes: What the axes stand for, such as ``("points", "parameters")``.
        cure: What the message tells the caller to do if the number of axes is wrong.
        largest: Of the moduli of the entries; by default their squares, and sums of them, are floats.

    Raises:
        InputError: If the shape is wrong or empty, or an entry is not finite, not real or too large.
        InputTypeError: If the entries are no numbers, or rows differ in length.

    Examples:
        >>> data_array("targets", [1, 2], axes=("points",), cure="pass one target per point")
        array([1., 2.])
    """
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
    meant = " × ".join(axes)
    if array.ndim != len(axes):
        count = f"{len(axes)} {'axis' if len(axes) == 1 else 'axes'} ({meant})"
        raise InputError(f"{name} must have {count}, got the shape {array.shape}; {cure}")
    if array.size == 0:
        raise InputError(f"{name} must not be empty ({meant}), got the shape {array.shape}; {cure}")
    _refuse(name, array, ~np.isfinite(array), "be finite", "check the model there")
    if array.dtype.kind == "c":
        cure = "pass the real part if the imaginary part is rounding"
        _refuse(name, array, array.imag != 0, "be real", cure)
    real = array.real.astype(np.float64)
    rule = f"stay below {largest:g}".replace("+", "")
    _refuse(name, real, np.abs(real) > largest, rule, "rescale the model's outputs")
    return real


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a copy that cannot be written to."""
    copy = np.array(array)
    copy.flags.writeable = False
    return copy


def complex_array(name: str, value: Any, wanted: str, *, factors: Sequence[int] = ()) -> NDArray[Any]:
    """Return numbers as a new array of complex128; see ``plain``.

    Raises:
        InputTypeError: If it holds something else than numbers, or is a Qobj of another kind.
        InputError: If rows differ in length, or an entry is not finite.
    """
    array = _rows(name, plain(name, value, wanted, factors=factors))
    numbers = "" if array.dtype.kind in "USMm" else array  # no text, no dates
    try:
        array = np.array(numbers, dtype=np.complex128)
    except OverflowError:
        raise InputError(f"{name} must have entries below 1e308, got one beyond; check its scale") from None
    except (TypeError, ValueError):
        raise InputTypeError(
            f"{name} must be an array or Qobj of numbers, got {type(value).__name__}; pass a NumPy array"
        ) from None
    _refuse(name, array, ~np.isfinite(array), "be finite", "check its scale")
    return array


def hermitian_array(name: str, value: Any, *, D: int | None = None) -> NDArray[Any]:
    """Return a Hermitian matrix as a new array of complex128; see ``complex_array``.

    Raises:
        InputTypeError, InputError: As ``complex_array``; also if it is not D × D, or not square if D is None, or not
            Hermitian to a relative 10⁻¹⁰.
    """
    matrix = complex_array(name, value, "operator")
    if D is not None and matrix.shape != (D, D):
        raise InputError(f"{name} must have shape ({D}, {D}) to fit D = {D}, got {matrix.shape}")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:  # noqa: PLR2004 — a matrix
        raise InputError(f"{name} must be a square matrix, got the shape {matrix.shape}")
    defect = float(np.abs(matrix - matrix.conj().T).max())
    if defect > _ROUNDING * float(np.abs(matrix).max()):
        raise InputError(
            f"{name} must be Hermitian, got |O − O†| up to {defect:.3g}; pass (O + O†)/2 if that is meant"
        )
    return matrix


def kets_as_rows(name: str, states: Any) -> NDArray[Any]:
    """Return vectors, or kets of QuTiP, as the rows of a new array of complex128.

    Raises:
        InputTypeError, InputError: As ``complex_array``; also for a Qobj that is no list.
    """
    if is_qobj(states):
        raise InputTypeError(
            f"{name} must be a list, got a Qobj of type {_kind(states)} with dims {states.dims}; pass a list of kets"
        )
    if isinstance(states, list | tuple) and any(map(is_qobj, states)):
        check_alike({f"{name}[{i}]": state for i, state in enumerate(states)})
        states = [np.ravel(plain(f"{name}[{i}]", state, "ket")) for i, state in enumerate(states)]
    return complex_array(name, states, "numbers")


def kraus_operators(name: str, channel: Any) -> list[NDArray[np.complex128]]:
    """Kraus operators of a superoperator, Choi or chi matrix of QuTiP: Σ_j vec(K_j) vec(K_j)† is its Choi matrix.

    Raises:
        InputError: If it maps between different spaces, or is not completely positive.
    """
    sides = [side for pair in channel.dims for side in pair]
    D = prod(_flat(sides[0]))
    if any(side != sides[0] for side in sides) or channel.shape != (D**2, D**2):
        raise InputError(
            f"{name} must map operators on one space to such, got a Qobj with dims {channel.dims}; "
            "compose it with a map back, and join channels by qutip.super_tensor"
        )
    choi = qutip.to_choi(channel).full()
    if not np.isfinite(choi).all():
        raise InputError(f"{name} must be finite, got nan or inf")
    size = float(np.abs(choi).max(initial=0.0))
    weights, vectors = np.linalg.eigh((choi + choi.conj().T) / 2)
    defect = max(float(np.abs(choi - choi.conj().T).max()), -float(weights[0]))
    if defect > _ROUNDING * D * size:
        raise InputError(
            f"{name} must be completely positive, but its Choi matrix is off by {defect:.3g}; of a Liouvillian L "
            "pass (L * t).expm()"
        )
    roots = np.sqrt(weights.clip(min=0.0))
    return [root * vector.reshape(D, D, order="F") for root, vector in zip(roots, vectors.T, strict=True)]


def _refuse(name: str, array: NDArray[Any], wrong: NDArray[np.bool_], rule: str, cure: str) -> None:
    """Refuse an array some of whose entries break a rule; the message has the first of them and its place."""
    if wrong.any():
        index = np.argwhere(wrong)[0].tolist()
        place = f" at {index}" if index else ""
        raise InputError(f"{name} must {rule}, got {array[wrong][0]}{place}; {cure}")


def _rows(name: str, value: Any) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except ValueError:
        raise InputError(f"{name} must have rows of one length, got rows that differ") from None


def _kind(value: Any) -> str:
    """The type of a Qobj; of superoperators the representation."""
    is_other = value.type == "super" and value.superrep in _CHANNEL
    return str(value.superrep if is_other else value.type)


def _factors(value: Any, *, side: int = 0) -> list[int]:
    """The dimensions of the tensor factors on one side, those of dimension 1 left out."""
    size, sizes = value.shape[side], _flat(value.dims[side])
    return [n for n in sizes if n != 1] if prod(sizes) == size else [size]  # spaces that are no product


def _flat(dims: Any) -> list[int]:
    if not isinstance(dims, list | tuple):
        return [dims]
    return [n for part in dims for n in _flat(part)]


def _make_up(sizes: Sequence[int], factors: Sequence[int]) -> bool:
    """Whether the sizes, multiplied together in their order, are the factors."""
    rest, product = [n for n in factors if n != 1], 1
    for size in sizes:
        product *= size
        if rest and product == rest[0]:
            rest, product = rest[1:], 1
    return not rest and product == 1
