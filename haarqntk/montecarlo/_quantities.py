"""What can be estimated and over which circuits: the tables of quantities and of ensembles, each by its name.

A quantity is a statistic of a variable, such as the variance of the kernel; ``kernel_variance`` is its name. Every
quantity is a mean of independent, identically distributed values, so that its estimate is unbiased and its standard
error means what it says. Variables are functions of first and second derivatives,

    G[sample, observable, input, layer] = ∂z/∂θ_l,    z = ⟨φ|U†OU|φ⟩,  θ in radians,
    H[sample, observable, input, layer, other layer] = ∂²z/∂θ_l∂θ_m,

of the outputs themselves, of the centred observable,

    Z[sample, observable, input] = z − Tr O/D,

and of nothing else; what a variable takes it names by its arguments. A new one is an entry of the table.

What is random in a circuit of each ensemble, ``simulate`` says; all of it is drawn anew for every circuit.

Reference: [liu2023] Eq. 20 for the ansatz and Eq. 12 for independent layers, [you2023] for the last one.
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from haarqntk.checks import one_of

if TYPE_CHECKING:
    from collections.abc import Callable

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]
Integers = NDArray[np.int_]

# Below this fraction of the size of its terms, a sum is rounding: 4096 units in the last place. A relative standard
# error as small would take 10²⁴ samples: nothing statistical is mistaken for it.
ROUNDING: Final = 2.0**-40


def without_rounding(G: Real, *others: Real, observables: Real, generator: Real | None) -> tuple[Real, ...]:
    """Return the derivatives with exact zeros where nothing but rounding is left.

    A derivative is a sum of terms of the size ‖O‖‖X‖ for G, ‖O‖‖X‖² for H, ‖O‖ for Z. Below 2⁻⁴⁰ of that it is
    rounding, also beside an exact 0: its square would be a positive number whose mean, over many samples, is many
    standard errors from 0. The same is true of the sum of gradients over the inputs, which is taken off.

    H and Z follow G as far as they are needed; the generator is the diagonal of X, or None for X² = 1.
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


def _settled(total: Real, size: Real) -> Real:
    """Return a sum with 0 where it is within rounding of the size of its terms."""
    return np.where(np.abs(total) <= ROUNDING * size, 0.0, total)


# -- variables -------------------------------------------------------------------------------------------------


def _kernel(G: Real, first: tuple[int, int] = (0, 0), second: tuple[int, int] = (0, 0)) -> Real:
    """Σ_l ∂_l z ∂_l z', for an observable and an input each."""
    return np.asarray((G[:, *first] * G[:, *second]).sum(axis=-1))


def _uniform(G: Real) -> Real:
    """uᵀKu for u = (1, …, 1)/√n and K_{δδ'} = Σ_l ∂_l z(δ) ∂_l z(δ'): Σ_l (Σ_δ ∂_l z(δ))²/n.

    The outputs of a whole basis sum to Tr O, whose gradient is 0; see ``without_rounding``.
    """
    total = _settled(G[:, 0].sum(axis=1), np.abs(G[:, 0]).sum(axis=1))
    return np.asarray(np.square(total).sum(axis=-1) / G.shape[2])


def _meta_kernel(G: Real, H: Real) -> Real:
    """μ = Σ_{lm} h_lm g_l g_m, for one observable and one input."""
    return np.asarray(np.einsum("nl,nlm,nm->n", G[:, 0, 0], H[:, 0, 0], G[:, 0, 0]))


def _diagonal(G: Real, H: Real, Z: Real) -> Real:
    """ε Σ_l h_ll g_l², the part of εμ with equal layers."""
    return np.asarray(Z[:, 0, 0] * np.einsum("nll,nl->n", H[:, 0, 0], np.square(G[:, 0, 0])))


def _off_diagonal(G: Real, H: Real, Z: Real) -> Real:
    """ε Σ_{l≠m} h_lm g_l g_m, the part of εμ with different layers."""
    total, diagonal = Z[:, 0, 0] * _meta_kernel(G, H), _diagonal(G, H, Z)
    return _settled(total - diagonal, np.abs(total) + np.abs(diagonal))


