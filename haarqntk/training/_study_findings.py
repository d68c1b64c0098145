"""The statements of the source on diagnostics, judged by comparing models and runs of a study.

A comparison is between two models, or runs, that differ in one thing only. Which ones are candidates is fixed here,
before any number is known; two kinds drop out once the numbers are: neighbouring depths whose kernels differ in
rank, and runs that tie. A statement of which nothing is left is not decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import Tabled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from haarqntk.training._study_models import StudyModel, StudyRun

_ENCODINGS = ("high", "low")
_ANSATZES = ("hardware_efficient", "hamiltonian_variational")


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
    comparison = (
        "neighbouring depths of a family whose kernels have the same rank, eigenvalues that are not 0"
    )
    return StudyFinding(statement, comparison, holds, of, "; ".join(texts))


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
