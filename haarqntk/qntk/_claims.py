"""Published formulas, the data of ``published.toml``, with their source, and the referee's verdict on each.

The angle convention is that of this library, e^{iθX}. [NC] uses e^{−iθX/2}: its K is 4 times, its μ 16 times
smaller, which each entry undoes explicitly.

The formulas for E[εμ] are those of the code that the authors of [NC] published with it (the file
``qntk_theory.py`` of the repository bzGit06/QNN-dynamics, as of commit 1f26802), written out here in T_j; the
supplement of the paper, and the text of [PRL] (17), were not available.

Reference: liu2023, zhang2024, you2023.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from haarqntk.algebra import Trace, TracePolynomial, expectation_of_power, symbol
from haarqntk.base import LazyModule
from haarqntk.circuits import Circuit
from haarqntk.qntk._catalogue import closed_form, formulas
from haarqntk.qntk._formula import Formula, substituted
from haarqntk.qntk._moments import parse_closed_form, parse_moment
from haarqntk.qntk._referee import ALWAYS_KNOWN, ClaimCheck, check_formula

sympy = LazyModule("sympy")


@dataclass(frozen=True, slots=True)
class PublishedClaim:
    """A formula as published.

    Attributes:
        label: Source and equation.
        formula: What it is about: the name of an exact formula, or a moment in the grammar of ``moment``.
        claim: The closed form, in the grammar of ``check_claim``, for the square where a root is published.
        published: How the paper writes it, in LaTeX.
        ensemble: The ensemble that the exact result is taken under.
        family: The observables that illustrate the ratio: "pauli_string" or "projector" (of rank one).
        centred: Whether the source writes it for Tr O = 0, leaving T_1 out.
        over: The power of E[K] that the mean is divided by, on both sides.
        quantity: What ``montecarlo`` simulates for it; by default ("") the quantity of the formula's name.
        D: The dimension at which it is simulated.
        L: The number of layers there.
        times: How many times the usual number of samples its law takes there.
        method: The route of the simulation.
        note: One sentence: what the comparison means.
    """

    label: str
    formula: str
    claim: str
    published: str
    ensemble: str = "segments"
    family: str = "pauli_string"
    centred: bool = False
    over: int = 0
    quantity: str = ""
    D: int = 16
    L: int = 10
    times: int = 1
    method: str = "batched"
    note: str = ""


def _published() -> tuple[PublishedClaim, ...]:
    """The claims of ``published.toml``, where a name in braces stands for one of its terms."""
    data = tomllib.loads(files("haarqntk.qntk").joinpath("published.toml").read_text(encoding="utf-8"))
    terms: dict[str, str] = {}
    for name, text in data["terms"].items():
        terms[name] = text.format_map(terms)
    return tuple(
        PublishedClaim(**row | {key: row[key].format_map(terms) for key in ("formula", "claim")})
        for row in data["claim"]
    )


PUBLISHED_CLAIMS = _published()


def exact_numerator(claim: PublishedClaim) -> Formula:
    """The exact formula of the claim; of its numerator, where the claim is a mean over a power of E[K].

    Examples:
        >>> from haarqntk.qntk import PUBLISHED_CLAIMS
        >>> print(exact_numerator(PUBLISHED_CLAIMS[0]))
        2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
    """
    if claim.formula in formulas():
        exact = closed_form(claim.formula, claim.ensemble)
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
    names = (*ALWAYS_KNOWN, *exact.symbols, *mean.symbols)
    expression = parse_closed_form(claim.claim, list(dict.fromkeys(names))) * mean.to_sympy() ** claim.over
    if sympy.fraction(sympy.together(expression))[1].free_symbols - {symbol("D")}:
        expression = sympy.cancel(expression)  # slow, and without need where equal factors met
    return check_formula(exact, expression, centred=claim.centred)


def kernel_mean_of(claim: PublishedClaim) -> Formula:
    """The exact E[K] in the claim's ensemble and for its observables."""
    return _for_observables_of(claim, closed_form("kernel_mean", claim.ensemble))


def _for_observables_of(claim: PublishedClaim, value: Formula) -> Formula:
    """Claims about a kept state are about projectors of rank one: ⟨P^j⟩ = ⟨P⟩ = m1 and Tr P = 1."""
    if claim.ensemble != "generator_average":
        return value
    first, *others = map(expectation_of_power, (1, 2, 3))
    equal = dict.fromkeys(others, TracePolynomial.variable(first))
    return substituted(value, equal | {Trace(("O",)): TracePolynomial.constant(1)})
