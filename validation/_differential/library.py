"""The value under test: the library through its public front, by Python objects, by text and by SymPy."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy

import haarqntk as hq
from _differential.builder import CONSTRUCTORS, Case
from _differential.designs import symplectic_form
from _differential.trees import InSymPy, Objects, Text, evaluate, names_in, operations_in


def declarations(case: Case) -> dict[str, Any]:
    """Name → what the library calls by it."""
    found = {
        name: getattr(hq, CONSTRUCTORS[group])(name, dims=case.dims_of(on))
        for name, (group, on) in case.random.items()
    }
    for name, (_, relations, on) in case.given.items():
        dims = case.dims_of(on)
        found[name] = (
            hq.symplectic_form(dims)
            if name == "J"
            else hq.matrices(name, dims=dims, **dict.fromkeys(relations, True))
        )
    return found


def by_objects(case: Case) -> Any:
    """The integral of the expression that Python's operators build."""
    return hq.expect(
        evaluate(case.tree, Objects(hq, declarations(case), dict(enumerate(case.names)), case.half))
    )


def can_be_text(case: Case) -> bool:
    """Whether the grammar can say it: an amplitude has a number for its index, a circular ensemble no declaration."""
    if {"COE", "CSE"} & {group for group, _ in case.random.values()}:
        return False
    symbolic = bool(case.indices) or len(case.sizes) > 1 or case.half is not None
    return not ("amplitude" in operations_in(case.tree) and symbolic)


def text_of(case: Case) -> str:
    """The integrand in the grammar of ``parse_integrand``."""
    A, B = hq.matrices("A", dims=2), hq.matrices("B", dims=3)
    reduced: Any = hq.parse_integrand("ptr(kron(A, B), 1)", declared=[A, B])
    base = 0 if reduced.spaces == (2,) else 1
    return str(evaluate(case.tree, Text(dict(enumerate(case.names)), case.half, base)))


def by_text(case: Case) -> Any:
    """The integral of the parsed text."""
    found = declarations(case)
    dims = case.names if len(case.names) > 1 else case.names[0]
    return hq.expect(
        hq.parse_integrand(text_of(case), declared=[x for x in found.values() if _is_a_letter(x)], dims=dims)
    )


def _is_a_letter(x: Any) -> bool:
    """All but J, which the grammar knows."""
    return "J" not in getattr(x, "declared", {})


def can_be_sympy(case: Case) -> bool:
    """Whether SymPy has words for all operations."""
    groups = {group for group, _ in case.random.values()}
    if "entry" in operations_in(case.tree) and not isinstance(case.names[0], str) and case.sizes[0] > 2:
        return False  # SymPy multiplies entries of words out at a number, in exponentially many terms
    said = {name for name in vars(InSymPy) if not name.startswith("_")}
    return len(case.sizes) == 1 and not groups & {"COE", "CSE", "state"} and operations_in(case.tree) <= said


def by_sympy(case: Case) -> Any:
    """The integral of the SymPy expression."""
    found = declarations(case)
    D = case.names[0]
    size = hq.D if isinstance(D, str) else D
    letters = {name: sympy.MatrixSymbol(name, size, size) for name in found}
    expression = evaluate(case.tree, InSymPy(letters, case.half))
    used = names_in(case.tree)
    return hq.expect(
        expression,
        over=[found[name] for name in case.random if name in used],
        matrices=[found[name] for name in case.given if name in used],
    )


def value(case: Case, integral: Any) -> Any:
    """The number or array at the dimensions and matrices of the case; a list where indices are symbols."""
    dims = {name: size for name, size in zip(case.names, case.sizes, strict=True) if isinstance(name, str)}
    if case.indices:
        fixed = integral.specialise(**dims).to_sympy()
        trials = [
            dict(zip(case.indices, row, strict=True)) for row in zip(*case.indices.values(), strict=True)
        ]
        return [number_of(fixed, trial | dims, case) for trial in trials]
    used = names_in(case.tree)
    return integral.at(
        matrices={name: x[0] for name, x in case.given.items() if name in used and name != "J"}, **dims
    )


def number_of(expression: Any, values: dict[str, int], case: Case) -> Fraction:
    """A SymPy result with every symbol replaced by name, entries of J and of given matrices by numbers."""
    D = case.sizes[0]
    plain = sympy.sympify(expression).subs(
        {x: values[x.name] for x in expression.free_symbols if x.name in values}
    )
    entries = {}
    for entry in plain.atoms(sympy.matrices.expressions.matexpr.MatrixElement):
        name = str(entry.parent.name)
        matrix = symplectic_form(D).astype(int) if name == "J" else np.array(case.given[name][0])
        entries[entry] = sympy.Rational(str(matrix[int(entry.i), int(entry.j)]))
    found = sympy.nsimplify(plain.xreplace(entries).doit())
    return Fraction(int(found.p), int(found.q))
