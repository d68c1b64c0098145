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

from collections import Counter
from fractions import Fraction
from functools import cache, reduce
from math import prod
from operator import or_

from haarqntk.algebra import RationalFunction, multiply_integer_matrices, product_of_shifts
from haarqntk.combinatorics import (
    Partition,
    coset_type,
    num_pairings,
    num_pairings_of_type,
    num_standard_tableaux,
    pairings,
    partitions,
    zonal_contents,
    zonal_table,
)
from haarqntk.groups._gram import gram_inverse
from haarqntk.groups._group import Group, Weingarten
from haarqntk.groups._state import REAL_UNIT_VECTOR
from haarqntk.groups._ways import Pairings


@cache
def orthogonal_table(k: int) -> dict[Partition, RationalFunction]:
    """Wg(μ) for every coset type μ ⊢ k."""
    boxes = {lam: Counter(zonal_contents(lam)) for lam in partitions(k)}
    most = reduce(or_, boxes.values())  # the largest number of boxes of each content
    numerators = [
        [_dimension(lam) * c for c in product_of_shifts(most - found)] for lam, found in boxes.items()
    ]
    length = max(map(len, numerators))
    padded = [row + [0] * (length - len(row)) for row in numerators]
    rows = multiply_integer_matrices(zonal_table(k).T, padded)
    denominator = product_of_shifts(most)
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
    total = Fraction(0)
    for lam, value in zip(partitions(k), zonal_table(k)[:, partitions(k).index(mu)], strict=True):
        if product := prod(n + c for c in zonal_contents(lam)):
            total += Fraction(_dimension(lam) * value, product)
    return total / (num_pairings(k) * num_pairings_of_type(mu))


@cache
def orthogonal_table_by_definition(k: int) -> dict[Partition, RationalFunction]:
    """Wg(μ) for every coset type μ ⊢ k; Σ_i Π_p δ Π_q δ = D^loops."""
    return gram_inverse(k, list(pairings(2 * k)), coset_type, lambda p, q: (1, len(coset_type(p, q))))


def _dimension(lam: Partition) -> int:
    return num_standard_tableaux(tuple(2 * part for part in lam))


ORTHOGONAL_WEINGARTEN = Weingarten(
    "orthogonal", orthogonal_table, orthogonal_table_by_definition, orthogonal_class_at
)
ORTHOGONAL = Group(
    ORTHOGONAL_WEINGARTEN.law,
    Pairings(),
    title="Haar orthogonal",
    constructor="haar_orthogonal",
    properties=frozenset({"unitary", "real"}),
    weingarten=ORTHOGONAL_WEINGARTEN,
    sphere=REAL_UNIT_VECTOR,
)
