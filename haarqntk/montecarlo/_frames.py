"""The route for large D: no unitary is drawn, only what it does to the few vectors that matter.

Under Haar segments M = U†OU and the generators X̃_1 … X̃_L, each seen from the input, are independent and each is
Haar-rotated. With |ψ_p⟩ the inputs and |φ_ap⟩ = M_a|ψ_p⟩ all derivatives are overlaps of few vectors,

    ∂z/∂θ_l = −2 Im ⟨φ|X̃_l|ψ⟩,
    ∂²z/∂θ_l∂θ_m = 2 Re ⟨X̃_lψ|M|X̃_mψ⟩ − 2 Re ⟨X̃_lφ|X̃_mψ⟩  for l ≤ m,

and each operator is revealed on these vectors only. Nothing is approximated; three facts make the law exact:

1. The first c columns of a Haar unitary are G(G†G)^{−1/2} for Gaussian G, D × c, or equally the Q of G = QR with a
   positive diagonal of R.
2. An operator that is a constant on each of its eigenspaces does not see unitaries of the eigenspaces. They take
   the d × c block of G in one of them to an upper trapezoid of min(d, c) rows with independent entries: the squares
   of the diagonal are Gamma variables of shape d, d − 1, …, all to the right of it stays Gaussian (Bartlett).
3. Let F be an orthonormal frame of r vectors, C = F†X̃F, and X̃F = FC + R. Given C, and R†R, which are functions of
   how X̃ lies to F, R = Q(R†R)^{1/2} with Q a Haar isometry into the complement of F.

So D enters as a number of degrees of freedom, and not as a size, unless an operator has many eigenvalues.

Reference: derivations/13_frames.md; [bartlett1933] for the trapezoid, [mezzadri2007] for the phases of QR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.montecarlo._ensembles import ENSEMBLES
from haarqntk.montecarlo._quantities import QUANTITIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from haarqntk.montecarlo._eigenspaces import Eigenspaces
    from haarqntk.montecarlo._problem import Problem

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]


def random_trapezoids(
    spaces: Eigenspaces, width: int, shape: tuple[int, ...], rng: np.random.Generator
) -> Complex:
    """Return Gaussian matrices of D rows, brought to an upper trapezoid in each eigenspace.

    Args:
        spaces: The eigenspaces, E rows at this width.
        width: Number of columns, ≥ 1.
        shape: How many matrices, as the leading axes of the result.
        rng: Where they are drawn from.

    Returns:
        Matrices of shape (*shape, E, width). The Gaussians have E|G_ij|² = 1.
    """
    places = spaces.rows(width)
    size = (*shape, len(places), width)
    G: Complex = np.sqrt(0.5) * (rng.standard_normal(size) + 1j * rng.standard_normal(size))
    depth = spaces.depths(width)
    G[..., np.arange(width) < depth[:, np.newaxis]] = 0
    lengths = np.sqrt(rng.standard_gamma(spaces.multiplicities[places] - depth, size=size[:-1]))
    G[..., np.arange(len(places)), depth] = lengths
    return G


def orthonormalised(G: Complex) -> Complex:
    """Return the Q of G = QR with a positive diagonal of R, for stacked matrices with no fewer rows than columns.

    Without the phases Q is as unitary, and not Haar for Gaussian G.
    """
    Q, R = np.linalg.qr(G)
    diagonal = np.diagonal(R, axis1=-2, axis2=-1)
    lengths = np.abs(diagonal)
    phases = np.divide(diagonal, lengths, out=np.ones_like(diagonal), where=lengths > 0)
    turned: Complex = Q * phases[..., np.newaxis, :]
    return turned


def random_compressions(
    spaces: Eigenspaces, width: int, shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[Complex, Complex]:
    """Return C = F†X̃F and the part R of X̃F = FC + R, for Haar-rotated X̃ and a frame F of ``width`` vectors.

    Args:
        spaces: The eigenspaces of X.
        width: r, the number of vectors in the frame, from 1 to D.
        shape: How many operators, as the leading axes of the results.
        rng: Where they are drawn from.

    Returns:
        C, of shape (*shape, r, r), and R in the eigenbasis of X, of shape (*shape, E, r): there only its Gram
        matrix R†R has a meaning.
    """
    Y = orthonormalised(random_trapezoids(spaces, width, shape, rng))
    XY = spaces.values[0, spaces.rows(width), np.newaxis] * Y
    C: Complex = Y.conj().swapaxes(-1, -2) @ XY
    C = (C + C.conj().swapaxes(-1, -2)) / 2  # Hermitian to the last bit: derivatives of a real frame vanish
    return C, XY - Y @ C


def gradients(frame_kets: Complex, frame_images: Complex, compressions: Complex) -> Real:
    """Return ∂z/∂θ_l = −2 Im ⟨φ|X̃_l|ψ⟩, of shape (N, A, P, L).

    Args:
        frame_kets: The inputs ψ_p in coordinates of the frame, shape (N, r, P).
        frame_images: The vectors φ_ap = M_aψ_p, shape (N, r, A, P).
        compressions: The X̃_l within the frame, shape (N, L, r, r).
    """
    moved = compressions @ frame_kets[:, np.newaxis]
    values: Real = -2 * np.einsum("niap,nlip->napl", frame_images.conj(), moved).imag
    return values


def hessians(kets: Complex, images: Complex, observable: Real) -> Real:
    """Return ∂²z/∂θ_l∂θ_m = 2 Re ⟨(MX̃_l − X̃_lM)ψ|X̃_mψ⟩ for l ≤ m, and its transpose, of shape (N, L, L).

    Args:
        kets: The vectors X̃_lψ in an eigenbasis of M, shape (N, E, L).
        images: The vectors X̃_lMψ, same shape.
        observable: The eigenvalues of M in the basis, shape (E,).
    """
    bras = observable[:, np.newaxis] * kets - images
    upper = np.triu(2 * (bras.conj().swapaxes(-1, -2) @ kets).real)
    values: Real = upper + np.triu(upper, 1).swapaxes(-1, -2)
    return values


def sample_derivatives(problem: Problem, *, count: int, rng: np.random.Generator) -> tuple[Real, ...]:
    """Return what the problem's quantity is made of, for ``count`` random circuits of its ensemble.

    Args:
        problem: The problem. Its ensemble has an input block, or a given output state.
        count: Number of circuits.
        rng: Where they are drawn from.

    Returns:
        The gradients, of shape (count, A, P, L); if the quantity uses them, also the second derivatives, of
        shape (count, A, P, L, L), and the outputs, of shape (count, A, P).
    """
    ensemble, quantity, L = ENSEMBLES[problem.ensemble], QUANTITIES[problem.quantity], problem.L
    if not ensemble.has_independent_entries:
        if not quantity.uses_states:
            return (_first_derivatives(problem, L, count, rng),)
        G, H, Z = _second_derivatives(problem, L, count, rng)
        return (G, *[H] * quantity.uses_hessian, *[Z] * quantity.uses_output)
    G = _first_derivatives(problem, 1, count * L, rng).reshape(count, 1, 1, L)
    if not quantity.uses_hessian:
        return (G,)
    H = np.empty((count, 1, 1, L, L))
    single = _second_derivatives(problem, 1, count * L, rng)[1]
    H[..., range(L), range(L)] = single.reshape(count, 1, 1, L)
    above, beside = np.triu_indices(L, 1)
    if len(above):
        mixed = _second_derivatives(problem, 2, count * len(above), rng)[1][..., 0, 1]
        H[..., above, beside] = H[..., beside, above] = mixed.reshape(count, 1, 1, len(above))
    return G, H


def numbers(problem: Problem, L: int) -> int:
    """Count the complex numbers that one circuit of L layers needs at a time."""
    (frame, outside), width = _dimensions(problem), _width(problem, L)
    E = len(problem.observable_eigenspaces.rows(width))
    total = E * (2 * width + frame) + 4 * L * frame * len(problem.generator_eigenspaces.rows(frame))
    if QUANTITIES[problem.quantity].uses_states:
        total += E * L * (2 * outside + 6) + 3 * L**2
    return total


def work(problem: Problem, L: int) -> int:
    """Estimate the work of one circuit of L layers, in units of 1 to 20 ns: what is drawn, and overlaps.

    The constants are fits from D = 4 to 2¹⁶ and L = 1 to 1000.
    """
    (frame, _), width = _dimensions(problem), _width(problem, L)
    E = len(problem.observable_eigenspaces.rows(width))
    drawn = E * width + L * frame * len(problem.generator_eigenspaces.rows(frame))
    has_overlaps = QUANTITIES[problem.quantity].uses_states
    return 300 * L + 20 * drawn + (E * L**2 if has_overlaps else 0)


def _dimensions(problem: Problem) -> tuple[int, int]:
    """Return r, the dimension of the frame, and how many dimensions X̃ leads out of it, both generic."""
    spaces = problem.observable_eigenspaces
    frame = min(problem.D, problem.num_vectors * (1 + (0 if spaces.is_constant else len(spaces.values))))
    return frame, min(frame, problem.D - frame)


def _width(problem: Problem, L: int) -> int:
    """How many vectors an eigenspace of the observables has to tell apart."""
    frame, outside = _dimensions(problem)
    uses_states = QUANTITIES[problem.quantity].uses_states
    return max(frame, problem.num_vectors + outside * L) if uses_states else frame


@dataclass(frozen=True, eq=False)
class _Frames:
    """N output states with all that derivatives need of them, in coordinates of E rows.

    Args:
        vectors: Gaussian columns in the eigenbasis of the observables, of which the states are the first P,
            orthonormalised; shape (N, E, width).
        states: The P states, shape (N, E, P).
        frame: F, an orthonormal basis of the ψ_p and φ_ap, shape (N, E, r).
        kets: The ψ_p in coordinates of F, shape (N, r, P).
        images: The φ_ap in coordinates of F, shape (N, r, A, P).
        observables: The eigenvalues of the M_a, shape (A, E).
    """

    vectors: Complex
    states: Complex
    frame: Complex
    kets: Complex
    images: Complex
    observables: Real


def _random_frames(problem: Problem, L: int, count: int, rng: np.random.Generator) -> _Frames:
    spaces, P = problem.observable_eigenspaces, problem.num_vectors
    width = _width(problem, L)
    vectors = random_trapezoids(spaces, width, (count,), rng)
    if spaces.populations is None:
        states = orthonormalised(vectors[..., :P]) @ problem.inputs()[:, :P].T
    else:  # within an eigenspace the first row is along the state
        lengths = np.sqrt(spaces.populations)[spaces.rows(width)] * (spaces.depths(width) == 0)
        states = np.broadcast_to(lengths[:, np.newaxis] + 0j, (count, len(lengths), 1))
    observables = spaces.values[:, spaces.rows(width)]
    images = observables.T[:, :, np.newaxis] * states[:, :, np.newaxis]
    images = images.reshape(*states.shape[:2], -1)
    # A vanishing φ is left out: QR would complete the frame by a direction that depends on the other columns.
    spanning = states if spaces.is_constant else np.concatenate([states, images], axis=-1)
    frame = np.linalg.qr(spanning).Q
    back = frame.conj().swapaxes(-1, -2)
    inside = (back @ images).reshape(count, -1, len(observables), P)
    return _Frames(vectors, states, frame, back @ states, inside, observables)


def _random_layers(problem: Problem, L: int, count: int, rng: np.random.Generator) -> tuple[Complex, Complex]:
    """Return C and R, as ``random_compressions``, for L layers of every circuit."""
    frame, _ = _dimensions(problem)
    C, R = random_compressions(problem.generator_eigenspaces, frame, (count, L), rng)
    if ENSEMBLES[problem.ensemble].uses_all_pauli_strings:
        is_identity = rng.random((count, L)) < problem.D**-2.0
        C[is_identity], R[is_identity] = np.eye(frame), 0
    return C, R


def _first_derivatives(problem: Problem, L: int, count: int, rng: np.random.Generator) -> Real:
    frames = _random_frames(problem, L, count, rng)
    C, _ = _random_layers(problem, L, count, rng)
    return gradients(frames.kets, frames.images, C)


def _second_derivatives(
    problem: Problem, L: int, count: int, rng: np.random.Generator
) -> tuple[Real, Real, Real]:
    """Return the first and second derivatives and the outputs, of one output."""
    frames = _random_frames(problem, L, count, rng)
    C, R = _random_layers(problem, L, count, rng)
    _, outside = _dimensions(problem)
    # R = Q T with T†T = R†R, whose rank is that of a random projection: at most r, and D − r.
    lengths, right = np.linalg.svd(R, full_matrices=False)[1:]
    T = lengths[..., :outside, np.newaxis] * right[..., :outside, :]
    F, E = frames.frame, frames.frame.shape[1]
    fresh = frames.vectors[..., 1 : 1 + outside * L]
    fresh = fresh - F @ (F.conj().swapaxes(-1, -2) @ fresh)
    Q = orthonormalised(fresh.reshape(count, E, L, outside).swapaxes(1, 2))

    def moved(inside: Complex) -> Complex:
        """X̃_l applied to a vector of the frame, shape (N, E, L)."""
        vectors = Q @ (T @ inside[:, np.newaxis]) + F[:, np.newaxis] @ (C @ inside[:, np.newaxis])
        found: Complex = vectors[..., 0].swapaxes(1, 2)
        return found

    (observable,) = frames.observables
    H = hessians(moved(frames.kets), moved(frames.images[..., 0]), observable)
    Z: Real = np.einsum("ae,nep->nap", frames.observables, np.square(np.abs(frames.states)))
    return gradients(frames.kets, frames.images, C), H[:, np.newaxis, np.newaxis], Z
