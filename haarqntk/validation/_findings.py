"""What the exact results say about published formulas: limits, ratios at numbers, and a simulation beside them.

A front door: it joins the referee with ``montecarlo``. Each row states a finding with its evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from haarqntk.base import LazyModule
from haarqntk.montecarlo import (
    LARGEST_Z,
    Estimate,
    Moments,
    Problem,
    check_affordable,
    draw_moments,
    quantity_of,
    samples_for_verdict,
)
from haarqntk.qntk import (
    PUBLISHED_CLAIMS,
    ClaimCheck,
    Formula,
    PublishedClaim,
    check_published,
    closed_form,
    exact_numerator,
    kernel_mean_of,
    parse_closed_form,
    polynomial_at,
)
from haarqntk.validation._checks import quantities_of
from haarqntk.validation._processes import start_in_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

sympy = LazyModule("sympy")

DEPTH = 10
DIMENSIONS = (16, 64, 1024)
SIMULATED_DIMENSION = 16
SAMPLES = 600

_NUM_INPUTS = 3
_OVERLAP = Fraction(1, 3)
_EXPECTATION = Fraction(1, 3)  # of the projector in the kept output state, under generator_average
_RESIDUAL_QUANTITIES = {
    "e*mu": "residual_meta_kernel_mean",
    "sum(e*d(l,l)*d(l)^2, l)": "residual_meta_kernel_diagonal",
    "e*mu - sum(e*d(l,l)*d(l)^2, l)": "residual_meta_kernel_off_diagonal",
}
_SKEW = ("kernel_second_moment", "kernel_variance", "meta_kernel_second_moment")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a claim is simulated.

    Attributes:
        D: The dimension.
        L: The number of layers.
        times: How many times the usual number of samples are drawn.
        method: The route of the simulation.
    """

    D: int = SIMULATED_DIMENSION
    L: int = DEPTH
    times: int = 1
    method: str = "batched"


_USUAL = Place()


@dataclass(frozen=True, slots=True)
class Finding:
    """One published formula with what was found about it.

    Attributes:
        claim: The published formula.
        check: The referee's verdict.
        ratios: exact/claimed at each of ``DIMENSIONS`` and L = ``DEPTH``; the exact value where the claim is 0.
        place: Where it is simulated.
        claimed: The claimed value there.
        exact: The exact value there.
        moments: The simulated value there with its skewness; None before it is simulated.
    """

    claim: PublishedClaim
    check: ClaimCheck
    ratios: tuple[Fraction, ...]
    place: Place
    claimed: Fraction
    exact: Fraction
    moments: Moments | None

    @property
    def estimate(self) -> Estimate | None:
        """The simulated value; None before it is simulated."""
        return self.moments.estimate if self.moments else None

    @property
    def needed(self) -> int:
        """How many values a verdict takes, by the skewness that was measured."""
        return samples_for_verdict(self.moments.skewness if self.moments else 0.0)

    @property
    def z(self) -> float | None:
        """(simulated − exact) in standard errors; None for fewer values than ``needed``."""
        return self.z_from(self.exact)

    def z_from(self, value: Fraction) -> float | None:
        """(simulated − value) in standard errors; None for fewer values than ``needed``."""
        estimate = self.estimate
        return estimate.z_score(value) if estimate and estimate.samples >= self.needed else None

    @property
    def agrees(self) -> bool:
        """Whether the simulation, if there is one, can be judged and is within ``LARGEST_Z`` of the exact value."""
        return self.moments is None or (self.z is not None and abs(self.z) <= LARGEST_Z)


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
        moments = running.results(progress)
    return [replace(finding, moments=m) for finding, m in zip(judged, moments, strict=True)]


def cost(claim: PublishedClaim) -> float:
    """About how long a claim takes, in the unit of ``validation.Case.cost``."""
    place = place_of(claim)
    num_entries = 1 + place.L**2 / 20 if _uses_second_derivatives(claim) else 1
    return 5 * num_entries * place.times * SAMPLES * place.L / 10 * (place.D / SIMULATED_DIMENSION) ** 2


def examine(claim: PublishedClaim, *, seed: int, samples: int = SAMPLES) -> Finding:
    """Referee one published formula, and simulate it."""
    return replace(judge(claim), moments=simulate_claim(claim, seed=seed, samples=samples))


def judge(claim: PublishedClaim) -> Finding:
    """The exact part of a finding, without a simulation."""
    numerator, place = exact_numerator(claim), place_of(claim)
    points = [_point(numerator, claim, D, DEPTH) for D in DIMENSIONS]
    ratios = tuple(e / c if c else e for e, c in points)
    exact, claimed = _point(numerator, claim, place.D, place.L)
    return Finding(claim, check_published(claim), ratios, place, claimed=claimed, exact=exact, moments=None)


