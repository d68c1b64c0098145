"""From the Jacobian of any model to its diagnosis."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.checks import flag, real_number
from haarqntk.errors import CostError, InputError
from haarqntk.training._diagnosis import Diagnosis
from haarqntk.training._diagnosis_input import SMALLEST_SCALE, real_array, relative_precision
from haarqntk.training._diagnosis_text import null_space_text

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Real = NDArray[np.float64]

# A singular value decomposition of m × p numbers takes about 10·m·p·min(m, p) operations: minutes at the bound.
LARGEST_NUM_POINTS, LARGEST_WORK = 10_000, 10**12
_POINTS_CURE = "pass one number per data point, as many as the Jacobian has rows"
_JACOBIAN_CURE = "pass points × parameters; several outputs per point become rows of their own"


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
    J, tolerance = _jacobian("jacobian", jacobian), rank_tolerance
    m = len(J)
    flag("pseudo_inverse", pseudo_inverse)
    y = _fitting("targets", targets, m, "jacobian")
    z = np.zeros(m) if outputs is None else _fitting("outputs", outputs, m, "jacobian")
    if tolerance is None:
        tolerance = max(J.shape) * relative_precision(jacobian)
    size = float(max(np.abs(z).max(), np.abs(y).max())) if scale is None else scale
    noise = math.sqrt(J.size) * relative_precision(jacobian) * real_number("scale", size, at_least=0)
    s, U, V = _decompose(J, real_number("rank_tolerance", tolerance, positive=True), noise)
    test = _test_set(J, V, test_jacobian, test_targets, test_outputs, outputs_given=outputs is not None)
    c = real_number("c", c, positive=True)
    diagnosis = Diagnosis(
        singular_values=s,
        modes=U,
        outputs=z,
        targets=y,
        num_parameters=J.shape[1],
        learning_rate=c / float(s[0]) ** 2
        if learning_rate is None
        else real_number("learning_rate", learning_rate, positive=True),
        c=c,
        rank_tolerance=tolerance,
        overfitting_gap=real_number("overfitting_gap", overfitting_gap, positive=True),
        outputs_given=outputs is not None,
        test_modes=test[0],
        test_outputs=test[1],
        test_targets=test[2],
    )
    if diagnosis.is_singular and not pseudo_inverse:
        raise InputError(_singular(diagnosis))
    if not diagnosis.is_stable:
        name = "c" if learning_rate is None else "learning_rate"
        warnings.warn(
            f"{name} must keep the learning rate below the stability edge 2/λ_max = "
            f"{diagnosis.stability_edge:.6g}, got {diagnosis.learning_rate:.6g}, at which the loss does not "
            f"decay; {1 / diagnosis.largest_eigenvalue:.6g} is critical",
            UserWarning,
            stacklevel=2,
        )
    return diagnosis


def _jacobian(name: str, value: object) -> Real:
    J = real_array(name, value, axes=("points", "parameters"), cure=_JACOBIAN_CURE)
    m, p = J.shape
    if m > LARGEST_NUM_POINTS or m * p * min(m, p) > LARGEST_WORK:
        raise CostError(
            f"{name} must have at most {LARGEST_NUM_POINTS} points and points × parameters × the smaller of both "
            f"≤ {LARGEST_WORK:.0e}, got {m} × {p}; take fewer points"
        )
    return J


def _fitting(name: str, value: object, num_points: int, jacobian: str) -> Real:
    array = real_array(name, value, axes=("points",), cure=_POINTS_CURE)
    if len(array) != num_points:
        raise InputError(
            f"{name} must have one number for each of the {num_points} rows of {jacobian}, got {len(array)}"
        )
    return array


def _decompose(J: Real, tolerance: float, noise: float) -> tuple[Real, Real, Real]:
    """Singular values beyond the tolerance, the left vectors as columns, the right ones as columns."""
    if tolerance >= 1:
        raise InputError(f"rank_tolerance must be below 1, got {tolerance!r}; 1e-12 is a common value")
    U, s, V = np.linalg.svd(J, full_matrices=False)
    if s[0] < SMALLEST_SCALE or s[0] <= noise:
        raise InputError(
            f"jacobian must not vanish, got the largest singular value {s[0]:.3g}, rounding of the outputs up to "
            f"{noise:.3g}; nothing would be learnt: check that the outputs depend on the parameters, or pass scale="
        )
    rank = int(np.count_nonzero(s > tolerance * s[0]))
    return s[:rank], U[:, :rank], V[:rank].T


def _test_set(
    J: Real,
    V: Real,
    test_jacobian: object,
    test_targets: object,
    test_outputs: object,
    *,
    outputs_given: bool,
) -> tuple[Real | None, Real | None, Real | None]:
    """J_test V, the outputs and the targets of the test points; None where there are none."""
    if test_jacobian is None:
        for name, value in (("test_targets", test_targets), ("test_outputs", test_outputs)):
            if value is not None:
                raise InputError(
                    f"{name} must come with test_jacobian, got {name} alone; pass test_jacobian="
                )
        return None, None, None
    if (test_outputs is not None) != outputs_given:
        given, missing = ("outputs", "test_outputs") if outputs_given else ("test_outputs", "outputs")
        raise InputError(f"{missing} must be given where {given} is, got None; pass both or neither")
    J_test = _jacobian("test_jacobian", test_jacobian)
    if J_test.shape[1] != J.shape[1]:
        raise InputError(
            f"test_jacobian must have the {J.shape[1]} parameters of jacobian, got {J_test.shape[1]} columns"
        )
    n = len(J_test)
    z = np.zeros(n) if test_outputs is None else _fitting("test_outputs", test_outputs, n, "test_jacobian")
    y = None if test_targets is None else _fitting("test_targets", test_targets, n, "test_jacobian")
    return J_test @ V, z, y


def _singular(diagnosis: Diagnosis) -> str:
    m, r = diagnosis.num_points, diagnosis.rank
    return (
        f"jacobian must have {m} independent rows for a regular kernel, got rank {r} for "
        f"{m} data points and {diagnosis.num_parameters} parameters, a null space of dimension {m - r}: "
        f"{null_space_text(diagnosis.dependent_points)}; drop dependent points or pass pseudo_inverse=True"
    )
