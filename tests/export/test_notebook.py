"""Every public value shows itself: a line at a prompt, LaTeX that compiles, HTML that is well formed and escaped."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from shortcuts import closed_form, eigenvalue_formula

import haarqntk as hq
from haarqntk.export import to_mathml

if TYPE_CHECKING:
    from pathlib import Path

ROOMS = ("combinatorics", "exact", "weingarten", "traces", "haar", "circuits", "qntk", "export", "montecarlo")
WITHOUT_LATEX = {"Citation"}  # BibTeX, shown as it is
NAMES = {
    "int", "float", "bool", "str", "Any", "Iterator", "Iterable", "Sequence", "Mapping", "Callable", "Fraction",
    "NDArray", "None",
}  # fmt: skip


@cache
def classes() -> dict[str, type]:
    """Every class that a room offers, and those that it keeps private, by name."""
    found: dict[str, type] = {}
    for room in ROOMS:
        module = importlib.import_module(f"haarqntk.{room}")
        for value in vars(module).values():
            if inspect.isclass(value) and value.__module__.startswith("haarqntk."):
                home = importlib.import_module(value.__module__)
                found |= {
                    n: c
                    for n, c in vars(home).items()
                    if inspect.isclass(c) and c.__module__ == home.__name__
                }
    return found


def returned(function: Any) -> set[type]:
    """The classes of the library that the annotation of what a function returns names."""
    text = str(getattr(function, "__annotations__", {}).get("return", ""))
    return {classes()[name] for name in re.findall(r"\w+", text) if name in classes()}


def public_value_types() -> list[type]:
    """From ``hq.__all__``: its classes, and whatever public functions, methods and properties of these return."""
    values = [getattr(hq, name) for name in hq.__all__]
    todo = {value for value in values if inspect.isclass(value)}
    for value in values:
        if inspect.isfunction(value):
            todo |= returned(value)
    found: set[type] = set()
    while todo:
        kind = todo.pop()
        found.add(kind)
        for name, member in inspect.getmembers(kind):
            function = member.fget if isinstance(member, property) else member
            if not name.startswith("_") and callable(function):
                todo |= returned(function) - found
    return sorted(found, key=lambda kind: kind.__name__)


# Plain data inside a value that shows itself, not results of their own.
PARTS = {
    "Cost", "ExplanationRow", "ExplanationClass", "Step", "Copy", "Term", "Letter", "WrittenPart", "Style", "Weight",
    "DimensionFunction", "Component", "RandomLetter", "Token",
}  # fmt: skip


def examples() -> list[Any]:
    """One value, or more, of each public type."""
    U, psi = hq.haar_unitary("U"), hq.haar_state("psi")
    A, B = hq.matrices("A B")
    circuit, (l, m) = hq.Circuit(), hq.layer_indices("l m")
    e = circuit.residual()
    other = hq.Circuit("independent_layers", "general").output(observable="O1", state="a")
    scalar, operator = hq.expect(hq.tr(U @ A @ U.H @ B) ** 2), hq.expect(U @ A @ U.H @ B @ U @ A @ U.H)
    mean = closed_form("kernel_mean")
    w = hq.weingarten((2, 1), group="orthogonal")
    swap = [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
    return [
        *(
            mean,
            eigenvalue_formula(),
            closed_form("kernel_variance") / mean**2,
            mean.series(order=2),
            mean.polynomial,
        ),
        *(
            w,
            w.series(order=3),
            w.value,
            scalar,
            operator,
            scalar.series(),
            scalar.specialise(D=2),
            hq.expect(U @ A),
        ),
        *(hq.twirl(swap, 2), hq.twirl([[1.0, 0], [0, 1j]], 1), hq.twirl_channel([[[1, 0], [0, -1]]])),
        *(hq.is_design(hq.pauli_group(1), t) for t in (1, 2)),
        *(hq.check_claim("kernel_mean", claim) for claim in ("L*T2/D^2", "sqrt(2)*L*T2/D^2", "2*L*T2/D^2")),
        *(hq.Estimate("c0ffee", 5, 3.0, 20.0), hq.Estimate("c0ffee", 1, -1e-7, 0.0)),
        *(U, hq.kron(U.T, hq.identity("d2")), hq.tr(U @ A.conj()) * psi[0] * psi[1].conj() / (hq.D + 1)),
        *(
            psi,
            psi.expectation(A),
            hq.identity() * 0,
            circuit,
            l,
            e,
            hq.sum_over(e.d(l, m) * e.d(l) * e.d(m), l, m),
        ),
        *(
            hq.sum_over(other.d(l) ** 2, l) - 2 * other + 1,
            e * 0,
            mean.explain(),
            scalar.explain(),
            hq.citation(mean),
        ),
    ]


EXAMPLES = examples()
IDS = [f"{type(value).__name__}{i}" for i, value in enumerate(EXAMPLES)]


def test_every_public_value_type_has_an_example_or_is_a_part() -> None:
    kinds = {kind.__name__ for kind in public_value_types()}
    assert {"Formula", "Integral", "Estimate", "ClaimCheck", "Explanation", "Output", "Citation"} <= kinds
    assert kinds - PARTS <= {type(value).__name__ for value in EXAMPLES} | {"Expression"}


@pytest.mark.parametrize("kind", [kind for kind in public_value_types() if kind.__name__ not in PARTS])
def test_every_public_value_type_shows_itself(kind: type) -> None:
    assert "__repr__" in {name for base in kind.__mro__[:-1] for name in vars(base)}
    assert hasattr(kind, "_repr_html_")
    assert hasattr(kind, "_repr_latex_") or kind.__name__ in WITHOUT_LATEX


class Balanced(HTMLParser):
    """Every element is closed, nothing is loaded from elsewhere, and no script runs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "link", "iframe", "img", "object"}
        assert not {name for name, _ in attrs} & {"src", "href", "onload", "onclick"}

    def handle_data(self, data: str) -> None:
        if "pre" not in self.stack:
            self.text.append(data)


