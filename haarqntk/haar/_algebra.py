"""The algebra of integrands: matrices, traces, entries, products and sums, as people write them.

``MatrixExpression`` and ``ScalarExpression`` are polynomials in diagrams; the declarations of their letters come along.
Nothing is integrated here: ``expect`` does that.

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from haarqntk.algebra import Combination, RationalFunction
from haarqntk.base import Shown
from haarqntk.diagrams import OPEN, DiagramMonomial, Letter, Space, flatten, product
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.haar._letters import (
    LEFT,
    RIGHT,
    Declaration,
    Found,
    changed,
    coefficient,
    dimensions_text,
    index_letter,
    joined,
    kind_of,
    permutation_terms,
    refuse_unknown_half,
    renamed,
    summed,
)
from haarqntk.haar._written import latex_of_parts, text_of, written_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction
    from typing import Self

_MOST_TERMS = 20_000


class DiagramPolynomial(Combination[DiagramMonomial, RationalFunction], Shown):
    """Diagrams with coefficients, and what their letters were declared as.

    Attributes:
        spaces: The dimension of each tensor factor of a matrix; empty for a scalar.
    """

    __slots__ = ("_declared", "spaces")
    _one = ((), RationalFunction(1))
    _noun = "scalar expression"
    __array_ufunc__ = None  # NumPy arrays leave products with these to this class

    def __init__(
        self,
        terms: Mapping[DiagramMonomial, RationalFunction],
        declared: Mapping[str, Declaration],
        spaces: tuple[Space, ...] = (),
    ) -> None:
        super().__init__(terms)
        self._declared = dict(declared)
        self.spaces = spaces

    @staticmethod
    def _times(left: DiagramMonomial, right: DiagramMonomial) -> DiagramMonomial:
        return product((left, right))

    def _like(self, terms: Mapping[DiagramMonomial, RationalFunction], *operands: DiagramPolynomial) -> Self:
        return type(self)(terms, self.declared_with(*operands), self.spaces)

    def _signature(self) -> tuple[object, ...]:
        return type(self), self.spaces

    def _check_product(self, right: DiagramPolynomial, num_terms: int) -> None:  # noqa: ARG002 - any factor
        if num_terms > _MOST_TERMS:
            raise CostError(
                f"a product of {num_terms} terms would not finish; the largest number is {_MOST_TERMS}"
            )

    @staticmethod
    def _checked_exponent(exponent: object) -> int:
        if isinstance(exponent, bool) or not isinstance(exponent, int) or exponent < 0:
            raise InputError(
                f"an exponent must be an integer ≥ 0, got {exponent!r}; only polynomials can be integrated"
            )
        return exponent

    @property
    def declared(self) -> dict[str, Declaration]:
        """A copy of name → random letter or matrix.

        Examples:
            >>> import haarqntk as hq
            >>> sorted((hq.haar_unitary("U") @ hq.matrices("A")).declared)
            ['A', 'U']
        """
        return dict(self._declared)

    def declared_with(self, *others: DiagramPolynomial) -> dict[str, Declaration]:
        """What the letters of all were declared as; a name that means two things is refused.

        Raises:
            InputError: If a name means two things.

        Examples:
            >>> import haarqntk as hq
            >>> U, A = hq.haar_unitary("U"), hq.matrices("A")
            >>> sorted(U.declared_with(A))
            ['A', 'U']
        """
        found = dict(self._declared)
        for other in others:
            for name, declaration in other.declared.items():
                mine = found.setdefault(name, declaration)
                if mine != declaration:
                    raise InputError(
                        f"each name must mean one thing in an expression, got {name} as {kind_of(mine)} and as "
                        f"{kind_of(declaration)}; give one of them another name"
                    )
        return found

    def conj(self) -> Self:
        """The complex conjugate.

        Examples:
            >>> import haarqntk as hq
            >>> U = hq.haar_unitary("U")
            >>> U.conj() == U.H.T, hq.expect(hq.tr(U) * hq.tr(U).conj()).to_sympy()
            (True, 1)
        """
        return self._like(changed(self._terms, Letter.conjugate))

    def latex(self) -> str:
        r"""The integrand in LaTeX.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.tr(hq.haar_unitary("U") @ hq.matrices("A")).latex())
            \operatorname{Tr}\left(A U\right)
        """
        return latex_of_parts(written_parts(self._terms, self.spaces))

    def facts(self) -> dict[str, str]:
        """What its letters are, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> hq.tr(hq.haar_unitary("U") @ hq.matrices("A")).facts()
            {'A': 'a general matrix on D', 'U': 'a Haar unitary matrix on D'}
        """
        return {name: kind_of(declaration) for name, declaration in sorted(self._declared.items())}

    def __str__(self) -> str:
        return text_of(written_parts(self._terms, self.spaces))

    def __repr__(self) -> str:
        names = ", ".join(sorted(self._declared)) or "no letters"
        return f"<{self._noun} of {len(self._terms)} terms in {names}>"


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
    def number(cls, value: object) -> Self:
        """A number or a rational function of dimensions.

        Raises:
            InputTypeError, InputError: If the value is neither.

        Examples:
            >>> import haarqntk as hq
            >>> hq.ScalarExpression.number(2) * 3 == hq.ScalarExpression.number(6)
            True
        """
        return cls({(): coefficient(value)}, {})

    def _coerced(self, other: object) -> ScalarExpression | None:
        return _scalar(other)

    def __add__(self, other: object) -> Self:
        if isinstance(other, MatrixExpression):
            raise _no_sum(self, other)
        return super().__add__(other)

    __radd__ = __add__

    def __sub__(self, other: object) -> Self:
        return self + -other if isinstance(other, MatrixExpression) else super().__sub__(other)

    def __mul__(self, other: object) -> Any:
        return other * self if isinstance(other, MatrixExpression) else super().__mul__(other)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Self:
        divisor = _divisor(other)
        return self._like({m: c / divisor for m, c in self._terms.items()})

    def __rtruediv__(self, other: object) -> ScalarExpression:
        return ScalarExpression.number(other) / self

    def __pow__(self, exponent: object) -> ScalarExpression:
        return super().__pow__(n) if (n := self._checked_exponent(exponent)) else ScalarExpression.number(1)


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

    __slots__ = ("_entries",)
    _noun = "matrix expression"

    def __init__(
        self,
        terms: Mapping[DiagramMonomial, RationalFunction],
        declared: Mapping[str, Declaration],
        spaces: tuple[Space, ...],
    ) -> None:
        super().__init__(terms, declared, spaces)
        self._entries: dict[tuple[Any, Any], ScalarExpression] = {}

    def __matmul__(self, other: MatrixExpression) -> MatrixExpression:
        if not isinstance(other, MatrixExpression):
            raise InputTypeError(
                f"the right side of @ must be a matrix, got {other!r}; * is for scalars, and "
                "numbers of a matrix go to .at(matrices=…)"
            )
        self._check_same_space(other)
        self._check_product(other, len(self._terms) * len(other._terms))
        pairs = [(("inner left", s), ("inner right", s)) for s in range(len(self.spaces))]

        def products() -> Iterator[Found]:
            for a, x in self._terms.items():
                num_left = sum(len(component.letters) * e for component, e in a)
                for b, y in other._terms.items():
                    letters, partner = flatten([a, b])
                    letters[:num_left] = [renamed(z, RIGHT, "inner left") for z in letters[:num_left]]
                    letters[num_left:] = [renamed(z, LEFT, "inner right") for z in letters[num_left:]]
                    yield joined(letters, partner, pairs), x * y

        return self._like(summed(products()), other)

    def __add__(self, other: object) -> MatrixExpression:
        if not isinstance(other, MatrixExpression):
            raise _no_sum(self, other)
        self._check_same_space(other)
        return super().__add__(other)

    def __radd__(self, other: object) -> MatrixExpression:
        if isinstance(other, int) and other == 0:  # where Python's sum() starts
            return self
        raise _no_sum(self, other)

    def __sub__(self, other: object) -> MatrixExpression:
        return self + (-other if isinstance(other, MatrixExpression) else other)

    def __mul__(self, other: object) -> MatrixExpression:
        if isinstance(other, MatrixExpression):
            raise InputTypeError(
                f"matrices must be multiplied with @, got {self!r} * {other!r}; * is for scalars"
            )
        scalar = _scalar(other)
        return NotImplemented if scalar is None else self._like(self._product_terms(scalar), scalar)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> MatrixExpression:
        return self * (ScalarExpression.number(1) / other)

    def __rtruediv__(self, other: object) -> MatrixExpression:
        raise _no_quotient(self)

    def __pow__(self, exponent: object) -> MatrixExpression:
        result = MatrixExpression(permutation_terms(self.spaces, {}), {}, self.spaces)
        for _ in range(self._checked_exponent(exponent)):
            result = result @ self
        return result

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
        return self._like(changed(self._terms, lambda x: renamed(x, x.name, other.get(x.name, ""))))

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
        return f"{super().__repr__()[:-1]} on {dimensions_text(self.spaces)}>"


def number_of(value: object) -> Fraction | None:
    """The number that a scalar is, whatever the dimensions are; None if it is none."""
    if not isinstance(value, ScalarExpression) or not value.terms.keys() <= {()}:
        return None
    c = value.terms.get((), RationalFunction(0))
    return None if c.names else c.at({})


def _scalar(value: object) -> ScalarExpression | None:
    if isinstance(value, ScalarExpression):
        return value
    return None if isinstance(value, MatrixExpression) else ScalarExpression.number(value)


def _divisor(value: object) -> RationalFunction:
    """A number or a function of the dimensions to divide by, never 0."""
    if isinstance(value, DiagramPolynomial):
        if isinstance(value, MatrixExpression) or not set(value.terms) <= {()}:
            raise _no_quotient(value)
        value = value.terms.get((), 0)
    divisor = coefficient(value)
    if not divisor:
        raise InputError("an expression must not be divided by 0")
    return divisor


def _no_quotient(below: object) -> InputError:
    return InputError(
        f"an expression must be divided by numbers and functions of the dimensions only, got {below!r}; "
        "only polynomials can be integrated"
    )


def _no_sum(left: object, right: object) -> InputTypeError:
    return InputTypeError(
        f"a matrix and a scalar must not be added, got {left!r} and {right!r}; write the scalar as a multiple of "
        "hq.identity()"
    )
