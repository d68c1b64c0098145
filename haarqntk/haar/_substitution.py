"""Values of diagrams at given matrices: exact for rational entries, floating-point otherwise."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk._arguments import rational
from haarqntk.errors import InputError, InputTypeError
from haarqntk.haar._weights import total_dimension
from haarqntk.traces import INDEX, MATRIX, OPEN, SYMPLECTIC_FORM, VECTOR, Letter, first_ends, flatten

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from haarqntk.exact import DimensionFunction
    from haarqntk.haar._algebra import Declaration
    from haarqntk.traces import DiagramMonomial, Space

_ROUNDING = 1e-9


def value_of(
    terms: Mapping[DiagramMonomial, DimensionFunction],
    declared: Mapping[str, Declaration],
    spaces: tuple[Space, ...],
    dimensions: Mapping[str, int],
    given: Mapping[str, Any],
) -> Any:
    """Σ coefficient · diagram at matrices; see ``Integral.at``."""
    needed = {
        letter.name: letter
        for monomial in terms
        for component, _ in monomial
        for letter in component.letters
        if letter.kind in (MATRIX, VECTOR) and letter.name != SYMPLECTIC_FORM
    }
    random = sorted(name for name in needed if hasattr(declared.get(name), "group"))
    if random:
        raise InputError(f"the result must not be random, got {', '.join(random)}; average over it first")
    missing = sorted(set(needed) - set(given))
    if missing:
        raise InputError(
            f"matrices must name every matrix of the result, got none for {', '.join(missing)}; "
            f"pass matrices={{'{missing[0]}': …}}, or specialise(D=…) to keep the traces"
        )
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise InputError(
            f"unknown matrix {', '.join(unknown)}; known: {', '.join(sorted(declared)) or 'none'}"
        )
    arrays = {}
    for name, value in given.items():
        letter = declared[name]
        if isinstance(letter, Letter):
            arrays[name] = _checked_array(name, value, letter, dimensions)
    total: Any = Fraction(0)
    if spaces:
        size = total_dimension(spaces, dimensions)
        total = np.full((size, size), Fraction(0), dtype=object)
    for monomial, c in terms.items():
        total = total + c.at({}) * _contracted(monomial, arrays, dimensions, len(spaces))
    if isinstance(total, np.ndarray) and not all(isinstance(x, Fraction) for x in total.flat):
        return total.astype(complex if np.iscomplexobj(total.astype(complex).imag.any()) else complex)
    return total


def _contracted(
    monomial: DiagramMonomial,
    arrays: Mapping[str, Any],
    dimensions: Mapping[str, int],
    width: int,
) -> Any:
    """One diagram by numpy.einsum; kets and bras of a matrix of rank one are paired, whichever with whichever."""
    letters, partner = flatten([monomial])
    first = first_ends(letters)
    axis: dict[int, int] = {}
    for end, other in enumerate(partner):
        axis[end] = axis[other] if other in axis else len(axis)
    operands: list[Any] = []
    opened: dict[tuple[str, int], int] = {}
    waiting: dict[str, list[list[int]]] = {}
    for i, letter in enumerate(letters):
        axes = [axis[end] for end in range(first[i], first[i] + letter.num_ends)]
        sizes = [total_dimension((space,), dimensions) for space in letter.spaces]
        if letter.kind == OPEN:
            opened[letter.name, letter.place] = axes[0]
        elif letter.kind == INDEX:
            operands += [_unit_vector(letter, sizes[0]), axes]
        elif letter.kind == VECTOR:
            waiting.setdefault(letter.name, []).append([int(letter.conjugated), *axes])
        else:
            matrix = _form(sizes[0]) if letter.name == SYMPLECTIC_FORM else arrays[letter.name]
            shaped = (matrix.conjugate() if letter.conjugated else matrix).reshape(sizes + sizes)
            operands += [shaped, [*axes[::2], *axes[1::2]]]
    for name, found in waiting.items():
        kets, bras = ([axes for conj, *axes in found if conj == side] for side in (0, 1))
        sizes = [total_dimension((s,), dimensions) for s in next(x.spaces for x in letters if x.name == name)]
        for ket, bra in zip(kets, bras, strict=True):
            operands += [arrays[name].reshape(sizes + sizes), [*ket, *bra]]
    out = [opened[side, s] for side in ("left", "right") for s in range(width)]
    if not operands and not out:
        return Fraction(1)
    through = {}
    for side, s in list(opened):
        label = opened[side, s]
        if label in through:  # an open end joined to an open end: the identity
            fresh = 10_000 + s
            size = _open_size(letters, s, dimensions)
            eye = np.array([[Fraction(int(a == b)) for b in range(size)] for a in range(size)], dtype=object)
            operands += [eye, [label, fresh]]
            opened[side, s] = fresh
        through[label] = s
    out = [opened[side, s] for side in ("left", "right") for s in range(width)]
    labels = {label: n for n, label in enumerate(sorted({x for axes in operands[1::2] for x in axes}))}
    relabelled = [[labels[x] for x in part] if n % 2 else part for n, part in enumerate(operands)]
    value = np.einsum(*relabelled, [labels[x] for x in out])
    if out:
        size = int(np.prod(value.shape[:width]))
        return value.reshape(size, size)
    return value.item() if isinstance(value, np.ndarray) else value


def _open_size(letters: list[Letter], place: int, dimensions: Mapping[str, int]) -> int:
    spaces = next(x.spaces for x in letters if x.kind == OPEN and x.place == place)
    return total_dimension(spaces, dimensions)


def _unit_vector(letter: Letter, size: int) -> Any:
    if not letter.name.isdigit():
        raise InputError(f"an index must be a number to be evaluated, got {letter.name}")
    place = int(letter.name) + (size // 2 if letter.place else 0)
    return np.array([Fraction(int(i == place)) for i in range(size)], dtype=object)


def _form(size: int) -> Any:
    half = size // 2
    return np.array(
        [[Fraction((j == i + half) - (i == j + half)) for j in range(size)] for i in range(size)],
        dtype=object,
    )


def _checked_array(name: str, value: Any, letter: Letter, dimensions: Mapping[str, int]) -> Any:
    size = total_dimension(letter.spaces, dimensions)
    array = np.array(value.full() if hasattr(value, "full") else value, dtype=object)
    if array.shape != (size, size):
        raise InputError(f"matrix {name} must have shape ({size}, {size}), got {array.shape}")
    try:
        exact = np.array([rational(name, x) for x in array.flat], dtype=object)
    except InputTypeError:
        try:
            array = array.astype(complex)
        except (TypeError, ValueError):
            raise InputTypeError(f"matrix {name} must hold numbers, got {array.flat[0]!r}") from None
        if not np.isfinite(array).all():
            raise InputError(f"matrix {name} must hold finite numbers, got {array}") from None
    else:
        array = exact.reshape(size, size)
    broken = _broken_relation(array, letter.properties)
    if broken:
        raise InputError(f"matrix {name} was declared {broken}, and the matrix given for it is not")
    return array


def _broken_relation(A: Any, properties: frozenset[str]) -> str | None:
    one = np.array([[Fraction(int(a == b)) for b in range(len(A))] for a in range(len(A))], dtype=object)
    adjoint = A.conjugate().T
    trace = A.trace()
    differences: dict[str, Callable[[], Any]] = {
        "hermitian": lambda: A - adjoint,
        "traceless": lambda: trace * one,
        "involution": lambda: A @ A - one,
        "projector": lambda: A @ A - A,
        "unitary": lambda: A @ adjoint - one,
        "symmetric": lambda: A - A.T,
        "real": lambda: A - A.conjugate(),
        "rank_one": lambda: np.array(
            [A[i, j] * A[k, m] - A[i, m] * A[k, j] for i, j, k, m in _minors(len(A))]
        ),
    }
    for name, difference in differences.items():
        if name in properties and any(abs(complex(x)) > _ROUNDING for x in difference().flat):
            return name
    return None


def _minors(size: int) -> list[tuple[int, int, int, int]]:
    return [(i, j, k, m) for i in range(size) for k in range(i) for j in range(size) for m in range(j)]
