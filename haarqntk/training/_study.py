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

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.checks import integer, real_number
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.montecarlo import random_angles
from haarqntk.training._ansatz import hamiltonian_variational, hardware_efficient
from haarqntk.training._derivatives import outputs
from haarqntk.training._diagnose import diagnose_circuit
from haarqntk.training._diagnosis import r_squared
from haarqntk.training._gradient_descent import train
from haarqntk.training._ising import DEFAULT_FIELDS, ising_magnetisation
from haarqntk.training._observable import Observable
from haarqntk.training._study_models import StudyModel, StudyRun
from haarqntk.training._study_values import DiagnosticsStudy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from haarqntk.training._circuit import ParametrisedCircuit

    Real = NDArray[np.float64]

ANSATZES = ("hamiltonian_variational", "hardware_efficient")
ENCODINGS = ("low", "high")
LARGEST_WORK = 10**10  # amplitudes turned: about an hour
_RECORDED = 12


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
    if not isinstance(rng, np.random.Generator):
        raise InputTypeError(f"rng must be a numpy.random.Generator, got {rng!r}; pass default_rng(seed)")
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
    _check_cost(n, depths, len(scales) * steps)
    data = _Data(n)
    models, runs = [], []
    families = [(ansatz, encoding) for ansatz in ANSATZES for encoding in ENCODINGS]
    for (ansatz, encoding), family_rng in zip(families, rng.spawn(len(families)), strict=True):
        for depth, stream in zip(depths, family_rng.spawn(len(depths)), strict=True):
            angles = random_angles(count, 2 * n * depth, stream)
            model = _diagnosed(data, ansatz, encoding, angles=angles, layers=depth, c=c)
            models.append(model)
            runs += [
                _trained(data, model, angles[0], scale=scale, steps=steps, progress=progress)
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
        self.num_qubits = num_qubits


def _circuit(ansatz: str, encoding: str, num_qubits: int, depth: int) -> ParametrisedCircuit:
    if ansatz == "hardware_efficient":
        return hardware_efficient(num_qubits, depth, encoding=encoding)
    return hamiltonian_variational(num_qubits, depth, per_gate=True, encoding=encoding)


def _diagnosed(data: _Data, ansatz: str, encoding: str, *, layers: int, angles: Real, c: float) -> StudyModel:
    circuit = _circuit(ansatz, encoding, data.num_qubits, layers)
    diagnoses = tuple(
        diagnose_circuit(
            circuit,
            data.observable,
            data.targets[data.train],
            features=data.features[data.train],
            angles=theta,
            test_features=data.features[data.test],
            test_targets=data.targets[data.test],
            c=c,
            pseudo_inverse=True,
        )
        for theta in angles
    )
    return StudyModel(ansatz, encoding, layers, diagnoses)


def _trained(
    data: _Data,
    model: StudyModel,
    angles: Real,
    *,
    scale: float,
    steps: int,
    progress: Callable[[int], object] | None,
) -> StudyRun:
    circuit = _circuit(model.ansatz, model.encoding, data.num_qubits, model.layers)
    targets = scale * data.targets
    diagnosis = model.diagnoses[0].with_targets(targets[data.train], targets[data.test])
    run = train(
        circuit,
        data.observable,
        targets[data.train],
        learning_rate=diagnosis.learning_rate,
        steps=steps,
        features=data.features[data.train],
        angles=angles,
        record_every=max(1, steps // _RECORDED),
        progress=progress,
    )
    inferred = outputs(circuit, data.observable, run.final_angles[0], data.features[data.test])
    trained = r_squared(targets[data.test], inferred)
    return StudyRun(model.ansatz, model.encoding, model.layers, scale, diagnosis, run, inferred, trained)


def _check_cost(num_qubits: int, depths: tuple[int, ...], steps: int) -> None:
    points = len(DEFAULT_FIELDS) // 2
    gates = 4 * sum(4 * num_qubits * depth for depth in depths)
    if (work := gates * 2**num_qubits * points * steps) > LARGEST_WORK:
        raise CostError(
            f"the study must turn at most {LARGEST_WORK:.0e} amplitudes, got {work:.1e}; "
            "take fewer qubits, layers or steps"
        )
