"""``Weight``: what the measure contributes to one term of an integral, exact at every dimension.

Each random matrix or state of an integrand, once integrated, leaves one weight: a Weingarten function of its group,
the normalisation of a Haar state, or the character sum that integrates power sums of a unitary.

Reference: collins2006; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import prod
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.algebra import DimensionFunction
from haarqntk.combinatorics import Partition, centralizer_order, character_column
from haarqntk.errors import InputError
from haarqntk.groups import weingarten

if TYPE_CHECKING:
    from haarqntk.diagrams import Space

Dimensions: TypeAlias = Mapping[str, int]

Factors: TypeAlias = "tuple[tuple[Weight, ...], tuple[Space, ...]]"
"""What stands before a diagram: weights of the measures and closed loops."""

STATE, REAL_STATE, POWER_SUMS, CIRCULAR = "state", "real_state", "power_sums", "circular_orthogonal"
_ONE = DimensionFunction.constant(1)
_STEPS = {STATE: 1, REAL_STATE: 2}

WEIGHT_GROUPS: Mapping[str, int] = {
    "unitary": 1,
    "orthogonal": 1,
    "symplectic": 1,
    CIRCULAR: 1,
    STATE: 1,
    REAL_STATE: 1,
    POWER_SUMS: 2,
}
"""What a weight may belong to, and how many classes it has."""


@dataclass(frozen=True, slots=True, order=True)
class Weight:
    """The weight of one random matrix or state.

    Attributes:
        group: "unitary", "orthogonal" or "symplectic" for a Weingarten function; "state" for 1/(D(D+1)…(D+k−1))
            and "real_state" for 1/(D(D+2)…(D+2k−2)), the moments of a random unit vector;
            "circular_orthogonal" for the orthogonal function at D + 1, of entries of Vᵀ V; "power_sums" for
            E[p_μ(V) p_ν(V)*] of a unitary V.
        spaces: The tensor factors that the matrix acts on.
        classes: The class μ; of a state (k,); of power sums μ and ν.

    Examples:
        >>> Weight("state", ("D",), ((2,),)).generic().to_sympy()
        1/(D*(D + 1))
        >>> Weight("power_sums", ("D",), ((1, 1, 1), (1, 1, 1))).at({"D": 2})
        Fraction(5, 1)
    """

    group: str
    spaces: tuple[str | int, ...]
    classes: tuple[Partition, ...]

    @property
    def design_order(self) -> int:
        """The order k of the design that reproduces it."""
        return sum(self.classes[0]) * (2 if self.group == CIRCULAR else 1)

    def generic(self) -> DimensionFunction:
        """The weight as a function of the dimensions; the value itself where all of them are numbers."""
        return _generic(self)

    def at(self, dimensions: Dimensions) -> Fraction:
        """The weight at integers, right also where the generic function is not."""
        return _at(self, total_dimension(self.spaces, dimensions))


def total_dimension(spaces: tuple[Space, ...], dimensions: Dimensions) -> int:
    """The product of the dimensions of some tensor factors at integers.

    Raises:
        InputError: If a name has no value.
    """
    missing = sorted({space for space in spaces if isinstance(space, str) and space not in dimensions})
    if missing:
        raise InputError(
            f"every dimension must have a value, got none for {', '.join(missing)}; "
            f"pass {', '.join(f'{name}=…' for name in missing)}"
        )
    return prod(space if isinstance(space, int) else dimensions[space] for space in spaces)


def dimension_product(spaces: tuple[Space, ...]) -> DimensionFunction:
    """The product of the dimensions of some tensor factors.

    Examples:
        >>> dimension_product(("d1", "d2", "d1", 2)).to_sympy()
        2*d1**2*d2
    """
    factors = (
        DimensionFunction.constant(space) if isinstance(space, int) else DimensionFunction.variable(space)
        for space in spaces
    )
    return prod(factors, start=_ONE)


@cache
def _generic(weight: Weight) -> DimensionFunction:
    if all(isinstance(space, int) for space in weight.spaces):
        return DimensionFunction.constant(_at(weight, total_dimension(weight.spaces, {})))
    D = dimension_product(weight.spaces)
    if weight.group in _STEPS:
        one, step = DimensionFunction.constant(1), _STEPS[weight.group]
        return one / prod((D + step * i for i in range(weight.design_order)), start=one)
    if weight.group == POWER_SUMS:
        mu, nu = weight.classes
        return DimensionFunction.constant(centralizer_order(mu) if mu == nu else 0)
    if weight.group == CIRCULAR:
        return DimensionFunction.from_univariate(
            weingarten(weight.classes[0], group="orthogonal").value, D + 1
        )
    return DimensionFunction.from_univariate(weingarten(weight.classes[0], group=weight.group).value, D)


@cache
def _at(weight: Weight, n: int) -> Fraction:
    if weight.group in _STEPS:
        return Fraction(1, prod(n + _STEPS[weight.group] * i for i in range(weight.design_order)))
    if weight.group == POWER_SUMS:
        left, right = (character_column(mu) for mu in weight.classes)
        return Fraction(sum(value * right.get(lam, 0) for lam, value in left.items() if len(lam) <= n))
    if weight.group == CIRCULAR:
        return weingarten(weight.classes[0], group="orthogonal").at(n + 1)
    return weingarten(weight.classes[0], group=weight.group).at(n)
