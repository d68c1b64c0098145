"""The finite groups: sizes, exact closure in integers, and that the rounded matrices are those of the integers."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy
from sympy.physics.matrices import msigma

import haarqntk as hq
from haarqntk.designs import clifford_integers, icosian_integers, projective_product
from haarqntk.errors import CostError, InputError, InputTypeError


def test_sizes() -> None:
    assert hq.pauli_group(1).shape == (4, 2, 2)
    assert hq.pauli_group(3).shape == (64, 8, 8)
    assert hq.clifford_group(1).shape == (24, 2, 2)
    assert hq.clifford_group(2).shape == (11520, 4, 4)
    assert hq.icosahedral_group().shape == (120, 2, 2)


@pytest.mark.parametrize("n", [1, 2])
def test_the_clifford_group_is_closed_up_to_phases_and_every_element_is_another(n: int) -> None:
    """Exact: the elements are integer matrices. For two qubits a stride of elements, times all."""
    group = clifford_integers(n)
    keys = {element.tobytes() for element in group}
    assert len(keys) == len(group)
    for element in group[:: 1 if n == 1 else 1000]:
        found = {product_.tobytes() for product_ in projective_product(element, group)}
        assert found == keys


@pytest.mark.parametrize("n", [1, 2])
def test_a_clifford_element_is_unitary_and_maps_pauli_strings_to_pauli_strings(n: int) -> None:
    """U P U† = ±P', for the strings that generate: in Gaussian integers, which complex128 holds exactly."""
    parts = clifford_integers(n)
    assert set(np.unique(parts).tolist()) == {-1, 0, 1}
    M = parts[:, 0] + 1j * parts[:, 1]
    adjoint, scale = M.conj().swapaxes(1, 2), (np.abs(M[:, :, 0]) ** 2).sum(axis=1)[:, None, None]
    assert np.array_equal(M @ adjoint, scale * np.eye(2**n))
    strings = hq.pauli_group(n)
    signed = {(sign * P + 0.0).tobytes() for P in strings for sign in (1, -1)}
    for P in strings[[1, 3] if n == 1 else [1, 3, 4, 12]]:
        images = M @ P @ adjoint / scale
        assert all((image + 0.0).tobytes() in signed for image in images[:: 1 if n == 1 else 50])


@pytest.mark.parametrize("n", [1, 2])
def test_the_clifford_group_holds_the_pauli_group_and_the_identity_first(n: int) -> None:
    group = hq.clifford_group(n)
    assert np.array_equal(group[0], np.eye(2**n))
    overlaps = np.abs(np.tensordot(hq.pauli_group(n).conj(), group, axes=((1, 2), (1, 2))))
    assert np.isclose(overlaps, 2**n).sum(axis=1).tolist() == [1] * 4**n


def test_pauli_strings_are_the_products_of_the_letters() -> None:
    letters = [sympy.eye(2), *(msigma(j) for j in (1, 2, 3))]
    expected = [sympy.kronecker_product(a, b) for a, b in product(letters, repeat=2)]
    assert [sympy.Matrix(P).applyfunc(sympy.nsimplify) for P in hq.pauli_group(2)] == expected


def quaternion_products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Every product of quaternions with components p + q√5, exactly; the Hamilton rule, i j = k."""

    def times(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        p, q, r, s = x[:, None, 0], x[:, None, 1], y[None, :, 0], y[None, :, 1]
        return np.stack([p * r + 5 * q * s, p * s + q * r], axis=-1)

    (a0, a1, a2, a3), (b0, b1, b2, b3) = np.moveaxis(a, 1, 0), np.moveaxis(b, 1, 0)
    rows = [
        times(a0, b0) - times(a1, b1) - times(a2, b2) - times(a3, b3),
        times(a0, b1) + times(a1, b0) + times(a2, b3) - times(a3, b2),
        times(a0, b2) - times(a1, b3) + times(a2, b0) + times(a3, b1),
        times(a0, b3) + times(a1, b2) - times(a2, b1) + times(a3, b0),
    ]
    return np.stack(rows, axis=2).reshape(-1, 4, 2)


def test_the_icosians_are_closed_unit_quaternions_exactly() -> None:
    group = icosian_integers()
    keys = {element.tobytes() for element in group}
    assert len(keys) == 120
    assert {element.tobytes() for element in -group} == keys  # 60 up to the sign
    p, q = group[..., 0], group[..., 1]
    assert np.array_equal((p**2 + 5 * q**2).sum(axis=1), np.full(120, 16))
    assert not (p * q).sum(axis=1).any()
    products = quaternion_products(group, group)
    assert not (products % 4).any()
    assert {element.tobytes() for element in products // 4} == keys


def test_the_icosahedral_matrices_are_the_icosians() -> None:
    """U = a + i(bX + cY + dZ), entry by entry against SymPy to the last bits."""
    X, Y, Z = (msigma(j) for j in (1, 2, 3))
    for integers, U in zip(icosian_integers()[::7].tolist(), hq.icosahedral_group()[::7], strict=True):
        a, b, c, d = ((p + q * sympy.sqrt(5)) / 4 for p, q in integers)
        exact = a * sympy.eye(2) + sympy.I * (b * X + c * Y + d * Z)
        assert (exact * exact.H).applyfunc(sympy.expand) == sympy.eye(2)
        assert np.abs(np.array(exact.evalf(30).tolist(), dtype=complex) - U).max() <= 2**-52


@pytest.mark.parametrize(("n", "potentials"), [(1, [1, 2, 5, 15, 51, 187]), (2, [1, 2, 6, 29, 219, 2295])])
def test_frame_potentials_of_the_clifford_group_are_integers_exactly(n: int, potentials: list[int]) -> None:
    parts = clifford_integers(n).astype(object)
    traces = np.trace(parts, axis1=2, axis2=3)
    norms = (parts[:, :, :, 0] ** 2).sum(axis=(1, 2))
    for t, potential in enumerate(potentials, start=1):
        scale = (2**n // norms) ** t  # over the common denominator 2^{nt}
        assert ((traces**2).sum(axis=1) ** t * scale).sum() == potential * len(parts) * 2 ** (n * t)
        assert round(hq.frame_potential(hq.clifford_group(n), t, group=True)) == potential


not_an_int: Any = 1.5


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: hq.clifford_group(3), CostError, "num_qubits = 3 would not fit: three qubits have 92897280"),
        (lambda: hq.clifford_group(0), InputError, "num_qubits must be an integer ≥ 1, got 0"),
        (lambda: hq.clifford_group(not_an_int), InputTypeError, "num_qubits must be an integer ≥ 1, got 1.5"),
        (lambda: hq.pauli_group(6), CostError, "num_qubits = 6 would not fit: 4\\^6 matrices"),
        (lambda: hq.pauli_group(not_an_int), InputTypeError, "num_qubits must be an integer ≥ 1, got 1.5"),
    ],
)
def test_refused_sizes(call: object, error: type[Exception], text: str) -> None:
    assert callable(call)
    with pytest.raises(error, match=text):
        call()
