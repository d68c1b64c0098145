"""``Integral``: the exact average of an integrand, with its range, its design order and its weights."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property, partial
from math import isfinite, prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, final

from haarqntk.algebra import RationalFunction, Result, dimension_symbol, linear_combination
from haarqntk.base import Frozen, LazyModule
from haarqntk.errors import InputError
from haarqntk.haar._algebra import MatrixExpression, ScalarExpression
from haarqntk.haar._evaluation import OverDimensions, value_of
from haarqntk.haar._explanation import Explanation, explanation
from haarqntk.haar._letters import (
    Declaration,
    Factors,
    RandomLetter,
    dimension_product,
    dimensions_text,
    total_dimension,
)
from haarqntk.haar._series import IntegralSeries, expand_integral
from haarqntk.haar._written import (
    WrittenPart,
    component_text,
    latex_of_parts,
    sympy_of,
    text_of,
    written_parts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from haarqntk.diagrams import DiagramMonomial, Space

sympy = LazyModule("sympy")

Origin: TypeAlias = "tuple[Mapping[DiagramMonomial, RationalFunction], Mapping[str, RandomLetter]]"
"""What was integrated, and over which letters: all that ``explain`` needs."""


@final
class Integral(OverDimensions, Frozen, Result):
    """An exact Haar average: a polynomial in traces, entries and words over the functions of the dimensions.

    Values are equal when they are mathematically equal as functions of the dimensions. ``at`` is exact at every
    integer dimension, also below the number of copies, where the generic function need not hold.

    Attributes:
        counts: Diagram → (weights, loops) → coefficient: the result before the weights are summed.
        declared: What its letters were declared as.
        spaces: The tensor factors that an operator-valued result acts on; empty for a scalar.
        least: For each named dimension the smallest that has all the indices.
        notes: Why parts of the integrand contribute nothing.
        halved: The named dimensions that must be even.
        fixed: The dimensions that ``specialise`` has set.

    Examples:
        >>> import haarqntk as hq
        >>> U, A, B = hq.haar_unitary("U"), *hq.matrices("A B")
        >>> mean = hq.expect(hq.tr(U @ A @ U.H @ B))
        >>> mean.to_sympy(), mean.design_order
        (Trace(A)*Trace(B)/D, 1)

    Reference:
        collins2006; derivations/11_integrals.md.
    """

    def __init__(
        self,
        counts: Mapping[DiagramMonomial, Mapping[Factors, RationalFunction]],
        declared: Mapping[str, Declaration],
        spaces: tuple[Space, ...],
        least: Mapping[str, int],
        notes: tuple[str, ...],
        *,
        halved: frozenset[str] = frozenset(),
        fixed: Mapping[str, int] | None = None,
        design_order: int | Callable[[], int] = 0,
        origin: Origin | None = None,
    ) -> None:
        self.counts = MappingProxyType({m: MappingProxyType(dict(found)) for m, found in counts.items()})
        self.declared = MappingProxyType(dict(declared))
        self.spaces = spaces
        self.least = MappingProxyType(dict(least))
        self.notes = notes
        self.halved = halved
        self.fixed = MappingProxyType(dict(fixed or {}))
        self._design_order = design_order
        self._origin = origin

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are built anew: a read-only mapping can do neither."""
        rebuild = partial(
            Integral,
            halved=self.halved,
            fixed=dict(self.fixed),
            design_order=self.design_order,
            origin=self._origin,
        )
        counts = {monomial: dict(found) for monomial, found in self.counts.items()}
        return rebuild, (counts, dict(self.declared), self.spaces, dict(self.least), self.notes)

    @cached_property
    def terms(self) -> Mapping[DiagramMonomial, RationalFunction]:
        """Diagram → coefficient, without zeros, fewest letters first.

        Examples:
            >>> import haarqntk as hq
            >>> [c.to_sympy() for c in hq.expect(hq.haar_state("psi").projector()).terms.values()]
            [1/D]
        """
        generic: dict[Factors, RationalFunction] = {}
        found = {}
        for monomial, factors in self.counts.items():
            pairs = []
            for key, c in factors.items():
                if key not in generic:
                    weights, loops = key
                    generic[key] = prod((w.generic() for w in weights), start=dimension_product(loops))
                pairs.append((Fraction(1), generic[key] * c) if c.names else (c.at({}), generic[key]))
            total = linear_combination(pairs)
            if total:
                found[monomial] = total
        return MappingProxyType(
            dict(sorted(found.items(), key=lambda pair: [(c.sort_key, e) for c, e in pair[0]]))
        )

    @cached_property
    def design_order(self) -> int:
        """The least order t of designs that have the same average, whatever the matrices and the dimensions are.

        A t-design averages every polynomial of degree ≤ t in V and ≤ t in V*, over O and Sp of degree ≤ 2t in the
        entries. One modulo phases, as a frame potential tells it, knows equal degrees only: for the other terms, which
        ``notes`` names, it must be closed under phases, over O and Sp under a change of sign. What counts is the
        integrand, terms that vanish included; if there are several random matrices the one of the lowest degree is
        averaged first. The degree is that of the words as ``expect`` simplifies them, by U†U = 1 and SᵀJS = J. That a
        sum of several terms is constant at a fixed dimension, as Σ_j |U_0j|² = 1 is where it is written entry by
        entry, is not seen: there the order suffices, and a smaller one may.

        Examples:
            >>> import haarqntk as hq
            >>> U, A, B = hq.haar_unitary("U"), *hq.matrices("A B")
            >>> hq.expect(hq.tr(U @ A @ U.H @ B) ** 3).design_order
            3
            >>> hq.expect(U[0, 0] * U[1, 1] * U[0, 1].conj() ** 2).design_order  # 0 over 2-designs, not over others
            2
        """
        return self._design_order() if callable(self._design_order) else self._design_order

    @property
    def random(self) -> tuple[str, ...]:
        """The names of the random matrices and states that were declared, sorted.

        Examples:
            >>> import haarqntk as hq
            >>> hq.expect(hq.haar_state("psi").projector()).random
            ('psi',)
        """
        return tuple(sorted(name for name, d in self.declared.items() if isinstance(d, RandomLetter)))

    @property
    def is_scalar(self) -> bool:
        """Whether the result is a number and not a matrix.

        Examples:
            >>> import haarqntk as hq
            >>> hq.expect(hq.haar_state("psi").projector()).is_scalar
            False
        """
        return not self.spaces

    @property
    def _expression(self) -> ScalarExpression | MatrixExpression:
        """The result as an integrand, as a function of the dimensions: right where the generic coefficients are."""
        kind = ScalarExpression if self.is_scalar else MatrixExpression
        return kind(self.terms, self.declared, self.spaces)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Integral):
            return NotImplemented
        return self.terms == other.terms and self.spaces == other.spaces

    def __hash__(self) -> int:
        return hash((self.spaces, frozenset(self.terms.items())))

    def __bool__(self) -> bool:
        return bool(self.terms)

    def specialise(self, D: int | None = None, **dimensions: int) -> Integral:
        """The result at integer dimensions, exact there, with the traces kept as they are.

        Args:
            D: The dimension of that name.
            dimensions: Those of other names.

        Raises:
            InputTypeError, InputError: If a dimension is missing, unknown, no integer ≥ 1, odd for a symplectic
                matrix, or too small for the indices.

        Examples:
            >>> import haarqntk as hq
            >>> U = hq.haar_unitary("U")
            >>> hq.expect((hq.tr(U) * hq.tr(U).conj()) ** 3).specialise(D=2).to_sympy()
            5
        """
        values = self._checked_dimensions({"D": D, **dimensions} if D is not None else dimensions)
        counts: dict[DiagramMonomial, dict[Factors, RationalFunction]] = {}
        for monomial, factors in self.counts.items():
            products = (
                prod((w.at(values) for w in weights), start=c.at(values) * total_dimension(loops, values))
                for (weights, loops), c in factors.items()
            )
            counts[monomial] = {((), ()): RationalFunction(sum(products, start=Fraction(0)))}
        return Integral(
            counts,
            self.declared,
            self.spaces,
            {},
            self.notes,
            fixed=values,
            design_order=partial(getattr, self, "design_order"),
        )

    def at(
        self, D: int | None = None, *, matrices: Mapping[str, Any] | None = None, **dimensions: int
    ) -> Any:
        """The exact value at integer dimensions and given matrices.

        Args:
            D: The dimension of that name, an integer ≥ 1, also below the number of copies.
            matrices: The matrices of the result by name: nested lists of exact numbers, arrays or Qobj, of the
                declared dimensions and relations. A Qobj must have the declared tensor factors, in their order.
            dimensions: Dimensions of other names.

        Returns:
            A Fraction if every matrix is rational, else a float or complex number; for an operator-valued result an
            array of these.

        Raises:
            InputTypeError, InputError: If a dimension or a matrix is missing, unknown or out of range.

        Examples:
            >>> import haarqntk as hq
            >>> U, A = hq.haar_unitary("U"), hq.matrices("A")
            >>> hq.expect(hq.tr(U @ A) * hq.tr(U @ A).conj()).at(2, matrices={"A": [[1, 2], [0, 1]]})
            Fraction(3, 1)
        """
        fixed = self.specialise(D, **dimensions)
        try:
            value = value_of(
                fixed.terms, self.declared, self.spaces, fixed.fixed, {} if matrices is None else matrices
            )
        except OverflowError:
            value = float("nan")
        numbers = [value] if self.is_scalar else list(value.flat)
        if not all(isinstance(x, Fraction) or isfinite(abs(x)) for x in numbers):
            raise InputError(
                "matrices must not overflow floating-point numbers; pass exact integers or Fractions"
            )
        return value

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The names of the dimensions that the result is a function of; none where they have been set.

        Examples:
            >>> import haarqntk as hq
            >>> U, A = hq.haar_unitary("U"), hq.matrices("A")
            >>> result = hq.expect(hq.tr(U @ A) * hq.tr(U @ A).conj())
            >>> result.dimensions, result.specialise(D=2).dimensions
            (('D',), ())
        """
        return tuple(sorted(self._dimension_names() - self.fixed.keys()))

    def explain(self) -> Explanation:
        """Which permutations or pairings contributed, with which weight, as a table and as a drawing.

        Raises:
            InputError: If this is no direct result of ``expect``.

        Examples:
            >>> import haarqntk as hq
            >>> U, A, B = hq.haar_unitary("U"), *hq.matrices("A B")
            >>> print(hq.expect(hq.tr(U @ A @ U.H @ B)).explain())
            1 pair of gluings of left and right ends; copies count from 0
            left  right  class  weight  diagram      contribution
            id    id     (1)    1/D     Tr(A)*Tr(B)  Tr(A)*Tr(B)/D
            <BLANKLINE>
            by class:
                Wg(1) = 1/D: Tr(A)*Tr(B)
        """
        if self._origin is None:
            raise InputError(
                "the integral must come from hq.expect, got one at fixed dimensions or from JSON; explain it before"
            )
        return explanation(*self._origin, self.counts)

    def series(self, *, order: int = 2, scaling: str = "normalised") -> IntegralSeries:
        """The expansion as D → ∞ of a scalar result of one dimension.

        Args:
            order: How many powers of D are kept, from the leading one.
            scaling: "normalised": Tr(word)/D is fixed as D grows; "fixed": Tr(word) is.

        Raises:
            InputError: If the result is operator-valued, or has several dimensions or tensor factors.
            UnknownNameError: If there is no such scaling.

        Examples:
            >>> import haarqntk as hq
            >>> U, A, B = hq.haar_unitary("U"), *hq.matrices("A B", traceless=True)
            >>> print(hq.expect(hq.tr(U @ A @ U.H @ B) ** 2).series(order=3))
            (Tr(A^2)/D)*(Tr(B^2)/D) + (Tr(A^2)/D)*(Tr(B^2)/D)/D**2 + O(D**-3)
        """
        if self.fixed:
            raise InputError(
                "series must be taken of a symbolic dimension, got one at fixed dimensions; expand before"
            )
        if not self.is_scalar:
            raise InputError("a series needs a scalar result, got an operator; take a trace or an entry")
        return expand_integral(self.terms, self._dimension_names(), order, scaling)

    def to_sympy(self) -> Any:
        """The result in SymPy: Trace, MatrixElement and MatrixSymbol, coefficients factored.

        Examples:
            >>> import haarqntk as hq
            >>> hq.expect(hq.haar_state("psi").expectation(hq.matrices("A"))).to_sympy()
            Trace(A)/D
        """
        values = {dimension_symbol(name): sympy.Integer(value) for name, value in self.fixed.items()}
        return sympy_of(self.parts, self.spaces).xreplace(values)

    def latex(self) -> str:
        r"""The result in LaTeX.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.expect(hq.haar_state("psi").expectation(hq.matrices("A"))).latex())
            \frac{\operatorname{Tr}\left(A\right)}{D}
        """
        return latex_of_parts(self.parts)

    def facts(self) -> dict[str, str]:
        """What it means, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> U, A = hq.haar_unitary("U"), hq.matrices("A")
            >>> result = hq.expect(hq.tr(U @ A) * hq.tr(U @ A).conj())
            >>> result.facts()
            {'random': 'U Haar unitary on D', 'design order': '1'}
        """
        letters = (d for _, d in sorted(self.declared.items()) if isinstance(d, RandomLetter))
        random = (f"{d.name} {d.record.title} on {dimensions_text(d.spaces)}" for d in letters)
        found = {
            "random": "; ".join(random),
            "design order": str(self.design_order),
            "at": ", ".join(f"{name} = {value}" for name, value in self.fixed.items()),
            "note": "; ".join(self.notes),
        }
        return {name: text for name, text in found.items() if text}

    def __str__(self) -> str:
        return text_of(self.parts)

    @cached_property
    def parts(self) -> tuple[WrittenPart, ...]:
        """The scalar coefficient of each operator, as people write them; one for a scalar result.

        Examples:
            >>> import haarqntk as hq
            >>> U, A = hq.haar_unitary("U"), hq.matrices("A")
            >>> result = hq.expect(hq.tr(U @ A) * hq.tr(U @ A).conj())
            >>> len(result.parts), str(result)
            (1, 'Tr(A A^H)/D')
        """
        return written_parts(self.terms, self.spaces)

    def factors_of(self, monomial: DiagramMonomial) -> list[tuple[str, int]]:
        """The components of one diagram as text, with their exponents.

        Raises:
            TypeError, AttributeError: If the argument is no key of ``terms``.

        Examples:
            >>> import haarqntk as hq
            >>> mean = hq.expect(hq.haar_state("psi").expectation(hq.matrices("A")))
            >>> [mean.factors_of(monomial) for monomial in mean.terms]
            [[('Tr(A)', 1)]]
        """
        return [(component_text(component), e) for component, e in monomial]
