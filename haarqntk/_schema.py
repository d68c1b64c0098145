"""What every JSON that results are written in shares, for the rooms that do not see each other."""

from __future__ import annotations

from typing import Any

from haarqntk.errors import InputError

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
