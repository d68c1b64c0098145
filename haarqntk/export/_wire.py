"""What stands on the wire: structs of msgspec, from which ``schema.json`` is generated, exact numbers, expressions.

A struct names the kind of value that it stands for, and its fields. ``of`` takes them from a value, ``build`` makes the
value from a struct that msgspec has checked; what a struct cannot say, such as which names are known, the value checks
at birth. Exact numbers are pairs or trees of sums, products and powers, never texts to be parsed; integers beyond 2^53,
which other readers of JSON round, are decimal texts.
"""

# without annotations from the future: msgspec reads them when the program runs

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import partial, singledispatch
from types import GenericAlias, NoneType
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, TypeVar, get_args

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import asdict

from haarqntk.algebra import symbol
from haarqntk.base import LazyModule, matching, short
from haarqntk.checks import one_of, rational
from haarqntk.errors import InputError, OutputError

sympy = LazyModule("sympy")

Key = TypeVar("Key")
Part = TypeVar("Part")

FOR_READERS = ("schema_version", "expression", "latex", "text", "range", "eigenvalues")
"""The fields that repeat the data for other readers, or say how they are written."""
LARGEST_EXPONENT = 10_000

_LARGEST_NUMBER = 2**53
_LARGEST_EXPONENT_OF_NUMBER = 1000
_LARGEST_POWER = 13_000  # bits of a power of numbers, as many as 4000 digits have
_DEEPEST = 100
_CONSTANTS = ("infinity", "minus infinity", "complex infinity", "imaginary unit")

Natural = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Exponent = Annotated[int, Meta(ge=1, le=LARGEST_EXPONENT)]
Power = Annotated[int, Meta(ge=-LARGEST_EXPONENT, le=LARGEST_EXPONENT)]
Integer = (
    Annotated[int, Meta(extra_json_schema={"minimum": -_LARGEST_NUMBER, "maximum": _LARGEST_NUMBER})]
    | Annotated[str, matching("-?[1-9][0-9]{15,4000}", "an integer, or a text of 16 digits or more")]
)
PositiveInteger = (
    Positive
    | Annotated[str, matching("[1-9][0-9]{15,4000}", "an integer ≥ 1, or a text of 16 digits or more")]
)
Name = Annotated[str, matching("[A-Za-z_][A-Za-z0-9_]*", "a name of letters, digits and underscores")]


def among(names: Iterable[str]) -> Any:
    """A name that a value looks up at birth; the schema lists what is known."""
    return Annotated[str, Meta(extra_json_schema={"enum": [*names]})]


def list_of(kind: Any) -> Any:
    """A list of structs."""
    return GenericAlias(list, (kind,))


def number_of(value: int) -> int | str:
    """An integer, as a text where other readers of JSON would round it."""
    return value if abs(value) <= _LARGEST_NUMBER else str(value)


class Pair(NamedTuple):
    """Numerator and denominator of an exact number."""

    numerator: Integer
    denominator: PositiveInteger

    def build(self) -> Fraction:
        """The number."""
        return Fraction(*map(int, self))


@singledispatch
def wired(value: Any) -> Any:
    """A part of a value as it stands on the wire; what no struct stands for is an exact SymPy number."""
    return tree_of(value)


_WRITERS: dict[Any, Callable[[Any], Any]] = {
    str: str,
    int: lambda value: value,
    NoneType: lambda value: value,
    float: float,  # of NumPy too
    complex: lambda value: Number(real=value.real, imaginary=value.imag),
    Fraction: lambda value: Pair(number_of(value.numerator), number_of(value.denominator)),
    tuple: lambda value: [*map(wired, value)],
    frozenset: sorted,
    Mapping: dict,
}
for _kind, _write in _WRITERS.items():
    wired.register(_kind, _write)


class Wire(msgspec.Struct, forbid_unknown_fields=True):
    """A part of a result."""

    stands_for: ClassVar[type | None] = None

    def __init_subclass__(cls, **config: Any) -> None:
        super().__init_subclass__(**config)
        if cls.stands_for:
            wired.register(cls.stands_for, cls.of)

    @classmethod
    def of(cls, value: Any) -> Self:
        """The struct of a value."""
        return cls.filled(value)

    @classmethod
    def filled(cls, value: Any, /, **others: Any) -> Self:
        """Each field that is not among the others from the attribute, or the method, of its name."""
        for name in cls.__struct_fields__:
            if name not in others and name != "schema_version":
                part = getattr(value, name)
                others[name] = wired(part() if callable(part) else part)
        return cls(**others)

    def build(self) -> Any:
        """The value of a struct, which refuses parts that do not fit together."""
        return self.made()

    def made(self, *left_out: str, **others: Any) -> Any:
        """What it stands for, a tuple if nothing, of the others and the fields that are neither they nor left out."""
        apart = {*FOR_READERS, *left_out, *others}
        parts = {name: unwired(part) for name, part in asdict(self).items() if name not in apart} | others
        return self.stands_for(**parts) if self.stands_for else tuple(parts.values())


class Result(Wire, tag_field="type", kw_only=True):
    """A result: its type is its tag."""

    schema_version: Literal[1] = 1


