"""haarqntk: exact Haar averages of quantum neural tangent kernels: derive, verify by simulation, export.

>>> import haarqntk as hq
>>> hq.formula("kernel_mean").to_sympy()
2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)

Names are loaded at first use, so importing the package costs nothing; ``hq.D``, ``hq.L`` and ``hq.T(j)`` are
the SymPy symbols that results are written in.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from haarqntk._symbols import T
    from haarqntk.circuits import Circuit, LayerIndex, layer_indices, sum_over
    from haarqntk.haar import (
        HaarState,
        Integral,
        MatrixExpression,
        ScalarExpression,
        circular_orthogonal,
        circular_symplectic,
        expect,
        haar_orthogonal,
        haar_state,
        haar_symplectic,
        haar_unitary,
        identity,
        kron,
        matrices,
        partial_trace,
        symplectic_form,
        tr,
    )
    from haarqntk.montecarlo import Estimate, simulate
    from haarqntk.qntk import (
        EigenvalueFormula,
        Formula,
        Ratio,
        Series,
        check_claim,
        covariance,
        cumulant,
        formula,
        formulas,
        mean,
        parse_moment,
        variance,
    )
    from haarqntk.weingarten import WeingartenFunction, weingarten, weingarten_table

    D: Any
    L: Any

__version__ = "0.1.0"

_HOMES = {
    "Circuit": "haarqntk.circuits",
    "EigenvalueFormula": "haarqntk.qntk",
    "Estimate": "haarqntk.montecarlo",
    "Formula": "haarqntk.qntk",
    "HaarState": "haarqntk.haar",
    "Integral": "haarqntk.haar",
    "LayerIndex": "haarqntk.circuits",
    "MatrixExpression": "haarqntk.haar",
    "Ratio": "haarqntk.qntk",
    "ScalarExpression": "haarqntk.haar",
    "Series": "haarqntk.qntk",
    "T": "haarqntk._symbols",
    "WeingartenFunction": "haarqntk.weingarten",
    "check_claim": "haarqntk.qntk",
    "circular_orthogonal": "haarqntk.haar",
    "circular_symplectic": "haarqntk.haar",
    "covariance": "haarqntk.qntk",
    "cumulant": "haarqntk.qntk",
    "expect": "haarqntk.haar",
    "formula": "haarqntk.qntk",
    "formulas": "haarqntk.qntk",
    "haar_orthogonal": "haarqntk.haar",
    "haar_state": "haarqntk.haar",
    "haar_symplectic": "haarqntk.haar",
    "haar_unitary": "haarqntk.haar",
    "identity": "haarqntk.haar",
    "kron": "haarqntk.haar",
    "layer_indices": "haarqntk.circuits",
    "matrices": "haarqntk.haar",
    "mean": "haarqntk.qntk",
    "parse_moment": "haarqntk.qntk",
    "partial_trace": "haarqntk.haar",
    "simulate": "haarqntk.montecarlo",
    "sum_over": "haarqntk.circuits",
    "symplectic_form": "haarqntk.haar",
    "tr": "haarqntk.haar",
    "variance": "haarqntk.qntk",
    "weingarten_table": "haarqntk.weingarten",
}
_SYMBOLS = ("D", "L")

__all__ = [
    "Circuit",
    "D",
    "EigenvalueFormula",
    "Estimate",
    "Formula",
    "HaarState",
    "Integral",
    "L",
    "LayerIndex",
    "MatrixExpression",
    "Ratio",
    "ScalarExpression",
    "Series",
    "T",
    "WeingartenFunction",
    "check_claim",
    "circular_orthogonal",
    "circular_symplectic",
    "covariance",
    "cumulant",
    "expect",
    "formula",
    "formulas",
    "haar_orthogonal",
    "haar_state",
    "haar_symplectic",
    "haar_unitary",
    "identity",
    "kron",
    "layer_indices",
    "matrices",
    "mean",
    "parse_moment",
    "partial_trace",
    "simulate",
    "sum_over",
    "symplectic_form",
    "tr",
    "variance",
    "weingarten",
    "weingarten_table",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif name in _SYMBOLS:
        value = import_module("haarqntk._symbols").symbol(name)
    else:
        raise AttributeError(f"module 'haarqntk' has no attribute {name!r}")
    globals()[name] = value
    return value


class _Package(ModuleType):
    """The package; the function ``weingarten`` keeps its name when the room ``haarqntk.weingarten`` is imported.

    Importing a room binds it as an attribute of the package. A property outranks that binding, and the room
    stays reachable by ``from haarqntk.weingarten import …``.
    """

    @property
    def weingarten(self) -> Any:
        return import_module("haarqntk.weingarten").weingarten

    @weingarten.setter
    def weingarten(self, room: ModuleType) -> None:
        """Ignore the room that the import system binds."""


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
