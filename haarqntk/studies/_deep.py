"""Many layers: the kernel does not freeze as L → ∞, it follows the flow of [ICML].

Under the L → ∞ flow a pure state and an observable with O² = γ² have dε/dτ = −2ε(γ² − (y + ε)²) in the time
τ = ηLZt, Z = Tr X²/(D² − 1). Runs of deeper and deeper circuits come to it like 1/√L; their distance to the frozen
kernel stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.dynamics import deep_flow_single
from haarqntk.export import Evidence, Line, Panel, PaperFigure, Points, Section
from haarqntk.montecarlo import jackknife
from haarqntk.studies._circuits import segments_circuit
from haarqntk.studies._evidence import (
    Sample,
    Study,
    agreement,
    bracketed,
    disagreement,
    numbers,
    report_share,
    sparse,
)
from haarqntk.training import Observable, train

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

NUM_QUBITS, TARGET = 2, -0.5
D = 2**NUM_QUBITS
Z = D / (D**2 - 1)
DEPTHS, CIRCUITS, RUNS = (8, 32, 128, 512), 12, 10  # initialisations of each circuit
STEP, STEPS, EVERY = 0.02, 200, 10  # ηLZ; a step of the flow's time


def make(
    *,
    seed: int,
    progress: Callable[[float], object],
    depths: tuple[int, ...] = DEPTHS,
    circuits: int = CIRCUITS,
    runs: int = RUNS,
) -> Section:
    """Train circuits of every depth, and hold the flow and the frozen kernel against each run."""
    rng = np.random.default_rng([seed, 12])
    found: dict[int, _Runs] = {}
    for L, stream in zip(depths, rng.spawn(len(depths)), strict=True):
        report = partial(report_share, progress, L / STEPS / circuits / sum(depths))
        found[L] = _Runs.joined([_trained(L, runs, each, report) for each in stream.spawn(circuits)])
    return Section(
        title="Deep circuits follow the flow of many layers, and no frozen kernel",
        text=(
            f"Circuits with Haar segments on {NUM_QUBITS} qubits, O = ZZ, target {TARGET:g}, {circuits} circuits at "
            f"each depth with {runs} initialisations each, {STEPS} steps with ηLZ = {STEP:g}. Each run is held against "
            "the flow of [ICML] from its own first residual, and against the kernel that it begins with."
        ),
        evidence=_evidence(found),
        figure=_figure(found, seed),
        command=STUDY.shell_command(seed),
    )


def _trained(L: int, runs: int, rng: np.random.Generator, progress: Callable[[float], object]) -> _Runs:
    """One circuit, trained from several initialisations."""
    run = train(
        segments_circuit(NUM_QUBITS, L, rng),
        Observable.pauli("ZZ"),
        TARGET,
        learning_rate=STEP / (L * Z),
        steps=STEPS,
        rng=rng,
        initialisations=runs,
        record_every=EVERY,
        progress=progress,
    )
    epsilon, kernels = run.residuals[:, :, 0], run.kernel_traces[0]
    flow, flow_kernels = _flow(epsilon[0], L)
    times = run.steps[:, np.newaxis, np.newaxis]
    decay = (1 - run.learning_rate * np.array([kernels, flow_kernels])) ** times
    return _Runs(
        *(each[np.newaxis] for each in (epsilon, flow, epsilon[0] * decay[:, 0], epsilon[0] * decay[:, 1]))
    )


@dataclass(frozen=True, eq=False)
class _Runs:
    """Residuals at one depth, shape (circuits, times, runs): of the runs, the flow, and both with K(0) frozen.

    Standard errors are those over the circuits, which are independent.
    """

    epsilon: Real
    flow: Real
    frozen: Real
    frozen_flow: Real

    @classmethod
    def joined(cls, parts: Sequence[_Runs]) -> _Runs:
        names = ("epsilon", "flow", "frozen", "frozen_flow")
        return cls(*(np.concatenate([getattr(each, name) for each in parts]) for name in names))

    @property
    def distance_to_flow(self) -> tuple[float, float]:
        """Root mean square over circuits, runs and times, and its standard error."""
        return _rms(self.epsilon - self.flow)

    @property
    def distance_to_frozen(self) -> tuple[float, float]:
        """The same to the frozen kernel."""
        return _rms(self.epsilon - self.frozen)

    @property
    def share_of_the_deviation(self) -> tuple[float, float]:
        """The regression of the runs' deviation from their frozen kernels on that of the flow, with its error."""
        seen, expected = self.epsilon - self.frozen, self.flow - self.frozen_flow
        sums = np.stack([(seen * expected).sum(axis=(1, 2)), np.square(expected).sum(axis=(1, 2))], axis=1)
        return jackknife(sums, lambda x: float(x[:, 0].sum() / x[:, 1].sum()))


