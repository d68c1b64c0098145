r"""The registry of groups, and ``weingarten``, ``weingarten_table``, ``leading_term``.

A Weingarten function is the inverse of a Gram matrix. A way to glue the copies of a random matrix is an invariant
tensor: a permutation σ of S_k, or a pairing of 2k points, Π δ_{i_a i_b} over its pairs for O(D), Π J_{i_a i_b} with
a < b for Sp(D). The Gram matrix holds their contractions, and

.. math:: \sum_{\tau} \mathrm{Wg}(\sigma, \tau)\, G(\tau, \rho) = \delta_{\sigma\rho}

One unknown for each class of pairs (σ, τ) and one row of equations for each suffice: slow, without characters and
zonal functions, and therefore the oracle of the groups' files. As D → ∞

.. math:: \mathrm{Wg}(\mu, D) = \prod_i m_{\mu_i} D^{\ell(\mu) - 2k} + \dots, \qquad
          m_n = \mu_{NC(n)}(0, 1) = (-1)^{n-1} C_{n-1}

for the unitary and the orthogonal group; for the symplectic group every factor is positive, |m_n|. The next term is
smaller by 1/D² for the unitary group and, in general, by 1/D for the other two.

Reference: collins2003; collins2006; nica2006; derivations/09_orthogonal_and_symplectic.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import RationalFunction, Result, Series, check_order, expand
from haarqntk.checks import integer, one_of
from haarqntk.combinatorics import Partition, check_partition, noncrossing_moebius, partitions
from haarqntk.groups._group import refuse_above
from haarqntk.groups._orthogonal import ORTHOGONAL, SYMPLECTIC
from haarqntk.groups._permutation import PERMUTATION
from haarqntk.groups._unitary import STATE, UNITARY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from haarqntk.algebra import Monomial
    from haarqntk.groups._group import Group, WeightLaw, Weingarten


REGISTRY: Mapping[str, Group] = {
    group.name: group for group in (UNITARY, ORTHOGONAL, SYMPLECTIC, STATE, PERMUTATION)
}
"""Name → record."""

_WEINGARTEN = {name: group.weingarten for name, group in REGISTRY.items() if group.weingarten}

GROUPS = tuple(_WEINGARTEN)
"""The names of the groups that have a Weingarten function."""

WEIGHTS: Mapping[str, WeightLaw] = {
    law.name: law
    for field in ("weight", "circular", "sphere", "power_sums")
    for group in REGISTRY.values()
    if (law := getattr(group, field)) and not (group.is_vector and field == "weight")
}
"""Name → what a weight of that name is."""


def routes_of(group: str) -> Weingarten:
    """How the Weingarten function of that group is computed.

    Raises:
        UnknownNameError: If the group is unknown.
    """
    return _WEINGARTEN[one_of("group", group, GROUPS)]


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


_LARGEST_K = 6  # by definition
_METHODS = ("characters", "definition")


@dataclass(frozen=True, slots=True, repr=False)
class WeingartenFunction(Result):
    r"""The value Wg(μ, D) of a Weingarten function on one class, as a rational function of D.

    It is exact at every integer dimension: from ``holds_from`` on by the rational function, below it by the
    pseudo-inverse of the Gram matrix, which the rational function does not know.

    Attributes:
        cycle_type: The class μ, a decreasing tuple: a cycle type, or a coset type for the other two groups.
        group: The group that is integrated over.
        value: The rational function, valid for D ≥ ``holds_from``.

    Raises:
        InputError: If the class is no partition, or the group unknown.

    Examples:
        >>> w = weingarten((2,))
        >>> w.to_sympy()
        -1/(D*(D - 1)*(D + 1))
        >>> w.at(4), w.at(1)  # at D = 1 the generic formula has a pole
        (Fraction(-1, 60), Fraction(1, 4))

    Reference:
        collins2006; derivations/01_weingarten.md, derivations/09_orthogonal_and_symplectic.md.
    """

    cycle_type: Partition
    group: str
    value: RationalFunction

    def __post_init__(self) -> None:
        """Check the class and the group."""
        check_partition("cycle_type", self.cycle_type)
        routes_of(self.group)

    @property
    def design_order(self) -> int:
        """The order k of the designs of the group, averages of V^⊗k R V^†⊗k, that the value is exact for.

        Examples:
            >>> import haarqntk as hq
            >>> hq.weingarten((3, 1)).design_order
            4
        """
        return sum(self.cycle_type)

    @property
    def holds_from(self) -> int:
        """The dimension from which the rational function holds: k, and 2k for the symplectic group.

        At the next smaller dimension every class has a pole.

        Examples:
            >>> import haarqntk as hq
            >>> hq.weingarten((3, 1)).holds_from, hq.weingarten((3, 1), group="symplectic").holds_from
            (4, 8)
        """
        return routes_of(self.group).step * sum(self.cycle_type)

    def at(self, D: int) -> Fraction:
        """The exact value at an integer dimension D ≥ 1 of any integer type, also below ``holds_from``.

        Raises:
            InputTypeError: If D is no integer.
            InputError: If D < 1, or if D is odd for the symplectic group.

        Examples:
            >>> import haarqntk as hq
            >>> hq.weingarten((3, 1)).at(4), hq.weingarten((3, 1)).at(2)
            (Fraction(29, 20160), Fraction(-19, 2880))
        """
        return routes_of(self.group).at(self.cycle_type, integer("D", D, at_least=1), self.value)

    def series(self, *, order: int) -> Expansion:
        """The expansion in 1/D: ``order`` powers of D from the leading one, zeros counted, with its remainder.

        Raises:
            InputTypeError, InputError: If ``order`` is no integer ≥ 1.
            CostError: If it is larger than 200.

        Examples:
            >>> print(weingarten((2,)).series(order=3))
            -1/D**3 - 1/D**5 + O(D**-6)
            >>> print(weingarten((2,), group="orthogonal").series(order=3))
            -1/D**3 + D**(-4) - 3/D**5 + O(D**-6)
        """
        num_powers, degree = check_order(order), self.value.degree
        terms, _ = expand({(): self.value}, {(): degree}, num_powers)
        return Expansion(tuple((power, c) for _, ((power, _, c),) in terms), degree - num_powers)

    def to_sympy(self) -> Any:
        """The rational function as a factored SymPy expression in ``hq.D``.

        Examples:
            >>> import haarqntk as hq
            >>> hq.weingarten((2,)).to_sympy()
            -1/(D*(D - 1)*(D + 1))
        """
        return self.value.to_sympy()

    def latex(self) -> str:
        r"""The rational function in LaTeX.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.weingarten((2,)).latex())
            - \frac{1}{D \left(D - 1\right) \left(D + 1\right)}
        """
        return self.value.latex()

    def facts(self) -> dict[str, str]:
        """What it means, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> hq.weingarten((2,)).facts()["generic for"]
            'D ≥ 2; at(D) is exact at every D'
        """
        return {
            "class": str(self.cycle_type),
            "group": self.group,
            "generic for": f"D ≥ {self.holds_from}; at(D) is exact at every D",
        }

    def __str__(self) -> str:
        return f"Wg{self.cycle_type} = {self.value.to_sympy()}"


def weingarten(
    cycle_type: Partition, *, group: str = "unitary", method: str = "characters"
) -> WeingartenFunction:
    r"""The Weingarten function of one class: of permutations, or of pairs of pairings.

    .. math:: \int U_{i_1 j_1} \cdots \bar U_{i'_k j'_k}\, dU = \sum_{\sigma, \tau \in S_k}
              \delta_{i i'_\sigma} \delta_{j j'_\tau} \mathrm{Wg}(\sigma\tau^{-1}, D)

    .. math:: \int O_{i_0 j_0} \cdots O_{i_{2k-1} j_{2k-1}}\, dO = \sum_{p, q}
              \Delta_p(i) \Delta_q(j) \mathrm{Wg}^{O}(\mu, D)

    over pairings p, q of 2k points, μ their coset type, Δ_p(i) = Π δ_{i_a i_b} over the pairs of p. For the
    symplectic group Δ_p(i) = Π J_{i_a i_b} with a < b and J = [[0, 1], [−1, 0]], and each term has the sign
    pairing_sign(p) pairing_sign(q).

    Args:
        cycle_type: A partition: decreasing positive integers, k their sum, at most 30, or 20 for the other two
            groups. It is the cycle type of a permutation or the coset type of two pairings.
        group: The group: "unitary" (default), "orthogonal" O(D) or "symplectic" Sp(D), the unitary S with
            S^T J S = J, D even.
        method: "characters" (default; zonal spherical functions for the other two groups) or "definition",
            which inverts the Gram matrix, for k ≤ 6.

    Returns:
        The value, with ``to_sympy()``, ``latex()``, ``at(n)`` and ``series(order=…)``.

    Raises:
        InputTypeError, InputError: If ``cycle_type`` is no partition.
        UnknownNameError: If the group or the method is unknown.
        CostError: If k is too large to finish.

    Examples:
        >>> weingarten((3, 1)).to_sympy()
        (2*D**2 - 3)/(D**2*(D - 3)*(D - 2)*(D - 1)*(D + 1)*(D + 2)*(D + 3))
        >>> weingarten((3, 1)).at(2)
        Fraction(-19, 2880)
        >>> weingarten((2,), group="orthogonal").to_sympy()
        -1/(D*(D - 1)*(D + 2))
        >>> weingarten((2,), group="symplectic").to_sympy()
        1/(D*(D - 2)*(D + 1))

    Reference:
        collins2006; derivations/01_weingarten.md, derivations/09_orthogonal_and_symplectic.md.
    """
    mu = check_partition("cycle_type", cycle_type)
    routes = routes_of(group)
    is_definition = one_of("method", method, _METHODS) == "definition"
    value = _by_definition(group, sum(mu))[mu] if is_definition else routes.value(mu)
    return WeingartenFunction(mu, group, value)


def weingarten_table(
    k: int, *, group: str = "unitary", method: str = "characters"
) -> dict[Partition, WeingartenFunction]:
    """The Weingarten function on every class.

    Args:
        k: The number of unitaries, or half the number of orthogonal or symplectic matrices, an integer from 0
            to 26, or to 20 for the other two groups.
        group: The group: "unitary" (default), "orthogonal" or "symplectic".
        method: "characters" (default; zonal spherical functions for the other two groups) or "definition",
            which inverts the Gram matrix, for k ≤ 6.

    Returns:
        Cycle type, or coset type → value, in reverse lexicographic order.

    Raises:
        InputTypeError, InputError: If ``k`` is no integer ≥ 0.
        UnknownNameError: If the group or the method is unknown.
        CostError: If k is too large to finish.

    Examples:
        >>> {mu: str(w.to_sympy()) for mu, w in weingarten_table(2).items()}
        {(2,): '-1/(D*(D - 1)*(D + 1))', (1, 1): '1/((D - 1)*(D + 1))'}
        >>> {mu: str(w.to_sympy()) for mu, w in weingarten_table(2, group="orthogonal").items()}
        {(2,): '-1/(D*(D - 1)*(D + 2))', (1, 1): '(D + 1)/(D*(D - 1)*(D + 2))'}

    Reference:
        collins2006; derivations/01_weingarten.md, derivations/09_orthogonal_and_symplectic.md.
    """
    k = integer("k", k, at_least=0)
    routes = routes_of(group)
    if one_of("method", method, _METHODS) == "definition":
        table = _by_definition(group, k)
    else:
        refuse_above("a table", k, routes.largest_table)
        table = routes.table(k)
    return {mu: WeingartenFunction(mu, group, value) for mu, value in table.items()}


@lru_cache(maxsize=32)  # of three groups and every k up to the largest
def _by_definition(group: str, k: int) -> dict[Partition, RationalFunction]:
    """Wg(μ) for every class μ ⊢ k from the Gram matrix, where Wg(p, q) is its factor times Wg(μ)."""
    refuse_above("the Gram route", k, _LARGEST_K)
    ways, contract = REGISTRY[group].ways, routes_of(group).contract
    types, every = partitions(k), ways.every(k)
    first = every[0]
    class_of = {way: next(ways.classes_of_pair(first, way)) for way in every}
    representatives = {mu: way for way, (mu, _) in class_of.items()}
    system: list[list[RationalFunction]] = []
    for rho in map(representatives.__getitem__, types):
        powers = {mu: [0] * (k + 1) for mu in types}
        for way, (mu, factor) in class_of.items():
            sign, num_loops = (
                contract(way, rho) if contract else (1, len(next(ways.classes_of_pair(way, rho))[0]))
            )
            powers[mu][num_loops] += factor * sign
        system.append([*(RationalFunction(powers[mu]) for mu in types), RationalFunction(int(rho == first))])
    return dict(zip(types, _solve(system), strict=True))


def _solve(system: list[list[RationalFunction]]) -> list[RationalFunction]:
    """Gauss–Jordan elimination of an augmented square system."""
    size = len(system)
    for column in range(size):
        pivot = next(row for row in range(column, size) if system[row][column])
        system[column], system[pivot] = system[pivot], system[column]
        scale = 1 / system[column][column]
        system[column] = [entry * scale for entry in system[column]]
        for row in range(size):
            if row != column and system[row][column]:
                weight = system[row][column]
                system[row] = [a - weight * b for a, b in zip(system[row], system[column], strict=True)]
    return [row[-1] for row in system]
