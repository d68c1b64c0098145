r"""The symmetric group S_n as permutation matrices: set partitions, exact at every n.

Entries are 0 and 1, so a product of them knows only which of its indices coincide:

.. math:: \mathbb E\, P_{i_1 j_1} \cdots P_{i_k j_k} = \sum_{\pi}
          \frac{[\ker i = \pi][\ker j = \pi]}{(n)_{|\pi|}}, \qquad
          [\ker i = \pi] = \sum_{\tau \geq \pi} \mu(\pi, \tau)\, \delta_\tau(i)

with (n)_m = n(n − 1)⋯(n − m + 1) and no term of more than n blocks. The way τ glues each of its blocks by one delta,
and the Möbius function of set partitions is μ(π, τ) = Π_B (−1)^{b−1}(b − 1)!, b the number of blocks of π in the
block B of τ. So a pair (τ, τ') has a class for every π finer than both, the number of its blocks.

A way is a row of least points: point a is in one block with row[a].

Reference: derivations/11_integrals.md.
"""

from __future__ import annotations

from itertools import combinations
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.combinatorics import num_set_partitions, set_partitions
from haarqntk.errors import CostError
from haarqntk.groups._group import Group, inverse_product
from haarqntk.groups._ways import Ways

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Hashable, Iterator, Sequence

    from haarqntk.combinatorics import Partition
    from haarqntk.groups._ways import Met, PairClasses, Rows, Way

_LARGEST_DEGREE = 8  # 4140 set partitions


class SetPartitions(Ways):
    """Set partitions of k copies; a class is (m,), the number of blocks of a partition finer than both sides.

    Examples:
        >>> ways = SetPartitions()
        >>> ways.blocks((0, 1, 0)), ways.text((0, 1, 0)), sorted(ways.classes_of_pair((0, 0), (0, 1)))
        ([(0, 2), (1,)], '{02 1}', [((2,), -1)])
    """

    has_blocks = True
    scalars = "no scalar but 1"
    num_ways = staticmethod(num_set_partitions)

    def imbalance(self, name: str, num_plain: int, num_conjugated: int) -> str | None:  # noqa: ARG002
        """None: no symmetry of the measure makes a product vanish."""
        return None

    def design_order(self, num_plain: int, num_conjugated: int) -> int:
        return num_plain + num_conjugated

    def num_matching(self, plain: Counter[Met], conjugated: Counter[Met]) -> int:  # noqa: ARG002
        return prod(map(num_set_partitions, plain.values()))

    def rows(self, allowed: Sequence[Sequence[bool]]) -> Rows:
        k = len(allowed)
        if k > _LARGEST_DEGREE:
            raise CostError(
                f"{k} copies of one random matrix would not finish: they have {num_set_partitions(k)} set "
                f"partitions; the largest number is {_LARGEST_DEGREE}"
            )
        found = [
            way
            for way in set_partitions(k)
            if all(allowed[a][b] for block in self.blocks(way) for a, b in combinations(block, 2))
        ]
        return np.array(found, dtype=np.int64).reshape(len(found), k)

    def pair_classes(self, left: Rows, right: Rows) -> Iterator[PairClasses]:
        k = left.shape[1]
        finer = np.array(self.every(k), dtype=np.int64).reshape(num_set_partitions(k), k)
        coarser = [(row, *_moebius(row, right)) for row in finer]
        for i, tau in enumerate(left):
            for row, places, values in coarser:
                if len(places) and np.array_equal(tau[row], tau):
                    _, (value,) = _moebius(row, tau[None])
                    m = len(set(row.tolist()))
                    yield i, places, np.full(len(places), m, dtype=np.int64), values * value

    def blocks(self, way: Sequence[int]) -> list[tuple[int, ...]]:
        found: dict[int, list[int]] = {}
        for a, least in enumerate(way):
            found.setdefault(least, []).append(a)
        return [tuple(block) for block in found.values()]

    def num_terms(self, degree: int) -> int:
        """Σ_π of the squared number of partitions that are not finer than π."""
        return sum(num_set_partitions(degree, m) * num_set_partitions(m) ** 2 for m in range(degree + 1))

    def every(self, degree: int) -> list[Way]:
        return list(set_partitions(degree))

    def classes_of_pair(self, left: Way, right: Way) -> Iterator[tuple[Partition, int]]:
        for pi in set_partitions(len(left)):
            fine = [set(block) for block in self.blocks(pi)]
            factor = 1
            for block in (set(block) for way in (left, right) for block in self.blocks(way)):
                b = sum(part <= block for part in fine)
                if len(block) != sum(len(part) for part in fine if part <= block):
                    factor = 0
                    break
                factor *= (-1) ** (b - 1) * factorial(b - 1)
            if factor:
                yield _class(len(fine)), factor

    def text(self, way: Way) -> str:
        """The blocks."""
        between = "" if len(way) <= 10 else "-"  # noqa: PLR2004 - one digit
        return "{" + " ".join(between.join(map(str, block)) for block in self.blocks(way)) + "}"

    def relabelled(self, rows: Rows, alpha: Rows, beta: Rows) -> Rows:  # noqa: ARG002 - the same
        moved = np.empty_like(rows)
        moved[:, alpha] = rows
        return np.asarray((moved[:, :, None] == moved[:, None, :]).argmax(axis=2))

    def num_classes(self, degree: int) -> int:
        return degree + 1

    def class_of(self, number: int, degree: int) -> Partition:  # noqa: ARG002 - the number says it
        return _class(number)


def _moebius(pi: Rows, rows: Rows) -> tuple[Rows, Rows]:
    """The places of the rows that are not finer than ``pi``, and μ(π, τ) for each of them."""
    places = (rows[:, pi] == rows).all(axis=1).nonzero()[0]
    labels = rows[places][:, pi == np.arange(len(pi))]  # one point of each block of π
    earlier = np.tril(labels[:, :, None] == labels[:, None, :], -1).sum(axis=2)
    return places, np.where(earlier, -earlier, 1).prod(axis=1)


def _class(num_blocks: int) -> Partition:
    return (num_blocks,) if num_blocks else ()


def _entries(rows: Sequence[Hashable], columns: Sequence[Hashable]) -> dict[Partition, int]:
    """One matrix has all these entries 1 only if equal rows have equal columns and different ones different."""
    num_pairs = len(set(zip(rows, columns, strict=True)))
    return {_class(num_pairs): 1} if num_pairs == len(set(rows)) == len(set(columns)) else {}


PERMUTATION = Group(
    inverse_product("permutation", -1, "different indices", step=1, is_of_degree=False),
    SetPartitions(),
    title="random permutation",
    constructor="permutation_matrix",
    properties=frozenset({"unitary", "real"}),
    entries=_entries,
    references=(),
)
