"""SymPy in: an integrand written with MatrixSymbol, Trace and MatrixElement becomes a polynomial in diagrams.

Letters are matched by name with what was declared; every other MatrixSymbol is a general given matrix. SymPy
writes an entry of a product as a sum over its inner index, so a ``Sum`` over an index of the full range joins the
two ends that carry it.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from haarqntk.base import LazyModule
from haarqntk.diagrams import INDEX, OPEN, SYMPLECTIC_FORM, Letter, Space, flatten
from haarqntk.errors import CostError, InputError
from haarqntk.haar._algebra import MatrixExpression, ScalarExpression
from haarqntk.haar._declarations import matrices
from haarqntk.haar._letters import (
    LEFT,
    RIGHT,
    Declaration,
    Found,
    coefficient,
    dimension_product,
    joined,
    summed,
)
from haarqntk.haar._names import declared_matrix
from haarqntk.haar._operations import identity, kron, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


sympy = LazyModule("sympy")

_LARGEST_NUM_FACTORS = 1000


def is_sympy(value: object) -> bool:
    """Whether it is a SymPy expression, told without importing SymPy."""
    return any(kind.__module__.split(".")[0] == "sympy" for kind in type(value).__mro__)


def from_sympy(expression: Any, declared: Mapping[str, Declaration]) -> ScalarExpression | MatrixExpression:
    """A SymPy expression as an integrand, its letters as declared; an InputError names the part that is none.

    It is a polynomial in MatrixSymbols, their products, sums, powers, adjoints, transposes and conjugates, in traces
    and entries, over the rational functions of dimensions. The inverse of a unitary matrix is its adjoint.
    """
    value: ScalarExpression | MatrixExpression = _Reader(declared).read(expression)
    return value


class _Reader:
    """One reading: the declarations, and the names that the bound indices get."""

    def __init__(self, declared: Mapping[str, Declaration]) -> None:
        self._declared = declared
        self._num_bound = 0
        self._readers: dict[Any, Callable[[Any], Any]] = {
            sympy.MatrixSymbol: self._symbol,
            sympy.Identity: lambda part: identity(_spaces(part)),
            sympy.ZeroMatrix: lambda part: identity(_spaces(part)) * 0,
            sympy.MatMul: lambda part: _multiplied(map(self.read, part.args)),
            sympy.Mul: lambda part: _multiplied(map(self.read, part.args)),
            sympy.MatAdd: lambda part: reduce(add, map(self.read, part.args)),
            sympy.Add: lambda part: reduce(add, map(self.read, part.args)),
            sympy.MatPow: self._power,
            sympy.Inverse: self._power,
            sympy.Pow: self._power,
            sympy.Trace: lambda part: tr(self.matrix(part.arg)),
            sympy.Adjoint: lambda part: self.matrix(part.arg).H,
            sympy.Transpose: lambda part: self.matrix(part.arg).T,
            sympy.conjugate: lambda part: self.read(part.args[0]).conj(),
            sympy.re: self._real_part,
            sympy.KroneckerProduct: lambda part: kron(*map(self.matrix, part.args)),
            sympy.KroneckerDelta: self._delta,
            sympy.matrices.expressions.matexpr.MatrixElement: lambda part: self.matrix(part.parent)[
                part.i, part.j
            ],
            sympy.Sum: self._sum,
        }

    def read(self, part: Any) -> Any:
        """A scalar or a matrix expression."""
        if not part.has(sympy.MatrixSymbol, sympy.Identity, sympy.ZeroMatrix, sympy.KroneckerDelta):
            return ScalarExpression.number(part)
        for kind in type(part).__mro__:
            if kind in self._readers:
                return self._readers[kind](part)
        raise _not_a_polynomial(part)

    def matrix(self, part: Any) -> MatrixExpression:
        """A matrix expression."""
        value = self.read(part)
        if not isinstance(value, MatrixExpression):
            raise _not_a_polynomial(part)
        return value

    def _symbol(self, part: Any) -> MatrixExpression:
        declaration = self._declared.get(part.name)
        if declaration is None:
            if part.name == SYMPLECTIC_FORM:
                raise InputError(
                    f"the name {part.name} is taken by the library; pass matrices=[hq.symplectic_form()] if that is "
                    "meant, or another name"
                )
            built: MatrixExpression = matrices(part.name, dims=_spaces(part))
            return built
        matrix = declared_matrix(declaration)
        wanted = dimension_product(matrix.spaces)
        if coefficient(_size(part)) != wanted:
            raise InputError(
                f"{part.name} must have the shape that it was declared with, ({wanted.to_sympy()}, "
                f"{wanted.to_sympy()}), got ({part.rows}, {part.cols})"
            )
        return matrix

    def _power(self, part: Any) -> Any:
        base, exponent = (part.arg, sympy.Integer(-1)) if isinstance(part, sympy.Inverse) else part.args
        if not exponent.is_Integer:
            raise _not_a_polynomial(part)
        if abs(exponent) > _LARGEST_NUM_FACTORS:
            raise CostError(f"an exponent must be at most {_LARGEST_NUM_FACTORS}, got {exponent}")
        if exponent < 0:
            if not _is_matrix(base):
                raise _not_a_polynomial(part)
            return self._inverse(base) ** -int(exponent)
        if isinstance(base, sympy.Abs):
            if exponent % 2:
                raise _not_a_polynomial(part)
            value = self.read(base.args[0])
            return (value * value.conj()) ** (int(exponent) // 2)
        return self.read(base) ** int(exponent)

    def _inverse(self, part: Any) -> MatrixExpression:
        """The inverse where it is a polynomial: the adjoint of a unitary matrix."""
        if isinstance(part, sympy.MatMul):
            inverses = (self._inverse(x) if _is_matrix(x) else 1 / self.read(x) for x in reversed(part.args))
            inverse: MatrixExpression = _multiplied(inverses)
            return inverse
        value = self.matrix(part)
        if value @ value.H == identity(value.spaces):
            return value.H
        if value @ value == identity(value.spaces):
            return value
        raise InputError(
            f"only a unitary matrix has an inverse that is a polynomial, got the inverse of {part}; name it in over, "
            "or declare it with hq.matrices(…, unitary=True) and pass it as matrices=[…]"
        )

    def _real_part(self, part: Any) -> ScalarExpression:
        value: ScalarExpression = self.read(part.args[0])
        return (value + value.conj()) / 2

    def _delta(self, part: Any) -> ScalarExpression:
        if len(part.args) < 3:  # noqa: PLR2004 - two indices and their range
            raise InputError(f"a KroneckerDelta must carry its range, got {part}; write an entry of Identity")
        size = part.args[2][1] + 1
        return identity(_spaces_of(size, part))[part.args[0], part.args[1]]

    def _sum(self, part: Any) -> Any:
        """Σ_i over the whole range of an index: both ends that carry it are joined."""
        body, limits = part.function, part.limits
        bound = []
        for index, low, high in limits:
            if low != 0 or high.has(*(other for other, _, _ in limits)):
                raise _not_a_polynomial(part)
            self._num_bound += 1
            name = sympy.Symbol(f"sum {self._num_bound}")  # a space: no name that a user can give
            body = body.xreplace({index: name})
            bound.append((name.name, _spaces_of(high + 1, part)))
        value = self.read(body)
        if not isinstance(value, ScalarExpression):
            raise _not_a_polynomial(part)
        for name, spaces in bound:
            value = _contracted(value, name, spaces, part)
        return value


def _multiplied(values: Iterable[ScalarExpression | MatrixExpression]) -> Any:
    """The product of scalars and, in their order, of matrices."""
    factors: list[Any] = sorted(values, key=lambda value: isinstance(value, ScalarExpression))
    return reduce(lambda a, b: a @ b if isinstance(b, MatrixExpression) else a * b, factors)


def _is_matrix(part: Any) -> bool:
    return bool(getattr(part, "is_Matrix", False))


def _contracted(value: ScalarExpression, name: str, spaces: tuple[Space, ...], part: Any) -> ScalarExpression:
    def joints() -> Iterator[Found]:
        for monomial, c in value.terms.items():
            if name in c.names:
                raise _not_a_polynomial(part)
            letters, partner = flatten([monomial])
            places = [i for i, x in enumerate(letters) if x.kind == INDEX and x.name == name]
            if any(letters[i].spaces != spaces for i in places):
                raise InputError(f"a sum must run over the whole range of its index, got {part}")
            if len(places) not in (0, 2):  # an index has two places in a product of matrices
                raise InputError(
                    f"an index that is summed must stand at two places, got {len(places)} in {part}"
                )
            for side, i in zip((LEFT, RIGHT), places, strict=False):
                letters[i] = Letter(OPEN, side, spaces)
            found = joined(letters, partner, [((LEFT, 0), (RIGHT, 0))] if places else ())
            yield found, c if places else c * dimension_product(spaces)

    return ScalarExpression(summed(joints()), value.declared)


def _spaces(part: Any) -> tuple[Space, ...]:
    """The one tensor factor that a square matrix acts on."""
    return _spaces_of(_size(part), part)


def _size(part: Any) -> Any:
    if part.rows != part.cols:
        raise InputError(f"a matrix must be square, got {part} of shape ({part.rows}, {part.cols})")
    return part.rows


def _spaces_of(size: Any, part: Any) -> tuple[Space, ...]:
    """The one tensor factor of a dimension that is a name or a number."""
    if size.is_Symbol:
        return (str(size.name),)
    if size.is_Integer and size > 0:
        return (int(size),)
    raise InputError(
        f"a dimension must be a symbol or an integer ≥ 1, got {size} of {part}; a matrix on several factors must "
        "be declared by hq.matrices(…, dims=(…)) and passed as matrices=[…]"
    )


def _not_a_polynomial(part: Any) -> InputError:
    return InputError(
        f"only polynomials in traces, entries and words can be integrated, got {part} ({type(part).__name__})"
    )
