"""What a user types, parsed by two small grammars: a moment of a circuit, and a closed form.

Nothing is evaluated as Python. A text that does not parse is answered with a caret under the place.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache, reduce
from operator import add
from typing import TYPE_CHECKING, Any

from lark import Lark, Token, Transformer, v_args

from haarqntk._lazy import LazyModule
from haarqntk._parsing import MOST_DIGITS, check_digits, exponent_of, parse
from haarqntk.algebra import symbol
from haarqntk.circuits import Circuit, LayerIndex, sum_over
from haarqntk.errors import CostError, InputError, UnknownNameError
from haarqntk.qntk._moments import covariance, cumulant, mean, variance
from haarqntk.qntk._variables import variables_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.circuits import Expression
    from haarqntk.qntk._formula import Formula

sympy = LazyModule("sympy")


_ARITHMETIC = r"""
    ?sum: product | product (PLUS_OR_MINUS product)+ -> total
    ?product: signed | signed (TIMES_OR_BY signed)+ -> chain
    ?signed: power | "-" signed -> negate | "+" signed
    ?power: atom | atom ("^" | "**") exponent
    exponent: EXPONENT | "(" EXPONENT ["/" INT] ")"
    EXPONENT: /-?\d+(\.\d+)?/
    number: INT | DECIMAL
    PLUS_OR_MINUS: "+" | "-"
    TIMES_OR_BY: "*" | "/"
    NAME: /[A-Za-z][A-Za-z0-9_]*/
    %import common.INT
    %import common.DECIMAL
    %import common.WS
    %ignore WS
"""

_MOMENT = (
    r"""
    ?start: sum -> plain
        | "mean" "(" sum ")" -> plain
        | "variance" "(" sum ")" -> variance
        | "covariance" "(" sum "," sum ")" -> covariance
        | "cumulant" "(" sum "," INT ")" -> cumulant
    ?atom: number | "(" sum ")"
        | "K" -> kernel
        | "mu" -> meta_kernel
        | "e" [labels] -> residual
        | "z" [labels] -> output
        | "d" "(" NAME ("," NAME)* ("," label)* ")" -> derivative
        | "d" "(" label ("," label)* ")" -> derivative
        | "sum" "(" sum ("," NAME)+ ")" -> sum_over
    labels: "(" label ("," label)* ")"
    label: OBSERVABLE "=" NAME | STATE "=" NAME
    OBSERVABLE: "observable"
    STATE: "state"
"""
    + _ARITHMETIC
)

_CLOSED_FORM = (
    r"""
    ?start: sum
    ?atom: number | "(" sum ")" | "sqrt" "(" sum ")" -> sqrt | NAME -> symbol
