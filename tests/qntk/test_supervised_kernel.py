"""The mean supervised kernel: bilinear in the observables, linear in the overlap, the kernel on its diagonal."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import qutip
from hypothesis import given, settings
from hypothesis import strategies as st
from shortcuts import closed_form
from strategies import Pair, bases, even_dimensions, pairs, problems, rationals

if TYPE_CHECKING:
    from strategies import Problem


def supervised(D: int, L: int, **arguments: Any) -> Fraction | float:
    return closed_form("supervised_kernel_mean").at(D=D, L=L, **arguments)


def product_trace(pair: Pair) -> Fraction:
    return sum((x * y for x, y in zip(*pair.spectra, strict=True)), Fraction(0))


@given(pairs())
def test_the_value_is_the_closed_form_of_the_paper(pair: Pair) -> None:
    first, second = map(sum, pair.spectra)
    D, L = pair.D, pair.L
    expected = (
        2 * L * (D * pair.overlap - 1) * (D * product_trace(pair) - first * second) / Fraction(D**2 - 1) ** 2
    )
    assert supervised(D, L, spectrum=pair.spectra, overlap=pair.overlap) == expected


@given(problems())
def test_equal_inputs_and_one_observable_give_the_mean_kernel(problem: Problem) -> None:
    expected = closed_form("kernel_mean").at(D=problem.D, L=problem.L, spectrum=problem.spectrum)
    assert supervised(problem.D, problem.L, spectrum=problem.spectrum, overlap=1) == expected


@given(pairs(), rationals())
def test_it_is_symmetric_and_blind_to_constants(pair: Pair, c: Fraction) -> None:
    value = supervised(pair.D, pair.L, spectrum=pair.spectra, overlap=pair.overlap)
    first, second = pair.spectra
    assert supervised(pair.D, pair.L, spectrum=(second, first), overlap=pair.overlap) == value
    shifted = tuple(x + c for x in first)
    assert supervised(pair.D, pair.L, spectrum=(shifted, second), overlap=pair.overlap) == value


@given(pairs(), rationals(), rationals())
def test_it_is_linear_in_each_observable(pair: Pair, a: Fraction, b: Fraction) -> None:
    first, second = pair.spectra
    combined = tuple(a * x + b * y for x, y in zip(first, second, strict=True))
    where: dict[str, Any] = {"D": pair.D, "L": pair.L, "overlap": pair.overlap}
    assert supervised(spectrum=(combined, second), **where) == (
        a * supervised(spectrum=(first, second), **where) + b * supervised(spectrum=(second, second), **where)
    )


@given(pairs())
def test_traces_give_what_the_spectra_give(pair: Pair) -> None:
    where: dict[str, Any] = {"D": pair.D, "L": pair.L, "overlap": pair.overlap}
    traces = {"T_O1": sum(pair.spectra[0]), "T_O2": sum(pair.spectra[1]), "T_O1O2": product_trace(pair)}
    assert supervised(traces=traces, **where) == supervised(spectrum=pair.spectra, **where)
    one = pair.spectra[0]
    powers = [sum(one), sum(x * x for x in one)]
    assert supervised(traces=powers, **where) == supervised(spectrum=one, **where)


@settings(max_examples=15)
@given(st.data(), even_dimensions)
def test_observables_in_any_basis_give_the_float(data: st.DataObject, D: int) -> None:
    spectra = [data.draw(st.lists(st.integers(-9, 9), min_size=D, max_size=D)) for _ in range(2)]
    V = data.draw(bases(D))
    matrices = [(V * spectrum) @ V.conj().T for spectrum in spectra]
    expected = supervised(D, 3, spectrum=spectra, overlap=Fraction(1, 3))
    for given_as in (tuple(matrices), [qutip.Qobj(matrix) for matrix in matrices]):
        value = supervised(D, 3, observable=given_as, overlap=Fraction(1, 3))
        assert type(value) is float
        assert value == pytest.approx(float(expected), rel=1e-12, abs=1e-12)
    value = supervised(D, 3, observable=matrices[0], overlap=1)
    assert value == pytest.approx(
        float(supervised(D, 3, spectrum=spectra[0], overlap=1)), rel=1e-12, abs=1e-12
    )


def test_observables_without_a_common_basis_enter_by_the_trace_of_their_product() -> None:
    X, Z = qutip.sigmax(), qutip.sigmaz()
    assert supervised(2, 1, observable=(X, Z), overlap=1) == 0
    assert supervised(2, 1, observable=(X + Z, Z), overlap=1) == pytest.approx(8 / 9, rel=1e-14)


@pytest.mark.parametrize("as_list", [False, True])
def test_one_observable_of_one_qubit_is_no_pair(as_list: bool) -> None:  # noqa: FBT001
    Z = np.diag([1, -1])
    assert supervised(2, 1, observable=Z.tolist() if as_list else Z, overlap=1) == pytest.approx(
        8 / 9, rel=1e-14
    )
