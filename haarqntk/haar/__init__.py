"""Integrals over Haar unitaries: twirls of tensor products, as class functions and vectors on S_k; designs.

A twirl E[V^{⊗k} R V†^{⊗k}] lies in the span of the permutation operators P_σ; this room computes its
coefficients, at the symbol D or at an integer dimension, where the pseudo-inverse takes over below k. Finite
groups stand in for the Haar measure up to their design order, which the frame potential measures.
"""

from haarqntk.haar._algebra import MatrixExpression, ScalarExpression
from haarqntk.haar._channel_twirl import TwirledChannel, twirl_channel
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
from haarqntk.haar._declared import parse_declaration, parse_dimensions
from haarqntk.haar._elimination import RandomLetter
from haarqntk.haar._expect import expect
from haarqntk.haar._explanation import Explanation, ExplanationClass, ExplanationRow
from haarqntk.haar._finite_groups import (
    clifford_group,
    clifford_integers,
    icosahedral_group,
    icosian_integers,
    pauli_group,
    projective_product,
)
from haarqntk.haar._frame_potential import DesignCheck, frame_potential, haar_frame_potential, is_design
from haarqntk.haar._grammar import parse_integrand
from haarqntk.haar._integral import Factors, Integral
from haarqntk.haar._operations import identity, kron, partial_trace, tr
from haarqntk.haar._operator_twirl import Twirl, permutation_operator, twirl
from haarqntk.haar._planar import kreweras_complement, planar_limit
from haarqntk.haar._refusals import Declaration
from haarqntk.haar._series import SCALINGS, IntegralSeries
from haarqntk.haar._tokens import Style, latex_style
from haarqntk.haar._twirl import (
    Dimension,
    dimension_as_field,
    twirl_by_power_sums,
    twirl_of_power,
    twirl_weights,
)
from haarqntk.haar._weights import WEIGHT_GROUPS, Weight
from haarqntk.haar._written import WrittenPart, with_operator, written_parts

__all__ = [
    "SCALINGS",
    "WEIGHT_GROUPS",
    "Declaration",
    "DesignCheck",
    "Dimension",
    "Explanation",
    "ExplanationClass",
    "ExplanationRow",
    "Factors",
    "HaarState",
    "Integral",
    "IntegralSeries",
    "MatrixExpression",
    "RandomLetter",
    "ScalarExpression",
    "Style",
    "Twirl",
    "TwirledChannel",
    "Weight",
    "WrittenPart",
    "circular_orthogonal",
    "circular_symplectic",
    "clifford_group",
    "clifford_integers",
    "dimension_as_field",
    "expect",
    "frame_potential",
    "haar_frame_potential",
    "haar_orthogonal",
    "haar_state",
    "haar_symplectic",
    "haar_unitary",
    "icosahedral_group",
    "icosian_integers",
    "identity",
    "is_design",
    "kreweras_complement",
    "kron",
    "latex_style",
    "matrices",
    "parse_declaration",
    "parse_dimensions",
    "parse_integrand",
    "partial_trace",
    "pauli_group",
    "permutation_operator",
    "planar_limit",
    "projective_product",
    "symplectic_form",
    "tr",
    "twirl",
    "twirl_by_power_sums",
    "twirl_channel",
    "twirl_of_power",
    "twirl_weights",
    "with_operator",
    "written_parts",
]
