r"""An integral as D → ∞: ``IntegralSeries``, and the leading order of E tr[U A_1 U† B_1 … U A_k U† B_k] by itself.

A series has the scaling of its traces and the order of its remainder. ``planar_limit`` is a second route to its first
term, by non-crossing partitions alone; no Weingarten function enters:

.. math:: \sum_{\pi \in NC(k)} \kappa_\pi[A_1, \dots, A_k]\, \mathrm{tr}_{K(\pi)}[B_1, \dots, B_k]

with the free cumulants κ of the A, tr = Tr/D, and K(π) the Kreweras complement: U A U† and B become free.
The remainder is O(1/D²).

Reference: nica2006, Lect. 14; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

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
from haarqntk.combinatorics import (
    Permutation,
    compose,
    cycles,
    inverse,
    noncrossing_moebius,
    noncrossing_partitions,
)
from haarqntk.errors import CostError, InputError
from haarqntk.haar._style import LATEX, Style
from haarqntk.haar._written import component_text, matrices_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
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

    def letters(self, style: Style = LATEX, dimension: str = "") -> dict[str, str]:
        """The name of each symbol that stands for a trace or an entry → its LaTeX; ``dimension`` is that of D."""
        D = dimension or sympy.latex(dimension_symbol(self.dimension))
        written = {c: component_text(c, style) for c in self._components}
        found = {component_text(c): text for c, text in written.items()}
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


Traces: TypeAlias = "tuple[tuple[str, ...], ...]"
"""A product of normalised traces: sorted cyclic words, each from its least rotation."""

_LARGEST_DEGREE = 8

Blocks: TypeAlias = "tuple[tuple[int, ...], ...]"


def planar_limit(left: Sequence[str], right: Sequence[str]) -> dict[Traces, int]:
    """The limit of E tr[U A_1 U† B_1 … U A_k U† B_k] as a polynomial in normalised traces.

    Args:
        left: The names of A_1 … A_k.
        right: The names of B_1 … B_k.

    Returns:
        Product of normalised traces → coefficient, without zeros.

    Raises:
        InputError: If there are not as many of both, or none.
        CostError: If k is above 8.

    Examples:
        >>> planar_limit("A", "B")
        {(('A',), ('B',)): 1}
        >>> planar_limit("AA", "BB")[(("A", "A"), ("B",), ("B",))]
        1
    """
    k = len(left)
    if k != len(right) or not k:
        raise InputError(
            f"left and right must have equally many names, at least one, got {k} and {len(right)}"
        )
    if k > _LARGEST_DEGREE:
        raise CostError(f"k = {k} would not finish; the largest k is {_LARGEST_DEGREE}")
    total: Counter[Traces] = Counter()
    for pi in noncrossing_partitions(k):
        complement = kreweras_complement(pi, k)
        outer = [_word(right, block) for block in complement]
        for cumulants in product(*(_free_cumulant([left[i] for i in block]).items() for block in pi)):
            words = [word for traces, _ in cumulants for word in traces]
            total[tuple(sorted([*words, *outer]))] += prod(c for _, c in cumulants)
    return {traces: c for traces, c in total.items() if c}


def kreweras_complement(pi: Blocks, k: int) -> Blocks:
    """The cycles of π⁻¹ γ, γ = (0 1 … k−1): where the letters between the points are joined.

    Examples:
        >>> kreweras_complement(((0,), (1,), (2,)), 3), kreweras_complement(((0, 1), (2,)), 3)
        (((0, 1, 2),), ((0,), (1, 2)))
    """
    images = [0] * k
    for block in pi:
        for a, b in zip(block, (*block[1:], block[0]), strict=True):
            images[a] = b
    sigma: Permutation = tuple(images)
    gamma = tuple((i + 1) % k for i in range(k))
    return tuple(tuple(sorted(cycle)) for cycle in cycles(compose(inverse(sigma), gamma)))


def _free_cumulant(names: Sequence[str]) -> Counter[Traces]:
    """κ_n = Σ_{ρ ∈ NC(n)} μ(ρ, 1) tr_ρ: [ρ, 1] is the product of the lattices of the blocks of K(ρ)."""
    total: Counter[Traces] = Counter()
    for rho in noncrossing_partitions(len(names)):
        moebius = prod(noncrossing_moebius(len(block)) for block in kreweras_complement(rho, len(names)))
        total[tuple(sorted(_word(names, block) for block in rho))] += moebius
    return total


def _word(names: Sequence[str], block: tuple[int, ...]) -> tuple[str, ...]:
    word = [names[i] for i in block]
    return min(tuple(word[i:] + word[:i]) for i in range(len(word)))
