"""A study: what is run, what is predicted, and how the two compare; and the one harness that runs every study.

A study's work is cut into units with random numbers of their own. With a folder, each finished unit is a line of a
ledger there, keyed by what decides its numbers: a run that was killed goes on from the units that it has.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from haarqntk.base import write_whole
from haarqntk.errors import InputError
from haarqntk.export import PaperFigure, Section, read_section
from haarqntk.studies._evidence import numbers
from haarqntk.validation import open_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from haarqntk.export import Evidence, Panel
    from haarqntk.validation import Ledger

    Result = Mapping[str, Any]
    Seen = dict[str, Any]

FORMAT = 1
"""Of a ledger's lines; part of every key, to be raised when other numbers are kept under the same name."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a unit has at hand while it runs.

    Attributes:
        progress: To be called with shares of the unit; what is not told counts when the unit has ended.
        warn: To be called with what the user should know at once.
        folder: Where a unit may keep a checkpoint of its own; None if nothing is kept.
    """

    progress: Callable[[float], object]
    warn: Callable[[str], object]
    folder: Path | None


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of work with random numbers of its own.

    Attributes:
        name: Its name, which no other unit of the study has.
        run: Does it; returns arrays by name, or anything if the study has no other unit.
        work: How much work it is, in units of the study's choice.
    """

    name: str
    run: Callable[[Work], Result]
    work: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Texts:
    """The texts of a study, with fields in braces: of ``study``, and what is seen by its name.

    Attributes:
        title: What it is about.
        text: What was done, in a few sentences.
        caption: What the figure shows, with the numbers.
        choices: What the source leaves open, and how it was chosen here: one sentence each, none where it is empty.
        alt: What the figure shows, for readers who do not see it.
        recorded: The names of the numbers, of the study or of what is seen, that are written with the figure.
    """

    title: str
    text: str = ""
    caption: str
    choices: tuple[str, ...]
    alt: str
    recorded: tuple[str, ...]


class Study(ABC):
    """A study; its fields are what decides its numbers.

    Attributes:
        seed: The seed of every random number.
        name: The stem of its files, and its name on the command line.
        command: The command that runs it.
        source: The work that it makes again or tests, by its key.
        path: The file that describes it; empty for a study that comes with the library.
        can_fail: Whether every statement has to hold; otherwise they are findings.
        texts: What is said of it.
    """

    seed: int
    name: str
    command: str
    source: str
    path: str = ""
    can_fail: bool = False
    texts: Texts

    @abstractmethod
    def units(self) -> Iterable[Unit]:
        """The work."""

    @abstractmethod
    def predict(self, results: Sequence[Result]) -> Seen:
        """What the units found, in their order, beside what was to be expected; by name."""

    def compare(self, seen: Seen) -> Iterable[Evidence]:  # noqa: ARG002 - a figure need not state anything
        """The statements."""
        return ()

    @abstractmethod
    def panels(self, seen: Seen) -> Iterable[Panel]:
        """The figure."""

    def figure(self, seen: Seen) -> PaperFigure:
        """The figure with its caption."""
        caption, *choices = self._said(seen, self.texts.caption, *self.texts.choices)
        values = {name: seen[name] if name in seen else getattr(self, name) for name in self.texts.recorded}
        data = {name: numbers(x) if isinstance(x, np.ndarray) else x for name, x in values.items()}
        chosen, panels = tuple(filter(None, choices)), tuple(self.panels(seen))
        return PaperFigure(self.name, self.texts.alt, caption, chosen, {"seed": self.seed, **data}, panels)

    def section(self, seen: Seen) -> Section:
        """The study as a section of the report."""
        title, text = self._said(seen, self.texts.title, self.texts.text)
        out = "" if self.path else " --out studies"
        command = f"haarqntk {self.command} {self.path or self.name} --seed {self.seed}{out}"
        statements = tuple(self.compare(seen))
        return Section(title, text, statements, self.figure(seen), command, seen.get("warnings", ()))

    def _said(self, seen: Seen, *texts: str) -> list[str]:
        return [text.format(study=self, **seen) for text in texts]

    def key(self, unit: Unit) -> str:
        """Hash of what decides the numbers of a unit."""
        decides = msgspec.json.encode([FORMAT, type(self).__name__, self, unit.name])
        return hashlib.sha256(decides).hexdigest()[:16]


