"""The smallest place where a claimed closed form and the exact one differ, found and shrunk by Hypothesis."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk._lazy import LazyModule
from haarqntk._symbols import symbol
from haarqntk.errors import InputError
from haarqntk.qntk._inputs import trace_values
from haarqntk.traces import trace_word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from haarqntk.qntk._formula import Formula
    from haarqntk.traces import TracePolynomial

_Point: TypeAlias = "tuple[int, int, tuple[tuple[int, ...], ...], tuple[Fraction, ...]]"

hypothesis = LazyModule("hypothesis")
hypothesis_configuration = LazyModule("hypothesis.configuration")
strategies = LazyModule("hypothesis.strategies")
sympy = LazyModule("sympy")

_DIMENSIONS = (2, 4, 6, 8, 10)
_LARGEST_DIMENSION = 100
_MOST_EXAMPLES = 300
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
    """The simplest of the points that Hypothesis tries, D from 2 to 10, then where a polynomial claim differs next.

    A point where both sides are numbers comes first; a pole of the claim where there is no other.

    Args:
        exact: The exact formula.
        claim: The claim as a SymPy expression.
        polynomial: The same as a polynomial over Q(D), which is evaluated faster; None if it is none.
        centred: Whether the spectra sum to zero.
    """
    search = _Search(exact, claim, polynomial)
    further = _next_dimension(None if polynomial is None else exact.polynomial - polynomial)
    # Hypothesis keeps files in a folder that it would make where the user stands
    hypothesis_configuration.set_hypothesis_home_dir(tempfile.gettempdir())
    settings = hypothesis.settings(
        max_examples=_MOST_EXAMPLES, derandomize=True, database=None, deadline=None
    )
    try:
        for dimensions, poles_count in (
            (_DIMENSIONS, False),
            *([(further, False)] if further else []),
            (_DIMENSIONS, True),
        ):
            points = _points(dimensions, search.others, len(search.labels), centred)
            condition = partial(search.differs, poles_count=poles_count)
            # in a thread of its own, so that a user's own Hypothesis test may call it: there is nothing to nest in
            with ThreadPoolExecutor(max_workers=1) as executor:
                running = executor.submit(hypothesis.find, points, condition, settings=settings)
            if running.exception() is None:
                return search.evaluate(running.result())
            if not isinstance(running.exception(), hypothesis.errors.NoSuchExample):
                running.result()
    finally:
        hypothesis_configuration.set_hypothesis_home_dir(None)
    return None


class _Search:
    """The exact formula and the claim, evaluated at the same points."""

    def __init__(self, exact: Formula, claim: Any, polynomial: TracePolynomial | None) -> None:
        names = {*exact.polynomial.variables, *(free.name for free in claim.free_symbols)} - {"D", "L"}
        self._exact, self._claim, self._polynomial = exact, claim, polynomial
        self._traces = sorted(name for name in names if trace_word(name))
        self._expectations = sorted(name for name in names if _is_expectation(name))
        self.others = sorted(names - set(self._traces) - set(self._expectations))
        letters = {letter for name in self._traces for letter in trace_word(name) or ()}
        self.labels = sorted(letters) or ["O"] * bool(self._expectations)

    def evaluate(self, point: _Point) -> Counterexample:
        """Both values at a point."""
        D, L, spectra, rest = point
        spectrum = spectra[0] if spectra else ()
        values = dict(zip(self.others, rest, strict=True))
        if self._traces:
            given = {"spectrum": list(spectra) if len(spectra) > 1 else spectrum, "traces": None}
            values |= trace_values(self._traces, D, {**given, "observable": None})
        # an output state that is spread equally over the smallest and the largest eigenvalue
        values |= {
            name: Fraction(spectrum[0] ** int(name[1:]) + spectrum[-1] ** int(name[1:]), 2)
            for name in self._expectations
        }
        numbers = values | {"L": Fraction(L)}
        claimed = _claimed_at(D, numbers, self._claim, self._polynomial)
        shown = tuple((name, values[name]) for name in (*self.others, *self._expectations))
        named = tuple(zip(self.labels, spectra, strict=False))
        return Counterexample(D, L, named, shown, self._exact.polynomial_at(D).at(D, numbers), claimed)

    def differs(self, point: _Point, *, poles_count: bool) -> bool:
        """Whether the two values differ; whether a pole of the claim is a difference is told."""
        found = self.evaluate(point)
        if not found.claimed.is_finite or not found.claimed.is_real:
            return poles_count
        gap = found.claimed - sympy.Rational(found.exact.numerator, found.exact.denominator)
        return bool(abs(gap.evalf(_DIGITS)) > sympy.Float(10) ** (20 - _DIGITS))


def _claimed_at(
    D: int, values: Mapping[str, Fraction], claim: Any, polynomial: TracePolynomial | None
) -> Any:
    if polynomial is not None:
        try:
            value = polynomial.at(D, values)
        except InputError:  # D is a pole of a coefficient
            return sympy.zoo
        return sympy.Rational(value.numerator, value.denominator)
    at = {symbol(name): sympy.Rational(v.numerator, v.denominator) for name, v in values.items()}
    return claim.xreplace({**at, symbol("D"): sympy.Integer(D)})


def _next_dimension(difference: TracePolynomial | None) -> list[int]:
    """The first dimension beyond the usual ones at which exact and claimed differ, if there is one up to 100."""
    beyond = range(_DIMENSIONS[-1] + 2, _LARGEST_DIMENSION + 1, 2)
    return [D for D in beyond if _is_seen(difference, D)][:1]


def _is_seen(difference: TracePolynomial | None, D: int) -> bool:
    """Whether exact − claimed is not zero at D ≥ 12, where traces of up to twelve powers are independent."""
    try:
        return difference is not None and any(c.at(D) for c in difference.terms.values())
    except InputError:  # D is a pole of the claim
        return False


def _is_expectation(name: str) -> bool:
    return name[0] == "m" and name[1:].isdecimal()


def _points(dimensions: Sequence[int], others: list[str], num_observables: int, centred: bool) -> Any:  # noqa: FBT001 - a kind of points
    dimension = strategies.sampled_from(dimensions)
    other = strategies.sampled_from([Fraction(0), Fraction(1), Fraction(1, 2), Fraction(1, 3)])

    def spectra(D: int) -> Any:
        free = strategies.lists(strategies.integers(0, 3), min_size=D - centred, max_size=D - centred)
        complete = free.map(lambda row: [*row, -sum(row)]) if centred else free
        first = complete.map(lambda row: tuple(sorted(row)))
        return strategies.tuples(
            *([first] * (num_observables > 0) + [complete.map(tuple)] * (num_observables - 1))
        )

    def inputs(D: int) -> Any:
        return strategies.integers(1, D).map(Fraction)

    def point(D: int) -> Any:
        return strategies.tuples(
            strategies.just(D),
            strategies.integers(1, 12),
            spectra(D),
            strategies.tuples(*(inputs(D) if name == "n" else other for name in others)),
        )

    return dimension.flatmap(point)
