"""Circuits of one qubit in Bloch space: every moment by exact cubature on SO(3) and the sphere.

z = ⟨ψ|U†OU|ψ⟩ with O = o_0 + o·σ and ψ of Bloch vector r is o_0 + o·(R r), R the rotation of U. A derivative in an
angle θ of e^{iθX}, X = x_0 + x·σ, inserts −2 x × (·) at the place of its layer. With one more component for o_0 a
copy is a vector of four numbers, k copies one of 4^k, and an average over a Haar segment a matrix on those.
"""

from __future__ import annotations

from collections import Counter
from functools import cache, reduce
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from _differential.designs import euler_cubature, rotations_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Factor = tuple[tuple[int, ...], str, str]
"""One copy: the layers that are differentiated, its observable, its state."""


def insertion(x: Any) -> NDArray[Any]:
    """−2 x × (·) on (1, Bloch vector)."""
    found = np.zeros((4, 4))
    found[1:, 1:] = -2 * np.array([[0, -x[2], x[1]], [x[2], 0, -x[0]], [-x[1], x[0], 0]])
    return found


@cache
def segment_average(k: int) -> NDArray[Any]:
    """E[(1 ⊕ R)^{⊗k}], R Haar in SO(3): cubature exact for 2k factors of SU(2)."""
    points, weights = euler_cubature(2 * k)
    matrices = np.zeros((len(points), 4, 4))
    matrices[:, 0, 0] = 1
    matrices[:, 1:, 1:] = rotations_of(points)
    return average_of_powers([matrices] * k, weights)


def average_of_powers(factors: Sequence[NDArray[Any]], weights: NDArray[Any]) -> NDArray[Any]:
    """Σ_n w_n F_1(n) ⊗ F_2(n) ⊗ …."""
    total = np.ones((len(weights), 1, 1))
    for f in factors[:-1]:
        size = total.shape[1] * 4
        total = np.einsum("nab,ncd->nacbd", total, f).reshape(-1, size, size)
    size, last = total.shape[1], factors[-1]
    summed = (weights[:, None] * total.reshape(len(weights), -1)).T @ last.reshape(len(weights), 16)
    return np.asarray(summed.reshape(size, size, 4, 4).transpose(0, 2, 1, 3).reshape(size * 4, size * 4))


@cache
def generator_average_of(counts: tuple[int, ...]) -> NDArray[Any]:
    """E[⊗_a (−2 x × ·)^{n_a}] over unit vectors x, by Gauss–Legendre in the height and equidistant angles."""
    degree = sum(counts)
    nodes, heights = np.polynomial.legendre.leggauss(degree // 2 + 1)
    angles = 2 * np.pi * np.arange(degree + 1) / (degree + 1)
    matrices, weights = [], []
    for (h, w), a in product(zip(nodes, heights, strict=True), angles):
        s = np.sqrt(1 - h * h)
        matrices.append(insertion((s * np.cos(a), s * np.sin(a), h)))
        weights.append(w / 2 / (degree + 1))
    powers = [np.linalg.matrix_power(np.array(matrices), n) for n in counts]
    return average_of_powers(powers, np.array(weights))


def _tensor(vectors: Sequence[Any]) -> Any:
    return reduce(np.kron, vectors)


def mean_of_factors(
    factors: Sequence[Factor],
    L: int,
    *,
    ensemble: str,
    observables: Mapping[str, Any],
    states: Mapping[str, Any],
    length: float,
) -> float:
    """The average of a product of copies for given layers, 1 … L.

    Args:
        factors: The copies.
        L: The number of layers; layer L acts on the state first.
        ensemble: The ensemble by its name.
        observables: Name → (o_0, o_1, o_2, o_3); under generator_average that of U†OU.
        states: Name → (1, r_1, r_2, r_3).
        length: |x| of the generators.
    """
    if ensemble == "independent_layers":
        groups = Counter((tuple(sorted(layers)), O, psi) for layers, O, psi in factors)
        parts = ([key] * n for key, n in groups.items())
        result = 1.0
        for part in parts:
            result *= mean_of_factors(
                part, L, ensemble="segments", observables=observables, states=states, length=length
            )
        return result
    k = len(factors)
    vector = _tensor([states[psi] for _, _, psi in factors])
    average = None if ensemble == "generator_average" else segment_average(k)
    if average is not None and ensemble != "prl_ansatz":
        vector = average @ vector
    for layer in range(L, 0, -1):
        counts = tuple(layers.count(layer) for layers, _, _ in factors)
        vector = _after_layer(vector, counts, ensemble) * length ** sum(counts)
        if average is not None:
            vector = average @ vector
    return float(_tensor([observables[O] for _, O, _ in factors]) @ vector)


def _after_layer(vector: Any, counts: tuple[int, ...], ensemble: str) -> Any:
    if not any(counts):
        return vector
    if ensemble == "generator_average":
        return generator_average_of(counts) @ vector
    # the four Pauli strings of one qubit, of which the identity is no derivative
    drawn = [(tuple(row), 0.25) for row in np.eye(3)]
    generators = [((0, 0, 1), 1.0)] if ensemble == "segments" else drawn
    total = 0 * vector
    for x, weight in generators:
        powers = [np.linalg.matrix_power(insertion(x), n) for n in counts]
        total = total + weight * (_tensor(powers) @ vector)
    return total
