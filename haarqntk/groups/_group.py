"""``Group``: all that the library knows about one random matrix or vector, in one record.

A group is a file with its record, and a line in ``_weingarten.py``. Whoever integrates, explains, writes or reads asks
the record; nobody compares names.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import prod
from operator import or_
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.algebra import RationalFunction, product_of_shifts
from haarqntk.combinatorics import Partition, num_partitions
from haarqntk.errors import CostError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from haarqntk.groups._ways import Way, Ways

Classes: TypeAlias = tuple[Partition, ...]

_LARGEST_COUNTED = 1000  # counting the partitions of a larger k would itself take long


@dataclass(frozen=True, eq=False)
class WeightLaw:
    """What one random matrix or vector contributes to a term: a function of a class and of the dimension.

    Attributes:
        name: Its name, which weights carry and files hold.
        generic: Its value as a function of the dimension.
        at: Its exact value at an integer dimension.
        num_classes: How many partitions it depends on.
        copies: How many copies of V, or pairs of them, one unit of the class stands for.
        step: The generic value holds from ``step`` times the degree on; 0 if it holds everywhere.
        is_of_degree: Whether it knows nothing of the class but its size.
        title: What it is called; "" for a Weingarten function, which is named by its class.
    """

    name: str
    generic: Callable[[Classes, RationalFunction], RationalFunction]
    at: Callable[[Classes, int], Fraction]
    num_classes: int = 1
    copies: int = 1
    step: int = 1
    is_of_degree: bool = False
    title: str = ""


@dataclass(frozen=True, eq=False)
class Weingarten:
    """How the Weingarten function of one group is computed, and the largest k that finish.

    The limits are measured on two cores (benchmarks/weingarten.py): below a minute and 4 GB.

    Attributes:
        group: The name of the group.
        table: Its values on all classes.
        class_at: Its value on one class at an integer dimension, where the Gram matrix is singular too.
        one_class: Its value on one class; None if that takes the whole table.
        contract: The contraction s·D^loops of two ways to glue, as the sign s and the number of loops; None if there
            is a loop for each part of their class.
        step: Dimensions are multiples of it, and the rational function holds from step·k on.
        alternates: Whether a cycle of n in the leading term has the sign (−1)^{n−1}.
        largest_table: The largest k of a table.
        largest_class: The largest k of one class.
    """

    group: str
    table: Callable[[int], dict[Partition, RationalFunction]]
    class_at: Callable[[Partition, int], Fraction]
    one_class: Callable[[Partition], RationalFunction] | None = None
    contract: Callable[[Way, Way], tuple[int, int]] | None = None
    step: int = 1
    alternates: bool = True
    largest_table: int = 20
    largest_class: int = 20

    def value(self, mu: Partition) -> RationalFunction:
        """Wg(μ) as a rational function of D.

        Raises:
            CostError: If it would not finish.
        """
        refuse_above("one class", sum(mu), self.largest_class)
        return self.one_class(mu) if self.one_class else self.table(sum(mu))[mu]

    def at(self, mu: Partition, n: int, value: RationalFunction | None = None) -> Fraction:
        """Wg(μ) at an integer n ≥ 1, from the rational function ``value`` where that holds.

        Raises:
            InputError: If n is odd and the group needs an even dimension.
            CostError: If it would not finish.
        """
        if n % self.step:
            raise InputError(f"D must be even for the {self.group} group, got {n}; pass D = 2N for Sp(2N)")
        if n < self.step * sum(mu):
            return self.class_at(mu, n)
        return (value or self.value(mu)).at(n)

    @property
    def law(self) -> WeightLaw:
        """It as the weight of a term."""
        return WeightLaw(
            self.group,
            lambda classes, D: self.value(classes[0]).compose(D),
            lambda classes, n: self.at(classes[0], n),
            step=self.step,
        )


@dataclass(frozen=True, eq=False)
class Group:
    """One kind of random matrix or vector.

    Attributes:
        weight: What a pair of ways contributes; its name is the group's.
        ways: How copies are glued.
        title: What it is called, as in "a Haar unitary matrix"; "" if no letter of an integrand is of this kind.
        constructor: The public function that declares it, and the word for it in declarations.
        properties: The relations that its letter obeys.
        weingarten: Its Weingarten function, if ``hq.weingarten`` gives it.
        is_vector: Whether it is a unit vector and no matrix.
        sphere: The weight of copies that all meet one vector on a side, where a row of the matrix is a random point
            of a sphere.
        entries: The classes of a product of entries V_{i_1 j_1}⋯ and their counts, from its row and its column
            indices, if that needs no count of ways.
        power_sums: The weight of Tr V^j times Tr V*^j, if it is known.
        circular: The weight of entries of Vᵀ V, if it is known.
        references: The keys of the papers that its integrals rest on.
    """

    weight: WeightLaw
    ways: Ways
    title: str = ""
    constructor: str = ""
    properties: frozenset[str] = frozenset()
    weingarten: Weingarten | None = None
    is_vector: bool = False
    sphere: WeightLaw | None = None
    entries: Callable[[Sequence[Hashable], Sequence[Hashable]], dict[Partition, int]] | None = None
    power_sums: WeightLaw | None = None
    circular: WeightLaw | None = None
    references: tuple[str, ...] = ("collins2006", "collins2009", "matsumoto2013")

    @property
    def name(self) -> str:
        """Its name, as ``group=`` takes it and files hold it."""
        return self.weight.name

    @property
    def needs_even_dimension(self) -> bool:
        """Whether it exists at even dimensions only."""
        return self.ways.has_form

    @property
    def noun(self) -> str:
        """The title with what it is.

        Examples:
            >>> from haarqntk.groups import REGISTRY
            >>> [REGISTRY[name].noun for name in ("unitary", "state")]
            ['Haar unitary matrix', 'Haar state']
        """
        return self.title if self.is_vector else f"{self.title} matrix"


def inverse_product(name: str, increment: int, title: str, *, step: int, is_of_degree: bool) -> WeightLaw:
    """1/(D(D + s)⋯(D + (k − 1)s)) for the increment s and a class of size k; 0 where the product is."""

    def generic(classes: Classes, D: RationalFunction) -> RationalFunction:
        one = RationalFunction(1)
        return one / prod((D + increment * i for i in range(sum(classes[0]))), start=one)

    def at(classes: Classes, n: int) -> Fraction:
        product = prod(n + increment * i for i in range(sum(classes[0])))
        return Fraction(1, product) if product else Fraction(0)

    return WeightLaw(name, generic, at, step=step, is_of_degree=is_of_degree, title=title)


def over_one_denominator(
    diagrams: Iterable[tuple[int, Sequence[int]]],
) -> tuple[list[list[int]], tuple[int, ...]]:
    """The quotients w/Π(D + c) of pairs (w, contents c): numerators of one length over one denominator."""
    pairs = [(weight, Counter(boxes)) for weight, boxes in diagrams]
    most = reduce(or_, (found for _, found in pairs))  # the largest number of boxes of each content
    rows = [[weight * c for c in product_of_shifts(most - found)] for weight, found in pairs]
    length = max(map(len, rows))
    return [row + [0] * (length - len(row)) for row in rows], product_of_shifts(most)


def sum_at(n: int, diagrams: Iterable[tuple[int, Sequence[int]]]) -> Fraction:
    """Σ w/Π(n + c) over the pairs (w, contents c) without a vanishing product."""
    quotients = ((weight, prod(n + c for c in boxes)) for weight, boxes in diagrams)
    return sum((Fraction(weight, product) for weight, product in quotients if product), start=Fraction(0))


def refuse_above(what: str, k: int, largest: int) -> None:
    """Raise a CostError if k is above the largest that finishes."""
    if k > largest:
        count = f"the {num_partitions(k)}" if k <= _LARGEST_COUNTED else "more than 10^31"
        raise CostError(
            f"k = {k} would not finish: {what} runs over {count} partitions of {k}; the largest k is {largest}"
        )
