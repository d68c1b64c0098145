"""Polynomials in traces over Q(D) form a ring, and leave it by substitution, evaluation and SymPy."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from strategies import rational_functions, rationals, trace_polynomials

import haarqntk as hq
from haarqntk.algebra import RationalFunction, Symbol, Trace, TracePolynomial, multiply_monomials
from haarqntk.errors import InputError

D = RationalFunction([0, 1])
T1, T2 = TracePolynomial.variable("T1"), TracePolynomial.variable("T2")
ZERO, ONE = TracePolynomial({}), TracePolynomial.constant(1)
VALUES: dict[str, Fraction | int] = {"L": 5, "T1": Fraction(-7, 3), "T2": 11}
LETTERS = st.sampled_from([*map(Symbol, "abc")])
FAR = 10**6 + 3  # beyond every pole of small coefficients


@given(trace_polynomials(), trace_polynomials(), trace_polynomials())
def test_laws_of_a_commutative_ring_hold(f: TracePolynomial, g: TracePolynomial, h: TracePolynomial) -> None:
    assert f + g == g + f
    assert f * g == g * f
    assert (f + g) + h == f + (g + h)
    assert (f * g) * h == f * (g * h)
    assert f * (g + h) == f * g + f * h
    assert f + ZERO == f * ONE == f
    assert f - f == f * 0 == ZERO
    assert f - g == f + -g
    assert not f - f
    assert bool(f) == (f != ZERO)


@given(trace_polynomials(), trace_polynomials())
def test_equal_values_hash_alike_however_they_were_built(f: TracePolynomial, g: TracePolynomial) -> None:
    left, right = (f + g) ** 2, f * f + g * f * 2 + g * g
    assert left == right
    assert hash(left) == hash(right)
    assert left.terms == right.terms
    assert all(left.terms.values())


@given(trace_polynomials(), rational_functions(max_degree=1), rationals())
def test_numbers_and_functions_of_d_are_scalars(f: TracePolynomial, c: RationalFunction, x: Fraction) -> None:
    assert f * c == c * f == f * TracePolynomial.constant(c)
    assert f * x == x * f == f * TracePolynomial.constant(x)


@given(trace_polynomials(), st.integers(0, 3))
def test_powers_are_repeated_products(f: TracePolynomial, n: int) -> None:
    product = ONE
    for _ in range(n):
        product = product * f
    assert f**n == product


@given(trace_polynomials(), trace_polynomials(), trace_polynomials())
def test_substitution_is_homomorphic(f: TracePolynomial, g: TracePolynomial, image: TracePolynomial) -> None:
    into = {"T1": image}
    assert (f + g).substitute(into) == f.substitute(into) + g.substitute(into)
    assert (f * g).substitute(into) == f.substitute(into) * g.substitute(into)
    assert f.substitute({}) == f.substitute({"T1": T1}) == f
    assert T1.substitute(into) == image
    assert T2.substitute(into) == T2


@given(trace_polynomials(), trace_polynomials())
def test_evaluation_is_a_homomorphism(f: TracePolynomial, g: TracePolynomial) -> None:
    try:
        values = f.at(FAR, VALUES), g.at(FAR, VALUES)
    except InputError:
        reject()
    assert (f + g).at(FAR, VALUES) == sum(values)
    assert (f * g).at(FAR, VALUES) == values[0] * values[1]
    assert type(values[0]) is Fraction


@settings(max_examples=20)
@given(trace_polynomials(), st.sampled_from([None, "L", "T1"]))
def test_sympy_gets_the_same_polynomial_whether_collected(f: TracePolynomial, collect: str | None) -> None:
    values = {hq.D: FAR, hq.L: VALUES["L"]} | {hq.T(j): sympy.Rational(str(VALUES[f"T{j}"])) for j in (1, 2)}
    found = f.to_sympy(collect=collect)
    assert found.free_symbols <= set(values)
    exact = found.xreplace({s: sympy.sympify(v) for s, v in values.items()})
    assert Fraction(int(exact.p), int(exact.q)) == f.at(FAR, VALUES)


def test_the_sympy_form_is_factored() -> None:
    L = TracePolynomial.variable("L")
    assert str((D * D * T2 - D * T1 * T1).to_sympy()) == "D*(D*T2 - T1**2)"
    assert str((L * T2 + L * L * T2).to_sympy()) == "L*T2*(L + 1)"
    assert str(ZERO.to_sympy()) == str(ZERO.to_sympy(collect="L")) == "0"


def test_variables_are_named_and_missing_values_are_refused_by_name() -> None:
    f = T2 * D + TracePolynomial.variable("L")
    assert f.variables == ("L", "T2")
    with pytest.raises(InputError, match="values must name every variable, got none for L, T2"):
        f.at(4, {"T1": 1})
    assert f.at(4, {"L": 1, "T2": 2, "T9": 3}) == 9


def test_terms_are_a_copy_and_zero_terms_are_dropped() -> None:
    f = TracePolynomial({(): RationalFunction(0), ((Trace(("O",)), 1),): RationalFunction(2)})
    f.terms.clear()
    assert f.terms == {(("T1", 1),): 2}
    assert f == T1 * 2


@given(st.lists(st.dictionaries(LETTERS, st.integers(1, 3)), min_size=2, max_size=2))
def test_monomials_multiply_by_adding_exponents(pair: list[dict[Symbol, int]]) -> None:
    left, right = (tuple(sorted(exponents.items())) for exponents in pair)
    product = dict(multiply_monomials(left, right))
    assert product == {x: pair[0].get(x, 0) + pair[1].get(x, 0) for x in {**pair[0], **pair[1]}}
    assert multiply_monomials(left, right) == tuple(sorted(product.items()))
