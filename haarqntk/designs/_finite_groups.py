r"""Finite groups that are unitary designs: Pauli, Clifford, binary icosahedral.

They are built in integers, so that products and equality are exact; the public functions round to complex128 at
the end, and nowhere before.

* A Clifford unitary has columns ±1, ±i or 0 times one number, up to a phase: column x is a Pauli string times
  column 0, a stabiliser state. So it is an integer matrix over Z[i] with a first entry 1, divided by a root.
* An element of the binary icosahedral group is a unit quaternion with components (p + q√5)/4.

Reference: gross2007, webb2016, zhu2017; derivations/10_designs_and_twirls.md.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.checks import integer
from haarqntk.combinatorics import cycle_type
from haarqntk.errors import CostError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST_CLIFFORD = 2  # three qubits have 92 897 280 elements
_LARGEST_PAULI = 5  # 1024 matrices of 32 × 32; six qubits fill a quarter of a gigabyte

_I, _X, _Z = np.eye(2, dtype=np.int64), np.array([[0, 1], [1, 0]]), np.array([[1, 0], [0, -1]])
_XZ = _X @ _Z  # Y = i XZ


def pauli_group(num_qubits: int) -> NDArray[np.complex128]:
    """The Pauli strings on n qubits: the Pauli group modulo phases, a 1-design.

    Args:
        num_qubits: n, an integer from 1 to 5.

    Returns:
        An array of shape (4^n, 2^n, 2^n) in the order of the strings I, X, Y, Z; the entries are exact.

    Raises:
        InputTypeError, InputError: If ``num_qubits`` is no integer ≥ 1.
        CostError: If there are too many elements.

    Examples:
        >>> import haarqntk as hq
        >>> hq.pauli_group(2).shape, [bool(hq.is_design(hq.pauli_group(2), t)) for t in (1, 2)]
        ((16, 4, 4), [True, False])

    Reference:
        derivations/10_designs_and_twirls.md.
    """
    n = integer("num_qubits", num_qubits, at_least=1)
    if n > _LARGEST_PAULI:
        raise CostError(f"num_qubits = {n} would not fit: 4^{n} matrices; the largest is {_LARGEST_PAULI}")
    letters = np.array([_I, _X, 1j * _XZ, _Z])
    strings = letters
    for _ in range(n - 1):
        strings = np.array([np.kron(a, b) for a in strings for b in letters])
    return strings


def clifford_group(num_qubits: int) -> NDArray[np.complex128]:
    """The Clifford group modulo phases: 24 elements for one qubit, 11520 for two; a 3-design.

    Args:
        num_qubits: n, 1 or 2.

    Returns:
        An array of shape (24, 2, 2) or (11520, 4, 4), the identity first. The first entry of each element that is
        not zero is positive. Entries 0, ±1, ±i, ±1/2, ±i/2 are exact, ±1/√2 and ±i/√2 rounded.

    Raises:
        InputTypeError, InputError: If ``num_qubits`` is no integer ≥ 1.
        CostError: If there are too many elements.

    Examples:
        >>> import haarqntk as hq
        >>> hq.clifford_group(1).shape, hq.clifford_group(2).shape
        ((24, 2, 2), (11520, 4, 4))

    Reference:
        webb2016, zhu2017; derivations/10_designs_and_twirls.md.
    """
    parts = clifford_integers(num_qubits)
    norms = np.sqrt((parts[:, :, :, 0] ** 2).sum(axis=(1, 2)))
    return np.asarray((parts[:, 0] + 1j * parts[:, 1]) / norms[:, None, None])


@lru_cache(maxsize=_LARGEST_CLIFFORD)  # one group for each number of qubits
def clifford_integers(num_qubits: int) -> NDArray[np.int64]:
    """The Clifford group modulo phases in integers, every element scaled to entries 0, ±1, ±i.

    Returns:
        A read-only array of shape (N, 2, D, D), real and imaginary parts. An element is unitary after division by
        the root of the number of entries of a column that are not zero.

    Examples:
        >>> clifford_integers(1).shape, clifford_integers(1)[0].tolist()
        ((24, 2, 2, 2), [[[1, 0], [0, 1]], [[0, 0], [0, 0]]])
    """
    n = integer("num_qubits", num_qubits, at_least=1)
    if n > _LARGEST_CLIFFORD:
        raise CostError(
            f"num_qubits = {n} would not fit: three qubits have 92897280 Clifford elements; "
            f"the largest is {_LARGEST_CLIFFORD}"
        )
    generators = _clifford_generators(n)
    identity = np.stack([np.eye(2**n, dtype=np.int64), np.zeros((2**n, 2**n), dtype=np.int64)])
    found = {identity.tobytes(): identity}
    frontier = [identity]
    while frontier:
        products = projective_product(generators[:, None], np.array(frontier)).reshape(-1, *identity.shape)
        new = {product.tobytes(): product for product in products}
        frontier = [product for key, product in new.items() if key not in found]
        found |= new
    elements = np.array(list(found.values()))
    elements.flags.writeable = False
    return elements


def projective_product(A: NDArray[np.int64], B: NDArray[np.int64]) -> NDArray[np.int64]:
    """The products of matrices over Z[i], arrays (…, 2, D, D), divided by their first entry that is not zero.

    In the Clifford group the quotients are again 0, ±1, ±i, so the division leaves no rest.

    Examples:
        >>> H = np.array([[[1, 1], [1, -1]], [[0, 0], [0, 0]]])
        >>> projective_product(H, H).tolist()
        [[[1, 0], [0, 1]], [[0, 0], [0, 0]]]
    """
    a, b, c, d = A[..., 0, :, :], A[..., 1, :, :], B[..., 0, :, :], B[..., 1, :, :]
    re, im = a @ c - b @ d, a @ d + b @ c
    flat = (re**2 + im**2).reshape(*re.shape[:-2], -1)
    first = (flat > 0).argmax(axis=-1)[..., None]
    norm = np.take_along_axis(flat, first, -1)[..., None]
    x, y = (np.take_along_axis(part.reshape(flat.shape), first, -1)[..., None] for part in (re, im))
    return np.stack([(re * x + im * y) // norm, (im * x - re * y) // norm], axis=-3)


def _clifford_generators(n: int) -> NDArray[np.int64]:
    """Hadamard (without its root), phase and controlled-not gates, real and imaginary parts."""
    zero = np.zeros((2, 2), dtype=np.int64)
    one_qubit = [(_X + _Z, zero), (np.diag([1, 0]), np.diag([0, 1]))]
    if n == 1:
        return np.array(one_qubit)
    left = [[np.kron(part, _I) for part in gate] for gate in one_qubit]
    right = [[np.kron(_I, part) for part in gate] for gate in one_qubit]
    controlled_not = np.kron(np.diag([1, 0]), _I) + np.kron(np.diag([0, 1]), _X)
    return np.array([*left, *right, [controlled_not, np.zeros_like(controlled_not)]])


def icosahedral_group() -> NDArray[np.complex128]:
    """The binary icosahedral group in SU(2): 120 elements, a 5-design for one qubit.

    Returns:
        An array of shape (120, 2, 2), rounded from entries in Q(√5, i): U = a + i(bX + cY + dZ). With U it has −U.

    Examples:
        >>> import haarqntk as hq
        >>> hq.icosahedral_group().shape
        (120, 2, 2)

    Reference:
        gross2007; derivations/10_designs_and_twirls.md.
    """
    integers = icosian_integers()
    a, b, c, d = ((integers[..., 0] + integers[..., 1] * np.sqrt(5)) / 4).T
    return np.moveaxis(np.array([[a + 1j * d, c + 1j * b], [-c + 1j * b, a - 1j * d]]), -1, 0)


@lru_cache(maxsize=1)  # it has no arguments
def icosian_integers() -> NDArray[np.int64]:
    """The 120 unit icosians in integers: a component (p + q√5)/4 is the pair (p, q).

    They are the 8 units ±1, ±i, ±j, ±k, the 16 (±1 ± i ± j ± k)/2, and the 96 even permutations of
    (±φ ± 1 i ± φ⁻¹ j)/2 with φ = (1 + √5)/2.

    Returns:
        A read-only array of shape (120, 4, 2).

    Examples:
        >>> icosian_integers().shape
        (120, 4, 2)
    """
    half, golden, inverse_golden = np.array([2, 0]), np.array([1, 1]), np.array([-1, 1])
    units = [sign * 2 * np.outer(row, half) for row in np.eye(4, dtype=np.int64) for sign in (1, -1)]
    halves = [np.outer(signs, half) for signs in product((1, -1), repeat=4)]
    even = [order for order in permutations(range(4)) if (4 - len(cycle_type(order))) % 2 == 0]
    components = [
        np.array([x * golden, y * half, z * inverse_golden, 0 * half])
        for x, y, z in product((1, -1), repeat=3)
    ]
    elements = np.array([*units, *halves, *(c[list(order)] for c in components for order in even)])
    elements.flags.writeable = False
    return elements
