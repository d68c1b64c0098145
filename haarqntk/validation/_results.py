"""Results: what a simulation says about a claim, its power, and the verdict over all of them.

A campaign of N claims makes N independent z-scores. Claims pass together if all |z| ≤ z*, which normal laws exceed
with probability α/2 in all N; the other half is left to the tails: the mean of n values of skewness γ, studentised,
exceeds z* more often by the factor cosh(γz*³/(3√n)), at most 1.54 < 2 from n = (γz*³/3)² on.

Reference: derivations/12_campaigns.md.
"""

from __future__ import annotations

import json
import math
import shlex
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

from haarqntk.montecarlo import FAMILY_ERROR, LARGEST_Z, samples_for_verdict
from haarqntk.validation._claims import DETECTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.montecarlo import Estimate, Moments
    from haarqntk.validation._claims import Campaign, Claim

POWER: Final = 0.99
"""The probability, at least, that a claim which is off by what it must see is refused."""

# The pilot has measured the spread, with an error; a claim whose spread turns out so large that an error which it
# must see would pass more often than this is not accepted either.
_LEAST_POWER: Final = 0.9

_NORMAL: Final = NormalDist()
_Z_POWER: Final = _NORMAL.inv_cdf(POWER)


@dataclass(frozen=True)
class Result:
    """A claim with its estimate.

    Attributes:
        claim: The claim.
        moments: Those of the simulated values, divided by the claim's ``unit``.
        largest_z: The |z| within which it passes; 4 by default.
        seconds: The time that its batches took; 0 by default.
    """

    claim: Claim
    moments: Moments
    largest_z: float = LARGEST_Z
    seconds: float = field(default=0.0, compare=False)

    @property
    def exact(self) -> Fraction:
        """The claimed value."""
        return self.claim.exact

    @property
    def estimate(self) -> Estimate:
        """Mean and standard error."""
        return self.moments.estimate

    @cached_property
    def needed(self) -> int:
        """How many values the verdict takes, by the spread and the skewness that were measured."""
        if self.claim.is_alone:
            return samples_for_verdict(self.moments.skewness)
        return samples_needed(
            deviation=self.estimate.variance**0.5,
            scale=float(self.claim.size),
            skewness=self.moments.skewness,
            z=self.largest_z,
            detected=self.claim.detected,
        )

    @cached_property
    def z(self) -> float | None:
        """(estimate − exact) in standard errors; None for a claim alone with fewer values than ``needed``."""
        return self.z_from(self.exact)

    def z_from(self, value: Fraction) -> float | None:
        """(estimate − value) in standard errors; None for a claim alone with fewer values than ``needed``."""
        if self.claim.is_alone and self.estimate.samples < self.needed:
            return None
        return self.estimate.z_score(value)

    def z_text(self, value: Fraction | None = None, *, digits: int = 2) -> str:
        """The score from a value, by default the claimed one, or how many values it takes."""
        z = self.z if value is None else self.z_from(value)
        return f"needs {self.needed:,}" if z is None else f"{z:+.{digits}f}"

    @cached_property
    def power(self) -> float:
        """The probability that the claim would be refused if wrong by what it must see, from the measured spread."""
        return power(
            standard_error=self.estimate.standard_error,
            scale=float(self.claim.size),
            z=self.largest_z,
            detected=self.claim.detected,
        )

    @property
    def passed(self) -> bool:
        """Whether the estimate agrees, and is good enough to have disagreed."""
        agrees = self.z is not None and abs(self.z) <= self.largest_z
        return agrees and (self.claim.is_alone or self.power >= _LEAST_POWER)

    @property
    def seen_factor(self) -> float:
        """The factor by which the claim must be wrong, at least, to fail with probability 0.99."""
        if not self.claim.is_alone:
            return 1 + float(self.claim.detected)
        error = self.estimate.standard_error
        return smallest_factor(standard_error=error, scale=float(abs(self.exact)), z=self.largest_z)


@dataclass(frozen=True)
class CampaignRun:
    """What a run of a campaign ends with.

    Attributes:
        campaign: The campaign.
        results: One for each claim, in their order.
        num_found: The batches that the ledger held already.
        num_drawn: The batches that this run has drawn.
        truncated: The truncated last record of the ledger that was cut off; empty if there was none.
    """

    campaign: Campaign
    results: tuple[Result, ...]
    num_found: int
    num_drawn: int
    truncated: str

    @property
    def passed(self) -> bool:
        """Whether every claim passes."""
        return all(result.passed for result in self.results)

    @property
    def family_error(self) -> float:
        """The probability that true claims are refused, with the skewness that was measured."""
        return error_of_family(self.results)

    def sentence(self) -> str:
        """Return the verdict in words."""
        return str(verdict(self.results)["sentence"])


