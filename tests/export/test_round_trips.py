"""Every text that is exported means the value it was written from: as an identity, over random values.

The texts are read by ``arithmetic``, which knows nothing of the package: once over the field of rational functions,
where equality is an identity, and at points of Q with entries of up to 64 bits, by the value's own evaluation.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest
import sympy
from arithmetic import read_arithmetic
from hypothesis import given, settings
from hypothesis import strategies as st
from latex_reader import read_by_sympy, read_latex
from shortcuts import closed_form
from strategies import integrals, rational_functions, trace_polynomials

import haarqntk as hq
from haarqntk.algebra import RationalFunction, TracePolynomial
from haarqntk.errors import InputError, InputTypeError, UnknownNameError
from haarqntk.export import FORMATS, quotients
from haarqntk.export._names import LANGUAGES

if TYPE_CHECKING:
    from numpy.typing import NDArray

VARIABLES = ("L", "T1", "T_O1O2", "sigma_ab")
VARIABLE = RationalFunction.variable


def text_in(language: str, value: Any) -> tuple[str, str]:
    """What a value is exported as, and the remark beside it."""
    text = FORMATS[language](value)
    if language == "python":
        function = text.split("\n\n\ndef ")[-1]
        return function.partition("    return ")[2], " ".join(
            re.findall(r"^    # (.*)$", function, re.MULTILINE)
        )
    if language == "c":
        return text.partition("return ")[2].partition(";")[0], text.partition(" */")[0].replace("\n   ", " ")
    *remarks, body = text.splitlines()
    return body, " ".join(remarks)


def meanings(remark: str) -> dict[str, str]:
    """Name → what it stands for, as the remark says."""
    return dict(re.findall(r"(\w+) is ((?:[Tt]r\(|<|D|T_|sigma_).*?)(?=; |, \w+ is | \*\)|$)", remark))


def exact_function(polynomial: TracePolynomial) -> RationalFunction:
    """The polynomial from its terms, coefficient by coefficient."""
    D, total = VARIABLE("D"), RationalFunction(0)
    for monomial, c in polynomial.terms.items():
        term = _horner(c.numerator, D) / _horner(c.denominator, D)
        for name, e in monomial:
            term = term * VARIABLE(name) ** e
        total = total + term
    return total


def _horner(coefficients: tuple[int, ...], D: RationalFunction) -> RationalFunction:
    total = RationalFunction(0)
    for c in reversed(coefficients):
        total = total * D + c
    return total


big = st.fractions(-(2**64), 2**64, max_denominator=2**20)


@settings(max_examples=25)
@given(
    st.one_of(rational_functions(), trace_polynomials(variables=VARIABLES)),
    st.lists(big, min_size=4, max_size=4),
    st.integers(100, 2**64),
    st.sampled_from(list(LANGUAGES)),
)
def test_random_functions_are_written_as_identities(
    value: Any, point: list[Fraction], D: int, language: str
) -> None:
    polynomial = TracePolynomial.constant(value) if isinstance(value, RationalFunction) else value
    body, remark = text_in(language, value)
    own = {name: name for name in ("D", *VARIABLES)} | {"TO1O2": "T_O1O2", "sigmaab": "sigma_ab"}
    assert {new: old for new, old in meanings(remark).items() if new != "d"}.items() <= own.items()
    names = own | {"d": "D"}
    one = RationalFunction(1)
    read = read_arithmetic(body, {new: VARIABLE(old) for new, old in names.items()}, one)
    assert read == exact_function(polynomial)
    values = dict(zip(VARIABLES, point, strict=True))
    at = {new: values.get(old, Fraction(D)) for new, old in names.items()}
    assert read_arithmetic(body, at) == polynomial.at(D, values)


@settings(max_examples=10)
@given(trace_polynomials(variables=VARIABLES), st.integers(10, 99))
def test_lambdify_at_sixty_digits(value: TracePolynomial, D: int) -> None:
    values = {name: Fraction(7 + 2 * i, 3) for i, name in enumerate(VARIABLES)}
    function, exact = hq.lambdify(value, "mpmath"), value.at(D, values)
    with mpmath.workdps(60):
        given_values = {"D": mpmath.mpf(D)} | {
            k: mpmath.mpf(v.numerator) / v.denominator for k, v in values.items()
        }
        used = [given_values[name] for name in quotients(value)[0].symbols]
        assert abs(function(*used) * exact.denominator - exact.numerator) < mpmath.mpf(10) ** -45


# -- integrals: the symbols are traces and entries of matrices, which NumPy computes -------------------------------

MATRICES = {
    "A": np.array([[1, 2, 0, 1], [0, 3, 1, 0], [2, 0, -1, 1], [1, 1, 0, 2]], dtype=object),
    "B": np.array([[0, 1, 1, 0], [2, -1, 0, 0], [1, 0, 1, 3], [0, 2, 0, 1]], dtype=object),
    "J": np.array([[0, 0, 1, 0], [0, 0, 0, 1], [-1, 0, 0, 0], [0, -1, 0, 0]], dtype=object),
}


def matrix_of(word: str) -> NDArray[Any]:
    """The product that a word such as "A B^T (A^T)^2 conj(B)" means; the matrices are real."""
    product = np.eye(4, dtype=object)
    factor = r"\((?P<base>\w)\^(?P<form>[TH])\)\^(?P<power>\d+)|conj\((?P<bar>\w)\)|(?P<plain>\w)(?:\^(?P<up>\w+))?"
    for found in re.finditer(factor, word):
        name, up = found["base"] or found["bar"] or found["plain"], found["form"] or found["up"] or "1"
        M = MATRICES[name].T if up in {"T", "H"} else MATRICES[name]
        for _ in range(int(found["power"] or (up if up.isdigit() else 1))):
            product = product @ M
    return product


def component_value(text: str) -> Fraction:
    """The number that "Tr(A B)" or "<0|A|1>" means."""
    if entry := re.fullmatch(r"<(\d)\|(.*)\|(\d)>", text):
        return Fraction(matrix_of(entry[2])[int(entry[1]), int(entry[3])])
    word = re.fullmatch(r"Tr\((.*)\)", text)
    assert word, text
    return Fraction(matrix_of(word[1]).trace())


def expected_value(integral: hq.Integral) -> Fraction:
    matrices = {name: M.tolist() for name, M in MATRICES.items() if name in integral.declared}
    return Fraction(integral.at(4, matrices=matrices))


@settings(max_examples=40)
@given(integrals(), st.sampled_from(list(LANGUAGES)))
def test_the_code_of_an_integral_gives_its_value(integral: hq.Integral, language: str) -> None:
    body, remark = text_in(language, integral)
    names = {new: component_value(old) for new, old in meanings(remark).items() if old != "D"}
    names |= {"D": Fraction(4), "d": Fraction(4)}
    assert read_arithmetic(body, names) == expected_value(integral)


@settings(max_examples=25)
@given(integrals(), st.booleans())
def test_the_latex_of_an_integral_reads_back(integral: hq.Integral, lines: bool) -> None:  # noqa: FBT001 - Hypothesis
    text = hq.latex(integral, lines=lines, names={"D": "d"})
    (part,) = integral.parts
    names = {"d": Fraction(4)} | {latex: component_value(old) for old, latex in part.letters().items()}
    read = read_latex(text, {latex: f"x{i}" for i, latex in enumerate(names)})
    assert read.at({f"x{i}": value for i, value in enumerate(names.values())}) == expected_value(integral)
    assert hq.latex(integral) == integral.latex()


@settings(max_examples=4)
@given(integrals())
def test_sympy_s_parser_reads_an_integral(integral: hq.Integral) -> None:
    (part,) = integral.parts
    names = {latex: old for old, latex in part.letters().items()}
    read = read_by_sympy(hq.latex(integral), names | {"D": "D"})
    at = {sympy.Symbol(old): sympy.Rational(component_value(old)) for old in names.values()}
    found = sympy.Rational(read.subs({sympy.Symbol("D"): 4, **at}))
    assert Fraction(int(found.p), int(found.q)) == expected_value(integral)


def test_the_latex_of_an_operator_has_each_word_behind_its_coefficient() -> None:
    U, (A, B) = hq.haar_unitary("U"), hq.matrices("A B")
    operator = hq.expect(U @ A @ U.H @ B @ U @ A @ U.H)
    every: list[dict[str, Any]] = [{}, {"names": {"D": "d"}}]
    for options in every:
        found = re.fullmatch(
            r"\\left\((.*)\\right\) \\mathbf\{1\} \+ \\left\((.*)\\right\) B", hq.latex(operator, **options)
        )
        assert found is not None
        for part, text in zip(operator.parts, found.groups(), strict=True):
            names = {"d" if options else "D": "D"} | {latex: old for old, latex in part.letters().items()}
            assert read_latex(text, names) == part.function()
    assert hq.latex(operator) == operator.latex()
    assert hq.expect(U @ U.H @ B).latex() == "B"


def test_an_operator_is_a_coefficient_for_each_of_its_words() -> None:
    U, (A, B) = hq.haar_unitary("U"), hq.matrices("A B")
    operator = hq.expect(U @ A @ U.H @ B @ U @ A @ U.H)
    body = hq.to_maple(operator).splitlines()[-1]
    first, second = body.strip("[]").split(", ")
    names = {"d": Fraction(4), "Tr_A": component_value("Tr(A)"), "Tr_A_2": component_value("Tr(A^2)")}
    names["Tr_B"] = component_value("Tr(B)")
    one, other = (read_arithmetic(text, names) for text in (first, second))
    total = one * np.eye(4, dtype=object) + other * MATRICES["B"]
    matrices = {name: MATRICES[name].tolist() for name in "AB"}
    assert (operator.at(4, matrices=matrices) == total).all()
    assert "part 2 is the coefficient of B" in hq.to_maple(operator)
    assert "def integral_B(D, Tr_A, Tr_A_2):" in hq.to_python(operator)
    with pytest.raises(
        InputError, match=r"one closed form, got 2; take .* a trace or an entry of an operator"
    ):
        hq.lambdify(operator)


def test_a_series_and_an_expansion_keep_their_remainders() -> None:
    U, (A, B) = hq.haar_unitary("U"), hq.matrices("A B", traceless=True)
    series = hq.expect(hq.tr(U @ A @ U.H @ B) ** 2).series(order=3)
    assert hq.latex(series) == series.latex()
    assert hq.latex(series, names={"D": "d"}, macros={"Tr": r"\tr"}).endswith(r"O\left(d^{-3}\right)")
    expansion = hq.weingarten((2,)).series(order=3)
    assert (
        hq.latex(expansion)
        == expansion.latex()
        == r"- \frac{1}{D^{3}} - \frac{1}{D^{5}} + O\left(D^{-6}\right)"
    )


# -- what cannot be written ---------------------------------------------------------------------------------------


def of_two_matrices(first: str, second: str) -> hq.Integral:
    U, (A, B) = hq.haar_unitary("U"), hq.matrices(f"{first} {second}")
    return hq.expect(hq.tr(U @ A @ U.H @ B))


def test_letters_that_look_alike_in_latex_are_refused() -> None:
    """A1 and A_1 are both set as A with the index 1."""
    value = of_two_matrices("A1", "A_1")
    with pytest.raises(
        InputError, match=r"names must tell symbols apart, got .*Tr.*A_\{1\}.*; choose another"
    ):
        hq.latex(value)
    assert hq.latex(value, names={"A_1": "B"}).count("B") == 1


def test_a_symbol_that_looks_like_the_power_of_another_is_refused() -> None:
    """The dimension x__2 is set as x with a 2 above it."""
    value = RationalFunction.variable("x") ** 2 + RationalFunction.variable("x__2")
    with pytest.raises(
        InputError, match=r"names must tell symbols apart, got 'x\^\{2\}' for x__2, a power of x; ch"
    ):
        hq.latex(value)
    assert hq.latex(value, names={"x__2": "y"}) == "x^{2} + y"


def test_symbols_that_would_be_one_name_in_code_get_two() -> None:
    value = of_two_matrices("A_2", "A")
    other = hq.expect(hq.tr(hq.matrices("A_2")) + hq.tr(hq.matrices("A") @ hq.matrices("A")))
    assert sorted(meanings(text_in("python", other)[1]).values()) == ["Tr(A^2)", "Tr(A_2)"]
    assert sorted(meanings(text_in("mathematica", other)[1]).values()) == ["Tr(A^2)", "Tr(A_2)"]
    assert "Tr(A_2)" in text_in("c", value)[1]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"names": {"A": "B"}}, InputError, r"names must tell symbols apart, got .*; choose another"),
        (
            {"names": {"O": "H"}},
            UnknownNameError,
            r"unknown symbol in names 'O'; known: A, B, D, Tr\(A\), Tr\(B\)",
        ),
        ({"names": {"A": r"\frac"}}, InputError, "must be a letter of its own"),
        ({"macros": {"Tr": "tr"}}, InputError, "must be a command"),
    ],
)
def test_letters_of_an_integral_are_checked(options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        hq.latex(of_two_matrices("A", "B"), **options)


def test_an_integral_is_written_in_the_author_s_letters() -> None:
    text = hq.latex(of_two_matrices("A", "B"), names={"A": "H", "D": "d"}, macros={"Tr": r"\tr"})
    assert text == r"\frac{\tr\left(H\right) \tr\left(B\right)}{d}"


@pytest.mark.parametrize("write", [hq.to_python, hq.to_c, hq.to_maple, hq.to_mathematica, hq.lambdify])
def test_what_has_no_closed_form_says_so_with_the_cure(write: Any) -> None:
    U = hq.haar_unitary("U")
    with pytest.raises(InputTypeError, match=r"got Twirl, which is none; write its latex\(\) or hq.to_json"):
        write(hq.twirl([[1, 0], [0, 2]], 1))
    for random in (hq.tr(U), U, hq.Circuit().residual()):
        with pytest.raises(
            InputTypeError, match=r"which is random; average it first, with hq\.expect or hq\.mean"
        ):
            write(random)


@pytest.mark.parametrize("write", [hq.to_json, hq.to_python])
def test_what_json_refuses_is_not_sent_to_it(write: Any) -> None:
    for value in (hq.Circuit(), hq.formula("kernel_mean").explain()):
        with pytest.raises(InputTypeError, match=r"which is none; write its latex\(\)$"):
            write(value)


def test_numbers_have_no_names_and_no_lines() -> None:
    check = hq.is_design(hq.pauli_group(1), 1)
    with pytest.raises(
        InputError, match="names and macros must be left out for DesignCheck, which has no closed form"
    ):
        hq.latex(check, names={"D": "d"})
    with pytest.raises(InputError, match="lines must be left out for DesignCheck"):
        hq.latex(check, lines=True)


def test_a_formula_is_still_cited_and_so_is_what_else_there_is() -> None:
    U, S, A = hq.haar_unitary("U"), hq.haar_symplectic("S"), hq.matrices("A")
    assert hq.citation(hq.expect(hq.tr(U @ A))).keys == ("collins2003", "collins2006", "haarqntk")
    assert "matsumoto2013" in hq.citation(hq.expect(hq.tr(S @ A) ** 2)).keys
    assert hq.citation(hq.is_design(hq.pauli_group(1), 1)).keys == ("gross2007", "haarqntk")
    assert hq.citation(hq.Estimate("c0ffee", 5, 3.0, 20.0)).keys == ("chan1983", "haarqntk")
    claimed = hq.check_claim("kernel_mean", "L*T2/D^2")
    assert hq.citation(claimed).keys == hq.citation(closed_form("kernel_mean")).keys
    with pytest.raises(InputTypeError, match="which is random; average it first"):
        hq.citation(hq.tr(U))
