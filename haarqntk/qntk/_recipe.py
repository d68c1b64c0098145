"""What a formula is made of: a polynomial in means of random variables, from which everything else follows.

``mean``, ``variance``, ``covariance`` and ``cumulant`` are such polynomials, as on paper. A recipe gives the closed
form at the symbol D and, derived again, at an integer; the design order and the cost; and the steps of ``explain``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import comb
from operator import add
from typing import TYPE_CHECKING, Any, Protocol, final

from haarqntk.algebra import Combination, TracePolynomial, collected
from haarqntk.circuits import Cost, Expression, cost_of, design_orders, mean_of_expression

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from haarqntk.designs import Dimension
    from haarqntk.qntk._variables import Variable


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
        return hash(
            (self.symbol, self.at, self.power)
        )  # the symbol tells expressions apart, and is hashed at once

    @property
    def is_whole(self) -> bool:
        """Whether it is the mean of an expression, and no coefficient of it."""
        return isinstance(self.expression, Expression) and self.power is None

    @property
    def is_free_of_L(self) -> bool:
        """Whether L has a value, or a coefficient of it is taken."""
        return self.power is not None or "L" in dict(self.at)

    def value(self, mean: TracePolynomial) -> TracePolynomial:
        """What it is, from the mean of its expression."""
        part = mean if self.power is None else mean.coefficient("L", self.power)
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
        means: dict[Expression | Recorded, TracePolynomial] = {}
        for source in sorted(sources, key=lambda each: getattr(each, "num_copies", 0)):
            means[source] = (
                mean_of_expression(source, dimension=dimension)
                if isinstance(source, Expression)
                else source.mean(dimension)
            )
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
            shares = {n: Recipe({(): c.coefficient("L", n)}) for n in range(c.degree_in("L") + 1)}
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
