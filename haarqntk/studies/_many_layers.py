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
from haarqntk.export import Evidence, Panel
from haarqntk.montecarlo import jackknife
from haarqntk.studies._evidence import (
    Sample,
    agreement,
    bars,
    bracketed,
    curve,
    disagreement,
    numbers,
    sparse,
    within,
)
from haarqntk.studies._study import Study, Unit
from haarqntk.training import FixedGate, Observable, ParametrisedCircuit, PauliRotation, train

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from haarqntk.studies._study import Work
    from haarqntk.training import TrainingRun

    Real = NDArray[np.float64]
    Result = Mapping[str, Any]

stats = LazyModule("scipy.stats")

NUM_QUBITS = 2
D = 2**NUM_QUBITS
Z = D / (D**2 - 1)
STEP = 0.02  # ηLZ, a step in the time of the flow
ZZ = Observable.pauli("ZZ")


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


def trained(
    circuit: ParametrisedCircuit,
    target: float,
    steps: int,
    work: Work,
    *,
    observable: Observable = ZZ,
    **how: Any,
) -> TrainingRun:
    """A run with ηLZ = ``STEP``; ``how`` says where it starts and how often it is recorded."""
    rate = STEP / (circuit.num_parameters * Z)
    return train(
        circuit,
        observable,
        target,
        learning_rate=rate,
        steps=steps,
        progress=lambda done: work.progress(done / steps),
        **how,
    )


def deep_flow(start: Real, times: Real, L: int, *, label: float, scale: float = 1.0) -> tuple[Real, Real]:
    """ε and K of the flow of many layers from every first residual, shape (times, …)."""
    flows = [
        deep_flow_single(float(e), times, label=label, learning_rate=STEP / (L * Z), L=L, D=D, scale=scale)
        for e in start.ravel()
    ]
    residuals, kernels = (
        np.array([getattr(each, name) for each in flows]) for name in ("residual", "kernel")
    )
    return residuals.T.reshape(-1, *start.shape), kernels.T.reshape(-1, *start.shape)


@dataclass(frozen=True, eq=False)
class _Runs:
    """Residuals at one depth, shape (times, circuits, runs): of the runs, the flow, and both with K(0) frozen.

    Standard errors are those over the circuits, which are independent.
    """

    epsilon: Real
    flow: Real
    frozen: Real
    frozen_flow: Real

    @property
    def to_flow(self) -> tuple[float, float]:
        """Root mean square distance over circuits, runs and times, and its standard error."""
        return self._distance(self.flow)

    @property
    def to_frozen(self) -> tuple[float, float]:
        """The same to the frozen kernel."""
        return self._distance(self.frozen)

    def _distance(self, other: Real) -> tuple[float, float]:
        squares = np.square(self.epsilon - other).mean(axis=(0, 2))
        return jackknife(squares, lambda x: float(np.sqrt(x.mean())))

    @property
    def share_of_the_deviation(self) -> tuple[float, float]:
        """The regression of the runs' deviation from their frozen kernels on that of the flow, with its error."""
        seen, expected = self.epsilon - self.frozen, self.flow - self.frozen_flow
        sums = np.stack([(seen * expected).sum(axis=(0, 2)), np.square(expected).sum(axis=(0, 2))], axis=1)
        return jackknife(sums, lambda x: float(x[:, 0].sum() / x[:, 1].sum()))


