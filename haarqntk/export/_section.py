"""A study as a section of the report: statements with their evidence, choices, and a figure that can be drawn again.

Written as JSON with everything that is shown, so that a run made elsewhere, or long ago, goes onto the page; as plain
text for a terminal.
"""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from haarqntk.base import without_repetition
from haarqntk.errors import InputError
from haarqntk.export._figure import LINE_KINDS, POINT_KINDS, Line, Panel, PaperFigure, Points
from haarqntk.export._json import json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SECTION_VERSION = 1
_LONGEST_TEXT = 50_000_000
_LARGEST_NUMBER = 1e200  # what a figure can still draw
_MOST_PANELS = 6


@dataclass(frozen=True, slots=True)
class Evidence:
    """One statement with what was predicted and what was seen.

    Attributes:
        statement: The statement, a sentence.
        predicted: The prediction with its unit, as text.
        seen: What the runs gave, with its error.
        distance: How far apart they are and in which measure, such as "z = +0.7".
        holds: Whether the statement holds by the rule that the distance names.
    """

    statement: str
    predicted: str
    seen: str
    distance: str
    holds: bool

    @property
    def verdict(self) -> str:
        """Whether it holds, in words; there is none where the distance says that a verdict needs more runs."""
        if "a verdict needs" in self.distance:
            return "no verdict"
        return "holds" if self.holds else "does not hold"


@dataclass(frozen=True, slots=True)
class Section:
    """A study: what it is about, what is found, and the picture of it.

    Attributes:
        title: The heading.
        text: What was done, in a few sentences.
        evidence: The statements.
        figure: The picture; its ``name`` is the section's name and the stem of its files.
        command: The shell command that makes the section again.
        warnings: What the reader must know first, one sentence each; usually nothing.
    """

    title: str
    text: str
    evidence: tuple[Evidence, ...]
    figure: PaperFigure
    command: str
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The stem of the section's files."""
        return self.figure.name

    @property
    def holds(self) -> bool:
        """Whether every statement holds."""
        return all(each.holds for each in self.evidence)

    def json(self) -> str:
        """The whole section as JSON; ``read_section`` reads it back."""
        return json_text({"schema_version": SECTION_VERSION, "type": "section", **asdict(self)})

    def plain_text(self, *, width: int = 80) -> str:
        """Title, text and statements for a terminal."""
        parts = [self.title, *(_wrapped(f"Warning: {each}", width) for each in self.warnings)]
        parts.append(_wrapped(self.text, width))
        for each in self.evidence:
            mark = each.verdict.replace("does not hold", "DOES NOT HOLD")
            found = f"{mark}: predicted {each.predicted}; seen {each.seen}; {each.distance}"
            parts.append(
                f"{_wrapped(each.statement, width, '- ', '  ')}\n{_wrapped(found, width, '  ', '  ')}"
            )
        return "\n\n".join(part for part in parts if part)


def _wrapped(text: str, width: int, first: str = "", then: str = "") -> str:
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=then)


