"""Q(D) is a field with one representative for each value, exact at numbers and at infinity."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
import sympy
from hypothesis import assume, example, given, reject
from hypothesis import strategies as st
from oracles import to_rational_function
from strategies import polynomials, rational_functions, rationals

import haarqntk as hq
from haarqntk.algebra import RationalFunction, over_common_denominator, product_of_shifts
from haarqntk.errors import InputError

D = RationalFunction([0, 1])


@given(rational_functions(), rational_functions(), rational_functions())
def test_the_laws_of_a_field_hold(f: RationalFunction, g: RationalFunction, h: RationalFunction) -> None:
    assert f + g == g + f
    assert f * g == g * f
    assert (f + g) + h == f + (g + h)
    assert (f * g) * h == f * (g * h)
    assert f * (g + h) == f * g + f * h
    assert f + 0 == f * 1 == f
    assert f - f == 0
    assert f - g == f + -g == -(g - f)
    if g:
        assert f / g * g == f
        assert g / g == 1
        assert f / g == f * (1 / g)


@given(rational_functions(), rational_functions(), rationals())
def test_substitution_is_homomorphic(f: RationalFunction, g: RationalFunction, x: Fraction) -> None:
    try:
        values = f.at(x), g.at(x)
    except InputError:
        reject()
    assert (f + g).at(x) == values[0] + values[1]
    assert (f * g).at(x) == values[0] * values[1]
    assert (f - g).at(x) == values[0] - values[1]
    if values[1]:
        assert (f / g).at(x) == values[0] / values[1]


@given(rational_functions(), polynomials().filter(any))
def test_values_built_differently_are_equal_and_hash_alike(f: RationalFunction, common: list[int]) -> None:
    top, bottom = (sympy.Poly(c[::-1] or [0], sympy.Symbol("D")) for c in (f.numerator, f.denominator))
    factor = sympy.Poly(list(reversed(common)), sympy.Symbol("D"))
    scaled = [
        [int(c) for c in reversed((part * factor * scale).all_coeffs())]
        for part, scale in ((top, -6), (bottom, -6))
    ]
    again = RationalFunction(*scaled)
    assert again == f
    assert hash(again) == hash(f)
    assert (again.numerator, again.denominator) == (f.numerator, f.denominator)
    assert again.denominator[-1] > 0


@given(rationals())
def test_a_constant_equals_its_number_and_hashes_like_it(x: Fraction) -> None:
    constant = D * x / D if x else D - D
    assert constant == x == RationalFunction(x)
    assert hash(constant) == hash(x)
    assert {constant, x, RationalFunction(x)} == {x}
    if x.denominator == 1:
        assert constant == int(x)
        assert hash(constant) == hash(int(x))


@given(rational_functions(), rational_functions())
def test_unequal_values_differ_at_a_number(f: RationalFunction, g: RationalFunction) -> None:
    points = [
        Fraction(n) for n in range(50, 70)
    ]  # beyond every pole, more points than the degrees allow roots
    assert (f == g) == all(f.at(x) == g.at(x) for x in points)


@given(rational_functions(), st.integers(-3, 4))
def test_powers_are_repeated_products(f: RationalFunction, n: int) -> None:
    assume(f or n >= 0)
    product = RationalFunction(1)
    for _ in range(abs(n)):
        product = product * f
    assert f**n == (product if n >= 0 else 1 / product)


@given(rational_functions(), st.integers(0, 4))
@example(RationalFunction([0, 0, 5], [1, 0, 1]), 3)
def test_the_expansion_at_infinity_has_a_remainder_of_the_next_order(f: RationalFunction, n: int) -> None:
    assume(f)
    coefficients = f.expand_at_infinity(n)
    assert len(coefficients) == n

    def scaled_remainder(x: int) -> Fraction:
        partial = sum((a * Fraction(x) ** (f.degree - i) for i, a in enumerate(coefficients)), Fraction(0))
        return (f.at(x) - partial) / Fraction(x) ** (f.degree - n)

    near, far = abs(scaled_remainder(10**8)), abs(scaled_remainder(10**12))
    assert far <= 2 * near + Fraction(1, 100)
    assert n == 0 or coefficients[0] != 0


@given(rational_functions())
def test_sympy_gets_the_same_function_in_the_symbol_of_the_library(f: RationalFunction) -> None:
    expression = f.to_sympy()
    assert expression.free_symbols <= {hq.D}
    assert to_rational_function(expression) == f
    assert sympy.sympify(f) == expression


def test_the_sympy_form_is_factored_and_latex_is_its_latex() -> None:
    f = (D * 2 - 2) / (D**2 + 2 * D + 1)
    assert str(f.to_sympy()) == "2*(D - 1)/(D + 1)**2"
    assert f.latex() == r"\frac{2 \left(D - 1\right)}{\left(D + 1\right)^{2}}"
    assert f._repr_latex_() == f"${f.latex()}$"
    assert repr(1 / D) == "RationalFunction([1], [0, 1])"
    assert repr(D) == "RationalFunction([0, 1])"


def test_division_by_zero_is_refused() -> None:
    with pytest.raises(ZeroDivisionError, match="division by the zero rational function"):
        D / (D - D)
    with pytest.raises(ZeroDivisionError, match="division by the zero rational function"):
        1 / RationalFunction(0)
    with pytest.raises(ZeroDivisionError, match="division by the zero rational function"):
        RationalFunction(0) ** -1
    with pytest.raises(InputError, match="denominator must not be zero, got 0; pass a non-zero polynomial"):
        RationalFunction([1], [0, 0])


def test_a_pole_and_the_degree_of_zero_are_refused_by_name() -> None:
    with pytest.raises(
        InputError, match=re.escape("D must not be a pole of RationalFunction([1], [-1, 0, 1]), got -1")
    ):
        (1 / (D**2 - 1)).at(-1)
    with pytest.raises(InputError, match="degree must be asked of a non-zero value, got 0"):
        _ = RationalFunction(0).degree


def test_arithmetic_with_what_is_no_exact_number_is_refused() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        D + 0.5  # type: ignore[operator]
    with pytest.raises(TypeError, match="unsupported operand"):
        D / 2.0  # type: ignore[operator]
    assert D != "D"


@given(st.lists(rational_functions(), min_size=1, max_size=4))
def test_a_common_denominator_gives_every_value_back(values: list[RationalFunction]) -> None:
    numerators, denominator = over_common_denominator(values)
    assert [RationalFunction(n) / denominator for n in numerators] == values


@given(st.dictionaries(st.integers(-4, 4), st.integers(0, 3), max_size=4))
def test_products_of_shifts_are_products_of_d_plus_j(exponents: dict[int, int]) -> None:
    product = RationalFunction(1)
    for j, e in exponents.items():
        product = product * (D + j) ** e
    assert RationalFunction(product_of_shifts(exponents)) == product
