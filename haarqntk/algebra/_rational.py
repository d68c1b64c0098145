"""``RationalFunction``: an element of the field Q(D), immutable and canonical at birth.

Numerator and denominator are coprime integer polynomials with no common content, the leading coefficient of
the denominator is positive: equality of values is equality of data. Many values at once are best held as
integer numerators ``over_common_denominator``: the engine adds those, and cancels once at the end.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any, final

from haarqntk._lazy import LazyModule
from haarqntk._notebook import Shown
from haarqntk.algebra._flint import Polynomial, coefficients, factor, polynomial
from haarqntk.algebra._symbols import symbol
from haarqntk.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

sympy = LazyModule("sympy")


@final
class RationalFunction(Shown):
    """A rational function of D over the rationals.

    Args:
        numerator: Coefficients of the numerator, lowest degree first, or an integer or Fraction.
        denominator: Coefficients of the denominator, likewise; not zero. 1 if left out.

    Raises:
        InputError: If the denominator is zero.

    Examples:
        >>> D = RationalFunction([0, 1])
        >>> (D * D - 1) / (D + 1)
        RationalFunction([-1, 1])
        >>> (1 / (D - 1) - 1 / (D + 1)).to_sympy()
        2/((D - 1)*(D + 1))
    """

    __slots__ = ("_denominator", "_hash", "_numerator")

    def __init__(
        self, numerator: Sequence[int] | Fraction | int = 0, denominator: Sequence[int] | Fraction | int = 1
    ) -> None:
        top, scale = _as_polynomial(numerator)
        bottom, inverse_scale = _as_polynomial(denominator)
        self._set(top * inverse_scale, bottom * scale)

    @classmethod
    def _from(cls, numerator: Polynomial, denominator: Polynomial) -> RationalFunction:
        value = object.__new__(cls)
        value._set(numerator, denominator)
        return value

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are built from integers: polynomials of flint know no copy."""
        return RationalFunction, (coefficients(self._numerator), coefficients(self._denominator))

    def _set(self, numerator: Polynomial, denominator: Polynomial) -> None:
        if not denominator:
            raise InputError("denominator must not be zero, got 0; pass a non-zero polynomial")
        common = numerator.gcd(denominator)
        if denominator.leading_coefficient() < 0:
            common = -common
        self._numerator = numerator // common
        self._denominator = denominator // common
        self._hash: int | None = None

    # -- the field -------------------------------------------------------------------------------------

    def __add__(self, other: RationalFunction | Fraction | int) -> RationalFunction:
        right = _coerce(other)
        if right is None:
            return NotImplemented
        if self._denominator == right._denominator:
            return self._from(self._numerator + right._numerator, self._denominator)
        return self._from(
            self._numerator * right._denominator + right._numerator * self._denominator,
            self._denominator * right._denominator,
        )

    __radd__ = __add__

    def __neg__(self) -> RationalFunction:
        return self._from(-self._numerator, self._denominator)

    def __sub__(self, other: RationalFunction | Fraction | int) -> RationalFunction:
        right = _coerce(other)
        return NotImplemented if right is None else self + -right

    def __rsub__(self, other: Fraction | int) -> RationalFunction:
        return -self + other

    def __mul__(self, other: RationalFunction | Fraction | int) -> RationalFunction:
        right = _coerce(other)
        if right is None:
            return NotImplemented
        return self._from(self._numerator * right._numerator, self._denominator * right._denominator)

    __rmul__ = __mul__

    def __truediv__(self, other: RationalFunction | Fraction | int) -> RationalFunction:
        right = _coerce(other)
        if right is None:
            return NotImplemented
        if not right:
            raise ZeroDivisionError("division by the zero rational function")
        return self._from(self._numerator * right._denominator, self._denominator * right._numerator)

    def __rtruediv__(self, other: Fraction | int) -> RationalFunction:
        left = _coerce(other)
        return NotImplemented if left is None else left / self

    def __pow__(self, exponent: int) -> RationalFunction:
        if exponent < 0:
            return 1 / self**-exponent
        return self._from(self._numerator**exponent, self._denominator**exponent)

    def __bool__(self) -> bool:
        return bool(self._numerator)

    def __eq__(self, other: object) -> bool:
        right = _coerce(other)
        if right is None:
            return NotImplemented
        return bool(self._numerator == right._numerator and self._denominator == right._denominator)

    def __hash__(self) -> int:
        if self._hash is None:
            top, bottom = self.numerator, self.denominator
            constant = len(top) <= 1 and len(bottom) == 1
            self._hash = hash(Fraction(sum(top), bottom[0])) if constant else hash((top, bottom))
        return self._hash

    # -- what it is ------------------------------------------------------------------------------------

    @property
    def numerator(self) -> tuple[int, ...]:
        """Integer coefficients of the numerator, lowest degree first; empty for zero."""
        return coefficients(self._numerator)

    @property
    def denominator(self) -> tuple[int, ...]:
        """Integer coefficients of the denominator, lowest degree first."""
        return coefficients(self._denominator)

    @property
    def degree(self) -> int:
        """The power of D that the value grows like: degree of the numerator minus that of the denominator.

        Raises:
            InputError: For zero, which grows like no power.
        """
        if not self:
            raise InputError("degree must be asked of a non-zero value, got 0")
        return int(self._numerator.degree() - self._denominator.degree())

    def has_pole_at(self, D: int | Fraction) -> bool:
        """Whether the denominator vanishes at a number D."""
        return not _horner(self.denominator, D)

    def at(self, D: int | Fraction) -> Fraction:
        """The value at a number D, by substitution.

        Raises:
            InputError: At a pole.

        Examples:
            >>> RationalFunction(1, [-1, 0, 1]).at(3)
            Fraction(1, 8)
        """
        top, bottom = (_horner(c, D) for c in (self.numerator, self.denominator))
        if not bottom:
            raise InputError(f"D must not be a pole of {self}, got {D}")
        return top / bottom

    def expand_at_infinity(self, num_terms: int) -> list[Fraction]:
        """The first coefficients a_i of D^degree · (a_0 + a_1/D + a_2/D² + …).

        Examples:
            >>> RationalFunction(1, [-1, 1]).expand_at_infinity(3)  # 1/(D−1) = 1/D + 1/D² + 1/D³ + …
            [Fraction(1, 1), Fraction(1, 1), Fraction(1, 1)]
        """
        top, bottom = self.numerator[::-1], self.denominator[::-1]
        found: list[Fraction] = []
        for i in range(num_terms):
            rest = sum((found[i - j] * bottom[j] for j in range(1, min(i, len(bottom) - 1) + 1)), Fraction(0))
            found.append((Fraction(top[i] if i < len(top) else 0) - rest) / bottom[0])
        return found

    # -- the border ------------------------------------------------------------------------------------

    def to_sympy(self) -> Any:
        """The value as a SymPy expression in ``hq.D``, numerator and denominator factored."""
        return sympy.Mul(*self.sympy_factors())

    def sympy_factors(self) -> list[Any]:
        """The factors of ``to_sympy()``; one product of them keeps a constant out of a sum."""
        bottom = (1 / factor for factor in _sympy_factors(self._denominator))
        return [*_sympy_factors(self._numerator), *bottom]

    def _sympy_(self) -> Any:
        return self.to_sympy()

    def latex(self) -> str:
        r"""The value in LaTeX.

        Examples:
            >>> print(RationalFunction(1, [-1, 0, 1]).latex())
            \frac{1}{\left(D - 1\right) \left(D + 1\right)}
        """
        return str(sympy.latex(self.to_sympy()))

    def __repr__(self) -> str:
        top, bottom = (list(c) for c in (self.numerator, self.denominator))
        return f"RationalFunction({top})" if bottom == [1] else f"RationalFunction({top}, {bottom})"


