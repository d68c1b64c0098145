"""Simulation against values known from elsewhere; every seed and number of samples is in the test."""

import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from haarqntk.errors import CostError, InputError, InputTypeError, UnknownNameError
from haarqntk.montecarlo import Estimate, Problem, quantities, simulate

ZZ = (1, -1, -1, 1)
UNEVEN = (5, 3, 1, 0, 0, -1, -2, -7)


def spread(first: tuple[int, ...], second: tuple[int, ...]) -> int:
    """D Tr O_1O_2 − Tr O_1 Tr O_2, all that the means depend on."""
    return len(first) * sum(a * b for a, b in zip(first, second, strict=True)) - sum(first) * sum(second)


def kernel_mean(spectrum: tuple[int, ...], L: int) -> Fraction:
    D = len(spectrum)
    return Fraction(2 * L * spread(spectrum, spectrum), (D - 1) * (D + 1) ** 2)


def estimate(
    quantity: str,
    spectrum: tuple[int, ...] | tuple[tuple[int, ...], ...],
    L: int,
    samples: int,
    seed: int = 1,
    **options: Any,
) -> Estimate:
    D = len(np.ravel(spectrum)) // np.ndim(spectrum)
    rng = np.random.default_rng(seed)
    return simulate(quantity, D=D, L=L, spectrum=spectrum, samples=samples, rng=rng, **options)


def assert_confirms(simulated: Estimate, exact: Fraction) -> None:
    """Within four standard errors, and sharp enough to refuse twice the value."""
    assert abs(simulated.z_score(exact)) < 4
    assert abs(simulated.z_score(2 * exact)) > 4


@pytest.mark.parametrize(
    ("spectrum", "L"), [((1, -1), 1), ((1, 0), 20), (ZZ, 6), ((3, 1, 0, 0, -1, -1), 3), (UNEVEN, 2)]
)
def test_kernel_mean(spectrum: tuple[int, ...], L: int) -> None:
    exact = kernel_mean(spectrum, L)
    assert_confirms(estimate("kernel_mean", spectrum, L, 10_000), exact)
    assert_confirms(estimate("gradient_variance", spectrum, L, 10_000), exact / L)


@pytest.mark.parametrize(("spectrum", "L"), [((1, 0), 1), (ZZ, 2), ((3, 1, 0, 0, -1, -1), 1)])
def test_kernel_mean_by_the_reference_route(spectrum: tuple[int, ...], L: int) -> None:
    assert_confirms(estimate("kernel_mean", spectrum, L, 300, method="qutip"), kernel_mean(spectrum, L))


@pytest.mark.parametrize(("L", "exact"), [(1, Fraction(576, 1225)), (6, Fraction(10624, 1225))])
def test_kernel_second_moment_and_variance(L: int, exact: Fraction) -> None:
    assert_confirms(estimate("kernel_second_moment", ZZ, L, 20_000), exact)
    assert_confirms(estimate("kernel_variance", ZZ, L, 20_000), exact - kernel_mean(ZZ, L) ** 2)


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


def test_a_constant_observable_has_no_kernel() -> None:
    simulated = estimate("kernel_mean", (10**40, 10**40), 3, 10)
    assert (simulated.mean, simulated.squares) == (0.0, 0.0)


def test_the_estimate_carries_its_problem() -> None:
    simulated = estimate("kernel_mean", ZZ, 2, 100)
    assert simulated.problem == Problem.create("kernel_mean", D=4, L=2, spectrum=ZZ).key()
    assert simulated.samples == 100


@pytest.mark.parametrize("method", ["batched", "qutip"])
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
    assert simulate("kernel_mean", D=4, L=2, spectrum=ZZ, samples=20, rng=rng) == estimate(
        "kernel_mean", ZZ, 2, 20
    )


@pytest.mark.parametrize(("method", "samples"), [("batched", 30_000), ("qutip", 7)])
@pytest.mark.parametrize("quantity", ["kernel_mean", "kernel_variance"])
def test_progress_counts_values_as_they_finish(quantity: str, method: str, samples: int) -> None:
    calls: list[int] = []
    simulated = estimate(quantity, ZZ, 1, samples, method=method, progress=calls.append)
    assert sum(calls) == simulated.samples == samples
    assert len(calls) > 1
    assert all(count > 0 for count in calls)


@pytest.mark.parametrize("quantity", quantities())
def test_every_quantity_runs_by_both_routes(quantity: str) -> None:
    options: dict[str, Any] = {}
    if quantity == "supervised_kernel_mean":
        options = {"overlap": 1}
    elif "eigenvalue" in quantity:
        options = {"num_inputs": 2}
    for method in ("batched", "qutip"):
        assert estimate(quantity, ZZ, 2, 3, method=method, **options).samples == 3


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"quantity": "kernel"}, UnknownNameError, "unknown quantity 'kernel'; did you mean 'kernel_mean'"),
        ({"method": "numpy"}, UnknownNameError, "unknown method 'numpy'; known: batched, qutip"),
        ({"samples": 1}, InputError, "samples must be an integer ≥ 2, got 1"),
        ({"samples": 1e6}, InputTypeError, "samples must be an integer ≥ 2, got 1000000.0"),
        (
            {"rng": 7},
            InputTypeError,
            r"rng must be a numpy.random.Generator, got 7; pass numpy.random.default_rng\(seed\)",
        ),
        ({"progress": 7}, InputTypeError, "progress must be callable or None, got 7"),
        ({"D": 3}, InputError, "D must be even, got 3"),
        ({"overlap": 1}, InputError, "overlap is not used by 'kernel_mean', got 1"),
        (
            {"samples": 10**12},
            CostError,
            "at most 8680555555 at D = 4, L = 1 by method 'batched', about a day's work, got 1000000000000; ask",
        ),
        (
            {"samples": 10**12, "method": "qutip"},
            CostError,
            "samples must be at most 123128447 at D = 4, L = 1 by method 'qutip'",
        ),
        (
            {"L": 10**7},
            CostError,
            "at D = 4, L = 10000000 needs 360000024 complex numbers at once, at most 67108864 fit; lower",
        ),
    ],
)
def test_bad_arguments_are_refused(changes: dict[str, Any], error: type[Exception], text: str) -> None:
    arguments: dict[str, Any] = {
        "quantity": "kernel_mean",
        "D": 4,
        "L": 1,
        "spectrum": ZZ,
        "samples": 10,
        "rng": np.random.default_rng(0),
    }
    with pytest.raises(error, match=text):
        simulate(**arguments | changes)


def test_importing_the_room_loads_neither_qutip_nor_scipy_stats() -> None:
    code = "import sys, haarqntk.montecarlo; print(sorted({'qutip', 'scipy.stats'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"
