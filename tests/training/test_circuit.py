"""Circuits and observables as values: what they hold, what they refuse, in which order gates act."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import qutip
from hypothesis import given
from strategies import parametrised_circuits

from haarqntk.errors import CostError, InputError, InputTypeError, UnknownNameError
from haarqntk.training import (
    Encoding,
    FixedGate,
    Observable,
    ParametrisedCircuit,
    PauliRotation,
    hamiltonian_variational,
    hardware_efficient,
    outputs,
    outputs_and_jacobian,
    prl_circuit,
)

if TYPE_CHECKING:
    from collections.abc import Callable

RNG, THREE = np.random.default_rng(), Encoding(num_features=3)
HALF_TURN = PauliRotation("XI", parameter=0)


def test_the_first_letter_is_the_first_qubit_and_the_first_gate_acts_first() -> None:
    flip = np.array([[0, 1], [1, 0]])
    circuit = ParametrisedCircuit(2, (PauliRotation("XI", parameter=0),))
    assert outputs(circuit, Observable.pauli("ZI"), [np.pi / 2]).round(12) == -1
    assert outputs(circuit, Observable.pauli("IZ"), [np.pi / 2]).round(12) == 1
    controlled = FixedGate(np.kron(np.diag([1, 0]), np.eye(2)) + np.kron(np.diag([0, 1]), flip), (0, 1))
    after = ParametrisedCircuit(2, (HALF_TURN, controlled))
    before = ParametrisedCircuit(2, (controlled, HALF_TURN))
    backwards = ParametrisedCircuit(2, (HALF_TURN, FixedGate(controlled.matrix, (1, 0))))
    found = [outputs(c, Observable.pauli("IZ"), [np.pi / 2]).round(12) for c in (after, before, backwards)]
    assert found == [-1, 1, 1]


def test_layers_are_as_documented() -> None:
    circuit = hardware_efficient(3, 2, encoding="low")
    names = [g.string if isinstance(g, PauliRotation) else str(g.qubits) for g in circuit.gates]
    layer = ["YII", "IYI", "IIY", "ZII", "IZI", "IIZ", "(0, 1)", "(1, 2)", "(2, 0)"]
    assert names == ["YII", "IYI", "IIY", *layer, *layer]
    assert [g.feature for g in circuit.rotations] == [0, 0, 0, *[None] * 12]
    assert [g.parameter for g in circuit.rotations[3:]] == list(range(12))
    assert np.array_equal(circuit.generator_norms, np.ones(12))
    ising = hamiltonian_variational(3, 2, periodic=False, encoding="high")
    names = [g.string if isinstance(g, PauliRotation) else "H" for g in ising.gates]
    layer = ["YII", "IYI", "IIY", "ZZI", "IZZ", "XII", "IXI", "IIX"]
    assert names == ["H"] * 3 + layer * 2
    shared = [g.parameter for g in ising.rotations if g.feature is None]
    assert shared == [0, 0, 1, 1, 1, 2, 2, 3, 3, 3]
    assert ising.generator_norms.tolist() == [2, 3, 2, 3]
    own = hamiltonian_variational(3, 2, periodic=False, per_gate=True)
    assert [g.parameter for g in own.rotations] == list(range(10))


def test_two_qubits_on_a_ring_are_coupled_once() -> None:
    assert hamiltonian_variational(2, 1, per_gate=True).num_parameters == 3
    assert len(hardware_efficient(2, 1).gates) == 5


def test_the_ising_ansatz_keeps_parity_unless_data_enter() -> None:
    angles, Z = np.random.default_rng(2).uniform(0, 6, 4), Observable.magnetisation(3)
    _, J = outputs_and_jacobian(hamiltonian_variational(3, 2), Z, angles)
    assert np.abs(J).max() < 1e-12
    _, J = outputs_and_jacobian(hamiltonian_variational(3, 2, encoding="low"), Z, angles, [[0.7]])
    assert np.abs(J).max() > 0.1


def test_encodings_set_the_frequencies_of_the_output() -> None:
    x = np.linspace(0, 2 * np.pi, 64, endpoint=False)[:, np.newaxis]
    highest = {}
    for name in ("low", "high"):
        circuit = hardware_efficient(2, 3, encoding=name)
        angles = np.random.default_rng(1).uniform(0, 2 * np.pi, circuit.num_parameters)
        spectrum = np.abs(np.fft.rfft(outputs(circuit, Observable.pauli("ZX"), angles, x)))
        highest[name] = int(np.flatnonzero(spectrum > 1e-9).max())
    # Frequency 1 for each gate: 2, and 2 in each of 3 layers.
    assert highest["low"] <= 2 < highest["high"] <= 6


def test_several_features_enter_by_turns() -> None:
    circuit = hardware_efficient(4, 1, encoding=THREE)
    assert [g.feature for g in circuit.rotations[:4]] == [0, 1, 2, 0]
    assert circuit.num_features == 3


@given(circuit=parametrised_circuits())
def test_a_key_is_that_of_the_content(circuit: ParametrisedCircuit) -> None:
    again = ParametrisedCircuit(circuit.num_qubits, circuit.gates)
    longer = ParametrisedCircuit(circuit.num_qubits, (*circuit.gates, circuit.gates[0]))
    assert circuit.key() == again.key() != longer.key()


def test_values_cannot_be_written() -> None:
    gate, observable = FixedGate(np.eye(2), (0,)), Observable.pauli("Z")
    for array in (gate.matrix, observable.matrix, observable.eigenvalues):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5


def test_qutip_operators_are_observables_and_gates() -> None:
    given, XZ = qutip.tensor(qutip.sigmax(), qutip.sigmaz()), np.kron([[0, 1], [1, 0]], np.diag([1, -1]))
    assert np.array_equal(Observable(given).matrix, XZ)
    assert np.array_equal(FixedGate(given, (0, 1)).matrix, XZ)


def test_a_circuit_without_parameters_has_outputs_and_an_empty_jacobian() -> None:
    still, Z = ParametrisedCircuit(2, (FixedGate(np.eye(4), (0, 1)),)), Observable.pauli("ZI")
    z, J = outputs_and_jacobian(still, Z, [])
    assert (z.tolist(), J.shape) == ([1.0], (1, 0))
    assert outputs(still, Z, np.zeros((3, 0))).shape == (3, 1)


def test_observables_are_what_they_say() -> None:
    Z, X, one = np.diag([1, -1]), np.array([[0, 1], [1, 0]]), np.eye(2)
    assert np.array_equal(Observable.pauli("XZ").matrix, np.kron(X, Z))
    mixed = Observable.pauli_sum([2, -1], ["XI", "IZ"])
    assert np.array_equal(mixed.matrix, 2 * np.kron(X, one) - np.kron(one, Z))
    assert np.array_equal(Observable.zero_projector(2).matrix, np.diag([1, 0, 0, 0]))
    spins = Observable.magnetisation(2, axis="X")
    assert np.array_equal(spins.matrix, (np.kron(X, one) + np.kron(one, X)) / 2)
    assert not spins.is_diagonal
    assert Observable.magnetisation(3).is_diagonal
    names = [o.name for o in (mixed, Observable.pauli("XZ"), spins)]
    assert names == ["2 XI + -1 IZ", "XZ", "magnetisation X"]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: PauliRotation("XA", parameter=0), InputError, "one letter I, X, Y or Z .* got 'XA'"),
        (lambda: PauliRotation("", parameter=0), InputError, "got ''"),
        (lambda: PauliRotation(3, parameter=0), InputTypeError, "string must be letters"),  # type: ignore[arg-type]
        (lambda: PauliRotation("X"), InputError, "either a parameter or a feature, got parameter = None"),
        (lambda: PauliRotation("X", parameter=0, feature=1), InputError, "got parameter = 0, feature = 1"),
        (lambda: PauliRotation("X", parameter=-1), InputError, "parameter must be an integer ≥ 0, got -1"),
        (lambda: PauliRotation("X", parameter=0, scale=np.inf), InputError, "scale must be finite, got inf"),
        (lambda: PauliRotation("X", parameter=0, scale="1"), InputTypeError, "scale must be a real"),  # type: ignore[arg-type]
        (lambda: FixedGate(np.ones((2, 2)), (0,)), InputError, "matrix must be unitary"),
        (lambda: FixedGate(np.full((2, 2), np.nan), (0,)), InputError, "matrix must be finite"),
        (lambda: FixedGate(np.eye(2), (0, 1)), InputError, r"shape \(4, 4\) for 2 qubits, got \(2, 2\)"),
        (lambda: FixedGate(np.eye(4), (1, 1)), InputError, r"qubits must be different .* got \(1, 1\)"),
        (lambda: FixedGate(np.eye(1), ()), InputError, "at least one"),
        (lambda: ParametrisedCircuit(1, (HALF_TURN,)), InputError, "must have 1 letters"),
        (lambda: ParametrisedCircuit(1, (FixedGate(np.eye(4), (0, 1)),)), InputError, "below num_qubits = 1"),
        (lambda: ParametrisedCircuit(1, ("X",)), InputTypeError, "a gate must be a PauliRotation"),  # type: ignore[arg-type]
        (lambda: ParametrisedCircuit(2, (PauliRotation("XI", parameter=1),)), InputError, "with the index 0"),
        (lambda: ParametrisedCircuit(13, ()), CostError, "at most 12, got 13"),
        (lambda: ParametrisedCircuit(0, ()), InputError, "num_qubits must be an integer ≥ 1"),
        (lambda: FixedGate(np.array([["a"]]), (0,)), InputTypeError, "or Qobj of numbers, got ndarray"),
        (lambda: Observable([[1, 0], [1]]), InputError, "matrix must have rows of one length"),  # type: ignore[arg-type]
        (lambda: Observable(np.eye(3)), InputError, r"a size 2, 4, 8, …, got the shape \(3, 3\)"),
        (lambda: Observable(np.array(1)), InputError, r"got the shape \(\)"),
        (lambda: Observable(np.full((2, 2), np.inf)), InputError, "matrix must be finite"),
        (lambda: Observable(np.triu(np.ones((2, 2)))), InputError, "must be Hermitian"),
        (lambda: Observable.pauli("XQ"), InputError, "one letter I, X, Y or Z"),
        (lambda: Observable.pauli(""), InputError, "one letter I, X, Y or Z for each qubit, got ''"),
        (lambda: Observable.pauli_sum([1], ["X", "Z"]), InputError, "must be as many"),
        (lambda: Observable.pauli_sum([1, 1], ["X", "ZZ"]), InputError, "one letter"),
        (lambda: Observable.magnetisation(2, axis="W"), UnknownNameError, "unknown axis 'W'"),
        (lambda: hardware_efficient(2, 1, entangler="CX"), UnknownNameError, "unknown entangler 'CX'"),
        (lambda: hardware_efficient(2, 1, rotations="AB"), InputError, "rotations must be letters X, Y, Z"),
        (lambda: hardware_efficient(2, 0), InputError, "layers must be an integer ≥ 1"),
        (lambda: hardware_efficient(2, 1, encoding="lo"), UnknownNameError, "did you mean 'low'"),
        (lambda: hardware_efficient(2, 1, encoding=3), InputTypeError, "encoding must be"),  # type: ignore[arg-type]
        (lambda: hardware_efficient(2, 1, encoding=THREE), InputError, "at most num_qubits"),
        (lambda: Encoding(letter="I"), UnknownNameError, "unknown letter 'I'"),
        (lambda: hamiltonian_variational(1, 1), InputError, "num_qubits must be an integer ≥ 2"),
        (lambda: prl_circuit(10, 200, RNG), CostError, "at most 85 for 10 qubits, got 200"),
        (lambda: prl_circuit(0, 1, RNG), InputError, "num_qubits"),
    ],
)
def test_bad_values_are_one_line(call: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert "\n" not in str(caught.value)
