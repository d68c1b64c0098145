"""JSON read back: every field checked, nothing evaluated, one line where the text is no result."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from haarqntk._arguments import one_of
from haarqntk.circuits import ENSEMBLES, GENERATORS, Cost
from haarqntk.combinatorics import check_partition
from haarqntk.errors import InputError, InputTypeError
from haarqntk.exact import RationalFunction
from haarqntk.export._json import SCHEMA_VERSION
from haarqntk.qntk import EigenvalueFormula, Formula, Ratio, Series, formula, formulas
from haarqntk.traces import TracePolynomial
from haarqntk.weingarten import GROUPS, WeingartenFunction

if TYPE_CHECKING:
    from haarqntk.export._values import Value
    from haarqntk.haar import Dimension
    from haarqntk.traces import Monomial

_SYMBOL = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_DIGITS = re.compile(r"-?[1-9][0-9]{15,4000}")
_LONGEST_TEXT = 20_000_000
_Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecordedDerivation:
    """Stands for the derivation of a formula that was read: below the design order the named one is run again."""

    name: str
    ensemble: str
    generators: str
    design_order: int
    polynomial: TracePolynomial

    def __call__(self, dimension: Dimension) -> TracePolynomial:
        """The closed form, where it holds; what the named formula gives below that.

        Raises:
            InputError: Below the design order, if no named formula is that closed form.
        """
        if dimension is None or dimension >= self.design_order:
            return self.polynomial
        if self.name in formulas():
            named = formula(self.name, ensemble=self.ensemble, generators=self.generators)
            if isinstance(named, Formula) and named.polynomial == self.polynomial:
                return named.derive(dimension)
        raise InputError(
            f"D must be at least {self.design_order} for a formula read from JSON, which holds no derivation, got "
            f"{dimension}; derive it again"
        )


def from_json(text: str) -> Value | list[Value]:
    """The result that ``to_json`` wrote; a list of results from a list.

    Args:
        text: JSON of the schema ``haarqntk/export/schema.json``.

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
    if not isinstance(text, str):
        raise InputTypeError(f"text must be JSON as a str, got {type(text).__name__}")
    if len(text) > _LONGEST_TEXT:
        raise InputError(f"text must have at most {_LONGEST_TEXT} characters, got {len(text)}")
    try:
        data = json.loads(text, object_pairs_hook=_without_repetition)
    except json.JSONDecodeError as error:
        raise InputError(f"text must be JSON: {error}") from None
    except (ValueError, RecursionError) as error:  # a number of too many digits, brackets in brackets
        raise InputError(f"text must be JSON that can be read: {error}") from None
    return [_value(each) for each in data] if isinstance(data, list) else _value(data)


def _without_repetition(pairs: list[tuple[str, Any]]) -> _Record:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise InputError(
            f"each field must stand once, got one twice among {', '.join(name for name, _ in pairs)}"
        )
    return record


def _value(data: object) -> Any:
    record = _object("a result", data)
    if "schema_version" not in record:
        raise InputError("a result must have the field schema_version; is it JSON of haarqntk?")
    if record["schema_version"] != SCHEMA_VERSION or isinstance(record["schema_version"], bool):
        raise InputError(
            f"schema_version must be {SCHEMA_VERSION}, got {record['schema_version']!r}; read it with the "
            "version of haarqntk that wrote it"
        )
    return _READERS[one_of("type of result", _field(record, "type"), _READERS)](record)


def _formula(record: _Record) -> Formula:
    texts: dict[str, Any] = {
        name: _text(name, _field(record, name))
        for name in ("name", "definition", "definition_latex", "notation", "reference")
    }
    ensemble = one_of("ensemble", _field(record, "ensemble"), ENSEMBLES)
    generators = one_of("generators", _field(record, "generators"), GENERATORS)
    design_order = _integer("design_order", _field(record, "design_order"), at_least=1)
    cost = _object("cost", _field(record, "cost"))
    counts = (_integer(f"cost.{name}", _field(cost, name), at_least=0) for name in Cost._fields)
    polynomial = _polynomial(record)
    return Formula(
        **texts,
        polynomial=polynomial,
        ensemble=ensemble,
        generators=generators,
        design_order=design_order,
        cost=Cost(*counts),
        derive=RecordedDerivation(texts["name"], ensemble, generators, design_order, polynomial),
    )


def _eigenvalues(record: _Record) -> EigenvalueFormula:
    uniform, difference, mean = (_part(record, name) for name in ("uniform", "difference", "mean"))
    return EigenvalueFormula(_text("name", _field(record, "name")), uniform, difference, mean)


def _ratio(record: _Record) -> Ratio:
    return _part(record, "numerator") / _part(record, "denominator")


