r"""The mean of a product of copies under each ensemble: for one layer pattern, or summed over the layers.

``segments``: independent Haar unitaries between the layers; the recursion. All but the last rest on it.
``independent_layers``: equal derivatives stay together, different ones are independent factors.
``prl_ansatz_with_input_block``: a layer is the identity with probability 1/D², independently of everything else.
``prl_ansatz``: the same without the Haar unitary on the input side, for moments that do not see the difference.
``generator_average``: only the generators are averaged (``_generator_average.py``).

A power of the kernel alone, K = v·S_L with independent factors, has a second route at any k. Under ``segments`` the
rotated generators X̃_1 … X̃_L and M = U†OU are independent, each Haar-rotated, and g_l = Tr(i[M, ρ] X̃_l). The operator
i[M, ρ] has the eigenvalues ±√v, v = ⟨M²⟩ − ⟨M⟩² the variance of O in the output state, so g_l = √v ξ_l with
ξ_l = Tr(A X̃_l), A = |+⟩⟨+| − |−⟩⟨−|: K = v Σ_l ξ_l² and

.. math:: \mathbb E K^n = \mathbb E v^n \; \mathbb E \Bigl(\sum_l \xi_l^2\Bigr)^n .

Reference: derivations/04_kernel_variance.md.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import lru_cache
from math import comb, factorial, prod
from typing import TYPE_CHECKING

from haarqntk.algebra import Monomial, RationalFunction, TracePolynomial, collected, multiply_monomials
from haarqntk.checks import one_of
from haarqntk.circuits._ensembles import ENSEMBLES
from haarqntk.circuits._generators import generator_average, generator_twirls, layer_vanishes, most_slots
from haarqntk.circuits._recursion import averaged_state, mean_of_pattern_by_definition
from haarqntk.circuits._terms import Copy, LayerPattern, canonical_pattern, canonical_patterns, columns_of
from haarqntk.combinatorics import class_size, partitions
from haarqntk.designs import Dimension, dimension_as_field
from haarqntk.errors import CostError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.circuits._terms import Label

GENERATORS = ("pauli", "general")
LARGEST_POWER = 5  # of the kernel
_LARGEST_FACTORIAL = 20  # that is worth a number in a message


def _check(k: int, ensemble: str, generators: str, dimension: Dimension, method: str) -> None:
    """Check what is averaged over, and how; see ``mean_of_product``."""
    one_of("ensemble", ensemble, ENSEMBLES)
    one_of("generators", generators, GENERATORS)
    one_of("method", method, ("recursion", "definition"))
    if dimension is not None:
        check_dimension("dimension", dimension, ensemble, generators)
    refuse_too_many_copies(k, ensemble, generators)


def check_dimension(name: str, D: int, ensemble: str, generators: str) -> int:
    """Refuse a dimension in which there are no such generators.

    Raises:
        InputError: For an odd D and traceless involutions, or where Pauli strings are drawn and D is no power of 2.
    """
    if generators == "pauli" and D % 2:
        raise InputError(
            f"{name} must be even for generators X² = 1, Tr X = 0 (Pauli strings), got {D}; "
            "an odd dimension has no traceless involution; circuits with generators='general' exist there"
        )
    if ENSEMBLES[ensemble].draws_pauli_strings and D & (D - 1):
        raise InputError(
            f"{name} must be a power of two for ensemble {ensemble!r}, whose generators are Pauli strings, got {D}; "
            f"use {name} = {2 ** (D.bit_length() - 1)} or {2 ** D.bit_length()}, or ensemble 'segments'"
        )
    return D


def largest_k(ensemble: str, generators: str) -> int:
    """The most copies that finish within seconds (benchmarks/moments.py)."""
    return 6 if generators == "pauli" and not ENSEMBLES[ensemble].keeps_state else 4


def refuse_too_many_copies(k: int, ensemble: str, generators: str) -> None:
    """Refuse at once what would not finish.

    Raises:
        CostError: With the size, and the largest k that runs.
    """
    largest = largest_k(ensemble, generators)
    if k > largest:
        size = f"{k}! = {factorial(k)}" if k <= _LARGEST_FACTORIAL else f"{k}!"
        raise CostError(
            f"k = {k} copies would not finish: the recursion has {size} coefficients; "
            f"the largest k for ensemble {ensemble!r} and generators {generators!r} is {largest}"
        )


def mean_of_product(
    copies: Sequence[Copy],
    *,
    ensemble: str = "segments",
    generators: str = "pauli",
    dimension: Dimension = None,
    method: str = "recursion",
) -> TracePolynomial:
    """The mean of Π_copies summed over all their layer indices, 1 … L each.

    Args:
        copies: The factors; with independent Haar segments their number k is the design order that the result needs.
        ensemble: "segments" (default) or another of ``ENSEMBLES``.
        generators: "pauli" (default), X² = 1 and Tr X = 0, or "general", through X_j = Tr X^j.
        dimension: An integer D, exact there also below k; or None (default) for the symbol D.
        method: "recursion" (default) or "definition", the Gram route, for small k and Pauli generators.

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
    _check(len(copies), ensemble, generators, dimension, method)
    if not copies:
        return TracePolynomial.constant(1)
    total = TracePolynomial({})
    for (labels, pattern), count in canonical_patterns(tuple(copies)).items():
        mean = pattern_mean(labels, pattern, ensemble, generators, dimension=dimension, method=method)
        total = total + mean * binomial_in_L(len(pattern)) * count
    return total


