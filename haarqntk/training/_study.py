"""The study of circuit diagnostics remade: four families, trained at the critical learning rate.

What the source leaves open, or what is chosen otherwise here:
- data: the magnetisation per spin along the field of a ring, h = −5, −4.5 … 4.5, by exact diagonalisation; every
  second field is a data point, the others are test points; field i of N enters as x = π(i + 1/2)/N;
- low frequency: x enters once, before the first layer; high frequency: before every layer (``Encoding.named``);
- Hamiltonian variational ansatz with an angle for each gate; hardware-efficient ansatz with Y and Z rotations and
  CZ on a ring: both have 2n angles in a layer;
- the observable is X of one qubit, on a ring of spins the magnetisation per spin. The mean over the qubits
  reaches ±1 on one state only, and was found far from lazy at these sizes;
- labels also at a fraction: ±1 is the edge of what the observable reaches, where no kernel stays frozen.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import Tabled, read_only
from haarqntk.checks import callback, generator, integer, real_number
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.montecarlo import random_angles
from haarqntk.training._ansatz import hamiltonian_variational, hardware_efficient
from haarqntk.training._derivatives import outputs
from haarqntk.training._diagnose import diagnose_circuit
from haarqntk.training._diagnosis import r_squared
from haarqntk.training._gradient_descent import train
from haarqntk.training._ising import DEFAULT_FIELDS, ising_magnetisation
from haarqntk.training._observable import Observable
from haarqntk.training._study_findings import StudyModel, StudyRun, findings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from haarqntk.training._circuit import ParametrisedCircuit
    from haarqntk.training._diagnosis import Diagnosis
    from haarqntk.training._study_findings import StudyFinding

    Real = NDArray[np.float64]

ANSATZES: dict[str, Callable[..., ParametrisedCircuit]] = {
    "hamiltonian_variational": partial(hamiltonian_variational, per_gate=True),
    "hardware_efficient": hardware_efficient,
}
ENCODINGS = ("low", "high")
LARGEST_WORK = 10**10  # amplitudes turned: about an hour
_RECORDED = 12
_WIDTH = 80


def _score(value: float) -> str:
    return f"{value:.2f}" if value > -10 else f"{value:.0e}"  # noqa: PLR2004 - width


_COLUMNS: tuple[
    tuple[str, int, str, Callable[[Any], str]], ...
] = (  # head, width, name in a row, text of a value
    ("", 3, "ansatz", {"hamiltonian_variational": "HVA", "hardware_efficient": "HEA"}.__getitem__),
    ("enc", 4, "encoding", str),
    ("layers", 6, "layers", str),
    ("p", 4, "num_parameters", str),
    ("rank", 4, "rank", str),
    ("λ_min", 7, "smallest_eigenvalue", "{:.1e}".format),
    ("κ", 7, "condition_number", "{:.1e}".format),
    ("labels", 6, "label_scale", "{:.2g}".format),
    ("deviat.", 7, "deviation", "{:.3f}".format),
    ("ΔK/K", 5, "kernel_change", "{:.2f}".format),
    ("R²pred", 6, "predicted_test_r_squared", _score),
    ("R²train", 7, "trained_test_r_squared", _score),
)


def diagnostics_study(
    rng: np.random.Generator,
    *,
    num_qubits: int = 6,
    layers: Sequence[int] = (2, 4, 8, 16),
    initialisations: int = 3,
    steps: int = 60,
    label_scales: Sequence[float] = (1.0, 0.3),
    c: float = 1.0,
    progress: Callable[[int], object] | None = None,
) -> DiagnosticsStudy:
    """Diagnose two ansatzes with two encodings at several depths, train them, and say what is seen.

    Every model is diagnosed at several random initialisations; the first of them is trained at the critical
    learning rate, once for each label scale. The defaults take about half a minute on two cores.

    Args:
        rng: Where the initial angles are drawn from; every model has a stream of its own.
        num_qubits: n ≥ 3, qubits and spins.
        layers: Increasing numbers of layers, at least two.
        initialisations: How many are diagnosed for each model, ≥ 1.
        steps: Of gradient descent, ≥ 1.
        label_scales: Decreasing factors of the labels.
        c: The learning rate is c/λ_max.
        progress: Called with the number of steps finished since its last call; 4 · layers · label scales · steps
            in all.

    Returns:
        Models, runs and findings.

    Raises:
        InputError: If a number is out of range; CostError if the study would take more than hours.
        InputTypeError: If an argument is of the wrong kind.

    Examples:
        >>> study = diagnostics_study(
        ...     np.random.default_rng(1), num_qubits=3, layers=(1, 2), initialisations=1, steps=2)
        >>> len(study.models), len(study.runs)
        (8, 16)

    Reference:
        [scala2025]; derivations/16_diagnostics.md.
    """
    generator(rng)
    callback("progress", progress)
    n, steps = integer("num_qubits", num_qubits, at_least=3), integer("steps", steps, at_least=1)
    count = integer("initialisations", initialisations, at_least=1)
    for name, values in (("layers", layers), ("label_scales", label_scales)):
        if not isinstance(values, Iterable):
            raise InputTypeError(f"{name} must be a list of numbers, got {values!r}")
    depths = tuple(integer("layers", depth, at_least=1) for depth in layers)
    scales = tuple(real_number("label_scales", scale, positive=True) for scale in label_scales)
    if len(depths) < 2 or any(a >= b for a, b in pairwise(depths)):  # noqa: PLR2004 - a trend
        raise InputError(f"layers must increase and be at least two numbers, got {depths}")
    if not scales or any(a <= b for a, b in pairwise(scales)):
        raise InputError(f"label_scales must decrease and be at least one number, got {scales}")
    gates, points = 4 * sum(4 * n * depth for depth in depths), len(DEFAULT_FIELDS) // 2
    if (work := gates * 2**n * points * len(scales) * steps) > LARGEST_WORK:
        raise CostError(
            f"the study must turn at most {LARGEST_WORK:.0e} amplitudes, got {work:.1e}; "
            "take fewer qubits, layers or steps"
        )
    data, families = _Data(n), list(product(ANSATZES, ENCODINGS))
    models, runs = [], []
    for (ansatz, encoding), family_rng in zip(families, rng.spawn(len(families)), strict=True):
        for depth, stream in zip(depths, family_rng.spawn(len(depths)), strict=True):
            angles = random_angles(count, 2 * n * depth, stream)
            circuit = ANSATZES[ansatz](n, depth, encoding=encoding)
            diagnoses = tuple(data.diagnosed(circuit, theta, c) for theta in angles)
            model = StudyModel(ansatz, encoding, depth, diagnoses)
            models.append(model)
            runs += [
                data.trained(circuit, model, angles[0], scale=scale, steps=steps, progress=progress)
                for scale in scales
            ]
    return DiagnosticsStudy(data.fields, data.targets, data.train, data.test, tuple(models), tuple(runs))


class _Data:
    """The data set, split into data points and test points."""

    def __init__(self, num_qubits: int) -> None:
        self.fields = np.array(DEFAULT_FIELDS)
        self.targets = ising_magnetisation(num_qubits, self.fields)
        size = self.fields.size
        self.features = (np.pi * (np.arange(size) + 0.5) / size)[:, np.newaxis]
        self.train, self.test = np.arange(0, size, 2), np.arange(1, size, 2)
        self.observable = Observable.pauli("X" + "I" * (num_qubits - 1))

    def diagnosed(self, circuit: ParametrisedCircuit, angles: Real, c: float) -> Diagnosis:
        """At these angles, labels as they are."""
        return diagnose_circuit(
            circuit,
            self.observable,
            self.targets[self.train],
            features=self.features[self.train],
            angles=angles,
            test_features=self.features[self.test],
            test_targets=self.targets[self.test],
            c=c,
            pseudo_inverse=True,
        )

    def trained(
        self,
        circuit: ParametrisedCircuit,
        model: StudyModel,
        angles: Real,
        *,
        scale: float,
        steps: int,
        progress: Callable[[int], object] | None,
    ) -> StudyRun:
        """From these angles, with scaled labels."""
        targets = scale * self.targets
        diagnosis = model.diagnoses[0].with_targets(targets[self.train], targets[self.test])
        run = train(
            circuit,
            self.observable,
            targets[self.train],
            learning_rate=diagnosis.learning_rate,
            steps=steps,
            features=self.features[self.train],
            angles=angles,
            record_every=max(1, steps // _RECORDED),
            progress=progress,
        )
        inferred = outputs(circuit, self.observable, run.final_angles[0], self.features[self.test])
        scored = r_squared(targets[self.test], inferred)
        return StudyRun(model.ansatz, model.encoding, model.layers, scale, diagnosis, run, inferred, scored)


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
            >>> rng = np.random.default_rng(1)
            >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
            >>> row = study.rows()[1]
            >>> row["ansatz"], row["num_parameters"], row["label_scale"]
            ('hamiltonian_variational', 6, 0.3)
        """
        models = {(m.ansatz, m.encoding, m.layers): m for m in self.models}
        of_model = ("num_parameters", "rank", "smallest_eigenvalue", "condition_number", "decay_time")
        of_run = ("label_scale", "deviation", "kernel_change", "steps_to_learn", "remaining_loss")
        return [
            {
                **{name: getattr(run, name) for name in ("ansatz", "encoding", "layers")},
                **{name: getattr(models[run.ansatz, run.encoding, run.layers], name) for name in of_model},
                **{name: getattr(run, name) for name in of_run},
                "predicted_test_r_squared": run.diagnosis.test_r_squared,
                "trained_test_r_squared": run.test_r_squared,
            }
            for run in self.runs
        ]

    def summary(self) -> str:
        """The table and the findings as text, 80 columns.

        HVA and HEA are the ansatzes, p the number of parameters; λ_min and κ are those on the kernel's range,
        geometric means over the initialisations; labels is the label scale, deviat. the largest deviation of
        the outputs from the prediction, ΔK/K the change of the kernel; R² on the test points, predicted for
        t → ∞ and trained.

        Examples:
            >>> rng = np.random.default_rng(1)
            >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
            >>> print(study.summary().splitlines()[0])
                 enc layers    p rank   λ_min       κ labels deviat.  ΔK/K R²pred R²train
        """
        lines = [" ".join(f"{head:>{width}}" for head, width, _, _ in _COLUMNS)]
        lines += [
            " ".join(f"{shown(row[name]):>{width}}" for _, width, name, shown in _COLUMNS)
            for row in self.rows()
        ]
        for finding in self.findings:
            lines += textwrap.wrap(str(finding), _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        return "\n".join(lines)

    @cached_property
    def findings(self) -> tuple[StudyFinding, ...]:
        """The statements of the source, each judged by comparisons whose candidates are fixed beforehand.

        Examples:
            >>> rng = np.random.default_rng(1)
            >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
            >>> study.findings[0].statement
            'λ_min grows with the number of parameters'
        """
        return findings(self.models, self.runs)

    def facts(self) -> dict[str, str]:
        """The size of the study and its verdicts, for a notebook.

        Examples:
            >>> rng = np.random.default_rng(1)
            >>> study = diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=4)
            >>> study.facts()["study"]
            '8 models, 16 runs, 10 data points, 10 test points'
        """
        points = f"{len(self.train)} data points, {len(self.test)} test points"
        size = {"study": f"{len(self.models)} models, {len(self.runs)} runs, {points}"}
        return size | {finding.statement: finding.verdict for finding in self.findings}
