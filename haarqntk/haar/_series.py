"""``IntegralSeries``: an integral as D → ∞, with the scaling of its traces and the order of its remainder.

Reference: nica2006, Lect. 14; derivations/11_integrals.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from haarqntk.algebra import (
    Monomial,
    Notation,
    RationalFunction,
    Series,
    Symbol,
    check_order,
    dimension_symbol,
    expand,
)
from haarqntk.base import LazyModule
from haarqntk.checks import one_of
from haarqntk.errors import InputError
from haarqntk.haar._style import LATEX, Style
from haarqntk.haar._written import component_text, matrices_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from haarqntk.diagrams import Component, DiagramMonomial


sympy = LazyModule("sympy")

SCALINGS: Mapping[str, int] = {"normalised": 1, "fixed": 0}
"""Named scalings: the exponent a of Tr(word) ~ D^a, for every word."""


class IntegralSeries(Series):
    """Leading terms of an integral as D → ∞, by the power of D that they scale like.

    Attributes:
        terms: Pairs (power, ((diagram, coefficient), …)), highest power first. With normalised traces every trace
            of a diagram stands for Tr/D.
        remainder: The power r of the remainder O(D^r); None where the series is exact.
        scaling: "normalised": Tr(word)/D is fixed as D grows; "fixed": Tr(word) is.
        dimension: The name of the dimension.
    """

    __slots__ = ()
    terms: tuple[tuple[int, tuple[tuple[DiagramMonomial, Fraction], ...]], ...]
    remainder: int | None
    scaling: str

    def summands(self) -> list[Any]:
        """The terms as SymPy expressions, highest order first; a symbol (Tr(word)/D) is a normalised trace."""
        return [self._term(*entry) for entry in self._written()]

    @property
    def matrices(self) -> frozenset[str]:
        """The names of the matrices and states that occur."""
        return matrices_in(self._components)

    def letters(
        self, style: Style = LATEX, dimension: str = "", names: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Each symbol that stands for a trace or an entry → its LaTeX, or its name; ``dimension`` is that of D."""
        D = dimension or sympy.latex(dimension_symbol(self.dimension))
        texts = {c: component_text(c) for c in self._components}
        written = {c: (names or {}).get(name) or component_text(c, style) for c, name in texts.items()}
        found = {texts[c]: text for c, text in written.items()}
        ratios = {c: rf"\left(\frac{{{text}}}{{{D}}}\right)" for c, text in written.items()}
        return found | {self._ratio(c): x for c, x in ratios.items() if self._is_normalised(c)}

    def facts(self) -> dict[str, str]:
        """What it means, for a notebook."""
        kept = "Tr(word)" if self.scaling == "fixed" else f"Tr(word)/{self.dimension}"
        return {f"as {self.dimension} → ∞": f"{kept} stays as it is"}

    @property
    def _components(self) -> set[Component]:
        return {c for _, entries in self.terms for monomial, _ in entries for c, _ in monomial}

    def _orders(self) -> list[list[tuple[int, Monomial, Fraction]]]:
        ratios = {component: int(self._is_normalised(component)) for component in self._components}
        return [
            [(power - sum(ratios[x] * e for x, e in m), _named(m, component_text), c) for m, c in entries]
            for power, entries in self.terms
        ]

    def _written(self) -> list[tuple[int, Monomial, Fraction]]:
        return [(power, _named(m, self._ratio), c) for power, entries in self.terms for m, c in entries]

    def _ratio(self, component: Component) -> str:
        text = component_text(component)
        return f"({text}/{self.dimension})" if self._is_normalised(component) else text

    def _is_normalised(self, component: Component) -> bool:
        """Whether a trace stands for Tr/D; a path closed by a pure state, Tr(A psi), never does."""
        return self.scaling != "fixed" and component.is_cycle

    def _symbol(self, name: str) -> Any:
        return sympy.Symbol(str(name))

    def _notation(self) -> Notation:
        return Notation(self.letters())

    def _growth(self) -> list[str]:
        return []


def expand_integral(
    terms: Mapping[DiagramMonomial, RationalFunction], names: set[str], order: int, scaling: str
) -> IntegralSeries:
    """Expand every coefficient at D = ∞ and keep ``order`` powers of D of the whole, from the leading one."""
    num_powers = check_order(order)
    exponent = SCALINGS[one_of("scaling", scaling, SCALINGS)]
    networks = [c for monomial in terms for c, _ in monomial if not c.is_chain]
    if networks:
        raise InputError(
            f"a series needs one tensor factor, got {component_text(networks[0])}; its scaling is not stated"
        )
    if len(names) != 1:
        raise InputError(
            f"a series needs one symbolic dimension, got {', '.join(sorted(names)) or 'none'}; "
            + ("specialise the others" if names else "leave dims out where the matrices are made")
        )
    weights = {
        monomial: c.degree + exponent * sum(e for component, e in monomial if component.is_cycle)
        for monomial, c in terms.items()
    }
    found, remainder = expand(terms, weights, num_powers)
    kept = tuple((power, tuple((monomial, c) for _, monomial, c in entries)) for power, entries in found)
    return IntegralSeries(kept, remainder, scaling, *names)


def _named(diagram: DiagramMonomial, name: Callable[[Component], str]) -> Monomial:
    return tuple(sorted((Symbol(name(component)), e) for component, e in diagram))
