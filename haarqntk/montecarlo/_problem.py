"""The problem that an estimate belongs to: what is averaged, over which circuits, for which observables."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import math
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.checks import integer, is_row, one_of, rational
from haarqntk.errors import InputError, InputTypeError
from haarqntk.montecarlo._quantities import (
    ENSEMBLES,
    QUANTITIES,
    Ensemble,
    Integers,
    Quantity,
    Real,
    quantity_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Row = tuple[Fraction, ...]

# A standard error of K⁴ holds the sixteenth powers of the widths of O and X; 10^(±288) is safe in a float.
_WIDEST = Fraction(10**9)


@dataclass(frozen=True, eq=False)
class Eigenspaces:
    """The joint eigenspaces of A commuting operators, k of them: all that Haar-rotated operators are.

    Args:
        values: The eigenvalues, shape (A, k).
        multiplicities: The dimensions of the eigenspaces, shape (k,), with the sum D.
        populations: The weights of a given state in them, shape (k,), with the sum 1; None without such a state.
    """

    values: Real
    multiplicities: Integers
    populations: Real | None = None

    @classmethod
    def of(
        cls, spectra: Sequence[Sequence[Fraction]], populations: Sequence[Fraction] | None = None
    ) -> Eigenspaces:
        """Return the eigenspaces of the operators minus a constant: their mean in the state, or Tr O/D.

        Each operator has its D eigenvalues in a common basis. Columns that are equal stand side by side, as in
        sorted spectra.

        Examples:
            >>> Eigenspaces.of([[Fraction(4), Fraction(1), Fraction(1)]])
            Eigenspaces(values=array([[ 2., -1.]]), multiplicities=array([1, 2]), populations=None)
        """
        D = len(spectra[0])
        weights = [Fraction(1, D)] * D if populations is None else populations
        columns = itertools.groupby(zip(*spectra, weights, strict=True), key=lambda column: column[:-1])
        groups = [(point, [weight for *_, weight in group]) for point, group in columns]
        totals = [sum(group) for _, group in groups]
        rows = [[point[a] for point, _ in groups] for a in range(len(spectra))]
        means = [sum(x * total for x, total in zip(row, totals, strict=True)) for row in rows]
        return cls(
            np.array([[float(x - mean) for x in row] for row, mean in zip(rows, means, strict=True)]),
            np.array([len(group) for _, group in groups]),
            None if populations is None else np.array([float(total) for total in totals]),
        )

    @property
    def diagonals(self) -> Real:
        """The D eigenvalues of every operator, shape (A, D)."""
        return np.repeat(self.values, self.multiplicities, axis=1)

    def rows(self, width: int) -> Integers:
        """Return, for each of the E rows that ``width`` vectors need, the number of its eigenspace.

        An eigenspace of dimension d has min(d, width) rows, since more vectors than that have no components
        that differ.
        """
        return np.repeat(np.arange(len(self.multiplicities)), np.minimum(self.multiplicities, width))

    def depths(self, width: int) -> Integers:
        """Return, for each of the E rows, its place within its eigenspace, from 0."""
        heights = np.minimum(self.multiplicities, width)
        return np.asarray(np.arange(heights.sum()) - np.repeat(np.cumsum(heights) - heights, heights))

    @property
    def is_constant(self) -> bool:
        """Whether the operators act on the given state, or on every one, as constants."""
        values = self.values if self.populations is None else self.values[:, self.populations > 0]
        return not bool(values.any())


@dataclass(frozen=True)
class Problem:
    """A quantity with all its numbers, exact and canonical.

    Circuits are U = S_0 e^{iθ_1X_1} S_1 … e^{iθ_LX_L} S_L on a space of dimension D; the ensemble says what in
    them is random. There always is a Haar unitary between an observable and a generator, which makes the basis
    irrelevant, so an observable is its spectrum. Observables, and the populations of a state, share their basis,
    whose order does not matter either: their columns are sorted, and problems that differ by the order are equal.

    Args:
        quantity: One of ``quantities()``.
        D: Dimension, an integer ≥ 2; even unless there is a generator spectrum, a power of two for
            "prl_ansatz" and "prl_ansatz_with_input_block".
        L: Number of layers, an integer ≥ 1.
        spectra: The D eigenvalues of the observable: integers, Fractions, or other exact rationals. For quantities of
            two observables a pair of such sequences, or one if both are the same.
        overlap: σ = |⟨φ|φ'⟩|² of the two inputs, rational, from 0 to 1, for quantities that use it; else None.
        num_inputs: Number of orthonormal inputs, from 2 to D, for quantities that use it; else 1.
        ensemble: One of ``ensembles()``.
        generator_spectrum: The D eigenvalues of X_l, the same for every layer, exact rationals; not with the ensembles
            whose generators are Pauli strings. None for X² = 1, Tr X = 0.
        populations: p_1 … p_D of the output state, exact rationals ≥ 0 with sum 1, in the order of the spectrum,
            for the ensemble that uses them; else None.

    Raises:
        UnknownNameError: If the quantity or the ensemble is unknown; the message lists the known ones.
        InputError: If a value is out of range, missing, or given where it is not used.
        InputTypeError: If a value is of the wrong kind.
    """

    quantity: str
    D: int
    L: int
    spectra: tuple[Row, ...]
    overlap: Fraction | None = None
    num_inputs: int = 1
    ensemble: str = "segments"
    generator_spectrum: Row | None = None
    populations: Row | None = None

    def __post_init__(self) -> None:
        quantity = quantity_of(self.quantity)
        ensemble = ENSEMBLES[one_of("ensemble", self.ensemble, ENSEMBLES)]
        _check_fit(quantity, ensemble)
        D = integer("D", self.D, at_least=2)
        generator_spectrum = _generator_spectrum(ensemble, D, self.generator_spectrum)
        spectra = _spectra(quantity, D, self.spectra)
        populations = _populations(ensemble, D, self.populations)
        columns = zip(*spectra, *([] if populations is None else [populations]), strict=True)
        rows = tuple(zip(*sorted(columns, reverse=True), strict=True))
        checked = {
            "D": D,
            "L": integer("L", self.L, at_least=1),
            "spectra": rows[: len(spectra)],
            "overlap": _overlap(quantity, self.overlap),
            "num_inputs": _num_inputs(quantity, D, self.num_inputs),
            "generator_spectrum": generator_spectrum,
            "populations": None if populations is None else rows[-1],
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @classmethod
    def create(
        cls, quantity: str, *, D: int, L: int, spectrum: Any, num_inputs: int | None = None, **options: Any
    ) -> Problem:
        """Return the problem from the arguments of ``simulate``.

        Raises:
            UnknownNameError, InputError, InputTypeError: As the constructor.

        Examples:
            >>> problem = Problem.create("kernel_mean", D=4, L=6, spectrum=[-1, 1, 1, -1])
            >>> problem == Problem.create("kernel_mean", D=4, L=6, spectrum=[1, 1, -1, -1])
            True
            >>> problem.key()[:16]
            '00d8c7c584565983'
        """
        return cls(quantity, D, L, spectrum, num_inputs=1 if num_inputs is None else num_inputs, **options)

    def key(self) -> str:
        """Return the SHA-256 of the problem's canonical JSON text, as 64 hexadecimal digits.

        A generator spectrum and populations are in the text only where there are any: keys that were stored
        before the library had them stay what they were.
        """
        data = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in ("generator_spectrum", "populations"):
            if data[name] is None:
                del data[name]
        text = json.dumps(data, default=_text, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def num_vectors(self) -> int:
        """P, the number of input vectors."""
        return self.num_inputs if self.overlap is None else 2

    def observables(self) -> Real:
        """Return the diagonals of the observables minus a constant, as floats of shape (A, D).

        The constant part of O adds a constant to z and nothing to a derivative. It is taken off where
        arithmetic is exact, because floats would lose the small part of O beside a large constant. The
        constant is Tr O/D, or ⟨O⟩ where the output state is given. In first derivatives O acts there on that
        state alone, so that eigenvalues without population do not matter and are set to 0: an eigenstate has
        an exact 0.
        """
        diagonals = self.observable_eigenspaces.diagonals
        if self.populations is None or QUANTITIES[self.quantity].uses_hessian:
            return diagonals
        return np.where(self.inputs() == 0, 0, diagonals)

    def generator(self) -> Real | None:
        """Return the diagonal of X minus Tr X/D, a phase of U, as floats of shape (D,), or None for X² = 1."""
        return None if self.generator_spectrum is None else self.generator_eigenspaces.diagonals[0]

    @functools.cached_property
    def observable_eigenspaces(self) -> Eigenspaces:
        """The joint eigenspaces of the observables, minus the constants of :meth:`observables`."""
        return Eigenspaces.of(self.spectra, self.populations)

    @functools.cached_property
    def generator_eigenspaces(self) -> Eigenspaces:
        """The eigenspaces of a generator minus Tr X/D; ±1, half of D each, if there is no spectrum."""
        half = self.D // 2
        return Eigenspaces.of([self.generator_spectrum or (Fraction(1),) * half + (Fraction(-1),) * half])

    def inputs(self) -> Real:
        """Return the input vectors as rows, real and normalised, of shape (P, D).

        They are the first P vectors of the basis; with an overlap the second is √σ e_1 + √(1−σ) e_2. With
        populations the only vector is Σ_i √p_i e_i.
        """
        if self.populations is not None:
            return np.array([[math.sqrt(population) for population in self.populations]])
        vectors = np.eye(self.num_vectors, self.D)
        if self.overlap is not None:
            vectors[1, :2] = math.sqrt(self.overlap), math.sqrt(1 - self.overlap)
        return vectors

    def derivatives(self, count: int, draw: Callable[[int, int, str], tuple[Real, ...]]) -> tuple[Real, ...]:
        """Return what the quantity is made of, for ``count`` random circuits of the ensemble.

        That is G, of shape (count, A, P, L), and H, (count, A, P, L, L), and Z, (count, A, P), if it uses them.
        ``draw`` takes a number of layers, a number of circuits and what is wanted of them, such as "GH". It draws
        whole circuits; here is said which ones take the place of a circuit whose entries are independent.
        """
        L, wanted = self.L, QUANTITIES[self.quantity].derivatives
        if not ENSEMBLES[self.ensemble].has_independent_entries:
            return draw(L, count, wanted)
        G = draw(1, count * L, "G")[0].reshape(count, 1, 1, L)
        if "H" not in wanted:
            return (G,)
        H = np.empty((count, 1, 1, L, L))
        for depth, (l, m) in ((1, np.diag_indices(L)), (2, np.triu_indices(L, 1))):
            if len(l):
                entries = draw(depth, count * len(l), "GH")[1][..., 0, depth - 1]
                H[..., l, m] = H[..., m, l] = entries.reshape(count, 1, 1, len(l))
        return G, H


def _text(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _check_fit(quantity: Quantity, ensemble: Ensemble) -> None:
    """Refuse what is not defined where derivatives are independent, or the output is kept."""
    is_one_output = quantity.takes_derivatives_of_one_output
    if (ensemble.has_independent_entries or ensemble.uses_populations) and not is_one_output:
        fitting = (name for name, entry in QUANTITIES.items() if entry.takes_derivatives_of_one_output)
        raise InputError(
            f"quantity must be made of derivatives of one output for ensemble {ensemble.name!r}, "
            f"got {quantity.name!r}; use one of {', '.join(fitting)}, or another ensemble"
        )


def _is_used(name: str, value: object, by: str, *, used: bool, cure: str) -> bool:
    """Whether the argument is used; refused if it is missing then, or given else."""
    if used and value is None:
        raise InputError(f"{name} is required by {by}, got None; {cure}")
    if not used and value is not None:
        raise InputError(f"{name} is not used by {by}, got {value}; leave it out")
    return used


def _row(name: str, D: int, values: object, cure: str) -> Row:
    """Return D exact numbers."""
    if not is_row(values):
        raise InputTypeError(f"{name} must be a sequence of rationals, got {values!r}; pass a list")
    row = tuple(values)
    if len(row) != D:
        raise InputError(f"{name} must have D = {D} entries, got {len(row)}; {cure}")
    return tuple(rational(f"{name}[{index}]", value) for index, value in enumerate(row))


def _spectrum(name: str, D: int, values: object) -> Row:
    """Return D eigenvalues whose powers fit into floats."""
    row = _row(name, D, values, "list every eigenvalue as often as it occurs")
    width = max(row) - min(row)
    if width and not 1 / _WIDEST <= width <= _WIDEST:
        raise InputError(
            f"{name} must have a width (largest minus smallest entry) of 0 or from 1e-9 to 1e9, "
            f"got {_text(width)}; rescale the operator, since floats have no room for its powers"
        )
    return row


def _spectra(quantity: Quantity, D: int, values: Any) -> tuple[Row, ...]:
    values = tuple(values) if is_row(values) else values
    is_nested = isinstance(values, tuple) and values and all(map(is_row, values))
    spectra = values if is_nested else (values,)
    if len(spectra) not in {1, quantity.num_observables}:
        allowed = "one sequence" if quantity.num_observables == 1 else "a sequence or a pair of sequences"
        raise InputError(
            f"spectrum must be {allowed} of D = {D} rationals for {quantity.name!r}, "
            f"got {len(spectra)} sequences; pass one for each observable"
        )
    rows = tuple(_spectrum("spectrum", D, spectrum) for spectrum in spectra)
    return rows * (quantity.num_observables // len(rows))


def _generator_spectrum(ensemble: Ensemble, D: int, values: object) -> Row | None:
    if ensemble.uses_all_pauli_strings:
        by = f"ensemble {ensemble.name!r}, whose generators are Pauli strings"
        _is_used("generator_spectrum", values, by, used=False, cure="")
        if D & (D - 1):
            raise InputError(
                f"D must be a power of two for {by}, "
                f"got {D}; use D = {2 ** (D.bit_length() - 1)} or D = {2 ** D.bit_length()}"
            )
    elif values is not None:
        return tuple(sorted(_spectrum("generator_spectrum", D, values), reverse=True))
    elif D % 2:
        raise InputError(
            f"D must be even, got {D}: an odd dimension has no traceless X with X² = 1; "
            f"use D = {D - 1} or D = {D + 1}, or pass generator_spectrum"
        )
    return None


def _populations(ensemble: Ensemble, D: int, values: object) -> Row | None:
    by, cure = (
        f"ensemble {ensemble.name!r}",
        "pass the D probabilities of the eigenvalues in the output state",
    )
    if not _is_used("populations", values, by, used=ensemble.uses_populations, cure=cure):
        return None
    row = _row("populations", D, values, "pass one for each eigenvalue")
    if min(row) < 0 or sum(row) != 1:
        raise InputError(
            f"populations must be ≥ 0 and have the sum 1, got the smallest {min(row)} and the sum {sum(row)}; "
            "pass exact rationals"
        )
    return row


def _overlap(quantity: Quantity, overlap: object) -> Fraction | None:
    cure = "pass |⟨φ|φ'⟩|² as a rational from 0 to 1"
    if not _is_used("overlap", overlap, repr(quantity.name), used=quantity.uses_overlap, cure=cure):
        return None
    value = rational("overlap", overlap)
    if not 0 <= value <= 1:
        raise InputError(f"overlap must be from 0 to 1, got {value}; it is |⟨φ|φ'⟩|² of normalised inputs")
    return value


def _num_inputs(quantity: Quantity, D: int, num_inputs: object) -> int:
    value = integer("num_inputs", num_inputs, at_least=1)
    if not quantity.uses_num_inputs:
        _is_used("num_inputs", None if value == 1 else value, repr(quantity.name), used=False, cure="")
    elif not 2 <= value <= D:  # noqa: PLR2004 - one input has no eigenvalues to tell apart
        raise InputError(
            f"num_inputs must be from 2 to D = {D} for {quantity.name!r}, got {value} (1 is the default); "
            "pass the number of orthonormal inputs"
        )
    return value
