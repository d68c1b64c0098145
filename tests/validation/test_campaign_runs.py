"""Campaigns that are run: wrong formulas refused, killed runs gone on with, any number of workers, one ledger."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scipy.stats import norm
from shell import haarqntk, python

import haarqntk as hq
from haarqntk.errors import InputError, OutputError, RunError
from haarqntk.validation import Campaign, executor, load_campaign, run_campaign

if TYPE_CHECKING:
    from collections.abc import Callable

    from haarqntk.validation import CampaignRun

RECORDED = Path(__file__).parents[2] / "validation" / "default.jsonl"
OLD = Path(__file__).parents[1] / "expected" / "ledger_of_version_1.jsonl"
COMMAND = [sys.executable, "-c", "from haarqntk.cli._commands import main; main()", "validate"]
SMALL = """\
seed = 7
batch = 500

[[claim]]
formula = "kernel_mean"
D = 2
L = [1, 6]
spectrum = [2, -1]
samples = 24_200

[[claim]]
formula = "kernel_second_moment"
D = 2
L = 1
spectrum = [2, -1]
samples = 60_000
"""
NUM_BATCHES = 3 + 49 + 49 + 120


class InThisProcess(Executor):
    """Runs a task when it is asked for, in the order or the reverse of it; may break after some."""

    def __init__(self, *, break_after: float = float("inf")) -> None:
        self.left = break_after

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.left -= 1
        if self.left < 0:
            future.set_exception(BrokenProcessPool("a process died"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def written(folder: Path, text: str = SMALL) -> Campaign:
    (folder / "small.toml").write_text(text)
    return load_campaign(folder / "small.toml")


@pytest.fixture(name="campaign")
def the_campaign(tmp_path: Path) -> Campaign:
    return written(tmp_path)


@pytest.fixture(name="whole", scope="session")
def the_uninterrupted_run(tmp_path_factory: pytest.TempPathFactory) -> CampaignRun:
    folder = tmp_path_factory.mktemp("whole")
    return run_here(written(folder), folder / "a.jsonl")


def run_here(campaign: Campaign, ledger: Path, *, break_after: float = float("inf")) -> CampaignRun:
    return run_campaign(campaign, ledger=ledger, executor=InThisProcess(break_after=break_after))


def refused(campaign: Campaign, ledger: Path, message: str) -> None:
    """The run is refused, and the ledger stays as it is."""
    before = ledger.read_bytes()
    with pytest.raises(InputError, match=message):
        run_here(campaign, ledger)
    assert ledger.read_bytes() == before


def estimates(run: CampaignRun) -> list[Any]:
    return [result.moments for result in run.results]


def batches(ledger: Path) -> list[tuple[str, int]]:
    records = [json.loads(line) for line in ledger.read_text().splitlines()]
    return [(record["key"], record["number"]) for record in records if record["kind"] == "batch"]


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    """A run that Ctrl-C stops, also where these tests were started in the background and ignore it."""
    return subprocess.Popen(
        [*COMMAND, "small.toml", *(options or ("--workers", "2"))],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "NO_COLOR": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - a process of one thread
    )


def errors_of_a_good_run(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert "All 3 claims pass" in out
    return err


def wait_for_lines(ledger: Path, number: int, process: subprocess.Popen[str]) -> None:
    """Wait until the run has written so many lines, or has ended."""
    while process.poll() is None and (not ledger.exists() or ledger.read_bytes().count(b"\n") < number):
        time.sleep(0.005)


def members(group: int) -> list[int]:
    """The processes of a session that are alive."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue  # it ended in between
        if int(session) == group and state not in "ZX":
            found.append(int(path.parent.name))
    return found


# -- what it must refuse, and accept -------------------------------------------------------------------------


@pytest.fixture(name="recorded", scope="module")
def the_recorded_run(tmp_path_factory: pytest.TempPathFactory) -> CampaignRun:
    """The run of the default campaign that is in the repository, judged again."""
    ledger = tmp_path_factory.mktemp("recorded") / "default.jsonl"
    shutil.copy(RECORDED, ledger)
    run = run_here(load_campaign("default"), ledger, break_after=0)
    assert ledger.read_bytes() == RECORDED.read_bytes()
    return run


