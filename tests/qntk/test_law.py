"""The law of the kernel: its moments against the engine, its formulas, and drawn circuits."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import qutip
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracles import power_sums
from strategies import Problem, problems, rationals

import haarqntk as hq
from haarqntk.circuits import Copy, kernel_factors, mean_of_product
from haarqntk.errors import CostError, InputError, InputTypeError, UnknownNameError
from haarqntk.montecarlo import Estimate, _batched

if TYPE_CHECKING:
    from haarqntk.algebra import TracePolynomial
    from haarqntk.qntk import KernelLaw

SMALL = [
    Problem(2, 3, (Fraction(1), Fraction(-2))),
    Problem(4, 2, tuple(map(Fraction, (3, 1, -1, -1)))),
    Problem(6, 1, tuple(map(Fraction, (5, 3, 1, 0, 0, -1)))),
]


def law_of(problem: Problem, ensemble: str = "segments") -> KernelLaw:
    return hq.kernel_law(D=problem.D, L=problem.L, spectrum=problem.spectrum, ensemble=ensemble)


def values_of(problem: Problem, degree: int) -> dict[str, Fraction]:
    return power_sums(problem.spectrum, degree) | {"L": Fraction(problem.L)}


@cache
def factors(n: int, D: int) -> tuple[TracePolynomial, TracePolynomial]:
    return kernel_factors(n, D)


@settings(max_examples=15)
@given(problems(), st.integers(0, 4))
@example(Problem(4, 3, tuple(map(Fraction, (2, 1, 1, -3)))), 5)
def test_moments_are_those_of_the_weingarten_calculus_at_every_dimension(problem: Problem, n: int) -> None:
    values = values_of(problem, 2 * n)
    law = law_of(problem)
    variance, squares = (factor.at(problem.D, values) for factor in factors(n, problem.D))
    assert law.moment(n) == variance * squares
    assert law.variance_moments(n)[n] == variance
    assert law.square_sum_moments(n)[n] == squares


POWERS = [(0, 1), (0, 2), (0, 3), (1, 1), (2, 1), (1, 2), (2, 2), (3, 0), (4, 1)]


@pytest.mark.parametrize("problem", SMALL)
@pytest.mark.parametrize(("p", "n"), POWERS)
def test_joint_moments_with_the_output_are_those_of_the_engine(problem: Problem, p: int, n: int) -> None:
    copies = [Copy(())] * p + [Copy((index,)) for index in "lmn"[:n] for _ in range(2)]
    expected = mean_of_product(copies, dimension=problem.D).at(problem.D, values_of(problem, 2 * n + p))
    assert law_of(problem).moment(n, output_power=p) == expected


@pytest.mark.parametrize("D", [2, 4, 6])
def test_one_gradient_has_the_moments_of_one_layer(D: int) -> None:
    """E[g^{2n}] at one layer, n ≤ 3, by the engine: E v^n E ξ^{2n}."""
    spectrum = tuple(map(Fraction, [2, -1, 0, 5, 1, 1][:D]))
    law = law_of(Problem(D, 1, spectrum))
    for n in (1, 2, 3):
        engine = mean_of_product([Copy(("l",))] * (2 * n), dimension=D)
        expected = engine.at(D, values_of(Problem(D, 1, spectrum), 2 * n))
        assert law.variance_moments(n)[n] * law.xi_moments(n)[n] == expected


@pytest.mark.parametrize("problem", [problem for problem in SMALL if not problem.D & (problem.D - 1)])
def test_silent_layers_of_the_prl_ansatz_are_those_of_the_engine(problem: Problem) -> None:
    e, (l,) = hq.Circuit(BLOCK).residual(), hq.layer_indices("l")
    law, K = law_of(problem, BLOCK), hq.sum_over(e.d(l) ** 2, l)
    for n in (1, 2):
        assert law.moment(n) == hq.mean(K**n).at(D=problem.D, L=problem.L, spectrum=problem.spectrum)
    assert law.mean < law_of(problem).mean


@settings(max_examples=15)
@given(problems(), rationals(), st.integers(0, 3), st.integers(0, 2))
def test_a_shift_of_the_observable_shifts_the_output_and_nothing_else(
    problem: Problem, c: Fraction, n: int, p: int
) -> None:
    law = law_of(problem)
    shifted = law_of(replace(problem, spectrum=tuple(x + c for x in problem.spectrum)))
    expected = sum(comb(p, i) * c ** (p - i) * law.moment(n, output_power=i) for i in range(p + 1))
    assert shifted.moment(n, output_power=p) == expected


@settings(max_examples=15)
@given(problems(), st.integers(1, 8))
def test_no_circuit_has_a_kernel_beyond_the_largest(problem: Problem, n: int) -> None:
    law = law_of(problem)
    assert law.moment(n) <= law.largest * law.moment(n - 1)
    assert law.moment(n) ** 2 <= law.moment(n - 1) * law.moment(n + 1)
    assert law.largest == problem.L * (max(problem.spectrum) - min(problem.spectrum)) ** 2


def test_the_mean_and_variance_are_the_named_formulas() -> None:
    law = hq.kernel_law(D=8, L=6, spectrum=[5, 3, 1, 0, 0, -1, -2, -7])
    arguments: dict[str, Any] = {"D": 8, "L": 6, "spectrum": law.spectrum}
    mean, variance = (hq.formula(name) for name in ("kernel_mean", "kernel_variance"))
    assert (law.mean, law.variance) == (mean.at(**arguments), variance.at(**arguments))


def test_drawn_circuits_have_these_joint_moments() -> None:
    """z and K of whole circuits, by vectors: nothing of the factorisation is used."""
    rng = np.random.default_rng(5)
    for D, L, spectrum in ((2, 2, [1, -1]), (4, 3, [3, 1, 0, -1])):
        circuits = _batched.random_circuits(D, L, 8_000, rng)
        outputs, gradients = _batched.outputs_and_gradients(
            circuits, np.eye(D)[:1], np.array([spectrum], dtype=float)
        )
        z, K = outputs[:, 0, 0], np.square(gradients[:, 0, 0]).sum(axis=-1)
        law = hq.kernel_law(D=D, L=L, spectrum=spectrum)
        for p, n in ((0, 1), (0, 3), (0, 5), (2, 1), (2, 3), (1, 2), (1, 4)):
            estimate = Estimate.of("0", z**p * K**n)
            assert abs(estimate.z_score(law.moment(n, output_power=p))) < 4


def test_an_array_gives_the_law_of_its_eigenvalues() -> None:
    exact = hq.kernel_law(D=4, L=3, spectrum=[2, 1, 0, -2])
    matrix = np.diag([0.0, -2, 1, 2])
    assert hq.kernel_law(D=4, L=3, observable=matrix) == exact
    assert hq.kernel_law(D=4, L=3, observable=qutip.Qobj(matrix)) == exact


def test_moments_of_order_forty_come_at_once() -> None:
    law = hq.kernel_law(D=64, L=1000, spectrum=[1, -1] * 32)
    moments = law.moments(40)
    assert moments[2] == law.variance + law.mean**2
    assert len(moments) == 41


QUBIT: dict[str, Any] = {"D": 2, "L": 1, "spectrum": [1, 0]}
BLOCK = "prl_ansatz_with_input_block"
BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"D": 3, "L": 1, "spectrum": [1, 0, 0]}, InputError, "D must be even"),
    ({"D": 4, "L": 0, "spectrum": [1, 0, 0, 0]}, InputError, "L must be an integer ≥ 1, got 0"),
    ({"D": 4, "L": 1}, InputError, "exactly one of spectrum= and observable= must be given, got neither"),
    ({"D": 2, "L": 1, "spectrum": [1, 0], "observable": np.eye(2)}, InputError, "got both"),
    ({"D": 4, "L": 1, "spectrum": [1, 0]}, InputError, "spectrum must list the D = 4 eigenvalues"),
    ({"D": 2, "L": 1, "spectrum": [0.5, 0]}, InputTypeError, "each eigenvalue of spectrum"),
    ({"D": 2, "L": 1, "observable": [[0, 1], [0, 0]]}, InputError, "Hermitian, got .O − O†. up to 1"),
    (
        {"D": 2, "L": 1, "observable": [[np.nan, 1], [1, 0]]},
        InputError,
        "observable must be finite, got .nan",
    ),
    ({"D": 2, "L": 1, "observable": np.eye(3)}, InputError, "shape .2, 2. to fit D = 2"),
    ({"D": 2, "L": 1, "observable": [[1], [1, 2]]}, InputError, "rows of one length"),
    ({"D": 2, "L": 1, "observable": [["a", "b"], ["c", "d"]]}, InputTypeError, "an array or Qobj of numbers"),
    (QUBIT | {"ensemble": "independent_layers"}, UnknownNameError, "unknown ensemble"),
    (QUBIT | {"ensemble": "prl_ansatz"}, InputError, f"depends on the input; use ensemble '{BLOCK}'"),
    (
        {"D": 6, "L": 1, "spectrum": range(6), "ensemble": BLOCK},
        InputError,
        "D must be a power of two for ensemble .* got 6; use D = 4 or 8",
    ),
]


@pytest.mark.parametrize(("arguments", "error", "text"), BAD)
def test_bad_input_is_one_clear_line(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        hq.kernel_law(**arguments)
    assert "\n" not in str(caught.value)


def test_moments_that_would_not_finish_are_refused() -> None:
    law = hq.kernel_law(D=1000, L=1, spectrum=list(range(1000)))
    with pytest.raises(CostError, match=f"up to n = 200 at D = 1000 would take {999 * 404**2 // 4} steps"):
        law.moments(200)
    small = hq.kernel_law(D=2, L=1, spectrum=[1, -1])
    for call in (small.moments, small.square_sum_moments, small.variance_moments, small.xi_moments):
        with pytest.raises(CostError, match="largest must be at most 200, got 201"):
            call(201)
    with pytest.raises(CostError, match="output_power must be at most 200, got 3000"):
        small.moments(1, output_power=3000)
