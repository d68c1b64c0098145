"""``DimensionFunction``: a rational function of several dimensions, immutable and canonical at birth.

``RationalFunction`` is the field Q(D) of one dimension, and faster. Where a unitary acts on a tensor factor there
are several (d1, d2, …), and D = d1·d2 is a product: these values live in Q(d1, d2, …).
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Any, final

from haarqntk._lazy import LazyModule
from haarqntk.algebra._flint import (
    MultivariatePolynomial,
    factor_integer_polynomial,
    multivariate_polynomial,
    multivariate_terms,
)
from haarqntk.algebra._rational import RationalFunction
from haarqntk.algebra._symbols import dimension_symbol
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

sympy = LazyModule("sympy")


@final
class DimensionFunction:
    """A rational function of named dimensions over the rationals.

    Numerator and denominator are coprime integer polynomials in the names that occur, sorted; the leading
    coefficient of the denominator is positive. Equality of values is equality of data.

    Examples:
        >>> a, b = DimensionFunction.variable("d1"), DimensionFunction.variable("d2")
        >>> ((a + b) / (a * b + 1)).to_sympy()
        (d1 + d2)/(d1*d2 + 1)
        >>> ((a * a - b * b) / (a - b)).at({"d1": 2, "d2": 3})
        Fraction(5, 1)
    """

    __slots__ = ("_bottom", "_is_one", "_names", "_top")

    def __init__(
        self, names: tuple[str, ...], top: MultivariatePolynomial, bottom: MultivariatePolynomial
    ) -> None:
        if not bottom:
            raise ZeroDivisionError("division by the zero function of the dimensions")
        common = top.gcd(bottom)
        if bottom.leading_coefficient() < 0:
            common = -common
        top, bottom = top // common, bottom // common
        occurring = [
            name for i, name in enumerate(names) if any(e[i] for poly in (top, bottom) for e in poly.monoms())
        ]
        self._names = tuple(sorted(occurring))
        self._top, self._bottom = (_moved(poly, names, self._names) for poly in (top, bottom))
        self._is_one = not occurring and bool(self._top == self._bottom)

    @classmethod
    def constant(cls, value: Fraction | int) -> DimensionFunction:
        """The constant function."""
        number = Fraction(value)
        return cls(
            (),
            multivariate_polynomial((), {(): number.numerator}),
            multivariate_polynomial((), {(): number.denominator}),
        )

    @classmethod
    def variable(cls, name: str) -> DimensionFunction:
        """The dimension of that name."""
        return cls(
            (name,), multivariate_polynomial((name,), {(1,): 1}), multivariate_polynomial((name,), {(0,): 1})
        )

    @classmethod
    def from_terms(
        cls,
        names: tuple[str, ...],
        numerator: Mapping[tuple[int, ...], int],
        denominator: Mapping[tuple[int, ...], int],
    ) -> DimensionFunction:
        """From plain data, as ``numerator`` and ``denominator`` give it, in lowest terms or not."""
        return cls(
            names, multivariate_polynomial(names, numerator), multivariate_polynomial(names, denominator)
        )

    @classmethod
    def from_univariate(cls, value: RationalFunction, at: DimensionFunction) -> DimensionFunction:
        """The value of an element of Q(D) where D is a function of the dimensions, such as d1·d2.

        Raises:
            InputError: If ``at`` is a constant at which the element has a pole.
        """
        if not at.names:
            return cls.constant(value.at(at.at({})))
        if at == cls.variable(at.names[0]):
            (name,) = at.names
            top, bottom = (
                multivariate_polynomial((name,), {(i,): c for i, c in enumerate(part) if c})
                for part in (value.numerator, value.denominator)
            )
            return cls((name,), top, bottom)
        return _horner(value.numerator, at) / _horner(value.denominator, at)

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (multivariate_terms(poly) for poly in (self._top, self._bottom))
        return DimensionFunction.from_terms, (self._names, *parts)

    @property
    def names(self) -> tuple[str, ...]:
        """The dimensions that occur, sorted."""
        return self._names

    @property
    def numerator(self) -> dict[tuple[int, ...], int]:
        """Exponents of ``names`` → coefficient, highest first."""
        return dict(sorted(multivariate_terms(self._top).items(), reverse=True))

    @property
    def denominator(self) -> dict[tuple[int, ...], int]:
        """As ``numerator``."""
        return dict(sorted(multivariate_terms(self._bottom).items(), reverse=True))

    def __add__(self, other: DimensionFunction | Fraction | int) -> DimensionFunction:
        names, (a, b, c, d) = _common(self, _coerced(other))
        return (
            DimensionFunction(names, a + c, b) if b == d else DimensionFunction(names, a * d + c * b, b * d)
        )

    def __neg__(self) -> DimensionFunction:
        return DimensionFunction(self._names, -self._top, self._bottom)

    def __sub__(self, other: DimensionFunction | Fraction | int) -> DimensionFunction:
        return self + -_coerced(other)

    def __mul__(self, other: DimensionFunction | Fraction | int) -> DimensionFunction:
        if isinstance(other, int) and other == 1:
            return self
        other = _coerced(other)
        if self._is_one or other._is_one:
            return other if self._is_one else self
        names, (a, b, c, d) = _common(self, _coerced(other))
        return DimensionFunction(names, a * c, b * d)

    __rmul__ = __mul__

    def __truediv__(self, other: DimensionFunction | Fraction | int) -> DimensionFunction:
        names, (a, b, c, d) = _common(self, _coerced(other))
        return DimensionFunction(names, a * d, b * c)

    def __pow__(self, exponent: int) -> DimensionFunction:
        if exponent < 0:
            return DimensionFunction.constant(1) / self**-exponent
        return DimensionFunction(self._names, self._top**exponent, self._bottom**exponent)

    def __bool__(self) -> bool:
        return bool(self._top)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DimensionFunction):
            return NotImplemented
        return bool(self._names == other._names and self._top == other._top and self._bottom == other._bottom)

    def __hash__(self) -> int:
        parts = (multivariate_terms(poly) for poly in (self._top, self._bottom))
        return hash((self._names, *(frozenset(part.items()) for part in parts)))

    def at(self, values: Mapping[str, Fraction | int]) -> Fraction:
        """The value at numbers for all dimensions that occur.

        Raises:
            InputError: At a pole, or if a dimension has no number.
        """
        missing = [name for name in self._names if name not in values]
        if missing:
            raise InputError(f"values must name every dimension, got none for {', '.join(missing)}")
        top, bottom = (_evaluated(poly, self._names, values) for poly in (self._top, self._bottom))
        if not bottom:
            raise InputError(f"the dimensions must not be a pole of {self}, got {dict(values)}")
        return top / bottom

    def to_univariate(self) -> RationalFunction:
        """The value as an element of Q(D), whatever the name of its one dimension.

        Raises:
            InputError: If more than one dimension occurs.
        """
        if len(self._names) > 1:
            raise InputError(f"the value must depend on one dimension, got {', '.join(self._names)}")
        top, bottom = (_dense(multivariate_terms(poly)) for poly in (self._top, self._bottom))
        return RationalFunction(top, bottom)

    def sympy_factors(self) -> list[Any]:
        """The factors of ``to_sympy()``; one product of them keeps a constant out of a sum."""
        if not self:
            return [sympy.Integer(0)]
        over = [1 / factor for factor in _factors(self._bottom, self._names)]
        return [*_factors(self._top, self._names), *over]

    def to_sympy(self) -> Any:
        """The value as a SymPy expression, numerator and denominator factored."""
        return sympy.Mul(*self.sympy_factors())

    def __repr__(self) -> str:
        return f"DimensionFunction({self.to_sympy()})"


def linear_combination(pairs: Iterable[tuple[Fraction, DimensionFunction]]) -> DimensionFunction:
    """Σ c·w over one common denominator: one cancellation at the end, instead of one for each term.

    Examples:
        >>> d = DimensionFunction.variable("D")
        >>> linear_combination([(Fraction(1), d), (Fraction(-1, 2), d * d)]).to_sympy()
        -D*(D - 2)/2
    """
    terms = [(c, w) for c, w in pairs if c]
    names = tuple(sorted({name for _, w in terms for name in w.names}))
    one = multivariate_polynomial(names, {(0,) * len(names): 1})
    common, total, scale = one, 0 * one, 1
    moved = [
        (c, _moved(w._top, w._names, names), _moved(w._bottom, w._names, names))  # noqa: SLF001 - one file
        for c, w in terms
    ]
    for c, _, bottom in moved:
        common = common * (bottom // common.gcd(bottom))
        scale = lcm(scale, c.denominator)
    for c, top, bottom in moved:
        total = total + top * (common // bottom) * (c.numerator * (scale // c.denominator))
    return DimensionFunction(names, total, common * scale)


def _coerced(value: DimensionFunction | Fraction | int) -> DimensionFunction:
    return value if isinstance(value, DimensionFunction) else DimensionFunction.constant(value)


def _moved(poly: MultivariatePolynomial, names: tuple[str, ...], target: tuple[str, ...]) -> Any:
    if names == target:
        return poly
    places = [names.index(name) if name in names else None for name in target]
    terms = {
        tuple(0 if place is None else e[place] for place in places): c
        for e, c in multivariate_terms(poly).items()
    }
    return multivariate_polynomial(target, terms)


def _common(left: DimensionFunction, right: DimensionFunction) -> tuple[tuple[str, ...], list[Any]]:
    names = tuple(sorted({*left._names, *right._names}))  # noqa: SLF001 - one file, one type
    parts = [(v._names, p) for v in (left, right) for p in (v._top, v._bottom)]  # noqa: SLF001
    return names, [_moved(poly, own, names) for own, poly in parts]


def _horner(coefficients: tuple[int, ...], at: DimensionFunction) -> DimensionFunction:
    total = DimensionFunction.constant(0)
    for c in reversed(coefficients):
        total = total * at + DimensionFunction.constant(c)
    return total


def _evaluated(poly: Any, names: tuple[str, ...], values: Mapping[str, Fraction | int]) -> Fraction:
    total = Fraction(0)
    for exponents, c in multivariate_terms(poly).items():
        part = Fraction(c)
        for name, e in zip(names, exponents, strict=True):
            part *= Fraction(values[name]) ** e
        total += part
    return total


def _dense(terms: dict[tuple[int, ...], int]) -> list[int]:
    powers = {e[0] if e else 0: c for e, c in terms.items()}
    return [powers.get(i, 0) for i in range(max(powers, default=0) + 1)]


def _factors(poly: Any, names: tuple[str, ...]) -> list[Any]:
    terms = multivariate_terms(poly)
    if not names:
        return [sympy.Integer(terms.get((), 0))]
    symbols = [dimension_symbol(name) for name in names]
    constant, factors = factor_integer_polynomial(terms, len(names))
    sums = (
        sympy.Add(
            *(c * sympy.Mul(*(x**e for x, e in zip(symbols, exps, strict=True))) for exps, c in f.items())
        )
        ** exponent
        for f, exponent in factors
    )
    return [sympy.Integer(constant), *sums]
