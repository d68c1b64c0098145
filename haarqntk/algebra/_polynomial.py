"""``TracePolynomial``: a polynomial in named variables (traces, overlaps, the depth L) over the field Q(D).

The common type of every result of the engine: immutable, without zero terms, so that equality of values is
mathematical equality. Products of traces of words are its monomials: the relations of pure states give them one form
for each value.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import chain
from math import lcm, prod
from typing import TYPE_CHECKING, Any, TypeAlias, final

from haarqntk.algebra._combination import Combination
from haarqntk.algebra._latex import latex_of
from haarqntk.algebra._rational import RationalFunction, over_common_denominator
from haarqntk.algebra._symbols import (
    Bargmann,
    Expectation,
    Overlap,
    Symbol,
    Trace,
    WordLetter,
    canonical_cyclic_word,
    read_symbol,
    symbol,
    sympy_factors,
)
from haarqntk.base import LazyModule, Shown
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

sympy = LazyModule("sympy")

Monomial: TypeAlias = tuple[tuple[Symbol, int], ...]  # sorted pairs (variable, exponent ≥ 1)


def multiply_monomials(left: Monomial, right: Monomial) -> Monomial:
    """The product of two monomials.

    Examples:
        >>> multiply_monomials((("L", 1),), (("L", 1), ("T2", 1)))
        (('L', 2), ('T2', 1))
    """
    exponents = dict(left)
    for name, e in right:
        exponents[name] = exponents.get(name, 0) + e
    return tuple(sorted(exponents.items()))


@final
class TracePolynomial(Combination[Monomial, RationalFunction], Shown):
    """A polynomial in named variables with coefficients in Q(D).

    Args:
        terms: Monomial → coefficient. Zero coefficients are dropped.

    Examples:
        >>> x, y = TracePolynomial.variable("T1"), TracePolynomial.variable("T2")
        >>> D = TracePolynomial.constant(RationalFunction([0, 1]))
        >>> (D * y - x**2).to_sympy()
        D*T2 - T1**2
        >>> ((x + y) * (x - y)).at(5, {"T1": 3, "T2": 1})
        Fraction(8, 1)
    """

    __slots__ = ()
    _times = staticmethod(multiply_monomials)
    _one = ((), RationalFunction(1))

    def __init__(self, terms: Mapping[Monomial, RationalFunction]) -> None:
        super().__init__(dict(sorted(terms.items())))
        if any(tuple(sorted(monomial)) != monomial for monomial in self._terms):
            raise InputError("each monomial must be sorted pairs (variable, exponent)")

    @classmethod
    def constant(cls, value: RationalFunction | Fraction | int) -> TracePolynomial:
        """The constant polynomial."""
        return cls({(): value if isinstance(value, RationalFunction) else RationalFunction(value)})

    @classmethod
    def variable(cls, name: str) -> TracePolynomial:
        """The polynomial that is one variable."""
        return cls({((read_symbol(name), 1),): RationalFunction(1)})

    @property
    def variables(self) -> tuple[Symbol, ...]:
        """The variables that occur, sorted."""
        return tuple(sorted({name for monomial in self._terms for name, _ in monomial}))

    def _coerced(self, other: object) -> TracePolynomial | None:
        if isinstance(other, RationalFunction | Fraction | int):
            return TracePolynomial.constant(other)
        return other if isinstance(other, TracePolynomial) else None

    def __pow__(self, exponent: int) -> TracePolynomial:
        if exponent < 0:
            raise InputError(f"the exponent of a polynomial must be ≥ 0, got {exponent}")
        return super().__pow__(exponent)

    @classmethod
    def from_sympy(cls, numerator: Any, denominator: Any) -> TracePolynomial:
        """The quotient of a SymPy polynomial in D and other symbols by one in D alone."""
        D = symbol("D")
        others = sorted(numerator.free_symbols - {D}, key=lambda free: str(free.name))
        bottom = _rational_function(sympy.Poly(denominator, D).all_coeffs())
        total: dict[Monomial, RationalFunction] = {}
        for exponents, part in sympy.Poly(numerator, *others).terms() if others else [((), numerator)]:
            monomial = tuple(
                (read_symbol(x.name), int(e)) for x, e in zip(others, exponents, strict=True) if e
            )
            total[monomial] = _rational_function(sympy.Poly(part, D).all_coeffs()) / bottom
        return cls(total)

    def weights(self, exponents: Mapping[Any, Fraction | int]) -> dict[Monomial, Fraction | int]:
        """The power of D that each term grows like, where the variables grow like D^exponent (D^0 by default)."""
        return {
            monomial: c.degree + sum(exponents.get(name, 0) * e for name, e in monomial)
            for monomial, c in self._terms.items()
        }

    def leading_weight(self, exponents: Mapping[Any, Fraction | int]) -> Fraction | int:
        """The highest of the ``weights``; the polynomial must not be zero."""
        return max(self.weights(exponents).values())

    def coefficient(self, name: str, power: int) -> TracePolynomial:
        """The coefficient of name^power, a polynomial in the other variables."""
        return dict(self._powers_of(name)).get(power, TracePolynomial({}))

    def degree_in(self, name: str) -> int:
        """The highest power of a variable; 0 for the zero polynomial."""
        return max((_exponent(monomial, name) for monomial in self._terms), default=0)

    # -- maps out of it --------------------------------------------------------------------------------

    def substitute(self, values: Mapping[Any, TracePolynomial]) -> TracePolynomial:
        """Replace variables by polynomials; the others stay."""
        total = TracePolynomial({})
        for monomial, coefficient in self._terms.items():
            factors = (values.get(name, TracePolynomial.variable(name)) ** e for name, e in monomial)
            total = total + prod(factors, start=TracePolynomial.constant(coefficient))
        return total

    def has_pole_at(self, D: int) -> bool:
        """Whether the dimension is a pole of a coefficient."""
        return any(c.has_pole_at(D) for c in self._terms.values())

    def at(self, D: int, values: Mapping[Any, Fraction | int]) -> Fraction:
        """The exact value at a dimension and at rational values of all variables.

        Raises:
            InputError: If a variable has no value, or D is a pole of a coefficient.
        """
        if missing := [name for name in self.variables if name not in values]:
            raise InputError(f"values must name every variable, got none for {', '.join(missing)}")
        return sum(
            (
                c.at(D) * prod(Fraction(values[name]) ** e for name, e in monomial)
                for monomial, c in self._terms.items()
            ),
            start=Fraction(0),
        )

    def to_sympy(self, *, collect: str | None = None) -> Any:
        """A SymPy expression, factored over the rationals, in symbols of the variables' names.

        Args:
            collect: A variable; if the sum over its powers, each coefficient factored, has a shorter longest
                factor than the factored whole, that sum is returned.
        """
        whole = self.sympy_factors()
        if collect is not None and self:
            powers = self._powers_of(collect)
            parts = [[symbol(collect) ** power, *part.sympy_factors()] for power, part in powers]
            if max(map(_longest_factor, parts)) < _longest_factor(whole):
                return sympy.Add(*(sympy.Mul(*part) for part in parts))
        return sympy.Mul(*whole)

    def sympy_quotient(self, other: TracePolynomial) -> Any:
        """The quotient by another polynomial that is not zero, factored, with common factors cancelled.

        Equal irreducible factors are equal expressions, so the product cancels them by itself.
        """
        return sympy.Mul(*self.sympy_factors(), *(1 / factor for factor in other.sympy_factors()))

    def _powers_of(self, name: str) -> list[tuple[int, TracePolynomial]]:
        parts: dict[int, dict[Monomial, RationalFunction]] = {}
        for monomial, coefficient in self._terms.items():
            rest = tuple(pair for pair in monomial if pair[0] != name)
            parts.setdefault(_exponent(monomial, name), {})[rest] = coefficient
        return [(power, TracePolynomial(terms)) for power, terms in sorted(parts.items())]

    def sympy_factors(self) -> list[Any]:
        """The factors over the rationals; one product of them keeps a constant out of a sum."""
        if not self:
            return [sympy.Integer(0)]
        names = ("D", *self.variables)
        numerators, denominator = over_common_denominator(list(self._terms.values()))
        terms = {
            (power, *(_exponent(monomial, name) for name in names[1:])): coefficient
            for monomial, numerator in zip(self._terms, numerators, strict=True)
            for power, coefficient in enumerate(numerator)
            if coefficient
        }
        return [*sympy_factors(terms, [symbol(name) for name in names]), *(1 / denominator).sympy_factors()]

    def latex(self) -> str:
        r"""The polynomial in LaTeX, factored.

        Examples:
            >>> print((TracePolynomial.variable("L") * RationalFunction(1, [-1, 0, 1])).latex())
            \frac{L}{\left(D - 1\right) \left(D + 1\right)}
        """
        return latex_of(self.to_sympy())

    def __repr__(self) -> str:
        return f"TracePolynomial({self._terms!r})"


def _exponent(monomial: Monomial, name: str) -> int:
    return next((e for symbol, e in monomial if symbol == name), 0)


def _longest_factor(factors: list[Any]) -> int:
    """The number of terms of the longest sum among the factors: how hard the product is to read."""
    return max((len(sympy.Add.make_args(factor.as_base_exp()[0])) for factor in factors), default=0)


def _rational_function(coefficients: list[Any]) -> RationalFunction:
    """Rational SymPy coefficients, highest degree first, as an element of Q(D)."""
    common = lcm(*(int(c.q) for c in coefficients))
    return RationalFunction([int(c * common) for c in reversed(coefficients)], common)


# -- products of traces as monomials -----------------------------------------------------------------------


def product_of_traces(words: Iterable[tuple[str, ...]]) -> Monomial:
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
