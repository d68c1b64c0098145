"""What integrands are made of: random matrices and states, and the matrices between them.

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk._notebook import Shown
from haarqntk.diagrams import MATRIX, PROPERTIES, SYMPLECTIC_FORM, VECTOR, Letter, matrix_letter
from haarqntk.errors import InputError, InputTypeError, UnknownNameError
from haarqntk.haar._algebra import MatrixExpression, ScalarExpression
from haarqntk.haar._elimination import RandomLetter
from haarqntk.haar._indices import check_spaces, index_letter
from haarqntk.haar._operations import tr
from haarqntk.haar._terms import open_ends, single_term
from haarqntk.haar._tokens import cap_latex

if TYPE_CHECKING:
    from haarqntk.diagrams import Space

Dims: TypeAlias = "str | int | Any | tuple[Any, ...]"


def haar_unitary(name: str, *, dims: Dims = "D") -> MatrixExpression:
    """A Haar-random unitary matrix V of U(D).

    Args:
        name: Its name: a letter, then letters, digits or underscores. Different names are independent.
        dims: Its dimension: a name, a SymPy symbol or an integer ≥ 1; "D" by default. A tuple makes it act on
            several tensor factors at once.

    Returns:
        The matrix, with ``@``, ``.H``, ``.T``, ``.conj()`` and entries ``V[i, j]``, indices from 0.

    Raises:
        InputError: If the name or a dimension is none.

    Examples:
        >>> import haarqntk as hq
        >>> U = hq.haar_unitary("U")
        >>> hq.expect(U[0, 0] * U[0, 0].conj()).to_sympy()
        1/D

    Reference:
        collins2006; derivations/11_integrals.md.
    """
    return random_matrix(name, "unitary", check_spaces(dims))


def haar_orthogonal(name: str, *, dims: Dims = "D") -> MatrixExpression:
    """A Haar-random real orthogonal matrix of O(D); see ``haar_unitary``.

    Raises:
        InputError: As ``haar_unitary``.

    Examples:
        >>> import haarqntk as hq
        >>> R = hq.haar_orthogonal("R")
        >>> hq.expect(R[0, 0] ** 4).to_sympy()
        3/(D*(D + 2))

    Reference:
        collins2009; derivations/11_integrals.md.
    """
    return random_matrix(name, "orthogonal", check_spaces(dims))


def haar_symplectic(name: str, *, dims: Dims = "D") -> MatrixExpression:
    """A Haar-random symplectic matrix of Sp(D), D even: S unitary with Sᵀ J S = J; see ``haar_unitary``.

    J is [[0, 1], [−1, 0]] in blocks of D/2 (``symplectic_form``), so an index i has the partner D/2 + i, written
    with ``hq.D / 2 + i``.

    Raises:
        InputError: If the dimension is an odd number, or there is more than one.

    Examples:
        >>> import haarqntk as hq
        >>> S = hq.haar_symplectic("S")
        >>> hq.expect(S[0, 0] * S[hq.D / 2, hq.D / 2]).to_sympy()
        1/D

    Reference:
        matsumoto2013; derivations/11_integrals.md.
    """
    spaces = check_spaces(dims)
    if len(spaces) != 1:
        raise InputError(f"a symplectic matrix must act on one tensor factor, got {len(spaces)}")
    if isinstance(spaces[0], int) and spaces[0] % 2:
        raise InputError(f"the dimension of a symplectic matrix must be even, got {spaces[0]}")
    return random_matrix(name, "symplectic", spaces)


def symplectic_form(dims: Dims = "D") -> MatrixExpression:
    """The matrix J = [[0, 1], [−1, 0]] in blocks of half the dimension.

    Raises:
        InputError: If the dimension is odd, or there is more than one.

    Examples:
        >>> import haarqntk as hq
        >>> J = hq.symplectic_form()
        >>> hq.expect(hq.tr(J @ J)).to_sympy()
        -D

    Reference:
        derivations/09_orthogonal_and_symplectic.md.
    """
    spaces = check_spaces(dims)
    odd = [space for space in spaces if isinstance(space, int) and space % 2]
    if len(spaces) != 1 or odd:
        raise InputError(f"the symplectic form must act on one tensor factor of even dimension, got {dims}")
    letter = Letter(MATRIX, SYMPLECTIC_FORM, spaces, frozenset({"real", "unitary", "antisymmetric"}))
    return _matrix(letter, letter)


def circular_orthogonal(name: str, *, dims: Dims = "D") -> MatrixExpression:
    """A matrix of the circular orthogonal ensemble: Vᵀ V with V Haar-random in U(D), named ``name``.

    Raises:
        InputError: As ``haar_unitary``.

    Examples:
        >>> import haarqntk as hq
        >>> S = hq.circular_orthogonal("V")
        >>> hq.expect(S[0, 0] * S[0, 0].conj()).to_sympy()
        2/(D + 1)

    Reference:
        dyson1962; matsumoto2013; derivations/11_integrals.md.
    """
    V = haar_unitary(name, dims=dims)
    return V.T @ V


def circular_symplectic(name: str, *, dims: Dims = "D") -> MatrixExpression:
    """A matrix of the circular symplectic ensemble: J Vᵀ Jᵀ V with V Haar-random in U(D), D even, named ``name``.

    Raises:
        InputError: As ``haar_unitary``, or if the dimension is odd.

    Examples:
        >>> import haarqntk as hq
        >>> S = hq.circular_symplectic("V")
        >>> hq.expect(S[0, 0] * S[0, 0].conj()).to_sympy()
        1/(D - 1)

    Reference:
        dyson1962; matsumoto2013; derivations/11_integrals.md.
    """
    V, J = haar_unitary(name, dims=dims), symplectic_form(dims)
    return J @ V.T @ J.T @ V


def matrices(names: str, *, dims: Dims = "D", **properties: bool) -> Any:
    """Matrices that are given, not random.

    Args:
        names: Names, separated by spaces or commas.
        dims: As of ``haar_unitary``.
        properties: Relations that each of them obeys: ``hermitian``, ``traceless``, ``involution`` (A² = 1),
            ``projector`` (A² = A = A†), ``unitary``, ``rank_one``, ``symmetric``, ``real``. A pure state is
            ``projector=True, rank_one=True``.

    Returns:
        One matrix expression for one name, a tuple of them for several.

    Raises:
        InputError: If a name is none or given twice, a relation is unknown, or relations contradict each other.

    Examples:
        >>> import haarqntk as hq
        >>> U = hq.haar_unitary("U")
        >>> X, P = hq.matrices("X", hermitian=True, unitary=True), hq.matrices("P", projector=True)
        >>> hq.expect(hq.tr(U @ X @ U.H @ P @ U @ X @ U.H)).to_sympy()
        Trace(P)

    Reference:
        derivations/11_integrals.md.
    """
    spaces = check_spaces(dims)
    if not isinstance(names, str):
        raise InputTypeError(f"names must be a text such as 'A B', got {names!r}")
    found = [name for name in re.split(r"[\s,]+", names.strip()) if name]
    if not found:
        raise InputError(f"names must hold at least one name, got {names!r}")
    if repeated := sorted({name for name in found if found.count(name) > 1}):
        raise InputError(f"names must be different, got {repeated[0]} twice in {names!r}; give each once")
    for key, value in properties.items():
        if key not in PROPERTIES:
            raise UnknownNameError.among("property", key, PROPERTIES)
        if not isinstance(value, bool):
            raise InputTypeError(f"a property of a matrix must be True or False, got {value!r}")
    declared = frozenset(name for name, value in properties.items() if value)
    built = tuple(given_matrix(_check_name(name), spaces, declared) for name in found)
    return built[0] if len(built) == 1 else built


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
        return _outer(ket, ket.conjugate(), self._declared)

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
        outer = _outer(other._ket, self._ket.conjugate(), {**self._declared, **other._declared})
        return tr(outer @ matrix)

    def __getitem__(self, index: object) -> ScalarExpression:
        caps = index_letter(index, self.spaces)
        partner = [*range(len(caps), 2 * len(caps)), *range(len(caps))]
        return ScalarExpression(single_term([self._ket, *caps], partner), self._declared)

    @property
    def _declared(self) -> dict[str, RandomLetter | Letter]:
        return {self.name: RandomLetter(self.name, "state", self.spaces)}

    @property
    def _ket(self) -> Letter:
        return Letter(VECTOR, self.name, self.spaces, frozenset({"normalised"}))


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
    return HaarState(_check_name(name), check_spaces(dims))


def random_matrix(name: str, group: str, spaces: tuple[Space, ...]) -> MatrixExpression:
    """A random matrix of that group, its name checked."""
    relations = {"orthogonal": {"real"}, "symplectic": {"symplectic"}}.get(group, set())
    letter = Letter(MATRIX, _check_name(name), spaces, frozenset({"unitary"} | relations))
    return _matrix(letter, RandomLetter(name, group, spaces))


def given_matrix(name: str, spaces: tuple[Space, ...], properties: frozenset[str]) -> MatrixExpression:
    """A given matrix; of rank one it is a product of two vectors."""
    if "projector" in properties:
        properties |= {"hermitian"}
    letter = matrix_letter(name, spaces, properties)
    if "rank_one" not in properties:
        return _matrix(letter, letter)
    if "symmetric" in letter.properties and "real" not in letter.properties:
        raise InputError(f"{name} must not be rank_one and symmetric without being real; leave out symmetric")
    kept = letter.properties & {"real", "traceless"}
    if "projector" in properties:
        ket = Letter(VECTOR, name, spaces, kept | {"normalised"})
        return _outer(ket, ket.conjugate(), {name: letter})
    ket, bra = (Letter(VECTOR, name, spaces, kept, place=place) for place in (0, 1))
    return _outer(ket, bra.conjugate(), {name: letter})


def _matrix(letter: Letter, declaration: RandomLetter | Letter) -> MatrixExpression:
    width = len(letter.spaces)
    ends = [2 * s for s in range(width)] + [2 * s + 1 for s in range(width)]
    partner = [0] * (2 * width) + ends
    for new, end in enumerate(ends, start=2 * width):
        partner[end] = new
    terms = single_term([letter, *open_ends(letter.spaces)], partner)
    return MatrixExpression(terms, {letter.name: declaration}, letter.spaces)


def _outer(ket: Letter, bra: Letter, declared: dict[str, RandomLetter | Letter]) -> MatrixExpression:
    width = 2 * len(ket.spaces)
    partner = [*range(width, 2 * width), *range(width)]
    terms = single_term([ket, bra, *open_ends(ket.spaces)], partner)
    return MatrixExpression(terms, declared, ket.spaces)


def _check_state(value: object) -> None:
    if not isinstance(value, HaarState):
        raise InputTypeError(
            f"the other state must be a Haar state, got {value!r}; build it with hq.haar_state"
        )


def _check_name(name: object) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
        raise InputError(
            f"a name must be a letter, then letters, digits or underscores, got {name!r}; spell it in a–z, as psi"
        )
    if name in (SYMPLECTIC_FORM, "D"):
        raise InputError(f"the name {name} is taken by the library; pass another")
    return name
