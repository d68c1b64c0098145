"""The mean of one layer pattern under each ensemble; all but ``generator_average`` rest on ``segments``.

``segments``: independent Haar unitaries between the layers; the walk.
``independent_layers``: equal derivatives stay together, different ones are independent factors.
``prl_ansatz_with_input_block``: a layer is the identity with probability 1/D², independently of everything else.
``prl_ansatz``: the same without the Haar unitary on the input side, for moments that do not see the difference.
``generator_average``: only the generators are averaged (``_generator_average.py``).
"""

from __future__ import annotations

from collections import defaultdict
from math import factorial, prod
from typing import TYPE_CHECKING

from haarqntk._arguments import one_of
from haarqntk.algebra import Monomial, RationalFunction, TracePolynomial, multiply_monomials
from haarqntk.circuits._generator_average import generator_average
from haarqntk.circuits._insertion import layer_is_silent, most_slots
from haarqntk.circuits._walk import mean_of_pattern_by_definition, observable_traces, walk
from haarqntk.designs import Dimension, dimension_as_field
from haarqntk.errors import CostError, InputError

if TYPE_CHECKING:
    from haarqntk.circuits._terms import Label, LayerPattern

PAULI_STRINGS = ("prl_ansatz", "prl_ansatz_with_input_block")  # whose generators are all 4ⁿ of them, D = 2ⁿ
ENSEMBLES = ("segments", "independent_layers", *PAULI_STRINGS, "generator_average")
GENERATORS = ("pauli", "general")
_LARGEST_FACTORIAL = 20  # that is worth a number in a message


def check_average(ensemble: str, generators: str, dimension: Dimension, method: str) -> None:
    """Check what is averaged over, and how.

    Raises:
        UnknownNameError: If a name is unknown.
        InputError: If Pauli generators do not exist in the dimension.
    """
    one_of("ensemble", ensemble, ENSEMBLES)
    one_of("generators", generators, GENERATORS)
    one_of("method", method, ("walk", "definition"))
    if dimension is not None:
        check_dimension("dimension", dimension, ensemble, generators)


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
    if ensemble in PAULI_STRINGS and D & (D - 1):
        raise InputError(
            f"{name} must be a power of two for ensemble {ensemble!r}, whose generators are Pauli strings, got {D}; "
            f"use {name} = {2 ** (D.bit_length() - 1)} or {2 ** D.bit_length()}, or ensemble 'segments'"
        )
    return D


def largest_k(ensemble: str, generators: str) -> int:
    """The most copies that finish within seconds (benchmarks/moments.py)."""
    return 6 if generators == "pauli" and ensemble != "generator_average" else 4


def refuse_too_many_copies(k: int, ensemble: str, generators: str) -> None:
    """Refuse at once what would not finish.

    Raises:
        CostError: With the size, and the largest k that runs.
    """
    largest = largest_k(ensemble, generators)
    if k > largest:
        size = f"{k}! = {factorial(k)}" if k <= _LARGEST_FACTORIAL else f"{k}!"
        raise CostError(
            f"k = {k} copies would not finish: the walk has {size} coefficients; "
            f"the largest k for ensemble {ensemble!r} and generators {generators!r} is {largest}"
        )


def pattern_mean(
    labels: tuple[Label, ...],
    pattern: LayerPattern,
    *,
    ensemble: str,
    generators: str,
    dimension: Dimension,
    method: str = "walk",
) -> TracePolynomial:
    """The mean of a product of copies for one choice of distinct layers.

    Args:
        labels: (state, observable) of each copy.
        pattern: How often each block differentiates each copy.
        ensemble: One of ``ENSEMBLES``.
        generators: One of ``GENERATORS``.
        dimension: An integer, or None for the symbol D.
        method: "walk" (default) or "definition".
    """
    if ensemble == "generator_average":
        return generator_average(labels, pattern, generators, dimension)
    if ensemble == "independent_layers":
        factors = (
            segment_mean(part_labels, part, generators, dimension, method)
            for part_labels, part in independent_parts(labels, pattern)
        )
        return prod(factors, start=TracePolynomial.constant(1))
    if ensemble == "prl_ansatz":
        refuse_visible_input(labels, pattern)
    mean = segment_mean(labels, pattern, generators, dimension, method)
    if ensemble in PAULI_STRINGS:
        return mean * speaking_probability(dimension) ** len(pattern)
    return mean


