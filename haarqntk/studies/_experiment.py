"""An experiment: circuit, observable, data and training, read from a small TOML file and checked before any work.

The records have the keys of the file, and build what is simulated. Every rule that is broken is one line with the file,
the line and the key.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct, inspect

from haarqntk.base import Place, read_toml
from haarqntk.checks import integer, one_of, real_number
from haarqntk.errors import HaarqntkError, InputError, UnknownNameError
from haarqntk.training import (
    Observable,
    ParametrisedCircuit,
    hamiltonian_variational,
    hardware_efficient,
    ising_magnetisation,
    prl_circuit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

CRITICAL: Final = "critical"
LARGEST: Final = 1e6
Bounded = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]  # targets, fields, coefficients and learning rates
Count = Annotated[int, Meta(ge=1, le=1_000)]
_NAMES = {
    "prl": "the circuit of [PRL] Eq. 20",
    "hardware_efficient": "the hardware-efficient ansatz",
    "hamiltonian_variational": "the Hamiltonian variational ansatz with an angle for each gate",
}


class _BrokenRuleError(ValueError):
    """A rule between several keys, with the table and the key to which its message belongs."""

    def __init__(self, table: str, key: str, message: str) -> None:
        super().__init__(message)
        self.table, self.key = table, key


class CircuitChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """Which circuit: its family, qubits and numbers of layers (one, but for ``depth``), and how data enters."""

    family: Literal["prl", "hardware_efficient", "hamiltonian_variational"]
    num_qubits: Annotated[int, Meta(ge=1, le=12)]
    layers: Annotated[tuple[Annotated[int, Meta(ge=1, le=2_000)], ...], Meta(min_length=1)]
    encoding: Literal["none", "low", "high"] = "none"

    def __post_init__(self) -> None:
        if any(a >= b for a, b in pairwise(self.layers)):
            raise _BrokenRuleError("circuit", "layers", f"layers must increase, got {list(self.layers)}")
        if self.family == "prl" and self.encoding != "none":
            rule = f'the family prl takes no data, got {self.encoding!r}; write "none"'
            raise _BrokenRuleError("circuit", "encoding", rule)
        if self.family == "hamiltonian_variational" and self.num_qubits == 1:
            raise _BrokenRuleError("circuit", "num_qubits", "num_qubits must be an integer ≥ 2, got 1")

    def build(self, layers: int, rng: np.random.Generator) -> ParametrisedCircuit:
        """The circuit with this number of layers; ``rng`` draws the fixed gates of the letter's."""
        if self.family == "prl":
            return prl_circuit(self.num_qubits, layers, rng)
        encoding = None if self.encoding == "none" else self.encoding
        if self.family == "hardware_efficient":
            return hardware_efficient(self.num_qubits, layers, encoding=encoding)
        return hamiltonian_variational(self.num_qubits, layers, per_gate=True, encoding=encoding)

    def described(self, num_parameters: int) -> str:
        """The circuit of one depth in words, for the text of a section."""
        entering = "" if self.encoding == "none" else f", data of {self.encoding} frequency"
        size = f"{self.num_qubits} qubits with {self.layers[0]} layers and {num_parameters} angles"
        return f"{_NAMES[self.family]} on {size}{entering}"


class ObservableChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """Which observable: a Pauli string, Pauli strings with coefficients, the bits of a state, or an axis."""

    pauli: str | None = None
    terms: Annotated[dict[str, Bounded], Meta(min_length=1)] | None = None
    projector: str | None = None
    magnetisation: Literal["X", "Y", "Z"] | None = None

    def __post_init__(self) -> None:
        given = [name for name in self.__struct_fields__ if getattr(self, name) is not None]
        if len(given) != 1:
            rule = f"exactly one of {', '.join(self.__struct_fields__)}"
            message = f"the table must have {rule}, got {', '.join(given) or 'none'}"
            raise _BrokenRuleError("observable", "observable", message)

    def check_letters(self, num_qubits: int) -> None:
        """Refuse strings that are not one letter for each qubit."""
        for key, known in (("pauli", "IXYZ"), ("terms", "IXYZ"), ("projector", "01")):
            given = getattr(self, key) or {}
            for word in [given] if isinstance(given, str) else given:
                if len(word) != num_qubits or set(word) - set(known):
                    rule = f"{num_qubits} letters, one for each qubit, of {', '.join(known)}"
                    raise _BrokenRuleError("observable", key, f"{key} must have {rule}, got {word!r}")

    def build(self, num_qubits: int) -> Observable:
        """The observable."""
        if self.magnetisation is not None:
            return Observable.magnetisation(num_qubits, axis=self.magnetisation)
        if self.projector is not None:
            matrix = np.zeros((2**num_qubits, 2**num_qubits), dtype=np.complex128)
            matrix[int(self.projector, 2), int(self.projector, 2)] = 1
            return Observable(matrix, f"|{self.projector}⟩⟨{self.projector}|")
        terms = self.terms or {str(self.pauli): 1}
        return Observable.pauli_sum(list(map(float, terms.values())), list(terms))


