"""The report as the command writes it: page, findings, and what happens when it cannot write."""

from __future__ import annotations

import errno
import re
import shlex
import tempfile
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from shell import haarqntk, python
from shortcuts import closed_form

import haarqntk as hq
from haarqntk import validation
from haarqntk.base import prepare_folder
from haarqntk.cli import _report as report
from haarqntk.errors import OutputError
from haarqntk.montecarlo import samples_for_verdict
from haarqntk.qntk import PUBLISHED_CLAIMS, PublishedClaim
from haarqntk.studies import STUDIES

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence
    from pathlib import Path

    from haarqntk.validation import Finding, Result

    Found = dict[tuple[str, str], Finding]


@dataclass(frozen=True)
class Reported:
    """One run of the command, into a folder that has an older report and a file of the user's."""

    result: subprocess.CompletedProcess[str]
    out: Path
    checks: Sequence[Result]
    findings: Sequence[Finding]


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    out = tmp_path_factory.mktemp("report")
    (out / "notes.txt").write_text("mine")
    (out / "report.html").write_text("old")
    given: list[Any] = []

    def write_report(*arguments: Any, **options: Any) -> list[Path]:
        given.extend(arguments)
        return written(*arguments, **options)

    written = report.write_report
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "write_report", write_report)
        result = haarqntk("report", "--out", str(out), "--samples", "1000", "--reference-samples", "60")
    _, checks, found = given
    return Reported(result, out, checks, found)


@pytest.fixture(scope="module")
def found(reported: Reported) -> Found:
    return {(finding.published.label, finding.published.ensemble): finding for finding in reported.findings}


def test_the_command_writes_the_page_and_the_document(reported: Reported) -> None:
    result, out = reported.result, reported.out
    assert result.returncode == 1, result.stderr  # μ² and QuTiP take more samples than that
    assert re.search(r"checks pass: .* Not judged: \d+ with too few", " ".join(result.stdout.split()))
    assert result.stdout.endswith(f"wrote {out / 'report.html'}\nwrote {out / 'formulas.tex'}\n")
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<article") == len(hq.formulas())
    assert page.count("<math") >= 2 * len(hq.formulas())
    # one of this run's checks, one of the recorded campaign, one for each study
    assert page.count("<svg") == 2 + len(STUDIES)
    assert page.count('id="derivation-') == len(hq.formulas())
    assert "haarqntk validate kernel_<wbr>mean --samples 1000 --reference-samples 60<" in page
    assert "--samples 1000 --reference-samples 60" in page
    # self-contained: nothing is loaded, and the only addresses are names of XML dialects and metadata
    assert not any(mark in page for mark in ("<script ", "<link", "src=", "@import", "url(http"))
    assert "default-src 'none'" in page  # and the browser is told to load nothing


def test_a_report_replaces_its_own_files_and_leaves_others(reported: Reported) -> None:
    assert {path.name for path in reported.out.iterdir()} == {"notes.txt", "report.html", "formulas.tex"}
    assert (reported.out / "notes.txt").read_text() == "mine"
    assert "closed form" in (reported.out / "report.html").read_text(encoding="utf-8").lower()


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, reported: Reported, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.html").write_text("the report of yesterday")
    monkeypatch.setattr(report, "html_page", lambda *_, **__: "a page")  # it is the writing that fails
    real = tempfile.NamedTemporaryFile

    def full(*arguments: object, **options: object) -> object:
        stream = real(*arguments, **options)  # type: ignore[call-overload]

        def write(_text: str) -> NoReturn:
            raise OSError(errno.ENOSPC, "No space left on device")

        stream.write = write
        return stream

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", full)
    with pytest.raises(
        OutputError, match=r"out must have room for report\.html, got No space left on device"
    ):
        report.write_report(tmp_path, reported.checks, reported.findings, seed=1, seconds=1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "the report of yesterday"


def test_a_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "new" / "report")
    assert (tmp_path / "new" / "report").is_dir()


def test_a_folder_below_a_file_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"out must be a folder that can be written, got .*/file/report"):
        prepare_folder(tmp_path / "file" / "report")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_failed_check_is_named_in_the_verdict() -> None:
    planned = validation.plan_checks(["gradient_variance"], samples=300, reference_samples=2)[:2]
    checks = [validation.run_claim(claim, seed=1) for claim in planned]
    wrong = [replace(checks[0], claim=replace(checks[0].claim, text=str(checks[0].exact * 100))), *checks[1:]]
    sentence = validation.verdict(wrong)
    assert sentence["passed"] is False
    assert str(sentence["sentence"]).startswith("1 of 2 checks fail: |z| up to ")


def test_every_simulation_agrees_with_the_exact_value(found: Found) -> None:
    assert [label for label, finding in found.items() if not finding.agrees] == []


