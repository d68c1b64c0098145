"""Tensor products and permutation operators as they are printed, read back: ⊗, P(0 1), Tr[(0 1), id](…), A_{0,2}.

Tensor factors and copies count from 0. A literal 1 is the identity, of one factor beside ⊗.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from haarqntk._arguments import integer
from haarqntk._parsing import check_digits
from haarqntk.errors import InputError, InputTypeError
from haarqntk.exact import DimensionFunction
from haarqntk.haar._algebra import MatrixExpression, ScalarExpression
from haarqntk.haar._operations import identity, kron, moved, permutation, tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.traces import Space

_LARGEST_POINT = 100


class Literal(ScalarExpression):
    """A number as it stands, not in parentheses."""

    __slots__ = ()


class TensorProduct(MatrixExpression):
    """A tensor product that is not in parentheses: A B ⊗ C can mean two things."""

    __slots__ = ()


class PermutationOperator(MatrixExpression):
    """P(0 1) before it is known what it stands behind."""

    __slots__ = ("images",)
    images: dict[int, int]


def is_one(value: ScalarExpression) -> bool:
    """Whether it is the number 1."""
    return value.terms == {(): DimensionFunction.constant(1)}


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


def permutation_of(token: str, spaces: tuple[Space, ...]) -> MatrixExpression:
    """P and its cycles on the spaces; on as many copies of a single one as it moves."""
    images = images_of(token[1:])
    found = spaces if len(spaces) > 1 else spaces * (max(images) + 1)
    built = PermutationOperator(permutation(images, found).terms, {}, found)
    built.images = images
    return built


def permuted_trace(ways: Sequence[dict[int, int]], matrix: MatrixExpression) -> ScalarExpression:
    """Tr[π_0, …](M ⊗ N …): the right end s of copy i meets the left end s of copy π_s(i)."""
    width = len(ways)
    images = {pi[i] * width + s: i * width + s for s, pi in enumerate(ways) for i in pi}
    return tr(matrix @ permutation(images, matrix.spaces))


def tensor_product(factors: Sequence[Any], spaces: tuple[Space, ...]) -> MatrixExpression:
    """Factors side by side; a pair of a factor and its places stands there.

    Raises:
        InputTypeError: If a factor is no matrix.
        InputError: If the places are not those from 0, each once.
    """
    found: list[MatrixExpression] = []
    places: list[int] = []
    for factor in factors:
        value, at = factor if isinstance(factor, tuple) else (factor, [len(places)])
        if isinstance(value, Literal) and is_one(value) and at[0] < len(spaces):
            value = identity(spaces[at[0]])
        if not isinstance(value, MatrixExpression):
            raise InputTypeError(
                f"⊗ must stand between matrices, got {value!r}; 1 is the identity of a factor that dims names"
            )
        found.append(value)
        places += at if isinstance(factor, tuple) else range(len(places), len(places) + len(value.spaces))
    built = moved(kron(*found), places)
    return TensorProduct(built.terms, built.declared, built.spaces)


def tensor_factor(value: Any) -> int:
    """The number of a tensor factor."""
    number = (
        value.terms.get((), DimensionFunction.constant(0)) if isinstance(value, ScalarExpression) else None
    )
    if number is None or number.names or not set(value.terms) <= {()}:
        raise InputError(f"a tensor factor must be an integer ≥ 0, got {value!r}")
    factor = number.at({})
    return integer("a tensor factor", factor.numerator if factor.denominator == 1 else factor, at_least=0)
