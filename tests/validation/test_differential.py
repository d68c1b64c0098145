"""The differential run, bounded, and its oracles against values that are known without them."""

from __future__ import annotations

from fractions import Fraction
from math import comb, factorial, prod
from typing import Any

import differential
import numpy as np
import pytest
from _differential import bloch, cases, designs, library, oracles
from _differential.entries import Entry, mean_of_entries
from _differential.moments import by_bloch_vectors, random_moment

SEED = 12


# -- the oracles ------------------------------------------------------------------------------------------------


def frame_potential(k: int, D: int) -> int:
    """E|tr U|^{2k} over U(D): the permutations of k points without a decreasing sequence of D + 1."""
    catalans = (1, 1, 2, 5, 14, 42)
    return {1: 1, 2: catalans[k]}.get(D, factorial(k))  # above, k ≤ D in what follows


@pytest.mark.parametrize("D", [1, 2, 3, 4, 6])
def test_the_unitary_sets_have_the_frame_potentials_of_the_group(D: int) -> None:
    for build in (designs.unitary, designs.small_unitary):
        for degree in range(1, designs.LARGEST["unitary"].get(D, 5) + 1):
            points, weights = build(D, degree)
            assert np.allclose(points @ points.conj().swapaxes(1, 2), np.eye(D))
            traces = np.abs(points.trace(axis1=1, axis2=2)) ** 2
            for k in range(1, degree + 1):
                assert weights @ traces**k == pytest.approx(frame_potential(k, D))


