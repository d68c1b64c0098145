"""Studies: predictions from the exact moments beside real training runs, and the figures of the paper made again.

A ``Study`` is a record: what is predicted, the units of work, how both are compared, what is drawn (``_study``,
which also runs and resumes any of them). ``_catalogue`` is their table, ``_experiment`` reads the file of a
user's own. Predictions of the exact rooms and ``dynamics`` meet runs of ``montecarlo`` and ``training``, which
share no code.
"""

from haarqntk.studies._catalogue import STUDIES, figures, study, study_of_file
from haarqntk.studies._diagnosis import diagnosis_figure
from haarqntk.studies._experiment import Experiment, load_experiment
from haarqntk.studies._study import (
    Study,
    ledger_of,
    read_study,
    recorded_sections,
    run_study,
    write_study,
)

__all__ = [
    "STUDIES",
    "Experiment",
    "Study",
    "diagnosis_figure",
    "figures",
    "ledger_of",
    "load_experiment",
    "read_study",
    "recorded_sections",
    "run_study",
    "study",
    "study_of_file",
    "write_study",
]