def test_every_row_has_a_simulation_that_sees_a_factor_of_two(found: Found) -> None:
    for finding in found.values():
        assert finding.result is not None
        if finding.claim.exact:
            assert abs(finding.result.estimate.z_score(2 * finding.claim.exact)) > 4
        else:  # E[μ] = 0 for independent entries: the mean under segments is refused
            D, L = finding.claim.problem.D, finding.claim.problem.L
            wrong = closed_form("meta_kernel_mean").at(D=D, L=L, spectrum=[1] + [0] * (D - 1))
            assert abs(finding.result.estimate.z_score(wrong)) > 4


@pytest.mark.parametrize(
    "label", ["[PRL] (9)", "[PRL] text", "[PRL] (15)", "[NC] E[εμ], l = m", "[NC] E[εμ]"]
)
def test_the_simulation_refuses_what_the_referee_refuses(label: str, found: Found) -> None:
    finding = found[label, "segments"]
    assert finding.check.verdict == ("different" if label.startswith("[PRL]") else "equal at leading order")
    assert finding.result is not None
    assert abs(finding.result.estimate.z_score(finding.claimed)) > 4


def test_verdicts(found: Found) -> None:
    verdicts = {label: finding.check.verdict for label, finding in found.items()}
    assert verdicts == {
        ("[PRL] (9)", "segments"): "different",
        ("[PRL] (12)", "segments"): "equal at leading order",
        ("[PRL] (12)", "independent_layers"): "equal at leading order",
        ("[PRL] text", "segments"): "different",
        ("[PRL] text", "independent_layers"): "equal",
        ("[PRL] (15)", "segments"): "different",
        ("[PRL] (15)", "independent_layers"): "different",
        ("[PRL] (17)", "segments"): "equal",
        ("[PRL] (21)", "segments"): "equal",
        ("[NC] E[K]", "segments"): "equal",
        ("[NC] E[K²]", "segments"): "equal",
        ("[NC] Var K", "segments"): "equal",
        ("[NC] E[μ]", "segments"): "equal",
        ("[NC] E[εμ], l = m", "segments"): "equal at leading order",
        ("[NC] −E[g⁴]/3", "segments"): "equal",
        ("[NC] E[εμ], l ≠ m", "segments"): "equal",
        ("[NC] E[εμ]", "segments"): "equal at leading order",
        ("[NC] λ", "segments"): "equal",
        ("[NC] ζ", "segments"): "equal at leading order",
        ("[NC] restricted Haar", "generator_average"): "equal",
        ("[NC] restricted Haar, λ", "generator_average"): "equal",
        ("[NC] restricted Haar, ζ", "generator_average"): "equal",
    }


def test_ratios_approach_the_limit(found: Found) -> None:
    ratios = found["[PRL] (9)", "segments"].ratios
    gaps = [2 - ratio for ratio in ratios]
    assert gaps == sorted(gaps, reverse=True)
    assert 0 < gaps[-1] < Fraction(1, 100)


def test_the_floor_of_a_pauli_string_is_two_over_D_times_D_plus_3() -> None:
    rows = [row for row in validation.concentration() if row.observable == "Pauli string"]
    assert [row.floor for row in rows] == [Fraction(2, row.D * (row.D + 3)) for row in rows]


def test_a_claim_wrong_by_a_factor_is_caught() -> None:
    wrong = PublishedClaim("wrong", "kernel_mean", "L*(D*T2-T1^2)/((D-1)*(D+1)^2)", "")
    finding = validation.examine(wrong, seed=1, samples=600)
    assert finding.check.verdict == "different"
    assert finding.check.ratio == 2
    assert finding.result is not None
    assert abs(finding.result.estimate.z_score(finding.claimed)) > 4


def test_the_command_of_a_finding_prints_its_numbers() -> None:
    finding = validation.examine(PUBLISHED_CLAIMS[0], seed=3, samples=30)
    assert finding.result is not None
    estimate = finding.result.estimate
    done = python(*shlex.split(validation.finding_command(finding, 3))[1:])
    expected = f"{finding.claim.exact} {estimate.mean} {estimate.standard_error}"
    assert done.stdout == f"{finding.check} {expected}\n"


def test_every_row_is_judged_from_as_many_samples_as_its_law_needs(found: Found) -> None:
    for finding in found.values():
        result = finding.result
        assert result is not None
        assert result.z is not None
        assert result.estimate.samples >= samples_for_verdict(result.moments.skewness) == result.needed


@pytest.mark.parametrize("samples", [2, 30])
def test_few_samples_of_a_skew_law_are_no_verdict(samples: int) -> None:
    long_tailed = next(claim for claim in PUBLISHED_CLAIMS if claim.label == "[PRL] (15)")
    finding = validation.examine(long_tailed, seed=1, samples=samples)
    assert finding.result is not None
    assert finding.result.estimate.samples < finding.result.needed
    assert finding.result.z is None
    assert not finding.agrees
    said, needed = str(validation.verdict_of_all([], [finding])["sentence"]), finding.result.needed
    assert said.endswith(f"Not judged, with too few samples: [PRL] (15) (needs {needed:,}).")
    assert "disagrees" not in said