def _part(record: _Record, name: str) -> Formula:
    value = _value(_field(record, name))
    if not isinstance(value, Formula):
        raise InputError(f"{name} must be of the type formula, got {record[name]['type']}")
    return value


def _series(record: _Record) -> Series:
    orders = []
    for each in _list("orders", _field(record, "orders")):
        entry = _object("an order", each)
        terms: list[tuple[int, Monomial, Fraction]] = []
        for item in _list("terms", _field(entry, "terms")):
            term = _object("a term", item)
            power = _integer("power", _field(term, "power"))
            terms.append((power, _monomial(term), _fraction(_field(term, "coefficient"))))
        orders.append((_integer("order", _field(entry, "order")), tuple(sorted(terms, reverse=True))))
    remainder = _field(record, "remainder")
    scaling = _object("scaling", _field(record, "scaling"))
    return Series(
        tuple(orders),
        None if remainder is None else _integer("remainder", remainder),
        tuple((_symbol(name), _integer(f"scaling.{name}", exponent)) for name, exponent in scaling.items()),
    )


def _weingarten(record: _Record) -> WeingartenFunction:
    cycle_type = _list("cycle_type", _field(record, "cycle_type"))
    parts = check_partition(
        "cycle_type", tuple(_integer("cycle_type", part, at_least=1) for part in cycle_type)
    )
    value = _value(_field(record, "value"))
    if not isinstance(value, RationalFunction):
        raise InputError(f"value must be of the type rational_function, got {record['value']['type']}")
    return WeingartenFunction(parts, one_of("group", _field(record, "group"), GROUPS), value)


def _polynomial(record: _Record) -> TracePolynomial:
    found: dict[Monomial, RationalFunction] = {}
    for item in _list("terms", _field(record, "terms")):
        term = _object("a term", item)
        monomial = _monomial(term)
        if monomial in found:
            raise InputError(f"each monomial must stand once, got {dict(monomial)} twice")
        found[monomial] = _rational_function(term)
    return TracePolynomial(found)


def _monomial(term: _Record) -> Monomial:
    exponents = _object("monomial", _field(term, "monomial"))
    pairs = (
        (_symbol(name), _integer(f"the exponent of {name}", e, at_least=1)) for name, e in exponents.items()
    )
    return tuple(sorted(pairs))


def _symbol(name: str) -> str:
    if not _SYMBOL.fullmatch(name) or name == "D":
        raise InputError(f"a symbol must be letters, digits and underscores, and not D, got {name!r}")
    return name


def _rational_function(record: _Record) -> RationalFunction:
    sides = (_list(name, _field(record, name)) for name in ("numerator", "denominator"))
    top, bottom = ([_integer("each coefficient", c) for c in side] for side in sides)
    return RationalFunction(top, bottom)


def _fraction(data: object) -> Fraction:
    pair = _list("coefficient", data)
    if len(pair) != 2:  # noqa: PLR2004 - numerator and denominator
        raise InputError(f"coefficient must be [numerator, denominator], got {len(pair)} numbers")
    return Fraction(_integer("coefficient", pair[0]), _integer("coefficient", pair[1], at_least=1))


def _field(record: _Record, name: str) -> Any:
    if name not in record:
        raise InputError(f"the field {name} must be there, got {', '.join(record) or 'none'}")
    return record[name]


def _object(name: str, data: object) -> _Record:
    if not isinstance(data, Mapping):
        raise InputError(f"{name} must be an object, got {_short(data)}")
    return dict(data)


def _list(name: str, data: object) -> list[Any]:
    if not isinstance(data, list):
        raise InputError(f"{name} must be a list, got {_short(data)}")
    return data


def _text(name: str, data: object) -> str:
    if not isinstance(data, str):
        raise InputError(f"{name} must be a text, got {_short(data)}")
    return data


def _integer(name: str, data: object, *, at_least: int | None = None) -> int:
    """An integer, or the text of one beyond 2^53."""
    is_number = isinstance(data, int) and not isinstance(data, bool)
    if not is_number and not (isinstance(data, str) and _DIGITS.fullmatch(data)):
        raise InputError(f"{name} must be an integer, or a text of 16 digits or more, got {_short(data)}")
    number = int(data)  # type: ignore[call-overload]
    if at_least is not None and number < at_least:
        raise InputError(f"{name} must be an integer ≥ {at_least}, got {number}")
    return int(number)


def _short(data: object) -> str:
    text = repr(data)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 - one line of a message


_READERS: dict[str, Callable[[_Record], Any]] = {
    "formula": _formula,
    "eigenvalues": _eigenvalues,
    "ratio": _ratio,
    "series": _series,
    "polynomial": _polynomial,
    "rational_function": _rational_function,
    "weingarten_function": _weingarten,
}
