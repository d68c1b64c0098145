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
    over_denominator,
    product_of_state_invariants,
    product_of_traces,
)
from haarqntk.circuits._generators import SparseOperator, layer_operators, most_slots, placements
from haarqntk.combinatorics import (
    all_cycles,
    all_permutations,
    compose,
    cycle_type,
    cycles,
    inverse,
    least_of_cycle,
    quotient_classes,
    quotient_ranks,
    symmetric_group,
)
from haarqntk.designs import Dimension, dimension_as_field, twirl_weights
from haarqntk.errors import CostError
from haarqntk.groups import weingarten_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
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
class AveragedState:
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
        return TracePolynomial(
            dict(zip(self.invariants, over_denominator(row.tolist(), self.scale), strict=True))
        )

    def contracted(self, observables: tuple[str, ...]) -> dict[Monomial, TracePolynomial]:
        """The products of traces that Tr(P_σ ⊗_a O_a) takes → the sum of the coefficients that go with each."""
        monomials, place = _invariants(observables, product_of_traces)
        rows = [self.coefficients[place == i].astype(object).sum(axis=0) for i in range(len(monomials))]
        return dict(zip(monomials, map(self.polynomial, rows), strict=True))


@lru_cache(maxsize=512)  # the layer patterns of one derivation at six copies, many of which begin alike
def averaged_state(
    states: tuple[str, ...], pattern: LayerPattern, generators: str, dimension: Dimension
) -> AveragedState:
    """The averaged state after the blocks of ``pattern``."""
    if not pattern:
        return _twirled_states(states, dimension)
    before = averaged_state(states, pattern[:-1], generators, dimension)
    return after_layer(before, pattern[-1], generators, dimension)


def after_layer(
    before: AveragedState, block: tuple[int, ...], generators: str, dimension: Dimension
) -> AveragedState:
    """The averaged state after one more layer, which differentiates copy a ``block[a]`` times."""
    if generators == "pauli" and most_slots(block, generators) > _MOST_SLOTS:
        numerators, scale = apply_by_overlaps(block, dimension, before.coefficients)
        return AveragedState(numerators, before.invariants, before.scale * scale)
    operators, scale = layer_operators(block, generators, dimension)
    parts = [
        (multiply_monomials(invariant, monomial), apply_operator(operator, before.coefficients[:, [j]]))
        for monomial, operator in operators
        for j, invariant in enumerate(before.invariants)
    ]
    invariants = sorted({invariant for invariant, _ in parts})
    length = max([part.shape[2] for _, part in parts], default=1)
    total = np.zeros((len(before.coefficients), max(len(invariants), 1), length), dtype=object)
    for invariant, part in parts:
        total[:, invariants.index(invariant), : part.shape[2]] += part[:, 0]
    return AveragedState(smallest_integers(total), tuple(invariants) or ((),), before.scale * scale)


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


def _twirled_states(states: tuple[str, ...], dimension: Dimension) -> AveragedState:
    """E ⊗_a Vρ_aV† = Σ_σ c_σ P_σ with c_σ = Σ_τ Wg(στ⁻¹) Tr(P_τ† ⊗ρ_a), for pure states."""
    invariants, place = _invariants(states, product_of_state_invariants)
    rows, scale = over_common_denominator(list(twirl_weights(len(states), dimension).values()))
    weights = _as_array(rows)
    # counts[σ, invariant, class]: how many τ with that overlap put σ τ⁻¹ into that class
    shape = (len(place), len(invariants), len(weights))
    keys = quotient_classes(len(states)) + len(weights) * place
    counts = np.array([np.bincount(row, minlength=shape[1] * shape[2]) for row in keys])
    distinct, row_of = np.unique(counts.reshape(-1, shape[2]), axis=0, return_inverse=True)
    sums = over_denominator((distinct.astype(object) @ weights).tolist(), scale)  # and much cancels
    numerators, scale = over_common_denominator(sums)
    return AveragedState(_as_array(numerators)[row_of.reshape(shape[:2])], invariants, scale)


def _as_array(rows: list[tuple[int, ...]]) -> NDArray[np.object_]:
    """Rows of different lengths, filled up with zeros."""
    return np.array(list(zip(*zip_longest(*rows, fillvalue=0), strict=True)), dtype=object)


@lru_cache(maxsize=64)  # of the labels of the copies of one derivation
def _invariants(
    letters: tuple[str, ...], product_of: Callable[[Iterable[tuple[str, ...]]], Monomial]
) -> tuple[tuple[Monomial, ...], NDArray[np.int64]]:
    """The product over the cycles of every σ⁻¹ that Tr(P_σ ⊗_a A_a) is: the different ones, and the place of each σ."""
    words = [
        tuple(sorted([tuple([letters[a] for a in reversed(cycle)]) for cycle in found]))
        for found in all_cycles(len(letters))
    ]
    value_of = {each: product_of(each) for each in set(words)}
    distinct = sorted(set(value_of.values()))
    return tuple(distinct), np.array([distinct.index(value_of[each]) for each in words], dtype=np.int64)


