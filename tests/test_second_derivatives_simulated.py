"""Second derivatives outside ``segments``, and the residual: the simulation against the engine."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import qutip

import haarqntk as hq
from haarqntk.circuits import Copy, Expression, mean_of_pattern
from haarqntk.montecarlo import Estimate, Problem, _batched, _qutip

SPECTRA = {2: [1, -1], 4: [3, -1, -1, -1]}
STATES = {2: [Fraction(1, 3), Fraction(2, 3)], 4: [Fraction(1, 6), Fraction(1, 2), Fraction(1, 3), 0]}
l, m = hq.layer_indices("l m")


def estimate(quantity: str, D: int, L: int, samples: int, seed: int = 3, **options: Any) -> Estimate:
    rng = np.random.default_rng([2024, seed, D, L])
    options = {"spectrum": SPECTRA[D]} | options
    return hq.simulate(quantity, D=D, L=L, samples=samples, rng=rng, **options)


def meta_kernel(ensemble: str) -> Expression:
    e = hq.Circuit(ensemble).residual()
    return hq.sum_over(e.d(l, m) * e.d(l) * e.d(m), l, m)


# -- independent entries ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("D", "L", "samples"), [(2, 1, 8000), (2, 3, 4000), (4, 2, 8000), (4, 3, 8000)])
def test_the_second_moment_of_independent_entries(D: int, L: int, samples: int) -> None:
    simulated = estimate("meta_kernel_second_moment", D, L, samples, ensemble="independent_layers")
    exact, wrong = (
        hq.mean(meta_kernel(ensemble) ** 2).at(D=D, L=L, spectrum=SPECTRA[D])
        for ensemble in ("independent_layers", "segments")
    )
    assert abs(simulated.z_score(exact)) < 4
    for value in (2 * exact, exact / 2, *([wrong] if (D, L) != (4, 1) else [])):
        assert abs(simulated.z_score(value)) > 4


def test_the_mean_of_independent_entries_vanishes() -> None:
    simulated = estimate("meta_kernel_mean", 4, 4, 4000, ensemble="independent_layers")
    assert abs(simulated.z_score(0)) < 4
    assert abs(simulated.z_score(hq.mean(meta_kernel("segments")).at(D=4, L=4, spectrum=SPECTRA[4]))) > 4


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
            assert abs(squares.z_score(exact[name])) < 4
            assert abs(squares.z_score(2 * exact[name])) > 4
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
    exact = hq.mean(meta_kernel("generator_average")).at(D=D, L=L, **state)
    simulated = estimate(
        "meta_kernel_mean", D, L, samples, ensemble="generator_average", method=method, **state
    )
    assert exact
    assert abs(simulated.z_score(exact)) < 4
    assert abs(simulated.z_score(2 * exact)) > 4
    assert abs(simulated.z_score(exact / 2)) > 4


# -- the residual ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("D", "L"), [(2, 1), (2, 3), (4, 3)])
@pytest.mark.parametrize("part", ["mean", "diagonal", "off_diagonal"])
def test_the_residual_times_the_meta_kernel(part: str, D: int, L: int) -> None:
    e = hq.Circuit().residual()
    whole, diagonal = e * meta_kernel("segments"), hq.sum_over(e * e.d(l, l) * e.d(l) ** 2, l)
    expression = {"mean": whole, "diagonal": diagonal, "off_diagonal": whole - diagonal}[part]
    # simulated is the target O_0 = Tr O/D, which is 0 here
    exact = hq.mean(expression).at(
        D=D, L=L, spectrum=SPECTRA[D], values={} if part == "diagonal" else {"O_0": 0}
    )
    simulated = estimate(f"residual_meta_kernel_{part}", D, L, 8000)
    if exact:
        assert abs(simulated.z_score(2 * exact)) > 4
        assert abs(simulated.z_score(exact / 2)) > 4
    assert abs(simulated.z_score(exact)) < 4


def test_the_outputs_of_both_routes_are_equal_circuit_by_circuit() -> None:
    problem = Problem.create("residual_meta_kernel_mean", D=4, L=2, spectrum=[5, 1, 0, 0])
    circuits = _batched.random_circuits(4, 2, 5, np.random.default_rng(1))
    Z = _batched.outputs(circuits, problem.inputs(), problem.observables())
    (ket,), (operator,) = (
        [qutip.Qobj(v) for v in problem.inputs()],
        [qutip.Qobj(np.diag(o)) for o in problem.observables()],
    )
    for i in range(5):
        circuit = _qutip.Circuit(
            tuple(qutip.Qobj(S) for S in circuits.segments[i]),
            tuple(qutip.Qobj(X) for X in circuits.generators[i]),
            tuple(circuits.angles[i]),
        )
        assert Z[i, 0, 0] == pytest.approx(circuit.output(ket, operator), abs=1e-12)
    assert len(_qutip.sample_derivatives(problem, count=2, rng=np.random.default_rng(1))[2]) == 2
