"""Every error that haarqntk raises on purpose.

The tree::

    HaarqntkError
    ├── InputError (ValueError)          an argument breaks a rule
    │   ├── UnknownNameError             a name that the library does not know
    │   ├── CostError                    a request that would not finish
    │   ├── OutputError                  a result that cannot be written
    │   └── RunError                     workers that cannot be reached, or are lost
    └── InputTypeError (TypeError)       an argument of the wrong kind

A message is one line: the argument, the rule, the value it got, the cure. The command line prints it and
exits with status 2.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


_LONGEST_NAME = 100  # characters of a wrong name in a message


class HaarqntkError(Exception):
    r"""The root: catch this to catch every error of the library.

    Examples:
        >>> raise HaarqntkError("what was given may print\n as several lines")
        Traceback (most recent call last):
        ...
        haarqntk.errors.HaarqntkError: what was given may print as several lines
    """

    def __init__(self, message: str = "", *, picture: str = "") -> None:
        """Keep the message on one line, whatever the text of what it shows; a picture may stand below it."""
        super().__init__(" ".join(part.strip() for part in str(message).splitlines()) + picture)


class InputError(HaarqntkError, ValueError):
    """An argument of the right kind breaks a rule of its range or shape."""


class InputTypeError(HaarqntkError, TypeError):
    """An argument is of the wrong kind."""


class UnknownNameError(InputError):
    """A name is not among those that the library knows.

    The message lists the known names and, where one is close, the nearest.

    Examples:
        >>> raise UnknownNameError.among("formula", "kernel_men", ["kernel_mean", "kernel_variance"])
        Traceback (most recent call last):
        ...
        haarqntk.errors.UnknownNameError: unknown formula 'kernel_men'; did you mean 'kernel_mean'? \
known: kernel_mean, kernel_variance
    """

    @classmethod
    def among(cls, kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
        """Build the error from the kind of thing, the name that was given and the known names."""
        names = list(known)
        nearest = difflib.get_close_matches(str(name)[:_LONGEST_NAME], names, n=1, cutoff=0.5)
        hint = f"did you mean {nearest[0]!r}? " if nearest else ""
        text = repr(str(name))
        shown = text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"
        return cls(f"unknown {kind} {shown}; {hint}known: {', '.join(names)}")


class CostError(InputError):
    """A request is larger than what finishes; the message gives its size and the largest that does."""


class OutputError(InputError):
    """A result cannot be written where it was asked for; nothing half-written stays behind."""


class RunError(InputError):
    """The workers of a run cannot be reached or are lost; what they finished is kept."""
