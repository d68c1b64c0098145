"""The twirl of any operator: averages over finite designs, the laws of a projector, bad input."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import qutip
import sympy
from hypothesis import given
from hypothesis import strategies as st
from oracles import power_sums, symmetric_group
from strategies import permutation_tuples, rational_matrices, spectra

import haarqntk as hq
from haarqntk.algebra import RationalFunction
from haarqntk.combinatorics import compose, cycle_type, inverse
from haarqntk.designs import clifford_integers, permutation_operator, twirl_of_power
from haarqntk.errors import CostError, InputError, InputTypeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SHAPES = [(1, 1), (1, 3), (2, 1), (2, 2), (2, 3), (2, 4), (3, 1), (3, 2), (4, 2)]  # (D, k), also D < k


@st.composite
def operators(draw: st.DrawFn) -> tuple[int, int, NDArray[Any]]:
    """D, k and an exact operator on k copies."""
    D, k = draw(st.sampled_from(SHAPES))
    rows = draw(rational_matrices(2)) if D**k > 4 else draw(rational_matrices(D**k))
    if D**k <= 4:
        return D, k, np.array(rows, dtype=object)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    factors = rng.integers(-5, 6, size=(2, D**k, 2))  # of rank two, by a drawn core
    return D, k, factors[0] @ np.array(rows, dtype=object) @ factors[1].T


def tensor_power(V: NDArray[Any], k: int) -> NDArray[Any]:
    """V^{⊗k} for one matrix or for each of a stack."""
    return reduce(_kron, [V] * k)


def _kron(A: NDArray[Any], B: NDArray[Any]) -> NDArray[Any]:
    product = A[..., :, None, :, None] * B[..., None, :, None, :]
    return np.asarray(product.reshape(*product.shape[:-4], A.shape[-2] * B.shape[-2], -1))


# -- the permutation operators -------------------------------------------------------------------------------


@given(permutation_tuples(1, largest=4), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_a_permutation_operator_moves_factor_a_to_place_sigma_of_a(sigmas: Any, D: int, seed: int) -> None:
    (sigma,) = sigmas
    vectors = np.random.default_rng(seed).integers(-9, 10, size=(len(sigma), D))
    moved = [vectors[sigma.index(place)] for place in range(len(sigma))]
    assert np.array_equal(permutation_operator(sigma, D) @ reduce(np.kron, vectors), reduce(np.kron, moved))


@given(permutation_tuples(2, largest=4), st.integers(1, 3))
def test_permutation_operators_are_a_representation(pair: Any, D: int) -> None:
    sigma, tau = pair
    P, Q = permutation_operator(sigma, D), permutation_operator(tau, D)
    assert np.array_equal(P @ Q, permutation_operator(compose(sigma, tau), D))
    assert np.array_equal(P.T, permutation_operator(inverse(sigma), D))
    assert np.trace(P) == D ** len(cycle_type(sigma))


# -- averages over designs -----------------------------------------------------------------------------------


def clifford_average(R: NDArray[Any], n: int, k: int) -> NDArray[Any]:
    """The mean of V^{⊗k} R V^{†⊗k} over the Clifford group, exactly: small integers, which complex128 holds."""
    parts = clifford_integers(n)
    M = parts[:, 0] + 1j * parts[:, 1]
    norms = (np.abs(M[:, :, 0]) ** 2).sum(axis=1)[:, None, None] ** k
    V = tensor_power(M, k)
    total = ((V @ R @ V.conj().swapaxes(1, 2)) * (2 ** (n * k) / norms)).sum(axis=0)
    assert not total.imag.any()
    return np.array([[Fraction(int(x), len(M) * 2 ** (n * k)) for x in row] for row in total.real])


@pytest.mark.parametrize(("n", "k"), [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_twirl_is_the_average_over_the_clifford_group(n: int, k: int, seed: int) -> None:
    R = np.random.default_rng(seed).integers(-4, 5, size=(2 ** (n * k),) * 2)
    assert np.array_equal(hq.twirl(R, k).to_array(), clifford_average(R, n, k))


def test_four_copies_tell_the_clifford_group_from_the_haar_measure() -> None:
    R = np.random.default_rng(1).integers(-4, 5, size=(16, 16))
    assert not np.array_equal(hq.twirl(R, 4).to_array(), clifford_average(R, 1, 4))


@pytest.mark.parametrize("k", range(1, 6))
def test_the_twirl_is_the_average_over_the_icosahedral_group(k: int) -> None:
    """Complex floats, and an exact operator, at D = 2 and up to five copies: D < k from three on."""
    rng = np.random.default_rng(k)
    V = tensor_power(hq.icosahedral_group(), k)
    R = rng.normal(size=(2**k, 2**k)) + 1j * rng.normal(size=(2**k, 2**k))
    average = (V @ R @ V.conj().swapaxes(1, 2)).mean(axis=0)
    found = hq.twirl(R, k)
    assert all(type(c) is complex for c in found.values)
    assert found.to_array().dtype == np.complex128
    assert np.abs(found.to_array() - average).max() < 1e-13 * 2**k
    exact = rng.integers(-4, 5, size=(2**k, 2**k)).tolist()
    average = (V @ np.array(exact) @ V.conj().swapaxes(1, 2)).mean(axis=0)
    assert np.abs(hq.twirl(exact, k).to_array().astype(float) - average).max() < 1e-13 * 2**k


# -- the laws of the projector -------------------------------------------------------------------------------


@given(operators())
def test_a_twirl_keeps_overlaps_and_stays_what_it_is(problem: tuple[int, int, NDArray[Any]]) -> None:
    """Tr P_τ† R is kept for every τ, the trace among them; a second twirl changes no coefficient."""
    D, k, R = problem
    found = hq.twirl(R, k)
    assert (found.dimension, found.k, len(found.values)) == (D, k, len(symmetric_group(k)))
    assert all(type(c) is Fraction for c in found.values)
    T = found.to_array()
    for tau in symmetric_group(k):
        ones = permutation_operator(tau, D) == 1
        assert T[ones].sum() == R[ones].sum()  # Tr P^T A adds the entries where P is 1
    assert hq.twirl(T, k) == found
    combined = sum(c * permutation_operator(sigma, D) for sigma, c in found.coefficients.items())
    assert np.array_equal(combined, T)


@given(operators(), st.integers(0, 2**32 - 1))
def test_a_twirl_does_not_see_rotations_of_its_operator(
    problem: tuple[int, int, NDArray[Any]], seed: int
) -> None:
    D, k, R = problem
    rng = np.random.default_rng(seed)
    V = np.diag([Fraction(sign) for sign in rng.choice([-1, 1], D).tolist()])[rng.permutation(D)]
    if D > 1:
        turn = np.diag([Fraction(1)] * D)
        turn[:2, :2] = np.array([[Fraction(3, 5), Fraction(-4, 5)], [Fraction(4, 5), Fraction(3, 5)]])
        V = V @ turn
    power = tensor_power(V, k)
    found = hq.twirl(R, k)
    assert hq.twirl(power @ R @ power.T, k) == found
    assert np.array_equal(power @ found.to_array(), found.to_array() @ power)


@given(st.integers(1, 3).flatmap(spectra), st.integers(1, 4))
def test_the_twirl_of_a_power_is_the_class_function_of_the_engine(
    spectrum: tuple[Fraction, ...], k: int
) -> None:
    D, sums = len(spectrum), power_sums(spectrum, k)
    engine = twirl_of_power(k, lambda j: RationalFunction(sums[f"T{j}"]), D)
    found = hq.twirl(tensor_power(np.diag(spectrum), k), k)
    assert found.coefficients == {s: engine[cycle_type(s)].at(D) for s in symmetric_group(k)}


@pytest.mark.parametrize(("D", "k"), SHAPES)
def test_permutation_operators_are_left_alone(D: int, k: int) -> None:
    for sigma in symmetric_group(k):
        P = permutation_operator(sigma, D)
        found = hq.twirl(P, k)
        assert np.array_equal(found.to_array(), P)
        if k <= D:  # independent: no other coefficients give it
            assert found.coefficients == {tau: int(tau == sigma) for tau in symmetric_group(k)}


@pytest.mark.parametrize(("D", "k"), [(4, 3), (5, 3), (3, 4), (3, 5), (2, 6)])
def test_the_dimension_of_a_copy_is_read_off(D: int, k: int) -> None:
    found = hq.twirl(np.eye(D**k), k)
    assert (found.dimension, found.k) == (D, k)
    assert np.abs(found.to_array() - np.eye(D**k)).max() < 1e-12


def test_exact_numbers_stay_exact_and_one_float_makes_floats() -> None:
    half, root, i = sympy.Rational(1, 2), sympy.sqrt(2), sympy.I
    assert hq.twirl([[root, i], [0, i * i]], 1).values == ((root - 1) / 2,)
    (value,) = hq.twirl([[(1 + root) * (1 - root)]], 1).values
    assert (value, type(value)) == (-1, Fraction)
    Y = sympy.Matrix([[0, -i], [i, 0]])
    found = hq.twirl(sympy.kronecker_product(Y, Y), 2)
    assert found == hq.twirl(np.diag([1, -1, -1, 1]), 2)  # Y ⊗ Y as Z ⊗ Z
    assert all(type(c) is Fraction for c in found.values)
    mixed = hq.twirl(sympy.kronecker_product(Y * root, Y + half * sympy.eye(2)), 2)
    assert mixed.values == tuple(root * c for c in found.values)
    assert hq.twirl(mixed.to_array(), 2) == mixed
    for R in (np.eye(2), qutip.qeye(2), [[1, 0], [0, 1.0]], [[sympy.Float(1), 0], [0, 1]]):
        (value,) = hq.twirl(R, 1).values
        assert (value, type(value)) == (1, complex)
    assert len({found, hq.twirl(np.diag([1, -1, -1, 1]), 2)}) == 1


# -- bad input -----------------------------------------------------------------------------------------------


not_an_int: Any = 1.5


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: hq.twirl([[1, 2], [3]], 1), InputError, r"operator must be a square .* lengths \[2, 1\]"),
        (lambda: hq.twirl([[1, 2]], 1), InputError, r"operator must be a square matrix, got shape \(1, 2\)"),
        (lambda: hq.twirl([], 1), InputError, r"square matrix, got shape \(0, 0\)"),
        (lambda: hq.twirl(np.ones(2), 1), InputError, r"square matrix, got shape \(2,\)"),
        (lambda: hq.twirl(np.eye(6), 2), InputError, r"operator must be D\^k × D\^k, got 6 × 6 with k = 2"),
        (lambda: hq.twirl(5, 1), InputTypeError, "operator must be a square matrix of numbers, got 5"),
        (lambda: hq.twirl([1, 2], 1), InputTypeError, "got the row 1; pass a nested list"),
        (lambda: hq.twirl(["ab", "cd"], 1), InputTypeError, "got the row 'ab'"),
        (lambda: hq.twirl([[1, "2"], [3, 4]], 1), InputTypeError, "finite numbers as entries, got '2'; pass"),
        (lambda: hq.twirl([[hq.D]], 1), InputTypeError, "finite numbers as entries, got D"),
        (lambda: hq.twirl([[sympy.oo]], 1), InputTypeError, "finite numbers as entries, got oo"),
        (lambda: hq.twirl([[sympy.nan]], 1), InputTypeError, "finite numbers as entries, got nan"),
        (lambda: hq.twirl([[True]], 1), InputTypeError, "finite numbers as entries, got True"),
        (lambda: hq.twirl([[float("inf")]], 1), InputError, r"operator must have finite entries, got \(inf"),
        (lambda: hq.twirl([[1.0, 10**400], [0, 0]], 1), InputError, "below 1e308 beside floats; pass exact"),
        (lambda: hq.twirl(np.eye(2), 0), InputError, "k must be an integer ≥ 1, got 0"),
        (lambda: hq.twirl(np.eye(2), not_an_int), InputTypeError, "k must be an integer ≥ 1, got 1.5"),
        (
            lambda: hq.twirl(np.eye(128), 7),
            CostError,
            "k = 7 would not finish: 7!² products; the largest k is 6",
        ),
        (lambda: hq.twirl(np.eye(2), 1, group="unitry"), UnknownNameError, "did you mean 'unitary'"),
    ],
)
def test_one_clear_error(call: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert "\n" not in str(caught.value)
