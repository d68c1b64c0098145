from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haarqntk.montecarlo import quantities
from haarqntk.montecarlo._quantities import QUANTITIES, without_rounding

# Two circuits, two observables, two inputs, three layers; small integers, so that floats are exact.
G = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 1, 0, 2, 0, 1, 1, 2, 2, 0, 3, 3, 3, 5, 4, 3]).reshape(2, 2, 2, 3)


# Symmetric, for the first observable and input of G; nothing else uses them.
H = np.zeros((2, 2, 2, 3, 3))
H[:, 0, 0] = [[[1, 0, 2], [0, 3, 0], [2, 0, -1]], [[5, 1, 1], [1, 2, -4], [1, -4, 1]]]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gradient_variance", [14 / 3, 2 / 3]),
        ("kernel_mean", [14, 2]),
        ("kernel_second_moment", [196, 4]),
        ("kernel_third_moment", [14**3, 8]),
        ("kernel_fourth_moment", [14**4, 16]),
        ("meta_kernel_mean", [1 + 12 - 9 + 12, 2 + 1 - 8]),
        ("meta_kernel_second_moment", [16**2, 5**2]),
        ("kernel_meta_kernel_covariance", [(14 - 2) * (16 + 5) / 2]),
        ("supervised_kernel_covariance", [(14 - 2) * (32 - 2) / 2]),  # K_12 = 4 + 10 + 18 and 0 + 2 + 0
        ("kernel_variance", [72]),  # (14 − 2)²/2
        ("supervised_kernel_mean", [7, 7]),  # 1·1 + 2·0 + 3·2 and 0·5 + 1·4 + 1·3
        ("supervised_kernel_eigenvalue_uniform", [155 / 2, 14 / 2]),  # (5² + 7² + 9²)/2 and (2² + 3² + 1²)/2
        ("supervised_kernel_eigenvalue_difference", [91 - 155 / 2, 10 - 14 / 2]),
    ],
)
def test_values_by_hand(name: str, values: list[float]) -> None:
    quantity = QUANTITIES[name]
    derivatives = (G, H) if quantity.uses_hessian else (G,)
    assert quantity.values(*derivatives).tolist() == values


def test_the_table_is_what_users_see() -> None:
    assert quantities() == tuple(QUANTITIES)
    assert all(quantity.name == name for name, quantity in QUANTITIES.items())


def test_the_third_cumulant_is_without_bias() -> None:
    """Over all triples of kernels 0, 1, 9, the mean is the third central moment."""
    kernels = [0.0, 1.0, 9.0]
    triples = np.sqrt([K for triple in product(kernels, repeat=3) for K in triple]).reshape(-1, 1, 1, 1)
    third = np.mean([(K - np.mean(kernels)) ** 3 for K in kernels])
    assert QUANTITIES["kernel_third_cumulant"].values(triples).mean() == pytest.approx(third)


@given(st.integers(2, 6), st.integers(1, 4), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_eigenvalue_quantities_are_those_of_the_kernel_matrix(n: int, L: int, seed: int) -> None:
    gradients = np.random.default_rng(seed).normal(size=(1, 1, n, L))
    K = gradients[0, 0] @ gradients[0, 0].T
    u = np.ones(n) / np.sqrt(n)
    (uniform,) = QUANTITIES["supervised_kernel_eigenvalue_uniform"].values(gradients)
    (difference,) = QUANTITIES["supervised_kernel_eigenvalue_difference"].values(gradients)
    assert uniform == pytest.approx(u @ K @ u, abs=1e-12)
    assert uniform + (n - 1) * difference == pytest.approx(np.trace(K), abs=1e-12)


def test_gradients_that_cancel_up_to_rounding_cancel() -> None:
    gradients = np.array([[[[0.1 + 0.2, 1.0], [-0.3, 1.0]]]])
    assert gradients[0, 0, :, 0].sum() != 0
    assert QUANTITIES["supervised_kernel_eigenvalue_uniform"].values(gradients).tolist() == [2.0]


@pytest.mark.parametrize("generator", [None, np.array([3.0, -1.0])])
def test_what_floats_resolve_is_no_rounding(generator: Any) -> None:
    """Of a derivative of 2⁻³⁰ of the size of its terms twenty bits are left, of one of 2⁻⁵⁰ hardly any."""
    for seen, size in ((True, 2.0**-30), (False, 2.0**-50)):
        G = np.array([[[[1.0, size]]], [[[size, -size]]]])
        H, Z = np.full((2, 1, 1, 2, 2), size), np.full((2, 1, 1), size)
        found = without_rounding(G, H, Z, observables=np.array([[1.0, -1.0]]), generator=generator)
        for before, after in zip((G, H, Z), found, strict=True):
            small = np.abs(before) < 1
            assert ((after != 0) == (seen | ~small)).all()
            assert (after[after != 0] == before[after != 0]).all()
        pair = np.array([[[[1.0]], [[size - 1.0]]]]).reshape(1, 1, 2, 1)
        (kept,) = without_rounding(pair, observables=np.array([[1.0, -1.0]]), generator=generator)
        assert (kept.sum() != 0) == seen
