"""What the recursion over layers does, step by step, as data: for a reader, not for the engine.

Nothing is recorded while the engine derives. ``steps_of_product`` calls the same pure functions again, one layer at
a time, and keeps what they give. Factors i of the commutators are left out until the end, as in the engine.

How much is kept depends on the number k of copies: for k ≤ 2 every overlap and every image, for k ≤ 4 every
coefficient, beyond that only how many coefficients survive.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.algebra import RationalFunction, TracePolynomial
from haarqntk.circuits._ensembles import ENSEMBLES
from haarqntk.circuits._generators import layer_vanishes, placements
from haarqntk.circuits._moment import (
    binomial_in_L,
    independent_parts,
    pattern_mean,
    segment_mean,
    silence_weight,
)
from haarqntk.circuits._recursion import AveragedState, after_layer, averaged_state
from haarqntk.circuits._terms import Copy, canonical_patterns
from haarqntk.combinatorics import compose, cycle_type, cycles, inverse, symmetric_group
from haarqntk.designs import dimension_as_field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.circuits._terms import Label, LayerPattern
    from haarqntk.combinatorics import Permutation

LARGEST_K_IN_FULL = 2
LARGEST_K_BY_CLASSES = 4


@dataclass(frozen=True, slots=True)
class Overlap:
    """Tr(P_τ† R) for R, the commutators of a layer on one P_σ with a fixed generator X.

    Attributes:
        tau: The permutation τ.
        even: The choices of sides that put an even number of X into every cycle of τ⁻¹σ, counted with their signs,
            the positive ones first; (0, 0) for general generators, which parity does not settle.
        num_odd: The choices that vanish because a cycle holds an odd number of X, as Tr X = 0.
        value: The overlap.
    """

    tau: Permutation
    even: tuple[int, int]
    num_odd: int
    value: TracePolynomial


@dataclass(frozen=True, slots=True)
class Image:
    """What a layer makes of one P_σ.

    Attributes:
        sigma: The permutation σ.
        overlaps: One for each τ.
        coefficients: The layer's image Σ_σ' c_σ' P_σ', averaged over the generator, as the engine has it.
    """

    sigma: Permutation
    overlaps: tuple[Overlap, ...]
    coefficients: tuple[tuple[Permutation, TracePolynomial], ...]


@dataclass(frozen=True, slots=True)
class Insertion:
    """A layer that differentiates copy a ``block[a]`` times.

    Attributes:
        block: How often each copy is differentiated.
        commuting: The σ that fix a differentiated copy: there P_σ is the identity, and [X, 1] = 0.
        num_overlaps: The number of pairs (τ, σ), σ not commuting; 0 past k = 4 and for general generators.
        num_odd: The pairs whose every choice of sides leaves an odd number of X in a cycle.
        num_cancelled: The pairs whose even choices cancel by the signs of the commutators.
        images: What becomes of every other P_σ, for k ≤ 2.
    """

    block: tuple[int, ...]
    commuting: tuple[Permutation, ...]
    num_overlaps: int
    num_odd: int
    num_cancelled: int
    images: tuple[Image, ...]


@dataclass(frozen=True, slots=True)
class Orbit:
    """Permutations of one cycle type with the same coefficient."""

    permutations: tuple[Permutation, ...]
    coefficient: TracePolynomial


@dataclass(frozen=True, slots=True)
class Stage:
    """The averaged state after a twirl, Σ_σ c_σ P_σ.

    Attributes:
        insertion: The layer before it; None for the twirl of the input states.
        orbits: The non-zero coefficients, for k ≤ 4.
        num_nonzero: How many coefficients are not zero.
        num_values: How many different ones.
    """

    insertion: Insertion | None
    orbits: tuple[Orbit, ...]
    num_nonzero: int
    num_values: int


@dataclass(frozen=True, slots=True)
class Recursion:
    """The recursion through the blocks of a pattern.

    Attributes:
        labels: (state, observable) of each copy.
        pattern: The blocks, in the order in which they act.
        stages: One for the input states and one for each block; none where a block averages to zero at sight.
        contraction: (product of traces, Σ c_σ over the σ that give it), without factors i.
        num_commutators: n; the mean is i^n times the contraction.
        mean: The mean.
    """

    labels: tuple[Label, ...]
    pattern: LayerPattern
    stages: tuple[Stage, ...]
    contraction: tuple[tuple[TracePolynomial, TracePolynomial], ...]
    num_commutators: int
    mean: TracePolynomial


@dataclass(frozen=True, slots=True)
class PatternSteps:
    """A layer pattern and its mean.

    Attributes:
        labels: (state, observable) of each copy.
        pattern: The blocks, in the order in which they act.
        count: How many patterns are equal to it up to the order of alike copies.
        choices: C(L, m), the number of choices of the layers of its m blocks.
        walks: The recursions: one for each independent factor under "independent_layers", none under
            "generator_average", else one.
        weight: What multiplies them: the probability that no generator is the identity where they are drawn
            from all Pauli strings, else 1.
        mean: The mean of the product for one choice of layers.
    """

    labels: tuple[Label, ...]
    pattern: LayerPattern
    count: int
    choices: TracePolynomial
    walks: tuple[Recursion, ...]
    weight: RationalFunction
    mean: TracePolynomial

    @property
    def contribution(self) -> TracePolynomial:
        """What the pattern adds to the sum over the layers."""
        return self.mean * self.choices * self.count


def steps_of_product(copies: Sequence[Copy], *, ensemble: str, generators: str) -> tuple[PatternSteps, ...]:
    """The layer patterns of Π_copies, each with its recursion; the contributions add up to ``mean_of_product``.

    Examples:
        >>> (step,) = steps_of_product([Copy(("l",)), Copy(("l",))], ensemble="segments", generators="pauli")
        >>> print(step.contribution.to_sympy())
        2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
        >>> [orbit.coefficient.to_sympy() for orbit in step.walks[0].stages[0].orbits]
        [1/(D*(D + 1)), 1/(D*(D + 1))]
    """
    found = []
    for (labels, pattern), count in canonical_patterns(tuple(copies)).items():
        mean = pattern_mean(labels, pattern, ensemble, generators)
        parts = [] if ENSEMBLES[ensemble].keeps_state else independent_parts(labels, pattern, ensemble)
        walks = tuple(_recursion(*part, generators) for part in parts)
        choices, weight = binomial_in_L(len(pattern)), silence_weight(parts, ensemble)
        found.append(PatternSteps(labels, pattern, count, choices, walks, weight, mean))
    return tuple(found)


def _recursion(labels: tuple[Label, ...], pattern: LayerPattern, generators: str) -> Recursion:
    num_commutators, mean = (
        sum(map(sum, pattern)),
        segment_mean(labels, pattern, generators, None, "recursion"),
    )
    if any(layer_vanishes(block, generators) for block in pattern):
        return Recursion(labels, pattern, (), (), num_commutators, mean)
    states, observables = zip(*labels, strict=True)
    vectors = [averaged_state(states, pattern[:end], generators, None) for end in range(len(pattern) + 1)]
    insertions = [None, *(_insertion(block, generators) for block in pattern)]
    stages = tuple(_stage(*pair, len(labels)) for pair in zip(insertions, vectors, strict=True))
    contraction = tuple(
        (TracePolynomial({traces: RationalFunction(1)}), total)
        for traces, total in vectors[-1].contracted(observables).items()
    )
    return Recursion(labels, pattern, stages, contraction, num_commutators, mean)


def _stage(insertion: Insertion | None, vector: AveragedState, k: int) -> Stage:
    rows = map(tuple, vector.coefficients.reshape(len(vector.coefficients), -1).tolist())
    of_sigma = dict(zip(symmetric_group(k), rows, strict=True))
    nonzero = {sigma: row for sigma, row in of_sigma.items() if any(row)}
    orbits: defaultdict[tuple[Permutation, tuple[int, ...]], list[Permutation]] = defaultdict(list)
    if k <= LARGEST_K_BY_CLASSES:
        for sigma, row in nonzero.items():
            orbits[cycle_type(sigma), row].append(sigma)
    coefficients = dict(zip(of_sigma, vector.coefficients, strict=True))
    found = [
        Orbit(tuple(sigmas), vector.polynomial(coefficients[sigmas[0]]))
        for sigmas in sorted(orbits.values(), key=lambda sigmas: (-len(cycles(sigmas[0])), sigmas[0]))
    ]
    return Stage(insertion, tuple(found), len(nonzero), len(set(nonzero.values())))


def _insertion(block: tuple[int, ...], generators: str) -> Insertion:
    k = len(block)
    if k > LARGEST_K_BY_CLASSES:
        return Insertion(block, (), 0, 0, 0, ())
    group = symmetric_group(k)
    commuting = tuple(s for s in group if any(count and s[a] == a for a, count in enumerate(block)))
    others = [sigma for sigma in group if sigma not in commuting]
    images = tuple(_image(sigma, block, generators) for sigma in others if k <= LARGEST_K_IN_FULL)
    pairs = product(others, group) if generators == "pauli" else ()
    evens = [parities_of_overlap(tau, sigma, block)[0] for sigma, tau in pairs]
    num_odd = evens.count((0, 0))
    num_cancelled = sum(sum(even) == 0 for even in evens) - num_odd
    return Insertion(block, commuting, len(evens), num_odd, num_cancelled, images)


def parities_of_overlap(
    tau: Permutation, sigma: Permutation, block: tuple[int, ...]
) -> tuple[tuple[int, int], int]:
    """Tr(P_τ† · insertion(P_σ)) / D^{cycles of τ⁻¹σ} for X² = 1, Tr X = 0: (positive, negative) part, and the rest.

    X to the left of P_σ in copy a sits on the point τ⁻¹(a) of τ⁻¹σ, X to the right on the point a.
    """
    back, loops = inverse(tau), cycles(compose(inverse(tau), sigma))
    positive = negative = num_odd = 0
    for placement in placements(block):
        held: Counter[int] = Counter()
        for a, (left, right, _) in enumerate(placement):
            held.update({back[a]: left})
            held.update({a: right})
        sign = prod(c for _, _, c in placement)
        if any(sum(held[point] for point in loop) % 2 for loop in loops):
            num_odd += 1
        elif sign > 0:
            positive += sign
        else:
            negative += sign
    return (positive, negative), num_odd


def _image(sigma: Permutation, block: tuple[int, ...], generators: str) -> Image:
    group, D = symmetric_group(len(block)), dimension_as_field(None)
    unit = np.array([tau == sigma for tau in group], dtype=np.int64)[:, None, None]
    after = after_layer(AveragedState(unit, ((),), RationalFunction(1)), block, generators, None)
    image = [(target, after.polynomial(row)) for target, row in zip(group, after.coefficients, strict=True)]
    overlaps = []
    for tau in group:
        parities = parities_of_overlap(tau, sigma, block) if generators == "pauli" else ((0, 0), 0)
        traces = (c * D ** len(cycles(compose(inverse(tau), target))) for target, c in image)
        overlaps.append(Overlap(tau, *parities, sum(traces, start=TracePolynomial({}))))
    return Image(sigma, tuple(overlaps), tuple((target, c) for target, c in image if c))
