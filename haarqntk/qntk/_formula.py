"""``Formula``: a closed form that carries its meaning, exact wherever it is evaluated; and quotients of two."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import add, mul, sub
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import DEPTH, Result, Trace, TracePolynomial
from haarqntk.base import LazyModule
from haarqntk.checks import integer, rational
from haarqntk.errors import InputError, InputTypeError
from haarqntk.qntk._closed_form import ClosedForm
from haarqntk.qntk._derivation import Derivation, derive_in_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from haarqntk.algebra import Power
    from haarqntk.circuits import Circuit
    from haarqntk.qntk._recipe import Recipe

mpmath = LazyModule("mpmath")

_GUARD_DIGITS = 10  # of numerator and denominator, beyond those of their quotient


@dataclass(frozen=True, slots=True, repr=False)
class Formula(ClosedForm):
    """A closed form: a polynomial in L, traces and overlaps over Q(D), with its ensemble and its source.

    Two formulas are equal when their closed forms and ensembles are.

    Attributes:
        name: Its name in ``hq.formulas()``.
        polynomial: The closed form, valid at every D in range that is no pole.
        ensemble: The ensemble that is averaged over.
        generators: "pauli" (X² = 1, Tr X = 0) or "general" (through X_j = Tr X^j).
        design_order: The smallest t for which independent unitary t-designs in place of the Haar unitaries (of the
            generators under "generator_average") give the average for all D, L, O, X and states; generic ones need it.
        cost: What its derivation takes: copies, layer patterns, coefficients of the recursion.
        definition: What is averaged, as plain text.
        definition_latex: What is averaged, in LaTeX.
        notation: The letter of the papers for it, in LaTeX.
        reference: Keys into the bibliography, and the derivation.
        recipe: The formula as a polynomial in means, which ``derive`` averages and ``explain`` follows.

    Examples:
        >>> import haarqntk as hq
        >>> r = hq.formula("kernel_second_moment") - hq.formula("kernel_mean") ** 2
        >>> r == hq.formula("kernel_variance"), r.design_order
        (True, 4)

    Reference:
        liu2023; derivations/02_the_walk.md.
    """

    # -- arithmetic: sums, products and powers of results are results ------------------------------------

    def __add__(self, other: Formula) -> Formula:
        return self._combine(other, "+", add)

    def __sub__(self, other: Formula) -> Formula:
        return self._combine(other, "-", sub)

    def __mul__(self, other: Formula | Fraction | int) -> Formula:
        if isinstance(other, Formula):
            return self._combine(other, "*", mul)
        try:
            c = rational("a multiple of a formula", other)
        except InputTypeError:
            return NotImplemented
        notation = rf"{c}\, \left({self.notation}\right)"
        return replace(
            self,
            name=f"{c} * ({self.name})",
            polynomial=self.polynomial * c,
            definition=f"{c} * ({self.definition})",
            definition_latex=notation,
            notation=notation,
            recipe=self.recipe * c,
        )

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Formula:
        return reduce(mul, [self] * integer("exponent", exponent, at_least=1))

    def __truediv__(self, other: Formula) -> Ratio:
        if not isinstance(other, Formula):
            return NotImplemented
        return Ratio(self, other)

    def _combine(self, other: Formula, sign: str, operation: Callable[[Any, Any], Any]) -> Formula:
        if not isinstance(other, Formula):
            return NotImplemented
        check_same_average(self, other)
        recipe: Recipe = operation(self.recipe, other.recipe)
        notation = rf"\left({self.notation}\right) {sign} \left({other.notation}\right)"
        return replace(
            self,
            name=f"({self.name}) {sign} ({other.name})",
            polynomial=operation(self.polynomial, other.polynomial),
            design_order=recipe.design_order,
            cost=max(self.cost, other.cost),
            definition=f"({self.definition}) {sign} ({other.definition})",
            definition_latex=notation,
            notation=notation,
            reference="; ".join(dict.fromkeys([*self.reference.split("; "), *other.reference.split("; ")])),
            recipe=recipe,
        )

    def coefficient_of_L(self, power: int) -> Formula:
        """The coefficient of L^power, a formula without L.

        Raises:
            InputTypeError, InputError: If the power is no integer ≥ 0.

        Examples:
            >>> from haarqntk.qntk import formula
            >>> print(formula("kernel_mean").coefficient_of_L(1))
            2*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
        """
        n = integer("power", power, at_least=0)
        recipe = self.recipe.coefficient_of_L(n)
        return replace(
            self,
            name=f"coefficient of L**{n} in {self.name}",
            polynomial=self.polynomial.coefficient(DEPTH, n),
            design_order=recipe.design_order,
            notation=rf"[L^{{{n}}}]\, {self.notation}",
            recipe=recipe,
        )

    def centred(self) -> Formula:
        """The formula for Tr O = 0, which is shorter and, for K and μ, no less general: O → O − (T_1/D)·1.

        Examples:
            >>> from haarqntk.qntk import formula
            >>> print(formula("kernel_mean").centred())
            2*D*L*T2/((D - 1)*(D + 1)**2)
        """
        firsts = (x for x in self.polynomial.variables if isinstance(x, Trace) and x.degree == 1)
        at_zero = dict.fromkeys(firsts, TracePolynomial({}))
        return replace(
            substituted(self, at_zero),
            name=f"{self.name} at T1 = 0",
            notation=rf"\left.{self.notation}\right|_{{T_1=0}}",
        )

    def explain(self) -> Derivation:
        """How the formula comes about: the recursion over layers, one at a time, and a second route.

        Returns:
            The steps as data; ``print`` shows them, ``haarqntk.export`` writes them as Markdown or LaTeX.

        Raises:
            InputError: If the formula is a coefficient of L.

        Examples:
            >>> from haarqntk.qntk import formula
            >>> derivation = formula("kernel_mean").explain()
            >>> [step.title.template for step in derivation.steps()][:3]
            ['Definition', 'Copies', 'Layer patterns']
        """
        return derive_in_steps(self.name, (self,))


@dataclass(frozen=True, slots=True, repr=False)
class Ratio(Result):
    """A quotient of two formulas of one ensemble, such as a relative fluctuation Var K/K̄².

    Attributes:
        numerator: A formula.
        denominator: A formula that is not zero.

    Raises:
        InputError: If the denominator is zero everywhere.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> r = formula("kernel_variance") / formula("kernel_mean") ** 2
        >>> r.at(D=4, L=6, spectrum=[1, -1, -1, 1])
        Fraction(507, 1568)
        >>> r.deep_limit().at(D=4, spectrum=[1, -1, -1, 1])  # the floor as L → ∞ at fixed D
        Fraction(1, 14)

    Reference:
        derivations/04_kernel_variance.md.
    """

    numerator: Formula
    denominator: Formula

    def __post_init__(self) -> None:
        check_same_average(self.numerator, self.denominator)
        if not self.denominator.polynomial:
            raise InputError(f"the denominator {self.denominator.name} must not be zero everywhere")

    def to_sympy(self) -> Any:
        """The quotient as a SymPy expression with common factors cancelled.

        Examples:
            >>> import haarqntk as hq
            >>> r = hq.formula("kernel_mean") / hq.formula("gradient_variance")
            >>> r.to_sympy()
            L
        """
        return self.numerator.polynomial.sympy_quotient(self.denominator.polynomial)

    def facts(self) -> dict[str, str]:
        """What it means, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> r = hq.formula("kernel_variance") / hq.formula("kernel_mean") ** 2
            >>> r.facts()["numerator"]
            'kernel_variance'
        """
        return {
            "numerator": self.numerator.name,
            "denominator": self.denominator.name,
            "ensemble": self.numerator.ensemble,
        }

    def at(self, **arguments: Any) -> Fraction | float:
        """The value at numbers; the arguments are those of ``Formula.at``.

        Raises:
            InputError: If the denominator is zero there.

        Examples:
            >>> import haarqntk as hq
            >>> r = hq.formula("kernel_variance").centred() / hq.formula("kernel_mean").centred() ** 2
            >>> r.at(D=4, L=6, traces=[0, 4, 0, 4])
            Fraction(507, 1568)
        """
        bottom: Fraction | float = self._checked(self.denominator.at(**arguments))
        return self.numerator.at(**arguments) / bottom

    def _checked(self, bottom: Any) -> Any:
        if not bottom:
            raise InputError(f"the denominator {self.denominator.name} must not be zero, got 0 there")
        return bottom

    def evaluate(self, *, digits: int = 50, **arguments: Any) -> Any:
        """The value to any number of decimal digits; the other arguments are those of ``Formula.evaluate``.

        Each formula is evaluated exactly and rounded far beyond the digits; a quotient does not cancel.

        Args:
            digits: Decimal digits of the result, an integer ≥ 1.
            arguments: D, L, traces, overlap and num_inputs.

        Returns:
            An ``mpmath.mpf``.

        Raises:
            InputTypeError, InputError: As ``Formula.evaluate``; if the denominator is zero there.

        Examples:
            >>> import haarqntk as hq
            >>> r = hq.formula("kernel_variance") / hq.formula("kernel_mean") ** 2
            >>> traces = [0, 2**50, 0, 2**50]
            >>> print(mpmath.nstr(r.evaluate(D=2**50, L=6, traces=traces, digits=30), 30))
            0.333333333333332889244123483274
        """
        precision = integer("digits", digits, at_least=1)
        arguments |= {"digits": precision + _GUARD_DIGITS}
        bottom = self._checked(self.denominator.evaluate(**arguments))
        with mpmath.workdps(precision):
            return self.numerator.evaluate(**arguments) / bottom

    def deep_limit(self) -> Ratio:
        """The limit L → ∞ at fixed D.

        Raises:
            InputError: If the quotient grows without bound.

        Examples:
            >>> import haarqntk as hq
            >>> r = hq.formula("kernel_variance").centred() / hq.formula("kernel_mean").centred() ** 2
            >>> print(r.deep_limit())
            (D**3*T4 - D**2*T2**2 + 2*D**2*T4 + D*T4 + 3*T2**2)/(D*T2**2*(D + 2)*(D + 3))
        """
        n = self.denominator.degree_in_L
        if (growth := self.numerator.degree_in_L - n) > 0:
            raise InputError(f"the limit L → ∞ must be finite, but the quotient grows like L**{growth}")
        return Ratio(self.numerator.coefficient_of_L(n), self.denominator.coefficient_of_L(n))

    def crossover_depth(self) -> Ratio:
        """The depth c_1/c_0 at which the floor overtakes the 1/L term of c_0 + c_1/L + ….

        Raises:
            InputError: If there is no floor: the quotient tends to 0 or grows.

        Examples:
            >>> import haarqntk as hq
            >>> r = hq.formula("kernel_variance").centred() / hq.formula("kernel_mean").centred() ** 2
            >>> r.crossover_depth().at(D=16, traces=[0, 16, 0, 16])
            Fraction(681309, 2432)
        """
        n = self.denominator.degree_in_L
        if self.numerator.degree_in_L != n or n == 0:
            raise InputError("a crossover needs a finite limit L → ∞ that is not zero")
        p, q = self.numerator.coefficient_of_L, self.denominator.coefficient_of_L
        return Ratio(p(n - 1) * q(n) - p(n) * q(n - 1), p(n) * q(n))

    def leading(self, *, scaling: str | Mapping[str, Power] = "pauli_sum") -> Any:
        """The leading term as D → ∞ at fixed L, as a SymPy expression; ``scaling`` as in ``Formula.series``.

        Raises:
            InputTypeError, InputError, UnknownNameError: As ``Formula.series``.

        Examples:
            >>> import haarqntk as hq
            >>> r = hq.formula("kernel_variance").centred() / hq.formula("kernel_mean").centred() ** 2
            >>> r.leading()
            2/L
        """
        top, bottom = (
            part.series(1, scaling=scaling).to_polynomial() for part in (self.numerator, self.denominator)
        )
        return top.sympy_quotient(bottom)


def check_same_average(left: Formula, right: Formula) -> None:
    """Refuse to combine averages over different ensembles."""
    if (left.ensemble, left.generators) != (right.ensemble, right.generators):
        raise InputError(
            f"both formulas must be averages over one ensemble, got {left.ensemble} ({left.generators}) "
            f"and {right.ensemble} ({right.generators})"
        )


def substituted(formula: Formula, values: Mapping[Any, TracePolynomial]) -> Formula:
    """A formula at values of some of its symbols, under the same name."""
    return replace(
        formula, polynomial=formula.polynomial.substitute(values), recipe=formula.recipe.substitute(values)
    )


def formula_of(name: str, recipe: Recipe, circuit: Circuit, **texts: str) -> Formula:
    """The formula that a recipe gives: derived, with its cost and its design order; ``texts`` as in ``Formula``."""
    return Formula(
        name=name,
        polynomial=recipe.at(),
        ensemble=circuit.ensemble,
        generators=circuit.generators,
        design_order=recipe.design_order,
        cost=recipe.cost,
        recipe=recipe,
        **texts,
    )
