r"""One residual: how fast it may be trained, its flow, its descent to one order in the step, and a bound for all.

Reference: liu2023, Eqs. (13), (14); zhang2024; you2023; scala2025; derivations/14_dynamics.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from haarqntk.base import Tabled
from haarqntk.checks import flag, integer, is_stable, real_number
from haarqntk.dynamics._prediction import (
    Array,
    Prediction,
    check_kernel,
    check_rate,
    check_times,
    within_floats,
    without_rounding,
)
from haarqntk.errors import CostError, InputError

_CRITICAL = 2.0**-40  # relative to K_0 + 2|λε_0|: below it C is rounding
_DIVERGED = 1e100
_MOST_STEPS = 10**7
_FIXED = "K and μ keep their values at the start; terms beyond η² are dropped."
_FOLLOWED = "K follows δK = −2ηεμ with {}; terms beyond η² in ε, beyond η in K, are dropped."
_LARGEST_LOSS = 2.0  # |z| ≤ 1 and |y| = 1: |r| ≤ 2


@dataclass(frozen=True, eq=False, repr=False)
class StepSizes(Tabled):
    """What a frozen kernel says about the learning rate of gradient descent on ½ Σ_j ε_j².

    Attributes:
        eigenvalues: Of the kernel, from the largest on; those within rounding of 0 are 0.
        learning_rate: η, as given or the critical one.
        critical: c/λ_max.
        stability_edge: 2/λ_max, beyond which the first mode grows.
        condition_number: λ_max/λ_min; infinite for a singular kernel.
        decay_times: 1/(ηλ) of each mode, the time of gradient flow in which it falls to 1/e; infinite where λ = 0.
        decay_steps: 1/|ln |1 − ηλ||, the same in steps of gradient descent; 0 for a mode that one step
            ends, infinite where λ = 0 and where a mode does not decay.
        is_stable: Whether η < 2/λ_max; the edge itself, to within rounding, is not.

    Raises:
        AttributeError: If the eigenvalues, decay times or decay steps are no arrays.

    Examples:
        >>> s = step_sizes([[2, 0], [0, 8]], 0.1)
        >>> s.stability_edge, s.is_stable, s.decay_times.tolist()
        (0.25, True, [1.25, 5.0])

    Reference:
        scala2025; derivations/14_dynamics.md.
    """

    eigenvalues: Array
    learning_rate: float
    critical: float
    stability_edge: float
    condition_number: float
    decay_times: Array
    decay_steps: Array
    is_stable: bool

    def __post_init__(self) -> None:
        for array in (self.eigenvalues, self.decay_times, self.decay_steps):
            array.setflags(write=False)

    def facts(self) -> dict[str, str]:
        """The numbers that are not one for each mode, for a notebook.

        Examples:
            >>> step_sizes([[2, 0], [0, 8]]).facts()["eigenvalues"]
            '2, from 8 to 2'
        """
        largest, smallest = self.eigenvalues[0], self.eigenvalues[-1]
        stable = "stable" if self.is_stable else "unstable"
        return {
            "eigenvalues": f"{self.eigenvalues.size}, from {largest:.4g} to {smallest:.4g}",
            "learning rate": f"{self.learning_rate:.4g}, {stable}; critical {self.critical:.4g}",
            "stability edge": f"{self.stability_edge:.4g}",
            "condition number": f"{self.condition_number:.4g}",
            "longest decay": f"{self.decay_times.max():.4g} in time, {self.decay_steps.max():.4g} steps",
        }


@within_floats()
def step_sizes(kernel: object, learning_rate: object = None, *, c: object = 1) -> StepSizes:
    """The stability edge 2/λ_max, the critical learning rate c/λ_max and the decay times of a kernel.

    Args:
        kernel: K > 0, such as K̄ from ``hq.formula("kernel_mean").at(…)``, or a kernel matrix, symmetric and positive
            semidefinite. For the loss (1/2m) Σ_j ε_j² pass K/m.
        learning_rate: η > 0 for the decay times; the critical one by default.
        c: The constant of the critical learning rate, > 0; 1 by default.

    Returns:
        The step sizes.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind or range, or the kernel is 0.

    Examples:
        >>> s = step_sizes([[2, 0], [0, 8]])
        >>> s.critical, s.stability_edge, s.condition_number, s.decay_times.tolist()
        (0.125, 0.25, 4.0, [1.0, 4.0])

    Reference:
        [scala2025]; derivations/14_dynamics.md.
    """
    eigenvalues = np.linalg.eigvalsh(np.atleast_2d(check_kernel(kernel)))[::-1]
    largest = float(eigenvalues[0])
    if largest <= 0:
        raise InputError("kernel must not be 0: nothing would move")
    eigenvalues = without_rounding(eigenvalues)
    critical = real_number("c", c, positive=True) / largest
    eta = critical if learning_rate is None else check_rate(learning_rate)
    with np.errstate(divide="ignore"):
        log_factor = np.log(np.abs(1 - eta * eigenvalues))
        return StepSizes(
            eigenvalues=eigenvalues,
            learning_rate=eta,
            critical=critical,
            stability_edge=2 / largest,
            condition_number=float(largest / eigenvalues[-1]),
            decay_times=1 / (eta * eigenvalues),
            decay_steps=np.where(log_factor < 0, -1 / log_factor, np.inf),
            is_stable=is_stable(eta, largest),
        )


@dataclass(frozen=True, eq=False, repr=False)
class ConstantLambdaFlow(Prediction):
    """The curve, a ``Prediction``, with what tells the regimes apart.

    Attributes:
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
    K_0, eta = real_number("kernel", kernel, at_least=0), check_rate(learning_rate)
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
    regime, exponent, residual_limit, kernel_limit = _regime_of_constant_lambda(K_0, start, lam, C, eta)
    return ConstantLambdaFlow(
        times=t,
        residual=epsilon,
        kernel=K_0 * grow / denominator,
        loss=epsilon**2 / 2,
        assumption="The relative meta-kernel λ = μ/K keeps its value, and steps are small (gradient flow).",
        reference="zhang2024; derivations/14_dynamics.md",
        conserved=C,
        regime=regime,
        exponent=exponent,
        residual_limit=residual_limit,
        kernel_limit=kernel_limit,
    )


