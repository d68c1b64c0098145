"""``Result``: a closed form that shows itself as its SymPy expression does."""

from __future__ import annotations

from typing import Any

from haarqntk._notebook import Shown
from haarqntk.algebra._latex import latex_of


class Result(Shown):
    r"""A value with ``to_sympy()``, from which its LaTeX, its text and what SymPy takes it for follow.

    Examples:
        >>> import sympy
        >>> class Half(Result):
        ...     def to_sympy(self):
        ...         return sympy.Rational(1, 2)
        >>> print(Half(), Half().latex(), 1 + sympy.sympify(Half()))
        1/2 \frac{1}{2} 3/2
    """

    __slots__ = ()

    def to_sympy(self) -> Any:
        """The value as a SymPy expression.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_mean").to_sympy()
            2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
        """
        raise NotImplementedError

    def _sympy_(self) -> Any:
        return self.to_sympy()

    def latex(self) -> str:
        r"""The value in LaTeX.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.formula("kernel_mean").latex())
            \frac{2 L \left(D T_{2} - T_{1}^{2}\right)}{\left(D - 1\right) \left(D + 1\right)^{2}}
        """
        return latex_of(self.to_sympy())

    def __str__(self) -> str:
        return str(self.to_sympy())
