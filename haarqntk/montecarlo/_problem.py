"""The problem that an estimate belongs to: what is averaged, over which circuits, for which observables."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np

from haarqntk._arguments import integer, one_of, rational
from haarqntk.errors import InputError, InputTypeError
from haarqntk.montecarlo._quantities import QUANTITIES, Quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# A standard error of K² holds eighth powers of the spectrum's width; 10^(±240) is safe in a float.
_WIDEST = Fraction(10**30)


@dataclass(frozen=True)
class Problem:
    """A quantity of the ``segments`` ensemble with all its numbers, exact and canonical.

    Circuits are U = S_0 e^{iθ_1X_1} S_1 … e^{iθ_LX_L} S_L with independent Haar unitaries S_0 … S_L on a
    space of dimension D and X_l² = 1, Tr X_l = 0. Haar segments make the basis irrelevant, so an observable
    is its spectrum. Two observables share their basis, whose order does not matter either: the columns of
    ``spectra`` are sorted, and problems that differ by the order are equal. Users call :meth:`create`.

    Args:
        quantity: One of ``quantities()``.
        D: Dimension, an even integer ≥ 2.
        L: Number of layers, an integer ≥ 1.
        spectra: For each observable its D eigenvalues.
        overlap: σ = |⟨φ|φ'⟩|² of the two inputs, from 0 to 1, for quantities that use it; else None.
        num_inputs: Number of orthonormal inputs, from 2 to D, for quantities that use it; else 1.

    Raises:
        UnknownNameError: If the quantity is unknown; the message lists the known ones.
        InputError: If a value is out of range, missing, or given where it is not used.
        InputTypeError: If a value is of the wrong kind.
    """

    quantity: str
    D: int
    L: int
    spectra: tuple[tuple[Fraction, ...], ...]
    overlap: Fraction | None = None
    num_inputs: int = 1

    def __post_init__(self) -> None:
        quantity = QUANTITIES[one_of("quantity", self.quantity, QUANTITIES)]
        D = integer("D", self.D, at_least=2)
        if D % 2:
            raise InputError(
                f"D must be even, got {D}: an odd dimension has no traceless X with X² = 1; "
                f"use D = {D - 1} or D = {D + 1}"
            )
        object.__setattr__(self, "D", D)
        object.__setattr__(self, "L", integer("L", self.L, at_least=1))
        object.__setattr__(self, "spectra", _checked_spectra(quantity, D, self.spectra))
        object.__setattr__(self, "overlap", _checked_overlap(quantity, self.overlap))
        object.__setattr__(self, "num_inputs", _checked_num_inputs(quantity, D, self.num_inputs))

    @classmethod
    def create(
        cls,
        quantity: str,
        *,
        D: int,
        L: int,
        spectrum: Iterable[object],
        overlap: object = None,
        num_inputs: int | None = None,
    ) -> Problem:
        """Return the problem, checked and canonical.

        Args:
            quantity: One of ``quantities()``.
            D: Dimension, an even integer ≥ 2.
            L: Number of layers, an integer ≥ 1.
            spectrum: The D eigenvalues of the observable: integers, Fractions, or other exact rationals. For
                quantities of two observables a pair of such sequences, or one if both are the same.
            overlap: σ = |⟨φ|φ'⟩|², rational, from 0 to 1; required where it is used.
            num_inputs: Number of orthonormal inputs, from 2 to D; required where it is used.

        Raises:
            UnknownNameError: If the quantity is unknown; the message lists the known ones.
            InputError: If a value is out of range, missing, or given where it is not used.
            InputTypeError: If a value is of the wrong kind.

        Examples:
            >>> problem = Problem.create("kernel_mean", D=4, L=6, spectrum=[-1, 1, 1, -1])
            >>> problem == Problem.create("kernel_mean", D=4, L=6, spectrum=[1, 1, -1, -1])
            True
            >>> problem.key()[:16]
            '00d8c7c584565983'
        """
        if not isinstance(spectrum, Iterable):
            raise InputTypeError(f"spectrum must be a sequence of rationals, got {spectrum!r}; pass a list")
        entries = tuple(spectrum)
        is_nested = bool(entries) and all(
            isinstance(entry, Iterable) and not isinstance(entry, str) for entry in entries
        )
        rows = (
            tuple(tuple(row) for row in cast("tuple[Iterable[object], ...]", entries))
            if is_nested
            else (entries,)
        )
        known = QUANTITIES[one_of("quantity", quantity, QUANTITIES)]
        if len(rows) == 1:
            rows *= known.num_observables
        return cls(
            quantity,
            D,
            L,
            cast("tuple[tuple[Fraction, ...], ...]", rows),
            cast("Fraction | None", overlap),
            1 if num_inputs is None else num_inputs,
        )

    def key(self) -> str:
        """Return the SHA-256 of the problem's canonical JSON text, as 64 hexadecimal digits."""
        text = json.dumps(
            {
                "ensemble": "segments",
                "quantity": self.quantity,
                "D": self.D,
                "L": self.L,
                "spectra": [[_text(value) for value in spectrum] for spectrum in self.spectra],
                "overlap": None if self.overlap is None else _text(self.overlap),
                "num_inputs": self.num_inputs,
            },
            sort_keys=True,
            separators=(",", ":"),
        )
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def num_vectors(self) -> int:
        """P, the number of input vectors."""
        return self.num_inputs if self.overlap is None else 2

    def observables(self) -> NDArray[np.float64]:
        """Return the diagonals of the observables minus Tr O/D, as floats of shape (A, D).

        The constant part of O adds a constant to z and nothing to a derivative. It is taken off here, where
        arithmetic is exact, because floats would lose the small part of O beside a large constant.
        """
        return np.array(
            [[float(value - sum(spectrum) / self.D) for value in spectrum] for spectrum in self.spectra]
        )

    def inputs(self) -> NDArray[np.float64]:
        """Return the input vectors as rows, real and normalised, of shape (P, D).

        They are the first P vectors of the basis; with an overlap the second is √σ e_1 + √(1−σ) e_2.
        """
        if self.overlap is None:
            return np.eye(self.num_inputs, self.D)
        vectors = np.eye(2, self.D)
        vectors[1, :2] = math.sqrt(self.overlap), math.sqrt(1 - self.overlap)
        return vectors


