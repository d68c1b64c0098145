"""Moments of batches: they add up to those of all values, and each batch has random numbers of its own."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import skew

from haarqntk.errors import InputError, InputTypeError
from haarqntk.montecarlo import Moments, Problem, draw_moments, simulate

VALUES = st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=20)
PROBLEM = Problem.create("kernel_mean", D=4, L=2, spectrum=[3, 1, 0, -1])


@given(first=VALUES, second=VALUES)
def test_a_sum_is_what_all_values_together_give(first: list[float], second: list[float]) -> None:
    added = Moments.of("a", first) + Moments.of("a", second)
    together = Moments.of("a", first + second)
    assert added.estimate.samples == together.estimate.samples
    scale = 1 + sum(abs(x) ** 3 for x in first + second)
    assert added.cubes == pytest.approx(together.cubes, abs=1e-10 * scale)
    assert added.estimate.squares == pytest.approx(together.estimate.squares, abs=1e-10 * scale)


@given(values=VALUES)
def test_json_keeps_every_bit(values: list[float]) -> None:
    moments = Moments.of("a", [x / 7 for x in values])
    assert Moments.from_dict(json.loads(json.dumps(moments.to_dict()))) == moments


def test_the_skewness_is_scipy_s() -> None:
    values = np.random.default_rng(1).exponential(size=1000)
    assert Moments.of("a", values).skewness == pytest.approx(skew(values))
    assert Moments.of("a", [2.0, 2.0]).skewness == 0


def test_bad_moments_are_refused() -> None:
    data = Moments.of("a", [1.0, 2.0]).to_dict()
    with pytest.raises(InputTypeError, match="moments must be a mapping with the keys"):
        Moments.from_dict({key: value for key, value in data.items() if key != "cubes"})
    with pytest.raises(InputTypeError, match="cubes must be a float, got '1'"):
        Moments.from_dict({**data, "cubes": "1"})
    with pytest.raises(InputError, match="cubes must be finite"):
        Moments.from_dict({**data, "cubes": float("inf")})


def test_a_batch_is_the_simulation_of_its_stream() -> None:
    seed, stream = 11, (5, 3)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=stream))
    estimate = simulate("kernel_mean", D=4, L=2, spectrum=[3, 1, 0, -1], samples=300, rng=rng)
    moments = draw_moments(PROBLEM, samples=300, method="batched", seed=seed, stream=stream)
    assert moments.estimate == estimate


def test_batches_of_different_names_are_different() -> None:
    streams = [(1, 0), (1, 1), (2, 0), (2**40, 0)]
    drawn = [draw_moments(PROBLEM, samples=20, method="batched", seed=1, stream=s) for s in streams]
    assert len({moments.estimate.mean for moments in drawn}) == len(streams)
