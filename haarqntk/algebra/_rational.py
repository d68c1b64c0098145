"""``RationalFunction``: a rational function of named dimensions over the rationals, canonical at birth.

Numerator and denominator are coprime integer polynomials in the names that occur, the leading coefficient of the
denominator is positive: equality of values is equality of data. Q(D) and every field of one name is the fast path,
with dense polynomials; where a unitary acts on a tensor factor there are several names, d1, d2, …, and sparse ones.
Sums and products cancel what their parts can share, not the whole (Henrici); ``linear_combination`` cancels once.
"""
# ruff: noqa: SLF001 - one file, one type

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache, partial, reduce
from math import lcm
from typing import TYPE_CHECKING, Any, TypeAlias, final

from haarqntk.algebra._flint import (
    Names,
    Polynomial,
    cancelled,
    coefficients,
    moved,
    polynomial,
    polynomial_in,
    terms_of,
    value_at,
)
from haarqntk.algebra._sympy import dimension_symbol, sympy_factors
from haarqntk.base import LazyModule, Shown
from haarqntk.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

sympy = LazyModule("sympy")

_Part: TypeAlias = "Sequence[int] | Mapping[tuple[int, ...], int] | Fraction | int"


@final
class RationalFunction(Shown):
    """A rational function of named dimensions over the rationals.

    Args:
        numerator: Coefficients of the numerator, lowest degree first, or an integer or Fraction; in several names,
            exponents of them → coefficient.
        denominator: The denominator, likewise; not zero. 1 if left out.
        names: The names of the dimensions; D alone if left out. Those that do not occur are not kept.

    Raises:
        InputError: If the denominator is zero.

    Examples:
        >>> D = RationalFunction([0, 1])
        >>> (D * D - 1) / (D + 1)
        RationalFunction([-1, 1])
        >>> (1 / (D - 1) - 1 / (D + 1)).to_sympy()
        2/((D - 1)*(D + 1))
        >>> a, b = RationalFunction.variable("d1"), RationalFunction.variable("d2")
        >>> (a + b) / (a * b + 1)
        RationalFunction((d1 + d2)/(d1*d2 + 1))
    """

    __slots__ = ("_bottom", "_hash", "_names", "_top")
    _names: Names
    _top: Polynomial
    _bottom: Polynomial
    _hash: int | None

    def __new__(
        cls, numerator: _Part = 0, denominator: _Part = 1, *, names: Names = ("D",)
    ) -> RationalFunction:
        (top, scale), (bottom, inverse_scale) = _part(numerator, names), _part(denominator, names)
        if scale != inverse_scale:
            top, bottom = top * inverse_scale, bottom * scale
        return _quotient(tuple(sorted(names)), top, bottom)

    @classmethod
    def variable(cls, name: str) -> RationalFunction:
        """The dimension of that name."""
        return cls([0, 1], names=(name,))

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are built from integers: polynomials of flint know no copy."""
        return partial(RationalFunction, names=self._names), (self.numerator_terms, self.denominator_terms)

    def __add__(self, other: RationalFunction | Fraction | int) -> RationalFunction:
        if isinstance(other, int):
            return _built(self._names, self._top + other * self._bottom, self._bottom)
        operands = _operands(self, other)
        if operands is None:
            return NotImplemented
        names, a, b, c, d = operands
        if b == d:
            return _built(names, *cancelled(a + c, b))
        shared = b.gcd(d)
        if shared.is_one():
            return _built(names, a * d + c * b, b * d)
        b, e = b // shared, d // shared
        top = a * e + c * b
        shared = top.gcd(shared)
        if not shared.is_one():
            top, d = top // shared, d // shared
        return _built(names, top, b * d)

    __radd__ = __add__

    def __neg__(self) -> RationalFunction:
        return _built(self._names, -self._top, self._bottom)

    def __sub__(self, other: RationalFunction | Fraction | int) -> RationalFunction:
        return self + -other

    def __rsub__(self, other: Fraction | int) -> RationalFunction:
        return -self + other

    def __mul__(self, other: RationalFunction | Fraction | int) -> RationalFunction:
        operands = _operands(self, other)
        if operands is None:
            return NotImplemented
        names, a, b, c, d = operands
        a, d = cancelled(a, d)
        c, b = cancelled(c, b)
        return _built(names, a * c, b * d)

    __rmul__ = __mul__

    def __truediv__(self, other: RationalFunction | Fraction | int) -> RationalFunction:
        operands = _operands(self, other)
        if operands is None:
            return NotImplemented
        names, a, b, c, d = operands
        if not c:
            raise ZeroDivisionError("division by the zero rational function")
        if c.leading_coefficient() < 0:
            c, d = -c, -d
        a, c = cancelled(a, c)
        d, b = cancelled(d, b)
        return _built(names, a * d, b * c)

    def __rtruediv__(self, other: Fraction | int) -> RationalFunction:
        return rational_constant(other) / self if isinstance(other, int | Fraction) else NotImplemented

    def __pow__(self, exponent: int) -> RationalFunction:
        if exponent < 0:
            return 1 / self**-exponent
        return _built(self._names, self._top**exponent, self._bottom**exponent)

    def __bool__(self) -> bool:
        return bool(self._top)

    def __eq__(self, other: object) -> bool:
        right = rational_constant(other) if isinstance(other, int | Fraction) else other
        if not isinstance(right, RationalFunction):
            return NotImplemented
        return self._names == right._names and bool(self._top == right._top and self._bottom == right._bottom)

    def __hash__(self) -> int:
        if self._hash is None:
            parts = (tuple(part.coeffs()) for part in (self._top, self._bottom))
            self._hash = hash((self._names, *parts) if self._names else self.at({}))
        return self._hash

    @property
    def names(self) -> Names:
        """The dimensions that occur, sorted."""
        return self._names

    @property
    def numerator(self) -> tuple[int, ...]:
        """Integer coefficients of the numerator, lowest degree first; empty for zero, refused for several names."""
        return _dense(self._top, self._names)

    @property
    def denominator(self) -> tuple[int, ...]:
        """Integer coefficients of the denominator, lowest degree first."""
        return _dense(self._bottom, self._names)

    @property
    def numerator_terms(self) -> dict[tuple[int, ...], int]:
        """Exponents of ``names`` → coefficient, highest first."""
        return dict(sorted(terms_of(self._top, self._names).items(), reverse=True))

    @property
    def denominator_terms(self) -> dict[tuple[int, ...], int]:
        """As ``numerator_terms``."""
        return dict(sorted(terms_of(self._bottom, self._names).items(), reverse=True))

    @property
    def degree(self) -> int:
        """The power of D that the value grows like; refused for zero, which grows like no power."""
        if not self:
            raise InputError("degree must be asked of a non-zero value, got 0")
        return len(self.numerator) - len(self.denominator)

    def has_pole_at(self, D: int | Fraction | Mapping[str, int | Fraction]) -> bool:
        """Whether the denominator vanishes at a number D, or at numbers for all dimensions that occur."""
        return not value_at(self._bottom, self._names, self._numbers(D))

    def at(self, D: int | Fraction | Mapping[str, int | Fraction]) -> Fraction:
        """The value at a number D, or at numbers for all dimensions that occur, by substitution.

        Raises:
            InputError: At a pole, or if a dimension has no number.

        Examples:
            >>> RationalFunction(1, [-1, 0, 1]).at(3)
            Fraction(1, 8)
            >>> (RationalFunction.variable("d1") / RationalFunction.variable("d2")).at({"d1": 2, "d2": 3})
            Fraction(2, 3)
        """
        numbers = self._numbers(D)
        bottom = value_at(self._bottom, self._names, numbers)
        if not bottom:
            subject = "the dimensions" if isinstance(D, Mapping) else "D"
            raise InputError(f"{subject} must not be a pole of {self}, got {D}")
        return Fraction(value_at(self._top, self._names, numbers), bottom)

    def _numbers(self, D: int | Fraction | Mapping[str, int | Fraction]) -> Mapping[str, int | Fraction]:
        values = D if isinstance(D, Mapping) else {"D": D}
        if missing := sorted({*self._names} - values.keys()):
            raise InputError(f"values must name every dimension, got none for {', '.join(missing)}")
        return values

    def compose(self, inner: RationalFunction) -> RationalFunction:
        """The value where the one dimension is a function of others, such as d1·d2.

        Raises:
            InputError: If that function is a constant at which this one has a pole.

        Examples:
            >>> d1, d2 = RationalFunction.variable("d1"), RationalFunction.variable("d2")
            >>> RationalFunction(1, [1, 1]).compose(d1 * d2)
            RationalFunction(1/(d1*d2 + 1))
        """
        if not inner._names:
            return RationalFunction(self.at(dict.fromkeys(self._names, inner.at({}))))
        if not self._names or inner == RationalFunction.variable(*self._names):
            return self
        top, bottom = (
            reduce(lambda total, c: total * inner + c, reversed(part), RationalFunction(0))
            for part in (self.numerator, self.denominator)
        )
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

    def to_sympy(self) -> Any:
        """The value as a SymPy expression in symbols such as ``hq.D``, numerator and denominator factored."""
        return sympy.Mul(*self.sympy_factors())

    def sympy_factors(self) -> list[Any]:
        """The factors of ``to_sympy()``; one product of them keeps a constant out of a sum."""
        symbols = [dimension_symbol(name) for name in self._names]
        top, bottom = (sympy_factors(terms_of(p, self._names), symbols) for p in (self._top, self._bottom))
        return [*top, *(1 / factor for factor in bottom)]

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
        if self._names not in {(), ("D",)}:
            return f"RationalFunction({self.to_sympy()})"
        top, bottom = (list(c) for c in (self.numerator, self.denominator))
        return f"RationalFunction({top})" if bottom == [1] else f"RationalFunction({top}, {bottom})"


def over_common_denominator(
    values: Sequence[RationalFunction],
) -> tuple[list[tuple[int, ...]], RationalFunction]:
    """The values as numerators, coefficients lowest degree first, over one polynomial, the least common denominator.

    Examples:
        >>> over_common_denominator([RationalFunction(1, [-1, 1]), RationalFunction(1, [-1, 0, 1])])
        ([(1, 1), (1,)], RationalFunction([-1, 0, 1]))
    """
    names, tops, common = _common_denominator(values)
    return [_dense(top, names) for top in tops], _built(names, common, polynomial([1]))


def over_denominator(
    numerators: Iterable[Sequence[int]], denominator: RationalFunction
) -> list[RationalFunction]:
    """The quotients of polynomials in D by one value: the inverse of ``over_common_denominator``.

    Examples:
        >>> over_denominator([(1, 1), (1,)], RationalFunction([-1, 0, 1]))
        [RationalFunction([1], [-1, 1]), RationalFunction([1], [-1, 0, 1])]
    """
    names, top, bottom = denominator._names or ("D",), denominator._top, denominator._bottom
    return [_quotient(names, polynomial(row) * bottom, top) for row in numerators]


def linear_combination(pairs: Iterable[tuple[Fraction, RationalFunction]]) -> RationalFunction:
    """Σ c·w over one common denominator: one cancellation at the end, instead of one for each term.

    Examples:
        >>> D = RationalFunction.variable("D")
        >>> linear_combination([(Fraction(1), D), (Fraction(-1, 2), D * D)]).to_sympy()
        -D*(D - 2)/2
    """
    terms = [(c, w) for c, w in pairs if c]
    names, tops, common = _common_denominator([w for _, w in terms])
    scale = lcm(*(c.denominator for c, _ in terms))
    scaled = (top * (c.numerator * (scale // c.denominator)) for (c, _), top in zip(terms, tops, strict=True))
    return _quotient(names, sum(scaled, start=0 * common), common * scale)


def _built(names: Names, top: Polynomial, bottom: Polynomial) -> RationalFunction:
    """From coprime parts with a positive leading coefficient below: names that do not occur are dropped."""
    if len(names) > 1:
        degrees = zip(names, top.degrees(), bottom.degrees(), strict=True)
        kept = tuple(name for name, m, n in degrees if m > 0 or n > 0)
        top, bottom, names = moved(top, names, kept), moved(bottom, names, kept), kept
    elif len(top) < 2 and len(bottom) < 2:  # noqa: PLR2004 - constants have one coefficient
        names = ()
    value: RationalFunction = object.__new__(RationalFunction)
    value._names, value._top, value._bottom, value._hash = names, top, bottom, None
    return value


def _quotient(names: Names, top: Polynomial, bottom: Polynomial) -> RationalFunction:
    if not bottom:
        raise InputError("denominator must not be zero, got 0; pass a non-zero polynomial")
    if bottom.leading_coefficient() < 0:
        top, bottom = -top, -bottom
    return _built(names, *cancelled(top, bottom))


def _operands(left: RationalFunction, other: object) -> tuple[Any, ...] | None:
    """The names that occur and the parts of both in these; None if the other is no value of a field."""
    right = rational_constant(other) if isinstance(other, int | Fraction) else other
    if not isinstance(right, RationalFunction):
        return None
    own, others = left._names, right._names
    if own == others or (not (own and others) and len(own or others) == 1):
        return own or others, left._top, left._bottom, right._top, right._bottom
    return _aligned((left, right))


def _aligned(values: Sequence[RationalFunction]) -> tuple[Any, ...]:
    names = tuple(sorted({name for value in values for name in value._names}))
    pairs = [(value, poly) for value in values for poly in (value._top, value._bottom)]
    return names, *[p if value._names == names else moved(p, value._names, names) for value, p in pairs]


def _common_denominator(values: Sequence[RationalFunction]) -> tuple[Names, list[Polynomial], Polynomial]:
    names, *parts = _aligned(values)
    common = moved(polynomial([1]), (), names)
    for bottom in parts[1::2]:
        common = common * (bottom // common.gcd(bottom))
    return names, [t * (common // b) for t, b in zip(parts[::2], parts[1::2], strict=True)], common


def _dense(poly: Polynomial, names: Names) -> tuple[int, ...]:
    if len(names) > 1:
        raise InputError(f"the value must depend on one dimension, got {', '.join(names)}")
    return coefficients(poly)


def _part(value: _Part, names: Names) -> tuple[Polynomial, int]:
    """A polynomial in the names, sorted, and the integer that it must be divided by."""
    order = tuple(sorted(names))
    if isinstance(value, int | Fraction):
        return moved(polynomial([value.numerator]), (), order), value.denominator
    if isinstance(value, Mapping):
        return moved(polynomial_in(names, value), names, order), 1
    try:
        return moved(polynomial(value), names[:1], order), 1
    except TypeError:
        rule = f"coefficients must be integers, got {list(value)}; clear the denominators first"
        raise InputTypeError(rule) from None


rational_constant = lru_cache(maxsize=1024)(RationalFunction)
"""An integer or a Fraction as a value of the field: those of one derivation, many times each."""
