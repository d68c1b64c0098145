"""Training of an experiment: ε(t), K(t), λ(t) and the displacement of the angles, each beside its prediction.

The predictions know of each run only what it has at its start: its residuals, its kernel and, for a single target,
its λ; and of all of them the exact K̄ of Haar-random circuits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.dynamics import constant_lambda_flow, frozen_kernel
from haarqntk.errors import InputError
from haarqntk.export import Evidence, Line, Panel
from haarqntk.qntk import closed_form
from haarqntk.studies._evidence import Sample, agreement, curve, numbers, sparse
from haarqntk.studies._study import Study, Unit
from haarqntk.training import TrainingRun, check_step_size, train

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from haarqntk.studies._experiment import Experiment
    from haarqntk.studies._study import Result, Seen, Work

LAZY = 0.1  # the frozen kernel predicts the loss at every time within this share of the first one
_FEWEST_FOR_A_MEAN = 5


@dataclass(frozen=True, kw_only=True)
class Training(Study):
    """An experiment that is trained."""

    name: str
    path: str
    experiment: Experiment
    seed: int

    command, source = "train", "liu2023"
    title = "Training {study.name}"
    text = (
        "{circuit}; observable {observable.name}; {data}; {study.experiment.training.initialisations} "
        "initialisations, {study.experiment.training.steps} steps with η = {learning_rate:.4g}."
    )
    caption = (
        "Means over the runs: (a) the loss, (b) the kernel, (c) λ = μ/K of each output, (d) how far the angles "
        "move. Lines are predictions from what each run has at its start."
    )
    choices = ("Seed {study.seed}; angles uniform on [0, 2π).", "Loss ½ Σ ε².")
    recorded = ("learning_rate", "step", "loss", "output", "kernel_trace", "displacement")
    alt = (
        "Loss, kernel, relative meta-kernel and displacement of the angles against steps, beside predictions"
    )

    def units(self) -> Iterator[Unit]:
        for table in ("data", "training"):
            if getattr(self.experiment, table) is None:
                raise InputError(f"{self.path} must have [{table}] to be trained, got none; add it")
        yield Unit("training", self._run)

    def _run(self, work: Work) -> Result:
        experiment, training = self.experiment, self.experiment.training
        assert experiment.data is not None  # noqa: S101 - checked before
        assert training is not None  # noqa: S101 - as above
        circuit, rng = experiment.one_circuit()
        num_qubits = circuit.num_qubits
        observable, data = experiment.observable.build(num_qubits), experiment.data.build(num_qubits)
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
        return {"run": run, "observable": observable}

    def predict(self, results: Sequence[Result]) -> Seen:
        """What the runs recorded; loss and displacement of each with its first kernel frozen, shape (times, runs)."""
        run, data = results[0]["run"], self.experiment.data
        assert data is not None  # noqa: S101 - it has been trained
        losses, lengths = [], []
        for K, residual in zip(run.initial_kernels, run.residuals[0], strict=True):
            frozen = frozen_kernel(K, run.steps, learning_rate=run.learning_rate, residual=residual).residual
            losses.append(np.square(frozen).sum(axis=1) / 2)
            # θ(t) − θ(0) = −Jᵀ K⁻¹ (ε(0) − ε(t)), of the length² (Δε)ᵀ K⁻¹ Δε
            change, inverse = residual - frozen, np.linalg.pinv(K, hermitian=True)
            lengths.append(np.sqrt(np.einsum("ti,ij,tj->t", change, inverse, change)))
        points = f"{data.points} points of the magnetisation of the Ising chain"
        return {
            **results[0],
            "losses": np.array(losses).T,
            "lengths": np.array(lengths).T,
            "circuit": self.experiment.circuit.described(run.initial_angles.shape[1]),
            "data": points if data.target is None else f"target {data.target:g} for the input |0…0⟩",
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
            statement="Training is lazy: the frozen kernel predicts the loss at every time",
            predicted=f"loss at the end {frozen[-1].mean():.4g} in the mean",
            seen=f"{losses[-1].mean():.4g}; the kernel changes by {change:.2g} of its size",
            distance=f"largest deviation {share:.2g} of the first loss, stated {LAZY:g}",
            holds=bool(share <= LAZY),
        )
        kernels = run.kernel_traces[0]
        if run.targets.size == 1 and len(kernels) >= _FEWEST_FOR_A_MEAN:
            ensemble = "prl_ansatz" if self.experiment.circuit.family == "prl" else "segments"
            at = {"L": run.initial_angles.shape[1], "observable": seen["observable"].matrix}
            exact = closed_form("kernel_mean", ensemble).at(D=len(at["observable"]), **at)
            yield agreement(
                "The kernel at the start is in the mean that of Haar-random circuits with as many angles",
                Sample.of(kernels),
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
            points = (sparse("fresh", "gradient descent", t, found),)
            logarithmic = "y" if label == "loss" and (loss > 0).all() else ""
            yield Panel("step $t$", label, lines=(frozen, *more), points=points, logarithmic=logarithmic)


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
