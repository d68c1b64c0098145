r"""Towards SymPy and LaTeX: the symbols as in the papers, each in one way, and signs as by an author.

D and L are positive integers; traces and overlaps are real. Expressions from elsewhere are matched by name, so other
assumptions on a user's own ``Symbol("D")`` do no harm. ``Notation`` says how letters are written, ``Result`` is a
closed form that shows itself as its SymPy expression does. No two symbols may look alike:
\operatorname{Tr}\left(X\right)^{2} is the square of a trace, the trace of a square is
\operatorname{Tr}\left(X^{2}\right).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from haarqntk.algebra._flint import factor_integer_polynomial
from haarqntk.algebra._symbols import Bargmann, Expectation, Overlap, Trace, read_symbol
from haarqntk.base import LazyModule, Shown
from haarqntk.checks import integer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

sympy = LazyModule("sympy")
printing = LazyModule("sympy.printing.latex")

_POSITIVE_INTEGERS = frozenset({"D", "L", "n"})
_STANDARD = {"n": "|A|", "sigma": r"\sigma"}


def symbol(name: str) -> Any:
    """The SymPy symbol of that name, with the assumptions that its meaning carries.

    Examples:
        >>> symbol("D").is_positive, symbol("T1").is_real
        (True, True)
    """
    if name in _POSITIVE_INTEGERS:
        return dimension_symbol(name)
    return sympy.Symbol(str(name), real=True)


def dimension_symbol(name: str) -> Any:
    """The SymPy symbol of a dimension, a positive integer whatever its name.

    Examples:
        >>> dimension_symbol("d1").is_positive, dimension_symbol("D") == symbol("D")
        (True, True)
    """
    return sympy.Symbol(str(name), integer=True, positive=True)


def T(j: int) -> Any:
    """The symbol T_j = Tr O^j, unnormalised.

    Args:
        j: The power, an integer ≥ 1.

    Returns:
        The real SymPy symbol ``Tj``.

    Raises:
        InputTypeError, InputError: If ``j`` is no integer ≥ 1.

    Examples:
        >>> T(2)
        T2

    Reference:
        mathematics of the model: derivations/00_conventions.md, C6.
    """
    return symbol(f"T{integer('j', j, at_least=1)}")


def sympy_factors(terms: Mapping[tuple[int, ...], int], symbols: Sequence[Any]) -> list[Any]:
    """The constant and the powers of irreducible factors of an integer polynomial, as SymPy expressions.

    Examples:
        >>> sympy_factors({(2, 0): 2, (0, 2): -2}, [symbol("D"), symbol("L")])
        [2, D - L, D + L]
    """
    if not symbols:
        return [sympy.Integer(terms.get((), 0))]
    constant, factors = factor_integer_polynomial(terms, len(symbols))
    sums = (
        sympy.Add(
            *(c * sympy.Mul(*(x**e for x, e in zip(symbols, exps, strict=True))) for exps, c in f.items())
        )
        ** exponent
        for f, exponent in factors
    )
    return [sympy.Integer(constant), *sums]


@dataclass(frozen=True, slots=True)
class Notation:
    r"""How letters and operators are written.

    Attributes:
        names: Symbol, or letter under a trace → LaTeX; what is not there is written as in the papers.
        trace: The operator Tr.
        real_part: The operator Re.
        writes_traces_out: Whether T_j is written as Tr(O^j).

    Examples:
        >>> paper, mine = Notation(), Notation({"O": "H"}, trace=r"\tr", writes_traces_out=True)
        >>> paper.symbol("T2"), mine.symbol("T2")
        ('T_{2}', '\\tr\\left(H^{2}\\right)')
    """

    names: Mapping[str, str] = field(default_factory=dict)
    trace: str = r"\operatorname{Tr}"
    real_part: str = r"\operatorname{Re}"
    writes_traces_out: bool = False

    def symbol(self, name: str) -> str:
        """The symbol of that name."""
        if name in self.names or name in _STANDARD:
            return self.names.get(name) or _STANDARD[name]
        found = read_symbol(name)
        if isinstance(found, Expectation) and found.power:
            return rf"\langle {self._power('O', found.power)}\rangle"
        if isinstance(found, Overlap):
            return rf"\sigma_{{{' '.join(letter for _, letter in found.word)}}}"
        if not found.word or (isinstance(found, Trace) and found.is_power and not self.writes_traces_out):
            return self._plain(name)
        operator = self.real_part + self.trace if isinstance(found, Bargmann) else self.trace
        return rf"{operator}\left({self._product(found.word)}\right)"

    def _plain(self, name: str) -> str:
        letter, _, index = name.partition("_")
        known = self.names.get(letter)
        return rf"{known}_{{{index}}}" if known and index else str(sympy.latex(sympy.Symbol(name)))

    def letter(self, name: str) -> str:
        """A letter, with its number as an index."""
        if name in self.names:
            return self.names[name]
        numbered = re.fullmatch(r"([A-Za-z]+)(\d+)", name)
        return f"{self.names.get(numbered[1], numbered[1])}_{{{numbered[2]}}}" if numbered else name

    def _power(self, letter: str, exponent: int) -> str:
        base = self.letter(letter)
        return base if exponent == 1 else f"{base}^{{{exponent}}}"

    def _product(self, word: Sequence[tuple[str, str]]) -> str:
        factors = []
        for (kind, letter), run in groupby(word):
            exponent = len(list(run))
            factors.append(rf"\rho_{{{letter}}}" if kind == "state" else self._power(letter, exponent))
        return " ".join(factors)


def latex_of(expression: Any, notation: Notation | None = None) -> str:
    r"""LaTeX of an expression in the symbols of the results.

    Args:
        expression: A SymPy expression.
        notation: How letters are written; as in the papers if left out.

    Examples:
        >>> print(latex_of(symbol("T_O1O1O2") / (symbol("D") - 1)))
        \frac{\operatorname{Tr}\left(O_{1}^{2} O_{2}\right)}{D - 1}
        >>> print(latex_of(-2 * symbol("D") * (symbol("m1") ** 2 - symbol("m2"))))
        2 D \left(\langle O^{2}\rangle - \langle O\rangle^{2}\right)
    """
    written = notation or Notation()
    names = {free: written.symbol(free.name) for free in expression.free_symbols}
    return str(_printer()({"symbol_names": names}).doprint(_with_a_positive_sign(expression)))


class Result(Shown):
    r"""A value with ``to_sympy()``, from which its LaTeX, its text and what SymPy takes it for follow.

    Examples:
        >>> import sympy
        >>> class Half(Result):
        ...     def to_sympy(self):
        ...         return sympy.Rational(1, 2)
        >>> print(Half(), Half().latex(), sympy.Integer(1) + Half())
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


