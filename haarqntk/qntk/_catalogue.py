"""The named formulas: what each averages, where it is published, where it is derived."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from haarqntk._arguments import one_of
from haarqntk.qntk import _kernel, _supervised
from haarqntk.qntk._eigenvalues import EigenvalueFormula
from haarqntk.qntk._formula import Formula

if TYPE_CHECKING:
    from collections.abc import Callable

    from haarqntk.haar import Dimension
    from haarqntk.traces import TracePolynomial

ENSEMBLES = ("segments",)


@dataclass(frozen=True, slots=True)
class _Entry:
    derive: Callable[[Dimension], TracePolynomial]
    design_order: int
    definition: str
    reference: str


_ENTRIES = {
    "gradient_variance": _Entry(
        _kernel.gradient_variance,
        2,
        "Var g_l = E[g_l²], g_l = ∂z/∂θ_l",
        "liu2023; derivations/03_kernel_mean.md",
    ),
    "kernel_mean": _Entry(
        _kernel.kernel_mean, 2, "K̄ = E[Σ_l g_l²]", "liu2023, Eqs. (6), (9); derivations/03_kernel_mean.md"
    ),
    "kernel_second_moment": _Entry(
        _kernel.kernel_second_moment,
        4,
        "E[K²] = E[Σ_{l,m} g_l² g_m²]",
        "liu2023, Eq. (12); zhang2024; derivations/04_kernel_variance.md",
    ),
    "kernel_variance": _Entry(
        _kernel.kernel_variance,
        4,
        "ΔK² = E[K²] − K̄²",
        "liu2023, Eq. (12); zhang2024; derivations/04_kernel_variance.md",
    ),
    "supervised_kernel_mean": _Entry(
        _supervised.supervised_kernel_mean,
        2,
        "E[Σ_l ∂_l z_1(φ) ∂_l z_2(φ')], σ = |⟨φ|φ'⟩|²",
        "liu2023, Eq. (17); derivations/05_supervised_kernel.md",
    ),
}
_EIGENVALUES = "supervised_kernel_eigenvalues"


def formulas() -> tuple[str, ...]:
    """The names that ``formula`` knows.

    Examples:
        >>> formulas()[:2]
        ('gradient_variance', 'kernel_mean')
    """
    return (*_ENTRIES, _EIGENVALUES)


def formula(name: str, *, ensemble: str = "segments") -> Formula | EigenvalueFormula:
    r"""Derive a named closed form, exact in D and L.

    Args:
        name: One of ``formulas()``.
        ensemble: The ensemble that is averaged over: "segments" (default), independent Haar unitaries (or
            t-designs) between the layers.

    Returns:
        The closed form with ``to_sympy()``, ``latex()``, ``at(…)``, ``series(…)``, ``design_order``,
        ``ensemble`` and ``reference``.

    Raises:
        UnknownNameError: If the name or the ensemble is unknown.

    Examples:
        >>> formula("kernel_mean").to_sympy()
        2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)

    Reference:
        liu2023; derivations/03_kernel_mean.md to 05_supervised_kernel.md.
    """
    return _derive(one_of("formula", name, formulas()), one_of("ensemble", ensemble, ENSEMBLES))


@cache
def _derive(name: str, ensemble: str) -> Formula | EigenvalueFormula:
    if name == _EIGENVALUES:
        definition = "eigenvalues of E[K_δδ'] for |A| orthogonal inputs φ_δ, one observable"
        reference = "liu2023, Eq. (21); derivations/05_supervised_kernel.md"
        uniform, difference = (
            Formula(f"{name}: {part}", derive(None), ensemble, 2, definition, reference, derive)
            for part, derive in (
                ("uniform", _supervised.uniform_eigenvalue),
                ("difference", _supervised.difference_eigenvalue),
            )
        )
        return EigenvalueFormula(name, uniform, difference)
    entry = _ENTRIES[name]
    closed_form = entry.derive(None)
    return Formula(
        name, closed_form, ensemble, entry.design_order, entry.definition, entry.reference, entry.derive
    )
