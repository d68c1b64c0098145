"""A diagnosis in words, the same rows for a terminal and for a notebook, and as JSON and back."""

from __future__ import annotations

import json
import math
import textwrap
from typing import TYPE_CHECKING, Any

from haarqntk.base import check_version, read_object
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


Diagnosis = Any  # of ``_diagnosis``, which imports this file

DIAGNOSIS_SCHEMA_VERSION = 1

_WIDTH, _LABEL_WIDTH = 80, 18
_SHOWN_POINTS, _SHOWN_TERMS = 3, 4
_LONGEST_TEXT = 2**32  # characters: the modes of the most points
_FIELDS = (  # of the record, in its order; they determine the diagnosis
    *("num_parameters", "outputs_given", "learning_rate", "c", "rank_tolerance", "overfitting_gap"),
    *("singular_values", "modes", "outputs", "targets", "test_modes", "test_outputs", "test_targets"),
)
_DERIVED = (  # for other readers
    *("largest_eigenvalue", "smallest_eigenvalue", "condition_number", "condition_number_on_range", "rank"),
    *("effective_rank", "critical_learning_rate", "stability_edge", "is_stable", "decay_time"),
    *("discrete_decay_time", "final_loss", "train_r_squared", "test_r_squared", "is_overfitting"),
)

# -- in words ----------------------------------------------------------------------------------------------------


def as_text(d: Diagnosis) -> str:
    """The headline and the rows, wrapped to 80 columns."""
    lines = [headline(d)]
    for label, text in rows(d).items():
        first, later = f"  {label:<{_LABEL_WIDTH}}", " " * (_LABEL_WIDTH + 2)
        lines += textwrap.wrap(
            text, _WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False
        )
    return "\n".join(lines)


def headline(d: Diagnosis) -> str:
    """Points and parameters."""
    points, parameters = _count(d.num_points, "data point"), _count(d.num_parameters, "parameter")
    return f"{points}, {parameters}, frozen kernel K = J Jᵀ"


def rows(d: Diagnosis) -> dict[str, str]:
    """Label and text of every row, each one sentence or a few numbers."""
    return {
        "kernel": _spectrum(d),
        "rank": _rank(d),
        "learning rate": _learning_rate(d),
        "decay time": _decay_time(d),
        "training": _training(d),
        "inference": _inference(d),
    }


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


def _spectrum(d: Diagnosis) -> str:
    if not d.is_singular:
        smallest, kappa = f"{d.smallest_eigenvalue:.4g}", f"{d.condition_number:.4g}"
        return f"λ_max = {d.largest_eigenvalue:.4g}, λ_min = {smallest}, κ = λ_max/λ_min = {kappa}"
    smallest = f"{d.largest_eigenvalue / d.condition_number_on_range:.4g}"
    return (
        f"λ_max = {d.largest_eigenvalue:.4g}, λ_min = 0, κ = ∞; smallest eigenvalue that is not 0: {smallest}, "
        f"there κ = {d.condition_number_on_range:.4g}"
    )


def _rank(d: Diagnosis) -> str:
    text = f"{d.rank} of {d.num_points}, effective rank (Tr K)²/Tr K² = {d.effective_rank:.3g}"
    null_space = f"; gradients in the null space: {null_space_text(d.dependent_points)}"
    return text + null_space if d.is_singular else text


def _learning_rate(d: Diagnosis) -> str:
    text = (
        f"critical c/λ_max = {d.critical_learning_rate:.4g} (c = {d.c:g}), stability edge 2/λ_max = "
        f"{d.stability_edge:.4g}, used {d.learning_rate:.4g}; for the loss ½Σε², times {d.num_points / 2:g} for "
        "the mean square"
    )
    return text if d.is_stable else f"{text}. UNSTABLE: {_at_the_edge(d)}"


def _at_the_edge(d: Diagnosis) -> str:
    """What an unstable descent does: at the edge itself the first mode keeps its size."""
    if d.learning_rate > d.stability_edge * (1 + 2.0**-40):
        return "diverges, beyond the edge the loss grows without bound"
    return "does not decay at the edge"


def _decay_time(d: Diagnosis) -> str:
    if not d.is_stable:
        return "none: the descent does not decay"
    exact = "never" if math.isinf(d.discrete_decay_time) else f"{d.discrete_decay_time:.4g}"
    text = f"τ = 1/(ηλ_min) = {d.decay_time:.4g} steps, of discrete steps exactly {exact}"
    return f"{text}, on the modes that learn; the null space never decays" if d.is_singular else text


def _training(d: Diagnosis) -> str:
    given = "" if d.outputs_given else " (outputs not given, taken as 0)"
    end = f"{d.final_loss:.4g} for t → ∞, R² = {_number(d.train_r_squared)}"
    start = float(d.predicted_losses(0)[0])
    return f"loss {start:.4g}{given} at the start, {end if d.is_stable else _at_the_edge(d)}"


def _inference(d: Diagnosis) -> str:
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
    verdict, relation = ("overfitting", ">") if d.is_overfitting else ("no overfitting", "≤")
    return f"{text}; {verdict}: R²(train) − R²(test) {relation} {d.overfitting_gap:g}"


def _number(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.4g}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


# -- as JSON -----------------------------------------------------------------------------------------------------


def record_text(d: Diagnosis) -> str:
    """The JSON of a diagnosis; numbers that JSON does not have, ∞ and nan, are null among the derived ones."""
    record: dict[str, Any] = {"schema_version": DIAGNOSIS_SCHEMA_VERSION, "type": "diagnosis"}
    record |= {name: getattr(d, name) for name in _FIELDS}
    derived = {name: getattr(d, name) for name in _DERIVED}
    record["derived"] = {n: x if x is not None and math.isfinite(x) else None for n, x in derived.items()}
    return json.dumps(record, allow_nan=False, ensure_ascii=False, default=lambda array: array.tolist())


def read_record(text: str) -> dict[str, Any]:
    """The fields of a diagnosis from its JSON, all there; ``Diagnosis`` checks each by name."""
    record = read_object(text, "diagnosis", cure="pass Diagnosis.to_json()", longest=_LONGEST_TEXT)
    check_version(record.get("schema_version"), DIAGNOSIS_SCHEMA_VERSION)
    if missing := sorted({*_FIELDS} - record.keys()):
        raise InputError(f"text must have every key of a diagnosis, got none of {', '.join(missing)}")
    return {name: record[name] for name in _FIELDS}
