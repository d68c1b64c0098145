"""Quotients of results: the fluctuation of deep circuits has a floor, and where it overtakes."""

from __future__ import annotations

import operator
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from shortcuts import closed_form
from strategies import rationals, spectra

import haarqntk as hq
from haarqntk.circuits import Copy, mean_of_pattern
from haarqntk.errors import InputError, UnknownNameError
from haarqntk.qntk import Formula, Ratio

if TYPE_CHECKING:
    from collections.abc import Callable

K, SECOND, VARIANCE = (
    closed_form(name) for name in ("kernel_mean", "kernel_second_moment", "kernel_variance")
)
MU = closed_form("meta_kernel_mean")
FLUCTUATION = VARIANCE / K**2
CENTRED = {hq.T(1): 0}
r = hq.T(4) / hq.T(2) ** 2

small_spectra = st.sampled_from([2, 4, 6]).flatmap(spectra).filter(lambda row: len(set(row)) > 1)


def formula(name: str, ensemble: str, generators: str = "pauli") -> Formula:
    found = hq.formula(name, ensemble=ensemble, generators=generators)
    assert isinstance(found, Formula)
    return found


def limit_of_large_D(expression: Any) -> Any:
    """The limit at T_1 = 0 and fixed T_2, T_4: observables of low rank."""
    return sympy.limit(expression.subs(CENTRED), hq.D, sympy.oo)


# -- values -----------------------------------------------------------------------------------------------------


@given(small_spectra, st.integers(1, 50))
def test_a_ratio_is_the_quotient_of_the_values(spectrum: tuple[Fraction, ...], depth: int) -> None:
    where: dict[str, Any] = {"D": len(spectrum), "L": depth, "spectrum": spectrum}
    assert FLUCTUATION.at(**where) == VARIANCE.at(**where) / K.at(**where) ** 2
    assert (SECOND / K**2).at(**where) == FLUCTUATION.at(**where) + 1


@given(small_spectra, rationals(), rationals().filter(bool), st.integers(1, 50))
def test_a_fluctuation_sees_neither_a_shift_nor_a_scale_and_is_positive(
    spectrum: tuple[Fraction, ...], c: Fraction, s: Fraction, depth: int
) -> None:
    D = len(spectrum)
    value = FLUCTUATION.at(D=D, L=depth, spectrum=spectrum)
    assert value > 0
    assert FLUCTUATION.at(D=D, L=depth, spectrum=[s * x + c for x in spectrum]) == value


@given(small_spectra, st.integers(1, 50))
def test_floor_and_crossover_give_back_the_terms_in_depth(spectrum: tuple[Fraction, ...], depth: int) -> None:
    """Var K/K̄² = c_0 + c_1/L exactly."""
    D = len(spectrum)
    floor = FLUCTUATION.deep_limit().at(D=D, spectrum=spectrum)
    assert floor >= 0
    if floor:
        crossover = FLUCTUATION.crossover_depth().at(D=D, spectrum=spectrum)
        value = floor * (1 + crossover / depth)
        assert FLUCTUATION.at(D=D, L=depth, spectrum=spectrum) == value


@given(small_spectra)
def test_the_crossover_of_a_ratio_is_the_slope_in_one_over_the_depth(spectrum: tuple[Fraction, ...]) -> None:
    """Var K/E[K²] has powers of L below the highest in its denominator too."""
    where: dict[str, Any] = {"D": len(spectrum), "spectrum": spectrum}
    ratio, depth = VARIANCE / SECOND, 10**12
    floor = ratio.deep_limit().at(**where)
    if floor:
        crossover = ratio.crossover_depth().at(**where)
        slope = depth * (ratio.at(L=depth, **where) / floor - 1)
        assert abs(slope / crossover - 1) < Fraction(1, 10**6)


@given(small_spectra, st.integers(1, 6))
def test_the_fluctuation_falls_to_its_floor(spectrum: tuple[Fraction, ...], depth: int) -> None:
    D = len(spectrum)
    floor = FLUCTUATION.deep_limit().at(D=D, spectrum=spectrum)
    near, far = (FLUCTUATION.at(D=D, L=n, spectrum=spectrum) for n in (depth, depth + 1))
    assert near > far > floor
    assert 0 < FLUCTUATION.at(D=D, L=10**9, spectrum=spectrum) - floor < Fraction(1, 10**7)


