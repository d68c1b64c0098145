"""One field of a record: a text, computed within a limit of processor time; a refusal is a text too."""

from __future__ import annotations

import hashlib
import re
import signal
import warnings
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import sympy

from haarqntk.errors import HaarqntkError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

Fields = Mapping[str, Callable[[], Any]]
"""Name of a field → what computes it."""

NOT_FINISHED: Final = "not finished"
LONGEST: Final = 30_000
"""A longer text is kept as its beginning and its hash."""
_KEPT: Final = 3_000
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
_UNSET: Any = object()


@dataclass(frozen=True)
class Section:
    """One section of the corpus.

    Attributes:
        name: Its name, and the stem of its file.
        keys: The names of its inputs.
        fields: Takes a key to what is computed for it; nothing is computed before a field is called.
        is_sampled: Whether every n-th key is enough for a quick comparison; else all keys are taken.
    """

    name: str
    keys: Callable[[], Sequence[str]]
    fields: Callable[[str], Fields]
    is_sampled: bool = True


def computed(
    fields: Fields, *, limit: float, skip: Collection[str] = (), attempts: int = 1
) -> dict[str, str]:
    """Every field as text, but for some.

    Args:
        fields: What to compute.
        limit: Seconds of the processor after which a field is not finished.
        skip: Fields to leave out.
        attempts: How often a field is tried, with other random numbers: SymPy factors polynomials by them, and what
            usually takes a second takes a minute once in a thousand times. The result does not depend on them.
    """
    return {name: _computed(compute, limit, attempts) for name, compute in fields.items() if name not in skip}


def _computed(compute: Callable[[], Any], limit: float, attempts: int) -> str:
    text = NOT_FINISHED
    for attempt in range(attempts):
        sympy.core.random.seed(attempt)
        text = _once_computed(compute, limit)
        if text != NOT_FINISHED:
            break
    return text


def _once_computed(compute: Callable[[], Any], limit: float) -> str:
    try:
        with processor_limit(limit), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = plain(compute())
    except TimeoutError:
        return NOT_FINISHED
    except HaarqntkError as error:
        text = f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 - a crash, whose message may name what is private
        text = f"crash: {type(error).__name__}"
    return shortened(_ADDRESS.sub("0x…", text))


def shortened(text: str) -> str:
    """A long text as its beginning and its hash."""
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[:_KEPT]}…\n[{len(text)} characters, sha256 {digest}]"


def fingerprint(text: str) -> str:
    """A short hash."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def once(compute: Callable[[], Any]) -> Callable[[], Any]:
    """Compute at the first call only; what was raised is raised again."""
    kept, raised = _UNSET, None

    def value() -> Any:
        nonlocal kept, raised
        if raised is not None:
            raise raised
        if kept is _UNSET:
            try:
                kept = compute()
            except Exception as error:
                raised = error
                raise
        return kept

    return value


def plain(value: Any) -> str:
    """A value as text with all its digits: exact numbers as p/q, floats as Python writes them, arrays as lists."""
    match value:
        case np.ndarray() | np.number():
            text = plain(value.tolist())
        case float() | complex():
            text = repr(value)
        case Mapping():
            text = f"{{{', '.join(f'{plain(k)}: {plain(v)}' for k, v in value.items())}}}"
        case tuple() if hasattr(value, "_asdict"):
            text = plain(value._asdict())
        case list() | tuple():
            text = f"[{', '.join(map(plain, value))}]"
        case _:
            text = str(value)
    return text


@contextmanager
def processor_limit(seconds: float) -> Iterator[None]:
    """TimeoutError after some seconds of the processor, and again each second, should the first one be caught."""

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
