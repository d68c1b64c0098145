"""Each closed form against the simulation: exact value, estimate, z-score, verdict.

A front door: it sees the exact rooms and ``montecarlo``, which do not see each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from haarqntk.checks import integer, one_of
from haarqntk.montecarlo import (
    LARGEST_Z,
    Estimate,
    Moments,
    Problem,
    check_affordable,
    draw_moments,
    quantity_of,
    samples_for_verdict,
    smallest_factor,
)
from haarqntk.qntk import Formula, closed_form, formula, formulas
from haarqntk.validation._processes import start_in_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Spectra that are not symmetric about their mean (at D = 2 each is), so that no odd moment vanishes by accident.
_SPECTRA = {2: (2, -1), 4: (3, 1, 0, -1), 8: (5, 3, 1, 0, 0, -1, -2, -7)}
_OTHER_SPECTRA = {2: (1, 3), 4: (1, 0, 2, -2), 8: (1, 2, 0, 1, -3, 0, 2, 0)}
_LAYERS = (1, 2, 5)
_OVERLAP = Fraction(1, 3)
_LARGEST_ORDER_WITHOUT_TAILS = 3
# Where QuTiP draws what is wide or has tails: the law is narrow there, and the sample larger.
_NARROW: dict[str, dict[str, Any]] = {
    "kernel_second_moment": {"D": 2, "L": 4, "spectrum": _SPECTRA[2]},
    "kernel_variance": {"D": 2, "L": 1, "spectrum": _SPECTRA[2]},
    "meta_kernel_mean": {"D": 8, "L": 6, "spectrum": (1, 0, 0, 0, 0, 0, 0, 0)},
    "meta_kernel_second_moment": {"D": 2, "L": 1, "spectrum": _SPECTRA[2]},
    "supervised_kernel_mean": {
        "D": 4,
        "L": 3,
        "spectrum": ((3, 1, 0, -1), (2, 1, 0, 0)),
        "overlap": Fraction(4, 5),
    },
}
_TIMES_WHERE_NARROW = 4
_SIXTH_MOMENT = "meta_kernel_second_moment"


@dataclass(frozen=True, slots=True)
class Case:
    """What one check compares.

    Attributes:
        formula: The name in ``hq.formulas()``.
        quantity: The name in ``montecarlo.quantities()``.
        arguments: The keyword arguments that both the formula and the simulation take.
        method: The route of the simulation.
        samples: The number of independent values.
    """

    formula: str
    quantity: str
    arguments: tuple[tuple[str, Any], ...]
    method: str
    samples: int

    @property
    def cost(self) -> int:
        """About how long the case takes, in layers of the NumPy route; for the order and the progress bar."""
        L: int = dict(self.arguments)["L"]
        depth = L**2 if quantity_of(self.quantity).uses_hessian else L
        return depth * self.samples * (200 if self.method == "qutip" else 1)


@dataclass(frozen=True, slots=True)
class Check:
    """A case with its exact value, and the moments of its simulated values."""

    case: Case
    exact: Fraction
    moments: Moments

    @property
    def estimate(self) -> Estimate:
        """Mean and standard error."""
        return self.moments.estimate

    @property
    def needed(self) -> int:
        """How many values a verdict takes, by the skewness that was measured."""
        return samples_for_verdict(self.moments.skewness)

    @property
    def z(self) -> float | None:
        """(estimate − exact) in standard errors; None for fewer values than ``needed``."""
        return self.estimate.z_score(self.exact) if self.estimate.samples >= self.needed else None

    @property
    def passed(self) -> bool:
        """Whether there is a z, of at most ``LARGEST_Z`` in size."""
        return self.z is not None and abs(self.z) <= LARGEST_Z

    @property
    def seen_factor(self) -> float:
        """The factor by which the exact value must be wrong, at least, to fail with probability 0.99."""
        error = self.estimate.standard_error
        return smallest_factor(standard_error=error, scale=float(abs(self.exact)), z=LARGEST_Z)


def plan(names: Sequence[str], *, samples: int, reference_samples: int) -> list[Case]:
    """The cases of the named formulas: D = 2, 4, 8, L = 1, 2, 5 in NumPy batches; L = 2 also with QuTiP.

    Second moments have heavy tails: a few hundred values underestimate their spread, and |z| > 4 would come
    by chance (measured: 8 % of the time for E[μ²] at D = 8 with 120 values, below 1 % with 8,000). They take
    twice the samples; E[μ²] at D = 4, 8, of a skewness up to 30, takes 2D times the samples, by frames. QuTiP draws
    them, μ and the supervised kernel once, where the law is narrow, with four times the samples: enough to see a
    factor 1.5 with the 500 that are the default.

    Args:
        names: Names in ``hq.formulas()``; all of them if empty.
        samples: Values for each case of the batched route, an integer ≥ 2.
        reference_samples: Values for each case of the QuTiP route, an integer ≥ 2.

    Raises:
        UnknownNameError, InputTypeError, InputError: If a name is unknown or a number out of range.
    """
    samples = integer("samples", samples, at_least=2)
    reference_samples = integer("reference_samples", reference_samples, at_least=2)
    cases = []
    for name in [one_of("formula", name, formulas()) for name in names] or formulas():
        for quantity, (D, spectrum), L in product(quantities_of(name), _SPECTRA.items(), _LAYERS):
            arguments = {"D": D, "L": L, "spectrum": spectrum, **_extra_arguments(quantity, D)}
            key = tuple(arguments.items())
            has_tails = formula(name).design_order > _LARGEST_ORDER_WITHOUT_TAILS
            if name == _SIXTH_MOMENT and min(_SPECTRA) < D:
                cases.append(Case(name, quantity, key, "frames", 2 * D * samples))
                continue
            cases.append(Case(name, quantity, key, "batched", samples * (2 if has_tails else 1)))
            if _LAYERS[1] == L and name not in _NARROW:
                cases.append(Case(name, quantity, key, "qutip", reference_samples))
        if name in _NARROW:
            key = tuple(_NARROW[name].items())
            cases.append(Case(name, name, key, "qutip", reference_samples * _TIMES_WHERE_NARROW))
    return cases


def run(cases: Sequence[Case], *, seed: int, progress: Callable[[Case], object] | None = None) -> list[Check]:
    """Check every case, one process for each core.

    Args:
        cases: From ``plan``.
        seed: An integer ≥ 0. The numbers do not depend on how many processes there are.
        progress: Called with each case as it is finished; by default nothing is.

    Returns:
        The checks, in the order of ``cases``.
    """
    task = partial(simulated_moments, seed=integer("seed", seed, at_least=0))
    with start_in_processes(task, cases, cost=lambda case: case.cost) as running:
        exact = [exact_value(case) for case in cases]  # derived here, once, while the others simulate
        moments = running.results(progress)
    return [Check(*row) for row in zip(cases, exact, moments, strict=True)]


def check(case: Case, *, seed: int) -> Check:
    """Evaluate and simulate one case."""
    return Check(case, exact_value(case), simulated_moments(case, seed=seed))


def exact_value(case: Case) -> Fraction:
    """The closed form at the case's numbers."""
    return Fraction(exact_formula(case.formula, case.quantity).at(**dict(case.arguments)))


