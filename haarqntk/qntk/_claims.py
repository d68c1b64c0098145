"""Published formulas as data, with their source: what the referee compares the exact results with.

The angle convention is that of this library, e^{iθX}. [NC] uses e^{−iθX/2}: its K is 4 times, its μ 16 times
smaller, which each entry undoes explicitly.

Reference: liu2023, zhang2024, you2023.
"""

from __future__ import annotations

from dataclasses import dataclass

_NC_B = "((D^2+3*D+3)*T2^2 + D*(D+1)*T4 + T1^4 - 2*D*T1^2*T2 - 4*(D+1)*T1*T3)"
_NC_SAME = f"(16*3*{_NC_B}/(4*D*(D-1)*(D+1)^2*(D+3)^2))"
_NC_DIFFERENT = f"(16*D*{_NC_B}/(4*(D-1)^2*(D+1)^3*(D+2)*(D+3)))"


@dataclass(frozen=True, slots=True)
class PublishedClaim:
    """A formula as published.

    Attributes:
        label: Source and equation.
        formula: The name of the exact formula that it is about.
        claim: The closed form, in the grammar of ``check_claim``, for the square where a root is published.
        published: How the paper writes it, in LaTeX.
        ensemble: The ensemble that the exact result is taken under.
        family: The observables that illustrate the ratio: "pauli_string" or "projector" (of rank one).
        centred: Whether the source writes it for Tr O = 0, leaving T_1 out.
        note: One sentence: what the comparison means.
    """

    label: str
    formula: str
    claim: str
    published: str
    ensemble: str = "segments"
    family: str = "pauli_string"
    centred: bool = False
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
        label="[NC] restricted Haar",
        formula="kernel_mean",
        claim="4*L*D*(m2-m1^2)/(2*(D^2-1))",
        published=r"K = L D f(1-f)/(2(D^2-1)), \quad O = |\Phi\rangle\langle\Phi|,\ f = \langle O\rangle",
        ensemble="generator_average",
        note="for a projector m1 = m2 = f; half angle: K is 4 times smaller there",
    ),
)