def _with_a_positive_sign(expression: Any) -> Any:
    """−(a − b) as (b − a), where the sum is one of traces and has both signs."""
    if expression.is_Add:
        return sympy.Add(*map(_with_a_positive_sign, expression.args))
    factors = sympy.Mul.make_args(expression)
    if _is_negative(expression):
        for i, factor in enumerate(factors):
            has_both = factor.is_Add and {_is_negative(term) for term in factor.args} == {True, False}
            if has_both and symbol("D") not in factor.free_symbols:
                return sympy.Mul(-1, *factors[:i], -factor, *factors[i + 1 :])
    return expression


def ordered_terms(expression: Any) -> list[Any]:
    """The terms of a sum in SymPy's order, except that a positive one comes first if there is one."""
    terms = list(expression.as_ordered_terms())
    first = next((term for term in terms if not _is_negative(term)), terms[0])
    return [first, *(term for term in terms if term is not first)]


def _is_negative(term: Any) -> bool:
    return bool(term.as_coeff_Mul()[0] < 0)


@lru_cache(maxsize=1)  # SymPy is imported first
def _printer() -> Any:
    class Printer(printing.LatexPrinter):  # type: ignore[name-defined,misc]  # SymPy has no types
        """SymPy's printer, where a sum starts with a positive term if it has one."""

        def _as_ordered_terms(self, expr: Any, order: Any = None) -> list[Any]:  # noqa: ARG002 - SymPy's signature
            return ordered_terms(expr)

        def parenthesize_super(self, s: str) -> str:
            """Take names as they are: each ends with its own bracket."""
            return s

    return Printer
