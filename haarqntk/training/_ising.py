"""The magnetisation of the transverse-field Ising chain: a physical data set of one feature, the field.

    H = −J Σ_i Z_i Z_{i+1} − h Σ_i X_i

By exact diagonalisation in the even sector of the flip Π X_i: it holds the ground state for h > 0, where all
off-diagonal entries are negative and the ground state is therefore unique and positive (Perron and Frobenius),
whatever the sign of J; and it has no partner there, however small h is. Negative fields follow from Π Z_i,
which turns X_i into −X_i and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as sparse_linalg

from haarqntk.base import data_array, plain
from haarqntk.checks import integer, one_of
from haarqntk.errors import CostError, InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Real = NDArray[np.float64]

LARGEST_NUM_QUBITS = 16
_LARGEST_DENSE = 256  # beyond, Lanczos is faster
DEFAULT_FIELDS = tuple(i / 2 for i in range(-10, 10))
BOUNDARIES = ("periodic", "open")
COMPONENTS = ("transverse", "longitudinal")


def ising_magnetisation(
    num_qubits: int = 6,
    fields: ArrayLike = DEFAULT_FIELDS,
    *,
    boundary: str = "periodic",
    component: str = "transverse",
    coupling: float = 1.0,
) -> Real:
    r"""Return the ground state's magnetisation of the transverse-field Ising chain at each field.

    .. math:: H = -J\sum_i Z_iZ_{i+1} - h\sum_i X_i

    The source does not say which boundary, component and sign are meant; the defaults are a ring, the
    component along the field, which is odd in h, and a ferromagnet.

    Args:
        num_qubits: n, from 2 (a ring needs 3) to 16.
        fields: h, one or several, finite; by default −5, −4.5 … 4.5.
        boundary: ``periodic`` or ``open``.
        component: ``transverse``, ⟨Σ X_i⟩/n; or ``longitudinal``, ⟨(Σ Z_i)²⟩^{1/2}/n. The mean of Z_i itself
            vanishes by symmetry, hence the root of the mean square.
        coupling: J ≠ 0; positive favours parallel spins.

    Returns:
        The magnetisations, shape (number of fields,).

    Raises:
        InputError: If a number is out of range or the fields do not fit; CostError beyond 16 qubits.
        InputTypeError: If an argument is of the wrong kind.
        UnknownNameError: If the boundary or the component is unknown.

    Examples:
        >>> ising_magnetisation(6, [0.0, 1.0, -1.0]).round(6) + 0
        array([ 0.      ,  0.643951, -0.643951])

    Reference:
        [scala2025] for the data set; derivations/16_diagnostics.md.
    """
    one_of("boundary", boundary, BOUNDARIES)
    n = integer("num_qubits", num_qubits, at_least=3 if boundary == "periodic" else 2)
    if n > LARGEST_NUM_QUBITS:
        raise CostError(f"num_qubits must be at most {LARGEST_NUM_QUBITS}, got {n}, {2**n} amplitudes")
    one_of("component", component, COMPONENTS)
    given = plain("fields", fields, "numbers")
    several = getattr(given, "ndim", hasattr(given, "__len__"))
    h = data_array(
        "fields", given if several else [given], axes=("fields",), cure="pass one number per field"
    )
    J = float(data_array("coupling", coupling, axes=(), cure="pass a number"))
    if J == 0:
        raise InputError("coupling must not be 0, got 0; free spins have no chain")
    spins, flips = _even_sector(n)
    bonds = spins * np.roll(spins, 1, axis=0)
    energies = -J * bonds[0 if boundary == "periodic" else 1 :].sum(axis=0)
    measured = np.square(spins.sum(axis=0) / n) if component == "longitudinal" else None
    return np.array([_magnetisation(n, x, energies, flips, measured) for x in h.tolist()])


def _even_sector(n: int) -> tuple[Real, sparse.csr_matrix]:
    """Z_i of the representatives, shape (n, 2^{n−1}), and Σ X_i on (|s⟩ + |s̄⟩)/√2, the last spin of s up."""
    size = 2 ** (n - 1)
    states = np.arange(size)
    spins = (1 - 2 * (states >> np.arange(n)[:, np.newaxis] & 1)).astype(np.float64)
    # Turning the last spin leads to the partner of a representative, whose spins are all turned.
    turned = np.array([states ^ (1 << i) for i in range(n - 1)] + [states ^ (size - 1)])
    rows = np.broadcast_to(states, turned.shape)
    return spins, sparse.csr_matrix((np.ones(n * size), (rows.ravel(), turned.ravel())), shape=(size, size))


def _magnetisation(
    n: int, field: float, energies: Real, flips: sparse.csr_matrix, measured: Real | None
) -> float:
    hamiltonian = sparse.diags(energies) - abs(field) * flips
    if energies.size <= _LARGEST_DENSE:
        ground = np.linalg.eigh(hamiltonian.toarray())[1][:, 0]
    else:
        start = np.ones(energies.size)  # the ground state is positive, so it overlaps
        ground = sparse_linalg.eigsh(hamiltonian, k=1, which="SA", v0=start)[1][:, 0]
    if measured is not None:
        return float(np.sqrt(ground**2 @ measured))
    return float(np.copysign(ground @ (flips @ ground) / n, field)) if field else 0.0