def mean_of_pattern(
    copies: Sequence[Copy],
    pattern: LayerPattern,
    *,
    ensemble: str = "segments",
    generators: str = "pauli",
    dimension: Dimension = None,
    method: str = "recursion",
) -> TracePolynomial:
    """The mean of Π_copies for one choice of distinct layers in the order of ``pattern``.

    Raises:
        InputError: If a block does not have one count for each copy.
        CostError: If there are too many copies.
    """
    _check(len(copies), ensemble, generators, dimension, method)
    for block in pattern:
        if len(block) != len(copies) or min(block) < 0:
            raise InputError(f"each block of pattern must count {len(copies)} copies from 0 up, got {block}")
    return pattern_mean(
        *canonical_pattern(copies, pattern), ensemble, generators, dimension=dimension, method=method
    )


@lru_cache(maxsize=32)  # of the numbers of different layers that six copies can have, and more
def binomial_in_L(m: int) -> TracePolynomial:
    """C(L, m) as a polynomial in L."""
    L, one = TracePolynomial.variable("L"), TracePolynomial.constant(1)
    return prod((L - one * i for i in range(m)), start=one * Fraction(1, factorial(m)))


def pattern_mean(
    labels: tuple[Label, ...],
    pattern: LayerPattern,
    ensemble: str,
    generators: str,
    *,
    dimension: Dimension = None,
    method: str = "recursion",
) -> TracePolynomial:
    """The mean of a product of copies, (state, observable) of each, for one choice of distinct layers."""
    if ENSEMBLES[ensemble].keeps_state:
        return generator_average(labels, pattern, generators, dimension)
    if not ENSEMBLES[ensemble].has_input_block:
        _refuse_visible_input(labels, pattern)
    parts = independent_parts(labels, pattern, ensemble)
    weight = TracePolynomial.constant(silence_weight(parts, ensemble, dimension))
    return prod((segment_mean(*part, generators, dimension, method) for part in parts), start=weight)


def silence_weight(
    parts: Sequence[tuple[tuple[Label, ...], LayerPattern]], ensemble: str, dimension: Dimension = None
) -> RationalFunction:
    """The probability that no generator of independent parts is the identity: 1 − 1/D² each where all are drawn."""
    if not ENSEMBLES[ensemble].draws_pauli_strings:
        return RationalFunction(1)
    return (1 - 1 / dimension_as_field(dimension) ** 2) ** sum(len(pattern) for _, pattern in parts)


def independent_parts(
    labels: tuple[Label, ...], pattern: LayerPattern, ensemble: str
) -> list[tuple[tuple[Label, ...], LayerPattern]]:
    """The factors of independent mean: all copies, or the copies of each derivative, of equal label and layers."""
    if not ENSEMBLES[ensemble].has_independent_entries:
        return [(labels, pattern)]
    return [
        ((label,) * count, tuple((times,) * count for times in column if times))
        for (label, column), count in Counter(columns_of(labels, pattern)).items()
    ]


