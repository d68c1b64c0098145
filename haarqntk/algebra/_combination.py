"""``Combination``: a finite sum of keys with coefficients, the one sparse sum of the library.

A polynomial in traces is a combination of monomials over Q(D); an integrand one of diagrams over the functions of the
dimensions; a random variable of a circuit one of products of derivatives over polynomials in traces; a recipe one of
products of averages. What differs is how two keys are multiplied and what comes along.
"""

from __future__ import annotations

from functools import reduce
from operator import mul
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from haarqntk.base import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Self


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

    _times: Callable[[K, K], K]
    _one: tuple[K, C]

    def __init__(self, terms: Mapping[K, C]) -> None:
        self._terms = {key: c for key, c in terms.items() if c}

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
        total = dict(self._terms)
        for key, c in right._terms.items():
            known = total.get(key)
            total[key] = c if known is None else known + c
        return self._like(total, right)

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
        return collected(
            (self._times(a, b), x * y) for a, x in self._terms.items() for b, y in right._terms.items()
        )

    def _check_product(self, right: Any, num_terms: int) -> None:
        """Refuse a product with ``right`` of that many terms, if it would not finish."""

    def __pow__(self, exponent: int) -> Self:
        return reduce(mul, [self] * exponent, self._like(dict([self._one])))

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
