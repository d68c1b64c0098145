"""Records: JSON read as plain data, and plain data as structs of msgspec; one line says where either is wrong."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

import msgspec

from haarqntk.errors import InputError, InputTypeError

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


def read_json(text: object) -> Any:
    """The plain data of JSON, in which no field stands twice.

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
        raise InputTypeError(f"text must be JSON as a str, got {type(text).__name__}")
    if len(text) > _LONGEST_TEXT:
        raise InputError(f"text must have at most {_LONGEST_TEXT} characters, got {len(text)}")
    try:
        return json.loads(text, object_pairs_hook=without_repetition)
    except InputError:
        raise
    except json.JSONDecodeError as error:
        raise InputError(f"text must be JSON: {error}") from None
    except (ValueError, RecursionError) as error:  # a number of too many digits, brackets in brackets
        raise InputError(f"text must be JSON that can be read: {error}") from None


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
