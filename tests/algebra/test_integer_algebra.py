"""What python-flint does for the library, against Python integers and SymPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sympy
from hypothesis import given
from hypothesis import strategies as st
from strategies import rationals

from haarqntk.algebra import factor_integer_polynomial, multiply_integer_matrices, rational_spectrum

if TYPE_CHECKING:
    from fractions import Fraction

_entries = st.integers(-(10**6), 10**6)


@given(
    st.lists(st.lists(_entries, min_size=3, max_size=3), min_size=1, max_size=4),
    st.lists(st.lists(st.integers(-(10**30), 10**30), min_size=2, max_size=2), min_size=3, max_size=3),
)
def test_products_are_exact_beyond_machine_integers(left: list[list[int]], right: list[list[int]]) -> None:
    expected = [[sum(a * b[j] for a, b in zip(row, right, strict=True)) for j in range(2)] for row in left]
    assert multiply_integer_matrices(np.array(left), right) == expected


@given(
    st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 3)), st.integers(-9, 9), min_size=1).filter(
        lambda terms: any(terms.values())
    )
)
def test_the_factors_of_a_polynomial_multiply_to_it(terms: dict[tuple[int, ...], int]) -> None:
    x = sympy.symbols("x:2")

    def expression(part: dict[tuple[int, ...], int]) -> sympy.Expr:
        return sympy.Add(*(c * x[0] ** e[0] * x[1] ** e[1] for e, c in part.items()))

    constant, factors = factor_integer_polynomial(terms, 2)
    product = constant * sympy.Mul(*(expression(f) ** e for f, e in factors))
    assert sympy.expand(product - expression(terms)) == 0
    assert all(sympy.Poly(expression(f), *x).is_irreducible for f, _ in factors)


@given(st.integers(1, 3).flatmap(lambda n: st.lists(rationals(), min_size=n * n, max_size=n * n)))
def test_a_rational_spectrum_is_the_characteristic_polynomial_factored(entries: list[Fraction]) -> None:
    n = {1: 1, 4: 2, 9: 3}[len(entries)]
    matrix = [entries[i * n : (i + 1) * n] for i in range(n)]
    x = sympy.Symbol("x")
    found = sympy.Mul(*(sympy.Poly(f[::-1], x).monic().as_expr() ** e for f, e in rational_spectrum(matrix)))
    expected = sympy.Matrix(n, n, entries).charpoly(x).as_expr()
    assert sympy.expand(found - expected) == 0
    assert sum((len(f) - 1) * e for f, e in rational_spectrum(matrix)) == n
