"""Experiments read from files: what is right, and one line with file, line and key for what is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from haarqntk.errors import InputError
from haarqntk.studies import load_experiment

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
name = "small"
seed = 3
[circuit]
family = "hardware_efficient"
num_qubits = 3
layers = [2, 4]
encoding = "low"
[observable]
terms = { ZII = 0.5, XXI = 1 }
[data]
set = "ising_magnetisation"
points = 8
fields = [0.1, 1.5]
[training]
learning_rate = 0.01
steps = 10
"""
BROKEN = r"""
num_qubits = 3 | num_qubits = 13 | e.toml, line 5, key 'num_qubits': num_qubits must be at most 12, got 13
num_qubits = 3 | num_qubits = 1.5 | line 5, key 'num_qubits': num_qubits must be an integer ≥ 1, got 1.5
num_qubits = 3 | qubits = 3 | line 5, key 'qubits': unknown key 'qubits'; did you mean 'num_qubits'?
num_qubits = 3\n |  | line 3, key 'num_qubits': num_qubits is required
layers = [2, 4] | layers = [2, 0] | line 6, key 'layers': layers must be an integer ≥ 1, got 0
layers = [2, 4] | layers = [] | line 6, key 'layers': layers must be an integer
hardware_efficient | hardware | line 4, key 'family': unknown family 'hardware'
"low" | "middle" | line 7, key 'encoding': unknown encoding 'middle'
"low" | "none" | line 11, key 'set': a set needs an encoding
ZII = 0.5 | ZI = 0.5 | line 9, key 'terms': terms must have 3 letters
ZII = 0.5 | ZIQ = 0.5 | line 9, key 'terms': terms must have 3 letters, one for each qubit, of I, X, Y, Z
ZII = 0.5 | ZII = "x" | line 9, key 'terms': terms must be a real number, got 'x'
ZII = 0.5 | ZII = inf | line 9, key 'terms': terms must be finite, got inf
terms = { ZII = 0.5, XXI = 1 } |  | line 8, key 'observable': the table must have exactly one of pauli
terms = { ZII = 0.5, XXI = 1 } | terms = {} | line 9, key 'terms': terms must be a table such as
terms = { ZII = 0.5, XXI = 1 } | magnetisation = "W" | line 9, key 'magnetisation': unknown magnetis
ising_magnetisation | iris | line 11, key 'set': unknown set 'iris'
points = 8 | target = 1 | line 12, key 'target': [data] must have either a target or a set
set = "ising_magnetisation" | target = 1 | line 13, key 'fields': fields belongs to a set
fields = [0.1, 1.5] | fields = [1.5, 0.1] | line 13, key 'fields': fields must increase
fields = [0.1, 1.5] | fields = 1 | line 13, key 'fields': fields must be a pair
learning_rate = 0.01 | learning_rate = 0 | line 15, key 'learning_rate': learning_rate must be > 0
learning_rate = 0.01 | learning_rate = -1.5 | line 15, key 'learning_rate': learning_rate must be > 0
learning_rate = 0.01 | learning_rate = nan | line 15, key 'learning_rate': learning_rate must be fin
name = "small" | name = "a/b" | line 1, key 'name': name must be a word
[training] | [trainig] | line 14, key 'trainig': unknown key 'trainig'; did you mean 'training'?
[circuit] | [circuit | e.toml is not TOML:
steps = 10 | steps = 10\nsteps = 11 | e.toml is not TOML:
"""  # what stands in the file | what stands there instead | what is said


def written(folder: Path, text: str) -> Path:
    path = folder / "e.toml"
    path.write_text(text)
    return path


def test_every_key_arrives(tmp_path: Path) -> None:
    experiment = load_experiment(written(tmp_path, GOOD))
    assert (experiment.name, experiment.seed, experiment.samples) == ("small", 3, 500)
    assert experiment.circuit.layers == (2, 4)
    assert experiment.observable.terms == {"ZII": 0.5, "XXI": 1}
    assert experiment.data is not None
    assert (experiment.data.points, experiment.data.fields, experiment.data.target) == (8, (0.1, 1.5), None)
    assert experiment.training is not None
    assert (experiment.training.rate, experiment.training.steps) == (0.01, 10)


def test_what_is_left_out_is_none(tmp_path: Path) -> None:
    text = '[circuit]\nfamily = "prl"\nnum_qubits = 2\nlayers = 8\n[observable]\nprojector = "00"\n'
    experiment = load_experiment(written(tmp_path, text))
    assert (experiment.name, experiment.data, experiment.training) == ("e", None, None)
    assert experiment.observable.projector == "00"


@pytest.mark.parametrize("rule", BROKEN.strip().splitlines())
def test_a_broken_rule_is_one_line_with_its_key(tmp_path: Path, rule: str) -> None:
    old, new, message = (part.replace(r"\n", "\n") for part in rule.split(" | "))
    assert old in GOOD
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        load_experiment(written(tmp_path, GOOD.replace(old, new, 1)))
    assert "\n" not in str(caught.value)


def test_circuit_and_observable_are_required(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="key 'circuit': circuit is required"):
        load_experiment(written(tmp_path, "seed = 1\n"))
    with pytest.raises(InputError, match="key 'circuit': circuit must be a table"):
        load_experiment(written(tmp_path, "circuit = 1\n[observable]\npauli='Z'\n"))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="experiment must be a file that can be read"):
        load_experiment(tmp_path / "none.toml")
    with pytest.raises(InputError, match="experiment must be a file that can be read"):
        load_experiment(tmp_path)
