"""From the Jacobian of any model, or from a circuit, to the diagnosis."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import data_array
from haarqntk.checks import flag, generator, real_number
from haarqntk.errors import CostError, InputError
from haarqntk.montecarlo import random_angles
from haarqntk.training import _sweeps
from haarqntk.training._derivatives import kernel_matrix
from haarqntk.training._diagnosis import Diagnosis
from haarqntk.training._diagnosis_text import null_space_text
from haarqntk.training._observable import Model

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from haarqntk.training._circuit import ParametrisedCircuit
    from haarqntk.training._observable import Observable

    Real = NDArray[np.float64]

# A singular value decomposition of m × p numbers takes about 10·m·p·min(m, p) operations: minutes at the bound.
LARGEST_NUM_POINTS, LARGEST_WORK = 10_000, 10**12
_SMALLEST_SCALE = 1e-100  # below, squares are no floats


def diagnose(
    jacobian: ArrayLike,
    targets: ArrayLike,
    *,
    outputs: ArrayLike | None = None,
    test_jacobian: ArrayLike | None = None,
    test_targets: ArrayLike | None = None,
    test_outputs: ArrayLike | None = None,
    learning_rate: float | None = None,
    c: float = 1.0,
    pseudo_inverse: bool = False,
    rank_tolerance: float | None = None,
    overfitting_gap: float = 0.2,
    scale: float | None = None,
) -> Diagnosis:
    """Diagnose a model before it is trained, from the Jacobian of its outputs at initialisation.

    The kernel is K = J Jᵀ; gradient descent on ½Σ_δ ε_δ² at the learning rate η multiplies the residuals by
    1 − ηK in every step, as long as the Jacobian stays what it is.

    Args:
        jacobian: ∂z_δ/∂θ_l, shape (m, p): data points × parameters (angles in radians). From any framework;
            a model of several outputs gives one row for each point and output.
        targets: y_δ, shape (m,).
        outputs: z_δ at initialisation, shape (m,). Without them they are taken as 0, which fits a model that
            subtracts its initial output; spectrum and times do not depend on them.
        test_jacobian: The same on other points, shape (n, p): the model's inference there is predicted.
        test_targets: Their targets, shape (n,), for R² and the verdict on overfitting.
        test_outputs: Their outputs, shape (n,); to be given if ``outputs`` is.
        learning_rate: η > 0; by default the critical one, c/λ_max.
        c: Sets the critical learning rate; 1 lets the first mode decay at once, 2 is the stability edge.
        pseudo_inverse: Take a singular kernel; what lies in its null space is then never learnt.
        rank_tolerance: Singular values of the Jacobian up to this multiple of the largest count as 0. By
            default max(m, p) times the precision of its numbers: 2⁻⁵² for doubles, 2⁻²³ for single floats. An
            eigenvalue of the kernel is a square: doubles resolve condition numbers up to about 10²⁸.
        overfitting_gap: The model overfits if R²(train) − R²(test) is larger, both for t → ∞.
        scale: The size of the outputs, whose rounding a Jacobian must exceed in one radian: it counts as 0 if its
            largest singular value is within √(mp) · scale times the precision of its numbers. By default the
            largest of |outputs| and |targets|; 0 takes any Jacobian, as one of parameters in tiny units.

    Returns:
        The frozen diagnosis; ``print`` shows its summary.

    Raises:
        InputError: If an array has the wrong number of axes, is empty, not finite or not real, or does not
            fit the Jacobian; if the kernel is singular and ``pseudo_inverse`` is not set, with its null space;
            if the Jacobian vanishes; if a number is out of range. CostError if the decomposition would take
            more than minutes.
        InputTypeError: If an argument is no array of numbers.

    Warns:
        UserWarning: If the learning rate lies beyond the stability edge 2/λ_max.

    Examples:
        >>> J = [[1.0, 0, 1], [0, 2, 0], [1, 1, 0]]
        >>> print(diagnose(J, targets=[1, 0, -1], outputs=[0.5, 0.5, 0]).summary())
        3 data points, 3 parameters, frozen kernel K = J Jᵀ
          kernel            λ_max = 5.323, λ_min = 0.3187, κ = λ_max/λ_min = 16.71
          rank              3 of 3, effective rank (Tr K)²/Tr K² = 1.88
          learning rate     critical c/λ_max = 0.1878 (c = 1), stability edge 2/λ_max =
                            0.3757, used 0.1878; for the loss ½Σε², times 1.5 for the
                            mean square
          decay time        τ = 1/(ηλ_min) = 16.71 steps, of discrete steps exactly 16.2
          training          loss 0.75 at the start, 0 for t → ∞, R² = 1
          inference         no test points given

        >>> diagnose([[1.0, 0], [2, 0]], targets=[0, 1])
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputError: jacobian must have 2 independent rows for a regular kernel, got rank 1 for \
2 data points and 2 parameters, a null space of dimension 1: that of point 0 = 0.5·(point 1); \
drop dependent points or pass pseudo_inverse=True

    Reference:
        [scala2025] for critical learning rate, decay time and inference; derivations/16_diagnostics.md.
    """
    J, y, z = _points("", jacobian, targets, outputs)
    m, precision = len(J), _relative_precision(jacobian)
    flag("pseudo_inverse", pseudo_inverse)
    tolerance = max(J.shape) * precision if rank_tolerance is None else rank_tolerance
    size = float(max(np.abs(z).max(), np.abs(y).max())) if scale is None else scale
    noise = math.sqrt(J.size) * precision * real_number("scale", size, at_least=0)
    s, U, V = _decompose(J, real_number("rank_tolerance", tolerance, positive=True), noise)
    if learning_rate is None:
        rate, adjusted = real_number("c", c, positive=True) / float(s[0]) ** 2, "c"
    else:
        rate, adjusted = learning_rate, "learning_rate"
    diagnosis = Diagnosis(
        singular_values=s,
        modes=U,
        outputs=z,
        targets=y,
        num_parameters=J.shape[1],
        learning_rate=rate,
        c=c,
        rank_tolerance=tolerance,
        overfitting_gap=overfitting_gap,
        outputs_given=outputs is not None,
        **_test_set(V, test_jacobian, test_targets, test_outputs, outputs_given=outputs is not None),
    )
    if diagnosis.is_singular and not pseudo_inverse:
        raise InputError(
            f"jacobian must have {m} independent rows for a regular kernel, got rank {diagnosis.rank} for "
            f"{m} data points and {J.shape[1]} parameters, a null space of dimension {m - diagnosis.rank}: "
            f"{null_space_text(diagnosis.dependent_points)}; drop dependent points or pass pseudo_inverse=True"
        )
    if not diagnosis.is_stable:
        warnings.warn(
            f"{adjusted} must keep the learning rate below the stability edge 2/λ_max = "
            f"{diagnosis.stability_edge:.6g}, got {diagnosis.learning_rate:.6g}, at which the loss does not "
            f"decay; {1 / diagnosis.largest_eigenvalue:.6g} is critical",
            UserWarning,
            stacklevel=2,
        )
    return diagnosis


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
    model = Model(circuit, observable, features)
    if angles is None:
        stream = generator(rng, unless=" unless angles are given")
        angles = random_angles(1, circuit.num_parameters, stream)[0]
    theta, lead = model.settings(angles)
    if lead:
        raise InputError(f"angles must be those of one initialisation, got the shape {np.shape(angles)}")
    (z,), (J,) = _sweeps.outputs_and_jacobian(model, theta)
    model.check_kernels(kernel_matrix(J))
    keywords.setdefault("scale", 0)  # the circuit's own scale has been looked at
    test: dict[str, Any] = {}
    if test_features is not None:
        on_test = Model(circuit, observable, test_features)
        (test["test_outputs"],), (test["test_jacobian"],) = _sweeps.outputs_and_jacobian(on_test, theta)
    return diagnose(J, targets, outputs=z, test_targets=test_targets, **test, **keywords)


def _points(prefix: str, jacobian: object, targets: object, outputs: object) -> tuple[Real, Any, Real]:
    """The Jacobian, targets and outputs of points; those of a test may lack targets, and outputs are 0 by default."""
    name = f"{prefix}jacobian"
    cure = "pass points × parameters; several outputs per point become rows of their own"
    J = data_array(name, jacobian, axes=("points", "parameters"), cure=cure)
    m, p = J.shape
    if m > LARGEST_NUM_POINTS or m * p * min(m, p) > LARGEST_WORK:
        raise CostError(
            f"{name} must have at most {LARGEST_NUM_POINTS} points and points × parameters × the smaller of both "
            f"≤ {LARGEST_WORK:.0e}, got {m} × {p}; take fewer points"
        )

    def read(of: str, value: object) -> Real:
        cure = "pass one number per data point, as many as the Jacobian has rows"
        array = data_array(f"{prefix}{of}", value, axes=("points",), cure=cure)
        if len(array) != m:
            raise InputError(
                f"{prefix}{of} must have one number for each of the {m} rows of {name}, got {len(array)}"
            )
        return array

    y = None if prefix and targets is None else read("targets", targets)
    return J, y, np.zeros(m) if outputs is None else read("outputs", outputs)


def _relative_precision(value: object) -> float:
    """The distance from 1 to the next number of the entries' type: 2⁻⁵² for doubles, 2⁻²³ for single floats."""
    dtype = getattr(value, "dtype", None)
    try:
        return float(np.finfo(np.dtype(dtype)).eps) if dtype is not None else 2.0**-52
    except (TypeError, ValueError):  # integers, and tensors whose types are not NumPy's
        array = np.asarray(value)
        return float(np.finfo(array.dtype).eps) if array.dtype.kind in "fc" else 2.0**-52


