"""Dimensions, spectra, traces and observables as a user gives them, turned into exact values of trace symbols.

A float observable becomes an exact rational spectrum first: the formulas are evaluated exactly, and rounded
once at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, count, takewhile
from math import prod
from typing import Any

from haarqntk.algebra import GeneratorTrace, Symbol, Trace, WordLetter, expectation_of_power, read_symbol
from haarqntk.base import LazyModule
from haarqntk.checks import integer, is_row, rational
from haarqntk.circuits import ENSEMBLES, check_dimension
from haarqntk.errors import InputError, InputTypeError

mpmath, optimize = LazyModule("mpmath"), LazyModule("scipy.optimize")

_CURE_OF_ROWS = "write [3, 1, 0, 0], with multiplicity and in order; a matrix goes to observable="
_CURE = "pass fractions.Fraction, or the matrix itself as observable= for a float"


@dataclass(frozen=True, slots=True)
class GaussianRational:
    """An element of Q(i): an exact complex number a + bi, as traces of words in several matrices are.

    Attributes:
        real: The real part.
        imag: The imaginary part.

    Examples:
        >>> i = GaussianRational(Fraction(0), Fraction(1))
        >>> i * i + 1
        GaussianRational(real=Fraction(0, 1), imag=Fraction(0, 1))
    """

    real: Fraction
    imag: Fraction = Fraction(0)

    def __add__(self, other: GaussianRational | Fraction | int) -> GaussianRational:
        return GaussianRational(self.real + other.real, self.imag + other.imag)

    __radd__ = __add__

    def __mul__(self, other: GaussianRational | Fraction | int) -> GaussianRational:
        return GaussianRational(
            self.real * other.real - self.imag * other.imag, self.real * other.imag + self.imag * other.real
        )

    __rmul__ = __mul__

    def __complex__(self) -> complex:
        return complex(self.real, self.imag)

    def conjugate(self) -> GaussianRational:
        """The complex conjugate."""
        return GaussianRational(self.real, -self.imag)


def circuit_dimension(D: object, generators: str = "pauli", ensemble: str = "segments") -> int:
    """Check a dimension: one in which the generators exist."""
    return check_dimension("D", integer("D", D, at_least=2), ensemble, generators)


def range_text(generators: str, ensemble: str = "segments") -> str:
    """The dimensions that a formula holds for, as text.

    Examples:
        >>> range_text("pauli")
        'even D ≥ 2'
    """
    if ENSEMBLES[ensemble].draws_pauli_strings:
        return "D = 2^n ≥ 2"
    return "even D ≥ 2" if generators == "pauli" else "any D ≥ 2, X_j = Tr X^j"


def the_one_given(given: Mapping[str, object]) -> str:
    """The name of the one argument that is not None."""
    present = [name for name, value in given.items() if value is not None]
    if len(present) != 1:
        names, is_pair = [f"{name}=" for name in given], len(given) == 2  # noqa: PLR2004 - both or neither
        got = ("both" if present else "neither") if is_pair else " and ".join(present) or "none"
        listed = (" and " if is_pair else ", ").join(names)
        raise InputError(f"exactly one of {listed} must be given, got {got}")
    return present[0]


def is_list(value: object) -> bool:
    """Whether a value holds several: an iterable, and no text."""
    return isinstance(value, Iterable) and not isinstance(value, str)


def traces_of_spectrum(symbols: Sequence[Trace], D: int, spectrum: object) -> dict[Symbol, Fraction]:
    """The traces of diagonal observables: of one spectrum for all, or one each, in a common eigenbasis."""
    labels = sorted({letter for x in symbols for letter in x.observables})
    row = _sequence("spectrum", spectrum, "the D eigenvalues of O")
    nested = bool(row) and is_list(row[0])
    if nested and len(row) != len(labels):
        raise InputError(
            f"spectrum must be one list of eigenvalues or one for each of {', '.join(labels)}, got {len(row)} lists"
        )
    each = row if nested else [row] * len(labels)
    spectra = {label: one_spectrum(values, D) for label, values in zip(labels, each, strict=True)}
    products = {x: zip(*(spectra[letter] for letter in x.observables), strict=True) for x in symbols}
    return {x: sum((prod(entry) for entry in rows), Fraction(0)) for x, rows in products.items()}


def given_traces(
    symbols: Sequence[Trace], D: int, traces: object, *, are_rounded: bool = False
) -> dict[Symbol, Fraction]:
    """All traces that are given, by name or as a list, the ``symbols`` among them.

    Of more than D factors traces are dependent, so only a spectrum or an observable will do. Rounding may leave
    traces that no Hermitian matrix has: those that ``are_rounded`` are taken.
    """
    longest = max((x.degree for x in symbols), default=0)
    if longest > D:
        raise InputError(
            f"traces must come with D ≥ {longest}, where they are independent, got D = {D}; "
            "pass spectrum= or observable="
        )
    listed: list[Fraction] = []
    if isinstance(traces, Mapping):
        known = {read_symbol(str(x)): rational(f"traces[{x!s}]", value) for x, value in traces.items()}
    else:
        row = _sequence("traces", traces, "[T1, T2, …]")
        listed = [rational(f"T{j}", value) for j, value in enumerate(row, start=1)]
        known = {Trace(("O",) * j): value for j, value in enumerate(listed, start=1)}
    if not are_rounded:
        _check_observables(known, D)
    # one observable in several places: a word of length j has the trace T_j
    known |= {x: listed[x.degree - 1] for x in symbols if x.degree <= len(listed)}
    if missing := sorted(x for x in symbols if x not in known):
        raise InputError(
            f"traces must give {', '.join(sorted(symbols))}, got no {', '.join(missing)}; "
            "list T1, T2, … up to the highest power"
        )
    return known


def _check_observables(values: Mapping[Symbol, Fraction], D: int) -> None:
    for letter in sorted({x.observables[0] for x in values if isinstance(x, Trace)}):
        _check_power_sums(values, (Trace((letter,) * j) for j in count(1)), D)


def check_named_moments(values: Mapping[Symbol, Fraction], D: int) -> None:
    """Refuse traces of an observable or a generator, or expectations, that no Hermitian matrix has."""
    _check_observables(values, D)
    _check_power_sums(values, map(GeneratorTrace, count(1)), D)
    _check_power_sums(values, map(expectation_of_power, count(1)), D, total="m_0 = 1")


def check_expectations_on(spectrum: Sequence[Fraction], values: Mapping[Symbol, Any]) -> None:
    """Refuse m_1, m_2, … that no populations of these eigenvalues have: a linear program, rounded to about 1e-7."""
    names = list(takewhile(values.__contains__, map(expectation_of_power, count(1))))
    unit = max(map(abs, spectrum)) or Fraction(1)
    points = [float(x / unit) for x in sorted(set(spectrum))]
    powers = [[x**j for x in points] for j in range(len(names) + 1)]
    wanted = [1.0, *(float(values[name] / unit**j) for j, name in enumerate(names, start=1))]
    if names and not optimize.linprog([0.0] * len(points), A_eq=powers, b_eq=wanted).success:
        raise InputError(
            f"expectations m_j = ⟨O^j⟩ must be those of populations of the eigenvalues "
            f"{', '.join(map(str, sorted(set(spectrum))))}, got "
            f"{', '.join(f'{name} = {values[name]}' for name in names)}; give populations= instead"
        )


def _check_power_sums(
    values: Mapping[Symbol, Fraction], family: Iterable[Symbol], D: int, *, total: str = ""
) -> None:
    """Refuse T_1, T_2, … that no D real eigenvalues have, or with ``total`` m_1, m_2, … that no D populations have."""
    # The Hankel matrix (T_{i+j}), T_0 = D or m_0 = 1, is positive semidefinite; its rank is the number of different
    # eigenvalues, at most D, and after the first zero pivot nothing is left.
    symbols = list(takewhile(values.__contains__, family))
    num_traces, size = len(symbols), (len(symbols) + 1) // 2 + 1
    corner = size - 1 if num_traces % 2 else size  # an odd number of traces leaves the last corner open
    moments = [Fraction(1 if total else D), *map(values.__getitem__, symbols), Fraction(0)]
    rows = [[moments[i + j] for j in range(size)] for i in range(size)]
    for i in range(min(size, corner)):
        pivot, places = rows[i][i], range(i, size)
        rest = any(rows[a][b] for a in places for b in places if not a == b == corner)
        if pivot < 0 or ((not pivot or i >= D) and rest):
            last = min(2 * i + 2 * (not pivot), num_traces)
            letter, names = symbols[0][0], ", ".join(symbols[:last])
            got = ", ".join(map(str, moments[1 : last + 1]))
            raise InputError(
                f"{'expectations' if total else 'traces'} must be those of a Hermitian matrix: with "
                f"{total or f'{letter}_0 = D = {D}'} the Hankel matrix {letter}_(i+j) must be positive semidefinite, "
                f"such as {letter}1² ≤ {'' if total else 'D·'}{letter}2, got {names} = {got}"
            )
        if not pivot:
            return
        for row in rows[i + 1 :]:
            factor = row[i] / pivot
            row[i:] = [x - factor * y for x, y in zip(row[i:], rows[i][i:], strict=True)]


def check_gram(values: Mapping[Symbol, Fraction], D: int) -> None:
    """Refuse traces of two factors that no Hermitian observables and pure states have."""
    # The Gram matrix Tr AB of the identity and of them is positive semidefinite, of rank ≤ D². What is known of it is
    # checked on every largest set of letters between which all traces are known.
    words = {x: tuple(sorted(x.word)) for x in values if x.word and not isinstance(x, GeneratorTrace)}
    known = {(): Fraction(D)} | {word: values[x] for x, word in words.items()}
    letters = sorted({letter for word in known for letter in word})
    for state in (letter for letter in letters if letter[0] == "state"):
        known |= {(state,): Fraction(1), (state, state): Fraction(1)}
    checked: list[set[WordLetter]] = []
    for chosen in (x for size in range(len(letters), 0, -1) for x in combinations(letters, size)):
        basis: list[tuple[WordLetter, ...]] = [(), *((x,) for x in chosen)]
        rows = [[known.get(tuple(sorted(a + b))) for b in basis] for a in basis]
        if any(None in row for row in rows) or any(set(chosen) <= done for done in checked):
            continue
        checked.append(set(chosen))
        if not _is_gram(rows, D**2):
            got = ", ".join(f"{x} = {value}" for x, value in values.items() if x.letters <= set(chosen))
            raise InputError(
                f"traces must be those of Hermitian matrices: the Gram matrix Tr AB of 1, "
                f"{', '.join(name for _, name in chosen)} must be positive semidefinite of rank ≤ D² = {D**2}, such as "
                f"(Tr AB)² ≤ Tr A² · Tr B², got {got}"
            )


def _is_gram(rows: list[list[Any]], largest_rank: int) -> bool:
    """Whether a symmetric matrix is positive semidefinite and of at most that rank."""
    rank = 0
    while rows:
        (pivot, *first), *others = rows
        if pivot < 0 or (not pivot and any(first)):
            return False
        rank += pivot > 0
        rows = [
            [x - row[0] * y / pivot for x, y in zip(row[1:], first, strict=True)] if pivot else row[1:]
            for row in others
        ]
    return rank <= largest_rank


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


def _sequence(name: str, value: object, meaning: str) -> list[Any]:
    if not is_row(value):
        raise InputTypeError(f"{name} must be a list: {meaning}, got {value!r}; {_CURE_OF_ROWS}")
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
    parts = getattr(value, "man_exp", None)  # mpmath.mpf: an unsigned mantissa and an exponent of 2
    if parts is None and not isinstance(value, float):
        return rational(name, value)
    if not mpmath.isfinite(value):
        raise InputError(f"{name} must be finite, got {value}")
    if parts is None:
        return Fraction(value)
    mantissa, exponent = (int(part) for part in parts)
    return (-1 if value < 0 else 1) * Fraction(mantissa) * Fraction(2) ** exponent
