"""The corpus, a small sample of it: what is recorded is what is computed, and what differs is found."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import corpus
import pytest
from _corpus import recorded as ledgers
from _corpus import shell, store
from _corpus.fields import NOT_FINISHED, computed, once, shortened
from _corpus.sections import SECTIONS
from rich.console import Console

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = {
    "integrands": ["0000", "0025", "0175", "0300", "0425"],
    "formulas": [
        "kernel_mean/segments/pauli",
        "supervised_kernel_mean/independent_layers/pauli",
        "typed/var(K)/segments/pauli",
    ],
    "moments": ["000", "004"],
    "commands": [
        *("--version", "weingarten three", "weingarten 2,1 --group orthogonal --format json", "figures 2")
    ],
    "json": ["ratio deep limit", "weingarten (2, 1), symplectic", "channel 0", "estimate"],
    "recorded": ["study law", "study deep"],
    "batches": ["kernel_mean/segments/pauli/2", "meta_kernel_mean/prl_ansatz/pauli/4"],
}
KEY = "0123456789abcdef"
FOREIGN = f'{{"kind": "claim", "key": "{KEY}", "quantity": "kernel_mean", "D": 2, "L": 6, "seed": 7}}\n'


def compared(folder: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = corpus.main(["compare", "--recorded", str(folder), "--workers", "1", "--close", *arguments])
    return status, capsys.readouterr().out


@pytest.mark.parametrize("section", SAMPLE)
def test_a_sample_is_what_was_recorded(section: str) -> None:
    skip = frozenset({"qutip"})  # it takes seconds to import
    new = {key: corpus.compute_one(section, key, 60.0, skip) for key in SAMPLE[section]}
    recorded = store.read_records(corpus.FOLDER, section)
    fields = ((key, recorded[key].items()) for key in SAMPLE[section])
    old = {key: {name: text for name, text in row if name not in skip} for key, row in fields}
    found = corpus.differences(section, old, new, keys=SAMPLE[section], close=True)
    assert [each for each in found if not each.reason(corpus.ALLOWED)] == []


def test_every_section_is_recorded_with_all_its_keys() -> None:
    for name, section in SECTIONS.items():
        assert set(store.read_records(corpus.FOLDER, name)) == set(section.keys()), name
        assert len(set(section.keys())) == len(section.keys()), name


def test_a_recording_is_read_back_and_has_the_same_bytes_again(tmp_path: Path) -> None:
    records = {"b": {"text": "x²"}, "a": {"value": "1/2", "latex": r"\frac{1}{2}"}}
    store.write_records(tmp_path, "some", records)
    first = store.path_of(tmp_path, "some").read_bytes()
    assert store.read_records(tmp_path, "some") == records
    store.write_records(tmp_path, "some", dict(reversed(records.items())))
    assert store.path_of(tmp_path, "some").read_bytes() == first


def test_a_tampered_row_is_reported_with_its_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = {key: corpus.compute_one("formulas", key, 60.0) for key in SECTIONS["formulas"].keys()[::166]}
    store.write_records(tmp_path, "formulas", records)
    store.write_about(tmp_path, store.about())
    assert compared(tmp_path, "--only", "formulas", "--sample", "30", capsys=capsys)[0] == 0
    key = next(iter(records))
    records[key]["latex"] += " + 1"
    store.write_records(tmp_path, "formulas", records)
    status, printed = compared(tmp_path, "--only", "formulas", "--sample", "30", capsys=capsys)
    assert status == 1
    assert f"DIFFERENCE formulas, key {key}, field latex\n  old: " in printed
    assert printed.count("DIFFERENCE") == 1


def test_records_that_go_or_come_are_differences() -> None:
    old, new = {"a": {"x": "1"}, "b": {"x": "1", "y": "2"}}, {"b": {"x": "1", "z": "2"}, "c": {"x": "1"}}
    found = corpus.differences("some", old, new, keys=["a", "b"])
    assert [each.name for each in found] == ["some/a", "some/b/y", "some/b/z", "some/c"]


def test_what_did_not_finish_may_finish_but_not_the_other_way() -> None:
    slow, quick = {"a": {"x": NOT_FINISHED}}, {"a": {"x": "1"}}
    assert corpus.differences("some", slow, quick, keys=["a"]) == []
    (found,) = corpus.differences("some", quick, slow, keys=["a"])
    assert (found.old, found.new) == ("1", NOT_FINISHED)


@pytest.mark.parametrize(
    ("old", "new", "is_close"),
    [
        ("[0.1, 3e-05]", "[0.10000000000000002, 3.0000000001e-05]", True),
        ("0.1", "0.1000001", False),
        ("K = 2", "K = 3", False),
        ("12345678901/2", "12345678902/2", False),
    ],
)
def test_only_the_last_digits_of_floats_may_differ(old: str, new: str, *, is_close: bool) -> None:
    for close in (False, True):
        found = corpus.differences("some", {"a": {"x": old}}, {"a": {"x": new}}, keys=["a"], close=close)
        assert (found == []) == (close and is_close)


def test_an_allowed_difference_is_printed_with_its_reason() -> None:
    console = Console(file=io.StringIO(), width=150)
    differ = [corpus.Difference("some", *what, "1", "2") for what in (("a", "latex"), ("b", "value"))]
    assert corpus.report(differ, 2, console, {"some/*/latex = 1": "braces"}) == 1
    assert corpus.report(differ[:1], 2, console, {"some/*/latex = 1": "braces"}) == 0
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "allowed differences: some/*/latex = 1: braces (1)" in printed
    assert printed.count("DIFFERENCE some, key b, field value") == 1


def test_a_field_is_a_text_a_refusal_or_not_finished() -> None:
    def crash() -> None:
        raise ZeroDivisionError("private")

    def forever() -> None:
        while True:
            pass

    formula = once(SECTIONS["formulas"].fields("kernel_mean/segment/pauli")["repr"])
    fields = {"crash": crash, "forever": forever, "refused": formula, "none": formula}
    found = computed(fields, limit=0.05, skip=["none"])
    assert found["crash"] == "crash: ZeroDivisionError"
    assert found["forever"] == NOT_FINISHED
    assert found["refused"].startswith("UnknownNameError: unknown ensemble 'segment'")
    assert set(found) == {"crash", "forever", "refused"}
    assert "sha256" in shortened("x" * 50_000)


# -- the recorded ledger ------------------------------------------------------------------------------------------


def errors(campaign: str, ledger: str, files: dict[str, str] | None = None) -> str:
    return str(ledgers.ledger_fields(campaign, ledger, files)["errors"]())


def test_a_recorded_row_that_finds_no_claim_is_an_error() -> None:
    found = errors("default", ledgers.LEDGER.read_text(encoding="utf-8") + FOREIGN)
    assert "the row of key 0123456789abcdef (quantity kernel_mean, D 2, L 6, seed 7) finds no claim" in found
    ledger = ledgers.LEDGER.read_text(encoding="utf-8").replace("bedf508b4dd9d26a", "bedf508b4dd9d26b")
    assert "the row of key bedf508b4dd9d26b" in errors("default", ledger)


def test_batches_that_are_drawn_again_are_an_error() -> None:
    rows = [{"kind": "ledger", "version": 2}, {"kind": "batch", "key": "a"}, {"kind": "batch", "key": "b"}]
    ledger = "".join(json.dumps(row) + "\n" for row in rows)
    said = "haarqntk: 2 batches were in recorded.jsonl, 0 are new\n"
    assert ledgers.errors_of(shell.Outcome(0, "", said, {}), ledger) == "none"
    other = said.replace("2", "1").replace("0 are", "1 are")
    again = shell.Outcome(0, "", other, {ledgers.COPY: ledger + FOREIGN})
    assert ledgers.errors_of(again, ledger) == (
        "1 batches were drawn again, of 2 recorded ones 1 were used; rows were written for the keys 0123456789abcdef"
    )
    assert "every one was drawn again" in ledgers.errors_of(shell.Outcome(0, "", "", {}), ledger)


def test_the_recorded_ledger_was_judged_without_an_error() -> None:
    row = store.read_records(corpus.FOLDER, "recorded")["ledger"]
    assert (row["errors"], row["status"]) == ("none", "0")
    rows = map(json.loads, ledgers.LEDGER.read_text().splitlines())
    keys = [row["key"] for row in rows if row["kind"] == "claim"]
    assert row["claims"] == f"[{', '.join(keys)}]"
