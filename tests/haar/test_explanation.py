from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from strategies import small_integrands

import haarqntk as hq
from haarqntk.errors import CostError, InputError, UnknownNameError

if TYPE_CHECKING:
    from pathlib import Path

U, V = hq.haar_unitary("U"), hq.haar_unitary("V")
A, B, C = hq.matrices("A B C")
SQUARE = hq.tr(U @ A @ U.H @ B) ** 2
GATE = hq.kron(hq.haar_unitary("W", dims="d1"), hq.identity("d2"))
M, N = hq.matrices("M N", dims=("d1", "d2"))

INTEGRANDS = {
    "square": SQUARE,
    "cube, with orbits": hq.tr(U @ A @ U.H @ B) ** 3,
    "a long word": hq.tr(U @ A @ U.H @ B @ U @ B @ U.H @ C @ U @ C @ U.H @ A),  # knows σ from its inverse
    "sides joined": hq.tr(U @ U @ A @ U.H @ U.H @ B),
    "power sums": (hq.tr(U) * hq.tr(U).conj()) ** 2,
    "entries": U[0, 0] * U[1, 1] * U[0, 1].conj() * U[1, 0].conj(),
    "sum": 2 * SQUARE - 3 * hq.tr(U @ A) * hq.tr(U @ A).conj() / hq.D,
    "two unitaries": hq.tr(U @ A @ V @ B @ U.H @ V.H),
    "operator": U @ A @ U.H @ B @ U @ A @ U.H,
    "gate": hq.tr(GATE @ M @ GATE.H @ N) ** 2,
}


@given(small_integrands())
def test_the_definition_and_the_fast_route_agree(integrand: Any) -> None:
    fast, slow = (hq.expect(integrand, method=method) for method in ("orbits", "definition"))
    assert fast == slow
    D = fast.least.get("D", 2)  # where that is below the number of copies, the pseudo-inverse takes over
    assert fast.specialise(D=D) == slow.specialise(D=D)


@pytest.mark.parametrize("name", sorted(INTEGRANDS))
def test_the_rows_add_up_to_the_integral(name: str) -> None:
    integral = hq.expect(INTEGRANDS[name])
    explained = integral.explain()
    assert explained.is_complete
    assert explained.terms == integral.terms
    assert hq.expect(INTEGRANDS[name], method="definition") == integral


@pytest.mark.parametrize(
    ("integrand", "num_rows"),
    [
        (SQUARE, 4),
        (hq.tr(U @ A @ U.H @ B) ** 3, 36),
        (hq.haar_orthogonal("R")[0, 0] ** 4, 9),
        (hq.haar_state("psi").expectation(A) ** 3, 6),
        (hq.tr(U), 0),
    ],
)
def test_every_pair_is_listed_not_one_of_each_orbit(integrand: Any, num_rows: int) -> None:
    explained = hq.expect(integrand).explain()
    assert len(explained.rows) == explained.num_rows == num_rows


def test_beyond_three_pairs_of_copies_the_first_rows_stand_for_all() -> None:
    explained = hq.expect(hq.tr(U @ A @ U.H @ B) ** 4).explain()
    assert (len(explained.rows), explained.num_rows, explained.is_complete) == (36, 576, False)
    text = str(explained)
    assert text.startswith("the first 36 of 576 pairs of gluings")
    assert max(map(len, text.splitlines())) <= 80
    summed = sum(found.sum_to_sympy() * weight_of(found) for found in explained.classes)
    whole = hq.expect(hq.tr(U @ A @ U.H @ B) ** 4).terms
    assert summed.subs(dict.fromkeys(summed.free_symbols, 7)) == sum(
        c.at({"D": 7}) * 7 ** sum(e for _, e in monomial) for monomial, c in whole.items()
    )


def weight_of(found: Any) -> Any:
    total = 1
    for weight in found.weights:
        total = total * weight.generic().to_sympy()
    return total


def test_what_a_row_says() -> None:
    rows = hq.expect(SQUARE).explain().rows
    assert [(*row.left, *row.right, row.weights[0].classes, row.became) for row in rows] == [
        ("id", "id", ((1, 1),), "Tr(A)**2*Tr(B)**2"),
        ("id", "(0 1)", ((2,),), "Tr(A^2)*Tr(B)**2"),
        ("(0 1)", "id", ((2,),), "Tr(A)**2*Tr(B^2)"),
        ("(0 1)", "(0 1)", ((1, 1),), "Tr(A^2)*Tr(B^2)"),
    ]
    paired = hq.expect(hq.haar_orthogonal("R")[0, 0] ** 4).explain().rows
    assert [row.left for row in paired[::3]] == [("{01 23}",), ("{02 13}",), ("{03 12}",)]
    symplectic = hq.haar_symplectic("S")
    signs = [
        row.factor.at({}) for row in hq.expect(hq.tr(symplectic @ A @ symplectic.T @ B) ** 2).explain().rows
    ]
    assert set(signs) == {-1, 1}


@pytest.mark.parametrize("name", sorted(INTEGRANDS))
def test_tables_and_drawings(name: str, tmp_path: Path) -> None:
    explained = hq.expect(INTEGRANDS[name]).explain()
    assert max(map(len, str(explained).splitlines())) <= 80
    assert explained.latex().count(r"\\") == len(explained.rows) + 1
    assert explained._repr_html_().count("<tr>") == len(explained.rows) + 1
    explained.save(tmp_path / "drawing.svg")
    root = ET.fromstring((tmp_path / "drawing.svg").read_text(encoding="utf-8"))  # noqa: S314 - our own
    assert float(root.get("width", "0")) <= 380
    arcs = [path for path in root.iter("{http://www.w3.org/2000/svg}path") if path.get("class") == "s"]
    if name == "square":
        assert len(arcs) == 4 * 2


def test_what_cannot_be_explained_says_why() -> None:
    with pytest.raises(InputError, match="got one at fixed dimensions"):
        hq.expect(SQUARE).specialise(D=3).explain()
    with pytest.raises(CostError, match="518400 pairs, the largest number is 20000"):
        hq.expect(hq.tr(U @ A @ U.H @ B) ** 6, method="definition")
    with pytest.raises(UnknownNameError, match="method"):
        hq.expect(SQUARE, method="fast")
