"""Finite sets of matrices that average as the Haar measure does, up to a degree; built here from generators.

A degree is the number of factors: for U(D) the number p of U in U^{⊗p} ⊗ U*^{⊗p} (phases are averaged apart), for
O(D), Sp(D) and SU(2) the number of all factors. Every set is checked by its frame potential in the tests.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Points = tuple[NDArray[Any], NDArray[Any]]
    """Matrices (N, D, D), or kets (N, D), and their N weights."""

GOLDEN = (1 + np.sqrt(5)) / 2
LARGEST = {"unitary": {3: 3, 4: 3, 6: 1}, "orthogonal": {3: 5, 4: 7}, "symplectic": {4: 5}}
"""Group → dimension → largest degree; one and two dimensions have none."""
LARGEST_GROUP = 12_000


def check_degree(group: str, D: int, degree: int) -> None:
    """Refuse a degree that no set of this file has: an oracle must not be wrong in silence."""
    if degree > LARGEST[group].get(D, degree):
        raise ValueError(f"no set for {group} at D = {D} is exact to degree {degree}")


def uniform(points: Any) -> Points:
    """Equal weights."""
    return points, np.full(len(points), 1 / len(points))


def closure(generators: Sequence[Any], *, up_to_phase: bool) -> NDArray[Any]:
    """The group that matrices generate, by breadth-first search; ``up_to_phase`` keeps one of each ray."""
    D = len(generators[0])
    steps = np.array(generators)
    found: dict[bytes, Any] = {}
    frontier = np.eye(D, dtype=complex)[None]
    while len(frontier):
        fresh = []
        for g in frontier:
            if up_to_phase:
                first = g.ravel()[np.argmax(np.abs(g.ravel()) > 1e-6)]
                g = g * (abs(first) / first)  # noqa: PLW2901 - the same ray
            key = (np.round(g * 1000).astype(complex) + 0.0).tobytes()  # + 0.0: no negative zeros
            if key not in found:
                found[key] = g
                if len(found) > LARGEST_GROUP:
                    raise ValueError("the matrices generate no group of the expected size")
                fresh.append(g)
        frontier = (np.array(fresh)[:, None] @ steps[None]).reshape(-1, D, D) if fresh else np.empty((0,))
    return np.array(list(found.values()))


def quaternion(a: float, b: float, c: float, d: float) -> NDArray[Any]:
    """A unit quaternion as a matrix of SU(2)."""
    return np.array([[a + 1j * b, c + 1j * d], [-c + 1j * d, a - 1j * b]])


@cache
def binary_group(degree: int) -> NDArray[Any]:
    """A subgroup of SU(2) exact up to that number of factors: quaternion group, 2T, 2O or 2I."""
    i, j = quaternion(0, 1, 0, 0), quaternion(0, 0, 1, 0)
    generators = [i, j]
    if degree > 3:
        generators.append(quaternion(0.5, 0.5, 0.5, 0.5))
    if 5 < degree <= 7:
        generators.append(quaternion(np.sqrt(0.5), np.sqrt(0.5), 0, 0))
    if degree > 7:
        generators.append(quaternion(GOLDEN / 2, 1 / (2 * GOLDEN), 0.5, 0))
    if degree > 11:
        raise ValueError(f"no finite subgroup of SU(2) has degree {degree}")
    return closure(generators, up_to_phase=False)


@cache
def euler_cubature(degree: int) -> Points:
    """SU(2) by Euler angles: equidistant in two, Gauss–Legendre in the cosine of the third."""
    n = degree + 1
    halves = 2 * np.pi * np.arange(n) / n  # α/2 and γ/2, with frequencies −degree … degree
    nodes, weights = np.polynomial.legendre.leggauss(degree // 4 + 1)  # (cos β/2)^degree: degree/2 in cos β
    points, found = [], []
    for a, c, (x, w) in product(halves, halves, zip(nodes, weights, strict=True)):
        cosine, sine = np.sqrt((1 + x) / 2), np.sqrt((1 - x) / 2)
        first, second = np.exp(1j * (a + c)) * cosine, np.exp(1j * (a - c)) * sine
        points.append([[first, second], [-second.conjugate(), first.conjugate()]])
        found.append(w / 2 / n**2)
    return np.array(points), np.array(found)


@cache
def weyl_heisenberg(D: int) -> NDArray[Any]:
    """The D² products of shift and clock, a 1-design."""
    shift = np.roll(np.eye(D, dtype=complex), 1, axis=0)
    clock = np.diag(np.exp(2j * np.pi * np.arange(D) / D))
    power = np.linalg.matrix_power
    return np.array([power(shift, a) @ power(clock, b) for a in range(D) for b in range(D)])


@cache
def valentiner() -> NDArray[Any]:
    """3·A6 in SU(3) up to phases, 360 matrices: a 3-design (the Valentiner group)."""
    w, t = np.exp(2j * np.pi / 3), GOLDEN
    cycle, signs = np.roll(np.eye(3), 1, axis=0), np.diag([-1.0, 1, -1])
    icosahedral = np.array([[1, 1 / t, -t], [1 / t, t, 1], [t, -1, 1 / t]]) / 2
    swapped = np.array([[1, 0, 0], [0, 0, w], [0, w.conjugate(), 0]])
    return closure([cycle, signs, icosahedral, swapped], up_to_phase=True)


@cache
def clifford_two() -> NDArray[Any]:
    """The Clifford group of two qubits up to phases, 11,520 matrices: a 3-design."""
    H, S, one = np.array([[1, 1], [1, -1]]) / np.sqrt(2), np.diag([1, 1j]), np.eye(2)
    gates = [np.kron(H, one), np.kron(one, H), np.kron(S, one), np.kron(one, S), np.diag([1, 1, 1, -1])]
    return closure(gates, up_to_phase=True)


@cache
def symplectic_two(degree: int) -> NDArray[Any]:
    """Clifford gates that keep J, in USp(4) with both signs; up to 3 factors the extraspecial group will do."""
    i, k = quaternion(0, 1, 0, 0), quaternion(0, 0, 1, 0)
    one, x, z = np.eye(2), np.array([[0, 1], [1, 0]]), np.diag([1, -1])
    if degree <= 3:
        return closure(
            [np.kron(i, one), np.kron(k, one), np.kron(one, x), np.kron(one, z)], up_to_phase=False
        )
    J = symplectic_form(4)
    group = clifford_two()
    image = group.swapaxes(1, 2) @ J @ group
    phase = np.einsum("nij,ij->n", image, J) / 4
    kept = np.abs(np.abs(phase) - 1) < 1e-9
    half = group[kept] / np.sqrt(phase[kept])[:, None, None]
    return np.concatenate([half, -half])


def symplectic_form(D: int) -> NDArray[Any]:
    """J = [[0, 1], [−1, 0]] in blocks of D/2."""
    return np.kron([[0, 1], [-1, 0]], np.eye(D // 2))


@cache
def unitary(D: int, degree: int) -> Points:
    """U(D) up to phases."""
    check_degree("unitary", D, degree)
    if D == 1 or degree == 0:
        return uniform(np.eye(D, dtype=complex)[None])
    if D == 2:
        return euler_cubature(2 * degree)
    if degree == 1:
        return uniform(weyl_heisenberg(D))
    return uniform({3: valentiner, 4: clifford_two}[D]())


@cache
def small_unitary(D: int, degree: int) -> Points:
    """As ``unitary``, by fewer points in two dimensions, where several matrices are averaged at once."""
    if D != 2 or degree > 5:
        return unitary(D, degree)
    group = binary_group(2 * degree + 1)
    first = np.array([g for g in group if _is_upper(g)])
    return uniform(first)


def _is_upper(g: NDArray[Any]) -> bool:
    """One of each pair ±g."""
    entries = [*g.ravel().real, *g.ravel().imag]
    return bool(next(x for x in entries if abs(x) > 1e-6) > 0)


@cache
def orthogonal(D: int, degree: int) -> Points:
    """O(D)."""
    check_degree("orthogonal", D, degree)
    if D == 1:
        return uniform(np.array([[[1.0]], [[-1.0]]]))
    if D == 2:
        angles = 2 * np.pi * np.arange(degree + 1) / (degree + 1)
        c, s = np.cos(angles), np.sin(angles)
        rotations = np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)
        return uniform(np.concatenate([rotations, rotations @ np.diag([1.0, -1.0])]))
    if degree <= 3:  # signs and cyclic shifts
        signs = np.array([np.diag(x) for x in product((1.0, -1.0), repeat=D)])
        shifts = np.array([np.roll(np.eye(D), k, axis=0) for k in range(D)])
        return uniform((signs[:, None] @ shifts[None]).reshape(-1, D, D))
    if D == 3:
        rotations = rotations_of(np.array([g for g in binary_group(11) if _is_upper(g)]))
        return uniform(np.concatenate([rotations, -rotations]))
    halves = binary_group(degree)
    upper = np.array([g for g in halves if _is_upper(g)])
    # quaternions of length 1: x → a x b̄ on the basis 1, i, j, k, and with x → x̄ first
    basis = np.array([quaternion(*row) for row in np.eye(4)])
    moved = np.einsum("aij,xjk,blk->abxil", upper, basis, halves.conj())
    matrices = np.einsum("yji,abxji->abyx", basis.conj(), moved).real.reshape(-1, 4, 4) / 2
    return uniform(np.concatenate([matrices, matrices @ np.diag([1.0, -1, -1, -1])]))


def rotations_of(group: NDArray[Any]) -> NDArray[Any]:
    """SU(2) → SO(3): R_ab = Tr(σ_a U σ_b U†)/2."""
    sigma = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    return np.asarray(np.einsum("aij,njk,bkl,nil->nab", sigma, group, sigma, group.conj()).real / 2)


@cache
def symplectic(D: int, degree: int) -> Points:
    """Sp(D) in the convention SᵀJS = J."""
    check_degree("symplectic", D, degree)
    if D == 2:
        return euler_cubature(degree) if degree > 11 else uniform(binary_group(degree))
    return uniform(symplectic_two(degree))


@cache
def states(D: int, degree: int) -> Points:
    """Haar kets up to phases: the Bloch sphere by cubature, columns of a unitary design above."""
    if D == 2:
        n = degree + 1
        nodes, weights = np.polynomial.legendre.leggauss(degree // 2 + 1)
        phases = np.exp(2j * np.pi * np.arange(n) / n)
        kets = [[np.sqrt((1 + x) / 2), np.sqrt((1 - x) / 2) * p] for x in nodes for p in phases]
        return np.array(kets), np.repeat(weights / 2, n) / n
    columns = unitary(D, degree)[0][:, :, 0]
    first = [x[np.argmax(np.abs(x) > 1e-6)] for x in columns]
    rays = columns * np.array([abs(x) / x for x in first])[:, None]
    _, places, counts = np.unique(np.round(rays * 1000) + 0.0, axis=0, return_index=True, return_counts=True)
    return rays[places], counts / counts.sum()
