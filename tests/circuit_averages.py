"""Circuit moments by plain matrices: every segment, or every generator, is averaged over a finite set of unitaries.

A product of k copies is a vector of D^{2k} numbers. A segment acts on it as the mean of (V ⊗ V*)^{⊗k} over a finite
group or a cubature, or, for Haar unitaries at any D, as the projector onto the span of the permutation operators. The
layers are inserted one by one, and each sum over layers is written out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise, permutations, product
from math import comb, prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from oracles import icosahedral_rotations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    from haarqntk.circuits import Copy, Expression

    Vector: TypeAlias = NDArray[np.complex128]
    Matrix: TypeAlias = NDArray[np.complex128]
    Layers: TypeAlias = Sequence[tuple[int, ...]]

ORDER_OF_THE_ICOSAHEDRON = 5
PAULI = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


@dataclass(frozen=True)
class Points:
    """Unitaries V and weights that sum to 1: a group, a cubature, a design."""

    unitaries: Matrix
    weights: NDArray[np.float64]

    def twirl(self, vector: Vector, k: int) -> Vector:
        """The mean of (V ⊗ V*)^{⊗k} on a vector."""
        both = np.array([np.kron(V, V.conj()) for V in self.unitaries])
        return apply_mean([both] * k, self.weights, vector)

    def insert(self, generators: Matrix, counts: Sequence[int], vector: Vector) -> Vector:
        """The mean of ⊗_a (i[VXV†, ·])^{c_a}, X each of the generators as often as the others."""
        rotated = [V @ X @ V.conj().T for X in generators for V in self.unitaries]
        powers = {c: np.array([commutator_power(X, c) for X in rotated]) for c in set(counts)}
        weights = np.concatenate([self.weights] * len(generators)) / len(generators)
        return apply_mean([powers[c] for c in counts], weights, vector)

    def turned(self, left: Matrix, right: Matrix) -> Points:
        """The same order of design in another frame."""
        return Points(left @ self.unitaries @ right, self.weights)


class HaarPoints:
    """Haar unitaries of dimension D: finitely many points at D = 2, the commutant elsewhere."""

    def __init__(self, D: int) -> None:
        self.D = D

    def twirl(self, vector: Vector, k: int) -> Vector:
        if self.D == 2 and k <= ORDER_OF_THE_ICOSAHEDRON:
            return equally_likely(icosahedral_rotations()).twirl(vector, k)
        span = permutation_span(self.D, k)
        return np.asarray(span @ (span.conj().T @ vector))

    def insert(self, generators: Matrix, counts: Sequence[int], vector: Vector) -> Vector:
        if self.D == 2:
            return euler_design(sum(counts)).insert(generators, counts, vector)
        return np.asarray(np.mean([haar_insertion(X, counts) for X in generators], axis=0) @ vector)


def equally_likely(unitaries: object) -> Points:
    group = np.asarray(unitaries, dtype=np.complex128)
    return Points(group, np.full(len(group), 1 / len(group)))


@cache
def euler_design(t: int) -> Points:
    """V = e^{-iαZ/2} e^{-iβY/2} e^{-iγZ/2}: a weighted t-design of U(2), and no (t + 1)-design."""
    nodes, shares = np.polynomial.legendre.leggauss(t // 2 + 1)
    angles = 2 * np.pi * np.arange(t + 1) / (t + 1)
    found, weights = [], []
    for (u, w), alpha, gamma in product(zip(nodes, shares, strict=True), angles, angles):
        c, s = np.sqrt((1 + u) / 2), np.sqrt((1 - u) / 2)
        plus, minus = np.exp(-0.5j * (alpha + gamma)), np.exp(-0.5j * (alpha - gamma))
        found.append([[plus * c, -minus * s], [minus.conj() * s, plus.conj() * c]])
        weights.append(w / 2 / (t + 1) ** 2)
    return Points(np.array(found), np.array(weights))


def apply_mean(operators: Sequence[Matrix], weights: NDArray[np.float64], vector: Vector) -> Vector:
    """Σ_n weights[n] ⊗_a operators[a][n] on a vector of one factor for each a."""
    size = operators[0].shape[-1] if operators else 1
    tensor = np.broadcast_to(vector, (len(weights), len(vector)))
    for a, each in enumerate(operators):
        parts = tensor.reshape(len(weights), size**a, size, -1)
        tensor = np.einsum("nij,najb->naib", each, parts, optimize=True).reshape(len(weights), -1)
    return np.asarray(weights @ tensor)


def commutator_power(X: Matrix, times: int) -> Matrix:
    """(i[X, ·])^times as a matrix on the rows of a matrix."""
    one = np.eye(len(X))
    return np.linalg.matrix_power(1j * (np.kron(X, one) - np.kron(one, X.T)), times)


@cache
def permutation_span(D: int, k: int) -> Matrix:
    """An orthonormal basis of the span of the permutation operators, as columns; row and column of a copy adjoin."""
    columns = []
    for sigma in permutations(range(k)):
        P = np.zeros((D,) * (2 * k))
        for point in product(range(D), repeat=k):
            P[tuple(x for a in range(k) for x in (point[sigma[a]], point[a]))] = 1
        columns.append(P.ravel())
    left, singular, _ = np.linalg.svd(np.array(columns).T, full_matrices=False)
    return np.asarray(left[:, singular > 1e-9], dtype=np.complex128)


@cache
def _average_of_power(D: int, s: int, entries: tuple[complex, ...]) -> Matrix:
    span = permutation_span(D, s)
    power = _kron([np.array(entries)] * s)
    return np.asarray(span @ (span.conj().T @ power)).reshape((D,) * (2 * s))


def haar_insertion(X: Matrix, counts: Sequence[int]) -> Matrix:
    """E of ⊗_a (i[VXV†, ·])^{c_a} from the projection of X^{⊗s}, word by word."""
    D, k, s = len(X), len(counts), sum(counts)
    average = _average_of_power(D, s, tuple(X.ravel().tolist()))
    total = np.zeros((D,) * (4 * k), dtype=np.complex128)
    for rights in product(*(range(c + 1) for c in counts)):
        sign = prod(comb(c, r) * (-1) ** r for c, r in zip(counts, rights, strict=True))
        total = total + sign * _word(average, counts, rights)
    return np.asarray(1j**s * total.reshape(D ** (2 * k), D ** (2 * k)))


def _word(average: Matrix, counts: Sequence[int], rights: Sequence[int]) -> Matrix:
    """⊗_a X^{c−r} ρ_a X^r with the slots of ``average``: the indices of the result, then those of ρ, copy by copy."""
    one, fresh = np.eye(average.shape[0]), iter(range(1000))
    slots: list[int] = []
    passing: list[Any] = []
    out: list[int] = []
    into: list[int] = []
    for c, r in zip(counts, rights, strict=True):
        row, column = (tuple(next(fresh) for _ in range(n + 1)) for n in (c - r, r))
        slots += [x for pair in (*pairwise(row), *pairwise(column)) for x in pair]
        ends = []
        for chain, end in ((row, -1), (column, 0)):
            inner = chain[end]
            if len(chain) == 1:  # nothing on that side: the index passes through
                inner = next(fresh)
                passing += [one, [chain[0], inner]]
            ends.append(inner)
        out += [row[0], column[-1]]
        into += ends
    operands: list[Any] = [average, slots, *passing, out + into]
    return np.asarray(np.einsum(*operands))


# -- a moment ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """Matrices for the names of a moment, and what is averaged over.

    Attributes:
        segments: What S_0, …, S_L are drawn from, or, where only the generators are, V_1, …, V_L after the first.
        generators: Of a layer, equally likely.
    """

    states: Mapping[str, Matrix]
    observables: Mapping[str, Matrix]
    generators: Matrix
    segments: Sequence[Points | HaarPoints]
    only_generators: bool = False
    independent_entries: bool = False

    @property
    def D(self) -> int:
        return len(self.generators[0])

    @property
    def L(self) -> int:
        return len(self.segments) - 1

    def mean(self, expression: Expression, symbols: Mapping[str, Fraction]) -> complex:
        """The mean of an expression, its coefficients at values of their symbols."""
        return sum(
            (
                complex(c.at(self.D, {name: symbols[name] for name in c.variables})) * self._sum(term.copies)
                for term, c in expression.terms.items()
            ),
            0j,
        )

    def _sum(self, copies: Sequence[Copy]) -> complex:
        names = sorted({name for copy in copies for name in copy.layers})
        total = 0j
        for choice in product(range(1, self.L + 1), repeat=len(names)):
            at = dict(zip(names, choice, strict=True))
            entries = [(copy, tuple(sorted(at[name] for name in copy.layers))) for copy in copies]
            alike: dict[object, list[tuple[Copy, tuple[int, ...]]]] = {}
            for copy, layers in entries:
                key = (copy.state, copy.observable, layers) if self.independent_entries else None
                alike.setdefault(key, []).append((copy, layers))
            total += prod((self._product(*zip(*each, strict=True)) for each in alike.values()), start=1 + 0j)
        return total

    def _product(self, copies: Sequence[Copy], layers: Layers) -> complex:
        """S_L acts first, and layer L after it."""
        k = len(copies)
        vector = _kron([self.states[copy.state].ravel() for copy in copies])
        for layer in range(self.L, -1, -1):
            if not self.only_generators:
                vector = self.segments[layer].twirl(vector, k)
            counts = [each.count(layer) for each in layers]
            if any(counts):
                drawn = self.segments[layer] if self.only_generators else equally_likely([np.eye(self.D)])
                vector = drawn.insert(self.generators, counts, vector)
        return complex(_kron([self.observables[copy.observable].T.ravel() for copy in copies]) @ vector)


def _kron(factors: Sequence[Vector]) -> Vector:
    product_of_all: Any = np.ones(1, dtype=np.complex128)
    for factor in factors:
        product_of_all = np.kron(product_of_all, factor)
    return np.asarray(product_of_all)
