r"""The orthogonal group: pairings, and the Weingarten function by zonal spherical functions.

.. math:: \mathrm{Wg}^{O}(\mu, D) = \frac{1}{(2k-1)!!} \sum_{\lambda \vdash k}
          \frac{f^{2\lambda} \omega^\lambda(\mu)}{\prod_{(i,j)\in\lambda} (D + 2j - i)}

with f^{2λ} the number of standard tableaux of the doubled diagram, ω^λ the zonal spherical functions of
(S_2k, H_k), rows i and columns j from 0. As for the unitary group, all values come from one exact matrix product
over one denominator, and at an integer n < k only the diagrams with at most n rows enter: the box (n, 0) of any
other is a zero of its product, that is an eigenvalue 0 of the Gram matrix D^loops.

Reference: Collins & Matsumoto 2009 (collins2009); Matsumoto 2013 (matsumoto2013).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from haarqntk.algebra import RationalFunction, multiply_integer_matrices
from haarqntk.combinatorics import (
    Partition,
    num_pairings,
    num_pairings_of_type,
    num_standard_tableaux,
    partitions,
    zonal_contents,
    zonal_table,
)
from haarqntk.groups._group import Group, Weingarten, over_one_denominator, sum_at
from haarqntk.groups._state import REAL_UNIT_VECTOR
from haarqntk.groups._ways import Pairings

if TYPE_CHECKING:
    from fractions import Fraction


@cache
def orthogonal_table(k: int) -> dict[Partition, RationalFunction]:
    """Wg(μ) for every coset type μ ⊢ k."""
    numerators, denominator = over_one_denominator(
        (_dimension(lam), zonal_contents(lam)) for lam in partitions(k)
    )
    rows = multiply_integer_matrices(zonal_table(k).T, numerators)
    return {
        mu: RationalFunction(row, [num_pairings(k) * num_pairings_of_type(mu) * c for c in denominator])
        for mu, row in zip(partitions(k), rows, strict=True)
    }


def orthogonal_class_at(mu: Partition, n: int) -> Fraction:
    """Wg(μ) at the integer n: the pseudo-inverse, by the sum over diagrams without a vanishing product.

    At n ≥ 1 these are the diagrams with at most n rows; at n = −2N ≤ −2, which the symplectic group takes, those
    with at most N columns.
    """
    k = sum(mu)
    column = zip(partitions(k), zonal_table(k)[:, partitions(k).index(mu)], strict=True)
    total = sum_at(n, ((_dimension(lam) * value, zonal_contents(lam)) for lam, value in column))
    return total / (num_pairings(k) * num_pairings_of_type(mu))


def _dimension(lam: Partition) -> int:
    return num_standard_tableaux(tuple(2 * part for part in lam))


ORTHOGONAL_WEINGARTEN = Weingarten("orthogonal", orthogonal_table, orthogonal_class_at)
ORTHOGONAL = Group(
    ORTHOGONAL_WEINGARTEN.law,
    Pairings(),
    title="Haar orthogonal",
    constructor="haar_orthogonal",
    properties=frozenset({"unitary", "real"}),
    weingarten=ORTHOGONAL_WEINGARTEN,
    sphere=REAL_UNIT_VECTOR,
)
