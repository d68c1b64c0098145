"""A closed form at numbers: what a caller gives for its symbols, each exactly once, and the value.

Of observables and states as matrices, exact entries, in nested lists, stay exact. Floats are multiplied as floats and
their traces taken as the binary fractions that they are: a formula is evaluated exactly, and rounded once at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from haarqntk.algebra import (
    DEPTH,
    SIGMA,
    Bargmann,
    Expectation,
    GeneratorTrace,
    Overlap,
    Symbol,
    Trace,
    WordLetter,
    expectation_of_power,
    read_symbol,
)
from haarqntk.base import check_alike, complex_array, hermitian_array, is_matrix
from haarqntk.checks import integer, rational
from haarqntk.errors import InputError, InputTypeError, UnknownNameError
from haarqntk.qntk._inputs import (
    GaussianRational,
    check_expectations_on,
    check_gram,
    check_named_moments,
    given_traces,
    one_spectrum,
    the_one_given,
    traces_of_spectrum,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from haarqntk.algebra import TracePolynomial


_Word: TypeAlias = tuple[WordLetter, ...]
_TOLERANCE = 1e-10


class SymbolValues:
    """Values of the symbols of one formula at one dimension.

    Args:
        formula: Its name, for messages.
        generators: "pauli" or "general".
        own: The symbols of the closed form, apart from D.
        form: What is evaluated at D: the closed form, or another polynomial where that has a pole.
        D: The dimension, checked.

    Attributes:
        symbols: The names that a caller may give values for: of the closed form, and what its letters add in ``form``.
        needed: Those that occur in ``form``.
        traces: Those that are traces of observables.
    """

    def __init__(
        self, formula: str, generators: str, own: tuple[Symbol, ...], form: TracePolynomial, D: int
    ) -> None:
        self.formula, self.generators, self.form, self.D = formula, generators, form, D
        occurring = form.variables
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
            if isinstance(name, Overlap):
                _check_overlap(name, value)
        check_named_moments(found, self.D)
        self.add(found, "values=")

    def add_generator(self, spectrum: object) -> None:
        """X_j = Tr X^j up to the highest that can occur."""
        if spectrum is None:
            return
        row = one_spectrum(spectrum, self.D, name="generator_spectrum", meaning="the D eigenvalues of X")
        if self.generators == "pauli" and sorted(row) != [*[-1] * (self.D // 2), *[1] * (self.D // 2)]:
            raise InputError(
                f"generator_spectrum must be that of X² = 1, Tr X = 0 for generators 'pauli', got "
                f"{', '.join(map(str, row))}; leave it out, or take generators='general'"
            )
        highest = max((x.power for x in self.symbols if isinstance(x, GeneratorTrace)), default=0)
        traces = map(GeneratorTrace, range(1, highest + 1))
        self.add({x: sum((o**x.power for o in row), Fraction(0)) for x in traces}, "generator_spectrum=")

    def add_scalars(self, **given: object) -> None:
        """The symbols that are no traces; all that are given are checked."""
        for name, value in given.items():
            if value is not None:
                symbol, _, check = _SCALARS[name]
                self.add({symbol: Fraction(check(value, self.D))}, f"{name}=")

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
        weights = list(zip(p, o, strict=True))
        found: dict[Symbol, Fraction] = {
            x: sum((a * value**x.power for a, value in weights), Fraction(0))
            for x in self.symbols
            if isinstance(x, Expectation) and x.power
        }
        self.add(found, "populations=")

    def add_operators(self, given: Mapping[str, object], observables: object, states: object) -> None:
        """Traces of words in observables and states, from matrices and vectors, a spectrum, or traces."""
        letters = {letter for x in self.symbols for letter in x.word}
        labels, inputs = (
            sorted(name for kind, name in letters if kind == wanted) for wanted in ("observable", "state")
        )
        if observables is not None:
            the_one_given({"observable": given["observable"], "observables": observables})
            given = {**given, "observable": self._named("observables", observables, labels)}
        named = {} if states is None else self._named("states", states, inputs)
        needed = [x for x in self.needed if isinstance(x, Trace) and x not in self.values]
        is_given = any(value is not None for value in given.values())
        kind = the_one_given(given) if needed or is_given else ""
        if kind == "observable" or named:
            matrices = _each_observable(given["observable"], labels) if kind == "observable" else {}
            found = _as_matrices(matrices, named, self.D)
            sources = {"observable=": matrices, "states=": named}
            self.add(_traces(self.symbols, found), " and ".join(name for name, x in sources.items() if x))
            self.exact = all(matrix.dtype == object for matrix in found.values())
        if kind == "traces":
            self.add(given_traces(needed, self.D, given[kind]), "traces=")
        elif kind == "spectrum":
            self.add(traces_of_spectrum(self.traces, self.D, given[kind]), "spectrum=")
            if expectation_of_power(1) in self.values:
                check_expectations_on(one_spectrum(given[kind], self.D), self.values)

    def _named(self, argument: str, given: object, known: Sequence[str]) -> dict[str, object]:
        """Check the names of ``observables`` or ``states``: exactly those on which the formula depends."""
        if not isinstance(given, Mapping):
            entries = "vectors" if argument == "states" else "matrices"
            raise InputTypeError(f"{argument} must map names to {entries}, got {type(given).__name__}")
        named = {str(name): value for name, value in given.items()}
        for name in named:
            if argument == "states" and not known:
                raise InputError(f"states must be left out: {self.formula} depends on no state, got {name!r}")
            if name not in known:
                raise UnknownNameError.among(f"{argument[:-1]} in {argument}", name, known)
        if missing := ", ".join(name for name in known if name not in named):
            raise InputError(f"{argument} must give {', '.join(known)}, got no {missing}")
        return named

    def add_rounded_traces(self, traces: Sequence[Fraction]) -> None:
        """[T1, T2, …] that may be rounded, and are therefore not checked to be those of a Hermitian matrix."""
        self.add(given_traces(self.traces, self.D, traces, are_rounded=True), "traces=")
        self.exact = False

    def check_complete(self) -> None:
        """Refuse if a symbol has no value."""
        missing = [name for name in self.needed if name not in self.values]
        for name, (symbol, rule, _) in _SCALARS.items():
            if symbol in missing:
                raise InputError(f"{name} must be given, {rule.format(self.D)}: {self.formula} depends on it")
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
            check_gram({name: x.real for name, x in self.values.items() if not x.imag}, self.D)
        values = {name: self.values.get(name, Fraction(0)) for name in self.form.variables}
        if all(value.imag == 0 for value in values.values()):
            return self.form.at(self.D, {name: value.real for name, value in values.items()})
        products = (
            prod((values[x] for x, e in monomial for _ in range(e)), start=GaussianRational(c.at(self.D)))
            for monomial, c in self.form.terms.items()
        )
        return sum((product.real for product in products), Fraction(0))


def _each_observable(observable: object, labels: Sequence[str]) -> dict[str, object]:
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


def _check_overlap(name: str, value: Fraction) -> Fraction:
    """Check |⟨φ|φ'⟩|²: from 0 to 1."""
    if not 0 <= value <= 1:
        raise InputError(f"{name} must be |⟨φ|φ'⟩|² in [0, 1], got {value}")
    return value


