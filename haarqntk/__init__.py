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
    from haarqntk import dynamics, training
    from haarqntk._symbols import T
    from haarqntk.circuits import Circuit, LayerIndex, layer_indices, sum_over
    from haarqntk.export import (
        citation,
        from_json,
        lambdify,
        latex,
        to_c,
        to_json,
        to_maple,
        to_mathematica,
        to_mathml,
        to_python,
    )
    from haarqntk.haar import (
        DesignCheck,
        HaarState,
        Integral,
        MatrixExpression,
        ScalarExpression,
        Twirl,
        TwirledChannel,
        circular_orthogonal,
        circular_symplectic,
        clifford_group,
        expect,
        frame_potential,
        haar_orthogonal,
        haar_state,
        haar_symplectic,
        haar_unitary,
        icosahedral_group,
        identity,
        is_design,
        kron,
        matrices,
        parse_integrand,
        partial_trace,
        pauli_group,
        symplectic_form,
        tr,
        twirl,
        twirl_channel,
    )
    from haarqntk.montecarlo import Estimate, simulate
    from haarqntk.qntk import (
        EigenvalueFormula,
        Formula,
        KernelLaw,
        Ratio,
        Series,
        check_claim,
        covariance,
        cumulant,
        formula,
        formulas,
        kernel_law,
        mean,
        parse_moment,
        variance,
    )
    from haarqntk.studies import diagnosis_figure
    from haarqntk.training import Diagnosis, diagnose, diagnose_circuit
    from haarqntk.weingarten import WeingartenFunction, weingarten, weingarten_table

    D: Any
    L: Any

__version__ = "0.1.0"

_HOMES = {
    "Circuit": "haarqntk.circuits",
    "DesignCheck": "haarqntk.haar",
    "Diagnosis": "haarqntk.training",
    "EigenvalueFormula": "haarqntk.qntk",
    "Estimate": "haarqntk.montecarlo",
    "Formula": "haarqntk.qntk",
    "HaarState": "haarqntk.haar",
    "Integral": "haarqntk.haar",
    "KernelLaw": "haarqntk.qntk",
    "LayerIndex": "haarqntk.circuits",
    "MatrixExpression": "haarqntk.haar",
    "Ratio": "haarqntk.qntk",
    "ScalarExpression": "haarqntk.haar",
    "Series": "haarqntk.qntk",
    "T": "haarqntk._symbols",
    "Twirl": "haarqntk.haar",
    "TwirledChannel": "haarqntk.haar",
    "WeingartenFunction": "haarqntk.weingarten",
    "check_claim": "haarqntk.qntk",
    "circular_orthogonal": "haarqntk.haar",
    "circular_symplectic": "haarqntk.haar",
    "citation": "haarqntk.export",
    "clifford_group": "haarqntk.haar",
    "covariance": "haarqntk.qntk",
    "cumulant": "haarqntk.qntk",
    "diagnose": "haarqntk.training",
    "diagnose_circuit": "haarqntk.training",
    "diagnosis_figure": "haarqntk.studies",
    "expect": "haarqntk.haar",
    "formula": "haarqntk.qntk",
    "formulas": "haarqntk.qntk",
    "frame_potential": "haarqntk.haar",
    "from_json": "haarqntk.export",
    "haar_orthogonal": "haarqntk.haar",
    "haar_state": "haarqntk.haar",
    "haar_symplectic": "haarqntk.haar",
    "haar_unitary": "haarqntk.haar",
    "icosahedral_group": "haarqntk.haar",
    "identity": "haarqntk.haar",
    "is_design": "haarqntk.haar",
    "kernel_law": "haarqntk.qntk",
    "kron": "haarqntk.haar",
    "lambdify": "haarqntk.export",
    "latex": "haarqntk.export",
    "layer_indices": "haarqntk.circuits",
    "matrices": "haarqntk.haar",
    "mean": "haarqntk.qntk",
    "parse_integrand": "haarqntk.haar",
    "parse_moment": "haarqntk.qntk",
    "partial_trace": "haarqntk.haar",
    "pauli_group": "haarqntk.haar",
    "simulate": "haarqntk.montecarlo",
    "sum_over": "haarqntk.circuits",
    "symplectic_form": "haarqntk.haar",
    "to_c": "haarqntk.export",
    "to_json": "haarqntk.export",
    "to_maple": "haarqntk.export",
    "to_mathematica": "haarqntk.export",
    "to_mathml": "haarqntk.export",
    "to_python": "haarqntk.export",
    "tr": "haarqntk.haar",
    "twirl": "haarqntk.haar",
    "twirl_channel": "haarqntk.haar",
    "variance": "haarqntk.qntk",
    "weingarten_table": "haarqntk.weingarten",
}
_ROOMS = ("dynamics", "training")  # public as modules, loaded at first use
_SYMBOLS = ("D", "L")

__all__ = [
    "Circuit",
    "D",
    "DesignCheck",
    "Diagnosis",
    "EigenvalueFormula",
    "Estimate",
    "Formula",
    "HaarState",
    "Integral",
    "KernelLaw",
    "L",
    "LayerIndex",
    "MatrixExpression",
    "Ratio",
    "ScalarExpression",
    "Series",
    "T",
    "Twirl",
    "TwirledChannel",
    "WeingartenFunction",
    "check_claim",
    "circular_orthogonal",
    "circular_symplectic",
    "citation",
    "clifford_group",
    "covariance",
    "cumulant",
    "diagnose",
    "diagnose_circuit",
    "diagnosis_figure",
    "dynamics",
    "expect",
    "formula",
    "formulas",
    "frame_potential",
    "from_json",
    "haar_orthogonal",
    "haar_state",
    "haar_symplectic",
    "haar_unitary",
    "icosahedral_group",
    "identity",
    "is_design",
    "kernel_law",
    "kron",
    "lambdify",
    "latex",
    "layer_indices",
    "matrices",
    "mean",
    "parse_integrand",
    "parse_moment",
    "partial_trace",
    "pauli_group",
    "simulate",
    "sum_over",
    "symplectic_form",
    "to_c",
    "to_json",
    "to_maple",
    "to_mathematica",
    "to_mathml",
    "to_python",
    "tr",
    "training",
    "twirl",
    "twirl_channel",
    "variance",
    "weingarten",
    "weingarten_table",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif name in _ROOMS:
        value = import_module(f"haarqntk.{name}")
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
