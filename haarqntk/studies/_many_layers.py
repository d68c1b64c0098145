"""Many layers: two studies of the flow of [ICML].

``deep``: the kernel does not freeze as L → ∞, it follows that flow. A pure state and an observable with O² = γ² have
dε/dτ = −2ε(γ² − (y + ε)²) in the time τ = ηLZt, Z = Tr X²/(D² − 1). Runs of deeper and deeper circuits come to it like
1/√L; their distance to the frozen kernel stays.

``labels``: for O² = 1 and label ±1 the kernel vanishes at the solution, whatever the circuit: the loss keeps above a
bound of the order 1/t², and with many layers ε ~ 1/t. With O = γP, γ > 1, the same circuit converges exponentially.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import LazyModule
from haarqntk.dynamics import deep_flow_single, loss_lower_bound
from haarqntk.export import Evidence
from haarqntk.montecarlo import jackknife
from haarqntk.studies._study import Sample, Study, Texts, Unit, bars, curve, numbers, panel, sparse, within
from haarqntk.training import FixedGate, Observable, ParametrisedCircuit, PauliRotation, train

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from haarqntk.export import Panel
    from haarqntk.studies._study import Real, Result, Seen, Work
    from haarqntk.training import TrainingRun

stats = LazyModule("scipy.stats")

NUM_QUBITS = 2
D = 2**NUM_QUBITS
Z = D / (D**2 - 1)
STEP = 0.02  # ηLZ, a step in the time of the flow


def segments_circuit(num_qubits: int, layers: int, rng: np.random.Generator) -> ParametrisedCircuit:
    """Draw U = S_0 e^{iθ_1P_1} S_1 … e^{iθ_LP_L} S_L with Haar S_l and P_l uniform among the 4^n − 1 others than 1.

    The segment S_L acts on |0…0⟩ first; parameter l − 1 is θ_l. See derivations/00_conventions.md.
    """
    dim, qubits = 2**num_qubits, tuple(range(num_qubits))
    # one segment is not stacked
    segments = stats.unitary_group.rvs(dim, size=layers + 1, random_state=rng).reshape(-1, dim, dim)
    gates: list[PauliRotation | FixedGate] = [FixedGate(segments[layers], qubits)]
    for layer, index in reversed(list(enumerate(rng.integers(1, 4**num_qubits, size=layers)))):
        string = "".join("IXYZ"[index >> 2 * qubit & 3] for qubit in range(num_qubits))
        gates += [PauliRotation(string, parameter=layer), FixedGate(segments[layer], qubits)]
    return ParametrisedCircuit(num_qubits, tuple(gates))


def train_deep(
    circuit: ParametrisedCircuit, target: float, steps: int, work: Work, *, scale: float = 1.0, **how: Any
) -> TrainingRun:
    """A run of O = γ ZZ with ηLZ = ``STEP``; ``how`` says where it starts and how often it is recorded."""
    return train(
        circuit,
        Observable.pauli_sum([scale], ["ZZ"]),
        target,
        learning_rate=STEP / (circuit.num_parameters * Z),
        steps=steps,
        progress=lambda done: work.progress(done / steps),
        **how,
    )


def deep_flow(start: Real, times: Any, L: int, *, label: float, scale: float = 1.0) -> tuple[Real, Real]:
    """ε and K of the flow of many layers from every first residual, shape (times, …)."""
    how = {"label": label, "learning_rate": STEP / (L * Z), "L": L, "D": D, "scale": scale}
    flows = [deep_flow_single(float(e), times, **how) for e in start.ravel()]
    residuals, kernels = (np.array([getattr(x, name) for x in flows]) for name in ("residual", "kernel"))
    return residuals.T.reshape(-1, *start.shape), kernels.T.reshape(-1, *start.shape)


def _distance(one: Real, other: Real) -> tuple[float, float]:
    """Root mean square over times, circuits and runs, and its standard error: that over the circuits."""
    return jackknife(np.square(one - other).mean(axis=(0, 2)), lambda x: float(np.sqrt(x.mean())))


@dataclass(frozen=True, kw_only=True)
class Deep(Study):
    """Circuits of every depth; the flow and the frozen kernel are held against each run."""

    seed: int = 1
    depths: tuple[int, ...] = (8, 32, 128, 512)
    circuits: int = 12
    runs: int = 10  # initialisations of each circuit
    steps: int = 200

    name, command, source, can_fail = "deep", "train", "you2023", True
    texts = Texts(
        title="Deep circuits follow the flow of many layers, and no frozen kernel",
        text=(
            "Circuits with Haar segments on {study.num_qubits} qubits, O = ZZ, target {study.target:g}, "
            "{study.circuits} circuits at each depth with {study.runs} initialisations each, {study.steps} steps with "
            "ηLZ = {study.step:g}. Each run is held against the flow of [ICML] from its own first residual, and "
            "against the kernel that it begins with."
        ),
        caption=(
            "(a) The run at L = {deepest} for which flow and frozen kernel differ most. (b) Root mean square distance "
            "of the runs to both, over all circuits, runs and times."
        ),
        choices=(
            "Seed {study.seed}. Angles uniform on [0, 2π); bars are one standard error over the circuits.",
            "The flow starts at each run's own first residual; nothing is fitted.",
        ),
        alt=(
            "Left: one run, the flow of many layers and the frozen kernel. Right: distances to both against depth"
        ),
        recorded=("depths", "distance_to_flow", "distance_to_frozen"),
    )
    num_qubits, step, target, every = NUM_QUBITS, STEP, -0.5, 10

    def units(self) -> Iterator[Unit]:
        streams = np.random.default_rng([self.seed, 12]).spawn(len(self.depths))
        for L, stream in zip(self.depths, streams, strict=True):
            for place, rng in enumerate(stream.spawn(self.circuits)):
                yield Unit(f"L = {L}, circuit {place}", partial(self._run, L, rng), work=L)

    def _run(self, L: int, rng: np.random.Generator, work: Work) -> Result:
        circuit = segments_circuit(NUM_QUBITS, L, rng)
        how: Any = {"rng": rng, "initialisations": self.runs, "record_every": self.every}
        run = train_deep(circuit, self.target, self.steps, work, **how)
        return {"residuals": run.residuals[:, :, 0], "kernels": run.kernel_traces[0]}

    def predict(self, results: Sequence[Result]) -> Seen:
        """Distances of the runs at every depth, and of the last: residuals of shape (times, circuits, runs)."""
        times = np.arange(0, self.steps + 1, self.every)
        seen: Seen = {"depths": np.array(self.depths), "deepest": self.depths[-1], "times": times}
        near, far = [], []
        for place, L in enumerate(self.depths):
            part = results[place * self.circuits : (place + 1) * self.circuits]
            runs = np.stack([each["residuals"] for each in part], axis=1)
            flow, flow_kernels = deep_flow(runs[0], times, L, label=self.target)
            kernels = np.array([[each["kernels"] for each in part], flow_kernels[0]])
            frozen, frozen_flow = (
                runs[0] * (1 - STEP / (L * Z) * K) ** times[:, np.newaxis, np.newaxis] for K in kernels
            )
            near.append(_distance(runs, flow))
            far.append(_distance(runs, frozen))
            seen |= {"runs": runs, "flow": flow, "frozen": frozen, "frozen_flow": frozen_flow}
        distances = {"distance_to_flow": [d for d, _ in near], "distance_to_frozen": [d for d, _ in far]}
        return seen | distances | {"near": near, "far": far}

    def compare(self, seen: Seen) -> tuple[Evidence, ...]:
        L, last, runs = seen["depths"], self.depths[-1], self.circuits * self.runs
        distances, errors = np.array(seen["near"]).T
        # a straight line through log distance against log L, weighted by the errors
        (slope, _), covariance = np.polyfit(
            np.log(L), np.log(distances), 1, w=distances / errors, cov="unscaled"
        )
        found, expected = seen["runs"] - seen["frozen"], seen["flow"] - seen["frozen_flow"]
        sums = np.stack([(found * expected).sum(axis=(0, 2)), np.square(expected).sum(axis=(0, 2))], axis=1)
        # the regression of the runs' deviation from their frozen kernels on that of the flow
        share = Sample(*jackknife(sums, lambda x: float(x[:, 0].sum() / x[:, 1].sum())), runs)
        exponent = Sample(float(slope), float(np.sqrt(covariance[0, 0])), runs * len(L))
        return (
            exponent.agreement(
                "The distance to the flow of many layers falls like L to the power −0.5", predicted=-0.5
            ),
            share.bracketed(
                f"At L = {last} the runs leave their frozen kernels by what the flow says: the share of that "
                "deviation is 1, up to 1/√L",
                lower=1 - 1 / np.sqrt(last),
                upper=1 + 1 / np.sqrt(last),
            ),
            share.disagreement(
                f"At L = {last} the kernel is not frozen: the share of the flow's deviation is not 0",
                by="the frozen kernel",
                predicted=0.0,
            ),
        )

    def panels(self, seen: Seen) -> Iterator[Panel]:
        L, near, flow, frozen = (seen[name] for name in ("depths", "near", "flow", "frozen"))
        worst = np.abs(flow - frozen).max(axis=0)
        one = (slice(None), *np.unravel_index(np.argmax(worst), worst.shape))  # where they differ most
        times = STEP * seen["times"]
        yield panel(
            r"$\tau=\eta LZt$",
            r"residual $\varepsilon$",
            curve("exact", "flow of many layers, closed form", times, flow[one]),
            curve("published", r"frozen kernel $K(0)$", times, frozen[one]),
            sparse("fresh", "gradient descent", times, seen["runs"][one]),
        )
        yield panel(
            "layers $L$",
            "distance",
            curve("floor", r"$\propto L^{-1/2}$", L, near[0][0] * np.sqrt(L[0] / L)),
            bars("fresh", "to the flow of many layers", L, near),
            bars("fixed", "to the frozen kernel", L, seen["far"]),
            log="xy",
        )


@dataclass(frozen=True, kw_only=True)
class Labels(Study):
    """Circuits of all depths against the bound, and deep circuits at both ranges of the measurement."""

    seed: int = 1
    layers: int = 256
    runs: int = 40
    steps: int = 1000

    name, command, source, can_fail = "labels", "train", "you2023", True
    texts = Texts(
        title="A Pauli measurement with labels ±1 is learnt no faster than 1/t",
        text=(
            "Circuits with Haar segments on {study.num_qubits} qubits, label 1. The bound is held against every step "
            "of {study.shallow_runs} runs at each of L = {shallow} and of {study.runs} runs at L = {study.layers}; "
            "the exponents are those of L = {study.layers} with O = ZZ, and with O = {study.scales[1]:g} ZZ, whose "
            "range exceeds the label."
        ),
        caption=(
            "Label 1 at L = {study.layers}. (a) O = ZZ, both axes logarithmic: the residual falls like 1/t. (b) O = "
            "{study.scales[1]:g} ZZ: it falls exponentially. Coloured is the run of the median residual, with the "
            "flow from its start."
        ),
        choices=(
            "Seed {study.seed}; angles uniform on [0, 2π); ηLZ = {study.step:g} per step.",
            "The bound is one of gradient flow; gradient descent differs from it at second order in η.",
        ),
        alt=(
            "Left: residuals for a Pauli string on logarithmic axes, a line of slope −1. Right: exponential decay"
        ),
        recorded=("L", "steps"),
    )
    num_qubits, step, label, scales, every = NUM_QUBITS, STEP, 1.0, (1.0, 1.5), 10
    depths, shallow_runs, shallow_steps = (1, 4, 16, 64), 50, 400

    def units(self) -> Iterator[Unit]:
        *deep, stream = np.random.default_rng([self.seed, 13]).spawn(3)
        for scale, rng in zip(self.scales, deep, strict=True):
            how = {"rng": rng, "scale": scale, "initialisations": self.runs, "record_every": self.every}
            run = partial(self._run, self.layers, self.steps, how)
            yield Unit(f"L = {self.layers}, O = {scale:g} ZZ", run, work=0.45)
        for L, rng in zip(self.depths, stream.spawn(len(self.depths)), strict=True):
            how = {"rng": rng, "initialisations": self.shallow_runs, "record_every": 1}
            run = partial(self._run, L, self.shallow_steps, how)
            yield Unit(f"L = {L}, every step", run, work=0.1 / len(self.depths))

    def _run(self, L: int, steps: int, how: dict[str, Any], work: Work) -> Result:
        run = train_deep(segments_circuit(NUM_QUBITS, L, how["rng"]), self.label, steps, work, **how)
        return {"residuals": run.residuals[:, :, 0]}

    def predict(self, results: Sequence[Result]) -> Seen:
        """Residuals, shape (times, runs): of the deep runs for either observable, of their flows, of all others."""
        *runs, t = *(each["residuals"] for each in results), np.arange(0, self.steps + 1, self.every)
        flows = [
            deep_flow(each[0], t, self.layers, label=self.label, scale=scale)[0]
            for each, scale in zip(runs, self.scales, strict=False)
        ]
        shallow = ", ".join(map(str, self.depths))
        seen = {"deep": runs[:2], "flows": flows, "others": runs[2:], "shallow": shallow}
        return seen | {"L": self.layers, "steps": t.tolist()}

    def compare(self, seen: Seen) -> Iterator[Evidence]:
        """Up to 1/√L, the order of what the flow of many layers leaves out."""
        t, gamma, tolerance = np.array(seen["steps"]), self.scales[1], 1 / np.sqrt(self.layers)
        yield self._bounded(seen)
        half, late = (len(t) - 1) // 2, len(t) - 1
        start, end = np.searchsorted(STEP * t, [1.0, 3.0])
        power = (
            f"O = ZZ: |ε| falls like 1/t: its exponent between steps {t[half]} and {t[late]} is that of the flow of "
            "many layers, up to 1/√L"
        )
        rate = (
            f"O = {gamma:g} ZZ: exponential decay, between τ = 1 and 3 at the rate of the flow of many layers (in "
            f"units of ηLZ; its limit is 2(γ² − 1) = {2 * (gamma**2 - 1):g}), up to 1/√L"
        )
        for statement, scale, over, under, unit in (
            (power, 0, late, half, np.log(t[late] / t[half])),
            (rate, 1, start, end, STEP * (t[end] - t[start])),
        ):
            predicted, found = (
                float(np.log(np.abs(x[scale][over] / x[scale][under])).mean() / unit)
                for x in (seen["flows"], seen["deep"])
            )
            yield within(statement, predicted=predicted, seen=found, relative=tolerance)

    def _bounded(self, seen: Seen) -> Evidence:
        """The least ratio of the loss to its bound, of all runs and recorded steps but the first, where it is 1."""
        runs = [(self.layers, np.array(seen["steps"]), seen["deep"][0])]
        runs += [(L, np.arange(len(e)), e) for L, e in zip(self.depths, seen["others"], strict=True)]
        ratios = []
        for L, t, residuals in runs:
            for losses in np.square(residuals).T / 2:
                bound = loss_lower_bound(losses[0], t, learning_rate=STEP / (L * Z), L=L).loss
                ratios.append(float((losses[1:] / np.asarray(bound)[1:]).min()))
        return Evidence(
            "The loss stays above the bound of order 1/t² in every run, at every depth",
            "loss/bound ≥ 1 after the first step",
            f"least ratio {min(ratios):.6g}",
            f"{len(ratios)} runs, every recorded step",
            min(ratios) >= 1,
        )

    def panels(self, seen: Seen) -> Iterator[Panel]:
        for scale, runs, flows in zip(self.scales, seen["deep"], seen["flows"], strict=True):
            t, epsilon = np.array(seen["steps"][1:]), np.abs(runs[1:])
            middle = int(np.argsort(epsilon[-1])[epsilon.shape[1] // 2])
            flow = np.abs(flows[1:, middle])
            shown = flow > 1e-10  # noqa: PLR2004 - below it rounding is drawn
            yield panel(
                "step $t$",
                r"$|\varepsilon|$ for $O$ = " + ("ZZ" if scale == 1 else f"{scale:g} ZZ"),
                curve("exact", "flow of many layers", t[shown], flow[shown]),
                sparse("fixed", "gradient descent", t[shown], epsilon[shown, middle]),
                trajectories=tuple(numbers(each[shown]) for each in epsilon.T[:20]),
                trajectory_x=numbers(t[shown]),
                log="xy" if scale == 1 else "y",
            )
