"""Formulas with states at matrices and vectors: exact or float, against averages done with dense matrices."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from itertools import permutations, product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import qutip
import sympy
from oracles import icosahedral_rotations
from shortcuts import closed_form, eigenvalue_formula

import haarqntk as hq
from haarqntk.algebra import read_symbol
from haarqntk.errors import InputError, InputTypeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from haarqntk.qntk import Formula

I, half, third = sympy.I, Fraction(1, 2), Fraction(1, 3)
KEPT, SUPERVISED = "generator_average", "supervised_kernel_mean"
(l,) = hq.layer_indices("l")

# exact: complex, not orthogonal, not commuting
VECTORS: dict[int, dict[str, list[Any]]] = {
    2: {"a": [Fraction(3, 5), I * Fraction(4, 5)], "b": [Fraction(5, 13), Fraction(12, 13)]},
    3: {"a": [2 * third, I * 2 * third, third], "b": [third, -2 * third, I * 2 * third]},
    4: {"a": [half, I * half, half, -half], "b": [Fraction(1, 10), Fraction(7, 10), I * half, half]},
}


def matrix(D: int, seed: int) -> list[list[Any]]:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(-2, 3, size=(2, D, D)).tolist()
    return [[x[i][j] + x[j][i] + I * (y[i][j] - y[j][i]) for j in range(D)] for i in range(D)]


def dense(rows: Any) -> NDArray[np.complex128]:
    return np.array(rows, dtype=complex)


def given_exactly(D: int) -> dict[str, Any]:
    return {"observables": {"O1": matrix(D, 1), "O2": matrix(D, 2)}, "states": VECTORS[D]}


def given_as_floats(D: int) -> dict[str, Any]:
    exact = given_exactly(D)
    return {kind: {name: dense(x) for name, x in both.items()} for kind, both in exact.items()}


# -- the definition: X ⊗ X ⊗ … averages to its projection on the permutation operators ------------------------


@cache
def averaged_generators(D: int, k: int, X: tuple[int, ...]) -> NDArray[np.complex128]:
    """E[VXV† ⊗ … ⊗ VXV†], k factors: shape (D, …, D, D, …, D), rows first."""
    identity = np.eye(D**k).reshape((D,) * (2 * k))
    operators = np.array([identity.transpose([*p, *range(k, 2 * k)]).ravel() for p in permutations(range(k))])
    power: NDArray[Any] = np.ones((1, 1))
    for _ in range(k):
        power = np.kron(power, np.diag(X))
    weights = np.linalg.pinv(operators @ operators.T, rcond=1e-10, hermitian=True) @ (
        operators @ power.ravel()
    )
    return np.asarray(weights @ operators).reshape((D,) * (2 * k))


def mean_of_gradients(labels: list[tuple[str, str]], given: Mapping[str, Any], X: tuple[int, ...]) -> float:
    """E Π_i g_l(a_i, O_i) for one layer: g = Tr i[ρ, O] X̃ is linear in X̃."""
    k, D = len(labels), len(X)
    total: Any = averaged_generators(D, k, X)
    for i, (state, observable) in enumerate(labels):
        v, O = given["states"][state], given["observables"][observable]
        rho = np.outer(v, v.conj())
        gradient = 1j * (rho @ O - O @ rho)
        # contract Tr(gradient X̃_i): the row of X̃ with the column of the gradient
        total = np.tensordot(gradient, total, axes=([1, 0], [0, k - i]))
    assert abs(complex(total).imag) < 1e-9
    return float(complex(total).real)


SPECTRA = {2: (1, -1), 3: (2, -1, 0), 4: (2, 1, -1, 0)}
PRODUCTS = {
    "K_ab": [("a", "O1"), ("b", "O1")],
    "K_ab of two observables": [("a", "O1"), ("b", "O2")],
    "K_ab squared": [("a", "O1"), ("b", "O2"), ("a", "O1"), ("b", "O2")],
    "four different gradients": [("a", "O1"), ("b", "O2"), ("a", "O2"), ("b", "O1")],
}


@cache
def kept(name: str) -> Formula:
    """The product of gradients, summed over the layers, with output states that are kept."""
    circuit = hq.Circuit(KEPT, "general")
    factors = [circuit.output(state=a, observable=o).d(l) for a, o in PRODUCTS[name]]
    return hq.mean(hq.sum_over(prod(factors[1:], start=factors[0]), l))


@pytest.mark.parametrize("D", [2, 3, 4])
@pytest.mark.parametrize("name", PRODUCTS)
def test_kept_states_are_those_of_the_definition_with_matrices(name: str, D: int) -> None:
    numbers = given_as_floats(D)
    expected = mean_of_gradients(PRODUCTS[name], numbers, SPECTRA[D])
    used = {observable for _, observable in PRODUCTS[name]}
    exact, rounded = (
        kept(name).at(
            D=D,
            L=3,
            generator_spectrum=SPECTRA[D],
            states=given["states"],
            observables={label: x for label, x in given["observables"].items() if label in used},
        )
        for given in (given_exactly(D), numbers)
    )
    assert (type(exact), type(rounded)) == (Fraction, float)
    assert float(exact) == pytest.approx(3 * expected, rel=1e-9, abs=1e-9)
    assert rounded == pytest.approx(float(exact), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("ensemble", ["segments", "prl_ansatz"])
@pytest.mark.parametrize("D", [2, 4])
def test_vectors_give_the_overlaps(ensemble: str, D: int) -> None:
    circuit = hq.Circuit(ensemble)
    z1, z2 = circuit.output(state="a"), circuit.output(state="b")
    entry = hq.mean(hq.sum_over(z1.d(l) * z2.d(l), l) * z1 * z2)
    a, b = (sympy.Matrix(VECTORS[D][name]) for name in "ab")
    overlap = sympy.expand((a.H * b)[0] * (b.H * a)[0])
    by_name = entry.at(D=D, L=2, spectrum=range(D), values={"sigma_ab": overlap})
    assert entry.at(D=D, L=2, spectrum=range(D), states=VECTORS[D]) == by_name
    projectors = {
        name: (sympy.Matrix(v) * sympy.Matrix(v).H).expand().tolist() for name, v in VECTORS[D].items()
    }
    assert entry.at(D=D, L=2, spectrum=range(D), states=projectors) == by_name
    as_qobj = {name: qutip.Qobj(dense(v)) for name, v in VECTORS[D].items()}
    rounded = entry.at(D=D, L=2, observable=np.diag(range(D)), states=as_qobj)
    assert type(rounded) is float
    assert rounded == pytest.approx(float(by_name), rel=1e-12)


def test_the_phase_of_three_inputs_is_that_of_the_average_over_the_icosahedral_group() -> None:
    circuit = hq.Circuit()
    f = hq.mean(prod((circuit.output(state=x) for x in "bc"), start=circuit.output(state="a")))
    states = {**VECTORS[2], "c": [Fraction(8, 17), I * Fraction(-15, 17)]}
    O, U = dense(matrix(2, 3)), icosahedral_rotations()
    M = U.conj().swapaxes(-1, -2) @ O @ U
    z = [np.einsum("i,gij,j->g", dense(v).conj(), M, dense(v)).real for v in states.values()]
    exact = f.at(D=2, observable=matrix(2, 3), states=states)
    assert type(exact) is Fraction
    assert float(exact) == pytest.approx(float(np.mean(z[0] * z[1] * z[2])), rel=1e-10)


def test_the_supervised_kernel_has_the_inputs_a_and_b() -> None:
    f = closed_form(SUPERVISED)
    given: dict[str, Any] = {"D": 2, "L": 1, "spectrum": ((1, -1), (1, 0))}
    assert f.at(**given, states={"a": [1, 0], "b": [Fraction(3, 5), Fraction(4, 5)]}) == f.at(
        **given, overlap=Fraction(9, 25)
    )


def test_one_kept_state_gives_its_expectations() -> None:
    f: Any = hq.formula("kernel_mean", ensemble=KEPT)
    rows, vector = matrix(4, 5), VECTORS[4]["a"]
    rho = sympy.Matrix(vector) * sympy.Matrix(vector).H
    O = sympy.Matrix(rows)
    m1, m2 = (sympy.expand((rho * O**j).trace()) for j in (1, 2))
    found = f.at(D=4, L=2, observable=rows, states={"psi": vector})
    assert found == f.at(D=4, L=2, values={"m1": m1, "m2": m2})


@pytest.mark.parametrize(
    "name",
    ["T3", "T_O1O2", "m2", "sigma_ab", "sigma_phi1_b", "Re_abc", "Re_a_b_phi1", "Tr_O_O_a_b", "Tr_O1_psi"],
)
def test_every_symbol_of_a_word_is_read_back(name: str) -> None:
    from_words = {"T3": "OOO", "m2": "psi O O"}
    word = read_symbol(name).word
    assert word
    assert all(kind == ("observable" if letter[0].isupper() else "state") for kind, letter in word)
    assert name in from_words or "".join(x for _, x in word) == "".join(name.split("_")[1:])


# -- refusals ---------------------------------------------------------------------------------------------------

Z, UP, DOWN = [[1, 0], [0, -1]], [1, 0], [0, 1]


@pytest.mark.parametrize(
    ("states", "error", "text"),
    [
        ({"a": UP}, InputError, "states must give a, b, got no b"),
        ({"a": UP, "b": UP, "c": UP}, UnknownNameError, "unknown state in states 'c'; known: a, b"),
        ([UP, DOWN], InputTypeError, "states must map names to vectors, got list"),
        ({"a": UP, "b": [1, 1]}, InputError, "states[b] must be normalised, got the square norm 2; "),
        ({"a": UP, "b": [1, 0, 0]}, InputError, "states[b] must be a vector of length D = 2, got"),
        ({"a": UP, "b": [[half, 0], [0, half]]}, InputError, "states[b] must be pure: a vector, or a"),
        ({"a": UP, "b": "down"}, InputTypeError, "states[b] must be an array or Qobj of numbers"),
        ({"a": UP, "b": [np.nan, 0]}, InputError, "states[b] must be finite, got (nan+0j)"),
        (None, InputError, "values must name Tr_O1_O1_a, "),
    ],
)
def test_what_is_no_state_is_refused(states: Any, error: type[Exception], text: str) -> None:
    refuse({"states": states}, error, text)


@pytest.mark.parametrize(
    ("observables", "error", "text"),
    [
        ({"O1": Z}, InputError, "observables must give O1, O2, got no O2"),
        ({"O1": Z, "O3": Z}, UnknownNameError, "unknown observable in observables 'O3'; did you"),
        ([Z, Z], InputTypeError, "observables must map names to matrices, got list"),
        ({"O1": Z, "O2": [[0, 1], [0, 0]]}, InputError, "observable must be Hermitian, got |O −"),
        ({"O1": Z, "O2": [[1]]}, InputError, "observable must have shape (2, 2) to fit D = 2"),
    ],
)
def test_what_is_no_observable_is_refused(observables: Any, error: type[Exception], text: str) -> None:
    refuse({"observables": observables}, error, text)


def test_what_is_given_twice_is_refused() -> None:
    refuse(
        {"observable": Z}, InputError, "exactly one of observable= and observables= must be given, got both"
    )
    refuse({"values": {"Tr_O1_a": 1}}, InputError, "Tr_O1_a must be given once, got it from values= and")


def refuse(changes: dict[str, Any], error: type[Exception], text: str) -> None:
    given: dict[str, Any] = {"observables": {"O1": Z, "O2": Z}, "states": {"a": UP, "b": DOWN}}
    with pytest.raises(error, match="^" + re.escape(text)):
        kept("K_ab squared").at(D=2, L=1, generator_spectrum=(1, -1), **(given | changes))


def test_a_formula_without_states_takes_none() -> None:
    with pytest.raises(InputError, match="states must be left out: kernel_mean depends on no state, got 'a'"):
        closed_form("kernel_mean").at(D=2, L=1, spectrum=[1, -1], states={"a": UP})


GIVEN_TWICE = [
    (SUPERVISED, {"overlap": 1, "states": {"a": UP, "b": UP}}, "sigma must be given once"),
    (SUPERVISED, {"overlap": 1, "values": {"sigma": 1}}, "sigma must be given once, got it"),
    ("kernel_mean", {"values": {"T2": 2}}, "T2 must be given once, got it from values= and from spectrum="),
    ("kernel_mean", {"values": {"L": 2}}, "L must be given once, got it from values= and from L="),
    ("kernel_mean", {"spectrum": None, "traces": [0, 2], "values": {"T2": 2}}, "T2 must be given once"),
]


@pytest.mark.parametrize(("name", "changes", "text"), GIVEN_TWICE)
def test_a_symbol_is_given_once(name: str, changes: dict[str, Any], text: str) -> None:
    given: dict[str, Any] = {"D": 2, "L": 1, "spectrum": [1, -1]}
    with pytest.raises(InputError, match="^" + re.escape(text)):
        closed_form(name).at(**(given | changes))


# -- traces that no Hermitian matrix has ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("traces", "got"),
    [
        ([3, 2, 0, 2], "T1, T2 = 3, 2"),
        ([0, -1, 0, 1], "T1, T2 = 0, -1"),
        ([0, 4, 0, 3], "T1, T2, T3, T4 = 0, 4, 0, 3"),
        ([0, 4, 3, 4], "T1, T2, T3, T4 = 0, 4, 3, 4"),
        ([0, 0, 1, 0], "T1, T2, T3, T4 = 0, 0, 1, 0"),
        ([0, 0, 0, 1], "T1, T2, T3, T4 = 0, 0, 0, 1"),
        ({f"T{j}": x for j, x in enumerate([3, 2, 0, 2], start=1)}, "T1, T2 = 3, 2"),
    ],
)
def test_traces_that_no_hermitian_matrix_has_are_refused(traces: Any, got: str) -> None:
    text = "traces must be those of a Hermitian matrix: with T_0 = D = 4 the Hankel matrix .*, got "
    with pytest.raises(InputError, match=text + re.escape(got) + "$"):
        closed_form("kernel_variance").at(D=4, L=1, traces=traces)


def test_the_traces_of_every_small_spectrum_are_taken() -> None:
    f, g = closed_form("kernel_variance"), closed_form("kernel_mean")
    for spectrum in product(range(-1, 3), repeat=4):
        traces = [sum(x**j for x in spectrum) for j in range(1, 8)]
        for length in (4, 5, 6, 7):
            assert f.at(D=4, L=2, traces=traces[:length]) == f.at(D=4, L=2, spectrum=spectrum)
        assert g.at(D=4, L=2, traces=traces[:3]) == g.at(D=4, L=2, spectrum=spectrum)


# -- eigenvalues with general generators ------------------------------------------------------------------------


def test_eigenvalues_take_a_generator_by_its_spectrum() -> None:
    general: Any = hq.formula("supervised_kernel_eigenvalues", generators="general")
    for where in ({"num_inputs": 3}, {"gram": [[1, half], [half, 1]]}):
        given: dict[str, Any] = {"D": 4, "L": 2, "spectrum": [3, 1, 0, -2], **where}
        expected = eigenvalue_formula().at(**given)
        assert general.at(generator_spectrum=[1, 1, -1, -1], **given) == expected
        scaled = general.at(generator_spectrum=[2, 2, -2, -2], **given)
        assert list(scaled) == [4 * x for x in expected]
    odd = general.at(D=3, L=1, num_inputs=2, spectrum=[1, 0, -1], generator_spectrum=[2, -1, 0])
    uniform = general.uniform.at(D=3, L=1, num_inputs=2, spectrum=[1, 0, -1], generator_spectrum=[2, -1, 0])
    assert odd[uniform] == 1
    with pytest.raises(InputError, match="values must name X1, X2, on which"):
        general.at(D=4, L=1, num_inputs=2, spectrum=[1, 0, 0, 0])
