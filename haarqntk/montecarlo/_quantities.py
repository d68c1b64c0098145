"""What can be estimated: statistics of random variables, each by its name.

A quantity is a variable, such as the kernel, with a statistic, such as its variance; ``kernel_variance`` is its name.
Every quantity is a mean of independent, identically distributed values, so that its estimate is unbiased
and its standard error means what it says. The values come from arrays of first and second derivatives,

    G[sample, observable, input, layer] = ∂z/∂θ_l,    z = ⟨φ|U†OU|φ⟩,  θ in radians,
    H[sample, observable, input, layer, other layer] = ∂²z/∂θ_l∂θ_m,

from the outputs themselves where a quantity asks for them, of the centred observable,

    Z[sample, observable, input] = z − Tr O/D,

and from nothing else. A new variable is a function and an entry of the table; its statistics follow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from haarqntk.checks import one_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# Below this fraction of the size of its terms, a sum is rounding: 4096 units in the last place.
ROUNDING: Final = 2.0**-40


@dataclass(frozen=True)
class Quantity:
    """One entry of the table.

    Args:
        name: The name that users type.
        values: Takes G of shape (circuits · N, A, P, L) to N independent values; if ``uses_hessian``, takes
            H of shape (circuits · N, A, P, L, L) as well; if ``uses_output``, then Z of shape
            (circuits · N, A, P) as its last.
        circuits: Number of independent circuits that one value takes.
        num_observables: A, 1 or 2.
        uses_overlap: Whether there are P = 2 inputs of a given overlap |⟨φ|φ'⟩|².
        uses_num_inputs: Whether there are P ≥ 2 orthonormal inputs; their number is then an argument.
        uses_hessian: Whether second derivatives are needed; nobody computes them where they are not.
        uses_output: Whether the outputs are needed.
    """

    name: str
    values: Callable[..., Array]
    circuits: int = 1
    num_observables: int = 1
    uses_overlap: bool = False
    uses_num_inputs: bool = False
    uses_hessian: bool = False
    uses_output: bool = False

    @property
    def uses_states(self) -> bool:
        """Whether the output states are needed, and not only how they move first."""
        return self.uses_hessian or self.uses_output

    @property
    def takes_derivatives_of_one_output(self) -> bool:
        """Whether derivatives of one output are all that it needs."""
        has_one_output = self.num_observables == 1 and not self.uses_overlap and not self.uses_num_inputs
        return has_one_output and not self.uses_output


def without_rounding(
    G: Array, *others: Array, observables: Array, generator: Array | None
) -> tuple[Array, ...]:
    """Return the derivatives with exact zeros where nothing but rounding is left.

    A derivative is a sum of terms of the size ‖O‖‖X‖ for G, ‖O‖‖X‖² for H, ‖O‖ for Z. Below 2⁻⁴⁰ of that it is
    rounding, also beside an exact 0: its square would be a positive number whose mean, over many samples, is many
    standard errors from 0. The same is true of the sum of gradients over the inputs, which is taken off.

    Args:
        G: Gradients, shape (N, A, P, L).
        others: H and Z, as far as they are needed.
        observables: The diagonals of the A observables, shape (A, D).
        generator: The diagonal of X, shape (D,); None for X² = 1.
    """
    sizes = 2 * np.abs(observables).max(axis=1)
    norm = 1.0 if generator is None else float(np.abs(generator).max())
    powers = {4: norm, 5: 2 * norm**2, 3: 1 / 2}  # of G, H and Z, by their axes
    G, *others_settled = (
        _settled(x, (sizes * powers[x.ndim]).reshape(1, -1, *(1,) * (x.ndim - 2))) for x in (G, *others)
    )
    total, P = G.sum(axis=2, keepdims=True), G.shape[2]
    is_rounding = np.abs(total) <= ROUNDING * P * (sizes * norm).reshape(1, -1, 1, 1)
    return np.where(is_rounding & (P > 1), G - total / P, G), *others_settled


def _settled(total: Array, size: Array) -> Array:
    """Return a sum with 0 where it is within rounding of the size of its terms."""
    settled: Array = np.where(np.abs(total) <= ROUNDING * size, 0.0, total)
    return settled


def _kernel(G: Array) -> Array:
    """K = Σ_l g_l², for one observable and one input."""
    squares: Array = np.square(G[:, 0, 0]).sum(axis=-1)
    return squares


def _gradient_variance(G: Array) -> Array:
    """(1/L) Σ_l g_l²: the mean of a gradient is 0, since z is periodic in its angle."""
    means: Array = _kernel(G) / G.shape[-1]
    return means


def _supervised_kernel(G: Array) -> Array:
    """Σ_l ∂_l z_1(φ) ∂_l z_2(φ')."""
    products: Array = (G[:, 0, 0] * G[:, 1, 1]).sum(axis=-1)
    return products


def _uniform(G: Array) -> Array:
    """uᵀKu for u = (1, …, 1)/√n and K_{δδ'} = Σ_l ∂_l z(δ) ∂_l z(δ'): Σ_l (Σ_δ ∂_l z(δ))²/n.

    The outputs of a whole basis sum to Tr O, whose gradient is 0; see ``without_rounding``.
    """
    total = _settled(G[:, 0].sum(axis=1), np.abs(G[:, 0]).sum(axis=1))
    eigenvalues: Array = np.square(total).sum(axis=-1) / G.shape[2]
    return eigenvalues


def _difference(G: Array) -> Array:
    """(Tr K − uᵀKu)/(n − 1), the mean of uᵀKu over unit vectors u orthogonal to (1, …, 1)."""
    trace: Array = np.square(G[:, 0]).sum(axis=(1, 2))
    eigenvalues: Array = (trace - _uniform(G)) / (G.shape[2] - 1)
    return eigenvalues


def _meta_kernel(G: Array, H: Array) -> Array:
    """μ = Σ_{lm} h_lm g_l g_m, for one observable and one input."""
    values: Array = np.einsum("nl,nlm,nm->n", G[:, 0, 0], H[:, 0, 0], G[:, 0, 0])
    return values


def _residual_meta_kernel(G: Array, H: Array, Z: Array) -> Array:
    """εμ for the target O_0 = Tr O/D, the mean output."""
    values: Array = Z[:, 0, 0] * _meta_kernel(G, H)
    return values


def _residual_meta_kernel_diagonal(G: Array, H: Array, Z: Array) -> Array:
    """ε Σ_l h_ll g_l², the part of εμ with equal layers."""
    values: Array = Z[:, 0, 0] * np.einsum("nll,nl->n", H[:, 0, 0], np.square(G[:, 0, 0]))
    return values


def _residual_meta_kernel_off_diagonal(G: Array, H: Array, Z: Array) -> Array:
    """ε Σ_{l≠m} h_lm g_l g_m, the part of εμ with different layers."""
    total, diagonal = _residual_meta_kernel(G, H, Z), _residual_meta_kernel_diagonal(G, H, Z)
    return _settled(total - diagonal, np.abs(total) + np.abs(diagonal))


def _kernel_meta_kernel_covariance(G: Array, H: Array) -> Array:
    """(K − K')(μ − μ')/2 for two independent circuits."""
    return _covariances(_kernel(G), _meta_kernel(G, H))


def _supervised_kernel_covariance(G: Array) -> Array:
    """(K_11 − K_11')(K_12 − K_12')/2 for two independent circuits, K_12 between φ and φ'."""
    mixed: Array = (G[:, 0, 0] * G[:, 0, 1]).sum(axis=-1)
    return _covariances(_kernel(G), mixed)


def _output(_: Array, Z: Array) -> Array:
    """Z − Tr O/D, whose cumulants from the second on are those of z."""
    values: Array = Z[:, 0, 0]
    return values


# -- statistics ------------------------------------------------------------------------------------------------


def _covariances(first: Array, second: Array) -> Array:
    """(x − x')(y − y')/2 for pairs of independent samples: the mean is Cov(x, y) without bias."""
    pairs = ((x[0::2], x[1::2]) for x in (first, second))
    x, y = (_settled(a - b, np.abs(a) + np.abs(b)) for a, b in pairs)
    halves: Array = x * y / 2
    return halves


def _third_cumulants(x: Array) -> Array:
    """Re (x + ωx' + ω²x'')³/3 with ω³ = 1, for three independent samples: the mean is κ_3 without bias."""
    a, b, c = (x[start::3] for start in range(3))
    scale = np.abs(a) + np.abs(b) + np.abs(c)
    real, difference = _settled(a - (b + c) / 2, scale), _settled(b - c, scale)
    cubes: Array = real * (real**2 / 3 - 3 * difference**2 / 4)
    return cubes


_STATISTICS: dict[str, tuple[int, Callable[[Array], Array]]] = {
    "mean": (1, lambda x: x),
    "second_moment": (1, lambda x: x**2),
    "third_moment": (1, lambda x: x**3),
    "fourth_moment": (1, lambda x: x**4),
    "variance": (2, lambda x: _covariances(x, x)),
    "third_cumulant": (3, _third_cumulants),
}
"""Statistic → how many independent circuits one value takes, and the function of the variable's values."""


def _statistics_of(variable: Quantity, *names: str) -> list[Quantity]:
    """A variable with each of the statistics; with all of them if none is named."""

    def quantity(name: str) -> Quantity:
        circuits, function = _STATISTICS[name]
        return replace(
            variable,
            name=f"{variable.name}_{name}",
            values=lambda *arrays: function(variable.values(*arrays)),
            circuits=circuits,
        )

    return [quantity(name) for name in names or _STATISTICS]


_TABLE = (
    Quantity("gradient_variance", _gradient_variance),
    *_statistics_of(Quantity("kernel", _kernel)),
    *_statistics_of(Quantity("meta_kernel", _meta_kernel, uses_hessian=True)),
    Quantity("residual_meta_kernel_mean", _residual_meta_kernel, uses_hessian=True, uses_output=True),
    Quantity(
        "residual_meta_kernel_diagonal", _residual_meta_kernel_diagonal, uses_hessian=True, uses_output=True
    ),
    Quantity(
        "residual_meta_kernel_off_diagonal",
        _residual_meta_kernel_off_diagonal,
        uses_hessian=True,
        uses_output=True,
    ),
    Quantity("kernel_meta_kernel_covariance", _kernel_meta_kernel_covariance, circuits=2, uses_hessian=True),
    *_statistics_of(Quantity("supervised_kernel", _supervised_kernel, num_observables=2, uses_overlap=True)),
    Quantity("supervised_kernel_covariance", _supervised_kernel_covariance, circuits=2, uses_overlap=True),
    Quantity("supervised_kernel_eigenvalue_uniform", _uniform, uses_num_inputs=True),
    Quantity("supervised_kernel_eigenvalue_difference", _difference, uses_num_inputs=True),
    *_statistics_of(Quantity("output", _output, uses_output=True), "variance", "third_cumulant"),
)

QUANTITIES: Final = {quantity.name: quantity for quantity in _TABLE}


def quantity_of(name: str) -> Quantity:
    """Return what a quantity takes, by its name.

    Examples:
        >>> quantity_of("kernel_variance").circuits
        2
    """
    return QUANTITIES[one_of("quantity", name, QUANTITIES)]


def quantities() -> tuple[str, ...]:
    """Return the names of the quantities that ``simulate`` estimates.

    Examples:
        >>> quantities()[:3]
        ('gradient_variance', 'kernel_mean', 'kernel_second_moment')
    """
    return tuple(QUANTITIES)
