"""One name is one ensemble: every formula in every ensemble against the simulation of that name, or refused.

A name without an entry in the table is held against ``USUAL``; every ensemble has its row of refusals.
Spectra are not symmetric about their mean, and every sample tells the exact value from one that is half as large
again or two thirds as large.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import pytest

import haarqntk as hq
from haarqntk.circuits import ENSEMBLES
from haarqntk.errors import InputError
from haarqntk.montecarlo import LARGEST_Z, Problem, draw_moments, ensembles, samples_for_verdict
from haarqntk.qntk import EigenvalueFormula, Formula
from haarqntk.validation import quantities_of

QUBIT: dict[str, Any] = {"D": 2, "L": 1, "spectrum": (2, -1)}
QUBITS: dict[str, Any] = {"D": 4, "L": 1, "spectrum": (3, 1, 0, -1)}

FORMULAS: dict[str, tuple[int, dict[str, Any]]] = {
    "gradient_variance": (6_000, {**QUBITS, "L": 2}),
    "kernel_mean": (6_000, QUBIT),
    "kernel_second_moment": (10_000, QUBIT),
    "kernel_variance": (10_000, QUBIT),
    "meta_kernel_mean": (20_000, {"D": 4, "L": 3, "spectrum": (1, 0, 0, 0)}),
    "meta_kernel_second_moment": (20_000, {**QUBIT, "L": 2}),
    "supervised_kernel_mean": (
        10_000,
        {**QUBITS, "spectrum": ((3, 1, 0, -1), (2, 1, 0, 0)), "overlap": Fraction(4, 5)},
    ),
    "supervised_kernel_eigenvalues": (6_000, {**QUBITS, "num_inputs": 3}),
}
"""How many values, and of what, where the usual circuit would not tell the exact value from a wrong one."""
USUAL = (10_000, QUBIT)

OTHERS: dict[str, dict[str, str]] = {
    "segments": {},
    "independent_layers": dict.fromkeys(
        ("supervised_kernel_mean", "supervised_kernel_eigenvalues"), "must be one of segments, prl_ansatz"
    ),
    "prl_ansatz": dict.fromkeys(
        ("kernel_second_moment", "kernel_variance", "meta_kernel_second_moment"),
        "no Haar block on the input side, .* use ensemble 'prl_ansatz_with_input_block', or simulate it",
    ),
    "prl_ansatz_with_input_block": {},
    "generator_average": {
        "supervised_kernel_mean": "must be one of segments, prl_ansatz",
        "supervised_kernel_eigenvalues": "must be one of segments, prl_ansatz",
        "meta_kernel_second_moment": "the largest k for ensemble 'generator_average' and .* is 4",
    },
}
"""What each ensemble refuses, and the cure in the refusal."""


def value_of(name: str, ensemble: str) -> Fraction:
    derived = hq.formula(name, ensemble=ensemble)
    assert isinstance(derived, Formula)
    value = derived.at(**FORMULAS.get(name, USUAL)[1])
    assert isinstance(value, Fraction)
    return value


def refusal_by_definition(name: str, ensemble: str) -> str | None:
    """What a formula that the tables do not hold says in an ensemble in which it is not defined."""
    try:
        hq.formula(name, ensemble=ensemble)
    except InputError:
        return (
            None if name in FORMULAS else "must be one of segments|no Haar block on the input|the largest k"
        )
    return None


def test_the_tables_hold_formulas_and_every_ensemble() -> None:
    assert set(FORMULAS) <= set(hq.formulas())
    assert set(OTHERS) == set(ENSEMBLES) == set(ensembles())


@pytest.mark.parametrize(("name", "ensemble"), list(product(hq.formulas(), ENSEMBLES)))
def test_the_formula_is_the_mean_of_the_circuits_of_its_ensemble(name: str, ensemble: str) -> None:
    if refusal := OTHERS[ensemble].get(name) or refusal_by_definition(name, ensemble):
        with pytest.raises(InputError, match=refusal):
            hq.formula(name, ensemble=ensemble)
        return
    samples, arguments = FORMULAS.get(name, USUAL)
    if ensemble == "generator_average":
        mixed = (Fraction(1, 3), Fraction(2, 3), 0, 0)
        arguments = {**arguments, "populations": mixed[: arguments["D"]]}
    derived = hq.formula(name, ensemble=ensemble)
    for quantity in quantities_of(name):
        found = derived
        if isinstance(found, EigenvalueFormula):
            found = found.uniform if quantity.endswith("uniform") else found.difference
        exact = found.at(**arguments)
        problem = Problem.create(quantity, ensemble=ensemble, **arguments)
        stream = tuple(f"{quantity} {ensemble}".encode())
        moments = draw_moments(problem, samples=samples, method="batched", seed=7, stream=stream)
        estimate = moments.estimate
        assert samples_for_verdict(moments.skewness) <= samples
        assert abs(estimate.z_score(exact)) <= LARGEST_Z
        # E[μ] of independent layers is 0; that of segments is not
        wrong = [exact * Fraction(3, 2), exact * Fraction(2, 3)] if exact else [value_of(name, "segments")]
        assert all(abs(estimate.z_score(value)) > LARGEST_Z for value in wrong)


def test_the_variance_of_the_letter_is_not_that_with_an_input_block() -> None:
    """Spectrum (2, −1), D = 2, L = 1: 4.23 with the block, and far above it without."""
    exact = value_of("kernel_variance", "prl_ansatz_with_input_block")
    assert exact == Fraction(423, 100)
    problem = Problem.create("kernel_variance", ensemble="prl_ansatz", **QUBIT)
    drawn = draw_moments(problem, samples=20_000, method="batched", seed=7, stream=(0,))
    assert drawn.estimate.z_score(exact) > LARGEST_Z
