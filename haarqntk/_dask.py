"""Dask, where one machine is not enough: an optional extra behind the interface of ``concurrent.futures``."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from haarqntk.errors import InputError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

_SECONDS_TO_ANSWER = 5


@contextmanager
def dask_executor(address: str) -> Iterator[Executor]:
    """Connect to a scheduler, and give its workers as an executor.

    A task whose worker dies is given to another by the scheduler.

    Raises:
        InputError: If Dask is not installed.
        RunError: If no scheduler answers within five seconds.
    """
    try:
        distributed = import_module("distributed")
    except ImportError:
        raise InputError("a scheduler needs Dask; run: pip install 'haarqntk[dask]'") from None
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # one clear line instead of its own
    try:
        try:
            client = distributed.Client(address, timeout=_SECONDS_TO_ANSWER, set_as_default=False)
        except (OSError, ValueError) as error:
            raise RunError(
                f"scheduler must answer within {_SECONDS_TO_ANSWER} s, got {address!r}: "
                f"{type(error).__name__}; start one with: dask scheduler"
            ) from None
        with client:
            yield client.get_executor()
    finally:
        logger.setLevel(level)
