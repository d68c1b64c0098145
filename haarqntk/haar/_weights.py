"""``RandomLetter``, what is integrated over, and ``Weight``, what its measure contributes to one term of an integral.

Each random matrix or state of an integrand, once integrated, leaves one weight: a Weingarten function of its group,
the normalisation of a Haar state, or the character sum that integrates power sums of a unitary. It is exact at every
dimension.

Reference: collins2006; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.algebra import RationalFunction
from haarqntk.errors import InputError
from haarqntk.groups import REGISTRY, WEIGHTS

if TYPE_CHECKING:
    from fractions import Fraction

    from haarqntk.combinatorics import Partition
    from haarqntk.diagrams import Space
    from haarqntk.groups import Group, WeightLaw

Dimensions: TypeAlias = Mapping[str, int]

Factors: TypeAlias = "tuple[tuple[Weight, ...], tuple[Space, ...]]"
"""What stands before a diagram: weights of the measures and closed loops."""

_ONE = RationalFunction(1)


@dataclass(frozen=True, slots=True)
class RandomLetter:
    """A random matrix or state.

    Attributes:
        name: The name of its letter.
        group: The name of its group, a key of ``groups.REGISTRY``: "unitary", "orthogonal", "symplectic" or "state".
        spaces: The tensor factors that it acts on.
    """

    name: str
    group: str
    spaces: tuple[Space, ...]

    @property
    def record(self) -> Group:
        """What is known about its group."""
        return REGISTRY[self.group]


def needs_even_dimension(declaration: object) -> bool:
    """Whether a name was declared as a random matrix that exists at even dimensions only."""
    return isinstance(declaration, RandomLetter) and declaration.record.needs_even_dimension


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
    def law(self) -> WeightLaw:
        """How it depends on classes and dimension."""
        return WEIGHTS[self.group]

    @property
    def design_order(self) -> int:
        """The order k of the design that reproduces it."""
        return sum(self.classes[0]) * self.law.copies

    def generic(self) -> RationalFunction:
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


def dimension_product(spaces: tuple[Space, ...]) -> RationalFunction:
    """The product of the dimensions of some tensor factors.

    Examples:
        >>> dimension_product(("d1", "d2", "d1", 2)).to_sympy()
        2*d1**2*d2
    """
    factors = (
        RationalFunction(space) if isinstance(space, int) else RationalFunction.variable(space)
        for space in spaces
    )
    return prod(factors, start=_ONE)


@cache
def _generic(weight: Weight) -> RationalFunction:
    if all(isinstance(space, int) for space in weight.spaces):
        return RationalFunction(_at(weight, total_dimension(weight.spaces, {})))
    return weight.law.generic(weight.classes, dimension_product(weight.spaces))


@cache
def _at(weight: Weight, n: int) -> Fraction:
    return weight.law.at(weight.classes, n)
