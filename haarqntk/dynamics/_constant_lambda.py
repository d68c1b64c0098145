r"""Gradient flow with a constant relative meta-kernel λ = μ/K: one logistic curve and its three regimes.

Reference: zhang2024; derivations/14_dynamics.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from haarqntk._arguments import real_number
from haarqntk.dynamics._prediction import Prediction, check_times, within_floats

_CRITICAL = 2.0**-40  # relative to K_0 + 2|λε_0|: below it C is rounding


@dataclass(frozen=True, eq=False, repr=False)
class ConstantLambdaFlow(Prediction):
    """The curve, with what tells the regimes apart.

    Attributes:
        times: As of ``Prediction``.
        residual: As of ``Prediction``.
        kernel: As of ``Prediction``.
        lower: As of ``Prediction``.
        upper: As of ``Prediction``.
        loss: As of ``Prediction``.
        assumption: As of ``Prediction``.
        reference: As of ``Prediction``.
        conserved: C = K − 2λε, the same at all times.
        regime: "frozen-kernel" (C > 0), "critical" (C = 0, within 2⁻⁴⁰ of its terms), "frozen-error" (C < 0), or
            "fixed" (K_0 = 0: nothing moves).
        exponent: What decays, and how: η|C| is the rate of e^{−η|C|t}, of ε for C > 0 and of K for C < 0; at C = 0
            it is the 1 of ε ~ 1/t, and 0 where nothing moves.
        residual_limit: lim ε(t) as t → ∞: 0, or −C/2λ for C < 0; ε(0) where nothing moves.
        kernel_limit: lim K(t) as t → ∞: C, or 0 for C ≤ 0 and where nothing moves.

    Examples:
        >>> p = constant_lambda_flow(4, [0, 50], learning_rate=1, residual=1.0, relative_meta_kernel=1)
        >>> p.regime, p.conserved, p.exponent, p.residual_limit, p.kernel_limit
        ('frozen-kernel', 2.0, 2.0, 0.0, 2.0)

    Reference:
        zhang2024; derivations/14_dynamics.md.
    """

    conserved: float = 0.0
    regime: str = "critical"
    exponent: float = 1.0
    residual_limit: float = 0.0
    kernel_limit: float = 0.0

    def facts(self) -> dict[str, str]:
        """The regime, and what holds of every prediction, for a notebook.

        Examples:
            >>> p = constant_lambda_flow(4, [0, 50], learning_rate=1, residual=1.0, relative_meta_kernel=1)
            >>> p.facts()["as t → ∞"]
            'ε → 0, K → 2'
        """
        limits = f"ε → {self.residual_limit:.4g}, K → {self.kernel_limit:.4g}"
        found = {"regime": self.regime, "conserved": f"K − 2λε = {self.conserved:.4g}", "as t → ∞": limits}
        return found | super().facts()


@within_floats()
def constant_lambda_flow(
    kernel: object, times: object, *, learning_rate: object, residual: object, relative_meta_kernel: object
) -> ConstantLambdaFlow:
    r"""The gradient flow dε/dt = −ηKε, dK/dt = −2ηεμ with μ = λK and constant λ, in closed form.

    C = K − 2λε is conserved, so dε/dt = −η(C + 2λε)ε, which is logistic:

    .. math:: \varepsilon(t) = \frac{\varepsilon_0}{1 + K_0 (e^{x} - 1)/C}, \qquad x = \eta C t.

    Args:
        kernel: K(0) ≥ 0.
        times: Times ≥ 0.
        learning_rate: η > 0.
        residual: ε(0).
        relative_meta_kernel: λ.

    Returns:
        ε(t), K(t), the loss, and the regime.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind or range.

    Examples:
        >>> for start in (1.0, 2.0, 3.0):
        ...     p = constant_lambda_flow(4, [0, 50], learning_rate=1, residual=start, relative_meta_kernel=1)
        ...     print(p.regime, p.conserved, p.residual[-1].round(4), p.kernel[-1].round(4))
        frozen-kernel 2.0 0.0 2.0
        critical 0.0 0.01 0.0199
        frozen-error -2.0 1.0 0.0

    Reference:
        [zhang2024]; derivations/14_dynamics.md.
    """
    K_0, eta = (
        real_number("kernel", kernel, at_least=0),
        real_number("learning_rate", learning_rate, positive=True),
    )
    start, lam = real_number("residual", residual), real_number("relative_meta_kernel", relative_meta_kernel)
    t = check_times(times)
    C = K_0 - 2 * lam * start
    if abs(C) <= _CRITICAL * (K_0 + 2 * abs(lam * start)):
        C = 0.0  # decimal numbers such as 0.6, 0.1 and 3 mean the critical point
    # ε = ε_0/(1 + K_0 (e^x − 1)/C) and K = K_0 e^x/(…): positive terms, so nothing cancels. Both are divided by
    # e^{max(x, 0)}: nothing overflows, and C → 0 needs no case. K_0 = 0 does not move.
    x = eta * C * t if K_0 else np.zeros_like(t)
    shrink, grow = np.exp(-np.maximum(x, 0.0)), np.exp(np.minimum(x, 0.0))
    denominator = shrink + K_0 * eta * t * _relative(np.abs(x))
    epsilon = start * shrink / denominator
    return ConstantLambdaFlow(
        times=t,
        residual=epsilon,
        kernel=K_0 * grow / denominator,
        loss=epsilon**2 / 2,
        assumption="The relative meta-kernel λ = μ/K keeps its value, and steps are small (gradient flow).",
        reference="zhang2024; derivations/14_dynamics.md",
        conserved=C,
        **_regime(K_0, start, lam, C, eta),  # type: ignore[arg-type]
    )


def _regime(K_0: float, start: float, lam: float, C: float, eta: float) -> dict[str, str | float]:
    if not K_0:
        return {"regime": "fixed", "exponent": 0.0, "residual_limit": start, "kernel_limit": K_0}
    if C > 0:
        return {"regime": "frozen-kernel", "exponent": eta * C, "residual_limit": 0.0, "kernel_limit": C}
    if C < 0:
        limit = -C / (2 * lam)
        return {"regime": "frozen-error", "exponent": -eta * C, "residual_limit": limit, "kernel_limit": 0.0}
    return {"regime": "critical", "exponent": 1.0, "residual_limit": 0.0, "kernel_limit": 0.0}


def _relative(
    x: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(1 − e^{−x})/x for x ≥ 0, and 1 at x = 0."""
    safe = np.where(x > 0, x, 1.0)
    return np.where(x > 0, -np.expm1(-safe) / safe, 1.0)
