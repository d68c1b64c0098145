"""Formulas against the simulation: moments without a name, second derivatives, the residual, large dimensions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from simulated import assert_confirms, assert_refuses, estimate

import haarqntk as hq
from haarqntk.circuits import Copy, Expression, mean_of_pattern
from haarqntk.montecarlo import Estimate, Problem, _batched, _qutip

SPECTRA = {2: [1, -1], 4: [3, -1, -1, -1]}
STATES = {2: [Fraction(1, 3), Fraction(2, 3)], 4: [Fraction(1, 6), Fraction(1, 2), Fraction(1, 3), 0]}
l, m = hq.layer_indices("l m")


def by_batches(quantity: str, D: int, L: int, samples: int, **options: Any) -> Estimate:
    options = {"spectrum": SPECTRA[D]} | options
    return estimate(quantity, L=L, samples=samples, seed=[2024, 3, D, L], **options)


def meta_kernel(circuit: hq.Circuit) -> Expression:
    e = circuit.residual()
    return hq.sum_over(e.d(l, m) * e.d(l) * e.d(m), l, m)


# -- five and six copies ---------------------------------------------------------------------------------------

TWO_OF_EACH = {  # T_3 of the centred observable is zero for the first of each dimension, not for the second
    2: [[1, -1], [3, 0]],
    4: [[1, 1, -1, -1], [3, -1, -1, -1]],
    6: [[1, 1, 1, -1, -1, -1], [4, 1, 0, 0, -2, 0]],
    8: [[2, 1, 1, 0, 0, -1, -1, -2], [5, 3, 1, 0, 0, -1, -2, -7]],
}


def moments(circuit: hq.Circuit) -> dict[str, hq.Formula]:
    e = circuit.residual()
    K, mu = hq.sum_over(e.d(l) ** 2, l), meta_kernel(circuit)
    return {
        "kernel_third_moment": hq.mean(K**3),
        "kernel_meta_kernel_covariance": hq.covariance(K, mu),
        "meta_kernel_second_moment": hq.mean(mu**2),
    }


@pytest.mark.parametrize("quantity", list(moments(hq.Circuit())))
@pytest.mark.parametrize(("D", "which"), [(D, which) for D in TWO_OF_EACH for which in (0, 1)])
def test_moments_of_five_and_six_copies(quantity: str, D: int, which: int) -> None:
    spectrum = TWO_OF_EACH[D][which]
    exact = moments(hq.Circuit())[quantity].at(D=D, L=3, spectrum=spectrum)
    simulated = estimate(quantity, spectrum, 3, 8_000, [2023, D, which])
    assert abs(simulated.z_score(exact)) <= 4
    if quantity != "kernel_meta_kernel_covariance":
        assert_refuses(simulated, 2 * exact)  # the sample is large enough to see a factor of two


@pytest.mark.parametrize("generator", [[1, 2, -1], [1, 0, 0]])
@pytest.mark.parametrize("quantity", ["kernel_mean", "kernel_second_moment", "meta_kernel_mean"])
def test_a_generator_that_is_no_involution_at_dimension_three(quantity: str, generator: list[int]) -> None:
    formula = hq.formula(quantity, generators="general")
    assert isinstance(formula, hq.Formula)
    L = 8 if quantity == "meta_kernel_mean" else 2  # E[μ] grows like L², its spread more slowly
    simulated = estimate(quantity, [2, 0, -1], L, 8_000, 130, generator_spectrum=generator)
    assert_confirms(simulated, formula.at(D=3, L=L, spectrum=[2, 0, -1], generator_spectrum=generator))


# -- independent entries ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("D", "L", "samples"), [(2, 1, 8000), (2, 3, 4000), (4, 2, 8000), (4, 3, 8000)])
def test_the_second_moment_of_independent_entries(D: int, L: int, samples: int) -> None:
    simulated = by_batches("meta_kernel_second_moment", D, L, samples, ensemble="independent_layers")
    exact, wrong = (
        hq.mean(meta_kernel(hq.Circuit(ensemble)) ** 2).at(D=D, L=L, spectrum=SPECTRA[D])
        for ensemble in ("independent_layers", "segments")
    )
    assert_confirms(simulated, exact, exact / 2, *([wrong] if (D, L) != (4, 1) else []))


def test_the_mean_of_independent_entries_vanishes() -> None:
    simulated = by_batches("meta_kernel_mean", 4, 4, 4000, ensemble="independent_layers")
    assert abs(simulated.z_score(0)) < 4
    assert abs(simulated.z_score(hq.mean(meta_kernel(hq.Circuit())).at(D=4, L=4, spectrum=SPECTRA[4]))) > 4


def test_independent_entries_by_the_reference_route() -> None:
    """Both sides of a symmetric entry are one draw, and the routes agree on the second moments of all entries."""
    problem = Problem.create("meta_kernel_mean", D=2, L=2, spectrum=SPECTRA[2], ensemble="independent_layers")
    copies = {"g": [Copy(("l",))] * 2, "h": [Copy(("l", "l"))] * 2, "f": [Copy(("l", "m"))] * 2}
    patterns = {"g": ((1, 1),), "h": ((2, 2),), "f": ((1, 1), (1, 1))}
    exact = {
        name: mean_of_pattern(copies[name], patterns[name], dimension=2).at(2, {"T1": 0, "T2": 2})
        for name in copies
    }
    for route, count in ((_batched, 6000), (_qutip, 300)):
        G, H = route.sample_derivatives(problem, count=count, rng=np.random.default_rng(5))
        assert np.array_equal(H, H.swapaxes(-1, -2))
        entries = {"g": G[..., 0], "h": H[..., 1, 1], "f": H[..., 0, 1]}
        for name, values in entries.items():
            squares = Estimate.of("0", np.square(values).ravel())
            assert_confirms(squares, exact[name])
        assert abs(np.corrcoef(G[:, 0, 0, 0] ** 2, H[:, 0, 0, 0, 0] ** 2)[0, 1]) < 4 / count**0.5


@pytest.mark.parametrize("power", [2, 4])
def test_the_law_of_a_mixed_derivative_depends_neither_on_the_layers_nor_on_the_depth(power: int) -> None:
    """So a circuit of two layers gives all h_lm with l ≠ m; those of one layer, h_ll, have another law."""
    traces = {f"T{j}": sum(x**j for x in SPECTRA[2]) for j in range(1, 5)}
    mixed = [Copy(("l", "m"))] * power
    exact = mean_of_pattern(mixed, ((1,) * power,) * 2, dimension=2).at(2, traces)
    other = mean_of_pattern([Copy(("l", "l"))] * power, ((2,) * power,), dimension=2).at(2, traces)
    problem = Problem.create("meta_kernel_mean", D=2, L=3, spectrum=SPECTRA[2])
    _, H = _batched.sample_derivatives(problem, count=8000, rng=np.random.default_rng(6))
    for first, second in ((0, 1), (0, 2), (1, 2)):
        moment = Estimate.of("0", H[:, 0, 0, first, second] ** power)
        assert abs(moment.z_score(exact)) < 4
        assert abs(moment.z_score(other)) > 4


# -- generators alone ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("D", "L", "method", "samples"),
    [(2, 1, "batched", 8000), (2, 4, "batched", 4000), (4, 4, "batched", 8000), (4, 3, "qutip", 300)],
)
def test_the_mean_meta_kernel_in_a_kept_state(D: int, L: int, method: str, samples: int) -> None:
    """One layer has a mean too: h_ll g_l² is no derivative where ⟨O⟩ is held fixed."""
    state: dict[str, Any] = {"spectrum": [*range(1, D), -1], "populations": STATES[D]}
    exact = hq.mean(meta_kernel(hq.Circuit("generator_average"))).at(D=D, L=L, **state)
    simulated = by_batches(
        "meta_kernel_mean", D, L, samples, ensemble="generator_average", method=method, **state
    )
    assert exact
    assert_confirms(simulated, exact, exact / 2)


# -- the residual ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("D", "L"), [(2, 1), (2, 3), (4, 3)])
@pytest.mark.parametrize("part", ["mean", "diagonal", "off_diagonal"])
def test_the_residual_times_the_meta_kernel(part: str, D: int, L: int) -> None:
    e = hq.Circuit().residual()
    whole, diagonal = e * meta_kernel(hq.Circuit()), hq.sum_over(e * e.d(l, l) * e.d(l) ** 2, l)
    expression = {"mean": whole, "diagonal": diagonal, "off_diagonal": whole - diagonal}[part]
    # simulated is the target O_0 = Tr O/D, which is 0 here
    values = {} if part == "diagonal" else {"O_0": 0}
    exact = hq.mean(expression).at(D=D, L=L, spectrum=SPECTRA[D], values=values)
    simulated = by_batches(f"residual_meta_kernel_{part}", D, L, 8000)
    if exact:
        assert_refuses(simulated, 2 * exact, exact / 2)
    assert abs(simulated.z_score(exact)) < 4


# -- dimensions that no unitary fits into, by frames ----------------------------------------------------------

LARGE = {
    "pauli": lambda D: [1, -1] * (D // 2),
    "projector": lambda D: [1] + [0] * (D - 1),
    "sum of two Pauli strings": lambda D: [2, 0, 0, -2] * (D // 4),
    "distinct": lambda D: list(range(D)),
}


def by_frames(quantity: str, D: int, L: int, spectrum: str, samples: int, **options: Any) -> hq.Estimate:
    return estimate(quantity, LARGE[spectrum](D), L, samples, [D, L], method="frames", **options)


def exact(quantity: str, D: int, L: int, spectrum: str, ensemble: str = "segments") -> Any:
    eigenvalues = LARGE[spectrum](D)
    traces = [sum(x**j for x in eigenvalues) for j in range(1, 7)]
    return hq.formula(quantity, ensemble=ensemble).at(D=D, L=L, traces=traces)


@pytest.mark.parametrize(
    ("quantity", "D", "L", "spectrum", "samples"),
    [
        ("kernel_mean", 2**10, 100, "distinct", 400),
        ("kernel_mean", 2**12, 10, "projector", 2000),
        ("kernel_second_moment", 2**10, 30, "sum of two Pauli strings", 1000),
        ("kernel_second_moment", 2**16, 1000, "pauli", 60),
        ("meta_kernel_mean", 2**10, 20, "projector", 4000),
        ("meta_kernel_second_moment", 2**10, 4, "pauli", 4000),
        ("meta_kernel_second_moment", 2**12, 20, "projector", 4000),
    ],
)
def test_closed_forms_at_large_dimensions(quantity: str, D: int, L: int, spectrum: str, samples: int) -> None:
    assert_confirms(by_frames(quantity, D, L, spectrum, samples), exact(quantity, D, L, spectrum))


@pytest.mark.parametrize(("D", "spectrum"), [(2**12, "projector")])
def test_the_variance_of_the_kernel_has_a_part_that_layers_share(D: int, spectrum: str) -> None:
    """For a projector Var K/K̄² → 1 at large L; the value of independent layers is refused."""
    L = 50
    simulated = by_frames("kernel_variance", D, L, spectrum, 4000)
    assert abs(simulated.z_score(exact("kernel_variance", D, L, spectrum))) <= 4
    independent = exact("kernel_variance", D, L, spectrum, ensemble="independent_layers")
    assert abs(simulated.z_score(independent)) > 4
    other = by_frames("kernel_variance", D, L, spectrum, 2000, ensemble="independent_layers")
    assert abs(other.z_score(independent)) <= 4


@pytest.mark.parametrize("overlap", [Fraction(0), Fraction(2, 3)])
def test_the_supervised_kernel_at_large_dimension(overlap: Fraction) -> None:
    D, L, spectrum = 2**10, 10, LARGE["pauli"](2**10)
    simulated = by_frames("supervised_kernel_mean", D, L, "pauli", 8_000, overlap=overlap)
    value = 2 * L * (D * overlap - 1) * D * sum(x**2 for x in spectrum) / Fraction((D**2 - 1) ** 2)
    assert abs(simulated.z_score(value)) <= 4
    assert not overlap or abs(simulated.z_score(2 * value)) > 4
