"""What integrands are made of: random letters and their weights, dimensions, indices, and sums of diagrams.

Each random matrix or state of an integrand, once integrated, leaves one ``Weight``: a Weingarten function of its group,
the normalisation of a Haar state, or the character sum that integrates power sums of a unitary. It is exact at every
dimension.

A matrix expression is a sum of diagrams with open ends named "left" and "right", one pair for each tensor factor;
joining open ends is how matrices are multiplied, traced and transposed.

Reference: collins2006; derivations/11_integrals.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk.algebra import RationalFunction, collected, dimension_symbol, polynomial_of
from haarqntk.base import LazyModule
from haarqntk.checks import integer, one_of, rational
from haarqntk.diagrams import (
    DELTA,
    INDEX,
    OPEN,
    SYMPLECTIC_FORM,
    Component,
    DiagramMonomial,
    Gluing,
    Letter,
    Space,
    first_ends,
    flatten,
    reduce_diagram,
)
from haarqntk.errors import InputError, InputTypeError
from haarqntk.groups import REGISTRY, WEIGHTS, Group, WeightLaw
from haarqntk.haar._style import cap_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from fractions import Fraction

    from haarqntk.combinatorics import Partition

sympy = LazyModule("sympy")

_ONE = RationalFunction(1)

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

    def __post_init__(self) -> None:
        """Check that the group is known."""
        one_of("group", self.group, REGISTRY)

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
    return (tuple(sorted((*left[0], *right[0]), key=repr)), tuple(sorted((*left[1], *right[1]), key=str)))


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
    return prod(factors, start=_ONE)


def dimensions_text(spaces: tuple[Space, ...]) -> str:
    """The dimensions of the tensor factors, such as d1 × d2."""
    return " × ".join(map(str, spaces)) or "1"


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


# -- sums of diagrams ----------------------------------------------------------------------------------------

LEFT, RIGHT = "left", "right"

Terms: TypeAlias = dict[DiagramMonomial, RationalFunction]
Found: TypeAlias = tuple[tuple[RationalFunction, DiagramMonomial] | None, RationalFunction]
"""What ``joined`` found, and its scale."""
Pairs: TypeAlias = "Sequence[tuple[tuple[str, int], tuple[str, int]]]"
"""Open ends to be joined, each by its side and its tensor factor."""


def joined(
    letters: Sequence[Letter], partner: Sequence[int], pairs: Pairs
) -> tuple[RationalFunction, DiagramMonomial] | None:
    """Join open ends and reduce."""
    loops: Sequence[Space] = ()
    if pairs:
        firsts = zip(letters, first_ends(letters), strict=True)
        opened = [(i, x, end) for i, (x, end) in enumerate(firsts) if x.kind == OPEN]
        ends = {(x.name, x.place): end for _, x, end in opened}
        glued = {ends[x]: ends[y] for a, b in pairs for x, y in ((a, b), (b, a))}
        gluing = Gluing(letters, partner, {i for i, _, end in opened if end in glued})
        (partner, loops), letters = gluing.glue(glued), gluing.letters
    reduced = reduce_diagram(letters, partner)
    if reduced is None:
        return None
    return dimension_product((*loops, *reduced.loops)) * reduced.sign, reduced.monomial


def renamed(letter: Letter, old: str, new: str) -> Letter:
    """The letter; an open end of one side as an end of another."""
    return replace(letter, name=new) if letter.kind == OPEN and letter.name == old else letter


def changed(
    terms: Mapping[DiagramMonomial, RationalFunction], change: Callable[[Letter], Letter], pairs: Pairs = ()
) -> Terms:
    """Every diagram with its letters changed and open ends joined."""
    return summed(
        (joined([change(x) for x in letters], partner, pairs), c)
        for monomial, c in terms.items()
        for letters, partner in [flatten([monomial])]
    )


def summed(found: Iterable[Found]) -> Terms:
    """The sum of what ``joined`` found, each scaled."""
    return collected((pair[1], pair[0] * scale) for pair, scale in found if pair is not None)


def single_term(letters: Sequence[Letter], partner: Sequence[int]) -> Terms:
    """One diagram, reduced."""
    return summed([(joined(letters, partner, ()), RationalFunction(1))])


def open_ends(spaces: tuple[Space, ...]) -> Iterator[Letter]:
    """The left open ends, then the right ones."""
    for side in (LEFT, RIGHT):
        for s, space in enumerate(spaces):
            yield Letter(OPEN, side, (space,), place=s)


def permutation_terms(spaces: tuple[Space, ...], images: Mapping[int, int]) -> Terms:
    """P_σ, which moves the tensor factor at place a to place σ(a), or stays where σ does not name it; the identity."""
    count = len(spaces)
    partner = [0] * (2 * count)
    for a in range(count):
        b = images.get(a, a)
        partner[count + a], partner[b] = b, count + a
    return single_term([*open_ends(spaces)], partner)


def coefficient(value: Any) -> RationalFunction:
    """A number or a rational function of dimensions, exact: an integer, a Fraction, or one of SymPy."""
    if isinstance(value, RationalFunction):
        return value
    if not getattr(value, "free_symbols", None):
        return RationalFunction(rational("a coefficient", value))
    parts = []
    if all(isinstance(free, sympy.Symbol) for free in value.free_symbols):
        # a dimension is real and positive, whatever the caller's symbol knows of itself
        matched = {free: dimension_symbol(free.name) for free in value.free_symbols}
        parts = sympy.fraction(sympy.together(value.subs(matched)))
    if not parts or not all(part.is_polynomial(*matched.values()) for part in parts):
        raise InputError(
            f"a coefficient must be a rational function of dimensions, got {value}; only polynomials in the "
            "matrices can be integrated"
        )
    names = tuple(sorted({free.name for free in matched}))
    top, bottom = (polynomial_of(part, names) for part in parts)
    return top / bottom


def refuse_unknown_half(component: Component, caps: Mapping[tuple[str, int], Letter]) -> None:
    """Refuse an entry of 1, of J or of a delta between numbers whose halves depend on a dimension that is a name.

    It would be a number at once, and nothing would remember from which dimension on it is right.
    """
    indices = [
        caps[x.name, x.place] for x in component.letters if (x.name, x.place) in caps and x.kind == OPEN
    ]
    named = [x for x in indices if x.is_number and isinstance(x.spaces[0], str)]
    inner = [x.name for x in component.letters if x.kind != OPEN]
    has_deltas = any(x.kind == DELTA for x in component.letters)
    if not has_deltas and (len(named) != 2 or inner not in ([], [SYMPLECTIC_FORM])):  # noqa: PLR2004 - a row and a column
        return
    if inner == [SYMPLECTIC_FORM]:
        raise InputError(
            "an entry of the symplectic form must have a number for its dimension, got "
            f"{named[0].spaces[0]}: which half an index is in depends on it; pass symplectic_form(dims=…)"
        )
    for x, y in combinations(named, 2):
        first, second = sorted((x, y), key=lambda x: x.place)
        if first.place != second.place and int(first.name) > 2 * int(second.name):
            raise InputError(
                f"whether {cap_text(x)} and {cap_text(y)} are one index depends on {x.spaces[0]}; "
                "pass an integer dimension"
            )
