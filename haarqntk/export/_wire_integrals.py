"""Integrals on the wire: diagrams as letters and joined ends, with the weights that stand before them."""

# without annotations from the future: msgspec reads them when the program runs

from collections.abc import Iterable, Mapping
from typing import Annotated, Self

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
    Integer,
    Name,
    Natural,
    Pair,
    Positive,
    Power,
    Result,
    Wire,
    among,
    fraction_of,
    number_of,
    once,
    pair_of,
)
from haarqntk.groups import REGISTRY, WEIGHTS
from haarqntk.haar import SCALINGS, Declaration, Factors, Integral, IntegralSeries, RandomLetter, Weight

Space = Name | Positive
Spaces = tuple[Space, ...]
Acted = Annotated[Spaces, Meta(min_length=1)]
Dimensions = dict[Name, Positive]
Properties = list[Annotated[str, among(LETTER_PROPERTIES)]]
Polynomial = list[Annotated[tuple[Integer, ...], Meta(min_length=1)]]


class DeclarationRecord(Wire, omit_defaults=True, kw_only=True):
    """A random matrix or state of a group, or a given matrix with its properties."""

    group: Annotated[str, among(REGISTRY)] | UnsetType = UNSET
    properties: Properties | UnsetType = UNSET
    spaces: Acted

    @classmethod
    def of(cls, value: Declaration) -> Self:
        own = {"properties": UNSET} if isinstance(value, RandomLetter) else {"group": UNSET}
        return cls.filled(value, **own)

    def declaration(self, name: str) -> Declaration:
        """The declaration of a name."""
        if isinstance(self.group, str):
            return RandomLetter(name, self.group, self.spaces)
        return Letter(MATRIX, name, self.spaces, _properties_of(self.properties or []))


class LetterRecord(Wire):
    """One factor of a word."""

    kind: Annotated[str, among(LETTER_KINDS)]
    name: Annotated[str, matching("[A-Za-z0-9_]*", "letters, digits and underscores")]
    spaces: Acted
    properties: Properties
    conjugated: bool
    place: Annotated[int, Meta(ge=0, le=LARGEST_EXPONENT)]  # of a delta, its number of ends

    def build(self) -> Letter:
        kind = one_of("kind of letter", self.kind, LETTER_KINDS)
        properties = _properties_of(self.properties)
        return Letter(kind, self.name, self.spaces, properties, self.conjugated, self.place)


def _properties_of(names: Iterable[str]) -> frozenset[str]:
    return frozenset(one_of("property", name, LETTER_PROPERTIES) for name in names)


class ComponentRecord(Wire):
    """A connected diagram: its letters by their places among all, the end that each end is joined to, its exponent."""

    letters: list[Natural]
    partner: tuple[Natural, ...]
    exponent: Annotated[int, Meta(ge=1, le=LARGEST_EXPONENT)]


Diagram = list[ComponentRecord]


def _letters_in(monomials: Iterable[DiagramMonomial]) -> dict[Letter, int]:
    """Each letter with its place."""
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


class WeightRecord(Wire):
    """The weight of one random matrix or state."""

    group: Annotated[str, among(WEIGHTS)]
    spaces: Acted
    classes: tuple[tuple[Positive, ...], ...]

    def build(self) -> Weight:
        group = one_of("group of a weight", self.group, WEIGHTS)
        if len(self.classes) != (number := WEIGHTS[group].num_classes):
            raise InputError(f"classes must be {number} for the weight {group}, got {len(self.classes)}")
        return Weight(group, self.spaces, tuple(check_partition("classes", mu) for mu in self.classes))


