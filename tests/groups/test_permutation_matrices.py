"""Random permutation matrices against sums over all n! of them, for n = 1 … 4, below and above the degree."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product
from math import prod
from typing import Any

import numpy as np
import pytest

import haarqntk as hq
from haarqntk.combinatorics import num_set_partitions, set_partitions
from haarqntk.errors import CostError
from haarqntk.export import range_of_integral
from haarqntk.haar import parse_declaration

METHODS = ("orbits", "definition")
SIZES = (1, 2, 3, 4)

WORDS: dict[str, Any] = {
    "tr(P A)": lambda P, A, _, tr: tr(P @ A),
    "tr(P A P B)": lambda P, A, B, tr: tr(P @ A @ P @ B),
    "tr(P A P^T B)": lambda P, A, B, tr: tr(P @ A @ P.T @ B),
    "tr(P A P^T B)^2": lambda P, A, B, tr: tr(P @ A @ P.T @ B) ** 2,
    "tr(P A P^T B P B P^T A)": lambda P, A, B, tr: tr(P @ A @ P.T @ B @ P @ B @ P.T @ A),
    "tr(P A)^2 tr(P B)": lambda P, A, B, tr: tr(P @ A) ** 2 * tr(P @ B),
    "tr(P P A) tr(P B)": lambda P, A, B, tr: tr(P @ P @ A) * tr(P @ B),
    "tr(P^3) tr(P A)": lambda P, A, _, tr: tr(P @ P @ P) * tr(P @ A),
    "tr(P A P^T) tr(P)": lambda P, A, _, tr: tr(P @ A @ P.T) * tr(P),
    # matrices
    "P": lambda P, *_: P,
    "P A P^T": lambda P, A, *_: P @ A @ P.T,
    "P A P": lambda P, A, *_: P @ A @ P,
    "P A P^T tr(P B)": lambda P, A, B, tr: P @ A @ P.T * tr(P @ B),
    "A P B P^T A": lambda P, A, B, _: A @ P @ B @ P.T @ A,
}


def all_matrices(n: int) -> list[Any]:
    one = np.eye(n, dtype=int).astype(object)
    return [one[list(sigma)] for sigma in permutations(range(n))]


def average(values: list[Any]) -> Any:
    return sum(values[1:], start=values[0]) * Fraction(1, len(values))


def given(n: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(n)
    A, B = rng.integers(-4, 5, (2, n, n)).astype(object)
    return A, B


@pytest.fixture
def letters() -> tuple[Any, Any, Any]:
    return (hq.permutation_matrix("P"), *hq.matrices("A B"))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("text", WORDS)
def test_words_at_every_size(text: str, method: str, letters: tuple[Any, Any, Any]) -> None:
    word = WORDS[text]
    mean = hq.expect(word(*letters, hq.tr), method=method)
    for n in SIZES:
        A, B = given(n)
        expected = average([word(P, A, B, np.trace) for P in all_matrices(n)])
        assert np.all(mean.at(n, matrices=used(mean, A, B)) == expected), n


def used(mean: hq.Integral, A: Any, B: Any) -> dict[str, Any]:
    return {name: array for name, array in (("A", A), ("B", B)) if name in mean.declared}


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_entries(degree: int) -> None:
    """Every pattern of equal row and column indices, as a product of entries and by both routes."""
    P = hq.permutation_matrix("P")
    for number, (rows, columns) in enumerate(product(set_partitions(degree), repeat=2)):
        integrand: Any = 1
        for i, j in zip(rows, columns, strict=True):
            integrand = integrand * P[i, j]
        mean = hq.expect(integrand)
        if degree < 4 or number % 16 == 0:  # 404 terms each
            assert mean == hq.expect(integrand, method="definition")
        for n in range(max((*rows, *columns)) + 1, 5):
            found = [prod(X[i, j] for i, j in zip(rows, columns, strict=True)) for X in all_matrices(n)]
            assert mean.at(n) == average(found)


def test_indices_that_are_letters() -> None:
    P = hq.permutation_matrix("P")
    mean = hq.expect(P["i", 0] * P["j", 1])
    assert mean == hq.expect(P["i", 0] * P["j", 1], method="definition")
    assert "1/(D*(D - 1))" in str(hq.expect(P[0, 0] * P[1, 1]))
    assert str(mean) == "-(<i|j> - 1)/(D*(D - 1))"


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6])
def test_moments_of_the_number_of_fixed_points(k: int) -> None:
    """E (tr P)^k is the number of partitions of k points into n blocks or fewer: a Bell number from n = k on."""
    mean = hq.expect(hq.tr(hq.permutation_matrix("P")) ** k)
    for n in range(1, 8):
        assert mean.at(n) == sum(num_set_partitions(k, m) for m in range(n + 1))
    assert mean.to_sympy() == num_set_partitions(k)


def test_it_is_a_real_unitary_matrix(letters: tuple[Any, Any, Any]) -> None:
    P, A, _ = letters
    assert P.conj().terms == P.terms
    assert (P @ P.T).terms == hq.identity().terms
    assert hq.expect(hq.tr(P @ A @ P.H)).to_sympy() == hq.expect(hq.tr(A)).to_sympy()
    sums = hq.expect(P, over=P)
    for n in SIZES:
        assert (sums.at(n) == np.full((n, n), Fraction(1, n))).all()  # P 1 = 1


def test_other_averages_before_and_after(letters: tuple[Any, Any, Any]) -> None:
    P, A, B = letters
    Q, U = hq.permutation_matrix("Q"), hq.haar_unitary("U")
    haar = hq.expect(hq.tr(U @ P @ A @ P.T @ U.H @ B))
    assert haar == hq.expect(hq.tr(U @ A @ U.H @ B))
    integrand = hq.tr(P @ A @ Q @ B) * hq.tr(Q @ P @ A)
    mean = hq.expect(integrand)
    assert mean == hq.expect(integrand, method="definition")
    assert mean == hq.expect(hq.expect(integrand, over=Q), over=P)
    for n in (1, 2, 3):
        a, b = given(n)
        expected = average(
            [np.trace(X @ a @ Y @ b) * np.trace(Y @ X @ a) for X in all_matrices(n) for Y in all_matrices(n)]
        )
        assert mean.at(n, matrices={"A": a, "B": b}) == expected


def test_two_tensor_factors() -> None:
    dims = ("d1", "d2")
    P = hq.permutation_matrix("P", dims=dims)
    A, B = hq.matrices("A B", dims=dims)
    mean = hq.expect(hq.tr(P @ A @ P.T @ B) * hq.tr(P))
    assert mean == hq.expect(hq.tr(P @ A @ P.T @ B) * hq.tr(P), method="definition")
    for d1, d2 in ((2, 2), (1, 3), (2, 1)):
        a, b = given(d1 * d2)
        values = [np.trace(X @ a @ X.T @ b) * np.trace(X) for X in all_matrices(d1 * d2)]
        assert mean.at(d1=d1, d2=d2, matrices={"A": a, "B": b}) == average(values)


def test_dimensions_that_are_numbers() -> None:
    P, A = hq.permutation_matrix("P", dims=2), hq.matrices("A", dims=2)
    assert hq.expect(hq.tr(P) ** 3).to_sympy() == 4  # three blocks do not fit
    a = given(2)[0]
    values = [np.trace(X @ a) ** 3 for X in all_matrices(2)]
    assert hq.expect(hq.tr(P @ A) ** 3).at(matrices={"A": a}) == average(values)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_the_closed_form_holds_from_the_dimension_that_is_stated(k: int) -> None:
    """E tr(P)^k is the k-th Bell number from n = k on, and smaller by the partition into k blocks at n = k − 1."""
    mean = hq.expect(hq.tr(hq.permutation_matrix("P")) ** k)
    assert range_of_integral(mean) == f"closed form for D ≥ {k}"
    assert mean.to_sympy() == mean.at(k) == num_set_partitions(k)
    if k > 1:
        assert mean.at(k - 1) == num_set_partitions(k) - 1


def test_what_it_is_called_and_what_is_written_down(letters: tuple[Any, Any, Any]) -> None:
    P, A, B = letters
    mean = hq.expect(hq.tr(P @ A @ P.T @ B) ** 2)
    assert mean.design_order == 4
    assert mean.facts()["random"] == "P random permutation on D"
    assert hq.from_json(hq.to_json(mean)) == mean
    assert hq.citation(mean).keys == ("haarqntk",)
    assert [type(x) for x in parse_declaration("P=permutation_matrix")] == [hq.MatrixExpression]
    typed = hq.parse_integrand("tr(P A P^T B)^2", declared=P)
    assert hq.expect(typed) == mean
    explained = hq.expect(hq.tr(P @ A @ P.T @ B)).explain()
    assert explained.num_rows == len(explained.rows) == 5
    assert explained.terms == hq.expect(hq.tr(P @ A @ P.T @ B)).terms
    assert explained.svg().startswith("<svg")


def test_a_degree_that_would_not_finish_is_refused() -> None:
    P = hq.permutation_matrix("P")
    with pytest.raises(CostError, match=r"9 copies of one random matrix .* 21147 set partitions"):
        hq.expect(hq.tr(P) ** 9)
    assert hq.expect(P[0, 0] ** 30).to_sympy() == 1 / hq.D
