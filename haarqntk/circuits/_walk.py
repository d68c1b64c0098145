"""The recursion over layers: from the twirled input states through the layers of a pattern, as vectors over S_k.

After every Haar segment the average of ⊗_a U ρ_a U† lies in the span of the permutation operators, so it is a vector
of k! coefficients. They are kept as integer polynomials in D over one common denominator: machine integers while a
proven bound allows, Python integers past it. At the ends stand the twirled input states and the traces of the
observables: Tr(P_σ ⊗_a A_a) is a product over the cycles of σ of Tr A_a A_{σ⁻¹(a)} A_{σ⁻²(a)} …. A layer with many
generators acts through its overlaps Tr(P_τ† …), and the definition, by Gram matrices, is the second route.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product, zip_longest
from math import prod
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from haarqntk.algebra import (
    Monomial,
    RationalFunction,
    TracePolynomial,
    multiply_monomials,
    over_common_denominator,
    product_of_state_invariants,
    product_of_traces,
)
from haarqntk.circuits._insertion import SparseOperator, layer_operators, most_slots, placements
from haarqntk.combinatorics import (
    all_permutations,
    compose,
    cycle_type,
    cycles,
    inverse,
    permutation_rank,
    quotient_classes,
    symmetric_group,
)
from haarqntk.designs import Dimension, dimension_as_field, twirl_weights
from haarqntk.errors import CostError
from haarqntk.groups import weingarten_table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from numpy.typing import NDArray

    from haarqntk.circuits._terms import LayerPattern
    from haarqntk.combinatorics import Permutation


Polynomials: TypeAlias = "NDArray[np.int64] | NDArray[np.object_]"
"""Vectors over S_k with polynomial entries, shape (k!, invariants, degree + 1)."""

_INT64_SAFE = 2**62
_LARGEST_K = 4  # by definition
_MOST_SLOTS = 4  # measured at k = 6: 4 slots are faster one by one, 6 by overlaps (benchmarks/moments.py)


@dataclass(frozen=True, slots=True, eq=False)
class WalkVector:
    """Σ_σ Σ_j coefficients[σ, j, p] · D^p · invariants[j] · P_σ / scale.

    Attributes:
        coefficients: Integers, shape (k!, number of invariants, degree + 1).
        invariants: The monomials in overlaps of the input states.
        scale: The common denominator.
    """

    coefficients: Polynomials
    invariants: tuple[Monomial, ...]
    scale: RationalFunction

    def polynomial(self, row: NDArray[Any]) -> TracePolynomial:
        """A coefficient, of shape (invariants, degree + 1), as a polynomial in the invariants of the states."""
        values = (RationalFunction(part) / self.scale for part in row.tolist())
        return TracePolynomial(dict(zip(self.invariants, values, strict=True)))

    def contracted(self, observables: tuple[str, ...]) -> list[tuple[Monomial, TracePolynomial]]:
        """The products of traces that Tr(P_σ ⊗_a O_a) takes, each with the sum of the coefficients that go with it."""
        monomials, place = _observable_traces(observables)
        rows = (self.coefficients[place == i].astype(object).sum(axis=0) for i in range(len(monomials)))
        return list(zip(monomials, map(self.polynomial, rows), strict=True))


@lru_cache(maxsize=512)
def walk(states: tuple[str, ...], pattern: LayerPattern, generators: str, dimension: Dimension) -> WalkVector:
    """The averaged state after the blocks of ``pattern``; patterns that begin alike share their beginnings."""
    if not pattern:
        return _twirled_states(states, dimension)
    before = walk(states, pattern[:-1], generators, dimension)
    return after_layer(before, pattern[-1], generators, dimension)


def after_layer(
    before: WalkVector, block: tuple[int, ...], generators: str, dimension: Dimension
) -> WalkVector:
    """The averaged state after one more layer, which differentiates copy a ``block[a]`` times."""
    if generators == "pauli" and most_slots(block, generators) > _MOST_SLOTS:
        numerators, scale = apply_by_overlaps(block, dimension, before.coefficients)
        return WalkVector(numerators, before.invariants, before.scale * scale)
    operators, scale = layer_operators(block, generators, dimension)
    parts = [
        (multiply_monomials(invariant, monomial), apply_operator(operator, before.coefficients[:, [j]]))
        for monomial, operator in operators
        for j, invariant in enumerate(before.invariants)
    ]
    return _stack(parts, len(before.coefficients), before.scale * scale)


def _stack(parts: list[tuple[Monomial, Polynomials]], size: int, scale: RationalFunction) -> WalkVector:
    """One vector from parts with their invariants; equal invariants are added."""
    invariants = tuple(sorted({invariant for invariant, _ in parts}))
    length = max((part.shape[2] for _, part in parts), default=1)
    total = np.zeros((size, max(len(invariants), 1), length), dtype=object)
    for invariant, part in parts:
        total[:, invariants.index(invariant), : part.shape[2]] += part[:, 0]
    return WalkVector(smallest_integers(total), invariants or ((),), scale)


def apply_operator(operator: SparseOperator, vector: Polynomials) -> Polynomials:
    """The product: every power of D shifts the polynomials, every run of one target is summed at once."""
    size, width, length = vector.shape
    highest = int(operator.power.max(initial=0))
    total_value = int(np.abs(operator.value).sum()) if len(operator.value) else 0
    largest = int(np.abs(vector).max(initial=0))
    dtype = np.int64 if total_value * max(largest, 1) < _INT64_SAFE else object
    vector, values = vector.astype(dtype), operator.value.astype(dtype)
    result = np.zeros((size, width, length + highest), dtype=dtype)
    for power in range(highest + 1):
        start, stop = np.searchsorted(operator.power, (power, power + 1))
        if start < stop:
            products = values[start:stop, None, None] * vector[operator.source[start:stop]]
            targets, firsts = np.unique(operator.target[start:stop], return_index=True)
            result[targets, :, power : power + length] += np.add.reduceat(products, firsts, axis=0)
    return result


def _twirled_states(states: tuple[str, ...], dimension: Dimension) -> WalkVector:
    """E ⊗_a Vρ_aV† = Σ_σ c_σ P_σ with c_σ = Σ_τ Wg(στ⁻¹) Tr(P_τ† ⊗ρ_a), for pure states."""
    k = len(states)
    overlaps = [product_of_state_invariants(_words(inverse(tau), states)) for tau in symmetric_group(k)]
    invariants = tuple(sorted(set(overlaps)))
    weights = list(twirl_weights(k, dimension).values())
    place = np.array([invariants.index(overlap) for overlap in overlaps], dtype=np.int64)
    # counts[σ, invariant, class]: how many τ with that overlap put σ τ⁻¹ into that class
    shape = (len(overlaps), len(invariants), len(weights))
    keys = quotient_classes(k) + len(weights) * place
    counts = np.array([np.bincount(row, minlength=shape[1] * shape[2]) for row in keys])
    distinct, row_of = np.unique(counts.reshape(-1, shape[2]), axis=0, return_inverse=True)
    values = [
        sum((w * n for w, n in zip(weights, part, strict=True)), start=RationalFunction(0))
        for part in distinct.tolist()
    ]
    numerators, scale = over_common_denominator(values)
    table = np.array(list(zip(*zip_longest(*numerators, fillvalue=0), strict=True)), dtype=object)
    return WalkVector(table[row_of.reshape(shape[:2])], invariants, scale)


@lru_cache(maxsize=64)
def _observable_traces(observables: tuple[str, ...]) -> tuple[tuple[Monomial, ...], NDArray[np.int64]]:
    """Tr(P_σ ⊗_a O_a) for every σ: the distinct monomials in traces, and the place of each σ among them."""
    monomials = [product_of_traces(_words(sigma, observables)) for sigma in symmetric_group(len(observables))]
    distinct = tuple(sorted(set(monomials)))
    return distinct, np.array([distinct.index(monomial) for monomial in monomials], dtype=np.int64)


def _words(sigma: Permutation, letters: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The words whose traces multiply to Tr(P_σ ⊗_a A_a), one for each cycle."""
    return [tuple(letters[a] for a in cycle) for cycle in cycles(inverse(sigma))]


