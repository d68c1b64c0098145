"""Cyclic words: one canonical representative each, one name each, and the relations of pure states.

The names are those of the SymPy symbols: ``T3`` = Tr O³ for a power of the observable O, ``T_O1O2`` =
Tr O1 O2 for a word in several, ``sigma_ab`` = |⟨a|b⟩|² for the overlap of two pure states.
"""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING

from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable


def canonical_cyclic_word(word: tuple[str, ...]) -> tuple[str, ...]:
    """The smallest rotation of ``word``: equal for two words exactly when their traces are.

    Examples:
        >>> canonical_cyclic_word(("B", "A", "A"))
        ('A', 'A', 'B')
    """
    return min(word[i:] + word[:i] for i in range(len(word))) if word else ()


def trace_name(word: tuple[str, ...]) -> str:
    """The name of the trace of a word of observables; ``Tj`` for the j-th power of the observable "O".

    Examples:
        >>> trace_name(("O", "O")), trace_name(("O2", "O1"))
        ('T2', 'T_O1O2')
    """
    canonical = canonical_cyclic_word(word)
    if set(canonical) == {"O"}:
        return f"T{len(canonical)}"
    return "T_" + "".join(canonical)


def trace_word(name: str) -> tuple[str, ...] | None:
    """The word whose trace has that name, or None if the name is no trace's: the inverse of ``trace_name``.

    Examples:
        >>> trace_word("T3"), trace_word("T_O1O2"), trace_word("L")
        (('O', 'O', 'O'), ('O1', 'O2'), None)
    """
    if power := re.fullmatch(r"T([1-9]\d*)", name):
        return ("O",) * int(power[1])
    if letters := re.fullmatch(r"T_((?:[A-Z]\d*)+)", name):
        return tuple(re.findall(r"[A-Z]\d*", letters[1]))
    return None


def pure_state_invariant(word: tuple[str, ...]) -> dict[str, int]:
    """The real part of Tr ρ_a ρ_b … of pure states as a product of named invariants: name → exponent.

    The relations ρ² = ρ, Tr ρ = 1 and ρ A ρ = Tr(ρA) ρ split every word into overlaps ``sigma_ab`` = |⟨a|b⟩|² and
    cyclic words of three or more different states, whose traces (Bargmann invariants) carry phases. The
    mean of a real variable needs only the real part of each, ``Re_abc``, and only where a product holds no
    more than one of them.

    Raises:
        InputError: If a product of two Bargmann invariants remains.

    Examples:
        >>> pure_state_invariant(("a", "a")), pure_state_invariant(("a", "b", "a", "b"))
        ({}, {'sigma_ab': 2})
        >>> pure_state_invariant(("a", "c", "b"))
        {'Re_abc': 1}
    """
    shortened = tuple(letter for i, letter in enumerate(word) if letter != word[i - 1])
    if len(shortened) <= 1:
        return {}
    for i, letter in enumerate(shortened):
        if letter in shortened[i + 1 :]:
            j = shortened.index(letter, i + 1)
            return _merge(
                pure_state_invariant(shortened[i:j]), pure_state_invariant(shortened[j:] + shortened[:i])
            )
    kind = "sigma" if len(shortened) == 2 else "Re"  # noqa: PLR2004 - two states have one overlap
    ordered = min(canonical_cyclic_word(shortened), canonical_cyclic_word(shortened[::-1]))
    separator = "" if all(len(name) == 1 for name in ordered) else "_"
    return {f"{kind}_{separator.join(ordered)}": 1}


def product_of_state_invariants(words: Iterable[tuple[str, ...]]) -> tuple[tuple[str, int], ...]:
    """Π_words Re Tr ρ_a ρ_b …, as sorted pairs (name, exponent); see ``pure_state_invariant``.

    Examples:
        >>> product_of_state_invariants([("a", "b"), ("b", "a"), ("a",)])
        (('sigma_ab', 2),)
    """
    none: dict[str, int] = {}
    return tuple(sorted(reduce(_merge, map(pure_state_invariant, words), none).items()))


def has_phase(name: str) -> bool:
    """Whether the invariant of that name is a complex number in general: a word unlike its reverse.

    Examples:
        >>> has_phase("T_O1O2O3"), has_phase("T_O1O2"), has_phase("Re_abc")
        (True, False, True)
    """
    word = trace_word(name) or ()
    return name.startswith("Re_") or canonical_cyclic_word(word) != canonical_cyclic_word(word[::-1])


