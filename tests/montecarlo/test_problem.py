import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from haarqntk.errors import InputError, InputTypeError, UnknownNameError
from haarqntk.montecarlo import Problem

PAIR = "supervised_kernel_mean"
EIGEN = "supervised_kernel_eigenvalue_uniform"
AVERAGE = "generator_average"
GOOD: dict[str, Any] = {"quantity": "kernel_mean", "D": 4, "L": 1, "spectrum": [1, 1, -1, -1]}


def as_integers(problem: Problem) -> list[list[int]]:
    return [[int(value) for value in spectrum] for spectrum in problem.spectra]


def test_every_kind_of_exact_number_gives_the_same_problem() -> None:
    plain = Problem.create("kernel_mean", D=2, L=3, spectrum=[1, -1])
    assert plain.spectra == ((Fraction(1), Fraction(-1)),)
    for D, L, spectrum in [
        (np.int64(2), np.int8(3), np.array([1, -1])),
        (sympy.Integer(2), sympy.Integer(3), (sympy.Rational(2, 2), sympy.Integer(-1))),
        (2, 3, iter([Fraction(1), Fraction(-1)])),
    ]:
        other = Problem.create("kernel_mean", D=D, L=L, spectrum=spectrum)
        assert other == plain
        assert other.key() == plain.key()
        assert hash(other) == hash(plain)


@given(st.permutations([3, 1, 0, Fraction(-1, 2)]))
def test_the_order_of_the_basis_does_not_matter(spectrum: list[Fraction]) -> None:
    problem = Problem.create("kernel_mean", D=4, L=1, spectrum=spectrum)
    assert problem == Problem.create("kernel_mean", D=4, L=1, spectrum=[3, 1, 0, Fraction(-1, 2)])


@given(st.permutations([(3, 0), (1, Fraction(1, 2)), (0, Fraction(1, 4)), (-1, Fraction(1, 4))]))
def test_populations_follow_the_order_of_the_spectrum(columns: list[tuple[int, Fraction]]) -> None:
    spectrum, populations = zip(*columns, strict=True)
    options: dict[str, Any] = {"spectrum": spectrum, "populations": iter(populations), "ensemble": AVERAGE}
    problem = Problem.create("kernel_mean", D=4, L=1, **options)
    assert as_integers(problem) == [[3, 1, 0, -1]]
    assert problem.populations == tuple(Fraction(p, 4) for p in (0, 2, 1, 1))
    np.testing.assert_allclose(problem.inputs() ** 2, [[0, 0.5, 0.25, 0.25]])
    assert problem.observables().tolist() == [[0, 0.75, -0.25, -1.25]]  # minus ⟨O⟩; what nobody sees is 0


@given(st.permutations([3, 1, 0, Fraction(-1, 2)]))
def test_the_order_of_the_generator_does_not_matter(X: list[Fraction]) -> None:
    problem = Problem.create("kernel_mean", D=4, L=1, spectrum=range(4), generator_spectrum=iter(X))
    assert problem.generator_spectrum == tuple(Fraction(x, 2) for x in (6, 2, 0, -1))
    generator = problem.generator()
    assert generator is not None
    assert generator.tolist() == [2.125, 0.125, -0.875, -1.375]  # minus Tr X/D


def test_two_observables_keep_their_common_basis() -> None:
    first, second = [2, 1, 0, 0], [5, 6, 7, 8]
    problem = Problem.create(PAIR, D=4, L=1, spectrum=(first, second), overlap=1)
    swapped = Problem.create(PAIR, D=4, L=1, spectrum=(first[::-1], second[::-1]), overlap=1)
    twisted = Problem.create(PAIR, D=4, L=1, spectrum=(first[::-1], second), overlap=1)
    assert swapped == problem
    assert twisted != problem
    assert as_integers(problem) == [[2, 1, 0, 0], [5, 6, 8, 7]]


@pytest.mark.parametrize("spectrum", [[2, 0], [[2, 0], [2, 0]], np.array([[2, 0], [2, 0]])])
def test_one_spectrum_stands_for_two_equal_observables(spectrum: Any) -> None:
    problem = Problem.create(PAIR, D=2, L=1, spectrum=spectrum, overlap=Fraction(1, 2))
    assert as_integers(problem) == [[2, 0], [2, 0]]


