"""Monte Carlo: simulated random circuits, an oracle that shares nothing with the exact rooms.

The only room with floats. It draws circuits of an ensemble, differentiates their outputs once or twice and
estimates the averages that the exact rooms derive; it knows no formula for any of them. Two routes do the
same thing: ``qutip``, written as on paper, and ``batched``, which the tests hold equal to it and which is
the one to use.
"""

from haarqntk.montecarlo._ensembles import ensembles
from haarqntk.montecarlo._estimate import Estimate
from haarqntk.montecarlo._ledger import Ledger, open_ledger
from haarqntk.montecarlo._moments import Moments, draw_moments
from haarqntk.montecarlo._power import (
    DETECTED,
    FAMILY_ERROR,
    POWER,
    family_error,
    largest_z,
    power,
    samples_needed,
)
from haarqntk.montecarlo._problem import Problem
from haarqntk.montecarlo._quantities import quantities
from haarqntk.montecarlo._simulate import check_affordable, simulate

__all__ = [
    "DETECTED",
    "FAMILY_ERROR",
    "POWER",
    "Estimate",
    "Ledger",
    "Moments",
    "Problem",
    "check_affordable",
    "draw_moments",
    "ensembles",
    "family_error",
    "largest_z",
    "open_ledger",
    "power",
    "quantities",
    "samples_needed",
    "simulate",
]
