"""Products of traces of words as monomials in symbols: the relations of pure states, one form for each value."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from haarqntk.algebra._symbols import (
    Bargmann,
    Expectation,
    Overlap,
    Symbol,
    Trace,
    WordLetter,
    canonical_cyclic_word,
)
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable


def product_of_traces(words: Iterable[tuple[str, ...]]) -> tuple[tuple[Symbol, int], ...]:
    """Π_words Tr O_a O_b … as sorted pairs (symbol, exponent).

    Examples:
        >>> product_of_traces([("O", "O"), ("O2", "O1"), ("O", "O")])
        (('T2', 2), ('T_O1O2', 1))
    """
    return tuple(sorted(Counter(map(Trace, words)).items()))


def pure_state_invariant(word: tuple[str, ...]) -> Counter[Symbol]:
    """The real part of Tr ρ_a ρ_b … of pure states as a product of named invariants: symbol → exponent.

    The relations ρ² = ρ, Tr ρ = 1 and ρ A ρ = Tr(ρA) ρ split every word into overlaps ``sigma_ab`` = |⟨a|b⟩|² and
    cyclic words of three or more different states, whose traces (Bargmann invariants) carry phases. The
    mean of a real variable needs only the real part of each, ``Re_abc``, and only where a product holds no
    more than one of them.

    Raises:
        InputError: If a product of two Bargmann invariants remains.

    Examples:
        >>> dict(pure_state_invariant(("a", "a"))), dict(pure_state_invariant(("a", "b", "a", "b")))
        ({}, {'sigma_ab': 2})
        >>> dict(pure_state_invariant(("a", "c", "b")))
        {'Re_abc': 1}
    """
    shortened = tuple(letter for i, letter in enumerate(word) if letter != word[i - 1])
    if len(shortened) <= 1:
        return Counter()
    for i, letter in enumerate(shortened):
        if letter in shortened[i + 1 :]:
            j = shortened.index(letter, i + 1)
            inner, outer = shortened[i:j], shortened[j:] + shortened[:i]
            return _without_two_phases(pure_state_invariant(inner) + pure_state_invariant(outer))
    ordered = min(canonical_cyclic_word(shortened), canonical_cyclic_word(shortened[::-1]))
    found: Symbol = Overlap((ordered[0], ordered[1])) if len(ordered) == 2 else Bargmann(ordered)  # noqa: PLR2004
    return Counter([found])


def product_of_state_invariants(words: Iterable[tuple[str, ...]]) -> tuple[tuple[Symbol, int], ...]:
    """Π_words Re Tr ρ_a ρ_b …, as sorted pairs (symbol, exponent); see ``pure_state_invariant``.

    Examples:
        >>> product_of_state_invariants([("a", "b"), ("b", "a"), ("a",)])
        (('sigma_ab', 2),)
    """
    total = sum(map(pure_state_invariant, words), start=Counter[Symbol]())
    return tuple(sorted(_without_two_phases(total).items()))


def _without_two_phases(product: Counter[Symbol]) -> Counter[Symbol]:
    phases = [symbol for symbol in product.elements() if symbol.has_phase]
    if len(phases) > 1:
        raise InputError(
            "states must leave at most one invariant with a phase in a product, got "
            f"{' and '.join(sorted(phases))}; use fewer different states in one moment"
        )
    return product


def mixed_traces(words: Iterable[tuple[WordLetter, ...]]) -> tuple[tuple[Symbol, int], ...]:
    """The product of traces of words in observables and pure states, as a monomial: one form for each value.

    With ρ = |a⟩⟨a| words fall apart into paths ⟨a|X|b⟩ from state to state, and only these paths count:
    ⟨a|X|b⟩⟨b|Y|a⟩⟨a|Z|b⟩⟨b|W|a⟩ is a product of two traces in two ways. The least path goes first, the least that
    continues it follows, and a state that is met again closes a trace.

    Args:
        words: Tuples of pairs ("observable", name) or ("state", name).

    Returns:
        Sorted pairs (symbol, exponent): Tr ρ O^j of the state "psi" and the observable "O" is ``mj``, a word without
        state a ``T``, any other ``Tr_…``.

    Examples:
        >>> O, rho, b = ("observable", "O"), ("state", "psi"), ("state", "b")
        >>> mixed_traces([(O, rho, O, O, rho)]), mixed_traces([(O, O)]), mixed_traces([(rho, rho)])
        ((('m1', 1), ('m2', 1)), (('T2', 1),), ())
        >>> mixed_traces([(O, rho, O, b, b)])
        (('Tr_O_b_O_psi', 1),)
    """
    found: Counter[Symbol] = Counter()
    paths: list[tuple[str, tuple[str, ...], str]] = []
    for word in words:
        places = [i for i, (kind, _) in enumerate(word) if kind == "state"]
        names = [name for _, name in word]
        if not places:
            found[Trace(tuple(names))] += 1
        for i, j in zip(places, [*places[1:], *(p + len(word) for p in places[:1])], strict=True):
            paths.append((names[i], tuple((names + names)[i + 1 : j]), names[j % len(word)]))
    paths.sort()
    trail: list[tuple[str, tuple[str, ...], str]] = []
    while paths:
        path = next((p for p in paths if trail and p[0] == trail[-1][2]), paths[0])
        paths.remove(path)
        trail.append(path)
        start = next((i for i, p in enumerate(trail) if p[0] == path[2]), None)
        if start is not None:
            closed = tuple(
                letter
                for state, observables, _ in trail[start:]
                for letter in (("state", state), *(("observable", x) for x in observables))
            )
            trail = trail[:start]
            if len(closed) > 1:  # Tr ρ = 1
                found[Expectation(closed)] += 1
    return tuple(sorted(found.items()))
