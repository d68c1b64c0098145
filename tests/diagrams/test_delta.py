"""Diagrams with deltas against sums over all indices, and that equal diagrams have one form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from haarqntk.diagrams import Letter, delta_letter, first_ends, flatten, reduce_diagram
from haarqntk.diagrams import matrix_letter as matrix
from haarqntk.haar._written import component_text

REAL = frozenset({"real", "unitary", "antisymmetric"})


def letters_on(D: int) -> dict[str, Letter]:
    found = {
        "A": matrix("A", (D,), frozenset()),
        "B": matrix("B", (D,), frozenset()),
        "H": matrix("H", (D,), frozenset({"hermitian"})),
        "S": matrix("S", (D,), frozenset({"symmetric"})),
        "X": matrix("X", (D,), frozenset({"involution"})),
        "M": matrix("M", (D, D), frozenset()),
        "psi": Letter("vector", "psi", (D,)),
        **{str(i): Letter("index", str(i), (D,)) for i in range(D)},
    }
    if D == 2:
        found["J"] = Letter("matrix", "J", (D,), REAL)
        found["Q"] = Letter("matrix", "Q", (D,), frozenset({"symplectic"}))
    return found


def arrays_on(D: int) -> dict[str, Any]:
    """Complex integers that obey the relations; the axes of M are left 0, right 0, left 1, right 1."""
    rng = np.random.default_rng(D)

    def drawn(*shape: int) -> Any:
        return rng.integers(-3, 4, shape) + 1j * rng.integers(-3, 4, shape)

    a, s = drawn(D, D), drawn(D, D)
    swap = np.eye(D)[::-1].astype(complex)
    swap[0] *= 2
    swap[-1] /= 2
    return {
        "A": drawn(D, D),
        "B": drawn(D, D),
        "H": a + a.conj().T,
        "S": s + s.T,
        "X": swap if D > 1 else -np.eye(1),
        "M": drawn(D, D, D, D),
        "psi": drawn(D),
        "J": np.array([[0, 1], [-1, 0]]),
        "Q": np.array([[2 + 1j, 1j], [3, (1 + 3j) / (2 + 1j)]]),
    }


def value(letters: list[Letter], partner: list[int], D: int, arrays: dict[str, Any]) -> complex:
    """By dense arrays: an axis for each pair of joined ends, and each delta as an array with m axes."""
    operands: list[Any] = []
    for letter, first in zip(letters, first_ends(letters), strict=True):
        m = letter.num_ends
        if letter.kind == "delta":
            array = np.zeros((D,) * m)
            for i in range(D):
                array[(i,) * m] = 1
        elif letter.kind == "index":
            array = np.eye(D)[int(letter.name)]
        else:
            array = arrays[letter.name]
        operands += [array.conj() if letter.conjugated else array]
        operands += [[min(end, partner[end]) for end in range(first, first + m)]]
    used = sorted({x for axes in operands[1::2] for x in axes})
    operands[1::2] = [[used.index(x) for x in axes] for axes in operands[1::2]]
    return complex(np.einsum(*operands, [], optimize="greedy")) if operands else 1.0


def random_diagram(rng: np.random.Generator, D: int) -> tuple[list[Letter], list[int]]:
    """Up to six letters and up to four deltas whose ends are joined anyhow."""
    known = letters_on(D)
    names = rng.choice([name for name in known if name != "psi" or rng.random() < 0.3], rng.integers(0, 7))
    letters = [known[name].conjugate() if rng.random() < 0.4 else known[name] for name in names]
    letters += [delta_letter(D, int(m)) for m in rng.integers(1, 6, rng.integers(1, 5))]
    if sum(letter.num_ends for letter in letters) % 2:
        letters.append(delta_letter(D, 1))
    letters = [letters[i] for i in rng.permutation(len(letters))]
    ends = [int(end) for end in rng.permutation(sum(letter.num_ends for letter in letters))]
    partner = [0] * len(ends)
    for a, b in zip(ends[::2], ends[1::2], strict=True):
        partner[a], partner[b] = b, a
    return letters, partner


def relabelled(
    letters: list[Letter], partner: list[int], rng: np.random.Generator
) -> tuple[list[Letter], list[int]]:
    """The same diagram with its letters in another order, and the ends of its deltas and symmetric letters.

    A symmetric letter between matrices on several factors has no canonical direction, as without deltas.
    """
    can_turn = all(len(letter.spaces) == 1 for letter in letters)
    first = first_ends(letters)
    order = [int(i) for i in rng.permutation(len(letters))]
    ends: list[int] = []
    for i in order:
        own = list(range(first[i], first[i] + letters[i].num_ends))
        if letters[i].kind == "delta" or (can_turn and "symmetric" in letters[i].properties):
            own = [int(end) for end in rng.permutation(own)]
        ends += own
    place = {end: new for new, end in enumerate(ends)}
    return [letters[i] for i in order], [place[partner[end]] for end in ends]


@pytest.mark.parametrize("D", [1, 2, 3])
def test_reduction_keeps_the_value_and_does_not_depend_on_the_numbering(D: int) -> None:
    rng, arrays = np.random.default_rng(20 + D), arrays_on(D)
    num_open = 0
    for _ in range(600):
        letters, partner = random_diagram(rng, D)
        expected = value(letters, partner, D, arrays)
        reduced = reduce_diagram(letters, partner)
        if reduced is None:
            assert abs(expected) < 1e-6
        else:
            found = value(*flatten([reduced.monomial]), D, arrays) * reduced.sign * D ** len(reduced.loops)
            assert abs(found - expected) <= 1e-9 * max(1, abs(expected)), (letters, partner)
            again = reduce_diagram(*flatten([reduced.monomial]))
            assert again is not None
            assert (again.sign, again.loops, again.monomial) == (1, (), reduced.monomial)
            num_open += any(x.kind == "delta" for c, _ in reduced.monomial for x in c.letters)
        for _ in range(3):
            assert reduce_diagram(*relabelled(letters, partner, rng)) == reduced
    assert num_open > 200


def reduced_text(letters: list[Letter], partner: list[int]) -> str:
    reduced = reduce_diagram(letters, partner)
    assert reduced is not None
    assert reduced.sign == 1
    return "*".join([*map(str, reduced.loops), *(component_text(c) for c, _ in reduced.monomial)])


A, B = (matrix(name, ("D",), frozenset()) for name in "AB")
ZERO, NAMED = (Letter("index", name, ("D",)) for name in ("0", "k"))
ROW, COLUMN = (Letter("open", side, ("D",)) for side in ("left", "right"))


def delta(num_ends: int) -> Letter:
    return delta_letter("D", num_ends)


@pytest.mark.parametrize(
    ("letters", "partner", "text"),
    [
        ([delta(2)], [1, 0], "D"),
        ([delta(1), delta(1)], [1, 0], "D"),
        ([delta(4)], [2, 3, 0, 1], "D"),
        ([delta(3), delta(3)], [3, 4, 5, 0, 1, 2], "D"),
        ([delta(1), ZERO], [1, 0], ""),
        ([delta(2), ZERO, NAMED], [2, 3, 0, 1], "<0|k>"),
        ([delta(2), A], [2, 3, 0, 1], "Tr(A)"),
        ([delta(4), A], [4, 5, 3, 2, 0, 1], "Tr(A)"),
        ([delta(3), A, NAMED], [3, 4, 5, 0, 1, 2], "<k|A|k>"),
        ([delta(1), A, delta(1)], [1, 0, 3, 2], "sum(A[i, j], i, j)"),
        ([delta(1), A, ZERO], [1, 0, 3, 2], "sum(A[i, 0], i)"),
        ([delta(4), A, B], [4, 5, 6, 7, 0, 1, 2, 3], "sum(A[i, i] B[i, i], i)"),
        ([delta(4), A, A], [4, 5, 6, 7, 0, 1, 2, 3], "sum(A[i, i]^2, i)"),
        (
            [delta(3), delta(3), A, B, A],
            [6, 8, 10, 7, 9, 11, 0, 3, 1, 4, 2, 5],
            "sum(A[i, j]^2 B[i, j], i, j)",
        ),
    ],
)
def test_what_an_author_would_write(letters: list[Letter], partner: list[int], text: str) -> None:
    assert reduced_text(letters, partner) == text


def test_turning_an_antisymmetric_letter_changes_the_sign() -> None:
    rng, num_turned = np.random.default_rng(5), 0
    for _ in range(2000):
        letters, partner = random_diagram(rng, 2)
        places = [i for i, letter in enumerate(letters) if letter.name == "J"]
        if not places or any(letter.name == "M" for letter in letters):
            continue
        end = first_ends(letters)[places[0]]
        place = {end: end + 1, end + 1: end}
        turned = [place.get(partner[place.get(e, e)], partner[place.get(e, e)]) for e in range(len(partner))]
        found, other = reduce_diagram(letters, partner), reduce_diagram(letters, turned)
        assert (found is None) == (other is None)
        if found is not None and other is not None:
            assert (found.sign, found.loops, found.monomial) == (-other.sign, other.loops, other.monomial)
            num_turned += any(x.kind == "delta" for c, _ in found.monomial for x in c.letters)
    assert num_turned > 20


@pytest.mark.parametrize("name", ["A", "S"])
def test_a_diagram_with_every_symmetry_has_one_form_at_little_cost(name: str) -> None:
    """Σ_i A_ii^12 and Σ Π_{a<b} S_{i_a i_b}: 12! and 8! ways to number them."""
    rng = np.random.default_rng(6)
    letter = letters_on(2)[name]
    edges = [(0, 0)] * 12 if name == "A" else [(a, b) for a in range(8) for b in range(a)]
    order = [(vertex, 2 * n + side) for n, pair in enumerate(edges) for side, vertex in enumerate(pair)]
    counts = [sum(vertex == v for vertex, _ in order) for v in range(1 + max(map(max, edges)))]
    letters = [*[letter] * len(edges), *(delta_letter(2, m) for m in counts)]
    partner = [0] * (2 * len(order))
    for n, (_, end) in enumerate(sorted(order)):
        partner[end], partner[len(order) + n] = len(order) + n, end
    reduced = reduce_diagram(letters, partner)
    assert reduced is not None
    assert all(reduce_diagram(*relabelled(letters, partner, rng)) == reduced for _ in range(5))


def test_a_symmetric_matrix_under_the_symplectic_form_is_zero() -> None:
    """Σ_ij J_ij S_ij² = 0, while Σ_ij J_ij A_ij² is not."""
    known = letters_on(2)
    for name, is_zero in (("S", True), ("A", False)):
        letters = [known["J"], known[name], known[name], delta_letter(2, 3), delta_letter(2, 3)]
        partner = [6, 9, 7, 10, 8, 11, 0, 2, 4, 1, 3, 5]
        assert (reduce_diagram(letters, partner) is None) == is_zero