@pytest.mark.parametrize(("D", "degree"), [(1, 6), (2, 6), (3, 3), (3, 5), (4, 3), (4, 5), (4, 7)])
def test_the_orthogonal_sets_have_the_moments_of_the_trace(D: int, degree: int) -> None:
    points, weights = designs.orthogonal(D, degree)
    assert np.allclose(points @ points.swapaxes(1, 2), np.eye(D))
    traces = points.trace(axis1=1, axis2=2)
    for k in range(1, degree + 1):
        pairings = prod(range(k - 1, 0, -2))
        exact = (
            0 if k % 2 else {1: 1, 2: comb(k, k // 2) // 2}.get(D, pairings)
        )  # above two dimensions k ≤ 2 D
        assert weights @ traces**k == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize(("D", "degree"), [(2, 3), (2, 5), (2, 7), (2, 11), (2, 12), (4, 3), (4, 5)])
def test_the_symplectic_sets_keep_the_form_and_have_the_moments_of_the_trace(D: int, degree: int) -> None:
    points, weights = designs.symplectic(D, degree)
    J = designs.symplectic_form(D)
    assert np.allclose(points.swapaxes(1, 2) @ J @ points, J)
    traces = points.trace(axis1=1, axis2=2)
    exact = {2: {2: 1, 4: 2, 6: 5, 8: 14, 10: 42, 12: 132}, 4: {2: 1, 4: 3}}[D]
    for k in range(1, degree + 1):
        assert weights @ traces**k == pytest.approx(exact.get(k, 0), abs=1e-9)


def test_a_design_is_not_exact_beyond_its_degree() -> None:
    points, weights = designs.unitary(3, 3)
    assert weights @ np.abs(points.trace(axis1=1, axis2=2)) ** 8 == pytest.approx(28)  # 23 over U(3)
    points, weights = designs.orthogonal(3, 5)
    assert weights @ points.trace(axis1=1, axis2=2) ** 6 == pytest.approx(16)  # 15 over O(3)


@pytest.mark.parametrize("D", [2, 3, 4])
def test_moments_of_entries_have_the_known_weingarten_values(D: int) -> None:
    plain, star = Entry(0, 0), Entry(0, 0, is_conjugated=True)
    swapped = [Entry(0, 0), Entry(1, 1), Entry(0, 1, is_conjugated=True), Entry(1, 0, is_conjugated=True)]
    straight = [Entry(0, 0), Entry(1, 1), Entry(0, 0, is_conjugated=True), Entry(1, 1, is_conjugated=True)]
    assert mean_of_entries("unitary", D, [plain, star]) == Fraction(1, D)
    assert mean_of_entries("unitary", D, straight) == Fraction(1, D**2 - 1)
    assert mean_of_entries("unitary", D, swapped) == Fraction(-1, D * (D**2 - 1))
    for k in (2, 3):  # below the number of copies too
        exact = Fraction(factorial(k) * factorial(D - 1), factorial(D + k - 1))
        assert mean_of_entries("unitary", D, [plain] * k + [star] * k) == exact
    assert mean_of_entries("orthogonal", D, [plain] * 4) == Fraction(3, D * (D + 2))
    assert mean_of_entries("orthogonal", D, [Entry(0, 0), Entry(0, 1), Entry(1, 0), Entry(1, 1)]) == Fraction(
        -1, (D - 1) * D * (D + 2)
    )
    if D % 2 == 0:
        assert mean_of_entries("symplectic", D, [Entry(0, 0), Entry(D // 2, D // 2)]) == Fraction(1, D)
        assert mean_of_entries("symplectic", D, [Entry(0, D // 2), Entry(D // 2, 0)]) == Fraction(-1, D)


def test_moments_in_bloch_space_are_those_on_paper() -> None:
    """E g² = 8/9 for a Pauli string at D = 2; E K² = 128/75; with Pauli generators without the input block 3/4."""
    arguments: Any = {"observables": {"O": np.array([0, 0, 0, 1])}, "states": {"psi": np.array([1, 0, 0, 1])}}
    g = ((1,), "O", "psi")

    def mean(factors: Any, ensemble: str) -> float:
        return bloch.mean_of_factors(factors, 1, ensemble=ensemble, length=1, **arguments)

    assert mean([g] * 2, "segments") == pytest.approx(8 / 9)
    assert mean([g] * 4, "segments") == pytest.approx(128 / 75)
    assert mean([g] * 2, "prl_ansatz") == pytest.approx(2 / 3)
    assert mean([g] * 2, "prl_ansatz_with_input_block") == pytest.approx(2 / 3)
    # K = 4 |x × r|² (R o)² here: E over the Paulis of |x × r|⁴ is 1/2 without, 3/4 · 8/15 = 2/5 with the block
    assert mean([g] * 4, "prl_ansatz") == pytest.approx(16 * (1 / 2) * (1 / 5))
    assert mean([g] * 4, "prl_ansatz_with_input_block") == pytest.approx(16 * (2 / 5) * (1 / 5))


# -- the run ----------------------------------------------------------------------------------------------------


def test_a_planted_wrong_value_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    index = next(i for i in range(50) if _has_a_value(i))
    assert differential.check_integrand(SEED, index).verdict == "equal"
    right = library.value
    monkeypatch.setattr(library, "value", lambda case, integral: right(case, integral) * Fraction(1001, 1000))
    found = differential.check_integrand(SEED, index)
    assert found.verdict == "difference"
    assert "f = " in found.message
    empty: dict[str, Any] = {}
    monkeypatch.setattr(library, "value", lambda *_: empty["O_0"])
    assert differential.check_integrand(SEED, index).verdict == "crash"
    assert differential.main(["--only", f"integrand:{index}", "--seed", str(SEED), "--quiet"]) == 1


def _has_a_value(index: int) -> bool:
    case = cases.random_case(np.random.default_rng([SEED, 0, index]))
    return case.kind == "traces" and bool(np.abs(np.asarray(oracles.oracle(case))).max() > 0.1)


def test_a_planted_wrong_moment_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    index = next(
        i for i in range(50) if abs(by_bloch_vectors(random_moment(np.random.default_rng([SEED, 1, i])))) > 1
    )
    monkeypatch.setattr(differential, "by_bloch_vectors", lambda moment: by_bloch_vectors(moment) * 1.001)
    assert differential.check_moment(SEED, index).verdict == "difference"


def test_the_same_seed_gives_the_same_input() -> None:
    sources = [cases.random_case(np.random.default_rng([SEED, 0, 7])).source() for _ in range(2)]
    assert sources[0] == sources[1]


def test_a_small_run_finds_nothing() -> None:
    told: list[str] = []
    jobs = [("integrand", i) for i in range(150)] + [("moment", i) for i in range(40)]
    report = differential.run(SEED, jobs, tell=told.append, progress=lambda items: items)
    assert told == []
    assert report.rows.total() == len(jobs)
    assert {"Python", "text", "SymPy", "Circuit"} <= set(report.routes)
