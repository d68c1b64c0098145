"""The diagnosis of an experiment's circuit before it is trained, and the study of [DIAG] remade."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.errors import InputError, InputTypeError
from haarqntk.export import Evidence, Line, Panel, PaperFigure, Points, Section
from haarqntk.studies._build import build_circuit, build_data, build_observable, describe
from haarqntk.studies._evidence import Study, numbers, sparse
from haarqntk.studies._train import one_depth
from haarqntk.training import Diagnosis, diagnose_circuit, diagnostics_study

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from haarqntk.studies._build import Data
    from haarqntk.studies._experiment import Experiment
    from haarqntk.training import DiagnosticsStudy, ParametrisedCircuit, StudyModel

    Real = NDArray[np.float64]

_NAMES = {"hamiltonian_variational": "variational", "hardware_efficient": "hardware-efficient"}
_KINDS = ("fixed", "other", "fresh", "lowest")


def diagnose_experiment(experiment: Experiment) -> Diagnosis:
    """Diagnose the circuit of an experiment at its first random angles; a singular kernel is reported, not refused.

    Raises:
        InputError: If the experiment has no data, or several depths.
    """
    if experiment.data is None:
        raise InputError(f"{experiment.source} must have [data] to be diagnosed, got none; add it")
    rng = np.random.default_rng([experiment.seed, 16])  # as for training: the same circuit and angles
    (gates,) = rng.spawn(1)
    circuit = build_circuit(experiment.circuit, one_depth(experiment), gates)
    data = build_data(experiment.data, experiment.circuit.num_qubits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a rate beyond stability: the section says so
        return _diagnosed(experiment, circuit, data, rng)


def _diagnosed(
    experiment: Experiment, circuit: ParametrisedCircuit, data: Data, rng: np.random.Generator
) -> Diagnosis:
    training = experiment.training
    return diagnose_circuit(
        circuit,
        build_observable(experiment.observable, experiment.circuit.num_qubits),
        data.targets,
        features=data.features,
        angles=rng.uniform(0, 2 * np.pi, (1, circuit.num_parameters))[0],
        test_features=data.test_features,
        test_targets=data.test_targets,
        learning_rate=None if training is None else training.learning_rate,
        pseudo_inverse=True,
    )


def diagnosis_section(experiment: Experiment, diagnosis: Diagnosis, *, command: str) -> Section:
    """The diagnosis as a section."""
    layers = one_depth(experiment)
    return Section(
        title=f"Diagnosis of {experiment.name}",
        text=(
            f"{describe(experiment, layers, diagnosis.num_parameters)}, {diagnosis.num_points} data points. Kernel: "
            f"λ_max = {diagnosis.largest_eigenvalue:.4g}, κ = {diagnosis.condition_number_on_range:.4g}; decay time "
            f"{diagnosis.decay_time:.4g} steps at η = {diagnosis.learning_rate:.4g}; predicted R² = "
            f"{diagnosis.train_r_squared:.4g} for t → ∞."
            if diagnosis.is_stable
            else f"{describe(experiment, layers, diagnosis.num_parameters)}, {diagnosis.num_points} data points. At "
            f"η = {diagnosis.learning_rate:.4g} training does not converge."
        ),
        evidence=_verdicts(diagnosis),
        figure=_figure(experiment, diagnosis),
        command=command,
        warnings=() if diagnosis.is_stable else ("The learning rate is beyond the stability edge 2/λ_max.",),
    )


def _null_space(d: Diagnosis) -> str:
    points = ", ".join(map(str, d.dependent_points))
    return f"null space of dimension {d.num_points - d.rank}" + (
        f": points {points} depend on others" if points else ""
    )


def _verdicts(d: Diagnosis) -> tuple[Evidence, ...]:
    rows = [
        Evidence(
            statement="The kernel is regular: the circuit can fit every set of targets on these points",
            predicted=f"rank {d.num_points}",
            seen=f"rank {d.rank}",
            distance=_null_space(d),
            holds=not d.is_singular,
        ),
        Evidence(
            statement="The learning rate is stable",
            predicted=f"η < 2/λ_max = {d.stability_edge:.4g}",
            seen=f"η = {d.learning_rate:.4g}",
            distance=f"critical: {d.critical_learning_rate:.4g}",
            holds=d.is_stable,
        ),
    ]
    if d.is_overfitting is not None:
        rows.append(
            Evidence(
                statement="The frozen kernel does not overfit",
                predicted=f"R²(train) − R²(test) ≤ {d.overfitting_gap:g}",
                seen=f"R² = {d.train_r_squared:.3f} on the data, {d.test_r_squared:.3f} on the other points",
                distance="for t → ∞",
                holds=not d.is_overfitting,
            )
        )
    return tuple(rows)


def diagnosis_figure(diagnosis: Diagnosis, *, name: str = "diagnosis") -> PaperFigure:
    """The kernel spectrum of a diagnosis and the loss that it predicts, as a figure.

    Args:
        diagnosis: From ``hq.diagnose`` or ``hq.diagnose_circuit``.
        name: The stem of the figure's files; "diagnosis" by default.

    Returns:
        The figure: ``.svg()``, ``.pdf()`` and ``.json()``; a notebook shows it.

    Raises:
        InputTypeError: If the first argument is no diagnosis.

    Examples:
        >>> import haarqntk as hq
        >>> figure = hq.diagnosis_figure(hq.diagnose([[1.0, 0], [0, 2]], targets=[1, 0]))
        >>> figure.data["eigenvalues"], figure.svg().startswith("<svg")
        ((4.0, 1.0), True)

    Reference:
        [scala2025]; derivations/16_diagnostics.md.
    """
    if not isinstance(diagnosis, Diagnosis):
        raise InputTypeError(
            f"diagnosis must be a Diagnosis, got {type(diagnosis).__name__}; pass hq.diagnose(…)"
        )
    spectrum = np.sort(diagnosis.eigenvalues)[::-1]
    index, positive = np.arange(1, len(spectrum) + 1), spectrum > 0
    steps = diagnosis.curve_steps
    losses = diagnosis.predicted_losses(steps)
    zeros = (0.0,) * int(positive.sum())
    spectrum_points = Points(
        "fixed", "kernel spectrum", numbers(index[positive]), numbers(spectrum[positive]), zeros
    )
    return PaperFigure(
        name=name,
        alt="Kernel spectrum, and predicted loss against steps",
        caption="(a) Kernel spectrum. (b) Predicted loss.",
        choices=(),
        data={"eigenvalues": numbers(spectrum), "step": steps.tolist(), "loss": numbers(losses)},
        panels=(
            Panel("index", "eigenvalue of $K$", points=(spectrum_points,), logarithmic="y"),
            Panel(
                "step $t$",
                "predicted loss",
                lines=(Line("exact", "frozen kernel", numbers(steps), numbers(losses)),),
                logarithmic="y" if (losses > 0).all() else "",
            ),
        ),
    )


def _figure(experiment: Experiment, d: Diagnosis) -> PaperFigure:
    figure = diagnosis_figure(d, name=experiment.name)
    panels, caption = figure.panels, figure.caption
    if experiment.data is not None and experiment.data.set:
        data = build_data(experiment.data, experiment.circuit.num_qubits)
        panels = (*panels, _inference(d, data.fields, data.test_fields))
        caption += " (c) Predicted inference for t → ∞."
    return replace(
        figure,
        alt="Kernel spectrum, predicted loss against steps, and predicted outputs on data and test points",
        caption=caption,
        choices=(f"Seed {experiment.seed}; angles uniform on [0, 2π).",),
        data={"seed": experiment.seed, **figure.data},
        panels=panels,
    )


def _inference(d: Diagnosis, fields: Real | None, test_fields: Real | None) -> Panel:
    assert fields is not None  # noqa: S101 - a data set has them
    assert test_fields is not None  # noqa: S101 - as above
    h = np.concatenate([fields, test_fields])
    predicted = np.concatenate([d.final_outputs, d.final_test_outputs])
    order = np.argsort(h)
    assert d.test_targets is not None  # noqa: S101 - as above
    limit = Line("exact", r"predicted, $t\to\infty$", numbers(h[order]), numbers(predicted[order]))
    return Panel(
        x_label="field $h$",
        y_label="magnetisation",
        lines=(limit,) if d.is_stable else (),
        points=(
            Points("fixed", "data", numbers(fields), numbers(d.targets), (0.0,) * len(fields)),
            Points(
                "other",
                "other points",
                numbers(test_fields),
                numbers(d.test_targets),
                (0.0,) * len(test_fields),
            ),
        ),
    )


def make(
    *, seed: int, progress: Callable[[float], object], layers: Sequence[int] = (2, 4, 8, 16), steps: int = 60
) -> Section:
    """The study of [DIAG] remade."""
    total = 4 * len(layers) * 2 * steps
    study = diagnostics_study(
        np.random.default_rng([seed, 17]),
        layers=layers,
        steps=steps,
        progress=lambda done: progress(done / total),
    )
    return Section(
        title="Diagnostics of circuits that learn the magnetisation of an Ising chain",
        text=(
            "The study of [DIAG] remade on six qubits: hardware-efficient and Hamiltonian variational ansatz, data of "
            "low and of high frequency, diagnosed at random angles and trained at the critical learning rate. Each "
            "statement of the source is held against comparisons of models that differ in one thing, ties and unequal "
            "ranks left out; one that is seen in part, or not, is no failure of the program, but a finding."
        ),
        evidence=tuple(
            Evidence(
                statement=found.statement,
                predicted=found.comparison,
                seen=found.evidence,
                distance=f"{found.verdict}: {found.holds} of {found.num_comparisons}",
                holds=found.verdict == "seen",
            )
            for found in study.findings
        ),
        figure=_study_figure(study, seed),
        command=STUDY.shell_command(seed),
    )


def _study_figure(study: DiagnosticsStudy, seed: int) -> PaperFigure:
    families: dict[tuple[str, str], list[StudyModel]] = {}
    for model in study.models:
        families.setdefault((model.ansatz, model.encoding), []).append(model)

    def panel(label: str, value: Callable[[StudyModel], float]) -> Panel:
        return Panel(
            x_label="number of parameters",
            y_label=label,
            points=tuple(
                Points(
                    kind,
                    f"{_NAMES[ansatz]}, {encoding} frequency",
                    numbers([each.num_parameters for each in models]),
                    numbers([value(each) for each in models]),
                    (0.0,) * len(models),
                )
                for kind, ((ansatz, encoding), models) in zip(_KINDS, families.items(), strict=True)
            ),
            logarithmic="xy",
        )

    return PaperFigure(
        name="diagnostics",
        alt="Smallest eigenvalue and condition number against the number of parameters; predicted beside trained",
        caption=(
            "(a) Smallest eigenvalue of the kernel that is not 0, (b) condition number, which at the critical learning "
            "rate is the decay time; geometric means over random angles. (c) Loss, (d) inference after the last step: "
            "predicted before training, and trained."
        ),
        choices=(
            f"Seed {seed}. Ring of six spins, magnetisation along the field, h = −5, −4.5 … 4.5; every second is data.",
            "Low frequency: the data enter before the first layer; high: before every layer.",
            "Observable X of one qubit; labels as they are, and at 0.3 of their size.",
        ),
        data={"seed": seed, "table": list(map(_without_infinities, study.rows()))},
        panels=(
            panel(r"$\lambda_{\min}$", lambda m: m.smallest_eigenvalue),
            panel(r"$\kappa$, and decay time $\tau$ at $c=1$", lambda m: m.condition_number),
            *_trained_panels(study),
        ),
    )


def _trained_panels(study: DiagnosticsStudy) -> tuple[Panel, Panel]:
    """Predicted beside trained: the loss of each ansatz, and the inference of one, at most layers and small labels."""
    chosen = [
        run for run in study.runs if run.encoding == "high" and run.label_scale == study.runs[-1].label_scale
    ]
    last = {run.ansatz: run for run in chosen}  # the deepest of each
    lines, points = [], []
    for (ansatz, run), (line, point) in zip(
        last.items(), (("exact", "fixed"), ("exact 2", "fresh")), strict=False
    ):
        t = run.run.steps
        lines.append(
            Line(line, f"predicted, {_NAMES[ansatz]}", numbers(t), numbers(run.diagnosis.predicted_losses(t)))
        )
        points.append(sparse(point, f"trained, {_NAMES[ansatz]}", t, run.run.losses[:, 0]))
    run = last["hardware_efficient"]
    t, h = run.run.steps[-1:], study.fields[study.test]
    predicted = run.diagnosis.predicted_test_outputs(t)[0]
    wanted = run.label_scale * study.targets[study.test]
    zeros = (0.0,) * len(h)
    inference = Panel(
        x_label="field $h$",
        y_label=f"inference, labels × {run.label_scale:g}",
        lines=(Line("floor", "magnetisation", numbers(h), numbers(wanted)),),
        points=(
            Points("other", "inference, predicted", numbers(h), numbers(predicted), zeros),
            Points("lowest", "inference, trained", numbers(h), numbers(run.test_outputs), zeros),
        ),
    )
    return Panel("step $t$", "loss", lines=tuple(lines), points=tuple(points), logarithmic="y"), inference


def _without_infinities(row: dict[str, Any]) -> dict[str, Any]:
    """A row for JSON: a run that has not learnt has no number of steps."""
    return {key: None if isinstance(x, float) and not np.isfinite(x) else x for key, x in row.items()}


STUDY: Study = Study("diagnostics", "diagnose", make)