def verdict(results: Sequence[Result]) -> dict[str, Any]:
    """Whether all claims pass, and the sentence that says so; claims of a campaign are judged together."""
    together = bool(results) and not results[0].claim.is_alone
    noun, digits = ("claims", 2) if together else ("checks", 1)
    count, z = len(results), results[0].largest_z if results else LARGEST_Z
    judged = [(result, abs(result.z)) for result in results if result.z is not None]
    needed = [result.needed for result in results if result.z is None]
    num_failed = sum(not result.passed for result, _ in judged)
    counts = f"All {count} {noun} pass"
    if num_failed:
        counts = f"{num_failed} of {count} {noun} fail"
    elif needed:
        counts = f"{len(judged)} of {count} {noun} pass"
    worst = max((score for _, score in judged), default=0.0)
    allowed = f"{z:.2f}; {_family_sentence(results)}" if together else f"{z:g}"
    sentence = f"{counts}: |z| up to {worst:.{digits}f}, allowed {allowed}."
    if needed:
        least = " to ".join(f"{n:,}" for n in (min(needed), max(needed)))
        sentence += f" Not judged: {len(needed)} with too few samples, which need at least {least}."
    return {"passed": not num_failed and not needed, "sentence": sentence}


def _family_sentence(results: Sequence[Result]) -> str:
    errors = ", ".join(f"{d:.0%}" for d in sorted({float(r.claim.detected) for r in results}))
    which = f"{errors} wrong" if errors.count("%") == 1 else f"wrong by what its row states ({errors})"
    return (
        f"true claims fail together with probability {error_of_family(results):.1e} at most {FAMILY_ERROR:g}, one that "
        f"is {which} with at least {min(result.power for result in results):.3f}"
    )


def error_of_family(results: Sequence[Result]) -> float:
    """The probability that true claims are refused, with the skewness that was measured."""
    measured = [(result.moments.skewness, result.estimate.samples) for result in results]
    return family_error(measured, results[0].largest_z)


def table_row(result: Result) -> dict[str, str]:
    """One result as cells of text."""
    claim, estimate, problem = result.claim, result.estimate, result.claim.problem
    together = not claim.is_alone
    other = "" if problem.ensemble == "segments" else f", {problem.ensemble}"
    return {
        "quantity": problem.quantity + other,
        "D": str(problem.D),
        "L": str(problem.L),
        **({} if together else {"case": _case(claim)}),
        "exact": f"{float(result.exact):.6g}",
        "simulated": f"{estimate.mean:.6g} ± {estimate.standard_error:.2g}",
        "z": result.z_text(),
        "samples": f"{estimate.samples:,}",
        "sees": f"{result.seen_factor:.3g}" if math.isfinite(result.seen_factor) else "-",
        **({"power": f"{result.power:.4f}"} if together else {}),
        "method": claim.method,
        "passed": "yes" if result.passed else "",
    }


def _case(claim: Claim) -> str:
    arguments = dict(claim.arguments)
    spectrum = arguments["spectrum"]
    spectra = spectrum if isinstance(spectrum[0], tuple) else (spectrum,)
    case = ["O = " + ", ".join(f"({' '.join(map(str, s))})" for s in spectra)]
    names = {"overlap": "σ", "num_inputs": "|A|"}
    return ", ".join(case + [f"{names[key]} = {value}" for key, value in arguments.items() if key in names])


def shell_command(claim: Claim, *, seed: int, name: str) -> str:
    """Return the shell command that draws the same numbers for one claim: a campaign of its own.

    Random numbers belong to the seed, the claim and the batch, so they do not depend on the other claims.

    Args:
        claim: A claim of a campaign.
        seed: The seed of the campaign.
        name: The stem of the file that the command writes.

    Examples:
        >>> from haarqntk.validation import load_campaign
        >>> claim = load_campaign("default").claims[0]
        >>> command = shell_command(claim, seed=130150601, name="claim-1")
        >>> shlex.split(command)[2:5]
        ['seed = 130150601', '[[claim]]', 'formula = "gradient_variance"']
        >>> command.partition(" > ")[2]
        'claim-1.toml && haarqntk validate claim-1.toml'
    """
    values = {
        "formula": claim.formula,
        "ensemble": claim.problem.ensemble,
        **dict(claim.arguments),
        "method": claim.method,
        "samples": claim.samples,
        "batch": claim.batch,
        "claim": claim.text,
        "scale": claim.scale,
        "detected": None if claim.detected == DETECTED else claim.detected,
    }
    entries = [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None]
    lines = (shlex.quote(line) for line in (f"seed = {seed}", "[[claim]]", *entries))
    return f"printf '%s\\n' {' '.join(lines)} > {name}.toml && haarqntk validate {name}.toml"


