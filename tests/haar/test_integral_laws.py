"""Laws of Haar integrals known from elsewhere: power sums, Dirichlet, invariance, several random matrices."""

from __future__ import annotations

import pickle
from bisect import bisect_left
from fractions import Fraction
from itertools import permutations
from math import factorial, prod
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from integrands import evaluate, names_in
from strategies import FORMS, copies_of, form_of, given_letters, integrands, products, word_of

import haarqntk as hq
from haarqntk.errors import CostError, InputError, InputTypeError

U, V = hq.haar_unitary("U"), hq.haar_unitary("V")
A, B = hq.matrices("A B")
GIVEN: dict[str, Any] = {"A": A, "B": B}
GROUPS: dict[str, Any] = {
    "unitary": hq.haar_unitary,
    "orthogonal": hq.haar_orthogonal,
    "symplectic": hq.haar_symplectic,
}


# -- power sums ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", range(11))
def test_the_moments_of_a_trace_are_factorials(k: int) -> None:
    assert hq.expect((hq.tr(U) * hq.tr(U).conj()) ** k).to_sympy() == factorial(k)


def longest_increasing(sigma: tuple[int, ...]) -> int:
    piles: list[int] = []
    for x in sigma:
        place = bisect_left(piles, x)
        piles[place : place + 1] = [x]
    return len(piles)


@pytest.mark.parametrize("k", range(1, 7))
def test_below_k_the_moments_count_permutations_without_long_increasing_subsequences(k: int) -> None:
    moment = hq.expect((hq.tr(U) * hq.tr(U).conj()) ** k)
    for D in range(1, k + 2):
        assert moment.at(D) == sum(longest_increasing(sigma) <= D for sigma in permutations(range(k)))


def test_the_sixth_moment_at_two_levels_is_five() -> None:
    assert hq.expect((hq.tr(U) * hq.tr(U).conj()) ** 3).at(2) == 5


@pytest.mark.parametrize("j", range(1, 9))
def test_the_second_moment_of_a_power_is_the_smaller_of_j_and_the_dimension(j: int) -> None:
    moment = hq.expect(hq.tr(U**j) * hq.tr(U**j).conj())
    assert moment.to_sympy() == j
    assert [moment.at(D) for D in range(1, 11)] == [min(j, D) for D in range(1, 11)]


@pytest.mark.parametrize(("group", "sign"), [("orthogonal", 1), ("symplectic", -1)])
def test_traces_of_powers_over_other_groups_are_of_diaconis_and_shahshahani(group: str, sign: int) -> None:
    """Tr V^j is asymptotically √j N(0, 1) + η, η = ±1 for even j; exactly so for few copies: E at large D."""
    R = GROUPS[group]("R")
    assert hq.expect(hq.tr(R) ** 6).at(6 if sign > 0 else 8) == 15
    for j in range(1, 5):
        eta = sign if j % 2 == 0 else 0
        assert hq.expect(hq.tr(R**j)).at(8) == eta
    assert hq.expect(hq.tr(R @ R) ** 2).at(8) == 2 + 1


# -- states ----------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 3), min_size=1, max_size=4).filter(lambda x: sum(x) <= 6), st.integers(4, 9))
def test_populations_of_a_haar_state_are_uniform_on_the_simplex(powers: list[int], D: int) -> None:
    psi = hq.haar_state("psi")
    moment = hq.expect(
        prod(((psi[i] * psi[i].conj()) ** n for i, n in enumerate(powers)), start=hq.tr(U) ** 0)
    )
    k = sum(powers)
    rising = prod((hq.D + i for i in range(k)), start=sympy.Integer(1))
    assert sympy.simplify(moment.to_sympy() - prod(map(factorial, powers)) / rising) == 0
    assert moment.at(D) == Fraction(prod(map(factorial, powers)), prod(range(D, D + k)))


def test_a_haar_state_is_the_first_column_of_a_haar_unitary() -> None:
    psi = hq.haar_state("psi")
    of_column, of_state = (
        x[0] ** 2 * x[1] * x[2] for x in ([U[i, 0] for i in range(3)], [psi[i] for i in range(3)])
    )
    assert hq.expect(of_column * of_column.conj()) == hq.expect(of_state * of_state.conj())
    assert hq.expect(U[0, 0] * U[1, 0].conj() * hq.tr(A)) == hq.expect(psi[0] * psi[1].conj() * hq.tr(A))


def test_the_mean_purity_is_pages() -> None:
    psi = hq.haar_state("psi", dims=("d1", "d2"))
    d1, d2 = sympy.symbols("d1 d2", positive=True, integer=True)
    for over in (0, 1):
        reduced = hq.partial_trace(psi.projector(), over=over)
        purity = hq.expect(hq.tr(reduced @ reduced))
        assert str(purity) == str((d1 + d2) / (d1 * d2 + 1))
        assert purity.at(d1=2, d2=3) == Fraction(5, 7)


