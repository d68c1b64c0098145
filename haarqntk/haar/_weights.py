r"""``RandomLetter``, what is integrated over, and ``Weight``, what its measure contributes to one term of an integral.

Each random matrix or state of an integrand, once integrated, leaves one weight: a Weingarten function of its group,
the normalisation of a Haar state, or the character sum that integrates power sums of a unitary. It is exact at every
dimension. Products of power sums, of entries, and of entries of Vᵀ V need no diagram:

.. math:: \mathbb E\, V_{i_1 j_1} \cdots \bar V_{i'_1 j'_1} \cdots = \sum_\mu \mathrm{Wg}(\mu)\,
          \#\{(\sigma, \tau) : i = i'_\sigma,\ j = j'_\tau,\ \sigma^{-1}\tau \in \mu\}

and likewise over pairings: the integral of entries depends on which indices are equal, and on nothing else. Each
pattern of equal indices is counted once. ``groups.circular_classes`` has the sum for entries of Vᵀ V.

Reference: collins2006; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import prod
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from haarqntk.algebra import RationalFunction
from haarqntk.combinatorics import Partition
from haarqntk.diagrams import INDEX, Component, DiagramMonomial, Letter, Space
from haarqntk.errors import InputError
from haarqntk.groups import REGISTRY, WEIGHTS, Group, Rows, WeightLaw, circular_classes, weighted_counts

if TYPE_CHECKING:
    from fractions import Fraction


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


Declaration: TypeAlias = RandomLetter | Letter
"""What a name stands for: a random matrix or state, or a given matrix."""


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


def joined_factors(left: Factors, right: Factors) -> Factors:
    """The product of what stands before two diagrams."""
    return (
        tuple(sorted((*left[0], *right[0]), key=repr)),
        tuple(sorted((*left[1], *right[1]), key=str)),
    )


def total_dimension(spaces: tuple[Space, ...], dimensions: Dimensions) -> int:
    """The product of the dimensions of some tensor factors at integers.

    Raises:
        InputError: If a name has no value.
    """
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


Index: TypeAlias = tuple[int, int]
"""A number for each different index of a product, and the half of the space that it is in."""

_Counts: TypeAlias = tuple[tuple[str, Partition, int], ...]
"""Kind of weight, class, and how often it occurs, with signs for the symplectic group."""


def known_weights(monomial: DiagramMonomial, letter: RandomLetter) -> dict[Weight, int] | None:
    """The weights of a product of power sums, of entries, or of entries of Vᵀ V; None if it is none of these.

    Args:
        monomial: The product.
        letter: The random matrix.
    """
    group = letter.record
    if group.is_vector:
        return None
    if group.power_sums and (powers := _power_sums(monomial, letter.name)) is not None:
        is_balanced = sum(powers[0]) == sum(powers[1])
        return {Weight(group.power_sums.name, letter.spaces, powers): 1} if is_balanced else {}
    found = _entries(monomial, letter.name, group)
    if found is None and group.circular:
        found = _circular_entries(monomial, letter.name, group.circular.name)
    return None if found is None else {Weight(kind, letter.spaces, (mu,)): n for kind, mu, n in found}


# -- power sums ----------------------------------------------------------------------------------------------


def _power_sums(monomial: DiagramMonomial, name: str) -> tuple[Partition, Partition] | None:
    """The powers j of Tr V^j and of Tr V*^j if the product has no other factor."""
    powers: tuple[list[int], list[int]] = ([], [])
    for component, exponent in monomial:
        word = component.word if component.is_cycle else ()
        if len(set(word)) != 1 or word[0][0].name != name:
            return None
        powers[word[0][0].conjugated].extend([len(word)] * exponent)
    mu, nu = (tuple(sorted(found, reverse=True)) for found in powers)
    return mu, nu


# -- entries of V --------------------------------------------------------------------------------------------


def _entries(monomial: DiagramMonomial, name: str, group: Group) -> _Counts | None:
    entries: list[tuple[Letter, Letter, bool]] = []
    for component, exponent in monomial:
        entry = _entry(component, name)
        if entry is None:
            return None
        entries += [entry] * exponent
    sign = 1
    if group.ways.has_form:
        entries, sign = _without_conjugates(entries)
    sides = []
    for side in (0, 1):
        numbers: dict[str, int] = {}
        indices = [(row, column)[side] for row, column, _ in entries]
        labels = [(numbers.setdefault(i.name, len(numbers)), i.place) for i in indices]
        plain, conjugated = (
            tuple(x for x, e in zip(labels, entries, strict=True) if e[2] == is_conjugated)
            for is_conjugated in (False, True)
        )
        sides.append((plain, plain if group.ways.is_self_conjugate else conjugated))
    return tuple((kind, mu, sign * count) for kind, mu, count in _counts(group, *sides[0], *sides[1]))


def _entry(component: Component, name: str) -> tuple[Letter, Letter, bool] | None:
    """Row, column and whether it is conjugated, if the component is an entry with numbered indices."""
    if len(component.letters) != 3:  # noqa: PLR2004 - an index, the matrix, an index
        return None
    left, matrix, right = component.letters
    if matrix.name != name or not all(x.kind == INDEX and x.name.isdigit() for x in (left, right)):
        return None
    if component.partner[0] != 1:  # read from its column
        left, right = right, left
    return left, right, matrix.conjugated


def _without_conjugates(
    entries: list[tuple[Letter, Letter, bool]],
) -> tuple[list[tuple[Letter, Letter, bool]], int]:
    """conj(S)_ij = J_ii' S_i'j' J_jj' with i' = i ± D/2."""
    found, sign = [], 1
    for row, column, conjugated in entries:
        ends = [row, column]
        if conjugated:
            sign *= (1 - 2 * row.place) * (1 - 2 * column.place)
            ends = [Letter(INDEX, x.name, x.spaces, place=1 - x.place) for x in ends]
        found.append((ends[0], ends[1], False))
    return found, sign


