"""How a sum of diagrams is written: an operator-valued one word by word, each with a scalar coefficient.

Text, LaTeX and SymPy, and every export, are written from the same parts, so they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from haarqntk._lazy import LazyModule
from haarqntk.algebra import Notation, RationalFunction, latex_of, linear_combination
from haarqntk.diagrams import MATRIX, VECTOR, is_open
from haarqntk.haar._notation import (
    component_latex,
    component_symbol,
    component_sympy,
    component_text,
    word_latex,
    word_sympy,
    word_text,
)
from haarqntk.haar._rank_one import with_whole_matrices
from haarqntk.haar._tokens import LATEX
from haarqntk.haar._weights import dimension_product

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from haarqntk.diagrams import Component, DiagramMonomial, Space
    from haarqntk.haar._tokens import Style

sympy = LazyModule("sympy")

_LARGEST_FACTORED = 60  # terms; beyond, a sum reads as well as a factored sum and takes no time


@dataclass(frozen=True)
class WrittenPart:
    """A scalar coefficient, and the operator that it stands before.

    Attributes:
        word: The components with open ends; empty for a scalar.
        spaces: The tensor factors of the operator.
        terms: Closed components → coefficient.
    """

    word: tuple[Component, ...]
    spaces: tuple[Space, ...]
    terms: Mapping[DiagramMonomial, RationalFunction]

    @property
    def operator(self) -> str:
        """The operator in text; empty for a scalar."""
        return word_text(self.word, self.spaces) if self.spaces else ""

    def operator_latex(self, style: Style = LATEX) -> str:
        """The operator in LaTeX; empty for a scalar."""
        return word_latex(self.word, self.spaces, style) if self.spaces else ""

    @property
    def components(self) -> list[Component]:
        """The closed components that occur, each once."""
        return list(dict.fromkeys(component for monomial in self.terms for component, _ in monomial))

    @property
    def matrices(self) -> frozenset[str]:
        """The names of the matrices and states that occur."""
        return frozenset(
            letter.name
            for component in (*self.word, *self.components)
            for letter in component.letters
            if letter.kind in (MATRIX, VECTOR)
        )

    def to_sympy(self) -> Any:
        """The coefficient in symbols that stand for the components, factored unless it is long."""
        products = [
            sympy.Mul(*c.sympy_factors(), *(component_symbol(component) ** e for component, e in monomial))
            for monomial, c in self.terms.items()
        ]
        total = sympy.Add(*products)
        return total if len(products) == 1 or len(products) > _LARGEST_FACTORED else sympy.factor(total)

    def function(self) -> RationalFunction:
        """The coefficient as an exact function of the dimensions and of variables with the components' texts."""
        products = []
        for monomial, c in self.terms.items():
            for component, e in monomial:
                c = c * RationalFunction.variable(component_text(component)) ** e  # noqa: PLW2901 - a product
            products.append((Fraction(1), c))
        return linear_combination(products)

    def letters(self, style: Style = LATEX) -> dict[str, str]:
        """The text of each component → its LaTeX."""
        return {component_text(c): component_latex(c, style) for c in self.components}


def written_parts(
    terms: Mapping[DiagramMonomial, RationalFunction], spaces: tuple[Space, ...]
) -> tuple[WrittenPart, ...]:
    """The coefficients of a sum of diagrams, with matrices of rank one in one piece; one for a scalar.

    Examples:
        >>> import haarqntk as hq
        >>> U, A, B = hq.haar_unitary("U"), *hq.matrices("A B")
        >>> mean = hq.expect(U @ A @ U.H @ B @ U @ A @ U.H)
        >>> [part.operator for part in written_parts(mean.terms, mean.spaces)]
        ['1', 'B']
    """
    found: dict[tuple[Component, ...], dict[DiagramMonomial, RationalFunction]] = {} if spaces else {(): {}}
    for monomial, c in terms.items():
        whole = with_whole_matrices(monomial)
        word = tuple(component for component, _ in whole if is_open(component))
        rest = tuple((component, e) for component, e in whole if not is_open(component))
        part = found.setdefault(word, {})
        part[rest] = part[rest] + c if rest in part else c
    return tuple(WrittenPart(word, spaces, part) for word, part in found.items())


def sympy_of(parts: Iterable[WrittenPart], spaces: tuple[Space, ...]) -> Any:
    """The sum in SymPy: Trace, MatrixElement and MatrixSymbol."""
    products = []
    for part in parts:
        meant = {component_symbol(c): component_sympy(c) for c in part.components}
        coefficient = part.to_sympy().xreplace(meant)
        if not spaces:
            return coefficient
        products.append(coefficient * word_sympy(part.word, spaces))
    if not products:
        size = dimension_product(spaces).to_sympy()
        return sympy.ZeroMatrix(size, size)
    return sympy.MatAdd(*products) if len(products) > 1 else products[0]


def text_of(parts: Iterable[WrittenPart]) -> str:
    """The sum in plain text."""
    written = [
        f"({part.to_sympy()}) {part.operator}" if part.spaces else str(part.to_sympy()) for part in parts
    ]
    return " + ".join(written) or "0"


def latex_of_parts(parts: Iterable[WrittenPart]) -> str:
    """The sum in LaTeX."""
    written = []
    for part in parts:
        value = latex_of(part.to_sympy(), Notation(part.letters()))
        written.append(with_operator(value, part.operator_latex()))
    return " + ".join(written) or "0"


def with_operator(coefficient: str, operator: str) -> str:
    r"""A coefficient before an operator, in LaTeX.

    Examples:
        >>> print(with_operator("D - 1", "B"), with_operator("1", "B"), with_operator("D - 1", ""))
        \left(D - 1\right) B B D - 1
    """
    if not operator:
        return coefficient
    return operator if coefficient == "1" else rf"\left({coefficient}\right) {operator}"
