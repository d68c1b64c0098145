"""Dimensions, spectra, traces and observables as a user gives them, turned into exact values of trace symbols.

A float observable becomes an exact rational spectrum first: the formulas are evaluated exactly, and rounded
once at the end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk._arguments import integer, rational
from haarqntk._lazy import LazyModule
from haarqntk.errors import InputError, InputTypeError
from haarqntk.traces import trace_word

if TYPE_CHECKING:
    from numpy.typing import NDArray


mpmath = LazyModule("mpmath")

_CURE = "pass fractions.Fraction, or the matrix itself as observable= for a float"


@dataclass(frozen=True, slots=True)
class TraceValues:
    """Values of trace symbols by name, and whether they come from exact data."""

    values: dict[str, Fraction]
    exact: bool


def circuit_dimension(D: object, generators: str = "pauli") -> int:
    """Check a dimension: even where the generators are traceless involutions."""
    dimension = integer("D", D, at_least=2)
    if generators == "pauli" and dimension % 2:
        raise InputError(
            f"D must be even for generators X² = 1, Tr X = 0 (Pauli strings), got {dimension}; "
            "an odd dimension has no traceless involution: take generators='general'"
        )
    return dimension


def trace_values(names: Sequence[str], D: int, design_order: int, given: Mapping[str, object]) -> TraceValues:
    """The values of the trace symbols ``names`` from exactly one of spectrum=, traces=, observable=.

    Args:
        names: Names of trace symbols: T1, T2, … or T_O1, T_O1O2, ….
        D: The dimension, checked.
        design_order: Below it the traces are dependent, so only a spectrum or an observable will do.
        given: The three arguments by name; None where the caller left one out.

    Raises:
        InputError, InputTypeError: If not exactly one is given, or it does not fit D or the symbols.
    """
    present = [name for name, value in given.items() if value is not None]
    if len(present) != 1:
        got = " and ".join(present) or "none"
        raise InputError(f"exactly one of spectrum=, traces=, observable= must be given, got {got}")
    (kind,) = present
    words = {name: word for name in names if (word := trace_word(name))}
    labels = sorted({letter for word in words.values() for letter in word})
    if kind == "traces":
        if design_order > D:
            raise InputError(
                f"traces must come with D ≥ {design_order}, where they are independent, got D = {D}; "
                "pass spectrum= or observable="
            )
        return TraceValues(_given_traces(given[kind], words), exact=True)
    if kind == "spectrum":
        spectra = _spectra(given[kind], labels, D)
        return TraceValues({name: _diagonal_trace(word, spectra) for name, word in words.items()}, exact=True)
    matrices = _observables(given[kind], labels, D)
    return TraceValues(_matrix_traces(words, matrices), exact=False)


def _given_traces(traces: object, words: Mapping[str, tuple[str, ...]]) -> dict[str, Fraction]:
    if isinstance(traces, Mapping):
        known = {str(name): rational(f"traces[{name!s}]", value) for name, value in traces.items()}
    else:
        row = _sequence("traces", traces, "[T1, T2, …]")
        powers = {j: rational(f"T{j}", value) for j, value in enumerate(row, start=1)}
        # one observable in several places: a word of length j has the trace T_j
        known = {name: powers[len(word)] for name, word in words.items() if len(word) in powers}
    missing = sorted(name for name in words if name not in known)
    if missing:
        raise InputError(
            f"traces must give {', '.join(sorted(words))}, got no {', '.join(missing)}; "
            "list T1, T2, … up to the highest power"
        )
    return {name: known[name] for name in words}


def _spectra(spectrum: object, labels: Sequence[str], D: int) -> dict[str, tuple[Fraction, ...]]:
    """One spectrum for every observable, or one each, in a common eigenbasis."""
    row = _sequence("spectrum", spectrum, "the D eigenvalues of O")
    nested = bool(row) and isinstance(row[0], Iterable) and not isinstance(row[0], str)
    if nested and len(row) != len(labels):
        raise InputError(
            f"spectrum must be one list of eigenvalues or one for each of {', '.join(labels)}, got {len(row)} lists"
        )
    each = row if nested else [row] * len(labels)
    return {label: one_spectrum(values, D) for label, values in zip(labels, each, strict=True)}


def one_spectrum(
    values: object, D: int, *, name: str = "spectrum", meaning: str = "the D eigenvalues of O"
) -> tuple[Fraction, ...]:
    """Check a list of D exact eigenvalues."""
    row = tuple(
        rational(f"each eigenvalue of {name}", value, cure=_CURE)
        for value in _sequence(name, values, meaning)
    )
    if len(row) != D:
        raise InputError(
            f"{name} must list {meaning.replace('the D', f'the D = {D}')}, with multiplicity, got {len(row)}; "
            "repeat equal eigenvalues and list zeros"
        )
    return row


def _diagonal_trace(word: tuple[str, ...], spectra: Mapping[str, tuple[Fraction, ...]]) -> Fraction:
    return sum(
        (prod(values) for values in zip(*(spectra[letter] for letter in word), strict=True)), Fraction(0)
    )


def _observables(observable: object, labels: Sequence[str], D: int) -> dict[str, NDArray[np.complex128]]:
    each: Sequence[object] = [observable] * len(labels)
    if len(labels) > 1 and isinstance(observable, list | tuple) and len(observable) == len(labels):
        is_matrix = [hasattr(entry, "full") or np.ndim(entry) == 2 for entry in observable]  # noqa: PLR2004
        if all(is_matrix):
            each = observable
    return {label: hermitian_matrix(value, D) for label, value in zip(labels, each, strict=True)}


def hermitian_matrix(observable: object, D: int) -> NDArray[np.complex128]:
    """Check a D × D Hermitian array or Qobj, to a relative 10⁻¹⁰, and return its Hermitian part.

    Raises:
        InputTypeError: If it is no array of numbers.
        InputError: If it is not square, of another size, not finite or not Hermitian.
    """
    data: Any = observable.full() if hasattr(observable, "full") else observable
    try:
        matrix = np.asarray(data, dtype=np.complex128)
    except (TypeError, ValueError):
        raise InputTypeError(
            f"observable must be a square array or Qobj of numbers, got {type(observable).__name__}"
        ) from None
    if matrix.shape != (D, D):
        raise InputError(f"observable must have shape ({D}, {D}) to fit D = {D}, got {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise InputError("observable must be finite, got NaN or infinity in it")
    defect = np.abs(matrix - matrix.conj().T).max()
    if defect > 1e-10 * max(1.0, np.abs(matrix).max()):
        raise InputError(
            f"observable must be Hermitian, got |O − O†| up to {defect:.3g}; pass (O + O†)/2 if that is meant"
        )
    return np.asarray((matrix + matrix.conj().T) / 2)


def _matrix_traces(
    words: Mapping[str, tuple[str, ...]], matrices: Mapping[str, NDArray[np.complex128]]
) -> dict[str, Fraction]:
    spectra = {
        letter: tuple(Fraction(float(x)) for x in np.linalg.eigvalsh(matrix))
        for letter, matrix in matrices.items()
    }
    found = {}
    for name, word in words.items():
        if len(set(word)) == 1:
            found[name] = _diagonal_trace(word, spectra)
        else:
            product = reduce(np.matmul, [matrices[letter] for letter in word[:-1]])
            found[name] = Fraction(float(np.sum(product * matrices[word[-1]].T).real))
    return found


def _sequence(name: str, value: object, meaning: str) -> list[Any]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise InputTypeError(f"{name} must be a list: {meaning}, got {value!r}")
    return list(value)


def as_float(value: Fraction) -> float:
    """The nearest float, or one line where there is none."""
    try:
        return float(value)
    except OverflowError:
        raise InputError(
            "observable must be small enough for the result to be a float, got one beyond 1e308; "
            "pass exact traces, or scale O"
        ) from None


def binary_fraction(name: str, value: Any) -> Fraction:
    """A float or mpmath number as the binary fraction that it is; exact numbers as they are."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"{name} must be finite, got {value}")
        return Fraction(value)
    parts = getattr(value, "man_exp", None)  # mpmath.mpf: an unsigned mantissa and an exponent of 2
    if parts is None:
        return rational(name, value)
    if not mpmath.isfinite(value):
        raise InputError(f"{name} must be finite, got {value}")
    mantissa, exponent = (int(part) for part in parts)
    return (-1 if value < 0 else 1) * Fraction(mantissa) * Fraction(2) ** exponent
