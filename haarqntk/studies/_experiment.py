"""An experiment: circuit, observable, data and training, read from a small TOML file and checked before any work.

Every rule that is broken is one line with the file, the line and the key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from haarqntk.base import Place, read_toml
from haarqntk.checks import integer, one_of, real_number
from haarqntk.errors import HaarqntkError, InputError, UnknownNameError

if TYPE_CHECKING:
    from pathlib import Path

FAMILIES: Final = ("prl", "hardware_efficient", "hamiltonian_variational")
ENCODINGS: Final = ("none", "low", "high")
DATA_SETS: Final = ("ising_magnetisation",)
OBSERVABLES: Final = ("pauli", "terms", "projector", "magnetisation")
CRITICAL: Final = "critical"
MOST_QUBITS, MOST_LAYERS, MOST_STEPS, MOST_RUNS = 12, 2_000, 1_000_000, 10_000
LARGEST_NUMBER: Final = 1e6  # of targets, fields, coefficients and learning rates

_KEYS: Final = {
    "": ("name", "seed", "circuit", "observable", "data", "training", "sampling"),
    "circuit": ("family", "num_qubits", "layers", "encoding"),
    "observable": OBSERVABLES,
    "data": ("target", "set", "points", "test_points", "fields"),
    "training": ("learning_rate", "steps", "initialisations", "every"),
    "sampling": ("samples",),
}


@dataclass(frozen=True, slots=True)
class CircuitChoice:
    """Which circuit.

    Attributes:
        family: One of ``FAMILIES``.
        num_qubits: Number of qubits, from 1.
        layers: Numbers of layers, from 1; one for training and diagnosis, several for ``depth``.
        encoding: How data enters: one of ``ENCODINGS``.
    """

    family: str
    num_qubits: int
    layers: tuple[int, ...]
    encoding: str = "none"


@dataclass(frozen=True, slots=True)
class ObservableChoice:
    """Which observable: its kind and what it is made of.

    Attributes:
        kind: One of ``OBSERVABLES``.
        terms: For "pauli" and "terms" coefficient and Pauli string of each term; empty otherwise.
        text: For "projector" the bits of its state, for "magnetisation" the axis; empty otherwise.
    """

    kind: str
    terms: tuple[tuple[float, str], ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class DataChoice:
    """What is learnt: one target for the input |0…0⟩, or a data set.

    Attributes:
        target: O_0; None with a data set.
        set: One of ``DATA_SETS``; empty with a target.
        points: Training points.
        test_points: Points for inference, between the training points.
        fields: The least and the largest field of the Ising chain.
    """

    target: float | None = None
    set: str = ""
    points: int = 0
    test_points: int = 0
    fields: tuple[float, float] = (0.0, 2.0)


@dataclass(frozen=True, slots=True)
class TrainingChoice:
    """How it is learnt.

    Attributes:
        learning_rate: η > 0; None for the critical one, 1/λ_max of the kernel at the start.
        steps: Steps of gradient descent.
        initialisations: Runs from random angles.
        every: Every how many steps the kernel is recorded.
    """

    learning_rate: float | None = None
    steps: int = 200
    initialisations: int = 1
    every: int = 1


@dataclass(frozen=True, slots=True)
class Experiment:
    """What a file describes.

    Attributes:
        name: The stem of the files that are written.
        seed: The seed of every random number.
        circuit: Which circuit.
        observable: Which observable.
        data: What is learnt; None if the file has no [data].
        training: How it is learnt; None if the file has no [training].
        samples: Random angles at each depth, for ``depth``.
        source: The path that was read, for commands.
    """

    name: str
    seed: int
    circuit: CircuitChoice
    observable: ObservableChoice
    data: DataChoice | None
    training: TrainingChoice | None
    samples: int
    source: str


def load_experiment(path: Path) -> Experiment:
    r"""Read an experiment and check every key of it.

    Args:
        path: A TOML file; ``derivations/15_training.md`` has one of each kind.

    Raises:
        InputError: If the file cannot be read or breaks a rule; the message has file, line and key.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> text = '[circuit]\nfamily = "prl"\nnum_qubits = 2\nlayers = 8\n[observable]\npauli = "ZZ"\n'
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "small.toml"
        ...     _ = path.write_text(text)
        ...     load_experiment(path).circuit
        CircuitChoice(family='prl', num_qubits=2, layers=(8,), encoding='none')

    Reference:
        derivations/15_training.md.
    """
    data, text = read_toml(path, kind="experiment")
    top = _Table(Place(path.name, text), data, "")
    top.require("circuit", "observable")
    tables = {name: top.table(name) for name in ("circuit", "observable", "data", "training", "sampling")}
    circuit = _circuit(tables["circuit"])
    sampling = tables["sampling"]
    return Experiment(
        name=top.word("name", path.stem),
        seed=top.whole("seed", 1, at_least=0),
        circuit=circuit,
        observable=_observable(tables["observable"], circuit.num_qubits),
        data=_data(tables["data"], circuit) if "data" in data else None,
        training=_training(tables["training"]) if "training" in data else None,
        samples=sampling.whole("samples", 500, at_least=10, at_most=1_000_000),
        source=str(path),
    )


def _circuit(table: _Table) -> CircuitChoice:
    table.require("family", "num_qubits", "layers")
    encoding = table.choice("encoding", "none", ENCODINGS)
    layers = table.data["layers"]
    depths = layers if isinstance(layers, list) and layers else [layers]
    for each in depths:
        table.check("layers", each, at_least=1, at_most=MOST_LAYERS)
    if any(a >= b for a, b in pairwise(depths)):
        raise table.error("layers", f"layers must increase, got {depths}")
    family = table.choice("family", "", FAMILIES)
    if family == "prl" and encoding != "none":
        raise table.error("encoding", f'the family prl takes no data, got {encoding!r}; write "none"')
    return CircuitChoice(
        family=family,
        num_qubits=table.whole(
            "num_qubits", 1, at_least=2 if family == "hamiltonian_variational" else 1, at_most=MOST_QUBITS
        ),
        layers=tuple(layers) if isinstance(layers, list) else (layers,),
        encoding=encoding,
    )


def _observable(table: _Table, num_qubits: int) -> ObservableChoice:
    if len(table.data) != 1:
        rule = f"exactly one of {', '.join(OBSERVABLES)}"
        raise table.error("observable", f"the table must have {rule}, got {', '.join(table.data) or 'none'}")
    ((kind, value),) = table.data.items()
    if kind == "magnetisation":
        return ObservableChoice(kind, text=table.choice(kind, "", ("X", "Y", "Z")))
    if kind == "projector":
        return ObservableChoice(kind, text=_letters(table, kind, value, "01", num_qubits))
    entries = {value: 1} if kind == "pauli" else value
    if not isinstance(entries, Mapping) or not entries:
        raise table.error(kind, f"terms must be a table such as {{ ZI = 0.5, XX = 1 }}, got {value!r}")
    strings = [
        (table.real(kind, c), _letters(table, kind, string, "IXYZ", num_qubits))
        for string, c in entries.items()
    ]
    return ObservableChoice(kind, terms=tuple(strings))


def _letters(table: _Table, key: str, value: object, known: str, count: int) -> str:
    if not isinstance(value, str) or len(value) != count or set(value) - set(known):
        rule = f"{count} letters, one for each qubit, of {', '.join(known)}"
        raise table.error(key, f"{key} must have {rule}, got {value!r}")
    return value


def _data(table: _Table, circuit: CircuitChoice) -> DataChoice:
    if ("target" in table.data) == ("set" in table.data):
        raise table.error("target", "[data] must have either a target or a set; keep one of them")
    if "target" in table.data:
        if unused := set(table.data) - {"target"}:
            raise table.error(min(unused), f"{min(unused)} belongs to a set, not to a target; leave it out")
        return DataChoice(target=table.real("target", table.data["target"]))
    if circuit.encoding == "none":
        raise table.error("set", 'a set needs an encoding; write encoding = "low" or "high" under [circuit]')
    fields = table.data.get("fields", [0.0, 2.0])
    if not isinstance(fields, list) or len(fields) != 2:  # noqa: PLR2004 - a pair
        raise table.error("fields", f"fields must be a pair such as [0.0, 2.0], got {fields!r}")
    least, largest = (table.real("fields", each) for each in fields)
    if not least < largest:
        raise table.error("fields", f"fields must increase, got {fields!r}")
    return DataChoice(
        set=table.choice("set", "", DATA_SETS),
        points=table.whole("points", 20, at_least=2, at_most=1_000),
        test_points=table.whole("test_points", 10, at_least=1, at_most=1_000),
        fields=(least, largest),
    )


def _training(table: _Table) -> TrainingChoice:
    rate = table.data.get("learning_rate", CRITICAL)
    if rate != CRITICAL and not table.real("learning_rate", rate) > 0:
        raise table.error("learning_rate", f'learning_rate must be > 0 or "critical", got {rate!r}')
    steps = table.whole("steps", 200, at_least=1, at_most=MOST_STEPS)
    every = table.whole("every", 1, at_least=1)
    if steps % every:
        raise table.error(
            "every", f"every must divide steps = {steps}, got {every}: the last step is recorded"
        )
    return TrainingChoice(
        learning_rate=None if rate == CRITICAL else float(rate),
        steps=steps,
        initialisations=table.whole("initialisations", 1, at_least=1, at_most=MOST_RUNS),
        every=every,
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """One table with its place: values checked, errors with file, line and key."""

    place: Place
    data: Mapping[str, Any]
    name: str

    def __post_init__(self) -> None:
        for key in self.data:
            if key not in _KEYS[self.name]:
                raise self.error(key, UnknownNameError.among("key", key, _KEYS[self.name]))

    def table(self, name: str) -> _Table:
        data = self.data.get(name, {})
        if not isinstance(data, Mapping):
            raise self.error(name, f"{name} must be a table; write its keys under a line [{name}]")
        return _Table(Place(self.place.file, self.place.text, name), data, name)

    def require(self, *keys: str) -> None:
        for key in keys:
            if key not in self.data:
                raise self.error(key, f"{key} is required, and is missing; add it")

    def word(self, key: str, default: str) -> str:
        value = self.data.get(key, default)
        if isinstance(value, str) and value.replace("-", "_").isidentifier():
            return value
        rule = f"{key} must be a word of letters, digits, - and _, got {value!r}"
        if key in self.data:
            raise self.error(key, rule)
        raise InputError(f'{self.place.file}: {rule} from the file; add {key} = "…" at its top')

    def choice(self, key: str, default: str, known: Sequence[str]) -> str:
        try:
            return one_of(key, self.data.get(key, default), known)
        except UnknownNameError as error:
            raise self.error(key, error) from None

    def whole(self, key: str, default: int, *, at_least: int, at_most: int | None = None) -> int:
        return self.check(key, self.data.get(key, default), at_least=at_least, at_most=at_most)

    def check(self, key: str, value: object, *, at_least: int, at_most: int | None = None) -> int:
        try:
            value = integer(key, value, at_least=at_least)
        except HaarqntkError as error:
            raise self.error(key, error) from None
        if at_most is not None and value > at_most:
            raise self.error(key, f"{key} must be at most {at_most}, got {value}; ask for fewer")
        return value

    def real(self, key: str, value: object) -> float:
        try:
            number = real_number(key, value)
        except HaarqntkError as error:
            raise self.error(key, error) from None
        if abs(number) > LARGEST_NUMBER:
            raise self.error(key, f"{key} must be at most 1e6 in size, got {number:g}; choose other units")
        return number

    def error(self, key: str, message: object) -> InputError:
        return self.place.error(key, message)
