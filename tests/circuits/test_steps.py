"""The steps of the recursion against dense matrices: commutators of operators, then a projection on permutations."""

from __future__ import annotations

from functools import reduce
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from haarqntk.circuits import Copy, PatternSteps, mean_of_product, steps_of_product
from haarqntk.combinatorics import all_permutations
from haarqntk.designs import permutation_operator

if TYPE_CHECKING:
    from haarqntk.algebra import TracePolynomial

G, H = Copy(("l",)), Copy(("l", "l"))
ONE_STATE = {"sigma_ab": 1, "L": 1}


def only(copies: list[Copy]) -> PatternSteps:
    (steps,) = steps_of_product(copies, ensemble="segments", generators="pauli")
    return steps


def in_copy(matrix: np.ndarray, a: int, k: int) -> np.ndarray:
    identity = np.eye(len(matrix), dtype=int)
    return reduce(np.kron, [matrix if b == a else identity for b in range(k)])


def inserted(operator: np.ndarray, block: tuple[int, ...], D: int) -> np.ndarray:
    """The commutators of a layer with X = diag(1, −1, 1, −1, …), without factors i."""
    X = np.diag([(-1) ** i for i in range(D)])
    for a, count in enumerate(block):
        for _ in range(count):
            here = in_copy(X, a, len(block))
            operator = here @ operator - operator @ here
    return operator


def group(k: int) -> list[tuple[int, ...]]:
    return [tuple(row) for row in all_permutations(k).tolist()]


def overlaps(operator: np.ndarray, k: int, D: int) -> list[int]:
    return [int(np.trace(permutation_operator(tau, D).T @ operator)) for tau in group(k)]


def twirled(
    operator: np.ndarray, k: int, D: int, scale: sympy.Rational
) -> dict[tuple[int, ...], sympy.Rational]:
    """The coefficients of the projection on the span of the permutation operators, by the Gram matrix."""
    basis = [permutation_operator(tau, D) for tau in group(k)]
    gram = sympy.Matrix([[int(np.trace(p.T @ q)) for q in basis] for p in basis])
    solved = gram.LUsolve(sympy.Matrix(overlaps(operator, k, D)))
    return {sigma: scale * c for sigma, c in zip(group(k), solved, strict=True)}


def at(value: TracePolynomial, D: int) -> sympy.Rational:
    number = value.at(D, ONE_STATE)
    return sympy.Rational(number.numerator, number.denominator)


@pytest.mark.parametrize(
    ("copies", "D"),
    [([G, G], 2), ([G, G], 4), ([G, G], 6), ([H, H], 2), ([H, H], 4), ([H, Copy(())], 4), ([H, G, G], 4)],
)
def test_every_stage_is_the_dense_twirl(copies: list[Copy], D: int) -> None:
    k = len(copies)
    for walk in only(copies).walks:
        state = np.zeros((D**k, D**k), dtype=int)
        state[0, 0] = 1
        scale = sympy.Integer(1)
        for stage in walk.stages:
            if stage.insertion is not None:
                state = inserted(state, stage.insertion.block, D)
            expected = twirled(state, k, D, scale)
            found = {s: at(orbit.coefficient, D) for orbit in stage.orbits for s in orbit.permutations}
            assert found == {sigma: c for sigma, c in expected.items() if c}
            assert stage.num_nonzero == len(found)
            # go on with integers
            common = sympy.ilcm(*(c.q for c in expected.values()))
            terms = [int(c * common) * permutation_operator(sigma, D) for sigma, c in expected.items()]
            state = np.sum(terms, axis=0)
            scale = sympy.Rational(1, common)


@given(D=st.sampled_from([2, 4, 6]), block=st.sampled_from([(1, 1), (2, 2), (0, 2), (2, 0)]))
def test_overlaps_and_images_are_those_of_dense_commutators(D: int, block: tuple[int, int]) -> None:
    insertion = only([Copy(("l",) * count) for count in block]).walks[0].stages[1].insertion
    assert insertion is not None
    for sigma in insertion.commuting:
        assert not inserted(permutation_operator(sigma, D), insertion.block, D).any()
    for image in insertion.images:
        dense = inserted(permutation_operator(image.sigma, D), insertion.block, D)
        assert [at(overlap.value, D) for overlap in image.overlaps] == overlaps(dense, 2, D)
        expected = twirled(dense, 2, D, sympy.Integer(1))
        assert {s: at(c, D) for s, c in image.coefficients} == {s: c for s, c in expected.items() if c}


def test_vanishing_overlaps_are_counted_as_a_dense_count_finds_them() -> None:
    steps = steps_of_product([Copy(("l", "m")), G, Copy(("m",))], ensemble="segments", generators="pauli")
    (pattern,) = (step for step in steps if len(step.pattern) == 2)
    D = 4
    for stage in pattern.walks[0].stages[1:]:
        insertion = stage.insertion
        assert insertion is not None
        for sigma in insertion.commuting:
            assert not inserted(permutation_operator(sigma, D), insertion.block, D).any()
        others = [sigma for sigma in group(3) if sigma not in insertion.commuting]
        dense = [overlaps(inserted(permutation_operator(s, D), insertion.block, D), 3, D) for s in others]
        zeros = sum(value == 0 for row in dense for value in row)
        assert insertion.num_overlaps == 6 * len(others)
        assert insertion.num_odd + insertion.num_cancelled == zeros


ENSEMBLES = ("segments", "independent_layers", "prl_ansatz_with_input_block", "generator_average")


@pytest.mark.parametrize(("ensemble", "generators"), list(product(ENSEMBLES, ("pauli", "general")))[:-1])
def test_the_contributions_add_up_to_the_mean(ensemble: str, generators: str) -> None:
    if (ensemble, generators) == ("prl_ansatz_with_input_block", "general"):
        generators = "pauli"
    copies = [Copy(("l", "m")), G, Copy(("m",)), Copy(())]
    steps = steps_of_product(copies, ensemble=ensemble, generators=generators)
    total = reduce(lambda a, b: a + b, (step.contribution for step in steps))
    assert total == mean_of_product(copies, ensemble=ensemble, generators=generators)


def test_every_contraction_is_the_mean_up_to_its_factor_i() -> None:
    copies = [G, G, Copy(("m",)), Copy(("m",))]
    for pattern in steps_of_product(copies, ensemble="segments", generators="pauli"):
        for walk in pattern.walks:
            total = reduce(lambda a, b: a + b, (traces * c for traces, c in walk.contraction))
            assert total * (-1) ** (walk.num_commutators // 2) == walk.mean
