"""The mean of an expression step by step, and by a second route: what a derivation shows.

Nothing is recorded while a formula is derived; the engine's own functions are run once more. The second route is, up to
four copies, the definition, overlaps counted one by one and the Gram inverse, or for K² the factorisation K = v·S_L.
Beyond: one layer only, where every output is a sinusoid in its angle.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

from haarqntk.algebra import DEPTH, Overlap, Symbol, Trace, TracePolynomial
from haarqntk.circuits import (
    ENSEMBLES,
    FACTORISED_FROM,
    TARGET,
    Cost,
    Expression,
    PatternSteps,
    Term,
    cost_of,
    kernel_factors,
    kernel_moment,
    kernel_power,
    mean_of_expression,
    mean_of_product,
    steps_of_product,
)

if TYPE_CHECKING:
    from haarqntk.circuits import Circuit
    from haarqntk.designs import Dimension
    from haarqntk.qntk._recipe import Recipe

_LARGEST_K_BY_DEFINITION = 4
_LARGEST_K_OF_A_SINUSOID = 10
_DIMENSION, _DEPTH = 4, 3
_ONE, _ZERO = TracePolynomial.constant(1), TracePolynomial({})
_EIGENVALUES = {"": (3, 1, 0, -1), "1": (3, 1, 0, -1), "2": (1, 2, -1, -1)}


@dataclass(frozen=True, slots=True)
class SecondRoute:
    """A mean by two routes.

    Attributes:
        route: "definition", "factorisation" or "one layer".
        by_walk: The mean by the recursion; at L = 1 for "one layer".
        by_route: The same by the second route.
        D: The dimension of a point.
        values: The values of the symbols there; empty if a symbol has none.
        value_by_walk: The mean there, by the recursion.
        value_by_route: The mean there, by the second route run at that dimension.
    """

    route: str
    by_walk: TracePolynomial
    by_route: TracePolynomial
    D: int
    values: tuple[tuple[str, Fraction], ...]
    value_by_walk: Fraction
    value_by_route: Fraction

    @property
    def agrees(self) -> bool:
        """Whether the two routes give one polynomial, and one number."""
        return self.by_walk == self.by_route and self.value_by_walk == self.value_by_route


@dataclass(frozen=True, slots=True)
class TermSteps:
    """A product of copies, summed over its layer indices, and how its mean is found.

    Attributes:
        term: The product.
        coefficient: What it is multiplied by.
        patterns: Its layer patterns, up to the order of alike copies, each with its recursion.
        factors: (E v^n, E S_L^n) where the mean is E K^n from n = 3 on; no recursion is run there.
        mean: The mean of the product.
    """

    term: Term
    coefficient: TracePolynomial
    patterns: tuple[PatternSteps, ...]
    factors: tuple[TracePolynomial, TracePolynomial] | None
    mean: TracePolynomial


@dataclass(frozen=True, slots=True)
class AverageSteps:
    """The mean of one expression.

    Attributes:
        expression: What is averaged.
        symbol: The letter for its mean, as text and in LaTeX.
        cost: Copies, different layer patterns, coefficients of the recursion.
        terms: Its products of copies.
        mean: The mean.
        second_route: The mean by another route, at the symbol and at a point; None where there is none.
    """

    expression: Expression
    symbol: tuple[str, str]
    cost: Cost
    terms: tuple[TermSteps, ...]
    mean: TracePolynomial
    second_route: SecondRoute | None


@dataclass(frozen=True, slots=True)
class Result:
    """One closed form of the derivation, with its letter as text and in LaTeX, and what it is made of."""

    symbol: tuple[str, str]
    polynomial: TracePolynomial
    recipe: Recipe


def steps_of_mean(expression: Expression, symbol: tuple[str, str]) -> AverageSteps:
    """The mean of an expression, term by term, with its second route."""
    terms = tuple(_term(expression, term, c) for term, c in expression.terms.items())
    mean = sum((steps.coefficient * steps.mean for steps in terms), _ZERO)
    return AverageSteps(expression, symbol, cost_of(expression), terms, mean, _second_route(expression))


def _term(expression: Expression, term: Term, coefficient: TracePolynomial) -> TermSteps:
    ensemble, generators = expression.circuit.ensemble, expression.circuit.generators
    if not term.copies:
        return TermSteps(term, coefficient, (), None, _ONE)
    power = kernel_power(term.copies, ensemble, generators)
    if power is not None and power >= FACTORISED_FROM:
        factors = kernel_factors(power)
        return TermSteps(term, coefficient, (), factors, factors[0] * factors[1])
    patterns = steps_of_product(term.copies, ensemble=ensemble, generators=generators)
    mean = sum((pattern.contribution for pattern in patterns), _ZERO)
    return TermSteps(term, coefficient, patterns, None, mean)


def _second_route(expression: Expression) -> SecondRoute | None:
    """The mean of an expression by a second route, if there is one."""
    circuit, terms = expression.circuit, expression.terms
    route = _route(expression)
    if route is None:
        return None
    at = {DEPTH: _ONE} if route == "one layer" else {}

    def total(dimension: Dimension) -> TracePolynomial:
        parts = (c * _mean(route, term, circuit, dimension) for term, c in terms.items())
        return sum(parts, _ZERO).substitute(at)

    by_walk, by_route = mean_of_expression(expression).substitute(at), total(None)
    D = max(_DIMENSION, expression.num_copies + expression.num_copies % 2)
    names = {*by_walk.variables, *by_route.variables}
    known = {x: value for x in sorted(names) if (value := _value(x)) is not None}
    if len(known) < len(names):
        return SecondRoute(route, by_walk, by_route, D, (), Fraction(0), Fraction(0))
    numbers = by_walk.at(D, known), total(D).at(D, known)
    return SecondRoute(route, by_walk, by_route, D, tuple(known.items()), *numbers)


def _route(expression: Expression) -> str | None:
    circuit = expression.circuit
    products = [term.copies for term in expression.terms if term.copies]
    powers = [kernel_power(copies, circuit.ensemble, circuit.generators) for copies in products]
    if circuit.generators != "pauli" or ENSEMBLES[circuit.ensemble].keeps_state:
        return None
    if powers and all(power is not None and 1 < power < FACTORISED_FROM for power in powers):
        return "factorisation"
    if expression.num_copies <= _LARGEST_K_BY_DEFINITION:
        return "definition"
    are_sinusoids = circuit.ensemble == "segments" and all(
        copy.layers and (copy.state, copy.observable) == ("psi", "O")
        for copies in products
        for copy in copies
    )
    is_power = any(power is not None for power in powers)  # found by the factorisation, which is this route
    return "one layer" if are_sinusoids and not is_power else None


def _mean(route: str, term: Term, circuit: Circuit, dimension: Dimension) -> TracePolynomial:
    if not term.copies:
        return _ONE
    if route == "one layer":
        return _mean_of_sinusoids(tuple(len(copy.layers) for copy in term.copies), dimension)
    if route == "factorisation":
        power = kernel_power(term.copies, circuit.ensemble, circuit.generators)
        return kernel_moment(power or 0, dimension)
    return mean_of_product(
        term.copies,
        ensemble=circuit.ensemble,
        generators=circuit.generators,
        dimension=dimension,
        method="definition",
    )


def _mean_of_sinusoids(orders: tuple[int, ...], dimension: Dimension) -> TracePolynomial:
    """E Π_a ∂^{n_a} z at L = 1 from E g^k = E K^{k/2}: z = c + A cos(2θ − φ), with θ uniform."""
    k = len(orders)
    if k % 2:
        return _ZERO
    sign = prod(-1 if n % 4 in {1, 2} else 1 for n in orders)
    num_sines = sum(n % 2 for n in orders)
    ratio = _mean_of_powers(k - num_sines, num_sines) / _mean_of_powers(0, k)
    factor: Fraction = ratio * sign * Fraction(2) ** (sum(orders) - k)
    return kernel_moment(k // 2, dimension).substitute({DEPTH: _ONE}) * factor


def _mean_of_powers(p: int, q: int) -> Fraction:
    """The mean of cos^p sin^q over the circle: (p−1)!! (q−1)!! / (p+q)!! if both are even, else 0."""
    if p % 2 or q % 2:
        return Fraction(0)
    numerator = prod(range(1, p, 2)) * prod(range(1, q, 2))
    return Fraction(numerator, prod(range(2, p + q + 1, 2)))


def _value(symbol: Symbol) -> Fraction | None:
    """A value of a symbol at the point: three layers, diagonal observables, overlaps 1/2."""
    if symbol == DEPTH:
        return Fraction(_DEPTH)
    if isinstance(symbol, Overlap) or symbol == TARGET:
        return Fraction(1, 2)
    if not isinstance(symbol, Trace) or not {x[1:] for x in symbol.observables} <= set(_EIGENVALUES):
        return None
    spectra = (_EIGENVALUES[letter[1:]] for letter in symbol.observables)  # and zeros
    return Fraction(sum(map(prod, zip(*spectra, strict=True))))
