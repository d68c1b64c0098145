r"""The symplectic group: signed pairings, and the Weingarten function, the orthogonal one at −D.

.. math:: \mathrm{Wg}^{Sp}(p, q) = \varepsilon_p \varepsilon_q\, \mathrm{Wg}^{Sp}(\mu, D), \qquad
          \mathrm{Wg}^{Sp}(\mu, D) = (-1)^k\, \mathrm{Wg}^{O}(\mu, -D)

with μ the coset type of p and q and ε_p = ``pairing_sign(p)``. The reason: contracting Π J_{i_a i_b} over p with
the same over q gives ε_p ε_q (−1)^k (−D)^loops, and ε is a diagonal matrix of signs, so inverse and pseudo-inverse
follow. At D = 2N the product of a diagram vanishes if it has more than N columns, so the rational function holds
for N ≥ k.

Reference: Collins & Śniady 2006 (collins2006); derivations/09_orthogonal_and_symplectic.md.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from haarqntk.algebra import RationalFunction
from haarqntk.groups._group import Group, Weingarten
from haarqntk.groups._orthogonal import orthogonal_class_at, orthogonal_table
from haarqntk.groups._ways import Pairings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from haarqntk.combinatorics import Partition
    from haarqntk.groups._ways import Way


@cache
def symplectic_table(k: int) -> dict[Partition, RationalFunction]:
    """Wg(μ) for every coset type μ ⊢ k."""
    return {
        mu: _sign(k) * RationalFunction(_reflected(value.numerator), _reflected(value.denominator))
        for mu, value in orthogonal_table(k).items()
    }


def symplectic_class_at(mu: Partition, n: int) -> Fraction:
    """Wg(μ) at the even integer n ≥ 2, by the sum over diagrams with at most n/2 columns."""
    return _sign(sum(mu)) * orthogonal_class_at(mu, -n)


def _contract_forms(p: Way, q: Way) -> tuple[int, int]:
    """Σ_i Π_p J Π_q J = s·D^loops, as the sign s and the number of loops.

    A loop is Tr J⋯J, with J^T = −J for each pair that is met from its larger end; two more J give J² = −1.
    """
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


def _sign(k: int) -> int:
    return -1 if k % 2 else 1


def _reflected(coefficients: Sequence[int]) -> list[int]:
    """The coefficients of the polynomial in −D."""
    return [-c if i % 2 else c for i, c in enumerate(coefficients)]


_WEINGARTEN = Weingarten(
    "symplectic",
    symplectic_table,
    symplectic_class_at,
    contract=_contract_forms,
    step=2,
    alternates=False,
)
SYMPLECTIC = Group(
    _WEINGARTEN.law,
    Pairings(has_form=True),
    title="Haar symplectic",
    constructor="haar_symplectic",
    properties=frozenset({"unitary", "symplectic"}),
    weingarten=_WEINGARTEN,
)
