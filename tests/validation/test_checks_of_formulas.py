"""The closed forms against the simulation, and a wrong one refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from scipy.stats import norm
from typer.testing import CliRunner

import haarqntk as hq
from haarqntk.base import REFERENCE_SAMPLES
from haarqntk.cli import _commands as cli
from haarqntk.errors import InputError, UnknownNameError
from haarqntk.montecarlo import LARGEST_Z
from haarqntk.validation import _checks as validation

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLES = 20_000
SEED = 2023


def cases(name: str) -> list[validation.Case]:
    return validation.plan([name], samples=SAMPLES, reference_samples=600)


@pytest.mark.parametrize("name", ["kernel_mean", "kernel_second_moment"])
def test_simulation_agrees_within_four_standard_errors_at_20000_samples(name: str) -> None:
    checks = [validation.check(case, seed=SEED) for case in cases(name)]
    points = {
        (arguments["D"], arguments["L"])
        for check in checks
        if (arguments := dict(check.case.arguments)) and check.case.method == "batched"
    }
    assert points == {(D, L) for D in (2, 4, 8) for L in (1, 2, 5)}
    assert [check for check in checks if not check.passed] == []


@pytest.mark.parametrize(
    "name", ["gradient_variance", "kernel_mean", "kernel_second_moment", "kernel_variance"]
)
def test_a_value_wrong_by_a_factor_of_two_is_refused(name: str) -> None:
    case = next(case for case in cases(name) if dict(case.arguments)["D"] == 4 and case.method == "batched")
    check = validation.check(case, seed=SEED)
    assert check.passed
    assert not replace(check, exact=2 * check.exact).passed
    assert not replace(check, exact=check.exact / 2).passed


def test_every_formula_is_checked_at_every_dimension_and_by_qutip() -> None:
    planned = validation.plan([], samples=2, reference_samples=2)
    for name in hq.formulas():
        seen = {(case.method, dict(case.arguments)["D"]) for case in planned if case.formula == name}
        assert {D for method, D in seen if method != "qutip"} == {2, 4, 8}
        assert "qutip" in {method for method, _ in seen}


WIDE = (
    *("kernel_second_moment", "kernel_variance", "meta_kernel_mean", "meta_kernel_second_moment"),
    "supervised_kernel_mean",
)


@pytest.mark.parametrize("name", WIDE)
def test_what_is_wide_is_drawn_by_qutip_where_the_default_samples_see_a_factor_of_about_one_and_a_half(
    name: str,
) -> None:
    """The spread is measured by batches, ten times as many, of the same case."""
    planned = validation.plan([name], samples=2, reference_samples=REFERENCE_SAMPLES)
    (case,) = (case for case in planned if case.method == "qutip")
    check = validation.check(replace(case, method="batched", samples=10 * case.samples), seed=SEED)
    assert check.passed
    error, exact = check.estimate.standard_error * 10**0.5, float(abs(check.exact))
    assert norm.cdf((exact - exact / 1.6) / error - LARGEST_Z) >= 0.99  # 1.6 times too large
    assert check.seen_factor < 1.2


def test_the_numbers_do_not_depend_on_the_processes() -> None:
    planned = validation.plan(["gradient_variance"], samples=50, reference_samples=3)
    in_processes = validation.run(planned, seed=7)
    assert in_processes == [validation.check(case, seed=7) for case in planned]


def test_validate_exits_with_1_when_a_check_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    right = [validation.check(case, seed=SEED) for case in cases("kernel_mean")[:1]]
    wrong = [replace(check, exact=2 * check.exact) for check in right]

    def run(_cases: Sequence[validation.Case], **_options: object) -> list[validation.Check]:
        return wrong

    monkeypatch.setattr("haarqntk.validation.run_checks", run)
    result = CliRunner().invoke(cli.app, ["validate", "kernel_mean"])
    assert result.exit_code == 1
    assert "1 of 1 checks fail" in result.stdout


def test_a_check_with_fewer_samples_than_its_law_takes_has_no_z() -> None:
    planned = validation.plan(["kernel_mean"], samples=20, reference_samples=20)
    checks = [validation.check(case, seed=SEED) for case in planned]
    assert all(check.needed > check.estimate.samples and check.z is None for check in checks)
    assert not any(check.passed for check in checks)
    rows = [validation.table_row(check) for check in checks]
    assert [row["z"] for row in rows] == [f"needs {check.needed}" for check in checks]
    told = validation.verdict(checks)
    assert (told["passed"], validation.record_of(checks[0])["z"]) == (False, None)
    least, *_, most = sorted(check.needed for check in checks)
    assert str(told["sentence"]).startswith(
        "0 of 12 checks pass: |z| up to 0.0, allowed 4. Not judged: 12 with too few"
    )
    assert str(told["sentence"]).endswith(f"which need at least {least} to {most}.")


def test_an_exact_zero_agrees_whatever_the_sample() -> None:
    for case in validation.plan(["supervised_kernel_eigenvalues"], samples=SAMPLES, reference_samples=30):
        if case.quantity.endswith("uniform") and dict(case.arguments)["D"] == 2:
            check = validation.check(case, seed=SEED)
            assert (check.estimate.mean, check.z, check.passed) == (0.0, 0.0, True)
            assert check.exact == 0
            assert not replace(check, exact=Fraction(1, 10**6)).passed


def test_unknown_names_and_sample_sizes_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown formula 'K'; known: gradient_variance"):
        validation.plan(["K"], samples=2, reference_samples=2)
    with pytest.raises(InputError, match="reference_samples must be an integer ≥ 2, got 1"):
        validation.plan([], samples=2, reference_samples=1)
