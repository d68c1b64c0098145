"""Sums of diagrams with coefficients: the plain data under the algebra of integrands, and ``DiagramPolynomial``.

A matrix expression has open ends named "left" and "right", one pair for each tensor factor; joining open ends is
how matrices are multiplied, traced and transposed.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk.algebra import Combination, RationalFunction, collected
from haarqntk.base import LazyModule, Shown
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
    product,
    reduce_diagram,
)
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.haar._style import cap_text
from haarqntk.haar._weights import Declaration, RandomLetter, dimension_product
from haarqntk.haar._written import WrittenPart, latex_of_parts, text_of, written_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


sympy = LazyModule("sympy")

LEFT, RIGHT = "left", "right"

Terms: TypeAlias = dict[DiagramMonomial, RationalFunction]
Found: TypeAlias = tuple[tuple[RationalFunction, DiagramMonomial] | None, RationalFunction]
"""What ``joined`` found, and its scale."""


def joined(
    letters: Sequence[Letter],
    partner: Sequence[int],
    pairs: Sequence[tuple[tuple[str, int], tuple[str, int]]],
) -> tuple[RationalFunction, DiagramMonomial] | None:
    """Join open ends, named by (side, factor), and reduce."""
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
    terms: Mapping[DiagramMonomial, RationalFunction],
    change: Callable[[Letter], Letter],
    pairs: Sequence[tuple[tuple[str, int], tuple[str, int]]] = (),
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


def identity_terms(spaces: tuple[Space, ...]) -> Terms:
    """The identity: each left end joined to its right end."""
    letters: list[Letter] = []
    partner: list[int] = []
    for s, space in enumerate(spaces):
        letters += [Letter(OPEN, LEFT, (space,), place=s), Letter(OPEN, RIGHT, (space,), place=s)]
        partner += [2 * s + 1, 2 * s]
    return single_term(letters, partner)


def single_term(letters: Sequence[Letter], partner: Sequence[int]) -> Terms:
    """One diagram, reduced."""
    return summed([(joined(letters, partner, ()), RationalFunction(1))])


def open_ends(spaces: tuple[Space, ...]) -> Iterator[Letter]:
    """The left open ends, then the right ones."""
    for side in (LEFT, RIGHT):
        for s, space in enumerate(spaces):
            yield Letter(OPEN, side, (space,), place=s)


_MOST_TERMS = 20_000


def coefficient(value: Any) -> RationalFunction:
    """A number or a rational function of dimensions, exact.

    Args:
        value: An integer, a Fraction, a SymPy rational function of dimensions, or a value of this library.

    Raises:
        InputTypeError: If it is a float or nothing of the kind.
        InputError: If a SymPy expression is no rational function.

    Examples:
        >>> import haarqntk as hq
        >>> coefficient(1 / (hq.D + 1)).to_sympy()
        1/(D + 1)
        >>> coefficient(0.5)
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputTypeError: a coefficient must be an exact integer or rational, got 0.5; pass \
fractions.Fraction
    """
    if isinstance(value, RationalFunction):
        return value
    if hasattr(value, "free_symbols") and value.free_symbols:
        return _from_sympy(value)
    return RationalFunction(rational("a coefficient", value))


def _from_sympy(value: Any) -> RationalFunction:
    symbols = sorted(value.free_symbols, key=lambda free: str(free.name))
    top, bottom = sympy.fraction(sympy.together(value))
    parts = []
    for part in (top, bottom):
        if not part.is_polynomial(*symbols):
            raise InputError(
                f"a coefficient must be a rational function of dimensions, got {value}; only polynomials in the "
                "matrices can be integrated"
            )
        total = RationalFunction(0)
        for exponents, c in sympy.Poly(part, *symbols).terms():
            if not c.is_Rational:
                raise InputTypeError(f"a coefficient must be rational, got {c} in {value}")
            term = RationalFunction(Fraction(int(c.p), int(c.q)))
            for free, e in zip(symbols, exponents, strict=True):
                term = term * RationalFunction.variable(str(free.name)) ** int(e)
            total = total + term
        parts.append(total)
    return parts[0] / parts[1]


def no_quotient(below: object) -> InputError:
    """The error for a quotient that is no polynomial."""
    return InputError(
        f"an expression must be divided by numbers and functions of the dimensions only, got {below!r}; "
        "only polynomials can be integrated"
    )


def no_sum(left: object, right: object) -> InputTypeError:
    """The error for a sum of a matrix and a scalar."""
    return InputTypeError(
        f"a matrix and a scalar must not be added, got {left!r} and {right!r}; write the scalar as a multiple of "
        "hq.identity()"
    )


def refuse_too_many(count: int) -> None:
    """Refuse a product that would not finish."""
    if count > _MOST_TERMS:
        raise CostError(f"a product of {count} terms would not finish; the largest number is {_MOST_TERMS}")


def refuse_unknown_half(component: Component, caps: Mapping[tuple[str, int], Letter]) -> None:
    """Refuse an entry of 1, of J or of a delta between numbers whose halves depend on a dimension that is a name.

    It would be a number at once, and nothing would remember from which dimension on it is right.
    """
    indices = [
        caps[x.name, x.place] for x in component.letters if x.kind == OPEN and (x.name, x.place) in caps
    ]
    named = [x for x in indices if x.name.isdigit() and isinstance(x.spaces[0], str)]
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


def checked_exponent(exponent: object) -> int:
    """The exponent of a power, an integer ≥ 0."""
    if isinstance(exponent, bool) or not isinstance(exponent, int) or exponent < 0:
        raise InputError(
            f"an exponent must be an integer ≥ 0, got {exponent!r}; only polynomials can be integrated"
        )
    return exponent


def kind_of(declaration: Declaration) -> str:
    """What a letter was declared as, in words."""
    if isinstance(declaration, RandomLetter):
        return f"a {declaration.record.noun} on {dimensions_text(declaration.spaces)}"
    properties = " ".join(sorted(declaration.properties))
    return f"a {properties or 'general'} matrix on {dimensions_text(declaration.spaces)}"


def dimensions_text(spaces: tuple[Space, ...]) -> str:
    """The dimensions of the tensor factors, such as d1 × d2."""
    return " × ".join(map(str, spaces)) or "1"


def names_text(declared: Mapping[str, Declaration]) -> str:
    """The names of the letters."""
    return ", ".join(sorted(declared)) or "no letters"


class DiagramPolynomial(Combination[DiagramMonomial, RationalFunction], Shown):
    """Diagrams with coefficients, and what their letters were declared as."""

    __slots__ = ("_declared",)
    _one = ((), RationalFunction(1))
    __array_ufunc__ = None  # NumPy arrays leave products with these to this class

    def __init__(
        self,
        terms: Mapping[DiagramMonomial, RationalFunction],
        declared: Mapping[str, Declaration],
    ) -> None:
        super().__init__(terms)
        self._declared = dict(declared)

    @staticmethod
    def _times(left: DiagramMonomial, right: DiagramMonomial) -> DiagramMonomial:
        return product((left, right))

    def _check_product(self, right: DiagramPolynomial, num_terms: int) -> None:  # noqa: ARG002 - any factor
        refuse_too_many(num_terms)

    @property
    def declared(self) -> dict[str, Declaration]:
        """A copy of name → random letter or matrix.

        Examples:
            >>> import haarqntk as hq
            >>> sorted((hq.haar_unitary("U") @ hq.matrices("A")).declared)
            ['A', 'U']
        """
        return dict(self._declared)

    def declared_with(self, *others: DiagramPolynomial) -> dict[str, Declaration]:
        """What the letters of all were declared as; a name that means two things is refused.

        Raises:
            InputError: If a name means two things.

        Examples:
            >>> import haarqntk as hq
            >>> U, A = hq.haar_unitary("U"), hq.matrices("A")
            >>> sorted(U.declared_with(A))
            ['A', 'U']
        """
        found = dict(self._declared)
        for other in others:
            for name, declaration in other.declared.items():
                mine = found.setdefault(name, declaration)
                if mine != declaration:
                    raise InputError(
                        f"each name must mean one thing in an expression, got {name} as {kind_of(mine)} and as "
                        f"{kind_of(declaration)}; give one of them another name"
                    )
        return found

    @property
    def _parts(self) -> tuple[WrittenPart, ...]:
        return written_parts(self._terms, ())

    def latex(self) -> str:
        r"""The integrand in LaTeX.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.tr(hq.haar_unitary("U") @ hq.matrices("A")).latex())
            \operatorname{Tr}\left(A U\right)
        """
        return latex_of_parts(self._parts)

    def __str__(self) -> str:
        return text_of(self._parts)

    def facts(self) -> dict[str, str]:
        """What its letters are, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> hq.tr(hq.haar_unitary("U") @ hq.matrices("A")).facts()
            {'A': 'a general matrix on D', 'U': 'a Haar unitary matrix on D'}
        """
        return {name: kind_of(declaration) for name, declaration in sorted(self._declared.items())}
