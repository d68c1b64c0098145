"""The frozen kernel of many circuits: the mean of exponentials is not the exponential of the mean.

[PRL] predicts the mean residual by e^{−ηK̄t}. At D = 4, the size of its Fig. 2, the kernels of different circuits
differ by so much that this fails visibly, for the observable of that figure by 3.5 at ηK̄t = 4; for a
projector K does not concentrate at any depth, and it fails by an order of magnitude. The law of K gives both means,
with a rigorous bracket.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.dynamics import frozen_law
from haarqntk.export import Evidence, Line, Panel, PaperFigure, Points, Section
from haarqntk.montecarlo import Problem, values_in_blocks
from haarqntk.qntk import KernelLaw, kernel_law
from haarqntk.studies._evidence import Study, bracketed, disagreement, mean_and_error, numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

L, SAMPLES = 64, 4_000
TIMES = np.linspace(0, 5, 51)  # in units of 1/(ηK̄)
_SHOWN = (10, 20, 40)


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    D: int
    spectrum: tuple[Fraction | int, ...]
    cost: float
    ensemble: str = "segments"

    @property
    def law(self) -> KernelLaw:
        return kernel_law(D=self.D, L=L, spectrum=list(self.spectrum), ensemble=self.ensemble)


_CASES = (
    _Case("a Pauli string at D = 4", 4, (1, 1, -1, -1), 1.0),
    # the eigenvalues, to three digits, of the sum that ``haarqntk figures 2`` draws by default
    _Case(
        "the sum of Paulis of Fig. 2 of [PRL] at D = 4",
        4,
        tuple(Fraction(x, 1000) for x in (-1_915, -870, 304, 2_481)),
        1.0,
        "prl_ansatz",
    ),
    _Case("a projector of rank one at D = 16", 16, (1, *[0] * 15), 10.0),
)


def make(*, seed: int, progress: Callable[[float], object], samples: int = SAMPLES) -> Section:
    """Draw kernels of both cases, and hold the law against them."""
    evidence: list[Evidence] = []
    panels: list[Panel] = []
    data: dict[str, object] = {"seed": seed, "L": L, "samples": samples, "t": numbers(TIMES)}
    for place, case in enumerate(_CASES):
        lower, upper = bracket(case)
        kernels = _draw(case, samples, np.random.default_rng([seed, 7, place]), progress)
        decays = np.exp(-np.multiply.outer(kernels / float(case.law.mean), TIMES))
        evidence += _evidence(case, lower, upper, decays)
        panels.append(_panel((lower + upper) / 2, decays))
        data[f"case_{place}"] = {
            "observable": case.name,
            "lower": numbers(lower),
            "upper": numbers(upper),
            "mean": numbers(decays.mean(axis=0)),
        }
    return Section(
        title="The mean of exponentials and the exponential of the mean",
        text=(
            f"Every circuit keeps the kernel that it starts with. The mean residual over circuits is then E[e^(−ηKt)], "
            f"which the exact moments of K bracket, and not e^(−ηK̄t). L = {L}; time in units of 1/(ηK̄); "
            f"{samples:,} kernels of simulated circuits for each case."
        ),
        evidence=tuple(evidence),
        figure=PaperFigure(
            name="law",
            alt="Mean of frozen exponentials against time: simulated, by the law of K, and by the mean kernel alone",
            caption=_caption(data),
            choices=(
                f"Seed {seed}. Ensemble segments: Haar-random segments, generators Pauli strings.",
                "The bracket is thinner than the line wherever it is drawn.",
            ),
            data=data,
            panels=tuple(panels),
        ),
        command=STUDY.shell_command(seed),
    )


def bracket(case: _Case) -> tuple[Real, Real]:
    """The bracket of E[e^{−ηKt}] at every time, by the exact moments of K."""
    law = case.law
    predicted = frozen_law(law, TIMES, learning_rate=1 / law.mean, flow=True, num_nodes=40)
    assert predicted.lower is not None  # noqa: S101 - the law always has its bracket
    assert predicted.upper is not None  # noqa: S101 - as above
    return predicted.lower, predicted.upper


def _draw(case: _Case, samples: int, rng: np.random.Generator, progress: Callable[[float], object]) -> Real:
    total = sum(each.cost for each in _CASES)
    # the exact ensemble of that name has a Haar block on the input side; the letter's circuit has none
    ensemble = "prl_ansatz_with_input_block" if case.ensemble == "prl_ansatz" else case.ensemble
    problem = Problem.create("kernel_mean", D=case.D, L=L, spectrum=list(case.spectrum), ensemble=ensemble)
    blocks = []
    for block in values_in_blocks(problem, samples=samples, method="batched", rng=rng):
        blocks.append(block)
        progress(case.cost / total * len(block) / samples)
    return np.concatenate(blocks)


def _evidence(case: _Case, lower: Real, upper: Real, decays: Real) -> list[Evidence]:
    rows = []
    for place in _SHOWN:
        t = TIMES[place]
        mean, error = mean_and_error(decays[:, place])
        statement = f"For {case.name}, E[e^(−ηKt)] at ηK̄t = {t:g} follows from the law of K"
        rows.append(
            bracketed(
                statement, lower=lower[place], upper=upper[place], mean=mean, error=error, samples=len(decays)
            )
        )
    statement = f"For {case.name}, the mean kernel alone does not give it, at ηK̄t = {t:g}"
    rows.append(disagreement(statement, predicted=np.exp(-t), mean=mean, error=error, samples=len(decays)))
    return rows


def _panel(predicted: Real, decays: Real) -> Panel:
    t = numbers(TIMES)
    points = list(range(0, len(TIMES), 5))
    means, errors = zip(*(mean_and_error(decays[:, i]) for i in points[1:]), strict=True)
    return Panel(
        x_label=r"$\eta\overline{K}t$",
        y_label=r"$E[e^{-\eta Kt}]$",
        lines=(
            Line("exact", "law of $K$, exact", t, numbers(predicted)),
            Line("published", r"$e^{-\eta\overline{K}t}$", t, numbers(np.exp(-TIMES))),
        ),
        points=(
            Points(
                "fresh", "simulated circuits ± standard error", tuple(t[i] for i in points[1:]), means, errors
            ),
        ),
        logarithmic="y",
    )


def _caption(data: dict[str, object]) -> str:
    parts = []
    for place, case in enumerate(_CASES):
        curves = data[f"case_{place}"]
        assert isinstance(curves, dict)  # noqa: S101 - built above
        last = _SHOWN[-1]
        factor = curves["mean"][last] / np.exp(-TIMES[last])
        parts.append(
            f"({'abc'[place]}) {case.name}: at ηK̄t = {TIMES[last]:g} the mean is {factor:.3g} times e^(−ηK̄t)"
        )
    return "; ".join(parts) + "."


STUDY = Study("law", "train", make)