def _text(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _checked_spectra(
    quantity: Quantity, D: int, spectra: Sequence[Sequence[object]]
) -> tuple[tuple[Fraction, ...], ...]:
    if len(spectra) != quantity.num_observables:
        allowed = "one sequence" if quantity.num_observables == 1 else "a sequence or a pair of sequences"
        raise InputError(
            f"spectrum must be {allowed} of D = {D} rationals for {quantity.name!r}, "
            f"got {len(spectra)} sequences; pass one for each observable"
        )
    rows = []
    for spectrum in spectra:
        if len(spectrum) != D:
            raise InputError(
                f"spectrum must have D = {D} entries, got {len(spectrum)}; "
                "list every eigenvalue as often as it occurs"
            )
        row = [rational(f"spectrum[{index}]", value) for index, value in enumerate(spectrum)]
        width = max(row) - min(row)
        if width and not 1 / _WIDEST <= width <= _WIDEST:
            raise InputError(
                f"spectrum must have a width (largest minus smallest entry) of 0 or from 1e-30 to 1e30, "
                f"got {_text(width)}; rescale the observable, since floats have no room for its powers"
            )
        rows.append(row)
    return tuple(zip(*sorted(zip(*rows, strict=True), reverse=True), strict=True))


def _checked_overlap(quantity: Quantity, overlap: object) -> Fraction | None:
    if not quantity.uses_overlap:
        if overlap is not None:
            raise InputError(f"overlap is not used by {quantity.name!r}, got {overlap}; leave it out")
        return None
    if overlap is None:
        raise InputError(
            f"overlap is required by {quantity.name!r}, got None; pass |⟨φ|φ'⟩|² as a rational from 0 to 1"
        )
    value = rational("overlap", overlap)
    if not 0 <= value <= 1:
        raise InputError(f"overlap must be from 0 to 1, got {value}; it is |⟨φ|φ'⟩|² of normalised inputs")
    return value


def _checked_num_inputs(quantity: Quantity, D: int, num_inputs: object) -> int:
    value = integer("num_inputs", num_inputs, at_least=1)
    if not quantity.uses_num_inputs:
        if value != 1:
            raise InputError(f"num_inputs is not used by {quantity.name!r}, got {value}; leave it out")
    elif not 2 <= value <= D:  # noqa: PLR2004 - one input has no eigenvalues to tell apart
        raise InputError(
            f"num_inputs must be from 2 to D = {D} for {quantity.name!r}, got {value} (1 is the default); "
            "pass the number of orthonormal inputs"
        )
    return value
