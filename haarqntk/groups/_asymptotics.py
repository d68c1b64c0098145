r"""Weingarten functions as D → ∞: expansions in 1/D, and the leading term by non-crossing partitions.

.. math:: \mathrm{Wg}(\mu, D) = \prod_i m_{\mu_i} D^{\ell(\mu) - 2k} + \dots, \qquad
          m_n = \mu_{NC(n)}(0, 1) = (-1)^{n-1} C_{n-1}

for the unitary and the orthogonal group; for the symplectic group every factor is positive, |m_n|. The next term is
smaller by 1/D² for the unitary group and, in general, by 1/D for the other two.

Reference: collins2003; collins2006; nica2006; derivations/09_orthogonal_and_symplectic.md.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from haarqntk.algebra import Series, check_order, expand
from haarqntk.combinatorics import Partition, check_partition, noncrossing_moebius
from haarqntk.groups._registry import routes_of

if TYPE_CHECKING:
    from fractions import Fraction

    from haarqntk.algebra import Monomial, RationalFunction


class Expansion(Series):
    """A Weingarten function as D → ∞.

    Attributes:
        terms: Pairs (power of D, coefficient), highest power first, without zeros.
        remainder: The power r of the remainder O(D^r).
    """

    __slots__ = ()
    terms: tuple[tuple[int, Fraction], ...]
    remainder: int

    def facts(self) -> dict[str, str]:
        """Nothing: D alone grows."""
        return {}

    def _orders(self) -> list[list[tuple[int, Monomial, Fraction]]]:
        return [[(power, (), c)] for power, c in self.terms]


def expansion(value: RationalFunction, order: int) -> Expansion:
    """Expand a non-zero value at D = ∞ and keep ``order`` powers of D, from the leading one."""
    num_powers = check_order(order)
    terms, _ = expand({(): value}, {(): value.degree}, num_powers)
    return Expansion(tuple((power, c) for _, ((power, _, c),) in terms), value.degree - num_powers)


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
