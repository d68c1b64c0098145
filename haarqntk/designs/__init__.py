"""Designs and twirls: averages of V^{⊗k} R V†^{⊗k} and of channels, finite groups, frame potentials.

A twirl lies in the span of the permutation operators P_σ; this room computes its coefficients, at the symbol D or at an
integer dimension, where the pseudo-inverse takes over below k. Finite groups stand in for the Haar measure up to their
design order, which the frame potential measures.
"""

from haarqntk.designs._channel_twirl import TwirledChannel, twirl_channel
from haarqntk.designs._finite_groups import (
    clifford_group,
    clifford_integers,
    icosahedral_group,
    icosian_integers,
    pauli_group,
    projective_product,
)
from haarqntk.designs._frame_potential import DesignCheck, frame_potential, haar_frame_potential, is_design
from haarqntk.designs._twirl import (
    Dimension,
    Twirl,
    dimension_as_field,
    permutation_operator,
    twirl,
    twirl_by_power_sums,
    twirl_of_power,
    twirl_weights,
)

__all__ = [
    "DesignCheck",
    "Dimension",
    "Twirl",
    "TwirledChannel",
    "clifford_group",
    "clifford_integers",
    "dimension_as_field",
    "frame_potential",
    "haar_frame_potential",
    "icosahedral_group",
    "icosian_integers",
    "is_design",
    "pauli_group",
    "permutation_operator",
    "projective_product",
    "twirl",
    "twirl_by_power_sums",
    "twirl_channel",
    "twirl_of_power",
    "twirl_weights",
]
