"""The circuits that people train: the letter's, hardware-efficient, and the Hamiltonian variational ansatz.

All angles are those of e^{iθP}. Conventions of the builders are in their docstrings; where a source leaves a
choice open, the docstring says which was made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import count, islice, repeat
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.base import Tabled
from haarqntk.checks import flag, generator, integer, one_of, real_number
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.montecarlo import Ansatz, random_ansatz
from haarqntk.training._circuit import FixedGate, ParametrisedCircuit, PauliRotation, on_each_qubit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HADAMARD = np.array([[1, 1], [1, -1]], dtype=np.complex128) / math.sqrt(2)
_MEMORY = 2**32
_BYTES = 48  # for each entry of a Haar block: complex, and twice real as the sweeps use it
_ENTANGLERS = {
    "CZ": np.diag([1, 1, 1, -1]).astype(np.complex128),
    "CNOT": np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], dtype=np.complex128),
}


@dataclass(frozen=True, slots=True)
class Encoding(Tabled):
    """How a data point enters: e^{i·scale·x_f·P} on every qubit j, with f = j mod num_features.

    As a function of one x_f the output is then a trigonometric polynomial, of degree at most 2·scale times
    the number of gates that carry x_f.

    Args:
        reuploads: Whether it stands before every layer, or before the first only (default).
        num_features: How many entries a data point has; 1 by default.
        scale: The factor; 1/2 by default, which is frequency 1 for each gate.
        letter: P on its qubit, Y by default: it turns both |0⟩ and |+⟩.

    Raises:
        InputError: If an argument is out of range.

    Examples:
        >>> Encoding.named("high").reuploads
        True

    Reference:
        derivations/15_training.md.
    """

    reuploads: bool = False
    num_features: int = 1
    scale: float = 0.5
    letter: str = "Y"

    def __post_init__(self) -> None:
        integer("num_features", self.num_features, at_least=1)
        real_number("scale", self.scale)
        flag("reuploads", self.reuploads)
        one_of("letter", self.letter, "XYZ")

    def facts(self) -> dict[str, str]:
        """What it does, for a notebook.

        Examples:
            >>> Encoding().facts()["before"]
            'the first layer'
        """
        return {
            "gate": f"e^(i·{self.scale:g}·x·{self.letter}) on every qubit",
            "before": "every layer" if self.reuploads else "the first layer",
            "features": str(self.num_features),
        }

    @classmethod
    def named(cls, name: str, *, num_features: int = 1) -> Encoding:
        """Return "low" (once, before the first layer) or "high" (before every layer) frequency.

        Raises:
            UnknownNameError: If there is no such name.
            InputTypeError, InputError: If ``num_features`` is no integer ≥ 1.

        Examples:
            >>> Encoding.named("low").reuploads
            False
        """
        return cls(reuploads=one_of("encoding", name, ("low", "high")) == "high", num_features=num_features)

    def gates(self, num_qubits: int) -> list[PauliRotation]:
        """Return the data gates, one for each qubit.

        Raises:
            InputError: If there are fewer qubits than features.

        Examples:
            >>> [gate.string for gate in Encoding().gates(2)]
            ['YI', 'IY']
        """
        if self.num_features > num_qubits:
            raise InputError(
                f"num_features must be at most num_qubits = {num_qubits}, got {self.num_features}; "
                "every feature needs a qubit to enter by"
            )
        return [
            PauliRotation(string, feature=qubit % self.num_features, scale=self.scale)
            for qubit, string in enumerate(on_each_qubit(self.letter, num_qubits))
        ]


def hardware_efficient(
    num_qubits: int,
    layers: int,
    *,
    rotations: str = "YZ",
    entangler: str = "CZ",
    periodic: bool = True,
    encoding: Encoding | str | None = None,
    scale: float = 1.0,
) -> ParametrisedCircuit:
    """Return layers of single-qubit rotations and two-qubit gates of neighbours.

    A layer acts as: the first letter's e^{iθP_j} on all qubits j = 0, 1, …, then the second letter's, …, then
    the entangler on (0, 1), (1, 2), …, and (n − 1, 0) if periodic and n > 2. It has len(rotations) · n
    parameters, numbered in the order of action.

    Args:
        num_qubits: n ≥ 1.
        layers: How many layers, ≥ 1.
        rotations: The letters, "YZ" by default.
        entangler: "CZ" (default) or "CNOT", the first qubit of a pair being the control.
        periodic: Whether the qubits form a ring (default) or a chain.
        encoding: How data enter: an Encoding, "low", "high" or None (default).
        scale: α = scale · θ, 1 by default.

    Raises:
        InputError: If an argument is out of range, or a name is unknown.

    Examples:
        >>> hardware_efficient(4, 3).num_parameters
        24

    Reference:
        [kandala2017] for the family.
    """
    n, layers = integer("num_qubits", num_qubits, at_least=1), integer("layers", layers, at_least=1)
    if not isinstance(rotations, str) or not rotations or set(rotations) - set("XYZ"):
        raise InputError(f"rotations must be letters X, Y, Z, got {rotations!r}; write for example 'YZ'")
    matrix = _ENTANGLERS[one_of("entangler", entangler, _ENTANGLERS)]
    entanglers = [FixedGate(matrix, pair) for pair in _neighbours(n, periodic)]
    groups = [on_each_qubit(letter, n) for letter in rotations]
    gates = _layers(n, layers, groups, encoding, per_gate=True, scale=scale, after=entanglers)
    return ParametrisedCircuit(n, tuple(gates))


def hamiltonian_variational(
    num_qubits: int,
    layers: int,
    *,
    per_gate: bool = False,
    periodic: bool = True,
    encoding: Encoding | str | None = None,
    scale: float = 1.0,
) -> ParametrisedCircuit:
    """Return the Hamiltonian variational ansatz of the transverse-field Ising model.

    It starts from |+…+⟩ (Hadamards, before any data gate). A layer is Π_j e^{iθZ_jZ_{j+1}}, then
    Π_j e^{iθ'X_j}; one θ and one θ' for each layer, or with ``per_gate`` one for each gate. Without data
    gates all of it commutes with X ⊗ … ⊗ X: observables that anticommute with that, such as the magnetisation
    along Z, stay at 0 and have K = 0.

    Args:
        num_qubits: n ≥ 2.
        layers: How many layers, ≥ 1.
        per_gate: Whether every gate has a parameter of its own; no by default.
        periodic: Whether the spins form a ring (default) or a chain.
        encoding: How data enter: an Encoding, "low", "high" or None (default).
        scale: α = scale · θ, 1 by default.

    Raises:
        InputError: If an argument is out of range, or a name is unknown.

    Examples:
        >>> hamiltonian_variational(4, 3).num_parameters
        6
        >>> hamiltonian_variational(4, 3, per_gate=True).num_parameters
        24

    Reference:
        [wecker2015] for the ansatz.
    """
    n, layers = integer("num_qubits", num_qubits, at_least=2), integer("layers", layers, at_least=1)
    bonds = ["".join("IZ"[j in pair] for j in range(n)) for pair in _neighbours(n, periodic)]
    groups, own = [bonds, on_each_qubit("X", n)], flag("per_gate", per_gate)
    hadamards = [FixedGate(_HADAMARD, (qubit,)) for qubit in range(n)]
    gates = _layers(n, layers, groups, encoding, per_gate=own, scale=scale)
    return ParametrisedCircuit(n, (*hadamards, *gates))


def prl_circuit(num_qubits: int, layers: int, rng: np.random.Generator) -> ParametrisedCircuit:
    """Return one draw of the letter's circuit, W_1 e^{iθ_1P_1} … W_L e^{iθ_LP_L} with Haar W_l.

    P_l is uniform among all 4^n Pauli strings, the identity among them, and there is no Haar block on the
    input side: layer L acts on |0…0⟩ first. Parameter l − 1 is θ_l.

    Args:
        num_qubits: n ≥ 1.
        layers: L ≥ 1.
        rng: Where it is drawn from.

    Raises:
        CostError: If the Haar blocks would take more than 4 GiB.
        InputError: If an argument is out of range.

    Examples:
        >>> prl_circuit(2, 6, np.random.default_rng(1)).num_parameters
        6

    Reference:
        [liu2023] Eq. 20.
    """
    n, layers = integer("num_qubits", num_qubits, at_least=1), integer("layers", layers, at_least=1)
    generator(rng)
    if layers > (most := _MEMORY // (_BYTES * 4**n)):
        raise CostError(
            f"layers must be at most {most} for {n} qubits, got {layers}: dense blocks would take "
            f"{_BYTES * 4**n * layers / 2**30:.3g} GiB; take fewer layers or qubits"
        )
    return circuit_of_ansatz(random_ansatz(n, layers, rng))


def circuit_of_ansatz(ansatz: Ansatz) -> ParametrisedCircuit:
    """Return a draw of ``montecarlo.random_ansatz`` as a circuit; its observable is not part of it.

    Raises:
        CostError: If it has more qubits than a ``ParametrisedCircuit`` takes.

    Examples:
        >>> circuit = circuit_of_ansatz(random_ansatz(2, 3, np.random.default_rng(1)))
        >>> circuit.num_qubits, circuit.num_parameters
        (2, 3)

    Reference:
        liu2023; derivations/15_training.md.
    """
    if not isinstance(ansatz, Ansatz):
        raise InputTypeError(
            f"ansatz must be drawn by random_ansatz, got {ansatz!r}; pass hq.training.prl_circuit(…)"
        )
    n = ansatz.blocks.shape[-1].bit_length() - 1
    gates: list[PauliRotation | FixedGate] = []
    for layer in reversed(range(len(ansatz.strings))):
        gates.append(PauliRotation(ansatz.strings[layer], parameter=layer))
        gates.append(FixedGate(ansatz.blocks[layer], tuple(range(n))))
    return ParametrisedCircuit(n, tuple(gates))


def _layers(
    n: int,
    layers: int,
    groups: list[list[str]],
    encoding: Encoding | str | None,
    *,
    per_gate: bool,
    scale: float,
    after: Sequence[FixedGate] = (),
) -> Iterator[PauliRotation | FixedGate]:
    """Layers of data, groups of rotations with one parameter for each rotation or for each group, and ``after``."""
    data = Encoding.named(encoding) if isinstance(encoding, str) else encoding
    if data is not None and not isinstance(data, Encoding):
        raise InputTypeError(f"encoding must be an Encoding, 'low', 'high' or None, got {encoding!r}")
    parameters = count()
    for layer in range(layers):
        if data is not None and (data.reuploads or layer == 0):
            yield from data.gates(n)
        for strings in groups:
            numbers = islice(parameters, len(strings)) if per_gate else repeat(next(parameters), len(strings))
            for string, parameter in zip(strings, numbers, strict=True):
                yield PauliRotation(string, parameter=parameter, scale=scale)
        yield from after


def _neighbours(num_qubits: int, periodic: object) -> list[tuple[int, int]]:
    is_ring = flag("periodic", periodic) and num_qubits > 2  # noqa: PLR2004 - two are neighbours once
    pairs = [(qubit, qubit + 1) for qubit in range(num_qubits - 1)]
    return [*pairs, (num_qubits - 1, 0)] if is_ring else pairs
