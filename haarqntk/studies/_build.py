"""From an experiment to what is simulated: circuit, observable and data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.training import (
    Observable,
    hamiltonian_variational,
    hardware_efficient,
    ising_magnetisation,
    prl_circuit,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from haarqntk.studies._experiment import CircuitChoice, DataChoice, Experiment, ObservableChoice
    from haarqntk.training import ParametrisedCircuit

    Real = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Data:
    """What is learnt.

    Attributes:
        targets: One number for each data point.
        features: The points, shape (m, 1); None for a single target.
        test_targets: Targets of the points for inference; None for a single target.
        test_features: These points.
        fields: The field of each data point, for the figure; None for a single target.
        test_fields: The fields of the points for inference.
    """

    targets: Real
    features: Real | None = None
    test_targets: Real | None = None
    test_features: Real | None = None
    fields: Real | None = None
    test_fields: Real | None = None


def build_circuit(choice: CircuitChoice, layers: int, rng: np.random.Generator) -> ParametrisedCircuit:
    """The circuit with this number of layers; ``rng`` draws the fixed gates of the letter's."""
    if choice.family == "prl":
        return prl_circuit(choice.num_qubits, layers, rng)
    encoding = None if choice.encoding == "none" else choice.encoding
    if choice.family == "hardware_efficient":
        return hardware_efficient(choice.num_qubits, layers, encoding=encoding)
    return hamiltonian_variational(choice.num_qubits, layers, per_gate=True, encoding=encoding)


def build_observable(choice: ObservableChoice, num_qubits: int) -> Observable:
    """The observable."""
    if choice.kind == "magnetisation":
        return Observable.magnetisation(num_qubits, axis=choice.text)
    if choice.kind == "projector":
        matrix = np.zeros((2**num_qubits, 2**num_qubits), dtype=np.complex128)
        matrix[int(choice.text, 2), int(choice.text, 2)] = 1
        return Observable(matrix, f"|{choice.text}⟩⟨{choice.text}|")
    coefficients, strings = zip(*choice.terms, strict=True)
    return Observable.pauli_sum(coefficients, strings)


def build_data(choice: DataChoice, num_qubits: int) -> Data:
    """The targets; of the Ising chain the transverse magnetisation of a ring of as many spins, or a chain of two.

    The fields of the data points divide the interval evenly, those for inference lie evenly inside it; a field h
    enters as the angle π(h − h_min)/(h_max − h_min).
    """
    if choice.target is not None:
        return Data(np.array([choice.target]))
    least, largest = choice.fields
    fields = np.linspace(least, largest, choice.points)
    test_fields = np.linspace(least, largest, choice.test_points + 2)[1:-1]

    def features(h: Real) -> Real:
        angles: Real = (np.pi * (h - least) / (largest - least))[:, np.newaxis]
        return angles

    boundary = "periodic" if num_qubits > 2 else "open"  # noqa: PLR2004 - a ring
    y, y_test = (ising_magnetisation(max(num_qubits, 2), h, boundary=boundary) for h in (fields, test_fields))
    return Data(y, features(fields), y_test, features(test_fields), fields, test_fields)


def describe(experiment: Experiment, layers: int, num_parameters: int) -> str:
    """The circuit in words, for the text of a section."""
    circuit = experiment.circuit
    names = {
        "prl": "the circuit of [PRL] Eq. 20",
        "hardware_efficient": "the hardware-efficient ansatz",
        "hamiltonian_variational": "the Hamiltonian variational ansatz with an angle for each gate",
    }
    entering = {"none": "", "low": ", data of low frequency", "high": ", data of high frequency"}[
        circuit.encoding
    ]
    size = f"{circuit.num_qubits} qubits with {layers} layers and {num_parameters} angles"
    return f"{names[circuit.family]} on {size}{entering}"
