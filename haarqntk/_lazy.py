"""Modules loaded at first use.

``haarqntk --help`` and the integer rooms need neither SymPy nor QuTiP, which take 1–3 s to import. A border
that needs one names it at the top of its file, as any import, and pays at the first attribute.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class LazyModule:
    """Stands for the module ``name`` until an attribute of it is asked for.

    Examples:
        >>> LazyModule("math").isqrt(17)
        4
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)
