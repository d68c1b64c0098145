"""Any moment of what a circuit gives: mean, variance, covariance, cumulants of expressions.

Each is a polynomial in means, as on paper, and ``mean`` averages term by term with the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk._arguments import integer
from haarqntk.circuits import Expression
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.qntk import _recipe
from haarqntk.qntk._formula import Formula, formula_of
from haarqntk.qntk._variables import Variable, typewriter

if TYPE_CHECKING:
    from haarqntk.qntk._recipe import Recipe

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
    latex = typewriter(text)
    return formula_of(
        text,
        recipe,
        variables[0].expression.circuit,
        definition=text,
        definition_latex=latex,
        notation=latex,
        reference=_REFERENCE,
    )


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
