"""Observables, which are Hermitian matrices, and models: a circuit with an observable and data points."""

from __future__ import annotations

import functools
import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import Tabled, check_factors, hermitian_array, read_only, real_array
from haarqntk.checks import integer, one_of, real_number
from haarqntk.errors import InputError, InputTypeError
from haarqntk.montecarlo import PauliSum
from haarqntk.training._circuit import ParametrisedCircuit, check_letters, check_size, on_each_qubit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

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
        for name, values in (("strings", strings), ("coefficients", coefficients)):
            if not hasattr(values, "__len__") or not hasattr(values, "__iter__"):
                raise InputTypeError(f"{name} must be a list, got {values!r}")
        if isinstance(strings, str) or not all(isinstance(string, str) for string in strings):
            raise InputTypeError(f"strings must be a list of str such as ['XIZ'], got {strings!r}")
        if not len(coefficients) == len(strings) > 0:
            counts = f"{len(coefficients)} and {len(strings)}"
            raise InputError(f"coefficients and strings must be as many and at least one, got {counts}")
        for string in strings:
            check_letters("strings", string)
        if len(set(map(len, strings))) > 1:
            raise InputError(
                f"strings must have one letter for each qubit, as many in all, got {tuple(strings)}"
            )
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
        return cls(np.diag(np.eye(1, 2 ** _check_size(num_qubits))[0]), "|0⟩⟨0|")

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
        n = _check_size(num_qubits)
        letter = one_of("axis", axis, "XYZ")
        summed = cls.pauli_sum([1 / n] * n, on_each_qubit(letter, n))
        return cls(summed.matrix, f"magnetisation {letter}")

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
        return read_only(np.linalg.eigvalsh(self.matrix).astype(np.float64))

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


@dataclass(frozen=True, eq=False)
class Model:
    """A circuit with an observable on as many qubits, and the data points that it takes."""

    circuit: ParametrisedCircuit
    observable: Observable
    points: Any  # as a caller gives them, None for no data; kept as an array of shape (m, F), one empty point for None

    def __post_init__(self) -> None:
        for name, kind in (("circuit", ParametrisedCircuit), ("observable", Observable)):
            if not isinstance(value := getattr(self, name), kind):
                raise InputTypeError(
                    f"{name} must be a haarqntk.training.{kind.__name__}, got {type(value).__name__}; make one"
                )
        n, expected = self.circuit.num_qubits, self.circuit.num_features
        if self.observable.num_qubits != n:
            raise InputError(
                f"observable must act on num_qubits = {n} qubits, got {self.observable.num_qubits}"
            )
        points = np.zeros((1, 0)) if self.points is None else real_array("features", self.points)
        if points.ndim != 2 or points.shape[1] != expected or not len(points):  # noqa: PLR2004 - a table
            raise InputError(
                f"features must have the shape (m, {expected}) with m ≥ 1, one row for each data point, "
                f"got {None if self.points is None else points.shape}"
            )
        object.__setattr__(self, "points", points)

    def settings(self, angles: ArrayLike) -> tuple[Real, tuple[int, ...]]:
        """Return angles of shape (…, L) as (N, L), and their leading axes."""
        theta, L = real_array("angles", angles), self.circuit.num_parameters
        if theta.ndim == 0 or theta.shape[-1] != L:
            raise InputError(
                f"angles must have {L} entries along the last axis, one for each parameter, "
                f"got the shape {theta.shape}"
            )
        return theta.reshape(math.prod(theta.shape[:-1]), L), theta.shape[:-1]

    def check_kernels(self, kernels: Real) -> None:
        """Refuse kernels of shape (…, m, m) all of which are no more than rounding: there is nothing to train.

        Rounding makes of a K that vanishes, at one data point, at most (2⁻⁵² · gates · ‖O‖ · Σ|scale|)², ‖O‖
        bounded by the largest sum of moduli in a row; of m points, λ_max ≤ Tr K is within m times that.
        """
        norm = np.abs(self.observable.matrix).sum(axis=1).max() * self.circuit.generator_norms.sum()
        floor = kernels.shape[-1] * (2.0**-52 * len(self.circuit.gates) * float(norm)) ** 2
        if (np.linalg.eigvalsh(kernels)[..., -1] <= floor).all():
            raise InputError(
                "circuit must have outputs that depend on its angles, got a kernel that vanishes to within "
                "rounding: symmetry, O ∝ 1, or an extremum of every output; take another observable, circuit or start"
            )


def _check_size(num_qubits: object) -> int:
    n = integer("num_qubits", num_qubits, at_least=1)
    check_size(n, "observables are dense matrices")
    return n
