"""Models and runs of the study of circuit diagnostics, and the statements of its source, judged by comparing them.

A comparison is between two models, or runs, that differ in one thing only. Which ones are candidates is fixed here,
before any number is known; two kinds drop out once the numbers are: neighbouring depths whose kernels differ in
rank, and runs that tie. A statement of which nothing is left is not decided.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import Tabled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from haarqntk.training._diagnosis import Diagnosis
    from haarqntk.training._run import TrainingRun

    Real = NDArray[np.float64]

_LEARNT = 0.01  # a run has learnt once its loss is this fraction of the first
_ENCODINGS = ("high", "low")
_ANSATZES = ("hardware_efficient", "hamiltonian_variational")


@dataclass(frozen=True, eq=False, repr=False)
class StudyModel(Tabled):
    """One family at one depth, diagnosed at several initialisations.

    Attributes:
        ansatz: "hamiltonian_variational" or "hardware_efficient".
        encoding: "low" or "high".
        layers: The number of layers.
        diagnoses: One for each initialisation.
        label_scale: The factor of the labels in them, 1.
        num_parameters: The number of angles.
        rank: The smallest rank of the kernel over the initialisations.
        smallest_eigenvalue: The smallest eigenvalue that is not 0, geometric mean over the initialisations.
        condition_number: λ_max over that eigenvalue, geometric mean over the initialisations.
        decay_time: τ = 1/(ηλ), geometric mean over the initialisations.
        test_r_squared: R² of the predicted inference, t → ∞, median over the initialisations.

    Raises:
        TypeError: If a field is left out.

    Examples:
        >>> import haarqntk as hq
        >>> d = hq.diagnose([[2.0, 0], [0, 1]], [1.0, -1], test_jacobian=[[2.0, 0], [1, 1]], test_targets=[1.0, 0])
        >>> model = StudyModel("hardware_efficient", "low", 1, (d,))
        >>> model.num_parameters, model.rank, round(model.smallest_eigenvalue, 6)
        (2, 2, 1.0)
        >>> round(model.condition_number, 6), round(model.decay_time, 6), round(model.test_r_squared, 6)
        (4.0, 4.0, 0.5)

    Reference:
        scala2025; derivations/16_diagnostics.md.
    """

    ansatz: str
    encoding: str
    layers: int
    diagnoses: tuple[Diagnosis, ...]
    label_scale: float = 1.0
    num_parameters: int = field(init=False)
    rank: int = field(init=False)
    smallest_eigenvalue: float = field(init=False)
    condition_number: float = field(init=False)
    decay_time: float = field(init=False)
    test_r_squared: float = field(init=False)

    def __post_init__(self) -> None:
        found = self.diagnoses
        scores = np.array([d.test_r_squared for d in found], dtype=np.float64)
        _set(
            self,
            num_parameters=found[0].num_parameters,
            rank=min(d.rank for d in found),
            smallest_eigenvalue=_geometric_mean(float(d.singular_values[-1]) ** 2 for d in found),
            condition_number=_geometric_mean(d.condition_number_on_range for d in found),
            decay_time=_geometric_mean(d.decay_time for d in found),
            test_r_squared=float(np.median(scores)),
        )

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


def _geometric_mean(values: Iterable[float]) -> float:
    return math.exp(np.mean(np.log(list(values))))


def _set(value: object, **attributes: object) -> None:
    """Set what follows from the other attributes of a frozen value."""
    for name, attribute in attributes.items():
        object.__setattr__(value, name, attribute)


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
        num_parameters: The number of angles.
        deviation: max_t ‖z_predicted(t) − z(t)‖/‖ε(0)‖ over the recorded steps.
        kernel_change: ‖K(T) − K(0)‖/‖K(0)‖, Frobenius norms.
        remaining_loss: The last recorded loss over the first.
        steps_to_learn: The first recorded step at which the loss is below 1 % of the first; infinite if there is none.

    Raises:
        TypeError: If a field is left out.

    Examples:
        >>> import numpy as np
        >>> from haarqntk.training import diagnostics_study
        >>> rng = np.random.default_rng(1)
        >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
        >>> run = study.runs[0]
        >>> run.ansatz, run.layers, run.run.final_step, run.num_parameters
        ('hamiltonian_variational', 1, 4, 6)
        >>> 0 < run.deviation < 1, study.runs[1].kernel_change > 0, run.remaining_loss < 1, run.steps_to_learn
        (True, True, True, inf)

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
    num_parameters: int = field(init=False)
    deviation: float = field(init=False)
    kernel_change: float = field(init=False)
    remaining_loss: float = field(init=False)
    steps_to_learn: float = field(init=False)

    def __post_init__(self) -> None:
        run, K, losses = self.run, self.diagnosis.kernel, self.run.losses[:, 0]
        errors = np.linalg.norm(self.diagnosis.predicted_outputs(run.steps) - run.outputs[:, 0], axis=1)
        below = run.steps[losses < _LEARNT * losses[0]]
        _set(
            self,
            num_parameters=self.diagnosis.num_parameters,
            deviation=float(errors.max() / np.linalg.norm(run.residuals[0, 0])),
            kernel_change=float(np.linalg.norm(run.final_kernels[0] - K) / np.linalg.norm(K)),
            remaining_loss=float(losses[-1] / losses[0]),
            steps_to_learn=float(below[0]) if below.size else math.inf,
        )

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


@dataclass(frozen=True, slots=True, repr=False)
class StudyFinding(Tabled):
    """A statement of the source, and in how many comparisons it holds here.

    Attributes:
        statement: What the source says.
        comparison: What is compared, and what must hold.
        holds: In how many comparisons it does.
        num_comparisons: Of how many.
        evidence: The measured numbers.

    Examples:
        >>> StudyFinding("λ_min grows", "at every further depth", 3, 4, "").verdict
        'seen in part'

    Reference:
        scala2025; derivations/16_diagnostics.md.
    """

    statement: str
    comparison: str
    holds: int
    num_comparisons: int
    evidence: str

    @property
    def verdict(self) -> str:
        """Either "seen", if it holds in all comparisons, "seen in part", if in most, "not seen", or "not decided".

        Examples:
            >>> [StudyFinding("", "", holds, 4, "").verdict for holds in (4, 3, 2)]
            ['seen', 'seen in part', 'not seen']
            >>> StudyFinding("", "", 0, 0, "").verdict
            'not decided'
        """
        if not self.num_comparisons:
            return "not decided"
        if self.holds == self.num_comparisons:
            return "seen"
        return "seen in part" if 2 * self.holds > self.num_comparisons else "not seen"

    def facts(self) -> dict[str, str]:
        """The statement, the verdict and its evidence, for a notebook.

        Examples:
            >>> StudyFinding("λ_min grows", "at every further depth", 3, 4, "").facts()["verdict"]
            'seen in part, in 3 of 4 comparisons'
        """
        return {
            "statement": self.statement,
            "verdict": f"{self.verdict}, in {self.holds} of {self.num_comparisons} comparisons",
            "comparison": self.comparison,
            "evidence": self.evidence,
        }

    def __str__(self) -> str:
        counts = f"{self.holds} of {self.num_comparisons}"
        return f"{self.statement}: {self.verdict}, in {counts} ({self.comparison}). {self.evidence}"


def findings(models: Sequence[StudyModel], runs: Sequence[StudyRun]) -> tuple[StudyFinding, ...]:
    """Every statement, with its comparisons."""
    hardware = "the hardware-efficient ansatz trains faster"
    return (
        trend("λ_min grows with the number of parameters", models, lambda m: m.smallest_eigenvalue, 1),
        trend("τ ∝ κ falls with the number of parameters", models, lambda m: m.decay_time, -1),
        predicted_faster("high frequency trains faster, predicted", models, "encoding", _ENCODINGS),
        predicted_faster(f"{hardware}, predicted", models, "ansatz", _ANSATZES),
        trained_faster("high frequency trains faster, trained", runs, "encoding", _ENCODINGS),
        trained_faster(f"{hardware}, trained", runs, "ansatz", _ANSATZES),
        low_condition_number(runs),
        lazier_by_depth(runs),
        lazier_by_labels(runs),
    )


def _grouped(entries: Iterable[Any], *names: str) -> dict[tuple[Any, ...], list[Any]]:
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for entry in entries:
        groups.setdefault(tuple(getattr(entry, name) for name in names), []).append(entry)
    return groups


def trend(
    statement: str, models: Sequence[StudyModel], value: Callable[[StudyModel], float], sign: int
) -> StudyFinding:
    """Between neighbouring depths of a family; a kernel of larger rank has further eigenvalues, no larger ones."""
    holds, of, texts = 0, 0, []
    for (ansatz, encoding), family in _grouped(models, "ansatz", "encoding").items():
        pairs = [(a, b) for a, b in pairwise(family) if a.rank == b.rank]
        holds += sum(sign * value(a) < sign * value(b) for a, b in pairs)
        of += len(pairs)
        curve = " → ".join(f"{value(m):.2g}" for m in family)
        ranks = ", ".join(str(m.rank) for m in family)
        texts.append(f"{ansatz}, {encoding} frequency: {curve}, ranks {ranks}")
    compared = "neighbouring depths of a family whose kernels have the same rank, eigenvalues that are not 0"
    return StudyFinding(statement, compared, holds, of, "; ".join(texts))


def _pairs(entries: Iterable[Any], axis: str, names: tuple[str, str]) -> list[tuple[Any, Any]]:
    """Entries that differ in ``axis`` only, the one said to be faster first."""
    other = "ansatz" if axis == "encoding" else "encoding"
    groups = _grouped(entries, other, "num_parameters", "label_scale")
    named = [{getattr(entry, axis): entry for entry in group} for group in groups.values()]
    return [(group[names[0]], group[names[1]]) for group in named]


def predicted_faster(
    statement: str, models: Sequence[StudyModel], axis: str, names: tuple[str, str]
) -> StudyFinding:
    """By the decay time at the critical learning rate."""
    pairs = _pairs(models, axis, names)
    slower = sorted({a.num_parameters for a, b in pairs if a.decay_time >= b.decay_time})
    holds = sum(a.decay_time < b.decay_time for a, b in pairs)
    ratios = [b.decay_time / a.decay_time for a, b in pairs]
    where = f", not at {', '.join(map(str, slower))} parameters" if slower else ""
    return StudyFinding(
        statement,
        f"τ of {names[0]} smaller than of {names[1]}, all else equal",
        holds,
        len(pairs),
        f"Ratios from {min(ratios):.2g} to {max(ratios):.2g}{where}",
    )


def trained_faster(
    statement: str, runs: Sequence[StudyRun], axis: str, names: tuple[str, str]
) -> StudyFinding:
    """By the recorded step at which a run has learnt; ties decide nothing."""
    pairs = _pairs(runs, axis, names)
    decided = [(a, b) for a, b in pairs if a.steps_to_learn != b.steps_to_learn]
    return StudyFinding(
        statement,
        f"the loss of {names[0]} below 1 % of the first at an earlier recorded step than of {names[1]}, ties left out",
        sum(a.steps_to_learn < b.steps_to_learn for a, b in decided),
        len(decided),
        f"{len(pairs) - len(decided)} ties",
    )


def low_condition_number(runs: Sequence[StudyRun]) -> StudyFinding:
    """By the inference for t → ∞."""
    holds, texts = 0, []
    groups = _grouped(runs, "ansatz", "label_scale")
    for (ansatz, scale), group in groups.items():
        best = min(group, key=lambda run: run.diagnosis.condition_number_on_range)
        median = float(np.median([run.diagnosis.test_r_squared for run in group]))
        lowest = float(best.diagnosis.test_r_squared)
        holds += lowest < median
        texts.append(
            f"{ansatz}, labels × {scale:g}: κ = {best.diagnosis.condition_number_on_range:.2g} has R²(test) = "
            f"{lowest:.3f}, the median {median:.3f}"
        )
    flagged = sum(bool(run.diagnosis.is_overfitting) for run in runs)
    return StudyFinding(
        "a low κ can mean overfitting",
        "the model of lowest κ infers worse than the median one, for each ansatz and label scale",
        holds,
        len(groups),
        "; ".join([*texts, f"{flagged} of {len(runs)} diagnoses flag overfitting"]),
    )


def lazier_by_depth(runs: Sequence[StudyRun]) -> StudyFinding:
    """By the outputs at the first and the last depth of each family and label scale."""
    families = _grouped(runs, "ansatz", "encoding", "label_scale")
    medians = [
        f"labels × {scale:g}: "
        + " → ".join(
            f"{np.median([run.deviation for run in group]):.2g}"
            for group in _grouped(same_labels, "num_parameters").values()
        )
        for (scale,), same_labels in _grouped(runs, "label_scale").items()
    ]
    return StudyFinding(
        "with more parameters the prediction at the critical rate approaches the trained model",
        "deviation of the outputs smaller at the last depth of a family than at the first",
        sum(family[-1].deviation < family[0].deviation for family in families.values()),
        len(families),
        f"Medians over the families, by depth: {'; '.join(medians)}",
    )


def lazier_by_labels(runs: Sequence[StudyRun]) -> StudyFinding:
    """By the outputs at neighbouring label scales of each model."""
    models = _grouped(runs, "ansatz", "encoding", "num_parameters")
    pairs = [pair for group in models.values() for pair in pairwise(group)]
    first, last = ([group[i].kernel_change for group in models.values()] for i in (0, -1))
    return StudyFinding(
        "the lazier a training, the closer its prediction: smaller labels",
        "deviation of the outputs smaller for the next smaller label scale of a model",
        sum(b.deviation < a.deviation for a, b in pairs),
        len(pairs),
        f"Median relative change of the kernel {np.median(first):.2g} → {np.median(last):.2g}",
    )
