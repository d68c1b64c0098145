"""Gradient descent: by hand; stopped, killed and gone on with; its warnings."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haarqntk import training as ht
from haarqntk.errors import InputError, InputTypeError, OutputError, UnknownNameError
from haarqntk.training._gradient_descent import load_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

CIRCUIT, OBSERVABLE = ht.hardware_efficient(2, 2, encoding="low"), ht.Observable.magnetisation(2)
POINTS, TARGETS = np.array([[0.0], [0.7], [2.0]]), np.array([0.5, -0.2, 0.1])


def supervised(*, steps: int = 23, seed: int = 4, **changes: Any) -> ht.TrainingRun:
    options: dict[str, Any] = {"learning_rate": 0.05, "features": POINTS, "initialisations": 2}
    options |= {"record_every": 5, "checkpoint_every": 7} | changes
    return ht.train(CIRCUIT, OBSERVABLE, TARGETS, steps=steps, rng=np.random.default_rng(seed), **options)


def assert_same(one: ht.TrainingRun, other: ht.TrainingRun) -> None:
    for field in fields(ht.TrainingRun):
        a, b = getattr(one, field.name), getattr(other, field.name)
        same = np.array_equal(a, b, equal_nan=True) if isinstance(a, np.ndarray) else a == b
        assert same, field.name


@pytest.mark.parametrize(("loss", "weight"), [("sum", 1.0), ("mean", 1 / 3)])
def test_a_supervised_run_is_the_one_by_hand(loss: str, weight: float) -> None:
    run = supervised(loss=loss, record_every=1, steps=6)
    theta = run.initial_angles.copy()
    for step in range(7):
        z, J = ht.outputs_and_jacobian(CIRCUIT, OBSERVABLE, theta, POINTS, method="definition")
        K, r = ht.kernel_matrix(J), z - TARGETS
        assert np.abs(run.outputs[step] - z).max() < 1e-11
        assert np.abs(run.residuals[step] - r).max() < 1e-11
        assert np.abs(run.losses[step] - weight * (r**2).sum(axis=1) / 2).max() < 1e-11
        assert np.abs(run.kernel_traces[step] - np.trace(K, axis1=1, axis2=2)).max() < 1e-10
        assert np.abs(run.kernel_maxima[step] - np.linalg.eigvalsh(K)[:, -1]).max() < 1e-10
        moved = np.linalg.norm(theta - run.initial_angles, axis=1)
        assert np.abs(run.displacements[step] - moved).max() < 1e-11
        _, own, mu = ht.meta_kernels(CIRCUIT, OBSERVABLE, theta, POINTS)
        assert np.abs(run.relative_meta_kernels[step] - mu / own).max() < 1e-8
        if step < 6:
            theta -= 0.05 * weight * np.einsum("nm,nml->nl", r, J)
    assert np.abs(run.final_angles - theta).max() < 1e-11
    assert np.abs(run.final_kernels - K).max() < 1e-10
    assert run.final_step == 6


def test_a_seed_gives_the_same_run_and_another_seed_another() -> None:
    assert_same(supervised(), supervised())
    assert not np.array_equal(supervised().initial_angles, supervised(seed=5).initial_angles)


def test_curves_have_every_strided_step_and_nothing_is_writable() -> None:
    run = supervised()
    assert run.steps.tolist() == [0, 5, 10, 15, 20]
    assert run.outputs.shape == (5, 2, 3)
    assert run.initial_kernels.shape == run.final_kernels.shape == (2, 3, 3)
    with pytest.raises(ValueError, match="read-only"):
        run.outputs[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        run.initial_angles[0] = 0


def test_callers_keep_their_arrays() -> None:
    angles, targets, points = np.ones((2, 8)), TARGETS.copy(), POINTS.copy()
    call: dict[str, Any] = {"learning_rate": 0.1, "steps": 2, "features": points, "angles": angles}
    run = ht.train(CIRCUIT, OBSERVABLE, targets, **call)
    angles[0, 0] = targets[0] = points[0, 0] = 5
    assert (run.initial_angles[0, 0], run.targets[0]) == (1, 0.5)


def test_no_steps_only_look() -> None:
    run = supervised(steps=0)
    assert run.steps.tolist() == [0]
    assert np.array_equal(run.final_angles, run.initial_angles)
    assert np.array_equal(run.final_kernels, run.initial_kernels)


def test_a_kernel_of_zero_has_no_relative_meta_kernel() -> None:
    circuit = ht.ParametrisedCircuit(1, (ht.PauliRotation("Z", parameter=0),))
    run = ht.train(circuit, ht.Observable.pauli("Z"), 0.0, learning_rate=0.1, steps=0, angles=[0.3])
    assert np.isnan(run.relative_meta_kernels).all()
    assert run.kernel_traces.max() == 0


# -- stopped and gone on with ----------------------------------------------------------------------------------


class StopError(Exception):
    """What interrupts a run in these tests."""


@settings(max_examples=12)
@given(stops=st.lists(st.integers(1, 22), max_size=3), every=st.integers(1, 9))
def test_stops_change_no_run(stops: list[int], every: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("run") / "a.checkpoint"
    for stop in stops:
        left = [stop]

        def interrupt(done: int, left: list[int] = left) -> None:
            left[0] -= done
            if left[0] <= 0:
                raise StopError

        with pytest.raises(StopError):
            supervised(checkpoint=path, checkpoint_every=every, progress=interrupt)
    counted: list[int] = []
    run = supervised(checkpoint=path, checkpoint_every=every, progress=counted.append)
    assert sum(counted) == 23
    assert_same(run, supervised())


SCRIPT = """
import pathlib, signal, sys, numpy as np
left = 395

