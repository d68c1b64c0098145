"""The ledger: a file of JSON lines that only grows, with one writer, from which a killed run goes on.

A line is written by one call and reaches the disk before the next is begun. A run that is killed leaves whole
lines and at most one torn one at the end, which the next run reports, and cuts off when it writes: a file that
is opened and then refused stays as it was. A line that finds no room
is taken back, so that the file ends with a whole line. The lock is the operating system's, held by the open
file: it ends with its process, so that a killed run blocks nobody.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from haarqntk.base import LazyModule, without_repetition
from haarqntk.errors import InputError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

fcntl = LazyModule("fcntl")  # POSIX only; nothing but a campaign needs it


@dataclass(slots=True, eq=False)
class Ledger:
    """An open ledger; made by ``open_ledger``.

    Attributes:
        path: The file.
        records: The lines that it held when it was opened, as dictionaries.
        torn: The text of a torn last line; empty if there was none. The first line that is written replaces it.
        descriptor: The open file.
        end: Where the whole lines end, in bytes.
    """

    path: Path
    records: tuple[dict[str, Any], ...]
    torn: str
    descriptor: int
    end: int

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one line, whole or not at all, and wait until it is on the disk.

        Raises:
            OutputError: If there is no room, or the file cannot be written.
        """
        line = (json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n").encode()
        try:
            os.ftruncate(self.descriptor, self.end)
            written = os.write(self.descriptor, line)
            if written != len(line):
                raise OSError(f"only {written} of {len(line)} bytes fit")  # noqa: TRY301 - handled as any other
            os.fsync(self.descriptor)
        except OSError as error:
            os.ftruncate(self.descriptor, self.end)
            raise OutputError(
                f"ledger must have room for another line, got {error.strerror or error} in {self.path}; "
                "every line before is kept: make room and run the same command again"
            ) from None
        self.end += len(line)


@contextmanager
def open_ledger(path: Path) -> Iterator[Ledger]:
    """Open a ledger for this run alone, new or to go on with; nothing is changed before a line is written.

    Args:
        path: The file; its folder must exist.

    Raises:
        OutputError: If the file cannot be opened, or another run holds it.
        InputError: If a line other than the last is no JSON object.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        raise OutputError(
            f"ledger must be a file that can be written, got {path}: {error.strerror or error}; "
            "choose another"
        ) from None
    try:
        _lock(path, descriptor)
        records, torn, end = _read(path)
        yield Ledger(path, records, torn, descriptor, end)
    finally:
        os.close(descriptor)


def _lock(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OutputError(
            f"ledger {path} is in use by another run; wait until that has ended, or choose another ledger"
        ) from None


def _read(path: Path) -> tuple[tuple[dict[str, Any], ...], str, int]:
    """Return the records, the torn last line if there is one, and where the whole lines end, in bytes."""
    *whole, rest = path.read_bytes().split(b"\n")
    lines = [*whole, rest] if rest else whole
    records: list[dict[str, Any]] = []
    end = 0
    for number, line in enumerate(lines, start=1):
        record = _parsed(line)
        is_last = number == len(lines)
        if record is None or (is_last and rest):  # a line without its end may be a number cut short
            text = line.decode("utf-8", "replace")
            if is_last:
                return tuple(records), text or " ", end
            raise InputError(
                f"ledger line must be a JSON object, got {text[:60]!r} in {path}, line {number}; "
                "restore the file, or choose another ledger"
            )
        records.append(record)
        end += len(line) + 1
    return tuple(records), "", end


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line, object_pairs_hook=without_repetition)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
