"""The referee: a claimed closed form against the exact one, as D → ∞ and at the smallest dimensions.

A claim that is a polynomial in L, traces and overlaps over Q(D) is compared exactly. Any other closed form
(with roots, say) is compared at large D to 60 digits, which can refute it and can only support it.

Published formulas are the data of ``published.toml``, with their source. The angle convention is that of this library,
e^{iθX}. [NC] uses e^{−iθX/2}: its K is 4 times, its μ 16 times smaller, which each entry undoes explicitly. The
formulas for E[εμ] are those of the code that the authors of [NC] published with it (the file ``qntk_theory.py`` of the
repository bzGit06/QNN-dynamics, as of commit 1f26802), written out here in T_j; the supplement of the paper, and the
text of [PRL] (17), were not available.

Reference: liu2023, zhang2024, you2023.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.resources import files
from math import lcm
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import (
    DEPTH,
    Trace,
    TracePolynomial,
    as_power,
    common_denominator,
    expectation_of_power,
    in_brackets,
    latex_of,
    read_symbol,
    scaling_exponents,
    series_of,
    symbol,
)
from haarqntk.base import LazyModule, Shown
from haarqntk.checks import flag, one_of
from haarqntk.circuits import ENSEMBLES, Circuit
from haarqntk.errors import CostError, InputError
from haarqntk.qntk._catalogue import closed_form, formulas
from haarqntk.qntk._counterexample import Counterexample, smallest_counterexample, value_of
from haarqntk.qntk._formula import Formula, substituted
from haarqntk.qntk._grammar import claimed_polynomial, parse_moment, read_claim, refuse_unusable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk.algebra import Power

sympy = LazyModule("sympy")

_DIGITS = 60
_BITS = (20, 24, 28)  # of the D at which a claim with roots is compared
_MOST_STEPS = 60  # of a relative order in 1/D: numbers of 60 times as many digits
_RELATIONS = {"equal": "=", "equal at leading order": r"\sim", "different": r"\neq"}
VERDICTS = tuple(_RELATIONS)


@dataclass(frozen=True, slots=True, repr=False)
class ClaimCheck(Shown):
    """What the referee finds.

    Attributes:
        verdict: "equal", "equal at leading order" or "different".
        name: The exact formula.
        ensemble: The ensemble of the exact formula.
        claim: The claim as a SymPy expression.
        ratio: The limit D → ∞ of exact/claimed at fixed L, a SymPy expression; None if the claim
            is zero, or if it rests on numbers and is no constant.
        first_difference: The first relative order in 1/D that differs, exact, a Fraction where it is no integer; 0 for
            "different", None for "equal".
        counterexample: The smallest D, L and spectrum where the two differ; None if they are equal.
        is_exact: Whether the comparison is a proof; False if it rests on numbers to 60 digits.
    """

    verdict: str
    name: str
    ensemble: str
    claim: Any
    ratio: Any
    first_difference: Power | None
    counterexample: Counterexample | None
    is_exact: bool

    def __post_init__(self) -> None:
        """Check the names, and that the order is one."""
        one_of("verdict", self.verdict, VERDICTS)
        one_of("ensemble", self.ensemble, ENSEMBLES)
        if self.first_difference is not None and self.first_difference < 0:
            raise InputError(f"first_difference must be an order ≥ 0, got {self.first_difference}")

    def latex(self) -> str:
        """The exact formula's name against the claim, in LaTeX."""
        name = self.name.replace("_", " ")
        return rf"\text{{{name}}} {_RELATIONS[self.verdict]} {latex_of(self.claim)}"

    def facts(self) -> dict[str, str]:
        """The verdict with its evidence, for a notebook."""
        first, *others = str(self).splitlines()
        return {"verdict": first} | {f"evidence {i}": line.strip() for i, line in enumerate(others, start=1)}

    def __str__(self) -> str:
        lines = [f"{self.name} ({self.ensemble}): {self.verdict}"]
        if self.verdict == "equal at leading order":
            order = self.first_difference
            where = "beyond 60 digits"
            if order is not None:
                where = f"1/D**{in_brackets(order)} relative to the leading one"
            lines.append(f"  the first order that differs: {where}")
        elif self.verdict == "different":
            limit = self.ratio
            if limit is None:
                is_zero = self.claim == 0
                limit = "undefined, the claim is zero" if is_zero else "it depends on L or on the traces"
            lines.append(f"  exact/claimed as D → ∞ at fixed L: {limit}")
        if self.counterexample is not None:
            lines.append(f"  smallest counterexample: {self.counterexample}")
        if not self.is_exact:
            lines.append(f"  compared at three large D to {_DIGITS} digits or more, not proved")
        return "\n".join(lines)


