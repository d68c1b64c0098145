"""How Haar is a real ansatz? Kernel and meta-kernel over random angles, depth by depth, beside the exact Haar values.

The exact values are those of as many layers as the circuit has angles, each a Pauli string between Haar-random
segments. A quantity agrees at a depth if its mean with two standard errors to either side lies within 20 % of the
exact value; too few samples do not agree, they do not decide. The angles at both ends of a real circuit have no random
segment beyond them, which is a share of order 1/depth.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.export import Evidence, Panel
from haarqntk.montecarlo import LARGEST_Z, samples_for_verdict
from haarqntk.qntk import closed_form
from haarqntk.studies._evidence import bars, curve, numbers
from haarqntk.studies._experiment import CircuitChoice, ObservableChoice
from haarqntk.studies._study import Study, Unit
from haarqntk.training import Observable, ParametrisedCircuit, kernel_statistics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from haarqntk.studies._study import Result, Seen, Work

TOLERANCE = 0.2
_SURE = 2.0  # standard errors
_CIRCUIT = CircuitChoice("hardware_efficient", 4, (1, 2, 4, 8, 16, 32, 64))
_OBSERVABLE = ObservableChoice(terms={"ZIII": 1, "IZII": 1, "ZZII": 1})
_QUANTITIES = {
    "kernel_mean": (r"$\overline{K}$", "K̄"),
    "kernel_variance": (r"$\Delta K^2$", "ΔK²"),
    "meta_kernel_mean": (r"$E[\mu]$", "E[μ]"),
    "meta_kernel_variance": (r"$\Delta\mu^2$", "Δμ²"),
}


@dataclass(frozen=True, slots=True)
class _Compared:
    """One quantity: its symbols, the exact values at each depth, and the simulated ones with their errors."""

    latex: str
    symbol: str
    exact: tuple[float, ...]
    simulated: tuple[tuple[float, float], ...]
    samples: int

    def agrees(self, exact: float, mean: float, error: float) -> bool:
        """Whether it is within the tolerance, for certain enough; where the exact value is 0, within its errors.

        None is from fewer samples than any verdict takes.
        """
        if self.samples < samples_for_verdict():
            return False
        if not exact:
            return abs(mean) <= LARGEST_Z * error
        return abs(mean - exact) + _SURE * error <= TOLERANCE * abs(exact)

    @property
    def first_that_agrees(self) -> int | None:
        """The index of the first depth from which all agree; None if the deepest does not."""
        pairs = enumerate(zip(self.exact, self.simulated, strict=True), start=1)
        first = max((after for after, (exact, found) in pairs if not self.agrees(exact, *found)), default=0)
        return first if first < len(self.exact) else None

    @property
    def distance(self) -> str:
        """At the deepest."""
        exact, (mean, error) = self.exact[-1], self.simulated[-1]
        if self.samples < (needed := samples_for_verdict()):
            return f"N = {self.samples:,}, a verdict needs {needed:,}"
        if not error:
            return "no fluctuation"
        z = f"z = {(mean - exact) / error:+.3g} at the deepest"
        return f"{mean / exact - 1:+.1%} ± {error / abs(exact):.1%}, {z}" if exact else z


@dataclass(frozen=True, kw_only=True)
class Depth(Study):
    """Angles are drawn at every depth; the study that comes with the library is that of one ansatz on four qubits."""

    name: str = "depth"
    path: str = ""
    seed: int = 1
    circuit: CircuitChoice = _CIRCUIT
    observable: ObservableChoice = _OBSERVABLE
    samples: int = 2000

    command, source = "depth", "liu2023"
    title = "How Haar is {study.circuit.family} on {study.circuit.num_qubits} qubits?"
    text = (
        "{study.samples:,} random settings of the angles at each of {layers.size} depths, observable {measured}; the "
        "exact values are those of Haar-random segments between as many Pauli rotations as the circuit has angles."
    )
    caption = "{caption}. Bars are one standard error."
    choices = (
        "Seed {study.seed}; angles uniform on [0, 2π), one full period of e^(iθP).",
        "Haar values for Pauli rotations between Haar segments with L = the number of angles.",
        "Agreement: within {tolerance:.0%} of the exact value with two standard errors, at all deeper depths too.",
        "{data}",
    )
    recorded = ("layers", "num_parameters", "exact", "simulated", "agreement")
    alt = "Means and fluctuations of kernel and meta-kernel against depth: simulated over exact, points around 1"

    @property
    def _observable(self) -> Observable:
        return self.observable.build(self.circuit.num_qubits)

    @property
    def _circuits(self) -> list[ParametrisedCircuit]:
        (gates,) = np.random.default_rng([self.seed, 15]).spawn(1)
        return [self.circuit.build(layers, gates) for layers in self.circuit.depths]

    def units(self) -> Iterator[Unit]:
        for place, circuit in enumerate(self._circuits):
            yield Unit(f"{self.circuit.depths[place]} layers", partial(self._run, place, circuit))

    def _run(self, place: int, circuit: ParametrisedCircuit, work: Work) -> Result:
        rng = np.random.default_rng([self.seed, 15])
        rng.spawn(1 + place)  # the stream of the gates, and those of the depths before
        (found,) = kernel_statistics(
            lambda _: circuit,
            [self.circuit.depths[place]],
            observable=self._observable,
            samples=self.samples,
            rng=rng,
            features=None if self.circuit.encoding == "none" else [[1.0]],
            progress=lambda done: work.progress(done / self.samples),
        )
        return asdict(found)

    def predict(self, results: Sequence[Result]) -> Seen:
        """The quantities, what is recorded of them, and words."""
        observable = self._observable

        def exact(name: str, L: int) -> float:
            at: dict[str, Any] = {"D": len(observable.matrix), "L": L, "observable": observable.matrix}
            if name == "meta_kernel_variance":
                mean = float(closed_form("meta_kernel_mean").at(**at))
                return float(closed_form("meta_kernel_second_moment").at(**at)) - mean**2
            return float(closed_form(name).at(**at))

        depths, circuits = self.circuit.depths, self._circuits
        compared = {
            name: _Compared(
                *symbols,
                tuple(exact(name, circuit.num_parameters) for circuit in circuits),
                tuple((float(found[name][0]), float(found[name][1])) for found in results),
                self.samples,
            )
            for name, symbols in _QUANTITIES.items()
        }
        first = {name: each.first_that_agrees for name, each in compared.items()}
        parts = [
            f"{compared[n].symbol} agrees from {depths[i]} layers on"
            for n, i in first.items()
            if i is not None
        ]
        if never := ", ".join(compared[name].symbol for name, place in first.items() if place is None):
            parts.append(f"{never} at no depth that was tried")
        return {
            "compared": compared,
            "caption": "; ".join(parts)[:1].upper() + "; ".join(parts)[1:],
            "data": "" if self.circuit.encoding == "none" else "The data point is x = 1.",
            "tolerance": TOLERANCE,
            "measured": observable.name,
            "layers": np.array(depths),
            "num_parameters": [circuit.num_parameters for circuit in circuits],
            "exact": {name: each.exact for name, each in compared.items()},
            "simulated": {name: each.simulated for name, each in compared.items()},
            "agreement": {
                name: None if place is None else float(depths[place]) for name, place in first.items()
            },
        }

    def compare(self, seen: Seen) -> Iterator[Evidence]:
        depths = self.circuit.depths
        for each in seen["compared"].values():
            first, (mean, error) = each.first_that_agrees, each.simulated[-1]
            yield Evidence(
                statement=f"{each.symbol} is that of Haar-random circuits from some depth on",
                predicted=f"{each.exact[-1]:.4g} at the deepest, {depths[-1]} layers",
                seen=f"{mean:.4g} ± {error:.2g} there; "
                + ("no depth agrees" if first is None else f"agreement from {depths[first]} layers on"),
                distance=each.distance,
                holds=first is not None,
            )

    def panels(self, seen: Seen) -> Iterator[Panel]:
        depths = self.circuit.depths
        for each in seen["compared"].values():
            exact, is_relative = np.array(each.exact), all(each.exact)
            scale = exact if is_relative else np.ones(len(exact))
            found = (np.array(each.simulated).T / [scale, np.abs(scale)]).T
            line = curve("exact", "Haar-random circuits, exact", depths, exact / scale)
            points = bars("fresh", "simulated ± standard error", depths, map(numbers, found))
            label = f"{each.latex}, simulated/exact" if is_relative else each.latex
            yield Panel("layers", label, lines=(line,), points=(points,), logarithmic="x")
