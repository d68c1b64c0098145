"""The kernel K and the meta-kernel μ of one output, as expressions of a circuit, and the averages that have names.

With e = z − O_0, g_l = ∂_l e and h_lm = ∂_l ∂_m e: K = Σ_l g_l² and μ = Σ_lm h_lm g_l g_m. Nothing is typed in:
each average is derived by the engine from what is written here.

Reference: liu2023, Eqs. (5), (6), (9), (12), (14), (15).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.circuits import Copy, layer_indices, mean_of_expression, mean_of_pattern, sum_over

if TYPE_CHECKING:
    from haarqntk.algebra import TracePolynomial
    from haarqntk.circuits import Circuit, Expression
    from haarqntk.designs import Dimension

_l, _m = layer_indices("l m")


def kernel(circuit: Circuit) -> Expression:
    """K = Σ_l g_l²."""
    e = circuit.residual()
    return sum_over(e.d(_l) ** 2, _l)


def meta_kernel(circuit: Circuit) -> Expression:
    """μ = Σ_lm h_lm g_l g_m."""
    e = circuit.residual()
    return sum_over(e.d(_l, _m) * e.d(_l) * e.d(_m), _l, _m)


def gradient_variance(circuit: Circuit, dimension: Dimension = None) -> TracePolynomial:
    """E[g_l²] for any one layer; E[g_l] = 0."""
    g = Copy(("l",))
    return mean_of_pattern(
        (g, g), ((1, 1),), ensemble=circuit.ensemble, generators=circuit.generators, dimension=dimension
    )


def kernel_mean(circuit: Circuit, dimension: Dimension = None) -> TracePolynomial:
    """K̄ = E[K]."""
    return mean_of_expression(kernel(circuit), dimension=dimension)


def kernel_second_moment(circuit: Circuit, dimension: Dimension = None) -> TracePolynomial:
    """E[K²]."""
    return mean_of_expression(kernel(circuit) ** 2, dimension=dimension)


def kernel_variance(circuit: Circuit, dimension: Dimension = None) -> TracePolynomial:
    """ΔK² = E[K²] − K̄²."""
    return kernel_second_moment(circuit, dimension) - kernel_mean(circuit, dimension) ** 2


def meta_kernel_mean(circuit: Circuit, dimension: Dimension = None) -> TracePolynomial:
    """E[μ]."""
    return mean_of_expression(meta_kernel(circuit), dimension=dimension)


def meta_kernel_second_moment(circuit: Circuit, dimension: Dimension = None) -> TracePolynomial:
    """Δμ² = E[μ²]."""
    return mean_of_expression(meta_kernel(circuit) ** 2, dimension=dimension)
