"""Every public value shows itself: a line at a prompt, LaTeX that compiles, HTML that is well formed and escaped."""

from __future__ import annotations

import importlib
import inspect
import re
from dataclasses import replace
from fractions import Fraction
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from other_programs import typeset
from shortcuts import closed_form, eigenvalue_formula

import haarqntk as hq
from haarqntk.export import to_mathml

if TYPE_CHECKING:
    from pathlib import Path

ROOMS = (
    "combinatorics", "algebra", "groups", "diagrams", "haar", "designs", "circuits", "qntk", "export", "montecarlo",
    "dynamics", "training",
)  # fmt: skip
# No formula: BibTeX, shown as it is; curves over time and what floats say; circuits and runs of them.
CURVES = {
    "Prediction", "ConstantLambdaFlow", "DeepFlow", "DeepFlowSingle", "FrozenOutputs", "Rule", "Rules", "StepSizes",
}  # fmt: skip
RUNS = {
    "Diagnosis", "DiagnosticsStudy", "Encoding", "FixedGate", "KernelStatistics", "Observable", "ParametrisedCircuit",
    "PauliRotation", "StudyFinding", "StudyModel", "StudyRun", "TrainingRun",
}  # fmt: skip
WITHOUT_LATEX = {"Citation", "KernelLaw", "PaperFigure"} | CURVES | RUNS
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
    """The public classes, and whatever public functions, methods and properties of these return.

    Public is what ``hq.__all__`` names, and what the modules among these name in their own.
    """
    values = [getattr(hq, name) for name in hq.__all__]
    values += [getattr(room, name) for room in values if inspect.ismodule(room) for name in room.__all__]
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
    "Component", "RandomLetter", "Symbol", "Token",
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
        *(mean, eigenvalue_formula(), closed_form("kernel_variance") / mean**2, mean.series(order=2)),
        *(mean.polynomial, w, w.series(order=3), w.value, scalar, operator, scalar.series()),
        *(scalar.specialise(D=2), hq.expect(U @ A)),
        *(hq.twirl(swap, 2), hq.twirl([[1.0, 0], [0, 1j]], 1), hq.twirl_channel([[[1, 0], [0, -1]]])),
        *(hq.is_design(hq.pauli_group(1), t) for t in (1, 2)),
        *(hq.check_claim("kernel_mean", claim) for claim in ("L*T2/D^2", "sqrt(2)*L*T2/D^2", "2*L*T2/D^2")),
        *(hq.Estimate("c0ffee", 5, 3.0, 20.0), hq.Estimate("c0ffee", 1, -1e-7, 0.0)),
        *(U, hq.kron(U.T, hq.identity("d2")), hq.tr(U @ A.conj()) * psi[0] * psi[1].conj() / (hq.D + 1)),
        *(psi, psi.expectation(A), hq.identity() * 0, circuit, l, e, e * 0),
        *(hq.sum_over(e.d(l, m) * e.d(l) * e.d(m), l, m), hq.sum_over(other.d(l) ** 2, l) - 2 * other + 1),
        *(mean.explain(), scalar.explain(), hq.citation(mean)),
    ]


def predictions() -> list[Any]:
    """One value of each public type of ``hq.dynamics``, and the law that they start from."""
    rooms, law = hq.dynamics, hq.kernel_law(D=4, L=2, spectrum=[1, 1, -1, Fraction(1, 3)])
    rules = rooms.rules_from_moments([Fraction(1, n + 1) for n in range(5)], Fraction(1))
    flow: dict[str, Any] = {"learning_rate": 0.1, "L": 3}
    return [
        law,
        rooms.frozen_law(law, [0, 1, 10], learning_rate=0.1),
        rooms.frozen_kernel([[2, 1], [1, 2]], range(100), learning_rate=0.1, residual=[1, -1]),
        rooms.constant_lambda_flow(4, [0, 50], learning_rate=1, residual=3, relative_meta_kernel=1),
        rooms.deep_flow([[0, 1], [1, 0]], [0, 1], states=[[1, 0]], labels=[0.5], **flow),
        rooms.deep_flow_single(-1.2, [0, 10], label=1, D=2, **flow),
        rooms.frozen_outputs([[2]], [0, 1], cross_kernel=[[1]], outputs=[0], residual=[1], learning_rate=0.1),
        *(rules, rules.gauss, rooms.step_sizes([[2, 0], [0, 8]])),
        *(rooms.short_time_series(order=1), rooms.short_time_series("loss", order=0)),
    ]