def struct(
    name: str,
    stands_for: type | None,
    fields: Mapping[str, Any],
    *,
    of: Callable[..., Any] | None = None,
    build: Callable[..., Any] | None = None,
    base: type[Wire] = Wire,
) -> Any:
    """A struct of that name in the schema; what is for readers, or may be unset, may be missing from what is read."""
    listed: list[Any] = []
    for key, kind in fields.items():
        default = [""] if key in FOR_READERS and kind is str else [UNSET] * (UnsetType in get_args(kind))
        listed.append((key, kind, *default))
    own = {"stands_for": stands_for, "of": of and classmethod(of), "build": build}
    return msgspec.defstruct(
        name,
        listed,
        bases=(base,),
        namespace={key: part for key, part in own.items() if part},
        tag=name if base is Result else None,
        forbid_unknown_fields=True,
        kw_only=any(len(field) > 2 for field in listed),  # noqa: PLR2004 - name, kind and default
    )


result = partial(struct, base=Result)


def unwired(part: Any) -> Any:
    """The part of a value that stands so on the wire."""
    match part:
        case Pair() | Wire():
            return part.build()
        case list() | tuple():
            return tuple(map(unwired, part))
        case dict():
            return tuple((name, unwired(each)) for name, each in part.items())
    return part


def once(what: str, pairs: Iterable[tuple[Key, Part]]) -> dict[Key, Part]:
    """A mapping of pairs in which no key stands twice."""
    listed = [*pairs]
    found = dict(listed)
    if len(found) < len(listed):
        raise InputError(f"each {what} must stand once, got one twice; add them up")
    return found


# -- exact expressions -----------------------------------------------------------------------------------------


class Tree(Wire, omit_defaults=True, kw_only=True):
    """An exact expression: one of these fields, a power with its exponent."""

    constant: Annotated[str, Meta(extra_json_schema={"enum": [*_CONSTANTS]})] | UnsetType = UNSET
    number: Pair | UnsetType = UNSET
    symbol: Name | UnsetType = UNSET
    power: "Tree | UnsetType" = UNSET
    exponent: Pair | UnsetType = UNSET
    sum: "list[Tree] | UnsetType" = UNSET
    product: "list[Tree] | UnsetType" = UNSET
    absolute: "list[Tree] | UnsetType" = UNSET

    def build(self, depth: int = 0) -> Any:
        """The SymPy expression, or the complex number."""
        if depth > _DEEPEST:
            raise InputError(f"an expression must nest at most {_DEEPEST} deep, got more")
        given: dict[str, Any] = {name: part for name, part in asdict(self).items() if part is not UNSET}
        if tuple(given) not in EXPRESSIONS:
            raise InputError(
                f"an expression must be one of {', '.join(map(' and '.join, EXPRESSIONS))}, got "
                f"{' and '.join(given) or 'none of them'}"
            )
        for name, part in given.items():
            if isinstance(part, Tree):
                given[name] = part.build(depth + 1)
            elif isinstance(part, list):
                given[name] = [each.build(depth + 1) for each in part]
        return EXPRESSIONS[tuple(given)](*given.values())


class Number(Tree, kw_only=True):
    """An exact expression, or a complex number of two floats."""

    real: float | UnsetType = UNSET
    imaginary: float | UnsetType = UNSET


def _constants() -> dict[str, Any]:
    return dict(zip(_CONSTANTS, (sympy.oo, -sympy.oo, sympy.zoo, sympy.I), strict=True))


def _power(base: Any, pair: Pair) -> Any:
    exponent = pair.build()
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


EXPRESSIONS: dict[tuple[str, ...], Callable[..., Any]] = {
    ("constant",): lambda name: _constants()[one_of("constant", name, _CONSTANTS)],
    ("number",): lambda pair: sympy.Rational(*map(int, pair)),
    ("symbol",): symbol,
    ("sum",): lambda parts: sympy.Add(*parts),
    ("product",): lambda parts: sympy.Mul(*parts),
    ("absolute",): lambda parts: sympy.Mul(*map(sympy.Abs, parts)),
    ("power", "exponent"): _power,
    ("real", "imaginary"): complex,  # of a number only
}
"""The fields that stand together → what they are."""


def tree_of(value: Any) -> Tree:
    """The tree of a SymPy expression: of numbers, symbols, sums, products, powers and absolute values alone."""
    for name, constant in _constants().items():
        if value == constant:
            return Tree(constant=name)
    if value.is_Rational:
        return Tree(number=wired(rational("value", value)))
    if value.is_Symbol:
        return Tree(symbol=value.name)
    if value.is_Pow and value.exp.is_Rational:
        return Tree(power=tree_of(value.base), exponent=wired(rational("value", value.exp)))
    for name, operation in (("sum", sympy.Add), ("product", sympy.Mul), ("absolute", sympy.Abs)):
        if isinstance(value, operation):
            parts: Any = {name: [*map(tree_of, value.args)]}
            return Tree(**parts)
    raise OutputError(
        f"value must hold rational and algebraic numbers only to be written as JSON, got {value}"
    )
