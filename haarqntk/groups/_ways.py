"""``Ways``: how the copies of one random matrix are glued on one side of it, and what a pair of sides weighs.

The integral over a group is a sum over pairs of ways, one for the left ends of the copies and one for the right ends.
Under the unitary group a way is a permutation: copy a of V meets copy σ(a) of V*. Under the orthogonal and the
symplectic group, where V* is no matrix of its own, it is a pairing of the copies. A class of pairs is a partition, and
a weight belongs to each. Ways come as rows of integer arrays for the engine, and one by one for its definition: row σ
glues copy a of V to copy σ(a) of V*, or, a pairing p, copy a to copy p(a), an involution without fixed points.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from itertools import islice
from math import factorial, prod
from typing import TYPE_CHECKING, ClassVar, TypeAlias, TypeVar

import numpy as np

from haarqntk.base import LazyModule
from haarqntk.combinatorics import (
    Partition,
    all_permutations,
    class_numbers,
    compose,
    coset_type,
    cycle_type,
    cycles,
    inverse,
    num_pairings,
    pairing_sign,
    pairings,
    partitions,
    symmetric_group,
)
from haarqntk.errors import CostError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Hashable, Iterator, Sequence

    from numpy.typing import NDArray

sparse, csgraph = LazyModule("scipy.sparse"), LazyModule("scipy.sparse.csgraph")

Rows: TypeAlias = "NDArray[np.int64]"
"""Ways, one a row."""

Way: TypeAlias = tuple[int, ...]
"""One way: the copy that each copy goes to."""

PairClasses: TypeAlias = "tuple[int, slice | Rows, Rows, Rows]"
"""The place of a left row, places of right rows, and for each of these the number of a class and a factor."""

Met = TypeVar("Met", bound="Hashable")

# Measured: the gluings of eight copies take seconds; nine would need a gigabyte.
_LARGEST_PERMUTED = 8
_LARGEST_PAIRED = 12  # copies of an orthogonal matrix: 10395 pairings
_LARGEST_CONSTRAINED = 14  # k^k must stay below 2^63
_LARGEST_NUM_ROWS = 40_320
_CHUNK = 1 << 22


class Ways(ABC):
    """What the diagrams of a group are.

    A slot is a copy: first those of V, then those of V* unless they are the same.

    Attributes:
        is_self_conjugate: Whether V* is V, or V between two fixed matrices, so that all copies are of one kind.
        scalars: The multiples of 1 in the group, in words.
        has_blocks: Whether a way glues blocks of any size, by a delta each, and not pairs.
        has_form: Whether two ends meet in the symplectic form J, V* is J V Jᵀ, and a way has the sign (−1)^crossings.
        copies_per_degree: How many copies of V one point of a class stands for.
    """

    is_self_conjugate: ClassVar[bool] = True
    scalars: ClassVar[str]
    has_blocks: ClassVar[bool] = False
    has_form: bool = False
    copies_per_degree: ClassVar[int] = 1

    def degree(self, num_copies: int) -> int:
        """The degree k of a product with so many copies of V: what a class is a partition of."""
        return num_copies // self.copies_per_degree

    @abstractmethod
    def imbalance(self, name: str, num_plain: int, num_conjugated: int) -> str | None:
        """Why the symmetry of the measure makes a product vanish, if it does."""

    @abstractmethod
    def design_order(self, num_plain: int, num_conjugated: int) -> int:
        """The order of the designs that average a product with so many copies of V and V*."""

    @abstractmethod
    def num_matching(self, plain: Counter[Met], conjugated: Counter[Met]) -> int:
        """The number of ways that glue equal things only, given how many copies meet each thing on a side."""

    @abstractmethod
    def rows(self, allowed: Sequence[Sequence[bool]]) -> Rows:
        """All ways that glue copies only where ``allowed``, one a row.

        Raises:
            CostError: If there are too many copies.
        """

    @abstractmethod
    def pair_classes(self, left: Rows, right: Rows) -> Iterator[PairClasses]:
        """For each row of ``left`` the classes of its pairs with the rows of ``right``, and the factors before them."""

    @abstractmethod
    def blocks(self, way: Sequence[int]) -> Sequence[tuple[int, ...]]:
        """The slots that a way glues together."""

    # -- one by one, for the definition ----------------------------------------------------------------

    @staticmethod
    @abstractmethod
    def num_ways(degree: int, /) -> int:
        """The number of ways."""

    @abstractmethod
    def every(self, degree: int) -> list[Way]:
        """All ways."""

    @abstractmethod
    def classes_of_pair(self, left: Way, right: Way) -> Iterator[tuple[Partition, int]]:
        """The classes of a pair and the factors before their weights, from their definition."""

    @abstractmethod
    def text(self, way: Way) -> str:
        """A way as people write it."""

    # -- in common -------------------------------------------------------------------------------------

    def num_terms(self, degree: int) -> int:
        """The number of pairs, each counted once for every class that it has."""
        return self.num_ways(degree) ** 2

    def relabelled(self, rows: Rows, alpha: Rows, beta: Rows) -> Rows:
        """The ways after copies a of V became α(a) and those of V* β(a): σ becomes β σ α⁻¹."""
        image = np.empty_like(rows)
        image[:, alpha] = beta[rows]
        return image

    def orbits(self, rows: Rows, generators: Sequence[tuple[Rows, Rows]]) -> tuple[Rows, Rows]:
        """One row of each orbit under relabelling the copies, and the size of the orbit.

        Args:
            rows: All ways to glue; closed under the generators.
            generators: Pairs (α, β) that relabel the copies of V and those of V*; equal if these are the same.

        Returns:
            The places of the chosen rows and the sizes.
        """
        n, k = rows.shape
        if n < 2 or not generators:  # noqa: PLR2004 - nothing to identify
            return np.arange(n), np.ones(n, dtype=np.int64)
        powers = np.int64(k) ** np.arange(k, dtype=np.int64)
        codes = rows @ powers
        order = np.argsort(codes)
        moved = np.concatenate([self.relabelled(rows, alpha, beta) @ powers for alpha, beta in generators])
        source, target = (
            np.tile(np.arange(n), len(generators)),
            order[np.searchsorted(codes, moved, sorter=order)],
        )
        graph = sparse.coo_array((np.ones(len(source), dtype=np.int8), (source, target)), shape=(n, n))
        _, label = csgraph.connected_components(graph, directed=False)
        _, chosen, sizes = np.unique(label, return_index=True, return_counts=True)
        return chosen, sizes

    def num_classes(self, degree: int) -> int:
        """The number of classes of pairs."""
        return len(partitions(degree))

    def class_of(self, number: int, degree: int) -> Partition:
        """The class of that number."""
        return partitions(degree)[number]


class Permutations(Ways):
    """Permutations of k copies of V against k copies of V*; the class of (σ, τ) is the cycle type of σ⁻¹τ.

    Examples:
        >>> Permutations().blocks((1, 0)), Permutations().imbalance("U", 2, 1)
        ([(0, 3), (1, 2)], 'U occurs 2 times and its conjugate once')
    """

    is_self_conjugate = False
    scalars = "phases"
    num_ways = staticmethod(factorial)

    def imbalance(self, name: str, num_plain: int, num_conjugated: int) -> str | None:
        if num_plain == num_conjugated:
            return None
        return f"{name} occurs {_times(num_plain)} and its conjugate {_times(num_conjugated)}"

    def design_order(self, num_plain: int, num_conjugated: int) -> int:
        return max(num_plain, num_conjugated)

    def num_matching(self, plain: Counter[Met], conjugated: Counter[Met]) -> int:
        return prod(map(factorial, plain.values())) if plain == conjugated else 0

    def rows(self, allowed: Sequence[Sequence[bool]]) -> Rows:
        return allowed_rows(allowed)

    def pair_classes(self, left: Rows, right: Rows) -> Iterator[PairClasses]:
        ones = np.ones(len(right), dtype=np.int64)
        for i, numbers in permutation_classes(left, right):
            yield i, slice(None), numbers, ones

    def blocks(self, way: Sequence[int]) -> list[tuple[int, ...]]:
        k = len(way)
        return [(a, k + b) for a, b in enumerate(way)]

    def every(self, degree: int) -> list[Way]:
        return list(symmetric_group(degree))

    def classes_of_pair(self, left: Way, right: Way) -> Iterator[tuple[Partition, int]]:
        yield cycle_type(compose(inverse(left), right)), 1

    def text(self, way: Way) -> str:
        return cycles_text(way)


class Pairings(Ways):
    """Pairings of 2k copies; the class of (p, q) is their coset type.

    Examples:
        >>> Pairings().blocks((1, 0, 3, 2)), Pairings().imbalance("R", 3, 0)
        ([(0, 1), (2, 3)], 'R occurs 3 times, an odd number')
    """

    scalars = "a change of sign"
    copies_per_degree = 2
    num_ways = staticmethod(num_pairings)

    def __init__(self, *, has_form: bool = False) -> None:
        self.has_form = has_form

    def imbalance(self, name: str, num_plain: int, num_conjugated: int) -> str | None:
        number = num_plain + num_conjugated
        return f"{name} occurs {_times(number)}, an odd number" if number % 2 else None

    def design_order(self, num_plain: int, num_conjugated: int) -> int:
        """Half the degree: a t-design averages every polynomial of degree ≤ 2t in the entries."""
        return (num_plain + num_conjugated + 1) // 2

    def num_matching(self, plain: Counter[Met], conjugated: Counter[Met]) -> int:  # noqa: ARG002 - the same
        return prod(num_pairings(m // 2) if m % 2 == 0 else 0 for m in plain.values())

    def rows(self, allowed: Sequence[Sequence[bool]]) -> Rows:
        return allowed_rows(allowed, are_pairings=True)

    def pair_classes(self, left: Rows, right: Rows) -> Iterator[PairClasses]:
        signs, right_signs = (
            pairing_signs(rows) if self.has_form else np.ones(len(rows), dtype=np.int64)
            for rows in (left, right)
        )
        for i, p in enumerate(left):
            numbers = class_numbers(p[right], repeats=2)
            yield i, slice(None), numbers, right_signs if signs[i] > 0 else -right_signs

    def blocks(self, way: Sequence[int]) -> list[tuple[int, int]]:
        return [(a, b) for a, b in enumerate(way) if a < b]

    def every(self, degree: int) -> list[Way]:
        return list(map(tuple, all_involutions(2 * degree).tolist()))

    def classes_of_pair(self, left: Way, right: Way) -> Iterator[tuple[Partition, int]]:
        p, q = (tuple(self.blocks(way)) for way in (left, right))
        yield coset_type(p, q), pairing_sign(p) * pairing_sign(q) if self.has_form else 1

    def text(self, way: Way) -> str:
        """The pairs."""
        return "{" + " ".join(f"{a}{b}" if b < 10 else f"{a}-{b}" for a, b in self.blocks(way)) + "}"  # noqa: PLR2004 - two digits


def cycles_text(permutation: Way) -> str:
    """Its cycles without fixed points."""
    moved = [cycle for cycle in cycles(permutation) if len(cycle) > 1]
    return "".join(f"({' '.join(map(str, cycle))})" for cycle in moved) or "id"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


# -- all ways in arrays ----------------------------------------------------------------------------------------


def allowed_rows(allowed: Sequence[Sequence[bool]], *, are_pairings: bool = False) -> Rows:
    """The permutations σ with ``allowed[a][σ(a)]`` for every a, or the pairings among them, in lexicographic order.

    Raises:
        CostError: If there are too many copies.
    """
    k = len(allowed)
    if are_pairings and k % 2:
        return np.zeros((0, k), dtype=np.int64)
    are_free = all(
        may or (are_pairings and a == b) for a, row in enumerate(allowed) for b, may in enumerate(row)
    )
    largest = (_LARGEST_PAIRED if are_pairings else _LARGEST_PERMUTED) if are_free else _LARGEST_CONSTRAINED
    if k > largest:
        raise CostError(
            f"{k} copies of one random matrix would not finish: they have "
            f"{'(k − 1)!! pairings' if are_pairings else 'k! permutations'}; the largest number is {largest}"
        )
    if are_free:
        return all_involutions(k) if are_pairings else np.asarray(all_permutations(k))
    found = list(islice(_extended([-1] * k, allowed, are_pairings=are_pairings), _LARGEST_NUM_ROWS + 1))
    if len(found) > _LARGEST_NUM_ROWS:
        raise CostError(
            f"the indices leave more than {_LARGEST_NUM_ROWS} ways to pair the copies of one random matrix; "
            "pass an integrand of lower degree"
        )
    return np.array(found, dtype=np.int64).reshape(len(found), k)


def _extended(
    images: list[int], allowed: Sequence[Sequence[bool]], *, are_pairings: bool
) -> Iterator[list[int]]:
    """Every allowed row that begins as ``images`` does, where −1 is open."""
    if -1 not in images:
        yield images
        return
    a = images.index(-1)
    for b, may_go in enumerate(allowed[a]):
        if may_go and (a < b and images[b] < 0 if are_pairings else b not in images):
            extended = images.copy()
            extended[a] = b
            if are_pairings:
                extended[b] = a
            yield from _extended(extended, allowed, are_pairings=are_pairings)


@lru_cache(maxsize=8)  # of every even number of points up to the largest that is paired
def all_involutions(num_points: int) -> Rows:
    """All pairings of an even number of points, as involutions."""
    rows = np.empty((num_pairings(num_points // 2), num_points), dtype=np.int64)
    for row, pairing in zip(rows, pairings(num_points), strict=True):
        for a, b in pairing:
            row[a], row[b] = b, a
    rows.flags.writeable = False
    return rows


def pairing_signs(rows: Rows) -> Rows:
    """The sign (−1)^crossings of each pairing; see ``combinatorics.pairing_sign``."""
    m = rows.shape[1]
    crossings = np.zeros(len(rows), dtype=np.int64)
    for a in range(m):
        for b in range(a + 1, m):
            crossings += (b < rows[:, a]) & (rows[:, a] < rows[:, b])
    return 1 - 2 * (crossings % 2)


def permutation_classes(left: Rows, right: Rows) -> Iterator[tuple[int, Rows]]:
    """For each row σ of ``left`` its place and the class numbers of σ⁻¹τ for all rows τ of ``right``."""
    k = left.shape[1]
    if k > _LARGEST_PERMUTED:
        for i, sigma in enumerate(left):
            moved = np.empty_like(right)
            moved[:, sigma] = right  # τ σ⁻¹, of the class of σ⁻¹ τ
            yield i, class_numbers(moved)
        return
    table = _class_table(k)
    transposed = np.ascontiguousarray(right.T).astype(np.float64)
    weights = np.where(left == k - 1, 0.0, float(max(k, 1)) ** left)  # τ σ⁻¹, without its last image
    step = max(1, _CHUNK // max(1, len(right)))
    for start in range(0, len(left), step):
        codes = (weights[start : start + step] @ transposed).astype(np.int64)
        yield from enumerate(table[codes], start)


@lru_cache(maxsize=_LARGEST_PERMUTED + 1)
def _class_table(k: int) -> NDArray[np.int16]:
    """The class number of a permutation by the code Σ_{i<k−1} π(i) k^i."""
    table = np.zeros(max(k, 1) ** max(k - 1, 0), dtype=np.int16)
    every = all_permutations(k)
    powers = np.array([k**i if i < k - 1 else 0 for i in range(k)], dtype=np.int64)
    table[every @ powers] = class_numbers(every)
    return table


def weighted_counts(numbers: Rows, signs: Rows, size: int) -> Rows:
    """How often each number below ``size`` occurs, each time with its sign."""
    return np.rint(np.bincount(numbers, weights=signs, minlength=size)).astype(np.int64)
