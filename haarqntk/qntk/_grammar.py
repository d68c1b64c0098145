"""Texts: a moment that is derived, a closed form that is claimed; and claims as SymPy expressions.

The atoms and rules of moments and of closed forms are added to the shared arithmetic.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb, prod
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import (
    ARITHMETIC,
    Arithmetic,
    Trace,
    TracePolynomial,
    check_digits,
    exponent_of,
    parse,
    symbol,
)
from haarqntk.base import LazyModule
from haarqntk.circuits import Circuit, Expression, LayerIndex, sum_over
from haarqntk.errors import CostError, InputError, InputTypeError, UnknownNameError
from haarqntk.qntk._catalogue import covariance, cumulant, mean, variance
from haarqntk.qntk._recipe import variables_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.qntk._formula import Formula

sympy = LazyModule("sympy")

_MOST_TERMS = 200_000  # of a claim that is expanded
_ALWAYS_KNOWN = ("D", "L", "T1", "T2", "T3", "T4", "T5", "T6")

_NAMED = (
    ARITHMETIC
    + r"""
    %extend exponent: "(" EXPONENT "/" INT ")"
    NAME: /[A-Za-z][A-Za-z0-9_]*/
"""
)
_MOMENT = (
    _NAMED
    + r"""
    ?start: expression -> mean_of
        | "mean" "(" expression ")" -> mean_of
        | "variance" "(" expression ")" -> variance_of
        | "covariance" "(" expression "," expression ")" -> covariance_of
        | "cumulant" "(" expression "," INT ")" -> cumulant_of
    expression: sum
    %extend atom: "K" -> kernel
        | "mu" -> meta_kernel
        | "e" [labels] -> residual
        | "z" [labels] -> output
        | "d" "(" NAME ("," NAME)* ("," label)* ")" -> derivative
        | "d" "(" label ("," label)* ")" -> derivative
        | "sum" "(" expression ("," NAME)+ ")" -> sum_over
    labels: "(" label ("," label)* ")"
    label: OBSERVABLE "=" NAME | STATE "=" NAME
    OBSERVABLE: "observable"
    STATE: "state"
"""
)
_CLOSED_FORM = (
    _NAMED
    + r"""
    ?start: sum
    %extend atom: "sqrt" "(" sum ")" -> sqrt | NAME -> symbol