def pattern_design_order(
    labels: tuple[Label, ...], pattern: LayerPattern, ensemble: str, generators: str
) -> int:
    """The smallest t for which t-designs give ``pattern_mean``, for generic states, observables and generators.

    What is averaged together is a factor: all copies, the copies of one derivative, or the slots of one layer. A
    factor that vanishes makes the mean vanish, whatever the others are.
    """
    if ensemble == "generator_average":
        factors = [(most_slots(block, generators), layer_is_silent(block, generators)) for block in pattern]
    elif ensemble == "independent_layers":
        factors = [
            (len(part_labels), not segment_mean(part_labels, part, generators, None, "walk"))
            for part_labels, part in independent_parts(labels, pattern)
        ]
    else:
        return len(labels)
    vanishing = [t for t, is_zero in factors if is_zero]
    return min(vanishing) if vanishing else max((t for t, _ in factors), default=0)


def speaking_probability(dimension: Dimension) -> RationalFunction:
    """1 − 1/D², the probability that a Pauli string drawn from all of them is not the identity."""
    return 1 - 1 / dimension_as_field(dimension) ** 2


def refuse_visible_input(labels: tuple[Label, ...], pattern: LayerPattern) -> None:
    """Refuse a pattern whose mean under "prl_ansatz" is not the one with a Haar unitary on the input side.

    The two differ where the block that acts first is layer L: it meets the fixed input with a Pauli string P in place
    of a Haar-rotated one, and S_{L−1} twirls what it leaves. They agree (derivations/08_ensembles.md)

    - for n = 2 commutators with P in all, since E P ⊗ P = F/D in both; three on one copy are 4 times a single one;
    - if another block is odd, which makes both 0;
    - for odd n, if all copies are of one output: i^odd times a real number is the mean of a real variable in both;
    - where the pattern is the derivative in θ_L of a power of one factor, whose mean does not depend on θ_L.

    Raises:
        InputError: If none of this holds.
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
    columns = list(zip(*pattern, strict=True))
    raised = max(range(len(columns)), key=lambda a: columns[a][0])
    columns[raised] = (columns[raised][0] - 1, *columns[raised][1:])
    return len(set(zip(labels, columns, strict=True))) == 1


def segment_mean(
    labels: tuple[Label, ...], pattern: LayerPattern, generators: str, dimension: Dimension, method: str
) -> TracePolynomial:
    """The mean under ``segments``, by the walk or by definition."""
    num_commutators = sum(map(sum, pattern))
    if any(layer_is_silent(block, generators) for block in pattern):
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
    vector = walk(states, pattern, generators, dimension)
    monomials, place = observable_traces(observables)
    _refuse_two_phases(vector.invariants, monomials)
    terms: defaultdict[Monomial, RationalFunction] = defaultdict(RationalFunction)
    for i, traces in enumerate(monomials):
        rows = vector.coefficients[place == i].astype(object).sum(axis=0)
        for row, invariant in zip(rows, vector.invariants, strict=True):
            value = RationalFunction(row.tolist()) / vector.scale
            terms[multiply_monomials(invariant, traces)] += value * sign
    return TracePolynomial(terms)


def _refuse_two_phases(invariants: tuple[Monomial, ...], traces: tuple[Monomial, ...]) -> None:
    """A real mean fixes the real part of one complex invariant in each term, not of a product of two."""
    phases = [
        {symbol for monomial in side for symbol, _ in monomial if symbol.has_phase}
        for side in (invariants, traces)
    ]
    products = any(sum(e for symbol, e in monomial if symbol.has_phase) > 1 for monomial in traces)
    if all(phases) or products:
        names = ", ".join(sorted(set().union(*phases)))
        raise InputError(
            f"a moment must hold at most one invariant with a phase in each term, got {names}; "
            "use fewer different states or observables"
        )


def independent_parts(
    labels: tuple[Label, ...], pattern: LayerPattern
) -> list[tuple[tuple[Label, ...], LayerPattern]]:
    """The copies grouped by derivative: equal label and equal layers."""
    columns = list(zip(*pattern, strict=True)) if pattern else [()] * len(labels)
    groups: defaultdict[tuple[Label, tuple[int, ...]], int] = defaultdict(int)
    for label, column in zip(labels, columns, strict=True):
        groups[label, column] += 1
    return [
        ((label,) * count, tuple((times,) * count for times in column if times))
        for (label, column), count in groups.items()
    ]
