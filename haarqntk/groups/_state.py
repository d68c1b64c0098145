r"""Random unit vectors: points of the complex and of the real sphere.

.. math:: \mathbb E\, \psi_{i_1} \cdots \psi_{i_k} \bar\psi_{j_1} \cdots \bar\psi_{j_k} =
          \frac{1}{D(D+1)\cdots(D+k-1)} \sum_{\sigma \in S_k} \prod_a \delta_{i_a j_{\sigma(a)}}, \qquad
          \mathbb E\, x_{i_1} \cdots x_{i_{2k}} = \frac{1}{D(D+2)\cdots(D+2k-2)} \sum_p \Delta_p(i)

The first is a Haar state, or a row of a Haar unitary; the second a row of a Haar orthogonal matrix.

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

from haarqntk.groups._group import Group, inverse_product
from haarqntk.groups._ways import Permutations

UNIT_VECTOR = inverse_product("state", 1, "unit vector", step=0, is_of_degree=True)
REAL_UNIT_VECTOR = inverse_product("real_state", 2, "real unit vector", step=1, is_of_degree=True)
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
