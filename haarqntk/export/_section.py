"""A study as a section of the report: statements with their evidence, choices, and a figure that can be drawn again.

Written as JSON with everything that is shown, so that a run made elsewhere, or long ago, goes onto the page; as plain
text for a terminal.
"""

from __future__ import annotations

import json
import textwrap

import msgspec

from haarqntk.base import without_repetition
from haarqntk.errors import InputError
from haarqntk.export._figure import PaperFigure

SECTION_VERSION = 1
_LONGEST_TEXT = 50_000_000


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A study: what it is about, what is found, and the picture of it.

    Attributes:
        title: The heading.
        text: What was done, in a few sentences.
        evidence: The statements, at least one.
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

    def __post_init__(self) -> None:
        if not self.evidence:
            raise InputError("evidence must have at least one statement, got none")

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
        record = {"schema_version": SECTION_VERSION, "type": "section", **msgspec.structs.asdict(self)}
        return json.dumps(
            record, indent=2, ensure_ascii=False, allow_nan=False, default=msgspec.structs.asdict
        )

    def plain_text(self, *, width: int = 80) -> str:
        """Title, text and statements for a terminal."""
        parts = [self.title, *(textwrap.fill(f"Warning: {each}", width) for each in self.warnings)]
        parts.append(textwrap.fill(self.text, width))
        for each in self.evidence:
            mark = each.verdict.replace("does not hold", "DOES NOT HOLD")
            found = f"{mark}: predicted {each.predicted}; seen {each.seen}; {each.distance}"
            statement = textwrap.fill(each.statement, width, initial_indent="- ", subsequent_indent="  ")
            parts.append(
                f"{statement}\n{textwrap.fill(found, width, initial_indent='  ', subsequent_indent='  ')}"
            )
        return "\n\n".join(part for part in parts if part)


def read_section(text: str, *, origin: str = "text") -> Section:
    """Read a section that ``Section.json`` wrote.

    Args:
        text: The JSON.
        origin: Where it comes from, for messages.

    Raises:
        InputError: If it is no such JSON, or of another version; the message names the field.
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
    try:
        return msgspec.convert(data, Section)
    except (msgspec.ValidationError, RecursionError) as error:
        rule, _, place = str(error).partition(" - at `$.")
        field = f", field {place.rstrip('`')}" if place else ""
        raise InputError(f"{origin}{field}: {rule}; make the study again") from None