"""
    + _ARITHMETIC
)


_NOTATION: tuple[tuple[str, str], ...] = (
    (r"\\", "LaTeX is not read; write text such as variance(K) or L*T2/D^2"),
    (r"\b[Vv]ar\s*[(\[]|Δ", "write variance(K)"),
    (r"\b[Cc]ov\s*[(\[]", "write covariance(e, K)"),
    (
        r"\b(E|avg|average|expect)\s*[(\[]|<\s*\w+\s*>|𝔼",
        "write mean(K), or K alone: the mean is taken anyway",
    ),
    (r"\b[Tt]r(ace)?\b", "write T1 for Tr O, T2 for Tr O^2, T_O1O2 for Tr O1 O2"),
    (r"[∂Σ∑]|\bdiff\s*\(", "write d(l) for a derivative of the output, sum(d(l)^2, l) for a sum over layers"),
    (r"\b(i|j|I)\s*\*|\*\s*(i|j|I)\b|\d[ij]\b", "moments and claims are real; leave i out"),
)
_HINTS: tuple[tuple[str, str], ...] = (
    (r"\bO\s*\(|≈|∼|~|(?<!state)(?<!observable)=", "write one side alone, without a remainder"),
    (r"(\^|\*\*)\s*(\{|\(?\s*[A-Za-z])|[²³⁴⁵⁶⁷⁸⁹]", "write numbers as exponents, such as T2^2"),
    (r"\bT\s*(_\s*\{|\[|\()", "write T2 for Tr O^2"),
    (r"\b\d+(\.\d*)?[eE][+-]?\d+", "write 10^5 for a power of ten"),
    (r"\|", "moments and claims are real; write K^2 for |K|^2"),
    (r"(\b\d+(\.\d+)?|\w\s|\))\s*[A-Za-z(]|\w\s+\d", "write * between factors, as in 2*L*(D - 1)"),
)
_HINTS_OF_MOMENTS = (
    *_HINTS,
    (
        r"(?<!=)\b(eps\w*|loss|lam\w*|k|g|h|[DLTXO]_?\d*|[a-z]_\w+)\b",
        "a moment is made of d(l), e, z, K, mu, sum(…) and numbers; multiply its mean by the rest",
    ),
)


def _check_notation(text: str) -> None:
    """Refuse notation of papers that is not read, with what to type instead."""
    for pattern, hint in _NOTATION:
        if found := re.search(pattern, text):
            raise InputError(f"{found[0].strip()!r} is not read; {hint}")


def parse_moment(text: str, circuit: Circuit | None = None) -> Formula:
    """Parse a moment and derive it.

    Args:
        text: An expression in ``d(l, m, …)``, ``e``, ``z``, ``K``, ``mu``, ``sum(…, l, …)``, numbers, + − * / ^;
            its mean is taken, or ``variance(…)``, ``covariance(…, …)``, ``cumulant(…, n)``. Derivatives and
            outputs take ``observable=O1`` and ``state=a``.
        circuit: The circuit; ``Circuit()`` if left out.

    Raises:
        InputError: If the text does not parse, with a caret under the place.

    Examples:
        >>> print(parse_moment("sum(d(l)*d(l), l)"))
        2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)

    Reference:
        derivations/02_the_walk.md.
    """
    formula: Formula = parse(
        "expression",
        text,
        _moment_parser(),
        _Moment(circuit or Circuit()),
        refuse=_check_notation,
        hints=_HINTS_OF_MOMENTS,
    )
    return formula


def parse_closed_form(text: str, names: Sequence[str]) -> Any:
    """Parse a closed form into a SymPy expression.

    Args:
        text: Numbers, + − * / ^, sqrt(…), and symbols; exponents are exact rationals, such as D^(-3/2).
        names: The symbols that mean something here.

    Raises:
        InputError: If the text does not parse, with a caret under the place.
        UnknownNameError: If a symbol means nothing here.

    Examples:
        >>> parse_closed_form("L*T2/D^2", ["D", "L", "T1", "T2"])
        L*T2/D**2
    """
    return parse(
        "claim", text, _closed_form_parser(), _ClosedForm(names), refuse=_check_notation, hints=_HINTS
    )


@cache
def _moment_parser() -> Lark:
    return Lark(_MOMENT, parser="lalr", maybe_placeholders=False)


@cache
def _closed_form_parser() -> Lark:
    return Lark(_CLOSED_FORM, parser="lalr", maybe_placeholders=False)


_ONE = Token("INT", "1")


@v_args(inline=True)
class _Arithmetic(Transformer[Token, Any]):
    """The operations that both grammars share, on values that know + − * and **."""

    def number(self, token: Token) -> Any:
        return Fraction(check_digits(token))

    def exponent(self, token: Token, root: Token = _ONE) -> int | Fraction:
        """The exponent of a moment: an integer ≥ 0."""
        if not (token.isdecimal() and root == _ONE):
            seen = f"{token}/{root}" if root != _ONE else token
            raise InputError(
                f"an exponent of a moment must be an integer ≥ 0, got {seen}; divide by numbers only"
            )
        return exponent_of(token)

    def total(self, first: Any, *rest: Any) -> Any:
        """Σ ± terms, flat and in halves: a sum of thousands of terms nests no deeper than one of two."""
        terms = [first, *(-x if sign == "-" else x for sign, x in zip(rest[::2], rest[1::2], strict=True))]
        while len(terms) > 1:
            terms = [reduce(add, terms[i : i + 2]) for i in range(0, len(terms), 2)]
        return terms[0]

    def chain(self, first: Any, *rest: Any) -> Any:
        """Products and quotients from left to right."""
        value = first
        for sign, x in zip(rest[::2], rest[1::2], strict=True):
            value = self.divide(value, x) if sign == "/" else value * x
        return value

    def divide(self, left: Any, right: Any) -> Any:
        return left / right

    def negate(self, value: Any) -> Any:
        return -value

    def power(self, base: Any, exponent: int | Fraction) -> Any:
        if isinstance(base, Fraction) or getattr(base, "is_Rational", False):
            bits: int = max(abs(int(base.numerator)), int(base.denominator)).bit_length()
            size = bits * abs(Fraction(exponent.numerator, exponent.denominator))
            if size > 4 * MOST_DIGITS:
                raise CostError(f"a power of numbers must have at most {MOST_DIGITS} digits")
        return base**exponent


@v_args(inline=True)
class _Moment(_Arithmetic):
    def __init__(self, circuit: Circuit) -> None:
        super().__init__()
        self._circuit = circuit

    def divide(self, left: Any, right: Any) -> Any:
        if not isinstance(right, Fraction):
            raise InputError("a moment must be divided by numbers only, got a random variable below")
        if not right:
            raise InputError("a moment must not be divided by 0")
        return left * (1 / right)

    def kernel(self) -> Expression:
        return variables_of(self._circuit).K.expression

    def meta_kernel(self) -> Expression:
        return variables_of(self._circuit).mu.expression

    def label(self, key: Token, name: Token) -> tuple[str, str]:
        return str(key), str(name)

    def labels(self, *pairs: tuple[str, str]) -> dict[str, str]:
        labels = dict(pairs)
        if len(labels) < len(pairs):
            raise InputError(f"observable= and state= may be given once each, got {len(pairs)} labels")
        return labels

    def residual(self, labels: dict[str, str] | None = None) -> Expression:
        return self._circuit.residual(**(labels or {}))

    def output(self, labels: dict[str, str] | None = None) -> Expression:
        return self._circuit.output(**(labels or {}))

    def derivative(self, *arguments: Token | tuple[str, str]) -> Expression:
        indices = [LayerIndex(str(argument)) for argument in arguments if isinstance(argument, Token)]
        labels = self.labels(*(argument for argument in arguments if isinstance(argument, tuple)))
        if not indices:
            inside = ", ".join(["l", *(f"{key}={name}" for key, name in labels.items())])
            raise InputError(f"d must name at least one layer index, got none; write for example d({inside})")
        return self._circuit.output(**labels).d(*indices)

    def sum_over(self, expression: Any, *names: Token) -> Expression:
        return sum_over(self._as_expression(expression), *(LayerIndex(str(name)) for name in names))

    def plain(self, expression: Any) -> Formula:
        return mean(self._as_expression(expression))

    def variance(self, expression: Any) -> Formula:
        return variance(self._as_expression(expression))

    def covariance(self, left: Any, right: Any) -> Formula:
        return covariance(self._as_expression(left), self._as_expression(right))

    def cumulant(self, expression: Any, order: Token) -> Formula:
        if len(order) > MOST_DIGITS:
            raise CostError(
                f"the order of a cumulant must have at most {MOST_DIGITS} digits, got {len(order)}"
            )
        return cumulant(self._as_expression(expression), int(order))

    def _as_expression(self, value: Any) -> Expression:
        if not isinstance(value, Fraction):
            expression: Expression = value
            return expression
        return self._circuit.output() * 0 + value


@v_args(inline=True)
class _ClosedForm(_Arithmetic):
    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = list(names)

    def number(self, token: Token) -> Any:
        value = super().number(token)
        return sympy.Rational(value.numerator, value.denominator)

    def exponent(self, token: Token, root: Token = _ONE) -> Fraction:
        """The exponent of a claim: any rational number of the size of an exponent."""
        if exponent_of(root) == 0:
            raise InputError(f"an exponent must be a number, got {token}/0")
        value = Fraction(check_digits(token)) / int(root)
        for part in (abs(value.numerator), value.denominator):
            exponent_of(str(part))
        return value

    def divide(self, left: Any, right: Any) -> Any:
        if right == 0:
            raise InputError("a claim must not divide by 0")
        return left / right

    def power(self, base: Any, exponent: int | Fraction) -> Any:
        if base == 0 and exponent < 0:
            raise InputError("a claim must not divide by 0")
        return super().power(base, sympy.Rational(exponent.numerator, exponent.denominator))

    def sqrt(self, value: Any) -> Any:
        return sympy.sqrt(value)

    def symbol(self, name: Token) -> Any:
        if str(name) not in self._names:
            raise UnknownNameError.among("symbol", name, self._names)
        return symbol(str(name))
