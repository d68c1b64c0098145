r"""The unitary group and its vectors: permutations of V against V*, and the Weingarten function by characters.

.. math:: \mathrm{Wg}(\mu, D) = \frac1{k!} \sum_{\lambda \vdash k} \frac{f^\lambda \chi^\lambda(\mu)}
                                {\prod_{b\in\lambda} (D + c(b))}

with f^λ the number of standard tableaux and c(b) the content of a box. All values of S_k come from one exact
matrix product: characters × numerators over the common denominator Π_j (D + j)^{m_j}, m_j the largest number
of boxes of content j in a diagram of k boxes. At an integer n < k only the diagrams with at most n rows
enter: the pseudo-inverse of the Gram matrix.

Entries of S = Vᵀ V, a matrix of the circular orthogonal ensemble, need one sum over permutations instead of two,

.. math:: \mathbb E\, S_{i_1 i_2} \cdots S_{i_{2k-1} i_{2k}} \bar S_{j_1 j_2} \cdots =
          \sum_{\sigma \in S_{2k}} \Big[\prod_s \delta_{i_s j_{\sigma(s)}}\Big]\, \mathrm{Wg}^{O}(\sigma; D + 1)

because the left ends of V meet each other only, and their sum is known. The Weingarten function is the orthogonal one
of the coset type of σ, at D + 1. Other products of S, and those of the circular symplectic ensemble J Vᵀ Jᵀ V, are
products of V. A Haar state is a column of V, a point of the complex sphere:

.. math:: \mathbb E\, \psi_{i_1} \cdots \psi_{i_k} \bar\psi_{j_1} \cdots \bar\psi_{j_k} =
          \frac{1}{D(D+1)\cdots(D+k-1)} \sum_{\sigma \in S_k} \prod_a \delta_{i_a j_{\sigma(a)}}

Reference: Collins & Śniady 2006 (collins2006), Prop. 2.3; matsumoto2013; derivations/11_integrals.md.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import lru_cache
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.algebra import RationalFunction, multiply_integer_matrices
from haarqntk.combinatorics import (
    Partition,
    centralizer_order,
    character_column,
    character_table,
    class_numbers,
    contents,
    num_standard_tableaux,
    partitions,
)
from haarqntk.groups._group import (
    Classes,
    Group,
    WeightLaw,
    Weingarten,
    inverse_product,
    over_one_denominator,
    sum_at,
)
from haarqntk.groups._orthogonal import ORTHOGONAL_WEINGARTEN
from haarqntk.groups._ways import Permutations, allowed_rows

if TYPE_CHECKING:
    from collections.abc import Iterable


def _table(k: int) -> dict[Partition, RationalFunction]:
    """Wg(μ) for every cycle type μ of S_k."""
    numerators, denominator = _diagram_weights(k, partitions(k))
    rows = multiply_integer_matrices(character_table(k).T, numerators)
    return {mu: RationalFunction(row, denominator) for mu, row in zip(partitions(k), rows, strict=True)}


def _one_class(mu: Partition) -> RationalFunction:
    """Wg(μ) for one cycle type, without the rest of the table."""
    column = character_column(mu)
    numerators, denominator = _diagram_weights(sum(mu), column)
    (totals,) = multiply_integer_matrices(np.array([[*column.values()]], dtype=object), numerators)
    return RationalFunction(totals, denominator)


def _class_at(mu: Partition, n: int) -> Fraction:
    """Wg(μ) at the integer dimension n ≥ 1, by the sum over diagrams with at most n rows."""
    column = character_column(mu)
    total = sum_at(n, ((num_standard_tableaux(lam) * value, contents(lam)) for lam, value in column.items()))
    return total / factorial(sum(mu))


def _diagram_weights(k: int, diagrams: Iterable[Partition]) -> tuple[list[list[int]], list[int]]:
    """The numerators of f^λ/(k! Π(D + c)) for each diagram over one denominator."""
    rows, denominator = over_one_denominator((num_standard_tableaux(lam), contents(lam)) for lam in diagrams)
    return rows, [factorial(k) * c for c in denominator]


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
    rows = allowed_rows([[a == b for b in conjugated] for a in plain])
    pairing = np.arange(2 * k) ^ 1
    moved = np.empty_like(rows)
    np.put_along_axis(moved, rows, rows[:, pairing], axis=1)  # σ p σ⁻¹
    totals = Counter(class_numbers(pairing[moved], repeats=2).tolist())
    return tuple((partitions(k)[n], count) for n, count in sorted(totals.items()))


def _power_sums_at(classes: Classes, n: int) -> Fraction:
    left, right = (character_column(mu) for mu in classes)
    return Fraction(sum(value * right.get(lam, 0) for lam, value in left.items() if len(lam) <= n))


_WEINGARTEN = Weingarten("unitary", _table, _class_at, _one_class, largest_table=26, largest_class=30)
UNIT_VECTOR = inverse_product("state", 1, "unit vector", step=0, is_of_degree=True)
STATE = Group(
    UNIT_VECTOR,
    Permutations(),
    title="Haar state",
    constructor="haar_state",
    properties=frozenset({"normalised"}),
    is_vector=True,
    sphere=UNIT_VECTOR,
    references=("collins2003", "collins2006"),
)
UNITARY = Group(
    _WEINGARTEN.law,
    Permutations(),
    title="Haar unitary",
    constructor="haar_unitary",
    properties=frozenset({"unitary"}),
    weingarten=_WEINGARTEN,
    sphere=UNIT_VECTOR,
    power_sums=WeightLaw(
        "power_sums",
        lambda classes, _: RationalFunction(centralizer_order(classes[0]) if classes[0] == classes[1] else 0),
        _power_sums_at,
        num_classes=2,
        title="power sums",
    ),
    circular=CIRCULAR_ENTRIES,
    references=("collins2003", "collins2006"),
)
