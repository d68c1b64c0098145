"""Monte Carlo: simulated random circuits, an oracle that shares nothing with the exact rooms.

The only room with floats. It draws circuits of an ensemble, differentiates their outputs once or twice and
estimates the averages that the exact rooms derive; it knows no formula for any of them. Three routes do the
same thing: ``qutip``, written as on paper; ``batched``, which the tests hold equal to it and which is the one
to use; and ``frames``, of the same law, which draws no unitaries and is the one for large D.
"""

from haarqntk.montecarlo._ansatz import (
    Ansatz,
    PauliSum,
    Training,
    fixed_kernels,
    fresh_kernels,
    random_angles,
    random_ansatz,
    random_pauli_sum,
    train,
)
from haarqntk.montecarlo._ensembles import ensembles
from haarqntk.montecarlo._estimate import Estimate
from haarqntk.montecarlo._jackknife import jackknife
from haarqntk.montecarlo._problem import Problem
from haarqntk.montecarlo._quantities import quantities
from haarqntk.montecarlo._simulate import simulate

__all__ = [
    "Ansatz",
    "Estimate",
    "PauliSum",
    "Problem",
    "Training",
    "ensembles",
    "fixed_kernels",
    "fresh_kernels",
    "jackknife",
    "quantities",
    "random_angles",
    "random_ansatz",
    "random_pauli_sum",
    "simulate",
    "train",
]
