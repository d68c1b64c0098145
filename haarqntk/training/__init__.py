"""Real models and their runs: what is diagnosed before a training, and what the training does."""

from haarqntk.training._diagnose import diagnose
from haarqntk.training._diagnosis import Diagnosis
from haarqntk.training._ising import ising_magnetisation

__all__ = ["Diagnosis", "diagnose", "ising_magnetisation"]
