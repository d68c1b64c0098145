r"""The unitary group: permutations of V against V*, and the Weingarten function by characters.

.. math:: \mathrm{Wg}(\mu, D) = \frac1{k!} \sum_{\lambda \vdash k} \frac{f^\lambda \chi^\lambda(\mu)}
                                {\prod_{b\in\lambda} (D + c(b))}

with f^λ the number of standard tableaux and c(b) the content of a box. All values of S_k come from one exact
matrix product: characters × numerators over the common denominator Π_j (D + j)^{m_j}, m_j the largest number
of boxes of content j in a diagram of k boxes. At an integer n < k only the diagrams with at most n rows
enter: the pseudo-inverse of the Gram matrix.

Reference: Collins & Śniady 2006 (collins2006), Prop. 2.3.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import cache
from math import factorial, prod

from haarqntk.algebra import (
    RationalFunction,
    multiply_integer_matrices,
    product_of_shifts,
)
from haarqntk.combinatorics import (
    Partition,
    centralizer_order,
    character_column,
    character_table,
    compose,
    contents,
    cycle_type,
    inverse,
    num_standard_tableaux,
    partitions,
)
from haarqntk.groups._circular import CIRCULAR_ENTRIES
from haarqntk.groups._gram import gram_inverse
from haarqntk.groups._group import Classes, Group, WeightLaw, Weingarten
from haarqntk.groups._state import UNIT_VECTOR
from haarqntk.groups._ways import Permutations


def unitary_table(k: int) -> dict[Partition, RationalFunction]:
    """Wg(μ) for every cycle type μ of S_k."""
    numerators, denominator = _diagram_weights(k, partitions(k))
    rows = multiply_integer_matrices(character_table(k).T, numerators)
    return {mu: RationalFunction(row, denominator) for mu, row in zip(partitions(k), rows, strict=True)}


def unitary_class(mu: Partition) -> RationalFunction:
    """Wg(μ) for one cycle type, without the rest of the table."""
    column = character_column(mu)
    numerators, denominator = _diagram_weights(sum(mu), tuple(column))
    totals = [
        sum(value * row[i] for value, row in zip(column.values(), numerators, strict=True))
        for i in range(max(map(len, numerators)))
    ]
    return RationalFunction(totals, denominator)


def unitary_class_at(mu: Partition, n: int) -> Fraction:
    """Wg(μ) at the integer dimension n ≥ 1, by the sum over diagrams with at most n rows."""
    total = sum(
        (
            Fraction(num_standard_tableaux(lam) * value, prod(n + c for c in contents(lam)))
            for lam, value in character_column(mu).items()
            if len(lam) <= n
        ),
        start=Fraction(0),
    )
    return total / factorial(sum(mu))


def _diagram_weights(k: int, diagrams: tuple[Partition, ...]) -> tuple[list[list[int]], tuple[int, ...]]:
    """The numerators of f^λ/(k! Π(D + c)) for each diagram over one denominator, padded to one length."""
    boxes = {j: _most_boxes_of_content(j, k) for j in range(1 - k, k)}
    rows = []
    for lam in diagrams:
        missing = Counter(boxes)
        missing.subtract(Counter(contents(lam)))
        rows.append([num_standard_tableaux(lam) * c for c in product_of_shifts(missing)])
    length = max(map(len, rows))
    padded = [row + [0] * (length - len(row)) for row in rows]
    return padded, tuple(factorial(k) * c for c in product_of_shifts(boxes))


def _most_boxes_of_content(j: int, k: int) -> int:
    """The largest m such that an m × (m + |j|) rectangle fits into k boxes."""
    m = 0
    while (m + 1) * (m + 1 + abs(j)) <= k:
        m += 1
    return m


@cache
def unitary_table_by_definition(k: int) -> dict[Partition, RationalFunction]:
    """Wg(μ) for every cycle type μ of S_k by solving the p(k) × p(k) Gram system over Q(D)."""

    def class_of(sigma: tuple[int, ...], tau: tuple[int, ...]) -> Partition:
        return cycle_type(compose(inverse(sigma), tau))

    return gram_inverse(
        k, Permutations().every(k), class_of, lambda sigma, tau: (1, len(class_of(sigma, tau)))
    )


def _power_sums(classes: Classes, D: RationalFunction) -> RationalFunction:  # noqa: ARG001 - constant
    mu, nu = classes
    return RationalFunction(centralizer_order(mu) if mu == nu else 0)


def _power_sums_at(classes: Classes, n: int) -> Fraction:
    left, right = (character_column(mu) for mu in classes)
    return Fraction(sum(value * right.get(lam, 0) for lam, value in left.items() if len(lam) <= n))


_WEINGARTEN = Weingarten(
    "unitary",
    unitary_table,
    unitary_table_by_definition,
    unitary_class_at,
    unitary_class,
    largest_table=26,
    largest_class=30,
)
UNITARY = Group(
    _WEINGARTEN.law,
    Permutations(),
    title="Haar unitary",
    constructor="haar_unitary",
    properties=frozenset({"unitary"}),
    weingarten=_WEINGARTEN,
    sphere=UNIT_VECTOR,
    power_sums=WeightLaw("power_sums", _power_sums, _power_sums_at, num_classes=2, title="power sums"),
    circular=CIRCULAR_ENTRIES,
    references=("collins2003", "collins2006"),
)
