"""Moments written as on paper: the named formulas, identities between them, a finite group that is a design."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import icosahedral_rotations, power_sums
from shortcuts import closed_form
from strategies import overlaps, rationals, spectra

import haarqntk as hq
from haarqntk.algebra import RationalFunction, TracePolynomial
from haarqntk.circuits import Expression, kernel_moment
from haarqntk.errors import CostError, InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from haarqntk.qntk import Formula

l, m = hq.layer_indices("l m")
L = TracePolynomial.variable("L")


def kernel(circuit: hq.Circuit) -> Expression:
    return hq.sum_over(circuit.residual().d(l) ** 2, l)


def meta_kernel(circuit: hq.Circuit) -> Expression:
    e = circuit.residual()
    return hq.sum_over(e.d(l, m) * e.d(l) * e.d(m), l, m)


def supervised(circuit: hq.Circuit, first: str, second: str) -> Expression:
    z1, z2 = circuit.output(state=first), circuit.output(state=second)
    return hq.sum_over(z1.d(l) * z2.d(l), l)


c, general = hq.Circuit(), hq.Circuit(generators="general")
e = c.residual()
K, mu = kernel(c), meta_kernel(c)


@cache
def moment(name: str) -> Formula:
    return {
        "K": lambda: hq.mean(K),
        "K²": lambda: hq.mean(K**2),
        "K³": lambda: hq.mean(K**3),
        "mu": lambda: hq.mean(mu),
        "K mu": lambda: hq.covariance(K, mu),
        "cumulant": lambda: hq.cumulant(K, 3),
        "K_ab": lambda: hq.mean(supervised(c, "a", "b")),
        "K_ab²": lambda: hq.mean(supervised(c, "a", "b") ** 2),
        "K², general": lambda: hq.mean(kernel(general) ** 2),
        "K_ab², general": lambda: hq.mean(supervised(general, "a", "b") ** 2),
        "z_a z_b z_c": lambda: hq.mean(c.output(state="a") * c.output(state="b") * c.output(state="c")),
        "K⁴": lambda: hq.mean(K**4),
        "fourth cumulant": lambda: hq.cumulant(K, 4),
    }[name]()


# -- the lines of the manual --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("kernel_mean", lambda: hq.mean(K)),
        ("kernel_second_moment", lambda: hq.mean(K**2)),
        ("kernel_variance", lambda: hq.variance(K)),
        ("kernel_variance", lambda: hq.covariance(K, K)),
        ("meta_kernel_mean", lambda: hq.mean(mu)),
        ("meta_kernel_second_moment", lambda: hq.mean(mu**2)),
    ],
)
def test_moments_of_the_kernels_are_the_named_formulas(name: str, found: Callable[[], Formula]) -> None:
    f = found()
    assert f == hq.formula(name)
    assert f.design_order == hq.formula(name).design_order
    assert str(f) == str(hq.formula(name))


@pytest.mark.parametrize(
    "ensemble", ["segments", "independent_layers", "prl_ansatz_with_input_block", "generator_average"]
)
def test_they_are_in_every_ensemble(ensemble: str) -> None:
    other = hq.Circuit(ensemble)
    assert hq.mean(kernel(other)) == hq.formula("kernel_mean", ensemble=ensemble)
    assert hq.variance(kernel(other)) == hq.formula("kernel_variance", ensemble=ensemble)
    assert hq.mean(meta_kernel(other)) == hq.formula("meta_kernel_mean", ensemble=ensemble)
    assert hq.mean(kernel(other)).ensemble == ensemble


def test_the_supervised_kernel_is_a_moment_of_two_outputs() -> None:
    z1, z2 = c.output(observable="O1", state="a"), c.output(observable="O2", state="b")
    found = hq.mean(hq.sum_over(z1.d(l) * z2.d(l), l)).polynomial
    sigma = {"sigma_ab": TracePolynomial.variable("sigma")}
    assert found.substitute(sigma) == closed_form("supervised_kernel_mean").polynomial


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_powers_of_the_kernel_are_those_of_the_factorisation(n: int) -> None:
    f = hq.mean(K**n)
    assert f.polynomial == kernel_moment(n)
    assert f.design_order == 2 * n


def test_a_covariance_is_the_mean_of_the_product_less_the_product_of_the_means() -> None:
    by_hand = hq.mean(K * mu) - hq.mean(K) * hq.mean(mu)
    assert hq.covariance(K, mu) == hq.covariance(mu, K) == by_hand
    assert by_hand.polynomial
    assert hq.covariance(K, mu).design_order == 5


def test_cumulants_are_polynomials_in_moments() -> None:
    m1, m2, m3, m4 = (kernel_moment(n) for n in range(1, 5))
    assert hq.cumulant(K, 1) == hq.mean(K)
    assert hq.cumulant(K, 2) == hq.variance(K)
    assert hq.cumulant(K, 3).polynomial == m3 - 3 * m1 * m2 + 2 * m1**3
    fourth = m4 - 4 * m1 * m3 - 3 * m2**2 + 12 * m1**2 * m2 - 6 * m1**4
    assert hq.cumulant(K, 4).polynomial == fourth
    assert hq.cumulant(K, 4).design_order == 8


@given(rationals(), rationals())
def test_the_fourth_power_of_the_kernel_of_one_qubit_is_the_geometry_of_the_sphere(
    a: Fraction, b: Fraction
) -> None:
    """E K⁴ = (a − b)⁸ E sin⁸ E cos⁸ = (a − b)⁸ · 128/315 · 1/9 for one layer; eight copies at D = 2."""
    moments = [moment(name).at(D=2, L=1, spectrum=[a, b]) for name in ("K", "K²", "K³", "K⁴")]
    r = (a - b) ** 2
    factors = (Fraction(2, 9), Fraction(8, 75), Fraction(16, 245), Fraction(128, 2835))
    assert moments == [r**n * factor for n, factor in enumerate(factors, start=1)]
    m1, m2, m3, m4 = moments
    found = moment("fourth cumulant").at(D=2, L=1, spectrum=[a, b])
    assert found == m4 - 4 * m1 * m3 - 3 * m2**2 + 12 * m1**2 * m2 - 6 * m1**4


def test_moments_are_linear() -> None:
    both = hq.mean(2 * K - mu * Fraction(1, 3) + 5)
    by_hand = hq.mean(K).polynomial * 2 - hq.mean(mu).polynomial * Fraction(1, 3)
    assert both.polynomial == by_hand + TracePolynomial.constant(5)
    assert hq.variance(3 * K + 7) == hq.variance(3 * K)
    assert hq.variance(3 * K).polynomial == 9 * hq.variance(K).polynomial
    assert hq.covariance(K, K + mu) == hq.variance(K) + hq.covariance(K, mu)


# -- translation of an angle, at the symbol ---------------------------------------------------------------------


@pytest.mark.parametrize("circuit", [c, general], ids=["pauli", "general"])
def test_the_three_identities_of_translation_hold_in_sums_over_layers(circuit: hq.Circuit) -> None:
    """E[h_ll g_l²] = 0, E[ε h_ll g_l²] = −E[g_l⁴]/3, 2 E[h_lm g_l g_m] = −E[g_l² h_mm]."""
    residual = circuit.residual()
    g, h = residual.d(l), residual.d(l, l)
    diagonal = h * g**2
    assert not hq.mean(hq.sum_over(diagonal, l)).polynomial
    fourth = hq.mean(hq.sum_over(residual.d(l) ** 4, l)).polynomial
    assert hq.mean(hq.sum_over(residual * diagonal, l)).polynomial == fourth * Fraction(-1, 3)
    mixed, second = meta_kernel(circuit), hq.sum_over(g**2 * residual.d(m, m), l, m)
    assert 2 * hq.mean(mixed).polynomial == -hq.mean(second).polynomial
    assert hq.mean(mixed).polynomial


def test_the_target_enters_the_residual_alone() -> None:
    target = TracePolynomial.variable("O_0")
    output = hq.mean(c.output() * mu).polynomial
    assert hq.mean(e * mu).polynomial == output - target * hq.mean(mu).polynomial
    assert "O_0" not in hq.variance(e).symbols
    assert hq.mean(e).at(D=2, spectrum=[1, 3], values={"O_0": 5}) == -3


# -- D = 2: the binary icosahedral group, a unitary 5-design ----------------------------------------------------


@cache
def samples(spectrum: tuple[int, ...], depth: int) -> dict[str, NDArray[np.float64]]:
    """K, μ and z over all choices of segments: nested commutators, then one group element after the other."""
    group, Z = icosahedral_rotations(), np.diag([1.0 + 0j, -1.0])
    assert len(group) == 60

    def segment(M: NDArray[np.complex128]) -> NDArray[np.complex128]:
        return np.asarray(group.conj().swapaxes(-1, -2) @ M[..., None, :, :] @ group)

    def layer(M: NDArray[np.complex128]) -> NDArray[np.complex128]:
        return np.asarray(1j * (M @ Z - Z @ M))

    # operators by the layers that have been differentiated
    operators: dict[tuple[int, ...], NDArray[np.complex128]] = {
        (): segment(np.diag(spectrum).astype(complex))
    }
    for i in range(depth):
        grown = dict(operators)
        for done, M in operators.items():
            for times in (1, 2):
                if len(done) + times <= 2:
                    M = layer(M)  # noqa: PLW2901 - one more commutator
                    grown[*done, *(i,) * times] = M
        operators = {done: segment(M) for done, M in grown.items()}
    z = {done: M[..., 0, 0].real for done, M in operators.items()}
    pairs = list(product(range(depth), repeat=2))
    mu = sum((z[min(p), max(p)] * z[p[0],] * z[p[1],] for p in pairs), start=np.zeros(1))
    return {"z": z[()], "K": sum((z[i,] ** 2 for i in range(depth)), start=np.zeros(1)), "mu": mu}


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("spectrum", [(1, -1), (1, 0), (3, -1)])
def test_moments_of_one_qubit_average_the_icosahedral_group(spectrum: tuple[int, ...], depth: int) -> None:
    s = samples(spectrum, depth)
    K_s, mu_s, z_s = s["K"], s["mu"], s["z"]
    moments = {
        "mean K": (hq.mean(K), K_s.mean()),
        "variance of K": (hq.variance(K), K_s.var()),
        "mean mu": (hq.mean(mu), mu_s.mean()),
        "covariance of K and mu": (moment("K mu"), (K_s * mu_s).mean() - K_s.mean() * mu_s.mean()),
        "mean z mu": (hq.mean(c.output() * mu), (z_s * mu_s).mean()),
        "mean z² mu": (hq.mean(c.output() ** 2 * mu), (z_s**2 * mu_s).mean()),
        "mean z³ K": (hq.mean(c.output() ** 3 * K), (z_s**3 * K_s).mean()),
    }
    for name, (exact, average) in moments.items():
        value = exact.at(D=2, L=depth, spectrum=spectrum)
        assert float(value) == pytest.approx(float(average), rel=1e-9, abs=1e-9), name


# -- several outputs --------------------------------------------------------------------------------------------


def test_the_covariance_of_two_entries_of_the_supervised_kernel_is_one_line_and_symmetric() -> None:
    diagonal, off = supervised(c, "a", "a"), supervised(c, "a", "b")
    assert hq.covariance(diagonal, off) == hq.covariance(off, diagonal)
    assert hq.covariance(off, supervised(c, "b", "a")) == hq.variance(off)
    found = hq.covariance(supervised(c, "a", "a"), supervised(c, "b", "b"))
    assert found.design_order == 4
    at_one = found.polynomial.substitute({"sigma_ab": TracePolynomial.constant(1)})
    assert at_one == closed_form("kernel_variance").polynomial
    assert found == hq.covariance(supervised(c, "b", "b"), supervised(c, "a", "a"))


def test_outputs_of_one_input_and_two_observables_are_polarised() -> None:
    """Cov(z_1, z_2) at O1 = O2 is Var z."""
    z1, z2 = (c.output(observable=name, state="phi1") for name in ("O1", "O2"))
    T1, T2 = TracePolynomial.variable("T1"), TracePolynomial.variable("T2")
    alike = {"T_O1": T1, "T_O2": T1, "T_O1O2": T2}
    assert hq.covariance(z1, z2).polynomial.substitute(alike) == hq.variance(c.output()).polynomial
    value = hq.covariance(z1, z2).at(D=2, spectrum=[[1, -1], [1, 0]])
    assert value == Fraction(1, 6)


@settings(max_examples=15)
@given(st.sampled_from([2, 4]).flatmap(spectra), overlaps, st.integers(1, 5))
def test_a_supervised_entry_fluctuates(spectrum: tuple[Fraction, ...], overlap: Fraction, depth: int) -> None:
    at: dict[str, Any] = {"D": len(spectrum), "L": depth, "spectrum": spectrum}
    entry, square = (moment(name).at(**at, values={"sigma_ab": overlap}) for name in ("K_ab", "K_ab²"))
    assert square >= entry**2
    same = closed_form("kernel_second_moment").at(**at)
    assert square <= same
    assert overlap != 1 or square == same


def test_two_inputs_of_a_qutrit_have_a_pole_where_the_pseudo_inverse_has_a_value() -> None:
    """k = 4 copies at D = 3 < k."""
    f, same = moment("K_ab², general"), moment("K², general")
    where: dict[str, Any] = {"D": 3, "L": 2, "spectrum": [2, 0, -1], "generator_spectrum": [1, 0, 3]}
    numbers = power_sums((2, 0, -1), 4) | {f"X{j}": Fraction(1 + 3**j) for j in range(1, 5)}
    with pytest.raises(InputError, match=r"D must not be a pole of .*, got 3"):
        f.polynomial.at(3, numbers | {"L": Fraction(2), "sigma_ab": Fraction(1)})
    assert f.at(values={"sigma_ab": 1}, **where) == same.at(**where)


@given(rationals(), rationals())
def test_three_inputs_of_one_qubit_have_a_pole_where_the_pseudo_inverse_has_a_value(
    a: Fraction, b: Fraction
) -> None:
    """k = 3 copies at D = 2 < k: three equal inputs, and two with one orthogonal to them, z' = Tr O − z."""
    f, z = moment("z_a z_b z_c"), c.output()
    alike = dict.fromkeys(("sigma_ab", "sigma_ac", "sigma_bc", "Re_abc"), Fraction(1))
    apart = dict.fromkeys(alike, Fraction(0)) | {"sigma_ab": Fraction(1)}
    with pytest.raises(InputError, match=r"D must not be a pole of .*, got 2"):
        f.polynomial.at(2, power_sums((a, b), 3) | alike)
    square, cube = (hq.mean(z**n).at(D=2, spectrum=[a, b]) for n in (2, 3))
    assert f.at(D=2, spectrum=[a, b], values=alike) == cube
    assert f.at(D=2, spectrum=[a, b], values=apart) == (a + b) * square - cube