def _regime_of_constant_lambda(
    K_0: float, start: float, lam: float, C: float, eta: float
) -> tuple[str, float, float, float]:
    """The regime, its exponent, and the limits of ε and K."""
    if not K_0:
        return "fixed", 0.0, start, K_0
    if C > 0:
        return "frozen-kernel", eta * C, 0.0, C
    if C < 0:
        return "frozen-error", -eta * C, -C / (2 * lam), 0.0
    return "critical", 1.0, 0.0, 0.0


def _relative(x: Array) -> Array:
    """(1 − e^{−x})/x for x ≥ 0, and 1 at x = 0."""
    safe = np.where(x > 0, x, 1.0)
    return np.where(x > 0, -np.expm1(-safe) / safe, 1.0)


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
    K, eta = real_number("kernel", kernel, at_least=0), check_rate(learning_rate)
    epsilon, t = real_number("residual", residual), check_times(times, are_steps=True)
    is_relative = meta_kernel is None
    if is_relative == (relative_meta_kernel is None):
        got = "neither" if is_relative else "both"
        raise InputError(f"exactly one of meta_kernel= and relative_meta_kernel= must be given, got {got}")
    steps, follows = int(t.max()), flag("follow_kernel", follow_kernel)
    if steps > _MOST_STEPS:
        raise CostError(f"times must be at most {_MOST_STEPS} steps, got {steps}; use constant_lambda_flow")
    given = ("relative_meta_kernel", relative_meta_kernel) if is_relative else ("meta_kernel", meta_kernel)
    constant, kept = real_number(*given), "constant λ = μ/K" if is_relative else "constant μ"
    residuals, kernels = np.empty(steps + 1), np.empty(steps + 1)
    residuals[0], kernels[0] = epsilon, K
    for step in range(1, steps + 1):
        mu = constant * K if is_relative else constant
        change = 2 * eta * epsilon * mu if follows else 0.0
        epsilon += -eta * K * epsilon + eta**2 * epsilon**2 * mu / 2
        K -= change
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
        assumption=_FOLLOWED.format(kept) if follows else _FIXED,
        reference="liu2023, Eqs. (13), (14); derivations/14_dynamics.md",
    )


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
    start, eta = real_number("loss", loss, at_least=0), check_rate(learning_rate)
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
