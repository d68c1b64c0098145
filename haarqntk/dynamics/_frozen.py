r"""The frozen kernel: one decay rate, or the law of K, for which the mean of e^{−ηKt} is not e^{−ηK̄t}.

Reference: liu2023, Eqs. (7), (10), (11); derivations/14_dynamics.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from haarqntk._arguments import flag, integer, real_number
from haarqntk._qobj import real_array
from haarqntk.dynamics._prediction import (
    Prediction,
    check_kernel,
    check_times,
    exact_number,
    refuse_overflow,
    within_floats,
)
from haarqntk.dynamics._quadrature import rules_from_moments
from haarqntk.errors import InputError, InputTypeError
from haarqntk.qntk import KernelLaw

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    from haarqntk.dynamics._quadrature import Rule

    Array = NDArray[np.float64]
    Bracket = tuple[Array, Array]

_REFERENCE = "liu2023, Eqs. (7), (10), (11); derivations/14_dynamics.md"
_LAW_REFERENCE = "liu2023, Eq. (7); golub1973; derivations/14_dynamics.md"
# What floats may move a mean by: weights, of the total weight; nodes, of K_max, and with them the exponents.
_ROUNDING = 1e-13
_LARGEST_NODES = 60
_AT_THE_BOUND = 2.0**-40  # relative: a learning rate computed as 1/K_max is at the bound


@within_floats()
def frozen_kernel(
    kernel: object, times: object, *, learning_rate: object, residual: object = 1.0, flow: bool = False
) -> Prediction:
    """The residual under a kernel that stays what it is: ε(t) = (1 − ηK)^t ε(0), or e^{−ηKt} ε(0).

    Args:
        kernel: K, a number ≥ 0 such as K̄ from ``hq.formula("kernel_mean").at(…)``, or the kernel matrix of m data
            points, symmetric and positive semidefinite.
        times: Numbers of steps, integers ≥ 0; with ``flow`` any times ≥ 0.
        learning_rate: η > 0.
        residual: ε(0), a number, or m numbers beside a matrix; 1 by default.
        flow: Gradient flow instead of gradient descent (the default).

    Returns:
        ε(t), the kernel, and the loss ½ Σ_j ε_j².

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind, shape or range.

    Examples:
        >>> frozen_kernel(2, [0, 1, 2], learning_rate=0.25).residual.tolist()
        [1.0, 0.5, 0.25]
        >>> frozen_kernel([[1, 1], [1, 1]], [0, 1], learning_rate=0.25, residual=[1, 0]).residual.round(6).tolist()
        [[1.0, 0.0], [0.75, -0.25]]

    Reference:
        [liu2023] Eqs. 7, 10, 11; derivations/14_dynamics.md.
    """
    K, eta = check_kernel(kernel), real_number("learning_rate", learning_rate, positive=True)
    t, start = check_times(times, are_steps=not flag("flow", flow)), real_array("residual", residual)
    if start.shape not in {(), K.shape[:1]} or (K.ndim == 2 and start.ndim == 0 and start != 1):  # noqa: PLR2004
        raise InputError(
            f"residual must have the shape {K.shape[:1]} of the kernel's rows, got {start.shape}"
        )
    eigenvalues, vectors = np.linalg.eigh(np.atleast_2d(K))
    coefficients = vectors.T @ np.broadcast_to(start, K.shape[:1] or (1,))
    with np.errstate(over="ignore", invalid="ignore"):
        decay = (
            np.exp(-eta * np.multiply.outer(t, eigenvalues))
            if flow
            else np.power(1 - eta * eigenvalues, t[:, np.newaxis])
        )
        epsilon = (decay * coefficients) @ vectors.T
        loss = np.square(epsilon).sum(axis=1) / 2
    refuse_overflow(t, eta, float(eigenvalues[-1]), epsilon, loss)
    return Prediction(
        times=t,
        residual=epsilon[:, 0] if K.ndim == 0 else epsilon,
        kernel=np.broadcast_to(K, (len(t), *K.shape)),
        loss=loss,
        assumption="The kernel keeps its value at the start throughout training (lazy training).",
        reference=_REFERENCE,
    )


@within_floats()
def frozen_law(
    law: KernelLaw,
    times: object,
    *,
    learning_rate: object,
    target: object = None,
    flow: bool = True,
    num_nodes: int = 24,
    tolerance: object = 0.01,
) -> Prediction:
    """Means over random circuits, each with a frozen kernel of its own: E[e^{−ηKt}], or with a target E[ε(t)].

    K = v·S_L, by Gauss and Gauss–Radau rules for v and for S_L from exact moments. The mean lies between
    ``lower`` and ``upper`` for certain, up to rounding; ``residual`` is their midpoint. ε(0) = z − O_0 and
    K depend on the same state: E[ε(0) e^{−ηKt}] comes from their joint moments and is no product of means.

    Args:
        law: From ``hq.kernel_law``.
        times: Times ≥ 0; numbers of steps, integers, without ``flow``.
        learning_rate: η > 0.
        target: O_0, any real number; a float is the binary fraction that it is. Without it ``residual`` is
            E[e^{−ηKt}], the mean for a residual that starts at 1 in every circuit.
        flow: Gradient flow (the default), or gradient descent, E[(1 − ηK)^t].
        num_nodes: The number of nodes of each rule, an integer from 1 to 60.
        tolerance: The widest bracket that is accepted, in units of the largest |ε(0)| (and, of E[ε²], of its square).

    Returns:
        The means with their bracket; ``kernel`` is K̄, and ``loss`` ½ E[e^{−2ηKt}], or ½ E[ε(t)²] with a target.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind or range; if a step overshoots, ηK > 1, for
            some circuit, where there is no bracket; if the bracket is wider than ``tolerance``.

    Examples:
        >>> import haarqntk as hq
        >>> law = hq.kernel_law(D=4, L=1, spectrum=[1, 1, -1, -1])
        >>> p = frozen_law(law, [0, 1, 10], learning_rate=1)
        >>> p.residual.round(4).tolist(), p.width < 1e-3
        ([1.0, 0.7257, 0.3123], True)

    Reference:
        [liu2023] Eq. 7; [golub1973] for the rules; derivations/14_dynamics.md.
    """
    if not isinstance(law, KernelLaw):
        raise InputTypeError(f"law must be a KernelLaw, got {type(law).__name__}; pass hq.kernel_law(…)")
    eta, t = (
        real_number("learning_rate", learning_rate, positive=True),
        check_times(times, are_steps=not flag("flow", flow)),
    )
    widest = real_number("tolerance", tolerance, positive=True)
    n = integer("num_nodes", num_nodes, at_least=1)
    if n > _LARGEST_NODES:
        raise InputError(f"num_nodes must be at most {_LARGEST_NODES}, got {n}")
    if not flow and eta * float(law.largest) > 1 + _AT_THE_BOUND:
        raise InputError(
            f"learning_rate must be at most 1/K_max = {1 / float(law.largest):.3g} for gradient descent, where no "
            f"circuit overshoots, got {eta:g}; lower it, or pass flow=True"
        )
    curves = _Curves(law, t, eta, n, flow=flow)
    if target is None:
        unit, mean = 1.0, curves.mean(law.variance_moments(2 * n))
        square = curves.mean(law.variance_moments(2 * n), twice=True)
    else:
        O_0 = exact_number("target", target)
        unit = max(abs(float(o - O_0)) for o in law.spectrum) or 1.0
        mean, square = curves.residual(O_0), curves.squared_residual(O_0)
    for (lower, upper), scale in ((mean, unit), (square, unit**2)):
        _refuse_wide(t, (upper - lower) / scale, widest, n)
    return Prediction(
        times=t,
        residual=(mean[0] + mean[1]) / 2,
        kernel=np.full(len(t), float(law.mean)),
        lower=mean[0],
        upper=mean[1],
        loss=(square[0] + square[1]) / 4,
        assumption=(
            "Every circuit keeps the kernel that it starts with; circuits are drawn with Haar segments and Pauli "
            f"generators (ensemble {law.ensemble!r})."
        ),
        reference=_LAW_REFERENCE,
    )


@within_floats()
def jensen_gap(
    law: KernelLaw,
    times: object,
    *,
    learning_rate: object,
    flow: bool = True,
    num_nodes: int = 24,
    tolerance: object = 0.01,
) -> Prediction:
    """The mean of exponentials over the exponential of the mean, E[e^{−ηKt}] / e^{−ηK̄t} ≥ 1.

    Args:
        law: From ``hq.kernel_law``.
        times: As for ``frozen_law``.
        learning_rate: η > 0.
        flow: Gradient flow (the default), or gradient descent, E[(1 − ηK)^t] / (1 − ηK̄)^t.
        num_nodes: As for ``frozen_law``.
        tolerance: The widest bracket that is accepted, relative to the ratio.

    Returns:
        The ratio as ``residual``, with its bracket.

    Raises:
        InputTypeError, InputError: As ``frozen_law``, or if e^{−ηK̄t} is too small for a float.

    Examples:
        >>> import haarqntk as hq
        >>> law = hq.kernel_law(D=4, L=64, spectrum=[1, 1, -1, -1])
        >>> eta = 1 / float(law.mean)
        >>> jensen_gap(law, [0, 1, 2, 4], learning_rate=eta).residual.round(3).tolist()
        [1.0, 1.051, 1.233, 2.412]

    Reference:
        [liu2023] Eqs. 7, 10; derivations/14_dynamics.md.
    """
    widest = real_number("tolerance", tolerance, positive=True)
    p = frozen_law(law, times, learning_rate=learning_rate, flow=flow, num_nodes=num_nodes, tolerance=1)
    single = frozen_kernel(law.mean, p.times, learning_rate=learning_rate, flow=flow).residual
    if not single.all():
        raise InputError(
            f"times must leave e^(−ηK̄t) > 0 as a float, got {p.times[single == 0][0]:g}; shorten them"
        )
    assert p.lower is not None  # noqa: S101 - frozen_law always has its bracket
    assert p.upper is not None  # noqa: S101
    _refuse_wide(p.times, (p.upper - p.lower) / p.residual, widest, num_nodes)
    return Prediction(
        times=p.times,
        residual=p.residual / single,
        lower=p.lower / single,
        upper=p.upper / single,
        assumption=p.assumption,
        reference=_LAW_REFERENCE,
    )


def _refuse_wide(times: Array, width: Array, widest: float, num_nodes: int) -> None:
    if np.max(width) > widest:
        k = int(np.argmax(width))
        raise InputError(
            f"the bracket must not be wider than tolerance = {widest:g}, got {width[k]:.3g} at time {times[k]:g}; "
            f"raise num_nodes = {num_nodes}, shorten the times, or raise tolerance to see it"
        )


class _Curves:
    """Brackets of E[w f(v S_L)] for a weight w of the state and f = e^{−ηt·} or (1 − η·)^t."""

    def __init__(self, law: KernelLaw, times: Array, eta: float, n: int, *, flow: bool) -> None:
        self.law, self.times, self.eta, self.n, self.flow = law, times, eta, n, flow
        self.sums = rules_from_moments(law.square_sum_moments(2 * n), law.largest_square_sum)

    def mean(self, moments: Sequence[Fraction], *, twice: bool = False) -> Bracket:
        """For the positive weight with these moments Σ w v^k; ``twice`` has f² instead of f."""
        states = rules_from_moments(moments, self.law.largest_variance)
        lower = self._sum(states.gauss, self.sums.gauss, twice=twice)
        upper = self._sum(states.radau, self.sums.radau, twice=twice)
        largest_exponent = (2 if twice else 1) * self.eta * self.times * float(self.law.largest)
        slack = _ROUNDING * (float(moments[0]) + largest_exponent * upper)
        return np.maximum(lower - slack, 0.0), upper + slack

    def _sum(self, states: Rule, sums: Rule, *, twice: bool) -> Array:
        # for one v completely monotone in S, for one S in v: each rule keeps its side
        K = np.multiply.outer(states.nodes, sums.nodes).ravel()
        weights = np.multiply.outer(states.weights, sums.weights).ravel()
        times = 2 * self.times if twice else self.times
        values = (
            np.exp(-self.eta * np.multiply.outer(times, K))
            if self.flow
            else np.power(np.maximum(1 - self.eta * K, 0.0), times[:, np.newaxis])
        )
        return np.asarray(values @ weights)

    def residual(self, O_0: Fraction) -> Bracket:
        """E[(z − O_0) f] = E[(z − o) f] − (O_0 − o) E[f], where z − o ≥ 0 for the lowest eigenvalue o."""
        one = self.law.variance_moments(2 * self.n)
        z = self.law.variance_moments(2 * self.n, output_power=1)
        lowest = self.law.spectrum[0]
        a = self.mean([x - lowest * y for x, y in zip(z, one, strict=True)])
        b, c = self.mean(one), float(O_0 - lowest)
        near, far = (b[0], b[1]) if c < 0 else (b[1], b[0])
        return a[0] - c * near, a[1] - c * far

    def squared_residual(self, O_0: Fraction) -> Bracket:
        """E[(z − O_0)² f(K)²], a positive weight as it stands."""
        powers = [self.law.variance_moments(2 * self.n, output_power=p) for p in range(3)]
        moments = [c - 2 * O_0 * b + O_0**2 * a for a, b, c in zip(*powers, strict=True)]
        return self.mean(moments, twice=True)
