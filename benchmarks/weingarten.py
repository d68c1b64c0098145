"""Weingarten tables: time against haarpy, time of a fresh process, and how the cost grows.

Run ``python benchmarks/weingarten.py``; it takes about three minutes, most of them for haarpy. With ``--k6`` haarpy
computes the orthogonal and symplectic tables of k = 6 too, which takes it some minutes more. Every measurement is
a fresh process, so nothing is cached between them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from statistics import median

REPEATS = 5

OURS = """
import json, resource, sys, time
from haarqntk.groups import weingarten_table
start = time.perf_counter()
classes = len(weingarten_table(int(sys.argv[1]), group=sys.argv[2]))
seconds = time.perf_counter() - start
kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"classes": classes, "seconds": seconds, "megabytes": kilobytes / 1024}))
"""

HAARPY = """
import json, sys, time
import sympy
from haarpy import weingarten_unitary
from haarqntk.combinatorics import partitions
D, classes = sympy.Symbol("D"), partitions(int(sys.argv[1]))
start = time.perf_counter()
for mu in classes:
    weingarten_unitary(mu, D)
print(json.dumps({"classes": len(classes), "seconds": time.perf_counter() - start}))
"""

HAARPY_PAIRINGS = """
import json, sys, time
import sympy
from haarpy import weingarten_orthogonal, weingarten_symplectic
from haarqntk.combinatorics import coset_type, pairings
k, D = int(sys.argv[1]), sympy.Symbol("D")
first = next(pairings(2 * k))
representatives = {coset_type(first, q): [point for pair in q for point in pair] for q in pairings(2 * k)}
start = time.perf_counter()
for mu, listing in representatives.items():
    if sys.argv[2] == "orthogonal":
        weingarten_orthogonal(mu, D)
    else:
        weingarten_symplectic(sympy.combinatorics.Permutation(listing), D)
print(json.dumps({"classes": len(representatives), "seconds": time.perf_counter() - start}))
"""


def measure(script: str, k: int, group: str = "unitary") -> dict[str, float]:
    """Run a script in a fresh process; what it prints, and the wall time of the process."""
    start = time.perf_counter()
    command = [sys.executable, "-c", script, str(k), group]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found | {"wall": time.perf_counter() - start}


def compare(script: str, k: int, group: str) -> None:
    """Print the time of a whole table by haarpy, by haarqntk, and their ratio."""
    ours = median(measure(OURS, k, group)["seconds"] for _ in range(REPEATS))
    theirs = measure(script, k, group)
    print(f"all {theirs['classes']} classes of k = {k}, {group} group, exact in D")
    print(f"  haarpy    {theirs['seconds']:9.3f} s")
    print(f"  haarqntk  {ours:9.4f} s   median of {REPEATS}, nothing cached")
    print(f"  ratio     {theirs['seconds'] / ours:9.0f}")


def main() -> None:
    """Print the comparisons, the time of a fresh process and the growth."""
    compare(HAARPY, 10, "unitary")
    for group in ("orthogonal", "symplectic"):
        compare(HAARPY_PAIRINGS, 5, group)
        if "--k6" in sys.argv[1:]:
            compare(HAARPY_PAIRINGS, 6, group)

    runs = [measure(OURS, 20) for _ in range(REPEATS)]
    print(f"all {runs[0]['classes']} classes of S_20, a fresh Python process")
    print(f"  wall time {median(run['wall'] for run in runs):9.2f} s   median of {REPEATS}")

    print("growth                classes   seconds   peak MB")
    for group, sizes in (("unitary", (20, 22, 24, 26)), ("orthogonal", (10, 14, 16, 18, 20))):
        for k in sizes:
            run = measure(OURS, k, group)
            print(
                f"  {group:10s} k = {k}   {run['classes']:7.0f} {run['seconds']:9.2f} {run['megabytes']:9.0f}"
            )


if __name__ == "__main__":
    main()
