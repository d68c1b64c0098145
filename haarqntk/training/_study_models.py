"""A model of the study of circuit diagnostics, and a training of it beside its prediction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk._notebook import Tabled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from haarqntk.training._diagnosis import Diagnosis
    from haarqntk.training._run import TrainingRun

    Real = NDArray[np.float64]

_LEARNT = 0.01  # a run has learnt once its loss is this fraction of the first


@dataclass(frozen=True, eq=False, repr=False)
class StudyModel(Tabled):
    """One family at one depth, diagnosed at several initialisations.

    Attributes:
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

    def facts(self) -> dict[str, str]:
        """The model and its diagnostics, for a notebook."""
        return {
            "model": f"{self.ansatz}, {self.encoding} frequency, layers {self.layers}",
            "parameters": f"{self.num_parameters}, rank {self.rank}",
            "condition number": f"{self.condition_number:.4g}",
            "decay time": f"{self.decay_time:.4g} steps",
            "initialisations": str(len(self.diagnoses)),
        }


@dataclass(frozen=True, eq=False, repr=False)
class StudyRun(Tabled):
    """One training beside its prediction.

    Attributes:
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

    def facts(self) -> dict[str, str]:
        """The model, and the training beside its prediction, for a notebook."""
        return {
            "model": f"{self.ansatz}, {self.encoding} frequency, layers {self.layers}",
            "labels": f"× {self.label_scale:g}",
            "deviation": f"{self.deviation:.3g}",
            "kernel change": f"{self.kernel_change:.3g}",
            "remaining loss": f"{self.remaining_loss:.3g}",
            "R² on test points": f"{self.diagnosis.test_r_squared:.3g} predicted, {self.test_r_squared:.3g} trained",
        }


def _geometric_mean(values: Iterable[float]) -> float:
    return math.exp(np.mean(np.log(list(values))))
