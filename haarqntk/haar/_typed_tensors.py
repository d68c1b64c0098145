"""Tensor products and permutation operators as they are printed, read back: ⊗, P(0 1), Tr[(0 1), id](…), A_{0,2}.

Tensor factors and copies count from 0. A literal 1 is the identity, of one factor beside ⊗.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from haarqntk._arguments import integer
from haarqntk._parsing import check_digits
from haarqntk.algebra import RationalFunction
from haarqntk.errors import InputError, InputTypeError
from haarqntk.haar._algebra import MatrixExpression, ScalarExpression
from haarqntk.haar._operations import identity, kron, moved, permutation, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from haarqntk.diagrams import Space

_LARGEST_POINT = 100
_MULTIPLY = ("times", "beside", "by_then", "bracketed", "tensor", "at_places")


class Literal(ScalarExpression):
    """A number as it stands, not in parentheses."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Deferred:
    """A tensor product or P(0 1), until it is known which factors it acts on: those of what it is multiplied with.

    Attributes:
        build: The matrix on given factors.
        spaces: The factors where nothing else tells.
        is_bare: Whether it is a tensor product that is not in parentheses: A B ⊗ C can mean two things.
    """

    build: Callable[[tuple[Space, ...]], MatrixExpression]
    spaces: tuple[Space, ...]
    is_bare: bool = False


def settled(value: Any, beside: Any = None) -> Any:
    """The value; a deferred one on the factors of what stands beside it.

    Raises:
        InputError: If a tensor product without parentheses stands beside a matrix.
    """
    if not isinstance(value, Deferred):
        return value
    if value.is_bare and isinstance(beside, MatrixExpression | Deferred):
        raise InputError("A B ⊗ C can mean (A B) ⊗ C or A (B ⊗ C); write parentheses")
    return value.build(beside.spaces if isinstance(beside, MatrixExpression) else value.spaces)


def with_settled(method: Any, rule: str, children: list[Any], _meta: object) -> Any:
    """Carry out a rule of the grammar on what is settled; where it multiplies, it settles its arguments itself."""
    return method(*(children if rule in _MULTIPLY else map(settled, children)))


def is_one(value: ScalarExpression) -> bool:
    """Whether it is the number 1."""
    return value.terms == {(): RationalFunction(1)}


def is_rational(value: ScalarExpression) -> bool:
    """Whether it is a number, without dimensions."""
    return all(monomial == () and not c.names for monomial, c in value.terms.items())


def images_of(written: str) -> dict[int, int]:
    """Point → image, of cycles.

    Raises:
        InputError: If a point is named twice or too large.

    Examples:
        >>> images_of("(0 1)(2 3)")
        {0: 1, 1: 0, 2: 3, 3: 2}
    """
    image: dict[int, int] = {}
    for cycle in written.strip("()").split(")("):
        points = [int(check_digits(point)) for point in cycle.split()]
        if set(points) & set(image) or len(set(points)) < len(points) or max(points) >= _LARGEST_POINT:
            raise InputError(
                f"cycles must name different points below {_LARGEST_POINT}, counted from 0, got {written}"
            )
        image |= zip(points, [*points[1:], points[0]], strict=True)
    return image


def permutation_of(token: str, spaces: tuple[Space, ...]) -> Deferred:
    """P and its cycles; on as many copies of a single factor as it moves."""
    images = images_of(token[1:])
    default = spaces if len(spaces) > 1 else spaces * (max(images) + 1)
    return Deferred(lambda found: permutation(images, found), default)


def permuted_trace(ways: Sequence[dict[int, int]], matrix: MatrixExpression) -> ScalarExpression:
    """Tr[π_0, …](M ⊗ N …): the right end s of copy i meets the left end s of copy π_s(i)."""
    width = len(ways)
    images = {pi[i] * width + s: i * width + s for s, pi in enumerate(ways) for i in pi}
    return tr(matrix @ permutation(images, matrix.spaces))


def tensor_product(factors: Sequence[Any], spaces: tuple[Space, ...]) -> Deferred:
    """Factors side by side; a pair of a factor and its places stands there."""
    return Deferred(lambda found: _tensor_product(factors, found), spaces, is_bare=True)


def _tensor_product(factors: Sequence[Any], spaces: tuple[Space, ...]) -> MatrixExpression:
    found: list[MatrixExpression] = []
    places: list[int] = []
    for factor in factors:
        value, at = factor if isinstance(factor, tuple) else (factor, [len(places)])
        value = settled(value)
        if isinstance(value, Literal) and is_one(value) and at[0] < len(spaces):
            value = identity(spaces[at[0]])
        if not isinstance(value, MatrixExpression):
            raise InputTypeError(
                f"⊗ must stand between matrices, got {value!r}; 1 is the identity of a factor that dims names"
            )
        found.append(value)
        places += at if isinstance(factor, tuple) else range(len(places), len(places) + len(value.spaces))
    return moved(kron(*found), places)


def tensor_factor(value: Any) -> int:
    """The number of a tensor factor."""
    number = value.terms.get((), RationalFunction(0)) if isinstance(value, ScalarExpression) else None
    if number is None or number.names or not set(value.terms) <= {()}:
        raise InputError(f"a tensor factor must be an integer ≥ 0, got {value!r}")
    factor = number.at({})
    return integer("a tensor factor", factor.numerator if factor.denominator == 1 else factor, at_least=0)