def pattern_design_order(
    labels: tuple[Label, ...], pattern: LayerPattern, ensemble: str, generators: str
) -> int:
    """The smallest t for which t-designs give ``pattern_mean``, for generic states, observables and generators.

    What is averaged together is a factor: all copies, the copies of one derivative, or the slots of one layer. A
    factor that vanishes makes the mean vanish, whatever the others are.
    """
    if ENSEMBLES[ensemble].keeps_state:
        factors = [(most_slots(block, generators), layer_vanishes(block, generators)) for block in pattern]
    else:
        are_many = ENSEMBLES[ensemble].has_independent_entries
        factors = [
            (len(part[0]), are_many and not segment_mean(*part, generators, None, "recursion"))
            for part in independent_parts(labels, pattern, ensemble)
        ]
    vanishing = [t for t, is_zero in factors if is_zero]
    return min(vanishing) if vanishing else max((t for t, _ in factors), default=0)


def _refuse_visible_input(labels: tuple[Label, ...], pattern: LayerPattern) -> None:
    """Refuse a pattern whose mean under "prl_ansatz" is not the one with a Haar unitary on the input side.

    The two differ where the block that acts first is layer L: it meets the fixed input with a Pauli string P in place
    of a Haar-rotated one, and S_{L−1} twirls what it leaves. They agree (derivations/08_ensembles.md)

    - for n = 2 commutators with P in all, since E P ⊗ P = F/D in both; three on one copy are 4 times a single one;
    - if another block is odd, which makes both 0;
    - for odd n, if all copies are of one output: i^odd times a real number is the mean of a real variable in both;
    - where the pattern is the derivative in θ_L of a power of one factor, whose mean does not depend on θ_L.
    """
    if not pattern:
        return
    n = sum(min(times, 2 - times % 2) for times in pattern[0])
    is_unseen = (
        n == 2  # noqa: PLR2004 - E P ⊗ P
        or any(sum(block) % 2 for block in pattern[1:])
        or (n % 2 and len(set(labels)) == 1)
        or _is_derivative_of_power(labels, pattern)
    )
    if not is_unseen:
        raise InputError(
            "ensemble 'prl_ansatz' has no Haar block on the input side, and this moment sees that: it holds "
            f"the generator next to the input {n} times, where 2 average as if there were one; use "
            "ensemble 'prl_ansatz_with_input_block', or simulate it"
        )


def _is_derivative_of_power(labels: tuple[Label, ...], pattern: LayerPattern) -> bool:
    """Whether all copies are alike once the first block differentiates one of them once less."""
    raised = pattern[0].index(max(pattern[0]))
    lowered = tuple(times - (a == raised) for a, times in enumerate(pattern[0]))
    return len(set(columns_of(labels, (lowered, *pattern[1:])))) == 1


@lru_cache(maxsize=1024)  # one factor occurs in many patterns, expressions and ensembles
def segment_mean(
    labels: tuple[Label, ...], pattern: LayerPattern, generators: str, dimension: Dimension, method: str
) -> TracePolynomial:
    """The mean under ``segments``, by the recursion or by definition."""
    num_commutators = sum(map(sum, pattern))
    if any(layer_vanishes(block, generators) for block in pattern):
        return TracePolynomial({})
    if num_commutators % 2:
        if max(len({state for state, _ in labels}), len({observable for _, observable in labels})) > 2:  # noqa: PLR2004
            raise InputError(
                "a moment with an odd number of derivatives and general generators must have at most two different "
                f"states and observables, got {', '.join(sorted({x for label in labels for x in label}))}; "
                "more leave a phase"
            )
        return TracePolynomial({})  # i^odd times real terms, but the mean of a real variable is real
    sign = -1 if num_commutators % 4 else 1
    states, observables = (tuple(column) for column in zip(*labels, strict=True))
    if method == "definition":
        return mean_of_pattern_by_definition(states, observables, pattern, dimension) * sign
    state = averaged_state(states, pattern, generators, dimension)
    parts = state.contracted(observables)
    _refuse_two_phases(state.invariants, list(parts))
    terms = [
        (multiply_monomials(invariant, traces), c * sign)
        for traces, part in parts.items()
        for invariant, c in part.terms.items()
    ]
    return TracePolynomial(collected(terms))


def _refuse_two_phases(invariants: tuple[Monomial, ...], traces: list[Monomial]) -> None:
    """A real mean fixes the real part of one complex invariant in each term, not of a product of two."""
    phases = [{x for monomial in side for x, _ in monomial if x.has_phase} for side in (invariants, traces)]
    are_products = phases[1] and any(sum(e for x, e in monomial if x in phases[1]) > 1 for monomial in traces)
    if all(phases) or are_products:
        names = ", ".join(sorted(set().union(*phases)))
        raise InputError(
            f"a moment must hold at most one invariant with a phase in each term, got {names}; "
            "use fewer different states or observables"
        )