def simulated_moments(case: Case, *, seed: int) -> Moments:
    """Simulate one case; the stream of random numbers belongs to the seed and the case."""
    problem = Problem.create(case.quantity, **dict(case.arguments))
    check_affordable(problem, samples=case.samples, method=case.method)
    stream = tuple(repr(case).encode())
    return draw_moments(problem, samples=case.samples, method=case.method, seed=seed, stream=stream)


def verdict(checks: Sequence[Check]) -> dict[str, object]:
    """Whether all checks pass, and the sentence that says so."""
    scores = [abs(check.z) for check in checks if check.z is not None]
    needed = [check.needed for check in checks if check.z is None]
    num_failed, num_open = sum(z > LARGEST_Z for z in scores), len(needed)
    counts = f"{num_failed} of {len(checks)} checks fail" if num_failed else f"All {len(checks)} checks pass"
    if num_open and not num_failed:
        counts = f"{len(scores)} of {len(checks)} checks pass"
    sentence = f"{counts}: |z| up to {max(scores, default=0.0):.1f}, allowed {LARGEST_Z:g}."
    if num_open:
        least = " to ".join(f"{n:,}" for n in (min(needed), max(needed)))
        sentence += f" Not judged: {num_open} with too few samples, which need at least {least}."
    return {"passed": not num_failed and not num_open, "sentence": sentence}


