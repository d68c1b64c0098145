"""Any moment of what a circuit gives: mean, variance, covariance, cumulants of expressions; and as text.

Each is a polynomial in means, as on paper, and ``mean`` averages term by term with the engine. For texts, the atoms and
rules of moments and of closed forms are added to the shared arithmetic.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import ARITHMETIC, Arithmetic, check_digits, exponent_of, parse, symbol
from haarqntk.base import LazyModule
from haarqntk.checks import integer
from haarqntk.circuits import Circuit, Expression, LayerIndex, sum_over
from haarqntk.errors import CostError, InputError, InputTypeError, UnknownNameError
from haarqntk.qntk import _recipe
from haarqntk.qntk._formula import Formula, formula_of
from haarqntk.qntk._recipe import Variable, typewriter, variables_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.qntk._recipe import Recipe


sympy = LazyModule("sympy")

_REFERENCE = "derivations/02_the_walk.md"


def mean(expression: Expression) -> Formula:
    """The mean E[A] of a polynomial in outputs and their derivatives, exact in D and L.

    Args:
        expression: Built from ``hq.Circuit``, with every layer index summed. Up to 6 factors; 4 for general
            generators or the ensemble "generator_average"; K^n alone up to n = 5.

    Returns:
        The closed form, the same kind of value as ``hq.formula`` gives.

    Raises:
        InputTypeError: If the argument is no expression.
        InputError: If a layer index is free.
        CostError: If there are too many factors.

    Examples:
        >>> import haarqntk as hq
        >>> e, (l,) = hq.Circuit().residual(), hq.layer_indices("l")
        >>> print(hq.mean(hq.sum_over(e.d(l) ** 2, l)))
        2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)

    Reference:
        derivations/02_the_walk.md.
    """
    a = _checked(expression)
    return _formula("E", _recipe.mean(a), a)


def variance(expression: Expression) -> Formula:
    """The variance E[A²] − E[A]²; see ``mean``.

    Raises:
        InputTypeError, InputError, CostError: As ``mean``.

    Examples:
        >>> import haarqntk as hq
        >>> e, (l,) = hq.Circuit().residual(), hq.layer_indices("l")
        >>> hq.variance(hq.sum_over(e.d(l) ** 2, l)) == hq.formula("kernel_variance")
        True

    Reference:
        derivations/02_the_walk.md.
    """
    a = _checked(expression)
    return _formula("Var", _recipe.variance(a), a)


def covariance(left: Expression, right: Expression) -> Formula:
    """The covariance E[AB] − E[A] E[B] of two expressions of one circuit; see ``mean``.

    Raises:
        InputTypeError, InputError, CostError: As ``mean``, or if the two belong to different circuits.

    Examples:
        >>> import haarqntk as hq
        >>> c, (l,) = hq.Circuit(), hq.layer_indices("l")
        >>> z1, z2 = c.output(observable="O1"), c.output(observable="O2")
        >>> print(hq.covariance(z1, z2))
        (D*T_O1O2 - T_O1*T_O2)/(D**2*(D + 1))

    Reference:
        derivations/02_the_walk.md.
    """
    a, b = _checked(left), _checked(right)
    return _formula("Cov", _recipe.covariance(a, b), a, b)


def cumulant(expression: Expression, order: int) -> Formula:
    """The cumulant κ_n(A): the mean, the variance, the third central moment, …; see ``mean``.

    Args:
        expression: Built from ``hq.Circuit``.
        order: n, an integer ≥ 1.

    Raises:
        InputTypeError, InputError: As ``mean``, or if the order is no integer ≥ 1.
        CostError: If the order takes too many factors.

    Examples:
        >>> import haarqntk as hq
        >>> z = hq.Circuit().output()
        >>> hq.cumulant(z, 2) == hq.variance(z)
        True

    Reference:
        derivations/02_the_walk.md.
    """
    a, n = _checked(expression), integer("order", order, at_least=1)
    k, largest = a.expression.num_copies, a.expression.largest_num_copies
    if n * k > largest:
        raise CostError(
            f"a cumulant of order {n} with k = {n} · {k} = {n * k} factors would not finish; "
            f"the largest number of factors is {largest}"
        )
    return _formula(f"kappa_{n}", _recipe.cumulant(a, n), a)


def _formula(operator: str, recipe: Recipe, *variables: Variable) -> Formula:
    text = f"{operator}[{', '.join(a.body for a in variables)}]"
    latex, circuit = typewriter(text), variables[0].expression.circuit
    texts = {"definition": text, "definition_latex": latex, "notation": latex, "reference": _REFERENCE}
    return formula_of(text, recipe, circuit, **texts)


def _checked(expression: object) -> Variable:
    if not isinstance(expression, Expression):
        raise InputTypeError(
            f"expression must be built from a circuit's outputs, got {type(expression).__name__}; "
            "start with e = hq.Circuit().residual()"
        )
    if expression.free:
        names = ", ".join(sorted(expression.free))
        raise InputError(f"every layer index must be summed, got the free index {names}; use hq.sum_over")
    return Variable(expression)


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
