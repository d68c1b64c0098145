"""The supervised kernel K^{ij}_{δδ'} = Σ_l ∂_l z_i(δ) ∂_l z_j(δ') of several inputs and observables.

Its mean is bilinear: a(σ_δδ') · b(O_i, O_j). As a matrix over (input, observable) it is the Kronecker product
A ⊗ B, which gives its eigenvalues for any Gram matrix of the inputs.

Reference: liu2023, Eqs. (17)–(21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.algebra import RationalFunction, TracePolynomial
from haarqntk.circuits import layer_indices, mean_of_expression, sum_over

if TYPE_CHECKING:
    from haarqntk.circuits import Circuit, Expression
    from haarqntk.designs import Dimension

_ONE = TracePolynomial.constant(1)
_ZERO = TracePolynomial({})
SAME_OBSERVABLE = {
    "T_O1": TracePolynomial.variable("T1"),
    "T_O2": TracePolynomial.variable("T1"),
    "T_O1O2": TracePolynomial.variable("T2"),
}


def supervised_kernel(circuit: Circuit) -> Expression:
    """Σ_l ∂_l z_1(a) ∂_l z_2(b) for two observables and two pure inputs."""
    (index,) = layer_indices("l")
    first, second = (circuit.output(observable=f"O{i}", state=state) for i, state in enumerate("ab", start=1))
    return sum_over(first.d(index) * second.d(index), index)


def supervised_kernel_mean(circuit: Circuit, dimension: Dimension = None) -> TracePolynomial:
    """The mean of ``supervised_kernel`` as a polynomial in the overlap σ."""
    mean = mean_of_expression(supervised_kernel(circuit), dimension=dimension)
    return mean.substitute({"sigma_ab": TracePolynomial.variable("sigma")})


def uniform_eigenvalue(circuit: Circuit, dimension: Dimension = None) -> TracePolynomial:
    """The eigenvalue of (1, …, 1) for n orthogonal inputs, one observable: diagonal + (n − 1) off-diagonal."""
    diagonal, off_diagonal = _entries(circuit, dimension)
    return diagonal + (TracePolynomial.variable("n") - _ONE) * off_diagonal


def difference_eigenvalue(circuit: Circuit, dimension: Dimension = None) -> TracePolynomial:
    """The n − 1 equal eigenvalues on the vectors that sum to zero: diagonal − off-diagonal."""
    diagonal, off_diagonal = _entries(circuit, dimension)
    return diagonal - off_diagonal


def _entries(circuit: Circuit, dimension: Dimension) -> tuple[TracePolynomial, TracePolynomial]:
    mean = supervised_kernel_mean(circuit, dimension).substitute(SAME_OBSERVABLE)
    return mean.substitute({"sigma": _ONE}), mean.substitute({"sigma": _ZERO})


def overlap_factor(mean: TracePolynomial) -> tuple[RationalFunction, RationalFunction]:
    """The coefficients (u, v) of a(σ) = u + vσ, with a(1) = 1, in the factorisation of the mean.

    Every monomial in traces must give the same (u, v), or the mean would not be a Kronecker product.
    """
    at_one, at_zero = (mean.substitute({"sigma": value}) for value in (_ONE, _ZERO))
    ratios = {at_zero.terms.get(monomial, RationalFunction(0)) / c for monomial, c in at_one.terms.items()}
    (u,) = ratios
    return u, 1 - u