@pytest.mark.parametrize("D", [2, 4, 8, 16, 64])
def test_the_floor_of_a_pauli_string_is_the_spread_of_its_expectation_value(D: int) -> None:
    """v = 1 − ⟨P⟩²: Var v/v̄² = 2/(D(D+3)), since ⟨P⟩² is the square of a Beta variable around 1/2."""
    spectrum = [1, -1] * (D // 2)
    assert FLUCTUATION.deep_limit().at(D=D, spectrum=spectrum) == Fraction(2, D * (D + 3))
    half = Fraction(D, 2)  # ⟨P⟩ = 2x − 1, x ~ Beta(D/2, D/2); 1 − ⟨P⟩² = 4x(1 − x)
    mean = half / (2 * half + 1)
    second = half * (half + 1) ** 2 * half / (2 * half * (2 * half + 1) * (2 * half + 2) * (2 * half + 3))
    assert second / (mean / 2) ** 2 - 1 == Fraction(2, D * (D + 3))


def test_the_fluctuation_of_zz_is_the_known_number() -> None:
    assert FLUCTUATION.at(D=4, L=6, spectrum=[1, -1, -1, 1]) == Fraction(507, 1568)


# -- limits -----------------------------------------------------------------------------------------------------


def test_deep_and_wide_circuits_leave_r_plus_two_plus_two_r_over_the_depth() -> None:
    """mathematics.md §5 at fixed T_j: Var K/K̄² → r + (2 + 2r)/L with r = T_4/T_2²."""
    assert limit_of_large_D(FLUCTUATION.deep_limit().to_sympy()) == r
    whole = limit_of_large_D(FLUCTUATION.to_sympy())
    assert sympy.simplify(whole - (r + (2 + 2 * r) / hq.L)) == 0
    crossover = limit_of_large_D(FLUCTUATION.crossover_depth().to_sympy())
    assert sympy.simplify(crossover - (2 + 2 * r) / r) == 0


def test_the_leading_floor_depends_on_how_the_traces_grow() -> None:
    """With T_j ~ D, r is of order 1/D itself, and a term −1/D beside it counts: 0 for a Pauli string."""
    floor = FLUCTUATION.deep_limit()
    assert floor.leading(scaling="projector").subs(CENTRED) == r
    assert sympy.simplify(floor.leading(scaling="pauli_sum").subs(CENTRED) - (r - 1 / hq.D)) == 0
    assert FLUCTUATION.leading() == 2 / hq.L


def test_the_floor_is_the_covariance_of_two_layers() -> None:
    g_l, g_m = Copy(("l",)), Copy(("m",))
    both = mean_of_pattern([g_l, g_l, g_m, g_m], ((1, 1, 0, 0), (0, 0, 1, 1)))
    one = mean_of_pattern([g_l, g_l], ((1, 1),))
    floor = FLUCTUATION.deep_limit()
    assert floor.numerator.polynomial == both - one**2
    assert floor.denominator.polynomial == one**2


def test_independent_layers_have_no_floor() -> None:
    mean, variance = (formula(name, "independent_layers") for name in ("kernel_mean", "kernel_variance"))
    limit = (variance / mean**2).deep_limit()
    assert limit.to_sympy() == 0
    assert limit.at(D=4, spectrum=[1, -1, -1, 1]) == 0
    with pytest.raises(InputError, match="a crossover needs a finite limit L → ∞ that is not zero"):
        (variance / mean**2).crossover_depth()


# -- forms ------------------------------------------------------------------------------------------------------


def test_common_factors_cancel_and_all_forms_say_the_same() -> None:
    assert (K / K).to_sympy() == 1
    assert (K**2 / K).to_sympy() == sympy.factor(K.to_sympy())
    assert sympy.simplify(FLUCTUATION.to_sympy() - VARIANCE.to_sympy() / K.to_sympy() ** 2) == 0
    assert sympy.sympify(FLUCTUATION) == FLUCTUATION.to_sympy()
    assert str(FLUCTUATION) == str(FLUCTUATION.to_sympy())
    assert (K / K**2).latex() == sympy.latex((K / K**2).to_sympy())
    assert isinstance(FLUCTUATION.deep_limit(), Ratio)


def test_sums_products_and_powers_of_results_are_results() -> None:
    assert SECOND - K**2 == VARIANCE
    assert VARIANCE + K * K == SECOND
    assert (K * MU).polynomial == K.polynomial * MU.polynomial
    assert (SECOND - K**2).design_order == 4
    assert (K**3).at(D=2, L=3, spectrum=[1, -1]) == K.at(D=2, L=3, spectrum=[1, -1]) ** 3
    assert (K * SECOND).reference.count("liu2023") == 2  # two entries that differ in their equations


# -- refusals ---------------------------------------------------------------------------------------------------


APART = "both formulas must be averages over one ensemble"
PRL, INDEPENDENT, GENERAL = ("prl_ansatz",), ("independent_layers",), ("segments", "general")


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (
            lambda: K / formula("meta_kernel_mean", *INDEPENDENT),
            f"{APART}, got segments (pauli) and independent_layers (pauli)",
        ),
        (lambda: K + formula("kernel_mean", *PRL), f"{APART}, got segments (pauli) and prl_ansatz (pauli)"),
        (lambda: formula("kernel_mean", *PRL) / formula("meta_kernel_mean", *INDEPENDENT), APART),
        (lambda: K / formula("kernel_mean", *GENERAL), "got segments (pauli) and segments (general)"),
        (lambda: K / (K - K), "the denominator (kernel_mean) - (kernel_mean) must not be zero everywhere"),
        (
            lambda: FLUCTUATION.at(D=4, L=1, spectrum=[2, 2, 2, 2]),
            "the denominator (kernel_mean) * (kernel_mean) must not be zero, got 0 there",
        ),
        (
            lambda: (K / MU).at(D=4, L=1, spectrum=[1, 0, 0, 0]),
            "the denominator meta_kernel_mean must not be zero, got 0 there",
        ),
        ((SECOND / K).deep_limit, "the limit L → ∞ must be finite, but the quotient grows like L**1"),
        ((SECOND**2 / K).deep_limit, "the limit L → ∞ must be finite, but the quotient grows like L**3"),
        *(
            (ratio.crossover_depth, "a crossover needs a finite limit L → ∞ that is not zero")
            for ratio in (SECOND / K, K / SECOND, FLUCTUATION.deep_limit())
        ),
        (lambda: K**0, "exponent must be an integer ≥ 1, got 0"),
        (lambda: K.coefficient_of_L(-1), "power must be an integer ≥ 0, got -1"),
        (lambda: FLUCTUATION.at(D=4, spectrum=[1, 0, 0, 0]), "L must be given, an integer ≥ 1"),
    ],
)
def test_what_has_no_value_is_refused(asked: Callable[[], object], text: str) -> None:
    with pytest.raises(InputError, match=re.escape(text)):
        asked()


def test_an_unknown_scaling_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown scaling 'pauli'; did you mean"):
        FLUCTUATION.leading(scaling="pauli")


@pytest.mark.parametrize("other", [2, 0.5, "K", None])
def test_results_are_divided_and_multiplied_by_results_only(other: Any) -> None:
    operations = [operator.truediv, operator.add, operator.sub, *([operator.mul] if other != 2 else [])]
    for operation in operations:
        with pytest.raises(TypeError, match=r"unsupported operand|can't multiply|can only concatenate"):
            operation(K, other)


@pytest.mark.parametrize("c", [2, 0, Fraction(-1, 3)])
def test_exact_multiples_of_results_are_results(c: Any) -> None:
    for multiple in (c * K, K * c):
        assert multiple.polynomial == K.polynomial * c
        assert multiple.at(D=2, L=1, spectrum=[1, -1]) == K.at(D=2, L=1, spectrum=[1, -1]) * c
    assert 2 * K == K + K
    assert (2 * K).name == "2 * (kernel_mean)"
