"""Moments of six copies and more: the engine, the factorisation, matrices at D = 2, the geometry of the sphere."""

from __future__ import annotations

from fractions import Fraction
from functools import cache, reduce
from itertools import permutations
from math import comb, factorial, prod
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import power_sums
from strategies import rationals, spectra

from haarqntk.algebra import RationalFunction, TracePolynomial
from haarqntk.circuits import (
    Circuit,
    Copy,
    _moment,
    _recursion,
    kernel_moment,
    layer_indices,
    layer_patterns,
    mean_of_expression,
    mean_of_product,
    sum_over,
)
from haarqntk.errors import CostError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

l, m = layer_indices("l m")
e = Circuit().residual()
K = sum_over(e.d(l) ** 2, l)
K_CUBED = [Copy((index,)) for index in "llmmnn"]
MU_SQUARED = [Copy(("l", "m")), Copy(("l",)), Copy(("m",)), Copy(("p", "q")), Copy(("p",)), Copy(("q",))]


def value(polynomial: TracePolynomial, spectrum: Sequence[Fraction | int], depth: int) -> Fraction:
    return polynomial.at(len(spectrum), power_sums(spectrum, 10) | {"L": Fraction(depth)})


# -- the engine and the factorisation K = v·S_L -----------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_engine_gives_the_moments_of_the_kernel_that_factorise(n: int) -> None:
    assert mean_of_product(K_CUBED[: 2 * n]) == kernel_moment(n)
    assert mean_of_expression(K**n) == kernel_moment(n)


@pytest.mark.parametrize("dimension", [2, 4])
def test_they_agree_below_the_number_of_copies_too(dimension: int) -> None:
    spectrum = (3, 1, 0, -5)[:dimension]
    engine = mean_of_product(K_CUBED, dimension=dimension)
    for depth in (1, 2, 5):
        assert value(engine, spectrum, depth) == value(kernel_moment(3, dimension), spectrum, depth)


@pytest.mark.parametrize("n", [4, 5])
def test_higher_powers_of_the_kernel_take_the_factorisation(n: int) -> None:
    spectrum = (3, 1, 0, -5, 2, 2, 0, 0, -1, 1, 1, 0)
    assert value(mean_of_expression(K**n), spectrum, 7) == value(kernel_moment(n, 12), spectrum, 7)
    for ensemble, generators in (("independent_layers", "pauli"), ("segments", "general")):
        other = Circuit(ensemble, generators).output()
        with pytest.raises(CostError, match=rf"k = {2 * n} copies would not finish"):
            mean_of_expression(sum_over(other.d(l) ** 2, l) ** n)


def test_a_sixth_power_of_the_kernel_is_refused() -> None:
    with pytest.raises(CostError, match="n = 6 would not finish: moments of K run up to the power 5"):
        kernel_moment(6)


@settings(max_examples=20)
@given(rationals(), rationals(), st.integers(1, 5))
def test_one_layer_of_one_qubit_is_the_geometry_of_the_sphere(a: Fraction, b: Fraction, n: int) -> None:
    """O = c + rZ: g = 2r |sin| cos of two independent uniform directions, so E K^n = (2r)^2n E sin^2n E cos^2n."""
    sine = Fraction(prod(range(2, 2 * n + 1, 2)), prod(range(3, 2 * n + 2, 2)))
    expected = (a - b) ** (2 * n) * sine * Fraction(1, 2 * n + 1)
    assert value(kernel_moment(n, 2), (a, b), 1) == expected


@settings(max_examples=20)
@given(st.sampled_from([2, 4]).flatmap(spectra), st.integers(1, 9))
def test_the_kernel_has_moments_of_a_positive_variable(spectrum: tuple[Fraction, ...], depth: int) -> None:
    """Hankel determinants of m_0 … m_4 and of m_1 … m_5 are not negative."""
    D = len(spectrum)
    moments = [Fraction(1), *(value(moment_at(n, D), spectrum, depth) for n in range(1, 6))]
    for first in (0, 1):
        assert moments[first] * moments[first + 2] >= moments[first + 1] ** 2
        rows = [[moments[first + i + j] for j in range(3)] for i in range(3)]
        assert determinant(rows) >= 0


@cache
def moment_at(n: int, dimension: int) -> TracePolynomial:
    return kernel_moment(n, dimension)


def determinant(a: list[list[Fraction]]) -> Fraction:
    return sum(
        (a[0][i] * (a[1][j] * a[2][k] - a[1][k] * a[2][j]) for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1))),
        Fraction(0),
    )


# -- D = 2: the definition with 64 × 64 matrices ---------------------------------------------------------------


@cache
def commutant_of_six_qubits() -> NDArray[np.float64]:
    """An orthonormal basis of the span of the 720 permutation operators: 132 rows, the Catalan number."""
    identity = np.eye(64).reshape((2,) * 12)
    rows = np.array([identity.transpose([*p, *range(6, 12)]).ravel() for p in permutations(range(6))])
    sizes, vectors = np.linalg.eigh(rows @ rows.T)
    kept = sizes > 1e-9 * sizes[-1]
    return np.asarray((vectors[:, kept] / np.sqrt(sizes[kept])).T @ rows)


