from __future__ import annotations

import re
from fractions import Fraction
from functools import reduce
from math import prod
from operator import matmul
from typing import Any

import pytest
import sympy
from planar_limit import kreweras_complement, planar_limit

import haarqntk as hq
from haarqntk.errors import CostError, InputError, UnknownNameError

U, V = hq.haar_unitary("U"), hq.haar_unitary("V")
A, B = hq.matrices("A B")


def leading_by_weingarten(left: str, right: str) -> dict[Any, Fraction]:
    """The first term of the series of E tr[U A1 U† B1 …], as words."""
    names = sorted({*left, *right})
    matrices = dict(zip(names, hq.matrices(" ".join([*names, "unused"])), strict=False))
    word = reduce(matmul, (U @ matrices[a] @ U.H @ matrices[b] for a, b in zip(left, right, strict=True)))
    ((power, entries),) = hq.expect(hq.tr(word) / hq.D).series(order=1).terms
    assert power == 0
    found = {}
    for monomial, c in entries:
        words = []
        for component, exponent in monomial:
            letters = [letter.name for letter, _ in component.word]
            if component.word[0][1]:  # read transposed, from right to left
                letters.reverse()
            words += [min(tuple(letters[i:] + letters[:i]) for i in range(len(letters)))] * exponent
        found[tuple(sorted(words))] = c
    return found


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("A", "B"),
        ("AA", "BB"),
        ("AC", "BE"),
        ("AAA", "BBB"),
        ("ACF", "BEG"),
        ("ACAC", "BEGB"),
        ("AAAAA", "BBBBE"),
    ],
)
def test_the_leading_term_is_the_sum_over_noncrossing_partitions(left: str, right: str) -> None:
    assert leading_by_weingarten(left, right) == planar_limit(left, right)


def test_the_fourth_moment_of_free_projectors() -> None:
    """tr (P U Q U†)² of free projectors of trace 1/2: both are Bernoulli, and the product has moment 3/16."""
    value = sum(c * Fraction(1, 2 ** len(traces)) for traces, c in planar_limit("AA", "BB").items())
    assert value == Fraction(1, 2) ** 3 + Fraction(1, 2) ** 3 - Fraction(1, 2) ** 4


@pytest.mark.parametrize("k", range(1, 6))
def test_kreweras_complements_of_all_partitions_are_all_partitions(k: int) -> None:
    from haarqntk.combinatorics import noncrossing_partitions  # noqa: PLC0415

    every = set(noncrossing_partitions(k))
    assert {tuple(sorted(kreweras_complement(pi, k))) for pi in every} == every
    assert all(len(pi) + len(kreweras_complement(pi, k)) == k + 1 for pi in every)


def test_what_a_series_says() -> None:
    square = hq.expect(hq.tr(U @ A @ U.H @ B) ** 2)
    assert str(square.series(order=1)) == "(Tr(A)/D)**2*(Tr(B)/D)**2*D**2 + O(D**1)"
    assert str(square.series(order=1, scaling="fixed")) == (
        "Tr(A)**2*Tr(B)**2/D**2 + Tr(A^2)*Tr(B^2)/D**2 + O(D**-3)"
    )
    assert str(hq.expect(hq.tr(U @ U @ U.H @ U.H)).series()) == "D"  # exact
    assert hq.expect(hq.tr(U)).series().terms == ()
    assert hq.expect((U[0, 0] * U[0, 0].conj()) ** 2).series(order=3).latex() == (
        r"\frac{2}{D^{2}} - \frac{2}{D^{3}} + \frac{2}{D^{4}} + O\left(D^{-5}\right)"
    )
    P = hq.matrices("P", projector=True, rank_one=True)
    assert str(hq.expect(hq.tr(U @ P @ U.H @ A)).series(order=1)) == "(Tr(A)/D)"


