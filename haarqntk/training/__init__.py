"""Real training: circuits with gradients, gradient descent, what the kernel does along a run, diagnoses before it.

Circuits are values; their outputs, Jacobians and second derivatives come from batched state vectors. This room
knows no average over circuits: the exact rooms and ``dynamics`` have those, and the front doors put both side by
side. What a diagnosis predicts, it takes from the model's own Jacobian.
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
from haarqntk.training._study import diagnostics_study
from haarqntk.training._study_findings import StudyFinding
from haarqntk.training._study_models import StudyModel, StudyRun
from haarqntk.training._study_values import DiagnosticsStudy

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
