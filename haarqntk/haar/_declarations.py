"""What integrands are made of: random matrices and states, and the matrices between them.

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from haarqntk.diagrams import MATRIX, PROPERTIES, VECTOR, Letter, Space, matrix_letter
from haarqntk.errors import InputError, InputTypeError, UnknownNameError
from haarqntk.groups import ORTHOGONAL, PERMUTATION, SYMPLECTIC, UNITARY, Group
from haarqntk.haar._algebra import MatrixExpression
from haarqntk.haar._copies import symplectic_form as form_letter
from haarqntk.haar._letters import RandomLetter, check_name, check_spaces, open_ends, single_term

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
    return random_matrix(name, UNITARY, dims)


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
    return random_matrix(name, ORTHOGONAL, dims)


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
    return random_matrix(name, SYMPLECTIC, dims)


def permutation_matrix(name: str, *, dims: Dims = "D") -> MatrixExpression:
    """A uniformly random D × D permutation matrix, real and with entries 0 and 1; see ``haar_unitary``.

    The average is exact at every dimension, also below the number of copies.

    Raises:
        InputError: As ``haar_unitary``.

    Examples:
        >>> import haarqntk as hq
        >>> P = hq.permutation_matrix("P")
        >>> hq.expect(P[0, 0] ** 3 * P[1, 2]).to_sympy()
        1/(D*(D - 1))
        >>> [int(hq.expect(hq.tr(P) ** 4).at(n)) for n in (1, 2, 3, 4, 5)]  # partitions of 4 points into ≤ n blocks
        [1, 8, 14, 15, 15]

    Reference:
        derivations/11_integrals.md.
    """
    return random_matrix(name, PERMUTATION, dims)


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
    letter = form_letter(spaces)
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
    built = tuple(given_matrix(check_name(name), spaces, declared) for name in found)
    return built[0] if len(built) == 1 else built


def random_matrix(name: str, group: Group, dims: Dims) -> MatrixExpression:
    """A random matrix of that group."""
    spaces = check_spaces(dims)
    if group.needs_even_dimension and len(spaces) != 1:
        raise InputError(f"a {group.name} matrix must act on one tensor factor, got {len(spaces)}")
    if group.needs_even_dimension and isinstance(spaces[0], int) and spaces[0] % 2:
        raise InputError(f"the dimension of a {group.name} matrix must be even, got {spaces[0]}")
    letter = Letter(MATRIX, check_name(name), spaces, group.properties)
    return _matrix(letter, RandomLetter(name, group.name, spaces))


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
        return outer_product(ket, ket.conjugate(), {name: letter})
    ket, bra = (Letter(VECTOR, name, spaces, kept, place=place) for place in (0, 1))
    return outer_product(ket, bra.conjugate(), {name: letter})


def _matrix(letter: Letter, declaration: RandomLetter | Letter) -> MatrixExpression:
    width = len(letter.spaces)
    ends = [2 * s for s in range(width)] + [2 * s + 1 for s in range(width)]
    partner = [0] * (2 * width) + ends
    for new, end in enumerate(ends, start=2 * width):
        partner[end] = new
    terms = single_term([letter, *open_ends(letter.spaces)], partner)
    return MatrixExpression(terms, {letter.name: declaration}, letter.spaces)


def outer_product(ket: Letter, bra: Letter, declared: dict[str, RandomLetter | Letter]) -> MatrixExpression:
    """The matrix |ket⟩⟨bra|."""
    width = 2 * len(ket.spaces)
    partner = [*range(width, 2 * width), *range(width)]
    terms = single_term([ket, bra, *open_ends(ket.spaces)], partner)
    return MatrixExpression(terms, declared, ket.spaces)
