"""Outputs, Jacobians, kernels and meta-kernels of a circuit: the sweeps with checked arguments; the definition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.base import LazyModule, real_array
from haarqntk.checks import one_of
from haarqntk.errors import InputError, InputTypeError
from haarqntk.montecarlo import PauliSum
from haarqntk.training import _sweeps
from haarqntk.training._circuit import FixedGate, ParametrisedCircuit, PauliRotation
from haarqntk.training._observable import Observable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

linalg = LazyModule("scipy.linalg")


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
    settings, points, lead = checked_inputs(circuit, observable, angles, features)
    return _sweeps.outputs(circuit, observable, settings, points).reshape(*lead, len(points))


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
    settings, points, lead = checked_inputs(circuit, observable, angles, features)
    routes = {"adjoint": _sweeps.outputs_and_jacobian, "definition": _by_definition}
    z, jacobian = routes[one_of("method", method, routes)](circuit, observable, settings, points)
    return z.reshape(*lead, len(points)), jacobian.reshape(*lead, len(points), circuit.num_parameters)


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
    kernel: Real = J @ J.swapaxes(-1, -2)
    return kernel


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
    settings, points, lead = checked_inputs(circuit, observable, angles, features)
    z, J = _sweeps.outputs_and_jacobian(circuit, observable, settings, points)
    mu = _sweeps.second_derivatives_along(circuit, observable, settings, points, J)
    shape = (*lead, len(points))
    return z.reshape(shape), np.square(J).sum(axis=-1).reshape(shape), mu.reshape(shape)


def check_kernel(kernels: Real, circuit: ParametrisedCircuit, observable: Observable) -> None:
    """Refuse kernels of shape (…, m, m) all of which are no more than rounding: there is nothing to train.

    Rounding makes of a K that vanishes, at one data point, at most (2⁻⁵² · gates · ‖O‖ · Σ|scale|)², ‖O‖ bounded by
    the largest sum of moduli in a row; of m points, λ_max ≤ Tr K is within m times that.
    """
    norm, scales = np.abs(observable.matrix).sum(axis=1).max(), circuit.generator_norms.sum()
    floor = kernels.shape[-1] * (2.0**-52 * len(circuit.gates) * float(norm) * float(scales)) ** 2
    if (np.linalg.eigvalsh(kernels)[..., -1] <= floor).all():
        raise InputError(
            "circuit must have outputs that depend on its angles, got a kernel that vanishes to within rounding: "
            "symmetry, O ∝ 1, or an extremum of every output; take another observable, circuit or start"
        )


def check_pair(circuit: ParametrisedCircuit, observable: Observable) -> None:
    """Refuse what is no circuit or no observable, and two that act on different numbers of qubits."""
    for name, value, kind in (
        ("circuit", circuit, ParametrisedCircuit),
        ("observable", observable, Observable),
    ):
        if not isinstance(value, kind):
            raise InputTypeError(
                f"{name} must be a haarqntk.training.{kind.__name__}, got {type(value).__name__}; make one"
            )
    if observable.num_qubits != circuit.num_qubits:
        raise InputError(
            f"observable must act on num_qubits = {circuit.num_qubits} qubits, got {observable.num_qubits}"
        )


def checked_inputs(
    circuit: ParametrisedCircuit, observable: Observable, angles: ArrayLike, features: ArrayLike | None
) -> tuple[Real, Real, tuple[int, ...]]:
    """Return the angles as (N, L), the data points as (m, F) and the leading axes of the angles."""
    check_pair(circuit, observable)
    settings = real_array("angles", angles)
    if settings.ndim == 0 or settings.shape[-1] != circuit.num_parameters:
        raise InputError(
            f"angles must have {circuit.num_parameters} entries along the last axis, one for each parameter, "
            f"got the shape {settings.shape}"
        )
    lead = settings.shape[:-1]
    points = checked_points(circuit, features)
    return settings.reshape(math.prod(lead), circuit.num_parameters), points, lead


def checked_points(circuit: ParametrisedCircuit, features: ArrayLike | None) -> Real:
    """Return the data points as an array of shape (m, F); one empty point if there are none."""
    expected = circuit.num_features
    if features is None:
        if expected:
            raise InputError(
                f"features must have the shape (m, {expected}) for a circuit with data gates, got None"
            )
        return np.zeros((1, 0))
    points = real_array("features", features)
    if points.ndim != 2 or points.shape[1] != expected or not len(points):  # noqa: PLR2004 - points × features
        raise InputError(
            f"features must have the shape (m, {expected}) with m ≥ 1, one row for each data point, "
            f"got {points.shape}"
        )
    return points


# -- the definition ----------------------------------------------------------------------------------------------


def _by_definition(
    circuit: ParametrisedCircuit, observable: Observable, angles: Real, features: Real
) -> tuple[Real, Real]:
    """Dense matrices by the exponential, derivatives by the shift rule, one gate at a time; [mitarai2018].

    P² = 1 makes an output a + b cos 2α + c sin 2α in the angle α of each gate, so ∂z/∂α = z(α + π/4) − z(α − π/4)
    holds exactly; a parameter that several gates share gets the sum over them. The tests hold the sweeps equal to it.
    """
    z = np.empty((len(angles), len(features)))
    jacobian = np.zeros((*z.shape, angles.shape[1]))
    quarters = {gate.string: _exponential(gate.string, math.pi / 4) for gate in circuit.rotations}
    for N, setting in enumerate(angles):
        for m, point in enumerate(features):
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
    exponential: Complex = linalg.expm(1j * alpha * PauliSum((1.0,), (string,)).matrix)
    return exponential


def _matrix(gate: PauliRotation | FixedGate, num_qubits: int, angles: Real, point: Real) -> Complex:
    if isinstance(gate, PauliRotation):
        value = point[gate.feature] if gate.parameter is None else angles[gate.parameter]
        return _exponential(gate.string, gate.scale * float(value))
    order = [*gate.qubits, *(qubit for qubit in range(num_qubits) if qubit not in gate.qubits)]
    places = np.argsort(order)  # where each qubit is among the factors of the product
    product = np.kron(gate.matrix, np.eye(2 ** (num_qubits - len(gate.qubits))))
    factors = product.reshape((2,) * (2 * num_qubits)).transpose(*places, *(num_qubits + places))
    return np.asarray(factors.reshape(product.shape), dtype=np.complex128)
