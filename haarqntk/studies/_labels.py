"""Labels of a Pauli measurement: never faster than a power, and exponential once the range exceeds the label.

For O² = 1 and label ±1 the kernel vanishes at the solution, whatever the circuit: the loss keeps above a bound of
the order 1/t², and with many layers ε ~ 1/t. With O = γP, γ > 1, the same circuit converges exponentially.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from haarqntk.dynamics import deep_flow_single, loss_lower_bound
from haarqntk.export import Evidence, Line, Panel, PaperFigure, Section
from haarqntk.studies._circuits import segments_circuit
from haarqntk.studies._evidence import Study, numbers, sparse, within
from haarqntk.training import Observable, TrainingRun, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

NUM_QUBITS, LABEL, SCALE = 2, 1.0, 1.5
D = 2**NUM_QUBITS
Z = D / (D**2 - 1)
L, RUNS, STEPS, STEP, EVERY = 256, 40, 1000, 0.02, 10  # STEP = ηLZ
SHALLOW, SHALLOW_RUNS, SHALLOW_STEPS = (1, 4, 16, 64), 50, 400


def make(
    *, seed: int, progress: Callable[[float], object], layers: int = L, runs: int = RUNS, steps: int = STEPS
) -> Section:
    """Train at all depths against the bound, and deep circuits at both ranges of the measurement."""
    streams = np.random.default_rng([seed, 13]).spawn(3)
    share = 0.45 / steps
    deep = [
        _deep(scale, layers, runs=runs, steps=steps, rng=stream, progress=lambda done: progress(share * done))
        for scale, stream in zip((1.0, SCALE), streams[:2], strict=True)
    ]
    shallow = []
    for depth, stream in zip(SHALLOW, streams[2].spawn(len(SHALLOW)), strict=True):
        circuit = segments_circuit(NUM_QUBITS, depth, stream)
        shallow.append(
            train(
                circuit,
                Observable.pauli("ZZ"),
                LABEL,
                learning_rate=STEP / (depth * Z),
                steps=SHALLOW_STEPS,
                rng=stream,
                initialisations=SHALLOW_RUNS,
                record_every=1,
            )
        )
        progress(0.1 / len(SHALLOW))
    return Section(
        title="A Pauli measurement with labels ±1 is learnt no faster than 1/t",
        text=(
            f"Circuits with Haar segments on {NUM_QUBITS} qubits, label 1. The bound is held against every step of "
            f"{SHALLOW_RUNS} runs at each of L = {', '.join(map(str, SHALLOW))} and of {runs} runs at L = {layers}; "
            f"the exponents are those of L = {layers} with O = ZZ, and with O = {SCALE:g} ZZ, whose range exceeds the "
            "label."
        ),
        evidence=(_bounded([deep[0], *shallow]), *_exponents(deep, layers)),
        figure=_figure(deep, layers, seed),
        command=STUDY.shell_command(seed),
    )


def _deep(
    scale: float,
    layers: int,
    *,
    runs: int,
    steps: int,
    rng: np.random.Generator,
    progress: Callable[[int], object],
) -> TrainingRun:
    return train(
        segments_circuit(NUM_QUBITS, layers, rng),
        Observable.pauli_sum([scale], ["ZZ"]),
        LABEL,
        learning_rate=STEP / (layers * Z),
        steps=steps,
        rng=rng,
        initialisations=runs,
        record_every=EVERY,
        progress=progress,
    )


def _bounded(trained: list[TrainingRun]) -> Evidence:
    """The least ratio of the loss to its bound, of all runs and recorded steps."""
    ratios = [
        losses[1:] / bound.loss[1:]  # at t = 0 both are the same number
        for run in trained
        for losses in run.losses.T
        for bound in [
            loss_lower_bound(
                losses[0], run.steps, learning_rate=run.learning_rate, L=run.initial_angles.shape[1]
            )
        ]
        if bound.loss is not None
    ]
    least = min(float(each.min()) for each in ratios)
    return Evidence(
        statement="The loss stays above the bound of order 1/t² in every run, at every depth",
        predicted="loss/bound ≥ 1 after the first step",
        seen=f"least ratio {least:.6g}",
        distance=f"{len(ratios)} runs, every recorded step",
        holds=least >= 1,
    )


def _exponents(deep: list[TrainingRun], layers: int) -> tuple[Evidence, ...]:
    sublinear, exponential = (np.abs(run.residuals[:, :, 0]) for run in deep)
    t = deep[0].steps
    late, half = len(t) - 1, (len(t) - 1) // 2
    power = np.log(sublinear[late] / sublinear[half]) / np.log(t[late] / t[half])
    flows = [_flow(run, layers, scale) for run, scale in zip(deep, (1.0, SCALE), strict=True)]
    expected = np.log(np.abs(flows[0][late] / flows[0][half])) / np.log(t[late] / t[half])
    early = int(np.searchsorted(STEP * t, 1.0)), int(np.searchsorted(STEP * t, 3.0))
    rates, expected_rates = (
        np.log(np.abs(curves[early[0]] / curves[early[1]])) / (STEP * (t[early[1]] - t[early[0]]))
        for curves in (exponential, flows[1])
    )
    tolerance = 1 / np.sqrt(layers)  # the order of what the flow of many layers leaves out
    return (
        within(
            f"O = ZZ: |ε| falls like 1/t: its exponent between steps {t[half]} and {t[late]} is that of the flow of "
            "many layers, up to 1/√L",
            predicted=float(expected.mean()),
            seen=float(power.mean()),
            relative=tolerance,
        ),
        within(
            f"O = {SCALE:g} ZZ: exponential decay, between τ = 1 and 3 at the rate of the flow of many layers (in "
            f"units of ηLZ; its limit is 2(γ² − 1) = {2 * (SCALE**2 - 1):g}), up to 1/√L",
            predicted=float(expected_rates.mean()),
            seen=float(rates.mean()),
            relative=tolerance,
        ),
    )


def _flow(run: TrainingRun, layers: int, scale: float) -> Real:
    """The residuals of the flow of many layers from the same starts, shape (times, runs)."""
    curves = [
        deep_flow_single(
            float(start), run.steps, label=LABEL, learning_rate=run.learning_rate, L=layers, D=D, scale=scale
        ).residual
        for start in run.residuals[0, :, 0]
    ]
    return np.array(curves).T


def _figure(deep: list[TrainingRun], layers: int, seed: int) -> PaperFigure:
    panels = []
    for run, scale in zip(deep, (1.0, SCALE), strict=True):
        t, epsilon = run.steps[1:], np.abs(run.residuals[1:, :, 0])
        middle = int(np.argsort(epsilon[-1])[epsilon.shape[1] // 2])
        flow = np.abs(_flow(run, layers, scale)[1:, middle])
        shown = flow > 1e-10  # noqa: PLR2004 - below it rounding is drawn
        panels.append(
            Panel(
                x_label="step $t$",
                y_label=r"$|\varepsilon|$ for $O$ = " + ("ZZ" if scale == 1 else f"{scale:g} ZZ"),
                lines=(Line("exact", "flow of many layers", numbers(t[shown]), numbers(flow[shown])),),
                points=(sparse("fixed", "gradient descent", t[shown], epsilon[shown, middle]),),
                trajectories=tuple(numbers(each[shown]) for each in epsilon.T[:20]),
                trajectory_x=numbers(t[shown]),
                logarithmic="xy" if scale == 1 else "y",
            )
        )
    return PaperFigure(
        name="labels",
        alt="Left: residuals for a Pauli string on logarithmic axes, a line of slope −1. Right: exponential decay",
        caption=(
            f"Label 1 at L = {layers}. (a) O = ZZ, both axes logarithmic: the residual falls like 1/t. (b) O = "
            f"{SCALE:g} ZZ: it falls exponentially. Coloured is the run of the median residual, with the flow from "
            "its start."
        ),
        choices=(
            f"Seed {seed}; angles uniform on [0, 2π); ηLZ = {STEP:g} per step.",
            "The bound is one of gradient flow; gradient descent differs from it at second order in η.",
        ),
        data={"seed": seed, "L": layers, "steps": deep[0].steps.tolist()},
        panels=tuple(panels),
    )


STUDY: Study = Study("labels", "train", make)
