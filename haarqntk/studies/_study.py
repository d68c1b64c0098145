"""A study: what is run, what is predicted, and how the two compare; and the one harness that runs every study.

A study's work is cut into units with random numbers of their own. With a folder, each finished unit is a line of a
ledger there, keyed by what decides its numbers: a run that was killed goes on from the units that it has.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from haarqntk.base import write_whole
from haarqntk.errors import InputError
from haarqntk.export import Evidence, Line, Panel, PaperFigure, Points, Section, read_section, with_error
from haarqntk.montecarlo import LARGEST_Z, Moments, samples_for_verdict
from haarqntk.validation import open_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import ArrayLike

    from haarqntk.validation import Ledger

Real = NDArray[np.float64]
Result = Mapping[str, Any]
Seen = dict[str, Any]

FORMAT = 1
"""Of a ledger's lines; part of every key, to be raised when other numbers are kept under the same name."""

_ROUNDING: Final = 2.0**-40


@dataclass(frozen=True, slots=True)
class Work:
    """What a unit has at hand while it runs."""

    progress: Callable[[float], object]  # called with shares of the unit; what is not told counts at its end
    warn: Callable[[str], object]  # called with what the user should know at once
    folder: Path | None  # where a unit may keep a checkpoint of its own; None if nothing is kept


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of work with random numbers of its own."""

    name: str  # no other unit of the study has it
    run: Callable[[Work], Result]  # returns arrays by name, or anything if the study has no other unit
    work: float = 1.0  # how much it is, in units of the study's choice


@dataclass(frozen=True, kw_only=True, slots=True)
class Texts:
    """The texts of a study, with fields in braces: of ``study``, and what is seen by its name."""

    title: str
    text: str = ""  # what was done, in a few sentences
    caption: str  # what the figure shows, with the numbers
    choices: tuple[
        str, ...
    ]  # what the source leaves open, and how it was chosen; none where a sentence is empty
    alt: str  # what the figure shows, for readers who do not see it
    recorded: tuple[
        str, ...
    ]  # the numbers, of the study or of what is seen, that are written with the figure


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
        """Hash of what decides the numbers of a unit, the version of NumPy included."""
        decides = msgspec.json.encode([FORMAT, np.__version__, type(self).__name__, self, unit.name])
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
                found = _run(unit, share, Work(progress, warn, folder))
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


def _run(unit: Unit, share: float, work: Work) -> Result:
    """Run a unit, which is a share of the whole work."""
    told: list[float] = []

    def tell(part: float) -> None:
        told.append(part)
        work.progress(share * part)

    found = unit.run(replace(work, progress=tell))
    work.progress(share * (1 - sum(told)))
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


@dataclass(frozen=True, slots=True)
class Sample:
    """What a verdict on a mean over independent runs rests on."""

    mean: float
    error: float
    samples: int
    skewness: float = 0.0  # of one value; 0, which takes the fewest runs, where it is not known

    @classmethod
    def of(cls, values: ArrayLike) -> Sample:
        """That of independent values."""
        moments = Moments.of("0", np.asarray(values, dtype=np.float64))
        estimate = moments.estimate
        return cls(estimate.mean, estimate.standard_error, estimate.samples, moments.skewness)

    def judged(self, lower: float, upper: float) -> tuple[float | None, str]:
        """z, from the nearer end of a bracket and 0 inside, and its text; no z from fewer runs than the law needs."""
        if self.samples < (needed := samples_for_verdict(self.skewness)):
            return None, f"N = {self.samples:,}, a verdict needs {needed:,}"
        off = max(self.mean - upper, 0.0) + min(self.mean - lower, 0.0)
        rounding = _ROUNDING * max(abs(self.mean), abs(lower), abs(upper))
        if self.error > rounding:
            z = float(off / self.error)
        else:
            z = 0.0 if abs(off) <= rounding else float(np.copysign(np.inf, off))
        return z, f"z = {z:+.1f}, N = {self.samples:,}"

    def agreement(self, statement: str, *, predicted: float) -> Evidence:
        """A statement that the mean is the predicted number."""
        return self.bracketed(statement, lower=predicted, upper=predicted)

    def bracketed(self, statement: str, *, lower: float, upper: float) -> Evidence:
        """A statement that the mean lies in a bracket; z counts from its nearer end."""
        z, text = self.judged(lower, upper)
        is_narrow = upper - lower < self.error / 10 or lower == upper
        predicted = f"{(lower + upper) / 2:.4g}" if is_narrow else f"from {lower:.4g} to {upper:.4g}"
        holds = z is not None and abs(z) <= LARGEST_Z
        return Evidence(statement, predicted, with_error(self.mean, self.error), text, holds)

    def disagreement(self, statement: str, *, by: str, predicted: float) -> Evidence:
        """A statement that a prediction, named by ``by``, fails: the mean is over ``LARGEST_Z`` standard errors off."""
        z, text = self.judged(predicted, predicted)
        is_refused = z is not None and abs(z) > LARGEST_Z
        if z is not None:
            text += ": refused" if is_refused else ": not refused"
        seen = with_error(self.mean, self.error)
        return Evidence(statement, f"{predicted:.4g} by {by}", seen, text, is_refused)


def within(statement: str, *, predicted: float, seen: float, relative: float) -> Evidence:
    """A statement that a number is the predicted one up to a stated relative deviation."""
    deviation = abs(seen / predicted - 1) if predicted else float("nan")  # 0 has no relative deviation
    text = f"relative {deviation:.2g}, stated {relative:.2g}"
    return Evidence(statement, f"{predicted:.4g}", f"{seen:.4g}", text, bool(deviation <= relative))


def numbers(values: ArrayLike) -> tuple[float, ...]:
    """An array as a tuple of floats of 9 digits, which is what a figure needs."""
    return tuple(float(f"{x:.9g}") for x in np.asarray(values, dtype=np.float64))


def curve(kind: str, label: str, x: ArrayLike, y: ArrayLike) -> Line:
    """A curve, to the digits that a figure needs."""
    return Line(kind, label, numbers(x), numbers(y))


def bars(kind: str, label: str, x: ArrayLike, estimates: Iterable[Sequence[float]]) -> Points:
    """Estimates with their standard errors as bars."""
    means, errors = np.array(list(estimates)).T.tolist()
    return Points(kind, label, numbers(x), means, errors)


def dots(kind: str, label: str, x: ArrayLike, y: ArrayLike) -> Points:
    """Points without bars."""
    return Points(kind, label, numbers(x), numbers(y), (0.0,) * len(np.asarray(x)))


def sparse(kind: str, label: str, x: ArrayLike, y: ArrayLike, *, count: int = 16) -> Points:
    """About ``count`` points of a run, without bars, so that the prediction beneath stays visible."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    places = np.unique(np.linspace(0, len(x) - 1, count).round().astype(int))
    return dots(kind, label, x[places], y[places])


def panel(x_label: str, y_label: str, *drawn: Line | Points, log: str = "", **more: Any) -> Panel:
    """Axes with curves and points in any order; ``more`` are the other fields of a panel."""
    lines = tuple(each for each in drawn if isinstance(each, Line))
    points = tuple(each for each in drawn if isinstance(each, Points))
    return Panel(x_label, y_label, lines=lines, points=points, logarithmic=log, **more)
