"""A model of the study of circuit diagnostics, and a training of it beside its prediction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.base import Tabled

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

    Examples:
        >>> import haarqntk as hq
        >>> d = hq.diagnose([[2.0, 0], [0, 1]], [1.0, -1], test_jacobian=[[2.0, 0], [1, 1]], test_targets=[1.0, 0])
        >>> model = StudyModel("hardware_efficient", "low", 1, (d,))
        >>> model.layers, round(model.condition_number, 6)
        (1, 4.0)

    Reference:
        scala2025; derivations/16_diagnostics.md.
    """

    ansatz: str
    encoding: str
    layers: int
    diagnoses: tuple[Diagnosis, ...]
    label_scale: float = 1.0

    @property
    def num_parameters(self) -> int:
        """The number of angles.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], [1.0, -1], test_jacobian=[[2.0, 0], [1, 1]], test_targets=[1.0, 0])
            >>> model = StudyModel("hardware_efficient", "low", 1, (d,))
            >>> model.num_parameters
            2
        """
        return self.diagnoses[0].num_parameters

    @property
    def rank(self) -> int:
        """The smallest rank of the kernel over the initialisations.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], [1.0, -1], test_jacobian=[[2.0, 0], [1, 1]], test_targets=[1.0, 0])
            >>> model = StudyModel("hardware_efficient", "low", 1, (d,))
            >>> model.rank
            2
        """
        return min(d.rank for d in self.diagnoses)

    @property
    def smallest_eigenvalue(self) -> float:
        """The smallest eigenvalue that is not 0, geometric mean over the initialisations.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], [1.0, -1], test_jacobian=[[2.0, 0], [1, 1]], test_targets=[1.0, 0])
            >>> model = StudyModel("hardware_efficient", "low", 1, (d,))
            >>> round(model.smallest_eigenvalue, 6)
            1.0
        """
        return _geometric_mean(float(d.singular_values[-1]) ** 2 for d in self.diagnoses)

    @property
    def condition_number(self) -> float:
        """λ_max over that eigenvalue, geometric mean over the initialisations.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], [1.0, -1], test_jacobian=[[2.0, 0], [1, 1]], test_targets=[1.0, 0])
            >>> model = StudyModel("hardware_efficient", "low", 1, (d,))
            >>> round(model.condition_number, 6)
            4.0
        """
        return _geometric_mean(d.condition_number_on_range for d in self.diagnoses)

    @property
    def decay_time(self) -> float:
        """τ = 1/(ηλ), geometric mean over the initialisations.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], [1.0, -1], test_jacobian=[[2.0, 0], [1, 1]], test_targets=[1.0, 0])
            >>> model = StudyModel("hardware_efficient", "low", 1, (d,))
            >>> round(model.decay_time, 6)
            4.0
        """
        return _geometric_mean(d.decay_time for d in self.diagnoses)

    @property
    def test_r_squared(self) -> float:
        """R² of the predicted inference, t → ∞, median over the initialisations.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], [1.0, -1], test_jacobian=[[2.0, 0], [1, 1]], test_targets=[1.0, 0])
            >>> model = StudyModel("hardware_efficient", "low", 1, (d,))
            >>> round(model.test_r_squared, 6)
            0.5
        """
        return float(np.median([d.test_r_squared for d in self.diagnoses]))

    def facts(self) -> dict[str, str]:
        """The model and its diagnostics, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], [1.0, -1], test_jacobian=[[2.0, 0], [1, 1]], test_targets=[1.0, 0])
            >>> model = StudyModel("hardware_efficient", "low", 1, (d,))
            >>> model.facts()["parameters"]
            '2, rank 2'
        """
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

    Examples:
        >>> import numpy as np
        >>> from haarqntk.training import diagnostics_study
        >>> rng = np.random.default_rng(1)
        >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
        >>> run = study.runs[0]
        >>> run.ansatz, run.layers, run.run.final_step
        ('hamiltonian_variational', 1, 4)

    Reference:
        scala2025; derivations/16_diagnostics.md.
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
        """The number of angles.

        Examples:
            >>> import numpy as np
            >>> from haarqntk.training import diagnostics_study
            >>> rng = np.random.default_rng(1)
            >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
            >>> study.runs[0].num_parameters
            6
        """
        return self.diagnosis.num_parameters

    @property
    def deviation(self) -> float:
        """max_t ‖z_predicted(t) − z(t)‖/‖ε(0)‖ over the recorded steps.

        Examples:
            >>> import numpy as np
            >>> from haarqntk.training import diagnostics_study
            >>> rng = np.random.default_rng(1)
            >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
            >>> 0 < study.runs[0].deviation < 1
            True
        """
        predicted = self.diagnosis.predicted_outputs(self.run.steps)
        errors = np.linalg.norm(predicted - self.run.outputs[:, 0], axis=1)
        return float(errors.max() / np.linalg.norm(self.run.residuals[0, 0]))

    @property
    def kernel_change(self) -> float:
        """‖K(T) − K(0)‖/‖K(0)‖, Frobenius norms.

        Examples:
            >>> import numpy as np
            >>> from haarqntk.training import diagnostics_study
            >>> rng = np.random.default_rng(1)
            >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
            >>> study.runs[1].kernel_change > 0
            True
        """
        K = self.diagnosis.kernel
        return float(np.linalg.norm(self.run.final_kernels[0] - K) / np.linalg.norm(K))

    @property
    def remaining_loss(self) -> float:
        """The last recorded loss over the first.

        Examples:
            >>> import numpy as np
            >>> from haarqntk.training import diagnostics_study
            >>> rng = np.random.default_rng(1)
            >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
            >>> study.runs[0].remaining_loss < 1
            True
        """
        losses = self.run.losses[:, 0]
        return float(losses[-1] / losses[0])

    @property
    def steps_to_learn(self) -> float:
        """The first recorded step at which the loss is below 1 % of the first; infinite if there is none.

        Examples:
            >>> import numpy as np
            >>> from haarqntk.training import diagnostics_study
            >>> rng = np.random.default_rng(1)
            >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
            >>> study.runs[0].steps_to_learn
            inf
        """
        losses = self.run.losses[:, 0]
        below = self.run.steps[losses < _LEARNT * losses[0]]
        return float(below[0]) if below.size else math.inf

    def facts(self) -> dict[str, str]:
        """The model, and the training beside its prediction, for a notebook.

        Examples:
            >>> import numpy as np
            >>> from haarqntk.training import diagnostics_study
            >>> rng = np.random.default_rng(1)
            >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
            >>> study.runs[1].facts()["labels"]
            '× 0.3'
        """
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
