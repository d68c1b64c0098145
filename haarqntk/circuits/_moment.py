"""The mean of a product of copies: for one layer pattern, or summed over the layers."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from math import factorial
from typing import TYPE_CHECKING, NamedTuple

from haarqntk.algebra import TracePolynomial
from haarqntk.circuits._ensembles import (
    check_average,
    pattern_design_order,
    pattern_mean,
    refuse_too_many_copies,
)
from haarqntk.circuits._factorised import kernel_moment, kernel_power
from haarqntk.circuits._terms import Copy, LayerPattern, canonical_pattern, layer_patterns
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.circuits._algebra import Expression
    from haarqntk.designs import Dimension

FACTORISED_FROM = 3  # for K³ the factorisation is ten times as fast as the walk, and it goes on to K⁵


class Cost(NamedTuple):
    """What a derivation takes.

    Attributes:
        copies: The largest number k of factors that are averaged together.
        patterns: The number of different layer patterns that are walked through; 0 where K = v·S_L serves.
        coefficients: The length k! of the vector that each walk carries.
    """

    copies: int
    patterns: int
    coefficients: int


def cost_of(expression: Expression) -> Cost:
    """The cost of averaging an expression, known before it is paid.

    Examples:
        >>> from haarqntk.circuits import Circuit, layer_indices, sum_over
        >>> e, (l,) = Circuit().residual(), layer_indices("l")
        >>> cost_of(sum_over(e.d(l) ** 2, l) ** 2)
        Cost(copies=4, patterns=2, coefficients=24)
    """
    circuit = expression.circuit
    patterns = set()
    for term in expression.terms:
        power = kernel_power(term.copies, circuit.ensemble, circuit.generators)
        if power is None or power < FACTORISED_FROM:
            patterns |= {canonical_pattern(term.copies, pattern) for pattern in layer_patterns(term.copies)}
    return Cost(expression.num_copies, len(patterns), factorial(expression.num_copies))


def design_orders(expression: Expression) -> dict[int, int]:
    """The t that the mean of an expression needs, for the layer patterns of each number m of different layers.

    Unitary t-designs in place of the Haar unitaries give the same mean for all states, observables and generators;
    no smaller t does, where the terms of the expression do not cancel each other as random variables.

    Examples:
        >>> from haarqntk.circuits import Circuit, layer_indices, sum_over
        >>> e, (l,) = Circuit("generator_average").residual(), layer_indices("l")
        >>> design_orders(sum_over(e.d(l) ** 2, l) ** 2)  # g_l^4 has four generators of one layer, g_l² g_m² two
        {1: 4, 2: 2}
    """
    circuit, orders = expression.circuit, defaultdict[int, int](int)
    for term in expression.terms:
        for labels, pattern in {canonical_pattern(term.copies, each) for each in layer_patterns(term.copies)}:
            order = pattern_design_order(labels, pattern, circuit.ensemble, circuit.generators)
            orders[len(pattern)] = max(orders[len(pattern)], order)
    return dict(sorted(orders.items()))


def mean_of_product(
    copies: Sequence[Copy],
    *,
    ensemble: str = "segments",
    generators: str = "pauli",
    dimension: Dimension = None,
    method: str = "walk",
) -> TracePolynomial:
    """The mean of Π_copies summed over all their layer indices, 1 … L each.

    Args:
        copies: The factors; with independent Haar segments their number k is the design order that the result needs.
        ensemble: "segments" (default) or another of ``ENSEMBLES``.
        generators: "pauli" (default), X² = 1 and Tr X = 0, or "general", through X_j = Tr X^j.
        dimension: An integer D, exact there also below k; or None (default) for the symbol D.
        method: "walk" (default) or "definition", the Gram route, for small k and Pauli generators.

    Returns:
        A polynomial in L, the traces of the observables and the overlaps of the states, over Q(D). At an
        integer D < k the traces are dependent: equal values may have different polynomials.

    Raises:
        CostError: If there are too many copies.

    Examples:
        >>> mean_of_product([Copy(("l",)), Copy(("l",))]).to_sympy()
        2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
        >>> mean_of_product([Copy(("l",)), Copy(("l",))], generators="general").to_sympy()
        2*L*(D*T2 - T1**2)*(D*X2 - X1**2)/(D**2*(D - 1)*(D + 1)**2)
    """
    check_average(ensemble, generators, dimension, method)
    if not copies:
        return TracePolynomial.constant(1)
    refuse_too_many_copies(len(copies), ensemble, generators)
    counts = Counter(canonical_pattern(copies, pattern) for pattern in layer_patterns(copies))
    total = TracePolynomial({})
    for (labels, pattern), count in counts.items():
        mean = pattern_mean(
            labels, pattern, ensemble=ensemble, generators=generators, dimension=dimension, method=method
        )
        total = total + mean * binomial_in_L(len(pattern)) * count
    return total


def mean_of_pattern(
    copies: Sequence[Copy],
    pattern: LayerPattern,
    *,
    ensemble: str = "segments",
    generators: str = "pauli",
    dimension: Dimension = None,
    method: str = "walk",
) -> TracePolynomial:
    """The mean of Π_copies for one choice of distinct layers in the order of ``pattern``.

    Raises:
        InputError: If a block does not have one count for each copy.
        CostError: If there are too many copies.
    """
    check_average(ensemble, generators, dimension, method)
    refuse_too_many_copies(len(copies), ensemble, generators)
    for block in pattern:
        if len(block) != len(copies) or min(block) < 0:
            raise InputError(f"each block of pattern must count {len(copies)} copies from 0 up, got {block}")
    labels, canonical = canonical_pattern(copies, pattern)
    return pattern_mean(
        labels, canonical, ensemble=ensemble, generators=generators, dimension=dimension, method=method
    )


def binomial_in_L(m: int) -> TracePolynomial:
    """C(L, m) as a polynomial in L."""
    L = TracePolynomial.variable("L")
    product = TracePolynomial.constant(Fraction(1, factorial(m)))
    for i in range(m):
        product = product * (L - TracePolynomial.constant(i))
    return product


def mean_of_expression(expression: Expression, *, dimension: Dimension = None) -> TracePolynomial:
    """The mean of a polynomial in outputs and derivatives, under the ensemble of its circuit.

    Raises:
        InputError: If a layer index is free.
        CostError: If a term has too many copies.
    """
    if expression.free:
        names = ", ".join(sorted(expression.free))
        raise InputError(f"every layer index must be summed, got the free index {names}; use sum_over")
    ensemble, generators = expression.circuit.ensemble, expression.circuit.generators
    total = TracePolynomial({})
    for term, coefficient in expression.terms.items():
        power = kernel_power(term.copies, ensemble, generators)
        if power is not None and power >= FACTORISED_FROM:
            mean = kernel_moment(power, dimension)
        else:
            mean = mean_of_product(term.copies, ensemble=ensemble, generators=generators, dimension=dimension)
        total = total + coefficient * mean
    return total
