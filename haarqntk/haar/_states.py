"""Haar-random states, and what is written with them.

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from haarqntk._notebook import Shown
from haarqntk.diagrams import VECTOR, Letter
from haarqntk.errors import InputError, InputTypeError
from haarqntk.groups import STATE
from haarqntk.haar._algebra import MatrixExpression, ScalarExpression
from haarqntk.haar._declarations import check_name, outer_product
from haarqntk.haar._indices import check_spaces, index_letter
from haarqntk.haar._operations import tr
from haarqntk.haar._terms import single_term
from haarqntk.haar._tokens import cap_latex
from haarqntk.haar._weights import RandomLetter

if TYPE_CHECKING:
    from haarqntk.diagrams import Space
    from haarqntk.haar._declarations import Dims


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
        return rf"\left|{cap_latex(self._ket)}\right\rangle"

    def facts(self) -> dict[str, str]:
        """What it is, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> hq.haar_state("psi").facts()
            {'psi': 'a Haar state on D'}
        """
        return {self.name: f"a Haar state on {' × '.join(map(str, self.spaces))}"}

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


def is_random_state(declaration: object) -> bool:
    """Whether a name was declared as a random state."""
    return isinstance(declaration, RandomLetter) and declaration.record.is_vector


def _check_state(value: object) -> None:
    if not isinstance(value, HaarState):
        raise InputTypeError(
            f"the other state must be a Haar state, got {value!r}; build it with hq.haar_state"
        )
