"""Integers and permutations: partitions, the symmetric group, its characters, pairings, set partitions.

Everything here is integers and tuples; no dimension, no matrix. Conventions (derivations/00_conventions.md):
points count from 0, ``(sigma * tau)(i) = sigma(tau(i))``, fixed points are cycles, partitions decrease and
have no zeros.
"""

from haarqntk.combinatorics._characters import character_column, character_table
from haarqntk.combinatorics._noncrossing import noncrossing_moebius, noncrossing_partitions
from haarqntk.combinatorics._pairings import (
    Pairing,
    coset_type,
    num_pairings,
    num_pairings_of_type,
    pairing_sign,
    pairings,
)
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
from haarqntk.combinatorics._set_partitions import (
    num_set_partitions,
    ordered_set_partitions,
    set_partitions,
)
from haarqntk.combinatorics._zonal import zonal_contents, zonal_spherical_function, zonal_table

__all__ = [
    "Pairing",
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
    "coset_type",
    "cycle_type",
    "cycles",
    "from_sympy",
    "inverse",
    "noncrossing_moebius",
    "noncrossing_partitions",
    "num_pairings",
    "num_pairings_of_type",
    "num_partitions",
    "num_set_partitions",
    "num_standard_tableaux",
    "ordered_set_partitions",
    "pairing_sign",
    "pairings",
    "partitions",
    "permutation_rank",
    "set_partitions",
    "to_sympy",
    "zonal_contents",
    "zonal_spherical_function",
    "zonal_table",
]
