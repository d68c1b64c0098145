"""Parametrised circuits as values: a list of gates, the first of which acts on |0…0⟩ first.

A trainable gate is e^{iαP} with a Pauli string P and α = scale · θ_l, a data gate the same with
α = scale · x_f; parameters and features may be shared by any number of gates. Qubit 0 is the first letter of a
string and the most significant bit of an index into the state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import Tabled, complex_array
from haarqntk.checks import integer, real_number
from haarqntk.errors import CostError, InputError, InputTypeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Matrix = NDArray[Any]  # taken as any numbers, kept as complex128

LARGEST_NUM_QUBITS = 12
_UNITARY_WITHIN = 1e-10


def check_size(num_qubits: int, reason: str) -> None:
    """Refuse more qubits than dense arrays are meant for."""
    if num_qubits > LARGEST_NUM_QUBITS:
        raise CostError(f"num_qubits must be at most {LARGEST_NUM_QUBITS}, got {num_qubits}: {reason}")


def on_each_qubit(letter: str, num_qubits: int) -> list[str]:
    """The strings with one letter and else the identity, such as XII, IXI, IIX."""
    return [f"{'I' * qubit}{letter}{'I' * (num_qubits - qubit - 1)}" for qubit in range(num_qubits)]


def check_letters(name: str, string: str) -> None:
    """Refuse a string that is empty, or has other letters than I, X, Y, Z."""
    if not string or set(string) - set("IXYZ"):
        raise InputError(
            f"{name} must have one letter I, X, Y or Z for each qubit, got {string!r}; write for example 'XIZ'"
        )


@dataclass(frozen=True, slots=True)
class PauliRotation(Tabled):
    """The gate e^{iαP}, α = scale · θ_parameter or scale · x_feature, in radians.

    Args:
        string: P in letters, one of I, X, Y, Z for each qubit; the identity is a phase.
        parameter: Index of the angle that is trained, from 0; None for a data gate.
        feature: Index of the entry of the data point, from 0; None for a trainable gate.
        scale: The real factor, 1 by default; papers that write e^{−iθP/2} have −1/2.

    Raises:
        InputError: If the string, an index or the scale is out of range, or not exactly one of parameter and
            feature is given.
        InputTypeError: If one of them is of the wrong kind.

    Examples:
        >>> PauliRotation("XI", parameter=0)
        PauliRotation(string='XI', parameter=0, feature=None, scale=1.0)

    Reference:
        derivations/15_training.md.
    """

    string: str
    parameter: int | None = None
    feature: int | None = None
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.string, str):
            raise InputTypeError(f"string must be letters such as 'XIZ', got {self.string!r}; pass a str")
        check_letters("string", self.string)
        if (self.parameter is None) == (self.feature is None):
            raise InputError(
                "a rotation must have either a parameter or a feature, "
                f"got parameter = {self.parameter}, feature = {self.feature}; give one of them"
            )
        for name in ("parameter", "feature"):
            if (index := getattr(self, name)) is not None:
                object.__setattr__(self, name, integer(name, index, at_least=0))
        object.__setattr__(self, "scale", real_number("scale", self.scale))

    def description(self) -> bytes:
        """What the gate is, for the key of a problem.

        Examples:
            >>> PauliRotation("XI", parameter=0).description()
            b'rotation XI 0 None 0x1.0000000000000p+0'
        """
        return f"rotation {self.string} {self.parameter} {self.feature} {self.scale.hex()}".encode()

    def facts(self) -> dict[str, str]:
        """The string and the angle, for a notebook.

        Examples:
            >>> PauliRotation("XI", feature=1, scale=0.5).facts()
            {'Pauli string': 'XI', 'angle': '0.5·x_1'}
        """
        angle = f"θ_{self.parameter}" if self.feature is None else f"x_{self.feature}"
        return {"Pauli string": self.string, "angle": f"{self.scale:g}·{angle}"}


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class FixedGate(Tabled):
    """A unitary without an angle, on some of the qubits.

    Args:
        matrix: A unitary of shape (2^k, 2^k), an array, nested list or Qobj; its first tensor factor is the first
            of the qubits.
        qubits: The k qubits, all different, counted from 0.

    Raises:
        InputError: If the matrix is not unitary, or does not fit the qubits, also by the dims of a Qobj.
        InputTypeError: If it is no array of numbers, or a Qobj of another kind.

    Examples:
        >>> FixedGate(np.diag([1, 1, 1, -1]), (0, 2)).qubits
        (0, 2)

    Reference:
        derivations/15_training.md.
    """

    matrix: Matrix
    qubits: tuple[int, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.qubits, Iterable):
            raise InputTypeError(f"qubits must be a tuple of ints such as (0, 1), got {self.qubits!r}")
        qubits = tuple(integer("qubit", qubit, at_least=0) for qubit in self.qubits)
        if not qubits or len(set(qubits)) != len(qubits):
            raise InputError(f"qubits must be different and at least one, got {qubits}")
        matrix = complex_array("matrix", self.matrix, "unitary", factors=(2,) * len(qubits))
        size = 2 ** len(qubits)
        if matrix.shape != (size, size):
            raise InputError(
                f"matrix must have the shape ({size}, {size}) for {len(qubits)} qubits, got {matrix.shape}"
            )
        if not np.abs(matrix @ matrix.conj().T - np.eye(size)).max() <= _UNITARY_WITHIN:
            raise InputError("matrix must be unitary to ten digits, got one that is not; check its entries")
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "qubits", qubits)

    def description(self) -> bytes:
        """What the gate is, for the key of a problem.

        Examples:
            >>> FixedGate(np.diag([1, -1]), (0,)).description()[:11]
            b'fixed (0,) '
        """
        return f"fixed {self.qubits} ".encode() + self.matrix.tobytes()

    def facts(self) -> dict[str, str]:
        """Where it acts, for a notebook.

        Examples:
            >>> FixedGate(np.diag([1, 1, 1, -1]), (0, 2)).facts()
            {'unitary': '4 × 4', 'qubits': '0, 2'}
        """
        return {
            "unitary": " × ".join(map(str, self.matrix.shape)),
            "qubits": ", ".join(map(str, self.qubits)),
        }


@dataclass(frozen=True, eq=False, repr=False)
class ParametrisedCircuit(Tabled):
    """Gates in the order in which they act on |0…0⟩.

    Args:
        num_qubits: n, from 1 to 12.
        gates: The gates; their parameters are 0 … L − 1 without a gap.

    Raises:
        CostError: If there are more qubits than a dense state vector is meant for.
        InputError: If a gate does not fit the qubits, or a parameter is left out.
        InputTypeError: If an entry is no gate.

    Examples:
        The Pauli matrix X as generator: z = ⟨Z⟩ = cos 2θ.

        >>> circuit = ParametrisedCircuit(1, (PauliRotation("X", parameter=0),))
        >>> circuit.num_parameters, circuit.num_features
        (1, 0)

    Reference:
        derivations/15_training.md.
    """

    num_qubits: int
    gates: tuple[PauliRotation | FixedGate, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "num_qubits", integer("num_qubits", self.num_qubits, at_least=1))
        if not isinstance(self.gates, Iterable):
            raise InputTypeError(f"gates must be a tuple of gates, got {self.gates!r}")
        object.__setattr__(self, "gates", tuple(self.gates))
        check_size(self.num_qubits, "circuits are simulated as dense state vectors")
        for gate in self.gates:
            self._check(gate)
        parameters = {gate.parameter for gate in self.rotations if gate.parameter is not None}
        if missing := sorted(set(range(len(parameters))) - parameters):
            raise InputError(
                f"parameters must be 0 … {len(parameters) - 1} without a gap, got none with the index "
                f"{missing[0]}; number them in order"
            )

    def _check(self, gate: object) -> None:
        if isinstance(gate, PauliRotation):
            if len(gate.string) != self.num_qubits:
                raise InputError(
                    f"a rotation's string must have {self.num_qubits} letters, one for each qubit, "
                    f"got {gate.string!r}; write I where it does nothing"
                )
        elif isinstance(gate, FixedGate):
            if max(gate.qubits) >= self.num_qubits:
                raise InputError(f"qubits must be below num_qubits = {self.num_qubits}, got {gate.qubits}")
        else:
            raise InputTypeError(f"a gate must be a PauliRotation or a FixedGate, got {gate!r}")

    @property
    def rotations(self) -> tuple[PauliRotation, ...]:
        """The gates with an angle, in order.

        Examples:
            >>> gates = (PauliRotation("XI", feature=0), PauliRotation("ZZ", parameter=0, scale=0.5))
            >>> [gate.string for gate in ParametrisedCircuit(2, gates).rotations]
            ['XI', 'ZZ']
        """
        return tuple(gate for gate in self.gates if isinstance(gate, PauliRotation))

    @property
    def num_parameters(self) -> int:
        """L, the number of trained angles.

        Examples:
            >>> gates = (PauliRotation("XI", feature=0), PauliRotation("ZZ", parameter=0, scale=0.5))
            >>> ParametrisedCircuit(2, gates).num_parameters
            1
        """
        return len({gate.parameter for gate in self.rotations if gate.parameter is not None})

    @property
    def num_features(self) -> int:
        """The number of entries of a data point; 0 without data gates.

        Examples:
            >>> gates = (PauliRotation("XI", feature=0), PauliRotation("ZZ", parameter=0, scale=0.5))
            >>> ParametrisedCircuit(2, gates).num_features
            1
        """
        return max((gate.feature + 1 for gate in self.rotations if gate.feature is not None), default=0)

    @property
    def generator_norms(self) -> Real:
        """A bound on ‖X_l‖ for each parameter: Σ|scale| over its gates, shape (L,).

        Examples:
            >>> gates = (PauliRotation("XI", feature=0), PauliRotation("ZZ", parameter=0, scale=0.5))
            >>> ParametrisedCircuit(2, gates).generator_norms
            array([0.5])
        """
        norms = np.zeros(self.num_parameters)
        for gate in self.rotations:
            if gate.parameter is not None:
                norms[gate.parameter] += abs(gate.scale)
        return norms

    def key(self) -> str:
        """Return a hash of all that the circuit is.

        Examples:
            >>> gates = (PauliRotation("XI", feature=0), PauliRotation("ZZ", parameter=0, scale=0.5))
            >>> circuit = ParametrisedCircuit(2, gates)
            >>> len(circuit.key()), circuit.key() == ParametrisedCircuit(2, circuit.gates).key()
            (64, True)
        """
        digest = hashlib.sha256(f"circuit {self.num_qubits}".encode())
        for gate in self.gates:
            digest.update(hashlib.sha256(gate.description()).digest())
        return digest.hexdigest()

    def facts(self) -> dict[str, str]:
        """How large it is, for a notebook.

        Examples:
            >>> gates = (PauliRotation("XI", feature=0), PauliRotation("ZZ", parameter=0, scale=0.5))
            >>> ParametrisedCircuit(2, gates).facts()["gates"]
            '2, of which 2 have an angle'
        """
        return {
            "qubits": str(self.num_qubits),
            "gates": f"{len(self.gates)}, of which {len(self.rotations)} have an angle",
            "parameters": str(self.num_parameters),
            "features": str(self.num_features),
        }
