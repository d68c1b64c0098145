"""Eigenvalues of the mean supervised kernel: closed form, any Gram matrix, exact where the data are."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import qutip
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import power_sums
from shortcuts import closed_form, eigenvalue_formula
from strategies import bases, depths, gram_matrices, rationals, spectra

import haarqntk as hq

if TYPE_CHECKING:
    from collections.abc import Sequence

Matrix = list[list[Fraction]]
Spectrum = tuple[Fraction, ...]


def mean_kernel(D: int, L: int, gram: Matrix, observables: Sequence[Spectrum]) -> Matrix:
    """The explicit matrix over (input, observable), entry by entry."""
    places = [(i, a) for i in range(len(gram)) for a in range(len(observables))]
    mean: Any = closed_form("supervised_kernel_mean").at
    return [
        [
            mean(D=D, L=L, spectrum=(observables[a], observables[b]), overlap=gram[i][j] ** 2)
            for j, b in places
        ]
        for i, a in places
    ]


def listed(found: dict[Any, int]) -> list[float]:
    return sorted(float(value) for value, count in found.items() for _ in range(count))


@pytest.mark.parametrize("D", [2, 4, 6, 8])
def test_orthogonal_inputs_have_the_eigenvalues_of_the_paper(D: int) -> None:
    """One 2L(D−|A|)(DT_2−T_1²)/(D²−1)² ([PRL] Eq. 21), and |A|−1 equal ones with D for D−|A|."""
    spectrum = tuple(map(Fraction, range(D - 1, -1, -1)))
    T = power_sums(spectrum, 2)
    scale = 2 * 5 * (D * T["T2"] - T["T1"] ** 2) / Fraction(D**2 - 1) ** 2
    for n in range(1, D + 1):
        found = eigenvalue_formula().at(D=D, L=5, num_inputs=n, spectrum=spectrum)
        expected = {scale * (D - n): 1} | ({scale * D: n - 1} if n > 1 else {})
        assert found == expected
        assert all(type(value) is Fraction for value in found)
        identity = [[int(i == j) for j in range(n)] for i in range(n)]
        assert eigenvalue_formula().at(D=D, L=5, gram=identity, spectrum=spectrum) == expected
        assert eigenvalue_formula().at(D=D, L=5, num_inputs=n, traces=list(T.values())) == expected
        assert eigenvalue_formula().uniform.at(D=D, L=5, num_inputs=n, spectrum=spectrum) == scale * (D - n)


def test_the_closed_form_is_in_the_symbols_of_the_library() -> None:
    n = next(s for s in next(iter(eigenvalue_formula().to_sympy())).free_symbols if s.name == "n")
    D, L, T1, T2 = hq.D, hq.L, hq.T(1), hq.T(2)
    (uniform, one), (difference, rest) = eigenvalue_formula().to_sympy().items()
    scale = 2 * L * (D * T2 - T1**2) / (D**2 - 1) ** 2
    assert sympy.cancel(uniform - scale * (D - n)) == 0
    assert sympy.cancel(difference - scale * D) == 0
    assert (one, rest) == (1, n - 1)


@st.composite
def inputs(draw: st.DrawFn) -> tuple[int, Matrix, list[Spectrum]]:
    D = draw(st.sampled_from([2, 4, 6]))
    gram = draw(gram_matrices(D=D, largest=3))
    observables = draw(st.lists(spectra(D), min_size=1, max_size=2))
    return D, gram, observables


@settings(max_examples=15)
@given(inputs(), depths)
def test_any_inputs_and_observables_have_the_eigenvalues_of_their_explicit_matrix(
    problem: tuple[int, Matrix, list[Spectrum]], L: int
) -> None:
    D, gram, observables = problem
    found = eigenvalue_formula().at(D=D, L=L, gram=gram, spectrum=observables)
    matrix = mean_kernel(D, L, gram, observables)
    expected = np.linalg.eigvalsh(np.array(matrix, dtype=float))
    scale = float(np.abs(expected).max(initial=0)) + 1e-300
    assert listed(found) == pytest.approx(expected.tolist(), rel=1e-9, abs=1e-9 * scale)
    assert sum(found.values()) == len(gram) * len(observables)
    assert list(map(float, found)) == sorted(map(float, found))
    assert min(map(float, found)) >= 0
    assert exact_sum(found) == sum((matrix[i][i] for i in range(len(matrix))), Fraction(0))
    if len(observables) == 1:
        assert eigenvalue_formula().at(D=D, L=L, gram=gram, spectrum=observables[0]) == found


def exact_sum(found: dict[Any, int]) -> Fraction:
    """Σ λ·m: rationals by themselves, conjugate irrationals through their minimal polynomials."""
    total, x = Fraction(0), sympy.Symbol("x")
    minimal: dict[Any, int] = {}
    for value, count in found.items():
        if isinstance(value, Fraction):
            total += value * count
        else:
            minimal[sympy.minimal_polynomial(value, x, polys=True)] = count
    for polynomial, count in minimal.items():
        leading, following = polynomial.all_coeffs()[:2]
        ratio = sympy.Rational(-following, leading)
        total += Fraction(int(ratio.p), int(ratio.q)) * count
    return total


@settings(max_examples=10)
@given(st.data(), st.sampled_from([2, 4]))
def test_three_observables_in_any_bases_have_eigenvalues_of_their_matrix(data: st.DataObject, D: int) -> None:
    observables = []
    for _ in range(3):
        V = data.draw(bases(D))
        observables.append((V * data.draw(st.lists(st.integers(-3, 3), min_size=D, max_size=D))) @ V.conj().T)
    gram = data.draw(gram_matrices(D=D, largest=3))
    mean: Any = closed_form("supervised_kernel_mean").at
    places = [(i, a) for i in range(len(gram)) for a in range(3)]
    matrix = [
        [
            mean(D=D, L=2, observable=(observables[a], observables[b]), overlap=gram[i][j] ** 2)
            for j, b in places
        ]
        for i, a in places
    ]
    found = eigenvalue_formula().at(D=D, L=2, gram=gram, observable=observables)
    expected = np.linalg.eigvalsh(np.array(matrix))
    assert all(type(value) is float for value in found)
    assert sum(found.values()) == 3 * len(gram)
    assert listed(found) == pytest.approx(expected.tolist(), abs=1e-9 * (1 + float(np.abs(expected).max())))
    as_qobj = eigenvalue_formula().at(
        D=D, L=2, gram=gram, observable=[qutip.Qobj(matrix) for matrix in observables]
    )
    assert listed(as_qobj) == pytest.approx(listed(found), abs=1e-12 * (1 + float(np.abs(expected).max())))


@settings(max_examples=15)
@given(gram_matrices(D=4, largest=4), spectra(4))
def test_a_float_gram_matrix_gives_the_floats_of_the_exact_one(gram: Matrix, spectrum: Spectrum) -> None:
    exact = listed(eigenvalue_formula().at(D=4, L=2, gram=gram, spectrum=spectrum))
    floats = eigenvalue_formula().at(D=4, L=2, gram=np.array(gram, dtype=float), spectrum=spectrum)
    assert listed(floats) == pytest.approx(exact, rel=1e-9, abs=1e-12 * (1 + max(map(abs, exact))))


@given(st.integers(0, 2**32 - 1))
def test_phases_of_the_inputs_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4))
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    turned = np.exp(2j * np.pi * rng.random(3))[:, None] * vectors
    before, after = (
        eigenvalue_formula().at(D=4, L=2, gram=v.conj() @ v.T, spectrum=[3, 1, 0, 0])
        for v in (vectors, turned)
    )
    assert listed(after) == pytest.approx(listed(before), rel=1e-11)


def test_two_inputs_have_rational_eigenvalue_formula() -> None:
    third = Fraction(1, 3)
    found = eigenvalue_formula().at(D=4, L=1, gram=[[1, third], [third, 1]], spectrum=[1, 1, -1, -1])
    # diagonal 32/75, off-diagonal (4/9 − 1)/3 of it
    diagonal = Fraction(32, 75)
    assert found == {diagonal * Fraction(22, 27): 1, diagonal * Fraction(32, 27): 1}


def test_orthogonal_observables_of_equal_norm_repeat_every_eigenvalue() -> None:
    """Z⊗1 and 1⊗Z: the kernel of the observables is a multiple of the identity."""
    where = {"D": 4, "L": 6, "num_inputs": 3}
    found = eigenvalue_formula().at(**where, spectrum=[(1, 1, -1, -1), (1, -1, 1, -1)])
    assert found == {Fraction(64, 75): 2, Fraction(256, 75): 4}
    assert eigenvalue_formula().at(**where, spectrum=[(1, 1, 1, 1), (2, 2, 2, 2)]) == {Fraction(0): 6}


def test_irrational_eigenvalues_are_exact() -> None:
    """Three inputs in a chain, overlaps ½ and ⅓: two eigenvalues are 16/75 ∓ 16√106/2025."""
    half, third, zero, one = Fraction(1, 2), Fraction(1, 3), Fraction(0), Fraction(1)
    gram, spectrum = [[one, half, zero], [half, one, third], [zero, third, one]], (one, -one, zero, zero)
    found = eigenvalue_formula().at(D=4, L=1, gram=gram, spectrum=spectrum)
    low, middle, high = found
    shift = sympy.sqrt(106) * sympy.Rational(16, 2025)
    assert set(found.values()) == {1}
    assert middle == Fraction(16, 75)
    assert sympy.simplify(low - (sympy.Rational(16, 75) - shift)) == 0
    assert sympy.simplify(high - (sympy.Rational(16, 75) + shift)) == 0
    entries = [sympy.Rational(str(x)) for row in mean_kernel(4, 1, gram, [spectrum]) for x in row]
    characteristic = sympy.Matrix(3, 3, entries).charpoly(sympy.Symbol("x"))
    assert [sympy.expand(characteristic.eval(value)) for value in (low, high)] == [0, 0]


@given(st.sampled_from([2, 4]), st.integers(1, 2), rationals())
def test_a_constant_observable_has_no_kernel(D: int, n: int, c: Fraction) -> None:
    assert eigenvalue_formula().at(D=D, L=3, num_inputs=n, spectrum=[c] * D) == {Fraction(0): n}


def test_as_many_orthogonal_inputs_as_dimensions_leave_a_zero_mode() -> None:
    found = eigenvalue_formula().at(D=4, L=6, num_inputs=4, spectrum=[1, -1, -1, 1])
    assert found == {Fraction(0): 1, Fraction(256, 75): 3}


def test_eigenvalues_that_agree_to_an_order_are_one_with_the_sum_of_their_multiplicities() -> None:
    eigenvalues = hq.formula("supervised_kernel_eigenvalues")
    assert isinstance(eigenvalues, hq.EigenvalueFormula)
    assert list(map(str, eigenvalues.series(order=1).values())) == ["n"]
    assert len(eigenvalues.series(order=2)) == 2
