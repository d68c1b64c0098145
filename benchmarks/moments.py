"""Moments: the named formulas, single moments, the two routes through a layer, and where the time goes.

Run ``python benchmarks/moments.py``; it takes about a minute. Every measurement is a fresh process, so
nothing is cached between them; nothing is asserted.
"""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median
from typing import Any

REPEATS = 3

SETUP = """
import cProfile, json, pstats, resource, sys, time
start = time.perf_counter()
import haarqntk as hq
from haarqntk.circuits import Copy, mean_of_product
from haarqntk.circuits import _recursion
from haarqntk.circuits._generators import layer_operators
from haarqntk.circuits._recursion import apply_by_overlaps
imported = time.perf_counter() - start

def timed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start

def report(**found):
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(found | {"megabytes": kilobytes / 1024}))
"""

FORMULAS = (
    SETUP
    + """
seconds = {name: timed(lambda: hq.formula(name)) for name in hq.formulas()}
report(imported=imported, seconds=seconds)
"""
)

MOMENT = (
    SETUP
    + """
ensemble, generators, text = sys.argv[1:]
circuit = hq.Circuit(ensemble, generators)
report(seconds=timed(lambda: hq.parse_moment(text, circuit)))
"""
)

ROUTE = (
    SETUP
    + """
route, block = sys.argv[1], tuple(json.loads(sys.argv[2]))
vector = _recursion.averaged_state(("psi",) * len(block), (), "pauli", None).coefficients

def one_by_one():
    for _, operator in layer_operators(block, "pauli", None)[0]:
        _recursion.apply_operator(operator, vector)

def overlaps():
    apply_by_overlaps(block, None, vector)

function = {"slots": one_by_one, "overlaps": overlaps}[route]
report(first=timed(function), again=timed(function))
"""
)

PROFILE = (
    SETUP
    + """
profile = cProfile.Profile()
profile.runcall(hq.formula, "meta_kernel_second_moment")
stats = pstats.Stats(profile)
rows = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:10]
lines = [
    [own, cumulative, calls, f"{file.rpartition('/')[2]}:{name}"]
    for (file, _, name), (_, calls, own, cumulative, _) in rows
]
report(total=stats.total_tt, lines=lines)
"""
)

MOMENTS = [
    ("segments", "pauli", "K^2"),
    ("segments", "pauli", "z*mu"),
    ("segments", "pauli", "covariance(K, mu)"),
    ("segments", "pauli", "K^3"),
    ("segments", "pauli", "K^5"),
    ("segments", "pauli", "mu^2"),
    ("independent_layers", "pauli", "mu^2"),
    ("segments", "general", "K^2"),
    ("segments", "general", "sum(d(l, l)^2*d(l)^2, l)"),
    ("generator_average", "pauli", "K^2"),
    ("generator_average", "general", "K^2"),
    ("generator_average", "general", "sum(d(l, l)^2*d(l)^2, l)"),
]
BLOCKS = [(1, 1, 0, 0, 0, 0), (1, 1, 1, 1, 0, 0), (2, 1, 1, 0, 0, 0), (2, 1, 1, 1, 1, 0)]


def measure(script: str, *arguments: str) -> dict[str, Any]:
    """What a script prints in a fresh process."""
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def named_formulas() -> None:
    """All of ``hq.formulas()`` in one process, at the symbols D and L."""
    runs = [measure(FORMULAS) for _ in range(REPEATS)]
    print(f"named formulas, exact in D and L, one process for all (median of {REPEATS})")
    print(f"  {'import':32s} {median(run['imported'] for run in runs):7.2f} s")
    for name in runs[0]["seconds"]:
        print(f"  {name:32s} {median(run['seconds'][name] for run in runs):7.2f} s")
    print(f"  {'all':32s} {median(sum(run['seconds'].values()) for run in runs):7.2f} s, ", end="")
    print(f"peak {max(run['megabytes'] for run in runs):.0f} MB")


def single_moments() -> None:
    """One moment for each process, after the import."""
    print("single moments after the import                                       seconds  peak MB")
    for ensemble, generators, text in MOMENTS:
        run = measure(MOMENT, ensemble, generators, text)
        print(f"  {ensemble:18s} {generators:8s} {text:32s} {run['seconds']:13.2f} {run['megabytes']:8.0f}")


def routes() -> None:
    """One layer on six copies by both routes: the first time, with its tables, and again."""
    print("one layer on six copies: X slot by slot, or all overlaps at once (seconds, first and again)")
    for block in BLOCKS:
        runs = {route: measure(ROUTE, route, json.dumps(block)) for route in ("slots", "overlaps")}
        times = "   ".join(f"{name} {run['first']:7.3f} {run['again']:7.3f}" for name, run in runs.items())
        print(f"  {sum(block)} X, block {block!s:20s}   {times}")


def profile() -> None:
    """The ten functions that E[μ²] spends most time in."""
    run = measure(PROFILE)
    print(f"where E[mu²] spends its {run['total']:.2f} s under the profiler (own, with callees, calls)")
    for own, cumulative, calls, place in run["lines"]:
        print(f"  {own:7.2f} {cumulative:7.2f} {calls:9d}  {place}")


def main() -> None:
    """Print the four tables."""
    for part in (named_formulas, single_moments, routes, profile):
        part()


if __name__ == "__main__":
    main()
