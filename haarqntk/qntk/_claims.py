"""Published formulas as data, with their source, and the referee's verdict on each.

The angle convention is that of this library, e^{iθX}. [NC] uses e^{−iθX/2}: its K is 4 times, its μ 16 times
smaller, which each entry undoes explicitly.

The formulas for E[εμ] are those of the code that the authors of [NC] published with it (the file
``qntk_theory.py`` of the repository bzGit06/QNN-dynamics, as of commit 1f26802), written out here in T_j; the
supplement of the paper, and the text of [PRL] (17), were not available.

Reference: liu2023, zhang2024, you2023.
"""

from __future__ import annotations

from dataclasses import dataclass

from haarqntk._lazy import LazyModule
from haarqntk.algebra import TracePolynomial, symbol
from haarqntk.circuits import Circuit
from haarqntk.qntk._catalogue import closed_form, formulas
from haarqntk.qntk._formula import Formula, substituted
from haarqntk.qntk._moments import parse_closed_form, parse_moment
from haarqntk.qntk._referee import ClaimCheck, check_formula

sympy = LazyModule("sympy")

_NC_B = "((D^2+3*D+3)*T2^2 + D*(D+1)*T4 + T1^4 - 2*D*T1^2*T2 - 4*(D+1)*T1*T3)"
_NC_SAME = f"(16*3*{_NC_B}/(4*D*(D-1)*(D+1)^2*(D+3)^2))"
_NC_DIFFERENT = f"(16*D*{_NC_B}/(4*(D-1)^2*(D+1)^3*(D+2)*(D+3)))"
_NC_MU = "(16*D*(D^2*T3 - 3*D*T1*T2 + 2*T1^3)/(8*(D-1)^2*(D+1)^3*(D+2)))"

# E[ε h_ll g_l²] and, for l ≠ m, E[ε h_lm g_l g_m]
_NC_RESIDUAL_SAME = (
    "(16*(-1)*((D^4-2*D^3+8*D+20)*T1^4 - 2*D*(D^4-D^3-10*D^2-D+29)*T1^2*T2"
    " - 4*(D^5-11*D^3-6*D^2+38*D+14)*T1*T3 + (D^6+3*D^5-11*D^4-41*D^3+18*D^2+96*D+60)*T2^2"
    " + D*(D^5-13*D^3-4*D^2+56*D-4)*T4)/(4*D*(D-1)*(D+1)^2*(D-2)*(D+2)^2*(D-3)*(D+3)^2))"
)
_NC_RESIDUAL_DIFFERENT = (
    "(16*D*(2*T1^4 - 3*(D-1)*T1^2*T2 - 3*(D+1)*T2^2 + (D^2-D+4)*T1*T3 + D*(D-1)*T4)"
    f"/(8*(D-1)^2*(D+1)^3*(D+2)*(D+3)) - O_0*{_NC_MU})"
)
_NC_RESIDUAL = f"(L*{_NC_RESIDUAL_SAME} + L*(L-1)*{_NC_RESIDUAL_DIFFERENT})"
_NC_MEAN = "(4*L*(D*T2-T1^2)/(2*(D-1)*(D+1)^2))"

_RESIDUAL_DIAGONAL = "sum(e*d(l,l)*d(l)^2, l)"
_RESIDUAL_OFF_DIAGONAL = f"e*mu - {_RESIDUAL_DIAGONAL}"

# of a projector with f = m1
_NC_RESTRICTED_SAME = "(D+2)*((D+2)*m1-2)"


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
    note: str = ""