# -- powers of the kernel --------------------------------------------------------------------------------------


def kernel_power(copies: Sequence[Copy], ensemble: str, generators: str) -> int | None:
    """The n for which the product is g_l² g_m² … with n different indices and one output; None otherwise."""
    if ensemble != "segments" or generators != "pauli":
        return None
    # the moments of v are written in T_j = Tr O^j, the traces of the observable of that name
    same_output = len({copy.state for copy in copies}) == 1 and {copy.observable for copy in copies} == {"O"}
    counts = Counter(copy.layers for copy in copies)
    is_power = same_output and all(len(layers) == 1 and n == 2 for layers, n in counts.items())  # noqa: PLR2004
    return len(counts) if is_power else None


def kernel_moment(n: int, dimension: Dimension = None) -> TracePolynomial:
    """E[K^n] = E[v^n] E[S_L^n], for the observable "O".

    Raises:
        CostError: If n is larger than 5.

    Examples:
        >>> kernel_moment(1).to_sympy()
        2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
    """
    variance, squares = kernel_factors(n, dimension)
    return variance * squares


def kernel_factors(n: int, dimension: Dimension = None) -> tuple[TracePolynomial, TracePolynomial]:
    """E[v^n] and E[S_L^n], the two factors of ``kernel_moment``.

    Raises:
        CostError: If n is larger than 5.
    """
    if n > LARGEST_POWER:
        raise CostError(f"n = {n} would not finish: moments of K run up to the power {LARGEST_POWER}")
    return _variance_moment(n, dimension), _square_sum_moment(n, dimension)


def _square_sum_moment(n: int, dimension: Dimension) -> TracePolynomial:
    """E[(Σ_l ξ_l²)^n]: the n factors fall into blocks of equal layers, of sizes μ."""
    L, one = TracePolynomial.variable("L"), TracePolynomial.constant(1)
    total = TracePolynomial({})
    for mu in partitions(n):
        num_ways = factorial(n) // prod(map(factorial, (*mu, *Counter(mu).values())))
        falling = prod((L - one * i for i in range(len(mu))), start=one)
        total = total + falling * prod(
            (_xi_moment(2 * part, dimension) for part in mu), start=RationalFunction(num_ways)
        )
    return total


def _xi_moment(p: int, dimension: Dimension) -> RationalFunction:
    """E[ξ^p] = Σ_π x(π) Tr(P_π A^{⊗p}), where Tr A^j is 2 for even j and 0 for odd j."""
    twirl = generator_twirls(p, "pauli", dimension)[()]
    weights = {mu: class_size(mu) * prod(2 * (1 - part % 2) for part in mu) for mu in twirl}
    return sum((value * weights[mu] for mu, value in twirl.items()), start=RationalFunction(0))


def _variance_moment(n: int, dimension: Dimension) -> TracePolynomial:
    """E[(⟨M²⟩ − ⟨M⟩²)^n] over a Haar-random state."""
    parts = (_expectation_moment(n - j, 2 * j, dimension) * (comb(n, j) * (-1) ** j) for j in range(n + 1))
    return sum(parts, start=TracePolynomial({}))


def _expectation_moment(a: int, b: int, dimension: Dimension) -> TracePolynomial:
    """E[⟨M²⟩^a ⟨M⟩^b] = a! b! [x^a y^b] exp(Σ_j Tr(xM² + yM)^j/j) / (D (D+1) … (D+a+b−1))."""
    D = dimension_as_field(dimension)
    power_sums = [
        {i: TracePolynomial.variable(f"T{i + j}") * comb(j, i) for i in range(max(0, j - b), min(j, a) + 1)}
        for j in range(1, a + b + 1)
    ]
    # the coefficient of x^i y^{r−i} in h_r, the complete symmetric function: r h_r = Σ_j p_j h_{r−j}
    complete = [{0: TracePolynomial.constant(1)}]
    for r in range(1, a + b + 1):
        products = (
            (i + x, value * rest * Fraction(1, r))
            for sums, h in zip(power_sums, reversed(complete), strict=False)
            for i, value in sums.items()
            for x, rest in h.items()
            if r - b <= i + x <= a
        )
        complete.append(collected(products))
    norm = prod((D + i for i in range(a + b)), start=RationalFunction(1))
    return complete[a + b][a] * (factorial(a) * factorial(b) / norm)
