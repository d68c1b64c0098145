"""``Combination``, the one sparse sum of the library, and ``TracePolynomial``, the common type of closed forms.

A polynomial in traces is a combination of monomials over Q(D); an integrand one of diagrams over the functions of the
dimensions; a random variable of a circuit one of products of derivatives over polynomials in traces; a recipe one of
products of averages. What differs is how two keys are multiplied and what comes along. None holds a zero, so that
equality of values is mathematical equality.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from itertools import chain
from math import lcm, prod
from operator import mul
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, final

from haarqntk.algebra._rational import RationalFunction, over_common_denominator, rational_constant
from haarqntk.algebra._symbols import Monomial, Symbol, multiply_monomials, read_symbol
from haarqntk.algebra._sympy import dimension_symbol, latex_of, symbol, sympy_factors
from haarqntk.base import Frozen, LazyModule, Shown
from haarqntk.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Self

sympy = LazyModule("sympy")


class Coefficient(Protocol):
    """What a combination asks of its coefficients: the operations of a commutative ring."""

    def __add__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __neg__(self) -> Any: ...
    def __bool__(self) -> bool: ...


K = TypeVar("K")
C = TypeVar("C", bound=Coefficient)


def collected(pairs: Iterable[tuple[K, C]]) -> dict[K, C]:
    """Key → sum of its coefficients, in the order in which the keys are met; zeros stay.

    Examples:
        >>> collected([("x", 1), ("y", 2), ("x", -1)])
        {'x': 0, 'y': 2}
    """
    total: dict[K, C] = {}
    for key, c in pairs:
        known = total.get(key)
        total[key] = c if known is None else known + c
    return total


class Combination(Frozen, Generic[K, C]):
    """Σ c·k over finitely many keys k, no coefficient c zero: equality of values is equality of sums.

    Subclasses say how keys are multiplied (``_times``), what else is a value of the ring (``_coerced``), and what a
    result takes over from its operands (``_like``).

    Args:
        terms: Key → coefficient. Zeros are dropped.

    Examples:
        >>> class Polynomial(Combination[int, int]):
        ...     _times = staticmethod(lambda a, b: a + b)
        ...     _one = (0, 1)
        >>> x = Polynomial({1: 1})
        >>> ((x + x) * x - x**2).terms, bool(x - x)
        ({2: 1}, False)
    """

    __slots__ = ("_terms",)

    _terms: dict[K, C]
    _times: Callable[[K, K], K]
    _one: tuple[K, C]

    def __init__(self, terms: Mapping[K, C]) -> None:
        object.__setattr__(self, "_terms", {key: c for key, c in terms.items() if c})

    @property
    def terms(self) -> dict[K, C]:
        """A copy of key → coefficient, without zeros.

        Examples:
            >>> import haarqntk as hq
            >>> len((hq.tr(hq.matrices("A")) + 1).terms)
            2
        """
        return dict(self._terms)

    def _like(self, terms: Mapping[K, C], *operands: Any) -> Self:  # noqa: ARG002 - for subclasses
        """The sum of ``terms`` beside what this value and the operands carry along."""
        return type(self)(terms)

    def _coerced(self, other: object) -> Any:
        """The other operand as a value of the ring; None if it is none."""
        return other if isinstance(other, type(self)) else None

    def __add__(self, other: object) -> Self:
        right = self._coerced(other)
        if right is None:
            return NotImplemented
        return self._like(collected(chain(self._terms.items(), right._terms.items())), right)

    __radd__ = __add__

    def __neg__(self) -> Self:
        return self._like({key: -c for key, c in self._terms.items()})

    def __sub__(self, other: object) -> Self:
        right = self._coerced(other)
        return NotImplemented if right is None else self + -right

    def __rsub__(self, other: object) -> Self:
        return -self + other

    def __mul__(self, other: object) -> Self:
        right = self._coerced(other)
        if right is None:
            return NotImplemented
        return self._like(self._product_terms(right), right)

    __rmul__ = __mul__

    def _product_terms(self, right: Combination[K, C]) -> dict[K, C]:
        self._check_product(right, len(self._terms) * len(right._terms))
        others, times = right._terms.items(), self._times
        return collected([(times(a, b), x * y) for a, x in self._terms.items() for b, y in others])

    def _check_product(self, right: Any, num_terms: int) -> None:
        """Refuse a product with ``right`` of that many terms, if it would not finish."""

    def __pow__(self, exponent: int) -> Self:
        return reduce(mul, [self] * exponent) if exponent else self._like(dict([self._one]))

    def __bool__(self) -> bool:
        return bool(self._terms)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Combination):
            return NotImplemented
        return self._signature() == other._signature() and self._terms == other._terms

    def __hash__(self) -> int:
        return hash((self._signature(), frozenset(self._terms.items())))

    def _signature(self) -> tuple[object, ...]:
        """What must agree, beside the terms, for two values to be equal."""
        return (type(self),)


@final
class TracePolynomial(Combination[Monomial, RationalFunction], Shown):
    """A polynomial in named variables with coefficients in Q(D).

    Args:
        terms: Monomial → coefficient. Zero coefficients are dropped.

    Examples:
        >>> x, y = TracePolynomial.variable("T1"), TracePolynomial.variable("T2")
        >>> D = TracePolynomial.constant(RationalFunction([0, 1]))
        >>> (D * y - x**2).to_sympy()
        D*T2 - T1**2
        >>> ((x + y) * (x - y)).at(5, {"T1": 3, "T2": 1})
        Fraction(8, 1)
    """

    __slots__ = ()
    _times = staticmethod(multiply_monomials)
    _one = ((), RationalFunction(1))

    def __init__(self, terms: Mapping[Monomial, RationalFunction]) -> None:
        super().__init__(dict(sorted(terms.items())))
        if list(map(tuple, map(sorted, self._terms))) != list(self._terms):
            raise InputError("each monomial must be sorted pairs (variable, exponent)")

    @classmethod
    def constant(cls, value: RationalFunction | Fraction | int) -> TracePolynomial:
        """The constant polynomial."""
        return cls({(): value if isinstance(value, RationalFunction) else rational_constant(value)})

    @classmethod
    def variable(cls, name: str) -> TracePolynomial:
        """The polynomial that is one variable."""
        return cls({((read_symbol(name), 1),): rational_constant(1)})

    @property
    def variables(self) -> tuple[Symbol, ...]:
        """The variables that occur, sorted."""
        return tuple(sorted(dict(chain.from_iterable(self._terms))))

    def _coerced(self, other: object) -> TracePolynomial | None:
        if isinstance(other, RationalFunction | Fraction | int):
            return TracePolynomial.constant(other)
        return other if isinstance(other, TracePolynomial) else None

    def __pow__(self, exponent: int) -> TracePolynomial:
        if exponent < 0:
            raise InputError(f"the exponent of a polynomial must be ≥ 0, got {exponent}")
        return super().__pow__(exponent)

    @classmethod
    def from_sympy(cls, numerator: Any, denominator: Any) -> TracePolynomial:
        """The quotient of a SymPy polynomial in D and other symbols by one in D alone."""
        D = symbol("D")
        others = sorted(numerator.free_symbols - {D}, key=lambda free: str(free.name))
        bottom = polynomial_of(denominator)
        total: dict[Monomial, RationalFunction] = {}
        for exponents, part in sympy.Poly(numerator, *others).terms() if others else [((), numerator)]:
            monomial = tuple(
                (read_symbol(x.name), int(e)) for x, e in zip(others, exponents, strict=True) if e
            )
            total[monomial] = polynomial_of(part) / bottom
        return cls(total)

    def weights(self, exponents: Mapping[Any, Fraction | int]) -> dict[Monomial, Fraction | int]:
        """The power of D that each term grows like, where the variables grow like D^exponent (D^0 by default)."""
        return {
            monomial: c.degree + sum(exponents.get(name, 0) * e for name, e in monomial)
            for monomial, c in self._terms.items()
        }

    def leading_weight(self, exponents: Mapping[Any, Fraction | int]) -> Fraction | int:
        """The highest of the ``weights``; the polynomial must not be zero."""
        return max(self.weights(exponents).values())

    def coefficient(self, name: str, power: int) -> TracePolynomial:
        """The coefficient of name^power, a polynomial in the other variables."""
        return dict(self._powers_of(name)).get(power, TracePolynomial({}))

    def degree_in(self, name: str) -> int:
        """The highest power of a variable; 0 for the zero polynomial."""
        return max((_exponent(monomial, name) for monomial in self._terms), default=0)

    # -- maps out of it --------------------------------------------------------------------------------

    def substitute(self, values: Mapping[Any, TracePolynomial]) -> TracePolynomial:
        """Replace variables by polynomials; the others stay."""
        if not values.keys() & {*self.variables}:
            return self
        parts: list[tuple[Monomial, RationalFunction]] = []
        for monomial, c in self._terms.items():
            kept = tuple([(name, e) for name, e in monomial if name not in values])
            replaced = [values[name] ** e for name, e in monomial if name in values]
            parts += prod(replaced, start=TracePolynomial({kept: c})).terms.items()
        return TracePolynomial(collected(parts))

    def has_pole_at(self, D: int) -> bool:
        """Whether the dimension is a pole of a coefficient."""
        return any(c.has_pole_at(D) for c in self._terms.values())

    def at(self, D: int, values: Mapping[Any, Fraction | int]) -> Fraction:
        """The exact value at a dimension and at rational values of all variables.

        Raises:
            InputError: If a variable has no value, or D is a pole of a coefficient.
        """
        if missing := [name for name in self.variables if name not in values]:
            raise InputError(f"values must name every variable, got none for {', '.join(missing)}")
        return sum(
            (
                c.at(D) * prod(Fraction(values[name]) ** e for name, e in monomial)
                for monomial, c in self._terms.items()
            ),
            start=Fraction(0),
        )

    def to_sympy(self, *, collect: str | None = None) -> Any:
        """A SymPy expression, factored over the rationals, in symbols of the variables' names.

        Args:
            collect: A variable; if the sum over its powers, each coefficient factored, has a shorter longest
                factor than the factored whole, that sum is returned.
        """
        whole = self.sympy_factors()
        if collect is not None and self:
            powers = self._powers_of(collect)
            parts = [[symbol(collect) ** power, *part.sympy_factors()] for power, part in powers]
            if max(map(_longest_factor, parts)) < _longest_factor(whole):
                return sympy.Add(*(sympy.Mul(*part) for part in parts))
        return sympy.Mul(*whole)

    def sympy_quotient(self, other: TracePolynomial) -> Any:
        """The quotient by another polynomial that is not zero, factored, with common factors cancelled.

        Equal irreducible factors are equal expressions, so the product cancels them by itself.
        """
        return sympy.Mul(*self.sympy_factors(), *(1 / factor for factor in other.sympy_factors()))

    def _powers_of(self, name: str) -> list[tuple[int, TracePolynomial]]:
        parts: dict[int, dict[Monomial, RationalFunction]] = {}
        for monomial, coefficient in self._terms.items():
            rest = tuple(pair for pair in monomial if pair[0] != name)
            parts.setdefault(_exponent(monomial, name), {})[rest] = coefficient
        return [(power, TracePolynomial(terms)) for power, terms in sorted(parts.items())]

    def sympy_factors(self) -> list[Any]:
        """The factors over the rationals; one product of them keeps a constant out of a sum."""
        if not self:
            return [sympy.Integer(0)]
        names = ("D", *self.variables)
        numerators, denominator = over_common_denominator(list(self._terms.values()))
        terms = {
            (power, *(_exponent(monomial, name) for name in names[1:])): coefficient
            for monomial, numerator in zip(self._terms, numerators, strict=True)
            for power, coefficient in enumerate(numerator)
            if coefficient
        }
        return [*sympy_factors(terms, [symbol(name) for name in names]), *(1 / denominator).sympy_factors()]

    def latex(self) -> str:
        r"""The polynomial in LaTeX, factored.

        Examples:
            >>> print((TracePolynomial.variable("L") * RationalFunction(1, [-1, 0, 1])).latex())
            \frac{L}{\left(D - 1\right) \left(D + 1\right)}
        """
        return latex_of(self.to_sympy())

    def __repr__(self) -> str:
        return f"TracePolynomial({self._terms!r})"


def _exponent(monomial: Monomial, name: str) -> int:
    return next((e for symbol, e in monomial if symbol == name), 0)


def _longest_factor(factors: list[Any]) -> int:
    """The number of terms of the longest sum among the factors: how hard the product is to read."""
    return max((len(sympy.Add.make_args(factor.as_base_exp()[0])) for factor in factors), default=0)


def polynomial_of(expression: Any, names: tuple[str, ...] = ("D",)) -> RationalFunction:
    """A SymPy polynomial in dimensions of these names, with rational coefficients.

    Raises:
        InputTypeError: If a coefficient is irrational.

    Examples:
        >>> polynomial_of(symbol("D") ** 2 / 3 - 1)
        RationalFunction([-3, 0, 1], [3])
    """
    terms = dict(sympy.Poly(expression, *map(dimension_symbol, names)).terms())
    if irrational := [c for c in terms.values() if not c.is_Rational]:
        raise InputTypeError(f"a coefficient must be rational, got {irrational[0]} in {expression}")
    common = lcm(*(int(c.q) for c in terms.values()))
    return RationalFunction({e: int(c * common) for e, c in terms.items()}, common, names=names)