"""
)


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
    formula: Formula = parse("expression", text, _MOMENT, _Moment(circuit or Circuit()))
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
    return parse("claim", text, _CLOSED_FORM, _ClosedForm(names))


class _Moment(Arithmetic):
    integer_exponents = "an exponent of a moment must be an integer ≥ 0, got {}; divide by numbers only"

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit

    def by(self, left: Any, right: Any) -> Any:
        if not isinstance(right, Fraction):
            raise InputError("a moment must be divided by numbers only, got a random variable below")
        if not right:
            raise InputError("a moment must not be divided by 0")
        return left * (1 / right)

    def kernel(self) -> Expression:
        return variables_of(self._circuit).K.expression

    def meta_kernel(self) -> Expression:
        return variables_of(self._circuit).mu.expression

    def label(self, key: str, name: str) -> tuple[str, str]:
        return key, name

    def labels(self, *pairs: tuple[str, str]) -> dict[str, str]:
        labels = dict(pairs)
        if len(labels) < len(pairs):
            raise InputError(f"observable= and state= may be given once each, got {len(pairs)} labels")
        return labels

    def residual(self, labels: dict[str, str] | None = None) -> Expression:
        return self._circuit.residual(**(labels or {}))

    def output(self, labels: dict[str, str] | None = None) -> Expression:
        return self._circuit.output(**(labels or {}))

    def derivative(self, *arguments: str | tuple[str, str]) -> Expression:
        indices = [LayerIndex(argument) for argument in arguments if isinstance(argument, str)]
        labels = self.labels(*(argument for argument in arguments if isinstance(argument, tuple)))
        if not indices:
            inside = ", ".join(["l", *(f"{key}={name}" for key, name in labels.items())])
            raise InputError(f"d must name at least one layer index, got none; write for example d({inside})")
        return self._circuit.output(**labels).d(*indices)

    def expression(self, value: Any) -> Expression:
        """What is summed or averaged: also a number is one."""
        expression: Expression = self._circuit.output() * 0 + value if isinstance(value, Fraction) else value
        return expression

    def sum_over(self, expression: Expression, *names: str) -> Expression:
        return sum_over(expression, *map(LayerIndex, names))

    mean_of, variance_of, covariance_of = staticmethod(mean), staticmethod(variance), staticmethod(covariance)

    def cumulant_of(self, expression: Expression, order: str) -> Formula:
        return cumulant(expression, int(check_digits(order, "the order of a cumulant")))


class _ClosedForm(Arithmetic):
    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)

    def number(self, token: str) -> Any:
        return sympy.Rational(super().number(token))

    def exponent(self, token: str, root: str = "1") -> Fraction:
        """The exponent of a claim: any rational number of the size of an exponent."""
        if exponent_of(root) == 0:
            raise InputError(f"an exponent must be a number, got {token}/0")
        value = Fraction(check_digits(token)) / int(root)
        exponent_of(str(abs(value.numerator)))
        exponent_of(str(value.denominator))
        return value

    def by(self, left: Any, right: Any) -> Any:
        if right == 0:
            raise InputError("a claim must not divide by 0")
        return left / right

    def raised(self, base: Any, exponent: Fraction) -> Any:
        if base == 0 and exponent < 0:
            raise InputError("a claim must not divide by 0")
        return super().raised(base, sympy.Rational(exponent))

    def sqrt(self, value: Any) -> Any:
        return sympy.sqrt(value)

    def symbol(self, name: str) -> Any:
        if name not in self._names:
            raise UnknownNameError.among("symbol", name, self._names)
        return symbol(name)


# -- claims ----------------------------------------------------------------------------------------------------


def read_claim(claim: object, exact: Formula) -> Any:
    """A claim about an exact formula as a SymPy expression in its symbols."""
    has_pair = any(isinstance(x, Trace) and not x.is_power for x in exact.symbols)
    known = list(dict.fromkeys([*(() if has_pair else _ALWAYS_KNOWN), *exact.symbols]))
    if isinstance(claim, str):
        return parse_closed_form(claim, known)
    converter = getattr(claim, "_sympy_", None)
    expression = converter() if callable(converter) else claim
    if isinstance(expression, int | Fraction) and not isinstance(expression, bool):
        return sympy.Rational(expression)
    # the symbols of O(…) cannot be replaced
    if not isinstance(expression, sympy.Expr) or expression.has(sympy.Order):
        raise InputTypeError(
            f"claim must be a SymPy expression or a text, got {claim!r}; write fractions, and leave O(…) out"
        )
    renamed = {}
    for free in expression.free_symbols:
        if not isinstance(free, sympy.Symbol):
            raise InputTypeError(f"a symbol of a claim must be a number, got {free!r}; write T2 for Tr O^2")
        if free.name not in known:
            raise UnknownNameError.among("symbol", free.name, known)
        renamed[free] = symbol(free.name)
    if expression.atoms(sympy.Float):
        raise InputError("claim must be exact, got a float in it; write a fraction")
    return expression.xreplace(renamed)


def refuse_unusable(expression: Any) -> None:
    """Refuse what is no finite real closed form, and what would not finish."""
    if expression.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo, sympy.I):
        raise InputError(f"claim must be finite and real, got {expression}")
    names = ("Number", "NumberSymbol", "Symbol", "Add", "Mul", "Pow", "Abs")  # √(x²) is |x|
    parts = tuple(getattr(sympy, name) for name in names)
    if other := next((x for x in sympy.preorder_traversal(expression) if not isinstance(x, parts)), None):
        raise InputError(
            f"claim must be built from numbers, symbols, + − * /, powers and roots only, got {other}; write it out"
        )
    if any(not power.exp.is_Rational for power in expression.atoms(sympy.Pow)):
        raise InputError("claim must have rational exponents only")
    num_monomials, degree = _size(expression)
    size = num_monomials * (degree + 1)
    if size > _MOST_TERMS:
        raise CostError(
            f"claim would expand to {size} terms and not finish; at most {_MOST_TERMS} are compared"
        )
    if sympy.expand(sympy.fraction(sympy.together(expression))[1]) == 0:
        raise InputError("claim must not divide by 0")


def _size(expression: Any) -> tuple[int, int]:
    """A bound on the monomials of the expanded expression apart from D, and on its degree in D."""
    D = symbol("D")
    if expression.is_Add or expression.is_Mul:
        counts, degrees = zip(*map(_size, expression.args), strict=True)
        if expression.is_Mul:
            return prod(counts), sum(degrees)
        return sum(counts) if expression.free_symbols - {D} else 1, max(degrees)
    if expression.is_Pow and expression.exp.is_Integer:
        count, degree = _size(expression.base)
        e = abs(int(expression.exp))
        return comb(count + e - 1, e) if e <= _MOST_TERMS else e, degree * e
    return 1, int(expression == D)


def claimed_polynomial(expression: Any) -> TracePolynomial | None:
    """The claim as a polynomial over Q(D), or None if it is none."""
    top, bottom = sympy.fraction(sympy.together(expression))
    D = symbol("D")
    if bottom.free_symbols - {D} or not bottom.is_polynomial(D):
        return None
    if any(not number.is_Rational for number in expression.atoms(sympy.Number, sympy.NumberSymbol)) or any(
        not power.exp.is_Integer for power in expression.atoms(sympy.Pow)
    ):
        return None
    others = sorted(expression.free_symbols - {D}, key=lambda free: str(free.name))
    if not top.is_polynomial(D, *others):
        return None
    return TracePolynomial.from_sympy(top, bottom)
