"""Permutations of {0, …, k−1} as tuples of images.

``compose(sigma, tau)(i) = sigma(tau(i))``. SymPy composes the other way round; a single permutation means the
same in both, so ``from_sympy`` and ``to_sympy`` are the one place where the two meet.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations as _itertools_permutations
from math import factorial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from haarqntk._lazy import LazyModule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from haarqntk.combinatorics._partitions import Partition

sympy_combinatorics = LazyModule("sympy.combinatorics")

Permutation: TypeAlias = tuple[int, ...]


def compose(sigma: Permutation, tau: Permutation) -> Permutation:
    """The product sigma·tau: first ``tau``, then ``sigma``.

    Examples:
        >>> compose((1, 0, 2), (0, 2, 1))
        (1, 2, 0)
    """
    return tuple(sigma[image] for image in tau)


def inverse(sigma: Permutation) -> Permutation:
    """The inverse permutation.

    Examples:
        >>> inverse((1, 2, 0))
        (2, 0, 1)
    """
    images = [0] * len(sigma)
    for point, image in enumerate(sigma):
        images[image] = point
    return tuple(images)


def cycles(sigma: Permutation) -> tuple[tuple[int, ...], ...]:
    """The cycles (a, σ(a), σ²(a), …), each from its smallest point, fixed points included.

    Examples:
        >>> cycles((1, 0, 2))
        ((0, 1), (2,))
    """
    seen: set[int] = set()
    found = []
    for start in range(len(sigma)):
        if start in seen:
            continue
        cycle = [start]
        while (point := sigma[cycle[-1]]) != start:
            cycle.append(point)
        seen.update(cycle)
        found.append(tuple(cycle))
    return tuple(found)


def cycle_type(sigma: Permutation) -> Partition:
    """The lengths of the cycles, decreasing.

    Examples:
        >>> cycle_type((1, 0, 2))
        (2, 1)
    """
    return tuple(sorted(map(len, cycles(sigma)), reverse=True))


@cache
def all_permutations(k: int) -> NDArray[np.int64]:
    """All of S_k in lexicographic order: a read-only integer array of shape (k!, k)."""
    table = np.array(list(_itertools_permutations(range(k))), dtype=np.int64).reshape(factorial(k), k)
    table.flags.writeable = False
    return table


def permutation_rank(sigma: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each row of ``sigma``, shape (…, k), in ``all_permutations(k)``.

    Examples:
        >>> permutation_rank(all_permutations(3)).tolist()
        [0, 1, 2, 3, 4, 5]
    """
    k = sigma.shape[-1]
    rank = np.zeros(sigma.shape[:-1], dtype=np.int64)
    for place in range(k):
        smaller_later = (sigma[..., place + 1 :] < sigma[..., place, None]).sum(axis=-1)
        rank = rank * (k - place) + smaller_later
    return rank


def from_sympy(permutation: Any) -> Permutation:
    """A ``sympy.combinatorics.Permutation`` as a tuple of images."""
    return tuple(int(image) for image in permutation.array_form)


def to_sympy(sigma: Permutation) -> Any:
    """A tuple of images as a ``sympy.combinatorics.Permutation``.

    The product ``compose(sigma, tau)`` becomes ``to_sympy(tau) * to_sympy(sigma)`` there.
    """
    return sympy_combinatorics.Permutation(list(sigma))
