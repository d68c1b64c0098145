"""Observables and states as matrices, and the symbols that they fix: traces of words in both.

Exact entries, in nested lists, stay exact. Floats are multiplied as floats and their traces taken as the binary
fractions that they are: a formula is evaluated exactly, and rounded once at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk._arguments import rational
from haarqntk._qobj import check_alike, complex_array, hermitian_array
from haarqntk.algebra import Bargmann, Symbol, WordLetter
from haarqntk.errors import InputError, InputTypeError, UnknownNameError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TOLERANCE = 1e-10


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

    def conjugate(self) -> GaussianRational:
        """The complex conjugate."""
        return GaussianRational(self.real, -self.imag)


@dataclass(frozen=True, slots=True, eq=False)
class Matrices:
    """Matrices of letters: all of GaussianRational entries where all data are exact, else of floats."""

    letters: Mapping[WordLetter, NDArray[Any]]
    exact: bool

    def values(self, symbols: Iterable[Symbol]) -> dict[Symbol, GaussianRational]:
        """The values of those of the symbols whose letters are all there; of Re_… the real part."""
        products: dict[tuple[WordLetter, ...], NDArray[Any]] = {}
        found = {}
        for symbol in symbols:
            if symbol.word and all(letter in self.letters for letter in symbol.word):
                value = self._trace(symbol.word, products)
                found[symbol] = GaussianRational(value.real) if isinstance(symbol, Bargmann) else value
        return found

    def _trace(
        self, word: tuple[WordLetter, ...], products: dict[tuple[WordLetter, ...], NDArray[Any]]
    ) -> GaussianRational:
        if (
            not self.exact and len(set(word)) == 1
        ):  # power sums of one spectrum fit together better than products
            eigenvalues = [Fraction(float(x)) for x in np.linalg.eigvalsh(self.letters[word[0]])]
            return GaussianRational(sum((x ** len(word) for x in eigenvalues), Fraction(0)))
        *before, last = word
        left = self._product(tuple(before), products).ravel() if before else None
        right = self.letters[last]
        total = np.trace(right) if left is None else (left * right.T.ravel()).sum()
        return (
            total if self.exact else GaussianRational(*map(Fraction, (float(total.real), float(total.imag))))
        )

    def _product(
        self, word: tuple[WordLetter, ...], products: dict[tuple[WordLetter, ...], NDArray[Any]]
    ) -> NDArray[Any]:
        if len(word) == 1:
            return self.letters[word[0]]
        if word not in products:
            products[word] = self._product(word[:-1], products) @ self.letters[word[-1]]
        return products[word]


def as_matrices(observables: Mapping[str, object], states: Mapping[str, object], D: int) -> Matrices:
    """Check Hermitian observables and pure states, and bring them to one kind of number."""
    found = {("observable", name): hermitian_matrix(value, D) for name, value in observables.items()}
    found |= {("state", name): _projector(name, value, D) for name, value in states.items()}
    check_alike({**observables, **{f"states[{name}]": state for name, state in states.items()}})
    exact = all(matrix.dtype == object for matrix in found.values())
    if not exact:
        found = {
            letter: _as_complex(matrix) if matrix.dtype == object else matrix
            for letter, matrix in found.items()
        }
    return Matrices(found, exact)


def named_states(states: object, known: Sequence[str], formula: str) -> dict[str, object]:
    """Check the names of ``states``: exactly those on which the formula depends."""
    if states is None:
        return {}
    if not isinstance(states, Mapping):
        raise InputTypeError(f"states must map names to vectors, got {type(states).__name__}")
    named = {str(name): value for name, value in states.items()}
    for name in named:
        if not known:
            raise InputError(f"states must be left out: {formula} depends on no state, got {name!r}")
        if name not in known:
            raise UnknownNameError.among("state in states", name, known)
    missing = [name for name in known if name not in named]
    if missing:
        raise InputError(f"states must give {', '.join(known)}, got no {', '.join(missing)}")
    return named


def named_observables(observables: object, labels: Sequence[str]) -> dict[str, object]:
    """Check the names of ``observables``: exactly those on which the formula depends."""
    if not isinstance(observables, Mapping):
        raise InputTypeError(f"observables must map names to matrices, got {type(observables).__name__}")
    named = {str(name): value for name, value in observables.items()}
    for name in named:
        if name not in labels:
            raise UnknownNameError.among("observable in observables", name, labels)
    missing = [name for name in labels if name not in named]
    if missing:
        raise InputError(f"observables must give {', '.join(labels)}, got no {', '.join(missing)}")
    return named


def hermitian_matrix(observable: object, D: int) -> NDArray[Any]:
    """Check a D × D Hermitian array, nested list or Qobj.

    Returns:
        GaussianRational entries from a nested list of exact numbers; else the Hermitian part of a float matrix that
        is Hermitian to a relative 10⁻¹⁰.

    Raises:
        InputTypeError: If it is no array of numbers, or a Qobj that is no operator.
        InputError: If it is not square, of another size, not finite or not Hermitian.
    """
    matrix = hermitian_array("observable", observable, D=D)
    exact = _exact_array(observable)
    if exact is None:
        return np.asarray((matrix + matrix.conj().T) / 2)
    if (exact != exact.conj().T).any():
        raise InputError("observable must be Hermitian, and its exact entries differ from those of O†")
    return exact


def _projector(name: str, state: object, D: int) -> NDArray[Any]:
    """|a⟩⟨a| from a normalised vector, or a checked projector of rank 1."""
    given = complex_array(f"states[{name}]", state, "state")
    exact = _exact_array(state)
    if given.shape == (D, D):
        rho = given if exact is None else exact
        if not _is_pure(rho):
            raise InputError(
                f"states[{name}] must be pure: a vector, or a projector with ρ² = ρ = ρ† and Tr ρ = 1"
            )
        return rho
    if given.shape not in {(D,), (D, 1)}:
        raise InputError(f"states[{name}] must be a vector of length D = {D}, got shape {given.shape}")
    vector: NDArray[Any] = given.ravel() if exact is None else exact.ravel()
    norm = (vector * vector.conj()).sum().real
    if not abs(norm - 1) <= (_TOLERANCE if exact is None else 0):
        raise InputError(f"states[{name}] must be normalised, got the square norm {norm}; divide by the norm")
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
    entries = [[_gaussian(x) for x in row] for row in rows]
    if any(x is None for row in entries for x in row):
        return None
    return np.array(entries, dtype=object)


def _gaussian(value: Any) -> GaussianRational | None:
    try:
        parts = value.as_real_imag() if hasattr(value, "as_real_imag") else (value,)  # SymPy
        return GaussianRational(*(rational("an entry", part) for part in parts))
    except InputTypeError:
        return None


def _as_complex(matrix: NDArray[np.object_]) -> NDArray[np.complex128]:
    return np.array([[complex(x.real, x.imag) for x in row] for row in matrix])
