"""The backend of exact index sums: matrices whose entries are polynomials in the entries of the random matrices."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from _differential.entries import Entry, mean_of_entries

if TYPE_CHECKING:
    from collections.abc import Mapping

Monomial = tuple[tuple[str, Entry], ...]


class Polynomial:
    """Σ coefficient · product of entries."""

    def __init__(self, terms: Mapping[Monomial, Fraction]) -> None:
        self.terms = {m: c for m, c in terms.items() if c}

    def __add__(self, other: Polynomial) -> Polynomial:
        total: defaultdict[Monomial, Fraction] = defaultdict(Fraction, self.terms)
        for m, c in other.terms.items():
            total[m] += c
        return Polynomial(total)

    def __mul__(self, other: Polynomial) -> Polynomial:
        total: defaultdict[Monomial, Fraction] = defaultdict(Fraction)
        for m, c in self.terms.items():
            for n, d in other.terms.items():
                total[tuple(sorted((*m, *n)))] += c * d
        return Polynomial(total)

    def conj(self) -> Polynomial:
        """Every entry conjugated; the coefficients are rational."""
        turned = {
            tuple(sorted((name, Entry(e.row, e.column, not e.is_conjugated)) for name, e in m)): c
            for m, c in self.terms.items()
        }
        return Polynomial(turned)


def constant(value: Any) -> Polynomial:
    """A number."""
    return Polynomial({(): Fraction(value)})


def random_matrix(name: str, D: int) -> Any:
    """The matrix of the entries of a letter."""
    rows = [[Polynomial({((name, Entry(i, j)),): Fraction(1)}) for j in range(D)] for i in range(D)]
    return _array(rows)


def given_matrix(value: Any) -> Any:
    """A matrix of rational numbers."""
    return _array([[constant(x) for x in row] for row in value])


def _array(rows: Any) -> Any:
    found = np.empty((len(rows), len(rows)), dtype=object)
    for i, row in enumerate(rows):
        for j, x in enumerate(row):
            found[i, j] = x
    return found


class IndexSums:
    """One tensor factor; ``indices`` are the values of the symbolic indices."""

    def __init__(self, letters: Mapping[str, Any], D: int, indices: Mapping[str, int]) -> None:
        self.letters, self.D, self.indices = letters, D, indices

    def letter(self, name: str) -> Any:
        return self.letters[name]

    def transpose(self, a: Any) -> Any:
        return a.T

    def conj(self, a: Any) -> Any:
        return np.vectorize(Polynomial.conj, otypes=[object])(a) if isinstance(a, np.ndarray) else a.conj()

    def adjoint(self, a: Any) -> Any:
        return self.conj(a).T

    def matmul(self, a: Any, b: Any) -> Any:
        return a.dot(b)

    def times(self, a: Any, b: Any) -> Any:
        return b * a if isinstance(b, np.ndarray) else a * b

    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def power(self, a: Any, n: int) -> Any:
        if isinstance(a, np.ndarray):
            return reduce(np.dot, [a] * n)
        return reduce(Polynomial.__mul__, [a] * n, constant(1))

    def scale(self, c: Fraction, a: Any) -> Any:
        return a * constant(c)

    def trace(self, a: Any) -> Polynomial:
        total: Polynomial = reduce(Polynomial.__add__, a.diagonal())
        return total

    def identity(self, _factor: int) -> Any:
        return given_matrix(np.eye(self.D, dtype=int).tolist())

    def entry(self, a: Any, i: Any, j: Any) -> Polynomial:
        found: Polynomial = a[self.indices.get(i, i), self.indices.get(j, j)]
        return found

    def amplitude(self, name: str, i: Any) -> Polynomial:
        found: Polynomial = self.letters[name][self.indices.get(i, i), 0]
        return found

    def projector(self, name: str) -> Any:
        column = self.letters[name][:, :1]
        return column.dot(self.adjoint(column))


def mean(value: Any, groups: Mapping[str, str], D: int) -> Any:
    """The average of a polynomial, or of a matrix of them entry by entry: independent letters one after the other."""
    if isinstance(value, np.ndarray):
        return np.vectorize(lambda x: mean(x, groups, D), otypes=[object])(value)
    total = Fraction(0)
    for monomial, c in value.terms.items():
        for name, group in groups.items():
            entries = [e for letter, e in monomial if letter == name]
            if entries:
                c = c * mean_of_entries(group, D, entries)  # noqa: PLW2901 - the product goes on
        total += c
    return total
