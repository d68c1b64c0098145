"""The ledger: whole lines or none, one writer, truncated records cut off, whatever happens to disk or process."""

from __future__ import annotations

import errno
import json
import os
import resource
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell import python

from haarqntk.errors import InputError, OutputError
from haarqntk.validation import open_ledger

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = [{"kind": "batch", "number": n, "mean": 0.1 * n} for n in range(5)]


def written(path: Path, records: list[dict[str, object]]) -> bytes:
    with open_ledger(path) as ledger:
        for record in records:
            ledger.append(record)
    return path.read_bytes()


def refused(path: Path, error: type[InputError], message: str) -> None:
    with pytest.raises(error, match=message), open_ledger(path):
        pass


def test_lines_come_back_without_loss(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    records: list[dict[str, object]] = [{"mean": 0.1 + 0.2, "small": 5e-324, "text": "κ\n½"}, *RECORDS]
    assert written(path, records).count(b"\n") == len(records)
    with open_ledger(path) as ledger:
        assert list(ledger.records) == records
        assert ledger.truncated == ""


@given(data=st.data())
def test_cuts_lose_only_partial_records(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "a.jsonl"
    whole = written(path, [*RECORDS])
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    kept = whole[:cut].count(b"\n")
    with open_ledger(path) as ledger:
        assert list(ledger.records) == RECORDS[:kept]
        assert bool(ledger.truncated) == (cut > 0 and whole[cut - 1 : cut] != b"\n")
        for record in RECORDS[kept:]:
            ledger.append(record)
    assert path.read_bytes() == whole


def test_a_broken_line_before_the_last_is_refused_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    whole = written(path, [*RECORDS])
    path.write_bytes(whole.replace(b'"number": 2', b'"number": '))
    refused(path, InputError, r"must be a JSON object, got '.*a\.jsonl, line 3; restore")


def test_a_field_that_stands_twice_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    whole = written(path, [*RECORDS])
    path.write_bytes(whole.replace(b'"number": 2,', b'"number": 2, "mean": 0.0,'))
    refused(path, InputError, r"must be a JSON object, got '.*line 3; restore")


@pytest.mark.parametrize("fit", [0, 1, 17])
def test_a_full_disk_takes_half_lines_back(fit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write = tmp_path / "a.jsonl", os.write

    def full(descriptor: int, line: bytes) -> int:
        if fit == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, line[:fit])

    with open_ledger(path) as ledger:
        ledger.append(RECORDS[0])
        before = path.read_bytes()
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(
            OutputError, match=r"ledger must have room for another line, got .* run the same command"
        ):
            ledger.append(RECORDS[1])
        assert path.read_bytes() == before
        monkeypatch.undo()
        ledger.append(RECORDS[1])
    with open_ledger(path) as ledger:
        assert list(ledger.records) == RECORDS[:2]


FILL = """
import signal, sys
from pathlib import Path
from haarqntk.errors import OutputError
from haarqntk.validation import open_ledger
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open_ledger(Path(sys.argv[1])) as ledger:
        for number in range(1000):
            ledger.append({"number": number})
except OutputError as error:
    print(error)
"""


def test_a_real_limit_of_the_file_size_keeps_every_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (1000, 1000))
    result = python("-c", FILL, str(path), preexec_fn=limit)
    assert "ledger must have room for another line" in result.stdout
    numbers = [json.loads(line)["number"] for line in path.read_text().splitlines()]
    assert numbers == list(range(len(numbers)))
    assert 40 < len(numbers) < 100
    assert path.read_bytes().endswith(b"\n")


def test_a_second_run_is_refused_and_a_closed_one_blocks_nobody(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with open_ledger(path):
        refused(path, OutputError, "is in use by another run; wait")
    with open_ledger(path):
        pass


def test_a_ledger_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, OutputError, r"ledger must be a file that can be written, got .*: Is a dir")
    refused(tmp_path / "no" / "a.jsonl", OutputError, "No such file")
