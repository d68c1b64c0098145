"""The lazy regime: near its target every run decays exponentially, at its own ηK, and in the mean at ηK̄.

A run whose residual is small moves its angles little, so its kernel stays what it is. Each run is a circuit of the
letter drawn anew, with random angles, whose target lies a little below the output it begins with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from haarqntk.export import Evidence, Line, Panel, PaperFigure, Section
from haarqntk.qntk import closed_form
from haarqntk.studies._evidence import Sample, Study, agreement, numbers
from haarqntk.training import Observable, prl_circuit, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

NUM_QUBITS, L, RUNS = 4, 64, 100
D = 2**NUM_QUBITS
TERMS = {"ZIII": 1, "IXXI": 1, "IIYZ": 1}
START, STEPS, RATE = 0.02, 100, 0.01  # ε(0); ηK̄
_LARGEST_DEVIATION = 0.02


def make(*, seed: int, progress: Callable[[float], object], runs: int = RUNS) -> Section:
    """Train every circuit towards a target near by."""
    rng = np.random.default_rng([seed, 11])
    observable = Observable.pauli_sum(list(TERMS.values()), list(TERMS))
    exact = exact_mean()
    eta = RATE / exact
    curves, kernels, changes = [], [], []
    for stream in rng.spawn(runs):
        curve, kernel, change = _run(observable, eta, stream)
        curves.append(curve)
        kernels.append(kernel)
        changes.append(change)
        progress(1 / runs)
    residuals, K = np.array(curves).T / START, np.array(kernels)
    return Section(
        title="Lazy training: exponential decay at the rate ηK",
        text=(
            f"{runs} circuits of [PRL] Eq. 20 on {NUM_QUBITS} qubits with L = {L}, each drawn anew and trained for "
            f"{STEPS} steps towards a target {START:g} below its first output: so near that its kernel hardly changes."
        ),
        evidence=_evidence(residuals, K, np.array(changes), eta, exact),
        figure=_figure(residuals, K, eta, exact, seed),
        command=STUDY.shell_command(seed),
    )


def exact_mean() -> float:
    """K̄ of the letter's circuits; the strings of O are different, so Tr O² = D for each."""
    mean = closed_form("kernel_mean", "prl_ansatz")
    return float(mean.at(D=D, L=L, traces=[0, len(TERMS) * D]))


def _run(observable: Observable, eta: float, rng: np.random.Generator) -> tuple[Real, float, float]:
    """ε(t), K(0) and the relative change of K of one circuit."""
    circuit = prl_circuit(NUM_QUBITS, L, rng)
    angles = rng.uniform(0, 2 * np.pi, L)
    begun = train(circuit, observable, 0, learning_rate=1, steps=0, angles=angles)
    target = float(begun.outputs[0, 0, 0]) - START
    run = train(circuit, observable, target, learning_rate=eta, steps=STEPS, angles=angles, record_every=5)
    K = run.kernel_traces[:, 0]
    return run.residuals[:, 0, 0], float(K[0]), float(K[-1] / K[0] - 1)


def _evidence(residuals: Real, K: Real, changes: Real, eta: float, exact: float) -> tuple[Evidence, ...]:
    own = (1 - eta * K) ** STEPS
    ratio = np.log(residuals[-1]) / np.log(own)
    worst = float(np.abs(ratio - 1).max())
    rates = 1 - residuals[-1] ** (1 / STEPS)
    return (
        Evidence(
            statement="Every run decays exponentially, at the rate ηK of the kernel that it starts with",
            predicted="ratio of the rates 1",
            seen=f"from {ratio.min():.4f} to {ratio.max():.4f}",
            distance=f"largest deviation {worst:.2g}, stated {_LARGEST_DEVIATION:g}",
            holds=worst <= _LARGEST_DEVIATION,
        ),
        Evidence(
            statement="The kernel keeps its value meanwhile",
            predicted="relative change 0",
            seen=f"from {changes.min():+.2g} to {changes.max():+.2g}",
            distance=f"stated {2 * _LARGEST_DEVIATION:g}",
            holds=float(np.abs(changes).max()) <= 2 * _LARGEST_DEVIATION,
        ),
        agreement(
            "The mean of the rates over the circuits is ηK̄ with the exact K̄",
            Sample.of(rates / eta),
            predicted=exact,
        ),
    )


def _figure(residuals: Real, K: Real, eta: float, exact: float, seed: int) -> PaperFigure:
    t = np.arange(0, STEPS + 1, 5)
    shown = residuals[:, :30]
    return PaperFigure(
        name="lazy",
        alt="Residuals of lazy runs against steps on a logarithmic scale: straight lines, their mean at the exact rate",
        caption=(
            f"Residuals over their first value. The kernels of the {len(K)} circuits are from {K.min():.3g} to "
            f"{K.max():.3g}, with the mean {K.mean():.3g}; the exact K̄ is {exact:.4g}."
        ),
        choices=(
            f"Seed {seed}. O = {' + '.join(TERMS)}, input |0000⟩, ηK̄ = {RATE:g} per step.",
            "[PRL] does not state its O_0; a target near the first output is what makes a run lazy here.",
        ),
        data={"seed": seed, "K": numbers(K), "eta": eta, "exact": exact, "t": t.tolist()},
        panels=(
            Panel(
                x_label="step $t$",
                y_label=r"$\varepsilon(t)/\varepsilon(0)$",
                lines=(
                    Line("simulated", "mean of the runs", numbers(t), numbers(residuals.mean(axis=1))),
                    Line(
                        "exact",
                        r"$(1-\eta\overline{K})^t$, exact",
                        numbers(t),
                        numbers((1 - eta * exact) ** t),
                    ),
                ),
                trajectories=tuple(numbers(each) for each in shown.T),
                trajectory_x=numbers(t),
                logarithmic="y",
            ),
        ),
    )


STUDY: Study = Study("lazy", "train", make)
