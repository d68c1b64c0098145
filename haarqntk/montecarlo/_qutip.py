"""The reference route: circuits as on paper, made of QuTiP objects.

Nothing here is fast. Derivatives come from outputs alone, by the shift rule: X² = 1 makes an output
a + b cos 2θ + c sin 2θ in each of its angles, for which

    ∂z/∂θ = z(θ + π/4) − z(θ − π/4)

holds exactly. Other generators have no such rule; their derivatives are nested commutators,

    ∂²z/∂θ_l∂θ_m = ⟨ψ| i[i[M, X̃_l], X̃_m] |ψ⟩  for l ≤ m,    M = U†OU,  X̃_l = V_l†X_lV_l,

V_l all that acts up to layer l. Every object has the dims of one space of dimension D, also where D = 2ⁿ
stands for n qubits. Outputs with shifted angles share the layers and kets that the shifts do not touch: each is
made once for a circuit. What is left is the time that ``rand_unitary`` takes, 0.2 ms a segment up to D = 16.

Reference: [mitarai2018] for the shift rule, [mezzadri2007] for the Haar sampler inside ``rand_unitary``.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import qutip

from haarqntk.errors import InputError
from haarqntk.montecarlo._quantities import ENSEMBLES, QUANTITIES, SEGMENTS, Ensemble, Real

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from haarqntk.montecarlo._problem import Problem


@dataclass(frozen=True)
class Circuit:
    """U = S_0 e^{iθ_1X_1} S_1 … e^{iθ_LX_L} S_L; S_L acts on the state first.

    Args:
        segments: The L + 1 unitaries S_0 … S_L, operators with dims [[D], [D]].
        generators: The L Hermitian operators X_1 … X_L, same dims.
        angles: The L angles θ_1 … θ_L in radians.

    Raises:
        InputError: If the three lengths do not fit.
    """

    segments: tuple[qutip.Qobj, ...]
    generators: tuple[qutip.Qobj, ...]
    angles: tuple[float, ...]
    _kept: dict[object, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if not len(self.segments) - 1 == len(self.generators) == len(self.angles):
            raise InputError(
                "a circuit must have L + 1 segments, L generators and L angles, got "
                f"{len(self.segments)}, {len(self.generators)} and {len(self.angles)}"
            )

    @functools.cached_property
    def has_involutions(self) -> bool:
        """Whether X² = 1 for all generators."""
        return all(qutip.qeye_like(X) == X @ X for X in self.generators)

    def turn(self, layer: int, angle: float, target: qutip.Qobj) -> qutip.Qobj:
        """Return e^{iθX_l} times a ket or an operator, for the angle θ and l = ``layer`` counted from 0."""
        X = self.generators[layer]
        if self.has_involutions:
            return math.cos(angle) * target + 1j * math.sin(angle) * (X @ target)
        return (1j * angle * X).expm() @ target

    def output(
        self, state: qutip.Qobj, observable: qutip.Qobj, angles: Sequence[float] | None = None
    ) -> float:
        """Return z = ⟨ψ|U†OU|ψ⟩ for a normalised ket |ψ⟩; angles, if any, replace the circuit's own."""
        thetas = self.angles if angles is None else tuple(angles)
        return float(qutip.expect(observable, self._ket(state, thetas)))

    def _ket(self, state: qutip.Qobj, angles: tuple[float, ...]) -> qutip.Qobj:
        """S_l e^{iθ_lX_l} … S_L|ψ⟩ for the angles of the last layers; it keeps its state, and so the state's id."""
        if (id(state), angles) not in self._kept:
            if angles:
                layer = len(self.angles) - len(angles)
                ket = self._layer(layer, angles[0]) @ self._ket(state, angles[1:])
            else:
                ket = self.segments[-1] @ state
            self._kept[id(state), angles] = state, ket
        return self._kept[id(state), angles][1]

    def _layer(self, layer: int, angle: float) -> qutip.Qobj:
        """S_l e^{iθX_l}, an operator."""
        if (layer, angle) not in self._kept:
            turn = self.turn(layer, angle, qutip.qeye_like(self.generators[layer]))
            self._kept[layer, angle] = self.segments[layer] @ turn
        return self._kept[layer, angle]


def derivative(circuit: Circuit, state: qutip.Qobj, observable: qutip.Qobj, *layers: int) -> float:
    """Return ∂z/∂θ_{layers[0]} ∂θ_{layers[1]} … by the shift rule, once for each layer named.

    A layer may be named several times. Layers count from 0, as the tuple of angles does.

    Args:
        circuit: The circuit, whose angles are where the derivative is taken; its generators have X² = 1.
        state: The ket |ψ⟩.
        observable: The operator O.
        layers: One layer in 0 … L−1 for each derivative; none at all gives z itself.

    Raises:
        InputError: If a generator does not have X² = 1.

    Examples:
        >>> one = qutip.qeye(2)
        >>> circuit = Circuit((one, one), (qutip.sigmax(),), (math.pi / 12,))  # z = cos 2θ for O = Z
        >>> round(derivative(circuit, qutip.basis(2, 0), qutip.sigmaz(), 0), 12)  # −2 sin 2θ
        -1.0
    """
    if not circuit.has_involutions:
        raise InputError(
            "the shift rule must have generators with X² = 1, got others; use commutator_derivative"
        )
    total = 0.0
    for signs in itertools.product((1, -1), repeat=len(layers)):
        angles = list(circuit.angles)
        for layer, sign in zip(layers, signs, strict=True):
            angles[layer] += sign * math.pi / 4
        total += math.prod(signs) * circuit.output(state, observable, angles)
    return total


