"""Every ensemble against averages that are derived here, by hand, from the definition of the ensemble."""

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from simulated import UNEVEN, ZZ, assert_refuses, estimate, kernel_mean
from simulated import assert_confirms as assert_confirms_and_refuses

from haarqntk.montecarlo import Estimate, _batched, _qutip, ensembles
from haarqntk.montecarlo._quantities import ENSEMBLES

INDEPENDENT: dict[str, Any] = {"ensemble": "independent_layers"}


def assert_confirms(found: Estimate, exact: Fraction) -> None:
    """Sharp enough to refuse twice the value and half of it."""
    assert_confirms_and_refuses(found, exact, exact / 2)


def test_the_table_is_what_users_see() -> None:
    assert ensembles() == tuple(ENSEMBLES)
    assert all(ensemble.name == name for name, ensemble in ENSEMBLES.items())


# -- the ansatz of the letter ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ensemble", ["prl_ansatz", "prl_ansatz_with_input_block"])
@pytest.mark.parametrize(("spectrum", "L"), [((1, -1), 1), ((1, -1), 3), (ZZ, 4), (UNEVEN, 1)])
def test_kernel_mean_of_the_ansatz(ensemble: str, spectrum: tuple[int, ...], L: int) -> None:
    """A layer is the identity, and silent, with probability 1/D²: K̄ = (1 − 1/D²) K̄_segments.

    Without the input block too: the mean of layer L is proportional to E[1 − ⟨P⟩²]. On a Haar-random state
    that is (1 − 1/D²) D/(D + 1) = 1 − 1/D; on |0…0⟩ it is 1 except for the D strings of 1 and Z, again
    1 − 1/D.
    """
    simulated = estimate("kernel_mean", spectrum, L, 20_000, ensemble=ensemble)
    exact = (1 - Fraction(1, len(spectrum) ** 2)) * kernel_mean(spectrum, L)
    assert_confirms(simulated, exact)
    if spectrum == (1, -1):
        assert_refuses(simulated, kernel_mean(spectrum, L))


@pytest.mark.parametrize(("method", "samples"), [("batched", 40_000), ("qutip", 1_200)])
def test_the_input_block_shows_in_the_second_moment(method: str, samples: int) -> None:
    """One layer of a qubit, O = Z: M = n·σ with a random direction n, whose components are uniform.

    On |0⟩ the strings 1 and Z are silent and X and Y give g = ±2n_j: E[g⁴] = (1/2)·16/5. With the input block
    it is 3/4 of the value under ``segments``, (2³/15)·(16/5).
    """
    values = {
        "prl_ansatz": Fraction(8, 5),
        "prl_ansatz_with_input_block": Fraction(3, 4) * Fraction(8, 15) * Fraction(16, 5),
    }
    for (ensemble, exact), (_, other) in itertools.permutations(values.items(), 2):
        simulated = estimate("kernel_second_moment", (1, -1), 1, samples, ensemble=ensemble, method=method)
        assert_confirms(simulated, exact)
        if method == "batched":
            assert_refuses(simulated, other)


@pytest.mark.parametrize("route", ["batched", "qutip"])
@pytest.mark.parametrize("ensemble", ["prl_ansatz", "prl_ansatz_with_input_block"])
def test_the_ansatz_has_an_identity_at_the_input_or_a_unitary(ensemble: str, route: str) -> None:
    rng = np.random.default_rng(1)
    if route == "batched":
        first = _batched.random_circuits(4, 2, 1, rng, ensemble=ENSEMBLES[ensemble]).segments[0, 2]
    else:
        first = _qutip.random_circuit(4, 2, rng, ensemble=ENSEMBLES[ensemble]).segments[2].full()
    assert np.array_equal(first, np.eye(4)) == (ensemble == "prl_ansatz")


# -- independent layers ----------------------------------------------------------------------------------------


def test_independent_layers_keep_the_law_of_each_gradient() -> None:
    simulated = estimate("kernel_mean", UNEVEN, 3, 4000, **INDEPENDENT)
    assert_confirms(simulated, kernel_mean(UNEVEN, 3))
    fourth, second = Fraction(576, 1225), kernel_mean(ZZ, 1)  # E[g⁴] and E[g²], E[K²] and E[K] of one layer
    simulated = estimate("kernel_second_moment", ZZ, 6, 10_000, **INDEPENDENT)
    assert_confirms(simulated, 6 * fourth + 30 * second**2)


