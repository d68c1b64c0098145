r"""Many layers, one input and O² = γ²: the flow dε/dt = −2ηLZ ε (γ² − (y + ε)²) in closed form.

Reference: you2023; derivations/14_dynamics.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk.checks import real_number
from haarqntk.dynamics._deep import kernel_rate
from haarqntk.dynamics._prediction import Prediction, check_rate, check_times, unit_of, within_floats
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from haarqntk.dynamics._prediction import Array

_HALVINGS = 100  # of an interval of logarithms up to γ²κt: below the last place for κt up to 10¹²


@dataclass(frozen=True, eq=False, repr=False)
class DeepFlowSingle(Prediction):
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
        regime: "exponential" (|y| < γ), "sublinear" (|y| = γ), "unreachable" (|y| > γ), or "fixed" (|z| = γ: nothing
            moves).
        exponent: What the residual, less its limit, ends as: e^{−exponent·t}; 1/(exponent·t) if "sublinear".
        residual_limit: lim ε(t) as t → ∞: 0, or sign(y)(γ − |y|) where the label is out of reach; ε(0) if fixed.

    Examples:
        >>> p = deep_flow_single(-1.2, [0, 10], label=0.5, learning_rate=0.1, L=3, D=2)
        >>> p.regime, round(p.exponent, 6), p.residual_limit
        ('exponential', 0.3, 0.0)

    Reference:
        you2023; derivations/14_dynamics.md.
    """

    regime: str = "exponential"
    exponent: float = 0.0
    residual_limit: float = 0.0

    def facts(self) -> dict[str, str]:
        """The regime, and what holds of every prediction, for a notebook.

        Examples:
            >>> p = deep_flow_single(-1.2, [0, 10], label=0.5, learning_rate=0.1, L=3, D=2)
            >>> p.facts()["exponent"]
            '0.3'
        """
        found = {"regime": self.regime, "exponent": f"{self.exponent:.4g}"}
        return found | {"as t → ∞": f"ε → {self.residual_limit:.4g}"} | super().facts()


@within_floats()
def deep_flow_single(
    residual: object,
    times: object,
    *,
    label: object,
    learning_rate: object,
    L: int,
    D: int,
    scale: object = 1,
    generator_square: object = None,
) -> DeepFlowSingle:
    r"""The flow of many layers for one pure input and an observable with O² = γ², in closed form.

    K = 2LZ(γ² − z²), z = y + ε, so with κ = 2ηLZ the time at which the residual is ε is, for |y| ≠ γ,

    .. math:: \kappa t = \frac{\ln|\varepsilon_0/\varepsilon|}{\gamma^2 - y^2}
       + \frac{1}{2\gamma(\gamma - y)} \ln\frac{\gamma - z}{\gamma - z_0}
       + \frac{1}{2\gamma(\gamma + y)} \ln\frac{\gamma + z}{\gamma + z_0},

    and the limit of this for \|y\| → γ, in which 1/\|ε\| grows like 2γκt. It is inverted by bisection of ln \|ε\|.

    Args:
        residual: ε(0), with |y + ε(0)| ≤ γ.
        times: Times ≥ 0.
        label: y.
        learning_rate: η > 0.
        L: The number of layers.
        D: The dimension, an integer ≥ 2.
        scale: γ > 0, the range of the measurement; 1 by default, a Pauli string.
        generator_square: Tr X² of the traceless generators; D by default, X² = 1, for even D.

    Returns:
        ε(t), K(t), the loss ε²/2 and the regime.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind or range.

    Examples:
        >>> for y in (0.5, 1, 2):
        ...     p = deep_flow_single(-1.2, [0, 10, 1000], label=y, learning_rate=0.1, L=3, D=2)
        ...     print(p.regime, p.residual.round(5).tolist())
        exponential [-1.2, -0.03743, -0.0]
        sublinear [-1.2, -0.13654, -0.00125]
        unreachable [-1.2, -1.00006, -1.0]

    Reference:
        [you2023]; derivations/14_dynamics.md.
    """
    start, y = real_number("residual", residual), real_number("label", label)
    gamma, t = real_number("scale", scale, positive=True), check_times(times)
    eta = check_rate(learning_rate)
    if abs(start + y) > gamma:
        raise InputError(
            f"residual must leave the output in [−γ, γ] = ±{gamma:g}, got z = y + ε = {start + y:g}"
        )
    rate = float(kernel_rate(D=D, L=L, generator_square=generator_square))
    speed = 2 * eta * rate
    unit = unit_of(gamma)
    epsilon = unit * _invert(start / unit, y / unit, gamma / unit, (speed * unit) * (unit * t))
    z = np.clip(y + epsilon, -gamma, gamma)
    return DeepFlowSingle(
        times=t,
        residual=epsilon,
        kernel=2 * rate * (gamma - z) * (gamma + z),
        loss=epsilon**2 / 2,
        assumption=(
            "There are so many layers that the generators average out (L → ∞ at fixed ηL), steps are small "
            "(gradient flow), one pure input, and O² = γ²."
        ),
        reference="you2023; derivations/14_dynamics.md",
        **_regime(start, y, gamma, speed),  # type: ignore[arg-type]
    )


