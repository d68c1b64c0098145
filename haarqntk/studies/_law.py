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
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.dynamics import frozen_law
from haarqntk.montecarlo import Problem, values_in_blocks
from haarqntk.qntk import KernelLaw, kernel_law
from haarqntk.studies._many_layers import segments_circuit
from haarqntk.studies._study import Sample, Study, Texts, Unit, bars, curve, numbers, panel
from haarqntk.training import Observable, train

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from haarqntk.export import Evidence, Panel
    from haarqntk.studies._study import Real, Result, Seen, Work

L = 64
TIMES = np.linspace(0, 5, 51)  # in units of 1/(ηK̄)
# of training: RATE is ηK̄ for a step, so that every 25th is a unit of time
RATE, STEPS, EVERY = 0.04, 100, 25
FAR = -1
_SHOWN, _LAST = (10, 20), 40
_TRAINED = tuple(range(0, 41, 10))  # places of ``TIMES`` where training is recorded
_NEAR = 0.01  # K changes by at most about twice this on the way to a target so near


@dataclass(frozen=True, slots=True)
class Case:
    """An observable, its ensemble, and what is trained of it."""

    name: str
    D: int
    spectrum: tuple[Fraction | int, ...]
    work: float  # share of the study's time
    ensemble: str = "segments"
    trained: Observable | None = None
    is_told_apart: bool = False  # whether the trained circuits tell the law from the mean kernel

    @property
    def law(self) -> KernelLaw:
        """The exact moments of K."""
        return kernel_law(D=self.D, L=L, spectrum=list(self.spectrum), ensemble=self.ensemble)

    def bracket(self) -> tuple[Real, Real]:
        """The bracket of E[e^{−ηKt}] at every time, by the exact moments of K."""
        law = self.law
        predicted = frozen_law(law, TIMES, learning_rate=1 / law.mean, flow=True, num_nodes=40)
        return np.asarray(predicted.lower), np.asarray(predicted.upper)

    def draw(self, samples: int, rng: np.random.Generator, work: Work) -> Result:
        """Kernels of simulated circuits."""
        problem = Problem.create(
            "kernel_mean", D=self.D, L=L, spectrum=list(self.spectrum), ensemble=self.ensemble
        )
        blocks = []
        for block in values_in_blocks(problem, samples=samples, method="batched", rng=rng):
            blocks.append(block)
            work.progress(len(block) / samples)
        return {"kernels": np.concatenate(blocks)}

    def train(self, target: float | None, rng: np.random.Generator, _: Work) -> Result:
        """ε of a circuit drawn anew at the recorded steps; without a target, towards one that is near."""
        circuit = segments_circuit(self.D.bit_length() - 1, L, rng)
        angles = rng.uniform(0, 2 * np.pi, L)
        assert self.trained is not None  # noqa: S101 - asked for only then
        if target is None:
            start = train(circuit, self.trained, 0, learning_rate=1, steps=0, angles=angles)
            K, lam = start.kernel_traces[0, 0], abs(start.relative_meta_kernels[0, 0, 0])
            target = float(start.outputs[0, 0, 0] - _NEAR * K / max(lam, np.sqrt(K)))
        how: Any = {"learning_rate": RATE / float(self.law.mean), "steps": STEPS, "record_every": EVERY}
        run = train(circuit, self.trained, target, angles=angles, **how)
        return {"residuals": run.residuals[:, 0, 0]}


CASES = (
    Case("a Pauli string at D = 4", 4, (1, 1, -1, -1), 0.3, trained=Observable.pauli("ZZ")),
    # the eigenvalues, to three digits, of the sum that ``haarqntk figures 2`` draws by default
    Case(
        "the sum of Paulis of Fig. 2 of [PRL] at D = 4",
        4,
        tuple(Fraction(x, 1000) for x in (-1_915, -870, 304, 2_481)),
        0.05,
        "prl_ansatz_with_input_block",
    ),
    Case(
        "a projector of rank one at D = 16",
        16,
        (1, *[0] * 15),
        0.5,
        trained=Observable.zero_projector(4),
        is_told_apart=True,
    ),
)


@dataclass(frozen=True, eq=False)
class _Curves:
    """One case: the bracket at every time; the decays of drawn and of trained kernels, shape (runs, times)."""

    case: Case
    lower: Real
    upper: Real
    drawn: Real
    near: Real | None


