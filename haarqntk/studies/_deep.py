"""Many layers: the kernel does not freeze as L → ∞, it follows the flow of [ICML].

Under the L → ∞ flow a pure state and an observable with O² = γ² have dε/dτ = −2ε(γ² − (y + ε)²) in the time
τ = ηLZt, Z = Tr X²/(D² − 1). Runs of deeper and deeper circuits come to it like 1/√L; their distance to the frozen
kernel stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from haarqntk.dynamics import deep_flow_single
from haarqntk.export import Evidence, Line, Panel, PaperFigure, Points, Section
from haarqntk.studies._circuits import segments_circuit
from haarqntk.studies._evidence import Study, numbers
from haarqntk.training import Observable, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

NUM_QUBITS, TARGET = 2, -0.5
D = 2**NUM_QUBITS
Z = D / (D**2 - 1)
DEPTHS, RUNS = (8, 32, 128, 512), 40
STEP, STEPS, EVERY = 0.02, 200, 10  # ηLZ; a step of the flow's time


def make(
    *, seed: int, progress: Callable[[float], object], depths: tuple[int, ...] = DEPTHS, runs: int = RUNS
) -> Section:
    """Train circuits of every depth, and hold the flow and the frozen kernel against each run."""
    rng = np.random.default_rng([seed, 12])
    observable = Observable.pauli("ZZ")
    found: dict[int, tuple[Real, Real, Real]] = {}
    for L, stream in zip(depths, rng.spawn(len(depths)), strict=True):
        run = train(
            segments_circuit(NUM_QUBITS, L, stream),
            observable,
            TARGET,
            learning_rate=STEP / (L * Z),
            steps=STEPS,
            rng=stream,
            initialisations=runs,
            record_every=EVERY,
            progress=lambda done, L=L: progress(L * done / STEPS / sum(depths)),
        )
        epsilon = run.residuals[:, :, 0]
        frozen = epsilon[0] * (1 - run.learning_rate * run.kernel_traces[0]) ** run.steps[:, np.newaxis]
        found[L] = epsilon, _flow(epsilon[0]), frozen
    t = STEP * np.arange(0, STEPS + 1, EVERY)
    distances = {
        L: (_rms(epsilon - flow), _rms(epsilon - frozen)) for L, (epsilon, flow, frozen) in found.items()
    }
    return Section(
        title="Deep circuits follow the flow of many layers, and no frozen kernel",
        text=(
            f"Circuits with Haar segments on {NUM_QUBITS} qubits, O = ZZ, target {TARGET:g}, {runs} initialisations at "
            f"each depth, {STEPS} steps with ηLZ = {STEP:g}. Each run is held against the flow of [ICML] from its own "
            "first residual, and against the kernel that it begins with."
        ),
        evidence=_evidence(distances, runs),
        figure=_figure(t, found[depths[-1]], distances, seed),
        command=STUDY.shell_command(seed),
    )


def _flow(start: Real) -> Real:
    """ε at the recorded times for every first residual, by the closed form."""
    times = STEP * np.arange(0, STEPS + 1, EVERY)
    curves = [
        deep_flow_single(times, residual=float(e), target=TARGET, num_layers=1, learning_rate=1, trace_square=Z)
        for e in start
    ]
    return np.array([each.residual for each in curves]).T


def _rms(difference: Real) -> tuple[float, float]:
    """The root mean square over runs and times, and its standard error over the runs."""
    squares = np.square(difference).mean(axis=0)
    mean, error = squares.mean(), squares.std(ddof=1) / np.sqrt(len(squares))
    return float(np.sqrt(mean)), float(error / (2 * np.sqrt(mean)))


def _evidence(distances: dict[int, tuple[tuple[float, float], tuple[float, float]]], runs: int) -> tuple[Evidence, ...]:
    L = np.array(list(distances))
    flow, errors = np.array([pair[0] for pair in distances.values()]).T
    # a straight line through log distance against log L, weighted by the errors
    (slope, _), covariance = np.polyfit(np.log(L), np.log(flow), 1, w=flow / errors, cov="unscaled")
    slope_error = float(np.sqrt(covariance[0, 0]))
    (near, near_error), (far, far_error) = distances[int(L[-1])]
    apart = (far - near) / np.hypot(near_error, far_error)
    z = (slope + 0.5) / slope_error
    return (
        Evidence(
            statement="The distance to the flow of many layers falls like 1/√L",
            predicted="exponent −0.5",
            seen=f"{slope:.3f} ± {slope_error:.3f}",
            distance=f"z = {z:+.1f}, {len(L)} depths, {runs} runs each",
            holds=abs(z) <= 4,  # noqa: PLR2004 - LARGEST_Z
        ),
        Evidence(
            statement=f"The distance to the frozen kernel does not: at L = {L[-1]} it is what remains",
            predicted=f"more than {near:.3f} ± {near_error:.3f}, the distance to the flow",
            seen=f"{far:.3f} ± {far_error:.3f}",
            distance=f"z = {apart:+.1f}",
            holds=bool(apart > 4),  # noqa: PLR2004 - as above
        ),
    )


def _figure(
    t: Real,
    deepest: tuple[Real, Real, Real],
    distances: dict[int, tuple[tuple[float, float], tuple[float, float]]],
    seed: int,
) -> PaperFigure:
    epsilon, flow, frozen = deepest
    one = int(np.argmax(np.abs(flow - frozen).max(axis=0)))  # the run where they differ most
    L = numbers(list(distances))
    (near, near_errors), (far, far_errors) = (
        zip(*(pair[place] for pair in distances.values()), strict=True) for place in (0, 1)
    )
    times = numbers(t)
    return PaperFigure(
        name="deep",
        alt="Left: one run, the flow of many layers and the frozen kernel. Right: distances to both against depth",
        caption=(
            f"(a) The run at L = {L[-1]:g} for which flow and frozen kernel differ most. (b) Root mean square distance "
            "of the runs to both, over all runs and times; bars are one standard error."
        ),
        choices=(
            f"Seed {seed}. One circuit for each depth; the runs differ by their angles, uniform on [0, 2π).",
            "The flow starts at each run's own first residual; nothing is fitted.",
        ),
        data={"seed": seed, "depths": L, "distance_to_flow": near, "distance_to_frozen": far},
        panels=(
            Panel(
                x_label=r"$\tau=\eta LZt$",
                y_label=r"residual $\varepsilon$",
                lines=(
                    Line("exact", r"flow of many layers, closed form", times, numbers(flow[:, one])),
                    Line("published", r"frozen kernel $K(0)$", times, numbers(frozen[:, one])),
                    Line("simulated", "gradient descent", times, numbers(epsilon[:, one])),
                ),
            ),
            Panel(
                x_label="layers $L$",
                y_label="distance",
                lines=(Line("floor", r"$\propto L^{-1/2}$", L, numbers(near[0] * np.sqrt(L[0] / np.array(L)))),),
                points=(
                    Points("fresh", "to the flow of many layers", L, near, near_errors),
                    Points("fixed", "to the frozen kernel", L, far, far_errors),
                ),
                logarithmic="xy",
            ),
        ),
    )


STUDY = Study("deep", "train", make, 1.0)
