"""JSON: every result as exact data, with its meaning, in a form that ``schema.json`` describes, and read back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import msgspec

from haarqntk.base import SCHEMA_VERSION, check_version, read_json, read_record, short
from haarqntk.checks import one_of
from haarqntk.errors import InputError, InputTypeError
from haarqntk.export import _results as results
from haarqntk.export._results_integrals import INTEGRAL, INTEGRAL_SERIES
from haarqntk.export._values import KINDS, refusal
from haarqntk.export._wire import EXPRESSIONS, Result, wired

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.base import Shown
    from haarqntk.export._values import Value

_TYPES: dict[str, type[Result]] = {
    record.__name__: record
    for record in (
        *(results.FORMULA, results.EIGENVALUES, results.RATIO, results.SERIES, results.POLYNOMIAL),
        *(
            results.RATIONAL_FUNCTION,
            results.WEINGARTEN_FUNCTION,
            results.EXPANSION,
            INTEGRAL,
            INTEGRAL_SERIES,
        ),
        *(
            results.TWIRL,
            results.TWIRLED_CHANNEL,
            results.DESIGN_CHECK,
            results.CLAIM_CHECK,
            results.ESTIMATE,
        ),
    )
}
"""Type on the wire → its struct."""

_KINDS = tuple(record.stands_for for record in _TYPES.values() if record.stands_for)


@runtime_checkable
class Recordable(Protocol):
    """A value of a room that this one does not see, such as an estimate, which knows its own type and fields."""

    def to_record(self) -> dict[str, Any]:
        """The type of the result and its fields as plain data."""
        ...


def json_text(data: object) -> str:
    """Readable JSON, in UTF-8, refusing what JSON cannot hold."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    return msgspec.json.format(text, indent=2)


def to_json(value: Value | Shown | Sequence[Value | Shown]) -> str:
    r"""A result, or a list of results, as JSON; ``from_json`` reads it back.

    Args:
        value: A formula, eigenvalues, ratio, series, polynomial, rational or Weingarten function, expansion, integral,
            twirl, design check, claim check or estimate.

    Returns:
        JSON of the schema ``haarqntk/export/schema.json``. Texts and LaTeX in it are for other readers.

    Raises:
        InputTypeError: If the value is no such result.
        OutputError: If it holds a number that is not algebraic.

    Examples:
        >>> from haarqntk.algebra import RationalFunction
        >>> to_json(RationalFunction(1, [-1, 1])).replace("\n", "").replace(" ", "")
        '{"schema_version":1,"type":"rational_function","numerator":[1],"denominator":[-1,1]}'

    Reference:
        derivations/00_conventions.md, for the symbols.
    """
    if isinstance(value, list | tuple):
        return json_text([record_of(each) for each in value])
    return json_text(record_of(value))


def record_of(value: object) -> dict[str, Any]:
    """The result as plain data, with the version of the schema and the type of the result.

    Raises:
        InputTypeError: If the value is no result that can be written.
    """
    if isinstance(value, _KINDS):
        return _plain(wired(value))
    if isinstance(value, Recordable):
        return {"schema_version": SCHEMA_VERSION, **value.to_record()}
    raise InputTypeError(refusal(value, f"{KINDS}, a twirl, a design check, a claim check or an estimate"))


def _plain(record: Result) -> dict[str, Any]:
    """Plain data, the version before the type, which msgspec writes first."""
    fields = {
        name: _plain(part) if isinstance(part, Result) else msgspec.to_builtins(part)
        for name, part in msgspec.structs.asdict(record).items()
    }
    return {"schema_version": fields.pop("schema_version"), "type": record.__struct_config__.tag, **fields}


def from_json(text: str) -> Any:
    """The result that ``to_json`` wrote; a list of results from a list.

    Args:
        text: JSON of the schema ``haarqntk/export/schema.json``. An estimate is read by ``hq.Estimate.from_json``.

    Raises:
        InputTypeError: If ``text`` is no text.
        InputError: If it is no JSON, of another version of the schema, or breaks a rule of it.

    Examples:
        >>> from haarqntk.export import to_json
        >>> from haarqntk.qntk import formula
        >>> mean = formula("kernel_mean")
        >>> from_json(to_json(mean)) == mean
        True

    Reference:
        derivations/00_conventions.md, for the symbols.
    """
    data = read_json(text)
    return [_value(each) for each in data] if isinstance(data, list) else _value(data)


def _value(data: Any) -> Any:
    if not isinstance(data, dict):
        raise InputError(f"a result must be an object, got {short(data)}; is it JSON of haarqntk?")
    for name in ("schema_version", "type"):
        if name not in data:
            raise InputError(f"a result must have the field {name}; is it JSON of haarqntk?")
    check_version(data["schema_version"])
    record = _TYPES[one_of("type of result", data["type"], _TYPES)]
    return read_record("a result", data, record).build()


def json_schema() -> str:
    """The text of ``schema.json``: what the structs, and the registries of names, say."""
    references, parts = msgspec.json.schema_components(_TYPES.values(), ref_template="#/$defs/{name}")
    for part in map(parts.__getitem__, _TYPES):
        part["properties"]["schema_version"] = {"const": SCHEMA_VERSION}
        part["required"] = ["schema_version", *part["required"]]
    for name, shapes in (("Tree", [*EXPRESSIONS][:-1]), ("Number", EXPRESSIONS)):
        parts[name]["oneOf"] = [{"required": shape} for shape in shapes]
    result = {"$ref": "#/$defs/result"}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Results of haarqntk, version {SCHEMA_VERSION} of the schema",
        "description": "A result, or a list of results. Coefficients of polynomials in D stand lowest degree first. "
        "Integers beyond 2^53 are decimal texts. The fields expression, latex, text, range and eigenvalues repeat the "
        "data for readers; they are not read back.",
        "oneOf": [result, {"type": "array", "items": result}],
        "$defs": {"result": {"oneOf": references}, **parts},
    }
    return json_text(schema) + "\n"