def commutator_derivative(circuit: Circuit, state: qutip.Qobj, observable: qutip.Qobj, *layers: int) -> float:
    """Return the same by commutators, for Hermitian generators of any spectrum.

    X̃_l depends on the angles of the layers that act before it, those with larger indices, and on no others.
    Commutators with smaller indices therefore stand inside.

    Examples:
        >>> one = qutip.qeye(2)
        >>> circuit = Circuit((one, one), (qutip.sigmax(),), (math.pi / 12,))  # z = cos 2θ for O = Z
        >>> round(commutator_derivative(circuit, qutip.basis(2, 0), qutip.sigmaz(), 0, 0), 12)  # −4 cos 2θ
        -3.464101615138
    """
    V = circuit.segments[-1]
    rotated = []
    for layer in reversed(range(len(circuit.angles))):
        V = circuit.turn(layer, circuit.angles[layer], V)
        rotated.append(V.dag() @ circuit.generators[layer] @ V)
        V = circuit.segments[layer] @ V
    M = V.dag() @ observable @ V
    for layer in sorted(layers):
        X = rotated[-1 - layer]
        M = 1j * (M @ X - X @ M)
    return float(qutip.expect(M, state).real)


def gradient(derivative_of: Callable[..., float], L: int) -> list[float]:
    """Return the L first derivatives of an output, of which the function takes the layers of any derivative."""
    return [derivative_of(layer) for layer in range(L)]


def hessian(derivative_of: Callable[..., float], L: int) -> list[list[float]]:
    """Return the L × L second derivatives."""
    H = [[0.0] * L for _ in range(L)]
    for first, second in itertools.combinations_with_replacement(range(L), 2):
        H[first][second] = H[second][first] = derivative_of(first, second)
    return H


def random_generator(D: int, rng: np.random.Generator, *, with_identity: bool = False) -> qutip.Qobj:
    """Return an involution.

    For D = 2ⁿ it is one of the 4ⁿ − 1 non-identity Pauli strings, or with the identity one of all 4ⁿ, each as
    likely. For other even D it is σ_z ⊗ 1, the same every time: between Haar segments only its spectrum
    matters.
    """
    if D & (D - 1):
        X = qutip.tensor(qutip.sigmaz(), qutip.qeye(D // 2))
        X.dims = [[D], [D]]
        return X
    num_qubits = D.bit_length() - 1
    return _pauli_string(num_qubits, int(rng.integers(0 if with_identity else 1, 4**num_qubits)))


@functools.lru_cache(maxsize=4**4)
def _pauli_string(num_qubits: int, index: int) -> qutip.Qobj:
    """The Pauli string whose letters are the digits of the index to the base 4."""
    letters = (qutip.qeye(2), qutip.sigmax(), qutip.sigmay(), qutip.sigmaz())
    X = qutip.tensor([letters[index >> 2 * qubit & 3] for qubit in range(num_qubits)]).to("dense")
    X.dims = [[2**num_qubits], [2**num_qubits]]
    return X


def random_circuit(
    D: int,
    L: int,
    rng: np.random.Generator,
    *,
    ensemble: Ensemble = SEGMENTS,
    generator: Real | None = None,
) -> Circuit:
    """Return one circuit of the ensemble; the arguments are those of the batched ``random_circuits``."""
    num_drawn = L if ensemble.uses_populations else L + ensemble.has_input_block
    segments = [qutip.rand_unitary(D, seed=rng, distribution="haar") for _ in range(num_drawn)]
    if ensemble.uses_populations:
        between = [V.dag() @ after for V, after in itertools.pairwise(segments)]
        segments = [segments[0], *between, segments[-1].dag()]
    elif not ensemble.has_input_block:
        segments.append(qutip.qeye(D))
    if generator is None:
        with_identity = ensemble.uses_all_pauli_strings
        generators = [random_generator(D, rng, with_identity=with_identity) for _ in range(L)]
    else:
        generators = [qutip.Qobj(np.diag(generator))] * L
    largest_angle = 0 if ensemble.uses_populations else 2 * math.pi
    angles = rng.uniform(0, largest_angle, size=L).tolist()
    return Circuit(tuple(segments), tuple(generators), tuple(angles))


def sample_derivatives(problem: Problem, *, count: int, rng: np.random.Generator) -> tuple[Real, ...]:
    """Return what the problem's quantity is made of, for ``count`` random circuits; see ``Problem.derivatives``."""
    ensemble, wanted, L = ENSEMBLES[problem.ensemble], QUANTITIES[problem.quantity].derivatives, problem.L
    generator = problem.generator()
    rule = derivative if generator is None else commutator_derivative
    kets = [qutip.Qobj(vector) for vector in problem.inputs()]
    operators = [qutip.Qobj(np.diag(spectrum)) for spectrum in problem.observables()]
    draw = functools.partial(random_circuit, problem.D, rng=rng, ensemble=ensemble, generator=generator)

    def alone(*layers: int) -> float:
        """An entry from a circuit of its own, which has the layers of the entry and no others."""
        different = sorted({*layers})
        circuit = draw(len(different))
        return rule(circuit, kets[0], operators[0], *map(different.index, layers))

    outputs: list[Callable[..., float]] = [alone] * count
    cases: list[tuple[Circuit, qutip.Qobj, qutip.Qobj]] = []
    if not ensemble.has_independent_entries:
        cases = [(c, ket, O) for c in [draw(L) for _ in range(count)] for O in operators for ket in kets]
        outputs = [functools.partial(rule, *case) for case in cases]
    shape = (count, len(operators), len(kets), L)
    found = [np.reshape([gradient(z, L) for z in outputs], shape)]
    if "H" in wanted:
        found.append(np.reshape([hessian(z, L) for z in outputs], (*shape, L)))
    if "Z" in wanted:
        found.append(np.reshape([circuit.output(*rest) for circuit, *rest in cases], shape[:-1]))
    return tuple(found)
