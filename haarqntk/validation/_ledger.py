"""The ledger: a file of JSON lines that only grows, with one writer, from which a killed run goes on; and its rows.

A line is written by one call and reaches the disk before the next is begun. A run that is killed leaves whole
lines and at most one truncated record at the end, which the next run reports, and cuts off when it writes: a file that
is opened and then refused stays as it was. A line that finds no room
is taken back, so that the file ends with a whole line. The lock is the operating system's, held by the open
file: it ends with its process, so that a killed run blocks nobody.

The first line has the version. A claim has a line at its beginning, one for each batch, and one for what is said of it
at the end, all with the claim's key: a campaign that gains a claim keeps the rows of the others.
"""

from __future__ import annotations

import json
import math
import os
import platform
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from haarqntk import __version__
from haarqntk.base import LazyModule, without_repetition
from haarqntk.errors import InputError, OutputError
from haarqntk.montecarlo import Moments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from haarqntk.validation._claims import Batch, Campaign, Claim
    from haarqntk.validation._results import Result

fcntl = LazyModule("fcntl")  # POSIX only; nothing but a campaign needs it

_VERSION: Final = 2  # of the lines; before, the first one held a key of all claims together


def record_of(result: Result, campaign: Campaign | None = None) -> dict[str, Any]:
    """One result as plain data, exact values as text "p/q"; of a campaign, the line of the ledger that ends a claim."""
    claim, estimate, seen = result.claim, result.estimate, result.seen_factor
    measured = {
        "exact": str(result.exact),
        "estimate": estimate.mean,
        "standard_error": estimate.standard_error,
        "z": str(result.z) if result.z is not None and math.isinf(result.z) else result.z,
        "passed": result.passed,
    }
    if campaign is None:
        return {
            "formula": claim.formula,
            "quantity": claim.problem.quantity,
            **_plain_arguments(claim),
            **measured,
            "samples": estimate.samples,
            "sees": seen if math.isfinite(seen) else None,
            "samples_needed": result.needed,
            "method": claim.method,
            "problem": estimate.problem,
        }
    return {
        "kind": "result",
        "key": campaign.key(claim),
        "claim": claim.text or claim.formula,
        **_described(claim, campaign),
        **measured,
        "detected": str(claim.detected),
        "power": result.power,
        "skewness": result.moments.skewness,
        "seconds": round(result.seconds, 3),
        "problem": estimate.problem,
    }


def _described(claim: Claim, campaign: Campaign) -> dict[str, Any]:
    """What the key of a claim stands for in a ledger."""
    return {
        "formula": claim.formula,
        "quantity": claim.problem.quantity,
        "ensemble": claim.problem.ensemble,
        **_plain_arguments(claim),
        "route": claim.method,
        "samples": claim.samples,
        "seed": campaign.seed,
    }


def _plain_arguments(claim: Claim) -> dict[str, Any]:
    """The numbers of a claim: integers, texts "p/q", and lists of them."""
    return {name: _plain(value) for name, value in claim.arguments}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return value if isinstance(value, int) else str(value)


@dataclass(slots=True, eq=False)
class Ledger:
    """An open ledger; made by ``open_ledger``.

    Attributes:
        path: The file.
        records: The lines that it held when it was opened, as dictionaries.
        truncated: The text of a truncated last record, which the first written line replaces; empty if there was none.
        descriptor: The open file.
        end: Where the whole lines end, in bytes.
    """

    path: Path
    records: tuple[dict[str, Any], ...]
    truncated: str
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
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"ledger {path} is in use by another run; wait until that has ended, or choose another ledger"
            ) from None
        records, truncated, end = _read(path)
        yield Ledger(path, records, truncated, descriptor, end)
    finally:
        os.close(descriptor)


def _read(path: Path) -> tuple[tuple[dict[str, Any], ...], str, int]:
    """Return the records, the truncated last record if there is one, and where the whole lines end, in bytes."""
    *whole, rest = path.read_bytes().split(b"\n")
    lines = [*whole, rest] if rest else whole
    records: list[dict[str, Any]] = []
    end = 0
    for number, line in enumerate(lines, start=1):
        is_last = number == len(lines)
        try:
            record = json.loads(line, object_pairs_hook=without_repetition)
        except (ValueError, RecursionError):  # no JSON, or brackets in brackets
            record = None
        if not isinstance(record, dict) or (is_last and rest):  # without its end it may be a number cut short
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


Drawn = tuple[Moments, float]
"""The moments of a batch, and the seconds that it took."""


