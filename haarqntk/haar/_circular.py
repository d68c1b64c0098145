r"""Products of entries of S = Vᵀ V, the circular orthogonal ensemble, V Haar-random in U(D).

.. math:: \mathbb E\, S_{i_1 i_2} \cdots S_{i_{2k-1} i_{2k}} \bar S_{j_1 j_2} \cdots =
          \sum_{\sigma \in S_{2k}} \Big[\prod_s \delta_{i_s j_{\sigma(s)}}\Big]\, \mathrm{Wg}^{O}(\sigma; D + 1)

One sum over permutations instead of two: the left ends of V meet each other only, and their sum is known. The
Weingarten function is the orthogonal one of the coset type of σ, at D + 1.

Reference: matsumoto2013; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.diagrams import INDEX
from haarqntk.haar import _gluings

if TYPE_CHECKING:
    from haarqntk.combinatorics import Partition
    from haarqntk.diagrams import Component, DiagramMonomial


def count_circular_entries(monomial: DiagramMonomial, name: str) -> dict[Partition, int] | None:
    """The coset types of the permutations that match the indices; None if the product has other factors.

    Args:
        monomial: The product.
        name: The name of the unitary V.

    Returns:
        Coset type → count; empty if the numbers of S and of S* differ, or the indices do.
    """
    indices: tuple[list[str], list[str]] = ([], [])
    for component, exponent in monomial:
        entry = _entry(component, name)
        if entry is None:
            return None
        conjugated, pair = entry
        indices[conjugated].extend(pair * exponent)
    numbers: dict[str, int] = {}
    plain, starred = (tuple(numbers.setdefault(i, len(numbers)) for i in side) for side in indices)
    return dict(_counts(plain, starred))


def _entry(component: Component, name: str) -> tuple[bool, list[str]] | None:
    """Whether it is conjugated and the two indices, if the component is an entry of Vᵀ V."""
    if len(component.letters) != 4 or not component.is_chain:  # noqa: PLR2004 - an index, V, V, an index
        return None
    (left, _), (first, first_turned), (second, second_turned), (right, _) = component.word
    is_product = first == second and first.name == name and (first_turned, second_turned) == (True, False)
    if not is_product or not all(x.kind == INDEX and x.name.isdigit() for x in (left, right)):
        return None
    return first.conjugated, [f"{x.name} {x.place}" for x in (left, right)]


@lru_cache(maxsize=4096)
def _counts(plain: tuple[int, ...], starred: tuple[int, ...]) -> tuple[tuple[Partition, int], ...]:
    if sorted(plain) != sorted(starred):
        return ()
    k = len(plain) // 2
    rows = _gluings.allowed_permutations([[a == b for b in starred] for a in plain])
    pairing = np.arange(2 * k) ^ 1
    moved = np.empty_like(rows)
    np.put_along_axis(moved, rows, rows[:, pairing], axis=1)  # σ p σ⁻¹
    totals = Counter(_gluings.class_numbers(pairing[moved], k, 2).tolist())
    return tuple((_gluings.class_of(n, k), count) for n, count in sorted(totals.items()))
