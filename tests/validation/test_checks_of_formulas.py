"""The closed forms against the simulation, and a wrong one refused."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from scipy.stats import norm
from typer.testing import CliRunner

import haarqntk as hq
from haarqntk.base import REFERENCE_SAMPLES
from haarqntk.cli import _commands as cli
from haarqntk.errors import InputError, RunError, UnknownNameError
from haarqntk.montecarlo import LARGEST_Z
from haarqntk.validation import plan_checks, record_of, run_claim, run_claims, table_row, verdict

if TYPE_CHECKING:
    from haarqntk.validation import Claim, Result

SAMPLES = 20_000
SEED = 2023


def claims(name: str) -> list[Claim]:
    return plan_checks([name], samples=SAMPLES, reference_samples=600)


def claimed(result: Result, value: Fraction) -> Result:
    """The same numbers held against another value."""
    return replace(result, claim=replace(result.claim, text=str(value)))


@pytest.mark.parametrize("name", ["kernel_mean", "kernel_second_moment"])
def test_simulation_agrees_within_four_standard_errors_at_20000_samples(name: str) -> None:
    checks = [run_claim(claim, seed=SEED) for claim in claims(name)]
    problems = [result.claim.problem for result in checks if result.claim.method == "batched"]
    points = {(problem.D, problem.L) for problem in problems}
    assert points == {(D, L) for D in (2, 4, 8) for L in (1, 2, 5)}
    assert [result for result in checks if not result.passed] == []


@pytest.mark.parametrize(
    "name", ["gradient_variance", "kernel_mean", "kernel_second_moment", "kernel_variance"]
)
def test_a_value_wrong_by_a_factor_of_two_is_refused(name: str) -> None:
    claim = next(claim for claim in claims(name) if claim.problem.D == 4 and claim.method == "batched")
    result = run_claim(claim, seed=SEED)
    assert result.passed
    assert not claimed(result, 2 * result.exact).passed
    assert not claimed(result, result.exact / 2).passed


def test_every_formula_is_checked_at_every_dimension_and_by_qutip() -> None:
    planned = plan_checks([], samples=2, reference_samples=2)
    for name in hq.formulas():
        seen = {(claim.method, claim.problem.D) for claim in planned if claim.formula == name}
        assert {D for method, D in seen if method != "qutip"} == {2, 4, 8}
        assert "qutip" in {method for method, _ in seen}


WIDE = (
    *("kernel_second_moment", "kernel_variance", "meta_kernel_mean", "meta_kernel_second_moment"),
    "supervised_kernel_mean",
)


@pytest.mark.parametrize("name", WIDE)
def test_what_is_wide_is_drawn_by_qutip_where_the_default_sees_a_factor_of_one_and_a_half(name: str) -> None:
    """The spread is measured by batches, ten times as many, of the same claim."""
    planned = plan_checks([name], samples=2, reference_samples=REFERENCE_SAMPLES)
    (claim,) = (claim for claim in planned if claim.method == "qutip")
    result = run_claim(replace(claim, method="batched", samples=10 * claim.samples), seed=SEED)
    assert result.passed
    error, exact = result.estimate.standard_error * 10**0.5, float(abs(result.exact))
    assert norm.cdf((exact - exact / 1.6) / error - LARGEST_Z) >= 0.99  # 1.6 times too large
    assert result.seen_factor < 1.2


def test_the_numbers_do_not_depend_on_the_processes() -> None:
    planned = plan_checks(["gradient_variance"], samples=50, reference_samples=3)
    in_processes = run_claims(planned, seed=7)
    assert in_processes == [run_claim(claim, seed=7) for claim in planned]


def test_lost_processes_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> Result:
        raise BrokenProcessPool

    monkeypatch.setattr(ProcessPoolExecutor, "submit", lost)
    with pytest.raises(RunError, match=r"the workers are lost \(BrokenProcessPool\); run the same command"):
        run_claims(claims("kernel_mean"), seed=1)


def test_validate_exits_with_1_when_a_check_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    right = [run_claim(claim, seed=SEED) for claim in claims("kernel_mean")[:1]]
    wrong = [claimed(result, 2 * result.exact) for result in right]

    monkeypatch.setattr("haarqntk.validation.run_claims", lambda _claims, **_options: wrong)
    result = CliRunner().invoke(cli.app, ["validate", "kernel_mean"])
    assert result.exit_code == 1
    assert "1 of 1 checks fail" in result.stdout


def test_a_check_with_fewer_samples_than_its_law_takes_has_no_z() -> None:
    planned = plan_checks(["kernel_mean"], samples=20, reference_samples=20)
    checks = [run_claim(claim, seed=SEED) for claim in planned]
    assert all(result.needed > result.estimate.samples and result.z is None for result in checks)
    assert not any(result.passed for result in checks)
    rows = [table_row(result) for result in checks]
    assert [row["z"] for row in rows] == [f"needs {result.needed}" for result in checks]
    told = verdict(checks)
    assert (told["passed"], record_of(checks[0])["z"]) == (False, None)
    (least, *_, most), said = sorted(result.needed for result in checks), str(told["sentence"])
    assert said.startswith("0 of 12 checks pass: |z| up to 0.0, allowed 4. Not judged: 12 with too few")
    assert said.endswith(f"which need at least {least} to {most}.")


def test_an_exact_zero_agrees_whatever_the_sample() -> None:
    for claim in plan_checks(["supervised_kernel_eigenvalues"], samples=SAMPLES, reference_samples=30):
        if claim.problem.quantity.endswith("uniform") and claim.problem.D == 2:
            result = run_claim(claim, seed=SEED)
            assert (result.estimate.mean, result.z, result.passed) == (0.0, 0.0, True)
            assert result.exact == 0
            assert not claimed(result, Fraction(1, 10**6)).passed


def test_unknown_names_and_sample_sizes_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown formula 'K'; known: gradient_variance"):
        plan_checks(["K"], samples=2, reference_samples=2)
    with pytest.raises(InputError, match="reference_samples must be an integer ≥ 2, got 1"):
        plan_checks([], samples=2, reference_samples=1)
