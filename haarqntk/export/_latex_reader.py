r"""The LaTeX of the exports, read back: sums, products by juxtaposition, powers and fractions of known symbols.

SymPy's own parsers take L \left(D + 1\right) for a function L of D + 1, so they read the exports only with every
product written out, as the tests do. This one reads what is written, in linear time, into an exact function.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from haarqntk.algebra import RationalFunction
from haarqntk.errors import OutputError
from haarqntk.export._values import sum_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Spaces, marks of alignment and the end of a line say nothing; an empty group stands before a binary sign.
_SILENT = re.compile(r"(?:\s|&|\\\\|\\,|\\q?quad(?![A-Za-z])|\\nonumber(?![A-Za-z])|\{\})+")
_MARK = re.compile(r"\\frac(?![A-Za-z])|\\(?:left|Bigl)\(|\\(?:right|Bigr)\)|\d+|[{}^+\-]")


def read_latex(text: str, symbols: Mapping[str, str]) -> RationalFunction:
    r"""The function that a LaTeX text means.

    Args:
        text: An expression, also with marks of alignment, as the exports write it.
        symbols: Each symbol's LaTeX → its name.

    Raises:
        OutputError: If the text does not read.

    Examples:
        >>> read_latex(r"\frac{2 D \left(D + 1\right)}{\left(D + 1\right)^{2}}", {"D": "D"}).to_sympy()
        2*D/(D + 1)
    """
    reader = _Reader(list(_tokens(text, symbols)), symbols)
    value = reader.sum()
    if reader.ahead:
        raise OutputError(f"the LaTeX does not read back: unexpected {reader.ahead!r} in {_short(text)}")
    return value


def _tokens(text: str, symbols: Mapping[str, str]) -> Iterator[str]:
    """Symbols first, longest first: a symbol may be a command, and hold brackets and powers of its own."""
    names = "|".join(
        re.escape(name) + ("(?![A-Za-z])" if re.search(r"\\[A-Za-z]+$", name) else "")
        for name in sorted(symbols, key=len, reverse=True)
    )
    token = re.compile(f"(?:{names})|{_MARK.pattern}" if names else _MARK)
    place = 0
    while place < len(text):
        if silent := _SILENT.match(text, place):
            place = silent.end()
        elif found := token.match(text, place):
            yield found[0]
            place = found.end()
        else:
            raise OutputError(
                f"the LaTeX does not read back: unexpected {text[place : place + 12]!r} in {_short(text)}"
            )


class _Reader:
    """A recursive descent over tokens; ``ahead`` is the next one, empty at the end."""

    def __init__(self, tokens: list[str], symbols: Mapping[str, str]) -> None:
        self._tokens, self._symbols, self._place = [*tokens, ""], symbols, 0

    @property
    def ahead(self) -> str:
        return self._tokens[self._place]

    def sum(self) -> RationalFunction:
        terms = []
        while True:
            sign = -1 if self.ahead == "-" else 1
            if self.ahead in {"+", "-"}:
                self._place += 1
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
        self._take("^")
        exponent = self._group()
        number = exponent.at({}) if not exponent.names else Fraction(1, 2)
        if number.denominator != 1:
            raise OutputError("the LaTeX does not read back: an exponent must be an integer")
        return value ** int(number)

    def _base(self) -> RationalFunction:
        mark = self.ahead
        if mark in self._symbols:
            self._place += 1
            return RationalFunction.variable(self._symbols[mark])
        if mark.isdecimal():
            self._place += 1
            return RationalFunction(int(mark))
        if mark == r"\frac":
            self._place += 1
            numerator, denominator = self._group(), self._group()
            if not denominator:
                raise OutputError("the LaTeX does not read back: a denominator is zero")
            return numerator / denominator
        closing = {r"\left(": r"\right)", r"\Bigl(": r"\Bigr)"}.get(mark)
        if closing is None:
            raise OutputError(f"the LaTeX does not read back: unexpected {mark or 'end'!r}")
        return self._enclosed(mark, closing)

    def _group(self) -> RationalFunction:
        return self._enclosed("{", "}")

    def _enclosed(self, opening: str, closing: str) -> RationalFunction:
        self._take(opening)
        value = self.sum()
        self._take(closing)
        return value

    def _take(self, token: str) -> None:
        if self.ahead != token:
            raise OutputError(
                f"the LaTeX does not read back: expected {token!r}, got {self.ahead or 'the end'!r}"
            )
        self._place += 1


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}…")  # noqa: PLR2004 - one line of a message
