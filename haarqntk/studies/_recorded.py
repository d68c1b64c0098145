"""The recorded studies that come with the library, and files of studies that others made."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from haarqntk.base import write_whole
from haarqntk.errors import InputError
from haarqntk.export import Section, read_section

if TYPE_CHECKING:
    from collections.abc import Sequence


def recorded_folder() -> Path:
    """The folder of the recorded studies: in the installed package, or in the checkout that it is run from."""
    packaged = Path(str(files("haarqntk"))) / "recorded_studies"
    return packaged if packaged.exists() else Path(__file__).parents[2] / "validation" / "studies"


def recorded_sections(names: Sequence[str]) -> list[Section]:
    """Read the recorded studies of these names.

    Raises:
        InputError: If one is missing or damaged.
    """
    paths = [recorded_folder() / f"{name}.json" for name in names]
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


def write_study(out: Path, section: Section) -> list[Path]:
    """Write the study as JSON and its figure as SVG and PDF; each file appears whole or not at all.

    Args:
        out: A folder that can be written.
        section: The study.

    Raises:
        OutputError: If a file cannot be written.
    """
    contents: dict[str, str | bytes] = {
        "json": section.json() + "\n",
        "svg": section.figure.svg() + "\n",
        "pdf": section.figure.pdf(),
    }
    return [write_whole(out / f"{section.name}.{ending}", content) for ending, content in contents.items()]
