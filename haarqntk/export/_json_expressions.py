"""Numbers and expressions in JSON: exact ones as trees of sums, products and powers, never as text to be parsed."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import symbol
from haarqntk.base import LazyModule
from haarqntk.errors import InputError, OutputError
from haarqntk.export._json_fields import (
    field_of,
    float_of,
    fraction_of,
    list_of,
    object_of,
    pair_of,
    short,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

sympy = LazyModule("sympy")

_LARGEST_EXPONENT = 1000
_LARGEST_POWER = 13_000  # bits of a power of numbers, as many as 4000 digits have
_DEEPEST = 100


def number_record(value: object) -> Any:
    """A number: [numerator, denominator], a float, {"real", "imaginary"}, or the tree of an algebraic number."""
    if isinstance(value, Fraction):
        return pair_of(value)
    if isinstance(value, complex):
        return {"real": value.real, "imaginary": value.imag}
    return float(value) if isinstance(value, float) else expression_record(value)


def read_number(name: str, data: object) -> Any:
    """What ``number_record`` wrote.

    Raises:
        InputError: If it is none of these.
    """
    if isinstance(data, list):
        return fraction_of(data)
    if isinstance(data, float):
        return data
    record = object_of(name, data)
    if "real" in record:
        return complex(*(float_of(part, field_of(record, part)) for part in ("real", "imaginary")))
    return read_expression(data)


def expression_record(value: Any) -> dict[str, Any]:
    """The tree of a SymPy expression: numbers, symbols, sums, products, powers, absolute values.

    Raises:
        OutputError: If there is anything else in it.
    """
    for name, constant in _constants().items():
        if value == constant:
            return {"constant": name}
    if value.is_Rational:
        return {"number": pair_of(Fraction(int(value.p), int(value.q)))}
    if value.is_Symbol:
        return {"symbol": value.name}
    if value.is_Pow and value.exp.is_Rational:
        exponent = Fraction(int(value.exp.p), int(value.exp.q))
        return {"power": expression_record(value.base), "exponent": pair_of(exponent)}
    for name, kind in (("sum", sympy.Add), ("product", sympy.Mul), ("absolute", sympy.Abs)):
        if isinstance(value, kind):
            return {name: [expression_record(part) for part in value.args]}
    raise OutputError(
        f"value must hold rational and algebraic numbers only to be written as JSON, got {value}"
    )


def read_expression(data: object, depth: int = 0) -> Any:
    """The SymPy expression of a tree.

    Raises:
        InputError: If a node is none of those that ``expression_record`` writes.
    """
    node = object_of("an expression", data)
    if depth > _DEEPEST:
        raise InputError(f"an expression must nest at most {_DEEPEST} deep, got more")
    for name, read in _nodes(depth).items():
        if name in node:
            return read(node)
    raise InputError(f"an expression must be one of {', '.join(_nodes(depth))}, got {short(data)}")


def _nodes(depth: int) -> Mapping[str, Callable[[dict[str, Any]], Any]]:
    def parts(node: dict[str, Any], name: str) -> list[Any]:
        return [read_expression(part, depth + 1) for part in list_of(name, node[name])]

    return {
        "constant": lambda node: _constant(node["constant"]),
        "number": lambda node: _rational(fraction_of(node["number"])),
        "symbol": lambda node: _symbol(node["symbol"]),
        "power": lambda node: _power(read_expression(node["power"], depth + 1), node),
        "sum": lambda node: sympy.Add(*parts(node, "sum")),
        "product": lambda node: sympy.Mul(*parts(node, "product")),
        "absolute": lambda node: sympy.Mul(*map(sympy.Abs, parts(node, "absolute"))),
    }


def _constants() -> dict[str, Any]:
    return {
        "infinity": sympy.oo,
        "minus infinity": -sympy.oo,
        "complex infinity": sympy.zoo,
        "imaginary unit": sympy.I,
    }


def _constant(name: object) -> Any:
    known = _constants()
    if name not in known:
        raise InputError(f"a constant must be one of {', '.join(known)}, got {short(name)}")
    return known[str(name)]


def _rational(value: Fraction) -> Any:
    return sympy.Rational(value.numerator, value.denominator)


def _symbol(name: object) -> Any:
    text = text_of("a symbol", name)
    if not (text.isascii() and text.isidentifier()):
        raise InputError(f"a symbol must be an identifier, got {short(text)}")
    return symbol(text)


def _power(base: Any, node: dict[str, Any]) -> Any:
    exponent = fraction_of(field_of(node, "exponent"))
    if max(abs(exponent.numerator), exponent.denominator) > _LARGEST_EXPONENT:
        raise InputError(f"an exponent must be at most {_LARGEST_EXPONENT}, got {short(str(exponent))}")
    if base == 0 and exponent < 0:
        raise InputError("an expression must not divide by 0")
    bits = sum(int(n.p).bit_length() + int(n.q).bit_length() for n in base.atoms(sympy.Rational))
    if bits * abs(exponent) > _LARGEST_POWER:
        raise InputError(
            f"a power must have at most {_LARGEST_POWER} bits, got about {int(bits * abs(exponent))}"
        )
    return base ** _rational(exponent)
