"""Groups: one record for each kind of random matrix or vector.

``REGISTRY`` holds the records. A ``Group`` says what its diagrams are (``Ways``), what they weigh (``WeightLaw``,
``Weingarten``) and how its letter is declared and named. ``weingarten`` and ``weingarten_table`` are what users call:
``_unitary.py`` computes by characters, ``_orthogonal.py`` by zonal spherical functions, of which the symplectic
function is the value at −D; ``_weingarten.py`` inverts the Gram matrices that the functions are defined by, and expands
in 1/D. Small dimensions take the pseudo-inverse.
"""

from haarqntk.groups._group import Group, WeightLaw
from haarqntk.groups._orthogonal import ORTHOGONAL, SYMPLECTIC
from haarqntk.groups._permutation import PERMUTATION
from haarqntk.groups._unitary import STATE, UNITARY, circular_classes
from haarqntk.groups._ways import Rows, Way, Ways, cycles_text, weighted_counts
from haarqntk.groups._weingarten import (
    GROUPS,
    REGISTRY,
    WEIGHTS,
    Expansion,
    WeingartenFunction,
    leading_term,
    weingarten,
    weingarten_table,
)

__all__ = [
    "GROUPS",
    "ORTHOGONAL",
    "PERMUTATION",
    "REGISTRY",
    "STATE",
    "SYMPLECTIC",
    "UNITARY",
    "WEIGHTS",
    "Expansion",
    "Group",
    "Rows",
    "Way",
    "Ways",
    "WeightLaw",
    "WeingartenFunction",
    "circular_classes",
    "cycles_text",
    "leading_term",
    "weighted_counts",
    "weingarten",
    "weingarten_table",
]