@pytest.mark.parametrize("value", EXAMPLES, ids=IDS)
def test_the_html_is_well_formed_and_leaves_no_command_untranslated(value: Any) -> None:
    html = value._repr_html_()
    reader = Balanced()
    reader.feed(html)
    reader.close()
    assert reader.stack == []
    assert "\\" not in "".join(reader.text)
    assert ("<math" in html) or type(value).__name__ in {"Citation", "Explanation"}


@pytest.mark.parametrize("value", EXAMPLES, ids=IDS)
def test_the_line_at_a_prompt_is_short(value: Any) -> None:
    text = repr(value)
    assert type(value).__name__.lower() in text.lower().replace(" ", "") or text.startswith(
        ("@", "Expression")
    )
    if not text.startswith(
        ("@", "RationalFunction", "TracePolynomial")
    ):  # entries, and data that builds itself again
        assert len(text.splitlines()) == 1
        assert len(text) <= 160


def test_what_is_html_in_a_name_is_escaped() -> None:
    check = hq.Estimate("c0ffee", 2, 1.0, 0.0)
    found = hq.mean(hq.Circuit().output() ** 2)
    assert "<script>" not in _with_fact(found, "<script>alert(1)</script>")
    assert "&lt;script&gt;" in _with_fact(found, "<script>alert(1)</script>")
    assert "c0ffee" in check._repr_html_()


def _with_fact(value: Any, text: str) -> str:
    from dataclasses import replace  # noqa: PLC0415 - used here alone

    return str(replace(value, name=text)._repr_html_())


def test_a_formula_says_in_a_notebook_what_it_means() -> None:
    html = closed_form("kernel_variance")._repr_html_()
    for part in ("kernel_variance", "segments, pauli generators", "design order", "liu2023"):
        assert part in html


def test_the_verdict_and_its_evidence_are_in_the_html() -> None:
    html = hq.check_claim("kernel_mean", "L*T2/D^2")._repr_html_()
    assert "different" in html
    assert "smallest counterexample" in html


def test_what_has_no_closed_form_is_written_as_it_shows() -> None:
    twirl = hq.twirl([[1, 0], [0, 2]], 1)
    assert hq.latex(twirl) == twirl.latex() == r"\frac{3}{2} P_{id}"
    assert to_mathml(twirl).startswith("<math")
    assert hq.twirl([[0, 1], [1, 0]], 1).latex() == "0"


@pytest.mark.latex
def test_the_latex_of_every_value_compiles(tmp_path: Path) -> None:
    shown = [v._repr_latex_() for v in EXAMPLES if type(v).__name__ not in WITHOUT_LATEX]
    head = r"\documentclass{article}\usepackage{amsmath,amssymb}\usepackage[paperwidth=500cm,margin=1cm]{geometry}"
    document = "\n\n".join([head, r"\begin{document}", *shown, r"\end{document}"])
    (tmp_path / "shown.tex").write_text(document, encoding="utf-8")
    result = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "shown.tex"],  # noqa: S607
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert result.returncode == 0, result.stdout[-2000:]
    assert "Overfull" not in result.stdout
