"""A diagnosis as JSON and back: the fields, which determine it, and the derived numbers for other readers."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import without_repetition
from haarqntk.checks import real_number
from haarqntk.errors import InputError, InputTypeError
from haarqntk.training._diagnosis_input import real_array

if TYPE_CHECKING:
    from collections.abc import Callable

    from haarqntk.training._diagnosis_predictions import LinearTraining

DIAGNOSIS_SCHEMA_VERSION = 1

_NUMBERS = ("learning_rate", "c", "rank_tolerance", "overfitting_gap")
_ARRAYS = {
    "singular_values": ("singular values",),
    "modes": ("points", "singular values"),
    "outputs": ("points",),
    "targets": ("points",),
}
_TEST_ARRAYS = {
    "test_modes": ("test points", "singular values"),
    "test_outputs": ("test points",),
    "test_targets": ("test points",),
}
_DERIVED = (
    "largest_eigenvalue",
    "smallest_eigenvalue",
    "condition_number",
    "condition_number_on_range",
    "rank",
    "effective_rank",
    "critical_learning_rate",
    "stability_edge",
    "is_stable",
    "decay_time",
    "discrete_decay_time",
    "final_loss",
    "train_r_squared",
    "test_r_squared",
    "is_overfitting",
)


def record_text(diagnosis: LinearTraining) -> str:
    """The JSON of a diagnosis; numbers that JSON does not have, ∞ and nan, are null among the derived ones."""
    record: dict[str, Any] = {"schema_version": DIAGNOSIS_SCHEMA_VERSION, "type": "diagnosis"}
    record |= {"num_parameters": diagnosis.num_parameters, "outputs_given": diagnosis.outputs_given}
    record |= {name: getattr(diagnosis, name) for name in _NUMBERS}
    for name in (*_ARRAYS, *_TEST_ARRAYS):
        array = getattr(diagnosis, name)
        record[name] = None if array is None else array.tolist()
    derived = {name: getattr(diagnosis, name) for name in _DERIVED}
    record["derived"] = {name: _or_null(value) for name, value in derived.items()}
    return json.dumps(record, allow_nan=False, ensure_ascii=False)


def read_record(text: str) -> dict[str, Any]:
    """The fields of a diagnosis from its JSON, each checked by name.

    Raises:
        InputError: If the text is no JSON of a diagnosis, of another version, or a value does not fit.
        InputTypeError: If it is no text.
    """
    if not isinstance(text, str):
        raise InputTypeError(
            f"text must be a string of JSON, got {type(text).__name__}; pass Diagnosis.to_json()"
        )
    try:
        record = json.loads(text, object_pairs_hook=without_repetition)
    except ValueError as error:
        raise InputError(f"text must be the JSON of a diagnosis, got no JSON: {error}") from None
    except RecursionError:
        raise InputError("text must be the JSON of a diagnosis, got lists within lists without end") from None
    if not isinstance(record, dict) or record.get("type") != "diagnosis":
        raise InputError("text must be the JSON of a diagnosis, got another type; pass Diagnosis.to_json()")
    if record.get("schema_version") != DIAGNOSIS_SCHEMA_VERSION:
        raise InputError(
            f"schema_version must be {DIAGNOSIS_SCHEMA_VERSION}, got {record.get('schema_version')!r}; "
            "write the diagnosis again with this version of the library"
        )
    known = {*_NUMBERS, *_ARRAYS, *_TEST_ARRAYS, "num_parameters", "outputs_given"}
    if missing := sorted(known - record.keys()):
        raise InputError(f"text must have every key of a diagnosis, got none of {', '.join(missing)}")
    return _fields(record)


def _fields(record: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = {name: real_number(name, record[name], positive=True) for name in _NUMBERS}
    for name, check in _COUNTS.items():
        if not check(record[name]):
            raise InputError(f"{name} must be as Diagnosis.to_json writes it, got {record[name]!r}")
        read[name] = record[name]
    for name, axes in (_ARRAYS | _TEST_ARRAYS).items():
        absent = name in _TEST_ARRAYS and record[name] is None
        cure = "pass what Diagnosis.to_json wrote"
        read[name] = None if absent else real_array(name, record[name], axes=axes, cure=cure)
    _check_fit(read)
    return read


def _check_fit(read: dict[str, Any]) -> None:
    """The arrays of a record must fit each other, and the singular values be decreasing and positive."""
    s, (m, r) = read["singular_values"], read["modes"].shape
    expected: dict[str, tuple[int, ...]] = {"singular_values": (r,), "outputs": (m,), "targets": (m,)}
    if read["test_modes"] is not None:
        n = len(read["test_modes"])
        if read["test_outputs"] is None:
            raise InputError("test_outputs must be given with test_modes, got null")
        expected |= {"test_modes": (n, r), "test_outputs": (n,), "test_targets": (n,)}
    for name, shape in expected.items():
        if read[name] is not None and read[name].shape != shape:
            raise InputError(f"{name} must have the shape {shape} of the record, got {read[name].shape}")
    if s[-1] <= 0 or (np.diff(s) > 0).any():
        raise InputError(f"singular_values must be positive and not increase, got {s.tolist()}")


def _or_null(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


_COUNTS: dict[str, Callable[[object], bool]] = {
    "num_parameters": lambda value: type(value) is int and value >= 1,
    "outputs_given": lambda value: isinstance(value, bool),
}
