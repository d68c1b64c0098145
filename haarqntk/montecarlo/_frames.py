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

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.montecarlo._quantities import ENSEMBLES, QUANTITIES, Complex, Real

if TYPE_CHECKING:
    from haarqntk.montecarlo._problem import Eigenspaces, Problem


def random_trapezoids(
    spaces: Eigenspaces, width: int, shape: tuple[int, ...], rng: np.random.Generator
) -> Complex:
    """Return Gaussian matrices of D rows, E|G_ij|² = 1, brought to an upper trapezoid in each eigenspace.

    They have the shape (*shape, E, width), E the number of rows that the eigenspaces need at this width.
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
    return np.asarray(Q * phases[..., np.newaxis, :])


def random_compressions(
    spaces: Eigenspaces, width: int, shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[Complex, Complex]:
    """Return C = F†X̃F and the part R of X̃F = FC + R, for Haar-rotated X̃ and a frame F of r = ``width`` vectors.

    C has the shape (*shape, r, r), and R, in the eigenbasis of X, (*shape, E, r): there only its Gram matrix R†R has a
    meaning.
    """
    Y = orthonormalised(random_trapezoids(spaces, width, shape, rng))
    XY = spaces.values[0, spaces.rows(width), np.newaxis] * Y
    C: Complex = Y.conj().swapaxes(-1, -2) @ XY
    C = (C + C.conj().swapaxes(-1, -2)) / 2  # Hermitian to the last bit: derivatives of a real frame vanish
    return C, XY - Y @ C


def gradients(frame_kets: Complex, frame_images: Complex, compressions: Complex) -> Real:
    """Return ∂z/∂θ_l = −2 Im ⟨φ|X̃_l|ψ⟩, of shape (N, A, P, L).

    In coordinates of the frame: the ψ_p, shape (N, r, P), the φ_ap = M_aψ_p, (N, r, A, P), the X̃_l, (N, L, r, r).
    """
    moved = compressions @ frame_kets[:, np.newaxis]
    return np.asarray(-2 * np.einsum("niap,nlip->napl", frame_images.conj(), moved).imag)


def hessians(kets: Complex, images: Complex, observable: Real) -> Real:
    """Return ∂²z/∂θ_l∂θ_m = 2 Re ⟨(MX̃_l − X̃_lM)ψ|X̃_mψ⟩ for l ≤ m, and its transpose, of shape (N, L, L).

    In an eigenbasis of M: the X̃_lψ and the X̃_lMψ, shape (N, E, L), and the eigenvalues of M, (E,).
    """
    bras = observable[:, np.newaxis] * kets - images
    upper = np.triu(2 * (bras.conj().swapaxes(-1, -2) @ kets).real)
    return np.asarray(upper + np.triu(upper, 1).swapaxes(-1, -2))


@dataclass(frozen=True)
class _Sizes:
    """Generic dimensions of circuits of L layers: of the frame, and of what is drawn for it."""

    frame: int  # r, the number of vectors in the frame
    outside: int  # how many dimensions X̃ leads out of it
    width: int  # how many vectors an eigenspace of the observables has to tell apart
    rows: int  # E, the number of rows that these vectors need
    generator_rows: int  # the same of a generator and the frame

    @classmethod
    def of(cls, problem: Problem, L: int) -> _Sizes:
        spaces, P = problem.observable_eigenspaces, problem.num_vectors
        frame = min(problem.D, P * (1 + (0 if spaces.is_constant else len(spaces.values))))
        outside = min(frame, problem.D - frame)
        width = max(frame, P + outside * L) if QUANTITIES[problem.quantity].uses_states else frame
        generator_rows = len(problem.generator_eigenspaces.rows(frame))
        return cls(frame, outside, width, len(spaces.rows(width)), generator_rows)


def cost(problem: Problem, L: int) -> tuple[int, int]:
    """Count the complex numbers that a circuit of L layers needs at a time, and estimate its work.

    The work is what is drawn, and overlaps, in units of 1 to 20 ns; its constants are fits from D = 4 to 2¹⁶ and
    L = 1 to 1000.
    """
    n, uses_states = _Sizes.of(problem, L), QUANTITIES[problem.quantity].uses_states
    numbers = n.rows * (2 * n.width + n.frame) + 4 * L * n.frame * n.generator_rows
    work = 300 * L + 20 * (n.rows * n.width + L * n.frame * n.generator_rows)
    if uses_states:
        numbers += n.rows * L * (2 * n.outside + 6) + 3 * L**2
        work += n.rows * L**2
    return numbers, work


def sample_derivatives(problem: Problem, *, count: int, rng: np.random.Generator) -> tuple[Real, ...]:
    """Return what the problem's quantity is made of, for ``count`` random circuits; see ``Problem.derivatives``.

    The ensemble must have an input block, or a given output state.
    """
    return problem.derivatives(count, functools.partial(_derivatives, problem, rng))


def _derivatives(
    problem: Problem, rng: np.random.Generator, L: int, count: int, wanted: str
) -> tuple[Real, ...]:
    """Return the derivatives, and H and Z if wanted, of N = ``count`` circuits, in coordinates of E rows.

    F is an orthonormal basis of the states ψ_p and the φ_ap = M_aψ_p, of r vectors.
    """
    spaces, n = problem.observable_eigenspaces, _Sizes.of(problem, L)
    observables = spaces.values[:, spaces.rows(n.width)]
    vectors, states = _random_states(problem, n.width, count, rng)
    images = (observables.T[:, :, np.newaxis] * states[:, :, np.newaxis]).reshape(*states.shape[:2], -1)
    # A vanishing φ is left out: QR would complete the frame by a direction that depends on the other columns.
    F = np.linalg.qr(states if spaces.is_constant else np.concatenate([states, images], axis=-1)).Q
    back = F.conj().swapaxes(-1, -2)
    kets = back @ states
    inside = (back @ images).reshape(count, -1, len(observables), problem.num_vectors)
    C, R = random_compressions(problem.generator_eigenspaces, n.frame, (count, L), rng)
    if ENSEMBLES[problem.ensemble].uses_all_pauli_strings:
        is_identity = rng.random((count, L)) < problem.D**-2.0
        C[is_identity], R[is_identity] = np.eye(n.frame), 0
    found = [gradients(kets, inside, C)]
    if "H" in wanted:
        Q, T = _outside(vectors, F, R, n.outside)

        def moved(ket: Complex) -> Complex:
            """X̃_l applied to a vector of the frame, shape (N, E, L)."""
            moves = Q @ (T @ ket[:, np.newaxis]) + F[:, np.newaxis] @ (C @ ket[:, np.newaxis])
            return np.asarray(moves[..., 0].swapaxes(1, 2))

        (observable,) = observables
        H = hessians(moved(kets), moved(inside[..., 0]), observable)
        found.append(H[:, np.newaxis, np.newaxis])
    if "Z" in wanted:
        found.append(np.einsum("ae,nep->nap", observables, np.square(np.abs(states))))
    return tuple(found)


def _random_states(
    problem: Problem, width: int, count: int, rng: np.random.Generator
) -> tuple[Complex, Complex]:
    """Return Gaussian columns in the eigenbasis of the observables, and the output states that begin them.

    The columns have the shape (N, E, width), and the states, orthonormalised, (N, E, P).
    """
    spaces, P = problem.observable_eigenspaces, problem.num_vectors
    vectors = random_trapezoids(spaces, width, (count,), rng)
    if spaces.populations is None:
        return vectors, orthonormalised(vectors[..., :P]) @ problem.inputs()[:, :P].T
    # within an eigenspace the first row is along the state
    lengths = np.sqrt(spaces.populations)[spaces.rows(width)] * (spaces.depths(width) == 0)
    return vectors, np.broadcast_to(lengths[:, np.newaxis] + 0j, (count, len(lengths), 1))


def _outside(vectors: Complex, F: Complex, R: Complex, outside: int) -> tuple[Complex, Complex]:
    """Return Q and T with R = QT: T†T = R†R, whose rank is that of a random projection: at most r, and D − r."""
    (N, L), E = R.shape[:2], F.shape[1]
    lengths, right = np.linalg.svd(R, full_matrices=False)[1:]
    T = lengths[..., :outside, np.newaxis] * right[..., :outside, :]
    fresh = vectors[..., 1 : 1 + outside * L]
    fresh = fresh - F @ (F.conj().swapaxes(-1, -2) @ fresh)
    return orthonormalised(fresh.reshape(N, E, L, outside).swapaxes(1, 2)), T
