"""LaTeX that is exported reads back as the formula: by SymPy's parser, and by the reader of every test's exports."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from latex_reader import read_by_sympy, read_latex
from other_programs import typeset
from shortcuts import closed_form
from strategies import rational_functions, trace_polynomials

import haarqntk as hq
from haarqntk.algebra import Notation, TracePolynomial
from haarqntk.errors import HaarqntkError, InputError, InputTypeError, UnknownNameError
from haarqntk.export import bibliography_of, latex_document
from haarqntk.export._names import LETTERS, taken_names

if TYPE_CHECKING:
    from pathlib import Path

    from haarqntk.algebra import RationalFunction

SHORT = [name for name in hq.formulas() if name not in {"kernel_variance", "meta_kernel_second_moment"}]
AUTHOR: dict[str, Any] = {"names": {"D": "d", "L": r"\ell", "O": "H"}, "macros": {"Tr": r"\tr"}}
VARIABLES = ("L", "T1", "T2", "T_O1O2", "X1", "X2", "m1", "m2", "sigma_ab", "Re_abc")


def same(left: Any, right: Any) -> bool:
    plain = {free: sympy.Symbol(free.name) for free in right.free_symbols}
    numerator, _ = sympy.fraction(sympy.together(left - right.xreplace(plain)))
    return bool(sympy.expand(numerator) == 0)


@pytest.mark.parametrize("name", [name for name in SHORT if name != "supervised_kernel_eigenvalues"])
def test_sympy_s_parser_reads_a_formula(name: str) -> None:
    value = closed_form(name)
    names = {Notation().symbol(symbol): str(symbol) for symbol in value.symbols}
    assert same(read_by_sympy(hq.latex(value), names), value.to_sympy())


@settings(max_examples=8)
@given(rational_functions(max_degree=2))
def test_sympy_s_parser_reads_rational_functions(value: RationalFunction) -> None:
    assert same(read_by_sympy(hq.latex(value), {"D": "D"}), value.to_sympy())


@settings(max_examples=4)
@given(trace_polynomials(variables=VARIABLES))
def test_sympy_s_parser_reads_polynomials_in_traces(value: TracePolynomial) -> None:
    names = {Notation().symbol(symbol): symbol for symbol in ("D", *value.variables)}
    assert same(read_by_sympy(hq.latex(value), names), value.to_sympy())


def at_a_point(value: TracePolynomial, function: RationalFunction) -> bool:
    """The function that was read, and the polynomial by its own evaluation, at one point of Q."""
    point = {name: Fraction(7 + 2 * i, 3) for i, name in enumerate(VARIABLES)}
    return value.at(101, point) == function.at({"D": 101, **point})


@given(value=trace_polynomials(variables=VARIABLES), lines=st.booleans())
def test_what_is_written_in_any_notation_reads_back(value: TracePolynomial, *, lines: bool) -> None:
    text = hq.latex(value, lines=lines, macros={"Tr": r"\tr"}, names={"O": "H"})
    written = Notation({"O": "H"}, trace=r"\tr", writes_traces_out=True)
    names = {written.symbol(symbol): symbol for symbol in ("D", *value.variables)}
    assert at_a_point(value, read_latex(text, names))


@pytest.mark.parametrize("name", hq.formulas())
@pytest.mark.parametrize("lines", [False, True])
def test_every_formula_is_written_in_the_author_s_letters(name: str, *, lines: bool) -> None:
    text = hq.latex(hq.formula(name), lines=lines, **AUTHOR)  # and read back, as every LaTeX is
    assert r"\tr\left(H" in text
    assert r"\operatorname{Tr}" not in text
    assert not re.search(
        r"(?<![A-Za-z\\])[DL](?![A-Za-z])", text.replace(r"(\Delta K)", "").replace("[D", "")
    )


def test_a_formula_is_what_an_author_would_write() -> None:
    mean = closed_form("kernel_mean")
    assert hq.latex(mean) == mean.latex()
    assert hq.latex(mean, **AUTHOR) == (
        r"\frac{2 \ell \left(d \tr\left(H^{2}\right) - \tr\left(H\right)^{2}\right)}"
        r"{\left(d - 1\right) \left(d + 1\right)^{2}}"
    )


def test_the_trace_of_a_square_is_not_written_as_the_square_of_a_trace() -> None:
    """X_2 and X_1² were both Tr X²."""
    first, second = (TracePolynomial.variable("X1") ** 2).latex(), TracePolynomial.variable("X2").latex()
    assert first == r"\operatorname{Tr}\left(X\right)^{2}"
    assert second == r"\operatorname{Tr}\left(X^{2}\right)"


def test_a_sum_of_traces_starts_with_a_positive_term() -> None:
    value = hq.formula("kernel_mean", ensemble="generator_average")
    assert hq.latex(value).startswith(
        r"\frac{2 D L \left(\langle O^{2}\rangle - \langle O\rangle^{2}\right)}"
    )


def test_a_series_keeps_its_remainder_in_the_author_s_letter() -> None:
    series = closed_form("kernel_mean").series(order=1)
    assert hq.latex(series, names={"D": "d"}).endswith(r" + O\left(d^{-2}\right)")
    assert hq.latex(series) == series.latex()


def test_a_normalised_trace_of_a_series_takes_the_author_s_letter() -> None:
    U, (A, B) = hq.haar_unitary("U"), hq.matrices("A B")
    series = hq.expect(hq.tr(U @ A @ U.H @ B)).series()
    assert hq.latex(series, names={"Tr(A)": "t", "D": "d"}).startswith(r"\left(\frac{t}{d}\right)")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"names": {"D": "L"}}, InputError, "names must tell symbols apart, got 'L' for D and for L"),
        ({"names": {"D": "T_1"}}, InputError, "names must tell symbols apart, got 'T_{1}' for D and for T1"),
        ({"names": {"D": "H", "O": "H"}}, InputError, "got 'H' for D and for the letter O; choose another"),
        ({"names": {"D": "a b"}}, InputError, "names[D] must be a letter or a command, perhaps with an"),
        ({"names": {"D": "2"}}, InputError, "names[D] must be a letter or a command"),
        ({"names": {"D": r"\frac"}}, InputError, r"names[D] must be a letter of its own, got LaTeX's \frac"),
        ({"names": {"Q": "q"}}, UnknownNameError, "unknown symbol in names 'Q'; known: D, L, O, T1, T2"),
        ({"names": {"D": 3}}, InputTypeError, "names[D] must be a text, got 3"),
        ({"names": "D=d"}, InputTypeError, "names must map names to LaTeX, got 'D=d'"),
        ({"macros": {"Tr": "tr"}}, InputError, "macros[Tr] must be a command, a backslash and letters"),
        ({"macros": {"Tr": r"\tr2"}}, InputError, "macros[Tr] must be a command"),
        ({"macros": {"Tr": r"\left"}}, InputError, r"must be a letter of its own, got LaTeX's \left"),
        ({"macros": {"Sp": r"\tr"}}, UnknownNameError, "unknown operator in macros 'Sp'; known: Tr, Re"),
        ({"macros": {"Tr": r"\x", "Re": r"\x"}}, InputError, "for the macro for Tr and for the macro for Re"),
    ],
)
def test_names_that_cannot_be_told_apart_are_refused(
    options: dict[str, Any], error: type[HaarqntkError], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        hq.latex(closed_form("kernel_mean"), **options)


MEANS_SOMETHING_ELSE = (
    r"\hat \bar \tilde \mathrm \mathbb \mathcal \textbf \text \limits \big \middle \hline \newline \catcode \csname "
    r"\special \cos \det \Bigl \rho \sum \operatorname \input \O \H \endcsname \geometry \pdfoutput"
)


@pytest.mark.parametrize("command", MEANS_SOMETHING_ELSE.split())
def test_a_command_of_latex_is_no_letter(command: str) -> None:
    refused = re.escape(f"must be a letter of its own, got LaTeX's {command}; choose another")
    value = closed_form("kernel_mean")
    with pytest.raises(InputError, match=rf"names\[D\] {refused}"):
        hq.latex(value, names={"D": command})
    with pytest.raises(InputError, match=rf"macros\[Tr\] {refused}"):
        hq.latex(value, macros={"Tr": command})


@pytest.mark.parametrize("letter", ["d", r"\ell", r"\hbar", r"\Re", r"\Lambda", r"\varepsilon_1", r"\mydim"])
def test_letters_of_latex_and_of_the_author_are_letters(letter: str) -> None:
    assert hq.latex(closed_form("kernel_mean"), names={"D": letter}).count(letter.partition("_")[0]) == 3


@pytest.mark.latex
def test_every_letter_of_latex_compiles(tmp_path: Path) -> None:
    letters = "\n".join(rf"$\{name}$" for name in sorted(LETTERS))
    packages = r"\usepackage{amsmath}\usepackage{amssymb}"
    document = f"\\documentclass{{article}}\n{packages}\n\\begin{{document}}\n{letters}\n\\end{{document}}"
    typeset(tmp_path, document)
    assert taken_names("latex") >= LETTERS


@pytest.mark.parametrize(
    ("text", "message"),
    [(r"\frac{1}{D", "does not read back: "), (r"\frac{1}{D}", "another formula")],
)
def test_a_text_that_means_something_else_is_found(
    monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    U, (A, B) = hq.haar_unitary("U"), hq.matrices("A B")
    values = [closed_form("kernel_mean"), hq.expect(hq.tr(U @ A @ U.H @ B))]
    monkeypatch.setattr("haarqntk.export._latex.latex_of", lambda *_: text)
    for value in values:
        with pytest.raises(AssertionError, match=re.escape(message)):
            hq.latex(value)


@pytest.mark.parametrize("text", ["D +", r"\frac{1}{D - D}", "D^{L}", "D^2", r"\left(D", "D D)", "D;", "2 3"])
def test_the_reader_refuses_what_is_no_export(text: str) -> None:
    with pytest.raises(AssertionError, match="does not read back"):
        read_latex(text, {"D": "D", "L": "L"})


def test_only_results_have_latex() -> None:
    with pytest.raises(InputTypeError, match=r"value must be a formula, ratio, series, .* got int"):
        hq.latex(3)  # type: ignore[arg-type]


def test_a_ratio_and_a_weingarten_function_read_back() -> None:
    ratio = closed_form("kernel_variance") / closed_form("kernel_mean") ** 2
    assert hq.latex(ratio) == ratio.latex()
    w = hq.weingarten((3, 1))
    assert read_latex(hq.latex(w), {"D": "D"}) == w.value
    assert w.value == read_latex(w.latex(), {"D": "D"})


@pytest.mark.latex
@pytest.mark.parametrize("options", [{}, AUTHOR], ids=["papers", "author"])
def test_documents_with_their_bibliography_compile(tmp_path: Path, options: dict[str, Any]) -> None:
    e, (l,) = hq.Circuit().residual(), hq.layer_indices("l")
    K, c = hq.sum_over(e.d(l) ** 2, l), hq.Circuit()
    a, b = (c.output(observable=f"O{i}", state=s) for i, s in ((1, "a"), (2, "b")))
    moments = [hq.mean(2 * K - K**2), hq.mean(a * b * a * b), hq.cumulant(K, 3)]
    general = hq.formula("kernel_mean", ensemble="generator_average", generators="general")
    values = [*(hq.formula(name) for name in hq.formulas()), *moments, general]
    document = latex_document(values, version="test", bibliography="formulas", **options)
    (tmp_path / "formulas.bib").write_text(str(bibliography_of(values)), encoding="utf-8")
    printed = typeset(tmp_path, document, with_bibliography=True)
    assert "Overfull" not in printed
    assert "LaTeX Warning" not in printed
