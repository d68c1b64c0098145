"""Files: TOML and JSON whose errors say where, and files that are written whole or not at all.

JSON is read as plain data, without repeated fields, and plain data as structs of msgspec.
"""

from __future__ import annotations

import json
import re
import tempfile
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from haarqntk.errors import HaarqntkError, InputError, InputTypeError, OutputError

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

_LONGEST_TEXT = 20_000_000  # characters
_LONGEST_SHOWN = 60  # characters of a value in a message
_KINDS = {
    "int": "an integer",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
}
_REFUSAL = re.compile(r"^(.*?)(?: - at (`key` in )?`\$([^`]*)`)?$(?!\n)", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
_FIELD = re.compile(r"Object (missing required|contains unknown) field `(.*)`", re.DOTALL)
_EXPECTED = re.compile(r"Expected `([a-z |]+)`(.*)", re.DOTALL)
_PATTERNS: dict[str, str] = {}

Kind = TypeVar("Kind")


def matching(pattern: str, words: str) -> msgspec.Meta:
    """The rule that a text of a struct matches a pattern as a whole, with the words of its refusal.

    Examples:
        >>> from typing import Annotated
        >>> read_record("key", "A", Annotated[str, matching("[a-z]+", "small letters")])
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputError: key must be small letters, got 'A'
    """
    whole = rf"^{pattern}$(?!\n)"  # in Python, unlike in a schema, $ is also before a last line break
    _PATTERNS[whole] = words
    return msgspec.Meta(pattern=whole, description=words)


def read_json(text: object, *, name: str = "text", cure: str = "", longest: int = _LONGEST_TEXT) -> Any:
    """The plain data of JSON, in which no field stands twice.

    Args:
        text: The JSON.
        name: What it is, for messages.
        cure: What to do about a text that is no JSON, for the message.
        longest: How many characters it may have.

    Raises:
        InputTypeError: If ``text`` is no text.
        InputError: If it is no JSON, or too large.

    Examples:
        >>> read_json('{"D": 4}')
        {'D': 4}
        >>> read_json('{"D": 4, "D": 8}')
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputError: each field must stand once, got 'D' twice; leave one out
    """
    if not isinstance(text, str):
        raise InputTypeError(f"{name} must be JSON as a str, got {type(text).__name__}")
    if len(text) > longest:
        raise InputError(f"{name} must have at most {longest} characters, got {len(text)}")
    try:
        return json.loads(text, object_pairs_hook=without_repetition)
    except InputError as error:  # of a field that stands twice
        raise InputError(str(error) if name == "text" else f"{name}: {error}") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{name} must be JSON: {error}" + f"; {cure}" * bool(cure)) from None
    except (ValueError, RecursionError) as error:  # a number of too many digits, brackets in brackets
        raise InputError(f"{name} must be JSON that can be read: {error}") from None


def read_object(
    text: object, kind: str, *, cure: str, name: str = "text", longest: int = _LONGEST_TEXT
) -> dict[str, Any]:
    """The fields of a JSON object whose type is ``kind``, without that one; see ``read_json``.

    Raises:
        InputTypeError: If ``text`` is no text.
        InputError: If it is no JSON, or of another type; the message ends with the cure.

    Examples:
        >>> read_object('{"type": "point", "D": 4}', "point", cure="read it as what it is")
        {'D': 4}
    """
    data = read_json(text, name=name, cure=cure, longest=longest)
    if not isinstance(data, dict) or data.pop("type", None) != kind:
        raise InputError(f"{name} must be JSON of the type {kind}, got another; {cure}")
    return data


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


def check_version(version: object, known: int = SCHEMA_VERSION) -> None:
    """Raise an InputError unless a record is of the version of the schema that is read."""
    if type(version) is not int or version != known:  # true and 1.0 are equal to 1
        raise InputError(
            f"schema_version must be {known}, got {short(version)}; read it with the version of haarqntk that "
            "wrote it"
        )


def read_record(name: str, data: Any, kind: type[Kind]) -> Kind:
    """Plain data as a struct, or another type that msgspec knows.

    Args:
        name: What the data are, for the message.
        data: What ``read_json`` returned; used up where it is refused.
        kind: The struct.

    Raises:
        InputError: If a field is missing, unknown or not what the struct says.

    Examples:
        >>> class Point(msgspec.Struct):
        ...     D: int
        ...     spectra: dict[str, list[int]]
        >>> read_record("a point", {"D": 2, "spectra": {"A": [1, -1], "B": [1, "x"]}}, Point)
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputError: spectra.B[1] must be an integer, got 'x'
    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise InputError(_refused(str(error), name, data, kind)) from None
    except RecursionError as error:
        raise InputError(f"{name} must not nest so deep: {error}") from None


def short(data: object) -> str:
    """A value in one line of a message.

    Examples:
        >>> short("x" * 100)[-3:]
        'xx…'
    """
    text = repr(data)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}…"


def _refused(message: str, name: str, data: Any, kind: Any) -> str:
    """The message of msgspec in words, with the place and the value."""
    rule, is_key, path = _REFUSAL.findall(message)[0]
    place, step, value = "", data, data
    try:
        for field, index in _STEP.findall(path + ("[...]" if is_key else "")):
            step = int(index) if index.isdigit() else field
            if index == "...":  # any of the fields: the first that is refused alone
                step = next(key for key in [*value] if _is_alone_refused(key, value, message, data, kind))
            value = value[step]
            place += f"[{step}]" if index.isdigit() else f".{step[:_LONGEST_SHOWN]}"
    except (LookupError, TypeError, StopIteration):  # the name of a field that reads like a path
        return f"{name} must be what its schema says, got {short(message)}"
    place = place.removeprefix(".")
    if found := _FIELD.fullmatch(rule):
        fault, own = found[1], f"{place}.{found[2][:_LONGEST_SHOWN]}".removeprefix(".")
        if fault == "missing required":
            return f"the field {own} must be there, got {short(', '.join(value))}; write it"
        return f"the field {own} must not be there; leave it out, or read it with the version that wrote it"
    if is_key:
        return f"each name in {place.rpartition('.')[0]} must be {_in_words(rule)}, got {short(step)}"
    return f"{place or name} must be {_in_words(rule)}, got {short(value)}"


def _is_alone_refused(key: str, place: dict[str, Any], message: str, data: Any, kind: Any) -> bool:
    """Whether msgspec says the same of data that have no other field than this one at a place."""
    others = dict(place)
    place.clear()
    place[key] = others[key]
    try:
        msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        if str(error) == message:
            return True
    place |= others
    return False


def _in_words(rule: str) -> str:
    for pattern, words in _PATTERNS.items():
        if rule.endswith(repr(pattern)):
            return words
    found = _EXPECTED.fullmatch(rule)
    if not found:  # a tag, a literal
        return "what the schema says"
    kinds, bound = found.groups()
    words = " or ".join(_KINDS.get(kind, kind) for kind in kinds.split(" | "))
    return words + bound.partition(", got")[0].replace(">=", "≥").replace("<=", "≤")
