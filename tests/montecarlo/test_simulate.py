"""Simulation against values known from elsewhere; every seed and number of samples is in the test."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from shell import python
from simulated import UNEVEN, ZZ, assert_confirms, assert_refuses, estimate, kernel_mean, spread

from haarqntk.errors import CostError, InputError, InputTypeError, UnknownNameError
from haarqntk.montecarlo import Problem, quantities, quantity_of, simulate


@pytest.mark.parametrize(
    ("spectrum", "L"), [((1, -1), 1), ((1, 0), 20), (ZZ, 6), ((3, 1, 0, 0, -1, -1), 3), (UNEVEN, 2)]
)
def test_kernel_mean(spectrum: tuple[int, ...], L: int) -> None:
    exact = kernel_mean(spectrum, L)
    assert_confirms(estimate("kernel_mean", spectrum, L, 10_000), exact)
    assert_confirms(estimate("gradient_variance", spectrum, L, 10_000), exact / L)


@pytest.mark.parametrize(("spectrum", "L"), [((1, 0), 1), (ZZ, 2), ((3, 1, 0, 0, -1, -1), 1)])
def test_kernel_mean_by_the_reference_route(spectrum: tuple[int, ...], L: int) -> None:
    assert_confirms(estimate("kernel_mean", spectrum, L, 200, method="qutip"), kernel_mean(spectrum, L))


@pytest.mark.parametrize(("L", "exact"), [(1, Fraction(576, 1225)), (6, Fraction(10624, 1225))])
def test_kernel_second_moment_and_variance(L: int, exact: Fraction) -> None:
    assert_confirms(estimate("kernel_second_moment", ZZ, L, 10_000), exact)
    assert_confirms(estimate("kernel_variance", ZZ, L, 10_000), exact - kernel_mean(ZZ, L) ** 2)


@pytest.mark.parametrize("overlap", [Fraction(0), Fraction(3, 4), Fraction(1)])
@pytest.mark.parametrize("second", [(3, 1, 0, -2), (2, 2, -1, 0)])
def test_supervised_kernel_mean(second: tuple[int, ...], overlap: Fraction) -> None:
    first, D, L = (3, 1, 0, -2), 4, 2
    simulated = estimate("supervised_kernel_mean", (first, second), L, 20_000, overlap=overlap)
    exact = 2 * L * (D * overlap - 1) * spread(first, second) / Fraction(D**2 - 1) ** 2
    assert_confirms(simulated, exact)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_supervised_kernel_eigenvalues(n: int) -> None:
    spectrum, D, L = (3, 1, 0, -2), 4, 2
    unit = Fraction(2 * L * spread(spectrum, spectrum), (D**2 - 1) ** 2)
    difference = estimate("supervised_kernel_eigenvalue_difference", spectrum, L, 10_000, num_inputs=n)
    assert_confirms(difference, D * unit)
    uniform = estimate("supervised_kernel_eigenvalue_uniform", spectrum, L, 10_000, num_inputs=n)
    if n < D:
        assert_confirms(uniform, (D - n) * unit)
    else:  # the inputs are a basis: K annihilates u in every circuit
        assert (uniform.mean, uniform.squares, uniform.z_score(0)) == (0.0, 0.0, 0.0)


EXACT_ZEROS: list[tuple[str, str, dict[str, Any]]] = [
    ("supervised_kernel_eigenvalue_uniform", method, {"D": D, "L": 5, "num_inputs": D, "ensemble": ensemble})
    for method in ("batched", "frames", "qutip")
    for D, ensemble in (
        (2, "segments"),
        (4, "segments"),
        (2, "prl_ansatz_with_input_block"),
        (4, "prl_ansatz"),
    )
    if (method, ensemble) != ("frames", "prl_ansatz")
] + [
    (quantity, "batched", {"D": 4, "L": 2, "ensemble": "generator_average", "populations": [1, 0, 0, 0]})
    for quantity in ("meta_kernel_mean", "meta_kernel_second_moment", "kernel_meta_kernel_covariance")
]


@pytest.mark.parametrize(("quantity", "method", "arguments"), EXACT_ZEROS)
def test_an_exact_zero_is_zero_at_any_size(quantity: str, method: str, arguments: dict[str, Any]) -> None:
    """A whole basis of inputs, or an eigenstate: the values would else be squares of rounding, all positive."""
    for samples in (30, 30 if method == "qutip" else 3_000):
        rng, spectrum = np.random.default_rng(samples), [3 * 10**6, 1, 0, -2][: arguments["D"]]
        found = simulate(quantity, spectrum=spectrum, samples=samples, rng=rng, method=method, **arguments)
        assert (found.mean, found.squares, found.z_score(0)) == (0.0, 0.0, 0.0)
        assert found.z_score(1e-3) == -math.inf


@pytest.mark.parametrize("num_inputs", [3, 4])
def test_what_is_no_rounding_stays(num_inputs: int) -> None:
    """O = 1e−9 times a projector: gradients are small, but not beside the size of O."""
    arguments: dict[str, Any] = {"D": 4, "L": 2, "num_inputs": num_inputs, "samples": 2_000}
    name = "supervised_kernel_eigenvalue_uniform"
    small, large = (
        simulate(name, spectrum=[c, 0, 0, 0], rng=np.random.default_rng(4), **arguments)
        for c in (Fraction(1, 10**9), 1)
    )
    assert small.mean == pytest.approx(1e-18 * large.mean, rel=1e-12, abs=0)
    assert (small.mean > 0) == (num_inputs < 4)


def qubit_kernel_moment(n: int, L: int) -> Fraction:
    """E[Kⁿ] of a qubit with O = Z, from uniform variables alone.

    A Haar-random direction has components that are uniform on [−1, 1]. With z = ⟨Z⟩ and the generators
    X̃_l = n_l·σ, z and the component w_l of n_l along the gradient's direction are independent, and
    g_l = 2√(1 − z²) w_l. So K = (1 − z²) S with S = Σ_l 4w_l².
    """
    powers = [Fraction(4**j, 2 * j + 1) for j in range(n + 1)]  # E[(4w²)ʲ]
    sums = powers
    for _ in range(L - 1):
        sums = [
            sum((math.comb(j, i) * sums[i] * powers[j - i] for i in range(j + 1)), Fraction(0))
            for j in range(n + 1)
        ]
    return sums[n] * math.prod(Fraction(2 * j, 2 * j + 1) for j in range(1, n + 1))


@pytest.mark.parametrize("L", [1, 3])
@pytest.mark.parametrize(
    ("quantity", "n"), [("kernel_second_moment", 2), ("kernel_third_moment", 3), ("kernel_fourth_moment", 4)]
)
def test_kernel_moments_of_a_qubit(quantity: str, n: int, L: int) -> None:
    assert qubit_kernel_moment(1, L) == kernel_mean((1, -1), L)
    assert_confirms(estimate(quantity, (1, -1), L, 20_000), qubit_kernel_moment(n, L))


def test_the_third_cumulant_of_the_kernel_of_a_qubit() -> None:
    first, second, third = (qubit_kernel_moment(n, 1) for n in (1, 2, 3))
    cumulant = third - 3 * first * second + 2 * first**3
    assert abs(estimate("kernel_third_cumulant", (1, -1), 1, 20_000).z_score(cumulant)) < 4


@pytest.mark.parametrize(("method", "samples"), [("batched", 5_000), ("frames", 5_000), ("qutip", 300)])
def test_the_variance_of_the_output(method: str, samples: int) -> None:
    D, spectrum = 4, (3, 1, 0, -1)
    exact = Fraction(spread(spectrum, spectrum), D**2 * (D + 1))
    assert_confirms(estimate("output_variance", spectrum, 2, samples, method=method), exact)


def meta_kernel_mean(spectrum: tuple[int, ...], L: int) -> Fraction:
    """[zhang2024], whose half-angle convention, e^{−iθX/2}, makes μ smaller by 16."""
    D = len(spectrum)
    T1, T2, T3 = (sum(x**j for x in spectrum) for j in (1, 2, 3))
    published = Fraction(
        L * (L - 1) * D * (D**2 * T3 - 3 * D * T1 * T2 + 2 * T1**3), 8 * (D - 1) ** 2 * (D + 1) ** 3 * (D + 2)
    )
    return 16 * published


@pytest.mark.parametrize(("spectrum", "L"), [((3, -1, -1, -1), 6), ((4, 0, 0, 1), 2), ((0, 0, 0, -3), 3)])
def test_meta_kernel_mean(spectrum: tuple[int, ...], L: int) -> None:
    simulated = estimate("meta_kernel_mean", spectrum, L, 20_000)
    assert_confirms(simulated, meta_kernel_mean(spectrum, L))
    assert_refuses(simulated, 0)


def test_meta_kernel_mean_vanishes() -> None:
    assert abs(estimate("meta_kernel_mean", ZZ, 6, 10_000).z_score(0)) < 4  # T_3 = 0
    assert abs(estimate("meta_kernel_mean", (3, -1, -1, -1), 1, 10_000).z_score(0)) < 4  # E[h_ll g_l²] = 0


def test_meta_kernel_second_moment() -> None:
    assert_confirms(estimate("meta_kernel_second_moment", ZZ, 6, 20_000), Fraction(245764096, 5788125))


def test_meta_kernel_second_moment_by_the_reference_route() -> None:
    """One layer of a qubit, O = Z: μ² = 16·16 r⁶ cos²φ sin⁴φ.

    For z = a + r cos φ, φ = 2θ + const, g = −2r sin φ and h = −4r cos φ. The radius r is √(1 − s²)√(1 − m²) with
    the components s and m of the state's and the observable's direction along the axis, uniform on [−1, 1].
    """
    simulated = estimate("meta_kernel_second_moment", (1, -1), 1, 250, method="qutip")
    assert_confirms(simulated, 16 * 16 * Fraction(16, 35) ** 2 / 16)


def beta(p: Fraction | int, q: Fraction | int, i: int, j: int) -> Fraction:
    """E[tⁱ(1 − t)ʲ] for t of the law Beta(p, q)."""
    value = Fraction(1)
    for n in range(i + j):
        value *= (p + n if n < i else q + n - i) / Fraction(p + q + n)
    return value


def projector_moments(D: int, L: int) -> tuple[Fraction, Fraction, Fraction]:
    """E[K], E[μ] and E[Kμ] for the observable M = D|Φ⟩⟨Φ| − 1, from Beta variables alone.

    Let f = |⟨Φ|ψ⟩|² in the output state ψ, and Φ = √f ψ + √(1−f) ψ'. A generator has ⟨ψ|X̃|ψ⟩ = 2t − 1 and
    ⟨ψ'|X̃|ψ⟩ = b with |b|² = 4t(1−t)w and a uniform phase: f has the law Beta(1, D−1), t Beta(D/2, D/2) and
    w Beta(1, D−2), all independent. Then K = D²f(1−f) Σ_l ξ_l² with ξ = 2 Im b, and up to a part that is odd
    in Re b, h_mm = 2D · 4t(1−t) · ((1−f)w − f). Integration by parts over the angles, where ∂_mK = 2 Σ_l h_lm g_l,
    gives E[K^{n−1}μ] = −Σ_m E[Kⁿh_mm]/(2n).
    """
    sines = (Fraction(1), Fraction(1, 2), Fraction(3, 8))  # means of sin^{2n}
    half = Fraction(D, 2)
    xi = [16**n * sines[n] * beta(half, half, n, n) * beta(1, D - 2, n, 0) for n in range(3)]
    others = [Fraction(1), (L - 1) * xi[1], (L - 1) * xi[2] + (L - 1) * (L - 2) * xi[1] ** 2]

    def curvature(n: int, j: int) -> Fraction:
        """E[(D²f(1−f))ⁿ ξ_m^{2j} h_mm]."""
        up = beta(1, D - 1, n, n + 1) * beta(1, D - 2, j + 1, 0)
        down = beta(1, D - 1, n + 1, n) * beta(1, D - 2, j, 0)
        scale = Fraction(8 * D ** (2 * n + 1) * 16**j)
        return scale * sines[j] * beta(half, half, j + 1, j + 1) * (up - down)

    def weighted(n: int) -> Fraction:
        terms = (math.comb(n, j) * others[n - j] * curvature(n, j) for j in range(n + 1))
        return -L * sum(terms, Fraction(0)) / (2 * n)

    return D**2 * beta(1, D - 1, 1, 1) * L * xi[1], weighted(1), weighted(2)


@pytest.mark.parametrize("L", [1, 6])
def test_kernel_meta_kernel_covariance(L: int) -> None:
    spectrum = (3, -1, -1, -1)
    K, mu, product = projector_moments(4, L)
    assert (K, mu) == (kernel_mean(spectrum, L), meta_kernel_mean(spectrum, L))
    simulated = estimate("kernel_meta_kernel_covariance", spectrum, L, 20_000)
    if L == 1:  # E[h_ll g_l⁴] = 0, as the integral of a derivative
        assert product == 0
        assert abs(simulated.z_score(0)) < 4
    else:
        assert_confirms(simulated, product - K * mu)
        assert_refuses(simulated, 0)


@pytest.mark.parametrize("overlap", [Fraction(0), Fraction(1, 5), Fraction(1)])
def test_supervised_kernel_covariance_of_a_qubit(overlap: Fraction) -> None:
    """Cov(K_11, K_12) = (2σ − 1) Var K: outputs are linear in the Bloch vector.

    The second vector is cos a times the first, cos a = 2σ − 1, plus an orthogonal one, which a rotation about
    the first can turn over: it contributes 0.
    """
    L = 2
    variance = qubit_kernel_moment(2, L) - qubit_kernel_moment(1, L) ** 2
    simulated = estimate("supervised_kernel_covariance", (1, -1), L, 20_000, overlap=overlap)
    assert_confirms(simulated, (2 * overlap - 1) * variance)


def test_supervised_kernel_covariance_of_equal_inputs_is_the_variance() -> None:
    variance = Fraction(10624, 1225) - kernel_mean(ZZ, 6) ** 2
    assert_confirms(estimate("supervised_kernel_covariance", ZZ, 6, 10_000, overlap=1), variance)


def test_a_constant_observable_has_no_kernel() -> None:
    simulated = estimate("kernel_mean", (10**40, 10**40), 3, 10)
    assert (simulated.mean, simulated.squares) == (0.0, 0.0)


def test_the_estimate_carries_its_problem() -> None:
    simulated = estimate("kernel_mean", ZZ, 2, 100)
    assert simulated.problem == Problem.create("kernel_mean", D=4, L=2, spectrum=ZZ).key()
    assert simulated.samples == 100


@pytest.mark.parametrize("method", ["batched", "frames", "qutip"])
def test_a_seed_gives_one_result(method: str) -> None:
    first, again, other = (estimate("kernel_mean", ZZ, 2, 20, seed, method=method) for seed in (1, 1, 2))
    assert first == again
    assert first.mean != other.mean


def test_calls_with_one_generator_are_independent_and_merge() -> None:
    rng = np.random.default_rng(5)
    parts = [simulate("kernel_mean", D=4, L=2, spectrum=ZZ, samples=5000, rng=rng) for _ in range(2)]
    assert parts[0].mean != parts[1].mean
    assert abs((parts[0] + parts[1]).z_score(kernel_mean(ZZ, 2))) < 4


def test_numbers_drawn_elsewhere_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    rng.normal(size=1000)
    found = simulate("kernel_mean", D=4, L=2, spectrum=ZZ, samples=20, rng=rng)
    assert found == estimate("kernel_mean", ZZ, 2, 20)


@pytest.mark.parametrize(("method", "samples"), [("batched", 30_000), ("frames", 30_000), ("qutip", 7)])
@pytest.mark.parametrize("quantity", ["kernel_mean", "kernel_variance"])
def test_progress_counts_values_as_they_finish(quantity: str, method: str, samples: int) -> None:
    calls: list[int] = []
    simulated = estimate(quantity, ZZ, 1, samples, method=method, progress=calls.append)
    assert sum(calls) == simulated.samples == samples
    assert len(calls) > 1
    assert all(count > 0 for count in calls)


@pytest.mark.parametrize("quantity", quantities())
def test_every_quantity_runs_by_every_route(quantity: str) -> None:
    options: dict[str, Any] = {}
    if quantity_of(quantity).uses_overlap:
        options = {"overlap": 1}
    elif quantity_of(quantity).uses_num_inputs:
        options = {"num_inputs": 2}
    for method in ("batched", "frames", "qutip"):
        assert estimate(quantity, ZZ, 2, 3, method=method, **options).samples == 3


BAD: dict[type[Exception], dict[str, dict[str, Any]]] = {  # what is said of which change
    UnknownNameError: {
        "unknown quantity 'kernel'; did you mean 'kernel_mean'": {"quantity": "kernel"},
        "unknown method 'numpy'; known: batched, frames, qutip": {"method": "numpy"},
        "unknown ensemble 'segment'; did you mean 'segments'. known: segments, prl_ansatz": {
            "ensemble": "segment"
        },
    },
    InputError: {
        "samples must be an integer ≥ 2, got 1": {"samples": 1},
        "D must be even, got 3": {"D": 3},
        "overlap is not used by 'kernel_mean', got 1": {"overlap": 1},
    },
    InputTypeError: {
        "samples must be an integer ≥ 2, got 1000000.0": {"samples": 1e6},
        r"rng must be a numpy.random.Generator, got 7; pass numpy.random.default_rng\(seed\)": {"rng": 7},
        "progress must be callable or None, got 7": {"progress": 7},
    },
    CostError: {
        "at most 8680555555 at D = 4, L = 1 by method 'batched', about a day's work, got 1000000000000; ask": {
            "samples": 10**12
        },
        "samples must be at most 123128447 at D = 4, L = 1 by method 'qutip'": {
            "samples": 10**12,
            "method": "qutip",
        },
        "samples must be at most 70573622 at D = 4, L = 40 by method 'batched'": {
            "samples": 10**12,
            "quantity": "meta_kernel_mean",
            "L": 40,
        },
        "at most 8680555555 at D = 4, L = 1 by method 'batched'": {
            "samples": 10**12,
            "ensemble": "independent_layers",
            "L": 1,
        },
        "L = 10000000 needs 360000024 complex numbers at once by method 'batched', at most 67108864 fit; lower": {
            "L": 10**7
        },
    },
}


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [(x, error, text) for error, cases in BAD.items() for text, x in cases.items()],
)
def test_bad_arguments_are_refused(changes: dict[str, Any], error: type[Exception], text: str) -> None:
    arguments: dict[str, Any] = {"quantity": "kernel_mean", "D": 4, "L": 1, "spectrum": ZZ, "samples": 10}
    arguments["rng"] = np.random.default_rng(0)
    with pytest.raises(error, match=text):
        simulate(**arguments | changes)


def test_importing_the_room_loads_neither_qutip_nor_scipy_stats() -> None:
    code = "import sys, haarqntk.montecarlo; print(sorted({'qutip', 'scipy.stats'} & set(sys.modules)))"
    assert python("-c", code).stdout == "[]\n"
