"""The report's findings are those that mathematics expects, each with a simulation beside it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from shortcuts import closed_form

from haarqntk import findings
from haarqntk.montecarlo import samples_for_verdict
from haarqntk.qntk import PUBLISHED_CLAIMS, PublishedClaim
from haarqntk.report import verdict_of_all

LONG_TAILED = next(claim for claim in PUBLISHED_CLAIMS if claim.label == "[PRL] (15)")


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], findings.Finding]:
    results = [findings.examine(claim, seed=2023, samples=600) for claim in PUBLISHED_CLAIMS]
    return {(finding.claim.label, finding.claim.ensemble): finding for finding in results}


def test_every_simulation_agrees_with_the_exact_value(found: dict[tuple[str, str], findings.Finding]) -> None:
    assert [label for label, finding in found.items() if not finding.agrees] == []


def test_every_row_is_judged_from_as_many_samples_as_its_law_needs(
    found: dict[tuple[str, str], findings.Finding],
) -> None:
    for finding in found.values():
        assert finding.moments is not None
        assert finding.z is not None
        assert (
            finding.moments.estimate.samples
            >= samples_for_verdict(finding.moments.skewness)
            == finding.needed
        )


@pytest.mark.parametrize("samples", [2, 30])
def test_few_samples_of_a_skew_law_are_no_verdict(samples: int) -> None:
    finding = findings.examine(LONG_TAILED, seed=1, samples=samples)
    assert finding.estimate is not None
    assert finding.estimate.samples < finding.needed
    assert finding.z is None
    assert not finding.agrees
    sentence = verdict_of_all([], [finding])["sentence"]
    assert str(sentence).endswith(f"Not judged, with too few samples: [PRL] (15) (needs {finding.needed:,}).")
    assert "disagrees" not in str(sentence)


def test_every_row_has_a_simulation_that_sees_a_factor_of_two(
    found: dict[tuple[str, str], findings.Finding],
) -> None:
    for finding in found.values():
        assert finding.estimate is not None
        if finding.exact:
            assert abs(finding.estimate.z_score(2 * finding.exact)) > 4
        else:  # E[μ] = 0 for independent entries: the mean under segments is refused
            D, L = finding.place.D, finding.place.L
            wrong = closed_form("meta_kernel_mean").at(D=D, L=L, spectrum=[1] + [0] * (D - 1))
            assert abs(finding.estimate.z_score(wrong)) > 4


@pytest.mark.parametrize(
    "label", ["[PRL] (9)", "[PRL] text", "[PRL] (15)", "[NC] E[εμ], l = m", "[NC] E[εμ]"]
)
def test_the_simulation_refuses_what_the_referee_refuses(
    label: str, found: dict[tuple[str, str], findings.Finding]
) -> None:
    finding = found[label, "segments"]
    assert finding.check.verdict == ("different" if label.startswith("[PRL]") else "equal at leading order")
    assert finding.estimate is not None
    assert abs(finding.estimate.z_score(finding.claimed)) > 4


def test_verdicts(found: dict[tuple[str, str], findings.Finding]) -> None:
    verdicts = {label: finding.check.verdict for label, finding in found.items()}
    assert verdicts == {
        ("[PRL] (9)", "segments"): "different",
        ("[PRL] (12)", "segments"): "equal at leading order",
        ("[PRL] (12)", "independent_layers"): "equal at leading order",
        ("[PRL] text", "segments"): "different",
        ("[PRL] text", "independent_layers"): "equal",
        ("[PRL] (15)", "segments"): "different",
        ("[PRL] (15)", "independent_layers"): "different",
        ("[PRL] (17)", "segments"): "equal",
        ("[PRL] (21)", "segments"): "equal",
        ("[NC] E[K]", "segments"): "equal",
        ("[NC] E[K²]", "segments"): "equal",
        ("[NC] Var K", "segments"): "equal",
        ("[NC] E[μ]", "segments"): "equal",
        ("[NC] E[εμ], l = m", "segments"): "equal at leading order",
        ("[NC] −E[g⁴]/3", "segments"): "equal",
        ("[NC] E[εμ], l ≠ m", "segments"): "equal",
        ("[NC] E[εμ]", "segments"): "equal at leading order",
        ("[NC] λ", "segments"): "equal",
        ("[NC] ζ", "segments"): "equal at leading order",
        ("[NC] restricted Haar", "generator_average"): "equal",
        ("[NC] restricted Haar, λ", "generator_average"): "equal",
        ("[NC] restricted Haar, ζ", "generator_average"): "equal",
    }


def test_ratios_approach_the_limit(found: dict[tuple[str, str], findings.Finding]) -> None:
    ratios = found["[PRL] (9)", "segments"].ratios
    gaps = [2 - ratio for ratio in ratios]
    assert gaps == sorted(gaps, reverse=True)
    assert 0 < gaps[-1] < Fraction(1, 100)


def test_the_floor_of_a_pauli_string_is_two_over_D_times_D_plus_3() -> None:
    rows = [row for row in findings.concentration() if row.observable == "Pauli string"]
    assert [row.floor for row in rows] == [Fraction(2, row.D * (row.D + 3)) for row in rows]


def test_a_claim_wrong_by_a_factor_is_caught() -> None:
    wrong = PublishedClaim("wrong", "kernel_mean", "L*(D*T2-T1^2)/((D-1)*(D+1)^2)", "")
    finding = findings.examine(wrong, seed=1, samples=600)
    assert finding.check.verdict == "different"
    assert finding.check.ratio == 2
    assert finding.estimate is not None
    assert abs(finding.estimate.z_score(finding.claimed)) > 4
