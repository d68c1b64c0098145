"""Moments at dimensions below their number of factors: every value that is finite, and no symbol that is not there."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import product
from operator import mul
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sympy
from circuit_averages import PAULI, HaarPoints, Setting
from hypothesis import assume, given
from hypothesis import strategies as st

import haarqntk as hq
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from haarqntk.circuits import Expression
    from haarqntk.qntk import Formula

half, third, i = Fraction(1, 2), Fraction(1, 3), sympy.I
VECTORS: dict[int, list[list[Any]]] = {
    2: [[1, 0], [Fraction(3, 5), Fraction(4, 5)], [Fraction(5, 13), 12 * i / 13]],
    3: [[1, 0, 0], [2 * third, 2 * third, third], [2 * third, i / 3, 2 * third]],
    4: [[1, 0, 0, 0], [half] * 4, [half, i / 2, half, -half]],
}
ENSEMBLES = ("segments", "independent_layers", "prl", "generator_average")


def name_of(ensemble: str) -> str:
    """The name in use for the ansatz of the letter with a Haar block on the input side."""
    with_block = "prl_ansatz_with_input_block"
    return (
        ensemble if ensemble != "prl" else with_block if with_block in hq.circuits.ENSEMBLES else "prl_ansatz"
    )


def numbers(rows: Sequence[Any]) -> NDArray[np.complex128]:
    return np.array(sympy.Matrix(rows).evalf().tolist(), dtype=np.complex128)


@dataclass(frozen=True)
class Problem:
    """A moment, and exact data at which it is evaluated."""

    expression: Expression
    D: int
    L: int
    states: dict[str, list[Any]]
    observables: dict[str, list[list[Any]]]
    spectrum: list[int]
    target: Fraction

    @property
    def value(self) -> complex:
        """By plain matrices."""
        ensemble = self.expression.circuit.ensemble
        generators = np.diag(np.array(self.spectrum, dtype=np.complex128))[None]
        if ensemble.startswith("prl"):
            generators = PAULI
        projectors = {name: numbers([row]).T @ numbers([row]).conj() for name, row in self.states.items()}
        setting = Setting(
            projectors,
            {name: numbers(rows) for name, rows in self.observables.items()},
            generators,
            [HaarPoints(self.D)] * (self.L + 1),
            only_generators=ensemble == "generator_average",
            independent_entries=ensemble == "independent_layers",
        )
        return setting.mean(self.expression, {"O_0": self.target})

    def arguments(self, f: Formula) -> dict[str, Any]:
        """What the closed form asks for, and nothing else."""
        letters = {letter for symbol in f.symbols for letter in symbol.word}
        found: dict[str, Any] = {"D": self.D}
        if "L" in f.symbols:
            found["L"] = self.L
        if "O_0" in f.symbols:
            found["values"] = {"O_0": self.target}
        if any(name.startswith("X") for name in f.symbols):
            found["generator_spectrum"] = self.spectrum
        for argument, kind, matrices in (
            ("observables", "observable", self.observables),
            ("states", "state", self.states),
        ):
            named = {name: value for name, value in matrices.items() if (kind, name) in letters}
            if named:
                found[argument] = named
        return found


@st.composite
def hermitian(draw: st.DrawFn, D: int) -> list[list[Any]]:
    small = st.integers(-2, 2)
    rows: list[list[Any]] = [[0] * D for _ in range(D)]
    for a in range(D):
        rows[a][a] = draw(small)
        for b in range(a):
            rows[a][b] = draw(small) + i * draw(small)
            rows[b][a] = sympy.conjugate(rows[a][b])
    return rows


@st.composite
def problems(draw: st.DrawFn, dimensions: Sequence[int], most_copies: int, most_derivatives: int) -> Problem:
    D, L = draw(st.sampled_from(dimensions)), draw(st.integers(1, 3))
    ensemble = draw(st.sampled_from(ENSEMBLES))
    assume(ensemble != "prl" or D == 2)
    is_pauli = ensemble == "prl" or (D % 2 == 0 and draw(st.booleans()))
    circuit = hq.Circuit(name_of(ensemble), "pauli" if is_pauli else "general")
    outputs = draw(
        st.sampled_from([("O", "psi"), ("O", "psi"), ("O1 O2", "psi"), ("O", "a b"), ("O1 O2", "a b")])
    )
    observables, states = (names.split() for names in outputs)
    with_target, left = draw(st.booleans()), most_derivatives
    indices = dict(zip("lm", hq.layer_indices("l m"), strict=True))
    factors: list[Expression] = []
    used: set[str] = set()
    for _ in range(draw(st.integers(1, most_copies))):
        start = circuit.residual if with_target else circuit.output
        z = start(observable=draw(st.sampled_from(observables)), state=draw(st.sampled_from(states)))
        layers = draw(st.lists(st.sampled_from("llm"), max_size=min(3, left)))
        left, used = left - len(layers), used | set(layers)
        factors.append(z.d(*(indices[name] for name in layers)) if layers else z)
    expression = reduce(mul, factors)
    if used:
        expression = hq.sum_over(expression, *(indices[name] for name in sorted(used)))
    spectrum = [1, -1] * (D // 2) if is_pauli else draw(st.lists(st.integers(-2, 3), min_size=D, max_size=D))
    return Problem(
        expression,
        D,
        L,
        {name: draw(st.sampled_from(VECTORS[D])) for name in states},
        {name: draw(hermitian(D)) for name in observables},
        spectrum,
        draw(st.sampled_from([Fraction(0), third, Fraction(-2)])),
    )


def check(problem: Problem) -> None:
    try:
        f = hq.mean(problem.expression)
    except InputError as error:
        if "leave a phase" not in str(error):  # the closed form has no symbols for it
            raise
        return
    value = problem.value
    assert abs(value.imag) <= 1e-8 * (1 + abs(value))
    assert float(f.at(**problem.arguments(f))) == pytest.approx(value.real, rel=1e-8, abs=1e-8)


@given(problems([2], most_copies=4, most_derivatives=6))
def test_at_two_dimensions_every_moment_is_the_mean_over_a_design(problem: Problem) -> None:
    check(problem)


@given(problems([3, 4], most_copies=2, most_derivatives=4))
def test_at_three_and_four_dimensions_it_is_the_mean_by_the_commutant(problem: Problem) -> None:
    check(problem)


LABELS = (("O1", "a"), ("O2", "a"), ("O2", "b"))
SHAPES = ("l,l", "lm,lm", "ll,")


@pytest.mark.parametrize("spectrum", [[1, -1], [2, -1]])
@pytest.mark.parametrize("ensemble", ["segments", "independent_layers", "generator_average"])
def test_every_choice_of_two_observables_and_two_states(ensemble: str, spectrum: list[int]) -> None:
    """The mean of a product of copies knows whose derivatives they are; the layers of two outputs stay apart."""
    circuit = hq.Circuit(ensemble, "pauli" if spectrum == [1, -1] else "general")
    indices = dict(zip("lm", hq.layer_indices("l m"), strict=True))
    observables, states = (
        {"O1": [[2, 0], [0, -1]], "O2": [[2, 1 + i], [1 - i, 0]]},
        dict(zip("ab", VECTORS[2][1:], strict=True)),
    )
    values = []
    for shape in SHAPES:
        rows = shape.split(",")
        for labels in product(LABELS, repeat=len(rows)):
            outputs = [circuit.output(observable=O, state=psi) for O, psi in labels]
            copies: list[Expression] = [
                z.d(*map(indices.__getitem__, row)) if row else z
                for z, row in zip(outputs, rows, strict=True)
            ]
            used = sorted(set(shape) - {","})
            expression = hq.sum_over(reduce(mul, copies), *map(indices.__getitem__, used))
            problem = Problem(expression, 2, 2, states, observables, spectrum, Fraction(0))
            check(problem)
            values.append(round(problem.value.real, 9))
    assert len(set(values)) > 3


def at_two(text: str, ensemble: str, generators: str) -> Fraction | float:
    """The value at D = 2, L = 2, O of spectrum (1, 3), X of spectrum (2, 1), given only what the closed form holds."""
    z, (l, m) = hq.Circuit(ensemble, generators).output(), hq.layer_indices("l m")
    f = hq.mean(eval(text, {"z": z, "l": l, "m": m, "sum_over": hq.sum_over}))  # noqa: S307 - texts of this file
    arguments: dict[str, Any] = {"D": 2}
    if "L" in f.symbols:
        arguments["L"] = 2
    if any(name.startswith(("T", "m")) for name in f.symbols):
        arguments["spectrum"] = [1, 3]
    if any(name.startswith("m") for name in f.symbols):
        arguments["populations"] = [third, 1 - third]
    if any(name.startswith("X") for name in f.symbols):
        arguments["generator_spectrum"] = [2, 1]
    return f.at(**arguments)


@pytest.mark.parametrize(
    ("text", "ensemble", "generators", "value"),
    [
        ("sum_over(z.d(l, l)**3, l)", "segments", "general", 0),
        ("sum_over(z.d(l)*z.d(l, l, l)*z.d(l, m), l, m)", "segments", "general", 0),
        ("sum_over(z.d(l, l, m)*z.d(l, m)*z.d(l), l, m)", "segments", "pauli", 0),
        ("sum_over(z.d(l, l, l)**2, l)", "generator_average", "general", Fraction(16, 27)),
        ("sum_over(z.d(l, l, l)**2, l)", "segments", "general", Fraction(4, 9)),
    ],
)
def test_moments_that_ended_in_an_error(
    text: str, ensemble: str, generators: str, value: Fraction | int
) -> None:
    assert at_two(text, ensemble, generators) == value
