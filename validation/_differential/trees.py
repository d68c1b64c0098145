"""Integrands as trees of operations, carried out by several backends: source, text, SymPy, arrays, polynomials.

A tree says what is computed; each backend is a class with a method for each operation, so that the library, its
grammar and the oracles are handed the same integrand and nothing else in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction


@dataclass(frozen=True)
class Node:
    """One operation; its arguments are nodes, names, numbers and indices."""

    operation: str
    arguments: tuple[Any, ...]


def node(operation: str, *arguments: Any) -> Node:
    """A node."""
    return Node(operation, arguments)


def evaluate(tree: Node, backend: Any) -> Any:
    """Carry out a tree by a backend."""
    found = [evaluate(x, backend) if isinstance(x, Node) else x for x in tree.arguments]
    return getattr(backend, tree.operation)(*found)


def names_in(tree: Node) -> set[str]:
    """The letters of a tree; every operation but these has none."""
    if tree.operation in {"letter", "projector", "amplitude", "state_mean", "overlap", "element"}:
        own = {x for x in tree.arguments if isinstance(x, str)}
    else:
        own = set()
    return own.union(*(names_in(x) for x in tree.arguments if isinstance(x, Node)))


def operations_in(tree: Node) -> set[str]:
    """The operations of a tree."""
    return {tree.operation}.union(*(operations_in(x) for x in tree.arguments if isinstance(x, Node)))


class Objects:
    """A backend of values with operators: the expressions of the library, through its public front alone."""

    def __init__(
        self, front: Any, letters: Mapping[str, Any], sizes: Mapping[int, Any], half: int | None
    ) -> None:
        self.front, self.letters, self.sizes, self.half = front, letters, sizes, half

    def letter(self, name: str) -> Any:
        return self.letters[name]

    def adjoint(self, a: Any) -> Any:
        return a.H

    def transpose(self, a: Any) -> Any:
        return a.T

    def conj(self, a: Any) -> Any:
        return a.conj()

    def matmul(self, a: Any, b: Any) -> Any:
        return a @ b

    def times(self, a: Any, b: Any) -> Any:
        return a * b

    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def power(self, a: Any, n: int) -> Any:
        return a**n

    def scale(self, c: Fraction, a: Any) -> Any:
        return c * a

    def trace(self, a: Any) -> Any:
        return self.front.tr(a)

    def kron(self, a: Any, b: Any) -> Any:
        return self.front.kron(a, b)

    def partial_trace(self, a: Any, factor: int) -> Any:
        return self.front.partial_trace(a, over=factor)

    def identity(self, *factors: int) -> Any:
        return self.front.identity(tuple(self.sizes[s] for s in factors))

    def entry(self, a: Any, i: Any, j: Any) -> Any:
        return a[self.index(i), self.index(j)]

    def index(self, i: Any) -> Any:
        """An integer in the second half as D/2 + i where the dimension of a symplectic matrix is a symbol."""
        if isinstance(i, str):
            return sympy.Symbol(i)
        return (
            i
            if self.half is None or isinstance(i, tuple) or i < self.half
            else self.front.D / 2 + (i - self.half)
        )

    def projector(self, name: str) -> Any:
        return self.letters[name].projector()

    def amplitude(self, name: str, i: Any) -> Any:
        return self.letters[name][self.index(i)]

    def state_mean(self, name: str, a: Any) -> Any:
        return self.letters[name].expectation(a)

    def overlap(self, name: str, other: str) -> Any:
        return self.letters[name].overlap(self.letters[other])

    def element(self, name: str, a: Any, other: str) -> Any:
        return self.letters[name].matrix_element(a, self.letters[other])


class Source:
    """The Python expression that ``Objects`` carries out, for a reader to paste."""

    def __init__(self, sizes: Mapping[int, Any], half: int | None) -> None:
        self.sizes, self.half = sizes, half

    def letter(self, name: str) -> str:
        return name

    def adjoint(self, a: str) -> str:
        return f"{a}.H"

    def transpose(self, a: str) -> str:
        return f"{a}.T"

    def conj(self, a: str) -> str:
        return f"{a}.conj()"

    def matmul(self, a: str, b: str) -> str:
        return f"({a} @ {b})"

    def times(self, a: str, b: str) -> str:
        return f"({a} * {b})"

    def add(self, a: str, b: str) -> str:
        return f"({a} + {b})"

    def power(self, a: str, n: int) -> str:
        return f"({a})**{n}"

    def scale(self, c: Fraction, a: str) -> str:
        return f"{c!r} * {a}"

    def trace(self, a: str) -> str:
        return f"hq.tr({a})"

    def kron(self, a: str, b: str) -> str:
        return f"hq.kron({a}, {b})"

    def partial_trace(self, a: str, factor: int) -> str:
        return f"hq.partial_trace({a}, over={factor})"

    def identity(self, *factors: int) -> str:
        return f"hq.identity({tuple(self.sizes[s] for s in factors)!r})"

    def entry(self, a: str, i: Any, j: Any) -> str:
        return f"{a}[{self.index(i)}, {self.index(j)}]"

    def index(self, i: Any) -> str:
        return (
            str(i)
            if self.half is None or not isinstance(i, int) or i < self.half
            else f"hq.D/2 + {i - self.half}"
        )

    def projector(self, name: str) -> str:
        return f"{name}.projector()"

    def amplitude(self, name: str, i: Any) -> str:
        return f"{name}[{self.index(i)}]"

    def state_mean(self, name: str, a: str) -> str:
        return f"{name}.expectation({a})"

    def overlap(self, name: str, other: str) -> str:
        return f"{name}.overlap({other})"

    def element(self, name: str, a: str, other: str) -> str:
        return f"{name}.matrix_element({a}, {other})"


class Text(Source):
    """The same in the grammar of ``parse_integrand``; ``base`` is the number of its first tensor factor."""

    def __init__(self, sizes: Mapping[int, Any], half: int | None, base: int) -> None:
        super().__init__(sizes, half)
        self.base = base

    def adjoint(self, a: str) -> str:
        return f"({a})^H"

    def transpose(self, a: str) -> str:
        return f"({a})^T"

    def conj(self, a: str) -> str:
        return f"conj({a})"

    def matmul(self, a: str, b: str) -> str:
        return f"({a} {b})"

    def power(self, a: str, n: int) -> str:
        return f"({a})^{n}"

    def scale(self, c: Fraction, a: str) -> str:
        return f"({c}) * {a}"

    def trace(self, a: str) -> str:
        return f"tr({a})"

    def kron(self, a: str, b: str) -> str:
        return f"kron({a}, {b})"

    def partial_trace(self, a: str, factor: int) -> str:
        return f"ptr({a}, {factor + self.base})"

    def identity(self, *factors: int) -> str:
        return f"identity({', '.join(str(self.sizes[s]) for s in factors)})"

    def entry(self, a: str, i: Any, j: Any) -> str:
        return f"({a})[{self.index(i)}, {self.index(j)}]"

    def index(self, i: Any) -> str:
        return super().index(i).replace("hq.", "")

    def projector(self, name: str) -> str:
        return name

    def amplitude(self, name: str, i: Any) -> str:
        return f"<{i}|{name}>"

    def state_mean(self, name: str, a: str) -> str:
        return f"<{name}| {a} |{name}>"

    def overlap(self, name: str, other: str) -> str:
        return f"tr({name} {other})"

    def element(self, name: str, a: str, other: str) -> str:
        return f"<{name}| {a} |{other}>"


class InSymPy:
    """The same with MatrixSymbols; what SymPy cannot say is not among the methods."""

    def __init__(self, letters: Mapping[str, Any], half: int | None) -> None:
        self.letters, self.half = letters, half

    def letter(self, name: str) -> Any:
        return self.letters[name]

    projector = letter

    def adjoint(self, a: Any) -> Any:
        return sympy.Adjoint(a)

    def transpose(self, a: Any) -> Any:
        return sympy.Transpose(a)

    def conj(self, a: Any) -> Any:
        return sympy.Adjoint(sympy.Transpose(a)) if getattr(a, "is_Matrix", False) else sympy.conjugate(a)

    def matmul(self, a: Any, b: Any) -> Any:
        return sympy.MatMul(a, b)

    def times(self, a: Any, b: Any) -> Any:
        return a * b

    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def power(self, a: Any, n: int) -> Any:
        return a**n

    def scale(self, c: Fraction, a: Any) -> Any:
        return sympy.Rational(c.numerator, c.denominator) * a

    def trace(self, a: Any) -> Any:
        return sympy.Trace(a)

    def entry(self, a: Any, i: Any, j: Any) -> Any:
        return a[self.index(i), self.index(j)]

    def index(self, i: Any) -> Any:
        D = next(iter(self.letters.values())).rows
        if isinstance(i, str):
            return sympy.Symbol(i)
        return i if self.half is None or i < self.half else D / 2 + (i - self.half)
