"""What the study of circuit diagnostics found: models, runs, and statements with their evidence."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.training._diagnosis_input import frozen
from haarqntk.training._study_findings import findings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from haarqntk.training._diagnosis import Diagnosis
    from haarqntk.training._run import TrainingRun
    from haarqntk.training._study_findings import StudyFinding

    Real = NDArray[np.float64]

_LEARNT = 0.01  # a run has learnt once its loss is this fraction of the first
_WIDTH = 80
_HEAD = ("", "enc", "layers", "p", "rank", "λ_min", "κ", "labels", "deviat.", "ΔK/K", "R²pred", "R²train")
_WIDTHS = (3, 4, 6, 4, 4, 7, 7, 6, 7, 5, 6, 7)


@dataclass(frozen=True, eq=False)
class StudyModel:
    """One family at one depth, diagnosed at several initialisations.

    Args:
        ansatz: "hamiltonian_variational" or "hardware_efficient".
        encoding: "low" or "high".
        layers: The number of layers.
        diagnoses: One for each initialisation.
        label_scale: The factor of the labels in them, 1.
    """

    ansatz: str
    encoding: str
    layers: int
    diagnoses: tuple[Diagnosis, ...]
    label_scale: float = 1.0

    @property
    def num_parameters(self) -> int:
        """The number of angles."""
        return self.diagnoses[0].num_parameters

    @property
    def rank(self) -> int:
        """The smallest rank of the kernel over the initialisations."""
        return min(d.rank for d in self.diagnoses)

    @property
    def smallest_eigenvalue(self) -> float:
        """The smallest eigenvalue that is not 0, geometric mean over the initialisations."""
        return _geometric_mean(float(d.singular_values[-1]) ** 2 for d in self.diagnoses)

    @property
    def condition_number(self) -> float:
        """λ_max over that eigenvalue, geometric mean over the initialisations."""
        return _geometric_mean(d.condition_number_on_range for d in self.diagnoses)

    @property
    def decay_time(self) -> float:
        """τ = 1/(ηλ), geometric mean over the initialisations."""
        return _geometric_mean(d.decay_time for d in self.diagnoses)

    @property
    def test_r_squared(self) -> float:
        """R² of the predicted inference, t → ∞, median over the initialisations."""
        return float(np.median([d.test_r_squared for d in self.diagnoses]))


@dataclass(frozen=True, eq=False)
class StudyRun:
    """One training beside its prediction.

    Args:
        ansatz: As the model's.
        encoding: As the model's.
        layers: As the model's.
        label_scale: The factor of the labels.
        diagnosis: At the same initialisation, of these labels.
        run: The training.
        test_outputs: The trained model on the test points.
        test_r_squared: R² of these.
    """

    ansatz: str
    encoding: str
    layers: int
    label_scale: float
    diagnosis: Diagnosis
    run: TrainingRun
    test_outputs: Real
    test_r_squared: float

    @property
    def num_parameters(self) -> int:
        """The number of angles."""
        return self.diagnosis.num_parameters

    @property
    def deviation(self) -> float:
        """max_t ‖z_predicted(t) − z(t)‖/‖ε(0)‖ over the recorded steps."""
        predicted = self.diagnosis.predicted_outputs(self.run.steps)
        errors = np.linalg.norm(predicted - self.run.outputs[:, 0], axis=1)
        return float(errors.max() / np.linalg.norm(self.run.residuals[0, 0]))

    @property
    def kernel_change(self) -> float:
        """‖K(T) − K(0)‖/‖K(0)‖, Frobenius norms."""
        K = self.diagnosis.kernel
        return float(np.linalg.norm(self.run.final_kernels[0] - K) / np.linalg.norm(K))

    @property
    def remaining_loss(self) -> float:
        """The last recorded loss over the first."""
        losses = self.run.losses[:, 0]
        return float(losses[-1] / losses[0])

    @property
    def steps_to_learn(self) -> float:
        """The first recorded step at which the loss is below 1 % of the first; infinite if there is none."""
        losses = self.run.losses[:, 0]
        below = self.run.steps[losses < _LEARNT * losses[0]]
        return float(below[0]) if below.size else math.inf


@dataclass(frozen=True, eq=False)
class DiagnosticsStudy:
    """The study's data, models, runs and findings.

    Args:
        fields: h.
        targets: The magnetisation at each field.
        train: Indices of the data points.
        test: Indices of the test points.
        models: Every family at every depth.
        runs: Their trainings, for each label scale.
    """

    fields: Real
    targets: Real
    train: NDArray[np.int64]
    test: NDArray[np.int64]
    models: tuple[StudyModel, ...]
    runs: tuple[StudyRun, ...]

    def __post_init__(self) -> None:
        for name in ("fields", "targets", "train", "test"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    def rows(self) -> list[dict[str, Any]]:
        """The table: one row for each model and label scale, plain values under the names of the columns."""
        models = {(m.ansatz, m.encoding, m.layers): m for m in self.models}
        return [
            {
                "ansatz": run.ansatz,
                "encoding": run.encoding,
                "layers": run.layers,
                "num_parameters": model.num_parameters,
                "rank": model.rank,
                "smallest_eigenvalue": model.smallest_eigenvalue,
                "condition_number": model.condition_number,
                "decay_time": model.decay_time,
                "label_scale": run.label_scale,
                "deviation": run.deviation,
                "kernel_change": run.kernel_change,
                "steps_to_learn": run.steps_to_learn,
                "remaining_loss": run.remaining_loss,
                "predicted_test_r_squared": run.diagnosis.test_r_squared,
                "trained_test_r_squared": run.test_r_squared,
            }
            for run in self.runs
            for model in [models[run.ansatz, run.encoding, run.layers]]
        ]

    def summary(self) -> str:
        """The table and the findings as text, 80 columns.

        HVA and HEA are the ansatzes, p the number of parameters; λ_min and κ are those on the kernel's range,
        geometric means over the initialisations; labels is the label scale, deviat. the largest deviation of
        the outputs from the prediction, ΔK/K the change of the kernel; R² on the test points, predicted for
        t → ∞ and trained.
        """
        lines = [_line(_HEAD)]
        lines += [
            _line(
                (
                    "HVA" if row["ansatz"] == "hamiltonian_variational" else "HEA",
                    row["encoding"],
                    *(str(row[name]) for name in ("layers", "num_parameters", "rank")),
                    *(f"{row[name]:.1e}" for name in ("smallest_eigenvalue", "condition_number")),
                    f"{row['label_scale']:.2g}",
                    f"{row['deviation']:.3f}",
                    f"{row['kernel_change']:.2f}",
                    *(_score(row[f"{kind}_test_r_squared"]) for kind in ("predicted", "trained")),
                )
            )
            for row in self.rows()
        ]
        for finding in self.findings:
            lines += textwrap.wrap(str(finding), _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        return "\n".join(lines)

    @cached_property
    def findings(self) -> tuple[StudyFinding, ...]:
        """The statements of the source, each judged by comparisons whose candidates are fixed beforehand."""
        return findings(self.models, self.runs)


def _geometric_mean(values: Iterable[float]) -> float:
    return math.exp(np.mean(np.log(list(values))))


def _score(r_squared: float) -> str:
    return f"{r_squared:.2f}" if r_squared > -10 else f"{r_squared:.0e}"  # noqa: PLR2004 - width


def _line(cells: Iterable[str]) -> str:
    return " ".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
