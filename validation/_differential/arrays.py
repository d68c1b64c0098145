"""Backends of numbers: how many factors a tree has, and its average over the points of a finite set."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from _differential.trees import evaluate, names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from _differential.trees import Node

Degrees = frozenset[tuple[tuple[str, int], ...]]


class Charges:
    """For each random letter the differences of plain and conjugated copies that the terms of a tree have."""

    def __init__(self, random: Mapping[str, int]) -> None:
        self.random = random

    def letter(self, name: str) -> Degrees:
        return frozenset({((name, self.random[name]),) if self.random.get(name) else ()})

    def adjoint(self, a: Degrees) -> Degrees:
        return frozenset(tuple((name, -q) for name, q in term) for term in a)

    conj = adjoint

    def transpose(self, a: Degrees) -> Degrees:
        return a

    trace = transpose

    def matmul(self, a: Degrees, b: Degrees) -> Degrees:
        found = set()
        for x in a:
            for y in b:
                total = dict(x)
                for name, q in y:
                    total[name] = total.get(name, 0) + q
                found.add(tuple(sorted((name, q) for name, q in total.items() if q)))
        return frozenset(found)

    times = kron = matmul

    def add(self, a: Degrees, b: Degrees) -> Degrees:
        return a | b

    def power(self, a: Degrees, n: int) -> Degrees:
        return reduce(self.matmul, [a] * n, frozenset({()}))

    def scale(self, _c: Fraction, a: Degrees) -> Degrees:
        return a

    def partial_trace(self, a: Degrees, _factor: int) -> Degrees:
        return a

    def identity(self, *_factors: int) -> Degrees:
        return frozenset({()})

    def entry(self, a: Degrees, _i: Any, _j: Any) -> Degrees:
        return a

    def projector(self, _name: str) -> Degrees:
        return frozenset({()})

    def amplitude(self, name: str, _i: Any) -> Degrees:
        return self.letter(name)

    def state_mean(self, _name: str, a: Degrees) -> Degrees:
        return a

    def overlap(self, _name: str, _other: str) -> Degrees:
        return frozenset({()})

    def element(self, name: str, a: Degrees, other: str) -> Degrees:
        return self.matmul(self.matmul(self.conj(self.letter(name)), a), self.letter(other))


class Arrays:
    """Arrays for many points at once: scalars (N,), matrices (N, n, n), kets (N, n); N may be 1.

    ``dims`` are the tensor factors; a matrix knows its own as (array, factors).
    """

    def __init__(
        self, letters: Mapping[str, Any], dims: tuple[int, ...], spaces: Mapping[str, tuple[int, ...]]
    ) -> None:
        self.letters, self.dims, self.spaces = letters, dims, spaces

    def letter(self, name: str) -> Any:
        return self.letters[name], self.spaces[name]

    def adjoint(self, a: Any) -> Any:
        return a[0].conj().swapaxes(1, 2), a[1]

    def transpose(self, a: Any) -> Any:
        return a[0].swapaxes(1, 2), a[1]

    def conj(self, a: Any) -> Any:
        return (a[0].conj(), a[1]) if isinstance(a, tuple) else a.conj()

    def matmul(self, a: Any, b: Any) -> Any:
        return a[0] @ b[0], a[1]

    def times(self, a: Any, b: Any) -> Any:
        if isinstance(b, tuple):
            return a[:, None, None] * b[0], b[1]
        return a * b

    def add(self, a: Any, b: Any) -> Any:
        return (a[0] + b[0], a[1]) if isinstance(a, tuple) else a + b

    def power(self, a: Any, n: int) -> Any:
        return (np.linalg.matrix_power(a[0], n), a[1]) if isinstance(a, tuple) else a**n

    def scale(self, c: Fraction, a: Any) -> Any:
        return (float(c) * a[0], a[1]) if isinstance(a, tuple) else float(c) * a

    def trace(self, a: Any) -> Any:
        return a[0].trace(axis1=1, axis2=2)

    def kron(self, a: Any, b: Any) -> Any:
        return _kron(a[0], b[0]), (*a[1], *b[1])

    def partial_trace(self, a: Any, factor: int) -> Any:
        sizes = [self.dims[s] for s in a[1]]
        width = len(sizes)
        traced = a[0].reshape(-1, *sizes, *sizes).trace(axis1=1 + factor, axis2=1 + width + factor)
        kept = tuple(s for place, s in enumerate(a[1]) if place != factor)
        size = int(np.prod([self.dims[s] for s in kept]))
        return traced.reshape(-1, size, size), kept

    def identity(self, *factors: int) -> Any:
        return np.eye(int(np.prod([self.dims[s] for s in factors])))[None], factors

    def entry(self, a: Any, i: Any, j: Any) -> Any:
        row, column = (
            np.ravel_multi_index(x, [self.dims[s] for s in a[1]]) if isinstance(x, tuple) else x
            for x in (i, j)
        )
        return a[0][:, row, column]

    def projector(self, name: str) -> Any:
        ket = self.letters[name]
        return ket[:, :, None] * ket[:, None, :].conj(), self.spaces[name]

    def amplitude(self, name: str, i: Any) -> Any:
        place = (
            np.ravel_multi_index(i, [self.dims[s] for s in self.spaces[name]]) if isinstance(i, tuple) else i
        )
        return self.letters[name][:, place]

    def state_mean(self, name: str, a: Any) -> Any:
        return self.element(name, a, name)

    def overlap(self, name: str, other: str) -> Any:
        return np.abs((self.letters[name].conj() * self.letters[other]).sum(axis=1)) ** 2 + 0j

    def element(self, name: str, a: Any, other: str) -> Any:
        image = (a[0] @ self.letters[other][:, :, None])[:, :, 0]
        return (self.letters[name].conj() * image).sum(axis=1)


def _kron(a: Any, b: Any) -> Any:
    product = a[:, :, None, :, None] * b[:, None, :, None, :]
    size = a.shape[1] * b.shape[1]
    return product.reshape(-1, size, size)


def mean_over_points(
    tree: Node,
    *,
    dims: tuple[int, ...],
    random: Mapping[str, tuple[Any, Any]],
    given: Mapping[str, Any],
    spaces: Mapping[str, tuple[int, ...]],
    charged: Mapping[str, int],
    made_of: Mapping[str, Callable[[Any], Any]],
) -> Any:
    """The average of a tree over all combinations of the points of each random letter.

    Args:
        tree: The integrand.
        dims: The sizes of the tensor factors.
        random: Name → (points, weights), up to phases for those in ``charged``.
        given: Name → matrix.
        spaces: Name → the tensor factors of each letter.
        charged: Name → how many times a phase of the letter enters a factor of it: 1, or 2 for V^T V.
        made_of: Name → the map from points to the letter, for ensembles made of a Haar matrix.
    """
    charges = evaluate(tree, Charges(charged))
    names = sorted(names_in(tree) & random.keys())
    points = {}
    for name in names:
        values, weights = random[name]
        most = max(abs(dict(term).get(name, 0)) for term in charges)
        if most:
            phases = np.exp(2j * np.pi * np.arange(most + 1) / (most + 1))
            values = (phases.reshape(-1, *[1] * values.ndim) * values[None]).reshape(-1, *values.shape[1:])
            weights = np.tile(weights, most + 1) / (most + 1)
        points[name] = (values, weights)
    sizes = [len(points[name][1]) for name in names]
    grid = np.indices(sizes).reshape(len(sizes), -1)
    letters: dict[str, Any] = {name: np.array(x)[None] for name, x in given.items()}
    weight = np.ones(grid.shape[1])
    for name, places in zip(names, grid, strict=True):
        values, weights = points[name]
        letters[name] = made_of.get(name, lambda x: x)(values)[places]
        weight = weight * weights[places]
    value = evaluate(tree, Arrays(letters, dims, spaces))
    array = value[0] if isinstance(value, tuple) else value
    array = np.broadcast_to(array, (len(weight), *array.shape[1:]))
    return np.tensordot(weight, array, axes=1)
