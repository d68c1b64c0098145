"""An integral as text and as data."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

import pytest

import haarqntk as hq
from haarqntk.export import integral_record, range_of_integral
from haarqntk.groups import weingarten


def value(terms: list[Any], at: dict[str, int]) -> Fraction:
    """A polynomial of the record at integers."""
    return sum(
        (Fraction(c) * prod(at[name] ** e for name, e in powers.items()) for c, powers in terms), Fraction(0)
    )


@pytest.mark.parametrize(
    ("integral", "told"),
    [
        (hq.expect(hq.parse_integrand("tr(U A U^H B)^3")), "closed form for D ≥ 3"),
        (hq.expect(hq.parse_integrand("<psi|A|psi>^3")), "closed form for every dimension"),
        (
            hq.expect(hq.haar_symplectic("S")[0, 0] * hq.haar_symplectic("S")[1, 1]),
            "closed form for even D ≥ 4",
        ),
        (hq.expect(hq.haar_orthogonal("O")[0, 0] ** 4), "closed form for D ≥ 2"),
        (
            hq.expect(hq.tr(hq.haar_unitary("U", dims=("a", 2)) @ hq.matrices("A", dims=("a", 2)))),
            "closed form for every",
        ),
        (hq.expect(hq.parse_integrand("|tr(U A)|^2", dims=("a", 2))), "closed form for a*2 ≥ 1"),
        (hq.expect(hq.parse_integrand("U[4, 0] U[4, 0]^*")), "closed form for D ≥ 5"),
        (hq.expect(hq.tr(hq.haar_unitary("U", dims=3))), "exact at dimension 3"),
        (hq.expect(hq.tr(hq.haar_unitary("U", dims=(2, 3)))), "exact at dimension 2 x 3"),
        (hq.expect(hq.parse_integrand("|tr(U)|^6")).specialise(D=2), "exact at D = 2"),
    ],
)
def test_the_range_is_told(integral: hq.Integral, told: str) -> None:
    assert range_of_integral(integral).startswith(told)


@pytest.mark.parametrize("k", [2, 3])
def test_the_closed_form_of_a_symplectic_integral_fails_just_below_the_range(k: int) -> None:
    """The range is sharp: the denominators of the functions of degree k vanish at D = 2k − 2 and at no even D above."""
    table = hq.weingarten_table(k, group="symplectic")
    zeros = {
        d
        for d in range(2, 4 * k, 2)
        for w in table.values()
        if not sum(c * d**i for i, c in enumerate(w.value.denominator))
    }
    assert max(zeros) == 2 * k - 2


def test_the_weights_of_a_record_add_up_to_its_coefficient() -> None:
    record = integral_record("", hq.expect(hq.parse_integrand("tr(U A U^H B)^2")))
    for n in (2, 3, 5):
        for term in record["terms"]:
            total = Fraction(0)
            for part in term["weights"]:
                scale = value(part["numerator"], {"D": n}) / value(part["denominator"], {"D": n})
                classes = [tuple(factor["classes"][0]) for factor in part["factors"]]
                total += (
                    scale
                    * prod((weingarten(mu).at(n) for mu in classes), start=Fraction(1))
                    * n ** len(part["loops"])
                )
            assert total == value(term["numerator"], {"D": n}) / value(term["denominator"], {"D": n})
