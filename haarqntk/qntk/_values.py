"""A closed form at numbers: what a caller gives for its symbols, each exactly once, and the value."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from haarqntk._arguments import integer, rational
from haarqntk._lazy import LazyModule
from haarqntk._qobj import is_matrix
from haarqntk.algebra import (
    DEPTH,
    SIGMA,
    Expectation,
    GeneratorTrace,
    Overlap,
    Symbol,
    Trace,
    read_symbol,
)
from haarqntk.errors import InputError, InputTypeError, UnknownNameError
from haarqntk.qntk._closed_form import ClosedForm, polynomial_at
from haarqntk.qntk._inputs import (
    as_float,
    binary_fraction,
    check_expectations_on,
    check_gram,
    check_named_moments,
    circuit_dimension,
    one_spectrum,
    the_one_given,
    trace_values,
)
from haarqntk.qntk._words import GaussianRational, as_matrices, named_observables, named_states

if TYPE_CHECKING:
    from collections.abc import Sequence

mpmath = LazyModule("mpmath")


class SymbolValues:
    """Values of the symbols of one formula at one dimension.

    Args:
        formula: The formula.
        D: The dimension, checked.

    Attributes:
        form: What is evaluated at D: the closed form, or another polynomial where that has a pole.
        symbols: The names that a caller may give values for: of the closed form, and what its letters add in ``form``.
        needed: Those that occur in ``form``.
        traces: Those that are traces of observables.
    """

    def __init__(self, formula: ClosedForm, D: int) -> None:
        self.formula, self.D, self.form = formula.name, D, polynomial_at(formula, D)
        self.generators = formula.generators
        own, occurring = formula.symbols[1:], self.form.variables
        letters = set().union(*(x.letters for x in own))
        others = [x for x in occurring if x not in own and x.letters <= letters]
        self.symbols = (*own, *others)
        self.needed = [name for name in self.symbols if name in occurring]
        self.traces = [x for x in self.symbols if isinstance(x, Trace)]
        self.values: dict[Symbol, Fraction | GaussianRational] = {}
        self.exact = True
        self._sources: dict[Symbol, str] = {}

    def add(self, found: Mapping[Symbol, Fraction | GaussianRational], source: str) -> None:
        """Take values for those of the symbols that occur.

        Raises:
            InputError: If a symbol has a value already.
        """
        for name, value in found.items():
            if name in self.symbols and name in self._sources:
                raise InputError(
                    f"{name} must be given once, got it from {self._sources[name]} and from {source}"
                )
            self.values[name], self._sources[name] = value, source

    def add_named(self, values: object) -> None:
        """Check ``values``: names that occur, overlaps from 0 to 1."""
        if values is None:
            return
        if not isinstance(values, Mapping):
            raise InputTypeError(f"values must map symbol names to numbers, got {values!r}")
        found = {read_symbol(str(name)): rational(str(name), value) for name, value in values.items()}
        for name, value in found.items():
            if name not in self.symbols:
                raise UnknownNameError.among("symbol in values", name, self.symbols)
            if isinstance(name, Overlap) and not 0 <= value <= 1:
                raise InputError(f"{name} must be |⟨φ|φ'⟩|² in [0, 1], got {value}")
        check_named_moments(found, self.D)
        self.add(found, "values=")

    def add_generator(self, spectrum: object) -> None:
        """X_j = Tr X^j up to the highest that can occur."""
        if spectrum is None:
            return
        row = one_spectrum(spectrum, self.D, name="generator_spectrum", meaning="the D eigenvalues of X")
        if self.generators == "pauli" and sorted(row) != [*[-1] * (self.D // 2), *[1] * (self.D // 2)]:
            raise InputError(
                f"generator_spectrum must be that of X² = 1, Tr X = 0 for generators 'pauli', got {_listed(row)}; "
                "leave it out, or take generators='general'"
            )
        highest = max((x.power for x in self.symbols if isinstance(x, GeneratorTrace)), default=0)
        traces = map(GeneratorTrace, range(1, highest + 1))
        self.add({x: sum((o**x.power for o in row), Fraction(0)) for x in traces}, "generator_spectrum=")

    def add_scalars(self, L: object, overlap: object, num_inputs: object) -> None:
        """The symbols that are no traces; all that are given are checked."""
        if L is not None:
            self.add({DEPTH: Fraction(integer("L", L, at_least=1))}, "L=")
        if overlap is not None:
            self.add({SIGMA: check_overlap(overlap)}, "overlap=")
        if num_inputs is not None:
            self.add({Symbol("n"): Fraction(check_num_inputs(num_inputs, self.D))}, "num_inputs=")

    def add_populations(self, spectrum: object, populations: object) -> None:
        """m_j = ⟨O^j⟩ in the output state."""
        if populations is None:
            return
        o = one_spectrum(spectrum, self.D)
        p = one_spectrum(
            populations, self.D, name="populations", meaning="the D populations of the output state"
        )
        if sum(p) != 1 or min(p) < 0:
            raise InputError(f"populations must be ≥ 0 and sum to 1, got the sum {sum(p)}")
        powers = {x: x.power for x in self.symbols if isinstance(x, Expectation) and x.power}
        expectations: dict[Symbol, Fraction] = {
            x: sum((a * value**j for a, value in zip(p, o, strict=True)), Fraction(0))
            for x, j in powers.items()
        }
        self.add(expectations, "populations=")

    def add_operators(self, given: Mapping[str, object], observables: object, states: object) -> None:
        """Traces of words in observables and states, from matrices and vectors, a spectrum, or traces."""
        letters = {letter for x in self.symbols for letter in x.word}
        labels, inputs = (
            sorted(name for kind, name in letters if kind == wanted) for wanted in ("observable", "state")
        )
        if observables is not None:
            if given["observable"] is not None:
                raise InputError("exactly one of observable= and observables= must be given, got both")
            given = {**given, "observable": named_observables(observables, labels)}
        named = named_states(states, inputs, self.formula)
        needed = [x for x in self.needed if isinstance(x, Trace) and x not in self.values]
        present = any(value is not None for value in given.values())
        matrices = each_observable(given["observable"], labels) if given["observable"] is not None else {}
        if needed or present:
            the_one_given(given)
        if given["observable"] is not None or named:
            found = as_matrices(matrices, named, self.D)
            source = " and ".join([*(["observable="] if matrices else []), *(["states="] if named else [])])
            self.add(found.values(self.symbols), source)
            self.exact = found.exact
        if present and given["observable"] is None:
            name = the_one_given(given)
            wanted = needed if name == "traces" else self.traces
            self.add(trace_values(wanted, self.D, given), f"{name}=")
            if name == "spectrum" and "m1" in self.values:
                check_expectations_on(one_spectrum(given[name], self.D), self.values)

    def add_rounded_traces(self, traces: Sequence[Fraction]) -> None:
        """[T1, T2, …] that may be rounded, and are therefore not checked to be those of a Hermitian matrix."""
        found = trace_values(self.traces, self.D, {"traces": traces}, are_rounded=True)
        self.add(found, "traces=")
        self.exact = False

    def check_complete(self) -> None:
        """Refuse if a symbol has no value."""
        needed = {
            "L": "L must be given, an integer ≥ 1",
            "sigma": "overlap must be given, |⟨φ|φ'⟩|² in [0, 1]",
            "n": f"num_inputs must be given, an integer from 1 to D = {self.D}",
        }
        for name, rule in needed.items():
            if name in self.needed and name not in self.values:
                raise InputError(f"{rule}: {self.formula} depends on it")
        missing = [name for name in self.needed if name not in self.values]
        if missing:
            has_words = any(kind != "generator" for x in missing for kind, _ in x.word)
            cure = "; or give observable= and states=" if has_words else ""
            raise InputError(f"values must name {', '.join(missing)}, on which {self.formula} depends{cure}")

    def value(self) -> Fraction:
        """The exact value; traces may be complex, the mean of a real variable is real.

        A mean does not depend on a letter that its closed form does not hold: there any value will do.
        """
        self.check_complete()
        if self.exact and {"values=", "traces="} & set(self._sources.values()):
            real = {name: x.real for name, x in self.values.items() if not x.imag}
            check_gram(real, self.D)
        values = {name: self.values.get(name, Fraction(0)) for name in self.form.variables}
        if all(value.imag == 0 for value in values.values()):
            return self.form.at(self.D, {name: value.real for name, value in values.items()})
        total = Fraction(0)
        for monomial, c in self.form.terms.items():
            product = GaussianRational(c.at(self.D))
            for name, exponent in monomial:
                for _ in range(exponent):
                    product = product * values[name]
            total += product.real
        return total


def _listed(row: Sequence[Fraction]) -> str:
    return ", ".join(map(str, row))


def each_observable(observable: object, labels: Sequence[str]) -> dict[str, object]:
    """One matrix for every observable, or one each in the order of their names."""
    if isinstance(observable, Mapping):
        return dict(observable)
    each: Sequence[Any] = [observable] * len(labels)
    if isinstance(observable, list | tuple) and len(observable) == len(labels) > 1:
        each = observable if all(map(is_matrix, observable)) else each
    return dict(zip(labels, each, strict=True))


def check_num_inputs(num_inputs: object, D: int) -> int:
    """Check the number of orthogonal inputs: from 1 to D."""
    n = integer("num_inputs", num_inputs, at_least=1)
    if n > D:
        raise InputError(f"num_inputs must be at most D = {D} orthogonal inputs, got {n}")
    return n


def check_overlap(overlap: object) -> Fraction:
    """Check |⟨φ|φ'⟩|²: a rational from 0 to 1."""
    value = rational("overlap", overlap)
    if not 0 <= value <= 1:
        raise InputError(f"overlap must be |⟨φ|φ'⟩|² in [0, 1], got {value}")
    return value


