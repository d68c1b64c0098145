"""Integrands with deltas: how they are written, evaluated, joined, averaged over other groups and kept as JSON."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from network_language import NetworkReader
from shortcuts import returned

import haarqntk as hq
from haarqntk import diagrams
from haarqntk.errors import CostError, InputError
from haarqntk.haar import MatrixExpression, ScalarExpression
from haarqntk.haar._letters import single_term
from haarqntk.haar._style import LATEX
from haarqntk.haar._written import component_symbol, component_text

A, B, C = (diagrams.matrix_letter(name, ("D",), frozenset()) for name in "ABC")
M = diagrams.matrix_letter("M", ("D", "D"), frozenset())
ROW, COLUMN = (diagrams.Letter("open", side, ("D",)) for side in ("left", "right"))
RNG = np.random.default_rng(3)
SIZE = 3
GIVEN = {name: RNG.integers(-3, 4, (SIZE, SIZE)) for name in "ABC"} | {
    "M": RNG.integers(-3, 4, (SIZE**2, SIZE**2))
}


def delta(num_ends: int) -> diagrams.Letter:
    return diagrams.delta_letter("D", num_ends)


def diagonal(matrix: diagrams.Letter) -> MatrixExpression:
    """diag(A): δ with the row, the column and both ends of A."""
    terms = single_term([ROW, COLUMN, matrix, delta(4)], [4, 5, 6, 7, 0, 1, 2, 3])
    return MatrixExpression(terms, {matrix.name: matrix}, ("D",))


def plain(name: str) -> MatrixExpression:
    found: MatrixExpression = hq.matrices(name)
    return found


def at(expression: Any, **dimensions: int) -> Any:
    needed = {name: GIVEN[name].tolist() for name in expression.declared if name in GIVEN}
    return hq.expect(expression).at(SIZE, matrices=needed, **dimensions)


def random_components() -> list[diagrams.Component]:
    """Closed components of A, A, B, M and deltas, each once."""
    rng = np.random.default_rng(11)
    found: dict[diagrams.Component, None] = {}
    for _ in range(1500):
        letters = [x for x in (A, A, B, M, A.conjugate()) if rng.random() < 0.5]
        letters += [delta(int(m)) for m in rng.integers(1, 5, rng.integers(1, 4))]
        if sum(letter.num_ends for letter in letters) % 2:
            letters.append(delta(1))
        ends = [int(end) for end in rng.permutation(sum(letter.num_ends for letter in letters))]
        partner = [0] * len(ends)
        for a, b in zip(ends[::2], ends[1::2], strict=True):
            partner[a], partner[b] = b, a
        reduced = diagrams.reduce_diagram(letters, partner)
        for component, _ in reduced.monomial if reduced else ():
            if any(letter.kind == "delta" for letter in component.letters):
                found[component] = None
    return list(found)


COMPONENTS = random_components()


def dense(component: diagrams.Component) -> int:
    """By numpy.einsum with a delta as an array; the arrays are real."""
    operands: list[Any] = []
    for letter, first in zip(component.letters, diagrams.first_ends(component.letters), strict=True):
        m = letter.num_ends
        if letter.kind == "delta":
            array = np.zeros((SIZE,) * m, dtype=int)
            for i in range(SIZE):
                array[(i,) * m] = 1
        else:
            array = GIVEN[letter.name].reshape((SIZE,) * m)
            array = array if m == 2 else array.transpose(0, 2, 1, 3)
        operands += [array, [min(e, component.partner[e]) for e in range(first, first + m)]]
    used = sorted({x for axes in operands[1::2] for x in axes})
    operands[1::2] = [[used.index(x) for x in axes] for axes in operands[1::2]]
    return int(np.einsum(*operands, [], optimize="greedy"))


def read_back(text: str) -> int:
    """The value of sum(A[i, j]^2 M[i k, j k], i, j, k), read by a parser that shares nothing with the library."""
    found = re.fullmatch(r"sum\((.*?), ([a-z0-9]+(?:, [a-z0-9]+)*)\)", text)
    assert found is not None, text
    factors = [""]
    for char in found[1]:
        depth = sum(map(factors[-1].count, "([")) - sum(map(factors[-1].count, ")]"))
        if char == " " and not depth:
            factors.append("")
        else:
            factors[-1] += char
    written: list[str] = []
    for factor in factors:
        power = re.fullmatch(r"(.*\])\^(\d+)", factor)
        written += [power[1]] * int(power[2]) if power else [factor]
    arrays = {name: x.reshape((SIZE,) * (4 if name == "M" else 2)) for name, x in GIVEN.items()}
    summed = found[2].replace(", ", " ")
    return int(NetworkReader(f"sum({summed}) {' '.join(written)}", arrays, SIZE).value())


def test_different_components_have_different_names() -> None:
    assert len(COMPONENTS) > 300
    for written in (component_text, component_symbol):
        assert len({written(component) for component in COMPONENTS}) == len(COMPONENTS)


def test_what_is_written_and_what_is_evaluated_have_the_value_of_the_sum() -> None:
    for component in COMPONENTS:
        expected = dense(component)
        declared = {x.name: x for x in component.letters if x.kind == "matrix"}
        expression = ScalarExpression(single_term(component.letters, component.partner), declared)
        assert at(expression) == expected
        assert read_back(component_text(component)) == expected


def test_sums_are_written_in_latex_in_brackets() -> None:
    found = [
        (component_text(component), component_text(component, LATEX))
        for letters, partner in (
            ([delta(4), A, B], [4, 5, 6, 7, 0, 1, 2, 3]),
            ([delta(1), A, delta(1)], [1, 0, 3, 2]),
        )
        for reduced in [diagrams.reduce_diagram(letters, partner)]
        if reduced is not None
        for component, _ in reduced.monomial
    ]
    assert found == [
        ("sum(A[i, i] B[i, i], i)", r"\left(\sum_{i} A_{ii} B_{ii}\right)"),
        ("sum(A[i, j], i, j)", r"\left(\sum_{i, j} A_{ij}\right)"),
    ]


def test_a_diagonal_is_an_operator_like_any_other() -> None:
    d, b = diagonal(A), plain("B")
    a, given_b = GIVEN["A"], GIVEN["B"]
    dense_d = np.diag(np.diag(a))
    assert str(hq.expect(d)) == "(1) sum(A[i, i] |i><i|, i)"
    assert hq.expect(d).latex() == r"\left(\sum_{i} A_{ii} \left|i\right\rangle\left\langle i\right|\right)"
    assert str(hq.expect(d).to_sympy()) == "sum(A[i, i] |i><i|, i)"
    assert (at(d) == dense_d).all()
    assert (at(d @ b @ d.H) == dense_d @ given_b @ dense_d).all()
    assert (at(hq.kron(d, b)) == np.kron(dense_d, given_b)).all()
    assert (at(hq.partial_trace(hq.kron(d, b), over=0)) == np.trace(a) * given_b).all()
    assert (at((d @ b).T) == (dense_d @ given_b).T).all()
    assert at(hq.tr(d @ b)) == int(np.diag(a) @ np.diag(given_b))
    assert at(d[1, 1]) == a[1, 1]
    assert at(d[0, 1]) == 0
    assert hq.expect(d) == hq.expect(d.T) == hq.expect(d.conj().H)
    left, right = hq.expect(hq.tr(d @ b)), hq.expect(hq.tr(diagonal(B) @ plain("A")))
    assert left == right
    assert hash(left) == hash(right)
    assert hq.expect(hq.tr(d)) == hq.expect(hq.tr(plain("A")))


def test_an_entry_whose_equality_depends_on_a_symbolic_dimension_is_refused() -> None:
    with pytest.raises(InputError, match=r"whether 5 and D/2\+1 are one index depends on D"):
        diagonal(A)[5, hq.D / 2 + 1]


def test_deltas_stay_while_another_matrix_is_averaged() -> None:
    U = hq.haar_unitary("U")
    rotated = U @ plain("A") @ U.H
    copy = MatrixExpression(
        single_term(
            [
                *(
                    diagrams.Letter("open", side, ("D",), place=s)
                    for s in (0, 1)
                    for side in ("left", "right")
                ),
                delta(4),
            ],
            [4, 5, 6, 7, 0, 1, 2, 3],
        ),
        {},
        ("D", "D"),
    )  # Σ |ii⟩⟨ii|
    purity = hq.tr(copy @ hq.kron(rotated, rotated))
    trace, square = hq.tr(plain("A")), hq.tr(plain("A") @ plain("A"))
    mean = hq.expect(purity)
    assert mean == hq.expect((trace**2 + square) / (hq.D + 1))
    assert hq.expect(purity, method="definition") == mean
    assert hq.expect(hq.tr(copy @ hq.kron(rotated, plain("B")))) == hq.expect(
        hq.tr(plain("A")) * hq.tr(plain("B")) / hq.D
    )
    weighted = hq.expect(hq.tr(copy @ hq.kron(rotated, plain("B"))) * hq.tr(diagonal(B) @ plain("C")))
    assert str(weighted) == "Tr(A)*Tr(B)*sum(B[i, i] C[i, i], i)/D"
    assert "svg" in hq.expect(purity).explain()._repr_html_()


@pytest.mark.parametrize("k", [1, 2, 3])
def test_blocks_of_copies_average_over_permutation_matrices(k: int) -> None:
    """E Tr(P A P B P C) = Σ_πσ (G⁻¹)_πσ · the diagram glued by π on the rows and σ on the columns, G = D^|π ∨ σ|."""
    D = SIZE
    P = diagrams.matrix_letter("P", ("D",), frozenset())
    letters = [x for pair in zip((P,) * k, (A, B, C), strict=False) for x in pair]
    count = 4 * k
    partner = [0] * count
    for i in range(2 * k):
        a, b = 2 * i + 1, (2 * i + 2) % count
        partner[a], partner[b] = b, a
    gluing = diagrams.Gluing(letters, partner, set(range(0, 2 * k, 2)))
    partitions: set[tuple[tuple[int, ...], ...]] = {
        tuple(tuple(a for a in range(k) if x[a] == i) for i in sorted(set(x), key=x.index))
        for x in product(range(k), repeat=k)
    }
    labels = list(product(range(D), repeat=k))
    fits = [[all(len({x[a] for a in b}) == 1 for b in pi) for x in labels] for pi in partitions]
    gram = np.array([[sum(map(all, zip(x, y, strict=True))) for y in fits] for x in fits], dtype=float)
    weights = np.linalg.inv(gram)
    total = 0.0
    for n, pi in enumerate(partitions):
        for m, sigma in enumerate(partitions):
            rows = [[4 * a for a in block] for block in pi]
            columns = [[4 * a + 1 for a in block] for block in sigma]
            terms = single_term(*gluing.glue_blocks([*rows, *columns]))
            expression = ScalarExpression(terms, {x.name: x for x in (A, B, C)[:k]})
            total += float(weights[n, m]) * float(at(expression))
    exact = Fraction(0)
    for image in permutations(range(D)):
        word = np.eye(D, dtype=int)
        for name in "ABC"[:k]:
            word = word @ np.eye(D, dtype=int)[list(image)] @ GIVEN[name]
        exact += Fraction(int(np.trace(word)), 6)
    assert abs(total - float(exact)) < 1e-9 * max(1.0, abs(float(exact)))


def test_json_keeps_deltas_and_refuses_what_is_not_canonical() -> None:
    for expression in (diagonal(A), hq.tr(diagonal(A) @ plain("B")), diagonal(A) @ plain("B")):
        returned(hq.expect(expression))
    record = json.loads(hq.to_json(hq.expect(diagonal(A))))
    (found,) = (letter for letter in record["letters"] if letter["kind"] == "delta")
    found["place"] = 10**9
    with pytest.raises(InputError, match="place must be an integer ≤ 10000"):
        hq.from_json(json.dumps(record))
    found |= {"place": 4, "conjugated": True}
    with pytest.raises(InputError, match="canonical form"):
        hq.from_json(json.dumps(record))


def test_the_cost_of_a_sum_is_known_before() -> None:
    letters = [diagrams.matrix_letter(name, ("D",), frozenset()) for name in "abcdefghij"]
    deltas = [delta(4)] * 5  # every two of five indices have a matrix
    pairs = [(a, b) for a in range(5) for b in range(a)]
    partner = [0] * 40
    used = [0] * 5
    for n, pair in enumerate(pairs):
        for side, vertex in enumerate(pair):
            end = 20 + 4 * vertex + used[vertex]
            used[vertex] += 1
            partner[2 * n + side], partner[end] = end, 2 * n + side
    expression = ScalarExpression(single_term([*letters, *deltas], partner), {x.name: x for x in letters})
    given = {x.name: np.ones((64, 64)) for x in letters}
    with pytest.raises(CostError, match="products would not finish; the largest number is 1000000000"):
        hq.expect(expression).at(64, matrices=given)
    small = {x.name: np.ones((4, 4)) for x in letters}
    assert hq.expect(expression).at(4, matrices=small) == 4**5
