"""The commands train, diagnose and depth."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from shell import COMMAND, ENVIRONMENT, haarqntk, in_a_process, refused

if TYPE_CHECKING:
    from pathlib import Path

CIRCUIT = '[circuit]\nfamily = "hardware_efficient"\nnum_qubits = 3\nlayers = 2\n'
SINGLE = (
    CIRCUIT
    + '[observable]\npauli = "ZZI"\n[data]\ntarget = -0.5\n[training]\nlearning_rate = 0.01\nsteps = {}\n'
)
ISING = (
    CIRCUIT
    + 'encoding = "high"\n[observable]\nmagnetisation = "X"\n[data]\nset = "ising_magnetisation"\npoints = 5\n'
    + "test_points = 3\n[training]\nsteps = 8\n"
)


def written(folder: Path, text: str, name: str = "mine.toml") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def test_train_prints_findings_and_writes_the_study(tmp_path: Path) -> None:
    result = haarqntk("train", written(tmp_path, SINGLE.format(5)), "--out", str(tmp_path / "out"))
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Training mine\n")
    assert "Training is lazy: the frozen kernel predicts the loss at every time" in result.stdout
    assert max(map(len, result.stdout.splitlines()[:-3])) <= 80  # the last three lines are paths
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"mine.json", "mine.svg", "mine.pdf", "mine.checkpoint.npz"}
    data = json.loads((tmp_path / "out" / "mine.json").read_text())["figure"]["data"]
    assert data["step"] == list(range(6))


def test_a_killed_training_goes_on_to_the_same_curve(tmp_path: Path) -> None:
    file = written(tmp_path, SINGLE.format(300))
    out, whole = tmp_path / "out", tmp_path / "whole"
    script = "import signal; from haarqntk import studies; studies.write_study = lambda *_: signal.pause(); "
    running = subprocess.Popen(  # it never gets to the end, however late it is killed
        [sys.executable, "-c", script + COMMAND[-1], "train", file, "--out", str(out)],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    checkpoint = out / "mine.checkpoint.npz"
    while not checkpoint.exists():
        assert running.poll() is None
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    assert not (out / "mine.json").exists()
    for folder in (out, whole):
        assert haarqntk("train", file, "--out", str(folder)).returncode == 0
    assert (out / "mine.json").read_bytes() == (whole / "mine.json").read_bytes()


def test_a_learning_rate_beyond_stability_is_warned_of(tmp_path: Path) -> None:
    text = SINGLE.format(1).replace("0.01", "50")
    result = in_a_process("train", written(tmp_path, text))
    assert result.returncode == 0
    told, printed = " ".join(result.stderr.split()), " ".join(result.stdout.split())
    assert "learning_rate 50 is beyond stability for 1 of 1 initialisations" in told
    assert "Warning: learning_rate 50 is beyond stability" in printed


def test_diagnose_reports_spectrum_and_inference(tmp_path: Path) -> None:
    result = haarqntk("diagnose", written(tmp_path, ISING), "--out", str(tmp_path / "out"))
    assert result.returncode == 0, result.stderr
    assert "The frozen kernel does not overfit" in result.stdout
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".json", ".svg", ".pdf"}


def test_the_critical_learning_rate_is_the_default_of_supervised_training(tmp_path: Path) -> None:
    result = haarqntk("train", written(tmp_path, ISING), "--format", "json")
    trained = json.loads(result.stdout)["figure"]["data"]["learning_rate"]
    diagnosed = json.loads(haarqntk("diagnose", written(tmp_path, ISING), "--format", "json").stdout)
    assert trained == pytest.approx(1 / diagnosed["figure"]["data"]["eigenvalues"][0], rel=1e-8)


def test_depth_compares_every_number_of_layers(tmp_path: Path) -> None:
    text = CIRCUIT.replace("layers = 2", "layers = [1, 3]")
    text += '[observable]\nprojector = "000"\n[sampling]\nsamples = 20\n'
    result = haarqntk("depth", written(tmp_path, text), "--format", "json")
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)["figure"]["data"]
    assert data["layers"] == [1, 3]
    assert data["num_parameters"] == [6, 18]
    assert set(data["exact"]) == set(data["simulated"])


WRONG = """
train lay | unknown study for haarqntk train 'lay'; did you mean 'lazy'? known: law, lazy, deep, labels
diagnose lazy | unknown study for haarqntk diagnose 'lazy'; known: diagnostics, a file .toml
depth none.toml | experiment must be a file that can be read, got none.toml: No such file
train law --seed -1 | seed must be an integer ≥ 0, got -1
train law --format latex | unknown format 'latex'; did you mean 'text'? known: text, json
train | Missing argument 'STUDY|FILE'
"""


@pytest.mark.parametrize("wrong", WRONG.strip().splitlines())
def test_bad_input_is_one_line(wrong: str) -> None:
    arguments, _, message = wrong.partition(" | ")
    assert message in refused(*arguments.split())


def test_what_a_command_needs_is_asked_for(tmp_path: Path) -> None:
    bare = CIRCUIT + '[observable]\npauli = "ZZI"\n'
    assert "must have [data] to be trained" in refused("train", written(tmp_path, bare))
    assert "must have [data] to be diagnosed" in refused("diagnose", written(tmp_path, bare))
    data = bare + "[data]\ntarget = 0.5\n"
    assert "must have [training] to be trained" in refused("train", written(tmp_path, data))
    several = SINGLE.format(1).replace("layers = 2", "layers = [2, 3]")
    assert "layers must be one number here, got 2, 3" in refused("train", written(tmp_path, several))


def test_a_file_is_refused_as_the_folder_and_another_s_checkpoint_as_its_own(tmp_path: Path) -> None:
    file = written(tmp_path, SINGLE.format(2))
    assert "out must be a folder" in refused("train", file, "--out", file)
    out = str(tmp_path / "out")
    assert haarqntk("train", file, "--out", out).returncode == 0
    before = (tmp_path / "out" / "mine.checkpoint.npz").read_bytes()
    assert "checkpoint" in refused("train", file, "--out", out, "--seed", "5")
    assert (tmp_path / "out" / "mine.checkpoint.npz").read_bytes() == before