def test_every_number_counts_in_the_key() -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"quantity": "kernel_variance"},
        {"L": 2},
        {"D": 2, "spectrum": [1, -1]},
        {"spectrum": [1, 1, -1, Fraction(-1, 2)]},
        *({"quantity": PAIR, "overlap": overlap} for overlap in (0, 1)),
        *({"quantity": EIGEN, "num_inputs": number} for number in (2, 3)),
        *({"ensemble": ensemble} for ensemble in ("prl_ansatz", "independent_layers")),
        *({"generator_spectrum": X} for X in ([1, 1, -1, -1], [1, 0, 0, 0])),
        *({"ensemble": AVERAGE, "populations": p} for p in ([1, 0, 0, 0], [0, 0, 1, 0])),
    ]
    assert len({Problem.create(**GOOD | change).key() for change in changes}) == len(changes) == 15


def test_the_key_is_stored_in_files_and_does_not_change() -> None:
    problem = Problem.create(PAIR, D=2, L=1, spectrum=([1, -1], [Fraction(1, 2), 0]), overlap=1)
    assert problem.key() == "9cdc028c11706bdc2f284470b0b4316386840a7a4643d24efd95fe3a423c1731"
    kept: dict[str, Any] = {"ensemble": AVERAGE, "populations": [Fraction(1, 3), Fraction(2, 3), 0]}
    general: dict[str, Any] = {"spectrum": [1, 0, 0], "generator_spectrum": [1, 2, -1]}
    problem = Problem.create("kernel_mean", D=3, L=2, **general, **kept)
    assert problem.key() == "4cccb99bdd861073c7190cd3abe517e42ae662f1806650cb58b1e02ff0bbe1e9"


def test_observables_lose_their_constant_exactly() -> None:
    offset = 10**40
    problem = Problem.create("kernel_mean", D=2, L=1, spectrum=[offset + 1, offset])
    assert problem.observables().tolist() == [[0.5, -0.5]]


def test_inputs_have_the_overlap() -> None:
    vectors = Problem.create(PAIR, D=4, L=1, spectrum=range(4), overlap=Fraction(1, 4)).inputs()
    assert vectors.tolist() == [[1, 0, 0, 0], [0.5, math.sqrt(0.75), 0, 0]]


def test_inputs_are_orthonormal() -> None:
    problem = Problem.create(EIGEN, D=4, L=1, spectrum=range(4), num_inputs=3)
    assert problem.num_vectors == 3
    assert problem.inputs().tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]


