"""What is done with an experiment: it is trained, or followed in depth.

``Training``: ε(t), K(t), λ(t) and the displacement of the angles, each beside its prediction. The predictions know of
each run only what it has at its start: its residuals, its kernel and, for a single target, its λ; and of all of them
the exact K̄ of Haar-random circuits.

``Depth``: how Haar is a real ansatz? Kernel and meta-kernel over random angles, depth by depth, beside the exact Haar
values: those of as many layers as the circuit has angles, each a Pauli string between Haar-random segments. A quantity
agrees at a depth if its mean with two standard errors to either side lies within 20 % of the exact value; too few
samples do not agree, they do not decide. The angles at both ends of a real circuit have no random segment beyond them,
which is a share of order 1/depth.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.dynamics import constant_lambda_flow, frozen_kernel
from haarqntk.errors import InputError
from haarqntk.export import Evidence
from haarqntk.montecarlo import LARGEST_Z, samples_for_verdict
from haarqntk.qntk import closed_form
from haarqntk.studies._experiment import CircuitChoice, ObservableChoice
from haarqntk.studies._study import Sample, Study, Texts, Unit, bars, curve, numbers, panel, sparse
from haarqntk.training import (
    Observable,
    ParametrisedCircuit,
    TrainingRun,
    check_step_size,
    kernel_statistics,
    train,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from haarqntk.export import Line, Panel
    from haarqntk.studies._experiment import DataChoice, Experiment, TrainingChoice
    from haarqntk.studies._study import Result, Seen, Work

LAZY = 0.1  # the frozen kernel predicts the loss at every time within this share of the first one
_FEWEST_FOR_A_MEAN = 5
TOLERANCE = 0.2
_SURE = 2.0  # standard errors
_CIRCUIT = CircuitChoice("hardware_efficient", 4, (1, 2, 4, 8, 16, 32, 64))
_OBSERVABLE = ObservableChoice(terms={"ZIII": 1, "IZII": 1, "ZZII": 1})
_QUANTITIES = {
    "kernel_mean": (r"$\overline{K}$", "K̄"),
    "kernel_variance": (r"$\Delta K^2$", "ΔK²"),
    "meta_kernel_mean": (r"$E[\mu]$", "E[μ]"),
    "meta_kernel_variance": (r"$\Delta\mu^2$", "Δμ²"),
}


@dataclass(frozen=True, kw_only=True)
class Training(Study):
    """An experiment that is trained."""

    name: str
    path: str
    experiment: Experiment
    seed: int

    command, source = "train", "liu2023"
    texts = Texts(
        title="Training {study.name}",
        text=(
            "{circuit}; observable {observable.name}; {data}; {study.experiment.training.initialisations} "
            "initialisations, {study.experiment.training.steps} steps with η = {learning_rate:.4g}."
        ),
        caption=(
            "Means over the runs: (a) the loss, (b) the kernel, (c) λ = μ/K of each output, (d) how far the angles "
            "move. Lines are predictions from what each run has at its start."
        ),
        choices=("Seed {study.seed}; angles uniform on [0, 2π).", "Loss ½ Σ ε²."),
        alt=(
            "Loss, kernel, relative meta-kernel and displacement of the angles against steps, beside predictions"
        ),
        recorded=("learning_rate", "step", "loss", "output", "kernel_trace", "displacement"),
    )

    def units(self) -> Iterator[Unit]:
        tables = [
            self.experiment.given(table, path=self.path, purpose="trained") for table in ("data", "training")
        ]
        yield Unit("training", partial(self._run, *tables))

    def _run(self, learnt: DataChoice, training: TrainingChoice, work: Work) -> Result:
        circuit, rng = self.experiment.one_circuit()
        observable = self.experiment.observable.build(circuit.num_qubits)
        data = learnt.build(circuit.num_qubits)
        angles = rng.uniform(0, 2 * np.pi, (training.initialisations, circuit.num_parameters))
        problem: dict[str, Any] = {"features": data.features, "angles": angles}
        start = train(circuit, observable, data.targets, learning_rate=1, steps=0, **problem)
        largest = float(np.linalg.eigvalsh(start.initial_kernels)[:, -1].max())
        if not largest > 0:
            raise InputError(
                f"{self.path}: the kernel vanishes, nothing can be learnt; choose another observable"
            )
        run = train(
            circuit,
            observable,
            data.targets,
            learning_rate=training.rate or 1 / largest,
            steps=training.steps,
            record_every=training.every,
            progress=lambda done: work.progress(done / training.steps),
            warn=work.warn,
            checkpoint=work.folder and work.folder / f"{self.name}.checkpoint.npz",
            **problem,
        )
        points = f"{learnt.points} points of the magnetisation of the Ising chain"
        described = points if learnt.target is None else f"target {learnt.target:g} for the input |0…0⟩"
        return {"run": run, "observable": observable, "data": described}

    def predict(self, results: Sequence[Result]) -> Seen:
        """What the runs recorded; loss and displacement of each with its first kernel frozen, shape (times, runs)."""
        run = results[0]["run"]
        losses, lengths = [], []
        for K, residual in zip(run.initial_kernels, run.residuals[0], strict=True):
            frozen = frozen_kernel(K, run.steps, learning_rate=run.learning_rate, residual=residual).residual
            losses.append(np.square(frozen).sum(axis=1) / 2)
            # θ(t) − θ(0) = −Jᵀ K⁻¹ (ε(0) − ε(t)), of the length² (Δε)ᵀ K⁻¹ Δε
            change, inverse = residual - frozen, np.linalg.pinv(K, hermitian=True)
            lengths.append(np.sqrt(np.einsum("ti,ij,tj->t", change, inverse, change)))
        return {
            **results[0],
            "losses": np.array(losses).T,
            "lengths": np.array(lengths).T,
            "circuit": self.experiment.circuit.described(run.initial_angles.shape[1]),
            "warnings": check_step_size(run.initial_kernels, run.learning_rate),
            "learning_rate": run.learning_rate,
            "step": run.steps.tolist(),
            "loss": [numbers(each) for each in run.losses.T],
            "output": [[numbers(point) for point in each.T] for each in run.outputs.swapaxes(0, 1)],
            "kernel_trace": [numbers(each) for each in run.kernel_traces.T],
            "displacement": [numbers(each) for each in run.displacements.T],
        }

    def compare(self, seen: Seen) -> Iterator[Evidence]:
        run, losses, frozen = seen["run"], seen["run"].losses, seen["losses"]
        share = np.abs(losses - frozen).max() / losses[0].max()
        change = np.linalg.norm(run.final_kernels - run.initial_kernels, axis=(1, 2)).max()
        change /= np.linalg.norm(run.initial_kernels, axis=(1, 2)).max()
        yield Evidence(
            "Training is lazy: the frozen kernel predicts the loss at every time",
            f"loss at the end {frozen[-1].mean():.4g} in the mean",
            f"{losses[-1].mean():.4g}; the kernel changes by {change:.2g} of its size",
            f"largest deviation {share:.2g} of the first loss, stated {LAZY:g}",
            bool(share <= LAZY),
        )
        kernels = run.kernel_traces[0]
        if run.targets.size == 1 and len(kernels) >= _FEWEST_FOR_A_MEAN:
            ensemble = "prl_ansatz" if self.experiment.circuit.family == "prl" else "segments"
            at = {"L": run.initial_angles.shape[1], "observable": seen["observable"].matrix}
            exact = closed_form("kernel_mean", ensemble).at(D=len(at["observable"]), **at)
            yield Sample.of(kernels).agreement(
                "The kernel at the start is in the mean that of Haar-random circuits with as many angles",
                predicted=float(exact),
            )

    def panels(self, seen: Seen) -> Iterator[Panel]:
        run, t, first = seen["run"], seen["run"].steps, np.ones(len(seen["run"].steps))
        loss, kernels = run.losses.mean(axis=1), run.kernel_traces.mean(axis=1)
        known = np.isfinite(run.relative_meta_kernels)  # λ is no number where K = 0
        lam = np.where(known, run.relative_meta_kernels, 0).sum(axis=(1, 2))
        lam /= np.maximum(known.sum(axis=(1, 2)), 1)
        is_single = run.targets.size == 1
        of_loss, of_kernel = _constant_lambda(run) if is_single else ([], [])
        lengths, moved = seen["lengths"].mean(axis=1), run.displacements.mean(axis=1)
        for label, predicted, found, more in (
            ("loss", seen["losses"].mean(axis=1), loss, of_loss),
            ("$K$" if is_single else r"$\mathrm{Tr}\,K$", kernels[0] * first, kernels, of_kernel),
            (r"$\lambda=\mu/K$", lam[0] * first, lam, []),
            (r"$\|\theta(t)-\theta(0)\|$", lengths, moved, []),
        ):
            frozen = curve("exact", "each run frozen as it starts", t, predicted)
            points = sparse("fresh", "gradient descent", t, found)
            log = "y" if label == "loss" and (loss > 0).all() else ""
            yield panel("step $t$", label, frozen, *more, points, log=log)


def _constant_lambda(run: TrainingRun) -> Sequence[list[Line]]:
    """Mean loss and mean kernel of the flow with constant λ, from K, ε and λ of each run at its start."""
    flows = [
        constant_lambda_flow(
            float(K),
            run.steps,
            learning_rate=run.learning_rate,
            residual=float(e),
            relative_meta_kernel=float(lam),
        )
        for K, e, lam in zip(
            run.kernel_traces[0], run.residuals[0, :, 0], run.relative_meta_kernels[0, :, 0], strict=True
        )
        if np.isfinite(lam)
    ]
    if not flows:
        return [[], []]
    losses = np.square([each.residual for each in flows]) / 2
    curves = losses, np.array([each.kernel for each in flows])
    label = r"constant $\lambda$ of each run"
    return [[curve("exact 2", label, run.steps, each.mean(axis=0))] for each in curves]


@dataclass(frozen=True, slots=True)
class _Compared:
    """One quantity: its symbols, the exact values at each depth, and the simulated ones with their errors."""

    latex: str
    symbol: str
    exact: tuple[float, ...]
    simulated: tuple[tuple[float, float], ...]
    samples: int

    def agrees(self, exact: float, mean: float, error: float) -> bool:
        """Whether it is surely within the tolerance, or of 0 within its errors, from the samples of a verdict."""
        if self.samples < samples_for_verdict():
            return False
        if not exact:
            return abs(mean) <= LARGEST_Z * error
        return abs(mean - exact) + _SURE * error <= TOLERANCE * abs(exact)

    @property
    def first_that_agrees(self) -> int | None:
        """The index of the first depth from which all agree; None if the deepest does not."""
        pairs = enumerate(zip(self.exact, self.simulated, strict=True), start=1)
        first = max((after for after, (exact, found) in pairs if not self.agrees(exact, *found)), default=0)
        return first if first < len(self.exact) else None

    @property
    def distance(self) -> str:
        """At the deepest."""
        exact, (mean, error) = self.exact[-1], self.simulated[-1]
        z, text = Sample(mean, error, self.samples).judged(exact, exact)
        if z is None:
            return text
        if not error:
            return "no fluctuation"
        text = f"z = {(mean - exact) / error:+.3g} at the deepest"
        return f"{mean / exact - 1:+.1%} ± {error / abs(exact):.1%}, {text}" if exact else text


@dataclass(frozen=True, kw_only=True)
class Depth(Study):
    """Angles are drawn at every depth; the study that comes with the library is that of one ansatz on four qubits."""

    name: str = "depth"
    path: str = ""
    seed: int = 1
    circuit: CircuitChoice = _CIRCUIT
    observable: ObservableChoice = _OBSERVABLE
    samples: int = 2000

    command, source = "depth", "liu2023"
    texts = Texts(
        title="How Haar is {study.circuit.family} on {study.circuit.num_qubits} qubits?",
        text=(
            "{study.samples:,} random settings of the angles at each of {layers.size} depths, observable {measured}; "
            "the exact values are those of Haar-random segments between as many Pauli rotations as the circuit has "
            "angles."
        ),
        caption="{caption}. Bars are one standard error.",
        choices=(
            "Seed {study.seed}; angles uniform on [0, 2π), one full period of e^(iθP).",
            "Haar values for Pauli rotations between Haar segments with L = the number of angles.",
            "Agreement: within {tolerance:.0%} of the exact value with two standard errors, at all deeper depths too.",
            "{data}",
        ),
        alt="Means and fluctuations of kernel and meta-kernel against depth: simulated over exact, points around 1",
        recorded=("layers", "num_parameters", "exact", "simulated", "agreement"),
    )

    @property
    def _observable(self) -> Observable:
        return self.observable.build(self.circuit.num_qubits)

    @property
    def _circuits(self) -> list[ParametrisedCircuit]:
        (gates,) = np.random.default_rng([self.seed, 15]).spawn(1)
        return [self.circuit.build(layers, gates) for layers in self.circuit.layers]

    def units(self) -> Iterator[Unit]:
        for place, circuit in enumerate(self._circuits):
            yield Unit(f"{self.circuit.layers[place]} layers", partial(self._run, place, circuit))

    def _run(self, place: int, circuit: ParametrisedCircuit, work: Work) -> Result:
        rng = np.random.default_rng([self.seed, 15])
        rng.spawn(1 + place)  # the stream of the gates, and those of the depths before
        (found,) = kernel_statistics(
            lambda _: circuit,
            [self.circuit.layers[place]],
            observable=self._observable,
            samples=self.samples,
            rng=rng,
            features=None if self.circuit.encoding == "none" else [[1.0]],
            progress=lambda done: work.progress(done / self.samples),
        )
        return asdict(found)

    def predict(self, results: Sequence[Result]) -> Seen:
        """The quantities, what is recorded of them, and words."""
        observable = self._observable

        def exact(name: str, L: int) -> float:
            at: dict[str, Any] = {"D": len(observable.matrix), "L": L, "observable": observable.matrix}
            if name == "meta_kernel_variance":
                mean = float(closed_form("meta_kernel_mean").at(**at))
                return float(closed_form("meta_kernel_second_moment").at(**at)) - mean**2
            return float(closed_form(name).at(**at))

        depths, circuits = self.circuit.layers, self._circuits
        compared = {
            name: _Compared(
                *symbols,
                tuple(exact(name, circuit.num_parameters) for circuit in circuits),
                tuple((float(found[name][0]), float(found[name][1])) for found in results),
                self.samples,
            )
            for name, symbols in _QUANTITIES.items()
        }
        first = {name: each.first_that_agrees for name, each in compared.items()}
        agreed = {name: depths[place] for name, place in first.items() if place is not None}
        parts = [f"{compared[name].symbol} agrees from {L} layers on" for name, L in agreed.items()]
        if never := ", ".join(each.symbol for name, each in compared.items() if name not in agreed):
            parts.append(f"{never} at no depth that was tried")
        caption = "; ".join(parts)
        return {
            "compared": compared,
            "caption": caption[:1].upper() + caption[1:],
            "data": "" if self.circuit.encoding == "none" else "The data point is x = 1.",
            "tolerance": TOLERANCE,
            "measured": observable.name,
            "layers": np.array(depths),
            "num_parameters": [circuit.num_parameters for circuit in circuits],
            "exact": {name: each.exact for name, each in compared.items()},
            "simulated": {name: each.simulated for name, each in compared.items()},
            "agreement": {name: float(agreed[name]) if name in agreed else None for name in compared},
        }

    def compare(self, seen: Seen) -> Iterator[Evidence]:
        depths = self.circuit.layers
        for each in seen["compared"].values():
            first, (mean, error) = each.first_that_agrees, each.simulated[-1]
            where = "no depth agrees" if first is None else f"agreement from {depths[first]} layers on"
            yield Evidence(
                f"{each.symbol} is that of Haar-random circuits from some depth on",
                f"{each.exact[-1]:.4g} at the deepest, {depths[-1]} layers",
                f"{mean:.4g} ± {error:.2g} there; {where}",
                each.distance,
                first is not None,
            )

    def panels(self, seen: Seen) -> Iterator[Panel]:
        depths = self.circuit.layers
        for each in seen["compared"].values():
            exact, is_relative = np.array(each.exact), all(each.exact)
            scale = exact if is_relative else np.ones(len(exact))
            found = (np.array(each.simulated).T / [scale, np.abs(scale)]).T
            yield panel(
                "layers",
                f"{each.latex}, simulated/exact" if is_relative else each.latex,
                curve("exact", "Haar-random circuits, exact", depths, exact / scale),
                bars("fresh", "simulated ± standard error", depths, map(numbers, found)),
                log="x",
            )
