"""Integrals: entries against haarpy, traces of high degree, several unitaries, and the standard list of the field.

Run ``python benchmarks/integrals.py``; it takes a few minutes, most of them for haarpy. Seconds are
seconds of the processor, so that other load does not count. Entries are different monomials, so neither
side meets one twice; the caches of both are emptied before each.
"""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import geometric_mean
from typing import Any

NUM_MONOMIALS = {1: 8, 2: 8, 3: 8, 4: 8}
SECONDS_AT_FOUR = (
    "symplectic",
    "circular_orthogonal",
    "circular_symplectic",
)  # by haarpy, up to minutes each
GROUPS = ("unitary", "orthogonal", "symplectic", "circular_orthogonal", "circular_symplectic")
SLOW = 0.01

SETUP = """
import functools, gc, json, random, resource, sys, time
from math import prod
import haarqntk as hq

def timed(function):
    start = time.process_time()
    found = function()
    return time.process_time() - start, found

def report(found):
    print(json.dumps(found | {"megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""

ENTRIES = (
    SETUP
    + """
import haarpy, sympy
group, k, number, caches = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
d, halved = sympy.Symbol("d"), "symplectic" in group
chance = random.Random(f"{group} {k}")
cached = [
    x for x in gc.get_objects()
    if isinstance(x, functools._lru_cache_wrapper) and x.__module__.startswith(("haarpy", "haarqntk"))
]

def shuffled(values):
    return chance.sample(values, len(values))

def some(count, halves=False):
    return [(chance.randrange(k), chance.randrange(2) if halves else 0) for _ in range(count)]

def indices():
    if group == "unitary":
        rows, columns = some(k), some(k)
        return rows + shuffled(rows), columns + shuffled(columns)
    if group in ("orthogonal", "symplectic"):
        sides = [some(k), some(k)]
        return [shuffled(x + [(i, int(halved)) for i, _ in x]) for x in sides]
    first = some(2 * k, halves=halved)
    second = shuffled(first)
    if halved:
        return [[(i, half ^ (n % 2 == 0)) for n, (i, half) in enumerate(x)] for x in (first, second)]
    return first, second

V = getattr(hq, group if "circular" in group else f"haar_{group}")("V")

def ours(rows, columns):
    rows, columns = ([hq.D / 2 + i if half else i for i, half in x] for x in (rows, columns))
    if "circular" in group:
        plain, starred = (prod(V[a, b] for a, b in zip(x[::2], x[1::2])) for x in (rows, columns))
        return hq.expect(plain * starred.conj())
    entries = [V[i, j] for i, j in zip(rows, columns)]
    if group == "unitary":
        return hq.expect(prod(entries[:k]) * prod(entries[k:]).conj())
    return hq.expect(prod(entries))

def theirs(rows, columns):
    i, j = (tuple(d + i if half else i for i, half in x) for x in (rows, columns))
    integral = getattr(haarpy, f"haar_integral_{group}")
    return integral((i[:k], j[:k]), (i[k:], j[k:]), d) if group == "unitary" else integral((i, j), d)

ours(*indices()).to_sympy(), theirs(*indices())  # imports
seen, seconds = set(), []
while len(seconds) < number:
    case = indices()
    key = tuple(map(tuple, case))
    if key in seen:
        number -= 1
        continue
    seen.add(key)
    for function in cached if caches == "emptied" else ():
        function.cache_clear()
    first, mean = timed(lambda: ours(*case))
    values, _ = timed(lambda: mean.terms)
    border, _ = timed(mean.to_sympy)
    haarpys, _ = timed(lambda: theirs(*case))
    seconds.append([first + values, border, haarpys])
report({"seconds": seconds})
"""
)

ONE = (
    SETUP
    + """
U, V, W = (hq.haar_unitary(name) for name in "UVW")
A, B, C = hq.matrices("A B C")
O, S = hq.haar_orthogonal("O"), hq.circular_orthogonal("S")

def absolute(x):
    return x * x.conj()

