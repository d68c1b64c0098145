"""Diagrams: the canonical form against explicit matrices, and that equal values of every kind have one form."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from haarqntk.diagrams import DiagramMonomial, Letter, flatten, matrix_letter, reduce_diagram

ROUNDING = 1e-9
RNG = np.random.default_rng(7)
GENERAL = RNG.normal(size=(3, 2, 2)) + 1j * RNG.normal(size=(3, 2, 2))
BASIS = np.linalg.qr(GENERAL[2])[0]
PAULI = BASIS @ np.diag([1, -1]) @ BASIS.conj().T
LETTERS: dict[str, tuple[Letter, Any]] = {
    "A": (matrix_letter("A", (2,), frozenset()), GENERAL[0]),
    "H": (matrix_letter("H", (2,), frozenset({"hermitian"})), GENERAL[1] + GENERAL[1].conj().T),
    "S": (matrix_letter("S", (2,), frozenset({"symmetric"})), GENERAL[1] + GENERAL[1].T),
    "X": (matrix_letter("X", (2,), frozenset({"hermitian", "unitary", "traceless"})), PAULI),
    "V": (matrix_letter("V", (2,), frozenset({"unitary"})), BASIS),
    "P": (
        matrix_letter("P", (2,), frozenset({"hermitian", "projector"})),
        np.outer(BASIS[0], BASIS[0].conj()),
    ),
    "J": (
        Letter("matrix", "J", (2,), frozenset({"real", "unitary", "antisymmetric"})),
        np.array([[0, 1], [-1, 0]]),
    ),
}


def value(letters: list[Letter], partner: list[int]) -> complex:
    """By numpy.einsum, one label for each joint."""
    operands: list[Any] = []
    for i, letter in enumerate(letters):
        matrix = LETTERS[letter.name][1]
        operands += [matrix.conj() if letter.conjugated else matrix]
        operands += [[min(end, partner[end]) for end in (2 * i, 2 * i + 1)]]
    relabelled = sorted({x for labels in operands[1::2] for x in labels})
    operands[1::2] = [[relabelled.index(x) for x in labels] for labels in operands[1::2]]
    return complex(np.einsum(*operands, [])) if operands else 1.0


def value_of(monomial: DiagramMonomial) -> complex:
    return value(*flatten([monomial]))


@st.composite
def diagrams(draw: st.DrawFn) -> tuple[list[Letter], list[int]]:
    """Up to six matrices, their ends joined anyhow: products of traces of words with transposes."""
    names = draw(st.lists(st.sampled_from(list(LETTERS)), min_size=1, max_size=6))
    letters = [LETTERS[name][0].conjugate() if draw(st.booleans()) else LETTERS[name][0] for name in names]
    ends = draw(st.permutations(range(2 * len(letters))))
    partner = [0] * len(ends)
    for a, b in zip(ends[::2], ends[1::2], strict=True):
        partner[a], partner[b] = b, a
    return letters, partner


@settings(max_examples=200)
@given(diagrams())
def test_reducing_a_diagram_keeps_its_value(diagram: tuple[list[Letter], list[int]]) -> None:
    reduced = reduce_diagram(*diagram)
    found = 0.0 if reduced is None else reduced.sign * 2 ** len(reduced.loops) * value_of(reduced.monomial)
    assert abs(found - value(*diagram)) < ROUNDING * max(1, abs(found))


@settings(max_examples=100)
@given(diagrams())
def test_the_canonical_form_is_its_own(diagram: tuple[list[Letter], list[int]]) -> None:
    reduced = reduce_diagram(*diagram)
    if reduced is not None:
        again = reduce_diagram(*flatten([reduced.monomial]))
        assert again is not None
        assert (again.sign, again.loops, again.monomial) == (1, (), reduced.monomial)


@settings(max_examples=100)
@given(diagrams(), st.data())
def test_the_canonical_form_does_not_depend_on_the_numbering(
    diagram: tuple[list[Letter], list[int]], data: st.DataObject
) -> None:
    letters, partner = diagram
    order = data.draw(st.permutations(range(len(letters))))
    new_end = {2 * i + side: 2 * n + side for n, i in enumerate(order) for side in (0, 1)}
    moved = [0] * len(partner)
    for end, other in enumerate(partner):
        moved[new_end[end]] = new_end[other]
    assert reduce_diagram([letters[i] for i in order], moved) == reduce_diagram(letters, partner)