@pytest.mark.parametrize("L", [1, 8])
def test_independent_layers_have_a_variance_that_adds_up(L: int) -> None:
    """A qubit, O = Z: K = (1 − z²) Σ_l 4w_l² with z and w_l uniform on [−1, 1]."""
    one = Fraction(128, 75) - Fraction(8, 9) ** 2
    second = Fraction(8, 15) * (L * Fraction(16, 5) + L * (L - 1) * Fraction(16, 9))
    correlated = second - (L * Fraction(8, 9)) ** 2
    independent = estimate("kernel_variance", (1, -1), L, 15_000, **INDEPENDENT)
    assert_confirms(independent, L * one)
    segments = estimate("kernel_variance", (1, -1), L, 15_000)
    assert_confirms(segments, correlated)
    if L == 1:  # one layer has nothing to be independent of
        assert one == correlated
    else:
        assert_refuses(independent, correlated)
        assert_refuses(segments, L * one)


def test_independent_layers_by_the_reference_route() -> None:
    simulated = estimate("kernel_second_moment", (1, -1), 3, 400, **INDEPENDENT, method="qutip")
    assert_confirms(simulated, 3 * Fraction(128, 75) + 6 * Fraction(64, 81))


# -- generators of any spectrum --------------------------------------------------------------------------------


def general_kernel_mean(spectrum: tuple[int, ...], X: tuple[int, ...], L: int) -> Fraction:
    """E Σ_l Tr(M B)², B = i[X, ρ], by the twirl of two copies.

    E[M ⊗ M] = a 1 + b F with b = (D T_2 − T_1²)/(D(D²−1)), and B is traceless: E_M = b Tr B². For a pure state
    Tr B² = 2(⟨X²⟩ − ⟨X⟩²), and E[ρ ⊗ ρ] = (1 + F)/(D(D+1)) gives ⟨X²⟩ → Tr X²/D and
    ⟨X⟩² → (Tr X² + (Tr X)²)/(D(D+1)); the difference is (D Tr X² − (Tr X)²)/(D(D+1)).
    """
    D = len(X)
    T1, T2 = sum(spectrum), sum(x**2 for x in spectrum)
    X1, X2 = sum(X), sum(x**2 for x in X)
    return Fraction(2 * L * (D * X2 - X1**2), D * (D + 1)) * Fraction(D * T2 - T1**2, D * (D**2 - 1))


GENERATORS = [
    ((3, 0, -1), (1, 2, -1), 1),
    ((3, 0, -1), (1, 0, 0), 4),
    ((1, 0), (5, 2), 2),
    ((2, 1, 0, 0, -5), (1, 1, 1, -1, 0), 2),
    (ZZ, (3, 1, 0, 0), 3),
]


@pytest.mark.parametrize(("spectrum", "X", "L"), GENERATORS)
def test_kernel_mean_of_any_generator(spectrum: tuple[int, ...], X: tuple[int, ...], L: int) -> None:
    simulated = estimate("kernel_mean", spectrum, L, 10_000, generator_spectrum=X)
    assert_confirms(simulated, general_kernel_mean(spectrum, X, L))


def test_kernel_mean_of_any_generator_by_the_reference_route() -> None:
    spectrum, X, L = GENERATORS[0]
    simulated = estimate("kernel_mean", spectrum, L, 300, generator_spectrum=X, method="qutip")
    assert_confirms(simulated, general_kernel_mean(spectrum, X, L))


def test_the_mean_of_any_generator_contains_that_of_an_involution() -> None:
    assert general_kernel_mean(UNEVEN, (1, -1) * 4, 3) == kernel_mean(UNEVEN, 3)


def test_an_involution_by_its_spectrum() -> None:
    exact = Fraction(245764096, 5788125)
    simulated = estimate("meta_kernel_second_moment", ZZ, 6, 15_000, generator_spectrum=(4, 4, 2, 2))
    assert_confirms(simulated, exact)


def test_a_multiple_of_the_identity_in_the_generator_is_exactly_nothing() -> None:
    arguments = ("meta_kernel_mean", (3, 0, -1), 2, 50)
    shifted = estimate(*arguments, generator_spectrum=(10**20 + 1, 10**20 + 2, 10**20 - 1))
    plain = estimate(*arguments, generator_spectrum=(1, 2, -1))
    assert (shifted.mean, shifted.squares) == (plain.mean, plain.squares)
    assert plain.mean != 0