@lru_cache(maxsize=4096)
def _counts(
    group: Group,
    rows: tuple[Index, ...],
    conjugated_rows: tuple[Index, ...],
    columns: tuple[Index, ...],
    conjugated_columns: tuple[Index, ...],
) -> _Counts:
    ways, k = group.ways, group.ways.degree(len(rows))
    if group.entries:
        return tuple((group.name, mu, count) for mu, count in group.entries(rows, columns).items())
    num_conjugated = 0 if ways.is_self_conjugate else len(conjugated_rows)
    if ways.imbalance("", len(rows), num_conjugated):
        return ()
    sides = ((rows, conjugated_rows), (columns, conjugated_columns))
    if not ways.has_form:
        matching = [ways.num_matching(Counter(plain), Counter(others)) for plain, others in sides]
        if not all(matching):
            return ()
        for side, count in ((rows, matching[1]), (columns, matching[0])):
            if group.sphere and len(set(side)) == 1:
                return ((group.sphere.name, (k,), count),)
    left, right = (
        ways.rows([[_can_meet(a, b, has_form=ways.has_form) for b in others] for a in plain])
        for plain, others in sides
    )
    left_signs, right_signs = (_form_signs(*pair) for pair in ((rows, left), (columns, right)))
    num_classes = ways.num_classes(k)
    totals = np.zeros(num_classes, dtype=np.int64)
    for i, places, numbers, factors in ways.pair_classes(left, right):
        signs = left_signs[i] * factors * right_signs[places] if ways.has_form else factors
        totals += weighted_counts(numbers, signs, num_classes)
    return tuple((group.name, ways.class_of(n, k), int(totals[n])) for n in totals.nonzero()[0].tolist())


def _can_meet(a: Index, b: Index, *, has_form: bool) -> bool:
    return a[0] == b[0] and (a[1] != b[1]) == has_form


def _form_signs(side: Sequence[Index], rows: Rows) -> Rows:
    """Π J_{i_a i_b} over the pairs a < b of each row: J is 1 from the first half to the second."""
    signs = np.ones(len(rows), dtype=np.int64)
    for a, (_, half) in enumerate(side):
        signs = signs * (1 - 2 * half * (rows[:, a] > a))
    return signs


# -- entries of Vᵀ V -----------------------------------------------------------------------------------------


def _circular_entries(monomial: DiagramMonomial, name: str, kind: str) -> _Counts | None:
    sides: tuple[list[tuple[str, int]], list[tuple[str, int]]] = ([], [])
    for component, exponent in monomial:
        if len(component.letters) != 4 or not component.is_chain:  # noqa: PLR2004 - an index, V, V, an index
            return None
        (left, _), first, second, (right, _) = component.word
        is_product = first == (second[0], True) and not second[1] and second[0].name == name  # Vᵀ V
        if not is_product or not all(x.kind == INDEX and x.name.isdigit() for x in (left, right)):
            return None
        sides[second[0].conjugated].extend([(x.name, x.place) for x in (left, right)] * exponent)
    numbers: dict[tuple[str, int], int] = {}
    plain, conjugate = (tuple(numbers.setdefault(i, len(numbers)) for i in side) for side in sides)
    return tuple((kind, mu, count) for mu, count in circular_classes(plain, conjugate))
