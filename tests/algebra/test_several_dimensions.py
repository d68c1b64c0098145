"""Rational functions of named dimensions, none, one or several, are one field with one representative a value."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from math import prod
from typing import Any

import pytest
import sympy
from hypothesis import given, reject
from hypothesis import strategies as st
from strategies import functions_of_dimensions, rational_functions, rationals

from haarqntk.algebra import RationalFunction, dimension_symbol, linear_combination, over_common_denominator
from haarqntk.errors import InputError

D, d1, d2 = (RationalFunction.variable(name) for name in ("D", "d1", "d2"))
functions = functions_of_dimensions()
points = st.fixed_dictionaries(dict.fromkeys(("D", "d1", "d2"), rationals()))


def value_of(f: RationalFunction, point: dict[str, Fraction]) -> Fraction:
    """The value by the terms; the example is dropped at a pole."""
    values = [point[x] for x in f.names]
    top, bottom = (
        sum((c * prod(map(pow, values, e), start=Fraction(1)) for e, c in terms.items()), Fraction(0))
        for terms in (f.numerator_terms, f.denominator_terms)
    )
    if not bottom:
        reject()
    return top / bottom


@given(functions, functions, functions)
def test_several_names_make_a_field(f: RationalFunction, g: RationalFunction, h: RationalFunction) -> None:
    assert f + g == g + f
    assert f * g == g * f
    assert (f + g) + h == f + (g + h)
    assert (f * g) * h == f * (g * h)
    assert f * (g + h) == f * g + f * h
    assert f + 0 == f * 1 == f
    assert f - f == 0
    assert f - g == f + -g == -(g - f)
    assert f**2 == f * f
    if g:
        assert f / g * g == f
        assert g / g == 1
        assert g**-2 == 1 / (g * g)


@given(functions, functions, points, st.one_of(rationals(), st.integers(-9, 9)))
def test_operations_are_those_of_the_values(
    f: RationalFunction, g: RationalFunction, point: dict[str, Fraction], c: Fraction | int
) -> None:
    a, b = value_of(f, point), value_of(g, point)
    assert f.at(point) == a
    assert (f + g).at(point) == a + b
    assert (f - g).at(point) == a - b
    assert (f * g).at(point) == a * b
    assert ((c * f).at(point), (f + c).at(point), (c - f).at(point)) == (c * a, a + c, c - a)
    assert f.at({name: Fraction(x) for name, x in point.items()}) == a
    if b:
        assert (f / g).at(point) == a / b


@given(functions, functions)
def test_values_of_several_names_are_canonical(f: RationalFunction, g: RationalFunction) -> None:
    again = (f + g) - g
    assert again == f
    assert hash(again) == hash(f)
    assert again.names == f.names
    assert (again.numerator_terms, again.denominator_terms) == (f.numerator_terms, f.denominator_terms)
    assert list(f.names) == sorted(f.names)
    assert next(iter(f.denominator_terms.values())) > 0
    for i in range(len(f.names)):
        assert any(e[i] for terms in (f.numerator_terms, f.denominator_terms) for e in terms)
    backwards = f.names[::-1]
    parts = ({e[::-1]: -6 * c for e, c in part.items()} for part in (f.numerator_terms, f.denominator_terms))
    assert RationalFunction(next(parts), next(parts), names=backwards) == f
    for copied in (copy.copy(f), copy.deepcopy(f), pickle.loads(pickle.dumps(f))):  # noqa: S301 - its own pickle
        assert copied == f


@given(functions)
def test_sympy_has_the_same_function_of_several_names(f: RationalFunction) -> None:
    symbols = [dimension_symbol(name) for name in f.names]
    top, bottom = (
        sympy.Add(*(c * sympy.Mul(*map(pow, symbols, e)) for e, c in terms.items()))
        for terms in (f.numerator_terms, f.denominator_terms)
    )
    expression = f.to_sympy()
    assert expression.free_symbols == set(symbols)
    assert sympy.cancel(expression - top / bottom) == 0


@given(st.lists(st.tuples(rationals(), functions), max_size=4))
def test_a_linear_combination_is_the_sum_of_its_terms(pairs: list[tuple[Fraction, RationalFunction]]) -> None:
    assert linear_combination(pairs) == sum((c * w for c, w in pairs), start=RationalFunction(0))


@given(rational_functions(), functions_of_dimensions(("d1", "d2"), max_terms=2), points)
def test_a_composition_is_a_substitution(
    f: RationalFunction, inner: RationalFunction, point: dict[str, Fraction]
) -> None:
    x = value_of(inner, point)
    expected = value_of(f, {"D": x})
    assert f.compose(inner).at(point) == expected
    assert f.compose(D) == f
    assert f.compose(d1).compose(D) == f
    assert f.compose(RationalFunction(x)) == expected


def test_a_name_that_cancels_is_gone_and_the_others_tell_functions_apart() -> None:
    assert (d1 * d2 / d1).names == ("d2",)
    assert (d1 - d1 + 3).names == ()
    assert {d1 / d1 * 2, 2, Fraction(2)} == {2}
    assert d1 != D
    assert d1 * d2 != D * d2
    assert (d1 + d2) / (d1 + d2) == 1
    assert (2 / d1).numerator == (2,)
    assert (d1**2 / (d1 + 1)).degree == 1


def test_one_text_for_each_field() -> None:
    assert repr((d1 + d2) / (d1 * d2 + 1)) == "RationalFunction((d1 + d2)/(d1*d2 + 1))"
    assert repr(1 / d1) == "RationalFunction(1/d1)"
    assert repr(d1 * D / d1) == "RationalFunction([0, 1])"
    assert (d1 / (d2 + 1)).latex() == r"\frac{d_{1}}{d_{2} + 1}"


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: (d1 * d2).numerator, "the value must depend on one dimension, got d1, d2"),
        (lambda: (d1 / d2).degree, "the value must depend on one dimension, got d1, d2"),
        (lambda: over_common_denominator([d1, d2]), "the value must depend on one dimension, got d1, d2"),
        (lambda: (d1 * d2).at({"d2": 3}), "values must name every dimension, got none for d1"),
        (lambda: d1.at(3), "values must name every dimension, got none for d1"),
        (
            lambda: (1 / (d1 - d2)).at({"d1": 3, "d2": 3}),
            r"the dimensions must not be a pole of RationalFunction\(1/\(d1 - d2\)\), got \{'d1': 3, 'd2': 3\}",
        ),
        (lambda: (1 / D).compose(d1 - d1), "must not be a pole"),
        (lambda: RationalFunction({(1, 0): 1}, {}, names=("a", "b")), "denominator must not be zero"),
    ],
)
def test_what_several_names_do_not_have_is_refused(ask: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ask()


def test_division_by_a_zero_of_several_names_is_refused() -> None:
    with pytest.raises(ZeroDivisionError, match="division by the zero rational function"):
        d1 * d2 / (d1 - d1)