def progress(done):
    global left
    left -= done
    if left <= 0 and sys.argv[3:]:  # never ends: it is to be killed
        pathlib.Path(sys.argv[3]).touch()
        signal.pause()

from haarqntk.training import Observable, hardware_efficient, train
rng, n = np.random.default_rng(9), 3
run = train(
    hardware_efficient(n, 3, encoding="high"), Observable.magnetisation(n), rng.normal(size=20), steps=400,
    learning_rate=0.01, features=rng.normal(size=(20, 1)), rng=rng, record_every=7, checkpoint_every=3,
    checkpoint=sys.argv[1] or None, progress=progress,
)
np.savez(sys.argv[2], outputs=run.outputs, kernels=run.kernel_maxima, lam=run.relative_meta_kernels,
         angles=run.final_angles, moved=run.displacements)
"""


def test_a_run_killed_at_random_moments_gives_the_same_curves_to_the_bit(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT]
    checkpoint, at_the_end = tmp_path / "a.checkpoint", tmp_path / "at_the_end"
    for _ in range(3):
        before = checkpoint.read_bytes() if checkpoint.exists() else b""
        process = subprocess.Popen([*command, str(checkpoint), str(tmp_path / "killed.npz"), str(at_the_end)])
        while not at_the_end.exists() and (not checkpoint.exists() or checkpoint.read_bytes() == before):
            assert process.poll() is None
            time.sleep(0.005)  # until it has begun to write
        process.kill()
        assert process.wait() == -signal.SIGKILL
    for path, name in ((str(checkpoint), "killed"), ("", "whole")):
        subprocess.run([*command, path, str(tmp_path / f"{name}.npz")], check=True)
    with np.load(tmp_path / "killed.npz") as killed, np.load(tmp_path / "whole.npz") as whole:
        assert sorted(killed.files) == sorted(whole.files)
        for name in whole.files:
            assert killed[name].tobytes() == whole[name].tobytes(), name


def test_a_finished_run_can_be_made_longer(tmp_path: Path) -> None:
    path = tmp_path / "a.checkpoint"
    short = supervised(checkpoint=path, steps=10)
    assert_same(short, supervised(steps=10))
    assert_same(supervised(checkpoint=path), supervised())
    whole = path.read_bytes()
    with pytest.raises(InputError, match=r"steps must be at least 23, where the checkpoint .* is, got 10"):
        supervised(checkpoint=path, steps=10)
    assert path.read_bytes() == whole


def test_a_checkpoint_with_any_bit_flipped_or_cut_anywhere_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.checkpoint"
    supervised(checkpoint=path, steps=3)
    whole = path.read_bytes()
    payload = whole.index(b"PK")  # where the archive begins; before it every bit is tried
    places = [*range(payload), *range(payload, len(whole), 97), len(whole) - 1]
    flips = [(place, bit) for place in places for bit in range(8)]
    broken = [
        whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :] for place, bit in flips
    ] + [whole[:place] for place in places]
    for each in broken:
        path.write_bytes(each)
        with pytest.raises(
            InputError, match=r"checkpoint must be (whole|a file that a training run wrote)"
        ) as caught:
            load_checkpoint(path, "key")
        assert "\n" not in str(caught.value)
        assert path.read_bytes() == each
    with pytest.raises(InputError, match="checkpoint must be whole"):
        supervised(checkpoint=path, steps=3)


OTHERS = [{"learning_rate": 0.06}, {"record_every": 4}, {"features": POINTS + 1e-9}]


@pytest.mark.parametrize("change", [*OTHERS, {"seed": 5}, {"loss": "mean"}, {"initialisations": 1}])
def test_a_checkpoint_of_another_problem_is_refused_and_kept(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "a.checkpoint"
    supervised(checkpoint=path, steps=3)
    whole = path.read_bytes()
    with pytest.raises(InputError, match="checkpoint must belong to this problem"):
        supervised(checkpoint=path, steps=3, **change)
    assert path.read_bytes() == whole


def test_a_checkpoint_that_cannot_be_written_is_refused_before_the_first_step(tmp_path: Path) -> None:
    done: list[int] = []
    with pytest.raises(OutputError, match="checkpoint must be a file in a folder that exists"):
        supervised(checkpoint=tmp_path / "missing" / "a", progress=done.append)
    with pytest.raises(InputError, match="checkpoint must be a file that can be read"):
        supervised(checkpoint=tmp_path, progress=done.append)
    (tmp_path / "letter.txt").write_text("dear reader", encoding="utf-8")
    with pytest.raises(InputError, match="checkpoint must be a file that a training run wrote"):
        supervised(checkpoint=tmp_path / "letter.txt", progress=done.append)
    assert done == []
    assert (tmp_path / "letter.txt").read_text(encoding="utf-8") == "dear reader"


# -- step sizes ------------------------------------------------------------------------------------------------


def test_a_step_size_beyond_stability_is_warned_of_before_the_run() -> None:
    said: list[str] = []
    seen: list[int] = []
    edge = 2 / supervised(steps=0).kernel_maxima.max()
    options: dict[str, Any] = {"warn": said.append, "progress": lambda _: seen.append(len(said))}
    run = supervised(learning_rate=1.01 * edge, steps=1, **options)
    assert run.warnings == tuple(said)
    assert len(said) == 1
    assert f"below 2/λ_max = {edge:.3g}" in said[0]
    assert seen == [1]
    assert supervised(learning_rate=0.99 * edge, steps=1).warnings == ()
    assert supervised(learning_rate=2.9 * edge, steps=1, loss="mean").warnings == ()
    assert len(supervised(learning_rate=3.1 * edge, steps=1, loss="mean").warnings) == 1


def test_the_edge_is_where_a_linear_model_diverges() -> None:
    K = np.diag([1.0, 4.0])
    assert ht.check_step_size(K, 0.5)  # at the edge nothing grows, and nothing falls
    assert ht.check_step_size(K, 0.5 * (1 - 2.0**-41))
    for rate, grows in ((0.49, False), (0.51, True)):
        assert bool(ht.check_step_size(K, rate)) == grows
        assert (np.linalg.norm(np.linalg.matrix_power(np.eye(2) - rate * K, 50), 2) > 1) == grows


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"learning_rate": 0}, InputError, "learning_rate must be > 0, got 0"),
        ({"learning_rate": float("nan")}, InputError, "learning_rate must be finite, got nan"),
        ({"learning_rate": "fast"}, InputTypeError, "learning_rate must be a real number"),
        ({"steps": -1}, InputError, "steps must be an integer ≥ 0, got -1"),
        ({"record_every": 0}, InputError, "record_every must be an integer ≥ 1, got 0"),
        ({"checkpoint_every": 0}, InputError, "checkpoint_every must be an integer ≥ 1, got 0"),
        ({"initialisations": 0}, InputError, "initialisations must be an integer ≥ 1, got 0"),
        ({"loss": "man"}, UnknownNameError, "unknown loss 'man'; did you mean 'mean'"),
        ({"features": POINTS[:2]}, InputError, r"targets must have one entry for each of the 2 data points"),
        ({"angles": [0.1] * 5}, InputError, "angles must have 8 entries"),
    ],
)
def test_bad_arguments_are_one_line(changes: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        supervised(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rng", [None, 3])
def test_randomness_is_an_argument(rng: object) -> None:
    with pytest.raises(InputTypeError, match=r"rng must be a numpy.random.Generator unless angles are given"):
        ht.train(ht.hamiltonian_variational(2, 1), OBSERVABLE, 0, learning_rate=1, steps=1, rng=rng)  # type: ignore[arg-type]


@pytest.mark.parametrize("targets", [np.zeros((3, 1)), np.array([0, 1, np.inf])])
def test_targets_that_do_not_fit_are_refused(targets: Any) -> None:
    with pytest.raises(InputError, match="targets must"):
        ht.train(CIRCUIT, OBSERVABLE, targets, learning_rate=1, steps=1, features=POINTS, angles=np.zeros(8))
