"""The fast route: many circuits at once, as NumPy arrays, and derivatives by vectors only.

With |φ_l⟩ the state right after layer l, A_l all that acts after it, |Ψ⟩ = U|ψ⟩ and ⟨χ_l| = ⟨Ψ|O A_l,

    ∂z/∂θ_l = 2 Re ⟨χ_l| iX_l |φ_l⟩.

Kets go through U from right to left, bras come back from left to right: two sweeps for a gradient, whatever
L is. Second derivatives take a third sweep, which carries the kets |∂_mφ⟩ = ∂|φ⟩/∂θ_m of all layers m that
it has passed: L²/2 vectors instead of one. For l ≤ m

    ∂²z/∂θ_l∂θ_m = 2 Re ⟨∂_lΨ|O|∂_mΨ⟩ + 2 Re ⟨χ_l| iX_l |∂_mφ_l⟩.

The tests hold both equal to the reference route, circuit by circuit.

Reference: [mezzadri2007] for the phases without which QR is not Haar; SciPy's sampler has them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.base import LazyModule
from haarqntk.montecarlo._quantities import ENSEMBLES, SEGMENTS, Complex, Ensemble, Integers, Real

if TYPE_CHECKING:
    from haarqntk.montecarlo._problem import Problem

scipy_stats = LazyModule("scipy.stats")  # takes a second to import

_PAULIS = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128
)


@dataclass(frozen=True, eq=False)
class Circuits:
    """N circuits U = S_0 e^{iθ_1X_1} S_1 … e^{iθ_LX_L} S_L, stacked along the first axis.

    Args:
        segments: Unitaries S_0 … S_L, shape (N, L + 1, D, D).
        generators: X_1 … X_L, either matrices with X² = 1, shape (N, L, D, D), or the diagonals of any
            diagonal Hermitian matrices, shape (N, L, D).
        angles: θ_1 … θ_L in radians, shape (N, L).

    Examples:
        One qubit without segments, O = Z and X the Pauli matrix: z = cos 2θ, with the slope −2 sin 2θ and the
        second derivative −4 cos 2θ.

        >>> one, X, zero, Z = np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[1.0, 0]]), np.array([[1.0, -1]])
        >>> circuit = Circuits(np.array([[one, one]]), np.array([[X]]), np.array([[math.pi / 6]]))
        >>> z, G = outputs_and_gradients(circuit, zero, Z)
        >>> z.round(12), G.round(3), outputs(circuit, zero, Z).round(12)
        (array([[[0.5]]]), array([[[[-1.732]]]]), array([[[0.5]]]))
        >>> G, H = second_derivatives(circuit, zero, Z)
        >>> G.round(3), H.round(12), gradients(circuit, zero, Z).round(3)
        (array([[[[-1.732]]]]), array([[[[[-2.]]]]]), array([[[[-1.732]]]]))
    """

    segments: Complex
    generators: Complex | Real
    angles: Real

    def flip(self, layer: int, kets: Complex) -> Complex:
        """Return X_l|ket⟩ for kets of shape (N, D, any number)."""
        X = self.generators[:, layer]
        return np.asarray(X @ kets if X.ndim == 3 else X[..., np.newaxis] * kets)  # noqa: PLR2004 - N, D, D

    def turn(self, layer: int, kets: Complex, *, sign: int = 1) -> Complex:
        """Return e^{iθ_lX_l}|ket⟩, or e^{−iθ_lX_l}|ket⟩ for ``sign`` −1."""
        angle = sign * self.angles[:, layer, np.newaxis, np.newaxis]
        X = self.generators[:, layer]
        if X.ndim == 3:  # noqa: PLR2004 - N, D, D
            return np.asarray(np.cos(angle) * kets + 1j * np.sin(angle) * (X @ kets))
        return np.asarray(np.exp(1j * angle * X[..., np.newaxis]) * kets)

    def step(self, layer: int, kets: Complex | Real) -> Complex:
        """Return S_l|ket⟩: from right after layer l to right before the next."""
        return np.asarray(self.segments[:, layer] @ kets)

    def step_back(self, layer: int, kets: Complex) -> Complex:
        """Return S_l†|ket⟩. The vectors are conjugated and not the unitaries, of which there is more."""
        bras = kets.conj().swapaxes(1, 2) @ self.segments[:, layer]
        return np.asarray(bras.conj().swapaxes(1, 2))

    def run(self, inputs: Real, flipped: Complex | None = None) -> Complex:
        """Return U|ψ⟩ for the P rows of the inputs, shape (N, D, P); on the way write the X_l|φ_l⟩ down."""
        L = self.angles.shape[1]
        ket = self.step(L, inputs.T)
        for layer in reversed(range(L)):
            ket = self.turn(layer, ket)
            if flipped is not None:
                flipped[layer] = self.flip(layer, ket)
            ket = self.step(layer, ket)
        return ket


def gradients(circuits: Circuits, inputs: Real, observables: Real) -> Real:
    """Return ∂z/∂θ_l for every circuit, observable, input and layer, of shape (N, A, P, L)."""
    return outputs_and_gradients(circuits, inputs, observables)[1]


def outputs(circuits: Circuits, inputs: Real, observables: Real) -> Real:
    """Return z = ⟨φ|U†OU|φ⟩ for every circuit, observable and input, of shape (N, A, P)."""
    return _expected(circuits.run(inputs), observables)


def outputs_and_gradients(circuits: Circuits, inputs: Real, observables: Real) -> tuple[Real, Real]:
    """Return z and ∂z/∂θ_l in two sweeps, of shapes (N, A, P) and (N, A, P, L).

    The inputs are P vectors as rows, shape (P, D), and the observables A diagonals, shape (A, D).
    """
    (N, L), (A, D), P = circuits.angles.shape, observables.shape, len(inputs)
    flipped = np.empty((L, N, D, P), dtype=np.complex128)
    ket = circuits.run(inputs, flipped)
    G = np.empty((N, A, P, L))
    chi = _measured(ket, observables)
    for layer in range(L):
        chi = circuits.step_back(layer, chi)
        G[..., layer] = -2 * np.einsum("ndap,ndp->nap", chi.conj().reshape(N, D, A, P), flipped[layer]).imag
        chi = circuits.turn(layer, chi, sign=-1)
    return _expected(ket, observables), G


def second_derivatives(circuits: Circuits, inputs: Real, observables: Real) -> tuple[Real, Real]:
    """Return ∂z/∂θ_l and ∂²z/∂θ_l∂θ_m, of shapes (N, A, P, L) and (N, A, P, L, L); see ``outputs_and_gradients``."""
    (N, L), (A, D), P = circuits.angles.shape, observables.shape, len(inputs)
    chis = np.empty((L, N, D, A * P), dtype=np.complex128)
    chi = _measured(circuits.run(inputs), observables)
    for layer in range(L):
        chis[layer] = circuits.step_back(layer, chi)
        chi = circuits.turn(layer, chis[layer], sign=-1)
    # Along the third axis |∂_0φ⟩ … |∂_{L−1}φ⟩ and at last |φ⟩: what a layer acts on is always a tail.
    kets = np.empty((N, D, L + 1, P), dtype=np.complex128)
    kets[:, :, L] = circuits.step(L, inputs.T)
    H = np.empty((N, A, P, L, L))
    for layer in reversed(range(L)):
        later = kets[:, :, layer + 1 :]
        later[...] = circuits.turn(layer, later.reshape(N, D, -1)).reshape(later.shape)
        kets[:, :, layer] = 1j * circuits.flip(layer, kets[:, :, L])
        moved = kets[:, :, layer:L]
        flipped = circuits.flip(layer, moved.reshape(N, D, -1)).reshape(moved.shape)
        chi = chis[layer].reshape(N, D, A, P)
        H[..., layer, layer:] = -2 * np.einsum("ndap,ndmp->napm", chi.conj(), flipped).imag
        H[..., layer:, layer] = H[..., layer, layer:]
        active = kets[:, :, layer:]
        active[...] = circuits.step(layer, active.reshape(N, D, -1)).reshape(active.shape)
    rows = kets.transpose(0, 3, 2, 1)[:, np.newaxis]  # (N, 1, P, L + 1, D)
    weighted = rows[..., :L, :].conj() * observables[:, np.newaxis, np.newaxis, :]
    overlaps = 2 * (weighted @ rows.swapaxes(-1, -2)).real  # 2 Re ⟨∂_lΨ|O|∂_mΨ⟩, and |Ψ⟩ for m = L
    return overlaps[..., L], H + overlaps[..., :L]


def _expected(ket: Complex, observables: Real) -> Real:
    """Return ⟨Ψ|O|Ψ⟩ for every observable and input, of shape (N, A, P)."""
    return np.asarray(np.einsum("ad,ndp->nap", observables, np.square(np.abs(ket))))


def _measured(ket: Complex, observables: Real) -> Complex:
    """Return O|Ψ⟩ for every observable and input, of shape (N, D, A · P)."""
    return (ket[:, :, np.newaxis] * observables.T[:, :, np.newaxis]).reshape(*ket.shape[:2], -1)


def random_unitaries(D: int, count: int, rng: np.random.Generator) -> Complex:
    """Return ``count`` independent Haar unitaries, shape (count, D, D)."""
    unitaries = scipy_stats.unitary_group.rvs(D, size=count, random_state=rng)
    return np.reshape(unitaries, (count, D, D))  # SciPy drops the first axis when count is 1


def random_generators(
    D: int, count: int, rng: np.random.Generator, *, with_identity: bool = False
) -> Complex:
    """Return ``count`` involutions, shape (count, D, D).

    For D = 2ⁿ each is one of the 4ⁿ − 1 non-identity Pauli strings, or with the identity one of all 4ⁿ, each
    as likely. For other even D all are σ_z ⊗ 1: between Haar segments only the spectrum matters.
    """
    if D & (D - 1):
        signs = np.repeat([1.0 + 0j, -1.0], D // 2)
        return np.broadcast_to(np.diag(signs), (count, D, D))
    num_qubits = D.bit_length() - 1
    return pauli_strings(num_qubits, rng.integers(0 if with_identity else 1, 4**num_qubits, size=count))


def pauli_strings(num_qubits: int, indices: Integers) -> Complex:
    """Return the Pauli strings of the indices, shape (count, D, D).

    Two bits of an index stand for a qubit, 0 … 3 for 1, X, Y, Z; the lowest two belong to the first qubit.
    """
    strings = np.ones((len(indices), 1, 1), dtype=np.complex128)
    for qubit in range(num_qubits):
        letters = _PAULIS[indices >> 2 * qubit & 3]
        size = 2 ** (qubit + 1)
        strings = np.einsum("nij,nkl->nikjl", strings, letters).reshape(len(indices), size, size)
    return strings


def random_circuits(
    D: int,
    L: int,
    count: int,
    rng: np.random.Generator,
    *,
    ensemble: Ensemble = SEGMENTS,
    generator: Real | None = None,
) -> Circuits:
    """Return ``count`` independent circuits of L layers.

    The generator is the diagonal of X for all layers, shape (D,), or None for traceless involutions: D is then even,
    and a power of two if the ensemble wants Pauli strings.
    """
    num_drawn = L if ensemble.uses_populations else L + ensemble.has_input_block
    segments = random_unitaries(D, count * num_drawn, rng).reshape(count, num_drawn, D, D)
    if ensemble.uses_populations:
        back = segments.conj().swapaxes(2, 3)
        segments = np.concatenate([segments[:, :1], back[:, :-1] @ segments[:, 1:], back[:, -1:]], axis=1)
    elif not ensemble.has_input_block:
        segments = np.concatenate([segments, np.broadcast_to(np.eye(D), (count, 1, D, D))], axis=1)
    generators: Complex | Real
    if generator is not None:
        generators = np.broadcast_to(generator, (count, L, D))
    else:
        drawn = random_generators(D, count * L, rng, with_identity=ensemble.uses_all_pauli_strings)
        generators = drawn.reshape(count, L, D, D)
    largest_angle = 0 if ensemble.uses_populations else 2 * math.pi
    return Circuits(segments, generators, rng.uniform(0, largest_angle, size=(count, L)))


def sample_derivatives(problem: Problem, *, count: int, rng: np.random.Generator) -> tuple[Real, ...]:
    """Return what the problem's quantity is made of, for ``count`` random circuits; see ``Problem.derivatives``."""
    inputs, observables, generator = problem.inputs(), problem.observables(), problem.generator()

    def draw(L: int, number: int, wanted: str) -> tuple[Real, ...]:
        ensemble = ENSEMBLES[problem.ensemble]
        drawn = random_circuits(problem.D, L, number, rng, ensemble=ensemble, generator=generator)
        arguments = drawn, inputs, observables
        found = second_derivatives(*arguments) if "H" in wanted else (gradients(*arguments),)
        return (*found, outputs(*arguments)) if "Z" in wanted else found

    return problem.derivatives(count, draw)
