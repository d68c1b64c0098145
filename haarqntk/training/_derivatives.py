"""Outputs, Jacobians, kernels and meta-kernels of a circuit: the sweeps with checked arguments; the definition."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import LazyModule, Tabled, real_array
from haarqntk.checks import callback, generator, integer, one_of
from haarqntk.errors import InputError, InputTypeError
from haarqntk.montecarlo import PauliSum, jackknife, random_angles
from haarqntk.training import _sweeps
from haarqntk.training._ansatz import Encoding, circuit_of_ansatz
from haarqntk.training._circuit import FixedGate, ParametrisedCircuit, PauliRotation
from haarqntk.training._observable import Model, Observable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from haarqntk.montecarlo import Ansatz

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]
    Pair = tuple[float, float]
    Progress = Callable[[int], object]

linalg = LazyModule("scipy.linalg")

_BLOCK = 100  # settings of the angles between two calls of progress


def outputs(
    circuit: ParametrisedCircuit, observable: Observable, angles: ArrayLike, features: ArrayLike | None = None
) -> Real:
    """Return z_δ = ⟨0|U(θ, x_δ)†OU(θ, x_δ)|0⟩.

    Args:
        circuit: The circuit U.
        observable: O, on as many qubits.
        angles: θ in radians, shape (…, L); leading axes are kept.
        features: The m data points, shape (m, num_features); None if the circuit has no data gates, which
            counts as one point.

    Returns:
        The outputs, shape (…, m).

    Raises:
        InputError: If a shape does not fit, or an entry is not finite.
        InputTypeError: If the entries are not real numbers.

    Examples:
        >>> circuit = ParametrisedCircuit(1, (PauliRotation("X", parameter=0),))
        >>> outputs(circuit, Observable.pauli("Z"), [np.pi / 6]).round(12)
        array([0.5])

    Reference:
        derivations/15_training.md.
    """
    model = Model(circuit, observable, features)
    theta, lead = model.settings(angles)
    return _sweeps.outputs(model, theta).reshape(*lead, len(model.points))


def outputs_and_jacobian(
    circuit: ParametrisedCircuit,
    observable: Observable,
    angles: ArrayLike,
    features: ArrayLike | None = None,
    *,
    method: str = "adjoint",
) -> tuple[Real, Real]:
    """Return z_δ and ∂z_δ/∂θ_l.

    Args:
        circuit: The circuit.
        observable: O, on as many qubits.
        angles: θ in radians, shape (…, L); leading axes are kept.
        features: The m data points, shape (m, num_features); None if the circuit has no data gates.
        method: "adjoint" (default), or "definition": matrix exponentials and the shift rule, for small n.

    Returns:
        The outputs, shape (…, m), and the Jacobian, shape (…, m, L).

    Raises:
        InputError: If a shape does not fit, or an entry is not finite.
        InputTypeError: If the entries are not real numbers.

    Examples:
        z = cos 2θ:

        >>> circuit = ParametrisedCircuit(1, (PauliRotation("X", parameter=0),))
        >>> z, J = outputs_and_jacobian(circuit, Observable.pauli("Z"), [np.pi / 12])
        >>> z.round(3), J.round(3)
        (array([0.866]), array([[-1.]]))

    Reference:
        [jones2020] for the adjoint route, [mitarai2018] for the shift rule; derivation 15.
    """
    routes = {"adjoint": _sweeps.outputs_and_jacobian, "definition": _by_definition}
    route = routes[one_of("method", method, routes)]
    z, jacobian = Model(circuit, observable, features).swept(route, angles)
    return z, jacobian


def kernel_matrix(jacobian: ArrayLike) -> Real:
    """Return K_δδ' = Σ_l ∂_l z_δ ∂_l z_δ' of Jacobians of shape (…, m, L), shape (…, m, m).

    Raises:
        InputTypeError, InputError: If the Jacobian is no array of finite real numbers of two axes or more.

    Examples:
        >>> kernel_matrix([[1.0, 2.0], [0.0, 1.0]])
        array([[5., 2.],
               [2., 1.]])

    Reference:
        liu2023, Eq. 6; derivations/15_training.md.
    """
    J = real_array("jacobian", jacobian)
    if J.ndim < 2:  # noqa: PLR2004 - points × parameters
        raise InputError(f"jacobian must have the shape (…, m, L), got {J.shape}; pass points × parameters")
    return np.asarray(J @ J.swapaxes(-1, -2))


def meta_kernels(
    circuit: ParametrisedCircuit,
    observable: Observable,
    angles: ArrayLike,
    features: ArrayLike | None = None,
) -> tuple[Real, Real, Real]:
    """Return z_δ, K_δδ = Σ_l g_l² and μ_δ = Σ_lm h_lm g_l g_m of every output on its own, exact derivatives all.

    Args:
        circuit: The circuit.
        observable: O, on as many qubits.
        angles: θ in radians, shape (…, L); leading axes are kept.
        features: The m data points, shape (m, num_features); None if the circuit has no data gates.

    Returns:
        Three arrays of shape (…, m).

    Raises:
        InputError: If a shape does not fit, or an entry is not finite.
        InputTypeError: If the entries are not real numbers.

    Examples:
        z = cos 2θ at θ = π/6: g = −√3, h = −2.

        >>> circuit = ParametrisedCircuit(1, (PauliRotation("X", parameter=0),))
        >>> z, K, mu = meta_kernels(circuit, Observable.pauli("Z"), [np.pi / 6])
        >>> K.round(12), mu.round(12)
        (array([3.]), array([-6.]))

    Reference:
        [liu2023] Eq. 14; derivation 15 for the second derivative along a direction.
    """
    z, K, mu = Model(circuit, observable, features).swept(_meta_kernels, angles)
    return z, K, mu


def _meta_kernels(model: Model, theta: Real) -> tuple[Real, Real, Real]:
    z, J = _sweeps.outputs_and_jacobian(model, theta)
    return z, np.square(J).sum(axis=-1), _sweeps.second_derivatives_along(model, theta, J)


# -- over random angles -------------------------------------------------------------------------------------------


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
    callback("progress", progress)
    if not isinstance(depths, Iterable) or isinstance(depths, str):
        raise InputTypeError(f"depths must be a list of ints such as [1, 2, 4], got {depths!r}")
    depths = tuple(integer("depths", depth, at_least=0) for depth in depths)
    if not callable(family):
        raise InputTypeError(f"family must be a function that returns the circuit of a depth, got {family!r}")
    if not depths:
        raise InputError("depths must have at least one entry, got none; pass for example [1, 2, 4]")
    variance: Callable[[Real], Any] = partial(np.var, ddof=1)
    found = []
    for depth, stream in zip(depths, rng.spawn(len(depths)), strict=True):
        circuit = family(depth)
        if not isinstance(circuit, ParametrisedCircuit):
            raise InputTypeError(f"family must return a circuit, got {circuit!r} at depth {depth}; return it")
        model = Model(circuit, observable, features)
        if len(model.points) != 1:
            raise InputError(f"features must be one data point, got {len(model.points)}")
        angles = random_angles(count, circuit.num_parameters, stream)
        parts = [_meta_kernels(model, angles[part]) for part in _blocks(count, progress)]
        z, K, mu = np.concatenate(parts, axis=1)[..., 0]
        of_kernels = [jackknife(sample, of) for sample in (K, mu) for of in (np.mean, variance)]
        found.append(
            KernelStatistics(depth, circuit.num_parameters, count, jackknife(z, np.mean), *of_kernels)
        )
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
    if theta.ndim != 2 or theta.shape[1] > L:  # noqa: PLR2004 - circuits × layers
        raise InputError(
            f"angles must have the shape (N, l) with l ≤ L = {L}, got {theta.shape}; draw a deeper ansatz"
        )
    N, depth = theta.shape
    if (P := integer("num_inputs", num_inputs, at_least=1)) > 2**n:
        raise InputError(f"num_inputs must be at most D = {2**n}, got {P}; there are no more basis states")
    # Where a bit of the input is 1, e^{iπX/2} = iX flips the qubit. Of the layers, L acts first.
    bits = np.arange(P)[:, np.newaxis] >> np.arange(n)[::-1] & 1
    flips = Encoding(num_features=n, scale=math.pi / 2, letter="X").gates(n)
    circuit = ParametrisedCircuit(n, (*flips, *whole.gates[2 * (L - depth) :]))
    model, kernels = Model(circuit, Observable(ansatz.observable.matrix), bits), np.empty((N, P, P))
    for part in _blocks(N, progress):
        kernels[part] = kernel_matrix(_sweeps.outputs_and_jacobian(model, theta[part])[1])
    return kernels


def _blocks(count: int, progress: Progress | None) -> Iterator[slice]:
    """Parts of so many settings of the angles; progress is told of each when the next is asked for."""
    for start in range(0, count, _BLOCK):
        yield slice(start, start + _BLOCK)
        if progress is not None:
            progress(min(_BLOCK, count - start))


# -- the definition ----------------------------------------------------------------------------------------------


def _by_definition(model: Model, angles: Real) -> tuple[Real, Real]:
    """Dense matrices by the exponential, derivatives by the shift rule, one gate at a time; [mitarai2018].

    P² = 1 makes an output a + b cos 2α + c sin 2α in the angle α of each gate, so ∂z/∂α = z(α + π/4) − z(α − π/4)
    holds exactly; a parameter that several gates share gets the sum over them. The tests hold the sweeps equal to it.
    """
    circuit, observable = model.circuit, model.observable
    z = np.empty((len(angles), len(model.points)))
    jacobian = np.zeros((*z.shape, angles.shape[1]))
    quarters = {gate.string: _exponential(gate.string, math.pi / 4) for gate in circuit.rotations}
    for N, setting in enumerate(angles):
        for m, point in enumerate(model.points):
            matrices = [_matrix(gate, circuit.num_qubits, setting, point) for gate in circuit.gates]
            z[N, m] = _output(observable, matrices)
            for place, gate in enumerate(circuit.gates):
                if isinstance(gate, PauliRotation) and gate.parameter is not None:
                    quarter = quarters[gate.string]
                    up, down = (
                        _output(observable, [*matrices[:place], turn, *matrices[place:]])
                        for turn in (quarter, quarter.conj().T)
                    )
                    jacobian[N, m, gate.parameter] += gate.scale * (up - down)
    return z, jacobian


def _output(observable: Observable, matrices: list[Complex]) -> float:
    state = np.eye(1, len(observable.matrix), dtype=np.complex128)[0]
    for matrix in matrices:
        state = matrix @ state
    return float((state.conj() @ observable.matrix @ state).real)


def _exponential(string: str, alpha: float) -> Complex:
    return np.asarray(linalg.expm(1j * alpha * PauliSum((1.0,), (string,)).matrix))


def _matrix(gate: PauliRotation | FixedGate, num_qubits: int, angles: Real, point: Real) -> Complex:
    if isinstance(gate, PauliRotation):
        value = point[gate.feature] if gate.parameter is None else angles[gate.parameter]
        return _exponential(gate.string, gate.scale * float(value))
    order = [*gate.qubits, *(qubit for qubit in range(num_qubits) if qubit not in gate.qubits)]
    places = np.argsort(order)  # where each qubit is among the factors of the product
    product = np.kron(gate.matrix, np.eye(2 ** (num_qubits - len(gate.qubits))))
    factors = product.reshape((2,) * (2 * num_qubits)).transpose(*places, *(num_qubits + places))
    return np.asarray(factors.reshape(product.shape), dtype=np.complex128)