def mean_by_matrices(copies: Sequence[Copy], spectrum: Sequence[int], depth: int) -> float:
    basis = commutant_of_six_qubits()
    assert basis.shape == (132, 4096)

    def twirl(R: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((basis @ R.ravel()) @ basis).reshape(64, 64)

    Z = [np.array([1 - 2 * (i >> (5 - a) & 1) for i in range(64)]) for a in range(6)]  # diagonals
    start = np.zeros((64, 64))
    start[0, 0] = 1
    end = np.diag(reduce(np.kron, [np.array(spectrum)] * 6))
    total = 0.0
    for pattern in layer_patterns(copies):
        R, sign = twirl(start), 1
        for block in pattern:
            for z, count in zip(Z, block, strict=True):
                for _ in range(count):
                    R = z[:, None] * R - R * z[None, :]
            sign *= (-1) ** (sum(block) // 2) * (sum(block) % 2 == 0)
            R = twirl(R)
        total += sign * comb(depth, len(pattern)) * float(np.sum(R * end))
    return total


@pytest.mark.parametrize(
    "product",
    [
        K_CUBED,
        MU_SQUARED,
        [Copy(()), Copy(()), Copy(("l",)), Copy(("l",)), Copy(("m", "m")), Copy(("m", "m"))],
        [Copy(("l", "m")), Copy(("l", "m")), Copy(("l",)), Copy(("l",)), Copy(("m",)), Copy(("m",))],
        [Copy(("l", "l")), Copy(("l", "l")), Copy(("l",)), Copy(("l",)), Copy(()), Copy(())],
        [Copy(("l", "l", "m")), Copy(("m",)), Copy(("l",)), Copy(("l",)), Copy(()), Copy(())],
    ],
    ids=["K³", "mu²", "z z K h h", "h h g g g g", "h h g g z z", "third derivatives"],
)
def test_six_copies_of_one_qubit_are_the_definition_with_matrices(product: list[Copy]) -> None:
    exact = mean_of_product(product, dimension=2)
    for spectrum in ((1, -1), (3, -1), (1, 0)):
        for depth in (1, 2, 3):
            expected = mean_by_matrices(product, spectrum, depth)
            assert float(value(exact, spectrum, depth)) == pytest.approx(expected, rel=1e-9, abs=1e-9)


# -- guards and routes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimension", [None, 4])
def test_the_second_moment_of_the_meta_kernel_of_two_qubits_is_the_known_one(dimension: int | None) -> None:
    """D = 4 < 6 by the pseudo-inverse; the closed form for one pure state has no pole there and says the same."""
    found = value(mean_of_product(MU_SQUARED, dimension=dimension), (1, -1, -1, 1), 6)
    assert found == Fraction(245764096, 5788125)


@pytest.mark.parametrize("dimension", [6, 8, pytest.param(10**12)])
def test_the_engine_at_a_number_is_the_engine_at_the_symbol_there(dimension: int) -> None:
    """At D ≥ k the traces are independent, so any numbers will do; at 10^12 machine integers would overflow."""
    traces = {f"T{j}": Fraction(j**3 - 7, j) for j in range(1, 7)}
    generic, here = mean_of_product(MU_SQUARED), mean_of_product(MU_SQUARED, dimension=dimension)
    for depth in (1, 4):
        numbers = traces | {"L": Fraction(depth)}
        assert generic.at(dimension, numbers) == here.at(dimension, numbers)


def test_the_output_of_six_copies_is_the_average_over_haar_states() -> None:
    """E z^6 = 6! h_6(O)/(D … (D+5)): the complete symmetric function by Newton's recursion."""
    D = RationalFunction([0, 1])
    h = [TracePolynomial.constant(1)]
    for n in range(1, 7):
        parts = (TracePolynomial.variable(f"T{j}") * h[n - j] for j in range(1, n + 1))
        h.append(sum(parts, start=TracePolynomial({})) * Fraction(1, n))
    norm = prod((D + i for i in range(6)), start=RationalFunction(1))
    assert mean_of_product([Copy(())] * 6) == h[6] * (factorial(6) / norm)


def test_a_total_derivative_of_six_factors_averages_to_zero() -> None:
    factors = [("l",), ("m",), ("m",), (), (), ("l", "l")]
    parts = [
        mean_of_product([Copy((*layers, *("l" if i == j else ""))) for j, layers in enumerate(factors)])
        for i in range(6)
    ]
    assert sum(map(bool, parts)) > 1
    assert not sum(parts, start=TracePolynomial({}))


@pytest.mark.parametrize("dimension", [None, 2])
@pytest.mark.parametrize(
    "product",
    [[Copy(()), *K_CUBED[:4]], [Copy(("l", "l")), Copy(("l", "m")), Copy(("l",)), Copy(("m",))]],
    ids=["z K²", "h h g g"],
)
def test_slots_one_by_one_and_all_overlaps_at_once_are_the_same_layer(
    product: list[Copy], dimension: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At D < k the traces are dependent, so values are compared."""
    found = []
    for most_slots in (0, 99):
        monkeypatch.setattr(_recursion, "_MOST_SLOTS", most_slots)
        for cached in (_moment.segment_mean, _recursion.averaged_state):
            cached.cache_clear()
        found.append(mean_of_product(product, dimension=dimension))
    _moment.segment_mean.cache_clear()
    _recursion.averaged_state.cache_clear()
    if dimension is None:
        assert found[0] == found[1]
    else:
        assert value(found[0], (3, -1), 4) == value(found[1], (3, -1), 4)
