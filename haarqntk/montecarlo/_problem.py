"""The problem that an estimate belongs to: what is averaged, over which circuits, for which observables."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np

from haarqntk.checks import integer, is_row, one_of, rational
from haarqntk.errors import InputError, InputTypeError
from haarqntk.montecarlo._eigenspaces import Eigenspaces
from haarqntk.montecarlo._ensembles import ENSEMBLES, Ensemble
from haarqntk.montecarlo._quantities import QUANTITIES, Quantity, quantity_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# A standard error of K⁴ holds the sixteenth powers of the widths of O and X; 10^(±288) is safe in a float.
_WIDEST = Fraction(10**9)


@dataclass(frozen=True)
class Problem:
    """A quantity with all its numbers, exact and canonical.

    Circuits are U = S_0 e^{iθ_1X_1} S_1 … e^{iθ_LX_L} S_L on a space of dimension D; the ensemble says what in
    them is random (``haarqntk.montecarlo._ensembles``). There always is a Haar unitary between an observable
    and a generator, which makes the basis irrelevant, so an observable is its spectrum. Observables, and the
    populations of a state, share their basis, whose order does not matter either: their columns are sorted,
    and problems that differ by the order are equal. Users call :meth:`create`.

    Args:
        quantity: One of ``quantities()``.
        D: Dimension, an integer ≥ 2; even unless there is a generator spectrum.
        L: Number of layers, an integer ≥ 1.
        spectra: For each observable its D eigenvalues.
        overlap: σ = |⟨φ|φ'⟩|² of the two inputs, from 0 to 1, for quantities that use it; else None.
        num_inputs: Number of orthonormal inputs, from 2 to D, for quantities that use it; else 1.
        ensemble: One of ``ensembles()``.
        generator_spectrum: The D eigenvalues of every generator; None for X² = 1, Tr X = 0.
        populations: The D populations p_i of the output state, for the ensemble that uses them; else None.

    Raises:
        UnknownNameError: If the quantity or the ensemble is unknown; the message lists the known ones.
        InputError: If a value is out of range, missing, or given where it is not used.
        InputTypeError: If a value is of the wrong kind.
    """

    quantity: str
    D: int
    L: int
    spectra: tuple[tuple[Fraction, ...], ...]
    overlap: Fraction | None = None
    num_inputs: int = 1
    ensemble: str = "segments"
    generator_spectrum: tuple[Fraction, ...] | None = None
    populations: tuple[Fraction, ...] | None = None

    def __post_init__(self) -> None:
        quantity = quantity_of(self.quantity)
        ensemble = ENSEMBLES[one_of("ensemble", self.ensemble, ENSEMBLES)]
        _check_fit(quantity, ensemble)
        D = integer("D", self.D, at_least=2)
        generator_spectrum = _checked_generator(ensemble, D, self.generator_spectrum)
        spectra = _checked_spectra(quantity, D, self.spectra)
        populations = _checked_populations(ensemble, D, self.populations)
        columns = zip(*spectra, *([] if populations is None else [populations]), strict=True)
        rows = tuple(zip(*sorted(columns, reverse=True), strict=True))
        object.__setattr__(self, "D", D)
        object.__setattr__(self, "L", integer("L", self.L, at_least=1))
        object.__setattr__(self, "spectra", rows[: quantity.num_observables])
        object.__setattr__(self, "overlap", _checked_overlap(quantity, self.overlap))
        object.__setattr__(self, "num_inputs", _checked_num_inputs(quantity, D, self.num_inputs))
        object.__setattr__(self, "generator_spectrum", generator_spectrum)
        object.__setattr__(self, "populations", None if populations is None else rows[-1])

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
        ensemble: str = "segments",
        generator_spectrum: Iterable[object] | None = None,
        populations: Iterable[object] | None = None,
    ) -> Problem:
        """Return the problem, checked and canonical.

        Args:
            quantity: One of ``quantities()``.
            D: Dimension, an integer ≥ 2; even unless ``generator_spectrum`` is given, a power of two for
                "prl_ansatz" and "prl_ansatz_with_input_block".
            L: Number of layers, an integer ≥ 1.
            spectrum: The D eigenvalues of the observable: integers, Fractions, or other exact rationals. For
                quantities of two observables a pair of such sequences, or one if both are the same.
            overlap: σ = |⟨φ|φ'⟩|², rational, from 0 to 1; required where it is used.
            num_inputs: Number of orthonormal inputs, from 2 to D; required where it is used.
            ensemble: One of ``ensembles()``; "segments" by default.
            generator_spectrum: The D eigenvalues of X_l, the same for every layer, exact rationals; not with
                the ensembles whose generators are Pauli strings. If None (default), X² = 1 and Tr X = 0.
            populations: p_1 … p_D of the output state, exact rationals ≥ 0 with sum 1, in the order of
                ``spectrum``; required by "generator_average".

        Raises:
            UnknownNameError: If the quantity or the ensemble is unknown; the message lists the known ones.
            InputError: If a value is out of range, missing, or given where it is not used.
            InputTypeError: If a value is of the wrong kind.

        Examples:
            >>> problem = Problem.create("kernel_mean", D=4, L=6, spectrum=[-1, 1, 1, -1])
            >>> problem == Problem.create("kernel_mean", D=4, L=6, spectrum=[1, 1, -1, -1])
            True
            >>> problem.key()[:16]
            '00d8c7c584565983'
        """
        entries = _entries("spectrum", spectrum)
        is_nested = bool(entries) and all(
            isinstance(entry, Iterable) and not isinstance(entry, str) for entry in entries
        )
        rows = (
            tuple(tuple(row) for row in cast("tuple[Iterable[object], ...]", entries))
            if is_nested
            else (entries,)
        )
        known = quantity_of(quantity)
        if len(rows) == 1:
            rows *= known.num_observables
        return cls(
            quantity,
            D,
            L,
            cast("tuple[tuple[Fraction, ...], ...]", rows),
            cast("Fraction | None", overlap),
            1 if num_inputs is None else num_inputs,
            ensemble,
            cast("tuple[Fraction, ...] | None", generator_spectrum),
            cast("tuple[Fraction, ...] | None", populations),
        )

    def key(self) -> str:
        """Return the SHA-256 of the problem's canonical JSON text, as 64 hexadecimal digits.

        A generator spectrum and populations are in the text only where there are any: keys that were stored
        before the library had them stay what they were.
        """
        data: dict[str, object] = {
            "ensemble": self.ensemble,
            "quantity": self.quantity,
            "D": self.D,
            "L": self.L,
            "spectra": [[_text(value) for value in spectrum] for spectrum in self.spectra],
            "overlap": None if self.overlap is None else _text(self.overlap),
            "num_inputs": self.num_inputs,
        }
        for name in ("generator_spectrum", "populations"):
            numbers = getattr(self, name)
            if numbers is not None:
                data[name] = [_text(value) for value in numbers]
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def num_vectors(self) -> int:
        """P, the number of input vectors."""
        return self.num_inputs if self.overlap is None else 2

    def observables(self) -> NDArray[np.float64]:
        """Return the diagonals of the observables minus a constant, as floats of shape (A, D).

        The constant part of O adds a constant to z and nothing to a derivative. It is taken off here, where
        arithmetic is exact, because floats would lose the small part of O beside a large constant. The
        constant is Tr O/D, or ⟨O⟩ where the output state is given. In first derivatives O acts there on that
        state alone, so that eigenvalues without population do not matter and are set to 0: an eigenstate has
        an exact 0.
        """
        if self.populations is None:
            return np.array(
                [_centred(spectrum, (Fraction(1, self.D),) * self.D) for spectrum in self.spectra]
            )
        centred = np.array([_centred(spectrum, self.populations) for spectrum in self.spectra])
        if QUANTITIES[self.quantity].uses_hessian:
            return centred
        return np.where(self.inputs() == 0, 0, centred)

    def generator(self) -> NDArray[np.float64] | None:
        """Return the diagonal of X minus Tr X/D, as floats of shape (D,), or None for X² = 1.

        The constant part of X is a phase of U.
        """
        if self.generator_spectrum is None:
            return None
        return np.array(_centred(self.generator_spectrum, (Fraction(1, self.D),) * self.D))

    @functools.cached_property
    def observable_eigenspaces(self) -> Eigenspaces:
        """The joint eigenspaces of the observables, minus the constants of :meth:`observables`."""
        return Eigenspaces.of(self.spectra, self.populations)

    @functools.cached_property
    def generator_eigenspaces(self) -> Eigenspaces:
        """The eigenspaces of a generator minus Tr X/D; ±1, half of D each, if there is no spectrum."""
        half = self.D // 2
        spectrum = self.generator_spectrum or (Fraction(1),) * half + (Fraction(-1),) * half
        return Eigenspaces.of([spectrum])

    def inputs(self) -> NDArray[np.float64]:
        """Return the input vectors as rows, real and normalised, of shape (P, D).

        They are the first P vectors of the basis; with an overlap the second is √σ e_1 + √(1−σ) e_2. With
        populations the only vector is Σ_i √p_i e_i.
        """
        if self.populations is not None:
            return np.array([[math.sqrt(population) for population in self.populations]])
        if self.overlap is None:
            return np.eye(self.num_inputs, self.D)
        vectors = np.eye(2, self.D)
        vectors[1, :2] = math.sqrt(self.overlap), math.sqrt(1 - self.overlap)
        return vectors


def _centred(values: Sequence[Fraction], weights: Sequence[Fraction]) -> list[float]:
    """Return the values minus their weighted mean."""
    mean = sum(value * weight for value, weight in zip(values, weights, strict=True))
    return [float(value - mean) for value in values]


def _entries(name: str, values: object) -> tuple[object, ...]:
    if not is_row(values):
        raise InputTypeError(f"{name} must be a sequence of rationals, got {values!r}; pass a list")
    return tuple(values)


def _row(name: str, D: int, values: Sequence[object]) -> tuple[Fraction, ...]:
    """Return D exact numbers."""
    if len(values) != D:
        cure = (
            "pass one for each eigenvalue"
            if name == "populations"
            else "list every eigenvalue as often as it occurs"
        )
        raise InputError(f"{name} must have D = {D} entries, got {len(values)}; {cure}")
    return tuple(rational(f"{name}[{index}]", value) for index, value in enumerate(values))


def _spectrum(name: str, D: int, values: Sequence[object]) -> tuple[Fraction, ...]:
    """Return D eigenvalues whose powers fit into floats."""
    row = _row(name, D, values)
    width = max(row) - min(row)
    if width and not 1 / _WIDEST <= width <= _WIDEST:
        raise InputError(
            f"{name} must have a width (largest minus smallest entry) of 0 or from 1e-9 to 1e9, "
            f"got {_text(width)}; rescale the operator, since floats have no room for its powers"
        )
    return row


def _check_fit(quantity: Quantity, ensemble: Ensemble) -> None:
    """Refuse what is not defined where derivatives are independent, or the output is kept."""
    is_one_output = quantity.takes_derivatives_of_one_output
    if (ensemble.has_independent_entries or ensemble.uses_populations) and not is_one_output:
        fitting = ", ".join(
            name for name, entry in QUANTITIES.items() if entry.takes_derivatives_of_one_output
        )
        raise InputError(
            f"quantity must be made of derivatives of one output for ensemble {ensemble.name!r}, "
            f"got {quantity.name!r}; use one of {fitting}, or another ensemble"
        )


def _checked_generator(ensemble: Ensemble, D: int, values: object) -> tuple[Fraction, ...] | None:
    if ensemble.uses_all_pauli_strings:
        if values is not None:
            raise InputError(
                f"generator_spectrum is not used by ensemble {ensemble.name!r}, whose generators are Pauli "
                f"strings, got {values}; leave it out"
            )
        if D & (D - 1):
            raise InputError(
                f"D must be a power of two for ensemble {ensemble.name!r}, whose generators are Pauli strings, "
                f"got {D}; use D = {2 ** (D.bit_length() - 1)} or D = {2 ** D.bit_length()}"
            )
    elif values is None:
        if D % 2:
            raise InputError(
                f"D must be even, got {D}: an odd dimension has no traceless X with X² = 1; "
                f"use D = {D - 1} or D = {D + 1}, or pass generator_spectrum"
            )
    else:
        row = _spectrum("generator_spectrum", D, _entries("generator_spectrum", values))
        return tuple(sorted(row, reverse=True))
    return None


def _checked_populations(ensemble: Ensemble, D: int, values: object) -> tuple[Fraction, ...] | None:
    if not ensemble.uses_populations:
        if values is not None:
            raise InputError(
                f"populations is not used by ensemble {ensemble.name!r}, got {values}; leave it out"
            )
        return None
    if values is None:
        raise InputError(
            f"populations is required by ensemble {ensemble.name!r}, got None; "
            "pass the D probabilities of the eigenvalues in the output state"
        )
    row = _row("populations", D, _entries("populations", values))
    if min(row) < 0 or sum(row) != 1:
        raise InputError(
            f"populations must be ≥ 0 and have the sum 1, got the smallest {min(row)} and the sum {sum(row)}; "
            "pass exact rationals"
        )
    return row


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
    return tuple(_spectrum("spectrum", D, spectrum) for spectrum in spectra)


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
