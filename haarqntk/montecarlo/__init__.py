"""Monte Carlo: simulated random circuits, an oracle that shares nothing with the exact rooms.

The only room with floats. It draws circuits of an ensemble, differentiates their outputs once or twice and
estimates the averages that the exact rooms derive; it knows no formula for any of them. Three routes do the
same thing: ``qutip``, written as on paper; ``batched``, which the tests hold equal to it and which is the one
to use; and ``frames``, of the same law, which draws no unitaries and is the one for large D.
"""

from haarqntk.montecarlo._ansatz import (
    Ansatz,
    PauliSum,
    fresh_kernels,
    random_angles,
    random_ansatz,
    random_pauli_sum,
)
from haarqntk.montecarlo._ensembles import ensembles
from haarqntk.montecarlo._estimate import Estimate
from haarqntk.montecarlo._jackknife import jackknife
from haarqntk.montecarlo._moments import Moments, draw_moments
from haarqntk.montecarlo._power import FAMILY_ERROR, LARGEST_Z, samples_for_verdict
from haarqntk.montecarlo._problem import Problem
from haarqntk.montecarlo._quantities import quantities, quantity_of
from haarqntk.montecarlo._simulate import check_affordable, simulate, values_in_blocks

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
