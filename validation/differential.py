"""The differential run: random integrands and circuit moments, the library against oracles that share no code with it.

    python validation/differential.py [--seed 12] [--num 5000] [--num-moments 1000] [--only integrand:17] [--quiet]

An integrand over U, O, Sp, COE, CSE, Haar states and tensor factors at D = 1 … 4 (6 for two factors) is built as
Python, and where it can be also as text and as a SymPy expression; its value is compared with finite designs and
cubature (``_differential/designs.py``), or exactly with index sums over moments of entries from the orthogonality
relations (``_differential/entries.py``). A moment of a circuit of one qubit, in every ensemble, is compared with
cubature in Bloch space (``_differential/bloch.py``).

Each difference, crash and refusal that is not meant is printed with the input that gives it again. Exit status: 0 if
there is none, 1 otherwise.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import traceback
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from _differential import library
from _differential.cases import random_case
from _differential.moments import by_bloch_vectors, by_the_library, random_moment
from _differential.oracles import oracle
from rich.console import Console
from rich.progress import track
from rich.table import Table

from haarqntk.errors import CostError, HaarqntkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

TOLERANCE = 1e-9  # of the size of the value: sums of at most 10⁵ products of floats
MEANT = (  # refusals that a user can act on: what was asked for has no value, or needs another name
    r"leave a phase",
    r"prl_ansatz_with_input_block",
    r"an entry of the symplectic form must have a number for its dimension",
    r"are one index depends on",
)


@dataclass
class Outcome:
    """What became of one input."""

    row: tuple[str, str, str]
    verdict: str  # "equal", "difference", "crash", "refusal", "meant refusal", "not finished"
    message: str = ""
    routes: tuple[str, ...] = ()


@dataclass
class Report:
    """All outcomes, counted."""

    rows: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    verdicts: Counter[tuple[tuple[str, str, str], str]] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """Count one."""
        self.rows[outcome.row] += 1
        self.verdicts[outcome.row, outcome.verdict] += 1
        self.routes.update(outcome.routes)
        if "refusal" in outcome.verdict:
            self.reasons[f"{outcome.verdict}: {_kind(outcome.message)}"] += 1

    def total(self, verdict: str) -> int:
        """How many inputs of one verdict."""
        return sum(n for (_, name), n in self.verdicts.items() if name == verdict)

    @property
    def is_clean(self) -> bool:
        """No difference, no crash, and no refusal that is not meant."""
        return not any(self.total(name) for name in ("difference", "crash", "refusal"))


def _kind(message: str) -> str:
    """A message without its numbers and names, so that equal reasons are counted together."""
    return re.sub(r"\[.*\]|\d+|'[^']*'", "…", message.splitlines()[0])[:110]


def differs(found: Any, wanted: Any) -> bool:
    """Whether two values are unequal: exactly for Fractions, by the tolerance else."""
    left, right = np.array(found, dtype=object), np.array(wanted, dtype=object)
    if left.shape != right.shape:
        return True
    if all(isinstance(x, Fraction | int) for x in (*left.flat, *right.flat)):
        return any(x != y for x, y in zip(left.flat, right.flat, strict=True))
    numbers = [np.array([complex(x) for x in array.flat]) for array in (left, right)]
    scale = max(1.0, *(float(np.abs(x).max(initial=0)) for x in numbers))
    return bool(np.abs(numbers[0] - numbers[1]).max(initial=0) > TOLERANCE * scale)


def _judged(
    row: tuple[str, str, str], source: str, routes: dict[str, Callable[[], Any]], wanted: Callable[[], Any]
) -> Outcome:
    """Compare each route of the library with the oracle."""
    try:
        right = wanted()
    except TimeoutError:
        return Outcome(row, "not finished", f"the oracle\n{source}")
    for name, route in routes.items():
        try:
            found = route()
        except TimeoutError:
            return Outcome(row, "not finished", f"route {name}\n{source}\noracle: {right}", (name,))
        except HaarqntkError as error:
            meant = isinstance(error, CostError) or any(re.search(x, str(error)) for x in MEANT)
            verdict = "meant refusal" if meant else "refusal"
            return Outcome(row, verdict, f"{error}\nroute {name}\n{source}\noracle: {right}", (name,))
        except Exception:  # noqa: BLE001 - a crash of any kind is what is looked for
            return Outcome(
                row,
                "crash",
                f"{traceback.format_exc(limit=-2)}route {name}\n{source}\noracle: {right}",
                (name,),
            )
        if differs(found, right):
            return Outcome(
                row, "difference", f"route {name}\n{source}\nlibrary: {found}\noracle:  {right}", (name,)
            )
    return Outcome(row, "equal", "", tuple(routes))


def check_integrand(seed: int, index: int) -> Outcome:
    """Integrand number ``index``."""
    case = random_case(np.random.default_rng([seed, 0, index]))
    routes: dict[str, Callable[[], Any]] = {"Python": lambda: library.value(case, library.by_objects(case))}
    source = case.source()
    if library.can_be_text(case) and index % 2 == 0:
        routes["text"] = lambda: library.value(case, library.by_text(case))
        source += f"\ntext: {library.text_of(case)}"
    if library.can_be_sympy(case) and index % 3 == 0:
        routes["SymPy"] = lambda: library.value(case, library.by_sympy(case))
    row = (case.group, "×".join(map(str, case.sizes)), case.kind)
    return _judged(row, source, routes, lambda: oracle(case))


def check_moment(seed: int, index: int) -> Outcome:
    """Circuit moment number ``index``."""
    moment = random_moment(np.random.default_rng([seed, 1, index]))
    row = (f"{moment.ensemble}, {moment.generators}", "2", f"circuit moment, L = {moment.L}")
    return _judged(
        row, moment.source(), {"Circuit": lambda: by_the_library(moment)}, lambda: by_bloch_vectors(moment)
    )


CHECKS: dict[str, Callable[[int, int], Outcome]] = {"integrand": check_integrand, "moment": check_moment}


def run(
    seed: int,
    jobs: Sequence[tuple[str, int]],
    *,
    tell: Callable[[str], None],
    progress: Callable[[Any], Iterable[Any]],
    limit: float = 0.0,
) -> Report:
    """Check every job; ``tell`` gets what is wrong as it is found.

    One input may take ``limit`` seconds of the processor (0: any time); what takes more is counted apart.
    """
    report = Report()
    for kind, index in progress(jobs):
        with processor_limit(limit):
            outcome = CHECKS[kind](seed, index)
        report.add(outcome)
        if outcome.verdict in {"difference", "crash", "refusal", "not finished"}:
            tell(f"{outcome.verdict.upper()}: --seed {seed} --only {kind}:{index}\n{outcome.message}\n")
    return report


@contextmanager
def processor_limit(seconds: float) -> Iterator[None]:
    """TimeoutError after some seconds of the processor, whatever else runs beside."""
    if not seconds:
        yield
        return

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def table_of(report: Report) -> Table:
    """What was covered."""
    verdicts = ("difference", "crash", "refusal", "meant refusal", "not finished")
    table = Table("group", "D", "kind", "number", *verdicts, title="What was covered")
    for row in sorted(report.rows):
        counts = [str(report.verdicts[row, verdict] or "") for verdict in verdicts]
        table.add_row(*row, str(report.rows[row]), *counts)
    table.add_section()
    table.add_row(
        "all", "", "", str(report.rows.total()), *(str(report.total(verdict)) for verdict in verdicts)
    )
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=12, help="seed of all inputs (default 12)")
    parser.add_argument("--num", type=int, default=5000, help="number of integrands (default 5000)")
    parser.add_argument(
        "--num-moments", type=int, default=1000, help="number of circuit moments (default 1000)"
    )
    parser.add_argument(
        "--only", action="append", help="integrand:INDEX or moment:INDEX, may repeat; or integrand, moment"
    )
    parser.add_argument(
        "--limit", type=float, default=10.0, help="processor seconds for one input (default 10; 0: any)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    numbers = {"integrand": options.num, "moment": options.num_moments}
    jobs = [(kind, index) for kind, number in numbers.items() for index in range(number)]
    if options.only:
        chosen = [tuple(x.partition(":")[::2]) for x in options.only]
        jobs = [(kind, int(index)) for kind, index in chosen if index]
        jobs += [(kind, index) for kind, rest in chosen if not rest for index in range(numbers[kind])]
    console = Console(width=150)
    report = run(
        options.seed,
        jobs,
        limit=options.limit,
        tell=lambda text: console.print(text, markup=False, highlight=False),
        progress=lambda items: track(
            items, console=console, disable=options.quiet, description="differential run"
        ),
    )
    console.print(table_of(report))
    console.print(f"routes compared: {dict(report.routes)}")
    for reason, number in report.reasons.most_common():
        console.print(f"{number:5d}  {reason}", markup=False, highlight=False)
    return 0 if report.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
