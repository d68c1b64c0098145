r"""The orthogonal and the symplectic group: pairings, and the Weingarten function by zonal spherical functions.

.. math:: \mathrm{Wg}^{O}(\mu, D) = \frac{1}{(2k-1)!!} \sum_{\lambda \vdash k}
          \frac{f^{2\lambda} \omega^\lambda(\mu)}{\prod_{(i,j)\in\lambda} (D + 2j - i)}

with f^{2λ} the number of standard tableaux of the doubled diagram, ω^λ the zonal spherical functions of
(S_2k, H_k), rows i and columns j from 0. As for the unitary group, all values come from one exact matrix product
over one denominator, and at an integer n < k only the diagrams with at most n rows enter: the box (n, 0) of any
other is a zero of its product, that is an eigenvalue 0 of the Gram matrix D^loops. A row of the matrix is a point of
the real sphere, 1/(D(D+2)⋯(D+2k−2)) for each pairing.

Pairings of the symplectic group have signs, and its Weingarten function is the orthogonal one at −D,

.. math:: \mathrm{Wg}^{Sp}(p, q) = \varepsilon_p \varepsilon_q\, \mathrm{Wg}^{Sp}(\mu, D), \qquad
          \mathrm{Wg}^{Sp}(\mu, D) = (-1)^k\, \mathrm{Wg}^{O}(\mu, -D)

with μ the coset type of p and q and ε_p = ``pairing_sign(p)``. The reason: contracting Π J_{i_a i_b} over p with
the same over q gives ε_p ε_q (−1)^k (−D)^loops, and ε is a diagonal matrix of signs, so inverse and pseudo-inverse
follow. At D = 2N the product of a diagram vanishes if it has more than N columns, so the rational function holds
for N ≥ k.

Reference: Collins & Śniady 2006 (collins2006); Collins & Matsumoto 2009 (collins2009); Matsumoto 2013 (matsumoto2013);
derivations/09_orthogonal_and_symplectic.md.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from haarqntk.algebra import RationalFunction, multiply_integer_matrices
from haarqntk.combinatorics import (
    Partition,
    contents,
    num_pairings,
    num_pairings_of_type,
    num_standard_tableaux,
    partitions,
    zonal_table,
)
from haarqntk.groups._group import Group, Weingarten, inverse_product, over_one_denominator, sum_at
from haarqntk.groups._ways import Pairings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.groups._ways import Way


@lru_cache(maxsize=32)  # of every k up to the largest, 20
def _table(k: int) -> dict[Partition, RationalFunction]:
    """Wg(μ) for every coset type μ ⊢ k."""
    numerators, denominator = over_one_denominator(
        (_dimension(lam), contents(lam, 2)) for lam in partitions(k)
    )
    rows = multiply_integer_matrices(zonal_table(k).T, numerators)
    return {
        mu: RationalFunction(row, [num_pairings(k) * num_pairings_of_type(mu) * c for c in denominator])
        for mu, row in zip(partitions(k), rows, strict=True)
    }


def _class_at(mu: Partition, n: int) -> Fraction:
    """The pseudo-inverse: over diagrams of at most n ≥ 1 rows, or at n = −2N, the symplectic one, of N columns."""
    k = sum(mu)
    column = zip(partitions(k), zonal_table(k)[:, partitions(k).index(mu)], strict=True)
    total = sum_at(n, ((_dimension(lam) * value, contents(lam, 2)) for lam, value in column))
    return total / (num_pairings(k) * num_pairings_of_type(mu))


def _dimension(lam: Partition) -> int:
    return num_standard_tableaux(tuple(2 * part for part in lam))


ORTHOGONAL_WEINGARTEN = Weingarten("orthogonal", _table, _class_at)
ORTHOGONAL = Group(
    ORTHOGONAL_WEINGARTEN.law,
    Pairings(),
    title="Haar orthogonal",
    constructor="haar_orthogonal",
    properties=frozenset({"unitary", "real"}),
    weingarten=ORTHOGONAL_WEINGARTEN,
    sphere=inverse_product("real_state", 2, "real unit vector", step=1, is_of_degree=True),
)


# -- the symplectic group --------------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def _symplectic_table(k: int) -> dict[Partition, RationalFunction]:
    """Wg(μ) for every coset type μ ⊢ k."""
    return {
        mu: (-1) ** k * RationalFunction(_reflected(value.numerator), _reflected(value.denominator))
        for mu, value in _table(k).items()
    }


def _contract_forms(p: Way, q: Way) -> tuple[int, int]:
    """Σ_i Π_p J Π_q J = s·D^loops, as the sign s and the number of loops."""
    # a loop is Tr J⋯J, with J^T = −J for each pair that is met from its larger end; two more J give J² = −1
    left, sign, num_loops = set(p), 1, 0
    while left:
        point = min(left)
        while point in left:
            middle = p[point]
            end = q[middle]
            left -= {point, middle}
            sign *= -1 if (point < middle) == (middle < end) else 1
            point = end
        num_loops += 1
    return sign, num_loops


def _reflected(coefficients: Sequence[int]) -> list[int]:
    """The coefficients of the polynomial in −D."""
    return [-c if i % 2 else c for i, c in enumerate(coefficients)]


_SYMPLECTIC_WEINGARTEN = Weingarten(
    "symplectic",
    _symplectic_table,
    lambda mu, n: Fraction((-1) ** sum(mu)) * _class_at(mu, -n),
    contract=_contract_forms,
    step=2,
    alternates=False,
)
SYMPLECTIC = Group(
    _SYMPLECTIC_WEINGARTEN.law,
    Pairings(has_form=True),
    title="Haar symplectic",
    constructor="haar_symplectic",
    properties=frozenset({"unitary", "symplectic"}),
    weingarten=_SYMPLECTIC_WEINGARTEN,
)
