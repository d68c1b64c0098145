"""What a formula is made of: a polynomial in means of expressions, kept for whoever asks how it came about."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk.algebra import TracePolynomial
from haarqntk.circuits import design_orders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from haarqntk.circuits import Expression
    from haarqntk.designs import Dimension
    from haarqntk.qntk._formula import Formula


@dataclass(frozen=True, slots=True)
class Average:
    """The mean of an expression, at values of some of its symbols.

    Attributes:
        expression: What is averaged.
        symbol: The letter for its mean, as text and in LaTeX.
        at: Symbols and what stands for them: L = 1, σ = 0, ….
    """

    expression: Expression
    symbol: tuple[str, str]
    at: tuple[tuple[str, TracePolynomial], ...] = ()


@dataclass(frozen=True, slots=True)
class Derived:
    """A derivation made of others, at a dimension; data, so that a formula can be copied and pickled."""

    change: Callable[..., TracePolynomial]
    parts: tuple[Callable[[Dimension], TracePolynomial], ...]

    def __call__(self, dimension: Dimension) -> TracePolynomial:
        """The change of what the parts give."""
        return self.change(*(part(dimension) for part in self.parts))


@dataclass(frozen=True, slots=True)
class Summand:
    """A coefficient times a product of averages."""

    coefficient: TracePolynomial
    averages: tuple[Average, ...]


Recipe: TypeAlias = tuple[Summand, ...]
"""A sum of products of averages."""


def recipe(*averages: Average, coefficient: TracePolynomial | int = 1) -> Recipe:
    """One product of averages."""
    factor = (
        coefficient if isinstance(coefficient, TracePolynomial) else TracePolynomial.constant(coefficient)
    )
    return (Summand(factor, averages),)


def add_recipes(left: Recipe, right: Recipe) -> Recipe:
    """The sum; equal products of averages are added."""
    total: defaultdict[tuple[Average, ...], TracePolynomial] = defaultdict(lambda: TracePolynomial({}))
    for summand in (*left, *right):
        total[summand.averages] += summand.coefficient
    return tuple(Summand(c, averages) for averages, c in total.items() if c)


def multiply_recipes(left: Recipe, right: Recipe) -> Recipe:
    """The product."""
    products = (Summand(a.coefficient * b.coefficient, a.averages + b.averages) for a in left for b in right)
    return add_recipes(tuple(products), ())


def scale_recipe(summands: Recipe, factor: Fraction | int) -> Recipe:
    """A multiple."""
    return tuple(replace(summand, coefficient=summand.coefficient * factor) for summand in summands)


def substitute_in_recipe(summands: Recipe, values: Mapping[Any, TracePolynomial]) -> Recipe:
    """The recipe at values of some symbols."""

    def at(average: Average) -> Average:
        earlier = [(name, value.substitute(values)) for name, value in average.at]
        fresh = [(name, value) for name, value in values.items() if name not in dict(earlier)]
        return replace(average, at=(*earlier, *fresh))

    return tuple(
        Summand(summand.coefficient.substitute(values), tuple(map(at, summand.averages)))
        for summand in summands
    )


def value_of_recipe(summands: Recipe, means: Mapping[Expression, TracePolynomial]) -> TracePolynomial:
    """The polynomial that a recipe gives from the means of its expressions."""
    total = TracePolynomial({})
    for summand in summands:
        product = summand.coefficient
        for average in summand.averages:
            product = product * means[average.expression].substitute(dict(average.at))
        total = total + product
    return total


def design_order(summands: Recipe, power: int | None = None) -> int:
    """The t that all averages of a recipe need; with a power of L those that its coefficient is made of.

    The patterns of m different layers carry C(L, m), which holds L, …, L^m.
    """
    largest = 0
    for summand in summands:
        found = {(0, 0, 0)}  # the lowest and the highest power of L, and the t
        for average in summand.averages:
            orders = design_orders(average.expression)
            if "L" in dict(average.at):
                orders = {0: max(orders.values(), default=0)}
            found = {
                (low + (m > 0), high + m, max(t, order))
                for low, high, t in found
                for m, order in orders.items()
            }
        largest = max([largest, *(t for low, high, t in found if power is None or low <= power <= high)])
    return largest


def polynomial_at(formula: Formula, D: int) -> TracePolynomial:
    """What is evaluated at a dimension: the closed form, or at one of its poles the derivation there.

    A closed form without a pole at D holds there, however small D is: what a Young diagram of more than D rows
    adds to it vanishes for matrices of that dimension.

    Examples:
        >>> import haarqntk as hq
        >>> z, (l,) = hq.Circuit(generators="general").output(), hq.layer_indices("l")
        >>> f = hq.mean(hq.sum_over(z.d(l, l) ** 3, l))
        >>> polynomial_at(f, 4) == f.polynomial, polynomial_at(f, 2) == f.polynomial
        (True, False)
    """
    return _derived_at(formula.derive, D) if formula.polynomial.has_pole_at(D) else formula.polynomial


@lru_cache(maxsize=64)
def _derived_at(derive: Callable[[Dimension], TracePolynomial], dimension: int) -> TracePolynomial:
    """A derivation at one dimension, remembered: it takes up to some seconds."""
    return derive(dimension)
