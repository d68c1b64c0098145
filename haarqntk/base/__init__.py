"""What every room stands on that is neither mathematics nor a check: values, files, matrices that users give."""

from haarqntk.base._defaults import FIGURE_INSTANCES, FIGURE_SAMPLES, REFERENCE_SAMPLES, SAMPLES, SEED
from haarqntk.base._files import (
    Place,
    prepare_folder,
    read_toml,
    write_whole,
)
from haarqntk.base._matrices import (
    check_alike,
    check_factors,
    complex_array,
    hermitian_array,
    is_channel,
    is_matrix,
    is_qobj,
    kets_as_rows,
    kraus_operators,
    plain,
    real_array,
)
from haarqntk.base._records import (
    SCHEMA_VERSION,
    check_version,
    matching,
    read_json,
    read_record,
    short,
    without_repetition,
)
from haarqntk.base._values import Frozen, LazyModule, Shown, Tabled, one_line, render_with, rendered

__all__ = [
    "FIGURE_INSTANCES",
    "FIGURE_SAMPLES",
    "REFERENCE_SAMPLES",
    "SAMPLES",
    "SCHEMA_VERSION",
    "SEED",
    "Frozen",
    "LazyModule",
    "Place",
    "Shown",
    "Tabled",
    "check_alike",
    "check_factors",
    "check_version",
    "complex_array",
    "hermitian_array",
    "is_channel",
    "is_matrix",
    "is_qobj",
    "kets_as_rows",
    "kraus_operators",
    "matching",
    "one_line",
    "plain",
    "prepare_folder",
    "read_json",
    "read_record",
    "read_toml",
    "real_array",
    "render_with",
    "rendered",
    "short",
    "without_repetition",
    "write_whole",
]