_VARIABLES: dict[str, Callable[..., Real]] = {
    "kernel": _kernel,  # K = Σ_l g_l², for one observable and one input
    "square": lambda G: (
        _kernel(G) / G.shape[-1]
    ),  # the mean of a gradient is 0, as z is periodic in its angle
    "supervised_kernel": lambda G: _kernel(G, (0, 0), (1, 1)),  # Σ_l ∂_l z_1(φ) ∂_l z_2(φ')
    "mixed_kernel": lambda G: _kernel(G, (0, 0), (0, 1)),  # K_12, between φ and φ'
    "uniform": _uniform,
    # (Tr K − uᵀKu)/(n − 1), the mean of uᵀKu over unit vectors u orthogonal to (1, …, 1)
    "difference": lambda G: (np.square(G[:, 0]).sum(axis=(1, 2)) - _uniform(G)) / (G.shape[2] - 1),
    "meta_kernel": _meta_kernel,
    "residual_meta_kernel": lambda G, H, Z: Z[:, 0, 0] * _meta_kernel(G, H),  # εμ for the target O_0 = Tr O/D
    "diagonal": _diagonal,
    "off_diagonal": _off_diagonal,
    "output": lambda Z: Z[:, 0, 0],  # z − Tr O/D, whose cumulants from the second on are those of z
}


# -- statistics ------------------------------------------------------------------------------------------------


def _covariances(first: Real, second: Real) -> Real:
    """(x − x')(y − y')/2 for pairs of independent samples: the mean is Cov(x, y) without bias."""
    pairs = ((x[0::2], x[1::2]) for x in (first, second))
    x, y = (_settled(a - b, np.abs(a) + np.abs(b)) for a, b in pairs)
    return np.asarray(x * y / 2)


def _third_cumulants(x: Real) -> Real:
    """Re (x + ωx' + ω²x'')³/3 with ω³ = 1, for three independent samples: the mean is κ_3 without bias."""
    a, b, c = (x[start::3] for start in range(3))
    scale = np.abs(a) + np.abs(b) + np.abs(c)
    real, difference = _settled(a - (b + c) / 2, scale), _settled(b - c, scale)
    return np.asarray(real * (real**2 / 3 - 3 * difference**2 / 4))


_STATISTICS: dict[str, tuple[int, Callable[..., Real]]] = {
    "mean": (1, lambda x: x),
    "second_moment": (1, lambda x: x**2),
    "third_moment": (1, lambda x: x**3),
    "fourth_moment": (1, lambda x: x**4),
    "variance": (2, lambda x: _covariances(x, x)),
    "third_cumulant": (3, _third_cumulants),
    "covariance": (2, _covariances),
}
"""Statistic → how many independent circuits one value takes, and the function of the values of its variables."""


@dataclass(frozen=True)
class Quantity:
    """One entry of the table: a statistic of one variable, or of two.

    Args:
        name: The name that users type.
        variables: Names of variables.
        statistic: The name of the statistic.
        num_observables: A, 1 or 2.
        uses_overlap: Whether there are P = 2 inputs of a given overlap |⟨φ|φ'⟩|².
        uses_num_inputs: Whether there are P ≥ 2 orthonormal inputs; their number is then an argument.
    """

    name: str
    variables: tuple[str, ...]
    statistic: str = "mean"
    num_observables: int = 1
    uses_overlap: bool = False
    uses_num_inputs: bool = False

    @functools.cached_property
    def derivatives(self) -> str:
        """What is needed: "G", "GH", "GHZ" or "GZ"; nobody computes H or Z where they are not."""
        return "".join(x for x in "GHZ" if x == "G" or any(x in _arguments(v) for v in self.variables))

    @property
    def circuits(self) -> int:
        """Number of independent circuits that one value takes."""
        return _STATISTICS[self.statistic][0]

    @property
    def uses_hessian(self) -> bool:
        """Whether second derivatives are needed."""
        return "H" in self.derivatives

    @property
    def uses_states(self) -> bool:
        """Whether the output states are needed, and not only how they move first."""
        return self.derivatives != "G"

    @property
    def takes_derivatives_of_one_output(self) -> bool:
        """Whether derivatives of one output are all that it needs."""
        has_one_output = self.num_observables == 1 and not self.uses_overlap and not self.uses_num_inputs
        return has_one_output and "Z" not in self.derivatives

    def values(self, *arrays: Real) -> Real:
        """Return N independent values from the ``derivatives`` of N · ``circuits`` circuits."""
        given = dict(zip(self.derivatives, arrays, strict=True))
        samples = [_VARIABLES[v](*(given[x] for x in _arguments(v))) for v in self.variables]
        return _STATISTICS[self.statistic][1](*samples)