class Rows:
    """The rows of a campaign in an open ledger: read once, refused where they do not fit, and added to."""

    def __init__(self, ledger: Ledger, campaign: Campaign) -> None:
        self.drawn: dict[tuple[int, ...], Drawn] = {}  # by the names of the batches' random numbers
        self._ledger, self._campaign = ledger, campaign
        self._said: set[tuple[str, ...]] = set()
        _begin(ledger)
        planned = {
            campaign.key(claim): (claim, {batch.number: batch for batch in (claim.pilot, *claim.batches)})
            for claim in campaign.claims
        }
        self._keys = {
            batch.stream: key for key, (_, batches) in planned.items() for batch in batches.values()
        }
        heads: dict[str, Mapping[str, Any]] = {}
        for line, record in enumerate(ledger.records[1:], start=2):
            key = str(record.get("key"))
            if key not in planned:
                raise self._foreign(line, record)
            if record.get("kind") == "claim":
                heads[key] = record
            elif record.get("kind") == "result":
                self._said.add(_statement(record))
            else:
                self._read(line, record, *planned[key])
        for key, (claim, batches) in planned.items():
            known = [batch for batch in batches.values() if batch.stream in self.drawn]
            if 0 < len(known) < len(batches):
                self._check_versions(claim, heads.get(key, {}).get("versions", {}))
        for key, (claim, _) in planned.items():
            if key not in heads:
                head = {"kind": "claim", "key": key, **_described(claim, campaign)}
                more = {"problem": claim.problem_key, "batch": claim.batch, "versions": _versions()}
                ledger.append(head | more)

    def keep(self, batch: Batch, drawn: Drawn) -> None:
        """Write a batch, which then is known."""
        name = {"kind": "batch", "key": self._keys[batch.stream], "number": batch.number}
        moments, seconds = drawn[0], round(drawn[1], 3)
        self._ledger.append({**name, "seconds": seconds, **moments.to_dict()})
        self.drawn[batch.stream] = moments, seconds

    def end(self, result: Result) -> None:
        """Write what is said of a claim, if no line says it."""
        record = record_of(result, self._campaign)
        if _statement(record) not in self._said:
            self._ledger.append(record)

    def _read(self, line: int, record: Mapping[str, Any], claim: Claim, batches: Mapping[Any, Batch]) -> None:
        number, seconds = record.get("number"), record.get("seconds")
        names = ("problem", "samples", "mean", "squares", "cubes")
        try:
            moments = Moments.from_dict({name: record[name] for name in names if name in record})
        except (InputError, TypeError) as error:
            raise self._damaged(line, error) from None
        batch = batches.get(number) if isinstance(number, int) else None
        measured = moments.estimate
        if batch is None or (measured.samples, measured.problem) != (batch.samples, claim.problem_key):
            raise self._damaged(line, "the batch is not one of its claim's")
        if not isinstance(seconds, float | int):
            raise self._damaged(line, "the batch has no time")
        drawn = moments, float(seconds)
        if self.drawn.setdefault(batch.stream, drawn) != drawn:
            raise self._damaged(line, "the batch is there twice, with different values")

    def _damaged(self, line: int, reason: object) -> InputError:
        return InputError(
            f"{self._ledger.path}, line {line}: {reason}; restore the ledger, or choose another"
        )

    def _foreign(self, line: int, record: Mapping[str, Any]) -> InputError:
        """A row that finds no claim: the claim was taken out or changed, and its numbers must not vanish in silence."""
        key, path, campaign = record.get("key"), self._ledger.path, self._campaign
        names = ("quantity", "ensemble", "D", "L", "route", "samples", "batch", "seed")
        claim = ", ".join(f"{name} {record[name]}" for name in names if name in record)
        return InputError(
            f"{path}, line {line}: the row of key {key} ({claim}) finds no claim in {campaign.name!r} with seed "
            f"{campaign.seed}; put the claim back as it was, or leave its rows behind: "
            f'grep -v \'"key": "{key}"\' {path} > new.jsonl'
        )

    def _check_versions(self, claim: Claim, begun_with: object) -> None:
        """Random numbers of different versions may differ: they are not mixed in one estimate."""
        if begun_with != (now := _versions()):
            raise claim.place.error(
                "formula",
                f"the claim was begun in {self._ledger.path} with {begun_with}, this is {now}; "
                "go on with the same versions, or choose another ledger",
            )


def _begin(ledger: Ledger) -> None:
    """Write the first line of a new ledger, or refuse one of another version."""
    if not ledger.records:
        ledger.append({"kind": "ledger", "version": _VERSION})
        return
    head = ledger.records[0]
    number = 1 if head.get("kind") == "campaign" else head.get("version")
    if number != _VERSION:
        raise InputError(
            f"ledger {ledger.path} must be of version {_VERSION}, which has a key for each claim, got version "
            f"{number}; choose another ledger, it stays as it is for the haarqntk that wrote it"
        )


def _statement(record: Mapping[str, Any]) -> tuple[str, ...]:
    """What a result line says; a claim of which something else is to be said gets another line."""
    return tuple(str(record.get(name)) for name in ("key", "claim", "exact", "detected", "passed"))


def _versions() -> dict[str, str]:
    """The versions that the random numbers depend on."""
    libraries = {name: version(name) for name in ("numpy", "scipy", "qutip")}
    return {"haarqntk": __version__, "python": platform.python_version(), **libraries}
