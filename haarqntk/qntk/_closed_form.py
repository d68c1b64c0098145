"""``ClosedForm``: what a closed form says about itself; ``Formula`` adds values, arithmetic and its derivation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from haarqntk._notebook import one_line
from haarqntk.algebra import Result, Symbol, Trace, TracePolynomial
from haarqntk.qntk._inputs import range_text
from haarqntk.qntk._recipe import Recipe, derived_at

if TYPE_CHECKING:
    from haarqntk.circuits import Cost
    from haarqntk.designs import Dimension


@dataclass(frozen=True, slots=True, repr=False)
class ClosedForm(Result):
    """A polynomial in L, traces and overlaps over Q(D), with its ensemble and its source; see ``Formula``."""

    name: str = field(compare=False)
    polynomial: TracePolynomial
    ensemble: str
    generators: str
    design_order: int = field(compare=False)
    cost: Cost = field(compare=False)
    definition: str = field(compare=False)
    definition_latex: str = field(compare=False)
    notation: str = field(compare=False)
    reference: str = field(compare=False)
    recipe: Recipe = field(compare=False, repr=False)

    def derive(self, dimension: Dimension = None) -> TracePolynomial:
        """The derivation, run again at an integer, by pseudo-inverse at a pole, or at the symbol D (None).

        Raises:
            InputError: If there are no such generators in the dimension.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_mean").derive(4).to_sympy()
            -2*L*(T1**2 - 4*T2)/75
        """
        return self.recipe.at(dimension)

    @property
    def degree_in_L(self) -> int:
        """The highest power of the depth L.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_second_moment").degree_in_L
            2
        """
        return self.polynomial.degree_in("L")

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The symbols that occur, D first, then L, traces and overlaps.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_second_moment").symbols
            ('D', 'L', 'T1', 'T2', 'T3', 'T4')
        """
        others = sorted(self.polynomial.variables, key=lambda x: (isinstance(x, Trace), x))
        return (Symbol("D"), *others)

    def to_sympy(self) -> Any:
        """The closed form as a SymPy expression in ``hq.D``, ``hq.L``, ``hq.T(1)``, ….

        Factored as a whole or, where that is shorter, power of L by power of L.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_mean").to_sympy()
            2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
        """
        return self.polynomial.to_sympy(collect="L")

    def facts(self) -> dict[str, str]:
        """What it means, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_mean").facts()["design order"]
            '2'
        """
        return {
            "name": self.name,
            "average": self.definition,
            "ensemble": f"{self.ensemble}, {self.generators} generators",
            "design order": str(self.design_order),
            "range": range_text(self.generators, self.ensemble),
            "source": self.reference,
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {one_line(f'{self.name} = {self}')}>"


def polynomial_at(formula: ClosedForm, D: int) -> TracePolynomial:
    """What is evaluated at a dimension: the closed form, or at one of its poles the derivation there.

    A closed form without a pole at D holds there, however small D is: what a Young diagram of more than D rows
    adds to it vanishes for matrices of that dimension.

    Examples:
        >>> import haarqntk as hq
        >>> z, (l,) = hq.Circuit(generators="general").output(), hq.layer_indices("l")
        >>> f = hq.mean(hq.sum_over(z.d(l, l) ** 3, l))
        >>> polynomial_at(f, 4) == f.polynomial, polynomial_at(f, 2) == f.polynomial
        (True, False)
    """
    return derived_at(formula.recipe, D) if formula.polynomial.has_pole_at(D) else formula.polynomial