def mixed_traces(words: Iterable[tuple[tuple[str, str], ...]]) -> tuple[tuple[str, int], ...]:
    """The product of traces of words in observables and pure states, as a monomial: one form for each value.

    With ρ = |a⟩⟨a| words fall apart into paths ⟨a|X|b⟩ from state to state, and only these paths count:
    ⟨a|X|b⟩⟨b|Y|a⟩⟨a|Z|b⟩⟨b|W|a⟩ is a product of two traces in two ways. The least path goes first, the least that
    continues it follows, and a state that is met again closes a trace.

    Args:
        words: Tuples of pairs ("observable", name) or ("state", name).

    Returns:
        Sorted pairs (symbol name, exponent): Tr ρ O^j of the state "psi" and the observable "O" is ``mj``, a word
        without state a ``T``, any other ``Tr_…``.

    Examples:
        >>> O, rho, b = ("observable", "O"), ("state", "psi"), ("state", "b")
        >>> mixed_traces([(O, rho, O, O, rho)]), mixed_traces([(O, O)]), mixed_traces([(rho, rho)])
        ((('m1', 1), ('m2', 1)), (('T2', 1),), ())
        >>> mixed_traces([(O, rho, O, b, b)])
        (('Tr_O_b_O_psi', 1),)
    """
    exponents: dict[str, int] = {}
    paths: list[tuple[str, tuple[str, ...], str]] = []
    for word in words:
        places = [i for i, (kind, _) in enumerate(word) if kind == "state"]
        names = [name for _, name in word]
        if not places:
            name = trace_name(tuple(names))
            exponents[name] = exponents.get(name, 0) + 1
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
            closed = _closed_path_name(trail[start:])
            trail = trail[:start]
            if closed:
                exponents[closed] = exponents.get(closed, 0) + 1
    return tuple(sorted(exponents.items()))


def _closed_path_name(paths: list[tuple[str, tuple[str, ...], str]]) -> str | None:
    """The name of the trace of a closed path that meets each state once; None for Tr ρ = 1."""
    names = [name for state, observables, _ in paths for name in (state, *observables)]
    if len(names) == 1:
        return None
    if len(paths) == 1 and names[0] == "psi" and set(names[1:]) == {"O"}:
        return f"m{len(names) - 1}"
    return "Tr_" + "_".join(canonical_cyclic_word(tuple(names)))


def symbol_word(name: str) -> tuple[tuple[str, str], ...] | None:
    """The word in observables and pure states whose trace has that name; None if the name is no trace's.

    The inverse of ``trace_name`` and ``mixed_traces``; ``sigma_ab`` and ``Re_abc`` are words in states alone.

    Examples:
        >>> symbol_word("Tr_O1_a_b")
        (('observable', 'O1'), ('state', 'a'), ('state', 'b'))
        >>> symbol_word("m1"), symbol_word("sigma_ab") == symbol_word("sigma_a_b"), symbol_word("O_0")
        ((('state', 'psi'), ('observable', 'O')), True, None)
    """
    if word := trace_word(name):
        return tuple(("observable", letter) for letter in word)
    if power := re.fullmatch(r"m([1-9]\d*)", name):
        return (("state", "psi"), *[("observable", "O")] * int(power[1]))
    kind, _, rest = name.partition("_")
    if kind in {"sigma", "Re"} and rest:
        return tuple(("state", letter) for letter in (rest.split("_") if "_" in rest else rest))
    if kind == "Tr" and rest:
        is_observable = re.compile(r"[A-Z]\d*").fullmatch
        return tuple(("observable" if is_observable(x) else "state", x) for x in rest.split("_"))
    return None


def _merge(left: dict[str, int], right: dict[str, int]) -> dict[str, int]:
    merged = {name: left.get(name, 0) + right.get(name, 0) for name in {**left, **right}}
    phases = [name for name, exponent in merged.items() for _ in range(exponent) if name.startswith("Re_")]
    if len(phases) > 1:
        raise InputError(
            "states must leave at most one invariant with a phase in a product, got "
            f"{' and '.join(sorted(phases))}; use fewer different states in one moment"
        )
    return merged