# -- ensembles -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", range(1, 5))
def test_a_diagonal_entry_of_the_circular_orthogonal_ensemble_by_a_haar_state(k: int) -> None:
    """S_00 = Σ_i U_i0², and |Σ ψ_i²|² of a Haar state has the moments 2^k k! / Π (D + 1 + 2i): solved by hand."""
    S = hq.circular_orthogonal("U")
    wanted = 2**k * factorial(k) / prod(hq.D + 1 + 2 * i for i in range(k))
    assert sympy.simplify(hq.expect((S[0, 0] * S[0, 0].conj()) ** k).to_sympy() - wanted) == 0


@pytest.mark.parametrize("k", range(1, 5))
def test_an_entry_of_an_orthogonal_matrix_is_a_coordinate_on_the_sphere(k: int) -> None:
    R = hq.haar_orthogonal("R")
    wanted = prod((Fraction(2 * i + 1) / (hq.D + 2 * i) for i in range(k)), start=sympy.Integer(1))
    assert sympy.simplify(hq.expect(R[0, 0] ** (2 * k)).to_sympy() - wanted) == 0


# -- invariance ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", GROUPS)
def test_the_measure_is_invariant_on_both_sides(group: str) -> None:
    """U → U W and U → W U with W random of the same group, and averaged too: nothing changes."""
    R, W = GROUPS[group]("U"), GROUPS[group]("W")

    @settings(max_examples=12)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        factors = data.draw(copies_of("U", group=group, k=1)) + data.draw(given_letters("AB", most=3))
        node = data.draw(products(factors, D=2, is_open=data.draw(st.booleans())))
        plain = hq.expect(evaluate(node, GIVEN | {"U": R}, hq))
        for moved in (R @ W, W @ R):
            assert hq.expect(evaluate(node, GIVEN | {"U": moved}, hq)) == plain
        if group == "unitary":
            for moved in (R.H, R.T, R.conj()):
                assert hq.expect(evaluate(node, GIVEN | {"U": moved}, hq)) == plain

    check()


@pytest.mark.parametrize("group", ["orthogonal", "symplectic"])
def test_the_adjoint_of_a_random_matrix_has_the_same_law(group: str) -> None:
    R = GROUPS[group]("U")

    @settings(max_examples=12)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        factors = data.draw(copies_of("U", group=group, k=2)) + data.draw(given_letters("AB", most=3))
        node = data.draw(products(factors, D=2, is_open=False))
        assert hq.expect(evaluate(node, GIVEN | {"U": R.H}, hq)) == hq.expect(
            evaluate(node, GIVEN | {"U": R}, hq)
        )

    check()


def test_an_orthogonal_matrix_is_real_and_a_symplectic_one_keeps_the_form() -> None:
    R, S, J = hq.haar_orthogonal("R"), hq.haar_symplectic("S"), hq.symplectic_form()
    assert hq.expect(hq.tr(R.conj() @ A @ R.T)) == hq.expect(hq.tr(R @ A @ R.H))
    assert hq.expect(hq.tr(S.T @ J @ S @ A)) == hq.expect(hq.tr(J @ A))
    assert hq.expect(S.T @ J @ S) == hq.expect(J + 0 * hq.tr(S) * J)
    for matrix in (U, R, S):
        assert hq.expect(matrix @ matrix.H) == hq.expect(hq.identity())


def as_integrand(mean: Any) -> Any:
    return mean._expression  # noqa: SLF001 - sums and products of averages, as functions of D


@settings(max_examples=30)
@given(integrands(group="unitary", cases=((2, 3),)), integrands(group="unitary", cases=((2, 2),)))
def test_the_average_is_linear_and_commutes_with_conjugate_and_transpose(first: Any, second: Any) -> None:
    letters = GIVEN | {"U": U, "V": V}
    f, g = (evaluate(x.node, letters, hq) for x in (first, second))
    means = [hq.expect(x) for x in (f, g)]
    assert hq.expect(means[0]) == means[0]
    assert hq.expect(f.conj()) == hq.expect(as_integrand(hq.expect(f)).conj())
    if type(f) is type(g):
        total = hq.expect(f * 2 - g * (hq.D + 1))
        assert total == hq.expect(as_integrand(means[0]) * 2 - as_integrand(means[1]) * (hq.D + 1))
    mean = as_integrand(means[0])
    if isinstance(mean, hq.MatrixExpression):
        assert hq.expect(f.T) == hq.expect(mean.T)
        assert hq.expect(hq.tr(f)) == hq.expect(hq.tr(mean))


