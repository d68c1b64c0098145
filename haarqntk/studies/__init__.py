"""Studies: predictions from the exact moments beside real training runs, as sections of the report.

It joins the exact rooms and ``dynamics`` with ``montecarlo`` and ``training``, which
share no code, and writes through ``export``. What is studied comes with the library, or from a file.
"""

from haarqntk.studies._catalogue import STUDIES, study
from haarqntk.studies._depth import depth_section
from haarqntk.studies._diagnose import diagnose_experiment, diagnosis_figure, diagnosis_section
from haarqntk.studies._evidence import Study
from haarqntk.studies._experiment import Experiment, load_experiment
from haarqntk.studies._figures import NUMBERS, make_figure, write_figure
from haarqntk.studies._figures import cost as figure_cost
from haarqntk.studies._figures import plan as plan_figures
from haarqntk.studies._recorded import read_study, recorded_sections, write_study
from haarqntk.studies._train import train_section

__all__ = [
    "NUMBERS",
    "STUDIES",
    "Experiment",
    "Study",
    "depth_section",
    "diagnose_experiment",
    "diagnosis_figure",
    "diagnosis_section",
    "figure_cost",
    "load_experiment",
    "make_figure",
    "plan_figures",
    "read_study",
    "recorded_sections",
    "study",
    "train_section",
    "write_figure",
    "write_study",
]