def check_claim(
    name: str,
    claim: object,
    *,
    ensemble: str = "segments",
    scaling: str | Mapping[str, Power] = "pauli_sum",
    centred: bool = False,
) -> ClaimCheck:
    """Compare a claimed closed form with the exact one.

    Args:
        name: One of ``hq.formulas()``; for "supervised_kernel_eigenvalues" the claim is about the eigenvalue of
            the uniform vector.
        claim: A SymPy expression or number, or a text such as "L*T2/D^2", in the symbols of the exact formula,
            which are matched by name.
        ensemble: The ensemble of the exact formula; "segments" by default.
        scaling: How T_j grows with D, as in ``Formula.series``; "pauli_sum" by default.
        centred: Whether to compare at Tr O = 0 only. No derivative sees O → O + c, so a formula for centred
            observables is a formula for all; False by default, for the claim as it stands.

    Returns:
        The verdict with its evidence.

    Raises:
        UnknownNameError: If the formula, the ensemble or a symbol of the claim is unknown.
        InputError, InputTypeError: If the claim does not parse or is no closed form.

    Examples:
        >>> print(check_claim("kernel_mean", "L*T2/D^2"))
        kernel_mean (segments): different
          exact/claimed as D → ∞ at fixed L: 2*(D*T2 - T1**2)/(D*T2)
          smallest counterexample: D = 2, L = 1, spectrum (0, 1): exact 2/9, claimed 1/4
        >>> check_claim("kernel_mean", "L*T2/D^2", centred=True).ratio
        2
        >>> print(check_claim("kernel_mean", "2*L*(D*T2 - T1^2)/((D - 1)*(D + 1)^2)"))
        kernel_mean (segments): equal

    Reference:
        derivations/07_the_referee.md.
    """
    return replace(
        check_formula(closed_form(name, ensemble), claim, scaling=scaling, centred=centred), name=name
    )


def check_formula(
    exact: Formula, claim: object, *, scaling: str | Mapping[str, Power] = "pauli_sum", centred: bool = False
) -> ClaimCheck:
    """Compare a claimed closed form with any formula, such as ``hq.mean`` gives; otherwise as ``check_claim``.

    Examples:
        >>> from haarqntk.qntk import parse_moment
        >>> check_formula(parse_moment("sum(d(l)^2, l)"), "2*L*(D*T2 - T1^2)/((D - 1)*(D + 1)^2)").verdict
        'equal'
    """
    expression = read_claim(claim, exact)
    refuse_unusable(expression)
    if flag("centred", centred):
        named = {x: read_symbol(x.name) for x in expression.free_symbols}
        firsts = [x for x, trace in named.items() if isinstance(trace, Trace) and trace.degree == 1]
        exact, expression = exact.centred(), expression.xreplace(dict.fromkeys(firsts, sympy.Integer(0)))
        refuse_unusable(expression)
    claimed = claimed_polynomial(expression)
    if claimed is None:
        verdict, ratio, order = _compare_numbers(exact, expression, scaling)
    else:
        verdict, ratio, order = _compare_exactly(exact.polynomial, claimed, scaling)
    counterexample = None
    if verdict != "equal" or claimed is None:
        counterexample = smallest_counterexample(exact, expression, claimed, centred=centred)
    if verdict == "equal" and counterexample is not None:
        verdict = "equal at leading order"  # they part at small D only
    return ClaimCheck(
        verdict, exact.name, exact.ensemble, expression, ratio, order, counterexample, claimed is not None
    )


