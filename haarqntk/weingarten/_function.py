"""The front of the room: ``weingarten`` and ``weingarten_table`` check their input and return values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from haarqntk._arguments import integer, one_of
from haarqntk.combinatorics import Partition, check_partition, num_partitions
from haarqntk.errors import CostError
from haarqntk.weingarten import _definition, _unitary

if TYPE_CHECKING:
    from fractions import Fraction

    from haarqntk.exact import RationalFunction

GROUPS = ("unitary",)
_METHODS = ("characters", "definition")

# Measured on two cores (benchmarks/weingarten.py): below a minute and 4 GB.
_LARGEST_TABLE = 26
_LARGEST_CLASS = 30
_LARGEST_COUNTED = 1000  # counting the partitions of a larger k would itself take long


@dataclass(frozen=True, slots=True)
class WeingartenFunction:
    r"""The value Wg(μ, D) of a Weingarten function on one class, as a rational function of D.

    It is exact at every integer dimension: from D = k on by the rational function, below k by the
    pseudo-inverse of the Gram matrix, which the rational function does not know.

    Attributes:
        cycle_type: The class μ, a decreasing tuple.
        group: The group that is integrated over.
        value: The rational function, valid for D ≥ k.

    Examples:
        >>> w = weingarten((2,))
        >>> w.to_sympy()
        -1/(D*(D - 1)*(D + 1))
        >>> w.at(4), w.at(1)  # at D = 1 the generic formula has a pole
        (Fraction(-1, 60), Fraction(1, 4))

    Reference:
        collins2006; derivations/01_weingarten.md.
    """

    cycle_type: Partition
    group: str
    value: RationalFunction

    @property
    def design_order(self) -> int:
        """The order k of the unitary designs that the value integrates over exactly."""
        return sum(self.cycle_type)

    def at(self, D: int) -> Fraction:
        """The exact value at an integer dimension D ≥ 1 of any integer type, also below k.

        Raises:
            InputTypeError: If D is no integer.
            InputError: If D < 1.
        """
        n = integer("D", D, at_least=1)
        return self.value.at(n) if n >= self.design_order else _unitary.unitary_class_at(self.cycle_type, n)

    def to_sympy(self) -> Any:
        """The rational function as a factored SymPy expression in ``hq.D``."""
        return self.value.to_sympy()

    def _sympy_(self) -> Any:
        return self.to_sympy()

    def latex(self) -> str:
        """The rational function in LaTeX."""
        return self.value.latex()

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"


def weingarten(
    cycle_type: Partition, *, group: str = "unitary", method: str = "characters"
) -> WeingartenFunction:
    r"""The Weingarten function of one class of permutations.

    .. math:: \int U_{i_1 j_1} \cdots \bar U_{i'_k j'_k}\, dU = \sum_{\sigma, \tau \in S_k}
              \delta_{i i'_\sigma} \delta_{j j'_\tau} \mathrm{Wg}(\sigma\tau^{-1}, D)

    Args:
        cycle_type: A partition: decreasing positive integers, k their sum, at most 30.
        group: The group: "unitary" (default).
        method: "characters" (default) or "definition", which inverts the Gram matrix, for k ≤ 6.

    Returns:
        The value, with ``to_sympy()``, ``latex()`` and ``at(n)``.

    Raises:
        InputTypeError, InputError: If ``cycle_type`` is no partition.
        UnknownNameError: If the group or the method is unknown.
        CostError: If k is too large to finish.

    Examples:
        >>> weingarten((3, 1)).to_sympy()
        (2*D**2 - 3)/(D**2*(D - 3)*(D - 2)*(D - 1)*(D + 1)*(D + 2)*(D + 3))
        >>> weingarten((3, 1)).at(2)
        Fraction(-19, 2880)

    Reference:
        collins2006; derivations/01_weingarten.md.
    """
    mu = check_partition("cycle_type", cycle_type)
    one_of("group", group, GROUPS)
    if one_of("method", method, _METHODS) == "definition":
        _refuse_above("the Gram route", sum(mu), _definition.LARGEST_K)
        return WeingartenFunction(mu, group, _definition.unitary_table_by_definition(sum(mu))[mu])
    _refuse_above("one class", sum(mu), _LARGEST_CLASS)
    return WeingartenFunction(mu, group, _unitary.unitary_class(mu))


def weingarten_table(
    k: int, *, group: str = "unitary", method: str = "characters"
) -> dict[Partition, WeingartenFunction]:
    """The Weingarten function on every class of S_k.

    Args:
        k: The number of unitaries, an integer from 0 to 26.
        group: The group: "unitary" (default).
        method: "characters" (default) or "definition", which inverts the Gram matrix, for k ≤ 6.

    Returns:
        Cycle type → value, in reverse lexicographic order of the cycle types.

    Raises:
        InputTypeError, InputError: If ``k`` is no integer ≥ 0.
        UnknownNameError: If the group or the method is unknown.
        CostError: If k is too large to finish.

    Examples:
        >>> {mu: str(w.to_sympy()) for mu, w in weingarten_table(2).items()}
        {(2,): '-1/(D*(D - 1)*(D + 1))', (1, 1): '1/((D - 1)*(D + 1))'}

    Reference:
        collins2006; derivations/01_weingarten.md.
    """
    k = integer("k", k, at_least=0)
    one_of("group", group, GROUPS)
    if one_of("method", method, _METHODS) == "definition":
        _refuse_above("the Gram route", k, _definition.LARGEST_K)
        table = _definition.unitary_table_by_definition(k)
    else:
        _refuse_above("a table", k, _LARGEST_TABLE)
        table = _unitary.unitary_table(k)
    return {mu: WeingartenFunction(mu, group, value) for mu, value in table.items()}


def _refuse_above(what: str, k: int, largest: int) -> None:
    if k > largest:
        count = f"the {num_partitions(k)}" if k <= _LARGEST_COUNTED else "more than 10^31"
        raise CostError(
            f"k = {k} would not finish: {what} runs over {count} partitions of {k}; the largest k is {largest}"
        )
