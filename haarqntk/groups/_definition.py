r"""The unitary Weingarten function from its definition: the inverse of the Gram matrix.

.. math:: \sum_{\tau \in S_k} \mathrm{Wg}(\sigma^{-1}\tau)\, D^{\#(\tau^{-1}\rho)} = \delta_{\sigma\rho}

Both factors are class functions, so one row of equations per class and one unknown per class suffice. Slow,
without characters, and therefore the oracle of ``_unitary.py``.
"""

from __future__ import annotations

from functools import cache

from haarqntk.algebra import RationalFunction
from haarqntk.combinatorics import Partition, all_permutations, compose, cycle_type, inverse, partitions

LARGEST_K = 6


@cache
def unitary_table_by_definition(k: int) -> dict[Partition, RationalFunction]:
    """Wg(μ) for every cycle type μ of S_k by solving the p(k) × p(k) Gram system over Q(D)."""
    group = [tuple(row) for row in all_permutations(k).tolist()]
    classes = partitions(k)
    representatives = {cycle_type(sigma): sigma for sigma in group}
    identity = (1,) * k
    system: list[list[RationalFunction]] = []
    for rho in classes:
        powers = {mu: [0] * (k + 1) for mu in classes}
        for tau in group:
            num_cycles = len(cycle_type(compose(inverse(tau), representatives[rho])))
            powers[cycle_type(tau)][num_cycles] += 1
        row = [RationalFunction(powers[mu]) for mu in classes]
        system.append([*row, RationalFunction(int(rho == identity))])
    return dict(zip(classes, solve(system), strict=True))


def solve(system: list[list[RationalFunction]]) -> list[RationalFunction]:
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