@settings(max_examples=30)
@given(integrands(group="unitary", cases=((2, 3),)))
def test_one_after_the_other_in_either_order_is_both_at_once(integrand: Any) -> None:
    f = evaluate(integrand.node, GIVEN | {"U": U, "V": V}, hq)
    both = hq.expect(f)
    assert hq.expect(hq.expect(f, over=U), over=V) == both
    assert hq.expect(hq.expect(f, over=V)) == both
    assert hq.expect(f, over=[U, V]) == both
    assert hq.expect(hq.expect(f, over=[])) == both


@settings(max_examples=20)
@given(st.data())
def test_independent_factors_average_independently_and_names_do_not_matter(data: st.DataObject) -> None:
    nodes = []
    for letter in "UV":
        factors = data.draw(copies_of(letter, group="unitary", k=data.draw(st.integers(1, 2))))
        nodes.append(
            data.draw(products(factors + data.draw(given_letters("AB", most=2)), D=2, is_open=False))
        )
    f, g = (evaluate(node, GIVEN | {"U": U, "V": V}, hq) for node in nodes)
    assert hq.expect(f * g) == hq.expect(as_integrand(hq.expect(f)) * as_integrand(hq.expect(g)))
    assert hq.expect(evaluate(nodes[0], GIVEN | {"U": hq.haar_unitary("Zed")}, hq)) == hq.expect(f)


@settings(max_examples=30)
@given(st.lists(st.builds(form_of, st.just("U"), st.sampled_from(FORMS)), min_size=1, max_size=5))
def test_what_the_phase_of_the_unitary_changes_averages_to_zero(forms: list[Any]) -> None:
    node = word_of(forms)
    assert names_in(node) == {"U"}
    charge = sum(-1 if "conj" in str(x) or "H(" in str(x) else 1 for x in forms)
    mean = hq.expect(hq.tr(evaluate(node, {"U": U}, hq) @ A))
    assert charge == 0 or not mean


# -- the range -------------------------------------------------------------------------------------------------


def test_an_index_that_does_not_exist_is_refused() -> None:
    entries = U[0, 0] * U[1, 1] * U[2, 2]
    mean = hq.expect(entries * entries.conj())
    with pytest.raises(InputError, match=r"D must be at least 3, got 2"):
        mean.at(2)
    assert mean.at(3) > 0
    with pytest.raises(InputError, match=r"an index must be below the dimension 2, got 2"):
        hq.haar_unitary("U", dims=2)[2, 0]
    with pytest.raises(InputError, match=r"D must be at least 4, got 2"):
        hq.expect(hq.haar_symplectic("S")[1, 0] * hq.haar_symplectic("S")[1, 0].conj()).at(2)


def test_an_index_in_the_second_half_is_the_same_index_where_the_halves_overlap() -> None:
    """At D = 2 the indices 1 and D/2 are one: the value is E|U_10|² = 1/2, unless the dimension is refused."""
    mean = hq.expect(U[1, 0] * U[hq.D / 2, 0].conj())
    assert mean.at(6) == 0
    assert value_or_refusal(mean, 2) in {Fraction(1, 2), "refused"}


def test_entries_of_the_symplectic_form_at_the_smallest_dimension() -> None:
    """J_10 = −1 at D = 2, where 1 is in the second half; 0 at D ≥ 4."""
    with pytest.raises(
        InputError, match="an entry of the symplectic form must have a number for its dimension"
    ):
        hq.symplectic_form()[1, 0]
    assert [hq.expect(hq.symplectic_form(D)[1, 0]).at() for D in (2, 4)] == [-1, 0]


def test_the_circular_symplectic_ensemble_at_two_levels_is_the_identity() -> None:
    """J Uᵀ Jᵀ U = det U for 2 × 2 matrices: off the diagonal it vanishes."""
    symbolic, numeric = hq.circular_symplectic("U"), hq.circular_symplectic("U", dims=2)
    for i, j in np.ndindex(2, 2):
        entry = numeric[int(i), int(j)]
        assert hq.expect(entry * entry.conj()).at() == int(i == j)
        entry = symbolic[int(i), int(j)]
        assert value_or_refusal(hq.expect(entry * entry.conj()), 2) in {Fraction(int(i == j)), "refused"}


def test_an_odd_dimension_has_no_halves() -> None:
    entry, S = U[hq.D / 2, 0], hq.circular_symplectic("U")
    for x in (entry, S[0, 0]):
        with pytest.raises(InputError, match="even"):
            hq.expect(x * x.conj()).at(3)
    with pytest.raises(InputError, match="even"):
        hq.symplectic_form(3)
    with pytest.raises(InputError, match="even"):
        hq.circular_symplectic("U", dims=3)


