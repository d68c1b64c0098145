"""Moments of the kernel over random angles: in closed form for one gate, the same in any blocks."""

from __future__ import annotations

import numpy as np
import pytest

from haarqntk import training as ht
from haarqntk.errors import InputError
from haarqntk.montecarlo import random_angles
from haarqntk.training import _derivatives

ONE = ht.ParametrisedCircuit(1, (ht.PauliRotation("X", parameter=0),))


def test_moments_of_one_rotation_are_those_of_cosines() -> None:
    # z = cos 2θ: K = 4 sin² 2θ, μ = −16 cos 2θ sin² 2θ
    (found,) = ht.kernel_statistics(
        lambda _: ONE, [1], observable=ht.Observable.pauli("Z"), samples=2000, rng=np.random.default_rng(8)
    )
    exact = {"output_mean": 0, "kernel_mean": 2, "kernel_variance": 2}
    exact |= {"meta_kernel_mean": 0, "meta_kernel_variance": 16}
    for name, expected in exact.items():
        value, error = getattr(found, name)
        assert 0 < error < 0.1 * max(1, expected)
        assert abs(value - expected) < 4 * error, name


def test_every_depth_has_a_stream_and_numbers_of_its_own_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_derivatives, "_BLOCK", 7)
    observable, done = ht.Observable.zero_projector(2), list[int]()

    def found(depths: list[int]) -> tuple[_derivatives.KernelStatistics, ...]:
        return ht.kernel_statistics(
            lambda depth: ht.hardware_efficient(2, depth, encoding="low"),
            depths,
            observable=observable,
            samples=20,
            rng=np.random.default_rng(3),
            features=[[0.3]],
            progress=done.append,
        )

    assert found([1, 2])[0] == found([1])[0]
    assert sum(done) == 60
    (stream,) = np.random.default_rng(3).spawn(1)
    angles = random_angles(20, 4, stream)
    circuit = ht.hardware_efficient(2, 1, encoding="low")
    z, K, mu = (values[:, 0] for values in ht.meta_kernels(circuit, observable, angles, [[0.3]]))
    (one,) = found([1])
    assert (one.depth, one.num_parameters, one.num_samples) == (1, 4, 20)
    assert one.output_mean[0] == pytest.approx(z.mean())
    assert one.kernel_mean == pytest.approx((K.mean(), K.std(ddof=1) / 20**0.5))
    assert one.kernel_variance[0] == pytest.approx(K.var(ddof=1))
    assert one.meta_kernel_mean == pytest.approx((mu.mean(), mu.std(ddof=1) / 20**0.5))
    assert one.meta_kernel_variance[0] == pytest.approx(mu.var(ddof=1))


def test_bad_requests_are_refused() -> None:
    rng, Z = np.random.default_rng(1), ht.Observable.pauli("Z")
    with pytest.raises(InputError, match="samples must be an integer ≥ 2, got 1"):
        ht.kernel_statistics(lambda _: ONE, [1], observable=Z, samples=1, rng=rng)
    with pytest.raises(InputError, match="depths must have at least one entry"):
        ht.kernel_statistics(lambda _: ONE, [], observable=Z, samples=5, rng=rng)
    coded = ht.hardware_efficient(1, 1, encoding="low")
    with pytest.raises(InputError, match="features must be one data point, got 2"):
        ht.kernel_statistics(lambda _: coded, [1], observable=Z, samples=5, rng=rng, features=[[0.0], [1.0]])
