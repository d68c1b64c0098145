"""Integrals on the wire: diagrams as letters and joined ends, with the weights that stand before them."""

# without annotations from the future: msgspec reads them when the program runs

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self

from msgspec import UNSET, Meta, UnsetType

from haarqntk.algebra import RationalFunction
from haarqntk.base import matching, short
from haarqntk.checks import one_of
from haarqntk.combinatorics import check_partition
from haarqntk.diagrams import (
    LETTER_KINDS,
    LETTER_PROPERTIES,
    MATRIX,
    Component,
    DiagramMonomial,
    Letter,
    check_canonical,
)
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
    Result,
    Wire,
    among,
    number_of,
    once,
    wired,
)
from haarqntk.groups import REGISTRY, WEIGHTS
from haarqntk.haar import SCALINGS, Declaration, Factors, Integral, IntegralSeries, RandomLetter, Weight

Space = Name | Positive
Spaces = tuple[Space, ...]
ActedOn = Annotated[Spaces, Meta(min_length=1)]
Dimensions = dict[Name, Positive]
Properties = frozenset[Annotated[str, among(LETTER_PROPERTIES)]]
Polynomial = list[Annotated[tuple[Integer, ...], Meta(min_length=1)]]


# -- letters and diagrams ----------------------------------------------------------------------------------------


class DeclarationRecord(Wire, omit_defaults=True, kw_only=True):
    """A random matrix or state of a group, or a given matrix with its properties."""

    group: Annotated[str, among(REGISTRY)] | UnsetType = UNSET
    properties: Properties | UnsetType = UNSET
    spaces: ActedOn

    @classmethod
    def of(cls, value: Declaration) -> Self:
        other = "properties" if isinstance(value, RandomLetter) else "group"
        return cls.filled(value, **{other: UNSET})

    def named(self, name: str) -> Declaration:
        """The declaration of a name."""
        if self.group:
            return RandomLetter(name, self.group, self.spaces)
        return Letter(MATRIX, name, self.spaces, _known(self.properties or frozenset()))


class LetterRecord(Wire):
    """One factor of a word; the place of a delta is its number of ends."""

    stands_for = Letter
    kind: Annotated[str, among(LETTER_KINDS)]
    name: Annotated[str, matching("[A-Za-z0-9_]*", "letters, digits and underscores")]
    spaces: ActedOn
    properties: Properties
    conjugated: bool
    place: Annotated[int, Meta(ge=0, le=LARGEST_EXPONENT)]

    def build(self) -> Any:
        one_of("kind of letter", self.kind, LETTER_KINDS)
        _known(self.properties)
        return super().build()


def _known(properties: frozenset[str]) -> frozenset[str]:
    return frozenset(one_of("property", name, LETTER_PROPERTIES) for name in properties)


class ComponentRecord(Wire):
    """A connected diagram: its letters by their places among all, the end that each end is joined to, its exponent."""

    letters: list[Natural]
    partner: tuple[Natural, ...]
    exponent: Exponent


Diagram = list[ComponentRecord]


def _places_of(monomials: Iterable[DiagramMonomial]) -> dict[Letter, int]:
    """The letters that occur, in an order that depends on nothing but them."""
    found = {letter for monomial in monomials for component, _ in monomial for letter in component.letters}
    ordered = sorted(found, key=lambda letter: (letter.sort_key, sorted(letter.properties)))
    return {letter: i for i, letter in enumerate(ordered)}


def _diagram_of(monomial: DiagramMonomial, places: Mapping[Letter, int]) -> Diagram:
    return [ComponentRecord([places[x] for x in c.letters], c.partner, e) for c, e in monomial]


def _monomial_of(diagram: Diagram, letters: list[Letter]) -> DiagramMonomial:
    for each in diagram:
        if not each.letters or max(each.letters) >= len(letters):
            raise InputError(
                f"letters must be places among the {len(letters)} letters, got {short(each.letters)}"
            )
    return check_canonical(
        tuple((Component(tuple(letters[i] for i in x.letters), x.partner), x.exponent) for x in diagram)
    )


# -- integrals ---------------------------------------------------------------------------------------------------


class WeightRecord(Wire):
    stands_for = Weight
    group: Annotated[str, among(WEIGHTS)]
    spaces: ActedOn
    classes: tuple[tuple[Positive, ...], ...]

    def build(self) -> Any:
        needed = WEIGHTS[one_of("group of a weight", self.group, WEIGHTS)].num_classes
        if len(self.classes) != needed:
            raise InputError(f"classes must be {needed} for the weight {self.group}, got {len(self.classes)}")
        for mu in self.classes:
            check_partition("classes", mu)
        return self.made()


