"""Three phases of training, across the target O_0 = O_min: frozen kernel, critical, frozen error.

[NC]: with constant λ = μ/K the gradient flow conserves C = K − 2λε. Its sign decides: C > 0, the residual decays at
the rate ηC and the kernel stays; C = 0, both fall like 1/t; C < 0, the kernel decays at the rate η|C| and the residual
stays at −C/2λ, out of reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.dynamics import constant_lambda_flow
from haarqntk.export import Evidence, Line, Panel, PaperFigure, Section
from haarqntk.studies._circuits import segments_circuit
from haarqntk.studies._evidence import Study, numbers, sparse, within
from haarqntk.training import Observable, TrainingRun, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from haarqntk.dynamics import ConstantLambdaFlow

NUM_QUBITS, LOWEST = 2, -1.0
D = 2**NUM_QUBITS
Z = D / (D**2 - 1)
L, STEP, EVERY = 256, 0.02, 5  # STEP = ηLZ
JOIN = 4.0  # τ from which λ is taken as constant


@dataclass(frozen=True, slots=True)
class _Phase:
    target: float
    regime: str
    steps: int


_PHASES = (
    _Phase(-0.6, "frozen-kernel", 400),
    _Phase(-1.0, "critical", 1000),
    _Phase(-1.6, "frozen-error", 400),
)


def make(*, seed: int, progress: Callable[[float], object], layers: int = L) -> Section:
    """Train towards a target in reach, at the edge and beyond it."""
    rng = np.random.default_rng([seed, 14])
    circuit = segments_circuit(NUM_QUBITS, layers, rng)
    angles = rng.uniform(0, 2 * np.pi, layers)
    total = sum(phase.steps for phase in _PHASES)
    runs = [
        train(
            circuit,
            Observable.pauli("ZZ"),
            phase.target,
            learning_rate=STEP / (layers * Z),
            steps=phase.steps,
            angles=angles,
            record_every=EVERY,
            progress=lambda done: progress(done / total),
        )
        for phase in _PHASES
    ]
    joins = [_join(run) for run in runs]
    evidence = [_evidence(*each, layers) for each in zip(_PHASES, runs, joins, strict=True)]
    return Section(
        title="Frozen kernel, critical, frozen error: the three phases across O_0 = O_min",
        text=(
            f"One circuit with Haar segments on {NUM_QUBITS} qubits, L = {layers}, O = ZZ with O_min = −1, trained "
            "from the same angles towards a target above, at and below O_min. The prediction is the flow with "
            f"constant λ, joined to the run at ηLZt = {JOIN:g} with the residual, K and λ that it has there."
        ),
        evidence=tuple(row for rows in evidence for row in rows),
        figure=_figure(runs, joins, layers, seed),
        command=STUDY.shell_command(seed),
    )


def _join(run: TrainingRun) -> tuple[int, ConstantLambdaFlow]:
    """Where the prediction begins, and the prediction from there on."""
    place = int(np.searchsorted(run.steps * STEP, JOIN))
    flow = constant_lambda_flow(
        float(run.kernel_traces[place, 0]),
        run.steps[place:] - run.steps[place],
        learning_rate=run.learning_rate,
        residual=float(run.residuals[place, 0, 0]),
        relative_meta_kernel=float(run.relative_meta_kernels[place, 0, 0]),
    )
    return place, flow


def _evidence(
    phase: _Phase, run: TrainingRun, join: tuple[int, ConstantLambdaFlow], layers: int
) -> list[Evidence]:
    place, flow = join
    tolerance = 1 / np.sqrt(layers)
    t, epsilon, K = run.steps[place:], run.residuals[place:, 0, 0], run.kernel_traces[place:, 0]
    half = len(t) // 2
    name = f"O_0 = {phase.target:g}, {phase.regime}"
    if phase.regime == "critical":
        since = np.log(t[-1] / t[half])
        powers = [float(np.log(curve[-1] / curve[half]) / since) for curve in (epsilon, K)]
        return [
            within(f"{name}: {what} falls like 1/t", predicted=-1.0, seen=power, relative=tolerance)
            for what, power in zip("εK", powers, strict=True)
        ]
    decaying, staying = (epsilon, K) if phase.regime == "frozen-kernel" else (K, epsilon)
    limit = flow.kernel_limit if phase.regime == "frozen-kernel" else flow.residual_limit
    names = ("ε", "K") if phase.regime == "frozen-kernel" else ("K", "ε")
    window = slice(half, None)
    rate = -float(np.polyfit(t[window], np.log(np.abs(decaying[window])), 1)[0])
    return [
        within(
            f"{name}: {names[0]} decays exponentially at the rate η|C|",
            predicted=flow.exponent / run.learning_rate,
            seen=rate / run.learning_rate,
            relative=tolerance,
        ),
        within(
            f"{name}: {names[1]} keeps a limit", predicted=limit, seen=float(staying[-1]), relative=tolerance
        ),
    ]


def _figure(
    runs: list[TrainingRun], joins: list[tuple[int, ConstantLambdaFlow]], layers: int, seed: int
) -> PaperFigure:
    panels = []
    for phase, run, (place, flow) in zip(_PHASES, runs, joins, strict=True):
        t, scale = run.steps * STEP, 2 * layers * Z
        assert flow.kernel is not None  # noqa: S101 - this flow has one
        panels.append(
            Panel(
                x_label=r"$\eta LZt$",
                y_label=rf"$O_0$ = {phase.target:g}",
                lines=(
                    Line(
                        "exact",
                        r"constant $\lambda$: $\varepsilon$",
                        numbers(t[place:]),
                        numbers(flow.residual),
                    ),
                    Line(
                        "exact 2",
                        r"constant $\lambda$: $K/2LZ$",
                        numbers(t[place:]),
                        numbers(flow.kernel / scale),
                    ),
                ),
                points=(
                    sparse("fixed", r"run: $\varepsilon$", t, run.residuals[:, 0, 0]),
                    sparse("fresh", r"run: $K/2LZ$", t, run.kernel_traces[:, 0] / scale),
                ),
                logarithmic="y",
            )
        )
    return PaperFigure(
        name="phases",
        alt="Residual and kernel against time for three targets: one decays, both fall like 1/t, the other decays",
        caption=(
            "Residual ε and kernel K/2LZ for a target above, at and below O_min = −1: in (a) the kernel freezes and "
            "the residual decays exponentially, in (b) both fall like 1/t, in (c) the residual freezes and the kernel "
            "decays."
        ),
        choices=(
            f"Seed {seed}; ηLZ = {STEP:g} per step; all three runs start at the same angles.",
            "λ is measured at the join and held; nothing else is fitted.",
        ),
        data={
            "seed": seed,
            "targets": [phase.target for phase in _PHASES],
            "conserved": [flow.conserved for _, flow in joins],
            "lambda": [numbers(run.relative_meta_kernels[:, 0, 0]) for run in runs],
        },
        panels=tuple(panels),
    )


STUDY = Study("phases", "train", make)