class Data(Struct, frozen=True):
    """What is learnt: targets and features of the data points, and of the points for inference.

    A single target has none of the others; ``fields`` are those of the Ising chain, for the figure.
    """

    targets: Any
    features: Any = None
    test_targets: Any = None
    test_features: Any = None
    fields: Any = None
    test_fields: Any = None


class DataChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """What is learnt: one target for the input |0…0⟩, or a data set with points for training and for inference."""

    target: Bounded | None = None
    set: Literal["ising_magnetisation"] | None = None
    points: Annotated[int, Meta(ge=2, le=1_000)] = 20
    test_points: Count = 10
    fields: tuple[Bounded, Bounded] = (0.0, 2.0)

    def __post_init__(self) -> None:
        if (self.target is None) == (self.set is None):
            rule = "[data] must have either a target or a set; keep one of them"
            raise _BrokenRuleError("data", "target", rule)
        if not self.fields[0] < self.fields[1]:
            raise _BrokenRuleError("data", "fields", f"fields must increase, got {list(self.fields)}")

    def build(self, num_qubits: int) -> Data:
        """The targets; of the Ising chain the transverse magnetisation of a ring of as many spins, or a chain of two.

        The fields of the data points divide the interval evenly, those for inference lie evenly inside it; a field h
        enters as the angle π(h − h_min)/(h_max − h_min).
        """
        if self.target is not None:
            return Data(np.array([self.target]))
        least, largest = self.fields
        fields = np.linspace(least, largest, self.points)
        test_fields = np.linspace(least, largest, self.test_points + 2)[1:-1]
        boundary = "periodic" if num_qubits > 2 else "open"  # noqa: PLR2004 - a ring
        y, y_test = (
            ising_magnetisation(max(num_qubits, 2), h, boundary=boundary) for h in (fields, test_fields)
        )
        x, x_test = ((np.pi * (h - least) / (largest - least))[:, np.newaxis] for h in (fields, test_fields))
        return Data(y, x, y_test, x_test, fields, test_fields)


class TrainingChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """How it is learnt, from how many random angles; every how many steps the kernel is recorded."""

    learning_rate: Bounded | Literal["critical"] = "critical"
    steps: Annotated[int, Meta(ge=1, le=1_000_000)] = 200
    initialisations: Annotated[int, Meta(ge=1, le=10_000)] = 1
    every: Annotated[int, Meta(ge=1)] = 1

    def __post_init__(self) -> None:
        if self.rate is not None and not self.rate > 0:
            rule = f'learning_rate must be > 0 or "critical", got {self.rate:g}'
            raise _BrokenRuleError("training", "learning_rate", rule)
        if self.steps % self.every:
            rule = f"every must divide steps = {self.steps}, got {self.every}: the last step is recorded"
            raise _BrokenRuleError("training", "every", rule)

    @property
    def rate(self) -> float | None:
        """The learning rate, or None for the critical one."""
        return None if self.learning_rate == CRITICAL else float(self.learning_rate)


class Sampling(Struct, frozen=True, forbid_unknown_fields=True):
    """How much is sampled: random angles at each depth, for ``depth``."""

    samples: Annotated[int, Meta(ge=10, le=1_000_000)] = 500