_SCALARS: dict[str, tuple[Symbol, str, Callable[[object, int], Fraction | int]]] = {
    "L": (DEPTH, "an integer ≥ 1", lambda L, _: integer("L", L, at_least=1)),
    "overlap": (
        SIGMA,
        "|⟨φ|φ'⟩|² in [0, 1]",
        lambda overlap, _: _check_overlap("overlap", rational("overlap", overlap)),
    ),
    "num_inputs": (Symbol("n"), "an integer from 1 to D = {}", check_num_inputs),
}
"""Argument: the symbol that it gives, the rule, and the check of a value at a dimension."""

_Matrices: TypeAlias = "Mapping[WordLetter, NDArray[Any]]"
"""Matrices of letters: all of GaussianRational entries where all data are exact, else of floats."""


def _as_matrices(observables: Mapping[str, object], states: Mapping[str, object], D: int) -> _Matrices:
    """Check Hermitian observables and pure states, and bring them to one kind of number."""
    found = {("observable", name): _hermitian(value, D) for name, value in observables.items()}
    found |= {("state", name): _projector(f"states[{name}]", value, D) for name, value in states.items()}
    check_alike({**observables, **{f"states[{name}]": state for name, state in states.items()}})
    if all(matrix.dtype == object for matrix in found.values()):
        return found
    return {letter: np.array(matrix, dtype=complex) for letter, matrix in found.items()}


