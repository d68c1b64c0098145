"""Any moment of what a circuit gives: mean, variance, covariance, cumulants of expressions.

``mean`` averages term by term with the engine; the others are polynomials in means, as on paper.
"""

from __future__ import annotations

from functools import partial
from math import comb, factorial
from typing import TYPE_CHECKING

from haarqntk._arguments import integer
from haarqntk.algebra import TracePolynomial
from haarqntk.circuits import Cost, Expression, cost_of, mean_of_expression
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.qntk._formula import Formula
from haarqntk.qntk._recipe import (
    Average,
    Recipe,
    add_recipes,
    design_order,
    multiply_recipes,
    recipe,
    scale_recipe,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from haarqntk.designs import Dimension

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
    a = _check(expression)
    return _formula(
        "E",
        a,
        derive=partial(_mean_at, a),
        cost=cost_of(a),
        summands=_mean_of(a),
    )


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
    a = _check(expression)
    return _cumulant("Var", a, 2)


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
    a, b = _check(left), _check(right)
    both = a * b
    product = multiply_recipes(_mean_of(a), _mean_of(b))
    difference = add_recipes(_mean_of(both), scale_recipe(product, -1))
    return _formula(
        "Cov",
        a,
        derive=partial(_covariance_at, a, b),
        cost=cost_of(both),
        summands=difference,
        body=f"{_body(a)}, {_body(b)}",
    )


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
    a, n = _check(expression), integer("order", order, at_least=1)
    copies, largest = n * a.num_copies, a.largest_num_copies
    if copies > largest:
        raise CostError(
            f"a cumulant of order {n} with k = {n} · {a.num_copies} = {copies} factors would not finish; "
            f"the largest number of factors is {largest}"
        )
    return _cumulant(f"kappa_{n}", a, n)


def _cumulant(name: str, a: Expression, n: int) -> Formula:
    return _formula(
        name, a, derive=partial(_cumulant_at, a, n), cost=cost_of(a**n), summands=_cumulant_of(a, n)
    )


def _mean_at(a: Expression, dimension: Dimension) -> TracePolynomial:
    return mean_of_expression(a, dimension=dimension)


def _covariance_at(a: Expression, b: Expression, dimension: Dimension) -> TracePolynomial:
    return _mean_at(a * b, dimension) - _mean_at(a, dimension) * _mean_at(b, dimension)


def _cumulant_at(a: Expression, n: int, dimension: Dimension) -> TracePolynomial:
    """κ_n = m_n − Σ_{j<n} C(n−1, j−1) κ_j m_{n−j}."""
    moments = [TracePolynomial.constant(1), *(_mean_at(a**j, dimension) for j in range(1, n + 1))]
    cumulants: list[TracePolynomial] = [TracePolynomial({})]
    for m in range(1, n + 1):
        value = moments[m]
        for j in range(1, m):
            ways = factorial(m - 1) // (factorial(j - 1) * factorial(m - j))
            value = value - cumulants[j] * moments[m - j] * ways
        cumulants.append(value)
    return cumulants[n]


def _cumulant_of(a: Expression, n: int) -> Recipe:
    # κ_n = m_n − Σ_{j<n} C(n−1, j−1) κ_j m_{n−j}
    total = _mean_of(a**n)
    for j in range(1, n):
        product = multiply_recipes(_cumulant_of(a, j), _mean_of(a ** (n - j)))
        total = add_recipes(total, scale_recipe(product, -comb(n - 1, j - 1)))
    return total


def _mean_of(a: Expression) -> Recipe:
    return recipe(Average(a, (f"E[{_body(a)}]", rf"\texttt{{E[{_escaped(_body(a))}]}}")))


def _formula(
    operator: str,
    expression: Expression,
    *,
    derive: Callable[[Dimension], TracePolynomial],
    cost: Cost,
    summands: Recipe,
    body: str | None = None,
) -> Formula:
    text = f"{operator}[{_body(expression) if body is None else body}]"
    escaped = _escaped(text)
    return Formula(
        name=text,
        polynomial=derive(None),
        ensemble=expression.circuit.ensemble,
        generators=expression.circuit.generators,
        design_order=design_order(summands),
        cost=cost,
        definition=text,
        definition_latex=rf"\texttt{{{escaped}}}",
        notation=rf"\texttt{{{escaped}}}",
        reference=_REFERENCE,
        derive=derive,
        recipe=summands,
    )


def _escaped(text: str) -> str:
    return text.replace("_", r"\_")


def _body(expression: Expression) -> str:
    return repr(expression).removeprefix("Expression(").removesuffix(")")


def _check(expression: object) -> Expression:
    if not isinstance(expression, Expression):
        raise InputTypeError(
            f"expression must be built from a circuit's outputs, got {type(expression).__name__}; "
            "start with e = hq.Circuit().residual()"
        )
    if expression.free:
        names = ", ".join(sorted(expression.free))
        raise InputError(f"every layer index must be summed, got the free index {names}; use hq.sum_over")
    return expression