@dataclass(frozen=True, kw_only=True)
class Law(Study):
    """Kernels of every case are drawn, two of them trained, and the law is held against both."""

    seed: int = 1
    samples: int = 4_000
    runs: int = 300

    name, command, source, can_fail = "law", "train", "liu2023", True
    texts = Texts(
        title="The mean of exponentials and the exponential of the mean",
        text=(
            "If every circuit keeps the kernel that it starts with, the mean residual over circuits is E[e^(−ηKt)], "
            "which the exact moments of K bracket, and not e^(−ηK̄t). L = {study.L}; time in units of 1/(ηK̄); "
            "{study.samples:,} kernels of simulated circuits for each case, and {study.runs} circuits trained, each "
            "towards a target so near its first output that it keeps its kernel. Towards one target far away it does "
            "not, and the law of K is not enough."
        ),
        caption="At ηK̄t = {last:g} the mean of the exponentials is for {factors}.",
        choices=(
            "Seed {study.seed}. Ensemble segments, for (b) prl_ansatz_with_input_block.",
            "Training in steps of ηK̄ = {study.rate:g}; a target is {near} below the first output.",
            "In (a) {study.runs} trained circuits are too few to refuse e^(−ηK̄t), so no statement says that they do.",
            "The bracket is thinner than the line wherever it is drawn.",
        ),
        alt=(
            "Mean of exponentials against time: simulated, trained, by the law of K, and by the mean kernel alone"
        ),
        recorded=("L", "samples", "runs", "t", "case_0", "case_1", "case_2"),
    )
    L, rate = L, RATE

    def units(self) -> Iterator[Unit]:
        for place, case in enumerate(CASES):
            drawing, training = np.random.default_rng([self.seed, 7, place]).spawn(2)
            share = case.work / 2 if case.trained else case.work
            yield Unit(f"kernels of {case.name}", partial(case.draw, self.samples, drawing), work=share)
            if case.trained is not None:
                yield from self._trained(f"near, {case.name}", case, None, training, share)
        yield from self._trained("far", CASES[0], float(FAR), np.random.default_rng([self.seed, 8]), 0.15)

    def _trained(
        self, name: str, case: Case, target: float | None, rng: np.random.Generator, work: float
    ) -> Iterator[Unit]:
        for place, stream in enumerate(rng.spawn(self.runs)):
            yield Unit(f"{name}, circuit {place}", partial(case.train, target, stream), work=work / self.runs)

    def predict(self, results: Sequence[Result]) -> Seen:
        """The curves of each case, what is recorded of them, and the last residuals of the runs far away."""
        seen: Seen = {}
        found, curves, factors = iter(results), [], []
        for place, case in enumerate(CASES):
            kernels, near = next(found)["kernels"], None
            drawn = np.exp(-np.multiply.outer(kernels / float(case.law.mean), TIMES))
            if case.trained is not None:
                residuals = np.array([next(found)["residuals"] for _ in range(self.runs)])
                near = np.full((self.runs, len(TIMES)), np.nan)  # between the records
                near[:, _TRAINED] = residuals / residuals[:, :1]
            lower, upper = case.bracket()
            curves.append(_Curves(case, lower, upper, drawn, near))
            shown = {"lower": lower, "upper": upper, "mean": drawn.mean(axis=0)}
            record = {name: numbers(values) for name, values in shown.items()}
            seen[f"case_{place}"] = {"observable": case.name, **record}
            factor = record["mean"][_LAST] / np.exp(-TIMES[_LAST])
            factors.append(f"({'abc'[place]}) {case.name}: {factor:.3g} times e^(−ηK̄t)")
        seen |= {"last": TIMES[_LAST], "factors": "; ".join(factors), "t": TIMES}
        seen |= {"near": f"{_NEAR:g} K/max(|λ|, √K)", "far": [each["residuals"][-1] for each in found]}
        return seen | {"curves": curves}

    def compare(self, seen: Seen) -> Iterator[Evidence]:
        for curves in seen["curves"]:
            name = curves.case.name
            yield from _bracketed(f"For {name}", curves, curves.drawn)
            if curves.near is not None:
                rows = list(_bracketed(f"Trained towards near targets, {name}", curves, curves.near))
                yield from rows if curves.case.is_told_apart else rows[:-1]
        law, last = CASES[0].law, TIMES[_LAST]
        frozen = frozen_law(law, [last], learning_rate=1 / law.mean, target=FAR, num_nodes=40)
        yield Sample.of(seen["far"]).disagreement(
            f"Towards the target {FAR} for all, {CASES[0].name}: kernels change on the way, and at ηK̄t = {last:g} the "
            "frozen law does not give the mean residual either",
            by="the law, frozen",
            predicted=float(frozen.residual[0]),
        )

    def panels(self, seen: Seen) -> Iterator[Panel]:
        simulated, near = "simulated circuits ± standard error", "gradient descent, near targets"
        for each in seen["curves"]:
            points = [_points("fresh", simulated, each.drawn, range(5, len(TIMES), 5))]
            if each.near is not None:
                points.append(_points("fixed", near, each.near, _TRAINED[1:]))
            yield panel(
                r"$\eta\overline{K}t$",
                r"$E[e^{-\eta Kt}]$",
                curve("exact", "law of $K$, exact", TIMES, (each.lower + each.upper) / 2),
                curve("published", r"$e^{-\eta\overline{K}t}$", TIMES, np.exp(-TIMES)),
                *points,
                log="y",
            )


def _bracketed(name: str, curves: _Curves, decays: Real) -> Iterator[Evidence]:
    for place in (*_SHOWN, _LAST):
        yield Sample.of(decays[:, place]).bracketed(
            f"{name}: E[e^(−ηKt)] at ηK̄t = {TIMES[place]:g} follows from the law of K",
            lower=curves.lower[place],
            upper=curves.upper[place],
        )
    yield Sample.of(decays[:, _LAST]).disagreement(
        f"{name}: the mean kernel alone does not give it, at ηK̄t = {TIMES[_LAST]:g}",
        by="the mean kernel",
        predicted=float(np.exp(-TIMES[_LAST])),
    )


def _points(kind: str, label: str, decays: Real, places: Sequence[int]) -> Any:
    columns = decays[:, list(places)]
    errors = columns.std(axis=0, ddof=1) / np.sqrt(len(columns))
    return bars(kind, label, TIMES[list(places)], zip(columns.mean(axis=0), errors, strict=True))
