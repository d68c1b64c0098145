"""The fast route against the reference, on the same unitaries, generators and angles."""

from types import ModuleType

import numpy as np
import pytest
import qutip

from haarqntk.montecarlo import _batched, _qutip


def to_arrays(circuits: list[_qutip.Circuit]) -> _batched.Circuits:
    return _batched.Circuits(
        np.array([[S.full() for S in circuit.segments] for circuit in circuits]),
        np.array([[X.full() for X in circuit.generators] for circuit in circuits]),
        np.array([circuit.angles for circuit in circuits]),
    )


@pytest.mark.parametrize("L", [1, 2, 5])
@pytest.mark.parametrize("D", [2, 4, 6, 8])
def test_batched_gradients_equal_the_shift_rule(D: int, L: int) -> None:
    rng = np.random.default_rng(100 * D + L)
    circuits = [_qutip.random_circuit(D, L, rng) for _ in range(3)]
    inputs = np.array([np.eye(D)[0], np.eye(D)[1], [0.6, 0.8, *[0] * (D - 2)]])
    observables = rng.normal(size=(2, D))
    expected = [
        [
            [_qutip.gradient(circuit, qutip.Qobj(vector), qutip.Qobj(np.diag(spectrum))) for vector in inputs]
            for spectrum in observables
        ]
        for circuit in circuits
    ]
    G = _batched.gradients(to_arrays(circuits), inputs, observables)
    assert G.shape == (3, 2, 3, L)
    np.testing.assert_allclose(G, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("route", [_batched, _qutip], ids=["batched", "qutip"])
@pytest.mark.parametrize("D", [4, 6])
def test_routes_share_one_signature_and_shape(route: ModuleType, D: int) -> None:
    G = route.sample_gradients(
        D, 3, inputs=np.eye(2, D), observables=np.ones((1, D)), count=5, rng=np.random.default_rng(0)
    )
    assert G.shape == (5, 1, 2, 3)
    np.testing.assert_allclose(G, 0, atol=1e-14)  # a constant observable has no gradient
