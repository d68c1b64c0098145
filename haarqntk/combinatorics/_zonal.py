r"""Zonal spherical functions of the Gelfand pair (S_2k, H_k): the characters of pairings.

H_k, of order 2^k k!, is the group that keeps the pairing p = {{0, 1}, {2, 3}, …}. For each λ ⊢ k the
representation 2λ of S_2k has one vector that H_k fixes, and

.. math:: \omega^\lambda(\mu) = \frac{1}{|H_k|} \sum_{h \in H_k} \chi^{2\lambda}(\sigma h),

σ any permutation for which p and σp have coset type μ. The zonal polynomials Z_λ = Σ_μ |C_μ| ω^λ(μ) p_μ, |C_μ| the
number of pairings of type μ, are the Jack polynomials at α = 2: a combination of the Schur functions s_ν,
ν ≤ λ, and orthogonal for ⟨p_μ, p_μ⟩ = 2^{ℓ(μ)} z_μ. So they come out of the character table by
orthogonalisation.

Reference: Macdonald 1995 (macdonald1995), Ch. VII.2.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.combinatorics._characters import character_table
from haarqntk.combinatorics._pairings import num_pairings_of_type
from haarqntk.combinatorics._partitions import Partition, centralizer_order, class_size, partitions
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@cache
def zonal_table(k: int) -> NDArray[Any]:
    """The integers |C_μ| ω^λ(μ): rows λ, columns coset types μ, both in the order of ``partitions(k)``.

    They are the eigenvalues of the 0–1 matrices "p and q have coset type μ" on the pairings of 2k points.

    Returns:
        A read-only array of Python integers, of shape (p(k), p(k)).

    Examples:
        >>> zonal_table(3).tolist()  # rows (3), (2,1), (1,1,1)
        [[8, 6, 1], [-2, 1, 1], [2, -3, 1]]

    Reference:
        macdonald1995, Ch. VII.2; derivations/09_orthogonal_and_symplectic.md.
    """
    types = partitions(k)
    weights = np.array([centralizer_order(mu) << len(mu) for mu in types], dtype=object)
    schur = character_table(k).astype(object) * np.array([class_size(mu) for mu in types], dtype=object)
    table: NDArray[Any] = np.zeros_like(schur)
    norms: list[int] = []
    for i in reversed(range(len(types))):  # from (1^k) upwards: this order refines dominance
        row, found = schur[i], table[i + 1 :]
        parts = [Fraction(int(x), n) for x, n in zip(found @ (row * weights), norms, strict=True)]
        scale = lcm(*(part.denominator for part in parts))
        row = scale * row - np.array([int(scale * part) for part in parts], dtype=object) @ found
        table[i] = row // row[-1]  # exact: eigenvalues of integer matrices are integers
        norms.insert(0, int(table[i] @ (table[i] * weights)))
    table.flags.writeable = False
    return table


def zonal_spherical_function(lam: Partition, mu: Partition) -> Fraction:
    """The zonal spherical function ω^λ(μ) of (S_2k, H_k); ω^λ(1^k) = 1 and ω^{(k)} = 1.

    Raises:
        InputError: If the two are not partitions of the same number.

    Examples:
        >>> zonal_spherical_function((2, 1), (2, 1))
        Fraction(1, 6)
        >>> zonal_spherical_function((1, 1, 1), (3,))  # (−1/2)^{k − ℓ(μ)}
        Fraction(1, 4)

    Reference:
        macdonald1995, Ch. VII.2.
    """
    if sum(lam) != sum(mu):
        raise InputError(f"lam and mu must be partitions of the same k, got {lam} and {mu}")
    index = {nu: i for i, nu in enumerate(partitions(sum(mu)))}
    return Fraction(zonal_table(sum(mu))[index[lam], index[mu]], num_pairings_of_type(mu))


def zonal_contents(lam: Partition) -> tuple[int, ...]:
    """The numbers 2j − i of the boxes (i, j) of the Young diagram of ``lam``, row by row.

    Examples:
        >>> zonal_contents((3, 1))
        (0, 2, 4, -1)
    """
    return tuple(2 * j - i for i, part in enumerate(lam) for j in range(part))
