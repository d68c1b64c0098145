"""The fast route against the reference, on the same unitaries, generators and angles."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import qutip
from numpy.typing import NDArray

from haarqntk.montecarlo import Problem, _batched, _qutip

Real = NDArray[np.float64]


def to_arrays(circuits: list[_qutip.Circuit], *, are_diagonal: bool = False) -> _batched.Circuits:
    return _batched.Circuits(
        np.array([[S.full() for S in circuit.segments] for circuit in circuits]),
        np.array([[X.diag() if are_diagonal else X.full() for X in each.generators] for each in circuits]),
        np.array([circuit.angles for circuit in circuits]),
    )


def two_inputs(D: int) -> Real:
    return np.array([np.eye(D)[1], [0.6, 0.8, *[0] * (D - 2)]])


def by_qutip(
    function: Callable[..., Any], circuits: list[_qutip.Circuit], inputs: Real, observables: Real, rule: Any
) -> Real:
    kets = [qutip.Qobj(vector) for vector in inputs]
    operators = [qutip.Qobj(np.diag(spectrum)) for spectrum in observables]

    def of(circuit: _qutip.Circuit, *case: Any) -> Any:
        return function(partial(rule, circuit, *case), len(circuit.angles))

    return np.array([[[of(c, ket, operator) for ket in kets] for operator in operators] for c in circuits])


@pytest.mark.parametrize("L", [1, 2, 5])
@pytest.mark.parametrize("D", [2, 4, 6, 8])
def test_batched_gradients_equal_the_shift_rule(D: int, L: int) -> None:
    rng = np.random.default_rng(100 * D + L)
    circuits = [_qutip.random_circuit(D, L, rng) for _ in range(2)]
    inputs, observables = two_inputs(D), rng.normal(size=(2, D))
    expected = by_qutip(_qutip.gradient, circuits, inputs, observables, _qutip.derivative)
    G = _batched.gradients(to_arrays(circuits), inputs, observables)
    assert G.shape == (2, 2, 2, L)
    np.testing.assert_allclose(G, expected, rtol=0, atol=1e-12)


def test_the_outputs_of_both_routes_are_equal_circuit_by_circuit() -> None:
    problem, rng = (
        Problem.create("residual_meta_kernel_mean", D=4, L=2, spectrum=[5, 1, 0, 0]),
        np.random.default_rng(1),
    )
    circuits = [_qutip.random_circuit(4, 2, rng) for _ in range(5)]
    Z = _batched.outputs(to_arrays(circuits), problem.inputs(), problem.observables())
    cases = circuits, problem.inputs(), problem.observables(), _qutip.derivative
    np.testing.assert_allclose(Z, by_qutip(lambda z, _: z(), *cases), rtol=0, atol=1e-12)
    assert len(_qutip.sample_derivatives(problem, count=2, rng=rng)[2]) == 2


@pytest.mark.parametrize("L", [1, 2, 4])
@pytest.mark.parametrize("D", [2, 4, 6, 8])
def test_batched_second_derivatives_equal_the_repeated_shift_rule_and_the_commutators(D: int, L: int) -> None:
    rng = np.random.default_rng(100 * D + L)
    circuits = [_qutip.random_circuit(D, L, rng) for _ in range(2)]
    inputs, observables = two_inputs(D), rng.normal(size=(2, D))
    G, H = _batched.second_derivatives(to_arrays(circuits), inputs, observables)
    assert H.shape == (2, 2, 2, L, L)
    np.testing.assert_allclose(G, _batched.gradients(to_arrays(circuits), inputs, observables), atol=1e-12)
    first, second = (circuits, inputs, observables), (circuits[:1], inputs[1:], observables[1:])
    shifted = by_qutip(_qutip.hessian, *first, _qutip.derivative)
    np.testing.assert_allclose(H, shifted, rtol=0, atol=1e-11)
    commuted = by_qutip(_qutip.hessian, *second, _qutip.commutator_derivative)
    np.testing.assert_allclose(H[:1, 1:, 1:], commuted, rtol=0, atol=1e-11)


@pytest.mark.parametrize("X", [(1, 2, -1), (3, 0, 0), (2, -1), (1, 1, 0.5, -2, 0)])
def test_routes_agree_for_any_generator(X: tuple[float, ...]) -> None:
    D, L = len(X), 3
    rng = np.random.default_rng(D)
    circuits = [_qutip.random_circuit(D, L, rng, generator=np.array(X)) for _ in range(2)]
    inputs, observables = two_inputs(D), rng.normal(size=(2, D))
    arrays = to_arrays(circuits, are_diagonal=True)
    G, H = _batched.second_derivatives(arrays, inputs, observables)
    arguments = circuits, inputs, observables, _qutip.commutator_derivative
    np.testing.assert_allclose(G, by_qutip(_qutip.gradient, *arguments), rtol=0, atol=1e-11)
    np.testing.assert_allclose(H, by_qutip(_qutip.hessian, *arguments), rtol=0, atol=1e-11)
    np.testing.assert_allclose(_batched.gradients(arrays, inputs, observables), G, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("D", "X"), [(4, None), (3, (1, 2, -1)), (3, (4, -1, 0))])
def test_second_derivatives_equal_finite_differences(D: int, X: tuple[int, ...] | None) -> None:
    L, step = 3, 1e-3
    rng = np.random.default_rng(D)
    circuits = _batched.random_circuits(D, L, 2, rng, generator=None if X is None else np.array(X))
    inputs, observables = two_inputs(D), rng.normal(size=(2, D))

    def gradients(layer: int, steps: int) -> Real:
        moved = circuits.angles + steps * step * np.eye(L)[layer]
        return _batched.gradients(replace(circuits, angles=moved), inputs, observables)

    _, H = _batched.second_derivatives(circuits, inputs, observables)
    for layer in range(L):
        near, far = (gradients(layer, k) - gradients(layer, -k) for k in (1, 2))
        difference = (8 * near - far) / (12 * step)  # an error of step⁴ times a fifth derivative over 30
        np.testing.assert_allclose(H[..., layer], difference, rtol=0, atol=1e-8)


def test_an_involution_may_be_a_matrix_or_a_diagonal() -> None:
    rng = np.random.default_rng(5)
    circuits = [_qutip.random_circuit(4, 3, rng, generator=np.array([1.0, 1, -1, -1])) for _ in range(2)]
    inputs, observables = two_inputs(4), rng.normal(size=(1, 4))
    by_matrix = _batched.second_derivatives(to_arrays(circuits), inputs, observables)
    by_diagonal = _batched.second_derivatives(to_arrays(circuits, are_diagonal=True), inputs, observables)
    for first, second in zip(by_matrix, by_diagonal, strict=True):
        np.testing.assert_allclose(first, second, rtol=0, atol=1e-12)


SHAPES = [
    ("supervised_kernel_eigenvalue_uniform", {"num_inputs": 2}, [(5, 1, 2, 3)]),
    ("supervised_kernel_mean", {"overlap": 0}, [(5, 2, 2, 3)]),
    ("meta_kernel_mean", {}, [(5, 1, 1, 3), (5, 1, 1, 3, 3)]),
    ("meta_kernel_mean", {"generator_spectrum": range(4)}, [(5, 1, 1, 3), (5, 1, 1, 3, 3)]),
    ("kernel_mean", {"ensemble": "independent_layers"}, [(5, 1, 1, 3)]),
    ("kernel_mean", {"ensemble": "generator_average", "populations": [Fraction(1, 4)] * 4}, [(5, 1, 1, 3)]),
]


@pytest.mark.parametrize("route", [_batched, _qutip], ids=["batched", "qutip"])
@pytest.mark.parametrize(("quantity", "options", "shapes"), SHAPES)
def test_routes_share_one_signature_and_shape(
    route: ModuleType, quantity: str, options: dict[str, Any], shapes: list[tuple[int, ...]]
) -> None:
    problem = Problem.create(quantity, D=4, L=3, spectrum=[7] * 4, **options)
    derivatives = route.sample_derivatives(problem, count=5, rng=np.random.default_rng(0))
    assert [array.shape for array in derivatives] == shapes
    for array in derivatives:
        np.testing.assert_allclose(array, 0, atol=1e-14)  # a constant observable has no derivatives
