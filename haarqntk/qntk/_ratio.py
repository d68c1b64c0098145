"""``Ratio``: a quotient of two formulas, its limit of deep circuits and its leading order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from haarqntk._arguments import integer
from haarqntk._lazy import LazyModule
from haarqntk._notebook import Shown
from haarqntk.algebra import latex_of
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from haarqntk.algebra import Power
    from haarqntk.qntk._formula import Formula

mpmath = LazyModule("mpmath")

_GUARD_DIGITS = 10  # of numerator and denominator, beyond those of their quotient


@dataclass(frozen=True, slots=True, repr=False)
class Ratio(Shown):
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

    def _sympy_(self) -> Any:
        return self.to_sympy()

    def latex(self) -> str:
        r"""The quotient in LaTeX.

        Examples:
            >>> import haarqntk as hq
            >>> r = hq.formula("kernel_mean").centred() / hq.formula("kernel_mean").centred() ** 2
            >>> print(r.latex())
            \frac{\left(D - 1\right) \left(D + 1\right)^{2}}{2 D L T_{2}}
        """
        return latex_of(self.to_sympy())

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

    def __str__(self) -> str:
        return str(self.to_sympy())

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
        bottom = self.denominator.at(**arguments)
        if not bottom:
            raise InputError(f"the denominator {self.denominator.name} must not be zero, got 0 there")
        return self.numerator.at(**arguments) / bottom

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
        bottom = self.denominator.evaluate(**arguments)
        if not bottom:
            raise InputError(f"the denominator {self.denominator.name} must not be zero, got 0 there")
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
        if self.numerator.degree_in_L > n:
            growth = self.numerator.degree_in_L - n
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
    same = (left.ensemble, left.generators) == (right.ensemble, right.generators)
    if not same:
        raise InputError(
            f"both formulas must be averages over one ensemble, got {left.ensemble} ({left.generators}) "
            f"and {right.ensemble} ({right.generators})"
        )
