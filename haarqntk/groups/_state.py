r"""Random unit vectors: points of the complex and of the real sphere.

.. math:: \mathbb E\, \psi_{i_1} \cdots \psi_{i_k} \bar\psi_{j_1} \cdots \bar\psi_{j_k} =
          \frac{1}{D(D+1)\cdots(D+k-1)} \sum_{\sigma \in S_k} \prod_a \delta_{i_a j_{\sigma(a)}}, \qquad
          \mathbb E\, x_{i_1} \cdots x_{i_{2k}} = \frac{1}{D(D+2)\cdots(D+2k-2)} \sum_p \Delta_p(i)

The first is a Haar state, or a row of a Haar unitary; the second a row of a Haar orthogonal matrix.

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

from haarqntk.algebra import RationalFunction
from haarqntk.groups._group import Group, WeightLaw
from haarqntk.groups._ways import Permutations

if TYPE_CHECKING:
    from haarqntk.groups._group import Classes


def _unit_vector(name: str, increment: int, title: str, *, step: int) -> WeightLaw:
    """1/(D(D + s)⋯(D + (k − 1)s)) for the increment s."""

    def generic(classes: Classes, D: RationalFunction) -> RationalFunction:
        one = RationalFunction(1)
        return one / prod((D + increment * i for i in range(sum(classes[0]))), start=one)

    def at(classes: Classes, n: int) -> Fraction:
        return Fraction(1, prod(n + increment * i for i in range(sum(classes[0]))))

    return WeightLaw(name, generic, at, step=step, is_of_degree=True, title=title)


UNIT_VECTOR = _unit_vector("state", 1, "unit vector", step=0)
REAL_UNIT_VECTOR = _unit_vector("real_state", 2, "real unit vector", step=1)
STATE = Group(
    UNIT_VECTOR,
    Permutations(),
    title="Haar state",
    constructor="haar_state",
    properties=frozenset({"normalised"}),
    is_vector=True,
    sphere=UNIT_VECTOR,
    references=("collins2003", "collins2006"),
)
