"""What the study of circuit diagnostics found: models, runs, and statements with their evidence."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from haarqntk.base import Tabled, read_only
from haarqntk.training._study_findings import findings

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from haarqntk.training._study_findings import StudyFinding
    from haarqntk.training._study_models import StudyModel, StudyRun

    Real = NDArray[np.float64]

_WIDTH = 80
_HEAD = ("", "enc", "layers", "p", "rank", "λ_min", "κ", "labels", "deviat.", "ΔK/K", "R²pred", "R²train")
_WIDTHS = (3, 4, 6, 4, 4, 7, 7, 6, 7, 5, 6, 7)


@dataclass(frozen=True, eq=False, repr=False)
class DiagnosticsStudy(Tabled):
    """The study's data, models, runs and findings.

    Attributes:
        fields: h.
        targets: The magnetisation at each field.
        train: Indices of the data points.
        test: Indices of the test points.
        models: Every family at every depth.
        runs: Their trainings, for each label scale.

    Raises:
        TypeError: If a field is left out.

    Examples:
        >>> import numpy as np
        >>> from haarqntk.training import diagnostics_study
        >>> rng = np.random.default_rng(1)
        >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
        >>> len(study.models), len(study.runs), len(study.findings)
        (8, 16, 9)

    Reference:
        scala2025; derivations/16_diagnostics.md.
    """

    fields: Real
    targets: Real
    train: NDArray[np.int64]
    test: NDArray[np.int64]
    models: tuple[StudyModel, ...]
    runs: tuple[StudyRun, ...]

    def __post_init__(self) -> None:
        for name in ("fields", "targets", "train", "test"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def rows(self) -> list[dict[str, Any]]:
        """The table: one row for each model and label scale, plain values under the names of the columns.

        Examples:
            >>> import numpy as np
            >>> from haarqntk.training import diagnostics_study
            >>> rng = np.random.default_rng(1)
            >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
            >>> row = study.rows()[1]
            >>> row["ansatz"], row["num_parameters"], row["label_scale"]
            ('hamiltonian_variational', 6, 0.3)
        """
        models = {(m.ansatz, m.encoding, m.layers): m for m in self.models}
        return [
            {
                "ansatz": run.ansatz,
                "encoding": run.encoding,
                "layers": run.layers,
                "num_parameters": model.num_parameters,
                "rank": model.rank,
                "smallest_eigenvalue": model.smallest_eigenvalue,
                "condition_number": model.condition_number,
                "decay_time": model.decay_time,
                "label_scale": run.label_scale,
                "deviation": run.deviation,
                "kernel_change": run.kernel_change,
                "steps_to_learn": run.steps_to_learn,
                "remaining_loss": run.remaining_loss,
                "predicted_test_r_squared": run.diagnosis.test_r_squared,
                "trained_test_r_squared": run.test_r_squared,
            }
            for run in self.runs
            for model in [models[run.ansatz, run.encoding, run.layers]]
        ]

    def summary(self) -> str:
        """The table and the findings as text, 80 columns.

        HVA and HEA are the ansatzes, p the number of parameters; λ_min and κ are those on the kernel's range,
        geometric means over the initialisations; labels is the label scale, deviat. the largest deviation of
        the outputs from the prediction, ΔK/K the change of the kernel; R² on the test points, predicted for
        t → ∞ and trained.

        Examples:
            >>> import numpy as np
            >>> from haarqntk.training import diagnostics_study
            >>> rng = np.random.default_rng(1)
            >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
            >>> print(study.summary().splitlines()[0])
                 enc layers    p rank   λ_min       κ labels deviat.  ΔK/K R²pred R²train
        """
        lines = [_line(_HEAD)]
        lines += [
            _line(
                (
                    "HVA" if row["ansatz"] == "hamiltonian_variational" else "HEA",
                    row["encoding"],
                    *(str(row[name]) for name in ("layers", "num_parameters", "rank")),
                    *(f"{row[name]:.1e}" for name in ("smallest_eigenvalue", "condition_number")),
                    f"{row['label_scale']:.2g}",
                    f"{row['deviation']:.3f}",
                    f"{row['kernel_change']:.2f}",
                    *(_score(row[f"{kind}_test_r_squared"]) for kind in ("predicted", "trained")),
                )
            )
            for row in self.rows()
        ]
        for finding in self.findings:
            lines += textwrap.wrap(str(finding), _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        return "\n".join(lines)

    @cached_property
    def findings(self) -> tuple[StudyFinding, ...]:
        """The statements of the source, each judged by comparisons whose candidates are fixed beforehand.

        Examples:
            >>> import numpy as np
            >>> from haarqntk.training import diagnostics_study
            >>> rng = np.random.default_rng(1)
            >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
            >>> study.findings[0].statement
            'λ_min grows with the number of parameters'
        """
        return findings(self.models, self.runs)

    def facts(self) -> dict[str, str]:
        """The size of the study and its verdicts, for a notebook.

        Examples:
            >>> import numpy as np
            >>> from haarqntk.training import diagnostics_study
            >>> rng = np.random.default_rng(1)
            >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
            >>> study.facts()["study"]
            '8 models, 16 runs, 10 data points, 10 test points'
        """
        points = f"{len(self.train)} data points, {len(self.test)} test points"
        size = {"study": f"{len(self.models)} models, {len(self.runs)} runs, {points}"}
        return size | {finding.statement: finding.verdict for finding in self.findings}


def _score(r_squared: float) -> str:
    return f"{r_squared:.2f}" if r_squared > -10 else f"{r_squared:.0e}"  # noqa: PLR2004 - width


def _line(cells: Iterable[str]) -> str:
    return " ".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
