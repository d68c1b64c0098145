r"""Weingarten functions as D → ∞: expansions in 1/D, and the leading term by non-crossing partitions.

.. math:: \mathrm{Wg}(\mu, D) = \prod_i m_{\mu_i} D^{\ell(\mu) - 2k} + \dots, \qquad
          m_n = \mu_{NC(n)}(0, 1) = (-1)^{n-1} C_{n-1}

for the unitary and the orthogonal group; for the symplectic group every factor is positive, |m_n|. The next term is
smaller by 1/D² for the unitary group and, in general, by 1/D for the other two.

Reference: collins2003; collins2006; nica2006; derivations/09_orthogonal_and_symplectic.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from haarqntk._arguments import integer
from haarqntk._lazy import LazyModule
from haarqntk._notebook import Shown
from haarqntk.algebra import symbol
from haarqntk.combinatorics import Partition, check_partition, noncrossing_moebius
from haarqntk.errors import CostError
from haarqntk.groups._registry import routes_of

if TYPE_CHECKING:
    from fractions import Fraction

    from haarqntk.algebra import RationalFunction

sympy = LazyModule("sympy")

_LARGEST_ORDER = 200


@dataclass(frozen=True, slots=True, repr=False)
class Expansion(Shown):
    """The leading terms of a rational function as D → ∞, with the order of the remainder.

    Attributes:
        terms: Pairs (power of D, coefficient), highest power first, without zeros.
        remainder: The power r of the remainder O(D^r).
    """

    terms: tuple[tuple[int, Fraction], ...]
    remainder: int

    def to_sympy(self) -> Any:
        """The sum of the terms, without the remainder."""
        return sympy.Add(*self.summands())

    def summands(self) -> list[Any]:
        """The terms as SymPy expressions, highest power first."""
        return list(map(_term, self.terms))

    def _sympy_(self) -> Any:
        return self.to_sympy()

    def latex(self) -> str:
        r"""The sum with its remainder, highest power first."""
        body = " + ".join(sympy.latex(_term(term)) for term in self.terms).replace("+ -", "-")
        return rf"{body} + O\left(D^{{{self.remainder}}}\right)"

    def __str__(self) -> str:
        parts = [str(_term(term)) for term in self.terms]
        return " + ".join([*parts, f"O(D**{self.remainder})"]).replace("+ -", "- ")


def expand(value: RationalFunction, order: int) -> Expansion:
    """Expand a non-zero value at D = ∞ and keep ``order`` powers of D, from the leading one."""
    num_powers = integer("order", order, at_least=1)
    if num_powers > _LARGEST_ORDER:
        raise CostError(f"order = {num_powers} would not finish; the largest order is {_LARGEST_ORDER}")
    leading = value.degree
    terms = tuple((leading - i, c) for i, c in enumerate(value.expand_at_infinity(num_powers)) if c)
    return Expansion(terms, leading - num_powers)


def leading_term(mu: Partition, *, group: str) -> tuple[int, int]:
    """Power of D and coefficient of the leading term of Wg(μ), by sums over non-crossing partitions.

    Raises:
        InputTypeError, InputError: If ``mu`` is no partition.
        UnknownNameError: If the group is unknown.
        CostError: If a part of ``mu`` is above 12.

    Examples:
        >>> leading_term((3, 1), group="unitary"), leading_term((2, 1), group="symplectic")
        ((-6, 2), (-4, 1))
    """
    parts = check_partition("mu", mu)
    coefficient = prod(map(noncrossing_moebius, parts))
    return len(parts) - 2 * sum(parts), coefficient if routes_of(group).alternates else abs(coefficient)


def _term(term: tuple[int, Fraction]) -> Any:
    power, coefficient = term
    return sympy.Rational(coefficient.numerator, coefficient.denominator) * symbol("D") ** power