def _regime(start: float, y: float, gamma: float, speed: float) -> dict[str, str | float]:
    if abs(start + y) == gamma:
        return {"regime": "fixed", "exponent": 0.0, "residual_limit": start}
    beyond = abs(y) - gamma
    if beyond < 0:
        exponent = (speed * (gamma - y)) * (gamma + y)
        return {"regime": "exponential", "exponent": exponent, "residual_limit": 0.0}
    if beyond == 0:
        return {"regime": "sublinear", "exponent": 2 * gamma * speed, "residual_limit": 0.0}
    limit = -float(np.sign(y)) * beyond
    return {"regime": "unreachable", "exponent": 2 * gamma * speed * beyond, "residual_limit": limit}


def _invert(start: float, y: float, gamma: float, kt: Array) -> Array:
    """ε at κt. |ε| falls, no faster than e^{−κγ²t}: ln|ε/ε_0| lies in [−κγ²t, 0]."""
    if start == 0 or abs(start + y) == gamma:
        return np.full(kt.shape, start)  # K ε = 0: nothing moves
    low, high = -(gamma**2) * kt, np.zeros(kt.shape)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_late = scaled_time(middle, start, y, gamma) >= kt
        low, high = np.where(is_late, middle, low), np.where(is_late, high, middle)
    return np.asarray(start * np.exp((low + high) / 2))


def scaled_time(log_ratio: Array, start: float, y: float, gamma: float) -> Array:
    """κt at which u = ln|ε/ε_0| has a value; infinite where it never has.

    Written for y ≥ 0, to which ε, y → −ε, −y leads, and with a = −ε, δ = γ − y so that nothing cancels as δ → 0:
    2γκt = [ln|1 + δ/a|/δ] + [ln(γ + z) − u]/(γ + y), each bracket less its value at the start.
    """
    sign = -1.0 if y < 0 else 1.0
    start, y = sign * start, sign * y
    delta, epsilon = gamma - y, start * np.exp(log_ratio)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        far = (np.log((gamma + y + epsilon) / (gamma + y + start)) - log_ratio) / (gamma + y)
        time = _near(-epsilon, delta) - _near(np.array(-start), delta) + far
    # beyond the fixed point z = γ the logarithm has no value: the flow never gets there
    return np.where(np.isnan(time), np.inf, time / (2 * gamma))


def _near(a: Array, delta: float) -> Array:
    """ln|1 + δ/a|/δ, and 1/a at δ = 0; no value where γ − z = δ + a has the wrong sign."""
    if delta == 0:
        return np.asarray(1 / a)
    x = delta / a
    return np.where((x < -1) & (a < 0), np.log(-1 - x), np.log1p(x)) / delta
