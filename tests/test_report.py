"""What the report does when it cannot write, and what its rows say."""

from __future__ import annotations

import errno
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import pytest

from haarqntk import findings, report, validation
from haarqntk.errors import OutputError
from haarqntk.qntk import PUBLISHED_CLAIMS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def found() -> list[findings.Finding]:
    return [findings.examine(claim, seed=1, samples=50) for claim in PUBLISHED_CLAIMS[:2]]


@pytest.fixture(scope="module")
def checks() -> list[validation.Check]:
    planned = validation.plan([], samples=20, reference_samples=2)
    return [validation.check(case, seed=1) for case in planned if case.method == "batched"]


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path,
    checks: list[validation.Check],
    found: list[findings.Finding],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "report.html").write_text("the report of yesterday")
    monkeypatch.setattr(report, "recorded_sections", lambda _: [])  # it is the writing that fails
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
        report.write_report(tmp_path, checks, found, seed=1, seconds=1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "the report of yesterday"


def test_a_folder_below_a_file_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"out must be a folder that can be written, got .*/file/report"):
        report.prepare_folder(tmp_path / "file" / "report")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_report_replaces_its_own_files_and_leaves_others(
    tmp_path: Path, checks: list[validation.Check], found: list[findings.Finding]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "report.html").write_text("old")
    written = report.write_report(tmp_path, checks, found, seed=1, seconds=1.0)
    assert [path.name for path in written] == ["report.html", "formulas.tex"]
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert "closed form" in (tmp_path / "report.html").read_text(encoding="utf-8").lower()
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "report.html", "formulas.tex"}


def test_a_failed_check_is_named_in_the_verdict() -> None:
    planned = validation.plan(["gradient_variance"], samples=300, reference_samples=2)[:2]
    checks = [validation.check(case, seed=1) for case in planned]
    wrong = [replace(checks[0], exact=checks[0].exact * 100), *checks[1:]]
    sentence = validation.verdict(wrong)
    assert sentence["passed"] is False
    assert str(sentence["sentence"]).startswith("1 of 2 checks fail: |z| up to ")