def _arguments(variable: str) -> list[str]:
    """Which of G, H and Z the variable is a function of."""
    return [x for x in inspect.signature(_VARIABLES[variable]).parameters if x in "GHZ"]


_FOR_ONE = tuple(name for name in _STATISTICS if name != "covariance")


def _statistics_of(variable: str, *statistics: str, **options: Any) -> list[Quantity]:
    """A variable with each of the statistics; with all of them if none is named."""
    return [Quantity(f"{variable}_{name}", (variable,), name, **options) for name in statistics or _FOR_ONE]


_TABLE = (
    Quantity("gradient_variance", ("square",)),
    *_statistics_of("kernel"),
    *_statistics_of("meta_kernel"),
    *_statistics_of("residual_meta_kernel", "mean"),
    Quantity("residual_meta_kernel_diagonal", ("diagonal",)),
    Quantity("residual_meta_kernel_off_diagonal", ("off_diagonal",)),
    Quantity("kernel_meta_kernel_covariance", ("kernel", "meta_kernel"), "covariance"),
    *_statistics_of("supervised_kernel", num_observables=2, uses_overlap=True),
    Quantity("supervised_kernel_covariance", ("kernel", "mixed_kernel"), "covariance", uses_overlap=True),
    Quantity("supervised_kernel_eigenvalue_uniform", ("uniform",), uses_num_inputs=True),
    Quantity("supervised_kernel_eigenvalue_difference", ("difference",), uses_num_inputs=True),
    *_statistics_of("output", "variance", "third_cumulant"),
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


# -- ensembles -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ensemble:
    """One entry of the table.

    Args:
        name: The name that users type.
        has_input_block: Whether S_L is Haar; else it is the identity.
        uses_all_pauli_strings: Whether the generators are Pauli strings with the identity among them.
        has_independent_entries: Whether every derivative is taken from a circuit of its own. The routes then
            draw circuits of one layer for g_l and h_ll and of two for h_lm. Under ``segments`` that loses
            nothing: the Haar segments on either side of a layer absorb all the others, so a law depends
            neither on L nor on which layers they are.
        uses_populations: Whether state and observable are fixed in a common basis, and U = 1.
    """

    name: str
    has_input_block: bool = True
    uses_all_pauli_strings: bool = False
    has_independent_entries: bool = False
    uses_populations: bool = False


SEGMENTS: Final = Ensemble("segments")

_ENSEMBLES = (
    SEGMENTS,
    Ensemble("prl_ansatz", has_input_block=False, uses_all_pauli_strings=True),
    Ensemble("prl_ansatz_with_input_block", uses_all_pauli_strings=True),
    Ensemble("independent_layers", has_independent_entries=True),
    # g_l = Tr(ρ i[M, V_lX_lV_l†]) by a circuit with U = 1: S_0 = V_1, S_l = V_l†V_{l+1}, S_L = V_L†, all angles 0
    Ensemble("generator_average", uses_populations=True),
)

ENSEMBLES: Final = {ensemble.name: ensemble for ensemble in _ENSEMBLES}


def ensembles() -> tuple[str, ...]:
    """Return the names of the ensembles that ``simulate`` draws from.

    Examples:
        >>> ensembles()[:2]
        ('segments', 'prl_ansatz')
    """
    return tuple(ENSEMBLES)