k = int(sys.argv[2])
seconds, mean = timed(lambda: hq.expect(eval(sys.argv[1])))
report({"seconds": seconds, "terms": len(mean.terms), "text": str(mean) if len(mean.terms) < 3 else ""})
"""
)

TRACES = [
    ("tr((U @ A @ U.H @ B) ** k)", "hq.tr((U @ A @ U.H @ B) ** k)"),
    ("tr(U @ A @ U.H @ B) ** k", "hq.tr(U @ A @ U.H @ B) ** k"),
]
SEVERAL = "hq.tr(U @ A @ V @ B @ W @ C @ U.H @ A @ V.H @ B @ W.H @ C) ** k"
STANDARD = [
    ("|U_11|^2k", "absolute(U[0, 0]) ** k", (1, 4, 8, 12)),
    ("|U_11|^2 |U_22|^2", "absolute(U[0, 0] * U[1, 1])", (0,)),
    ("prod |U_ii|^2, i < k", "absolute(prod(U[i, i] for i in range(k)))", (3, 4, 5, 6)),
    ("|Tr U|^2k", "absolute(hq.tr(U)) ** k", (1, 4, 8, 16)),
    ("O_11^2k", "O[0, 0] ** (2 * k)", (1, 2, 4, 6)),
    ("COE |S_11|^2k", "absolute(S[0, 0]) ** k", (1, 2, 3, 4)),
]


def measure(script: str, *arguments: object) -> dict[str, Any]:
    """What a script prints in a fresh process; the last line of its error if it fails."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1]}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def entries() -> None:
    """The same random entries by haarpy and by haarqntk: the value, and with its SymPy expression."""
    for caches in ("kept", "emptied"):
        _entries(caches)


def _entries(caches: str) -> None:
    print("entries, symbolic in D: haarpy's time over ours, for the value and for the SymPy expression,")
    print(
        f"caches of both {caches} between two; geometric mean, and the worst of those that take haarpy more than "
        "10 ms; seconds"
    )
    print(f"  {'':22s} number     value     worst     SymPy     worst     of    haarpy    value    SymPy")
    everything: list[list[float]] = []
    for group in GROUPS:
        found = []
        for k, number in NUM_MONOMIALS.items():
            if k == 4 and group in SECONDS_AT_FOUR:  # noqa: PLR2004
                continue
            found += measure(ENTRIES, group, k, number, caches)["seconds"]
        everything += found
        _ratios(group, found)
    _ratios("all", everything)


def _ratios(name: str, found: list[list[float]]) -> None:
    columns = []
    for ratios in ([c / a for a, b, c in found], [c / (a + b) for a, b, c in found]):
        slow = [ratio for ratio, (*_, c) in zip(ratios, found, strict=True) if c > SLOW]
        columns += [geometric_mean(ratios), min(slow, default=float("nan"))]
    number = sum(c > SLOW for *_, c in found)
    value, border, haarpys = (sum(row[i] for row in found) for i in range(3))
    print(f"  {name:22s} {len(found):6d} " + " ".join(f"{x:9.1f}" for x in columns), end="")
    print(f" {number:6d} {haarpys:9.2f} {value:8.3f} {border:8.3f}")


def row(name: str, source: str, k: int) -> None:
    """One integral in a process of its own."""
    run = measure(ONE, source, k)
    if "failed" in run:
        print(f"  {name:32s} k = {k:2d}   {run['failed']}")
        return
    print(
        f"  {name:32s} k = {k:2d} {run['seconds']:10.3f} s {run['terms']:8d} terms "
        f"{run['megabytes']:6.0f} MB   {run['text']}"
    )


def main() -> None:
    """Print the four tables."""
    entries()
    print("traces of high degree, symbolic in D")
    for name, source in TRACES:
        for k in (5, 6, 8):
            row(name, source, k)
    print("three unitaries, k copies of each")
    for k in (1, 2, 3):
        row("tr(UAVBWC U'AV'BW'C)^k", SEVERAL, k)
    print("the standard list")
    for name, source, degrees in STANDARD:
        for k in degrees:
            row(name, source, k)


if __name__ == "__main__":
    main()
