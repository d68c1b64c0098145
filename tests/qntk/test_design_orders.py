"""Every design order that is reported suffices and is necessary: designs of it at D = 2, and of one order lower."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from operator import mul
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from circuit_averages import PAULI, HaarPoints, Points, Setting, equally_likely, euler_design
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import unitary_group

import haarqntk as hq
from haarqntk.circuits import ENSEMBLES, Circuit, design_orders
from haarqntk.errors import InputError
from haarqntk.qntk import Formula
from haarqntk.qntk._recipe import variables_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.circuits import Expression

WITH_BLOCK = [name for name in ENSEMBLES if name != "prl_ansatz"]
KET = np.array([0.6, 0.48 + 0.64j])
STATE = {"psi": np.outer(KET, KET.conj())}
OBSERVABLE = {"O": np.array([[1.5, 0.3 - 0.7j], [0.3 + 0.7j, -0.4]])}
INVOLUTION, GENERAL = np.diag([1.0 + 0j, -1.0])[None], np.diag([1.7 + 0j, -0.4])[None]


def setting_of(circuit: Circuit, segments: Sequence[Points | HaarPoints]) -> Setting:
    generators = INVOLUTION if circuit.generators == "pauli" else GENERAL
    return Setting(
        STATE,
        OBSERVABLE,
        PAULI if circuit.ensemble.startswith("prl") else generators,
        segments if circuit.ensemble != "prl_ansatz" else [*segments[:-1], equally_likely([np.eye(2)])],
        only_generators=circuit.ensemble == "generator_average",
        independent_entries=circuit.ensemble == "independent_layers",
    )


def in_generic_frames(design: Points, count: int) -> list[Points]:
    """The same order of design for each segment, in frames that have nothing to do with each other."""
    frames = unitary_group.rvs(2, size=2 * count, random_state=7)
    return [design.turned(*pair) for pair in zip(frames[::2], frames[1::2], strict=True)]


def check_order(expression: Expression, order: int, *, L: int = 2) -> None:
    """Haar and the t-design agree; the (t − 1)-design, which is no t-design, does not."""
    symbols = {"O_0": Fraction(3, 10)}
    exact = setting_of(expression.circuit, [HaarPoints(2)] * (L + 1))
    value = exact.mean(expression, symbols)

    def gap(t: int) -> float:
        drawn = setting_of(expression.circuit, in_generic_frames(euler_design(t), L + 1))
        return abs(drawn.mean(expression, symbols) - value)

    size = 1 + abs(value)
    assert gap(order) < 1e-10 * size
    if order:
        assert gap(order - 1) > 1e-6 * size


def of(f: object) -> Formula:
    assert isinstance(f, Formula)
    return f


@pytest.mark.parametrize("t", range(6))
def test_the_designs_are_designs_of_their_order_and_no_more(t: int) -> None:
    """E|tr V|^{2t} over pairs of points is the Catalan number of t for designs of U(2), and more for others."""
    design = euler_design(t)
    products = design.unitaries[:, None] @ design.unitaries.conj().swapaxes(1, 2)[None]
    characters = np.abs(np.trace(products, axis1=-2, axis2=-1))
    for s, catalan in enumerate((1, 1, 2, 5, 14, 42, 132)[: t + 2]):
        potential = design.weights @ characters ** (2 * s) @ design.weights
        assert (abs(potential - catalan) < 1e-10) == (s <= t)


def test_the_mean_of_the_meta_kernel_over_the_clifford_group() -> None:
    """The issue: with kept states a layer of μ holds four generators, and 3-designs do not average them."""
    f = of(hq.formula("meta_kernel_mean", ensemble="generator_average"))
    at: dict[str, Any] = {
        "D": 2,
        "L": 1,
        "spectrum": [2, -1],
        "populations": [Fraction(1, 3), Fraction(2, 3)],
    }
    assert f.at(**at) == Fraction(64, 15)
    assert f.design_order == 4
    ket = np.sqrt([1 / 3, 2 / 3])
    clifford = Setting(
        {"psi": np.outer(ket, ket)},
        {"O": np.diag([2.0, -1.0])},
        INVOLUTION,
        [equally_likely([np.asarray(V, dtype=complex) for V in hq.clifford_group(1)])] * 2,
        only_generators=True,
    )
    mu = variables_of(Circuit("generator_average")).mu.expression
    assert clifford.mean(mu, {}) == pytest.approx(16 / 3, abs=1e-12)


@pytest.mark.parametrize(
    ("ensemble", "generators"),
    [(e, g) for e in WITH_BLOCK for g in ("pauli", "general") if g == "pauli" or not e.startswith("prl")],
)
def test_the_order_of_every_named_formula_suffices_and_is_necessary(ensemble: str, generators: str) -> None:
    circuit = Circuit(ensemble, generators)
    averaged = {
        "kernel_mean": variables_of(circuit).K.expression,
        "kernel_second_moment": variables_of(circuit).K.expression ** 2,
        "meta_kernel_mean": variables_of(circuit).mu.expression,
    }
    for name, expression in averaged.items():
        check_order(expression, of(hq.formula(name, ensemble=ensemble, generators=generators)).design_order)


def test_the_second_moment_of_the_meta_kernel_needs_six_designs_and_four_where_layers_are_independent() -> (
    None
):
    for ensemble in ("segments", "independent_layers"):
        f = of(hq.formula("meta_kernel_second_moment", ensemble=ensemble))
        check_order(variables_of(Circuit(ensemble)).mu.expression ** 2, f.design_order, L=1)


def test_a_coefficient_of_L_and_a_difference_need_what_they_are_made_of() -> None:
    second = of(hq.formula("kernel_second_moment", ensemble="generator_average"))
    assert [second.coefficient_of_L(n).design_order for n in (1, 2)] == [4, 2]  # g_l⁴, g_l² g_m²
    assert (second - second).design_order == 0
    assert of(hq.formula("kernel_second_moment")).coefficient_of_L(2).design_order == 4


@st.composite
def moments(draw: st.DrawFn, ensembles: Sequence[str] = WITH_BLOCK) -> Expression:
    ensemble, generators = draw(st.sampled_from(ensembles)), draw(st.sampled_from(["pauli", "general"]))
    circuit = Circuit(ensemble, "pauli" if ensemble.startswith("prl") else generators)
    z, indices = circuit.output(), dict(zip("lm", hq.layer_indices("l m"), strict=True))
    # three derivatives of one kind would be −4 times one, for Pauli generators and at D = 2 for all
    names = st.lists(st.sampled_from("llm"), max_size=2)
    factors = draw(st.lists(names, min_size=1, max_size=3))
    assume(sum(map(len, factors)) <= 5)
    copies: list[Expression] = [z.d(*(indices[name] for name in row)) if row else z for row in factors]
    expression = reduce(mul, copies)
    used = sorted({name for row in factors for name in row})
    return hq.sum_over(expression, *(indices[name] for name in used)) if used else expression


@given(moments())
def test_the_order_of_any_moment_suffices_and_is_necessary(expression: Expression) -> None:
    f = hq.mean(expression)
    assert f.design_order == max(design_orders(expression).values())
    check_order(expression, f.design_order)


@given(moments(["prl_ansatz"]))
def test_without_the_input_block_the_order_is_that_of_the_other_segments(expression: Expression) -> None:
    """S_L = 1, and S_0, …, S_(L−1) are designs; a moment that sees the input block has no order."""
    try:
        f = hq.mean(expression)
    except InputError as refusal:
        assert "has no Haar block on the input side, and this moment sees that" in str(refusal)  # noqa: PT017
        return
    check_order(expression, f.design_order)


@pytest.mark.parametrize("name", ["gradient_variance", "kernel_mean"])
def test_the_order_of_the_named_formulas_without_the_input_block(name: str) -> None:
    circuit = Circuit("prl_ansatz")
    (l,) = hq.layer_indices("l")
    square = circuit.output().d(l) ** 2
    for L in (1, 2, 3):
        check_order(hq.sum_over(square, l), of(hq.formula(name, ensemble="prl_ansatz")).design_order, L=L)
