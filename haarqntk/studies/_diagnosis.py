"""The diagnosis of an experiment's circuit before it is trained, and the study of [DIAG] remade."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.errors import InputTypeError
from haarqntk.export import Evidence, PaperFigure
from haarqntk.studies._study import Study, Texts, Unit, curve, dots, numbers, panel, sparse
from haarqntk.training import Diagnosis, diagnose_circuit, diagnostics_study

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from haarqntk.export import Line, Panel, Points
    from haarqntk.studies._experiment import DataChoice, Experiment
    from haarqntk.studies._study import Result, Seen, Work
    from haarqntk.training import DiagnosticsStudy, StudyModel, StudyRun

_ANSATZES = {"hamiltonian_variational": "variational", "hardware_efficient": "hardware-efficient"}
_KINDS = ("fixed", "other", "fresh", "lowest")


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
    alt, shown = "Kernel spectrum, and predicted loss against steps", _spectrum_and_loss(diagnosis)
    caption = CircuitDiagnosis.texts.caption.format(inference="")
    return PaperFigure(name, alt, caption, (), shown, _panels(shown))


def _spectrum_and_loss(d: Diagnosis) -> dict[str, Any]:
    t, eigenvalues = d.curve_steps, numbers(np.sort(d.eigenvalues)[::-1])
    return {"eigenvalues": eigenvalues, "step": t.tolist(), "loss": numbers(d.predicted_losses(t))}


def _panels(shown: dict[str, Any]) -> tuple[Panel, ...]:
    positive = [(i, x) for i, x in enumerate(shown["eigenvalues"], start=1) if x > 0]
    spectrum = dots("fixed", "kernel spectrum", *np.array(positive).reshape(-1, 2).T)
    loss = curve("exact", "frozen kernel", shown["step"], shown["loss"])
    return (
        panel("index", "eigenvalue of $K$", spectrum, log="y"),
        panel("step $t$", "predicted loss", loss, log="y" if min(shown["loss"]) > 0 else ""),
    )


@dataclass(frozen=True, kw_only=True)
class CircuitDiagnosis(Study):
    """The circuit of an experiment at its first random angles; a singular kernel is reported, not refused."""

    name: str
    path: str
    experiment: Experiment
    seed: int

    command, source = "diagnose", "scala2025"
    texts = Texts(
        title="Diagnosis of {study.name}",
        text="{circuit}, {diagnosis.num_points} data points. {verdict}",
        caption="(a) Kernel spectrum. (b) Predicted loss.{inference}",
        choices=("Seed {study.seed}; angles uniform on [0, 2π).",),
        alt="Kernel spectrum, predicted loss against steps, and predicted outputs on data and test points",
        recorded=("eigenvalues", "step", "loss"),
    )

    def units(self) -> Iterator[Unit]:
        learnt = self.experiment.given("data", path=self.path, purpose="diagnosed")
        yield Unit("diagnosis", partial(self._run, learnt))

    def _run(self, learnt: DataChoice, _: Work) -> Result:
        experiment, training = self.experiment, self.experiment.training
        circuit, rng = experiment.one_circuit()  # as for training: the same circuit and angles
        data = learnt.build(circuit.num_qubits)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a rate beyond stability: the section says so
            diagnosis = diagnose_circuit(
                circuit,
                experiment.observable.build(circuit.num_qubits),
                data.targets,
                features=data.features,
                angles=rng.uniform(0, 2 * np.pi, (1, circuit.num_parameters))[0],
                test_features=data.test_features,
                test_targets=data.test_targets,
                learning_rate=None if training is None else training.rate,
                pseudo_inverse=True,
            )
        return {"diagnosis": diagnosis, "data": data}

    def predict(self, results: Sequence[Result]) -> Seen:
        """The diagnosis and its data, what is recorded of it, and words."""
        d: Diagnosis = results[0]["diagnosis"]
        verdict = (
            f"Kernel: λ_max = {d.largest_eigenvalue:.4g}, κ = {d.condition_number_on_range:.4g}; decay time "
            f"{d.decay_time:.4g} steps at η = {d.learning_rate:.4g}; predicted R² = {d.train_r_squared:.4g} for t → ∞."
            if d.is_stable
            else f"At η = {d.learning_rate:.4g} training does not converge."
        )
        unstable = "The learning rate is beyond the stability edge 2/λ_max."
        return {
            **results[0],
            **_spectrum_and_loss(d),
            "circuit": self.experiment.circuit.described(d.num_parameters),
            "verdict": verdict,
            "inference": "" if results[0]["data"].fields is None else " (c) Predicted inference for t → ∞.",
            "warnings": () if d.is_stable else (unstable,),
        }

    def compare(self, seen: Seen) -> Iterator[Evidence]:
        d = seen["diagnosis"]
        points = ", ".join(map(str, d.dependent_points))
        depend = f": points {points} depend on others" if points else ""
        yield Evidence(
            "The kernel is regular: the circuit can fit every set of targets on these points",
            f"rank {d.num_points}",
            f"rank {d.rank}",
            f"null space of dimension {d.num_points - d.rank}{depend}",
            not d.is_singular,
        )
        yield Evidence(
            "The learning rate is stable",
            f"η < 2/λ_max = {d.stability_edge:.4g}",
            f"η = {d.learning_rate:.4g}",
            f"critical: {d.critical_learning_rate:.4g}",
            d.is_stable,
        )
        if d.is_overfitting is not None:
            yield Evidence(
                "The frozen kernel does not overfit",
                f"R²(train) − R²(test) ≤ {d.overfitting_gap:g}",
                f"R² = {d.train_r_squared:.3f} on the data, {d.test_r_squared:.3f} on the other points",
                "for t → ∞",
                not d.is_overfitting,
            )

    def panels(self, seen: Seen) -> Iterator[Panel]:
        yield from _panels(seen)
        d, data = seen["diagnosis"], seen["data"]
        if data.fields is None:
            return
        h = np.concatenate([data.fields, data.test_fields])
        predicted, order = np.concatenate([d.final_outputs, d.final_test_outputs]), np.argsort(h)
        limit = curve("exact", r"predicted, $t\to\infty$", h[order], predicted[order])
        yield panel(
            "field $h$",
            "magnetisation",
            *([limit] if d.is_stable else []),
            dots("fixed", "data", data.fields, data.targets),
            dots("other", "other points", data.test_fields, data.test_targets),
        )


@dataclass(frozen=True, kw_only=True)
class Diagnostics(Study):
    """Two ansatzes with two encodings at several depths, diagnosed and trained."""

    seed: int = 1
    layers: tuple[int, ...] = (2, 4, 8, 16)
    steps: int = 60

    name, command, source = "diagnostics", "diagnose", "scala2025"
    texts = Texts(
        title="Diagnostics of circuits that learn the magnetisation of an Ising chain",
        text=(
            "The study of [DIAG] remade on six qubits: hardware-efficient and Hamiltonian variational ansatz, data of "
            "low and of high frequency, diagnosed at random angles and trained at the critical learning rate. Each "
            "statement of the source is held against comparisons of models that differ in one thing, ties and unequal "
            "ranks left out; one that is seen in part, or not, is no failure of the program, but a finding."
        ),
        caption=(
            "(a) Smallest eigenvalue of the kernel that is not 0, (b) condition number, which at the critical "
            "learning rate is the decay time; geometric means over random angles. (c) Loss, (d) inference after the "
            "last step: predicted before training, and trained."
        ),
        choices=(
            "Seed {study.seed}. {ring}",
            "Low frequency: the data enter before the first layer; high: before every layer.",
            "Observable X of one qubit; labels as they are, and at 0.3 of their size.",
        ),
        alt=(
            "Smallest eigenvalue and condition number against the number of parameters; predicted beside trained"
        ),
        recorded=("table",),
    )

    def units(self) -> Iterator[Unit]:
        yield Unit("all models", self._run)

    def _run(self, work: Work) -> Result:
        rng, total = np.random.default_rng([self.seed, 17]), 4 * len(self.layers) * 2 * self.steps
        how: Any = {"layers": self.layers, "steps": self.steps}
        return {"study": diagnostics_study(rng, progress=lambda done: work.progress(done / total), **how)}

    def predict(self, results: Sequence[Result]) -> Seen:
        """The study, and its table; a run that has not learnt has no number of steps."""
        table = [
            {key: None if isinstance(x, float) and not np.isfinite(x) else x for key, x in row.items()}
            for row in results[0]["study"].rows()
        ]
        ring = "Ring of six spins, magnetisation along the field, h = −5, −4.5 … 4.5; every second is data."
        return {"found": results[0]["study"], "table": table, "ring": ring}

    def compare(self, seen: Seen) -> Iterator[Evidence]:
        for each in seen["found"].findings:
            distance = f"{each.verdict}: {each.holds} of {each.num_comparisons}"
            yield Evidence(each.statement, each.comparison, each.evidence, distance, each.verdict == "seen")

    def panels(self, seen: Seen) -> Iterator[Panel]:
        study: DiagnosticsStudy = seen["found"]
        condition_number = r"$\kappa$, and decay time $\tau$ at $c=1$"
        yield _by_parameters(study, r"$\lambda_{\min}$", lambda m: m.smallest_eigenvalue)
        yield _by_parameters(study, condition_number, lambda m: m.condition_number)
        yield from _predicted_and_trained(study)


def _by_parameters(study: DiagnosticsStudy, label: str, value: Callable[[StudyModel], float]) -> Panel:
    families: dict[tuple[str, str], list[StudyModel]] = {}
    for model in study.models:
        families.setdefault((model.ansatz, model.encoding), []).append(model)
    points = (
        dots(
            kind,
            f"{_ANSATZES[ansatz]}, {encoding} frequency",
            [each.num_parameters for each in models],
            [value(each) for each in models],
        )
        for kind, ((ansatz, encoding), models) in zip(_KINDS, families.items(), strict=True)
    )
    return panel("number of parameters", label, *points, log="xy")


def _predicted_and_trained(study: DiagnosticsStudy) -> tuple[Panel, Panel]:
    """The loss of each ansatz, and the inference of one, at most layers and small labels."""
    scale = study.runs[-1].label_scale
    drawn: list[Line | Points] = []
    last: dict[str, StudyRun] = {
        run.ansatz: run for run in study.runs if run.encoding == "high" and run.label_scale == scale
    }
    for (ansatz, run), (line, point) in zip(
        last.items(), (("exact", "fixed"), ("exact 2", "fresh")), strict=False
    ):
        t = run.run.steps
        drawn += [
            curve(line, f"predicted, {_ANSATZES[ansatz]}", t, run.diagnosis.predicted_losses(t)),
            sparse(point, f"trained, {_ANSATZES[ansatz]}", t, run.run.losses[:, 0]),
        ]
    run, h = last["hardware_efficient"], study.fields[study.test]
    predicted = run.diagnosis.predicted_test_outputs(run.run.steps[-1:])[0]
    inference = panel(
        "field $h$",
        f"inference, labels × {scale:g}",
        curve("floor", "magnetisation", h, scale * study.targets[study.test]),
        dots("other", "inference, predicted", h, predicted),
        dots("lowest", "inference, trained", h, run.test_outputs),
    )
    return panel("step $t$", "loss", *drawn, log="y"), inference
