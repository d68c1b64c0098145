"""The smallest place where a claimed closed form and the exact one differ, found among a few and made smaller."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain, islice, product
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk.algebra import DEPTH, Expectation, Trace, TracePolynomial, read_symbol, symbol
from haarqntk.base import LazyModule
from haarqntk.circuits import ENSEMBLES
from haarqntk.qntk._closed_form import polynomial_at
from haarqntk.qntk._inputs import traces_of_spectrum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from haarqntk.qntk._formula import Formula

_Rows: TypeAlias = "tuple[tuple[int, ...], ...]"  # eigenvalues ≥ 0; where they are centred, all but the last
_Others: TypeAlias = "tuple[Fraction, ...]"
_Point: TypeAlias = "tuple[int, _Rows, _Others]"  # the number of layers, the observables, the other symbols

sympy = LazyModule("sympy")

_DIMENSIONS = (2, 4, 6, 8, 10)
_LARGEST_DIMENSION = 100
_NUM_RANDOM = 60  # points at a dimension, beside the simplest ones
_NUM_SIMPLE = 200  # spectra, of which each is tried in place of a found one
_LARGEST_L, _LARGEST_EIGENVALUE = 12, 3
_DIGITS = 50


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A point where exact and claimed values differ.

    Attributes:
        D: The dimension.
        L: The number of layers.
        spectra: Each observable with its eigenvalues; several observables commute, and entry i of each belongs to
            eigenvector i.
        others: Values of the other symbols by name, such as sigma, n or m1.
        exact: The exact value.
        claimed: The claimed value, a SymPy number.
    """

    D: int
    L: int
    spectra: tuple[tuple[str, tuple[int, ...]], ...]
    others: tuple[tuple[str, Fraction], ...]
    exact: Fraction
    claimed: Any

    @property
    def spectrum(self) -> tuple[int, ...]:
        """The eigenvalues of the first observable; empty if no observable enters."""
        return self.spectra[0][1] if self.spectra else ()

    def __str__(self) -> str:
        spectrum = "".join(
            f", spectrum{'' if len(self.spectra) == 1 else f' of {name}'} ({', '.join(map(str, row))})"
            for name, row in self.spectra
        )
        others = "".join(f", {name} = {value}" for name, value in self.others)
        return f"D = {self.D}, L = {self.L}{spectrum}{others}: exact {self.exact}, claimed {self.claimed}"


def smallest_counterexample(
    exact: Formula, claim: Any, polynomial: TracePolynomial | None, *, centred: bool
) -> Counterexample | None:
    """The smallest of the points that are tried, D from 2 to 10, then where a polynomial claim differs next.

    A point where both sides are numbers comes first; a pole of the claim where there is no other.

    Args:
        exact: The exact formula.
        claim: The claim as a SymPy expression.
        polynomial: The same as a polynomial over Q(D), which is evaluated faster; None if it is none.
        centred: Whether the spectra sum to zero.
    """
    search = _Search(exact, claim, polynomial, centred=centred)
    usual = [D for D in _DIMENSIONS if search.has_generators(D)]
    difference = TracePolynomial({}) if polynomial is None else exact.polynomial - polynomial
    beyond = range(_DIMENSIONS[-1] + 2, _LARGEST_DIMENSION + 1, 2)
    further = [D for D in beyond if search.has_generators(D) and _is_seen(difference, D)][:1]
    for dimensions, poles_count in ((usual, False), (further, False), (usual, True)):
        for D in dimensions:
            points = _Points(D, search.others, len(search.labels), centred=centred)
            differs = partial(search.differs, D, poles_count=poles_count)
            found = next(filter(differs, points.tried()), None)
            if found is not None:
                return search.evaluate(D, points.shrunk(found, differs))
    return None


class _Search:
    """The exact formula and the claim, evaluated at the same points."""

    def __init__(
        self, exact: Formula, claim: Any, polynomial: TracePolynomial | None, *, centred: bool
    ) -> None:
        claimed = {read_symbol(x.name) for x in claim.free_symbols}
        names = {*exact.polynomial.variables, *claimed} - {"D", DEPTH}
        self._exact, self._claim, self._polynomial, self._centred = exact, claim, polynomial, centred
        self._traces = sorted(x for x in names if isinstance(x, Trace))
        self._expectations = sorted((x for x in names if isinstance(x, Expectation) and x.power), key=str)
        self.others = sorted(names - set(self._traces) - set(self._expectations))
        letters = {letter for x in self._traces for letter in x.observables}
        self.labels = sorted(letters) or ["O"] * bool(self._expectations)

    def has_generators(self, D: int) -> bool:
        """Whether the ensemble exists in an even dimension."""
        return not ENSEMBLES[self._exact.ensemble].draws_pauli_strings or D & (D - 1) == 0

    def evaluate(self, D: int, point: _Point) -> Counterexample:
        """Both values at a point."""
        L, rows, rest = point
        spectra = _first_sorted([(*row, -sum(row)) for row in rows] if self._centred else rows)
        spectrum = spectra[0] if spectra else ()
        values = dict(zip(self.others, rest, strict=True))
        if self._traces:
            values |= traces_of_spectrum(self._traces, D, spectra if len(spectra) > 1 else spectrum)
        # an output state that is spread equally over the smallest and the largest eigenvalue
        values |= {
            x: Fraction(spectrum[0] ** (x.power or 0) + spectrum[-1] ** (x.power or 0), 2)
            for x in self._expectations
        }
        numbers = values | {DEPTH: Fraction(L)}
        if self._polynomial is None:
            claimed = value_of(self._claim, D, numbers)
        else:
            is_pole = self._polynomial.has_pole_at(D)
            claimed = sympy.zoo if is_pole else sympy.Rational(self._polynomial.at(D, numbers))
        shown = tuple((name, values[name]) for name in (*self.others, *self._expectations))
        named = tuple(zip(self.labels, spectra, strict=False))
        return Counterexample(D, L, named, shown, polynomial_at(self._exact, D).at(D, numbers), claimed)

    def differs(self, D: int, point: _Point, *, poles_count: bool) -> bool:
        """Whether the two values differ; whether a pole of the claim is a difference is told."""
        found = self.evaluate(D, point)
        if not found.claimed.is_finite or not found.claimed.is_real:
            return poles_count
        gap = found.claimed - sympy.Rational(found.exact)
        return bool(abs(gap.evalf(_DIGITS)) > sympy.Float(10) ** (20 - _DIGITS))


