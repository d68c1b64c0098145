"""A diagnosis in words: the same rows for a terminal, 80 columns wide, and for a notebook."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk.training._diagnosis_predictions import LinearTraining

WIDTH = 80
_LABEL_WIDTH = 18
_SHOWN_POINTS, _SHOWN_TERMS = 3, 4


def as_text(diagnosis: LinearTraining) -> str:
    """The headline and the rows, wrapped to 80 columns."""
    lines = [headline(diagnosis)]
    for label, text in rows(diagnosis):
        lines += textwrap.wrap(
            text,
            WIDTH,
            initial_indent=f"  {label:<{_LABEL_WIDTH}}",
            subsequent_indent=" " * (_LABEL_WIDTH + 2),
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def headline(diagnosis: LinearTraining) -> str:
    """Points and parameters."""
    points, parameters = diagnosis.num_points, diagnosis.num_parameters
    return f"{_count(points, 'data point')}, {_count(parameters, 'parameter')}, frozen kernel K = J Jᵀ"


def rows(diagnosis: LinearTraining) -> list[tuple[str, str]]:
    """Label and text of every row, each one sentence or a few numbers."""
    return [
        ("kernel", _spectrum(diagnosis)),
        ("rank", _rank(diagnosis)),
        ("learning rate", _learning_rate(diagnosis)),
        ("decay time", _decay_time(diagnosis)),
        ("training", _training(diagnosis)),
        ("inference", _inference(diagnosis)),
    ]


def null_space_text(dependent_points: Mapping[int, Mapping[int, float]]) -> str:
    """Which gradients are combinations of which others, the first few of them.

    Examples:
        >>> null_space_text({5: {3: -1.0, 2: 0.5}, 7: {}})
        'that of point 5 = 0.5·(point 2) − 1·(point 3); that of point 7 vanishes'
    """
    shown = [
        f"that of point {point} " + (f"= {_combination(terms)}" if terms else "vanishes")
        for point, terms in list(dependent_points.items())[:_SHOWN_POINTS]
    ]
    if (more := len(dependent_points) - len(shown)) > 0:
        shown.append(f"{more} more")
    return "; ".join(shown)


def _combination(terms: Mapping[int, float]) -> str:
    largest = sorted(sorted(terms, key=lambda point: -abs(terms[point]))[:_SHOWN_TERMS])
    text = " ".join(f"{'−' if terms[i] < 0 else '+'} {abs(terms[i]):.3g}·(point {i})" for i in largest)
    if (more := len(terms) - len(largest)) > 0:
        text += f" + {_count(more, 'term')}"
    return f"−{text[2:]}" if text.startswith("−") else text[2:]


def _spectrum(d: LinearTraining) -> str:
    if d.is_singular:
        smallest = d.largest_eigenvalue / d.condition_number_on_range
        return (
            f"λ_max = {d.largest_eigenvalue:.4g}, λ_min = 0, κ = ∞; smallest eigenvalue that is not 0: "
            f"{smallest:.4g}, there κ = {d.condition_number_on_range:.4g}"
        )
    return (
        f"λ_max = {d.largest_eigenvalue:.4g}, λ_min = {d.smallest_eigenvalue:.4g}, "
        f"κ = λ_max/λ_min = {d.condition_number:.4g}"
    )


def _rank(d: LinearTraining) -> str:
    text = f"{d.rank} of {d.num_points}, effective rank (Tr K)²/Tr K² = {d.effective_rank:.3g}"
    if not d.is_singular:
        return text
    return f"{text}; gradients in the null space: {null_space_text(d.dependent_points)}"


def _learning_rate(d: LinearTraining) -> str:
    text = (
        f"critical c/λ_max = {d.critical_learning_rate:.4g} (c = {d.c:g}), stability edge 2/λ_max = "
        f"{d.stability_edge:.4g}, used {d.learning_rate:.4g}; for the loss ½Σε², times {d.num_points / 2:g} for "
        "the mean square"
    )
    return text if d.is_stable else f"{text}. UNSTABLE: {_at_the_edge(d)}"


def _at_the_edge(d: LinearTraining) -> str:
    """What an unstable descent does: at the edge itself the first mode keeps its size."""
    beyond = d.learning_rate > d.stability_edge * (1 + 2.0**-40)
    return (
        "diverges, beyond the edge the loss grows without bound" if beyond else "does not decay at the edge"
    )


def _decay_time(d: LinearTraining) -> str:
    if not d.is_stable:
        return "none: the descent does not decay"
    exact = "never" if math.isinf(d.discrete_decay_time) else f"{d.discrete_decay_time:.4g}"
    text = f"τ = 1/(ηλ_min) = {d.decay_time:.4g} steps, of discrete steps exactly {exact}"
    return f"{text}, on the modes that learn; the null space never decays" if d.is_singular else text


def _training(d: LinearTraining) -> str:
    given = "" if d.outputs_given else " (outputs not given, taken as 0)"
    start = float(d.predicted_losses(0)[0])
    if not d.is_stable:
        return f"loss {start:.4g}{given} at the start, {_at_the_edge(d)}"
    return f"loss {start:.4g}{given} at the start, {d.final_loss:.4g} for t → ∞, R² = {_number(d.train_r_squared)}"


def _inference(d: LinearTraining) -> str:
    if d.test_modes is None:
        return "no test points given"
    points = _count(len(d.test_modes), "test point")
    if d.test_r_squared is None:
        return f"{points}, targets not given"
    if not d.is_stable:
        return f"{points}, no limit t → ∞: the descent does not decay"
    text = f"{points}, R² = {_number(d.test_r_squared)} for t → ∞"
    if d.is_overfitting is None:
        return f"{text}; targets that do not vary have no R²"
    relation = ">" if d.is_overfitting else "≤"
    verdict = "overfitting" if d.is_overfitting else "no overfitting"
    return f"{text}; {verdict}: R²(train) − R²(test) {relation} {d.overfitting_gap:g}"


def _number(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.4g}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
