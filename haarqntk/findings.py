"""What the exact results say about published formulas: limits, ratios at numbers, and a simulation beside them.

A front door: it joins the referee with ``montecarlo``. Each row states a finding with its evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk._lazy import LazyModule
from haarqntk._pool import start_in_processes
from haarqntk.errors import InputError
from haarqntk.montecarlo import Estimate, simulate
from haarqntk.qntk import (
    PUBLISHED_CLAIMS,
    ClaimCheck,
    EigenvalueFormula,
    Formula,
    PublishedClaim,
    Ratio,
    check_claim,
    formula,
    parse_closed_form,
)
from haarqntk.validation import LARGEST_Z

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

sympy = LazyModule("sympy")

DEPTH = 10
DIMENSIONS = (16, 64, 1024)
SIMULATED_DIMENSION = 16
SAMPLES = 600

_NUM_INPUTS = 3
_EXPECTATION = Fraction(1, 3)  # of the projector in the kept output state, under generator_average
# Different derivatives of second order cannot be drawn independently from one circuit.
_NOT_SIMULATED = {
    ("meta_kernel_mean", "independent_layers"),
    ("meta_kernel_second_moment", "independent_layers"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One published formula with what was found about it.

    Attributes:
        claim: The published formula.
        check: The referee's verdict.
        ratios: exact/claimed at each of ``DIMENSIONS`` and L = ``DEPTH``; the exact value where the claim is 0.
        claimed: The claimed value at D = 16.
        exact: The exact value at D = 16.
        estimate: The simulated value at D = 16; None where it cannot be simulated.
    """

    claim: PublishedClaim
    check: ClaimCheck
    ratios: tuple[Fraction, ...]
    claimed: Fraction
    exact: Fraction
    estimate: Estimate | None

    @property
    def agrees(self) -> bool:
        """Whether the simulation, if there is one, is within ``LARGEST_Z`` standard errors of the exact value."""
        return self.estimate is None or abs(self.estimate.z_score(self.exact)) <= LARGEST_Z


@dataclass(frozen=True, slots=True)
class Concentration:
    """How far the kernel concentrates, for one observable: [PRL] (16) restated.

    Attributes:
        observable: Its name.
        D: The dimension.
        floor: Var K/K̄² as L → ∞.
        crossover: The depth from which the floor outweighs the 1/L term.
    """

    observable: str
    D: int
    floor: Fraction
    crossover: Fraction


def run(
    *, seed: int, samples: int = SAMPLES, progress: Callable[[PublishedClaim], object] | None = None
) -> list[Finding]:
    """Examine every published claim, one process for each core; the order is that of ``PUBLISHED_CLAIMS``."""
    task = partial(simulate_claim, seed=seed, samples=samples)
    with start_in_processes(task, PUBLISHED_CLAIMS, cost=cost) as running:
        judged = [judge(claim) for claim in PUBLISHED_CLAIMS]  # derived here, once, while the others simulate
        estimates = running.results(progress)
    return [replace(finding, estimate=e) for finding, e in zip(judged, estimates, strict=True)]


def cost(claim: PublishedClaim) -> float:
    """About how long a claim takes, in the unit of ``validation.Case.cost``."""
    return (50 if claim.formula == "meta_kernel_second_moment" else 5) * SAMPLES * DEPTH / 10


def examine(claim: PublishedClaim, *, seed: int, samples: int = SAMPLES) -> Finding:
    """Referee one published formula, and simulate it at D = 16, L = 10."""
    return replace(judge(claim), estimate=simulate_claim(claim, seed=seed, samples=samples))


def judge(claim: PublishedClaim) -> Finding:
    """The exact part of a finding, without a simulation."""
    exact = _exact_formula(claim)
    check = check_claim(claim.formula, claim.claim, ensemble=claim.ensemble, centred=claim.centred)
    points = [_point(exact, claim, D) for D in DIMENSIONS]
    ratios = tuple(e / c if c else e for e, c in points)
    at_sixteen = points[DIMENSIONS.index(SIMULATED_DIMENSION)]
    return Finding(claim, check, ratios, claimed=at_sixteen[1], exact=at_sixteen[0], estimate=None)


