"""The Ising chain's magnetisation against free fermions and against all 2ⁿ amplitudes."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pytest

from haarqntk.errors import CostError, InputError, InputTypeError, UnknownNameError
from haarqntk.training import ising_magnetisation

FIELDS = [-3.0, -1.0, -0.2, 1e-7, 0.3, 0.9, 1.0, 1.1, 2.5]


def free_fermions(n: int, h: float, J: float, boundary: str) -> float:
    """⟨ΣX⟩/n = −(1/n) dE/dh of the even sector, whose fermions are antiperiodic on a ring."""
    if boundary == "periodic":  # E = −Σ_k (J² + h² + 2Jh cos k)^{1/2}, k = π(2j + 1)/n; n even, so k ≠ π
        k = np.pi * (2 * np.arange(n) + 1) / n
        return float(np.mean((h + J * np.cos(k)) / np.sqrt(J**2 + h**2 + 2 * J * h * np.cos(k))))
    # E = −Σ singular values of h·1 + J·(shift); their derivative is the trace of the polar factor.
    U, _, Vh = np.linalg.svd(h * np.eye(n) + J * np.eye(n, k=1))
    return float(np.trace(U @ Vh)) / n


@pytest.mark.parametrize("n", [2, 4, 6, 10, 12])
@pytest.mark.parametrize("boundary", ["periodic", "open"])
@pytest.mark.parametrize("J", [1.0, -0.7])
def test_the_transverse_magnetisation_is_that_of_free_fermions(n: int, boundary: str, J: float) -> None:
    if n == 2 and boundary == "periodic":
        boundary = "open"
    fields = FIELDS if n < 12 else FIELDS[-2:]
    expected = [free_fermions(n, h, J, boundary) for h in fields]
    computed = ising_magnetisation(n, fields, boundary=boundary, coupling=J)
    assert np.allclose(computed, expected, rtol=0, atol=1e-12 if n < 10 else 1e-10)


def dense(
    n: int, h: float, J: float, boundary: str
) -> tuple[np.ndarray[Any, Any], list[np.ndarray[Any, Any]]]:
    """The ground state among all 2ⁿ amplitudes, from Kronecker products, and the operators Z_i."""
    Z, X, one = np.diag([1.0, -1]), np.array([[0.0, 1], [1, 0]]), np.eye(2)

    def at(operator: np.ndarray[Any, Any], i: int) -> np.ndarray[Any, Any]:
        return reduce(np.kron, [operator if j == i else one for j in range(n)])

    zs, xs = [at(Z, i) for i in range(n)], [at(X, i) for i in range(n)]
    bonds = range(n if boundary == "periodic" else n - 1)
    H = -J * sum(zs[i] @ zs[(i + 1) % n] for i in bonds) - h * sum(xs)
    return np.linalg.eigh(H)[1][:, 0], zs


@pytest.mark.parametrize(
    ("n", "J"), [(3, 1.0), (5, -1.0), (5, 0.5), (6, -1.0)]
)  # odd rings may be frustrated
@pytest.mark.parametrize("boundary", ["periodic", "open"])
def test_the_longitudinal_magnetisation_is_that_of_all_amplitudes(n: int, J: float, boundary: str) -> None:
    fields = [-1.5, 0.4, 1.0, 2.0]
    expected = []
    for h in fields:
        ground, zs = dense(n, h, J, boundary)
        expected.append(np.sqrt(ground @ np.linalg.matrix_power(sum(zs), 2) @ ground) / n)
    computed = ising_magnetisation(n, fields, boundary=boundary, component="longitudinal", coupling=J)
    assert np.allclose(computed, expected, rtol=0, atol=1e-12)


def test_limits_and_symmetry() -> None:
    strong = ising_magnetisation(6, [-1e9, 0, 1e9])
    assert strong.tolist() == pytest.approx([-1, 0, 1], abs=1e-12)
    assert ising_magnetisation(6, 0.0, component="longitudinal") == pytest.approx(1, abs=1e-12)
    assert (ising_magnetisation(5, [-0.7]) == -ising_magnetisation(5, [0.7])).all()
    assert ising_magnetisation().shape == (20,)
    # A frustrated ring has many ground states at h = 0, where the magnetisation jumps; it is odd, hence 0.
    near, at = ising_magnetisation(11, [1e-6, 0], coupling=-1)
    assert near > 0.1
    assert at == 0


@pytest.mark.parametrize(
    ("arguments", "keywords", "kind", "text"),
    [
        ((2,), {}, InputError, "num_qubits must be an integer ≥ 3, got 2"),
        ((1,), {"boundary": "open"}, InputError, "num_qubits must be an integer ≥ 2, got 1"),
        ((17,), {}, CostError, "num_qubits must be at most 16, got 17, 131072 amplitudes"),
        ((6.0,), {}, InputTypeError, "num_qubits must be an integer ≥ 3, got 6.0"),
        ((6, [np.nan]), {}, InputError, "fields must be finite, got nan at [0]"),
        ((6, []), {}, InputError, "fields must not be empty (fields), got the shape (0,); pass one number"),
        ((6, ["x"]), {}, InputTypeError, "fields must be an array of numbers"),
        ((6,), {"boundary": "opne"}, UnknownNameError, "unknown boundary 'opne'; did you mean 'open'?"),
        ((6,), {"component": "y"}, UnknownNameError, "unknown component 'y'"),
        ((6,), {"coupling": 0}, InputError, "coupling must not be 0, got 0"),
        ((6,), {"coupling": [1, 2]}, InputError, "coupling must have 0 axes"),
    ],
)
def test_bad_input_is_refused(
    arguments: tuple[Any, ...], keywords: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind) as caught:
        ising_magnetisation(*arguments, **keywords)
    assert text in str(caught.value)
