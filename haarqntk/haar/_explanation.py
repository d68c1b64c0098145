"""The definition of an integral, term by term, and ``Explanation``, which shows it.

``glued_terms`` takes every pair (σ, τ), one after the other: no symmetry of the diagram is used, no side is glued apart
and no index is looked at before the end. It is the slow route that ``expect`` is checked against.

Reference: collins2006; derivations/11_integrals.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from math import prod
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import RationalFunction, collected
from haarqntk.base import LazyModule, rendered
from haarqntk.diagrams import DiagramMonomial, Reducer, Space
from haarqntk.errors import CostError
from haarqntk.haar._copies import Copies, gather_copies
from haarqntk.haar._elimination import random_letters_in
from haarqntk.haar._letters import Factors, RandomLetter, Weight, dimension_product
from haarqntk.haar._style import LATEX
from haarqntk.haar._written import component_symbol, component_text, with_whole_matrices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from os import PathLike

    from haarqntk.groups import Way

sympy = LazyModule("sympy")

EXPLANATION_HEAD = ("left", "right", "class", "weight", "diagram", "contribution")
LARGEST_NUM_PAIRS = 20_000  # of the definition: ten seconds
LARGEST_NUM_ROWS = 36  # (3!)²
_COLUMNS = 80


@dataclass(frozen=True)
class GluedPair:
    """One pair of ways to glue the copies of one random matrix or state.

    Attributes:
        copies: Its copies in the diagram.
        left: How the left ends are glued.
        right: How the right ends are glued; None for a state, which has none.
        weight: The weight of the pair.
        factor: What stands before the weight: −1 where pairings of a symplectic matrix cross an odd number of times.
    """

    copies: Copies
    left: Way
    right: Way | None
    weight: Weight
    factor: int


@dataclass(frozen=True)
class ExplanationRow:
    """One term of the definition: a pair for each random letter, and what the diagram became.

    Attributes:
        pairs: The pairs, in the order of integration.
        loops: The closed loops.
        diagram: What is left of the diagram; None if it is zero.
        factor: What multiplies weights, loops and diagram: the integrand's coefficient and the signs.
    """

    pairs: tuple[GluedPair, ...]
    loops: tuple[Space, ...]
    diagram: DiagramMonomial | None
    factor: RationalFunction

    @property
    def letters(self) -> tuple[str, ...]:
        """The random letters, in the order of integration."""
        return tuple(pair.copies.random.name for pair in self.pairs)

    @property
    def left(self) -> tuple[str, ...]:
        """For each how its left ends are glued: σ in cycle notation, the pairing, or of a state its σ. From 0."""
        return tuple(pair.copies.ways.text(pair.left) for pair in self.pairs)

    @property
    def right(self) -> tuple[str, ...]:
        """For each how its right ends are glued; "" for a state."""
        return tuple("" if x.right is None else x.copies.ways.text(x.right) for x in self.pairs)

    @property
    def weights(self) -> tuple[Weight, ...]:
        """For each its weight."""
        return tuple(pair.weight for pair in self.pairs)

    @property
    def coefficient(self) -> RationalFunction:
        """What stands before the diagram, as a function of the dimensions."""
        return prod((w.generic() for w in self.weights), start=self.factor * dimension_product(self.loops))

    @property
    def became(self) -> str:
        """What the gluing made of the diagram, with loops and factor; times the weight it contributes."""
        return str(self._became())

    @property
    def cells(self) -> tuple[str, ...]:
        """Left, right, class, weight, diagram and contribution in text."""
        weights = "; ".join(str(w.generic().to_sympy()) for w in self.weights)
        return (*self._labels(), weights, self.became, str(self.to_sympy()))

    def latex_cells(self) -> tuple[str, ...]:
        """The same in LaTeX, the weights multiplied."""
        names = {
            component_symbol(c): component_text(c, LATEX) for c, _ in with_whole_matrices(self.diagram or ())
        }
        weight = sympy.Mul(*(w.generic().to_sympy() for w in self.weights))
        values = (sympy.latex(x, symbol_names=names) for x in (weight, self._became(), self.to_sympy()))
        return (*(rf"\text{{{text}}}" for text in self._labels()), *values)

    def to_sympy(self) -> Any:
        """The contribution: coefficient times diagram."""
        return _times(self.coefficient, self.diagram)

    def _became(self) -> Any:
        return _times(self.factor * dimension_product(self.loops), self.diagram)

    def _labels(self) -> tuple[str, str, str]:
        """Left, right and class, of all letters; their names before, if there are several."""
        named = [f"{name}: " if len(self.pairs) > 1 else "" for name in self.letters]
        left = map("".join, zip(named, self.left, strict=True))
        return "; ".join(left), "; ".join(self.right), "; ".join(map(_class_text, self.weights))


@dataclass(frozen=True)
class ExplanationClass:
    """All terms of one weight.

    Attributes:
        weights: The weights, one for each random letter.
        terms: Diagram → what stands before it but for the weights: counts, loops, the integrand's coefficient.
    """

    weights: tuple[Weight, ...]
    terms: tuple[tuple[DiagramMonomial, RationalFunction], ...]

    @property
    def name(self) -> str:
        """The weights in text: Wg of a class with its value, and so on."""
        parts = [f"{w.law.title or f'Wg{_class_text(w)}'} = {w.generic().to_sympy()}" for w in self.weights]
        return ", ".join(parts) or "1"

    def sum_to_sympy(self) -> Any:
        """What the weights multiply."""
        return sympy.Add(*(_times(c, monomial) for monomial, c in self.terms))


@dataclass(frozen=True)
class Explanation:
    """How an integral was got: its terms, or the first of them, and a summary by weight.

    Attributes:
        rows: The terms, at most 36, with the gluings that the drawing shows.
        num_rows: How many there are; for several random letters, at most.
        classes: The integral, summed over all terms of the same weights.

    Examples:
        >>> import haarqntk as hq
        >>> U, A, B = hq.haar_unitary("U"), *hq.matrices("A B")
        >>> explained = hq.expect(hq.tr(U @ A @ U.H @ B) ** 2).explain()
        >>> explained.num_rows, [row.became for row in explained.rows[:2]]
        (4, ['Tr(A)**2*Tr(B)**2', 'Tr(A^2)*Tr(B)**2'])
    """

    rows: tuple[ExplanationRow, ...]
    num_rows: int
    classes: tuple[ExplanationClass, ...]

    @property
    def is_complete(self) -> bool:
        """Whether ``rows`` holds every term."""
        return len(self.rows) >= self.num_rows

    @property
    def terms(self) -> dict[DiagramMonomial, RationalFunction]:
        """Diagram → the sum of the contributions of the ``rows``, without zeros."""
        total = collected((row.diagram, row.coefficient) for row in self.rows if row.diagram is not None)
        return {diagram: c for diagram, c in total.items() if c}

    def __str__(self) -> str:
        lines = [self.headline()]
        for columns in ((0, 1, 2, 3, 4, 5), (0, 1, 2, 3, 4), (0, 1, 2, 4)):
            table = [
                [line[i] for i in columns] for line in (EXPLANATION_HEAD, *(row.cells for row in self.rows))
            ]
            widths = [max(map(len, column)) for column in zip(*table, strict=True)]
            if sum(widths) + 2 * (len(widths) - 1) <= _COLUMNS:
                break
        lines += ["  ".join(map(str.ljust, line, widths)).rstrip() for line in table]
        lines += ["", "by class:", *(f"    {found.name}: {found.sum_to_sympy()}" for found in self.classes)]
        return "\n".join(part for line in lines for part in _wrapped(line))

    def __repr__(self) -> str:
        return f"<Explanation of {self.num_rows} pairs>"

    def latex(self) -> str:
        """A table of the rows."""
        head = " & ".join(rf"\text{{{name}}}" for name in EXPLANATION_HEAD)
        rows = (" & ".join(row.latex_cells()) + r" \\" for row in self.rows)
        return "\n".join([r"\begin{array}{llllll}", head + r" \\ \hline", *rows, r"\end{array}"])

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"

    def _repr_html_(self) -> str:
        return rendered(self, "html")

    def svg(self) -> str:
        """The diagrams of the rows: left ends glued by σ in full arcs, right ends glued by τ in dashed ones."""
        return rendered(self, "svg")

    def save(self, path: str | PathLike[str]) -> None:
        """Write the drawing to an SVG file."""
        Path(path).write_text(self.svg(), encoding="utf-8")

    def headline(self) -> str:
        """How many pairs there are, and how many of them are listed."""
        number = f"{self.num_rows} pair{'s' if self.num_rows != 1 else ''}"
        if not self.is_complete:
            number = f"the first {len(self.rows)} of {number}"
        return f"{number} of gluings of left and right ends; copies count from 0"


def explanation(
    terms: Mapping[DiagramMonomial, RationalFunction],
    letters: Mapping[str, RandomLetter],
    counts: Mapping[DiagramMonomial, Mapping[Factors, RationalFunction]],
) -> Explanation:
    """The explanation of an integral over ``letters``, whose result has these ``counts``."""
    rows = tuple(islice(glued_terms(terms, letters, Reducer()), LARGEST_NUM_ROWS + 1))
    is_complete = len(rows) <= LARGEST_NUM_ROWS
    num_rows = len(rows) if is_complete else sum(_num_glued_terms(monomial, letters) for monomial in terms)
    classes: dict[tuple[Weight, ...], list[tuple[DiagramMonomial, RationalFunction]]] = {}
    for monomial, found in counts.items():
        for (weights, loops), c in found.items():
            classes.setdefault(weights, []).append((monomial, c * dimension_product(loops)))
    summary = (
        ExplanationClass(weights, tuple((m, c) for m, c in collected(found).items() if c))
        for weights, found in classes.items()
    )
    return Explanation(rows[:LARGEST_NUM_ROWS], num_rows, tuple(summary))


def _class_text(weight: Weight) -> str:
    if weight.law.is_of_degree:
        return "-"
    return "; ".join(f"({','.join(map(str, mu))})" for mu in weight.classes)


def _times(c: RationalFunction, monomial: DiagramMonomial | None) -> Any:
    """A coefficient times a diagram, which is zero if it is None."""
    if monomial is None:
        return sympy.Integer(0)
    symbols = (component_symbol(component) ** e for component, e in with_whole_matrices(monomial))
    return sympy.Mul(*c.sympy_factors(), *symbols)


def _wrapped(line: str) -> list[str]:
    if len(line) <= _COLUMNS:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    return wrap(line, _COLUMNS, subsequent_indent=f"{indent}    ", initial_indent="")


# -- the definition ------------------------------------------------------------------------------------------


def glued_terms(
    terms: Mapping[DiagramMonomial, RationalFunction], letters: Mapping[str, RandomLetter], reducer: Reducer
) -> Iterator[ExplanationRow]:
    """All terms of the definition, also those whose diagram is zero, one by one."""
    for monomial, c in terms.items():
        yield from _glued(ExplanationRow((), (), monomial, c), letters, reducer)


def _glued(
    row: ExplanationRow, letters: Mapping[str, RandomLetter], reducer: Reducer
) -> Iterator[ExplanationRow]:
    """The terms that integrating what is left of a term over the letters makes of it."""
    letter = next(random_letters_in(row.diagram or (), letters), None)
    if letter is None or row.diagram is None:
        yield row
        return
    copies = gather_copies(row.diagram, letter)
    for pair in _pairs(copies) if copies.is_balanced else ():
        right = None if pair.right is None else copies.ways.blocks(pair.right)
        reduced = copies.glued(reducer, copies.ways.blocks(pair.left), right)
        pairs = (*row.pairs, pair)
        if reduced is None:
            yield ExplanationRow(pairs, row.loops, None, row.factor)
        else:
            loops = tuple(sorted((*row.loops, *reduced.loops), key=str))
            factor = row.factor * (pair.factor * reduced.sign)
            yield from _glued(ExplanationRow(pairs, loops, reduced.monomial, factor), letters, reducer)


def _pairs(copies: Copies) -> Iterator[GluedPair]:
    """Every pair with its weight, from the definitions of its class."""
    every = copies.ways.every(copies.degree)
    for left, right in product(every, [None] if copies.random.record.is_vector else every):
        classes = [((copies.degree,), 1)] if right is None else copies.ways.classes_of_pair(left, right)
        for mu, factor in classes:
            weight = Weight(copies.random.group, copies.random.spaces, (mu,))
            yield GluedPair(copies, left, right, weight, factor)


def _num_glued_terms(monomial: DiagramMonomial, letters: Mapping[str, RandomLetter]) -> int:
    """How many terms the definition has: the product over the random letters; none if the degrees do not balance.

    A relation that a gluing makes possible, such as V V† = 1, can leave fewer.
    """
    total = 1
    for letter in random_letters_in(monomial, letters):
        copies = gather_copies(monomial, letter)
        count = copies.ways.num_ways if copies.random.record.is_vector else copies.ways.num_terms
        total *= count(copies.degree) if copies.is_balanced else 0
    return total


def refuse_too_many_pairs(
    terms: Mapping[DiagramMonomial, RationalFunction], letters: Mapping[str, RandomLetter]
) -> None:
    """Raise a CostError if the definition would not finish."""
    total = sum(_num_glued_terms(monomial, letters) for monomial in terms)
    if total > LARGEST_NUM_PAIRS:
        raise CostError(
            f"method='definition' would not finish: it has {total} pairs, the largest number is "
            f"{LARGEST_NUM_PAIRS}; use method='orbits'"
        )