def test_the_recorded_run_of_the_default_campaign_passes_with_its_power(recorded: CampaignRun) -> None:
    assert recorded.passed, recorded.sentence()
    assert recorded.num_drawn == 0
    assert min(result.power for result in recorded.results) >= 0.99
    assert recorded.family_error <= 0.001


def test_every_claim_that_is_wrong_by_what_it_must_see_is_refused(recorded: CampaignRun) -> None:
    for result in recorded.results:
        if result.exact:
            factor = 1 + result.claim.detected
            for wrong in (factor, 1 / factor):
                claim = replace(result.claim, text=f"{wrong * result.exact}")
                assert not replace(result, claim=claim).passed, claim


def test_every_formula_is_confirmed_by_qutip_alone_with_its_power(recorded: CampaignRun) -> None:
    """Φ(scale · d/(1 + d)/error − z*) from the recorded spread: what the row's claim stands or falls by."""
    rows = [result for result in recorded.results if result.claim.method == "qutip"]
    assert {result.claim.formula for result in rows} == set(hq.formulas())
    for result in rows:
        estimate, d = result.moments.estimate, result.claim.detected
        error = (estimate.squares / (estimate.samples - 1) / estimate.samples) ** 0.5
        off = float(abs(result.exact) * d / (1 + d))
        assert norm.cdf(off / error - result.largest_z) >= 0.99, result.claim
        assert abs(estimate.mean - float(result.exact)) <= result.largest_z * error, result.claim


@pytest.mark.parametrize(
    ("formula", "D", "L", "published"),
    [
        ("kernel_mean", 16, 4, "L*T2/D^2"),
        ("meta_kernel_mean", 4, 10, "0"),
        ("meta_kernel_second_moment", 8, 1, "32*L^2*T2^3/D^6"),
    ],
)
def test_published_formulas_are_refused_by_the_default_campaign(
    formula: str, D: int, L: int, published: str, recorded: CampaignRun
) -> None:
    (result,) = [
        result
        for result in recorded.results
        if (result.claim.formula, result.claim.problem.ensemble) == (formula, "segments")
        and (result.claim.problem.D, result.claim.problem.L) == (D, L)
    ]
    assert result.passed
    claim = replace(result.claim, text=published)
    wrong = replace(recorded, results=(*recorded.results, replace(result, claim=claim)))
    assert not wrong.passed
    assert f"1 of {len(wrong.results)} claims fail" in wrong.sentence()


def test_a_wrong_formula_simulated_has_exit_status_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = SMALL.split('\n[[claim]]\nformula = "kernel_second', maxsplit=1)[0].replace("[2, -1]", "[1, -1]")
    written(tmp_path, text + 'claim = "L*T2/D^2"\n')
    result = haarqntk("validate", "small.toml", "--workers", "1")
    assert result.returncode == 1, result.stderr
    assert "2 of 2 claims fail" in result.stdout


def test_a_sample_size_too_small_for_its_claim_is_refused_with_the_one_that_will_do(tmp_path: Path) -> None:
    campaign = written(tmp_path, SMALL.replace("samples = 60_000", "samples = 6_000"))
    message = r"line 16, key 'samples': samples must be at least \d+ so"
    with pytest.raises(InputError, match=message) as caught:
        run_here(campaign, tmp_path / "a.jsonl")
    assert 30_000 < int(str(caught.value).split("at least ")[1].split()[0]) < 60_000


# -- stopped and gone on with --------------------------------------------------------------------------------


