"""Integrands as trees of operations, and two ways to average them that use no engine.

The same tree is carried out on the library's expressions, on batches of arrays (one for each element of a finite
group that is a design) and on networks, where each random matrix is an operand left open until the moment tensor
E[V⊗…⊗V*⊗…], an orthogonal projector built by its definition, is contracted with all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

import haarqntk as hq
from haarqntk.combinatorics import pairings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

Array = Any
"""A complex array; the shapes are those of the tensors of the day."""


@dataclass(frozen=True)
class Node:
    """One operation of an integrand; its arguments are nodes, names, indices."""

    operation: str
    arguments: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"{self.operation}({', '.join(map(str, self.arguments))})"


def evaluate(node: Node, letters: Mapping[str, Any], room: Any) -> Any:
    """Carry out a tree: ``letters`` are its leaves, ``room`` has tr, kron, partial_trace and identity."""
    found = [evaluate(x, letters, room) if isinstance(x, Node) else x for x in node.arguments]
    return OPERATIONS[node.operation](letters, room, *found)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "letter": lambda letters, _, name: letters[name],
    "projector": lambda letters, _, name: letters[name].projector(),
    "identity": lambda letters, room, factor: room.identity(letters["dims"][factor]),
    "@": lambda _letters, _room, a, b: a @ b,
    "*": lambda _letters, _room, a, b: a * b,
    "T": lambda _letters, _room, a: a.T,
    "H": lambda _letters, _room, a: a.H,
    "conj": lambda _letters, _room, a: a.conj(),
    "tr": lambda _, room, a: room.tr(a),
    "kron": lambda _, room, a, b: room.kron(a, b),
    "partial_trace": lambda _, room, a, factor: room.partial_trace(a, over=factor),
    "entry": lambda letters, _, a, i, j: a[index_of(letters, i), index_of(letters, j)],
}


def index_of(letters: Mapping[str, Any], i: int) -> Any:
    """An index as it is written: D/2 + i in the second half where the dimension is a symbol and the group Sp."""
    half = letters.get("half")
    return i if half is None or i < half else hq.D / 2 + (i - half)


def names_in(node: Node) -> set[str]:
    """The names of the letters of a tree."""
    if node.operation in {"letter", "projector"}:
        return {node.arguments[0]}
    return set().union(*(names_in(x) for x in node.arguments if isinstance(x, Node)))


# -- batches: one array for each element of a group -------------------------------------------------------------


class Batch:
    """Matrices for many group elements at once: shape (elements, size, size)."""

    def __init__(self, values: Array) -> None:
        self.values = np.asarray(values)

    def __matmul__(self, other: Batch) -> Batch:
        return Batch(self.values @ other.values)

    def __mul__(self, other: Any) -> Batch:
        scalars = other.values if isinstance(other, Batch) else other
        return Batch(self.values * scalars[:, None, None])

    __rmul__ = __mul__
    __array_priority__ = 1000

    @property
    def T(self) -> Batch:
        return Batch(self.values.swapaxes(1, 2))

    @property
    def H(self) -> Batch:
        return self.T.conj()

    def conj(self) -> Batch:
        return Batch(self.values.conj())

    def __getitem__(self, indices: Any) -> Array:
        rows, columns = indices
        return self.values[:, rows, columns]


class BatchRoom:
    """The operations that are functions."""

    @staticmethod
    def tr(matrix: Batch) -> Array:
        return matrix.values.trace(axis1=1, axis2=2)


# -- networks: operands with labelled axes, random ones left open -----------------------------------------------


@dataclass(frozen=True)
class Network:
    """A tensor network: arrays with labels, random letters as (name, is conjugated, rows, columns), open labels."""

    operands: tuple[tuple[Array, tuple[int, ...]], ...]
    random: tuple[tuple[str, bool, tuple[int, ...], tuple[int, ...]], ...]
    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()

    def fresh(self, first: int) -> Network:
        """With every label raised, so that two networks share none."""
        return self.relabelled({label: label + first for label in self.labels()})

    def labels(self) -> set[int]:
        used = {x for _, labels in self.operands for x in labels} | {*self.rows, *self.columns}
        return used | {x for _, _, rows, columns in self.random for x in (*rows, *columns)}

    def relabelled(self, change: Mapping[int, int]) -> Network:
        def new(labels: Iterable[int]) -> tuple[int, ...]:
            return tuple(change.get(x, x) for x in labels)

        return Network(
            tuple((array, new(labels)) for array, labels in self.operands),
            tuple((name, star, new(rows), new(columns)) for name, star, rows, columns in self.random),
            new(self.rows),
            new(self.columns),
        )

    def _beside(self, other: Network) -> tuple[Network, Network]:
        return self, other.fresh(max(self.labels(), default=-1) + 1)

    def _closed(self, **open_labels: tuple[int, ...]) -> Network:
        return Network(self.operands, self.random, **open_labels)

    def __matmul__(self, other: Network) -> Network:
        left, right = self._beside(other)
        right = right.relabelled(dict(zip(right.rows, left.columns, strict=True)))
        return Network(left.operands + right.operands, left.random + right.random, left.rows, right.columns)

    def __mul__(self, other: Network) -> Network:
        left, right = self._beside(other)
        return Network(
            left.operands + right.operands,
            left.random + right.random,
            left.rows + right.rows,
            left.columns + right.columns,
        )

    @property
    def T(self) -> Network:
        return self._closed(rows=self.columns, columns=self.rows)

    @property
    def H(self) -> Network:
        return self.T.conj()

    def conj(self) -> Network:
        return Network(
            tuple((array.conj(), labels) for array, labels in self.operands),
            tuple((name, not star, rows, columns) for name, star, rows, columns in self.random),
            self.rows,
            self.columns,
        )

    def __getitem__(self, indices: Any) -> Network:
        parts = [i if isinstance(i, tuple) else (i,) for i in indices]
        labels = (*self.rows, *self.columns)
        sizes = self.sizes()
        caps = tuple((np.eye(sizes[x])[i], (x,)) for x, i in zip(labels, parts[0] + parts[1], strict=True))
        return Network(self.operands + caps, self.random)

    def sizes(self) -> dict[int, int]:
        """The dimension of each label, as far as arrays tell; each random letter carries identities that do."""
        return {x: n for array, labels in self.operands for x, n in zip(labels, array.shape, strict=True)}


@dataclass(frozen=True)
class NetworkState:
    """|ψ⟩: the first column of a random unitary."""

    name: str
    dims: tuple[int, ...]

    def projector(self) -> Network:
        ket = random_network(self.name, self.dims)
        first = [np.eye(n)[0] for n in self.dims]
        caps = tuple((vector, (label,)) for vector, label in zip(first, ket.columns, strict=True))
        half = Network(ket.operands + caps, ket.random, ket.rows)
        product = half * half.conj()
        width = len(self.dims)
        return product._closed(rows=product.rows[:width], columns=product.rows[width:])  # noqa: SLF001


class NetworkRoom:
    """The operations that are functions."""

    @staticmethod
    def tr(matrix: Network) -> Network:
        traced = matrix.relabelled(dict(zip(matrix.columns, matrix.rows, strict=True)))
        return Network(traced.operands, traced.random)

    @staticmethod
    def kron(left: Network, right: Network) -> Network:
        return left * right

    @staticmethod
    def identity(dim: int) -> Network:
        return given_network(np.eye(dim), (dim,))

    @staticmethod
    def partial_trace(matrix: Network, *, over: int) -> Network:
        traced = matrix.relabelled({matrix.columns[over]: matrix.rows[over]})
        kept = [s for s in range(len(matrix.rows)) if s != over]
        return traced._closed(  # noqa: SLF001
            rows=tuple(traced.rows[s] for s in kept), columns=tuple(traced.columns[s] for s in kept)
        )


def given_network(array: Array, dims: Sequence[int]) -> Network:
    """A matrix on tensor factors."""
    width = len(dims)
    rows, columns = tuple(range(width)), tuple(range(width, 2 * width))
    return Network(((np.asarray(array).reshape(*dims, *dims), rows + columns),), (), rows, columns)


def random_network(name: str, dims: Sequence[int]) -> Network:
    """A random matrix on tensor factors; identities carry the sizes and keep its labels different."""
    width = len(dims)
    labels = [tuple(range(i * width, (i + 1) * width)) for i in range(4)]
    pairs = [pair for a, b in ((0, 1), (2, 3)) for pair in zip(labels[a], labels[b], strict=True)]
    eyes = tuple((np.eye(dim), pair) for dim, pair in zip([*dims, *dims], pairs, strict=True))
    return Network(eyes, ((name, False, labels[1], labels[2]),), labels[0], labels[3])


def mean_of_network(network: Network, groups: Mapping[str, str]) -> Array:
    """Contract with one moment tensor for each random name: the average, a number or a matrix."""
    operands: list[Any] = []
    sizes = network.sizes()
    for array, labels in network.operands:
        operands += [array, list(labels)]
    for name in sorted({x[0] for x in network.random}):
        found = [x for x in network.random if x[0] == name]
        plain = [x for x in found if not x[1]]
        starred = [x for x in found if x[1]]
        dims = [sizes[x] for x in found[0][2]]
        D = int(np.prod(dims))
        tensor = moment_tensor(groups[name], D, len(plain), len(starred))
        every = plain + starred
        labels_of = [x for copy in every for x in copy[2]] + [x for copy in every for x in copy[3]]
        operands += [tensor.reshape(dims * (2 * len(found))), labels_of]
    used = {label: n for n, label in enumerate(sorted(network.labels()))}
    for i in range(1, len(operands), 2):
        operands[i] = [used[x] for x in operands[i]]
    out = [used[x] for x in (*network.rows, *network.columns)]
    if len(set(out)) < len(out):
        raise AssertionError("an open end joins an open end: put an identity between them")
    value = np.einsum(*operands, out, optimize="greedy")
    if not out:
        return complex(value)
    size = int(np.prod([sizes[x] for x in network.rows]))
    return value.reshape(size, size)


@cache
def moment_tensor(group: str, D: int, num_plain: int, num_conjugated: int) -> NDArray[Any]:
    """E[V^{⊗p} ⊗ V*^{⊗q}] as a matrix of row against column indices: the orthogonal projector on the invariants.

    The invariants are spanned by permutation operators; for O and Sp, where V* is V up to J, by products of pairs.
    """
    k = num_plain + num_conjugated
    size = D**k
    if group == "unitary":
        if num_plain != num_conjugated:
            return np.zeros((size, size))
        ways = [[(a, num_plain + b) for a, b in enumerate(sigma)] for sigma in permutations(range(num_plain))]
        tensors = [_product_of_pairs([np.eye(D)] * len(way), way, k) for way in ways]
    else:
        if k % 2:
            return np.zeros((size, size))
        J = np.kron([[0, 1], [-1, 0]], np.eye(D // 2)) if group == "symplectic" else np.eye(D)
        tensors = []
        for way in pairings(k):
            forms = [np.eye(D) if (a < num_plain) != (b < num_plain) else J for a, b in way]
            tensors.append(_product_of_pairs(forms, way, k))
    spanning = np.array(tensors).reshape(len(tensors), size).T
    basis, singular, _ = np.linalg.svd(spanning, full_matrices=False)
    kept = basis[:, singular > 1e-9]
    return np.asarray(kept @ kept.T)


def _product_of_pairs(forms: Sequence[Array], way: Sequence[tuple[int, int]], k: int) -> Array:
    if not way:
        return np.ones(())
    operands: list[Any] = []
    for form, pair in zip(forms, way, strict=True):
        operands += [form, list(pair)]
    return np.einsum(*operands, list(range(k)))


# -- finite groups ----------------------------------------------------------------------------------------------


def dihedral_group(order: int) -> Array:
    """The symmetries of a regular polygon: they average degree < order as O(2) does."""
    angles = 2 * np.pi * np.arange(order) / order
    c, s = np.cos(angles), np.sin(angles)
    rotations = np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)
    return np.concatenate([rotations, rotations @ np.diag([1.0, -1.0])])
