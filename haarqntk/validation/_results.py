"""What a campaign ends with: a result for each claim, one verdict over all of them, and both as plain data.

A front door, beside ``haarqntk.validation._runs``.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from haarqntk import __version__
from haarqntk.montecarlo import FAMILY_ERROR, Moments, family_error, power

if TYPE_CHECKING:
    from fractions import Fraction

    from haarqntk.validation._campaign import Campaign, Claim

# The pilot has measured the spread, with an error; a claim whose spread turns out so large that a 5 % error
# would pass more often than this is not accepted either.
_LEAST_POWER: Final = 0.9


@dataclass(frozen=True, slots=True)
class Result:
    """A claim with its estimate.

    Attributes:
        claim: The claim.
        moments: All its batches, added in their order.
        largest_z: The |z| within which it passes.
        seconds: The time that its batches took.
    """

    claim: Claim
    moments: Moments
    largest_z: float
    seconds: float

    @property
    def exact(self) -> Fraction:
        """The claimed value."""
        return self.claim.exact

    @property
    def z(self) -> float:
        """(estimate − exact) in standard errors."""
        return self.moments.estimate.z_score(self.exact)

    @property
    def power(self) -> float:
        """The probability that the claim would be refused if wrong by ``detected``, from the measured spread."""
        error, claim = self.moments.estimate.standard_error, self.claim
        return power(standard_error=error, scale=float(claim.size), z=self.largest_z, detected=claim.detected)

    @property
    def passed(self) -> bool:
        """Whether the estimate agrees, and is good enough to have disagreed."""
        return abs(self.z) <= self.largest_z and self.power >= _LEAST_POWER


@dataclass(frozen=True)
class CampaignRun:
    """What a run of a campaign ends with.

    Attributes:
        campaign: The campaign.
        results: One for each claim, in their order.
        num_found: The batches that the ledger held already.
        num_drawn: The batches that this run has drawn.
        torn: The torn last line of the ledger that was cut off; empty if there was none.
    """

    campaign: Campaign
    results: tuple[Result, ...]
    num_found: int
    num_drawn: int
    torn: str

    @property
    def passed(self) -> bool:
        """Whether every claim passes."""
        return all(result.passed for result in self.results)

    @property
    def family_error(self) -> float:
        """The probability that true claims are refused, with the skewness that was measured."""
        measured = [(r.moments.skewness, r.moments.estimate.samples) for r in self.results]
        return family_error(measured, self.results[0].largest_z)

    def sentence(self) -> str:
        """Return the verdict in words."""
        count, z = len(self.results), self.results[0].largest_z
        failed = [result for result in self.results if not result.passed]
        worst = max(abs(result.z) for result in self.results)
        least = min(result.power for result in self.results)
        errors = ", ".join(f"{float(d):.0%}" for d in sorted({r.claim.detected for r in self.results}))
        which = f"{errors} wrong" if errors.count("%") == 1 else f"wrong by what its row states ({errors})"
        verdict = f"{len(failed)} of {count} claims fail" if failed else f"All {count} claims pass"
        return (
            f"{verdict}: |z| up to {worst:.2f}, allowed {z:.2f}; true claims fail together with probability "
            f"{self.family_error:.1e} at most {FAMILY_ERROR:g}, one that is {which} with at least "
            f"{least:.3f}."
        )


def table_row(result: Result) -> dict[str, str]:
    """One result as cells of text."""
    claim, estimate = result.claim, result.moments.estimate
    name = (
        claim.problem.quantity
        if claim.ensemble == "segments"
        else f"{claim.problem.quantity}, {claim.ensemble}"
    )
    return {
        "quantity": name,
        "D": str(claim.problem.D),
        "L": str(claim.problem.L),
        "exact": f"{float(result.exact):.6g}",
        "simulated": f"{estimate.mean:.6g} ± {estimate.standard_error:.2g}",
        "z": f"{result.z:+.2f}",
        "samples": f"{estimate.samples:,}",
        "sees": f"{1 + float(claim.detected):.3g}",
        "power": f"{result.power:.4f}",
        "method": claim.method,
        "passed": "yes" if result.passed else "",
    }


def head_of(claim: Claim, campaign: Campaign) -> dict[str, Any]:
    """The line of the ledger that begins a claim: what its key stands for, and the versions that draw it."""
    return {
        "kind": "claim",
        "key": campaign.key(claim),
        **_described(claim, campaign),
        "problem": claim.problem.key(),
        "batch": claim.batch,
        "versions": versions(),
    }


def record_of(result: Result, campaign: Campaign) -> dict[str, Any]:
    """One result as plain data: the line of the ledger that ends a claim."""
    claim, estimate = result.claim, result.moments.estimate
    return {
        "kind": "result",
        "key": campaign.key(claim),
        "claim": claim.text or claim.formula,
        **_described(claim, campaign),
        "exact": str(result.exact),
        "estimate": estimate.mean,
        "standard_error": estimate.standard_error,
        "z": result.z if abs(result.z) < float("inf") else str(result.z),
        "passed": result.passed,
        "detected": str(claim.detected),
        "power": result.power,
        "skewness": result.moments.skewness,
        "seconds": round(result.seconds, 3),
        "problem": estimate.problem,
    }


def _described(claim: Claim, campaign: Campaign) -> dict[str, Any]:
    arguments = {name: _plain(value) for name, value in claim.arguments}
    return {
        "formula": claim.formula,
        "quantity": claim.problem.quantity,
        "ensemble": claim.problem.ensemble,
        **arguments,
        "route": claim.method,
        "samples": claim.samples,
        "seed": campaign.seed,
    }


def versions() -> dict[str, str]:
    """The versions that the random numbers depend on."""
    libraries = {name: version(name) for name in ("numpy", "scipy", "qutip")}
    return {"haarqntk": __version__, "python": platform.python_version(), **libraries}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return value if isinstance(value, int) else str(value)
