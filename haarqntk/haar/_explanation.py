"""``Explanation``: which permutations or pairings an integral sums over, with which weights, and their diagrams.

Reference: collins2006; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import RationalFunction, collected
from haarqntk.base import LazyModule, rendered
from haarqntk.diagrams import DiagramMonomial, Reducer, Space
from haarqntk.haar._elimination import GluedTerm, glued_terms, num_glued_terms
from haarqntk.haar._style import LATEX
from haarqntk.haar._weights import RandomLetter, Weight, dimension_product
from haarqntk.haar._written import component_symbol, component_text, with_whole_matrices

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike


sympy = LazyModule("sympy")


LARGEST_NUM_ROWS = 36  # (3!)²
_COLUMNS = 80
EXPLANATION_HEAD = ("left", "right", "class", "weight", "diagram", "contribution")


@dataclass(frozen=True)
class ExplanationRow:
    """One term of the sum: for each random letter a pair (σ, τ), and what the diagram became.

    Attributes:
        letters: The random letters, in the order of integration.
        left: For each how its left ends are glued: σ in cycle notation, the pairing, or of a state its σ. From 0.
        right: For each how its right ends are glued; "" for a state.
        weights: For each its weight.
        coefficient: What stands before the diagram: weights, loops, signs and the integrand's coefficient.
        factor: The integrand's coefficient and the signs.
        loops: The closed loops.
        diagram: What is left of the diagram; None if it is zero.
    """

    letters: tuple[str, ...]
    left: tuple[str, ...]
    right: tuple[str, ...]
    weights: tuple[Weight, ...]
    coefficient: RationalFunction
    factor: RationalFunction
    loops: tuple[Space, ...]
    diagram: DiagramMonomial | None

    @property
    def became(self) -> str:
        """What the gluing made of the diagram, with loops and factor; times the weight it contributes."""
        return str(self._became())

    @property
    def became_latex(self) -> str:
        """As ``became``, in LaTeX."""
        return str(sympy.latex(self._became(), symbol_names=_latex_names(self.diagram)))

    @property
    def weight_latex(self) -> str:
        """The product of the weights in LaTeX."""
        return str(sympy.latex(sympy.Mul(*(w.generic().to_sympy() for w in self.weights))))

    @property
    def cells(self) -> tuple[str, ...]:
        """Left, right, class, weight, diagram and contribution in text."""
        named = [f"{name}: " if len(self.letters) > 1 else "" for name in self.letters]
        return (
            "; ".join(map("".join, zip(named, self.left, strict=True))),
            "; ".join(self.right),
            "; ".join(map(_class_text, self.weights)),
            "; ".join(str(w.generic().to_sympy()) for w in self.weights),
            self.became,
            str(self.to_sympy()),
        )

    def _became(self) -> Any:
        return _times(self.factor * dimension_product(self.loops), self.diagram)

    def to_sympy(self) -> Any:
        """The contribution: coefficient times diagram."""
        return _times(self.coefficient, self.diagram)


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
        rows: The terms, at most 36.
        num_rows: How many there are; for several random letters, at most.
        classes: The integral, summed over all terms of the same weights.
        glued: The gluings of the rows, which the drawing shows.

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
    glued: tuple[GluedTerm, ...]

    @property
    def is_complete(self) -> bool:
        """Whether ``rows`` holds every term."""
        return len(self.rows) >= self.num_rows

    @property
    def terms(self) -> dict[DiagramMonomial, RationalFunction]:
        """Diagram → the sum of the contributions of the ``rows``, without zeros."""
        total = collected((row.diagram, row.coefficient) for row in self.rows if row.diagram is not None)
        return {diagram: c for diagram, c in total.items() if c}

    # -- the border ------------------------------------------------------------------------------------

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
        lines += ["", "by class:"]
        for found in self.classes:
            lines.append(f"    {found.name}: {found.sum_to_sympy()}")
        return "\n".join(line for part in lines for line in _wrapped(part))

    def __repr__(self) -> str:
        return f"<Explanation of {self.num_rows} pairs>"

    def latex(self) -> str:
        """A table of the rows."""
        head = " & ".join(rf"\text{{{name}}}" for name in EXPLANATION_HEAD)
        lines = [r"\begin{array}{llllll}", head + r" \\ \hline"]
        for row in self.rows:
            value = sympy.latex(row.to_sympy(), symbol_names=_latex_names(row.diagram))
            cells = (
                *(rf"\text{{{text}}}" for text in row.cells[:3]),
                row.weight_latex,
                row.became_latex,
                value,
            )
            lines.append(" & ".join(cells) + r" \\")
        return "\n".join([*lines, r"\end{array}"])

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
    counts: Mapping[DiagramMonomial, Mapping[Any, RationalFunction]],
) -> Explanation:
    """The explanation of an integral over ``letters``, whose result has these ``counts``."""
    glued = list(islice(glued_terms(terms, letters, Reducer()), LARGEST_NUM_ROWS + 1))
    num_rows = len(glued)
    if num_rows > LARGEST_NUM_ROWS:
        num_rows = sum(num_glued_terms(monomial, letters) for monomial in terms)
        del glued[LARGEST_NUM_ROWS:]
    classes: defaultdict[tuple[Weight, ...], list[tuple[DiagramMonomial, RationalFunction]]] = defaultdict(
        list
    )
    for monomial, found in counts.items():
        for (weights, loops), c in found.items():
            classes[weights].append((monomial, c * dimension_product(loops)))
    summary = tuple(
        ExplanationClass(weights, tuple((m, c) for m, c in collected(found).items() if c))
        for weights, found in classes.items()
    )
    return Explanation(tuple(map(_row, glued)), num_rows, summary, tuple(glued))


def _row(term: GluedTerm) -> ExplanationRow:
    return ExplanationRow(
        tuple(pair.letter.name for pair in term.pairs),
        tuple(pair.copies.ways.text(pair.left) for pair in term.pairs),
        tuple("" if pair.right is None else pair.copies.ways.text(pair.right) for pair in term.pairs),
        tuple(pair.weight for pair in term.pairs),
        term.coefficient,
        term.factor,
        term.loops,
        term.diagram,
    )


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


def _latex_names(monomial: DiagramMonomial | None) -> dict[Any, str]:
    return {component_symbol(c): component_text(c, LATEX) for c, _ in with_whole_matrices(monomial or ())}


def _wrapped(line: str) -> list[str]:
    if len(line) <= _COLUMNS:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    return wrap(line, _COLUMNS, subsequent_indent=f"{indent}    ", initial_indent="")
