"""[PRL] Fig. 1: the relative fluctuation of the kernel against the depth.

A front door: it joins the exact rooms, ``montecarlo`` and ``export``.

The exact curve is that of the simulated circuit, ``prl_ansatz``. Its layer L acts on the fixed input, while
``prl_ansatz_with_input_block`` has a Haar unitary there. In both K = v·Σ_l ξ_l² with independent factors, where ξ_L² is
proportional to 1 − ⟨X⟩² in the input. A uniform Pauli string gives a basis state 1 − ⟨X⟩² = 0 with
probability 1/D and else 1, the Haar unitary a distribution of the same mean; the second moments are

    (D − 1)/D    and    (1 − 1/D²) · D(D+2)/((D+1)(D+3)),

whose ratio is (D+3)/(D+2). Hence K̄ is the same, and E[K²] is larger by E[g⁴]/(D+2).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.export import Line, Panel, PaperFigure, Points, with_error
from haarqntk.montecarlo import (
    PauliSum,
    fresh_kernels,
    jackknife,
    random_angles,
    random_ansatz,
)
from haarqntk.qntk import closed_form
from haarqntk.training import fixed_kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Simulated = Mapping[str, Mapping[str, Any]]

NUM_QUBITS = 4
D = 2**NUM_QUBITS
DEPTHS = (1, 2, 3, 4, 6, 8, 11, 15, 20, 26, 32, 40)
_LARGEST_Z = 4.0
_SILENT = 1e-20  # a kernel below is rounding: no gradient at any angle


def cost(samples: int) -> int:
    """How often ``progress`` is called for, in circuits."""
    return 2 * len(DEPTHS) * samples


def fluctuation_figure(
    *, seed: int, samples: int, progress: Callable[[int], object] | None = None
) -> PaperFigure:
    """Simulate Fig. 1 and return it.

    Args:
        seed: The seed, an integer ≥ 0.
        samples: Draws of the angles at each depth, and fresh draws of whole circuits.
        progress: Called with the number of circuits finished since its last call.
    """
    rng = np.random.default_rng([seed, 1])
    ansatz = random_ansatz(NUM_QUBITS, DEPTHS[-1], rng)
    fixed = {L: fixed_kernels(ansatz, 1, random_angles(samples, L, rng), progress)[:, 0, 0] for L in DEPTHS}

    def advance(circuits: int) -> None:
        if progress is not None:
            progress(circuits * len(DEPTHS))

    fresh = fresh_kernels(ansatz.observable, 1, depths=DEPTHS, count=samples, rng=rng, progress=advance)
    laws = {L: exact_values(ansatz.observable, L) for L in range(1, DEPTHS[-1] + 1)}
    simulated = {
        "fixed": measure({L: K for L, K in fixed.items() if K.max() > _SILENT}),
        "fresh": measure(dict(zip(DEPTHS, fresh[:, :, 0, 0], strict=True))),
    }
    data = {
        "seed": seed,
        "samples": samples,
        "num_qubits": NUM_QUBITS,
        "observable": {"c": ansatz.observable.coefficients, "P": ansatz.observable.strings},
        "simulated": simulated,
        "laws": {"L": list(laws), **{name: [law[name] for law in laws.values()] for name in laws[1]}},
        "floor": floor(ansatz.observable),
    }
    return PaperFigure(
        name="fig1",
        alt="Relative fluctuation of the kernel against the depth: simulated points, exact curve and its floor",
        caption=caption(laws, simulated, floor(ansatz.observable)),
        choices=_choices(seed, [L for L in DEPTHS if L not in simulated["fixed"]["L"]]),
        data=data,
        panels=(_panel(laws, simulated, floor(ansatz.observable)),),
    )


def measure(kernels: Mapping[int, Real]) -> dict[str, Any]:
    """The depths L, and K̄ and ΔK/K̄ at each with standard errors, from samples of the kernel by depth."""
    return {
        "L": list(kernels),
        "mean": [jackknife(K, np.mean) for K in kernels.values()],
        "ratio": [jackknife(K, relative_fluctuation) for K in kernels.values()],
    }


def relative_fluctuation(K: Real) -> float:
    """ΔK/K̄ of samples of the kernel."""
    return float(K.std(ddof=1) / K.mean())


def exact_values(observable: PauliSum, L: int) -> dict[str, float]:
    """K̄ and ΔK/K̄ at depth L: exact, with layers taken as independent, and as published.

    Published is [PRL] (9) for K̄, and (12) over (9) for the ratio, both with the traces of O − Tr O/D. The
    law for independent layers, of which (12) is the leading order, is exact at the same D.
    """
    matrix = observable.matrix
    at: dict[str, Any] = {"D": len(matrix), "observable": matrix}
    mean = float(closed_form("kernel_mean", "prl_ansatz").at(L=L, **at))
    second = closed_form("kernel_second_moment", "prl_ansatz_with_input_block")
    square = float(second.at(L=L, **at)) + float(second.at(L=1, **at)) / (len(matrix) + 2)
    independent = closed_form("kernel_variance", "independent_layers") / (
        closed_form("kernel_mean", "independent_layers") ** 2
    )
    centred = observable.eigensystem[0] - observable.eigensystem[0].mean()
    T2, T4 = float((centred**2).sum()), float((centred**4).sum())
    return {
        "exact_mean": mean,
        "exact_ratio": math.sqrt(max(square / mean**2 - 1, 0.0)),
        "independent_layers_ratio": math.sqrt(float(independent.at(L=L, **at))),
        "published_mean": L * T2 / len(matrix) ** 2,
        "published_ratio": math.sqrt((8 * T2**2 + 12 * T4) / L) / T2,
    }


def floor(observable: PauliSum) -> float:
    """The exact ΔK/K̄ in the limit L → ∞ at fixed D, where one layer does not count."""
    matrix = observable.matrix
    variance, mean = (
        closed_form(name, "prl_ansatz_with_input_block") for name in ("kernel_variance", "kernel_mean")
    )
    ratio = variance / mean**2
    return math.sqrt(float(ratio.deep_limit().at(D=len(matrix), observable=matrix)))


def caption(laws: Mapping[int, Mapping[str, float]], simulated: Simulated, lowest: float) -> str:
    """What the numbers show, in words that follow from them.

    Args:
        laws: Depth → values, as ``exact_values`` gives them.
        simulated: "fixed" and "fresh" → estimates, as ``measure`` gives them.
        lowest: The floor.
    """
    L, law = DEPTHS[-1], laws[DEPTHS[-1]]
    fixed, fresh = (simulated[series]["ratio"][-1] for series in ("fixed", "fresh"))
    off = {
        (series, name): [
            (value - laws[depth][name]) / error
            for depth, (value, error) in zip(simulated[series]["L"], simulated[series]["ratio"], strict=True)
        ]
        for series, name in (
            ("fixed", "exact_ratio"),
            ("fresh", "exact_ratio"),
            ("fresh", "published_ratio"),
            ("fresh", "independent_layers_ratio"),
        )
    }
    z_exact = max(map(abs, off["fresh", "exact_ratio"]))
    z_published = min(map(abs, off["fresh", "published_ratio"]))
    above = off["fresh", "independent_layers_ratio"][-1]
    confirmed = "which they confirm" if z_exact <= _LARGEST_Z else "which they do not confirm"
    means = [with_error(*simulated[series]["mean"][-1]) for series in ("fixed", "fresh")]
    first = (
        f"ΔK/K̄ on {NUM_QUBITS} qubits. At L = {L} the simulated ratio is {with_error(*fixed)} for one draw of "
        f"the circuit and {with_error(*fresh)} for fresh draws; the exact value is {law['exact_ratio']:.3f}, "
        f"the published law, (12) over (9), gives {law['published_ratio']:.3f}. Fresh draws lie up to "
        f"{z_exact:.1f} standard errors from the exact curve, {confirmed}, and at least {z_published:.1f} from "
        f"the published law. The exact ratio has the floor {lowest:.3f} as L → ∞."
    )
    last = (
        f"Inset: K̄ at L = {L} is {means[0]} for the one draw and {means[1]} for fresh draws; exact "
        f"{law['exact_mean']:.2f}, published (9) {law['published_mean']:.2f}, a factor "
        f"{law['exact_mean'] / law['published_mean']:.2f}."
    )
    about_floor = _about_floor(above, L, law["independent_layers_ratio"])
    return " ".join(
        (first, about_floor, _about_fixed(simulated["fixed"]["L"], off["fixed", "exact_ratio"]), last)
    )


def _about_floor(z: float, L: int, independent: float) -> str:
    law = f"the 1/√L law of independent layers, {independent:.3f} at L = {L}"
    if z > _LARGEST_Z:
        return (
            f"What makes it is seen: fresh draws lie {z:.1f} standard errors above {law}, "
            "by the covariance between layers."
        )
    return f"It is not seen in these samples: fresh draws lie {z:+.1f} standard errors from {law}."


def _about_fixed(depths: Sequence[int], z: Sequence[float]) -> str:
    worst = max(range(len(z)), key=lambda i: abs(z[i]))
    text = (
        "The one draw, averaged over its angles only as in the paper, is another average: it lies up to "
        f"{abs(z[worst]):.1f} standard errors from the exact curve, at L = {depths[worst]}"
    )
    settled = next((i for i in range(len(z)) if max(map(abs, z[i:])) <= _LARGEST_Z), None)
    if settled is None:
        return f"{text}, and still {abs(z[-1]):.1f} at L = {depths[-1]}."
    if settled == 0:
        return f"{text}: at these samples the two averages cannot be told apart."
    return f"{text}, and within {max(map(abs, z[settled:])):.1f} from L = {depths[settled]} on."


def _choices(seed: int, silent: Sequence[int]) -> tuple[str, ...]:
    choices = (
        f"Seed {seed}: it gives the blocks, the generators, the observable and the angles.",
        "Input |0000⟩; the c_j are uniform in (0, 1).",
        f"One circuit of {DEPTHS[-1]} layers is drawn; the circuit of depth L is its first L layers.",
        "The angles are drawn anew at each depth; fresh circuits are drawn once for all depths.",
        "Published: (12) over (9), with the traces of O − Tr O/D.",
        "Error bars: one standard error, by the jackknife over the draws; in the inset they are ΔK.",
    )
    if not silent:
        return choices
    depths = " and ".join(map(str, silent))
    return (
        *choices,
        f"The one circuit has no gradient at L = {depths}, at any angle, and hence no ratio there.",
    )


def _panel(laws: Mapping[int, Mapping[str, float]], simulated: Simulated, lowest: float) -> Panel:
    L = list(laws)

    def law(name: str) -> list[float]:
        return [values[name] for values in laws.values()]

    def points(series: str, label: str) -> Points:
        values, errors = zip(*simulated[series]["ratio"], strict=True)
        return Points(series, label, simulated[series]["L"], values, errors)

    means, ratios = ([value for value, _ in simulated["fixed"][name]] for name in ("mean", "ratio"))
    spread = [mean * ratio for mean, ratio in zip(means, ratios, strict=True)]
    inset = Panel(
        "$L$",
        r"$\overline{K}$",
        lines=(Line("published", "", L, law("published_mean")), Line("exact", "", L, law("exact_mean"))),
        points=(Points("fixed", "", simulated["fixed"]["L"], means, spread),),
    )
    return Panel(
        "number of layers $L$",
        r"relative fluctuation $\Delta K/\overline{K}$",
        lines=(
            Line("exact", "exact, average over circuits", L, law("exact_ratio")),
            Line("floor", r"its floor as $L\to\infty$", [L[0], L[-1]], [lowest, lowest]),
            Line("published", r"published: (12) over (9), $\propto 1/\sqrt{L}$", L, law("published_ratio")),
            Line(
                "published 2",
                r"exact for independent layers, $\propto 1/\sqrt{L}$",
                L,
                law("independent_layers_ratio"),
            ),
        ),
        points=(
            points("fixed", "simulated, one circuit, random angles"),
            points("fresh", "simulated, fresh circuits"),
        ),
        logarithmic="xy",
        y_limits=(0.18, 6.0),
        inset=inset,
        inset_place=(0.63, 0.61, 0.35, 0.36),
    )
