"""Derivations: their sums are the formulas, their second routes agree, nothing is recorded unasked."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from shortcuts import closed_form, eigenvalue_formula

import haarqntk as hq
from haarqntk.algebra import TracePolynomial
from haarqntk.circuits import kernel_moment
from haarqntk.errors import InputError
from haarqntk.export import plain_text
from haarqntk.qntk import Equation, Paragraph, Table

NAMES = [name for name in hq.formulas() if name != "supervised_kernel_eigenvalues"]
c = hq.Circuit()
l, m = hq.layer_indices("l m")
e = c.residual()
K = hq.sum_over(e.d(l) ** 2, l)
MU = hq.sum_over(e.d(l, m) * e.d(l) * e.d(m), l, m)


@pytest.mark.parametrize("name", NAMES)
def test_the_patterns_add_up_to_the_formula_and_the_second_route_agrees(name: str) -> None:
    formula = closed_form(name)
    derivation = formula.explain()
    means = {}
    for average in derivation.averages:
        total = TracePolynomial({})
        for term in average.terms:
            for pattern in term.patterns:
                total = total + pattern.contribution * term.coefficient
        means[average.expression] = total
        route = average.second_route
        assert route is not None
        assert route.by_walk == route.by_route
        assert route.value_by_walk == route.value_by_route
        assert route.values
    (result,) = derivation.results
    assert result.recipe.value(means) == formula.polynomial


def test_both_eigenvalues_come_from_one_mean() -> None:
    formula = eigenvalue_formula()
    derivation = formula.explain()
    assert [result.polynomial for result in derivation.results] == [
        formula.uniform.polynomial,
        formula.difference.polynomial,
    ]
    assert len(derivation.averages) == 1


def test_a_wrong_recipe_is_noticed() -> None:
    mean = closed_form("kernel_mean")
    wrong = replace(mean, recipe=(mean * 2).recipe)
    with pytest.raises(AssertionError):
        wrong.explain()


@pytest.mark.parametrize(
    "formula",
    [
        hq.covariance(e, K),
        hq.cumulant(c.output(), 3),
        hq.mean(e**2),
        hq.mean(hq.sum_over(c.output() * e.d(l, l), l)),
        closed_form("kernel_mean") * closed_form("kernel_mean") + 3 * closed_form("kernel_variance"),
        closed_form("kernel_variance").centred(),
        closed_form("supervised_kernel_mean").centred(),
    ],
)
def test_any_formula_explains_itself(formula: hq.Formula) -> None:
    derivation = formula.explain()
    assert derivation.results[0].polynomial == formula.polynomial
    assert all(average.second_route is None or average.second_route.agrees for average in derivation.averages)
    assert max(map(len, str(derivation).splitlines())) <= 80


@pytest.mark.parametrize(
    "ensemble", ["independent_layers", "prl_ansatz_with_input_block", "generator_average"]
)
@pytest.mark.parametrize("name", ["kernel_variance", "meta_kernel_mean"])
def test_other_ensembles(name: str, ensemble: str) -> None:
    derivation = hq.formula(name, ensemble=ensemble).explain()
    assert f"Ensemble {ensemble}" in str(derivation)
    routes = [average.second_route for average in derivation.averages]
    assert all(route is None for route in routes) == (ensemble == "generator_average")
    assert all(route.agrees for route in routes if route)


def test_general_generators() -> None:
    text = str(hq.formula("kernel_mean", generators="general").explain())
    assert "X1**2" in text


def test_a_high_power_of_the_kernel_is_factorised() -> None:
    derivation = hq.mean(K**3).explain()
    (average,) = derivation.averages
    assert average.mean == kernel_moment(3)
    assert average.second_route is None
    assert "Factorisation" in str(derivation)


def test_products_that_are_no_power_of_the_kernel_are_checked_at_one_layer() -> None:
    third = hq.sum_over(e.d(l, l, l) * e.d(l) ** 5, l)
    for expression, vanishes in ((MU * K, True), (third, False)):
        (average,) = hq.mean(expression).explain().averages
        route = average.second_route
        assert route is not None
        assert (route.route, route.agrees, not route.by_route) == ("one layer", True, vanishes)


def test_a_coefficient_of_L_refers_to_its_formula() -> None:
    with pytest.raises(
        InputError, match=r"explain must be asked of a whole formula, got coefficient of L\*\*1 in"
    ):
        closed_form("kernel_mean").coefficient_of_L(1).explain()


def test_derivations_are_values() -> None:
    first, second = (closed_form("kernel_mean").explain() for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)


def test_known_means_are_referred_to() -> None:
    derivation = closed_form("kernel_variance").explain()
    titles = [step.title.template for step in derivation.steps(known=frozenset({"E[K²]", "E[K]"}))]
    assert titles == ["Definition", "The mean of {}", "The mean of {}", "Closed form"]


def test_prose_is_plain_and_mathematics_is_marked() -> None:
    """Unicode mathematics stands between marks, so that LaTeX and Markdown can write it."""
    for name in hq.formulas():
        for step in hq.formula(name).explain().steps():
            for block in (step.title, *step.blocks):
                assert isinstance(block, Paragraph | Equation | Table)
                if isinstance(block, Paragraph):
                    words = "".join(p for p in block.pieces() if isinstance(p, str))
                    assert words.isascii()
                    assert not re.search(r"[{}$\\_^]", words.replace("independent_layers", ""))
                    assert all(p.latex.isascii() for p in block.pieces() if not isinstance(p, str))


@pytest.mark.parametrize(
    ("ensemble", "designs"),
    [
        ("segments", "Unitary 3-designs do for the segments."),
        ("independent_layers", "Unitary 1-designs do for the segments."),
        ("generator_average", "Unitary 4-designs do for the rotations of the generators."),
    ],
)
def test_the_copies_name_the_design_order_of_their_mean(ensemble: str, designs: str) -> None:
    assert designs in " ".join(str(hq.formula("meta_kernel_mean", ensemble=ensemble).explain()).split())


def test_a_mean_of_what_is_kept_needs_no_average() -> None:
    kept = hq.mean(hq.Circuit("generator_average").output())
    assert "No average is needed." in " ".join(str(kept.explain()).split())
    assert "generator_average, no average is needed;" in plain_text(kept)
