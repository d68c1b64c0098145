r"""The LaTeX of the exports, read back: it is turned into arithmetic, which ``arithmetic`` reads.

SymPy's own parsers take L \left(D + 1\right) for a function L of D + 1, so they read the exports only with every
product written out.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy
from arithmetic import read_arithmetic
from sympy.parsing.latex import parse_latex

from haarqntk.algebra import RationalFunction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from haarqntk.algebra import Notation
    from haarqntk.export._values import Quotient

# Spaces, marks of alignment and the end of a line say nothing; an empty group stands before a binary sign.
_SILENT = re.compile(r"\\\\|\\,|&|\{\}|\\(?:q?quad|nonumber)(?![A-Za-z])|\\(?:begin|end)\{align\}")
_FRACTION = re.compile(r"\\frac\{([^{}]*)\}\{([^{}]*)\}")


def read_latex(text: str, symbols: Mapping[str, str]) -> RationalFunction:
    """The function that an expression means, with or without marks of alignment; each symbol's LaTeX → its name."""
    names = {latex: RationalFunction.variable(name) for latex, name in symbols.items()}
    return value_of_latex(text, names, RationalFunction(1))  # type: ignore[no-any-return]


def value_of_latex(text: str, values: Mapping[str, Any], one: Any) -> Any:
    """The value of an expression where each symbol's LaTeX has a value in a field, whose one is ``one``."""
    places = {latex: f"x{i}" for i, latex in enumerate(values)}
    try:
        return read_arithmetic(
            _as_arithmetic(text, places), dict(zip(places.values(), values.values(), strict=True)), one
        )
    except (AssertionError, ArithmeticError, LookupError, ValueError) as error:
        raise AssertionError(f"the LaTeX does not read back: {error!r} in {text!r}") from error


def _as_arithmetic(text: str, places: Mapping[str, str]) -> str:
    """Symbols are replaced first, longest first: one may be a command, and hold brackets and powers of its own."""
    symbols = [
        re.escape(latex) + ("(?![A-Za-z])" if re.search(r"\\[A-Za-z]+$", latex) else "")
        for latex in sorted(places, key=len, reverse=True)
    ]
    pattern = "|".join([*symbols, r"\\[A-Za-z]+"])
    text = re.sub(pattern, lambda found: f" {places.get(found[0], found[0])} ", _SILENT.sub(" ", text))
    text = re.sub(r"\\(?:left|Bigl) \(", "(", re.sub(r"\\(?:right|Bigr) \)", ")", text))
    text = re.sub(r"\s*\^\{(\d+)\}", r"**\1", text.replace(r"\frac {", r"\frac{"))
    while (shorter := _FRACTION.sub(r"((\1)/(\2))", text)) != text:
        text = shorter
    assert not re.search(r"[\\{}^]", text), f"unexpected {text!r}"
    return re.sub(r"(?<=[\w)])\s*(?=[x(])", "*", text)


def read_by_sympy(text: str, names: dict[str, str]) -> Any:
    r"""SymPy takes L \left(…\right) for a function of …: each product gets its sign, each symbol a plain name."""
    plain = {written: f"x_{{{i}}}" for i, written in enumerate(names)}
    pattern = "|".join(re.escape(written) for written in sorted(names, key=len, reverse=True))
    text = re.sub(rf"{pattern}|\\(?:frac|left|right)", lambda found: plain.get(found[0], found[0]), text)
    text = re.sub(r"(?<=[}\)0-9]) (?=\\left\(|x_)", r" \\cdot ", text)
    meant = {sympy.Symbol(plain[written]): sympy.Symbol(name) for written, name in names.items()}
    return parse_latex(text, backend="lark").xreplace(meant)


def reading_back(write: Callable[..., list[list[str]]]) -> Callable[..., list[list[str]]]:
    """What writes closed forms as rows of lines, with a check that each row has the value of its closed form.

    The values are compared at one point of Q with entries of 60 bits, where two functions of these degrees agree by
    accident once in 10^15.
    """

    def closed_forms(
        value: Any, parts: Sequence[Quotient], written: Notation, width: int | None
    ) -> list[list[str]]:
        rows = write(value, parts, written, width)
        for part, row in zip(parts, rows, strict=True):
            point = {
                name: Fraction((2**61 - 1) // (2 * i + 3), 10**9 + 7) for i, name in enumerate(part.symbols)
            }
            places = {name: f"x{i}" for i, name in enumerate(point)}
            exact = read_arithmetic(str(part.renamed(places)), {places[name]: point[name] for name in point})
            values = {written.symbol(name): value for name, value in point.items()}
            found = value_of_latex(" ".join(row), values, Fraction(1))
            assert found == exact, f"another formula: {row}"
        return rows

    return closed_forms