def test_a_run_killed_at_random_ends_the_same(tmp_path: Path, campaign: Campaign, whole: CampaignRun) -> None:
    ledger = tmp_path / "small.jsonl"
    rng = random.Random(130)  # noqa: S311 - no secret
    written = b""
    for _ in range(3):
        process = start(tmp_path)
        wait_for_lines(ledger, written.count(b"\n") + rng.randrange(1, 50), process)
        process.kill()
        process.communicate()
        now = ledger.read_bytes()
        assert now.startswith(written[: written.rfind(b"\n") + 1])  # no written line is lost
        written = now
        while members(process.pid):  # no worker outlives a killed run
            time.sleep(0.05)
    ledger.write_bytes(written + b'{"kind": "batch", "claim": "4a')  # what a kill in mid-line would leave
    assert "had a truncated last record" in errors_of_a_good_run(start(tmp_path))
    done = batches(ledger)
    assert len(done) == len(set(done)) == NUM_BATCHES
    resumed = run_here(campaign, ledger)
    assert resumed.num_drawn == 0
    assert estimates(resumed) == estimates(whole)


@pytest.mark.usefixtures("campaign")
def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell leaves it in its background
    try:
        process = start(tmp_path)
    finally:
        signal.signal(signal.SIGINT, handler)
    wait_for_lines(tmp_path / "small.jsonl", 6, process)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert err.strip().splitlines()[-1] == (
        "haarqntk: stopped; every finished batch is in small.jsonl, the same command goes on from there"
    )
    assert "Traceback" not in err


def test_two_runs_on_one_ledger_the_second_is_refused(tmp_path: Path, campaign: Campaign) -> None:
    process = start(tmp_path, "--workers", "1")
    ledger = tmp_path / "small.jsonl"
    wait_for_lines(ledger, 2, process)
    with pytest.raises(OutputError, match=r"small.jsonl is in use by another run; wait"):
        run_here(campaign, ledger)
    process.communicate()
    assert process.returncode == 0
    done = batches(ledger)
    assert len(done) == len(set(done)) == NUM_BATCHES


def test_lost_workers_cost_what_they_had_only(tmp_path: Path, campaign: Campaign, whole: CampaignRun) -> None:
    ledger = tmp_path / "a.jsonl"
    with pytest.raises(
        RunError, match=r"the workers are lost \(BrokenProcessPool\); every finished batch is in"
    ):
        run_here(campaign, ledger, break_after=100)
    kept = len(batches(ledger))
    assert kept == 100
    run = run_here(campaign, ledger)
    assert (run.num_found, run.num_drawn) == (kept, NUM_BATCHES - kept)
    assert estimates(run) == estimates(whole)


