"""Integrals over Haar unitaries: twirls of tensor products, as class functions and vectors on S_k.

A twirl E[V^{⊗k} R V†^{⊗k}] lies in the span of the permutation operators P_σ; this room computes its
coefficients, at the symbol D or at an integer dimension, where the pseudo-inverse takes over below k.
"""

from haarqntk.haar._algebra import MatrixExpression, ScalarExpression
from haarqntk.haar._declarations import (
    HaarState,
    circular_orthogonal,
    circular_symplectic,
    haar_orthogonal,
    haar_state,
    haar_symplectic,
    haar_unitary,
    matrices,
    symplectic_form,
)
from haarqntk.haar._expect import expect
from haarqntk.haar._integral import Integral
from haarqntk.haar._operations import identity, kron, partial_trace, tr
from haarqntk.haar._twirl import (
    Dimension,
    dimension_as_field,
    twirl_by_power_sums,
    twirl_of_power,
    twirl_weights,
)

__all__ = [
    "Dimension",
    "HaarState",
    "Integral",
    "MatrixExpression",
    "ScalarExpression",
    "circular_orthogonal",
    "circular_symplectic",
    "dimension_as_field",
    "expect",
    "haar_orthogonal",
    "haar_state",
    "haar_symplectic",
    "haar_unitary",
    "identity",
    "kron",
    "matrices",
    "partial_trace",
    "symplectic_form",
    "tr",
    "twirl_by_power_sums",
    "twirl_of_power",
    "twirl_weights",
]
