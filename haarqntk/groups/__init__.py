"""Weingarten functions: what integrates over the unitary, the orthogonal and the symplectic group.

``weingarten`` and ``weingarten_table`` are the front. ``_unitary.py`` computes by characters, ``_orthogonal.py`` by
zonal spherical functions, and ``_symplectic.py`` is the orthogonal function at −D. ``_definition.py`` and
``_pairing_definition.py`` invert the Gram matrices that the functions are defined by. Small dimensions take the
pseudo-inverse; ``_asymptotics.py`` expands in 1/D.
"""

from haarqntk.groups._asymptotics import Expansion, leading_term
from haarqntk.groups._function import GROUPS, WeingartenFunction, weingarten, weingarten_table

__all__ = ["GROUPS", "Expansion", "WeingartenFunction", "leading_term", "weingarten", "weingarten_table"]
