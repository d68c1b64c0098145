"""The studies that come with the library, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from haarqntk.errors import UnknownNameError
from haarqntk.studies import _deep, _depth, _diagnose, _labels, _law, _lazy, _phases

if TYPE_CHECKING:
    from haarqntk.studies._evidence import Study

STUDIES: Final[tuple[Study, ...]] = (
    _law.STUDY,
    _lazy.STUDY,
    _deep.STUDY,
    _labels.STUDY,
    _phases.STUDY,
    _diagnose.STUDY,
    _depth.STUDY,
)


def study(name: str, *, command: str) -> Study:
    """The study of this name that a command runs.

    Args:
        name: Its name.
        command: "train", "diagnose" or "depth".

    Raises:
        UnknownNameError: If there is none; the message lists those of the command.

    Examples:
        >>> study("law", command="train").name
        'law'
    """
    known = {each.name: each for each in STUDIES if each.command == command}
    if name not in known:
        raise UnknownNameError.among(f"study for haarqntk {command}", name, [*known, "a file .toml"])
    return known[name]
