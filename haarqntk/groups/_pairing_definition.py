r"""The orthogonal and the symplectic Weingarten function from their definition: inverses of Gram matrices.

A pairing p of 2k points is an invariant tensor: Π δ_{i_a i_b} over its pairs for O(D), Π J_{i_a i_b} with a < b for
Sp(D). The Gram matrix holds their contractions, followed here loop by loop, and Wg is its inverse. One unknown
for each coset type and one row of equations for each suffice. Slow, without zonal functions, and therefore
the oracle of ``_orthogonal.py`` and ``_symplectic.py``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from haarqntk.algebra import RationalFunction
from haarqntk.combinatorics import Pairing, Partition, coset_type, pairing_sign, pairings, partitions
from haarqntk.groups._definition import solve

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def orthogonal_table_by_definition(k: int) -> dict[Partition, RationalFunction]:
    """Wg(μ) for every coset type μ ⊢ k, where Wg(p, q) = Wg(μ)."""
    return _table(k, contract_deltas, lambda _: 1)


@cache
def symplectic_table_by_definition(k: int) -> dict[Partition, RationalFunction]:
    """Wg(μ) for every coset type μ ⊢ k, where Wg(p, q) = pairing_sign(p) pairing_sign(q) Wg(μ)."""
    return _table(k, contract_symplectic_forms, pairing_sign)


def contract_deltas(p: Pairing, q: Pairing) -> tuple[int, int]:
    """Σ_i Π_p δ Π_q δ = s·D^loops, as the sign s = 1 and the number of loops."""
    return 1, len(coset_type(p, q))


def contract_symplectic_forms(p: Pairing, q: Pairing) -> tuple[int, int]:
    """Σ_i Π_p J Π_q J = s·D^loops, as the sign s and the number of loops.

    A loop is Tr J⋯J, with J^T = −J for each pair that is met from its larger end; two more J give J² = −1.
    """
    after_p, after_q = ({a: b for pair in x for a, b in (pair, pair[::-1])} for x in (p, q))
    left, sign, num_loops = set(after_p), 1, 0
    while left:
        point = min(left)
        while point in left:
            middle = after_p[point]
            end = after_q[middle]
            left -= {point, middle}
            sign *= -1 if (point < middle) == (middle < end) else 1
            point = end
        num_loops += 1
    return sign, num_loops


def _table(
    k: int, contract: Callable[[Pairing, Pairing], tuple[int, int]], sign: Callable[[Pairing], int]
) -> dict[Partition, RationalFunction]:
    """Solve Σ_t Wg(p, t) G(t, q) = δ_pq for one p and one q of each coset type with it."""
    types = partitions(k)
    every = list(pairings(2 * k))
    first = every[0]
    type_of = {t: coset_type(first, t) for t in every}
    representatives = {mu: t for t, mu in type_of.items()}
    system: list[list[RationalFunction]] = []
    for rho in types:
        powers = {mu: [0] * (k + 1) for mu in types}
        for t, mu in type_of.items():
            contraction, num_loops = contract(t, representatives[rho])
            powers[mu][num_loops] += sign(first) * sign(t) * contraction
        row = [RationalFunction(powers[mu]) for mu in types]
        system.append([*row, RationalFunction(int(representatives[rho] == first))])
    return dict(zip(types, solve(system), strict=True))
