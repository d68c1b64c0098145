"""Random integrands of every kind: which letters, which given matrices, how many factors."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from _differential import designs
from _differential.builder import Builder, Case
from _differential.trees import node

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.random import Generator

    from _differential.trees import Node

BUDGETS = {  # group → dimension → the most factors: of each kind (U, COE, CSE, states), or of all (O, Sp)
    "unitary": {1: 4, 2: 3, 3: 3, 4: 3},
    "orthogonal": {1: 6, 2: 6, 3: 5, 4: 6},
    "symplectic": {2: 6, 4: 5},
    "COE": {1: 3, 2: 2, 3: 1, 4: 1},
    "CSE": {2: 2, 4: 1},
    "state": {1: 4, 2: 4, 3: 3, 4: 3},
}
EXACT_BUDGETS = {
    "unitary": {1: 3, 2: 3, 3: 3, 4: 2},
    "orthogonal": {1: 6, 2: 6, 3: 6, 4: 6},
    "symplectic": {2: 6, 4: 6},
    "COE": {1: 2, 2: 2, 3: 1, 4: 1},
    "CSE": {2: 2, 4: 1},
    "state": {1: 3, 2: 3, 3: 3, 4: 3},
}
RELATIONS = (
    (),
    ("hermitian",),
    ("hermitian", "traceless"),
    ("projector", "rank_one"),
    ("projector",),
    ("involution",),
    ("unitary",),
    ("symmetric",),
    ("real",),
    ("hermitian", "unitary"),
)


def given_matrix(rng: Generator, D: int, relations: Sequence[str], *, real: bool) -> Any:
    """A matrix with small rational or Gaussian rational entries that obeys the relations."""

    def numbers(*shape: int) -> Any:
        x = rng.integers(-2, 3, size=shape)
        return x + 0j if real or "real" in relations else x + 1j * rng.integers(-2, 3, size=shape)

    if "projector" in relations:
        rank = 1 if "rank_one" in relations else int(rng.integers(0, D + 1))
        v = numbers(D)
        v[0] = v[0] or 1
        if rank == 1:
            return np.outer(v, v.conj()) / np.vdot(v, v)
        return np.diag([1.0 + 0j] * rank + [0] * (D - rank))
    if "involution" in relations or "unitary" in relations:
        order = rng.permutation(D)
        phases = rng.choice([1, -1] if real or "involution" in relations else [1, -1, 1j, -1j], size=D)
        if {"involution", "hermitian"} & set(relations):
            return np.diag(rng.choice([1, -1], size=D) + 0j)
        return np.diag(phases + 0j)[order]
    a = numbers(D, D) / int(rng.integers(1, 3))
    if "hermitian" in relations:
        a = a + a.conj().T
    if "symmetric" in relations:
        a = a + a.T
    if "traceless" in relations:
        a = a - np.diag([a.trace() / D] * D)
    return a


def rational_matrix(rng: Generator, D: int) -> Any:
    """A matrix of small fractions."""
    return [[Fraction(int(rng.integers(-3, 4)), int(rng.integers(1, 3))) for _ in range(D)] for _ in range(D)]


def dimension_names(rng: Generator, sizes: tuple[int, ...]) -> tuple[Any, ...]:
    """Symbols or the numbers themselves."""
    if rng.random() < 0.5:
        return sizes
    return ("D",) if len(sizes) == 1 else ("d1", "d2")


def add_given(case: Case, rng: Generator, names: str, on: tuple[int, ...], *, real: bool) -> None:
    size = prod(case.sizes[s] for s in on)
    for name in names:
        relations = RELATIONS[int(rng.integers(len(RELATIONS)))]
        if "traceless" in relations and "unitary" in relations:
            relations = ("hermitian",)
        case.given[name] = (given_matrix(rng, size, relations, real=real), relations, on)


def word_case(rng: Generator, group: str, D: int, *, operator: bool) -> Case:
    """Traces, entries and words of one or two random matrices on one tensor factor."""
    case = Case(group, "operator" if operator else "traces", (D,), dimension_names(rng, (D,)))
    case.random["U"] = (group, (0,))
    budget = BUDGETS[group][D]
    if D == 4 and group == "unitary" and rng.random() < 0.7:
        budget = 1
    if operator and D >= 3:  # networks of exact matrices are slow to evaluate
        budget = min(budget, 2 if group in {"orthogonal", "symplectic"} else 1)
    budgets = {"U": budget}
    if group in {"unitary", "orthogonal", "symplectic"} and rng.random() < 0.2:
        case.kind = "two matrices"
        case.random["V"] = (group, (0,))
        paired = group != "unitary"
        budgets = {
            "U": min(budget, (2 if D < 3 else 1) * (1 + paired)),
            "V": (2 if D == 1 else 1) * (1 + paired),
        }
    add_given(case, rng, "AB", (0,), real=bool(rng.random() < 0.5))
    if group in {"symplectic", "CSE"}:
        case.given["J"] = (designs.symplectic_form(D), (), (0,))
    case.tree = Builder(case, rng).polynomial(budgets, entries=0.15, operator=operator)
    return case


def state_case(rng: Generator, D: int) -> Case:
    """Projectors, expectations, overlaps, amplitudes of one or two Haar states."""
    case = Case("state", "states", (D,), dimension_names(rng, (D,)))
    case.random["psi"] = ("state", (0,))
    add_given(case, rng, "AB", (0,), real=bool(rng.random() < 0.5))
    builder = Builder(case, rng)
    budget = BUDGETS["state"][D]
    if rng.random() < 0.35:
        case.random["phi"] = ("state", (0,))
        a = node("letter", "A")
        case.tree = builder.pick(
            [
                node("power", node("overlap", "psi", "phi"), 2),
                node(
                    "times", node("element", "psi", a, "phi"), node("conj", node("element", "psi", a, "phi"))
                ),
                node("times", node("overlap", "psi", "phi"), node("state_mean", "psi", a)),
                node(
                    "times",
                    node("element", "psi", a, "phi"),
                    node("element", "phi", node("letter", "B"), "psi"),
                ),
                node("matmul", node("projector", "psi"), node("matmul", a, node("projector", "phi"))),
            ]
        )
        return case
    shape = rng.random()
    if shape < 0.4:
        k = int(rng.integers(1, budget + 1))
        total = node("state_mean", "psi", builder.pick([node("letter", "A"), node("letter", "B")]))
        for _ in range(k - 1):
            name = builder.pick(["A", "B"])
            total = node("times", total, node("state_mean", "psi", node("adjoint", node("letter", name))))
        case.tree = total
    elif shape < 0.7:
        k = int(rng.integers(1, budget + 1))
        plain = [node("amplitude", "psi", builder.index()) for _ in range(k)]
        stars = [node("conj", node("amplitude", "psi", builder.index())) for _ in range(k)]
        if rng.random() < 0.6:
            stars = [node("conj", x) for x in plain]
        total = plain[0]
        for x in (*plain[1:], *stars):
            total = node("times", total, x)
        case.tree = total
    else:
        case.tree = builder.polynomial(
            {"psi": budget // 2 or 1}, entries=0.2, operator=bool(rng.random() < 0.4)
        )
    return case


def tensor_case(rng: Generator) -> Case:
    """U on two tensor factors, V and W on one each, partial traces."""
    sizes = ((2, 2), (2, 2), (2, 3), (1, 2))[int(rng.integers(4))]
    case = Case("unitary", "tensor factors", sizes, dimension_names(rng, sizes))
    add_given(case, rng, "AB", (0, 1), real=bool(rng.random() < 0.5))
    add_given(case, rng, "C", (0,), real=True)
    add_given(case, rng, "E", (1,), real=True)
    if rng.random() < 0.5:
        size = prod(sizes)
        is_state = size < 6 and rng.random() < 0.3
        case.random["U"] = ("state" if is_state else "unitary", (0, 1))
        budgets = {"U": 2 if size == 2 or (size == 4 and not is_state and rng.random() < 0.15) else 1}
    else:
        case.random |= {"V": ("unitary", (0,)), "W": ("unitary", (1,))}
        budgets = {"V": 2, "W": 1} if rng.random() < 0.5 else {"V": 1, "W": 2}
        if rng.random() < 0.4:
            del budgets["W"], case.random["W"]
            budgets["V"] = 3 if sizes[0] == 2 else 2
    builder = Builder(case, rng)
    operator = bool(rng.random() < 0.3)
    if operator or sizes == (2, 3):
        budgets = dict.fromkeys(budgets, 1)
    tree = builder.polynomial(budgets, entries=0.1, operator=operator)
    if operator and rng.random() < 0.5:
        tree = node("partial_trace", tree, int(rng.integers(2)))
    case.tree = tree
    return case


def entry_case(rng: Generator, group: str, D: int, *, symbolic: bool) -> Case:
    """Products of entries, with integer or symbolic indices, exactly."""
    case = Case(group, "symbolic entries" if symbolic else "entries", (D,), dimension_names(rng, (D,)))
    name = "psi" if group == "state" else "U"
    case.random[name] = (group, (0,))
    budget = EXACT_BUDGETS[group][D]
    if symbolic:
        budget = min(budget, 4 if group in {"orthogonal", "symplectic"} else 2)
    symbols = ["i", "j", "k", "l"][: int(rng.integers(1, 5))] if symbolic else []
    builder = Builder(case, rng, symbols=symbols)
    total: Node | None = None
    for _ in range(builder.pick([1, 1, 2])):
        factors = builder.factors(name, budget)
        if group == "state":
            k = (len(factors) + 1) // 2
            terms = [node("amplitude", name, builder.index()) for _ in range(k)]
            terms += [node("conj", node("amplitude", name, builder.index())) for _ in range(k)]
        else:
            terms = [node("entry", factor, builder.index(), builder.index()) for factor in factors]
        term = terms[0]
        for x in terms[1:]:
            term = node("times", term, x)
        term = node("scale", builder.coefficient(), term) if builder.chance(0.3) else term
        total = term if total is None else node("add", total, term)
    assert total is not None  # noqa: S101 - at least one term
    case.tree = total
    if symbolic:
        every = list(product(range(D), repeat=len(symbols)))
        chosen = (
            every if len(every) <= 27 else [every[int(i)] for i in rng.choice(len(every), 27, replace=False)]
        )
        case.indices = {s: [values[n] for values in chosen] for n, s in enumerate(symbols)}
    return case


def sum_case(rng: Generator, group: str, D: int) -> Case:
    """Traces of words with rational matrices, exactly, by index sums."""
    case = Case(group, "index sums", (D,), dimension_names(rng, (D,)))
    case.random["U"] = (group, (0,))
    for name in "AB":
        case.given[name] = (rational_matrix(rng, D), (), (0,))
    budget = (
        {"unitary": 2, "orthogonal": 4, "symplectic": 4, "COE": 1, "CSE": 1}[group]
        if D <= 2
        else (2 if group in {"orthogonal", "symplectic"} else 1)
    )
    case.tree = Builder(case, rng).polynomial({"U": budget}, entries=0.2, operator=bool(rng.random() < 0.2))
    return case


DIMENSIONS = {name: tuple(x) for name, x in BUDGETS.items()}
MATRIX_GROUPS = ("unitary", "unitary", "orthogonal", "symplectic", "COE", "CSE")


def random_case(rng: Generator) -> Case:
    """One integrand."""

    def group_of(groups: Sequence[str]) -> tuple[str, int]:
        group = groups[int(rng.integers(len(groups)))]
        D = DIMENSIONS[group][int(rng.integers(len(DIMENSIONS[group])))]
        return group, D

    with_states = (*MATRIX_GROUPS, "state")
    kinds: tuple[tuple[float, Callable[[], Case]], ...] = (  # up to which number of [0, 1) each kind is taken
        (0.33, lambda: word_case(rng, *group_of(MATRIX_GROUPS), operator=False)),
        (0.45, lambda: word_case(rng, *group_of(MATRIX_GROUPS), operator=True)),
        (0.55, lambda: state_case(rng, group_of(("state",))[1])),
        (0.67, lambda: tensor_case(rng)),
        (0.79, lambda: entry_case(rng, *group_of(with_states), symbolic=False)),
        (0.91, lambda: entry_case(rng, *group_of(with_states), symbolic=True)),
        (1.00, lambda: sum_case(rng, *group_of(MATRIX_GROUPS))),
    )
    x = rng.random()
    return next(build() for bound, build in kinds if x < bound)
