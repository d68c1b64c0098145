"""haarqntk: exact Haar averages of quantum neural tangent kernels: derive, verify by simulation, export.

>>> import haarqntk as hq
>>> hq.formula("kernel_mean").to_sympy()
2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)

Names are loaded at first use, so importing the package costs nothing; ``hq.D``, ``hq.L`` and ``hq.T(j)`` are
the SymPy symbols that results are written in.
"""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

from haarqntk.base import render_with

__version__ = "0.1.0"

_STUB = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")  # the one list of the public names
_MODULES = re.findall(r"^from haarqntk import (\w+)", _STUB, re.MULTILINE)  # public as modules
_SYMBOLS = re.findall(r"^(\w+): Any", _STUB, re.MULTILINE)
_HOMES = {
    name: room
    for room, names in re.findall(r"^from (haarqntk\.\w+) import ([^)\n]*(?:\n[^)]*)?)", _STUB, re.MULTILINE)
    for name in re.findall(r"(\w+) as", names)
}

__all__ = sorted([*_HOMES, *_MODULES, *_SYMBOLS])  # noqa: PLE0605 - a list, computed

render_with(lambda value, form: str(import_module("haarqntk.export").rendered(value, form)))


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif name in _MODULES:
        value = import_module(f"haarqntk.{name}")
    elif name in _SYMBOLS:
        value = import_module("haarqntk.algebra").symbol(name)
    else:
        raise AttributeError(f"module 'haarqntk' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
