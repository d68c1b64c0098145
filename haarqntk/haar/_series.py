"""``IntegralSeries``: an integral as D → ∞, with the scaling of its traces and the order of its remainder.

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from haarqntk._arguments import integer, one_of
from haarqntk._lazy import LazyModule
from haarqntk._notebook import Shown
from haarqntk.algebra import Notation, RationalFunction, dimension_symbol, latex_of, linear_combination
from haarqntk.diagrams import MATRIX, VECTOR
from haarqntk.errors import CostError, InputError
from haarqntk.haar._notation import component_latex, component_symbol, component_text
from haarqntk.haar._tokens import LATEX

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from haarqntk.diagrams import Component, DiagramMonomial
    from haarqntk.haar._tokens import Style

sympy = LazyModule("sympy")

_LARGEST_ORDER = 200

SCALINGS: Mapping[str, int] = {"normalised": 1, "fixed": 0}
"""Named scalings: the exponent a of Tr(word) ~ D^a, for every word."""


@dataclass(frozen=True, slots=True, repr=False)
class IntegralSeries(Shown):
    """Leading terms of an integral as D → ∞, by the power of D that they scale like.

    Attributes:
        terms: Pairs (power, ((diagram, coefficient), …)), highest power first. With normalised traces every trace
            of a diagram stands for Tr/D.
        remainder: The power r of the remainder O(D^r); None where the series is exact.
        scaling: "normalised": Tr(word)/D is fixed as D grows; "fixed": Tr(word) is.
        dimension: The name of the dimension.
    """

    terms: tuple[tuple[int, tuple[tuple[DiagramMonomial, Fraction], ...]], ...]
    remainder: int | None
    scaling: str
    dimension: str

    def to_sympy(self) -> Any:
        """The sum of the terms, without the remainder, in D and symbols Tr(word), which are not normalised."""
        D = dimension_symbol(self.dimension)
        meant = {self._symbol(c): component_symbol(c) / D for c in self._components if self._is_normalised(c)}
        return sympy.Add(*self.summands()).xreplace(meant)

    def summands(self) -> list[Any]:
        """The terms as SymPy expressions, highest order first; a symbol (Tr(word)/D) is a normalised trace."""
        return [self._term(power, *entry) for power, entries in self.terms for entry in entries]

    def function(self) -> RationalFunction:
        """The sum as an exact function of the dimension and of variables named like the symbols of ``to_sympy``."""
        D, products = RationalFunction.variable(self.dimension), []
        for power, entries in self.terms:
            for monomial, c in entries:
                product = D**power
                for component, e in monomial:
                    trace = RationalFunction.variable(component_text(component))
                    product = product * (trace / D if self._is_normalised(component) else trace) ** e
                products.append((c, product))
        return linear_combination(products)

    @property
    def _components(self) -> set[Component]:
        return {c for _, entries in self.terms for monomial, _ in entries for c, _ in monomial}

    @property
    def matrices(self) -> frozenset[str]:
        """The names of the matrices and states that occur."""
        return frozenset(x.name for c in self._components for x in c.letters if x.kind in (MATRIX, VECTOR))

    def letters(self, style: Style = LATEX, dimension: str = "") -> dict[str, str]:
        """The name of each symbol that stands for a trace or an entry → its LaTeX; ``dimension`` is that of D."""
        D = dimension or sympy.latex(dimension_symbol(self.dimension))
        written = {c: component_latex(c, style) for c in self._components}
        found = {component_text(c): text for c, text in written.items()}
        ratios = {c: rf"\left(\frac{{{text}}}{{{D}}}\right)" for c, text in written.items()}
        return found | {self._symbol(c).name: x for c, x in ratios.items() if self._is_normalised(c)}

    def _sympy_(self) -> Any:
        return self.to_sympy()

    def latex(self) -> str:
        r"""The sum with its remainder, highest order first."""
        written = Notation(self.letters())
        body = " + ".join(latex_of(term, written) for term in self.summands()).replace("+ - ", "- ") or "0"
        D = sympy.latex(dimension_symbol(self.dimension))
        return body if self.remainder is None else rf"{body} + O\left({D}^{{{self.remainder}}}\right)"

    def facts(self) -> dict[str, str]:
        """What it means, for a notebook."""
        kept = "Tr(word)" if self.scaling == "fixed" else f"Tr(word)/{self.dimension}"
        return {f"as {self.dimension} → ∞": f"{kept} stays as it is"}

    def __str__(self) -> str:
        parts = [str(term) for term in self.summands()] or ["0"]
        if self.remainder is not None:
            parts.append(f"O({self.dimension}**{self.remainder})")
        return " + ".join(parts).replace("+ -", "- ")

    def _term(self, power: int, monomial: DiagramMonomial, c: Fraction) -> Any:
        symbols = (self._symbol(component) ** e for component, e in monomial)
        value = sympy.Rational(c.numerator, c.denominator)
        return value * dimension_symbol(self.dimension) ** power * sympy.Mul(*symbols)

    def _symbol(self, component: Component) -> Any:
        if not self._is_normalised(component):
            return component_symbol(component)
        return sympy.Symbol(f"({component_text(component)}/{self.dimension})")

    def _is_normalised(self, component: Component) -> bool:
        """Whether a trace stands for Tr/D; a path closed by a pure state, Tr(A psi), never does."""
        return self.scaling != "fixed" and component.is_cycle


def expand_integral(
    terms: Mapping[DiagramMonomial, RationalFunction], names: set[str], order: int, scaling: str
) -> IntegralSeries:
    """Expand every coefficient at D = ∞ and keep ``order`` powers of D of the whole, from the leading one."""
    num_powers = integer("order", order, at_least=1)
    if num_powers > _LARGEST_ORDER:
        raise CostError(f"order = {num_powers} would not finish; the largest order is {_LARGEST_ORDER}")
    exponent = SCALINGS[one_of("scaling", scaling, SCALINGS)]
    _check_one_factor(terms)
    if len(names) != 1:
        raise InputError(
            f"a series needs one symbolic dimension, got {', '.join(sorted(names)) or 'none'}; "
            + ("specialise the others" if names else "leave dims out where the matrices are made")
        )
    (dimension,) = names
    weighed = []
    for monomial, c in terms.items():
        num_traces = sum(e for component, e in monomial if component.is_cycle)
        weighed.append((monomial, c, c.degree + exponent * num_traces))
    if not weighed:
        return IntegralSeries((), None, scaling, dimension)
    leading = max(weight for _, _, weight in weighed)
    grouped: defaultdict[int, list[tuple[DiagramMonomial, Fraction]]] = defaultdict(list)
    is_exact = True
    for monomial, value, weight in weighed:
        num_terms = num_powers - (leading - weight)
        is_exact &= len(value.denominator) == 1 + value.denominator.count(0) and num_terms >= len(
            value.numerator
        )
        for i, coefficient in enumerate(value.expand_at_infinity(max(num_terms, 0))):
            if coefficient:
                grouped[weight - i].append((monomial, coefficient))
    found = tuple((power, tuple(grouped[power])) for power in sorted(grouped, reverse=True))
    return IntegralSeries(found, None if is_exact else leading - num_powers, scaling, dimension)


def _check_one_factor(terms: Mapping[DiagramMonomial, RationalFunction]) -> None:
    webs = [c for monomial in terms for c, _ in monomial if not c.is_chain]
    if webs:
        raise InputError(
            f"a series needs one tensor factor, got {component_text(webs[0])}; its scaling is not stated"
        )
