"""Studies: predictions from the exact moments beside real training runs, as sections of the report.

A front door in several files: it joins the exact rooms and ``dynamics`` with ``montecarlo`` and ``training``, which
share no code, and writes through ``export``.
"""

from haarqntk.studies._experiment import Experiment, load_experiment

__all__ = ["Experiment", "load_experiment"]