@pytest.mark.parametrize("dimension", ["D", "d"])
@pytest.mark.parametrize(
    "text",
    [
        "tr(U A U^H B)",
        "tr(U A U^H B) tr(A) + 3 tr(B)^2 - tr(A B)",
        "<psi|A|psi> tr(A B)^2",
        "tr(U A U^H U1 B U1^H)^1 tr(A^3)",
    ],
)
def test_a_normalised_trace_is_written_as_a_ratio(text: str, dimension: str) -> None:
    """Tr(A) means the trace, in text, SymPy and exact functions: an exact series has the value of the integral."""
    integral = hq.expect(hq.parse_integrand(text, dims=dimension))
    series = integral.series(order=20)
    assert series.remainder is None
    traces = sorted({name for monomial in integral.terms for name, _ in integral.factors_of(monomial)})
    values = dict(zip(traces, (3, 5, 7, 11), strict=False))
    size = 13
    whole = sum(
        (
            c.at({dimension: size}) * prod(values[name] ** e for name, e in integral.factors_of(monomial))
            for monomial, c in integral.terms.items()
        ),
        start=Fraction(0),
    )
    written = re.sub(r"Tr\([^)]*\)", lambda found: str(values[found[0]]), str(series))
    assert sympy.sympify(written).subs(dimension, size) == whole
    known = values | {dimension: size}
    assert series.to_sympy().subs([(s, known[s.name]) for s in series.to_sympy().free_symbols]) == whole
    assert series.function().at(known) == whole
    ratios = re.findall(r"\\frac\{\\operatorname\{Tr\}\\left\([^)]*\\right\)\}\{(\w)\}", series.latex())
    assert set(ratios) == {dimension}
    assert len(ratios) == series.latex().count("Tr") == hq.latex(series).count("Tr")


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("scaling", ["normalised", "fixed"])
def test_the_remainder_has_its_order(order: int, scaling: str) -> None:
    """(value − series)·D^{−r} stays bounded: at traces fixed as told, exact, at two large dimensions."""
    integral = hq.expect(hq.tr(U @ A @ U.H @ B @ U @ A @ U.H @ B) * hq.tr(U @ A @ U.H @ B))
    series = integral.series(order=order, scaling=scaling)
    assert series.remainder is not None
    power = {"normalised": 1, "fixed": 0}[scaling]

    def scaled_rest(D: int) -> Fraction:
        whole = sum(c.at({"D": D}) * D ** (power * sum(e for _, e in m)) for m, c in integral.terms.items())
        kept = sum(c * Fraction(D) ** p for p, entries in series.terms for _, c in entries)
        assert series.remainder is not None
        return Fraction(whole - kept) / Fraction(D) ** series.remainder

    assert abs(scaled_rest(10**6)) <= 2 * abs(scaled_rest(10**5)) + 1


def test_what_has_no_series_says_why() -> None:
    M = hq.matrices("M", dims=("D", "D"))
    with pytest.raises(InputError, match="scalar"):
        hq.expect(U @ A @ U.H).series()
    with pytest.raises(InputError, match="needs one tensor factor, got Tr"):
        hq.expect(hq.tr(M)).series()
    W = hq.haar_unitary("W", dims=("d1", "d2"))
    with pytest.raises(InputError, match="one symbolic dimension, got d1, d2; specialise"):
        hq.expect(W[(0, 0), (0, 0)] * W[(0, 0), (0, 0)].conj()).series()
    fixed = hq.haar_unitary("U", dims=4)
    with pytest.raises(InputError, match="one symbolic dimension, got none; leave dims out"):
        hq.expect(hq.tr(fixed) * hq.tr(fixed).conj()).series()
    with pytest.raises(UnknownNameError, match="scaling"):
        hq.expect(hq.tr(U)).series(scaling="none")
    with pytest.raises(CostError, match="largest order is 200"):
        hq.expect(hq.tr(U)).series(order=201)
    with pytest.raises(CostError, match="k = 9"):
        planar_limit("A" * 9, "B" * 9)
    with pytest.raises(InputError, match="equally many"):
        planar_limit("A", "BB")
