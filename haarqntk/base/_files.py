"""Files: TOML whose errors say where, JSON without repeated fields, and files that are written whole or not at all."""

from __future__ import annotations

import re
import tempfile
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from haarqntk.errors import HaarqntkError, InputError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Place:
    """A table of a TOML file: the whole file, a table by its name, or the n-th of an array of tables.

    Attributes:
        file: The file, for messages.
        text: What it holds.
        array: The name of the table or of the array of tables; empty for the keys at the top.
        index: Which of the array, from 0; 0 for a single table.
    """

    file: str
    text: str
    array: str = ""
    index: int = 0

    def line(self, key: str = "") -> int:
        r"""Return the line of the key, from 1; of the table's head if the table does not have it.

        Examples:
            >>> text = 'seed = 1\n\n[[claim]]\nD = 2\n[[claim]]\nD = 4'
            >>> [Place("f", text, "claim", i).line("D") for i in (0, 1)], Place("f", text).line("seed")
            ([4, 6], 1)
            >>> Place("f", text, "claim", 1).line("L")
            5
            >>> Place("f", "[data]\nset = 1\n[circuit]\nset = 2", "circuit").line("set")
            4
        """
        lines = _lines(self.text)
        heads = [i for i, line in enumerate(lines) if re.match(rf"\s*\[\[?\s*{self.array}\s*\]\]?", line)]
        tables = [i for i, line in enumerate(lines) if re.match(r"\s*\[", line)]
        start = heads[self.index] if self.array and heads else 0
        end = next((i for i in tables if i > start or not self.array), len(lines))
        pattern = rf"""\s*["']?{re.escape(key)}["']?\s*="""
        found = [i for i in range(start, end) if key and re.match(pattern, lines[i])]
        if not self.array and not found:  # a key at the top may be the head of a table
            found = [i for i in tables if re.match(rf"\s*\[\[?\s*{re.escape(key)}\s*\]", lines[i])]
        return next(iter(found), start) + 1

    def error(self, key: str, message: object) -> InputError:
        """Return an error of this place, with file, line and key before the message."""
        return InputError(f"{self.file}, line {self.line(key)}, key {key!r}: {message}")

    @contextmanager
    def at(self, key: str) -> Iterator[None]:
        """What is wrong within is an error of this key.

        Examples:
            >>> with Place("f", "seed = -1").at("seed"):
            ...     raise InputError("seed must be an integer ≥ 0, got -1")
            Traceback (most recent call last):
            ...
            haarqntk.errors.InputError: f, line 1, key 'seed': seed must be an integer ≥ 0, got -1
        """
        try:
            yield
        except HaarqntkError as error:
            raise self.error(key, error) from None


def read_toml(path: Path, *, kind: str = "campaign") -> tuple[dict[str, Any], str]:
    """Return the data and the text of a TOML file; ``kind`` says what it describes, for messages.

    Raises:
        InputError: If it cannot be read, is not UTF-8 or is not TOML; a syntax error has its line.
    """
    try:
        text = path.read_bytes().decode()
        return tomllib.loads(text), text
    except OSError as error:
        raise InputError(f"{kind} must be a file that can be read, got {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}, byte {error.start}: the {kind} must be in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        message = re.sub(r"\(at line (\d+), column (\d+)\)", r"at line \1, column \2", str(error))
        raise InputError(f"{path} is not TOML: {message}{_key_at(text, message)}") from None


def _lines(text: str) -> list[str]:
    """Lines as TOML has them: a form feed or U+2028, at which str.splitlines breaks, does not end one."""
    return text.removesuffix("\n").split("\n")


def _key_at(text: str, message: str) -> str:
    """Name the key of the line that does not parse, where it begins with one."""
    found = re.search(r"line (\d+)", message)
    lines = _lines(text)
    number = int(found.group(1)) if found else len(lines)
    key = re.match(r"\s*([\w-]+)\s*=", lines[number - 1]) if 0 < number <= len(lines) else None
    return f", key {key.group(1)!r}" if key else ""


def prepare_folder(out: Path) -> None:
    """Make sure that files can be written to ``out`` before any work is done, and leave nothing behind if not.

    Raises:
        OutputError: If ``out`` is a file, or it or its parents cannot be written.
    """
    if not out.name:
        raise OutputError(f"out must name a folder, got {str(out)!r}; write for example report")
    missing = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        for folder in missing:
            if folder.is_dir():
                folder.rmdir()
        reason = error.strerror or error
        raise OutputError(
            f"out must be a folder that can be written, got {out}: {reason}; choose another"
        ) from None


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write beside the target, then move it there in one step; text in UTF-8.

    Raises:
        OutputError: If the file cannot be written.
    """
    temporary = None
    data = content.encode() if isinstance(content, str) else content
    try:
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, suffix=".part", delete=False) as stream:
            temporary = Path(stream.name)
            stream.write(data)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise OutputError(
            f"out must have room for {path.name}, got {error.strerror or error}; choose another"
        ) from None
    return path


SCHEMA_VERSION = 1


def without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these fields, for ``json.loads``, which by itself takes the last of two in silence.

    Raises:
        InputError: If a field stands twice.
    """
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"each field must stand once, got {twice[:60]!r} twice; leave one out")
    return record
