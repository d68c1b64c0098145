"""Simulation: circuits drawn in blocks, derivatives turned into values, and the estimates merged.

A campaign stores the ``Moments`` of a batch, with the third one, which says how long the tails are.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import LazyModule
from haarqntk.checks import callback, generator, integer, one_of
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.montecarlo import _batched, _frames
from haarqntk.montecarlo._estimate import Estimate
from haarqntk.montecarlo._problem import Problem
from haarqntk.montecarlo._quantities import ENSEMBLES, QUANTITIES, ROUNDING, Real, without_rounding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import ArrayLike

# Each route has ``sample_derivatives``. QuTiP takes 2–3 s to import, which nobody should pay who only reads stored
# estimates or asks the command line for help.
_ROUTES: dict[str, Any] = {
    "batched": _batched,
    "frames": _frames,
    "qutip": LazyModule("haarqntk.montecarlo._qutip"),
}

# Complex numbers in a block of circuits, 4 MB: a block took 15 to 100 ms from D = 2 to 128, so progress is
# reported often, and blocks of 2**17 to 2**21 numbers took the same time per sample within a fifth.
_BLOCK = 2**18

# Circuits of QuTiP objects at a time: 3 to 30 ms.
_QUTIP_BLOCK = 5

# The largest single circuit, in complex numbers: 1 GiB.
_LARGEST_CIRCUIT = 2**26

# The most work accepted, in the units of ``_cost``. One unit takes 1 to 20 ns on one core: a day or two.
_MOST_WORK = 10**13


def simulate(
    quantity: str,
    *,
    D: int,
    L: int,
    spectrum: Iterable[object],
    samples: int,
    rng: np.random.Generator,
    overlap: object = None,
    num_inputs: int | None = None,
    ensemble: str = "segments",
    generator_spectrum: Iterable[object] | None = None,
    populations: Iterable[object] | None = None,
    method: str = "batched",
    progress: Callable[[int], object] | None = None,
) -> Estimate:
    """Estimate an average over random circuits by drawing them.

    Circuits are U = S_0 e^{iθ_1X_1} S_1 … e^{iθ_LX_L} S_L. All that is random is drawn anew for every sample:

    - "segments": Haar S_0 … S_L, angles uniform on [0, 2π), and X_l a uniformly drawn non-identity Pauli
      string, or σ_z ⊗ 1 where D is no power of two.
    - "prl_ansatz": S_L = 1, so that layer L acts on the fixed input itself, and X_l is drawn from all Pauli
      strings with the identity among them. "prl_ansatz_with_input_block": the same with a Haar S_L.
    - "independent_layers": every g_l and every h_lm with l ≤ m as under "segments", but independent of the
      others, each from a circuit of its own.
    - "generator_average": the output state ρ and the observable are kept, g_l = Tr(ρ i[O, V_lX_lV_l†]) with
      independent Haar unitaries V_l.

    Args:
        quantity: One of ``quantities()``. With "independent_layers" and "generator_average" it must be made
            of derivatives of one output.
        D: Dimension, an integer ≥ 2; even unless ``generator_spectrum`` is given, a power of two for the two
            ensembles of Pauli strings.
        L: Number of layers, an integer ≥ 1.
        spectrum: The D eigenvalues of the observable, exact rationals; for quantities of two observables a
            pair of such sequences, or one if both are the same.
        samples: Number of independent values to draw, ≥ 2. A value of a variance or
            covariance takes two circuits.
        rng: Source of randomness. Each block of circuits draws from a child of it (``rng.spawn``), so the
            result depends on the seed and on how many children it has had, not on numbers drawn from it; a
            second call with the same ``rng`` is independent of the first.
        overlap: σ = |⟨φ|φ'⟩|² of the two inputs, rational, from 0 to 1; required where it is used.
        num_inputs: Number of orthonormal inputs, from 2 to D; required where it is used.
        ensemble: One of ``ensembles()``, see above; "segments" by default.
        generator_spectrum: The D eigenvalues of X_l, the same for every layer, exact rationals: any Hermitian
            generator instead of X² = 1, Tr X = 0 (default, None). Not with the ensembles of Pauli strings.
        populations: p_1 … p_D of the output state in the eigenbasis of O, in the order of ``spectrum``, exact
            rationals ≥ 0 with sum 1; required by "generator_average". Phases do not matter.
        method: "batched" (default); "frames", as exact and fast at large D, for every ensemble but
            "prl_ansatz"; or "qutip", the slow reference.
        progress: Called with the number of values finished since its last call; not called if None (default).

    Returns:
        The estimate, with the hash of its problem.

    Raises:
        UnknownNameError: If the quantity, ensemble or method is unknown; the message lists the known ones.
        CostError: If one circuit does not fit into memory, or the samples would take more than about a day.
        InputError: If a value is out of range, missing, or given where it is not used.
        InputTypeError: If a value is of the wrong kind.

    Examples:
        >>> rng = np.random.default_rng(1)
        >>> estimate = simulate("kernel_mean", D=4, L=6, spectrum=[1, -1, -1, 1], samples=2000, rng=rng)
        >>> abs(estimate.z_score(64 / 25)) < 4
        True

    Reference:
        [liu2023] Eq. 1 and 20 for the circuits, Eq. 6, 14 and 17 for the kernels.
    """
    problem = Problem.create(
        quantity,
        D=D,
        L=L,
        spectrum=spectrum,
        overlap=overlap,
        num_inputs=num_inputs,
        ensemble=ensemble,
        generator_spectrum=generator_spectrum,
        populations=populations,
    )
    samples = integer("samples", samples, at_least=2)
    generator(rng)
    callback("progress", progress)
    check_affordable(problem, samples=samples, method=method)
    key, estimates = problem.key(), []
    for values in values_in_blocks(problem, samples=samples, method=method, rng=rng):
        estimates.append(Estimate.of(key, values))
        if progress is not None:
            progress(len(values))
    return functools.reduce(operator.add, estimates)


def values_in_blocks(
    problem: Problem, *, samples: int, method: str, rng: np.random.Generator
) -> Iterator[Real]:
    """Yield independent values of the problem's quantity, ``samples`` in all, a block of circuits at a time."""
    quantity = QUANTITIES[problem.quantity]
    block = _QUTIP_BLOCK if method == "qutip" else max(1, _BLOCK // _cost(problem, method)[0])
    observables, generator = problem.observables(), problem.generator()
    for start in range(0, samples, block):
        (child,) = rng.spawn(1)
        count = min(block, samples - start) * quantity.circuits
        derivatives = _ROUTES[method].sample_derivatives(problem, count=count, rng=child)
        derivatives = without_rounding(*derivatives, observables=observables, generator=generator)
        yield quantity.values(*derivatives)


def check_affordable(problem: Problem, *, samples: int, method: str) -> None:
    """Refuse an unknown method, or a request that would not finish.

    Raises:
        UnknownNameError: If the method is unknown.
        InputError: If the ensemble cannot be drawn by frames.
        CostError: If one circuit does not fit into memory, or the samples would take more than about a day.
    """
    one_of("method", method, _ROUTES)
    if method == "frames" and not ENSEMBLES[problem.ensemble].has_input_block:
        raise InputError(
            f"method 'frames' must have a Haar block on the input side, got ensemble {problem.ensemble!r}, which "
            "has none; use method 'batched', or ensemble 'prl_ansatz_with_input_block'"
        )
    numbers, work = _cost(problem, method)
    if numbers > _LARGEST_CIRCUIT:
        raise CostError(
            f"a value of {problem.quantity!r} at D = {problem.D}, L = {problem.L} needs {numbers} complex "
            f"numbers at once by method {method!r}, at most {_LARGEST_CIRCUIT} fit; lower D or L"
        )
    if samples > _MOST_WORK // work:
        raise CostError(
            f"samples must be at most {_MOST_WORK // work} at D = {problem.D}, L = {problem.L} by method {method!r}, "
            f"about a day's work, got {samples}; ask for fewer, or lower D or L"
        )


def _cost(problem: Problem, method: str) -> tuple[int, int]:
    """Count the complex numbers that one value needs at a time, and estimate its work.

    The work is what a unitary takes to draw, and to act in each output of ``qutip``. The constants are fits: 32 to the
    batched route from D = 2 to 256, 20 000 to what QuTiP takes for a layer. Second derivatives move L/2 vectors
    through a layer on average.
    """
    quantity, D, L = QUANTITIES[problem.quantity], problem.D, problem.L
    circuits, A, P, has_hessian = (
        quantity.circuits,
        len(problem.spectra),
        problem.num_vectors,
        quantity.uses_hessian,
    )
    if ENSEMBLES[problem.ensemble].has_independent_entries:  # many circuits of one layer, or of two
        circuits *= 2 * L + L * (L - 1) // 2 if has_hessian else L
        L = min(L, 2) if has_hessian else 1
    if method == "frames":
        numbers, work = _frames.cost(problem, L)
        return circuits * numbers, circuits * work
    num_vectors, outputs, per_unitary = P * (L + 2 * A), 2 * L * P * A, D**2 * (D + 32)
    if has_hessian:
        num_vectors += P * (A + 2) * L  # bras, moved kets and a copy
        outputs += 2 * L * (L + 1) * P * A
        per_unitary += L * P * D * (D + 32) // 2
    if method == "qutip":
        per_unitary += outputs * (20_000 + D**2)
    return circuits * ((2 * L + 1) * D**2 + num_vectors * D), circuits * (L + 1) * per_unitary


@dataclass(frozen=True)
class Moments:
    """An estimate with the sum of the cubed deviations from its mean.

    Moments of one problem add up, as estimates do. Floats do not add associatively: whoever wants the same
    bits adds in the same order.

    Args:
        estimate: Samples, mean and sum of squares.
        cubes: Sum of the cubed deviations from the mean, finite.

    Raises:
        InputError: If ``cubes`` is not finite.
        InputTypeError: If ``cubes`` is no float.

    Examples:
        >>> first, second = Moments.of("c0ffee", [1.0, 2.0]), Moments.of("c0ffee", [6.0])
        >>> first + second == Moments.of("c0ffee", [1.0, 2.0, 6.0])
        True
        >>> Moments.of("c0ffee", [0.0, 0.0, 0.0, 4.0]).skewness.__round__(6)
        1.154701

    Reference:
        derivations/12_campaigns.md.
    """

    estimate: Estimate
    cubes: float

    def __post_init__(self) -> None:
        if not isinstance(self.cubes, float):
            raise InputTypeError(f"cubes must be a float, got {self.cubes!r}")
        if not math.isfinite(self.cubes):
            raise InputError(f"cubes must be finite, got {self.cubes}; check the spectrum's scale")

    @classmethod
    def of(cls, problem: str, values: ArrayLike) -> Moments:
        """Return the moments of independent values; the arguments are those of ``Estimate.of``."""
        estimate = Estimate.of(problem, values)
        deviations = np.asarray(values, dtype=np.float64) - estimate.mean
        return cls(estimate, float((deviations**3).sum()))

    def __add__(self, other: Moments) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        a, b = self.estimate, other.estimate
        total = a + b
        n, difference = total.samples, b.mean - a.mean
        cubes = (
            self.cubes
            + other.cubes
            + difference**3 * (a.samples * b.samples / n) * ((a.samples - b.samples) / n)
            + 3 * difference * ((a.samples / n) * b.squares - (b.samples / n) * a.squares)
        )
        return Moments(total, cubes)

    def scaled(self, factor: float) -> Moments:
        """Return the moments of the values times a factor.

        Examples:
            >>> Moments.of("c0ffee", [1.0, 2.0, 6.0]).scaled(2.0) == Moments.of("c0ffee", [2.0, 4.0, 12.0])
            True
        """
        estimate = self.estimate
        mean, squares = estimate.mean * factor, estimate.squares * factor**2
        return Moments(replace(estimate, mean=mean, squares=squares), self.cubes * factor**3)

    @property
    def skewness(self) -> float:
        """Third central moment over the cube of the standard deviation; 0 for values that vary by rounding only."""
        n, squares = self.estimate.samples, self.estimate.squares
        varies = squares > n * (ROUNDING * self.estimate.mean) ** 2
        return math.sqrt(n) * self.cubes / squares**1.5 if varies else 0.0

    def to_dict(self) -> dict[str, str | int | float]:
        """Return the fields as plain data that JSON keeps without loss."""
        return {**self.estimate.to_dict(), "cubes": self.cubes}

    @classmethod
    def from_dict(cls, data: object) -> Moments:
        """Return the moments that ``to_dict`` wrote, checked as any other.

        Raises:
            InputError: If keys are missing or unknown, or a value is out of range.
            InputTypeError: If ``data`` is no mapping, or a value is of the wrong kind.

        Examples:
            >>> moments = Moments.of("c0ffee", [1.0, 2.0, 6.0])
            >>> Moments.from_dict(moments.to_dict()) == moments
            True
        """
        if not isinstance(data, Mapping) or "cubes" not in data:
            raise InputTypeError(
                f"moments must be a mapping with the keys problem, samples, mean, squares, cubes, got {data!r}"
            )
        rest = dict(data)
        cubes = rest.pop("cubes")
        return cls(Estimate.from_dict(rest), cubes)


def draw_moments(problem: Problem, *, samples: int, method: str, seed: int, stream: Sequence[int]) -> Moments:
    """Simulate one batch, whose random numbers belong to the seed and the stream and to nothing else.

    Args:
        problem: What is simulated.
        samples: Number of values, an integer ≥ 1.
        method: "batched" or "qutip".
        seed: An integer ≥ 0.
        stream: Integers ≥ 0 that name the batch; different names give independent batches.

    Returns:
        The moments: the same bits wherever and whenever the batch is drawn by the same versions.

    Examples:
        >>> from haarqntk.montecarlo._problem import Problem
        >>> problem = Problem.create("kernel_mean", D=2, L=1, spectrum=[1, -1])
        >>> def draw(*stream):
        ...     return draw_moments(problem, samples=100, method="batched", seed=1, stream=stream)
        >>> draw(0) == draw(0), draw(0) == draw(1)
        (True, False)
    """
    samples = integer("samples", samples, at_least=1)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(stream)))
    blocks = values_in_blocks(problem, samples=samples, method=method, rng=rng)
    key = problem.key()
    return functools.reduce(operator.add, (Moments.of(key, values) for values in blocks))
