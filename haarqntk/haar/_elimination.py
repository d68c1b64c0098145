r"""Elimination: one random matrix or state leaves a diagram, exactly.

.. math:: \mathbb E\, \mathrm{diagram} = \sum_{\sigma, \tau} \mathrm{Wg}(\sigma^{-1}\tau)\,
          \mathrm{diagram\ glued\ by\ } \sigma \mathrm{\ on\ the\ left\ and\ } \tau
          \mathrm{\ on\ the\ right\ ends}

The sum runs over one σ of each orbit under the symmetries of the diagram. Where no path joins a left end to a right
end, as in every product of V A V† and in every product of entries, the two sides are glued apart: k! + k! gluings
instead of (k!)², and the pairs (σ, τ) are only counted, by class. Where all copies meet one vector on a side, the
sum over its gluings is the normalisation of a random unit vector, and only the other side is glued.

Reference: collins2006; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.diagrams import MATRIX, VECTOR, Component, Reducer, product
from haarqntk.errors import CostError
from haarqntk.haar import _gluings
from haarqntk.haar._circular import count_circular_entries
from haarqntk.haar._copies import Copies, gather_copies
from haarqntk.haar._entries import count_entries
from haarqntk.haar._weights import CIRCULAR, POWER_SUMS, REAL_STATE, STATE, Weight, dimension_product

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from haarqntk.algebra import RationalFunction
    from haarqntk.combinatorics import Partition
    from haarqntk.diagrams import DiagramMonomial, Reduced, Space
    from haarqntk.haar._gluings import Rows

LARGEST_NUM_GLUINGS = 600_000
LARGEST_NUM_TERMS = 50_000
_LARGEST_NUM_PAIRS = 400_000_000


@dataclass(frozen=True, slots=True)
class RandomLetter:
    """A random matrix or state.

    Attributes:
        name: The name of its letter.
        group: "unitary", "orthogonal", "symplectic" or "state".
        spaces: The tensor factors that it acts on.
    """

    name: str
    group: str
    spaces: tuple[Space, ...]


Outcome: TypeAlias = "tuple[tuple[Weight, ...], tuple[Space, ...], DiagramMonomial]"
"""Weights, closed loops, and what is left of the diagram."""


def eliminate(monomial: DiagramMonomial, letter: RandomLetter, reducer: Reducer) -> dict[Outcome, int]:
    """Integrate a product of components over one random matrix or state.

    Args:
        monomial: The product.
        letter: What is integrated over.
        reducer: Reduces the glued diagrams.

    Returns:
        Outcome → count, without zeros; empty if the integral vanishes because the degrees do not balance.

    Raises:
        CostError: If the gluings would not finish.
    """
    touched = tuple(
        (component, e)
        for component, e in monomial
        if any(x.name == letter.name and x.kind in (MATRIX, VECTOR) for x in component.letters)
    )
    if len(touched) < len(monomial):
        rest = tuple(pair for pair in monomial if pair not in touched)
        return {
            (weights, loops, product((left, rest))): count
            for (weights, loops, left), count in eliminate(touched, letter, reducer).items()
        }
    known = _known_pattern(monomial, letter)
    if known is not None:
        return {((weight,), (), ()): count for weight, count in known.items()}
    copies = gather_copies(monomial, letter.name, letter.group)
    if not copies.is_balanced:
        return {}
    total: Counter[Outcome] = Counter()
    if letter.group == STATE:
        _eliminate_vector(copies, letter, reducer, total)
    elif copies.sides_are_apart and (side := _side_of_one_vector(copies)) is not None:
        _eliminate_vector(copies.side(1 - side, with_loose=True), letter, reducer, total)
    elif copies.sides_are_apart:
        _eliminate_apart(copies, letter, reducer, total)
    else:
        _eliminate_together(copies, letter, reducer, total)
    return {outcome: count for outcome, count in total.items() if count}


def _known_pattern(monomial: DiagramMonomial, letter: RandomLetter) -> dict[Weight, int] | None:
    """The weights of a product that needs no diagram: power sums of a unitary, entries of one matrix or of Vᵀ V."""
    found: dict[tuple[str, tuple[Partition, ...]], int] | None = None
    if letter.group == "unitary" and (powers := _power_sums(monomial, letter)) is not None:
        found = {(POWER_SUMS, powers): 1} if sum(powers[0]) == sum(powers[1]) else {}
    elif (
        letter.group != STATE and (entries := count_entries(monomial, letter.name, letter.group)) is not None
    ):
        found = {(kind, (mu,)): count for (kind, mu), count in entries.items()}
    elif letter.group == "unitary" and (pairs := count_circular_entries(monomial, letter.name)) is not None:
        found = {(CIRCULAR, (mu,)): count for mu, count in pairs.items()}
    if found is None:
        return None
    return {Weight(kind, letter.spaces, classes): count for (kind, classes), count in found.items()}


def _side_of_one_vector(copies: Copies) -> int | None:
    return next((side for side in (0, 1) if copies.meets_one_vector(side)), None)


def _eliminate_vector(
    copies: Copies, letter: RandomLetter, reducer: Reducer, total: Counter[Outcome]
) -> None:
    """One row or column of a random matrix, or a state: a uniform point of the complex or the real sphere."""
    sphere = REAL_STATE if letter.group == "orthogonal" else STATE
    weights = (Weight(sphere, letter.spaces, ((copies.degree,),)),)
    if not copies.has_content:
        if count := copies.num_allowed(0):
            total[weights, (), ()] = count
        return
    rows = _ways(copies, 0, letter.group)
    chosen, sizes = _gluings.orbits(rows, copies.symmetries)
    for place, size in zip(chosen.tolist(), sizes.tolist(), strict=True):
        reduced = copies.glued(reducer, rows[place].tolist(), None)
        if reduced is not None:
            total[weights, reduced.loops, reduced.monomial] += reduced.sign * size


def _eliminate_apart(copies: Copies, letter: RandomLetter, reducer: Reducer, total: Counter[Outcome]) -> None:
    left, right = (_ways(copies, side, letter.group) for side in (0, 1))
    chosen, sizes = _gluings.orbits(left, copies.symmetries)
    _refuse_too_many_pairs(len(chosen), len(right), _LARGEST_NUM_PAIRS, copies, letter)
    left, left_parts, left_numbers, kept = _glued_side(copies, reducer, left[chosen], 0)
    right, right_parts, right_numbers, _ = _glued_side(copies, reducer, right, 1)
    left_signs = _signs(left, letter.group) * sizes[kept]
    right_signs = _signs(right, letter.group)
    num_classes = _gluings.num_classes(copies.degree)
    keys, size = right_numbers * num_classes, len(right_parts) * num_classes
    if len(left_parts) * len(right_parts) > LARGEST_NUM_TERMS:
        raise CostError(
            f"{len(copies.plain)} copies of {letter.name} would leave {len(left_parts)} × {len(right_parts)} "
            f"different terms, the largest number is {LARGEST_NUM_TERMS}; use fewer different letters"
        )
    counts: Counter[tuple[int, int]] = Counter()
    for i, numbers in _classes(left, right, letter.group):
        found = _gluings.weighted_counts(keys + numbers, right_signs, size)
        for place in found.nonzero()[0].tolist():
            counts[int(left_numbers[i]), place] += int(left_signs[i]) * int(found[place])
    for (i, place), count in counts.items():
        j, number = divmod(place, num_classes)
        a, b = left_parts[i], right_parts[j]
        weights = (Weight(letter.group, letter.spaces, (_gluings.class_of(number, copies.degree),)),)
        loops = tuple(sorted((*a.loops, *b.loops), key=str))
        total[weights, loops, product((a.monomial, b.monomial))] += count * a.sign * b.sign


def _glued_side(
    copies: Copies, reducer: Reducer, rows: Rows, side: int
) -> tuple[Rows, list[Reduced], Rows, Rows]:
    """The rows that do not glue one side to zero, the different diagrams, each row's number, the rows' places."""
    parts: dict[Reduced, int] = {}
    part, kept, numbers = copies.side(side, with_loose=side == 0), [], []
    common = None if part.has_content or not len(rows) else part.glued(reducer, rows[0].tolist(), None)
    for i, row in enumerate(rows.tolist()):
        reduced = common or part.glued(reducer, row, None)
        if reduced is not None:
            kept.append(i)
            numbers.append(parts.setdefault(reduced, len(parts)))
    places = _gluings.integers(kept)
    return rows[places], list(parts), _gluings.integers(numbers), places


def _eliminate_together(
    copies: Copies, letter: RandomLetter, reducer: Reducer, total: Counter[Outcome]
) -> None:
    left, right = (_ways(copies, side, letter.group) for side in (0, 1))
    chosen, sizes = _gluings.orbits(left, copies.symmetries)
    _refuse_too_many_pairs(len(chosen), len(right), LARGEST_NUM_GLUINGS, copies, letter)
    left = left[chosen]
    signs, left_signs = _signs(right, letter.group), _signs(left, letter.group) * sizes
    listed = right.tolist()
    for i, numbers in _classes(left, right, letter.group):
        row = left[i].tolist()
        for j, number in enumerate(numbers.tolist()):
            reduced = copies.glued(reducer, row, listed[j])
            if reduced is None:
                continue
            mu = _gluings.class_of(number, copies.degree)
            outcome = ((Weight(letter.group, letter.spaces, (mu,)),), reduced.loops, reduced.monomial)
            total[outcome] += int(left_signs[i] * signs[j]) * reduced.sign


def _refuse_too_many_pairs(
    num_left: int, num_right: int, largest: int, copies: Copies, letter: RandomLetter
) -> None:
    if num_left * num_right > largest:
        raise CostError(
            f"{len(copies.plain)} copies of {letter.name} would not finish: {num_left} × {num_right} gluings, the "
            f"largest number is {largest}; pass an integrand of lower degree or with fewer different letters"
        )


def _classes(left: Rows, right: Rows, group: str) -> Iterator[tuple[int, Rows]]:
    if group == "unitary":
        return _gluings.permutation_classes(left, right)
    return _gluings.pairing_classes(left, right)


def _ways(copies: Copies, side: int, group: str) -> Rows:
    find: Callable[[list[list[bool]]], Rows] = (
        _gluings.allowed_permutations if group in ("unitary", STATE) else _gluings.allowed_pairings
    )
    return find(copies.allowed(side))


def _signs(rows: Rows, group: str) -> Rows:
    return _gluings.pairing_signs(rows) if group == "symplectic" else _gluings.ones(len(rows))


def _power_sums(
    monomial: DiagramMonomial, letter: RandomLetter
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The powers j of Tr V^j and of Tr V*^j if the product has no other factor."""
    powers: dict[bool, list[int]] = {False: [], True: []}
    for component, exponent in monomial:
        word = _power(component, letter.name)
        if word is None:
            return None
        powers[word[0]].extend([word[1]] * exponent)
    mu, nu = (tuple(sorted(found, reverse=True)) for found in powers.values())
    return mu, nu


