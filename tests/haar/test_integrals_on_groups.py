"""Integrals against averages over groups: exact over Clifford groups, within four standard errors over samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integrands import Batch, BatchRoom, evaluate, names_in
from scipy.stats import ortho_group, unitary_group
from strategies import copies_of, gaussian_integer_matrices, given_letters, products

import haarqntk as hq

if TYPE_CHECKING:
    from integrands import Node

ROUNDING = 1e-9
NUM_SAMPLES = 20_000
LARGEST_Z = 4.0


def exactly(node: Node, given_matrices: dict[str, Any], D: int, group: Any = hq.haar_unitary) -> Any:
    letters: dict[str, Any] = {name: group(name) for name in "UV"}
    letters |= {name: hq.matrices(name) for name in "AB"}
    used = {name: x for name, x in given_matrices.items() if name in names_in(node)}
    return hq.expect(evaluate(node, letters, hq)).at(D, matrices=used)


def on_elements(node: Node, given_matrices: dict[str, Any], **random: Any) -> Any:
    letters = {name: Batch(x) for name, x in random.items()}
    letters |= {name: Batch(np.array(x, dtype=complex)[None]) for name, x in given_matrices.items()}
    value = evaluate(node, letters, BatchRoom)
    return value.values if isinstance(value, Batch) else value


@pytest.mark.parametrize(("n", "largest", "examples"), [(1, 3, 40), (2, 3, 6)])
def test_words_average_the_clifford_group_up_to_its_design_order(n: int, largest: int, examples: int) -> None:
    @settings(max_examples=examples)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        k = data.draw(st.integers(1, largest))
        factors = data.draw(copies_of("U", group="unitary", k=k)) + data.draw(given_letters("AB", most=4))
        node = data.draw(products(factors, D=2**n, is_open=data.draw(st.booleans())))
        matrices = {name: data.draw(gaussian_integer_matrices(2**n)) for name in "AB"}
        found = np.array(exactly(node, matrices, 2**n), dtype=complex)
        wanted = on_elements(node, matrices, U=hq.clifford_group(n)).mean(axis=0)
        assert np.abs(found - wanted).max() < ROUNDING * max(1.0, float(np.abs(wanted).max()))

    check()


def symplectic_samples(D: int, size: int, rng: np.random.Generator) -> Any:
    """Haar on Sp(D): Gram–Schmidt on complex Gaussian columns x, each with its partner −J x*."""
    J = np.kron([[0, 1], [-1, 0]], np.eye(D // 2))
    columns: list[Any] = []
    partners: list[Any] = []
    for _ in range(D // 2):
        x = rng.normal(size=(size, D)) + 1j * rng.normal(size=(size, D))
        for _ in range(2):
            for y in columns + partners:
                x -= y * (y.conj() * x).sum(axis=1, keepdims=True)
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        columns.append(x)
        partners.append(-(x.conj() @ J.T))
    return np.stack(columns + partners, axis=2)


def samples(group: str, D: int, rng: np.random.Generator) -> Any:
    if group == "symplectic":
        return symplectic_samples(D, NUM_SAMPLES, rng)
    law = unitary_group if group == "unitary" else ortho_group
    return law.rvs(D, size=NUM_SAMPLES, random_state=rng)


def test_the_symplectic_sampler_keeps_the_form() -> None:
    J = np.kron([[0, 1], [-1, 0]], np.eye(2))
    for S in symplectic_samples(4, 5, np.random.default_rng(0)):
        assert np.allclose(S.T @ J @ S, J)
        assert np.allclose(S @ S.conj().T, np.eye(4))


WORDS: dict[str, Any] = {
    "|Tr UAV|^2 Tr UBU†A": lambda tr, U, V, A, B: tr(U @ A @ V) * tr(U @ A @ V).conj() * tr(U @ B @ U.H @ A),
    "Tr UAVBU†BV†A": lambda tr, U, V, A, B: tr(U @ A @ V @ B @ U.H @ B @ V.H @ A),
    "Tr UAUBU†AU†B": lambda tr, U, V, A, B: tr(U @ A @ U @ B @ U.H @ A @ U.H @ B) * tr(V @ V.H),
    "Tr UAUᵀB U*VU†V†": lambda tr, U, V, A, B: tr(U @ A @ U.T @ B @ U.conj() @ V @ U.H @ V.H),
}


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    ("group", "D"), [("unitary", 3), ("unitary", 4), ("orthogonal", 3), ("orthogonal", 4), ("symplectic", 4)]
)
def test_words_in_two_random_matrices_agree_with_sampling_and_a_wrong_value_does_not(
    group: str, D: int, word: str
) -> None:
    """The samples are 20 000 pairs; half as much again is refused."""
    rng = np.random.default_rng([ord(x) for x in group + word])
    A, B = (np.diag(np.arange(1, D + 1)) + rng.integers(0, 3, size=(D, D)) for _ in range(2))
    declare: dict[str, Any] = {
        "unitary": hq.haar_unitary,
        "orthogonal": hq.haar_orthogonal,
        "symplectic": hq.haar_symplectic,
    }
    letters = [declare[group](name) for name in "UV"] + list(hq.matrices("A B"))
    exact = complex(
        hq.expect(WORDS[word](hq.tr, *letters)).at(D, matrices={"A": A.tolist(), "B": B.tolist()})
    )
    arrays = [Batch(samples(group, D, rng)) for _ in range(2)] + [
        Batch(x[None].astype(complex)) for x in (A, B)
    ]
    values = WORDS[word](BatchRoom.tr, *arrays).real
    error = values.std() / np.sqrt(len(values))
    assert abs(exact.imag) < ROUNDING
    assert abs(values.mean() - exact.real) < LARGEST_Z * error
    assert exact.real
    assert abs(values.mean() - 1.5 * exact.real) > LARGEST_Z * error