def trainings() -> list[Any]:
    """One value of each public type of ``hq.training``; the runs are those of a small study."""
    room = hq.training
    gates = (room.PauliRotation("XI", feature=0), room.PauliRotation("ZZ", parameter=0))
    circuit = room.ParametrisedCircuit(2, gates)
    rng = np.random.default_rng(1)
    study = room.diagnostics_study(rng, num_qubits=3, layers=(1, 2), initialisations=1, steps=2)
    (statistics,) = room.kernel_statistics(
        lambda _: circuit, [1], observable=room.Observable.pauli("XI"), samples=4, rng=rng, features=[[0.1]]
    )
    run, model = study.runs[0], study.models[0]
    return [
        *(circuit, *gates, room.FixedGate(np.eye(4), (0, 1)), room.Encoding()),
        *(room.Observable(np.diag([1, -1]), "<b>Z</b>"), statistics),
        *(study, run, model, run.run, run.diagnosis, study.findings[0]),
        hq.diagnose(np.array([[1, 0], [2, 0]]), targets=[0, 1], pseudo_inverse=True),
        hq.diagnosis_figure(hq.diagnose(np.diag([1.0, 2.0]), targets=[1, 0])),
    ]


EXAMPLES = [*examples(), *predictions(), *trainings()]
IDS = [f"{type(value).__name__}{i}" for i, value in enumerate(EXAMPLES)]


def test_every_public_value_type_has_an_example_or_is_a_part() -> None:
    kinds = {kind.__name__ for kind in public_value_types()}
    assert {"Formula", "Integral", "Estimate", "ClaimCheck", "Explanation", "Output", "Citation"} <= kinds
    assert CURVES | RUNS | {"KernelLaw", "ShortTimeSeries"} <= kinds
    assert kinds - PARTS <= {type(value).__name__ for value in EXAMPLES} | {"Expression"}


@pytest.mark.parametrize("kind", [kind for kind in public_value_types() if kind.__name__ not in PARTS])
def test_every_public_value_type_shows_itself(kind: type) -> None:
    assert "__repr__" in {name for base in kind.__mro__[:-1] for name in vars(base)}
    assert hasattr(kind, "_repr_html_")
    assert hasattr(kind, "_repr_latex_") != (kind.__name__ in WITHOUT_LATEX)


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
    assert ("<math" in html) or type(value).__name__ in {"Explanation"} | WITHOUT_LATEX
    assert ("<td" in html) or type(value).__name__ not in CURVES | RUNS | {"KernelLaw"}


@pytest.mark.parametrize("value", EXAMPLES, ids=IDS)
def test_the_line_at_a_prompt_is_short(value: Any) -> None:
    text = repr(value)
    assert type(value).__name__.lower() in text.lower().replace(" ", "") or text.startswith(
        ("@", "Expression")
    )
    # but entries, and data that builds itself again
    if not text.startswith(("@", "RationalFunction", "TracePolynomial")):
        assert len(text.splitlines()) == 1
        assert len(text) <= 160


def test_what_is_html_in_a_name_is_escaped() -> None:
    formula = replace(hq.mean(hq.Circuit().output() ** 2), name="<script>alert(1)</script>")
    for value in (formula, hq.training.Observable(np.diag([1, -1]), "<script>")):
        html = value._repr_html_()
        assert "&lt;script&gt;" in html
        assert "<script>" not in html
    assert "c0ffee" in hq.Estimate("c0ffee", 2, 1.0, 0.0)._repr_html_()


def test_no_line_at_a_prompt_has_an_array() -> None:
    texts = [repr(value) for value in [*predictions(), *trainings()]]
    assert not [text for text in texts if "array(" in text or "[" in text.replace("E[", "")]


def test_a_table_has_the_numbers_of_the_value() -> None:
    p = hq.dynamics.frozen_kernel(2, [2, 0, 1], learning_rate=0.25)
    assert p.facts()["times"] == "3, from 0 to 2"
    assert (p.facts()["residual"], p.facts()["loss"]) == ("1 → 0.25", "0.5 → 0.03125")
    assert p.assumption in p._repr_html_()
    several = hq.dynamics.frozen_kernel(np.eye(2), [0, 1], learning_rate=1, residual=[3, 4])
    assert several.facts()["residual"] == "5 → 0, norm over 2 data points"
    law = hq.kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1])
    assert law.facts()["variance"] == "64896/30625"
    assert "64896/30625" in law._repr_html_()


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
    assert "Overfull" not in typeset(tmp_path, document)
