"""Integrals on the wire: diagrams as letters and joined ends, with the weights that stand before them."""

from __future__ import annotations

from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from haarqntk.algebra import RationalFunction
from haarqntk.base import matching, short
from haarqntk.checks import one_of
from haarqntk.combinatorics import check_partition
from haarqntk.diagrams import LETTER_KINDS, LETTER_PROPERTIES, MATRIX, Component, Letter, check_canonical
from haarqntk.errors import InputError
from haarqntk.export._wire import (
    LARGEST_EXPONENT,
    Exponent,
    Integer,
    Name,
    Natural,
    Pair,
    Positive,
    Power,
    among,
    list_of,
    number_of,
    once,
    result,
    struct,
    unwired,
    wired,
)
from haarqntk.groups import REGISTRY, WEIGHTS
from haarqntk.haar import SCALINGS, Integral, IntegralSeries, RandomLetter, Weight

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from haarqntk.diagrams import DiagramMonomial
    from haarqntk.haar import Declaration, Factors

Spaces = tuple[Name | Positive, ...]
ActedOn = Annotated[Spaces, Meta(min_length=1)]
Dimensions = dict[Name, Positive]
Polynomial = list[Annotated[tuple[Integer, ...], Meta(min_length=1)]]  # [coefficient, exponents] of each term


# -- letters and diagrams ----------------------------------------------------------------------------------------


def _declaration_of(cls: Any, value: Declaration) -> Any:
    other = "properties" if isinstance(value, RandomLetter) else "group"
    return cls.filled(value, **{other: UNSET})


def _declaration(name: str, record: Any) -> Declaration:
    if record.group:
        return RandomLetter(name, record.group, record.spaces)
    return Letter(MATRIX, name, record.spaces, _known(record.properties or frozenset()))


def _build_letter(record: Any) -> Any:
    one_of("kind of letter", record.kind, LETTER_KINDS)
    return record.made(properties=_known(record.properties))


def _known(properties: frozenset[str]) -> frozenset[str]:
    return frozenset(one_of("property", name, LETTER_PROPERTIES) for name in properties)


_PROPERTIES: Any = GenericAlias(frozenset, (among(LETTER_PROPERTIES),))
DECLARATION = struct(
    "declaration",
    None,
    {"group": among(REGISTRY) | UnsetType, "properties": _PROPERTIES | UnsetType, "spaces": ActedOn},
    of=_declaration_of,
)
LETTER = struct(
    "letter",
    Letter,
    {
        "kind": among(LETTER_KINDS),
        "name": Annotated[str, matching("[A-Za-z0-9_]*", "letters, digits and underscores")],
        "spaces": ActedOn,
        "properties": _PROPERTIES,
        "conjugated": bool,
        "place": Annotated[int, Meta(ge=0, le=LARGEST_EXPONENT)],  # of a delta its number of ends
    },
    build=_build_letter,
)
COMPONENT = struct(  # places of letters among all, the end that each end is joined to
    "component", None, {"letters": list[Natural], "partner": tuple[Natural, ...], "exponent": Exponent}
)


def _places_of(monomials: Iterable[DiagramMonomial]) -> dict[Letter, int]:
    """The letters that occur, in an order that depends on nothing but them."""
    found = {letter for monomial in monomials for component, _ in monomial for letter in component.letters}
    ordered = sorted(found, key=lambda letter: (letter.sort_key, sorted(letter.properties)))
    return {letter: i for i, letter in enumerate(ordered)}


def _diagram_of(monomial: DiagramMonomial, places: Mapping[Letter, int]) -> list[Any]:
    return [COMPONENT([places[x] for x in c.letters], c.partner, e) for c, e in monomial]


def _monomial_of(diagram: list[Any], letters: list[Letter]) -> DiagramMonomial:
    for each in diagram:
        if not each.letters or max(each.letters) >= len(letters):
            raise InputError(
                f"letters must be places among the {len(letters)} letters, got {short(each.letters)}"
            )
    return check_canonical(
        tuple((Component(tuple(letters[i] for i in x.letters), x.partner), x.exponent) for x in diagram)
    )


# -- integrals ---------------------------------------------------------------------------------------------------


def _build_weight(record: Any) -> Weight:
    needed = WEIGHTS[one_of("group of a weight", record.group, WEIGHTS)].num_classes
    if len(record.classes) != needed:
        raise InputError(f"classes must be {needed} for the weight {record.group}, got {len(record.classes)}")
    return Weight(record.group, record.spaces, tuple(check_partition("classes", mu) for mu in record.classes))


