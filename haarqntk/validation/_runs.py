"""Running a campaign: batches to any executor, every batch to the ledger, one verdict over all claims.

A front door. A batch is named by claim and number, and its random numbers by seed and name; batches are added
in the order of their numbers. So the result depends neither on who drew a batch, nor when, nor how often the
run was stopped in between, nor on the other claims of the campaign: one that gains a claim goes on with its ledger.
"""

from __future__ import annotations

import functools
import operator
import time
from concurrent.futures import BrokenExecutor, CancelledError, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from haarqntk.checks import integer
from haarqntk.errors import InputError, RunError
from haarqntk.montecarlo import (
    POWER,
    Ledger,
    Moments,
    draw_moments,
    largest_z,
    open_ledger,
    samples_needed,
)
from haarqntk.validation._processes import dask_executor, process_pool
from haarqntk.validation._results import CampaignRun, Result, head_of, record_of, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Executor, Future
    from pathlib import Path

    from haarqntk.montecarlo import Problem
    from haarqntk.validation._campaign import Campaign, Claim

_PILOT_SAMPLES: Final = 4_000
_VERSION: Final = 2  # of the ledger's lines; before, the first one held a key of all claims together

_Task = tuple["Claim", int]  # the number of a batch; −1 for the pilot
_PILOT_NUMBER: Final = -1


@dataclass
class _Drawn:
    """The batches that are known, by claim and number, with the time that they took."""

    batches: dict[tuple[str, int], tuple[Moments, float]] = field(default_factory=dict)

    def has(self, task: _Task) -> bool:
        return (task[0].key, task[1]) in self.batches

    def pilot(self, claim: Claim) -> Moments:
        return self.batches[claim.key, _PILOT_NUMBER][0]

    def result(self, claim: Claim, z: float) -> Result:
        parts = [self.batches[claim.key, number] for number in range(len(claim.sizes))]
        moments = functools.reduce(operator.add, (moments for moments, _ in parts))
        return Result(claim, moments, z, sum(seconds for _, seconds in parts))


