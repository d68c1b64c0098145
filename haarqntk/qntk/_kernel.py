"""The kernel K = Σ_l g_l² of one output, g_l = ∂_l z: its moments, as products of copies.

Each function derives its closed form at a dimension, or at the symbol D (``None``), and returns a polynomial
in L and T_j = Tr O^j. Nothing is typed in: the engine averages the product of copies that is written here.

Reference: liu2023, Eqs. (5), (6), (9), (12).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.circuits import Copy, mean_of_pattern, mean_of_product

if TYPE_CHECKING:
    from haarqntk.haar import Dimension
    from haarqntk.traces import TracePolynomial

_g_l, _g_m = Copy(("l",)), Copy(("m",))


def gradient_variance(dimension: Dimension = None) -> TracePolynomial:
    """E[g_l²] for any one layer; E[g_l] = 0."""
    return mean_of_pattern((_g_l, _g_l), ((1, 1),), dimension=dimension)


def kernel_mean(dimension: Dimension = None) -> TracePolynomial:
    """K̄ = E[Σ_l g_l²]."""
    return mean_of_product((_g_l, _g_l), dimension=dimension)


def kernel_second_moment(dimension: Dimension = None) -> TracePolynomial:
    """E[K²] = E[Σ_{lm} g_l² g_m²]."""
    return mean_of_product((_g_l, _g_l, _g_m, _g_m), dimension=dimension)


def kernel_variance(dimension: Dimension = None) -> TracePolynomial:
    """ΔK² = E[K²] − K̄²."""
    return kernel_second_moment(dimension) - kernel_mean(dimension) ** 2