def _exact_formula(claim: PublishedClaim) -> Formula:
    value = formula(claim.formula, ensemble=claim.ensemble)
    return value.uniform if isinstance(value, EigenvalueFormula) else value


def concentration() -> list[Concentration]:
    """The floor of Var K/K̄² and the crossover depth for a Pauli string, a sum of Paulis and a projector."""
    variance, mean = formula("kernel_variance"), formula("kernel_mean")
    if not (isinstance(variance, Formula) and isinstance(mean, Formula)):
        raise InputError("kernel_variance and kernel_mean must be single formulas")
    ratio: Ratio = variance / mean**2
    rows = []
    for name in ("Pauli string", "sum of all single-qubit Z", "projector of rank one"):
        for D in DIMENSIONS:
            traces = _traces(name, D)
            floor = ratio.deep_limit().at(D=D, traces=traces)
            crossover = ratio.crossover_depth().at(D=D, traces=traces)
            rows.append(Concentration(name, D, Fraction(floor), Fraction(crossover)))
    return rows


def _traces(name: str, D: int) -> list[int]:
    if name.startswith("Pauli"):
        return [0, D, 0, D, 0, D]
    if name.startswith("projector"):
        return [1] * 6
    n = D.bit_length() - 1
    return [0, n * D, 0, (3 * n * n - 2 * n) * D]


def _point(exact: Formula, claim: PublishedClaim, D: int) -> tuple[Fraction, Fraction]:
    """The exact and the claimed value for the claim's family of observables."""
    family = "Pauli string" if claim.family == "pauli_string" else "projector"
    values: dict[str, Any] = {f"T{j}": value for j, value in enumerate(_traces(family, D), start=1)}
    values |= {"n": _NUM_INPUTS, "m1": _EXPECTATION, "m2": _EXPECTATION, "L": DEPTH}
    value = exact.polynomial.at(D, {name: Fraction(values[name]) for name in exact.polynomial.variables})
    expression = parse_closed_form(claim.claim, ["D", *values])
    return value, _substituted(expression, values | {"D": D})


def _substituted(expression: Any, values: Mapping[str, Any]) -> Fraction:
    at = {
        free: sympy.Rational(Fraction(values[free.name]).numerator, Fraction(values[free.name]).denominator)
        for free in expression.free_symbols
    }
    number = expression.xreplace(at)
    return Fraction(int(number.p), int(number.q))


def simulate_claim(claim: PublishedClaim, *, seed: int, samples: int = SAMPLES) -> Estimate | None:
    """The simulated value at D = 16, L = 10; None where it cannot be simulated."""
    if (claim.formula, claim.ensemble) in _NOT_SIMULATED:
        return None
    D = SIMULATED_DIMENSION
    half = [1] * (D // 2) + [-1] * (D // 2)
    arguments: dict[str, Any] = {"spectrum": half if claim.family == "pauli_string" else [1] + [0] * (D - 1)}
    quantity = claim.formula
    if claim.formula == "supervised_kernel_eigenvalues":
        quantity = "supervised_kernel_eigenvalue_uniform"
        arguments["num_inputs"] = _NUM_INPUTS
    if claim.ensemble == "generator_average":
        arguments["spectrum"] = [1] + [0] * (D - 1)
        arguments["populations"] = [_EXPECTATION, 1 - _EXPECTATION] + [0] * (D - 2)
    rng = np.random.default_rng([seed, *f"{claim.label} {claim.ensemble} {claim.formula}".encode()])
    return simulate(quantity, D=D, L=DEPTH, ensemble=claim.ensemble, samples=samples, rng=rng, **arguments)