def _part_of(factors: Factors, c: RationalFunction) -> Any:
    top, bottom = (
        [(number_of(number), *exponents) for exponents, number in terms.items()]
        for terms in (c.numerator_terms, c.denominator_terms)
    )
    weights, loops = factors
    return PART([*map(wired, weights)], loops, c.names, top, bottom)


def _build_part(record: Any) -> tuple[Factors, RationalFunction]:
    sides = [_polynomial(record, side) for side in ("numerator", "denominator")]
    if len(set(record.variables)) < len(record.variables):
        raise InputError(f"variables must be different, got {short(record.variables)}")
    weights = tuple(weight.build() for weight in record.weights)
    return (weights, record.loops), RationalFunction(*sides, names=record.variables)


def _polynomial(record: Any, side: str) -> dict[tuple[int, ...], int]:
    rows = [[*map(int, term)] for term in getattr(record, side)]
    for row in rows:
        if len(row) != 1 + len(record.variables) or not all(0 <= e <= LARGEST_EXPONENT for e in row[1:]):
            raise InputError(
                f"{side} must be a list of [coefficient, an exponent for each variable], got {short(row)}"
            )
    return once(f"term of {side}", ((tuple(exponents), c) for c, *exponents in rows))


def _integral_of(cls: Any, value: Integral) -> Any:
    places = _places_of(value.counts)
    terms = [
        INTEGRAL_TERM(_diagram_of(monomial, places), [_part_of(*part) for part in found.items()])
        for monomial, found in value.counts.items()
    ]
    declared = {name: DECLARATION.of(d) for name, d in sorted(value.declared.items())}
    letters = wired(tuple(places))
    return cls.filled(value, expression=str(value), declared=declared, letters=letters, terms=terms)


def _build_integral(record: Any) -> Any:
    letters = [letter.build() for letter in record.letters]
    terms = ((_monomial_of(x.diagram, letters), once("part", unwired(x.parts))) for x in record.terms)
    declared = {name: _declaration(name, each) for name, each in record.declared.items()}
    return record.made("letters", "terms", counts=once("diagram", terms), declared=declared)


WEIGHT = struct(
    "weight",
    Weight,
    {"group": among(WEIGHTS), "spaces": ActedOn, "classes": tuple[tuple[Positive, ...], ...]},
    build=_build_weight,
)
PART = struct(
    "part",
    None,
    {
        "weights": list_of(WEIGHT),
        "loops": Spaces,
        "variables": tuple[Name, ...],
        "numerator": Polynomial,
        "denominator": Polynomial,
    },
    build=_build_part,
)
INTEGRAL_TERM = struct("integral_term", None, {"diagram": list_of(COMPONENT), "parts": list_of(PART)})
INTEGRAL = result(
    "integral",
    Integral,
    {
        "expression": str,
        "latex": str,
        "declared": GenericAlias(dict, (Name, DECLARATION)),
        "spaces": Spaces,
        "least": Dimensions,
        "notes": tuple[str, ...],
        "halved": frozenset[Name],
        "fixed": Dimensions,
        "design_order": Natural,
        "letters": list_of(LETTER),
        "terms": list_of(INTEGRAL_TERM),
    },
    of=_integral_of,
    build=_build_integral,
)


# -- their series ------------------------------------------------------------------------------------------------


def _series_of(cls: Any, value: IntegralSeries) -> Any:
    places = _places_of(monomial for _, entries in value.terms for monomial, _ in entries)
    orders = [
        DIAGRAM_ORDER(power, [DIAGRAM_TERM(_diagram_of(m, places), wired(c)) for m, c in entries])
        for power, entries in value.terms
    ]
    return cls.filled(value, letters=wired(tuple(places)), orders=orders)


def _build_series(record: Any) -> Any:
    letters = [letter.build() for letter in record.letters]
    orders = []
    for each in record.orders:
        terms = ((_monomial_of(x.diagram, letters), x.coefficient.build()) for x in each.terms)
        orders.append((each.order, tuple(terms)))
    one_of("scaling", record.scaling, SCALINGS)
    return record.made("letters", "orders", terms=tuple(orders))


DIAGRAM_TERM = struct("diagram_term", None, {"diagram": list_of(COMPONENT), "coefficient": Pair})
DIAGRAM_ORDER = struct("diagram_order", None, {"order": Power, "terms": list_of(DIAGRAM_TERM)})
INTEGRAL_SERIES = result(
    "integral_series",
    IntegralSeries,
    {
        "latex": str,
        "scaling": among(SCALINGS),
        "dimension": Name,
        "remainder": int | None,
        "letters": list_of(LETTER),
        "orders": list_of(DIAGRAM_ORDER),
    },
    of=_series_of,
    build=_build_series,
)
