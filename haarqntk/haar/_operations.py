"""Traces, partial traces, tensor products, the identity, and Haar-random states, which are written with them.

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from haarqntk.algebra import RationalFunction, collected
from haarqntk.base import Shown
from haarqntk.checks import integer
from haarqntk.diagrams import OPEN, VECTOR, Letter, Space, product
from haarqntk.errors import InputError, InputTypeError
from haarqntk.groups import STATE
from haarqntk.haar._algebra import MatrixExpression, ScalarExpression
from haarqntk.haar._declarations import Dims, outer_product
from haarqntk.haar._letters import (
    LEFT,
    RIGHT,
    RandomLetter,
    Terms,
    changed,
    check_name,
    check_spaces,
    dimensions_text,
    index_letter,
    permutation_terms,
    renamed,
    single_term,
)
from haarqntk.haar._style import LATEX


def tr(matrix: MatrixExpression) -> ScalarExpression:
    """The trace, not normalised.

    Raises:
        InputTypeError: If ``matrix`` is no matrix expression.

    Examples:
        >>> import haarqntk as hq
        >>> hq.expect(hq.tr(hq.identity())).to_sympy()
        D

    Reference:
        derivations/11_integrals.md.
    """
    _check_matrix("matrix", matrix)
    traced = partial_trace(matrix, over=range(len(matrix.spaces)))
    return ScalarExpression(traced.terms, traced.declared)


def partial_trace(matrix: MatrixExpression, *, over: int | Iterable[int]) -> MatrixExpression:
    """The partial trace over one or several tensor factors, which count from 0.

    Args:
        matrix: A matrix on at least two tensor factors.
        over: The factors that are traced out, counted from 0 as in Python; the others stay in their order. What is
            printed counts from 0 too: over=0 is Tr_0.

    Raises:
        InputTypeError: If ``matrix`` is no matrix expression.
        InputError: If a factor does not exist or is named twice.

    Examples:
        >>> import haarqntk as hq
        >>> psi = hq.haar_state("psi", dims=("d1", "d2"))
        >>> reduced = hq.partial_trace(psi.projector(), over=1)
        >>> hq.expect(hq.tr(reduced @ reduced)).to_sympy()  # the mean purity
        (d1 + d2)/(d1*d2 + 1)

    Reference:
        derivations/11_integrals.md.
    """
    _check_matrix("matrix", matrix)
    traced = sorted(integer("over", s, at_least=0) for s in (over if isinstance(over, Iterable) else [over]))
    if len(set(traced)) != len(traced) or not set(traced) <= set(range(len(matrix.spaces))):
        raise InputError(
            f"over must name different tensor factors among 0 … {len(matrix.spaces) - 1}, got {traced}"
        )
    kept = [s for s in range(len(matrix.spaces)) if s not in traced]
    place = {s: n for n, s in enumerate(kept)}

    def change(x: Letter) -> Letter:
        if x.kind != OPEN:
            return x
        return replace(x, place=place[x.place]) if x.place in place else renamed(x, x.name, f"inner {x.name}")

    total = changed(matrix.terms, change, [((f"inner {LEFT}", s), (f"inner {RIGHT}", s)) for s in traced])
    return MatrixExpression(total, matrix.declared, tuple(matrix.spaces[s] for s in kept))


def kron(*factors: MatrixExpression) -> MatrixExpression:
    """The tensor product; its tensor factors are those of the arguments, one after the other.

    Raises:
        InputTypeError: If an argument is no matrix expression.

    Examples:
        >>> import haarqntk as hq
        >>> U = hq.haar_unitary("U", dims="d1")
        >>> gate = hq.kron(U, hq.identity("d2"))
        >>> hq.expect(hq.tr(gate) * hq.tr(gate).conj()).to_sympy()
        d2**2

    Reference:
        derivations/11_integrals.md.
    """
    result = MatrixExpression({(): RationalFunction(1)}, {}, ())
    for factor in factors:
        _check_matrix("every factor", factor)
        places = range(len(result.spaces), len(result.spaces) + len(factor.spaces))
        beside = _renumbered(factor, places)
        total = collected(
            (product((a, b)), x * y) for a, x in result.terms.items() for b, y in beside.items()
        )
        result = MatrixExpression(total, result.declared_with(factor), (*result.spaces, *factor.spaces))
    return result


def moved(matrix: MatrixExpression, places: Sequence[int]) -> MatrixExpression:
    """The matrix with its tensor factor k at place ``places[k]``."""
    count = len(matrix.spaces)
    if sorted(places) != list(range(count)):
        raise InputError(
            f"places must be each of 0 … {count - 1} once, got {', '.join(map(str, places))}; factors count from 0"
        )
    spaces = dict(zip(places, matrix.spaces, strict=True))
    total = _renumbered(matrix, places)
    return MatrixExpression(total, matrix.declared, tuple(spaces[s] for s in range(count)))


def _renumbered(matrix: MatrixExpression, places: Sequence[int]) -> Terms:
    return changed(matrix.terms, lambda x: replace(x, place=places[x.place]) if x.kind == OPEN else x)


def permutation(images: Mapping[int, int], spaces: tuple[Space, ...]) -> MatrixExpression:
    """P_σ, which moves the tensor factor at place a to place σ(a); a place that is not named stays."""
    count = len(spaces)
    if max(images, default=0) >= count or any(spaces[a] != spaces[b] for a, b in images.items()):
        raise InputError(
            f"a permutation must exchange equal tensor factors among 0 … {count - 1}, got {dict(images)} on "
            f"{dimensions_text(spaces)}"
        )
    return MatrixExpression(permutation_terms(spaces, images), {}, spaces)


def identity(dims: object = "D") -> MatrixExpression:
    """The identity matrix.

    Args:
        dims: The dimension, or a tuple of them, one for each tensor factor; see ``haar_unitary``.

    Raises:
        InputError: If a dimension is neither a name nor an integer ≥ 1.

    Examples:
        >>> import haarqntk as hq
        >>> hq.expect(hq.tr(hq.identity(("d1", "d2")))).to_sympy()
        d1*d2

    Reference:
        derivations/11_integrals.md.
    """
    return permutation({}, check_spaces(dims))


def _check_matrix(name: str, value: object) -> None:
    if not isinstance(value, MatrixExpression):
        raise InputTypeError(f"{name} must be a matrix expression, got {value!r}; build it with hq.matrices")


@dataclass(frozen=True, slots=True)
class HaarState(Shown):
    """A Haar-random pure state |ψ⟩.

    Attributes:
        name: Its name.
        spaces: The dimension of each tensor factor.

    Examples:
        >>> import haarqntk as hq
        >>> psi, A = hq.haar_state("psi"), hq.matrices("A")
        >>> print(hq.expect(psi.expectation(A) ** 2))
        (Tr(A)**2 + Tr(A^2))/(D*(D + 1))

    Reference:
        derivations/11_integrals.md.
    """

    name: str
    spaces: tuple[Space, ...]

    def latex(self) -> str:
        r"""The ket in LaTeX.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.haar_state("psi").latex())
            \left|\psi\right\rangle
        """
        return rf"\left|{LATEX.cap(self._ket)}\right\rangle"

    def facts(self) -> dict[str, str]:
        """What it is, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> hq.haar_state("psi").facts()
            {'psi': 'a Haar state on D'}
        """
        return {self.name: f"a Haar state on {dimensions_text(self.spaces)}"}

    def projector(self) -> MatrixExpression:
        """The matrix |ψ⟩⟨ψ|.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.expect(hq.haar_state("psi").projector()))
            (1/D) 1
        """
        ket = self._ket
        return outer_product(ket, ket.conjugate(), self._declared)

    def expectation(self, matrix: MatrixExpression) -> ScalarExpression:
        """⟨ψ|A|ψ⟩.

        Raises:
            InputTypeError, InputError: If the argument is no matrix on the same space.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.expect(hq.haar_state("psi").expectation(hq.matrices("A"))))
            Tr(A)/D
        """
        return tr(self.projector() @ matrix)

    def overlap(self, other: HaarState) -> ScalarExpression:
        """|⟨ψ|φ⟩|² with another random state.

        Raises:
            InputTypeError, InputError: If the argument is no Haar state of the same dimension.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.expect(hq.haar_state("psi").overlap(hq.haar_state("phi")) ** 2))
            2/(D*(D + 1))
        """
        _check_state(other)
        return tr(self.projector() @ other.projector())

    def matrix_element(self, matrix: MatrixExpression, other: HaarState) -> ScalarExpression:
        """⟨ψ|A|φ⟩ with another random state, or with itself.

        Raises:
            InputTypeError, InputError: If an argument is of the wrong kind or dimension.

        Examples:
            >>> import haarqntk as hq
            >>> psi, phi, A = hq.haar_state("psi"), hq.haar_state("phi"), hq.matrices("A")
            >>> amplitude = psi.matrix_element(A, phi)
            >>> hq.expect(amplitude * amplitude.conj()).to_sympy()
            Trace(A*Adjoint(A))/D**2
        """
        _check_state(other)
        if other.spaces != self.spaces:
            raise InputError(
                f"two states must have the same dimensions, got {self.name} on {self.spaces} and {other.name} on "
                f"{other.spaces}"
            )
        outer = outer_product(other._ket, self._ket.conjugate(), {**self._declared, **other._declared})
        return tr(outer @ matrix)

    def __getitem__(self, index: object) -> ScalarExpression:
        caps = index_letter(index, self.spaces)
        partner = [*range(len(caps), 2 * len(caps)), *range(len(caps))]
        return ScalarExpression(single_term([self._ket, *caps], partner), self._declared)

    @property
    def _declared(self) -> dict[str, RandomLetter | Letter]:
        return {self.name: RandomLetter(self.name, STATE.name, self.spaces)}

    @property
    def _ket(self) -> Letter:
        return Letter(VECTOR, self.name, self.spaces, STATE.properties)


def haar_state(name: str, *, dims: Dims = "D") -> HaarState:
    """A Haar-random pure state: the first column of a Haar-random unitary.

    Args:
        name: Its name; different names are independent.
        dims: As of ``haar_unitary``.

    Returns:
        The state, with ``expectation(A)``, ``projector()``, ``overlap(other)`` and amplitudes ``psi[i]``.

    Raises:
        InputError: If the name or a dimension is none.

    Examples:
        >>> import haarqntk as hq
        >>> psi = hq.haar_state("psi")
        >>> hq.expect((psi[0] * psi[0].conj()) ** 3).to_sympy()
        6/(D*(D + 1)*(D + 2))

    Reference:
        derivations/11_integrals.md.
    """
    return HaarState(check_name(name), check_spaces(dims))


def _check_state(value: object) -> None:
    if not isinstance(value, HaarState):
        raise InputTypeError(
            f"the other state must be a Haar state, got {value!r}; build it with hq.haar_state"
        )
