"""The meta-kernel μ = Σ h_lm g_l g_m: laws, published forms, its limit of many layers, small dimensions."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import prod
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import power_sums, symmetric_group
from shortcuts import closed_form
from strategies import rationals, spectra

import haarqntk as hq
from haarqntk.algebra import RationalFunction, TracePolynomial
from haarqntk.combinatorics import cycles
from haarqntk.qntk import EigenvalueFormula, Formula

if TYPE_CHECKING:
    from collections.abc import Sequence

D = RationalFunction([0, 1])
L, T1, T2, T3 = (TracePolynomial.variable(name) for name in ("L", "T1", "T2", "T3"))
ONE = TracePolynomial.constant(1)
DEGREES = {"meta_kernel_mean": 3, "meta_kernel_second_moment": 6}
MOMENTS = [name for name in hq.formulas() if "supervised" not in name]

small_spectra = st.sampled_from([2, 4, 6, 8]).flatmap(spectra)


def at(name: str, spectrum: Sequence[Fraction | int], depth: int) -> Fraction:
    value = closed_form(name).at(D=len(spectrum), L=depth, spectrum=spectrum)
    assert type(value) is Fraction
    return value


def test_the_names_hold_the_eight_that_other_people_call() -> None:
    assert set(hq.formulas()) >= {
        "gradient_variance",
        "kernel_mean",
        "kernel_second_moment",
        "kernel_variance",
        "meta_kernel_mean",
        "meta_kernel_second_moment",
        "supervised_kernel_mean",
        "supervised_kernel_eigenvalues",
    }
    assert len(hq.formulas()) == len(set(hq.formulas())) >= 8
    for name in hq.formulas():
        f = hq.formula(name)
        assert isinstance(f, EigenvalueFormula if name == "supervised_kernel_eigenvalues" else Formula)
        assert f.name == name
    assert {name: closed_form(name).design_order for name in DEGREES} == {
        "meta_kernel_mean": 3,
        "meta_kernel_second_moment": 6,
    }


# -- laws -------------------------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(DEGREES)), small_spectra, st.integers(1, 20), rationals(), rationals())
def test_a_constant_changes_nothing_and_a_factor_comes_out_by_the_degree(
    name: str, spectrum: tuple[Fraction, ...], depth: int, c: Fraction, s: Fraction
) -> None:
    here = at(name, spectrum, depth)
    assert at(name, [x + c for x in spectrum], depth) == here
    assert at(name, [s * x for x in spectrum], depth) == s ** DEGREES[name] * here
    assert at(name, spectrum[::-1], depth) == here


@given(small_spectra, st.integers(1, 20))
def test_the_second_moment_is_at_least_the_squared_mean(spectrum: tuple[Fraction, ...], depth: int) -> None:
    second = at("meta_kernel_second_moment", spectrum, depth)
    assert second >= at("meta_kernel_mean", spectrum, depth) ** 2
    assert (second == 0) == (len(set(spectrum)) == 1)


@given(small_spectra, st.integers(1, 9))
def test_the_covariance_with_the_kernel_obeys_schwarz(spectrum: tuple[Fraction, ...], depth: int) -> None:
    both = covariance_of_the_kernels().at(D=len(spectrum), L=depth, spectrum=spectrum)
    mean, second = (at(name, spectrum, depth) for name in DEGREES)
    assert both**2 <= (second - mean**2) * at("kernel_variance", spectrum, depth)


@cache
def covariance_of_the_kernels() -> Formula:
    l, m = hq.layer_indices("l m")
    e = hq.Circuit().residual()
    return hq.covariance(hq.sum_over(e.d(l) ** 2, l), hq.sum_over(e.d(l, m) * e.d(l) * e.d(m), l, m))


@given(small_spectra, st.integers(1, 9))
def test_the_mean_vanishes_with_the_third_central_moment_or_with_a_single_layer(
    spectrum: tuple[Fraction, ...], depth: int
) -> None:
    n = len(spectrum)
    center = sum(spectrum, Fraction(0)) / n
    third = sum(((x - center) ** 3 for x in spectrum), Fraction(0))
    assert (at("meta_kernel_mean", spectrum, depth) == 0) == (third == 0 or depth == 1)


# -- published --------------------------------------------------------------------------------------------------


def test_the_mean_is_the_published_one_for_half_angles_times_sixteen() -> None:
    published = (
        L * (L - ONE) * (D**2 * T3 - 3 * D * T1 * T2 + 2 * T1**3)
        * (D / (8 * (D - 1) ** 2 * (D + 1) ** 3 * (D + 2)))
    )  # fmt: skip
    assert closed_form("meta_kernel_mean").polynomial == 16 * published


@pytest.mark.parametrize("ensemble", ["independent_layers"])
def test_the_mean_is_zero_where_layers_are_independent(ensemble: str) -> None:
    f = hq.formula("meta_kernel_mean", ensemble=ensemble)
    assert isinstance(f, Formula)
    assert not f.polynomial


def test_the_second_moment_of_two_qubits_with_zz_is_the_known_number() -> None:
    assert at("meta_kernel_second_moment", (1, -1, -1, 1), 6) == Fraction(245764096, 5788125)


@given(rationals(), rationals())
def test_one_layer_of_one_qubit_is_the_geometry_of_the_sphere(a: Fraction, b: Fraction) -> None:
    """O = c + rZ: g = 2r (m × ψ)·x and h = −4r (m_⊥·ψ_⊥), components across the axis x of the generator.

    With s, t the lengths of m_⊥, ψ_⊥ and φ the angle between them, μ = h g² = −16 r³ s³ t³ cos φ sin² φ:
    E μ² = 256 r⁶ (E s⁶)² E cos² sin⁴ = 256 r⁶ (16/35)² / 16.
    """
    r = (a - b) / 2
    expected = 256 * r**6 * Fraction(16, 35) ** 2 * Fraction(1, 16)
    assert at("meta_kernel_second_moment", (a, b), 1) == expected


# -- many layers ------------------------------------------------------------------------------------------------


def haar_average(polynomial: TracePolynomial) -> TracePolynomial:
    """E Π ⟨O^j_i⟩ over Haar states: Σ_σ Π_cycles T_{sum of j} / (D (D+1) …), for constant coefficients."""
    total = TracePolynomial({})
    for monomial, c in polynomial.terms.items():
        powers = [int(name[1:]) for name, e in monomial for _ in range(e)]
        norm = prod((D + i for i in range(len(powers))), start=RationalFunction(1))
        words: dict[tuple[int, ...], int] = {}
        for sigma in symmetric_group(len(powers)):
            sums = tuple(sorted(sum(powers[i] for i in cycle) for cycle in cycles(sigma)))
            words[sums] = words.get(sums, 0) + 1
        for sums, count in words.items():
            traces = prod((TracePolynomial.variable(f"T{j}") for j in sums), start=ONE)
            total = total + traces * (c * count / norm)
    return total


def test_many_layers_leave_the_cumulants_of_the_observable_in_the_output_state() -> None:
    """Law of large numbers at fixed output state: K → 2LZ κ_2, μ → 2(LZ)² κ_3 with Z = D/(D²−1)."""
    m1, m2, m3 = (TracePolynomial.variable(f"m{j}") for j in (1, 2, 3))
    Z = D / (D**2 - 1)
    K, mu = (m2 - m1**2) * (2 * Z), (m3 - 3 * m1 * m2 + 2 * m1**3) * (2 * Z**2)
    leading = {
        "kernel_mean": (1, K),
        "kernel_second_moment": (2, K**2),
        "meta_kernel_mean": (2, mu),
        "meta_kernel_second_moment": (4, mu**2),
    }
    for name, (power, limit) in leading.items():
        f = closed_form(name)
        assert f.degree_in_L == power
        assert f.coefficient_of_L(power).polynomial == haar_average(limit)
    both = covariance_of_the_kernels().coefficient_of_L(3).polynomial
    assert both == haar_average(K * mu) - haar_average(K) * haar_average(mu)


# -- small dimensions -------------------------------------------------------------------------------------------


@cache
def derived(name: str, dimension: int) -> TracePolynomial:
    return closed_form(name).derive(dimension)


@settings(max_examples=25)
@given(st.sampled_from(MOMENTS), small_spectra, st.integers(1, 9))
def test_every_named_formula_is_the_engine_run_at_the_dimension(
    name: str, spectrum: tuple[Fraction, ...], depth: int
) -> None:
    values = power_sums(spectrum, 6) | {"L": Fraction(depth)}
    assert at(name, spectrum, depth) == derived(name, len(spectrum)).at(len(spectrum), values)


@settings(max_examples=25)
@given(st.sampled_from([2, 4]).flatmap(lambda n: st.tuples(spectra(n), spectra(n))), st.integers(1, 9))
def test_the_supervised_formulas_are_the_engine_run_at_the_dimension(
    rows: tuple[tuple[Fraction, ...], ...], depth: int
) -> None:
    n = len(rows[0])
    first, second = (sum(row, Fraction(0)) for row in rows)
    both = sum((x * y for x, y in zip(*rows, strict=True)), Fraction(0))
    values = {"T_O1": first, "T_O2": second, "T_O1O2": both, "L": Fraction(depth), "sigma": Fraction(1, 3)}
    mean = closed_form("supervised_kernel_mean")
    here = mean.at(D=n, L=depth, spectrum=rows, overlap=Fraction(1, 3))
    assert here == mean.derive(n).at(n, values)
    eigenvalues = hq.formula("supervised_kernel_eigenvalues")
    assert isinstance(eigenvalues, EigenvalueFormula)
    of_one = power_sums(rows[0], 2) | {"L": Fraction(depth), "n": Fraction(2)}
    for part in (eigenvalues.uniform, eigenvalues.difference):
        assert part.at(D=n, L=depth, spectrum=rows[0], num_inputs=2) == part.derive(n).at(n, of_one)


@settings(max_examples=25)
@given(st.sampled_from(MOMENTS), st.sampled_from([2, 4]).flatmap(spectra), st.integers(1, 9))
def test_closed_forms_of_one_pure_input_have_no_pole_at_small_dimensions(
    name: str, spectrum: tuple[Fraction, ...], depth: int
) -> None:
    """So the closed form may be read there; two inputs have poles (test_moments.py)."""
    values = power_sums(spectrum, 6) | {"L": Fraction(depth)}
    assert closed_form(name).polynomial.at(len(spectrum), values) == at(name, spectrum, depth)
