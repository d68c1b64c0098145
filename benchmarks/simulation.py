"""Simulation: the three routes against each other, and frames where the others have no room.

Run ``python benchmarks/simulation.py``; it takes two to four minutes on one core. Every measurement is a fresh
process with one thread, after a warm-up of the same shape; the routes take turns, so that a busy machine slows
all of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from statistics import median
from typing import Any

REPEATS = 3

SAMPLES = """
import json, resource, sys, time
import numpy as np
from haarqntk.montecarlo import simulate
quantity, method, D, L, samples, spectrum = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]), sys.argv[6]
spectra = {"pauli": [1, -1] * (D // 2), "distinct": list(range(D))}

def run(samples):
    start = time.perf_counter()
    estimate = simulate(
        quantity, D=D, L=L, spectrum=spectra[spectrum], samples=samples, rng=np.random.default_rng(1), method=method
    )
    return time.perf_counter() - start, estimate

run(2)
seconds, estimate = run(samples)
kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = {"seconds": seconds, "mean": estimate.mean, "error": estimate.standard_error, "megabytes": kilobytes / 1024}
print(json.dumps(found))
"""

PARTS = """
import json, sys, time
import numpy as np
from haarqntk.montecarlo import _batched
D, L, count = map(int, sys.argv[1:])

def parts():
    times = [time.perf_counter()]
    circuits = _batched.random_circuits(D, L, count, np.random.default_rng(1))
    times.append(time.perf_counter())
    _batched.gradients(circuits, np.eye(1, D), np.ones((1, D)))
    times.append(time.perf_counter())
    return np.diff(times) / count

parts()
print(json.dumps(parts().tolist()))
"""


def measure(script: str, *arguments: object) -> Any:
    """What a script prints in a fresh process with one thread."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout)


def per_sample(
    quantity: str, D: int, L: int, counts: dict[str, int], spectrum: str = "pauli"
) -> dict[str, float]:
    """Median seconds for a sample, for each method with its number of samples."""
    runs: dict[str, list[float]] = {method: [] for method in counts}
    for _ in range(REPEATS):
        for method, samples in counts.items():
            found = measure(SAMPLES, quantity, method, D, L, samples, spectrum)
            runs[method].append(found["seconds"] / samples)
    return {method: median(times) for method, times in runs.items()}


def against_qutip() -> None:
    """The ratios to the route that is written as on paper."""
    print(f"seconds for a sample, and how many times faster than QuTiP (median of {REPEATS})")
    print(f"  {'quantity':12s} {'D':>4s} {'L':>4s} {'qutip':>9s} {'batched':>9s} {'frames':>9s}   ratios")
    for quantity, D, L, few in (
        ("kernel_mean", 4, 10, 20),
        ("kernel_mean", 16, 40, 4),
        ("meta_kernel_mean", 16, 10, 2),
    ):
        times = per_sample(quantity, D, L, {"qutip": few, "batched": 300, "frames": 1000})
        columns = " ".join(f"{seconds:9.2e}" for seconds in times.values())
        ratios = " ".join(f"{times['qutip'] / times[name]:7.0f}" for name in ("batched", "frames"))
        print(f"  {quantity.removesuffix('_mean'):12s} {D:4d} {L:4d} {columns}  {ratios}")
    drawing, differentiating = measure(PARTS, 16, 40, 200)
    print(
        f"  batched at D = 16, L = 40: {drawing:.1e} s to draw a circuit, {differentiating:.1e} s for its gradient"
    )


def growth() -> None:
    """Frames against batched as D grows."""
    print("frames against batched as D grows, L = 10: seconds for a sample of K")
    for D in (4, 16, 64, 256, 512):
        times = per_sample("kernel_mean", D, 10, {"batched": max(4, 2000 // D), "frames": 1000})
        columns = " ".join(f"{name} {seconds:8.1e}" for name, seconds in times.items())
        print(f"  D = {D:4d}   {columns}   ratio {times['batched'] / times['frames']:8.1f}")


def large() -> None:
    """Frames at D = 2¹⁶, with everything that ``simulate`` does, such as reading 65 536 eigenvalues."""
    print("frames at D = 65536, whole calls of simulate")
    for quantity, L, samples, spectrum in (
        ("kernel_mean", 1000, 100, "pauli"),
        ("kernel_mean", 1000, 1000, "pauli"),
        ("kernel_mean", 1000, 20, "distinct"),
        ("meta_kernel_mean", 100, 20, "pauli"),
        ("meta_kernel_mean", 1000, 2, "pauli"),
    ):
        run = measure(SAMPLES, quantity, "frames", 2**16, L, samples, spectrum)
        print(
            f"  {quantity.removesuffix('_mean'):12s} L = {L:4d}  spectrum {spectrum:8s}  {samples:4d} samples "
            f"in {run['seconds']:6.2f} s, {samples / run['seconds']:6.1f} a second, "
            f"mean {run['mean']:.3g} ± {run['error']:.1g}, peak {run['megabytes']:.0f} MB"
        )


def main() -> None:
    """Print the three tables."""
    for part in (against_qutip, growth, large):
        part()


if __name__ == "__main__":
    main()