def _flow(start: Real, L: int) -> tuple[Real, Real]:
    """ε at the recorded times for every first residual, and K(0), by the closed form."""
    times = np.arange(0, STEPS + 1, EVERY)
    rate = STEP / (L * Z)
    curves = [deep_flow_single(float(e), times, label=TARGET, learning_rate=rate, L=L, D=D) for e in start]
    kernels = [each.kernel[0] for each in curves if each.kernel is not None]
    return np.array([each.residual for each in curves]).T, np.array(kernels)


def _rms(difference: Real) -> tuple[float, float]:
    return jackknife(np.square(difference).mean(axis=(1, 2)), lambda x: float(np.sqrt(x.mean())))


def _evidence(found: dict[int, _Runs]) -> tuple[Evidence, ...]:
    L, deepest = np.array(list(found)), list(found.values())[-1]
    runs, allowance = deepest.epsilon.shape[0] * deepest.epsilon.shape[2], 1 / np.sqrt(L[-1])
    flow, errors = np.array([each.distance_to_flow for each in found.values()]).T
    # a straight line through log distance against log L, weighted by the errors
    (slope, _), covariance = np.polyfit(np.log(L), np.log(flow), 1, w=flow / errors, cov="unscaled")
    share, error = deepest.share_of_the_deviation
    return (
        agreement(
            "The distance to the flow of many layers falls like L to the power −0.5",
            Sample(float(slope), float(np.sqrt(covariance[0, 0])), runs * len(L)),
            predicted=-0.5,
        ),
        bracketed(
            f"At L = {L[-1]} the runs leave their frozen kernels by what the flow says: the share of that deviation is "
            "1, up to 1/√L",
            Sample(share, error, runs),
            lower=1 - allowance,
            upper=1 + allowance,
        ),
        disagreement(
            f"At L = {L[-1]} the kernel is not frozen: the share of the flow's deviation is not 0",
            Sample(share, error, runs),
            by="the frozen kernel",
            predicted=0.0,
        ),
    )


def _figure(found: dict[int, _Runs], seed: int) -> PaperFigure:
    deepest = list(found.values())[-1]
    epsilon, flow, frozen = deepest.epsilon, deepest.flow, deepest.frozen
    # the run where they differ most
    circuit, one = np.unravel_index(np.argmax(np.abs(flow - frozen).max(axis=1)), flow[:, 0].shape)
    L = numbers(list(found))
    near, near_errors = zip(*(each.distance_to_flow for each in found.values()), strict=True)
    far, far_errors = zip(*(each.distance_to_frozen for each in found.values()), strict=True)
    times = numbers(STEP * np.arange(0, STEPS + 1, EVERY))
    return PaperFigure(
        name="deep",
        alt="Left: one run, the flow of many layers and the frozen kernel. Right: distances to both against depth",
        caption=(
            f"(a) The run at L = {L[-1]:g} for which flow and frozen kernel differ most. (b) Root mean square distance "
            "of the runs to both, over all circuits, runs and times."
        ),
        choices=(
            f"Seed {seed}. Angles uniform on [0, 2π); bars are one standard error over the circuits.",
            "The flow starts at each run's own first residual; nothing is fitted.",
        ),
        data={"seed": seed, "depths": L, "distance_to_flow": near, "distance_to_frozen": far},
        panels=(
            Panel(
                x_label=r"$\tau=\eta LZt$",
                y_label=r"residual $\varepsilon$",
                lines=(
                    Line("exact", r"flow of many layers, closed form", times, numbers(flow[circuit, :, one])),
                    Line("published", r"frozen kernel $K(0)$", times, numbers(frozen[circuit, :, one])),
                ),
                points=(sparse("fresh", "gradient descent", times, epsilon[circuit, :, one]),),
            ),
            Panel(
                x_label="layers $L$",
                y_label="distance",
                lines=(
                    Line("floor", r"$\propto L^{-1/2}$", L, numbers(near[0] * np.sqrt(L[0] / np.array(L)))),
                ),
                points=(
                    Points("fresh", "to the flow of many layers", L, near, near_errors),
                    Points("fixed", "to the frozen kernel", L, far, far_errors),
                ),
                logarithmic="xy",
            ),
        ),
    )


STUDY: Study = Study("deep", "train", make)
