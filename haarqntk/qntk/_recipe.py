"""What a formula is made of: a polynomial in means of random variables, from which everything else follows.

``mean``, ``variance``, ``covariance`` and ``cumulant`` are such polynomials, as on paper. A recipe gives the closed
form at the symbol D and, derived again, at an integer; the design order and the cost; and the steps of ``explain``.

The random variables of the papers: with e = z − O_0, g_l = ∂_l e and h_lm = ∂_l ∂_m e, K = Σ_l g_l²,
μ = Σ_lm h_lm g_l g_m, and for several inputs and observables K^{ij}_{δδ'} = Σ_l ∂_l z_i(δ) ∂_l z_j(δ').

Reference: liu2023, Eqs. (5), (6), (9), (12), (14), (15), (17).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import comb
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, final

from haarqntk.algebra import DEPTH, Combination, TracePolynomial, collected
from haarqntk.circuits import (
    Cost,
    Expression,
    cost_of,
    design_orders,
    layer_indices,
    mean_of_expression,
    sum_over,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from haarqntk.circuits import Circuit
    from haarqntk.designs import Dimension


_EXPONENTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Variable:
    r"""A random variable of a circuit, with a letter as text and in LaTeX, or written out.

    Examples:
        >>> from haarqntk.circuits import Circuit
        >>> z = variables_of(Circuit()).z
        >>> (z**2).symbol, Variable(z.expression).symbol
        (('E[z²]', '\\mathbb{E}[z^2]'), ('E[z]', '\\texttt{E[z]}'))
    """

    expression: Expression
    letter: tuple[str, str] | None = None

    @property
    def body(self) -> str:
        """The variable written out."""
        return repr(self.expression).removeprefix("Expression(").removesuffix(")")

    @property
    def symbol(self) -> tuple[str, str]:
        """The letter for its mean; the mean written out if it has no letter."""
        if self.letter is None:
            return f"E[{self.body}]", typewriter(f"E[{self.body}]")
        text, latex = self.letter
        return f"E[{text}]", rf"\mathbb{{E}}[{latex}]"

    def __mul__(self, other: Variable) -> Variable:
        letter = None
        if self.letter is not None and other.letter is not None:
            (a, b), (x, y) = zip(self.letter, other.letter, strict=True)
            letter = (f"{a} {b}", rf"{x}\, {y}")
        return Variable(self.expression * other.expression, letter)

    def __pow__(self, exponent: int) -> Variable:
        if exponent == 1:
            return self
        letter = None
        if self.letter is not None:
            text, latex = self.letter
            base = f"({latex})" if "^" in latex else latex
            letter = (f"{text}{str(exponent).translate(_EXPONENTS)}", f"{base}^{exponent}")
        return Variable(self.expression**exponent, letter)


class Variables(NamedTuple):
    """The random variables of one circuit: output, kernel, meta-kernel; the kernel of two observables and inputs."""

    z: Variable
    K: Variable
    mu: Variable
    K12: Variable


@lru_cache(maxsize=16)  # of every ensemble with its generators
def variables_of(circuit: Circuit) -> Variables:
    """The random variables of a circuit, as the papers define them."""
    l, m = layer_indices("l m")
    z, e = circuit.output(), circuit.residual()
    first, second = (circuit.output(observable=f"O{i}", state=state) for i, state in enumerate("ab", start=1))
    return Variables(
        Variable(z, ("z", "z")),
        Variable(sum_over(e.d(l) ** 2, l), ("K", "K")),
        Variable(sum_over(e.d(l, m) * e.d(l) * e.d(m), l, m), ("μ", r"\mu")),
        Variable(sum_over(first.d(l) * second.d(l), l), ("K₁₂", "K^{12}")),
    )


def typewriter(text: str) -> str:
    """Text as it stands, in LaTeX."""
    escaped = text.replace("_", r"\_")
    return rf"\texttt{{{escaped}}}"


class Recorded(Protocol):
    """A closed form that was read from a file and stands for the mean that it once was."""

    def mean(self, dimension: Dimension) -> TracePolynomial:
        """The closed form at a dimension."""
        ...

    def design_orders(self) -> dict[int, int]:
        """The t that it needs, for each number of different layers."""
        ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Average:
    """The mean of an expression, or its coefficient of a power of L, at values of some of its symbols.

    Attributes:
        expression: What is averaged; or a closed form that was read.
        symbol: The letter for its mean, as text and in LaTeX.
        at: Symbols and what stands for them: L = 1, σ = 0, ….
        power: The power of L of which the coefficient is meant; None for the whole mean.
    """

    expression: Expression | Recorded
    symbol: tuple[str, str]
    at: tuple[tuple[str, TracePolynomial], ...] = ()
    power: int | None = None

    def __hash__(self) -> int:
        # the symbol tells expressions apart, and is hashed at once
        return hash((self.symbol, self.at, self.power))

    @property
    def is_whole(self) -> bool:
        """Whether it is the mean of an expression, and no coefficient of it."""
        return isinstance(self.expression, Expression) and self.power is None

    @property
    def is_free_of_L(self) -> bool:
        """Whether L has a value, or a coefficient of it is taken."""
        return self.power is not None or DEPTH in dict(self.at)

    def value(self, mean: TracePolynomial) -> TracePolynomial:
        """What it is, from the mean of its expression."""
        part = mean if self.power is None else mean.coefficient(DEPTH, self.power)
        return part.substitute(dict(self.at)) if self.at else part

    def substitute(self, values: Mapping[Any, TracePolynomial]) -> Average:
        """The average at values of some symbols."""
        earlier = [(name, value.substitute(values)) for name, value in self.at]
        fresh = [(name, value) for name, value in values.items() if name not in dict(earlier)]
        return replace(self, at=(*earlier, *fresh))

    def orders(self) -> dict[int, int]:
        """The t that it needs, for the patterns of each number m of different layers; m = 0 where L is gone.

        The patterns of m different layers carry C(L, m), which holds L, …, L^m.
        """
        orders = _design_orders(self.expression)
        if self.power is not None:
            orders = {m: t for m, t in orders.items() if (m > 0) <= self.power <= m}
        return {0: max(orders.values())} if self.is_free_of_L and orders else orders

    def coefficients_of_L(self) -> Iterator[tuple[int, Average]]:
        """Each power of L that it may hold, with its coefficient."""
        if self.is_free_of_L:
            yield 0, self
        elif orders := self.orders():
            lowest = int(min(orders) > 0)
            yield from ((n, replace(self, power=n)) for n in range(lowest, max(orders) + 1))


@final
class Recipe(Combination[tuple[Average, ...], TracePolynomial]):
    """A polynomial in averages: products of averages with their coefficients."""

    __slots__ = ()
    _times = staticmethod(add)
    _one = ((), TracePolynomial.constant(1))

    @classmethod
    def of(cls, average: Average) -> Recipe:
        """One average."""
        return cls({(average,): TracePolynomial.constant(1)})

    def _coerced(self, other: object) -> Recipe | None:
        if isinstance(other, Fraction | int):
            other = TracePolynomial.constant(other)
        return Recipe({(): other}) if isinstance(other, TracePolynomial) else super()._coerced(other)

    @property
    def averages(self) -> tuple[Average, ...]:
        """The averages in the order in which they are met, each as often as it occurs."""
        return tuple(average for averages in self._terms for average in averages)

    @property
    def is_whole(self) -> bool:
        """Whether it is a polynomial in whole means of expressions."""
        return bool(self) and all(average.is_whole for average in self.averages)

    @property
    def design_order(self) -> int:
        """The t that all its averages need; a product with a vanishing factor needs none."""
        orders = ([average.orders() for average in averages] for averages in self._terms)
        return max((t for row in orders if all(row) for each in row for t in each.values()), default=0)

    @property
    def cost(self) -> Cost:
        """What its largest average takes, known before it is paid."""
        return max(cost_of(a.expression) for a in self.averages if isinstance(a.expression, Expression))

    def value(self, means: Mapping[Any, TracePolynomial]) -> TracePolynomial:
        """The polynomial that it gives from the means of its expressions."""
        total = TracePolynomial({})
        for averages, product in self._terms.items():
            for average in averages:
                product = product * average.value(means[average.expression])  # noqa: PLW2901 - Horner's way
            total = total + product
        return total

    def at(self, dimension: Dimension = None) -> TracePolynomial:
        """The polynomial, derived at a dimension, or at the symbol D; the cheapest mean first, and each once."""
        sources = dict.fromkeys(average.expression for average in self.averages)
        means = {
            source: mean_of_expression(source, dimension=dimension)
            if isinstance(source, Expression)
            else source.mean(dimension)
            for source in sorted(sources, key=lambda each: getattr(each, "num_copies", 0))
        }
        return self.value(means)

    def substitute(self, values: Mapping[Any, TracePolynomial]) -> Recipe:
        """The recipe at values of some symbols."""
        pairs = (
            (tuple(average.substitute(values) for average in averages), c.substitute(values))
            for averages, c in self._terms.items()
        )
        return Recipe(collected(pairs))

    def coefficient_of_L(self, power: int) -> Recipe:
        """The coefficient of L^power: a sum over the ways to share the powers of L out."""
        total = Recipe({})
        for averages, c in self._terms.items():
            shares = {n: Recipe({(): c.coefficient(DEPTH, n)}) for n in range(c.degree_in(DEPTH) + 1)}
            for average in averages:
                shares = collected(
                    (n + m, share * Recipe.of(part))
                    for n, share in shares.items()
                    for m, part in average.coefficients_of_L()
                )
            total = total + shares.get(power, Recipe({}))
        return total


@lru_cache(maxsize=256)
def _design_orders(source: Expression | Recorded) -> dict[int, int]:
    return design_orders(source) if isinstance(source, Expression) else source.design_orders()


@lru_cache(maxsize=64)
def derived_at(recipe: Recipe, dimension: int) -> TracePolynomial:
    """A recipe derived at one dimension, remembered: it takes up to some seconds."""
    return recipe.at(dimension)


# -- statistics, as on paper -----------------------------------------------------------------------------------


def mean(a: Variable) -> Recipe:
    """E[A]."""
    return Recipe.of(Average(a.expression, a.symbol))


def variance(a: Variable) -> Recipe:
    """Var A = E[A²] − E[A]²."""
    return cumulant(a, 2)


def covariance(a: Variable, b: Variable) -> Recipe:
    """Cov(A, B) = E[AB] − E[A] E[B]."""
    return mean(a * b) - mean(a) * mean(b)


def cumulant(a: Variable, order: int) -> Recipe:
    """κ_n = m_n − Σ_{j<n} C(n−1, j−1) κ_j m_{n−j} with the moments m_j = E[A^j]."""
    total = mean(a**order)
    for j in range(1, order):
        total = total - cumulant(a, j) * mean(a ** (order - j)) * comb(order - 1, j - 1)
    return total
