"""The value of a case by an oracle: an average over points, or exact index sums."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from _differential import designs, exact
from _differential.arrays import mean_over_points
from _differential.trees import evaluate

if TYPE_CHECKING:
    from fractions import Fraction

    from _differential.builder import Case


def oracle(case: Case) -> Any:
    """The value: a number or an array, or a list of them, one for each choice of the symbolic indices."""
    if case.kind in {"entries", "symbolic entries", "index sums"}:
        return exact_value(case)
    random = {}
    for name, (group, on) in case.random.items():
        D, most = prod(case.sizes[s] for s in on), _most_factors(case, name)
        random[name] = _points(group, D, most, num_letters=len(case.random))
    J = {name: designs.symplectic_form(case.sizes[0]) for name, (g, _) in case.random.items() if g == "CSE"}
    made_of: dict[str, Any] = {
        name: lambda V: V.swapaxes(1, 2) @ V for name, (group, _) in case.random.items() if group == "COE"
    }
    made_of |= {name: lambda V, J=form: J @ V.swapaxes(1, 2) @ J.T @ V for name, form in J.items()}
    charged = {"unitary": 1, "state": 1, "COE": 2, "CSE": 2}
    spaces = {name: on for name, (_, on) in case.random.items()} | {
        name: x[2] for name, x in case.given.items()
    }
    given = {name: np.array([[complex(y) for y in row] for row in x[0]]) for name, x in case.given.items()}
    return mean_over_points(
        case.tree,
        dims=case.sizes,
        random=random,
        given=given,
        spaces=spaces,
        charged={name: charged[group] for name, (group, _) in case.random.items() if group in charged},
        made_of=made_of,
    )


def _points(group: str, D: int, most: int, *, num_letters: int) -> Any:
    """A set of ``designs`` that is exact for the most factors that the tree can have."""
    if group in {"COE", "CSE"}:
        return designs.unitary(D, 2 * most)
    if group == "unitary" and num_letters > 1:
        return designs.small_unitary(D, most)
    build = {
        "unitary": designs.unitary,
        "orthogonal": designs.orthogonal,
        "symplectic": designs.symplectic,
        "state": designs.states,
    }
    return build[group](D, most)


def _most_factors(case: Case, name: str) -> int:
    """The most factors of a letter in one term: for U and states the larger of plain and conjugated."""
    group, _ = case.random[name]
    counts = evaluate(case.tree, Counts(name))
    most: int = max(p + q if group in {"orthogonal", "symplectic"} else max(p, q) for p, q in counts)
    return most


class Counts:
    """How many plain and conjugated factors of one letter the terms of a tree have."""

    def __init__(self, name: str) -> None:
        self.name = name

    def letter(self, name: str) -> set[tuple[int, int]]:
        return {(int(name == self.name), 0)}

    def projector(self, name: str) -> set[tuple[int, int]]:
        return {(int(name == self.name),) * 2}

    def amplitude(self, name: str, _i: Any) -> set[tuple[int, int]]:
        return self.letter(name)

    def state_mean(self, name: str, a: Any) -> set[tuple[int, int]]:
        return self.matmul(self.projector(name), a)

    def overlap(self, name: str, other: str) -> set[tuple[int, int]]:
        return self.matmul(self.projector(name), self.projector(other))

    def element(self, name: str, a: Any, other: str) -> set[tuple[int, int]]:
        return self.matmul(self.matmul(self.conj(self.letter(name)), a), self.letter(other))

    def conj(self, a: Any) -> set[tuple[int, int]]:
        return {(q, p) for p, q in a}

    adjoint = conj

    def transpose(self, a: Any) -> Any:
        return a

    trace = transpose

    def entry(self, a: Any, _i: Any, _j: Any) -> Any:
        return a

    def partial_trace(self, a: Any, _factor: int) -> Any:
        return a

    def scale(self, _c: Fraction, a: Any) -> Any:
        return a

    def identity(self, *_factors: int) -> set[tuple[int, int]]:
        return {(0, 0)}

    def matmul(self, a: Any, b: Any) -> set[tuple[int, int]]:
        return {(p + r, q + s) for p, q in a for r, s in b}

    times = kron = matmul

    def add(self, a: Any, b: Any) -> set[tuple[int, int]]:
        return set(a) | set(b)

    def power(self, a: Any, n: int) -> set[tuple[int, int]]:
        found = {(0, 0)}
        for _ in range(n):
            found = self.matmul(found, a)
        return found


def exact_value(case: Case) -> Any:
    """By index sums over the entries, as Fractions."""
    D = case.sizes[0]
    letters, groups = {}, {}
    for name, (group, _) in case.random.items():
        V = exact.random_matrix(name, D)
        groups[name] = "unitary" if group in {"COE", "CSE", "state"} else group
        if group == "CSE":
            J = exact.given_matrix(designs.symplectic_form(D).astype(int).tolist())
            V = J.dot(V.T).dot(J.T).dot(V)
        letters[name] = V.T.dot(V) if group == "COE" else V
    letters |= {name: exact.given_matrix(x[0]) for name, x in case.given.items()}
    trials = [
        dict(zip(case.indices, values, strict=True)) for values in zip(*case.indices.values(), strict=True)
    ] or [{}]
    found = []
    for indices in trials:
        value = evaluate(case.tree, exact.IndexSums(letters, D, indices))
        found.append(exact.mean(value, groups, D))
    return found if case.indices else found[0]