@dataclass(frozen=True, kw_only=True)
class Deep(Study["dict[int, _Runs]"]):
    """Circuits of every depth; the flow and the frozen kernel are held against each run."""

    seed: int = 1
    depths: tuple[int, ...] = (8, 32, 128, 512)
    circuits: int = 12
    runs: int = 10  # initialisations of each circuit
    steps: int = 200

    name, command, can_fail = "deep", "train", True
    source = "you2023"
    title = "Deep circuits follow the flow of many layers, and no frozen kernel"
    alt = (
        "Left: one run, the flow of many layers and the frozen kernel. Right: distances to both against depth"
    )
    text = (
        "Circuits with Haar segments on {study.num_qubits} qubits, O = ZZ, target {study.target:g}, {study.circuits} "
        "circuits at each depth with {study.runs} initialisations each, {study.steps} steps with ηLZ = {study.step:g}. "
        "Each run is held against the flow of [ICML] from its own first residual, and against the kernel that it "
        "begins with."
    )
    caption = (
        "(a) The run at L = {deepest} for which flow and frozen kernel differ most. (b) Root mean square "
        "distance of the runs to both, over all circuits, runs and times."
    )
    choices = (
        "Seed {study.seed}. Angles uniform on [0, 2π); bars are one standard error over the circuits.",
        "The flow starts at each run's own first residual; nothing is fitted.",
    )
    num_qubits, step, target, every = NUM_QUBITS, STEP, -0.5, 10

    def units(self) -> Iterator[Unit]:
        streams = np.random.default_rng([self.seed, 12]).spawn(len(self.depths))
        for L, stream in zip(self.depths, streams, strict=True):
            for place, rng in enumerate(stream.spawn(self.circuits)):
                yield Unit(f"L = {L}, circuit {place}", partial(self._run, L, rng), work=L)

    def _run(self, L: int, rng: np.random.Generator, work: Work) -> Result:
        circuit = segments_circuit(NUM_QUBITS, L, rng)
        how = {"rng": rng, "initialisations": self.runs, "record_every": self.every}
        run = trained(circuit, self.target, self.steps, work, **how)
        return {"residuals": run.residuals[:, :, 0], "kernels": run.kernel_traces[0]}

    @property
    def _times(self) -> Real:
        return np.arange(0, self.steps + 1, self.every)

    def predict(self, results: Sequence[Result]) -> dict[int, _Runs]:
        found, times = {}, self._times[:, np.newaxis, np.newaxis]
        for place, L in enumerate(self.depths):
            part = results[place * self.circuits : (place + 1) * self.circuits]
            epsilon = np.stack([each["residuals"] for each in part], axis=1)
            flow, flow_kernels = deep_flow(epsilon[0], self._times, L, label=self.target)
            kernels = np.array([[each["kernels"] for each in part], flow_kernels[0]])
            frozen = [epsilon[0] * (1 - STEP / (L * Z) * K) ** times for K in kernels]
            found[L] = _Runs(epsilon, flow, *frozen)
        return found

    def compare(self, seen: dict[int, _Runs]) -> tuple[Evidence, ...]:
        L, runs = np.array(self.depths), self.circuits * self.runs
        allowance = 1 / np.sqrt(L[-1])
        flow, errors = np.array([each.to_flow for each in seen.values()]).T
        # a straight line through log distance against log L, weighted by the errors
        (slope, _), covariance = np.polyfit(np.log(L), np.log(flow), 1, w=flow / errors, cov="unscaled")
        share = Sample(*seen[self.depths[-1]].share_of_the_deviation, runs)
        return (
            agreement(
                "The distance to the flow of many layers falls like L to the power −0.5",
                Sample(float(slope), float(np.sqrt(covariance[0, 0])), runs * len(L)),
                predicted=-0.5,
            ),
            bracketed(
                f"At L = {L[-1]} the runs leave their frozen kernels by what the flow says: the share of that deviation "
                "is 1, up to 1/√L",
                share,
                lower=1 - allowance,
                upper=1 + allowance,
            ),
            disagreement(
                f"At L = {L[-1]} the kernel is not frozen: the share of the flow's deviation is not 0",
                share,
                by="the frozen kernel",
                predicted=0.0,
            ),
        )

    def words(self, seen: dict[int, _Runs]) -> dict[str, object]:
        return {"deepest": self.depths[-1]}

    def data(self, seen: dict[int, _Runs]) -> dict[str, Any]:
        near, far = ([getattr(each, name)[0] for each in seen.values()] for name in ("to_flow", "to_frozen"))
        return {"depths": numbers(self.depths), "distance_to_flow": near, "distance_to_frozen": far}

    def panels(self, seen: dict[int, _Runs]) -> tuple[Panel, ...]:
        L, deepest = np.array(self.depths), seen[self.depths[-1]]
        near, far = ([getattr(each, name) for each in seen.values()] for name in ("to_flow", "to_frozen"))
        # the run where they differ most
        worst = np.abs(deepest.flow - deepest.frozen).max(axis=0)
        one = (slice(None), *np.unravel_index(np.argmax(worst), worst.shape))
        times = STEP * self._times
        return (
            Panel(
                r"$\tau=\eta LZt$",
                r"residual $\varepsilon$",
                lines=(
                    curve("exact", "flow of many layers, closed form", times, deepest.flow[one]),
                    curve("published", r"frozen kernel $K(0)$", times, deepest.frozen[one]),
                ),
                points=(sparse("fresh", "gradient descent", times, deepest.epsilon[one]),),
            ),
            Panel(
                "layers $L$",
                "distance",
                lines=(curve("floor", r"$\propto L^{-1/2}$", L, near[0][0] * np.sqrt(L[0] / L)),),
                points=(
                    bars("fresh", "to the flow of many layers", L, near),
                    bars("fixed", "to the frozen kernel", L, far),
                ),
                logarithmic="xy",
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Labels(Study["_Labelled"]):
    """Circuits of all depths against the bound, and deep circuits at both ranges of the measurement."""

    seed: int = 1
    layers: int = 256
    runs: int = 40
    steps: int = 1000

    name, command, can_fail = "labels", "train", True
    source = "you2023"
    title = "A Pauli measurement with labels ±1 is learnt no faster than 1/t"
    alt = (
        "Left: residuals for a Pauli string on logarithmic axes, a line of slope −1. Right: exponential decay"
    )
    text = (
        "Circuits with Haar segments on {study.num_qubits} qubits, label 1. The bound is held against every step of "
        "{study.shallow_runs} runs at each of L = {shallow} and of {study.runs} runs at L = {study.layers}; the "
        "exponents are those of L = {study.layers} with O = ZZ, and with O = {study.scales[1]:g} ZZ, whose range "
        "exceeds the label."
    )
    caption = (
        "Label 1 at L = {study.layers}. (a) O = ZZ, both axes logarithmic: the residual falls like 1/t. (b) O = "
        "{study.scales[1]:g} ZZ: it falls exponentially. Coloured is the run of the median residual, with the flow "
        "from its start."
    )
    choices = (
        "Seed {study.seed}; angles uniform on [0, 2π); ηLZ = {study.step:g} per step.",
        "The bound is one of gradient flow; gradient descent differs from it at second order in η.",
    )
    num_qubits, step, label, scales, every = NUM_QUBITS, STEP, 1.0, (1.0, 1.5), 10
    shallow, shallow_runs, shallow_steps = (1, 4, 16, 64), 50, 400

    def units(self) -> Iterator[Unit]:
        *deep, stream = np.random.default_rng([self.seed, 13]).spawn(3)
        how = {"initialisations": self.runs, "record_every": self.every}
        for scale, rng in zip(self.scales, deep, strict=True):
            run = partial(self._run, self.layers, self.steps, rng, scale, how)
            yield Unit(f"L = {self.layers}, O = {scale:g} ZZ", run, work=0.45)
        how = {"initialisations": self.shallow_runs, "record_every": 1}
        for L, rng in zip(self.shallow, stream.spawn(len(self.shallow)), strict=True):
            run = partial(self._run, L, self.shallow_steps, rng, 1.0, how)
            yield Unit(f"L = {L}, every step", run, work=0.1 / len(self.shallow))

    def _run(
        self, L: int, steps: int, rng: np.random.Generator, scale: float, how: dict[str, int], work: Work
    ) -> Result:
        circuit, observable = segments_circuit(NUM_QUBITS, L, rng), Observable.pauli_sum([scale], ["ZZ"])
        run = trained(circuit, self.label, steps, work, observable=observable, rng=rng, **how)
        return {"residuals": run.residuals[:, :, 0]}

    def predict(self, results: Sequence[Result]) -> _Labelled:
        found = [each["residuals"] for each in results]
        t = np.arange(0, self.steps + 1, self.every)
        flows = [
            deep_flow(runs[0], t, self.layers, label=self.label, scale=scale)[0]
            for runs, scale in zip(found, self.scales, strict=False)
        ]
        return _Labelled(t, found[:2], flows, found[2:])

    def compare(self, seen: _Labelled) -> tuple[Evidence, ...]:
        """Up to 1/√L, the order of what the flow of many layers leaves out."""
        t, gamma, tolerance = seen.times, self.scales[1], 1 / np.sqrt(self.layers)
        late, half = len(t) - 1, (len(t) - 1) // 2
        early = np.searchsorted(STEP * t, [1.0, 3.0])
        powers = [
            np.log(np.abs(x[0][late] / x[0][half])) / np.log(t[late] / t[half])
            for x in (seen.flows, seen.deep)
        ]
        rates = [
            np.log(np.abs(x[1][early[0]] / x[1][early[1]])) / (STEP * (t[early[1]] - t[early[0]]))
            for x in (seen.flows, seen.deep)
        ]
        return (
            self._bounded(seen),
            within(
                f"O = ZZ: |ε| falls like 1/t: its exponent between steps {t[half]} and {t[late]} is that of the flow "
                "of many layers, up to 1/√L",
                predicted=float(powers[0].mean()),
                seen=float(powers[1].mean()),
                relative=tolerance,
            ),
            within(
                f"O = {gamma:g} ZZ: exponential decay, between τ = 1 and 3 at the rate of the flow of many layers (in "
                f"units of ηLZ; its limit is 2(γ² − 1) = {2 * (gamma**2 - 1):g}), up to 1/√L",
                predicted=float(rates[0].mean()),
                seen=float(rates[1].mean()),
                relative=tolerance,
            ),
        )

    def _bounded(self, seen: _Labelled) -> Evidence:
        """The least ratio of the loss to its bound, of all runs and recorded steps but the first, where it is 1."""
        runs = [(self.layers, seen.times, seen.deep[0])]
        runs += [(L, np.arange(len(e)), e) for L, e in zip(self.shallow, seen.shallow, strict=True)]
        ratios = []
        for L, t, residuals in runs:
            for losses in np.square(residuals).T / 2:
                bound = loss_lower_bound(losses[0], t, learning_rate=STEP / (L * Z), L=L).loss
                ratios.append(float((losses[1:] / np.asarray(bound)[1:]).min()))
        return Evidence(
            statement="The loss stays above the bound of order 1/t² in every run, at every depth",
            predicted="loss/bound ≥ 1 after the first step",
            seen=f"least ratio {min(ratios):.6g}",
            distance=f"{len(ratios)} runs, every recorded step",
            holds=min(ratios) >= 1,
        )

    def words(self, seen: _Labelled) -> dict[str, object]:
        return {"shallow": ", ".join(map(str, self.shallow))}

    def data(self, seen: _Labelled) -> dict[str, Any]:
        return {"L": self.layers, "steps": seen.times.tolist()}

    def panels(self, seen: _Labelled) -> tuple[Panel, ...]:
        panels = []
        for scale, runs, flows in zip(self.scales, seen.deep, seen.flows, strict=True):
            t, epsilon = seen.times[1:], np.abs(runs[1:])
            middle = int(np.argsort(epsilon[-1])[epsilon.shape[1] // 2])
            flow = np.abs(flows[1:, middle])
            shown = flow > 1e-10  # noqa: PLR2004 - below it rounding is drawn
            panels.append(
                Panel(
                    "step $t$",
                    r"$|\varepsilon|$ for $O$ = " + ("ZZ" if scale == 1 else f"{scale:g} ZZ"),
                    lines=(curve("exact", "flow of many layers", t[shown], flow[shown]),),
                    points=(sparse("fixed", "gradient descent", t[shown], epsilon[shown, middle]),),
                    trajectories=tuple(numbers(each[shown]) for each in epsilon.T[:20]),
                    trajectory_x=numbers(t[shown]),
                    logarithmic="xy" if scale == 1 else "y",
                )
            )
        return tuple(panels)


@dataclass(frozen=True, eq=False)
class _Labelled:
    """Residuals, shape (times, runs): of the deep circuits for either observable, of their flows, of all others."""

    times: Real
    deep: list[Real]
    flows: list[Real]
    shallow: list[Real]
