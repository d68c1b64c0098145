"""Derivatives by the way back, against the definition, QuTiP, Monte Carlo and their own Taylor series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import qutip
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import hermitian_matrices, parametrised_circuits

from haarqntk import training as ht
from haarqntk.errors import InputError, InputTypeError, UnknownNameError
from haarqntk.montecarlo import PauliSum, _batched, random_angles, random_ansatz
from haarqntk.training import _sweeps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

ROUNDING = 1e-11  # some hundred gates of norm 1, thousands of units in the last place
PAULIS = {"I": qutip.qeye(2), "X": qutip.sigmax(), "Y": qutip.sigmay(), "Z": qutip.sigmaz()}


def pauli(string: str) -> qutip.Qobj:
    return qutip.tensor(*(PAULIS[letter] for letter in string))


def inputs_for(
    circuit: ht.ParametrisedCircuit, seed: int, *, settings: int = 2, points: int = 3
) -> tuple[Real, Real | None]:
    rng = np.random.default_rng(seed)
    angles = random_angles(settings, circuit.num_parameters, rng)
    return angles, rng.normal(size=(points, circuit.num_features)) if circuit.num_features else None


@given(circuit=parametrised_circuits(), data=st.data())
def test_the_way_back_is_the_definition(circuit: ht.ParametrisedCircuit, data: st.DataObject) -> None:
    observable = ht.Observable(data.draw(hermitian_matrices(2**circuit.num_qubits)))
    angles, points = inputs_for(circuit, data.draw(st.integers(0, 99)))
    z, J = ht.outputs_and_jacobian(circuit, observable, angles, points)
    exact_z, exact_J = ht.outputs_and_jacobian(circuit, observable, angles, points, method="definition")
    assert np.abs(z - exact_z).max() < ROUNDING
    assert np.abs(J - exact_J).max() < ROUNDING
    assert np.array_equal(ht.outputs(circuit, observable, angles, points), z)


@settings(max_examples=25)
@given(circuit=parametrised_circuits(), data=st.data())
def test_the_meta_kernel_contracts_the_hessian(circuit: ht.ParametrisedCircuit, data: st.DataObject) -> None:
    observable = ht.Observable(data.draw(hermitian_matrices(2**circuit.num_qubits)))
    angles, points = inputs_for(circuit, data.draw(st.integers(0, 99)), settings=1)
    z, K, mu = ht.meta_kernels(circuit, observable, angles[0], points)
    exact_z, J = ht.outputs_and_jacobian(circuit, observable, angles[0], points, method="definition")
    assert np.abs(z - exact_z).max() < ROUNDING
    assert np.abs(K - np.square(J).sum(axis=1)).max() < 10 * ROUNDING
    for place, gradient in enumerate(J):
        point = None if points is None else points[place : place + 1]
        H = hessian(circuit, observable, angles[0], point)
        assert np.isclose(gradient @ H @ gradient, mu[place], rtol=1e-9, atol=1e-9)


def hessian(
    circuit: ht.ParametrisedCircuit, observable: ht.Observable, angles: Real, point: Real | None
) -> Real:
    """By the shift rule in every gate, from gradients by the other route."""
    rows = np.zeros((circuit.num_parameters, circuit.num_parameters))
    for place, gate in enumerate(circuit.gates):
        if isinstance(gate, ht.PauliRotation) and gate.parameter is not None:
            for sign in (1, -1):
                turn = (sign * np.pi / 4 * 1j * pauli(gate.string)).expm().full()
                turned = ht.FixedGate(turn, tuple(range(circuit.num_qubits)))
                gates = (*circuit.gates[:place], turned, *circuit.gates[place:])
                shifted = ht.ParametrisedCircuit(circuit.num_qubits, gates)
                _, J = ht.outputs_and_jacobian(shifted, observable, angles, point)
                rows[gate.parameter] += sign * gate.scale * J[0]
    return rows


@pytest.mark.parametrize(
    "circuit",
    [
        ht.hardware_efficient(3, 2, encoding="high", entangler="CNOT"),
        ht.hardware_efficient(3, 2, rotations="XZ", periodic=False, scale=-0.5),
        ht.hamiltonian_variational(3, 2, encoding="low"),
        ht.hamiltonian_variational(3, 1, per_gate=True, encoding=ht.Encoding(num_features=2, letter="Z")),
        ht.prl_circuit(3, 5, np.random.default_rng(2)),
    ],
)
def test_outputs_are_those_of_qutip(circuit: ht.ParametrisedCircuit) -> None:
    angles, points = inputs_for(circuit, 7)
    observable = ht.Observable.pauli_sum([0.5, -2], ["XYZ", "ZIX"])
    z = ht.outputs(circuit, observable, angles, points)
    O = 0.5 * pauli("XYZ") - 2 * pauli("ZIX")
    for i, setting in enumerate(angles):
        for j, point in enumerate([[]] if points is None else points.tolist()):
            ket = qutip.basis([2] * 3, [0] * 3)
            for gate in circuit.gates:
                if isinstance(gate, ht.PauliRotation):
                    value = point[gate.feature] if gate.feature is not None else setting[gate.parameter]
                    ket = (1j * gate.scale * value * pauli(gate.string)).expm() @ ket
                else:
                    k = len(gate.qubits)
                    matrix = qutip.Qobj(gate.matrix, dims=[[2] * k] * 2)
                    ket = qutip.expand_operator(matrix, dims=[2] * 3, targets=list(gate.qubits)) @ ket
            assert abs(qutip.expect(O, ket) - z[i, j]) < ROUNDING


def test_the_letter_s_circuit_is_that_of_monte_carlo() -> None:
    ansatz = random_ansatz(2, 6, np.random.default_rng(5))
    circuit, observable = ht.circuit_of_ansatz(ansatz), ht.Observable(ansatz.observable.matrix)
    angles = random_angles(4, 6, np.random.default_rng(6))
    eigenvalues, vectors = ansatz.observable.eigensystem
    segments = np.array([vectors.conj().T @ ansatz.blocks[0], *ansatz.blocks[1:], np.eye(4)])
    generators = np.array([PauliSum((1.0,), (string,)).matrix for string in ansatz.strings])
    segments, generators = (np.broadcast_to(part, (4, *part.shape)) for part in (segments, generators))
    drawn = _batched.Circuits(segments, generators, angles), np.eye(1, 4), eigenvalues[np.newaxis]
    z, J = ht.outputs_and_jacobian(circuit, observable, angles)
    other_z, other_J = _batched.outputs_and_gradients(*drawn)
    assert np.abs(z[:, 0] - other_z[:, 0, 0]).max() < ROUNDING
    assert np.abs(J[:, 0] - other_J[:, 0, 0]).max() < ROUNDING
    G, H = (part[:, 0, 0] for part in _batched.second_derivatives(*drawn))
    _, _, mu = ht.meta_kernels(circuit, observable, angles)
    assert np.abs(mu[:, 0] - np.einsum("nl,nlm,nm->n", G, H, G)).max() < 100 * ROUNDING


@pytest.mark.parametrize("columns", [1, 2, 5, 40])
@pytest.mark.parametrize("settings", [1, 3])
def test_blocks_of_any_size_agree(columns: int, settings: int, monkeypatch: pytest.MonkeyPatch) -> None:
    circuit, observable = ht.hardware_efficient(2, 2, encoding="high"), ht.Observable.pauli("XZ")
    angles, points = inputs_for(circuit, 3, settings=settings, points=7)
    at_once = [*ht.outputs_and_jacobian(circuit, observable, angles, points)]
    at_once += ht.meta_kernels(circuit, observable, angles, points)
    monkeypatch.setattr(_sweeps, "_COLUMNS", columns * 2)
    in_blocks = [*ht.outputs_and_jacobian(circuit, observable, angles, points)]
    in_blocks += ht.meta_kernels(circuit, observable, angles, points)
    for one, other in zip(at_once, in_blocks, strict=True):
        assert np.abs(one - other).max() < ROUNDING


@settings(max_examples=15)
@given(circuit=parametrised_circuits(), data=st.data())
def test_leading_axes_of_the_angles_are_kept(circuit: ht.ParametrisedCircuit, data: st.DataObject) -> None:
    observable = ht.Observable(data.draw(hermitian_matrices(2**circuit.num_qubits)))
    angles, points = inputs_for(circuit, 1, settings=6, points=2)
    L, m = circuit.num_parameters, 1 if points is None else 2
    z, J = ht.outputs_and_jacobian(circuit, observable, angles.reshape(2, 3, L), points)
    assert z.shape == (2, 3, m)
    assert J.shape == (2, 3, m, L)
    alone_z, alone_J = ht.outputs_and_jacobian(circuit, observable, angles[4], points)
    assert alone_z.shape == (m,)
    assert np.abs(z[1, 1] - alone_z).max() < ROUNDING
    assert np.abs(J[1, 1] - alone_J).max() < ROUNDING
    assert ht.kernel_matrix(J).shape == (2, 3, m, m)


PLAIN, CODED = ht.hardware_efficient(2, 1), ht.hardware_efficient(2, 1, encoding="low")
Z = ht.Observable.pauli("ZI")
BAD: list[tuple[tuple[Any, ...], type[Exception], str]] = [
    ((PLAIN, Z, [0.1] * 3), InputError, r"angles must have 4 entries .* got the shape \(3,\)"),
    ((PLAIN, Z, [[0.1] * 3 + [np.nan]]), InputError, "angles must be finite, got nan"),
    ((PLAIN, Z, [[1], [2, 3]]), InputError, "angles must have rows of one length"),
    ((PLAIN, Z, ["a"] * 4), InputTypeError, "angles must be real numbers, got"),
    ((PLAIN, Z, [1j] * 4), InputTypeError, "angles must be real numbers"),
    ((PLAIN, ht.Observable.pauli("Z"), [0.1] * 4), InputError, "must act on num_qubits = 2"),
    ((CODED, Z, [0.1] * 4), InputError, r"shape \(m, 1\) with m ≥ 1, .* got None"),
    ((CODED, Z, [0.1] * 4, [1, 2]), InputError, r"features must have the shape \(m, 1\)"),
    ((CODED, Z, [0.1] * 4, np.zeros((0, 1))), InputError, "with m ≥ 1"),
]


@pytest.mark.parametrize(("arguments", "error", "text"), BAD)
def test_bad_input_is_one_line(arguments: tuple[Any, ...], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        ht.outputs(*arguments)
    assert "\n" not in str(caught.value)


def test_an_unknown_method_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'adjoint'"):
        ht.outputs_and_jacobian(PLAIN, Z, [0.1] * 4, method="adjunct")
