r"""The LaTeX of the exports, read back: sums, products by juxtaposition, powers and fractions of known symbols.

SymPy's own parsers take L \left(D + 1\right) for a function L of D + 1, so they read the exports only with every
product written out. This one reads what is written, in linear time, into an exact function.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy

from haarqntk.algebra import RationalFunction, linear_combination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from haarqntk.algebra import Notation
    from haarqntk.export._values import Quotient

# Spaces, marks of alignment and the end of a line say nothing; an empty group stands before a binary sign.
_SILENT = re.compile(r"(?:\s|&|\\\\|\\,|\\q?quad(?![A-Za-z])|\\nonumber(?![A-Za-z])|\{\})+")
_MARK = re.compile(r"\\frac(?![A-Za-z])|\\(?:left|Bigl)\(|\\(?:right|Bigr)\)|\d+|[{}^+\-]")
_CLOSING = {r"\left(": r"\right)", r"\Bigl(": r"\Bigr)", "{": "}"}


class DoesNotReadBackError(AssertionError):
    """A text that is no export, or another formula."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the LaTeX does not read back: {reason}")


def read_latex(text: str, symbols: Mapping[str, str]) -> RationalFunction:
    r"""The function that an expression means, with or without marks of alignment; each symbol's LaTeX → its name.

    >>> read_latex(r"\frac{2 D \left(D + 1\right)}{\left(D + 1\right)^{2}}", {"D": "D"}).to_sympy()
    2*D/(D + 1)
    """
    reader = _Reader(list(_tokens(text, symbols)), symbols)
    value = reader.sum()
    reader.take("")
    return value


def reading_back(write: Callable[..., list[list[str]]]) -> Callable[..., list[list[str]]]:
    """What writes closed forms as rows of lines, with a check that each row means its closed form."""

    def closed_forms(
        value: Any, parts: Sequence[Quotient], written: Notation, width: int | None
    ) -> list[list[str]]:
        rows = write(value, parts, written, width)
        for part, row in zip(parts, rows, strict=True):
            symbols = {written.symbol(name): name for name in part.symbols}
            if read_latex(" ".join(row), symbols) != function_of(part.expression):
                raise DoesNotReadBackError(f"it is another formula: {row}")
        return rows

    return closed_forms


def function_of(expression: Any) -> RationalFunction:
    """SymPy's expression of a closed form as an exact function of its symbols."""
    if expression.is_Symbol:
        return RationalFunction.variable(expression.name)
    if expression.is_Rational:
        return RationalFunction(1) * Fraction(int(expression.p), int(expression.q))
    if expression.is_Pow:
        return function_of(expression.base) ** int(expression.exp)
    if expression.is_Add:
        return sum_of(map(function_of, expression.args))
    product = RationalFunction(1)
    for factor in sympy.Mul.make_args(expression):
        product = product * function_of(factor)
    return product


def sum_of(terms: Iterable[RationalFunction]) -> RationalFunction:
    """A sum, over one common denominator."""
    return linear_combination([(Fraction(1), term) for term in terms])


def _tokens(text: str, symbols: Mapping[str, str]) -> Iterator[str]:
    """Symbols first, longest first: a symbol may be a command, and hold brackets and powers of its own."""
    names = [
        re.escape(name) + ("(?![A-Za-z])" if re.search(r"\\[A-Za-z]+$", name) else "")
        for name in sorted(symbols, key=len, reverse=True)
    ]
    token = re.compile("|".join([*names, _MARK.pattern]))
    place = 0
    while place < len(text):
        if silent := _SILENT.match(text, place):
            place = silent.end()
        elif found := token.match(text, place):
            yield found[0]
            place = found.end()
        else:
            raise DoesNotReadBackError(f"unexpected {text[place : place + 12]!r} in {text!r}")


class _Reader:
    """A recursive descent over tokens; ``ahead`` is the next one, empty at the end."""

    def __init__(self, tokens: list[str], symbols: Mapping[str, str]) -> None:
        self._tokens, self._symbols, self._place = [*tokens, ""], symbols, 0

    @property
    def ahead(self) -> str:
        return self._tokens[self._place]

    def take(self, token: str) -> None:
        if self.ahead != token:
            raise DoesNotReadBackError(f"expected {token or 'the end'!r}, got {self.ahead or 'the end'!r}")
        self._place += 1

    def sum(self) -> RationalFunction:
        terms = []
        while True:
            sign = -1 if self.ahead == "-" else 1
            self._place += self.ahead in {"+", "-"}
            terms.append(self._product() * sign)
            if self.ahead not in {"+", "-"}:
                return sum_of(terms)

    def _product(self) -> RationalFunction:
        value = self._power()
        while self.ahead in self._symbols or self.ahead in {r"\frac", r"\left(", r"\Bigl("}:
            value = value * self._power()
        return value

    def _power(self) -> RationalFunction:
        value = self._base()
        if self.ahead != "^":
            return value
        self.take("^")
        exponent = self._enclosed("{")
        number = exponent.at({}) if not exponent.names else Fraction(1, 2)
        if number.denominator != 1:
            raise DoesNotReadBackError("an exponent must be an integer")
        return value ** int(number)

    def _base(self) -> RationalFunction:
        mark = self.ahead
        if mark in {r"\left(", r"\Bigl("}:
            return self._enclosed(mark)
        self._place += bool(mark)
        if mark in self._symbols:
            return RationalFunction.variable(self._symbols[mark])
        if mark.isdecimal():
            return RationalFunction(int(mark))
        if mark == r"\frac":
            numerator, denominator = self._enclosed("{"), self._enclosed("{")
            if not denominator:
                raise DoesNotReadBackError("a denominator is zero")
            return numerator / denominator
        raise DoesNotReadBackError(f"unexpected {mark or 'end'!r}")

    def _enclosed(self, opening: str) -> RationalFunction:
        self.take(opening)
        value = self.sum()
        self.take(_CLOSING[opening])
        return value
