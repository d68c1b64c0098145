"""The statistics of a campaign, against distributions that are known."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import norm

from haarqntk import validation as hv
from haarqntk.montecarlo import FAMILY_ERROR, LARGEST_Z, samples_for_verdict


@pytest.mark.parametrize("num_claims", [1, 7, 51, 1000])
def test_all_of_n_normal_scores_stay_within_the_threshold_as_often_as_stated(num_claims: int) -> None:
    z = hv.largest_z(num_claims)
    inside = (1 - 2 * norm.sf(z)) ** num_claims
    assert inside == pytest.approx(1 - FAMILY_ERROR / 2, abs=1e-9)
    assert hv.largest_z(num_claims + 1) > z


@pytest.mark.parametrize("z", [3.5, 4.42])
@pytest.mark.parametrize("wrong", [1 + hv.DETECTED, 1 - hv.DETECTED])
def test_samples_for_its_power_refuse_a_claim_that_is_wrong_by_five_percent(z: float, wrong: float) -> None:
    deviation = 1.7
    n = hv.samples_needed(deviation=deviation, scale=wrong, skewness=0, z=z)  # the true mean is 1
    error = deviation / n**0.5
    refused = norm.cdf(abs(wrong - 1) / error - z)
    assert refused >= hv.POWER - 1e-9
    assert hv.power(standard_error=error, scale=wrong, z=z) <= refused + 1e-9
    assert hv.power(standard_error=2 * error, scale=wrong, z=z) < 0.5


@pytest.mark.parametrize("detected", [Fraction(1, 20), Fraction(1, 10), Fraction(1, 2)])
@pytest.mark.parametrize("exponent", [1, -1])
def test_samples_for_larger_errors_refuse_a_claim_wrong_by_it(detected: Fraction, exponent: int) -> None:
    wrong = float(1 + detected) ** exponent  # the true mean is 1
    n = hv.samples_needed(deviation=1.7, scale=wrong, skewness=0, z=4.5, detected=detected)
    error = 1.7 / n**0.5
    assert norm.cdf(abs(wrong - 1) / error - 4.5) >= hv.POWER - 1e-9
    assert hv.power(standard_error=error, scale=wrong, z=4.5, detected=detected) >= hv.POWER - 1e-9
    factor = hv.smallest_factor(standard_error=error, scale=wrong, z=4.5)
    assert factor == pytest.approx(float(1 + detected), rel=1e-2)
    assert norm.cdf((wrong - wrong / factor) / error - 4.5) == pytest.approx(hv.POWER)


@pytest.mark.parametrize(
    ("power_of_exponential", "mean", "skewness"),
    [(0, 0, 0.0), (1, 1, 2.0), (2, 2, 592 / 20**1.5)],
    ids=["normal", "exponential", "its square"],
)
def test_a_verdict_refuses_a_true_value_rarely(power_of_exponential: int, mean: int, skewness: float) -> None:
    """At most once in 1000; with 24 samples, or 10 of a normal law, more often."""
    rng = np.random.default_rng(12)

    def refused(n: int, runs: int) -> float:
        draw = rng.exponential if power_of_exponential else rng.normal
        x = draw(size=(runs, n)) ** (power_of_exponential or 1)
        return float((np.abs(x.mean(axis=1) - mean) > LARGEST_Z * x.std(axis=1, ddof=1) / n**0.5).mean())

    n = samples_for_verdict(skewness)
    assert refused(n, 6_000_000 // n) <= FAMILY_ERROR
    assert refused(24 if skewness else 10, 100_000) > 2 * FAMILY_ERROR


def test_values_that_do_not_vary_have_all_the_power() -> None:
    assert hv.power(standard_error=0, scale=1, z=4) == 1


def test_long_tails_take_samples_and_then_break_the_threshold_less_than_twice_as_often() -> None:
    z, skewness = 3.0, 2.0  # of the exponential law
    n = hv.samples_needed(deviation=1.0, scale=1e9, skewness=skewness, z=z)
    assert n == 324
    rng, runs = np.random.default_rng(5), 40_000
    broken = 0
    for _ in range(10):
        values = rng.exponential(size=(runs // 10, n))
        scores = (values.mean(axis=1) - 1) / (values.std(axis=1, ddof=1) / n**0.5)
        broken += int(np.count_nonzero(np.abs(scores) > z))
    normal = 2 * norm.sf(z)
    stated = hv.family_error([(skewness, n)], z)
    assert normal < stated < 2 * normal
    noise = (normal / runs) ** 0.5
    assert broken / runs < 2 * normal
    assert broken / runs == pytest.approx(stated, abs=5 * noise)
