"""The front of the room: ``weingarten`` and ``weingarten_table`` check their input and return values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from haarqntk._arguments import integer, one_of
from haarqntk.algebra import Result
from haarqntk.combinatorics import Partition, check_partition
from haarqntk.groups._asymptotics import Expansion, expansion
from haarqntk.groups._gram import LARGEST_K
from haarqntk.groups._group import refuse_above
from haarqntk.groups._registry import routes_of

if TYPE_CHECKING:
    from fractions import Fraction

    from haarqntk.algebra import RationalFunction

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
        return expansion(self.value, order)

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
    if one_of("method", method, _METHODS) == "definition":
        refuse_above("the Gram route", sum(mu), LARGEST_K)
        return WeingartenFunction(mu, group, routes.by_definition(sum(mu))[mu])
    return WeingartenFunction(mu, group, routes.value(mu))


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
        refuse_above("the Gram route", k, LARGEST_K)
        table = routes.by_definition(k)
    else:
        refuse_above("a table", k, routes.largest_table)
        table = routes.table(k)
    return {mu: WeingartenFunction(mu, group, value) for mu, value in table.items()}