BAD: dict[type[Exception], dict[str, dict[str, Any]]] = {  # what is said of which change
    UnknownNameError: {
        "unknown quantity 'kernel_men'; did you mean 'kernel_mean'. known: gradient_variance, kernel_m": {
            "quantity": "kernel_men"
        },
        "unknown ensemble 'prl'; known: segments, prl_ansatz, prl_ansatz_with_input_block, independent": {
            "ensemble": "prl"
        },
        "unknown ensemble 'None'": {"ensemble": None},
    },
    InputError: {
        "X with X² = 1; use D = 4 or D = 6, or pass generator_spectrum": {"D": 5},
        "D must be an integer ≥ 2, got 0": {"D": 0},
        "L must be an integer ≥ 1, got 0": {"L": 0},
        "spectrum must have D = 4 entries, got 2; list every eigenvalue as often": {"spectrum": [1, -1]},
        "spectrum must have D = 4 entries, got 0": {"spectrum": []},
        "spectrum must be one sequence of D = 4 rationals for 'kernel_mean', got 2 sequences": {
            "spectrum": [[1, 1, 0, 0]] * 2
        },
        "width .* of 0 or from 1e-9 to 1e9, got 1000": {"spectrum": [10**10, 0, 0, 0]},
        "of 0 or from 1e-9 to 1e9, got 1/1000": {"spectrum": [Fraction(1, 10**10), 0, 0, 0]},
        "overlap is not used by 'kernel_mean', got 1; leave it out": {"overlap": 1},
        "num_inputs is not used by 'kernel_mean', got 2; leave it out": {"num_inputs": 2},
        "overlap is required by 'supervised_kernel_mean', got None; pass": {"quantity": PAIR},
        "overlap must be from 0 to 1, got 3/2; it is": {"quantity": PAIR, "overlap": Fraction(3, 2)},
        "a sequence or a pair of sequences of D = 4 rationals for '.*', got 3 sequences; pass one for": {
            "quantity": PAIR,
            "overlap": 1,
            "spectrum": [[1, 1, 0, 0]] * 3,
        },
        "D must be a power of two for ensemble 'prl_ansatz', whose .*, got 6; use D = 4 or D = 8": {
            "ensemble": "prl_ansatz",
            "D": 6,
        },
        "D must be a power of two for ensemble 'prl_ansatz_with_.*, got 3; use D = 2 or D = 4": {
            "ensemble": "prl_ansatz_with_input_block",
            "D": 3,
        },
        r"generator_spectrum is not used by ensemble 'prl_ansatz', .*, got \[1, 0, 0, 0\]; leave it out": {
            "ensemble": "prl_ansatz",
            "generator_spectrum": [1, 0, 0, 0],
        },
        "got 'residual_meta_kernel_mean'; use one of gradient_variance, kernel_mean, .*, or another": {
            "ensemble": "independent_layers",
            "quantity": "residual_meta_kernel_mean",
        },
        "derivatives of one output for ensemble 'independent_layers', got 'supervised_kernel_mean'": {
            "ensemble": "independent_layers",
            "quantity": PAIR,
            "overlap": 1,
        },
        f"derivatives of one output for ensemble 'generator_average', got '{EIGEN}'": {
            "ensemble": AVERAGE,
            "quantity": EIGEN,
            "num_inputs": 2,
        },
        "populations is required by ensemble 'generator_average', got No": {"ensemble": AVERAGE},
        r"populations is not used by ensemble 'segments', got \[1, 0, 0, 0\]; leave it out": {
            "populations": [1, 0, 0, 0]
        },
        "populations must be ≥ 0 and have the sum 1, got the smallest 1 and the sum 4": {
            "ensemble": AVERAGE,
            "populations": [1, 1, 1, 1],
        },
        "populations must be ≥ 0 and have the sum 1, got the smallest -1/2 and the sum 1": {
            "ensemble": AVERAGE,
            "populations": [Fraction(3, 2), 0, 0, Fraction(-1, 2)],
        },
        "populations must have D = 4 entries, got 2; pass one for each eigenvalue": {
            "ensemble": AVERAGE,
            "populations": [1, 0],
        },
        "generator_spectrum must have D = 4 entries, got 2; list every eigenvalue as often as it occurs": {
            "generator_spectrum": [1, -1]
        },
        "generator_spectrum must have a width .* of 0 or from 1e-9 to 1e9, got 10000000000/1; rescale": {
            "generator_spectrum": [10**10, 0, 0, 0]
        },
        f"num_inputs must be from 2 to D = 4 for '{EIGEN}', got 1 .1 is the default.": {"quantity": EIGEN},
        f"num_inputs must be from 2 to D = 4 for '{EIGEN}', got 5": {"quantity": EIGEN, "num_inputs": 5},
    },
    InputTypeError: {
        "D must be an integer ≥ 2, got 4.0": {"D": 4.0},
        "spectrum must be a sequence of rationals, got 3; pass a list": {"spectrum": 3},
        r"spectrum\[3\] must be an exact integer or rational, got 0.5": {"spectrum": [1, 1, -1, 0.5]},
        r"spectrum\[0\] must be an exact integer or rational, got '1'": {"spectrum": ["1", "1", "0", "0"]},
        "overlap must be an exact integer or rational, got 0.5": {"quantity": PAIR, "overlap": 0.5},
        r"populations\[0\] must be an exact integer or rational, got 0.5": {
            "ensemble": AVERAGE,
            "populations": [0.5, 0.5, 0, 0],
        },
        "populations must be a sequence of rationa": {"ensemble": AVERAGE, "populations": 1},
        "generator_spectrum must be a sequence of rationals": {"generator_spectrum": "1100"},
        r"generator_spectrum\[2\] must be an exact integer or rational, got 0.5": {
            "generator_spectrum": [1, 0, 0.5, 0]
        },
        "num_inputs must be an integer ≥ 1, got 2.0": {"quantity": EIGEN, "num_inputs": 2.0},
    },
}


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [(x, error, text) for error, cases in BAD.items() for text, x in cases.items()],
)
def test_bad_arguments_are_refused(changes: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Problem.create(**GOOD | changes)


def test_the_constructor_checks_as_well() -> None:
    assert Problem("kernel_mean", 2, 1, ((1, -1),)).spectra[0][0] == Fraction(1)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="D must be even, got 3"):
        Problem("kernel_mean", 3, 1, ((Fraction(1), Fraction(0), Fraction(0)),))