def _decompose(J: Real, tolerance: float, noise: float) -> tuple[Real, Real, Real]:
    """Singular values beyond the tolerance, the left vectors as columns, the right ones as columns."""
    if tolerance >= 1:
        raise InputError(f"rank_tolerance must be below 1, got {tolerance!r}; 1e-12 is a common value")
    U, s, V = np.linalg.svd(J, full_matrices=False)
    if s[0] < _SMALLEST_SCALE or s[0] <= noise:
        raise InputError(
            f"jacobian must not vanish, got the largest singular value {s[0]:.3g}, rounding of the outputs up to "
            f"{noise:.3g}; nothing would be learnt: check that the outputs depend on the parameters, or pass scale="
        )
    rank = int(np.count_nonzero(s > tolerance * s[0]))
    return s[:rank], U[:, :rank], V[:rank].T


def _test_set(
    V: Real, jacobian: object, targets: object, outputs: object, *, outputs_given: bool
) -> dict[str, Real | None]:
    """J_test V, the outputs and the targets of the test points; nothing where there are none."""
    if jacobian is None:
        for name, value in (("test_targets", targets), ("test_outputs", outputs)):
            if value is not None:
                raise InputError(
                    f"{name} must come with test_jacobian, got {name} alone; pass test_jacobian="
                )
        return {}
    if (outputs is not None) != outputs_given:
        given, missing = ("outputs", "test_outputs") if outputs_given else ("test_outputs", "outputs")
        raise InputError(f"{missing} must be given where {given} is, got None; pass both or neither")
    J, y, z = _points("test_", jacobian, targets, outputs)
    if J.shape[1] != len(V):
        raise InputError(
            f"test_jacobian must have the {len(V)} parameters of jacobian, got {J.shape[1]} columns"
        )
    return {"test_modes": J @ V, "test_outputs": z, "test_targets": y}