class Experiment(Struct, frozen=True, forbid_unknown_fields=True):
    """What a file describes.

    Attributes:
        circuit: Which circuit.
        observable: Which observable.
        data: What is learnt; None if the file has no [data].
        training: How it is learnt; None if the file has no [training].
        sampling: How much is sampled.
        name: The stem of the files that are written.
        seed: The seed of every random number.
    """

    circuit: CircuitChoice
    observable: ObservableChoice
    data: DataChoice | None = None
    training: TrainingChoice | None = None
    sampling: Sampling = Sampling()
    name: str = ""
    seed: Annotated[int, Meta(ge=0)] = 1

    def __post_init__(self) -> None:
        if not self.name.replace("-", "_").isidentifier():
            rule = f"name must be a word of letters, digits, - and _, got {self.name!r}"
            raise _BrokenRuleError("", "name", f'{rule}; write name = "…" at the top of the file')
        self.observable.check_letters(self.circuit.num_qubits)
        if self.data is not None and self.data.set and self.circuit.encoding == "none":
            rule = 'a set needs an encoding; write encoding = "low" or "high" under [circuit]'
            raise _BrokenRuleError("data", "set", rule)

    @property
    def samples(self) -> int:
        """Random angles at each depth."""
        return self.sampling.samples

    def given(self, table: str, *, path: str, purpose: str) -> Any:
        """A table that a command needs.

        Raises:
            InputError: If the file has none.
        """
        if (found := getattr(self, table)) is None:
            raise InputError(f"{path} must have [{table}] to be {purpose}, got none; add it")
        return found

    def one_circuit(self) -> tuple[ParametrisedCircuit, np.random.Generator]:
        """The circuit to be trained or diagnosed, and what draws its angles.

        Raises:
            InputError: If there are several numbers of layers.
        """
        if len(self.circuit.layers) != 1:
            several = ", ".join(map(str, self.circuit.layers))
            raise InputError(f"layers must be one number here, got {several}; several are for haarqntk depth")
        rng = np.random.default_rng([self.seed, 16])
        (gates,) = rng.spawn(1)
        return self.circuit.build(self.circuit.layers[0], gates), rng


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
    record, text = read_toml(path, kind="experiment")
    record.setdefault("name", path.stem)
    circuit, learnt = record.get("circuit"), record.get("data")
    if isinstance(circuit, dict) and not isinstance(layers := circuit.get("layers", []), list):
        circuit["layers"] = [layers]
    if isinstance(learnt, dict) and "target" in learnt and "set" not in learnt and len(learnt) > 1:
        unused = min(learnt.keys() - {"target"})
        raise Place(path.name, text, "data").error(
            unused, f"{unused} belongs to a set, not to a target; leave it out"
        )
    try:
        return msgspec.convert(record, Experiment)
    except msgspec.ValidationError as error:
        table, key, message = _broken_rule(error, record)
        raise Place(path.name, text, table).error(key, message) from None


def _broken_rule(error: msgspec.ValidationError, record: dict[str, Any]) -> tuple[str, str, str]:
    """The table, the key and the rule that a file breaks, in the words of the library's checks."""
    if isinstance(error.__cause__, _BrokenRuleError):
        return error.__cause__.table, error.__cause__.key, str(error.__cause__)
    what, _, path = str(error).partition(" - at `$")
    steps = re.findall(r"\w+", path)
    if found := re.fullmatch(r"Object (contains unknown|missing required) field `(.+)`", what):
        kind, key, table = found[1], found[2], steps[0] if steps else ""
        if kind == "missing required":
            return table, key, f"{key} is required, and is missing; add it"
        return table, key, str(UnknownNameError.among("key", key, _fields(table)))
    if len(steps) == 1 and steps[0] in _TABLES:
        return "", steps[0], f"{steps[0]} must be a table; write its keys under a line [{steps[0]}]"
    table, key = ["", *steps][-2:] if len(steps) == 1 else steps[:2]
    value = record
    for step in steps:
        value = value[int(step) if isinstance(value, list) else step]
    return table, key, _rule(key, value, _fields(table)[key])


_TABLES: Final[dict[str, type[Struct]]] = {
    "": Experiment,
    "circuit": CircuitChoice,
    "observable": ObservableChoice,
    "data": DataChoice,
    "training": TrainingChoice,
    "sampling": Sampling,
}


def _fields(table: str) -> dict[str, inspect.Type]:
    """The keys of a table, or of the top of the file, with their types."""
    info = inspect.type_info(_TABLES[table])
    assert isinstance(info, inspect.StructType)  # noqa: S101 - of a struct
    return {each.name: each.type for each in info.fields}


def _kinds(info: inspect.Type) -> Iterator[inspect.Type]:
    """The types that a value may have, those of its parts among them."""
    yield info
    parts = getattr(info, "types", None) or [getattr(info, "item_type", None)]
    for each in parts:
        if each is not None:
            yield from _kinds(each)


def _rule(key: str, value: Any, info: inspect.Type) -> str:
    """What a value of the wrong type or out of range should be."""
    words = "a text"
    for kind in _kinds(info):
        try:
            match kind:
                case inspect.FloatType():
                    number = real_number(key, value)
                    return f"{key} must be at most 1e6 in size, got {number:g}; choose other units"
                case inspect.IntType():
                    number = integer(key, value, at_least=kind.ge or 0)
                    return f"{key} must be at most {kind.le}, got {number}; ask for fewer"
                case inspect.LiteralType():
                    one_of(key, value, map(str, kind.values))
                case inspect.TupleType():
                    words = "a pair such as [0.0, 2.0]"
                case inspect.DictType():
                    for each in value.values() if isinstance(value, dict) else ():
                        if not isinstance(each, int | float) or not abs(each) <= LARGEST:
                            return _rule(key, each, kind.value_type)
                    words = "a table such as { ZI = 0.5, XX = 1 }"
        except HaarqntkError as error:
            return str(error)
    return f"{key} must be {words}, got {value!r}"
