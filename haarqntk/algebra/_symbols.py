"""The variables of closed forms as values: traces, overlaps, invariants of pure states, and plain names.

A ``Symbol`` is a text, its name, that knows what it stands for: ``T3`` = Tr O³ a power of the observable O, ``T_O1O2``
= Tr O1 O2 a word in several, ``m2`` = ⟨O²⟩ and ``Tr_…`` words that hold states, ``sigma_ab`` = |⟨a|b⟩|², ``Re_abc`` the
real part of Tr ρ_a ρ_b ρ_c, ``X2`` = Tr X² of a generator. Symbols are compared and sorted by name. Only
``read_symbol`` finds out what a name means, where one comes from outside: a user's text or mapping, a file, a SymPy
expression.

Towards SymPy all are plain Symbols. D and L are positive integers; traces and overlaps are real. Expressions from
elsewhere are matched by name, so other assumptions on a user's own ``Symbol("D")`` do no harm.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, final

from haarqntk.algebra._flint import factor_integer_polynomial
from haarqntk.base import LazyModule
from haarqntk.checks import integer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

sympy = LazyModule("sympy")

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
    return min(word[i:] + word[:i] for i in range(len(word))) if word else ()


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

# -- towards SymPy ---------------------------------------------------------------------------------------------

_POSITIVE_INTEGERS = frozenset({"D", "L", "n"})


def symbol(name: str) -> Any:
    """The SymPy symbol of that name, with the assumptions that its meaning carries.

    Examples:
        >>> symbol("D").is_positive, symbol("T1").is_real
        (True, True)
    """
    if name in _POSITIVE_INTEGERS:
        return dimension_symbol(name)
    return sympy.Symbol(str(name), real=True)


def dimension_symbol(name: str) -> Any:
    """The SymPy symbol of a dimension, a positive integer whatever its name.

    Examples:
        >>> dimension_symbol("d1").is_positive, dimension_symbol("D") == symbol("D")
        (True, True)
    """
    return sympy.Symbol(str(name), integer=True, positive=True)


def T(j: int) -> Any:
    """The symbol T_j = Tr O^j, unnormalised.

    Args:
        j: The power, an integer ≥ 1.

    Returns:
        The real SymPy symbol ``Tj``.

    Raises:
        InputTypeError, InputError: If ``j`` is no integer ≥ 1.

    Examples:
        >>> T(2)
        T2

    Reference:
        mathematics of the model: derivations/00_conventions.md, C6.
    """
    return symbol(f"T{integer('j', j, at_least=1)}")


def sympy_factors(terms: Mapping[tuple[int, ...], int], symbols: Sequence[Any]) -> list[Any]:
    """The constant and the powers of irreducible factors of an integer polynomial, as SymPy expressions.

    Examples:
        >>> sympy_factors({(2, 0): 2, (0, 2): -2}, [symbol("D"), symbol("L")])
        [2, D - L, D + L]
    """
    if not symbols:
        return [sympy.Integer(terms.get((), 0))]
    constant, factors = factor_integer_polynomial(terms, len(symbols))
    sums = (
        sympy.Add(
            *(c * sympy.Mul(*(x**e for x, e in zip(symbols, exps, strict=True))) for exps, c in f.items())
        )
        ** exponent
        for f, exponent in factors
    )
    return [sympy.Integer(constant), *sums]