def apply_by_overlaps(
    block: tuple[int, ...], dimension: Dimension, vector: Polynomials
) -> tuple[Polynomials, RationalFunction]:
    """The averaged layer on a vector of shape (k!, invariants, degree + 1), and the denominator it brings."""
    k = len(block)
    overlaps, num_cycles = _overlap_table(block)
    by_cycles = ((c, np.where(num_cycles == c, overlaps, 0)) for c in range(1, k + 1))
    numerators, scale = over_common_denominator(list(twirl_weights(k, dimension).values()))
    by_power = (
        (power, smallest_integers(np.array(column, dtype=object))[quotient_classes(k)])
        for power, column in enumerate(zip_longest(*numerators, fillvalue=0))
        if any(column)
    )
    return _applied(by_power, _applied(by_cycles, vector, dimension), None), scale


def _applied(
    matrices: Iterable[tuple[int, Polynomials]], vector: Polynomials, dimension: Dimension
) -> Polynomials:
    """Σ D^power · matrix · vector, for pairs (power, matrix)."""
    total: Polynomials = np.zeros((*vector.shape[:2], 1), dtype=np.int64)
    for power, matrix in matrices:
        total = _add(total, _times_power(_multiply(matrix, vector), power, dimension))
    return total


@lru_cache(maxsize=16)
def _overlap_table(block: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The signed counts of even placements, and the cycles of τ⁻¹σ, both of shape (k!, k!) over (τ, σ)."""
    k = len(block)
    group = all_permutations(k)
    inverses = np.argsort(group, axis=1)
    bit = 1 << np.arange(k)
    # X to the left of P_σ on copy a sits on the point τ⁻¹(a), X to the right on the point a
    weights = np.zeros((len(group), 1 << k), dtype=np.int64)
    for placement in placements(block):
        points = np.zeros(len(group), dtype=np.int64)
        for a, (left, right, _) in enumerate(placement):
            points ^= left * bit[inverses[:, a]] ^ right * bit[a]
        np.add.at(weights, (np.arange(len(group)), points), prod(c for _, _, c in placement))
    is_even = np.ones((len(group), 1 << k), dtype=np.int64)
    num_cycles = np.empty(len(group), dtype=np.int64)
    subsets = np.arange(1 << k)
    for i, pi in enumerate(group.tolist()):
        found = cycles(tuple(pi))
        num_cycles[i] = len(found)
        for cycle in found:
            is_even[i] &= 1 ^ (np.bitwise_count(subsets & sum(1 << point for point in cycle)) & 1)
    quotient = _quotient_ranks(k)
    by_quotient = weights @ is_even.T
    return np.take_along_axis(by_quotient, quotient, axis=1), num_cycles[quotient]


@lru_cache(maxsize=4)
def _quotient_ranks(k: int) -> NDArray[np.int64]:
    """The rank of τ⁻¹σ, shape (k!, k!) over (τ, σ)."""
    group = all_permutations(k)
    return np.stack([permutation_rank(inverse[group]) for inverse in np.argsort(group, axis=1)])


def _multiply(matrix: Polynomials, vector: Polynomials) -> Polynomials:
    """The exact product over the first axis of ``vector``, in machine integers where a bound proves it safe."""
    bound = max(int(np.abs(matrix).sum(axis=1).max()), 1) * max(int(np.abs(vector).max(initial=0)), 1)
    dtype = np.int64 if bound < _INT64_SAFE else object
    flat = vector.reshape(len(vector), -1).astype(dtype)
    return np.asarray(matrix.astype(dtype) @ flat).reshape(vector.shape)


def _times_power(vector: Polynomials, power: int, dimension: Dimension) -> Polynomials:
    """Multiply by D^power: a shift at the symbol, a number at an integer."""
    if dimension is None:
        shifted: Polynomials = np.zeros((*vector.shape[:2], power + vector.shape[2]), dtype=vector.dtype)
        shifted[:, :, power:] = vector
        return shifted
    return smallest_integers(vector.astype(object) * dimension**power)


def _add(left: Polynomials, right: Polynomials) -> Polynomials:
    length = max(left.shape[-1], right.shape[-1])
    padded = [np.pad(x, [(0, 0), (0, 0), (0, length - x.shape[-1])]).astype(object) for x in (left, right)]
    return smallest_integers(padded[0] + padded[1])


def smallest_integers(values: NDArray[np.object_]) -> Polynomials:
    """Machine integers if they hold the values."""
    return values.astype(np.int64) if int(np.abs(values).max(initial=0)) < _INT64_SAFE else values


def mean_of_pattern_by_definition(
    states: tuple[str, ...], observables: tuple[str, ...], pattern: LayerPattern, dimension: Dimension
) -> TracePolynomial:
    """The mean of one layer pattern, without the factor i of each commutator.

    Raises:
        CostError: If there are more than 4 copies.
    """
    k = len(states)
    if k > _LARGEST_K:
        raise CostError(f"k = {k} copies would not finish by definition; the largest k is {_LARGEST_K}")
    group, D = symmetric_group(k), dimension_as_field(dimension)
    gram_inverse = {
        mu: w.value if dimension is None else RationalFunction(w.at(dimension))
        for mu, w in weingarten_table(k, method="definition").items()
    }

    def twirl(overlaps: dict[Permutation, TracePolynomial]) -> dict[Permutation, TracePolynomial]:
        return {
            sigma: sum(
                (b * gram_inverse[cycle_type(compose(sigma, inverse(tau)))] for tau, b in overlaps.items()),
                start=TracePolynomial({}),
            )
            for sigma in group
        }

    average = twirl(
        {tau: _polynomial(product_of_state_invariants(_words(inverse(tau), states))) for tau in group}
    )
    for block in pattern:
        average = twirl(
            {
                tau: sum(
                    (average[sigma] * _overlap_of_insertion(tau, sigma, block, D) for sigma in group),
                    start=TracePolynomial({}),
                )
                for tau in group
            }
        )
    return sum(
        (average[sigma] * _polynomial(product_of_traces(_words(sigma, observables))) for sigma in group),
        start=TracePolynomial({}),
    )


def _overlap_of_insertion(
    tau: Permutation, sigma: Permutation, block: tuple[int, ...], D: RationalFunction
) -> RationalFunction:
    """Tr(P_τ⁻¹ · Π_a [X_a, ·]^{block[a]}(P_σ)), term by term: each commutator acts from the left or the right.

    X_a to the left of P_σ is X on the point τ⁻¹(a) to the left of P_τ⁻¹P_σ; to the right, on the point a.
    """
    total = RationalFunction(0)
    sites = [a for a, count in enumerate(block) for _ in range(count)]
    quotient = cycles(compose(inverse(tau), sigma))
    cycle_of = {point: i for i, cycle in enumerate(quotient) for point in cycle}
    back = inverse(tau)
    for sides in product((1, -1), repeat=len(sites)):
        parity = [0] * len(quotient)
        sign = 1
        for site, side in zip(sites, sides, strict=True):
            # right factors sit before P_τ⁻¹ under the cyclic trace, at their own point
            parity[cycle_of[back[site] if side == 1 else site]] ^= 1
            sign *= side
        if not any(parity):
            total = total + D ** len(quotient) * sign
    return total


def _polynomial(monomial: Monomial) -> TracePolynomial:
    return TracePolynomial({monomial: RationalFunction(1)})
