"""The two ends of the walk: the twirled input states, and the traces of the observables.

Tr(P_σ ⊗_a A_a) is a product over the cycles of σ of Tr A_a A_{σ⁻¹(a)} A_{σ⁻²(a)} ….
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.algebra import (
    Monomial,
    RationalFunction,
    over_common_denominator,
    product_of_state_invariants,
    product_of_traces,
)
from haarqntk.combinatorics import (
    all_permutations,
    cycle_type,
    cycles,
    inverse,
    partitions,
    permutation_rank,
)
from haarqntk.designs import Dimension, twirl_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from haarqntk.combinatorics import Permutation


def twirled_states(
    states: tuple[str, ...], dimension: Dimension
) -> tuple[NDArray[np.object_], tuple[Monomial, ...], RationalFunction]:
    """E ⊗_a Vρ_aV† = Σ_σ c_σ P_σ with c_σ = Σ_τ Wg(στ⁻¹) Tr(P_τ† ⊗ρ_a), for pure states.

    Returns:
        Integer numerators of shape (k!, number of invariants, degree + 1), the invariants, the denominator.
    """
    k = len(states)
    overlaps = [product_of_state_invariants(_words(inverse(tau), states)) for tau in _group(k)]
    invariants = tuple(sorted(set(overlaps)))
    weights = list(twirl_weights(k, dimension).values())
    place = np.array([invariants.index(overlap) for overlap in overlaps], dtype=np.int64)
    # counts[σ, invariant, class]: how many τ with that overlap put σ τ⁻¹ into that class
    num_classes = len(weights)
    keys = quotient_classes(k) + num_classes * place[None, :]
    counts = [np.bincount(row, minlength=num_classes * len(invariants)) for row in keys]
    distinct: dict[tuple[int, ...], int] = {}
    rows = [
        [
            distinct.setdefault(tuple(part.tolist()), len(distinct))
            for part in row.reshape(len(invariants), num_classes)
        ]
        for row in counts
    ]
    values = [
        sum((w * n for w, n in zip(weights, part, strict=True)), start=RationalFunction(0))
        for part in distinct
    ]
    numerators, scale = over_common_denominator(values)
    length = max(map(len, numerators))
    table = np.array([[*n, *[0] * (length - len(n))] for n in numerators], dtype=object)
    return table[np.array(rows)], invariants, scale


@lru_cache(maxsize=64)
def observable_traces(observables: tuple[str, ...]) -> tuple[tuple[Monomial, ...], NDArray[np.int64]]:
    """Tr(P_σ ⊗_a O_a) for every σ: the distinct monomials in traces, and the place of each σ among them."""
    monomials = [product_of_traces(_words(sigma, observables)) for sigma in _group(len(observables))]
    distinct = tuple(sorted(set(monomials)))
    return distinct, np.array([distinct.index(monomial) for monomial in monomials], dtype=np.int64)


def _words(sigma: Permutation, letters: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The words whose traces multiply to Tr(P_σ ⊗_a A_a), one for each cycle."""
    return [tuple(letters[a] for a in cycle) for cycle in cycles(inverse(sigma))]


def _group(k: int) -> list[Permutation]:
    return [tuple(row) for row in all_permutations(k).tolist()]


@lru_cache(maxsize=8)
def quotient_classes(k: int) -> NDArray[np.int64]:
    """The place in ``partitions(k)`` of the cycle type of σ τ⁻¹, shape (k!, k!)."""
    group = all_permutations(k)
    inverses = np.argsort(group, axis=1)
    index = {mu: i for i, mu in enumerate(partitions(k))}
    class_of = np.array([index[cycle_type(sigma)] for sigma in _group(k)], dtype=np.int64)
    return np.stack([class_of[permutation_rank(sigma[inverses])] for sigma in group])
