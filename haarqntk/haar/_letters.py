r"""Random letters, and what their integration leaves: ``Weight``; the dimensions and indices that they stand between.

Each random matrix or state of an integrand, once integrated, leaves one weight: a Weingarten function of its group,
the normalisation of a Haar state, or the character sum that integrates power sums of a unitary. It is exact at every
dimension.

Reference: collins2006.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk.algebra import RationalFunction
from haarqntk.base import LazyModule
from haarqntk.checks import integer
from haarqntk.diagrams import INDEX, SYMPLECTIC_FORM, Letter, Space, refuse_impossible
from haarqntk.errors import InputError, InputTypeError
from haarqntk.groups import REGISTRY, WEIGHTS, Group, WeightLaw

if TYPE_CHECKING:
    from fractions import Fraction

    from haarqntk.combinatorics import Partition
    from haarqntk.diagrams import DiagramMonomial

sympy = LazyModule("sympy")

Dimensions: TypeAlias = Mapping[str, int]

Factors: TypeAlias = "tuple[tuple[Weight, ...], tuple[Space, ...]]"
"""What stands before a diagram: weights of the measures and closed loops."""


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


Declaration: TypeAlias = RandomLetter | Letter
"""What a name stands for: a random matrix or state, or a given matrix."""


def needs_even_dimension(declaration: Declaration) -> bool:
    """Whether a name was declared as a random matrix that exists at even dimensions only."""
    return isinstance(declaration, RandomLetter) and declaration.record.needs_even_dimension


def is_random_state(declaration: object) -> bool:
    """Whether a name was declared as a random state."""
    return isinstance(declaration, RandomLetter) and declaration.record.is_vector


def kind_of(declaration: Declaration) -> str:
    """What a letter was declared as, in words."""
    if isinstance(declaration, RandomLetter):
        return f"a {declaration.record.noun} on {dimensions_text(declaration.spaces)}"
    properties = " ".join(sorted(declaration.properties))
    return f"a {properties or 'general'} matrix on {dimensions_text(declaration.spaces)}"


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


@lru_cache(maxsize=4096)  # the classes of k ≤ 12 of several groups on several spaces; one takes 1 kB
def _generic(weight: Weight) -> RationalFunction:
    if all(isinstance(space, int) for space in weight.spaces):
        return RationalFunction(_at(weight, total_dimension(weight.spaces, {})))
    return weight.law.generic(weight.classes, dimension_product(weight.spaces))


@lru_cache(maxsize=4096)  # as above, at some dimensions each
def _at(weight: Weight, n: int) -> Fraction:
    return weight.law.at(weight.classes, n)


def joined_factors(left: Factors, right: Factors) -> Factors:
    """The product of what stands before two diagrams."""
    return (
        tuple(sorted((*left[0], *right[0]), key=repr)),
        tuple(sorted((*left[1], *right[1]), key=str)),
    )


# -- dimensions ----------------------------------------------------------------------------------------------


def check_spaces(dims: object) -> tuple[Space, ...]:
    """The dimensions of tensor factors: one or a tuple of them, each a name, a SymPy symbol or an integer ≥ 1."""
    given = tuple(dims) if isinstance(dims, tuple | list) else (dims,)
    if not given:
        raise InputError("dims must name at least one dimension, got none")
    return tuple(map(_check_space, given))


def _check_space(dim: object) -> Space:
    if getattr(dim, "is_Symbol", False):
        dim = str(getattr(dim, "name", dim))
    if not isinstance(dim, str):
        return integer("a dimension", dim, at_least=1)
    if not (dim.isascii() and dim.isidentifier()):
        raise InputError(
            f"a dimension must be a name or an integer ≥ 1, got {dim!r}; a name is letters, digits and underscores"
        )
    return dim


def total_dimension(spaces: tuple[Space, ...], dimensions: Dimensions) -> int:
    """The product of the dimensions of some tensor factors at integers; an InputError if a name has no value."""
    refuse_missing({space for space in spaces if isinstance(space, str) and space not in dimensions})
    return prod(space if isinstance(space, int) else dimensions[space] for space in spaces)


def refuse_missing(names: set[str]) -> None:
    """Raise an InputError if dimensions have no value."""
    if missing := sorted(names):
        raise InputError(
            f"every dimension must have a value, got none for {', '.join(missing)}; "
            f"pass {', '.join(f'{name}=…' for name in missing)}"
        )


def dimension_product(spaces: tuple[Space, ...]) -> RationalFunction:
    """The product of the dimensions of some tensor factors."""
    factors = (RationalFunction(x) if isinstance(x, int) else RationalFunction.variable(x) for x in spaces)
    return prod(factors, start=RationalFunction(1))


def dimensions_text(spaces: tuple[Space, ...]) -> str:
    """The dimensions of the tensor factors, such as d1 × d2."""
    return " × ".join(map(str, spaces)) or "1"


_HALVES = ", as a number counts in the first half while {0} is a symbol; declare the matrices with dims={1}"


class OverDimensions:
    """What an integral knows of its dimensions; the attributes are described there."""

    counts: Mapping[DiagramMonomial, Mapping[Factors, RationalFunction]]
    declared: Mapping[str, Declaration]
    spaces: tuple[Space, ...]
    least: Mapping[str, int]
    halved: frozenset[str]
    fixed: Mapping[str, int]

    def _checked_dimensions(self, given: Mapping[str, Any]) -> dict[str, int]:
        """The dimensions that are given or fixed, one for each name, each in the range of the result."""
        known = self._dimension_names()
        if unknown := sorted(set(given) - known - {"D"}):
            raise InputError(
                f"unknown dimension {', '.join(unknown)}; known: {', '.join(sorted(known)) or 'none'}"
            )
        values = {name: integer(name, value, at_least=1) for name, value in given.items()}
        for name, value in self.fixed.items():
            if values.setdefault(name, value) != value:
                raise InputError(
                    f"{name} is {value} in this result, got {values[name]}; specialise the symbolic one"
                )
        refuse_missing(known - set(values))
        self._check_range(values)
        return values

    def _check_range(self, values: Dimensions) -> None:
        """Refuse dimensions without the halves or the indices of an integrand, or without matrices as declared."""
        for name in sorted(self.halved & values.keys()):
            if values[name] % 2:
                is_symplectic = any(map(needs_even_dimension, self.declared.values()))
                why = "for the symplectic group" if is_symplectic else "where a space has two halves"
                cure = f"pass {name} = 2N for Sp(2N)" if is_symplectic else f"pass {name} = 2N"
                raise InputError(f"{name} must be even {why}, got {values[name]}; {cure}")
        for name, least in self.least.items():
            if values.get(name, least) < least:
                raise InputError(
                    f"{name} must be at least {least}, got {values[name]}: the integrand has an index that does "
                    "not exist below" + (_HALVES.format(name, values[name]) if name in self.halved else "")
                )
        for declaration in self.declared.values():
            if isinstance(declaration, Letter):
                refuse_impossible(declaration, total_dimension(declaration.spaces, values))

    def _dimension_names(self) -> set[str]:
        """The names of the dimensions of a result, and of what was integrated."""
        found = [*self.spaces, *(space for d in self.declared.values() for space in d.spaces)]
        for factors in self.counts.values():
            for (weights, loops), c in factors.items():
                found += [*c.names, *loops, *(space for w in weights for space in w.spaces)]
        return {space for space in found if isinstance(space, str)}


# -- names and indices ---------------------------------------------------------------------------------------


def check_name(name: object) -> str:
    """The name of a letter, checked."""
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
        raise InputError(
            f"a name must be a letter, then letters, digits or underscores, got {name!r}; spell it in a–z, as psi"
        )
    if name in (SYMPLECTIC_FORM, "D"):
        raise InputError(f"the name {name} is taken by the library; pass another")
    return name


def index_letter(index: object, spaces: tuple[Space, ...]) -> list[Letter]:
    """The unit vector of a matrix index, one letter for each tensor factor.

    An index is an integer ≥ 0, a symbol, D/2 + i for the second half of the space of a symplectic matrix, or, on
    several tensor factors, a tuple of these.
    """
    given = tuple(index) if isinstance(index, tuple | list) else (index,)
    if len(given) != len(spaces):
        raise InputError(
            f"an index must have one entry for each of the {len(spaces)} tensor factors, got {index!r}; "
            "write A[(i1, i2), (j1, j2)]"
        )
    halves = [_index_and_half(i, space) for i, space in zip(given, spaces, strict=True)]
    return [Letter(INDEX, i, (space,), place=half) for (i, half), space in zip(halves, spaces, strict=True)]


def _index_and_half(index: Any, space: Space) -> tuple[str, int]:
    """The name of an index, and 1 if it counts from D/2."""
    if getattr(index, "is_Symbol", False):
        index = str(index.name)
    if isinstance(index, str | bool):
        # "sum 1" is an index that is summed over
        if isinstance(index, bool) or not (index.isascii() and index.replace(" ", "_").isidentifier()):
            raise InputTypeError(f"an index must be an integer ≥ 0 or a symbol, got {index!r}")
        if index in (space, "D"):
            raise InputError(
                f"an index must be below the dimension {space}, got {index}, which is out of range: indices count "
                f"from 0 to {space}-1; name a symbolic index i, j, …"
            )
        return index, 0
    if getattr(index, "free_symbols", None) and isinstance(space, str):
        offset = sympy.expand(index - next(iter(index.free_symbols)) / 2)
        names = {str(free.name) for free in index.free_symbols}
        if names != {space} or not offset.is_Integer or offset < 0:
            raise InputError(
                f"a symbolic index must be a symbol, or {space}/2 + i with an integer i ≥ 0, got {index}; "
                "anything else may be out of range"
            )
        return str(int(offset)), 1
    number = integer("an index", index, at_least=0)
    if isinstance(space, str):
        return str(number), 0
    if number >= space:
        raise InputError(f"an index must be below the dimension {space}, got {number}; indices count from 0")
    return (str(number), 0) if space % 2 or number < space // 2 else (str(number - space // 2), 1)