def apply_by_overlaps(
    block: tuple[int, ...], dimension: Dimension, vector: Polynomials
) -> tuple[Polynomials, RationalFunction]:
    """The averaged layer on a vector of shape (k!, invariants, degree + 1), and the denominator it brings."""
    k = len(block)
    overlaps, num_cycles = _overlap_table(block)
    by_cycles = [(c, np.where(num_cycles == c, overlaps, 0)) for c in range(1, k + 1)]
    numerators, scale = over_common_denominator(list(twirl_weights(k, dimension).values()))
    by_power = [
        (power, smallest_integers(column)[quotient_classes(k)])
        for power, column in enumerate(_as_array(numerators).T)
        if any(column)
    ]
    return _applied(by_power, _applied(by_cycles, vector, dimension), None), scale


def _applied(
    matrices: list[tuple[int, Polynomials]], vector: Polynomials, dimension: Dimension
) -> Polynomials:
    """Σ D^power · matrix · vector for pairs (power, matrix): a shift at the symbol D, a factor at an integer."""
    size, width, length = vector.shape
    shifts = [power if dimension is None else 0 for power, _ in matrices]
    total = np.zeros((size, width, length + max(shifts)), dtype=object)
    for (power, matrix), shift in zip(matrices, shifts, strict=True):
        image = _multiply(matrix, vector)
        scaled = image if dimension is None else image.astype(object) * dimension**power
        total[:, :, shift : shift + length] += scaled
    return smallest_integers(total)


@lru_cache(maxsize=16)
def _overlap_table(block: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The signed counts of even placements, and the cycles of τ⁻¹σ, both of shape (k!, k!) over (τ, σ)."""
    k = len(block)
    group, points = all_permutations(k), np.arange(k)
    inverses, bit = np.argsort(group, axis=1), 1 << points
    # X to the left of P_σ on copy a sits on the point τ⁻¹(a), X to the right on the point a
    weights = np.zeros((len(group), 1 << k), dtype=np.int64)
    for placement in placements(block):
        held = np.zeros(len(group), dtype=np.int64)
        for a, (left, right, _) in enumerate(placement):
            held ^= left * bit[inverses[:, a]] ^ right * bit[a]
        np.add.at(weights, (np.arange(len(group)), held), prod(c for _, _, c in placement))
    least = least_of_cycle(group)
    cycle_bits = ((least[:, None, :] == points[:, None]) * bit).sum(
        axis=2
    )  # the points of the cycle from each point
    parities = np.bitwise_count(np.arange(1 << k)[:, None] & cycle_bits[:, None, :]) & 1
    by_quotient = weights @ (1 - parities.max(axis=2).astype(np.int64)).T
    quotient, num_cycles = quotient_ranks(k), (least == points).sum(axis=1)
    return np.take_along_axis(by_quotient, quotient, axis=1), num_cycles[quotient]


def _multiply(matrix: Polynomials, vector: Polynomials) -> Polynomials:
    """The exact product over the first axis of ``vector``, in machine integers where a bound proves it safe."""
    bound = max(int(np.abs(matrix).sum(axis=1).max()), 1) * max(int(np.abs(vector).max(initial=0)), 1)
    dtype = np.int64 if bound < _INT64_SAFE else object
    flat = vector.reshape(len(vector), -1).astype(dtype)
    return np.asarray(matrix.astype(dtype) @ flat).reshape(vector.shape)


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
            sigma: _sum(
                b * gram_inverse[cycle_type(compose(sigma, inverse(tau)))] for tau, b in overlaps.items()
            )
            for sigma in group
        }

    average = twirl(_polynomials(states, product_of_state_invariants))
    for block in pattern:
        average = twirl(
            {
                tau: _sum(average[sigma] * _overlap_of_insertion(tau, sigma, block, D) for sigma in group)
                for tau in group
            }
        )
    traces = _polynomials(observables, product_of_traces)
    return _sum(average[sigma] * traces[sigma] for sigma in group)


def _sum(values: Iterable[TracePolynomial]) -> TracePolynomial:
    return sum(values, start=TracePolynomial({}))


def _polynomials(letters: tuple[str, ...], product_of: Any) -> dict[Permutation, TracePolynomial]:
    """Tr(P_σ ⊗_a A_a) for every σ."""
    monomials, place = _invariants(letters, product_of)
    values = [TracePolynomial({monomial: RationalFunction(1)}) for monomial in monomials]
    return dict(zip(symmetric_group(len(letters)), [values[i] for i in place], strict=True))


def _overlap_of_insertion(
    tau: Permutation, sigma: Permutation, block: tuple[int, ...], D: RationalFunction
) -> RationalFunction:
    """Tr(P_τ⁻¹ · Π_a [X_a, ·]^{block[a]}(P_σ)), term by term: each commutator acts from the left or the right."""
    # X_a to the left of P_σ is X on the point τ⁻¹(a) to the left of P_τ⁻¹P_σ; to the right, on the point a
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