PUBLISHED_CLAIMS = (
    PublishedClaim(
        label="[PRL] (9)",
        formula="kernel_mean",
        claim="L*T2/D^2",
        published=r"\overline{K} \approx L\, T_2/D^2",
        centred=True,
        note="the exact leading term carries a factor 2, as [PRL] (17) and (21) do",
    ),
    PublishedClaim(
        label="[PRL] (12)",
        formula="kernel_variance",
        claim="L*(8*T2^2 + 12*T4)/D^4",
        published=r"\Delta K \approx (\sqrt{L}/D^2) \sqrt{8 T_2^2 + 12 T_4}",
        centred=True,
        note="the leading order at fixed L; as L grows, the inter-layer covariance, a term in L^2, leaves a floor",
    ),
    PublishedClaim(
        label="[PRL] (12)",
        formula="kernel_variance",
        claim="L*(8*T2^2 + 12*T4)/D^4",
        published=r"\Delta K \approx (\sqrt{L}/D^2) \sqrt{8 T_2^2 + 12 T_4}",
        ensemble="independent_layers",
        centred=True,
        note="with different layers taken as independent the published law is the leading order",
    ),
    PublishedClaim(
        label="[PRL] text",
        formula="meta_kernel_mean",
        claim="0",
        published=r"\mathbb{E}[\mu] = 0",
        family="projector",
        note="the mean vanishes only where the centred T_3 does",
    ),
    PublishedClaim(
        label="[PRL] text",
        formula="meta_kernel_mean",
        claim="0",
        published=r"\mathbb{E}[\mu] = 0",
        ensemble="independent_layers",
        family="projector",
        note="exact where different layers are independent",
    ),
    PublishedClaim(
        label="[PRL] (15)",
        formula="meta_kernel_second_moment",
        claim="32*L^2*T2^3/D^6",
        published=r"\Delta\mu \approx \sqrt{32}\, \eta\, L\, T_2^{3/2}/D^3",
        centred=True,
        note="the published η is left out, for μ has none; the exact L^2 coefficient differs at leading order "
        "and an L^4 term takes over at large L",
    ),
    PublishedClaim(
        label="[PRL] (15)",
        formula="meta_kernel_second_moment",
        claim="32*L^2*T2^3/D^6",
        published=r"\Delta\mu \approx \sqrt{32}\, \eta\, L\, T_2^{3/2}/D^3",
        ensemble="independent_layers",
        centred=True,
        note="without the published η; compared with different derivatives taken as independent",
    ),
    PublishedClaim(
        label="[PRL] (17)",
        formula="supervised_kernel_mean",
        claim="2*L*(D*sigma-1)*(D*T_O1O2-T_O1*T_O2)/(D^2-1)^2",
        published=r"\overline{K}^{ij}_{\delta\delta'} = 2 L\, (D\sigma_{\delta\delta'}-1)"
        r"(D \operatorname{Tr} O_iO_j - \operatorname{Tr} O_i \operatorname{Tr} O_j)/(D^2-1)^2"
        r" \quad \text{by way of (21)}",
        note="not the text of (17), which was not available, but the one bilinear mean that gives (21) for every "
        "observable at |A| = 1 and 2; it carries the factor 2, as (17) is known to",
    ),
    PublishedClaim(
        label="[PRL] (21)",
        formula="supervised_kernel_eigenvalues",
        claim="2*L*(D-n)*(D*T2-T1^2)/(D^2-1)^2",
        published=r"\lambda = 2 L (D-|A|)(D T_2 - T_1^2)/(D^2-1)^2",
        note="one eigenvalue, exact at every D ≥ |A|; the other |A| − 1 are equal",
    ),
    PublishedClaim(
        label="[NC] E[K]",
        formula="kernel_mean",
        claim="4*L*(D*T2-T1^2)/(2*(D-1)*(D+1)^2)",
        published=r"\mathbb{E}[K] = L (D T_2 - T_1^2)/(2 (D-1)(D+1)^2)",
        note="half angle: K is 4 times smaller there",
    ),
    PublishedClaim(
        label="[NC] E[K²]",
        formula="kernel_second_moment",
        claim=f"L*{_NC_SAME} + L*(L-1)*{_NC_DIFFERENT}",
        published=r"L\, \mathbb{E}[g^4] + L(L-1)\, \mathbb{E}[g^2 g'^2]",
        note="half angle: fourth powers are 16 times smaller there",
    ),
    PublishedClaim(
        label="[NC] Var K",
        formula="kernel_variance",
        claim=f"L*{_NC_SAME} + L*(L-1)*{_NC_DIFFERENT} - (4*L*(D*T2-T1^2)/(2*(D-1)*(D+1)^2))^2",
        published=r"L\, \mathbb{E}[g^4] + L(L-1)\, \mathbb{E}[g^2 g'^2] - \mathbb{E}[K]^2",
        note="half angle: fourth powers are 16 times smaller there",
    ),
    PublishedClaim(
        label="[NC] E[μ]",
        formula="meta_kernel_mean",
        claim="16*L*(L-1)*D*(D^2*T3-3*D*T1*T2+2*T1^3)/(8*(D-1)^2*(D+1)^3*(D+2))",
        published=r"\mathbb{E}[\mu] = L(L-1) D (D^2 T_3 - 3 D T_1 T_2 + 2 T_1^3)/(8 (D-1)^2 (D+1)^3 (D+2))",
        family="projector",
        note="half angle: μ is 16 times smaller there",
    ),
    PublishedClaim(
        label="[NC] E[εμ], l = m",
        formula=_RESIDUAL_DIAGONAL,
        claim=f"L*{_NC_RESIDUAL_SAME}",
        published=r"L\, \mathbb{E}[\varepsilon h_{ll} g_l^2] \quad \text{(public code)}",
        note="the term that differs: the code's value has poles at D = 2 and 3 and does not vanish for O = 1, "
        "whose derivatives do; translation invariance gives −E[g_l⁴]/3, the next row",
    ),
    PublishedClaim(
        label="[NC] −E[g⁴]/3",
        formula=_RESIDUAL_DIAGONAL,
        claim=f"-L*{_NC_SAME}/3",
        published=r"-L\, \mathbb{E}[g^4]/3",
        note="the same term from the E[g⁴] of the paper, which agrees, by E[ε h_ll g_l²] = −E[g_l⁴]/3",
    ),
    PublishedClaim(
        label="[NC] E[εμ], l ≠ m",
        formula=_RESIDUAL_OFF_DIAGONAL,
        claim=f"L*(L-1)*{_NC_RESIDUAL_DIFFERENT}",
        published=r"L(L-1)\, \mathbb{E}[\varepsilon h_{lm} g_l g_m] \quad \text{(public code)}",
        note="half angle: 16 times smaller there; agrees for every target O_0",
    ),
    PublishedClaim(
        label="[NC] E[εμ]",
        formula="e*mu",
        claim=_NC_RESIDUAL,
        published=r"\mathbb{E}[\varepsilon\mu] \quad \text{(public code)}",
        note="the sum of both parts; it differs by the part l = m only",
    ),
    PublishedClaim(
        label="[NC] λ",
        formula="meta_kernel_mean",
        claim=f"L*(L-1)*{_NC_MU}/{_NC_MEAN}",
        published=r"\lambda = \mathbb{E}[\mu]/\mathbb{E}[K]",
        family="projector",
        over=1,
        note="a ratio of means, as in the restricted ensemble below: the paper's E[μ] over its E[K]; simulated is "
        "the numerator, over the exact E[K]",
    ),
    PublishedClaim(
        label="[NC] ζ",
        formula="e*mu",
        claim=f"{_NC_RESIDUAL}/{_NC_MEAN}^2",
        published=r"\zeta = \mathbb{E}[\varepsilon\mu]/\mathbb{E}[K]^2",
        over=2,
        note="a ratio of means: the code's E[εμ] over the square of the paper's E[K]; it differs by the part l = m "
        "only; simulated is the numerator, over the exact E[K]^2",
    ),
    PublishedClaim(
        label="[NC] restricted Haar",
        formula="kernel_mean",
        claim="4*L*D*m1*(1-m1)/(2*(D^2-1))",
        published=r"K = L D f(1-f)/(2(D^2-1)), \quad O = |\Phi\rangle\langle\Phi|,\ f = \langle O\rangle",
        ensemble="generator_average",
        family="projector",
        note="half angle: K is 4 times smaller there",
    ),
    PublishedClaim(
        label="[NC] restricted Haar, λ",
        formula="meta_kernel_mean",
        claim=f"4*((L-1)*D*(1-2*m1)/(4*(D^2-1)) - {_NC_RESTRICTED_SAME}/(2*D*(D+3)))",
        published=r"\lambda = (L-1)D(1-2f)/(4(D^2-1)) - (D+2)((D+2)f-2)/(2D(D+3))",
        ensemble="generator_average",
        family="projector",
        over=1,
        note="E[μ]/E[K] at fixed f: the first term is the part l ≠ m and the second the part l = m, which does not "
        "vanish where f is held fixed; half angle: λ is 4 times smaller there; simulated is the numerator",
    ),
    PublishedClaim(
        label="[NC] restricted Haar, ζ",
        formula="meta_kernel_mean",
        claim=f"(L-1)*(2*m1-1)/(2*L*m1*(m1-1)) + (D^2-1)*{_NC_RESTRICTED_SAME}/(L*D^2*(D+3)*m1*(m1-1))",
        published=r"\zeta/\varepsilon = (L-1)(2f-1)/(2L f(f-1))"
        r" + (D+2)(D^2-1)((D+2)f-2)/(L D^2 (D+3) f(f-1)) \quad \text{(public code)}",
        ensemble="generator_average",
        family="projector",
        over=2,
        note="E[μ]/E[K]^2 at fixed f, where ε is a number; the same in both angle conventions; simulated is the "
        "numerator",
    ),
)


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
    names = dict.fromkeys(["D", "L", *(f"T{j}" for j in range(1, 7)), *exact.symbols, *mean.symbols])
    expression = parse_closed_form(claim.claim, list(names)) * mean.to_sympy() ** claim.over
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
    m1 = TracePolynomial.variable("m1")
    at = {"m2": m1, "m3": m1, "T1": TracePolynomial.constant(1)}
    return substituted(value, at)