def run_campaign(
    campaign: Campaign,
    *,
    ledger: Path,
    executor: Executor | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> CampaignRun:
    """Draw what the ledger does not hold yet, write every batch to it, and judge all claims together.

    Args:
        campaign: From ``load_campaign``.
        ledger: The file; made if it does not exist, gone on with if it does.
        executor: Any ``concurrent.futures.Executor`` whose workers can import haarqntk; by default a process
            for each core of this machine.
        progress: Called with the number of values that are known and of all, after every batch; not called if
            None (default).

    Raises:
        OutputError: If the ledger cannot be written, or another run holds it.
        InputError: If the ledger holds a row of no claim of the campaign or is of another version, or a sample
            size is too small for its claim.
        RunError: If the workers are lost; what they finished is in the ledger.

    Examples:
        >>> import tempfile
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> from pathlib import Path
        >>> from haarqntk.validation._campaign import load_campaign
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
        drawn, reported = _read(book, campaign)
        num_found = len(drawn.batches)
        pilots = [(claim, _PILOT_NUMBER) for claim in campaign.claims]
        work = _Work(campaign, book, drawn, executor, progress)
        work.draw(pilots)
        for claim in campaign.claims:
            _check_size(claim, drawn.pilot(claim), z)
        tasks = [(claim, number) for claim in campaign.claims for number in range(len(claim.sizes))]
        tasks.sort(key=lambda task: -drawn.batches[task[0].key, _PILOT_NUMBER][1] * task[0].batch)
        work.draw(tasks)
        results = tuple(drawn.result(claim, z) for claim in campaign.claims)
        for record in (record_of(result, campaign) for result in results):
            if _judgement(record) not in reported:
                book.append(record)
        return CampaignRun(campaign, results, num_found, len(drawn.batches) - num_found, book.torn)


@contextmanager
def executor(*, workers: int | None = None, scheduler: str | None = None) -> Iterator[Executor]:
    """Where the batches are drawn: processes of this machine, or the workers of a Dask scheduler.

    Args:
        workers: Number of processes, an integer ≥ 1; one for each core by default (None).
        scheduler: Address of a Dask scheduler, such as "tcp://127.0.0.1:8786", whose workers can import the same
            haarqntk; by default (None) there is none. It takes the extra ``pip install 'haarqntk[dask]'``.

    Raises:
        InputError: If both are given, a number is out of range, or Dask is not installed.
        RunError: If no scheduler answers at the address.
    """
    if scheduler is None:
        number = None if workers is None else integer("workers", workers, at_least=1)
        with process_pool(number) as pool:
            yield pool
        return
    if workers is not None:
        raise InputError(
            f"workers are the scheduler's with scheduler = {scheduler!r}, got {workers}; leave one out"
        )
    with dask_executor(scheduler) as pool:
        yield pool


def draw_batch(
    problem: Problem, samples: int, method: str, *, seed: int, stream: tuple[int, ...]
) -> tuple[Moments, float]:
    """Draw one batch, in whatever process this is, and time it."""
    start = time.perf_counter()
    moments = draw_moments(problem, samples=samples, method=method, seed=seed, stream=stream)
    return moments, time.perf_counter() - start


@dataclass(frozen=True, slots=True)
class _Work:
    """What drawing batches takes."""

    campaign: Campaign
    book: Ledger
    drawn: _Drawn
    executor: Executor
    progress: Callable[[int, int], object] | None

    def draw(self, tasks: list[_Task]) -> None:
        """Draw the batches that are not known yet; each is in the ledger before it counts."""
        futures: dict[Future[tuple[Moments, float]], _Task] = {}
        try:
            for claim, number in tasks:
                if not self.drawn.has((claim, number)):
                    futures[self._submit(claim, number)] = claim, number
            for claim, _ in tasks:
                _ = claim.exact, claim.size  # derived here, once, while the workers draw
            self._tell()
            for future in as_completed(futures):
                self._keep(*futures[future], *future.result())
                self._tell()
        except (BrokenExecutor, CancelledError) as error:
            self._keep_finished(futures)
            raise RunError(
                f"the workers are lost ({type(error).__name__}); every finished batch is in {self.book.path}: "
                "run the same command again"
            ) from None
        except KeyboardInterrupt:
            self._keep_finished(futures)
            raise
        finally:
            for future in futures:
                future.cancel()

    def _keep_finished(self, futures: Mapping[Future[tuple[Moments, float]], _Task]) -> None:
        """Keep what is done but was not yet asked for: a run that stops loses what its workers have in hand."""
        for future, task in futures.items():
            is_done = future.done() and not future.cancelled() and future.exception() is None
            if is_done and not self.drawn.has(task):
                self._keep(*task, *future.result())

    def _submit(self, claim: Claim, number: int) -> Future[tuple[Moments, float]]:
        stream = (int(claim.key, 16), number + 1)
        size = _sizes(claim)[number]
        return self.executor.submit(
            draw_batch, claim.problem, size, claim.method, seed=self.campaign.seed, stream=stream
        )

    def _keep(self, claim: Claim, number: int, moments: Moments, seconds: float) -> None:
        seconds = round(seconds, 3)
        name = {"kind": "batch", "key": self.campaign.key(claim), "number": number, "seconds": seconds}
        self.book.append({**name, **moments.to_dict()})
        self.drawn.batches[claim.key, number] = moments, seconds

    def _tell(self) -> None:
        if self.progress is not None:
            total = sum(claim.samples + _pilot_samples(claim) for claim in self.campaign.claims)
            self.progress(sum(m.estimate.samples for m, _ in self.drawn.batches.values()), total)


def _pilot_samples(claim: Claim) -> int:
    """How many values measure spread and skewness before the claim is drawn; they are in no estimate."""
    return min(_PILOT_SAMPLES, max(_PILOT_SAMPLES // 20, claim.samples // 5))


def _sizes(claim: Claim) -> dict[int, int]:
    """The size of every batch, by its number, with the pilot among them."""
    return dict(enumerate(claim.sizes)) | {_PILOT_NUMBER: _pilot_samples(claim)}


def _check_size(claim: Claim, pilot: Moments, z: float) -> None:
    needed = samples_needed(
        deviation=pilot.estimate.variance**0.5,
        scale=float(claim.size),
        skewness=pilot.skewness,
        z=z,
        detected=claim.detected,
    )
    if claim.samples < needed:
        raise claim.place.error(
            "samples",
            f"samples must be at least {needed} so that a claim which is {float(claim.detected):.0%} wrong is refused "
            f"with probability {POWER:g}, and a true one is not, got {claim.samples} for {claim.problem.quantity} "
            f"at L = {claim.problem.L}",
        )


def _read(book: Ledger, campaign: Campaign) -> tuple[_Drawn, set[tuple[object, ...]]]:
    """Take the batches and judgements of the campaign from the ledger; give each claim that is new a head line."""
    drawn, reported = _Drawn(), set[tuple[object, ...]]()
    known = {campaign.key(claim): claim for claim in campaign.claims}
    heads: dict[str, Mapping[str, Any]] = {}
    _begin(book)
    for line, record in enumerate(book.records[1:], start=2):
        key = str(record.get("key"))
        if key not in known:
            raise _foreign(book, line, record, campaign)
        if record.get("kind") == "claim":
            heads[key] = record
        elif record.get("kind") == "result":
            reported.add(_judgement(record))
        else:
            number, value = _batch_of(book, line, record, known[key])
            if drawn.batches.setdefault((known[key].key, number), value) != value:
                raise _damaged(book, line, "the batch is there twice, with different values")
    for key, claim in known.items():
        _check_versions(book, heads.get(key), drawn, claim)
    for key, claim in known.items():
        if key not in heads:
            book.append(head_of(claim, campaign))
    return drawn, reported


def _begin(book: Ledger) -> None:
    """Write the first line of a new ledger, or refuse one of another version."""
    if not book.records:
        book.append({"kind": "ledger", "version": _VERSION})
        return
    head = book.records[0]
    version = 1 if head.get("kind") == "campaign" else head.get("version")
    if version != _VERSION:
        raise InputError(
            f"ledger {book.path} must be of version {_VERSION}, which has a key for each claim, got version "
            f"{version}; choose another ledger, it stays as it is for the haarqntk that wrote it"
        )


def _foreign(book: Ledger, line: int, record: Mapping[str, Any], campaign: Campaign) -> InputError:
    """A row that finds no claim: the claim was taken out or changed, and its numbers must not vanish in silence."""
    key, names = record.get("key"), ("quantity", "ensemble", "D", "L", "route", "samples", "batch", "seed")
    claim = ", ".join(f"{name} {record[name]}" for name in names if name in record)
    return InputError(
        f"{book.path}, line {line}: the row of key {key} ({claim}) finds no claim in {campaign.name!r} with seed "
        f"{campaign.seed}; put the claim back as it was, or leave its rows behind: "
        f'grep -v \'"key": "{key}"\' {book.path} > new.jsonl'
    )


def _judgement(record: Mapping[str, Any]) -> tuple[object, ...]:
    """What a result line says; a claim of which something else is to be said gets another line."""
    return tuple(str(record.get(name)) for name in ("key", "claim", "exact", "detected", "passed"))


def _batch_of(
    book: Ledger, line: int, record: Mapping[str, Any], claim: Claim
) -> tuple[int, tuple[Moments, float]]:
    number, seconds = record.get("number"), record.get("seconds")
    names = ("problem", "samples", "mean", "squares", "cubes")
    try:
        moments = Moments.from_dict({name: record[name] for name in names if name in record})
    except (InputError, TypeError) as error:
        raise _damaged(book, line, error) from None
    is_planned = isinstance(number, int) and _sizes(claim).get(number) == moments.estimate.samples
    if not is_planned or moments.estimate.problem != claim.problem.key():
        raise _damaged(book, line, "the batch is not one of its claim's")
    if not isinstance(seconds, float | int):
        raise _damaged(book, line, "the batch has no time")
    return int(str(number)), (moments, float(seconds))


def _damaged(book: Ledger, line: int, reason: object) -> InputError:
    return InputError(f"{book.path}, line {line}: {reason}; restore the ledger, or choose another")


def _check_versions(book: Ledger, head: Mapping[str, Any] | None, drawn: _Drawn, claim: Claim) -> None:
    """Random numbers of different versions may differ: they are not mixed in one estimate."""
    num_drawn = sum(drawn.has((claim, number)) for number in _sizes(claim))
    begun_with = {} if head is None else head.get("versions")
    if 0 < num_drawn < len(_sizes(claim)) and begun_with != versions():
        raise claim.place.error(
            "formula",
            f"the claim was begun in {book.path} with {begun_with}, this is {versions()}; "
            "go on with the same versions, or choose another ledger",
        )