def run_study(
    study: Study,
    *,
    folder: Path | None = None,
    progress: Callable[[float], object] = lambda _: None,
    warn: Callable[[str], object] = lambda _: None,
) -> Seen:
    """Run the units of a study that its ledger does not have, and return what is seen beside its predictions.

    Args:
        study: The study.
        folder: Where the ledger is kept; None to keep nothing. A study of one unit has nothing to go on from.
        progress: Called with shares of the whole work, 1 in all.
        warn: Called with what the user should know at once.

    Raises:
        InputError: If the study cannot be run, or a line of the ledger is damaged.
        OutputError: If the ledger cannot be written, or another run holds it.
    """
    units = list(study.units())
    total, is_single, results = sum(unit.work for unit in units), len(units) == 1, []
    with ExitStack() as stack:
        ledger = None
        if folder is not None and not is_single:
            ledger = stack.enter_context(open_ledger(ledger_of(folder, study.name)))
        known = _known(ledger) if ledger else {}
        for unit in units:
            share, key = unit.work / total, study.key(unit)
            found = known.get(key)
            if found is not None:
                progress(share)
            else:
                found = _run(unit, share, progress=progress, warn=warn, folder=folder)
                if not is_single:  # as it is read back, so that no digit depends on where a run was killed
                    found = {name: np.asarray(value).tolist() for name, value in found.items()}
                if ledger:
                    record = {"key": key, "study": study.name, "unit": unit.name, "found": found}
                    ledger.append({**record, "digest": _digest(record)})
            results.append(found if is_single else {name: np.array(each) for name, each in found.items()})
    return study.predict(results)


def _known(ledger: Ledger) -> dict[str, Result]:
    """What the finished units found, by their keys."""
    for number, line in enumerate(ledger.records, start=1):
        if line.pop("digest", None) != _digest(line):
            raise InputError(
                f"{ledger.path}, line {number}: the record of a finished unit was changed, or is of another version; "
                "restore the file, or move it away to run every unit again"
            )
    return {line["key"]: line["found"] for line in ledger.records}


def _digest(record: Mapping[str, Any]) -> str:
    """Hash of a record, by which one that was changed is seen."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]


def _run(
    unit: Unit,
    share: float,
    *,
    progress: Callable[[float], object],
    warn: Callable[[str], object],
    folder: Path | None,
) -> Result:
    told: list[float] = []

    def tell(part: float) -> None:
        told.append(part)
        progress(share * part)

    found = unit.run(Work(tell, warn, folder))
    progress(share * (1 - sum(told)))
    return found


def ledger_of(folder: Path, name: str) -> Path:
    """The ledger of a study that is kept in a folder."""
    return folder / f"{name}.units.jsonl"


def write_study(out: Path, made: Section | PaperFigure) -> list[Path]:
    """Write a study or a figure as JSON, SVG and PDF, each whole or not at all; its ledger is of no more use, and goes.

    Args:
        out: A folder that can be written.
        made: The study, or the figure.

    Raises:
        OutputError: If a file cannot be written.
    """
    figure = made.figure if isinstance(made, Section) else made
    contents: dict[str, str | bytes] = {
        "svg": figure.svg() + "\n",
        "pdf": figure.pdf(),
        "json": made.json() + "\n",
    }
    endings = ("json", "svg", "pdf") if isinstance(made, Section) else ("svg", "pdf", "json")
    written = [write_whole(out / f"{made.name}.{ending}", contents[ending]) for ending in endings]
    ledger_of(out, made.name).unlink(missing_ok=True)
    return written


def recorded_sections(names: Iterable[str]) -> list[Section]:
    """Read the recorded studies of these names: from the installed package, or the checkout that it is run from.

    Raises:
        InputError: If one is damaged.
    """
    packaged = Path(str(files("haarqntk"))) / "recorded_studies"
    folder = packaged if packaged.exists() else Path(__file__).parents[2] / "validation" / "studies"
    paths = [folder / f"{name}.json" for name in names]
    return [read_section(path.read_text(encoding="utf-8"), origin=path.name) for path in paths]


def read_study(path: Path) -> Section:
    """Read a study that ``write_study`` wrote.

    Raises:
        InputError: If the file cannot be read, holds no study, or one whose figure cannot be drawn.
    """
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise InputError(f"study must be a file that can be read, got {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}, byte {error.start}: a study must be in UTF-8") from None
    section = read_section(text, origin=path.name)
    try:
        section.figure.svg()
    except (ValueError, RuntimeError, OverflowError, TypeError) as error:  # what Matplotlib finds in labels
        reason = " ".join(str(error).split())[:100]
        raise InputError(f"{path.name}: its figure cannot be drawn: {reason}; make the study again") from None
    return section
