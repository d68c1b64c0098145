"""Work for every core: one function over many items, in processes, with progress."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # read by the workers: one thread each, no more than the cores
    num_workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with ProcessPoolExecutor(num_workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        order = sorted(range(len(items)), key=lambda i: -cost(items[i]))
        futures = {i: pool.submit(function, items[i]) for i in order}
        try:
            yield Running(items, [futures[i] for i in range(len(items))])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
