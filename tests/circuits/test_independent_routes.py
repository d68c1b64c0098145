"""Moments from routes that share nothing with the engine: a finite group that is a design, and a factorisation."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import comb, factorial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import icosahedral_group, mean_over_haar_states, power_sums
from shortcuts import closed_form
from strategies import spectra

from haarqntk.circuits import Copy, mean_of_product

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

z, g_l, g_m = Copy(()), Copy(("l",)), Copy(("m",))
h_lm = Copy(("l", "m"))

# -- D = 2: the binary icosahedral group is a unitary 5-design -------------------------------------------------


def test_the_binary_icosahedral_group_is_a_five_design_and_no_six_design() -> None:
    """The frame potential E|tr U|^{2t} of SU(2) is the Catalan number of t."""
    group = icosahedral_group()
    assert len(group) == 120
    characters = np.abs(np.trace(group, axis1=1, axis2=2))
    potentials = [float(np.mean(characters ** (2 * t))) for t in range(1, 7)]
    catalans = [comb(2 * t, t) // (t + 1) for t in range(1, 7)]
    assert potentials[:5] == pytest.approx(catalans[:5], rel=1e-12)
    assert potentials[5] > catalans[5] + 0.5


def commutator(M: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """∂_θ e^{−iθX} M e^{iθX} at θ = 0, X = Z: i[M, Z]."""
    Z = np.diag([1, -1])
    return np.asarray(1j * (M @ Z - Z @ M))


def conjugate(M: NDArray[np.complex128], by: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """S†MS for every M and every S."""
    return np.asarray(by.conj().swapaxes(-1, -2)[None] @ M[..., None, :, :] @ by[None])


def expectations(
    M: NDArray[np.complex128], by: NDArray[np.complex128], state: tuple[complex, complex] = (1, 0)
) -> NDArray[np.float64]:
    """⟨φ|S†MS|φ⟩ for every M and every S."""
    vectors = by @ np.array(state)
    states = (vectors[:, :, None].conj() * vectors[:, None, :]).reshape(-1, 4)
    return np.asarray((states @ M.reshape(-1, 4).T).real)


@pytest.mark.parametrize("spectrum", [(1, -1), (1, 0), (3, -1), (2, 5), (4, 4)])
def test_one_layer_is_the_average_over_all_pairs_of_the_group(spectrum: tuple[int, ...]) -> None:
    group = icosahedral_group()
    M = conjugate(np.diag(spectrum).astype(complex)[None], group)[0]
    g = expectations(commutator(M), group)
    assert g.shape == (120, 120)
    averages = {
        "kernel_mean": np.mean(g**2),
        "kernel_second_moment": np.mean(g**4),
        "kernel_variance": np.mean(g**4) - np.mean(g**2) ** 2,
    }
    for name, average in averages.items():
        exact = closed_form(name).at(D=2, L=1, spectrum=spectrum)
        assert float(exact) == pytest.approx(float(average), rel=1e-11, abs=1e-11)


def test_three_inputs_are_the_average_over_all_pairs_of_the_group() -> None:
    """Their phase enters: the third invariant is Re⟨a|b⟩⟨b|c⟩⟨c|a⟩."""
    group, spectrum = icosahedral_group(), (3, -1)
    inputs: dict[str, tuple[complex, complex]] = {"a": (1, 0), "b": (0.6, 0.8), "c": (0.8, 0.6j)}
    M = conjugate(np.diag(spectrum).astype(complex)[None], group)[0]
    z_of, g_of = ({x: expectations(A, group, v) for x, v in inputs.items()} for A in (M, commutator(M)))
    inner = {x + y: np.vdot(inputs[x], inputs[y]) for x in "abc" for y in "abc"}
    values = power_sums(spectrum, 4) | {"L": Fraction(1)}
    values |= {f"sigma_{xy}": Fraction(float(abs(inner[xy]) ** 2)) for xy in ("ab", "ac", "bc")}
    values["Re_abc"] = Fraction(float((inner["ab"] * inner["bc"] * inner["ca"]).real))
    for copies, sampled in (
        ([Copy(("l",), "a"), Copy(("l",), "b"), Copy((), "c")], g_of["a"] * g_of["b"] * z_of["c"]),
        ([Copy(("l",), x) for x in "abcc"], g_of["a"] * g_of["b"] * g_of["c"] ** 2),
    ):
        exact = mean_of_product(copies, dimension=2).at(2, values)
        assert float(exact) == pytest.approx(float(sampled.mean()), rel=1e-11, abs=1e-11)


@dataclass(frozen=True)
class TwoLayers:
    """z, its derivatives, K and μ for U = S_0 e^{iθ_1Z} S_1 e^{iθ_2Z} S_2 and every S_i of the group."""

    z: NDArray[np.float64]
    K: NDArray[np.float64]
    mu: NDArray[np.float64]


@cache
def two_layers(spectrum: tuple[int, ...]) -> TwoLayers:
    group = np.array([u for u in icosahedral_group() if _is_upper(u)])
    M = conjugate(np.diag(spectrum).astype(complex)[None], group)[0]
    M, M_1, M_11 = (conjugate(x, group) for x in (M, commutator(M), commutator(commutator(M))))
    operators = (M_1, commutator(M), M_11, commutator(M_1), commutator(commutator(M)))
    g_1, g_2, h_11, h_12, h_22 = (expectations(x, group) for x in operators)
    mu = h_11 * g_1**2 + 2 * h_12 * g_1 * g_2 + h_22 * g_2**2
    return TwoLayers(expectations(M, group), g_1**2 + g_2**2, mu)


def _is_upper(u: NDArray[np.complex128]) -> bool:
    """One of each pair ±u, which give the same circuit."""
    entries = [*u.ravel().real, *u.ravel().imag]
    return bool(next(x for x in entries if abs(x) > 0.1) > 0)


OF_TWO_LAYERS: dict[str, tuple[list[Copy], Callable[[TwoLayers], NDArray[np.float64]]]] = {
    "K": ([g_l, g_l], lambda c: c.K),
    "K K": ([g_l, g_l, g_m, g_m], lambda c: c.K**2),
    "mu": ([h_lm, g_l, g_m], lambda c: c.mu),
    "z mu": ([z, h_lm, g_l, g_m], lambda c: c.z * c.mu),
    "K mu": ([Copy(("n",)), Copy(("n",)), h_lm, g_l, g_m], lambda c: c.K * c.mu),
    "z K K": ([z, g_l, g_l, g_m, g_m], lambda c: c.z * c.K**2),
    "z z mu": ([z, z, h_lm, g_l, g_m], lambda c: c.z**2 * c.mu),
}


@pytest.mark.parametrize("spectrum", [(1, -1), (1, 0), (3, -1)])
@pytest.mark.parametrize("name", OF_TWO_LAYERS)
def test_moments_of_two_layers_average_all_triples_of_the_group(name: str, spectrum: tuple[int, ...]) -> None:
    product, sample = OF_TWO_LAYERS[name]
    values = power_sums(spectrum, 5) | {"L": Fraction(2)}
    exact = mean_of_product(product, dimension=2).at(2, values)
    average = float(sample(two_layers(spectrum)).mean())
    assert float(exact) == pytest.approx(average, rel=1e-11, abs=1e-11)


# -- any D: K = v·S_L, so E[z^a K^b] = E[z^a v^b] E[S_L^b] ----------------------------------------------------


def signed_binomial(n: int, i: int) -> int:
    return comb(n, i) * (1 - 2 * (i % 2))


def mean_of_state_part(spectrum: Sequence[Fraction], a: int, b: int) -> Fraction:
    """E[z^a v^b] over Haar states, v = ⟨O²⟩ − ⟨O⟩²."""
    squares = [x * x for x in spectrum]
    terms = (
        signed_binomial(b, i) * mean_over_haar_states([spectrum] * (a + 2 * i) + [squares] * (b - i))
        for i in range(b + 1)
    )
    return sum(terms, start=Fraction(0))


def even_moment_of_xi(D: int, n: int) -> Fraction:
    """E ξ^n for ξ = X_{++} − X_{−−}, two diagonal entries of a Haar-rotated traceless involution X.

    The 2 × 2 block of X is V diag(2x−1, 2y−1) V† with V Haar and (x, y) from the Jacobi ensemble
    (x−y)² (x(1−x)y(1−y))^{D/2−2}, so ξ = 2(x−y)u with u uniform on [−1, 1]. At D = 2, x − y = ±1.
    """
    if D == 2:
        return Fraction(2**n, n + 1)

    def beta(j: int) -> Fraction:
        a = D // 2 - 1
        return Fraction(factorial(a + j - 1) * factorial(a - 1), factorial(2 * a + j - 1))

    def difference(power: int) -> Fraction:
        terms = (signed_binomial(power, i) * beta(power - i) * beta(i) for i in range(power + 1))
        return sum(terms, start=Fraction(0))

    return Fraction(2**n) * difference(n + 2) / difference(2) / (n + 1)


def mean_of_layer_part(D: int, L: int, b: int) -> Fraction:
    """E[S_L^b] for S_L = Σ_l ξ_l², by the moments of ξ and the ways to distribute b among the layers."""
    two, four, six = (even_moment_of_xi(D, n) for n in (2, 4, 6))
    return {
        0: Fraction(1),
        1: L * two,
        2: L * four + L * (L - 1) * two**2,
        3: L * six + 3 * L * (L - 1) * four * two + L * (L - 1) * (L - 2) * two**3,
    }[b]


@settings(max_examples=30)
@given(
    st.sampled_from([(0, 1), (1, 1), (0, 2), (1, 2), (2, 1), (3, 1)]),
    st.sampled_from([2, 4, 6, 8]).flatmap(spectra),
    st.integers(1, 9),
)
def test_kernel_and_output_factorise(powers: tuple[int, int], spectrum: tuple[Fraction, ...], L: int) -> None:
    (a, b), D = powers, len(spectrum)
    product = [z] * a + [g_l, g_l, g_m, g_m][: 2 * b]
    values = power_sums(spectrum, a + 2 * b) | {"L": Fraction(L)}
    expected = mean_of_state_part(spectrum, a, b) * mean_of_layer_part(D, L, b)
    assert mean_of_product(product, dimension=D).at(D, values) == expected


@pytest.mark.parametrize(
    ("a", "b", "spectrum"),
    [(0, 3, (3, -1)), (0, 3, (2, 1, 0, -4)), (2, 2, (2, 1, 0, -4)), (4, 1, (1, 1, 0, -5))],
)
def test_moments_of_six_copies_factorise(a: int, b: int, spectrum: tuple[int, ...]) -> None:
    exact, D = [Fraction(x) for x in spectrum], len(spectrum)
    product = [z] * a + [Copy((index,)) for index in "llmmnn"[: 2 * b]]
    values = power_sums(exact, 6)
    moment = mean_of_product(product, dimension=D)
    for L in (1, 2, 5):
        expected = mean_of_state_part(exact, a, b) * mean_of_layer_part(D, L, b)
        assert moment.at(D, values | {"L": Fraction(L)}) == expected
