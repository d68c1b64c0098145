"""[PRL] Fig. 2 and Fig. 3 made again: the residual under gradient descent, and eigenvalues of the supervised kernel.

Fig. 2: with a frozen kernel ε(t) = (1 − ηK)^t ε(0); the published rate is γ = η L Tr(O²)/D², the exact one ηK̄. At
t = 0 nothing is frozen yet or need be: to first order in η the mean residual falls at the rate ηE[Kε]/E[ε].

Fig. 3: the eigenvalues of the kernel of orthogonal inputs against their number. Eq. (21) is an eigenvalue of the mean
kernel E[K]: its eigenvector is u = (1, …, 1)/√|A|, so that uᵀKu is an unbiased estimate of it. The lowest eigenvalue of
a single K is another quantity. It is a concave function of K, so its mean lies below the lowest eigenvalue of E[K] for
any law of K. A generator of the ansatz is the identity with probability 1/D², which makes every mean smaller by
1 − 1/D². The fixed inputs change nothing there: means need the second moment of X_L alone, for which a uniform Pauli
string is as good as a Haar-rotated one.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import FIGURE_INSTANCES, SEED
from haarqntk.circuits import Circuit, layer_indices, sum_over
from haarqntk.export import Line, with_error
from haarqntk.montecarlo import Ansatz, PauliSum, jackknife, random_angles, random_ansatz
from haarqntk.qntk import EigenvalueFormula, closed_form, formula, mean
from haarqntk.studies._letter import LARGEST_Z, NUM_QUBITS, centred_power_sums, kernels_of, record_of, z_score
from haarqntk.studies._study import Study, Texts, Unit, bars, panel
from haarqntk.training import Observable, TrainingRun, circuit_of_ansatz, train

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from haarqntk.export import Panel, Points
    from haarqntk.studies._study import Real, Result, Seen, Work

    Estimate = tuple[float, float]
    Estimates = list[Estimate]

RATE = 1e-4
_SHOWN = 10  # every tenth step is drawn and stored
D = 2**NUM_QUBITS  # of Fig. 3
NUMS_INPUTS = tuple(range(2, 11))


def halfway_target(observable: PauliSum) -> float:
    """O_0 halfway between the mean output Tr O/D and the smallest eigenvalue of O, hence within reach."""
    eigenvalues, _ = observable.eigensystem
    return float((eigenvalues.mean() + eigenvalues[0]) / 2)


def predicted_rates(observable: PauliSum, target: float, L: int = 64) -> dict[str, float]:
    """The rates per step: published γ, exact ηK̄, and exact ηE[Kε]/E[ε] at t = 0."""
    matrix = observable.matrix
    at: dict[str, Any] = {"D": len(matrix), "observable": matrix}
    values = {"O_0": Fraction(target)}
    e, (layer,) = Circuit(ensemble="prl_ansatz").residual(), layer_indices("l")
    product = mean(sum_over(e.d(layer) ** 2, layer) * e)
    start = float(product.at(L=L, values=values, **at)) / float(mean(e).at(values=values, **at))
    return {
        "published": RATE * L * centred_power_sums(observable)[0] / len(matrix) ** 2,
        "exact": RATE * float(closed_form("kernel_mean", "prl_ansatz").at(L=L, **at)),
        "exact_start": RATE * start,
    }


def frozen_residuals(run: TrainingRun) -> Real:
    """(1 − ηK(0))^t ε(0) of each run at its recorded steps, with its own kernel: shape (R, N)."""
    residuals: Real = run.residuals[0, :, 0] * (1 - RATE * run.kernel_traces[0]) ** run.steps[:, np.newaxis]
    return residuals


def measured_rates(run: TrainingRun, first: TrainingRun) -> dict[str, Estimate]:
    """What the runs, and their first step alone, say: rates, fluctuation and change of the kernel, with errors."""
    (before, after), epsilon, K = first.residuals[..., 0], run.residuals[..., 0], run.kernel_traces

    def ratio(over: Real, value: Real) -> Estimate:
        pairs = np.stack([over, value], axis=1)
        return jackknife(pairs, lambda x: float(x[:, 1].mean() / x[:, 0].mean()))

    return {
        "start": ratio(before, before - after),
        "kernel": jackknife(RATE * K[0], np.mean),
        "fluctuation": jackknife(K[0], lambda x: float(x.std(ddof=1) / x.mean())),
        "kernel_change": ratio(K[0], K[-1]),
        "left": ratio(epsilon[0], epsilon[-1]),
        "left_frozen": ratio(epsilon[0], frozen_residuals(run)[-1]),
    }


@dataclass(frozen=True, kw_only=True)
class DescentFigure(Study):
    """Fig. 2."""

    seed: int = SEED
    instances: int = FIGURE_INSTANCES
    steps: int = 1000  # a multiple of 10; the paper has 1000
    layers: int = 64

    name, command, source = "fig2", "figures", "liu2023"
    texts = Texts(
        title="[PRL] Fig. 2",
        caption="{caption}",
        choices=(
            "Seed {study.seed}: it gives the blocks, the generators, the observable and the initial angles.",
            "Input |00⟩; the c_j are uniform in (0, 1).",
            "O_0 = {target:.4f}, halfway between Tr O/D and the smallest eigenvalue of O, hence within reach.",
            "One circuit is drawn and kept; the runs differ by their initial angles.",
            "Published γ with the trace of (O − Tr O/D)². Band and errors: one standard error over the runs.",
        ),
        alt="Residual against training steps: single runs, their mean, and the published and exact predictions",
        recorded=(
            *("instances", "num_qubits", "L", "rate", "target", "observable", "predicted", "measured", "t"),
            *("mean_residual", "standard_error", "mean_residual_frozen", "residuals"),
        ),
    )
    num_qubits = 2

    def units(self) -> Iterator[Unit]:
        yield Unit("training", self._run)

    def _run(self, work: Work) -> Result:
        rng = np.random.default_rng([self.seed, 2])
        ansatz = random_ansatz(self.num_qubits, self.layers, rng)
        target = halfway_target(ansatz.observable)
        problem = circuit_of_ansatz(ansatz), Observable(ansatz.observable.matrix), target
        how: Any = {"learning_rate": RATE, "angles": random_angles(self.instances, self.layers, rng)}
        first = train(*problem, steps=1, record_every=1, **how)
        how |= {"progress": lambda done: work.progress(done / self.steps)}
        run = train(*problem, steps=self.steps, record_every=_SHOWN, **how)
        return {"observable": ansatz.observable, "run": run, "first": first}

    def predict(self, results: Sequence[Result]) -> Seen:
        """Rates as predicted and as measured, and every tenth residual."""
        observable, run, first = (results[0][name] for name in ("observable", "run", "first"))
        target, runs = halfway_target(observable), run.residuals[..., 0]
        predicted, measured = predicted_rates(observable, target, self.layers), measured_rates(run, first)
        return {
            "L": self.layers,
            "rate": RATE,
            "target": target,
            "observable": record_of(observable),
            "predicted": predicted,
            "measured": measured,
            "t": run.steps.tolist(),
            "mean_residual": runs.mean(axis=1).tolist(),
            "standard_error": (runs.std(axis=1, ddof=1) / np.sqrt(self.instances)).tolist(),
            "mean_residual_frozen": frozen_residuals(run).mean(axis=1).tolist(),
            "residuals": runs.T.tolist(),
            "caption": descent_caption(predicted, measured, self.steps),
        }

    def panels(self, seen: Seen) -> Iterator[Panel]:
        t, average, error = seen["t"], seen["mean_residual"], seen["standard_error"]
        height = abs(average[0])
        exact, published = (
            (average[0] * (1 - seen["predicted"][name]) ** np.array(t)).tolist()
            for name in ("exact", "published")
        )
        of_published = r"predicted, published $\gamma=\eta L\,\mathrm{Tr}(O^2)/D^2$"
        lines = (
            Line("simulated", "mean of the runs ± standard error", t, average, error),
            Line("simulated 2", "the same, each run with its $K(0)$ frozen", t, seen["mean_residual_frozen"]),
            Line("exact", r"predicted, exact $\gamma=\eta\overline{K}$", t, exact),
            Line("published", of_published, t, published),
        )
        limits = (max(exact[-1] / 2, 1e-6 * height), 1.5 * height)
        single, averaged = r"residual $\varepsilon(t)$", r"mean residual $\overline{\varepsilon}(t)$"
        yield panel("step $t$", single, *lines, trajectories=seen["residuals"], trajectory_x=t)
        yield panel("step $t$", averaged, *lines, log="y", y_limits=limits)


def descent_caption(predicted: Mapping[str, float], measured: Mapping[str, Estimate], steps: int) -> str:
    """What the numbers show, in words that follow from them; of ``predicted_rates`` and ``measured_rates``."""
    published, exact, start = (1e3 * predicted[name] for name in ("published", "exact", "exact_start"))
    kernel, rate = ((1e3 * value, 1e3 * error) for value, error in (measured["kernel"], measured["start"]))
    by_exact, by_published = ((1 - predicted[name]) ** steps for name in ("exact", "published"))
    z, z_published = z_score(kernel, exact), z_score(kernel, published)
    decided = (
        "the factor is seen: the simulation lies"
        if abs(z) <= LARGEST_Z < abs(z_published)
        else "the simulation does not decide: it lies"
    )
    text = (
        f"ε(t) on {DescentFigure.num_qubits} qubits; rates in units of 1/1000 per step. The mean of ηK over the "
        f"initialisations is {with_error(*kernel)}; the exact ηK̄ is {exact:.2f}, the published γ {published:.2f}. The "
        f"exact rate is {exact / published:.2f} times the published one, 2D/(D+1), which goes to 2; {decided} {z:+.1f} "
        f"standard errors from the exact rate and {z_published:+.1f} from the published one. The mean residual starts "
        f"to fall at the rate {with_error(*rate)}, {z_score(rate, start):+.1f} standard errors from the exact "
        f"ηE[Kε]/E[ε] = {start:.2f}. At t = {steps} the fraction {with_error(*measured['left'])} of it is left; a "
        f"kernel frozen at its mean leaves {by_exact:.2g} by the exact rate and {by_published:.2g} by the published "
        "one."
    )
    if z_score(measured["left"], by_exact) <= 2:  # noqa: PLR2004 - no tail to explain
        return text
    fluctuation, own, change = (
        with_error(*measured[name]) for name in ("fluctuation", "left_frozen", "kernel_change")
    )
    return (
        f"{text} The tail is slower than that: the kernels differ, ΔK/K̄ = {fluctuation} at the start, and with each "
        f"run's own kernel frozen the fraction would be {own}; and they change: at the end their mean is {change} "
        "of what it was."
    )


def exact_eigenvalues(observable: PauliSum, L: int = 64) -> dict[str, list[float]]:
    """The eigenvalues of the mean kernel for each number of inputs: lowest, the others, and Eq. (21)."""
    ansatz = formula("supervised_kernel_eigenvalues", ensemble="prl_ansatz")
    assert isinstance(ansatz, EigenvalueFormula)  # noqa: S101 - two closed forms
    at = {"D": D, "L": L, "observable": observable.matrix}
    T2, _ = centred_power_sums(observable)
    return {
        "lowest": [float(ansatz.uniform.at(num_inputs=n, **at)) for n in NUMS_INPUTS],
        "other": [float(ansatz.difference.at(**at))] * len(NUMS_INPUTS),
        "published": [2 * L * (D - n) * D * T2 / (D**2 - 1) ** 2 for n in NUMS_INPUTS],
    }


def measured_eigenvalues(kernels: Real) -> dict[str, Estimates]:
    """Estimates with standard errors from kernels of shape (N, P, P), for each number of inputs."""

    def uniform(K: Real) -> float:  # the mean of uᵀKu
        return float(K.sum() / (K.shape[0] * K.shape[1]))

    def other(K: Real) -> float:  # of (Tr K − uᵀKu)/(|A| − 1)
        return float((np.einsum("aii->", K) / len(K) - uniform(K)) / (K.shape[1] - 1))

    def lowest_of_mean(K: Real) -> float:
        return float(np.linalg.eigvalsh(K.mean(axis=0))[0])

    parts = [kernels[:, :n, :n] for n in NUMS_INPUTS]
    lowest = [np.linalg.eigvalsh(part)[:, 0].astype(np.float64) for part in parts]
    found = {
        each.__name__: [jackknife(part, each) for part in parts] for each in (uniform, other, lowest_of_mean)
    }
    return found | {"mean_lowest": [jackknife(each, np.mean) for each in lowest]}


@dataclass(frozen=True, kw_only=True)
class EigenvalueFigure(Study):
    """Fig. 3."""

    seed: int = SEED
    instances: int = FIGURE_INSTANCES
    layers: int = 64

    name, command, source = "fig3", "figures", "liu2023"
    texts = Texts(
        title="[PRL] Fig. 3",
        caption="{caption}",
        choices=(
            "Seed {study.seed}: it gives the blocks, the generators, the observable and the angles.",
            "Inputs: the first |A| vectors of the computational basis; the c_j are uniform in (0, 1).",
            "One circuit is drawn and kept, an instance is a draw of the angles; fresh instances draw all anew.",
            "The numbers of inputs share their instances, so neighbouring points are correlated.",
            "Error bars: one standard error, by the jackknife over the instances.",
        ),
        alt="Eigenvalues of the supervised kernel against the number of inputs: points on the exact lines",
        recorded=("instances", "num_qubits", "L", "observable", "num_inputs", "laws", "simulated"),
    )
    num_qubits = NUM_QUBITS

    def _drawn(self) -> tuple[Ansatz, np.random.Generator]:
        rng = np.random.default_rng([self.seed, 3])
        return random_ansatz(NUM_QUBITS, self.layers, rng), rng

    def units(self) -> Iterator[Unit]:
        ansatz, rng = self._drawn()
        angles = random_angles(self.instances, self.layers, rng)
        for name, each in (("one circuit", angles), ("fresh circuits", rng)):
            how: Any = {"depths": [self.layers], "count": self.instances}
            yield Unit(name, partial(kernels_of, ansatz, NUMS_INPUTS[-1], each, **how))

    def predict(self, results: Sequence[Result]) -> Seen:
        """The laws, and estimates by name with the prefixes "fixed_" and "fresh_", for each number of inputs."""
        fixed, (fresh,) = (each["kernels"] for each in results)
        observable = self._drawn()[0].observable
        laws = exact_eigenvalues(observable, self.layers)
        simulated = {
            f"{kind}_{name}": estimates
            for kind, kernels in (("fixed", fixed), ("fresh", fresh))
            for name, estimates in measured_eigenvalues(kernels).items()
        }
        caption = eigenvalue_caption(laws, simulated, self.layers)
        record = {"observable": record_of(observable), "laws": laws, "simulated": simulated}
        return {"L": self.layers, "num_inputs": NUMS_INPUTS, "caption": caption, **record}

    def panels(self, seen: Seen) -> Iterator[Panel]:
        def points(kind: str, label: str, name: str, shift: float = 0.0) -> Points:
            x = [n + shift for n in NUMS_INPUTS]  # beside each other rather than on top
            return bars(kind, label, x, seen["simulated"][name])

        lowest, laws = r"exact, mean kernel: $(1-D^{-2})\times$ Eq. (21)", seen["laws"]
        yield panel(
            r"number of inputs $|\mathcal{A}|$",
            "eigenvalue of the supervised kernel",
            Line("exact", lowest, NUMS_INPUTS, laws["lowest"]),
            Line("published", "published: Eq. (21)", NUMS_INPUTS, laws["published"]),
            Line("exact 2", "exact, mean kernel: the other eigenvalues", NUMS_INPUTS, laws["other"]),
            points("fixed", "$u^TKu$, one circuit", "fixed_uniform", -0.1),
            points("fresh", "$u^TKu$, fresh circuits", "fresh_uniform", 0.1),
            points("other", "the others, one circuit", "fixed_other"),
            points("lowest", "lowest of each kernel, mean (biased)", "fixed_mean_lowest"),
            y_limits=(0.0, 1.15 * max(laws["other"])),
        )


def eigenvalue_caption(
    laws: Mapping[str, list[float]], simulated: Mapping[str, Estimates], L: int = 64
) -> str:
    """What the numbers show, in words that follow from them."""

    def worst(law: str, *names: str) -> float:
        pairs = (pair for name in names for pair in zip(simulated[name], laws[law], strict=True))
        return max(abs(z_score(*pair)) for pair in pairs)

    n, exact, single = NUMS_INPUTS[-1], laws["lowest"][-1], simulated["fixed_mean_lowest"][-1]
    z, below = worst("lowest", "fixed_uniform", "fresh_uniform"), -z_score(single, exact)
    shown = {name: with_error(*estimates[-1]) for name, estimates in simulated.items()}
    line = (
        f"The eigenvalue line is seen: every mean of uᵀKu lies within {z:.1f} standard errors of it."
        if z <= LARGEST_Z
        else f"The line is missed: means of uᵀKu lie up to {z:.1f} standard errors from it."
    )
    bias = (
        f"{below:+.1f} standard errors below the line, too few to tell the two apart."
        if below <= LARGEST_Z
        else f"{below:.1f} standard errors and {100 * (1 - single[0] / exact):.0f} % below the line: the lowest "
        "eigenvalue is concave in K, so its mean is no estimate of Eq. (21)."
    )
    return (
        f"Eigenvalues of the kernel of |A| orthogonal inputs on {NUM_QUBITS} qubits, L = {L}. At |A| = {n} the "
        f"mean of uᵀKu, u = (1, …, 1)/√|A|, is {shown['fixed_uniform']} for one draw of the circuit and "
        f"{shown['fresh_uniform']} for fresh draws; the exact eigenvalue of the mean kernel is {exact:.2f}, "
        f"Eq. (21) itself {laws['published'][-1]:.2f} (it has no identity among its generators). {line} The "
        f"lowest eigenvalue of the mean of the sampled kernels is {shown['fixed_lowest_of_mean']}. The |A| − 1 other "
        f"eigenvalues lie up to {worst('other', 'fixed_other', 'fresh_other'):.1f} standard errors from the exact "
        f"{laws['other'][-1]:.2f}. The mean of the lowest eigenvalue of each single kernel is "
        f"{with_error(*single)} at |A| = {n}, {bias}"
    )
