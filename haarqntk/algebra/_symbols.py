"""The variables of closed forms: traces, overlaps, invariants of pure states, plain names; and their products.

A ``Symbol`` is a text, its name, that knows what it stands for: ``T3`` = Tr O³ a power of the observable O, ``T_O1O2``
= Tr O1 O2 a word in several, ``m2`` = ⟨O²⟩ and ``Tr_…`` words that hold states, ``sigma_ab`` = |⟨a|b⟩|², ``Re_abc`` the
real part of Tr ρ_a ρ_b ρ_c, ``X2`` = Tr X² of a generator. Symbols are compared and sorted by name. Only
``read_symbol`` finds out what a name means, where one comes from outside: a user's text or mapping, a file, a SymPy
expression. Products of traces of words are monomials: the relations of pure states give them one form for each value.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias, final

from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

WordLetter: TypeAlias = tuple[str, str]
"""("observable", name), ("state", name) or ("generator", "X")."""


class Symbol(str):
    """A variable of a closed form: its name, and the word under the trace that it stands for.

    Attributes:
        word: The letters under the trace; empty for a variable that is no trace, such as the depth L.

    Examples:
        >>> Trace(("O", "O")), Trace(("O2", "O1")).word
        ('T2', (('observable', 'O1'), ('observable', 'O2')))
        >>> Symbol("L").word
        ()
    """

    __slots__ = ("word",)
    word: tuple[WordLetter, ...]

    def __new__(cls, name: str, word: tuple[WordLetter, ...] = ()) -> Self:
        """A symbol of that name."""
        made = str.__new__(cls, name)
        made.word = word
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Symbol.__new__, (type(self), str(self), self.word)

    @property
    def has_phase(self) -> bool:
        """Whether it is a complex number in general, or the real part of one."""
        return False

    @property
    def letters(self) -> frozenset[WordLetter]:
        """The observables, states or generators that fix its value; itself if it is made of none."""
        return frozenset(self.word or [("symbol", str(self))])


@final
class Trace(Symbol):
    """The trace of a word of observables, under which the word is cyclic.

    Examples:
        >>> Trace(("O1", "O2", "O3")).has_phase, Trace(("O2", "O1")).has_phase, Trace(("O",)).degree
        (True, False, 1)
    """

    __slots__ = ()

    def __new__(cls, observables: tuple[str, ...]) -> Self:
        """``Tj`` for the j-th power of the observable "O", else ``T_…``."""
        word = canonical_cyclic_word(observables)
        name = f"T{len(word)}" if set(word) == {"O"} else "T_" + "".join(word)
        return super().__new__(cls, name, tuple(("observable", x) for x in word))

    @property
    def observables(self) -> tuple[str, ...]:
        """The names under the trace, in the least rotation."""
        return tuple(name for _, name in self.word)

    @property
    def degree(self) -> int:
        """The number of factors under the trace."""
        return len(self.word)

    @property
    def is_power(self) -> bool:
        """Whether it is T_j = Tr O^j of the one observable "O"."""
        return set(self.observables) == {"O"}

    @property
    def has_phase(self) -> bool:
        """Whether the word differs from its reverse."""
        return canonical_cyclic_word(self.word) != canonical_cyclic_word(self.word[::-1])


@final
class Expectation(Symbol):
    """The trace of a word in observables and pure states: ``mj`` = ⟨psi|O^j|psi⟩, any other ``Tr_…``.

    Examples:
        >>> Expectation((("state", "psi"), ("observable", "O"))).power
        1
    """

    __slots__ = ()

    def __new__(cls, word: tuple[WordLetter, ...]) -> Self:
        """The letters in order; the word is cyclic."""
        names = tuple(name for _, name in word)
        if names[0] == "psi" and set(names[1:]) == {"O"}:
            return super().__new__(cls, f"m{len(names) - 1}", word)
        kinds = dict(zip(names, word, strict=True))
        least = canonical_cyclic_word(names)
        return super().__new__(cls, "Tr_" + "_".join(least), tuple(kinds[x] for x in least))

    @property
    def power(self) -> int | None:
        """J of ⟨O^j⟩ in the state psi; None for another word."""
        return len(self.word) - 1 if self.startswith("m") else None


@final
class Overlap(Symbol):
    """|⟨a|b⟩|² of two pure states, ``sigma_ab``; of the two inputs of the supervised kernel ``sigma``."""

    __slots__ = ()

    def __new__(cls, states: tuple[str, str], name: str = "") -> Self:
        """The overlap of two states, under a name of its own or ``sigma_…``."""
        return super().__new__(
            cls, name or f"sigma_{_listed(states)}", tuple(("state", state) for state in states)
        )


@final
class Bargmann(Symbol):
    """The real part of Tr ρ_a ρ_b ρ_c … of three or more pure states, ``Re_abc``."""

    __slots__ = ()

    def __new__(cls, states: tuple[str, ...]) -> Self:
        """The states in cyclic order."""
        return super().__new__(cls, f"Re_{_listed(states)}", tuple(("state", state) for state in states))

    @property
    def has_phase(self) -> bool:
        """Always: only the real part has a name."""
        return True


@final
class GeneratorTrace(Symbol):
    """X_j = Tr X^j of a generator.

    Examples:
        >>> GeneratorTrace(2), GeneratorTrace(2).power
        ('X2', 2)
    """

    __slots__ = ()

    def __new__(cls, power: int) -> Self:
        """The trace of that power."""
        return super().__new__(cls, f"X{power}", (("generator", "X"),) * power)

    @property
    def power(self) -> int:
        """J of Tr X^j."""
        return len(self.word)


def _listed(states: tuple[str, ...]) -> str:
    return ("" if all(len(name) == 1 for name in states) else "_").join(states)


def canonical_cyclic_word(word: tuple[Any, ...]) -> tuple[Any, ...]:
    """The smallest rotation of ``word``: equal for two words exactly when their traces are.

    Examples:
        >>> canonical_cyclic_word(("B", "A", "A"))
        ('A', 'A', 'B')
    """
    return min([word[i:] + word[:i] for i in range(len(word))]) if len(set(word)) > 1 else word


DEPTH, SIGMA = Symbol("L"), Overlap(("a", "b"), "sigma")


@lru_cache(maxsize=4096)
def read_symbol(name: str) -> Symbol:
    """The symbol of that name, where a name comes from outside.

    Examples:
        >>> read_symbol("T3").word == Trace(("O",) * 3).word, read_symbol("Tr_O1_a_b").letters == {
        ...     ("observable", "O1"), ("state", "a"), ("state", "b")}
        (True, True)
        >>> read_symbol("sigma_ab").word == read_symbol("sigma_a_b").word, type(read_symbol("O_0")).__name__
        (True, 'Symbol')
    """
    kind, _, rest = name.partition("_")
    if power := re.fullmatch(r"([TmX])([1-9]\d*)", name):
        return _POWERS[power[1]](int(power[2]))
    if name == SIGMA:
        return SIGMA
    if kind == "T" and re.fullmatch(r"(?:[A-Z]\d*)+", rest):
        return Symbol.__new__(Trace, name, tuple(("observable", x) for x in re.findall(r"[A-Z]\d*", rest)))
    if kind in {"sigma", "Re"} and rest:
        states = tuple(("state", x) for x in (rest.split("_") if "_" in rest else rest))
        return Symbol.__new__(Overlap if kind == "sigma" else Bargmann, name, states)
    if kind == "Tr" and rest:
        is_observable = re.compile(r"[A-Z]\d*").fullmatch
        word = tuple(("observable" if is_observable(x) else "state", x) for x in rest.split("_"))
        return Symbol.__new__(Expectation, name, word)
    return Symbol(name)


def expectation_of_power(j: int) -> Expectation:
    """m_j = ⟨psi|O^j|psi⟩."""
    return Expectation((("state", "psi"), *[("observable", "O")] * j))


_POWERS: dict[str, Callable[[int], Symbol]] = {
    "T": lambda j: Trace(("O",) * j),
    "m": expectation_of_power,
    "X": GeneratorTrace,
}


# -- products -----------------------------------------------------------------------------------------------

Monomial: TypeAlias = tuple[tuple[Symbol, int], ...]  # sorted pairs (variable, exponent ≥ 1)


def multiply_monomials(left: Monomial, right: Monomial) -> Monomial:
    """The product of two monomials.

    Examples:
        >>> multiply_monomials((("L", 1),), (("L", 1), ("T2", 1)))
        (('L', 2), ('T2', 1))
    """
    if not left or not right:
        return left or right
    exponents = dict(left)
    for name, e in right:
        exponents[name] = exponents.get(name, 0) + e
    return tuple(sorted(exponents.items()))


_trace = lru_cache(maxsize=4096)(Trace)  # of the words that one derivation meets, many times each


def product_of_traces(words: Iterable[tuple[str, ...]]) -> Monomial:
    """Π_words Tr O_a O_b … as sorted pairs (symbol, exponent).

    Examples:
        >>> product_of_traces([("O", "O"), ("O2", "O1"), ("O", "O")])
        (('T2', 2), ('T_O1O2', 1))
    """
    return tuple(sorted(Counter(map(_trace, words)).items()))


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


def product_of_state_invariants(words: Iterable[tuple[str, ...]]) -> Monomial:
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


def mixed_traces(words: Iterable[tuple[WordLetter, ...]]) -> Monomial:
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
    paths: list[tuple[tuple[WordLetter, ...], WordLetter]] = []  # ⟨a|X and the state b behind it
    for word in words:
        places = [i for i, (kind, _) in enumerate(word) if kind == "state"]
        if not places:
            found[Trace(tuple(name for _, name in word))] += 1
        for i, j in zip(places, [*places[1:], *(p + len(word) for p in places[:1])], strict=True):
            paths.append(((word + word)[i:j], word[j % len(word)]))
    paths.sort()
    trail: list[tuple[tuple[WordLetter, ...], WordLetter]] = []
    while paths:
        path = next((p for p in paths if trail and p[0][0] == trail[-1][1]), paths[0])
        paths.remove(path)
        trail.append(path)
        start = next((i for i, (letters, _) in enumerate(trail) if letters[0] == path[1]), None)
        if start is not None:
            closed = tuple(chain.from_iterable(letters for letters, _ in trail[start:]))
            trail = trail[:start]
            if len(closed) > 1:  # Tr ρ = 1
                found[Expectation(closed)] += 1
    return tuple(sorted(found.items()))
