"""Work for every core: one function over many items, in processes, with progress; or the workers of a Dask scheduler.

Dask, where one machine is not enough, is an optional extra behind the interface of ``concurrent.futures``.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import TYPE_CHECKING, Generic, TypeVar

from haarqntk.errors import InputError, RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_STARTING = threading.Lock()  # a process gets its environment from this one, which is put back at once

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Running(Generic[Item, Result]):
    """Work under way: a future for each item, in the order of the items."""

    items: Sequence[Item]
    futures: Sequence[Future[Result]]

    def results(self, progress: Callable[[Item], object] | None = None) -> list[Result]:
        """Wait for all results, in the order of the items; ``progress`` is called with each item that is done."""
        item_of = dict(zip(self.futures, self.items, strict=True))
        for future in as_completed(self.futures):
            future.result()
            if progress is not None:
                progress(item_of[future])
        return [future.result() for future in self.futures]


@contextmanager
def start_in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], *, cost: Callable[[Item], float]
) -> Iterator[Running[Item, Result]]:
    """Start ``function`` on every item in one process for each core, and stop them all if the caller fails.

    Args:
        function: A function that a new process can import.
        items: Its arguments.
        cost: About how long an item takes, in any unit; the costliest start first, so that no core waits
            at the end.
    """
    with process_pool() as pool:
        order = sorted(range(len(items)), key=lambda i: -cost(items[i]))
        futures = {i: pool.submit(function, items[i]) for i in order}
        try:
            yield Running(items, [futures[i] for i in range(len(items))])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def process_pool(num_workers: int | None = None) -> ProcessPoolExecutor:
    """Return an executor with one process for each core, or ``num_workers``; none outlives this process.

    Each has one thread, and leaves Ctrl-C to the process that started it.
    """
    if num_workers is None:
        num_workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return ProcessPoolExecutor(num_workers, mp_context=_Context(), initializer=_prepare_worker)


class _Process(SpawnProcess):
    """A process that is born with one thread for linear algebra: its NumPy reads the number as it loads."""

    def start(self) -> None:
        with _STARTING:
            added = [name for name in _THREADS if name not in os.environ]
            os.environ.update(dict.fromkeys(added, "1"))
            method = multiprocessing.get_start_method(allow_none=True)
            try:
                super().start()
            finally:
                multiprocessing.set_start_method(
                    method, force=True
                )  # asking for it, as Python does here, fixes it
                for name in added:
                    os.environ.pop(name, None)


class _Context(SpawnContext):
    Process = _Process


def _prepare_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when its parent is gone: one that was killed could not tell it, and it would wait forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


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
