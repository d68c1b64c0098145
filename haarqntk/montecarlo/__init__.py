"""Monte Carlo: a problem, simulated, gives an estimate; an oracle that shares no code with the exact averages.

It draws circuits of an ensemble, differentiates their outputs once or twice and estimates the averages that are
derived elsewhere; it knows no formula for any of them. Three routes do the same thing: ``qutip``, written as on
paper; ``batched``, which the tests hold equal to it and which is the one to use; and ``frames``, of the same law,
which draws no unitaries and is the one for large D.
"""

from haarqntk.montecarlo._ansatz import (
    Ansatz,
    PauliSum,
    fresh_kernels,
    random_angles,
    random_ansatz,
    random_pauli_sum,
)
from haarqntk.montecarlo._estimate import FAMILY_ERROR, LARGEST_Z, Estimate, jackknife, samples_for_verdict
from haarqntk.montecarlo._problem import Problem
from haarqntk.montecarlo._quantities import ensembles, quantities, quantity_of
from haarqntk.montecarlo._simulate import Moments, check_affordable, draw_moments, simulate, values_in_blocks

__all__ = [
    "FAMILY_ERROR",
    "LARGEST_Z",
    "Ansatz",
    "Estimate",
    "Moments",
    "PauliSum",
    "Problem",
    "check_affordable",
    "draw_moments",
    "ensembles",
    "fresh_kernels",
    "jackknife",
    "quantities",
    "quantity_of",
    "random_angles",
    "random_ansatz",
    "random_pauli_sum",
    "samples_for_verdict",
    "simulate",
    "values_in_blocks",
]
