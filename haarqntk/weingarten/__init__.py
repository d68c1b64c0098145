"""Weingarten functions: the class functions on S_k that integrate over the unitary group.

``weingarten`` and ``weingarten_table`` are the front; ``_unitary.py`` computes by characters, ``_definition.py``
by inverting the Gram matrix, which is what the function is defined by. Dimensions below k take the
pseudo-inverse.
"""

from haarqntk.weingarten._function import GROUPS, WeingartenFunction, weingarten, weingarten_table

__all__ = ["GROUPS", "WeingartenFunction", "weingarten", "weingarten_table"]
