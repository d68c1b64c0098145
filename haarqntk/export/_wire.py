"""What stands on the wire: structs of msgspec, from which ``schema.json`` is generated. Here numbers and what holds them.

``of`` fills a struct from a value. ``build`` makes the value from a struct that msgspec has checked; what a struct
cannot say, such as which names are known, the value checks at birth. Exact numbers are pairs or trees of sums, products
and powers, never texts to be parsed; integers beyond 2^53, which other readers of JSON round, are decimal texts.
"""

# without annotations from the future: msgspec reads them when the program runs

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal, Self, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from haarqntk.algebra import symbol
from haarqntk.base import LazyModule, matching, short
from haarqntk.checks import one_of, rational
from haarqntk.circuits import ENSEMBLES
from haarqntk.designs import DesignCheck, Twirl, TwirledChannel
from haarqntk.errors import InputError, OutputError
from haarqntk.qntk import VERDICTS, ClaimCheck, Counterexample, formula, formulas

sympy = LazyModule("sympy")

Key = TypeVar("Key")
Part = TypeVar("Part")

_LARGEST_NUMBER = 2**53
_LARGEST_EXPONENT_OF_NUMBER = 1000
_LARGEST_POWER = 13_000  # bits of a power of numbers, as many as 4000 digits have
_DEEPEST = 100
_LARGEST_K = 6
LARGEST_EXPONENT = 10_000


def among(names: Iterable[str]) -> Meta:
    """What the schema says of a name that a value looks up at birth."""
    return Meta(extra_json_schema={"enum": [*names]})


# -- numbers and names -----------------------------------------------------------------------------------------

Natural = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Integer = (
    Annotated[int, Meta(extra_json_schema={"minimum": -_LARGEST_NUMBER, "maximum": _LARGEST_NUMBER})]
    | Annotated[str, matching("-?[1-9][0-9]{15,4000}", "an integer, or a text of 16 digits or more")]
)
Denominator = (
    Positive
    | Annotated[str, matching("[1-9][0-9]{15,4000}", "an integer ≥ 1, or a text of 16 digits or more")]
)
Pair = tuple[Integer, Denominator]
Power = Annotated[int, Meta(ge=-LARGEST_EXPONENT, le=LARGEST_EXPONENT)]
Order = int | Pair  # a bound here would be taken for the length of the pair, by msgspec 0.23
Name = Annotated[str, matching("[A-Za-z_][A-Za-z0-9_]*", "a name of letters, digits and underscores")]
Ensemble = Annotated[str, among(ENSEMBLES)]


def number_of(value: int) -> int | str:
    """An integer, as a text where other readers of JSON would round it."""
    return value if abs(value) <= _LARGEST_NUMBER else str(value)


def pair_of(value: Fraction) -> Pair:
    """Numerator and denominator of an exact number."""
    return number_of(value.numerator), number_of(value.denominator)


def fraction_of(pair: Pair) -> Fraction:
    """An exact number from its pair."""
    return Fraction(*map(int, pair))


def power_of(order: Any) -> Any:
    """An exact power of D: an integer, or a pair; None where there is none."""
    if isinstance(order, int) and abs(order) > LARGEST_EXPONENT:
        raise InputError(f"an order must be at most {LARGEST_EXPONENT} in size, got {order}")
    return fraction_of(order) if isinstance(order, tuple) else order


def once(what: str, pairs: Iterable[tuple[Key, Part]]) -> dict[Key, Part]:
    """A mapping of pairs in which no key stands twice."""
    listed = [*pairs]
    found = dict(listed)
    if len(found) < len(listed):
        raise InputError(f"each {what} must stand once, got one twice; add them up")
    return found


class Wire(msgspec.Struct, forbid_unknown_fields=True):
    """A part of a result."""

    @classmethod
    def of(cls, value: Any) -> Self:
        """The struct of a value."""
        return cls.filled(value)

    @classmethod
    def filled(cls, value: Any, /, **others: Any) -> Self:
        """Each field that is not among the others from the attribute, or the method, of its name."""
        names = [name for name in cls.__struct_fields__ if name not in {*others, "schema_version"}]
        parts = ((name, getattr(value, name)) for name in names)
        return cls(**{name: wired(part() if callable(part) else part) for name, part in parts}, **others)

    def build(self) -> Any:
        """The value of a struct.

        Raises:
            InputError: If the parts do not fit together.
        """
        raise NotImplementedError


class Result(Wire, tag_field="type", kw_only=True):
    """A result: its type is its tag."""

    schema_version: Literal[1] = 1


