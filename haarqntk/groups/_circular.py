r"""The circular orthogonal ensemble: entries of S = Vᵀ V, V Haar-random in U(D).

.. math:: \mathbb E\, S_{i_1 i_2} \cdots S_{i_{2k-1} i_{2k}} \bar S_{j_1 j_2} \cdots =
          \sum_{\sigma \in S_{2k}} \Big[\prod_s \delta_{i_s j_{\sigma(s)}}\Big]\, \mathrm{Wg}^{O}(\sigma; D + 1)

One sum over permutations instead of two: the left ends of V meet each other only, and their sum is known. The
Weingarten function is the orthogonal one of the coset type of σ, at D + 1. Other products of S, and those of the
circular symplectic ensemble J Vᵀ Jᵀ V, are products of V.

Reference: matsumoto2013; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.combinatorics import partitions
from haarqntk.groups import _rows
from haarqntk.groups._group import WeightLaw
from haarqntk.groups._orthogonal import ORTHOGONAL_WEINGARTEN

if TYPE_CHECKING:
    from haarqntk.combinatorics import Partition

CIRCULAR_ENTRIES = WeightLaw(
    "circular_orthogonal",
    lambda classes, D: ORTHOGONAL_WEINGARTEN.value(classes[0]).compose(D + 1),
    lambda classes, n: ORTHOGONAL_WEINGARTEN.at(classes[0], n + 1),
    copies=2,
)


@lru_cache(maxsize=4096)
def circular_classes(
    plain: tuple[int, ...], conjugated: tuple[int, ...]
) -> tuple[tuple[Partition, int], ...]:
    """How many permutations of each coset type match the indices of S, two for each entry, with those of S*.

    Examples:
        >>> circular_classes((0, 0), (0, 0))  # E|S_00|² = 2 Wg((1,), D + 1)
        (((1,), 2),)
    """
    if sorted(plain) != sorted(conjugated):
        return ()
    k = len(plain) // 2
    rows = _rows.allowed_permutations([[a == b for b in conjugated] for a in plain])
    pairing = np.arange(2 * k) ^ 1
    moved = np.empty_like(rows)
    np.put_along_axis(moved, rows, rows[:, pairing], axis=1)  # σ p σ⁻¹
    totals = Counter(_rows.class_numbers(pairing[moved], k, 2).tolist())
    return tuple((partitions(k)[n], count) for n, count in sorted(totals.items()))
