"""``DiagramPolynomial``: diagrams with coefficients and declared letters, what scalar and matrix integrands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk._notebook import Shown
from haarqntk.algebra import Combination, RationalFunction
from haarqntk.diagrams import DiagramMonomial, product
from haarqntk.errors import InputError
from haarqntk.haar._refusals import (
    Declaration,
    kind_of,
    refuse_too_many,
)
from haarqntk.haar._written import latex_of_parts, text_of, written_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk.haar._written import WrittenPart


class DiagramPolynomial(Combination[DiagramMonomial, RationalFunction], Shown):
    """Diagrams with coefficients, and what their letters were declared as."""

    __slots__ = ("_declared",)
    _one = ((), RationalFunction(1))
    __array_ufunc__ = None  # NumPy arrays leave products with these to this class

    def __init__(
        self,
        terms: Mapping[DiagramMonomial, RationalFunction],
        declared: Mapping[str, Declaration],
    ) -> None:
        super().__init__(terms)
        self._declared = dict(declared)

    @staticmethod
    def _times(left: DiagramMonomial, right: DiagramMonomial) -> DiagramMonomial:
        return product((left, right))

    def _check_product(self, right: DiagramPolynomial, num_terms: int) -> None:  # noqa: ARG002 - any factor
        refuse_too_many(num_terms)

    @property
    def terms(self) -> dict[DiagramMonomial, RationalFunction]:
        """A copy of diagram → coefficient.

        Examples:
            >>> import haarqntk as hq
            >>> len((hq.tr(hq.matrices("A")) + 1).terms)
            2
        """
        return dict(self._terms)

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

    @property
    def _parts(self) -> tuple[WrittenPart, ...]:
        return written_parts(self._terms, ())

    def latex(self) -> str:
        r"""The integrand in LaTeX.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.tr(hq.haar_unitary("U") @ hq.matrices("A")).latex())
            \operatorname{Tr}\left(A U\right)
        """
        return latex_of_parts(self._parts)

    def __str__(self) -> str:
        return text_of(self._parts)

    def facts(self) -> dict[str, str]:
        """What its letters are, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> hq.tr(hq.haar_unitary("U") @ hq.matrices("A")).facts()
            {'A': 'a general matrix on D', 'U': 'a Haar unitary matrix on D'}
        """
        return {name: kind_of(declaration) for name, declaration in sorted(self._declared.items())}
