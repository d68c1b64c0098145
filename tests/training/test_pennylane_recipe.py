"""The PennyLane recipe of the document, run as it stands there, against the same circuit here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import haarqntk as hq
from haarqntk.training import Diagnosis, Observable, hardware_efficient, outputs_and_jacobian

DOCUMENT = Path(__file__).parents[2] / "derivations" / "16_diagnostics.md"
MARK = re.compile(r"<!-- recipe: pennylane -->\n```python\n(.*?)```", re.DOTALL)
RECORD = "\nprint(diagnosis.to_json())\nprint([jacobian.tolist(), outputs.tolist()])\n"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the recipe prints, and its results; PennyLane stays out of the process of the other tests."""
    (recipe,) = MARK.findall(DOCUMENT.read_text(encoding="utf-8"))
    script = tmp_path_factory.mktemp("recipe") / "recipe.py"
    script.write_text(recipe + RECORD, encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_the_jacobian_is_that_of_the_same_circuit(printed: list[str]) -> None:
    jacobian, outputs = (np.array(each) for each in json.loads(printed[-1]))
    circuit = hardware_efficient(3, 2, encoding="high")
    angles = np.random.default_rng(1).uniform(0, 2 * np.pi, 12)
    features = np.array([[0.3], [0.9], [1.7], [2.6]])
    z, J = outputs_and_jacobian(circuit, Observable.pauli("XII"), angles, features)
    assert np.abs(J).max() > 0.1
    assert np.allclose(jacobian, J, rtol=0, atol=1e-10)
    assert np.allclose(outputs, z, rtol=0, atol=1e-10)


def test_its_diagnosis_is_that_of_the_circuit(printed: list[str]) -> None:
    circuit = hardware_efficient(3, 2, encoding="high")
    ours = hq.diagnose_circuit(
        circuit,
        Observable.pauli("XII"),
        [-0.4, 0.0, 0.2, 0.5],
        features=[[0.3], [0.9], [1.7], [2.6]],
        angles=np.random.default_rng(1).uniform(0, 2 * np.pi, 12),
    )
    theirs = Diagnosis.from_json(printed[-2])
    assert printed[:-2] == theirs.summary().splitlines()
    assert np.allclose(theirs.kernel, ours.kernel, rtol=0, atol=1e-9)
    assert np.allclose(theirs.predicted_losses([0, 5, 50]), ours.predicted_losses([0, 5, 50]), rtol=1e-6)