def value_or_refusal(mean: hq.Integral, D: int) -> Any:
    try:
        return mean.at(D)
    except InputError:
        return "refused"


def test_what_would_not_finish_is_refused_with_its_size() -> None:
    with pytest.raises(CostError, match="12 copies of one random matrix would not finish"):
        hq.expect((hq.tr(U @ A) * hq.tr(U @ A).conj()) ** 12)


def test_what_is_no_integrand_is_refused() -> None:
    hermitian = hq.expect(hq.tr(U @ hq.matrices("X", hermitian=True) @ U.H))
    with pytest.raises(InputTypeError, match="integrand must be a polynomial in traces"):
        hq.expect(3)
    with pytest.raises(InputError, match="over must hold random matrices"):
        hq.expect(hq.tr(U @ A), over=A)
    with pytest.raises(InputError, match="the result must not be random, got V"):
        hq.expect(hq.tr(U @ V) * hq.tr(U @ V).conj() + hq.tr(V), over=U).at(2)
    with pytest.raises(InputError, match="got none for A"):
        hq.expect(hq.tr(U @ A @ U.H)).at(2)
    with pytest.raises(InputError, match="declared hermitian, and the matrix given"):
        hermitian.at(2, matrices={"X": [[0, 1], [0, 0]]})


@settings(max_examples=25)
@given(st.lists(st.integers(0, 1), min_size=2, max_size=4).filter(lambda x: len(x) % 2 == 0), st.randoms())
def test_entries_of_the_circular_orthogonal_ensemble_are_those_of_its_unitary(
    indices: list[int], chance: Any
) -> None:
    """One sum with the orthogonal function at D + 1 against all pairs of permutations, also at D = 2 < 2k."""
    S = hq.circular_orthogonal("V")
    starred = indices.copy()
    chance.shuffle(starred)
    integrand = hq.tr(hq.identity()) ** 0
    for a in range(0, len(indices), 2):
        integrand = integrand * S[indices[a], indices[a + 1]] * S[starred[a], starred[a + 1]].conj()
    fast, slow = hq.expect(integrand), hq.expect(integrand, method="definition")
    assert fast == slow
    assert [fast.at(D) for D in (2, 3)] == [slow.at(D) for D in (2, 3)]


def test_what_a_sceptic_tried() -> None:
    """A second average below the range, one at fixed dimensions, floats that overflow, words without end."""
    both = (hq.tr(U) * hq.tr(U.H)) ** 3 * (hq.tr(V) * hq.tr(V.H)) ** 3
    assert hq.expect(both).at(2) == hq.expect(hq.expect(both, over=U)).at(2) == 25
    mean = hq.expect(hq.tr(U @ A @ U.H @ B) ** 2)
    fixed = mean.specialise(2)
    with pytest.raises(InputError, match="specialise after"):
        hq.expect(fixed)
    with pytest.raises(InputError, match="series must be taken of a symbolic dimension"):
        fixed.series()
    with pytest.raises(InputError, match="D is 2 in this result, got 3"):
        fixed.at(3, matrices={})
    huge = np.diag([1e200, 1.0])
    with pytest.raises(InputError, match="matrices must not overflow"):
        mean.at(2, matrices={"A": huge, "B": huge})
    with pytest.raises(InputTypeError, match="matrices must be a mapping"):
        mean.at(2, matrices=[[1, 0], [0, 1]])  # type: ignore[arg-type]
    with pytest.raises(CostError, match="a product of 32768 terms would not finish"):
        hq.tr((U + A) ** 24)
    assert pickle.loads(pickle.dumps(mean)) == mean  # noqa: S301 - copies go to other processes


def test_power_sums_of_different_cycle_types_are_orthogonal() -> None:
    squares = hq.tr(U) ** 2 * hq.tr(U.H @ U.H)
    assert hq.expect(squares).to_sympy() == 0
    assert hq.expect(squares).at(1) == 1  # one phase: both cycle types are the same number


@pytest.mark.parametrize("column", [0, hq.D / 2, 1, hq.D / 2 + 1])
@pytest.mark.parametrize("row", [0, hq.D / 2])
def test_the_conjugate_of_a_symplectic_entry_has_its_sign(row: Any, column: Any) -> None:
    S = hq.haar_symplectic("S")
    square = S[row, column] * S[row, column].conj()
    assert hq.expect(square).to_sympy() == 1 / hq.D
    other = S[0, 0] * S[0, 0].conj()
    both = hq.expect(square * other)
    assert both.at(4) == hq.expect(square * other, method="definition").at(4) > 0
