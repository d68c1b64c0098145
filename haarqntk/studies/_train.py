"""Training an experiment: ε(t), K(t), λ(t) and the displacement of the angles, each beside its prediction.

The predictions know of each run only what it has at its start: its residuals, its kernel and, for a single target,
its λ; and of all of them the exact K̄ of Haar-random circuits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from haarqntk.dynamics import constant_lambda_flow, frozen_kernel
from haarqntk.errors import InputError
from haarqntk.export import Evidence, Line, Panel, PaperFigure, Section
from haarqntk.qntk import closed_form
from haarqntk.studies._build import build_circuit, build_data, build_observable, describe
from haarqntk.studies._evidence import Sample, agreement, numbers, sparse
from haarqntk.training import TrainingRun, check_step_size, train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from haarqntk.studies._experiment import Experiment
    from haarqntk.training import Observable

    Real = NDArray[np.float64]

LAZY = 0.1  # the frozen kernel predicts the loss at every time within this share of the first one
_FEWEST_FOR_A_MEAN = 5


def train_section(
    experiment: Experiment,
    *,
    command: str,
    progress: Callable[[float], object],
    warn: Callable[[str], object],
    checkpoint: Path | None = None,
) -> Section:
    """Train and compare; ``progress`` is called with shares of 1, ``warn`` before the first step.

    Raises:
        InputError: If the experiment has no data or no training, several depths, or another's checkpoint.
        OutputError: If the checkpoint cannot be written.
    """
    if experiment.data is None or experiment.training is None:
        missing = "[data]" if experiment.data is None else "[training]"
        raise InputError(f"{experiment.source} must have {missing} to be trained, got none; add it")
    layers = one_depth(experiment)
    rng = np.random.default_rng([experiment.seed, 16])
    (gates,) = rng.spawn(1)
    circuit = build_circuit(experiment.circuit, layers, gates)
    observable = build_observable(experiment.observable, experiment.circuit.num_qubits)
    data, training = build_data(experiment.data, experiment.circuit.num_qubits), experiment.training
    angles = rng.uniform(0, 2 * np.pi, (training.initialisations, circuit.num_parameters))
    start = train(
        circuit, observable, data.targets, learning_rate=1, steps=0, features=data.features, angles=angles
    )
    largest = float(np.linalg.eigvalsh(start.initial_kernels)[:, -1].max())
    if not largest > 0:
        raise InputError(
            f"{experiment.source}: the kernel vanishes, nothing can be learnt; choose another observable"
        )
    eta = training.learning_rate or 1 / largest
    run = train(
        circuit,
        observable,
        data.targets,
        learning_rate=eta,
        steps=training.steps,
        record_every=training.every,
        progress=lambda done: progress(done / training.steps),
        warn=warn,
        checkpoint=checkpoint,
        features=data.features,
        angles=angles,
    )
    return Section(
        title=f"Training {experiment.name}",
        text=(
            f"{describe(experiment, layers, circuit.num_parameters)}; observable {observable.name}; "
            f"{_data_in_words(experiment)}; {training.initialisations} initialisations, {training.steps} steps with "
            f"η = {eta:.4g}."
        ),
        evidence=_evidence(run, observable, experiment),
        figure=_figure(run, experiment, eta),
        command=command,
        warnings=check_step_size(run.initial_kernels, eta),
    )


def one_depth(experiment: Experiment) -> int:
    """The number of layers, of which there must be one.

    Raises:
        InputError: If there are several.
    """
    if len(experiment.circuit.layers) != 1:
        several = ", ".join(map(str, experiment.circuit.layers))
        raise InputError(f"layers must be one number here, got {several}; several are for haarqntk depth")
    return experiment.circuit.layers[0]


def _data_in_words(experiment: Experiment) -> str:
    data = experiment.data
    assert data is not None  # noqa: S101 - checked before
    if data.target is not None:
        return f"target {data.target:g} for the input |0…0⟩"
    return f"{data.points} points of the magnetisation of the Ising chain"


def _frozen(run: TrainingRun) -> tuple[Real, Real]:
    """Loss, shape (times, runs), and displacement of every run with its first kernel frozen."""
    losses, lengths = [], []
    for K, residual in zip(run.initial_kernels, run.residuals[0], strict=True):
        prediction = frozen_kernel(K, run.steps, learning_rate=run.learning_rate, residual=residual)
        losses.append(np.square(prediction.residual).sum(axis=1) / 2)
        # θ(t) − θ(0) = −Jᵀ K⁻¹ (ε(0) − ε(t)), of the length² (Δε)ᵀ K⁻¹ Δε
        change = residual - prediction.residual
        lengths.append(np.sqrt(np.einsum("ti,ij,tj->t", change, np.linalg.pinv(K, hermitian=True), change)))
    return np.array(losses).T, np.array(lengths).T


def _evidence(run: TrainingRun, observable: Observable, experiment: Experiment) -> tuple[Evidence, ...]:
    losses, predicted = run.losses, _frozen(run)[0]
    share = np.abs(losses - predicted).max() / losses[0].max()
    change = np.linalg.norm(run.final_kernels - run.initial_kernels, axis=(1, 2)).max()
    change /= np.linalg.norm(run.initial_kernels, axis=(1, 2)).max()
    rows = [
        Evidence(
            statement="Training is lazy: the frozen kernel predicts the loss at every time",
            predicted=f"loss at the end {predicted[-1].mean():.4g} in the mean",
            seen=f"{losses[-1].mean():.4g}; the kernel changes by {change:.2g} of its size",
            distance=f"largest deviation {share:.2g} of the first loss, stated {LAZY:g}",
            holds=bool(share <= LAZY),
        )
    ]
    kernels = run.kernel_traces[0]
    if run.targets.size == 1 and len(kernels) >= _FEWEST_FOR_A_MEAN:
        rows.append(
            agreement(
                "The kernel at the start is in the mean that of Haar-random circuits with as many angles",
                Sample.of(kernels),
                predicted=_exact_mean(observable, run.initial_angles.shape[1], experiment),
            )
        )
    return tuple(rows)


def _exact_mean(observable: Observable, L: int, experiment: Experiment) -> float:
    ensemble = "prl_ansatz" if experiment.circuit.family == "prl" else "segments"
    exact = closed_form("kernel_mean", ensemble)
    return float(exact.at(D=2**observable.num_qubits, L=L, observable=observable.matrix))


def _figure(run: TrainingRun, experiment: Experiment, eta: float) -> PaperFigure:
    t, single = run.steps, run.targets.size == 1
    losses, lengths = _frozen(run)
    mean_loss, kernels = run.losses.mean(axis=1), run.kernel_traces.mean(axis=1)
    known = np.isfinite(run.relative_meta_kernels)  # λ is no number where K = 0
    lam = np.where(known, run.relative_meta_kernels, 0).sum(axis=(1, 2)) / np.maximum(
        known.sum(axis=(1, 2)), 1
    )
    flow = _constant_lambda(run) if single else ([], [])

    def panel(label: str, predicted: Real, seen: Real, *more: Line, logarithmic: str = "") -> Panel:
        frozen = Line("exact", "each run frozen as it starts", numbers(t), numbers(predicted))
        points = (sparse("fresh", "gradient descent", t, seen),)
        return Panel("step $t$", label, lines=(frozen, *more), points=points, logarithmic=logarithmic)

    logarithmic = "y" if (mean_loss > 0).all() else ""
    return PaperFigure(
        name=experiment.name,
        alt="Loss, kernel, relative meta-kernel and displacement of the angles against steps, beside predictions",
        caption=(
            "Means over the runs: (a) the loss, (b) the kernel, (c) λ = μ/K of each output, (d) how far the angles "
            "move. Lines are predictions from what each run has at its start."
        ),
        choices=(f"Seed {experiment.seed}; angles uniform on [0, 2π).", "Loss ½ Σ ε²."),
        data={
            "seed": experiment.seed,
            "learning_rate": eta,
            "step": t.tolist(),
            "loss": [numbers(each) for each in run.losses.T],
            "output": [[numbers(point) for point in each.T] for each in run.outputs.swapaxes(0, 1)],
            "kernel_trace": [numbers(each) for each in run.kernel_traces.T],
            "displacement": [numbers(each) for each in run.displacements.T],
        },
        panels=(
            panel("loss", losses.mean(axis=1), mean_loss, *flow[0], logarithmic=logarithmic),
            panel(r"$K$" if single else r"$\mathrm{Tr}\,K$", np.full(len(t), kernels[0]), kernels, *flow[1]),
            panel(r"$\lambda=\mu/K$", np.full(len(t), lam[0]), lam),
            panel(r"$\|\theta(t)-\theta(0)\|$", lengths.mean(axis=1), run.displacements.mean(axis=1)),
        ),
    )


def _constant_lambda(run: TrainingRun) -> tuple[list[Line], list[Line]]:
    """Mean loss and mean kernel of the flow with constant λ, from K, ε and λ of each run at its start."""
    starts = zip(
        run.kernel_traces[0], run.residuals[0, :, 0], run.relative_meta_kernels[0, :, 0], strict=True
    )
    flows = [
        constant_lambda_flow(
            float(K),
            run.steps,
            learning_rate=run.learning_rate,
            residual=float(e),
            relative_meta_kernel=float(lam),
        )
        for K, e, lam in starts
        if np.isfinite(lam)
    ]
    if not flows:
        return [], []
    curves = (
        np.square([each.residual for each in flows]).mean(axis=0) / 2,
        np.mean([each.kernel for each in flows if each.kernel is not None], axis=0),
    )
    loss, kernel = (
        [Line("exact 2", r"constant $\lambda$ of each run", numbers(run.steps), numbers(curve))]
        for curve in curves
    )
    return loss, kernel
