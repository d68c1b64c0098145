"""Words under the trace: one name for each cyclic word, and pure states reduce to overlaps."""

from __future__ import annotations

import copy
import pickle
from functools import reduce
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from strategies import observable_words, pure_states, words

from haarqntk.algebra import Trace, canonical_cyclic_word, mixed_traces, pure_state_invariant, read_symbol
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@given(words(letters="ABC", largest=7), st.integers(0, 6))
def test_the_canonical_word_is_a_rotation_and_the_same_for_all(word: tuple[str, ...], shift: int) -> None:
    i = shift % max(len(word), 1)
    rotations = {word[j:] + word[:j] for j in range(max(len(word), 1))}
    assert canonical_cyclic_word(word[i:] + word[:i]) == canonical_cyclic_word(word)
    assert canonical_cyclic_word(word) in rotations
    assert canonical_cyclic_word(canonical_cyclic_word(word)) == canonical_cyclic_word(word)


def test_words_that_differ_by_more_than_a_rotation_stay_apart() -> None:
    assert canonical_cyclic_word(("A", "B", "C")) != canonical_cyclic_word(("A", "C", "B"))
    assert canonical_cyclic_word(("A", "A", "B")) != canonical_cyclic_word(("A", "B", "B"))


@given(observable_words())
def test_the_name_of_a_trace_gives_its_word_back(word: tuple[str, ...]) -> None:
    trace = Trace(word)
    assert trace.observables == canonical_cyclic_word(word)
    assert (read_symbol(str(trace)), read_symbol(str(trace)).word) == (trace, trace.word)
    assert type(read_symbol(str(trace))) is Trace


def test_names_of_traces_are_those_of_the_papers() -> None:
    assert [Trace(("O",) * j) for j in (1, 2, 12)] == ["T1", "T2", "T12"]
    assert Trace(("O2", "O1")) == "T_O1O2"
    assert Trace(("O1",)) == "T_O1"


@pytest.mark.parametrize(
    "name", ["D", "L", "n", "sigma", "sigma_ab", "T", "T0", "T01", "t2", "T_", "T_ab", "T2x"]
)
def test_other_symbols_are_no_traces(name: str) -> None:
    assert not isinstance(read_symbol(name), Trace)


@given(words(letters="ab", largest=9, smallest=1), st.integers(2, 4), st.data())
def test_words_in_two_states_are_overlap_powers(word: tuple[str, ...], D: int, data: st.DataObject) -> None:
    states: dict[str, NDArray[np.complex128]] = {x: data.draw(pure_states(D)) for x in "ab"}
    overlap = float(np.trace(states["a"] @ states["b"]).real)
    expected = np.trace(reduce(np.matmul, [states[x] for x in word]))
    invariant = pure_state_invariant(word)
    assert set(invariant) <= {"sigma_ab"}
    assert prod(overlap**e for e in invariant.values()) == pytest.approx(expected, abs=1e-12)


@given(words(letters="ab", largest=9, smallest=1), st.integers(0, 8))
def test_the_invariant_of_a_word_does_not_see_rotations_or_repetitions(word: tuple[str, ...], i: int) -> None:
    i %= len(word)
    assert pure_state_invariant(word[i:] + word[:i]) == pure_state_invariant(word)
    assert pure_state_invariant((*word[:i], word[i], *word[i:])) == pure_state_invariant(word)


@given(words(letters="abc", largest=6, smallest=1), st.data())
def test_words_in_three_states_have_one_more_invariant(word: tuple[str, ...], data: st.DataObject) -> None:
    states: dict[str, NDArray[np.complex128]] = {x: data.draw(pure_states(3)) for x in "abc"}
    values = {f"sigma_{x}{y}": np.trace(states[x] @ states[y]).real for x, y in ("ab", "ac", "bc")}
    values["Re_abc"] = np.trace(states["a"] @ states["b"] @ states["c"]).real
    try:
        invariant = pure_state_invariant(word)
    except InputError:
        reject()
    expected = np.trace(reduce(np.matmul, [states[x] for x in word])).real
    assert prod(values[name] ** e for name, e in invariant.items()) == pytest.approx(expected, abs=1e-12)


def test_states_are_named_alike_from_either_side_and_apart_where_letters_would_run_together() -> None:
    assert pure_state_invariant(("a", "c", "b")) == pure_state_invariant(("b", "a", "c")) == {"Re_abc": 1}
    assert pure_state_invariant(("b", "a")) == {"sigma_ab": 1}
    assert pure_state_invariant(("a", "bc")) != pure_state_invariant(("ab", "c"))
    assert pure_state_invariant(("a", "b", "a", "c")) == {"sigma_ab": 1, "sigma_ac": 1}


def test_a_product_of_two_phases_is_refused() -> None:
    text = "states must leave at most one invariant with a phase in a product, got Re_abc and Re_abc; "
    with pytest.raises(InputError, match=text + "use fewer different states in one moment"):
        pure_state_invariant(("a", "b", "c", "a", "b", "c"))


MixedWord = tuple[tuple[str, str], ...]
LETTERS = [("observable", "O"), ("observable", "O1"), ("state", "a"), ("state", "b"), ("state", "psi")]
mixed_words = st.lists(st.sampled_from(LETTERS), min_size=1, max_size=7).map(tuple)


def value(words: list[MixedWord], matrices: dict[str, NDArray[np.complex128]]) -> complex:
    return complex(prod(np.trace(reduce(np.matmul, [matrices[name] for _, name in word])) for word in words))


@given(st.lists(mixed_words, min_size=1, max_size=3), st.integers(0, 2**32 - 1))
def test_mixed_traces_have_the_value_of_their_words(words: list[MixedWord], seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrices = {}
    for kind, name in LETTERS:
        A = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
        ket = A[0] / np.linalg.norm(A[0])
        matrices[name] = A + A.conj().T if kind == "observable" else np.outer(ket, ket.conj())
    monomial = mixed_traces(words)
    written = [symbol.word for symbol, e in monomial for _ in range(e)]
    assert all(written)
    assert np.isclose(value(written, matrices), value(words, matrices))
    assert all(value([read_symbol(str(x)).word], matrices) == value([x.word], matrices) for x, _ in monomial)


@given(st.lists(mixed_words, min_size=1, max_size=2), observable_words())
def test_copied_symbols_keep_what_they_stand_for(words: list[MixedWord], word: tuple[str, ...]) -> None:
    for symbol in [Trace(word), *(x for x, _ in mixed_traces(words))]:
        for again in (copy.deepcopy(symbol), pickle.loads(pickle.dumps(symbol))):  # noqa: S301 - our own bytes
            assert (again, again.word, type(again)) == (symbol, symbol.word, type(symbol))


@given(st.permutations(LETTERS[:2] * 2))
def test_products_of_the_same_paths_between_states_have_one_form(order: list[tuple[str, str]]) -> None:
    x, y, z, w = order
    a, b = LETTERS[2:4]
    assert mixed_traces([(a, x, b, y), (a, z, b, w)]) == mixed_traces([(a, x, b, w), (a, z, b, y)])
    assert mixed_traces([(a, x, b, y, a, z, b, w)]) == mixed_traces([(b, w, a, z), (b, y, a, x)])
