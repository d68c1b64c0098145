r"""Weingarten functions from their definition: inverses of Gram matrices.

A way to glue the copies of a random matrix is an invariant tensor: a permutation σ of S_k, or a pairing of 2k points,
Π δ_{i_a i_b} over its pairs for O(D), Π J_{i_a i_b} with a < b for Sp(D). The Gram matrix holds their contractions,
followed here loop by loop, and Wg is its inverse,

.. math:: \sum_{\tau} \mathrm{Wg}(\sigma, \tau)\, G(\tau, \rho) = \delta_{\sigma\rho}

One unknown for each class of pairs (σ, τ) and one row of equations for each suffice. Slow, without characters and
zonal functions, and therefore the oracle of the groups' files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from haarqntk.algebra import RationalFunction
from haarqntk.combinatorics import Partition, partitions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LARGEST_K = 6

_Tensor = TypeVar("_Tensor")


def gram_inverse(
    k: int,
    tensors: Sequence[_Tensor],
    class_of: Callable[[_Tensor, _Tensor], Partition],
    contract: Callable[[_Tensor, _Tensor], tuple[int, int]],
    sign: Callable[[_Tensor], int] = lambda _: 1,
) -> dict[Partition, RationalFunction]:
    """Wg(μ) for every class μ ⊢ k, where Wg(p, q) = sign(p) sign(q) Wg(μ).

    Args:
        k: The degree.
        tensors: All ways to glue.
        class_of: The class of a pair.
        contract: The contraction s·D^loops of a pair, as the sign s and the number of loops.
        sign: The sign of a way.
    """
    types = partitions(k)
    first = tensors[0]
    type_of = {t: class_of(first, t) for t in tensors}
    representatives = {mu: t for t, mu in type_of.items()}
    system: list[list[RationalFunction]] = []
    for rho in types:
        powers = {mu: [0] * (k + 1) for mu in types}
        for t, mu in type_of.items():
            contraction, num_loops = contract(t, representatives[rho])
            powers[mu][num_loops] += sign(first) * sign(t) * contraction
        row = [RationalFunction(powers[mu]) for mu in types]
        system.append([*row, RationalFunction(int(representatives[rho] == first))])
    return dict(zip(types, _solve(system), strict=True))


def _solve(system: list[list[RationalFunction]]) -> list[RationalFunction]:
    """Gauss–Jordan elimination of an augmented square system."""
    size = len(system)
    for column in range(size):
        pivot = next(row for row in range(column, size) if system[row][column])
        system[column], system[pivot] = system[pivot], system[column]
        scale = 1 / system[column][column]
        system[column] = [entry * scale for entry in system[column]]
        for row in range(size):
            if row != column and system[row][column]:
                weight = system[row][column]
                system[row] = [a - weight * b for a, b in zip(system[row], system[column], strict=True)]
    return [row[-1] for row in system]
