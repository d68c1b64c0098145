"""What can be asked for: the named formulas, each a row of a table, and the moments of any expression.

A row says what is averaged, where it is published and where it is derived; a moment is a polynomial in means, as on
paper, which the engine averages term by term.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from haarqntk.algebra import DEPTH, SIGMA, Overlap, Trace, TracePolynomial
from haarqntk.checks import integer, one_of
from haarqntk.circuits import ENSEMBLES, GENERATORS, Circuit, Expression
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.qntk import _recipe
from haarqntk.qntk._eigenvalues import EigenvalueFormula
from haarqntk.qntk._formula import Formula, formula_of
from haarqntk.qntk._recipe import Recipe, Variable, Variables, typewriter, variables_of

if TYPE_CHECKING:
    from collections.abc import Callable

# The independence of different derivatives and the average over generators say nothing of two inputs' overlap.
_OVERLAP_ENSEMBLES = tuple(name for name, ensemble in ENSEMBLES.items() if ensemble.sees_overlaps)
_ONE, _ZERO = TracePolynomial.constant(1), TracePolynomial({})
_SAME_OBSERVABLE = {
    Trace(letters): TracePolynomial.variable(Trace(("O",) * len(letters)))
    for letters in (("O1",), ("O2",), ("O1", "O2"))
}
_OVERLAP = Overlap(("a", "b"))


class _Row(NamedTuple):
    """A named formula: a polynomial in means of the random variables of a circuit, its texts and its source."""

    recipe: Callable[[Variables], Recipe]
    notation: str
    definition: str
    definition_latex: str
    reference: str
    ensembles: tuple[str, ...] = (*ENSEMBLES,)


def _entry(of: Variables, overlap: TracePolynomial) -> Recipe:
    """An entry of the kernel matrix of several inputs, for one observable."""
    return _recipe.mean(of.K12).substitute({_OVERLAP: overlap, **_SAME_OBSERVABLE})


def _eigenvalue(notation: str, weight: TracePolynomial) -> _Row:
    """The diagonal entry and ``weight`` times the other one."""
    return _Row(
        lambda of: _entry(of, _ONE) + _entry(of, _ZERO) * weight,
        notation,
        "eigenvalues of E[K_δδ'] for |A| = n orthogonal inputs φ_δ, one observable",
        r"\text{eigenvalues of } \mathbb{E}[K_{\delta\delta'}]"
        r" \text{ for } |A| \text{ orthogonal inputs, one observable}",
        "liu2023, Eq. (21); derivations/05_supervised_kernel.md",
        _OVERLAP_ENSEMBLES,
    )


_ROWS = {
    "gradient_variance": _Row(
        lambda of: _recipe.mean(of.K).substitute({DEPTH: _ONE}),
        r"\operatorname{Var} g_l",
        "Var g_l = E[g_l²], g_l = ∂z/∂θ_l",
        r"\operatorname{Var} g_l = \mathbb{E}[g_l^2], \quad g_l = \partial z/\partial\theta_l",
        "liu2023; derivations/03_kernel_mean.md",
    ),
    "kernel_mean": _Row(
        lambda of: _recipe.mean(of.K),
        r"\overline{K}",
        "K̄ = E[Σ_l g_l²]",
        r"\overline{K} = \mathbb{E}\left[\sum_l g_l^2\right]",
        "liu2023, Eqs. (6), (9); derivations/03_kernel_mean.md",
    ),
    "kernel_second_moment": _Row(
        lambda of: _recipe.mean(of.K**2),
        r"\mathbb{E}[K^2]",
        "E[K²] = E[Σ_{l,m} g_l² g_m²]",
        r"\mathbb{E}[K^2] = \mathbb{E}\left[\sum_{l, m} g_l^2 g_m^2\right]",
        "liu2023, Eq. (12); zhang2024; derivations/04_kernel_variance.md",
    ),
    "kernel_variance": _Row(
        lambda of: _recipe.variance(of.K),
        r"(\Delta K)^2",
        "ΔK² = E[K²] − K̄²",
        r"(\Delta K)^2 = \mathbb{E}[K^2] - \overline{K}^2",
        "liu2023, Eq. (12); zhang2024; derivations/04_kernel_variance.md",
    ),
    "meta_kernel_mean": _Row(
        lambda of: _recipe.mean(of.mu),
        r"\mathbb{E}[\mu]",
        "E[μ] = E[Σ_{l,m} h_lm g_l g_m], h_lm = ∂²z/∂θ_l∂θ_m",
        r"\mathbb{E}[\mu] = \mathbb{E}\left[\sum_{l, m} h_{lm} g_l g_m\right],"
        r" \quad h_{lm} = \partial^2 z/\partial\theta_l\partial\theta_m",
        "liu2023, Eq. (14); zhang2024; derivations/06_meta_kernel.md",
    ),
    "meta_kernel_second_moment": _Row(
        lambda of: _recipe.mean(of.mu**2),
        r"(\Delta\mu)^2",
        "Δμ² = E[μ²]",
        r"(\Delta\mu)^2 = \mathbb{E}[\mu^2]",
        "liu2023, Eq. (15); derivations/06_meta_kernel.md",
    ),
    "supervised_kernel_mean": _Row(
        lambda of: _recipe.mean(of.K12).substitute({_OVERLAP: TracePolynomial.variable(SIGMA)}),
        r"\overline{K}^{12}_{\varphi\varphi'}",
        "K̄₁₂(φ, φ') = E[Σ_l ∂_l z_1(φ) ∂_l z_2(φ')], σ = |⟨φ|φ'⟩|²",
        r"\overline{K}^{12}_{\varphi\varphi'} = \mathbb{E}\left[\sum_l"
        r" \partial_l z_1(\varphi)\, \partial_l z_2(\varphi')\right],"
        r" \quad \sigma = |\langle \varphi | \varphi' \rangle|^2",
        "liu2023, Eq. (17); derivations/05_supervised_kernel.md",
        _OVERLAP_ENSEMBLES,
    ),
}
_EIGENVALUES = "supervised_kernel_eigenvalues"
_EIGENVALUE_ROWS = {
    "uniform": _eigenvalue(r"\lambda_1", TracePolynomial.variable("n") - _ONE),
    "difference": _eigenvalue(r"\lambda_2", -_ONE),
}


def formulas() -> tuple[str, ...]:
    """The names that ``formula`` knows.

    Examples:
        >>> formulas()[:2]
        ('gradient_variance', 'kernel_mean')

    Reference:
        liu2023; derivations/03_kernel_mean.md to derivations/06_meta_kernel.md.
    """
    return (*_ROWS, _EIGENVALUES)


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
    known = _EIGENVALUE_ROWS["uniform"] if name == _EIGENVALUES else _ROWS[name]
    if ensemble not in known.ensembles:
        raise InputError(
            f"ensemble of {name} must be one of {', '.join(known.ensembles)}, got {ensemble!r}: "
            "the others say nothing of two inputs"
        )
    return _derive(name, Circuit(ensemble, generators))


def closed_form(
    name: str, ensemble: str = "segments", *, generators: str = "pauli", part: str = "uniform"
) -> Formula:
    """The named formula as one closed form; of eigenvalues the ``part``, "uniform" or "difference".

    Raises:
        UnknownNameError, InputError, CostError: As ``formula``.

    Examples:
        >>> closed_form("supervised_kernel_eigenvalues", part="difference").name
        'supervised_kernel_eigenvalues, difference'
    """
    value = formula(name, ensemble=ensemble, generators=generators)
    if isinstance(value, EigenvalueFormula):
        return value.uniform if part == "uniform" else value.difference
    return value


@lru_cache(maxsize=128)  # every name under every ensemble with its generators
def _derive(name: str, circuit: Circuit) -> Formula | EigenvalueFormula:
    def of_row(name: str, row: _Row) -> Formula:
        texts = {key: text for key, text in row._asdict().items() if isinstance(text, str)}
        return formula_of(name, row.recipe(variables_of(circuit)), circuit, **texts)

    if name != _EIGENVALUES:
        return of_row(name, _ROWS[name])
    uniform, difference = (of_row(f"{name}, {part}", row) for part, row in _EIGENVALUE_ROWS.items())
    mean_kernel = "supervised_kernel_mean"
    return EigenvalueFormula(name, uniform, difference, of_row(mean_kernel, _ROWS[mean_kernel]))


# -- moments of any expression -----------------------------------------------------------------------------------


def mean(expression: Expression) -> Formula:
    """The mean E[A] of a polynomial in outputs and their derivatives, exact in D and L.

    Args:
        expression: Built from ``hq.Circuit``, with every layer index summed. Up to 6 factors; 4 for general
            generators or the ensemble "generator_average"; K^n alone up to n = 5.

    Returns:
        The closed form, the same kind of value as ``hq.formula`` gives.

    Raises:
        InputTypeError: If the argument is no expression.
        InputError: If a layer index is free.
        CostError: If there are too many factors.

    Examples:
        >>> import haarqntk as hq
        >>> e, (l,) = hq.Circuit().residual(), hq.layer_indices("l")
        >>> print(hq.mean(hq.sum_over(e.d(l) ** 2, l)))
        2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)

    Reference:
        derivations/02_the_walk.md.
    """
    return _statistic("E", _recipe.mean, expression)


def variance(expression: Expression) -> Formula:
    """The variance E[A²] − E[A]²; see ``mean``.

    Raises:
        InputTypeError, InputError, CostError: As ``mean``.

    Examples:
        >>> import haarqntk as hq
        >>> e, (l,) = hq.Circuit().residual(), hq.layer_indices("l")
        >>> hq.variance(hq.sum_over(e.d(l) ** 2, l)) == hq.formula("kernel_variance")
        True

    Reference:
        derivations/02_the_walk.md.
    """
    return _statistic("Var", _recipe.variance, expression)


def covariance(left: Expression, right: Expression) -> Formula:
    """The covariance E[AB] − E[A] E[B] of two expressions of one circuit; see ``mean``.

    Raises:
        InputTypeError, InputError, CostError: As ``mean``, or if the two belong to different circuits.

    Examples:
        >>> import haarqntk as hq
        >>> c, (l,) = hq.Circuit(), hq.layer_indices("l")
        >>> z1, z2 = c.output(observable="O1"), c.output(observable="O2")
        >>> print(hq.covariance(z1, z2))
        (D*T_O1O2 - T_O1*T_O2)/(D**2*(D + 1))

    Reference:
        derivations/02_the_walk.md.
    """
    return _statistic("Cov", _recipe.covariance, left, right)


def cumulant(expression: Expression, order: int) -> Formula:
    """The cumulant κ_n(A): the mean, the variance, the third central moment, …; see ``mean``.

    Args:
        expression: Built from ``hq.Circuit``.
        order: n, an integer ≥ 1.

    Raises:
        InputTypeError, InputError: As ``mean``, or if the order is no integer ≥ 1.
        CostError: If the order takes too many factors.

    Examples:
        >>> import haarqntk as hq
        >>> z = hq.Circuit().output()
        >>> hq.cumulant(z, 2) == hq.variance(z)
        True

    Reference:
        derivations/02_the_walk.md.
    """
    _check(expression)
    n, k = integer("order", order, at_least=1), expression.num_copies
    if n * k > (largest := expression.largest_num_copies):
        raise CostError(
            f"a cumulant of order {n} with k = {n} · {k} = {n * k} factors would not finish; "
            f"the largest number of factors is {largest}"
        )
    return _statistic(f"kappa_{n}", partial(_recipe.cumulant, order=n), expression)


def _statistic(operator: str, recipe: Callable[..., Recipe], *expressions: Expression) -> Formula:
    for expression in expressions:
        _check(expression)
    variables = [*map(Variable, expressions)]
    text = f"{operator}[{', '.join(a.body for a in variables)}]"
    latex, circuit = typewriter(text), expressions[0].circuit
    texts = {"definition": text, "definition_latex": latex, "notation": latex}
    return formula_of(text, recipe(*variables), circuit, reference="derivations/02_the_walk.md", **texts)


def _check(expression: object) -> None:
    if not isinstance(expression, Expression):
        raise InputTypeError(
            f"expression must be built from a circuit's outputs, got {type(expression).__name__}; "
            "start with e = hq.Circuit().residual()"
        )
    if expression.free:
        names = ", ".join(sorted(expression.free))
        raise InputError(f"every layer index must be summed, got the free index {names}; use hq.sum_over")
