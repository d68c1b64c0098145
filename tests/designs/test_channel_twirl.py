"""The twirl of a channel: by the twirl of two copies, by fidelities, by an average over the Clifford group."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import qutip
import sympy
from hypothesis import given
from hypothesis import strategies as st
from strategies import rational_matrices
from sympy.physics.matrices import msigma

import haarqntk as hq
from haarqntk.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Callable

kraus_lists = st.integers(2, 3).flatmap(lambda D: st.lists(rational_matrices(D), min_size=1, max_size=3))


@given(kraus_lists)
def test_the_channel_is_the_twirl_of_two_copies(kraus: list[Any]) -> None:
    """Σ K ⊗ K† twirls to c_0 1 + c_1 F: ρ ↦ c_0 ρ + c_1 Tr ρ 1."""
    operators = [np.array(K, dtype=object) for K in kraus]
    D, found = len(kraus[0]), hq.twirl_channel(kraus)
    identity, swap = hq.twirl(sum(np.kron(K, K.T) for K in operators), 2).values
    assert found.dimension == D
    assert found.depolarising_parameter == identity
    assert found.trace_factor == identity + D * swap
    assert type(found.depolarising_parameter) is type(found.trace_factor) is Fraction


@given(kraus_lists)
def test_fidelities_are_those_of_the_channel_itself(kraus: list[Any]) -> None:
    """Entanglement: with |Φ⟩ = Σ|ii⟩/√D. Average: E ⟨A⟩⟨B⟩ = (Tr A Tr B + Tr AB)/(D(D+1)) over Haar states."""
    operators = [np.array(K, dtype=object) for K in kraus]
    D, found = len(kraus[0]), hq.twirl_channel(kraus)
    assert found.entanglement_fidelity == sum(np.trace(K) ** 2 for K in operators) / Fraction(D**2)
    squares = sum(np.trace(K) ** 2 + np.trace(K @ K.T) for K in operators)
    assert found.average_fidelity == squares / Fraction(D * (D + 1))


@pytest.mark.parametrize("n", [1, 2])
def test_the_channel_is_the_average_over_the_clifford_group(n: int) -> None:
    D, rng = 2**n, np.random.default_rng(n)
    kraus, rho = rng.normal(size=(2, 3, D, D)), rng.normal(size=(2, D, D))
    K, rho = kraus[0] + 1j * kraus[1], rho[0] + 1j * rho[1]
    U = hq.clifford_group(n)
    U_dagger = U.conj().swapaxes(1, 2)
    inner = U @ rho @ U_dagger
    average = (U_dagger @ sum(k @ inner @ k.conj().T for k in K) @ U).mean(axis=0)
    found = hq.twirl_channel(list(K))
    p, s = found.depolarising_parameter, found.trace_factor
    assert type(p) is type(s) is float
    assert type(found.average_fidelity) is type(found.entanglement_fidelity) is float
    assert np.abs(p * rho + (s - p) * np.trace(rho) * np.eye(D) / D - average).max() < 1e-12


def test_known_channels() -> None:
    """Pauli channels: F_e is the weight of the identity. Amplitude damping: F_e = ((1 + √(1−γ))/2)²."""
    q = Fraction(3, 10)
    weights = [1 - q, q / 2, q / 3, q / 6]
    letters = [sympy.eye(2), *(msigma(j) for j in (1, 2, 3))]
    found = hq.twirl_channel([sympy.sqrt(w) * P for w, P in zip(weights, letters, strict=True)])
    assert found == hq.TwirledChannel(2, 1 - 4 * q / 3, Fraction(1))
    assert found.entanglement_fidelity == 1 - q
    root = sympy.sqrt(sympy.Rational(2, 3))
    damping = hq.twirl_channel([[[1, 0], [0, root]], [[0, sympy.sqrt(sympy.Rational(1, 3))], [0, 0]]])
    assert sympy.expand(damping.entanglement_fidelity - ((1 + root) / 2) ** 2) == 0
    assert damping.trace_factor == 1
    assert hq.twirl_channel([qutip.qeye(3)]).depolarising_parameter == pytest.approx(1)
    assert hq.twirl_channel([[[0, -sympy.I], [sympy.I, 0]]]) == hq.twirl_channel([[[0, 1], [1, 0]]])


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: hq.twirl_channel([]), InputError, "kraus must hold at least one operator, got none"),
        (lambda: hq.twirl_channel([[[1]]]), InputError, "kraus must act on D ≥ 2, got D = 1"),
        (lambda: hq.twirl_channel([np.eye(2), np.eye(3)]), InputError, r"got \(2, 2\) and, at 1, \(3, 3\)"),
        (
            lambda: hq.twirl_channel(np.eye(2)),
            InputTypeError,
            r"kraus must be a list of matrices, got ndarray; pass \[K\]",
        ),
        (
            lambda: hq.twirl_channel(qutip.qeye(2)),
            InputTypeError,
            r"kraus must be a list .* got Qobj; pass \[K\]",
        ),
        (lambda: hq.twirl_channel(3), InputTypeError, "kraus must be a list of matrices, got int"),
    ],
)
def test_one_clear_error(call: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert "\n" not in str(caught.value)