# -- expressions and numbers of several kinds --------------------------------------------------------------------

_CONSTANTS = ("infinity", "minus infinity", "complex infinity", "imaginary unit")


class Tree(Wire, omit_defaults=True, kw_only=True):
    """An exact expression: one of these, a power with its exponent."""

    constant: Annotated[str, among(_CONSTANTS)] | UnsetType = UNSET
    number: Pair | UnsetType = UNSET
    symbol: Name | UnsetType = UNSET
    power: "Tree | UnsetType" = UNSET
    exponent: Pair | UnsetType = UNSET
    sum: "list[Tree] | UnsetType" = UNSET
    product: "list[Tree] | UnsetType" = UNSET
    absolute: "list[Tree] | UnsetType" = UNSET


class Number(Tree, kw_only=True):
    """An exact expression, or a complex number of two floats."""

    real: float | UnsetType = UNSET
    imaginary: float | UnsetType = UNSET


AnyNumber = Pair | float | Number

SHAPES = (
    *(("constant",), ("number",), ("symbol",), ("power", "exponent"), ("sum",), ("product",), ("absolute",)),
    ("real", "imaginary"),
)
"""The fields that stand together in an expression, the last two in a number only."""


def _constants() -> dict[str, Any]:
    return dict(zip(_CONSTANTS, (sympy.oo, -sympy.oo, sympy.zoo, sympy.I), strict=True))


def tree_of(value: Any) -> Tree:
    """The tree of a SymPy expression.

    Raises:
        OutputError: If there is anything else in it than numbers, symbols, sums, products, powers, absolute values.
    """
    for name, constant in _constants().items():
        if value == constant:
            return Tree(constant=name)
    if value.is_Rational:
        return Tree(number=pair_of(rational("value", value)))
    if value.is_Symbol:
        return Tree(symbol=value.name)
    if value.is_Pow and value.exp.is_Rational:
        return Tree(power=tree_of(value.base), exponent=pair_of(rational("value", value.exp)))
    for name, operation in (("sum", sympy.Add), ("product", sympy.Mul), ("absolute", sympy.Abs)):
        if isinstance(value, operation):
            return Tree(**{name: [tree_of(part) for part in value.args]})
    raise OutputError(
        f"value must hold rational and algebraic numbers only to be written as JSON, got {value}"
    )


def expression_of(tree: Tree, depth: int = 0) -> Any:
    """The SymPy expression of a tree, or the complex number.

    Raises:
        InputError: If the fields do not stand together, or it is too large to be computed.
    """
    if depth > _DEEPEST:
        raise InputError(f"an expression must nest at most {_DEEPEST} deep, got more")
    fields = msgspec.structs.asdict(tree).items()
    match [(name, part) for name, part in fields if part is not UNSET]:
        case [("constant", name)]:
            return _constants()[one_of("constant", name, _CONSTANTS)]
        case [("number", pair)]:
            return sympy.Rational(*map(int, pair))
        case [("symbol", name)]:
            return symbol(name)
        case [("power", base), ("exponent", pair)]:
            return _power(expression_of(base, depth + 1), fraction_of(pair))
        case [("sum", parts)]:
            return sympy.Add(*(expression_of(part, depth + 1) for part in parts))
        case [("product", parts)]:
            return sympy.Mul(*(expression_of(part, depth + 1) for part in parts))
        case [("absolute", parts)]:
            return sympy.Mul(*(sympy.Abs(expression_of(part, depth + 1)) for part in parts))
        case [("real", real), ("imaginary", imaginary)]:
            return complex(real, imaginary)
        case given:
            shapes, names = (", ".join(map(" and ".join, each)) for each in (SHAPES, [[n] for n, _ in given]))
            raise InputError(f"an expression must be one of {shapes}, got {names or 'none'}")


def _power(base: Any, exponent: Fraction) -> Any:
    if max(abs(exponent.numerator), exponent.denominator) > _LARGEST_EXPONENT_OF_NUMBER:
        raise InputError(
            f"an exponent must be at most {_LARGEST_EXPONENT_OF_NUMBER} in size, got {short(str(exponent))}"
        )
    if base == 0 and exponent < 0:
        raise InputError("an expression must not divide by 0")
    bits = sum(int(n.p).bit_length() + int(n.q).bit_length() for n in base.atoms(sympy.Rational))
    if bits * abs(exponent) > _LARGEST_POWER:
        raise InputError(
            f"a power must have at most {_LARGEST_POWER} bits, got about {int(bits * abs(exponent))}"
        )
    return base ** sympy.Rational(exponent.numerator, exponent.denominator)