# -- properties with random numbers -----------------------------------------------------------------------------

DEGREES = {"K": 2, "K²": 4, "K³": 6, "mu": 3, "K mu": 5, "cumulant": 6}


@given(
    st.sampled_from(sorted(DEGREES)),
    st.sampled_from([2, 4, 6, 8]).flatmap(spectra),
    st.integers(1, 20),
    rationals(),
    rationals(),
)
def test_no_moment_of_derivatives_sees_a_constant_and_each_scales_by_its_degree(
    name: str, spectrum: tuple[Fraction, ...], depth: int, constant: Fraction, s: Fraction
) -> None:
    def at(row: Sequence[Fraction]) -> Fraction | float:
        return moment(name).at(D=len(row), L=depth, spectrum=row)

    assert at([x + constant for x in spectrum]) == at(spectrum)
    assert at([s * x for x in spectrum]) == s ** DEGREES[name] * at(spectrum)
    assert at(spectrum[::-1]) == at(spectrum)


# -- what a moment carries --------------------------------------------------------------------------------------


def test_a_moment_carries_its_meaning() -> None:
    f = hq.mean(K)
    assert f.name == f.definition == "E[sum(d(l)*d(l), l)]"
    assert hq.covariance(K, mu).name == "Cov[sum(d(l)*d(l), l), sum(d(l, m)*d(l)*d(m), l, m)]"
    assert hq.cumulant(K, 3).name == "kappa_3[sum(d(l)*d(l), l)]"
    assert (f.ensemble, f.generators, f.design_order) == ("segments", "pauli", 2)
    assert f.reference == "derivations/02_the_walk.md"
    assert f.latex() == hq.formula("kernel_mean").latex()
    assert sympy.sympify(f) == f.to_sympy()


