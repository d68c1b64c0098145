"""[PRL] Fig. 2: the residual under gradient descent, beside the two predicted rates.

A front door: it joins the exact rooms, ``montecarlo`` and ``export``.

With a frozen kernel ε(t) = (1 − ηK)^t ε(0); the published rate is γ = η L Tr(O²)/D², the exact one ηK̄. At
t = 0 nothing is frozen yet or need be: to first order in η the mean residual falls at the rate ηE[Kε]/E[ε].
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.circuits import Circuit, layer_indices, sum_over
from haarqntk.export import Line, Panel, PaperFigure, with_error
from haarqntk.montecarlo import PauliSum, jackknife, random_angles, random_ansatz
from haarqntk.qntk import closed_form, mean
from haarqntk.training import Observable, circuit_of_ansatz, train

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from haarqntk.training import TrainingRun

    Real = NDArray[np.float64]
    Estimate = tuple[float, float]

NUM_QUBITS, L = 2, 64
D = 2**NUM_QUBITS
RATE, STEPS = 1e-4, 1000
_LARGEST_Z = 4.0
_SHOWN = 10  # every tenth step is drawn and stored


def cost(steps: int = STEPS) -> int:
    """How often ``progress`` is called for, in steps."""
    return steps


def training_figure(
    *, seed: int, instances: int, steps: int = STEPS, progress: Callable[[int], object] | None = None
) -> PaperFigure:
    """Simulate Fig. 2 and return it.

    Args:
        seed: The seed, an integer ≥ 0.
        instances: The number of initialisations.
        steps: The number of steps, a multiple of 10; the paper has 1000.
        progress: Called with 1 after each step.
    """
    rng = np.random.default_rng([seed, 2])
    ansatz = random_ansatz(NUM_QUBITS, L, rng)
    target = halfway_target(ansatz.observable)
    angles = random_angles(instances, L, rng)
    problem = circuit_of_ansatz(ansatz), Observable(ansatz.observable.matrix), target
    first = train(*problem, learning_rate=RATE, steps=1, angles=angles, record_every=1)
    run = train(
        *problem, learning_rate=RATE, steps=steps, angles=angles, record_every=_SHOWN, progress=progress
    )
    predicted = predictions(ansatz.observable, target)
    measured = measure(run, first)
    t = run.steps.tolist()
    residuals = run.residuals[..., 0]
    frozen = frozen_residuals(run).mean(axis=1)
    error = residuals.std(axis=1, ddof=1) / np.sqrt(instances)
    data = {
        "seed": seed,
        "instances": instances,
        "num_qubits": NUM_QUBITS,
        "L": L,
        "rate": RATE,
        "target": target,
        "observable": {"c": ansatz.observable.coefficients, "P": ansatz.observable.strings},
        "predicted": predicted,
        "measured": measured,
        "t": t,
        "mean_residual": residuals.mean(axis=1).tolist(),
        "standard_error": error.tolist(),
        "mean_residual_frozen": frozen.tolist(),
        "residuals": residuals.T.tolist(),
    }
    return PaperFigure(
        name="fig2",
        alt="Residual against training steps: single runs, their mean, and the published and exact predictions",
        caption=caption(predicted, measured, steps),
        choices=_choices(seed, target),
        data=data,
        panels=_panels(t, residuals, frozen, error, predicted),
    )


def halfway_target(observable: PauliSum) -> float:
    """O_0 halfway between the mean output Tr O/D and the smallest eigenvalue of O, hence within reach."""
    eigenvalues, _ = observable.eigensystem
    return float((eigenvalues.mean() + eigenvalues[0]) / 2)


def predictions(observable: PauliSum, target: float) -> dict[str, float]:
    """The rates per step: published γ, exact ηK̄, and exact ηE[Kε]/E[ε] at t = 0."""
    matrix = observable.matrix
    e, (layer,) = Circuit(ensemble="prl_ansatz").residual(), layer_indices("l")
    product = mean(sum_over(e.d(layer) ** 2, layer) * e)
    values = {"O_0": Fraction(target)}
    centred = observable.eigensystem[0] - observable.eigensystem[0].mean()
    start = float(product.at(D=D, L=L, observable=matrix, values=values))
    start /= float(mean(e).at(D=D, observable=matrix, values=values))
    exact = float(closed_form("kernel_mean", "prl_ansatz").at(D=D, L=L, observable=matrix))
    return {
        "published": RATE * L * float((centred**2).sum()) / D**2,
        "exact": RATE * exact,
        "exact_start": RATE * start,
    }


def measure(run: TrainingRun, first: TrainingRun) -> dict[str, Estimate]:
    """What the runs say, each with its standard error: rates, fluctuation and change of the kernel.

    Args:
        run: The run.
        first: Its first step, which it need not have recorded.
    """
    (before, after), kernels = first.residuals[..., 0], run.kernel_traces

    def ratio(start: Real, end: Real) -> Estimate:
        return jackknife(np.stack([start, end], axis=1), lambda x: float(x[:, 1].mean() / x[:, 0].mean()))

    return {
        "start": ratio(before, before - after),
        "kernel": jackknife(RATE * kernels[0], np.mean),
        "fluctuation": jackknife(kernels[0], lambda K: float(K.std(ddof=1) / K.mean())),
        "kernel_change": ratio(kernels[0], kernels[-1]),
        "left": ratio(before, run.residuals[-1, :, 0]),
        "left_frozen": ratio(before, frozen_residuals(run)[-1]),
    }


def frozen_residuals(run: TrainingRun) -> Real:
    """(1 − ηK(0))^t ε(0) of each run at its recorded steps, with its own kernel: shape (R, N)."""
    residuals: Real = run.residuals[0, :, 0] * (1 - RATE * run.kernel_traces[0]) ** run.steps[:, np.newaxis]
    return residuals


def caption(predicted: Mapping[str, float], measured: Mapping[str, Estimate], steps: int) -> str:
    """What the numbers show, in words that follow from them.

    Args:
        predicted: As ``predictions`` gives it.
        measured: As ``measure`` gives it.
        steps: The number of steps.
    """
    published, exact, start = (1e3 * predicted[name] for name in ("published", "exact", "exact_start"))
    kernel, rate = ((1e3 * value, 1e3 * error) for value, error in (measured["kernel"], measured["start"]))
    by_exact, by_published = ((1 - predicted[name]) ** steps for name in ("exact", "published"))
    text = (
        f"ε(t) on {NUM_QUBITS} qubits; rates in units of 1/1000 per step. The mean of ηK over the initialisations "
        f"is {with_error(*kernel)}; the exact ηK̄ is {exact:.2f}, the published γ {published:.2f}. "
        f"{_about_factor(_z(kernel, exact), _z(kernel, published), exact / published)} The mean residual starts to "
        f"fall at the rate {with_error(*rate)}, {_z(rate, start):+.1f} standard errors from the exact "
        f"ηE[Kε]/E[ε] = {start:.2f}. At t = {steps} the fraction {with_error(*measured['left'])} of it is left; a "
        f"kernel frozen at its mean leaves {by_exact:.2g} by the exact rate and {by_published:.2g} by the "
        "published one."
    )
    tail = _about_tail(by_exact, measured)
    return f"{text} {tail}" if tail else text


def _z(estimate: Estimate, law: float) -> float:
    return (estimate[0] - law) / estimate[1]


def _about_factor(z_exact: float, z_published: float, factor: float) -> str:
    law = f"The exact rate is {factor:.2f} times the published one, 2D/(D+1), which goes to 2"
    apart = (
        f"{z_exact:+.1f} standard errors from the exact rate and {z_published:+.1f} from the published one"
    )
    if abs(z_exact) <= _LARGEST_Z < abs(z_published):
        return f"{law}; the factor is seen: the simulation lies {apart}."
    return f"{law}; the simulation does not decide: it lies {apart}."


def _about_tail(by_exact: float, measured: Mapping[str, Estimate]) -> str:
    if _z(measured["left"], by_exact) <= 2:  # noqa: PLR2004 - no tail to explain
        return ""
    fluctuation, own, change = (
        with_error(*measured[name]) for name in ("fluctuation", "left_frozen", "kernel_change")
    )
    return (
        f"The tail is slower than that: the kernels differ, ΔK/K̄ = {fluctuation} at the start, and with each "
        f"run's own kernel frozen the fraction would be {own}; and they change: at the end their mean is {change} "
        "of what it was."
    )


def _choices(seed: int, target: float) -> tuple[str, ...]:
    return (
        f"Seed {seed}: it gives the blocks, the generators, the observable and the initial angles.",
        "Input |00⟩; the c_j are uniform in (0, 1).",
        f"O_0 = {target:.4f}, halfway between Tr O/D and the smallest eigenvalue of O, hence within reach.",
        "One circuit is drawn and kept; the runs differ by their initial angles.",
        "Published γ with the trace of (O − Tr O/D)². Band and errors: one standard error over the runs.",
    )


def _panels(
    t: list[int], residuals: Real, frozen: Real, error: Real, predicted: Mapping[str, float]
) -> tuple[Panel, Panel]:
    times, average = np.array(t), residuals.mean(axis=1)
    height = float(np.abs(average[0]))

    def decay(rate: float) -> list[float]:
        values: list[float] = (average[0] * (1 - rate) ** times).tolist()
        return values

    published = r"predicted, published $\gamma=\eta L\,\mathrm{Tr}(O^2)/D^2$"
    lines = (
        Line("simulated", "mean of the runs ± standard error", t, average.tolist(), error.tolist()),
        Line("simulated 2", "the same, each run with its $K(0)$ frozen", t, frozen.tolist()),
        Line("exact", r"predicted, exact $\gamma=\eta\overline{K}$", t, decay(predicted["exact"])),
        Line("published", published, t, decay(predicted["published"])),
    )
    lowest = max(decay(predicted["exact"])[-1] / 2, 1e-6 * height)
    return (
        Panel(
            "step $t$",
            r"residual $\varepsilon(t)$",
            lines=lines,
            trajectories=residuals.T.tolist(),
            trajectory_x=t,
        ),
        Panel(
            "step $t$",
            r"mean residual $\overline{\varepsilon}(t)$",
            lines=lines,
            logarithmic="y",
            y_limits=(lowest, 1.5 * height),
        ),
    )
