"""The corpus: what the library answers to thousands of fixed inputs, recorded once and compared after each change.

    python validation/corpus.py record [--out FOLDER] [--only SECTION …]
    python validation/corpus.py compare [--recorded FOLDER] [--only SECTION …] [--sample N] [--close]

Both compute with the ``haarqntk`` that is importable (PYTHONPATH decides), by its public names and its command line
alone. A record is a key with named fields, each a text: a closed form, its LaTeX, a value with all its digits, the
output of a command. ``compare`` prints each difference as section, key and field, old and new; its exit status is 1 if
there is one that ``ALLOWED`` does not list with a reason.

Sections: integrands, formulas, moments, commands, json, recorded, keys, batches, training. A recorded row that finds no
claim, and a claim whose rows would have to be drawn again, are differences of the section "recorded".
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from fnmatch import fnmatchcase
from multiprocessing import get_context
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if __name__ == "__main__":  # before NumPy is imported: the last digits of its sums depend on the threads
    os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

from _corpus import store
from _corpus.fields import NOT_FINISHED, computed
from _corpus.sections import SECTIONS
from rich.console import Console
from rich.progress import track

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from _corpus.store import Records

Job = tuple[str, str]
"""A section and a key."""

ALLOWED: Final[Mapping[str, str]] = {
    "integrands/*/sympy = crash: AttributeError*": "an operator |i><j| beside others had no SymPy expression",
    "moments/284/* = *moment sees that: it holds the generator*": "of two means that are refused the cheaper is named",
    "commands/integrate tr(U) --let A=hermitan/stderr = *": "the list of kinds holds permutation_matrix",
    "commands/figures 3 --out new*/files = *": "kernels of the letter's ansatz are those of training: the 13th digit",
    "commands/report --out new --study one.toml/stderr = *": "a file that is no JSON: the message ends with the cure",
    "json/*/to_python = *": "SymPy prints the same Horner form: a number once, letters in its order; values are equal",
    "json/*/to_c = *": "as to_python",
    "commands/*--format python/stdout = *": "as to_python",
    "commands/*--format c/stdout = *": "as to_python",
    "*/* = *copies would not finish: the walk has*": "the recursion over layers is named as such",
    "*/* = *Walk for *": "the recursion over layers is named as such",
    "batches/*/* = *kernel_third_moment, kernel_fourth_moment*": "each statistic of each variable is a quantity",
}
"""Pattern of "section/key/field = old text" (*, ? and […] as in file names) → why the difference is meant."""

FOLDER: Final = Path(__file__).parent / "corpus"
LIMIT: Final = 5.0
"""Processor seconds of one field when it is recorded."""
PATIENCE: Final = 3.0
ATTEMPTS: Final = 4
"""A comparison waits ``PATIENCE`` times as long, and tries ``ATTEMPTS`` times."""
ABSENT: Final = "(absent)"
_FLOAT = re.compile(r"-?\d+(?:\.\d+(?:e[+-]?\d+)?|e[+-]?\d+)")


@dataclass(frozen=True)
class Difference:
    """One field that is not what was recorded.

    Attributes:
        section: The section.
        key: The input.
        field: The field; empty where the whole record is absent.
        old: The recorded text.
        new: The text now.
    """

    section: str
    key: str
    field: str
    old: str
    new: str

    @property
    def name(self) -> str:
        """Section, key and field."""
        return "/".join(part for part in (self.section, self.key, self.field) if part)

    def reason(self, allowed: Mapping[str, str]) -> str:
        """Why it is allowed; empty if it is not."""
        text = f"{self.name} = {self.old}"
        return next((why for pattern, why in allowed.items() if fnmatchcase(text, pattern)), "")


def compute_one(
    section: str, key: str, limit: float, skip: frozenset[str] = frozenset(), attempts: int = 1
) -> dict[str, str]:
    """The fields of one key, in whatever process this is."""
    return computed(SECTIONS[section].fields(key), limit=limit, skip=skip, attempts=attempts)


def compute(
    jobs: Sequence[Job],
    *,
    limit: float,
    workers: int,
    skip: Mapping[Job, frozenset[str]] = MappingProxyType({}),
    attempts: int = 1,
    progress: Callable[[Iterable[Any], int], Iterable[Any]] = lambda items, _: items,
) -> dict[str, Records]:
    """Compute one job after the other: in this process for one worker, else in as many as there are."""
    found: dict[str, Records] = {section: {} for section, _ in jobs}
    if workers == 1:
        for section, key in progress(jobs, len(jobs)):
            found[section][key] = compute_one(
                section, key, limit, skip.get((section, key), frozenset()), attempts
            )
        return found
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = {
            pool.submit(compute_one, *job, limit, skip.get(job, frozenset()), attempts): job for job in jobs
        }
        for future in progress(as_completed(futures), len(futures)):
            section, key = futures[future]
            found[section][key] = future.result()
    return found


def chosen_jobs(only: Collection[str], sample: int | None) -> list[Job]:
    """All inputs, or those of some sections; with ``sample``, about that share of 5,000 of them."""
    step = 1 if sample is None else max(1, 5_000 // sample)
    return [
        (name, key)
        for name, section in SECTIONS.items()
        if not only or name in only
        for key in (section.keys()[::step] if section.is_sampled else section.keys())
    ]


def differences(
    section: str, old: Records, new: Records, *, keys: Iterable[str], close: bool = False
) -> list[Difference]:
    """What differs in one section among ``keys`` and those that are new.

    Args:
        section: The section.
        old: The recorded records.
        new: The records of now.
        keys: The recorded keys that were computed.
        close: Whether floats may differ by 1e-9 of their size: between machines their last digits do.
    """
    found = []
    for key in [*keys, *(key for key in new if key not in old)]:
        if key not in old or key not in new:
            states = tuple(ABSENT if key not in records else "(present)" for records in (old, new))
            found.append(Difference(section, key, "", *states))
            continue
        for name in dict.fromkeys([*old[key], *new[key]]):
            before, now = (records[key].get(name, ABSENT) for records in (old, new))
            if before not in {now, NOT_FINISHED} and not (close and _are_close(before, now)):
                found.append(Difference(section, key, name, before, now))
    return found


def _are_close(old: str, new: str) -> bool:
    if _FLOAT.sub("#", old) != _FLOAT.sub("#", new):
        return False
    pairs = zip(_FLOAT.findall(old), _FLOAT.findall(new), strict=True)
    return all(abs(float(a) - float(b)) <= 1e-9 * max(1e-3, abs(float(a))) for a, b in pairs)


def record(out: Path, *, only: Collection[str], workers: int, console: Console) -> int:
    """Compute everything and write it."""
    found = compute(
        chosen_jobs(only, None), limit=LIMIT, workers=workers, progress=_bar(console, "recording")
    )
    out.mkdir(parents=True, exist_ok=True)
    for section, records in found.items():
        store.write_records(out, section, records)
        texts = [text for fields in records.values() for text in fields.values()]
        console.print(
            f"{section}: {len(records)} keys, {len(texts)} fields, {texts.count(NOT_FINISHED)} not finished, "
            f"{store.path_of(out, section).stat().st_size} bytes"
        )
    store.write_about(out, store.about())
    return 0


def compare(
    recorded: Path, *, only: Collection[str], sample: int | None, close: bool, workers: int, console: Console
) -> int:
    """Compute again, print what differs, and return the exit status."""
    then, now = store.read_about(recorded), store.about()
    for name, value in then.items():
        if name != "commit" and now[name] != value:
            console.print(f"recorded with {name} {value}, this is {now[name]}", markup=False)
    console.print(f"recorded from {then['commit'][:12]}, compared with {now['commit'][:12]}", markup=False)
    jobs = [job for job in chosen_jobs(only, sample) if store.path_of(recorded, job[0]).exists()]
    before = {section: store.read_records(recorded, section) for section in dict(jobs)}
    skip = {job: _unfinished(before[job[0]].get(job[1], {})) for job in jobs}
    found = compute(
        jobs,
        limit=PATIENCE * LIMIT,
        workers=workers,
        skip=skip,
        attempts=ATTEMPTS,
        progress=_bar(console, "comparing"),
    )
    differ = [
        Difference(name, "(all)", "", ABSENT, "(present)")
        for name in SECTIONS
        if (not only or name in only) and name not in before
    ]
    for section, records in found.items():
        is_whole = sample is None or not SECTIONS[section].is_sampled
        keys = [key for key in before[section] if is_whole or key in records]
        differ += differences(section, before[section], records, keys=keys, close=close)
    return report(differ, sum(map(len, found.values())), console)


def _unfinished(fields: Mapping[str, str]) -> frozenset[str]:
    """The fields that did not finish when they were recorded: they are not tried again."""
    return frozenset(name for name, text in fields.items() if text == NOT_FINISHED)


def report(
    differ: Sequence[Difference], number: int, console: Console, allowed: Mapping[str, str] = ALLOWED
) -> int:
    """Print every difference with its reason, and return the exit status."""
    counted: dict[str, int] = {}
    wrong = 0
    for each in differ:
        reason = each.reason(allowed)
        counted[reason] = counted.get(reason, 0) + 1
        wrong += not reason
        if not reason:
            old, new = _around(each.old, each.new)
            console.print(
                f"DIFFERENCE {each.section}, key {each.key}, field {each.field or '(all)'}\n  old: {old}\n  new: {new}",
                markup=False,
                highlight=False,
            )
    for pattern, reason in allowed.items():
        console.print(f"allowed differences: {pattern}: {reason} ({counted.get(reason, 0)})", markup=False)
    console.print(f"{number} keys compared: {wrong} differences, {len(differ) - wrong} allowed", markup=False)
    return 1 if wrong else 0


def _around(old: str, new: str, width: int = 300) -> tuple[str, str]:
    """Both texts from a little before the place where they part."""
    start = max(
        0,
        next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        - 60,
    )
    return tuple(("…" if start else "") + repr(x[start : start + width]) for x in (old, new))  # type: ignore[return-value]


def _bar(console: Console, description: str) -> Callable[[Iterable[Any], int], Iterable[Any]]:
    return lambda items, total: track(items, description=description, total=total, console=console)


def main(arguments: Sequence[str] | None = None) -> int:
    """Record or compare, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in (("record", "record what is computed now"), ("compare", "compare with a recording")):
        command = commands.add_parser(name, help=purpose)
        command.add_argument(
            "--only", action="append", default=[], choices=list(SECTIONS), help="a section, may repeat"
        )
        command.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    commands.choices["record"].add_argument(
        "--out", type=Path, default=FOLDER, help="the folder of the recording"
    )
    chosen = commands.choices["compare"]
    chosen.add_argument("--recorded", type=Path, default=FOLDER, help="the folder of the recording")
    chosen.add_argument("--sample", type=int, help="every (5000/N)-th key of the sections that have many")
    chosen.add_argument("--close", action="store_true", help="floats may differ by 1e-9 of their size")
    options = parser.parse_args(arguments)
    console = Console(soft_wrap=True)
    if options.command == "record":
        return record(options.out, only=options.only, workers=options.workers, console=console)
    return compare(
        options.recorded,
        only=options.only,
        sample=options.sample,
        close=options.close,
        workers=options.workers,
        console=console,
    )


if __name__ == "__main__":
    sys.exit(main())
