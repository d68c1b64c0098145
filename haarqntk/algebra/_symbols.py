"""The SymPy symbols of the library, so that every room prints the same letters.

D and L are positive integers; traces T1, T2, … and overlaps are real. Expressions from elsewhere are matched
by name, so other assumptions on a user's own ``Symbol("D")`` do no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from haarqntk._arguments import integer
from haarqntk._lazy import LazyModule
from haarqntk.algebra._flint import factor_integer_polynomial

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

sympy = LazyModule("sympy")

_POSITIVE_INTEGERS = frozenset({"D", "L", "n"})


def symbol(name: str) -> Any:
    """The SymPy symbol of that name, with the assumptions that its meaning carries.

    Examples:
        >>> symbol("D").is_positive, symbol("T1").is_real
        (True, True)
    """
    if name in _POSITIVE_INTEGERS:
        return sympy.Symbol(name, integer=True, positive=True)
    return sympy.Symbol(name, real=True)


def dimension_symbol(name: str) -> Any:
    """The SymPy symbol of a dimension, a positive integer whatever its name.

    Examples:
        >>> dimension_symbol("d1").is_positive, dimension_symbol("D") == symbol("D")
        (True, True)
    """
    return sympy.Symbol(name, integer=True, positive=True)


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
