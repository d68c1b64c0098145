"""What a user types: every production is the same expression built in Python, and nothing else gets in."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
import sympy
from hypothesis import example, given, settings
from hypothesis import strategies as st

import haarqntk as hq
from haarqntk.errors import CostError, HaarqntkError, InputError, UnknownNameError
from haarqntk.qntk import parse_closed_form, parse_moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from haarqntk.qntk import Formula

c = hq.Circuit()
l, m = hq.layer_indices("l m")
e, z = c.residual(), c.output()
K = hq.sum_over(e.d(l) ** 2, l)
mu = hq.sum_over(e.d(l, m) * e.d(l) * e.d(m), l, m)
z1, za = c.output(observable="O1"), c.output(state="a")
half = Fraction(1, 2)

# -- productions ------------------------------------------------------------------------------------------------

MOMENTS: dict[str, Callable[[], Formula]] = {
    "K": lambda: hq.mean(K),
    "mu": lambda: hq.mean(mu),
    "e": lambda: hq.mean(e),
    "z": lambda: hq.mean(z),
    "3": lambda: hq.mean(K * 0 + 3),
    "2.5": lambda: hq.mean(K * 0 + Fraction(5, 2)),
    ".5*K": lambda: hq.mean(half * K),
    "mean(K)": lambda: hq.mean(K),
    "variance(K)": lambda: hq.variance(K),
    "covariance(K, mu)": lambda: hq.covariance(K, mu),
    "cumulant(K, 3)": lambda: hq.cumulant(K, 3),
    "sum(d(l)*d(l), l)": lambda: hq.mean(K),
    "sum(d(l)^2, l)": lambda: hq.mean(K),
    "sum(d(l)**2, l)^2": lambda: hq.mean(K**2),
    "sum(d(l)*d(l), l)*sum(d(l)*d(l), l)": lambda: hq.mean(K**2),
    "sum(d(l, m)*d(l)*d(m), l, m)": lambda: hq.mean(mu),
    "sum(sum(d(l, m)*d(l)*d(m), l), m)": lambda: hq.mean(mu),
    "sum(d(l, l, m)*d(m), l, m)": lambda: hq.mean(hq.sum_over(e.d(l, l, m) * e.d(m), l, m)),
    "z(observable=O1)": lambda: hq.mean(z1),
    "z(state=a)": lambda: hq.mean(za),
    "e(state=a, observable=O1)^2": lambda: hq.mean(c.residual(observable="O1", state="a") ** 2),
    "e(observable=O1) - z(observable=O1)": lambda: hq.mean(c.residual(observable="O1") - z1),
    "z*z(state=a)": lambda: hq.mean(z * za),
    "sum(d(l)*d(l, state=a), l)": lambda: hq.mean(hq.sum_over(e.d(l) * za.d(l), l)),
    "sum(d(l, m, observable=O1)*d(l)*d(m), l, m)": lambda: hq.mean(
        hq.sum_over(z1.d(l, m) * e.d(l) * e.d(m), l, m)
    ),
    "K + mu": lambda: hq.mean(K + mu),
    "K - mu - K": lambda: hq.mean(K - mu - K),
    "K - (mu - K)": lambda: hq.mean(K - (mu - K)),
    "2*K*z/3/4": lambda: hq.mean(K * z * Fraction(1, 6)),
    "K/(1 + 1)": lambda: hq.mean(K * half),
    "-K": lambda: hq.mean(-K),
    "--K": lambda: hq.mean(K),
    "+K": lambda: hq.mean(K),
    "-z^2": lambda: hq.mean(-(z**2)),
    "(-z)^2": lambda: hq.mean(z**2),
    "2*-z": lambda: hq.mean(-2 * z),
    "K^(2)": lambda: hq.mean(K**2),
    "(K)": lambda: hq.mean(K),
    "K^0": lambda: hq.mean(K**0),
    "(1/2)^3*K": lambda: hq.mean(K * Fraction(1, 8)),
    "  K\t*\n z ": lambda: hq.mean(K * z),
    "sum(d(e)*d(K), e, K)": lambda: hq.mean(hq.sum_over(e.d(l) * e.d(m), l, m)),  # letters are free names
}


@pytest.mark.parametrize("text", MOMENTS)
def test_every_production_is_the_expression_built_in_python(text: str) -> None:
    assert parse_moment(text) == MOMENTS[text]()


@pytest.mark.parametrize("ensemble", ["segments", "independent_layers", "prl_ansatz", "generator_average"])
def test_a_text_is_read_for_the_circuit_that_is_given(ensemble: str) -> None:
    assert parse_moment("K", hq.Circuit(ensemble)) == hq.formula("kernel_mean", ensemble=ensemble)
    general = parse_moment("mu", hq.Circuit(generators="general"))
    assert general == hq.formula("meta_kernel_mean", generators="general")


def test_a_free_index_and_a_summed_one_of_its_name_stay_apart() -> None:
    assert parse_moment("sum(K*d(l)^2, l)") == hq.mean(K**2)
    assert parse_moment("sum(d(l)^2*K, l)") == hq.mean(K**2)
    assert parse_moment("sum(K*(K*d(l)^2), l)") == hq.mean(K**3)


NAMES = ["D", "L", "T1", "T2", "T_O1O2", "sigma", "n"]
D, L, T1, T2 = hq.D, hq.L, hq.T(1), hq.T(2)
CLOSED_FORMS = {
    "L*T2/D^2": L * T2 / D**2,
    "2*L*(D*T2 - T1^2)/((D - 1)*(D + 1)^2)": 2 * L * (D * T2 - T1**2) / ((D - 1) * (D + 1) ** 2),
    "sqrt(8*T2^2 + 1.5)": sympy.sqrt(8 * T2**2 + sympy.Rational(3, 2)),
    "-D^2": -(D**2),
    "D - 1 - 1": D - 2,
    "D/2/3": D / 6,
    "D**(2)": D**2,
    "sqrt(sqrt(D))": D ** sympy.Rational(1, 4),
    "0.1": sympy.Rational(1, 10),
}


@pytest.mark.parametrize("text", CLOSED_FORMS)
def test_every_production_of_a_closed_form_is_the_sympy_expression(text: str) -> None:
    found = parse_closed_form(text, NAMES)
    assert sympy.simplify(found - CLOSED_FORMS[text]) == 0
    assert found.free_symbols == CLOSED_FORMS[text].free_symbols
    assert not found.atoms(sympy.Float)


# -- refusals ---------------------------------------------------------------------------------------------------

FREE = "every layer index must be summed, got the free index "
TAKEN = "the index l must be free in sum(d(l)*d(l), l): it is summed already"
REFUSED = [
    ("d(l)", InputError, f"{FREE}l; use hq.sum_over"),
    ("sum(d(l)*d(m), l)", InputError, f"{FREE}m; use hq.sum_over"),
    ("variance(d(l))", InputError, f"{FREE}l"),
    ("sum(d(l), l, l)", InputError, "indices must be different, got l, l"),
    ("sum(sum(d(l)*d(l), l), l)", InputError, TAKEN),
    ("sum(K, l)", InputError, f"{TAKEN} or does not"),
    ("sum(2, l)", InputError, "the index l must be free in (2)*1: it is summed already or does not"),
    ("sum(d(l_1)^2, l_1)", InputError, "layer index must be a name of letters and digits, got 'l_1'"),
    ("z(observable=o)", InputError, "observable must be a capital letter with or without a number, got 'o'"),
    ("z(state=a_b)", InputError, "state must be a name of letters and digits, got 'a_b'"),
    ("K/mu", InputError, "a moment must be divided by numbers only, got a random variable below"),
    ("K/(K - K)", InputError, "a moment must be divided by numbers only, got a random variable below"),
    ("K/0", InputError, "a moment must not be divided by 0"),
    ("K/(1 - 1)", InputError, "a moment must not be divided by 0"),
    (
        "mu^2*z",
        CostError,
        "k = 7 copies would not finish: the recursion has 7! = 5040 coefficients; the largest k for",
    ),
    (
        "K^11",
        CostError,
        "a power with 11 · 2 = 22 factors would not finish; the largest number of factors is 10",
    ),
    ("K^65", CostError, "an exponent must be at most 64, got 65"),
    ("2^" + "9" * 5000, CostError, "an exponent must be at most 64, got 999"),
    ("K^(100000)", CostError, "an exponent must be at most 64, got 100000"),
    ("cumulant(K, 0)", InputError, "order must be an integer ≥ 1, got 0"),
    ("cumulant(K, 99)", CostError, "factors would not finish; the largest number of factors is 10"),
    (
        "cumulant(K, 99)",
        CostError,
        "a cumulant of order 99 with k = 99 · 2 = 198 factors would not finish; the",
    ),
    ("cumulant(mu, 3)", CostError, "3 · 3 = 9 factors would not finish; the largest number of factors is 6"),
    (
        "d(observable=O1)",
        InputError,
        "d must name at least one layer index, got none; write for example d(l, ",
    ),
    ("d(l)^2 - d(l)^2", InputError, f"{FREE}l; use hq.sum_over"),
    ("K" + " " * 10_000, CostError, "expression must have at most 10000 characters, got 10001"),
    ("(" * 3_000 + "-" * 3_000 + "K" + ")" * 3_000, CostError, "expression must not be nested so deeply"),
]


@pytest.mark.parametrize(("text", "error", "message"), REFUSED, ids=[text[:20] for text, *_ in REFUSED])
def test_what_has_no_meaning_is_refused(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        parse_moment(text)


@pytest.mark.parametrize("text", [None, 3, b"K", ["K"]])
def test_only_texts_are_parsed(text: Any) -> None:
    with pytest.raises(InputError, match="expression must be a text, got"):
        parse_moment(text)
    with pytest.raises(InputError, match="claim must be a text, got"):
        parse_closed_form(text, NAMES)


def test_general_generators_end_at_four_copies() -> None:
    with pytest.raises(CostError, match=r"k = 6 copies .* generators 'general' is 4"):
        parse_moment("mu^2", hq.Circuit(generators="general"))


BAD_CLOSED_FORMS = [
    (
        "L*T3",
        UnknownNameError,
        "unknown symbol 'T3'; did you mean 'T2'? known: D, L, T1, T2, T_O1O2, sigma, n",
    ),
    ("sgma", UnknownNameError, "unknown symbol 'sgma'; did you mean 'sigma'? known: D, L"),
    ("K", UnknownNameError, "unknown symbol 'K'; known: D, L"),
    ("1/0", InputError, "a claim must not divide by 0"),
    ("1/(D - D)", InputError, "a claim must not divide by 0"),
    ("D^65", CostError, "an exponent must be at most 64, got 65"),
    ("D^-3/2", InputError, "claim has ^-3/2, which is a power -3 divided by 2; write x^(-3/2), or x^(-3)/2"),
    ("D^(1/0)", InputError, "an exponent must be a number, got 1/0"),
    ("(D - D)^(-1)", InputError, "a claim must not divide by 0"),
    ("D^(1/65)", CostError, "an exponent must be at most 64, got 65"),
    ("D^T1", InputError, "claim does not parse: unexpected 'T' at column 3"),
    ("exp(D)", InputError, "claim does not parse: unexpected '(' at column 4"),
    ("D" * 10_001, CostError, "claim must have at most 10000 characters, got 10001"),
]


@pytest.mark.parametrize(("text", "error", "message"), BAD_CLOSED_FORMS)
def test_closed_forms_know_their_symbols(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        parse_closed_form(text, NAMES)


# -- the place of the mistake -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("K + @", 4),
        ("__import__('os')", 0),
        ("K K", 2),
        ("2K", 1),
        ("sum(K)", 5),
        ("sum(d(l)^2 l)", 11),
        ("d()", 2),
        ("d(l", 3),
        ("K^", 2),
        ("K^2^2", 3),
        ("K//2", 2),
        ("mean(K)^2", 7),
        ("mean(mean(K))", 5),
        ("covariance(K)", 12),
        ("cumulant(K)", 10),
        ("cumulant(K, 2.5)", 13),
        ("e()", 2),
        ("z(state=)", 8),
        ("L*K", 0),
        ("K*T2", 2),
        ("1e5", 1),
        ("", 0),
        ("   ", 3),
        ("K + é", 4),
        ("K; import os", 1),
        ("K.__class__", 1),
        ("[K]", 0),
        ("K\x00", 1),
        ("K if 1 else K", 2),
    ],
)
def test_the_caret_stands_under_the_place(text: str, place: int) -> None:
    with pytest.raises(InputError) as caught:
        parse_moment(text)
    sentence, shown, caret = str(caught.value).split("\n")
    found = f"unexpected {text[place]!r}" if place < len(text) else "it ends too early"
    expected = f"expression does not parse: {found} at column {place + 1}"
    assert sentence.partition(";")[0] == expected.partition(";")[0]
    assert shown == f"  {text}"
    assert caret == " " * (place + 2) + "^"


@pytest.mark.parametrize(
    ("text", "line", "column"), [("K +\n  mu + ?", "  mu + ?", 7), ("K\n\n*\nd(", "d(", 2)]
)
def test_the_caret_stands_under_the_place_in_its_own_line(text: str, line: str, column: int) -> None:
    with pytest.raises(InputError) as caught:
        parse_moment(text)
    shown = str(caught.value).split("\n")
    assert shown[shown.index(f"  {line}") + 1] == " " * (column + 2) + "^"


# -- nothing is Python ------------------------------------------------------------------------------------------

TOKENS = [*"Kzedlm(),+-*/^012=a \n", "sum", "mean", "variance", "**", ".5", "state", "observable", "O1"]
TOKENS += ["d(l)", "d(l, m)", "sum(d(l)^2, l)"]


def parses_or_is_refused(text: str) -> None:
    for parse in (parse_moment, lambda claim: parse_closed_form(claim, NAMES)):
        try:
            parse(text)
        except HaarqntkError as error:
            assert str(error)  # noqa: PT017 - both outcomes are right


@settings(max_examples=300)
@given(st.text(max_size=40))
@example("__import__('os').system('touch /tmp/x')")
@example("().__class__.__bases__[0].__subclasses__()")
@example('exec("K")')
@example("{{K}}")
def test_any_text_parses_or_is_refused(text: str) -> None:
    parses_or_is_refused(text)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(TOKENS), max_size=12).map("".join))
@example("K*(z-z)/1")
@example("z^2^")
def test_any_row_of_words_parses_or_is_refused(text: str) -> None:
    parses_or_is_refused(text)


@pytest.mark.parametrize("sign", ["+", "-"])
def test_a_flat_sum_of_thousands_of_terms_is_read(sign: str) -> None:
    first, num_terms = "sum(d(l)^2, l)", 4_000
    total = parse_moment(first + f"{sign}z" * num_terms)
    mean, output = hq.mean(K), hq.mean(hq.Circuit().output())
    expected = mean.polynomial + output.polynomial * (num_terms if sign == "+" else -num_terms)
    assert total.polynomial == expected


def test_signs_and_quotients_associate_to_the_left() -> None:
    assert [
        parse_moment(text).at(D=2) for text in ("7-2-3+1", "7-(2-3)", "8/2/2*3", "2*3/4", "1-2*3-4/2")
    ] == [3, 8, 6, Fraction(3, 2), -7]


@settings(max_examples=25)
@given(
    st.sampled_from(["(", ")", "-", "+", "K+", "K*", "^", "sum(", "d(l,", "9", ".", "K ", "((K)", "@", "\n"])
)
def test_long_rows_are_refused_or_read(piece: str) -> None:
    text = piece * (9_990 // len(piece)) + "K"
    if not piece.startswith("9"):  # too many digits: see below
        parses_or_is_refused(text)


def test_no_text_runs_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for text in ("open('made', 'w')", "__import__('os').mkdir('made')", "K or open('made','w')"):
        parses_or_is_refused(text)
        with pytest.raises(InputError, match="claim does not parse"):
            hq.check_claim("kernel_mean", text)
    assert not list(tmp_path.iterdir())


LONG = "9" * 5_000


@pytest.mark.parametrize("text", [LONG, f"K*{LONG}", f"cumulant(K, {LONG})", "(((2^64)^64)^64)*K"])
def test_numbers_of_any_length_are_read_or_refused(text: str) -> None:
    try:
        assert str(parse_moment(text))
    except HaarqntkError as error:
        assert str(error)  # noqa: PT017 - both outcomes are right


@pytest.mark.parametrize(
    "text",
    ["((((((2^64)^64)^64)^64)^64)^64)*K", "(z(state=a) + z(state=b) + z(observable=A) + z(observable=B))^10"],
)
def test_a_moment_that_would_not_finish_is_refused_at_once(text: str) -> None:
    with pytest.raises(CostError):
        parse_moment(text)


@pytest.mark.parametrize("text", ["z(state=a, state=b)", "z(observable=O1, observable=O2)"])
def test_a_label_that_is_given_twice_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_moment(text)


# -- notation of papers -----------------------------------------------------------------------------------------

PAPERS = ["1j", "i*K", "2i", "I*K", "E[K]", "E(K)", "<K>", "var(K)", "Var[K]", "cov(K,z)", "Tr(O^2)", "K^1/2"]
PAPERS += ["K**1/2", "∂z", "Σz", "pi*K", "exp(K)", "K(2)", "2K", "d", "e^K", "ΔK"]


@given(
    token=st.sampled_from(PAPERS),
    frame=st.sampled_from(["{}", "K + {}", "mean(z*{})", "2*({})^2", "{} - mu"]),
)
def test_notation_of_papers_is_refused_at_every_place(token: str, frame: str) -> None:
    with pytest.raises(InputError):
        parse_moment(frame.format(token))
    with pytest.raises(InputError):
        parse_closed_form(frame.replace("mean", "").replace("z*", "D*").format(token), NAMES)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("E[K]^2", "'E[' is not read; write mean(K), or K alone: the mean is taken anyway"),
        ("Var[K]", "'Var[' is not read; write variance(K)"),
        ("K^1/2", "expression has ^1/2, which is a first power divided by 2; write sqrt(…), or x/2"),
        ("1j*K", "'1j' is not read; moments and claims are real; leave i out"),
        ("2*Tr(O^2)", "'Tr' is not read; write T1 for Tr O, T2 for Tr O^2, T_O1O2 for Tr O1 O2"),
    ],
)
def test_notation_of_papers_gets_a_hint_in_one_line(text: str, hint: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_moment(text)
    assert str(refused.value) == hint


@given(
    numerator=st.integers(-64, 64),
    denominator=st.integers(1, 64),
    base=st.sampled_from(["D", "T2", "(D + 1)"]),
)
def test_exponents_of_claims_are_exact_rationals(numerator: int, denominator: int, base: str) -> None:
    written = [f"{base}^({numerator}/{denominator})", f"{base}**({numerator}/{denominator})"]
    exponent = sympy.Rational(numerator, denominator)
    if exponent.is_Integer:
        written += [f"{base}^{exponent}", f"{base}^({exponent})"]
    expected = {"D": hq.D, "T2": hq.T(2), "(D + 1)": hq.D + 1}[base] ** exponent
    assert {parse_closed_form(text, NAMES) for text in written} == {expected}


@pytest.mark.parametrize(
    ("claim", "order"),
    [("1 + D^(-3/2)", Fraction(3, 2)), ("1 + D^-1.5", Fraction(3, 2)), ("1 + D^-2", Fraction(2))],
)
def test_orders_of_claims_typed_as_text_are_exact(claim: str, order: Fraction) -> None:
    check = hq.check_claim("kernel_mean", f"2*L*(D*T2 - T1^2)/((D - 1)*(D + 1)^2)*({claim})")
    assert (check.verdict, check.first_difference) == ("equal at leading order", order)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        *((text, "write * between factors, as in 2*L*(D - 1)") for text in ("2 L", "2L*T2", "L (D - 1)")),
        ("(D + 1)(D - 1)", "write * between factors, as in 2*L*(D - 1)"),
        ("D^{-2}", "write numbers as exponents, such as T2^2"),
        ("L + O(1/D)", "write one side alone, without a remainder"),
        ("T_{2}", "write T2 for Tr O^2"),
        ("1e3", "write 10^5 for a power of ten"),
    ],
)
def test_claims_of_papers_are_refused_with_the_cure(text: str, hint: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_closed_form(text, NAMES)
    assert str(refused.value).splitlines()[0].endswith(f"; {hint}")


@pytest.mark.parametrize("text", ["K^-1", "K^(-1)", "K^2.5", "K^(1/2)", "z^(4/2)"])
def test_exponents_of_moments_are_integers(text: str) -> None:
    with pytest.raises(InputError, match="an exponent of a moment must be an integer ≥ 0, got"):
        parse_moment(text)


@pytest.mark.parametrize("text", ["eps", "lambda", "z_1", "O_0", "L*K", "K*T2", "loss"])
def test_names_that_no_moment_has_are_answered_with_those_it_has(text: str) -> None:
    with pytest.raises(InputError, match=r"; a moment is made of d\(l\), e, z, K, mu, sum\(…\) and numbers"):
        parse_moment(text)