def concentration() -> list[Concentration]:
    """The floor of Var K/K̄² and the crossover depth for a Pauli string, a sum of Paulis and a projector."""
    ratio = closed_form("kernel_variance") / closed_form("kernel_mean") ** 2
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


def _point(numerator: Formula, claim: PublishedClaim, D: int, L: int) -> tuple[Fraction, Fraction]:
    """The exact and the claimed value for the claim's family of observables; the target is the mean output."""
    values = _values(claim, D, L)
    value = _at(numerator, values)
    if claim.over:
        value /= _at(kernel_mean_of(claim), values) ** claim.over
    expression = parse_closed_form(claim.claim, list(values))
    return value, _substituted(expression, values)


def _values(claim: PublishedClaim, D: int, L: int) -> dict[str, Fraction]:
    family = "Pauli string" if claim.family == "pauli_string" else "projector"
    T = [Fraction(value) for value in _traces(family, D)]
    values = {f"T{j}": value for j, value in enumerate(T, start=1)}
    values |= {"T_O1": T[0], "T_O2": T[0], "T_O1O2": T[1], "O_0": T[0] / D}
    values |= {"D": Fraction(D), "L": Fraction(L), "n": Fraction(_NUM_INPUTS)}
    return values | {"sigma": _OVERLAP, "m1": _EXPECTATION}


def _at(exact: Formula, values: Mapping[str, Fraction]) -> Fraction:
    """The value at D and at all symbols, also below the design order."""
    D = int(values["D"])
    polynomial = polynomial_at(exact, D)
    return polynomial.at(D, {name: values[name] for name in polynomial.variables})


def _substituted(expression: Any, values: Mapping[str, Fraction]) -> Fraction:
    at = {
        free: sympy.Rational(values[free.name].numerator, values[free.name].denominator)
        for free in expression.free_symbols
    }
    number = expression.xreplace(at)
    return Fraction(int(number.p), int(number.q))


def place_of(claim: PublishedClaim) -> Place:
    """Where a claim is simulated: D = 16, L = 10, unless that is too slow or too small an effect there."""
    if claim.formula in _RESIDUAL_QUANTITIES:
        # the published part l = m is off by 8 % at D = 4 and by 5 % at D = 16, and by less of the whole sum
        return Place(D=4, L=1 if "l = m" in claim.label else 2, times=40)
    if claim.formula in _SKEW:  # 3 for K at L = 10; for μ 8 there, and 10 at L = 3
        if claim.ensemble == "segments":
            return Place(times=5, method="frames")
        return Place(L=3, times=8) if _uses_second_derivatives(claim) else Place(times=2)
    if claim.ensemble == "independent_layers" and _uses_second_derivatives(claim):
        return Place(L=3, times=2)  # a circuit for each of L² entries
    return _USUAL


def _uses_second_derivatives(claim: PublishedClaim) -> bool:
    return quantity_of(_quantity(claim)).uses_hessian


def _quantity(claim: PublishedClaim) -> str:
    """What is simulated for a claim; of several eigenvalues the first."""
    return _RESIDUAL_QUANTITIES.get(claim.formula) or quantities_of(claim.formula)[0]


def simulate_claim(claim: PublishedClaim, *, seed: int, samples: int = SAMPLES) -> Moments:
    """The simulated value at the claim's place; of a ratio the numerator, over the exact E[K]^over."""
    place = place_of(claim)
    D = place.D
    half = [1] * (D // 2) + [-1] * (D // 2)
    arguments: dict[str, Any] = {"spectrum": half if claim.family == "pauli_string" else [1] + [0] * (D - 1)}
    quantity = quantity_of(_quantity(claim))
    if quantity.uses_num_inputs:
        arguments["num_inputs"] = _NUM_INPUTS
    if quantity.uses_overlap:
        arguments["overlap"] = _OVERLAP
    if claim.ensemble == "generator_average":
        arguments["populations"] = [_EXPECTATION, 1 - _EXPECTATION] + [0] * (D - 2)
    problem = Problem.create(quantity.name, D=D, L=place.L, ensemble=claim.ensemble, **arguments)
    number, stream = samples * place.times, tuple(f"{claim.label} {claim.ensemble} {claim.formula}".encode())
    check_affordable(problem, samples=number, method=place.method)
    moments = draw_moments(problem, samples=number, method=place.method, seed=seed, stream=stream)
    if not claim.over:
        return moments
    scale = float(_at(kernel_mean_of(claim), _values(claim, D, place.L)) ** -claim.over)
    estimate = moments.estimate
    scaled = replace(estimate, mean=estimate.mean * scale, squares=estimate.squares * scale**2)
    return Moments(scaled, moments.cubes * scale**3)