def test_the_mean_of_a_number_is_the_number() -> None:
    assert hq.mean(K * 0 + Fraction(2, 3)).at(D=2) == Fraction(2, 3)
    assert not hq.variance(K * 0 + 3).polynomial
    assert hq.mean(K**0).at(D=2) == 1


@pytest.mark.parametrize("orders", [(1, 1), (2, 2), (1, 3)])
def test_general_generators_are_given_by_their_spectrum(orders: tuple[int, int]) -> None:
    first, second = (general.output().d(*(l,) * n) for n in orders)
    f = hq.mean(hq.sum_over(first * second, l))
    here = c.output()
    pauli = hq.mean(hq.sum_over(here.d(*(l,) * orders[0]) * here.d(*(l,) * orders[1]), l))
    where: dict[str, Any] = {"D": 4, "L": 3, "spectrum": [3, 1, 0, -2]}
    assert f.at(generator_spectrum=[1, 1, -1, -1], **where) == pauli.at(**where)


def test_third_derivatives_of_general_generators_need_the_spectrum_only() -> None:
    output = hq.Circuit(generators="general").output()
    f = hq.mean(hq.sum_over(output.d(l, l, l) ** 2, l))
    assert f.at(D=2, L=1, spectrum=[1, -1], generator_spectrum=[1, -1]) == Fraction(128, 9)


