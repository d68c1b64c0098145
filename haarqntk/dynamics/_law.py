r"""The law of the frozen kernel: E[e^{−ηKt}] is not e^{−ηK̄t}, and moments of K bracket it.

On [0, b], n moments more than a Gauss rule has nodes fix two rules. Their errors are

.. math:: \frac{f^{(2n)}(\cdot)}{(2n)!} \int \pi_n^2, \qquad \frac{f^{(2n+1)}(\cdot)}{(2n+1)!} \int x\, \pi_n^2,

so where the derivatives of f alternate in sign, as those of e^{−sx} do, Gauss is below E[f(x)] and Radau, with a
node at 0, above.

Reference: liu2023, Eqs. (7), (10), (11); golub1973; derivations/14_dynamics.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from haarqntk.base import LazyModule, Tabled, rendered
from haarqntk.checks import flag, integer, rational, real_number
from haarqntk.dynamics._prediction import (
    Array,
    Prediction,
    check_rate,
    check_times,
    decay,
    exact_number,
    frozen_kernel,
    within_floats,
)
from haarqntk.errors import InputError, InputTypeError
from haarqntk.qntk import KernelLaw

if TYPE_CHECKING:
    from fractions import Fraction
    from typing import Any

    Bracket = tuple[Array, Array]


mpmath = LazyModule("mpmath")
linalg = LazyModule("scipy.linalg")

# What floats may move a mean by: weights, of the total weight; nodes, of K_max, and with them the exponents.
_ROUNDING = 1e-13
_LARGEST_NODES = 60
_AT_THE_BOUND = 2.0**-40  # relative: a learning rate computed as 1/K_max is at the bound


class _Means:
    """Brackets of E[w f(v S_L)] for a weight w of the state and f = e^{−ηt·} or (1 − η·)^t, from checked arguments."""

    def __init__(
        self,
        law: KernelLaw,
        times: object,
        *,
        learning_rate: object,
        flow: bool,
        num_nodes: int,
        tolerance: object,
    ) -> None:
        if not isinstance(law, KernelLaw):
            raise InputTypeError(f"law must be a KernelLaw, got {type(law).__name__}; pass hq.kernel_law(…)")
        self.law, self.eta, self.flow = law, check_rate(learning_rate), flag("flow", flow)
        self.times = check_times(times, are_steps=not self.flow)
        self.tolerance = real_number("tolerance", tolerance, positive=True)
        self.num_nodes = integer("num_nodes", num_nodes, at_least=1)
        if self.num_nodes > _LARGEST_NODES:
            raise InputError(f"num_nodes must be at most {_LARGEST_NODES}, got {self.num_nodes}")
        if not self.flow and self.eta * float(law.largest) > 1 + _AT_THE_BOUND:
            raise InputError(
                f"learning_rate must be at most 1/K_max = {1 / float(law.largest):.3g} for gradient descent, where no "
                f"circuit overshoots, got {self.eta:g}; lower it, or pass flow=True"
            )
        self.sums = rules_from_moments(law.square_sum_moments(2 * self.num_nodes), law.largest_square_sum)

    def moments(self, output_power: int = 0) -> list[Fraction]:
        """E[z^p v^k] for k up to twice the number of nodes."""
        return list(self.law.variance_moments(2 * self.num_nodes, output_power=output_power))

    def mean(self, moments: Sequence[Fraction], *, times: Array | None = None) -> Bracket:
        """For the positive weight with these moments Σ w v^k; at other times than those of the curve if given."""
        t = self.times if times is None else times
        states = rules_from_moments(moments, self.law.largest_variance)
        # for one v completely monotone in S, for one S in v: each rule keeps its side
        lower, upper = (self._sum(*rules, t) for rules in zip(states, self.sums, strict=True))
        slack = _ROUNDING * (float(moments[0]) + self.eta * t * float(self.law.largest) * upper)
        return np.maximum(lower - slack, 0.0), upper + slack

    def _sum(self, states: Rule, sums: Rule, times: Array) -> Array:
        K = np.multiply.outer(states.nodes, sums.nodes).ravel()
        weights = np.multiply.outer(states.weights, sums.weights).ravel()
        return np.asarray(decay(self.eta, K, times, flow=self.flow, floor=0.0) @ weights)

    def residual(self, O_0: Fraction) -> Bracket:
        """E[(z − O_0) f] = E[(z − o) f] − (O_0 − o) E[f], where z − o ≥ 0 for the lowest eigenvalue o."""
        lowest, one = self.law.spectrum[0], self.moments()
        a = self.mean([x - lowest * y for x, y in zip(self.moments(1), one, strict=True)])
        b, c = self.mean(one), float(O_0 - lowest)
        near, far = b if c < 0 else b[::-1]
        return a[0] - c * near, a[1] - c * far

    def squared_residual(self, O_0: Fraction) -> Bracket:
        """E[(z − O_0)² f(K)²], a positive weight as it stands."""
        powers = (self.moments(p) for p in range(3))
        weights = [c - 2 * O_0 * b + O_0**2 * a for a, b, c in zip(*powers, strict=True)]
        return self.mean(weights, times=2 * self.times)

    def refuse_wide(self, bracket: Bracket, unit: float | Array) -> None:
        """Refuse a bracket that is wider than the tolerance, in these units."""
        width = (bracket[1] - bracket[0]) / unit
        if np.max(width) > self.tolerance:
            k = int(np.argmax(width))
            raise InputError(
                f"the bracket must not be wider than tolerance = {self.tolerance:g}, got {width[k]:.3g} at time "
                f"{self.times[k]:g}; raise num_nodes = {self.num_nodes}, shorten the times, or raise tolerance to "
                "see it"
            )

    def prediction(self, bracket: Bracket, unit: float | Array = 1.0, **others: Array) -> Prediction:
        """The bracket and its middle in these units, and with them the other curves."""
        lower, upper = bracket
        return Prediction(
            times=self.times,
            residual=(lower + upper) / 2 / unit,
            lower=lower / unit,
            upper=upper / unit,
            assumption="Every circuit keeps the kernel that it starts with; circuits are drawn with Haar segments and "
            f"Pauli generators (ensemble {self.law.ensemble!r}).",
            reference="liu2023, Eq. (7); golub1973; derivations/14_dynamics.md",
            **others,
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
    means = _Means(
        law, times, learning_rate=learning_rate, flow=flow, num_nodes=num_nodes, tolerance=tolerance
    )
    if target is None:
        unit, mean = 1.0, means.mean(means.moments())
        square = means.mean(means.moments(), times=2 * means.times)
    else:
        O_0 = exact_number("target", target)
        unit = max(abs(float(o - O_0)) for o in law.spectrum) or 1.0
        mean, square = means.residual(O_0), means.squared_residual(O_0)
    means.refuse_wide(mean, unit)
    means.refuse_wide(square, unit**2)
    kernel = np.full(len(means.times), float(law.mean))
    return means.prediction(mean, kernel=kernel, loss=(square[0] + square[1]) / 4)


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
    means = _Means(
        law, times, learning_rate=learning_rate, flow=flow, num_nodes=num_nodes, tolerance=tolerance
    )
    single = frozen_kernel(law.mean, means.times, learning_rate=means.eta, flow=flow).residual
    if not single.all():
        raise InputError(
            f"times must leave e^(−ηK̄t) > 0 as a float, got {means.times[single == 0][0]:g}; shorten them"
        )
    bracket = means.mean(means.moments())
    means.refuse_wide(bracket, (bracket[0] + bracket[1]) / 2)
    return means.prediction(bracket, unit=single)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Rule(Tabled):
    """Σ_i w_i f(x_i) in place of a mean.

    Attributes:
        nodes: The x_i, increasing.
        weights: The w_i ≥ 0; their sum is the moment of order 0.

    Examples:
        >>> rule = Rule(np.array([0.0, 0.5]), np.array([0.25, 0.75]))
        >>> float(rule.weights @ rule.nodes), rule
        (0.375, <Rule nodes: 2, from 0 to 0.5; total weight: 1>)

    Reference:
        golub1969; derivations/14_dynamics.md.
    """

    nodes: Array
    weights: Array

    def facts(self) -> dict[str, str]:
        """How many nodes it has, and where, for a notebook.

        Examples:
            >>> Rule(np.array([0.0, 0.5]), np.array([0.25, 0.75])).facts()
            {'nodes': '2, from 0 to 0.5', 'total weight': '1'}
        """
        ends = f"from {self.nodes[0]:.4g} to {self.nodes[-1]:.4g}"
        return {"nodes": f"{self.nodes.size}, {ends}", "total weight": f"{self.weights.sum():.4g}"}


class Rules(NamedTuple):
    """The two rules of a bracket.

    Examples:
        >>> from fractions import Fraction
        >>> gauss, radau = rules_from_moments([Fraction(1, n + 1) for n in range(3)], Fraction(1))  # uniform
        >>> gauss.nodes.round(6).tolist(), radau.nodes.round(6).tolist()
        ([0.5], [0.0, 0.666667])

    Reference:
        golub1973; derivations/14_dynamics.md.
    """

    gauss: Rule
    radau: Rule

    def _repr_html_(self) -> str:
        facts = {name: "; ".join(map(" ".join, r.facts().items())) for name, r in self._asdict().items()}
        return rendered(facts, "html")


def rules_from_moments(moments: Sequence[Fraction], end: Fraction) -> Rules:
    """The rules of n and n + 1 nodes from the exact moments of order 0 … 2n of a measure on [0, ``end``].

    Raises:
        InputTypeError: If there is no moment, or one is not exact.
        InputError: If ``end`` is not > 0, or 0 for an atom at 0.

    Examples:
        >>> from fractions import Fraction
        >>> gauss, radau = rules_from_moments([Fraction(1, n + 1) for n in range(5)], Fraction(1))  # uniform
        >>> gauss.nodes.round(6).tolist(), gauss.weights.round(6).tolist()
        ([0.211325, 0.788675], [0.5, 0.5])
        >>> radau.nodes.round(6).tolist(), radau.weights.round(6).tolist()
        ([0.0, 0.355051, 0.844949], [0.111111, 0.512486, 0.376403])

    Reference:
        golub1973 for the rules, golub1969 for their nodes; derivations/14_dynamics.md.
    """
    if isinstance(moments, str) or not isinstance(moments, Sequence) or not moments:
        raise InputTypeError(
            f"moments must be a list of those of order 0 … 2n, got {moments!r}; pass Fractions"
        )
    moments = [rational(f"moment {n}", x) for n, x in enumerate(moments)]
    if (end := rational("end", end)) < 0 or (end == 0 and any(moments[1:])):
        raise InputError(f"end must be > 0, got {end}; the measure is on [0, end]")
    mass = float(moments[0])
    if not moments[0] or not any(moments[1:]):  # nothing at all, or an atom at 0
        atom = Rule(np.zeros(1), np.array([mass]))
        return Rules(atom, atom)
    with mpmath.workdps(_digits(moments, end)):
        scaled = (x / end**k for k, x in enumerate(moments))
        alpha, beta = _recursion([mpmath.mpf(m.numerator) / m.denominator for m in scaled])
        n = len(moments) // 2
        # p_{n−1}(0)/p_n(0) for the monic orthogonal polynomials; the last coefficient puts a node at 0
        ratio = mpmath.mpf(0)
        for k in range(n):
            ratio = 1 / (-alpha[k] - beta[k] * ratio)
        diagonal = [float(a) for a in (*alpha[:n], -beta[n] * ratio)]
        side = [float(mpmath.sqrt(b)) for b in beta[1:]]
    gauss, radau = _rule(diagonal[:n], side[: n - 1], mass, end), _rule(diagonal, side, mass, end)
    radau.nodes[0] = 0.0
    return Rules(gauss, radau)


def _digits(moments: Sequence[Fraction], end: Fraction) -> int:
    """The digits that the recursion takes: those that cancel between moments, and 30 that are left.

    Moments of [0, 1] lose 1.53 digits each; of a measure narrower by w, 1.53 + log10(1/w).
    """
    mean = moments[1] / moments[0]
    spread = (moments[2] / moments[0] - mean**2) / end**2 if len(moments) > 2 else 0  # noqa: PLR2004
    narrow = -math.log10(spread) / 2 if spread > 0 else 16.0
    return 30 + math.ceil(len(moments) * (1.6 + narrow))


def _recursion(moments: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Chebyshev's algorithm: α_0 … α_{n−1} and β_0 … β_n of the monic orthogonal polynomials."""
    n = len(moments) // 2
    before, now = [mpmath.mpf(0)] * len(moments), list(moments)
    alpha, beta = [moments[1] / moments[0]], [moments[0]]
    for k in range(1, n + 1):
        row = [mpmath.mpf(0)] * len(moments)
        for m in range(k, len(moments) - k):
            row[m] = now[m + 1] - alpha[k - 1] * now[m] - beta[k - 1] * before[m]
        beta.append(row[k] / now[k - 1])
        if k < n:
            alpha.append(row[k + 1] / row[k] - now[k] / now[k - 1])
        before, now = now, row
    return alpha, beta


def _rule(diagonal: list[float], side: list[float], mass: float, end: Fraction) -> Rule:
    """Nodes and weights from the Jacobi matrix (Golub and Welsch)."""
    nodes, vectors = linalg.eigh_tridiagonal(np.array(diagonal), np.array(side))
    return Rule(np.clip(nodes, 0.0, 1.0) * float(end), mass * vectors[0] ** 2)
