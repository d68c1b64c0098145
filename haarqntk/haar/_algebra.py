"""The algebra of integrands: matrices, traces, entries, products and sums, as people write them.

``MatrixExpression`` and ``ScalarExpression`` are polynomials in diagrams (``traces``); the names of their random
letters come along. Nothing is integrated here: ``expect`` does that.

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from haarqntk.diagrams import OPEN, DiagramMonomial, Letter, Space, flatten
from haarqntk.errors import InputError, InputTypeError
from haarqntk.haar._dimensions import index_letter
from haarqntk.haar._polynomial import (
    LEFT,
    RIGHT,
    DiagramPolynomial,
    Found,
    changed,
    checked_exponent,
    coefficient,
    dimensions_text,
    identity_terms,
    joined,
    names_text,
    no_quotient,
    no_sum,
    refuse_too_many,
    refuse_unknown_half,
    renamed,
    summed,
)
from haarqntk.haar._written import WrittenPart, written_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from haarqntk.algebra import RationalFunction
    from haarqntk.haar._weights import Declaration


class ScalarExpression(DiagramPolynomial):
    """A polynomial in traces, matrix entries and expectations; ``+ - * **``, division by dimensions, ``conj()``.

    Examples:
        >>> import haarqntk as hq
        >>> U = hq.haar_unitary("U")
        >>> hq.expect(hq.tr(U) * hq.tr(U).conj() / hq.D).to_sympy()
        1/D

    Reference:
        derivations/11_integrals.md.
    """

    __slots__ = ()

    @classmethod
    def number(cls, value: object) -> ScalarExpression:
        """A number or a rational function of dimensions.

        Raises:
            InputTypeError, InputError: If the value is neither.

        Examples:
            >>> import haarqntk as hq
            >>> hq.ScalarExpression.number(2) * 3 == hq.ScalarExpression.number(6)
            True
        """
        return cls({(): coefficient(value)}, {})

    def _like(
        self, terms: Mapping[DiagramMonomial, RationalFunction], *operands: DiagramPolynomial
    ) -> ScalarExpression:
        return ScalarExpression(terms, self.declared_with(*operands))

    def _coerced(self, other: object) -> ScalarExpression | None:
        return _scalar(other)

    def __add__(self, other: object) -> ScalarExpression:
        if isinstance(other, MatrixExpression):
            raise no_sum(self, other)
        return super().__add__(other)

    __radd__ = __add__

    def __sub__(self, other: object) -> ScalarExpression:
        if isinstance(other, MatrixExpression):
            raise no_sum(self, other)
        return super().__sub__(other)

    def __mul__(self, other: object) -> Any:
        return other * self if isinstance(other, MatrixExpression) else super().__mul__(other)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> ScalarExpression:
        divisor = _divisor(other)
        return ScalarExpression({m: c / divisor for m, c in self._terms.items()}, self._declared)

    def __rtruediv__(self, other: object) -> ScalarExpression:
        return ScalarExpression.number(other) / self

    def __pow__(self, exponent: object) -> ScalarExpression:
        return super().__pow__(n) if (n := checked_exponent(exponent)) else ScalarExpression.number(1)

    def conj(self) -> ScalarExpression:
        """The complex conjugate.

        Examples:
            >>> import haarqntk as hq
            >>> z = hq.tr(hq.haar_unitary("U"))
            >>> hq.expect(z * z.conj()).to_sympy()
            1
        """
        return ScalarExpression(changed(self._terms, Letter.conjugate), self._declared)

    def __repr__(self) -> str:
        return f"<scalar expression of {len(self._terms)} terms in {names_text(self._declared)}>"


class MatrixExpression(DiagramPolynomial):
    """A polynomial in words of square matrices: ``@ + -``, scalar multiples, ``.H .T .conj()``, ``A[i, j]``.

    Attributes:
        spaces: The dimension of each tensor factor.

    Examples:
        >>> import haarqntk as hq
        >>> U, A = hq.haar_unitary("U"), hq.matrices("A")
        >>> print(hq.expect(U @ A @ U.H))
        (Tr(A)/D) 1

    Reference:
        derivations/11_integrals.md.
    """

    __slots__ = ("_entries", "spaces")

    def __init__(
        self,
        terms: Mapping[DiagramMonomial, RationalFunction],
        declared: Mapping[str, Declaration],
        spaces: tuple[Space, ...],
    ) -> None:
        super().__init__(terms, declared)
        self.spaces = spaces
        self._entries: dict[tuple[Any, Any], ScalarExpression] = {}

    def _like(
        self, terms: Mapping[DiagramMonomial, RationalFunction], *operands: DiagramPolynomial
    ) -> MatrixExpression:
        return MatrixExpression(terms, self.declared_with(*operands), self.spaces)

    def _signature(self) -> tuple[object, ...]:
        return MatrixExpression, self.spaces

    @property
    def _parts(self) -> tuple[WrittenPart, ...]:
        return written_parts(self._terms, self.spaces)

    def __matmul__(self, other: MatrixExpression) -> MatrixExpression:
        if not isinstance(other, MatrixExpression):
            raise InputTypeError(
                f"the right side of @ must be a matrix, got {other!r}; * is for scalars, and "
                "numbers of a matrix go to .at(matrices=…)"
            )
        self._check_same_space(other)
        refuse_too_many(len(self._terms) * len(other._terms))
        pairs = [(("inner left", s), ("inner right", s)) for s in range(len(self.spaces))]

        def products() -> Iterator[Found]:
            for a, x in self._terms.items():
                num_left = sum(len(component.letters) * e for component, e in a)
                for b, y in other._terms.items():
                    letters, partner = flatten([a, b])
                    letters[:num_left] = [renamed(z, RIGHT, "inner left") for z in letters[:num_left]]
                    letters[num_left:] = [renamed(z, LEFT, "inner right") for z in letters[num_left:]]
                    yield joined(letters, partner, pairs), x * y

        return MatrixExpression(summed(products()), self.declared_with(other), self.spaces)

    def __add__(self, other: object) -> MatrixExpression:
        if not isinstance(other, MatrixExpression):
            raise no_sum(self, other)
        self._check_same_space(other)
        return super().__add__(other)

    def __radd__(self, other: object) -> MatrixExpression:
        if isinstance(other, int) and other == 0:  # where Python's sum() starts
            return self
        raise no_sum(self, other)

    def __sub__(self, other: object) -> MatrixExpression:
        return self + (-other if isinstance(other, MatrixExpression) else other)

    def __rsub__(self, other: object) -> MatrixExpression:
        return -self + other

    def __mul__(self, other: object) -> MatrixExpression:
        if isinstance(other, MatrixExpression):
            raise InputTypeError(
                f"matrices must be multiplied with @, got {self!r} * {other!r}; * is for scalars"
            )
        scalar = _scalar(other)
        if scalar is None:
            return NotImplemented
        return self._like(self._product_terms(scalar), scalar)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> MatrixExpression:
        return self * (ScalarExpression.number(1) / other)

    def __rtruediv__(self, other: object) -> MatrixExpression:
        raise no_quotient(self)

    def __pow__(self, exponent: object) -> MatrixExpression:
        result = MatrixExpression(identity_terms(self.spaces), {}, self.spaces)
        for _ in range(checked_exponent(exponent)):
            result = result @ self
        return result

    def conj(self) -> MatrixExpression:
        """The complex conjugate.

        Examples:
            >>> import haarqntk as hq
            >>> U = hq.haar_unitary("U")
            >>> U.conj() == U.H.T
            True
        """
        return MatrixExpression(changed(self._terms, Letter.conjugate), self._declared, self.spaces)

    @property
    def T(self) -> MatrixExpression:
        """The transpose.

        Examples:
            >>> import haarqntk as hq
            >>> A, B = hq.matrices("A B")
            >>> (A @ B).T == B.T @ A.T
            True
        """
        other = {LEFT: RIGHT, RIGHT: LEFT}
        swapped = changed(self._terms, lambda x: renamed(x, x.name, other[x.name]) if x.kind == OPEN else x)
        return MatrixExpression(swapped, self._declared, self.spaces)

    @property
    def H(self) -> MatrixExpression:
        """The adjoint.

        Examples:
            >>> import haarqntk as hq
            >>> U = hq.haar_unitary("U")
            >>> U @ U.H == hq.identity()
            True
        """
        return self.conj().T

    def __getitem__(self, indices: Any) -> ScalarExpression:
        if not isinstance(indices, tuple) or len(indices) != 2:  # noqa: PLR2004 - a row and a column
            raise InputTypeError(f"a matrix entry must be written A[i, j], got A[{indices!r}]")
        if any(type(i) is not int for i in indices):
            return self._entry(indices)
        if indices not in self._entries:  # people write the same entry again and again
            self._entries[indices] = self._entry(indices)
        return self._entries[indices]

    def _entry(self, indices: tuple[Any, Any]) -> ScalarExpression:
        caps = {
            (side, s): letter
            for side, index in zip((LEFT, RIGHT), indices, strict=True)
            for s, letter in enumerate(index_letter(index, self.spaces))
        }
        for monomial in self._terms:
            for component, _ in monomial:
                refuse_unknown_half(component, caps)
        capped = changed(self._terms, lambda x: caps.get((x.name, x.place), x) if x.kind == OPEN else x)
        return ScalarExpression(capped, self._declared)

    def _check_same_space(self, other: MatrixExpression) -> None:
        if self.spaces != other.spaces:
            raise InputError(
                f"matrices must act on the same space, got dimensions {dimensions_text(self.spaces)} and "
                f"{dimensions_text(other.spaces)}; use hq.kron with hq.identity to widen one"
            )

    def __repr__(self) -> str:
        return (
            f"<matrix expression of {len(self._terms)} terms in {names_text(self._declared)} on "
            f"{dimensions_text(self.spaces)}>"
        )


def _scalar(value: object) -> ScalarExpression | None:
    if isinstance(value, ScalarExpression):
        return value
    return None if isinstance(value, MatrixExpression) else ScalarExpression.number(value)


def _divisor(value: object) -> RationalFunction:
    """A number or a function of the dimensions to divide by, never 0."""
    if isinstance(value, DiagramPolynomial):
        if isinstance(value, MatrixExpression) or not set(value.terms) <= {()}:
            raise no_quotient(value)
        value = value.terms.get((), 0)
    divisor = coefficient(value)
    if not divisor:
        raise InputError("an expression must not be divided by 0")
    return divisor
