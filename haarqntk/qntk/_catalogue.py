"""The named formulas: what each averages, where it is published, where it is derived."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from haarqntk._arguments import one_of
from haarqntk.algebra import TracePolynomial
from haarqntk.circuits import ENSEMBLES, GENERATORS, PAULI_STRINGS, Circuit, cost_of
from haarqntk.errors import InputError
from haarqntk.qntk import _kernel, _supervised
from haarqntk.qntk._eigenvalues import EigenvalueFormula
from haarqntk.qntk._formula import Formula
from haarqntk.qntk._recipe import Average, Recipe, add_recipes, design_order, recipe, scale_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from haarqntk.circuits import Expression
    from haarqntk.designs import Dimension

# The independence of different derivatives and the average over generators say nothing of two inputs' overlap.
_OVERLAP_ENSEMBLES = ("segments", *PAULI_STRINGS)


@dataclass(frozen=True, slots=True)
class _Entry:
    derive: Callable[[Circuit, Dimension], TracePolynomial]
    averaged: Callable[[Circuit], Expression]  # the largest expression of which a mean is taken
    definition: str
    definition_latex: str
    notation: str
    reference: str
    recipe: Callable[[Circuit], Recipe]
    ensembles: tuple[str, ...] = ENSEMBLES


# -- what each is made of, for explain -----------------------------------------------------------------


def _K(circuit: Circuit, **at: TracePolynomial) -> Average:
    return Average(_kernel.kernel(circuit), ("E[K]", r"\mathbb{E}[K]"), tuple(at.items()))


def _K2(circuit: Circuit) -> Average:
    return Average(_kernel.kernel(circuit) ** 2, ("E[K²]", r"\mathbb{E}[K^2]"))


def _mu(circuit: Circuit) -> Average:
    return Average(_kernel.meta_kernel(circuit), ("E[μ]", r"\mathbb{E}[\mu]"))


def _mu2(circuit: Circuit) -> Average:
    return Average(_kernel.meta_kernel(circuit) ** 2, ("E[μ²]", r"\mathbb{E}[\mu^2]"))


def _K12(circuit: Circuit, **at: TracePolynomial) -> Average:
    return Average(
        _supervised.supervised_kernel(circuit), ("E[K₁₂]", r"\mathbb{E}[K^{12}]"), tuple(at.items())
    )


def _eigenvalue(circuit: Circuit, weight: TracePolynomial) -> Recipe:
    """The diagonal entry, σ = 1, and ``weight`` times the other one, σ = 0, for one observable."""
    diagonal, off_diagonal = (
        recipe(
            _K12(circuit, sigma_ab=TracePolynomial.constant(sigma), **_supervised.SAME_OBSERVABLE),
            coefficient=coefficient,
        )
        for sigma, coefficient in ((1, 1), (0, weight))
    )
    return add_recipes(diagonal, off_diagonal)


_ENTRIES = {
    "gradient_variance": _Entry(
        derive=_kernel.gradient_variance,
        averaged=_kernel.kernel,
        definition="Var g_l = E[g_l²], g_l = ∂z/∂θ_l",
        definition_latex=r"\operatorname{Var} g_l = \mathbb{E}[g_l^2], \quad g_l = \partial z/\partial\theta_l",
        notation=r"\operatorname{Var} g_l",
        reference="liu2023; derivations/03_kernel_mean.md",
        recipe=lambda circuit: recipe(_K(circuit, L=TracePolynomial.constant(1))),
    ),
    "kernel_mean": _Entry(
        derive=_kernel.kernel_mean,
        averaged=_kernel.kernel,
        definition="K̄ = E[Σ_l g_l²]",
        definition_latex=r"\overline{K} = \mathbb{E}\left[\sum_l g_l^2\right]",
        notation=r"\overline{K}",
        reference="liu2023, Eqs. (6), (9); derivations/03_kernel_mean.md",
        recipe=lambda circuit: recipe(_K(circuit)),
    ),
    "kernel_second_moment": _Entry(
        derive=_kernel.kernel_second_moment,
        averaged=lambda circuit: _kernel.kernel(circuit) ** 2,
        definition="E[K²] = E[Σ_{l,m} g_l² g_m²]",
        definition_latex=r"\mathbb{E}[K^2] = \mathbb{E}\left[\sum_{l, m} g_l^2 g_m^2\right]",
        notation=r"\mathbb{E}[K^2]",
        reference="liu2023, Eq. (12); zhang2024; derivations/04_kernel_variance.md",
        recipe=lambda circuit: recipe(_K2(circuit)),
    ),
    "kernel_variance": _Entry(
        derive=_kernel.kernel_variance,
        averaged=lambda circuit: _kernel.kernel(circuit) ** 2,
        definition="ΔK² = E[K²] − K̄²",
        definition_latex=r"(\Delta K)^2 = \mathbb{E}[K^2] - \overline{K}^2",
        notation=r"(\Delta K)^2",
        reference="liu2023, Eq. (12); zhang2024; derivations/04_kernel_variance.md",
        recipe=lambda circuit: add_recipes(
            recipe(_K2(circuit)), scale_recipe(recipe(_K(circuit), _K(circuit)), -1)
        ),
    ),
    "meta_kernel_mean": _Entry(
        derive=_kernel.meta_kernel_mean,
        averaged=_kernel.meta_kernel,
        definition="E[μ] = E[Σ_{l,m} h_lm g_l g_m], h_lm = ∂²z/∂θ_l∂θ_m",
        definition_latex=r"\mathbb{E}[\mu] = \mathbb{E}\left[\sum_{l, m} h_{lm} g_l g_m\right],"
        r" \quad h_{lm} = \partial^2 z/\partial\theta_l\partial\theta_m",
        notation=r"\mathbb{E}[\mu]",
        reference="liu2023, Eq. (14); zhang2024; derivations/06_meta_kernel.md",
        recipe=lambda circuit: recipe(_mu(circuit)),
    ),
    "meta_kernel_second_moment": _Entry(
        derive=_kernel.meta_kernel_second_moment,
        averaged=lambda circuit: _kernel.meta_kernel(circuit) ** 2,
        definition="Δμ² = E[μ²]",
        definition_latex=r"(\Delta\mu)^2 = \mathbb{E}[\mu^2]",
        notation=r"(\Delta\mu)^2",
        reference="liu2023, Eq. (15); derivations/06_meta_kernel.md",
        recipe=lambda circuit: recipe(_mu2(circuit)),
    ),
    "supervised_kernel_mean": _Entry(
        derive=_supervised.supervised_kernel_mean,
        averaged=_supervised.supervised_kernel,
        definition="K̄₁₂(φ, φ') = E[Σ_l ∂_l z_1(φ) ∂_l z_2(φ')], σ = |⟨φ|φ'⟩|²",
        definition_latex=r"\overline{K}^{12}_{\varphi\varphi'} = \mathbb{E}\left[\sum_l"
        r" \partial_l z_1(\varphi)\, \partial_l z_2(\varphi')\right],"
        r" \quad \sigma = |\langle \varphi | \varphi' \rangle|^2",
        notation=r"\overline{K}^{12}_{\varphi\varphi'}",
        reference="liu2023, Eq. (17); derivations/05_supervised_kernel.md",
        recipe=lambda circuit: recipe(_K12(circuit, sigma_ab=TracePolynomial.variable("sigma"))),
        ensembles=_OVERLAP_ENSEMBLES,
    ),
}
_EIGENVALUES = "supervised_kernel_eigenvalues"
_EIGENVALUE_ENTRIES = {
    part: _Entry(
        derive=derive,
        averaged=_supervised.supervised_kernel,
        definition="eigenvalues of E[K_δδ'] for |A| = n orthogonal inputs φ_δ, one observable",
        definition_latex=r"\text{eigenvalues of } \mathbb{E}[K_{\delta\delta'}]"
        r" \text{ for } |A| \text{ orthogonal inputs, one observable}",
        notation=notation,
        reference="liu2023, Eq. (21); derivations/05_supervised_kernel.md",
        recipe=partial(_eigenvalue, weight=weight),
        ensembles=_OVERLAP_ENSEMBLES,
    )
    for part, derive, notation, weight in (
        (
            "uniform",
            _supervised.uniform_eigenvalue,
            r"\lambda_1",
            TracePolynomial.variable("n") - TracePolynomial.constant(1),
        ),
        ("difference", _supervised.difference_eigenvalue, r"\lambda_2", TracePolynomial.constant(-1)),
    )
}


def formulas() -> tuple[str, ...]:
    """The names that ``formula`` knows.

    Examples:
        >>> formulas()[:2]
        ('gradient_variance', 'kernel_mean')

    Reference:
        liu2023; derivations/03_kernel_mean.md to derivations/06_meta_kernel.md.
    """
    return (*_ENTRIES, _EIGENVALUES)


def formula(
    name: str, *, ensemble: str = "segments", generators: str = "pauli"
) -> Formula | EigenvalueFormula:
    r"""Derive a named closed form, exact in D and L.

    Args:
        name: One of ``formulas()``.
        ensemble: The ensemble that is averaged over: "segments" (default), independent Haar unitaries (or
            t-designs) between the layers; "independent_layers", "prl_ansatz", "prl_ansatz_with_input_block" or
            "generator_average", as in ``hq.Circuit``. A formula that sees the missing input block of
            "prl_ansatz" is refused there.
        generators: "pauli" (default), X² = 1 and Tr X = 0; or "general", through X_j = Tr X^j, up to
            four factors.

    Returns:
        The closed form with ``to_sympy()``, ``latex()``, ``at(…)``, ``series(…)``, ``design_order``,
        ``ensemble`` and ``reference``.

    Raises:
        UnknownNameError: If the name, the ensemble or the generators are unknown.
        CostError: If general generators are asked for where six factors are averaged.

    Examples:
        >>> formula("kernel_mean").to_sympy()
        2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
        >>> formula("kernel_mean", ensemble="generator_average").to_sympy()
        -2*D*L*(m1**2 - m2)/((D - 1)*(D + 1))

    Reference:
        liu2023; derivations/03_kernel_mean.md to derivations/06_meta_kernel.md.
    """
    one_of("formula", name, formulas())
    one_of("generators", generators, GENERATORS)
    one_of("ensemble", ensemble, ENSEMBLES)
    known = _EIGENVALUE_ENTRIES["uniform"] if name == _EIGENVALUES else _ENTRIES[name]
    if ensemble not in known.ensembles:
        raise InputError(
            f"ensemble of {name} must be one of {', '.join(known.ensembles)}, got {ensemble!r}: "
            "the others say nothing of two inputs"
        )
    return _derive(name, Circuit(ensemble, generators))


@cache
def _derive(name: str, circuit: Circuit) -> Formula | EigenvalueFormula:
    if name != _EIGENVALUES:
        return _as_formula(name, _ENTRIES[name], circuit)
    parts = {
        part: _as_formula(f"{name}, {part}", entry, circuit) for part, entry in _EIGENVALUE_ENTRIES.items()
    }
    mean = _as_formula("supervised_kernel_mean", _ENTRIES["supervised_kernel_mean"], circuit)
    return EigenvalueFormula(name, parts["uniform"], parts["difference"], mean)


def _as_formula(name: str, entry: _Entry, circuit: Circuit) -> Formula:
    derive = partial(entry.derive, circuit)
    return Formula(
        name=name,
        polynomial=derive(None),
        ensemble=circuit.ensemble,
        generators=circuit.generators,
        design_order=design_order(entry.recipe(circuit)),
        cost=cost_of(entry.averaged(circuit)),
        definition=entry.definition,
        definition_latex=entry.definition_latex,
        notation=entry.notation,
        reference=entry.reference,
        derive=derive,
        recipe=entry.recipe(circuit),
    )
