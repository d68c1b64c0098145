"""Integrals over Haar unitaries: twirls of tensor products, as class functions and vectors on S_k.

A twirl E[V^{⊗k} R V†^{⊗k}] lies in the span of the permutation operators P_σ; this room computes its
coefficients, at the symbol D or at an integer dimension, where the pseudo-inverse takes over below k.
"""

from haarqntk.haar._twirl import (
    Dimension,
    dimension_as_field,
    twirl_by_power_sums,
    twirl_of_power,
    twirl_weights,
)

__all__ = ["Dimension", "dimension_as_field", "twirl_by_power_sums", "twirl_of_power", "twirl_weights"]