def _compare_exactly(
    exact: TracePolynomial, claimed: TracePolynomial, scaling: str | Mapping[str, Power]
) -> tuple[str, Any, Power | None]:
    difference = exact - claimed
    if not difference:
        return "equal", sympy.Integer(1), None
    exponents = scaling_exponents(exact.variables + claimed.variables, scaling)
    if not (exact and claimed):
        return "different", sympy.Integer(0) if claimed else None, 0
    weights = [part.leading_weight(exponents) for part in (exact, claimed)]
    order = max(weights) - difference.leading_weight(exponents)
    if order > 0:
        return "equal at leading order", sympy.Integer(1), as_power(order)
    if weights[0] != weights[1]:
        return "different", sympy.oo if weights[0] > weights[1] else sympy.Integer(0), 0
    leading = [series_of(part, 1, exponents).to_polynomial() for part in (exact, claimed)]
    return "different", leading[0].sympy_quotient(leading[1]), 0


def _compare_numbers(
    exact: Formula, claim: Any, scaling: str | Mapping[str, Power]
) -> tuple[str, Any, Power | None]:
    """Ratios at three large dimensions and two generic choices of L and of t_j in T_j = t_j D^a."""
    # Both are series in D^(−1/q), so the order at which they part is a multiple of 1/q: at D = x^q, x large, the
    # nearest one to the measured slope.
    claimed = (read_symbol(free.name) for free in claim.free_symbols)
    names = sorted({*exact.polynomial.variables, *claimed} - {"D"})
    exponents = scaling_exponents(tuple(names), scaling)
    q = _steps_of_an_order(claim, common_denominator(exponents))
    if q > _MOST_STEPS:
        raise CostError(
            f"claim must have orders in steps of at least 1/{_MOST_STEPS}, got roots that make it 1/{q}"
        )
    runs = []
    for choice in (1, 2):
        values: dict[str, Fraction] = {
            name: Fraction(3 + 2 * choice * i, 7 + choice) for i, name in enumerate(names)
        }
        values[DEPTH] = Fraction(2 + choice)
        runs.append([_ratio_at(bits * q, exact, claim, values, exponents) for bits in _BITS])
    gaps = [[abs(ratio - 1) for ratio in run] for run in runs]
    if all(gap < sympy.Float(10, _DIGITS) ** ((10 - _DIGITS) * q) for run in gaps for gap in run):
        return "equal", sympy.Integer(1), None
    orders = [_decay(run, q) for run in gaps]
    if min(orders) > 0:
        return "equal at leading order", sympy.Integer(1), as_power(min(orders))
    first, second = (Fraction(float(run[-1])).limit_denominator(1000) for run in runs)
    return "different", sympy.Rational(first) if first == second else None, 0


def _steps_of_an_order(expression: Any, q: int) -> int:
    """A number p for which the expression is a series in D^(−1/p), where its symbols are powers of D^(1/q)."""
    parts = [_steps_of_an_order(part, q) for part in expression.args if part.free_symbols]
    root = int(expression.exp.q) if expression.is_Pow else 1
    return root * lcm(q, *parts) if expression.free_symbols else 1


def _ratio_at(
    bits: int, exact: Formula, claim: Any, generic: Mapping[str, Fraction], exponents: Mapping[str, Power]
) -> Any:
    """exact/claimed at D = 2^bits, where each variable is its generic value times D^exponent."""
    D, digits = 2**bits, _DIGITS * bits // _BITS[0]
    values = {
        name: value * Fraction(2) ** int(bits * exponents.get(name, 0)) for name, value in generic.items()
    }
    claimed = value_of(claim, D, values).evalf(digits)
    if not claimed.is_real or claimed == 0:
        raise InputError(f"claim must be a real non-zero number at large D, got {claimed}")
    return sympy.Rational(exact.polynomial.at(D, values)).evalf(digits) / claimed


def _decay(gaps: list[Any], q: int) -> Fraction:
    """The power n of D^−n with which the gap from 1 closes, a multiple of 1/q, from the two largest dimensions."""
    if not (gaps[-1] and gaps[-2]):
        return Fraction(_DIGITS)
    steps = -float(sympy.log(gaps[-1] / gaps[-2], 2)) / (_BITS[-1] - _BITS[-2])
    return Fraction(round(steps), q)


# -- published ---------------------------------------------------------------------------------------------------


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
    expression = read_claim(claim.claim, exact + mean) * mean.to_sympy() ** claim.over
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