class PartRecord(Wire):
    """What stands before a diagram; a term is [coefficient, an exponent for each of the variables]."""

    weights: tuple[WeightRecord, ...]
    loops: Spaces
    variables: tuple[Name, ...]
    numerator: Polynomial
    denominator: Polynomial

    @classmethod
    def of(cls, value: tuple[Factors, RationalFunction]) -> Self:
        (weights, loops), c = value
        top, bottom = (
            [(number_of(number), *exponents) for exponents, number in terms.items()]
            for terms in (c.numerator_terms, c.denominator_terms)
        )
        return cls(tuple(map(WeightRecord.of, weights)), loops, c.names, top, bottom)

    def build(self) -> tuple[Factors, RationalFunction]:
        top, bottom = (self._terms(side) for side in ("numerator", "denominator"))
        if len(set(self.variables)) < len(self.variables):
            raise InputError(f"variables must be different, got {short(self.variables)}")
        factors = tuple(weight.build() for weight in self.weights), self.loops
        return factors, RationalFunction(top, bottom, names=self.variables)

    def _terms(self, side: str) -> dict[tuple[int, ...], int]:
        rows = [[*map(int, term)] for term in getattr(self, side)]
        for row in rows:
            if len(row) != 1 + len(self.variables) or not all(0 <= e <= LARGEST_EXPONENT for e in row[1:]):
                raise InputError(
                    f"{side} must be a list of [coefficient, an exponent for each variable], got {short(row)}"
                )
        return once(f"term of {side}", ((tuple(exponents), c) for c, *exponents in rows))


class IntegralTermRecord(Wire):
    diagram: Diagram
    parts: list[PartRecord]


class IntegralRecord(Result, tag="integral", kw_only=True):
    """An integral with all that its evaluation at any dimension needs; how it was got is not kept."""

    stands_for = Integral
    expression: str = ""
    latex: str = ""
    declared: dict[Name, DeclarationRecord]
    spaces: Spaces
    least: Dimensions
    notes: tuple[str, ...]
    halved: frozenset[Name]
    fixed: Dimensions
    design_order: Natural
    letters: list[LetterRecord]
    terms: list[IntegralTermRecord]

    @classmethod
    def of(cls, value: Integral) -> Self:
        places = _places_of(value.counts)
        return cls.filled(
            value,
            expression=str(value),
            declared={name: DeclarationRecord.of(d) for name, d in sorted(value.declared.items())},
            letters=wired(tuple(places)),
            terms=[
                IntegralTermRecord(_diagram_of(monomial, places), [*map(PartRecord.of, found.items())])
                for monomial, found in value.counts.items()
            ],
        )

    def build(self) -> Any:
        letters = [letter.build() for letter in self.letters]
        terms = (
            (_monomial_of(each.diagram, letters), once("part", map(PartRecord.build, each.parts)))
            for each in self.terms
        )
        declared = {name: each.named(name) for name, each in self.declared.items()}
        return self.made("letters", "terms", counts=once("diagram", terms), declared=declared)


class DiagramTermRecord(Wire):
    diagram: Diagram
    coefficient: Pair


class DiagramOrderRecord(Wire):
    """The terms that scale like one power of the dimension."""

    order: Power
    terms: list[DiagramTermRecord]


class IntegralSeriesRecord(Result, tag="integral_series", kw_only=True):
    """The terms of a series, each with its diagram."""

    stands_for = IntegralSeries
    latex: str = ""
    scaling: Annotated[str, among(SCALINGS)]
    dimension: Name
    remainder: int | None
    letters: list[LetterRecord]
    orders: list[DiagramOrderRecord]

    @classmethod
    def of(cls, value: IntegralSeries) -> Self:
        places = _places_of(monomial for _, entries in value.terms for monomial, _ in entries)
        orders = [
            DiagramOrderRecord(
                power, [DiagramTermRecord(_diagram_of(monomial, places), wired(c)) for monomial, c in entries]
            )
            for power, entries in value.terms
        ]
        return cls.filled(value, letters=wired(tuple(places)), orders=orders)

    def build(self) -> Any:
        letters = [letter.build() for letter in self.letters]
        orders = []
        for each in self.orders:
            terms = ((_monomial_of(x.diagram, letters), x.coefficient.build()) for x in each.terms)
            orders.append((each.order, tuple(terms)))
        one_of("scaling", self.scaling, SCALINGS)
        return self.made("letters", "orders", terms=tuple(orders))


INTEGRALS: tuple[type[Result], ...] = (IntegralRecord, IntegralSeriesRecord)
