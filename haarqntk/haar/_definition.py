r"""The definition of a Haar integral: every pair (σ, τ), one after the other.

.. math:: \mathbb E\, \mathrm{diagram} = \sum_{\sigma, \tau} \mathrm{Wg}(\sigma^{-1}\tau)\,
          \mathrm{diagram\ glued\ by\ } \sigma \mathrm{\ on\ the\ left\ and\ } \tau
          \mathrm{\ on\ the\ right\ ends}

No symmetry of the diagram is used, no side is glued apart and no index is looked at before the end: the slow route
that ``expect`` is checked against, and the rows that ``Integral.explain`` lists.

Reference: collins2006; derivations/11_integrals.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from haarqntk.errors import CostError
from haarqntk.haar._copies import Copies, gather_copies
from haarqntk.haar._elimination import random_letters_in
from haarqntk.haar._weights import Weight, dimension_product

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from haarqntk.algebra import RationalFunction
    from haarqntk.diagrams import DiagramMonomial, Reducer, Space
    from haarqntk.groups import Way
    from haarqntk.haar._weights import RandomLetter

LARGEST_NUM_PAIRS = 20_000  # ten seconds


@dataclass(frozen=True)
class GluedPair:
    """One pair of ways to glue the copies of one random matrix or state.

    Attributes:
        letter: What is integrated over.
        copies: Its copies in the diagram.
        left: How the left ends are glued.
        right: How the right ends are glued; None for a state, which has none.
        weight: The weight of the pair.
        factor: What stands before the weight: −1 where pairings of a symplectic matrix cross an odd number of times.
    """

    letter: RandomLetter
    copies: Copies
    left: Way
    right: Way | None
    weight: Weight
    factor: int


@dataclass(frozen=True)
class GluedTerm:
    """One term of the definition: a pair for each random letter, and what the diagram became.

    Attributes:
        pairs: The pairs, in the order of integration.
        loops: The closed loops.
        diagram: What is left; None if it is zero.
        factor: What multiplies weights, loops and diagram: the integrand's coefficient and the signs.
    """

    pairs: tuple[GluedPair, ...]
    loops: tuple[Space, ...]
    diagram: DiagramMonomial | None
    factor: RationalFunction

    @property
    def weights(self) -> tuple[Weight, ...]:
        """The weights, sorted."""
        return tuple(sorted((pair.weight for pair in self.pairs), key=repr))

    @property
    def coefficient(self) -> RationalFunction:
        """What stands before the diagram, as a function of the dimensions."""
        return prod((w.generic() for w in self.weights), start=self.factor * dimension_product(self.loops))


def num_glued_terms(monomial: DiagramMonomial, letters: Mapping[str, RandomLetter]) -> int:
    """How many terms the definition has: the product over the random letters; none if the degrees do not balance.

    A relation that a gluing makes possible, such as V V† = 1, can leave fewer.
    """
    total = 1
    for letter in random_letters_in(monomial, dict(letters)):
        copies = gather_copies(monomial, letter)
        count = copies.ways.num_ways if copies.group.is_vector else copies.ways.num_terms
        total *= count(copies.degree) if copies.is_balanced else 0
    return total


def glued_terms(
    terms: Mapping[DiagramMonomial, RationalFunction], letters: Mapping[str, RandomLetter], reducer: Reducer
) -> Iterator[GluedTerm]:
    """All terms of the definition, also those whose diagram is zero, one by one."""
    for monomial, c in terms.items():
        yield from _glued(GluedTerm((), (), monomial, c), letters, reducer)


def refuse_too_many_pairs(
    terms: Mapping[DiagramMonomial, RationalFunction], letters: Mapping[str, RandomLetter]
) -> None:
    """Raise a CostError if the definition would not finish."""
    total = sum(num_glued_terms(monomial, letters) for monomial in terms)
    if total > LARGEST_NUM_PAIRS:
        raise CostError(
            f"method='definition' would not finish: it has {total} pairs, the largest number is "
            f"{LARGEST_NUM_PAIRS}; use method='orbits'"
        )


def _glued(term: GluedTerm, letters: Mapping[str, RandomLetter], reducer: Reducer) -> Iterator[GluedTerm]:
    letter = None if term.diagram is None else next(random_letters_in(term.diagram, dict(letters)), None)
    if letter is None or term.diagram is None:
        yield term
        return
    copies = gather_copies(term.diagram, letter)
    if not copies.is_balanced:
        return
    for pair in _pairs(copies, letter):
        right = None if pair.right is None else copies.ways.blocks(pair.right)
        reduced = copies.glued(reducer, copies.ways.blocks(pair.left), right)
        if reduced is None:
            yield GluedTerm((*term.pairs, pair), term.loops, None, term.factor)
            continue
        loops = tuple(sorted((*term.loops, *reduced.loops), key=str))
        factor = term.factor * (pair.factor * reduced.sign)
        yield from _glued(GluedTerm((*term.pairs, pair), loops, reduced.monomial, factor), letters, reducer)


def _pairs(copies: Copies, letter: RandomLetter) -> Iterator[GluedPair]:
    """Every pair with its weight, from the definitions of its class."""
    every = copies.ways.every(copies.degree)
    for left in every:
        if copies.group.is_vector:
            weight = Weight(letter.group, letter.spaces, ((copies.degree,),))
            yield GluedPair(letter, copies, left, None, weight, 1)
            continue
        for right in every:
            for mu, factor in copies.ways.classes_of_pair(left, right):
                yield GluedPair(
                    letter, copies, left, right, Weight(letter.group, letter.spaces, (mu,)), factor
                )