# -- refusals ---------------------------------------------------------------------------------------------------

NO_EXPRESSION = "expression must be built from a circuit's outputs"
FREE = "every layer index must be summed, got the free index"


@pytest.mark.parametrize(
    ("function", "arguments", "error", "text"),
    [
        (hq.mean, (3,), InputTypeError, f"{NO_EXPRESSION}, got int; start with"),
        (hq.variance, ("K",), InputTypeError, f"{NO_EXPRESSION}, got str;"),
        (hq.mean, (hq.formula("kernel_mean"),), InputTypeError, "got Formula; start with e = hq.Circuit()"),
        (hq.mean, (e.d(l, m),), InputError, f"{FREE} l, m; use hq."),
        (hq.covariance, (K, e.d(m)), InputError, f"{FREE} m; use"),
        (
            hq.covariance,
            (K, kernel(hq.Circuit("prl_ansatz"))),
            InputError,
            "both factors must belong to one circuit, got Circuit(ensemble='segments', generators='pauli') and",
        ),
        (hq.cumulant, (K, 0), InputError, "order must be an integer ≥ 1, got 0"),
        (hq.cumulant, (K, 1.5), InputTypeError, "order must be an integer ≥ 1, got 1.5; pass an int"),
        (
            hq.mean,
            (K**2 * mu,),
            CostError,
            "k = 7 copies would not finish: the recursion has 7! = 5040 coefficients",
        ),
        (hq.variance, (K**3,), CostError, "a power with 2 · 6 = 12 factors would not finish"),
        (hq.covariance, (mu**2, K), CostError, "k = 8 copies would not finish"),
    ],
)
def test_what_is_no_moment_is_refused(
    function: Callable[..., Formula], arguments: tuple[Any, ...], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=re.escape(text)):
        function(*arguments)


