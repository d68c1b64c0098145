"""A reader of arithmetic in any of the exported languages, over any numbers: it shares no code with the package.

It reads sums, products, quotients, powers and brackets; ``_quotient(a, b)`` as the exported Python divides; numbers
with or without ``.0``. Names are looked up, so the same text is read at a point of Q or as a function.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(r"\s*(\d+(?:\.0)?|[A-Za-z_]\w*|\*\*|[-+*/^(),])")


def read_arithmetic(text: str, names: Mapping[str, Any], one: Any = Fraction(1)) -> Any:
    """The value of a text where names mean values of one field, whose one is ``one``."""
    reader = _Reader(text, names, one)
    value = reader.sum()
    assert reader.take() == "", f"unexpected rest in {text!r}"
    return value


class _Reader:
    def __init__(self, text: str, names: Mapping[str, Any], one: Any) -> None:
        self._tokens = _tokens(text)
        self._names, self._one, self._place = names, one, 0

    @property
    def ahead(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def take(self, expected: str | None = None) -> str:
        token = self.ahead
        assert expected is None or token == expected, f"expected {expected}, got {token}"
        self._place += 1
        return token

    def sum(self) -> Any:
        value = self.product()
        while self.ahead in {"+", "-"}:
            value = value + self.product() if self.take() == "+" else value - self.product()
        return value

    def product(self) -> Any:
        value = self.signed()
        while self.ahead in {"*", "/"}:
            value = value * self.signed() if self.take() == "*" else value / self.signed()
        return value

    def signed(self) -> Any:
        if self.ahead == "-":
            self.take()
            return self.signed() * -1
        base = self.atom()
        if self.ahead not in {"^", "**"}:
            return base
        self.take()
        return base ** self.exponent()

    def exponent(self) -> int:
        if self.ahead == "(":
            self.take()
            exponent = self.exponent()
            self.take(")")
            return exponent
        sign = -1 if self.ahead == "-" else 1
        if sign < 0:
            self.take()
        return sign * int(self.take())

    def atom(self) -> Any:
        word = self.take()
        if word == "(":
            value = self.sum()
            self.take(")")
            return value
        if word == "_quotient":
            self.take("(")
            top = self.sum()
            self.take(",")
            bottom = self.sum()
            self.take(")")
            return top / bottom
        return self._one * int(word.removesuffix(".0")) if word[0].isdigit() else self._names[word]


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    text = text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        assert match, f"cannot read {text[place : place + 20]!r}"
        found.append(match[1])
        place = match.end()
    return found
