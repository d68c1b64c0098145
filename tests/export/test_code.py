"""Source code that is exported gives the exact values of the formula, in processes and languages of their own."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from shortcuts import closed_form
from strategies import rational_functions, trace_polynomials
from sympy.parsing.mathematica import parse_mathematica

import haarqntk as hq
from haarqntk.base import EXPORTS
from haarqntk.errors import InputError, InputTypeError
from haarqntk.export import FORMATS, quotients
from haarqntk.export._names import LANGUAGES
from haarqntk.qntk import Formula, parse_closed_form

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from haarqntk.algebra import RationalFunction, TracePolynomial

VALUES: list[Any] = [
    *(closed_form(name) for name in hq.formulas() if name != "supervised_kernel_eigenvalues"),
    hq.weingarten((3, 1)),
    closed_form("kernel_variance") / closed_form("kernel_mean") ** 2,
    closed_form("kernel_variance").series(order=2),
]
NAMES = [*hq.formulas()[:-1], "weingarten", "ratio", "series"]


def symbols_of(value: Any) -> list[str]:
    others = {free.name for free in value.to_sympy().free_symbols} - {"D", "L"}
    return ["D", *(["L"] if "L" in map(str, value.to_sympy().free_symbols) else []), *sorted(others)]


def exact_value(value: Any, point: dict[str, Fraction]) -> Fraction:
    """By SymPy's substitution, a route of its own."""
    expression = value.to_sympy() if hasattr(value, "to_sympy") else value
    found = expression.subs({free: sympy.Rational(point[free.name]) for free in expression.free_symbols})
    return Fraction(int(found.p), int(found.q))


def points(symbols: Sequence[str]) -> list[dict[str, Fraction]]:
    return [
        {
            name: Fraction(step * (i + 5) + 3 + 11 * (name == "D"), 1 if name in {"D", "L"} else 1 + i % 3)
            for i, name in enumerate(symbols)
        }
        for step in (1, 2, 7)
    ]


def run_alone(source: str, calls: Sequence[tuple[str, dict[str, Fraction]]], folder: Path) -> list[Fraction]:
    """The values that the source gives in a Python without site-packages."""
    (folder / "exported.py").write_text(source, encoding="utf-8")
    listed = [[name, {k: str(v) for k, v in point.items()}] for name, point in calls]
    script = (
        "import json, sys; from fractions import Fraction; sys.path.insert(0, sys.argv[1]); import exported\n"
        "for name, point in json.load(sys.stdin):\n"
        "    print(Fraction(getattr(exported, name)(**{k: Fraction(v) for k, v in point.items()})))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, str(folder)],
        input=json.dumps(listed),
        capture_output=True,
        text=True,
        check=True,
    )
    return [Fraction(line) for line in done.stdout.splitlines()]


def test_python_functions_need_nothing_and_are_exact(tmp_path: Path) -> None:
    sources, calls, expected = [], [], []
    for name, value in zip(NAMES, VALUES, strict=True):
        sources.append(hq.to_python(value, name=name))
        for point in points(symbols_of(value)):
            calls.append((name, point))
            expected.append(exact_value(value, point))
    assert run_alone("\n\n".join(sources), calls, tmp_path) == expected


def test_the_python_of_a_formula_gives_the_value_of_at(tmp_path: Path) -> None:
    value = closed_form("kernel_variance")
    spectrum = [3, 1, 0, -1, 2, 2]
    traces = {f"T{j}": Fraction(sum(x**j for x in spectrum)) for j in range(1, 5)}
    point = {"D": Fraction(6), "L": Fraction(5), **traces}
    (found,) = run_alone(hq.to_python(value), [("kernel_variance", point)], tmp_path)
    assert found == value.at(D=6, L=5, spectrum=spectrum)


def test_eigenvalues_are_two_functions(tmp_path: Path) -> None:
    value = hq.formula("supervised_kernel_eigenvalues")
    point = {"D": Fraction(4), "L": Fraction(6), "T1": Fraction(0), "T2": Fraction(4)}
    names = ["supervised_kernel_eigenvalues_uniform", "supervised_kernel_eigenvalues_difference"]
    calls = [(names[0], {**point, "n": Fraction(3)}), (names[1], point)]
    assert run_alone(hq.to_python(value), calls, tmp_path) == [Fraction(64, 75), Fraction(256, 75)]


