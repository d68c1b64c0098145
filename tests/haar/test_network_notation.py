from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from network_language import NetworkReader

import haarqntk as hq
from haarqntk.combinatorics import pairings
from haarqntk.diagrams import Component, Letter, first_ends, is_open, reduce_diagram
from haarqntk.haar._style import LATEX
from haarqntk.haar._written import component_symbol, component_text, word_text

D = 2
M, N = (Letter("matrix", name, ("D", "D")) for name in "MN")
A, B = (Letter("matrix", name, ("D",)) for name in "AB")
R = Letter("matrix", "R", ("D",) * 3)
KET = Letter("vector", "psi", ("D", "D"), frozenset({"normalised"}))
INDICES = tuple(Letter("index", name, ("D",)) for name in "01")

SETS = {
    "M M": (M, M),
    "M N": (M, N),
    "M N*": (M, N.conjugate()),
    "M A B": (M, A, B),
    "M M A": (M, M, A),
    "R": (R,),
    "R M": (R, M),
    "R A A": (R, A, A),
    "M 0 1 A": (M, *INDICES, A),
    "M psi": (M, KET, KET.conjugate()),
}


def components(letters: tuple[Letter, ...]) -> set[Component]:
    """Every connected network of these letters, without what their relations remove."""
    total = sum(letter.num_ends for letter in letters)
    found = set()
    for pairing in pairings(total):
        partner = [0] * total
        for a, b in pairing:
            partner[a], partner[b] = b, a
        reduced = reduce_diagram(letters, partner)
        for component, _ in reduced.monomial if reduced else ():
            if not component.is_chain:
                found.add(component)
    return found


NETWORKS = {name: components(letters) for name, letters in SETS.items()}


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    drawn = {x.name: rng.integers(-3, 4, (D,) * x.num_ends) for x in (M, N, A, B, R)}
    shaped = {}
    for name, array in drawn.items():
        m = array.ndim // 2
        shaped[name] = array.reshape((D,) * (2 * m))
    ket = rng.integers(-3, 4, (D, D))
    shaped["psi"] = np.multiply.outer(ket, ket)
    shaped["|psi>"] = ket
    return shaped


ARRAYS = arrays()


def by_sum(component: Component) -> int:
    """The value of a network by summing over its indices; the arrays are real."""
    label: dict[int, int] = {}
    for end, other in enumerate(component.partner):
        label[end] = label.get(other, len(label))
    operands: list[Any] = []
    for letter, first in zip(component.letters, first_ends(component.letters), strict=True):
        ends = list(range(first, first + letter.num_ends))
        if letter.kind == "matrix":
            operands += [ARRAYS[letter.name], [label[e] for e in (*ends[::2], *ends[1::2])]]
        elif letter.kind == "vector":
            operands += [ARRAYS["|psi>"], [label[e] for e in ends]]
        else:
            operands += [np.eye(D, dtype=int)[int(letter.name)], [label[e] for e in ends]]
    return int(np.einsum(*operands, []))


def test_different_networks_have_different_names() -> None:
    every = set().union(*NETWORKS.values())
    texts = {component_text(component) for component in every}
    assert len(texts) == len({component_text(component, LATEX) for component in every}) == len(every)
    assert len({component_symbol(component) for component in every}) == len(every) > 500


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_what_is_written_read_back_has_the_value_of_the_network(name: str) -> None:
    for component in sorted(NETWORKS[name], key=lambda c: c.sort_key)[::3]:
        text = component_text(component)
        assert NetworkReader(text, ARRAYS, D).value() == by_sum(component), text


def test_what_an_author_would_write() -> None:
    U = hq.haar_unitary("U", dims="d1")
    gate = hq.kron(U, hq.identity("d2"))
    m, n = hq.matrices("M N", dims=("d1", "d2"))
    twirled = hq.expect(gate @ m @ gate.H)
    assert str(twirled) == "(1/d1) 1 ⊗ Tr_0(M)"
    assert twirled.latex().endswith(r"\mathbf{1} \otimes \operatorname{Tr}_{0}\left(M\right)")
    size = hq.expect(hq.tr(hq.identity(("d1", "d2")))).to_sympy()
    assert twirled.to_sympy().shape == (size, size)
    written = {
        hq.tr(m @ n): "Tr(M N)",
        hq.tr(hq.partial_trace(m, over=1) @ hq.partial_trace(m, over=1)): "Tr(Tr_1(M)^2)",
        m[(0, 1), (1, 0)]: "<0 1|M|1 0>",
        hq.tr(m @ m.T @ m.conj()): "Tr(M^T conj(M) M)",
    }
    for expression, text in written.items():
        assert str(hq.expect(expression)) == text
    overlap = str(hq.expect(hq.tr(gate @ m @ gate.H @ n) ** 2))
    assert "Tr[(0 1)(2 3), (0 2)(1 3)](M ⊗ M ⊗ N ⊗ N)" in overlap


def test_operators_on_two_copies_are_the_identity_and_the_swap() -> None:
    V = hq.haar_unitary("V")
    P = hq.matrices("P", dims=("D", "D"))
    twirled = hq.expect(hq.kron(V, V) @ P @ hq.kron(V, V).H)
    assert str(twirled) == (
        "((D*Tr(P) - Tr(P P(0 1)))/(D*(D - 1)*(D + 1))) 1 ⊗ 1 + "
        "((D*Tr(P P(0 1)) - Tr(P))/(D*(D - 1)*(D + 1))) P(0 1)"
    )


def test_a_twirl_and_an_integral_write_the_swap_alike() -> None:
    V, Z = hq.haar_unitary("V", dims=2), hq.matrices("Z", dims=(2, 2))
    of_matrix = hq.twirl(np.diag([1, -1, -1, 1]), 2)
    assert str(of_matrix) == "(-1/3) P(id) + (2/3) P(0 1)"
    assert str(hq.expect(hq.kron(V, V) @ Z @ hq.kron(V, V).H)).endswith(" P(0 1)")


@pytest.mark.parametrize("sigma", [(1, 2, 0), (2, 0, 1), (0, 2, 1)])
def test_a_permutation_operator_moves_place_a_to_place_sigma_of_a(sigma: tuple[int, int, int]) -> None:
    a, b, c = hq.matrices("A B C")
    V = hq.haar_unitary("V")
    W = hq.kron(V, V, V)
    twirled = hq.expect(W @ hq.kron(a, b, c) @ W.H)
    cycles = {(1, 2, 0): "P(0 1 2)", (2, 0, 1): "P(0 2 1)", (0, 2, 1): "P(1 2)"}[sigma]
    assert f" {cycles}" in str(twirled)
    for monomial in twirled.terms:
        word = tuple(component for component, _ in monomial if is_open(component))
        if word_text(word, ("D",) * 3) != cycles:
            continue
        moved = {}
        for component in word:
            ends = {letter.name: letter.place for letter in component.letters}
            moved[ends["right"]] = ends["left"]
        assert tuple(moved[i] for i in range(3)) == sigma
