"""Observables: a Hermitian matrix, kept as its diagonal where it has nothing else."""

from __future__ import annotations

import functools
import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import Tabled, check_factors, hermitian_array
from haarqntk.checks import integer, one_of, real_number
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.montecarlo import PauliSum
from haarqntk.training._circuit import LARGEST_NUM_QUBITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Matrix = NDArray[Any]  # taken as any numbers, kept as complex128


@dataclass(frozen=True, eq=False, repr=False)
class Observable(Tabled):
    """A Hermitian matrix O on n qubits; qubit 0 is the first tensor factor.

    Args:
        matrix: O, shape (2^n, 2^n), an array, nested list or Qobj on n qubits.
        name: What it is called in tables; "custom" by default.

    Raises:
        InputError: If the matrix is not square of a size 2^n, not finite or not Hermitian, or a Qobj's tensor
            factors are no qubits.
        InputTypeError: If it is no array of numbers, or a Qobj of another kind.

    Examples:
        >>> Observable([[1, 0], [0, -1]]).num_qubits
        1

    Reference:
        derivations/15_training.md.
    """

    matrix: Matrix
    name: str = "custom"

    def __post_init__(self) -> None:
        matrix = hermitian_array("matrix", self.matrix)
        size = len(matrix)
        if size < 2 or size & (size - 1):  # noqa: PLR2004 - one qubit
            raise InputError(f"matrix must be square of a size 2, 4, 8, …, got the shape {matrix.shape}")
        check_factors("matrix", self.matrix, (2,) * (size.bit_length() - 1))
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)

    @classmethod
    def pauli(cls, string: str) -> Observable:
        """Return one Pauli string, such as "ZIII".

        Raises:
            InputError: If the string is empty or has other letters than I, X, Y, Z.

        Examples:
            >>> Observable.pauli("Z").eigenvalues
            array([-1.,  1.])
        """
        return cls.pauli_sum((1.0,), (string,))

    @classmethod
    def pauli_sum(cls, coefficients: Sequence[float], strings: Sequence[str]) -> Observable:
        """Return Σ_j c_j P_j.

        Raises:
            InputError: If the lengths differ, or a string has other letters than I, X, Y, Z.
            InputTypeError: If the strings are no list of str, or the coefficients no list of real numbers.
            CostError: If the matrix would be larger than a circuit's.

        Examples:
            >>> Observable.pauli_sum([1, 0.5], ["ZI", "IX"]).name
            '1 ZI + 0.5 IX'
        """
        if isinstance(strings, str) or not all(
            isinstance(string, str) for string in _listed("strings", strings)
        ):
            raise InputTypeError(f"strings must be a list of str such as ['XIZ'], got {strings!r}")
        _listed("coefficients", coefficients)
        if not len(coefficients) == len(strings) > 0:
            raise InputError(
                f"coefficients and strings must be as many and at least one, got {len(coefficients)} "
                f"and {len(strings)}"
            )
        if len({len(string) for string in strings}) != 1 or any(set(s) - set("IXYZ") for s in strings):
            raise InputError(
                f"strings must have one letter I, X, Y or Z for each qubit, got {tuple(strings)}; "
                "write for example 'XIZ'"
            )
        if not strings[0]:
            raise InputError("strings must have at least one letter, got ''; write for example 'XIZ'")
        _check_size(len(strings[0]))
        numbers = tuple(real_number("coefficients", c) for c in coefficients)
        alone = len(numbers) == 1 and numbers[0] == 1
        terms = " + ".join(f"{c:g} {s}" for c, s in zip(numbers, strings, strict=True))
        return cls(PauliSum(numbers, tuple(strings)).matrix, strings[0] if alone else terms)

    @classmethod
    def zero_projector(cls, num_qubits: int) -> Observable:
        """Return |0…0⟩⟨0…0|.

        Raises:
            InputTypeError, InputError: If ``num_qubits`` is no integer ≥ 1.
            CostError: If the matrix would be larger than a circuit's.

        Examples:
            >>> Observable.zero_projector(2).eigenvalues
            array([0., 0., 0., 1.])
        """
        n = _check_size(integer("num_qubits", num_qubits, at_least=1))
        matrix = np.zeros((2**n, 2**n), dtype=np.complex128)
        matrix[0, 0] = 1
        return cls(matrix, "|0⟩⟨0|")

    @classmethod
    def magnetisation(cls, num_qubits: int, *, axis: str = "Z") -> Observable:
        """Return (1/n) Σ_j P_j with P = X, Y or Z on qubit j; Z by default.

        Raises:
            InputTypeError, InputError: If ``num_qubits`` is no integer ≥ 1.
            CostError: If the matrix would be larger than a circuit's.
            UnknownNameError: If the axis is unknown.

        Examples:
            >>> Observable.magnetisation(2).eigenvalues
            array([-1.,  0.,  0.,  1.])
        """
        n = _check_size(integer("num_qubits", num_qubits, at_least=1))
        letter = one_of("axis", axis, "XYZ")
        strings = ["I" * qubit + letter + "I" * (n - qubit - 1) for qubit in range(n)]
        return cls(cls.pauli_sum([1 / n] * n, strings).matrix, f"magnetisation {letter}")

    @property
    def num_qubits(self) -> int:
        """The number of qubits n.

        Examples:
            >>> Observable.pauli("ZI").num_qubits
            2
        """
        return int(math.log2(len(self.matrix)))

    @functools.cached_property
    def is_diagonal(self) -> bool:
        """Whether the matrix is diagonal in the computational basis.

        Examples:
            >>> Observable.pauli("ZI").is_diagonal, Observable.pauli("XI").is_diagonal
            (True, False)
        """
        return not np.any(self.matrix[~np.eye(len(self.matrix), dtype=bool)])

    @functools.cached_property
    def eigenvalues(self) -> Real:
        """The eigenvalues in increasing order, shape (2^n,).

        Examples:
            >>> Observable.pauli("ZI").eigenvalues
            array([-1., -1.,  1.,  1.])
        """
        values: Real = np.linalg.eigvalsh(self.matrix).astype(np.float64)
        values.setflags(write=False)
        return values

    def key(self) -> str:
        """Return a hash of the matrix.

        Examples:
            >>> Observable.pauli("Z").key() == Observable([[1, 0], [0, -1]]).key()
            True
        """
        return hashlib.sha256(b"observable" + self.matrix.tobytes()).hexdigest()

    def facts(self) -> dict[str, str]:
        """Its name, size and range, for a notebook.

        Examples:
            >>> Observable.pauli("ZI").facts()
            {'name': 'ZI', 'qubits': '2', 'spectrum': '4 eigenvalues from -1 to 1'}
        """
        low, high = self.eigenvalues[0], self.eigenvalues[-1]
        spectrum = f"{len(self.matrix)} eigenvalues from {low:.4g} to {high:.4g}"
        return {"name": self.name, "qubits": str(self.num_qubits), "spectrum": spectrum}


def _listed(name: str, values: Sequence[Any]) -> Sequence[Any]:
    if not hasattr(values, "__len__") or not hasattr(values, "__iter__"):
        raise InputTypeError(f"{name} must be a list, got {values!r}")
    return values


def _check_size(num_qubits: int) -> int:
    if num_qubits > LARGEST_NUM_QUBITS:
        raise CostError(
            f"num_qubits must be at most {LARGEST_NUM_QUBITS}, got {num_qubits}: observables are dense matrices"
        )
    return num_qubits