WITHOUT_VALUE = [
    ({"D": 4, "spectrum": [1, -1, 0, 0]}, "values must name O_0, on which E[z + (-O_0)*1] depends"),
    (
        {"D": 3, "spectrum": [1, -1, 0], "values": {"O_0": 1}},
        "D must be even for generators X² = 1, Tr X = 0",
    ),
    ({"D": 4, "spectrum": [1, 0, 0, 0], "values": {"O_0": 0.5}}, "O_0 must be an exact integer or rational"),
    (
        {"D": 4, "values": {"O_0": 1}},
        "exactly one of spectrum=, traces=, observable= must be given, got none",
    ),
]


@pytest.mark.parametrize(("arguments", "text"), WITHOUT_VALUE)
def test_a_value_needs_every_symbol(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises((InputError, InputTypeError), match=re.escape(text)):
        hq.mean(e).at(**arguments)


def test_traces_below_the_number_of_copies_are_refused() -> None:
    with pytest.raises(
        InputError, match="traces must come with D ≥ 6, where they are independent, got D = 4"
    ):
        hq.mean(K**3).at(D=4, L=1, traces=[0, 4, 0, 4, 0, 4])
    sums = list(power_sums((3, 1, 0, 0, 0, -4), 6).values())
    by_spectrum = hq.mean(K**3).at(D=6, L=2, spectrum=[3, 1, 0, 0, 0, -4])
    assert hq.mean(K**3).at(D=6, L=2, traces=sums) == by_spectrum


def test_a_moment_at_the_symbol_is_a_rational_function_of_the_dimension() -> None:
    """E[z²] = (T_1² + T_2)/(D(D+1)), the simplest of all."""
    D = RationalFunction([0, 1])
    T1, T2 = TracePolynomial.variable("T1"), TracePolynomial.variable("T2")
    assert hq.mean(c.output() ** 2).polynomial == (T1**2 + T2) * (1 / (D * (D + 1)))