def over_common_denominator(
    values: Sequence[RationalFunction],
) -> tuple[list[tuple[int, ...]], RationalFunction]:
    """Write every value as numerator / d with one polynomial d, their least common denominator.

    Returns:
        The integer numerators, coefficients lowest degree first, and d.

    Examples:
        >>> over_common_denominator([RationalFunction(1, [-1, 1]), RationalFunction(1, [-1, 0, 1])])
        ([(1, 1), (1,)], RationalFunction([-1, 0, 1]))
    """
    common = polynomial([1])
    for value in values:
        bottom = value._denominator  # noqa: SLF001 - one file, one type
        common = common * (bottom // common.gcd(bottom))
    numerators = [coefficients(v._numerator * (common // v._denominator)) for v in values]  # noqa: SLF001
    return numerators, RationalFunction(coefficients(common))


def product_of_shifts(exponents: Mapping[int, int]) -> tuple[int, ...]:
    """The coefficients of Π_j (D + j)^{e_j}, lowest degree first, from j → e_j.

    Examples:
        >>> product_of_shifts({1: 2, -1: 1})  # (D + 1)² (D − 1)
        (-1, -1, 1, 1)
    """
    return coefficients(prod((polynomial([j, 1]) ** e for j, e in exponents.items()), start=polynomial([1])))


def _as_polynomial(value: Sequence[int] | Fraction | int) -> tuple[Polynomial, int]:
    """A polynomial and the integer that it must be divided by."""
    if isinstance(value, Fraction):
        return polynomial([value.numerator]), value.denominator
    if isinstance(value, int):
        return polynomial([value]), 1
    if not all(hasattr(coefficient, "__index__") for coefficient in value):
        raise InputTypeError(
            f"coefficients must be integers, got {list(value)}; clear the denominators first"
        )
    return polynomial(value), 1


def _coerce(value: object) -> RationalFunction | None:
    if isinstance(value, RationalFunction):
        return value
    if isinstance(value, int | Fraction):
        return RationalFunction(value)
    return None


def _horner(coeffs: Sequence[int], D: int | Fraction) -> Fraction:
    total = Fraction(0)
    for c in reversed(coeffs):
        total = total * D + c
    return total


def _sympy_factors(poly: Polynomial) -> list[Any]:
    if not poly:
        return [sympy.Integer(0)]
    D = symbol("D")
    content, factors = factor(poly)
    sums = (sympy.Add(*(c * D**i for i, c in enumerate(coeffs))) ** e for coeffs, e in factors)
    return [sympy.Integer(content), *sums]