def value_of(claim: Any, D: int, values: Mapping[Any, Fraction]) -> Any:
    """A SymPy expression at a dimension and at values of its symbols by name."""
    return claim.xreplace({symbol(name): sympy.Rational(x) for name, x in {**values, "D": D}.items()})


def _is_seen(difference: TracePolynomial, D: int) -> bool:
    """Whether exact − claimed is not zero at D ≥ 12, where traces of up to twelve powers are independent."""
    values = difference.terms.values()
    return not difference.has_pole_at(D) and any(c.at(D) for c in values)


class _Points:
    """Points at one dimension: some to try, and smaller ones for one that was found."""

    def __init__(self, D: int, others: Sequence[str], num_observables: int, *, centred: bool) -> None:
        self._shape = (num_observables, D - centred)
        fractions = [Fraction(0), Fraction(1), Fraction(1, 2), Fraction(1, 3)]
        self._choices = [
            [Fraction(k) for k in range(1, D + 1)] if name == "n" else fractions for name in others
        ]

    def tried(self) -> Iterator[_Point]:
        """The simplest spectra at one and two layers, then points at random, the same in every run."""
        rng = random.Random(0)  # noqa: S311 - no secret
        num_rows, length = self._shape

        def others() -> _Others:
            return tuple(map(rng.choice, self._choices))

        for rows, L in product(islice(self._simple(), 20), (1, 2)):
            yield L, rows, others()
        for _ in range(_NUM_RANDOM):
            entries = [
                tuple(rng.randint(0, _LARGEST_EIGENVALUE) for _ in range(length)) for _ in range(num_rows)
            ]
            yield rng.randint(1, _LARGEST_L), _first_sorted(entries), others()

    def shrunk(self, point: _Point, differs: Callable[[_Point], bool]) -> _Point:
        """A point at which they still differ, and no smaller one of those that are tried does."""
        while (smaller := next(filter(differs, self._smaller(point)), None)) is not None:
            point = smaller
        return point

    def _smaller(self, point: _Point) -> Iterator[_Point]:
        """What is smaller in one respect: layers, then spectra, then the other symbols."""
        L, rows, others = point
        yield from ((fewer, rows, others) for fewer in range(1, L))
        simple = list(self._simple())
        lower = simple[: simple.index(rows)] if rows in simple else chain(simple, _lowered(rows))
        yield from ((L, each, others) for each in lower)
        for i, choices in enumerate(self._choices):
            for simpler in choices[: choices.index(others[i])]:
                yield L, rows, (*others[:i], simpler, *others[i + 1 :])

    def _simple(self) -> Iterator[_Rows]:
        """Spectra by the sum of their eigenvalues, then by the largest; the first observable's increase."""
        num_rows, length = self._shape
        found = (
            rows
            for total in range(_LARGEST_EIGENVALUE + 1)
            for flat in sorted(_sums(num_rows * length, total), key=lambda flat: (max(flat), flat))
            for rows in [tuple(flat[i * length : (i + 1) * length] for i in range(num_rows))]
            if not rows or list(rows[0]) == sorted(rows[0])
        )
        return islice(found if num_rows else iter([()]), _NUM_SIMPLE)


def _sums(length: int, total: int) -> Iterator[tuple[int, ...]]:
    """Every tuple of integers ≥ 0 with this sum."""
    if length == 1:
        yield (total,)
        return
    for first in range(total + 1):
        yield from ((first, *rest) for rest in _sums(length - 1, total - first))


def _lowered(rows: _Rows) -> Iterator[_Rows]:
    """One eigenvalue less, wherever one is not 0."""
    for i, row in enumerate(rows):
        for j, x in enumerate(row):
            if x:
                lower = (*row[:j], x - 1, *row[j + 1 :])
                yield _first_sorted((*rows[:i], lower, *rows[i + 1 :]))


def _first_sorted(rows: Sequence[tuple[int, ...]]) -> _Rows:
    """The eigenvalues of the first observable in increasing order, those of the others as they are."""
    return (*(tuple(sorted(row)) for row in rows[:1]), *rows[1:])