def _power(component: Component, name: str) -> tuple[bool, int] | None:
    """(whether it is conjugated, j) if the component is Tr V^j."""
    if not component.is_cycle or {x.name for x in component.letters} != {name}:
        return None
    word = component.word
    return (word[0][0].conjugated, len(word)) if len(set(word)) == 1 else None


def random_letters_in(monomial: DiagramMonomial, known: dict[str, RandomLetter]) -> Iterator[RandomLetter]:
    """The random letters of a product, those of the lowest degree first: they leave the fewest terms."""
    for _, name in sorted(_letters_in(monomial, known)):
        yield known[name]


def design_order(
    terms: Mapping[DiagramMonomial, RationalFunction], chosen: Mapping[str, RandomLetter]
) -> int:
    """The least t such that t-designs have the average of a sum of diagrams, whatever its matrices and dimensions.

    A letter of degree ≤ t in a term can be integrated there; what is left of the sum, merged, is asked again. A term
    with one letter needs its degree, even if its average is zero.
    """
    left, reducer, t = dict(terms), Reducer(), 0
    while several := [m for m in left if len(_letters_in(m, chosen)) > 1]:
        first = {m: min(_letters_in(m, chosen)) for m in several}
        t = max(t, min(degree for degree, _ in first.values()))
        for monomial in several:
            degree, name = first[monomial]
            if degree > t:
                continue
            c = left.pop(monomial)
            for (weights, loops, rest), count in eliminate(monomial, chosen[name], reducer).items():
                value = prod((w.generic() for w in weights), start=c * dimension_product(loops) * count)
                left[rest] = left[rest] + value if rest in left else value
        left = {m: c for m, c in left.items() if c}
    return max([t, *(degree for m in left for degree, _ in _letters_in(m, chosen))])


def _letters_in(monomial: DiagramMonomial, known: Mapping[str, RandomLetter]) -> list[tuple[int, str]]:
    names = {x.name for component, _ in monomial for x in component.letters if x.name in known}
    return [(degree_of(monomial, known[name]), name) for name in names]


def degree_of(monomial: DiagramMonomial, letter: RandomLetter) -> int:
    """The order of the designs that average a product: its degree in V or in V*, the larger; in both by half for O, Sp.

    A t-design of the orthogonal or the symplectic group averages every polynomial of degree ≤ 2t in the entries.
    """
    copies = num_copies(monomial, letter)
    if letter.group in ("orthogonal", "symplectic"):
        return (copies.total() + 1) // 2
    return max(copies.values(), default=0)


def num_copies(monomial: DiagramMonomial, letter: RandomLetter) -> Counter[bool]:
    """How often the letter occurs, and how often its conjugate."""
    return Counter(
        x.conjugated
        for component, e in monomial
        for x in component.letters
        if x.name == letter.name
        for _ in range(e)
    )