def read_section(text: str, *, origin: str = "text") -> Section:
    """Read a section that ``Section.json`` wrote.

    Args:
        text: The JSON.
        origin: Where it comes from, for messages.

    Raises:
        InputError: If it is no such JSON; the message names the field.
    """
    if len(text) > _LONGEST_TEXT:
        raise InputError(f"{origin} must have at most {_LONGEST_TEXT} characters, got {len(text)}")
    try:
        data = json.loads(text, object_pairs_hook=without_repetition)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{origin} must be the JSON of a study: {error}") from None
    if not isinstance(data, dict) or data.pop("type", None) != "section":
        raise InputError(f"{origin} must be the JSON of a study, got other data; use what --out wrote")
    if (version := data.pop("schema_version", None)) != SECTION_VERSION:
        raise InputError(
            f"{origin}: schema_version must be {SECTION_VERSION}, got {version!r}; make the study again"
        )
    return _Reader(origin).section(data)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Builds values from parsed JSON; every field is checked, and an error says which one is wrong."""

    origin: str

    def section(self, data: object) -> Section:
        record = self._record(Section, data, "section")
        return Section(
            title=self._text(record, "title"),
            text=self._text(record, "text"),
            command=self._text(record, "command"),
            warnings=self._texts(record, "warnings"),
            evidence=self._evidence_of(record),
            figure=self._figure(record["figure"]),
        )

    def _evidence_of(self, record: dict[str, Any]) -> tuple[Evidence, ...]:
        evidence = self._all(record, "evidence", self._evidence)
        if not evidence:
            raise self._error("evidence", "at least one statement", [])
        return evidence

    def _evidence(self, data: object) -> Evidence:
        record = self._record(Evidence, data, "evidence")
        if not isinstance(record["holds"], bool):
            raise self._error("holds", "true or false", record["holds"])
        texts = {name: self._text(record, name) for name in record if name != "holds"}
        return Evidence(**texts, holds=record["holds"])

    def _figure(self, data: object) -> PaperFigure:
        record = self._record(PaperFigure, data, "figure")
        if not isinstance(record["data"], dict):
            raise self._error("data", "an object", record["data"])
        texts = {name: self._text(record, name) for name in ("name", "alt", "caption")}
        if not texts["name"].replace("-", "_").isidentifier():
            raise self._error("name", "a word of letters, digits, - and _", texts["name"])
        panels = self._all(record, "panels", self._panel)
        if not 1 <= len(panels) <= _MOST_PANELS:
            raise self._error("panels", f"a list of 1 to {_MOST_PANELS} panels", len(panels))
        return PaperFigure(
            **texts, choices=self._texts(record, "choices"), data=record["data"], panels=panels
        )

    def _panel(self, data: object) -> Panel:
        record = self._record(Panel, data, "panels")
        limits = record["y_limits"]
        times = self._numbers("trajectory_x", record["trajectory_x"])
        trajectories = self._all(
            record, "trajectories", lambda each: self._as_long("trajectories", each, times)
        )
        return Panel(
            x_label=self._text(record, "x_label"),
            y_label=self._text(record, "y_label"),
            lines=self._all(record, "lines", self._line),
            points=self._all(record, "points", self._points),
            trajectories=trajectories,
            trajectory_x=times,
            logarithmic=self._one_of(record, "logarithmic", ("", "x", "y", "xy")),
            y_limits=None if limits is None else self._quantity("y_limits", limits, 2),
            inset=None if record["inset"] is None else self._panel(record["inset"]),
            inset_place=self._quantity("inset_place", record["inset_place"], 4),
        )

    def _line(self, data: object) -> Line:
        record = self._record(Line, data, "lines")
        curve = self._curve(record)
        error = None if record["error"] is None else self._as_long("error", record["error"], curve["x"])
        return Line(self._one_of(record, "kind", LINE_KINDS), **curve, error=error)

    def _points(self, data: object) -> Points:
        record = self._record(Points, data, "points")
        curve = self._curve(record)
        error = self._as_long("error", record["error"], curve["x"])
        if any(each < 0 for each in error):
            raise self._error("error", "numbers ≥ 0", min(error))
        return Points(self._one_of(record, "kind", POINT_KINDS), **curve, error=error)

    def _curve(self, record: dict[str, Any]) -> dict[str, Any]:
        x = self._numbers("x", record["x"])
        return {"label": self._text(record, "label"), "x": x, "y": self._as_long("y", record["y"], x)}

    def _record(self, kind: type, data: object, name: str) -> dict[str, Any]:
        names = {each.name for each in fields(kind)}
        if not isinstance(data, dict) or set(data) != names:
            found = sorted(set(data) ^ names) if isinstance(data, dict) else type(data).__name__
            raise self._error(name, f"an object with the fields {', '.join(sorted(names))}", found)
        return data

    def _text(self, record: dict[str, Any], name: str) -> str:
        if not isinstance(record[name], str):
            raise self._error(name, "a text", record[name])
        return str(record[name])

    def _texts(self, record: dict[str, Any], name: str) -> tuple[str, ...]:
        if not isinstance(record[name], list) or not all(isinstance(each, str) for each in record[name]):
            raise self._error(name, "a list of texts", record[name])
        return tuple(record[name])

    def _one_of(self, record: dict[str, Any], name: str, known: Sequence[str]) -> str:
        if record[name] not in known:
            raise self._error(name, f"one of {', '.join(map(repr, known))}", record[name])
        return str(record[name])

    def _all(self, record: dict[str, Any], name: str, read: Callable[[object], Any]) -> tuple[Any, ...]:
        if not isinstance(record[name], list):
            raise self._error(name, "a list", record[name])
        return tuple(read(each) for each in record[name])

    def _numbers(self, name: str, data: object) -> tuple[float, ...]:
        if not isinstance(data, list) or not all(_is_number(each) for each in data):
            raise self._error(name, "a list of finite numbers", data)
        return tuple(data)

    def _as_long(self, name: str, data: object, other: Sequence[float]) -> tuple[float, ...]:
        numbers = self._numbers(name, data)
        if len(numbers) != len(other):
            raise self._error(name, f"{len(other)} numbers, as its abscissae", len(numbers))
        return numbers

    def _quantity(self, name: str, data: object, count: int) -> Any:
        numbers = self._numbers(name, data)
        if len(numbers) != count:
            raise self._error(name, f"{count} numbers", data)
        return numbers

    def _error(self, field: str, rule: str, got: object) -> InputError:
        return InputError(
            f"{self.origin}, field {field}: must be {rule}, got {str(got)[:60]!r}; make the study again"
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST_NUMBER
