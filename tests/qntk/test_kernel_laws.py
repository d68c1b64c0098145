"""What every formula of the kernel obeys at every even dimension, with exact numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import qutip
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import power_sums
from shortcuts import closed_form
from strategies import Problem, bases, depths, even_dimensions, integer_types, problems, rationals

import haarqntk as hq
from haarqntk.circuits import Copy, mean_of_product

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from haarqntk.algebra import TracePolynomial

DEGREES = {"gradient_variance": 2, "kernel_mean": 2, "kernel_second_moment": 4, "kernel_variance": 4}

DESIGN_ORDERS = DEGREES | {"supervised_kernel_mean": 2, "supervised_kernel_eigenvalues": 2}


def at(name: str, problem: Problem) -> Fraction:
    value = closed_form(name).at(D=problem.D, L=problem.L, spectrum=problem.spectrum)
    assert type(value) is Fraction
    return value


@given(st.sampled_from(sorted(DEGREES)), problems(), rationals(), st.randoms(use_true_random=False))
def test_neither_a_constant_nor_the_order_matters_and_a_factor_comes_out_by_the_degree(
    name: str, problem: Problem, c: Fraction, rng: random.Random
) -> None:
    row, value = list(problem.spectrum), at(name, problem)
    assert at(name, replace(problem, spectrum=tuple(x + c for x in row))) == value
    assert at(name, replace(problem, spectrum=tuple(c * x for x in row))) == c ** DEGREES[name] * value
    rng.shuffle(row)
    assert at(name, replace(problem, spectrum=tuple(row))) == value


@given(problems())
def test_mean_and_variance_are_positive_unless_the_observable_is_a_constant(problem: Problem) -> None:
    is_constant = len(set(problem.spectrum)) == 1
    assert at("kernel_variance", problem) >= 0
    assert at("kernel_mean", problem) >= 0
    assert (at("kernel_mean", problem) == 0) == is_constant
    assert at("kernel_second_moment", problem) >= at("kernel_mean", problem) ** 2


@given(problems())
def test_the_mean_is_that_of_every_layer_and_the_variance_the_second_moment_without_its_square(
    problem: Problem,
) -> None:
    mean = at("kernel_mean", problem)
    assert at("gradient_variance", problem) * problem.L == mean
    assert at("kernel_variance", problem) == at("kernel_second_moment", problem) - mean**2


def test_the_polynomials_obey_the_same_relations() -> None:
    mean, second, variance, gradient = (
        closed_form(name).polynomial
        for name in ("kernel_mean", "kernel_second_moment", "kernel_variance", "gradient_variance")
    )
    assert variance == second - mean**2
    assert "L" not in gradient.variables
    assert mean == gradient * type(mean).variable("L")


@given(problems(smallest=4), st.sampled_from(sorted(DEGREES)))
def test_traces_give_what_the_spectrum_gives(problem: Problem, name: str) -> None:
    sums = power_sums(problem.spectrum, DEGREES[name])
    by_symbol = {hq.T(j): sums[f"T{j}"] for j in range(1, DEGREES[name] + 1)}
    for traces in (list(sums.values()), sums, by_symbol):
        assert closed_form(name).at(D=problem.D, L=problem.L, traces=traces) == at(name, problem)


@settings(max_examples=15)
@given(st.data(), even_dimensions, depths, st.sampled_from(sorted(DEGREES)))
def test_an_observable_gives_a_float_of_its_spectrum(data: st.DataObject, D: int, L: int, name: str) -> None:
    spectrum = data.draw(st.lists(st.integers(-9, 9), min_size=D, max_size=D))
    V = data.draw(bases(D))
    matrix = (V * spectrum) @ V.conj().T
    expected = float(at(name, Problem(D, L, tuple(map(Fraction, spectrum)))))
    size = float(max(map(abs, spectrum))) ** DEGREES[name] * L ** (DEGREES[name] // 2)
    exact = closed_form(name).at(D=D, L=L, observable=np.diag(spectrum).tolist())
    assert exact == at(name, Problem(D, L, tuple(map(Fraction, spectrum))))
    assert type(exact) is Fraction
    diagonal = np.diag(spectrum)
    for observable in (matrix, qutip.Qobj(matrix), diagonal, diagonal.astype(float).tolist()):
        value = closed_form(name).at(D=D, L=L, observable=observable)
        assert type(value) is float
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-14 * size)


def test_a_spectrum_that_floats_hold_gives_the_rounded_exact_value() -> None:
    f, spectrum = closed_form("kernel_variance"), (5, 3, 1, 0, 0, -1, -2, -7)
    assert f.at(D=8, L=6, observable=np.diag(spectrum)) == float(f.at(D=8, L=6, spectrum=spectrum))


@given(problems(), integer_types(), integer_types(), st.sampled_from(sorted(DEGREES)))
def test_dimensions_depths_and_spectra_may_be_any_integer_type(
    problem: Problem, first: Callable[[int], Any], second: Callable[[int], Any], name: str
) -> None:
    spectrum = [int(6 * x) % 100 for x in problem.spectrum]
    expected = closed_form(name).at(D=problem.D, L=problem.L, spectrum=spectrum)
    typed = closed_form(name).at(
        D=first(problem.D), L=second(problem.L), spectrum=[first(x) for x in spectrum]
    )
    assert typed == expected
    assert type(typed) is Fraction
    assert closed_form(name).at(D=problem.D, L=problem.L, spectrum=np.array(spectrum)) == expected


@settings(max_examples=20)
@given(problems().filter(lambda problem: problem.D <= 4))
def test_below_the_design_order_the_value_is_that_of_the_gram_route(problem: Problem) -> None:
    values = power_sums(problem.spectrum, 4) | {"L": Fraction(problem.L)}
    assert at("kernel_second_moment", problem) == second_moment_by_gram(problem.D).at(problem.D, values)


@cache
def second_moment_by_gram(D: int) -> TracePolynomial:
    g_l, g_m = Copy(("l",)), Copy(("m",))
    return mean_of_product([g_l, g_l, g_m, g_m], dimension=D, method="definition")


@given(rationals(), rationals())
def test_one_layer_of_one_qubit_is_the_geometry_of_the_sphere(a: Fraction, b: Fraction) -> None:
    """O = c + rZ: g = 2r (m × ψ)·x for three independent directions, so E g^n = (2r)^n E|sin|^n E cos^n."""
    r, spectrum = (a - b) / 2, [a, b]
    assert closed_form("kernel_mean").at(D=2, L=1, spectrum=spectrum) == (2 * r) ** 2 * Fraction(2, 9)
    fourth = (2 * r) ** 4 * Fraction(8, 15) * Fraction(1, 5)
    assert closed_form("kernel_second_moment").at(D=2, L=1, spectrum=spectrum) == fourth


@pytest.mark.parametrize(("name", "design_order"), DESIGN_ORDERS.items())
def test_every_formula_states_its_meaning(name: str, design_order: int) -> None:
    f = hq.formula(name)
    assert name in hq.formulas()
    assert f.name == name
    assert f.ensemble == "segments"
    assert f.design_order == design_order
    assert "liu2023" in f.reference
    assert "derivations/" in f.reference
    assert f == hq.formula(name, ensemble="segments")
