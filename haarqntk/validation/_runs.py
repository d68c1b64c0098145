"""Drawing what is claimed: batches of values by any executor, for a campaign with every batch in its ledger.

A batch is named by claim and number, and its random numbers by seed and name; batches are added
in the order of their numbers. So the result depends neither on who drew a batch, nor when, nor how often the
run was stopped in between, nor on the other claims of the campaign: one that gains a claim goes on with its ledger.
"""

from __future__ import annotations

import functools
import logging
import multiprocessing
import operator
import os
import shutil
import signal
import tempfile
import threading
import time
from concurrent.futures import BrokenExecutor, CancelledError, Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from haarqntk.checks import integer
from haarqntk.errors import InputError, RunError
from haarqntk.montecarlo import LARGEST_Z, draw_moments
from haarqntk.validation._claims import DEFAULT, default_campaign, load_campaign
from haarqntk.validation._ledger import Rows, open_ledger
from haarqntk.validation._results import POWER, CampaignRun, Result, largest_z

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from haarqntk.validation._claims import Batch, Campaign, Claim
    from haarqntk.validation._ledger import Drawn

    Progress = Callable[[int, int], object]

_SECONDS_TO_ANSWER = 5
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_STARTING = threading.Lock()  # a process gets its environment from this one, which is put back at once