def table_row(check: Check) -> dict[str, str]:
    """One check as cells of text."""
    arguments = dict(check.case.arguments)
    spectrum = arguments["spectrum"]
    spectra = spectrum if isinstance(spectrum[0], tuple) else (spectrum,)
    case = ["O = " + ", ".join(f"({' '.join(map(str, s))})" for s in spectra)]
    if "overlap" in arguments:
        case.append(f"σ = {arguments['overlap']}")
    if "num_inputs" in arguments:
        case.append(f"|A| = {arguments['num_inputs']}")
    return {
        "quantity": check.case.quantity,
        "D": str(arguments["D"]),
        "L": str(arguments["L"]),
        "case": ", ".join(case),
        "exact": f"{float(check.exact):.6g}",
        "simulated": f"{check.estimate.mean:.6g} ± {check.estimate.standard_error:.2g}",
        "z": f"needs {check.needed:,}" if check.z is None else f"{check.z:+.2f}",
        "samples": f"{check.case.samples:,}",
        "sees": f"{check.seen_factor:.3g}" if math.isfinite(check.seen_factor) else "-",
        "method": check.case.method,
        "passed": "yes" if check.passed else "",
    }


def record_of(check: Check) -> dict[str, Any]:
    """One check as plain data, exact values as text "p/q"."""
    arguments = {
        name: value if isinstance(value, int) else str(value) if isinstance(value, Fraction) else list(value)
        for name, value in check.case.arguments
    }
    return {
        "formula": check.case.formula,
        "quantity": check.case.quantity,
        **arguments,
        "exact": str(check.exact),
        "estimate": check.estimate.mean,
        "standard_error": check.estimate.standard_error,
        "z": check.z,
        "passed": check.passed,
        "samples": check.case.samples,
        "sees": check.seen_factor if math.isfinite(check.seen_factor) else None,
        "samples_needed": check.needed,
        "method": check.case.method,
        "problem": check.estimate.problem,
    }


def quantities_of(name: str) -> tuple[str, ...]:
    """The quantities of ``montecarlo`` that estimate a formula."""
    if name == "supervised_kernel_eigenvalues":
        return ("supervised_kernel_eigenvalue_uniform", "supervised_kernel_eigenvalue_difference")
    return (name,)


def exact_formula(
    name: str, quantity: str, ensemble: str = "segments", *, generators: str = "pauli"
) -> Formula:
    """The closed form of a quantity that estimates the named formula."""
    part = "difference" if quantity.endswith("difference") else "uniform"
    return closed_form(name, ensemble, generators=generators, part=part)


def _extra_arguments(name: str, D: int) -> dict[str, Any]:
    quantity, extra = quantity_of(name), dict[str, Any]()
    if quantity.num_observables > 1:
        extra["spectrum"] = (_SPECTRA[D], _OTHER_SPECTRA[D])
    if quantity.uses_overlap:
        extra["overlap"] = _OVERLAP
    if quantity.uses_num_inputs:
        extra["num_inputs"] = min(D, 3)  # a qubit has two orthogonal states
    return extra
