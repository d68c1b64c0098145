"""Regimes of training: two studies of what happens to the kernel.

``lazy``: near its target every run decays exponentially, at its own ηK, and in the mean at ηK̄. A run whose residual is
small moves its angles little, so its kernel stays what it is. Each run is a circuit of the letter drawn anew, with
random angles, whose target lies a little below the output it begins with.

``phases``, [NC]: with constant λ = μ/K the gradient flow conserves C = K − 2λε. Its sign decides: C > 0, the residual
decays at the rate ηC and the kernel stays; C = 0, both fall like 1/t; C < 0, the kernel decays at the rate η|C| and the
residual stays at −C/2λ, out of reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.dynamics import constant_lambda_flow
from haarqntk.export import Evidence
from haarqntk.qntk import closed_form
from haarqntk.studies._many_layers import NUM_QUBITS, STEP, Z, deep_flow, segments_circuit, train_deep
from haarqntk.studies._study import Sample, Study, Texts, Unit, curve, numbers, panel, sparse, within
from haarqntk.training import Observable, prl_circuit, train

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from haarqntk.dynamics import ConstantLambdaFlow
    from haarqntk.export import Panel
    from haarqntk.studies._study import Real, Result, Seen, Work


@dataclass(frozen=True, kw_only=True)
class Lazy(Study):
    """Circuits of the letter, each towards a target near by."""

    seed: int = 1
    runs: int = 100

    name, command, source, can_fail = "lazy", "train", "liu2023", True
    texts = Texts(
        title="Lazy training: exponential decay at the rate ηK",
        text=(
            "{study.runs} circuits of [PRL] Eq. 20 on {study.num_qubits} qubits with L = {study.L}, each drawn anew "
            "and trained for {study.steps} steps towards a target {study.start:g} below its first output: so near "
            "that its kernel hardly changes."
        ),
        caption=(
            "Residuals over their first value. The kernels of the {study.runs} circuits are from {least:.3g} to "
            "{largest:.3g}, with the mean {mean:.3g}; the exact K̄ is {exact:.4g}."
        ),
        choices=(
            "Seed {study.seed}. O = {O}, input |0000⟩, ηK̄ = {study.rate:g} per step.",
            "[PRL] does not state its O_0; a target near the first output is what makes a run lazy here.",
        ),
        alt="Residuals of lazy runs against steps on a logarithmic scale: straight lines, their mean at the exact rate",
        recorded=("K", "eta", "exact", "t"),
    )
    num_qubits, L, strings = 4, 64, ("ZIII", "IXXI", "IIYZ")
    start, steps, every, rate = 0.02, 100, 5, 0.01  # ε(0); ηK̄
    stated = 0.02  # the largest deviation

    def exact_mean(self) -> float:
        """K̄ of the letter's circuits; the strings of O are different, so Tr O² = D for each."""
        D = 2**self.num_qubits
        mean = closed_form("kernel_mean", "prl_ansatz")
        return float(mean.at(D=D, L=self.L, traces=[0, len(self.strings) * D]))

    def units(self) -> Iterator[Unit]:
        eta = self.rate / self.exact_mean()
        for place, rng in enumerate(np.random.default_rng([self.seed, 11]).spawn(self.runs)):
            yield Unit(f"circuit {place}", partial(self._run, eta, rng))

    def _run(self, eta: float, rng: np.random.Generator, _: Work) -> Result:
        observable = Observable.pauli_sum([1] * len(self.strings), list(self.strings))
        circuit = prl_circuit(self.num_qubits, self.L, rng)
        angles = rng.uniform(0, 2 * np.pi, self.L)
        begun = train(circuit, observable, 0, learning_rate=1, steps=0, angles=angles)
        target = float(begun.outputs[0, 0, 0]) - self.start
        how: dict[str, Any] = {"steps": self.steps, "angles": angles, "record_every": self.every}
        run = train(circuit, observable, target, learning_rate=eta, **how)
        return {"residuals": run.residuals[:, 0, 0], "kernels": run.kernel_traces[[0, -1], 0]}

    def predict(self, results: Sequence[Result]) -> Seen:
        """Residuals over their first, shape (times, runs); kernels at the start and their relative changes."""
        K, last = np.array([each["kernels"] for each in results]).T
        exact, t = self.exact_mean(), list(range(0, self.steps + 1, self.every))
        runs = np.array([each["residuals"] for each in results]).T / self.start
        seen = {"K": K, "least": K.min(), "largest": K.max(), "mean": K.mean(), "changes": last / K - 1}
        words = {"O": " + ".join(self.strings), "eta": self.rate / exact, "exact": exact}
        return {"runs": runs, "t": t, **seen, **words}

    def compare(self, seen: Seen) -> tuple[Evidence, ...]:
        last, eta, changes = seen["runs"][-1], seen["eta"], seen["changes"]
        ratio = np.log(last) / np.log((1 - eta * seen["K"]) ** self.steps)
        worst = float(np.abs(ratio - 1).max())
        return (
            Evidence(
                "Every run decays exponentially, at the rate ηK of the kernel that it starts with",
                "ratio of the rates 1",
                f"from {ratio.min():.4f} to {ratio.max():.4f}",
                f"largest deviation {worst:.2g}, stated {self.stated:g}",
                worst <= self.stated,
            ),
            Evidence(
                "The kernel keeps its value meanwhile",
                "relative change 0",
                f"from {changes.min():+.2g} to {changes.max():+.2g}",
                f"stated {2 * self.stated:g}",
                float(np.abs(changes).max()) <= 2 * self.stated,
            ),
            Sample.of((1 - last ** (1 / self.steps)) / eta).agreement(
                "The mean of the rates over the circuits is ηK̄ with the exact K̄", predicted=seen["exact"]
            ),
        )

    def panels(self, seen: Seen) -> Iterator[Panel]:
        t, runs = np.array(seen["t"]), seen["runs"]
        frozen = (1 - seen["eta"] * seen["exact"]) ** t
        yield panel(
            "step $t$",
            r"$\varepsilon(t)/\varepsilon(0)$",
            curve("simulated", "mean of the runs", t, runs.mean(axis=1)),
            curve("exact", r"$(1-\eta\overline{K})^t$, exact", t, frozen),
            trajectories=tuple(map(numbers, runs.T[:30])),
            trajectory_x=numbers(t),
            log="y",
        )