def wired(value: Any) -> Any:
    """A part of a value as it stands on the wire; what is not plain is an exact SymPy number."""
    match value:
        case None | int() | str():
            return value
        case float():
            return float(value)  # of NumPy too
        case complex():
            return Number(real=value.real, imaginary=value.imag)
        case Fraction():
            return pair_of(value)
        case tuple():
            return [wired(part) for part in value]
        case frozenset():
            return sorted(value)
        case Mapping():
            return dict(value)
    return tree_of(value)


def _read_number(number: AnyNumber) -> Any:
    match number:
        case tuple():
            return fraction_of(number)
        case float():
            return number
    return expression_of(number)


# -- results of numbers ----------------------------------------------------------------------------------------


class TwirlRecord(Result, tag="twirl", kw_only=True):
    """A coefficient for each permutation, in lexicographic order."""

    dimension: Positive
    k: Annotated[int, Meta(ge=1, le=_LARGEST_K)]
    values: list[AnyNumber]
    latex: str = ""

    def build(self) -> Twirl:
        return Twirl(self.dimension, self.k, tuple(map(_read_number, self.values)))


class ChannelRecord(Result, tag="twirled_channel", kw_only=True):
    """The two parameters of a twirled channel."""

    dimension: Annotated[int, Meta(ge=2)]
    depolarising_parameter: AnyNumber
    trace_factor: AnyNumber
    latex: str = ""

    def build(self) -> TwirledChannel:
        p, s = map(_read_number, (self.depolarising_parameter, self.trace_factor))
        return TwirledChannel(self.dimension, p, s)


class DesignCheckRecord(Result, tag="design_check"):
    """The numbers that decide."""

    is_design: bool
    t: Natural
    D: Positive
    num_unitaries: Positive
    frame_potential: float
    haar_value: Integer
    excess: float
    tolerance: float

    @classmethod
    def of(cls, value: DesignCheck) -> Self:
        return cls.filled(value, is_design=bool(value), haar_value=number_of(value.haar_value))

    def build(self) -> DesignCheck:
        *fields, _ = msgspec.structs.astuple(msgspec.structs.replace(self, haar_value=int(self.haar_value)))
        return DesignCheck(*fields)


class PointRecord(Wire):
    """A point where exact and claimed values differ."""

    D: Annotated[int, Meta(ge=2)]
    L: Positive
    spectra: dict[str, tuple[int, ...]]
    others: dict[str, Pair]
    exact: Pair
    claimed: Tree

    @classmethod
    def of(cls, value: Counterexample) -> Self:
        others = {name: pair_of(number) for name, number in value.others}
        return cls.filled(value, spectra=dict(value.spectra), others=others)

    def build(self) -> Counterexample:
        others = tuple((name, fraction_of(pair)) for name, pair in self.others.items())
        spectra, claimed = tuple(self.spectra.items()), expression_of(self.claimed)
        return Counterexample(self.D, self.L, spectra, others, fraction_of(self.exact), claimed)


class ClaimCheckRecord(Result, tag="claim_check", kw_only=True):
    """The verdict with its evidence."""

    verdict: Annotated[str, among(VERDICTS)]
    name: str
    ensemble: Ensemble
    claim: Tree
    ratio: Tree | None
    first_difference: Order | None
    counterexample: PointRecord | None
    is_exact: bool
    text: str = ""

    @classmethod
    def of(cls, value: ClaimCheck) -> Self:
        point = value.counterexample and PointRecord.of(value.counterexample)
        return cls.filled(value, counterexample=point, text=str(value))

    def build(self) -> ClaimCheck:
        if self.ensemble == "prl_ansatz" and self.name in formulas():
            formula(
                self.name, ensemble=self.ensemble
            )  # refuses what sees the Haar block that this name had once
        return ClaimCheck(
            self.verdict,
            self.name,
            self.ensemble,
            expression_of(self.claim),
            self.ratio and expression_of(self.ratio),
            power_of(self.first_difference),
            self.counterexample and self.counterexample.build(),
            self.is_exact,
        )


class EstimateRecord(Result, tag="estimate"):
    """An estimate, which ``Estimate.to_record`` writes."""

    problem: Annotated[str, matching("[0-9a-f]+", "a hash of lowercase hexadecimal digits")]
    samples: Positive
    mean: float
    squares: Annotated[float, Meta(ge=0)]

    def build(self) -> Any:
        raise InputError(
            "an estimate must be read by hq.Estimate.from_json, got one here; it is no exact result"
        )
