"""Published claims about ratios, about εμ and about kept states: what follows from what, and wrong ones refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sympy

import haarqntk as hq
from haarqntk.qntk import PUBLISHED_CLAIMS, PublishedClaim, check_published, parse_closed_form

D, T1, T2 = hq.D, hq.T(1), hq.T(2)
sigma, O1, O2, O12, target = (sympy.Symbol(x, real=True) for x in ("sigma", "T_O1", "T_O2", "T_O1O2", "O_0"))
SAME, DIFFERENT = "[NC] E[εμ], l = m", "[NC] E[εμ], l ≠ m"
RATIOS = ["[NC] λ", "[NC] ζ", "[NC] restricted Haar, λ", "[NC] restricted Haar, ζ"]


def published(label: str) -> PublishedClaim:
    (claim,) = (claim for claim in PUBLISHED_CLAIMS if claim.label == label)
    return claim


def closed_form(label: str) -> Any:
    names = ["D", "L", "T1", "T2", "T3", "T4", "n", "sigma", "T_O1", "T_O2", "T_O1O2", "O_0"]
    return parse_closed_form(published(label).claim, names)


@pytest.mark.parametrize("label", RATIOS)
def test_a_wrong_ratio_is_refused(label: str) -> None:
    claim = published(label)
    check = check_published(replace(claim, claim=f"2*({claim.claim})"))
    assert (check.verdict, check.first_difference, check.is_exact) == ("different", 0, True)
    assert sympy.simplify(check.ratio - sympy.Rational(1, 2)) == 0


def test_the_restricted_terms_are_the_parts_with_different_and_with_equal_layers() -> None:
    """Of [NC]'s λ at fixed f: the first term is l ≠ m, the second l = m; full angle, hence the 4."""
    claim = published("[NC] restricted Haar, λ")
    different, same = "4*(L-1)*D*(1-2*m1)/(4*(D^2-1))", "-4*(D+2)*((D+2)*m1-2)/(2*D*(D+3))"
    diagonal = "sum(d(l,l)*d(l)^2, l)"
    for formula, term in ((f"mu - {diagonal}", different), (diagonal, same)):
        assert check_published(replace(claim, formula=formula, claim=term)).verdict == "equal"
        assert check_published(replace(claim, formula=formula, claim=f"-({term})")).verdict == "different"


def test_the_diagonal_part_of_the_code_sees_a_constant_in_the_observable() -> None:
    """At O = 1, T_j = D, all derivatives vanish, and so does any product with one. That of the code does not."""
    ones = dict.fromkeys((hq.T(j) for j in range(1, 5)), D)
    at_one = {
        label: sympy.simplify(closed_form(label).subs(ones)) for label in (SAME, DIFFERENT, "[NC] −E[g⁴]/3")
    }
    assert [label for label, value in at_one.items() if value != 0] == [SAME]
    bottoms = {label: sympy.denom(sympy.together(closed_form(label))) for label in at_one}
    assert [label for label, bottom in bottoms.items() if 0 in (bottom.subs(D, 2), bottom.subs(D, 3))] == [
        SAME
    ]


def test_a_claim_about_the_residual_is_compared_at_every_target() -> None:
    claim = published(DIFFERENT)
    assert target in closed_form(DIFFERENT).free_symbols
    without = replace(claim, claim=claim.claim.replace("O_0", "0"))
    assert check_published(without).verdict == "different"


def test_the_mean_supervised_kernel_follows_from_its_eigenvalue() -> None:
    """[PRL] (21) at |A| = 1 and 2 fixes a mean that is linear in σ and bilinear in the observables."""
    n = sympy.Symbol("n", integer=True, positive=True)
    one, two = (closed_form("[PRL] (21)").subs(n, k) for k in (1, 2))
    off_diagonal = two - one
    one_observable = off_diagonal + sigma * (one - off_diagonal)
    u, v, uu, uv, vv = sympy.symbols("u v uu uv vv")  # Tr O_1, Tr O_2, Tr O_1², Tr O_1O_2, Tr O_2²
    pairs = ((u + v, uu + 2 * uv + vv), (u, uu), (v, vv))
    both, first, second = (one_observable.subs({T1: x, T2: y}) for x, y in pairs)
    polarised = ((both - first - second) / 2).subs({u: O1, v: O2, uv: O12})
    assert sympy.simplify(polarised - closed_form("[PRL] (17)")) == 0
