"""[PRL] Fig. 3: the eigenvalues of the supervised kernel of orthogonal inputs against their number.

A front door: it joins the exact rooms, ``montecarlo`` and ``export``.

Eq. (21) is an eigenvalue of the mean kernel E[K]: its eigenvector is u = (1, …, 1)/√|A|, so that uᵀKu is an
unbiased estimate of it. The lowest eigenvalue of a single K is another quantity. It is a concave function of
K, so its mean lies below the lowest eigenvalue of E[K] for any law of K.

A generator of the ansatz is the identity with probability 1/D², which makes every mean smaller by 1 − 1/D².
The fixed inputs change nothing there: means need the second moment of X_L alone, for which a uniform Pauli
string is as good as a Haar-rotated one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from haarqntk.export import Line, Panel, PaperFigure, Points, with_error
from haarqntk.montecarlo import (
    PauliSum,
    fresh_kernels,
    jackknife,
    random_angles,
    random_ansatz,
)
from haarqntk.qntk import EigenvalueFormula, formula
from haarqntk.training import fixed_kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Estimates = list[tuple[float, float]]

NUM_QUBITS, L = 4, 64
D = 2**NUM_QUBITS
NUMS_INPUTS = tuple(range(2, 11))
_LARGEST_Z = 4.0


def cost(instances: int) -> int:
    """How often ``progress`` is called for, in circuits."""
    return 2 * instances


def eigenvalue_figure(
    *, seed: int, instances: int, progress: Callable[[int], object] | None = None
) -> PaperFigure:
    """Simulate Fig. 3 and return it.

    Args:
        seed: The seed, an integer ≥ 0.
        instances: The number of draws of the angles, and of fresh draws of whole circuits.
        progress: Called with the number of circuits finished since its last call.
    """
    rng = np.random.default_rng([seed, 3])
    ansatz = random_ansatz(NUM_QUBITS, L, rng)
    most = NUMS_INPUTS[-1]
    fixed = fixed_kernels(ansatz, most, random_angles(instances, L, rng), progress)
    (fresh,) = fresh_kernels(ansatz.observable, most, depths=[L], count=instances, rng=rng, progress=progress)
    laws = exact_values(ansatz.observable)
    simulated = {
        f"{kind}_{name}": estimates
        for kind, kernels in (("fixed", fixed), ("fresh", fresh))
        for name, estimates in measure(kernels).items()
    }
    data = {
        "seed": seed,
        "instances": instances,
        "num_qubits": NUM_QUBITS,
        "L": L,
        "observable": {"c": ansatz.observable.coefficients, "P": ansatz.observable.strings},
        "num_inputs": NUMS_INPUTS,
        "laws": laws,
        "simulated": simulated,
    }
    return PaperFigure(
        name="fig3",
        alt="Eigenvalues of the supervised kernel against the number of inputs: points on the exact lines",
        caption=caption(laws, simulated),
        choices=_choices(seed),
        data=data,
        panels=(_panel(laws, simulated),),
    )


def exact_values(observable: PauliSum) -> dict[str, list[float]]:
    """The eigenvalues of the mean kernel for each number of inputs: lowest, the others, and Eq. (21)."""
    ansatz = formula("supervised_kernel_eigenvalues", ensemble="prl_ansatz")
    if not isinstance(ansatz, EigenvalueFormula):
        raise TypeError(
            "supervised_kernel_eigenvalues is two closed forms"
        )  # cannot happen; narrows the type
    at = {"D": D, "L": L, "observable": observable.matrix}
    centred = observable.eigensystem[0] - observable.eigensystem[0].mean()
    T2 = float((centred**2).sum())
    return {
        "lowest": [float(ansatz.uniform.at(num_inputs=n, **at)) for n in NUMS_INPUTS],
        "other": [float(ansatz.difference.at(**at)) for n in NUMS_INPUTS],
        "published": [2 * L * (D - n) * D * T2 / (D**2 - 1) ** 2 for n in NUMS_INPUTS],
    }


def measure(kernels: Real) -> dict[str, Estimates]:
    """Estimates with standard errors from kernels of shape (N, P, P), for each number of inputs.

    ``uniform``: the mean of uᵀKu. ``other``: that of (Tr K − uᵀKu)/(|A| − 1). ``lowest_of_mean``: the lowest
    eigenvalue of the mean of the N kernels. ``mean_lowest``: the mean of the lowest eigenvalues.
    """

    def uniform(K: Real) -> float:
        return float(K.sum() / (K.shape[0] * K.shape[1]))

    def other(K: Real) -> float:
        return float((np.einsum("aii->", K) / len(K) - uniform(K)) / (K.shape[1] - 1))

    def lowest_of_mean(K: Real) -> float:
        return float(np.linalg.eigvalsh(K.mean(axis=0))[0])

    parts = [kernels[:, :n, :n] for n in NUMS_INPUTS]
    return {
        "uniform": [jackknife(part, uniform) for part in parts],
        "other": [jackknife(part, other) for part in parts],
        "lowest_of_mean": [jackknife(part, lowest_of_mean) for part in parts],
        "mean_lowest": [
            jackknife(np.linalg.eigvalsh(part)[:, 0].astype(np.float64), np.mean) for part in parts
        ],
    }


def caption(laws: Mapping[str, list[float]], simulated: Mapping[str, Estimates]) -> str:
    """What the numbers show, in words that follow from them.

    Args:
        laws: As ``exact_values`` gives them.
        simulated: Name → estimates, as ``measure`` gives them, with the prefixes "fixed_" and "fresh_".
    """
    n, exact = NUMS_INPUTS[-1], laws["lowest"][-1]
    z = {name: _worst(simulated[name], laws["lowest"]) for name in ("fixed_uniform", "fresh_uniform")}
    other = max(_worst(simulated[f"{kind}_other"], laws["other"]) for kind in ("fixed", "fresh"))
    single = simulated["fixed_mean_lowest"][-1]
    shown = {name: with_error(*estimates[-1]) for name, estimates in simulated.items()}
    text = (
        f"Eigenvalues of the kernel of |A| orthogonal inputs on {NUM_QUBITS} qubits, L = {L}. At |A| = {n} the "
        f"mean of uᵀKu, u = (1, …, 1)/√|A|, is {shown['fixed_uniform']} for one draw of the circuit and "
        f"{shown['fresh_uniform']} for fresh draws; the exact eigenvalue of the mean kernel is {exact:.2f}, "
        f"Eq. (21) itself {laws['published'][-1]:.2f} (it has no identity among its generators). "
        f"{_about_line(max(z.values()))} The lowest eigenvalue of the mean of the sampled kernels is "
        f"{shown['fixed_lowest_of_mean']}. The |A| − 1 other eigenvalues lie up to {other:.1f} standard errors "
        f"from the exact {laws['other'][-1]:.2f}."
    )
    return f"{text} {_about_bias(single, exact, (exact - single[0]) / single[1], n)}"


def _worst(estimates: Estimates, exact: list[float]) -> float:
    return max(abs(value - law) / error for (value, error), law in zip(estimates, exact, strict=True))


def _about_line(z: float) -> str:
    if z <= _LARGEST_Z:
        return f"The eigenvalue line is seen: every mean of uᵀKu lies within {z:.1f} standard errors of it."
    return f"The line is missed: means of uᵀKu lie up to {z:.1f} standard errors from it."


def _about_bias(single: tuple[float, float], exact: float, below: float, n: int) -> str:
    text = f"The mean of the lowest eigenvalue of each single kernel is {with_error(*single)} at |A| = {n},"
    if below <= _LARGEST_Z:
        return f"{text} {below:+.1f} standard errors below the line, too few to tell the two apart."
    return (
        f"{text} {below:.1f} standard errors and {100 * (1 - single[0] / exact):.0f} % below the line: the lowest "
        "eigenvalue is concave in K, so its mean is no estimate of Eq. (21)."
    )


def _choices(seed: int) -> tuple[str, ...]:
    return (
        f"Seed {seed}: it gives the blocks, the generators, the observable and the angles.",
        "Inputs: the first |A| vectors of the computational basis; the c_j are uniform in (0, 1).",
        "One circuit is drawn and kept, an instance is a draw of the angles; fresh instances draw all anew.",
        "The numbers of inputs share their instances, so neighbouring points are correlated.",
        "Error bars: one standard error, by the jackknife over the instances.",
    )


def _panel(laws: Mapping[str, list[float]], simulated: Mapping[str, Estimates]) -> Panel:
    def points(kind: str, label: str, name: str, shift: float = 0.0) -> Points:
        x = [n + shift for n in NUMS_INPUTS]  # beside each other rather than on top
        return Points(kind, label, x, [e[0] for e in simulated[name]], [e[1] for e in simulated[name]])

    lowest = r"exact, mean kernel: $(1-D^{-2})\times$ Eq. (21)"
    return Panel(
        r"number of inputs $|\mathcal{A}|$",
        "eigenvalue of the supervised kernel",
        lines=(
            Line("exact", lowest, NUMS_INPUTS, laws["lowest"]),
            Line("published", "published: Eq. (21)", NUMS_INPUTS, laws["published"]),
            Line("exact 2", "exact, mean kernel: the other eigenvalues", NUMS_INPUTS, laws["other"]),
        ),
        points=(
            points("fixed", "$u^TKu$, one circuit", "fixed_uniform", -0.1),
            points("fresh", "$u^TKu$, fresh circuits", "fresh_uniform", 0.1),
            points("other", "the others, one circuit", "fixed_other"),
            points("lowest", "lowest of each kernel, mean (biased)", "fixed_mean_lowest"),
        ),
        y_limits=(0.0, 1.15 * max(laws["other"])),
    )
