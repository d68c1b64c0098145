"""Parsing what a user types: limits on its size, and one error with a caret under the place that does not parse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lark import Token, UnexpectedInput
from lark.exceptions import VisitError

from haarqntk.errors import CostError, HaarqntkError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lark import Lark, Transformer

LONGEST_TEXT = 10_000
LARGEST_EXPONENT = 64
MOST_DIGITS = 1000
_ROOT = re.compile(r"(?:\^|\*\*)\s*(1|-\s*\d+)\s*/\s*(\d+)")


def parse(
    kind: str,
    text: object,
    parser: Lark,
    transformer: Transformer[Token, Any],
    *,
    refuse: Callable[[str], None] = lambda _: None,
    hints: Sequence[tuple[str, str]] = (),
) -> Any:
    """Parse a text and transform its tree; ``kind`` names the text in messages.

    A text that does not parse is given to ``refuse`` first, which may know what was meant; otherwise the message ends
    with what the first of the ``hints``, pairs of a pattern and a cure, says that is found in the text.

    Raises:
        InputError: If the text does not parse, with a caret under the place.
        CostError: If it is too long or too deep.
    """
    if not isinstance(text, str):
        raise InputError(f"{kind} must be a text, got {text!r}")
    if len(text) > LONGEST_TEXT:
        raise CostError(f"{kind} must have at most {LONGEST_TEXT} characters, got {len(text)}")
    if root := _ROOT.search(text):
        power, below = root.groups()
        first = power == "1"
        raise InputError(
            f"{kind} has {root[0]}, which is a {'first power' if first else f'power {power}'} divided by {below}; "
            f"write {'sqrt(…)' if first else f'x^({power}/{below})'}, or {'x' if first else f'x^({power})'}/{below}"
        )
    try:
        return transformer.transform(parser.parse(text))
    except UnexpectedInput as error:
        refuse(text)
        at_end = getattr(getattr(error, "token", None), "type", "") == "$END"
        place = len(text) if at_end else min(error.pos_in_stream or 0, len(text))
        found = f"unexpected {text[place]!r}" if place < len(text) else "it ends too early"
        start = text.rfind("\n", 0, place) + 1  # of the line that holds the place
        line, column = text[start:].split("\n", 1)[0], place - start
        cure = next((f"; {hint}" for pattern, hint in hints if re.search(pattern, text)), "")
        raise InputError(
            f"{kind} does not parse: {found} at column {column + 1}{cure}",
            picture=f"\n  {line}\n  {' ' * column}^",
        ) from None
    except VisitError as error:
        if isinstance(error.orig_exc, HaarqntkError):
            raise error.orig_exc from None
        raise
    except RecursionError:
        raise CostError(f"{kind} must not be nested so deeply; simplify it") from None


def exponent_of(token: str) -> int:
    """An exponent within the limits."""
    if len(token) > 4 or int(token) > LARGEST_EXPONENT:  # noqa: PLR2004 - digits
        raise CostError(f"an exponent must be at most {LARGEST_EXPONENT}, got {token}")
    return int(token)


def check_digits(token: str) -> str:
    """A number within the limits."""
    if len(token) > MOST_DIGITS:
        raise CostError(f"a number must have at most {MOST_DIGITS} digits, got {len(token)}")
    return token
