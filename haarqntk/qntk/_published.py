"""The exact side of a published claim, and the referee's verdict on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from haarqntk._lazy import LazyModule
from haarqntk.algebra import TracePolynomial, symbol
from haarqntk.circuits import Circuit
from haarqntk.qntk._catalogue import formula, formulas
from haarqntk.qntk._eigenvalues import EigenvalueFormula
from haarqntk.qntk._formula import Formula
from haarqntk.qntk._grammar import parse_closed_form, parse_moment
from haarqntk.qntk._referee import ClaimCheck, check_formula

if TYPE_CHECKING:
    from haarqntk.qntk._claims import PublishedClaim

sympy = LazyModule("sympy")


def exact_numerator(claim: PublishedClaim) -> Formula:
    """The exact formula of the claim; of its numerator, where the claim is a mean over a power of E[K].

    Examples:
        >>> from haarqntk.qntk import PUBLISHED_CLAIMS
        >>> print(exact_numerator(PUBLISHED_CLAIMS[0]))
        2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
    """
    if claim.formula in formulas():
        value = formula(claim.formula, ensemble=claim.ensemble)
        exact = value.uniform if isinstance(value, EigenvalueFormula) else value
    else:
        exact = parse_moment(claim.formula, Circuit(claim.ensemble))
    return _for_observables_of(claim, exact)


def check_published(claim: PublishedClaim) -> ClaimCheck:
    """The referee's verdict; a ratio is compared by its numerator, both sides times the exact E[K]^over.

    Examples:
        >>> from haarqntk.qntk import PUBLISHED_CLAIMS
        >>> check_published(PUBLISHED_CLAIMS[0]).verdict
        'different'
    """
    exact = exact_numerator(claim)
    if not claim.over:
        return check_formula(exact, claim.claim, centred=claim.centred)
    mean = kernel_mean_of(claim)
    names = dict.fromkeys(["D", "L", *(f"T{j}" for j in range(1, 7)), *exact.symbols, *mean.symbols])
    expression = parse_closed_form(claim.claim, list(names)) * mean.to_sympy() ** claim.over
    if sympy.fraction(sympy.together(expression))[1].free_symbols - {symbol("D")}:
        expression = sympy.cancel(expression)  # slow, and without need where equal factors met
    return check_formula(exact, expression, centred=claim.centred)


def kernel_mean_of(claim: PublishedClaim) -> Formula:
    """The exact E[K] in the claim's ensemble and for its observables."""
    mean = formula("kernel_mean", ensemble=claim.ensemble)
    if not isinstance(mean, Formula):
        raise TypeError("kernel_mean is one closed form")  # cannot happen; narrows the type
    return _for_observables_of(claim, mean)


def _for_observables_of(claim: PublishedClaim, value: Formula) -> Formula:
    """Claims about a kept state are about projectors of rank one: ⟨P^j⟩ = ⟨P⟩ = m1 and Tr P = 1."""
    if claim.ensemble != "generator_average":
        return value
    m1 = TracePolynomial.variable("m1")
    at = {"m2": m1, "m3": m1, "T1": TracePolynomial.constant(1)}
    derive = value.derive
    return replace(
        value,
        polynomial=value.polynomial.substitute(at),
        derive=lambda dimension: derive(dimension).substitute(at),
    )
