"""Integers and permutations: partitions, the symmetric group, its characters, ordered set partitions.

Everything here is integers and tuples; no dimension, no matrix. Conventions (derivations/00_conventions.md):
points count from 0, ``(sigma * tau)(i) = sigma(tau(i))``, fixed points are cycles, partitions decrease and
have no zeros.
"""

from haarqntk.combinatorics._characters import character_column, character_table
from haarqntk.combinatorics._partitions import (
    Partition,
    centralizer_order,
    check_partition,
    class_size,
    contents,
    num_partitions,
    num_standard_tableaux,
    partitions,
)
from haarqntk.combinatorics._permutations import (
    Permutation,
    all_permutations,
    compose,
    cycle_type,
    cycles,
    from_sympy,
    inverse,
    permutation_rank,
    to_sympy,
)
from haarqntk.combinatorics._set_partitions import ordered_set_partitions

__all__ = [
    "Partition",
    "Permutation",
    "all_permutations",
    "centralizer_order",
    "character_column",
    "character_table",
    "check_partition",
    "class_size",
    "compose",
    "contents",
    "cycle_type",
    "cycles",
    "from_sympy",
    "inverse",
    "num_partitions",
    "num_standard_tableaux",
    "ordered_set_partitions",
    "partitions",
    "permutation_rank",
    "to_sympy",
]
