"""TOML read so that an error can say where: the file, the line, the key."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from haarqntk.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


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
