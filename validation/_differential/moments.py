"""Random moments of a circuit of one qubit: the library's expression beside the oracle's list of copies."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

import haarqntk as hq
from _differential import bloch
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from numpy.random import Generator

ENSEMBLES = (
    "segments",
    "independent_layers",
    "prl_ansatz",
    "prl_ansatz_with_input_block",
    "generator_average",
)
INDICES = "lmn"
LARGEST_ORDER = {(False, "pauli"): 12, (False, "general"): 6, (True, "pauli"): 6, (True, "general"): 6}
"""(Only the generators are averaged, their kind) → the most derivatives in all: what the library does in seconds."""
SURPLUS = {
    "values": "unknown symbol in values",
    "states": "states must be left out",
    "observables": "unknown observable in observables",
    "populations": "populations must be left out",
}
"""Argument → how the library refuses it where the result does not depend on it."""


@dataclass
class Copy:
    """∂_{layers} z of an observable and a state; a residual with its target if there are no layers."""

    layers: tuple[str, ...]
    observable: str
    state: str
    is_residual: bool


@dataclass
class Moment:
    """E of Σ over layers of a product of copies, to a power, at numbers."""

    ensemble: str
    generators: str
    L: int
    copies: list[Copy]
    power: int
    coefficient: Fraction
    target: Fraction
    eigenvalues: tuple[int, int]
    x: tuple[int, int]
    observables: dict[str, Any] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    populations: tuple[Fraction, Fraction] | None = None

    @property
    def indices(self) -> list[str]:
        return sorted({index for copy in self.copies for index in copy.layers})

    def arguments(self) -> dict[str, Any]:
        """What ``.at`` is given."""
        found: dict[str, Any] = {"D": 2, "L": self.L}
        if any(copy.is_residual for copy in self.copies):
            found["values"] = {"O_0": self.target}
        if self.generators == "general":
            found["generator_spectrum"] = list(self.x)
        if self.populations is not None:
            found |= {"spectrum": list(self.eigenvalues), "populations": list(self.populations)}
        elif len(self.observables) == 1 and self.ensemble != "generator_average":
            found["spectrum"] = list(self.eigenvalues)
        else:
            found["observables"] = {name: matrix_of(v).tolist() for name, v in self.observables.items()}
        if self.populations is None and (len(self.states) > 1 or self.ensemble == "generator_average"):
            found["states"] = {name: ((matrix_of(v) / 2).tolist()) for name, v in self.states.items()}
        return found

    def source(self) -> str:
        """Python that does the same."""
        factors = []
        for copy in self.copies:
            kind = "residual" if copy.is_residual else "output"
            z = f"c.{kind}(observable={copy.observable!r}, state={copy.state!r})"
            factors.append(z + (f".d({', '.join(copy.layers)})" if copy.layers else ""))
        body = " * ".join(factors)
        if self.indices:
            body = f"hq.sum_over({body}, {', '.join(self.indices)})"
        letters = " ".join(self.indices)
        names = f'[{", ".join(self.indices)}] = hq.layer_indices("{letters}")\n' if letters else ""
        return (
            f"c = hq.Circuit({self.ensemble!r}, {self.generators!r})\n{names}"
            f"hq.mean({self.coefficient!r} * ({body})**{self.power}).at(**{self.arguments()!r})"
        )


SIGMA = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def matrix_of(vector: Any) -> Any:
    """v_0 + v·σ."""
    return np.tensordot(np.asarray(vector, dtype=float), SIGMA, axes=1)


def random_moment(rng: Generator) -> Moment:
    """One moment with about four copies at most."""

    def pick(items: Any) -> Any:
        return items[int(rng.integers(len(items)))]

    ensemble = pick(ENSEMBLES)
    generators = "pauli" if ensemble.startswith("prl") else pick(["pauli", "general"])
    num_copies, power = pick([(1, 1), (2, 1), (2, 1), (3, 1), (3, 1), (4, 1), (1, 2), (2, 2), (1, 3), (1, 4)])
    indices = INDICES[: int(rng.integers(0, 3 if power == 1 else 2)) + 1]
    several = ensemble != "generator_average" or rng.random() < 0.5
    observables = ["O"] if rng.random() < 0.65 or not several else ["O1", "O2"]
    states = ["psi"] if rng.random() < 0.65 or not several else ["a", "b"]
    most = 2 if generators == "general" or ensemble == "generator_average" else 3
    order = LARGEST_ORDER[ensemble == "generator_average", generators]
    copies: list[Copy] = []
    while not copies or power * sum(len(copy.layers) for copy in copies) > order:
        copies = []
        for _ in range(num_copies):
            layers = tuple(sorted(pick(indices) for _ in range(int(rng.integers(0, most + 1)))))
            copies.append(Copy(layers, pick(observables), pick(states), not layers and rng.random() < 0.4))
        if all(not copy.layers for copy in copies):
            copies[0].layers, copies[0].is_residual = (indices[0],), False
    eigenvalues = pick([(1, -1), (2, -1), (1, 0), (3, 1), (1, 1), (0, -2)])
    x = pick([(1, -1), (2, 1), (1, 0), (3, -1)]) if generators == "general" else (1, -1)
    used_O = sorted({copy.observable for copy in copies})
    used_psi = sorted({copy.state for copy in copies})
    moment = Moment(
        ensemble,
        generators,
        int(rng.integers(1, 4)),
        copies,
        power,
        Fraction(int(pick([1, 1, -1, 3])), int(pick([1, 1, 2]))),
        Fraction(int(rng.integers(-2, 3)), 2),
        eigenvalues,
        x,
    )
    _add_operators(moment, rng, used_O, used_psi)
    return moment


def _add_operators(moment: Moment, rng: Generator, observables: list[str], states: list[str]) -> None:
    """Bloch vectors; a pure state of the ansatz without an input block is |0⟩, where nothing else is meant."""
    mean, half = (sum(moment.eigenvalues) / 2, (moment.eigenvalues[0] - moment.eigenvalues[1]) / 2)
    kept = moment.ensemble == "generator_average" and (observables, states) == (["O"], ["psi"])
    if kept and rng.random() < 0.5:
        p = Fraction(int(rng.integers(0, 4)), 3)
        moment.populations = (p, 1 - p)
        q = float(2 * p - 1)
        moment.observables = {observables[0]: np.array([mean, 0, 0, half])}
        moment.states = {states[0]: np.array([1, np.sqrt(max(0.0, 1 - q * q)), 0, q])}
        return
    if len(observables) == 1 and moment.ensemble != "generator_average":
        moment.observables = {observables[0]: np.array([mean, 0, 0, half])}
    else:
        moment.observables = {name: rng.integers(-2, 3, size=4).astype(float) for name in observables}
    for name in states:
        moment.states[name] = np.array([1, *_unit_vector(rng)])
    if moment.ensemble == "prl_ansatz":
        moment.states[states[0]] = np.array([1.0, 0, 0, 1])


def _unit_vector(rng: Generator) -> Any:
    """Rational points of the sphere."""
    found = [
        (0, 0, 1),
        (1, 0, 0),
        (0, 0.6, 0.8),
        (0.6, 0, -0.8),
        (2 / 3, 1 / 3, 2 / 3),
        (0, -1, 0),
        (1 / 3, -2 / 3, 2 / 3),
    ]
    return found[int(rng.integers(len(found)))]


def product_of(moment: Moment, copies: list[Copy]) -> Any:
    """The product of some copies, summed over their layers."""
    circuit = hq.Circuit(moment.ensemble, moment.generators)
    names = sorted({index for copy in copies for index in copy.layers})
    layer = dict(zip(names, hq.layer_indices(" ".join(names)), strict=True)) if names else {}
    total: Any = 1
    for copy in copies:
        front = circuit.residual if copy.is_residual else circuit.output
        z = front(observable=copy.observable, state=copy.state)
        total = total * (z.d(*(layer[i] for i in copy.layers)) if copy.layers else z)
    return hq.sum_over(total, *layer.values()) if names else total


def by_the_library(moment: Moment) -> Any:
    """The value under test."""
    return value_of(hq.mean(moment.coefficient * product_of(moment, moment.copies) ** moment.power), moment)


def value_of(formula: Any, moment: Moment) -> Any:
    """The value of a closed form at the numbers of a moment."""
    arguments = moment.arguments()
    while True:  # what the result does not depend on must be left out, as the messages say
        try:
            return formula.at(**arguments)
        except InputError as error:
            surplus = next(
                (name for name, text in SURPLUS.items() if text in str(error) and name in arguments), None
            )
            if surplus is None:
                raise
            del arguments[surplus]
            if surplus == "observables":
                arguments.setdefault("spectrum", list(moment.eigenvalues))


def by_bloch_vectors(moment: Moment) -> float:
    """The value by cubature: every choice of layers, one product of copies each."""
    total = 0.0
    choices = [
        dict(zip(moment.indices, layers, strict=True))
        for layers in product(range(1, moment.L + 1), repeat=len(moment.indices))
    ]
    values: dict[Any, float] = {}  # factors commute: equal products are averaged once
    for powers in product(choices, repeat=moment.power):
        factors: list[Any] = []
        residuals: list[Any] = []
        for choice in powers:
            for copy in moment.copies:
                factor = (tuple(choice[i] for i in copy.layers), copy.observable, copy.state)
                (residuals if copy.is_residual else factors).append(factor)
        key = (tuple(sorted(factors)), tuple(sorted(residuals)))
        if key not in values:
            values[key] = _with_targets(moment, factors, residuals)
        total += values[key]
    return float(moment.coefficient) * total


def _with_targets(moment: Moment, factors: list[Any], residuals: list[Any]) -> float:
    """Π (z − O_0) expanded: each residual is an output or −O_0."""
    total = 0.0
    for chosen in product((True, False), repeat=len(residuals)):
        kept = factors + [f for f, is_output in zip(residuals, chosen, strict=True) if is_output]
        weight = (-float(moment.target)) ** chosen.count(False)
        if weight:
            total += weight * (_mean(moment, kept) if kept else 1.0)
    return total


def _mean(moment: Moment, factors: list[Any]) -> float:
    return bloch.mean_of_factors(
        factors,
        moment.L,
        ensemble=moment.ensemble,
        observables=moment.observables,
        states=moment.states,
        length=(moment.x[0] - moment.x[1]) / 2,
    )