class Evaluated(ClosedForm):
    """A closed form with its values."""

    __slots__ = ()

    def at(
        self,
        *,
        D: int,
        L: int | None = None,
        spectrum: object = None,
        traces: object = None,
        observable: object = None,
        observables: object = None,
        states: object = None,
        overlap: object = None,
        num_inputs: int | None = None,
        generator_spectrum: object = None,
        populations: object = None,
        values: Mapping[str, object] | None = None,
    ) -> Fraction | float:
        """The value at a dimension D ≥ 2, exact also below the design order.

        Args:
            D: The dimension: an integer ≥ 2 of any integer type, even for Pauli generators.
            L: The number of layers, an integer ≥ 1; may be left out where the formula has no L.
            spectrum: The D eigenvalues of O, integers or rationals; for two observables with a common
                eigenbasis, a pair of such lists.
            traces: [T1, T2, …] up to the highest power that occurs, or symbol name → value; for D ≥ k.
            observable: O as a D × D Hermitian array or Qobj, or as a nested list, exact where its entries are; one
                matrix for every observable of the formula, or a list of them in the order of their names.
            observables: Name → matrix, for several observables.
            states: Name → normalised vector, or projector, of each input state on which the formula depends; beside
                ``observable`` where the formula has traces of words in both.
            overlap: |⟨φ|φ'⟩|², a rational in [0, 1]; needed where the formula has σ.
            num_inputs: The number |A| of inputs, an integer from 1 to D; needed where the formula has n.
            generator_spectrum: The D eigenvalues of the generator X, where the formula has X1, X2, ….
            populations: The populations p_i of the output state in O's eigenbasis, beside ``spectrum``, where
                the formula has m_j = Σ_i p_i o_i^j.
            values: Any other symbol by name: the target "O_0", expectations "m1", "m2", …, or a trace.

        Returns:
            An exact Fraction from exact data; a float from arrays, Qobjs and lists with floats.

        Raises:
            InputTypeError, InputError: If an argument is missing, of the wrong kind or out of range.

        Examples:
            >>> from haarqntk.qntk import formula
            >>> formula("kernel_mean").at(D=8, L=6, spectrum=[5, 3, 1, 0, 0, -1, -2, -7])
            Fraction(316, 21)
        """
        found = SymbolValues(self, circuit_dimension(D, self.generators, self.ensemble))
        found.add_named(values)
        found.add_generator(generator_spectrum)
        found.add_scalars(L, overlap, num_inputs)
        found.add_populations(spectrum, populations)
        given = {"spectrum": spectrum, "traces": traces, "observable": observable}
        found.add_operators(given, observables, states)
        value = found.value()
        return value if found.exact else as_float(value)

    def evaluate(
        self,
        *,
        D: int,
        L: int | None = None,
        traces: object,
        digits: int = 50,
        overlap: object = None,
        num_inputs: int | None = None,
    ) -> Any:
        """The value at [T1, T2, …] to any number of decimal digits, for D of any size.

        The traces are taken exactly (an mpmath number is a binary fraction), the formula is evaluated
        exactly, and rounded once: nothing cancels at D = 2^50.

        Args:
            D: The dimension: an even integer ≥ the design order.
            L: The number of layers.
            traces: [T1, T2, …], integers, rationals, floats or mpmath numbers.
            digits: Decimal digits of the result, an integer ≥ 1.
            overlap: As in ``at``.
            num_inputs: As in ``at``.

        Returns:
            An ``mpmath.mpf``, computed with that many digits.

        Raises:
            InputTypeError, InputError: As ``at``.

        Examples:
            >>> from haarqntk.qntk import formula
            >>> value = formula("kernel_mean").evaluate(D=2**50, L=10, traces=[0, 2**50], digits=30)
            >>> print(mpmath.nstr(value, 30))
            1.77635683940024888695600022692e-14
        """
        precision = integer("digits", digits, at_least=1)
        if not isinstance(traces, list | tuple):
            raise InputError(f"traces must be a list [T1, T2, …], got {traces!r}")
        exact = [binary_fraction(f"T{j}", value) for j, value in enumerate(traces, start=1)]
        found = SymbolValues(self, circuit_dimension(D, self.generators, self.ensemble))
        found.add_scalars(L, overlap, num_inputs)
        found.add_rounded_traces(exact)
        value = found.value()
        with mpmath.workdps(precision):
            return mpmath.mpf(value.numerator) / value.denominator
