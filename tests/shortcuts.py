"""Formulas by name with their own type, which ``hq.formula`` cannot tell apart, and results through JSON and back."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema

import haarqntk as hq
from haarqntk.qntk import EigenvalueFormula, Formula

SCHEMA = json.loads(files("haarqntk.export").joinpath("schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def closed_form(name: str) -> Formula:
    """A formula that is one closed form."""
    found = hq.formula(name)
    assert isinstance(found, Formula)
    return found


def eigenvalue_formula() -> EigenvalueFormula:
    """The eigenvalues of the mean supervised kernel."""
    found = hq.formula("supervised_kernel_eigenvalues")
    assert isinstance(found, EigenvalueFormula)
    return found


def returned(value: Any) -> Any:
    """What is read from the JSON of a result: an equal value, of the same type and JSON, which obeys the schema."""
    text = hq.to_json(value)
    VALIDATOR.validate(json.loads(text))
    read: Any = hq.from_json(text)
    assert read == value
    assert type(read) is type(value)
    assert hq.to_json(read) == text
    return read
