"""How the kernel of a real circuit is distributed over its angles, as a function of depth or of the inputs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import Tabled, real_array
from haarqntk.checks import generator, integer
from haarqntk.errors import InputError, InputTypeError
from haarqntk.montecarlo import jackknife, random_angles
from haarqntk.training._ansatz import Encoding, circuit_of_ansatz
from haarqntk.training._circuit import ParametrisedCircuit
from haarqntk.training._derivatives import kernel_matrix, meta_kernels, outputs_and_jacobian
from haarqntk.training._observable import Observable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from haarqntk.montecarlo import Ansatz

    Pair = tuple[float, float]
    Real = NDArray[np.float64]
    Progress = Callable[[int], object]

_BLOCK = 100  # settings of the angles between two calls of progress


@dataclass(frozen=True, slots=True, repr=False)
class KernelStatistics(Tabled):
    """Moments over random angles at one depth; each is a value and its standard error.

    Attributes:
        depth: What the circuit family was asked for.
        num_parameters: L of that circuit.
        num_samples: How many settings of the angles were drawn.
        output_mean: Mean of z.
        kernel_mean: Mean of K.
        kernel_variance: Variance of K.
        meta_kernel_mean: Mean of μ.
        meta_kernel_variance: Variance of μ.

    Examples:
        >>> pairs = [(0.0, 0.1), (3.2, 0.4), (5.0, 1.2), (0.1, 0.6), (9.0, 2.0)]
        >>> KernelStatistics(3, 12, 50, *pairs).kernel_variance
        (5.0, 1.2)

    Reference:
        liu2023; derivations/15_training.md.
    """

    depth: int
    num_parameters: int
    num_samples: int
    output_mean: Pair
    kernel_mean: Pair
    kernel_variance: Pair
    meta_kernel_mean: Pair
    meta_kernel_variance: Pair

    def facts(self) -> dict[str, str]:
        """The setting, and each moment with its standard error, for a notebook.

        Examples:
            >>> pairs = [(0.0, 0.1), (3.2, 0.4), (5.0, 1.2), (0.1, 0.6), (9.0, 2.0)]
            >>> KernelStatistics(3, 12, 50, *pairs).facts()["mean of K"]
            '3.2 ± 0.4'
        """
        moments = {
            "mean of z": self.output_mean,
            "mean of K": self.kernel_mean,
            "variance of K": self.kernel_variance,
            "mean of μ": self.meta_kernel_mean,
            "variance of μ": self.meta_kernel_variance,
        }
        setting = f"{self.depth}, {self.num_parameters} parameters, {self.num_samples} samples"
        return {"depth": setting} | {n: f"{value:.4g} ± {error:.2g}" for n, (value, error) in moments.items()}


def kernel_statistics(
    family: Callable[[int], ParametrisedCircuit],
    depths: Sequence[int],
    *,
    observable: Observable,
    samples: int,
    rng: np.random.Generator,
    features: ArrayLike | None = None,
    progress: Progress | None = None,
) -> tuple[KernelStatistics, ...]:
    """Return the moments of K and μ at several depths, angles uniform on [0, 2π).

    That range is a whole number of periods of e^{iθP}, scale 1, and of any integer scale. The circuit of a depth
    is one and the same for all samples; its fixed gates are not averaged over. Every depth has a stream of its
    own, so that adding depths changes none of the others.

    Args:
        family: Returns the circuit of a depth.
        depths: The depths, all different.
        observable: O.
        samples: How many settings of the angles are drawn at each depth, ≥ 2.
        rng: Where they are drawn from.
        features: One data point, shape (1, num_features); None if the circuits have no data gates.
        progress: Called with the number of samples finished since its last call.

    Returns:
        One entry for each depth. Standard errors are those of the jackknife.

    Raises:
        InputError: If there are too few samples, no depth, or more than one data point.
        InputTypeError: If the family is no function, the depths no integers, or ``rng`` no generator.

    Examples:
        >>> from haarqntk.training import hardware_efficient
        >>> found, = kernel_statistics(
        ...     lambda depth: hardware_efficient(2, depth), [3], observable=Observable.pauli("ZI"), samples=50,
        ...     rng=np.random.default_rng(1))
        >>> found.num_parameters, found.kernel_mean[0] > 0
        (12, True)

    Reference:
        liu2023; derivations/15_training.md.
    """
    count = integer("samples", samples, at_least=2)
    generator(rng)
    if not isinstance(depths, Iterable) or isinstance(depths, str):
        raise InputTypeError(f"depths must be a list of ints such as [1, 2, 4], got {depths!r}")
    depths = tuple(integer("depths", depth, at_least=0) for depth in depths)
    if not callable(family):
        raise InputTypeError(f"family must be a function that returns the circuit of a depth, got {family!r}")
    if not depths:
        raise InputError("depths must have at least one entry, got none; pass for example [1, 2, 4]")
    variance, found = partial(np.var, ddof=1), []
    for depth, stream in zip(depths, rng.spawn(len(depths)), strict=True):
        circuit = family(depth)
        if not isinstance(circuit, ParametrisedCircuit):
            raise InputTypeError(f"family must return a circuit, got {circuit!r} at depth {depth}; return it")
        angles = random_angles(count, circuit.num_parameters, stream)
        values = np.empty((count, 3))
        for part in _blocks(count, progress):
            block = meta_kernels(circuit, observable, angles[part], features)
            if block[0].shape[1] != 1:
                raise InputError(f"features must be one data point, got {block[0].shape[1]}")
            values[part] = np.concatenate(block, axis=1)
        z, K, mu = values.T
        measured: list[tuple[Real, Callable[[Real], Any]]]
        measured = [(z, np.mean), (K, np.mean), (K, variance), (mu, np.mean), (mu, variance)]
        moments = [jackknife(sample, statistic) for sample, statistic in measured]
        found.append(KernelStatistics(depth, circuit.num_parameters, count, *moments))
    return tuple(found)


def fixed_kernels(
    ansatz: Ansatz, num_inputs: int, angles: ArrayLike, progress: Progress | None = None
) -> Real:
    """Return K_δδ' = Σ_l ∂_l z_δ ∂_l z_δ' of one draw of the letter's ansatz, shape (N, P, P).

    Args:
        ansatz: The draw, from ``montecarlo.random_ansatz``.
        num_inputs: P ≥ 1; the inputs are |0⟩ … |P − 1⟩.
        angles: The N angles of the first l layers, shape (N, l), in radians.
        progress: Called with the number of circuits finished since its last call.

    Raises:
        InputError: If the angles do not fit the draw, or the number of inputs is below 1.
        InputTypeError: If an argument is of the wrong kind.

    Examples:
        >>> from haarqntk.montecarlo import random_ansatz
        >>> ansatz = random_ansatz(2, 6, np.random.default_rng(1))
        >>> fixed_kernels(ansatz, 3, random_angles(5, 4, np.random.default_rng(2))).shape
        (5, 3, 3)

    Reference:
        [liu2023] Eq. 20; derivations/15_training.md.
    """
    whole, theta = circuit_of_ansatz(ansatz), real_array("angles", angles)
    n, L = whole.num_qubits, whole.num_parameters
    if theta.ndim != 2:  # noqa: PLR2004 - draws × layers
        raise InputError(
            f"angles must have the shape (N, l), got {theta.shape}; pass one row for each circuit"
        )
    N, depth = theta.shape
    if depth > L:
        raise InputError(f"angles must have at most L = {L} columns, got {depth}; draw a deeper ansatz")
    flips = Encoding(num_features=n, scale=math.pi / 2, letter="X").gates(
        n
    )  # e^{iπX/2} = iX where a bit is 1
    circuit = ParametrisedCircuit(n, (*flips, *whole.gates[2 * (L - depth) :]))  # layer L acts first
    inputs = np.arange(integer("num_inputs", num_inputs, at_least=1))[:, np.newaxis]
    bits, observable = inputs >> np.arange(n)[::-1] & 1, Observable(ansatz.observable.matrix)
    kernels = np.empty((N, num_inputs, num_inputs))
    for part in _blocks(N, progress):
        kernels[part] = kernel_matrix(outputs_and_jacobian(circuit, observable, theta[part], bits)[1])
    return kernels


def _blocks(count: int, progress: Progress | None) -> Iterator[slice]:
    """Parts of so many settings of the angles; progress is told of each when the next is asked for."""
    for start in range(0, count, _BLOCK):
        yield slice(start, start + _BLOCK)
        if progress is not None:
            progress(min(_BLOCK, count - start))
