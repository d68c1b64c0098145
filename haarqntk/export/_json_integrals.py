"""JSON of integrals: diagrams as letters and joined ends, with the weights that stand before them.

A diagram that is read must be in its canonical form, as every diagram of the library is: two integrals that are equal
stay equal.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import RationalFunction
from haarqntk.checks import one_of
from haarqntk.combinatorics import check_partition
from haarqntk.diagrams import (
    DELTA,
    INDEX,
    MATRIX,
    OPEN,
    PROPERTIES,
    VECTOR,
    Component,
    Letter,
    first_ends,
    flatten,
    reduce_diagram,
)
from haarqntk.errors import InputError
from haarqntk.export._json_fields import (
    LARGEST_EXPONENT,
    Record,
    field_of,
    fraction_of,
    identifier_of,
    integer_of,
    list_of,
    number_of,
    object_of,
    pair_of,
    power_of,
    short,
    text_of,
)
from haarqntk.groups import REGISTRY, WEIGHTS
from haarqntk.haar import SCALINGS, Integral, IntegralSeries, RandomLetter, Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk.diagrams import DiagramMonomial, Space
    from haarqntk.haar import Declaration, Factors

_KINDS = (MATRIX, VECTOR, INDEX, OPEN, DELTA)
_PROPERTIES = (*PROPERTIES, "normalised", "antisymmetric", "symplectic")
_LETTER_NAME = re.compile(r"[A-Za-z0-9_]*")


def integral_fields(value: Integral) -> Record:
    """An integral with all that its evaluation at any dimension needs; how it was got is not kept."""
    letters = _letters_in(value.counts)
    return {
        "expression": str(value),
        "latex": value.latex(),
        "declared": {name: _declaration(d) for name, d in sorted(value.declared.items())},
        "spaces": list(value.spaces),
        "least": dict(value.least),
        "notes": list(value.notes),
        "halved": sorted(value.halved),
        "fixed": dict(value.fixed),
        "design_order": value.design_order,
        "letters": [_letter(letter) for letter in letters],
        "terms": [
            {
                "diagram": _diagram(monomial, letters),
                "parts": [_factors(factors, c) for factors, c in found.items()],
            }
            for monomial, found in value.counts.items()
        ],
    }


def read_integral(record: Record) -> Integral:
    """What ``integral_fields`` wrote."""
    letters = _read_letters(record)
    counts: dict[DiagramMonomial, dict[Factors, RationalFunction]] = {}
    for item in list_of("terms", field_of(record, "terms")):
        term = object_of("a term", item)
        monomial = _read_diagram(term, letters)
        if monomial in counts:
            raise InputError("each diagram must stand once, got one twice")
        parts = list_of("parts", field_of(term, "parts"))
        counts[monomial] = dict(_read_factors(object_of("a part", part)) for part in parts)
    declared = object_of("declared", field_of(record, "declared"))
    return Integral(
        counts,
        {identifier_of("declared", name): _read_declaration(name, d) for name, d in declared.items()},
        _spaces(record, "spaces"),
        _dimensions(record, "least"),
        tuple(text_of("a note", note) for note in list_of("notes", field_of(record, "notes"))),
        halved=frozenset(
            identifier_of("halved", name) for name in list_of("halved", field_of(record, "halved"))
        ),
        fixed=_dimensions(record, "fixed"),
        design_order=integer_of("design_order", field_of(record, "design_order"), at_least=0),
    )


def integral_series_fields(value: IntegralSeries) -> Record:
    """The terms of a series, each with its diagram."""
    letters = _letters_in([monomial for _, entries in value.terms for monomial, _ in entries])
    return {
        "latex": value.latex(),
        "scaling": value.scaling,
        "dimension": value.dimension,
        "remainder": value.remainder,
        "letters": [_letter(letter) for letter in letters],
        "orders": [
            {
                "order": power,
                "terms": [
                    {"diagram": _diagram(monomial, letters), "coefficient": pair_of(c)}
                    for monomial, c in entries
                ],
            }
            for power, entries in value.terms
        ],
    }


def read_integral_series(record: Record) -> IntegralSeries:
    """What ``integral_series_fields`` wrote."""
    letters = _read_letters(record)
    orders = []
    for item in list_of("orders", field_of(record, "orders")):
        entry = object_of("an order", item)
        terms = []
        for each in list_of("terms", field_of(entry, "terms")):
            term = object_of("a term", each)
            terms.append((_read_diagram(term, letters), fraction_of(field_of(term, "coefficient"))))
        orders.append((power_of("order", field_of(entry, "order")), tuple(terms)))
    remainder = field_of(record, "remainder")
    return IntegralSeries(
        tuple(orders),
        None if remainder is None else integer_of("remainder", remainder),
        one_of("scaling", field_of(record, "scaling"), SCALINGS),
        identifier_of("dimension", field_of(record, "dimension")),
    )


# -- letters and diagrams ------------------------------------------------------------------------------------


def _letters_in(monomials: Any) -> list[Letter]:
    found = {letter for monomial in monomials for component, _ in monomial for letter in component.letters}
    return sorted(found, key=lambda letter: (letter.sort_key, sorted(letter.properties)))


def _letter(letter: Letter) -> Record:
    return {
        "kind": letter.kind,
        "name": letter.name,
        "spaces": list(letter.spaces),
        "properties": sorted(letter.properties),
        "conjugated": letter.conjugated,
        "place": letter.place,
    }


def _read_letters(record: Record) -> list[Letter]:
    return [
        _read_letter(object_of("a letter", each)) for each in list_of("letters", field_of(record, "letters"))
    ]


def _read_letter(record: Record) -> Letter:
    conjugated = field_of(record, "conjugated")
    if not isinstance(conjugated, bool):
        raise InputError(f"conjugated must be true or false, got {short(conjugated)}")
    name = text_of("name", field_of(record, "name"))
    if not _LETTER_NAME.fullmatch(name):
        raise InputError(f"name must be letters, digits and underscores, got {short(name)}")
    kind = one_of("kind of letter", field_of(record, "kind"), _KINDS)
    most = LARGEST_EXPONENT if kind == DELTA else None  # its number of ends
    return Letter(
        kind,
        name,
        _factors_acted_on(record),
        _properties(record),
        conjugated,
        place=integer_of("place", field_of(record, "place"), at_least=0, at_most=most),
    )


def _properties(record: Record) -> frozenset[str]:
    found = list_of("properties", field_of(record, "properties"))
    return frozenset(one_of("property", name, _PROPERTIES) for name in found)


def _diagram(monomial: DiagramMonomial, letters: list[Letter]) -> list[Record]:
    place = {letter: i for i, letter in enumerate(letters)}
    return [
        {
            "letters": [place[letter] for letter in component.letters],
            "partner": list(component.partner),
            "exponent": e,
        }
        for component, e in monomial
    ]


def _read_diagram(term: Record, letters: list[Letter]) -> DiagramMonomial:
    found = []
    for item in list_of("diagram", field_of(term, "diagram")):
        record = object_of("a component", item)
        places = [
            integer_of("letters", i, at_least=0) for i in list_of("letters", field_of(record, "letters"))
        ]
        if any(i >= len(letters) for i in places) or not places:
            raise InputError(f"letters must be places among the {len(letters)} letters, got {short(places)}")
        own = tuple(letters[i] for i in places)
        partner = [
            integer_of("partner", i, at_least=0) for i in list_of("partner", field_of(record, "partner"))
        ]
        _check_joined(own, partner)
        e = integer_of("exponent", field_of(record, "exponent"), at_least=1, at_most=LARGEST_EXPONENT)
        found.append((Component(own, tuple(partner)), e))
    once = [(component, 1) for component, _ in found]
    reduced = reduce_diagram(*flatten([tuple(once)]))
    if reduced is None or reduced.sign != 1 or reduced.loops or list(reduced.monomial) != once:
        raise InputError("each diagram must be in its canonical form, got another; write it anew")
    return tuple(found)


def _check_joined(letters: tuple[Letter, ...], partner: list[int]) -> None:
    """Every end is joined to one other of the same dimension."""
    space: list[Space] = []
    for letter, _ in zip(letters, first_ends(letters), strict=True):
        sides = letter.num_ends // len(letter.spaces)
        space.extend(each for each in letter.spaces for _ in range(sides))
    count = len(space)
    is_matching = len(partner) == count and all(
        other < count and other != end and partner[other] == end and space[other] == space[end]
        for end, other in enumerate(partner)
    )
    if not is_matching:
        raise InputError(
            f"partner must join the {count} ends in pairs of one dimension, got {short(partner)}"
        )


def _declaration(declaration: Declaration) -> Record:
    if isinstance(declaration, RandomLetter):
        return {"group": declaration.group, "spaces": list(declaration.spaces)}
    return {"properties": sorted(declaration.properties), "spaces": list(declaration.spaces)}


def _read_declaration(name: str, data: object) -> Declaration:
    record = object_of("a declaration", data)
    if "group" in record:
        return RandomLetter(name, one_of("group", record["group"], REGISTRY), _factors_acted_on(record))
    return Letter(MATRIX, name, _factors_acted_on(record), _properties(record))


# -- dimensions and weights ----------------------------------------------------------------------------------


def _spaces(record: Record, name: str) -> tuple[Space, ...]:
    return tuple(
        identifier_of(name, each)
        if isinstance(each, str) and not each[:1].isdecimal()
        else integer_of(name, each, at_least=1)
        for each in list_of(name, field_of(record, name))
    )


def _factors_acted_on(record: Record) -> tuple[Space, ...]:
    """The tensor factors of a matrix or a weight, of which there is one at least."""
    found = _spaces(record, "spaces")
    if not found:
        raise InputError("spaces must name at least one dimension, got none")
    return found


def _dimensions(record: Record, name: str) -> dict[str, int]:
    found = object_of(name, field_of(record, name))
    return {identifier_of(name, key): integer_of(key, value, at_least=1) for key, value in found.items()}


def _factors(factors: Factors, c: RationalFunction) -> Record:
    weights, loops = factors
    return {
        "weights": [
            {"group": w.group, "spaces": list(w.spaces), "classes": [list(mu) for mu in w.classes]}
            for w in weights
        ],
        "loops": list(loops),
        "variables": list(c.names),
        "numerator": _polynomial(c.numerator_terms),
        "denominator": _polynomial(c.denominator_terms),
    }


def _read_factors(record: Record) -> tuple[Factors, RationalFunction]:
    weights = tuple(
        _read_weight(object_of("a weight", each)) for each in list_of("weights", field_of(record, "weights"))
    )
    names = tuple(
        identifier_of("variables", name) for name in list_of("variables", field_of(record, "variables"))
    )
    top, bottom = (_read_polynomial(record, side, len(names)) for side in ("numerator", "denominator"))
    if not any(bottom.values()) or len(set(names)) < len(names):
        raise InputError("denominator must not be zero, and variables must be different")
    return (weights, _spaces(record, "loops")), RationalFunction(top, bottom, names=names)


def _read_weight(record: Record) -> Weight:
    classes = tuple(
        check_partition(
            "classes", tuple(integer_of("classes", part, at_least=1) for part in list_of("classes", mu))
        )
        for mu in list_of("classes", field_of(record, "classes"))
    )
    group = one_of("group of a weight", field_of(record, "group"), WEIGHTS)
    if len(classes) != (number := WEIGHTS[group].num_classes):
        raise InputError(f"classes must be {number} for the weight {group}, got {len(classes)}")
    return Weight(group, _factors_acted_on(record), classes)


def _polynomial(terms: Mapping[tuple[int, ...], int]) -> list[list[Any]]:
    return [[number_of(c), *exponents] for exponents, c in terms.items()]


def _read_polynomial(record: Record, side: str, num_names: int) -> dict[tuple[int, ...], int]:
    found: dict[tuple[int, ...], int] = {}
    for each in list_of(side, field_of(record, side)):
        c, *exponents = (integer_of(side, x) for x in list_of(side, each) or [0])
        if len(exponents) != num_names or not all(0 <= e <= LARGEST_EXPONENT for e in exponents):
            raise InputError(
                f"{side} must be a list of [coefficient, an exponent for each variable], got {short(each)}"
            )
        found[tuple(exponents)] = c
    return found