def run_campaign(
    campaign: Campaign,
    *,
    ledger: Path,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> CampaignRun:
    """Draw what the ledger does not hold yet, write every batch to it, and judge all claims together.

    Args:
        campaign: From ``load_campaign``.
        ledger: The file; made if it does not exist, gone on with if it does.
        executor: Any ``concurrent.futures.Executor`` whose workers can import haarqntk; by default a process
            for each core of this machine.
        progress: Called with the work that is done and all of it, after every batch; not called if None (default).

    Raises:
        OutputError: If the ledger cannot be written, or another run holds it.
        InputError: If the ledger holds a row of no claim of the campaign or is of another version, or a sample
            size is too small for its claim.
        RunError: If the workers are lost; what they finished is in the ledger.

    Examples:
        >>> import tempfile
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> from pathlib import Path
        >>> text = '''seed = 1
        ... [[claim]]
        ... formula = "kernel_mean"
        ... D = 2
        ... L = 6
        ... spectrum = [1, -1]
        ... samples = 10_000'''
        >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as executor:
        ...     file, ledger = Path(folder) / "mine.toml", Path(folder) / "mine.jsonl"
        ...     _ = file.write_text(text)
        ...     first = run_campaign(load_campaign(file), ledger=ledger, executor=executor)
        ...     again = run_campaign(load_campaign(file), ledger=ledger, executor=executor)
        >>> first.passed, first.num_drawn, again.num_drawn, first.results == again.results
        (True, 2, 0, True)

    Reference:
        derivations/12_campaigns.md.
    """
    if executor is None:
        with process_pool() as pool:
            return run_campaign(campaign, ledger=ledger, executor=pool, progress=progress)
    z = largest_z(len(campaign.claims))
    with open_ledger(ledger) as book:
        rows = Rows(book, campaign)
        num_found, drawn = len(rows.drawn), rows.drawn
        pilots = [claim.pilot for claim in campaign.claims]
        batches = [batch for claim in campaign.claims for batch in claim.batches]
        kept = f"every finished batch is in {ledger}: "
        work = _Work(pilots + batches, campaign.seed, executor, drawn, rows.keep, progress, kept)
        work.draw(pilots, meanwhile=lambda: [(claim.exact, claim.size) for claim in campaign.claims])
        for claim in campaign.claims:
            _check_size(Result(claim, drawn[claim.pilot.stream][0], z))
        seconds = {pilot.stream[0]: drawn[pilot.stream][1] for pilot in pilots}
        work.draw(batches, cost=lambda batch: seconds[batch.stream[0]] * batch.samples)
        results = tuple(_result(claim, drawn, z) for claim in campaign.claims)
        for result in results:
            rows.end(result)
        return CampaignRun(campaign, results, num_found, len(drawn) - num_found, book.truncated)


def recorded_run() -> CampaignRun:
    """Judge the recorded run of the default campaign again; nothing is drawn.

    The ledger that comes with the library is read, not believed: every estimate is added up from its batches, and held
    against the closed form that the engine derives now.

    Raises:
        InputError: If the ledger lacks a batch of the campaign, holds a row of none of its claims, or is damaged.

    Reference:
        derivations/12_campaigns.md.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "recorded.jsonl"  # a ledger is opened to be written to; the recorded one is not
        shutil.copyfile(default_campaign().with_suffix(".jsonl"), copy)
        return run_campaign(load_campaign(DEFAULT), ledger=copy, executor=_DrawsNothing())


def run_claims(
    claims: Sequence[Claim],
    *,
    seed: int,
    progress: Progress | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> list[Result]:
    """Draw claims, one process for each core, and judge each alone; ``meanwhile`` is called while they draw.

    By default the exact values are derived meanwhile. Seed and progress are those of a campaign.
    """
    seed = integer("seed", seed, at_least=0)
    drawn: dict[tuple[int, ...], Drawn] = {}
    batches = [batch for claim in claims for batch in claim.batches]
    with process_pool() as pool:
        work = _Work(
            batches, seed, pool, drawn, lambda batch, values: drawn.update({batch.stream: values}), progress
        )
        work.draw(batches, meanwhile=meanwhile or (lambda: [claim.exact for claim in claims]))
    return [_result(claim, drawn) for claim in claims]


def run_claim(claim: Claim, *, seed: int) -> Result:
    """Draw a claim in this process, and judge it alone."""
    return _result(claim, {batch.stream: draw_batch(batch, seed) for batch in claim.batches})


def draw_batch(batch: Batch, seed: int) -> Drawn:
    """Draw one batch, in whatever process this is, and time it."""
    start = time.perf_counter()
    _, problem, method, samples, stream, _ = batch
    moments = draw_moments(problem, samples=samples, method=method, seed=seed, stream=stream)
    return moments, time.perf_counter() - start


def _result(claim: Claim, drawn: Mapping[tuple[int, ...], Drawn], largest_z: float = LARGEST_Z) -> Result:
    parts = [drawn[batch.stream] for batch in claim.batches]
    moments = functools.reduce(operator.add, (moments for moments, _ in parts))
    if claim.unit != 1:
        moments = moments.scaled(float(1 / claim.unit))
    return Result(claim, moments, largest_z, sum(seconds for _, seconds in parts))


@dataclass(slots=True)
class _Work:
    """What drawing these batches takes, and how much of it is done."""

    batches: Sequence[Batch]
    seed: int
    executor: Executor
    drawn: Mapping[tuple[int, ...], Drawn]
    keep: Callable[[Batch, Drawn], object]
    progress: Progress | None
    kept: str = ""
    total: int = field(init=False)
    done: int = field(init=False)

    def __post_init__(self) -> None:
        self.total = sum([batch.cost for batch in self.batches])
        self.done = sum([batch.cost for batch in self.batches if batch.stream in self.drawn])

    def draw(
        self,
        batches: Sequence[Batch],
        *,
        cost: Callable[[Batch], float] = operator.attrgetter("cost"),
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        """Draw the batches that are not known yet, the costliest first; each is kept before it counts."""
        futures: dict[Future[Drawn], Batch] = {}
        missing = [batch for batch in batches if batch.stream not in self.drawn]
        try:
            for batch in sorted(missing, key=cost, reverse=True):  # so that no core waits at the end
                futures[self.executor.submit(draw_batch, batch, self.seed)] = batch
            meanwhile()
            self._tell(0)
            for future in as_completed(futures):
                self.keep(futures[future], future.result())
                self._tell(futures.pop(future).cost)
        except (BrokenExecutor, CancelledError, KeyboardInterrupt) as error:
            for future, batch in futures.items():  # what the workers have in hand is not asked for any more
                if future.done() and not future.cancelled() and future.exception() is None:
                    self.keep(batch, future.result())
            if isinstance(error, KeyboardInterrupt):
                raise
            raise RunError(
                f"the workers are lost ({type(error).__name__}); {self.kept}run the same command again"
            ) from None
        finally:
            for future in futures:
                future.cancel()

    def _tell(self, more: int) -> None:
        self.done += more
        if self.progress is not None:
            self.progress(self.done, self.total)


def _check_size(pilot: Result) -> None:
    claim, quantity = pilot.claim, pilot.claim.problem.quantity
    if claim.samples < pilot.needed:
        raise claim.place.error(
            "samples",
            f"samples must be at least {pilot.needed} so that a claim which is {float(claim.detected):.0%} wrong is "
            f"refused with probability {POWER:g}, and a true one is not, got {claim.samples} for {quantity} "
            f"at L = {claim.problem.L}",
        )


class _DrawsNothing(Executor):
    """Where a recorded run is judged: what is missing there is missing."""

    def submit(self, *_: object, **__: object) -> NoReturn:
        raise InputError(
            "the recorded ledger must hold every batch of the default campaign, got none for one of them; draw what "
            "is missing: haarqntk validate default --ledger validation/default.jsonl"
        )


@contextmanager
def executor(*, workers: int | None = None, scheduler: str | None = None) -> Iterator[Executor]:
    """Where the batches are drawn: processes of this machine, or the workers of a Dask scheduler.

    Args:
        workers: Number of processes, an integer ≥ 1; one for each core by default (None).
        scheduler: Address of a Dask scheduler, such as "tcp://127.0.0.1:8786", whose workers can import the same
            haarqntk; by default (None) there is none. It takes the extra ``pip install 'haarqntk[dask]'``.

    Raises:
        InputError: If both are given, a number is out of range, or Dask is not installed.
        RunError: If no scheduler answers at the address within five seconds.
    """
    if scheduler is None:
        with process_pool(None if workers is None else integer("workers", workers, at_least=1)) as pool:
            yield pool
        return
    if workers is not None:
        raise InputError(
            f"workers are the scheduler's with scheduler = {scheduler!r}, got {workers}; leave one out"
        )
    try:
        distributed = import_module("distributed")
    except ImportError:
        raise InputError("a scheduler needs Dask; run: pip install 'haarqntk[dask]'") from None
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # one clear line instead of its own
    try:
        try:
            client = distributed.Client(scheduler, timeout=_SECONDS_TO_ANSWER, set_as_default=False)
        except (OSError, ValueError) as error:
            raise RunError(
                f"scheduler must answer within {_SECONDS_TO_ANSWER} s, got {scheduler!r}: "
                f"{type(error).__name__}; start one with: dask scheduler"
            ) from None
        with client:
            yield client.get_executor()  # a task whose worker dies is given to another by the scheduler
    finally:
        logger.setLevel(level)


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