def _traces(symbols: Iterable[Symbol], matrices: _Matrices) -> dict[Symbol, GaussianRational]:
    """The values of those of the symbols whose letters are all there; of Re_… the real part."""
    products: dict[_Word, NDArray[Any]] = {(letter,): matrix for letter, matrix in matrices.items()}
    found = {}
    for symbol in symbols:
        if symbol.word and all(letter in matrices for letter in symbol.word):
            value = _trace(symbol.word, products)
            found[symbol] = GaussianRational(value.real) if isinstance(symbol, Bargmann) else value
    return found


def _trace(word: _Word, products: dict[_Word, NDArray[Any]]) -> GaussianRational:
    """The trace of a word; ``products`` grows by the products of its letters from the left."""
    first, last = products[word[:1]], products[word[-1:]]
    exact = first.dtype == object
    if not exact and len(set(word)) == 1:
        # power sums of one spectrum fit together better than products
        eigenvalues = [Fraction(float(x)) for x in np.linalg.eigvalsh(first)]
        return GaussianRational(sum((x ** len(word) for x in eigenvalues), Fraction(0)))
    for n in range(2, len(word)):
        if word[:n] not in products:
            products[word[:n]] = products[word[: n - 1]] @ products[word[n - 1 : n]]
    total = (products[word[:-1]].ravel() * last.T.ravel()).sum() if word[1:] else np.trace(last)
    return total if exact else GaussianRational(Fraction(float(total.real)), Fraction(float(total.imag)))


def _hermitian(observable: object, D: int) -> NDArray[Any]:
    """A Hermitian matrix: of exact entries where a nested list has them, else the Hermitian part of a float one."""
    matrix = hermitian_array("observable", observable, D=D)
    exact = _exact_array(observable)
    if exact is None:
        return np.asarray((matrix + matrix.conj().T) / 2)
    if (exact != exact.conj().T).any():
        raise InputError("observable must be Hermitian, and its exact entries differ from those of O†")
    return exact


def _projector(name: str, state: object, D: int) -> NDArray[Any]:
    """|a⟩⟨a| from a normalised vector, or a checked projector of rank 1."""
    given = complex_array(name, state, "state")
    exact = _exact_array(state)
    if given.shape == (D, D):
        rho = given if exact is None else exact
        if not _is_pure(rho):
            raise InputError(f"{name} must be pure: a vector, or a projector with ρ² = ρ = ρ† and Tr ρ = 1")
        return rho
    if given.shape not in {(D,), (D, 1)}:
        raise InputError(f"{name} must be a vector of length D = {D}, got shape {given.shape}")
    vector: NDArray[Any] = given.ravel() if exact is None else exact.ravel()
    norm = (vector * vector.conj()).sum().real
    if not abs(norm - 1) <= (_TOLERANCE if exact is None else 0):
        raise InputError(f"{name} must be normalised, got the square norm {norm}; divide by the norm")
    outer = vector[:, None] * vector.conj()[None, :]
    return outer if exact is not None else np.asarray(outer / norm)


def _is_pure(rho: NDArray[Any]) -> bool:
    if rho.dtype == object:
        trace = GaussianRational(Fraction(1))
        return bool((rho == rho.conj().T).all() and (rho @ rho == rho).all() and np.trace(rho) == trace)
    gaps = (rho - rho.conj().T, rho @ rho - rho, np.trace(rho) - 1)
    return all(bool((np.abs(gap) <= _TOLERANCE).all()) for gap in gaps)


def _exact_array(value: object) -> NDArray[np.object_] | None:
    """The entries as GaussianRational if they are exact numbers in a nested list; None otherwise."""
    if not isinstance(value, list | tuple):
        return None
    rows = [row if isinstance(row, list | tuple) else [row] for row in value]
    try:
        return np.array([[_gaussian(x) for x in row] for row in rows], dtype=object)
    except InputTypeError:
        return None


def _gaussian(value: Any) -> GaussianRational:
    parts = value.as_real_imag() if hasattr(value, "as_real_imag") else (value,)  # SymPy
    return GaussianRational(*(rational("an entry", part) for part in parts))
