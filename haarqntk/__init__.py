"""haarqntk: exact Haar averages of quantum neural tangent kernels: derive, verify by simulation, export.

>>> import haarqntk as hq
>>> hq.formula("kernel_mean").to_sympy()
2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)

Names are loaded at first use, so importing the package costs nothing; ``hq.D``, ``hq.L`` and ``hq.T(j)`` are
the SymPy symbols that results are written in.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from haarqntk.base import render_with

if TYPE_CHECKING:
    from haarqntk import dynamics, training
    from haarqntk.algebra import Series, T
    from haarqntk.circuits import Circuit, LayerIndex, layer_indices, sum_over
    from haarqntk.designs import (
        DesignCheck,
        Twirl,
        TwirledChannel,
        clifford_group,
        frame_potential,
        icosahedral_group,
        is_design,
        pauli_group,
        twirl,
        twirl_channel,
    )
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
    from haarqntk.groups import WeingartenFunction, weingarten, weingarten_table
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
        parse_integrand,
        partial_trace,
        permutation_matrix,
        symplectic_form,
        tr,
    )
    from haarqntk.montecarlo import Estimate, simulate
    from haarqntk.qntk import (
        EigenvalueFormula,
        Formula,
        KernelLaw,
        Ratio,
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

    D: Any
    L: Any

__version__ = "0.1.0"

_NAMES = {
    "algebra": "Series T",
    "circuits": "Circuit LayerIndex layer_indices sum_over",
    "designs": "DesignCheck Twirl TwirledChannel clifford_group frame_potential icosahedral_group is_design "
    "pauli_group twirl twirl_channel",
    "export": "citation from_json lambdify latex to_c to_json to_maple to_mathematica to_mathml to_python",
    "groups": "WeingartenFunction weingarten weingarten_table",
    "haar": "HaarState Integral MatrixExpression ScalarExpression circular_orthogonal circular_symplectic expect "
    "haar_orthogonal haar_state haar_symplectic haar_unitary identity kron matrices parse_integrand partial_trace "
    "permutation_matrix symplectic_form tr",
    "montecarlo": "Estimate simulate",
    "qntk": "EigenvalueFormula Formula KernelLaw Ratio check_claim covariance cumulant formula formulas "
    "kernel_law mean parse_moment variance",
    "studies": "diagnosis_figure",
    "training": "Diagnosis diagnose diagnose_circuit",
}
_HOMES = {name: room for room, names in _NAMES.items() for name in names.split()}
_MODULES = ("dynamics", "training")  # public as modules, loaded at first use
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
    "permutation_matrix",
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


render_with(lambda value, form: str(import_module("haarqntk.export").rendered(value, form)))


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(f"haarqntk.{_HOMES[name]}"), name)
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