class PartRecord(Wire):
    """What stands before a diagram; [coefficient, an exponent for each of the variables] of each term."""

    weights: list[WeightRecord]
    loops: Spaces
    variables: tuple[Name, ...]
    numerator: Polynomial
    denominator: Polynomial

    @classmethod
    def of(cls, factors: Factors, c: RationalFunction) -> Self:
        """The struct of weights, loops and a coefficient."""
        weights, loops = factors
        top, bottom = (
            [(number_of(number), *exponents) for exponents, number in terms.items()]
            for terms in (c.numerator_terms, c.denominator_terms)
        )
        return cls([*map(WeightRecord.of, weights)], loops, c.names, top, bottom)

    def part(self) -> tuple[Factors, RationalFunction]:
        """The weights and loops, and the coefficient."""
        top, bottom = (self._terms(side) for side in ("numerator", "denominator"))
        if len(set(self.variables)) < len(self.variables):
            raise InputError(f"variables must be different, got {short(self.variables)}")
        factors = tuple(weight.build() for weight in self.weights), self.loops
        return factors, RationalFunction(top, bottom, names=self.variables)

    def _terms(self, side: str) -> dict[tuple[int, ...], int]:
        found: dict[tuple[int, ...], int] = {}
        for term in getattr(self, side):
            c, *exponents = map(int, term)
            if len(exponents) != len(self.variables) or not all(
                0 <= e <= LARGEST_EXPONENT for e in exponents
            ):
                raise InputError(
                    f"{side} must be a list of [coefficient, an exponent for each variable], got {short([*term])}"
                )
            found[tuple(exponents)] = c
        return found


class IntegralTermRecord(Wire):
    """A diagram with what stands before it."""

    diagram: Diagram
    parts: list[PartRecord]


class IntegralRecord(Result, tag="integral", kw_only=True):
    """An integral with all that its evaluation at any dimension needs; how it was got is not kept."""

    expression: str = ""
    latex: str = ""
    declared: dict[Name, DeclarationRecord]
    spaces: Spaces
    least: Dimensions
    notes: tuple[str, ...]
    halved: list[Name]
    fixed: Dimensions
    design_order: Natural
    letters: list[LetterRecord]
    terms: list[IntegralTermRecord]

    @classmethod
    def of(cls, value: Integral) -> Self:
        places = _letters_in(value.counts)
        return cls.filled(
            value,
            expression=str(value),
            declared={name: DeclarationRecord.of(d) for name, d in sorted(value.declared.items())},
            letters=[*map(LetterRecord.of, places)],
            terms=[
                IntegralTermRecord(
                    _diagram_of(monomial, places), [PartRecord.of(*part) for part in found.items()]
                )
                for monomial, found in value.counts.items()
            ],
        )

    def build(self) -> Integral:
        letters = [letter.build() for letter in self.letters]
        terms = ((_monomial_of(x.diagram, letters), dict(y.part() for y in x.parts)) for x in self.terms)
        return Integral(
            once("diagram", terms),
            {name: each.declaration(name) for name, each in self.declared.items()},
            self.spaces,
            self.least,
            self.notes,
            halved=frozenset(self.halved),
            fixed=self.fixed,
            design_order=self.design_order,
        )


class DiagramTermRecord(Wire):
    """A diagram with its coefficient."""

    diagram: Diagram
    coefficient: Pair


class DiagramOrderRecord(Wire):
    """The terms that scale like one power of the dimension."""

    order: Power
    terms: list[DiagramTermRecord]


class IntegralSeriesRecord(Result, tag="integral_series", kw_only=True):
    """The terms of a series, each with its diagram."""

    latex: str = ""
    scaling: Annotated[str, among(SCALINGS)]
    dimension: Name
    remainder: int | None
    letters: list[LetterRecord]
    orders: list[DiagramOrderRecord]

    @classmethod
    def of(cls, value: IntegralSeries) -> Self:
        places = _letters_in(monomial for _, entries in value.terms for monomial, _ in entries)
        orders = [
            DiagramOrderRecord(
                power,
                [DiagramTermRecord(_diagram_of(monomial, places), pair_of(c)) for monomial, c in entries],
            )
            for power, entries in value.terms
        ]
        return cls.filled(value, letters=[*map(LetterRecord.of, places)], orders=orders)

    def build(self) -> IntegralSeries:
        letters = [letter.build() for letter in self.letters]
        orders = tuple(
            (
                each.order,
                tuple((_monomial_of(x.diagram, letters), fraction_of(x.coefficient)) for x in each.terms),
            )
            for each in self.orders
        )
        return IntegralSeries(
            orders, self.remainder, one_of("scaling", self.scaling, SCALINGS), self.dimension
        )
