"""Three phases of training, across the target O_0 = O_min: frozen kernel, critical, frozen error.

[NC]: with constant λ = μ/K the gradient flow conserves C = K − 2λε. Its sign decides: C > 0, the residual decays at
the rate ηC and the kernel stays; C = 0, both fall like 1/t; C < 0, the kernel decays at the rate η|C| and the residual
stays at −C/2λ, out of reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.dynamics import constant_lambda_flow, deep_flow_single
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
EARLY, LATE = 1.0, 4.0  # τ where limits, and where rates, are predicted from what the run has there


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
    joins = [_join(run, LATE) for run in runs]
    evidence = [_evidence(*each, layers) for each in zip(_PHASES, runs, joins, strict=True)]
    return Section(
        title="Frozen kernel, critical, frozen error: the three phases across O_0 = O_min",
        text=(
            f"One circuit with Haar segments on {NUM_QUBITS} qubits, L = {layers}, O = ZZ with O_min = −1, trained "
            "from the same angles towards a target above, at and below O_min. The prediction is the flow with "
            f"constant λ from the residual, K and λ that the run has at ηLZt = {EARLY:g} (limits) or {LATE:g} (rates)."
        ),
        evidence=tuple(row for rows in evidence for row in rows),
        figure=_figure(runs, joins, layers, seed),
        command=STUDY.shell_command(seed),
    )


def _join(run: TrainingRun, since: float) -> tuple[int, ConstantLambdaFlow]:
    """Where the prediction begins, and the prediction from there on."""
    place = int(np.searchsorted(run.steps * STEP, since))
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
    rows = [_sign(name, phase, run, flow, tolerance)]
    if phase.regime == "critical":
        deep = deep_flow_single(
            float(run.residuals[0, 0, 0]),
            run.steps,
            label=LOWEST,
            learning_rate=run.learning_rate,
            L=layers,
            D=D,
        )
        assert deep.kernel is not None  # noqa: S101 - this flow has one
        since, middle = np.log(t[-1] / t[half]), place + half
        for what, seen, predicted in (("ε", epsilon, deep.residual), ("K", K, deep.kernel)):
            powers = [
                float(np.log(a / b) / since)
                for a, b in ((predicted[-1], predicted[middle]), (seen[-1], seen[half]))
            ]
            statement = f"{name}: {what} falls like 1/t, its exponent is that of the flow of many layers"
            rows.append(within(statement, predicted=powers[0], seen=powers[1], relative=tolerance))
        return rows
    is_frozen = phase.regime == "frozen-kernel"
    decaying, staying = (epsilon, K) if is_frozen else (K, epsilon)
    rate = -float(np.polyfit(t[half:], np.log(np.abs(decaying[half:])), 1)[0])
    rows.append(
        within(
            f"{name}: {'ε' if is_frozen else 'K'} decays exponentially at the rate η|C|",
            predicted=flow.exponent / run.learning_rate,
            seen=rate / run.learning_rate,
            relative=tolerance,
        )
    )
    early, since_early = _join(run, EARLY)
    start = (run.kernel_traces if is_frozen else run.residuals[:, :, 0])[early, 0]
    rows.append(
        within(
            f"{name}: {'K' if is_frozen else 'ε'} goes to its limit, {'C' if is_frozen else '−C/2λ'}, from "
            f"{start:.4g} at ηLZt = {EARLY:g}",
            predicted=since_early.kernel_limit if is_frozen else since_early.residual_limit,
            seen=float(staying[-1]),
            relative=4 * tolerance,  # λ is not yet constant there
        )
    )
    return rows


def _sign(name: str, phase: _Phase, run: TrainingRun, flow: ConstantLambdaFlow, tolerance: float) -> Evidence:
    """The sign of C, which decides the phase, in units of the kernel at the start."""
    share = flow.conserved / float(run.kernel_traces[0, 0])
    rules = {
        "frozen-kernel": ("> 0", share > tolerance),
        "critical": ("0", abs(share) <= tolerance),
        "frozen-error": ("< 0", share < -tolerance),
    }
    sign, holds = rules[phase.regime]
    return Evidence(
        statement=f"{name}: C = K − 2λε has the sign of this phase",
        predicted=f"C {sign}" if sign != "0" else "C = 0",
        seen=f"C = {share:+.3f} K(0)",
        distance=f"counted as 0 up to {tolerance:.2g} K(0)",
        holds=bool(holds),
    )


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
            f"λ is measured at ηLZt = {LATE:g}, where the drawn prediction begins, and held; nothing is fitted.",
        ),
        data={
            "seed": seed,
            "targets": [phase.target for phase in _PHASES],
            "conserved": [flow.conserved for _, flow in joins],
            "lambda": [numbers(run.relative_meta_kernels[:, 0, 0]) for run in runs],
        },
        panels=tuple(panels),
    )


STUDY: Study = Study("phases", "train", make)