class Traced:
    """An array as JAX traces it: it can be added, multiplied and divided, and is neither true nor false."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __bool__(self) -> bool:
        raise TypeError("a traced value has no truth")

    def __add__(self, other: Any) -> Traced:
        return Traced(self.value + getattr(other, "value", other))

    def __sub__(self, other: Any) -> Traced:
        return Traced(self.value - getattr(other, "value", other))

    def __mul__(self, other: Any) -> Traced:
        return Traced(self.value * getattr(other, "value", other))

    def __truediv__(self, other: Any) -> Traced:
        return Traced(self.value / getattr(other, "value", other))

    def __pow__(self, exponent: int) -> Traced:
        return Traced(self.value**exponent)

    __radd__, __rmul__ = __add__, __mul__


def imported(source: str, folder: Path) -> Any:
    """The exported module, imported as a user would."""
    import importlib.util  # noqa: PLC0415 - used here alone

    path = folder / "exported_here.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("exported_here", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_python_takes_floats_arrays_and_traced_arrays(tmp_path: Path) -> None:
    function = imported(hq.to_python(closed_form("kernel_variance")), tmp_path).kernel_variance
    numbers = hq.lambdify(closed_form("kernel_variance"))
    D, L = np.array([4.0, 6.0, 8.0]), np.array([1.0, 2.0, 3.0])
    arguments = [D, L, 0 * D, D, 0 * D, 2 * D]
    exact = [
        float(closed_form("kernel_variance").at(D=int(d), L=int(l), traces=[0, int(d), 0, 2 * int(d)]))
        for d, l in zip(D, L, strict=True)
    ]
    assert function(*arguments) == pytest.approx(exact, rel=1e-13)
    assert numbers(*arguments) == pytest.approx(exact, rel=1e-13)
    assert function(*map(Traced, arguments)).value == pytest.approx(exact, rel=1e-13)
    assert function(4, 1, 0, 4, 0, 8) == closed_form("kernel_variance").at(D=4, L=1, traces=[0, 4, 0, 8])


def test_at_two_to_the_fifty_floats_lose_every_digit_and_evaluate_loses_none() -> None:
    """O = 1 but for one eigenvalue 3: the centred O has one eigenvalue, and all else cancels."""
    D, value = 2**50, closed_form("kernel_variance")
    traces = [D - 1 + 3**j for j in range(1, 5)]
    exact = Fraction(value.at(D=D, L=4, traces=traces))
    naive = hq.lambdify(value)(float(D), 4.0, *map(float, traces))
    assert abs(naive - exact) > exact / 4  # not one digit is right
    precise = value.evaluate(D=D, L=4, traces=[float(trace) for trace in traces], digits=40)
    with mpmath.workdps(60):
        assert abs(precise * exact.denominator / exact.numerator - 1) < mpmath.mpf(10) ** -39


@settings(max_examples=40)
@given(st.one_of(rational_functions(), trace_polynomials(variables=("L", "T1", "T_O1O2", "sigma_ab"))))
def test_functions_read_back_from_mathematica_and_maple(value: RationalFunction | TracePolynomial) -> None:
    check_mathematica_and_maple(value)


@pytest.mark.parametrize("value", VALUES[:5] + VALUES[6:], ids=[*NAMES[:5], *NAMES[6:]])
def test_formulas_read_back_from_mathematica_and_maple(value: Any) -> None:
    check_mathematica_and_maple(value)


def check_mathematica_and_maple(value: Any) -> None:
    symbols = symbols_of(value)
    mathematica, maple = hq.to_mathematica(value), hq.to_maple(value)
    first = parse_mathematica(mathematica.splitlines()[-1])
    second = parse_closed_form(maple.splitlines()[-1].replace("(-", "(0-"), [*symbols, "d"])
    point = points(symbols)[0]
    plain = {name.replace("_", ""): number for name, number in point.items()} | {"d": point["D"]}
    for read in (first, second):
        assert exact_value(read, point | plain) == exact_value(value, point)


@pytest.mark.compiler
def test_c_compiles_and_gives_the_values(tmp_path: Path) -> None:
    sources, prints, expected = ["#include <stdio.h>\n"], [], []
    for name, value in zip(NAMES, VALUES, strict=True):
        sources.append(hq.to_c(value, name=name))
        for point in points(symbols_of(value)):
            arguments = ", ".join(f"{float(point[symbol])!r}" for symbol in symbols_of(value))
            prints.append(f'    printf("%.17g\\n", {name}({arguments}));')
            expected.append(float(exact_value(value, point)))
    main = "\n".join(["int main(void) {", *prints, "    return 0;", "}"])
    (tmp_path / "all.c").write_text("\n".join([*sources, main]), encoding="utf-8")
    command = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "all.c", "-o", "all"]
    subprocess.run(command, cwd=tmp_path, check=True)
    done = subprocess.run([str(tmp_path / "all")], capture_output=True, text=True, check=True)
    assert [float(line) for line in done.stdout.splitlines()] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("value", VALUES[:5], ids=NAMES[:5])
def test_the_expression_in_c_is_the_formula(value: Formula) -> None:
    source = hq.to_c(value)
    (body,) = re.findall(r"return (.*?);", source, re.DOTALL)
    read = parse_closed_form(body.replace(".0", ""), symbols_of(value))
    point = points(symbols_of(value))[1]
    assert exact_value(read, point) == exact_value(value, point)
    assert not re.search(r"(?<![\w.])\d+(?![\w.])", body)  # every literal is a double


CAPITALS = ("Pi", "Sin", "True", "Null", "Plus", "Log", "Sum", "Tr", "N")
IN_C = ("_Bool", "_Complex", "_Imaginary", "exp", "pow", "printf", "NULL", "asm", "__x", "double")


@pytest.mark.parametrize(
    ("error", "write", "options", "message"),
    [
        (InputError, hq.to_python, {"name": "a b"}, "name must be an identifier, no word of the language"),
        (InputError, hq.to_python, {"name": "lambda"}, "got 'lambda'"),
        (InputError, hq.to_python, {"name": "T1"}, "no symbol of the formula, got 'T1'"),
        *((InputError, hq.to_c, {"name": n}, f"no symbol of the formula, got {n!r}") for n in IN_C),
        (InputError, hq.to_mathematica, {"names": {"D": "T1"}}, "must tell symbols apart, got 'T1' twice"),
        (InputError, hq.to_mathematica, {"names": {"D": "D"}}, "that Mathematica leaves free, got 'D'"),
        (InputError, hq.to_mathematica, {"names": {"D": "a_b"}}, "leaves free, got 'a_b'"),
        *(
            (InputError, hq.to_mathematica, {"names": {"D": n}}, f"leaves free, got {n!r}; start with a")
            for n in CAPITALS
        ),
        (InputError, hq.to_maple, {"names": {"D": "end"}}, "that Maple leaves free, got 'end'"),
        (InputError, hq.to_maple, {"names": {"D": ""}}, "that Maple leaves free, got ''"),
        (InputError, hq.to_maple, {"names": {"D": "sum"}}, "an identifier that Maple leaves free, got 'sum'"),
        (InputError, hq.to_maple, {"names": {"Q": "q"}}, "names must be of symbols that occur, got 'Q'"),
        (InputError, hq.lambdify, {"modules": "nonsense"}, "unknown modules 'nonsense'; known: numpy, jax"),
        (InputError, hq.to_mathml, {"display": "foo"}, "unknown display 'foo'; known: block, inline"),
        (InputTypeError, hq.to_python, {"name": 3}, "name must be a text, got 3"),
        (InputTypeError, hq.to_c, {"name": 3}, "name must be a text, got 3"),
        (InputTypeError, hq.to_mathematica, {"names": "L=p"}, "names must map names to names, got 'L=p'"),
        (InputTypeError, hq.to_maple, {"names": ["L"]}, "names must map names to names, got ['L']"),
        (InputTypeError, hq.lambdify, {"modules": 3}, "modules must be a text, one of numpy, jax, "),
        (InputTypeError, hq.latex, {"lines": "x"}, "lines must be True or False, got 'x'"),
    ],
)
def test_what_is_asked_for_is_checked(
    error: type[Exception], write: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        write(closed_form("kernel_mean"), **options)


def test_modules_that_are_not_installed_are_named_with_their_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(InputError, match=r"modules='jax' must be installed; pip install jax"):
        hq.lambdify(closed_form("kernel_mean"), "jax")


def arguments_of(source: str) -> list[str]:
    """The arguments of the last function of a module, from its syntax tree."""
    function = ast.parse(source).body[-1]
    assert isinstance(function, ast.FunctionDef)
    return [argument.arg for argument in function.args.args]


def of_two_matrices(dims: str = "D") -> Any:
    O, (A, B) = hq.haar_orthogonal("O", dims=dims), hq.matrices("A B", dims=dims)
    return hq.expect(hq.tr(O @ A @ O.T @ B) ** 2)


@pytest.mark.parametrize("value", [*VALUES, of_two_matrices()], ids=[*NAMES, "integral"])
def test_the_arguments_stand_in_one_order(value: Any) -> None:
    names = arguments_of(hq.to_python(value))
    assert list(inspect.signature(hq.lambdify(value)).parameters) == names
    assert re.findall(r"double (\w+)[,)]", hq.to_c(value)) == names


@pytest.mark.parametrize("word", ["lambda", "int", "if", "in", "_quotient", "NULL", "entry"])
def test_a_dimension_that_is_a_word_of_the_language_is_renamed(word: str, tmp_path: Path) -> None:
    value = of_two_matrices(word)
    in_python, in_c = (
        f"{word}_" if word in {"lambda", "if", "in", "_quotient"} else word,
        f"{word}_" if word in {"int", "if", "NULL"} else word,
    )
    source, (_, head, body) = hq.to_python(value), re.split(r"\*/|\{", hq.to_c(value))
    assert arguments_of(source)[0] == in_python
    assert re.findall(r"double (\w+)[,)]", head)[0] == in_c
    assert {*re.findall(r"[A-Za-z_]\w*", body)} - {"return"} <= {*re.findall(r"\w+", head)}
    assert (f"{in_python} is {word};" in re.sub(r"\s+#? *", " ", source)) == (in_python != word)
    point = dict(zip(arguments_of(source), [7, 2, 3, 5, 1, 4, 6], strict=True))
    (plain,) = quotients(value)
    expected = exact_value(
        plain.expression, dict(zip(plain.symbols, map(Fraction, point.values()), strict=True))
    )
    assert imported(source, tmp_path).integral(**point) == expected
    exact = {name: sympy.Integer(number) for name, number in point.items()}
    assert hq.lambdify(value, "sympy")(**exact) == sympy.Rational(expected)


@pytest.mark.parametrize(("write", "name"), [(hq.to_c, "__a"), (hq.to_c, "_A"), (hq.to_maple, "_a")])
def test_a_dimension_that_no_underscore_makes_free_is_refused(write: Any, name: str) -> None:
    """In C this did not end."""
    with pytest.raises(
        InputError, match=rf"names\[{name}\] must be an identifier that \w+ leaves free, got '{name}'"
    ):
        write(of_two_matrices(name))


@pytest.mark.parametrize("word", ["Log", "Pi", "end", "I", "sum"])
def test_a_dimension_that_a_computer_algebra_system_has_taken_is_renamed(word: str) -> None:
    value = of_two_matrices(word)
    for language in ("mathematica", "maple"):
        *_, body = FORMATS[language](value).splitlines()
        assert all(LANGUAGES[language].is_free(name) for name in re.findall(r"[A-Za-z_]\w*", body))


def test_products_stay_factored_and_the_range_is_that_of_the_formula() -> None:
    value = closed_form("gradient_variance")
    assert "return _quotient(2*(D*T2 - T1**2), (D - 1)*(D + 1)**2)" in hq.to_python(value)
    assert "return (2.0*(D*T2 - T1*T1))/" in hq.to_c(value)
    for source in (hq.to_python(value), hq.to_c(value)):
        assert "; even D ≥ 2" in source
    assert value.facts()["range"] == "even D ≥ 2"


def test_below_the_design_order_the_code_still_gives_the_value_of_at(tmp_path: Path) -> None:
    """What the comment on the range says: T_j of a spectrum at D = 2, by the pseudo-inverse and by the closed form."""
    for name in ("kernel_variance", "meta_kernel_second_moment"):
        value = closed_form(name)
        traces = {
            str(symbol): Fraction(3 ** int(symbol[1:]) + (-1) ** int(symbol[1:]))
            for symbol in value.symbols[2:]
        }
        point = {"D": Fraction(2), "L": Fraction(3), **traces}
        (found,) = run_alone(hq.to_python(value), [(name, point)], tmp_path)
        assert found == value.at(D=2, L=3, spectrum=[3, -1])


def test_only_results_are_written() -> None:
    assert tuple(FORMATS) == EXPORTS
    writers: list[Any] = [*list(FORMATS.values())[1:], hq.citation]  # plain text is of formulas alone
    for write in writers:
        with pytest.raises(InputTypeError, match=r"value must be a formula, ratio, series, .* got str"):
            write("2*L")
    with pytest.raises(InputError, match="value must have one closed form, got 2"):
        hq.lambdify(hq.formula("supervised_kernel_eigenvalues"))
