"""Sums of diagrams with coefficients, the plain data under the algebra of integrands: joining, changing, summing.

A matrix expression has open ends named "left" and "right", one pair for each tensor factor; joining open ends is
how matrices are multiplied, traced and transposed.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk.algebra import RationalFunction, collected
from haarqntk.base import LazyModule
from haarqntk.checks import rational
from haarqntk.diagrams import (
    DELTA,
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
from haarqntk.haar._letters import dimension_product
from haarqntk.haar._style import cap_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

sympy = LazyModule("sympy")

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
    symbols = sorted(value.free_symbols, key=lambda free: str(free.name))
    variables = [RationalFunction.variable(str(free.name)) for free in symbols]
    parts = []
    for part in sympy.fraction(sympy.together(value)):
        if not part.is_polynomial(*symbols):
            raise InputError(
                f"a coefficient must be a rational function of dimensions, got {value}; only polynomials in the "
                "matrices can be integrated"
            )
        total = RationalFunction(0)
        for exponents, c in sympy.Poly(part, *symbols).terms():
            if not c.is_Rational:
                raise InputTypeError(f"a coefficient must be rational, got {c} in {value}")
            powers = (x ** int(e) for x, e in zip(variables, exponents, strict=True))
            total = total + prod(powers, start=RationalFunction(Fraction(int(c.p), int(c.q))))
        parts.append(total)
    return parts[0] / parts[1]


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
