"""The diagnosis of a parametrised circuit: its outputs and Jacobian, and what they say, in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import real_array
from haarqntk.errors import InputError, InputTypeError
from haarqntk.montecarlo import random_angles
from haarqntk.training._derivatives import (
    NO_KERNEL,
    check_pair,
    kernel_matrix,
    outputs_and_jacobian,
    vanishing_kernel,
)
from haarqntk.training._diagnose import diagnose

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from haarqntk.training._circuit import ParametrisedCircuit
    from haarqntk.training._diagnosis import Diagnosis
    from haarqntk.training._observable import Observable


def diagnose_circuit(
    circuit: ParametrisedCircuit,
    observable: Observable,
    targets: ArrayLike,
    *,
    features: ArrayLike | None = None,
    angles: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
    test_features: ArrayLike | None = None,
    test_targets: ArrayLike | None = None,
    **keywords: Any,
) -> Diagnosis:
    """Diagnose a circuit at given or at random angles.

    Args:
        circuit: The circuit.
        observable: O, on as many qubits.
        targets: What the outputs should be, one number for each data point.
        features: The m data points, shape (m, num_features); None if the circuit has no data gates.
        angles: θ(0) in radians, shape (L,); drawn uniform on [0, 2π) if None (default).
        rng: Where they are drawn from; needed without ``angles``.
        test_features: Further points, for the inference.
        test_targets: Their targets.
        **keywords: As of ``diagnose``: learning_rate, c, pseudo_inverse, rank_tolerance, overfitting_gap.

    Returns:
        The diagnosis, with the circuit's outputs at these angles.

    Raises:
        InputError: If a shape does not fit, angles of several initialisations are given, the kernel vanishes to
            within rounding, or as ``diagnose``.
        InputTypeError: If there are neither angles nor a generator.

    Examples:
        One angle, z = cos 2θ, towards −1:

        >>> from haarqntk.training import Observable, ParametrisedCircuit, PauliRotation
        >>> circuit = ParametrisedCircuit(1, (PauliRotation("X", parameter=0),))
        >>> diagnosis = diagnose_circuit(circuit, Observable.pauli("Z"), [-1], angles=[np.pi / 12])
        >>> diagnosis.kernel.round(12), diagnosis.outputs.round(3)
        (array([[1.]]), array([0.866]))

    Reference:
        [scala2025]; derivations/16_diagnostics.md.
    """
    check_pair(circuit, observable)
    if angles is None:
        if not isinstance(rng, np.random.Generator):
            raise InputTypeError(
                f"rng must be a numpy.random.Generator unless angles are given, got {rng!r}; "
                "pass numpy.random.default_rng(seed)"
            )
        angles = random_angles(1, circuit.num_parameters, rng)[0]
    theta = real_array("angles", angles)
    if theta.ndim != 1:
        raise InputError(f"angles must be those of one initialisation, got the shape {theta.shape}")
    z, J = outputs_and_jacobian(circuit, observable, theta, features)
    if vanishing_kernel(kernel_matrix(J), circuit, observable):
        raise InputError(NO_KERNEL)
    keywords.setdefault("scale", 0)  # the circuit's own scale has been looked at
    test: dict[str, Any] = {}
    if test_features is not None:
        z_test, J_test = outputs_and_jacobian(circuit, observable, theta, test_features)
        test = {"test_jacobian": J_test, "test_outputs": z_test}
    return diagnose(J, targets, outputs=z, test_targets=test_targets, **test, **keywords)
