r"""Gradient descent one order beyond the frozen kernel: δε = −ηKε + ½η²ε²μ.

Reference: liu2023, Eqs. (13), (14); derivations/14_dynamics.md.
"""

from __future__ import annotations

import numpy as np

from haarqntk._arguments import flag, real_number
from haarqntk.dynamics._prediction import Prediction, check_times, within_floats
from haarqntk.errors import CostError, InputError

_MOST_STEPS = 10**7
_FIXED = "K and μ keep their values at the start; terms beyond η² are dropped."
_FOLLOWED = "K follows δK = −2ηεμ with {}; terms beyond η² in ε, beyond η in K, are dropped."


@within_floats()
def quadratic_correction(
    kernel: object,
    times: object,
    *,
    learning_rate: object,
    residual: object,
    meta_kernel: object = None,
    relative_meta_kernel: object = None,
    follow_kernel: bool = False,
) -> Prediction:
    """Gradient descent to second order in the step: ε ← ε − ηKε + ½η²ε²μ, and if asked K ← K − 2ηεμ.

    Args:
        kernel: K ≥ 0, that of one circuit, or K̄ from ``hq.formula("kernel_mean").at(…)``.
        times: Numbers of steps, integers from 0 to 10 000 000.
        learning_rate: η > 0.
        residual: ε(0).
        meta_kernel: μ, which stays what it is; that of one circuit, or E[μ] from ``hq.formula("meta_kernel_mean")``.
        relative_meta_kernel: Instead of μ, λ = μ/K, which stays what it is: μ = λK.
        follow_kernel: Whether K moves along; it stays what it is by default.

    Returns:
        ε, K and the loss after each number of steps.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind or range; if the iteration diverges, or takes K
            below 0, where its assumptions have failed.
        CostError: If there are too many steps.

    Examples:
        >>> quadratic_correction(1, [0, 1, 2], learning_rate=0.5, residual=1, meta_kernel=2).residual.tolist()
        [1.0, 0.75, 0.515625]

    Reference:
        [liu2023] Eqs. 13, 14; derivations/14_dynamics.md.
    """
    K, eta = (
        real_number("kernel", kernel, at_least=0),
        real_number("learning_rate", learning_rate, positive=True),
    )
    epsilon, t = real_number("residual", residual), check_times(times, are_steps=True)
    if (meta_kernel is None) == (relative_meta_kernel is None):
        got = "neither" if meta_kernel is None else "both"
        raise InputError(f"exactly one of meta_kernel= and relative_meta_kernel= must be given, got {got}")
    steps, follows = int(t.max()), flag("follow_kernel", follow_kernel)
    if steps > _MOST_STEPS:
        raise CostError(f"times must be at most {_MOST_STEPS} steps, got {steps}; use constant_lambda_flow")
    if meta_kernel is not None:
        mu, lam = real_number("meta_kernel", meta_kernel), 0.0
        kept = "constant μ"
    else:
        lam = real_number("relative_meta_kernel", relative_meta_kernel)
        mu, kept = lam * K, "constant λ = μ/K"
    residuals, kernels = np.empty(steps + 1), np.empty(steps + 1)
    residuals[0], kernels[0] = epsilon, K
    for step in range(1, steps + 1):
        change = 2 * eta * epsilon * mu if follows else 0.0
        epsilon += -eta * K * epsilon + eta**2 * epsilon**2 * mu / 2
        K -= change
        if relative_meta_kernel is not None:
            mu = lam * K
        if not abs(epsilon) < _DIVERGED or K < 0:
            raise InputError(
                f"learning_rate must be small enough for the expansion, got ε = {epsilon:.3g}, K = {K:.3g} after "
                f"{step} steps with η = {eta:g}; lower it, or ask for fewer steps"
            )
        residuals[step], kernels[step] = epsilon, K
    where = t.astype(np.int64)
    return Prediction(
        times=t,
        residual=residuals[where],
        kernel=kernels[where],
        loss=residuals[where] ** 2 / 2,
        assumption=_FOLLOWED.format(kept) if follow_kernel else _FIXED,
        reference="liu2023, Eqs. (13), (14); derivations/14_dynamics.md",
    )


_DIVERGED = 1e100
