"""Weingarten tables: time against haarpy, time of a fresh process, and how the cost grows.

Run ``python benchmarks/weingarten.py``; it takes about two minutes, most of them for haarpy. Every measurement
is a fresh process, so nothing is cached between them.
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
from haarqntk.weingarten import weingarten_table
start = time.perf_counter()
classes = len(weingarten_table(int(sys.argv[1])))
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


def measure(script: str, k: int) -> dict[str, float]:
    """Run a script in a fresh process; what it prints, and the wall time of the process."""
    start = time.perf_counter()
    command = [sys.executable, "-c", script, str(k)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found | {"wall": time.perf_counter() - start}


def main() -> None:
    """Print the three measurements."""
    runs = [measure(OURS, 10) for _ in range(REPEATS)]
    ours = median(run["seconds"] for run in runs)
    theirs = measure(HAARPY, 10)
    print(f"all {theirs['classes']} classes of S_10, exact in D")
    print(f"  haarpy    {theirs['seconds']:9.3f} s")
    print(f"  haarqntk  {ours:9.4f} s   median of {REPEATS}, nothing cached")
    print(f"  ratio     {theirs['seconds'] / ours:9.0f}")

    runs = [measure(OURS, 20) for _ in range(REPEATS)]
    print(f"all {runs[0]['classes']} classes of S_20, a fresh Python process")
    print(f"  wall time {median(run['wall'] for run in runs):9.2f} s   median of {REPEATS}")

    print("growth      classes   seconds   peak MB")
    for k in (20, 22, 24, 26):
        run = measure(OURS, k)
        print(f"  k = {k}    {run['classes']:7.0f} {run['seconds']:9.1f} {run['megabytes']:9.0f}")


if __name__ == "__main__":
    main()