def test_a_full_disk_loses_no_batch(
    tmp_path: Path, campaign: Campaign, whole: CampaignRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, write, room = tmp_path / "a.jsonl", os.write, [9_000]

    def limited(descriptor: int, line: bytes) -> int:
        room[0] -= len(line)
        return write(descriptor, line if room[0] >= 0 else line[: room[0]])

    monkeypatch.setattr(os, "write", limited)
    with pytest.raises(OutputError, match="ledger must have room for another line"):
        run_here(campaign, ledger)
    monkeypatch.undo()
    assert ledger.read_bytes().endswith(b"}\n")
    kept = len(batches(ledger))
    assert kept > 20
    run = run_here(campaign, ledger)
    assert (run.num_found, run.truncated) == (kept, "")
    assert estimates(run) == estimates(whole)


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_do_not_matter(workers: int, tmp_path: Path, campaign: Campaign, whole: CampaignRun) -> None:
    told: list[tuple[int, int]] = []
    with ThreadPoolExecutor(workers) as executor:
        options: dict[str, Any] = {"executor": executor, "progress": lambda *n: told.append(n)}
        run = run_campaign(campaign, ledger=tmp_path / "a.jsonl", **options)
    assert estimates(run) == estimates(whole)
    assert told[-1][0] == told[-1][1]
    assert told == sorted(told)


# -- ledgers that do not fit ---------------------------------------------------------------------------------


def rewritten(ledger: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    records = [json.loads(line) for line in ledger.read_text().splitlines()]
    change(records)
    ledger.write_text("".join(json.dumps(record) + "\n" for record in records))


def begun(campaign: Campaign, ledger: Path, *, batches: int) -> None:
    with pytest.raises(RunError):
        run_here(campaign, ledger, break_after=batches)


@pytest.mark.parametrize(("place", "order"), [(0, (0, 1, 2)), (1, (2, 0, 1)), (2, (2, 1, 0))])
def test_a_campaign_that_gains_a_claim_keeps_the_rows_of_the_others_in_any_order(
    place: int, order: tuple[int, ...], tmp_path: Path, campaign: Campaign, whole: CampaignRun
) -> None:
    """The random numbers belong to the claim too: the one that was gained has those it has in the whole run."""
    ledger = tmp_path / "a.jsonl"
    few = replace(campaign, claims=campaign.claims[:place] + campaign.claims[place + 1 :])
    first = run_here(few, ledger)
    before = ledger.read_bytes()
    more = replace(campaign, claims=tuple(campaign.claims[i] for i in order))
    run = run_here(more, ledger)
    assert ledger.read_bytes().startswith(before)
    assert run.num_found == first.num_drawn
    assert run.num_drawn == 1 + len(campaign.claims[place].batches)
    assert [estimates(run)[order.index(i)] for i in range(3)] == estimates(whole)


def test_a_row_of_no_claim_can_be_left_behind(tmp_path: Path, campaign: Campaign, whole: CampaignRun) -> None:
    ledger, rest = tmp_path / "a.jsonl", tmp_path / "new.jsonl"
    run_here(campaign, ledger)
    gone = campaign.claims[1]
    key = campaign.key(gone)
    message = (
        rf"line 3: the row of key {key} \(quantity kernel_mean, .* L 6, route batched, samples 24200, .*"
        rf"finds no claim in 'small' with seed 7; .* grep -v '\"key\": \"{key}\"' .*a.jsonl > new.jsonl"
    )
    for other in (replace(gone, samples=24_300), replace(gone, batch=400), None):
        claims = [claim for claim in (campaign.claims[0], other, campaign.claims[2]) if claim]
        refused(replace(campaign, claims=tuple(claims)), ledger, message)
    rest.write_text("".join(line for line in ledger.read_text().splitlines(keepends=True) if key not in line))
    kept = replace(campaign, claims=(campaign.claims[0], campaign.claims[2]))
    run = run_here(kept, rest)
    assert run.num_drawn == 0
    assert estimates(run) == [estimates(whole)[0], estimates(whole)[2]]


def test_a_claim_in_other_words_has_the_same_rows_and_own_line(tmp_path: Path, campaign: Campaign) -> None:
    ledger = tmp_path / "a.jsonl"
    run_here(campaign, ledger)
    before = ledger.read_bytes()
    wrong = replace(campaign, claims=(replace(campaign.claims[0], text="1"), *campaign.claims[1:]))
    run = run_here(wrong, ledger)
    assert (run.num_drawn, run.passed) == (0, False)
    (line,) = ledger.read_bytes().removeprefix(before).splitlines()
    record = json.loads(line)
    assert (record["kind"], record["claim"], record["passed"]) == ("result", "1", False)


def test_a_ledger_of_another_seed_is_refused_and_stays_as_it_is(tmp_path: Path, campaign: Campaign) -> None:
    ledger = tmp_path / "a.jsonl"
    begun(campaign, ledger, batches=20)
    message = r"line 2: the row of .* seed 7\) finds no claim in 'small' with seed 8; "
    refused(replace(campaign, seed=8), ledger, message)


@pytest.mark.parametrize(
    ("head", "version"),
    [
        (OLD.read_text().rstrip(), "1"),
        ('{"kind": "ledger", "version": 3}', "3"),
        ('{"some": "data"}', "None"),
    ],
)
@pytest.mark.parametrize("end", ["", '{"kind": "batch", "cla'])
def test_a_ledger_of_another_version_is_refused_and_never_changed(
    head: str, version: str, end: str, tmp_path: Path, campaign: Campaign
) -> None:
    ledger = tmp_path / "a.jsonl"
    ledger.write_text(f"{head}\n{end}")
    message = f"must be of version 2, which has a key for each claim, got version {version}; choose"
    refused(campaign, ledger, message)
    assert ledger.read_text() == f"{head}\n{end}"


DAMAGES = [
    (lambda r: r.append({**r[-1], "mean": 1.0}), r"line 24: the batch is there twice, with different values"),
    (lambda r: r[7].update(problem="c0ffee"), r"line 8: the batch is not one of its claim's"),
    (lambda r: r[7].update(samples=499), r"line 8: the batch is not one of its claim's"),
    (lambda r: r[7].update(number=1000), r"line 8: the batch is not one of its claim's"),
    (lambda r: r[7].update(key="0"), r"line 8: the row of key 0 .* finds no claim in 'small'"),
    (lambda r: r[7].pop("key"), r"line 8: the row of key None .* finds no claim in 'small'"),
    (lambda r: r[7].pop("mean"), r"line 8: estimate data must have exactly the keys"),
    (lambda r: r[7].pop("seconds"), r"line 8: the batch has no time"),
    (
        lambda r: r[1].update(versions={"numpy": "1"}),
        r"line 5, .*the claim was begun in .*'numpy': '1'.*go on with the same",
    ),
    (lambda r: r.pop(1), r"line 5, .*the claim was begun in .* with \{\}, .*go on with the same"),
]


@pytest.mark.parametrize(("change", "message"), DAMAGES)
def test_a_damaged_ledger_is_refused_with_its_line(
    change: Callable[[list[dict[str, Any]]], object], message: str, tmp_path: Path, campaign: Campaign
) -> None:
    ledger = tmp_path / "a.jsonl"
    begun(campaign, ledger, batches=19)
    rewritten(ledger, change)
    refused(campaign, ledger, message)


def test_a_batch_there_twice_counts_once(tmp_path: Path, campaign: Campaign, whole: CampaignRun) -> None:
    ledger = tmp_path / "a.jsonl"
    run_here(campaign, ledger)
    rewritten(ledger, lambda records: records.append(records[9]))
    again = run_here(campaign, ledger)
    assert estimates(again) == estimates(whole)


# -- Dask ----------------------------------------------------------------------------------------------------


def dask(kind: str, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_workers_lost_by_dask_change_nothing(tmp_path: Path, campaign: Campaign, whole: CampaignRun) -> None:
    file, ledger = tmp_path / "scheduler.json", tmp_path / "small.jsonl"
    scheduler = dask(
        "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)
    )
    started = [scheduler]
    try:
        while not file.exists() or not file.read_text().endswith("}"):
            assert scheduler.poll() is None
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        assert address.startswith("tcp://127.0.0.1:")
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path))
        started += [dask("worker", address, *options) for _ in range(2)]
        process = start(tmp_path, "--scheduler", address)
        wait_for_lines(ledger, 40, process)
        started[1].kill()
        assert len(batches(ledger)) < NUM_BATCHES  # in mid-run
        errors_of_a_good_run(process)
    finally:
        for each in started:
            each.kill()
            each.wait()
    run = run_here(campaign, ledger)
    assert run.num_drawn == 0
    assert estimates(run) == estimates(whole)


def test_a_scheduler_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    written(tmp_path)
    impatient = (
        "from haarqntk.validation import _runs as p; p._SECONDS_TO_ANSWER = 0.2; "
        "from haarqntk.cli import main; main()"
    )
    command = ("validate", "small.toml", "--scheduler", "tcp://127.0.0.1:1")
    result = python("-c", impatient, *command, cwd=tmp_path, check=False)
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("haarqntk: scheduler must answer within 0.2 s, got 'tcp://127.0.0.1:1': ")
    assert not (tmp_path / "small.jsonl").exists()


def test_bad_workers_and_a_missing_dask_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused_executor(message: str, **options: Any) -> None:
        with pytest.raises(InputError, match=message), executor(**options):
            pass

    address = "tcp://127.0.0.1:1"
    refused_executor("workers must be an integer ≥ 1, got 0", workers=0)
    refused_executor(r"workers are the scheduler's .* got 2; leave one out", workers=2, scheduler=address)
    monkeypatch.setitem(sys.modules, "distributed", None)
    refused_executor("a scheduler needs Dask; run: pip install", scheduler=address)