def _toml(value: object) -> str:
    """A number, a text or nested lists of them; a fraction is a text, as in campaign files."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(str(value) if isinstance(value, Fraction) else value, ensure_ascii=False)


def largest_z(num_claims: int) -> float:
    """z*: N independent normal variables all stay within ±z* with probability 1 − α/2, α = 0.001.

    Examples:
        >>> [round(largest_z(N), 2) for N in (1, 10, 100)]
        [3.48, 4.06, 4.56]
    """
    each = -math.expm1(math.log1p(-FAMILY_ERROR / 2) / num_claims)
    return -_NORMAL.inv_cdf(each / 2)


def samples_needed(
    *, deviation: float, scale: float, skewness: float, z: float, detected: Fraction = DETECTED
) -> int:
    """The least n ≥ 2 with σ/√n · (z + 2.33) ≤ scale · d/(1+d) and √n ≥ |γ| z³/3.

    So many values give a claim its power, and their mean a law near the normal.

    Args:
        deviation: Standard deviation σ of one value.
        scale: |exact value|, or what stands for it, > 0. A claim of 1.05 times the truth is off by a 21st of
            itself, one of 0.95 by a 19th; the smaller is asked for.
        skewness: Skewness γ of one value.
        z: The largest |z| that passes.
        detected: d > 0, the relative error that is to be seen; 1/20 by default.

    Examples:
        >>> samples_needed(deviation=1.0, scale=1.0, skewness=0.0, z=4.0)
        17651
        >>> samples_needed(deviation=0.0, scale=1.0, skewness=3.0, z=4.0)
        4096
        >>> samples_needed(deviation=1.0, scale=1.0, skewness=0.0, z=4.0, detected=Fraction(1, 2))
        361
    """
    resolved = (deviation * (z + _Z_POWER) / (scale * float(detected / (1 + detected)))) ** 2
    near_normal = (skewness * z**3 / 3) ** 2
    return max(2, math.ceil(resolved), math.ceil(near_normal))


def power(*, standard_error: float, scale: float, z: float, detected: Fraction = DETECTED) -> float:
    """The probability that a claim which is wrong by the factor 1 + d or 1/(1 + d) is refused.

    The arguments are those of ``samples_needed``, with the standard error of the estimate, ≥ 0.

    Examples:
        >>> round(power(standard_error=1.0, scale=21 * 6.326, z=4.0), 3)
        0.99
        >>> round(power(standard_error=1.0, scale=3 * 6.326, z=4.0, detected=Fraction(1, 2)), 3)
        0.99
    """
    error = scale * float(detected / (1 + detected))
    return _NORMAL.cdf(error / standard_error - z) if standard_error else 1.0


def smallest_factor(*, standard_error: float, scale: float, z: float) -> float:
    """The factor 1 + d by which a claim must be wrong, at least, to be refused with probability 0.99.

    d/(1 + d) = (z + 2.33) error/scale; the factor is infinite where claims of any size would pass.

    Examples:
        >>> round(smallest_factor(standard_error=1.0, scale=3 * 6.326, z=4.0), 3)
        1.5
        >>> smallest_factor(standard_error=1.0, scale=5.0, z=4.0)
        inf
    """
    share = (z + _Z_POWER) * standard_error
    return scale / (scale - share) if share < scale else math.inf


def family_error(skewnesses: Sequence[tuple[float, int]], z: float) -> float:
    """The probability that true claims are refused, from the skewness of one value and the number of values of each.

    Examples:
        >>> z = largest_z(10)
        >>> round(family_error([(0.0, 100)] * 10, z), 6), round(family_error([(5.0, 40_000)] * 10, z), 6)
        (0.0005, 0.000579)
    """
    each = 2 * _NORMAL.cdf(-z)
    return math.fsum(each * math.cosh(g * z**3 / (3 * math.sqrt(n))) for g, n in skewnesses)
