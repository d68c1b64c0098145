"""The command line: what it prints and refuses; ``test_report.py`` has the report."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import typer
from shell import haarqntk, in_a_process, python, refused

import haarqntk as hq
from haarqntk.algebra import RationalFunction, TracePolynomial
from haarqntk.cli import _commands as cli
from haarqntk.qntk import Formula

COMMANDS = (
    *("derive", "weingarten", "integrate", "moment", "validate"),
    *("figures", "train", "diagnose", "depth", "report"),
)
COPY = Path(__file__).parents[1] / "expected" / "cli.txt"


def described() -> str:
    """Commands, arguments and options with their defaults and sentences, whatever layout Typer gives them."""
    lines = []
    for name, command in typer.main.get_command(cli.app).commands.items():  # type: ignore[attr-defined]
        lines.append(f"{name}: {' '.join(command.help.split())}")
        for parameter in command.params:
            default = "" if parameter.default is None or parameter.required else f" [{parameter.default}]"
            lines.append(f"  {' '.join(parameter.opts)}{default}: {parameter.help}")
    return "\n".join(lines) + "\n"


def test_commands_and_options_are_the_checked_in_copy() -> None:
    assert described() == COPY.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    result = haarqntk(command, "--help")
    assert result.returncode == 0
    assert result.stdout.startswith(f"Usage: haarqntk {command} ")


def test_no_command_prints_help() -> None:
    result = haarqntk()
    assert result.returncode == 0
    assert "derive" in result.stdout


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['haarqntk', '--help']\n"
        "from haarqntk.cli._commands import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'sympy', 'flint', 'scipy', 'qutip', 'matplotlib'} & set(sys.modules)))"
    )
    assert python("-c", script).stdout.splitlines()[-1] == "[]"


def test_version() -> None:
    assert haarqntk("--version").stdout == f"{hq.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("derive", "kernel_mean", "--steps"),  # printed letters beyond ASCII
        ("weingarten", "3,0"),
        ("integrate", "tr(UAU^HB)"),
        ("figures", "2"),  # a usage error
    ],
)
def test_a_process_of_its_own_prints_and_ends_the_same(arguments: tuple[str, ...]) -> None:
    """The other tests run the command in their own process."""
    alone, here = in_a_process(*arguments), haarqntk(*arguments)
    assert (alone.returncode, alone.stdout, alone.stderr) == (here.returncode, here.stdout, here.stderr)


def test_derive_prints_every_formula_within_the_terminal() -> None:
    result = haarqntk("derive")
    assert result.returncode == 0
    assert all(name in result.stdout for name in hq.formulas())
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_derive_as_latex_is_the_value_s_own() -> None:
    printed = haarqntk("derive", "kernel_mean", "--format", "latex").stdout
    assert printed.strip() == hq.formula("kernel_mean").latex()


@pytest.mark.parametrize("form", ["mathml", "python", "c", "mathematica", "maple"])
def test_derive_writes_every_format(form: str) -> None:
    value = hq.formula("kernel_mean")
    assert haarqntk("derive", "kernel_mean", "--format", form).stdout.strip() == (
        getattr(hq, f"to_{form}")(value).strip()
    )


def test_derive_writes_a_document_in_the_author_s_letters(tmp_path: Path) -> None:
    author = ("--names", "D=d,O=H", "--macros", r"Tr=\tr")
    result = haarqntk("derive", "kernel_mean", "--format", "latex", *author, "--out", str(tmp_path / "paper"))
    assert result.returncode == 0, result.stderr
    document = (tmp_path / "paper" / "formulas.tex").read_text(encoding="utf-8")
    assert r"d \tr\left(H^{2}\right)" in document
    assert r"\cite{liu2023}" in document
    assert "@article{liu2023," in (tmp_path / "paper" / "formulas.bib").read_text(encoding="utf-8")


def test_derive_as_json_holds_the_exact_terms() -> None:
    (record,) = json.loads(haarqntk("derive", "kernel_variance", "--format", "json").stdout)
    terms = {
        tuple(sorted(term["monomial"].items())): RationalFunction(term["numerator"], term["denominator"])
        for term in record["terms"]
    }
    formula = hq.formula("kernel_variance")
    assert isinstance(formula, Formula)
    assert TracePolynomial(terms) == formula.polynomial
    assert record["design_order"] == 4


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (("2",), "-1/(D*(D - 1)*(D + 1))"),
        (("2", "--dim", "1"), "1/4"),
        (("3,1", "--dim", "2"), "-19/2880"),
        (("2", "--dim", "4", "--format", "latex"), r"- \frac{1}{60}"),
        (("2", "--group", "orthogonal"), "-1/(D*(D - 1)*(D + 2))"),
        (("2", "--group", "orthogonal", "--dim", "1"), "1/9"),
        (("2", "--group", "symplectic"), "1/(D*(D - 2)*(D + 1))"),
        (("2", "--group", "symplectic", "--dim", "2"), "-1/18"),
    ],
)
def test_weingarten(arguments: tuple[str, ...], printed: str) -> None:
    assert haarqntk("weingarten", *arguments).stdout.strip() == printed


REFUSED = {
    "derive kernel_men": "unknown formula 'kernel_men'; did you mean 'kernel_mean'? known: gradient_var",
    "derive --format jsn": "unknown format 'jsn'; did you mean 'json'? known: text, latex, mathml, json, python, c",
    "weingarten 1,3": "cycle_type must be a partition: its parts decrease; got (1, 3); write (3, 1)",
    "weingarten 3,0": "each part of cycle_type must be an integer ≥ 1, got 0",
    "weingarten three": "CYCLE_TYPE must be positive integers with commas, such as 3,1; got 'three'",
    "weingarten 2 --dim 0": "D must be an integer ≥ 1, got 0",
    "weingarten 2 --group unitry": (
        "unknown group 'unitry'; did you mean 'unitary'? known: unitary, orthogonal, symplectic"
    ),
    "weingarten 2 --group symplectic --dim 3": "D must be even for the symplectic group, got 3; pass D = 2N for Sp(2N)",
    "weingarten 99": "k = 99 would not finish: one class runs over the 169229875 partitions of 99;",
    "derive kernel_mean --format markdown": "unknown format 'markdown'; known: text, latex, mathml, json, python, c",
    "validate kernel": "unknown formula 'kernel'; did you mean 'kernel_mean'? known: gradient_variance",
    "derive kernel_mean --names D=d": "--names, --macros and --out are for --format latex, got --format text",
    "derive kernel_mean --format latex --names D": "--names must be pairs with commas, such as D=d,O=H, got 'D'",
    "validate --samples 1": "samples must be an integer ≥ 2, got 1",
    "validate --seed -1": "seed must be an integer ≥ 0, got -1",
    "figures 4 --out new": "figure must be one of 1, 2, 3, got 4",
    "figures two --out new": "FIGURE must be 1, 2 or 3, got 'two'",
    "figures 2": "Missing option '--out'",
    "figures --out new --samples 9": "samples must be an integer ≥ 10, got 9",
    "figures --out new --instances 9999": "instances must be at most 2000, some ten min",
    "integrate 'tr(U A U^H B)^9'": "9 copies of one random matrix would not finish",
    "integrate 'tr(U)' --let A=hermitan": "unknown kind or property 'hermitan'; did you mean 'hermitian'",
    "integrate 'tr(U)' --at 4": "at must be dimensions such as D=4 or d1=2,d2=3; got '4'",
    "integrate 'tr(U)' --at D=4,D=5": "at must give each dimension once, got D twice",
    "integrate 'tr(U)' --at d=4": "unknown dimension d; known: D",
    "integrate 'tr(U)' --dims 0": "a dimension must be an integer ≥ 1, got 0",
    "integrate 'tr(U^H V U W)'": (
        "the name V must be declared; --let V=haar_unitary (declared=hq.haar_unitary('V')) if it is random, --let"
    ),
    "integrate 'tr(U A U^H)' --let B=hermitian": "--let must declare names that occur, got B; the in",
    "integrate 'tr(i U)'": "the name i must be declared; complex numbers are not read",
    "integrate 'tr(U dU)'": "the name dU must be declared; the average is taken anyway; leave dU out",
    "integrate 'tr(I(2))'": "unknown function 'I'; known: tr, Tr, Trace, ptr, partial_trace, kron, conj, ",
    "integrate 'tr(U)/D' --dims 4": "D must be among the dimensions, got others",
    "integrate '[U, A]'": "a commutator or a list is not read, got '[' in '[U, A]'; write (A B - B A)",
    "integrate 'tr(A)^1/2'": "integrand has ^1/2, which is a first power divided by 2; write sqrt(…), or x/2",
    "moment 'var(K)'": "'var(' is not read; write variance(K)",
    "moment 'E[K]^2'": "'E[' is not read; write mean(K), or K alone: the mean is taken anyway",
    "moment '1j*K'": "'1j' is not read; moments and claims are real; leave i out",
    "moment 'K^1/2'": "expression has ^1/2, which is a first power divided by 2",
    "moment 'Tr(O^2)'": "'Tr' is not read; write T1 for Tr O, T2 for Tr O^2, T_O1O2 for Tr O1 O2",
    "integrate '1/tr(U)'": "an expression must be divided by numbers and functions of the dimensions only",
    "integrate 'tr(U)^0.5'": "an exponent must be an integer ≥ 0, got 0.5; only polynomials can be integrated",
    "integrate 'U A' --let 'A=on d'": (
        "matrices must act on the same space, got dimensions D and d; use hq.kron with hq.identity to widen one"
    ),
    "integrate 'S[0,0] S[D/2,D/2]' --let S=haar_symplectic --at D=3": (
        "D must be even for the symplectic group, got 3; pass D = 2N for Sp(2N)"
    ),
    "integrate 'U[D, 0] U[D, 0]^*'": "an index must be below the dimension D, got D, which is out of range",
    "integrate 'U[2,0] U[2,0]^*' --at D=2": (
        "D must be at least 3, got 2: the integrand has an index that does not exist below"
    ),
}


@pytest.mark.parametrize("command", REFUSED)
def test_bad_input_is_one_line_and_status_2(command: str) -> None:
    assert refused(*shlex.split(command)).startswith(f"haarqntk: {REFUSED[command]}")


def test_moment_derives_what_is_typed() -> None:
    printed = haarqntk("moment", "sum(d(l)*d(l), l)^2", "--format", "latex").stdout.strip()
    assert printed == hq.formula("kernel_second_moment").latex()


def test_the_steps_fit_the_terminal_and_end_in_the_closed_form() -> None:
    result = haarqntk("derive", "kernel_mean", "--steps")
    assert result.returncode == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert f"kernel_mean = {hq.formula('kernel_mean')}" in result.stdout
    assert "c_σ = 1/(D*(D + 1))" in result.stdout


def test_the_steps_of_a_moment() -> None:
    printed = haarqntk("moment", "covariance(e, K)", "--steps").stdout
    assert "Check by a second route" in printed
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.parametrize(
    ("output_format", "start"),
    [
        ("latex", "% Derived by haarqntk"),
        ("json", "[\n  {"),
        ("markdown", "# kernel_mean\n\n**1. Definition**"),
    ],
)
def test_the_steps_in_other_formats(output_format: str, start: str) -> None:
    result = haarqntk("derive", "kernel_mean", "--steps", "--format", output_format)
    assert result.stdout.startswith(start)


def test_derive_writes_a_document(tmp_path: Path) -> None:
    out = tmp_path / "proofs.tex"
    assert haarqntk("derive", "kernel_mean", "kernel_variance", "--tex", str(out)).stdout == f"wrote {out}\n"
    text = out.read_text(encoding="utf-8")
    assert text.count(r"\begin{theorem}") == text.count(r"\begin{proof}") == 2
    assert r"\bibitem{liu2023}" in text


def test_derive_names_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "no" / "proofs.tex"
    said = refused("derive", "kernel_mean", "--tex", str(path))
    assert said.startswith(f"haarqntk: {path} cannot be written: ")


def test_moment_takes_an_ensemble_and_generators() -> None:
    result = haarqntk("moment", "K", "--ensemble", "generator_average", "--generators", "general")
    assert "-2*L*(m1**2 - m2)*(D*X2 - X1**2)/(D*(D - 1)*(D + 1))" in result.stdout


def test_a_moment_that_does_not_parse_has_a_caret_under_the_place() -> None:
    result = haarqntk("moment", "covariance(K, nu)")
    assert result.returncode == 2
    message, text, caret = result.stderr.splitlines()
    assert message == "haarqntk: expression does not parse: unexpected 'n' at column 15"
    assert text[caret.index("^")] == "n"


def test_integrate_tells_the_average_and_its_meaning() -> None:
    assert haarqntk("integrate", "tr(U A U^H B)^2").stdout.splitlines() == [
        "averaged over U: Haar unitary on D; given A, B: general on D",
        "E[tr(U A U^H B)^2]",
        "    (D*Tr(A)**2*Tr(B)**2 + D*Tr(A^2)*Tr(B^2) - Tr(A)**2*Tr(B^2) -",
        "      Tr(A^2)*Tr(B)**2)/(D*(D - 1)*(D + 1))",
        "  2-designs suffice; closed form for D ≥ 2",
    ]


def test_integrate_at_integers_below_the_range() -> None:
    printed = haarqntk("integrate", "tr(ptr(psi, 1)^2)", "--dims", "d1*d2", "--at", "d1=2,d2=4").stdout
    assert "E[tr(ptr(psi, 1)^2)] at d1 = 2, d2 = 4\n    2/3\n" in printed
    assert haarqntk("integrate", "|tr(U)|^6", "--at", "D=2", "--format", "latex").stdout == (
        "% averaged over U: Haar unitary on D\n5\n"
    )


def test_integrate_says_why_an_average_vanishes() -> None:
    printed = haarqntk("integrate", "-tr(U A)").stdout
    assert "    0\n" in printed
    assert "1 of 1 terms vanish: U occurs once and its conjugate 0 times" in printed


def test_the_textbook_correlator_is_a_polynomial_in_what_is_given() -> None:
    otoc = "tr(U^H V U W U^H V U W)/D"
    printed = haarqntk("integrate", otoc, "--let", "V,W=matrix").stdout
    assert printed.startswith("averaged over U: Haar unitary on D; given V, W: general on D\n")
    (V, W), U = hq.matrices("V W"), hq.haar_unitary("U")
    by_hand = hq.expect(hq.tr(U.H @ V @ U @ W @ U.H @ V @ U @ W) / hq.D)
    assert str(by_hand) in " ".join(printed.split())
    assert by_hand.terms


def test_integrate_as_json_holds_terms_and_weights() -> None:
    record = json.loads(haarqntk("integrate", "tr(U A U^H B)", "--format", "json").stdout)
    assert record["design_order"] == 1
    assert record["random"] == [{"name": "U", "group": "unitary", "dimensions": ["D"]}]
    (term,) = record["terms"]
    assert term["monomial"] == {"Tr(A)": 1, "Tr(B)": 1}
    assert (term["numerator"], term["denominator"]) == ([[1, {}]], [[1, {"D": 1}]])
    (weight,) = term["weights"]
    assert weight["factors"] == [{"group": "unitary", "classes": [[1]], "dimensions": ["D"]}]


def test_an_integrand_that_does_not_parse_has_a_caret_under_the_place() -> None:
    result = haarqntk("integrate", "tr(UAU^HB)")
    assert result.returncode == 2
    message, text, caret = result.stderr.splitlines()
    assert message == "haarqntk: integrand does not parse: unexpected 'H' at column 8"
    assert text[caret.index("^")] == "H"


@pytest.mark.parametrize("command", ["report", "figures"])
def test_a_file_is_refused_as_the_folder(command: str, tmp_path: Path) -> None:
    target = tmp_path / "taken"
    target.write_text("mine")
    line = refused(command, "--out", str(target))
    assert line.startswith(f"haarqntk: out must be a folder that can be written, got {target}: ")
    assert target.read_text() == "mine"


def test_validate_prints_a_table_and_a_verdict() -> None:
    result = haarqntk("validate", "kernel_mean", "--samples", "800", "--reference-samples", "400")
    assert result.returncode == 0, result.stderr
    assert "All 12 checks pass" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_figures_writes_each_figure_and_prints_what_is_seen(tmp_path: Path) -> None:
    out = tmp_path / "figures"
    result = haarqntk("figures", "3", "1", "--out", str(out), "--samples", "20", "--instances", "10")
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        f"fig{number}.{ending}" for number in (1, 3) for ending in ("json", "pdf", "svg")
    ]
    printed = " ".join(result.stdout.split())
    for number in (1, 3):
        caption = json.loads((out / f"fig{number}.json").read_text(encoding="utf-8"))["caption"]
        assert f"Fig. {number}: {caption}" in printed
    assert f"wrote {out / 'fig3.svg'}" in result.stdout
    assert max(len(line) for line in result.stdout.splitlines() if "wrote" not in line) <= 80
