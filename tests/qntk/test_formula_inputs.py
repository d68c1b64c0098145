"""What a formula refuses: one clear line with the argument, the rule, the value and the cure."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import qutip
import sympy
from hypothesis import given
from hypothesis import strategies as st
from shortcuts import closed_form

import haarqntk as hq
from haarqntk.circuits import ENSEMBLES
from haarqntk.errors import CostError, InputError, InputTypeError, UnknownNameError
from haarqntk.qntk import Formula, kernel_law

if TYPE_CHECKING:
    from collections.abc import Callable

SUPERVISED, EIGENVALUES = "supervised_kernel_mean", "supervised_kernel_eigenvalues"
GOOD: dict[str, dict[str, Any]] = {
    "kernel_mean": {"D": 4, "L": 1, "spectrum": [1, 1, -1, -1]},
    "kernel_variance": {"D": 4, "L": 1, "spectrum": [1, 1, -1, -1]},
    SUPERVISED: {"D": 4, "L": 1, "spectrum": [1, 1, -1, -1], "overlap": 0},
    EIGENVALUES: {"D": 4, "L": 1, "spectrum": [1, 1, -1, -1], "num_inputs": 2},
}


def refuse(name: str, changes: dict[str, Any], error: type[Exception], text: str) -> None:
    arguments = {key: value for key, value in (GOOD[name] | changes).items() if value is not OMITTED}
    with pytest.raises(error, match="^" + re.escape(text)) as raised:
        hq.formula(name).at(**arguments)
    assert "\n" not in str(raised.value)


OMITTED = object()
NO_INTEGERS = [2.0, True, np.True_, "4", np.float64(4), Fraction(4), sympy.Rational(7, 2), sympy.Symbol("D")]


@pytest.mark.parametrize("name", GOOD)
def test_the_good_arguments_are_good(name: str) -> None:
    assert hq.formula(name).at(**GOOD[name])


@pytest.mark.parametrize("value", [*NO_INTEGERS, None])
@pytest.mark.parametrize("name", GOOD)
def test_a_dimension_that_is_no_integer_is_refused(name: str, value: object) -> None:
    refuse(name, {"D": value}, InputTypeError, f"D must be an integer ≥ 2, got {value!r}; pass an int")


@pytest.mark.parametrize("value", [1, 0, -1, np.int64(-4), sympy.Integer(0)])
@pytest.mark.parametrize("name", GOOD)
def test_a_dimension_below_two_is_refused(name: str, value: int) -> None:
    refuse(name, {"D": value}, InputError, f"D must be an integer ≥ 2, got {value}")


@pytest.mark.parametrize("value", [3, 5, np.int64(7)])
@pytest.mark.parametrize("name", GOOD)
def test_an_odd_dimension_is_refused_because_it_has_no_traceless_involution(name: str, value: int) -> None:
    text = f"D must be even for generators X² = 1, Tr X = 0 (Pauli strings), got {value}; "
    refuse(name, {"D": value}, InputError, text + "an odd dimension has no traceless involution")


@pytest.mark.parametrize("value", NO_INTEGERS)
@pytest.mark.parametrize("name", GOOD)
def test_a_depth_that_is_no_integer_is_refused(name: str, value: object) -> None:
    refuse(name, {"L": value}, InputTypeError, f"L must be an integer ≥ 1, got {value!r}; pass an int")


@pytest.mark.parametrize("value", [0, -1, np.int64(-2)])
@pytest.mark.parametrize("name", GOOD)
def test_a_depth_below_one_is_refused(name: str, value: int) -> None:
    refuse(name, {"L": value}, InputError, f"L must be an integer ≥ 1, got {value}")


def test_a_missing_depth_is_refused_where_the_formula_depends_on_it() -> None:
    refuse(
        "kernel_mean", {"L": None}, InputError, "L must be given, an integer ≥ 1: kernel_mean depends on it"
    )
    assert closed_form("gradient_variance").at(D=4, spectrum=[1, 1, -1, -1]) == Fraction(32, 75)
    with pytest.raises(InputError, match="L must be an integer ≥ 1, got 0"):
        closed_form("gradient_variance").at(D=4, L=0, spectrum=[1, 1, -1, -1])


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(
    ("changes", "got"),
    [
        ({"spectrum": None}, "none"),
        ({"traces": [0, 4, 0, 4]}, "spectrum and traces"),
        ({"observable": np.eye(4)}, "spectrum and observable"),
        ({"spectrum": None, "traces": [0, 4, 0, 4], "observable": np.eye(4)}, "traces and observable"),
    ],
)
def test_the_observable_must_be_given_in_one_way(name: str, changes: dict[str, Any], got: str) -> None:
    refuse(
        name, changes, InputError, f"exactly one of spectrum=, traces=, observable= must be given, got {got}"
    )


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(
    ("spectrum", "error", "text"),
    [
        ([1, -1], InputError, "spectrum must list the D = 4 eigenvalues of O, with multiplicity, got 2; "),
        ([1] * 5, InputError, "spectrum must list the D = 4 eigenvalues of O, with multiplicity, got 5; "),
        ([], InputError, "spectrum must list the D = 4 eigenvalues of O, with multiplicity, got 0; "),
        ("1111", InputTypeError, "spectrum must be a list: the D eigenvalues of O, got '1111'"),
        (7, InputTypeError, "spectrum must be a list: the D eigenvalues of O, got 7"),
    ],
)
def test_a_spectrum_must_be_the_exact_eigenvalues(
    name: str, spectrum: object, error: type[Exception], text: str
) -> None:
    refuse(name, {"spectrum": spectrum}, error, text)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("entry", [1.0, np.float64(0.5), sympy.sqrt(2), True, None])
def test_every_eigenvalue_is_exact(name: str, entry: object) -> None:
    text = f"each eigenvalue of spectrum must be an exact integer or rational, got {entry!r}"
    refuse(name, {"spectrum": [1, entry, 0, 0]}, InputTypeError, text)


not_hermitian = np.array([[0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
not_finite = np.diag([1, 2, np.nan, 0])


BAD_OBSERVABLES = [
    (not_hermitian, InputError, "observable must be Hermitian, got |O − O†| up to 1; pass (O + O†)/2"),
    (1j * np.eye(4), InputError, "observable must be Hermitian, got |O − O†| up to 2; pass (O + O†)/2"),
    (qutip.Qobj(not_hermitian), InputError, "observable must be Hermitian, got |O − O†| up to 1"),
    (np.eye(2), InputError, "observable must have shape (4, 4) to fit D = 4, got (2, 2)"),
    (np.ones((4, 3)), InputError, "observable must have shape (4, 4) to fit D = 4, got (4, 3)"),
    (np.ones(4), InputError, "observable must have shape (4, 4) to fit D = 4, got (4,)"),
    (qutip.basis(4, 0), InputTypeError, "observable must be an operator, got a Qobj of type ket with dims"),
    (not_finite, InputError, "observable must be finite, got (nan+0j)"),
    (np.diag([1, 2, np.inf, 0]), InputError, "observable must be finite, got (inf+0j)"),
    ("ZZ", InputTypeError, "observable must be an array or Qobj of numbers, got str"),
    ([[1, 0], [0], [1]], InputError, "observable must have rows of one length, got rows that differ"),
    (object(), InputTypeError, "observable must be an array or Qobj of numbers, got object"),
]


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(("observable", "error", "text"), BAD_OBSERVABLES)
def test_an_observable_must_be_a_finite_hermitian_matrix_of_size_d(
    name: str, observable: object, error: type[Exception], text: str
) -> None:
    refuse(name, {"spectrum": None, "observable": observable}, error, text)


def test_rounding_in_a_hermitian_observable_is_forgiven() -> None:
    observable = np.diag([1.0, 1, -1, -1]).astype(complex)
    observable[0, 1] = 1e-13
    value = closed_form("kernel_mean").at(D=4, L=1, observable=observable)
    assert value == pytest.approx(32 / 75, rel=1e-12)


@pytest.mark.parametrize("name", ["kernel_second_moment", "kernel_variance"])
def test_traces_below_the_design_order_are_refused(name: str) -> None:
    text = "traces must come with D ≥ 4, where they are independent, got D = 2; pass spectrum= or"
    with pytest.raises(InputError, match=text):
        closed_form(name).at(D=2, L=1, traces=[0, 2, 0, 2])


BAD_TRACES = [
    (
        "kernel_mean",
        [0],
        InputError,
        "traces must give T1, T2, got no T2; list T1, T2, … up to the highest power",
    ),
    ("kernel_variance", [0, 4], InputError, "traces must give T1, T2, T3, T4, got no T3, T4; list T1, T2, …"),
    ("kernel_mean", {"T1": 0}, InputError, "traces must give T1, T2, got no T2"),
    (SUPERVISED, {"T_O1": 0}, InputError, "traces must give T_O1, T_O1O2, T_O2, got no T_O1O2, T_O2"),
    ("kernel_mean", [0, 4.0], InputTypeError, "T2 must be an exact integer or rational, got 4.0"),
    ("kernel_mean", {"T1": 0, "T2": 0.5}, InputTypeError, "traces[T2] must be an exact integer or rational"),
    ("kernel_mean", "04", InputTypeError, "traces must be a list: [T1, T2, …], got '04'"),
    ("kernel_mean", 4, InputTypeError, "traces must be a list: [T1, T2, …], got 4"),
]


@pytest.mark.parametrize(("name", "traces", "error", "text"), BAD_TRACES)
def test_traces_must_be_all_and_exact(name: str, traces: object, error: type[Exception], text: str) -> None:
    refuse(name, {"spectrum": None, "traces": traces}, error, text)


BAD_OVERLAPS = [
    (OMITTED, InputError, "overlap must be given, |⟨φ|φ'⟩|² in [0, 1]: supervised_kernel_mean depends on it"),
    (Fraction(9, 8), InputError, "overlap must be |⟨φ|φ'⟩|² in [0, 1], got 9/8"),
    (-1, InputError, "overlap must be |⟨φ|φ'⟩|² in [0, 1], got -1"),
    (0.5, InputTypeError, "overlap must be an exact integer or rational, got 0.5"),
    (True, InputTypeError, "overlap must be an exact integer or rational, got True"),
    ("1/2", InputTypeError, "overlap must be an exact integer or rational, got '1/2'"),
]


@pytest.mark.parametrize(("overlap", "error", "text"), BAD_OVERLAPS)
def test_an_overlap_must_be_an_exact_probability(overlap: object, error: type[Exception], text: str) -> None:
    refuse(SUPERVISED, {"overlap": overlap}, error, text)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"spectrum": [[1, 1, -1, -1]] * 3},
            "spectrum must be one list of eigenvalues or one for each of O1, O2, got 3 lists",
        ),
        (
            {"spectrum": [[1, 1, -1, -1], [1, -1]]},
            "spectrum must list the D = 4 eigenvalues of O, with multiplicity, got 2",
        ),
        (
            {"spectrum": None, "observable": (np.eye(4), np.eye(2))},
            "observable must have shape (4, 4) to fit D = 4, got (2, 2)",
        ),
    ],
)
def test_two_observables_must_both_fit(changes: dict[str, Any], text: str) -> None:
    refuse(SUPERVISED, changes, InputError, text)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0, InputError, "num_inputs must be an integer ≥ 1, got 0"),
        (5, InputError, "num_inputs must be at most D = 4 orthogonal inputs, got 5"),
        (2.0, InputTypeError, "num_inputs must be an integer ≥ 1, got 2.0; pass an int"),
        (True, InputTypeError, "num_inputs must be an integer ≥ 1, got True; pass an int"),
        (None, InputError, "exactly one of num_inputs= (orthogonal inputs) and gram= must be given"),
    ],
)
def test_orthogonal_inputs_must_be_from_one_to_d(value: object, error: type[Exception], text: str) -> None:
    refuse(EIGENVALUES, {"num_inputs": value}, error, text)


half, NO_GRAM = Fraction(1, 2), "gram must be Hermitian: gram[i][j] is the conjugate of gram[j][i]"


@pytest.mark.parametrize(
    ("gram", "error", "text"),
    [
        ([[1, half], [0, 1]], InputError, NO_GRAM),
        ([[1, 0.5j], [0.5j, 1]], InputError, NO_GRAM),
        ([[1, 0], [0, 2]], InputError, "gram must have unit diagonal: the inputs are normalised"),
        ([[1, 2], [2, 1]], InputError, "gram must be positive semidefinite, got the eigenvalue -1"),
        (np.eye(5, dtype=int), InputError, "gram must have rank at most D = 4, got rank 5"),
        ([[1, 0]], InputError, "gram must be a square matrix, got shape (1, 2)"),
        ([], InputError, "gram must be a square matrix, got shape (0,)"),
        ([[float("nan")]], InputError, "gram must be finite, got (nan+0j)"),
        ([[1, 0], [0]], InputError, "gram must have rows of one length, got rows that differ"),
        ("eye", InputTypeError, "gram must be an array or Qobj of numbers, got str"),
        (3, InputError, "gram must be a square matrix, got shape ()"),
        ([["1"]], InputTypeError, "gram must be an array or Qobj of numbers, got list"),
    ],
)
def test_a_gram_matrix_must_be_one_of_normalised_inputs_in_dimension_d(
    gram: object, error: type[Exception], text: str
) -> None:
    refuse(EIGENVALUES, {"num_inputs": None, "gram": gram}, error, text)


def test_inputs_are_given_once() -> None:
    text = "exactly one of num_inputs= (orthogonal inputs) and gram= must be given"
    refuse(EIGENVALUES, {"gram": [[1]]}, InputError, text)


def test_an_exact_gram_matrix_that_would_not_finish_is_refused_with_its_size() -> None:
    text = "an exact gram of 17 inputs would not finish: its roots have degree up to 17; the largest is 16; "
    changes = {"D": 18, "spectrum": [1, -1] * 9, "num_inputs": None, "gram": np.eye(17, dtype=int)}
    refuse(EIGENVALUES, changes, CostError, text)
    assert hq.formula(EIGENVALUES).at(**(GOOD[EIGENVALUES] | changes | {"gram": np.eye(17)}))


def test_an_unknown_name_lists_the_known_and_the_nearest() -> None:
    known = ", ".join(hq.formulas())
    with pytest.raises(UnknownNameError) as raised:
        hq.formula("kernel_men")
    assert str(raised.value) == f"unknown formula 'kernel_men'; did you mean 'kernel_mean'? known: {known}"
    with pytest.raises(UnknownNameError) as raised:
        hq.formula("xyz")
    assert str(raised.value) == f"unknown formula 'xyz'; known: {known}"
    with pytest.raises(UnknownNameError, match="unknown formula 'None'"):
        hq.formula(None)  # type: ignore[arg-type]
    with pytest.raises(
        UnknownNameError, match=r"unknown ensemble 'segment'; did you mean 'segments'\? known: segments"
    ):
        hq.formula("kernel_mean", ensemble="segment")


PRL = [name for name in ENSEMBLES if name.startswith("prl_ansatz")]


@pytest.mark.parametrize("ensemble", PRL)
@pytest.mark.parametrize("D", [6, 10, 12])
def test_pauli_strings_need_a_power_of_two(ensemble: str, D: int) -> None:
    """Wherever a dimension meets an ensemble that draws all Pauli strings."""
    spectrum, rule = [1, -1] * (D // 2), f"must be a power of two for ensemble '{ensemble}', .* got {D}"
    circuit, (index,) = hq.Circuit(ensemble), hq.layer_indices("l")
    z = circuit.output()
    f = hq.mean(hq.sum_over(z.d(index) ** 2, index))
    rng = np.random.default_rng(1)
    asked: list[Callable[[], object]] = [
        lambda: f.at(D=D, L=2, spectrum=spectrum),
        lambda: f.evaluate(D=D, L=2, traces=[0, D]),
        lambda: f.derive(D),
        lambda: (f / f).at(D=D, L=2, spectrum=spectrum),
        lambda: hq.simulate(
            "kernel_mean", D=D, L=2, spectrum=spectrum, ensemble=ensemble, samples=4, rng=rng
        ),
    ]
    for ask in asked:
        with pytest.raises(InputError, match=rule):
            ask()
    assert f.facts()["range"] == "D = 2^n ≥ 2"


@pytest.mark.parametrize(
    ("ensemble", "rule"),
    [
        ("prl_ansatz", "has no Haar block on the input side"),
        ("prl_ansatz_with_input_block", "D must be a power of two for ensemble"),
    ],
)
def test_the_law_of_the_kernel_needs_a_power_of_two_for_pauli_strings(ensemble: str, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        kernel_law(D=6, L=2, spectrum=[1, -1] * 3, ensemble=ensemble)
    assert kernel_law(D=6, L=2, spectrum=[1, -1] * 3).mean > 0


@pytest.mark.parametrize("ensemble", ENSEMBLES)
def test_a_traceless_involution_needs_an_even_dimension(ensemble: str) -> None:
    z, (index,) = hq.Circuit(ensemble).output(), hq.layer_indices("l")
    f = hq.mean(hq.sum_over(z.d(index) ** 2, index))
    for ask in (lambda: f.at(D=3, L=1, spectrum=[1, 0, -1]), lambda: f.derive(3)):
        with pytest.raises(InputError, match="must be even for generators X² = 1, Tr X = 0"):
            ask()


@pytest.mark.parametrize("row", [[1, 1], [2, -2], [1, 0]])
def test_a_generator_of_another_spectrum_is_not_a_pauli_string(row: list[int]) -> None:
    f = closed_form("kernel_mean")
    assert f.at(D=2, L=1, spectrum=[0, 1], generator_spectrum=[-1, 1]) == f.at(D=2, L=1, spectrum=[0, 1])
    with pytest.raises(
        InputError, match=r"generator_spectrum must be that of X² = 1, Tr X = 0 .* take generators='general'"
    ):
        f.at(D=2, L=1, spectrum=[0, 1], generator_spectrum=row)


@given(st.lists(st.fractions(-3, 3, max_denominator=4), min_size=4, max_size=4), st.data())
def test_named_values_that_no_matrix_has_are_refused(row: list[Fraction], data: st.DataObject) -> None:
    """T_j and X_j by name are checked like traces=: those of a spectrum are taken, T_2 below T_1²/D is not."""
    f = hq.formula("kernel_mean", generators="general")
    assert isinstance(f, Formula)
    spectrum = [0, 1, 2, 4]
    others: list[tuple[str, dict[str, Any]]] = [
        ("T", {"generator_spectrum": spectrum}),
        ("X", {"spectrum": spectrum}),
    ]
    for letter, given_otherwise in others:
        values = {f"{letter}{j}": sum((x**j for x in row), Fraction(0)) for j in (1, 2)}
        assert f.at(D=4, L=1, values=values, **given_otherwise) >= 0
        values[f"{letter}2"] = values[f"{letter}1"] ** 2 / 4 - data.draw(st.fractions(Fraction(1, 9), 2))
        with pytest.raises(
            InputError, match=f"traces must be those of a Hermitian matrix: with {letter}_0 = D = 4"
        ):
            f.at(D=4, L=1, values=values, **given_otherwise)


def test_expectations_that_no_state_has_are_refused() -> None:
    f = hq.formula("kernel_mean", ensemble="generator_average")
    assert isinstance(f, Formula)
    assert f.at(D=4, L=1, values={"m1": Fraction(1, 2), "m2": 1}) > 0
    with pytest.raises(InputError, match="expectations must be those of a Hermitian matrix: with m_0 = 1"):
        f.at(D=4, L=1, values={"m1": 2, "m2": 1})


@given(
    st.lists(st.integers(-3, 3), min_size=4, max_size=4), st.lists(st.integers(0, 5), min_size=4, max_size=4)
)
def test_expectations_are_those_of_populations_of_the_spectrum(row: list[int], weights: list[int]) -> None:
    f = hq.formula("kernel_second_moment", ensemble="generator_average")
    assert isinstance(f, Formula)
    p = [Fraction(w, sum(weights)) for w in weights] if any(weights) else [Fraction(k == 0) for k in range(4)]
    m = {f"m{j}": sum((a * x**j for a, x in zip(p, row, strict=True)), Fraction(0)) for j in (1, 2)}
    assert f.at(D=4, L=1, spectrum=row, values=m) == f.at(D=4, L=1, spectrum=row, populations=p)
    beyond = max(row) + Fraction(1, 7)
    off = {f"m{j}": beyond**j for j in (1, 2)}  # of a Hermitian matrix, but not of this one
    with pytest.raises(InputError, match="must be those of populations of the eigenvalues"):
        f.at(D=4, L=1, spectrum=row, values=off)


@given(
    st.sampled_from([2, 4]),
    st.lists(st.integers(-3, 3), min_size=3, max_size=3),
    st.tuples(*[st.integers(0, 6)] * 2),
)
def test_traces_of_observables_need_a_gram_matrix(D: int, mixed: list[int], squares: tuple[int, int]) -> None:
    """Tr AB of 1, O1, O2: its eigenvalues, by NumPy, are not negative where a pair of Hermitian matrices has it."""
    (t1, t2, t12), (t11, t22) = mixed, squares
    traces = {"T_O1": t1, "T_O2": t2, "T_O1O2": t12, "T_O1O1": t11, "T_O2O2": t22}
    gram = np.array([[D, t1, t2], [t1, t11, t12], [t2, t12, t22]])
    at: dict[str, Any] = {"D": D, "L": 1, "overlap": Fraction(1, 2), "traces": traces}
    if np.linalg.eigvalsh(gram)[0] > -1e-9:
        closed_form(SUPERVISED).at(**at)
    else:
        with pytest.raises(InputError, match=r"traces must be those of (a )?Hermitian matri"):
            closed_form(SUPERVISED).at(**at)


def test_the_traces_of_matrices_are_taken_and_three_of_them_that_no_matrices_have_are_not() -> None:
    """Of three observables every pair of these cross traces is possible, all three are not: Z1, Z2 = Z1, Z3 = −Z2."""
    z, (l,) = hq.Circuit(), hq.layer_indices("l")
    g = hq.mean(hq.sum_over(z.output(observable="O1").d(l) * z.output(observable="O2").d(l), l))
    assert g.symbols[1:] == ("L", "T_O1", "T_O1O2", "T_O2")
    own = {f"T_O{i}": 0 for i in (1, 2, 3)} | {f"T_O{i}O{i}": 4 for i in (1, 2, 3)}
    for sign, is_possible in ((1, True), (-1, False)):
        traces = own | {"T_O1O2": 4, "T_O1O3": 4, "T_O2O3": 4 * sign}
        if is_possible:
            assert g.at(D=4, L=1, traces=traces) == g.at(
                D=4, L=1, observable=np.diag([1, 1, -1, -1]).tolist()
            )
        else:
            with pytest.raises(InputError, match="Gram matrix Tr AB of 1, O1, O2, O3 must be positive"):
                g.at(D=4, L=1, traces=traces)


def test_a_qubit_has_three_orthogonal_traceless_observables_and_no_fourth() -> None:
    z, (l,) = hq.Circuit(), hq.layer_indices("l")
    g = hq.mean(hq.sum_over(z.output(observable="O1").d(l) * z.output(observable="O2").d(l), l))
    for num in (3, 4):
        names = [f"O{i}" for i in range(1, num + 1)]
        traces = {f"T_{a}": 0 for a in names} | {
            f"T_{a}{b}": 2 * (a == b) for a in names for b in names if a <= b
        }
        if num == 3:
            assert g.at(D=2, L=1, traces=traces) == 0
        else:
            with pytest.raises(
                InputError, match="O4 must be positive semidefinite of rank ≤ D² = 4, such as"
            ):
                g.at(D=2, L=1, traces=traces)