@dataclass(frozen=True, eq=False)
class _Phase:
    """One run: its target, its regime by the theory, and what was recorded, each of shape (times,)."""

    target: float
    regime: str
    steps: Any
    residuals: Real
    kernels: Real
    lam: Real
    learning_rate: float

    @property
    def name(self) -> str:
        """The target and the regime."""
        return f"O_0 = {self.target:g}, {self.regime}"

    def join(self, since: float) -> tuple[int, ConstantLambdaFlow]:
        """Where the prediction begins that knows the run up to a time ηLZt, and the prediction from there on."""
        place = int(np.searchsorted(self.steps * STEP, since))
        flow = constant_lambda_flow(
            float(self.kernels[place]),
            self.steps[place:] - self.steps[place],
            learning_rate=self.learning_rate,
            residual=float(self.residuals[place]),
            relative_meta_kernel=float(self.lam[place]),
        )
        return place, flow


@dataclass(frozen=True, kw_only=True)
class Phases(Study):
    """One circuit, trained towards a target in reach, at the edge and beyond it."""

    seed: int = 1
    layers: int = 256

    name, command, source, can_fail = "phases", "train", "zhang2024", True
    texts = Texts(
        title="Frozen kernel, critical, frozen error: the three phases across O_0 = O_min",
        text=(
            "One circuit with Haar segments on {study.num_qubits} qubits, L = {study.layers}, O = ZZ with O_min = −1, "
            "trained from the same angles towards a target above, at and below O_min. The prediction is the flow "
            "with constant λ from the residual, K and λ that the run has at ηLZt = {study.early:g} (limits) or "
            "{study.late:g} (rates)."
        ),
        caption=(
            "Residual ε and kernel K/2LZ for a target above, at and below O_min = −1: in (a) the kernel freezes and "
            "the residual decays exponentially, in (b) both fall like 1/t, in (c) the residual freezes and the kernel "
            "decays."
        ),
        choices=(
            "Seed {study.seed}; ηLZ = {study.step:g} per step; all three runs start at the same angles.",
            "λ is measured at ηLZt = {study.late:g}, where the drawn prediction begins, and held; nothing is fitted.",
        ),
        alt=(
            "Residual and kernel against time for three targets: one decays, both fall like 1/t, the other decays"
        ),
        recorded=("targets", "conserved", "lambda"),
    )
    num_qubits, step, every, lowest = NUM_QUBITS, STEP, 5, -1.0
    early, late = 1.0, 4.0  # τ where limits, and where rates, are predicted from what the run has there
    phases = ((-0.6, "frozen-kernel", 400), (-1.0, "critical", 1000), (-1.6, "frozen-error", 400))

    def units(self) -> Iterator[Unit]:
        for target, regime, steps in self.phases:
            yield Unit(regime, partial(self._run, target, steps), work=steps)

    def _run(self, target: float, steps: int, work: Work) -> Result:
        rng = np.random.default_rng([self.seed, 14])  # the same circuit and angles for each
        circuit = segments_circuit(NUM_QUBITS, self.layers, rng)
        angles = rng.uniform(0, 2 * np.pi, self.layers)
        run = train_deep(circuit, target, steps, work, angles=angles, record_every=self.every)
        lam = run.relative_meta_kernels[:, 0, 0]
        return {"residuals": run.residuals[:, 0, 0], "kernels": run.kernel_traces[:, 0], "lam": lam}

    def predict(self, results: Sequence[Result]) -> Seen:
        """The three runs beside their flows with constant λ; what is recorded of all."""
        rate = STEP / (self.layers * Z)
        runs = [
            _Phase(target, regime, np.arange(0, steps + 1, self.every), learning_rate=rate, **result)
            for (target, regime, steps), result in zip(self.phases, results, strict=True)
        ]
        conserved = [run.join(self.late)[1].conserved for run in runs]
        lam = [numbers(run.lam) for run in runs]
        return {"runs": runs, "targets": [run.target for run in runs], "conserved": conserved, "lambda": lam}

    def compare(self, seen: Seen) -> Iterator[Evidence]:
        tolerance = 1 / np.sqrt(self.layers)
        for phase in seen["runs"]:
            yield self._sign(phase, tolerance)
            yield from (self._powers if phase.regime == "critical" else self._limits)(phase, tolerance)

    def _sign(self, phase: _Phase, tolerance: float) -> Evidence:
        """The sign of C, which decides the phase, in units of the kernel at the start."""
        share = phase.join(self.late)[1].conserved / float(phase.kernels[0])
        sign, holds = {
            "frozen-kernel": ("> 0", share > tolerance),
            "critical": ("= 0", abs(share) <= tolerance),
            "frozen-error": ("< 0", share < -tolerance),
        }[phase.regime]
        statement = f"{phase.name}: C = K − 2λε has the sign of this phase"
        text = f"counted as 0 up to {tolerance:.2g} K(0)"
        return Evidence(statement, f"C {sign}", f"C = {share:+.3f} K(0)", text, bool(holds))

    def _powers(self, phase: _Phase, tolerance: float) -> Iterator[Evidence]:
        t, place = phase.steps, phase.join(self.late)[0]
        middle = place + (len(t) - place) // 2
        flows = deep_flow(phase.residuals[:1], t, self.layers, label=self.lowest)
        for what, runs, flow in (
            ("ε", phase.residuals, flows[0][:, 0]),
            ("K", phase.kernels, flows[1][:, 0]),
        ):
            expected, found = (
                float(np.log(x[-1] / x[middle]) / np.log(t[-1] / t[middle])) for x in (flow, runs)
            )
            statement = (
                f"{phase.name}: {what} falls like 1/t, its exponent is that of the flow of many layers"
            )
            yield within(statement, predicted=expected, seen=found, relative=tolerance)

    def _limits(self, phase: _Phase, tolerance: float) -> Iterator[Evidence]:
        (place, flow), (early, early_flow) = phase.join(self.late), phase.join(self.early)
        late = slice(place + (len(phase.steps) - place) // 2, None)
        curves = [("ε", phase.residuals), ("K", phase.kernels)]
        limit, expected = "C", early_flow.kernel_limit
        if phase.regime == "frozen-error":
            curves.reverse()
            limit, expected = "−C/2λ", early_flow.residual_limit
        (decays, decaying), (stays, staying) = curves
        rate = -float(np.polyfit(phase.steps[late], np.log(np.abs(decaying[late])), 1)[0])
        yield within(
            f"{phase.name}: {decays} decays exponentially at the rate η|C|",
            predicted=flow.exponent / phase.learning_rate,
            seen=rate / phase.learning_rate,
            relative=tolerance,
        )
        yield within(
            f"{phase.name}: {stays} goes to its limit, {limit}, from {staying[early]:.4g} at ηLZt = {self.early:g}",
            predicted=expected,
            seen=float(staying[-1]),
            relative=4 * tolerance,  # λ is not yet constant there
        )

    def panels(self, seen: Seen) -> Iterator[Panel]:
        scale = 2 * self.layers * Z
        for phase in seen["runs"]:
            place, flow = phase.join(self.late)
            t, since = phase.steps * STEP, phase.steps[place:] * STEP
            yield panel(
                r"$\eta LZt$",
                rf"$O_0$ = {phase.target:g}",
                curve("exact", r"constant $\lambda$: $\varepsilon$", since, flow.residual),
                curve("exact 2", r"constant $\lambda$: $K/2LZ$", since, np.asarray(flow.kernel) / scale),
                sparse("fixed", r"run: $\varepsilon$", t, phase.residuals),
                sparse("fresh", r"run: $K/2LZ$", t, phase.kernels / scale),
                log="y",
            )
