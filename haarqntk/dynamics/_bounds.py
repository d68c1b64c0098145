r"""How fast a loss can fall at all: any circuit, any depth, O² = 1 and labels ±1.

Reference: you2023; derivations/14_dynamics.md.
"""

from __future__ import annotations

import math

import numpy as np

from haarqntk._arguments import integer, real_number
from haarqntk.dynamics._prediction import Prediction, check_times, within_floats
from haarqntk.errors import InputError

_LARGEST_LOSS = 2.0  # |z| ≤ 1 and |y| = 1: |r| ≤ 2


@within_floats()
def loss_lower_bound(
    loss: object, times: object, *, learning_rate: object, L: int, generator_norm: object = 1
) -> Prediction:
    r"""What gradient flow leaves of the loss (1/2m) Σ_j r_j² for O² = 1 and labels ±1, at least.

    .. math:: \ell(t) \ge \left(\ell(0)^{-1/2} + 8\sqrt2\, \eta L \lVert X\rVert^2 t\right)^{-2}

    It holds for every circuit of L angles with generators of this norm, at any D: the loss falls no faster than 1/t².
    With g_{jl} = ⟨i[M, X_l]⟩_j, Robertson's inequality gives |g_{jl}| ≤ 2‖X‖ (1 − z_j²)^{1/2}, and 1 − z_j² =
    |r_j| (2 − |r_j|) ≤ 2 |r_j|. The mean of |r|^{3/2} is at most (2ℓ)^{3/4}, so |∂_l ℓ| ≤ 2√2 ‖X‖ (2ℓ)^{3/4}, and
    dℓ/dt = −η Σ_l (∂_l ℓ)² ≥ −16√2 ηL‖X‖² ℓ^{3/2}.

    Args:
        loss: ℓ(0), from 0 to 2.
        times: Times ≥ 0.
        learning_rate: η > 0.
        L: The number of angles, an integer ≥ 1.
        generator_norm: The largest operator norm ‖X‖ of a generator, > 0; 1 (default) for Pauli strings.

    Returns:
        The bound as ``loss``, and as ``residual`` the root mean square of the r_j that it stands for.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind or range.

    Examples:
        >>> p = loss_lower_bound(0.5, [0, 1, 1000], learning_rate=0.01, L=10)
        >>> p.loss.round(6).tolist()
        [0.5, 0.154321, 1e-06]

    Reference:
        [you2023] for the sublinear convergence; derivations/14_dynamics.md for the constant.
    """
    start, eta = (
        real_number("loss", loss, at_least=0),
        real_number("learning_rate", learning_rate, positive=True),
    )
    t, depth = check_times(times), integer("L", L, at_least=1)
    norm = real_number("generator_norm", generator_norm, positive=True)
    if start > _LARGEST_LOSS:
        raise InputError(
            f"loss must be at most 2, the largest (1/2m) Σ r² for O² = 1 and labels ±1, got {start:g}"
        )
    root = math.sqrt(start)
    bound = (root / (1 + root * 8 * math.sqrt(2) * (eta * depth * norm) * (norm * t))) ** 2
    return Prediction(
        times=t,
        residual=np.sqrt(2 * bound),
        loss=bound,
        assumption="Gradient flow of (1/2m) Σ r² with O² = 1 and labels ±1; any circuit, a lower bound.",
        reference="you2023; derivations/14_dynamics.md",
    )
