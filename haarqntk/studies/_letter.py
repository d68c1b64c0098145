"""[PRL] Fig. 1 made again: the relative fluctuation of the kernel against the depth; and what its figures share.

What the paper does not state is chosen, and the choice is stated; a caption is written from the numbers.

The exact curve is that of the simulated circuit, ``prl_ansatz``. Its layer L acts on the fixed input, while
``prl_ansatz_with_input_block`` has a Haar unitary there. In both K = v·Σ_l ξ_l² with independent factors, where ξ_L² is
proportional to 1 − ⟨X⟩² in the input. A uniform Pauli string gives a basis state 1 − ⟨X⟩² = 0 with probability 1/D and
else 1, the Haar unitary a distribution of the same mean; the second moments are

    (D − 1)/D    and    (1 − 1/D²) · D(D+2)/((D+1)(D+3)),

whose ratio is (D+3)/(D+2). Hence K̄ is the same, and E[K²] is larger by E[g⁴]/(D+2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import FIGURE_SAMPLES, SEED
from haarqntk.export import Line, with_error
from haarqntk.montecarlo import Ansatz, PauliSum, fresh_kernels, jackknife, random_angles, random_ansatz
from haarqntk.qntk import closed_form
from haarqntk.studies._study import Study, Texts, Unit, bars, panel
from haarqntk.training import fixed_kernels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from haarqntk.export import Panel
    from haarqntk.studies._study import Real, Result, Seen, Work

    Laws = Mapping[str, list[Any]]

NUM_QUBITS = 4
LARGEST_Z = 4.0
_SILENT = 1e-20  # a kernel below is rounding: no gradient at any angle


def z_score(estimate: tuple[float, float], law: float) -> float:
    """How many standard errors an estimate lies above a law."""
    return (estimate[0] - law) / estimate[1]


def centred_power_sums(observable: PauliSum) -> tuple[float, float]:
    """T2 and T4 of O − Tr O/D."""
    centred = observable.eigensystem[0] - observable.eigensystem[0].mean()
    return float((centred**2).sum()), float((centred**4).sum())


def record_of(observable: PauliSum) -> dict[str, Any]:
    """The observable as plain data."""
    return {"c": observable.coefficients, "P": observable.strings}


def kernels_of(
    ansatz: Ansatz,
    num_inputs: int,
    angles: Real | np.random.Generator,
    work: Work,
    *,
    depths: Sequence[int],
    count: int,
) -> Result:
    """Kernels at random angles: of the one circuit at given angles, or of fresh circuits from a generator."""
    how: dict[str, Any] = {"progress": lambda done: work.progress(done / count)}
    if isinstance(angles, np.ndarray):
        return {"kernels": fixed_kernels(ansatz, num_inputs, angles, **how)}
    how |= {"depths": depths, "count": count, "rng": angles}
    return {"kernels": fresh_kernels(ansatz.observable, num_inputs, **how)}


def exact_fluctuation(observable: PauliSum, L: int) -> dict[str, float]:
    """K̄ and ΔK/K̄ at depth L: exact, for independent layers (of which (12) is the leading order), and as published."""
    matrix = observable.matrix
    at: dict[str, Any] = {"D": len(matrix), "observable": matrix}
    mean = float(closed_form("kernel_mean", "prl_ansatz").at(L=L, **at))
    second = closed_form("kernel_second_moment", "prl_ansatz_with_input_block")
    square = float(second.at(L=L, **at)) + float(second.at(L=1, **at)) / (len(matrix) + 2)
    variance, first = (closed_form(name, "independent_layers") for name in ("kernel_variance", "kernel_mean"))
    T2, T4 = centred_power_sums(observable)
    return {
        "exact_mean": mean,
        "exact_ratio": math.sqrt(max(square / mean**2 - 1, 0.0)),
        "independent_layers_ratio": math.sqrt(float((variance / first**2).at(L=L, **at))),
        # [PRL] (9), and (12) over (9), with the traces of O − Tr O/D
        "published_mean": L * T2 / len(matrix) ** 2,
        "published_ratio": math.sqrt((8 * T2**2 + 12 * T4) / L) / T2,
    }


def floor(observable: PauliSum) -> float:
    """The exact ΔK/K̄ in the limit L → ∞ at fixed D, where one layer does not count."""
    variance, mean = (
        closed_form(name, "prl_ansatz_with_input_block") for name in ("kernel_variance", "kernel_mean")
    )
    limit = (variance / mean**2).deep_limit()
    return math.sqrt(float(limit.at(D=len(observable.matrix), observable=observable.matrix)))


def relative_fluctuation(K: Real) -> float:
    """ΔK/K̄ of samples of the kernel."""
    return float(K.std(ddof=1) / K.mean())


@dataclass(frozen=True, kw_only=True)
class FluctuationFigure(Study):
    """Fig. 1."""

    seed: int = SEED
    samples: int = FIGURE_SAMPLES
    depths: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 11, 15, 20, 26, 32, 40)

    name, command, source = "fig1", "figures", "liu2023"
    texts = Texts(
        title="[PRL] Fig. 1",
        caption="{caption}",
        choices=(
            "Seed {study.seed}: it gives the blocks, the generators, the observable and the angles.",
            "Input |0000⟩; the c_j are uniform in (0, 1).",
            "One circuit of {most} layers is drawn; the circuit of depth L is its first L layers.",
            "The angles are drawn anew at each depth; fresh circuits are drawn once for all depths.",
            "Published: (12) over (9), with the traces of O − Tr O/D.",
            "Error bars: one standard error, by the jackknife over the draws; in the inset they are ΔK.",
            "{silent}",
        ),
        alt="Relative fluctuation of the kernel against the depth: simulated points, exact curve and its floor",
        recorded=("samples", "num_qubits", "observable", "simulated", "laws", "floor"),
    )
    num_qubits = NUM_QUBITS

    def _drawn(self) -> tuple[Ansatz, np.random.Generator]:
        rng = np.random.default_rng([self.seed, 1])
        return random_ansatz(NUM_QUBITS, self.depths[-1], rng), rng

    def units(self) -> Iterator[Unit]:
        ansatz, rng = self._drawn()
        angles: dict[str, Any] = {
            f"one circuit, L = {L}": random_angles(self.samples, L, rng) for L in self.depths
        }
        for name, each in (angles | {"fresh circuits": rng}).items():
            run = partial(kernels_of, ansatz, 1, each, depths=self.depths, count=self.samples)
            yield Unit(name, run, work=len(self.depths) if each is rng else 1)

    def predict(self, results: Sequence[Result]) -> Seen:
        """Laws at every depth; K̄ and ΔK/K̄ with errors at the simulated ones, of one circuit and of fresh ones."""
        observable = self._drawn()[0].observable
        *fixed, fresh = (each["kernels"] for each in results)
        series = {"fixed": [K[:, 0, 0] for K in fixed], "fresh": list(fresh[:, :, 0, 0])}
        simulated: dict[str, dict[str, Any]] = {}
        for name, kernels in series.items():
            at = {
                L: K
                for L, K in zip(self.depths, kernels, strict=True)
                if name == "fresh" or K.max() > _SILENT
            }
            simulated[name] = {
                "L": list(at),
                "mean": [jackknife(K, np.mean) for K in at.values()],
                "ratio": [jackknife(K, relative_fluctuation) for K in at.values()],
            }
        depths = range(1, self.depths[-1] + 1)
        each = [exact_fluctuation(observable, L) for L in depths]
        laws: Laws = {"L": list(depths), **{name: [law[name] for law in each] for name in each[0]}}
        silent = " and ".join(str(L) for L in self.depths if L not in simulated["fixed"]["L"])
        text = f"The one circuit has no gradient at L = {silent}, at any angle, and hence no ratio there."
        lowest = floor(observable)
        seen = {"laws": laws, "simulated": simulated, "floor": lowest, "observable": record_of(observable)}
        words = {"most": self.depths[-1], "silent": text if silent else ""}
        return {**seen, **words, "caption": fluctuation_caption(laws, simulated, lowest)}

    def panels(self, seen: Seen) -> Iterator[Panel]:
        laws, fixed, L = seen["laws"], seen["simulated"]["fixed"], seen["laws"]["L"]
        pairs = zip(fixed["mean"], fixed["ratio"], strict=True)
        spread = [(mean, mean * ratio) for (mean, _), (ratio, _) in pairs]
        inset = panel(
            "$L$",
            r"$\overline{K}$",
            Line("published", "", L, laws["published_mean"]),
            Line("exact", "", L, laws["exact_mean"]),
            bars("fixed", "", fixed["L"], spread),
        )
        independent = r"exact for independent layers, $\propto 1/\sqrt{L}$"
        labels = {
            "fixed": "simulated, one circuit, random angles",
            "fresh": "simulated, fresh circuits",
        }
        yield panel(
            "number of layers $L$",
            r"relative fluctuation $\Delta K/\overline{K}$",
            Line("exact", "exact, average over circuits", L, laws["exact_ratio"]),
            Line("floor", r"its floor as $L\to\infty$", [L[0], L[-1]], [seen["floor"]] * 2),
            Line("published", r"published: (12) over (9), $\propto 1/\sqrt{L}$", L, laws["published_ratio"]),
            Line("published 2", independent, L, laws["independent_layers_ratio"]),
            *(bars(n, labels[n], found["L"], found["ratio"]) for n, found in seen["simulated"].items()),
            log="xy",
            y_limits=(0.18, 6.0),
            inset=inset,
            inset_place=(0.63, 0.61, 0.35, 0.36),
        )


def fluctuation_caption(laws: Laws, simulated: Mapping[str, Any], lowest: float) -> str:
    """What laws and simulated values, as they are recorded, and the floor show, in words that follow from them."""

    def off(series: str, name: str) -> list[float]:
        found, at = simulated[series], dict(zip(laws["L"], laws[name], strict=True))
        return [z_score(ratio, at[L]) for L, ratio in zip(found["L"], found["ratio"], strict=True)]

    law = {name: values[-1] for name, values in laws.items()}
    ratio, mean = (
        {series: with_error(*found[name][-1]) for series, found in simulated.items()}
        for name in ("ratio", "mean")
    )
    z_exact = max(map(abs, off("fresh", "exact_ratio")))
    z_published = min(map(abs, off("fresh", "published_ratio")))
    confirmed = "which they confirm" if z_exact <= LARGEST_Z else "which they do not confirm"
    above = off("fresh", "independent_layers_ratio")[-1]
    independent = (
        f"the 1/√L law of independent layers, {law['independent_layers_ratio']:.3f} at L = {law['L']}"
    )
    of_floor = (
        f"What makes it is seen: fresh draws lie {above:.1f} standard errors above {independent}, by the covariance "
        "between layers."
        if above > LARGEST_Z
        else f"It is not seen in these samples: fresh draws lie {above:+.1f} standard errors from {independent}."
    )
    return (
        f"ΔK/K̄ on {NUM_QUBITS} qubits. At L = {law['L']} the simulated ratio is {ratio['fixed']} for one draw of "
        f"the circuit and {ratio['fresh']} for fresh draws; the exact value is {law['exact_ratio']:.3f}, "
        f"the published law, (12) over (9), gives {law['published_ratio']:.3f}. Fresh draws lie up to "
        f"{z_exact:.1f} standard errors from the exact curve, {confirmed}, and at least {z_published:.1f} from "
        f"the published law. The exact ratio has the floor {lowest:.3f} as L → ∞. {of_floor} "
        f"{_about_one_draw(simulated['fixed']['L'], off('fixed', 'exact_ratio'))} "
        f"Inset: K̄ at L = {law['L']} is {mean['fixed']} for the one draw and {mean['fresh']} for fresh draws; exact "
        f"{law['exact_mean']:.2f}, published (9) {law['published_mean']:.2f}, a factor "
        f"{law['exact_mean'] / law['published_mean']:.2f}."
    )


def _about_one_draw(depths: Sequence[int], z: Sequence[float]) -> str:
    worst = max(range(len(z)), key=lambda i: abs(z[i]))
    settled = next((i for i in range(len(z)) if max(map(abs, z[i:])) <= LARGEST_Z), None)
    if settled is None:
        after = f", and still {abs(z[-1]):.1f} at L = {depths[-1]}."
    elif settled == 0:
        after = ": at these samples the two averages cannot be told apart."
    else:
        after = f", and within {max(map(abs, z[settled:])):.1f} from L = {depths[settled]} on."
    return (
        "The one draw, averaged over its angles only as in the paper, is another average: it lies up to "
        f"{abs(z[worst]):.1f} standard errors from the exact curve, at L = {depths[worst]}{after}"
    )
