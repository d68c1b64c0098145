"""Training of simulated circuits: derivatives, gradient descent, what the kernel does on the way, diagnoses before it.

Circuits are values; their outputs, Jacobians and second derivatives come from batched state vectors. No average over
circuits is known here: the exact formulas and ``dynamics`` have those, and ``studies`` puts both side by side. What a
diagnosis predicts, it takes from the model's own Jacobian. Random circuits whose gates differ from sample to sample
are those of ``montecarlo``.
"""

from haarqntk.training._ansatz import (
    Encoding,
    circuit_of_ansatz,
    hamiltonian_variational,
    hardware_efficient,
    prl_circuit,
)
from haarqntk.training._circuit import FixedGate, ParametrisedCircuit, PauliRotation
from haarqntk.training._derivatives import (
    KernelStatistics,
    fixed_kernels,
    kernel_matrix,
    kernel_statistics,
    meta_kernels,
    outputs,
    outputs_and_jacobian,
)
from haarqntk.training._diagnose import diagnose, diagnose_circuit
from haarqntk.training._diagnosis import Diagnosis
from haarqntk.training._gradient_descent import train
from haarqntk.training._ising import ising_magnetisation
from haarqntk.training._observable import Observable
from haarqntk.training._run import TrainingRun, check_step_size
from haarqntk.training._study import DiagnosticsStudy, diagnostics_study
from haarqntk.training._study_findings import StudyFinding, StudyModel, StudyRun

__all__ = [
    "Diagnosis",
    "DiagnosticsStudy",
    "Encoding",
    "FixedGate",
    "KernelStatistics",
    "Observable",
    "ParametrisedCircuit",
    "PauliRotation",
    "StudyFinding",
    "StudyModel",
    "StudyRun",
    "TrainingRun",
    "check_step_size",
    "circuit_of_ansatz",
    "diagnose",
    "diagnose_circuit",
    "diagnostics_study",
    "fixed_kernels",
    "hamiltonian_variational",
    "hardware_efficient",
    "ising_magnetisation",
    "kernel_matrix",
    "kernel_statistics",
    "meta_kernels",
    "outputs",
    "outputs_and_jacobian",
    "prl_circuit",
    "train",
]
