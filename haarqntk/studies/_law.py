"""The frozen kernel of many circuits: the mean of exponentials is not the exponential of the mean.

[PRL] predicts the mean residual by e^{−ηK̄t}. Where every circuit keeps its kernel, the mean is E[e^{−ηKt}] instead,
which the exact moments of K bracket: at D = 4, the size of its Fig. 2, 3.5 times as much at ηK̄t = 4 for the observable
of that figure, and ten times for a projector at D = 16, whose kernel does not concentrate at any depth. Shown for
kernels that are drawn, and for circuits that are trained towards a target so near that they keep theirs. Towards a
target far away a circuit does not: there neither prediction is enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.dynamics import frozen_law
from haarqntk.export import Evidence, Line, Panel, PaperFigure, Points, Section
from haarqntk.montecarlo import Problem, values_in_blocks
from haarqntk.qntk import KernelLaw, kernel_law
from haarqntk.studies._circuits import segments_circuit
from haarqntk.studies._evidence import (
    Sample,
    Study,
    bracketed,
    disagreement,
    mean_and_error,
    numbers,
    report_share,
)
from haarqntk.training import Observable, train

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from haarqntk.training import ParametrisedCircuit

    Real = NDArray[np.float64]
    Progress = Callable[[float], object]

L, SAMPLES = 64, 4_000
TIMES = np.linspace(0, 5, 51)  # in units of 1/(ηK̄)
# of training: RATE is ηK̄ for a step, so that every 25th is a unit of time
RUNS, RATE, STEPS, EVERY = 300, 0.04, 100, 25
FAR = -1
_SHOWN, _LAST = (10, 20), 40
_TRAINED = tuple(range(0, 41, 10))  # places of ``TIMES`` where training is recorded
_NEAR = 0.01  # K changes by at most about twice this on the way to a target so near


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    D: int
    spectrum: tuple[Fraction | int, ...]
    work: float  # share of the study's time
    ensemble: str = "segments"
    trained: Observable | None = None
    is_told_apart: bool = False  # whether the trained circuits tell the law from the mean kernel

    @property
    def law(self) -> KernelLaw:
        return kernel_law(D=self.D, L=L, spectrum=list(self.spectrum), ensemble=self.ensemble)


_CASES = (
    _Case("a Pauli string at D = 4", 4, (1, 1, -1, -1), 0.3, trained=Observable.pauli("ZZ")),
    # the eigenvalues, to three digits, of the sum that ``haarqntk figures 2`` draws by default
    _Case(
        "the sum of Paulis of Fig. 2 of [PRL] at D = 4",
        4,
        tuple(Fraction(x, 1000) for x in (-1_915, -870, 304, 2_481)),
        0.05,
        "prl_ansatz_with_input_block",
    ),
    _Case(
        "a projector of rank one at D = 16",
        16,
        (1, *[0] * 15),
        0.5,
        trained=Observable.zero_projector(4),
        is_told_apart=True,
    ),
)


def make(*, seed: int, progress: Progress, samples: int = SAMPLES, runs: int = RUNS) -> Section:
    """Draw kernels of every case, train two of them, and hold the law against both."""
    evidence: list[Evidence] = []
    panels: list[Panel] = []
    data: dict[str, object] = {"seed": seed, "L": L, "samples": samples, "runs": runs, "t": numbers(TIMES)}
    for place, case in enumerate(_CASES):
        drawing, training = np.random.default_rng([seed, 7, place]).spawn(2)
        lower, upper = bracket(case)
        share = case.work / 2 if case.trained else case.work
        kernels = _draw(case, samples, drawing, partial(report_share, progress, share / samples))
        decays = np.exp(-np.multiply.outer(kernels / float(case.law.mean), TIMES))
        evidence += _evidence(f"For {case.name}", lower, upper, decays)
        points = [_points("fresh", "simulated circuits ± standard error", decays)]
        data[f"case_{place}"] = {
            "observable": case.name,
            "lower": numbers(lower),
            "upper": numbers(upper),
            "mean": numbers(decays.mean(axis=0)),
        }
        if case.trained is not None:
            near = _trained_near(case, runs, training, partial(report_share, progress, share / runs))
            rows = _evidence(f"Trained towards near targets, {case.name}", lower, upper, near)
            evidence += rows if case.is_told_apart else rows[:-1]
            points.append(_points("fixed", "gradient descent, near targets", near, _TRAINED[1:]))
        panels.append(_panel((lower + upper) / 2, points))
    evidence.append(_trained_far(_CASES[0], runs, seed, partial(report_share, progress, 0.15 / runs)))
    return Section(
        title="The mean of exponentials and the exponential of the mean",
        text=(
            "If every circuit keeps the kernel that it starts with, the mean residual over circuits is E[e^(−ηKt)], "
            "which the exact moments of K bracket, and not e^(−ηK̄t). "
            f"L = {L}; time in units of 1/(ηK̄); {samples:,} kernels of simulated circuits for each case, and {runs} "
            "circuits trained, each towards a target so near its first output that it keeps its kernel. Towards one "
            "target far away it does not, and the law of K is not enough."
        ),
        evidence=tuple(evidence),
        figure=PaperFigure(
            name="law",
            alt="Mean of exponentials against time: simulated, trained, by the law of K, and by the mean kernel alone",
            caption=_caption(data),
            choices=(
                f"Seed {seed}. Ensemble segments, for (b) prl_ansatz_with_input_block.",
                f"Training in steps of ηK̄ = {RATE:g}; a target is {_NEAR:g} K/max(|λ|, √K) below the first output.",
                f"In (a) {runs} trained circuits are too few to refuse e^(−ηK̄t), so no statement says that they do.",
                "The bracket is thinner than the line wherever it is drawn.",
            ),
            data=data,
            panels=tuple(panels),
        ),
        command=STUDY.shell_command(seed),
    )


def bracket(case: _Case) -> tuple[Real, Real]:
    """The bracket of E[e^{−ηKt}] at every time, by the exact moments of K."""
    predicted = frozen_law(case.law, TIMES, learning_rate=1 / case.law.mean, flow=True, num_nodes=40)
    assert predicted.lower is not None  # noqa: S101 - the law always has its bracket
    assert predicted.upper is not None  # noqa: S101 - as above
    return predicted.lower, predicted.upper


def _draw(case: _Case, samples: int, rng: np.random.Generator, progress: Progress) -> Real:
    problem = Problem.create(
        "kernel_mean", D=case.D, L=L, spectrum=list(case.spectrum), ensemble=case.ensemble
    )
    blocks = []
    for block in values_in_blocks(problem, samples=samples, method="batched", rng=rng):
        blocks.append(block)
        progress(len(block))
    return np.concatenate(blocks)


def _trained_near(case: _Case, runs: int, rng: np.random.Generator, progress: Progress) -> Real:
    """ε(t)/ε(0) of circuits drawn anew, each with a target of its own, as wide as ``TIMES``; NaN between records."""
    assert case.trained is not None  # noqa: S101 - asked for only then
    curves = []
    for stream in rng.spawn(runs):
        circuit = segments_circuit(case.D.bit_length() - 1, L, stream)
        angles = stream.uniform(0, 2 * np.pi, L)
        start = train(circuit, case.trained, 0, learning_rate=1, steps=0, angles=angles)
        K, lam = start.kernel_traces[0, 0], abs(start.relative_meta_kernels[0, 0, 0])
        target = float(start.outputs[0, 0, 0] - _NEAR * K / max(lam, np.sqrt(K)))
        curves.append(_curve(case, circuit, target, angles))
        progress(1)
    residuals = np.array(curves)
    wide = np.full((runs, len(TIMES)), np.nan)
    wide[:, _TRAINED] = residuals / residuals[:, :1]
    return wide


def _curve(case: _Case, circuit: ParametrisedCircuit, target: float, angles: Real) -> Real:
    """ε of one run at the recorded steps, whose times are those of the places ``_TRAINED``."""
    assert case.trained is not None  # noqa: S101 - asked for only then
    run = train(
        circuit,
        case.trained,
        target,
        learning_rate=RATE / float(case.law.mean),
        steps=STEPS,
        angles=angles,
        record_every=EVERY,
    )
    return run.residuals[:, 0, 0]


def _trained_far(case: _Case, runs: int, seed: int, progress: Progress) -> Evidence:
    """Towards one target for all circuits, out of the lazy regime: the mean residual and the law for that target."""
    rng = np.random.default_rng([seed, 8])
    ends = []
    for stream in rng.spawn(runs):
        circuit = segments_circuit(case.D.bit_length() - 1, L, stream)
        ends.append(_curve(case, circuit, float(FAR), stream.uniform(0, 2 * np.pi, L))[-1])
        progress(1)
    law = frozen_law(case.law, [TIMES[_LAST]], learning_rate=1 / case.law.mean, target=FAR, num_nodes=40)
    return disagreement(
        f"Towards the target {FAR} for all, {case.name}: kernels change on the way, and at ηK̄t = {TIMES[_LAST]:g} the "
        "frozen law does not give the mean residual either",
        Sample.of(ends),
        by="the law, frozen",
        predicted=float(law.residual[0]),
    )


def _evidence(name: str, lower: Real, upper: Real, decays: Real) -> list[Evidence]:
    rows = [
        bracketed(
            f"{name}: E[e^(−ηKt)] at ηK̄t = {TIMES[place]:g} follows from the law of K",
            Sample.of(decays[:, place]),
            lower=lower[place],
            upper=upper[place],
        )
        for place in (*_SHOWN, _LAST)
    ]
    statement = f"{name}: the mean kernel alone does not give it, at ηK̄t = {TIMES[_LAST]:g}"
    rows.append(
        disagreement(
            statement,
            Sample.of(decays[:, _LAST]),
            by="the mean kernel",
            predicted=float(np.exp(-TIMES[_LAST])),
        )
    )
    return rows


def _points(kind: str, label: str, decays: Real, places: Sequence[int] = range(5, len(TIMES), 5)) -> Points:
    means, errors = zip(*(mean_and_error(decays[:, i]) for i in places), strict=True)
    return Points(kind, label, numbers(TIMES[list(places)]), means, errors)


def _panel(predicted: Real, points: list[Points]) -> Panel:
    t = numbers(TIMES)
    return Panel(
        x_label=r"$\eta\overline{K}t$",
        y_label=r"$E[e^{-\eta Kt}]$",
        lines=(
            Line("exact", "law of $K$, exact", t, numbers(predicted)),
            Line("published", r"$e^{-\eta\overline{K}t}$", t, numbers(np.exp(-TIMES))),
        ),
        points=tuple(points),
        logarithmic="y",
    )


def _caption(data: dict[str, object]) -> str:
    parts = []
    for place, case in enumerate(_CASES):
        curves = data[f"case_{place}"]
        assert isinstance(curves, dict)  # noqa: S101 - built above
        factor = curves["mean"][_LAST] / np.exp(-TIMES[_LAST])
        parts.append(f"({'abc'[place]}) {case.name}: {factor:.3g} times e^(−ηK̄t)")
    return f"At ηK̄t = {TIMES[_LAST]:g} the mean of the exponentials is for {'; '.join(parts)}."


STUDY: Study = Study("law", "train", make)
