"""How Haar is a real ansatz? Kernel and meta-kernel over random angles, depth by depth, beside the exact Haar values.

The exact values are those of as many layers as the circuit has angles, each a Pauli string between Haar-random
segments. A quantity agrees at a depth if its mean with two standard errors to either side lies within 20 % of the
exact value; too few samples do not agree, they do not decide. The angles at both ends of a real circuit have no random
segment beyond them, which is a share of order 1/depth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.export import Evidence, Line, Panel, PaperFigure, Points, Section
from haarqntk.montecarlo import LARGEST_Z, samples_for_verdict
from haarqntk.qntk import closed_form
from haarqntk.studies._build import build_circuit, build_observable
from haarqntk.studies._evidence import Study, numbers
from haarqntk.studies._experiment import CircuitChoice, Experiment, ObservableChoice
from haarqntk.training import KernelStatistics, Observable, kernel_statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOLERANCE = 0.2
_SURE = 2.0  # standard errors
_QUANTITIES = {
    "kernel_mean": (r"$\overline{K}$", "K̄"),
    "kernel_variance": (r"$\Delta K^2$", "ΔK²"),
    "meta_kernel_mean": (r"$E[\mu]$", "E[μ]"),
    "meta_kernel_variance": (r"$\Delta\mu^2$", "Δμ²"),
}
_DEFAULT = Experiment(
    name="depth",
    seed=1,
    circuit=CircuitChoice("hardware_efficient", 4, (1, 2, 4, 8, 16, 32, 64)),
    observable=ObservableChoice("terms", terms=((1.0, "ZIII"), (1.0, "IZII"), (1.0, "ZZII"))),
    data=None,
    training=None,
    samples=2000,
    source="",
)


@dataclass(frozen=True, slots=True)
class _Compared:
    """One quantity: the exact values at each depth, the simulated ones, and from which depth they agree."""

    exact: tuple[float, ...]
    simulated: tuple[tuple[float, float], ...]
    samples: int

    @property
    def agrees(self) -> tuple[bool, ...]:
        """Whether each is within the tolerance, for certain enough; where the exact value is 0, within its errors.

        None is from fewer samples than any verdict takes.
        """
        is_enough = self.samples >= samples_for_verdict()
        pairs = zip(self.exact, self.simulated, strict=True)
        return tuple(
            is_enough
            and (
                abs(mean - exact) + _SURE * error <= TOLERANCE * abs(exact)
                if exact
                else abs(mean) <= LARGEST_Z * error
            )
            for exact, (mean, error) in pairs
        )

    @property
    def first_that_agrees(self) -> int | None:
        """The index of the first depth from which all agree; None if the deepest does not."""
        apart = [place for place, agrees in enumerate(self.agrees) if not agrees]
        first = apart[-1] + 1 if apart else 0
        return first if first < len(self.exact) else None


def depth_section(experiment: Experiment, *, command: str, progress: Callable[[float], object]) -> Section:
    """Draw the angles at every depth and compare; ``progress`` is called with shares of 1."""
    circuit, depths = experiment.circuit, experiment.circuit.layers
    rng = np.random.default_rng([experiment.seed, 15])
    (gates,) = rng.spawn(1)
    observable = build_observable(experiment.observable, circuit.num_qubits)
    total = experiment.samples * len(depths)
    found = kernel_statistics(
        lambda layers: build_circuit(circuit, layers, gates),
        depths,
        observable=observable,
        samples=experiment.samples,
        rng=rng,
        features=None if circuit.encoding == "none" else [[1.0]],
        progress=lambda done: progress(done / total),
    )
    compared = {name: _compare(name, found, observable) for name in _QUANTITIES}
    return Section(
        title=f"How Haar is {circuit.family} on {circuit.num_qubits} qubits?",
        text=(
            f"{experiment.samples:,} random settings of the angles at each of {len(depths)} depths, observable "
            f"{observable.name}; the exact values are those of Haar-random segments between as many Pauli rotations as "
            "the circuit has angles."
        ),
        evidence=tuple(_evidence(name, each, depths) for name, each in compared.items()),
        figure=_figure(experiment, found, compared),
        command=command,
    )


def _compare(name: str, found: Sequence[KernelStatistics], observable: Observable) -> _Compared:
    exact = [_exact(name, each.num_parameters, observable) for each in found]
    return _Compared(tuple(exact), tuple(getattr(each, name) for each in found), found[0].num_samples)


def _exact(name: str, L: int, observable: Observable) -> float:
    def at(moment: str) -> float:
        exact = closed_form(moment)
        return float(exact.at(D=2**observable.num_qubits, L=L, observable=observable.matrix))

    if name == "meta_kernel_variance":
        return at("meta_kernel_second_moment") - at("meta_kernel_mean") ** 2
    return at(name)


def _evidence(name: str, compared: _Compared, depths: Sequence[int]) -> Evidence:
    symbol, first = _QUANTITIES[name][1], compared.first_that_agrees
    exact, (mean, error) = compared.exact[-1], compared.simulated[-1]
    return Evidence(
        statement=f"{symbol} is that of Haar-random circuits from some depth on",
        predicted=f"{exact:.4g} at the deepest, {depths[-1]} layers",
        seen=f"{mean:.4g} ± {error:.2g} there; "
        + ("no depth agrees" if first is None else f"agreement from {depths[first]} layers on"),
        distance=_distance(exact, mean, error)
        if compared.samples >= (needed := samples_for_verdict())
        else f"N = {compared.samples:,}, a verdict needs {needed:,}",
        holds=first is not None,
    )


def _distance(exact: float, mean: float, error: float) -> str:
    if not error:
        return "no fluctuation"
    z = f"z = {(mean - exact) / error:+.3g} at the deepest"
    return f"{mean / exact - 1:+.1%} ± {error / abs(exact):.1%}, {z}" if exact else z


def _figure(
    experiment: Experiment, found: Sequence[KernelStatistics], compared: dict[str, _Compared]
) -> PaperFigure:
    depths = numbers(experiment.circuit.layers)
    agreement = {
        name: None if each.first_that_agrees is None else depths[each.first_that_agrees]
        for name, each in compared.items()
    }
    known = {name: depth for name, depth in agreement.items() if depth is not None}
    caption = "; ".join(
        f"{_QUANTITIES[name][1]} agrees from {depth:g} layers on" for name, depth in known.items()
    )
    never = ", ".join(_QUANTITIES[name][1] for name in agreement if name not in known)
    if never:
        caption += ("; " if caption else "") + f"{never} at no depth that was tried"
    return PaperFigure(
        name=experiment.name,
        alt="Means and fluctuations of kernel and meta-kernel against depth: simulated over exact, points around 1",
        caption=f"{caption[:1].upper()}{caption[1:]}. Bars are one standard error.",
        choices=(
            f"Seed {experiment.seed}; angles uniform on [0, 2π), one full period of e^(iθP).",
            "Haar values for Pauli rotations between Haar segments with L = the number of angles.",
            f"Agreement: within {TOLERANCE:.0%} of the exact value with two standard errors, at all deeper depths too.",
            *([] if experiment.circuit.encoding == "none" else ["The data point is x = 1."]),
        ),
        data={
            "seed": experiment.seed,
            "layers": depths,
            "num_parameters": [each.num_parameters for each in found],
            "exact": {name: each.exact for name, each in compared.items()},
            "simulated": {name: each.simulated for name, each in compared.items()},
            "agreement": agreement,
        },
        panels=tuple(_panel(name, each, depths) for name, each in compared.items()),
    )


def _panel(name: str, compared: _Compared, depths: Sequence[float]) -> Panel:
    exact = np.array(compared.exact)
    means, errors = np.array(compared.simulated).T
    label, scale = _QUANTITIES[name][0], exact if np.all(exact) else np.ones(len(exact))
    return Panel(
        x_label="layers",
        y_label=f"{label}, simulated/exact" if np.all(exact) else label,
        lines=(Line("exact", "Haar-random circuits, exact", tuple(depths), numbers(exact / scale)),),
        points=(
            Points(
                "fresh",
                "simulated ± standard error",
                tuple(depths),
                numbers(means / scale),
                numbers(errors / np.abs(scale)),
            ),
        ),
        logarithmic="x",
    )


def make(
    *,
    seed: int,
    progress: Callable[[float], object],
    depths: tuple[int, ...] = _DEFAULT.circuit.layers,
    samples: int = _DEFAULT.samples,
) -> Section:
    """The study that comes with the library: the hardware-efficient ansatz on four qubits."""
    circuit = replace(_DEFAULT.circuit, layers=depths)
    experiment = replace(_DEFAULT, seed=seed, circuit=circuit, samples=samples)
    return depth_section(experiment, command=STUDY.shell_command(seed), progress=progress)


STUDY: Study = Study("depth", "depth", make)
