"""What is checked without a campaign: each closed form at fixed numbers, and each published formula.

A published formula is held against the exact result: by the referee, at numbers, and with a simulation beside both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any

from haarqntk.checks import integer, one_of
from haarqntk.montecarlo import Problem, quantity_of
from haarqntk.qntk import (
    PUBLISHED_CLAIMS,
    ClaimCheck,
    Formula,
    PublishedClaim,
    check_published,
    closed_form,
    exact_numerator,
    formula,
    formulas,
    kernel_mean_of,
    polynomial_at,
)
from haarqntk.validation._claims import Claim, quantities_of, symbol_values, value_of
from haarqntk.validation._results import Result, verdict
from haarqntk.validation._runs import run_claim, run_claims

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Spectra that are not symmetric about their mean (at D = 2 each is), so that no odd moment vanishes by accident.
_SPECTRA = {2: (2, -1), 4: (3, 1, 0, -1), 8: (5, 3, 1, 0, 0, -1, -2, -7)}
_OTHER_SPECTRA = {2: (1, 3), 4: (1, 0, 2, -2), 8: (1, 2, 0, 1, -3, 0, 2, 0)}
_LAYERS = (1, 2, 5)
_OVERLAP = Fraction(1, 3)
_NUM_INPUTS = 3
_LARGEST_ORDER_WITHOUT_TAILS = 3
_SIXTH_MOMENT = "meta_kernel_second_moment"
# Where QuTiP draws what is wide or has tails: the law is narrow there, and the sample larger.
_NARROW: dict[str, dict[str, Any]] = {
    "kernel_second_moment": {"D": 2, "L": 4, "spectrum": _SPECTRA[2]},
    "kernel_variance": {"D": 2, "L": 1, "spectrum": _SPECTRA[2]},
    "meta_kernel_mean": {"D": 8, "L": 6, "spectrum": (1, 0, 0, 0, 0, 0, 0, 0)},
    _SIXTH_MOMENT: {"D": 2, "L": 1, "spectrum": _SPECTRA[2]},
    "supervised_kernel_mean": {
        "D": 4,
        "L": 3,
        "spectrum": ((3, 1, 0, -1), (2, 1, 0, 0)),
        "overlap": Fraction(4, 5),
    },
}
_TIMES_WHERE_NARROW = 4

DIMENSIONS = (16, 64, 1024)
"""Where the ratios exact/published are given, at ``DEPTH`` layers."""

DEPTH = 10
REFEREE_SAMPLES = 600
# More than the published formulas, each of which is evaluated at three dimensions and where it is simulated.
_numerator = lru_cache(maxsize=32)(exact_numerator)
_TRACES: dict[str, Callable[[int, int], list[int]]] = {  # Tr O, Tr O², … by dimension and number of qubits
    "Pauli string": lambda D, _: [0, D, 0, D, 0, D],
    "sum of all single-qubit Z": lambda D, n: [0, n * D, 0, (3 * n * n - 2 * n) * D],
    "projector of rank one": lambda _, __: [1] * 6,
}
_EXPECTATION = Fraction(1, 3)  # of the projector in the kept output state, under generator_average


def plan_checks(names: Sequence[str], *, samples: int, reference_samples: int) -> list[Claim]:
    """The claims of the named formulas: D = 2, 4, 8, L = 1, 2, 5 in NumPy batches; L = 2 also with QuTiP.

    Second moments have heavy tails: a few hundred values underestimate their spread, and |z| > 4 would come
    by chance (measured: 8 % of the time for E[μ²] at D = 8 with 120 values, below 1 % with 8,000). They take
    twice the samples; E[μ²] at D = 4, 8, of a skewness up to 30, takes 2D times the samples, by frames. QuTiP draws
    them, μ and the supervised kernel once, where the law is narrow, with four times the samples: enough to see a
    factor 1.5 with the 500 that are the default.

    Args:
        names: Names in ``hq.formulas()``; all of them if empty.
        samples: Values for each claim of the batched route, an integer ≥ 2.
        reference_samples: Values for each claim of the QuTiP route, an integer ≥ 2.

    Raises:
        UnknownNameError, InputTypeError, InputError: If a name is unknown or a number out of range.
    """
    samples = integer("samples", samples, at_least=2)
    reference_samples = integer("reference_samples", reference_samples, at_least=2)
    claims = []
    for name in [one_of("formula", name, formulas()) for name in names] or formulas():
        has_tails = formula(name).design_order > _LARGEST_ORDER_WITHOUT_TAILS
        for quantity, (D, spectrum), L in product(quantities_of(name), _SPECTRA.items(), _LAYERS):
            is_pair = quantity_of(quantity).num_observables > 1
            spectra = (spectrum, _OTHER_SPECTRA[D]) if is_pair else spectrum
            arguments = {"D": D, "L": L, "spectrum": spectra, **_inputs(quantity, D)}
            if name == _SIXTH_MOMENT and min(_SPECTRA) < D:
                claims.append(_check_of(name, quantity, arguments, "frames", 2 * D * samples))
                continue
            claims.append(_check_of(name, quantity, arguments, "batched", samples * (2 if has_tails else 1)))
            if _LAYERS[1] == L and name not in _NARROW:
                claims.append(_check_of(name, quantity, arguments, "qutip", reference_samples))
        if name in _NARROW:
            number = reference_samples * _TIMES_WHERE_NARROW
            claims.append(_check_of(name, name, _NARROW[name], "qutip", number))
    return claims


def _check_of(name: str, quantity: str, arguments: dict[str, Any], method: str, samples: int) -> Claim:
    numbers = tuple(arguments.items())
    stream = (  # a text that names the random numbers
        f"Case(formula={name!r}, quantity={quantity!r}, arguments={numbers!r}, method={method!r}, samples={samples!r})"
    )
    return Claim.create(
        name, quantity, arguments, samples=samples, method=method, stream=tuple(stream.encode())
    )


def _inputs(name: str, D: int) -> dict[str, Any]:
    """The numbers of the inputs that a quantity takes."""
    quantity = quantity_of(name)
    overlap = {"overlap": _OVERLAP} if quantity.uses_overlap else {}
    number = {"num_inputs": min(D, _NUM_INPUTS)} if quantity.uses_num_inputs else {}  # a qubit has two
    return overlap | number


@dataclass(frozen=True, slots=True)
class Finding:
    """One published formula with what was found about it.

    Attributes:
        published: The published formula.
        check: The referee's verdict.
        ratios: exact/published at each of ``DIMENSIONS`` and L = ``DEPTH``; the exact value where 0 is published.
        claim: The exact value where it is simulated.
        claimed: The published value there.
        result: The simulation there, against the exact value; None before it is simulated.
    """

    published: PublishedClaim
    check: ClaimCheck
    ratios: tuple[Fraction, ...]
    claim: Claim
    claimed: Fraction
    result: Result | None = None

    @property
    def agrees(self) -> bool:
        """Whether the simulation, if there is one, can be judged and is within 4 standard errors of the exact value."""
        return self.result is None or self.result.passed


def run_everything(
    checks: Sequence[Claim], *, seed: int, progress: Callable[[int, int], object] | None = None
) -> tuple[list[Result], list[Finding]]:
    """Draw checks, and examine every published formula in the order of ``PUBLISHED_CLAIMS``, in the same processes."""
    claims = [published_claim(row) for row in PUBLISHED_CLAIMS]
    judged: list[Finding] = []

    def derive() -> None:
        judged.extend(map(judge, PUBLISHED_CLAIMS, claims))
        _ = [claim.exact for claim in (*checks, *claims)]

    results = run_claims([*checks, *claims], seed=seed, progress=progress, meanwhile=derive)
    found = zip(judged, results[len(checks) :], strict=True)
    return results[: len(checks)], [replace(finding, result=result) for finding, result in found]


def examine(row: PublishedClaim, *, seed: int, samples: int = REFEREE_SAMPLES) -> Finding:
    """Referee one published formula, and simulate it, with some times so many samples where its law is skew."""
    claim = published_claim(row, samples=samples)
    return replace(judge(row, claim), result=run_claim(claim, seed=seed))


def judge(row: PublishedClaim, claim: Claim | None = None) -> Finding:
    """The exact part of a finding, without a simulation."""
    claim = claim or published_claim(row)
    points = [_exact_and_published(row, D, DEPTH) for D in DIMENSIONS]
    ratios = tuple(exact / published if published else exact for exact, published in points)
    _, claimed = _exact_and_published(row, row.D, row.L)
    return Finding(row, check_published(row), ratios, claim, claimed)


def published_claim(row: PublishedClaim, *, samples: int = REFEREE_SAMPLES) -> Claim:
    """The exact value of what a published formula is about, where it is simulated; of a ratio over E[K]^over."""
    return Claim.create(
        row.formula,
        *_simulated(row, row.D, row.L),
        ensemble=row.ensemble,
        samples=samples * row.times,
        method=row.method,
        stream=tuple(f"{row.label} {row.ensemble} {row.formula}".encode()),
        unit=_unit(row, _values(row, row.D, row.L)),
        derive=lambda: _exact_and_published(row, row.D, row.L)[0],
    )


def finding_command(finding: Finding, seed: int) -> str:
    """A command that prints the verdict, the exact value and the estimate of a finding; "" if there is no estimate."""
    if finding.result is None or finding.published not in PUBLISHED_CLAIMS:
        return ""
    samples = finding.claim.samples // finding.published.times
    return (
        "python -c 'from haarqntk import qntk, validation; f = validation.examine("
        f"qntk.PUBLISHED_CLAIMS[{PUBLISHED_CLAIMS.index(finding.published)}], seed={seed}, samples={samples}); "
        "print(f.check, f.claim.exact, f.result.estimate.mean, f.result.estimate.standard_error)'"
    )


def verdict_of_all(checks: Sequence[Result], found: Sequence[Finding]) -> dict[str, Any]:
    """The verdict on the checks, and on the simulations beside the findings."""
    told = verdict(checks)
    results = [(each.published.label, each.result) for each in found if each.result]
    few = [f"{label} (needs {result.needed:,})" for label, result in results if result.z is None]
    apart = [label for label, result in results if result.z is not None and not result.passed]
    if apart:
        told["sentence"] += f" The simulation disagrees with the exact value beside {', '.join(apart)}."
    if few:
        told["sentence"] += f" Not judged, with too few samples: {', '.join(few)}."
    return {**told, "passed": told["passed"] and not (apart or few)}


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


def concentration() -> list[Concentration]:
    """The floor of Var K/K̄² and the crossover depth for a Pauli string, a sum of Paulis and a projector."""
    ratio = closed_form("kernel_variance") / closed_form("kernel_mean") ** 2
    floor, crossover = ratio.deep_limit(), ratio.crossover_depth()
    rows = []
    for (name, traces_of), D in product(_TRACES.items(), DIMENSIONS):
        traces = traces_of(D, D.bit_length() - 1)
        rows.append(
            Concentration(name, D, *(Fraction(each.at(D=D, traces=traces)) for each in (floor, crossover)))
        )
    return rows


def _simulated(row: PublishedClaim, D: int, L: int) -> tuple[str, dict[str, Any]]:
    """What is simulated for a published formula, and at which numbers; of several eigenvalues the first."""
    quantity = row.quantity or quantities_of(row.formula)[0]
    half = (1,) * (D // 2) + (-1,) * (D // 2)
    spectrum = half if row.family == "pauli_string" else (1,) + (0,) * (D - 1)
    populations = (_EXPECTATION, 1 - _EXPECTATION) + (0,) * (D - 2)
    kept = {"populations": populations} if row.ensemble == "generator_average" else {}
    return quantity, {"D": D, "L": L, "spectrum": spectrum, **_inputs(quantity, D), **kept}


def _values(row: PublishedClaim, D: int, L: int) -> dict[str, Fraction]:
    """The symbols; the target is the mean output."""
    quantity, numbers = _simulated(row, D, L)
    values = symbol_values(Problem.create(quantity, ensemble=row.ensemble, **numbers))
    return values | {"O_0": values["T1"] / D}


def _exact_and_published(row: PublishedClaim, D: int, L: int) -> tuple[Fraction, Fraction]:
    values = _values(row, D, L)
    return _at(_numerator(row), values) / _unit(row, values), value_of(row.claim, values)


def _unit(row: PublishedClaim, values: Mapping[str, Fraction]) -> Fraction:
    """What the mean is divided by, on both sides."""
    return _at(kernel_mean_of(row), values) ** row.over if row.over else Fraction(1)


def _at(exact: Formula, values: Mapping[str, Fraction]) -> Fraction:
    """The value at D and at all symbols, also below the design order."""
    D = int(values["D"])
    polynomial = polynomial_at(exact, D)
    return polynomial.at(D, {name: values[name] for name in polynomial.variables})