def test_a_constant_generator_is_silent() -> None:
    simulated = estimate("kernel_mean", (3, 0, -1), 2, 10, generator_spectrum=(10**40,) * 3)
    assert (simulated.mean, simulated.squares) == (0.0, 0.0)


def test_independent_layers_take_any_generator() -> None:
    spectrum, X, L = GENERATORS[0]
    simulated = estimate("kernel_mean", spectrum, 2, 10_000, generator_spectrum=X, **INDEPENDENT)
    assert_confirms(simulated, general_kernel_mean(spectrum, X, 2 * L))


# -- generators alone ------------------------------------------------------------------------------------------


def kept_kernel_mean(spectrum: tuple[int, ...], populations: list[Fraction], L: int, Z: Fraction) -> Fraction:
    """2LZ (⟨M²⟩ − ⟨M⟩²), Z = (D Tr X² − (Tr X)²)/(D(D²−1)).

    As above with X rotated and [M, ρ] kept: E Tr(X̃ i[ρ, M])² = Z · Tr (i[ρ, M])², of a pure ρ.
    """
    mean = sum(p * x for p, x in zip(populations, spectrum, strict=True))
    square = sum(p * x**2 for p, x in zip(populations, spectrum, strict=True))
    return 2 * L * Z * (square - mean**2)


POPULATIONS = [Fraction(1, 2), Fraction(1, 4), Fraction(1, 4), Fraction(0)]


@pytest.mark.parametrize(
    ("method", "samples", "spectrum", "L"),
    [
        ("batched", 10_000, ZZ, 1),
        ("batched", 5000, ZZ, 5),
        ("batched", 5000, (3, 1, 0, -2), 3),
        ("qutip", 200, (3, 1, 0, -2), 3),
    ],
)
def test_generator_average(method: str, samples: int, spectrum: tuple[int, ...], L: int) -> None:
    exact = kept_kernel_mean(spectrum, POPULATIONS, L, Fraction(4, 15))  # D/(D²−1)
    options: dict[str, Any] = {"ensemble": "generator_average", "populations": POPULATIONS, "method": method}
    assert_confirms(estimate("kernel_mean", spectrum, L, samples, **options), exact)


@pytest.mark.parametrize("method", ["batched", "qutip"])
def test_generator_average_of_any_generator(method: str) -> None:
    spectrum, X, D = (3, 0, -1), (1, 2, -1), 3
    populations = [Fraction(1, 6), Fraction(1, 3), Fraction(1, 2)]
    Z = Fraction(D * 6 - 2**2, D * (D**2 - 1))
    options: dict[str, Any] = {"ensemble": "generator_average", "populations": populations, "method": method}
    samples = 10_000 if method == "batched" else 200
    simulated = estimate("kernel_mean", spectrum, 2, samples, generator_spectrum=X, **options)
    assert_confirms(simulated, kept_kernel_mean(spectrum, populations, 2, Z))


@pytest.mark.parametrize("L", [1, 4])
def test_moments_of_a_qubit_under_the_generator_average(L: int) -> None:
    """K = 4v Σ_l w_l², w_l uniform on [−1, 1] and v = 1 − ⟨Z⟩² kept."""
    populations = [Fraction(4, 5), Fraction(1, 5)]
    v = 1 - Fraction(3, 5) ** 2
    first, second = 4 * v / 3, 16 * v**2 / 5
    options: dict[str, Any] = {"ensemble": "generator_average", "populations": populations}
    moment = L * second + L * (L - 1) * first**2
    assert_confirms(estimate("kernel_second_moment", (1, -1), L, 10_000, **options), moment)
    variance = estimate("kernel_variance", (1, -1), L, 10_000, **options)
    assert_confirms(variance, L * (second - first**2))


@pytest.mark.parametrize("populations", [[0, 1, 0, 0], [0, Fraction(1, 3), Fraction(2, 3), 0]])
def test_an_eigenstate_has_no_kernel(populations: list[Fraction]) -> None:
    options: dict[str, Any] = {"ensemble": "generator_average", "populations": populations}
    simulated = estimate("kernel_mean", (3, 1, 1, -2), 3, 10, **options)
    assert (simulated.mean, simulated.squares) == (0.0, 0.0)
